"""Which half-cycle begins a cycle, as the record itself has it."""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from screening.lab.cycling.halfcycles import HalfCycles

IMPOSSIBLE_EFFICIENCY = 1.05
"""More charge out than went in before, by more than currents are measured wrong: the pair is no cycle.

A first half-cycle that the next exceeds by so much was no whole one: the cell came partly charged, or was
topped up.
"""


class CycleOrder(StrEnum):
    """Which half-cycle comes first in a cycle."""

    CHARGE_FIRST = "charge-first"
    DISCHARGE_FIRST = "discharge-first"

    @property
    def efficiency_definition(self) -> str:
        """The Coulombic efficiency in words."""
        if self is CycleOrder.CHARGE_FIRST:
            return "discharge over the charge before it"
        return "charge over the discharge before it"


def order_of(halves: HalfCycles) -> tuple[CycleOrder, str]:
    """Order of the cycles: they begin as the record does, with its first whole half-cycle.

    Parameters
    ----------
    halves : HalfCycles
        Half-cycles of the record; not empty.

    Returns
    -------
    tuple of (CycleOrder, str)
        The order, and what speaks for it where it is not the usual one, a charge at the start (empty where it
        is).
    """
    partial = 0
    charge = halves.charge_ah
    while partial + 1 < len(halves) and IMPOSSIBLE_EFFICIENCY * charge[partial] < charge[partial + 1]:
        partial += 1
    if partial + 1 >= len(halves):  # charges that only grow tell nothing
        partial = 0
    order = CycleOrder.CHARGE_FIRST if halves.sign[partial] > 0 else CycleOrder.DISCHARGE_FIRST
    kind = "charge" if halves.sign[partial] > 0 else "discharge"
    if partial:
        return order, f"{order}: the first whole half-cycle, number {partial + 1}, is a {kind}"
    return order, "" if order is CycleOrder.CHARGE_FIRST else f"{order}: the record begins with a discharge"


def impossible_efficiencies(
    number: NDArray[np.int64], efficiency: NDArray[np.float64], name: str = "Coulombic"
) -> str:
    """Remark on cycles that gave back more than they took; empty where there are none."""
    above = np.flatnonzero(efficiency > IMPOSSIBLE_EFFICIENCY)
    if not above.size:
        return ""
    worst = above[np.argmax(efficiency[above])]
    return (
        f"{name} efficiency above {IMPOSSIBLE_EFFICIENCY:.0%} in {above.size} cycle(s), up to "
        f"{efficiency[worst]:.1%} in cycle {number[worst]}: half of it was not whole, or the current is wrong"
    )
