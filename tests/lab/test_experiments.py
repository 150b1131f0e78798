"""Sheets of cells: what is accepted, what is refused and how, and the example study from file to outcome."""

import math
import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screening.cli import main
from screening.errors import InputError
from screening.lab.analysis import CellAnalysis, analyse_cell, outcomes_frame
from screening.lab.cell import Cell, Experiment, Origin
from screening.lab.experiments import Survey, check, read_experiments, survey
from screening.lab.quantities import QUANTITIES, Quoted
from screening.lab.sheets import read_cell
from screening.simulate.impedance import REST_COMPLETION_S, rest_study
from screening.validation.example_study import SEED, sheets, write_example

SOUND = """
origin = "measured"
kind = "symmetric"
reactor = "LiAlCl4"
wt_percent = 50.0
diameter_mm = 10.0
layer_mg = 10.0

[[quoted]]
quantity = "life_h"
value = 120.0
where = "book 4, page 12"
"""


def write(directory: Path, text: str, name: str = "cell.toml") -> Path:
    path = directory / name
    path.write_text(text, "utf-8")
    return path


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("example")
    write_example(directory)
    return directory


def test_a_sound_sheet_gives_what_it_states(tmp_path: Path) -> None:
    record = read_cell(write(tmp_path, SOUND), Experiment)
    assert record.origin is Origin.MEASURED
    assert record.electrode_area_cm2 == pytest.approx(math.pi / 4)
    assert record.reactor_mg_per_cm2 == pytest.approx(5.0 / (math.pi / 4))
    assert (record.electrolyte, record.anode) == ("Li6PS5Cl", "Li")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("diameter_mm = 10.0", "diameter_mm = -1.0", ("cell.toml: diameter_mm", "-1.0", "greater than 0")),
        ("diameter_mm = 10.0", "diameter_mm = nan", ("diameter_mm", "correct the value")),
        ("diameter_mm = 10.0", "diameter = 10.0", ("diameter", "unknown key")),
        (
            "diameter_mm = 10.0",
            "diameter_mm = 10.0\narea_cm2 = 1.0",
            ("area_cm2 and diameter_mm", "keep one"),
        ),
        ('origin = "measured"', "", ("origin", "is missing", "add it")),
        ('origin = "measured"', 'origin = "guessed"', ("origin", "guessed", "'literature'")),
        ('reactor = "LiAlCl4"', "", ("reactor and wt_percent", "control")),
        ('reactor = "LiAlCl4"', 'reactor = "LAC!"', ("reactor", "LAC!", "no formula")),
        ("wt_percent = 50.0", "wt_percent = 150.0", ("wt_percent", "150.0", "100")),
        ('kind = "symmetric"', 'kind = "full"', ("[cathode]",)),
        ("value = 120.0", "value = true", ("quoted.0", "life_h", "a number in h")),
        ("value = 120.0", "value = -3.0", ("life_h", "outside 0 to inf")),
        ('quantity = "life_h"', 'quantity = "life"', ("no quantity 'life'", "life_h")),
        ('where = "book 4, page 12"', 'where = ""', ("quoted.0.where", "at least 1 character")),
        ('where = "book 4, page 12"', "", ("quoted.0.where", "is missing")),
        ('origin = "measured"', "origin = measured", ("not TOML", "line 2")),
        ("layer_mg = 10.0", '[files]\ncycling = ["nowhere.csv"]', ("files", "nowhere.csv", "relative")),
        ("layer_mg = 10.0", '[files]\ncycling = ["/etc/passwd"]', ("files.cycling", "relative to the sheet")),
        ("wt_percent = 50.0", "wt_percent = true", ("wt_percent", "True", "give a number")),
        ("diameter_mm = 10.0", 'diameter_mm = "10"', ("diameter_mm", "'10'", "without quotes")),
        ("diameter_mm = 10.0", "diameter_mm = 1e9", ("diameter_mm", "more than 300 mm")),
        ("layer_mg = 10.0", "layer_mg = 1e7", ("layer_mg", "more than 100000 mg")),
        ("layer_mg = 10.0", "pressure_mpa = 1e12", ("pressure_mpa", "more than 2000 MPa", "not Pa")),
        ("layer_mg = 10.0", "temperature_c = 298.15", ("temperature_c", "298.15", "not kelvin")),
        ("layer_mg = 10.0", "rest_h = 172800", ("rest_h", "not seconds")),
        (
            "layer_mg = 10.0",
            "[protocol]\nlower_v = 4.2\nupper_v = 2.6",
            ("protocol", "4.2 is not below", "2.6"),
        ),
        ('reactor = "LiAlCl4"', 'reactor = "LiXxCl4"', ("reactor", "LiXxCl4", "no element is called Xx")),
        ('reactor = "LiAlCl4"', 'reactor = "LiAlCl0"', ("reactor", "amount of zero")),
        ('reactor = "LiAlCl4"', 'reactor = "LiAl)Cl4"', ("reactor", "no formula")),
        ("layer_mg = 10.0", 'stack = "Li/SL/Li"', ("stack", "Li/SL/Li", 'give a list, as ["Li", "layer"')),
        ("layer_mg = 10.0", "layer = 10.0", ("layer: unknown key", "did you mean layer_mg?")),
        (
            "layer_mg = 10.0",
            "[protocol]\ncurrent = 0.5",
            ("protocol.current", "did you mean current_ma_per_cm2?"),
        ),
        ("layer_mg = 10.0", "upper_v = 4.2", ("upper_v", "it belongs to [protocol]")),
        ("layer_mg = 10.0", "[files]\nnotes = 'x'", ("files.notes", "it belongs to the sheet itself")),
        ("value = 120.0", 'value = "long"', ("quoted.0.value", "give a number, or true or false")),
    ],
)
def test_a_faulty_sheet_is_told_in_one_line(
    tmp_path: Path, old: str, new: str, told: tuple[str, ...]
) -> None:
    path = write(tmp_path, SOUND.replace(old, new))
    with pytest.raises(InputError) as caught:
        read_cell(path, Experiment)
    line = str(caught.value)
    assert "\n" not in line
    assert str(path) in line
    assert all(part in line for part in told), line
    assert caught.value.remedy


