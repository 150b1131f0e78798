"""One self-contained page of a cell: interactive panels that stay light, and tables."""

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from screening.display import Table
from screening.lab.analysis import CyclingReport
from screening.lab.cycling.full import FullCellReport
from screening.lab.cycling.plating import PlatingReport
from screening.lab.cycling.symmetric import SymmetricReport
from screening.lab.cycling.table import CyclingData
from screening.plots.fullcell import capacity_limit, capacity_unit, efficiency_limits, profile_cycles
from screening.plots.style import BLACK, BLUE, CYCLE, GREEN, ORANGE, SKY, VERMILION
from screening.plots.thinning import thinned

if TYPE_CHECKING:
    from plotly.graph_objects import Figure, Scatter

PAGE_POINTS, FULL_CELL_POINTS = 40_000, 12_000
"""Points of the voltage panel: enough to zoom into any cycle of a long test; of a full cell, beside all its
other curves, as many as a browser without WebGL draws at once."""

PROFILE_POINTS = 1_000
"""Points of one half-cycle's profile."""

_STYLE = (
    "body{font:15px/1.45 system-ui,sans-serif;margin:1.5rem auto;max-width:70rem;padding:0 1rem;color:#111}"
    "table{border-collapse:collapse}th,td{text-align:left;padding:.25rem .8rem .25rem 0;vertical-align:top;"
    "border-bottom:1px solid #ddd}"
)


def cell_page(report: CyclingReport, overview: Table, *tables: Table) -> str:
    """Return the page as text (about 5 MB, most of it the plotting library); all words are escaped.

    Parameters
    ----------
    report : SymmetricReport, FullCellReport or PlatingReport
    overview : Table
        Stands above the panels, with the cell's name as its caption.
    *tables : Table
        Stand below.
    """
    import plotly.io

    panels = plotly.io.to_html(
        cell_panels(report), full_html=False, include_plotlyjs=True, config={"displaylogo": False}
    )
    below = "".join(table.html() for table in tables if len(table.frame))
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        f'<title>{escape(overview.caption)}</title><meta name="viewport" content="width=device-width">'
        f"<style>{_STYLE}</style></head><body><main>{overview.html()}{panels}{below}</main></body></html>\n"
    )


def cell_panels(report: CyclingReport) -> "Figure":
    """The panels of a kind of cell, voltage against time first."""
    if isinstance(report, FullCellReport):
        return _full(report)
    return _plating(report) if isinstance(report, PlatingReport) else _symmetric(report)


def _trace(
    x: np.ndarray, y: np.ndarray, name: str, colour: str, *, points: bool = False, legend: bool = False
) -> "Scatter":
    """Line or points; in single precision, which halves the page and shows on no screen."""
    from plotly.graph_objects import Scatter

    return Scatter(
        x=x.astype(np.float64).round(6),
        y=y.astype(np.float32),
        name=name,
        mode="markers" if points else "lines",
        line={"width": 1, "color": colour},
        marker={"size": 4, "color": colour},
        showlegend=legend,
        legendgroup=name,
    )


def _voltage(data: CyclingData, points: int) -> "Scatter":
    """Voltage against time in hours, thinned to so many points with its extremes kept."""
    time_h, voltage = data.time_s / 3600.0, data.voltage_v
    kept = thinned(time_h, voltage, points)
    return _trace(time_h[kept], voltage[kept], "voltage", BLUE)


def _name_axes(figure: "Figure", row: int, across: str, up: str, col: int = 1) -> None:
    figure.update_xaxes(title_text=across, row=row, col=col)
    figure.update_yaxes(title_text=up, row=row, col=col)


def _symmetric(report: SymmetricReport) -> "Figure":
    """Voltage, overpotential and resistance below each other on one time axis."""
    from plotly.subplots import make_subplots

    halves, cycles = report.half_cycles, report.cycles
    figure = make_subplots(rows=3, cols=1, shared_xaxes=True, vertical_spacing=0.05, row_heights=[2, 1, 1])
    figure.add_trace(_voltage(report.data, PAGE_POINTS), row=1, col=1)
    overpotential_mv = 1e3 * cycles.overpotential_v
    figure.add_trace(
        _trace(cycles.time_h, overpotential_mv, "overpotential", BLUE, points=True), row=2, col=1
    )
    for sign, colour, name in ((1, BLUE, "ASR, I > 0"), (-1, GREEN, "ASR, I < 0")):
        rows = halves.sign == sign
        points = _trace(halves.time_h[rows], halves.asr_ohm_cm2[rows], name, colour, points=True)
        figure.add_trace(points, row=3, col=1)
    if report.floor_asr_ohm_cm2 is not None:
        line = {"dash": "dashdot", "width": 1, "color": BLACK}
        figure.add_hline(report.floor_asr_ohm_cm2, line=line, row=3, col=1)
    if report.verdict.verdict.is_alarm and np.isfinite(report.verdict.time_h):
        line = {"dash": "dash", "width": 1.5, "color": VERMILION}
        figure.add_vline(report.verdict.time_h, line=line, opacity=1.0)
    for row, title in enumerate(
        ("Voltage (V)", "Overpotential (mV)", "ASR of the whole cell (Ω·cm²)"), start=1
    ):
        figure.update_yaxes(title_text=title, rangemode="normal" if row == 1 else "tozero", row=row, col=1)
    figure.update_xaxes(title_text="Time (h)", row=3, col=1)
    return figure.update_layout(
        height=820, template="simple_white", hovermode="x", margin={"t": 20, "r": 20}, showlegend=False
    )


