"""A layer against its lithium potential: what it consists of, and how it attacks the electrolyte."""

import numpy as np
from matplotlib.figure import Figure

from screening.campaign.document import Reactor
from screening.display import formula_text
from screening.plots.style import BLACK, BLUE, COLUMN_IN, GREEN, VERMILION, canvas, figure_style
from screening.reactors.criteria import criterion

HEIGHT_IN = 3.4
ABOVE_V = 0.3
"""How far the axis goes past the highest potential at which anything changes."""


def layer_figure(reactor: Reactor) -> Figure:
    """Draw volume fractions and attack against the potential V*; a dotted line marks the layer's own."""
    states = reactor.at_potential
    volts = np.array([state.potential_v for state in states])
    high = float(volts[0]) + ABOVE_V
    with figure_style():
        drawn = canvas(Figure(), (COLUMN_IN, HEIGHT_IN), layout="constrained")
        upper, lower = drawn.subplots(2, 1, sharex=True)
        for name, colour, label in (
            ("metal_fraction", VERMILION, "metal"),
            ("salt_fraction", GREEN, "salt"),
            ("electrolyte_fraction", BLUE, formula_text(reactor.electrolyte)),
        ):
            percent = [100.0 * getattr(state.layer, name) for state in states]
            # a state holds from its potential down to the next one
            upper.step(volts, percent, where="post", color=colour, label=label)
        attack = [state.attack_ev_per_atom for state in states]
        lower.plot([high, *volts], [0.0, *attack], color=BLACK)
        own = reactor.criteria[criterion("alloy_potential").name].value
        for axes in (upper, lower):
            if own is not None:
                axes.axvline(own, color="0.5", linewidth=0.8, linestyle=":")
        upper.set(ylabel=f"Volume (%), {formula_text(reactor.formula)}", ylim=(0.0, 100.0))
        upper.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
        lower.set(
            xlabel=f"V* against {reactor.anode} (V)",
            ylabel="Attack on the electrolyte\n(eV/atom)",
            xlim=(high, 0.0),
        )
    return drawn
