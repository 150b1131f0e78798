"""Figures of impedance: Nyquist, Bode, Kramers–Kronig residuals, Arrhenius."""

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from screening.errors import InputError
from screening.lab.impedance.conductivity import REFERENCE_C, Arrhenius, Form
from screening.lab.impedance.estimate import Estimate
from screening.lab.impedance.kramers_kronig import KramersKronigTest
from screening.lab.impedance.pellets import PelletSeries
from screening.lab.impedance.spectra import KramersKronigTests
from screening.lab.impedance.spectrum import Spectrum
from screening.plots.style import BLUE, VERMILION, canvas
from screening.units import KELVIN_AT_0_CELSIUS

GREY = "#7F7F7F"

SERIES_MAP, SERIES_END = "viridis", 0.9
"""Sequential map of even lightness; its yellow end is too light for lines on white."""

NAMED_SPECTRA = 6
"""Up to so many spectra stand in a legend; more are told apart by a colour scale."""

INSET_SHARE = 0.35
"""The fast half of the points is shown again in an inset if it spans less than this part of the figure."""

INSET_DETAIL = 0.2
"""No inset if they span less than this part of their own |Z|: a cluster of points shows nothing."""

INSET_SIZE = 0.42
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
        timed = len(times) == len(spectra) and len(set(times)) > 1
        values = np.array(times) / SECONDS_PER_HOUR if timed else np.arange(1.0, len(spectra) + 1.0)
        colours = colormaps[SERIES_MAP](np.linspace(0.0, SERIES_END, 256))
        span = Normalize(values.min(), max(values.max(), values.min() + 1e-9))
        self.scale = ScalarMappable(span, LinearSegmentedColormap.from_list("series", colours))
        self.label = "time (h)" if timed else "number in the series"
        self.named = len(spectra) <= NAMED_SPECTRA
        self.colours = [BLUE] if len(spectra) == 1 else [tuple(rgba) for rgba in self.scale.to_rgba(values)]

    def explain(self, figure: Figure, axes: Axes | Sequence[Axes]) -> None:
        """Add the legend of a short series, or the colour scale of a long one."""
        if not self.named:
            figure.colorbar(self.scale, ax=axes, label=self.label, pad=0.02)
            return
        first = axes if isinstance(axes, Axes) else axes[0]
        if len(self.colours) > 1:  # beside the axes, where no inset can be
            first.legend(frameon=False, fontsize="small", loc="upper left", bbox_to_anchor=(1.0, 1.0))


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
        box.tick_params(labelsize="x-small")
        box.set_title(f"fast half ({inset_prefix}{symbol[len(prefix) :]})", fontsize="x-small")
    return axes


def _draw_curves(
    axes: Axes,
    curves: Sequence[NDArray[np.complexfloating]],
    spectra: Sequence[Spectrum],
    style: SeriesColours,
) -> None:
    for curve, spectrum, colour in zip(curves, spectra, style.colours, strict=True):
        name = _text(spectrum.label)
        axes.plot(curve.real, -curve.imag, "o-", color=colour, markersize=3, linewidth=0.8, label=name)


def _text(label: str) -> str:
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
    for spectrum, colour in zip(spectra, style.colours, strict=True):
        for axis, values in zip(
            axes, (np.abs(spectrum.z_ohm), -np.degrees(np.angle(spectrum.z_ohm))), strict=True
        ):
            axis.plot(
                spectrum.frequency_hz,
                values,
                "o-",
                color=colour,
                ms=3,
                linewidth=0.8,
                label=_text(spectrum.label),
            )
    axes[0].set(xscale="log", yscale="log", ylabel="|Z| (Ω)")
    axes[1].set(xscale="log", xlabel="frequency (Hz)", ylabel="−phase (°)")
    return axes


