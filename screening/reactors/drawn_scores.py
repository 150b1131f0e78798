"""Scores with their reaction energies in error: the compiled part of the Monte Carlo, on arrays."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from numba import njit
from scipy.sparse import csr_array

from screening.reactors.criteria import CRITERIA
from screening.reactors.phase_errors import PhaseErrors
from screening.reactors.ranking import weights
from screening.reactors.settings import Ranking

DRAWS_IN_BLOCK = 32
"""Draws that are computed side by side: the errors of a phase in all of them are read from memory at once,
and a block over all of Materials Project takes some 40 MB. The result does not depend on it."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Rules:
    """Desirabilities of the uncertain criteria as columns, one entry per criterion of `CRITERIA.uncertain`.

    Attributes
    ----------
    worst, best : float arrays
        Bounds, as logarithms where the scale is one.
    exponent, weight : float arrays
    target, log : bool arrays
    """

    worst: np.ndarray
    best: np.ndarray
    exponent: np.ndarray
    weight: np.ndarray
    target: np.ndarray
    log: np.ndarray

    @classmethod
    def of(cls, settings: Ranking) -> "Rules":
        """Columns of a study's settings."""
        rules = [settings.criteria[criterion.name] for criterion in CRITERIA.uncertain]
        log = np.array([rule.scale == "log" for rule in rules])
        worst, best = (np.array([getattr(rule, name) for rule in rules]) for name in ("worst", "best"))
        worst[log], best[log] = np.log(worst[log]), np.log(best[log])
        return cls(
            worst=worst,
            best=best,
            exponent=np.array([rule.exponent for rule in rules]),
            weight=np.array([rule.weight for rule in rules]),
            target=np.array([rule.target for rule in rules]),
            log=log,
        )


def drawn_scores(
    values: np.ndarray,
    desirabilities: np.ndarray,
    settings: Ranking,
    errors: PhaseErrors,
    forms: csr_array,
    rng: np.random.Generator,
    n_draws: int,
    *,
    threads: int = 1,
) -> Iterator[np.ndarray]:
    """Logarithms of the scores of candidates, block by block of draws.

    In every draw each phase and each anion has one error for all candidates; the uncertain criteria move with
    it, and the score is again the weighted geometric mean of the desirabilities. A criterion that is unknown
    stays out of the mean, as it does without errors.

    Parameters
    ----------
    values, desirabilities : (n, n_criteria) float arrays
        In the order of `CRITERIA`; NaN where unknown.
    settings : Ranking
    errors : PhaseErrors
    forms : (n_uncertain·n, n_phases) csr_array
        Of `CRITERIA.uncertain`, criterion after criterion.
    rng : numpy Generator
    n_draws : int
    threads : int
        Blocks computed at once; the result does not depend on it.

    Yields
    ------
    (k, n) float array
        The numbers of rows add up to `n_draws`.
    """
    columns = [k for k, criterion in enumerate(CRITERIA) if criterion.linear_form is not None]
    known = ~np.isnan(desirabilities)
    logs = np.where(known, np.log(np.where(known, desirabilities, 1.0)), 0.0)
    weight = weights(settings)
    certain = np.setdiff1d(np.arange(len(CRITERIA)), columns)
    fixed, total = logs[:, certain] @ weight[certain], known @ weight
    rules = Rules.of(settings)
    sources = errors.sources(forms)

    def score(block: np.ndarray) -> np.ndarray:
        return _log_scores(
            *(sources.weight.indptr, sources.weight.indices, sources.weight.data),
            *(np.ascontiguousarray(block.T), values[:, columns], fixed, total),
            *(rules.worst, rules.best, rules.exponent, rules.weight, rules.target, rules.log),
            settings.floor,
        ).T

    blocks = sources.blocks(rng, n_draws, DRAWS_IN_BLOCK)
    with Parallel(n_jobs=threads, require="sharedmem", return_as="generator", pre_dispatch="n_jobs") as pool:
        yield from pool(delayed(score)(block) for block in blocks)


@njit(cache=True, nogil=True, error_model="numpy")
def _log_scores(
    start: np.ndarray,
    source: np.ndarray,
    weight: np.ndarray,
    error: np.ndarray,
    values: np.ndarray,
    fixed: np.ndarray,
    total: np.ndarray,
    worst: np.ndarray,
    best: np.ndarray,
    exponent: np.ndarray,
    criterion_weight: np.ndarray,
    target: np.ndarray,
    log: np.ndarray,
    floor: float,
) -> np.ndarray:
    """Log scores, (n, k), from errors of the sources, (n_sources, k)."""
    n, n_criteria = values.shape
    k = error.shape[1]
    scores = np.empty((n, k))
    value = np.empty(k)
    lowest = np.log(floor)
    for i in range(n):
        scores[i] = fixed[i]
        for c in range(n_criteria):
            if np.isnan(values[i, c]) or criterion_weight[c] == 0.0:
                continue
            value[:] = values[i, c]
            row = c * n + i
            for entry in range(start[row], start[row + 1]):
                share, here = weight[entry], source[entry]
                for j in range(k):
                    value[j] += share * error[here, j]
            per_unit = 1.0 / (best[c] - worst[c])
            for j in range(k):
                at = np.log(max(value[j], 0.0)) if log[c] else value[j]
                reached = (at - worst[c]) * per_unit
                if target[c]:
                    reached = 1.0 - abs(reached - 1.0)
                if reached <= 0.0:
                    scores[i, j] += criterion_weight[c] * lowest
                elif reached < 1.0:
                    scores[i, j] += criterion_weight[c] * max(exponent[c] * np.log(reached), lowest)
        if total[i] > 0.0:
            scores[i] /= total[i]
        else:
            scores[i] = -np.inf
    return scores
