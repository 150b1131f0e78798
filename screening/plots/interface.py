"""Reaction energy against mixing ratio, in the manner of Figures 1A and 1F of doi 10.1002/aenm.202300815."""

from collections.abc import Collection, Iterator, Sequence
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
    COLUMN_AXES_PT,
    KEY_SIZE_PT,
    LETTERS,
    KeyLine,
    axes_with_key,
    bounds_in_points,
    draw_letter,
    free_offsets,
    key_lines,
    places_in_points,
    width_in_points,
    wrapped,
    write_key,
)
from screening.plots.style import CYCLE, figure_style
from screening.thermo.interface import AXES, QUANTITIES, InterfaceReaction, Kink
from screening.thermo.lithiation import Lithiation
from screening.thermo.marks import marks
from screening.thermo.uptake import Step

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

CURVE_CLEARANCE_PT, KINK_CLEARANCE_PT, SAMPLE_PT = 4.3, 6.0, 1.5
"""Least distance of a letter from curves and from kinks; spacing of the points that stand for a curve."""


@dataclass(frozen=True)
class CurveStyle:
    """Look of one curve."""

    colour: str
    line: Literal["-", "--"]
    marker: str


STYLES = (
    *(CurveStyle(colour, "-", "o") for colour in CYCLE),
    *(CurveStyle(colour, "--", "s") for colour in CYCLE),
)
"""Looks that can be told apart: as many curves as one figure holds."""


@dataclass(frozen=True)
class Label:
    """A letter at one kink of a curve, and what the key says of it."""

    letter: str
    kink: int
    text: str


