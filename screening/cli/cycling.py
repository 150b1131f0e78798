"""``screening cycling``: what a cell's cycling record says, as tables, figures and one page."""

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from screening.cli.options import JsonOption, print_table, say, tell, write_json


class Kind(StrEnum):
    """What kind of cell."""

    SYMMETRIC = "symmetric"
    FULL = "full"
    PLATING = "plating"


def cycling(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILES...", help="Files of one cell, in the order they were measured."),
    ],
    cell: Annotated[
        Path | None,
        typer.Option("--cell", metavar="FILE", help="Sheet of the cell (TOML): area, masses, separator."),
    ] = None,
    area_cm2: Annotated[
        float | None, typer.Option("--area-cm2", help="Electrode area, without a sheet that gives one.")
    ] = None,
    diameter_mm: Annotated[
        float | None, typer.Option("--diameter-mm", help="Diameter of a round electrode instead, mm.")
    ] = None,
    kind: Annotated[
        Kind | None, typer.Option("--kind", help="Default: what the sheet says, else the record.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write tables, figures and a page there.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Assess cycling: overpotential and life, or capacity and efficiency, or plating efficiency; shorts."""
    from screening.api.cells import read_cycling

    found = read_cycling(
        files,
        cell=cell,
        area_cm2=area_cm2,
        diameter_mm=diameter_mm,
        kind=None if kind is None else str(kind),
    )
    written = found.write(out) if out is not None else []
    for remark in found.remarks:
        say(f"note: {remark}")
    if as_json:
        write_json(found.summary())
        return
    print_table(replace(found, remarks=()).display())
    for path in written:
        tell(f"wrote {path}")
