"""Did it do what was predicted? One function per question, asked of every cell that can answer it."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from screening.lab.cell import Kind
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
from screening.validation.layers import connects, network_words, only_separator, reacted, thresholds
from screening.validation.mechanism import life, mechanism
from screening.validation.predictions import Span

PLATEAU_TOLERANCE_V = 0.05
"""30 mV of polarisation at low rate and 20 mV between published plateaus of one cathode."""

WEIGHING_SHARE = 0.05
"""Relative error of a layer's mass, half a milligram in ten."""

SIGMA = 2.0
"""Standard deviations beyond which a measurement speaks against a prediction."""


def reaction(pair: Pair) -> Iterator[Check]:
    """Does the reactor react at rest: fading τ2 and τ3, appearing τ4, diffraction lines?"""
    energy = pair.prediction.value("minimum_mutual_ev_per_atom")
    reacts = energy < -pair.conditions.no_reaction_ev_per_atom
    expected = {
        "reacting_interface_fades": (reacts, "the reacting interface (τ2, τ3) fades"),
        "reactor_lines_gone": (reacts, "the reactor's diffraction lines vanish"),
        "alloy_contact_appears": (bool(pair.prediction.alloy), "the alloy contact (τ4) appears"),
    }
    for quantity, (wanted, question) in expected.items():
        seen = pair.cell.value(quantity)
        if seen is not None:
            yield pair.check(
                question,
                f"{yes_or_no(wanted)} ({energy:.3f} eV/atom; alloy {pair.prediction.alloy or 'none'})",
                yes_or_no(seen),
                agrees_if(wanted == bool(seen)),
                "lithium is taken to be in excess",
                numbers=Numbers(predicted_value=energy, measured_value=seen, unit="eV/atom; yes or no"),
            )


def crystals(pair: Pair) -> Iterator[Check]:
    """Are the predicted lithium salt, and the alloy or metal, seen in diffraction?"""
    shows = "crystalline products are expected to show"
    for quantity, question, names, reason in (
        ("salt_lines_present", "a lithium salt forms", pair.prediction.salts, shows),
        (
            "alloy_lines_present",
            "the alloy or metal forms",
            pair.prediction.metals,
            f"{shows}; grains of a few nanometres do not",
        ),
    ):
        seen = pair.cell.value(quantity)
        if seen is None:
            continue
        expected = ", ".join(names) or "none"
        agreed = agrees_if(bool(names) == bool(seen))
        verdict = Verdict.CANNOT_TELL if pair.prediction.detail is None else agreed
        yield pair.check(question, expected, yes_or_no(seen), verdict, reason)


def kinetics(pair: Pair) -> Iterator[Check]:
    """Completion time and resistance: measured, never predicted by thermodynamics."""
    for quantity, question in (
        ("completion_h", "the time to completion"),
        ("resistance_ratio", "the resistance after rest over that before"),
    ):
        outcome = pair.cell.outcomes.get(quantity)
        if outcome is not None:
            sd = f" ± {outcome.sd:.2g}" if outcome.sd else ""
            yield pair.check(
                question,
                "none",
                f"{outcome.value:.3g}{sd}",
                Verdict.NO_PREDICTION,
                "reaction energies know no rate and no resistance",
                numbers=Numbers(measured_value=outcome.value, measured_sd=outcome.sd),
            )


def lithium(pair: Pair) -> Iterator[Check]:
    """Is the capacity lost at rest the lithium that the reactor takes up?"""
    outcome = pair.cell.outcomes.get("rest_capacity_loss_mah_per_cm2")
    if outcome is None:
        return
    question = "lithium taken up at rest"
    measured = f"{outcome.value:.3g}" + (f" ± {outcome.sd:.2g}" if outcome.sd else "") + " mAh/cm²"
    areal, span = pair.cell.sheet.reactor_mg_per_cm2, pair.prediction.lithium_mah_per_g
    if areal is None or span is None:
        missing = "layer_mg and an area" if areal is None else "plateaus of this reactor"
        yield pair.check(question, "–", measured, Verdict.CANNOT_TELL, f"{missing} would be needed")
        return
    low, high = span.low * areal / 1e3, span.high * areal / 1e3
    error = SIGMA * float(np.hypot(outcome.sd or 0.0, WEIGHING_SHARE * (low + high) / 2.0))
    inside = low - error <= outcome.value <= high + error
    yield pair.check(
        question,
        f"{low:.3g} (first alloy) to {high:.3g} (above the floor) mAh/cm²",
        measured,
        agrees_if(inside),
        f"within {SIGMA:g} standard deviations and {WEIGHING_SHARE:.0%} of the mass"
        if inside
        else f"off by more than {SIGMA:g} standard deviations and {WEIGHING_SHARE:.0%} of the mass",
        numbers=spanning(Span(low, high), outcome.value, outcome.sd, "mAh/cm²"),
    )


