"""Did the cell run, and does its mechanism as predicted allow that?"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import erf, sqrt

import numpy as np

from screening.lab.analysis import CellAnalysis
from screening.lab.outcomes import Outcome
from screening.lab.quantities import QUANTITIES
from screening.reactors.criteria import CRITERIA
from screening.validation.joining import (
    NO_VOLUMES,
    OPEN,
    Check,
    Numbers,
    Pair,
    Verdict,
    agrees_if,
    spanning,
    yes_or_no,
)
from screening.validation.layers import chance_words, connects, network_words, thresholds
from screening.validation.predictions import Prediction, Span

RUNS_EFFICIENCY, RUNS_H, RUNS_CYCLES = 0.90, 100.0, 50.0
"""A cell ran if it reached one of these: below 90 % a lithium inventory is gone within a few cycles."""

CLEAR_SD = 1.0
"""Standard deviations that an energy must lie from its limit to predict anything: nearer, its own error turns
the prediction round with a chance above 16 %, and neither agreement nor contradiction means much."""

NO_SPREAD = "no spread of the energies is known for it: it decides nothing"
NO_ERROR = "uncertainty not computed: have the study spell this reactor out among its figures"


@dataclass(frozen=True)
class Ran:
    """Whether a cell ran, and the outcome that decided it."""

    answer: bool
    outcome: Outcome

    @property
    def words(self) -> str:
        """In words, with the figure."""
        quantity, name = QUANTITIES[self.outcome.quantity], _LIMITS[self.outcome.quantity][1]
        unit = "" if quantity.unit == "1" else f" {quantity.unit}"
        bound = "at least " if self.outcome.at_least else ""
        spread = f" ± {self.outcome.sd:.2g}" if self.outcome.sd else ""
        ran_or_not = "ran" if self.answer else "did not run"
        return f"the cell {ran_or_not} ({name} {bound}{self.outcome.value:.4g}{spread}{unit})"

    @property
    def unit(self) -> str:
        """Unit of the outcome."""
        return QUANTITIES[self.outcome.quantity].unit


_LIMITS = {
    "coulombic_efficiency": (RUNS_EFFICIENCY, "Coulombic efficiency"),
    "first_efficiency": (RUNS_EFFICIENCY, "first Coulombic efficiency"),
    "life_h": (RUNS_H, "life"),
    "life_cycles": (RUNS_CYCLES, "cycles:"),
}


def ran(cell: CellAnalysis) -> Ran | None:
    """Whether a cell cycled, with the outcome that decided; None where no figure tells."""
    known = [
        (outcome, outcome.value >= limit)
        for name, (limit, _) in _LIMITS.items()
        if (outcome := cell.outcomes.get(name)) is not None
    ]
    for outcome, passed in known:
        if passed:
            return Ran(True, outcome)
    return next((Ran(False, outcome) for outcome, _ in known if not outcome.at_least), None)


def mechanism(pair: Pair) -> Iterator[Check]:
    """Does a cell run although a step of the mechanism is predicted to be missing, or the other way round?"""
    run = ran(pair.cell)
    if run is None:
        return
    prediction, none = pair.prediction, pair.conditions.no_reaction_ev_per_atom
    relief, relay = prediction.value("electrolyte_relief_ev_per_atom"), prediction.value("relay_ev_per_atom")
    forms = prediction.value("alloys_with_anode")
    steps = (
        *([] if _without_alloy(prediction) else [_relief_step(relief)]),
        _Step("the alloy reduces more reactor", "relay_ev_per_atom", relay, "eV/atom", relay < -none, -none),
        _Step("the metal alloys with lithium", "alloys_with_anode", forms, "1", forms > 0.5),
    )
    for step in steps:
        if not np.isnan(step.value):
            yield _step_check(pair, step, run)
    for name, what in (("metal_fraction", "metal"), ("electrolyte_fraction", "electrolyte")):
        yield _network_of_running(pair, prediction.fraction(name), what, run)


def _without_alloy(prediction: Prediction) -> bool:
    """Whether the layer holds no anode metal, so that relief is no question of energies."""
    return prediction.value("alloy_potential_v") == 0.0


def _relief_step(relief: float) -> "_Step":
    question, criterion = "the alloy relieves the electrolyte", "electrolyte_relief_ev_per_atom"
    return _Step(question, criterion, relief, "eV/atom", relief > 0.0)


@dataclass(frozen=True)
class _Step:
    """One step of the mechanism: its criterion, and the limit beyond which the step is there."""

    question: str
    criterion: str
    value: float
    unit: str
    holds: bool
    limit: float = 0.0

    @property
    def uncertain(self) -> bool:
        """Whether the criterion is an energy, which the study's error model knows."""
        return CRITERIA.find(self.criterion).linear_form is not None


