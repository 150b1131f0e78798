"""Text files from instruments: encoding, delimiter and decimal mark are found, and told.

Three steps, each usable alone: :func:`decode` (bytes to text), :func:`find_table` (where the columns are and
how they are written), :func:`parse_table` (the columns as a frame indexed by line number).
"""

import gzip
import re
import zlib
from collections import Counter
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd

from screening.errors import InputError
from screening.files import no_pipe
from screening.lab.readers.encodings import (
    decode_bytes,
    encoding_of,
    unquoted_rows,
    without_parted_thousands,
    without_quoted_commas,
)
from screening.lab.readers.numbers import is_number, unmarked

MAX_BYTES = 2**29
"""Larger files (0.5 GiB, unpacked) are refused: no cycler writes them as one text table."""

MAX_LINE_BYTES = 2**18
"""A longer line is no table row; it would make millions of columns."""

MAX_COLUMNS = 512
HEAD_LINES = 2000
MIN_NUMERIC_SHARE = 0.5
"""A row belongs to the table when at least half of its filled cells are numbers (dates may stand beside)."""

MAX_CONTROL_SHARE = 0.01
"""Share of control characters above which a file is taken for binary; instruments leave a few in headers."""

DELIMITERS = ("\t", ";", ",", "|", " ")
SETTLED_ROWS = 3
"""So many rows of one width in succession are taken for the table; fewer may be part of a header."""

_CONTROL = bytes(c for c in range(32) if c not in b"\t\n\f\r")


@dataclass(frozen=True)
class Text:
    """A decoded text file.

    Attributes
    ----------
    path : Path
        The file.
    content : str
        Its text, lines ended by line feeds.
    encoding : str
        Encoding it was decoded with.
    """

    path: Path
    content: str
    encoding: str

    def lines(self, count: int = -1) -> list[str]:
        """First `count` lines (all by default), without their ends."""
        if count < 0:
            return self.content.split("\n")
        return self.content.split("\n", count)[:count]

    def where(self, line: int) -> str:
        """Name a line (counted from 1) for an error message."""
        return f"{self.path}, line {line}"


@dataclass(frozen=True)
class TableLayout:
    """How a table is written, and where it stands in its file.

    Attributes
    ----------
    delimiter : str
        Separator of the cells; a blank stands for any run of blanks and tabs.
    decimal : str
        Decimal mark, ``.`` or ``,``.
    columns : tuple of str
        Names from the header line; ``column 1``, ``column 2``, … where there is none.
    header_line : int or None
        Line (from 1) of the column names.
    first_line : int
        Line (from 1) of the first row of numbers.
    """

    delimiter: str
    decimal: str
    columns: tuple[str, ...]
    header_line: int | None
    first_line: int


def read_bytes(path: Path, limit: int = MAX_BYTES) -> bytes:
    """Read a file, unpacking gzip; refuse what is absent, empty or too large.

    Raises
    ------
    InputError
        If the file cannot be read, is empty, or holds more than `limit` bytes.
    """
    data = read_head(path, limit + 1)
    if len(data) > limit:
        raise InputError(f"larger than {limit / 2**20:.0f} MiB", where=str(path), remedy="split the file")
    return data


