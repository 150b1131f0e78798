"""Powder patterns with the lines of the phases that they were searched for."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from screening.lab.diffraction.identify import Identification, Presence
from screening.plots.interface import formula_text
from screening.plots.style import BLACK, COLUMN_IN, CYCLE, VERMILION, figure_style

HEIGHT_IN, ROW_IN = 1.7, 0.13
"""Height of a pattern, and of each row of line marks under it."""

MARKS = {Presence.SEEN: "seen", Presence.ABSENT: "absent", Presence.CANNOT_TELL: "?"}
FADED = "0.75"
UNEXPLAINED_SHOWN = 8


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
    axes.set_ylabel("√intensity")
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
    """One panel per pattern with its line marks below, two journal columns wide."""
    rows = [max(1, len(each.phases)) * ROW_IN for each in found]
    heights = [size for row in rows for size in (HEIGHT_IN, row)]
    with figure_style():
        figure = Figure(figsize=(2.0 * COLUMN_IN, sum(heights) + 0.75 * len(found)), layout="constrained")
        axes = figure.subplots(2 * len(found), 1, squeeze=False, height_ratios=heights)[:, 0]
        for k, each in enumerate(found):
            draw_pattern(axes[2 * k], each)
            axes[2 * k].tick_params(labelbottom=False)
            draw_lines(axes[2 * k + 1], each)
    return figure
