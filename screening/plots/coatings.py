"""Compounds that may stand between two neighbours: what each does to either."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from screening.display import formula_text
from screening.plots.interface import AXES_HEIGHT_IN
from screening.plots.letters import (
    COLUMN_AXES_PT,
    KEY_SIZE_PT,
    LETTERS,
    axes_with_key,
    bounds_in_points,
    draw_letter,
    free_offsets,
    key_lines,
    places_in_points,
    write_key,
)
from screening.plots.style import BLUE, figure_style
from screening.reactors.coatings import COUNTED, Coatings

NAMED = 12
"""Best compounds that carry a letter."""

MARGIN_PT = 5.0


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
    entries = [
        (
            f"{letter}, {formula_text(str(row.formula))}: {row.low_v:.2f} to {row.high_v:.2f} V, "
            f"{row.worst_ev:.3f} eV",
            BLUE,
        )
        for letter, row in zip(LETTERS, best.itertuples(), strict=False)
    ]
    entries.append(("grey: compounds whose own window is narrower than the cell's", "0.25"))
    entries += [(note, "0.25") for note in shown.notes]
    with figure_style():
        if not isinstance(ax, Axes):
            ax = axes_with_key(ax, len(list(key_lines(entries, COLUMN_AXES_PT))), AXES_HEIGHT_IN)
        ax.plot(*worst[~stay].T, ".", color="0.75", markersize=2.0)
        ax.plot(*worst[stay].T, ".", color=BLUE, markersize=3.5)
        depth = 2.5 * max(0.05, *-worst[best.index].min(axis=0)) if len(best) else 0.5
        ax.set_xlim(-depth, 0.04 * depth)
        ax.set_ylim(-depth, 0.04 * depth)
        ax.set_xlabel(f"Worst energy with {formula_text(shown.a)} (eV)")
        ax.set_ylabel(f"Worst energy with {formula_text(shown.b)} (eV)")
        points = worst[best.index]
        if len(points):
            places = places_in_points(ax, points[:, 0], points[:, 1])
            offsets = free_offsets(places, places, np.full(len(places), MARGIN_PT), bounds_in_points(ax))
            for letter, (x, y), offset in zip(LETTERS, points.tolist(), offsets, strict=False):
                draw_letter(ax, letter, (x, y), offset, colour=BLUE)
        write_key(ax, key_lines(entries, COLUMN_AXES_PT), KEY_SIZE_PT)
        return ax
