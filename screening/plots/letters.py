"""Letters beside points, where nothing lies under them, and keys that keep within a column."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from string import ascii_lowercase, ascii_uppercase

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from screening.display import formula_text
from screening.phases.distrust import merged
from screening.plots.style import COLUMN_IN, canvas, faces
from screening.thermo.interface import InterfaceReaction
from screening.thermo.intervals import OUTSIDE
from screening.thermo.kinks import Kink
from screening.thermo.lithiation import Lithiation
from screening.thermo.marks import marks
from screening.thermo.uptake import Step

LETTERS = ascii_lowercase + ascii_uppercase

POINTS_PER_IN = 72.0

SAMPLE_PT = 1.5
"""Spacing of the points that stand for a curve."""

ARROW = "→"

LETTER_PT = 6.5
"""Room that a letter takes, points."""

FAR_PT = 1.6 * LETTER_PT
"""A letter farther from its point than this, in points, is tied to it by a line; words stand nearer."""

CURVE_CLEARANCE_PT = 4.3
"""Least distance of a name from curves, points."""

EDGE_PT = 4.0
"""Distance of a letter from the frame of the axes, points."""

ANGLES = np.deg2rad(np.arange(270.0, 630.0, 15.0))

RINGS_PT = tuple(
    radius * np.column_stack([np.cos(ANGLES), np.sin(ANGLES)])
    for radius in np.arange(1.0, 8.0, 0.25) * LETTER_PT
)
"""Places that are tried around a point, nearest ring first, from the place below it upwards."""


KEY_TOP_PT, KEY_LINE_PT, KEY_SIZE_PT, KEY_INDENT_PT = -29.0, 8.5, 6.0, 8.0
"""Where the key of products begins below the axes, its line height, size and indent, in points."""

LEFT_IN, MARGIN_IN = 0.66, 0.1
"""Room for the labels left of axes in a column, and free margin."""


@dataclass(frozen=True)
class KeyLine:
    """One line of a key, at a place in points from the lower left corner of the axes."""

    text: str
    colour: str
    x_pt: float
    y_pt: float


def places_in_points(
    axes: Axes, x: Sequence[float] | np.ndarray, y: Sequence[float] | np.ndarray
) -> np.ndarray:
    """Data as places in the figure, points, (n, 2) float array; the limits of the axes must be set."""
    figure = axes.get_figure()
    assert figure is not None
    return axes.transData.transform(np.column_stack([x, y])) * POINTS_PER_IN / figure.dpi


def bounds_in_points(axes: Axes) -> np.ndarray:
    """Left, bottom, right and top of the axes in the figure, points, (4,) float array."""
    figure = axes.get_figure()
    assert figure is not None
    return np.array(axes.get_window_extent().extents) * POINTS_PER_IN / figure.dpi


def sampled(line_pt: np.ndarray) -> np.ndarray:
    """Points along a line, close to each other, (n, 2) float array."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line_pt, axis=0).T))])
    places = np.linspace(0.0, along[-1], max(2, int(along[-1] / SAMPLE_PT)))
    return np.column_stack([np.interp(places, along, line_pt[:, k]) for k in (0, 1)])


class Room:
    """What is taken in axes, and the nearest free places for texts, one after the other.

    A place is free if it keeps its distance from what is taken, from the texts before and from the bounds.

    Parameters
    ----------
    taken_pt : (n, 2) float array
        What texts must not cover: markers, and curves as points close to each other.
    clearance_pt : (n,) float array
        Least distance of a letter's centre from each.
    bounds_pt : (4,) float array
        Left, bottom, right and top.
    """

    def __init__(self, taken_pt: np.ndarray, clearance_pt: np.ndarray, bounds_pt: np.ndarray) -> None:
        self._taken = np.column_stack([taken_pt, np.zeros(len(taken_pt)), clearance_pt])
        self._low, self._high = bounds_pt[:2] + EDGE_PT, bounds_pt[2:] - EDGE_PT

    def take(self, anchor_pt: np.ndarray) -> np.ndarray:
        """Offset of a letter from its point: the nearest free place, or the roomiest; it is taken then."""
        return self._taken_by(anchor_pt, 0.0, self._best(anchor_pt, 0.0, np.inf)[0])

    def take_beside(self, anchor_pt: np.ndarray, width_pt: float) -> np.ndarray | None:
        """Offset of a text of a width right beside its point, None where there is no room for it."""
        half = max(0.0, width_pt - LETTER_PT) / 2.0
        place, room = self._best(anchor_pt, half, FAR_PT)
        return self._taken_by(anchor_pt, half, place) if room >= 0.0 else None

    def _taken_by(self, anchor: np.ndarray, half: float, place: np.ndarray) -> np.ndarray:
        self._taken = np.vstack([self._taken, [*place, half, LETTER_PT]])
        return place - anchor

    def _best(self, anchor: np.ndarray, half: float, reach: float) -> tuple[np.ndarray, float]:
        """The nearest free place for a text of half a width within reach, or the roomiest, and its room."""
        roomiest, most = anchor, -np.inf
        for ring in RINGS_PT:
            places = anchor + ring
            inside = (np.minimum(places - self._low, self._high - places) - [half, 0.0]).min(axis=1)
            apart = np.abs(places[:, None, :] - self._taken[:, :2])
            apart[:, :, 0] = np.maximum(apart[:, :, 0] - self._taken[:, 2] - half, 0.0)
            free = (np.hypot(*apart.transpose(2, 0, 1)) - self._taken[:, 3]).min(axis=1, initial=np.inf)
            far = np.hypot(np.maximum(np.abs(ring[:, 0]) - half, 0.0), ring[:, 1]) > reach
            room = np.where(inside < 0.0, inside - LETTER_PT, np.where(far, -np.inf, free))
            best = int(np.argmax(room >= 0.0)) if (room >= 0.0).any() else int(room.argmax())
            if room[best] > most:
                roomiest, most = places[best], float(room[best])
            if most >= 0.0:
                break
        return roomiest, most


