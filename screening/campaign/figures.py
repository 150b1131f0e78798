"""Figures 1A and 1F of every reactor that a campaign spells out."""

from collections.abc import Iterator
from dataclasses import dataclass

from screening.reactors.detail import ReactorDetail
from screening.thermo.interface import InterfaceReaction


@dataclass(frozen=True)
class FigurePlan:
    """One figure to draw: its file name without suffix, and its curves."""

    name: str
    curves: tuple[InterfaceReaction, ...]


def reactor_figures(reactor: ReactorDetail, pair: str = "") -> Iterator[FigurePlan]:
    """Figure 1A (anode and alloy | reactor) and, where there is an alloy, 1F (both | sulfide).

    Parameters
    ----------
    reactor : ReactorDetail
    pair : str
        Added to the names where a study has more than one pair of anode and sulfide.
    """
    against_reactor = (reactor.with_anode, reactor.with_alloy)
    against_sulfide = (reactor.sulfide_with_anode, reactor.sulfide_with_alloy)
    for figure, curves in (("1a", against_reactor), ("1f", against_sulfide)):
        drawn = tuple(curve for curve in curves if curve is not None)
        if figure == "1a" or len(drawn) > 1:
            yield FigurePlan(f"figure_{figure}_{reactor.formula}{pair}", drawn)