def network(pair: Pair, others: Sequence[Pair]) -> Iterator[Check]:
    """Do the metallic products connect? A layer that is the only separator then shorts the cell, in time."""
    shorted = pair.cell.value("shorts_at_rest")
    if shorted is None or pair.cell.sheet.kind is not Kind.REST:
        return
    question, seen = "the metal forms a connected network", f"{yes_or_no(shorted)} (cell shorts at rest)"
    span = pair.prediction.fraction("metal_fraction")
    if span is None:
        yield pair.check(question, "–", seen, Verdict.CANNOT_TELL, NO_VOLUMES)
        return
    threshold = thresholds(pair)["metal"]
    through, reason = reacted(pair, others)
    answer = connects(span, threshold)
    if not only_separator(pair):
        verdict, reason = Verdict.CANNOT_TELL, "the layer is not the only separator of this cell"
    elif not through:
        verdict = Verdict.CANNOT_TELL
    elif isinstance(answer, Verdict):
        verdict, reason = answer, OPEN
    else:
        verdict = agrees_if(answer == bool(shorted))
    yield pair.check(
        question,
        network_words(span, threshold),
        seen,
        verdict,
        reason,
        numbers=spanning(span, shorted, None, "volume fraction; yes or no"),
    )


def plateau(pair: Pair) -> Iterator[Check]:
    """Does the first charge show the anode at the potential of lithium or of the alloy?"""
    sheet = pair.cell.sheet
    extra = pair.cell.value("extra_plateau")
    if extra is not None:
        yield pair.check(
            "a plateau beside the cathode's own",
            "no (the reaction has ended before the first charge)",
            yes_or_no(extra),
            agrees_if(not extra),
            "lithium is taken to be in excess",
        )
    first = pair.cell.outcomes.get("first_plateau_v")
    if first is None or sheet.cathode is None or sheet.cathode.plateau_v is None:
        return
    potentials = np.array([stage.voltage_v for stage in pair.prediction.stages])
    anode = sheet.cathode.plateau_v - first.value
    at_lithium = abs(anode) <= PLATEAU_TOLERANCE_V
    at_alloy = bool((np.abs(anode - potentials) <= PLATEAU_TOLERANCE_V).any())
    range_v = f"{potentials.min():.2f} to {potentials.max():.2f} V" if len(potentials) else "unknown"
    where = "lithium" if at_lithium else "the alloy" if at_alloy else "neither"
    yield pair.check(
        "the potential of the anode at the first plateau",
        f"0 V while lithium is left, then {range_v} ({pair.prediction.alloy or 'no alloy'})",
        f"{anode:.2f} ± {PLATEAU_TOLERANCE_V:g} V "
        f"({sheet.cathode.plateau_v:g} V of {sheet.cathode.material} less {first.value:.3g} V)",
        agrees_if(at_lithium or at_alloy),
        f"the anode is at the potential of {where}",
        numbers=Numbers(predicted_value=0.0, measured_value=anode, measured_sd=PLATEAU_TOLERANCE_V, unit="V"),
    )


QUESTIONS: tuple[Callable[[Pair], Iterator[Check]], ...] = (
    reaction,
    crystals,
    kinetics,
    lithium,
    plateau,
    mechanism,
    life,
)


def ask(pairs: Sequence[Pair]) -> tuple[Check, ...]:
    """All checks of all cells."""
    return tuple(
        check
        for pair in pairs
        for found in (*(question(pair) for question in QUESTIONS), network(pair, pairs))
        for check in found
    )
