"""``screening eis`` and ``screening arrhenius``: spectra and pellets."""

from pathlib import Path
from typing import Annotated

import typer

from screening.cli.options import JsonOption, OutOption, PlotOption, check_outputs, present

Files = Annotated[
    list[Path],
    typer.Argument(
        help=".mpr, .mpt, .dta, .z, .par, .ism or any table, also of a sheet.", show_default=False
    ),
]


def eis(
    files: Files,
    kk: Annotated[bool, typer.Option("--kk", help="Test against the Kramers-Kronig relations.")] = False,
    area_cm2: Annotated[
        float | None,
        typer.Option("--area-cm2", help="Electrode area: figures in ohm cm2. Headers are not trusted."),
    ] = None,
    plot: PlotOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read impedance spectra, say what was found, test and plot them."""
    from screening.api.bench import read_eis

    check_outputs(plot)
    spectra = read_eis(files, area_cm2=area_cm2)
    found = spectra.kramers_kronig() if kk else spectra
    tables = dict.fromkeys((spectra, found))
    present(found, *(each.display() for each in tables), as_json=as_json, plot=plot, out=out)


def arrhenius(
    files: Files,
    thickness_mm: Annotated[float | None, typer.Option(help="Thickness of the pellet, mm.")] = None,
    diameter_mm: Annotated[float | None, typer.Option(help="Diameter of the pellet, mm.")] = None,
    temperature_c: Annotated[
        list[float] | None,
        typer.Option(help="Temperature of each file, in the order of the files; else from data or name."),
    ] = None,
    circuit: Annotated[str, typer.Option(help="Circuit for all files, or 'auto'.")] = "L-R-p(R,CPE)-CPE",
    at: Annotated[
        list[float] | None, typer.Option("--at", help="Also predict at this temperature, °C.")
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep spectra that fail the Kramers-Kronig test or the fit.")
    ] = False,
    plot: PlotOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Conductivity and activation energy from spectra of blocked pellets.

    Without thickness and diameter the activation energy is given all the same: the geometry cancels.
    """
    from screening.api.bench import arrhenius as fit

    check_outputs(plot)
    series = fit(
        files,
        thickness_mm=thickness_mm,
        diameter_mm=diameter_mm,
        temperature_c=temperature_c,
        circuit=circuit,
        at_c=at or (),
        keep=keep,
    )
    present(series, as_json=as_json, plot=plot, out=out)
