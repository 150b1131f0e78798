"""Rows of a grid that asks for them block by block: sorted and filtered here, where all of them are."""

import operator
from collections.abc import Callable
from typing import Any

import pandas as pd

from screening.files import json_ready

NUMBERS: dict[str, Callable[[pd.Series, float], pd.Series]] = {
    "equals": operator.eq,
    "notEqual": operator.ne,
    "lessThan": operator.lt,
    "lessThanOrEqual": operator.le,
    "greaterThan": operator.gt,
    "greaterThanOrEqual": operator.ge,
}

WORDS: dict[str, Callable[[pd.Series, str], pd.Series]] = {
    "contains": lambda cells, text: cells.str.contains(text, regex=False),
    "notContains": lambda cells, text: ~cells.str.contains(text, regex=False),
    "equals": lambda cells, text: cells == text,
    "notEqual": lambda cells, text: cells != text,
    "startsWith": lambda cells, text: cells.str.startswith(text),
    "endsWith": lambda cells, text: cells.str.endswith(text),
}
"""Conditions by their names in AG Grid; capitals count: Co is not CO."""


def block(frame: pd.DataFrame, asked: dict[str, Any]) -> dict[str, Any]:
    """The rows that a grid asks for, and how many there are in all.

    Parameters
    ----------
    frame : DataFrame
        In the order that holds where no column is sorted by.
    asked : dict
        ``startRow``, ``endRow``, ``sortModel`` and ``filterModel`` of AG Grid's infinite row model.
    """
    for name, condition in (asked.get("filterModel") or {}).items():
        if name in frame:
            frame = frame[_holds(frame[name], condition)]
    orders = [each for each in asked.get("sortModel") or [] if each.get("colId") in frame]
    if orders:
        names = [each["colId"] for each in orders]
        rising = [each.get("sort") != "desc" for each in orders]
        frame = frame.sort_values(names, ascending=rising, kind="stable", na_position="last")
    shown = frame.iloc[int(asked.get("startRow") or 0) : int(asked.get("endRow") or 100)]
    keys = shown["formula"].astype(str) + "|" + shown["anode"] + "|" + shown["electrolyte"]
    short = {str(name): _short(shown[name]) for name in shown.select_dtypes("float")}
    rounded = shown.assign(key=keys, **short)  # type: ignore[arg-type]
    return {"rowData": [json_ready(row) for row in rounded.to_dict("records")], "rowCount": len(frame)}


def _short(values: pd.Series) -> list[float | None]:
    return [None if value != value else float(f"{value:.4g}") for value in values.tolist()]


def _holds(cells: pd.Series, condition: dict[str, Any]) -> pd.Series:
    """Where a condition of a column holds; a condition that is not known holds nowhere."""
    kind, value, end = condition.get("type"), condition.get("filter"), condition.get("filterTo")
    if kind in ("blank", "notBlank"):
        return cells.isna() == (kind == "blank")
    if condition.get("filterType") == "text":
        words = WORDS.get(str(kind))
        return words(cells.astype(str), str(value)) if words else cells != cells
    if kind == "inRange" and isinstance(value, int | float) and isinstance(end, int | float):
        return cells.between(value, end).fillna(False).astype(bool)
    compare = NUMBERS.get(str(kind))
    if compare is None or not isinstance(value, int | float):
        return pd.Series(False, index=cells.index)
    return compare(cells, value).fillna(False).astype(bool)


def first_row(
    frame: pd.DataFrame, formula: str, anode: str | None, electrolyte: str | None
) -> pd.Series | None:
    """The first row of a formula, against an anode and an electrolyte where they are given."""
    mine = frame[frame["formula"] == formula]
    for name, value in (("anode", anode), ("electrolyte", electrolyte)):
        mine = mine[mine[name] == value] if value else mine
    return None if mine.empty else mine.iloc[0]
