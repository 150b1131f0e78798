"""``screening drt``: from spectra to relaxation times, processes and completion times."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from screening.cli.options import JsonOption, say, write_json
from screening.cli.snapshot import plain
from screening.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from screening.lab.impedance.analysis import ImpedanceAnalysis
    from screening.lab.impedance.drt import DrtOptions
    from screening.lab.impedance.spectrum import Spectrum
    from screening.provenance import Provenance

Files = Annotated[
    list[Path] | None,
    typer.Argument(help=".mpr, .mpt, .dta, .z, .idf or any table of text, in the order of time."),
]
SECONDS_PER_HOUR = 3600.0


def drt(
    files: Files = None,
    windows: Annotated[
        Path | None,
        typer.Option("--windows", help="Windows of relaxation time (TOML); default: the paper's."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write tables and figures into a directory.")
    ] = None,
    plot: Annotated[Path | None, typer.Option("--plot", help="Write the figure (.png, .svg, .pdf).")] = None,
    simulated_rest: Annotated[
        bool, typer.Option("--simulated-rest", help="Run the shipped simulated rest series instead of files.")
    ] = False,
    areas: Annotated[
        bool, typer.Option("--areas", help="Resistances from areas under γ instead of the ZARC refit.")
    ] = False,
    regularisation: Annotated[
        str, typer.Option("--regularisation", help="λ: evidence, gcv, or a number.")
    ] = "evidence",
    per_spectrum: Annotated[
        bool, typer.Option("--per-spectrum", help="Choose λ for each spectrum by itself.")
    ] = False,
    order: Annotated[int, typer.Option("--order", help="Derivative of γ that is penalised, 1 or 2.")] = 1,
    weights: Annotated[str, typer.Option("--weights", help="modulus or unit.")] = "modulus",
    capacitance: Annotated[bool, typer.Option("--capacitance", help="Add a series capacitance.")] = False,
    cpe: Annotated[float | None, typer.Option("--cpe", help="Add a series CPE of this exponent.")] = None,
    min_hz: Annotated[float | None, typer.Option("--min-hz", help="Leave out frequencies below.")] = None,
    max_hz: Annotated[float | None, typer.Option("--max-hz", help="Leave out frequencies above.")] = None,
    area_cm2: Annotated[float | None, typer.Option("--area-cm2", help="Electrode area, cm².")] = None,
    interfaces: Annotated[
        int, typer.Option("--interfaces", help="Equal interfaces to divide Ω·cm² by: 2 for a symmetric cell.")
    ] = 1,
    electrolyte_ohm: Annotated[
        float | None, typer.Option("--electrolyte-ohm", help="Resistance of the electrolyte alone, Ω.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Resolve impedance spectra into processes and follow them through the series."""
    from screening.files import check_targets
    from screening.lab.impedance.analysis import analyse
    from screening.lab.impedance.drt import DrtOptions
    from screening.lab.impedance.normal import Terms
    from screening.lab.impedance.windows import Windows

    check_targets(plot)
    chosen = Windows.read(windows) if windows else Windows.default()
    options = DrtOptions(
        regularisation=_regularisation(regularisation),
        per_spectrum=per_spectrum,
        order=order,
        weights=weights,
        terms=Terms(capacitance=capacitance, cpe_exponent=cpe),
    )
    spectra = _prepared(_spectra(files or [], simulated_rest), min_hz, max_hz, area_cm2)
    result = analyse(
        spectra, options, chosen, refit=not areas, interfaces=interfaces, electrolyte_ohm=electrolyte_ohm
    )
    write_json(_content(result, options)) if as_json else _print(result)
    if plot is not None or out is not None:
        _write(result, options, _provenance(files or [], simulated_rest), plot, out)


def _regularisation(text: str) -> str | float:
    try:
        return float(text)
    except ValueError:
        return text


def _spectra(files: list[Path], simulated_rest: bool) -> "list[Spectrum]":
    if simulated_rest == bool(files):
        raise InputError("give files or --simulated-rest, one of the two", where="screening drt")
    if simulated_rest:
        from screening.lab.impedance.simulate import rest_study

        return list(rest_study().spectra(seed=0))
    from screening.lab.readers.impedance import read_series

    return list(read_series(files))


def _prepared(
    spectra: "list[Spectrum]", min_hz: float | None, max_hz: float | None, area_cm2: float | None
) -> "list[Spectrum]":
    from dataclasses import replace

    import numpy as np

    low, high = min_hz or 0.0, max_hz or float("inf")
    prepared = []
    for spectrum in spectra:
        outside = np.flatnonzero((spectrum.frequency_hz < low) | (spectrum.frequency_hz > high))
        kept = spectrum.without(outside) if outside.size else spectrum
        prepared.append(kept if area_cm2 is None else replace(kept, area_cm2=area_cm2))
    return prepared


