"""How a result shows itself: a table in a notebook, curves on axes, formulas with subscripts."""

import re
from dataclasses import dataclass
from html import escape
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_SYMBOL = (
    "A[cglmrstu]|B[aehikr]?|C[adeflmorsu]?|Dy|E[rsu]|F[emr]?|G[ade]|H[efgos]?|I[nr]?|Kr?|L[aiu]|M[dgno]|"
    "N[abdeiop]?|Os?|P[abdmortu]?|R[abehnu]|S[bcegimnr]?|T[abcehilm]|U|V|W|Xe|Yb?|Z[nr]"
)
_AMOUNT = re.compile(r"(?<=[A-Za-z)\]])\d+(?:\.\d+)?")
_NUMBER = r"\d+(?:\.\d+)?"
_FORMULA = re.compile(
    rf"(?<![\w.\-/])(?:[(\[]*(?:{_SYMBOL})(?:{_NUMBER})?(?:[)\]](?:{_NUMBER})?)*)+(?![\w\-/.]*\w)"
)
_SUBSCRIPTS = str.maketrans("0123456789.", "₀₁₂₃₄₅₆₇₈₉.")


def subscripted(text: str) -> str:
    """A text with subscripts in its formulas of at least two elements; names of files stay as they are.

    Examples
    --------
    >>> subscripted("LiAlCl4 + 4 Li -> LiAl + 4 LiCl, cell_4.csv")
    'LiAlCl₄ + 4 Li -> LiAl + 4 LiCl, cell_4.csv'
    """
    return _FORMULA.sub(_with_subscripts, text)


def _with_subscripts(found: re.Match[str]) -> str:
    formula = found.group()
    if len(set(re.findall(_SYMBOL, formula))) < 2:
        return formula
    return _AMOUNT.sub(lambda amount: amount.group().translate(_SUBSCRIPTS), formula)


@dataclass(frozen=True)
class Table:
    """What a notebook shows of a result.

    Attributes
    ----------
    caption : str
    frame : DataFrame
        Heads with units, cells as they are read (numbers already rounded, or text).
    notes : tuple of str
        Lines below: estimated phases, warnings, and the provenance line last.
    """

    caption: str
    frame: "pd.DataFrame"
    notes: tuple[str, ...] = ()

    def html(self) -> str:
        """The table with everything escaped and formulas subscripted."""
        shown = self.frame.map(lambda cell: subscripted(cell) if isinstance(cell, str) else cell)
        body = shown.to_html(index=False, border=0, escape=True, na_rep="", float_format="{:.4g}".format)
        head = f"<p><b>{escape(subscripted(self.caption))}</b></p>" if self.caption else ""
        notes = "<br>".join(escape(subscripted(note)) for note in self.notes)
        return f"<div>{head}{body}<p><small>{notes}</small></p></div>"


class Displayed:
    """Base of results: `display` says what the table holds, `plotter` names the function that draws.

    A subclass sets ``plotter = "screening.plots.interface:plot_reaction"``: a function that takes the result
    and ``ax`` (matplotlib axes, or None for new ones) and returns the axes. It is imported when first used,
    so that results know no plotting library.
    """

    plotter: ClassVar[str] = ""

    def display(self) -> Table:
        """What a notebook shows."""
        raise NotImplementedError

    def plot(self, ax: "Axes | None" = None, **options: Any) -> "Axes":
        """Draw the result.

        Parameters
        ----------
        ax : matplotlib axes, optional
            New ones of their own figure unless given.
        **options
            See the function that `plotter` names.

        Returns
        -------
        matplotlib axes
        """
        module, _, name = self.plotter.partition(":")
        axes: Axes = getattr(import_module(module), name)(self, ax=ax, **options)
        return axes

    def _repr_html_(self) -> str:
        return self.display().html()
