"""Snapshots made of dumps: what is read, what the energies refer to, and what is refused."""

import gzip
import json
from pathlib import Path

import pandas as pd
import pytest
from mp_server.documents import MATERIALS, corrected_entries
from pymatgen.analysis.phase_diagram import PhaseDiagram

from screening.errors import InputError
from screening.phases.composition import parse_formula
from screening.phases.fetch import Progress
from screening.phases.imported import import_snapshot
from screening.phases.library import HOME_VARIABLE, list_snapshots, open_snapshot
from screening.phases.snapshot import Snapshot

CHLORIDES = ["Al", "Cl", "Li", "Mg", "K", "Ca", "Zn", "Y"]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """Energies of the embedded snapshot in a system of chlorides, with its elements."""
    phases = open_snapshot().phases
    inside = {parse_formula(each).atomic_numbers[0] for each in CHLORIDES}
    rows = [i for i in range(len(phases)) if inside.issuperset(phases.atomic_number[phases.rows.row(i)])]
    assert len(rows) > 60
    return pd.DataFrame(
        {
            "formula": phases.formula[rows],
            "energy": phases.formation_energy_ev_per_atom[rows],
            "gap": phases.band_gap_ev[rows],
            "volume": phases.volume_per_atom_a3[rows],
        }
    )


def oqmd(table: pd.DataFrame) -> pd.DataFrame:
    names = {"formula": "composition", "energy": "delta_e", "gap": "band_gap", "volume": "volume_pa"}
    return table.rename(columns=names)


def written(path: Path, table: pd.DataFrame) -> Path:
    table.to_csv(path, index=False)
    return path


def assert_same(snapshot: Snapshot, table: pd.DataFrame) -> None:
    for row in table.itertuples():
        found = snapshot.find(parse_formula(row.formula))
        assert snapshot.phases.formation_energy_ev_per_atom[found] == pytest.approx(row.energy, abs=1e-9)


def test_a_table_of_oqmd_is_known_by_its_columns(tmp_path: Path, table: pd.DataFrame) -> None:
    progress: list[Progress] = []
    snapshot = import_snapshot(written(tmp_path / "o.csv.gz", oqmd(table)), "mine", report=progress.append)
    assert_same(snapshot, table)
    assert progress[-1].done == progress[-1].total == len(table)
    found = snapshot.find(parse_formula("LiAlCl4"))
    held = table.set_index("formula").loc["LiAlCl4"]
    assert snapshot.phases.band_gap_ev[found] == pytest.approx(held["gap"], rel=1e-6)
    assert snapshot.phases.volume_per_atom_a3[found] == pytest.approx(held["volume"], rel=1e-6)
    manifest = snapshot.manifest
    assert manifest.energy_scheme == "OQMD, PBE/PBE+U with fitted elements, 0 K"
    assert manifest.licence == "CC BY 4.0"
    assert "10.1007/s11837-013-0755-4" in manifest.cite[0]
    (note,) = json.loads(manifest.details)["notes"]
    assert "median +0.000, robust spread 0.000" in note
    assert [each.name for each in list_snapshots()] == ["mp2019", "mine"]


def optimade(table: pd.DataFrame, key: str, *, nested: bool = False) -> dict:
    def stated(energy: float) -> object:
        return {"gga_gga+u": {"formation_energy_per_atom": energy}} if nested else energy

    rows = [
        {"id": str(i), "attributes": {"chemical_formula_reduced": row.formula, key: stated(row.energy)}}
        for i, row in enumerate(table.itertuples())
    ]
    return {"meta": {}, "data": rows}


@pytest.mark.parametrize(
    ("key", "nested", "scheme"),
    [
        ("_mp_stability", True, "GGA/GGA+U, MP2020 corrections, 0 K"),
        ("_oqmd_delta_e", False, "OQMD, PBE/PBE+U with fitted elements, 0 K"),
        ("_jarvis_formation_energy_peratom", False, "OptB88vdW, JARVIS-DFT, 0 K"),
    ],
)
def test_optimade_is_known_by_its_provider(
    tmp_path: Path, table: pd.DataFrame, key: str, nested: bool, scheme: str
) -> None:
    path = tmp_path / "dump.json.gz"
    path.write_bytes(gzip.compress(json.dumps(optimade(table, key, nested=nested)).encode()))
    snapshot = import_snapshot(path, "mine")
    assert snapshot.manifest.energy_scheme == scheme
    assert_same(snapshot, table)


def test_a_column_that_tells_no_scheme_must_be_told(tmp_path: Path, table: pd.DataFrame) -> None:
    path = tmp_path / "dump.jsonl"
    lines = optimade(table, "_alexandria_formation_energy_per_atom")["data"]
    path.write_text("\n".join(json.dumps(each) for each in lines))
    with pytest.raises(InputError, match=r"does not tell the energy scheme; state it, as --scheme"):
        import_snapshot(path, "mine")
    assert import_snapshot(path, "mine", scheme="PBEsol").manifest.energy_scheme == "PBEsol, 0 K"


