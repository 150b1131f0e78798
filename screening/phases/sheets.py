"""Tables of compounds as people keep them: csv of any dialect and encoding, Excel, parquet; their faults."""

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from screening.errors import InputError
from screening.files import no_pipe
from screening.phases.composition import Formula, parse_formula

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx", ".parquet")
FORMULA = "formula"

MOST_FAULTS_TOLD = 20
"""Faulty rows that one message names; of the others it says how many."""

MOST_OF_FAULTS = 4000
"""Characters of all of these."""

_DECIMAL_COMMA = re.compile(r"(?<=[0-9]),(?=[0-9]+[A-Z(\[{])")
"""``Li3,25Ge``; what ends in ``2,1`` may as well be two cells."""

_NUMBER_WITH_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+")

_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class RowFault:
    """A row that cannot be used, or a compound that is named elsewhere.

    Attributes
    ----------
    row : int
        As the file counts: its first line is 1; 0 of a compound that no file lists.
    reason : str
    text : str
        The compound as the row writes it.
    """

    row: int
    reason: str
    text: str = ""

    def __str__(self) -> str:
        return f"row {self.row}: {self.reason}" if self.row else self.reason


def require_sound(faults: Sequence[RowFault], source: str, remedy: str) -> None:
    """Refuse a file with faulty rows.

    Raises
    ------
    InputError
        Which names all of them.
    """
    if faults:
        told = "; ".join(map(str, faults[:MOST_FAULTS_TOLD]))
        more = len(faults) - MOST_FAULTS_TOLD
        kind = "row" if all(each.row for each in faults) else "candidate"
        count = f"{len(faults)} {kind}" + "s" * (len(faults) != 1)
        raise InputError(
            f"{count} cannot be used: {told}" + (f"; and {more} more" if more > 0 else ""),
            where=source,
            remedy=remedy,
            most=MOST_OF_FAULTS,
        )


@dataclass(frozen=True)
class Sheet:
    """Rows of a table as text.

    Attributes
    ----------
    source : str
        Name of the file.
    header : tuple of str
        In small letters.
    rows : tuple of (int, tuple of str)
        Stripped cells of each row that is not empty, with its number as the file counts.
    notes : tuple of str
        That there was no header, if so.
    """

    source: str
    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    notes: tuple[str, ...] = ()

    @classmethod
    def read(cls, path: Path, columns: Sequence[str] = (FORMULA,)) -> "Sheet":
        """Read a table with a column ``formula``, in capitals or not.

        Text may be UTF-8, UTF-16 or cp1252, with commas, semicolons or tabs.

        Parameters
        ----------
        path : Path
        columns : sequence of str
            What the columns of a table without a header hold, in order.

        Raises
        ------
        InputError
            If the file cannot be read or has no such column.
        """
        suffix = path.suffix.lower()
        if suffix not in SUFFIXES:
            raise InputError(
                f"unknown suffix {suffix!r}", where=str(path), remedy=f"give a {', '.join(SUFFIXES)} file"
            )
        if suffix not in (".parquet", ".xlsx") and path.is_file() and zipfile.is_zipfile(path):
            raise InputError(
                "is an Excel file by another name", where=str(path), remedy="name it .xlsx, or save it as csv"
            )
        try:
            if suffix == ".parquet":
                import pandas as pd

                rows = _table_rows(pd.read_parquet(path))
            elif suffix == ".xlsx":
                import pandas as pd

                rows = _table_rows(pd.read_excel(path, dtype=str, engine="calamine", header=None), head=False)
            else:
                rows = list(_text_rows(no_pipe(path).read_bytes()))
        except Exception as error:  # noqa: BLE001 - calamine and pyarrow raise whatever their parsers do
            reason = getattr(error, "strerror", None) or f"no {suffix} file that can be used"
            raise InputError(f"cannot be read ({reason})", where=str(path), remedy="mend the file") from None
        return cls._of_rows(rows, str(path), columns)

    @classmethod
    def of(cls, table: "pd.DataFrame", source: str) -> "Sheet":
        """The same from a table in memory."""
        return cls._of_rows(_table_rows(table), source, ())

    @classmethod
    def _of_rows(cls, rows: list[tuple[int, list[str]]], source: str, columns: Sequence[str]) -> "Sheet":
        stripped = ((number, tuple(map(str.strip, cells))) for number, cells in rows)
        held = [(number, cells) for number, cells in stripped if any(cells)]
        first = held[0][1] if held else ()
        header = tuple(cell.casefold() for cell in first)
        for name in columns or (FORMULA,):
            if header.count(name) > 1:
                raise InputError(f"column {name!r} stands twice", where=source, remedy="keep one")
        if FORMULA in header:
            return cls(source, header, tuple(held[1:]))
        if not (columns and first and is_formula(first[0])):
            raise InputError(f"has no column {FORMULA!r}", where=source, remedy="add it")
        header = (*columns, *("" for _ in first))[: len(first)]
        told = ", ".join(columns[: len(first)])
        return cls(source, header, tuple(held), (f"no header: columns read as {told}",))

    def record(self, cells: Sequence[str]) -> dict[str, str]:
        """Cells of a row by their column, empty ones left out.

        Raises
        ------
        InputError
            If there are more cells than columns.
        """
        if any(cells[len(self.header) :]):
            raise InputError("more cells than columns", remedy="quote the cell that holds a comma")
        return {name: cell for name, cell in zip(self.header, cells, strict=False) if cell}


def formula_of(cell: str) -> Formula:
    """The formula of a cell; decimal commas are read.

    Raises
    ------
    InputError
        If there is none.
    """
    if not cell:
        raise InputError("empty formula", remedy="fill or remove the row")
    return parse_formula(_DECIMAL_COMMA.sub(".", cell))


def number_of(cell: object) -> float:
    """The number of a cell, ``-1,78`` and ``−1.78`` included; NaN where it is none."""
    text = str(cell).replace("−", "-")
    try:
        return (
            float("nan")
            if isinstance(cell, bool)
            else float(text.replace(",", ".") if _NUMBER_WITH_COMMA.fullmatch(text) else text)
        )
    except (ValueError, OverflowError):
        return float("nan")


def is_formula(cell: str) -> bool:
    """Whether a cell holds a formula that can be read."""
    try:
        return bool(formula_of(cell))
    except InputError:
        return False


def _table_rows(table: "pd.DataFrame", *, head: bool = True) -> list[tuple[int, list[str]]]:
    cells = table.astype(object).where(table.notna(), "")
    rows = [[str(cell) for cell in row] for row in cells.itertuples(index=False)]
    return list(enumerate([[str(name) for name in table.columns]] * head + rows, start=1))


def _text_rows(content: bytes) -> Iterator[tuple[int, list[str]]]:
    """Lines of a text in cells, with their numbers; the header tells what parts the cells, if anything."""
    text = _decoded(content)
    header = text.lstrip().split("\n", 1)[0]
    delimiter = max("\t;,", key=header.count)
    lines = io.StringIO(text, newline="")
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)
    for cells in reader:
        yield reader.line_num, cells


def _decoded(content: bytes) -> str:
    """Text of any encoding that spreadsheets write."""
    if content.startswith(_UTF16):
        return content.decode("utf-16")
    if b"\0" in content[:200]:
        return content.decode("utf-16-le" if content[1:2] == b"\0" else "utf-16-be")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252")
