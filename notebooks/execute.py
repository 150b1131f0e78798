"""Execute the gallery and keep its outputs: ``python notebooks/execute.py [NAME ...]``."""

import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

GALLERY = Path(__file__).parent
SHARP = "--InlineBackend.figure_formats={'retina'}"


def execute(path: Path, directory: Path) -> NotebookNode:
    """A notebook run from its first cell to its last, with nothing in its outputs that the next run changes.

    Parameters
    ----------
    path : Path
    directory : Path
        Where its cells read and write files.
    """
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=600,
        record_timing=False,
        extra_arguments=[SHARP],
        resources={"metadata": {"path": str(directory)}},
    )
    client.execute()
    for cell in notebook.cells:
        cell.metadata = {}
        for output in cell.get("outputs", ()):
            _tidy(output)
    return notebook


def _tidy(output: NotebookNode) -> None:
    """Keep the best form of an output: a table or a picture needs no text beside it."""
    data = output.get("data", {})
    output.metadata = {}
    if "image/png" in data or "text/html" in data:
        data.pop("text/plain", None)


def main(names: Sequence[str]) -> None:
    """Execute the notebooks of these names, all without any, and write them back."""
    for path in sorted(GALLERY.glob("*.ipynb")):
        if not names or path.stem in names:
            with TemporaryDirectory() as directory:
                notebook = execute(path, Path(directory))
            nbformat.write(notebook, path)
            print(f"{path.name}: {path.stat().st_size // 1024} kB", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
