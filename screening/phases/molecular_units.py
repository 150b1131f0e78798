"""Molecular units inside solids, OH, H2O, CO3, NH4 and oxyanions, recognised by composition alone.

A snapshot need not hold structures, so the rule is one of charges. Carbon, nitrogen, sulfur, chlorine,
bromine and iodine are each tried in the states of `STATES`, hydrogen as a proton and as a hydride; the
combination whose charges come nearest to those of oxygen and fluorine is taken; where several do, one with
ammonium if it leaves fewer acidic hydrogens (NH4ClO4 is no hydrate of HNO3 and HCl), else the first of
`STATES`. Then

* hydrogen is bound to nitrogen that is not oxidised, at most four to each; the rest to oxygen;
* oxygen belongs first to the centres (`OXYGEN_OF_CENTRE`); of what remains, a hydroxides and b waters solve
  a + 2b = n(H), a + b = n(O); where hydrogen is fewer than that oxygen, each is a hydroxide;
* hydrogen beyond two per remaining oxygen is acidic: it sits on an oxyanion, as in NaHCO3.

Sulfur that alkali and alkaline-earth metals do not reduce, n(S) - charge/2, sits in chains (S-S), or on
carbon, nitrogen or selenium, alone or beside such metals: the legacy correction of sulfides was added to it,
too. Carbon reduces none: CS2 and KSCN lie 0.86 and 0.68 eV per sulfur under what is measured, as chains do.

Phases whose charges do not balance within `BALANCED` and those with carbon bound otherwise are unrecognised.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np

from screening.phases.composition import atomic_number, symbol
from screening.phases.snapshot import Phases


@dataclass(frozen=True)
class State:
    """One state of the atoms of an element in a phase.

    Attributes
    ----------
    unit : str
        Name of the unit formed by the atom; empty for a plain anion.
    charge : float
        Of the atom, formal.
    oxygen : float
        Oxygen atoms that it needs at least.
    per_atom : float
        Units per atom: one half where the element is in two states at once.
    """

    unit: str
    charge: float
    oxygen: float = 0.0
    per_atom: float = 1.0


REDUCED_N, HALF_N, BOUND_C = "N", "NH4NO3", "C"

AMMONIUM = {REDUCED_N, "H"}
"""States of nitrogen and hydrogen in ammonium."""

STATES: dict[str, tuple[State, ...]] = {
    "H": (State("H", 1.0), State("", -1.0)),
    "C": (State("CO3", 4.0, 3.0), State(BOUND_C, np.nan)),
    "N": (
        *(State("NO3", 5.0, 3.0), State("NO2", 3.0, 2.0)),
        *(State(REDUCED_N, -3.0), State(HALF_N, 1.0, 1.5, 0.5)),
    ),
    "S": (State("SO4", 6.0, 3.5), State("SO3", 4.0, 2.5), State("", -2.0), State("", -1.0)),
    "Cl": (State("ClO4", 7.0, 4.0), State("ClO3", 5.0, 3.0), State("ClO2", 3.0, 2.0), State("", -1.0)),
    "Br": (State("BrO3", 5.0, 3.0), State("", -1.0)),
    "I": (State("IO4", 7.0, 4.0), State("IO3", 5.0, 3.0), State("", -1.0)),
}
"""States by element; where several fit equally well the first counts."""

OXYGEN_OF_CENTRE = {"B": 3.0, "Si": 4.0, "P": 4.0, "As": 4.0, "CO3": 3.0, "NO3": 3.0, "NO2": 2.0}
OXYGEN_OF_CENTRE |= {"SO4": 4.0, "SO3": 3.0} | {
    f"{x}O{n}": float(n) for x in ("Cl", "Br", "I") for n in (2, 3, 4)
}
"""Oxygen atoms that a centre keeps from hydroxides and water."""

CHARGE_TOL = 0.01
"""Charges per formula that rounding may leave."""

BALANCED = 1.0
"""Charges per formula that may be missing: a defect, a metal in an unusual state."""

FULL_CHARGE = {"B": (3.0, 3.0), "Si": (4.0, 4.0), "Ge": (4.0, 4.0), "P": (5.0, 5.0)} | {
    "As": (3.0, 5.0),
    "Sb": (3.0, 5.0),
    "Se": (-2.0, 6.0),
    "Te": (-2.0, 6.0),
    "F": (-1.0, -1.0),
    "O": (-2.0, -2.0),
}
"""Least and greatest charge beside oxygen of elements that are no metals."""

OTHER = ("other C", "other H", "other N", "other O", "S with O", "O with S", "O of non-metals")
"""Atoms of unrecognised phases: organic compounds, oxalates, cyanides, peroxides; last, oxygen in such phases
that hold neither carbon nor a metal, and the sulfur there (S8O)."""

BINDING_H = ("C", "N", "S", "F", "Cl", "Br", "I")
"""What hydrogen is bound to where there is no oxygen."""

CHAIN = "S-S"
"""Unit of a sulfur atom beyond those that the metals reduce: one in Na2S2, three in Na2S4, seven in S7N."""

CHAIN_PARTNERS = ("C", "N", "Se")
"""Elements that reduce no sulfur; what P, As, Si, Ge and B bind counts as a sulfide."""

SALT_CHARGE = {
    "Li": 1.0,
    "Na": 1.0,
    "K": 1.0,
    "Rb": 1.0,
    "Cs": 1.0,
    "Mg": 2.0,
    "Ca": 2.0,
    "Sr": 2.0,
    "Ba": 2.0,
}
"""Charges of the metals whose polysulfides are recognised; those of others may have any charge."""

HYDRIDES = ("SH", "HF", "HCl", "HBr", "HI")
"""Hydrogen bound to sulfur, two to each at most, or to a halide, where there is no oxygen."""

OXYANIONS = (
    *("CO3", "NO3", "NO2", "SO4", "SO3"),
    *(state.unit for x in ("Cl", "Br", "I") for state in STATES[x] if state.unit),
)

UNITS = ("OH", "H2O", "acidic H", "NH", *HYDRIDES, CHAIN, *OXYANIONS, *OTHER)
"""Names of all units; NH is a hydrogen bound to nitrogen."""


@dataclass(frozen=True, eq=False)
class Units:
    """Units of each phase.

    Attributes
    ----------
    count : (n_phases, n_units) float array
        Per reduced formula, by `UNITS`.
    unrecognised : (n_phases,) bool array
        Holds hydrogen, carbon, nitrogen or an oxidised non-metal in a way that the rule does not cover.
    """

    count: np.ndarray
    unrecognised: np.ndarray


def molecular_units(phases: Phases) -> Units:
    """Units of each phase by the rule of this module."""
    rows = _held(phases)
    count, unrecognised = np.zeros((len(phases), len(UNITS))), np.zeros(len(phases), dtype=bool)
    count[rows], unrecognised[rows] = _units_of(phases.take(rows))
    count[:, UNITS.index(CHAIN)] = _chains(phases, phases.atoms_of(["S"]))
    return Units(count, unrecognised)


def _held(phases: Phases) -> np.ndarray:
    """Compounds that may hold a unit, (k,) phase numbers: oxygen, or hydrogen on what binds it."""
    of = {each: phases.atoms_of(each) > 0.0 for each in (("H",), ("O",), tuple(STATES), BINDING_H)}
    hydride, oxide = of["H",] & of[BINDING_H], of["O",] & of[tuple(STATES)]
    return np.flatnonzero((hydride | oxide) & (phases.n_elements > 1))


def _units_of(phases: Phases) -> tuple[np.ndarray, np.ndarray]:
    """Units per formula, (n_phases, n_units), and which phases are not covered, (n_phases,) bool array."""
    atoms = {name: phases.atoms_of([name]) for name in (*STATES, "O", *FULL_CHARGE)}
    count, unrecognised = np.zeros((len(phases), len(UNITS))), np.zeros(len(phases), dtype=bool)
    pattern = sum((atoms[name] > 0) << k for k, name in enumerate(STATES))
    least, most = _cation_charges(phases)
    for present in np.unique(pattern):
        at = np.flatnonzero(pattern == present)
        names = [name for k, name in enumerate(STATES) if present >> k & 1]
        here = {name: values[at] for name, values in atoms.items()}
        choice, apart = _choose(names, here, least[at], most[at])
        count[at], unrecognised[at] = _counted(names, choice, here, apart)
    metallic = phases.rows.reduced(np.logical_or, ~np.isin(phases.atomic_number, _non_metals()))
    bare = unrecognised & ~metallic & (atoms["C"] == 0)
    count[bare, UNITS.index("S with O")] = atoms["S"][bare]
    for unit, at in (("O with S", bare & (atoms["S"] > 0)), ("O of non-metals", bare & (atoms["S"] == 0))):
        count[at, UNITS.index(unit)] = count[at, UNITS.index("other O")]
    count[bare, UNITS.index("other O")] = 0.0
    return count, unrecognised


def _chains(phases: Phases, sulfur: np.ndarray) -> np.ndarray:
    """Sulfur beyond what the metals of `SALT_CHARGE` reduce, (n_phases,).

    0 beside elements other than these and `CHAIN_PARTNERS`.
    """
    metals = {name: phases.atoms_of([name]) for name in SALT_CHARGE}
    others = sum(metals.values()) + phases.atoms_of(CHAIN_PARTNERS)
    alone = np.isclose(others + sulfur, phases.atoms) & (phases.n_elements > 1)
    charge = sum(metals[name] * of for name, of in SALT_CHARGE.items())
    excess = np.where(alone, sulfur - charge / 2.0, 0.0)
    return np.where(excess > CHARGE_TOL, excess, 0.0)


def _choose(
    names: Sequence[str], atoms: dict[str, np.ndarray], least: np.ndarray, most: np.ndarray
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Number of the state of each element in each phase, and the charge that is missing, (n,) arrays."""
    n = len(least)
    best, choice = np.full(n, np.inf), {name: np.zeros(n, dtype=int) for name in names}
    fewest = np.full(n, np.inf)
    for states in product(*(range(len(STATES[name])) for name in names)):
        low, high, oxygen = least.copy(), most.copy(), np.zeros(n)
        for name, k in zip(names, states, strict=True):
            state, of = STATES[name][k], atoms[name]
            charge = (-4.0, 4.0) if np.isnan(state.charge) else (state.charge, state.charge)
            low += charge[0] * of
            high += charge[1] * of
            oxygen += state.oxygen * of
        apart = np.maximum(np.maximum(low, -high), 0.0)
        apart[oxygen > atoms["O"]] = np.inf
        taken = [(STATES[name][k], atoms[name]) for name, k in zip(names, states, strict=True)]
        units, acidic = {state.unit for state, _ in taken}, _acidic(taken, atoms)
        ammonium = units >= AMMONIUM and BOUND_C not in units
        better = (apart < best - 1e-6) | (ammonium & (apart < best + 1e-6) & (acidic < fewest - CHARGE_TOL))
        best, fewest = np.where(better, apart, best), np.where(better, acidic, fewest)
        for name, k in zip(names, states, strict=True):
            choice[name][better] = k
    return choice, best


