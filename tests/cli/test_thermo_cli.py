"""``screening react`` and ``screening lithiate``: what they write and what they refuse."""

import re
from pathlib import Path

import pytest

from screening.cli import main


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path):
    """Run the command in an empty folder: exit status, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def _run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["screening", *arguments])
        with pytest.raises(SystemExit) as leaving:
            main()
        captured = capsys.readouterr()
        return int(leaving.value.code or 0), captured.out, captured.err

    return _run


class TestFiles:
    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (("--csv", ""), "is not a file name"),
            (("--csv", "/"), "is not a file name"),
            (("--csv", "folder"), "folder: is a directory"),
            (("--plot", "folder.png"), "folder.png: is a directory"),
            (("--csv", "good.csv", "--plot", "nodir/f.png"), "nodir/f.png: cannot write"),
            (("--csv", "x.png", "--plot", "x.png"), "x.png: named twice"),
        ],
    )
    def test_a_wrong_name_is_refused_before_anything_is_written(
        self, run, tmp_path: Path, arguments: tuple[str, ...], said: str
    ) -> None:
        (tmp_path / "folder").mkdir()
        (tmp_path / "folder.png").mkdir()
        status, out, err = run("react", "Li", "LiAlCl4", *arguments)
        assert (status, out) == (2, "")
        assert said in err
        assert err.count("\n") == 1
        assert sorted(path.name for path in tmp_path.rglob("*")) == ["folder", "folder.png"]


@pytest.mark.parametrize("again", ["LiAlCl4", "Li2Al2Cl8"])
def test_a_reactant_named_twice_is_refused(run, again: str) -> None:
    status, out, err = run("react", "Li", "LiAlCl4", again)
    assert (status, out) == (2, "")
    assert f"LiAlCl4 and {again} are the same composition" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--share", "0.1"), "what is given off needs a voltage; add --to 5"),
        (("--host",), "what is given off needs a voltage"),
        (("--to", "5", "--share", "0.1", "--energy", "0.1"), "--share and --energy"),
        (("--to", "-1"), "--to: -1 V is out of range"),
    ],
)
def test_a_window_that_makes_no_sense_is_refused(run, arguments: tuple[str, ...], said: str) -> None:
    status, out, err = run("lithiate", "Li3PS4", *arguments)
    assert (status, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_both_sides_are_told_and_drawn(run, tmp_path: Path) -> None:
    status, out, _ = run("lithiate", "Li3PS4", "LiCoO2", "--to", "4.5", "--plot", "f.svg", "--csv", "t.csv")
    assert status == 0
    assert "8 Li3PS4 -> 23 Li + 4 P2S7 + LiS4" in out
    assert re.search(r"window 1\.8 \(.*\) to 3 \(.*\) V, useful window", out)
    assert "23 Li + 4 P₂S₇ + LiS₄" in (tmp_path / "f.svg").read_text("utf-8")
    assert "li_held_per_formula" in (tmp_path / "t.csv").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--voltage", "9"), "--voltage: 9 V is out of range"),
        (("--voltage", "4.2", "--mu", "Co=-1"), "one element can be open"),
        (("--mu", "Co"), "--mu: Co; write it as Co=-1, in eV"),
        (("--mu", "Co=-1", "--mu", "P=-1"), "2 elements given"),
        (("--open", "O2"), "O2 needs a pressure and a temperature"),
        (("--pressure", "1"), "a pressure of no gas"),
    ],
)
def test_an_open_element_that_makes_no_sense_is_refused(run, arguments: tuple[str, ...], said: str) -> None:
    status, out, err = run("react", "LiCoO2", "Li3PS4", *arguments)
    assert (status, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_a_pair_at_several_voltages_is_told_and_drawn(run, tmp_path: Path) -> None:
    status, out, _ = run(
        "react", "LiCoO2", "Li3PS4", "--voltage", "2.6,4.2", "--plot", "f.svg", "--csv", "t.csv"
    )
    assert status == 0
    assert "LiCoO2 | Li3PS4, 4.2 V vs Li" in out
    assert "non-Li atom" in out
    drawn = (tmp_path / "f.svg").read_text("utf-8")
    assert "LiCoO₂ | Li₃PS₄, 2.6 V vs Li" in drawn
    assert "Reaction energy, total (eV/non-Li atom)" in drawn
    assert "total_ev_per_closed_atom" in (tmp_path / "t.csv").read_text("utf-8")


def test_a_range_of_voltages_is_a_map(run, tmp_path: Path) -> None:
    status, out, _ = run("react", "LiCoO2", "Li3PS4", "--voltage", "2-4", "--plot", "f.svg")
    assert status == 0
    assert out.count("LiCoO2 | Li3PS4,") == 41
    drawn = (tmp_path / "f.svg").read_text("utf-8")
    assert "Voltage against Li (V)" in drawn
    assert "white: mixing ratio of the lowest energy" in drawn
