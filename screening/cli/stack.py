"""``screening stack`` and ``screening series``: a cell, and solid solutions."""

from pathlib import Path
from typing import Annotated, Any

import typer

from screening.cli.options import (
    CsvOption,
    JsonOption,
    PlotOption,
    check_outputs,
    present,
    sourced,
    tell,
)


@sourced()
def stack(
    layers: Annotated[
        str, typer.Argument(metavar="LAYERS", help='Anode to cathode, as "Li | Li6PS5Cl | LiCoO2".')
    ],
    window: Annotated[
        str, typer.Option("--window", metavar="V-V", help="Of the cathode against Li/Li+, as 2.6-4.2.")
    ] = "2.6-4.2",
    element: Annotated[str, typer.Option("--element", help="Working ion.")] = "Li",
    csv: CsvOption = None,
    plot: PlotOption = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR", help="Write table and figure; in RESULTS the report shows them."
        ),
    ] = None,
    as_json: JsonOption = False,
    *,
    source: dict[str, Any],
) -> None:
    """Every contact of a cell: closed, charged, and open to its ion over a window."""
    from screening.api.stacks import stack as stack_of

    check_outputs(plot, csv)
    found = stack_of(
        layers,
        window,
        element=element,
        **source,
    )
    written = present(found, as_json=as_json, csv=csv, plot=plot, out=out)
    if written and not as_json:
        tell(f"written: {', '.join(map(str, written))}")


@sourced("at_hull")
def series(
    composition: Annotated[
        str, typer.Argument(metavar="F", help='With a variable: "Li{3-x}Y{1-x}Zr{x}Cl6".')
    ],
    x: Annotated[tuple[float, float], typer.Option("--x", metavar="LOW HIGH", help="Ends of x.")] = (
        0.0,
        1.0,
    ),
    steps: Annotated[int, typer.Option("--steps", help="Compositions.")] = 11,
    mixing: Annotated[
        float, typer.Option("--mixing", metavar="K", help="Temperature of the ideal entropy of mixing.")
    ] = 300.0,
    csv: CsvOption = None,
    plot: PlotOption = None,
    as_json: JsonOption = False,
    *,
    source: dict[str, Any],
) -> None:
    """Windows of a solid solution against its composition."""
    from screening.api.stacks import series as series_of

    check_outputs(plot, csv)
    found = series_of(
        composition,
        x=x,
        steps=steps,
        mixing_k=mixing,
        **source,
    )
    present(found, as_json=as_json, csv=csv, plot=plot)
