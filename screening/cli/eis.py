"""``screening eis`` and ``screening arrhenius``: spectra and pellets."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from screening.cli import options
from screening.cli.options import JsonOption
from screening.cli.snapshot import plain
from screening.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from screening.lab.impedance.estimate import Estimate
    from screening.lab.impedance.kramers_kronig import KramersKronigTest
    from screening.lab.impedance.pellets import PelletSeries
    from screening.lab.impedance.spectrum import Spectrum

Files = Annotated[
    list[Path], typer.Argument(help=".mpr, .mpt, .dta, .z, .idf or any table of text.", show_default=False)
]
PlotOption = Annotated[Path | None, typer.Option("--plot", help="Write a figure (.png, .svg, .pdf).")]
OutOption = Annotated[Path | None, typer.Option("--out", help="Write tables and figures into a directory.")]

PREDICTED_C = 25.0


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
    from screening.files import check_targets
    from screening.lab.impedance.kramers_kronig import kramers_kronig
    from screening.lab.impedance.summary import summarise, summarise_tests
    from screening.lab.readers.impedance import read_series

    check_targets(plot)
    spectra = tuple(replace(spectrum, area_cm2=area_cm2) for spectrum in read_series(files))
    tests = kramers_kronig(spectra) if kk else ()
    tables = {"spectra": summarise(spectra)}
    if kk:
        tables["kramers_kronig"] = summarise_tests(spectra, tests)
    if as_json:
        options.write_json({name: _records(table) for name, table in tables.items()})
    else:
        _print_spectra(spectra)
        if kk:
            _print_tests(spectra, tests)
    _write_eis(files, spectra, tests, tables, plot, out)


def _write_eis(
    files: list[Path],
    spectra: "tuple[Spectrum, ...]",
    tests: "tuple[KramersKronigTest, ...]",
    tables: "dict[str, pd.DataFrame]",
    plot: Path | None,
    out: Path | None,
) -> None:
    if plot is None and out is None:
        return
    import pandas as pd

    from screening.files import output_directory, write_csv, write_figure, write_parquet
    from screening.lab.readers.stamp import stamp
    from screening.plots.impedance import impedance_figure

    provenance = stamp(files)
    figure = impedance_figure(spectra, tests)
    if plot is not None:
        write_figure(plot, figure, provenance)
    if out is not None:
        folder = output_directory(out)
        for name, table in tables.items():
            write_csv(folder / f"{name}.csv", table, provenance)
        points = pd.concat([spectrum.to_frame() for spectrum in spectra], ignore_index=True)
        write_parquet(folder / "points.parquet", points, provenance)
        write_figure(folder / "eis.png", figure, provenance)


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
        bool, typer.Option("--keep", help="Keep spectra that fail the Kramers-Kronig test.")
    ] = False,
    plot: PlotOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Conductivity and activation energy from spectra of blocked pellets.

    Without thickness and diameter the activation energy is given all the same: the geometry cancels.
    """
    from screening.files import check_targets
    from screening.lab.impedance.conductivity import Pellet
    from screening.lab.impedance.pellets import pellet_series

    check_targets(plot)
    if (thickness_mm is None) != (diameter_mm is None):
        raise InputError(
            "a thickness without a diameter, or the reverse", remedy="give --thickness-mm and --diameter-mm"
        )
    pellet = Pellet.from_mm(thickness_mm, diameter_mm) if thickness_mm and diameter_mm else None
    if thickness_mm is not None and pellet is None:
        raise InputError("a length of zero", where="--thickness-mm, --diameter-mm", remedy="give it in mm")
    spectra, origins = _with_temperatures(files, temperature_c or [])
    series = pellet_series(spectra, pellet, circuit, keep=keep)
    used = {id(spectrum) for spectrum in series.spectra}
    origins = [origin for spectrum, origin in zip(spectra, origins, strict=True) if id(spectrum) in used]
    predicted = [PREDICTED_C, *(t for t in at or [] if t != PREDICTED_C)]
    content = _arrhenius_content(series, origins, predicted)
    if as_json:
        options.write_json(content)
    else:
        _print_arrhenius(series, origins, predicted)
    if plot is None and out is None:
        return
    from screening.files import output_directory, write_csv, write_figure, write_json
    from screening.lab.readers.stamp import stamp
    from screening.plots.impedance import arrhenius_figure

    provenance = stamp(files)
    figure = arrhenius_figure(series.lines[0], series.conductivity, per_cm=pellet is not None)
    if plot is not None:
        write_figure(plot, figure, provenance)
    if out is not None:
        folder = output_directory(out)
        write_csv(folder / "conductivity.csv", series.to_frame(), provenance)
        write_json(folder / "arrhenius.json", {**content, "provenance": provenance.as_dict()})
        write_figure(folder / "arrhenius.png", figure, provenance)


