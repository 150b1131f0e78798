"""Lists of candidates: the compounds of a table, each once, and the rows that cannot be used."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from screening.errors import InputError
from screening.phases.composition import Formula, composition_key
from screening.phases.sheets import FORMULA, RowFault, Sheet, formula_of, require_sound

MEND = "mend them, or go on without them with --skip-bad"

_DECIMAL = r"[+-]?(?![1-9]\d{0,2},\d{3}$)\d*,\d+"
"""A number with a decimal comma; ``1,250`` may as well be a thousand and more, and is none."""


_MARKS = ((".", ","), (",", "."))
"""What parts thousands and what decimals, in ``1.234,5`` and in ``1,234.5``."""


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
        require_sound(self.faults, self.source, MEND)


def read_candidates(path: Path) -> CandidateList:
    """Read a list of candidates: a table as of `Sheet.read`, or one formula a line.

    Raises
    ------
    InputError
        If the file cannot be read or has no such column; what is wrong with rows is in the list.
    """
    return _listed(Sheet.read(path))


def candidates_of(table: pd.DataFrame, source: str) -> CandidateList:
    """The same from a table in memory."""
    return _listed(Sheet.of(table, source))


def _listed(sheet: Sheet) -> CandidateList:
    first: dict[object, tuple[int, Formula]] = {}
    faults: list[RowFault] = []
    notes = list(sheet.notes)
    for number, cells in sheet.rows:
        text = "".join(cells[sheet.header.index(FORMULA) :][:1])
        try:
            formula = formula_of(sheet.record(cells).get(FORMULA, ""))
        except InputError as fault:
            faults.append(RowFault(number, str(fault), text))
            continue
        notes.extend(f"row {number}: {note}" for note in formula.notes)
        row, known = first.setdefault(composition_key(formula), (number, formula))
        if row != number:
            same = "again" if known.text == formula.text else f"is {known.text} in another spelling"
            notes.append(f"row {number}: {formula.text} {same}; row {row} counts")
    formulas = dict(first.values())
    columns, of_columns = _columns(sheet, formulas)
    return CandidateList(sheet.source, formulas, tuple(faults), (*notes, *of_columns), columns)


def _columns(sheet: Sheet, formulas: Mapping[int, Formula]) -> tuple[pd.DataFrame, list[str]]:
    """The other columns, as numbers where every cell that is filled holds one, and which all but do."""
    heads, rows = sheet.header, dict(sheet.rows)
    cells = [[*rows[row], *[""] * len(heads)][: len(heads)] for row in formulas]
    table = pd.DataFrame(cells, index=[*formulas], columns=heads, dtype=object)
    named = [bool(head) and head != FORMULA and heads.count(head) == 1 for head in heads]
    read, notes = table.loc[:, named], []
    for head, column in read.items():
        odd = odd_cells(column)
        if 0 < len(odd) < (column != "").sum():
            notes.append(
                f"row {odd.index[0]}: {head} {odd.iloc[0]!r} is no number, so that the column is text"
            )
    return read.apply(_numbers), notes


def odd_cells(cells: pd.Series) -> pd.Series:
    """Filled cells of a column that are no numbers in the way in which most of it writes them."""
    return cells[_read(cells).isna() & (cells != "")]


def _numbers(cells: pd.Series) -> pd.Series:
    return cells.mask(cells == "", None) if len(odd_cells(cells)) else _read(cells)


def _read(cells: pd.Series) -> pd.Series:
    """Numbers of a column, NaN where a cell is none; one with both marks says what they part in all."""
    plain = cells.mask(cells.str.fullmatch(_DECIMAL), cells.str.replace(",", "."))
    for thousands, decimal in _MARKS:
        grouped, rest = rf"[+-]?\d{{1,3}}({re.escape(thousands)}\d{{3}})+", rf"{re.escape(decimal)}\d+"
        if cells.str.fullmatch(grouped + rest).any():
            whole = cells.str.fullmatch(rf"({grouped}|[+-]?\d*)({rest})?") & (cells != "")
            spelled = cells.str.replace(thousands, "", regex=False).str.replace(decimal, ".", regex=False)
            plain = spelled.where(whole)
    numbers = pd.to_numeric(plain, errors="coerce").astype(float)
    return numbers.where(np.isfinite(numbers))
