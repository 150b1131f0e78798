"""Where the closing constant-voltage part of a half-cycle begins, and where its current ends."""

import numpy as np

CV_CURRENT_FRACTION = 0.95
"""Constant voltage: |I| has fallen below this share of the half-cycle's largest current ..."""

CV_VOLTAGE_BAND_V = 2e-3
"""... while the voltage stays this near to where it ends, or within `NOISES` times its own noise."""

NOISES = 5.0
"""Of some thousand rows of normal noise none lies further out."""

LAST_ROWS = 9
"""Their median is where a noisy voltage ends."""

CARRIED_ON = 0.4
"""From row to row a taper keeps more of its current than this, even in its last digits; a step that ends
keeps far less."""


def with_tapers(states: np.ndarray, current_a: np.ndarray, voltage_v: np.ndarray) -> np.ndarray:
    """States of the rows with those low currents counted that carry on a taper, shape (n_rows,) int8.

    Parameters
    ----------
    states : numpy.ndarray of int8, shape (n_rows,)
        +1 charge, -1 discharge, 0 where the current is low.
    current_a, voltage_v : numpy.ndarray, shape (n_rows,)

    Notes
    -----
    Over the hours of a hold a current far below the largest adds up; an offset at rest is told from it, since
    the current falls to it at once, and the voltage relaxes.
    """
    low = np.flatnonzero(states[1:] == 0) + 1
    near = np.abs(voltage_v[low] - voltage_v[low - 1]) <= CV_VOLTAGE_BAND_V
    carried = near & (current_a[low] * np.sign(current_a[low - 1]) > CARRIED_ON * np.abs(current_a[low - 1]))
    begins = carried & (states[low - 1] != 0)
    if not begins.any():
        return states
    # each low row belongs to the last of those before it at which the course begins anew, or breaks off
    number = np.arange(len(low))
    last = np.maximum.accumulate(np.where(begins | ~carried, number, 0))
    counted = begins[last]
    states = states.copy()
    states[low[counted]] = np.sign(current_a[low[counted]]).astype(np.int8)
    return states


def held_from(voltage_v: np.ndarray, current_a: np.ndarray, low: np.ndarray) -> int:
    """First row from which the voltage of a half-cycle is held to its end; `n_rows` where it is not.

    Parameters
    ----------
    voltage_v, current_a : numpy.ndarray, shape (n_rows,)
    low : numpy.ndarray of bool, shape (n_rows,)
        Rows whose current is below `CV_CURRENT_FRACTION` of the largest.

    Notes
    -----
    The noise is that of second differences, which a steady rise leaves at zero. A voltage that wanders by
    more than the band is held only where the current falls meanwhile.
    """
    second = np.diff(voltage_v[low], 2)
    noise = 1.4826 * float(np.median(np.abs(second))) / np.sqrt(6.0) if len(second) else 0.0
    noisy = NOISES * noise > CV_VOLTAGE_BAND_V
    end = float(np.median(voltage_v[low][-LAST_ROWS:])) if noisy else float(voltage_v[-1])
    held = low & (np.abs(voltage_v - end) <= max(CV_VOLTAGE_BAND_V, NOISES * noise))
    free = np.flatnonzero(~held)
    begin = int(free[-1]) + 1 if len(free) else 0
    if noisy and begin < len(held) and abs(current_a[-1]) > CV_CURRENT_FRACTION * abs(current_a[begin]):
        return len(held)
    return begin
