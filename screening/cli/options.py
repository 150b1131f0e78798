"""Options that several verbs share, and how verbs write JSON."""

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import pandas as pd

    from screening.display import Table

SnapshotOption = Annotated[
    str,
    typer.Option("--snapshot", metavar="NAME|PATH", help="Snapshot to work on (default: the embedded one)."),
]
PhasesOption = Annotated[
    Path | None, typer.Option("--phases", metavar="FILE", help="Your own phases (csv or json) to join to it.")
]
TemperatureOption = Annotated[
    float | None,
    typer.Option("--temperature", metavar="K", help="Gibbs energies at this temperature, 300 to 2000 K."),
]
EnergiesOption = Annotated[
    str,
    typer.Option(
        "--energies",
        metavar="corrected|as-published",
        help="Gases measured and solids with OH, H2O, CO3 … corrected to match, or all as in the source.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON, and nothing else, to stdout.")]
AtHullOption = Annotated[
    bool, typer.Option("--at-hull", help="Accept compositions that the snapshot lacks at their hull energy.")
]
CifOption = Annotated[
    list[Path] | None,
    typer.Option("--cif", metavar="FILE", help="Structure for X-ray lines; may be repeated."),
]

CsvOption = Annotated[
    Path | None, typer.Option("--csv", metavar="FILE", help="Write the whole table as csv.")
]
PlotOption = Annotated[
    Path | None, typer.Option("--plot", metavar="FILE", help="Draw a figure (.png, .svg or .pdf).")
]
OutOption = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="Write tables and figures into a directory.")
]


_NUMBERS = re.compile(r"[\d.+\-%±…e ]+")

NO_NUMBER = ("", "none", "–", "open")
"""Cells of a column of numbers that hold none."""


def check_outputs(plot: Path | None, *others: Path | None) -> None:
    """Refuse files that cannot be written, and a figure of a wrong suffix, before anything is computed."""
    from screening.files import check_figure_suffix, check_targets

    if plot is not None:
        check_figure_suffix(plot)
    check_targets(*others, plot)


def print_table(table: "Table") -> None:
    """Print a result as it shows itself; units stand below the heads."""
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    console = Console()
    caption = Text(plain(table.caption))
    shown = RichTable(title=caption, title_justify="left", title_style="", box=None, pad_edge=False)
    for column in table.frame.columns:
        number = _all_numbers(table.frame[column])
        head = plain(column).replace(" (", "\n(", 1)
        shown.add_column(head, justify="right" if number else "left", no_wrap=number, overflow="fold")
    for row in table.frame.itertuples(index=False):
        shown.add_row(*(Text(plain(cell)) for cell in row))
    if len(table.frame):
        console.print(shown)
    for note in table.notes:
        console.print(Text(plain(note)))


def _all_numbers(cells: "pd.Series[Any]") -> bool:
    """Whether each cell is a number, perhaps with its range, as 94.2% ± 1.3%, or holds none."""
    return all(cell in NO_NUMBER or _NUMBERS.fullmatch(cell) for cell in map(str, cells))


def plain(text: object) -> str:
    """Text from outside with every control character replaced, so that a terminal only shows it."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(text))


def write_json(content: Any) -> None:
    """Write JSON to stdout; NaN is refused."""
    json.dump(content, sys.stdout, indent=1, ensure_ascii=False, allow_nan=False)
    sys.stdout.write("\n")


def say(text: str) -> None:
    """Tell the user something that is not a result: on stderr."""
    print(text, file=sys.stderr)
