"""Sign of the current: charge positive, whatever the cycler's convention."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd

from screening.errors import InputError
from screening.lab.cell import Kind
from screening.lab.cycling.halfcycles import half_cycles
from screening.lab.cycling.kind import kind_of
from screening.lab.cycling.table import CURRENT, CyclingData, Flag, FlagKind

DECIDED_SHARE = 0.9
"""Share of rows that must agree; the first sample of a step may still carry the previous polarity."""

_DISCHARGE = re.compile(r"^d$|^md$|dis|dch|entlad|放电", re.IGNORECASE)
REST_OFFSET_SHARE = 0.05
"""A current up to this share of the largest, in a row that the cycler calls rest, is its offset."""

NOISE_SHARE = 1e-3
"""A current below this share of the largest has the sign of the noise."""

TELLING_V = 0.2
"""Change of the voltage over the half-cycles that no relaxation or noise makes."""

FEWEST_BLANK = 2
"""A single row without a current is a damaged one."""

STILL_FLOWS = 5.0
"""While the current flows on, the voltage keeps its course within so many of its steps."""

STILL_FLOWS_V = 1e-3
"""Or within this, where it is held."""

CONTRARY_SHARE = 0.1
"""The rest may go the other way: a plateau that begins with an overshoot."""

SWING_SHARE = 0.5
"""A voltage that falls and rises by so much of its range, and not at once, was charged and discharged."""

REVERSED = "the file counts discharge as positive; the sign is reversed"

_REST = re.compile(r"^[rsp]$|rest|idle|pause|ocv|open circuit|搁置|静置", re.IGNORECASE)
_CHARGE = re.compile(r"^c$|ch|cc|cv|laden|ladung|充电", re.IGNORECASE)


def steps_from_state(state: pd.Series) -> np.ndarray:
    """+1 where the cycler names a charge, -1 a discharge, 0 anything else, shape (n_rows,) int8."""
    codes, names = pd.factorize(state)
    signs = [-1 if _DISCHARGE.search(str(name)) else int(bool(_CHARGE.search(str(name)))) for name in names]
    return np.array([*signs, 0], dtype=np.int8)[codes]


def rest_rows(state: pd.Series) -> np.ndarray:
    """Rows that the cycler calls rest, shape (n_rows,)."""
    codes, names = pd.factorize(state)
    return np.array([*(bool(_REST.search(str(name))) for name in names), False])[codes]


def without_offset(current: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """Current with the channel's offset taken out of the rows at rest, shape (n_rows,), A.

    Over a long rest an offset adds up to a charge that never passed.
    """
    flowing = np.abs(current[~rest])
    limit = REST_OFFSET_SHARE * flowing.max() if flowing.size and np.nanmax(flowing) > 0 else np.inf
    return np.where(rest & (np.abs(current) <= limit), 0.0, current)


def rests_without_current(
    time: np.ndarray, voltage: np.ndarray, current: np.ndarray, empty: np.ndarray
) -> np.ndarray:
    """Successive rows with an empty current that are rest, or a sweep of impedance, shape (n_rows,) bool.

    The current flows on in them where it has one sign before and after and the voltage keeps its course
    between; all arrays are of shape (n_rows,), `empty` says where the file shows no current.
    """
    blank = empty & np.isnan(current) & np.isfinite(time) & np.isfinite(voltage)
    edges = np.flatnonzero(np.diff(blank, prepend=False, append=False)).reshape(-1, 2)
    inside = (edges[:, 0] > 1) & (edges[:, 1] + 1 < len(blank))
    edges = edges[inside & (edges[:, 1] - edges[:, 0] >= FEWEST_BLANK)]
    if not len(edges):
        return np.zeros(len(blank), dtype=bool)
    before, after = edges[:, 0] - 1, edges[:, 1]
    off = np.abs(voltage - np.interp(time, time[~blank], voltage[~blank]))
    off = np.maximum.reduceat(off, edges.ravel())[::2]
    step = np.fmax(np.abs(np.diff(voltage)[before - 1]), np.abs(np.diff(voltage)[after]))
    flows_on = (np.sign(current[before]) == np.sign(current[after])) & (
        off <= np.fmax(STILL_FLOWS * step, STILL_FLOWS_V)
    )
    rests = ~flows_on & np.isfinite(off + current[before] + current[after])
    change = np.zeros(len(blank), dtype=np.int8)
    change[edges[rests, 0]], change[edges[rests, 1]] = 1, -1
    return np.cumsum(change, dtype=np.int8).astype(bool)


def steps_from_counters(charging_ah: np.ndarray, discharging_ah: np.ndarray) -> np.ndarray:
    """+1 where the charging counter grows, -1 where the discharging one does, 0 else, shape (n_rows,)."""
    up = np.diff(charging_ah, prepend=charging_ah[:1]) > 0
    down = np.diff(discharging_ah, prepend=discharging_ah[:1]) > 0
    return up.view(np.int8) - down.view(np.int8)


def charge_positive(current: np.ndarray, steps: np.ndarray) -> tuple[np.ndarray, str]:
    """The current (n_rows,), A, turned so that it is positive on charge, and what was done to it.

    `steps` (n_rows,) is what the cycler calls the rows, by `steps_from_state` or `steps_from_counters`. Where
    nothing was done although the rows say otherwise, the text says why; it is empty if all is well.
    """
    down, up = current[(steps < 0) & (current != 0)], current[(steps > 0) & (current != 0)]
    if not len(down) or np.mean(down > 0) < DECIDED_SHARE:
        return current, ""
    if len(up) and np.mean(up < 0) >= DECIDED_SHARE:
        return -current, REVERSED
    size = np.abs(current)
    flows = size > NOISE_SHARE * np.nanmax(size)
    if (current[flows] < 0).any():  # the file's currents have signs of their own
        return current, "currents of both signs, positive ones in rows called discharge; left as they are"
    return np.where(steps < 0, -size, current), "the file's current has no sign; discharge is made negative"


def as_the_voltage_says(data: CyclingData) -> CyclingData:
    """The record with its current turned where the voltage of a full cell falls on charge.

    Raises
    ------
    InputError
        If the current has one sign while the voltage shows charges and discharges.
    """
    halves = half_cycles(data)
    if not len(halves) or kind_of(data) is not Kind.FULL:
        return data
    drift = halves.sign * (halves.voltage_last_v - halves.voltage_first_v)
    if (halves.sign == halves.sign[0]).all():
        flowing = np.abs(data.current_a) > halves.rest_threshold_a[0]
        voltage = data.voltage_v[flowing]
        rise = (voltage - np.minimum.accumulate(voltage)).max()
        fall = (np.maximum.accumulate(voltage) - voltage).max()
        swing = SWING_SHARE * max(np.ptp(voltage), TELLING_V)
        if np.abs(np.diff(voltage)).max(initial=0.0) > swing:  # a short circuit, or two pulses
            return data
        if min(rise, fall) > swing:
            raise InputError(
                f"the current has one sign; the voltage rises by {rise:.2f} V and falls by {fall:.2f} V",
                where=data.cell,
                remedy="export the current with its sign, or a column that names charge and discharge",
            )
    wrong, right = -drift[drift < 0].sum(), drift[drift > 0].sum()
    if wrong < TELLING_V or right > CONTRARY_SHARE * wrong:
        return data
    turned = replace(data, table=data.table.assign(**{CURRENT: -data.current_a}))
    by_name = [flag for flag in data.flags if flag.message == REVERSED]
    if by_name:  # current and voltage agree in the file, and only the names of its steps do not
        told = "charge and discharge are named against the sign of the current, which the voltage upholds"
        said = [replace(flag, kind=FlagKind.COUNTER, message=told) for flag in by_name]
        kept = tuple(flag for flag in data.flags if flag.message != REVERSED)
        return replace(turned, flags=kept).with_flags(said)
    told = "the voltage falls where the current is positive: the sign of the current is reversed"
    return turned.with_flags([Flag(FlagKind.DERIVED, told)])
