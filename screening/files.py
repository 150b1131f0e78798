"""Files that are written whole or not at all, each with its provenance stamp."""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from screening.errors import InputError
from screening.provenance import Provenance

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

FIGURE_SUFFIXES = (".png", ".svg", ".pdf")


def output_directory(path: Path) -> Path:
    """Create a directory for results, or say in one line why it cannot be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise InputError(
            f"cannot write there ({error.strerror})", where=str(path), remedy="choose another directory"
        ) from None
    return path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a temporary neighbour of `path` that takes its place only if the block succeeds.

    Raises
    ------
    InputError
        If the directory does not exist or cannot be written.
    """
    draft = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        draft.touch()
    except OSError as error:
        raise InputError(
            f"cannot write ({error.strerror})", where=str(path), remedy="choose another place"
        ) from None
    try:
        yield draft
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def write_json(path: Path, content: Any) -> None:
    """Write JSON (UTF-8, NaN refused: pass None)."""
    with whole_file(path) as draft:
        draft.write_text(json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n", "utf-8")


def write_csv(path: Path, frame: "pd.DataFrame", provenance: Provenance) -> None:
    """Write a table as plain csv; the stamp is its last column, so that any reader can open it."""
    with whole_file(path) as draft:
        frame.assign(provenance=provenance.line()).to_csv(draft, index=False)


def write_parquet(path: Path, frame: "pd.DataFrame", provenance: Provenance) -> None:
    """Write a table as parquet (zstd); the stamp stands in the schema's metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(frame, preserve_index=False)
    stamp = {b"provenance": json.dumps(provenance.as_dict()).encode()}
    with whole_file(path) as draft:
        pq.write_table(
            table.replace_schema_metadata({**(table.schema.metadata or {}), **stamp}),
            draft,
            compression="zstd",
        )


def check_figure_suffix(path: Path) -> str:
    """The suffix of a figure's file, in lower case.

    Raises
    ------
    InputError
        If it is none of `FIGURE_SUFFIXES`.
    """
    suffix = path.suffix.lower()
    if suffix not in FIGURE_SUFFIXES:
        raise InputError(
            f"unknown figure suffix {suffix!r}",
            where=str(path),
            remedy=f"use one of {', '.join(FIGURE_SUFFIXES)}",
        )
    return suffix


def write_figure(path: Path, figure: "Figure", provenance: Provenance, *, trim: bool = True) -> None:
    """Write a figure as png (300 dpi), svg (text kept as text) or pdf, by its suffix.

    `trim` fits the page to what is drawn, which takes a second drawing; a figure with margins of its own
    needs none.

    Raises
    ------
    InputError
        If the suffix is none of these.
    """
    import matplotlib as mpl

    suffix = check_figure_suffix(path)
    key = "Subject" if suffix == ".pdf" else "Description"
    with whole_file(path) as draft, mpl.rc_context({"svg.fonttype": "none", "pdf.fonttype": 42}):
        figure.savefig(
            draft, dpi=300, bbox_inches="tight" if trim else None, metadata={key: provenance.line()}
        )
