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

The posterior is sampled by emcee (`posterior`). Its mean weights, and the mean deviations of the reactors
measured, make the updated ranking. The same draws give the marginal likelihood of the measured order, which
is compared with that at β = 0, chance: all reactors fail at one rate. The ratio of the two says whether the
study's weights predict what was measured better than chance; the update does not depend on it.

References
----------
D. R. Cox, J. R. Stat. Soc. B 34, 187 (1972), doi 10.1111/j.2517-6161.1972.tb00899.x;
R. L. Plackett, Appl. Stat. 24, 193 (1975), doi 10.2307/2346567;
N. E. Breslow, Biometrics 30, 89 (1974), doi 10.2307/2529620 (ties);
S. Talts et al., arXiv:1804.06788 (the calibration test).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from screening.reactors.criteria import CRITERIA
from screening.reactors.ranking import desirabilities, ranks, weighted_geometric_mean, weights
from screening.reactors.settings import Ranking
from screening.validation.groups import OutcomeGroup
from screening.validation.orders import Orders, Stratum
from screening.validation.posterior import FEWEST_TIMES, Evidence, Posterior, sample_posterior
from screening.validation.prior import Prior, WeightSample, draw_prior

FEWEST_EFFECTIVE = 50
"""Independent draws that the posterior must be worth: means are then off by 14 % of a standard deviation."""


def has_order(group: OutcomeGroup) -> bool:
    """Whether at least one reactor is known to have done worse than another.

    False where bounds are among outcomes of which smaller is better: a bound is then no survivor.
    """
    if group.is_open.any() and (group.gain != group.value).any():
        return False
    closed = group.gain[~group.is_open]
    return bool(len(closed) and group.gain.max() > closed.min())


Reactor = tuple[str, str, str]
"""Formula, anode and electrolyte."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Update:
    """Weights and ranks before and after, and what changed them.

    Attributes
    ----------
    prior, posterior : WeightSample
        The same where nothing was updated.
    reactors : tuple of (formula, anode, electrolyte)
        Those measured, in the order of the samples' deviations.
    quantity : str
        Outcome that the weights were updated by, empty where none could serve.
    groups : tuple of OutcomeGroup
        The strata used.
    reason : str
        Why nothing was updated; empty where something was.
    evidence : Evidence or None
        None where no order was measured, or the sampler did not converge.
    """

    prior: WeightSample
    posterior: WeightSample
    reactors: tuple[Reactor, ...] = ()
    quantity: str = ""
    groups: tuple[OutcomeGroup, ...] = ()
    reason: str = ""
    evidence: Evidence | None = None

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
        """Mean deviation of each reactor measured; empty where nothing was updated."""
        if self.reason:
            return {}
        return dict(zip(self.reactors, self.posterior.deviation.mean(axis=0).tolist(), strict=True))

    def ranking_frame(self, table: pd.DataFrame, settings: Ranking) -> pd.DataFrame:
        """Scores and ranks before and after, for every pair of anode and electrolyte, by rank before.

        ``own_deviation`` is the mean of ε, by which a measured reactor leaves what its criteria say; the
        score after is the score by the updated weights times its exponential.
        """
        share = self.weights_frame(settings)["share_after"].to_numpy()
        own, parts = self.deviations(), []
        for _, part in table.groupby(["anode", "electrolyte"], sort=False):
            mine = part[part["passes"].astype(bool)]
            names = mine[["formula", "anode", "electrolyte"]]
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
            ["anode", "electrolyte", "rank_before"], kind="stable", ignore_index=True
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
        Outcome to update by; by default that with most reactors in one group. Outcomes are not pooled: those
        of one cell are not independent.
    prior : Prior, optional
    """
    assumed, given = prior or Prior(), weights(settings)
    usable = [group for group in groups if has_order(group) and quantity in ("", group.quantity)]
    if not usable:
        wanted = f" of {quantity}" if quantity else ""
        reason = f"no measured order{wanted}: in no protocol is one reactor known to do worse than another"
        before = draw_prior(given, assumed, 0)
        return Update(prior=before, posterior=before, quantity=quantity, reason=reason)
    chosen = usable[0].quantity
    strata = tuple(group for group in usable if group.quantity == chosen)
    reactors = tuple(dict.fromkeys(reactor for group in strata for reactor in members(group)))
    before = draw_prior(given, assumed, len(reactors))
    after = sample_posterior(given, assumed, measured_orders(strata, reactors, table, settings))
    reason = _refusal(after, assumed)
    return Update(
        prior=before,
        posterior=before if reason else after.sample,
        reactors=reactors,
        quantity=chosen,
        groups=strata,
        reason=reason,
        evidence=after.evidence if after.is_converged else None,
    )


def _refusal(after: Posterior, prior: Prior) -> str:
    """Why a posterior cannot be used; empty where it can."""
    if not after.is_converged:
        return (
            f"the sampler did not converge: its chains are {after.autocorrelation_times:.0f} autocorrelation "
            f"times long, and {FEWEST_TIMES:.0f} are needed"
        )
    effective = after.evidence.effective
    if effective < FEWEST_EFFECTIVE:
        return (
            f"the posterior is worth {effective:.0f} independent draws of {prior.draws}, and "
            f"{FEWEST_EFFECTIVE} are needed: raise the prior's draws"
        )
    return ""


def measured_orders(
    groups: Sequence[OutcomeGroup], reactors: tuple[Reactor, ...], table: pd.DataFrame, settings: Ranking
) -> Orders:
    """The orders of several groups, for reactors in the order of the samples' deviations."""
    valued, strata = np.full((len(reactors), len(CRITERIA)), np.nan), []
    for group in groups:
        place = np.array([reactors.index(reactor) for reactor in members(group)])
        mine = table[(table["anode"] == group.anode) & (table["electrolyte"] == group.electrolyte)]
        rows = mine.set_index("formula").loc[list(group.reactors)]
        valued[place] = desirabilities(criterion_values(rows), settings)
        strata.append(Stratum(place, group.gain, group.is_open))
    return Orders(valued, tuple(strata))


def members(group: OutcomeGroup) -> tuple[Reactor, ...]:
    """Reactors of a group with the anode and the electrolyte of their cells."""
    return tuple((formula, group.anode, group.electrolyte) for formula in group.reactors)
