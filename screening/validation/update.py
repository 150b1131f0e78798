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

The posterior is drawn by sequential Monte Carlo (`tempering`). Its mean weights, and the mean deviations of
the reactors measured, make the updated ranking. The same draws give the marginal likelihood of the measured
order, which is compared with that at β = 0, chance: all reactors fail at one rate. The ratio of the two says
whether the study's weights have any hold on what was measured; the update does not depend on it.

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
from screening.validation.belief import Belief, Prior, draw_prior
from screening.validation.groups import OutcomeGroup
from screening.validation.orders import Orders, Stratum
from screening.validation.tempering import sample_posterior

FEWEST_EFFECTIVE = 50
"""Independent draws that the posterior must be worth: means are then off by 14 % of a standard deviation."""


def tells_order(group: OutcomeGroup) -> bool:
    """Whether at least one reactor is known to have done worse than another.

    Bounds tell nothing of outcomes where smaller is better: a bound is then no survivor.
    """
    if group.is_open.any() and (group.gain != group.value).any():
        return False
    closed = ~group.is_open
    return any((group.gain > gain).any() for gain in group.gain[closed])


Reactor = tuple[str, str, str]
"""Formula, anode and electrolyte."""


@dataclass(frozen=True)
class Evidence:
    """How likely a measured order is, and how well that is known.

    Attributes
    ----------
    log_marginal, log_marginal_sd : float
        Logarithm of its likelihood under the prior, and the sampling error.
    log_chance : float
        The same where all reactors fail at one rate: −ln n! of a strict order of n.
    effective : float
        Independent draws that the posterior is worth.
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
        if self.ratio >= 1.0:
            return f"likelier under the study's weights than by chance: {_times(self.ratio)} times"
        return f"unlikely under the study's weights: {_times(1.0 / self.ratio)} times less than by chance"


def _times(ratio: float) -> str:
    return f"{ratio:.2g}" if ratio < 10.0 else f"{ratio:,.0f}"


@dataclass(frozen=True, eq=False)
class Update:
    """Weights and ranks before and after, and what changed them.

    Attributes
    ----------
    prior, posterior : Belief
        The same where nothing was learnt.
    reactors : tuple of (formula, anode, electrolyte)
        Those measured, in the order of the beliefs' deviations.
    quantity : str
        Outcome that the weights were updated by, empty where none could serve.
    groups : tuple of OutcomeGroup
        The strata used.
    reason : str
        Why nothing was learnt; empty where something was.
    evidence : Evidence or None
        None where no order was measured.
    """

    prior: Belief
    posterior: Belief
    reactors: tuple[Reactor, ...]
    quantity: str
    groups: tuple[OutcomeGroup, ...]
    reason: str
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
        """Mean deviation of each reactor measured; empty where nothing was learnt."""
        if self.reason:
            return {}
        mean = self.posterior.probability @ self.posterior.deviation
        return dict(zip(self.reactors, mean.tolist(), strict=True))

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
    before = draw_prior(given, assumed, len(reactors))
    orders = measured_orders(strata, reactors, table, settings)
    found = sample_posterior(given, assumed, orders)
    evidence = Evidence(found.log_evidence, found.log_evidence_sd, orders.log_chance, found.effective)
    if found.effective < FEWEST_EFFECTIVE:
        reason = (
            f"the posterior is worth {found.effective:.0f} independent draws of {assumed.draws}, and "
            f"{FEWEST_EFFECTIVE} are needed: raise the prior's draws"
        )
        return Update(before, before, reactors, chosen, strata, reason, evidence)
    return Update(before, found.belief, reactors, chosen, strata, "", evidence)


def measured_orders(
    groups: Sequence[OutcomeGroup], reactors: tuple[Reactor, ...], table: pd.DataFrame, settings: Ranking
) -> Orders:
    """The orders of several groups, for reactors as the beliefs' deviations have them."""
    valued, strata = np.full((len(reactors), len(CRITERIA)), np.nan), []
    for group in groups:
        place = np.array([reactors.index(reactor) for reactor in members(group)])
        valued[place] = group_desirabilities(group, table, settings)
        strata.append(Stratum(place, group.gain, group.is_open))
    return Orders(valued, tuple(strata))


def members(group: OutcomeGroup) -> tuple[Reactor, ...]:
    """Reactors of a group with the anode and the electrolyte that they met."""
    return tuple((formula, group.anode, group.electrolyte) for formula in group.reactors)


def group_desirabilities(group: OutcomeGroup, table: pd.DataFrame, settings: Ranking) -> np.ndarray:
    """Desirabilities of the reactors of a group, (n, n_criteria) float array."""
    mine = table[(table["anode"] == group.anode) & (table["electrolyte"] == group.electrolyte)]
    return desirabilities(criterion_values(mine.set_index("formula").loc[list(group.reactors)]), settings)
