"""Every result shows itself in a notebook, whatever names of files and titles say."""

import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import screening as scr
from screening.display import Shown
from screening.lab.cell import Cell
from screening.phases.library import survey
from screening.validation.example_study import write_example

HOSTILE = '<img src=x onerror="alert(1)">'

RAW = {
    "eis": "simulated-rest.csv",
    "xrd": "simulated-rest-xrd.csv",
    "symmetric": "simulated-symmetric-control.csv",
    "full": "simulated-full.csv",
}


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The example's raw files under hostile names."""
    folder = tmp_path_factory.mktemp("raw")
    write_example(folder / "cells")
    return {
        kind: Path(shutil.copy(folder / "cells" / "raw" / name, folder / f"{HOSTILE}_{kind}_{t}C.csv"))
        for t, (kind, name) in enumerate(RAW.items())
    }


@pytest.fixture(scope="module")
def results(raw: dict[str, Path]) -> dict[str, Shown]:
    """One of every kind."""
    phases = raw["eis"].with_name(f"{HOSTILE}.csv")
    phases.write_text(
        "formula,formation_energy_ev_per_atom,uncertainty_ev_per_atom,note\n"
        f'Li5AlCl8,-2.08,0.02,"{HOSTILE.replace(chr(34), chr(39))}"\n'
    )
    given = {"phases": phases}
    spectra, patterns = scr.read_eis([raw["eis"]]), scr.read_xrd([raw["xrd"]])
    sheet = Cell(label=HOSTILE, diameter_mm=10.0)
    study = scr.load_study(["LiAlCl4", "Li5AlCl8"]).with_changes(title=HOSTILE, draws=0)
    ranking = scr.screen(study, electrolyte="Li3PS4", jobs=1, **given)
    cells = raw["eis"].with_name("cells")
    return {
        "reaction": scr.react("Li", "Li5AlCl8", **given),
        "reactions": scr.react(["Li", "Na"], "Li5AlCl8", **given),
        "staircase": scr.lithiate("Li5AlCl8", **given),
        "open reaction": scr.react("MgF2", "Li5AlCl8", voltage=1.0, **given),
        "open reactions": scr.react("MgF2", "Li5AlCl8", voltage=(0.5, 1.0), **given),
        "stack": scr.stack("Li | Li5AlCl8 | MgF2", "1-2", **given),
        "series": scr.series("Li{1+x}AlCl{4+x}", steps=3, **given),
        "both sides": scr.titrate("Li5AlCl8", **given),
        "both sides of several": scr.titrate("Li5AlCl8", "MgF2", **given),
        "staircases": scr.lithiate("Li5AlCl8", "MgF2", **given),
        "spectra": spectra,
        "tests": spectra[:2].kramers_kronig(),
        "relaxation times": spectra[:1].drt(),
        "relaxation times of a series": spectra.drt(),
        "patterns": patterns,
        "pattern": patterns[0],
        "identifications": patterns.identify("LiCl", "LiAlCl4"),
        "identification": patterns[0].identify("LiCl"),
        "symmetric cell": scr.read_cycling(raw["symmetric"], cell=sheet),
        "full cell": scr.read_cycling(raw["full"], cell=sheet, kind="full"),
        "ranking": ranking,
        "explanation": ranking.explain("Li5AlCl8"),
        **{f"summary {k}": table for k, table in enumerate(ranking.summary())},
        "snapshot": scr.load_snapshot(**given),
        "snapshots": survey(),
        "comparison of snapshots": scr.compare_snapshots("mp2019", "mp2019", study=study),
        "study": study,
        "cell": sheet,
        "comparison": scr.validate(ranking, cells),
    }


class Reader(HTMLParser):
    """Elements and words of a piece of html."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.elements.add(tag)

    def handle_data(self, data: str) -> None:
        self.words += data


NEEDS = {
    "reaction": ("eV/atom", "Li₅AlCl₈", "given by you"),
    "reactions": ("eV/atom", "Li₅AlCl₈", "given by you"),
    "staircase": ("V", "Li₅AlCl₈"),
    "staircases": ("V", "MgF₂"),
    "open reaction": ("eV/non-Li atom", "1 V vs Li", "Li₅AlCl₈"),
    "open reactions": ("eV/non-Li atom", "0.5 V vs Li"),
    "stack": ("Li₅AlCl₈", "severe"),
    "series": ("window (V)", "interpolated"),
    "both sides": ("V vs Li", "useful window", "Li₅AlCl₈"),
    "both sides of several": ("V vs Li", "MgF₂"),
    "spectra": ("Hz", "Ω"),
    "tests": ("%",),
    "relaxation times": ("Ω",),
    "relaxation times of a series": ("fades", "short circuit: none"),
    "patterns": ("Å", "2θ (°)"),
    "pattern": ("Å", "2θ (°)"),
    "identifications": ("LiAlCl₄",),
    "identification": ("LiCl",),
    "symmetric cell": ("mV", "Ω cm²", "short"),
    "full cell": ("mAh/cm²", "retention"),
    "ranking": ("eV/Li", "Li₅AlCl₈*", "given by you"),
    "explanation": ("desirability", "weight"),
    "summary 0": ("eV/Li", "Li₅AlCl₈*", "rests on a phase whose energy is given by you"),
    "summary 1": ("better than it",),
    "snapshot": ("GGA/GGA+U", "given by you Li₅AlCl₈", "licence"),
    "snapshots": ("mp2019",),
    "comparison of snapshots": ("the same",),
    "study": ("candidates.formulas", "Li₅AlCl₈"),
    "cell": ("diameter_mm",),
    "comparison": ("cells against", "verdict"),
}
"""What each must say: units, readable formulas, marks."""

STAMPED = set(NEEDS) - {"explanation", "summary 1", "snapshot", "snapshots", "study", "cell", "comparison"}
"""Those whose last line is the stamp."""


@pytest.mark.parametrize("name", NEEDS)
def test_a_result_shows_itself_and_nothing_unescaped(name: str, results: dict[str, Shown]) -> None:
    assert set(results) == set(NEEDS)
    html = results[name]._repr_html_()
    read = Reader(html)
    assert read.elements <= {"div", "p", "b", "table", "thead", "tbody", "tr", "th", "td", "small", "br"}
    for words in NEEDS[name]:
        assert words in read.words, read.words
    assert "nan" not in read.words.lower().split()
    if name in STAMPED:
        assert "interphase-screening" in read.words.splitlines()[-1] or "sha256" in read.words
    assert len(html) < 200_000


def test_hostile_names_are_told(results: dict[str, Shown]) -> None:
    told = {name for name, each in results.items() if "onerror" in Reader(each._repr_html_()).words}
    assert told >= {
        "reaction",
        "spectra",
        "patterns",
        "symmetric cell",
        "ranking",
        "snapshot",
        "study",
        "cell",
    }


def test_text_of_a_result_is_its_table(results: dict[str, Shown]) -> None:
    assert "eV/atom" in str(results["reaction"])
    assert np.all([str(each).strip() for each in results.values() if isinstance(each, Shown)])
