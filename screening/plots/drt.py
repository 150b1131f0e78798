"""Figures of relaxation times: waterfall and map over time, and the resistance of each process."""

from collections.abc import Iterator
from itertools import cycle

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from screening.errors import InputError
from screening.lab.impedance.analysis import UNRESOLVED, ImpedanceAnalysis
from screening.lab.impedance.completion import Completion
from screening.lab.impedance.drt import DrtSeries
from screening.lab.impedance.processes import ProcessSeries
from screening.lab.impedance.refit import ZarcSeries
from screening.lab.impedance.series import SeriesReport
from screening.lab.impedance.windows import Windows
from screening.plots.style import COLUMN_IN, CYCLE, PAGE_IN, canvas, figure_style, letter_panels
from screening.provenance import SIMULATED

SECONDS_PER_HOUR = 3600.0

BAND_OVER_PEAK = 3.0
"""A band is drawn up to so many times the largest γ, so that the curve stays visible."""

WATERFALL_LINES = 16
"""Spectra drawn in a waterfall at most, evenly spread; more lie on top of each other."""

OVERLAP = 0.45
"""Offset between neighbouring lines of a waterfall, as a share of the highest peak over their number."""

SERIES_MAP, SERIES_END = "viridis", 0.9
"""Colours of time; the yellow end is too light for lines on white."""

HEADROOM = 1.12
"""Room above the curves for the word that marks a simulation."""

LEGEND_ROOM = 1.45
"""… and for the legend above the resistances."""

WINDOW_SHADES = ("0.90", "0.96")
"""Neighbouring windows alternate between two greys."""


MARKS = ("--", ":", "-.")
"""Lines of the times at which windows settled."""

KINDS = ("waterfall", "map", "processes")
"""Panels that can be drawn alone."""


def is_simulated(drt: DrtSeries) -> bool:
    """Whether any spectrum was simulated; every figure then says so."""
    return any(spectrum.metadata.get("origin") == SIMULATED for spectrum in drt.spectra)


def clock(drt: DrtSeries) -> np.ndarray:
    """Hours since the start of the series, or the number of the spectrum where times are unknown."""
    times = np.array([np.nan if s.time_s is None else s.time_s / SECONDS_PER_HOUR for s in drt.spectra])
    return times if np.isfinite(times).all() else np.arange(1.0, len(drt.spectra) + 1.0)


def clock_label(drt: DrtSeries) -> str:
    """Label of the axis of `clock`."""
    return "Time (h)" if all(s.time_s is not None for s in drt.spectra) else "Number in the series"


def _name_windows(axes: Axes, windows: Windows) -> Iterator[tuple[int, float, float]]:
    """Write the names of windows above an axis of τ; the number and the ends of each that it shows."""
    low, high = axes.get_xlim()
    for number, window in enumerate(windows):
        left, right = max(window.low_s, low), min(window.high_s, high)
        if left < right:
            place, name = (np.sqrt(left * right), 1.02), window.name.replace("tau", "τ")
            axes.text(*place, name, transform=axes.get_xaxis_transform(), ha="center", va="bottom")
            yield number, left, right


def shade_windows(axes: Axes, windows: Windows) -> Axes:
    """Shade the windows on an axis of τ and write their names above it."""
    for number, left, right in _name_windows(axes, windows):
        axes.axvspan(left, right, color=WINDOW_SHADES[number % 2], zorder=0, linewidth=0)
    return axes


def waterfall(axes: Axes, drt: DrtSeries, windows: Windows) -> Axes:
    """γ against τ, later spectra higher and lighter; single spectra carry their 95 % credible band."""
    hours, gamma = clock(drt), drt.gamma_ohm
    chosen = np.unique(np.linspace(0, len(hours) - 1, WATERFALL_LINES).round().astype(int))
    step = OVERLAP * float(gamma.max()) * min(4.0 / len(chosen), 1.0) if len(chosen) > 1 else 0.0
    colours = colormaps[SERIES_MAP](np.linspace(0.0, SERIES_END, len(chosen)))
    for rank, (index, colour) in enumerate(zip(chosen, colours, strict=True)):
        axes.plot(drt.tau_s, rank * step + gamma[index], color=colour, zorder=3 + len(chosen) - rank)
    if len(hours) == 1:
        low, high = drt.gamma_interval_ohm()
        most = BAND_OVER_PEAK * float(gamma.max())
        label = "95 %" if high[0].max() <= most else f"95 % (up to {high[0].max():.2g} Ω, cut)"
        axes.fill_between(
            drt.tau_s, low[0], high[0].clip(max=most), color=CYCLE[0], alpha=0.2, lw=0, label=label
        )
    else:
        unit = "h" if clock_label(drt) == "Time (h)" else ""
        for rank in (0, len(chosen) - 1):
            text = f"{hours[chosen[rank]]:.3g} {unit}".strip()
            axes.text(drt.tau_s[-1], rank * step, f" {text}", va="center", ha="left", clip_on=False)
    _tau_axis(axes, drt)
    axes.set_ylabel("γ, offset (Ω)" if step else "γ (Ω)")
    top = float(axes.get_ylim()[1])
    axes.set_ylim(0.0, HEADROOM * top)
    return shade_windows(axes, windows)


