"""What a compound holds of an element against voltage, on both sides of what it is."""

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from screening.display import formula_text
from screening.plots.interface import (
    AXES_HEIGHT_IN,
    STYLES,
    CurveStyle,
    require_few_curves,
)
from screening.plots.letters import (
    Mark,
    closing_entries,
    column_axes,
    name_curves,
    products_text,
    reaction_text,
)
from screening.plots.staircases import told_voltage
from screening.plots.style import figure_style
from screening.thermo.titration import Titration, Window


def plot_titrations(shown: Titration | Sequence[Titration], ax: Axes | Figure | None = None) -> Axes:
    """Draw what is held per formula against voltage; the windows of a single formula are shaded.

    Parameters
    ----------
    shown : Titration or sequence of Titration
    ax : Axes or Figure, optional
        Where to draw; a new figure of one column width unless given.
    """
    titrations = (shown,) if isinstance(shown, Titration) else tuple(shown)
    require_few_curves(len(titrations))
    with figure_style():
        return _draw(titrations, ax if isinstance(ax, Axes) else column_axes(ax, AXES_HEIGHT_IN))


def _draw(titrations: Sequence[Titration], axes: Axes) -> Axes:
    element, highest = titrations[0].element, max(each.to_v for each in titrations)
    most = max(
        each.held_per_formula + max([0.0, *(s.uptake_per_formula for s in each.steps)]) for each in titrations
    )
    axes.set_xlim(0.0, highest)
    axes.set_ylim(0.0, 1.12 * max(most, 1.0))
    if len(titrations) == 1:
        _shade(axes, titrations[0].useful, highest, "0.93", "useful window")
        _shade(axes, titrations[0].strict, highest, "0.83", "strict window")
    curves = [_curve(each) for each in titrations]
    for each, style, curve in zip(titrations, STYLES, curves, strict=False):
        name = formula_text(each.formula) + "*" * each.lithiation.estimated + "†" * each.lithiation.at_hull
        axes.plot(*curve, style.line, color=style.colour, label=name)
    axes.set_xlabel(f"Voltage against {titrations[0].lithiation.couple} (V)")
    axes.set_ylabel(f"{element} held (atoms per formula)")
    axes.legend(loc="upper right", borderaxespad=0.3)
    found = [titration.lithiation for titration in titrations]
    marks = [mark for each in zip(titrations, STYLES, strict=False) for mark in _marks(*each)]
    at_hull = [each.formula for each in found if each.at_hull]
    name_curves(axes, curves, marks, closing_entries(found, at_hull, bands=False))
    return axes


def _shade(axes: Axes, window: Window, highest: float, colour: str, label: str) -> None:
    low, high = window.low_v or 0.0, highest if window.high_v is None else window.high_v
    axes.axvspan(low, min(high, highest), color=colour, linewidth=0.0, zorder=0, label=label)


def _curve(titration: Titration) -> tuple[np.ndarray, np.ndarray]:
    """What is held from the highest voltage down to 0 V."""
    volts = np.array([step.voltage_v for step in titration.steps])
    held = titration.held_per_formula
    before = [*(s.uptake_per_formula for s in titration.releases[::-1]), 0.0]
    levels = held + np.array([*before, *(s.uptake_per_formula for s in titration.lithiation.steps)])
    return np.concatenate([[titration.to_v], np.repeat(volts, 2), [0.0]]), np.repeat(levels, 2)


def _marks(titration: Titration, style: CurveStyle) -> Iterator[Mark]:
    """Each plateau by its far end, with what it ends as."""
    marked = titration.lithiation.origins
    for step in titration.steps:
        yield Mark(
            step.voltage_v,
            titration.held_per_formula + step.uptake_per_formula,
            products_text(step, marked),
            f"{told_voltage(step)}: {reaction_text(step, marked)}",
            style.colour,
        )
