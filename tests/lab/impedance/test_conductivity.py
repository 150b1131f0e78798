import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from screening.errors import InputError
from screening.lab.impedance.circuits import fit_circuit
from screening.lab.impedance.conductivity import Form, Pellet, arrhenius
from screening.lab.impedance.estimate import Estimate
from screening.lab.readers.impedance import read_spectra, temperature_from_name

BOLTZMANN = 8.617333262e-5  # CODATA 2018, eV/K
KELVIN = 273.15
TEMPERATURES = np.array([-25.0, -5.0, 15.0, 35.0, 65.0])


def law(energy, ln_a, form, temperature_c=TEMPERATURES):
    kelvin = temperature_c + KELVIN
    return np.exp(ln_a - energy / (BOLTZMANN * kelvin)) / (kelvin if form is Form.SIGMA_T else 1.0)


def test_the_conductivity_of_a_known_pellet():
    pellet = Pellet.from_mm(thickness_mm=0.7, diameter_mm=10)
    assert pellet.area_cm2 == pytest.approx(0.7854, rel=1e-4)
    sigma = pellet.conductivity(Estimate(89.13, 80.0, 100.0))
    assert sigma.value == pytest.approx(1e-3, rel=1e-3)  # 0.07 cm / (89.13 Ω · 0.7854 cm²)
    assert sigma.low < sigma.value < sigma.high
    assert sigma.high * 80.0 == pytest.approx(sigma.value * 89.13)
    unbounded = pellet.conductivity(Estimate(89.0, 0.0, np.inf))
    assert (unbounded.low, unbounded.high) == (0.0, np.inf)


@settings(derandomize=True, max_examples=50, deadline=None)
@given(st.floats(0.1, 1.0), st.floats(-5, 25), st.sampled_from(list(Form)), st.floats(-80, 150))
def test_an_exact_line_is_recovered_and_predicted(energy, ln_a, form, temperature):
    line = arrhenius(TEMPERATURES, law(energy, ln_a, form), form)
    assert line.activation_energy_ev.value == pytest.approx(energy, rel=1e-8)
    assert line.ln_prefactor.value == pytest.approx(ln_a, rel=1e-6, abs=1e-6)
    exact = law(energy, ln_a, form, np.array([temperature]))[0]
    assert line.at(temperature).value == pytest.approx(exact, rel=1e-6)


@settings(derandomize=True, max_examples=30, deadline=None)
@given(st.floats(0.2, 0.6), st.floats(1e-6, 1e6), st.permutations(range(5)))
def test_geometry_and_order_do_not_touch_the_energy(energy, factor, order):
    sigma = law(energy, 12.0, Form.SIGMA_T)
    plain = arrhenius(TEMPERATURES, sigma).activation_energy_ev
    other = arrhenius(TEMPERATURES[order], factor * sigma[order]).activation_energy_ev
    assert other.value == pytest.approx(plain.value, rel=1e-9)


def test_the_two_forms_differ_by_the_thermal_energy():
    sigma = law(0.38, 12.0, Form.SIGMA_T)
    difference = (
        arrhenius(TEMPERATURES, sigma, Form.SIGMA_T).activation_energy_ev.value
        - arrhenius(TEMPERATURES, sigma, Form.SIGMA).activation_energy_ev.value
    )
    mean_kelvin = 1 / np.mean(1 / (TEMPERATURES + KELVIN))
    assert difference == pytest.approx(BOLTZMANN * mean_kelvin, rel=0.02)  # 0.024 eV


def test_the_intervals_cover_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(0)
    draws, scatter = 600, 0.05
    truth = law(0.4, 12.0, Form.SIGMA_T, np.array([25.0, 40.0]))
    hits = np.zeros(3)
    for _ in range(draws):
        sigma = law(0.4, 12.0, Form.SIGMA_T) * np.exp(scatter * rng.standard_normal(5))
        line = arrhenius(TEMPERATURES, sigma)
        new = truth[1] * np.exp(scatter * rng.standard_normal())
        inside = (
            (line.activation_energy_ev, 0.4),
            (line.at(25), truth[0]),
            (line.at(40, of_new_measurement=True), new),
        )
        hits += [estimate.low <= value <= estimate.high for estimate, value in inside]
    # binomial, 600 draws at 0.95: standard deviation 0.009
    assert np.all(np.abs(hits / draws - 0.95) < 0.03)


def test_two_temperatures_give_a_line_without_an_interval():
    line = arrhenius([0, 50], law(0.4, 12, Form.SIGMA_T, np.array([0.0, 50.0])))
    assert line.activation_energy_ev.value == pytest.approx(0.4, rel=1e-8)
    assert (line.activation_energy_ev.low, line.activation_energy_ev.high) == (-np.inf, np.inf)
    assert (line.at(25).low, line.at(25).high) == (0.0, np.inf)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: arrhenius([25, 25], [1e-3, 1e-3]), r"1 temperature\(s\) for 2"),
        (lambda: arrhenius([25, 35, 45], [1e-3, 2e-3]), r"3 temperature\(s\) for 2"),
        (lambda: arrhenius([25, 35], [1e-3, 0.0]), "conductivity of 0 at 35 °C"),
        (lambda: arrhenius([25, 35], [1e-3, np.nan]), "conductivity of nan at 35 °C"),
        (lambda: arrhenius([25, -300], [1e-3, 1e-4]), "temperature of -300 °C"),
        (lambda: Pellet.from_mm(0, 10), "thickness of 0"),
        (lambda: Pellet.from_mm(1, -10), "diameter of -10"),
        (lambda: Pellet(0.1, 0.8).conductivity(Estimate(-5, -6, -4)), "resistance of -5 ohm"),
    ],
)
def test_what_makes_no_line_is_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_real_pellets_give_the_activation_energy(lab_data):
    paths = sorted((lab_data / "lpscl-blocking").glob("*.mpr"))
    temperatures = [temperature_from_name(path.name) for path in paths]
    conductance = [1 / fit_circuit(read_spectra(path)[0]).resistance_ohm.value for path in paths]
    line = arrhenius(temperatures, conductance)
    assert line.activation_energy_ev.value == pytest.approx(0.383, abs=0.01)
    assert line.activation_energy_ev.high - line.activation_energy_ev.low < 0.01
    assert arrhenius(temperatures, conductance, Form.SIGMA).activation_energy_ev.value == pytest.approx(
        0.359, abs=0.01
    )


@pytest.mark.parametrize(("count", "student"), [(3, 12.706), (4, 4.303), (5, 3.182), (12, 2.228)])
def test_intervals_are_those_of_the_table_of_students_t(count, student):
    """Two-sided, 95 %, n - 2 degrees of freedom."""
    celsius = np.linspace(0.0, 60.0, count)
    sigma = law(0.4, 12.0, Form.SIGMA, celsius) * np.exp(0.05 * (-1.0) ** np.arange(count))
    line = arrhenius(celsius, sigma, Form.SIGMA)
    x = 1.0 / (8.617333262e-5 * (celsius + 273.15))
    slope_sd = line.residual_deviation / np.sqrt(((x - x.mean()) ** 2).sum())
    energy = line.activation_energy_ev
    assert (energy.high - energy.low) / 2.0 / slope_sd == pytest.approx(student, abs=6e-4)


def test_a_pellet_of_ten_millimetres_has_an_area_of_0_785():
    pellet = Pellet.from_mm(1.0, 10.0)
    assert (pellet.thickness_cm, pellet.area_cm2) == pytest.approx((0.1, 0.785398))