def read_head(path: Path, count: int = 2**16) -> bytes:
    """First bytes of a file, unpacked; refused where it is absent or empty (see :func:`read_bytes`)."""
    try:
        with no_pipe(path).open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            data = gzip.GzipFile(fileobj=raw).read(count) if packed else raw.read(count)
    except (EOFError, gzip.BadGzipFile, OSError, ValueError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise InputError(f"cannot be read ({reason})", where=str(path), remedy="check the file") from None
    if not data:
        raise InputError("the file is empty", where=str(path), remedy="export it again")
    return data


def decode(path: Path, data: bytes) -> Text:
    """Decode the bytes of a text file: byte-order mark, else UTF-8, else GB 18030 or Windows-1252.

    Raises
    ------
    InputError
        If the content is binary, or has a line too long for a table.
    """
    encoding = encoding_of(data)
    if encoding.startswith("utf-16"):
        content = data.decode(encoding, errors="replace").removeprefix("\ufeff")
        data = content.encode("utf-8")
    _refuse_binary(path, data)
    if not encoding.startswith("utf-16"):
        content, encoding = decode_bytes(data)
    content = without_parted_thousands(content.replace("\r\n", "\n").replace("\r", "\n"))
    try:
        return Text(path, without_quoted_commas(unquoted_rows(content)), encoding)
    except ValueError as error:
        raise InputError(
            f'"{error}" may be grouped by thousands or have a decimal comma',
            where=str(path),
            remedy="write numbers without marks of thousands",
        ) from None


def _refuse_binary(path: Path, data: bytes) -> None:
    if len(data) - len(data.translate(None, _CONTROL)) > MAX_CONTROL_SHARE * len(data):
        raise InputError("binary content, not text", where=str(path), remedy="export the data as text")
    values = np.frombuffer(data, dtype=np.uint8)
    ends = np.flatnonzero((values == ord("\n")) | (values == ord("\r")))
    if np.diff(ends, prepend=-1, append=len(data)).max() > MAX_LINE_BYTES:
        raise InputError(
            f"a line is longer than {MAX_LINE_BYTES} bytes", where=str(path), remedy="give one row per line"
        )


def split_cells(line: str, delimiter: str) -> list[str]:
    """Cells of one line, stripped of blanks and of quotes around the whole cell."""
    cells = line.split() if delimiter == " " else line.split(delimiter)
    return [_unquoted(cell.strip()) for cell in cells]


def _unquoted(cell: str) -> str:
    # a lone quote is part of a name: Z" is the imaginary part
    return cell[1:-1].strip() if len(cell) > 1 and cell[0] == cell[-1] == '"' else cell


def find_table(text: Text) -> TableLayout:
    """Find the largest table of numbers near the start of a file, and how it is written.

    The delimiter is the one under which most lines become rows of numbers, all of one width.

    Raises
    ------
    InputError
        If no line can be read as a row of numbers, or there are more than 512 columns.
    """
    lines = text.lines(HEAD_LINES)
    best = max((_rows_of_numbers(lines, delimiter) for delimiter in DELIMITERS), key=_merit)
    if not best.rows:
        raise InputError(
            "no rows of numbers", where=str(text.path), remedy="give a table with one row per measured point"
        )
    if best.width > MAX_COLUMNS:
        raise InputError(
            f"{best.width} columns", where=text.where(best.rows[0] + 1), remedy="give one row per point"
        )
    first = _first_row(lines, best)
    header = _header_above(lines, first, best)
    header_line, names = (None, []) if header is None else (header[0] + 1, header[1])
    names += [f"column {i + 1}" for i in range(len(names), best.width)]
    return TableLayout(best.delimiter, _decimal(lines, best), unique_names(names), header_line, first + 1)


@dataclass(frozen=True)
class _Rows:
    delimiter: str
    width: int
    rows: tuple[int, ...]
    numeric_share: float


def _merit(found: _Rows) -> tuple[float, int]:
    # a lone column is a row under every delimiter, so it counts least
    rows = len(found.rows) * found.numeric_share if found.width > 1 else 0.0
    return rows, min(found.width, MAX_COLUMNS)


def _rows_of_numbers(lines: list[str], delimiter: str) -> _Rows:
    """Lines that are rows of numbers under `delimiter`, all of the commonest number of cells.

    Cells at the end of a row may be empty: the table is as wide as its fullest row.
    """
    rows: dict[int, tuple[int, int, float]] = {}
    for i, line in enumerate(lines):
        cells = split_cells(line, delimiter)
        count = len(cells)
        while cells and not cells[-1]:
            cells.pop()
        filled = [cell for cell in cells if cell]
        share = sum(map(is_number, filled)) / len(filled) if filled else 0.0
        if share >= MIN_NUMERIC_SHARE:
            rows[i] = count, len(cells), share
    if not rows:
        return _Rows(delimiter, 0, (), 0.0)
    common = Counter(count for count, _, _ in rows.values()).most_common(1)[0][0]
    chosen = {i: (width, share) for i, (count, width, share) in rows.items() if count == common}
    width = max(width for width, _ in chosen.values())
    return _Rows(delimiter, width, tuple(chosen), sum(share for _, share in chosen.values()) / len(chosen))


def _first_row(lines: list[str], found: _Rows) -> int:
    """Start of the first run of rows (the longest run, if none has three); blank lines do not end a run."""
    members = set(found.rows)
    runs: list[list[int]] = [[]]
    for i, line in enumerate(lines):
        if i in members:
            runs[-1].append(i)
        elif line.strip() and runs[-1]:
            runs.append([])
    first = next((run for run in runs if len(run) >= SETTLED_ROWS), max(runs, key=len))[0]
    # a damaged row just above belongs to the table, where it is reported, not to the header, where it is lost
    while first > 0 and _is_damaged_row(lines[first - 1], found):
        first -= 1
    # so do shorter rows between the names and the first full row
    short = first
    while short > 0 and _is_short_row(lines[short - 1], found):
        short -= 1
    return short if short > 0 and _header_cells(lines[short - 1], found) else first


def _is_short_row(line: str, found: _Rows) -> bool:
    cells = [cell for cell in split_cells(line, found.delimiter) if cell]
    return 1 < len(cells) <= found.width and all(map(is_number, cells))


def _is_damaged_row(line: str, found: _Rows) -> bool:
    cells = split_cells(line, found.delimiter)
    return len(cells) == found.width > 1 and any(map(is_number, cells))


def _header_above(lines: list[str], first: int, found: _Rows) -> tuple[int, list[str]] | None:
    """Line index and column names above the table; a line of units under the names joins them."""
    texts = [(i, _header_cells(lines[i], found)) for i in range(first - 1, max(first - 4, -1), -1)]
    full = [(i, cells) for i, cells in texts if cells]
    if not full:
        return None
    nearest, names = full[0]
    if len(full) > 1 and full[1][0] == nearest - 1 and len(full[1][1]) == len(names):
        nearest -= 1
        names = [f"{name} ({unit})" if unit else name for name, unit in zip(full[1][1], names, strict=True)]
    return nearest, names


def _header_cells(line: str, found: _Rows) -> list[str]:
    """Cells of a line of names or units; none if it is too short, or holds numbers."""
    cells = split_cells(line, found.delimiter)
    if len(cells) != found.width and (found.delimiter == " " or found.delimiter not in line):
        cells = names_of_width(line, found.width) or cells
    while cells and not cells[-1]:
        cells.pop()
    return cells if len(cells) >= found.width and not any(map(is_number, cells)) else []


def names_of_width(line: str, width: int) -> list[str]:
    """Names on a line set apart by blanks, where exactly `width` can be told apart; else none.

    A blank may part two names or stand inside one (``Freq (Hz)``): names parted by tabs or by two blanks and
    more are tried first, then single blanks, then single blanks except before a bracket.
    """
    bare = line.strip().strip('"').strip()
    for parted in (re.split(r"\t|\s{2,}", bare), bare.split(), re.split(r"\s+(?![(\[])", bare)):
        names = [name.strip() for name in parted if name.strip()]
        if len(names) == width:
            return names
    return []


def unique_names(names: list[str]) -> tuple[str, ...]:
    """Names of columns, none empty and none twice: ``column 2``, ``Ewe/V (2)``."""
    seen: Counter[str] = Counter()
    result = []
    for i, name in enumerate(names):
        label = name or f"column {i + 1}"
        seen[label] += 1
        result.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return tuple(result)


def _decimal(lines: list[str], found: _Rows) -> str:
    if found.delimiter == ",":
        return "."
    cells = [cell for i in found.rows for cell in split_cells(lines[i], found.delimiter) if is_number(cell)]
    return "," if sum("," in cell for cell in cells) > sum("." in cell for cell in cells) else "."


def parse_table(text: Text, layout: TableLayout, first_line: int | None = None) -> pd.DataFrame:
    """Read the table that `layout` describes, to the end of the text, indexed by line number (from 1).

    `first_line` is the line of the file that the first row stands on, where the text is a part of the file.
    Blank lines are left out. A column with a cell that is no number stays text: see
    :func:`screening.lab.readers.numbers.numbers`.

    Raises
    ------
    InputError
        If a row has more cells than the table has columns, or a quotation mark is never closed.
    """
    first_line = first_line or layout.first_line
    skipped = sum(len(line) + 1 for line in text.lines(layout.first_line - 1))
    try:
        frame = pd.read_csv(
            StringIO(text.content[skipped:]),
            sep=r"\s+" if layout.delimiter == " " else layout.delimiter,
            decimal=layout.decimal,
            header=None,
            names=list(layout.columns),
            index_col=False,
            skip_blank_lines=False,
            skipinitialspace=True,
            low_memory=False,
        )
    except (ValueError, OverflowError) as error:
        line = re.search(r"(line|row) (\d+)", str(error))  # the tokenizer counts lines from 1, rows from 0
        reason = str(error).removeprefix("Error tokenizing data. C error: ").split(" in line")[0]
        number = first_line + int(line[2]) - (line[1] == "line") if line else first_line
        raise InputError(
            f"the row cannot be read ({reason})",
            where=text.where(number),
            remedy="mend or remove it",
        ) from None
    frame.index = pd.RangeIndex(first_line, first_line + len(frame), name="line")
    frame = frame.dropna(how="all")
    for name in frame.columns[[not pd.api.types.is_numeric_dtype(each) for each in frame.dtypes]]:
        frame[name] = unmarked(frame[name], layout.decimal)
    return frame
