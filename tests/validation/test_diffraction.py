"""Powder patterns of cells: the phases that a campaign predicts, looked for and joined to its checks."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from screening.campaign.directory import ResultsDirectory
from screening.errors import InputError
from screening.lab.diffraction.findings import Presence
from screening.lab.diffraction.pattern import PowderPattern, Reference
from screening.lab.experiments import read_experiments
from screening.lab.readers.diffraction import read_pattern
from screening.phases.structures import literature_cells
from screening.simulate.diffraction import Content, Scan, simulate_pattern
from screening.validation.diffraction import look_for, references
from screening.validation.expected_phases import ExpectedPhases, expected_phases
from screening.validation.joining import Verdict
from screening.validation.predictions import prediction_of
from screening.validation.update import Prior
from screening.validation.validate import Validation, validate

Sheet = Callable[..., str]
QUICK = Prior(draws=500)
BLANK = PowderPattern(np.linspace(10.0, 80.0, 100), np.ones(100), name="blank")


def write_pattern(path: Path, *phases: str) -> None:
    """Counts of these phases as text."""
    known = references(phases, literature_cells(), BLANK).known
    pattern = simulate_pattern([Content(each, 3000.0, grain_nm=50.0) for each in known], Scan(), seed=3)
    np.savetxt(path, np.column_stack([pattern.two_theta_deg, pattern.intensity]), fmt="%.3f")


@pytest.fixture
def judged(tmp_path: Path, predictions: ResultsDirectory, sheet: Sheet) -> Callable[..., Validation]:
    def judge(*phases: str, quoted: tuple[str, ...] = ()) -> Validation:
        write_pattern(tmp_path / "after.xy", *phases)
        body = sheet("rest", "LiAlCl4", 50.0, *quoted, more='\n[files]\ndiffraction = ["after.xy"]\n')
        (tmp_path / "a.toml").write_text(body, "utf-8")
        return validate(predictions, read_experiments(tmp_path), prior=QUICK)

    return judge


def verdicts(found: Validation) -> dict[str, Verdict]:
    return {check.question: check.verdict for check in found.checks}


def test_a_layer_that_reacted_agrees(judged: Callable[..., Validation]) -> None:
    found = judged("LiCl", "LiAl", "Li")
    told = verdicts(found)
    assert told["the reactor's diffraction lines vanish"] is Verdict.AGREES
    assert told["a lithium salt forms"] is Verdict.AGREES
    assert told["the alloy or metal forms"] is Verdict.AGREES
    (cell,) = found.cells
    assert "after.xy" in cell.outcomes["reactor_lines_gone"].where
    assert "LiAlCl4 absent" in cell.outcomes["reactor_lines_gone"].where


def test_a_layer_that_did_not_react_contradicts(judged: Callable[..., Validation]) -> None:
    told = verdicts(judged("LiAlCl4", "Li"))
    assert told["the reactor's diffraction lines vanish"] is Verdict.CONTRADICTS
    assert told["a lithium salt forms"] is Verdict.CONTRADICTS


def test_what_a_pattern_tells_is_not_quoted_too(judged: Callable[..., Validation]) -> None:
    with pytest.raises(InputError, match="keep the figure or the files"):
        judged("LiCl", "LiAl", quoted=("reactor_lines_gone = true",))


def test_a_pattern_that_cannot_be_read_leaves_a_remark(
    tmp_path: Path, predictions: ResultsDirectory, sheet: Sheet
) -> None:
    (tmp_path / "bad.xy").write_text("no pattern\n", "utf-8")
    body = sheet("rest", "LiAlCl4", 50.0, more='\n[files]\ndiffraction = ["bad.xy"]\n')
    (tmp_path / "a.toml").write_text(body, "utf-8")
    (cell,) = validate(predictions, read_experiments(tmp_path), prior=QUICK).cells
    assert cell.outcomes == {}
    assert any("no powder pattern" in remark for remark in cell.remarks)


def test_phases_without_a_structure_are_named() -> None:
    found = references(["LiCl", "Li3YI6", "LiCl"], literature_cells(), BLANK)
    assert [each.name for each in found.known] == ["LiCl"]
    assert found.without_structure == ("Li3YI6",)


def test_no_structure_at_all_is_refused() -> None:
    with pytest.raises(InputError, match=r"no structure of Li3YI6.*--cif"):
        look_for(["Li3YI6"], literature_cells(), BLANK)


def test_the_bench_and_the_page_look_for_the_same_phases(predictions: ResultsDirectory) -> None:
    from screening.handoff.plan import Plan
    from screening.handoff.sheet import bench_sheet
    from screening.lab.cell import Cell
    from screening.thermo.sources import load_snapshot

    cell = Cell(reactor="AlLiCl4", wt_percent=50.0)
    prediction = prediction_of(predictions, cell)
    assert prediction is not None
    page = ExpectedPhases.of(cell, prediction, literature_cells()).names
    sheet = bench_sheet(load_snapshot("mp2019", None, None), "LiAlCl4", Plan())
    assert page == expected_phases("LiAlCl4", "Li6PS5Cl", "Li", sheet.plateaus)
    assert {"LiAlCl4", "LiCl", "LiAl", "Li9Al4", "Li6PS5Cl", "Li"} <= set(page)


def test_a_phase_written_twice_is_searched_for_once() -> None:
    assert expected_phases("LiAlCl4", "AlLiCl4", "Li") == ("LiAlCl4", "Li")


def test_a_phase_is_not_seen_by_the_lines_of_phases_without_a_structure(lab_data):
    """The mixture holds no LiF; its own phases were asked for, and no structure of them was given."""
    pattern = read_pattern(lab_data / "xrd" / "Li2MnO3+MnO+TiO2.xy.gz")
    found = look_for(("Li2MnO3", "MnO", "TiO2", "LiF"), literature_cells(), pattern)
    assert found.without_structure == ("Li2MnO3", "MnO", "TiO2")
    assert found.of("LiF").presence is Presence.CANNOT_TELL
    assert "which may be of Li2MnO3, MnO, TiO2" in found.of("LiF").reason


LAYER = ("LiAlCl4", "Li6PS5Cl", "LiCl", "LiAl", "Li2S", "Li", "Al")

# h² + k² + l² and intensity of a refined argyrodite, as in tests/phases/test_powder.py
ARGYRODITE = (
    (3, 35),
    (8, 87),
    (11, 100),
    (12, 78),
    (19, 11),
    (24, 38),
    (27, 43),
    (32, 59),
    (40, 15),
    (44, 19),
)


@pytest.mark.parametrize("k_beta_share", [0.0, 0.05])
@pytest.mark.parametrize("reacted", [False, True])
def test_the_founding_layer_is_told_under_its_electrolyte(reacted: bool, k_beta_share: float) -> None:
    """Without a cell of Li6PS5Cl its lines counted for Li2S, and nothing else could be told."""
    squares, intensity = np.array(ARGYRODITE, dtype=float).T
    electrolyte = Reference("Li6PS5Cl", 9.87 / np.sqrt(squares), intensity, 0.0)
    known = {each.name: each for each in references(LAYER, literature_cells(), BLANK).known}
    layer = {"LiCl": 3000.0, "LiAl": 1500.0} if reacted else {"LiAlCl4": 3000.0}
    contents = [
        Content(electrolyte, 8000.0),
        *(Content(known[name], height) for name, height in layer.items()),
    ]
    pattern = simulate_pattern(contents, Scan(k_beta_share=k_beta_share), seed=21)
    told = {each.name: each.presence for each in look_for(LAYER, literature_cells(), pattern).phases}
    assert {name for name in told if told[name] is Presence.SEEN} == {"Li6PS5Cl", *layer}