def drt_map(axes: Axes, drt: DrtSeries, windows: Windows) -> Axes:
    """γ as a map over τ and time, with its colour scale; windows are bounded by thin lines."""
    mesh = axes.pcolormesh(
        drt.tau_s, clock(drt), drt.gamma_ohm, shading="nearest", cmap="cividis", rasterized=True, vmin=0.0
    )
    figure = axes.figure
    bar = figure.colorbar(mesh, ax=axes, pad=0.02)
    bar.set_label("γ (Ω)")
    _tau_axis(axes, drt)
    low, high = axes.get_xlim()
    for _, *span in _name_windows(axes, windows):
        for bound in (each for each in span if low < each < high):
            axes.axvline(bound, color="white", linewidth=0.4, linestyle=":")
    axes.set_ylabel(clock_label(drt))
    return axes


def process_plot(
    axes: Axes, processes: ProcessSeries, report: SeriesReport | None, refit: ZarcSeries | None = None
) -> Axes:
    """Resistance against time with its 95 % band: of each tracked element, else of each window.

    Windows that settled are marked with the interval of their completion.
    """
    if refit is not None and refit.tracked:
        highest = _draw_elements(axes, refit, processes)
    else:
        highest = _draw_windows(axes, processes)
    for course in () if report is None else report.courses:
        _mark_completion(axes, course.window.replace("tau", "τ"), course.completion)
    axes.set_xlabel(clock_label(processes.drt))
    axes.set_ylabel("Resistance (Ω)")
    axes.set_ylim(bottom=0.0)
    if highest > 0.0:
        axes.legend(loc="upper right", ncols=2, borderaxespad=0.2, handlelength=1.2, columnspacing=0.8)
        axes.set_ylim(top=LEGEND_ROOM * highest)
    return axes


def _draw_windows(axes: Axes, processes: ProcessSeries) -> float:
    """Draw each window that holds anything; the highest resistance."""
    hours = clock(processes.drt)
    low, high = processes.resistance_interval_ohm
    for k, colour in zip(np.flatnonzero((processes.resistance_ohm > 0).any(axis=0)), cycle(CYCLE)):
        name = processes.windows.names[k].replace("tau", "τ")
        bound = " (bound)" if processes.unclosed[:, k].any() else ""
        bound = bound if processes.detected[k] else f" ({UNRESOLVED})"
        axes.plot(
            hours, processes.resistance_ohm[:, k], "o-", color=colour, ms=2.0, lw=0.8, label=name + bound
        )
        axes.fill_between(hours, low[:, k], high[:, k], color=colour, alpha=0.15, lw=0)
    return float(processes.resistance_ohm.max(initial=0.0))


def _draw_elements(axes: Axes, refit: ZarcSeries, processes: ProcessSeries) -> float:
    """Draw each tracked element that is detected, named by τ and its window; the highest resistance."""
    found, hours, highest = refit.elements, clock(processes.drt), 0.0
    low, high = found.resistance_interval_ohm
    tracks = (np.flatnonzero(found.track == track) for track in np.unique(found.track))
    for rows, colour in zip((rows for rows in tracks if found.detected[rows].any()), cycle(CYCLE)):
        at, resistance = hours[found.spectrum[rows]], found.resistance_ohm[rows]
        tau = float(np.median(found.tau_s[rows]))
        window = int(processes.windows.locate(np.array([tau]))[0])
        where = "in no window" if window < 0 else processes.windows.names[window].replace("tau", "τ")
        bound = ", a bound" if refit.unclosed[rows].any() else ""
        axes.plot(at, resistance, "o-", color=colour, ms=2.0, lw=0.8, label=f"{tau:.2g} s ({where}{bound})")
        axes.fill_between(at, low[rows], high[rows], color=colour, alpha=0.15, lw=0)
        highest = max(highest, float(resistance.max()))
    return highest


def mark_measured(axes: Axes, drt: DrtSeries) -> Axes:
    """Mark the range of τ between 1/ω of the highest and the lowest frequency; beyond it γ is no datum."""
    for bound in drt.measured_tau_s[0]:
        axes.axvline(bound, color="0.4", linewidth=0.8, linestyle="--", zorder=1)
    axes.plot([], [], color="0.4", linewidth=0.8, linestyle="--", label="measured range")
    axes.legend(loc="upper left", borderaxespad=0.2)
    return axes


def fit_plot(axes: Axes, drt: DrtSeries) -> Axes:
    """Nyquist plot of a single spectrum with the impedance that R∞, the terms and γ give."""
    z, fitted = drt.spectra[0].z_ohm, drt.fitted_z_ohm(0)
    axes.plot(z.real, -z.imag, "o", color=CYCLE[0], ms=2.5, mfc="none", mew=0.6, label="measured")
    axes.plot(fitted.real, -fitted.imag, color=CYCLE[1], label="fit")
    axes.set_xlabel("Z′ (Ω)")
    axes.set_ylabel("−Z″ (Ω)")
    axes.set_aspect("equal", adjustable="datalim")
    axes.legend(loc="best")
    return axes


