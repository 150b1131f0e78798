"""The gallery: every notebook runs, shows what its page shows, and draws what its page draws."""

import importlib.util
import re
from html import unescape
from pathlib import Path
from types import ModuleType

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

MOST_LINES = 40
"""Of code in a notebook."""

SAYS = {
    "figure_1a": "-0.53 -0.75 to -0.44 -0.53 -460 (-649 to -383) 3 Li + LiAlCl₄ -> 4 LiCl + Al <- minimum",
    "figure_1f": "relief by LiAl: 0.221 eV per atom of Li6PS5Cl",
    "staircases": "LiAlCl₄ 1.6 (1.3 to 2.2) 4.5 (2.5 to 6.4) 800.7",
    "products": "0.310031",
    "pair_at_a_voltage": "Li₆PS₅Cl 1.7 (1.6 to 2.1) to 2.34",
    "stack": "Li₃InCl₆ | LiCoO₂ 2.6 V",
    "own_energies": "* given by you: Li₂AlCl₅",
    "six_reactors": "1 LiAlCl₄ 0.7296",
    "own_compound": "Li | ZnCl₂ 0.4000 -0.78",
    "all_of_materials_project": "84947 compounds, 25673 ranked; LiAlCl4 is at 1447, in the first 5.6%",
    "another_ion": "driving force (eV/Na)",
    "rest_series": "simulated spectra: no measurement",
    "symmetric_cell": "hard at 20.11 h, half-cycle 41",
    "full_cell": "100",
    "powder_pattern": "LiAlCl₄ absent",
    "folder_of_cells": "17 literature cells, 4 simulated cells",
}
"""What each page must say, beside the pictures."""

RELATIVE, ABSOLUTE = 0.02, 0.01
"""Agreement of kept with new numbers: fits of simulated data differ a little between processors."""


@pytest.fixture(scope="module")
def gallery() -> ModuleType:
    spec = importlib.util.spec_from_file_location("gallery", ROOT / "notebooks" / "execute.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def code(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def kinds(cell: NotebookNode) -> list[str]:
    """What a cell puts out: pictures, tables, text."""
    return [kind for output in cell.outputs for kind in sorted(output.get("data", [output.get("name")]))]


def words(cell: NotebookNode) -> list[str]:
    """Words of the tables and lines that a cell puts out, without dates and checksums."""
    texts = [output.get("text", output.get("data", {}).get("text/html", "")) for output in cell.outputs]
    bare = unescape(re.sub(r"<style.*?</style>|<[^>]+>", " ", " ".join(texts), flags=re.DOTALL))
    return re.sub(r"sha256:\w+|\d{4}-\d\d-\d\d", "", bare).split()


def same(kept: str, new: str) -> bool:
    """Whether two words are equal, or numbers that agree."""
    try:
        a, b = float(kept), float(new)
    except ValueError:
        return kept == new
    return abs(a - b) <= max(ABSOLUTE, RELATIVE * abs(b))


def test_every_notebook_promises_something() -> None:
    assert {path.stem for path in NOTEBOOKS} == set(SAYS)
    assert len(NOTEBOOKS) >= 10


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_short_and_shows_its_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    cells = code(notebook)
    lines = [line for cell in cells for line in cell.source.splitlines() if line.strip()]
    assert len(lines) <= MOST_LINES
    assert {line for line in lines if re.match(r"(import|from) ", line)} == {"import screening as scr"}
    drawing = [cell for cell in cells if re.search(r"\.plot(\.\w+)?\(", cell.source)]
    assert drawing
    assert all("image/png" in kinds(cell) for cell in drawing)
    assert SAYS[path.stem] in " ".join(word for cell in cells for word in words(cell))
    assert "stderr" not in [kind for cell in cells for kind in kinds(cell)]
    told = " ".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert "raw/simulated" not in "".join(lines) or "simulated" in told.lower()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs_and_shows_the_same(path: Path, tmp_path: Path, gallery: ModuleType) -> None:
    kept, new = code(nbformat.read(path, as_version=4)), code(gallery.execute(path, tmp_path))
    for before, after in zip(kept, new, strict=True):
        assert kinds(before) == kinds(after), before.source
        changed = [pair for pair in zip(words(before), words(after), strict=True) if not same(*pair)]
        assert changed == [], before.source


def test_the_readme_links_every_notebook() -> None:
    linked = re.findall(r"\]\(notebooks/(\w+)\.ipynb\)", (ROOT / "README.md").read_text("utf-8"))
    assert sorted(linked) == sorted(SAYS)


def test_a_failing_notebook_is_noticed(tmp_path: Path) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("assert 1 == 2")])
    with pytest.raises(CellExecutionError, match="AssertionError"):
        NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(tmp_path)}}).execute()


def test_a_stale_number_is_noticed() -> None:
    assert same("0.796", "0.7961")
    assert not same("0.796", "0.85")
    assert not same("LiAl", "Li9Al4")
