"""``screening stack`` and ``screening series``: a cell, and solid solutions."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from screening.cli.options import (
    AtHullOption,
    CsvOption,
    EnergiesOption,
    JsonOption,
    PhasesOption,
    PlotOption,
    SnapshotOption,
    TemperatureOption,
    check_outputs,
    print_table,
    tell,
    write_json,
)

if TYPE_CHECKING:
    from screening.thermo.series import Series
    from screening.thermo.stack import Stack


def stack(
    layers: Annotated[
        str, typer.Argument(metavar="LAYERS", help='Anode to cathode, as "Li | Li6PS5Cl | LiCoO2".')
    ],
    window: Annotated[
        str, typer.Option("--window", metavar="V-V", help="Voltages of the cell, as 2.6-4.2.")
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
    at_hull: AtHullOption = False,
    snapshot: SnapshotOption = "mp2019",
    phases: PhasesOption = None,
    temperature: TemperatureOption = None,
    energies: EnergiesOption = "corrected",
) -> None:
    """Every contact of a cell: closed, charged, and open to its ion over a window."""
    from screening.api.stacks import stack as stack_of

    check_outputs(plot, csv)
    found = stack_of(
        layers,
        window,
        element=element,
        snapshot=snapshot,
        phases=phases,
        temperature_k=temperature,
        energies=energies,
        at_hull=at_hull,
    )
    written = found.write(out) if out is not None else []
    _give(found, csv, plot, as_json=as_json)
    if written and not as_json:
        tell(f"written: {', '.join(map(str, written))}")


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
    snapshot: SnapshotOption = "mp2019",
    phases: PhasesOption = None,
    temperature: TemperatureOption = None,
    energies: EnergiesOption = "corrected",
) -> None:
    """Windows of a solid solution against its composition."""
    from screening.api.stacks import series as series_of

    check_outputs(plot, csv)
    found = series_of(
        composition,
        x=x,
        steps=steps,
        mixing_k=mixing,
        snapshot=snapshot,
        phases=phases,
        temperature_k=temperature,
        energies=energies,
    )
    _give(found, csv, plot, as_json=as_json)


def _give(found: "Stack | Series", csv: Path | None, plot: Path | None, *, as_json: bool) -> None:
    """Save what was asked for, and show the rest."""
    for path in (csv, plot):
        if path is not None:
            found.save(path)
    if as_json:
        write_json(found.as_dict())
    else:
        print_table(found.display())
