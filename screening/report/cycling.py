"""Files of a cell's cycling: tables, Battery Data Format, figures and one page."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from screening.display import Table
from screening.files import (
    json_ready,
    output_directory,
    records,
    write_csv,
    write_figure,
    write_json,
    write_parquet,
    write_text,
)
from screening.lab.analysis import CyclingReport
from screening.lab.cycling.critical_current import critical_current
from screening.lab.cycling.export import write_bdf
from screening.lab.cycling.full import FullCellReport
from screening.lab.cycling.plating import PlatingReport
from screening.lab.cycling.polarisation import figures_of
from screening.lab.cycling.symmetric import STABLE_CYCLES, LifeEnd, SymmetricReport
from screening.lab.cycling.table import CyclingData, FlagKind
from screening.lab.short import ShortVerdict
from screening.provenance import SIMULATED, Provenance
from screening.report.parts import capital, head

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from screening.lab.impedance.analysis import ImpedanceAnalysis


SHOWN = ("evidence", "plateaus", "critical_current")
"""Tables that stand on the page; the files hold all."""


def provenance_of(data: CyclingData) -> Provenance:
    """Stamp that names the measured files, and says where they were simulated."""
    simulated = {flag.file for flag in data.flags if flag.kind is FlagKind.SIMULATED}
    names = dict.fromkeys(source.name for source in data.sources)
    named = [f"{name} ({SIMULATED})" if name in simulated else name for name in names]
    return Provenance.now(", ".join(named) or data.cell, data.checksum)


CAPACITIES = {
    "capacity_mah": "mAh",
    "capacity_mah_per_g": "mAh/g of active material",
    "capacity_mah_per_cm2": "mAh/cm²",
}
"""Ends of the columns of capacities, and their units."""


def overview(report: CyclingReport, short: ShortVerdict, remarks: Sequence[str] = ()) -> Table:
    """First and last figures, life and verdict; evidence and what to know about the data below."""
    flags = report.data.flags
    if isinstance(report, FullCellReport):
        rows, flags = [*_full_rows(report)], report.result.flags
    elif isinstance(report, PlatingReport):
        rows = [*_plating_rows(report)]
    else:
        rows = [*_symmetric_rows(report)]
    rows.append(("short", short.words))
    evidence = [f"{item.signal}: {item.statement}" for item in short.evidence]
    told = (f"note: {text}" for text in (*flags, *remarks))
    notes = (*evidence, *told, provenance_of(report.data).line())
    return Table("", pd.DataFrame(rows, columns=["quantity", "value"]), notes)


def _course(values: np.ndarray, unit: str, factor: float = 1.0) -> str:
    return f"{factor * values[0]:.4g} {unit} at first, {factor * values[-1]:.4g} {unit} at last"


def _symmetric_rows(report: SymmetricReport) -> Iterator[tuple[str, str]]:
    cycles, life = report.cycles, report.life
    yield "cell", report.data.cell
    yield "half-cycles", f"{len(report.half_cycles)} ({len(cycles)} cycles)"
    if not report.is_symmetric:
        yield "kind", "no symmetric cell; assess it as a full one (kind full)"
        return
    if len(cycles):
        yield "overpotential", _course(cycles.overpotential_v, "mV", 1e3)
        yield "ASR (whole cell)", _course(cycles.asr_ohm_cm2, "Ω cm²")
    stable = report.stabilisation_cycle
    if stable is not None or len(cycles) > STABLE_CYCLES:
        yield "stable from cycle", "never" if stable is None else str(stable)
    more = "more than " if life.end is LifeEnd.RECORD else ""
    throughput = f"{life.throughput_mah_per_cm2:.4g} mAh/cm²"
    yield "life", f"{more}{life}, {throughput} ({life.end})"


def _plating_rows(report: PlatingReport) -> Iterator[tuple[str, str]]:
    blocks = report.blocks
    yield "cell", report.data.cell
    yield "blocks", f"{len(blocks)}, {int((blocks.inner_cycles > 0).sum())} of them with inner cycles"
    for name, value in (("plain", report.plain_efficiency), ("Aurbach", report.aurbach_efficiency)):
        if value is not None:
            yield f"plating efficiency ({name})", f"{value:.2%}"
    if np.isfinite(blocks.efficiency[0]):
        yield "first block", f"{blocks.efficiency[0]:.2%}"


def _full_rows(report: FullCellReport) -> Iterator[tuple[str, str]]:
    result, frame = report.result, report.result.to_frame()
    whole = result.cycles.shown
    yield "cell", result.cell
    single = result.cycles.single
    yield "cycles", f"a single {single}" if single else f"{len(result.cycles)}, {result.order}"
    half = single or "discharge"
    for end, unit in CAPACITIES.items():
        if (column := f"{half}_{end}") in frame:
            values = frame[column].to_numpy()[whole]
            yield f"{half} capacity", f"{values[0]:.4g} {unit}" if single else _course(values, unit)
    if not single:
        first, last = result.cycles.number[whole][[0, -1]]
        when = "at first" if first == 1 else f"in cycle {first}"
        efficiency = f"{result.coulombic_efficiency[whole][0]:.2%} {when}"
        yield "Coulombic efficiency", f"{efficiency} ({result.order.efficiency_definition})"
        yield "energy efficiency", f"{result.energy_efficiency[whole][0]:.2%} {when}"
        if last != result.reference_cycle:
            kept = result.retention[whole][-1]
            whole_ones = result.cycles.complete.any()  # else all are shown, and none can be compared
            words = f"{kept:.1%}" if kept == kept else "not at the reference's rate"
            against = f"{words} in cycle {last} against cycle {result.reference_cycle}"
            yield "retention", against if whole_ones else "not known: no cycle is whole"
    for analysis in report.plateaus:
        for plateau in analysis.plateaus:
            mark = ", extra" if plateau in analysis.extra else ""
            half = "charge" if analysis.sign > 0 else "discharge"
            share = f"{plateau.fraction:.1%} of the first {half}{mark}"
            yield f"plateau ({half})", f"{plateau.voltage_v:.3f} V, {share}"


def cycling_summary(
    report: CyclingReport, short: ShortVerdict | None = None, between: "ImpedanceAnalysis | None" = None
) -> dict[str, Any]:
    """What was found about a cell, ready for JSON (null for what is not known).

    `short` is the verdict of cycling and impedance together, where the cell has both; `between` what the
    spectra among the rows of the record show.
    """
    if isinstance(report, SymmetricReport):
        content, flags = _symmetric(report), report.data.flags
    elif isinstance(report, FullCellReport):
        content, flags = _full(report), report.result.flags
    else:
        content, flags = _plating(report), report.data.flags
    content["short"] = (short or report.verdict).as_dict() | content.get("short", {})
    content |= {} if between is None else {"impedance": between.as_dict()}
    content |= {
        "flags": [asdict(flag) for flag in flags],
        "provenance": provenance_of(report.data).as_dict(),
    }
    return dict(json_ready(content))


def _symmetric(report: SymmetricReport) -> dict[str, Any]:
    step = critical_current(report)
    return {
        "cell": report.data.cell,
        "area_cm2": report.data.area_cm2,
        "half_cycles": len(report.half_cycles),
        "cycles": len(report.cycles),
        "stabilisation_cycle": report.stabilisation_cycle,
        "electrolyte_asr_ohm_cm2": report.floor_asr_ohm_cm2,
        "life": asdict(report.life),
        "short": {"settings": asdict(report.settings)},
        "critical_current": None if step is None else asdict(step),
    }


def _full(report: FullCellReport) -> dict[str, Any]:
    result = report.result
    content = {
        item.name: getattr(result, item.name)
        for item in fields(result)
        if item.name not in ("cycles", "flags")
    }
    for name in ("fade_per_cycle", "hysteresis_growth_v_per_cycle"):
        content[name] = None if content[name] is None else asdict(content[name])
    return content | {
        "coulombic_efficiency_is": result.order.efficiency_definition,
        "cycles": len(result.cycles),
        "extra_plateaus": report.extra_plateaus,
    }


def _plating(report: PlatingReport) -> dict[str, Any]:
    return {
        "cell": report.data.cell,
        "half_cycles": len(report.half_cycles),
        "blocks": len(report.blocks),
        "plating_efficiency": report.plain_efficiency,
        "plating_efficiency_aurbach": report.aurbach_efficiency,
    }


def write_cycling(
    directory: Path,
    report: CyclingReport,
    short: ShortVerdict | None = None,
    between: "ImpedanceAnalysis | None" = None,
) -> list[Path]:
    """Write everything about a cell's cycling into a directory.

    Returns
    -------
    list of pathlib.Path
        The files written.
    """
    from screening.plots.cell_html import cell_page
    from screening.plots.cycling import cycling_figure

    data, verdict = report.data, short or report.verdict
    tables, flags = {}, data.flags_frame()
    if isinstance(report, SymmetricReport):
        half_cycles = pd.DataFrame(figures_of(report.half_cycles))
        half_cycles.insert(0, "half_cycle", range(1, len(half_cycles) + 1))
        tables = {"half_cycles": half_cycles, "cycles": report.cycles.to_frame()}
        step = critical_current(report)
        if step is not None:
            tables["critical_current"] = step.to_frame()
    elif isinstance(report, FullCellReport):
        result = report.result
        flags = data.with_flags(result.flags[len(data.flags) :]).flags_frame()
        tables = {"cycles": result.to_frame(), "plateaus": report.plateaus_frame()}
    else:
        tables = {"blocks": report.blocks.to_frame()}
    tables |= {"evidence": verdict.evidence_frame(), "flags": flags}
    if between is not None:
        tables |= {f"impedance_{name}": table for name, table in between.tables().items()}
    shown = [Table(capital(name), tables[name].rename(columns=head)) for name in SHOWN if name in tables]
    page = cell_page(report, replace(overview(report, verdict), caption=data.cell), *shown)
    return _write(
        directory, data, cycling_summary(report, short, between), tables, cycling_figure(report), page
    )


def _write(
    directory: Path,
    data: CyclingData,
    summary: dict[str, Any],
    tables: Mapping[str, pd.DataFrame],
    figure: "Figure",
    page: str,
) -> list[Path]:
    """Tables, record, summary, figures and page, each with the stamp of the measured files."""
    output_directory(directory)
    stamp = provenance_of(data)
    written = []

    def path(name: str) -> Path:
        written.append(directory / name)
        return written[-1]

    for name, frame in tables.items():
        write_csv(path(f"{name}.csv"), frame, stamp)
        write_parquet(path(f"{name}.parquet"), frame, stamp)
    for suffix in (".csv", ".parquet"):
        write_bdf(path(f"record.bdf{suffix}"), data, stamp)
    rows = {name: records(frame) for name, frame in tables.items()}
    write_json(path("cell.json"), {**summary, "tables": rows})
    for suffix in (".png", ".svg"):
        write_figure(path(f"cell{suffix}"), figure, stamp)
    write_text(path("cell.html"), page)
    return written
