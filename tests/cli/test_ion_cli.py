"""Anodes of other ions than lithium: their own error bars and units, or none and a line why."""

import json
import sys
from pathlib import Path

import pandas as pd
import pytest

from screening.cli import main
from screening.reactors.uncertainty import error_models

STUDY = """
name = "other-ions"

[candidates]
formulas = ["NaAlCl4", "MgF2", "ZnCl2", "SnF2"]

[conditions]
anodes = ["{anode}"]
electrolytes = ["Na3PS4"]
contacts = ["relay"]

[uncertainty]
draws = 200
"""

WHY = "no calibrated error model for Ca, only for Li, Na, K, Mg"


def call(*arguments: object) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["screening", *map(str, arguments)])
        with pytest.raises(SystemExit) as leaving:
            main()
    return int(leaving.value.code or 0)


@pytest.fixture(scope="module", params=["Na", "Ca"])
def anode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def results(anode: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp(anode)
    (folder / "study.toml").write_text(STUDY.format(anode=anode), "utf-8")
    assert call("run", folder / "study.toml", "--out", folder / "out", "--jobs", 1, "--no-figures") == 0
    return folder / "out"


def test_units_are_those_of_the_ion(
    anode: str, results: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert call("top", results) == 0
    assert f"eV/{anode}" in capsys.readouterr().out
    assert call("report", results, "--out", tmp_path / "page.html") == 0
    page = (tmp_path / "page.html").read_text("utf-8")
    assert f"eV/{anode}" in page
    assert "eV/Li" not in page
    assert (f"No probabilities: {WHY}." in page) == (anode == "Ca")
    for one in json.loads((results / "ranking.json").read_text("utf-8"))["reactors"]:
        assert one["criteria"]["driving_force_ev_per_ion"]["unit"] == f"eV/{anode}"
    sheet = tmp_path / "bench"
    given = ("--results", results, "--anode", anode, "--electrolyte", "Na3PS4", "--out", sheet)
    assert call("handoff", "ZnCl2", *given) == 0
    assert f"eV/{anode}" in (sheet / "ZnCl2.html").read_text("utf-8")


def test_error_bars_are_those_of_the_ion_or_there_are_none(anode: str, results: Path) -> None:
    table = pd.read_parquet(results / "ranking.parquet")
    found = {
        one["formula"]: one for one in json.loads((results / "ranking.json").read_text("utf-8"))["reactors"]
    }
    force = found["ZnCl2"]["criteria"]["driving_force_ev_per_ion"]
    if anode == "Ca":
        assert table["top_1"].isna().all()
        assert force["standard_deviation"] is None
        assert force["expected_error"] is None
        assert all(one["rank_probability"] == [] for one in found.values())
        return
    chloride = next(each for each in error_models()["Na"].anions if each.symbol == "Cl")
    assert table["top_1"].sum() == pytest.approx(1.0)
    # ZnCl2 + (2 + 1/13) Na -> 2 NaCl + 1/13 NaZn13: two of the ions are bound to chlorine
    share = 2.0 / (2.0 + 1.0 / 13.0)
    zinc = next(each for each in error_models()["Na"].cations if each.symbol == "Zn")
    expected = share * (chloride.bias_ev_per_ion - zinc.bias_ev_per_atom / 2.0)
    assert force["expected_error"] == pytest.approx(expected)


def test_the_terminal_says_why_there_are_none(
    anode: str, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = results.parent / "study.toml"
    assert call("run", study, "--out", results, "--jobs", 1, "--no-figures") == 0
    said = capsys.readouterr().out
    assert (f"no probabilities: {WHY}" in " ".join(said.split())) == (anode == "Ca")
    assert f"eV/{anode}" in said
