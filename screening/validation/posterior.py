"""Draws of the posterior by emcee, and the marginal likelihood of the measured orders.

Walkers start at draws of the prior, chosen by their likelihood. Their proposals leave a normal distribution
unchanged (preconditioned Crank–Nicolson): at first the prior, then that with the mean and the covariance of
the run before. Runs double in length until one has `FEWEST_TIMES` autocorrelation times; those before are
burn-in. The marginal likelihood is Bennett's acceptance ratio between draws of prior and posterior.

References
----------
D. Foreman-Mackey et al., Publ. Astron. Soc. Pac. 125, 306 (2013), doi 10.1086/670067 (emcee);
S. L. Cotter et al., Stat. Sci. 28, 424 (2013), doi 10.1214/13-STS421 (proposals);
C. H. Bennett, J. Comput. Phys. 22, 245 (1976), doi 10.1016/0021-9991(76)90078-4 (marginal likelihood).
"""

from collections.abc import Callable
from dataclasses import dataclass

import emcee
import numpy as np
from emcee.moves import MHMove
from scipy.optimize import brentq
from scipy.special import expit
from threadpoolctl import threadpool_limits

from screening.validation.orders import Orders
from screening.validation.prior import FEWEST_DRAWS, Coordinates, Prior, WeightSample

WALKERS = 128
"""Or two for each coordinate, where that is more."""

STEPS = 100
"""Of the first run."""

MOST_STEPS = 12_800
"""Of the last."""

STRIDE = 4
"""Every fourth step is stored."""

STEP_SIZES = (0.2, 0.5, 0.9)
"""In standard deviations, one drawn for each walker and step: small ones move walkers where the posterior is
no normal distribution."""

FEWEST_TIMES = 20.0
"""Length of a chain after burn-in, in autocorrelation times, below which it has not converged: the error of a
mean over 128 walkers is then 2 % of a standard deviation."""

