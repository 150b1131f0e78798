"""How sure a rank is: probabilities from draws of the scores, and the part that each weight plays."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from screening.reactors.ranking import ranks, weighted_geometric_mean

FULL_MATRIX_CANDIDATES = 50
"""Up to here every rank has its probability; beyond, only the chance to be among the first."""

SCORE_DECIMALS = 12
"""Scores that agree to this many decimals are a tie; rounding of a mean of ten is 1e-15."""


@dataclass(frozen=True, eq=False)
class RankProbabilities:
    """Probabilities of ranks among the candidates that pass the filters; rows of the others are 0.

    Attributes
    ----------
    rank : (n, n) float array or None
        Probability of rank j + 1 of candidate i; None for more than `FULL_MATRIX_CANDIDATES` candidates.
    top_1, top_1_percent, top_5_percent : (n,) float arrays
        Probability to be the first, or among the first 1 or 5 % (at least one candidate) of those that pass.
    n_draws : int
    """

    rank: np.ndarray | None
    top_1: np.ndarray
    top_1_percent: np.ndarray
    top_5_percent: np.ndarray
    n_draws: int


@dataclass(frozen=True, eq=False)
class WeightSensitivity:
    """Ranks when one weight is halved or doubled and the others stay; 0 where a filter fails.

    Attributes
    ----------
    rank : (n,) int64 array
        With the weights as given.
    halved, doubled : (n, n_criteria) int64 arrays
    """

    rank: np.ndarray
    halved: np.ndarray
    doubled: np.ndarray


def rank_probability(scores: Iterable[np.ndarray], passes: np.ndarray) -> RankProbabilities:
    """Probability of each rank from draws of the scores; candidates that tie share their ranks equally.

    Parameters
    ----------
    scores : iterable of (k, n_ranked) float arrays
        Blocks of draws of the candidates that are ranked, larger is better.
    passes : (n,) bool array
        Which of all candidates are ranked.

    Raises
    ------
    ValueError
        If there is no draw, a block has the wrong number of candidates, or a ranked score is not a number.
    """
    passes = np.asarray(passes, dtype=bool)
    ranked = np.flatnonzero(passes)
    n, m = len(passes), len(ranked)
    first = [1, max(1, m // 100), max(1, m // 20)]
    full = np.zeros((m, m + 1)) if n <= FULL_MATRIX_CANDIDATES else None
    top = np.zeros((3, m))
    n_draws = 0
    for block in scores:
        drawn = np.atleast_2d(block)
        if drawn.shape[1] != m:
            raise ValueError(f"scores of {drawn.shape[1]} candidates instead of {m}")
        if np.isnan(drawn).any():
            raise ValueError("a ranked score is not a number")
        n_draws += len(drawn)
        if m == 0:
            continue
        _add_top(drawn, first, top)
        if full is not None:
            _count_ranks(drawn, full)
    if n_draws == 0:
        raise ValueError("no draws")
    spread = np.zeros((3, n))
    spread[:, ranked] = top / n_draws
    return RankProbabilities(_all_ranks(full, ranked, n, n_draws), spread[0], spread[1], spread[2], n_draws)


def _borders(scores: np.ndarray, places: list[int]) -> np.ndarray:
    """Score of the last of the first `places`, for each draw, (k, len(places))."""
    fall = [scores.shape[1] - place for place in places]
    return np.partition(scores, sorted(set(fall)), axis=1)[:, fall]


def _add_top(scores: np.ndarray, places: list[int], top: np.ndarray) -> None:
    """Add to `top` (n_places, n) the draws with each candidate among the first; ties at a border share it."""
    for row, place, border in zip(top, places, _borders(scores, places).T, strict=True):
        above, at = scores > border[:, None], scores == border[:, None]
        share = (place - above.sum(axis=1)) / at.sum(axis=1)
        row += above.sum(axis=0) + share @ at


def _count_ranks(scores: np.ndarray, edges: np.ndarray) -> None:
    """Add draws to `edges` (n, n + 1), whose running sum along a row is the count of each rank."""
    better = (scores[:, None, :] > scores[:, :, None]).sum(axis=2)
    after = (scores[:, None, :] >= scores[:, :, None]).sum(axis=2)
    candidate = np.broadcast_to(np.arange(scores.shape[1]), scores.shape)
    share = 1.0 / (after - better)
    np.add.at(edges, (candidate, better), share)
    np.add.at(edges, (candidate, after), -share)


def _all_ranks(edges: np.ndarray | None, ranked: np.ndarray, n: int, n_draws: int) -> np.ndarray | None:
    if edges is None:
        return None
    probability = np.zeros((n, n))
    # Running sums of shares such as 1/3 leave a residue of rounding that may be negative.
    probability[ranked, : len(ranked)] = np.cumsum(edges[:, :-1], axis=1).clip(0.0) / n_draws
    return probability


def weight_sensitivity(
    desirability: np.ndarray, weights: np.ndarray, passes: np.ndarray
) -> WeightSensitivity:
    """Ranks by the weighted geometric mean when each weight in turn is halved and doubled.

    Parameters
    ----------
    desirability : (n, n_criteria) float array
        In (0, 1], floored above 0; NaN where unknown, which leaves it out of the mean.
    weights : (n_criteria,) float array
        Not negative, not all 0.
    passes : (n,) bool array
        Candidates that are ranked; the other rows are not read.

    Raises
    ------
    ValueError
        If a desirability that counts is not in (0, 1], or weights are negative or all 0.
    """
    passes = np.asarray(passes, dtype=bool)
    values, weights = np.asarray(desirability, dtype=float)[passes], np.asarray(weights, dtype=float)
    if ((values <= 0.0) | (values > 1.0)).any():
        raise ValueError("desirabilities must lie in (0, 1]")
    if not (weights >= 0.0).all() or not weights.any():
        raise ValueError("weights must not be negative, nor all zero")
    k = len(weights)
    scenarios = np.tile(weights, (2 * k + 1, 1))
    scenarios[np.arange(1, k + 1), np.arange(k)] *= 0.5
    scenarios[np.arange(k + 1, 2 * k + 1), np.arange(k)] *= 2.0
    rank = np.zeros((len(passes), len(scenarios)), dtype=np.int64)
    for s, scenario in enumerate(scenarios):
        score = np.round(weighted_geometric_mean(values, scenario), SCORE_DECIMALS)
        rank[passes, s] = ranks(score, np.ones(len(values), dtype=bool))
    return WeightSensitivity(rank[:, 0], rank[:, 1 : k + 1], rank[:, k + 1 :])
