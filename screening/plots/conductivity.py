"""Figures of conductivity: Arrhenius lines of pellets."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from screening.lab.impedance.conductivity import REFERENCE_C, Arrhenius, Form
from screening.lab.impedance.estimate import Estimate
from screening.lab.impedance.pellets import PelletSeries
from screening.plots.style import BLUE, COLUMN_IN, canvas, figure_style
from screening.units import KELVIN_AT_0_CELSIUS


def draw_arrhenius(
    line: Arrhenius, axes: Axes, *, intervals: Sequence[Estimate] = (), per_cm: bool = True
) -> Axes:
    """Draw σT (or σ) against 1000/T with the line and its 95 % band; °C on top.

    Parameters
    ----------
    line : Arrhenius
    axes : matplotlib.axes.Axes
        Where to draw.
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
    axes.plot(1000 / grid_kelvin, [f.value for f in fitted] * grid_scale, "-", color=BLUE, linewidth=1)
    if np.isfinite(line.activation_energy_ev.high):
        low, high = ([getattr(f, end) for f in fitted] * grid_scale for end in ("low", "high"))
        axes.fill_between(1000 / grid_kelvin, low, high, color=BLUE, alpha=0.2, linewidth=0)
    bars = None
    if intervals and all(np.isfinite(e.high) for e in intervals):
        bars = np.array([[e.value - e.low, e.high - e.value] for e in intervals]).T * scale
    axes.errorbar(
        1000 / kelvin,
        line.conductivity * scale,
        yerr=bars,
        fmt="o",
        color=BLUE,
        ms=3.5,
        capsize=1.5,
        label=_arrhenius_caption(line, per_cm),
    )
    quantity = ("σT (S·K/cm)" if with_t else "σ (S/cm)") if per_cm else ("T/R (K/Ω)" if with_t else "1/R (S)")
    axes.set(yscale="log", xlabel="1000/T (1/K)", ylabel=quantity)
    axes.legend()
    top = axes.secondary_xaxis("top", functions=(_celsius, _per_kelvin))
    top.set_xlabel("Temperature (°C)")
    top.set_xticks(_round_temperatures(line.temperature_c))
    return axes


def _arrhenius_caption(line: Arrhenius, per_cm: bool) -> str:
    energy, room = line.activation_energy_ev, line.at(REFERENCE_C).value
    spread = f" ± {energy.high - energy.value:.3f}" if np.isfinite(energy.high) else ""
    at_room = f"{'σ' if per_cm else '1/R'}(25 °C) = {room:.2e} {'S/cm' if per_cm else 'S'}"
    return f"$E_a$ = {energy.value:.3f}{spread} eV (95 %)\n{at_room}"


def _celsius(per_kelvin: ArrayLike) -> NDArray[np.floating]:
    return 1000.0 / np.maximum(np.asarray(per_kelvin, dtype=float), 1e-6) - KELVIN_AT_0_CELSIUS


def _per_kelvin(celsius: ArrayLike) -> NDArray[np.floating]:
    return 1000.0 / np.maximum(np.asarray(celsius, dtype=float) + KELVIN_AT_0_CELSIUS, 1e-6)


def _round_temperatures(temperature_c: NDArray[np.float64]) -> NDArray[np.float64]:
    step = next((s for s in (5, 10, 20, 25, 50, 100) if np.ptp(temperature_c) / s <= 6), 200)
    first = step * np.ceil(temperature_c.min() / step)
    return np.arange(first, temperature_c.max() + 0.5 * step, step)


def plot_pellets(series: PelletSeries, ax: Axes | Figure | None = None) -> Axes:
    """Draw the Arrhenius line of the σT form with its 95 % band."""
    with figure_style():
        if not isinstance(ax, Axes):
            ax = canvas(ax, (COLUMN_IN, 2.8), layout="constrained").add_subplot()
        return draw_arrhenius(
            series.lines[0], ax, intervals=series.conductivity, per_cm=series.pellet is not None
        )
