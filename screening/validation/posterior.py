"""Draws of the posterior by emcee, and the marginal likelihood of the measured orders.

An ensemble of walkers starts at draws of the prior, chosen by their likelihood, and moves by differential
evolution. Its chains are prolonged until they are `FEWEST_TIMES` autocorrelation times long. The marginal
likelihood is Bennett's acceptance ratio between the draws of prior and posterior.

References
----------
D. Foreman-Mackey et al., Publ. Astron. Soc. Pac. 125, 306 (2013), doi 10.1086/670067 (emcee);
C. J. F. ter Braak, Stat. Comput. 16, 239 (2006), doi 10.1007/s11222-006-8769-1 (moves);
C. H. Bennett, J. Comput. Phys. 22, 245 (1976), doi 10.1016/0021-9991(76)90078-4 (marginal likelihood).
"""

from dataclasses import dataclass

import emcee
import numpy as np
from emcee.moves import DEMove
from scipy.optimize import brentq
from scipy.special import expit

from screening.validation.orders import Orders, log_rates, merits
from screening.validation.prior import Coordinates, Prior, WeightSample

WALKERS = 128
"""Or four for each coordinate, where that is more."""

STEPS = 1500
"""Of the first run, which is doubled as often as needed."""

MOST_STEPS = 24_000

STRIDE = 10
"""Every tenth step is stored."""

BURN_IN = 1 / 3
"""Share of each chain that is left out at its start."""

FEWEST_TIMES = 20.0
"""Length of a chain after burn-in, in autocorrelation times, below which it has not converged: the error of a
mean over 128 walkers is then 2 % of a standard deviation."""

BLOCKS = 8
"""Parts of the draws whose scatter is the sampling error of the marginal likelihood."""

MOVES = [(DEMove(), 0.9), (DEMove(gamma0=1.0), 0.1)]
"""Short steps, and ter Braak's jumps of full length."""


@dataclass(frozen=True)
class Evidence:
    """How likely the measured orders are, and how well that is known.

    Attributes
    ----------
    log_marginal, log_marginal_sd : float
        Logarithm of their likelihood under the prior, and the sampling error.
    log_chance : float
        The same where all reactors fail at one rate: −ln n! of a strict order of n.
    effective : float
        Independent draws that the slowest coordinate of the posterior is worth.
    """

    log_marginal: float
    log_marginal_sd: float
    log_chance: float
    effective: float

    @property
    def ratio(self) -> float:
        """Likelihood of the order under the study's weights over that by chance (a Bayes factor)."""
        return float(np.exp(self.log_marginal - self.log_chance))

    @property
    def words(self) -> str:
        """The ratio, in words."""
        factor = max(self.ratio, 1.0 / self.ratio)
        times = f"{factor:.2g}" if factor < 10.0 else f"{factor:,.0f}"
        direction = "more" if self.ratio >= 1.0 else "less"
        return f"{times} times {direction} likely under the study's weights than by chance"


@dataclass(frozen=True, eq=False)
class Posterior:
    """Draws of the posterior, and the length of the chains that they come from.

    Attributes
    ----------
    sample : WeightSample
    evidence : Evidence
    autocorrelation_times : float
        After burn-in, by the slowest coordinate.
    """

    sample: WeightSample
    evidence: Evidence
    autocorrelation_times: float

    @property
    def is_converged(self) -> bool:
        """Whether the chains are long enough."""
        return self.autocorrelation_times >= FEWEST_TIMES


def sample_posterior(given: np.ndarray, prior: Prior, orders: Orders) -> Posterior:
    """Draw from the posterior.

    Parameters
    ----------
    given : (n_criteria,) float array
        The study's weights; not negative, not all 0.
    prior : Prior
        Its `draws` are the draws kept, its `seed` makes them repeatable.
    orders : Orders
        What was measured.
    """
    rng = np.random.default_rng(prior.seed)
    model = _Model(prior.around(given, len(orders.desirability)), orders)
    walkers = max(WALKERS, 4 * model.coordinates.n)
    before = model.coordinates.draw(max(prior.draws, walkers), rng)
    likelihood_before = model.log_likelihood(before)
    # the highest of log p + Gumbel noise are a sample by p without replacement
    start = before[np.argsort(likelihood_before + rng.gumbel(size=len(before)))[-walkers:]]
    chain, times = _chains(model, start, rng)
    kept = rng.permutation(chain)[: prior.draws]
    likelihood_after = model.log_likelihood(kept)
    parts = [
        bennett_log_ratio(likelihood_before[k::BLOCKS], likelihood_after[k::BLOCKS]) for k in range(BLOCKS)
    ]
    effective = min(float(len(kept)), walkers * times)
    # shuffled blocks know nothing of the autocorrelation
    repeated = len(kept) / max(effective, 1.0)
    evidence = Evidence(
        bennett_log_ratio(likelihood_before, likelihood_after),
        float(np.std(parts, ddof=1) * np.sqrt(repeated / BLOCKS)),
        orders.log_chance,
        effective,
    )
    return Posterior(model.coordinates.sample(kept), evidence, times)


@dataclass(frozen=True, eq=False)
class _Model:
    """Prior and likelihood by coordinates."""

    coordinates: Coordinates
    orders: Orders

    def log_likelihood(self, drawn: np.ndarray) -> np.ndarray:
        sample = self.coordinates.sample(drawn)
        merit = merits(sample, self.orders.desirability, sample.deviation)
        return self.orders.log_likelihood(log_rates(sample.sharpness, merit))

    def log_density(self, drawn: np.ndarray) -> np.ndarray:
        return self.coordinates.log_density(drawn) + self.log_likelihood(drawn)


def _chains(model: _Model, start: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """Draws after burn-in, (n_draws, n), and the length of the chains in autocorrelation times."""
    sampler = emcee.EnsembleSampler(*start.shape, model.log_density, moves=MOVES, vectorize=True)
    sampler.random_state = np.random.RandomState(rng.integers(2**32, dtype=np.uint32)).get_state()
    state, steps = start, STEPS
    while True:
        more = steps // STRIDE - sampler.iteration
        state = sampler.run_mcmc(state, more, thin_by=STRIDE, skip_initial_state_check=True)
        burnt = int(BURN_IN * sampler.iteration)
        with np.errstate(invalid="ignore"):
            slowest = float(np.max(sampler.get_autocorr_time(discard=burnt, tol=0)))
        # no time where a walker has not moved at all
        times = (sampler.iteration - burnt) / slowest if np.isfinite(slowest) else 0.0
        if times >= FEWEST_TIMES or 2 * steps > MOST_STEPS:
            return sampler.get_chain(discard=burnt, flat=True), times
        steps *= 2


def bennett_log_ratio(log_before: np.ndarray, log_after: np.ndarray) -> float:
    """Marginal likelihood, its logarithm, from log-likelihoods of draws of prior and posterior.

    Parameters
    ----------
    log_before, log_after : (n,), (m,) float arrays
    """
    offset = np.log(len(log_after) / len(log_before))

    def balance(log_ratio: float) -> float:
        gained = expit(log_before - log_ratio + offset).sum()
        return float(gained - expit(log_ratio - log_after - offset).sum())

    both = np.concatenate([log_before, log_after])
    return float(brentq(balance, both.min() - abs(offset) - 1.0, both.max() + abs(offset) + 1.0))