@dataclass(frozen=True)
class Mark:
    """A point that is named: by a text beside it if there is room, else by a letter that the key explains."""

    x: float
    y: float
    text: str
    explained: str
    colour: str


def name_points(axes: Axes, marks: Sequence[Mark], room: Room) -> list[tuple[str, str]]:
    """Write beside each point what it is; the entries of the key that this leaves, with their colours."""
    letters, entries = iter(LETTERS), []
    anchors = places_in_points(axes, [mark.x for mark in marks], [mark.y for mark in marks])
    for mark, anchor in zip(marks, anchors, strict=True):
        text, width = mark.text, width_in_points(mark.text, LETTER_PT) + LETTER_PT / 2.0
        offset = room.take_beside(anchor, width)
        if offset is None:
            text = next(letters)
            entries.append((f"{text}, {mark.explained}", mark.colour))
            offset = room.take(anchor)
        draw_letter(axes, text, (mark.x, mark.y), offset, colour=mark.colour)
    return entries


def name_curves(
    axes: Axes,
    curves: Sequence[tuple[np.ndarray, np.ndarray]],
    marks: Sequence[Mark],
    closing: Sequence[tuple[str, str]],
    *,
    below_pt: float = 0.0,
) -> None:
    """Name points clear of curves and of what takes `below_pt` of the top; hang the key that this leaves."""
    lines = np.concatenate([sampled(places_in_points(axes, *curve)) for curve in curves])
    bounds = bounds_in_points(axes) - np.array([0.0, 0.0, 0.0, below_pt])
    room = Room(lines, np.full(len(lines), CURVE_CLEARANCE_PT), bounds)
    hang_key(axes, [*name_points(axes, marks, room), *closing])


def draw_letter(
    axes: Axes,
    letter: str,
    point: tuple[float, float],
    offset_pt: np.ndarray,
    *,
    colour: str,
    backed: bool = False,
) -> None:
    """Write a letter or a longer text beside its point; a line ties a letter that stands far off.

    `backed` lightens what lies under the letter. A box does so, since an outline around the letter would turn
    it from text into paths in svg.
    """
    box = {"boxstyle": "square,pad=0.05", "facecolor": "white", "edgecolor": "none", "alpha": 0.75}
    line = {"arrowstyle": "-", "color": "0.35", "linewidth": 0.4, "shrinkA": 0.5, "shrinkB": 1.5}
    axes.annotate(
        letter,
        point,
        (float(offset_pt[0]), float(offset_pt[1])),
        textcoords="offset points",
        color=colour,
        fontweight="bold" if len(letter) == 1 else "normal",
        fontsize=LETTER_PT,
        ha="center",
        va="center",
        arrowprops=line if len(letter) == 1 and np.hypot(*offset_pt) > FAR_PT else None,
        bbox=box if backed else None,
        annotation_clip=False,
        zorder=5,
    )


@lru_cache(maxsize=1024)
def width_in_points(text: str, size_pt: float) -> float:
    """Width of one line of text in the font of the figures, points."""
    face = FontProperties(family=faces(), size=size_pt)
    return float(text_to_path.get_text_width_height_descent(text, face, ismath=False)[0])


