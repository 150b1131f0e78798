"""Half-cycles from the sign of the current: the cycler's own counters are never needed.

A half-cycle is everything between two reversals of the current: pulses of one sign that are separated by
rests belong together, rows at rest and impedance points count for nothing, and a run whose charge is
negligible (a stray sample with the previous polarity, noise at rest, the excitation of a spectrum) is left
out.
"""

from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from screening.lab.cycling.holds import CV_CURRENT_FRACTION, held_from, with_tapers
from screening.lab.cycling.leads import first_row_share, interval_s, own_share
from screening.lab.cycling.table import MEASURED, CyclingData

REST_FRACTION = 1e-3
"""|I| at or below this share of the largest current is rest, but for the tail of a taper: above a channel's
noise."""

NEGLIGIBLE_CHARGE_FRACTION = 1e-3
"""A run of less than this share of the typical run's charge starts no half-cycle."""


@dataclass(frozen=True, kw_only=True)
class HalfCycles:
    """The half-cycles of a record; every attribute is an array of shape (n_half_cycles,).

    Attributes
    ----------
    start, stop : int64
        Rows ``[start, stop)`` of the table, from the first to the last row that carries the half-cycle's
        current; rests and impedance points between its pulses are inside.
    sign : int8
        +1 charge, -1 discharge.
    cv_start : int64
        First row of the closing constant-voltage part; equal to `stop` where there is none.
    time_start_s, time_stop_s : float64
        Total time at the beginning of the first row's interval and at the last row.
    on_time_s : float64
        Time during which current flowed.
    rest_inside_s, rest_before_s : float64
        Time without current between the pulses, and since the previous half-cycle (or the first row).
    charge_ah, energy_wh, cv_charge_ah : float64
        Integrals of |I|, V·|I|, and |I| over the constant-voltage part. Energy is negative where V is.
    current_a : float64
        Mean of |I| over the time with current, before constant voltage.
    voltage_first_v, voltage_last_v, voltage_mean_v : float64
        First and last row, and energy over charge.
    stale_first : bool
        The first row still shows the voltage polarity of the previous half-cycle (meaningful where the
        polarity changes, as in symmetric cells).
    rest_threshold_a, first_share : float64
        |I| at or below which it was taken as rest, and `first_row_share` (one value each, repeated).
    """

    start: np.ndarray
    stop: np.ndarray
    sign: np.ndarray
    cv_start: np.ndarray
    time_start_s: np.ndarray
    time_stop_s: np.ndarray
    on_time_s: np.ndarray
    rest_inside_s: np.ndarray
    rest_before_s: np.ndarray
    charge_ah: np.ndarray
    energy_wh: np.ndarray
    cv_charge_ah: np.ndarray
    current_a: np.ndarray
    voltage_first_v: np.ndarray
    voltage_last_v: np.ndarray
    voltage_mean_v: np.ndarray
    stale_first: np.ndarray
    rest_threshold_a: np.ndarray
    first_share: np.ndarray

    def __len__(self) -> int:
        return len(self.start)

    def part(self, first: int, last: int) -> "HalfCycles":
        """Half-cycles [first, last); their rows are still those of the record."""
        return HalfCycles(**{item.name: getattr(self, item.name)[first:last] for item in fields(self)})

    def slice(self, index: int) -> slice:
        """Rows of one half-cycle."""
        return slice(int(self.start[index]), int(self.stop[index]))

    def to_frame(self) -> pd.DataFrame:
        """One row per half-cycle, counted from 1."""
        columns = {item.name: getattr(self, item.name) for item in fields(self)}
        return pd.DataFrame(columns, index=pd.RangeIndex(1, len(self) + 1, name="half_cycle"))


