"""The uncertain quantities of the update, and what is assumed of them before any cell is measured."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from scipy.special import gammainccinv, gammaincinv, gammaln, log_ndtr, ndtr, softmax

from screening.errors import InputError

CONCENTRATION = 30.0
"""κ: a criterion with a fifth of the weight is then known to ± 36 %, one with a twentieth to ± 78 %: somewhat
less than the halving and doubling that the study's own sensitivity table tries."""

SHARPNESS_SD = 1.0
"""σ: β lies between 0.14 and 7 at 95 %; at 1 a reactor of half the score fails twice as fast."""

DEVIATION_SD = 0.25
"""τ: reactors of equal criteria differ by a quarter in score. An assumption, to be replaced once a group has
measured enough replicates of enough reactors to estimate it."""

FEWEST_DRAWS = 8
"""One for each block that the sampling error of the marginal likelihood is told from."""

NORMAL = np.linspace(-9.0, 9.0, 721)
"""Standard normal numbers that quantiles are tabulated at. Linear between them: exact to 1e-4 of a standard
deviation."""


@dataclass(frozen=True, eq=False)
class WeightSample:
    """Equally probable draws of everything that is uncertain.

    Attributes
    ----------
    weights : (n_draws, n_criteria) float array
        Shares; 0 where the study gives a criterion no weight.
    sharpness : (n_draws,) float array
        β.
    deviation : (n_draws, n_reactors) float array
        ε of the reactors measured.
    """

    weights: np.ndarray
    sharpness: np.ndarray
    deviation: np.ndarray

    def resampled(self, n_draws: int, rng: np.random.Generator) -> "WeightSample":
        """Some of the draws, with replacement."""
        chosen = rng.integers(len(self.weights), size=n_draws)
        return WeightSample(self.weights[chosen], self.sharpness[chosen], self.deviation[chosen])


@dataclass(frozen=True)
class Prior:
    """Distribution of weights, sharpness and deviations before any cell is measured.

    Attributes
    ----------
    concentration, sharpness_sd, deviation_sd : float
        κ, σ, τ.
    draws, seed : int
    """

    concentration: float = CONCENTRATION
    sharpness_sd: float = SHARPNESS_SD
    deviation_sd: float = DEVIATION_SD
    draws: int = 20_000
    seed: int = 20230815

    def __post_init__(self) -> None:
        if self.draws < FEWEST_DRAWS:
            raise InputError(f"{self.draws}", where="draws", remedy=f"give {FEWEST_DRAWS} or more")


@dataclass(frozen=True, eq=False)
class Coordinates:
    """Coordinates of a draw that are independent and standard normal under the prior.

    First those of gamma variates by their quantiles, whose shares are the weights (Dirichlet); then ln β/σ;
    then ε/τ of each reactor.

    Attributes
    ----------
    prior : Prior
    given : (n_criteria,) float array
        The study's weights; not negative, not all 0. A criterion without weight has no coordinate.
    n_reactors : int
        Reactors with a deviation of their own.
    """

    prior: Prior
    given: np.ndarray
    n_reactors: int

    @cached_property
    def log_gamma(self) -> list[np.ndarray]:
        """Logarithms of the gamma variates of each counted criterion at `NORMAL`."""
        shape = self.prior.concentration * self.given[self.given > 0.0] / self.given.sum()
        return [_log_gamma_quantiles(each) for each in shape.tolist()]

    @property
    def n(self) -> int:
        """Number of coordinates."""
        return len(self.log_gamma) + 1 + self.n_reactors

    def sample(self, drawn: np.ndarray) -> WeightSample:
        """Weights, sharpness and deviations of rows of coordinates, (n_draws, n) float array."""
        first, log_sharpness, deviation = np.split(drawn, np.cumsum([len(self.log_gamma), 1]), axis=1)
        variates = [np.interp(x, NORMAL, table) for x, table in zip(first.T, self.log_gamma, strict=True)]
        weights = np.zeros((len(drawn), len(self.given)))
        weights[:, self.given > 0.0] = softmax(variates, axis=0).T
        sharpness = np.exp(self.prior.sharpness_sd * log_sharpness[:, 0])
        return WeightSample(weights, sharpness, self.prior.deviation_sd * deviation)


@lru_cache(maxsize=100)
def _log_gamma_quantiles(shape: float) -> np.ndarray:
    """Logarithm of a gamma variate at the probabilities of `NORMAL`."""
    with np.errstate(divide="ignore"):
        below = np.log(gammaincinv(shape, ndtr(NORMAL[NORMAL < 0.0])))
        above = np.log(gammainccinv(shape, ndtr(-NORMAL[NORMAL >= 0.0])))
    # a lower bound, and the limit where a variate of small shape underflows
    limit = (log_ndtr(NORMAL) + gammaln(shape + 1.0)) / shape
    return np.maximum(np.concatenate([below, above]), limit)


def draw_prior(given: np.ndarray, prior: Prior, n_reactors: int) -> WeightSample:
    """Draws of the prior around the study's weights; see `Coordinates`."""
    coordinates = Coordinates(prior, given, n_reactors)
    rng = np.random.default_rng(prior.seed)
    return coordinates.sample(rng.standard_normal((prior.draws, coordinates.n)))
