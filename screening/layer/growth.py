"""How long a layer takes to react: one front that is slow at its tip and slow through what lies behind it.

The front of B. E. Deal, A. S. Grove, J. Appl. Phys. 36, 3770 (1965), doi 10.1063/1.1713945: x² + A·x = B·t.
A layer that takes up the charge Q per area over the depth m is crossed after t = Q/i + Q·m/(2κ): i is the
current that the tip turns over, κ what the layer behind it carries. With the time T and the share s of the
second term for one layer, another takes T·((1 − s)·Q'/Q + s·Q'm'/(Qm)). A rest series tells T, less often s.
"""

from dataclasses import dataclass

import numpy as np

SHARES = np.linspace(0.0, 1.0, 41)
"""Shares of diffusion that are tried, evenly: from a front slow at its tip to a parabolic one."""

TIMES = 161
"""Completion times that are tried, evenly in the logarithm."""

PASSES = 4
"""The grid is drawn again around what holds the weight: constants may be known well, or not at all."""

NEGLIGIBLE = 1e-6
"""Share of the largest weight below which a point of the grid is left out of the next."""

LATEST = 30.0
"""Longest completion that is tried, in lengths of the series: what is later looks like a straight line."""

FEWEST_POINTS = 5
"""Two constants, two resistances, and one to tell the noise by."""


@dataclass(frozen=True, kw_only=True)
class Slab:
    """What one front has to cross: half of a layer between two anodes.

    Attributes
    ----------
    charge_mah_per_cm2 : float
        Charge that this part takes up.
    mg_per_cm2 : float
        Its mass before the reaction, which stands for its depth.
    """

    charge_mah_per_cm2: float
    mg_per_cm2: float

    @classmethod
    def of(cls, mg_per_cm2: float, wt_percent: float, uptake_mah_per_g: float, fronts: int = 1) -> "Slab":
        """The part of a layer that each of its fronts crosses; uptake per gram of reactor."""
        part = mg_per_cm2 / fronts
        return cls(charge_mah_per_cm2=part * wt_percent / 100.0 * uptake_mah_per_g / 1e3, mg_per_cm2=part)


@dataclass(frozen=True, eq=False, kw_only=True)
class Front:
    """Growth constants as weighted draws, for one slab.

    Attributes
    ----------
    slab : Slab
    completion_h, diffusion_share, weight : (n,) float arrays
        T and s of the slab; the weights add up to 1.
    """

    slab: Slab
    completion_h: np.ndarray
    diffusion_share: np.ndarray
    weight: np.ndarray

    @classmethod
    def of_completion(cls, slab: Slab, completion_h: float, sd_h: float = 0.0) -> "Front":
        """From a completion time alone: nothing is known of the share of diffusion."""
        levels = (np.arange(41) + 0.5) / 41
        times = np.array([completion_h])
        if sd_h > 0.0:
            from scipy.stats import norm

            times = np.maximum(norm.ppf(levels, completion_h, sd_h), 1e-3 * completion_h)
        time, share = (a.ravel() for a in np.meshgrid(times, SHARES))
        return cls(
            slab=slab, completion_h=time, diffusion_share=share, weight=np.full(len(time), 1.0 / len(time))
        )

    def time_h(self, slab: Slab) -> np.ndarray:
        """Time to cross another slab of the same materials, (n,) float array."""
        charge = slab.charge_mah_per_cm2 / self.slab.charge_mah_per_cm2
        depth = slab.mg_per_cm2 / self.slab.mg_per_cm2
        return self.completion_h * charge * (1.0 - self.diffusion_share * (1.0 - depth))

    def interval_h(self, slab: Slab, level: float = 0.95) -> tuple[float, float, float]:
        """Lower end, median and upper end of that time."""
        return quantiles(self.time_h(slab), self.weight, level)

    def chance_within(self, slab: Slab, rest_h: float) -> float:
        """Probability that a slab is crossed within a rest."""
        return float(self.weight[self.time_h(slab) <= rest_h * (1.0 + 1e-9)].sum())

    @property
    def share_interval(self) -> tuple[float, float, float]:
        """Lower end, median and upper end (95 %) of the share of diffusion."""
        return quantiles(self.diffusion_share, self.weight, 0.95)


