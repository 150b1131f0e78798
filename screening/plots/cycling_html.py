"""One self-contained page of a symmetric cell: interactive panels that stay light, and the evidence."""

import html
from pathlib import Path

import numpy as np

from screening.files import atomic_write
from screening.lab.cycling.symmetric import LifeEnd, SymmetricReport
from screening.plots.cycling import verdict_label
from screening.plots.style import BLACK, BLUE, GREEN, VERMILION
from screening.plots.thinning import thinned
from screening.provenance import Provenance

PAGE_POINTS = 40_000
"""Points of the voltage panel: enough to zoom into any cycle of a long test, light for any browser."""

_STYLE = (
    "body{font:15px/1.45 system-ui,sans-serif;margin:1.5rem auto;max-width:70rem;padding:0 1rem;color:#111}"
    "table{border-collapse:collapse}th,td{text-align:left;padding:.25rem .8rem .25rem 0;vertical-align:top;"
    "border-bottom:1px solid #ddd}footer{color:#555;margin-top:1rem;font-size:13px}"
)


def write_symmetric_page(path: Path, report: SymmetricReport, provenance: Provenance) -> None:
    """Write the page (about 5 MB, most of it the plotting library; needs no network).

    Parameters
    ----------
    path : pathlib.Path
        Where to; written whole or not at all.
    report : SymmetricReport
        The cell.
    provenance : Provenance
        The stamp, shown at the foot of the page.
    """
    page = symmetric_page(report, provenance)
    with atomic_write(path) as draft:
        draft.write_text(page, "utf-8")


def symmetric_page(report: SymmetricReport, provenance: Provenance) -> str:
    """Return the page as text; every word that comes from a file is escaped."""
    import plotly.io

    panels = plotly.io.to_html(
        _panels(report), full_html=False, include_plotlyjs=True, config={"displaylogo": False}
    )
    name = html.escape(report.data.cell)
    rows = "".join(
        f"<tr><td>{html.escape(str(item.signal))}</td><td>{html.escape(str(item.verdict))}</td>"
        f"<td>{_number(item.time_h)}</td><td>{_number(item.value)}</td><td>{_number(item.threshold)}</td>"
        f"<td>{html.escape(item.statement)}</td></tr>"
        for item in report.verdict.evidence
    )
    flags = "".join(f"<li>{html.escape(str(flag))}</li>" for flag in report.data.flags)
    flagged = f"<h2>What to know about the data</h2><ul>{flags}</ul>" if flags else ""
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{name}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body><main>'
        f"<h1>{name}</h1><p><strong>{html.escape(verdict_label(report))}.</strong> {_life(report)}</p>"
        f"{panels}"
        "<h2>Evidence</h2><table><thead><tr><th>Signal</th><th>Says</th><th>Time / h</th><th>Value</th>"
        f"<th>Threshold</th><th>In words</th></tr></thead><tbody>{rows}</tbody></table>{flagged}</main>"
        f"<footer>{html.escape(provenance.line())}</footer></body></html>\n"
    )


def _number(value: float) -> str:
    return f"{value:.4g}" if np.isfinite(value) else "–"


def _life(report: SymmetricReport) -> str:
    life = report.life
    sign = "&gt; " if life.end is LifeEnd.RECORD else ""
    return (
        f"Life {sign}{life.hours:.4g} h, {sign}{life.throughput_mah_per_cm2:.4g} mAh/cm² "
        f"passed in both directions ({html.escape(str(life.end))})."
    )


def _panels(report: SymmetricReport) -> object:
    """Voltage, overpotential and resistance below each other on one time axis."""
    from plotly.graph_objects import Scatter
    from plotly.subplots import make_subplots

    halves, cycles = report.half_cycles, report.cycles
    time_h, voltage = report.data.time_s / 3600.0, report.data.voltage_v
    kept = thinned(time_h, voltage, PAGE_POINTS)
    figure = make_subplots(rows=3, cols=1, shared_xaxes=True, vertical_spacing=0.05, row_heights=[2, 1, 1])

    def add(row: int, x: np.ndarray, y: np.ndarray, name: str, colour: str, mode: str) -> None:
        # single precision halves the page; a hundredth of a second in a month is still told apart
        trace = Scatter(
            x=x.astype(np.float64).round(6),
            y=y.astype(np.float32),
            name=name,
            mode=mode,
            marker={"size": 4, "color": colour},
        )
        figure.add_trace(trace.update(line={"width": 1, "color": colour}), row=row, col=1)

    add(1, time_h[kept], voltage[kept], "voltage", BLUE, "lines")
    add(2, cycles.time_h, 1e3 * cycles.overpotential_v, "overpotential", BLUE, "markers")
    for sign, colour, name in ((1, BLUE, "ASR, I > 0"), (-1, GREEN, "ASR, I < 0")):
        rows = halves.sign == sign
        add(3, halves.time_h[rows], halves.asr_ohm_cm2[rows], name, colour, "markers")
    if report.floor_asr_ohm_cm2 is not None:
        figure.add_hline(
            report.floor_asr_ohm_cm2, line={"dash": "dashdot", "width": 1, "color": BLACK}, row=3, col=1
        )
    if report.verdict.verdict.is_alarm and np.isfinite(report.verdict.time_h):
        figure.add_vline(
            report.verdict.time_h, line={"dash": "dash", "width": 1.5, "color": VERMILION}, opacity=1.0
        )
    titles = ("Voltage / V", "Overpotential / mV", "ASR (whole cell) / Ω cm²")
    for row, title in enumerate(titles, start=1):
        figure.update_yaxes(title_text=title, rangemode="normal" if row == 1 else "tozero", row=row, col=1)
    figure.update_xaxes(title_text="Time / h", row=3, col=1)
    return figure.update_layout(
        height=820, template="simple_white", hovermode="x", margin={"t": 20, "r": 20}, showlegend=False
    )
