"""The stamp of outputs that were computed from measured files, and what those files' own stamps say."""

import csv
import hashlib
import json
import re
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from screening.files import file_name
from screening.lab.readers.text import read_bytes
from screening.provenance import SIMULATED, Provenance

NAMED_FILES = 3
"""More files than this are counted in the stamp instead of named."""

STAMP_COLUMN = "provenance"
STAMP_START = "interphase-screening "
NEIGHBOUR = ".metadata.json"
"""Ending of the file beside a csv of the Battery Data Format, whose columns have no room for a stamp."""

_LONGEST_LINE = 2**16


def stamp(paths: Sequence[Path]) -> Provenance:
    """Provenance with the names of the files (without their directories) and a checksum of their contents.

    The checksum is the sha256 of the files' own sha256 digests, in the order given. A file whose own stamp
    says that it was simulated is named so, whatever its name is.

    Raises
    ------
    InputError
        If a file cannot be read.
    """
    digest = hashlib.sha256()
    for path in paths:
        digest.update(hashlib.sha256(read_bytes(path)).digest())
    return Provenance.now(named_sources(paths), digest.hexdigest())


def named_sources(paths: Sequence[Path]) -> str:
    """Names of files for a stamp, with the word ``simulated`` where their own stamps have it."""
    told = [is_simulated(path) for path in paths]
    if len(paths) > NAMED_FILES:
        return _marked(f"{file_name(paths[0])} and {len(paths) - 1} more files", any(told))
    return ", ".join(_marked(file_name(path), mark) for path, mark in zip(paths, told, strict=True))


def is_simulated(path: Path) -> bool:
    """Whether the file's own stamp says that its numbers were simulated.

    The stamp is looked for in the first row of a table of text, in the file of notes beside it, and in the
    metadata of a parquet file; a file without a stamp of this package is taken for measured.
    """
    if path.suffix.lower() == ".parquet":
        source = _source_of_parquet(path)
    else:
        source = _source_of_table(path) or _source_of_notes(path)
    return re.search(rf"\b{SIMULATED}\b", source) is not None


def _marked(name: str, simulated: bool) -> str:
    return f"{name} ({SIMULATED})" if simulated else name


def _source_of_table(path: Path) -> str:
    """What the stamp in the first row of a table names as its source; empty where there is none."""
    try:
        with path.open(encoding="utf-8", errors="replace", newline="") as stream:
            head = stream.readline(_LONGEST_LINE)
            if STAMP_COLUMN not in head:
                return ""
            names, *rows = islice(csv.reader([head, stream.readline(_LONGEST_LINE)]), 2)
    except (OSError, csv.Error):
        return ""
    first = dict(zip(names, rows[0] if rows else (), strict=False)).get(STAMP_COLUMN, "")
    return first.split(" | ")[1] if first.startswith(STAMP_START) and " | " in first else ""


def _source_of_notes(path: Path) -> str:
    """What the notes beside a file name as its source; empty where there are none."""
    try:
        notes = json.loads(path.with_name(path.name + NEIGHBOUR).read_text("utf-8"))
        return str(notes[STAMP_COLUMN]["source"])
    except (OSError, ValueError, TypeError, KeyError):
        return ""


def _source_of_parquet(path: Path) -> str:
    """What the metadata of a parquet file name as its source; empty where there are none."""
    import pyarrow.parquet as pq

    try:
        notes = pq.read_schema(path).metadata or {}
        return str(json.loads(notes[STAMP_COLUMN.encode()])["source"])
    except (OSError, ValueError, TypeError, KeyError):
        return ""
