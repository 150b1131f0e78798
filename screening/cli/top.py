"""``screening top``: the best candidates of a campaign, running or finished."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from screening.cli.options import say, write_json

if TYPE_CHECKING:
    import pandas as pd

SHOWN = (
    "rank",
    "formula",
    "score",
    "top_1_percent",
    "driving_force_ev_per_li",
    "li_consumed_mah_per_g",
    "sulfide_relief_ev_per_mol",
    "relay_ev_per_atom",
    "mixing_ev_per_atom",
    "metal_volume_fraction",
    "energy_above_hull_ev_per_atom",
    "alloy",
)
"""Columns of the table; csv, xlsx and json hold all of them."""

SHORT = {
    "top_1_percent": "P(1%)",
    "driving_force_ev_per_li": "eV/Li",
    "li_consumed_mah_per_g": "mAh/g",
    "sulfide_relief_ev_per_mol": "relief",
    "relay_ev_per_atom": "relay",
    "mixing_ev_per_atom": "mixing",
    "metal_volume_fraction": "metal",
    "energy_above_hull_ev_per_atom": "e_hull",
}


def top(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The --out of a campaign.")],
    n: Annotated[int, typer.Option("--n", min=1, help="How many.")] = 20,
    where: Annotated[
        str,
        typer.Option("--where", help='One condition, as "driving_force_ev_per_li < -1 and n_elements == 2".'),
    ] = "",
    form: Annotated[Literal["table", "csv", "xlsx", "json"], typer.Option("--format")] = "table",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write there (xlsx: default DIR/top.xlsx).")
    ] = None,
) -> None:
    """Show the best candidates of a campaign for which a condition holds."""
    from screening.campaign import query

    chosen = query.top(directory, n, where)
    if form == "table" and out is None:
        _show(chosen)
    elif form == "csv" and out is None:
        chosen.to_csv(sys.stdout, index=False)
    elif form == "json" and out is None:
        write_json(query.records(chosen))
    else:
        target = out or directory / "top.xlsx"
        query.write_top(target, chosen, directory, "csv" if form == "table" else form)
        say(f"{len(chosen)} candidates in {target}")


def _show(chosen: "pd.DataFrame") -> None:
    from rich.console import Console
    from rich.table import Table

    several = [name for name in ("anode", "sulfide") if len(set(chosen[name])) > 1]
    table = Table(box=None, pad_edge=False)
    names = [name for name in (*SHOWN[:2], *several, *SHOWN[2:]) if name in chosen.columns]
    for name in names:
        left = name in ("formula", "alloy", "anode", "sulfide")
        table.add_column(SHORT.get(name, name), justify="left" if left else "right", no_wrap=True)
    for row in chosen[names].itertuples(index=False):
        table.add_row(*(_cell(value) for value in row))
    Console(width=None if sys.stdout.isatty() else 160).print(table)


def _cell(value: object) -> str:
    import pandas as pd
    from rich.markup import escape

    if value is None or value is pd.NA or value != value:
        return "-"
    return (
        f"{value:.3g}"
        if isinstance(value, float) and value != int(value)
        else escape(f"{value}".removesuffix(".0"))
    )
