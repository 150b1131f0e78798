"""``screening cycling``: what a cell's cycling record says, as tables, figures and one page."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from screening.lab.cycling.cell_sheet import CellSheet
    from screening.lab.cycling.fullcell import FullCellResult
    from screening.lab.cycling.symmetric import SymmetricReport
    from screening.lab.cycling.table import CyclingData


class Kind(StrEnum):
    """What kind of cell."""

    SYMMETRIC = "symmetric"
    FULL = "full"


FilesArgument = Annotated[
    list[Path], typer.Argument(metavar="FILES...", help="Files of one cell, in the order they were measured.")
]
CellOption = Annotated[
    Path | None,
    typer.Option("--cell", metavar="FILE", help="The cell's sheet (TOML): area, mass, electrolyte."),
]
KindOption = Annotated[Kind, typer.Option("--kind", help="Symmetric cell or full cell.")]
OutOption = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="Write tables, figures and a page there.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON, and nothing else, to stdout.")]


def cycling(
    files: FilesArgument,
    cell: CellOption = None,
    kind: KindOption = Kind.SYMMETRIC,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Judge a cell's cycling: overpotential, life and shorts, or capacity and efficiency."""
    from screening.lab.cycling.cell_sheet import CellSheet, read_cell_sheet
    from screening.lab.readers.cycling import read_cycling

    sheet = read_cell_sheet(cell) if cell is not None else CellSheet()
    data = read_cycling(
        files, cell=sheet.label, area_cm2=sheet.electrode_area_cm2, active_mass_mg=sheet.active_material_mg
    )
    if kind is Kind.FULL:
        _full(data, sheet, out, as_json)
    else:
        _symmetric(data, sheet, out, as_json)


def _symmetric(data: "CyclingData", sheet: "CellSheet", out: Path | None, as_json: bool) -> None:
    import json

    from screening.lab.cycling.symmetric import assess_symmetric
    from screening.report.cycling import symmetric_summary, write_symmetric

    report = assess_symmetric(data, sheet)
    summary = symmetric_summary(report)
    written = write_symmetric(out, report) if out is not None else []
    if as_json:
        print(json.dumps(summary, ensure_ascii=False, allow_nan=False))
        return
    _print_symmetric(report)
    _print_flags(data)
    _print_written(written)


def _print_symmetric(report: "SymmetricReport") -> None:
    from screening.lab.cycling.symmetric import LifeEnd

    halves, cycles, life = report.half_cycles, report.cycles, report.life
    print(f"cell               {report.data.cell}")
    print(f"half-cycles        {len(halves)} ({len(cycles)} cycles)")
    if len(cycles):
        print(f"overpotential      {1e3 * cycles.overpotential_v[0]:.4g} mV at first, ", end="")
        print(f"{1e3 * cycles.overpotential_v[-1]:.4g} mV at last")
        print(f"ASR (whole cell)   {cycles.asr_ohm_cm2[0]:.4g} ohm cm2 at first, ", end="")
        print(f"{cycles.asr_ohm_cm2[-1]:.4g} ohm cm2 at last")
    stable = report.stabilisation_cycle
    print(f"stable from cycle  {'never' if stable is None else stable}")
    more = "more than " if life.end is LifeEnd.RECORD else ""
    print(
        f"life               {more}{life.hours:.4g} h, {life.throughput_mah_per_cm2:.4g} mAh/cm2 ({life.end})"
    )
    verdict = report.verdict
    when = f" at {verdict.time_h:.4g} h, half-cycle {verdict.half_cycle}" if verdict.verdict.is_alarm else ""
    print(f"short              {verdict.verdict}{when}")
    for item in verdict.evidence:
        print(f"  {item.signal}: {item.statement}")


def _print_flags(data: "CyclingData") -> None:
    for flag in data.flags:
        print(f"note: {flag}")


def _print_written(written: list[Path]) -> None:
    for path in written:
        print(f"wrote {path}")


def _full(data: "CyclingData", sheet: "CellSheet", out: Path | None, as_json: bool) -> None:
    import json

    from screening.lab.cycling.full import assess_full
    from screening.report.cycling import full_summary, write_full

    nominal = sheet.nominal_capacity_mah
    report = assess_full(
        data,
        order=sheet.cycle_order,
        reference_cycle=sheet.reference_cycle,
        nominal_capacity_ah=None if nominal is None else nominal / 1e3,
    )
    summary = full_summary(report)
    written = write_full(out, report) if out is not None else []
    if as_json:
        print(json.dumps(summary, ensure_ascii=False, allow_nan=False))
        return
    _print_full(report.result)
    for analysis in report.plateaus:
        for plateau in analysis.plateaus:
            share = f"{plateau.fraction:.1%} of the charge"
            mark = ", extra" if plateau in analysis.extra else ""
            print(f"first-cycle plateau   {plateau.voltage_v:.3f} V, {share}{mark}")
    for flag in report.result.flags:
        print(f"note: {flag}")
    _print_written(written)


def _print_full(result: "FullCellResult") -> None:
    reference, last = result.reference_cycle, len(result.cycles)
    frame = result.to_frame().set_index("cycle")
    print(f"cell                  {result.cell}")
    print(f"cycles                {last}, {result.order}")
    for column, unit in (
        ("discharge_capacity_mah", "mAh"),
        ("discharge_capacity_mah_per_g", "mAh/g of active material"),
        ("discharge_capacity_mah_per_cm2", "mAh/cm2"),
    ):
        if column in frame:
            print(f"discharge capacity    {frame[column].iloc[0]:.4g} {unit} at first, ", end="")
            print(f"{frame[column].iloc[-1]:.4g} {unit} at last")
    print(f"Coulombic efficiency  {result.coulombic_efficiency[0]:.2%} at first ", end="")
    print(f"({result.order.efficiency_definition})")
    print(f"energy efficiency     {result.energy_efficiency[0]:.2%} at first")
    kept = result.retention[-1]
    words = f"{kept:.1%}" if kept == kept else "not at the reference's rate"
    print(f"retention             {words} in cycle {last} against cycle {reference}")
