"""The workbook of a campaign: what a spreadsheet opens is what the campaign holds."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from openpyxl import load_workbook

import screening as scr
from screening.report.opening import _numbers

SHEETS = ["Summary", "Figure 1A data", "Figure 1F data", "Staircase", "Ranking", "Layer", "Sources"]


@pytest.fixture(scope="module")
def ranking(tmp_path_factory: pytest.TempPathFactory) -> scr.Ranking:
    out = tmp_path_factory.mktemp("out")
    return scr.screen(["LiAlCl4", "MgF2", "Li3HoCl6"], electrolyte="Li3PS4", out=out, jobs=1, figures=True)


@pytest.fixture(scope="module")
def book(ranking: scr.Ranking) -> Path:
    return ranking.directory / "results.xlsx"


@pytest.mark.parametrize("engine", ["openpyxl", "calamine"])
def test_the_ranking_reads_back(ranking: scr.Ranking, book: Path, engine: str) -> None:
    read = pd.read_excel(book, sheet_name=None, engine=engine)
    assert list(read) == SHEETS
    best = ranking.table[ranking.table["passes"]]
    shown = read["Ranking"]
    assert shown["Reactor"].tolist() == ["LiAlCl₄", "MgF₂", "Li₃HoCl₆*"]
    np.testing.assert_allclose(shown["Driving force (eV/Li)"], best["driving_force_ev_per_ion"])
    for key, name in (
        ("driving_force", "Driving force (eV/Li)"),
        ("relief", "Electrolyte relief (eV/atom)"),
        ("relay", "Relay, alloy | reactor (eV/atom)"),
    ):
        for end, column in (("from", f"{key}_from_95"), ("to", f"{key}_to_95")):
            np.testing.assert_allclose(shown[f"{name}, 95 % {end}"], best[column], err_msg=name)
    layers = read["Layer"]
    np.testing.assert_allclose(layers["Metal fraction"], ranking.layers["metal_fraction"])
    assert {"Voltage (V)", "Reactor (wt%)", "Anode consumed (µm)"} <= set(layers)
    lowest = read["Figure 1A data"].groupby("Pair")["Reaction energy, total (eV/atom)"].min()
    assert lowest["Li | LiAlCl₄"] == pytest.approx(scr.react("Li", "LiAlCl4").minimum.total_ev_per_atom)
    electrolyte = read["Figure 1F data"]["Pair"].unique()
    assert all(pair.endswith("| Li₃PS₄") for pair in electrolyte)
    assert len(electrolyte) == len(set(electrolyte))


def test_it_looks_as_people_expect(book: Path) -> None:
    for sheet in load_workbook(book):
        assert sheet.freeze_panes == "A2"
        assert all(cell.font.bold for cell in sheet[1])
        for column in sheet.iter_cols():
            width = sheet.column_dimensions[column[0].column_letter].width
            longest = max((len(c.value) for c in column[1:] if isinstance(c.value, str)), default=0)
            assert width >= min(longest, 60)


def test_curves_stand_on_three_axes_and_a_reaction_at_its_kink(book: Path) -> None:
    curve = pd.read_excel(book, sheet_name="Figure 1A data")
    curve = curve[curve["Pair"] == "Li | LiAlCl₄"]
    (low,) = curve[curve["Reaction at the kink"] == "3 Li + LiAlCl₄ -> 4 LiCl + Al"].to_dict("records")
    assert (low["x (atomic)"], low["x (molar)"]) == pytest.approx((3 / 9, 3 / 4))
    assert low["x (mass)"] == pytest.approx(3 * 6.941 / (3 * 6.941 + 175.735), abs=1e-5)
    found = scr.react("Li", "LiAlCl4")
    for name in ("total", "mutual"):
        expected = getattr(found.minimum, f"{name}_ev_per_atom")
        assert low[f"Reaction energy, {name} (eV/atom)"] == pytest.approx(expected)
    assert curve["x (atomic)"].is_monotonic_increasing
    assert curve[["x (atomic)", "x (molar)", "x (mass)"]].iloc[[0, -1]].to_numpy().tolist() == [
        [0] * 3,
        [1] * 3,
    ]


def test_the_summary_counts_and_every_estimate_bears_its_star(book: Path, ranking: scr.Ranking) -> None:
    read = pd.read_excel(book, sheet_name=None)
    told = dict(read["Summary"].to_numpy().tolist())
    assert (told["Ranked"], told["Candidates"]) == (3, 3)
    best = ranking.table.sort_values("rank").iloc[0]
    assert told["Best with Li and Li3PS4".replace("3PS4", "₃PS₄")] == f"LiAlCl₄, score {best['score']:.3f}"
    marked = read["Figure 1A data"]["Pair"].unique()
    assert {pair for pair in marked if "Ho" in pair} == {"Li | Li₃HoCl₆*", "Ho | Li₃HoCl₆*"}
    assert "Li₃HoCl₆*" in set(read["Staircase"]["Reactor"])
    steps = read["Staircase"].query("Reactor == 'LiAlCl₄'")
    alone = scr.lithiate("LiAlCl4").steps
    np.testing.assert_allclose(steps["Voltage (V)"], [step.voltage_v for step in alone])
    np.testing.assert_allclose(steps["Capacity (mAh/g)"], [step.capacity_mah_per_g for step in alone])


def test_the_first_screen_gives_the_95_percent_about_the_expected_value(ranking: scr.Ranking) -> None:
    first = ranking.results.document.reactors[0]
    told = dict(_numbers(ranking.results, first))
    driving = first.criteria["driving_force_ev_per_ion"]
    middle, half = driving.value + driving.expected_error, 1.96 * driving.standard_deviation
    assert driving.expected_error < 0.0  # the calculation is too weak
    assert 0.2 < half < 2.0  # hence one decimal
    expected = f"{driving.value:.1f} eV/Li (95 %: {middle - half:.1f} to {middle + half:.1f})"
    assert told["Driving force"] == expected.replace("-", "−")


def test_a_doped_electrolyte_keeps_licence_and_references_and_is_marked(tmp_path: Path) -> None:
    """Li6PS5Cl with a vacancy is no phase of the snapshot, whose licence holds all the same."""
    found = scr.screen(
        ["Li5.5PS4.5Cl1.5", "MgF2", "Li3HoCl6"],
        out=tmp_path / "out",
        at_hull=True,
        draws=0,
        figures=True,
        jobs=1,
    )
    read = pd.read_excel(found.directory / "results.xlsx", sheet_name=None)
    sources = read["Sources"]
    (licence,) = sources.loc[sources["What"] == "Licence of the data", "Source"]
    assert "not on the machine" not in licence
    assert licence.startswith("CC")
    assert any("Jain" in each for each in sources.loc[sources["What"] == "Cite the data", "Source"])
    formulas = [*read["Figure 1A data"]["Pair"].unique()]
    assert {"Li | Li₅.₅PS₄.₅Cl₁.₅†", "Li | Li₃HoCl₆*", "Li | MgF₂"} <= set(formulas)
    ranked = read["Ranking"]["Reactor"].tolist()
    table = found.table[found.table["passes"]]
    for shown, (_, row) in zip(ranked, table.iterrows(), strict=True):
        assert shown.endswith("†") == (row["origin"] == "taken from the hull")
        assert shown.endswith("*") == (row["origin"] == "machine-learned")
