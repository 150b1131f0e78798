"""What each cell says of each prediction, as a map."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from screening.errors import InputError
from screening.plots.impedance import label_text
from screening.plots.style import BLUE, PAGE_IN, VERMILION, canvas, figure_style
from screening.provenance import SIMULATED
from screening.validation.joining import Verdict
from screening.validation.validate import Validation

COLOURS = {
    Verdict.AGREES: BLUE,
    Verdict.CONTRADICTS: VERMILION,
    Verdict.CANNOT_TELL: "0.75",
    Verdict.NO_PREDICTION: "0.92",
}
ROW_IN, EDGES_IN = 0.16, 1.9


def plot_validation(found: Validation, ax: Axes | Figure | None = None) -> Axes:
    """Draw the verdict of every check: a row for each cell, a column for each question.

    Raises
    ------
    InputError
        If no cell was asked anything.
    """
    verdicts = [*COLOURS]
    frame = found.to_frame()
    if frame.empty:
        raise InputError("no cell has a layer that the campaign predicts", remedy="see its notes()")
    code = frame["verdict"].map({str(each): k for k, each in enumerate(verdicts)})
    # of several controls the gravest verdict counts: a contradiction before agreement, before no answer
    gravity = code.map({1: 0, 0: 1, 2: 2, 3: 3})
    table = frame.assign(code=code).loc[gravity.sort_values(kind="stable").index]
    table = table.pivot_table("code", "cell", "question", aggfunc="first", sort=False)
    table = table.loc[frame["cell"].unique(), frame["question"].unique()]
    with figure_style():
        if not isinstance(ax, Axes):
            size = (PAGE_IN, EDGES_IN + ROW_IN * len(table))
            ax = canvas(ax, size, layout="constrained").subplots()
        shades = ListedColormap([*COLOURS.values()])
        bounds = BoundaryNorm([k - 0.5 for k in range(len(verdicts) + 1)], shades.N)
        ax.pcolormesh(table.to_numpy(float), cmap=shades, norm=bounds, edgecolors="white", linewidth=1.0)
        ax.set_xticks([k + 0.5 for k in range(table.shape[1])], [*table.columns], rotation=35, ha="right")
        ax.set_yticks([k + 0.5 for k in range(len(table))], [*map(_row_label, *_cells(frame))])
        ax.tick_params(length=0)
        ax.invert_yaxis()
        handles = [Patch(color=COLOURS[each], label=str(each)) for each in verdicts]
        ax.legend(handles=handles, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=len(handles))
    return ax


def _cells(frame: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Name and origin of each cell."""
    first = frame.drop_duplicates("cell")
    return first["cell"], first["origin"]


def _row_label(name: str, origin: str) -> str:
    """A cell by its name, which says where it was simulated."""
    return label_text(name) + f" ({SIMULATED})" * (origin == SIMULATED and SIMULATED not in name)
