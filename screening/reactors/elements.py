"""What single elements bring along: price, abundance, hazards. Tables come from mendeleev and pymatgen."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from screening.phases.composition import atomic_masses_g, symbol
from screening.phases.snapshot import Phases

N_TABLE = 119
"""Tables are indexed by atomic number; entry 0 is unused."""

TOXIC = ("Be", "As", "Cd", "Hg", "Tl", "Pb")
"""Elements whose compounds are toxic or carcinogenic by inhalation as a class (REACH candidate list and
Annex XVII entries: Be, As, Cd, Hg, Pb; Tl compounds carry H300 + H330)."""


@dataclass(frozen=True, eq=False)
class ElementTable:
    """Price and abundance by atomic number, (119,) float arrays; NaN where unknown."""

    price_usd_per_kg: np.ndarray
    abundance_ppm: np.ndarray


@cache
def element_table() -> ElementTable:
    """Prices and crustal abundances of the elements, from mendeleev's table (CRC and public price lists).

    The table is read without importing mendeleev, which takes three seconds in every process.
    """
    package = find_spec("mendeleev")
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError("mendeleev is not installed")
    database = Path(package.submodule_search_locations[0]) / "elements.db"
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT atomic_number, price_per_kg, abundance_crust FROM elements")
        table = np.array([row for row in rows if row[0] < N_TABLE], dtype=float)
    price, abundance = np.full(N_TABLE, np.nan), np.full(N_TABLE, np.nan)
    price[table[:, 0].astype(int)] = table[:, 1]
    abundance[table[:, 0].astype(int)] = table[:, 2]
    return ElementTable(price, abundance)


@cache
def radioactive_table() -> np.ndarray:
    """Elements without a stable isotope (Bi counts as stable), (119,) bool array."""
    from pymatgen.core import Element

    return table_of(lambda z: Element.from_Z(z).is_radioactive)


@cache
def noble_gas_table() -> np.ndarray:
    """Noble gases, (119,) bool array."""
    from pymatgen.core import Element

    return table_of(lambda z: Element.from_Z(z).is_noble_gas)


def table_of(rule: Callable[[int], bool]) -> np.ndarray:
    """What a rule says of each atomic number, (119,) bool array."""
    return np.array([False, *(bool(rule(z)) for z in range(1, N_TABLE))])


def named(symbols: tuple[str, ...]) -> np.ndarray:
    """Table of these elements, (119,) bool array."""
    return table_of(lambda z: symbol(z) in symbols)


def holds(phases: Phases, table: np.ndarray) -> np.ndarray:
    """Phases with at least one element of a table, (n,) bool array."""
    return np.logical_or.reduceat(table[phases.atomic_number], phases.row_start[:-1])


def cost_usd_per_kg(phases: Phases) -> np.ndarray:
    """Price of the elements in one kilogram, (n,) float array; NaN where an element has no price."""
    masses = phases.amount * atomic_masses_g()[phases.atomic_number]
    value = masses * element_table().price_usd_per_kg[phases.atomic_number]
    first = phases.row_start[:-1]
    return np.add.reduceat(value, first) / np.add.reduceat(masses, first)


def scarcest_abundance_ppm(phases: Phases) -> np.ndarray:
    """Crustal abundance by mass of the scarcest element, (n,) float array; NaN where unknown."""
    return np.minimum.reduceat(element_table().abundance_ppm[phases.atomic_number], phases.row_start[:-1])


def molar_mass_g(phases: Phases) -> np.ndarray:
    """Grams per mole of reduced formula, (n,) float array."""
    return np.add.reduceat(phases.amount * atomic_masses_g()[phases.atomic_number], phases.row_start[:-1])
