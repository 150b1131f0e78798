"""Fetching a snapshot: what it holds, that it is whole or not at all, and that it resumes."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest
from mp_server.documents import DATABASE_VERSION
from mp_server.fixtures import SHORT
from mp_server.gateway import KEY, NON_COMMERCIAL_KEY, Fault
from mp_server.server import Service
from pymatgen.analysis.phase_diagram import PhaseDiagram

from screening.errors import InputError, UnreachableError
from screening.phases.composition import parse_formula, symbol
from screening.phases.fetch import Progress, Query, fetch
from screening.phases.library import list_snapshots, locate, open_snapshot, snapshot_home
from screening.phases.materials_project import Key, connect, find_key
from screening.phases.schemes import ThermoType
from screening.phases.snapshot import Snapshot
from screening.phases.system_names import chemsys_name, largest, subsystems
from screening.thermo.compositions import Compositions
from screening.thermo.lines import assemblages

EXACT_EV = 1e-9
"""Both sides compute with the same energies in double precision."""

TWO = ["Li-Al-Cl", "I-Li-Mg"]


def get(
    service: Service,
    systems: list[str],
    name: str = "mine",
    thermo_type: ThermoType = ThermoType.GGA_GGA_U,
    *,
    key: Key | None = None,
    report: list[Progress] | None = None,
    non_commercial: bool = False,
) -> Snapshot:
    query = Query.of(name, systems, thermo_type, non_commercial=non_commercial)
    with connect(key or find_key(), service.url, SHORT) as project:
        return fetch(query, project, report.append if report is not None else lambda _: None)


def files() -> dict[str, bytes]:
    home = snapshot_home()
    return {p.relative_to(home).as_posix(): p.read_bytes() for p in home.rglob("*") if p.is_file()}


def dies(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def systems_asked(service: Service) -> set[str]:
    queries = [request.query for request in service.log if "thermo" in request.path]
    named = [re.search(r"chemsys=([^&]*)", query) for query in queries]
    return {system for found in named if found for system in found[1].split("%2C")}


# --- what it holds --------------------------------------------------------------------------------


def assert_same_hull(snapshot: Snapshot, entries: list) -> None:
    diagram = PhaseDiagram(entries)
    compounds = [phase for phase in diagram.qhull_entries if len(phase.composition) > 1]
    assert len(compounds) > 3
    for entry in compounds:
        formula = parse_formula(entry.composition.reduced_formula)
        phase = snapshot.find(formula)
        ours = snapshot.phases.formation_energy_ev_per_atom[phase]
        assert ours == pytest.approx(diagram.get_form_energy_per_atom(entry), abs=EXACT_EV)
        hull = assemblages(snapshot, Compositions.of([formula])).energy_ev_per_atom[0]
        assert ours - hull == pytest.approx(diagram.get_e_above_hull(entry), abs=EXACT_EV)


@pytest.mark.parametrize("thermo_type", [ThermoType.GGA_GGA_U, ThermoType.R2SCAN])
def test_the_hull_is_that_of_pymatgen_over_the_client_s_own_entries(
    service: Service, thermo_type: ThermoType
) -> None:
    from mp_api.client import MPRester

    with MPRester(KEY, endpoint=service.url, mute_progress_bars=True) as rester:
        entries = rester.get_entries_in_chemsys(
            ["Li", "Al", "Cl"], additional_criteria={"thermo_types": [thermo_type.value]}
        )
    assert_same_hull(get(service, ["Li-Al-Cl"], thermo_type=thermo_type), entries)


@pytest.mark.usefixtures("bucket")
def test_the_mixed_scheme_comes_whole_from_the_phase_diagram_of_its_system(service: Service) -> None:
    from mp_api.client import MPRester

    with MPRester(KEY, endpoint=service.url, mute_progress_bars=True) as rester:
        entries = rester.get_entries_in_chemsys(["Li", "Al", "Cl"])
    service.reset()
    snapshot = get(service, ["Li-Al-Cl"], thermo_type=ThermoType.MIXED, non_commercial=True)
    assert_same_hull(snapshot, entries)
    assert not systems_asked(service)
    assert snapshot.manifest.energy_scheme == "GGA/GGA+U/r2SCAN mixed for Al-Cl-Li, 0 K"
    assert snapshot.phases.band_gap_ev[snapshot.find(parse_formula("LiCl"))] == pytest.approx(6.1)


def test_systems_are_pooled_with_all_their_subsystems_once(service: Service) -> None:
    snapshot = get(service, ["Li-Al-Cl", "Li-Mg-I", "Al-Li"])
    held = set(snapshot.phases.formula)
    assert {"LiAlCl4", "LiAl", "MgI2", "LiMg2", "Li", "Cl2"} <= held
    assert not {"Li2O", "Fe"} & held
    asked = [request.query for request in service.log if "thermo" in request.path]
    assert len(asked) == 2
    assert sum("chemsys=Li%2C" in q or "%2CLi%2C" in q for q in asked) == 1


def test_columns_of_the_ground_state(service: Service) -> None:
    get(service, ["Li-Al-Cl"])
    rows = {row["formula"]: row for row in pq.read_table(locate("mine") / "phases.parquet").to_pylist()}
    salt = rows["LiCl"]
    assert (salt["material_id"], salt["run_type"], salt["theoretical"]) == ("mp-11", "GGA", False)
    assert salt["polymorphs"] == 2
    assert salt["energy_ev_per_atom"] == pytest.approx(-3.68 - 0.614 / 2)
    assert salt["correction_ev_per_atom"] == pytest.approx(-0.614 / 2)
    assert salt["formation_energy_ev_per_atom"] == pytest.approx(-3.68 - 0.614 / 2 + (1.9 + 1.8) / 2)
    assert (salt["volume_per_atom_a3"], salt["volume_source"]) == (pytest.approx(16.9), "dft")


def test_the_gap_is_the_ground_state_s_and_else_the_median_of_the_others(service: Service) -> None:
    phases = get(service, ["Li-Al-Cl"]).phases
    by_formula = {str(formula): i for i, formula in enumerate(phases.formula)}
    salt, reactor = by_formula["LiCl"], by_formula["LiAlCl4"]
    assert phases.band_gap_ev[salt] == phases.band_gap_max_ev[salt] == pytest.approx(6.1)
    assert phases.band_gap_polymorphs[salt] == 1
    assert phases.band_gap_ev[reactor] == pytest.approx(4.6)
    assert phases.band_gap_min_ev[reactor] == pytest.approx(4.4)
    assert phases.band_gap_polymorphs[reactor] == 2


def test_every_polymorph_is_kept_beside_the_phases(service: Service) -> None:
    get(service, ["Li-Al-Cl"])
    entries = pq.read_table(locate("mine") / "entries.parquet").to_pylist()
    assert {e["material_id"] for e in entries if e["formula"] == "LiAlCl4"} == {"mp-14", "mp-15", "mp-16"}


def test_the_manifest_tells_what_was_asked_of_whom(service: Service) -> None:
    snapshot = get(service, TWO)
    told = json.loads(snapshot.manifest.details)
    assert told["database_version"] == f"Materials Project v{DATABASE_VERSION}"
    assert told["energy_scheme"] == "GGA/GGA+U, MP2020 corrections, 0 K"
    assert told["query"] == {
        "chemical_systems": ["Al-Cl-Li", "I-Li-Mg"],
        "thermo_type": "GGA_GGA+U",
        "non_commercial": False,
    }
    assert told["counts"]["elements"] == 5
    assert told["counts"]["compounds"] == len(snapshot) - 5
    assert set(told["client"]) == {"mp-api", "emmet-core", "pymatgen"}
    assert told["licence"] == "CC BY 4.0"
    assert any("10.1063/1.4812323" in work for work in told["cite"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", told["date"])
    snapshot.verify(locate("mine"))


def test_the_same_data_give_the_same_bytes(service: Service) -> None:
    get(service, ["Li-Al-Cl"], "one")
    get(service, ["Cl-Al-Li"], "two")
    for name in ("phases.parquet", "entries.parquet"):
        assert (locate("one") / name).read_bytes() == (locate("two") / name).read_bytes()


def test_non_commercial_entries_are_left_out_and_counted_unless_asked_for(service: Service) -> None:
    key = Key(NON_COMMERCIAL_KEY, "this test")
    without = get(service, ["Li-Al-Cl"], key=key)
    counts = json.loads(without.manifest.details)["counts"]
    assert counts["non_commercial_left_out"] == 1
    assert without.find(parse_formula("Li2AlCl5")) is None
    with_them = get(service, ["Li-Al-Cl"], key=key, non_commercial=True)
    assert with_them.find(parse_formula("Li2AlCl5")) is not None
    assert with_them.manifest.licence == "CC BY 4.0; 1 entries CC BY-NC 4.0 (BY-NC): no commercial use"


def test_a_fetched_snapshot_is_listed_and_works_offline(service: Service) -> None:
    get(service, ["Li-Al-Cl"])
    service.reset()
    assert [each.name for each in list_snapshots()] == ["mp2019", "mine"]
    assert open_snapshot("mine").find(parse_formula("LiAlCl4")) is not None
    assert service.log == []


# --- whole or not at all --------------------------------------------------------------------------


def test_a_failed_fetch_leaves_the_old_snapshot(service: Service) -> None:
    get(service, ["Li-Al-Cl"])
    before = files()
    service.fail(Fault("thermo", 500))
    with pytest.raises(UnreachableError):
        get(service, ["Li-Mg-I"])
    assert files() == before


def test_a_failed_first_fetch_leaves_nothing(service: Service) -> None:
    service.fail(Fault("thermo", 500))
    with pytest.raises(UnreachableError):
        get(service, ["Li-Mg-I"])
    assert files() == {}


@pytest.mark.parametrize(
    ("place", "replacement"),
    [
        ("screening.phases.writer.pq", SimpleNamespace(write_table=dies)),
        ("screening.phases.writer.json", SimpleNamespace(dumps=dies)),
        ("screening.phases.writer.Snapshot", SimpleNamespace(read=dies)),
        ("screening.phases.writer._put_in_place", dies),
    ],
)
def test_a_fetch_that_dies_while_writing_leaves_the_old_snapshot(
    service: Service, monkeypatch: pytest.MonkeyPatch, place: str, replacement: object
) -> None:
    get(service, ["Li-Al-Cl"])
    before = files()
    with monkeypatch.context() as patched:
        patched.setattr(place, replacement)
        with pytest.raises(KeyboardInterrupt):
            get(service, ["Li-Mg-I"])
    assert {name: content for name, content in files().items() if name.startswith("mine/")} == before
    service.reset()
    assert get(service, ["Li-Mg-I"]).find(parse_formula("MgI2")) is not None
    assert not systems_asked(service)


def test_a_second_rename_that_fails_is_undone(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    get(service, ["Li-Al-Cl"])
    before = files()
    rename = Path.rename

    def fails_for_drafts(path: Path, target: Path) -> Path:
        if path.name.endswith(".draft"):
            raise OSError(28, "No space left on device")
        return rename(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", fails_for_drafts)
        with pytest.raises(InputError, match="No space left"):
            get(service, ["Li-Mg-I"])
    assert {name: content for name, content in files().items() if name.startswith("mine/")} == before


def test_a_process_killed_between_the_two_renames_loses_nothing(service: Service) -> None:
    get(service, ["Li-Al-Cl"])
    (snapshot_home() / "mine").rename(snapshot_home() / ".mine.replaced")
    service.fail(Fault("thermo", 500))
    with pytest.raises(UnreachableError):
        get(service, ["Li-Mg-I"])
    assert open_snapshot("mine").find(parse_formula("LiAlCl4")) is not None


def test_nothing_but_the_snapshot_remains(service: Service) -> None:
    get(service, ["Li-Al-Cl"])
    get(service, ["Li-Mg-I"])
    assert set(files()) == {"mine/manifest.json", "mine/phases.parquet", "mine/entries.parquet"}


def test_an_unwritable_home_is_one_line(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("INTERPHASE_HOME", str(tmp_path / "file" / "below"))
    with pytest.raises(InputError, match="cannot write"):
        get(service, ["Li-Al-Cl"])


# --- resuming -------------------------------------------------------------------------------------


def test_an_interrupted_fetch_resumes_with_the_systems_it_lacks(service: Service) -> None:
    service.fail(Fault("thermo", 503, passed=1))
    with pytest.raises(UnreachableError):
        get(service, TWO)
    service.reset()
    report: list[Progress] = []
    resumed = get(service, TWO, report=report)
    assert report[0] == Progress(done=7, total=13, resumed=7)
    assert report[-1].done == report[-1].total == 13
    assert systems_asked(service) == {"I", "Mg", "I-Li", "I-Mg", "Li-Mg", "I-Li-Mg"}
    fresh = get(service, TWO, "fresh")
    assert resumed.manifest.checksum == fresh.manifest.checksum


def test_parts_serve_another_set_of_systems_too(service: Service) -> None:
    service.fail(Fault("thermo", 503, passed=1))
    with pytest.raises(UnreachableError):
        get(service, TWO)
    service.reset()
    get(service, ["Al-Cl-Li"])
    assert not systems_asked(service)


def test_parts_of_another_scheme_or_version_are_not_used(service: Service) -> None:
    for change in ("scheme", "version"):
        service.fail(Fault("thermo", 503, passed=1))
        with pytest.raises(UnreachableError):
            get(service, TWO)
        service.reset()
        if change == "scheme":
            get(service, ["Al-Cl-Li"], thermo_type=ThermoType.R2SCAN)
        else:
            newer = json.dumps({"db_version": "2026.11.01", "version": "0.87.3"})
            service.fail(Fault("heartbeat", 200, body=newer))
            get(service, ["Al-Cl-Li"])
        assert "Al-Cl-Li" in systems_asked(service)


def test_a_damaged_part_is_fetched_again(service: Service) -> None:
    service.fail(Fault("thermo", 503, passed=1))
    with pytest.raises(UnreachableError):
        get(service, TWO)
    service.reset()
    (part,) = (snapshot_home() / ".mine.parts").glob("*.parquet")
    part.write_bytes(part.read_bytes()[:100])
    get(service, ["Al-Cl-Li"])
    assert "Al-Cl-Li" in systems_asked(service)


def test_a_version_that_changes_meanwhile_is_refused(service: Service) -> None:
    newer = json.dumps({"db_version": "2026.11.01", "version": "0.87.3"})
    with connect(find_key(), service.url, SHORT) as project:
        service.fail(Fault("heartbeat", 200, body=newer))
        with pytest.raises(UnreachableError, match="changed from version"):
            fetch(Query.of("mine", TWO), project)
    assert files() == {}


# --- refused --------------------------------------------------------------------------------------


def test_a_system_with_nothing_in_it_is_refused(service: Service) -> None:
    with pytest.raises(UnreachableError, match="gave nothing in He-Ne"):
        get(service, ["Li-Al-Cl", "Ne-He"])
    assert files() == {}


def test_a_missing_elemental_reference_is_refused(service: Service) -> None:
    with pytest.raises(UnreachableError, match="no elemental reference for Ne"):
        get(service, ["Li-Ne"])


@pytest.mark.usefixtures("broken_bucket")
def test_a_bucket_that_is_down_is_told(service: Service) -> None:
    with pytest.raises(UnreachableError, match="open-data bucket: cannot be read") as failure:
        get(service, ["Li-Al-Cl"], thermo_type=ThermoType.MIXED)
    assert failure.value.exit_status == 3
    assert files() == {}


@pytest.mark.usefixtures("bucket")
def test_non_commercial_entries_of_the_bucket_are_left_out_too(service: Service) -> None:
    """The bucket asks nobody for accepted terms."""
    snapshot = get(service, ["Li-Al-Cl"], thermo_type=ThermoType.MIXED)
    assert json.loads(snapshot.manifest.details)["counts"]["non_commercial_left_out"] == 1
    assert snapshot.find(parse_formula("Li2AlCl5")) is None


@pytest.mark.usefixtures("bucket")
def test_a_system_without_a_mixed_phase_diagram_is_told(service: Service) -> None:
    with pytest.raises(UnreachableError, match="no mixed phase diagram of I-Li-Mg"):
        get(service, ["Li-Mg-I"], thermo_type=ThermoType.MIXED)


def test_the_mixed_scheme_is_refused_for_more_than_one_system() -> None:
    with pytest.raises(InputError, match="hull of one system, not to 2"):
        Query.of("mine", TWO, ThermoType.MIXED)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "mp2019", "embedded", "-x", "a b", "x" * 65])
def test_names_that_cannot_be_directories_are_refused(name: str) -> None:
    with pytest.raises(InputError):
        Query.of(name, ["Li"])


@pytest.mark.parametrize("system", ["", "Li-", "Li-Xx", "lithium", "Li*", "-".join(["H"] * 3 + ["*"])])
def test_systems_that_are_none_are_refused(system: str) -> None:
    with pytest.raises(InputError):
        Query.of("mine", [system])


def test_a_system_of_too_many_elements_is_refused() -> None:
    with pytest.raises(InputError, match="15 elements"):
        chemsys_name("H-Li-Be-B-C-N-O-F-Na-Mg-Al-Si-P-S-Cl")


def test_a_fetch_of_too_many_requests_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("screening.phases.fetch.MOST_REQUESTS", 200)
    symbols = [symbol(z) for z in range(1, 29)]
    systems = ["-".join(symbols[first : first + 14]) for first in (0, 14)]
    with pytest.raises(InputError, match=r"2 chemical systems need about 2\d\d requests, more than 200"):
        Query.of("mine", systems)


def test_many_systems_share_requests(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    apart = get(service, TWO, "apart")
    service.reset()
    monkeypatch.setattr("screening.phases.fetch.FEW_SYSTEMS", 1)
    pooled = get(service, TWO, "pooled")
    assert sum("thermo" in request.path for request in service.log) == 1
    assert pooled.manifest.checksum == apart.manifest.checksum


def test_long_lists_of_systems_are_split(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = get(service, TWO, "whole")
    service.reset()
    monkeypatch.setattr("screening.phases.fetch.LONGEST_REQUEST", 20)
    split = get(service, TWO, "split")
    assert sum("thermo" in request.path for request in service.log) > 3
    assert split.manifest.checksum == whole.manifest.checksum


def test_systems_by_name() -> None:
    assert chemsys_name("Li-Cl-Al-Li") == "Al-Cl-Li"
    assert subsystems("Al-Cl") == ["Al", "Cl", "Al-Cl"]
    assert largest(["Al-Cl", "Al-Cl-Li", "Fe", "Al-Cl-Li"]) == ["Al-Cl-Li", "Fe"]
