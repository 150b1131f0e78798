import numpy as np
import pytest

from screening.errors import InputError
from screening.lab.impedance.circuits import (
    BLOCKING_CIRCUITS,
    PELLET,
    EquivalentCircuit,
    choose_circuit,
    fit_circuit,
)
from screening.lab.impedance.spectrum import Spectrum
from screening.lab.readers.impedance import read_spectra

FREQUENCY = np.geomspace(7e6, 1.0, 60)
TRUTH = {
    "L-R-CPE": [2e-7, 85.0, 3e-7, 0.85],
    "L-p(R,CPE)-CPE": [2e-7, 400.0, 2e-9, 0.9, 3e-7, 0.85],
    PELLET: [2e-7, 100.0, 900.0, 5e-9, 0.85, 3e-7, 0.9],
    "L-p(R,CPE)-p(R,CPE)-CPE": [1e-7, 500.0, 1e-10, 1.0, 2000.0, 1e-8, 0.9, 1e-6, 0.9],
    "L-R-p(R,C)-p(R,CPE)": [1e-7, 10.0, 20.0, 1e-7, 15.0, 1e-3, 0.9],
    "R-W": [50.0, 200.0],
}


def spectrum(name, noise=0.0, seed=0):
    z = EquivalentCircuit.parse(name).impedance()(FREQUENCY, np.array(TRUTH[name]))
    rng = np.random.default_rng(seed)
    return Spectrum(FREQUENCY, z * (1 + noise * (rng.standard_normal(60) + 1j * rng.standard_normal(60))))


@pytest.mark.parametrize("name", TRUTH)
def test_clean_spectra_give_their_circuit_back(name):
    fit = fit_circuit(spectrum(name), name)
    assert fit.relative_rms < 1e-5
    total = sum(v for v, e in zip(TRUTH[name], fit.circuit.elements, strict=True) if e == "R")
    assert fit.resistance_ohm.value == pytest.approx(total, rel=1e-4)
    if name.count("p(R") < 2:  # two arcs may change places
        found = [p.value for p in fit.parameters]
        np.testing.assert_allclose(found, TRUTH[name], rtol=1e-3)


@pytest.mark.parametrize("name", ["L-R-CPE", PELLET, "L-p(R,CPE)-p(R,CPE)-CPE"])
def test_the_impedance_is_that_of_impedance_py(name):
    fitting = pytest.importorskip("impedance.models.circuits.fitting")
    numbered, count = "", 0
    for part in name.replace("CPE", "Q").replace("R", "R#").replace("L", "L#").replace("Q", "CPE#"):
        numbered += str(count) if part == "#" else part
        count += part == "#"
    stacked = fitting.wrapCircuit(numbered, {})(FREQUENCY, *TRUTH[name])
    z = spectrum(name).z_ohm
    np.testing.assert_allclose(np.concatenate([z.real, z.imag]), stacked, rtol=1e-12)


def test_the_fit_is_that_of_impedance_py():
    circuits = pytest.importorskip("impedance.models.circuits")
    name = "L-p(R,CPE)-CPE"
    given = spectrum(name, 5e-3)
    peer = circuits.CustomCircuit("L0-p(R1,CPE1)-CPE2", initial_guess=[1e-7, 300, 1e-9, 0.95, 1e-7, 0.8])
    peer.fit(given.frequency_hz, given.z_ohm, weight_by_modulus=True)
    fit = fit_circuit(given, name)
    misfit = np.abs(peer.predict(given.frequency_hz) - given.z_ohm) / np.abs(given.z_ohm)
    # it stops a little before the minimum: its parameters span ten orders of magnitude, ours their logarithms
    assert fit.relative_rms <= np.sqrt(np.mean(misfit**2))
    assert all(p.low < value < p.high for p, value in zip(fit.parameters, peer.parameters_, strict=True))


def test_the_interval_of_the_resistance_covers_the_truth():
    name, noise, draws = "L-p(R,CPE)-CPE", 5e-3, 30
    fits = [fit_circuit(spectrum(name, noise, seed), name).resistance_ohm for seed in range(draws)]
    covered = sum(f.low <= TRUTH[name][1] <= f.high for f in fits)
    assert covered >= 25  # 28.5 expected; fewer than 25 in one of 170 runs
    assert max(f.high / f.low for f in fits) < 1.02


