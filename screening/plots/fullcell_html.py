"""One self-contained page of a full cell: interactive panels that stay light, plateaus, and flags."""

import html
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from screening.files import atomic_write
from screening.lab.cycling.full import FullCellReport
from screening.lab.cycling.fullcell import FullCellResult
from screening.plots.fullcell import capacity_limit, capacity_unit, efficiency_limits, profile_cycles
from screening.plots.style import BLUE, CYCLE, ORANGE, SKY
from screening.plots.thinning import thinned
from screening.provenance import Provenance

if TYPE_CHECKING:
    from plotly.graph_objects import Figure, Scatter

VOLTAGE_POINTS = 12_000
"""Points of the voltage panel: as many as a browser without WebGL draws at once."""

PROFILE_POINTS = 1_000
"""Points of one half-cycle's profile."""

_STYLE = (
    "body{font:15px/1.45 system-ui,sans-serif;margin:1.5rem auto;max-width:70rem;padding:0 1rem;color:#111}"
    "table{border-collapse:collapse}th,td{text-align:left;padding:.25rem .8rem .25rem 0;"
    "border-bottom:1px solid #ddd}footer{color:#555;margin-top:1rem;font-size:13px}"
)


def write_full_page(path: Path, report: FullCellReport, provenance: Provenance) -> None:
    """Write the page (about 5 MB, most of it the plotting library; needs no network).

    Parameters
    ----------
    path : pathlib.Path
        Where to; written whole or not at all.
    report : FullCellReport
        The cell.
    provenance : Provenance
        The stamp, shown at the foot of the page.
    """
    page = full_page(report, provenance)
    with atomic_write(path) as draft:
        draft.write_text(page, "utf-8")


def full_page(report: FullCellReport, provenance: Provenance) -> str:
    """Return the page as text; every word that comes from a file is escaped."""
    import plotly.io

    panels = plotly.io.to_html(
        _panels(report), full_html=False, include_plotlyjs=True, config={"displaylogo": False}
    )
    name = html.escape(report.result.cell)
    flags = "".join(f"<li>{html.escape(str(flag))}</li>" for flag in report.result.flags)
    flagged = f"<h2>What to know about the data</h2><ul>{flags}</ul>" if flags else ""
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{name}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body><main>'
        f"<h1>{name}</h1><p>{_summary(report)}</p>{panels}{_plateaus(report)}{flagged}</main>"
        f"<footer>{html.escape(provenance.line())}</footer></body></html>\n"
    )


def _summary(report: FullCellReport) -> str:
    result, unit = report.result, capacity_unit(report.result)
    discharge = unit.per_ah * result.cycles.discharge_ah
    words = [
        f"{len(result.cycles)} cycles, {html.escape(str(result.order))}",
        f"discharge capacity {discharge[0]:.4g} {unit.label} at first",
        f"Coulombic efficiency {100 * result.coulombic_efficiency[0]:.4g} % at first "
        f"({html.escape(result.order.efficiency_definition)})",
    ]
    kept = result.retention
    at_rate = np.flatnonzero(np.isfinite(kept) & result.cycles.complete)
    if len(at_rate):
        last = at_rate[-1]
        left = f"{100 * kept[last]:.4g} % of cycle {result.reference_cycle}"
        words.append(f"{left} left at cycle {result.cycles.number[last]}")
    return "; ".join(words) + "."


