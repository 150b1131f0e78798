"""Reaction energy against mixing ratio, in the manner of Figures 1A and 1F of doi 10.1002/aenm.202300815."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_lowercase

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from screening.plots.style import COLUMN_IN, CYCLE, figure_style
from screening.thermo.interface import InterfaceReaction, Kink

AXIS_LABELS = {"atomic": "Atomic fraction", "molar": "Molar fraction", "mass": "Mass fraction"}

CURVE_POINTS = 201
"""Points of a curve, which is straight between kinks on the atomic axis only."""

KEY_TOP_PT, KEY_LINE_PT = -29.0, 8.5
"""Where the key of products begins below the axes, and its line height, in points."""

POINTS_PER_IN = 72.0

AXES_HEIGHT_IN, LEFT_IN, MARGIN_IN = 2.2, 0.52, 0.08
"""Height of the axes, room for the labels of the energy axis, and free margin."""


@dataclass(frozen=True)
class KeyEntry:
    """One line of the key below the axes: which letter stands for which products."""

    letter: str
    products: str
    colour: str


def formula_text(formula: str) -> str:
    """A formula with Unicode subscripts, which stay text in svg."""
    subscripts = str.maketrans("0123456789.", "₀₁₂₃₄₅₆₇₈₉.")
    return re.sub(r"(?<=[A-Za-z)\]])[\d.]+", lambda match: match[0].translate(subscripts), formula)


def products_text(kink: Kink) -> str:
    """Products of a kink as ``4 LiCl + Al``."""
    right = kink.reaction.split(" -> ")[1]
    terms = []
    for term in right.split(" + "):
        *amount, formula = term.split(" ")
        terms.append(" ".join([*amount, formula_text(formula)]))
    return " + ".join(terms)


def draw_reaction_energies(
    reactions: Sequence[InterfaceReaction], axes: Axes, *, axis: str = "atomic", mutual: bool = False
) -> Axes:
    """Draw reaction-energy curves into one axes, with kinks marked.

    The minimum of each curve and its last kink before pure A carry a letter; a key below the axes names their
    products, so that no label ever covers a curve or another label.

    Parameters
    ----------
    reactions : sequence of InterfaceReaction
        Curves that share their reactant B, as lithium and its alloy against one reactor.
    axes : Axes
    axis : {"atomic", "molar", "mass"}
        Mixing fraction of A.
    mutual : bool
        Draw mutual instead of total energies.

    Returns
    -------
    Axes
    """
    energy = "mutual_ev_per_atom" if mutual else "total_ev_per_atom"
    key: list[KeyEntry] = []
    for reaction, colour in zip(reactions, CYCLE, strict=False):
        key.extend(_draw_curve(reaction, axes, axis, energy, colour, len(key)))
    axes.axhline(0.0, color="0.6", linewidth=0.5, zorder=1)
    axes.set_xlim(0.0, 1.0)
    depth = -min(*(getattr(k, energy) for r in reactions for k in r.kinks), -1e-3)
    axes.set_ylim(-1.18 * depth, (0.10 + 0.13 * len(reactions)) * depth)
    a = " or ".join(formula_text(name) for name in dict.fromkeys(r.a for r in reactions))
    b = " or ".join(formula_text(name) for name in dict.fromkeys(r.b for r in reactions))
    axes.set_xlabel(f"{AXIS_LABELS[axis]} of {a} in {b}")
    axes.set_ylabel(f"{'Mutual' if mutual else 'Reaction'} energy (eV/atom)")
    axes.legend(loc="upper center", handlelength=1.4, borderaxespad=0.3)
    _write_key(key, axes)
    return axes


def _draw_curve(
    reaction: InterfaceReaction, axes: Axes, axis: str, energy: str, colour: str, letters_used: int
) -> list[KeyEntry]:
    """Draw one curve with its kinks and letters; return what the key says of the letters."""
    x = [kink.x(axis) for kink in reaction.kinks]
    y = [float(getattr(kink, energy)) for kink in reaction.kinks]
    marks = ["estimated"] * reaction.estimated + ["no reaction"] * (min(y) >= 0.0)
    mark = f" ({', '.join(marks)})" if marks else ""
    name = f"{formula_text(reaction.a)} | {formula_text(reaction.b)}{mark}"
    atomic = np.array([kink.x_atomic for kink in reaction.kinks])
    dense = np.union1d(atomic, np.linspace(0.0, 1.0, CURVE_POINTS))
    bent = reaction.fraction_of_a(axis, dense)
    axes.plot(bent, np.interp(dense, atomic, y), "-", color=colour, label=name, zorder=2)
    axes.plot(x[1:-1], y[1:-1], "o", color=colour, markerfacecolor="white", zorder=3)
    entries: list[KeyEntry] = []
    for number, offset in _labelled(y, 1.0 if letters_used else -1.0).items():
        letter = ascii_lowercase[letters_used + len(entries)]
        axes.annotate(
            letter,
            (x[number], y[number]),
            offset,
            textcoords="offset points",
            color=colour,
            ha="center",
            va="center",
            fontweight="bold",
            path_effects=[withStroke(linewidth=1.5, foreground="white")],
        )
        entries.append(KeyEntry(letter, products_text(reaction.kinks[number]), colour))
    return entries


def _write_key(key: Sequence[KeyEntry], axes: Axes) -> None:
    for line, entry in enumerate(key):
        axes.annotate(
            f"{entry.letter}  {entry.products}",
            (0.0, 0.0),
            (0.0, KEY_TOP_PT - KEY_LINE_PT * line),
            xycoords="axes fraction",
            textcoords="offset points",
            color=entry.colour,
            fontsize=6.0,
            va="top",
        )


def _labelled(energies: Sequence[float], side: float) -> dict[int, tuple[float, float]]:
    """Kinks that get a letter, with its offset in points: the minimum, and the last before pure A.

    `side` puts the letter of the minimum below (−1) or above (+1) its kink.
    """
    inner = range(1, len(energies) - 1)
    if not inner or min(energies) >= 0.0:
        return {}
    lowest = min(inner, key=lambda number: energies[number])
    labelled = {lowest: (0.0, 7.0 * side)}
    return labelled if lowest == inner[-1] else {**labelled, inner[-1]: (7.0, -3.0)}


def reaction_energy_figure(
    reactions: Sequence[InterfaceReaction], *, axis: str = "atomic", mutual: bool = False
) -> Figure:
    """A figure of one column width with `draw_reaction_energies` in it."""
    with figure_style():
        figure = Figure()
        axes = draw_reaction_energies(reactions, figure.add_axes((0, 0, 1, 1)), axis=axis, mutual=mutual)
        key_lines = sum(text.get_text()[1:2] == " " for text in axes.texts)
        below = (KEY_LINE_PT * key_lines - KEY_TOP_PT + 3.0) / POINTS_PER_IN
        height = AXES_HEIGHT_IN + below + MARGIN_IN
        figure.set_size_inches(COLUMN_IN, height)
        left = LEFT_IN / COLUMN_IN
        width = 1.0 - left - MARGIN_IN / COLUMN_IN
        axes.set_position((left, below / height, width, AXES_HEIGHT_IN / height))
    return figure
