"""What the page's sections on measurements consist of, and how their words, numbers and heads are written."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from screening.display import subscripted

ROWS_SHOWN = 200
"""Rows of a measured table on the page; the file beside it holds them all."""

_UNITS = {
    "mah_per_cm2": "mAh/cm²",
    "mah_per_g": "mAh/g",
    "ma_per_cm2": "mA/cm²",
    "ev_per_atom": "eV/atom",
    "ev_per_mol": "eV/mol",
    "ev_per_li": "eV/Li",
    "usd_per_kg": "USD/kg",
    "s_per_cm": "S/cm",
    "ohm_cm2": "Ω·cm²",
    "v_per_cycle": "V/cycle",
    "c_rate_per_h": "1/h",
    "ohm": "Ω",
    "mah": "mAh",
    "mpa": "MPa",
    "cm2": "cm²",
    "ah": "Ah",
    "mv": "mV",
    "mg": "mg",
    "mm": "mm",
    "um": "µm",
    "hz": "Hz",
    "deg": "°",
    "ev": "eV",
    "v": "V",
    "h": "h",
    "s": "s",
    "c": "°C",
}
"""Last words of a column's name, longest first, and the units that they stand for."""

_KEPT = frozenset({"c_rate_per_h"})
"""Units whose words also say what the quantity is."""

_HEADS = {
    "wt_percent": "reactor content (wt%)",
    "sd": "standard deviation",
    "cost_usd_per_kg": "cost of the elements (USD/kg)",
    "n_reactors": "reactors",
    "n_cells": "cells",
    "n_open": "reactors with a lower bound only",
}
_MINUS = re.compile(r"(?<![\w-])-(?=\d)")
_WINDOW = re.compile(r"\btau(\d+)\b")


@dataclass(frozen=True)
class Table:
    """A table of words.

    Attributes
    ----------
    title : str
    columns : tuple of str
    rows : tuple of tuples of str
        Line ends within a cell stay line ends.
    cut : bool
        Whether the file holds more rows.
    stamp : str
        Provenance of the file: which verb of which version, from what, simulated or not.
    folded : bool
        Whether the table waits behind its title until it is asked for.
    stacked : bool
        Whether a narrow page shows each row as a list of its cells, and the table stands whole, unscrolled.
    marked : str
        Column whose words stand in a box, as whether a figure was measured.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    cut: bool = False
    stamp: str = ""
    folded: bool = False
    stacked: bool = False
    marked: str = ""


@dataclass(frozen=True)
class Picture:
    """A figure, embedded; `uri` is empty where the page has no room for it."""

    title: str
    uri: str


@dataclass(frozen=True)
class Block:
    """What belongs together: one cell or directory of an experiment, or one part of a comparison."""

    title: str
    sentences: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    pictures: tuple[Picture, ...] = ()
    mark: str = ""


@dataclass(frozen=True)
class Section:
    """One section of the page; `key` is its anchor."""

    key: str
    title: str
    blocks: tuple[Block, ...]


def head(name: object) -> str:
    """A key or column name as a reader sees it: words, and the unit in brackets."""
    text = str(name)
    if text in _HEADS:
        return _HEADS[text]
    for ending, unit in _UNITS.items():
        if text.endswith(f"_{ending}") or (ending in _KEPT and text == ending):
            kept = text if ending in _KEPT else text.removesuffix(f"_{ending}")
            return f"{kept.removesuffix('_per_h').replace('_', ' ')} ({unit})"
    return text.replace("_", " ")


def capital(text: str) -> str:
    """A text with a capital first letter; Greek letters are symbols and stay."""
    return text[:1].upper() + text[1:] if text[:1].isascii() else text


def word(value: Any) -> str:
    """A value as a reader sees it; formulas in a text get their subscripts."""
    if value is None or (isinstance(value, float) and value != value):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return number(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return subscripted(_MINUS.sub("−", _WINDOW.sub(r"τ\1", str(value))))


def number(value: float, sd: float | None = None) -> str:
    """A number to four digits, with its standard deviation to two where there is one."""
    text = f"{value:.4g}" if sd is None else f"{value:.3g} ± {sd:.2g}"
    return text.replace("-", "−")


def records_table(title: str, records: list[dict[str, Any]], *, folded: bool = False) -> Table:
    """Records as a table, every key a column."""
    names = tuple(dict.fromkeys(name for record in records for name in record))
    rows = tuple(tuple(word(record.get(name)) for name in names) for record in records[:ROWS_SHOWN])
    return Table(title, tuple(head(name) for name in names), rows, len(records) > ROWS_SHOWN, folded=folded)


def pairs_table(title: str, content: Mapping[str, Any], *, folded: bool = False) -> Table:
    """Keys and their values as a table."""
    rows = tuple((head(key), word(value)) for key, value in content.items())
    return Table(title, ("quantity", "value"), rows, folded=folded)
