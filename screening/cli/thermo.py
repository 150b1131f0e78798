"""``screening react`` and ``screening lithiate``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from screening.cli.options import (
    CsvOption,
    DigitsOption,
    GasOption,
    JsonOption,
    PlotOption,
    PotentialOption,
    PressureOption,
    VoltageOption,
    check_outputs,
    content,
    print_table,
    save,
    say,
    say_all,
    sourced,
    tell,
    write_json,
)
from screening.errors import InputError

if TYPE_CHECKING:
    from screening.api.interfaces import InterfaceReactions, Lithiations, Titrations

MOST_TABLES = 14
"""Of more results only the minima are printed."""


@sourced()
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
    digits: DigitsOption = None,
    *,
    source: dict[str, Any],
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
        mu=",".join(mu) if mu else None,
        open_to=open_to,
        pressure_bar=pressure,
        element=element,
        **source,
    )
    _give(found, csv, plot, as_json, digits=digits, axis=axis)


@sourced()
def figure(
    compound: Annotated[str, typer.Argument(metavar="COMPOUND", help="Compound or mixture.")],
    more: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE]...", help="Further files, as --out.", show_default=False),
    ] = None,
    electrolyte: Annotated[str, typer.Option("--electrolyte", help="Solid electrolyte.")] = "Li6PS5Cl",
    anode: Annotated[str, typer.Option("--anode", help="Metal, or an alloy of one.")] = "Li",
    alloy: Annotated[
        str,
        typer.Option("--alloy", metavar="auto|FORMULA", help="Beside the anode; auto: as a study finds it."),
    ] = "auto",
    axis: Annotated[
        Literal["molar", "atomic", "mass"], typer.Option("--axis", help="Mixing fraction.")
    ] = "molar",
    reference: Annotated[
        str, typer.Option("--reference", metavar="FORMULA", help="Curve to compare with, as LiAlCl4.")
    ] = "",
    width: Annotated[int, typer.Option("--width", metavar="85|170", help="Width of the figure, mm.")] = 170,
    out: Annotated[
        list[Path] | None,
        typer.Option("--out", metavar="FILE", help="Figure (.pdf .svg .png .tiff), workbook (.xlsx), .csv."),
    ] = None,
    *,
    source: dict[str, Any],
) -> None:
    """Draw Figures 1A and 1F and the staircase of a compound; write their numbers as a workbook."""
    from screening.api.figure import figure_1
    from screening.files import check_figure_suffix, check_targets

    files = [*(out or []), *(more or [])]
    for path in files:
        if path.suffix.lower() not in (".xlsx", ".csv", ".parquet"):
            check_figure_suffix(path)
    check_targets(*files)
    found = figure_1(
        compound,
        electrolyte,
        anode=anode,
        alloy=alloy,
        reference=reference,
        **source,
    )
    for path in files:
        drawn = path.suffix.lower() not in (".xlsx", ".csv", ".parquet")
        found.save(path, **({"axis": axis, "width_mm": width} if drawn else {}))
    print_table(found.display(axis))
    for path in files:
        tell(f"wrote {path}")
    if not files:
        say("nothing is drawn: name files, as --out figure.pdf figure.xlsx")


@sourced()
def lithiate(
    formulas: Annotated[list[str], typer.Argument(metavar="F...", help="Compounds or mixtures.")],
    element: Annotated[str, typer.Option("--element", help="Metal taken up.")] = "Li",
    charge: Annotated[
        int | None,
        typer.Option("--charge", metavar="N", min=1, help="Of its cation (default: common)."),
    ] = None,
    to: Annotated[
        float | None, typer.Option("--to", metavar="V", help="Tell the side of oxidation, too, up to here.")
    ] = None,
    share: Annotated[
        float | None, typer.Option("--share", help="With --to: share of the element that may come or go.")
    ] = None,
    energy: Annotated[
        float | None, typer.Option("--energy", metavar="EV", help="Instead: energy per atom set free.")
    ] = None,
    host: Annotated[
        bool, typer.Option("--host", help="With --to: phases of the same host alone, as of a cathode in use.")
    ] = False,
    csv: CsvOption = None,
    plot: PlotOption = None,
    as_json: JsonOption = False,
    digits: DigitsOption = None,
    *,
    source: dict[str, Any],
) -> None:
    """Lithiation staircase, stability window and 0 V energies of each F."""
    from screening.api.interfaces import DEFAULT_SHARE, titrate
    from screening.api.interfaces import lithiate as lithiate_all

    check_outputs(plot, csv)
    _require_a_voltage(to, share, energy, host)
    if to is None:
        taken = lithiate_all(formulas, element=element, charge=charge, **source)
        return _give(taken, csv, plot, as_json, digits=digits)
    both = titrate(
        formulas,
        element=element,
        charge=charge,
        to=to,
        share=DEFAULT_SHARE if share is None else share,
        energy_ev_per_atom=energy,
        host=host,
        **source,
    )
    return _give(both, csv, plot, as_json, digits=digits)


def _require_a_voltage(to: float | None, share: float | None, energy: float | None, host: bool) -> None:
    """See that what concerns release stands beside a voltage, and that one bound is given."""
    if to is None and (share is not None or energy is not None or host):
        raise InputError("what is given off needs a voltage", where="lithiate", remedy="add --to 5")
    if share is not None and energy is not None:
        raise InputError("--share and --energy", where="lithiate", remedy="give one of them")


def _give(
    found: "InterfaceReactions | Lithiations | Titrations",
    csv: Path | None,
    plot: Path | None,
    as_json: bool,
    *,
    digits: int | None,
    **axis: Any,
) -> None:
    """Write and print what was computed."""
    say_all(note for each in found for note in each.notes)
    save(found, csv=csv, plot=plot, **axis)
    if as_json:
        write_json(content(found))
        return
    many = len(found) > MOST_TABLES
    for each in (found,) if many else found:
        print_table(each.display(**axis, digits=digits))
        tell()
