"""Whose current filled the interval before a change of current: the new one's, or the one's before it.

Some cyclers write a row at the end of each interval and one where a step ends: the interval that leads to the
first row of a step is the step's own. Others write a row where a step begins and none where it ends: the
interval belongs to the step before. The file tells which by its step time, or its capacity counter; failing
both, by where its own first row stands on a regular grid of time.
"""

import numpy as np
import pandas as pd

from screening.lab.cycling.table import CURRENT, FREQUENCY, STEP_TIME, TIME, CyclingData

HEARD_FROM = 0.5
"""A counter is heard where the row after the change gained at least this share of what its current says."""

SAME_INTERVAL = 0.01
"""Intervals of a regular grid differ by less than this share."""

GAP = 10.0
"""An interval longer than so many of the record's longest regular ones lacks rows."""

GAP_S = 60.0
"""Shorter ones are a cycler's business: ranges switched, data saved."""

MOST_ON_GRID = 0.8
"""Share of the changes of current that must lie on one grid; the others may hold rows written twice."""

RARE = 0.01
"""Share of the intervals that may be gaps; more are the record's own way."""

FEWEST_INTERVALS, FEWEST_CHANGES = 10, 4
COUNTED = 0.1
"""A counter that gained the charge of the gap within this share ran on: the current was the one written."""

CUMULATIVE = ((1, "charging_capacity_ah"), (-1, "discharging_capacity_ah"))
COUNTERS = ("charging_capacity_ah", "discharging_capacity_ah", "step_capacity_ah")


def interval_s(data: CyclingData) -> np.ndarray:
    """Length of the interval that each row closes, shape (n_rows,), s; 0 for the first row of each file, and
    after rows that are missing.
    """
    interval = np.empty(len(data))
    if len(data):
        np.subtract(data.time_s[1:], data.time_s[:-1], out=interval[1:])
        interval[0] = 0.0
        interval[data.breaks] = 0.0
    return interval


def gap_rows(table: pd.DataFrame) -> np.ndarray:
    """Rows before which others are missing while current flows, shape (n_gaps,) int64.

    Such an interval is by far longer than the others of its kind, those between rows with current or those
    where current begins or ends, and no counter says what passed in it.
    """
    time, current = table[TIME].to_numpy(), np.abs(table[CURRENT].to_numpy())
    flows, interval = current > 0, np.diff(time)
    if FREQUENCY in table:
        flows &= table[FREQUENCY].isna().to_numpy()
    both, one = flows[1:] & flows[:-1], flows[1:] ^ flows[:-1]
    if np.count_nonzero(both) < FEWEST_INTERVALS:
        return np.empty(0, dtype=np.int64)
    usual = max(GAP * _regular(interval[both]), GAP_S)
    missing = both & (interval > usual)
    if np.count_nonzero(one) >= FEWEST_CHANGES:
        missing |= one & (interval > max(usual, GAP * _regular(interval[one])))
    passed = (current[1:] + current[:-1]) / 2 * interval / 3600.0
    for name in [each for each in COUNTERS if each in table]:
        gained = growth_of(table[name].to_numpy())[1:]
        told = (np.abs(gained - passed) <= COUNTED * passed) | (one & (gained <= COUNTED * passed))
        missing &= ~told
    return np.flatnonzero(missing) + 1


def _regular(interval: np.ndarray) -> float:
    """Longest interval but for rare ones."""
    return float(np.sort(interval)[-1 - max(1, int(RARE * len(interval)))])


def growth_of(counter: np.ndarray) -> np.ndarray:
    """What a counter of charge or energy gained up to each row. A fall that leaves less than half is a new
    start from zero; any other counts down, as a net counter does on discharge.
    """
    count = np.abs(np.nan_to_num(counter.astype(float)))
    growth = np.diff(count, prepend=count[:1])
    return np.where(growth < 0, np.where(count < -growth, count, -growth), growth)


def first_row_share(data: CyclingData, states: np.ndarray) -> float:
    """What a regular grid says of the first row of a step: 0 at its beginning, 1 at the end of an interval.

    A record whose first row carries current at time zero holds a row where its first step begins; that its
    steps end without a row is believed where most changes of current lie on one grid.
    """
    interval = interval_s(data)
    changes = np.flatnonzero(states[1:] != states[:-1]) + 1
    if not len(changes) or not states[0]:
        return 1.0
    usual = float(np.median(interval[changes]))
    before = np.where(changes > 1, interval[changes - 1], usual)
    around = np.maximum(np.abs(interval[changes] - usual), np.abs(before - usual))
    on_grid = usual > 0 and float(np.mean(around < SAME_INTERVAL * usual)) >= MOST_ON_GRID
    return float(np.clip(data.time_s[0] / usual, 0.0, 1.0)) if on_grid else 1.0


def own_share(
    data: CyclingData, states: np.ndarray, interval: np.ndarray, changes: np.ndarray, first_share: float
) -> np.ndarray:
    """Share of the interval before each change of state that the new row's own current filled, from 0 to 1.

    Parameters
    ----------
    data : CyclingData
        The record.
    states : numpy.ndarray of int8, shape (n_rows,)
        +1 charge, -1 discharge, 0 rest.
    interval : numpy.ndarray, shape (n_rows,)
        Length of the interval that each row closes, s.
    changes : numpy.ndarray of int64, shape (n_changes,)
        First rows of another state; none is row 0.
    first_share : float
        What holds where neither step time nor counter tells (`first_row_share`).

    Returns
    -------
    numpy.ndarray, shape (n_changes,)
    """
    lead, before, current = interval[changes], changes - 1, np.abs(data.current_a)
    after = np.minimum(changes + 1, len(interval) - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.full(len(changes), first_share)
        for sign, name in ((1, "step_capacity_ah"), (-1, "step_capacity_ah"), *CUMULATIVE):
            if name not in data.table:
                continue
            growth = growth_of(data.table[name].to_numpy()) * 3600.0
            begins = (states[changes] == sign) & (states[after] == sign)
            heard = begins & (growth[after] > HEARD_FROM * current[after] * interval[after])
            share = np.where(heard, growth[changes] > HEARD_FROM * current[changes] * lead, share)
            if name != "step_capacity_ah":  # which starts anew with the rest
                ends = (states[before] == sign) & (states[changes] == 0)
                said = HEARD_FROM * current[before]
                heard = ends & (growth[before] > said * interval[before])
                share = np.where(heard, growth[changes] < said * lead, share)
        if STEP_TIME in data.table:
            within = data.table[STEP_TIME].to_numpy()
            pace = (within[after] - within[changes]) / interval[after]
            # a time that runs on through the change is none of the new step
            anew = np.abs((within[changes] - within[before]) / lead - 1.0) >= SAME_INTERVAL
            told = anew & (np.abs(pace - 1.0) < SAME_INTERVAL)
            share = np.where(told, np.clip(within[changes] / lead, 0.0, 1.0), share)
    return np.where(lead > 0, share, 1.0)
