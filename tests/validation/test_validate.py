"""The whole way: results and sheets in, one JSON and tables out, from Python and from the command line."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from screening.campaign.directory import ResultsDirectory
from screening.cli import main
from screening.errors import InputError
from screening.lab.experiments import read_experiments
from screening.plots.style import VERMILION
from screening.validation.example_study import write_example
from screening.validation.next_cells import read_shelf
from screening.validation.prior import Prior
from screening.validation.validate import Validation, tables, validate, with_error

Sheet = Callable[..., str]
QUICK = Prior(draws=4000)


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("example")
    write_example(directory)
    return directory


@pytest.fixture(scope="module")
def found(predictions: ResultsDirectory, example: Path) -> Validation:
    return validate(predictions, read_experiments(example), prior=QUICK)


def test_the_example_finds_the_contradictions_that_are_known(found: Validation) -> None:
    frame = found.contradictions_frame().set_index(["reactor", "question"])
    assert ("LiAlCl4", "the metal forms a connected network") not in frame.index
    for reactor in ("Li3HoCl6", "Li3YBr6"):
        assert (reactor, "the alloy relieves the electrolyte") not in frame.index
        row = frame.loc[(reactor, "the metal alloys with lithium")]
        assert row["predicted_value"] == 0.0
        assert row["measured"] == "the cell ran (Coulombic efficiency at least 0.92)"
        assert row["measured_value"] == 0.92
    assert not frame.index.has_duplicates


def test_the_map_shows_the_verdict_of_every_check(found: Validation) -> None:
    axes = found.plot(Figure().subplots())
    mesh = axes.collections[0]
    rows = [label.get_text() for label in axes.get_yticklabels()]
    questions = [label.get_text() for label in axes.get_xticklabels()]
    shades = mesh.to_rgba(mesh.get_array()).reshape(len(rows), len(questions), 4)
    place = rows.index("duan-2023-rest-50wt"), questions.index("the metal forms a connected network")
    assert (
        to_hex(shades[place]) == VERMILION.lower()
    )  # the one that the founding paper is known to contradict
    asked = {(check.cell, check.question) for check in found.checks}
    assert mesh.get_array().count() == len(asked)
    assert rows == list(dict.fromkeys(check.cell for check in found.checks))


def test_simulated_cells_are_shown_and_never_counted(found: Validation) -> None:
    assert "simulated" in {check.origin for check in found.checks}
    assert "simulated" not in {check.origin for check in found.contradictions}
    assert sum(int(group.n_cells.sum()) for group in found.groups) == sum(
        cell.sheet.origin == "literature" and outcome.quantity in {g.quantity for g in found.groups}
        for cell in found.cells
        if cell.sheet.reactor
        for outcome in cell.outcomes.values()
    )
    assert any("count in no agreement" in note for note in found.notes())


def test_a_rehearsal_says_that_it_is_one(predictions: ResultsDirectory, example: Path) -> None:
    sheets = [each for each in read_experiments(example) if "rest" in each.name]
    rehearsal = validate(predictions, sheets, simulated=True, prior=QUICK)
    assert any("rehearsal" in note for note in rehearsal.notes())
    assert any(group.quantity == "resistance_ratio" for group in rehearsal.groups)


def test_with_one_paper_it_is_too_few_to_tell(found: Validation) -> None:
    assert all(one.kendall is None for one in found.agreements)
    assert found.learnt.reason
    assert (found.ranking_frame()["places_gained"] == 0).all()


def test_files_hold_every_table_with_its_stamp(found: Validation, tmp_path: Path) -> None:
    written = found.write(tmp_path)
    document = json.loads(written[0].read_text("utf-8"))
    for name, table in tables(found).items():
        assert len(document[name]) == len(table)
        read = pd.read_csv(tmp_path / "validation" / f"{name}.csv")
        assert len(read) == len(table)
        if len(table):
            assert read["provenance"].str.startswith("interphase-screening ").all()
    assert document["provenance"]["study"] == "six-reactors"
    assert "21 cells" in document["provenance"]["source"]


def test_measured_orders_update_the_ranking_side_by_side(
    predictions: ResultsDirectory, tmp_path: Path, sheet: Sheet
) -> None:
    lives = {"LiAlCl4": 10, "Li10GeP2S12": 40, "MgI2": 80, "MgF2": 160, "Li3HoCl6": 320, "Li3YBr6": 640}
    for reactor, life in lives.items():
        for copy in range(2):
            body = sheet("symmetric", reactor, 50.0, f"life_h = {life + copy}")
            (tmp_path / f"{reactor}-{copy}.toml").write_text(body, "utf-8")
    learnt = validate(predictions, read_experiments(tmp_path))
    assert learnt.learnt.quantity == "life_h"
    (group,) = learnt.groups
    assert group.n_cells.tolist() == [2] * 6
    assert sorted(group.value) == sorted(lives.values())
    frame = learnt.ranking_frame().set_index("formula")
    assert frame.loc["LiAlCl4", "score_after"] < frame.loc["LiAlCl4", "score_before"]
    assert {"rank_before", "rank_after", "score_before", "score_after"} <= set(frame.columns)
    assert any("ranking updated by life_h" in note for note in learnt.notes())
    assert any("less likely under the study's weights" in note for note in learnt.notes())


def test_json_holds_the_head_of_a_long_ranking(found: Validation, monkeypatch: pytest.MonkeyPatch) -> None:
    from screening.validation import validate as module

    monkeypatch.setattr(module, "RANKS_IN_JSON", 2)
    document = found.as_dict()
    assert [row["rank_before"] for row in document["ranking"]] == [1, 2]


def test_an_unknown_outcome_is_told(predictions: ResultsDirectory) -> None:
    with pytest.raises(InputError, match="no quantity 'lifetime'"):
        validate(predictions, (), quantity="lifetime")


@pytest.mark.parametrize("fault", ["absent", "no json", "other json", "no parquet", "broken parquet"])
def test_damaged_results_are_told_in_one_line(results: Path, tmp_path: Path, fault: str) -> None:
    copy = tmp_path / "results"
    copy.mkdir()
    for name in ("ranking.json", "ranking.parquet"):
        shutil.copy(results / name, copy / name)
    if fault == "absent":
        copy = tmp_path / "nowhere"
    elif fault == "no json":
        (copy / "ranking.json").write_text("{", "utf-8")
    elif fault == "other json":
        (copy / "ranking.json").write_text("{}", "utf-8")
    elif fault == "no parquet":
        (copy / "ranking.parquet").unlink()
    else:
        (copy / "ranking.parquet").write_bytes(b"no parquet at all")
    with pytest.raises(InputError) as caught:
        ResultsDirectory(copy).checked()
    assert "\n" not in str(caught.value)
    assert caught.value.remedy


def test_a_shelf_is_read_however_formulas_are_written(predictions: ResultsDirectory, tmp_path: Path) -> None:
    path = tmp_path / "shelf.txt"
    path.write_text("# ours\nLi2Al2Cl8\n\nMgF2  # half a jar\nNaCl\n", "utf-8")
    shelf = read_shelf(path, predictions)
    assert shelf.shelf == {"LiAlCl4", "MgF2"}
    assert shelf.unknown == ("NaCl",)
    told = validate(predictions, (), prior=QUICK, shopping=shelf)
    assert any("on the shelf" in note and "NaCl" in note for note in told.notes())
    path.write_text("MgF2\nwhat?\n", "utf-8")
    with pytest.raises(InputError, match="line 2"):
        read_shelf(path, predictions)


@pytest.mark.parametrize(
    ("value", "error", "told"),
    [(0.41234, 0.0132, "0.41 ± 0.01"), (12.7, 2.6, "13 ± 3"), (0.5, 0.0, "0.500 ± 0.000")],
)
def test_numbers_are_shown_to_the_digits_of_their_error(value: float, error: float, told: str) -> None:
    assert with_error(value, error) == told


def test_a_sheet_with_no_formula_is_named_with_its_key(
    predictions: ResultsDirectory, tmp_path: Path, sheet: Sheet
) -> None:
    (tmp_path / "odd.toml").write_text(sheet("rest", "LiXxCl4", 50.0, "completion_h = 18"), "utf-8")
    with pytest.raises(InputError, match=r"odd\.toml: reactor") as caught:
        validate(predictions, read_experiments(tmp_path))
    assert "\n" not in str(caught.value)


def screening(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["screening", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_the_command_line_writes_and_summarises(
    results: Path,
    example: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = ("validate", str(results), str(example), "--out", str(tmp_path))
    assert screening(monkeypatch, *given) == 0
    told = capsys.readouterr().out
    assert "Contradictions:" in told
    assert "too few to tell" in told
    assert (tmp_path / "validation.json").is_file()
    assert screening(monkeypatch, *given, "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((tmp_path / "validation.json").read_text("utf-8"))


@pytest.mark.parametrize(
    "wrong",
    [
        ("--concentration", "0"),
        ("--max-cost", "-1"),
        ("--max-cost", "nan"),
        ("--shelf", "nowhere.txt"),
        ("--outcome", "lifetime"),
    ],
)
def test_faulty_options_end_in_one_line(
    results: Path,
    example: Path,
    wrong: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert screening(monkeypatch, "validate", str(results), str(example), *wrong) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert not (results / "validation.json").exists()
