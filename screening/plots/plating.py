"""Figure and page of a cell that plates lithium on a bare or reacted side."""

import numpy as np
from matplotlib.figure import Figure

from screening.lab.cycling.plating import PlatingReport
from screening.lab.cycling.table import FlagKind
from screening.plots.cell_html import cell_page, trace, voltage_trace
from screening.plots.cycling import draw_efficiency, draw_voltage, verdict_label
from screening.plots.cycling_html import evidence_table
from screening.plots.style import BLUE, COLUMN_IN, figure_style
from screening.provenance import Provenance

PAGE_POINTS = 40_000
"""Points of the voltage panel."""


def plating_figure(report: PlatingReport) -> Figure:
    """Two panels: voltage against time, the failure marked, and the efficiency of the blocks."""
    with figure_style():
        figure = Figure(figsize=(COLUMN_IN, 1.5 * COLUMN_IN), layout="constrained")
        top, bottom = figure.subplots(2, 1)
        draw_voltage(top, report)
        label = report.data.cell.replace("$", r"\$")
        simulated = any(flag.kind is FlagKind.SIMULATED for flag in report.data.flags)
        top.set_title(label + " (simulated)" * (simulated and "simulated" not in label), loc="left")
        draw_efficiency(bottom, report)
    return figure


def plating_page(report: PlatingReport, provenance: Provenance) -> str:
    """Return the page as text; see `cell_page`."""
    from plotly.subplots import make_subplots

    blocks, words = report.blocks, [f"{verdict_label(report)}. {len(report.blocks)} blocks"]
    for name, value in (("plain", report.plain_efficiency), ("Aurbach", report.aurbach_efficiency)):
        if value is not None:
            words.append(f"plating efficiency ({name}) {value:.2%}")
    figure = make_subplots(rows=2, cols=1, vertical_spacing=0.12, row_heights=[2, 1])
    figure.add_trace(voltage_trace(report.data, PAGE_POINTS), row=1, col=1)
    known = np.isfinite(blocks.efficiency)
    points = trace(
        blocks.block[known], 100.0 * blocks.efficiency[known], "plating efficiency", BLUE, points=True
    )
    figure.add_trace(points, row=2, col=1)
    figure.update_yaxes(title_text="Voltage (V)", row=1, col=1)
    figure.update_yaxes(title_text="Plating efficiency (%)", row=2, col=1)
    figure.update_xaxes(title_text="Time (h)", row=1, col=1)
    figure.update_xaxes(title_text="Block", row=2, col=1)
    figure.update_layout(height=640, template="simple_white", margin={"t": 20, "r": 20}, showlegend=False)
    return cell_page(
        report.data.cell,
        "; ".join(words) + ".",
        figure,
        evidence_table(report.verdict),
        flags=report.data.flags,
        provenance=provenance,
    )
