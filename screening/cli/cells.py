"""``screening cells``: sheets for a folder of raw files, and what happened to each cell of a folder."""

from pathlib import Path
from typing import Annotated

import typer

from screening.cli.options import (
    CsvOption,
    JsonOption,
    PlotOption,
    check_outputs,
    print_table,
    save,
    say,
    tell,
    write_json,
)
from screening.errors import InputError

INIT = "init"


def cells(
    words: Annotated[
        list[str],
        typer.Argument(metavar="[init] DIR", help="Folder of cell sheets; with init, of raw files."),
    ],
    diameter_mm: Annotated[
        float | None, typer.Option("--diameter-mm", metavar="MM", help="init: of every electrode.")
    ] = None,
    area_cm2: Annotated[
        float | None, typer.Option("--area-cm2", metavar="CM2", help="init: area of every electrode instead.")
    ] = None,
    csv: CsvOption = None,
    plot: PlotOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what happened to each cell of a folder, best first; init writes sheets for raw files."""
    *verb, directory = words
    if verb not in ([], [INIT]):
        raise InputError(f"{' '.join(words)!r}", where="cells", remedy="as in: screening cells init DIR")
    if verb:
        _init(Path(directory), diameter_mm, area_cm2)
        return
    from screening.api.cells import read_cells
    from screening.files import records

    check_outputs(plot, csv)
    found = read_cells(Path(directory))
    save(found, csv=csv)
    for fault in found.faults:
        say(f"skipped: {fault}")
    if as_json:
        write_json({"cells": records(found.to_frame()), "skipped": [str(fault) for fault in found.faults]})
    else:
        table = found.to_frame()
        for row in table.itertuples():
            tell(f"{row.cell:32} {row.brief}")
        if table["value"].notna().any():
            tell()
            print_table(found.display())
    save(found, plot=plot)


def _init(directory: Path, diameter_mm: float | None, area_cm2: float | None) -> None:
    from sys import stdin

    from screening.files import write_text
    from screening.lab.beginnings import find_cells, sheets

    if diameter_mm is not None and area_cm2 is not None:
        raise InputError("--diameter-mm and --area-cm2 both given", remedy="keep one")
    found, passed = find_cells(directory)
    for line in passed:
        say(f"left aside: {line}")
    if not found:
        raise InputError("no file that can be read as a measurement", where=str(directory))
    if diameter_mm is None and area_cm2 is None and stdin.isatty():
        diameter_mm = typer.prompt("Diameter of the electrodes in mm, the same for all cells", type=float)
    size = "# diameter_mm = 10.0      # needed: of the electrodes"
    for name, value in (("diameter_mm", diameter_mm), ("area_cm2", area_cm2)):
        if value is not None:
            if not 0.0 < value < float("inf"):
                raise InputError(f"{value:g}", where=name, remedy="give a number above 0")
            size = f"{name} = {value!r}"
    for (path, text), cell in zip(sheets(directory, found, [size]), found.values(), strict=True):
        if path.exists():
            say(f"kept: {path}")
            continue
        write_text(path, text)
        tell(f"{path.name:32} {cell.kind or 'kind not told by the record'}")
        for remark in dict.fromkeys(cell.remarks):
            tell(f"    {remark}")
    size_too = "the size of the electrodes and " if size.startswith("#") else ""
    tell(f"next: state {size_too}the layers in the sheets, then screening cells {directory}")
