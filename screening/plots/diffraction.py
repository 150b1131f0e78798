"""Powder patterns with the lines of the phases that they were searched for."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from mpl_toolkits.axes_grid1 import make_axes_locatable

from screening.display import formula_text
from screening.errors import InputError
from screening.lab.diffraction.findings import Identification, Presence
from screening.lab.diffraction.pattern import PowderPattern
from screening.plots.style import BLACK, CYCLE, PAGE_IN, VERMILION, canvas, figure_style

HEIGHT_IN, ROW_IN = 1.7, 0.13
"""Height of a pattern, and of each row of line marks under it."""

MARKS = {Presence.SEEN: "seen", Presence.ABSENT: "absent", Presence.CANNOT_TELL: "?"}
FADED = "0.75"
UNEXPLAINED_SHOWN = 8


class Pattern(Protocol):
    """A measured pattern under whatever it was read as."""

    @property
    def powder(self) -> PowderPattern:
        """Angles and intensities."""
        ...


def draw_pattern(axes: Axes, found: Identification) -> Axes:
    """Measured intensity, the fit and its background; triangles on lines of none of the phases.

    The square root of the intensity is drawn: noise is then the same everywhere, and weak lines show.
    """
    pattern, fit = found.fit.pattern, found.fit
    x = pattern.two_theta_deg
    axes.plot(x, _root(pattern.intensity), ".", color=FADED, markersize=1.0, label="data", rasterized=True)
    axes.plot(x, _root(fit.calculated), color=BLACK, linewidth=0.7, label="phases + background")
    axes.plot(x, _root(fit.base), color="0.5", linewidth=0.6, linestyle="--", label="background")
    for peak in found.unexplained[:UNEXPLAINED_SHOWN]:
        height = _root(np.interp(peak.two_theta_deg, x, pattern.intensity))
        axes.annotate(
            "▾",
            (peak.two_theta_deg, height),
            (0, 2),
            textcoords="offset points",
            ha="center",
            color=VERMILION,
        )
    axes.set_xlim(*pattern.range_deg)
    axes.set_ylim(bottom=0.0)
    axes.margins(y=0.12)
    axes.set_ylabel("√Intensity")
    axes.set_title(pattern.name, loc="left")
    axes.legend(loc="upper right")
    return axes


def _root(intensity: Any) -> Any:
    return np.sqrt(np.maximum(intensity, 0.0))


def draw_lines(axes: Axes, found: Identification) -> Axes:
    """A row of marks per phase, where its lines lie with its fitted strain; pale where it is not seen."""
    labels = []
    for row, finding in enumerate(found.phases):
        colour = CYCLE[row % len(CYCLE)] if finding.presence is Presence.SEEN else FADED
        reference = found.fit.references[row]
        heights = 0.15 + 0.7 * np.sqrt(reference.intensity / max(reference.intensity.max(initial=1.0), 1e-9))
        axes.vlines(found.fit.positions(row), -row, -row + heights, color=colour, linewidth=0.8)
        labels.append(f"{formula_text(finding.name)}  {MARKS[finding.presence]}")
    axes.set_yticks([0.3 - row for row in range(len(labels))], labels)
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(*found.fit.pattern.range_deg)
    axes.set_ylim(-len(labels) + 0.9, 1.1)
    axes.set_xlabel("2θ (°)")
    return axes


def diffraction_figure(found: Sequence[Identification]) -> Figure:
    """One panel per pattern with its line marks below, two journal columns wide, for files and pages."""
    figure = Figure()
    plot_identifications(found, figure)
    return figure


def plot_identifications(
    found: Identification | Sequence[Identification], ax: Axes | Figure | None = None
) -> Axes:
    """Draw patterns, their fits, and where the lines of each phase lie.

    Parameters
    ----------
    found : Identification or sequence of Identification
    ax : Axes or Figure, optional
        Axes take one pattern, and give the lower part of their room to the line marks.

    Returns
    -------
    Axes
        Of the first pattern.
    """
    every = (found,) if isinstance(found, Identification) else tuple(found)
    rows = [max(1, len(each.phases)) * ROW_IN for each in every]
    heights = [size for row in rows for size in (HEIGHT_IN, row)]
    with figure_style():
        if isinstance(ax, Axes):
            if len(every) > 1:
                raise InputError(f"{len(every)} patterns on one axes", where="figure", remedy="draw one")
            panels = [ax, make_axes_locatable(ax).append_axes("bottom", size=rows[0], pad=0.05, sharex=ax)]
        else:
            size = (PAGE_IN, sum(heights) + 0.75 * len(every))
            figure = canvas(ax, size, layout="constrained")
            panels = list(figure.subplots(2 * len(every), 1, squeeze=False, height_ratios=heights)[:, 0])
        for k, each in enumerate(every):
            draw_pattern(panels[2 * k], each)
            panels[2 * k].tick_params(labelbottom=False)
            draw_lines(panels[2 * k + 1], each)
    return panels[0]


def plot_patterns(shown: Pattern | Sequence[Pattern], ax: Axes | Figure | None = None) -> Axes:
    """Draw patterns as they were measured, above one another on one axes."""
    every = tuple(shown) if isinstance(shown, Sequence) else (shown,)
    with figure_style():
        if not isinstance(ax, Axes):
            ax = canvas(ax, (PAGE_IN, HEIGHT_IN + len(every)), layout="constrained").subplots()
        for k, each in enumerate(every):
            height = _root(each.powder.intensity)
            share = height / height.max()
            ax.plot(
                each.powder.two_theta_deg,
                share - k,
                linewidth=0.6,
                label=each.powder.name.replace("$", r"\$"),
            )
        ax.set_xlabel("2θ (°)")
        ax.set_ylabel("√Intensity, offset" if len(every) > 1 else "√Intensity")
        ax.set_yticks([])
        ax.legend(loc="upper right")
    return ax
