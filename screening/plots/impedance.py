"""Figures of impedance: Nyquist, Bode, maps of series, Kramers–Kronig residuals."""

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter
from numpy.typing import NDArray

from screening.errors import InputError
from screening.lab.impedance.kramers_kronig import KramersKronigTest
from screening.lab.impedance.spectra import KramersKronigTests
from screening.lab.impedance.spectrum import Spectrum
from screening.plots.style import (
    BLUE,
    COLUMN_IN,
    GREY,
    PAGE_IN,
    VERMILION,
    canvas,
    figure_style,
    letter_panels,
)

SERIES_MAP, SERIES_END = "viridis", 0.9
"""Sequential map of even lightness; its yellow end is too light for lines on white."""

NAMED_SPECTRA = 6
"""Up to so many spectra stand in a legend; of more this many are drawn as lines, with a colour scale."""

INSET_SHARE = 0.35
"""The fast half of the points is shown again in an inset if it spans less than this part of the figure."""

INSET_DETAIL = 0.2
"""No inset if they span less than this part of their own |Z|: a cluster of points shows nothing."""

INSET_SIZE = 0.42
RESIDUAL_LIMIT = 0.01
"""Residual that is drawn as the limit, as a share of |Z|."""

DECADE = 10.0
SECONDS_PER_HOUR = 3600.0
_PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"))


class SeriesColours:
    """Colours of the spectra of a series: by time where it is known, else by number.

    Parameters
    ----------
    spectra : sequence of Spectrum
        The series.
    """

    def __init__(self, spectra: Sequence[Spectrum]) -> None:
        times = [spectrum.time_s for spectrum in spectra if spectrum.time_s is not None]
        timed = len(times) == len(spectra) and bool((np.diff(times) > 0.0).all()) and len(times) > 1
        values = np.array(times) / SECONDS_PER_HOUR if timed else np.arange(1.0, len(spectra) + 1.0)
        colours = colormaps[SERIES_MAP](np.linspace(0.0, SERIES_END, 256))
        span = Normalize(values.min(), max(values.max(), values.min() + 1e-9))
        self.scale = ScalarMappable(span, LinearSegmentedColormap.from_list("series", colours))
        self.label = "Time (h)" if timed else "Number in the series"
        self.values = values
        self.named = len(spectra) <= NAMED_SPECTRA
        steps = np.linspace(0, len(spectra) - 1, min(len(spectra), NAMED_SPECTRA))
        self.drawn = np.unique(steps.round().astype(int))
        self.colours = [BLUE] if len(spectra) == 1 else [tuple(rgba) for rgba in self.scale.to_rgba(values)]

    def explain(self, figure: Figure, axes: Axes | Sequence[Axes]) -> None:
        """Add the legend of a short series, or the colour scale of a long one."""
        if not self.named:
            figure.colorbar(self.scale, ax=axes, label=self.label, location="bottom", shrink=0.7)
            return
        first = axes if isinstance(axes, Axes) else axes[0]
        if len(self.colours) > 1:  # beside the axes, where no inset can be
            first.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))