def test_a_figure_is_quoted_once(tmp_path: Path) -> None:
    again = SOUND + '\n[[quoted]]\nquantity = "life_h"\nvalue = 1.0\nwhere = "page 13"\n'
    with pytest.raises(InputError, match="life_h quoted twice"):
        read_cell(write(tmp_path, again), Experiment)


def test_a_sheet_that_measured_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing measured"):
        read_cell(write(tmp_path, SOUND[: SOUND.index("[[quoted]]")]), Experiment)


def test_survey_collects_every_fault_and_keeps_the_sound(tmp_path: Path) -> None:
    write(tmp_path, SOUND, "a.toml")
    write(tmp_path, SOUND.replace("10.0", "-1.0"), "b.toml")
    write(tmp_path, "[", "c.toml")
    (tmp_path / "deeper").mkdir()
    write(tmp_path / "deeper", SOUND, "a.toml")
    found = survey(tmp_path)
    told = [str(fault) for fault in found.faults]
    assert len(told) == 4
    assert [sum(f"b.toml: {key}" in line for line in told) for key in ("diameter_mm", "layer_mg")] == [1, 1]
    assert found.n_faulty == 3
    assert {"a"} == {experiment.name for experiment in found.cells}
    assert any("another sheet has this name" in str(fault) for fault in found.faults)
    with pytest.raises(InputError):
        read_experiments(tmp_path)


@pytest.mark.parametrize("name", ["missing", "empty"])
def test_a_folder_without_sheets_is_refused(tmp_path: Path, name: str) -> None:
    if name == "empty":
        (tmp_path / name).mkdir()
    with pytest.raises(InputError):
        survey(tmp_path / name)


@given(st.sampled_from(sorted(QUANTITIES)), st.floats(allow_nan=False, allow_infinity=False))
def test_quoted_numbers_lie_within_the_bounds_of_their_quantity(name: str, value: float) -> None:
    quantity = QUANTITIES[name]
    inside = not quantity.yes_or_no and quantity.lowest <= value <= quantity.highest
    try:
        Quoted(quantity=name, value=value, where="here")
    except ValueError:
        assert not inside
    else:
        assert inside


