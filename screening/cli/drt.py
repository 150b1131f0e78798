"""``screening drt``: from spectra to relaxation times, processes and completion times."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from screening.cli.options import JsonOption, OutOption, PlotOption, check_outputs, present
from screening.errors import InputError

if TYPE_CHECKING:
    from screening.lab.impedance.spectra import Spectra

Files = Annotated[
    list[Path] | None,
    typer.Argument(help=".mpr, .mpt, .dta, .z, .par, .ism or any table, in the order of time."),
]
InterfacesOption = Annotated[
    int, typer.Option("--interfaces", help="Equal interfaces to divide Ω·cm² by: 2 for a symmetric cell.")
]
ElectrolyteOption = Annotated[
    float | None, typer.Option("--electrolyte-ohm", help="Resistance of the electrolyte alone, Ω.")
]


def drt(
    files: Files = None,
    windows: Annotated[
        Path | None,
        typer.Option("--windows", help="Windows of relaxation time (TOML); default: the paper's."),
    ] = None,
    out: OutOption = None,
    plot: PlotOption = None,
    simulated_rest: Annotated[
        bool, typer.Option("--simulated-rest", help="Run the shipped simulated rest series instead of files.")
    ] = False,
    areas: Annotated[
        bool, typer.Option("--areas", help="Resistances from areas under γ instead of the refit.")
    ] = False,
    regularisation: Annotated[
        str, typer.Option("--regularisation", help="λ: evidence, gcv, or a number.")
    ] = "evidence",
    per_spectrum: Annotated[
        bool, typer.Option("--per-spectrum", help="Choose λ for each spectrum by itself.")
    ] = False,
    order: Annotated[int, typer.Option("--order", help="Derivative of γ that is penalised, 1 or 2.")] = 1,
    weights: Annotated[
        Literal["modulus", "unit"], typer.Option("--weights", help="Weights of the points.")
    ] = "modulus",
    capacitance: Annotated[bool, typer.Option("--capacitance", help="Add a series capacitance.")] = False,
    cpe: Annotated[
        float | None, typer.Option("--cpe", help="Add a series constant-phase element of this exponent.")
    ] = None,
    signed: Annotated[
        bool, typer.Option("--signed", help="Let γ and resistances be negative: inductive loops.")
    ] = False,
    min_hz: Annotated[float | None, typer.Option(help="Leave out frequencies below this, Hz.")] = None,
    max_hz: Annotated[float | None, typer.Option(help="Leave out frequencies above this, Hz.")] = None,
    area_cm2: Annotated[float | None, typer.Option("--area-cm2", help="Electrode area, cm².")] = None,
    interfaces: InterfacesOption = 1,
    electrolyte_ohm: ElectrolyteOption = None,
    as_json: JsonOption = False,
) -> None:
    """Resolve impedance spectra into processes and follow them through a series."""
    check_outputs(plot)
    spectra = _spectra(files or [], simulated_rest, area_cm2)
    result = spectra.within(min_hz, max_hz).drt(
        windows=windows,
        regularisation=_regularisation(regularisation),
        per_spectrum=per_spectrum,
        order=order,
        weights=weights,
        capacitance=capacitance,
        cpe_exponent=cpe,
        signed=signed,
        refit=not areas,
        interfaces=interfaces,
        electrolyte_ohm=electrolyte_ohm,
    )
    present(result, as_json=as_json, plot=plot, out=out)


def _regularisation(text: str) -> str | float:
    try:
        return float(text)
    except ValueError:
        return text


def _spectra(files: list[Path], simulated_rest: bool, area_cm2: float | None) -> "Spectra":
    from screening.api.bench import read_eis, simulated_rest_series

    if simulated_rest == bool(files):
        raise InputError("give files or --simulated-rest, one of the two", where="screening drt")
    spectra = simulated_rest_series() if simulated_rest else read_eis(files)
    return spectra if area_cm2 is None else spectra.with_area(area_cm2)
