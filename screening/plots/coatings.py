"""Compounds that may stand between two neighbours: what each does to either."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from screening.display import formula_text
from screening.plots.interface import AXES_HEIGHT_IN
from screening.plots.letters import (
    Mark,
    Room,
    bounds_in_points,
    column_axes,
    hang_key,
    name_points,
    places_in_points,
)
from screening.plots.style import BLUE, figure_style
from screening.reactors.coatings import COUNTED, Coatings

NAMED = 12
"""Best compounds that carry a letter."""

MARGIN_PT = 6.0


def plot_coatings(shown: Coatings, ax: Axes | Figure | None = None) -> Axes:
    """Draw the worst contact with one neighbour against that with the other; the best carry letters.

    Parameters
    ----------
    shown : Coatings
    ax : Axes or Figure, optional
        Where to draw; a new figure of one column width unless given.

    Returns
    -------
    Axes
    """
    stay = shown.table["stays"].to_numpy(dtype=bool)
    worst = np.column_stack(
        [shown.table[[name for name in COUNTED if name.endswith(side)]].min(axis=1) for side in ("_a", "_b")]
    )
    best = shown.table[stay].head(NAMED)
    named = [
        Mark(x, y, formula_text(str(row.formula)), _explained(row), BLUE)
        for row, (x, y) in zip(best.itertuples(), worst[best.index].tolist(), strict=True)
    ]
    with figure_style():
        axes = ax if isinstance(ax, Axes) else column_axes(ax, AXES_HEIGHT_IN)
        axes.plot(*worst[~stay].T, ".", color="0.75", markersize=2.0)
        axes.plot(*worst[stay].T, ".", color=BLUE, markersize=3.5)
        depth = 2.5 * max(0.05, *-worst[best.index].min(axis=0)) if len(best) else 0.5
        axes.set_xlim(-depth, 0.04 * depth)
        axes.set_ylim(-depth, 0.04 * depth)
        axes.set_xlabel(f"Worst energy with {formula_text(shown.a)} (eV)")
        axes.set_ylabel(f"Worst energy with {formula_text(shown.b)} (eV)")
        every = places_in_points(axes, *worst[stay].T)
        room = Room(every, np.full(len(every), MARGIN_PT), bounds_in_points(axes))
        told = ["grey: compounds whose own window is narrower than the cell's", *shown.notes]
        hang_key(axes, [*name_points(axes, named, room), *((text, "0.25") for text in told)])
        return axes


def _explained(row: Any) -> str:
    """A compound by its own window and its worst contact."""
    window = f"{row.low_v:.2f} to {row.high_v:.2f} V"
    return f"{formula_text(str(row.formula))}: {window}, {row.worst_ev:.3f} eV"
