"""What a compound holds of an element against voltage, on both sides of what it is."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from screening.display import formula_text
from screening.plots.interface import (
    AXES_HEIGHT_IN,
    CURVE_CLEARANCE_PT,
    STYLES,
    products_text,
    require_few_curves,
    sampled,
)
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
from screening.plots.style import figure_style
from screening.thermo.titration import Titration, Window


def plot_titrations(shown: Titration | Sequence[Titration], ax: Axes | Figure | None = None) -> Axes:
    """Draw what is held per formula against voltage; the windows of a single formula are shaded.

    Parameters
    ----------
    shown : Titration or sequence of Titration
    ax : Axes or Figure, optional
        Where to draw; a new figure of one column width unless given.

    Returns
    -------
    Axes
    """
    titrations = (shown,) if isinstance(shown, Titration) else tuple(shown)
    require_few_curves(len(titrations))
    with figure_style():
        if not isinstance(ax, Axes):
            ax = axes_with_key(ax, len(list(key_lines(_entries(titrations), COLUMN_AXES_PT))), AXES_HEIGHT_IN)
        return _draw(titrations, ax)


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
    axes.set_xlabel(f"Voltage vs {element} (V)")
    axes.set_ylabel(f"{element} held per formula")
    axes.legend(loc="upper right", borderaxespad=0.3)
    _place_letters(axes, titrations, curves)
    write_key(axes, key_lines(_entries(titrations), np.diff(bounds_in_points(axes)[::2])[0]), KEY_SIZE_PT)
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


def _place_letters(
    axes: Axes, titrations: Sequence[Titration], curves: Sequence[tuple[np.ndarray, np.ndarray]]
) -> None:
    """A letter at the far end of each plateau."""
    anchors = [
        (step.voltage_v, each.held_per_formula + step.uptake_per_formula, style.colour)
        for each, style in zip(titrations, STYLES, strict=False)
        for step in each.steps
    ]
    if not anchors:
        return
    lines = np.concatenate([sampled(places_in_points(axes, *curve)) for curve in curves])
    places = places_in_points(axes, [x for x, _, _ in anchors], [y for _, y, _ in anchors])
    clearance = np.full(len(lines), CURVE_CLEARANCE_PT)
    offsets = free_offsets(places, lines, clearance, bounds_in_points(axes))
    for letter, (x, y, colour), offset in zip(LETTERS, anchors, offsets, strict=False):
        draw_letter(axes, letter, (x, y), offset, colour=colour)


def _entries(titrations: Sequence[Titration]) -> list[tuple[str, str]]:
    """What each letter stands for, with its colour, and the marks."""
    steps = [
        (f"{step.voltage_v:.3g} V: {products_text(step, each.lithiation.estimated_phases)}", style.colour)
        for each, style in zip(titrations, STYLES, strict=False)
        for step in each.steps
    ]
    entries = [(f"{letter}, {text}", colour) for letter, (text, colour) in zip(LETTERS, steps, strict=False)]
    marks = {
        "* rests on an estimated phase": [n for t in titrations for n in t.lithiation.estimated_phases],
        "† not in the snapshot, taken at its hull energy": [
            t.formula for t in titrations if t.lithiation.at_hull
        ],
    }
    entries += [
        (f"{mark}: {', '.join(formula_text(name) for name in dict.fromkeys(named))}", "0.25")
        for mark, named in marks.items()
        if named
    ]
    return entries + [
        (c, "0.25") for c in dict.fromkeys(c for t in titrations for c in t.lithiation.cautions)
    ]
