"""Ivium .idf and .ids: part binary, with blocks of text: number of columns, of rows, then the rows."""

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from screening.errors import InputError
from screening.lab.readers.source import File, Reader, Table
from screening.lab.readers.text import TableLayout, decode, parse_table

_BLOCK = "primary_data"
_COLUMNS = ("Z1 (Ohm)", "Z2 (Ohm)", "freq (Hz)")
"""An impedance block holds Z', Z'' and the frequency, in this order."""


def _read(file: File) -> Iterator[Table]:
    lines = re.split("\r\n|\r|\n", file.data.decode("latin-1"))
    starts = [i for i, line in enumerate(lines) if line.strip("\x00\x1c\x1e \t") == _BLOCK]
    frames = [frame for start in starts if (frame := _block(lines, start, file.path)) is not None]
    if not frames:
        raise file.refused(
            "no impedance block (primary_data of three columns)",
            "give a file of an impedance scan, or export it as csv",
        )
    metadata = {"format": "Ivium", "encoding": "latin-1"}
    for frame in frames:
        # the layout of the blocks is known from other readers, not from the maker: let the data confirm it
        yield Table(path=file.path, format="Ivium", frame=frame, metadata=metadata, sign_is_known=False)


def _block(lines: list[str], start: int, path: Path) -> pd.DataFrame | None:
    head = [line.strip() for line in lines[start + 1 : start + 3]]
    if len(head) < 2 or head[0] != str(len(_COLUMNS)) or not re.fullmatch(r"\d{1,7}", head[1]):
        return None
    rows = lines[start + 3 : start + 3 + int(head[1])]
    filled = sum(bool(row.strip()) for row in rows)
    if filled < max(int(head[1]), 1):
        raise InputError(
            f"{filled} rows where {head[1]} are announced",
            where=f"{path}, line {start + 3}",
            remedy="the file may be truncated",
        )
    text = decode(path, "\n".join(rows).encode("utf-8"))
    decimal = "," if sum(row.count(",") for row in rows) > sum(row.count(".") for row in rows) else "."
    return parse_table(text, TableLayout(" ", decimal, _COLUMNS, None, 1), first_line=start + 4)


READERS = (
    Reader(
        name="Ivium",
        knows=lambda file: file.suffix in (".idf", ".ids") or _BLOCK.encode() in file.head,
        read=_read,
    ),
)
