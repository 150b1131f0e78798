"""Phases of the user's own: what joins, what is refused, and how it is marked."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pymatgen.core import Composition
from pymatgen.entries.compatibility import MaterialsProject2020Compatibility, MaterialsProjectCompatibility
from pymatgen.entries.computed_entries import ComputedEntry

from screening.errors import InputError
from screening.phases.composition import parse_formula
from screening.phases.computed import phases_of_entries
from screening.phases.library import open_snapshot
from screening.phases.schemes import SCHEMES, ThermoType
from screening.phases.snapshot import Snapshot
from screening.phases.user_phases import read_phases
from screening.thermo.sources import TOO_LOW_EV_PER_ATOM, OwnPhases, load_snapshot

HEAD = "formula,formation_energy_ev_per_atom,uncertainty_ev_per_atom,note\n"
MP2020 = f"{SCHEMES[ThermoType.GGA_GGA_U].name}, 0 K"
R2SCAN = f"{SCHEMES[ThermoType.R2SCAN].name}, 0 K"
MIXED = f"{SCHEMES[ThermoType.MIXED].name} for Al-Cl-Li, 0 K"


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return open_snapshot()


@pytest.fixture
def csv_file(tmp_path: Path) -> Path:
    return tmp_path / "own.csv"


def test_a_table_joins_and_its_mark_follows(csv_file: Path) -> None:
    csv_file.write_text(HEAD + 'Y2Li6Cl12,-2.41,0.02,"measured, this lab"\n', "utf-8")
    joined = load_snapshot(phases=csv_file)
    phase = joined.find(parse_formula("Li3YCl6"))
    assert phase is not None
    assert joined.phases.formula[phase] == "Li3YCl6"
    assert joined.phases.formation_energy_ev_per_atom[phase] == -2.41
    assert joined.phases.uncertainty_ev_per_atom[phase] == 0.02
    assert joined.phases.origin[phase] == "given by you"
    assert not joined.phases.estimated[phase]
    assert joined.phases.note[phase] == "measured, this lab (own.csv)"
    assert joined.manifest.name.startswith("mp2019 + own.csv (sha256:")


def test_json_says_the_same_as_csv(tmp_path: Path, snapshot: Snapshot) -> None:
    row = {"formula": "Li3YCl6", "formation_energy_ev_per_atom": -2.41, "uncertainty_ev_per_atom": 0.02}
    scheme = snapshot.manifest.energy_scheme
    optional = {"volume_per_atom_a3": 19.5, "band_gap_ev": 0, "energy_scheme": scheme}
    path = tmp_path / "own.json"
    path.write_text(json.dumps([row | optional]), "utf-8")
    (phase,) = read_phases(path, snapshot)
    assert (phase.formula.text, phase.volume_per_atom_a3, phase.band_gap_ev) == ("Li3YCl6", 19.5, 0.0)
    assert phase.note == "given (own.json)"


def test_a_spreadsheet_s_byte_order_mark_does_no_harm(csv_file: Path, snapshot: Snapshot) -> None:
    csv_file.write_text("\ufeff" + HEAD + "Li3YCl6,-2.41,0.02,x\n", "utf-8")
    assert len(read_phases(csv_file, snapshot)) == 1


def test_a_note_cannot_break_lines_or_drive_a_terminal(tmp_path: Path, snapshot: Snapshot) -> None:
    path = tmp_path / "own.json"
    row = {"formula": "Li3YCl6", "formation_energy_ev_per_atom": -2.4, "uncertainty_ev_per_atom": 0}
    path.write_text(json.dumps([row | {"note": "a\x1b[2J\nb"}]), "utf-8")
    assert read_phases(path, snapshot)[0].note == "a [2J b (own.json)"


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("Xx3YCl6,-2.4,0.02,", "Xx"),
        ("Li3YCl6,minus two,0.02,", "not a number"),
        ("Li3YCl6,nan,0.02,", "not a number"),
        ("Li3YCl6,-24.1,0.02,", "not a plausible formation energy"),
        ("Li3YCl6,-2.4,-0.02,", "negative"),
        ("Li3YCl6,-2.4,,", "no uncertainty_ev_per_atom"),
        ("Li,-0.1,0.02,", "element"),
        ("Li3YCl6,-2.4,0.02,note,more", "more cells"),
        ("Li6Y2Cl12,-2.4,0.02,\nLi3YCl6,-2.3,0.02,", "twice"),
        ("LiKrCl,-2.4,0.02,", "no elemental reference for Kr"),
    ],
)
def test_a_bad_row_is_one_clear_line(csv_file: Path, snapshot: Snapshot, row: str, complaint: str) -> None:
    csv_file.write_text(HEAD + row + "\n", "utf-8")
    with pytest.raises(InputError, match=complaint) as refused:
        read_phases(csv_file, snapshot)
    assert "own.csv" in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("own.csv", f"{HEAD.upper().replace(',', ';')}Li3YCl6;-2,41;0,02;für innen\n".encode("cp1252")),
        ("own.csv", (HEAD + "Li3YCl6,\u22122.41,0.02,x\n").encode("utf-16")),
        ("own.tsv", (HEAD.replace(",", "\t") + " Li3YCl6 \t-2,41\t0.02\t\n\n").encode()),
        ("own.txt", b"Li3YCl6; -2,41; 0,02\n"),
        ("own.xlsx", b""),
    ],
)
def test_every_dialect_and_encoding_is_read(
    tmp_path: Path, snapshot: Snapshot, name: str, content: bytes
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    if name.endswith("xlsx"):
        row = {"Formula": "Li3YCl6", "formation_energy_eV_per_atom": -2.41, "uncertainty_ev_per_atom": 0.02}
        pd.DataFrame([row]).to_excel(path, index=False)
    (phase,) = read_phases(path, snapshot)
    assert (phase.formula.text, phase.formation_energy_ev_per_atom) == ("Li3YCl6", -2.41)
    assert phase.uncertainty_ev_per_atom == 0.02
    bare = "no header: columns read as formula, formation_energy_ev_per_atom, uncertainty_ev_per_atom"
    assert phase.remarks == ((bare,) if name.endswith("txt") else ())


def test_all_faults_are_told_at_once_with_their_rows(csv_file: Path, snapshot: Snapshot) -> None:
    csv_file.write_text(
        HEAD + "LiX,-2,0.1,\nLi3YCl6,-2.4,0.02,\n\nLiKrCl,-2,0.1,\nLi6Y2Cl12,-2,0.1,\nLiCl,a,0.1,\n", "utf-8"
    )
    with pytest.raises(InputError) as refused:
        read_phases(csv_file, snapshot)
    message = str(refused.value)
    assert "4 rows cannot be used: row 2: formula 'LiX'" in message
    for told in ("row 5: LiKrCl: ", "reference for Kr", "row 6: Li3YCl6 twice, as in row 3", "row 7: form"):
        assert told in message


def test_what_a_file_abbreviates_is_told(csv_file: Path) -> None:
    csv_file.write_text(HEAD + "LYC,-2.41,0.02,\n", "utf-8")
    assert "LYC read as Li3YCl6" in load_snapshot(phases=csv_file).notes


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("own.csv", "", "no column 'formula'"),
        ("own.csv", HEAD, "no phases"),
        ("own.json", "[]", "no phases"),
        ("own.csv", "formula,note\nLiCl,x\n", "no column 'formation_energy_ev_per_atom'"),
        ("own.csv", HEAD + '"LiCl,-2,0.1,x\n', "cannot be read"),
        ("own.csv", "formula,energy\nLiCl,-2\n", "unknown column 'energy'"),
        ("own.json", "{", "malformed JSON"),
        ("own.json", "[" * 100_000, "malformed JSON"),
        ("own.json", '{"formula": "LiCl"}', "not a list"),
        ("own.json", "[1]", "not a list"),
        ("own.doc", HEAD, "unknown suffix"),
    ],
)
def test_a_bad_file_is_one_clear_line(
    tmp_path: Path, snapshot: Snapshot, name: str, content: str, complaint: str
) -> None:
    (tmp_path / name).write_text(content, "utf-8")
    with pytest.raises(InputError, match=complaint):
        read_phases(tmp_path / name, snapshot)


def test_an_absent_file_is_one_clear_line(tmp_path: Path, snapshot: Snapshot) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_phases(tmp_path / "absent.csv", snapshot)


def test_another_scheme_is_refused(csv_file: Path, snapshot: Snapshot) -> None:
    csv_file.write_text(HEAD.strip() + f',energy_scheme\nLi3YCl6,-2.4,0.02,x,"{R2SCAN}"\n', "utf-8")
    with pytest.raises(InputError, match="never mix schemes"):
        read_phases(csv_file, snapshot)


# --- calculated entries; energies made up ---------------------------------------------------------


def entry(formula: str, energy_ev_per_atom: float, run_type: str = "GGA") -> ComputedEntry:
    composition = Composition(formula)
    guesses = composition.oxi_state_guesses() if len(composition) > 1 else ()
    potcars = {"Li": "Li_sv", "Y": "Y_sv"}
    return ComputedEntry(
        composition,
        energy_ev_per_atom * composition.num_atoms,
        parameters={
            "run_type": run_type,
            "hubbards": {},
            "potcar_symbols": [f"PBE {potcars.get(str(e), str(e))}" for e in composition],
        },
        data={"oxidation_states": guesses[0] if guesses else {}},
    )


MADE_UP = (("Li", -1.9), ("Y", -6.4), ("Cl", -1.8), ("Li3YCl6", -4.4), ("Li3YCl6", -4.5))


def rows(entries: list[ComputedEntry]) -> list[dict[str, Any]]:
    return [json.loads(json.dumps(each.as_dict(), default=str)) for each in entries]


def formation_energy(corrected: list[ComputedEntry]) -> float:
    """Lowest Li3YCl6 against the elements, written out."""
    energy = {each.composition.reduced_formula: each.energy_per_atom for each in corrected}
    energy["Li3YCl6"] = min(e.energy_per_atom for e in corrected if len(e.composition) > 1)
    return energy["Li3YCl6"] - (3 * energy["Li"] + energy["Y"] + 6 * energy["Cl2"]) / 10


@pytest.mark.filterwarnings("ignore")
def test_corrected_entries_join_their_own_scheme(tmp_path: Path) -> None:
    corrected = MaterialsProject2020Compatibility(check_potcar=False).process_entries(
        [entry(*each) for each in MADE_UP]
    )
    (phase,) = phases_of_entries(rows(corrected), MP2020, tmp_path / "own.json")
    assert phase.formation_energy_ev_per_atom == pytest.approx(formation_energy(corrected))
    assert min(each.correction for each in corrected) < -1.0
    assert phase.uncertainty_ev_per_atom == 0.0
    assert phase.note == "calculated, GGA (own.json)"


@pytest.mark.filterwarnings("ignore")
def test_legacy_corrections_join_the_embedded_snapshot(tmp_path: Path, snapshot: Snapshot) -> None:
    corrected = MaterialsProjectCompatibility().process_entries([entry(*each) for each in MADE_UP])
    path = tmp_path / "own.json"
    path.write_text(json.dumps(rows(corrected)), "utf-8")
    (phase,) = read_phases(path, snapshot)
    assert phase.formation_energy_ev_per_atom == pytest.approx(formation_energy(corrected))


def test_uncorrected_entries_are_refused_where_the_scheme_corrects(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"correction of 0\.000 eV/atom.*MaterialsProject2020Compat"):
        phases_of_entries(rows([entry(*each) for each in MADE_UP]), MP2020, tmp_path / "own.json")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("off_ev_per_atom", "taken"), [(0.0005, True), (0.002, False), (0.05, False)])
def test_a_correction_is_that_of_the_scheme_to_a_millielectronvolt(
    tmp_path: Path, off_ev_per_atom: float, taken: bool
) -> None:
    corrected = rows(
        MaterialsProject2020Compatibility(check_potcar=False).process_entries(
            [entry(*each) for each in MADE_UP]
        )
    )
    salt = next(each for each in corrected if len(each["composition"]) > 1)
    salt["correction"] += off_ev_per_atom * sum(salt["composition"].values())
    if taken:
        assert phases_of_entries(corrected, MP2020, tmp_path / "own.json")
    else:
        with pytest.raises(InputError, match="carries a correction of"):
            phases_of_entries(corrected, MP2020, tmp_path / "own.json")


def test_another_kind_of_calculation_is_refused(tmp_path: Path) -> None:
    entries = [entry(*each, run_type="r2SCAN") for each in MADE_UP]
    with pytest.raises(InputError, match="run type 'r2SCAN'"):
        phases_of_entries(rows(entries), MP2020, tmp_path / "own.json")
    (phase,) = phases_of_entries(rows(entries), R2SCAN, tmp_path / "own.json")
    assert phase.formation_energy_ev_per_atom == pytest.approx(formation_energy(entries))


def test_nothing_calculated_joins_a_mixed_or_unknown_scheme(tmp_path: Path) -> None:
    for scheme in (MIXED, "somebody else's"):
        with pytest.raises(InputError, match="cannot join"):
            phases_of_entries(rows([entry(*each) for each in MADE_UP]), scheme, tmp_path / "own.json")


def test_a_missing_elemental_reference_is_refused(tmp_path: Path) -> None:
    entries = [entry(*each, run_type="R2SCAN") for each in MADE_UP if each[0] != "Y"]
    with pytest.raises(InputError, match="no elemental reference for Y"):
        phases_of_entries(rows(entries), R2SCAN, tmp_path / "own.json")


@pytest.mark.parametrize(
    "change",
    [
        {"composition": None},
        {"composition": {"Xx": 1.0}},
        {"energy": "low"},
        {"energy": float("nan")},
        {"parameters": {}},
        {"parameters": "GGA"},
        {"structure": {"lattice": {}}},
    ],
)
def test_a_malformed_entry_is_one_clear_line(tmp_path: Path, change: dict[str, Any]) -> None:
    damaged = rows([entry(*each, run_type="R2SCAN") for each in MADE_UP])
    damaged[3] |= change
    with pytest.raises(InputError, match="entry 4"):
        phases_of_entries(damaged, R2SCAN, tmp_path / "own.json")


def test_entries_and_rows_do_not_mix(tmp_path: Path, snapshot: Snapshot) -> None:
    path = tmp_path / "own.json"
    path.write_text(json.dumps([*rows([entry("Li", -1.9)]), {"formula": "LiCl"}]), "utf-8")
    with pytest.raises(InputError, match="mixes"):
        read_phases(path, snapshot)


def test_reading_a_file_runs_nothing_in_it(tmp_path: Path) -> None:
    """Nested objects of a pymatgen dictionary are data here: none is brought to life."""
    (hostile,) = rows([entry("Li", -1.9, run_type="R2SCAN")])
    trace = tmp_path / "ran"
    hostile["energy_adjustments"] = [
        {"@module": "pathlib", "@class": "Path", "@version": None, "args": [str(trace)]},
        {"@module": "subprocess", "@class": "Popen", "args": ["touch", str(trace)]},
    ]
    assert phases_of_entries([hostile], R2SCAN, tmp_path / "own.json") == []
    assert not trace.exists()


def test_own_phases_take_part_in_the_hull(csv_file: Path) -> None:
    """A made-up compound far below all others is at once the hull at its composition."""
    from screening.thermo.reactants import hull_energy

    csv_file.write_text(HEAD + "Li3YCl6,-5.5,0.02,made up\n", "utf-8")
    formula = parse_formula("Li3YCl6")
    forced = load_snapshot(phases=OwnPhases(csv_file, force=True))
    assert hull_energy(forced, formula) == pytest.approx(-5.5)
    assert hull_energy(load_snapshot(), formula) > -3.5


def test_temperature_comes_after_joining(csv_file: Path) -> None:
    csv_file.write_text(HEAD.strip() + ",volume_per_atom_a3\nLi3YCl6,-2.41,0.02,x,19.5\n", "utf-8")
    warm = load_snapshot(phases=csv_file, temperature_k=400.0)
    phase = warm.find(parse_formula("Li3YCl6"))
    assert warm.phases.uncertainty_ev_per_atom[phase] == pytest.approx(np.hypot(0.02, 0.05))
    assert warm.phases.formation_energy_ev_per_atom[phase] != -2.41


@pytest.mark.parametrize("energies", ["corrected", "as-published"])
@pytest.mark.parametrize(("energy", "replace"), [(-1.45, False), (-1.30, True)])
def test_an_own_gas_counts_at_a_temperature_by_its_enthalpy(
    csv_file: Path, energies: str, energy: float, replace: bool
) -> None:
    """CRC Handbook: CO2 has a Gibbs energy of formation 0.9 kJ/mol below its enthalpy, at 298 K."""
    csv_file.write_text(HEAD + f"CO2,{energy},0.02,mine\n", "utf-8")
    own = OwnPhases(csv_file, replace=replace or energies == "as-published")
    warm = load_snapshot(phases=own, temperature_k=300.0, energies=energies)
    phase = warm.find(parse_formula("CO2"))
    assert warm.phases.formation_energy_ev_per_atom[phase] == pytest.approx(
        energy - 0.9 / 96.485 / 3, abs=2e-3
    )
    assert warm.phases.origin[phase] == "given by you"


def test_an_own_gas_moves_a_reaction_by_what_it_differs(csv_file: Path) -> None:
    """CaO + CO2 at 300 K with CO2 0.09 eV/atom lower gives 0.27 eV less per formula."""
    from screening.api.interfaces import react

    plain = react("CaO", "CO2", temperature_k=300.0)
    theirs = -393.5 / 96.485 / 3
    csv_file.write_text(HEAD + "CO2,-1.45,0.02,mine\n", "utf-8")
    low = react("CaO", "CO2", phases=csv_file, temperature_k=300.0)
    at = plain.minimum_mutual
    lost = (theirs + 1.45) * 3 / 5
    changed = low.minimum_mutual.mutual_ev_per_atom - at.mutual_ev_per_atom
    assert changed == pytest.approx(lost, abs=1e-3)


def test_an_own_calculation_of_a_gas_that_does_not_count_is_told(csv_file: Path) -> None:
    csv_file.write_text(HEAD.strip() + ",origin\nCO2,-1.9,0.02,mine,calculated\n", "utf-8")
    warm = load_snapshot(phases=csv_file, temperature_k=300.0, energies="as-published")
    assert any("CO2: its measured Gibbs energy counts at a temperature" in note for note in warm.notes)


# --- own phases against the snapshot's --------------------------------------------------------------


def test_a_total_energy_is_refused_and_taken_only_by_force(csv_file: Path) -> None:
    """The mistake seen most: VASP's energy per atom in place of a formation energy."""
    csv_file.write_text(HEAD + "Li3YCl6,-4.231,0.02,total energy\n", "utf-8")
    with pytest.raises(
        InputError, match=r"Li3YCl6 lies 1\.8\d eV/atom below the hull of all other"
    ) as refused:
        load_snapshot(phases=csv_file)
    assert "--force" in str(refused.value)
    assert "\n" not in str(refused.value)
    taken = load_snapshot(phases=OwnPhases(csv_file, force=True))
    assert taken.phases.formation_energy_ev_per_atom[taken.find(parse_formula("Li3YCl6"))] == -4.231


