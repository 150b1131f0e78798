"""All candidates of a campaign by two criteria, with the Pareto front and what is known labelled."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from screening.campaign.backtest import known_compounds
from screening.campaign.directory import ResultsDirectory
from screening.campaign.figures import CampaignMap, Marked, campaign_map
from screening.display import rests_on
from screening.errors import InputError
from screening.plots.interface import formula_text
from screening.plots.letters import (
    KEY_INDENT_PT,
    KEY_LINE_PT,
    KEY_SIZE_PT,
    KEY_TOP_PT,
    LETTERS,
    KeyLine,
    Room,
    bounds_in_points,
    column_axes,
    draw_letter,
    places_in_points,
    width_in_points,
    wrapped,
    write_key,
)
from screening.plots.style import BLUE, SKY, VERMILION, figure_style
from screening.reactors.criteria import criterion

KEY_COLUMNS, KEY_GAP_PT = 4, 6.0
"""Most columns of the key, and free space between two, in points."""

MARK_CLEARANCE_PT, RING_CLEARANCE_PT = 6.0, 7.5
"""Least distance of a letter from the marked points, and from the front where it is ringed."""

AXES_HEIGHT_IN, LEGEND_IN = 2.7, 0.2
"""Heights of the axes and of the legend above them."""

FEW = 500
"""Candidates whose dots are drawn large: more of them cover each other."""

SHOWN_SHARE = 0.998
"""Share of the candidates that the axes span; a few extreme ones would leave no room for the rest."""


class HasResults(Protocol):
    """What is drawn: whatever has a results directory, as a ranking."""

    @property
    def results(self) -> ResultsDirectory:
        """Where the numbers are."""


def front(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Undominated points where both are larger the better, by falling x, (k,) int array."""
    order = np.lexsort((-y, -x))
    best = np.maximum.accumulate(y[order])
    return order[np.append(True, best[1:] > best[:-1])] if len(order) else order