def draw_nyquist(spectra: Sequence[Spectrum], axes: Axes, *, inset: bool = True) -> Axes:
    """Draw −Z'' against Z' on equal axes, coloured by time.

    Parameters
    ----------
    spectra : sequence of Spectrum
        One spectrum or a series. Where all have an area, Ω·cm² are drawn, else Ω of the cell.
    axes : matplotlib.axes.Axes
        Where to draw.
    inset : bool
        Show the fast half of the points once more where the slow ones dwarf it.
    """
    areas = [spectrum.area_cm2 for spectrum in spectra if spectrum.area_cm2 is not None]
    factors = areas if len(areas) == len(spectra) else [1.0] * len(spectra)
    curves: list[NDArray[np.complexfloating]] = [
        s.z_ohm * complex(factor) for s, factor in zip(spectra, factors, strict=True)
    ]
    everything = np.concatenate(curves)
    unit, prefix = _prefix(float(np.abs(everything).max()))
    style = SeriesColours(spectra)
    _draw_curves(axes, [curve * complex(1.0 / unit) for curve in curves], spectra, style)
    if len(style.drawn) < len(spectra):
        axes.set_title(f"{len(style.drawn)} of {len(spectra)} spectra")
    _equal_limits(axes, everything * complex(1.0 / unit))
    symbol = f"{prefix}Ω·cm²" if len(areas) == len(spectra) else f"{prefix}Ω"
    axes.set(xlabel=f"Z′ ({symbol})", ylabel=f"−Z″ ({symbol})")
    fast = np.concatenate([curve[: (curve.size + 1) // 2] for curve in curves])
    shape = float(np.abs(fast).max()) * INSET_DETAIL
    if inset and shape < _extent(fast) < INSET_SHARE * _extent(everything):
        box = axes.inset_axes(_free_corner(axes, everything * complex(1.0 / unit)))
        inset_unit, inset_prefix = _prefix(float(np.abs(fast).max()))
        _draw_curves(box, [curve * complex(1.0 / inset_unit) for curve in curves], spectra, style)
        _equal_limits(box, fast * complex(1.0 / inset_unit))
        box.tick_params(labelsize=5.5)
        title = f"fast half ({inset_prefix}{symbol[len(prefix) :]})"
        box.text(0.5, 0.95, title, transform=box.transAxes, ha="center", va="top", fontsize=5.5)
    return axes


def _draw_curves(
    axes: Axes,
    curves: Sequence[NDArray[np.complexfloating]],
    spectra: Sequence[Spectrum],
    style: SeriesColours,
) -> None:
    for k in style.drawn:
        (line,) = axes.plot(curves[k].real, -curves[k].imag, "o-", markersize=2, linewidth=0.7)
        line.set(color=style.colours[k], label=label_text(spectra[k].label))


def label_text(label: str) -> str:
    """A label from outside: dollars are no mathematics, and a leading underscore does not hide it."""
    return (" " if label.startswith("_") else "") + label.replace("$", r"\$")


def _prefix(largest: float) -> tuple[float, str]:
    return next(((unit, name) for unit, name in _PREFIXES if largest >= unit), _PREFIXES[-1])


def _extent(z: NDArray[np.complexfloating]) -> float:
    return float(max(np.ptp(z.real), np.ptp(z.imag)))


def _equal_limits(axes: Axes, z: NDArray[np.complexfloating]) -> None:
    """Equal axes around the points and the origin of −Z''; never flatter than 2:1."""
    width, height = float(np.ptp(z.real)), float(np.ptp(np.append(z.imag, 0.0)))
    span = 1.1 * max(width, height, 1e-12)
    low_x = min(float(z.real.min()), 0.0) if z.real.min() < 0.3 * span else float(z.real.min()) - 0.05 * span
    low_y = min(float((-z.imag).min()), 0.0)
    axes.set_xlim(low_x - 0.02 * span, max(low_x + span, float(z.real.max()) + 0.05 * span))
    rise = max(0.5 * np.diff(axes.get_xlim())[0], 1.1 * height)
    axes.set_ylim(low_y - 0.02 * span, low_y + rise)
    axes.set_aspect("equal", adjustable="box")


def _free_corner(axes: Axes, z: NDArray[np.complexfloating]) -> tuple[float, float, float, float]:
    """Corner of the axes that covers the fewest points, in axes coordinates."""
    x = (z.real - axes.get_xlim()[0]) / np.diff(axes.get_xlim())[0]
    y = (-z.imag - axes.get_ylim()[0]) / np.diff(axes.get_ylim())[0]
    corners = ((0.54, 0.48), (0.12, 0.48), (0.54, 0.12))
    covered = [
        np.count_nonzero((abs(x - a - INSET_SIZE / 2) < 0.28) & (abs(y - b - INSET_SIZE / 2) < 0.28))
        for a, b in corners
    ]
    return (*corners[int(np.argmin(covered))], INSET_SIZE, INSET_SIZE)


def draw_bode(spectra: Sequence[Spectrum], axes: Sequence[Axes]) -> Sequence[Axes]:
    """Draw |Z| and −phase against frequency, coloured by time, on two axes."""
    style = SeriesColours(spectra)
    for k in style.drawn:
        for axis, values in zip(axes, _bode(spectra[k]), strict=True):
            look = {"color": style.colours[k], "markersize": 2, "linewidth": 0.7}
            axis.plot(spectra[k].frequency_hz, values, "o-", label=label_text(spectra[k].label), **look)
    axes[0].set(xscale="log", yscale="log", ylabel="|Z| (Ω)")
    axes[1].set(xscale="log", xlabel="Frequency (Hz)", ylabel="−Phase (°)")
    return axes


def _bode(spectrum: Spectrum) -> tuple[np.ndarray, np.ndarray]:
    """|Z| in Ω and −phase in degrees."""
    return np.abs(spectrum.z_ohm), -np.degrees(np.angle(spectrum.z_ohm))


def draw_maps(spectra: Sequence[Spectrum], axes: Sequence[Axes]) -> Sequence[Axes]:
    """Draw |Z| and −phase of a long series as maps over frequency and time, on two axes."""
    style = SeriesColours(spectra)
    grid = np.sort(max(spectra, key=lambda each: each.frequency_hz.size).frequency_hz)
    for number, (axis, label) in enumerate(zip(axes, ("|Z| (Ω)", "−Phase (°)"), strict=True)):
        rows = []
        for each in spectra:
            order = np.argsort(each.frequency_hz)
            known, values = np.log(each.frequency_hz[order]), _bode(each)[number][order]
            rows.append(np.interp(np.log(grid), known, values, left=np.nan, right=np.nan))
        wide = number == 0 and np.nanmax(rows) > DECADE * np.nanmin(rows)
        scale = LogNorm() if wide else None
        mesh = axis.pcolormesh(
            grid, style.values, np.array(rows), norm=scale, shading="nearest", cmap="cividis", rasterized=True
        )
        bar = axis.figure.colorbar(mesh, ax=axis, pad=0.02, label=label)
        if wide:
            bar.set_ticks(LogLocator(subs=(1.0, 2.0, 5.0)), minor=False)
            bar.ax.yaxis.set(major_formatter="{x:g}", minor_formatter=NullFormatter())
        axis.set(xscale="log", xlabel="Frequency (Hz)" if number else "", ylabel=style.label)
    return axes


def draw_residuals(test: KramersKronigTest, axes: Axes) -> Axes:
    """Draw the residuals of the Kramers–Kronig test; points proposed to be left out are ringed."""
    for part, colour, marker, name in (
        (test.residual.real, BLUE, "o", "Δ′"),
        (test.residual.imag, VERMILION, "s", "Δ″"),
    ):
        axes.plot(test.frequency_hz, 100 * part, marker + "-", color=colour, ms=2, lw=0.7, label=name)
    for sign in (-1, 1):
        axes.axhline(100 * sign * RESIDUAL_LIMIT, color=GREY, linewidth=0.8, linestyle="--")
    axes.axhline(0.0, color=GREY, linewidth=0.5)
    if test.left_out.size:
        worst = np.where(
            np.abs(test.residual.real) > np.abs(test.residual.imag), test.residual.real, test.residual.imag
        )[test.left_out]
        axes.plot(
            test.frequency_hz[test.left_out],
            100 * worst,
            "o",
            mfc="none",
            mec="black",
            ms=6,
            label="proposed to leave out",
        )
    axes.set(xscale="log", xlabel="Frequency (Hz)", ylabel="Residual (% of |Z|)")
    axes.set_title(f"Kramers–Kronig: {test.verdict}, {test.element_count} RC, noise {100 * test.noise:.2g} %")
    axes.legend(ncols=3)
    return axes


def plot_spectra(
    spectra: Sequence[Spectrum], ax: Axes | Sequence[Axes] | Figure | None = None, *, kind: str | None = None
) -> Axes:
    """Draw a series of spectra; without axes and kind both plots beside each other.

    Parameters
    ----------
    spectra : sequence of Spectrum
    ax : Axes, pair of Axes or Figure, optional
        A pair for the Bode plot.
    kind : {"nyquist", "bode"}, optional
        The one plot to draw; on given axes the Nyquist plot unless named.

    Returns
    -------
    Axes
        The first where several are drawn.

    Raises
    ------
    InputError
        If there is no such kind, or a Bode plot is asked for on one axes.
    """
    if kind not in (None, "nyquist", "bode"):
        raise InputError(f"{kind!r}", where="kind", remedy="give nyquist or bode")
    if ax is None or isinstance(ax, Figure):
        return _lay_out(ax, spectra, kind=kind)
    if isinstance(ax, Axes):
        if kind == "bode":
            raise InputError("one axes", where="Bode plot", remedy="give two: for |Z| and for the phase")
        with figure_style():
            draw_nyquist(spectra, ax)
            if 1 < len(spectra) <= NAMED_SPECTRA:
                ax.legend()
        return ax
    with figure_style():
        return draw_bode(spectra, ax)[0]


def plot_tests(found: KramersKronigTests, ax: Axes | Figure | None = None) -> Axes:
    """Draw the residuals of the spectrum that fits worst; without axes, below its spectra."""
    if isinstance(ax, Axes):
        return _draw_worst(found.spectra, found.tests, ax)
    return _lay_out(ax, found.spectra, found.tests)


def _lay_out(
    figure: Figure | None,
    spectra: Sequence[Spectrum],
    tests: Sequence[KramersKronigTest] = (),
    *,
    kind: str | None = None,
) -> Axes:
    judged = any(np.isfinite(test.residual).all() for test in tests)
    style = SeriesColours(spectra)
    with figure_style():
        size = (COLUMN_IN, 2.8) if kind else (PAGE_IN, 5.0 if judged else 3.2)
        figure = canvas(figure, size, layout="constrained")
        grid = figure.add_gridspec(
            3 if judged else 2, 1 if kind else 2, width_ratios=None if kind else (1.15, 1)
        )
        panels: list[Axes] = []
        if kind != "bode":
            panels.append(draw_nyquist(spectra, figure.add_subplot(grid[:2, 0])))
            if kind or not style.named:
                style.explain(figure, panels[0])
        if kind != "nyquist":
            pair = [figure.add_subplot(grid[row, -1]) for row in (0, 1)]
            panels += draw_bode(spectra, pair) if style.named else draw_maps(spectra, pair)
            if style.named:
                style.explain(figure, pair)
        if judged:
            panels.append(_draw_worst(spectra, tests, figure.add_subplot(grid[2, :])))
        if len(panels) > 1:
            letter_panels(panels)
    return panels[0]


def _draw_worst(spectra: Sequence[Spectrum], tests: Sequence[KramersKronigTest], axes: Axes) -> Axes:
    """Residuals of the spectrum that fits worst; nothing where no test could be made."""
    judged = [k for k, test in enumerate(tests) if np.isfinite(test.residual).all()]
    if not judged:
        return axes
    worst = max(judged, key=lambda k: tests[k].largest_residual)
    draw_residuals(tests[worst], axes)
    if len(tests) > 1:
        label = label_text(spectra[worst].label)
        axes.set_title(f"largest residual of {len(tests)} spectra: {label}; {axes.get_title()}")
    return axes