def test_the_example_is_sound_and_says_what_each_cell_is(example: Path) -> None:
    found = read_experiments(example)
    assert {experiment.path.name for experiment in found} == set(sheets())
    for experiment in found:
        record = experiment
        raw = record.files.impedance or record.files.cycling
        if record.origin is Origin.SIMULATED:
            assert experiment.name.startswith("simulated-")
            assert "no measurement" in record.notes
            assert all("simulated" in name for name in raw)
        else:
            assert record.origin is Origin.LITERATURE
            assert not raw
            assert "No raw data" in record.notes
            assert all(quoted.where.startswith("doi:") for quoted in record.quoted)


def test_the_example_overwrites_nothing(example: Path) -> None:
    with pytest.raises(InputError, match="already"):
        write_example(example)


def test_simulated_cells_yield_their_truth_through_their_files(example: Path) -> None:
    cells = {cell.name: cell for cell in map(analyse_cell, read_experiments(example))}
    rest = cells["simulated-rest"]
    done = rest.outcomes["completion_h"]
    assert done.sd is not None
    assert abs(done.value - REST_COMPLETION_S / 3600.0) < 3.0 * done.sd
    study = rest_study()
    first, last = (study.circuit(study.time_s[at]).total_ohm for at in (0, -1))
    assert rest.outcomes["resistance_ratio"].value == pytest.approx(last / first, abs=0.02)
    assert rest.value("reacting_interface_fades") == rest.value("alloy_contact_appears") == 1.0
    assert rest.value("shorts_at_rest") == 0.0
    full = cells["simulated-full"]
    assert full.value("first_efficiency") == pytest.approx(0.96, abs=2e-3)
    assert full.value("first_discharge_mah_per_g") == pytest.approx(137.5, rel=2e-3)
    assert full.value("retention_100_cycles") == pytest.approx(0.71, abs=5e-3)
    assert full.value("first_plateau_v") == pytest.approx(3.9, abs=0.01)
    assert full.value("extra_plateau") == 0.0
    control = cells["simulated-symmetric-control"].outcomes["life_h"]
    assert control.value == pytest.approx(20.0, abs=2.5)
    assert not control.at_least
    assert cells["simulated-symmetric-layer"].outcomes["life_h"].at_least


def test_areas_of_simulated_cells_are_those_of_the_simulation(example: Path) -> None:
    from screening.simulate.symmetric import Scenario, simulate

    for name, scenario in (("layer", Scenario.STABILISING), ("control", Scenario.HARD)):
        record = read_cell(example / f"simulated-symmetric-{name}.toml", Experiment)
        assert record.electrode_area_cm2 == pytest.approx(simulate(scenario, SEED).area_cm2)


def test_a_figure_is_not_quoted_beside_files_that_give_it(example: Path) -> None:
    text = (example / "simulated-full.toml").read_text("utf-8")
    quoted = '\n[[quoted]]\nquantity = "first_efficiency"\nvalue = 0.99\nwhere = "book"\n'
    path = write(example, text + quoted, "doubled.toml")
    try:
        with pytest.raises(InputError, match=r"keep the figure or the files"):
            analyse_cell(read_cell(path, Experiment))
    finally:
        path.unlink()


def test_extra_plateaus_are_told_only_where_the_cathode_is_known(example: Path) -> None:
    text = (example / "simulated-full.toml").read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("plateau_")]
    path = write(example, "\n".join(lines), "unknown-cathode.toml")
    try:
        cell = analyse_cell(read_cell(path, Experiment))
    finally:
        path.unlink()
    assert "first_plateau_v" in cell.outcomes
    assert "extra_plateau" not in cell.outcomes
    assert any("not stated" in remark for remark in cell.remarks)


def test_raw_files_that_cannot_be_used_leave_a_remark(tmp_path: Path) -> None:
    (tmp_path / "noise.csv").write_text("no table at all", "utf-8")
    sheet = SOUND.replace("layer_mg = 10.0", '[files]\ncycling = ["noise.csv"]')
    cell = analyse_cell(read_cell(write(tmp_path, sheet), Experiment))
    assert set(cell.outcomes) == {"life_h"}
    (remark,) = cell.remarks
    assert remark.startswith("raw files give no outcome")
    assert "noise.csv" in remark