def products_text(kink: Kink | Step, marked: Collection[str] = ()) -> str:
    """Products of a kink or plateau as ``4 LiCl + Al``, marked ones with a star."""
    right = kink.reaction.split(" -> ")[1]
    terms = []
    for term in right.split(" + "):
        *amount, formula = term.split(" ")
        terms.append(" ".join([*amount, formula_text(formula) + "*" * (formula in marked)]))
    return " + ".join(terms)


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
) -> Axes:
    """Draw reaction-energy curves, with kinks marked.

    The minimum of each curve and its last kink before pure A carry a letter, each in the nearest place that
    no curve, kink or other letter takes; a key below the axes names their products. Letters are placed for
    the size that the axes have when this is called.

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

    Returns
    -------
    Axes

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
        axes = ax if isinstance(ax, Axes) else _axes_in(ax, reactions, quantity == "mutual")
        return _draw_reactions(reactions, axes, axis, mutual=quantity == "mutual")


def reaction_energy_figure(
    reactions: Sequence[InterfaceReaction], *, axis: str = "atomic", mutual: bool = False
) -> Figure:
    """A figure of one column width with `plot_reactions` in it, for files and pages."""
    figure = Figure()
    plot_reactions(reactions, figure, axis=axis, quantity="mutual" if mutual else "total")
    return figure


def _axes_in(figure: Figure | None, reactions: Sequence[InterfaceReaction], mutual: bool) -> Axes:
    """Axes of a figure of one column width, with room for the key below."""
    lines = len(list(_key(reactions, _labels(reactions, mutual), COLUMN_AXES_PT)))
    height = AXES_HEIGHT_IN + max(0, len(reactions) - 2) * CURVE_HEIGHT_IN
    return axes_with_key(figure, lines, height)


def _draw_reactions(reactions: Sequence[InterfaceReaction], axes: Axes, axis: str, *, mutual: bool) -> Axes:
    width = float(np.diff(bounds_in_points(axes)[::2])[0])
    names = _names(reactions, width)
    columns = _legend_columns(names, width)
    lines = -(-sum(1 + name.count("\n") for name in names) // columns)
    legend_pt = LEGEND_LINE_PT * lines + LEGEND_MARGIN_PT
    _set_limits(axes, np.concatenate([_lows(reaction, mutual) for reaction in reactions]), legend_pt)
    labels = _labels(reactions, mutual)
    for reaction, style, marked in zip(reactions, STYLES, labels, strict=False):
        _draw_curve(reaction, axes, axis, mutual, style, marked)
    axes.axhline(0.0, color="0.6", linewidth=0.5, zorder=1)
    _place_letters(reactions, axes, axis, mutual, labels, legend_pt)
    axes.set_xlabel(_x_label(reactions, axis, width))
    axes.set_ylabel(f"Reaction energy, {'mutual' if mutual else 'total'} (eV/atom)")
    handles = [
        Line2D([], [], color=style.colour, ls=style.line, marker=style.marker, markerfacecolor="white")
        for style in STYLES[: len(reactions)]
    ]
    axes.legend(handles, names, loc="upper center", ncols=columns, handlelength=2.2, borderaxespad=0.3)
    write_key(axes, _key(reactions, labels, width), KEY_SIZE_PT)
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
    return f"{formula_text(reaction.a)} | {formula_text(reaction.b)}{mark}{idle}"


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


def _x_label(reactions: Sequence[InterfaceReaction], axis: str, width_pt: float) -> str:
    """Whose fraction in what, or as much of it as the axes are wide for."""
    a = " or ".join(formula_text(name) for name in dict.fromkeys(r.a for r in reactions))
    b = " or ".join(formula_text(name) for name in dict.fromkeys(r.b for r in reactions))
    few = len({r.b for r in reactions}) <= 2
    longest_first = (*([f"{AXIS_LABELS[axis]} of {a} in {b}"] * few), f"{AXIS_LABELS[axis]} of {a}")
    fitting = [text for text in longest_first if width_in_points(text, LABEL_SIZE_PT) <= width_pt]
    return fitting[0] if fitting else f"{AXIS_LABELS[axis]} of the first reactant"


def _draw_curve(
    reaction: InterfaceReaction,
    axes: Axes,
    axis: str,
    mutual: bool,
    style: CurveStyle,
    labels: Sequence[Label],
) -> None:
    """Draw one curve with its inner kinks, and its ends where they carry a letter."""
    marked = sorted({*range(1, len(reaction.kinks) - 1), *(label.kink for label in labels)})
    axes.plot(*_curve(reaction, axis, mutual), style.line, color=style.colour, zorder=2)
    _draw_band(reaction, axes, axis, mutual, style.colour)
    if not marked:
        return
    axes.plot(
        [reaction.kinks[number].x(axis) for number in marked],
        _energies(reaction, mutual)[marked],
        style.marker,
        color=style.colour,
        markerfacecolor="white",
        zorder=3,
        clip_on=False,
    )


def _curve(reaction: InterfaceReaction, axis: str, mutual: bool) -> tuple[np.ndarray, np.ndarray]:
    """A curve as it is drawn: fractions of A on the axis, and energies."""
    return _sampled(reaction, axis, _energies(reaction, mutual))


def _sampled(
    reaction: InterfaceReaction, axis: str, at_kinks: np.ndarray, points: int = CURVE_POINTS
) -> tuple[np.ndarray, np.ndarray]:
    """What is linear between kinks by atoms, along an axis."""
    atomic = np.array([kink.x_atomic for kink in reaction.kinks])
    dense = np.union1d(atomic, np.linspace(0.0, 1.0, points))
    return reaction.fraction_of_a(axis, dense), np.interp(dense, atomic, at_kinks)


def _draw_band(reaction: InterfaceReaction, axes: Axes, axis: str, mutual: bool, colour: str) -> None:
    """A light band where the true curve lies, as far as the kinks carry intervals."""
    each = [k.mutual_95_ev_per_atom if mutual else k.total_95_ev_per_atom for k in reaction.kinks]
    known = [within for within in each if within is not None]
    if len(known) == len(each):
        (x, low), (_, high) = (
            _sampled(reaction, axis, np.array(ends), BAND_POINTS) for ends in zip(*known, strict=True)
        )
        axes.fill_between(x, low, high, color=colour, alpha=BAND_ALPHA, linewidth=0.0, zorder=1)


def _labels(reactions: Sequence[InterfaceReaction], mutual: bool) -> list[list[Label]]:
    """What carries a letter, curve by curve: the minimum, which may be pure B, and the end rich in A."""
    letters = iter(LETTERS)
    return [
        [
            Label(
                next(letters),
                number,
                f"{what}: {products_text(reaction.kinks[number], reaction.origins)}",
            )
            for number, what in _labelled(reaction, mutual).items()
        ]
        for reaction in reactions
    ]


def _labelled(reaction: InterfaceReaction, mutual: bool) -> dict[int, str]:
    """Kinks that get a letter and what they are; where nothing reacts, only what decays by itself."""
    rich = len(reaction.kinks) - 2
    if not reaction.reacts:
        ends = {0: reaction.b, rich + 1: reaction.a}
        alone = {} if mutual else {k: name for k, name in ends.items() if reaction.kinks[k].total_ev_per_atom}
        return {k: f"{formula_text(name)} decays by itself" for k, name in alone.items()}
    lowest = reaction.kinks.index(reaction.minimum_mutual if mutual else reaction.minimum)
    end = f"{formula_text(reaction.a)}-rich end"
    return {lowest: f"minimum and {end}"} if rich == lowest else {lowest: "minimum", rich: end}


def _place_letters(
    reactions: Sequence[InterfaceReaction],
    axes: Axes,
    axis: str,
    mutual: bool,
    labels: Sequence[Sequence[Label]],
    legend_pt: float,
) -> None:
    """Write each letter where no curve, kink, other letter or the legend is."""
    lines = [_curve(reaction, axis, mutual) for reaction in reactions]
    lines.append((np.array([0.0, 1.0]), np.zeros(2)))
    curves = np.concatenate([sampled(places_in_points(axes, *line)) for line in lines])
    kinks = np.concatenate(
        [
            places_in_points(axes, [k.x(axis) for k in r.kinks[1:-1]], _energies(r, mutual)[1:-1])
            for r in reactions
        ]
    )
    flat = [
        (
            label,
            reaction.kinks[label.kink].x(axis),
            float(_energies(reaction, mutual)[label.kink]),
            style.colour,
        )
        for reaction, style, marked in zip(reactions, STYLES, labels, strict=False)
        for label in marked
    ]
    if not flat:
        return
    anchors = places_in_points(axes, [x for _, x, _, _ in flat], [y for _, _, y, _ in flat])
    taken = np.concatenate([curves, kinks, anchors])
    clearance = np.full(len(taken), KINK_CLEARANCE_PT)
    clearance[: len(curves)] = CURVE_CLEARANCE_PT
    left, bottom, right, top = bounds_in_points(axes)
    offsets = free_offsets(anchors, taken, clearance, np.array([left, bottom, right, top - legend_pt + 4.0]))
    for (label, x, y, colour), offset in zip(flat, offsets, strict=True):
        draw_letter(axes, label.letter, (x, y), offset, colour=colour)


def sampled(line_pt: np.ndarray) -> np.ndarray:
    """Points along a line, close to each other, (n, 2) float array."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line_pt, axis=0).T))])
    places = np.linspace(0.0, along[-1], max(2, int(along[-1] / SAMPLE_PT)))
    return np.column_stack([np.interp(places, along, line_pt[:, k]) for k in (0, 1)])


def _key(
    reactions: Sequence[InterfaceReaction], labels: Sequence[Sequence[Label]], width_pt: float
) -> Iterator[KeyLine]:
    """Lines of the key: what each letter stands for, then what the marks mean."""
    entries = [
        (f"{label.letter}, {label.text}", style.colour)
        for style, marked in zip(STYLES, labels, strict=False)
        for label in marked
    ]
    at_hull = dict.fromkeys(name for reaction in reactions for name in reaction.at_hull)
    yield from key_lines(entries + closing_entries(reactions, tuple(at_hull)), width_pt)


def closing_entries(
    results: Sequence[InterfaceReaction | Lithiation], at_hull: tuple[str, ...]
) -> list[tuple[str, str]]:
    """What the key says below the letters: marks by origin, cautions, and what the bands are."""
    origins = {name: origin for each in results for name, origin in each.origins.items()}
    told = dict.fromkeys(text for each in results for text in each.cautions)
    told |= dict.fromkeys(each.error_bars.replace("intervals", "bands", 1) for each in results)
    return [(text, "0.25") for text in (*marks(origins, at_hull, formula_text), *filter(None, told))]
