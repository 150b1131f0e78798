"""``screening cycling``: what a cell's cycling record says, as tables, figures and one page."""

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from screening.cli.options import JsonOption, say

if TYPE_CHECKING:
    from screening.lab.cycling.full import FullCellReport
    from screening.lab.cycling.symmetric import SymmetricReport
    from screening.lab.short import ShortVerdict


class Kind(StrEnum):
    """What kind of cell."""

    SYMMETRIC = "symmetric"
    FULL = "full"


def cycling(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILES...", help="Files of one cell, in the order they were measured."),
    ],
    cell: Annotated[
        Path | None,
        typer.Option("--cell", metavar="FILE", help="Sheet of the cell (TOML): area, masses, separator."),
    ] = None,
    kind: Annotated[
        Kind | None, typer.Option("--kind", help="Default: what the sheet says, else symmetric.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write tables, figures and a page there.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Assess cycling: overpotential, life and short circuits, or capacity and efficiency."""
    from screening.api.cells import read_cycling
    from screening.lab.cycling.full import FullCellReport

    found = read_cycling(files, cell=cell, kind=None if kind is None else str(kind))
    written = found.write(out) if out is not None else []
    for remark in found.remarks:
        say(f"note: {remark}")
    if as_json:
        print(json.dumps(found.summary(), ensure_ascii=False, allow_nan=False))
        return
    if isinstance(found.report, FullCellReport):
        _print_full(found.report)
    else:
        _print_symmetric(found.report, found.verdict or found.report.verdict)
    for path in written:
        print(f"wrote {path}")


def _print_symmetric(report: "SymmetricReport", verdict: "ShortVerdict") -> None:
    from screening.lab.cycling.symmetric import LifeEnd

    halves, cycles, life = report.half_cycles, report.cycles, report.life
    print(f"cell               {report.data.cell}")
    print(f"half-cycles        {len(halves)} ({len(cycles)} cycles)")
    if len(cycles):
        print(f"overpotential      {1e3 * cycles.overpotential_v[0]:.4g} mV at first, ", end="")
        print(f"{1e3 * cycles.overpotential_v[-1]:.4g} mV at last")
        print(f"ASR (whole cell)   {cycles.asr_ohm_cm2[0]:.4g} Ω cm² at first, ", end="")
        print(f"{cycles.asr_ohm_cm2[-1]:.4g} Ω cm² at last")
    stable = report.stabilisation_cycle
    print(f"stable from cycle  {'never' if stable is None else stable}")
    more = "more than " if life.end is LifeEnd.RECORD else ""
    print(
        f"life               {more}{life.hours:.4g} h, {life.throughput_mah_per_cm2:.4g} mAh/cm² ({life.end})"
    )
    print(f"short              {verdict.words}")
    for item in verdict.evidence:
        print(f"  {item.signal}: {item.statement}")
    for flag in report.data.flags:
        print(f"note: {flag}")


def _print_full(report: "FullCellReport") -> None:
    result = report.result
    reference, last = result.reference_cycle, len(result.cycles)
    frame = result.to_frame().set_index("cycle")
    print(f"cell                  {result.cell}")
    print(f"cycles                {last}, {result.order}")
    for column, unit in (
        ("discharge_capacity_mah", "mAh"),
        ("discharge_capacity_mah_per_g", "mAh/g of active material"),
        ("discharge_capacity_mah_per_cm2", "mAh/cm²"),
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
    for analysis in report.plateaus:
        for plateau in analysis.plateaus:
            share = f"{plateau.fraction:.1%} of the charge"
            mark = ", extra" if plateau in analysis.extra else ""
            print(f"first-cycle plateau   {plateau.voltage_v:.3f} V, {share}{mark}")
    for flag in result.flags:
        print(f"note: {flag}")
