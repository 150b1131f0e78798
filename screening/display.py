"""How a result shows itself: a table in a notebook, curves on axes, formulas with subscripts."""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from html import escape
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, TypeVar, overload

from screening.errors import InputError
from screening.files import figure_png, output_directory, write_content

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SYMBOL = (
    "A[cglmrstu]|B[aehikr]?|C[adeflmorsu]?|Dy|E[rsu]|F[emr]?|G[ade]|H[efgos]?|I[nr]?|Kr?|L[aiu]|M[dgno]|"
    "N[abdeiop]?|Os?|P[abdmortu]?|R[abehnu]|S[bcegimnr]?|T[abcehilm]|U|V|W|Xe|Yb?|Z[nr]"
)
_AMOUNT = re.compile(r"(?<=[A-Za-z)\]])\d+(?:\.\d+)?")
_NUMBER = r"\d+(?:\.\d+)?"
_FORMULA = re.compile(
    rf"(?<![\w.\-/])(?:[(\[]*(?:{_SYMBOL})(?:{_NUMBER})?(?:[)\]](?:{_NUMBER})?)*)+(?![\w\-/.]*\w)"
)
SHOWN_ROWS = 30
"""Of a longer table a notebook shows the first and the last rows."""

NEGLIGIBLE = 1e-12
"""Rounding errors, shown as 0."""

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
    return formula_text(formula)


def formula_text(formula: str) -> str:
    """One formula, or a mixture, with Unicode subscripts, which stay text in svg."""
    return _AMOUNT.sub(lambda amount: amount.group().translate(_SUBSCRIPTS), formula)


def marked(formula: str, origin: object) -> str:
    """A formula with the mark of what rests on a phase that is none of the source's own."""
    return f"{formula}*" if origin else formula


DOUBT, DOUBT_MARK = "doubtful energies", "‡"
"""How a row's cautions begin that name such phases, and the mark of such a row."""


def doubted(cautions: object) -> str:
    """The mark of a row with these cautions, empty without doubtful energies."""
    return DOUBT_MARK * (DOUBT in str(cautions))


DOUBT_TOLD = f"{DOUBT_MARK} {DOUBT} in it or in what it forms"


def all_marked(formulas: Iterable[str], origins: Iterable[str], cautions: Iterable[object]) -> list[str]:
    """Formulas with the marks of origins and doubts, row by row."""
    return [marked(f, o) + doubted(told) for f, o, told in zip(formulas, origins, cautions, strict=True)]


def rests_on(origins: Iterable[str]) -> list[str]:
    """What the mark says: ``* rests on a phase whose energy is estimated``; nothing without origins."""
    words = dict.fromkeys(word for each in origins for word in each.split(", ") if word)
    return [f"* rests on a phase whose energy is {' or '.join(words)}"] if words else []


def fixed(value: float | None, digits: int) -> str:
    """A number with so many decimals, a dash where it is unknown."""
    text = "-" if value is None else f"{value:.{digits}f}"
    return text.removeprefix("-") if text.strip("-0.") == "" and value is not None else text


def hours(value: float) -> str:
    """A time in hours to four digits, and never as a power of ten."""
    return f"{value:.4g}" if abs(value) < 1e4 else f"{value:.0f}"


def _number(value: float) -> str:
    return f"{0.0 if abs(value) < NEGLIGIBLE else value:.4g}"


@dataclass(frozen=True)
class Table:
    """What a notebook shows of a result.

    Attributes
    ----------
    caption : str
    content : DataFrame, or mappings of a row each
        Heads with units, cells as they are read (numbers already rounded, or text). Rows of text need no
        pandas to be printed.
    notes : tuple of str
        Lines below: estimated phases, warnings, and the provenance line last.
    wide : tuple of str
        Heads of columns that a narrow terminal leaves out.
    """

    caption: str
    content: "pd.DataFrame | Sequence[Mapping[str, Any]]"
    notes: tuple[str, ...] = ()
    wide: tuple[str, ...] = ()

    @cached_property
    def frame(self) -> "pd.DataFrame":
        """The content as a DataFrame."""
        import pandas as pd

        return pd.DataFrame(self.content)

    @property
    def columns(self) -> dict[str, list[Any]]:
        """Cells below each head; None where a row lacks one."""
        if not isinstance(self.content, Sequence):
            return {str(head): cells.tolist() for head, cells in self.content.items()}
        return {head: [row.get(head) for row in self.content] for row in self.content for head in row}

    def text(self) -> str:
        """The table as plain text."""
        body = self.frame.to_string(index=False, na_rep="", float_format=_number) if len(self.frame) else ""
        return "\n".join(line for line in (self.caption, body, *self.notes) if line)

    def html(self) -> str:
        """The table with everything escaped and formulas subscripted."""
        shown = self.frame.map(lambda cell: subscripted(cell) if isinstance(cell, str) else cell)
        body = shown.to_html(
            index=False, border=0, escape=True, na_rep="", max_rows=SHOWN_ROWS, float_format=_number
        )
        head = f"<p><b>{escape(subscripted(self.caption))}</b></p>" if self.caption else ""
        notes = "<br>".join(escape(subscripted(note)) for note in self.notes)
        return f"<div>{head}{body}<p><small>{notes}</small></p></div>"

    _repr_html_ = html