@pytest.mark.parametrize(
    ("row", "origin", "why"),
    [  # measured: NBS tables, −2.49 eV/atom; the source has YbCl3 0.4 eV/atom too weak
        ("YbCl3,-2.49", "", "below the hull of all other phases, whose energies of Yb are wrong"),
        ("Li3YCl6,-2.8", "measured", "below the hull of all other phases, and is taken as measured"),
    ],
)
def test_what_lies_below_wrong_neighbours_or_is_measured_is_taken(
    csv_file: Path, row: str, origin: str, why: str
) -> None:
    csv_file.write_text(f"{HEAD.strip()},origin\n{row},0.02,x,{origin}\n", "utf-8")
    taken = load_snapshot(phases=csv_file)
    assert any(why in note for note in taken.notes)
    name, _, energy = row.partition(",")
    assert taken.phases.formation_energy_ev_per_atom[taken.find(parse_formula(name))] == float(energy)


def test_the_distance_below_the_hull_is_the_named_one(csv_file: Path, snapshot: Snapshot) -> None:
    from screening.thermo.reactants import hull_energy

    hull = hull_energy(load_snapshot(), parse_formula("Li3YCl6"))
    for beyond, fits in ((-0.01, True), (0.01, False)):
        csv_file.write_text(HEAD + f"Li3YCl6,{hull - TOO_LOW_EV_PER_ATOM - beyond},0.02,x\n", "utf-8")
        if fits:
            load_snapshot(phases=csv_file)
        else:
            with pytest.raises(InputError, match="below the hull"):
                load_snapshot(phases=csv_file)


