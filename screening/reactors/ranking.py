"""Filters, desirabilities, score and Pareto front: every part of the argument stays visible."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from screening.kernels import Kernel
from screening.phases.composition import symbol
from screening.phases.ionic import INSULATES_BELOW_S_PER_CM, ionic_s_per_cm
from screening.phases.snapshot import Phases
from screening.phases.trade import room_state
from screening.reactors.conditions import SEPARATES
from screening.reactors.elements import holds, noble_gas_table, radioactive_table
from screening.reactors.moisture import moisture_hazard
from screening.reactors.placement import Placement
from screening.reactors.reduction import Reduction
from screening.reactors.sense import explosive, molecular_anion, salt, toxic
from screening.reactors.settings import Desirability, Filters, Ranking
from screening.thermo.conduction import PBE_SHARE_OF_GAP, ElectronicClass, degree_of_gap

MOST_INTERPRETED = 100_000
"""Pairs of candidates that are compared as plain Python, at up to 2 µs each."""

PASSES, FAILS, UNDECIDED = 1, 0, -1
"""Outcomes of a filter; an undecided one neither passes nor fails."""


@dataclass(frozen=True, eq=False)
class FilterOutcome:
    """One filter over all candidates.

    Attributes
    ----------
    name : str
    outcome : (n,) int8 array
        `PASSES`, `FAILS` or `UNDECIDED`.
    """

    name: str
    outcome: np.ndarray


def apply_filters(found: Reduction | Placement, settings: Filters) -> tuple[FilterOutcome, ...]:
    """Hard filters of a role, and those of every compound.

    Returns
    -------
    tuple of FilterOutcome
        For reactors ``reacts`` (mutual energy below the no-reaction bound, and uptake above the floor) and
        ``metallic_product`` (a product on any plateau above the floor conducts). For others ``holds_ion``,
        ``blocks_electrons`` (an unknown gap does not), ``conducts_ion`` (undecided where nobody measured it)
        and, of what only separates, ``stays`` (its own window
        spans that of the cell). For all ``allowed_elements`` (neither radioactive nor noble gas), and those
        that the settings switch on.
    """
    phases, limit = found.candidates, settings.maximum_energy_above_hull_ev_per_atom
    forbidden = holds(phases, radioactive_table()) | holds(phases, noble_gas_table())
    own = _of_reactors(found) if isinstance(found, Reduction) else _of_placed(found)
    switched: dict[str, tuple[bool, Callable[[], np.ndarray]]] = {
        **{name: (True, partial(np.asarray, outcome)) for name, outcome in own.items()},
        "allowed_elements": (True, lambda: ~forbidden),
        "near_hull": (limit is not None, lambda: found.energy_above_hull_ev_per_atom <= (limit or 0.0)),
        "salt": (settings.require_salt, lambda: salt(phases)),
        "solid": (settings.require_solid, lambda: _solid(phases)),
        "no_molecular_anion": (settings.forbid_molecular_anions, lambda: ~molecular_anion(phases)),
        "not_toxic": (settings.forbid_toxic, lambda: ~toxic(phases)),
        "not_explosive": (settings.forbid_explosive, lambda: ~explosive(phases)),
        "moisture_safe": (settings.forbid_moisture_hazard, lambda: moisture_hazard(phases) == ""),
    }
    return tuple(
        FilterOutcome(name, np.asarray(rule(), dtype=np.int8)) for name, (on, rule) in switched.items() if on
    )


def _of_reactors(reduction: Reduction) -> dict[str, np.ndarray]:
    context = reduction.context
    reacts = reduction.minimum_mutual_ev_per_atom < -context.conditions.no_reaction_ev_per_atom
    unsure = context.classes >= ElectronicClass.AMBIGUOUS
    conducts = reduction.forms((context.conduction > 0.0) & ~unsure)
    return {
        "reacts": reacts & (reduction.end_step >= 0),
        "metallic_product": np.where(conducts, PASSES, np.where(reduction.forms(unsure), UNDECIDED, FAILS)),
    }


def _of_placed(placement: Placement) -> dict[str, np.ndarray]:
    phase, context = placement.phase, placement.context
    degree = degree_of_gap(placement.candidates.band_gap_ev / PBE_SHARE_OF_GAP)
    blocks = (degree == 0.0) & (context.classes[phase] != ElectronicClass.METALLIC)
    ionic = ionic_s_per_cm(placement.candidates, symbol(context.anode.mobile))
    found = {
        "holds_ion": placement.held > 0.0,
        "blocks_electrons": blocks & (context.classes[phase] != ElectronicClass.UNKNOWN),
        "conducts_ion": np.where(np.isnan(ionic), UNDECIDED, ionic >= INSULATES_BELOW_S_PER_CM),
    }
    return found | ({"stays": placement.stays} if context.conditions.role in SEPARATES else {})


def _solid(phases: Phases) -> np.ndarray:
    """Whether each compound is solid at 25 °C, `UNDECIDED` where no measured point tells."""
    state = room_state(phases)
    return np.select([state == "solid", state == ""], [PASSES, UNDECIDED], FAILS)


def passes_all(outcomes: tuple[FilterOutcome, ...]) -> np.ndarray:
    """Candidates that fail no filter, (n,) bool array."""
    return np.logical_and.reduce([outcome.outcome != FAILS for outcome in outcomes])


@dataclass(frozen=True, eq=False)
class Ranked:
    """Candidates with score and rank; (n,) arrays.

    Attributes
    ----------
    desirabilities : (n, n_criteria) float array
        In the order of the settings' criteria; NaN where one is unknown.
    score : float array
        Weighted geometric mean of the desirabilities; 0 where a filter fails.
    rank : int array
        1 is best; 0 where a filter fails. Equal scores share the better rank.
    pareto : bool array
        Whether no other passing candidate is at least as good in all criteria of `settings.pareto` and better
        in one.
    """

    desirabilities: np.ndarray
    score: np.ndarray
    rank: np.ndarray
    pareto: np.ndarray


def rank(values: np.ndarray, passes: np.ndarray, settings: Ranking) -> Ranked:
    """Score and rank candidates.

    Parameters
    ----------
    values : (n, n_criteria) float array
        In the order of `settings.every`; NaN where unknown.
    passes : (n,) bool array
        Candidates that fail no filter.
    settings : Ranking
    """
    valued = desirabilities(values, settings)
    score = np.where(passes, weighted_geometric_mean(valued, weights(settings)), 0.0)
    return Ranked(valued, score, ranks(score, passes), pareto(values, settings, passes))


def weights(settings: Ranking) -> np.ndarray:
    """Weights in the order of `settings.every`, (n_criteria,) float array."""
    return np.array([settings.rules[name].weight for name in settings.every.names])


def desirability(
    values: np.ndarray,
    rule: Desirability,
    floor: float,
    bounds: tuple[Any, Any] | None = None,
) -> np.ndarray:
    """Desirability of one criterion, in [floor, 1]; NaN stays NaN.

    Parameters
    ----------
    values : float array of any shape
    rule : Desirability
    floor : float
    bounds : (worst, best) float arrays, optional
        In place of `Desirability.scaled_bounds`.
    """
    if rule.scale == "log":
        with np.errstate(divide="ignore"):
            values = np.log(np.maximum(values, 0.0))
    worst, best = bounds or rule.scaled_bounds
    reached = (values - worst) / (best - worst)
    if rule.target:
        reached = 1.0 - np.abs(reached - 1.0)
    return np.maximum(np.clip(reached, 0.0, 1.0) ** rule.exponent, floor)


def desirabilities(values: np.ndarray, settings: Ranking) -> np.ndarray:
    """Desirabilities of all criteria; `values` is (..., n_criteria) in the order of `settings.every`."""
    counted = worst_where_unknown(values, settings)
    columns = [
        desirability(counted[..., k], settings.rules[name], settings.floor)
        for k, name in enumerate(settings.every.names)
    ]
    return np.stack(columns, axis=-1)


def worst_where_unknown(values: np.ndarray, settings: Ranking) -> np.ndarray:
    """The same (..., n_criteria) values, of criteria that must be known the worst in place of NaN."""
    needed = np.array([criterion.must_be_known for criterion in settings.every])
    rules = [settings.rules[name] for name in settings.every.names]
    worst = np.array([np.copysign(np.inf, rule.worst - rule.best) for rule in rules])
    return np.where(np.isnan(values) & needed, worst, values)


def weighted_geometric_mean(valued: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Weighted geometric mean over the last axis; unknown desirabilities (NaN) are left out of the mean."""
    known = ~np.isnan(valued)
    total = (weight * known).sum(axis=-1)
    # summed row by row: a matrix product would round by the number of rows
    logs = (np.where(known, np.log(np.where(known, valued, 1.0)), 0.0) * weight).sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total > 0.0, np.exp(logs / total), 0.0)


