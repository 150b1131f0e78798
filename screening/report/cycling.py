"""Files of a cell's cycling: tables, Battery Data Format, figures and one page."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

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
from screening.lab.cycling.symmetric import SymmetricReport
from screening.lab.cycling.table import CyclingData, FlagKind
from screening.lab.short import ShortVerdict
from screening.provenance import SIMULATED, Provenance

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from screening.lab.impedance.analysis import ImpedanceAnalysis


def provenance_of(data: CyclingData) -> Provenance:
    """Stamp that names the measured files, and says where they were simulated."""
    simulated = {flag.file for flag in data.flags if flag.kind is FlagKind.SIMULATED}
    named = [f"{s.name} ({SIMULATED})" if s.name in simulated else s.name for s in data.sources]
    return Provenance.now(", ".join(named) or data.cell, data.checksum)


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
    from screening.plots.cycling import symmetric_figure
    from screening.plots.cycling_html import symmetric_page
    from screening.plots.fullcell import full_cell_figure
    from screening.plots.fullcell_html import full_page
    from screening.plots.plating import plating_figure, plating_page

    data, stamp = report.data, provenance_of(report.data)
    tables, flags = {}, data.flags_frame()
    if isinstance(report, SymmetricReport):
        half_cycles = pd.DataFrame(figures_of(report.half_cycles))
        half_cycles.insert(0, "half_cycle", range(1, len(half_cycles) + 1))
        tables = {"half_cycles": half_cycles, "cycles": report.cycles.to_frame()}
        step = critical_current(report)
        if step is not None:
            tables["critical_current"] = step.to_frame()
        figure, page = symmetric_figure(report), symmetric_page(report, stamp)
    elif isinstance(report, FullCellReport):
        result = report.result
        flags = data.with_flags(result.flags[len(data.flags) :]).flags_frame()
        tables = {"cycles": result.to_frame(), "plateaus": report.plateaus_frame()}
        figure, page = full_cell_figure(report), full_page(report, stamp)
    else:
        tables = {"blocks": report.blocks.to_frame()}
        figure, page = plating_figure(report), plating_page(report, stamp)
    tables |= {"evidence": (short or report.verdict).evidence_frame(), "flags": flags}
    if between is not None:
        tables |= {f"impedance_{name}": table for name, table in between.tables().items()}
    return _write(directory, data, cycling_summary(report, short, between), tables, figure, page)


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
