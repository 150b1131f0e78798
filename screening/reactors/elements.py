"""What single elements bring along: price, abundance, hazards."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from screening.phases.composition import atomic_masses_g, symbol
from screening.phases.snapshot import Phases

N_TABLE = 119
"""Tables are indexed by atomic number; entry 0 is unused."""

HEADER = "atomic_number,symbol,price_usd_per_kg,abundance_crust_ppm"

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
    """Prices and crustal abundances of the elements (``elements.csv``, which names its sources)."""
    text = files("screening.reactors").joinpath("elements.csv").read_text("utf-8").splitlines()
    table = np.genfromtxt(text, delimiter=",", skip_header=text.index(HEADER) + 1, usecols=(0, 2, 3))
    values = np.full((2, N_TABLE), np.nan)
    values[:, table[:, 0].astype(int)] = table[:, 1:].T
    return ElementTable(*values)


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


@cache
def cation_charges() -> tuple[np.ndarray, np.ndarray]:
    """Least and greatest charge of each element as a cation, two (119,) float arrays.

    The least is the lowest common positive oxidation state, the greatest the highest of all, both pymatgen's.
    """
    from pymatgen.core import Element

    least, most = np.ones(N_TABLE), np.ones(N_TABLE)
    for z in range(1, N_TABLE):
        element = Element.from_Z(z)
        least[z] = min((q for q in element.common_oxidation_states if q > 0), default=1)
        most[z] = max(element.max_oxidation_state, least[z])
    return least, most


def named(symbols: tuple[str, ...]) -> np.ndarray:
    """Table of these elements, (119,) bool array."""
    return table_of(lambda z: symbol(z) in symbols)


def holds(phases: Phases, table: np.ndarray) -> np.ndarray:
    """Phases with at least one element of a table, (n,) bool array."""
    return phases.rows.reduced(np.logical_or, table[phases.atomic_number])


def cost_usd_per_kg(phases: Phases) -> np.ndarray:
    """Price of the elements in one kilogram, (n,) float array; NaN where an element has no price."""
    masses = phases.amount * atomic_masses_g()[phases.atomic_number]
    value = masses * element_table().price_usd_per_kg[phases.atomic_number]
    return phases.rows.reduced(np.add, value) / phases.rows.reduced(np.add, masses)


def scarcest_abundance_ppm(phases: Phases) -> np.ndarray:
    """Crustal abundance by mass of the scarcest element, (n,) float array; NaN where unknown."""
    return phases.rows.reduced(np.minimum, element_table().abundance_ppm[phases.atomic_number])


def molar_mass_g(phases: Phases) -> np.ndarray:
    """Grams per mole of reduced formula, (n,) float array."""
    return phases.rows.reduced(np.add, phases.amount * atomic_masses_g()[phases.atomic_number])
