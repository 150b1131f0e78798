"""From parts to a ranking: scores, ranks and their probabilities over all candidates of a campaign."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import csr_array, vstack

from screening.campaign.rows import ACCEPT, ANCHORED_COLUMNS, LIMIT, RANKED_COLUMNS
from screening.campaign.run import Campaign
from screening.phases.distrust import wholly_distrusted_sd
from screening.reactors.anode import mobile_ion
from screening.reactors.conditions import REACTOR
from screening.reactors.criteria import Criteria, Criterion
from screening.reactors.drawn_scores import Preferences, drawn_scores
from screening.reactors.phase_errors import PhaseErrors
from screening.reactors.rank_probability import (
    RankProbabilities,
    WeightSensitivity,
    rank_probability,
    weight_sensitivity,
)
from screening.reactors.ranking import Ranked, rank, weights
from screening.reactors.settings import Conditions, Ranking
from screening.reactors.uncertainty import phase_errors
from screening.thermo.intervals import BESIDE, NEGLIGIBLE, Z_95, at_least

LIMIT_BOUNDS = ("cathodic_limit_low_v", "cathodic_limit_high_v")
"""Columns between which the true cathodic limit lies in 95 % of all cases."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Outcome:
    """Candidates against one anode and one electrolyte, ranked; rows in the order of the selection.

    Attributes
    ----------
    anode, electrolyte : str
    table : DataFrame
        Scalar columns of the parts with `RANKED_COLUMNS` and `LIMIT_BOUNDS`, where they were ranked by
        anchored energies, too, `ANCHORED_COLUMNS`; failures are not among the rows.
    ranked : Ranked
    settings : Ranking
    probabilities, acceptability : RankProbabilities or None
        With errors of the energies alone; with weights and bounds drawn besides. None where the study draws
        nothing, or the mobile ion has no error model. By anchored energies where there are any.
    sensitivity : WeightSensitivity
    standard_deviation, expected_error : (n, n_uncertain) float arrays
        Of `settings.known.uncertain`: spread of the true value, and true minus calculated.
    """

    anode: str
    electrolyte: str
    table: pd.DataFrame
    ranked: Ranked
    settings: Ranking
    probabilities: RankProbabilities | None
    acceptability: RankProbabilities | None
    sensitivity: WeightSensitivity
    standard_deviation: np.ndarray
    expected_error: np.ndarray

    @property
    def order(self) -> np.ndarray:
        """Positions by rank, then those without a rank as the study names them, (n,) int array."""
        rank_or_last = np.where(self.ranked.rank > 0, self.ranked.rank, np.iinfo(np.int64).max)
        return np.argsort(rank_or_last, kind="stable")


def rank_campaign(
    campaign: Campaign, *, anchored: Campaign | None = None, threads: int = 1
) -> tuple[Outcome, ...]:
    """Rank the candidates of a finished campaign, separately for each pair of anode and electrolyte.

    Parameters
    ----------
    campaign : Campaign
    anchored : Campaign, optional
        The same candidates by anchored energies: their ranks join, and the probabilities are theirs.
    threads : int
        Threads that draw scores; −1: one per core. The outcome does not depend on it.
    """
    scalars, grid = campaign.store.read(), campaign.study.conditions.grid()
    draws = 0 if anchored is not None else campaign.study.uncertainty.draws
    own = tuple(_rank_pair(campaign, scalars, met, draws, threads) for met in grid)
    if anchored is None:
        return own
    return tuple(map(_beside, own, rank_campaign(anchored, threads=threads)))


def _beside(own: Outcome, other: Outcome) -> Outcome:
    """An outcome with ranks and probabilities of another one; a candidate that this lacks gets none."""
    at = pd.Index(other.table["formula"]).get_indexer(own.table["formula"])
    names = ("rank", "score", *RANKED_COLUMNS[3:])
    theirs = other.table[[*names]].reindex(at).set_axis(own.table.index)
    taken = dict(zip((*ANCHORED_COLUMNS, *RANKED_COLUMNS[3:]), (theirs[each] for each in names), strict=True))
    probabilities, acceptability = (
        each and replace(each, rank=each.rank if each.rank is None else _rows(each.rank, at))
        for each in (other.probabilities, other.acceptability)
    )
    table = own.table.assign(**taken)
    return replace(own, table=table, probabilities=probabilities, acceptability=acceptability)


