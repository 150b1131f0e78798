"""All candidates of a campaign by two criteria, with the Pareto front and what is known labelled."""

from collections.abc import Sequence
from string import ascii_lowercase, ascii_uppercase

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from screening.campaign.figures import CampaignMap, Marked
from screening.plots.interface import formula_text
from screening.plots.style import BLUE, COLUMN_IN, SKY, VERMILION, figure_style

LETTERS = ascii_lowercase + ascii_uppercase

KEY_TOP_PT, KEY_LINE_PT, KEY_COLUMNS = -30.0, 8.5, 4
"""Where the key begins below the axes, its line height in points, and its columns."""

LETTER_PT = 6.5
"""Room that a letter takes, points."""

SHOWN_SHARE = 0.998
"""Share of the candidates that the axes span; a few extreme ones would leave no room for the rest."""


def front(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Undominated points where both are larger the better, by falling x, (k,) int array."""
    order = np.lexsort((-y, -x))
    best = np.maximum.accumulate(y[order])
    return order[np.append(True, best[1:] > best[:-1])] if len(order) else order


def draw_campaign(candidates: CampaignMap, axes: Axes) -> Axes:
    """Draw candidates as dots, the Pareto front of the two criteria, and letters for what is known.

    A key below the axes names the letters, so that no name covers a dot or another name.

    Returns
    -------
    Axes
    """
    x, y = candidates.x, candidates.y
    axes.plot(
        *(x, y, "."), color="0.55", markersize=1.6, alpha=0.25, markeredgewidth=0.0, zorder=1, rasterized=True
    )
    edge = front(candidates.x_gain, candidates.y_gain)
    if candidates.stepped:
        axes.plot(x[edge], y[edge], color=SKY, linewidth=1.0, zorder=2, drawstyle="steps-post")
    axes.plot(x[edge], y[edge], "o", color=SKY, markersize=2.4, zorder=2, label="Pareto front")
    reactors = [m for m in candidates.marked if not m.control]
    controls = [m for m in candidates.marked if m.control]
    for group, marker, colour, label in (
        (reactors, "D", BLUE, "known reactor"),
        (controls, "X", VERMILION, "negative control"),
    ):
        if group:
            axes.plot(
                [m.x for m in group],
                [m.y for m in group],
                marker,
                color=colour,
                zorder=3,
                label=label,
                markersize=4.2,
                markeredgecolor="white",
                markeredgewidth=0.4,
            )
    _set_limits(axes, candidates, edge)
    axes.set_xlabel(candidates.x_label)
    axes.set_ylabel(candidates.y_label)
    axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=3, handlelength=1.0, borderaxespad=0.0)
    marked = reactors + controls
    _place_letters(axes, marked)
    _write_key(axes, marked, candidates)
    return axes


def campaign_figure(candidates: CampaignMap) -> Figure:
    """A figure of one column width with `draw_campaign` in it."""
    with figure_style():
        figure = Figure(figsize=(COLUMN_IN, 0.95 * COLUMN_IN))
        axes = figure.add_axes((0.15, 0.13, 0.82, 0.80))
        draw_campaign(candidates, axes)
    return figure


def _set_limits(axes: Axes, candidates: CampaignMap, edge: np.ndarray) -> None:
    """Span nearly all candidates, and all of the front and of what is marked, with a margin."""
    tail = 0.5 * (1.0 - SHOWN_SHARE)
    for values, places, setter in (
        (candidates.x, [m.x for m in candidates.marked] + candidates.x[edge].tolist(), axes.set_xlim),
        (candidates.y, [m.y for m in candidates.marked] + candidates.y[edge].tolist(), axes.set_ylim),
    ):
        low, high = np.quantile(values, [tail, 1.0 - tail]) if len(values) else (0.0, 1.0)
        low, high = min(low, *places, high), max(high, *places, low)
        margin = 0.06 * (high - low) or 1.0
        setter(low - margin, high + margin)


def _place_letters(axes: Axes, marked: Sequence[Marked]) -> None:
    """Letters beside their points, each in the nearest free place around it."""
    figure = axes.get_figure()
    if figure is None:
        return
    points = axes.transData.transform([(m.x, m.y) for m in marked]) if marked else np.empty((0, 2))
    points = points * 72.0 / figure.dpi
    taken = [tuple(point) for point in points]
    box = axes.get_window_extent().transformed(figure.dpi_scale_trans.inverted())
    bounds = np.array([box.x0, box.y0, box.x1, box.y1]) * 72.0
    halo = [withStroke(linewidth=1.4, foreground="white")]
    for letter, one, point in zip(LETTERS, marked, points, strict=False):
        offset = _free_offset(point, taken, bounds)
        taken.append((point[0] + offset[0], point[1] + offset[1]))
        far = float(np.hypot(*offset)) > 1.5 * LETTER_PT
        line = {"arrowstyle": "-", "color": "0.35", "linewidth": 0.4, "shrinkA": 2.0, "shrinkB": 1.0}
        axes.annotate(
            letter,
            (one.x, one.y),
            offset,
            textcoords="offset points",
            color=VERMILION if one.control else BLUE,
            fontweight="bold",
            fontsize=6.5,
            ha="center",
            va="center",
            path_effects=halo,
            arrowprops=line if far else None,
            zorder=4,
        )


def _free_offset(
    point: np.ndarray, taken: Sequence[tuple[float, ...]], bounds: np.ndarray
) -> tuple[float, float]:
    """Offset in points, the nearest around `point` that keeps its distance from all that is taken."""
    others = np.array(taken)
    for radius in np.arange(1.0, 8.0, 0.5) * LETTER_PT:
        for angle in np.deg2rad(np.arange(45.0, 405.0, 22.5)):
            offset = radius * np.array([np.cos(angle), np.sin(angle)])
            place = point + offset
            inside = (place > bounds[:2] + 4.0).all() and (place < bounds[2:] - 4.0).all()
            if inside and np.hypot(*(others - place).T).min() >= 0.95 * LETTER_PT:
                return float(offset[0]), float(offset[1])
    return LETTER_PT, LETTER_PT


def _write_key(axes: Axes, marked: Sequence[Marked], candidates: CampaignMap) -> None:
    """Names of the letters in columns, and below them what has no place in the figure."""
    rows = -(-len(marked) // KEY_COLUMNS)
    for i, (letter, one) in enumerate(zip(LETTERS, marked, strict=False)):
        column, row = divmod(i, rows)
        axes.annotate(
            f"{letter}  {formula_text(one.name)}",
            (column / KEY_COLUMNS, 0.0),
            (0.0, KEY_TOP_PT - KEY_LINE_PT * row),
            xycoords="axes fraction",
            textcoords="offset points",
            color=VERMILION if one.control else BLUE,
            fontsize=6.0,
            va="top",
        )
    lines = (
        ("do not react: ", candidates.stable, VERMILION),
        ("without a rank: ", candidates.unranked, BLUE),
    )
    for text, names, colour in lines:
        if names:
            axes.annotate(
                text + ", ".join(formula_text(name) for name in names),
                (0.0, 0.0),
                (0.0, KEY_TOP_PT - KEY_LINE_PT * rows),
                xycoords="axes fraction",
                textcoords="offset points",
                color=colour,
                fontsize=6.0,
                va="top",
            )
            rows += 1