def rest_threshold_a(current_a: np.ndarray) -> float:
    """|I| at or below which a row is rest: `REST_FRACTION` of the largest current, A.

    The largest is taken as the 99.9th percentile of the rows that carry any, so that one wild sample does not
    put the whole record to rest.
    """
    # one row in a thousand of a long record is enough for a percentile; short records are taken whole
    sample = np.abs(current_a[:: max(1, len(current_a) // 200_000)])
    sample = sample[sample > 0]
    return float(REST_FRACTION * np.quantile(sample, 0.999)) if len(sample) else 0.0


def current_states(data: CyclingData, threshold_a: float) -> np.ndarray:
    """State of each row: +1 charge, -1 discharge, 0 rest or impedance point.

    Parameters
    ----------
    data : CyclingData
        The record.
    threshold_a : float
        |I| at or below it is rest, A, unless it carries on a taper (`with_tapers`).

    Returns
    -------
    numpy.ndarray of int8, shape (n_rows,)
    """
    current = data.current_a
    states = (current > threshold_a).view(np.int8) - (current < -threshold_a).view(np.int8)
    states = with_tapers(states, current, data.voltage_v)
    impedance = data.is_impedance
    if impedance is not None:
        states[impedance] = 0
    return states


@dataclass(frozen=True, kw_only=True)
class _Increments:
    """What each row adds; every array of shape (n_rows,).

    `lead_s` is the part of the interval before a row that its own current filled; `time_s` adds what the
    row's current filled of the interval after it, `charge_c` is |I| over that time: trapezoid in a run.
    """

    lead_s: np.ndarray
    time_s: np.ndarray
    charge_c: np.ndarray

    @classmethod
    def of(cls, data: CyclingData, states: np.ndarray, first_share: float) -> "_Increments":
        interval = interval_s(data)
        magnitude = np.abs(data.current_a)
        if data.current_origin != MEASURED:  # made from charge steps: the mean of the interval already
            return cls(lead_s=interval, time_s=interval, charge_c=magnitude * interval)
        charge = np.empty_like(magnitude)
        charge[:1] = 0.0
        np.add(magnitude[1:], magnitude[:-1], out=charge[1:])
        charge *= 0.5
        changes = np.flatnonzero(states[1:] != states[:-1]) + 1
        charge[changes] = magnitude[changes]
        share = own_share(data, states, interval, changes, first_share)
        held = (1.0 - share) * interval[changes]
        interval[changes] *= share
        charge *= interval
        charge[changes - 1] += magnitude[changes - 1] * held
        time = interval.copy()
        time[changes - 1] += held
        return cls(lead_s=interval, time_s=time, charge_c=charge)


def half_cycles(data: CyclingData, *, threshold_a: float | None = None) -> HalfCycles:
    """Cut a record into half-cycles by the sign of its current.

    Parameters
    ----------
    data : CyclingData
        The record.
    threshold_a : float, optional
        |I| at or below it is rest, A; by default `rest_threshold_a` of the record.

    Returns
    -------
    HalfCycles
        Empty where no current ever flows.

    Notes
    -----
    Inside a run the charge is the trapezoid. The interval that leads to the first row of a run is the run's
    own, or that of the run before, or shared: as step time, counter or grid say (`own_share`).
    """
    limit = rest_threshold_a(data.current_a) if threshold_a is None else threshold_a
    states = current_states(data, limit)
    first_share = first_row_share(data, states)
    increments = _Increments.of(data, states, first_share)
    runs = _Runs.of(states, increments.charge_c)
    negligible = NEGLIGIBLE_CHARGE_FRACTION * _typical_charge(runs.charge_c)
    kept = np.flatnonzero((runs.state != 0) & (runs.charge_c > negligible))
    if not len(kept):
        return HalfCycles(
            **{item.name: np.empty(0, _DTYPES.get(item.name, float)) for item in fields(HalfCycles)}
        )
    first = np.concatenate([[0], np.flatnonzero(runs.state[kept][1:] != runs.state[kept][:-1]) + 1])
    last = np.append(first[1:], len(kept)) - 1
    bounds = _Bounds(runs.start[kept][first], runs.stop[kept][last], runs.state[kept][first])
    return _measured(data, increments, runs, bounds, states=states, limit=limit, first_share=first_share)


def across_gaps(data: CyclingData, halves: HalfCycles) -> np.ndarray:
    """Half-cycles inside or beside which rows are missing, shape (n_cut,)."""
    return np.flatnonzero(
        ((halves.start[:, None] <= data.gaps) & (data.gaps <= halves.stop[:, None])).any(axis=1)
    )


_DTYPES: dict[str, type] = {
    **dict.fromkeys(("start", "stop", "cv_start"), np.int64),
    **{"sign": np.int8, "stale_first": bool},
}


@dataclass(frozen=True)
class _Runs:
    """Uninterrupted rows of one state: rows [start, stop), the state, the charge; each of shape (n_runs,)."""

    start: np.ndarray
    stop: np.ndarray
    state: np.ndarray
    charge_c: np.ndarray

    @classmethod
    def of(cls, states: np.ndarray, charge_c: np.ndarray) -> "_Runs":
        if not len(states):
            return cls(*(np.empty(0, dtype=kind) for kind in (np.int64, np.int64, np.int8, float)))
        start = np.concatenate([[0], np.flatnonzero(states[1:] != states[:-1]) + 1])
        total = np.add.reduceat(charge_c, start)
        return cls(
            start, np.append(start[1:], len(states)), states[start], np.where(states[start] == 0, 0.0, total)
        )


@dataclass(frozen=True)
class _Bounds:
    """Rows [start, stop) and sign of the half-cycles, each of shape (n_half_cycles,)."""

    start: np.ndarray
    stop: np.ndarray
    sign: np.ndarray

    def owner(self, runs: _Runs) -> np.ndarray:
        """Half-cycle that each run carries current for; -1 for rests and for runs of the other sign."""
        half = np.searchsorted(self.start, runs.start, side="right") - 1
        inside = (half >= 0) & (runs.start < self.stop[half]) & (runs.state == self.sign[half])
        return np.where(inside, half, -1)


def _typical_charge(run_charge: np.ndarray) -> float:
    """Charge of the run in which half of all the charge is reached, runs sorted by charge."""
    ordered = np.sort(run_charge)
    total = np.cumsum(ordered)
    return float(ordered[np.searchsorted(total, total[-1] / 2)]) if len(total) and total[-1] > 0 else 0.0


def sums_over(values: np.ndarray, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """Sum of values over each [start, stop); the ranges are disjoint and in order."""
    edges = np.column_stack([start, stop]).ravel()
    if edges[-1] == len(values):
        edges = edges[:-1]
    return np.add.reduceat(values, edges)[::2]


def _measured(
    data: CyclingData,
    increments: _Increments,
    runs: _Runs,
    bounds: _Bounds,
    *,
    states: np.ndarray,
    limit: float,
    first_share: float,
) -> HalfCycles:
    """Integrate over half-cycles whose rows are known; the increments' charge is used up."""
    time, voltage, charge = data.time_s, data.voltage_v, increments.charge_c
    start, stop, count = bounds.start, bounds.stop, len(bounds.start)
    owner = bounds.owner(runs)
    own = owner >= 0
    owner = owner[own]

    def total(per_run: np.ndarray) -> np.ndarray:
        return np.bincount(owner, per_run[own], minlength=count)

    charge_c, on_time = total(runs.charge_c), total(np.add.reduceat(increments.time_s, runs.start))
    time_start = time[start] - increments.lead_s[start]
    time_stop = time[stop - 1] + (increments.time_s - increments.lead_s)[stop - 1]
    extreme = np.maximum(
        np.maximum.reduceat(data.current_a, runs.start), -np.minimum.reduceat(data.current_a, runs.start)
    )
    largest = np.zeros(count)
    np.maximum.at(largest, owner, extreme[own])
    taper = _constant_voltage(data, states, increments, bounds, largest)
    charge *= voltage
    energy_j = total(np.add.reduceat(charge, runs.start))
    previous = np.concatenate([[time[0]], time_stop[:-1]])
    cc_time = on_time - taper.time_s
    with np.errstate(invalid="ignore", divide="ignore"):
        level = np.where(cc_time > 0, (charge_c - taper.charge_c) / cc_time, np.abs(data.current_a[start]))
        mean_voltage = np.where(charge_c > 0, energy_j / charge_c, voltage[start])
    later = np.minimum(start + 1, stop - 1)
    return HalfCycles(
        start=start,
        stop=stop,
        sign=bounds.sign,
        cv_start=taper.start,
        time_start_s=time_start,
        time_stop_s=time_stop,
        on_time_s=on_time,
        rest_inside_s=np.maximum(time_stop - time_start - on_time, 0.0),
        rest_before_s=np.maximum(time_start - previous, 0.0),
        charge_ah=charge_c / 3600.0,
        energy_wh=energy_j / 3600.0,
        cv_charge_ah=taper.charge_c / 3600.0,
        current_a=level,
        voltage_first_v=voltage[start],
        voltage_last_v=voltage[stop - 1],
        voltage_mean_v=mean_voltage,
        stale_first=(np.sign(voltage[start]) == -np.sign(voltage[later])) & (voltage[start] != 0),
        rest_threshold_a=np.full(count, limit),
        first_share=np.full(count, first_share),
    )


@dataclass(frozen=True)
class _Taper:
    """Closing constant-voltage parts: first row, charge, time with current; each (n_half_cycles,)."""

    start: np.ndarray
    charge_c: np.ndarray
    time_s: np.ndarray


def _constant_voltage(
    data: CyclingData,
    states: np.ndarray,
    increments: _Increments,
    bounds: _Bounds,
    largest: np.ndarray,
) -> _Taper:
    """Closing constant-voltage part of each half-cycle; it begins at `stop` where there is none.

    The last row that is *not* at constant voltage closes the constant-current part; a lone row after it (the
    sample at which the current is switched) is no constant-voltage part.
    """
    begins, charges, times = bounds.stop.copy(), np.zeros(len(largest)), np.zeros(len(largest))
    # only half-cycles that end well below their largest current can have the part at all
    ends = np.abs(data.current_a[bounds.stop - 1])
    for index in np.flatnonzero(ends < CV_CURRENT_FRACTION * largest):
        rows = slice(int(bounds.start[index]), int(bounds.stop[index]))
        low = np.abs(data.current_a[rows]) < CV_CURRENT_FRACTION * largest[index]
        begin = rows.start + held_from(data.voltage_v[rows], data.current_a[rows], low)
        if begin >= rows.stop - 1:
            continue
        own = states[begin : rows.stop] == bounds.sign[index]
        begins[index] = begin
        charges[index] = increments.charge_c[begin : rows.stop][own].sum()
        times[index] = increments.time_s[begin : rows.stop][own].sum()
    return _Taper(begins, charges, times)


@dataclass(frozen=True)
class HalfCycleRows:
    """Rows of one half-cycle that carry its current.

    Attributes
    ----------
    row : int64, shape (n_rows,)
        Their numbers in the table.
    charge_c : float64, shape (n_rows,)
        |I|·dt of the interval each closes, C; sums to the half-cycle's charge.
    after_c : float64, shape (n_rows,)
        What of it passed after the row.
    """

    row: np.ndarray
    charge_c: np.ndarray
    after_c: np.ndarray


def half_cycle_rows(data: CyclingData, halves: HalfCycles, index: int) -> HalfCycleRows:
    """Rows of one half-cycle and the charge that each adds.

    Parameters
    ----------
    data, halves : CyclingData, HalfCycles
        The record and its half-cycles.
    index : int
        Which, from 0.
    """
    start, stop = int(halves.start[index]), int(halves.stop[index])
    before = max(start - 2, 0)  # the intervals around both ends are told by the rows beside them
    part = data.window(before, min(stop + 2, len(data)))
    states = current_states(part, float(halves.rest_threshold_a[index]))
    added = _Increments.of(part, states, float(halves.first_share[index]))
    after = np.abs(part.current_a) * (added.time_s - added.lead_s)
    own = np.flatnonzero(states[: stop - before] == halves.sign[index])
    own = own[own >= start - before]
    return HalfCycleRows(own + before, added.charge_c[own], after[own])