def ranks(score: np.ndarray, passing: np.ndarray) -> np.ndarray:
    """Rank by falling score among the passing, 0 for the others; equal scores share the better rank."""
    ordered = np.sort(score[passing])
    better = len(ordered) - np.searchsorted(ordered, score, side="right")
    return np.where(passing, better + 1, 0)


def gain(values: np.ndarray, rule: Desirability) -> np.ndarray:
    """Values of one criterion turned so that larger is better: for a target, minus the distance from it."""
    if rule.target:
        return -np.abs(values - rule.best)
    return np.sign(rule.best - rule.worst) * values


def pareto(values: np.ndarray, settings: Ranking, passing: np.ndarray) -> np.ndarray:
    """Candidates that no other dominates in the criteria of `settings.pareto`, (n,) bool array; ties stay.

    An unknown value counts as the worst there is, so that nobody dominates by ignorance.
    """
    columns = []
    for k, name in enumerate(settings.every.names):
        if name in settings.pareto:
            better = gain(values[:, k], settings.rules[name])
            columns.append(np.nan_to_num(better, nan=-np.inf, neginf=-np.inf, posinf=np.inf))
    gains = np.column_stack(columns)
    rows = np.flatnonzero(passing)
    order = rows[np.lexsort(gains[rows].T)[::-1]]
    front = np.zeros(len(values), dtype=bool)
    undominated = _undominated.for_work(len(order) ** 2, MOST_INTERPRETED)
    front[order[undominated(np.ascontiguousarray(gains[order]))]] = True
    return front


@Kernel
def _undominated(gains: np.ndarray) -> np.ndarray:
    """Positions of the undominated rows of (n, k) gains, sorted so that no row dominates an earlier one."""
    n, k = gains.shape
    front = np.empty(n, np.int64)
    size = 0
    for i in range(n):
        dominated = False
        for j in range(size):
            better = False
            worse = False
            for c in range(k):
                if gains[front[j], c] > gains[i, c]:
                    better = True
                elif gains[front[j], c] < gains[i, c]:
                    worse = True
                    break
            if better and not worse:
                dominated = True
                break
        if not dominated:
            front[size] = i
            size += 1
    return front[:size]
