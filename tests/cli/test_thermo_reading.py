"""What a user reads from ``react`` and ``lithiate``: directions, axes and streams."""

import json
from pathlib import Path

import pytest

from screening.cli import main


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path):
    """Run the command in an empty folder, where it succeeds: stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def _run(*arguments: str) -> tuple[str, str]:
        monkeypatch.setattr("sys.argv", ["screening", *arguments])
        with pytest.raises(SystemExit) as leaving:
            main()
        captured = capsys.readouterr()
        assert not leaving.value.code, captured.err
        return captured.out, captured.err

    return _run


def test_x_counts_the_first_reactant(run) -> None:
    (found,) = json.loads(run("react", "Li", "LiAlCl4", "--json")[0])
    assert (found["a"], found["b"]) == ("Li", "LiAlCl4")
    assert found["minimum"]["x_atomic"] == pytest.approx(3 / 9)
    assert found["minimum"]["x_molar"] == pytest.approx(3 / 4)
    (turned,) = json.loads(run("react", "LiAlCl4", "Li", "--json")[0])
    assert (turned["a"], turned["b"]) == ("LiAlCl4", "Li")
    assert turned["minimum"]["x_molar"] == pytest.approx(1 / 4)


def test_each_further_reactant_meets_the_first(run) -> None:
    found = json.loads(run("react", "Li", "LiAlCl4", "MgF2", "--json")[0])
    assert [(one["a"], one["b"]) for one in found] == [("Li", "LiAlCl4"), ("Li", "MgF2")]


@pytest.mark.parametrize(("axis", "x_of_minimum"), [("molar", "0.7500"), ("mass", "0.1059")])
def test_the_axis_asked_for_is_that_of_table_and_figure(run, axis: str, x_of_minimum: str) -> None:
    out, _ = run("react", "Li", "LiAlCl4", "--axis", axis, "--plot", "figure.svg")
    (line,) = [line for line in out.splitlines() if "minimum" in line and "->" in line]
    assert x_of_minimum in line
    label = {"molar": "x in x Li + (1 − x) LiAlCl", "mass": "Mass fraction"}[axis]
    assert label in Path("figure.svg").read_text(encoding="utf-8")


def test_what_was_read_for_something_else_is_no_part_of_the_results(run) -> None:
    out, err = run("lithiate", "LPSC", "--json")
    (found,) = json.loads(out)
    assert "Li6PS5Cl" in " ".join(found["notes"])
    assert out.lstrip().startswith("[")
    assert "LPSC" not in err or "Li6PS5Cl" in err
