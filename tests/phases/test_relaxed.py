"""Structures of a fetched snapshot: exact, of the calculation that won, and told where there is none."""

import json
import re
from copy import deepcopy
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import requests
from mp_server.gateway import KEY, NON_COMMERCIAL_KEY, Fault
from mp_server.server import Service
from pymatgen.core import Lattice, Structure

from screening.errors import SnapshotError, UnreachableError
from screening.phases.composition import parse_formula
from screening.phases.entries import Entry
from screening.phases.fetch import Progress, Query, fetch
from screening.phases.library import locate, open_snapshot, snapshot_home
from screening.phases.materials_project import Key, connect, find_key
from screening.phases.powder import powder_lines
from screening.phases.relaxed import MOST_ATOMS, STRUCTURES_FILE, Lack, calculation, relaxed_of
from screening.phases.schemes import ThermoType
from screening.phases.snapshot import Snapshot
from screening.phases.structures import Cell, find_cell, snapshot_cells
from screening.phases.transport import Patience
from screening.thermo.sources import load_snapshot

ONE_TRY = Patience(timeout_s=30.0, retries=0, backoff_s=0.0)
"""Faults below count requests: none may be tried again because the machine is busy."""

PHASES = ["Al", "AlCl3", "Cl2", "Li", "Li9Al4", "LiAl", "LiAlCl4", "LiCl"]


def get(
    service: Service,
    systems: tuple[str, ...] = ("Li-Al-Cl",),
    name: str = "mine",
    thermo_type: ThermoType = ThermoType.GGA_GGA_U,
    *,
    structures: bool = True,
    non_commercial: bool = False,
    report: list[Progress] | None = None,
) -> Snapshot:
    query = Query.of(name, systems, thermo_type, structures=structures, non_commercial=non_commercial)
    key = Key(NON_COMMERCIAL_KEY, "this test") if non_commercial else find_key()
    with connect(key, service.url, ONE_TRY) as project:
        return fetch(query, project, report.append if report is not None else lambda _: None)


def asked_for(service: Service) -> list[list[str]]:
    """Identifiers in each request for structures."""
    queries = [request.query for request in service.log if "_fields" in request.query]
    found = [re.search(r"material_ids=([^&]*)", query) for query in queries if "entries" in query]
    return [each[1].split("%2C") for each in found if each]


def cell_of(snapshot: Snapshot, formula: str) -> Cell | None:
    return find_cell(parse_formula(formula), snapshot_cells(snapshot, [formula]))


def rows(name: str = "mine") -> dict[str, dict[str, Any]]:
    return {each["formula"]: each for each in pq.read_table(locate(name) / STRUCTURES_FILE).to_pylist()}


def answer(service: Service) -> dict[str, Any]:
    """The server's own answer about three materials, to be damaged."""
    ids = "mp-1,mp-11,mp-18"
    fields = "material_id,thermo_type,entries"
    response = requests.get(
        f"{service.url}materials/thermo/",
        params={"material_ids": ids, "thermo_types": "GGA_GGA+U", "_fields": fields},
        headers={"x-api-key": KEY},
        timeout=5.0,
    )
    content: dict[str, Any] = response.json()
    assert len(content["data"]) == 3
    service.reset()
    return content


