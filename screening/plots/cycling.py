"""Figures of a symmetric cell: voltage, overpotential and resistance against time, the failure marked."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from screening.display import hours
from screening.errors import InputError
from screening.lab.cycling.full import FullCellReport
from screening.lab.cycling.plating import PlatingReport
from screening.lab.cycling.symmetric import SymmetricReport
from screening.lab.cycling.table import CyclingData
from screening.lab.short import ShortVerdict
from screening.plots.fullcell import (
    cell_title,
    draw_capacity,
    draw_dqdv,
    draw_profiles,
    full_cell_figure,
)
from screening.plots.style import (
    BLACK,
    BLUE,
    COLUMN_IN,
    GREEN,
    GREY,
    ORANGE,
    PAGE_IN,
    VERMILION,
    canvas,
    figure_style,
    letter_panels,
)
from screening.plots.thinning import thinned

ZOOM_CYCLES = 3
"""Cycles in a zoom."""

HEADROOM = 1.08
"""An axis from zero ends so far above its highest marker."""


class Judged(Protocol):
    """A cell's record and the verdict on it."""

    @property
    def data(self) -> CyclingData:
        """The record."""
        ...

    @property
    def verdict(self) -> ShortVerdict:
        """Is there a short?"""
        ...


def verdict_label(report: Judged) -> str:
    """The verdict as a caption: what and when."""
    verdict = report.verdict
    if not verdict.verdict.is_alarm:
        return f"no short seen ({verdict.verdict})" if verdict.verdict != "none" else "no short seen"
    name = "short suspected" if verdict.verdict == "suspected" else f"{verdict.verdict} short"
    return f"{name}, {hours(verdict.time_h)} h"


def draw_voltage(
    axes: Axes, report: Judged, *, window_h: tuple[float, float] | None = None, label: bool = True
) -> Axes:
    """Draw voltage against time, the failure marked.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    report : SymmetricReport, FullCellReport or PlatingReport
        The cell.
    window_h : (float, float), optional
        Only this span of total time, h.
    label : bool
        Name the failure in the panel.
    """
    time_h = report.data.time_s / 3600.0
    low, high = (time_h[0], time_h[-1]) if window_h is None else window_h
    rows = slice(int(np.searchsorted(time_h, low)), int(np.searchsorted(time_h, high, side="right")))
    times, voltage = time_h[rows], report.data.voltage_v[rows]
    gaps = report.data.gaps - rows.start
    gaps = gaps[(gaps > 0) & (gaps < len(times))]
    kept = np.union1d(thinned(times, voltage), np.concatenate([gaps - 1, gaps]))
    broken = np.where(np.isin(kept, gaps), np.nan, voltage[kept])
    axes.plot(times[kept], broken, color=BLUE, linewidth=0.6, rasterized=len(kept) > 4_000)
    _mark_gaps(axes, report.data, low, high)
    axes.axhline(0.0, color=GREY, linewidth=0.5)
    when = report.verdict.time_h
    if report.verdict.verdict.is_alarm and low <= when <= high:
        axes.axvline(when, color=VERMILION, linewidth=1.2, linestyle="--")
        if label:
            left = when < 0.5 * (low + high)
            axes.annotate(
                verdict_label(report),
                (when, 1.0),
                xycoords=("data", "axes fraction"),
                xytext=(4 if left else -4, -4),
                textcoords="offset points",
                ha="left" if left else "right",
                va="top",
                color=VERMILION,
                bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.0},
            )
    axes.set(xlabel="Time (h)", ylabel="Voltage (V)", xlim=(low, high))
    return axes


