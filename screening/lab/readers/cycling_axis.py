"""The time axis of a cycling file, held against everything else in the file that tells the time.

A file tells its time several times over: total time, step time, wall clock, and the charge that its counter
gained under its current. The total time is used; the others must not contradict it.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from screening.errors import InputError
from screening.lab.cycling.table import CURRENT, TIME, Flag, FlagKind
from screening.lab.readers.columns import CHARGE_STEP, CLOCK, STEP_TIME, Column
from screening.lab.readers.cycling_time import accumulated, resets_with, seconds, short_clock, unix_seconds
from screening.lab.readers.numbers import Array
from screening.lab.readers.source import Table

UNITS = {
    60.0: "minutes",
    3600.0: "hours",
    86400.0: "days",
    1e-3: "milliseconds",
    1.0 / 60.0: "minutes and seconds",
}
"""What a time that runs slower than its witness by this factor is in, if it was read as seconds."""

MILLI = 1e-3
LEAST_OF_NO_PREFIX = 60.0
NEAR = 0.05
"""A witness speaks for a factor within this relative deviation."""

NEAR_COUNTED = 0.1
"""The charge of sparsely written records is no better known."""

STEADY_SHARE = 0.8
"""Share of the stretches of a record that must agree on a factor; the others may hold pauses."""

STRETCHES = 100
CLOCK_STRETCH_S = 20.0
"""A clock told to the second is good to 5 % over this."""

CLOCK_RESOLUTION_S = 1.5
PAUSE = 10.0
"""An interval between two steps of more than so many usual ones is a pause, in which no charge is counted."""

CHARGE_COUNTERS = ("charging_capacity_ah", "discharging_capacity_ah")


@dataclass(frozen=True)
class _Axis:
    """Time as read, where it stands, whether its unit is stated, and the unit assumed where it is not."""

    time_s: Array
    header: str
    stated: bool
    flags: tuple[Flag, ...] = ()
    read_as: str = "s"


@dataclass(frozen=True)
class _Witness:
    """How much faster another column runs than the time as read."""

    header: str
    ratio: float
    is_clock: bool = True

    def speaks_for(self, factor: float) -> bool:
        if not self.is_clock and factor == MILLI:  # rather a capacity in mAh under the name of Ah
            return False
        return abs(self.ratio / factor - 1.0) <= (NEAR if self.is_clock else NEAR_COUNTED)


def time_axis(raw: Table, found: dict[str, Column]) -> tuple[Array, list[Flag]]:
    """Total time in s, with NaN where a row has none, and what was repaired, derived or assumed.

    A time without a unit takes the unit that the wall clock, the step time or the charge counter speaks for.

    Raises
    ------
    InputError
        If nothing tells the time, or a witness contradicts the unit that the header states.
    """
    axis = _read(raw, found)
    flags = list(axis.flags)
    witnesses = _witnesses(raw, found, axis)
    told = [(w, factor) for w in witnesses for factor in UNITS if w.speaks_for(factor)]
    upheld = any(w.speaks_for(1.0) for w in witnesses)
    if axis.stated and not any(w.is_clock for w, _ in told):
        # a charge under another prefix than it has is told where charges are compared; 60 and 3600 are none
        told = [(w, factor) for w, factor in told if factor >= LEAST_OF_NO_PREFIX]
    if told and not upheld:
        witness, factor = told[0]
        agree = {factor for _, factor in told} == {factor}
        if not agree or (axis.stated and len(told) < 2):
            raise InputError(
                f"{axis.header!r} runs {witness.ratio:.4g} times slower than {witness.header!r}",
                where=str(raw.path),
                remedy=f"state its unit: is it in {UNITS[factor]}?",
            )
        by = " and ".join(repr(w.header) for w, _ in told)
        verb = "speaks" if len(told) == 1 else "speak"
        said = "is not in the unit it states" if axis.stated else "states no unit"
        message = f"{axis.header!r} {said}; read as {UNITS[factor]}, for which {by} {verb}"
        return axis.time_s * factor, [*flags, raw.flag(FlagKind.UNIT, message)]
    if not axis.stated and not upheld:
        flags.append(raw.flag(FlagKind.UNSTATED, f"{axis.header!r} read as {axis.read_as}"))
    return axis.time_s, flags


def _read(raw: Table, found: dict[str, Column]) -> _Axis:
    """Time from the total time, the step times added up, or the wall clock: the first that there is."""
    step = raw.frame[found["step_index"].header].to_numpy() if "step_index" in found else None
    if TIME in found:
        match = found[TIME]
        time = seconds(match, raw.frame)
        stated = _stated(raw, match)
        if np.isnan(time).all():  # dates under the name of a time
            clock = unix_seconds(raw.frame[match.header], time)
            known = np.flatnonzero(np.isfinite(clock))
            if len(known):
                told = f"{match.header!r} holds dates; counted from the first"
                flag = raw.flag(FlagKind.DERIVED, told)
                return _Axis(clock - clock[known[0]], match.header, True, (flag,))
        time, mended = _without_placeholders(raw, found, time)
        flags = [raw.flag(FlagKind.PLACEHOLDER, mended[1], mended[0])] if mended else []
        known = np.isfinite(time)
        if known.any() and resets_with(time[known], None if step is None else step[known]):
            told = f"{match.header!r} starts anew with each step; the steps are added up"
            flags.append(raw.flag(FlagKind.DERIVED, told))
            return _Axis(_added(raw, found, time), match.header, stated, tuple(flags))
        read_as = "h:mm" if short_clock(match, raw.frame) else "s"
        return _Axis(time, match.header, stated, tuple(flags), read_as)
    if STEP_TIME in found:
        match = found[STEP_TIME]
        told = f"no total time; the step times of {match.header!r} are added up"
        time = _added(raw, found, seconds(match, raw.frame))
        return _Axis(time, match.header, _stated(raw, match), (raw.flag(FlagKind.DERIVED, told),))
    for quantity in ("unix_time_second", CLOCK):
        if quantity in found:
            header = found[quantity].header
            clock = unix_seconds(raw.frame[header], np.full(len(raw.frame), np.nan))
            known_rows = np.flatnonzero(np.isfinite(clock))
            if len(known_rows):
                told = f"no total time; taken from the wall clock in {header!r}"
                flag = raw.flag(FlagKind.DERIVED, told)
                return _Axis(clock - clock[known_rows[0]], header, True, (flag,))
    raise raw.lacking(TIME)


def _stated(raw: Table, match: Column) -> bool:
    if short_clock(match, raw.frame):
        return False
    return bool(match.unit) or not pd.api.types.is_numeric_dtype(raw.frame[match.header].dtype)


def _without_placeholders(
    raw: Table, found: dict[str, Column], time: Array
) -> tuple[Array, tuple[int, str] | None]:
    """Fill single zeros in a time that otherwise runs on: some exports write 0 in the first row of a step.

    Such a row took place as long before the next as the step time says, or else when the row before it did.
    """
    known = np.flatnonzero(np.isfinite(time))
    values = time[known]
    if len(known) < 3:
        return time, None
    zero = np.zeros(len(known), dtype=bool)
    zero[1:-1] = (values[1:-1] == 0) & (values[:-2] > 0) & (values[2:] >= values[:-2])
    if not zero.any():
        return time, None
    rows, before, after = (known[np.flatnonzero(zero) + shift] for shift in (0, -1, 1))
    filled = time[before]
    if STEP_TIME in found:
        match = found[STEP_TIME]
        within = seconds(match, raw.frame)
        since = within[after] - within[rows]
        filled = np.where(since >= 0, np.maximum(time[after] - since, filled), filled)
    time = time.copy()
    time[rows] = filled
    header = found[TIME].header
    return time, (int(rows[0]), f"{header!r} is 0 in {len(rows)} rows of a time that runs on; filled in")


def _added(raw: Table, found: dict[str, Column], step_time: Array) -> Array:
    """Step times added up, with what the wall clock says passed between two steps.

    The first row of a step counts from its own beginning, so that the interval from the row before is lost;
    the clock tells it, unless it is a pause. Step times cannot add up to more than passed by the clock.
    """
    total = accumulated(step_time)
    clock = _clock(raw, found, total)
    if clock is None:
        return total
    known = np.flatnonzero(np.isfinite(clock) & np.isfinite(total))
    if len(known) < 2:
        return total
    passed, added = np.ptp(clock[known]), np.ptp(total[known])
    if added > (1.0 + NEAR) * passed + CLOCK_STRETCH_S:
        raise InputError(
            f"the step times add up to {added:.6g} s, where {passed:.6g} s passed by the clock",
            where=str(raw.path),
            remedy="export the total time of the test",
        )
    between = np.diff(clock[known]) - np.diff(total[known])
    usual = float(np.median(np.diff(total[known])))
    new_step = np.diff(step_time[known]) < 0
    lost = np.where(new_step & (between > CLOCK_RESOLUTION_S) & (between < PAUSE * usual), between, 0.0)
    total[known[1:]] += np.cumsum(lost)
    return total


def _clock(raw: Table, found: dict[str, Column], time: Array) -> Array | None:
    match = found.get("unix_time_second") or found.get(CLOCK)
    return None if match is None else unix_seconds(raw.frame[match.header], time)


def _witnesses(raw: Table, found: dict[str, Column], axis: _Axis) -> list[_Witness]:
    """Columns that tell the time besides the one that was read, the surest first."""
    witnesses = []
    clock = _clock(raw, found, axis.time_s)
    if clock is not None:
        name = (found.get("unix_time_second") or found[CLOCK]).header
        if name != axis.header:
            witnesses.append(_Witness(name, _pace(axis.time_s, clock, CLOCK_STRETCH_S)))
    if STEP_TIME in found and found[STEP_TIME].header != axis.header:
        match = found[STEP_TIME]
        if _stated(raw, match):
            step = seconds(match, raw.frame)
            witnesses.append(_Witness(match.header, _pace_in_steps(axis.time_s, step)))
    counted = _counted(raw, found, axis.time_s)
    if counted is not None:
        witnesses.append(_Witness(*counted, is_clock=False))
    return [witness for witness in witnesses if np.isfinite(witness.ratio)]


def _pace(time: Array, other: Array, shortest: float) -> float:
    """Increment of another time per increment of this one; NaN where stretches of the record disagree."""
    known = np.flatnonzero(np.isfinite(time) & np.isfinite(other))
    if len(known) < 2:
        return float("nan")
    span = np.ptp(other[known])
    count = int(np.clip(min(len(known) - 1, span / shortest if shortest > 0 else np.inf), 1, STRETCHES))
    marks = known[np.linspace(0, len(known) - 1, count + 1).astype(int)]
    mine, theirs = np.diff(time[marks]), np.diff(other[marks])
    usable = (mine > 0) & (theirs >= shortest)
    return _steady(theirs[usable] / mine[usable])


def _pace_in_steps(time: Array, step: Array) -> float:
    """Increment of the step time per increment of the total time, inside the steps."""
    mine, theirs = np.diff(time), np.diff(step)
    usable = np.isfinite(mine) & np.isfinite(theirs) & (mine > 0) & (theirs > 0)
    return _steady(theirs[usable] / mine[usable])


def _steady(ratios: Array) -> float:
    if not ratios.size:
        return float("nan")
    middle = float(np.median(ratios))
    return middle if np.mean(np.abs(ratios / middle - 1.0) <= NEAR) >= STEADY_SHARE else float("nan")


def _counted(raw: Table, found: dict[str, Column], time: Array) -> tuple[str, float] | None:
    """Charge that the counter gained over the integral of the current; None where a unit is not stated."""
    names = [name for name in CHARGE_COUNTERS if name in found] or ["step_capacity_ah"]
    if CURRENT not in found or CHARGE_STEP in found or any(name not in found for name in names):
        return None
    matches = [found[CURRENT], *(found[name] for name in names)]
    if not all(match.unit for match in matches):
        return None
    current, *counters = (match.values(raw.frame) for match in matches)
    known = np.isfinite(time) & np.isfinite(current)
    interval = np.clip(np.diff(time[known], prepend=time[known][:1]), 0.0, None)
    charge_ah = float(np.abs(current[known]) @ interval) / 3600.0
    gained = 0.0
    for counter in counters:
        values = np.abs(counter[known & np.isfinite(counter)])
        growth = np.diff(values, prepend=values[:1])
        gained += float(np.where(growth < 0, values, growth).sum())
    if not charge_ah > 0 or not gained > 0:
        return None
    return matches[1].header, gained / charge_ah
