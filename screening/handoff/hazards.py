"""Hazard statements of what is handled: the European Union's harmonised ones, else those of one supplier.

A substance that the table lacks may be as dangerous as any: its safety data sheet decides.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

import numpy as np

from screening.phases.composition import Formula, parse_formula, same_composition, symbol
from screening.phases.snapshot import Snapshot
from screening.reactors.elements import TOXIC, named, radioactive_table
from screening.reactors.moisture import moisture_hazard

SOURCE = "Regulation (EC) No 1272/2008, Annex VI, Table 3"
"""Harmonised classifications, which bind suppliers in the European Union."""

SUPPLIER = "safety data sheet of American Elements"
"""For substances without a harmonised entry: what one supplier states. Another may state more, or less."""

SOURCES = {"annex_vi": SOURCE, "supplier": SUPPLIER}
"""Kinds of source, as `hazards.csv` names them."""

SDS = "not in the table: look up the safety data sheet"


@dataclass(frozen=True)
class Hazard:
    """What is known of the dangers of one substance.

    Attributes
    ----------
    formula : str
    statements : tuple of str
        ``H314 causes severe skin burns and eye damage``; empty where the table has no entry.
    source : str
        `SOURCE`, `SUPPLIER`, or the advice to look it up.
    index_number : str
        In the harmonised table; empty where it has no entry.
    """

    formula: str
    statements: tuple[str, ...]
    source: str
    index_number: str


@dataclass(frozen=True)
class ElementHazard:
    """Elements that are dangerous in whatever they are bound, and the substances that hold them.

    Attributes
    ----------
    kind : {"toxic", "radioactive"}
        By the rule of the campaign's flags and filters (`screening.reactors.elements`).
    elements, formulas : tuple of str
    """

    kind: str
    elements: tuple[str, ...]
    formulas: tuple[str, ...]


@cache
def _texts() -> dict[str, str]:
    return {row["code"]: row["text"] for row in _rows("statements.csv")}


@cache
def _table() -> dict[str, Hazard]:
    found = {}
    for row in _rows("hazards.csv"):
        statements = tuple(f"{code} {_texts()[code]}" for code in row["statements"].split())
        source = SOURCES[row["source"]]
        found[row["formula"]] = Hazard(row["formula"], statements, source, row["annex_vi_index"])
    return found


def _rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(files("screening.handoff").joinpath(name).read_text("utf-8").splitlines()))


def hazard(formula: str) -> Hazard:
    """Hazard statements of one substance; formulas are compared by composition, not by spelling."""
    wanted = parse_formula(formula)
    for name, entry in _table().items():
        known = parse_formula(name)
        if same_composition(known, wanted):
            return replace(entry, formula=formula)
    return Hazard(formula, (), SDS, "")


def gases(snapshot: Snapshot, formula: Formula) -> tuple[str, ...]:
    """Toxic or flammable gases that moist air sets free from a compound of the snapshot, as formulas."""
    phase = snapshot.find(formula)
    if phase is None:
        return ()
    freed = str(moisture_hazard(snapshot.phases.take(np.array([phase])))[0])
    return tuple(freed.split(", ")) if freed else ()


def element_hazards(formulas: Sequence[str]) -> tuple[ElementHazard, ...]:
    """Toxic and radioactive elements among substances; a kind that none holds is left out."""
    parsed = [parse_formula(formula) for formula in formulas]
    found = []
    for kind, table in (("toxic", named(TOXIC)), ("radioactive", radioactive_table())):
        elements = dict.fromkeys(symbol(z) for each in parsed for z in each.atomic_numbers if table[z])
        holders = tuple(each.text for each in parsed if table[list(each.atomic_numbers)].any())
        if elements:
            found.append(ElementHazard(kind, tuple(elements), holders))
    return tuple(found)
