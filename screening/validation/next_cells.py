"""What to measure next: the candidates whose measurement would move the ranking most."""

from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import softmax
from scipy.stats import rankdata

from screening.errors import InputError
from screening.reactors.ranking import desirabilities
from screening.reactors.settings import Ranking
from screening.validation.groups import OutcomeGroup
from screening.validation.orders import log_rates, merits, order_log_likelihood
from screening.validation.predictions import Predictions
from screening.validation.prior import DEVIATION_SD, WeightSample
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
    """What a group can get.

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


def read_shelf(path: Path, predictions: Predictions, max_cost_usd_per_kg: float = float("inf")) -> Shopping:
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
    shelf, unknown = set(), []
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
            shelf.add(known)
    return Shopping(max_cost_usd_per_kg, frozenset(shelf), tuple(dict.fromkeys(unknown)))


def next_cells(
    updated: Update,
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
    updated : Update
        The weights so far.
    groups : tuple of OutcomeGroup
    table : DataFrame
        The campaign's ranking.
    settings : Ranking
    shopping : Shopping, optional
    deviation_sd : float
        τ of the prior, for candidates not measured yet.

    Notes
    -----
    The outcome of a new cell is its place among the reactors measured in the same protocol. Each place has a
    probability under the weights so far, and leads to updated weights and an updated ranking; the places
    moved are averaged over both. Lower bounds of the references are taken as values: a new cell would be
    tested as long. Where nothing was measured, the best-ranked candidate is the one reference.
    """
    wanted, limits = updated.quantity or YARDSTICK, shopping or Shopping()
    group = next((g for g in (*updated.groups, *groups) if g.quantity == wanted), None)
    mine = _considered(table, group)
    compared = _compared(mine, group)
    sample = updated.posterior.resampled(THINNED, np.random.default_rng(SEED))
    merit = _merits(updated, sample, mine, settings, deviation_sd)
    places = rankdata(-merit, axis=1)
    rows = [
        (row["formula"], int(row["rank"]), *change, row["cost_usd_per_kg"])
        for k, row in enumerate(mine.to_dict("records"))
        if k not in compared.position and limits.offers(row)
        for change in (_expected_change(sample.sharpness, merit, k, compared, places),)
    ]
    columns = ["formula", "rank", "expected_rank_change", "standard_error", "cost_usd_per_kg"]
    ranked = pd.DataFrame(rows, columns=columns).sort_values(
        "expected_rank_change", ascending=False, kind="stable", ignore_index=True
    )
    references = tuple(mine["formula"].iloc[compared.position])
    protocol = group.protocol if group else "any one protocol"
    return Plan(wanted, protocol, references, ranked, limits.unknown)


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
    updated: Update, sample: WeightSample, mine: pd.DataFrame, settings: Ranking, deviation_sd: float
) -> np.ndarray:
    """Merits of all considered candidates, (n_draws, n): unmeasured ones deviate as the prior says."""
    rng = np.random.default_rng(SEED + 1)
    deviation = rng.normal(0.0, deviation_sd, (len(sample.weights), len(mine)))
    names = list(mine[["formula", "anode", "electrolyte"]].itertuples(index=False, name=None))
    for column, reactor in enumerate(updated.reactors):
        if reactor in names:
            deviation[:, names.index(reactor)] = sample.deviation[:, column]
    return merits(sample, desirabilities(criterion_values(mine), settings), deviation)


def _expected_change(
    sharpness: np.ndarray, merit: np.ndarray, candidate: int, compared: _Compared, places: np.ndarray
) -> tuple[float, float]:
    """Mean places moved, over the outcomes that a cell of one candidate may have, and its sampling error.

    Parameters
    ----------
    sharpness : (n_draws,) float array
    merit, places : (n_draws, n) float arrays
        Merits and ranks of all considered candidates in every draw.
    candidate : int
        Its position among them.
    compared : _Compared
    """
    rate = log_rates(sharpness, merit[:, np.append(compared.position, candidate)])
    closed = np.zeros(rate.shape[1], dtype=bool)
    logs = np.column_stack(
        [order_log_likelihood(rate, np.append(compared.gain, place), closed) for place in compared.places]
    )
    share = softmax(logs, axis=1)
    # the means without each of the blocks in turn (jackknife)
    blocks = np.array_split(np.arange(len(share)), JACKKNIFE)
    sums = [(share[b].sum(axis=0), share[b].T @ places[b], places[b].sum(axis=0)) for b in blocks]
    each = [np.array(part) for part in zip(*sums, strict=True)]
    every = [part.sum(axis=0) for part in each]
    without = np.array(
        [_change(*(all_ - part[k] for all_, part in zip(every, each, strict=True))) for k in range(JACKKNIFE)]
    )
    error = np.sqrt((JACKKNIFE - 1) * without.var())
    return _change(*every), float(error)


def _change(chance: np.ndarray, moved: np.ndarray, before: np.ndarray) -> float:
    """Mean places moved, from sums over draws.

    Parameters
    ----------
    chance : (n_places,) float array
        Probability that the candidate takes each place.
    moved : (n_places, n) float array
        Ranks of all considered candidates, weighted by that.
    before : (n,) float array
        Ranks without the new cell.
    """
    total = chance.sum()
    # a place that no draw is left for moves nothing: its weight is 0
    some = np.maximum(chance, np.finfo(float).tiny)
    return float(chance @ np.abs(moved / some[:, None] - before / total).mean(axis=1) / total)