def draw_campaign(candidates: CampaignMap, axes: Axes) -> Axes:
    """Draw candidates as dots, rings around the Pareto front of the two criteria, letters for what is known.

    A key below the axes names the letters, so that no name covers a dot or another name.
    """
    x, y = candidates.x, candidates.y
    size, alpha = (5.0, 0.8) if len(x) <= FEW else (1.6, 0.25)
    (dots,) = axes.plot(x, y, ".", color="0.55", zorder=1, rasterized=True)
    dots.set(markersize=size, alpha=alpha, markeredgewidth=0.0)
    edge = front(candidates.x_gain, candidates.y_gain)
    if candidates.stepped:
        axes.plot(x[edge], y[edge], color=SKY, linewidth=1.0, zorder=2, drawstyle="steps-post")
    axes.plot(
        x[edge],
        y[edge],
        "o",
        color=SKY,
        zorder=2,
        label="2-criteria front",
        markerfacecolor="none",
        markersize=7.0,
        markeredgewidth=0.8,
    )
    known = [m for m in candidates.marked if m.known]
    named = [m for m in candidates.marked if not (m.known or m.control)]
    controls = [m for m in candidates.marked if m.control]
    for group, marker, colour, label in (
        (known, "D", BLUE, f"known {candidates.role}"),
        (named, "s", BLUE, "named in the study"),
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
    _place_letters(axes, _in_order(candidates), np.column_stack([x[edge], y[edge]]))
    left, _, right, _ = bounds_in_points(axes)
    write_key(axes, [*_key(candidates, float(right - left))])
    return axes


def campaign_figure(candidates: CampaignMap, figure: Figure | None = None) -> Figure:
    """A figure of one column width with `draw_campaign` in it; an empty figure may be given."""
    with figure_style():
        figure = figure or Figure()
        axes = column_axes(figure, AXES_HEIGHT_IN, above_in=LEGEND_IN)
        draw_campaign(candidates, axes)
    return figure


def plot_ranking(
    ranking: HasResults,
    ax: Axes | Figure | None = None,
    *,
    criteria: tuple[str, str] | None = None,
    anode: str = "",
    electrolyte: str = "",
) -> Axes:
    """Draw the campaign map: all ranked candidates by two criteria.

    Parameters
    ----------
    ranking : Ranking
    ax : matplotlib axes or figure, optional
        A new figure of pyplot unless given.
    criteria : (str, str), optional
        Names or keys; those of the study unless given.
    anode, electrolyte : str
        May be left out where the campaign has only one.

    Raises
    ------
    InputError
        If a criterion or the pair is unknown, or no candidate has both criteria.
    """
    results = ranking.results
    names = None if criteria is None else (criterion(criteria[0]).name, criterion(criteria[1]).name)
    candidates = campaign_map(results, results.pair(anode, electrolyte), known_compounds(), names)
    if candidates is None:
        raise InputError("no ranked candidate has both criteria", remedy="choose others with criteria=")
    if isinstance(ax, Axes):
        return draw_campaign(candidates, ax)
    if ax is None:
        from matplotlib import pyplot as plt

        ax = plt.figure()
    return campaign_figure(candidates, ax).axes[0]


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


def _place_letters(axes: Axes, marked: Sequence[Marked], ringed: np.ndarray) -> None:
    """Letters beside their points, each in the nearest place free of points and of rings, (k, 2)."""
    if not marked:
        return
    points = places_in_points(axes, [m.x for m in marked], [m.y for m in marked])
    rings = places_in_points(axes, *ringed.T)
    clearance = np.repeat([MARK_CLEARANCE_PT, RING_CLEARANCE_PT], [len(points), len(rings)])
    room = Room(np.concatenate([points, rings]), clearance, bounds_in_points(axes))
    for letter, one, point in zip(LETTERS, marked, points, strict=False):
        colour = VERMILION if one.control else BLUE
        draw_letter(axes, letter, (one.x, one.y), room.take(point), colour=colour, backed=True)


def _key(candidates: CampaignMap, width_pt: float) -> Iterator[KeyLine]:
    """Names of the letters in columns, and below them what has no place in the figure and what marks mean."""
    marked = _in_order(candidates)
    names = [f"{letter}: {_name(m.name, candidates)}" for letter, m in zip(LETTERS, marked, strict=False)]
    widest = max((width_in_points(name, KEY_SIZE_PT) for name in names), default=0.0) + KEY_GAP_PT
    columns = max(1, min(KEY_COLUMNS, int(width_pt / widest)))
    rows = -(-len(names) // columns)
    for number, (name, one) in enumerate(zip(names, marked, strict=False)):
        column, row = divmod(number, rows)
        place = KEY_TOP_PT - KEY_LINE_PT * row
        yield KeyLine(name, VERMILION if one.control else BLUE, column * width_pt / columns, place)
    for text, listed, colour in (
        ("do not react: ", [_name(name, candidates) for name in candidates.stable], VERMILION),
        ("without a rank: ", [_name(name, candidates) for name in candidates.unranked], BLUE),
        *((told, [""], "0.25") for told in rests_on(candidates.origins.values())),
        *((told, [""], "0.25") for told in candidates.cautions),
    ):
        lines = wrapped(text + ", ".join(listed), KEY_SIZE_PT, width_pt, indent_pt=KEY_INDENT_PT)
        for number, line in enumerate(lines if listed else []):
            yield KeyLine(line, colour, KEY_INDENT_PT * (number > 0), KEY_TOP_PT - KEY_LINE_PT * rows)
            rows += 1


def _name(formula: str, candidates: CampaignMap) -> str:
    return formula_text(formula) + "*" * (formula in candidates.origins)


def _in_order(candidates: CampaignMap) -> list[Marked]:
    """What carries a letter: reactors, then controls."""
    return sorted(candidates.marked, key=lambda one: one.control)
