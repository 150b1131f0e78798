"""One look for all figures: a journal column, colour-blind-safe colours, text that stays text."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from string import ascii_uppercase
from typing import Any, Literal

import matplotlib as mpl
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager

COLUMN_IN, PAGE_IN = 1004.0 / 300.0, 2008.0 / 300.0
"""Widths of one and of two journal columns, inches: 85 and 170 mm in whole pixels at 300 dpi."""

FONTS = ("Arial", "Liberation Sans", "DejaVu Sans")
"""What journals ask for and Windows has, the same widths elsewhere, and what comes with matplotlib: each
glyph is taken from the first that is installed, and from the last what that lacks."""

GREY = "#7F7F7F"

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


@cache
def faces() -> list[str]:
    """Families of every text: the first of `FONTS` that is installed, and the one that lacks no glyph."""
    installed = {font.name for font in fontManager.ttflist}
    return [next(name for name in FONTS if name in installed or name == FONTS[-1]), FONTS[-1]]


@contextmanager
def figure_style() -> Iterator[None]:
    """Set the look for the figures made within.

    Only these are put back at the end: pyplot, when first imported within, makes notebooks interactive.
    """
    settings: dict[Any, Any] = {
        "font.family": faces(),
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


def letter_panels(panels: Iterable[Axes]) -> None:
    """Name panels A, B, C … in bold above their left ends, before a title that they have."""
    for letter, axes in zip(ascii_uppercase, panels, strict=False):
        axes.annotate(
            letter, (0.0, 1.0), (-24.0, 5.0), xycoords="axes fraction", textcoords="offset points",
            fontweight="bold", fontsize=8.5, annotation_clip=False,
        )  # fmt: skip
