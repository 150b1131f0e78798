"""The cycler's own counters against what its current says: compared, never trusted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from screening.lab.cycling.halfcycles import HalfCycles, sums_over
from screening.lab.cycling.leads import growth_of
from screening.lab.cycling.table import HALF_CYCLE, CyclingData, Flag, FlagKind

CHARGE_TOLERANCE = 0.003
"""Relative difference of a half-cycle's charge, counter against integral, above which it is flagged."""

CAPACITIES = {
    1: ("charging_capacity_ah", "step_capacity_ah"),
    -1: ("discharging_capacity_ah", "step_capacity_ah"),
}
ENERGIES = {
    1: ("charging_energy_wh", "step_energy_wh"),
    -1: ("discharging_energy_wh", "step_energy_wh"),
}
"""Counters of the half-cycles of either sign."""


def counted(
    data: CyclingData, halves: HalfCycles, counters: Mapping[int, Sequence[str]] = CAPACITIES
) -> np.ndarray:
    """Charge or energy of each half-cycle by the cycler's counter, shape (n_half_cycles,), Ah or Wh.

    The counter may start anew with each step, each cycle, or never: only its growth inside the half-cycle
    counts (`growth_of`). NaN where the file has no such counter.
    """
    charge = np.full(len(halves), np.nan)
    for sign, columns in counters.items():
        column = next((name for name in columns if name in data.table), None)
        chosen = np.flatnonzero(halves.sign == sign)
        if column is None or not len(chosen):
            continue
        growth = growth_of(data.table[column].to_numpy())
        charge[chosen] = sums_over(growth, halves.start[chosen], halves.stop[chosen])
    return charge


@dataclass(frozen=True)
class CounterComparison:
    """Charges and numbers of cycles, by the current and by the cycler.

    Attributes
    ----------
    integrated_ah, counted_ah : numpy.ndarray, shape (n_half_cycles,)
        Charge of each half-cycle by integration and by the cycler's counter (NaN where it has none).
    half_cycles, half_cycles_counted : int or None
        Half-cycles by the current's sign; distinct values of the cycler's half-cycle counter in their rows.
    cycles_counted : int or None
        Distinct values of the cycler's cycle counter in the rows of half-cycles.
    """

    integrated_ah: np.ndarray
    counted_ah: np.ndarray
    half_cycles: int
    half_cycles_counted: int | None
    cycles_counted: int | None

    def to_frame(self) -> pd.DataFrame:
        """One row per half-cycle, counted from 1."""
        index = pd.RangeIndex(1, self.half_cycles + 1, name="half_cycle")
        columns = {"integrated_ah": self.integrated_ah, "counted_ah": self.counted_ah}
        return pd.DataFrame(columns, index=index).assign(relative_difference=self.relative_difference)

    @property
    def relative_difference(self) -> np.ndarray:
        """(counted − integrated) / integrated of each half-cycle."""
        return (self.counted_ah - self.integrated_ah) / self.integrated_ah

    def flags(self) -> tuple[Flag, ...]:
        """Differences worth knowing."""
        messages = []
        far = np.flatnonzero(np.abs(self.relative_difference) > CHARGE_TOLERANCE)
        if len(far):
            worst = far[np.argmax(np.abs(self.relative_difference[far]))]
            messages.append(
                f"charge of {len(far)} of {self.half_cycles} half-cycles, by up to "
                f"{100 * self.relative_difference[worst]:+.1f} % (half-cycle {worst + 1}) against the current"
            )
        if self.half_cycles_counted is not None and self.half_cycles_counted != self.half_cycles:
            messages.append(
                f"{self.half_cycles_counted} half-cycles by the cycler, {self.half_cycles} by the current"
            )
        if self.cycles_counted is not None and abs(2 * self.cycles_counted - self.half_cycles) > 1:
            messages.append(
                f"{self.cycles_counted} cycles by the cycler, {self.half_cycles} half-cycles by the current"
            )
        return tuple(Flag(FlagKind.COUNTER, message) for message in messages)


def compare_counters(data: CyclingData, halves: HalfCycles) -> CounterComparison:
    """Compare the cycler's counters with the half-cycles found from the current."""
    inside = np.zeros(len(data) + 1, dtype=np.int8)
    inside[halves.start] += 1
    inside[halves.stop] -= 1
    rows = np.cumsum(inside[:-1], dtype=np.int8) > 0
    cycles = [_distinct(data, name, rows) for name in (HALF_CYCLE, "cycle_count")]
    return CounterComparison(halves.charge_ah, counted(data, halves), len(halves), *cycles)


def _distinct(data: CyclingData, name: str, rows: np.ndarray) -> int | None:
    if name not in data.table or not rows.any():
        return None
    return int(data.table[name][rows].nunique())
