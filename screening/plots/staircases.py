"""Uptake staircases: voltage against what is taken up, each plateau named by its products."""

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from screening.display import formula_text
from screening.errors import InputError
from screening.plots.interface import (
    AXES_HEIGHT_IN,
    BAND_ALPHA,
    LEGEND_LINE_PT,
    LEGEND_MARGIN_PT,
    STYLES,
    CurveStyle,
    require_few_curves,
)
from screening.plots.letters import (
    Mark,
    bounds_in_points,
    closing_entries,
    column_axes,
    name_curves,
    products_text,
    reaction_text,
)
from screening.plots.style import figure_style
from screening.thermo.intervals import with_bounds, written
from screening.thermo.lithiation import Lithiation
from screening.thermo.uptake import Step

UPTAKE_AXES = {"uptake": "uptake_per_formula", "capacity": "capacity_mah_per_g"}
"""What voltages can be drawn against, and the attribute of a step that holds it."""

BEYOND = 1.05
"""How far the axes go beyond the last plateau and the highest voltage."""


def plot_staircases(
    shown: Lithiation | Sequence[Lithiation], ax: Axes | Figure | None = None, *, axis: str = "uptake"
) -> Axes:
    """Draw voltage against uptake; each plateau is named by what it ends as, beside it or in a key below.

    Parameters
    ----------
    shown : Lithiation or sequence of Lithiation
    ax : Axes or Figure, optional
        Where to draw; a new figure of one column width unless given.
    axis : {"uptake", "capacity"}
        Atoms per formula, or mAh/g of the formula.

    Raises
    ------
    InputError
        If there are more curves than can be told apart, or there is no such axis.
    """
    lithiations = (shown,) if isinstance(shown, Lithiation) else tuple(shown)
    require_few_curves(len(lithiations))
    if axis not in UPTAKE_AXES:
        raise InputError(f"{axis!r}", where="axis", remedy=f"give one of {', '.join(UPTAKE_AXES)}")
    with figure_style():
        return _draw(lithiations, ax if isinstance(ax, Axes) else column_axes(ax, AXES_HEIGHT_IN), axis)


def _draw(lithiations: Sequence[Lithiation], axes: Axes, axis: str) -> Axes:
    element = lithiations[0].element
    legend_pt = LEGEND_LINE_PT * len(lithiations) + LEGEND_MARGIN_PT
    curves = [staircase_line(each, axis) for each in lithiations]
    share = min(legend_pt / float(np.diff(bounds_in_points(axes)[1::2])[0]), 0.7)
    axes.set_xlim(0.0, BEYOND * max(*(x[-1] for x, _ in curves), 1.0))
    highest = [each.cathodic_limit_95_v.high for each in lithiations if each.cathodic_limit_95_v]
    axes.set_ylim(0.0, BEYOND * max(*(y[0] for _, y in curves), *highest, 0.1) / (1.0 - share))
    for each, style, curve in zip(lithiations, STYLES, curves, strict=False):
        axes.plot(*curve, style.line, color=style.colour, label=_name(each), clip_on=False)
        _draw_bands(each, axes, axis, style.colour)
    names = {"uptake": f"{element} taken up (atoms per formula)", "capacity": "Capacity (mAh/g)"}
    axes.set_xlabel(names[axis])
    axes.set_ylabel(f"Voltage against {lithiations[0].couple} (V)")
    axes.legend(loc="upper right", borderaxespad=0.3)
    marks = [mark for each in zip(lithiations, STYLES, curves, strict=False) for mark in _marks(*each)]
    closing = closing_entries(lithiations, [each.formula for each in lithiations if each.at_hull])
    name_curves(axes, curves, marks, closing, below_pt=legend_pt - LEGEND_LINE_PT / 2.0)
    return axes


def _draw_bands(lithiation: Lithiation, axes: Axes, axis: str, colour: str) -> None:
    """A light band around each plateau where the true voltage lies."""
    start = 0.0
    for step in lithiation.steps:
        end = getattr(step, UPTAKE_AXES[axis])
        if step.voltage_95_v is not None:
            axes.fill_between(
                [start, end], *step.voltage_95_v, color=colour, alpha=BAND_ALPHA, linewidth=0.0, zorder=1
            )
        start = end


def _name(lithiation: Lithiation) -> str:
    mark = "*" * bool(lithiation.origins) + "†" * lithiation.at_hull
    idle = "" if lithiation.steps else f" (takes up no {lithiation.element})"
    return formula_text(lithiation.formula) + mark + idle


def staircase_line(lithiation: Lithiation, axis: str) -> tuple[np.ndarray, np.ndarray]:
    """A staircase as it is drawn, from no uptake down to 0 V: (2 n + 1,) arrays, one point without steps."""
    ends = np.array([getattr(step, UPTAKE_AXES[axis]) for step in lithiation.steps])
    volts = np.array([step.voltage_v for step in lithiation.steps])
    return np.concatenate([[0.0], np.repeat(ends, 2)]), np.concatenate([np.repeat(volts, 2), [0.0]])


def _marks(lithiation: Lithiation, style: CurveStyle, curve: tuple[np.ndarray, np.ndarray]) -> Iterator[Mark]:
    """Each plateau by its middle, with what it ends as."""
    x, y = curve
    for number, step in enumerate(lithiation.steps):
        yield Mark(
            float(x[2 * number] + x[2 * number + 1]) / 2.0,
            float(y[2 * number]),
            products_text(step, lithiation.origins),
            f"{told_voltage(step)}: {reaction_text(step, lithiation.origins)}",
            style.colour,
        )


def told_voltage(step: Step) -> str:
    """A plateau's voltage with its interval: ``1.6 V (1.3 to 2.2)``."""
    return with_bounds(written(step.voltage_v, step.voltage_95_v, None, 2) + " V", step.voltage_95_v, None)
