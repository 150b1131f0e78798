"""The uncertain quantities of the update, and what is assumed of them before any cell is measured."""

from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

CONCENTRATION = 30.0
"""κ: a criterion with a fifth of the weight is then known to ± 36 %, one with a twentieth to ± 78 %: somewhat
less than the halving and doubling that the study's own sensitivity table tries."""

SHARPNESS_SD = 1.0
"""σ: β lies between 0.14 and 7 at 95 %; at 1 a reactor of half the score fails twice as fast."""

DEVIATION_SD = 0.25
"""τ: reactors of equal criteria differ by a quarter in score. An assumption, to be replaced once a group has
measured enough replicates of enough reactors to estimate it."""

DRAWS = 20_000


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

    @property
    def mean(self) -> np.ndarray:
        """Mean weights, (n_criteria,) float array."""
        return self.weights.mean(axis=0)

    @property
    def standard_deviation(self) -> np.ndarray:
        """Standard deviations of the weights, (n_criteria,) float array."""
        return self.weights.std(axis=0)

    def resampled(self, n_draws: int, rng: np.random.Generator) -> "WeightSample":
        """Some of the draws, with replacement."""
        chosen = rng.integers(len(self.weights), size=n_draws)
        return WeightSample(self.weights[chosen], self.sharpness[chosen], self.deviation[chosen])


@dataclass(frozen=True)
class Prior:
    """Distribution of weights, sharpness and deviations before any cell is measured.

    Attributes
    ----------
    concentration : float
        κ.
    sharpness_sd : float
        σ.
    deviation_sd : float
        τ.
    draws, seed : int
    """

    concentration: float = CONCENTRATION
    sharpness_sd: float = SHARPNESS_SD
    deviation_sd: float = DEVIATION_SD
    draws: int = DRAWS
    seed: int = 20230815

    def around(self, given: np.ndarray, n_reactors: int) -> "Coordinates":
        """The coordinates that this prior is sampled in.

        Parameters
        ----------
        given : (n_criteria,) float array
            The study's weights; not negative, not all 0.
        n_reactors : int
            Reactors with a deviation of their own.
        """
        return Coordinates(
            self, given > 0.0, self.concentration * given[given > 0.0] / given.sum(), n_reactors
        )


@dataclass(frozen=True, eq=False)
class Coordinates:
    """Unbounded coordinates of a draw, side by side in one row.

    First the logarithms of independent gamma variates, whose shares are the weights (Dirichlet); then ln β/σ;
    then ε/τ of each reactor.

    Attributes
    ----------
    prior : Prior
    counted : (n_criteria,) bool array
        Criteria with weight; the others have no coordinate.
    shape : (n_counted,) float array
        Shapes of the gamma variates.
    n_reactors : int
    """

    prior: Prior
    counted: np.ndarray
    shape: np.ndarray
    n_reactors: int

    @property
    def n(self) -> int:
        """Number of coordinates."""
        return len(self.shape) + 1 + self.n_reactors

    def draw(self, n_draws: int, rng: np.random.Generator) -> np.ndarray:
        """Draws of the prior, (n_draws, n) float array."""
        # ln G(a) = ln G(a + 1) + ln U / a keeps its digits where the shape is small and G(a) underflows
        size = (n_draws, len(self.shape))
        log_gamma = (
            np.log(rng.gamma(self.shape + 1.0, size=size)) - rng.standard_exponential(size) / self.shape
        )
        return np.hstack([log_gamma, rng.standard_normal((n_draws, 1 + self.n_reactors))])

    def log_density(self, drawn: np.ndarray) -> np.ndarray:
        """Logarithm of the prior density up to a constant, (n_draws,) float array."""
        log_gamma, normal = np.split(drawn, [len(self.shape)], axis=1)
        with np.errstate(over="ignore"):
            return log_gamma @ self.shape - np.exp(log_gamma).sum(axis=1) - 0.5 * (normal**2).sum(axis=1)

    def sample(self, drawn: np.ndarray) -> WeightSample:
        """Weights, sharpness and deviations of rows of coordinates."""
        log_gamma, log_sharpness, deviation = np.split(drawn, np.cumsum([len(self.shape), 1]), axis=1)
        weights = np.zeros((len(drawn), len(self.counted)))
        weights[:, self.counted] = softmax(log_gamma, axis=1)
        sharpness = np.exp(self.prior.sharpness_sd * log_sharpness[:, 0])
        return WeightSample(weights, sharpness, self.prior.deviation_sd * deviation)


def draw_prior(given: np.ndarray, prior: Prior, n_reactors: int) -> WeightSample:
    """Draws of the prior around the study's weights; see `Prior.around`."""
    coordinates = prior.around(given, n_reactors)
    return coordinates.sample(coordinates.draw(prior.draws, np.random.default_rng(prior.seed)))
