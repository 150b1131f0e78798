"""Where the closing constant-voltage part of a half-cycle begins."""

import numpy as np

CV_CURRENT_FRACTION = 0.95
"""Constant voltage: |I| has fallen below this share of the half-cycle's largest current ..."""

CV_VOLTAGE_BAND_V = 2e-3
"""... while the voltage stays this near to where it ends, or within `NOISES` times its own noise."""

NOISES = 5.0
"""Of some thousand rows of normal noise none lies further out."""

LAST_ROWS = 9
"""Their median is where a noisy voltage ends."""


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
