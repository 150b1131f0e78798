"""Letters beside points, where nothing lies under them, and keys that keep within a column."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from string import ascii_lowercase, ascii_uppercase

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from screening.plots.style import COLUMN_IN, FONT, canvas

LETTERS = ascii_lowercase + ascii_uppercase

POINTS_PER_IN = 72.0

LETTER_PT = 6.5
"""Room that a letter takes, points."""

FAR_PT = 1.6 * LETTER_PT
"""A letter farther from its point than this, in points, is tied to it by a line."""

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

COLUMN_AXES_PT = (COLUMN_IN - LEFT_IN - MARGIN_IN) * POINTS_PER_IN
"""Width of axes in a column, points."""


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


def free_offsets(
    anchors_pt: np.ndarray, taken_pt: np.ndarray, clearance_pt: np.ndarray, bounds_pt: np.ndarray
) -> np.ndarray:
    """Offsets of letters from their points, each to the nearest place that is free.

    Letters are placed one after the other. A place is free if it keeps its distance from all that is taken,
    from the letters before and from the bounds; where none of `RINGS_PT` is, the roomiest one is taken.

    Parameters
    ----------
    anchors_pt : (n, 2) float array
        Points that get a letter.
    taken_pt : (m, 2) float array
        What letters must not cover: markers, and curves as points close to each other.
    clearance_pt : (m,) float array
        Least distance of a letter's centre from each.
    bounds_pt : (4,) float array
        Left, bottom, right and top.

    Returns
    -------
    (n, 2) float array
    """
    placed: list[np.ndarray] = []
    for anchor in anchors_pt:
        others = np.concatenate([taken_pt, *(place[None] for place in placed)])
        needed = np.concatenate([clearance_pt, np.full(len(placed), LETTER_PT)])
        placed.append(_free_place(anchor, others, needed, bounds_pt))
    return np.array(placed).reshape(-1, 2) - anchors_pt


def _free_place(
    anchor: np.ndarray, others_pt: np.ndarray, needed_pt: np.ndarray, bounds_pt: np.ndarray
) -> np.ndarray:
    """The nearest free place around one point, or the roomiest."""
    low, high = bounds_pt[:2] + EDGE_PT, bounds_pt[2:] - EDGE_PT
    roomiest, most = anchor, -np.inf
    for ring in RINGS_PT:
        places = anchor + ring
        inside = np.minimum(places - low, high - places).min(axis=1)
        apart = np.sqrt(((places[:, None, :] - others_pt) ** 2).sum(axis=2)) - needed_pt
        room = np.where(inside < 0.0, inside - LETTER_PT, apart.min(axis=1, initial=np.inf))
        best = int(np.argmax(room >= 0.0)) if (room >= 0.0).any() else int(room.argmax())
        if room[best] > most:
            roomiest, most = places[best], room[best]
        if most >= 0.0:
            break
    return roomiest


def draw_letter(
    axes: Axes,
    letter: str,
    point: tuple[float, float],
    offset_pt: np.ndarray,
    *,
    colour: str,
    backed: bool = False,
) -> None:
    """Write a letter beside its point, with a line between them where it stands far off.

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
        fontweight="bold",
        fontsize=LETTER_PT,
        ha="center",
        va="center",
        arrowprops=line if np.hypot(*offset_pt) > FAR_PT else None,
        bbox=box if backed else None,
        annotation_clip=False,
        zorder=5,
    )


@lru_cache(maxsize=1024)
def width_in_points(text: str, size_pt: float) -> float:
    """Width of one line of text in the font of the figures, points."""
    width, _, _ = text_to_path.get_text_width_height_descent(
        text, FontProperties(family=FONT, size=size_pt), ismath=False
    )
    return float(width)


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


def write_key(axes: Axes, lines: Iterable[KeyLine], size_pt: float) -> None:
    """Write the lines of a key, each with its top at its place."""
    for line in lines:
        axes.annotate(
            line.text,
            (0.0, 0.0),
            (line.x_pt, line.y_pt),
            xycoords="axes fraction",
            textcoords="offset points",
            color=line.colour,
            fontsize=size_pt,
            va="top",
        )


def key_lines(entries: Sequence[tuple[str, str]], width_pt: float) -> Iterator[KeyLine]:
    """Texts and their colours as lines of a key, wrapped to the width of the axes."""
    place = KEY_TOP_PT
    for text, colour in entries:
        for number, line in enumerate(wrapped(text, KEY_SIZE_PT, width_pt, indent_pt=KEY_INDENT_PT)):
            yield KeyLine(line, colour, KEY_INDENT_PT * (number > 0), place)
            place -= KEY_LINE_PT


def axes_with_key(figure: Figure | None, key_lines: int, height_in: float) -> Axes:
    """Axes of a height in a figure of one column width, with room for the lines of a key below them."""
    below = (KEY_LINE_PT * key_lines - KEY_TOP_PT) / POINTS_PER_IN + MARGIN_IN
    whole = below + height_in + MARGIN_IN
    return canvas(figure, (COLUMN_IN, whole)).add_axes(
        (LEFT_IN / COLUMN_IN, below / whole, COLUMN_AXES_PT / POINTS_PER_IN / COLUMN_IN, height_in / whole)
    )
