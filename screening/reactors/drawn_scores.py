"""Scores with their reaction energies in error: the compiled part of the Monte Carlo, on arrays."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from screening.kernels import Kernel
from screening.reactors.phase_errors import PhaseErrors
from screening.reactors.ranking import (
    desirability,
    weighted_geometric_mean,
    weights,
    worst_where_unknown,
)
from screening.reactors.settings import Ranking

DRAWS_IN_BLOCK = 32
"""Draws that are computed side by side: the errors of a phase in all of them are read from memory at once,
and a block over all of Materials Project takes some 40 MB. The result does not depend on it."""

MOST_INTERPRETED = 3_000_000
"""Criteria that are drawn with numpy, at 0.1 µs each; loading the compiled code takes half a second."""

WEIGHT_CONCENTRATION = 30.0
"""κ of the Dirichlet distribution around the study's weights: a criterion with a fifth of the weight is then
known to ± 36 %, one with a twentieth to ± 78 %."""

BOUND_SD = 0.25
"""Standard deviation of a bound over the distance of the two: what one chemist calls worst another may call a
quarter of the way."""

LEAST_SPAN = 0.2
"""Drawn bounds keep this share of their distance, so that none changes its direction."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Preferences:
    """Weights and bounds of all criteria, one row for each draw, or one for all; columns as `Ranking.every`.

    Attributes
    ----------
    weight, worst, best : (n, n_criteria) float arrays
        Bounds as logarithms where the scale is one.
    """

    weight: np.ndarray
    worst: np.ndarray
    best: np.ndarray

    @classmethod
    def of(cls, settings: Ranking) -> "Preferences":
        """Those of a study."""
        bounds = np.array([settings.rules[name].scaled_bounds for name in settings.every.names])
        return cls(weight=weights(settings)[None], worst=bounds[None, :, 0], best=bounds[None, :, 1])

    def drawn(self, rng: np.random.Generator, n: int) -> "Preferences":
        """Weights and bounds as people may differ in them, as SMAA-2 draws them.

        References
        ----------
        R. Lahdelma, P. Salminen, Oper. Res. 49, 444 (2001), doi 10.1287/opre.49.3.444.11220.
        """
        share = self.weight[0] / self.weight.sum()
        gamma = rng.standard_gamma(WEIGHT_CONCENTRATION * share, (n, len(share)))
        span = self.best - self.worst
        shift = BOUND_SD * rng.standard_normal((2, n, len(share)))
        worst = self.worst + span * shift[0]
        kept = np.maximum(1.0 + shift[1] - shift[0], LEAST_SPAN)
        return Preferences(weight=gamma, worst=worst, best=worst + span * kept)

    def rows(self, start: int, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Weight, worst and best of some draws, (n_criteria, n) each."""
        chosen = np.arange(start, start + n) if len(self.weight) > 1 else np.zeros(n, dtype=int)
        weight, worst, best = (array[chosen].T for array in (self.weight, self.worst, self.best))
        return weight, worst, best


class _Shapes(NamedTuple):
    """What is not drawn of the desirabilities of some criteria, as compiled code takes it."""

    exponent: np.ndarray
    ceiling: np.ndarray
    target: np.ndarray
    log: np.ndarray

    @classmethod
    def of(cls, settings: Ranking, columns: np.ndarray) -> "_Shapes":
        rules = [(criterion, settings.rules[criterion.name]) for criterion in settings.every]
        return cls(
            np.array([rule.exponent for _, rule in rules])[columns],
            np.array([criterion.ceiling for criterion, _ in rules])[columns],
            np.array([rule.target for _, rule in rules])[columns],
            np.array([rule.scale == "log" for _, rule in rules])[columns],
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
    preferences: Preferences | None = None,
    threads: int = 1,
) -> Iterator[np.ndarray]:
    """Logarithms of the scores of candidates, block by block of draws.

    Each phase and each anion has one error for all candidates; an unknown criterion stays out of the mean.

    Parameters
    ----------
    values, desirabilities : (n, n_criteria) float arrays
        In the order of `settings.every`; NaN where unknown.
    settings, errors : Ranking, PhaseErrors
    forms : (n_uncertain·n, n_phases) csr_array, of the uncertain criteria, one after another
    rng, n_draws : numpy Generator, int
    preferences : Preferences, optional
        Weights and bounds of each draw; those of the study in all unless given.
    threads : int

    Yields
    ------
    (k, n) float array
        The numbers of rows add up to `n_draws`.
    """
    sources, given = errors.sources(forms), preferences or Preferences.of(settings)
    values = worst_where_unknown(values, settings)
    if values.size * n_draws <= MOST_INTERPRETED:
        (block,) = sources.blocks(rng, n_draws, n_draws)
        yield _few_log_scores(values, settings, sources.weight @ block.T, given)
        return
    uncertain = np.array([criterion.linear_form is not None for criterion in settings.every])
    varied = np.flatnonzero(uncertain if preferences is None else np.ones(len(uncertain), dtype=bool))
    form = np.where(uncertain, np.cumsum(uncertain) - 1, -1)[varied]
    certain = np.setdiff1d(np.arange(len(uncertain)), varied)
    known, own = ~np.isnan(desirabilities[:, certain]), weights(settings)[certain]
    fixed, total = np.log(np.where(known, desirabilities[:, certain], 1.0)) @ own, known @ own
    shapes = _Shapes.of(settings, varied)

    def score(number: int, block: np.ndarray) -> np.ndarray:
        weight, worst, best = (
            np.ascontiguousarray(rows[varied]) for rows in given.rows(number * DRAWS_IN_BLOCK, len(block))
        )
        found: np.ndarray = _log_scores.compiled(
            *(sources.weight.indptr, sources.weight.indices, sources.weight.data),
            *(np.ascontiguousarray(block.T), np.ascontiguousarray(values[:, varied]), form, fixed, total),
            *(weight, worst, best, shapes, settings.floor),
        )
        return found.T

    yield from _in_threads(threads, score, enumerate(sources.blocks(rng, n_draws, DRAWS_IN_BLOCK)))


def _in_threads(
    threads: int, score: Callable[[int, np.ndarray], np.ndarray], blocks: Iterable[tuple[int, np.ndarray]]
) -> Iterator[np.ndarray]:
    """Scores of blocks, in their order."""
    from joblib import Parallel, delayed

    with Parallel(n_jobs=threads, require="sharedmem", return_as="generator", pre_dispatch="n_jobs") as pool:
        yield from pool(delayed(score)(number, block) for number, block in blocks)


def _few_log_scores(
    values: np.ndarray, settings: Ranking, errors: np.ndarray, given: Preferences
) -> np.ndarray:
    """Log scores, (k, n), from errors of the forms, (n_forms, k), by numpy."""
    n, k = len(values), errors.shape[1]
    of_form = iter(errors.reshape(-1, n, k))
    valued = np.empty((k, n, len(settings.every.names)))
    for c, criterion in enumerate(settings.every):
        drawn = np.tile(values[:, c], (k, 1))
        if criterion.linear_form is not None:
            drawn += next(of_form).T
        bounds = given.worst[:, c, None], given.best[:, c, None]
        drawn = np.minimum(drawn, criterion.ceiling)
        valued[..., c] = desirability(drawn, settings.rules[criterion.name], settings.floor, bounds)
    with np.errstate(divide="ignore"):
        return np.log(weighted_geometric_mean(valued, given.weight[:, None, :]))


@Kernel
def _log_scores(
    start: np.ndarray,
    source: np.ndarray,
    weight: np.ndarray,
    error: np.ndarray,
    values: np.ndarray,
    form: np.ndarray,
    fixed: np.ndarray,
    total: np.ndarray,
    criterion_weight: np.ndarray,
    worst: np.ndarray,
    best: np.ndarray,
    shapes: _Shapes,
    floor: float,
) -> np.ndarray:
    """Log scores, (n, k), from errors, (n_sources, k), and preferences, (n_criteria, k) each."""
    n, n_criteria = values.shape
    k = error.shape[1]
    scores = np.empty((n, k))
    value, whole = np.empty(k), np.empty(k)
    lowest = np.log(floor)
    for i in range(n):
        scores[i] = fixed[i]
        whole[:] = total[i]
        for c in range(n_criteria):
            if np.isnan(values[i, c]):
                continue
            value[:] = values[i, c]
            row = form[c] * n + i
            if form[c] >= 0:
                for entry in range(start[row], start[row + 1]):
                    share, here = weight[entry], source[entry]
                    for j in range(k):
                        value[j] += share * error[here, j]
            for j in range(k):
                own = criterion_weight[c, j]
                if own == 0.0:
                    continue
                whole[j] += own
                at = min(value[j], shapes.ceiling[c])
                if shapes.log[c]:
                    at = np.log(max(at, 0.0))
                reached = (at - worst[c, j]) / (best[c, j] - worst[c, j])
                if shapes.target[c]:
                    reached = 1.0 - abs(reached - 1.0)
                if reached <= 0.0:
                    scores[i, j] += own * lowest
                elif reached < 1.0:
                    scores[i, j] += own * max(shapes.exponent[c] * np.log(reached), lowest)
        for j in range(k):
            scores[i, j] = scores[i, j] / whole[j] if whole[j] > 0.0 else -np.inf
    return scores