def draw_residuals(test: KramersKronigTest, axes: Axes, *, limit: float = 0.01) -> Axes:
    """Draw the residuals of the Kramers–Kronig test; points proposed to be left out are ringed.

    Parameters
    ----------
    test : KramersKronigTest
        The test.
    axes : matplotlib.axes.Axes
        Where to draw.
    limit : float
        Residual that is drawn as the limit.
    """
    for part, colour, marker, name in (
        (test.residual.real, BLUE, "o", "Δ′"),
        (test.residual.imag, VERMILION, "s", "Δ″"),
    ):
        axes.plot(test.frequency_hz, 100 * part, marker + "-", color=colour, ms=3, lw=0.8, label=name)
    for sign in (-1, 1):
        axes.axhline(100 * sign * limit, color=GREY, linewidth=0.8, linestyle="--")
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
            ms=9,
            label="proposed to leave out",
        )
    axes.set(xscale="log", xlabel="frequency (Hz)", ylabel="residual (% of |Z|)")
    axes.set_title(
        f"Kramers–Kronig: {test.verdict}, {test.element_count} RC, noise {100 * test.noise:.2g} %",
        fontsize="small",
    )
    axes.legend(frameon=False, fontsize="small", ncols=3)
    return axes


def draw_arrhenius(
    line: Arrhenius,
    axes: Axes,
    *,
    label: str = "",
    colour: str = BLUE,
    intervals: Sequence[Estimate] = (),
    per_cm: bool = True,
) -> Axes:
    """Draw σT (or σ) against 1000/T with the line and its 95 % band; °C on top.

    Parameters
    ----------
    line : Arrhenius
        The fit.
    axes : matplotlib.axes.Axes
        Where to draw; several lines may share one.
    label, colour : str
        Name and colour of the sample.
    intervals : sequence of Estimate, optional
        Conductivities with their intervals, drawn as error bars.
    per_cm : bool
        Whether the values are conductivities in S/cm, or conductances in S.
    """
    with_t = line.form is Form.SIGMA_T
    kelvin = line.temperature_c + KELVIN_AT_0_CELSIUS
    span = np.ptp(line.temperature_c)
    grid = np.linspace(line.temperature_c.min() - 0.05 * span, line.temperature_c.max() + 0.05 * span, 100)
    grid_kelvin = grid + KELVIN_AT_0_CELSIUS
    scale, grid_scale = (kelvin, grid_kelvin) if with_t else (np.ones(kelvin.size), np.ones(grid.size))
    fitted = [line.at(float(t)) for t in grid]
    caption = _arrhenius_caption(line, label, per_cm)
    axes.plot(1000 / grid_kelvin, [f.value for f in fitted] * grid_scale, "-", color=colour, linewidth=1)
    if np.isfinite(line.activation_energy_ev.high):
        low, high = ([getattr(f, end) for f in fitted] * grid_scale for end in ("low", "high"))
        axes.fill_between(1000 / grid_kelvin, low, high, color=colour, alpha=0.2, linewidth=0)
    bars = None
    if intervals and all(np.isfinite(e.high) for e in intervals):
        bars = np.array([[e.value - e.low, e.high - e.value] for e in intervals]).T * scale
    axes.errorbar(
        1000 / kelvin,
        line.conductivity * scale,
        yerr=bars,
        fmt="o",
        color=colour,
        ms=5,
        capsize=2,
        label=caption,
    )
    quantity = ("σT (S·K/cm)" if with_t else "σ (S/cm)") if per_cm else ("T/R (K/Ω)" if with_t else "1/R (S)")
    axes.set(yscale="log", xlabel="1000/T (1/K)", ylabel=quantity)
    axes.legend(frameon=False)
    if not axes.child_axes:
        top = axes.secondary_xaxis("top", functions=(_celsius, _per_kelvin))
        top.set_xlabel("temperature (°C)")
        top.set_xticks(_round_temperatures(line.temperature_c))
    return axes


def _arrhenius_caption(line: Arrhenius, label: str, per_cm: bool) -> str:
    energy, room = line.activation_energy_ev, line.at(REFERENCE_C).value
    spread = f" ± {energy.high - energy.value:.3f}" if np.isfinite(energy.high) else ""
    name = _text(label) + "\n" if label else ""
    at_room = f"{'σ' if per_cm else '1/R'}(25 °C) = {room:.2e} {'S/cm' if per_cm else 'S'}"
    return f"{name}$E_a$ = {energy.value:.3f}{spread} eV (95 %)\n{at_room}"


