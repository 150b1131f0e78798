"""Signals of a short circuit as array kernels; `shorts` draws the verdict from them.

Two facts of electrode kinetics make resistances at unlike currents comparable without a model: |V| does not
fall when |J| rises, and V / J does not fall when |J| falls (the overpotential grows at most linearly with the
current). Hence an unchanged cell that showed the resistance R_i at the current J_i has at least

    R(J_k) >= R_i min(1, J_i / J_k)^(1 - alpha),    alpha = d ln V / d ln J >= 0,

at the current J_k. Where the record has shown alpha at earlier steps of the current, half of
it is used; alpha = 0 holds for any cell. Everything below works on ln R and on this bound.
"""

import numpy as np

from screening.units import BOLTZMANN_EV_PER_K, KELVIN_AT_0_CELSIUS

BASELINE_HALF_CYCLES = 3
"""Predecessors of the same polarity to compare with: a median of three forgives one outlier."""

SAME_CURRENT = 0.05
"""Currents within this share of each other are one level."""

HEALING_H = 24.0
"""A short that heals does so within a day; ageing is slower."""


def arrhenius_log_factor(
    temperature_c: np.ndarray, activation_energy_ev: float, reference_c: float
) -> np.ndarray:
    """Logarithm of the resistance over that at the reference temperature (sigma T form); 0 for NaN."""
    kelvin, reference_k = temperature_c + KELVIN_AT_0_CELSIUS, reference_c + KELVIN_AT_0_CELSIUS
    kelvin = np.where(kelvin > 0.0, kelvin, np.nan)  # a broken sensor says nothing
    exponent = activation_energy_ev / BOLTZMANN_EV_PER_K * (1.0 / kelvin - 1.0 / reference_k)
    return np.nan_to_num(np.log(kelvin / reference_k) + exponent, nan=0.0)


def extrapolated(
    log_resistance: np.ndarray,
    log_current: np.ndarray,
    at_log_current: np.ndarray | float,
    alpha: np.ndarray | float = 0.0,
) -> np.ndarray:
    """Logarithm of the resistance that an unchanged cell has at least at another current."""
    return log_resistance + (1.0 - alpha) * np.minimum(0.0, log_current - at_log_current)


def voltage_exponent(log_resistance: np.ndarray, log_current: np.ndarray) -> np.ndarray:
    """Half of d ln V / d ln J as the steps of the current *before* each half-cycle show it.

    Parameters
    ----------
    log_resistance, log_current : numpy.ndarray, shape (n_half_cycles,)
        ln R and ln |J|; neighbours have opposite polarity.

    Returns
    -------
    numpy.ndarray, shape (n_half_cycles,)
        Between 0 and 1/2; 0 before the first step. The lowest of the last two steps counts, so that one
        step at which the cell happened to change does not extrapolate too far.
    """
    result = np.zeros(len(log_current))
    step = log_current[2:] - log_current[:-2]
    at = np.flatnonzero(np.abs(step) > SAME_CURRENT) + 2
    if not len(at):
        return result
    exponent = 0.5 * np.clip(1.0 + (log_resistance[at] - log_resistance[at - 2]) / step[at - 2], 0.0, 1.0)
    lowest = np.minimum(exponent, np.concatenate([exponent[:1], exponent[:-1]]))
    # at the half-cycle of a step itself only earlier steps are known
    known = np.searchsorted(at, np.arange(len(result)) - 1, side="left")
    result[known > 0] = lowest[known[known > 0] - 1]
    return result


