"""Figures of relaxation times: waterfall and map over the series, and the resistance of each process."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from screening.errors import InputError
from screening.lab.impedance.analysis import UNRESOLVED, ImpedanceAnalysis
from screening.lab.impedance.completion import Completion
from screening.lab.impedance.drt import DrtSeries, times_s
from screening.lab.impedance.processes import ProcessSeries
from screening.lab.impedance.refit import Elements, ZarcSeries
from screening.lab.impedance.windows import Windows
from screening.plots.style import COLUMN_IN, CYCLE, PAGE_IN, VERMILION, canvas, figure_style, letter_panels
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


@dataclass(frozen=True, eq=False)
class Along:
    """What a series is drawn along: a value for each spectrum, shape (s,), and the label of the axis."""

    values: np.ndarray
    label: str
    is_time: bool = False

    @classmethod
    def of(cls, drt: DrtSeries, against: Mapping[str, Sequence[float]] | None = None) -> "Along":
        """Hours since the start of the series, or the number of the spectrum, or what is given.

        Raises
        ------
        InputError
            If something else is given than one name with one finite value for each spectrum.
        """
        if against is None:
            hours = times_s(drt.spectra) / SECONDS_PER_HOUR
            if np.isfinite(hours).all():
                return cls(hours, "Time (h)", is_time=True)
            return cls(np.arange(1.0, len(hours) + 1.0), "Number in the series")
        given = [(name, np.asarray(values, dtype=float)) for name, values in against.items()]
        if len(given) != 1 or given[0][1].shape != (len(drt.spectra),) or not np.isfinite(given[0][1]).all():
            raise InputError(
                f"{len(drt.spectra)} spectra to be drawn against {', '.join(map(str, against)) or 'nothing'}",
                where="against",
                remedy="give one name with one number for each spectrum",
            )
        return cls(given[0][1], given[0][0])

    @property
    def rises(self) -> bool:
        """Whether each value exceeds the one before."""
        return bool((np.diff(self.values) > 0).all())


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


def waterfall(axes: Axes, found: ImpedanceAnalysis, along: Along | None = None) -> Axes:
    """γ against τ, later spectra higher and lighter; single spectra carry their 95 % credible band."""
    drt = found.drt
    along = along or Along.of(drt)
    gamma, count = drt.gamma_ohm, len(drt.spectra)
    chosen = np.unique(np.linspace(0, count - 1, WATERFALL_LINES).round().astype(int))
    step = OVERLAP * float(gamma.max()) * min(4.0 / len(chosen), 1.0) if len(chosen) > 1 else 0.0
    colours = colormaps[SERIES_MAP](np.linspace(0.0, SERIES_END, len(chosen)))
    for rank, (index, colour) in enumerate(zip(chosen, colours, strict=True)):
        axes.plot(drt.tau_s, rank * step + gamma[index], color=colour, zorder=3 + len(chosen) - rank)
    if count == 1:
        low, high = drt.gamma_interval_ohm()
        most = BAND_OVER_PEAK * float(gamma.max())
        label = "95 %" if high[0].max() <= most else f"95 % (up to {high[0].max():.2g} Ω, cut)"
        axes.fill_between(
            drt.tau_s, low[0], high[0].clip(max=most), color=CYCLE[0], alpha=0.2, lw=0, label=label
        )
    else:
        for rank in (0, len(chosen) - 1):
            text = f"{along.values[chosen[rank]]:.3g} {'h' * along.is_time}".strip()
            axes.text(drt.tau_s[-1], rank * step, f" {text}", va="center", ha="left", clip_on=False)
    _tau_axis(axes, drt)
    axes.set_ylabel("γ, offset (Ω)" if step else "γ (Ω)")
    top = float(axes.get_ylim()[1])
    axes.set_ylim(0.0, HEADROOM * top)
    return shade_windows(axes, found.processes.windows)


def drt_map(axes: Axes, found: ImpedanceAnalysis, along: Along | None = None) -> Axes:
    """γ as a map over τ and the series, with its colour scale; on it the τ of each element that is detected.

    Without a refit thin lines bound the windows instead.
    """
    drt = found.drt
    along = along or Along.of(drt)
    order = np.argsort(along.values, kind="stable")
    style: dict[str, Any] = {"shading": "nearest", "cmap": "cividis", "rasterized": True, "vmin": 0.0}
    mesh = axes.pcolormesh(drt.tau_s, along.values[order], drt.gamma_ohm[order], **style)
    axes.figure.colorbar(mesh, ax=axes, pad=0.02, label="γ (Ω)")
    _tau_axis(axes, drt)
    low, high = axes.get_xlim()
    if found.refit is not None and found.refit.tracked:
        _draw_tracks(axes, found.refit.elements, along)
    for _, *span in _name_windows(axes, found.processes.windows):
        for bound in (each for each in span if low < each < high and found.refit is None):
            axes.axvline(bound, color="white", linewidth=0.4, linestyle=":")
    axes.set_ylabel(along.label)
    return axes


def _draw_tracks(axes: Axes, elements: Elements, along: Along) -> None:
    for track in np.unique(elements.track):
        mine = np.flatnonzero((elements.track == track) & elements.detected)
        at, line = along.values[elements.spectrum[mine]], "o-" if along.rises else "o"
        axes.plot(elements.tau_s[mine], at, line, color="white", ms=2.0, lw=0.6, mec="black", mew=0.3)


def process_plot(axes: Axes, found: ImpedanceAnalysis, along: Along | None = None) -> Axes:
    """Resistance along the series with its 95 % band: of each tracked element, else of each window.

    Windows that settled are marked with the interval of their completion, spectra that leak by a line; the
    verdict on a short circuit stands above.
    """
    along = along or Along.of(found.drt)
    if found.refit is not None and found.refit.tracked:
        highest = _draw_elements(axes, found.refit, found.processes, along)
    else:
        highest = _draw_windows(axes, found.processes, along)
    for course in found.report.courses if found.report is not None and along.is_time else ():
        _mark_completion(axes, course.window.replace("tau", "τ"), course.completion)
    axes.set_xlabel(along.label)
    axes.set_ylabel("Resistance (Ω)")
    axes.set_ylim(bottom=0.0)
    if found.leak is not None and found.leak.onset is not None:
        for row in found.leak.rows[found.leak.leaking]:
            axes.axvline(along.values[row], color=VERMILION, lw=1.5, alpha=0.35, zorder=0)
        axes.plot([], [], color=VERMILION, lw=1.5, alpha=0.35, label="leaks")
    if found.short is not None:
        axes.set_title(f"short circuit: {found.short.words}", loc="right")
    if highest > 0.0:
        axes.legend(loc="upper right", ncols=2, borderaxespad=0.2, handlelength=1.2, columnspacing=0.8)
        axes.set_ylim(top=LEGEND_ROOM * highest)
    return axes


def _draw_course(axes: Axes, along: Along, resistance: np.ndarray, band: np.ndarray, **style: Any) -> None:
    """Draw a resistance with its interval, shape (2, s): a band, or bars where the axis runs to and fro."""
    if along.rises:
        axes.plot(along.values, resistance, marker="o", ms=2.0, lw=0.8, **style)
        axes.fill_between(along.values, *band, color=style["color"], alpha=0.15, lw=0)
        return
    reach = np.maximum(np.stack([resistance - band[0], band[1] - resistance]), 0.0)
    axes.errorbar(along.values, resistance, reach, marker="o", ms=2.0, elinewidth=0.5, ls="none", **style)


def _draw_windows(axes: Axes, processes: ProcessSeries, along: Along) -> float:
    """Draw each window that holds anything; the highest resistance."""
    band = processes.resistance_interval_ohm
    for k, colour in zip(np.flatnonzero((processes.resistance_ohm > 0).any(axis=0)), cycle(CYCLE)):
        name = processes.windows.names[k].replace("tau", "τ")
        bound = " (bound)" if processes.unclosed[:, k].any() else ""
        label = name + (bound if processes.detected[k] else f" ({UNRESOLVED})")
        _draw_course(axes, along, processes.resistance_ohm[:, k], band[:, :, k], color=colour, label=label)
    return float(processes.resistance_ohm.max(initial=0.0))


def _draw_elements(axes: Axes, refit: ZarcSeries, processes: ProcessSeries, along: Along) -> float:
    """Draw each tracked element that is detected, named by τ and its window; the highest resistance."""
    found, band, highest = refit.elements, refit.elements.resistance_interval_ohm, 0.0
    tracks = (np.flatnonzero(found.track == track) for track in np.unique(found.track))
    for rows, colour in zip((rows for rows in tracks if found.detected[rows].any()), cycle(CYCLE)):
        tau = float(np.median(found.tau_s[rows]))
        window = int(processes.windows.locate(np.array([tau]))[0])
        where = "in no window" if window < 0 else processes.windows.names[window].replace("tau", "τ")
        bound = ", a bound" if refit.open_ended[rows].any() else ""
        label = f"{tau:.2g} s ({where}{bound})"
        _draw_course(axes, along, found.resistance_ohm[rows], band[:, rows], color=colour, label=label)
        highest = max(highest, float(found.resistance_ohm[rows].max()))
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
    axes.set_ylabel("ΔZ/|Z| (%)")
    axes.legend(loc="best", ncols=2)
    return axes


def drt_figure(found: ImpedanceAnalysis) -> Figure:
    """Waterfall and, for a series, map and resistances along it; says so where simulated."""
    figure = Figure()
    _lay_out(figure, found, Along.of(found.drt), frequency=False)
    return figure


def plot_analysis(
    found: ImpedanceAnalysis,
    ax: Axes | Figure | None = None,
    *,
    kind: str | None = None,
    against: Mapping[str, Sequence[float]] | None = None,
    frequency: bool = False,
) -> Axes:
    """Draw relaxation times; without axes and kind all panels: waterfall, map and resistances over time.

    Parameters
    ----------
    found : ImpedanceAnalysis
    ax : Axes or Figure, optional
    kind : {"waterfall", "map", "processes"}, optional
        The one panel to draw; on given axes the waterfall unless named.
    against : mapping of str to sequence of float, optional
        Instead of time: a label such as "State of charge (%)", and its value for each spectrum.
    frequency : bool
        Write 1/(2πτ) in Hz at the axis instead of τ.

    Returns
    -------
    Axes
        The first where several are drawn.

    Raises
    ------
    InputError
        If there is no such kind, or `against` does not fit the spectra.
    """
    if kind is not None and kind not in KINDS:
        raise InputError(f"{kind!r}", where="kind", remedy=f"give one of {', '.join(KINDS)}")
    along = Along.of(found.drt, against)
    if kind is None and not isinstance(ax, Axes):
        return _lay_out(ax, found, along, frequency=frequency)
    with figure_style():
        axes = ax if isinstance(ax, Axes) else canvas(ax, (COLUMN_IN, 2.6), layout="constrained").subplots()
        if kind == "processes":
            process_plot(axes, found, along)
        else:
            (drt_map if kind == "map" else waterfall)(axes, found, along)
            _write_frequency(axes, frequency)
        if found.simulated:
            _say_simulated(axes)
    return axes


def _lay_out(figure: Figure | None, found: ImpedanceAnalysis, along: Along, *, frequency: bool) -> Axes:
    """All panels in a figure, a new one of pyplot if there is none; the first is returned."""
    drt = found.drt
    several = len(drt.spectra) > 1
    with figure_style():
        figure = canvas(figure, (PAGE_IN, 5.0 if several else 3.3), layout="constrained")
        if several:
            grid = figure.subplot_mosaic([["A", "B"], ["C", "C"]])
            panels = [
                waterfall(grid["A"], found, along),
                drt_map(grid["B"], found, along),
                process_plot(grid["C"], found, along),
            ]
            _write_frequency(grid["B"], frequency)
        else:
            grid = figure.subplot_mosaic([["A", "B"], ["A", "C"]], height_ratios=[2.0, 1.0])
            panels = [
                mark_measured(waterfall(grid["A"], found, along), drt),
                fit_plot(grid["B"], drt),
                residual_plot(grid["C"], drt),
            ]
        _write_frequency(grid["A"], frequency)
        letter_panels(panels)
        for axes in panels if found.simulated else ():
            _say_simulated(axes)
    return panels[0]


def _write_frequency(axes: Axes, wanted: bool) -> None:
    """Write frequencies at an axis of τ, where they are wanted."""
    if not wanted:
        return

    def turned(value: Any) -> Any:
        with np.errstate(divide="ignore"):
            return 1.0 / (2.0 * np.pi * np.asarray(value, dtype=float))

    axes.xaxis.set_visible(False)
    axes.secondary_xaxis("bottom", functions=(turned, turned)).set_xlabel("Frequency 1/(2πτ) (Hz)")


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
