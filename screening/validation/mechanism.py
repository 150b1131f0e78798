"""Did the cell run, and does its mechanism as predicted allow that?"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import erf, sqrt

import numpy as np

from screening.lab.outcomes import MeasuredCell
from screening.reactors.forms import UNCERTAIN_CRITERIA
from screening.validation.joining import (
    OPEN,
    Check,
    Numbers,
    Pair,
    Verdict,
    agrees_if,
    fractions,
    middle,
    straddles,
    yes_or_no,
)
from screening.validation.predictions import Span

RUNS_EFFICIENCY, RUNS_H, RUNS_CYCLES = 0.90, 100.0, 50.0
"""A cell ran if it reached one of these: below 90 % a lithium inventory is gone within a few cycles."""


def ran(cell: MeasuredCell) -> bool | None:
    """Whether a cell cycled; None where no figure tells."""
    limits = {
        "coulombic_efficiency": RUNS_EFFICIENCY,
        "first_efficiency": RUNS_EFFICIENCY,
        "life_h": RUNS_H,
        "life_cycles": RUNS_CYCLES,
    }
    told = [
        (outcome.value >= limit, outcome.at_least)
        for name, limit in limits.items()
        if (outcome := cell.outcomes.get(name)) is not None
    ]
    if any(passed for passed, _ in told):
        return True
    return False if any(not at_least for _, at_least in told) else None


def mechanism(pair: Pair) -> Iterator[Check]:
    """Does a cell run although a step of the mechanism is predicted to be missing, or the other way round?"""
    answer = ran(pair.cell)
    if answer is None:
        return
    prediction, none = pair.prediction, pair.conditions.no_reaction_ev_per_atom
    relief, relay = prediction.value("sulfide_relief_ev_per_mol"), prediction.value("relay_ev_per_atom")
    forms = prediction.value("lithiophilic")
    steps = (
        _Step("the alloy relieves the sulfide", "sulfide_relief_ev_per_mol", relief, "eV/mol", relief > 0.0),
        _Step("the alloy reduces more reactor", "relay_ev_per_atom", relay, "eV/atom", relay < -none, -none),
        _Step("the metal alloys with lithium", "lithiophilic", forms, "1", forms > 0.5),
    )
    for step in steps:
        if not np.isnan(step.value):
            yield _step_check(pair, step, answer)
    for name, what in (("metal_fraction", "metal"), ("sulfide_fraction", "sulfide")):
        span = prediction.fraction(name)
        if span is not None:
            yield _network_of_running(pair, span, what, answer)


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
        return self.criterion in UNCERTAIN_CRITERIA


def _compatible(holds: bool, answer: bool) -> Verdict:
    """A cell that fails may fail for any reason: it speaks against no prediction."""
    if answer:
        return agrees_if(holds)
    return Verdict.CANNOT_TELL if holds else Verdict.AGREES


def _step_check(pair: Pair, step: _Step, answer: bool) -> Check:
    sd = pair.prediction.standard_deviation(step.criterion) if step.uncertain else None
    verdict, reason = _compatible(step.holds, answer), "the cell ran" if answer else "the cell did not run"
    if sd:
        chance = 0.5 * (1.0 - erf(abs(step.value - step.limit) / sd / sqrt(2.0)))
        reason += f"; by the error of the energies the prediction is wrong with a chance of {chance:.0%}"
    number = f" ({step.value:.3g}{f' ± {sd:.2g}' if sd else ''} {step.unit})" if step.uncertain else ""
    return pair.check(
        step.question,
        yes_or_no(step.holds) + number,
        "the cell ran" if answer else "the cell did not run",
        verdict,
        reason,
        numbers=Numbers(step.value, sd, float(answer), None, f"{step.unit}; yes or no"),
    )


def _network_of_running(pair: Pair, span: Span, what: str, answer: bool) -> Check:
    threshold = pair.conditions.percolation_threshold
    verdict, reason = _compatible(span.low >= threshold, answer), "a cell that runs needs both paths"
    if straddles(span, threshold):
        verdict, reason = Verdict.CANNOT_TELL, OPEN
    return pair.check(
        f"the {what} percolates in a cell that runs",
        fractions(span, threshold),
        "the cell ran" if answer else "the cell did not run",
        verdict,
        reason,
        numbers=middle(span, float(answer)),
    )


def life(pair: Pair) -> Iterator[Check]:
    """Does a relieved sulfide let the cell outlive its control without a layer?"""
    outcome, relief = pair.cell.outcomes.get("life_h"), pair.prediction.value("sulfide_relief_ev_per_mol")
    if outcome is None or np.isnan(relief):
        return
    for control in pair.controls:
        own = control.outcomes.get("life_h")
        if own is None:
            continue
        longer = outcome.value > own.value
        open_end = (outcome.at_least and not longer) or (own.at_least and longer)
        at_least = "at least " if outcome.at_least else ""
        yield pair.check(
            "relief lets the cell outlive its control",
            f"{'longer' if relief > 0 else 'no longer'} (relief {relief:.3g} eV/mol)",
            f"{at_least}{outcome.value:g} h against {own.value:g} h ({control.name})",
            Verdict.CANNOT_TELL if open_end else agrees_if(longer == (relief > 0.0)),
            "one of the two had not failed" if open_end else "same protocol, sulfide and origin",
            numbers=Numbers(
                relief,
                pair.prediction.standard_deviation("sulfide_relief_ev_per_mol"),
                outcome.value / own.value if own.value > 0.0 else None,
                None,
                "eV/mol; ratio of lives",
            ),
        )
