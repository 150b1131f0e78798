"""Robust slopes of what changes from cycle to cycle."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

MAX_POINTS = 1000
"""The slope looks at all pairs of cycles; longer series are thinned evenly."""

MIN_POINTS = 3
"""Two points have a slope but no spread."""

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Trend:
    """Slope of a quantity against the cycle number, with its 95 % interval.

    Attributes
    ----------
    slope, low, high : float
        Per cycle.
    cycles : int
        Number of cycles that went in.
    """

    slope: float
    low: float
    high: float
    cycles: int


def robust_trend(cycle: np.ndarray, values: np.ndarray) -> Trend | None:
    """Theil–Sen slope: the median over all pairs of cycles, which a few bad cycles do not move.

    Parameters
    ----------
    cycle : numpy.ndarray, shape (n_cycles,)
        Cycle numbers.
    values : numpy.ndarray, shape (n_cycles,)
        The quantity.

    Returns
    -------
    Trend or None
        None for fewer than three cycles.

    References
    ----------
    P. K. Sen, J. Am. Stat. Assoc. 63 (1968) 1379, doi 10.1080/01621459.1968.10480934
    """
    if len(cycle) < MIN_POINTS:
        return None
    chosen = np.arange(len(cycle))
    if len(cycle) > MAX_POINTS:
        chosen = np.linspace(0, len(cycle) - 1, MAX_POINTS).astype(int)
    x, y = cycle[chosen], values[chosen]
    first, second = np.triu_indices(len(x), 1)
    slopes = np.sort((y[second] - y[first]) / (x[second] - x[first]))
    n, equal = len(x), np.unique(y, return_counts=True)[1]
    variance = (n * (n - 1) * (2 * n + 5) - (equal * (equal - 1) * (2 * equal + 5)).sum()) / 18
    apart = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2) * np.sqrt(variance)
    low = max(int(np.round((len(slopes) - apart) / 2)) - 1, 0)
    high = min(int(np.round((len(slopes) + apart) / 2)), len(slopes) - 1)
    return Trend(float(np.median(slopes)), float(slopes[low]), float(slopes[high]), n)
