"""What a chemist sees in a formula: poisons, explosives, salts, and the chemistry that it belongs to."""

import numpy as np

from screening.phases.composition import symbol
from screening.phases.molecular_units import UNITS, molecular_units
from screening.phases.snapshot import Phases
from screening.reactors.elements import TOXIC, cation_charges, holds, named
from screening.reactors.uncertainty import ANION_VALENCE
from screening.thermo.conduction import metal_table
from screening.thermo.products import alloy_former_table

EXPLOSIVE_UNITS = ("ClO4", "ClO3", "ClO2", "BrO3")
"""Oxyanions whose salts explode with what they may oxidise, as lithium and sulfides."""

OXIDISED = {"Cr": 5.5, "Os": 7.5, "Ru": 7.5}
"""Mean charge of a metal beside oxygen or halogens from which it is chromium(VI), carcinogenic (REACH Annex
XIV), or a volatile poisonous tetroxide."""

ALLOYING = (
    *("Mg", "Zn", "Cd", "Hg", "Al", "Ga", "In", "Tl", "Si", "Ge", "Sn", "Pb", "Sb", "Bi"),
    *("Ag", "Au", "Pd", "Pt"),
)
"""Metals whose binary compounds with lithium are many and formed at room temperature."""

ANION_WORDS = {
    **{"F": "fluoride", "Cl": "chloride", "Br": "bromide", "I": "iodide", "O": "oxide", "S": "sulfide"},
    **{"Se": "selenide", "Te": "telluride", "N": "nitride", "P": "phosphide", "As": "arsenide"},
    "H": "hydride",
}

OXYANION_WORDS = {
    **{"P": "phosphate", "S": "sulfate", "N": "nitrate", "C": "carbonate", "B": "borate", "Si": "silicate"},
}
"""Beside oxygen; beside sulfur with thio in front, as thiophosphate."""


def toxic(phases: Phases) -> np.ndarray:
    """Compounds of `elements.TOXIC`, chromium(VI) and tetroxides of osmium and ruthenium, (n,) bool array."""
    poison = holds(phases, named(TOXIC))
    if not len(phases):
        return poison
    halogens, oxygen = named(("F", "Cl", "Br", "I")), named(("O",))
    taken = _sum(phases, halogens + 2.0 * oxygen)
    cations = cation_charges()[0] * ~(halogens | oxygen)
    for name, charge in OXIDISED.items():
        metal = named((name,))
        atoms, others = _sum(phases, metal), _sum(phases, cations * ~metal)
        poison |= (atoms > 0) & (taken - others >= charge * np.maximum(atoms, 1e-9))
    return poison


def explosive(phases: Phases) -> np.ndarray:
    """Azides, and salts of the oxyanions in `EXPLOSIVE_UNITS`, (n,) bool array."""
    if not len(phases):
        return np.zeros(0, dtype=bool)
    nitrogen, metals = _sum(phases, named(("N",))), _sum(phases, metal_table())
    others = holds(phases, ~(named(("N",)) | metal_table()))
    azide = (metals > 0) & (nitrogen >= 3.0 * metals) & ~others
    columns = [UNITS.index(unit) for unit in EXPLOSIVE_UNITS]
    return azide | (molecular_units(phases).count[:, columns] > 0).any(axis=1)


def salt(phases: Phases) -> np.ndarray:
    """Compounds with an anion former, not of metals, B, C, Si only, (n,) bool array."""
    return holds(phases, named(tuple(ANION_VALENCE)))


def molecular_anion(phases: Phases) -> np.ndarray:
    """Compounds of carbon and nitrogen: cyanides, thiocyanates, cyanamides and the like, (n,) bool array."""
    return holds(phases, named(("C",))) & holds(phases, named(("N",)))


def chemistry(phases: Phases, mobile: int) -> np.ndarray:
    """The chemistry of each compound, as ``Al chloride`` or ``Ge thiophosphate``, (n,) object array of str.

    By its metals in `ALLOYING`, or else by the others but those of groups 1 and 2, or else by these; and by
    its anions.
    """
    formers, alloying, light = (
        alloy_former_table(),
        named(ALLOYING),
        named(("Na", "K", "Rb", "Cs", "Ca", "Sr", "Ba")),
    )
    words = []
    for i in range(len(phases)):
        numbers = phases.atomic_number[phases.row_start[i] : phases.row_start[i + 1]]
        metals = [z for z in numbers if formers[z] and z != mobile]
        heavy = [z for z in metals if alloying[z]] or [z for z in metals if not light[z]] or metals
        names = {symbol(int(z)) for z in numbers}
        words.append(" ".join(["-".join(symbol(int(z)) for z in heavy), *_anions(names)]).strip())
    return np.array(words, dtype=object)


def _anions(names: set[str]) -> list[str]:
    """Words for the anions of these elements, polyanions first."""
    found, left = [], set(names)
    if {"C", "N"} <= names:
        found, left = ["cyanide"], names - {"C", "N"}
    else:
        for strong, prefix, centres in (("O", "", OXYANION_WORDS), ("S", "thio", ("P", "B", "Si"))):
            centre = next((c for c in centres if c in names and c != strong), "")
            if strong in names and centre:
                found, left = [prefix + OXYANION_WORDS[centre]], names - {strong, centre}
                break
    return [*found, *(word for a, word in ANION_WORDS.items() if a in left)]


def _sum(phases: Phases, per_element: np.ndarray) -> np.ndarray:
    """Sum of a value per atom, (n,) float array."""
    return phases.rows.reduced(np.add, phases.amount * per_element[phases.atomic_number])