def settings_table(caption: str, content: Mapping[str, Any], notes: Sequence[str] = ()) -> Table:
    """Nested content, one row per value; what is empty is left out."""
    rows = [{"key": key, "value": value} for key, value in _rows(content)]
    return Table(caption, rows, tuple(notes))


def _rows(content: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for key, value in content.items():
        name = f"{above}{key}"
        if isinstance(value, Mapping):
            yield from _rows(value, f"{name}.")
        elif isinstance(value, list | tuple):
            yield from ((name if k == 0 else "", str(each)) for k, each in enumerate(value))
        elif value is not None and value != "":
            yield name, str(value)


class Shown:
    """Base of what shows itself as a table: `display` says what it holds."""

    def display(self) -> Table:
        """What a notebook shows."""
        raise NotImplementedError

    def __str__(self) -> str:
        return self.display().text()

    def _repr_html_(self) -> str:
        return self.display().html()


class Displayed(Shown):
    """Base of results: `plotter` names the function that draws.

    A subclass sets ``plotter = "screening.plots.interface:plot_reactions"``: a function that takes the result
    and ``ax`` and returns the axes. It is imported when first used, so that results know no plotting library.
    """

    plotter: ClassVar[str] = ""
    is_figure: ClassVar[bool] = False
    """Whether the last line of a notebook's cell shows the figure, and the table below it."""

    def to_frame(self) -> "pd.DataFrame":
        """The result as one table, units in the names of its columns."""
        raise NotImplementedError

    def plot(self, ax: "Axes | Figure | None" = None, **options: Any) -> Any:
        """Draw the result.

        Parameters
        ----------
        ax : matplotlib axes or figure, optional
            Axes to draw on, or an empty figure to lay out; without, a new figure that a notebook shows.
        **options
            See the function that `plotter` names.

        Returns
        -------
        matplotlib axes
            Of several panels the first; ``axes.figure.axes`` holds all.
        """
        module, _, name = self.plotter.partition(":")
        if not module:
            raise InputError(f"a {type(self).__name__} has no figure", remedy="see its to_frame()")
        return getattr(import_module(module), name)(self, ax=ax, **options)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """The image of a figure, and the page with the image above its table: a notebook shows the page."""
        if not self.is_figure:
            return {}
        image = b64encode(figure_png(self.plot)).decode("ascii")
        shown = f'<img style="max-width:100%" alt="" src="data:image/png;base64,{image}">'
        return {"image/png": image, "text/html": shown + self._repr_html_()}

    def contents(self) -> Mapping[str, Any]:
        """Files that `write` makes, by name: tables, JSON, or functions that draw into a figure."""
        raise NotImplementedError

    def write(self, directory: str | Path) -> list[Path]:
        """Write everything into a directory, which is made if need be; the files that were written.

        Raises
        ------
        InputError
            If it cannot be written.
        """
        folder, contents = output_directory(Path(directory)), self.contents()
        for name, content in contents.items():
            write_content(folder / name, content, getattr(self, "provenance", None))
        return [folder / name for name in contents]

    def save(self, path: str | Path, **options: Any) -> None:
        """Write the table (.csv, .parquet, .xlsx) or the figure (.png, .svg, .pdf) into one file.

        Parameters
        ----------
        path : str or Path
        **options
            Of the figure; see `plot`.

        Raises
        ------
        InputError
            If the suffix is none of these, or the file cannot be written.
        """
        target = Path(path)
        table = target.suffix.lower() in (".csv", ".parquet", ".xlsx")
        content = self.to_frame() if table else lambda figure: self.plot(figure, **options)
        write_content(target, content, getattr(self, "provenance", None))


class Framed(Protocol):
    """Anything that is a table."""

    def to_frame(self) -> "pd.DataFrame":
        """The table."""
        ...


Item = TypeVar("Item", bound=Framed)


@dataclass(frozen=True, repr=False)
class Group(Displayed, Sequence[Item]):
    """Several results of one kind, in order.

    Attributes
    ----------
    items : tuple
    """

    items: tuple[Item, ...]

    @overload
    def __getitem__(self, index: int) -> Item: ...

    @overload
    def __getitem__(self, index: slice) -> Self: ...

    def __getitem__(self, index: int | slice) -> Item | Self:
        return replace(self, items=self.items[index]) if isinstance(index, slice) else self.items[index]

    def __len__(self) -> int:
        return len(self.items)

    def __repr__(self) -> str:
        return f"{type(self).__name__} of {len(self)}"

    def to_frame(self) -> "pd.DataFrame":
        """Their tables below one another."""
        import pandas as pd

        return pd.concat([each.to_frame() for each in self.items], ignore_index=True)
