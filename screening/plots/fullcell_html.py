"""The page of a full cell: voltage, capacity and efficiency, profiles, dQ/dV, and the plateaus."""

from typing import TYPE_CHECKING

import numpy as np

from screening.lab.cycling.full import FullCellReport
from screening.lab.cycling.fullcell import FullCellResult
from screening.plots.cell_html import PageTable, cell_page, trace, voltage_trace
from screening.plots.cycling import verdict_label
from screening.plots.cycling_html import evidence_table
from screening.plots.fullcell import capacity_limit, capacity_unit, efficiency_limits, profile_cycles
from screening.plots.style import BLUE, CYCLE, ORANGE, SKY
from screening.plots.thinning import thinned
from screening.provenance import Provenance

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

VOLTAGE_POINTS = 12_000
"""Points of the voltage panel: as many as a browser without WebGL draws at once."""

PROFILE_POINTS = 1_000
"""Points of one half-cycle's profile."""


def full_page(report: FullCellReport, provenance: Provenance) -> str:
    """Return the page as text; see `cell_page`."""
    plateaus = PageTable(
        "Plateaus of the first cycle",
        ("", "Voltage (V)", "Share of the capacity (%)", "Width at half height (mV)", ""),
        tuple(
            (
                "charge" if analysis.sign > 0 else "discharge",
                f"{item.voltage_v:.3f}",
                f"{100 * item.fraction:.1f}",
                f"{1e3 * item.full_width_v:.0f}",
                "extra" if item in analysis.extra else "expected",
            )
            for analysis in report.plateaus
            for item in analysis.plateaus
        ),
    )
    result = report.result
    tables = (plateaus, evidence_table(report.verdict))
    return cell_page(
        result.cell, _summary(report), _panels(report), *tables, flags=result.flags, provenance=provenance
    )


def _summary(report: FullCellReport) -> str:
    result, unit = report.result, capacity_unit(report.result)
    if single := result.cycles.single:
        held = unit.per_ah * (result.cycles.charge_ah if single == "charge" else result.cycles.discharge_ah)
        return f"{verdict_label(report)}; a single {single}, {held[0]:.4g} {unit.label}."
    discharge = unit.per_ah * result.cycles.discharge_ah
    words = [
        verdict_label(report),
        f"{len(result.cycles)} cycles, {result.order}",
        f"discharge capacity {discharge[0]:.4g} {unit.label} at first",
        f"Coulombic efficiency {100 * result.coulombic_efficiency[0]:.4g} % at first "
        f"({result.order.efficiency_definition})",
    ]
    kept = result.retention
    at_rate = np.flatnonzero(np.isfinite(kept) & result.cycles.complete)
    if len(at_rate):
        last = at_rate[-1]
        left = f"{100 * kept[last]:.4g} % of cycle {result.reference_cycle}"
        words.append(f"{left} left at cycle {result.cycles.number[last]}")
    return "; ".join(words) + "."


def _panels(report: FullCellReport) -> "Figure":
    """Voltage against time, capacity and efficiency against cycle, profiles, dQ/dV."""
    from plotly.subplots import make_subplots

    layout = [[{"colspan": 2}, None], [{"colspan": 2, "secondary_y": True}, None], [{}, {}]]
    figure = make_subplots(rows=3, cols=2, specs=layout, vertical_spacing=0.09, horizontal_spacing=0.09)
    figure.add_trace(voltage_trace(report.data, VOLTAGE_POINTS), row=1, col=1)
    figure.update_xaxes(title_text="Time (h)", row=1, col=1)
    figure.update_yaxes(title_text="Voltage (V)", row=1, col=1)
    _add_cycles(figure, report.result)
    _add_profiles(figure, report)
    return figure.update_layout(height=1000, template="simple_white", margin={"t": 20, "r": 20})


def _add_cycles(figure: "Figure", result: FullCellResult) -> None:
    unit, done = capacity_unit(result), result.cycles.shown
    number = result.cycles.number[done]
    for values, name, colour, second in (
        (unit.per_ah * result.cycles.charge_ah, "charge", SKY, False),
        (unit.per_ah * result.cycles.discharge_ah, "discharge", BLUE, False),
        (100.0 * result.coulombic_efficiency, "Coulombic efficiency", ORANGE, True),
    ):
        points = trace(number, values[done], name, colour, points=True, legend=True)
        figure.add_trace(points, row=2, col=1, secondary_y=second)
    figure.update_xaxes(title_text="Cycle", row=2, col=1)
    capacities = (0.0, capacity_limit(result))
    limits = efficiency_limits(100.0 * result.coulombic_efficiency[done])
    for second, title, span in (
        (False, f"Capacity ({unit.label})", capacities),
        (True, "Coulombic efficiency (%)", limits),
    ):
        axis = {"title_text": title, "range": span, "tickmode": "auto"}
        figure.update_yaxes(**axis, row=2, col=1, secondary_y=second)


def _add_profiles(figure: "Figure", report: FullCellReport) -> None:
    unit = capacity_unit(report.result)
    for place, cycle in enumerate(profile_cycles(report.result)):
        name, colour = f"cycle {cycle}", CYCLE[place % len(CYCLE)]
        for half, profile in enumerate(report.profiles(cycle)):
            rows = thinned(profile.capacity_ah, profile.voltage_v, PROFILE_POINTS)
            capacity = unit.per_ah * profile.capacity_ah[rows]
            line = trace(capacity, profile.voltage_v[rows], name, colour, legend=half == 0)
            figure.add_trace(line, row=3, col=1)
        for curve in report.differential_capacities(cycle):
            density = curve.sign * unit.per_ah * curve.dq_dv_ah_per_v
            figure.add_trace(trace(curve.voltage_v, density, name, colour), row=3, col=2)
    titles = ((f"Capacity ({unit.label})", "Voltage (V)"), ("Voltage (V)", f"dQ/dV ({unit.label}/V)"))
    for col, (below, beside) in enumerate(titles, start=1):
        figure.update_xaxes(title_text=below, row=3, col=col)
        figure.update_yaxes(title_text=beside, row=3, col=col)
