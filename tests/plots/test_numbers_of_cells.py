"""Figures of cells hold the numbers of records that are known in advance, in the units of their axes."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from screening.lab.cycling.full import assess_full
from screening.lab.cycling.plating import assess_plating
from screening.lab.cycling.symmetric import SymmetricReport, assess_symmetric
from screening.lab.cycling.table import CyclingData, Flag, FlagKind, cycling_data_from_arrays
from screening.lab.impedance.analysis import analyse
from screening.lab.impedance.conductivity import Form, arrhenius
from screening.lab.impedance.kramers_kronig import kramers_kronig
from screening.lab.impedance.spectrum import Spectrum
from screening.plots.conductivity import draw_arrhenius
from screening.plots.cycling import (
    draw_efficiency,
    draw_overpotential,
    draw_resistance,
    draw_voltage,
    plating_figure,
    symmetric_figure,
)
from screening.plots.drt import plot_analysis
from screening.plots.fullcell import draw_capacity, draw_dqdv, full_cell_figure
from screening.plots.impedance import draw_nyquist, draw_residuals
from screening.simulate.full import FullCellTruth, simulate_full_cell
from screening.simulate.impedance import rest_study

SIMULATED = Flag(FlagKind.SIMULATED, "made by hand")


def hourly(volts: list[float], ampere: float = 1e-3) -> CyclingData:
    """Half-cycles of an hour, a row a minute, after one row at rest; current and voltage of one sign."""
    voltage = np.append(0.0, np.repeat(volts, 60))
    return cycling_data_from_arrays(
        60.0 * np.arange(len(voltage)), voltage, ampere * np.sign(voltage), cell="by hand"
    )


def four_half_cycles() -> SymmetricReport:
    """1 mA on 2 cm²: 50 mV one way and 30 mV the other."""
    return assess_symmetric(hourly([0.05, -0.03, 0.05, -0.03]).of_cell(area_cm2=2.0))


def empty() -> Axes:
    return Figure(figsize=(3.4, 3.0)).add_subplot()


def named(axes: Axes, label: str) -> np.ndarray:
    """Heights of the line of this name in the legend."""
    (line,) = [line for line in axes.lines if line.get_label() == label]
    return np.asarray(line.get_ydata(), dtype=float)


def test_four_half_cycles_of_an_hour_are_four_hours_of_voltage() -> None:
    axes = draw_voltage(empty(), four_half_cycles())
    time, voltage = axes.lines[0].get_data()
    assert (time[0], time[-1]) == (0.0, 4.0)
    assert (voltage.min(), voltage.max()) == (-0.03, 0.05)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Time (h)", "Voltage (V)")


def test_overpotential_and_resistance_of_four_half_cycles() -> None:
    axes = draw_overpotential(empty(), four_half_cycles())
    np.testing.assert_allclose(axes.lines[0].get_ydata(), [40.0, 40.0])  # (50 + 30)/2 mV
    assert axes.get_ylabel() == "Overpotential (mV)"
    axes = draw_resistance(empty(), four_half_cycles())
    np.testing.assert_allclose(named(axes, "I > 0"), [100.0, 100.0])  # 50 mV at 0.5 mA/cm²
    np.testing.assert_allclose(named(axes, "I < 0"), [60.0, 60.0])
    assert "Ω·cm²" in axes.get_ylabel()


def test_every_figure_of_a_simulated_cell_says_so() -> None:
    report = four_half_cycles()
    for flags, said in (((), False), ((SIMULATED,), True)):
        drawn = symmetric_figure(replace(report, data=report.data.with_flags(flags)))
        assert ("simulated" in drawn.axes[0].get_title(loc="left")) is said
        plated = assess_plating(stripped().with_flags(flags))
        assert ("simulated" in plating_figure(plated).axes[0].get_title(loc="left")) is said
        cycled = assess_full(replace(simulate_full_cell(FullCellTruth(cycles=1)), cell="a cell", flags=flags))
        assert ("simulated" in full_cell_figure(cycled).axes[0].get_title()) is said


def stripped() -> CyclingData:
    """Plated for an hour, stripped for 54 minutes to 1 V, twice."""
    block = [*[-0.03] * 60, *[0.03] * 52, 0.5, 1.0]
    voltage = np.array([0.0, *block, *block])
    return cycling_data_from_arrays(
        60.0 * np.arange(len(voltage)), voltage, 1e-3 * np.sign(voltage), cell="by hand"
    )


def test_an_efficiency_of_nine_tenths_is_drawn_at_90_percent() -> None:
    axes = draw_efficiency(empty(), assess_plating(stripped()))
    np.testing.assert_allclose(named(axes, "plain"), [90.0, 90.0])
    assert axes.get_ylabel() == "Plating efficiency (%)"


def test_charge_is_drawn_upwards_and_discharge_downwards_with_their_capacity_below() -> None:
    report = assess_full(simulate_full_cell(FullCellTruth(cycles=1)))
    axes = draw_dqdv(empty(), report)
    found = [np.trapezoid(line.get_ydata(), line.get_xdata()) for line in axes.lines[:2]]
    first = report.result.to_frame().iloc[0]
    expected = [first["charge_capacity_mah_per_g"], -first["discharge_capacity_mah_per_g"]]
    np.testing.assert_allclose(found, expected, rtol=0.03)
    assert axes.get_ylabel() == "dQ/dV (mAh/g/V)"


@pytest.mark.parametrize(
    ("volts", "order"), [([3.0, -2.0] * 2, "discharge/charge"), ([-2.0, 3.0] * 2, "charge/discharge")]
)
def test_the_efficiency_says_what_is_divided_by_what(volts: list[float], order: str) -> None:
    figure = Figure()
    voltage = np.append(0.0, np.repeat(volts, 60))
    data = cycling_data_from_arrays(60.0 * np.arange(len(voltage)), np.abs(voltage), 1e-3 * np.sign(voltage))
    draw_capacity(figure.add_subplot(), assess_full(data).result)
    (label,) = [axes.get_ylabel() for axes in figure.axes if "efficiency" in axes.get_ylabel()]
    assert order in label
    assert ("discharge/" in label) == (order == "discharge/charge")


def test_an_arrhenius_line_lies_over_the_inverse_kelvin() -> None:
    celsius = np.array([0.0, 25.0, 60.0])
    sigma = np.array([1e-4, 3e-4, 1.2e-3])
    axes = draw_arrhenius(arrhenius(celsius, sigma, Form.SIGMA_T), empty())
    line, points = axes.lines[0], axes.lines[1]
    np.testing.assert_allclose(points.get_xdata(), [1000 / 273.15, 1000 / 298.15, 1000 / 333.15])
    np.testing.assert_allclose(points.get_ydata(), sigma * (celsius + 273.15))
    x = np.asarray(line.get_xdata())
    assert (x.min(), x.max()) == pytest.approx((1000 / 336.15, 1000 / 270.15))
    (interval,) = axes.child_axes
    assert interval.get_xlabel() == "Temperature (°C)"
    np.testing.assert_allclose(interval.get_xticks(), [0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0])


def test_a_randles_arc_is_drawn_from_its_two_resistances() -> None:
    frequency = np.geomspace(1e6, 1e-2, 81)
    arc = Spectrum(frequency, 10.0 + 40.0 / (1.0 + 2j * np.pi * frequency * 40.0 * 1e-5))
    axes = draw_nyquist([arc], empty())
    x, y = (np.asarray(values) for values in axes.lines[0].get_data())
    assert (x.min(), x.max(), y.max()) == pytest.approx((10.0, 50.0, 20.0), rel=2e-3)
    assert y.min() >= 0.0
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Z′ (Ω)", "−Z″ (Ω)")
    test = kramers_kronig([replace(arc, z_ohm=arc.z_ohm * (1.0 + 0.004 * np.sin(np.arange(81))))])[0]
    axes = draw_residuals(test, empty())
    np.testing.assert_allclose(named(axes, "Δ′"), 100.0 * test.residual.real)
    np.testing.assert_allclose(named(axes, "Δ″"), 100.0 * test.residual.imag)
    assert "%" in axes.get_ylabel()


def test_one_panel_of_relaxation_times_says_simulated_as_the_whole_figure_does() -> None:
    spectra = rest_study().spectra(0)[:1]
    for known, said in ((spectra[0], True), (replace(spectra[0], metadata={}), False)):
        found = analyse([known], refit=False)
        for axes in (plot_analysis(found, empty()), plot_analysis(found, Figure())):
            assert ("simulated" in [text.get_text() for text in axes.texts]) is said
