"""Reaction energy against mixing ratio, in the manner of Figures 1A and 1F of doi 10.1002/aenm.202300815."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from screening.display import formula_text
from screening.errors import InputError
from screening.plots.letters import (
    CURVE_CLEARANCE_PT,
    Mark,
    Room,
    bounds_in_points,
    closing_entries,
    column_axes,
    hang_key,
    name_points,
    places_in_points,
    products_text,
    reaction_text,
    sampled,
    width_in_points,
    wrapped,
)
from screening.plots.style import CYCLE, GREY, figure_style
from screening.thermo.interface import AXES, QUANTITIES, InterfaceReaction

AXIS_LABELS = {"atomic": "Atomic fraction", "molar": "Molar fraction", "mass": "Mass fraction"}

CURVE_POINTS = 201
"""Points of a curve, which is straight between kinks on the atomic axis only."""

LEGEND_LINE_PT, LEGEND_SIZE_PT, LEGEND_HANDLE_PT = 10.8, 6.5, 27.0
"""Height of a line of the legend, size of its text, and room for a handle with margins, in points."""

MOST_IN_ONE_COLUMN = 3
"""Curves that the legend lists below each other in any case."""

LEGEND_MARGIN_PT = 12.0
"""Free space around the legend, above and below together, in points."""

LABEL_SIZE_PT = 7.5

BAND_POINTS = 41
"""Points of a band's edge."""

BAND_ALPHA = 0.15
"""How much of its colour a band of 95 % keeps, so that curves stay readable in it."""

AXES_HEIGHT_IN, CURVE_HEIGHT_IN = 2.2, 0.15
"""Height of the axes for two curves, and more for each further one."""

BELOW_MINIMUM = 1.18
"""How far the energy axis goes down, as a multiple of the lowest energy."""

FLAT_EV, FLAT_DEPTH_EV, LEAST_DEPTH_EV = 1e-4, 0.1, 1e-3
"""Curves shallower than the first are flat, and get the second as depth; the last is the least depth."""

KINK_CLEARANCE_PT = 6.0
"""Least distance of a name from kinks."""


@dataclass(frozen=True)
class CurveStyle:
    """Look of one curve."""

    colour: str
    line: Literal["-", "--", ":"]
    marker: str


STYLES = (
    *(CurveStyle(colour, "-", "o") for colour in CYCLE),
    *(CurveStyle(colour, "--", "s") for colour in CYCLE),
)
"""Looks that can be told apart: as many curves as one figure holds."""

REFERENCE_STYLE = CurveStyle(GREY, ":", "")
"""Look of a curve that is there to compare with."""


def require_few_curves(count: int) -> None:
    """See that so many curves can be told apart in one figure.

    Raises
    ------
    InputError
        If there are more than `STYLES`.
    """
    if count > len(STYLES):
        raise InputError(
            f"{count} curves cannot be told apart in one figure",
            where="figure",
            remedy=f"draw at most {len(STYLES)} at once",
        )


def plot_reactions(
    shown: InterfaceReaction | Sequence[InterfaceReaction],
    ax: Axes | Figure | None = None,
    *,
    axis: str = "atomic",
    quantity: str = "total",
    reference: InterfaceReaction | None = None,
) -> Axes:
    """Draw reaction-energy curves, with kinks marked.

    The minimum of each curve and its last kink before pure A are named: by their products where there is room
    beside them, else by a letter, with the whole reaction in a key below the axes. Names are placed for the
    size that the axes have when this is called; the page grows where the key would leave it.

    Parameters
    ----------
    shown : InterfaceReaction or sequence of InterfaceReaction
        Curves that share a reactant, as lithium and its alloy against one reactor.
    ax : Axes or Figure, optional
        Where to draw; a new figure of one column width unless given.
    axis : {"atomic", "molar", "mass"}
        Mixing fraction of A.
    quantity : {"total", "mutual"}
        Energies from the reactants' own ones, or from their hull energies.
    reference : InterfaceReaction, optional
        A curve to compare with, drawn in grey and without names.

    Raises
    ------
    InputError
        If there are more curves than can be told apart (`STYLES`), or there is no such axis or quantity.
    """
    reactions = (shown,) if isinstance(shown, InterfaceReaction) else tuple(shown)
    require_few_curves(len(reactions))
    for name, given, known in (("axis", axis, AXES), ("quantity", quantity, QUANTITIES)):
        if given not in known:
            raise InputError(f"{given!r}", where=name, remedy=f"give one of {', '.join(known)}")
    with figure_style():
        if not isinstance(ax, Axes):
            ax = column_axes(ax, AXES_HEIGHT_IN + max(0, len(reactions) - 2) * CURVE_HEIGHT_IN)
        return _draw_reactions(reactions, ax, axis, reference, mutual=quantity == "mutual")