SYMMETRIC_FILE = SOUND.replace("layer_mg = 10.0", '[files]\ncycling = ["raw.csv"]')


@pytest.mark.parametrize("content", [b"", bytes(range(256)) * 16], ids=["empty", "random bytes"])
@pytest.mark.parametrize("kind", ["impedance", "cycling", "diffraction"])
def test_a_raw_file_that_holds_nothing_is_a_fault_of_its_sheet(
    tmp_path: Path, content: bytes, kind: str
) -> None:
    (tmp_path / "raw.csv").write_bytes(content)
    sheet = SYMMETRIC_FILE.replace("cycling", kind).replace(
        "symmetric", "rest" if kind == "impedance" else "symmetric"
    )
    path = write(tmp_path, sheet)
    found = check(tmp_path)
    assert (found.cells, found.n_faulty) == ((), 1)
    (fault,) = found.faults
    assert str(fault).startswith(f"{path}: files: ")
    assert "raw.csv" in str(fault)
    assert fault.remedy


def test_check_tells_a_figure_that_the_files_give_too(example: Path, tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    text = (example / "simulated-full.toml").read_text("utf-8")
    for name in read_cell(example / "simulated-full.toml", Experiment).files.all:
        shutil.copy(example / name, tmp_path / name)
    sound = check_after(tmp_path, text)
    assert ([cell.name for cell in sound.cells], sound.faults, sound.n_faulty) == (["cell"], (), 0)
    doubled = check_after(
        tmp_path, text + '\n[[quoted]]\nquantity = "first_efficiency"\nvalue = 0.99\nwhere = "book"\n'
    )
    assert (doubled.cells, doubled.n_faulty) == ((), 1)
    assert "keep the figure or the files" in str(doubled.faults[0])


def check_after(directory: Path, text: str) -> Survey[CellAnalysis]:
    write(directory, text)
    return check(directory)


def test_the_table_of_outcomes_has_one_row_per_figure(example: Path) -> None:
    cells = [analyse_cell(e) for e in read_experiments(example) if e.origin is Origin.LITERATURE]
    frame = outcomes_frame(cells)
    assert len(frame) == sum(len(cell.sheet.quoted) for cell in cells)
    assert set(frame["origin"]) == {"literature"}
    assert set(frame["quantity"]) <= set(QUANTITIES)


def test_cell_sheet_carries_area_and_active_mass() -> None:
    content = {
        "origin": "measured",
        "kind": "full",
        "diameter_mm": 10.0,
        "cathode": {"material": "LiCoO2", "composite_mg": 10.0, "active_fraction": 0.7},
        "quoted": [{"quantity": "first_efficiency", "value": 0.9, "where": "here"}],
    }
    sheet = Cell.model_validate(content)
    assert sheet.active_material_mg == pytest.approx(7.0)
    assert sheet.electrode_area_cm2 == pytest.approx(math.pi / 4)


def screening(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["screening", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_the_command_line_checks_and_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    study = tmp_path / "study"
    assert screening(monkeypatch, "experiments", "example", str(study)) == 0
    assert f"{len(sheets())} sheets" in capsys.readouterr().out
    assert screening(monkeypatch, "experiments", "check", str(study)) == 0
    assert f"{len(sheets())} sound, 0 faulty" in capsys.readouterr().out
    for name in ("old-a.toml", "old-b.toml"):
        write(study, SOUND.replace("diameter_mm", "die_mm"), name)
    assert screening(monkeypatch, "experiments", "check", str(study)) == 0
    assert capsys.readouterr().err == "note: die_mm is now diameter_mm (2 sheets to change)\n"
    for name in ("old-a.toml", "old-b.toml"):
        (study / name).unlink()
    write(study, SOUND.replace("diameter_mm = 10.0", "diameter_mm = 0"), "wrong.toml")
    assert screening(monkeypatch, "experiments", "check", str(study)) == 2
    told = capsys.readouterr()
    assert told.err.count("\n") == 1
    assert "wrong.toml: diameter_mm" in told.err
    assert f"{len(sheets())} sound, 1 faulty" in told.out
