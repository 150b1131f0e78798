"""What a compound becomes as it gives off an element: plateaus of release in rising voltage."""

from dataclasses import dataclass

import numpy as np

from screening.errors import InputError
from screening.phases.composition import Formula, atomic_number
from screening.phases.snapshot import Snapshot
from screening.thermo.compositions import Compositions
from screening.thermo.intervals import ErrorBars, Interval, form
from screening.thermo.lines import tie_lines
from screening.thermo.marks import product_terms, reactant_terms
from screening.thermo.reactants import PricedReactant
from screening.thermo.reactions import Moles, Term, write_reaction
from screening.thermo.staircases import Staircases
from screening.thermo.uptake import Step
from screening.units import MAH_PER_MOL_OF_CHARGE

AMOUNT_TOL = 1e-6
"""Atoms per formula below which nothing comes or goes."""


@dataclass(frozen=True, eq=False)
class Side:
    """A compound on its way to giving all of an element off."""

    snapshot: Snapshot
    priced: PricedReactant
    element: str
    charge: int
    held: float
    error_bars: ErrorBars


def releases_of(side: Side) -> tuple[list[Step], list[int]]:
    """All plateaus of release in rising voltage, and the phases along them.

    The rest without the element, titrated from 0, passes through the compound itself.
    """
    if side.held == 0.0:
        return [], []
    reactant, z = side.priced.reactant, atomic_number(side.element)
    rest = Compositions.of([reactant.unit]).without(z)
    lines = tie_lines(side.snapshot, Compositions.of([Formula(side.element, (z,), (1.0,))]), rest)
    if lines.failed[0]:
        raise InputError(f"the convex hull below {reactant.text} did not converge", remedy="report it")
    stairs, atoms = Staircases.of(lines, rest.atoms, side.charge), float(rest.atoms[0])
    # plateau i begins where the one before it ends; beyond the last one the element itself is plated
    begins = np.append(0.0, stairs.uptake_per_formula)
    ends = [(atoms + held, lines.assemblage(k)) for held, k in zip(begins, (0, *stairs.kink), strict=True)]
    steps = []
    for i in np.flatnonzero(begins < side.held - AMOUNT_TOL)[::-1].tolist():
        electrons = (begins[i + 1] - begins[i]) * side.charge if i < len(stairs.voltage_v) else 0.0
        (before, start), (after, end) = ends[i], ends[min(i + 1, len(ends) - 1)]
        within = None
        if electrons > 0.0:
            energy = form(len(side.snapshot), (before / electrons, start), (-after / electrons, end))
            within = side.error_bars.around(float(stairs.voltage_v[i]), energy)
        voltage = float(stairs.voltage_v[i]) if electrons > 0.0 else 0.0
        steps.append(_release(side, voltage, within, side.held - float(begins[i]), ends[i]))
    return steps, np.unique(lines.phase).tolist()


def _release(
    side: Side, volts: float, within: Interval | None, given_off: float, left: tuple[float, dict[int, float]]
) -> Step:
    """A plateau by what is given off at its far end, and the atoms and phases that are left there."""
    reactant, of = side.priced.reactant, side.snapshot.phases.atoms
    moles = {phase: share * left[0] / float(of[phase]) for phase, share in left[1].items()}
    products = product_terms(side.snapshot, moles, 1.0, side.priced.spelling)
    return Step(
        volts,
        -given_off,
        -given_off * side.charge * MAH_PER_MOL_OF_CHARGE / reactant.unit.molar_mass_g,
        write_reaction(reactant_terms(reactant, 1.0), [Term(side.element, given_off), *products]),
        Moles({t.formula: t.moles for t in products}),
        side.element,
        within,
    )