FEWEST_EFFECTIVE = 50
"""Independent draws that the posterior must be worth: means are then off by 14 % of a standard deviation."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """How likely the measured orders are, and how well that and the posterior are known.

    Attributes
    ----------
    log_marginal, log_marginal_sd : float
        Logarithm of their likelihood under the prior, and the sampling error.
    log_chance : float
        The same where all reactors fail at one rate: −ln n! of a strict order of n.
    effective : float
        Independent draws that the slowest coordinate of the posterior is worth.
    autocorrelation_times : float
        Length of the chains after burn-in, by the slowest coordinate.
    """

    log_marginal: float
    log_marginal_sd: float
    log_chance: float
    effective: float
    autocorrelation_times: float

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

    @property
    def is_converged(self) -> bool:
        """Whether the chains are long enough."""
        return self.autocorrelation_times >= FEWEST_TIMES

    @property
    def refusal(self) -> str:
        """Why the posterior cannot be used; empty where it can."""
        if not self.is_converged:
            return (
                f"the sampler did not converge: its chains are {self.autocorrelation_times:.0f} "
                f"autocorrelation times long, and {FEWEST_TIMES:.0f} are needed"
            )
        if self.effective < FEWEST_EFFECTIVE:
            return (
                f"the posterior is worth {self.effective:.0f} independent draws, and {FEWEST_EFFECTIVE} are "
                "needed: raise the prior's draws"
            )
        return ""


def sample_posterior(given: np.ndarray, prior: Prior, orders: Orders) -> tuple[WeightSample, Evidence]:
    """Draw from the posterior.

    Parameters
    ----------
    given : (n_criteria,) float array
        The study's weights; not negative, not all 0.
    prior : Prior
        Its `draws` are the most draws kept, its `seed` makes them repeatable.
    orders : Orders
        What was measured.
    """
    rng = np.random.default_rng(prior.seed)
    coordinates = Coordinates(prior, given, len(orders.desirability))

    def log_likelihood(drawn: np.ndarray) -> np.ndarray:
        return orders.log_likelihood(coordinates.sample(drawn))

    def log_density(drawn: np.ndarray) -> np.ndarray:
        return log_likelihood(drawn) - 0.5 * (drawn**2).sum(axis=1)

    walkers = max(WALKERS, 2 * coordinates.n)
    before = rng.standard_normal((max(prior.draws, walkers), coordinates.n))
    log_before = log_likelihood(before)
    # the highest of log p + Gumbel noise are a sample by p without replacement
    start = before[np.argsort(log_before + rng.gumbel(size=len(before)))[-walkers:]]
    # matrices of this size are multiplied faster by one thread
    with threadpool_limits(1, "blas"):
        chain, times = _last_run(log_density, start, rng)
    kept = rng.permutation(chain)[: prior.draws]
    log_after, blocks = log_likelihood(kept), range(FEWEST_DRAWS)
    parts = [bennett_log_ratio(log_before[k :: len(blocks)], log_after[k :: len(blocks)]) for k in blocks]
    effective = min(float(len(kept)), walkers * times)
    # shuffled blocks know nothing of the autocorrelation
    repeated = len(kept) / max(effective, 1.0)
    return coordinates.sample(kept), Evidence(
        log_marginal=bennett_log_ratio(log_before, log_after),
        log_marginal_sd=float(np.std(parts, ddof=1) * np.sqrt(repeated / len(blocks))),
        log_chance=orders.log_chance,
        effective=effective,
        autocorrelation_times=times,
    )


def _last_run(
    log_density: Callable[[np.ndarray], np.ndarray], start: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, float]:
    """Draws of the last run, (n_draws, n), and the length of its chains in autocorrelation times."""
    mean, covariance, steps = np.zeros(start.shape[1]), np.eye(start.shape[1]), STEPS
    while True:
        moves = _crank_nicolson(mean, covariance)
        sampler = emcee.EnsembleSampler(*start.shape, log_density, moves=moves, vectorize=True)
        sampler.random_state = np.random.RandomState(rng.integers(2**32, dtype=np.uint32)).get_state()
        run = sampler.run_mcmc(start, steps // STRIDE, thin_by=STRIDE, skip_initial_state_check=True)
        chain = sampler.get_chain(flat=True)
        if steps > STEPS:
            slowest = autocorrelation_time(sampler.get_chain()).max()
            # no time where a walker has not moved at all
            times = float(sampler.iteration / slowest) if np.isfinite(slowest) else 0.0
            if times >= FEWEST_TIMES or 2 * steps > MOST_STEPS:
                return chain, times
        start, mean, covariance, steps = run.coords, chain.mean(axis=0), np.cov(chain.T), 2 * steps


def _crank_nicolson(mean: np.ndarray, covariance: np.ndarray) -> MHMove:
    """Proposals that leave the normal distribution of a mean and a covariance unchanged."""
    factor = np.linalg.cholesky(covariance)
    inverse = np.linalg.inv(factor)

    def propose(old: np.ndarray, rng: np.random.RandomState) -> tuple[np.ndarray, np.ndarray]:
        size = rng.choice(STEP_SIZES, size=(len(old), 1))
        here = (old - mean) @ inverse.T
        there = np.sqrt(1.0 - size**2) * here + size * rng.standard_normal(here.shape)
        return mean + there @ factor.T, 0.5 * (there**2 - here**2).sum(axis=1)

    return MHMove(propose)


def autocorrelation_time(chain: np.ndarray) -> np.ndarray:
    """Integrated autocorrelation times in steps, (n,) float array, with Sokal's window of five times.

    As `emcee.autocorr.integrated_time`, which takes longer than the sampling: one walker after another.

    Parameters
    ----------
    chain : (n_steps, n_walkers, n) float array
    """
    steps = len(chain)
    spectrum = np.fft.rfft(chain - chain.mean(axis=0), 2 * steps, axis=0)
    covariance = np.fft.irfft(np.abs(spectrum) ** 2, axis=0)[:steps]
    with np.errstate(invalid="ignore"):
        times = 2.0 * (covariance / covariance[0]).mean(axis=1).cumsum(axis=0) - 1.0
    beyond = np.arange(steps)[:, None] >= 5.0 * times
    beyond[-1] = True
    return np.take_along_axis(times, beyond.argmax(axis=0)[None], axis=0)[0]


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
