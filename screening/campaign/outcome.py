"""From parts to a ranking: scores, ranks and their probabilities over all candidates of a campaign."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import csr_array, vstack

from screening.campaign.run import Campaign
from screening.reactors.criteria import CRITERIA
from screening.reactors.forms import UNCERTAIN_CRITERIA
from screening.reactors.rank_probability import (
    RankProbabilities,
    WeightSensitivity,
    rank_probability,
    weight_sensitivity,
)
from screening.reactors.ranking import Ranked, desirability, rank, weights
from screening.reactors.settings import Ranking
from screening.reactors.uncertainty import PhaseErrors

RANKED_COLUMNS = ("rank", "score", "pareto", "top_1", "top_1_percent", "top_5_percent")
"""Columns that the ranking adds to those of the parts."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """Candidates against one anode and one sulfide, ranked; rows in the order of the selection.

    Attributes
    ----------
    anode, sulfide : str
    table : DataFrame
        Scalar columns of the parts with `RANKED_COLUMNS`; failures are not among the rows.
    ranked : Ranked
    probabilities : RankProbabilities or None
        None where the study draws nothing.
    sensitivity : WeightSensitivity
    standard_deviation, expected_error : (n, 4) float arrays
        Of `UNCERTAIN_CRITERIA`: spread of the true value, and true minus calculated.
    """

    anode: str
    sulfide: str
    table: pd.DataFrame
    ranked: Ranked
    probabilities: RankProbabilities | None
    sensitivity: WeightSensitivity
    standard_deviation: np.ndarray
    expected_error: np.ndarray

    @property
    def order(self) -> np.ndarray:
        """Positions by rank, then those without a rank as the study names them, (n,) int array."""
        rank_or_last = np.where(self.ranked.rank > 0, self.ranked.rank, np.iinfo(np.int64).max)
        return np.argsort(rank_or_last, kind="stable")


def conclude(campaign: Campaign) -> tuple[Outcome, ...]:
    """Rank the candidates of a finished campaign, separately for each pair of anode and sulfide."""
    scalars = campaign.store.read()
    grid = campaign.study.conditions.grid()
    return tuple(_conclude(campaign, scalars, c.anode, c.sulfide) for c in grid)


def _conclude(campaign: Campaign, scalars: pa.Table, anode: str, sulfide: str) -> Outcome:
    settings, uncertainty = campaign.study.ranking, campaign.study.uncertainty
    mine = pc.and_(pc.equal(scalars["anode"], anode), pc.equal(scalars["sulfide"], sulfide)).fill_null(False)
    chosen = scalars.filter(mine)
    table = chosen.drop_columns(["failure_stage", "failure_reason"]).to_pandas()
    values = table[[criterion.name for criterion in CRITERIA]].to_numpy(dtype=float)
    passes = table["passes"].to_numpy(dtype=bool)
    ranked = rank(values, passes, settings)
    phases = campaign.source.load().phases
    errors = uncertainty.error_model().of_phases(phases)
    forms = _forms(campaign, mine, passes, len(phases))
    spread, shift = np.full((len(table), 4), np.nan), np.full((len(table), 4), np.nan)
    spread[passes] = errors.standard_deviation(forms).reshape(4, -1).T
    shift[passes] = errors.mean(forms).reshape(4, -1).T
    probabilities = None
    if uncertainty.draws and passes.any():
        rng = np.random.default_rng(uncertainty.seed)
        scores = _drawn_scores(values, ranked, passes, settings, errors, forms, rng, uncertainty.draws)
        probabilities = rank_probability(scores, passes)
    table = table.assign(rank=pd.array(np.where(passes, ranked.rank, 0), dtype="Int32"), score=ranked.score)
    table.loc[~passes, "rank"] = pd.NA
    table["pareto"] = ranked.pareto
    for name in RANKED_COLUMNS[3:]:
        table[name] = np.nan if probabilities is None else getattr(probabilities, name)
    return Outcome(
        anode,
        sulfide,
        table,
        ranked,
        probabilities,
        weight_sensitivity(ranked.desirabilities, weights(settings), passes),
        spread,
        shift,
    )


def _forms(campaign: Campaign, mine: pa.ChunkedArray, passes: np.ndarray, n_phases: int) -> csr_array:
    """Forms of the passing candidates, criterion after criterion, (4·n_passing, n_phases)."""
    stacked = []
    for name in UNCERTAIN_CRITERIA:
        columns = [f"form_{name}_phase", f"form_{name}_coefficient"]
        lists = campaign.store.read(columns).filter(mine).filter(pa.array(passes)).combine_chunks()
        phase, coefficient = (lists[column].combine_chunks() for column in columns)
        start = np.append(0, np.cumsum(pc.list_value_length(phase).to_numpy(zero_copy_only=False)))
        stacked.append(
            csr_array(
                (coefficient.flatten().to_numpy(), phase.flatten().to_numpy(), start.astype(np.int64)),
                shape=(len(lists), n_phases),
            )
        )
    return csr_array(vstack(stacked))


def _drawn_scores(
    values: np.ndarray,
    ranked: Ranked,
    passes: np.ndarray,
    settings: Ranking,
    errors: PhaseErrors,
    forms: csr_array,
    rng: np.random.Generator,
    n_draws: int,
) -> Iterator[np.ndarray]:
    """Logarithms of the scores of all candidates, block by block of draws, (k, n)."""
    names = [criterion.name for criterion in CRITERIA]
    weight = weights(settings)
    certain = np.array([name not in UNCERTAIN_CRITERIA for name in names])
    valued = ranked.desirabilities[passes]
    known = ~np.isnan(valued)
    logs = np.where(known, np.log(np.where(known, valued, 1.0)), 0.0)
    total = known @ weight
    fixed = logs[:, certain] @ weight[certain]
    for block in errors.draws(forms, rng, n_draws):
        drawn = np.broadcast_to(fixed, (len(block), len(fixed))).copy()
        for k, name in enumerate(UNCERTAIN_CRITERIA):
            column = names.index(name)
            error = block[:, k * len(fixed) : (k + 1) * len(fixed)]
            reached = desirability(values[passes, column] + error, settings.criteria[name], settings.floor)
            drawn += weight[column] * np.log(reached)
        scores = np.full((len(block), len(passes)), -np.inf)
        scores[:, passes] = drawn / total
        yield scores
