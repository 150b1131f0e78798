import numpy as np
import pytest

from screening.lab.impedance.drt import deconvolve
from screening.lab.impedance.refit import fit_zarcs, peaks
from screening.lab.impedance.spectrum import Spectrum
from screening.simulate.impedance import Circuit, Zarc, frequencies_hz, measure

FREQUENCY = frequencies_hz()
TWO = (Zarc(20.0, 1e-5, 0.9), Zarc(15.0, 0.3, 0.85))
OVERLAPPING = (Zarc(30, 1e-7, 0.9), Zarc(8, 1e-6, 0.95), Zarc(20, 3e-5, 0.9), Zarc(25, 3.0, 0.85))


def draws(elements, count, seed=0, noise=0.005):
    rng = np.random.default_rng(seed)
    cell = Circuit(10.0, 1e-7, elements)
    return [measure(cell, FREQUENCY, relative_noise=noise, rng=rng, time_s=60.0 * i) for i in range(count)]


@pytest.mark.parametrize("elements", [TWO, OVERLAPPING], ids=["apart", "overlapping"])
def test_the_number_of_elements_and_their_values_are_recovered(elements):
    refit = fit_zarcs(deconvolve(draws(elements, 12)), tracked=False)
    found = refit.elements
    assert np.bincount(found.spectrum).tolist() == [len(elements)] * 12
    resistance = found.resistance_ohm.reshape(12, -1)
    truth = np.array([element.resistance_ohm for element in elements])
    assert np.median(resistance, axis=0) == pytest.approx(truth, rel=0.15)
    decades = np.log10(found.tau_s.reshape(12, -1)) - np.log10([element.tau_s for element in elements])
    assert np.abs(np.median(decades, axis=0)).max() < 0.06
    assert refit.terms[:, 1] == pytest.approx(np.full(12, 1e-7), rel=0.1)


def test_intervals_hold_the_truth_as_often_as_they_say():
    count = 60
    found = fit_zarcs(deconvolve(draws(TWO, count, seed=3)), tracked=False).elements
    low, high = found.resistance_interval_ohm
    truth = np.tile([20.0, 15.0], count)
    # 120 intervals at 95 %: fewer than 104 successes has a probability below 1e-3
    assert ((low <= truth) & (truth <= high)).sum() >= 104
    low, high = found.tau_interval_s
    truth = np.tile([1e-5, 0.3], count)
    assert ((low <= truth) & (truth <= high)).sum() >= 104


def test_a_fading_process_is_followed_to_zero():
    rng = np.random.default_rng(1)
    left = np.exp(-np.arange(30) / 6.0)
    series = [
        measure(
            Circuit(10, 1e-7, (Zarc(30, 1e-7, 0.9), Zarc(20 * x, 1e-5, 0.9), Zarc(15 * (1 - x), 0.3, 0.85))),
            FREQUENCY,
            relative_noise=0.005,
            rng=rng,
            time_s=3600.0 * i,
        )
        for i, x in enumerate(left)
    ]
    refit = fit_zarcs(deconvolve(series))
    found = refit.elements
    assert refit.tracked
    resistance, sd = (x.reshape(30, 3) for x in (found.resistance_ohm, found.resistance_sd_ohm))
    truth = np.stack([np.full(30, 30.0), 20 * left, 15 * (1 - left)], axis=1)
    assert (np.abs(resistance - truth) < 4.5 * sd + 1e-9).all()
    assert np.abs(resistance - truth).max() < 1.5
    detected = found.detected.reshape(30, 3)
    assert detected[0, 1]
    assert not detected[-1, 1] or left[-1] * 20 > 3 * sd[-1, 1]
    assert not detected[0, 2]
    assert detected[-1, 2]


def test_a_process_that_comes_and_goes_between_the_scouts_is_found():
    rng = np.random.default_rng(2)
    height = 12.0 * np.exp(-(((np.arange(60) - 33) / 1.2) ** 2))
    series = [
        measure(Circuit(10, 0, (TWO[0], Zarc(x, 0.01, 0.9))), FREQUENCY, relative_noise=0.005, rng=rng)
        for x in height
    ]
    found = fit_zarcs(deconvolve(series)).elements
    assert found.track.max() == 2
    assert found.resistance_ohm.reshape(60, 2)[33, 1] == pytest.approx(12.0, rel=0.1)


def test_an_element_past_the_lowest_frequency_is_flagged():
    cell = (Zarc(20.0, 1e-5, 0.9), Zarc(25.0, 4.0, 0.9))
    refit = fit_zarcs(deconvolve(draws(cell, 2)))
    assert refit.unclosed.reshape(2, 2).tolist() == [[False, True]] * 2
    assert not refit.unresolved.any()


def test_a_plain_resistor_has_no_element():
    rng = np.random.default_rng(0)
    spectrum = measure(Circuit(50.0, 0.0, ()), FREQUENCY, relative_noise=0.005, rng=rng)
    refit = fit_zarcs(deconvolve([spectrum]))
    assert refit.elements.spectrum.size == 0
    assert refit.to_frame().empty
    assert refit.terms[0, 0] == pytest.approx(50.0, rel=0.01)


def test_hostile_spectra_end_with_an_honest_residual():
    omega = 2 * np.pi * FREQUENCY
    inductive = Spectrum(FREQUENCY, 1e-6j * omega)
    negative = Spectrum(FREQUENCY, -Circuit(10.0, 0.0, TWO).impedance(omega))
    refit = fit_zarcs(deconvolve([inductive, negative]), tracked=False)
    assert refit.relative_residual[0] < 0.01
    assert refit.relative_residual[1] > 0.5


def test_peaks_are_sorted_by_area_and_scaled_by_the_modulus():
    drt = deconvolve(draws(TWO, 1, noise=1e-4))
    found = peaks(drt)[0]
    assert found[:2, 0] == pytest.approx(np.log([1e-5, 0.3]), abs=0.3)
    scale = np.median(np.abs(drt.spectra[0].z_ohm))
    assert found[:2, 1] * scale == pytest.approx([20.0, 15.0], rel=0.2)
    assert (np.diff(found[:, 1]) <= 0).all()


def test_the_table_has_one_row_per_element():
    frame = fit_zarcs(deconvolve(draws(TWO, 3))).to_frame()
    assert len(frame) == 6
    assert (frame.resistance_low_ohm <= frame.resistance_ohm).all()
    assert (frame.resistance_ohm <= frame.resistance_high_ohm).all()
    assert (frame.tau_low_s < frame.tau_s).all()