def _celsius(per_kelvin: ArrayLike) -> NDArray[np.floating]:
    return 1000.0 / np.maximum(np.asarray(per_kelvin, dtype=float), 1e-6) - KELVIN_AT_0_CELSIUS


def _per_kelvin(celsius: ArrayLike) -> NDArray[np.floating]:
    return 1000.0 / np.maximum(np.asarray(celsius, dtype=float) + KELVIN_AT_0_CELSIUS, 1e-6)


def _round_temperatures(temperature_c: NDArray[np.float64]) -> NDArray[np.float64]:
    step = next((s for s in (5, 10, 20, 25, 50, 100) if np.ptp(temperature_c) / s <= 6), 200)
    first = step * np.ceil(temperature_c.min() / step)
    return np.arange(first, temperature_c.max() + 0.5 * step, step)


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
        draw_nyquist(spectra, ax)
        if 1 < len(spectra) <= NAMED_SPECTRA:
            ax.legend(frameon=False, fontsize="small")
        return ax
    return draw_bode(spectra, ax)[0]


def plot_tests(found: KramersKronigTests, ax: Axes | Figure | None = None) -> Axes:
    """Draw the residuals of the spectrum that fits worst; without axes, below its spectra."""
    if isinstance(ax, Axes):
        return _draw_worst(found.spectra, found.tests, ax)
    return _lay_out(ax, found.spectra, found.tests)


def impedance_figure(spectra: Sequence[Spectrum], tests: Sequence[KramersKronigTest] = ()) -> Figure:
    """Nyquist and Bode plots of a series; with tests, the residuals of the spectrum that fits worst."""
    figure = Figure()
    _lay_out(figure, spectra, tests)
    return figure


def _lay_out(
    figure: Figure | None,
    spectra: Sequence[Spectrum],
    tests: Sequence[KramersKronigTest] = (),
    *,
    kind: str | None = None,
) -> Axes:
    judged = any(np.isfinite(test.residual).all() for test in tests)
    size = {"nyquist": (5.5, 4.5), "bode": (5.5, 5.0)}.get(kind or "", (11.0, 8.0 if judged else 5.0))
    figure = canvas(figure, size, layout="constrained")
    panels: list[Axes] = []
    grid = figure.add_gridspec(3 if judged else 2, 1 if kind else 2, width_ratios=None if kind else (1.15, 1))
    if kind != "bode":
        panels.append(draw_nyquist(spectra, figure.add_subplot(grid[:2, 0])))
    if kind != "nyquist":
        panels += draw_bode(spectra, [figure.add_subplot(grid[row, -1]) for row in (0, 1)])
    SeriesColours(spectra).explain(figure, panels[-2:])
    if judged:
        _draw_worst(spectra, tests, figure.add_subplot(grid[2, :]))
    return panels[0]


def _draw_worst(spectra: Sequence[Spectrum], tests: Sequence[KramersKronigTest], axes: Axes) -> Axes:
    """Residuals of the spectrum that fits worst; nothing where no test could be made."""
    judged = [k for k, test in enumerate(tests) if np.isfinite(test.residual).all()]
    if not judged:
        return axes
    worst = max(judged, key=lambda k: tests[k].largest_residual)
    draw_residuals(tests[worst], axes)
    if len(tests) > 1:
        label = _text(spectra[worst].label)
        axes.set_title(
            f"largest residual of {len(tests)} spectra: {label}; {axes.get_title()}", fontsize="small"
        )
    return axes


def plot_pellets(series: PelletSeries, ax: Axes | Figure | None = None) -> Axes:
    """Draw the Arrhenius line of the σT form with its 95 % band."""
    if not isinstance(ax, Axes):
        ax = canvas(ax, (5.5, 4.5), layout="constrained").add_subplot()
    return draw_arrhenius(
        series.lines[0], ax, intervals=series.conductivity, per_cm=series.pellet is not None
    )
