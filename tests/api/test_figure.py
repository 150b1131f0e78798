"""Figure 1 of a compound of one's own: the same numbers on the page, in the workbook and from the engine."""

import sys
from base64 import b64decode
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread
from openpyxl import load_workbook

import screening as scr
from screening.cli import main
from screening.errors import InputError
from screening.thermo.intervals import OUTSIDE


@pytest.fixture(scope="module")
def indium() -> scr.FigureOne:
    return scr.figure_1("Li3InCl6", "Li3PS4", reference="LiAlCl4")


def test_the_alloy_is_the_one_that_a_study_takes(indium: scr.FigureOne) -> None:
    ranking = scr.screen(["Li3InCl6", "MgF2"], electrolyte="Li3PS4", jobs=1)
    taken = ranking.table.set_index("formula")["alloy"]
    assert indium.alloy == taken["Li3InCl6"]
    assert scr.figure_1("MgF2", "Li3PS4").alloy == taken["MgF2"]


def test_panels_hold_anode_and_alloy_against_compound_and_electrolyte(indium: scr.FigureOne) -> None:
    pairs = {(each.a, each.b) for each in (*indium.with_compound, *indium.with_electrolyte)}
    assert pairs == {(a, b) for a in ("Li", indium.alloy) for b in ("Li3InCl6", "Li3PS4")}
    lowest = min(kink.total_ev_per_atom for kink in scr.react("Li", "Li3InCl6").kinks)
    assert indium.with_compound[0].minimum.total_ev_per_atom == lowest
    axes = indium.plot(Figure()).figure.axes
    assert [each.get_xlabel()[:4] for each in axes] == ["x in", "x in", "Li t"]
    assert axes[0].get_legend().get_texts()[-1].get_text() == "Li | LiAlCl₄"
    assert np.min([np.min(line.get_ydata()) for line in axes[0].lines]) == pytest.approx(lowest)


def test_the_workbook_reads_back_as_the_engine_computed_it(indium: scr.FigureOne, tmp_path: Path) -> None:
    path = tmp_path / "figure.xlsx"
    indium.save(path)
    book = load_workbook(path)
    assert book.sheetnames == ["Summary", "Figure 1A data", "Figure 1F data", "Staircase", "Notes", "Sources"]
    for sheet in book:
        assert sheet.freeze_panes == "A2"
        assert all(cell.font.bold for cell in sheet[1])
    data = pd.read_excel(path, sheet_name="Figure 1A data", engine="openpyxl")
    mine = data[data["Pair"] == "Li | Li₃InCl₆"]
    for kink in indium.with_compound[0].kinks:
        row = mine[np.isclose(mine["x (molar)"], kink.x_molar)]
        assert np.isclose(row["Reaction energy, total (eV/atom)"], kink.total_ev_per_atom).any()
    steps = pd.read_excel(path, sheet_name="Staircase")
    np.testing.assert_allclose(steps.iloc[:, 0], [step.voltage_v for step in indium.staircase.steps])
    assert book["Staircase"]["A2"].number_format == "0.000"
    notes = pd.read_excel(path, sheet_name="Notes")["Note"].tolist()
    assert notes == ["intervals: 95 %, error model of Li", OUTSIDE]
    sources = pd.read_excel(path, sheet_name="Sources").astype(str).to_string()
    assert indium.provenance.source_checksum in sources
    assert "10.1002/aenm.202300815" in sources


def test_what_begins_as_a_formula_of_a_spreadsheet_is_text(tmp_path: Path) -> None:
    from screening.report.workbook import write_book

    path, stamp = tmp_path / "x.xlsx", scr.react("Li", "MgF2").provenance
    write_book(path, {"A": pd.DataFrame({"name": ["=1+1", "ok"], "value": [None, float("nan")]})}, stamp)
    cell = load_workbook(path)["A"]["A2"]
    assert (cell.value, cell.data_type) == ("=1+1", "s")


@pytest.mark.parametrize(("width", "pixels"), [("85", 1004), ("170", 2008)])
def test_the_command_writes_every_file_that_is_named(
    width: str,
    pixels: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    files = [str(tmp_path / f"f.{kind}") for kind in ("pdf", "png", "xlsx", "tiff", "svg", "csv")]
    monkeypatch.setattr("sys.argv", ["screening", "figure", "LiAlCl4", "--width", width, "--out", *files])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert "3 Li + LiAlCl4 -> 4 LiCl + Al" in capsys.readouterr().out
    assert all(Path(name).stat().st_size > 1000 for name in files)
    assert imread(files[1]).shape[1] == imread(files[3]).shape[1] == pixels


def test_what_is_no_phase_is_drawn_without_an_alloy_and_says_so() -> None:
    found = scr.figure_1("Li5.5PS4.5Cl1.5", "Li3PS4", at_hull=True)
    assert [curve.a for curve in found.with_compound] == ["Li"]
    assert any("no alloy drawn" in note for note in found.display().notes)
    assert not any("no alloy drawn" in note for note in scr.figure_1("LiAlCl4").display().notes)
    with pytest.raises(InputError, match=r"has no Li5\.5PS4\.5Cl1\.5.*--at-hull"):
        scr.figure_1("Li5.5PS4.5Cl1.5", "Li3PS4")


@pytest.mark.parametrize("energies", ["corrected", "anchored", "as-published"])
def test_all_curves_have_the_energies_asked_for(energies: str) -> None:
    """A carbonate, whose energy differs in all three; an open snapshot keeps the energies that it has."""
    (curve, *_) = scr.figure_1("Na2CO3", alloy="", energies=energies).with_compound
    assert curve.kinks == scr.react("Li", "Na2CO3", energies=energies).kinks
    held = scr.load_snapshot(energies=energies)
    assert curve.kinks == scr.react("Li", "Na2CO3", snapshot=held, energies=energies).kinks


def test_of_the_electrolyte_itself_one_panel_is_drawn_and_not_two_alike() -> None:
    shown = scr.figure_1("LPSC", "Li6PS5Cl")
    assert [*shown.panels] == ["1A"]
    assert "LPSC is the electrolyte: 1F is 1A" in shown.display().notes
    for width in (85, 170):
        axes = shown.plot(Figure(), width_mm=width).figure.axes
        assert [each.get_xlabel()[:4] for each in axes] == ["x in", "Li t"]
    assert "Figure 1F data" not in shown.sheets()


def test_the_workbook_names_distrusted_elements(tmp_path: Path) -> None:
    path = tmp_path / "figure.xlsx"
    scr.figure_1("SmCl3").save(path)
    (told,) = (note for note in pd.read_excel(path, sheet_name="Notes")["Note"] if note.startswith("Sm(II)"))
    assert "off by up to 0.5 eV/atom" in told


def test_a_notebook_shows_the_figure_and_its_table(indium: scr.FigureOne) -> None:
    from IPython.core.formatters import DisplayFormatter

    bundle, _ = DisplayFormatter().format(indium)
    image = b64decode(bundle["image/png"])
    width, height = (int.from_bytes(image[at : at + 4], "big") for at in (16, 20))
    assert image.startswith(b"\x89PNG") and width > 600 and height > 150
    assert bundle["image/png"] in bundle["text/html"] and "<table" in bundle["text/html"]


def test_without_a_file_nothing_is_drawn_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["screening", "figure", "LiAlCl4"])
    with pytest.raises(SystemExit) as leaving:
        main()
    assert not leaving.value.code
    assert "nothing is drawn: name files, as --out" in capsys.readouterr().err