def residual_plot(axes: Axes, drt: DrtSeries) -> Axes:
    """What the fit of a single spectrum leaves, in per cent of |Z|, against frequency."""
    spectrum = drt.spectra[0]
    residual = 100.0 * (spectrum.z_ohm - drt.fitted_z_ohm(0)) / np.abs(spectrum.z_ohm)
    for part, name, colour in ((residual.real, "Z′", CYCLE[0]), (residual.imag, "Z″", CYCLE[1])):
        axes.plot(spectrum.frequency_hz, part, color=colour, label=name)
    axes.axhline(0.0, color="0.4", linewidth=0.6)
    axes.set_xscale("log")
    axes.set_xlabel("Frequency (Hz)")
    axes.set_ylabel("Residual (% of |Z|)")
    axes.legend(loc="best", ncols=2)
    return axes


def drt_figure(
    processes: ProcessSeries, report: SeriesReport | None = None, refit: ZarcSeries | None = None
) -> Figure:
    """Waterfall and, for a series, map and resistances against time; says so where simulated."""
    figure = Figure()
    _lay_out(figure, processes, report, refit)
    return figure


def plot_analysis(
    found: ImpedanceAnalysis, ax: Axes | Figure | None = None, *, kind: str | None = None
) -> Axes:
    """Draw relaxation times; without axes and kind all panels: waterfall, map and resistances over time.

    Parameters
    ----------
    found : ImpedanceAnalysis
    ax : Axes or Figure, optional
    kind : {"waterfall", "map", "processes"}, optional
        The one panel to draw; on given axes the waterfall unless named.

    Returns
    -------
    Axes
        The first where several are drawn.

    Raises
    ------
    InputError
        If there is no such kind.
    """
    if kind is not None and kind not in KINDS:
        raise InputError(f"{kind!r}", where="kind", remedy=f"give one of {', '.join(KINDS)}")
    if kind is None and not isinstance(ax, Axes):
        return _lay_out(ax, found.processes, found.report, found.refit)
    with figure_style():
        axes = ax if isinstance(ax, Axes) else canvas(ax, (COLUMN_IN, 2.6), layout="constrained").subplots()
        if kind == "processes":
            process_plot(axes, found.processes, found.report, found.refit)
        else:
            (drt_map if kind == "map" else waterfall)(axes, found.drt, found.processes.windows)
        if found.simulated:
            _say_simulated(axes)
    return axes


def _lay_out(
    figure: Figure | None, processes: ProcessSeries, report: SeriesReport | None, refit: ZarcSeries | None
) -> Axes:
    """All panels in a figure, a new one of pyplot if there is none; the first is returned."""
    drt = processes.drt
    several = len(drt.spectra) > 1
    with figure_style():
        figure = canvas(figure, (PAGE_IN, 5.0 if several else 3.3), layout="constrained")
        if several:
            grid = figure.subplot_mosaic([["A", "B"], ["C", "C"]])
            panels = [
                waterfall(grid["A"], drt, processes.windows),
                drt_map(grid["B"], drt, processes.windows),
                process_plot(grid["C"], processes, report, refit),
            ]
        else:
            grid = figure.subplot_mosaic([["A", "B"], ["A", "C"]], height_ratios=[2.0, 1.0])
            panels = [
                mark_measured(waterfall(grid["A"], drt, processes.windows), drt),
                fit_plot(grid["B"], drt),
                residual_plot(grid["C"], drt),
            ]
        letter_panels(panels)
        for axes in panels if is_simulated(drt) else ():
            _say_simulated(axes)
    return panels[0]


def _mark_completion(axes: Axes, name: str, end: Completion) -> None:
    if end.time_s is None or end.low_s is None or end.high_s is None:
        return
    low, high = end.low_s / SECONDS_PER_HOUR, end.high_s / SECONDS_PER_HOUR
    axes.axvspan(low, high, color="0.4", alpha=0.12, lw=0, zorder=0)
    hours = end.time_s / SECONDS_PER_HOUR
    style = MARKS[len(axes.get_lines()) % len(MARKS)]
    axes.axvline(
        hours, color="0.3", linewidth=0.8, linestyle=style, zorder=1, label=f"{name} settled at {hours:.1f} h"
    )


def _say_simulated(axes: Axes) -> None:
    axes.text(
        0.02, 0.97, SIMULATED, transform=axes.transAxes, ha="left", va="top", style="italic", zorder=100,
        bbox={"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 1.0},
    )  # fmt: skip


def _tau_axis(axes: Axes, drt: DrtSeries) -> None:
    axes.set_xscale("log")
    axes.set_xlim(drt.tau_s[0], drt.tau_s[-1])
    axes.xaxis.set_major_locator(LogLocator(numticks=6))
    axes.xaxis.set_minor_locator(LogLocator(numticks=12))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("τ (s)")
