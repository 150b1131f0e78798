"""``screening react`` and ``screening lithiate``."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from screening.cli.options import (
    AtHullOption,
    CsvOption,
    EnergiesOption,
    GasOption,
    JsonOption,
    PhasesOption,
    PlotOption,
    PotentialOption,
    PressureOption,
    SnapshotOption,
    TemperatureOption,
    VoltageOption,
    check_outputs,
    print_table,
    tell,
    write_json,
)
from screening.errors import InputError

MOST_TABLES = 14
"""Of more results only the minima are printed."""


def react(
    reactants: Annotated[
        list[str],
        typer.Argument(metavar="A B...", help="A against each B; a mixture as LiAlCl4@50wt+Li6PS5Cl@50wt."),
    ],
    axis: Annotated[
        Literal["atomic", "molar", "mass"],
        typer.Option("--axis", help="Mixing fraction in table and figure."),
    ] = "atomic",
    voltage: VoltageOption = None,
    element: Annotated[str, typer.Option("--element", help="Ion that --voltage is against.")] = "Li",
    mu: PotentialOption = None,
    open_to: GasOption = None,
    pressure: PressureOption = None,
    csv: CsvOption = None,
    plot: PlotOption = None,
    as_json: JsonOption = False,
    at_hull: AtHullOption = False,
    snapshot: SnapshotOption = "mp2019",
    phases: PhasesOption = None,
    temperature: TemperatureOption = None,
    energies: EnergiesOption = "corrected",
) -> None:
    """Reaction energy of A with each B against their mixing ratio."""
    from screening.api.interfaces import react as react_all

    if len(reactants) < 2:
        raise InputError(
            "two reactants are needed", where="react", remedy="as in: screening react Li LiAlCl4"
        )
    check_outputs(plot, csv)
    if plot is not None and voltage is None:
        from screening.plots.interface import require_few_curves

        require_few_curves(len(reactants) - 1)
    found = react_all(
        reactants[:1],
        reactants[1:],
        voltage=voltage,
        mu=_potentials(mu),
        open_to=open_to,
        pressure_bar=pressure,
        element=element,
        snapshot=snapshot,
        phases=phases,
        temperature_k=temperature,
        energies=energies,
        at_hull=at_hull,
    )
    _put_out(found, csv, plot, as_json=as_json, axis=axis)


def _potentials(given: list[str] | None) -> dict[str, float] | None:
    """Chemical potentials by element, as ``Co=-1`` names them."""
    if not given:
        return None
    found = [each.partition("=") for each in given]
    try:
        return {element.strip(): float(value) for element, _, value in found}
    except ValueError:
        raise InputError(", ".join(given), where="--mu", remedy="write it as Co=-1, in eV") from None


def lithiate(
    formulas: Annotated[list[str], typer.Argument(metavar="F...", help="Compounds or mixtures.")],
    element: Annotated[str, typer.Option("--element", help="Element taken up.")] = "Li",
    to: Annotated[
        float | None, typer.Option("--to", metavar="V", help="Tell the side of oxidation, too, up to here.")
    ] = None,
    share: Annotated[
        float | None,
        typer.Option("--share", help="With --to: share of the element that a useful window lets go."),
    ] = None,
    energy: Annotated[
        float | None,
        typer.Option("--energy", metavar="EV", help="Instead: energy per atom that it lets be set free."),
    ] = None,
    host: Annotated[
        bool, typer.Option("--host", help="With --to: phases of the same host alone, as of a cathode in use.")
    ] = False,
    csv: CsvOption = None,
    plot: PlotOption = None,
    as_json: JsonOption = False,
    at_hull: AtHullOption = False,
    snapshot: SnapshotOption = "mp2019",
    phases: PhasesOption = None,
    temperature: TemperatureOption = None,
    energies: EnergiesOption = "corrected",
) -> None:
    """Lithiation staircase, stability window and 0 V energies of each F."""
    from screening.api.interfaces import DEFAULT_SHARE, Lithiations, Source, Titrations, titrate
    from screening.api.interfaces import lithiate as lithiate_all

    check_outputs(plot, csv)
    if to is None and (share is not None or energy is not None or host):
        raise InputError("what is given off needs a voltage", where="lithiate", remedy="add --to 5")
    if share is not None and energy is not None:
        raise InputError("--share and --energy", where="lithiate", remedy="give one of them")
    source: Source = {
        "snapshot": snapshot,
        "phases": phases,
        "temperature_k": temperature,
        "energies": energies,
        "at_hull": at_hull,
    }
    found: Lithiations | Titrations
    if to is None:
        found = lithiate_all(formulas, element=element, **source)
    else:
        allowed = DEFAULT_SHARE if share is None else share
        found = titrate(
            formulas,
            element=element,
            to=to,
            share=allowed,
            energy_ev_per_atom=energy,
            host=host,
            **source,
        )
    _put_out(found, csv, plot, as_json=as_json)


def _put_out(found: Any, csv: Path | None, plot: Path | None, *, as_json: bool, **axis: str) -> None:
    """Write the files that were asked for, then JSON or the tables; of many results their minima."""
    from screening.files import write_csv

    if csv is not None:
        write_csv(csv, found.to_frame(), found.provenance)
    if plot is not None:
        found.save(plot, **axis)
    if as_json:
        write_json([each.as_dict() for each in found])
        return
    for table in (
        [found.display(**axis)] if len(found) > MOST_TABLES else [each.display(**axis) for each in found]
    ):
        print_table(table)
        tell()
