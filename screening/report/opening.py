"""The first screen of the page: what stands first, its Figure 1A, three numbers, and the main doubt."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO

from markupsafe import Markup

from screening.campaign.directory import ResultsDirectory
from screening.campaign.document import Reactor
from screening.display import marked, subscripted
from screening.layer.network import Threshold
from screening.plots.interface import reaction_energy_figure
from screening.plots.style import figure_style
from screening.reactors.conditions import REACTOR
from screening.report.parts import capital
from screening.thermo.intervals import bounds, written

SHOWN_NUMBERS = 3


@dataclass(frozen=True, kw_only=True)
class Opening:
    """What the page begins with.

    Attributes
    ----------
    verdict : str
        One sentence.
    figure : Markup
        Figure 1A as svg.
    numbers : tuple of (str, str)
        Name and value with its 95 % interval.
    doubt : str
        What speaks most against the verdict; empty where nothing is known.
    """

    verdict: str
    figure: Markup
    numbers: tuple[tuple[str, str], ...]
    doubt: str


def opening(results: ResultsDirectory) -> Opening | None:
    """The first screen of a campaign; None where no reactor that is spelled out has a rank."""
    first = next((each for each in results.document.reactors if each.rank == 1), None)
    if first is None or not first.against(first.formula):
        return None
    numbers = [*_numbers(results, first)][:SHOWN_NUMBERS]
    return Opening(
        verdict=subscripted(_verdict(results, first)),
        figure=_figure(first),
        numbers=tuple(numbers),
        doubt=subscripted(next(_doubts(results, first), "")),
    )


def _verdict(results: ResultsDirectory, first: Reactor) -> str:
    table = results.table
    met = (table["anode"] == first.anode) & (table["electrolyte"] == first.electrolyte) & table["passes"]
    name, chance = marked(first.formula, first.estimated), first.top_probability.get("top_1")
    sure = "" if chance is None else f", with a probability of {chance:.0%}"
    becomes = " and ".join(sorted(first.products_li_excess)) or "nothing"
    if results.study.conditions.role != REACTOR:
        place = results.study.conditions.met(first.anode, first.electrolyte)
        return f"{name} ranks first of {int(met.sum()):,} {results.study.conditions.role}s {place}{sure}."
    return (
        f"{name} ranks first of {int(met.sum()):,} reactors against {first.anode} and {first.electrolyte}"
        f"{sure}: an excess of {first.anode} turns it into {becomes}."
    )


def _numbers(results: ResultsDirectory, first: Reactor) -> Iterator[tuple[str, str]]:
    """Criteria with a known error, the weightiest first."""
    known = [(name, each) for name, each in first.criteria.items() if each.standard_deviation]
    for name, each in sorted(known, key=lambda pair: -pair[1].weight):
        if each.within_95 is None:
            continue
        value, within = written(each.value, each.within_95, None, 3), bounds(each.within_95, None)
        text = f"{value} {each.unit} (95 %: {within})".replace("-", "−")
        yield capital(results.study.ranking.known.label(name)), text


def _doubts(results: ResultsDirectory, first: Reactor) -> Iterator[str]:
    """What speaks against it, the gravest first."""
    pair = (first.anode, first.electrolyte)
    metal = first.criteria.get("metal_volume_fraction")
    if metal is not None and metal.value is not None:
        threshold = Threshold.of(equal_spheres=results.study.conditions.percolation_threshold)
        yield (
            f"Its metal, {100 * metal.value:.1f} vol% of the layer, connects with a chance of "
            f"{threshold.chance(metal.value):.0%}: the threshold is {threshold.words}."
        )
    if first.estimated:
        yield f"{first.formula}, or a product of it, is an estimate."
    if first.score_anchored is not None and first.rank_anchored != 1:
        place = f"in place {first.rank_anchored}" if first.rank_anchored else "without a rank"
        yield f"By energies anchored to measurement it is {place}."
    others = [each for each in results.spelled_out(pair) if each is not first and each.passes_filters]
    if others:
        rival = max(others, key=lambda each: each.top_probability.get("top_1") or 0.0)
        chance = rival.top_probability.get("top_1")
        if chance:
            yield f"Within the errors of the energies {rival.formula} is first in {chance:.0%} of all cases."
        elif chance is None:
            yield "Nothing is known of how sure the rank is: there are no probabilities."


def _figure(first: Reactor) -> Markup:
    """Figure 1A as an element of the page."""
    text = StringIO()
    with figure_style():  # which keeps text as text
        figure = reaction_energy_figure(first.against(first.formula), axis="molar")
        figure.savefig(text, format="svg", metadata={"Date": None})
    drawn = text.getvalue()
    drawn = re.sub(r"<metadata>.*?</metadata>", "", drawn[drawn.index("<svg") :], flags=re.DOTALL)
    return Markup(re.sub(r' xmlns(:\w+)?="[^"]*"', "", drawn))  # drawn here from escaped text
