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

from screening.reactors.ranking import desirabilities, weighted_geometric_mean, weights
from screening.reactors.settings import Ranking
from screening.validation.groups import OutcomeGroup
from screening.validation.orders import Orders, Stratum
from screening.validation.posterior import Evidence, sample_posterior
from screening.validation.prior import Prior, WeightSample, draw_prior


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
                "criterion": settings.every.names,
                "weight": given,
                "share_before": given / given.sum(),
                "standard_deviation_before": self.prior.weights.std(axis=0),
                "share_after": given / given.sum() if self.reason else self.posterior.weights.mean(axis=0),
                "standard_deviation_after": self.posterior.weights.std(axis=0),
            }
        )

    def ranking_frame(self, table: pd.DataFrame, settings: Ranking) -> pd.DataFrame:
        """Scores and ranks before and after, for every pair of anode and electrolyte, by rank before.

        ``own_deviation`` is the mean of ε, by which a measured reactor leaves what its criteria say; the
        score after is the score by the updated weights times its exponential.
        """
        pair, mine = ["anode", "electrolyte"], table[table["passes"].astype(bool)]
        names = mine[["formula", *pair]]
        own = dict(zip(self.reactors, self.posterior.deviation.mean(axis=0), strict=True))
        measured = {} if self.reason else own
        deviation = np.array([measured.get(name, 0.0) for name in names.itertuples(index=False, name=None)])
        share = self.weights_frame(settings)["share_after"].to_numpy()
        by_weights = weighted_geometric_mean(valued(mine, settings), share)
        score, before = by_weights * np.exp(deviation), mine["rank"].astype(int)
        by_pair = names.assign(score=score).groupby(pair)["score"]
        after = by_pair.rank(method="min", ascending=False).astype(int)
        found = names.assign(
            rank_before=before,
            rank_after=after,
            places_gained=before - after,
            score_before=mine["score"],
            score_after=score,
            own_deviation=deviation,
        )
        return found.sort_values([*pair, "rank_before"], kind="stable", ignore_index=True)


def valued(table: pd.DataFrame, settings: Ranking) -> np.ndarray:
    """Desirabilities of a ranking's rows, (n, n_criteria) float array."""
    return desirabilities(table[settings.every.names].to_numpy(dtype=float), settings)


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
    rows = table.set_index(["formula", "anode", "electrolyte"]).loc[list(reactors)]
    orders = Orders(
        valued(rows, settings),
        tuple(Stratum(np.array([*map(reactors.index, members(g))]), g.gain, g.is_open) for g in strata),
    )
    after, evidence = sample_posterior(given, assumed, orders)
    return Update(
        prior=before,
        posterior=before if evidence.refusal else after,
        reactors=reactors,
        quantity=chosen,
        groups=strata,
        reason=evidence.refusal,
        evidence=evidence if evidence.is_converged else None,
    )


def members(group: OutcomeGroup) -> tuple[Reactor, ...]:
    """Reactors of a group with the anode and the electrolyte of their cells."""
    return tuple((formula, group.anode, group.electrolyte) for formula in group.reactors)
