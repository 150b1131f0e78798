"""The workbook of a campaign: what a spreadsheet opens is what the campaign holds."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from openpyxl import load_workbook

import screening as scr

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