def reaction_energy_figure(
    reactions: Sequence[InterfaceReaction], *, axis: str = "atomic", mutual: bool = False
) -> Figure:
    """A figure of one column width with `plot_reactions` in it, for files and pages."""
    figure = Figure()
    plot_reactions(reactions, figure, axis=axis, quantity="mutual" if mutual else "total")
    return figure


def _draw_reactions(
    reactions: Sequence[InterfaceReaction],
    axes: Axes,
    axis: str,
    reference: InterfaceReaction | None,
    *,
    mutual: bool,
) -> Axes:
    drawn = [*zip(reactions, STYLES, strict=False)]
    drawn += [(reference, REFERENCE_STYLE)] if reference else []
    every = [reaction for reaction, _ in drawn]
    width = float(np.diff(bounds_in_points(axes)[::2])[0])
    names = _names(every, width)
    columns = _legend_columns(names, width)
    lines = -(-sum(1 + name.count("\n") for name in names) // columns)
    legend_pt = LEGEND_LINE_PT * lines + LEGEND_MARGIN_PT
    _set_limits(axes, np.concatenate([_lows(reaction, mutual) for reaction in every]), legend_pt)
    for reaction, style in drawn:
        _draw_curve(reaction, axes, axis, mutual, style)
    axes.axhline(0.0, color="0.6", linewidth=0.5, zorder=1)
    axes.set_xlabel(_x_label(reactions, axis, width))
    axes.set_ylabel(f"Reaction energy, {'mutual' if mutual else 'total'} (eV/{reactions[0].per})")
    handles = [
        Line2D([], [], color=style.colour, ls=style.line, marker=style.marker, markerfacecolor="white")
        for _, style in drawn
    ]
    axes.legend(handles, names, loc="upper center", ncols=columns, handlelength=2.2, borderaxespad=0.3)
    marks = [mark for each in zip(reactions, STYLES, strict=False) for mark in _marks(*each, axis, mutual)]
    room = _room(every, axes, axis, mutual, marks, legend_pt)
    hang_key(
        axes,
        [
            *name_points(axes, marks, room),
            *closing_entries(every, [name for each in every for name in each.at_hull]),
        ],
    )
    return axes


def _energies(reaction: InterfaceReaction, mutual: bool) -> np.ndarray:
    return np.array([k.mutual_ev_per_atom if mutual else k.total_ev_per_atom for k in reaction.kinks])


def _lows(reaction: InterfaceReaction, mutual: bool) -> np.ndarray:
    """Energies at the kinks, or the lower ends of their intervals."""
    each = [k.mutual_95_ev_per_atom if mutual else k.total_95_ev_per_atom for k in reaction.kinks]
    energies = _energies(reaction, mutual).tolist()
    return np.array([e if within is None else within.low for e, within in zip(energies, each, strict=True)])


def _name(reaction: InterfaceReaction) -> str:
    """A curve in the legend: reactants, marks that the key explains, and whether nothing happens."""
    mark = "*" * bool(reaction.origins) + "†" * bool(reaction.at_hull)
    idle = "" if reaction.reacts else " (no reaction)"
    return f"{formula_text(reaction.title)}{mark}{idle}"


def _names(reactions: Sequence[InterfaceReaction], width_pt: float) -> list[str]:
    """Curves in the legend, broken into lines that the axes are wide enough for."""
    room = width_pt - LEGEND_HANDLE_PT
    return ["\n".join(wrapped(_name(reaction), LEGEND_SIZE_PT, room)) for reaction in reactions]


def _legend_columns(names: Sequence[str], width_pt: float) -> int:
    """Two columns for many curves with short names, else one."""
    widest = max(width_in_points(name, LEGEND_SIZE_PT) for name in names) + LEGEND_HANDLE_PT
    return 2 if len(names) > MOST_IN_ONE_COLUMN and 2.0 * widest < width_pt else 1


def _set_limits(axes: Axes, energies: np.ndarray, legend_pt: float) -> None:
    """Limits of both axes, with room for all energies and above them for the legend."""
    deepest = max(0.0, -float(energies.min()))
    depth = max(deepest, LEAST_DEPTH_EV) if deepest > FLAT_EV else FLAT_DEPTH_EV
    height = float(np.diff(bounds_in_points(axes)[1::2])[0])
    share = min(legend_pt / height, 0.7)
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(-BELOW_MINIMUM * depth, BELOW_MINIMUM * depth * share / (1.0 - share))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 5, 10]))


def either(names: Iterable[str]) -> str:
    """Reactants that stand at one end of an axis, each once."""
    return " or ".join(formula_text(name) for name in dict.fromkeys(names))


def _x_label(reactions: Sequence[InterfaceReaction], axis: str, width_pt: float) -> str:
    """Whose fraction in what, or as much of it as the axes are wide for."""
    a, b = (either(getattr(r, end) for r in reactions) for end in "ab")
    mixture = f"x in x {a if ' or ' not in a else f'({a})'} + (1 − x) {b if ' or ' not in b else f'({b})'}"
    short = f"{AXIS_LABELS[axis]} of {a}"
    longest_first = (mixture if axis == "molar" else f"{short} in {b}", short)
    fitting = [text for text in longest_first if width_in_points(text, LABEL_SIZE_PT) <= width_pt]
    return fitting[0] if fitting else f"{AXIS_LABELS[axis]} of the first reactant"


