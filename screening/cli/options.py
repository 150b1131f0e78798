"""Options that several verbs share, and how verbs write JSON."""

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial, wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from screening.display import Displayed, Table

DigitsOption = Annotated[
    int | None,
    typer.Option("--digits", metavar="N", min=0, max=12, help="Decimals, to compare codes."),
]
SOURCE: dict[str, tuple[Any, Any, Any]] = {
    "at_hull": (
        *(bool, False),
        typer.Option("--at-hull", help="Accept compositions that the snapshot lacks at their hull energy."),
    ),
    "snapshot": (
        *(str, "mp2019"),
        typer.Option(
            "--snapshot", metavar="NAME|PATH", help="Snapshot to work on (default: the embedded one)."
        ),
    ),
    "phases": (
        *(Path | None, None),
        typer.Option(
            "--phases",
            metavar="FILE",
            help="Your own phases to join to it: csv, json, vasprun.xml or a folder of runs.",
        ),
    ),
    "force": (
        *(bool, False),
        typer.Option("--force", help="Take own phases that lie implausibly far below all others."),
    ),
    "replace": (
        *(bool, False),
        typer.Option("--replace", help="Own phases replace those of the snapshot, even lower ones."),
    ),
    "temperature_k": (
        *(float | None, None),
        typer.Option("--temperature", metavar="K", help="Gibbs energies at this temperature, 300 to 2000 K."),
    ),
    "energies": (
        *(str, "corrected"),
        typer.Option(
            "--energies",
            metavar="corrected|anchored|as-published",
            help="Gases measured and solids with OH, H2O, CO3 … corrected to match; all anchored to measured "
            "enthalpies; or as in the source.",
        ),
    ),
}
"""What says where energies come from, by the names that `screening.react` takes: type, default and option."""

SnapshotOption = Annotated[str, SOURCE["snapshot"][-1]]


