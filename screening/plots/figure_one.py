"""Figures 1A and 1F and the staircase of one compound on one page."""

from collections.abc import Sequence
from typing import Protocol

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from screening.errors import InputError
from screening.plots.interface import plot_reactions
from screening.plots.letters import LEFT_IN, MARGIN_IN, room_below_in
from screening.plots.staircases import plot_staircases
from screening.plots.style import COLUMN_IN, PAGE_IN, canvas, figure_style, letter_panels
from screening.thermo.interface import InterfaceReaction
from screening.thermo.lithiation import Lithiation

WIDTHS_IN = {85: COLUMN_IN, 170: PAGE_IN}
"""Widths of the page by their names in mm."""

HEIGHT_IN, HEAD_IN = 2.2, 0.22
"""Height of a panel, and room for its letter above."""


class OneCompound(Protocol):
    """What is drawn."""

    with_compound: Sequence[InterfaceReaction]
    with_electrolyte: Sequence[InterfaceReaction]
    staircase: Lithiation
    reference: InterfaceReaction | None

    @property
    def is_electrolyte(self) -> bool:
        """Whether the compound is the electrolyte itself."""


def plot_figure_one(
    shown: OneCompound, ax: Axes | Figure | None = None, *, axis: str = "molar", width_mm: int = 170
) -> Axes:
    """Draw anode and alloy against the compound (A) and the electrolyte (B), and the staircase (C).

    Of the electrolyte itself A and B would be the same: B is then the staircase.

    Parameters
    ----------
    shown : FigureOne
    ax : Axes or Figure, optional
        On axes only A is drawn.
    axis : {"molar", "atomic", "mass"}
    width_mm : {85, 170}
        One journal column, panels below each other; or two.

    Returns
    -------
    Axes
        Of A.

    Raises
    ------
    InputError
        If there is no such axis or width.
    """
    if width_mm not in WIDTHS_IN:
        raise InputError(f"{width_mm} mm", where="width", remedy=f"give {' or '.join(map(str, WIDTHS_IN))}")
    if isinstance(ax, Axes):
        return plot_reactions(shown.with_compound, ax, axis=axis, reference=shown.reference)
    width, row = WIDTHS_IN[width_mm], HEAD_IN + HEIGHT_IN + room_below_in(0)
    columns = 2 if width_mm == max(WIDTHS_IN) else 1
    curves = [shown.with_compound, *(() if shown.is_electrolyte else (shown.with_electrolyte,))]
    rows = len(curves) + 1 if columns == 1 else len(curves)
    each = width / columns
    with figure_style():
        figure = canvas(ax, (width, rows * row))
        panels = []
        for number in range(len(curves) + 1):
            down, across = divmod(number, columns)
            wide = each if number < 2 else width
            top = 1.0 - (down * row + HEAD_IN) / (rows * row)
            size = (wide - LEFT_IN - MARGIN_IN) / width, HEIGHT_IN / (rows * row)
            panels.append(figure.add_axes(((across * each + LEFT_IN) / width, top - size[1], *size)))
        for drawn, panel, beside in zip(curves, panels, (shown.reference, None), strict=False):
            plot_reactions(drawn, panel, axis=axis, reference=beside)
        plot_staircases(shown.staircase, panels[-1])
        letter_panels(panels)
    return panels[0]