def _plateaus(report: FullCellReport) -> str:
    rows = "".join(
        f"<tr><td>{'charge' if analysis.sign > 0 else 'discharge'}</td><td>{item.voltage_v:.3f}</td>"
        f"<td>{100 * item.fraction:.1f}</td><td>{1e3 * item.full_width_v:.0f}</td>"
        f"<td>{'extra' if item in analysis.extra else 'expected'}</td></tr>"
        for analysis in report.plateaus
        for item in analysis.plateaus
    )
    if not rows:
        return ""
    return (
        "<h2>Plateaus of the first cycle</h2><table><thead><tr><th></th><th>Voltage / V</th>"
        "<th>Share of the capacity / %</th><th>Width at half height / mV</th><th></th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )


def _trace(x: np.ndarray, y: np.ndarray, name: str, colour: str, *, points: bool, legend: bool) -> "Scatter":
    """Line or points; in single precision, which halves the page and shows on no screen."""
    from plotly.graph_objects import Scatter

    return Scatter(
        x=x.astype(np.float64).round(6),
        y=y.astype(np.float32),
        name=name,
        mode="markers" if points else "lines",
        line=None if points else {"width": 1, "color": colour},
        marker={"size": 4, "color": colour},
        showlegend=legend,
        legendgroup=name,
    )


def _panels(report: FullCellReport) -> "Figure":
    """Voltage against time, capacity and efficiency against cycle, profiles, dQ/dV."""
    from plotly.subplots import make_subplots

    layout = [[{"colspan": 2}, None], [{"colspan": 2, "secondary_y": True}, None], [{}, {}]]
    figure = make_subplots(rows=3, cols=2, specs=layout, vertical_spacing=0.09, horizontal_spacing=0.09)
    time_h, voltage = report.data.time_s / 3600.0, report.data.voltage_v
    kept = thinned(time_h, voltage, VOLTAGE_POINTS)
    line = _trace(time_h[kept], voltage[kept], "voltage", BLUE, points=False, legend=False)
    figure.add_trace(line, row=1, col=1)
    figure.update_xaxes(title_text="Time / h", row=1, col=1)
    figure.update_yaxes(title_text="Voltage / V", row=1, col=1)
    _add_cycles(figure, report.result)
    _add_profiles(figure, report)
    return figure.update_layout(height=1000, template="simple_white", margin={"t": 20, "r": 20})


def _add_cycles(figure: "Figure", result: FullCellResult) -> None:
    unit, done = capacity_unit(result), result.cycles.complete
    number = result.cycles.number[done]
    for values, name, colour, second in (
        (unit.per_ah * result.cycles.charge_ah, "charge", SKY, False),
        (unit.per_ah * result.cycles.discharge_ah, "discharge", BLUE, False),
        (100.0 * result.coulombic_efficiency, "Coulombic efficiency", ORANGE, True),
    ):
        trace = _trace(number, values[done], name, colour, points=True, legend=True)
        figure.add_trace(trace, row=2, col=1, secondary_y=second)
    figure.update_xaxes(title_text="Cycle", row=2, col=1)
    capacities = (0.0, capacity_limit(result))
    figure.update_yaxes(
        title_text=f"Capacity / {unit.label}", range=capacities, row=2, col=1, secondary_y=False
    )
    limits = efficiency_limits(100.0 * result.coulombic_efficiency[done])
    figure.update_yaxes(
        title_text="Coulombic efficiency / %",
        range=limits,
        tickmode="auto",
        row=2,
        col=1,
        secondary_y=True,
    )


def _add_profiles(figure: "Figure", report: FullCellReport) -> None:
    unit = capacity_unit(report.result)
    for place, cycle in enumerate(profile_cycles(report.result)):
        name, colour = f"cycle {cycle}", CYCLE[place % len(CYCLE)]
        for half, profile in enumerate(report.profiles(cycle)):
            rows = thinned(profile.capacity_ah, profile.voltage_v, PROFILE_POINTS)
            capacity = unit.per_ah * profile.capacity_ah[rows]
            trace = _trace(capacity, profile.voltage_v[rows], name, colour, points=False, legend=half == 0)
            figure.add_trace(trace, row=3, col=1)
        for curve in report.differential_capacities(cycle):
            density = curve.sign * unit.per_ah * curve.dq_dv_ah_per_v
            trace = _trace(curve.voltage_v, density, name, colour, points=False, legend=False)
            figure.add_trace(trace, row=3, col=2)
    titles = ((f"Capacity / {unit.label}", "Voltage / V"), ("Voltage / V", f"dQ/dV / {unit.label} V⁻¹"))
    for col, (below, beside) in enumerate(titles, start=1):
        figure.update_xaxes(title_text=below, row=3, col=col)
        figure.update_yaxes(title_text=beside, row=3, col=col)
