"""Reactants with their energies: a compound's own, never silently its hull energy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from screening.errors import InputError
from screening.phases.additions import Origin
from screening.phases.atlas import WITH_ATLAS, in_atlas
from screening.phases.chemsys import MAX_ELEMENTS
from screening.phases.composition import Formula, Reactant, symbol
from screening.phases.snapshot import Snapshot
from screening.thermo.compositions import Compositions
from screening.thermo.lines import assemblages

ON_HULL_TOL_EV = 1e-6
"""Phases closer to the hull than this (eV/atom) are on it: the exactness extrapolated for every energy."""


@dataclass(frozen=True)
class PricedReactant:
    """A reactant with its energies on the scale of a snapshot.

    Attributes
    ----------
    reactant : Reactant
    energy_ev_per_atom : float
        Formation energy of what is brought to the interface: the compound's own, or the sum over the parts
        of a mixture.
    hull_energy_ev_per_atom : float
        Lowest energy at its composition.
    at_hull : bool
        True where a composition that the snapshot lacks was accepted at its hull energy.
    phases : mapping of int to float
        What its energy is the sum of: atomic fractions by phase number.
    hull : mapping of int to float
        The stable assemblage at its composition in the same way.
    spelling : mapping of int to Formula
        Compounds among its parts by phase number, as the user writes them.
    """

    reactant: Reactant
    energy_ev_per_atom: float
    hull_energy_ev_per_atom: float
    at_hull: bool
    phases: Mapping[int, float]
    hull: Mapping[int, float]
    spelling: Mapping[int, Formula]

    @property
    def energy_above_hull_ev_per_atom(self) -> float:
        """Own energy above the hull, ≥ 0; rounding noise is written as 0."""
        above = self.energy_ev_per_atom - self.hull_energy_ev_per_atom
        return 0.0 if abs(above) < ON_HULL_TOL_EV else above


def price(snapshot: Snapshot, reactant: Reactant, *, at_hull: bool = False) -> PricedReactant:
    """Find the energies of a reactant.

    Parameters
    ----------
    snapshot : Snapshot
    reactant : Reactant
    at_hull : bool
        Accept a composition that the snapshot lacks at its hull energy; acts on no other.

    Raises
    ------
    InputError
        If an element is not in the snapshot, there are too many elements, or a composition is lacking and
        `at_hull` is False.
    """
    unit = reactant.unit
    require_few_elements(unit)
    for z in unit.atomic_numbers:
        if z not in snapshot.elements:
            raise InputError(
                f"snapshot {snapshot.manifest.name} has no phase with {symbol(z)}",
                where=reactant.text,
                remedy="choose another element or snapshot",
            )
    lacking, spelling = False, {}
    phases: dict[int, float] = {}
    for part in reactant.parts:
        share = reactant.atom_share(part)
        phase = snapshot.find(part.formula)
        if phase is None and not at_hull:
            known = neighbours(snapshot, part.formula)
            other = "choose one of these" if known else "bring it with --phases"
            if in_atlas(snapshot, part.formula):
                other = f"take its machine-learned energy with --snapshot {WITH_ATLAS}"
            raise InputError(
                lacking_text(snapshot, part.formula),
                remedy=f"{other}, or accept the hull energy with --at-hull (Python: at_hull=True)",
            )
        if phase is None or snapshot.phases.origin[phase] == Origin.AT_HULL:
            lacking, its = True, stable(snapshot, part.formula)
        else:
            its, spelling[phase] = {phase: 1.0}, part.formula
        for number, fraction in its.items():
            phases[number] = phases.get(number, 0.0) + share * fraction
    # an element is shown as its molecule, and what crystallises out of a glass by its own formula
    shown = {i: f for i, f in spelling.items() if len(f.amounts) > 1 and "-" not in f.text}
    hull = stable(snapshot, unit)
    own, lowest = (_energy_ev_per_atom(snapshot, of) for of in (phases, hull))
    return PricedReactant(reactant, own, lowest, lacking, phases, hull, shown)


def require_distinct(reactants: Sequence[Reactant]) -> None:
    """Refuse the same compound or mixture named twice, however it is written."""
    for one, other in combinations(reactants, 2):
        if one.is_same_as(other):
            raise InputError(
                f"{one.text} and {other.text} are the same composition", remedy="name each reactant once"
            )


def require_few_elements(*units: Formula) -> None:
    """Refuse compositions that together hold more than `MAX_ELEMENTS` elements."""
    elements = {z for unit in units for z in unit.atomic_numbers}
    if len(elements) > MAX_ELEMENTS:
        raise InputError(
            f"{' and '.join(unit.text for unit in units)}: {len(elements)} elements in one system",
            remedy=f"use at most {MAX_ELEMENTS}",
        )


def hull_energy(snapshot: Snapshot, formula: Formula) -> float:
    """Lowest formation energy per atom at one composition, eV."""
    return float(assemblages(snapshot, Compositions.of([formula])).energy_ev_per_atom[0])


def stable(snapshot: Snapshot, formula: Formula) -> dict[int, float]:
    """The stable assemblage at one composition: atomic fractions by phase number."""
    found = assemblages(snapshot, Compositions.of([formula]))
    return dict(zip(found.phase.tolist(), found.amount.tolist(), strict=True))


def _energy_ev_per_atom(snapshot: Snapshot, phases: Mapping[int, float]) -> float:
    energies = snapshot.phases.formation_energy_ev_per_atom
    return float(sum(share * energies[phase] for phase, share in phases.items()))


def lacking_text(snapshot: Snapshot, formula: Formula) -> str:
    """What a snapshot has instead of a composition that it lacks."""
    known = neighbours(snapshot, formula) or "no compound of all these elements"
    return f"snapshot {snapshot.manifest.name} has no {formula.text}; {formula.chemsys} holds {known}"


def neighbours(snapshot: Snapshot, formula: Formula, most: int = 8) -> str:
    """Compounds of the same chemical system, nearest composition first; empty where there is none."""
    rows = snapshot.index.exactly(np.array(formula.atomic_numbers))
    if not len(rows):
        return ""
    local = snapshot.phases.take(rows).fraction.reshape(len(rows), -1)
    order = np.argsort(np.abs(local - formula.fractions).sum(axis=1), kind="stable")[:most]
    names = ", ".join(str(snapshot.phases.formula[rows[i]]) for i in order)
    return names + (f" and {len(rows) - most} more" if len(rows) > most else "")