def _plating(report: PlatingReport) -> "Figure":
    """Voltage against time, and the efficiency of the blocks."""
    from plotly.subplots import make_subplots

    blocks, known = report.blocks, np.isfinite(report.blocks.efficiency)
    figure = make_subplots(rows=2, cols=1, vertical_spacing=0.12, row_heights=[2, 1])
    figure.add_trace(_voltage(report.data, PAGE_POINTS), row=1, col=1)
    percent = 100.0 * blocks.efficiency[known]
    figure.add_trace(
        _trace(blocks.block[known], percent, "plating efficiency", BLUE, points=True), row=2, col=1
    )
    _name_axes(figure, 1, "Time (h)", "Voltage (V)")
    _name_axes(figure, 2, "Block", "Plating efficiency (%)")
    return figure.update_layout(
        height=640, template="simple_white", margin={"t": 20, "r": 20}, showlegend=False
    )


def _full(report: FullCellReport) -> "Figure":
    """Voltage against time, capacity and efficiency against cycle, profiles, dQ/dV."""
    from plotly.subplots import make_subplots

    layout = [[{"colspan": 2}, None], [{"colspan": 2, "secondary_y": True}, None], [{}, {}]]
    figure = make_subplots(rows=3, cols=2, specs=layout, vertical_spacing=0.09, horizontal_spacing=0.09)
    result, unit = report.result, capacity_unit(report.result)
    number, done = result.cycles.number, result.cycles.shown
    figure.add_trace(_voltage(report.data, FULL_CELL_POINTS), row=1, col=1)
    percent = 100.0 * result.coulombic_efficiency
    for values, name, colour, second in (
        (unit.per_ah * result.cycles.charge_ah, "charge", SKY, False),
        (unit.per_ah * result.cycles.discharge_ah, "discharge", BLUE, False),
        (percent, "Coulombic efficiency", ORANGE, True),
    ):
        points = _trace(number[done], values[done], name, colour, points=True, legend=True)
        figure.add_trace(points, row=2, col=1, secondary_y=second)
    for line, col in _profiles(report):
        figure.add_trace(line, row=3, col=col)
    _name_axes(figure, 1, "Time (h)", "Voltage (V)")
    figure.update_xaxes(title_text="Cycle", row=2, col=1)
    for second, title, span in (
        (False, f"Capacity ({unit.label})", (0.0, capacity_limit(result))),
        (True, "Coulombic efficiency (%)", efficiency_limits(percent[done])),
    ):
        axis = {"title_text": title, "range": span, "tickmode": "auto"}
        figure.update_yaxes(**axis, row=2, col=1, secondary_y=second)
    _name_axes(figure, 3, f"Capacity ({unit.label})", "Voltage (V)")
    _name_axes(figure, 3, "Voltage (V)", f"dQ/dV ({unit.label}/V)", col=2)
    return figure.update_layout(height=1000, template="simple_white", margin={"t": 20, "r": 20})


def _profiles(report: FullCellReport) -> "Iterator[tuple[Scatter, int]]":
    """Voltage profiles and dQ/dV of some cycles, with the column of each."""
    per_ah = capacity_unit(report.result).per_ah
    for place, cycle in enumerate(profile_cycles(report.result)):
        name, colour = f"cycle {cycle}", CYCLE[place % len(CYCLE)]
        for half, profile in enumerate(report.profiles(cycle)):
            rows = thinned(profile.capacity_ah, profile.voltage_v, PROFILE_POINTS)
            capacity = per_ah * profile.capacity_ah[rows]
            yield _trace(capacity, profile.voltage_v[rows], name, colour, legend=half == 0), 1
        for curve in report.differential_capacities(cycle):
            yield _trace(curve.voltage_v, curve.sign * per_ah * curve.dq_dv_ah_per_v, name, colour), 2
