"""``screening xrd``: what it prints, writes and refuses."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from screening.cli import main
from screening.lab.diffraction.pattern import PowderPattern
from screening.phases.structures import literature_cells
from screening.simulate.diffraction import Content, Scan, simulate_pattern
from screening.validation.diffraction import references

Run = Callable[..., tuple[int, str, str]]
BLANK = PowderPattern(np.linspace(10.0, 80.0, 100), np.ones(100))


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def _run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["screening", *map(str, arguments)])
        with pytest.raises(SystemExit) as leaving:
            main()
        out, err = capsys.readouterr()
        return int(leaving.value.code or 0), out, err

    return _run


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """LiCl and LiAl, and no reactor."""
    known = references(("LiCl", "LiAl"), literature_cells(), BLANK).known
    counts = simulate_pattern([Content(each, 3000.0) for each in known], Scan(), seed=5)
    path = tmp_path_factory.mktemp("xrd") / "after.xy"
    np.savetxt(path, np.column_stack([counts.two_theta_deg, counts.intensity]), fmt="%.3f")
    return path


def test_phases_are_told_and_files_written(run: Run, pattern: Path, tmp_path: Path) -> None:
    phases = [word for name in ("LiCl", "LiAl", "LiAlCl4", "Li3YI6") for word in ("--phase", name)]
    status, out, err = run("xrd", pattern, *phases, "--out", tmp_path / "out", "--plot", tmp_path / "a.svg")
    assert (status, err) == (0, "")
    assert "no structure at hand, not looked for (give --cif): Li3YI6" in out
    table = pd.read_csv(tmp_path / "out" / "phases.csv").set_index("name")
    assert table["presence"].to_dict() == {"LiCl": "seen", "LiAl": "seen", "LiAlCl4": "absent"}
    assert table["provenance"].str.contains("after.xy").all()
    assert {"two_theta_deg", "intensity", "calculated", "LiCl"} <= set(
        pd.read_csv(tmp_path / "out" / "fit.csv")
    )
    assert "LiAlCl₄" in (tmp_path / "a.svg").read_text("utf-8")
    assert (tmp_path / "out" / "xrd.png").stat().st_size > 10_000


def test_json_is_a_list_with_one_object_per_file(run: Run, pattern: Path) -> None:
    status, out, _ = run("xrd", pattern, "--phase", "LiCl", "--json")
    (found,) = json.loads(out)
    assert status == 0
    assert found["phases"][0]["presence"] == "seen"
    assert found["unexplained"], "the alloy was not named"


def test_a_reactor_brings_its_electrolyte_and_products(run: Run, pattern: Path) -> None:
    status, out, _ = run("xrd", pattern, "--reactor", "LiAlCl4", "--json")
    (found,) = json.loads(out)
    presence = {each["name"]: each["presence"] for each in found["phases"]}
    assert status == 0
    assert {"LiAlCl4", "LiCl", "LiAl", "Li"} <= set(presence)
    assert presence["LiAlCl4"] == "absent"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("none.xy", "--phase", "LiCl"), "cannot be read"),
        (("{pattern}",), "no phase to look for"),
        (("{pattern}", "--phase", "Xx2"), "Xx"),
        (("{pattern}", "--phase", "Li3YI6"), "no structure of Li3YI6"),
        (("{pattern}", "--phase", "LiCl", "--wavelength", "blue"), "no wavelength"),
        (("{pattern}", "--phase", "LiCl", "--plot", "a.gif"), "suffix"),
        (("{pattern}", "--phase", "LiCl", "--cif", "none.cif"), "cannot be read"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    run: Run, pattern: Path, arguments: tuple[str, ...], said: str
) -> None:
    status, out, err = run("xrd", *(word.format(pattern=pattern) for word in arguments))
    assert (status, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
