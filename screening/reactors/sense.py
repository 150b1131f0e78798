"""What a chemist sees in a formula: poisons, explosives, salts, and the chemistry that it belongs to."""

import numpy as np

from screening.phases.composition import symbol
from screening.phases.molecular_units import SALT_CHARGE, UNITS, molecular_units
from screening.phases.snapshot import Phases
from screening.reactors.bound import ANION_VALENCE
from screening.reactors.elements import TOXIC, cation_charges, holds, named
from screening.thermo.conduction import metal_table
from screening.thermo.products import alloy_former_table

EXPLOSIVE_UNITS = ("ClO4", "ClO3", "ClO2", "BrO3")
"""Oxyanions whose salts explode with what they may oxidise, as lithium and sulfides."""

SHOCK_METALS = ("Ag", "Cu", "Au", "Hg", "Pb", "Tl", "Cd")
"""Their nitrides, but copper's, acetylides and fulminates explode when they are rubbed."""

OXIDISED = {"Cr": 5.5, "Os": 7.5, "Ru": 7.5}
"""Mean charge of a metal beside oxygen or halogens from which it is chromium(VI), carcinogenic (REACH Annex
XIV), or a volatile poisonous tetroxide."""

OXIDISING_UNITS = (*EXPLOSIVE_UNITS, "NO3", "NO2", "IO3", "IO4")
"""Oxyanions whose salts feed a fire; periodates as iodates."""

HIGH_STATE = {"Cr": 5.5, "Mn": 5.5, "Fe": 5.5, "Pb": 3.5, "Bi": 4.5, "Ag": 0.5}
"""Mean charge of a metal beside oxygen from which it oxidises what it is ground with: chromates(VI),
permanganates and manganates, ferrates(VI), lead dioxide, bismuthates, oxides of silver."""

FULLY_OXIDISED = ("Ti", "Zr", "Hf", "V", "Nb", "Ta", "Mo", "W", "Re", "U")
"""Beside these metals, which oxygen brings to their greatest charge, others are in no `HIGH_STATE`."""

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
    """Compounds that may explode by friction, shock, or with what they oxidise, (n,) bool array.

    Azides; salts of the oxyanions in `EXPLOSIVE_UNITS`, ammonium's too; oxides of chlorine and bromine;
    chlorides, bromides and iodides of nitrogen; nitrides, acetylides and fulminates of `SHOCK_METALS`. Water
    of hydration is no oxygen of an anion. Fulminates and the harmless cyanates share a composition.

    Examples
    --------
    >>> from screening.phases.composition import parse_formula
    >>> names = ("AgN3", "LiClO4", "NI3", "Ag2C2", "Li3N", "LiCl", "MgCl2(H2O)6")
    >>> explosive(Phases.of([parse_formula(name) for name in names])).tolist()
    [True, True, True, True, False, False, False]
    """
    if not len(phases):
        return np.zeros(0, dtype=bool)
    nitrogen, metals = _sum(phases, named(("N",))), _sum(phases, metal_table())
    azide = (metals > 0) & (nitrogen >= 3.0 * metals) & _only(phases, metal_table() | named(("N",)))
    columns = [UNITS.index(unit) for unit in EXPLOSIVE_UNITS]
    of_anion = (molecular_units(phases).count[:, columns] > 0).any(axis=1)
    return np.asarray(azide | of_anion | _explosive_molecule(phases) | _shocked(phases))


def oxidising(phases: Phases) -> np.ndarray:
    """Compounds that burn or explode when they are milled with a sulfide, (n,) bool array.

    Salts of the oxyanions in `OXIDISING_UNITS`; peroxides, superoxides and ozonides of the metals of groups 1
    and 2; oxygen compounds of metals in a state of `HIGH_STATE` or above. Bretherick's Handbook of Reactive
    Chemical Hazards, 8th ed. (2017): metal nitrates, metal oxohalogenates, metal peroxides, oxidants.

    Examples
    --------
    >>> from screening.phases.composition import parse_formula
    >>> names = ("KMnO4", "NH4NO3", "KO2", "LiCoO2", "LiOH(H2O)", "Li2SO4")
    >>> oxidising(Phases.of([parse_formula(name) for name in names])).tolist()
    [True, True, True, False, False, False]
    """
    if not len(phases):
        return np.zeros(0, dtype=bool)
    columns = [UNITS.index(unit) for unit in OXIDISING_UNITS]
    of_anion = (molecular_units(phases).count[:, columns] > 0).any(axis=1)
    return np.asarray(of_anion | peroxide(phases) | _in_high_state(phases))