def test_any_column_can_be_named(tmp_path: Path, table: pd.DataFrame) -> None:
    path = tmp_path / "own.parquet"
    table.rename(columns={"energy": "ef"}).to_parquet(path)
    with pytest.raises(
        InputError, match=r"no column of formation energies that is known.*--energy; there are ef"
    ):
        import_snapshot(path, "mine")
    snapshot = import_snapshot(path, "mine", energy="ef", scheme="SCAN", licence="mine", cite=["me"])
    assert_same(snapshot, table)
    assert (snapshot.manifest.licence, snapshot.manifest.cite) == ("mine", ("me",))


def test_total_energies_with_their_elements_become_formation_energies(
    tmp_path: Path, table: pd.DataFrame
) -> None:
    own = {each: -1.0 - 0.3 * i for i, each in enumerate(CHLORIDES)}
    shifted = table.copy()
    for i, text in enumerate(table["formula"]):
        formula = parse_formula(text)
        symbols = [
            next(e for e in CHLORIDES if parse_formula(e).atomic_numbers[0] == z)
            for z in formula.atomic_numbers
        ]
        shifted.loc[i, "energy"] += sum(f * own[e] for f, e in zip(formula.fractions, symbols, strict=True))
    snapshot = import_snapshot(written(tmp_path / "t.csv", oqmd(shifted)), "mine")
    assert_same(snapshot, table)
    assert any(
        "8 of them were not at 0 (up to 3.100" in note
        for note in json.loads(snapshot.manifest.details)["notes"]
    )
    lacking = oqmd(shifted)[shifted["formula"] != "K"]
    with pytest.raises(InputError, match=r"Y is at -3.100 eV/atom and K has no entry"):
        import_snapshot(written(tmp_path / "l.csv", lacking), "mine")


def test_elements_without_entry_stand_at_zero(tmp_path: Path, table: pd.DataFrame) -> None:
    compounds = table[~table["formula"].isin([*CHLORIDES, "Cl2"])]
    snapshot = import_snapshot(written(tmp_path / "c.csv", oqmd(compounds)), "mine")
    assert_same(snapshot, compounds)
    assert len(snapshot) == len(compounds) + len(CHLORIDES)
    assert "8 elements without an entry stand at 0" in json.loads(snapshot.manifest.details)["notes"][0]


def test_energies_per_formula_are_refused(tmp_path: Path, table: pd.DataFrame) -> None:
    atoms = [parse_formula(each).n_atoms for each in table["formula"]]
    path = written(tmp_path / "f.csv", oqmd(table.assign(energy=table["energy"] * atoms)))
    with pytest.raises(InputError, match="hardly formation energies per atom"):
        import_snapshot(path, "mine")
    assert len(import_snapshot(path, "mine", force=True)) == len(table)


def test_rows_that_cannot_be_used_are_counted(tmp_path: Path, table: pd.DataFrame) -> None:
    bad = pd.DataFrame({"formula": ["Xx2", None, "KCl"], "energy": [-1.0, -1.0, None]})
    snapshot = import_snapshot(written(tmp_path / "b.csv", oqmd(pd.concat([table, bad]))), "mine")
    notes = json.loads(snapshot.manifest.details)["notes"]
    assert notes[:3] == [
        "1 rows left out: with a formula that cannot be read",
        "1 rows left out: without a formula",
        "1 rows left out: without a formation energy",
    ]


def test_entries_are_held_to_their_scheme_and_give_the_hull_of_pymatgen(tmp_path: Path) -> None:
    entries = corrected_entries()
    path = tmp_path / "entries.json"
    path.write_text(json.dumps([each.as_dict() for each in entries]))
    snapshot = import_snapshot(path, "mine")
    assert snapshot.manifest.energy_scheme == "GGA/GGA+U, MP2020 corrections, 0 K"
    assert len(snapshot) == len({each.formula for each in MATERIALS})
    diagram = PhaseDiagram(entries)
    for entry in diagram.stable_entries:
        found = snapshot.find(parse_formula(entry.composition.reduced_formula))
        ours = snapshot.phases.formation_energy_ev_per_atom[found]
        assert ours == pytest.approx(diagram.get_form_energy_per_atom(entry), abs=1e-9)
    with pytest.raises(InputError, match="of run type 'GGA', the scheme takes R2SCAN"):
        import_snapshot(path, "mine", scheme="R2SCAN")
    path.write_text(
        json.dumps([each.as_dict() for each in entries if each.composition.reduced_formula != "Li"])
    )
    with pytest.raises(InputError, match="no elemental reference for Li"):
        import_snapshot(path, "mine")


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("x.json", "{", "no .json file that can be used"),
        ("x.json", "[]", "no entries"),
        ("x.json.gz", "[]", "cannot be read"),
        ("x.csv", "", "cannot be read"),
        ("x.doc", "", "unknown suffix"),
        ("x.csv", "formula,delta_e,formation_energy_peratom\nLiCl,-2,-2\n", "columns of several databases"),
        ("x.csv", "formula,delta_e\nLiCl,nan\n", "no usable row: 1 without a formation energy"),
    ],
)
def test_what_cannot_be_a_dump_is_one_line(tmp_path: Path, name: str, content: str, match: str) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(InputError, match=match):
        import_snapshot(path, "mine")
    assert not (tmp_path / "home").exists()