def _acidic(states: Sequence[tuple[State, np.ndarray]], atoms: dict[str, np.ndarray]) -> np.ndarray:
    """Protons beyond those that nitrogen and the oxygen of no centre bind, (n,)."""
    left, nitrogen, protons = atoms["O"].copy(), np.zeros(len(atoms["O"])), np.zeros(len(atoms["O"]))
    for centre in ("B", "Si", "P", "As"):
        left -= OXYGEN_OF_CENTRE[centre] * atoms[centre]
    for state, of in states:
        unit = "NO3" if state.unit == HALF_N else state.unit
        left -= OXYGEN_OF_CENTRE.get(unit, 0.0) * state.per_atom * of
        nitrogen += (state.unit in (REDUCED_N, HALF_N)) * state.per_atom * of
        protons += (state.unit == "H") * of
    on_oxygen = np.maximum(protons - 4.0 * nitrogen, 0.0)
    return np.asarray(np.maximum(on_oxygen - 2.0 * np.maximum(left, 0.0), 0.0))


def _counted(
    names: Sequence[str], choice: dict[str, np.ndarray], atoms: dict[str, np.ndarray], apart: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Units per formula, (n, n_units), and which phases are not covered, (n,) bool array."""
    count, kept = np.zeros((len(apart), len(UNITS))), np.zeros(len(apart))
    nitrogen, proton, bound = np.zeros(len(apart)), np.zeros(len(apart), dtype=bool), apart > BALANCED
    for centre in ("B", "Si", "P", "As"):
        kept += OXYGEN_OF_CENTRE[centre] * atoms[centre]
    for name in names:
        for k, state in enumerate(STATES[name]):
            chosen = choice[name] == k
            unit = "NO3" if state.unit == HALF_N else state.unit
            if unit in UNITS:
                of = np.where(chosen, state.per_atom * atoms[name], 0.0)
                count[:, UNITS.index(unit)] += of
                kept += OXYGEN_OF_CENTRE[unit] * of
            if state.unit in (REDUCED_N, HALF_N):
                nitrogen += np.where(chosen, state.per_atom * atoms[name], 0.0)
            proton |= chosen & (state.unit == "H")
            bound |= chosen & (state.unit == BOUND_C)
    hydrogen = np.where(proton, atoms["H"], 0.0)
    on_nitrogen = np.minimum(hydrogen, 4.0 * nitrogen)
    rest, left = hydrogen - on_nitrogen, np.maximum(atoms["O"] - kept, 0.0)
    on_oxygen = np.where(atoms["O"] > 0, rest, 0.0)
    _count_hydrides(count, rest - on_oxygen, atoms)
    water = np.clip(on_oxygen - left, 0.0, left)
    acidic = np.maximum(on_oxygen - 2.0 * left, 0.0)
    for unit, value in (
        *(("NH", on_nitrogen), ("H2O", water), ("acidic H", acidic)),
        ("OH", on_oxygen - 2.0 * water - acidic),
    ):
        count[:, UNITS.index(unit)] = value
    bound |= on_oxygen > 3.0 * atoms["O"]
    count[bound] = 0.0
    for unit in OTHER[:4]:
        count[bound, UNITS.index(unit)] = atoms[unit[-1]][bound]
    return count, bound


def _count_hydrides(count: np.ndarray, hydrogen: np.ndarray, atoms: dict[str, np.ndarray]) -> None:
    """Hydrogen on sulfur first, then on the lightest halide, as `HYDRIDES`."""
    for unit, element, most in zip(
        HYDRIDES, ("S", "F", "Cl", "Br", "I"), (2.0, 1.0, 1.0, 1.0, 1.0), strict=True
    ):
        bound = np.minimum(hydrogen, most * atoms[element])
        count[:, UNITS.index(unit)] = bound
        hydrogen = hydrogen - bound


@cache
def _non_metals() -> np.ndarray:
    return np.array([atomic_number(name) for name in ("H", "B", "Si", "P", "As", "Se", "F", "O", *STATES)])


def _cation_charges(phases: Phases) -> tuple[np.ndarray, np.ndarray]:
    """Least and greatest sum of the charges of all other elements, two (n_phases,) float arrays."""
    least, most = _charges()
    per_atom = (phases.amount * table[phases.atomic_number] for table in (least, most))
    low, high = (phases.rows.reduced(np.add, values) for values in per_atom)
    return low, high


@cache
def _charges() -> tuple[np.ndarray, np.ndarray]:
    """Least and greatest charge of each element beside oxygen, two (119,) float arrays.

    The least common one of s, p and f elements; 2 of transition metals and 1 of those of group 11 and Hg.
    """
    from pymatgen.core import Element

    least, most = np.zeros(119), np.zeros(119)
    for z in range(1, 119):
        element, name = Element.from_Z(z), symbol(z)
        if name in STATES:
            continue
        if name in FULL_CHARGE:
            least[z], most[z] = FULL_CHARGE[name]
            continue
        common = [q for q in element.common_oxidation_states if q > 0]
        most[z] = max(element.max_oxidation_state, *common, 0)
        least[z] = min(common, default=0)
        if name in ("Hg", "In", "Ga") or element.group == 11:
            least[z] = 1.0
        elif element.is_transition_metal and element.group > 3:
            least[z] = min(least[z], 2.0) if common else 2.0
        elif name in ("Sm", "Yb", "Tm", "Dy", "Nd"):
            least[z] = 2.0
    return least, most