def baseline(log_resistance: np.ndarray, log_current: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Logarithm of the resistance extrapolated from the past, for every half-cycle.

    Of each half-cycle the `BASELINE_HALF_CYCLES` before it with the same polarity are extrapolated along
    their least steep slope where all fall: in an improvement that is the latest, and one low outlier makes
    none. An improving cell falls ever more slowly (a convex curve lies above its tangents), so it stays
    above this line; a rise is not extrapolated. Where the current has changed among them, the two
    half-cycles just before give a higher bound than the older ones, and the lower of the two counts.

    Parameters
    ----------
    log_resistance, log_current, alpha : numpy.ndarray, shape (n_half_cycles,)
        ln R, ln |J| and `voltage_exponent`; neighbours have opposite polarity.

    Returns
    -------
    numpy.ndarray, shape (n_half_cycles,)
        NaN for a half-cycle with fewer than two predecessors of its polarity.
    """
    count = len(log_resistance)
    past = np.full((2 * BASELINE_HALF_CYCLES, count), np.nan)
    for lag in range(1, min(2 * BASELINE_HALF_CYCLES + 1, count)):
        past[lag - 1, lag:] = extrapolated(
            log_resistance[:-lag], log_current[:-lag], log_current[lag:], alpha[lag:]
        )
    one, two, three = same = past[1::2]
    slopes = np.vstack([one - two, two - three, 0.5 * (one - three)])
    known = np.isfinite(slopes).any(axis=0)
    result = np.full(count, np.nan)
    slope = np.minimum(0.0, np.nanmax(slopes[:, known], axis=0))
    ages = np.arange(1, BASELINE_HALF_CYCLES + 1)[:, None]
    result[known] = np.nanmedian(same[:, known] + slope * ages, axis=0)
    for lag in range(2, min(2 * BASELINE_HALF_CYCLES + 1, count), 2):
        stepped = np.flatnonzero(np.abs(log_current[lag:] - log_current[:-lag]) > SAME_CURRENT) + lag
        result[stepped] = np.maximum(result[stepped], np.minimum(past[0, stepped], past[1, stepped]))
    return result


def is_abrupt(log_resistance: np.ndarray, first: int, contrast: float) -> bool:
    """Tell a collapse from a fast improvement: it stands out against the changes before and after it.

    Parameters
    ----------
    log_resistance : numpy.ndarray, shape (n_half_cycles,)
        ln R; neighbours have opposite polarity.
    first : int
        The half-cycle that has collapsed.
    contrast : float
        The fall must be this many times each change beside it.

    Returns
    -------
    bool
        True if so from one half-cycle to the next, or, for a short that began within a half-cycle, to the
        next but one.
    """
    begin = max(first - 6, 0)
    values = _without_polarity(log_resistance[begin : first + 4], first - begin)
    for lag in (1, 2):
        change = values[lag:] - values[:-lag]
        for index in (first - begin - lag, first - begin - lag + 1):
            if not 0 <= index < len(change):
                continue
            around = [abs(change[near]) for near in (index - lag, index + lag) if 0 <= near < len(change)]
            if change[index] < -contrast * max(around, default=0.0):
                return True
    return False


def _without_polarity(values: np.ndarray, known: int) -> np.ndarray:
    """Take away the half of the difference between polarities, as the first `known` half-cycles show it."""
    if known <= 2:
        return values
    alternating = np.where(np.arange(len(values)) % 2 == 0, 1.0, -1.0)
    middle = values[1 : known - 1] - 0.5 * (values[: known - 2] + values[2:known])
    share = 0.5 * np.median(alternating[1 : known - 1] * middle)
    return values - alternating * share


def stays_low(
    log_resistance: np.ndarray,
    log_current: np.ndarray,
    base: np.ndarray,
    first: int,
    span: int,
    log_ratio: float,
) -> bool:
    """Tell whether the half-cycles after a collapse stay low against the baseline frozen before it.

    Parameters
    ----------
    log_resistance, log_current, base : numpy.ndarray, shape (n_half_cycles,)
        ln R, ln |J| and `baseline`.
    first : int
        The half-cycle that has collapsed.
    span : int
        How many later half-cycles are looked at.
    log_ratio : float
        A half-cycle is low if ln R is below the frozen baseline by this much (negative).

    Returns
    -------
    bool
        True if at least three quarters are low, and where the record ends with the collapse: nothing
        recovered.
    """
    later = slice(first + 1, first + 1 + span)
    if first + 1 >= len(log_resistance):
        return True
    frozen = extrapolated(base[first : first + 1], log_current[first : first + 1], log_current[later])
    return bool(np.mean(log_resistance[later] - frozen < log_ratio) >= 0.75)


def healing(
    time_h: np.ndarray,
    log_resistance: np.ndarray,
    log_current: np.ndarray,
    base: np.ndarray,
    first: int,
    span: int,
    log_ratio: float,
) -> int | None:
    """Half-cycle in which a collapse is over: the resistance is back, stays, and came back within a day.

    Parameters
    ----------
    time_h : numpy.ndarray, shape (n_half_cycles,)
        Middle of each half-cycle.
    log_resistance, log_current, base, first, span, log_ratio
        As in `stays_low`.

    Returns
    -------
    int or None
        The first half-cycle at the same current that is not low and begins `span` of which three quarters
        are not (two at least, where the record ends); None where there is none, or where the resistance only
        crept back, which ageing of a shorted cell does too.
    """
    # another current shows another resistance: kinetics would pass for healing
    changed = np.flatnonzero(np.abs(log_current[first:] - log_current[first]) > SAME_CURRENT)
    excess = log_resistance[first : first + (changed[0] if len(changed) else len(base))] - base[first]
    back = excess >= log_ratio
    for index in np.flatnonzero(back[1:-1]) + 1:
        if back[index : index + span].mean() < 0.75:
            continue
        # after a pause longer than that, the half-cycle before the pause
        since = min(int(np.searchsorted(time_h[first:], time_h[first + index] - HEALING_H)), int(index) - 1)
        lowest = float(excess[since:index].min())
        risen = float(np.median(excess[index : index + span])) - lowest
        return first + int(index) if risen >= -0.5 * float(excess[:index].min()) else None
    return None


def crowded(flags: np.ndarray, window: int, count: int) -> int | None:
    """Index of the first flag of the first window of successive half-cycles that holds enough of them."""
    at = np.flatnonzero(flags)
    close = np.flatnonzero(at[count - 1 :] - at[: max(len(at) - count + 1, 0)] < window)
    return int(at[close[0]]) if len(close) else None


def longest_run(flags: np.ndarray) -> slice:
    """First longest run of True, as a slice of the indices (empty where there is none)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    if not len(edges):
        return slice(0, 0)
    starts, stops = edges[::2], edges[1::2]
    best = int(np.argmax(stops - starts))
    return slice(int(starts[best]), int(stops[best]))
