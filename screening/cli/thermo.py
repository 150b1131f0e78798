"""``screening react`` and ``screening lithiate``."""

from typing import Annotated, Literal

import typer

from screening.cli.options import (
    AtHullOption,
    CsvOption,
    DigitsOption,
    EnergiesOption,
    ForceOption,
    JsonOption,
    PhasesOption,
    PlotOption,
    ReplaceOption,
    SnapshotOption,
    TemperatureOption,
    check_outputs,
    own_phases,
    print_table,
    say_all,
    tell,
    write_json,
)
from screening.errors import InputError


def react(
    reactants: Annotated[
        list[str],
        typer.Argument(metavar="A B...", help="A against each B; a mixture as LiAlCl4@50wt+Li6PS5Cl@50wt."),
    ],
    axis: Annotated[
        Literal["atomic", "molar", "mass"],
        typer.Option("--axis", help="Mixing fraction in table and figure."),
    ] = "atomic",
    csv: CsvOption = None,
    plot: PlotOption = None,
    as_json: JsonOption = False,
    digits: DigitsOption = None,
    at_hull: AtHullOption = False,
    snapshot: SnapshotOption = "mp2019",
    phases: PhasesOption = None,
    force: ForceOption = False,
    replace: ReplaceOption = False,
    temperature: TemperatureOption = None,
    energies: EnergiesOption = "corrected",
) -> None:
    """Reaction energy of A with each B against their mixing ratio."""
    from screening.api.interfaces import react as react_all
    from screening.files import write_csv

    if len(reactants) < 2:
        raise InputError(
            "two reactants are needed", where="react", remedy="as in: screening react Li LiAlCl4"
        )
    check_outputs(plot, csv)
    if plot is not None:
        from screening.plots.interface import require_few_curves

        require_few_curves(len(reactants) - 1)
    found = react_all(
        reactants[:1],
        reactants[1:],
        snapshot=snapshot,
        phases=own_phases(phases, force, replace),
        temperature_k=temperature,
        energies=energies,
        at_hull=at_hull,
    )
    say_all(note for each in found for note in each.notes)
    if csv is not None:
        write_csv(csv, found.to_frame(), found[0].provenance)
    if plot is not None:
        found.save(plot, axis=axis)
    if as_json:
        write_json([each.as_dict() for each in found])
        return
    for each in found:
        print_table(each.display(axis, digits))
        tell()


def lithiate(
    formulas: Annotated[list[str], typer.Argument(metavar="F...", help="Compounds or mixtures.")],
    element: Annotated[str, typer.Option("--element", help="Metal taken up.")] = "Li",
    charge: Annotated[
        int | None,
        typer.Option("--charge", metavar="N", min=1, help="Of its cation (default: common)."),
    ] = None,
    csv: CsvOption = None,
    plot: PlotOption = None,
    as_json: JsonOption = False,
    digits: DigitsOption = None,
    at_hull: AtHullOption = False,
    snapshot: SnapshotOption = "mp2019",
    phases: PhasesOption = None,
    force: ForceOption = False,
    replace: ReplaceOption = False,
    temperature: TemperatureOption = None,
    energies: EnergiesOption = "corrected",
) -> None:
    """Lithiation staircase, stability window and 0 V energies of each F."""
    from screening.api.interfaces import lithiate as lithiate_all
    from screening.files import write_csv

    check_outputs(plot, csv)
    found = lithiate_all(
        formulas,
        element=element,
        charge=charge,
        snapshot=snapshot,
        phases=own_phases(phases, force, replace),
        temperature_k=temperature,
        energies=energies,
        at_hull=at_hull,
    )
    say_all(note for each in found for note in each.notes)
    if csv is not None:
        write_csv(csv, found.to_frame(), found[0].provenance)
    if plot is not None:
        found.save(plot)
    if as_json:
        write_json([each.as_dict() for each in found])
        return
    for each in found:
        print_table(each.display(digits))
        tell()
