"""Is the record what it says? Units, resolution, and whether the numbers can belong to a cell at all."""

from collections.abc import Iterator

import numpy as np

from screening.lab.cycling.counters import ENERGIES, compare_counters, counted
from screening.lab.cycling.halfcycles import HalfCycles, half_cycles
from screening.lab.cycling.table import MEASURED, CyclingData, Flag, FlagKind

PLAUSIBLE_AREAL_CURRENT_MA_CM2 = 100.0
"""No lithium cell of the bench carries more: the paper's highest step is 3 mA/cm²; mA read as A gives 500
and up."""

PLAUSIBLE_CAPACITY_MAH_G = 4000.0
"""No active material holds more: lithium metal itself has 3861 mAh/g."""

PLAUSIBLE_VOLTAGE_V = 10.0
"""A single cell never shows more; mV read as V gives thousands."""

COARSE_CURRENT = 0.02
"""Half a step of the current's resolution, relative to the current that flows, above which it is flagged."""

MAX_DECIMALS = 10
"""Numbers with more decimals (of an ampere) were computed, not written down."""

DECIMAL_ROUNDING = 1e-6
"""How near a scaled number must be to a whole one."""

UNIT_RATIOS = (1e3, 1e-3, 1e6, 1e-6, 60.0, 1.0 / 60.0, 3600.0, 1.0 / 3600.0)
UNIT_RATIO_TOLERANCE = 0.2
"""Counter over integral within this of a power of a thousand or sixty: a column has the wrong unit."""


POWER = "power_watt"

SAME_POWER = 0.05
"""The power that a cycler writes is voltage times current within this; rows are no simultaneous readings."""