def test_what_the_data_do_not_tell_has_no_bounds():
    # far below its corner frequency an arc shows its resistance only
    low = FREQUENCY[FREQUENCY < 1e3]
    z = EquivalentCircuit.parse("p(R,CPE)").impedance()(low, np.array([100.0, 1e-13, 0.9]))
    fit = fit_circuit(Spectrum(low, z * (1 + 1e-4 * np.cos(np.arange(low.size)))), "p(R,CPE)")
    assert fit.resistance_ohm.high / fit.resistance_ohm.low < 1.01
    assert fit.parameters[1].high > 1e3 * fit.parameters[1].value


def test_an_arc_above_the_frequencies_measured_is_fitted_with_its_sum():
    """Its tail alone is seen: the fit crept along the valley between R and R of the arc, or left it open."""
    frequency = np.logspace(6.5, 0.0, 50)
    s, rng = 2j * np.pi * frequency, np.random.default_rng(0)
    held = []
    for ohm in (24.0, 45.0, 90.0, 200.0) * 5:
        z = ohm / (1.0 + (s * ohm * 1e-10) ** 0.95) + 1.0 / (1e-6 * s**0.85)
        z = z * (1.0 + 3e-3 * (rng.standard_normal(50) + 1j * rng.standard_normal(50)))
        resistance = fit_circuit(Spectrum(frequency, z)).resistance_ohm
        assert resistance.value == pytest.approx(ohm, rel=0.01)
        assert resistance.high < 1.02 * ohm
        held.append(resistance.low <= ohm <= resistance.high)
    assert sum(held) >= 17  # of 20 at 95 %


def test_the_series_chooses_one_circuit():
    series = [spectrum("L-p(R,CPE)-CPE", 5e-3, seed) for seed in range(2)]
    assert choose_circuit(series, BLOCKING_CIRCUITS[:3]) == "L-p(R,CPE)-CPE"


@pytest.mark.parametrize(
    "name", ["", "R-", "R-Q", "p(R)", "p(R,CPE", "R--CPE", "p(R,p(R,C))", "__import__('os')"]
)
def test_a_circuit_that_is_none_is_refused(name):
    with pytest.raises(InputError, match="not understood"):
        EquivalentCircuit.parse(name)


def test_what_cannot_be_fitted_is_refused():
    with pytest.raises(InputError, match="has no resistance"):
        fit_circuit(spectrum("R-W"), "L-CPE")
    with pytest.raises(InputError, match="3 points for the 7 parameters"):
        fit_circuit(Spectrum(FREQUENCY[:3], np.ones(3) + 0j), PELLET)


def test_odd_spectra_end_in_a_fit_or_an_error():
    for z in (-spectrum(PELLET).z_ohm, 1e-7j * FREQUENCY, np.full(60, 5 + 0j)):
        try:
            fit = fit_circuit(Spectrum(FREQUENCY, z))
        except InputError as error:
            assert "does not converge" in str(error)
        else:
            assert fit.resistance_ohm.value > 0
            assert np.isfinite(fit.bic)


def test_real_pellets(lab_data):
    expected = {25: 88, 15: 142, 5: 237, -5: 416, -15: 766, -25: 1468}
    for temperature, resistance in expected.items():
        (measured,) = read_spectra(lab_data / "lpscl-blocking" / f"peis_{temperature}C.mpr")
        assert fit_circuit(measured).resistance_ohm.value == pytest.approx(resistance, rel=2e-3)


def test_the_interval_of_a_plain_resistor_is_that_of_a_mean():
    # eight numbers about ±1 % of |Z|, one parameter
    z = 100.0 * (1.0 + 0.01 * np.array([1.0, -1.0, 1.0, -1.0]) + 0.01j * np.array([1.0, -1.0, -1.0, 1.0]))
    fit = fit_circuit(Spectrum(np.array([1e3, 1e2, 1e1, 1e0]), z), "R")
    x = np.log(fit.resistance_ohm.value)
    relative = (fit.resistance_ohm.value - z) / np.abs(z)
    slope = fit.resistance_ohm.value / np.abs(z)  # d residual / d ln R
    deviation = np.sqrt((np.abs(relative) ** 2).sum() / (2 * z.size - 1)) / np.sqrt((slope**2).sum())
    half = 2.36462 * deviation  # Student's t, seven degrees of freedom
    assert fit.resistance_ohm.value == pytest.approx(100.0, rel=1e-3)
    assert np.log(fit.resistance_ohm.high) - x == pytest.approx(half, rel=1e-3)
    assert x - np.log(fit.resistance_ohm.low) == pytest.approx(half, rel=1e-3)