def test_total_energies_of_a_whole_system_do_not_hide_each_other(csv_file: Path) -> None:
    csv_file.write_text(HEAD + "LiCl,-3.9,0,x\nYCl3,-4.6,0,x\nLi3YCl6,-4.3,0,x\n", "utf-8")
    with pytest.raises(InputError, match=r"LiCl lies .* YCl3 lies"):
        load_snapshot(phases=csv_file)


def test_a_phase_that_loses_is_told_and_replaces_if_it_shall(csv_file: Path) -> None:
    carbon_dioxide = parse_formula("CO2")
    theirs = load_snapshot().phases.formation_energy_ev_per_atom[load_snapshot().find(carbon_dioxide)]
    csv_file.write_text(HEAD + "CO2,-1.2,0.02,mine\n", "utf-8")
    kept = load_snapshot(phases=csv_file)
    assert kept.phases.formation_energy_ev_per_atom[kept.find(carbon_dioxide)] == theirs
    assert len(kept.notes) == 1
    assert kept.notes[0].startswith(f"CO2: the snapshot's {theirs:.3f} eV/atom is lower than your -1.200")
    by_option = load_snapshot(phases=OwnPhases(csv_file, replace=True))
    csv_file.write_text(HEAD.strip() + ",replace\nCO2,-1.2,0.02,mine,true\n", "utf-8")
    for replaced in (by_option, load_snapshot(phases=csv_file)):
        assert replaced.phases.formation_energy_ev_per_atom[replaced.find(carbon_dioxide)] == -1.2
        assert len(replaced) == len(load_snapshot())
        assert "replaces" in replaced.notes[0]


