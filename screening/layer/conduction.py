"""What a layer conducts before and after its reaction: effective media of grains, and bounds.

Conductivities in S/cm, of ions or of electrons; fractions are by volume and add up to 1 with the pores.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from scipy.optimize import brentq

Values: TypeAlias = np.ndarray | float

BELOW, ABOVE = 0.87, 2.0
"""Exponents s and t of the general effective medium in three dimensions, those of percolation theory.
D. S. McLachlan, J. Phys. C 20, 865 (1987), doi 10.1088/0022-3719/20/7/004."""

LEAST_S_PER_CM = 1e-30
"""Stands for no conductivity at all."""


def hashin_shtrikman(fraction: np.ndarray, s_per_cm: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest conductivity of any isotropic mixture of these volume fractions.

    Parameters
    ----------
    fraction, s_per_cm : (..., n) float arrays
        Of n phases.

    Returns
    -------
    (array, array)
        Of the shape of the other axes.

    References
    ----------
    Z. Hashin, S. Shtrikman, J. Appl. Phys. 33, 3125 (1962), doi 10.1063/1.1728579.

    Examples
    --------
    >>> low, high = hashin_shtrikman(np.array([0.5, 0.5]), np.array([1.0, 2.0]))
    >>> round(float(low), 4), round(float(high), 4)
    (1.4286, 1.4545)
    """
    fraction, s_per_cm = np.broadcast_arrays(fraction, np.maximum(s_per_cm, LEAST_S_PER_CM))
    ends = []
    for pick in (np.min, np.max):
        end = 2.0 * pick(s_per_cm, axis=-1)
        ends.append(1.0 / (fraction / (s_per_cm + end[..., None])).sum(axis=-1) - end)
    return ends[0], ends[1]


def bruggeman(fraction: np.ndarray, s_per_cm: np.ndarray) -> np.ndarray:
    """Conductivity of a mixture in which no phase is the matrix; each connects from a third on.

    Parameters
    ----------
    fraction, s_per_cm : (..., n) float arrays
        Of n phases.

    References
    ----------
    D. A. G. Bruggeman, Ann. Phys. 416, 636 (1935), doi 10.1002/andp.19354160705;
    R. Landauer, J. Appl. Phys. 23, 779 (1952), doi 10.1063/1.1702301.

    Examples
    --------
    >>> round(float(bruggeman(np.array([0.5, 0.5]), np.array([1.0, 2.0]))), 4)
    1.443
    """
    fraction, s_per_cm = np.broadcast_arrays(fraction, np.maximum(s_per_cm, LEAST_S_PER_CM))

    def imbalance(log_s: float, *phases: float) -> float:
        n, s = len(phases) // 2, np.exp(log_s)
        return sum(f * (each - s) / (each + 2.0 * s) for f, each in zip(phases[:n], phases[n:], strict=True))

    phases = (*np.moveaxis(fraction, -1, 0), *np.moveaxis(s_per_cm, -1, 0))
    return _solved(imbalance, s_per_cm.min(axis=-1), s_per_cm.max(axis=-1), phases)


def effective_medium(
    fraction: Values, s_per_cm: Values, other_s_per_cm: Values, threshold: Values
) -> np.ndarray:
    """Conductivity of a phase among poorer ones that connects at a threshold (general effective medium).

    Parameters
    ----------
    fraction : (...) float array
        Volume fraction of the better conductor.
    s_per_cm, other_s_per_cm : (...) float arrays
        Of the better conductor, and of all else.
    threshold : (...) float array
        Volume fraction at which the better conductor connects.

    References
    ----------
    D. S. McLachlan, J. Phys. C 20, 865 (1987), doi 10.1088/0022-3719/20/7/004.

    Examples
    --------
    Above its threshold (φ − φc)/(1 − φc) squared where all else insulates:

    >>> float(effective_medium(0.58, 1.0, 0.0, 0.16).round(4))
    0.25
    """
    poor = np.maximum(other_s_per_cm, LEAST_S_PER_CM)

    def imbalance(log_s: float, f: float, good: float, other: float, critical: float) -> float:
        total, a = 0.0, (1.0 - critical) / critical
        for share, each, power in ((f, good, 1.0 / ABOVE), (1.0 - f, other, 1.0 / BELOW)):
            ratio = np.exp(power * (log_s - np.log(each)))
            total += share * (1.0 - ratio) / (1.0 + a * ratio)
        return total

    return _solved(imbalance, poor, s_per_cm, (fraction, s_per_cm, poor, threshold))


def _solved(
    imbalance: Callable[..., float], low: Values, high: Values, given: tuple[Values, ...]
) -> np.ndarray:
    """The conductivity between two at which a function of its logarithm is 0, element by element."""

    def one(a: float, b: float, *each: float) -> float:
        return float(np.exp(brentq(imbalance, np.log(a) - 1e-9, np.log(b) + 1e-9, args=each)))

    return np.vectorize(one, otypes=[float])(low, high, *given)


@dataclass(frozen=True, kw_only=True)
class Conductivity:
    """A conductivity as it is expected, with the limits that mixing allows.

    Attributes
    ----------
    s_per_cm : float
        By an effective medium.
    low_s_per_cm, high_s_per_cm : float
        Bounds of Hashin and Shtrikman, or an interval.
    """

    s_per_cm: float
    low_s_per_cm: float
    high_s_per_cm: float


def mixture(fraction: np.ndarray, s_per_cm: np.ndarray) -> Conductivity:
    """What a mixture of grains conducts, (n,) float arrays over its phases: Bruggeman between the bounds."""
    low, high = hashin_shtrikman(fraction, s_per_cm)
    return Conductivity(
        s_per_cm=float(bruggeman(fraction, s_per_cm)), low_s_per_cm=float(low), high_s_per_cm=float(high)
    )
