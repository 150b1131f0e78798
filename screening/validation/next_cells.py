"""What to measure next: the candidates whose measurement would move the ranking most."""

from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import softmax
from scipy.stats import rankdata

from screening.campaign.directory import ResultsDirectory
from screening.errors import InputError
from screening.files import no_pipe
from screening.reactors.settings import Ranking
from screening.validation.groups import OutcomeGroup
from screening.validation.orders import Stratum, log_rates, merits
from screening.validation.prior import DEVIATION_SD
from screening.validation.update import Update, valued

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


def read_shelf(
    path: Path, predictions: ResultsDirectory, max_cost_usd_per_kg: float = float("inf")
) -> Shopping:
    """Formulas that a group has, one a line (text after # is passed over).

    Raises
    ------
    InputError
        If the file cannot be read or a line is no formula.
    """
    try:
        lines = no_pipe(path).read_text("utf-8-sig").splitlines()
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
    pair = [group.anode, group.electrolyte] if group else table[["anode", "electrolyte"]].iloc[0].tolist()
    mine = table[(table["anode"] == pair[0]) & (table["electrolyte"] == pair[1])]
    mine = mine[mine["passes"].astype(bool)].sort_values("rank", kind="stable")
    known = dict.fromkeys(mine["formula"].iloc[:1], 0.0)
    if group:
        known = dict(zip(group.reactors, group.gain.tolist(), strict=True))
    mine = mine[mine["formula"].isin(known) | (np.arange(len(mine)) < CONSIDERED)].reset_index(drop=True)
    place = pd.Series(mine.index, mine["formula"])
    compared = [formula for formula in known if formula in place.index]
    position, gain = place[compared].to_numpy(dtype=int), np.array([known[formula] for formula in compared])

    sample = updated.posterior.resampled(THINNED, np.random.default_rng(SEED))
    deviation = np.random.default_rng(SEED + 1).normal(0.0, deviation_sd, (THINNED, len(mine)))
    for column, (formula, *own) in enumerate(updated.reactors):
        if own == pair and formula in place.index:
            deviation[:, place[formula]] = sample.deviation[:, column]
    merit = merits(replace(sample, deviation=deviation), valued(mine, settings))
    rate, ranks = log_rates(sample.sharpness, merit), rankdata(-merit, axis=1)
    rows = [
        (row["formula"], int(row["rank"]), *_expected_change(shares, ranks), row["cost_usd_per_kg"])
        for k, row in enumerate(mine.to_dict("records"))
        if k not in position and limits.offers(row)
        for shares in (_probabilities(rate, np.append(position, k), gain),)
    ]
    columns = ["formula", "rank", "expected_rank_change", "standard_error", "cost_usd_per_kg"]
    ranked = pd.DataFrame(rows, columns=columns).sort_values(columns[2], ascending=False, kind="stable")
    protocol = group.protocol if group else "any one protocol"
    return Plan(wanted, protocol, tuple(compared), ranked.reset_index(drop=True), limits.unknown)


def _probabilities(log_rate: np.ndarray, place: np.ndarray, gain: np.ndarray) -> np.ndarray:
    """Probability of each place that a new cell may take, worst first, (n_draws, n_places) float array.

    Parameters
    ----------
    log_rate : (n_draws, n) float array
    place : (n_references + 1,) int array
        Positions of the references and, last, of the new cell.
    gain : (n_references,) float array
        Outcomes of the references.
    """
    distinct = np.unique(gain)
    ends = np.concatenate([distinct[:1] - 1.0, distinct, distinct[-1:] + 1.0]) if len(gain) else np.zeros(2)
    between = 0.5 * (ends[1:] + ends[:-1])
    closed = np.zeros(len(place), dtype=bool)
    orders = [Stratum(place, np.append(gain, new), closed) for new in between]
    return softmax(np.column_stack([order.log_likelihood(log_rate) for order in orders]), axis=1)


def _expected_change(share: np.ndarray, ranks: np.ndarray) -> tuple[float, float]:
    """Mean places moved, over the places that a new cell may take, and its sampling error.

    Parameters
    ----------
    share : (n_draws, n_places) float array
        Probability of each place.
    ranks : (n_draws, n) float array
        Of all considered candidates.
    """
    # sums over each block of draws: of probabilities, of ranks weighted by them, of ranks
    blocks = np.array_split(np.arange(len(share)), JACKKNIFE)
    chance = np.array([share[b].sum(axis=0) for b in blocks])
    moved = np.array([share[b].T @ ranks[b] for b in blocks])
    before = np.array([ranks[b].sum(axis=0) for b in blocks])
    # all blocks, and all but one in turn
    kept = np.vstack([np.ones(JACKKNIFE), 1.0 - np.eye(JACKKNIFE)])
    chance, moved, before = (np.tensordot(kept, part, axes=1) for part in (chance, moved, before))
    total = chance.sum(axis=1)
    # a place that no draw is left for moves nothing: its weight is 0
    some = np.maximum(chance, np.finfo(float).tiny)
    apart = np.abs(moved / some[..., None] - (before / total[:, None])[:, None]).mean(axis=2)
    change = (chance * apart).sum(axis=1) / total
    return float(change[0]), float(np.sqrt((JACKKNIFE - 1) * change[1:].var()))
