"""``screening xrd``: which of the expected phases stand in a powder pattern."""

from pathlib import Path
from typing import Annotated, Any

import typer

from screening.cli.options import (
    CifOption,
    JsonOption,
    OutOption,
    PlotOption,
    check_outputs,
    present,
    sourced,
)


@sourced("phases", "force", "replace", "temperature_k", "energies")
def xrd(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help=".xy, .csv, .xrdml, .raw, .brml, .ras, .rasx …")
    ],
    phase: Annotated[
        list[str] | None,
        typer.Option("--phase", metavar="F", help="Phase to look for; may be repeated."),
    ] = None,
    reactor: Annotated[
        str,
        typer.Option("--reactor", metavar="F", help="Look for this reactor, electrolyte and products."),
    ] = "",
    electrolyte: Annotated[str, typer.Option("--electrolyte", help="Electrolyte in the layer.")] = "Li6PS5Cl",
    anode: Annotated[str, typer.Option("--anode", help="Metal of the anode.")] = "Li",
    cif: CifOption = None,
    wavelength: Annotated[
        str,
        typer.Option(
            "--wavelength", metavar="NAME|Å", help="As CuKa or 1.5406; default: the file's, or CuKa."
        ),
    ] = "",
    plot: PlotOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
    *,
    source: dict[str, Any],
) -> None:
    """Which phases a powder pattern shows, lacks, or leaves open."""
    from screening.api.patterns import Patterns, read_xrd

    check_outputs(plot)
    patterns = read_xrd(files, wavelength=wavelength)
    assert isinstance(patterns, Patterns)
    found = patterns.identify(
        *(phase or []),
        reactor=reactor,
        electrolyte=electrolyte,
        anode=anode,
        cif=cif or (),
        **source,
    )
    present(found, *(each.display() for each in found), as_json=as_json, plot=plot, out=out)
