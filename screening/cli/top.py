"""``screening top``: the best candidates of a campaign, running or finished."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from screening.cli.options import say, write_json
from screening.files import records

if TYPE_CHECKING:
    import pandas as pd

SHOWN = (
    "rank",
    "formula",
    "score",
    "top_1_percent",
    "driving_force_ev_per_ion",
    "uptake_mah_per_g",
    "electrolyte_relief_ev_per_atom",
    "relay_ev_per_atom",
    "mixing_ev_per_atom",
    "metal_volume_fraction",
    "energy_above_hull_ev_per_atom",
    "alloy",
)
"""Columns of the table; csv, xlsx and json hold all of them."""

SHORT = {"top_1_percent": "P(1%)", "energy_above_hull_ev_per_atom": "e_hull"}
"""Heads of columns that are no criteria."""

ONLY_WIDE = (
    "top_1_percent",
    "relay_ev_per_atom",
    "mixing_ev_per_atom",
    "energy_above_hull_ev_per_atom",
)
"""Columns that a narrow terminal has no room for."""


def top(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The --out of a campaign.")],
    n: Annotated[int, typer.Option("--n", min=1, help="How many.")] = 20,
    where: Annotated[
        str,
        typer.Option("--where", help='A condition, as "driving_force_ev_per_ion < -1 and n_elements == 2".'),
    ] = "",
    form: Annotated[
        Literal["table", "csv", "xlsx", "json"],
        typer.Option("--format", help="A table on the terminal, or csv, xlsx or json."),
    ] = "table",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write there (xlsx: default DIR/top.xlsx).")
    ] = None,
) -> None:
    """Show the best candidates of a campaign, running or finished."""
    from screening.campaign import query

    chosen = query.top(directory, n, where)
    if form == "table" and out is None:
        _show(chosen)
    elif form == "csv" and out is None:
        chosen.to_csv(sys.stdout, index=False)
    elif form == "json" and out is None:
        write_json(records(chosen))
    else:
        target = out or directory / "top.xlsx"
        query.write_top(target, chosen, directory, "csv" if form == "table" else form)
        say(f"{len(chosen)} candidates in {target}")


def _show(chosen: "pd.DataFrame") -> None:
    from screening.cli import tables
    from screening.reactors.anode import shared_ion
    from screening.reactors.criteria import CRITERIA

    ion = shared_ion(chosen["anode"].unique())
    short = SHORT | {criterion.name: criterion.heading(ion) for criterion in CRITERIA}
    terminal = tables.console()
    several = [name for name in ("anode", "electrolyte") if len(set(chosen[name])) > 1]
    names = [name for name in (*SHOWN[:2], *several, *SHOWN[2:]) if name in chosen.columns]
    left_out = [name for name in names if name in ONLY_WIDE] if terminal.width < tables.NARROW else []
    kept = [name for name in names if name not in left_out]
    left = ("formula", "anode", "electrolyte", "alloy")
    rows = [[_cell(value) for value in row] for row in chosen[kept].itertuples(index=False)]
    terminal.print(tables.plain_table("", [short.get(name, name) for name in kept], left, rows))
    if left_out:
        names_left_out = ", ".join(short[name] for name in left_out)
        say(f"{names_left_out}: with {tables.NARROW} columns, or --format csv")


def _cell(value: Any) -> str:
    import pandas as pd

    if pd.isna(value):
        return "-"
    return (
        f"{value:.3g}" if isinstance(value, float) and value != int(value) else f"{value}".removesuffix(".0")
    )