def _provenance(files: list[Path], simulated_rest: bool) -> "Provenance":
    if simulated_rest:
        from screening.lab.impedance.simulate import study_provenance

        return study_provenance()
    from screening.lab.readers.stamp import stamp

    return stamp(files)


def _content(result: "ImpedanceAnalysis", options: "DrtOptions") -> dict[str, Any]:
    content: dict[str, Any] = {
        "simulated": result.simulated,
        "method": result.processes.method,
        "options": {
            "regularisation": options.regularisation,
            "per_spectrum": options.per_spectrum,
            "order": options.order,
            "weights": options.weights,
            "terms": list(options.terms.names),
        },
        "spectra": _records(result.processes.totals_frame()),
        "processes": _records(result.processes.to_frame()),
    }
    if result.refit is not None:
        content["elements"] = _records(result.refit.to_frame())
    if result.report is not None:
        content["series"] = _records(result.report.to_frame())
    if result.short is not None:
        content["short"] = {
            "verdict": str(result.short.verdict),
            "evidence": [vars(evidence) for evidence in result.short.evidence],
        }
    return content


def _records(table: "pd.DataFrame") -> list[dict[str, Any]]:
    """Rows as plain values; what is not a finite number becomes null."""
    import math

    def value(cell: Any) -> Any:
        plain_cell = cell.item() if hasattr(cell, "item") else cell
        return None if isinstance(plain_cell, float) and not math.isfinite(plain_cell) else plain_cell

    return [{str(key): value(cell) for key, cell in row.items()} for row in table.to_dict("records")]


def _print(result: "ImpedanceAnalysis") -> None:
    from screening.lab.impedance.elements import detected_windows, element_lines, total_lines

    processes, drt_series = result.processes, result.drt
    if result.simulated:
        print("simulated spectra: no measurement")
    count = len(drt_series.spectra)
    source = "ZARC refit" if processes.method == "refit" else "areas under γ"
    print(f"{count} spectra, λ = {drt_series.regularisation[0]:.3g}, resistances from {source}")
    poor = int(drt_series.poor_fit.sum())
    if poor:
        say(f"{poor} of {count} spectra are not described by R∞, L and a non-negative γ")
    if result.refit is not None:
        print("elements:")
        for line in element_lines(result.refit):
            print(f"  {plain(line)}")
        print("by windows of relaxation time:")
    there = dict(zip(processes.windows.names, detected_windows(processes, result.refit), strict=True))
    if result.report is None:
        for row in _rows(processes.to_frame()):
            flags = " edge" * bool(row.edge) + " unclosed" * bool(row.unclosed)
            if row.resistance_ohm > 0 and there[row.window]:
                span = f"{row.resistance_low_ohm:.4g} … {row.resistance_high_ohm:.4g}"
                print(
                    f"{plain(str(row.label))}  {row.window:6s} {row.resistance_ohm:9.4g} Ω  ({span}){flags}"
                )
    else:
        for row in _rows(result.report.to_frame()):
            if row.trend != "absent" and there.get(row.window, True):
                times = f"{row.completion_h:.2f} h ({row.low_h:.2f} … {row.high_h:.2f})"
                end = f"settled at {times}" if row.settled else row.reason
                change = f"{max(row.first_ohm, 0.0):8.4g} → {max(row.final_ohm, 0.0):8.4g} Ω"
                print(f"{row.window:6s} {row.trend:8s} {change}  {end}  [{row.process}]")
        print(f"settled: {result.report.total.criterion.name}; intervals are 95 %")
    for line in total_lines(processes, result.refit):
        print(line)
    if result.short is not None:
        print(f"short circuit: {result.short.verdict}")


def _rows(table: "pd.DataFrame") -> Iterable[Any]:
    return table.itertuples()


def _write(
    result: "ImpedanceAnalysis",
    options: "DrtOptions",
    provenance: "Provenance",
    plot: Path | None,
    out: Path | None,
) -> None:
    from screening import files
    from screening.plots.drt import drt_figure

    figure = drt_figure(result.processes, result.report)
    if plot is not None:
        files.write_figure(plot, figure, provenance)
    if out is None:
        return
    folder = files.output_directory(out)
    tables = {"processes": result.processes.to_frame(), "spectra": result.processes.totals_frame()}
    if result.refit is not None:
        tables["elements"] = result.refit.to_frame()
    if result.report is not None:
        tables["series"] = result.report.to_frame()
    for name, table in tables.items():
        files.write_csv(folder / f"{name}.csv", table, provenance)
        files.write_parquet(folder / f"{name}.parquet", table, provenance)
    files.write_parquet(folder / "gamma.parquet", result.drt.to_frame(), provenance)
    files.write_json(folder / "drt.json", {**_content(result, options), "provenance": provenance.as_dict()})
    for suffix in (".png", ".svg"):
        files.write_figure(folder / f"drt{suffix}", figure, provenance)
