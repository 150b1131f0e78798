"""``screening xrd``: which of the expected phases stand in a powder pattern."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from screening.cli.options import CifOption, JsonOption, SnapshotOption, write_json
from screening.errors import InputError

if TYPE_CHECKING:
    from screening.lab.diffraction.identify import Identification
    from screening.phases.snapshot import Snapshot

SHOWN = 8
"""Unexplained lines printed; the files hold them all."""


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
        str, typer.Option("--wavelength", metavar="NAME|Å", help="As CuKa, MoKa1 or 1.5406.")
    ] = "CuKa",
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help="Draw the patterns (.png, .svg or .pdf).")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Write tables and figure.")] = None,
    as_json: JsonOption = False,
    snapshot: SnapshotOption = "mp2019",
) -> None:
    """Say which phases a powder pattern shows, which it lacks, and which cannot be told."""
    from screening.files import check_figure_suffix, check_targets
    from screening.lab.readers.diffraction import read_pattern
    from screening.phases.sources import load_snapshot
    from screening.phases.structures import literature_cells, read_cells, snapshot_cells
    from screening.validation.diffraction import look_for, references

    if plot is not None:
        check_figure_suffix(plot)
        check_targets(plot)
    if not (phase or reactor):
        raise InputError("no phase to look for", remedy="name some with --phase, or a --reactor")
    own, held = read_cells(cif or []), load_snapshot(snapshot, None, None)
    names = [*(phase or []), *(_expected(held, reactor, electrolyte, anode) if reactor else [])]
    cells = (*own, *literature_cells(), *snapshot_cells(held, names))
    patterns = [read_pattern(path, _wavelength_a(wavelength)) for path in files]
    found = [look_for(names, cells, pattern) for pattern in patterns]
    missing = references(names, cells, patterns[0]).without_structure
    if as_json:
        write_json([_content(each, missing, path) for each, path in zip(found, files, strict=True)])
    else:
        for each in found:
            _show(each)
        if missing:
            print(f"no structure at hand, not looked for (give --cif): {', '.join(missing)}")
    _write(files, found, plot, out)


def _expected(snapshot: "Snapshot", reactor: str, electrolyte: str, anode: str) -> tuple[str, ...]:
    """Everything that a layer of this reactor is made of and should become."""
    from screening.handoff.sheet import Plan, bench_sheet
    from screening.validation.expected_phases import expected_phases

    sheet = bench_sheet(snapshot, reactor, Plan(anode=anode, electrolyte=electrolyte))
    return expected_phases(sheet.formula, electrolyte, anode, sheet.plateaus)


def _wavelength_a(text: str) -> float:
    from pymatgen.analysis.diffraction.xrd import WAVELENGTHS

    from screening.lab.diffraction.pattern import CU_KA_A

    known = {name.lower(): value for name, value in WAVELENGTHS.items()} | {"cuka": CU_KA_A}
    try:
        value = known[text.lower()] if text.lower() in known else float(text)
    except ValueError:
        value = 0.0
    if not 0.0 < value < 5.0:
        raise InputError(
            f"{text!r} is no wavelength", where="--wavelength", remedy="give Å, or a name such as CuKa, MoKa1"
        )
    return value


def _show(found: "Identification") -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    fit = found.fit
    low, high = fit.pattern.range_deg
    title = f"{fit.pattern.name}: {low:g} to {high:g}° 2θ, R_wp {fit.weighted_profile_residual:.1%}"
    table = Table(title=escape(title), title_justify="left", box=None, pad_edge=False)
    for name in ("phase", "verdict", "share", "why"):
        table.add_column(name, justify="right" if name == "share" else "left", no_wrap=name != "why")
    for each in found.phases:
        share = f"{each.share:.1%} ± {each.share_sd:.1%}" if each.share == each.share else "–"
        table.add_row(escape(each.name), str(each.presence), share, escape(each.reason))
    console = Console()
    console.print(table)
    if found.unexplained:
        lines = ", ".join(
            f"{peak.two_theta_deg:.2f}° ({peak.share:.0%})" for peak in found.unexplained[:SHOWN]
        )
        console.print(f"lines of none of these: {lines}")
    console.print("share: strongest line of the phase over the strongest of the pattern; no weight fraction")


def _content(found: "Identification", missing: tuple[str, ...], path: Path) -> dict[str, Any]:
    from screening.lab.readers.stamp import stamp
    from screening.validation.validate import records

    return {
        "file": found.fit.pattern.name,
        "wavelength_a": found.fit.pattern.wavelength_a,
        "range_deg": list(found.fit.pattern.range_deg),
        "displacement_deg": found.fit.displacement_deg,
        "weighted_profile_residual": found.fit.weighted_profile_residual,
        "phases": records(found.to_frame()),
        "unexplained": [asdict(peak) for peak in found.unexplained],
        "without_structure": list(missing),
        "provenance": stamp([path]).as_dict(),
    }


def _write(files: list[Path], found: list["Identification"], plot: Path | None, out: Path | None) -> None:
    if plot is None and out is None:
        return
    import pandas as pd

    from screening.files import output_directory, write_csv, write_figure
    from screening.lab.readers.stamp import stamp
    from screening.plots.diffraction import diffraction_figure

    provenance, figure = stamp(files), diffraction_figure(found)
    if plot is not None:
        write_figure(plot, figure, provenance)
    if out is not None:
        folder = output_directory(out)
        phases = [each.to_frame().assign(file=each.fit.pattern.name) for each in found]
        write_csv(folder / "phases.csv", pd.concat(phases, ignore_index=True), provenance)
        curves = [each.fit.to_frame().assign(file=each.fit.pattern.name) for each in found]
        write_csv(folder / "fit.csv", pd.concat(curves, ignore_index=True), provenance)
        write_figure(folder / "xrd.png", figure, provenance)
