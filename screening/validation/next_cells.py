"""What to measure next: the candidates whose measurement would move the ranking most."""

from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from screening.errors import InputError
from screening.reactors.ranking import desirabilities
from screening.reactors.settings import Ranking
from screening.validation.belief import DEVIATION_SD, Belief
from screening.validation.groups import OutcomeGroup
from screening.validation.orders import log_rates, merits, order_log_likelihood
from screening.validation.predictions import Predictions
from screening.validation.update import Update, criterion_values

CONSIDERED = 200
"""Best-ranked candidates that are asked about, and whose places are counted."""

THINNED = 2000
"""Draws that the question is answered with."""

JACKKNIFE = 20
"""Groups of draws that are left out in turn for the sampling error."""

SEED = 20230815

YARDSTICK = "life_h"
"""Outcome that is planned for where none was measured yet."""


@dataclass(frozen=True)
class Shopping:
    """What a group can get hold of.

    Attributes
    ----------
    max_cost_usd_per_kg : float
        Upper bound of the elements' cost.
    shelf : collection of str or None
        Formulas as the campaign writes them; None leaves everything in.
    unknown : tuple of str
        What is on the shelf beside that, and no candidate of the campaign.
    """

    max_cost_usd_per_kg: float = float("inf")
    shelf: Collection[str] | None = None
    unknown: tuple[str, ...] = ()

    def offers(self, row: Mapping[Hashable, Any]) -> bool:
        """Whether a row of the ranking can be had; an unknown cost is no obstacle."""
        return not row["cost_usd_per_kg"] > self.max_cost_usd_per_kg and (
            self.shelf is None or row["formula"] in self.shelf
        )


@dataclass(frozen=True, eq=False)
class Plan:
    """What to measure next.

    Attributes
    ----------
    quantity, protocol : str
        The outcome that would be measured, and in which cells.
    references : tuple of str
        Reactors that the new cell would be compared with.
    unknown : tuple of str
        What is on the shelf and no candidate of the campaign.
    table : DataFrame
        Candidates by falling ``expected_rank_change``: the places by which the expected rank (over the
        uncertainty of the weights) of a considered candidate moves, on average, once this one is measured.
        ``standard_error`` is the sampling error of that number.
    """

    quantity: str
    protocol: str
    references: tuple[str, ...]
    table: pd.DataFrame
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shelf:
    """What a group has.

    Attributes
    ----------
    held : frozenset of str
        As the campaign writes them.
    unknown : tuple of str
        As the file writes them: no candidates of the campaign.
    """

    held: frozenset[str]
    unknown: tuple[str, ...]


def read_shelf(path: Path, predictions: Predictions) -> Shelf:
    """Formulas that a group has, one a line (text after # is passed over).

    Raises
    ------
    InputError
        If the file cannot be read or a line is no formula.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise InputError(f"cannot read ({reason})", where=str(path), remedy="name an existing file") from None
    found, unknown = set(), []
    for number, line in enumerate(lines, start=1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        try:
            known = predictions.as_written(text)
        except InputError as error:
            raise InputError(error.message, where=f"{path}, line {number}", remedy=error.remedy) from None
        if known is None:
            unknown.append(text)
        else:
            found.add(known)
    return Shelf(frozenset(found), tuple(dict.fromkeys(unknown)))


def next_cells(
    learnt: Update,
    groups: tuple[OutcomeGroup, ...],
    table: pd.DataFrame,
    settings: Ranking,
    shopping: Shopping | None = None,
    *,
    deviation_sd: float = DEVIATION_SD,
) -> Plan:
    """Expected change of the ranking by one more cell of each candidate.

    Parameters
    ----------
    learnt : Update
        The belief about the weights so far.
    groups : tuple of OutcomeGroup
    table : DataFrame
        The campaign's ranking.
    settings : Ranking
    shopping : Shopping, optional
    deviation_sd : float
        τ of the prior, for candidates not measured yet.

    Returns
    -------
    Plan

    Notes
    -----
    The outcome of a new cell is its place among the reactors measured in the same protocol. Each place has a
    probability under the belief so far, and leads to an updated belief and ranking; the places moved are
    averaged over both. Lower bounds of the references are taken as values: a new cell would be tested as
    long. Where nothing was measured, the best-ranked other candidate stands in as the one reference.
    """
    wanted, limits = learnt.quantity or YARDSTICK, shopping or Shopping()
    group = next((g for g in (*learnt.groups, *groups) if g.quantity == wanted), None)
    mine = _considered(table, group)
    compared = _compared(mine, group)
    belief = learnt.posterior.resampled(THINNED, np.random.default_rng(SEED))
    merit = _merits(learnt, belief, mine, desirabilities(criterion_values(mine), settings), deviation_sd)
    places = rankdata(-merit, axis=1)
    rows = [
        (row["formula"], int(row["rank"]), *change, row["cost_usd_per_kg"])
        for k, row in enumerate(mine.to_dict("records"))
        if k not in compared.position and limits.offers(row)
        for change in (_expected_change(belief, merit, k, compared, places),)
    ]
    columns = ["formula", "rank", "expected_rank_change", "standard_error", "cost_usd_per_kg"]
    found = pd.DataFrame(rows, columns=columns).sort_values(
        "expected_rank_change", ascending=False, kind="stable", ignore_index=True
    )
    references = tuple(mine["formula"].iloc[compared.position])
    protocol = group.protocol if group else "any one protocol"
    return Plan(wanted, protocol, references, found, limits.unknown)


@dataclass(frozen=True, eq=False)
class _Compared:
    """Positions and outcomes of the reactors that a new cell is compared with."""

    position: np.ndarray
    gain: np.ndarray

    @property
    def places(self) -> np.ndarray:
        """Outcomes that stand for each place a new cell may take, worst first."""
        distinct = np.unique(self.gain)
        if not len(distinct):
            return np.zeros(1)
        between = 0.5 * (distinct[1:] + distinct[:-1])
        return np.concatenate([[distinct[0] - 1.0], between, [distinct[-1] + 1.0]])


def _considered(table: pd.DataFrame, group: OutcomeGroup | None) -> pd.DataFrame:
    """Best-ranked candidates of the anode and electrolyte of a group, and the group's own reactors."""
    pair = (
        (group.anode, group.electrolyte) if group else (table["anode"].iloc[0], table["electrolyte"].iloc[0])
    )
    mine = table[
        (table["anode"] == pair[0]) & (table["electrolyte"] == pair[1]) & table["passes"].astype(bool)
    ]
    mine = mine.sort_values("rank", kind="stable")
    own = mine["formula"].isin(group.reactors if group else ())
    return mine[own | (np.arange(len(mine)) < CONSIDERED)].reset_index(drop=True)