def _with_temperatures(files: list[Path], given: list[float]) -> "tuple[tuple[Spectrum, ...], list[str]]":
    """Spectra with their temperatures, and where each temperature comes from."""
    from screening.lab.readers.impedance import read_spectra, temperature_from_name

    if given and len(given) != len(files):
        raise InputError(
            f"{len(given)} temperature(s) for {len(files)} file(s)",
            where="--temperature-c",
            remedy="give one for each file, in their order, or none",
        )
    spectra: list[Spectrum] = []
    origins: list[str] = []
    for i, path in enumerate(files):
        for spectrum in read_spectra(path):
            value, origin = spectrum.temperature_c, "data"
            if given:
                value, origin = given[i], "option"
            elif value is None:
                value, origin = temperature_from_name(path.name), "file name"
            if value is None:
                raise InputError(
                    "no temperature in the data or the name", where=str(path), remedy="give --temperature-c"
                )
            spectra.append(replace(spectrum, temperature_c=value))
            origins.append(origin)
    return tuple(spectra), origins


def _arrhenius_content(
    series: "PelletSeries", origins: list[str], predicted: list[float]
) -> dict[str, object]:
    from dataclasses import asdict

    quantity = "conductivity_s_per_cm" if series.pellet else "conductance_s"
    forms = [
        {
            "form": str(line.form),
            "activation_energy_ev": _finite(asdict(line.activation_energy_ev)),
            "ln_prefactor": _finite(asdict(line.ln_prefactor)),
            "residual_deviation": line.residual_deviation,
            quantity: [{"temperature_c": t, **_finite(asdict(line.at(t)))} for t in predicted],
        }
        for line in series.lines
    ]
    points = _records(series.to_frame().assign(temperature_from=origins))
    return {
        "circuit": series.fits[0].circuit.name,
        "lines": forms,
        "points": points,
        "left_out": list(series.left_out),
    }


def _finite(values: dict[str, float]) -> dict[str, float | None]:
    """JSON has no infinity: an open end is null."""
    return {key: value if abs(value) < float("inf") else None for key, value in values.items()}


def _records(table: "pd.DataFrame") -> list[dict[str, object]]:
    records: list[dict[str, object]] = json.loads(table.to_json(orient="records", double_precision=15))
    return records


def _print_spectra(spectra: "tuple[Spectrum, ...]") -> None:
    from screening.lab.impedance.summary import remarks

    rows = [
        [
            s.label,
            str(len(s)),
            f"{s.frequency_hz[0]:.3g} … {s.frequency_hz[-1]:.3g}",
            f"{s.z_ohm[0].real:.3g} … {s.z_ohm[-1].real:.3g}",
            "" if s.time_s is None else f"{s.time_s:.5g}",
            "" if s.temperature_c is None else f"{s.temperature_c:.4g}",
            s.metadata.get("format", ""),
        ]
        for s in spectra
    ]
    _print_table(["spectrum", "points", "f (Hz)", "Z' (Ω)", "time (s)", "T (°C)", "format"], rows)
    for sign in dict.fromkeys(s.metadata.get("imaginary_sign", "") for s in spectra):
        print(f"sign of Z'': {plain(sign)}")
    for s in spectra:
        for remark in remarks(s):
            print(f"{plain(s.label)}: {plain(remark)}")


def _print_tests(spectra: "tuple[Spectrum, ...]", tests: "tuple[KramersKronigTest, ...]") -> None:
    rows = [
        [
            spectrum.label,
            str(test.verdict),
            f"{test.largest_residual:.2%}" if test.element_count else "",
            f"{test.noise:.2%}" if test.element_count else "",
            str(test.element_count),
            ", ".join(f"{f:.4g}" for f in test.frequency_hz[test.left_out]),
        ]
        for spectrum, test in zip(spectra, tests, strict=True)
    ]
    _print_table(["spectrum", "Kramers-Kronig", "largest residual", "noise", "RC", "leave out? (Hz)"], rows)


def _print_arrhenius(series: "PelletSeries", origins: list[str], predicted: list[float]) -> None:
    quantity, unit = ("σ", "S/cm") if series.pellet else ("1/R", "S")
    order = sorted(range(len(origins)), key=lambda i: -series.lines[0].temperature_c[i])
    rows = [
        [
            series.spectra[i].label,
            f"{series.spectra[i].temperature_c:g}",
            f"{series.fits[i].resistance_ohm.value:.4g}",
            _per_cent(series.fits[i].resistance_ohm),
            f"{series.conductivity[i].value:.3g}",
            f"{series.fits[i].relative_rms:.1%}",
            str(series.tests[i].verdict),
        ]
        for i in order
    ]
    columns = ["spectrum", "T (°C)", "R (Ω)", "±", f"{quantity} ({unit})", "misfit", "Kramers-Kronig"]
    _print_table(columns, rows)
    for remark in series.left_out:
        print(plain(remark))
    print(f"circuit {plain(series.fits[0].circuit.name)}, R the sum of its resistances; intervals are 95 %")
    print(f"temperatures from: {', '.join(dict.fromkeys(origins))}")
    for line in series.lines:
        print(f"{line.form}: Ea = {line.activation_energy_ev:.4f} eV")
        for temperature in predicted:
            print(f"  {quantity}({temperature:g} °C) = {line.at(temperature):.3g} {unit}")
    if not series.pellet:
        print("no thickness and diameter given: conductances instead of conductivities; Ea is the same")


def _per_cent(estimate: "Estimate") -> str:
    """Half the width of an interval in per cent of the value."""
    half = (estimate.high - estimate.low) / 2.0 / estimate.value
    return f"{half:.1%}" if half < float("inf") else "open"


def _print_table(columns: list[str], rows: list[list[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(Text(plain(cell), overflow="fold") for cell in row))
    Console().print(table)
