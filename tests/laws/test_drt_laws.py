"""What a distribution of relaxation times must obey, whatever the numbers."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from screening.lab.impedance.drt import DrtOptions, deconvolve
from screening.lab.impedance.refit import fit_zarcs
from screening.lab.impedance.spectrum import Spectrum
from screening.simulate.impedance import Circuit, Zarc, frequencies_hz, measure

FREQUENCY = frequencies_hz(1e6, 0.1, 50)
OMEGA = 2 * np.pi * FREQUENCY
FIXED = DrtOptions(regularisation=1e-4)
SMALL = settings(max_examples=20, deadline=None)

resistances = st.floats(1e-3, 1e6)
log_taus = st.floats(-5.5, -0.5)
seeds = st.integers(0, 2**31)

PEAK_DECADES = 0.08
"""An RC peaks at RC to within half a step of the grid, 1/16 decade, and a little for λ."""

AREA_SHARE = 0.02
"""… and integrates to R to within 2 %: a δ is spread over a basis function, whose far side is less seen."""


def noisy(resistance, tau, seed, ratio=0.5):
    cell = Circuit(ratio * resistance, 0.0, (Zarc(resistance, tau, 0.9),))
    return measure(cell, FREQUENCY, relative_noise=0.005, rng=np.random.default_rng(seed))


@SMALL
@given(resistances, log_taus, st.floats(0.05, 5.0))
def test_one_rc_peaks_at_rc_and_integrates_to_r(resistance, log_tau, ratio):
    tau = 10.0**log_tau
    z = ratio * resistance + resistance / (1 + 1j * OMEGA * tau)
    drt = deconvolve([Spectrum(FREQUENCY, z)], DrtOptions(regularisation=1e-6))
    peak = drt.tau_s[drt.gamma_ohm[0].argmax()]
    assert abs(np.log10(peak / tau)) <= PEAK_DECADES
    around = np.log([tau / 30, tau * 30])
    area = drt.area_ohm(around[:1], around[1:])[0, 0]
    assert abs(area / resistance - 1) < AREA_SHARE


@SMALL
@given(resistances, log_taus, seeds)
def test_the_order_of_the_frequencies_does_not_matter(resistance, log_tau, seed):
    spectrum = noisy(resistance, 10.0**log_tau, seed)
    order = np.random.default_rng(seed).permutation(len(spectrum))
    shuffled = Spectrum(spectrum.frequency_hz[order], spectrum.z_ohm[order])
    assert np.array_equal(deconvolve([spectrum]).gamma_ohm, deconvolve([shuffled]).gamma_ohm)


@SMALL
@given(st.floats(1e-4, 1e4), log_taus, seeds)
def test_scaling_the_impedance_scales_the_distribution(factor, log_tau, seed):
    spectrum = noisy(10.0, 10.0**log_tau, seed)
    scaled = Spectrum(spectrum.frequency_hz, factor * spectrum.z_ohm)
    first, second = deconvolve([spectrum]), deconvolve([scaled])
    top = first.gamma_ohm.max()
    assert np.abs(second.gamma_ohm / factor - first.gamma_ohm).max() < 1e-5 * top
    assert abs(second.regularisation[0] / first.regularisation[0] - 1) < 1e-6


@SMALL
@given(log_taus, st.floats(0.1, 10.0), seeds)
def test_scaling_the_frequencies_shifts_the_distribution(log_tau, factor, seed):
    spectrum = noisy(10.0, 10.0**log_tau, seed)
    shifted = Spectrum(spectrum.frequency_hz * factor, spectrum.z_ohm)
    first, second = deconvolve([spectrum], FIXED), deconvolve([shifted], FIXED)
    assert np.allclose(second.tau_s * factor, first.tau_s)
    assert np.abs(second.gamma_ohm - first.gamma_ohm).max() < 1e-5 * first.gamma_ohm.max()


@SMALL
@given(st.floats(0.0, 100.0), log_taus, seeds)
def test_a_resistor_in_series_belongs_to_r_inf(extra, log_tau, seed):
    """With unit weights a series resistance changes no weight, so only R∞ may change."""
    spectrum = noisy(10.0, 10.0**log_tau, seed)
    more = Spectrum(spectrum.frequency_hz, spectrum.z_ohm + extra)
    # the scale of the data changes with the resistor, and λ is counted in it: compare the ends only
    options = DrtOptions(regularisation=1e-6, weights="unit")
    first, second = deconvolve([spectrum], options), deconvolve([more], options)
    whole = [d.r_inf_ohm[0] + d.polarisation_ohm[0] for d in (first, second)]
    assert abs(whole[1] - whole[0] - extra) < 0.05 * 10.0


@SMALL
@given(log_taus, seeds)
def test_the_distribution_and_its_terms_are_never_negative(log_tau, seed):
    drt = deconvolve([noisy(10.0, 10.0**log_tau, seed)])
    assert drt.gamma_ohm.min() >= 0
    assert drt.terms.min() >= 0


@SMALL
@given(log_taus, seeds)
def test_the_refit_describes_the_data_no_worse_than_the_truth(log_tau, seed):
    cell = Circuit(5.0, 0.0, (Zarc(10.0, 10.0**log_tau, 0.9),))
    spectrum = measure(cell, FREQUENCY, relative_noise=0.005, rng=np.random.default_rng(seed))
    refit = fit_zarcs(deconvolve([spectrum]))
    off = np.abs(cell.impedance(OMEGA) - spectrum.z_ohm) / np.abs(spectrum.z_ohm)
    truth = np.sqrt((off**2).mean() / 2)
    assert refit.relative_residual[0] <= truth * 1.0001
