"""Files of a cell's cycling: tables, Battery Data Format, figures and one page."""

import math
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from screening.files import output_directory, write_csv, write_figure, write_json, write_parquet
from screening.lab.cycling.critical_current import critical_current
from screening.lab.cycling.export import write_bdf
from screening.lab.cycling.full import FullCellReport
from screening.lab.cycling.polarisation import figures_of
from screening.lab.cycling.symmetric import SymmetricReport
from screening.lab.cycling.table import CyclingData, FlagKind
from screening.lab.impedance.simulate import SIMULATED
from screening.lab.short import ShortVerdict
from screening.plots.cycling import symmetric_figure
from screening.plots.cycling_html import write_symmetric_page
from screening.plots.fullcell import full_cell_figure
from screening.plots.fullcell_html import write_full_page
from screening.provenance import Provenance

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def provenance_of(data: CyclingData) -> Provenance:
    """Stamp that names the measured files, and says where they were simulated."""
    simulated = {flag.file for flag in data.flags if flag.kind is FlagKind.SIMULATED}
    named = [f"{s.name} ({SIMULATED})" if s.name in simulated else s.name for s in data.sources]
    return Provenance.now(", ".join(named) or data.cell, data.checksum)


def symmetric_summary(report: SymmetricReport, short: ShortVerdict | None = None) -> dict[str, Any]:
    """What was found about a symmetric cell, ready for JSON (null for what is not known).

    `short` is the verdict of cycling and impedance together, where the cell has both.
    """
    step = critical_current(report)
    content = {
        "cell": report.data.cell,
        "area_cm2": report.data.area_cm2,
        "half_cycles": len(report.half_cycles),
        "cycles": len(report.cycles),
        "stabilisation_cycle": report.stabilisation_cycle,
        "electrolyte_asr_ohm_cm2": report.floor_asr_ohm_cm2,
        "life": asdict(report.life),
        "short": (short or report.verdict).as_dict() | {"settings": asdict(report.settings)},
        "critical_current": None if step is None else asdict(step),
        "flags": [asdict(flag) for flag in report.data.flags],
        "provenance": provenance_of(report.data).as_dict(),
    }
    return {key: _plain(value) for key, value in content.items()}


def full_summary(report: FullCellReport) -> dict[str, Any]:
    """What was found about a full cell, ready for JSON."""
    result, data = report.result, report.data
    content = {
        item.name: getattr(result, item.name)
        for item in fields(result)
        if item.name not in ("cycles", "flags")
    }
    for name in ("fade_per_cycle", "hysteresis_growth_v_per_cycle"):
        content[name] = None if content[name] is None else asdict(content[name])
    content |= {
        "coulombic_efficiency_is": result.order.efficiency_definition,
        "cycles": len(result.cycles),
        "extra_plateaus": report.extra_plateaus,
        "flags": [asdict(flag) for flag in result.flags],
        "provenance": provenance_of(data).as_dict(),
    }
    return {key: _plain(value) for key, value in content.items()}


def write_symmetric(
    directory: Path, report: SymmetricReport, short: ShortVerdict | None = None
) -> list[Path]:
    """Write everything about a symmetric cell into a directory.

    Returns
    -------
    list of pathlib.Path
        The files written.
    """
    half_cycles = pd.DataFrame(figures_of(report.half_cycles))
    half_cycles.insert(0, "half_cycle", range(1, len(half_cycles) + 1))
    tables = {
        "half_cycles": half_cycles,
        "cycles": report.cycles.to_frame(),
        "evidence": (short or report.verdict).evidence_frame(),
        "flags": report.data.flags_frame(),
    }
    step = critical_current(report)
    if step is not None:
        tables["critical_current"] = step.to_frame()
    written = _write(
        directory, report.data, tables, symmetric_summary(report, short), symmetric_figure(report)
    )
    write_symmetric_page(written[-1], report, provenance_of(report.data))
    return written


def write_full(directory: Path, report: FullCellReport) -> list[Path]:
    """Write everything about a full cell into a directory.

    Returns
    -------
    list of pathlib.Path
        The files written.
    """
    result, data = report.result, report.data
    flags = data.with_flags(result.flags[len(data.flags) :]).flags_frame()
    tables = {"cycles": result.to_frame(), "plateaus": report.plateaus_frame(), "flags": flags}
    written = _write(directory, data, tables, full_summary(report), full_cell_figure(report))
    write_full_page(written[-1], report, provenance_of(data))
    return written


def _write(
    directory: Path,
    data: CyclingData,
    tables: Mapping[str, pd.DataFrame],
    summary: dict[str, Any],
    figure: "Figure",
) -> list[Path]:
    """Write tables, record, summary and figure; their paths, and last that of the page to come."""
    output_directory(directory)
    stamp, written = provenance_of(data), []
    for name, frame in tables.items():
        written += [directory / f"{name}.csv", directory / f"{name}.parquet"]
        write_csv(written[-2], frame, stamp)
        write_parquet(written[-1], frame, stamp)
    for suffix in (".csv", ".parquet"):
        written.append(directory / f"record.bdf{suffix}")
        write_bdf(written[-1], data, stamp)
    rows = {name: frame.to_dict(orient="records") for name, frame in tables.items()}
    written.append(directory / "cell.json")
    write_json(written[-1], {**summary, "tables": _plain(rows)})
    for suffix in (".png", ".svg"):
        written.append(directory / f"cell{suffix}")
        write_figure(written[-1], figure, stamp)
    return [*written, directory / "cell.html"]


def _plain(value: Any) -> Any:
    """Numbers, text, lists and mappings that JSON knows; NaN, infinity and missing values as null."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, str):
        return str(value)
    if hasattr(value, "item"):
        return _plain(value.item())
    if value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value
