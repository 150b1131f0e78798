"""Lists of candidates as people keep them: csv of any dialect and encoding, Excel, parquet."""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from screening.errors import InputError
from screening.phases.composition import Formula, composition_key, parse_formula

SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx", ".parquet")
COLUMN = "formula"

MOST_FAULTS_TOLD = 20
"""Faulty rows that one message names; of the others it says how many."""

_DECIMAL_COMMA = re.compile(r"(?<=[0-9]),(?=[0-9]+[A-Z(\[{])")
"""``Li3,25Ge``; what ends in ``2,1`` may as well be two cells."""

_DECIMAL = r"[+-]?(?![1-9]\d{0,2},\d{3}$)\d*,\d+"
"""A number with a decimal comma; ``1,250`` may as well be a thousand and more, and is none."""

_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class RowFault:
    """A row that cannot be used.

    Attributes
    ----------
    row : int
        As the file counts: its first line is 1.
    reason : str
    """

    row: int
    reason: str

    def __str__(self) -> str:
        return f"row {self.row}: {self.reason}"


@dataclass(frozen=True)
class CandidateList:
    """What a file lists.

    Attributes
    ----------
    source : str
        Name of the file.
    formulas : dict of int to Formula
        By row: each composition once, in its first spelling.
    faults : tuple of RowFault
    notes : tuple of str
        Repeated compounds, and what was read for something else than was written.
    columns : DataFrame
        What else the file tells, by row of `formulas`; a column of numbers holds NaN where a cell is empty.
    """

    source: str
    formulas: Mapping[int, Formula]
    faults: tuple[RowFault, ...]
    notes: tuple[str, ...]
    columns: pd.DataFrame

    def texts(self, *, skip_bad: bool = False) -> list[str]:
        """The formulas as text.

        Raises
        ------
        InputError
            If a row is faulty, unless `skip_bad`.
        """
        if not skip_bad:
            self.require_sound()
        return [formula.text for formula in self.formulas.values()]

    def require_sound(self) -> None:
        """Refuse a list with faulty rows.

        Raises
        ------
        InputError
            Which names all of them.
        """
        if self.faults:
            told = "; ".join(map(str, self.faults[:MOST_FAULTS_TOLD]))
            more = len(self.faults) - MOST_FAULTS_TOLD
            count = "1 row" if len(self.faults) == 1 else f"{len(self.faults)} rows"
            raise InputError(
                f"{count} cannot be used: {told}" + (f"; and {more} more" if more > 0 else ""),
                where=self.source,
                remedy="mend them, or go on without them with --skip-bad",
            )


def read_candidates(path: Path) -> CandidateList:
    """Read a list of candidates: a table with a column ``formula``, in capitals or not.

    Text may be UTF-8, UTF-16 or cp1252, with commas, semicolons or tabs; in formulas decimal commas are read.

    Raises
    ------
    InputError
        If the file cannot be read or has no such column; what is wrong with rows is in the list.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(
            f"unknown suffix {suffix!r}", where=str(path), remedy=f"give a {', '.join(SUFFIXES)} file"
        )
    try:
        if suffix == ".parquet":
            rows = _table_rows(pd.read_parquet(path))
        elif suffix == ".xlsx":
            rows = _table_rows(pd.read_excel(path, dtype=str, engine="openpyxl"))
        else:
            rows = list(_text_rows(path.read_bytes()))
    except Exception as error:  # noqa: BLE001 - openpyxl and pyarrow raise whatever their parsers do
        reason = getattr(error, "strerror", None) or f"no {suffix} file that can be used"
        raise InputError(f"cannot be read ({reason})", where=str(path), remedy="mend the file") from None
    return _of_rows(rows, str(path))


def candidates_of(table: pd.DataFrame, source: str) -> CandidateList:
    """The same from a table in memory."""
    return _of_rows(_table_rows(table), source)


def _table_rows(table: pd.DataFrame) -> list[tuple[int, list[str]]]:
    cells = table.astype(object).where(table.notna(), "")
    rows = ([str(cell) for cell in row] for row in cells.itertuples(index=False))
    return list(enumerate([[str(name) for name in table.columns], *rows], start=1))


def _text_rows(content: bytes) -> Iterator[tuple[int, list[str]]]:
    """Lines of a text in cells, with their numbers; the header tells what parts the cells, if anything."""
    text = _decoded(content)
    header = text.lstrip().split("\n", 1)[0]
    delimiter = max("\t;,", key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
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


def _of_rows(rows: list[tuple[int, list[str]]], source: str) -> CandidateList:
    held = [(number, cells) for number, cells in rows if any(cell.strip() for cell in cells)]
    header = [cell.strip().casefold() for cell in held[0][1]] if held else []
    if COLUMN not in header:
        raise InputError(f"has no column {COLUMN!r}", where=source, remedy="add it")
    column = header.index(COLUMN)
    first: dict[object, tuple[int, Formula]] = {}
    faults: list[RowFault] = []
    notes: list[str] = []
    for number, cells in held[1:]:
        try:
            formula = _formula(cells, column, len(header))
        except InputError as fault:
            faults.append(RowFault(number, str(fault)))
            continue
        notes.extend(f"row {number}: {note}" for note in formula.notes)
        row, known = first.setdefault(composition_key(formula), (number, formula))
        if row != number:
            same = "again" if known.text == formula.text else f"is {known.text} in another spelling"
            notes.append(f"row {number}: {formula.text} {same}; row {row} counts")
    formulas = dict(first.values())
    columns = _columns(dict(held), formulas, column)
    return CandidateList(source, formulas, tuple(faults), tuple(notes), columns)


def _columns(rows: Mapping[int, list[str]], formulas: Mapping[int, Formula], of_formula: int) -> pd.DataFrame:
    """The other columns, as numbers where every cell that is filled holds one (a decimal comma will do)."""
    heads = [cell.strip() for cell in next(iter(rows.values()))]
    cells = [[*rows[row], *[""] * len(heads)][: len(heads)] for row in formulas]
    table = pd.DataFrame(cells, index=[*formulas], columns=heads, dtype=object)
    named = [bool(head) and k != of_formula and heads.count(head) == 1 for k, head in enumerate(heads)]
    return table.loc[:, named].apply(_numbers)


def _numbers(cells: pd.Series) -> pd.Series:
    texts = cells.str.strip()
    plain = texts.mask(texts.str.fullmatch(_DECIMAL), texts.str.replace(",", "."))
    numbers = pd.to_numeric(plain, errors="coerce").astype(float)
    numbers = numbers.where(np.isfinite(numbers))
    return texts.mask(texts == "", None) if (numbers.isna() & (texts != "")).any() else numbers


def _formula(cells: list[str], column: int, n_columns: int) -> Formula:
    if any(cell.strip() for cell in cells[n_columns:]):
        raise InputError("more cells than columns", remedy="quote the cell that holds a comma")
    text = cells[column].strip() if column < len(cells) else ""
    if not text:
        raise InputError("empty formula", remedy="fill or remove the row")
    return parse_formula(_DECIMAL_COMMA.sub(".", text))
