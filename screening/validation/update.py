"""Measured outcomes change weights and scores of the ranking, by Bayes' rule and in the open.

Model. The merit of a reactor is the logarithm of its score, the weighted geometric mean of its
desirabilities d_k as in the study, with weights that are uncertain, and a deviation of its own that the
criteria do not know:

    m_i = Σ_k w_k ln d_ik + ε_i,   w ~ Dirichlet(κ w⁰),   ε_i ~ N(0, τ²),   ln β ~ N(0, σ²)

with w⁰ the study's weights as shares. Cells fail one after another, at rates λ_i ∝ exp(−β m_i). The order in
which they fail then has the likelihood of Cox's regression: for each failure, the rate of the cell that
failed over the sum of the rates of all that had not. A cell that had not failed when its test ended ("at
least") stays in those sums and adds no factor of its own. The same likelihood of an order (Plackett and Luce,
worst first) serves outcomes that are no times. Groups of cells of different protocol are strata: orders are
never read across them.

The posterior is taken by importance sampling from the prior: the draws stay, their weights are the
likelihoods. Its mean weights, and the mean deviations of the reactors measured, make the updated ranking.

References
----------
D. R. Cox, J. R. Stat. Soc. B 34, 187 (1972), doi 10.1111/j.2517-6161.1972.tb00899.x;
R. L. Plackett, Appl. Stat. 24, 193 (1975), doi 10.2307/2346567;
N. E. Breslow, Biometrics 30, 89 (1974), doi 10.2307/2529620 (ties);
S. Talts et al., arXiv:1804.06788 (the calibration test).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from screening.reactors.criteria import CRITERIA
from screening.reactors.ranking import desirabilities, ranks, weighted_geometric_mean, weights
from screening.reactors.settings import Ranking
from screening.validation.groups import OutcomeGroup

CONCENTRATION = 30.0
"""κ: a criterion with a fifth of the weight is then known to ± 36 %, one with a twentieth to ± 78 %: somewhat
less than the halving and doubling that the study's own sensitivity table tries."""

SHARPNESS_SD = 1.0
"""σ: β lies between 0.14 and 7 at 95 %; at 1 a reactor of half the score fails twice as fast."""

DEVIATION_SD = 0.25
"""τ: reactors of equal criteria differ by a quarter in score. An assumption, to be replaced once a group has
measured enough replicates of enough reactors to estimate it."""

DRAWS = 20_000
FEWEST_EFFECTIVE = 200
"""Effective draws below which the measured order lies where the prior has hardly any draws: no update."""


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

    @property
    def effective(self) -> float:
        """Effective number of draws, 1/Σp²."""
        return float(1.0 / (self.probability**2).sum())

    def given(self, log_likelihood: np.ndarray) -> "Belief":
        """The belief after an observation, whose likelihood is given for every draw."""
        with np.errstate(divide="ignore"):
            logs = np.log(self.probability) + log_likelihood
        raised = np.exp(logs - logs.max())
        return replace(self, probability=raised / raised.sum())

    def resampled(self, n_draws: int, rng: np.random.Generator) -> "Belief":
        """Equally probable draws of this belief."""
        chosen = rng.choice(len(self.probability), size=n_draws, p=self.probability)
        drawn = (self.weights[chosen], self.sharpness[chosen], self.deviation[chosen])
        return Belief(*drawn, np.full(n_draws, 1.0 / n_draws))


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
    drawn = np.zeros((prior.draws, len(given)))
    drawn[:, counted] = rng.dirichlet(prior.concentration * given[counted] / given.sum(), size=prior.draws)
    sharpness = np.exp(rng.normal(0.0, prior.sharpness_sd, prior.draws))
    deviation = rng.normal(0.0, prior.deviation_sd, (prior.draws, n_reactors))
    return Belief(drawn, sharpness, deviation, np.full(prior.draws, 1.0 / prior.draws))