def test_one_that_wins_needs_no_words(csv_file: Path) -> None:
    csv_file.write_text(HEAD + "Li3YCl6,-2.41,0.02,x\n", "utf-8")
    assert load_snapshot(phases=csv_file).notes == ()


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("calculated", "calculated by you"),
        ("Measured", "measured"),
        ("estimated", "estimated"),
        ("", "given by you"),
    ],
)
def test_the_origin_is_what_the_file_says(csv_file: Path, snapshot: Snapshot, word: str, said: str) -> None:
    csv_file.write_text(HEAD.strip() + f",origin\nLi3YCl6,-2.41,0.02,x,{word}\n", "utf-8")
    assert read_phases(csv_file, snapshot)[0].origin == said


@pytest.mark.parametrize(("column", "cell"), [("origin", "guessed"), ("replace", "maybe")])
def test_another_word_is_refused(csv_file: Path, snapshot: Snapshot, column: str, cell: str) -> None:
    csv_file.write_text(HEAD.strip() + f",{column}\nLi3YCl6,-2.41,0.02,x,{cell}\n", "utf-8")
    with pytest.raises(InputError, match=f"{column} '{cell}'; write one of"):
        read_phases(csv_file, snapshot)


@pytest.mark.filterwarnings("ignore")
def test_an_own_calculation_is_no_estimate(tmp_path: Path) -> None:
    from screening.api.interfaces import react

    shifted = [(name, energy if name != "Li3YCl6" else energy + 0.55) for name, energy in MADE_UP]
    path = tmp_path / "own.json"
    path.write_text(
        json.dumps(rows(MaterialsProjectCompatibility().process_entries([entry(*e) for e in shifted])))
    )
    found = react("Li", "Li3YCl6", phases=OwnPhases(path, force=True))
    assert found.origins == {"Li3YCl6": "calculated by you"}
    assert not found.estimated
    assert "* calculated by you: Li3YCl6" in found.display().notes
    assert set(found.to_frame()["origins"]) == {"calculated by you: Li3YCl6"}
    assert found.as_dict()["origins"] == {"Li3YCl6": "calculated by you"}


