"""Whether the metal of a layer, and its electrolyte, connect from face to face: thresholds as distributions.

Equal grains connect from a volume fraction of 0.16 on. Small metal grains between large insulating ones need
less, elongated ones too, and pores raise what the solids must hold. None of these is known of a layer that
was milled, pressed and reacted: they are drawn from ranges, and cells at rest, shorted or not, narrow them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from statistics import NormalDist

import numpy as np

from screening.thermo.products import SCHER_ZALLEN

SLOPE = 1.5
"""Rise of 1/φc with the size ratio D/d. Grains of diameter d that cover a share X of a grain of diameter D,
packed in squares, take 4X/1.27·d/D of its volume, hence 1/φc ~ 1.27/(4X)·D/d (the argument of R. P. Kusy,
J. Appl. Phys. 48, 5301 (1977), doi 10.1063/1.323560); pressed, each lies between two such grains and covers
both. 1.5 belongs to X = 0.42. Thresholds in packings (benchmarks/percolation.py) fall faster at first and
level off from D/d = 3 on; that there is an optimum was found by N. Johner et al., Phys. Rev. E 79, 020104
(2009), doi 10.1103/PhysRevE.79.020104."""

MODEL_ERROR = 0.25
"""Standard deviation of ln φc: rms of the formula in packings (benchmarks/percolation.py)."""

FRACTION_ERROR = 0.1
"""Standard deviation of ln φ: a fraction that rests on calculated volumes is good to a tenth."""

ASPECT = np.array([0.1, 0.125, 0.2, 0.25, 1 / 3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 10.0])
SHAPED = np.array(
    [
        *(0.1058, 0.1262, 0.1757, 0.2003, 0.2289, 0.2629, 0.2831),
        *(0.2854, 0.2795, 0.2618, 0.2244, 0.1901, 0.1627, 0.08703),
    ]
)
"""Thresholds of overlapping ellipsoids by aspect ratio: plates below 1, needles above.
E. J. Garboczi et al., Phys. Rev. E 52, 819 (1995), doi 10.1103/PhysRevE.52.819, Table 1."""

DRAWS = 1024
LEAST_WEIGHT = 1e-6
"""Of a draw that cells speak against: errors outside the model leave everything possible."""

SURE = 0.84
"""Chance from which a prediction counts as one: a standard deviation, as for energies."""


def critical_fraction(
    size_ratio: np.ndarray | float,
    aspect: np.ndarray | float = 1.0,
    porosity: np.ndarray | float = 0.0,
    *,
    equal_spheres: float = SCHER_ZALLEN,
) -> np.ndarray:
    """Volume fraction of the solids from which grains of one phase connect among those of the others.

    Parameters
    ----------
    size_ratio : array or float
        Diameter of the other grains over that of this phase, above 0.
    aspect : array or float
        Length over width of its grains; below 1 they are plates.
    porosity : array or float
        Pores by volume, 0 to below 1.
    equal_spheres : float
        Threshold at a size ratio of 1.

    Examples
    --------
    >>> critical_fraction(np.array([1.0, 3.0, 10.0])).round(3)
    array([0.16 , 0.108, 0.051])
    >>> critical_fraction(1.0, porosity=0.2).round(3), critical_fraction(1.0, aspect=5.0).round(3)
    (np.float64(0.2), np.float64(0.091))
    """
    shape = np.interp(np.log(aspect), np.log(ASPECT), SHAPED) / SHAPED[ASPECT == 1.0][0]
    return (
        shape / (1.0 / equal_spheres + SLOPE * (np.asarray(size_ratio) - 1.0)) / (1.0 - np.asarray(porosity))
    )


@dataclass(frozen=True, kw_only=True)
class Grains:
    """What is known of the grains of a layer, as ranges.

    Attributes
    ----------
    size_ratio : (float, float)
        Diameter of insulating grains over that of metal ones; milled powders that react through are seldom
        further apart. Drawn evenly in its logarithm.
    aspect : (float, float)
        Of the metal; drawn evenly in its logarithm.
    porosity : (float, float)
        Sulfides pressed at 375 MPa keep some 10 %; drawn evenly.
    """

    size_ratio: tuple[float, float] = (0.5, 6.0)
    aspect: tuple[float, float] = (1.0, 2.0)
    porosity: tuple[float, float] = (0.0, 0.15)

    @property
    def of_electrolyte(self) -> "Grains":
        """The same seen from the electrolyte, whose grains are round."""
        low, high = self.size_ratio
        return replace(self, size_ratio=(1.0 / high, 1.0 / low), aspect=(1.0, 1.0))


@dataclass(frozen=True, kw_only=True)
class Observed:
    """What one cell at rest says, whose only separator was a layer that had reacted through.

    Attributes
    ----------
    metal_fraction : float
    connected : bool
        Whether it shorted.
    """

    metal_fraction: float
    connected: bool


@dataclass(frozen=True, eq=False, kw_only=True)
class Threshold:
    """Critical volume fraction of one phase, as weighted draws.

    Attributes
    ----------
    fraction, weight : (n,) float arrays
        The weights add up to 1.
    """

    fraction: np.ndarray
    weight: np.ndarray

    @classmethod
    def of(cls, grains: Grains | None = None, equal_spheres: float = SCHER_ZALLEN) -> "Threshold":
        """Before any cell: evenly spread over what grains may be, and the error of the formula."""
        return _drawn(grains or Grains(), equal_spheres)

    def chance(self, volume_fraction: float) -> float:
        """Probability that so much of the phase connects; NaN for NaN."""
        return float(self.weight @ self.each(volume_fraction))

    def given(self, cells: Iterable[Observed]) -> "Threshold":
        """The distribution after cells at rest."""
        weight = self.weight
        for cell in cells:
            connects = self.each(cell.metal_fraction)
            weight = weight * np.maximum(connects if cell.connected else 1.0 - connects, LEAST_WEIGHT)
        return replace(self, weight=weight / weight.sum())

    def quantile(self, level: float) -> float:
        """The fraction below which the threshold lies with this probability."""
        order = np.argsort(self.fraction)
        return float(np.interp(level, np.cumsum(self.weight[order]), self.fraction[order]))

    @property
    def words(self) -> str:
        """Median and 68 % interval, in volume percent."""
        low, middle, high = (100.0 * self.quantile(q) for q in (1.0 - SURE, 0.5, SURE))
        return f"{middle:.0f} ({low:.0f} to {high:.0f}) vol%"

    def each(self, volume_fraction: float) -> np.ndarray:
        """The same draw by draw, (n,) float array; the volume fraction has an error of its own."""
        from scipy.special import ndtr  # a ranking's table does without

        with np.errstate(divide="ignore"):
            return ndtr((np.log(volume_fraction) - np.log(self.fraction)) / FRACTION_ERROR)


@cache
def _drawn(grains: Grains, equal_spheres: float) -> Threshold:
    # a Latin hypercube
    unit = (np.argsort(np.random.default_rng(0).random((DRAWS, 4)), axis=0) + 0.5) / DRAWS
    ratio, aspect = (
        np.exp(np.log(low) + unit[:, k] * np.log(high / low))
        for k, (low, high) in enumerate((grains.size_ratio, grains.aspect))
    )
    low, high = grains.porosity
    central = critical_fraction(ratio, aspect, low + unit[:, 2] * (high - low), equal_spheres=equal_spheres)
    error = np.exp(MODEL_ERROR * np.array([NormalDist().inv_cdf(u) for u in unit[:, 3]]))
    return Threshold(fraction=np.minimum(central * error, 1.0), weight=np.full(DRAWS, 1.0 / DRAWS))


def tell_most(threshold: Threshold, metal_fraction: Sequence[float], batch: int) -> list[int]:
    """Which cells at rest, by position, tell most of the threshold: each in turn beside those before.

    The information is that of the outcomes, short or none, on the threshold: the entropy of all outcomes less
    what is left once the threshold is known.
    """
    chances = np.array([threshold.each(f) for f in metal_fraction])
    chosen: list[int] = []
    while len(chosen) < min(batch, len(chances)):
        left = [k for k in range(len(chances)) if k not in chosen]
        told = [_information(chances[[*chosen, k]], threshold.weight) for k in left]
        chosen.append(left[int(np.argmax(told))])
    return chosen


def _information(chance: np.ndarray, weight: np.ndarray) -> float:
    """Mutual information in bits of several yes-or-no outcomes and the draw, (n_cells, n) chances."""
    outcomes = np.array(list(product((0, 1), repeat=len(chance))), dtype=bool)
    each = np.where(outcomes[:, :, None], chance, 1.0 - chance).prod(axis=1)
    return float(_entropy(each @ weight) - weight @ _entropy(each))


def _entropy(share: np.ndarray) -> np.ndarray:
    """Entropy over the first axis, in bits."""
    return -(share * np.log2(np.maximum(share, 1e-300))).sum(axis=0)