def merits(belief: Belief, desirability: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Merit m of n reactors in every draw, (n_draws, n) float array.

    Parameters
    ----------
    belief : Belief
    desirability : (n, n_criteria) float array
        In (0, 1]; NaN where unknown, which leaves it out of the mean.
    deviation : (n_draws, n) float array
        ε of the same reactors.
    """
    known = ~np.isnan(desirability)
    logs = np.log(np.where(known, desirability, 1.0))
    return (belief.weights @ logs.T) / (belief.weights @ known.T) + deviation


def order_log_likelihood(log_rate: np.ndarray, gain: np.ndarray, is_open: np.ndarray) -> np.ndarray:
    """Log-likelihood of a measured order, worst first, in every draw, (n_draws,) float array.

    Parameters
    ----------
    log_rate : (n_draws, n) float array
        −β m, up to a constant of each draw.
    gain : (n,) float array
        Measured outcome, larger is better; equal values are ties (Breslow).
    is_open : (n,) bool array
        Lower bounds.
    """
    total = np.zeros(len(log_rate))
    for i in np.flatnonzero(~is_open):
        at_risk = log_rate[:, gain >= gain[i]]
        highest = at_risk.max(axis=1)
        total += log_rate[:, i] - highest - np.log(np.exp(at_risk - highest[:, None]).sum(axis=1))
    return total


def tells_order(group: OutcomeGroup) -> bool:
    """Whether at least one reactor is known to have done worse than another.

    Bounds tell nothing of outcomes where smaller is better: a bound is then no survivor.
    """
    if group.is_open.any() and (group.gain != group.value).any():
        return False
    closed = ~group.is_open
    return any((group.gain > gain).any() for gain in group.gain[closed])


Reactor = tuple[str, str, str]
"""Formula, anode and sulfide."""


@dataclass(frozen=True, eq=False)
class Update:
    """Weights and ranks before and after, and what changed them.

    Attributes
    ----------
    prior, posterior : Belief
        The same where nothing was learnt.
    reactors : tuple of (formula, anode, sulfide)
        Those measured, in the order of the beliefs' deviations.
    quantity : str
        Outcome that the weights were updated by, empty where none could serve.
    groups : tuple of OutcomeGroup
        The strata used.
    reason : str
        Why nothing was learnt; empty where something was.
    """

    prior: Belief
    posterior: Belief
    reactors: tuple[Reactor, ...]
    quantity: str
    groups: tuple[OutcomeGroup, ...]
    reason: str

    def weights_frame(self, settings: Ranking) -> pd.DataFrame:
        """Weights as shares, before and after: one row per criterion."""
        given = weights(settings)
        return pd.DataFrame(
            {
                "criterion": [criterion.name for criterion in CRITERIA],
                "weight": given,
                "share_before": given / given.sum(),
                "standard_deviation_before": self.prior.standard_deviation,
                "share_after": given / given.sum() if self.reason else self.posterior.mean,
                "standard_deviation_after": self.posterior.standard_deviation,
            }
        )

    def deviations(self) -> dict[Reactor, float]:
        """Mean deviation of each reactor measured; empty where nothing was learnt."""
        if self.reason:
            return {}
        mean = self.posterior.probability @ self.posterior.deviation
        return dict(zip(self.reactors, mean.tolist(), strict=True))

    def ranking_frame(self, table: pd.DataFrame, settings: Ranking) -> pd.DataFrame:
        """Scores and ranks before and after, for every pair of anode and sulfide, by rank before.

        ``own_deviation`` is the mean of ε, by which a measured reactor leaves what its criteria say; the
        score after is the score by the updated weights times its exponential.
        """
        share = self.weights_frame(settings)["share_after"].to_numpy()
        own, parts = self.deviations(), []
        for _, part in table.groupby(["anode", "sulfide"], sort=False):
            mine = part[part["passes"].astype(bool)]
            names = mine[["formula", "anode", "sulfide"]]
            deviation = np.array([own.get((f, a, s), 0.0) for f, a, s in names.itertuples(index=False)])
            by_weights = weighted_geometric_mean(desirabilities(criterion_values(mine), settings), share)
            score = by_weights * np.exp(deviation)
            after, before = ranks(score, np.ones(len(mine), dtype=bool)), mine["rank"].astype(int)
            parts.append(
                names.assign(
                    rank_before=before,
                    rank_after=after,
                    places_gained=before - after,
                    score_before=mine["score"],
                    score_after=score,
                    own_deviation=deviation,
                )
            )
        return pd.concat(parts, ignore_index=True).sort_values(
            ["anode", "sulfide", "rank_before"], kind="stable", ignore_index=True
        )


def criterion_values(table: pd.DataFrame) -> np.ndarray:
    """Criteria of a ranking's rows, (n, n_criteria) float array."""
    return table[[criterion.name for criterion in CRITERIA]].to_numpy(dtype=float)


def update(
    groups: Sequence[OutcomeGroup],
    table: pd.DataFrame,
    settings: Ranking,
    *,
    quantity: str = "",
    prior: Prior | None = None,
) -> Update:
    """Update weights and measured reactors by the orders that were measured.

    Parameters
    ----------
    groups : sequence of OutcomeGroup
    table : DataFrame
        The campaign's ranking.
    settings : Ranking
    quantity : str
        Outcome to learn from; by default that with most reactors in one group. Outcomes are not pooled: those
        of one cell are not independent.
    prior : Prior, optional

    Returns
    -------
    Update
    """
    assumed, given = prior or Prior(), weights(settings)
    usable = [group for group in groups if tells_order(group) and quantity in ("", group.quantity)]
    if not usable:
        wanted = f" of {quantity}" if quantity else ""
        reason = f"no measured order{wanted}: in no protocol is one reactor known to do worse than another"
        before = draw_prior(given, assumed, 0)
        return Update(before, before, (), quantity, (), reason)
    chosen = usable[0].quantity
    strata = tuple(group for group in usable if group.quantity == chosen)
    reactors = tuple(dict.fromkeys(reactor for group in strata for reactor in members(group)))
    before = after = draw_prior(given, assumed, len(reactors))
    for group in strata:
        place = [reactors.index(reactor) for reactor in members(group)]
        valued = group_desirabilities(group, table, settings)
        rate = -before.sharpness[:, None] * merits(before, valued, before.deviation[:, place])
        after = after.given(order_log_likelihood(rate, group.gain, group.is_open))
    if after.effective < FEWEST_EFFECTIVE:
        reason = (
            f"the order of {chosen} is nearly impossible under the study's weights "
            f"({after.effective:.0f} effective draws of at least {FEWEST_EFFECTIVE}): not updated"
        )
        return Update(before, before, reactors, chosen, strata, reason)
    return Update(before, after, reactors, chosen, strata, "")


def members(group: OutcomeGroup) -> tuple[Reactor, ...]:
    """Reactors of a group with the anode and the sulfide that they met."""
    return tuple((formula, group.anode, group.sulfide) for formula in group.reactors)


def group_desirabilities(group: OutcomeGroup, table: pd.DataFrame, settings: Ranking) -> np.ndarray:
    """Desirabilities of the reactors of a group, (n, n_criteria) float array."""
    mine = table[(table["anode"] == group.anode) & (table["sulfide"] == group.sulfide)]
    return desirabilities(criterion_values(mine.set_index("formula").loc[list(group.reactors)]), settings)