def extent(time_h: np.ndarray, completion_h: np.ndarray, diffusion_share: np.ndarray) -> np.ndarray:
    """Share of a slab that a front has crossed: s·f² + (1 − s)·f = t/T, 1 after T.

    Examples
    --------
    >>> extent(np.array([1.0, 4.0]), 4.0, 1.0), extent(np.array([1.0]), 4.0, 0.0)
    (array([0.5, 1. ]), array([0.25]))
    """
    done = np.clip(time_h / completion_h, 0.0, 1.0)
    tip = 1.0 - np.asarray(diffusion_share)
    root = tip + np.sqrt(tip**2 + 4.0 * diffusion_share * done)
    return np.divide(2.0 * done, root, out=np.zeros(np.shape(root)), where=root > 0.0)


def fit_front(time_h: np.ndarray, resistance_ohm: np.ndarray, slab: Slab) -> Front:
    """Growth constants from the resistance of a cell at rest, which falls in step with the front.

    T and s are tried on a grid; the two resistances, of the layer as pressed and reacted, are fitted at each
    point, and the noise is integrated out (weights ∝ RSS^(1 − n/2)). A pair by which the resistance
    would rise has no weight.

    Parameters
    ----------
    time_h, resistance_ohm : (n,) float arrays
    slab : Slab

    Raises
    ------
    ValueError
        With fewer than `FEWEST_POINTS` points, times that do not rise, or a resistance that does not fall.
    """
    time_h, resistance_ohm = np.asarray(time_h, dtype=float), np.asarray(resistance_ohm, dtype=float)
    if len(time_h) < FEWEST_POINTS or not (np.diff(time_h) > 0.0).all() or time_h[0] < 0.0:
        raise ValueError(f"a front needs {FEWEST_POINTS} resistances at rising times")
    first = time_h[time_h > 0.0][0]
    log_times, shares = np.log([first, LATEST * time_h[-1]]), np.array([0.0, 1.0])
    for _ in range(PASSES):
        log_time, share = (
            a.ravel()
            for a in np.meshgrid(
                np.linspace(log_times[0], log_times[1], TIMES), np.linspace(shares[0], shares[1], len(SHARES))
            )
        )
        weight = _weights(time_h, resistance_ohm, np.exp(log_time), share)
        log_times = _bracket(log_time, weight, TIMES)
        shares = np.clip(_bracket(share, weight, len(SHARES)), 0.0, 1.0)
    return Front(slab=slab, completion_h=np.exp(log_time), diffusion_share=share, weight=weight)


def _weights(
    time_h: np.ndarray, resistance_ohm: np.ndarray, completion_h: np.ndarray, share: np.ndarray
) -> np.ndarray:
    """Posterior weights of pairs of constants, (n,) float array."""
    crossed = extent(time_h, completion_h[:, None], share[:, None])
    centred = crossed - crossed.mean(axis=1, keepdims=True)
    fallen = resistance_ohm.mean() - resistance_ohm
    spread = (centred**2).sum(axis=1)
    slope = np.divide(centred @ fallen, spread, out=np.zeros(len(share)), where=spread > 0.0)
    # no resistance is read to better than six digits: a perfect fit would take all of the weight
    least = len(time_h) * (1e-6 * np.abs(resistance_ohm).max()) ** 2
    left = ((fallen - slope[:, None] * centred) ** 2).sum(axis=1) + least
    log_weight = np.where(slope > 0.0, (1.0 - len(time_h) / 2.0) * np.log(left), -np.inf)
    if not np.isfinite(log_weight).any():
        raise ValueError("the resistance does not fall: no front is seen")
    weight = np.exp(log_weight - log_weight.max())
    return weight / weight.sum()


def _bracket(values: np.ndarray, weight: np.ndarray, steps: int) -> np.ndarray:
    """Ends of the range that holds the weight, a step of the grid wider."""
    held = values[weight > NEGLIGIBLE * weight.max()]
    step = (values.max() - values.min()) / (steps - 1)
    return np.array([held.min() - step, held.max() + step])


def quantiles(values: np.ndarray, weight: np.ndarray, level: float) -> tuple[float, float, float]:
    """Ends of the central interval of this level, and the median between them."""
    order = np.argsort(values)
    below = np.cumsum(weight[order])
    low, middle, high = np.interp([(1.0 - level) / 2.0, 0.5, (1.0 + level) / 2.0], below, values[order])
    return float(low), float(middle), float(high)
