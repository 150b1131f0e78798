"""Runs of VASP and tables of total energies join in the snapshot's scheme, as calculated by you."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from pymatgen.entries.compatibility import MaterialsProjectCompatibility
from pymatgen.entries.computed_entries import ComputedEntry

from screening.errors import InputError
from screening.phases.composition import parse_formula
from screening.phases.library import open_snapshot
from screening.phases.snapshot import Snapshot
from screening.phases.user_phases import read_phases
from screening.thermo.sources import load_snapshot

MG, F2, MGF2 = -1.59, -1.91, -5.11
"""Total energies, eV per atom: made up, of the size that PBE gives."""

OXYGEN, MGO, MG_ = -4.94, -5.98, MG

TITLES = {"Mg": "PAW_PBE Mg_pv 06Sep2000", "F": "PAW_PBE F 08Apr2002", "O": "PAW_PBE O 08Apr2002"}


def vasprun(symbols: Sequence[str], energy: float, *, converged: bool = True, gga: str = "PE") -> str:
    """As much of a vasprun.xml as says what was calculated; the structure is a row of atoms."""
    vectors = "".join(f"<v>{x} {y} {z}</v>" for x, y, z in ((4, 0, 0), (0, 4, 0), (0, 0, 4)))
    places = "".join(f"<v>0 0 {k / len(symbols)}</v>" for k in range(len(symbols)))
    crystal = f'<crystal><varray name="basis">{vectors}</varray></crystal>'
    structure = f'{crystal}<varray name="positions">{places}</varray>'
    kinds = list(dict.fromkeys(symbols))
    atoms = "".join(f"<rc><c>{each}</c><c>1</c></rc>" for each in symbols)
    rows = "".join(f"<rc><c>1</c><c>{k}</c><c>1</c><c>1</c><c>{TITLES[k]}</c></rc>" for k in kinds)
    told = "".join(f'<i name="{name}">{energy}</i>' for name in ("e_fr_energy", "e_wo_entrp", "e_0_energy"))
    step = f"<scstep><energy>{told}</energy></scstep>" * (1 if converged else 60)
    tags = (
        f'<i type="int" name="NELM">60</i><i type="int" name="NSW">0</i><i type="string" name="GGA">{gga}</i>'
    )
    off = "".join(f'<i type="logical" name="{name}">F</i>' for name in ("LHFCALC", "LDAU", "LUSE_VDW"))
    return (
        '<modeling><generator><i name="version" type="string">6.4</i></generator><incar/>'
        '<kpoints><generation param="Gamma"><v type="int" name="divisions">1 1 1</v></generation></kpoints>'
        f'<parameters>{tags}{off}<i name="AEXX">0.0</i><i name="HFSCREEN">0.0</i></parameters>'
        f'<atominfo><array name="atoms"><set>{atoms}</set></array>'
        f'<array name="atomtypes"><set>{rows}</set></array></atominfo>'
        f'<structure name="initialpos">{structure}</structure>'
        f"<calculation>{step}<structure>{structure}</structure><energy>{told}</energy></calculation>"
        f'<structure name="finalpos">{structure}</structure></modeling>'
    )


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return open_snapshot()


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A folder of three runs, one of them compressed."""
    folder = tmp_path / "runs"
    for name, symbols, energy in (("Mg", ["Mg"], MG), ("F2", ["F", "F"], 2 * F2)):
        (folder / name).mkdir(parents=True)
        (folder / name / "vasprun.xml").write_text(vasprun(symbols, energy), "utf-8")
    with gzip.open(folder / "vasprun.xml.gz", "wt") as packed:
        packed.write(vasprun(["Mg", "F", "F"], 3 * MGF2))
    return folder


def corrected(formula: str, per_atom: float, potcars: Sequence[str]) -> float:
    """Energy per atom as pymatgen corrects it."""
    parameters = {"run_type": "GGA", "potcar_symbols": [*potcars], "hubbards": {}, "is_hubbard": False}
    n = ComputedEntry(formula, 0.0).composition.num_atoms
    entry = MaterialsProjectCompatibility().process_entry(
        ComputedEntry(formula, per_atom * n, parameters=parameters)
    )
    return float(entry.energy_per_atom)


def test_a_folder_of_runs_joins_as_calculated_by_you(runs: Path, snapshot: Snapshot) -> None:
    (phase,) = read_phases(runs, snapshot)
    assert (phase.formula.text, phase.origin) == ("MgF2", "calculated by you")
    own = [f"PBE {name}" for name in ("Mg_pv", "F")]
    f2, mgf2 = corrected("F2", F2, own[1:]), corrected("MgF2", MGF2, own)
    assert phase.formation_energy_ev_per_atom == pytest.approx(mgf2 - (MG + 2 * f2) / 3)
    assert phase.volume_per_atom_a3 == pytest.approx(64.0 / 3)
    joined = load_snapshot(phases=runs, energies="as-published")
    assert joined.manifest.name.startswith("mp2019 + runs (sha256:")