def structure_in(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["entries"]["GGA"]["structure"]
    return found


# --- what it holds --------------------------------------------------------------------------------


@pytest.mark.parametrize("thermo_type", [ThermoType.GGA_GGA_U, ThermoType.R2SCAN])
def test_structures_are_exactly_those_of_the_client_s_own_entries(
    service: Service, thermo_type: ThermoType
) -> None:
    from mp_api.client import MPRester

    with MPRester(KEY, endpoint=service.url, mute_progress_bars=True) as rester:
        entries = rester.get_entries_in_chemsys(
            ["Li", "Al", "Cl"], additional_criteria={"thermo_types": [thermo_type.value]}
        )
    get(service, thermo_type=thermo_type)
    snapshot = open_snapshot("mine")
    for formula in PHASES:
        same = [e for e in entries if e.composition.reduced_formula == parse_formula(formula).text]
        theirs = min(same, key=lambda e: e.energy_per_atom).structure
        ours = cell_of(snapshot, formula)
        assert ours is not None
        assert np.array_equal(ours.structure.lattice.matrix, theirs.lattice.matrix)
        assert np.array_equal(ours.structure.frac_coords, theirs.frac_coords)
        assert ours.structure.species == theirs.species


def test_the_lowest_polymorph_is_taken(service: Service) -> None:
    get(service)
    held = rows()
    assert sorted(held) == sorted({"Cl2": "Cl"}.get(formula, formula) for formula in PHASES)
    assert {held[f]["material_id"] for f in ("Li", "LiCl", "LiAlCl4")} == {"mp-1", "mp-11", "mp-14"}
    assert not [identifiers for identifiers in asked_for(service) if {"mp-2", "mp-12"} & set(identifiers)]


def test_a_cell_names_its_source(service: Service) -> None:
    found = cell_of(get(service), "Li9Al4")
    assert found is not None
    assert found.source == "Materials Project mp-18 (PBE, version 2026.04.13)"
    assert found.functional == "PBE"
    by_r2scan = cell_of(get(service, thermo_type=ThermoType.R2SCAN), "Li9Al4")
    assert by_r2scan is not None
    assert by_r2scan.source == "Materials Project mp-18 (r2SCAN, version 2026.04.13)"
    plus_u = cell_of(get(service, ("Fe-O",)), "Fe2O3")
    assert plus_u is not None
    assert plus_u.functional == "PBE+U"


@pytest.mark.usefixtures("bucket")
def test_the_mixed_scheme_s_structures_are_those_of_its_phase_diagram(service: Service) -> None:
    from mp_api.client import MPRester

    with MPRester(KEY, endpoint=service.url, mute_progress_bars=True) as rester:
        entries = rester.get_entries_in_chemsys(["Li", "Al", "Cl"])
    service.reset()
    snapshot = get(service, thermo_type=ThermoType.MIXED)
    assert not asked_for(service)
    salt = min((e for e in entries if e.composition.reduced_formula == "LiCl"), key=lambda e: e.energy)
    found = cell_of(snapshot, "LiCl")
    assert found is not None
    assert np.array_equal(found.structure.lattice.matrix, salt.structure.lattice.matrix)
    assert np.array_equal(found.structure.frac_coords, salt.structure.frac_coords)


def test_of_a_material_with_two_calculations_the_one_that_won_is_taken() -> None:
    def held(edge_a: float) -> dict[str, Any]:
        structure = Structure(Lattice.cubic(edge_a), ["Li", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
        return {"structure": structure.as_dict()}

    document = {"entries": {"GGA": held(3.3), "r2SCAN": held(3.2)}}
    assert calculation(document, "r2SCAN")["lattice"]["a"] == 3.2
    assert calculation(document, "GGA")["lattice"]["a"] == 3.3
    for nothing in ({}, {"entries": None}, {"entries": [1]}, {"entries": {"GGA": 1}}):
        assert calculation(nothing, "GGA") is None


def test_phases_and_their_checksum_are_the_same_with_and_without(service: Service) -> None:
    without = get(service, name="without", structures=False)
    with_them = get(service, name="with")
    assert without.manifest.checksum == with_them.manifest.checksum
    assert (locate("without") / "phases.parquet").read_bytes() == (
        locate("with") / "phases.parquet"
    ).read_bytes()
    assert not (locate("without") / STRUCTURES_FILE).exists()
    assert "structures" not in json.loads(without.manifest.details)
    assert STRUCTURES_FILE in dict(with_them.manifest.file_sha256)
    assert snapshot_cells(without, PHASES) == ()
    assert snapshot_cells(open_snapshot(), PHASES) == ()


def test_structures_are_not_asked_for_unless_wanted(service: Service) -> None:
    get(service, structures=False)
    assert not asked_for(service)


def test_the_same_structures_give_the_same_bytes(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    get(service, name="one")
    monkeypatch.setattr("screening.phases.fetch.STRUCTURES_A_REQUEST", 3)
    get(service, name="two")
    assert [len(each) for each in asked_for(service)] == [8, 3, 3, 2]
    assert (locate("one") / STRUCTURES_FILE).read_bytes() == (locate("two") / STRUCTURES_FILE).read_bytes()


def test_structures_for_non_commercial_use_come_only_if_asked_for(service: Service) -> None:
    get(service)
    assert "Li2AlCl5" not in rows()
    found = cell_of(get(service, non_commercial=True), "Li2AlCl5")
    assert found is not None
    assert "not for commercial use" in found.source


def test_cells_outlast_own_phases_and_a_temperature(service: Service, tmp_path: Any) -> None:
    get(service)
    own = tmp_path / "own.csv"
    own.write_text(
        "formula,formation_energy_ev_per_atom,uncertainty_ev_per_atom,note,volume_per_atom_a3\n"
        "LiAlCl3,-1.0,0.05,mine,20\n"
    )
    gathered = load_snapshot("mine", own, 400.0)
    assert gathered.find(parse_formula("LiAlCl3")) is not None
    assert cell_of(gathered, "Li9Al4") is not None
    assert cell_of(gathered, "LiAlCl3") is None


# --- what cannot be kept --------------------------------------------------------------------------


def dislodged(structure: dict[str, Any], key: str, value: Any) -> None:
    structure["sites"][0][key] = value


DAMAGE = {
    "no lattice": (lambda s: s.pop("lattice"), Lack.MALFORMED),
    "no sites": (lambda s: s.pop("sites"), Lack.MALFORMED),
    "empty": (lambda s: s.update(sites=[]), Lack.MALFORMED),
    "flat": (lambda s: s["lattice"].update(matrix=[[1, 0, 0], [0, 1, 0], [1, 1, 0]]), Lack.MALFORMED),
    "two rows": (lambda s: s["lattice"]["matrix"].pop(), Lack.MALFORMED),
    "no number": (lambda s: dislodged(s, "abc", [0, 0, "far"]), Lack.MALFORMED),
    "no finite number": (lambda s: dislodged(s, "abc", [0, 0, "nan"]), Lack.MALFORMED),
    "two coordinates": (lambda s: dislodged(s, "abc", [0, 0]), Lack.MALFORMED),
    "no element": (lambda s: dislodged(s, "species", [{"element": "Xx", "occu": 1}]), Lack.MALFORMED),
    "other element": (lambda s: dislodged(s, "species", [{"element": "Na", "occu": 1}]), Lack.MALFORMED),
    "one atom more": (lambda s: s["sites"].append(s["sites"][0]), Lack.MALFORMED),
    "vacancy": (lambda s: dislodged(s, "species", [{"element": "Li", "occu": 0.5}]), Lack.DISORDERED),
    "mixed site": (
        lambda s: dislodged(s, "species", [{"element": "Li", "occu": 0.5}, {"element": "Na", "occu": 0.5}]),
        Lack.DISORDERED,
    ),
    "huge": (lambda s: s.update(sites=s["sites"] * MOST_ATOMS), Lack.TOO_LARGE),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_structure_that_cannot_be_used_is_told_and_the_rest_is_kept(service: Service, damage: str) -> None:
    spoil, lack = DAMAGE[damage]
    content = answer(service)
    salt = next(d for d in content["data"] if d["entries"]["GGA"]["composition"] == {"Li": 1.0, "Cl": 1.0})
    spoil(structure_in(salt))
    service.fail(Fault("thermo", 200, body=json.dumps(content), passed=1))
    snapshot = get(service)
    assert {formula: row["lack"] for formula, row in rows().items() if row["lack"] != "missing"} == {
        "Li": "",
        "Li9Al4": "",
        "LiCl": lack.value,
    }
    counts = json.loads(snapshot.manifest.details)["structures"]
    assert counts["held"] == 2
    assert counts["lacking"]["missing"] == len(PHASES) - 3
    assert counts["lacking"][lack.value] == 1
    assert cell_of(snapshot, "LiCl") is None
    assert cell_of(snapshot, "Li9Al4") is not None


def test_the_largest_cell_that_is_kept() -> None:
    def chain(n: int) -> dict[str, Any]:
        places = [[i / n, 0, 0] for i in range(n)]
        content: dict[str, Any] = Structure(Lattice.cubic(99.0), ["Li"] * n, places).as_dict()
        return content

    entry = Entry(
        material_id="mp-1",
        formula="Li",
        elements=(3,),
        amounts=(1.0,),
        energy_ev_per_atom=-1.9,
        correction_ev_per_atom=0.0,
        run_type="GGA",
        volume_per_atom_a3=20.0,
        band_gap_ev=0.0,
        theoretical=False,
        licence="BY-C",
    )
    assert relaxed_of(entry, chain(MOST_ATOMS)).lack == ""
    assert relaxed_of(entry, chain(MOST_ATOMS + 1)).lack == Lack.TOO_LARGE


@pytest.mark.parametrize("body", ["<html>busy</html>", "[1]", '{"data": [{"colour": 1}]}', '{"data": null}'])
def test_an_answer_that_makes_no_sense_is_refused(service: Service, body: str) -> None:
    service.fail(Fault("thermo", 200, body=body, passed=1))
    with pytest.raises(UnreachableError, match="cannot be understood"):
        get(service)
    assert not (snapshot_home() / "mine").exists()


def test_an_answer_that_names_a_material_twice_is_refused(service: Service) -> None:
    content = answer(service)
    content["data"].append(deepcopy(content["data"][0]))
    content["meta"]["total_doc"] += 1
    service.fail(Fault("thermo", 200, body=json.dumps(content), passed=1))
    with pytest.raises(UnreachableError, match="overlap"):
        get(service)


def test_structures_of_another_scheme_are_refused(service: Service) -> None:
    content = answer(service)
    content["data"][0]["thermo_type"] = "R2SCAN"
    service.fail(Fault("thermo", 200, body=json.dumps(content), passed=1))
    with pytest.raises(UnreachableError, match="got 'R2SCAN'"):
        get(service)


# --- interruption ---------------------------------------------------------------------------------


def interrupted(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fetch that broke off with 3 of 8 structures."""
    monkeypatch.setattr("screening.phases.fetch.STRUCTURES_A_REQUEST", 3)
    service.fail(Fault("thermo", 503, passed=2))
    with pytest.raises(UnreachableError):
        get(service)
    assert len(asked_for(service)[0]) == 3
    service.reset()


def test_an_interrupted_fetch_resumes_with_the_structures_it_lacks(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted(service, monkeypatch)
    report: list[Progress] = []
    get(service, report=report)
    assert not [request for request in service.log if "chemsys" in request.query]
    assert [len(each) for each in asked_for(service)] == [3, 2]
    assert report[0] == Progress(7, 7, 7, "systems")
    assert report[1] == Progress(3, 8, 3, "structures")
    assert report[-1] == Progress(8, 8, 3, "structures")
    get(service, name="fresh")
    assert (locate("mine") / STRUCTURES_FILE).read_bytes() == (locate("fresh") / STRUCTURES_FILE).read_bytes()
    assert not list(snapshot_home().glob(".*"))


def test_a_damaged_part_of_structures_is_fetched_again(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted(service, monkeypatch)
    (part,) = (snapshot_home() / ".mine.parts").glob("structures-*.parquet")
    part.write_bytes(part.read_bytes()[:100])
    get(service)
    assert sum(len(each) for each in asked_for(service)) == 8


def test_parts_of_structures_serve_a_fetch_without_them(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted(service, monkeypatch)
    assert len(get(service, structures=False)) == 8
    assert not [request for request in service.log if "thermo" in request.path]


# --- a damaged file -------------------------------------------------------------------------------


def test_a_damaged_file_is_refused_in_one_line(service: Service) -> None:
    get(service)
    path = locate("mine") / STRUCTURES_FILE
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(SnapshotError, match=r"structures\.parquet: damaged: sha256") as refusal:
        open_snapshot("mine")
    assert "\n" not in str(refusal.value)
    path.unlink()
    with pytest.raises(SnapshotError, match=r"structures\.parquet: missing"):
        open_snapshot("mine")


def test_a_file_that_changes_after_it_was_opened_is_refused(service: Service) -> None:
    snapshot = get(service)
    path = locate("mine") / STRUCTURES_FILE
    table = pq.read_table(path)
    look = partial(snapshot_cells, snapshot, ["LiCl"])
    short = [[0.0, 0.0, 0.0] for _ in range(len(table))]
    position = table.schema.get_field_index("fractional_coordinates")
    pq.write_table(table.set_column(position, table.schema.field(position), pa.array(short)), path)
    with pytest.raises(SnapshotError, match="the structure of LiCl is none"):
        look()
    pq.write_table(table.drop_columns(["lattice_a"]), path)
    with pytest.raises(SnapshotError, match="holds no structures"):
        look()
    path.write_bytes(b"PAR1")
    with pytest.raises(SnapshotError, match="holds no structures"):
        look()


# --- lines ----------------------------------------------------------------------------------------


def test_lines_of_a_primitive_calculated_cell_bear_the_usual_indices() -> None:
    salt = Structure.from_spacegroup("Fm-3m", Lattice.cubic(5.13), ["Li", "Cl"], [[0, 0, 0], [0.5, 0, 0]])
    usual = powder_lines(Cell(parse_formula("LiCl"), salt, "measured"))
    primitive = salt.get_primitive_structure()
    assert len(primitive) == 2
    found = powder_lines(Cell(parse_formula("LiCl"), primitive, "calculated", "PBE"))
    assert [line.hkl for line in found] == [line.hkl for line in usual]
    assert [line.hkl for line in found][:3] == ["111", "200", "220"]
    for ours, theirs in zip(found, usual, strict=True):
        assert ours.two_theta_deg == pytest.approx(theirs.two_theta_deg, abs=1e-6)
        assert ours.intensity == pytest.approx(theirs.intensity, abs=1e-3)
