"""One look for all figures: a journal column, colour-blind-safe colours, text that stays text."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import matplotlib as mpl
from cycler import cycler
from matplotlib.figure import Figure

COLUMN_IN = 1004.0 / 300.0
"""Width of a single journal column, inches: 85 mm in whole pixels at 300 dpi."""

FONT = "DejaVu Sans"
"""The font that comes with matplotlib, so that figures are the same everywhere."""

BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILION, PURPLE = (
    "#000000",
    "#E69F00",
    "#56B4E9",
    "#009E73",
    "#F0E442",
    "#0072B2",
    "#D55E00",
    "#CC79A7",
)
"""Colours told apart with any colour vision: M. Okabe, K. Ito, Color Universal Design (2008)."""

CYCLE = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, BLACK)


@contextmanager
def figure_style() -> Iterator[None]:
    """Set the look for the figures made within.

    Only these are put back at the end: pyplot, when first imported within, makes notebooks interactive.
    """
    settings: dict[Any, Any] = {
        "font.family": "sans-serif",
        "font.sans-serif": [FONT],
        "font.size": 7.0,
        "axes.labelsize": 7.5,
        "axes.titlesize": 7.5,
        "axes.linewidth": 0.6,
        "axes.prop_cycle": cycler(color=CYCLE),
        "xtick.labelsize": 6.5,
        "ytick.labelsize": 6.5,
        "xtick.direction": "in",
        "ytick.direction": "in",
        "xtick.major.width": 0.6,
        "ytick.major.width": 0.6,
        "legend.fontsize": 6.5,
        "legend.frameon": False,
        "lines.linewidth": 1.1,
        "lines.markersize": 3.2,
        "svg.fonttype": "none",
        "pdf.fonttype": 42,
        "savefig.dpi": 300,
    }
    before = {name: mpl.rcParams[name] for name in settings}
    mpl.rcParams.update(settings)
    try:
        yield
    finally:
        mpl.rcParams.update(before)


def canvas(
    figure: Figure | None, size_in: tuple[float, float], *, layout: Literal["none", "constrained"] = "none"
) -> Figure:
    """A figure of a size to lay out: the one given, or a new one of pyplot, which notebooks show.

    Parameters
    ----------
    figure : Figure or None
    size_in : tuple of float
        Width and height, inches.
    layout : {"none", "constrained"}
        Layout engine; margins are the caller's without one.
    """
    if figure is None:
        from matplotlib import pyplot as plt

        figure = plt.figure()
    figure.set_size_inches(*size_in)
    figure.set_layout_engine(layout)
    return figure
