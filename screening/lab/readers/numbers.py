"""Cells as numbers: with SI prefixes, marks of thousands, decimal commas; or refused with their line."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from screening.errors import InputError

Array = NDArray[np.float64]

_PREFIXES = {"f": 1e-15, "p": 1e-12, "n": 1e-9, "u": 1e-6, "µ": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9}
"""SI prefixes that Thales writes behind a number: ``735.948m``."""

_NUMBER = re.compile(
    r"[+-]?(?:\d+[.,]?\d*|[.,]\d+)(?:e[+-]?\d+|(?-i:[fpnuµmkMG]))?|[+-]?(?:nan|inf|infinity)"
    r"|[+-]?\d{1,3}(?:(?:\.\d{3})+,|(?:,\d{3})+\.)\d*",
    re.IGNORECASE,
)
_SAMPLE = 50


def is_number(cell: str) -> bool:
    """Whether a cell is written as a number, with either decimal mark."""
    return _NUMBER.fullmatch(cell) is not None


def unmarked(column: pd.Series, decimal: str) -> pd.Series:
    """Numbers of a column of text that is all numbers, some with SI prefixes or marks of thousands.

    ``1.020`` among decimal commas is a thousand and twenty if no unmarked number of the column reaches a
    thousand; else the column stays text.
    """
    filled = column.dropna().astype(str).str.strip()
    if not filled.iloc[:_SAMPLE].map(is_number).all() or not filled.map(is_number).all():
        return column
    mark = "," if decimal == "." else "."
    prefix = filled.str[-1].map(_PREFIXES)
    text = filled.where(prefix.isna(), filled.str[:-1])
    marked = text.str.contains(mark, regex=False)
    grouped = text.str.fullmatch(rf"[+-]?[1-9]\d{{0,2}}(?:\{mark}\d{{3}})+(?:\{decimal}\d*)?")
    plain = pd.to_numeric(
        text.str.replace(mark, "", regex=False).str.replace(decimal, ".", regex=False), errors="coerce"
    )
    if not grouped[marked].all() or (plain[~marked].abs() >= 1000).any() or plain.isna().any():
        return column
    return (plain * prefix.fillna(1.0)).reindex(column.index)


def numbers(column: pd.Series, path: Path) -> NDArray[np.float64]:
    """Values of a column of :func:`parse_table` as numbers.

    Raises
    ------
    InputError
        If a cell is empty, infinite or no number; the message names its line.
    """
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float)
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        cell = str(column.iloc[bad[0]])[:40]
        raise InputError(
            f"{cell!r} in column {column.name!r} is no finite number",
            where=f"{path}, {column.index.name or 'line'} {column.index[bad[0]]}",
            remedy="mend or remove the row; the file may be truncated",
        )
    return values


def numbers_or_nan(column: pd.Series) -> Array:
    """Numbers of a column, NaN where there is none, shape (n_rows,).

    A column with a damaged cell arrives as text: decimal commas and thousands separators are then undone
    cell by cell, the last mark of a cell being the decimal one.
    """
    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype):
        return column.to_numpy(dtype=float, na_value=np.nan)
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan).copy()
    rest = np.flatnonzero(np.isnan(values))
    text = column.iloc[rest].astype(str)
    comma_last = text.str.rfind(",") > text.str.rfind(".")
    european = text.str.replace(".", "", regex=False).str.replace(",", ".", regex=False)
    text = european.where(comma_last, text.str.replace(",", "", regex=False))
    values[rest] = pd.to_numeric(text, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    return values
