"""Text formats of impedance analysers: Gamry .dta, Scribner ZPlot .z, Ivium .idf and .ids."""

import re
from pathlib import Path

import pandas as pd

from screening.errors import InputError
from screening.lab.impedance.spectrum import Spectrum
from screening.lab.readers.eis_table import Origin, spectra_from_table
from screening.lab.readers.text import (
    TableLayout,
    Text,
    decode,
    find_table,
    names_of_width,
    parse_table,
    unique_names,
)

GAMRY_CURVE = re.compile(r"ZCURVE\d*\tTABLE", re.IGNORECASE)
ZPLOT_MAGIC = re.compile(r'\s*"?(?:ZPLOT2? ASCII|ZPlotW? Data File|Z60W? Data File|ZView)', re.IGNORECASE)
IVIUM_BLOCK = "primary_data"
IVIUM_COLUMNS = ("Z1 (Ohm)", "Z2 (Ohm)", "freq (Hz)")
"""An Ivium block holds Z', Z'' and the frequency, in this order."""


def read_gamry(text: Text) -> tuple[Spectrum, ...]:
    """Read the impedance curves of a Gamry .dta file; each ZCURVE table is a spectrum.

    Raises
    ------
    InputError
        If there is no such table, or one of its rows cannot be read.
    """
    lines = text.lines()
    starts = [i for i, line in enumerate(lines) if GAMRY_CURVE.match(line)]
    if not starts:
        raise InputError("no ZCURVE table", where=str(text.path), remedy="give a file of an EIS experiment")
    frames = [_gamry_curve(lines, start, text) for start in starts]
    frame = pd.concat([f.assign(loop=k) for k, f in enumerate(frames)]) if len(frames) > 1 else frames[0]
    frame.index.name = "line"
    metadata = {"format": "Gamry .dta", "encoding": text.encoding} | _gamry_labels(lines[: starts[0]])
    if any(line.startswith("EXPERIMENTABORTED\tTOGGLE\tT") for line in lines):
        metadata["aborted"] = "yes"
    return spectra_from_table(frame, Origin(text.path, metadata))


def _gamry_labels(lines: list[str]) -> dict[str, str]:
    cells = [line.split("\t") for line in lines if "\tLABEL\t" in line]
    return {row[0].lower(): row[2] for row in cells if row[0] in ("TITLE", "DATE", "TIME") and len(row) > 2}


def _gamry_curve(lines: list[str], start: int, text: Text) -> pd.DataFrame:
    """Rows of one table: names, units, then every line that begins with a tab."""
    stop = start + 3
    while stop < len(lines) and lines[stop].startswith("\t"):
        stop += 1
    if stop == start + 3:
        raise InputError(
            "the ZCURVE table has no rows", where=text.where(start + 1), remedy="export it again"
        )
    names, units = (lines[start + i].strip("\t").split("\t") for i in (1, 2))
    joined = [f"{n} ({u})" if u else n for n, u in zip(names, units + [""] * len(names), strict=False)]
    block = "\n".join(line[1:] for line in lines[start + 3 : stop])
    decimal = find_table(Text(text.path, block, text.encoding)).decimal
    frame = parse_table(
        Text(text.path, block, text.encoding),
        TableLayout("\t", decimal, unique_names(joined), None, 1),
        first_line=start + 4,
    )
    return frame.drop(
        columns=[name for name in frame.columns if name.startswith(("Pt", "T ("))], errors="ignore"
    )


def read_zplot(text: Text) -> tuple[Spectrum, ...]:
    """Read a ZPlot, ZView or Z60W file, with or without its block of comments.

    Raises
    ------
    InputError
        If the line of column names is missing or names another number of columns than there are, fewer rows
        follow than are announced, or a row cannot be read.
    """
    lines = text.lines(2000)
    named = [i for i, line in enumerate(lines) if "freq" in line.casefold() and "z'" in line.casefold()]
    if not named:
        raise InputError(
            "no line that names Freq(Hz), Z'(a), Z''(b)", where=str(text.path), remedy="export it again"
        )
    ends = [i for i, line in enumerate(lines) if line.startswith("End Comments") and i > named[-1]]
    first = (ends[0] if ends else named[-1]) + 1
    rest = text.content.split("\n", first)[first:]
    if not rest or not rest[0].strip():
        raise InputError("no data after the header", where=text.where(first), remedy="export it again")
    found = find_table(Text(text.path, rest[0], text.encoding))
    names = names_of_width(lines[named[-1]], len(found.columns))
    if not names:
        raise InputError(
            f"{len(found.columns)} columns under names that cannot be told apart as so many",
            where=text.where(named[-1] + 1),
            remedy="part the names by tabs",
        )
    layout = TableLayout(found.delimiter, found.decimal, unique_names(names), named[-1] + 1, first + 1)
    frame = parse_table(text, layout)
    announced = next((int(line) for line in lines[: named[-1]] if re.fullmatch(r"\s*\d+\s*", line)), None)
    if announced is not None and len(frame) < announced:
        raise InputError(
            f"{len(frame)} rows where {announced} are announced",
            where=str(text.path),
            remedy="the file may be truncated",
        )
    metadata = {"format": "ZPlot .z", "encoding": text.encoding, "decimal": found.decimal}
    return spectra_from_table(frame, Origin(text.path, metadata))


def read_ivium(path: Path, data: bytes) -> tuple[Spectrum, ...]:
    """Read the impedance scans of an Ivium .idf or .ids file; each ``primary_data`` block is a spectrum.

    The file is part binary; its blocks are text: the number of columns, of rows, then the rows.

    Raises
    ------
    InputError
        If there is no block of three columns, or one is shorter than it says.
    """
    lines = re.split("\r\n|\r|\n", data.decode("latin-1"))
    starts = [i for i, line in enumerate(lines) if line.strip("\x00\x1c\x1e \t") == IVIUM_BLOCK]
    frames = [frame for start in starts if (frame := _ivium_block(lines, start, path)) is not None]
    if not frames:
        raise InputError(
            "no impedance block (primary_data of three columns)",
            where=str(path),
            remedy="give a file of an impedance scan, or export it as csv",
        )
    frame = pd.concat([f.assign(loop=k) for k, f in enumerate(frames)]) if len(frames) > 1 else frames[0]
    frame.index.name = "line"
    # the layout of the blocks is known from other readers, not from the maker: let the data confirm the sign
    origin = Origin(path, {"format": "Ivium", "encoding": "latin-1"}, sign_is_known=False)
    return spectra_from_table(frame, origin)


def _ivium_block(lines: list[str], start: int, path: Path) -> pd.DataFrame | None:
    head = [line.strip() for line in lines[start + 1 : start + 3]]
    if len(head) < 2 or head[0] != str(len(IVIUM_COLUMNS)) or not re.fullmatch(r"\d{1,7}", head[1]):
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
    return parse_table(text, TableLayout(" ", decimal, IVIUM_COLUMNS, None, 1), first_line=start + 4)
