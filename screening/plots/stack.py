"""A cell layer by layer, and below it every contact in every state, coloured by how bad it is."""

import re
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from screening.display import formula_text
from screening.plots.letters import POINTS_PER_IN, width_in_points, wrapped
from screening.plots.style import COLUMN_IN, ORANGE, VERMILION, canvas, figure_style
from screening.thermo.stack import Stack
from screening.thermo.stack_contact import SEVERITIES, Contact

WIDTH_PT = COLUMN_IN * POINTS_PER_IN - 12.0
LABELS_PT = 118.0
"""Width of the figure; of it what the places and names of the contacts take."""

LAYER_PT, HEAD_PT, ROW_PT, LINE_PT = 30.0, 22.0, 12.0, 8.0
"""Heights of a layer at least, of what stands between layers and rows, of a row and of a line of text."""

SIZE_PT, SMALL_PT = 6.0, 5.5

COLOURS = {"none": "#e8e8e8", "slight": "#f7e9a8", "marked": ORANGE, "severe": VERMILION}
SIGNS = {"growing": "●", "may grow": "◐", "blocking": "○", "none": ""}


def plot_stack(shown: Stack, ax: Axes | Figure | None = None) -> Axes:
    """Draw the layers, and the energy of every contact in every state with what its interphase does.

    Parameters
    ----------
    shown : Stack
    ax : Axes or Figure, optional
        Where to draw; a new figure of one column width unless given.
    """
    with figure_style():
        key = [line for text in _key(shown) for line in wrapped(text, SMALL_PT, WIDTH_PT, indent_pt=8.0)]
        pairs = _rows(shown)
        labels = [_label(layer.text, WIDTH_PT / len(shown.layers)) for layer in shown.layers]
        layer_pt = max(LAYER_PT, 4.0 + LINE_PT * max(map(len, labels)))
        height = layer_pt + HEAD_PT + ROW_PT * (len(pairs) + 1) + LINE_PT * (len(key) + 3.0)
        if not isinstance(ax, Axes):
            figure = canvas(ax, (COLUMN_IN, (height + 12.0) / POINTS_PER_IN))
            edge = 6.0 / POINTS_PER_IN / COLUMN_IN
            ax = figure.add_axes((edge, 6.0 / (height + 12.0), 1.0 - 2.0 * edge, height / (height + 12.0)))
        ax.set(xlim=(0.0, WIDTH_PT), ylim=(0.0, height))
        ax.set_axis_off()
        _draw_layers(shown, labels, ax, (height - layer_pt, height))
        y = _draw_rows(shown, pairs, ax, height - layer_pt - HEAD_PT)
        _draw_legend(ax, y - 8.0)
        for number, line in enumerate(key):
            _write(ax, 0.0, y - 18.0 - LINE_PT * number, line, size=SMALL_PT, va="top")
        return ax


def _write(axes: Axes, x: float, y: float, text: str, **look: object) -> None:
    axes.text(x, y, text, **{"size": SIZE_PT, "va": "center", "clip_on": False, **look})  # type: ignore[arg-type]


def _rows(stack: Stack) -> list[list[Contact]]:
    """States of each contact, contact by contact."""
    places = dict.fromkeys((c.place, _discharged(stack, c)) for c in stack.contacts)
    return [[c for c in stack.contacts if (c.place, _discharged(stack, c)) == place] for place in places]


def _discharged(stack: Stack, contact: Contact) -> int:
    """Number of the closed state that a contact belongs to: states follow it."""
    here = stack.contacts.index(contact)
    return max(i for i, each in enumerate(stack.contacts[: here + 1]) if each.state == "closed")


def _label(text: str, width_pt: float) -> list[str]:
    """Lines in the box of a layer."""
    parts = (re.sub(r"@(.*?)(wt|mol)$", r" \1 \2%", part.strip()) for part in formula_text(text).split("+"))
    return [line for part in parts for line in wrapped(part, SMALL_PT, width_pt - 6.0)]