def test_an_oxide_is_given_the_correction_of_the_scheme(tmp_path: Path, snapshot: Snapshot) -> None:
    for name, symbols, energy in (
        ("a", ["Mg"], MG),
        ("b", ["O", "O"], 2 * OXYGEN),
        ("c", ["Mg", "O"], 2 * MGO),
    ):
        (tmp_path / f"vasprun-{name}.xml").write_text(vasprun(symbols, energy), "utf-8")
    (phase,) = read_phases(tmp_path, snapshot)
    uncorrected = MGO - (MG + OXYGEN) / 2
    # Jain 2011, Wang 2006: about 0.7 eV per oxide ion, 0.35 per atom of MgO
    assert phase.formation_energy_ev_per_atom - uncorrected == pytest.approx(-0.35, abs=0.02)
    assert phase.formation_energy_ev_per_atom == pytest.approx(
        corrected("MgO", MGO, ["PBE Mg_pv", "PBE O"]) - (MG + corrected("O2", OXYGEN, ["PBE O"])) / 2
    )


def test_a_table_of_total_energies_is_the_same(tmp_path: Path, runs: Path, snapshot: Snapshot) -> None:
    table = tmp_path / "totals.csv"
    table.write_text(
        "formula,total_energy_ev_per_atom,run_type,potcar_symbols\n"
        f"Mg,{MG},GGA,Mg_pv\nF2,{F2},GGA,F\nMgF2,{MGF2},GGA,Mg_pv F\n",
        "utf-8",
    )
    (of_table,), (of_run,) = read_phases(table, snapshot), read_phases(runs, snapshot)
    assert of_table.formation_energy_ev_per_atom == pytest.approx(of_run.formation_energy_ev_per_atom)
    assert of_table.origin == of_run.origin == "calculated by you"
    table.with_suffix(".json").write_text(
        json.dumps([{"formula": "MgF2", "total_energy_ev_per_atom": MGF2, "run_type": "GGA+U"}]), "utf-8"
    )
    with pytest.raises(InputError, match="row 1: a total energy without potcar_symbols, hubbards; tell how"):
        read_phases(table.with_suffix(".json"), snapshot)


def test_all_faults_of_total_energies_are_told_at_once(tmp_path: Path, snapshot: Snapshot) -> None:
    table = tmp_path / "totals.csv"
    table.write_text(
        "formula,total_energy_ev_per_atom,run_type,potcar_symbols\n"
        f"MgF2,{MGF2},,\nMgFx,-4,GGA,Mg F\nMg,abc,GGA,Mg_pv\nF2,{F2},PBEsol,F\nMgF2,-5,,\nMg,1,GGA,Mg,5\n",
        "utf-8",
    )
    with pytest.raises(InputError) as told:
        read_phases(table, snapshot)
    assert "6 entries cannot be used" in str(told.value)
    assert "row 2, row 6: a total energy without run_type, potcar_symbols; tell how" in str(told.value)
    assert "row 3: 'MgFx' is not a formula" in str(told.value)
    assert "row 4: total_energy_ev_per_atom or hubbards is no number" in str(told.value)
    assert "row 5: F2 is of run type 'PBEsol'" in str(told.value)
    assert "row 7: more cells than columns" in str(told.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda runs: (runs / "Mg" / "vasprun.xml").unlink(), "MgF2: no elemental reference for Mg; add the"),
        (
            lambda runs: (runs / "F2" / "vasprun.xml").write_text(vasprun(["F", "F"], 1.0, converged=False)),
            "F2/vasprun.xml: the run has not converged",
        ),
        (
            lambda runs: (runs / "F2" / "vasprun.xml").write_text(vasprun(["F", "F"], -4.0, gga="PS")),
            "F2 is of run type 'PBEsol', the scheme takes GGA and GGA.U",
        ),
        (
            lambda runs: (runs / "F2" / "vasprun.xml").write_text("<modeling>"),
            "cannot be read .no vasprun.xml, or one that is cut off.; ",
        ),
        (
            lambda runs: (runs / "F2" / "vasprun.xml").write_text(
                vasprun(["F", "F"], -4.0).replace("PAW_PBE F ", "PAW_PBE F_h ")
            ),
            "not compatible with MaterialsProjectCompatibility: .*F_h",
        ),
    ],
)
def test_a_run_that_does_not_fit_is_named(runs: Path, snapshot: Snapshot, change, said: str) -> None:  # type: ignore[no-untyped-def]
    change(runs)
    with pytest.raises(InputError, match=said):
        read_phases(runs, snapshot)


def test_a_folder_without_runs(tmp_path: Path, snapshot: Snapshot) -> None:
    with pytest.raises(InputError, match=r"no vasprun\.xml in this folder"):
        read_phases(tmp_path, snapshot)
    assert snapshot.find(parse_formula("MgF2")) is not None