def _draw_curve(reaction: InterfaceReaction, axes: Axes, axis: str, mutual: bool, style: CurveStyle) -> None:
    """Draw one curve with its inner kinks, and its ends where they are named; one to compare with bare."""
    energies = _energies(reaction, mutual)
    axes.plot(*_curve(reaction, axis, mutual), style.line, color=style.colour, zorder=2)
    if style.marker:
        _draw_band(reaction, axes, axis, mutual, style.colour)
    marked = sorted({*range(1, len(reaction.kinks) - 1), *_named(reaction, mutual)})
    if not marked or not style.marker:
        return
    axes.plot(
        [reaction.kinks[number].x(axis) for number in marked],
        energies[marked],
        style.marker,
        color=style.colour,
        markerfacecolor="white",
        zorder=3,
        clip_on=False,
    )


def _curve(reaction: InterfaceReaction, axis: str, mutual: bool) -> tuple[np.ndarray, np.ndarray]:
    """A curve as it is drawn: fractions of A on the axis, and energies."""
    return sampled_curve(reaction, axis, _energies(reaction, mutual))


def sampled_curve(
    reaction: InterfaceReaction, axis: str, at_kinks: np.ndarray, points: int = CURVE_POINTS
) -> tuple[np.ndarray, np.ndarray]:
    """What is linear between kinks by counted atoms, along an axis: fractions of A, and values there."""
    dense = np.union1d(reaction.x_counted, np.linspace(0.0, 1.0, points))
    return reaction.fraction_of_a(axis, dense), np.interp(dense, reaction.x_counted, at_kinks)


def _draw_band(reaction: InterfaceReaction, axes: Axes, axis: str, mutual: bool, colour: str) -> None:
    """A light band where the true curve lies, as far as the kinks carry intervals."""
    each = [k.mutual_95_ev_per_atom if mutual else k.total_95_ev_per_atom for k in reaction.kinks]
    known = [within for within in each if within is not None]
    if len(known) == len(each):
        (x, low), (_, high) = (
            sampled_curve(reaction, axis, np.array(ends), BAND_POINTS) for ends in zip(*known, strict=True)
        )
        axes.fill_between(x, low, high, color=colour, alpha=BAND_ALPHA, linewidth=0.0, zorder=1)


def _marks(reaction: InterfaceReaction, style: CurveStyle, axis: str, mutual: bool) -> Iterator[Mark]:
    """What is named of a curve: the minimum, which may be pure B, and the end rich in A."""
    energies = _energies(reaction, mutual)
    for number, what in _named(reaction, mutual).items():
        kink = reaction.kinks[number]
        yield Mark(
            kink.x(axis),
            float(energies[number]),
            products_text(kink, reaction.origins),
            f"{what}: {reaction_text(kink, reaction.origins)}",
            style.colour,
        )


def _named(reaction: InterfaceReaction, mutual: bool) -> dict[int, str]:
    """Kinks that are named and what they are; where nothing reacts, only what decays by itself."""
    rich = len(reaction.kinks) - 2
    if not reaction.reacts:
        ends = {0: reaction.b, rich + 1: reaction.a}
        alone = {} if mutual else {k: name for k, name in ends.items() if reaction.kinks[k].total_ev_per_atom}
        return {k: f"{formula_text(name)} decays by itself" for k, name in alone.items()}
    lowest = reaction.kinks.index(reaction.minimum_mutual if mutual else reaction.minimum)
    end, told = f"{formula_text(reaction.a)}-rich end", "minimum" if mutual else reaction.told_minimum
    return {lowest: f"{told} and {end}"} if rich == lowest else {lowest: told, rich: end}


def _room(
    reactions: Sequence[InterfaceReaction],
    axes: Axes,
    axis: str,
    mutual: bool,
    marks: Sequence[Mark],
    legend_pt: float,
) -> Room:
    """Where names may stand: where no curve, kink or the legend is."""
    lines = [_curve(reaction, axis, mutual) for reaction in reactions]
    lines.append((np.array([0.0, 1.0]), np.zeros(2)))
    curves = np.concatenate([sampled(places_in_points(axes, *line)) for line in lines])
    x = [k.x(axis) for r in reactions for k in r.kinks[1:-1]] + [m.x for m in marks]
    y = [e for r in reactions for e in _energies(r, mutual)[1:-1]] + [m.y for m in marks]
    kinks = places_in_points(axes, x, y)
    clearance = np.repeat([CURVE_CLEARANCE_PT, KINK_CLEARANCE_PT], [len(curves), len(kinks)])
    left, bottom, right, top = bounds_in_points(axes)
    return Room(
        np.concatenate([curves, kinks]), clearance, np.array([left, bottom, right, top - legend_pt + 4.0])
    )
