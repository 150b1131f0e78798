"""Reactions with one element open: curves of a few potentials, a map of many."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from screening.display import formula_text
from screening.errors import InputError
from screening.plots.interface import AXIS_LABELS, CURVE_POINTS, QUANTITIES, STYLES, plot_reactions
from screening.plots.letters import closing_entries, column_axes, hang_key
from screening.plots.style import figure_style
from screening.thermo.interface import LOWEST_MUTUAL
from screening.thermo.open_system import OpenReaction

MAP_HEIGHT_IN, SHARE_OF_MAP = 2.4, 0.76
"""Height of a map, and what it leaves of the width for its scale."""


def plot_open(
    shown: OpenReaction | Sequence[OpenReaction],
    ax: Axes | Figure | None = None,
    *,
    axis: str = "atomic",
    quantity: str = "total",
    kind: str = "",
) -> Axes:
    """Draw reaction energies against mixing ratio, at several potentials as curves or as a map.

    Parameters
    ----------
    shown : OpenReaction or sequence of OpenReaction
    ax : Axes or Figure, optional
    axis : {"atomic", "molar", "mass"}
    quantity : {"total", "mutual"}
    kind : {"", "curves", "map"}
        A map unless as many curves can be told apart.
    """
    reactions = (shown,) if isinstance(shown, OpenReaction) else tuple(shown)
    if kind not in ("", "curves", "map"):
        raise InputError(f"{kind!r}", where="kind", remedy="give curves or map")
    if kind == "curves" or (not kind and len(reactions) <= len(STYLES)):
        return plot_reactions(reactions, ax, axis=axis, quantity=quantity)
    for name, given, known in (("axis", axis, AXIS_LABELS), ("quantity", quantity, QUANTITIES)):
        if given not in known:
            raise InputError(f"{given!r}", where=name, remedy=f"give one of {', '.join(known)}")
    pairs = {(each.a, each.b) for each in reactions}
    if len(pairs) > 1 or len(reactions) < 2 or any(each.reservoir.voltage_v is None for each in reactions):
        raise InputError(
            "a map is of one pair at several voltages", where="figure", remedy="draw each pair apart"
        )
    with figure_style():
        return _draw_map(
            reactions, ax if isinstance(ax, Axes) else column_axes(ax, MAP_HEIGHT_IN), axis, quantity
        )


def _draw_map(reactions: Sequence[OpenReaction], axes: Axes, axis: str, quantity: str) -> Axes:
    """Energy by colour over mixing ratio and voltage; white points follow the lowest one between the ends."""
    first = reactions[0]
    x = np.linspace(0.0, 1.0, CURVE_POINTS)
    energies = np.array([_energies(each, axis, quantity, x) for each in reactions])
    volts = np.array([each.reservoir.voltage_v for each in reactions])
    mesh = axes.pcolormesh(x, volts, energies, shading="nearest", cmap="cividis", rasterized=True)
    lowest = [each.minimum if quantity == "total" else each.minimum_mutual for each in reactions]
    marked = [kink.x(axis) for kink in lowest]
    axes.plot(marked, volts, ".", color="white", markersize=2.0, clip_on=False)
    place = axes.get_position()
    axes.set_position((place.x0, place.y0, SHARE_OF_MAP * place.width, place.height))
    bar = axes.figure.colorbar(mesh, cax=axes.inset_axes((1.03, 0.0, 0.05, 1.0)))
    bar.set_label(f"Reaction energy, {quantity} (eV/{first.per})")
    axes.set_xlabel(f"{AXIS_LABELS[axis]} of {formula_text(first.a)} in {formula_text(first.b)}")
    axes.set_ylabel(f"Voltage against {first.reservoir.element} (V)")
    at_hull = [name for each in reactions for name in each.at_hull]
    closing = closing_entries(reactions, at_hull, bands=False)
    same = quantity == "mutual" or all(each.told_minimum == "minimum" for each in reactions)
    told = "the minimum between the ends" if same else f"the {LOWEST_MUTUAL} energy between the ends"
    hang_key(axes, [(f"white: {told}", "0.25"), *closing])
    return axes


def _energies(reaction: OpenReaction, axis: str, quantity: str, x: np.ndarray) -> np.ndarray:
    """Energies at fractions of A on an axis, (n,) float arrays; between kinks the curve is bent there."""
    counted = np.union1d(reaction.x_counted, x)
    at_kinks = [getattr(kink, f"{quantity}_ev_per_atom") for kink in reaction.kinks]
    curve = np.interp(counted, reaction.x_counted, at_kinks)
    return np.interp(x, reaction.fraction_of_a(axis, counted), curve)
