"""Cells of a folder beside each other, from best to worst."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from screening.errors import InputError
from screening.lab.quantities import QUANTITIES
from screening.plots.impedance import label_text
from screening.plots.style import BLUE, PAGE_IN, VERMILION, canvas, figure_style, letter_panels

ROW_IN, HEAD_IN = 0.17, 0.65


def plot_cells(table: pd.DataFrame, figure: Figure | None = None) -> Axes:
    """Draw a bar for each cell with its leading quantity, a panel for each kind; open ends are bounds.

    Parameters
    ----------
    table : DataFrame
        Of `lab.briefs.compared`.
    figure : Figure, optional
        An empty one.

    Returns
    -------
    Axes
        The first.

    Raises
    ------
    InputError
        If no cell has a number.
    """
    known = table[table["value"].notna()]
    kinds = [group for _, group in known.groupby("kind", sort=False)]
    if not kinds:
        quantities = ", ".join(dict.fromkeys(filter(None, table["quantity"]))) or "any quantity"
        raise InputError(f"no cell has a number of {quantities}", where="plot", remedy="see what each lacks")
    heights = [HEAD_IN + ROW_IN * len(group) for group in kinds]
    with figure_style():
        drawn = canvas(figure, (PAGE_IN, sum(heights)), layout="constrained")
        panels = drawn.subplots(len(kinds), 1, squeeze=False, height_ratios=heights)[:, 0]
        for axes, group in zip(panels, kinds, strict=True):
            _draw(axes, group)
        letter_panels(panels)
    return panels[0]


def _draw(axes: Axes, group: pd.DataFrame) -> None:
    quantity = QUANTITIES[group["quantity"].iloc[0]]
    values, rows = group["value"].astype(float), range(len(group))
    short = group["brief"].str.startswith("short")
    axes.barh(rows, values, color=[VERMILION if bad else BLUE for bad in short], height=0.7)
    for row, (value, bound, bad) in enumerate(zip(values, group["at_least"], short, strict=True)):
        told = f"{'> ' * bool(bound)}{value:.4g}{', short' * bool(bad)}"
        axes.annotate(told, (value, row), (3, 0), textcoords="offset points", va="center")
    axes.set_yticks(rows, [label_text(name) for name in group["cell"]])
    axes.invert_yaxis()
    axes.margins(x=0.12)
    label = quantity.meaning[:1].upper() + quantity.meaning[1:]
    axes.set_xlabel(label if quantity.unit in ("", "1") else f"{label} ({quantity.unit})")
    axes.set_title(group["kind"].iloc[0])
