"""Draws of a posterior, and the marginal likelihood, by sequential Monte Carlo.

The likelihood is let in by and by: its power rises from 0 (the prior) to 1 (the posterior) in steps that
leave half of the draws effective. After each step draws are resampled, and moved by Metropolis steps that
leave the distribution of that power as it is. The product of the mean weights of all steps estimates the
marginal likelihood. Importance sampling from the prior is the same with one step, and runs out of draws
where an order of ten reactors is learnt from.

Weights and sharpness are moved by the likelihood itself. Deviations are moved one by one, however many
reactors there are: each factor of the likelihood at power p, (λ_j/Σλ)^p, is a mean over a latent time s_j,

    (Σλ)^−p = ∫ s^(p − 1) exp(−s Σλ) ds / Γ(p),

and given these times every reactor stands for itself.

Several populations run independently of each other. The scatter of their means is the sampler's own error,
and says how many independent draws the posterior is worth.

References
----------
P. Del Moral, A. Doucet, A. Jasra, J. R. Stat. Soc. B 68, 411 (2006), doi 10.1111/j.1467-9868.2006.00553.x;
F. Caron, A. Doucet, J. Comput. Graph. Stat. 21, 174 (2012), doi 10.1080/10618600.2012.638220 (latent times);
S. L. Cotter et al., Stat. Sci. 28, 424 (2013), doi 10.1214/13-STS421 (moves of normal coordinates).
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import logsumexp, polygamma

from screening.validation.belief import Belief, Coordinates, Prior, draw_coordinates, gamma_shape
from screening.validation.orders import Orders, criteria_merit, log_rates, n_at_risk

POPULATIONS = 4
"""Independent runs that the draws are shared out to."""

EFFECTIVE_SHARE = 0.5
"""Share of the draws that a rise of the likelihood's power leaves effective."""

MOVES = 4
"""Rounds of moves after each rise."""

SMALLEST_STEP = 0.05
"""In standard deviations of the prior. Steps are spread between this and 1 evenly in logarithms, since a draw
of high sharpness moves by much smaller ones than a draw of low."""

HALVINGS = 30
"""Bisections for the next power, which leave 1e-9 of it open."""


@dataclass(frozen=True, eq=False)
class Sampled:
    """Draws of a posterior.

    Attributes
    ----------
    belief : Belief
    log_evidence, log_evidence_sd : float
        Logarithm of the marginal likelihood, and its sampling error.
    effective : float
        Independent draws whose means would scatter as those of the populations do, on average over all
        coordinates.
    """

    belief: Belief
    log_evidence: float
    log_evidence_sd: float
    effective: float


def sample_posterior(given: np.ndarray, prior: Prior, orders: Orders) -> Sampled:
    """Draw from the posterior.

    Parameters
    ----------
    given : (n_criteria,) float array
        The study's weights; not negative, not all 0.
    prior : Prior
        Its `draws` are shared out to the populations, its `seed` makes them repeatable.
    orders : Orders
        What was measured.

    Returns
    -------
    Sampled
    """
    target = _Target(given > 0.0, gamma_shape(given, prior), prior, orders)
    sizes = [len(part) for part in np.array_split(np.arange(prior.draws), POPULATIONS)]
    seeds = np.random.default_rng(prior.seed).spawn(POPULATIONS)
    ends = [_risen(target, n, rng) for n, rng in zip(sizes, seeds, strict=True)]
    logs = np.array([end.log_evidence for end in ends])
    share = np.exp(logs - logsumexp(logs))
    parts = [end.drawn.belief(target.counted) for end in ends]
    belief = Belief(
        np.concatenate([part.weights for part in parts]),
        np.concatenate([part.sharpness for part in parts]),
        np.concatenate([part.deviation for part in parts]),
        np.repeat(share / np.array(sizes), sizes),
    )
    return Sampled(
        belief,
        float(logsumexp(logs) - np.log(POPULATIONS)),
        float(logs.std(ddof=1) / np.sqrt(POPULATIONS)),
        _effective([_columns(part) for part in parts]),
    )


@dataclass(frozen=True, eq=False)
class _Population:
    """Draws at some power of the likelihood.

    Attributes
    ----------
    drawn : Coordinates
    by_criteria : (n_draws, n_reactors) float array
        Merits without deviations.
    likelihood : (n_draws,) float array
        Its logarithm.
    """

    drawn: Coordinates
    by_criteria: np.ndarray
    likelihood: np.ndarray
    log_evidence: float = 0.0

    @property
    def log_rate(self) -> np.ndarray:
        """Of every reactor in every draw, (n_draws, n_reactors)."""
        return log_rates(np.exp(self.drawn.log_sharpness), self.by_criteria + self.drawn.deviation)

    def resampled(self, chosen: np.ndarray) -> "_Population":
        """Some of the draws, by position."""
        taken = self.drawn.taken(chosen)
        return _Population(taken, self.by_criteria[chosen], self.likelihood[chosen], self.log_evidence)