def peroxide(phases: Phases) -> np.ndarray:
    """Oxides of groups 1 and 2 and hydrogen with more oxygen than their charge holds, (n,) bool array."""
    salt_metals = named(tuple(SALT_CHARGE))
    charge = _sum(phases, cation_charges()[0] * (salt_metals | named(("H",))))
    oxygen = _sum(phases, named(("O",)))
    return (2.0 * oxygen > charge + 1e-6) & (charge > 0) & _only(phases, salt_metals | named(("H", "O")))


def _in_high_state(phases: Phases) -> np.ndarray:
    """Oxides and oxometallates, ammonium's too, of a metal of `HIGH_STATE`, (n,) bool array."""
    nitrogen, hydrogen = (_sum(phases, named((name,))) for name in ("N", "H"))
    halogens = named(("F", "Cl", "Br", "I"))
    of_oxide = _only(phases, metal_table() | halogens | named(("O", "H", "N")))
    of_oxide &= holds(phases, named(("O",))) & (hydrogen >= 4.0 * nitrogen - 1e-6)
    taken = 2.0 * _sum(phases, named(("O",))) + _sum(phases, halogens) + 3.0 * nitrogen
    least, most = cation_charges()
    cations = np.where(named(FULLY_OXIDISED), most, least) * ~(halogens | named(("O", "N")))
    high = np.zeros(len(phases), dtype=bool)
    for name, charge in HIGH_STATE.items():
        metal = named((name,))
        atoms, others = _sum(phases, metal), _sum(phases, cations * ~metal)
        high |= (atoms > 0) & (taken - others >= charge * np.maximum(atoms, 1e-9))
    return of_oxide & high


def _explosive_molecule(phases: Phases) -> np.ndarray:
    """Perchlorates and the like of ammonium, oxides of halogens, halides of nitrogen, (n,) bool array."""
    nitrogen, oxygen, hydrogen = (_sum(phases, named((name,))) for name in ("N", "O", "H"))
    halogen = _sum(phases, named(("Cl", "Br", "I")))
    of_ammonium = (np.abs(hydrogen - 4.0 * nitrogen) < 1e-6) & (np.abs(halogen - nitrogen) < 1e-6)
    of_ammonium &= (oxygen >= 2.0 * halogen) & _only(phases, named(("H", "N", "O", "Cl", "Br")))
    halide = (nitrogen > 0) & _only(phases, named(("N", "Cl", "Br", "I")))
    oxide = (oxygen > 0) & _only(phases, named(("O", "Cl", "Br")))
    return (halogen > 0) & (of_ammonium | halide | oxide)


def _shocked(phases: Phases) -> np.ndarray:
    """Nitrides, acetylides and fulminates of `SHOCK_METALS`, (n,) bool array."""
    nitrogen, carbon, oxygen = (_sum(phases, named((name,))) for name in ("N", "C", "O"))
    nitride = (nitrogen > 0) & (carbon == 0) & (oxygen == 0) & ~holds(phases, named(("Cu",)))
    acetylide = (carbon > 0) & (nitrogen == 0) & (oxygen == 0)
    fulminate = (nitrogen > 0) & (nitrogen == carbon) & (carbon == oxygen)
    metal = named(SHOCK_METALS)
    of_shock = holds(phases, metal) & _only(phases, metal | named(("N", "C", "O")))
    return of_shock & (nitride | acetylide | fulminate)


def _only(phases: Phases, table: np.ndarray) -> np.ndarray:
    """Phases with no element outside a table, (n,) bool array."""
    return ~holds(phases, ~table)


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
