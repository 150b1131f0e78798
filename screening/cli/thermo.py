"""``screening react`` and ``screening lithiate``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from screening.cli.options import (
    AtHullOption,
    JsonOption,
    PhasesOption,
    SnapshotOption,
    TemperatureOption,
    write_json,
)
from screening.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from screening.thermo.interface import InterfaceReaction
    from screening.thermo.lithiation import Lithiation


def react(
    reactants: Annotated[
        list[str],
        typer.Argument(metavar="A B...", help="A against each B; a mixture as LiAlCl4@50wt+Li6PS5Cl@50wt."),
    ],
    axis: Annotated[
        Literal["atomic", "molar", "mass"],
        typer.Option("--axis", help="Mixing fraction in table and figure."),
    ] = "atomic",
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write all kinks as csv.")] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help="Draw the curves (.png, .svg or .pdf).")
    ] = None,
    as_json: JsonOption = False,
    at_hull: AtHullOption = False,
    snapshot: SnapshotOption = "mp2019",
    phases: PhasesOption = None,
    temperature: TemperatureOption = None,
) -> None:
    """Reaction energy of A with each B against their mixing ratio."""
    from screening.files import check_figure_suffix, check_targets, write_csv, write_figure
    from screening.phases.composition import parse_reactant
    from screening.phases.sources import load_snapshot
    from screening.thermo.interface import react as react_pair
    from screening.thermo.reactants import require_distinct

    if len(reactants) < 2:
        raise InputError(
            "two reactants are needed", where="react", remedy="as in: screening react Li LiAlCl4"
        )
    if plot is not None:
        from screening.plots.interface import reaction_energy_figure, require_few_curves

        check_figure_suffix(plot)
        require_few_curves(len(reactants) - 1)
    check_targets(csv, plot)
    parsed = [parse_reactant(text) for text in reactants]
    require_distinct(parsed)
    held = load_snapshot(snapshot, phases, temperature)
    results = [react_pair(held, parsed[0], b, at_hull=at_hull) for b in parsed[1:]]
    if csv is not None:
        import pandas as pd

        table = pd.concat([result.to_frame() for result in results], ignore_index=True)
        write_csv(csv, table, results[0].provenance)
    if plot is not None:
        figure = reaction_energy_figure(results, axis=axis)
        write_figure(plot, figure, results[0].provenance, trim=False)
    if as_json:
        write_json([result.as_dict() for result in results])
        return
    for result in results:
        _show_reaction(result, axis)


def lithiate(
    formulas: Annotated[list[str], typer.Argument(metavar="F...", help="Compounds or mixtures.")],
    element: Annotated[str, typer.Option("--element", help="Element taken up.")] = "Li",
    as_json: JsonOption = False,
    at_hull: AtHullOption = False,
    snapshot: SnapshotOption = "mp2019",
    phases: PhasesOption = None,
    temperature: TemperatureOption = None,
) -> None:
    """Lithiation staircase, stability window and 0 V energies of each F."""
    from screening.phases.composition import parse_reactant
    from screening.phases.sources import load_snapshot
    from screening.thermo.lithiation import lithiate as lithiate_one

    parsed = [parse_reactant(text) for text in formulas]
    held = load_snapshot(snapshot, phases, temperature)
    results = [lithiate_one(held, reactant, element, at_hull=at_hull) for reactant in parsed]
    if as_json:
        write_json([result.as_dict() for result in results])
        return
    for result in results:
        _show_lithiation(result)


def _show_reaction(result: "InterfaceReaction", axis: str) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    title = f"{result.a} | {result.b}   x: {axis} fraction of {result.a}"
    table = Table(title=escape(title), title_justify="left", box=None, pad_edge=False)
    for name in ("x", "total", "mutual", "kJ/mol B"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("reaction", overflow="fold")
    for kink in result.kinks:
        per_mole = "" if kink.kj_per_mol_b is None else f"{kink.kj_per_mol_b:.1f}"
        mark = "  <- minimum" if kink is result.minimum else ""
        table.add_row(
            f"{kink.x(axis):.4f}",
            f"{kink.total_ev_per_atom:.4f}",
            f"{kink.mutual_ev_per_atom:.4f}",
            per_mole,
            escape(kink.reaction + mark),
        )
    console = Console()
    console.print(table)
    above = [
        f"{name} {value:.4f}"
        for name, value in (
            (result.a, result.energy_above_hull_ev_per_atom.a),
            (result.b, result.energy_above_hull_ev_per_atom.b),
        )
    ]
    console.print(escape(f"eV per atom of mixture; energy above hull: {', '.join(above)}"))
    _show_marks(console, result.estimated_phases, result.at_hull)
    console.print(escape(result.provenance.line()) + "\n")


def _show_lithiation(result: "Lithiation") -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    table = Table(title=escape(result.formula), title_justify="left", box=None, pad_edge=False)
    for name in ("V", f"{result.element} per formula", "mAh/g"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("reaction", overflow="fold")
    for step in result.steps:
        table.add_row(
            f"{step.voltage_v:.4f}",
            f"{step.uptake_per_formula:.4g}",
            f"{step.capacity_mah_per_g:.1f}",
            escape(step.reaction),
        )
    console.print(
        table if result.steps else escape(f"{result.formula} takes up no {result.element} above 0 V")
    )
    limits = (result.cathodic_limit_v, result.anodic_limit_v)
    low, high = ("none" if limit is None else f"{limit:.3f} V" for limit in limits)
    console.print(f"cathodic limit {low}, anodic limit {high}")
    per_uptake = result.energy_per_uptake_0v_ev
    each = "" if per_uptake is None else f", {per_uptake:.4f} eV per {result.element}"
    console.print(
        f"at 0 V {result.decomposition_energy_0v_ev_per_atom:.4f} eV per atom of the formula{each}; "
        f"energy above hull {result.energy_above_hull_ev_per_atom:.4f} eV/atom"
    )
    if result.start_products:
        start = " + ".join(f"{moles:.4g} {name}" for name, moles in result.start_products.items())
        console.print(escape(f"decays without {result.element} to {start}"))
    _show_marks(console, result.estimated_phases, (result.formula,) if result.at_hull else ())
    console.print(escape(result.provenance.line()) + "\n")


def _show_marks(console: "Console", estimated: tuple[str, ...], at_hull: tuple[str, ...]) -> None:
    from rich.markup import escape

    if estimated:
        console.print(escape(f"estimated, not calculated: {', '.join(estimated)}"))
    if at_hull:
        console.print(escape(f"taken at its hull energy: {', '.join(at_hull)}"))