@dataclass(frozen=True, eq=False)
class _Target:
    """What is sampled: the prior by its parts, and the orders measured."""

    counted: np.ndarray
    shape: np.ndarray
    prior: Prior
    orders: Orders

    def by_criteria(self, drawn: Coordinates) -> np.ndarray:
        """Merits without deviations, (n_draws, n_reactors)."""
        return criteria_merit(drawn.belief(self.counted).weights, self.orders.desirability)

    def population(self, drawn: Coordinates, by_criteria: np.ndarray) -> _Population:
        """Draws with their likelihood."""
        empty = _Population(drawn, by_criteria, np.empty(0))
        return replace(empty, likelihood=self.orders.log_likelihood(empty.log_rate))

    def log_deviation_ratio(self, there: Coordinates, here: Coordinates) -> np.ndarray:
        """Prior density of deviations over that of others, its logarithm, (n_draws,)."""
        squares = ((there.deviation - here.deviation) * (there.deviation + here.deviation)).sum(axis=1)
        return -0.5 * squares / self.prior.deviation_sd**2

    def log_gamma_density(self, drawn: Coordinates) -> np.ndarray:
        """Prior density of the logarithms of gamma variates, up to a constant, (n_draws,)."""
        with np.errstate(over="ignore"):
            return drawn.log_gamma @ self.shape - np.exp(drawn.log_gamma).sum(axis=1)


def _risen(target: _Target, n_draws: int, rng: np.random.Generator) -> _Population:
    """One population, taken from the prior to the posterior."""
    n_reactors = len(target.orders.desirability)
    drawn = draw_coordinates(target.shape, target.prior, n_reactors, n_draws, rng)
    now, power = target.population(drawn, target.by_criteria(drawn)), 0.0
    while power < 1.0:
        rise = _rise(now.likelihood, 1.0 - power)
        logs = rise * now.likelihood
        gained = float(logsumexp(logs) - np.log(n_draws))
        now = now.resampled(_systematic(np.exp(logs - logsumexp(logs)), rng))
        now = replace(now, log_evidence=now.log_evidence + gained)
        power = 1.0 if rise >= 1.0 - power else power + rise
        for _ in range(MOVES):
            for fitted in (False, True):
                now = _weights_moved(target, now, power, fitted, rng)
                now = _sharpness_moved(target, now, power, fitted, rng)
            now = _deviations_moved(target, now, power, rng)
    return now


def _rise(log_likelihood: np.ndarray, left: float) -> float:
    """Rise of the power, at most `left`, that leaves `EFFECTIVE_SHARE` of the draws effective."""
    below_best = log_likelihood - log_likelihood.max()

    def share(rise: float) -> float:
        raised = np.exp(rise * below_best)
        return float(raised.mean() ** 2 / (raised**2).mean())

    if share(left) >= EFFECTIVE_SHARE:
        return left
    low, high = 0.0, left
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if share(middle) >= EFFECTIVE_SHARE else (low, middle)
    return high


