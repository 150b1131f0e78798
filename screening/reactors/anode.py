"""The counter-anode: a metal, or an alloy that gives up the one mobile element it holds."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np

from screening.errors import InputError
from screening.phases.composition import Formula, parse_formula, parse_reactant, symbol
from screening.phases.snapshot import Snapshot
from screening.thermo.compositions import Compositions
from screening.thermo.products import alloy_former_table, anode_molar_volume_cm3
from screening.thermo.reactants import price
from screening.thermo.uptake import cation_charge
from screening.units import A3_PER_ATOM_TO_CM3_PER_MOL

ALKALI = (3, 11, 19, 37, 55)
ALKALINE_EARTH = (4, 12, 20, 38, 56)


@dataclass(frozen=True)
class Anode:
    """What reduces the candidates.

    An alloy reacts as the compound it is, and stays in excess: Al from LiAl may alloy with the metal that the
    reactor sets free. Energies are per atom of its mobile element, potentials against the alloy itself.

    Attributes
    ----------
    formula : Formula
    mobile : int
        Atomic number of the element that goes to the anions.
    charge : int
        Electrons that one atom of it brings.
    content : float
        Atomic fraction of the mobile element; 1 for a metal.
    cm3_per_mol : float
        Volume of anode that holds one mole of the mobile element.
    """

    formula: Formula
    mobile: int
    charge: int
    content: float
    cm3_per_mol: float

    @property
    def composition(self) -> Compositions:
        """As an end of tie lines."""
        return Compositions.of([self.formula])


def find_anode(snapshot: Snapshot, name: str, charge: int | None = None) -> Anode:
    """The anode of a study.

    The mobile element of an alloy is the alkali metal it holds, or else its alkaline-earth metal.

    Parameters
    ----------
    snapshot : Snapshot
    name : str
        A metal, or a binary or higher compound of metals (or Si, Ge, Sb) as LiAl.
    charge : int, optional
        Of the mobile element's cation; that of the most common one unless given.

    Raises
    ------
    InputError
        If the snapshot lacks it, it is no metal or alloy, or it holds no or several mobile elements.
    """
    formula = parse_formula(name)
    numbers = np.array(formula.atomic_numbers)
    remedy = "choose a metal as Li, or an alloy of one alkali or alkaline-earth metal as LiAl"
    if not alloy_former_table()[numbers].all():
        raise InputError(f"{name} is neither a metal nor an alloy", where="conditions.anodes", remedy=remedy)
    price(snapshot, parse_reactant(name))
    mobile = _mobile(formula.atomic_numbers)
    if mobile is None:
        raise InputError(
            f"{name} has no one mobile element to count per", where="conditions.anodes", remedy=remedy
        )
    content = formula.amount_of(mobile) / formula.n_atoms
    volume = _cm3_per_mol(snapshot, formula) / content
    charge = cation_charge(symbol(mobile), charge, where="conditions.anode_charge")
    return Anode(formula, mobile, charge, content, volume)


@cache
def mobile_ion(anode: str) -> str:
    """Symbol of the element that goes to the anions, from the formula of an anode; empty if there is none."""
    z = _mobile(parse_formula(anode).atomic_numbers)
    return "" if z is None else symbol(z)


def shared_ion(anodes: Iterable[str]) -> str:
    """The mobile ion of all these anodes, empty where they differ."""
    ions = {mobile_ion(anode) for anode in anodes}
    return ions.pop() if len(ions) == 1 else ""


def _cm3_per_mol(snapshot: Snapshot, formula: Formula) -> float:
    """Volume of one mole of atoms; NaN where none is known."""
    phase = snapshot.find(formula)
    if phase is None:
        return float("nan")
    if len(formula.atomic_numbers) == 1:
        return anode_molar_volume_cm3(snapshot.phases, phase)
    return float(snapshot.phases.volume_per_atom_a3[phase]) * A3_PER_ATOM_TO_CM3_PER_MOL


def _mobile(numbers: tuple[int, ...]) -> int | None:
    if len(numbers) == 1:
        return numbers[0]
    for group in (ALKALI, ALKALINE_EARTH):
        held = [z for z in numbers if z in group]
        if held:
            return held[0] if len(held) == 1 else None
    return None
