"""The page of a symmetric cell: voltage, overpotential and resistance, and the evidence for a short."""

from typing import TYPE_CHECKING

import numpy as np

from screening.lab.cycling.symmetric import LifeEnd, SymmetricReport
from screening.lab.short import ShortVerdict
from screening.plots.cell_html import PageTable, cell_page, trace, voltage_trace
from screening.plots.cycling import verdict_label
from screening.plots.style import BLACK, BLUE, GREEN, VERMILION
from screening.provenance import Provenance

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

PAGE_POINTS = 40_000
"""Points of the voltage panel: enough to zoom into any cycle of a long test, light for any browser."""


def symmetric_page(report: SymmetricReport, provenance: Provenance) -> str:
    """Return the page as text; see `cell_page`."""
    life = report.life
    sign = "> " if life.end is LifeEnd.RECORD else ""
    summary = (
        f"{verdict_label(report)}. Life {sign}{life}, {sign}{life.throughput_mah_per_cm2:.4g} "
        f"mAh/cm² passed in both directions ({life.end})."
    )
    return cell_page(
        report.data.cell,
        summary,
        _panels(report),
        evidence_table(report.verdict),
        flags=report.data.flags,
        provenance=provenance,
    )


def evidence_table(verdict: ShortVerdict) -> PageTable:
    """What speaks for and against a short."""
    rows = tuple(
        (
            str(item.signal),
            str(item.verdict),
            *(f"{x:.4g}" if np.isfinite(x) else "–" for x in (item.time_h, item.value, item.threshold)),
            item.statement,
        )
        for item in verdict.evidence
    )
    return PageTable("Evidence", ("Signal", "Says", "Time (h)", "Value", "Threshold", "In words"), rows)


def _panels(report: SymmetricReport) -> "Figure":
    """Voltage, overpotential and resistance below each other on one time axis."""
    from plotly.subplots import make_subplots

    halves, cycles = report.half_cycles, report.cycles
    figure = make_subplots(rows=3, cols=1, shared_xaxes=True, vertical_spacing=0.05, row_heights=[2, 1, 1])
    figure.add_trace(voltage_trace(report.data, PAGE_POINTS), row=1, col=1)
    overpotential_mv = 1e3 * cycles.overpotential_v
    figure.add_trace(trace(cycles.time_h, overpotential_mv, "overpotential", BLUE, points=True), row=2, col=1)
    for sign, colour, name in ((1, BLUE, "ASR, I > 0"), (-1, GREEN, "ASR, I < 0")):
        rows = halves.sign == sign
        points = trace(halves.time_h[rows], halves.asr_ohm_cm2[rows], name, colour, points=True)
        figure.add_trace(points, row=3, col=1)
    if report.floor_asr_ohm_cm2 is not None:
        line = {"dash": "dashdot", "width": 1, "color": BLACK}
        figure.add_hline(report.floor_asr_ohm_cm2, line=line, row=3, col=1)
    if report.verdict.verdict.is_alarm and np.isfinite(report.verdict.time_h):
        line = {"dash": "dash", "width": 1.5, "color": VERMILION}
        figure.add_vline(report.verdict.time_h, line=line, opacity=1.0)
    titles = ("Voltage (V)", "Overpotential (mV)", "ASR of the whole cell (Ω·cm²)")
    for row, title in enumerate(titles, start=1):
        figure.update_yaxes(title_text=title, rangemode="normal" if row == 1 else "tozero", row=row, col=1)
    figure.update_xaxes(title_text="Time (h)", row=3, col=1)
    return figure.update_layout(
        height=820, template="simple_white", hovermode="x", margin={"t": 20, "r": 20}, showlegend=False
    )