def _compatible(holds: bool, answer: bool) -> Verdict:
    """A cell that fails may fail for any reason: it speaks against no prediction."""
    if answer:
        return agrees_if(holds)
    return Verdict.CANNOT_TELL if holds else Verdict.AGREES


def _doubt(value: float, limit: float, sd: float | None) -> str:
    """Why an energy predicts nothing, empty where it lies clear of its limit."""
    if sd is None:
        return NO_ERROR
    if sd == 0.0:  # of a reaction that the energies do not have: its error is not 0, but not known
        return NO_SPREAD
    if abs(value - limit) >= CLEAR_SD * sd:
        return ""
    return (
        f"{value:.3g} ± {sd:.2g} lies within {CLEAR_SD:g} standard deviation of its limit, {limit:g}: "
        f"{_wrong(value, limit, sd)}"
    )


def _wrong(value: float, limit: float, sd: float) -> str:
    chance = 0.5 * (1.0 - erf(abs(value - limit) / sd / sqrt(2.0))) if sd > 0.0 else 0.0
    return f"by the error of the energies the prediction is wrong with a chance of {chance_words(chance)}"


def _step_check(pair: Pair, step: _Step, run: Ran) -> Check:
    sd = pair.prediction.standard_deviation(step.criterion) if step.uncertain else None
    doubt = _doubt(step.value, step.limit, sd) if step.uncertain else ""
    verdict = Verdict.CANNOT_TELL if doubt else _compatible(step.holds, run.answer)
    reason = doubt or ("a cell that runs needs this step" if run.answer else "a cell may fail for any reason")
    if sd and not doubt:
        reason += f"; {_wrong(step.value, step.limit, sd)}"
    spread = f" ± {sd:.2g}" if sd else ""
    number = f" ({step.value:.3g}{spread} {step.unit})" if step.uncertain else ""
    return pair.check(
        step.question,
        yes_or_no(step.holds) + number,
        run.words,
        verdict,
        reason,
        numbers=Numbers(
            predicted_value=step.value,
            predicted_sd=sd,
            measured_value=run.outcome.value,
            measured_sd=run.outcome.sd,
            unit=f"{step.unit}; {run.unit}",
        ),
    )


def _network_of_running(pair: Pair, span: Span | None, what: str, run: Ran) -> Check:
    question, threshold = f"the {what} percolates in a cell that runs", thresholds(pair)[what]
    if span is None:
        numbers = Numbers(measured_value=run.outcome.value, measured_sd=run.outcome.sd, unit=run.unit)
        return pair.check(question, "–", run.words, Verdict.CANNOT_TELL, NO_VOLUMES, numbers=numbers)
    answer, reason = connects(span, threshold), "a cell that runs needs both paths"
    if isinstance(answer, Verdict):
        verdict, reason = answer, OPEN
    else:
        verdict = _compatible(answer, run.answer)
    return pair.check(
        question,
        network_words(span, threshold),
        run.words,
        verdict,
        reason,
        numbers=spanning(span, run.outcome.value, run.outcome.sd, f"volume fraction; {run.unit}"),
    )


def life(pair: Pair) -> Iterator[Check]:
    """Does a relieved electrolyte let the cell outlive its control without a layer?"""
    outcome, relief = (
        pair.cell.outcomes.get("life_h"),
        pair.prediction.value("electrolyte_relief_ev_per_atom"),
    )
    if outcome is None or np.isnan(relief) or _without_alloy(pair.prediction):
        return
    sd = pair.prediction.standard_deviation("electrolyte_relief_ev_per_atom")
    doubt, spread = _doubt(relief, 0.0, sd), f" ± {sd:.2g}" if sd else ""
    for control in pair.controls:
        own = control.outcomes.get("life_h")
        if own is None:
            continue
        longer = outcome.value > own.value
        open_end = (outcome.at_least and not longer) or (own.at_least and longer)
        at_least = "at least " if outcome.at_least else ""
        reason = (
            "one of the two had not failed" if open_end else doubt or "same protocol, electrolyte and origin"
        )
        yield pair.check(
            "relief lets the cell outlive its control",
            f"{'longer' if relief > 0 else 'no longer'} (relief {relief:.3g}{spread} eV/atom)",
            f"{at_least}{outcome.value:g} h against {own.value:g} h ({control.name})",
            Verdict.CANNOT_TELL if open_end or doubt else agrees_if(longer == (relief > 0.0)),
            reason,
            numbers=Numbers(
                predicted_value=relief,
                predicted_sd=sd,
                measured_value=outcome.value / own.value if own.value > 0.0 else None,
                unit="eV/atom; ratio of lives",
            ),
        )