def _rows(matrix: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Rows of a matrix by number, 0 where that is −1."""
    return np.where(at[:, None] >= 0, matrix[at], 0.0)


def _rank_pair(campaign: Campaign, scalars: pa.Table, met: Conditions, draws: int, threads: int) -> Outcome:
    anode, electrolyte = met.anode, met.electrolyte
    settings, uncertainty = campaign.study.ranking, campaign.study.uncertainty
    mine = pc.and_(pc.equal(scalars["anode"], anode), pc.equal(scalars["electrolyte"], electrolyte))
    mine = pc.and_(mine, pc.is_null(scalars["failure_reason"]))
    chosen = scalars.filter(mine)
    table = chosen.drop_columns(["failure_stage", "failure_reason"]).to_pandas()
    values = table[settings.every.names].to_numpy(dtype=float)
    passes = table["passes"].to_numpy(dtype=bool)
    ranked = rank(values, passes, settings)
    snapshot = campaign.source.load()
    phases = snapshot.phases
    n_uncertain = len(settings.known.uncertain)
    spread, shift = np.full((2, len(table), n_uncertain), np.nan)
    probabilities, acceptability, ion = None, None, mobile_ion(anode)
    model = uncertainty.error_model(ion)
    errors = phase_errors(snapshot, ion, model)
    if model is not None:
        every = pa.array(np.flatnonzero(mine.to_numpy()))
        forms = _forms(campaign, settings.known.uncertain, every, len(phases))
        wrong = wholly_distrusted_sd(snapshot)[table["phase"].to_numpy()]
        spread, shift = _errors(errors, forms, n_uncertain, wrong)
        forms = forms[np.tile(passes, n_uncertain)]
    if model is not None and draws and passes.any():
        latent = _latent(settings.known, values[passes], forms @ phases.formation_energy_ev_per_atom)
        people = Preferences.of(settings).drawn(np.random.default_rng(uncertainty.seed), draws)
        probabilities, acceptability = (
            rank_probability(
                drawn_scores(
                    *(latent, ranked.desirabilities[passes], settings, errors, forms),
                    *(np.random.default_rng(uncertainty.seed), draws),
                    preferences=preferences,
                    threads=threads,
                ),
                passes,
            )
            for preferences in (None, people)
        )
    table = table.assign(rank=pd.array(np.where(passes, ranked.rank, 0), dtype="Int32"), score=ranked.score)
    table.loc[~passes, "rank"] = pd.NA
    table["pareto"] = ranked.pareto
    for name in RANKED_COLUMNS[3:]:
        chances = acceptability if name.startswith(ACCEPT) else probabilities
        table[name] = np.nan if chances is None else getattr(chances, name.replace(ACCEPT, "top_"))
    table = table.assign(**_bounds(settings.known.uncertain, table, spread, shift))
    if campaign.study.conditions.role == REACTOR:
        table = table.assign(**_limit_bounds(campaign, mine, table, errors))
    table["cautions"] = _with_outside(table, settings.known.uncertain)
    return Outcome(
        anode=anode,
        electrolyte=electrolyte,
        table=table,
        ranked=ranked,
        settings=settings,
        probabilities=probabilities,
        acceptability=acceptability,
        sensitivity=weight_sensitivity(ranked.desirabilities, weights(settings), passes),
        standard_deviation=spread,
        expected_error=shift,
    )


def _errors(
    errors: PhaseErrors, forms: csr_array, n_uncertain: int, wrong_sd: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Spread and mean error of each form, two (n, n_uncertain) arrays; `wrong_sd` as in `at_least`."""
    by_candidate = (n_uncertain, len(wrong_sd))
    moved = np.ravel(abs(forms).sum(axis=1)).reshape(by_candidate) / 2.0
    spread = np.maximum(errors.standard_deviation(forms).reshape(by_candidate), moved * wrong_sd)
    return spread.T, errors.mean(forms).reshape(by_candidate).T


def _bounds(
    uncertain: Sequence[Criterion], table: pd.DataFrame, spread: np.ndarray, shift: np.ndarray
) -> dict[str, np.ndarray]:
    """Where the true values lie in 95 % of all cases, by column; NaN without an error model or a rank."""
    return {
        f"{criterion.key}_{end}_95": np.clip(
            table[criterion.name].to_numpy(float) + shift[:, k] + sign * Z_95 * spread[:, k],
            criterion.floor,
            criterion.ceiling,
        )
        for k, criterion in enumerate(uncertain)
        for end, sign in (("from", -1.0), ("to", 1.0))
    }


def _with_outside(table: pd.DataFrame, uncertain: Sequence[Criterion]) -> pd.Series:
    """Cautions with what lies outside its interval."""
    told = table["cautions"].fillna("")
    columns = {each.name: (each.label, f"{each.key}_from_95", f"{each.key}_to_95") for each in uncertain}
    if LIMIT_BOUNDS[0] in table:
        columns[LIMIT] = ("cathodic limit", *LIMIT_BOUNDS)
    for name, (label, low, high) in columns.items():
        beside = (table[name] < table[low] - NEGLIGIBLE) | (table[name] > table[high] + NEGLIGIBLE)
        told = told.mask(beside, (told + f"; {label} {BESIDE}").str.removeprefix("; "))
    return told


def _latent(known: Criteria, values: np.ndarray, energies: np.ndarray) -> np.ndarray:
    """Values to draw about: for a reaction that is missed, the energy that it is missed by, above 0."""
    drawn, apart = values.copy(), energies.reshape(len(known.uncertain), -1)
    for criterion, energy in zip(known.uncertain, apart, strict=True):
        column = drawn[:, known.names.index(criterion.name)]
        missed = column == criterion.ceiling
        column[missed] = np.maximum(energy[missed], criterion.ceiling)
    return drawn


def _limit_bounds(
    campaign: Campaign, mine: pa.ChunkedArray, table: pd.DataFrame, errors: PhaseErrors | None
) -> dict[str, np.ndarray]:
    """Where the true cathodic limits lie, NaN where there is no limit or no interval."""
    snapshot = campaign.source.load()
    low, high = np.full((2, len(table)), np.nan)
    if errors is not None:
        rows = pa.array(np.flatnonzero(mine.to_numpy()))
        forms = _form(campaign, LIMIT, rows, len(snapshot))
        sd = wholly_distrusted_sd(snapshot)[table["phase"].to_numpy()]
        bounds = at_least(errors.bounds_95(forms), forms, sd)
        low, high = (table[[LIMIT]].to_numpy() + bounds).T
    return dict(zip(LIMIT_BOUNDS, (low, high), strict=True))


def _forms(campaign: Campaign, uncertain: Sequence[Criterion], rows: pa.Array, n_phases: int) -> csr_array:
    """Linear forms of some criteria, one after another, (n_criteria · n_rows, n_phases)."""
    return csr_array(vstack([_form(campaign, each.name, rows, n_phases) for each in uncertain]))


def _form(campaign: Campaign, name: str, rows: pa.Array, n_phases: int) -> csr_array:
    """Linear forms of one quantity, of some rows of the parts, (n_rows, n_phases)."""
    lists = campaign.store.read([f"form_{name}_{part}" for part in ("phase", "coefficient")]).take(rows)
    phase, coefficient = (column.combine_chunks() for column in lists.columns)
    start = np.append(0, np.cumsum(pc.list_value_length(phase).to_numpy(zero_copy_only=False)))
    return csr_array(
        (coefficient.flatten().to_numpy(), phase.flatten().to_numpy(), start.astype(np.int64)),
        shape=(len(lists), n_phases),
    )
