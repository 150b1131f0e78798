"""Which charge to believe: the integral of the current, or the cycler's counter where the current is too
coarse.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from screening.errors import InputError
from screening.lab.cycling.checks import COARSE_CURRENT, is_written_as_text, written_step
from screening.lab.cycling.counters import counted
from screening.lab.cycling.halfcycles import HalfCycles
from screening.lab.cycling.table import CyclingData, Flag, FlagKind


class ChargeSource(StrEnum):
    """Where the charge of a half-cycle comes from."""

    INTEGRAL = "integral of the current"
    COUNTER = "the cycler's counter"


@dataclass(frozen=True)
class HalfCycleCharges:
    """Charge of each half-cycle, and where it comes from.

    Attributes
    ----------
    charge_ah : numpy.ndarray, shape (n_half_cycles,)
        Charge, Ah.
    source : ChargeSource
        Of all of them.
    flags : tuple of Flag
        Why the counter was taken.
    """

    charge_ah: np.ndarray
    source: ChargeSource
    flags: tuple[Flag, ...] = ()


def half_cycle_charges(
    data: CyclingData, halves: HalfCycles, source: ChargeSource | None = None
) -> HalfCycleCharges:
    """Charge of each half-cycle.

    Parameters
    ----------
    data : CyclingData
        The record.
    halves : HalfCycles
        Its half-cycles; not empty.
    source : ChargeSource, optional
        By default the integral; the counter where the current is written with so few digits that its own
        rounding exceeds `COARSE_CURRENT`, and the counter is finer.

    Raises
    ------
    InputError
        If the counter is asked for and the record has none.
    """
    if source is ChargeSource.INTEGRAL:
        return HalfCycleCharges(halves.charge_ah, ChargeSource.INTEGRAL)
    counted_ah = counted(data, halves)
    known = bool(np.isfinite(counted_ah).all() and (counted_ah > 0).all())
    if source is ChargeSource.COUNTER:
        if not known:
            raise InputError(
                "no capacity counter for every half-cycle",
                where=data.cell,
                remedy="use the integral of the current",
            )
        return HalfCycleCharges(counted_ah, ChargeSource.COUNTER)
    if known and is_written_as_text(data):
        step_a, step_ah = written_step(data.current_a), _counter_step_ah(data)
        current = 0.5 * step_a / float(np.median(halves.current_a))
        if current > COARSE_CURRENT and step_ah / float(np.median(counted_ah)) < current:
            finer = f", in steps of {step_ah:.3g} Ah" if step_ah else ""
            message = (
                f"charges by the cycler's counter{finer}, not the current, which is "
                f"written in steps of {step_a:.3g} A"
            )
            return HalfCycleCharges(counted_ah, ChargeSource.COUNTER, (Flag(FlagKind.RESOLUTION, message),))
    return HalfCycleCharges(halves.charge_ah, ChargeSource.INTEGRAL)


def _counter_step_ah(data: CyclingData) -> float:
    """Rounding of the coarsest of the counters: half a written step at either end of a half-cycle, Ah."""
    names = ("charging_capacity_ah", "discharging_capacity_ah", "step_capacity_ah")
    return max(
        written_step(np.nan_to_num(data.table[name].to_numpy(float))) for name in names if name in data.table
    )
