"""One self-contained page of a cell: interactive panels that stay light, tables, and flags."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from screening.lab.cycling.table import CyclingData, Flag
from screening.plots.style import BLUE
from screening.plots.thinning import thinned
from screening.provenance import Provenance

if TYPE_CHECKING:
    from plotly.graph_objects import Figure, Scatter

_STYLE = (
    "body{font:15px/1.45 system-ui,sans-serif;margin:1.5rem auto;max-width:70rem;padding:0 1rem;color:#111}"
    "table{border-collapse:collapse}th,td{text-align:left;padding:.25rem .8rem .25rem 0;vertical-align:top;"
    "border-bottom:1px solid #ddd}footer{color:#555;margin-top:1rem;font-size:13px}"
)


@dataclass(frozen=True)
class PageTable:
    """A table of a page, as text."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def html(self) -> str:
        """The table; nothing where it has no rows."""
        if not self.rows:
            return ""
        head = "".join(f"<th>{escape(name)}</th>" for name in self.columns)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in self.rows
        )
        return (
            f"<h2>{escape(self.title)}</h2><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )


def cell_page(
    name: str,
    summary: str,
    panels: "Figure",
    *tables: PageTable,
    flags: Sequence[Flag],
    provenance: Provenance,
) -> str:
    """Return the page as text (about 5 MB, most of it the plotting library); all words are escaped."""
    import plotly.io

    figure = plotly.io.to_html(panels, full_html=False, include_plotlyjs=True, config={"displaylogo": False})
    items = "".join(f"<li>{escape(str(flag))}</li>" for flag in flags)
    listed = "".join(table.html() for table in tables)
    flagged = f"<h2>What to know about the data</h2><ul>{items}</ul>" if items else ""
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{escape(name)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body><main>'
        f"<h1>{escape(name)}</h1><p>{escape(summary)}</p>{figure}{listed}{flagged}</main>"
        f"<footer>{escape(provenance.line())}</footer></body></html>\n"
    )


def trace(
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


def voltage_trace(data: CyclingData, points: int) -> "Scatter":
    """Voltage against time in hours, thinned to so many points with its extremes kept."""
    time_h, voltage = data.time_s / 3600.0, data.voltage_v
    kept = thinned(time_h, voltage, points)
    return trace(time_h[kept], voltage[kept], "voltage", BLUE)