def _draw_layers(
    stack: Stack, labels: Sequence[Sequence[str]], axes: Axes, between: tuple[float, float]
) -> None:
    """Boxes of equal width; borders, and the line below a mixture, show the worst contact there."""
    bottom, top = between
    width = WIDTH_PT / len(stack.layers)
    worst: dict[str, str] = {}
    for contact in sorted(stack.contacts, key=lambda each: -each.lowest_ev):
        worst |= dict.fromkeys(contact.places, contact.severity)
    for i, lines in enumerate(labels):
        axes.add_patch(
            Rectangle((i * width, bottom), width, top - bottom, facecolor="0.95", edgecolor="0.6", lw=0.5)
        )
        for k, line in enumerate(lines):
            y = (bottom + top + (len(lines) - 1 - 2 * k) * 7.2) / 2.0
            _write(axes, (i + 0.5) * width, y, line, ha="center", size=_fitting(line, width - 4.0))
        _write(axes, (i + 0.5) * width, bottom - 6.0, str(i + 1), ha="center", color="0.4", size=SMALL_PT)
        if inner := worst.get(f"in {i + 1}"):
            axes.plot(
                [i * width + 3.0, (i + 1) * width - 3.0], [bottom, bottom], color=COLOURS[inner], lw=2.5
            )
        if border := worst.get(f"{i + 1} | {i + 2}"):
            axes.plot(
                [(i + 1) * width] * 2, [bottom, top], color=COLOURS[border], lw=3.5, solid_capstyle="butt"
            )


def _fitting(line: str, room_pt: float) -> float:
    """Size at which one line fits."""
    return min(SMALL_PT, SMALL_PT * room_pt / max(width_in_points(line, SMALL_PT), 1.0))


def _draw_rows(stack: Stack, rows: Sequence[Sequence[Contact]], axes: Axes, top: float) -> float:
    """One row per contact, one column per state; the y below the last row."""
    states = stack.states
    column = (WIDTH_PT - LABELS_PT) / len(states)
    place_pt = 4.0 + max(width_in_points(row[0].place, SMALL_PT) for row in rows)
    for k, state in enumerate(states):
        _write(axes, LABELS_PT + (k + 0.5) * column, top, state, ha="center")
    for number, row in enumerate(rows):
        y = top - ROW_PT * (number + 1)
        name = formula_text(row[0].pair)
        room = LABELS_PT - place_pt - 4.0
        _write(axes, 0.0, y, row[0].place, color="0.4", size=SMALL_PT)
        _write(axes, place_pt, y, name, size=min(SIZE_PT, SIZE_PT * room / width_in_points(name, SIZE_PT)))
        for contact in row:
            x = LABELS_PT + states.index(contact.state) * column
            colour = COLOURS[contact.severity]
            axes.add_patch(
                Rectangle((x + 1.0, y - ROW_PT / 2 + 1.0), column - 2.0, ROW_PT - 2.0, facecolor=colour)
            )
            digits = 2 if contact.lowest_ev < SEVERITIES["slight"] / 5.0 else 3
            text = f"{contact.lowest_ev:.{digits}f} {SIGNS[contact.interphase]}" if contact.lowest_ev else "0"
            text = text.replace("-", "−")
            _write(axes, x + column / 2, y, text, ha="center", size=_fitting(text, column - 4.0))
    return top - ROW_PT * (len(rows) + 0.5)


def _draw_legend(axes: Axes, y: float) -> None:
    x = 0.0
    for word, colour in COLOURS.items():
        axes.add_patch(Rectangle((x, y - 3.0), 6.0, 6.0, facecolor=colour))
        _write(axes, x + 8.0, y, word, size=SMALL_PT)
        x += 12.0 + width_in_points(word, SMALL_PT)
    for word, sign in SIGNS.items():
        if sign:
            _write(axes, x, y, f"{sign} {word}", size=SMALL_PT)
            x += 6.0 + width_in_points(f"{sign} {word}", SMALL_PT)


def _key(stack: Stack) -> list[str]:
    """What forms at each contact where it is worst, and the notes."""
    told = []
    for row in _rows(stack):
        worst = min(row, key=lambda contact: contact.lowest_ev)
        if worst.what_forms:
            begins = f", begins {worst.begins}" if worst.begins else ""
            told.append(formula_text(f"{worst.pair}, {worst.state}{begins}: {worst.what_forms}"))
    return [*told, f"eV, lower of contact and one side alone; {stack.notes[0]}", *stack.notes[1:]]
