"""What a command is told is what it computes with: numbers in JSON and figures, by hand or by the library."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import screening as scr
from screening.cli import main
from screening.cli.drt import _spectra
from screening.cli.options import write_json
from screening.errors import InputError, UnreachableError

Run = Callable[..., tuple[int, str, str]]

MASS_LI_G, MASS_LIALCL4_G = 6.941, 175.735


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run the command in an empty folder: exit status, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def _run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["screening", *map(str, arguments)])
        with pytest.raises(SystemExit) as leaving:
            main()
        out, err = capsys.readouterr()
        return int(leaving.value.code or 0), out, err

    return _run


def content(run: Run, *arguments: object) -> list[dict]:
    """JSON of a command, which must be all that stdout holds."""
    status, out, _ = run(*arguments, "--json")
    assert status == 0
    return json.loads(out)


@pytest.mark.parametrize(
    ("axis", "label"),
    [
        ("atomic", "Atomic fraction of Li in LiAlCl₄"),
        ("molar", "x in x Li + (1 − x) LiAlCl₄"),
        ("mass", "Mass fraction of Li in LiAlCl₄"),
    ],
)
def test_the_axis_of_table_and_figure_is_the_one_asked_for(run: Run, axis: str, label: str) -> None:
    status, out, _ = run("react", "Li", "LiAlCl4", "--axis", axis, "--plot", "f.svg")
    assert status == 0
    assert f"x: {axis} fraction of Li" in out
    assert label in Path("f.svg").read_text("utf-8")
    status, out, _ = run("figure", "LiAlCl4", "g.svg", "--axis", axis)
    assert status == 0
    assert {"atomic": "Atomic fraction", "molar": "x in x", "mass": "Mass fraction"}[axis] in Path(
        "g.svg"
    ).read_text("utf-8")


def test_three_lithium_to_one_reactor_on_every_axis(run: Run) -> None:
    (found,) = content(run, "react", "Li", "LiAlCl4")
    assert (found["a"], found["b"]) == ("Li", "LiAlCl4")
    low = found["minimum"]
    assert low["reaction"] == "3 Li + LiAlCl4 -> 4 LiCl + Al"
    assert (low["x_atomic"], low["x_molar"]) == pytest.approx((3 / 9, 3 / 4))
    assert low["x_mass"] == pytest.approx(3 * MASS_LI_G / (3 * MASS_LI_G + MASS_LIALCL4_G), abs=1e-5)
    # 9 atoms of mixture to one formula: 96.485 kJ/mol to the eV
    assert low["kj_per_mol_b"] == pytest.approx(9 * low["total_ev_per_atom"] * 96.48533)
    assert low["kj_as_written"] == pytest.approx(low["kj_per_mol_b"])


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (("--temperature", "300"), {"temperature_k": 300.0}),
        (("--energies", "anchored"), {"energies": "anchored"}),
        (("--voltage", "1.0"), {"voltage": "1.0"}),
        (("--voltage", "1.0", "--element", "Na"), {"voltage": "1.0", "element": "Na"}),
        (("--mu", "Li=-1.5"), {"mu": {"Li": -1.5}}),
    ],
)
def test_every_option_of_a_reaction_reaches_the_calculation(
    run: Run, arguments: tuple[str, ...], options: dict[str, object]
) -> None:
    (plain,) = content(run, "react", "NaAlCl4", "Li3PS4")
    (found,) = content(run, "react", "NaAlCl4", "Li3PS4", *arguments)
    (expected,) = scr.react(["NaAlCl4"], ["Li3PS4"], **options)
    assert found["kinks"] == json.loads(json.dumps(expected.as_dict()["kinks"]))
    assert found["kinks"] != plain["kinks"]


def test_what_is_to_be_known_goes_to_stderr(run: Run) -> None:
    status, out, err = run("react", "Li", "LPSC", "--json")
    assert status == 0
    assert "LPSC read as Li6PS5Cl" in err
    assert json.loads(out)[0]["notes"] == ["LPSC read as Li6PS5Cl"]


def test_json_never_holds_what_json_has_no_word_for() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json({"value": float("nan")})


@pytest.mark.parametrize(("error", "status"), [(InputError, 2), (UnreachableError, 3)])
def test_the_exit_status_says_whether_the_data_could_be_reached(
    run: Run, monkeypatch: pytest.MonkeyPatch, error: type[Exception], status: int
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise error("no such thing")

    monkeypatch.setattr("screening.api.interfaces.react", fails)
    assert run("react", "Li", "LiCl") == (status, "", "screening: no such thing\n")


def spectrum(path: Path, *, ohm: float) -> Path:
    """A resistor and capacitor in parallel, then a blocking electrode."""
    frequency = np.geomspace(7e6, 1, 50)
    jw = 2j * np.pi * frequency
    z = ohm / (1.0 + jw * ohm * 1e-10) + 1.0 / (3e-7 * jw**0.9)
    rows = [f"{f},{v.real},{-v.imag}" for f, v in zip(frequency, z, strict=True)]
    path.write_text("\n".join(["freq/Hz,Re(Z)/Ohm,-Im(Z)/Ohm", *rows]))
    return path


def test_the_area_reaches_the_spectra_and_their_figure(run: Run, tmp_path: Path) -> None:
    file = spectrum(tmp_path / "pellet_25C.csv", ohm=100.0)
    for area, unit in (((), "Ω)"), (("--area-cm2", "0.5"), "Ω·cm²)")):
        assert run("eis", file, *area, "--plot", "f.svg")[0] == 0
        assert unit in Path("f.svg").read_text("utf-8"), area
    assert [each.area_cm2 for each in _spectra([file], False, 0.5)] == [0.5]
    assert [each.area_cm2 for each in _spectra([file], False, None)] == [None]


def test_a_pellet_of_100_ohm_conducts_by_its_geometry(run: Run, tmp_path: Path) -> None:
    barrier_k = 4000.0
    files = [
        spectrum(
            tmp_path / f"pellet_{celsius}C.csv",
            ohm=100.0 * np.exp(barrier_k / (celsius + 273.15) - barrier_k / 298.15),
        )
        for celsius in (0, 25, 60)
    ]
    status, out, _ = run("arrhenius", *files, "--thickness-mm", 1, "--diameter-mm", 10, "--json")
    assert status == 0
    found = json.loads(out)
    at_25 = 0.1 / (100.0 * np.pi * 0.5**2)  # cm / (Ω cm²)
    assert found["points"][1]["conductivity_s_per_cm"] == pytest.approx(at_25, rel=1e-5)
    plain = found["lines"][1]  # σ, not σT
    assert plain["conductivity_s_per_cm"][0]["value"] == pytest.approx(at_25, rel=1e-4)
    assert plain["activation_energy_ev"]["value"] == pytest.approx(barrier_k * 8.617333e-5, rel=1e-4)