def wrapped(text: str, size_pt: float, width_pt: float, *, indent_pt: float = 0.0) -> list[str]:
    """Text in lines of at most `width_pt` points, lines after the first indented.

    It is broken at spaces, but not after a number, which belongs to the formula behind it.
    """
    if width_in_points(text, size_pt) <= width_pt:
        return [text]
    lines: list[str] = []
    for word in re.split(r"(?<![0-9]) ", text):
        room = width_pt - (indent_pt if len(lines) > 1 else 0.0)
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width_in_points(longer, size_pt) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def hang_key(axes: Axes, entries: Sequence[tuple[str, str]]) -> None:
    """Write texts in their colours as a key below the axes, wrapped to their width, and make room for it."""
    left, _, right, _ = bounds_in_points(axes)
    lines, place = [], KEY_TOP_PT
    for text, colour in entries:
        for number, line in enumerate(wrapped(text, KEY_SIZE_PT, right - left, indent_pt=KEY_INDENT_PT)):
            lines.append(KeyLine(line, colour, KEY_INDENT_PT * (number > 0), place))
            place -= KEY_LINE_PT
    write_key(axes, lines)


def write_key(axes: Axes, lines: Sequence[KeyLine]) -> None:
    """Write the lines of a key, each with its top at its place, and make room for them on the page."""
    for line in lines:
        axes.annotate(
            line.text,
            (0.0, 0.0),
            (line.x_pt, line.y_pt),
            xycoords="axes fraction",
            textcoords="offset points",
            color=line.colour,
            fontsize=KEY_SIZE_PT,
            va="top",
        )
    _make_room(axes, min([KEY_TOP_PT, *(line.y_pt - KEY_LINE_PT for line in lines)]))


def _make_room(axes: Axes, lowest_pt: float) -> None:
    """Lengthen the page where what hangs below axes would leave it, or cover axes beneath.

    All axes keep their sizes, and distances but for the gap that opens. A layout engine does this itself.
    """
    figure = axes.get_figure()
    if not isinstance(figure, Figure) or figure.get_layout_engine() is not None:
        return
    width, height = figure.get_size_inches()
    places = {each: each.get_position(original=True) for each in figure.axes}
    bottom, box = places[axes].y0 * height, places[axes]
    beneath = [b for b in places.values() if b.y1 <= box.y0 and b.x0 < box.x1 and box.x0 < b.x1]
    floor = max([MARGIN_IN, *(b.y1 * height + 2.5 * MARGIN_IN for b in beneath)])
    lacking = floor - (bottom + lowest_pt / POINTS_PER_IN)
    if lacking <= 0.0:
        return
    whole = height + lacking
    for each, place in places.items():
        lift = lacking if place.y1 > box.y0 else 0.0
        each.set_position(
            (place.x0, (place.y0 * height + lift) / whole, place.width, place.height * height / whole)
        )
    figure.set_size_inches(width, whole)


def room_below_in(lines: int) -> float:
    """Room that a key of so many lines and the label of the axis take below axes, inches."""
    return (KEY_LINE_PT * lines - KEY_TOP_PT) / POINTS_PER_IN


def column_axes(figure: Figure | None, height_in: float, above_in: float = 0.0) -> Axes:
    """Axes of a height, with room above, in a figure of one column width; a key below makes its own room."""
    whole = above_in + height_in + MARGIN_IN + room_below_in(0)
    return canvas(figure, (COLUMN_IN, whole)).add_axes(
        (
            LEFT_IN / COLUMN_IN,
            1.0 - (above_in + height_in + MARGIN_IN) / whole,
            (COLUMN_IN - LEFT_IN - MARGIN_IN) / COLUMN_IN,
            height_in / whole,
        )
    )


def reaction_text(kink: Kink | Step, marked: Collection[str] = ()) -> str:
    """The reaction of a kink or plateau as ``3 Li + LiAlCl₄ → 4 LiCl + Al``, marked phases with a star."""
    words = (
        formula_text(word) + "*" * (word in marked) for word in kink.reaction.replace("->", ARROW).split(" ")
    )
    return " ".join(words)


def products_text(kink: Kink | Step, marked: Collection[str] = ()) -> str:
    """Its products as ``4 LiCl + Al``."""
    return reaction_text(kink, marked).partition(f"{ARROW} ")[2]


def closing_entries(
    results: Sequence[InterfaceReaction | Lithiation], at_hull: Iterable[str], *, bands: bool = True
) -> list[tuple[str, str]]:
    """What the key says below the letters: marks by origin, cautions, and what the bands are, if drawn."""
    origins = {name: origin for each in results for name, origin in each.origins.items()}
    said = dict.fromkeys(merged(text for each in results for text in each.cautions))
    if not bands:
        said.pop(OUTSIDE, None)
    said |= dict.fromkeys(each.error_bars.replace("intervals", "bands", 1) for each in results if bands)
    names = tuple(dict.fromkeys(at_hull))
    return [(text, "0.25") for text in (*marks(origins, names, formula_text), *filter(None, said))]