def _compared(mine: pd.DataFrame, group: OutcomeGroup | None) -> _Compared:
    if group is None:
        first = min(1, len(mine))
        return _Compared(np.arange(first), np.zeros(first))
    position = {formula: k for k, formula in enumerate(mine["formula"])}
    ranked = [k for k, formula in enumerate(group.reactors) if formula in position]
    return _Compared(np.array([position[group.reactors[k]] for k in ranked], dtype=int), group.gain[ranked])


def _merits(
    learnt: Update, belief: Belief, mine: pd.DataFrame, valued: np.ndarray, deviation_sd: float
) -> np.ndarray:
    """Merits of all considered candidates, (n_draws, n): unmeasured ones deviate as the prior says."""
    rng = np.random.default_rng(SEED + 1)
    deviation = rng.normal(0.0, deviation_sd, (len(belief.probability), len(mine)))
    names = list(mine[["formula", "anode", "electrolyte"]].itertuples(index=False, name=None))
    for column, reactor in enumerate(learnt.reactors):
        if reactor in names:
            deviation[:, names.index(reactor)] = belief.deviation[:, column]
    return merits(belief, valued, deviation)


def _expected_change(
    belief: Belief, merit: np.ndarray, candidate: int, compared: _Compared, places: np.ndarray
) -> tuple[float, float]:
    """Mean places moved, over the outcomes that a cell of one candidate may have, and its sampling error.

    Parameters
    ----------
    belief : Belief
    merit, places : (n_draws, n) float arrays
        Merits and ranks of all considered candidates in every draw.
    candidate : int
        Its position among them.
    compared : _Compared
    """
    rate = log_rates(belief.sharpness, merit[:, np.append(compared.position, candidate)])
    closed = np.zeros(rate.shape[1], dtype=bool)
    logs = np.column_stack(
        [order_log_likelihood(rate, np.append(compared.gain, place), closed) for place in compared.places]
    )
    share = np.exp(logs - logs.max(axis=1, keepdims=True))
    share /= share.sum(axis=1, keepdims=True)
    groups = np.array_split(np.arange(len(share)), JACKKNIFE)
    sums = [_Sums.of(belief.probability[part], share[part], places[part]) for part in groups]
    every = _Sums.of(belief.probability, share, places)
    without = np.array([every.less(part).change for part in sums])
    error = np.sqrt((JACKKNIFE - 1) / JACKKNIFE * ((without - without.mean()) ** 2).sum())
    return every.change, float(error)


@dataclass(frozen=True, eq=False)
class _Sums:
    """Sums over draws, from which the change follows.

    Attributes
    ----------
    chance : (n_places,) float array
        Probability that the candidate takes each place.
    moved : (n_places, n) float array
        Ranks of all considered candidates, weighted by that.
    before : (n,) float array
        Ranks without the new cell.
    """

    chance: np.ndarray
    moved: np.ndarray
    before: np.ndarray

    @classmethod
    def of(cls, probability: np.ndarray, share: np.ndarray, places: np.ndarray) -> "_Sums":
        """Of some draws: their probability, the share of each place of the candidate, and the ranks."""
        return cls(probability @ share, (probability[:, None] * share).T @ places, probability @ places)

    def less(self, part: "_Sums") -> "_Sums":
        """Without some of the draws."""
        return _Sums(self.chance - part.chance, self.moved - part.moved, self.before - part.before)

    @property
    def change(self) -> float:
        """Mean places moved."""
        total = self.chance.sum()
        # a place that no draw is left for moves nothing: its weight is 0
        chance = np.maximum(self.chance, np.finfo(float).tiny)
        moved = np.abs(self.moved / chance[:, None] - self.before / total).mean(axis=1)
        return float(self.chance @ moved / total)