def test_a_composition_joins_from_the_hull(snapshot: Snapshot) -> None:
    from screening.thermo.reactants import hull_energy

    doped = parse_formula("Li5.5PS4.5Cl1.5")
    joined = load_snapshot(at_hull=[doped.text, "LiCl"])
    phase = joined.find(doped)
    assert len(joined) == len(load_snapshot()) + 1
    assert joined.phases.origin[phase] == "taken from the hull"
    own = joined.phases.formation_energy_ev_per_atom[phase]
    assert own == pytest.approx(hull_energy(load_snapshot(), doped), abs=1e-6)
    assert 15.0 < joined.phases.volume_per_atom_a3[phase] < 25.0
    assert "Li5.5PS4.5Cl1.5 taken from the hull" in joined.manifest.name


def test_an_energy_of_another_scheme_or_sign_is_told(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    head = "formula,formation_energy_ev_per_atom,uncertainty_ev_per_atom\n"
    path.write_text(head + "Li2CO3,-2.2603,0.02\nLi3YCl6,0.5,0.02\nLi2NaCl3,-2.05,0.02\n", "utf-8")
    carbonate, sign = load_snapshot(phases=path).notes
    assert carbonate.startswith("Li2CO3: taken as it is")
    assert "--energies as-published" in carbonate
    assert sign.startswith("Li3YCl6: 2.8")
    assert "is the sign right?" in sign
    assert not any(
        "taken as it is" in note for note in load_snapshot(phases=path, energies="as-published").notes
    )


def test_calls_take_what_the_command_line_takes(csv_file: Path) -> None:
    import screening as scr

    csv_file.write_text(HEAD + "AlCl3,-1.6,0.02,too weak\n", "utf-8")
    options = {"phases": csv_file, "replace": True}
    assert "your -1.600 eV/atom replaces" in " ".join(scr.react("Li", "AlCl3", **options).notes)
    weak, kept = (scr.lithiate("AlCl3", phases=csv_file, replace=each) for each in (True, False))
    assert weak.cathodic_limit_v > kept.cathodic_limit_v
    assert scr.hull_energy("AlCl3", **options)[0].formation_energy_ev_per_atom == -1.6
    csv_file.write_text(HEAD + "Li3YCl6,-4.231,0.02,\n", "utf-8")
    with pytest.raises(InputError, match=r"as a total energy would.*force=True"):
        scr.react("Li", "Li3YCl6", phases=csv_file)
    assert scr.react("Li", "Li3YCl6", phases=csv_file, force=True).a == "Li"
    with pytest.raises(InputError, match="no own phases"):
        scr.react("Li", "Li3YCl6", force=True)
