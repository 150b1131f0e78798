"""The build scripts under data/ as modules, and a small wheel with the layout of the real one."""

import csv
import importlib
import io
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

DATA = Path(__file__).parents[2] / "data"

# LiCl, ErCl3, HoCl3 and Li3ErCl6 stand in unreduced, alphabetical spelling, as in the source
ENERGIES = [
    ("Cl1Li1", "-2.127603149130001"),
    ("Cl3Er1", "-2.654"),
    ("Cl3Ho1", "-2.6584"),
    ("Cl6Er1Li3", "-2.3388"),
    ("Li1O1", "-1.6"),  # the peroxide, whose reduced formula is Li2O2
    ("Li2O1", "-2.0"),
    ("Li4O2", "-2.1"),  # the same compound again, lower
    ("N3Na1", "-0.4"),
    ("Li1Mg149", "-0.001"),
]
GAPS = [
    ("Li2O1", "5.0"),
    ("Li4O2", "4.0"),
    ("Li8O4", "4.2"),
    ("Cl1Li1", "6.25"),
    ("Cl6Er1Li3", "5.2109"),
    ("N3Na1", "0.0"),
    ("N6Na2", "4.0"),
    ("O2", "1.6"),
    ("O8", "1.2"),
    ("O4", "1.3"),
]
VOLUMES = [("Cl1Li1", "16.4085"), ("Cl3Ho1", "24.3282"), ("Cl3Er1", "24.3291"), ("Li2O1", "8.12726")]


@pytest.fixture
def builder(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """`data/build_embedded.py`."""
    monkeypatch.syspath_prepend(str(DATA))
    return importlib.import_module("build_embedded")


@pytest.fixture
def volumes(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """`data/additive_volumes.py`."""
    monkeypatch.syspath_prepend(str(DATA))
    return importlib.import_module("additive_volumes")


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A wheel of a few compounds; each split of a source holds every third row."""
    path = tmp_path / "tiny-0-py3-none-any.whl"
    folder = "crabnet/data"
    with zipfile.ZipFile(path, "w") as archive:
        for name, rows in (
            ("CritExam__Ef", ENERGIES),
            ("CritExam__Ed", [(formula, "0.01") for formula, _ in ENERGIES if formula != "Li4O2"]),
            ("OQMD_Volume_per_atom", VOLUMES),
        ):
            for start, part in enumerate(("train", "val", "test")):
                archive.writestr(f"{folder}/benchmark_data/{name}/{part}.csv", as_csv(rows[start::3]))
        archive.writestr(f"{folder}/matbench/mp_gap.csv", as_csv(GAPS))
        archive.writestr(f"{folder}/matbench/mp_e_form.csv", as_csv(ENERGIES))
    return path


def as_csv(rows: list[tuple[str, str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([("formula", "target"), *rows])
    return text.getvalue()
