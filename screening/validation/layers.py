"""What cells at rest say of a layer: whether it had reacted through, and whether its metal connects."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from screening.lab.analysis import CellAnalysis
from screening.lab.cell import Kind
from screening.layer.growth import Front, Slab
from screening.layer.network import SURE, Grains, Observed, Threshold
from screening.validation.joining import Pair, Verdict
from screening.validation.predictions import Span

WARMER_K = 10.0
"""Rests further apart in temperature say nothing of each other: at 0.5 eV rates differ by a factor of 2."""


def thresholds(pair: Pair) -> dict[str, Threshold]:
    """Threshold of ``metal`` and of ``electrolyte``, before any cell; the study's is that of equal grains."""
    grains, equal = Grains(), pair.conditions.percolation_threshold
    return {
        "metal": Threshold.of(grains, equal),
        "electrolyte": Threshold.of(grains.of_electrolyte, equal),
    }


LEAST_SAID = 0.01
"""Chances below, and those as near to 1, are told as less, or more, than this."""


def connects(span: Span, threshold: Threshold) -> Verdict | bool:
    """Whether a phase is predicted to connect over all of a span; *cannot tell* where that is open."""
    low, high = threshold.chance(span.low), threshold.chance(span.high)
    if low >= SURE:
        return True
    return False if high <= 1.0 - SURE else Verdict.CANNOT_TELL


def chance_words(chance: float) -> str:
    """A chance in whole percent, and never none or all."""
    if chance < LEAST_SAID:
        return f"less than {LEAST_SAID:.0%}"
    return f"{chance:.0%}" if chance <= 1.0 - LEAST_SAID else f"more than {1.0 - LEAST_SAID:.0%}"


def network_words(span: Span, threshold: Threshold) -> str:
    """A span of volume fractions against the threshold, in words."""
    answer = connects(span, threshold)
    reached = "open" if isinstance(answer, Verdict) else "yes" if answer else "no"
    low, high = f"{100 * span.low:.1f}", f"{100 * span.high:.1f}"
    ends = f"{low} vol%" if low == high else f"{low} to {high} vol% between the first alloy and the excess"
    chances = dict.fromkeys(chance_words(threshold.chance(f)) for f in (span.low, span.high))
    return f"{reached} ({ends}; threshold {threshold.words}: a chance of {' to '.join(chances)})"


def slab_of(pair: Pair) -> Slab | None:
    """What one front of the cell's layer has to cross; None where mass, area or uptake are not known."""
    sheet, span = pair.cell.sheet, pair.prediction.lithium_mah_per_g
    areal = sheet.reactor_mg_per_cm2
    if areal is None or span is None or not span.high:
        return None
    wt = pair.prediction.wt_percent
    return Slab.of(areal * 100.0 / wt, wt, span.high, max(_fronts(pair), 1))


def _fronts(pair: Pair) -> int:
    """Anodes that face the layer."""
    stack = pair.cell.sheet.stack
    beside = [{a, b} for a, b in pairwise(stack)]
    return sum(each == {"layer", pair.cell.sheet.anode} for each in beside)


def reacted(pair: Pair, others: Sequence[Pair]) -> tuple[bool | None, str]:
    """Whether the layer of a cell at rest had reacted through, and what that rests on; None: not known."""
    cell, rest_h = pair.cell, pair.cell.sheet.rest_h
    if cell.value("shorts_at_rest"):
        return True, "a layer that shorts has reacted through"
    if cell.value("reactor_lines_gone"):
        return True, "no reactor line is left"
    own = cell.value("completion_h")
    if own is not None and (rest_h is None or own <= rest_h):
        return True, f"its interfaces have settled after {own:g} h"
    if rest_h is None:
        return None, "the sheet states no rest_h"
    slab = slab_of(pair)
    if slab is None:
        return None, "layer_mg, an area and plateaus of the reactor would be needed"
    told = [_crossing(front, slab, name, known) for front, name, known in _fronts_of(pair, others)]
    if not told:
        return None, f"{rest_h:g} h of rest: no cell of these materials tells how fast a layer reacts"
    for latest, words in told:
        if latest <= rest_h:
            return True, words
    return None, f"{rest_h:g} h may not suffice: {min(told)[1]}"


def _crossing(front: Front, slab: Slab, name: str, known: str) -> tuple[float, str]:
    """The latest time at which a front is through, with its words."""
    latest = float(np.quantile(front.time_h(slab), SURE)) if known == "settled" else front.time_h(slab).max()
    early, _, _ = front.interval_h(slab)
    mass = f"{slab.mg_per_cm2:.0f} against {front.slab.mg_per_cm2:.0f} mg/cm² a front"
    by = (
        f"{name} {known} within {front.completion_h.max():.3g} h" if known == "through" else f"{name} {known}"
    )
    return float(latest), f"by {by} ({mass}) up to {max(latest, early):.3g} h"


def _fronts_of(pair: Pair, others: Sequence[Pair]) -> list[tuple[Front, str, str]]:
    """What other cells of the same materials tell of the front: its completion, or that it was through."""
    found = []
    for other in others:
        slab, cell = slab_of(other), other.cell
        if slab is None or not _comparable(pair.cell, cell):
            continue
        settled = cell.outcomes.get("completion_h")
        if settled is not None:
            found.append((Front.of_completion(slab, settled.value, settled.sd or 0.0), cell.name, "settled"))
        elif cell.sheet.rest_h and (cell.value("shorts_at_rest") or cell.value("reactor_lines_gone")):
            found.append((Front.of_completion(slab, cell.sheet.rest_h), cell.name, "through"))
    return found


def _comparable(cell: CellAnalysis, other: CellAnalysis) -> bool:
    a, b = cell.sheet, other.sheet
    return (
        cell.name != other.name
        and a.kind is b.kind is Kind.REST
        and (a.reactor, a.electrolyte, a.anode, a.origin) == (b.reactor, b.electrolyte, b.anode, b.origin)
        and abs(a.temperature_c - b.temperature_c) <= WARMER_K
    )


def only_separator(pair: Pair) -> bool:
    """Whether the layer alone parts two electrodes, so that a network through it shorts the cell."""
    stack = pair.cell.sheet.stack
    return pair.cell.sheet.kind is Kind.REST and len(stack) == 3 and stack[1] == "layer"


def learnt(pairs: Sequence[Pair]) -> tuple[Threshold, Threshold] | None:
    """Threshold of the metal before and after the cells that tell; None where none does."""
    cells, before = [], None
    for pair in pairs:
        shorted, span = pair.cell.value("shorts_at_rest"), pair.prediction.fraction("metal_fraction")
        if shorted is None or span is None or not only_separator(pair) or not reacted(pair, pairs)[0]:
            continue
        before = before or thresholds(pair)["metal"]
        cells.append(Observed(metal_fraction=span.high, connected=bool(shorted)))
    return None if before is None else (before, before.given(cells))