def _systematic(probability: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Positions by systematic resampling, (n,) int array: each its expected number of times, rounded."""
    n = len(probability)
    place = (np.arange(n) + rng.random()) / n
    return np.minimum(np.searchsorted(np.cumsum(probability), place), n - 1)


def _weights_moved(
    target: _Target, now: _Population, power: float, at_merit: bool, rng: np.random.Generator
) -> _Population:
    """A random walk of the weights, in steps that have the prior's spread of each.

    Either the deviations stay, or the merits, to which the deviations are then fitted: the likelihood stays.
    """
    here, step = now.drawn, _steps((len(now.likelihood), 1), rng)
    walk = step * np.sqrt(polygamma(1, target.shape)) * rng.standard_normal(here.log_gamma.shape)
    drawn = replace(here, log_gamma=here.log_gamma + walk)
    by_criteria = target.by_criteria(drawn)
    ratio = target.log_gamma_density(drawn) - target.log_gamma_density(here)
    if at_merit:
        drawn = replace(drawn, deviation=here.deviation + now.by_criteria - by_criteria)
        other = replace(now, drawn=drawn, by_criteria=by_criteria)
        ratio += target.log_deviation_ratio(drawn, here)
    else:
        other = target.population(drawn, by_criteria)
        ratio += power * (other.likelihood - now.likelihood)
    return _one_of(now, other, _accepted(ratio, rng))


def _sharpness_moved(
    target: _Target, now: _Population, power: float, at_rates: bool, rng: np.random.Generator
) -> _Population:
    """A step of the sharpness that keeps its normal prior.

    Either the deviations stay, or the rates, to which the deviations are then fitted: merits contract towards
    their mean by the criteria as the sharpness rises, and the likelihood stays.
    """
    here = now.drawn
    moved = _kept_normal(here.log_sharpness, target.prior.sharpness_sd, rng)
    if at_rates:
        shrinks = (here.log_sharpness - moved)[:, None]
        apart = now.by_criteria - now.by_criteria.mean(axis=1, keepdims=True)
        deviation = np.exp(shrinks) * (here.deviation + apart) - apart
        drawn = replace(here, log_sharpness=moved, deviation=deviation)
        other = replace(now, drawn=drawn)
        # the volume that deviations fill shrinks with each of them
        ratio = target.log_deviation_ratio(drawn, here) + deviation.shape[1] * shrinks[:, 0]
    else:
        other = target.population(replace(here, log_sharpness=moved), now.by_criteria)
        ratio = power * (other.likelihood - now.likelihood)
    return _one_of(now, other, _accepted(ratio, rng))


def _deviations_moved(
    target: _Target, now: _Population, power: float, rng: np.random.Generator
) -> _Population:
    """A step of every deviation by itself, given latent times."""
    log_rate = now.log_rate
    highest = log_rate.max(axis=1, keepdims=True)
    rate = np.exp(log_rate - highest)
    failures, exposure = _latent_times(target.orders, rate, power, rng)
    moved = _kept_normal(now.drawn.deviation, target.prior.deviation_sd, rng)
    other = log_rates(np.exp(now.drawn.log_sharpness), now.by_criteria + moved)
    with np.errstate(over="ignore"):
        ratio = failures * (other - log_rate) - exposure * (np.exp(other - highest) - rate)
    deviation = np.where(_accepted(ratio, rng), moved, now.drawn.deviation)
    found = target.population(replace(now.drawn, deviation=deviation), now.by_criteria)
    return replace(found, log_evidence=now.log_evidence)


def _latent_times(
    orders: Orders, rate: np.ndarray, power: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Failures of each reactor, (n,), and the latent time that it was exposed to them, (n_draws, n)."""
    failures, exposure = np.zeros(rate.shape[1]), np.zeros_like(rate)
    for stratum in orders.strata:
        falling, closed = np.argsort(-stratum.gain, kind="stable"), ~stratum.is_open
        at_risk = n_at_risk(stratum.gain)[closed] - 1
        total = np.cumsum(rate[:, stratum.place[falling]], axis=1)[:, at_risk]
        times = rng.gamma(power, size=total.shape) / np.maximum(total, np.finfo(float).tiny)
        # a failure exposes all that did as well or better
        exposed = stratum.gain[:, None] >= stratum.gain[closed]
        exposure[:, stratum.place] += times @ exposed.T
        failures[stratum.place[closed]] += power
    return failures, exposure


def _one_of(now: _Population, other: _Population, taken: np.ndarray) -> _Population:
    """The other draws where they are taken."""
    each, here, there = taken[:, None], now.drawn, other.drawn
    drawn = Coordinates(
        np.where(each, there.log_gamma, here.log_gamma),
        np.where(taken, there.log_sharpness, here.log_sharpness),
        np.where(each, there.deviation, here.deviation),
    )
    return _Population(
        drawn,
        np.where(each, other.by_criteria, now.by_criteria),
        np.where(taken, other.likelihood, now.likelihood),
        now.log_evidence,
    )


def _kept_normal(values: np.ndarray, sd: float, rng: np.random.Generator) -> np.ndarray:
    """Normal values of mean 0, moved so that they keep their distribution."""
    step = _steps(values.shape, rng)
    return np.sqrt(1.0 - step**2) * values + step * sd * rng.standard_normal(values.shape)


def _steps(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    return np.exp(rng.uniform(np.log(SMALLEST_STEP), 0.0, shape))


def _accepted(log_ratio: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return -rng.standard_exponential(log_ratio.shape) < log_ratio


def _columns(belief: Belief) -> np.ndarray:
    """All coordinates of a belief side by side, (n_draws, n)."""
    return np.column_stack([belief.weights, np.log(belief.sharpness), belief.deviation])


def _effective(populations: list[np.ndarray]) -> float:
    """Independent draws that several populations are worth, by the scatter of their means."""
    means = np.array([columns.mean(axis=0) for columns in populations])
    within = np.mean([columns.var(axis=0) for columns in populations], axis=0)
    spread = within > 0.0
    if not spread.any():
        return float(sum(len(columns) for columns in populations))
    of_a_mean = float((means.var(axis=0, ddof=1)[spread] / within[spread]).mean()) / len(populations)
    n_draws = sum(len(columns) for columns in populations)
    return min(float(n_draws), 1.0 / of_a_mean) if of_a_mean > 0.0 else float(n_draws)