def sourced(*without: str, **defaults: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a verb the options of `SOURCE` but for some; it takes them all as one mapping, ``source``."""

    def decorated(verb: Callable[..., None]) -> Callable[..., None]:
        options = [
            Parameter(
                *(name, Parameter.KEYWORD_ONLY),
                default=defaults.get(name, usual),
                annotation=Annotated[kind, option],
            )
            for name, (kind, usual, option) in SOURCE.items()
            if name not in without
        ]

        @wraps(verb)
        def called(**given: Any) -> None:
            source = {option.name: given.pop(option.name) for option in options}
            verb(**given, source=source)

        own = [each for each in signature(verb).parameters.values() if each.name != "source"]
        called.__signature__ = Signature([*own, *options])  # type: ignore[attr-defined]
        called.__annotations__ = {each.name: each.annotation for each in (*own, *options)}
        return called

    return decorated


JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON, and nothing else, to stdout.")]
CifOption = Annotated[
    list[Path] | None,
    typer.Option("--cif", metavar="FILE", help="Structure for X-ray lines; may be repeated."),
]

CsvOption = Annotated[
    Path | None, typer.Option("--csv", metavar="FILE", help="Write the whole table as csv.")
]
PlotOption = Annotated[
    Path | None, typer.Option("--plot", metavar="FILE", help="Draw a figure (.png, .svg, .pdf or .tiff).")
]
OutOption = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="Write tables and figures into a directory.")
]

VoltageOption = Annotated[
    str | None,
    typer.Option("--voltage", metavar="V", help="Open to the ion at 4.2, at 2.6,4.2, or over 2.6-4.2 V."),
]
PotentialOption = Annotated[
    list[str] | None,
    typer.Option("--mu", metavar="EL=EV", help="Open to an element at this potential, as Co=-1."),
]
GasOption = Annotated[
    str | None,
    typer.Option("--open", metavar="GAS", help="Open to a gas, with --pressure and --temperature."),
]
PressureOption = Annotated[
    float | None, typer.Option("--pressure", metavar="BAR", help="Pressure of the gas.")
]

_CONTROL = re.compile(r"[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What JSON leaves as it is though a terminal obeys it, or UTF-8 has no bytes for it."""

_NUMBERS = re.compile(r"[\d.+\-%±…e ()]+|-?[\d.]+( \(-?[\d.]+ to -?[\d.]+\)| to -?[\d.]+)")

NO_NUMBER = ("", "none", "–", "open")
"""Cells of a column of numbers that hold none."""

NAME_WIDTH = 14
"""Characters that a column of names or words keeps at least, where its cells are as long."""

GAP = 2
"""Blanks between two columns."""

WIDTH, NARROW = 118, 100
"""Columns of a table that goes to a file or a pipe, and those below which a terminal gets fewer columns."""


def check_outputs(plot: Path | None, *others: Path | None) -> None:
    """Refuse files that cannot be written, and a figure of a wrong suffix, before anything is computed."""
    from screening.files import check_figure_suffix, check_targets

    if plot is not None:
        check_figure_suffix(plot)
    check_targets(*others, plot)


def save(
    found: "Displayed",
    *,
    csv: Path | None = None,
    plot: Path | None = None,
    out: Path | None = None,
    **drawn: Any,
) -> list[Path]:
    """Write what was asked for: table, figure, and all into a directory, whose files are told."""
    from screening.files import write_content

    if csv is not None:
        write_content(csv, found.to_frame(), getattr(found, "provenance", None), form=".csv")
    if plot is not None:
        found.save(plot, **drawn)
    return [] if out is None else found.write(out)


def content(found: Any) -> Any:
    """A result for JSON; of several, a list."""
    return found.as_dict() if hasattr(found, "as_dict") else [each.as_dict() for each in found]


def present(found: "Displayed", *tables: "Table", as_json: bool, **files: Any) -> list[Path]:
    """Save a result, see `save`, and print it: as JSON, or in its own table unless others are given."""
    written = save(found, **files)
    if as_json:
        write_json(content(found))
    else:
        for table in tables or (found.display(),):
            print_table(table)
    return written


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[..., None]]:
    """A bar on a terminal, nothing elsewhere; its caller updates it, with what is told beside it."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    texts = (TextColumn("{task.description}"), TextColumn("{task.fields[told]}"))
    columns = (texts[0], BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), texts[1])
    live = sys.stderr.isatty()
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not live) as bar:
        yield partial(bar.update, bar.add_task(what, told=""))


def console() -> "Console":
    """Where tables go: as wide as the terminal, or `WIDTH`."""
    from rich.console import Console

    return Console() if sys.stdout.isatty() else Console(width=WIDTH)


def candidates_told(n: int) -> str:
    """So many candidates, in words."""
    return f"{n} candidate" + "s" * (n != 1)


@dataclass(frozen=True)
class _Column:
    """A column as a terminal shows it; `width` is the least that leaves its numbers whole."""

    name: str
    cells: list[str]

    @property
    def head(self) -> str:
        """Name with the unit below."""
        return plain(self.name).replace(" (", "\n(", 1)

    @property
    def number(self) -> bool:
        """Whether it holds nothing but numbers."""
        return all(cell in NO_NUMBER or _NUMBERS.fullmatch(cell) for cell in self.cells)

    @property
    def width(self) -> int:
        """Characters that it needs."""
        width = max(map(len, (*self.head.split("\n"), *self.cells)), default=0)
        return width if self.number else min(width, NAME_WIDTH)


def _fitting(table: "Table", room: int) -> list[_Column]:
    """Columns for so many characters: numbers at the right give way, since none is ever cut."""
    kept = [
        _Column(name, ["" if cell is None or cell != cell else plain(cell) for cell in cells])
        for name, cells in table.columns.items()
        if room >= NARROW or name not in table.wide
    ]
    for column in reversed(kept.copy()):
        if sum(each.width + GAP for each in kept) - GAP <= room:
            break
        if column.number:
            kept.remove(column)
    return kept


def print_table(table: "Table") -> None:
    """Print a result as it shows itself; units stand below the heads, and no number is ever cut."""
    from rich.table import Table as RichTable
    from rich.text import Text

    terminal, notes = console(), list(table.notes)
    columns = _fitting(table, terminal.width)
    names = [column.name for column in columns]
    if left_out := [name for name in table.columns if name not in names]:
        notes.insert(max(len(notes) - 1, 0), f"{', '.join(left_out)}: in a wider terminal, or in a file")
    caption = Text(plain(table.caption))
    shown = RichTable(title=caption, title_justify="left", title_style="", box=None, pad_edge=False)
    for each in columns:
        shown.add_column(
            each.head,
            justify="right" if each.number else "left",
            no_wrap=each.number,
            overflow="fold",
            min_width=each.width,
        )
    for row in zip(*(column.cells for column in columns), strict=True):
        shown.add_row(*map(Text, row))
    if any(column.cells for column in columns):
        terminal.print(shown)
    for note in notes:
        terminal.print(Text(plain(note)))


def plain(text: object) -> str:
    """Text from outside with every control character replaced, so that a terminal only shows it."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(text))


def tell(text: object = "", end: str = "\n") -> None:
    """Print lines to stdout; of control characters only the ends of lines reach it."""
    sys.stdout.write("\n".join(map(plain, str(text).split("\n"))) + end)


def say(text: object) -> None:
    """Tell the user something that is not a result: on stderr."""
    print(*map(plain, str(text).split("\n")), sep="\n", file=sys.stderr)


def say_all(notes: Iterable[object]) -> None:
    """Tell the user several such things, each once."""
    for note in dict.fromkeys(map(str, notes)):
        say(note)


def write_json(content: Any) -> None:
    """Write JSON to stdout; NaN is refused, and what a terminal or its encoding cannot show is escaped."""
    any_text = (sys.stdout.encoding or "").lower().startswith("utf")
    text = json.dumps(content, indent=1, ensure_ascii=not any_text, allow_nan=False)
    sys.stdout.write(_CONTROL.sub(_escaped, text) + "\n")


def _escaped(control: re.Match[str]) -> str:
    return json.dumps(control.group())[1:-1] if control.group() != "\x7f" else r"\u007f"
