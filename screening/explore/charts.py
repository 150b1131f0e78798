"""Charts of the pages, as content for plotly; the style sheet colours their axes and words."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from screening.display import formula_text, subscripted
from screening.plots.interface import AXIS_LABELS, either, sampled_curve
from screening.plots.staircases import staircase_line
from screening.thermo.interface import InterfaceReaction
from screening.thermo.lithiation import Lithiation

COLOURS = ("#2a86c8", "#D55E00", "#009E73", "#E69F00", "#CC79A7", "#56B4E9")
"""Of the figures' own cycle, the first lighter: readable on white and on black."""

MOST_POINTS = 3000
"""Points of a map of candidates: what svg draws at once. All of the front are among them."""

CONFIG: Any = {
    "displaylogo": False,
    "responsive": True,
    "displayModeBar": False,
    "showSendToCloud": False,
    "plotlyServerURL": "",
}

HEIGHT_PX = 380

Chart = dict[str, Any]


def _chart(traces: list[Chart], x: str, y: str, **more: Any) -> Chart:
    axis = {"automargin": True, "zeroline": True, "fixedrange": False}
    layout = {
        "xaxis": {**axis, "title": {"text": x}},
        "yaxis": {**axis, "title": {"text": y}},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 55, "r": 12, "t": 12, "b": 45},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "hovermode": "closest",
        "font": {"family": "system-ui, sans-serif", "size": 13},
        **more,
    }
    return {"data": traces, "layout": layout}


def reactions(curves: Sequence[InterfaceReaction], axis: str, quantity: str) -> Chart:
    """Reaction-energy curves; the reaction of each kink under the pointer."""
    traces: list[Chart] = []
    for colour, curve in zip(COLOURS * 3, curves, strict=False):
        energy = [getattr(kink, f"{quantity}_ev_per_atom") for kink in curve.kinks]
        x, y = sampled_curve(curve, axis, np.array(energy))
        name, group = formula_text(curve.title), {"legendgroup": curve.title}
        line = {"color": colour, "width": 2}
        traces.append(
            {"x": x, "y": y, "mode": "lines", "line": line, "hoverinfo": "skip", "name": name, **group}
        )
        traces.append(
            {
                "x": [kink.x(axis) for kink in curve.kinks],
                "y": energy,
                "mode": "markers",
                "marker": {"color": colour, "size": 9},
                "text": [subscripted(kink.reaction) for kink in curve.kinks],
                "hovertemplate": f"%{{text}}<br>x = %{{x:.3f}}, %{{y:.3f}} eV/{curve.per}<extra></extra>",
                "showlegend": False,
                **group,
            }
        )
    of = either(curve.a for curve in curves)
    return _chart(traces, f"{AXIS_LABELS[axis]} of {of}", f"Reaction energy, {quantity} (eV/{curves[0].per})")


def staircases(shown: Sequence[Lithiation]) -> Chart:
    """Voltage against uptake; the reaction of each plateau under the pointer."""
    traces: list[Chart] = []
    for colour, each in zip(COLOURS * 3, shown, strict=False):
        x, y = staircase_line(each, "uptake")
        line, group = {"color": colour, "width": 2}, {"legendgroup": each.formula}
        name = formula_text(each.formula)
        traces.append(
            {"x": x, "y": y, "mode": "lines", "line": line, "hoverinfo": "skip", "name": name, **group}
        )
        starts = [0.0, *(step.uptake_per_formula for step in each.steps[:-1])]
        middles = [(a + step.uptake_per_formula) / 2 for a, step in zip(starts, each.steps, strict=False)]
        traces.append(
            {
                "x": middles,
                "y": [step.voltage_v for step in each.steps],
                "mode": "markers",
                "marker": {"color": colour, "size": 9},
                "text": [subscripted(step.reaction) for step in each.steps],
                "hovertemplate": "%{text}<br>%{y:.2f} V<extra></extra>",
                "showlegend": False,
                **group,
            }
        )
    first = shown[0]
    y_range = {"rangemode": "tozero"}
    chart = _chart(
        traces, f"{first.element} taken up (atoms per formula)", f"Voltage against {first.couple} (V)"
    )
    chart["layout"]["yaxis"] |= y_range
    return chart


def candidates(table: pd.DataFrame, axes: Mapping[str, str], chosen: str = "") -> tuple[Chart, str]:
    """Ranked candidates by two criteria, the front and a chosen one marked; and how many are drawn.

    Parameters
    ----------
    table : DataFrame
        By rank, with ``rank``, ``pareto`` and ``formula``.
    axes : mapping of str to str
        Labels of two criteria by their names: across, and up.
    chosen : str
        Formula.
    """
    x, y = (*axes, *axes)[:2]
    ranked = table[table["passes"] & table[x].notna() & table[y].notna()]
    front = ranked[ranked["pareto"]]
    rest = ranked[~ranked["pareto"]]
    half = MOST_POINTS // 2
    step = max(1, -(-max(len(rest) - half, 0) // half))
    drawn = pd.concat([rest.iloc[:half], rest.iloc[half::step]])
    groups = [
        ("candidates", drawn, {"color": "#8a929c", "size": 5, "opacity": 0.5}),
        ("Pareto front", front, {"color": COLOURS[0], "size": 8}),
        (formula_text(chosen), ranked[ranked["formula"] == chosen], {"color": COLOURS[1], "size": 13}),
    ]
    traces = [
        {
            "x": group[x],
            "y": group[y],
            "mode": "markers",
            "marker": marker,
            "name": name,
            "customdata": group["formula"],
            "text": [
                f"{formula_text(f)}, rank {r}" for f, r in zip(group["formula"], group["rank"], strict=True)
            ],
            "hovertemplate": "%{text}<extra></extra>",
        }
        for name, group, marker in groups
        if len(group)
    ]
    count = len(drawn) + len(front)
    words = (
        f"{count} of {len(ranked)} ranked candidates drawn" if count < len(ranked) else f"{count} candidates"
    )
    return _chart(traces, axes[x], axes[y]), words


def chances(probabilities: Sequence[float]) -> Chart:
    """Probability of each rank."""
    n = next((k for k in range(len(probabilities), 0, -1) if probabilities[k - 1] >= 0.001), 1)
    bars = {
        "type": "bar",
        "x": [*range(1, n + 1)],
        "y": [*probabilities[:n]],
        "marker": {"color": COLOURS[0]},
    }
    hover = {"hovertemplate": "rank %{x}: %{y:.1%}<extra></extra>"}
    chart = _chart([bars | hover], "Rank", "Probability")
    chart["layout"]["xaxis"] |= {"dtick": 1} if n < 12 else {}
    return chart
