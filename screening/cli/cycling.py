"""``screening cycling``: what a cell's cycling record says, as tables, figures and one page."""

from dataclasses import replace
from enum import StrEnum
from math import pi
from pathlib import Path
from typing import Annotated

import typer

from screening.cli.options import JsonOption, print_table, say, tell, write_json
from screening.errors import InputError


class Kind(StrEnum):
    """What kind of cell."""

    SYMMETRIC = "symmetric"
    FULL = "full"


def cycling(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILES...", help="Files of one cell, in the order they were measured."),
    ],
    cell: Annotated[
        Path | None,
        typer.Option("--cell", metavar="FILE", help="Sheet of the cell (TOML): area, masses, separator."),
    ] = None,
    kind: Annotated[
        Kind | None, typer.Option("--kind", help="Default: what the sheet says, else the record.")
    ] = None,
    diameter_mm: Annotated[
        float | None, typer.Option("--diameter-mm", metavar="MM", help="Of the electrode, without a sheet.")
    ] = None,
    area_cm2: Annotated[
        float | None,
        typer.Option("--area-cm2", metavar="CM2", help="Area of the electrode, without a sheet."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write tables, figures and a page there.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Assess cycling: overpotential, life and short circuits, or capacity and efficiency."""
    from screening.api.cells import read_cycling

    if diameter_mm is not None:
        if area_cm2 is not None:
            raise InputError("--diameter-mm and --area-cm2 both given", remedy="keep one")
        area_cm2 = pi / 4.0 * (diameter_mm / 10.0) ** 2
    found = read_cycling(files, cell=cell, area_cm2=area_cm2, kind=None if kind is None else str(kind))
    written = found.write(out) if out is not None else []
    for remark in found.remarks:
        say(f"note: {remark}")
    if as_json:
        write_json(found.summary())
        return
    print_table(replace(found, remarks=()).display())
    for path in written:
        tell(f"wrote {path}")
