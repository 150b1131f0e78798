"""What is believed of weights, sharpness and deviations, as draws; the prior that it starts from."""

from dataclasses import dataclass

import numpy as np

CONCENTRATION = 30.0
"""κ: a criterion with a fifth of the weight is then known to ± 36 %, one with a twentieth to ± 78 %: somewhat
less than the halving and doubling that the study's own sensitivity table tries."""

SHARPNESS_SD = 1.0
"""σ: β lies between 0.14 and 7 at 95 %; at 1 a reactor of half the score fails twice as fast."""

DEVIATION_SD = 0.25
"""τ: reactors of equal criteria differ by a quarter in score. An assumption, to be replaced once a group has
measured enough replicates of enough reactors to estimate it."""

DRAWS = 20_000


@dataclass(frozen=True)
class Prior:
    """What is believed of the weights before any cell is measured.

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


@dataclass(frozen=True, eq=False)
class Belief:
    """Weighted draws of everything that is uncertain.

    Attributes
    ----------
    weights : (n_draws, n_criteria) float array
        Shares; 0 where the study gives a criterion no weight.
    sharpness : (n_draws,) float array
        β.
    deviation : (n_draws, n_reactors) float array
        ε of the reactors measured.
    probability : (n_draws,) float array
        Sums to 1.
    """

    weights: np.ndarray
    sharpness: np.ndarray
    deviation: np.ndarray
    probability: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        """Mean weights, (n_criteria,) float array."""
        return self.probability @ self.weights

    @property
    def standard_deviation(self) -> np.ndarray:
        """Standard deviations of the weights, (n_criteria,) float array."""
        return np.sqrt(self.probability @ (self.weights - self.mean) ** 2)

    def resampled(self, n_draws: int, rng: np.random.Generator) -> "Belief":
        """Equally probable draws of this belief."""
        chosen = rng.choice(len(self.probability), size=n_draws, p=self.probability)
        drawn = (self.weights[chosen], self.sharpness[chosen], self.deviation[chosen])
        return Belief(*drawn, np.full(n_draws, 1.0 / n_draws))


@dataclass(frozen=True, eq=False)
class Coordinates:
    """Draws of the same without bounds.

    Attributes
    ----------
    log_gamma : (n_draws, n_counted) float array
        Logarithms of independent gamma variates, whose shares are the weights (Dirichlet); criteria without
        weight are left out.
    log_sharpness : (n_draws,) float array
        ln β.
    deviation : (n_draws, n_reactors) float array
        ε.
    """

    log_gamma: np.ndarray
    log_sharpness: np.ndarray
    deviation: np.ndarray

    def taken(self, chosen: np.ndarray) -> "Coordinates":
        """Some of the draws, by position."""
        return Coordinates(self.log_gamma[chosen], self.log_sharpness[chosen], self.deviation[chosen])

    def belief(self, counted: np.ndarray) -> Belief:
        """The equally probable draws that these stand for; `counted` are the criteria with weight."""
        raised = np.exp(self.log_gamma - self.log_gamma.max(axis=1, keepdims=True))
        drawn = np.zeros((len(raised), len(counted)))
        drawn[:, counted] = raised / raised.sum(axis=1, keepdims=True)
        n = len(drawn)
        return Belief(drawn, np.exp(self.log_sharpness), self.deviation, np.full(n, 1.0 / n))


def draw_coordinates(
    shape: np.ndarray, prior: Prior, n_reactors: int, n_draws: int, rng: np.random.Generator
) -> Coordinates:
    """Draws of the prior, without bounds.

    Parameters
    ----------
    shape : (n_counted,) float array
        Shapes of the gamma variates, κ times the shares of the criteria with weight.
    prior : Prior
    n_reactors, n_draws : int
    rng : numpy Generator
    """
    # ln G(a) = ln G(a + 1) + ln U / a keeps its digits where the shape is small and G(a) underflows
    size = (n_draws, len(shape))
    log_gamma = np.log(rng.gamma(shape + 1.0, size=size)) - rng.standard_exponential(size) / shape
    log_sharpness = rng.normal(0.0, prior.sharpness_sd, n_draws)
    return Coordinates(log_gamma, log_sharpness, rng.normal(0.0, prior.deviation_sd, (n_draws, n_reactors)))


def draw_prior(given: np.ndarray, prior: Prior, n_reactors: int) -> Belief:
    """Draws of the prior.

    Parameters
    ----------
    given : (n_criteria,) float array
        The study's weights; not negative, not all 0.
    prior : Prior
    n_reactors : int
        Reactors with a deviation of their own.
    """
    rng, counted = np.random.default_rng(prior.seed), given > 0.0
    drawn = draw_coordinates(gamma_shape(given, prior), prior, n_reactors, prior.draws, rng)
    return drawn.belief(counted)


def gamma_shape(given: np.ndarray, prior: Prior) -> np.ndarray:
    """Shapes of the gamma variates whose shares are the weights, (n_counted,) float array."""
    return prior.concentration * given[given > 0.0] / given.sum()