def written_step(values: np.ndarray) -> float:
    """Step in which numbers were written down: the largest power of ten that divides all of them; 0 for none.

    Long records are judged by an evenly spaced sample of 10 000 rows.
    """
    sample = values[:: max(1, len(values) // 10_000)]
    if not np.any(sample):
        return 0.0
    for decimals in range(MAX_DECIMALS):
        scaled = sample * 10.0**decimals
        whole = np.round(scaled)
        if np.all((np.abs(scaled - whole) < DECIMAL_ROUNDING) & ((whole == 0) == (sample == 0))):
            return float(10.0**-decimals)
    return 0.0


def rounding_shows(data: CyclingData, halves: HalfCycles, step: float) -> bool:
    """Whether the current was rounded to the step in which it is written.

    One constant current is written short because it is exact. A rounded one moves by single steps from row to
    row, or the cycler's counter gained another charge than it gives, by no more than the rounding explains.
    """
    current = data.current_a
    flowing = current[:-1] * current[1:] > 0
    single = np.abs(np.abs(np.diff(current)) / step - 1.0) < DECIMAL_ROUNDING
    if np.count_nonzero(flowing & single) > len(halves):
        return True
    apart = np.abs(compare_counters(data, halves).relative_difference)
    rounding = step / 2 / halves.current_a
    known = np.isfinite(apart)  # rounding falsifies every charge, another fault only some
    return bool(known.any() and np.all((apart > COARSE_CURRENT) & (apart <= rounding), where=known))


def plausibility_flags(data: CyclingData) -> tuple[Flag, ...]:
    """Flags on units, resolution and the cycler's counters.

    Parameters
    ----------
    data : CyclingData
        The record; with its area and active mass, more can be judged.
    """
    flags: list[Flag] = []
    if not len(data):
        return ()
    largest = float(max(data.voltage_v.max(), -data.voltage_v.min()))
    if largest > PLAUSIBLE_VOLTAGE_V:
        row = int(np.argmax(np.abs(data.voltage_v)))
        flags.append(
            _at(data, FlagKind.UNIT, f"{largest:.4g} V is no single cell's voltage; is it in mV?", row)
        )
    halves = half_cycles(data)
    if len(halves):
        flags += _current_flags(data, halves)
        flags += _counter_flags(data, halves)
    return tuple(flags)


def _at(data: CyclingData, kind: FlagKind, message: str, row: int) -> Flag:
    source = next((item for item in data.sources if item.start <= row < item.stop), None)
    return Flag(kind, message) if source is None else Flag(kind, message, source.name, row - source.start + 1)


def _current_flags(data: CyclingData, halves: HalfCycles) -> list[Flag]:
    flags = []
    typical = float(np.median(halves.current_a))
    if data.area_cm2 is not None:
        areal = 1e3 * halves.current_a / data.area_cm2
        if areal.max() > PLAUSIBLE_AREAL_CURRENT_MA_CM2:
            first = int(np.argmax(areal > PLAUSIBLE_AREAL_CURRENT_MA_CM2))
            message = f"{areal[first]:.4g} mA/cm² is more than a cell carries; current in mA, or area wrong?"
            flags.append(_at(data, FlagKind.UNIT, message, int(halves.start[first])))
    if data.active_mass_mg is not None:
        specific = 1e6 * halves.charge_ah / data.active_mass_mg
        if specific.max() > PLAUSIBLE_CAPACITY_MAH_G:
            first = int(np.argmax(specific > PLAUSIBLE_CAPACITY_MAH_G))
            message = f"{specific[first]:.4g} mAh/g is more than lithium metal holds; unit or mass wrong?"
            flags.append(_at(data, FlagKind.UNIT, message, int(halves.start[first])))
    step = written_step(data.current_a) if is_written_as_text(data) else 0.0
    if step / 2 > COARSE_CURRENT * typical and rounding_shows(data, halves, step):
        message = (
            f"the current is written in steps of {step:.3g} A: ±{100 * step / 2 / typical:.0f} % of the "
            f"{typical:.3g} A that flow"
        )
        flags.append(Flag(FlagKind.RESOLUTION, message))
    return flags


def is_written_as_text(data: CyclingData) -> bool:
    """Whether the current was measured and written with few digits; binary and columnar files hold all."""
    text = any(kind in source.format for source in data.sources for kind in ("csv", "text", "mpt", "xlsx"))
    return text and data.current_origin == MEASURED


def _counter_flags(data: CyclingData, halves: HalfCycles) -> list[Flag]:
    comparison = compare_counters(data, halves)
    totals = list(_totals(data, halves, comparison.counted_ah))
    told = [
        Flag(FlagKind.UNIT, f"the cycler's {what} is {ratio:.4g} times {of}: one unit is wrong")
        for what, of, total in totals
        for ratio in UNIT_RATIOS
        if abs(total / ratio - 1.0) < UNIT_RATIO_TOLERANCE
    ]
    power = [
        Flag(FlagKind.COUNTER, f"the power is {ratio:.4g} times {of}: they are not of one cell or electrode")
        for what, of, ratio in totals
        if what == "power" and ratio > 0.0 and abs(ratio - 1.0) > SAME_POWER
    ]
    return told or [*power, *comparison.flags()]


def _totals(
    data: CyclingData, halves: HalfCycles, counted_ah: np.ndarray
) -> Iterator[tuple[str, str, float]]:
    """What the cycler counted over what current and voltage give: name, of what, ratio."""
    counted_wh = counted(data, halves, ENERGIES)
    for what, of, theirs, ours in (
        ("capacity", "the integrated current", counted_ah, halves.charge_ah),
        ("energy", "that of voltage and current", counted_wh, np.abs(halves.energy_wh)),
    ):
        known = np.isfinite(theirs)
        if known.any() and (own := ours[known].sum()) > 0:
            yield what, of, float(theirs[known].sum() / own)
    if POWER in data.table:
        own_w = np.abs(data.voltage_v * data.current_a)
        power = np.abs(data.table[POWER].to_numpy())
        known = np.isfinite(power) & (np.abs(data.current_a) > halves.rest_threshold_a[0]) & (own_w > 0)
        if known.any():
            yield "power", "voltage times current", float(np.median(power[known] / own_w[known]))