def zoom_windows(report: SymmetricReport) -> list[tuple[float, float]]:
    """Spans of `ZOOM_CYCLES` cycles, h: the first, those about the failure (or the middle), the last."""
    halves = report.half_cycles
    span = 2 * ZOOM_CYCLES
    if len(halves) <= 2 * span:
        return []
    middle = report.verdict.half_cycle - 1 if report.verdict.verdict.is_alarm else len(halves) // 2
    firsts = [0, min(max(middle - span // 2, 0), len(halves) - span), len(halves) - span]
    return [
        (float(halves.start_h[first]), float(halves.stop_h[first + span - 1]))
        for first in dict.fromkeys(firsts)
    ]


def draw_overpotential(axes: Axes, report: SymmetricReport) -> Axes:
    """Draw overpotential (V+ - V-) / 2 per cycle against time, stabilisation and failure marked."""
    cycles = report.cycles
    axes.plot(cycles.time_h, 1e3 * cycles.overpotential_v, "o", ms=2.5, color=BLUE)
    if report.stabilisation_cycle is not None:
        when = float(cycles.time_h[report.stabilisation_cycle - 1])
        axes.axvline(when, color=GREEN, linewidth=1.0, linestyle=":")
        axes.annotate(
            f"stable from cycle {report.stabilisation_cycle}",
            (when, 0.0),
            xycoords=("data", "axes fraction"),
            xytext=(4, 4),
            textcoords="offset points",
            color=GREEN,
            va="bottom",
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.0},
        )
    _mark_failure(axes, report)
    _mark_gaps(axes, report.data)
    axes.set(xlabel="Time (h)", ylabel="Overpotential (mV)", ylim=_from_zero(axes))
    return axes


def draw_resistance(axes: Axes, report: SymmetricReport) -> Axes:
    """Draw the whole cell's resistance times area per half-cycle against time, with the electrolyte's own."""
    halves = report.half_cycles
    for sign, colour, marker, name in ((1, BLUE, "o", "I > 0"), (-1, GREEN, "s", "I < 0")):
        rows = halves.sign == sign
        axes.plot(
            halves.time_h[rows], halves.asr_ohm_cm2[rows], marker, ms=2.2, color=colour, label=name, alpha=0.8
        )
    if report.floor_asr_ohm_cm2 is not None:
        axes.axhline(
            report.floor_asr_ohm_cm2, color=BLACK, linewidth=0.8, linestyle="-.", label="electrolyte alone"
        )
    _mark_failure(axes, report)
    _mark_gaps(axes, report.data)
    axes.set(xlabel="Time (h)", ylabel="ASR of the whole cell (Ω·cm²)", ylim=_from_zero(axes))
    axes.legend(
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        ncols=3,
        borderaxespad=0.1,
    )
    return axes


def _from_zero(axes: Axes) -> tuple[float, float | None]:
    """Limits from zero to above the highest marker, which the frame must not cut."""
    highest = float(axes.dataLim.y1)
    return 0.0, HEADROOM * highest if np.isfinite(highest) and highest > 0.0 else None


def _mark_gaps(axes: Axes, data: CyclingData, low_h: float = -np.inf, high_h: float = np.inf) -> None:
    """Shade the times whose rows are missing, within limits in h, and name the longest."""
    time_h = data.time_s / 3600.0
    begin, end = np.maximum(time_h[data.gaps - 1], low_h), np.minimum(time_h[data.gaps], high_h)
    begin, end = begin[begin < end], end[begin < end]
    for first, last in zip(begin, end, strict=True):
        axes.axvspan(first, last, color=GREY, alpha=0.3, linewidth=0.0)
    if len(begin):
        longest = int(np.argmax(end - begin))
        axes.annotate(
            "rows missing",
            (0.5 * (begin[longest] + end[longest]), 0.5),
            xycoords=("data", "axes fraction"),
            rotation=90,
            ha="center",
            va="center",
        )


def _mark_failure(axes: Axes, report: SymmetricReport) -> None:
    if report.verdict.verdict.is_alarm and np.isfinite(report.verdict.time_h):
        axes.axvline(report.verdict.time_h, color=VERMILION, linewidth=1.2, linestyle="--")


def cycling_figure(report: SymmetricReport | FullCellReport | PlatingReport) -> Figure:
    """Everything on one page: see `symmetric_figure`, `full_cell_figure` and `plating_figure`."""
    if isinstance(report, FullCellReport):
        return full_cell_figure(report)
    return plating_figure(report) if isinstance(report, PlatingReport) else symmetric_figure(report)


def symmetric_figure(report: SymmetricReport) -> Figure:
    """Compose a page: voltage over the whole test, three zooms, overpotential and resistance against time."""
    with figure_style():
        return _composed(report)


def _composed(report: SymmetricReport) -> Figure:
    windows = zoom_windows(report)
    figure = Figure(figsize=(PAGE_IN, 6.2 if windows else 4.5), layout="constrained")
    heights = [1.5, 1.0, 1.2] if windows else [1.5, 1.2]
    columns = 2 * max(len(windows), 1)  # halves and thirds of the width
    grid = figure.add_gridspec(len(heights), columns, height_ratios=heights)
    top = draw_voltage(figure.add_subplot(grid[0, :]), report)
    top.set_title(cell_title(report.data), loc="left")
    first = None
    for index, window in enumerate(windows):
        axes = figure.add_subplot(grid[1, 2 * index : 2 * index + 2], sharey=first)
        draw_voltage(axes, report, window_h=window, label=False)
        if first is not None:
            axes.set_ylabel("")
            axes.tick_params(labelleft=False)
        first = first or axes
    draw_overpotential(figure.add_subplot(grid[-1, : columns // 2]), report)
    draw_resistance(figure.add_subplot(grid[-1, columns // 2 :]), report)
    letter_panels(figure.axes)
    return figure


def draw_efficiency(axes: Axes, report: PlatingReport) -> Axes:
    """Draw the efficiency of every block, plain ones and those with inner cycles apart."""
    blocks = report.blocks
    inner = blocks.inner_cycles > 0
    for rows, colour, marker, name in ((~inner, BLUE, "o", "plain"), (inner, ORANGE, "s", "Aurbach")):
        if rows.any():
            percent = 100.0 * blocks.efficiency[rows]
            axes.plot(blocks.block[rows], percent, marker, ms=3.0, color=colour, label=name)
    axes.legend(frameon=False)
    axes.set(xlabel="Block", ylabel="Plating efficiency (%)")
    return axes


def plating_figure(report: PlatingReport) -> Figure:
    """Two panels: voltage against time, the failure marked, and the efficiency of the blocks."""
    with figure_style():
        figure = Figure(figsize=(COLUMN_IN, 1.5 * COLUMN_IN), layout="constrained")
        top, bottom = figure.subplots(2, 1)
        draw_voltage(top, report).set_title(cell_title(report.data), loc="left")
        draw_efficiency(bottom, report)
    return figure


class Cycled(Protocol):
    """A result that holds the report of a cycled cell."""

    @property
    def report(self) -> SymmetricReport | FullCellReport | PlatingReport:
        """All figures."""
        ...


def plot_cycling(result: Cycled, ax: Axes | Figure | None = None, *, quantity: str = "") -> Axes:
    """Draw one quantity of a cycled cell.

    Parameters
    ----------
    result : Cycled
    ax : matplotlib axes or figure, optional
        A new figure of pyplot unless given.
    quantity : str
        Of a symmetric cell ``voltage``, ``overpotential`` (the default) or ``resistance``; of a full cell
        ``profiles``, ``dqdv`` or ``capacity`` (the default); of a plating cell ``voltage`` or ``efficiency``
        (the default).

    Raises
    ------
    InputError
        If the cell has no such quantity.
    """
    report = result.report
    draw: dict[str, Callable[[Axes], Axes]]
    if isinstance(report, SymmetricReport):
        draw = {
            "overpotential": lambda axes: draw_overpotential(axes, report),
            "voltage": lambda axes: draw_voltage(axes, report),
            "resistance": lambda axes: draw_resistance(axes, report),
        }
    elif isinstance(report, PlatingReport):
        draw = {
            "efficiency": lambda axes: draw_efficiency(axes, report),
            "voltage": lambda axes: draw_voltage(axes, report),
        }
    else:
        draw = {
            "capacity": lambda axes: draw_capacity(axes, report.result),
            "profiles": lambda axes: draw_profiles(axes, report),
            "dqdv": lambda axes: draw_dqdv(axes, report),
        }
    chosen = quantity or next(iter(draw))
    if chosen not in draw:
        raise InputError(f"no quantity {chosen!r}", where="plot", remedy=f"choose from {', '.join(draw)}")
    with figure_style():
        if not isinstance(ax, Axes):
            ax = canvas(ax, (COLUMN_IN, 0.75 * COLUMN_IN), layout="constrained").subplots()
        return draw[chosen](ax)
