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


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("react", "Li", "LiCl", "--temperature", "cold"), "'--temperature': 'cold': give a number"),
        (("lithiate", "LiCl", "--charge", "x"), "'--charge': 'x': give a whole number"),
        (("lithiate", "LiCl", "--charge", "0"), "'--charge': '0': give 1 or more"),
        (("react", "Li", "LiCl", "--axis", "foo"), "'--axis': 'foo' is not one of 'atomic', 'molar', 'mass'"),
    ],
)
def test_no_words_of_a_library_tell_what_is_wrong(run, arguments: tuple[str, ...], said: str) -> None:
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert said in err
    assert "Input should" not in err


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
    assert "2 Li3PS4 -> 6 Li + P2S7 + S" in out
    assert re.search(r"window 1\.8 \(.*\) to 3\.4 \(.*\) V, useful window", out)
    assert "6 Li + P₂S₇ + S" in (tmp_path / "f.svg").read_text("utf-8")
    assert "li_held_per_formula" in (tmp_path / "t.csv").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--voltage", "9"), "--voltage: 9 V is out of range"),
        (("--voltage", "4.2", "--mu", "Co=-1"), "one element can be open"),
        (("--mu", "Co"), "--mu: 'Co'; write it as Co=-1, in eV"),
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
    assert "white: the lowest mutual energy between the ends" in drawn


OWN = "formula,formation_energy_ev_per_atom,uncertainty_ev_per_atom,note\n"


class TestWhatIsSaid:
    def test_no_reaction_is_said_in_words(self, run) -> None:
        status, out, _ = run("react", "Li", "LiF")
        assert status == 0
        assert out.startswith("no reaction between Li and LiF\n")
        assert "minimum" not in out
        assert "0.000" not in out.replace("0.0000", "")

    def test_a_decay_of_one_alone_is_no_minimum(self, run) -> None:
        status, out, _ = run("react", "LiCl", "Li6PS5Cl")
        assert status == 0
        assert "no reaction between LiCl and Li6PS5Cl" in out
        assert "Li2S + Li3PS4 + LiCl (decays by itself)" in out
        assert "minimum" not in out

    def test_energy_and_equation_are_of_the_same_amount(self, run) -> None:
        _, out, _ = run("react", "Li", "LiAlCl4", "--digits", "1")
        (line,) = [line for line in out.splitlines() if "9 Li + 2 LiAlCl4" in line]
        assert "-1008.2" in line  # twice the 504.1 kJ of one mole

    def test_digits_follow_the_interval_unless_asked_for(self, run) -> None:
        plain, asked = (run("lithiate", "LiAlCl4", *more)[1] for more in ((), ("--digits", "4")))
        assert "1.5898" not in plain
        assert re.search(r"\n +1\.6 +1\.4 to 2\.1 +3 +457\.5 ", plain)
        assert "cathodic limit 1.6 V (1.4 to 2.1)" in plain
        assert "1.5898" in asked

    def test_a_floor_explains_two_capacities(self, run) -> None:
        _, out, _ = run("lithiate", "MgF2")
        assert "1290.6 mAh/g, 3011.3 down to 0 V" in out

    def test_the_charge_of_the_cation_is_stated_and_set(self, run) -> None:
        _, common, _ = run("lithiate", "CuCl2", "--element", "Cu")
        assert "against Cu/Cu2+" in common
        _, single, _ = run("lithiate", "CuCl2", "--element", "Cu", "--charge", "1")
        assert "V vs Cu/Cu+" in single
        status, _, err = run("lithiate", "CuCl2", "--element", "Cu", "--charge", "7")
        assert status == 2
        assert err == "screening: --charge: no cation Cu7+; choose from 1, 2, 3, 4\n"

    def test_room_temperature_is_taken_and_its_error_told(self, run) -> None:
        status, out, _ = run("react", "Li", "LiAlCl4", "--temperature", "298.15")
        assert status == 0
        assert "descriptor of Gibbs energies: 0.05 eV/atom of each compound, in the intervals" in out

    def test_what_was_read_for_something_else_is_on_stderr(self, run) -> None:
        status, out, err = run("react", "Li", "LPSC")
        assert status == 0
        assert err == "LPSC read as Li6PS5Cl\n"
        assert "read as" not in out


class TestOwnPhases:
    def test_a_total_energy_is_refused(self, run, tmp_path: Path) -> None:
        (tmp_path / "own.csv").write_text(OWN + "Li3YCl6,-4.231,0.02,x\n", "utf-8")
        status, out, err = run("lithiate", "Li3YCl6", "--phases", "own.csv")
        assert (status, out) == (2, "")
        assert "Li3YCl6 lies 1.8" in err
        assert "--force" in err
        assert err.count("\n") == 1
        assert run("lithiate", "Li3YCl6", "--phases", "own.csv", "--force")[0] == 0

    def test_a_phase_that_loses_is_told(self, run, tmp_path: Path) -> None:
        (tmp_path / "own.csv").write_text(OWN + "CO2,-1.2,0.02,x\n", "utf-8")
        status, out, err = run("snapshot", "energy", "CO2", "--phases", "own.csv")
        assert status == 0
        assert err.startswith("CO2: the snapshot's -1.359 eV/atom is lower than your -1.200 and stays")
        assert "-1.3594" in out
        _, out, err = run("snapshot", "energy", "CO2", "--phases", "own.csv", "--replace")
        assert "replaces the snapshot's" in err
        assert "-1.2000" in out
        assert "* given by you: CO2" in out

    @pytest.mark.parametrize(
        "verb",
        [
            ("react", "Li", "LiF"),
            ("lithiate", "LiF"),
            ("figure", "LiAlCl4"),
            ("stack", "Li | Li6PS5Cl | LiCoO2"),
            ("series", "Li{3-x}Y{1-x}Zr{x}Cl6"),
            ("snapshot", "energy", "LiF"),
            ("handoff", "LiAlCl4"),
            ("run", "six-reactors"),
        ],
    )
    def test_options_without_a_file_are_refused(self, run, verb: tuple[str, ...]) -> None:
        status, _, err = run(*verb, "--replace")
        assert status == 2
        assert "--replace: no own phases; add --phases" in err
