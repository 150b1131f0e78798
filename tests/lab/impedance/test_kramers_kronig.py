import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from screening.errors import InputError
from screening.lab.impedance.kramers_kronig import KramersKronigSettings, Verdict, kramers_kronig
from screening.lab.impedance.spectrum import Spectrum
from screening.lab.readers.impedance import read_spectra

FREQUENCY = np.geomspace(7e6, 0.1, 79)
S = 2j * np.pi * FREQUENCY
CHAIN_ERROR = 3e-3
"""Three RC elements a decade follow any constant-phase element to this part of |Z|."""

ELEMENTS = st.lists(
    st.tuples(st.floats(0.5, 2.0), st.floats(-7, 1), st.floats(0.7, 1.0)), min_size=1, max_size=4
)


def ladder(elements):
    """Sum of ZARC elements (log10 R, log10 tau, phi): passive, hence without violation."""
    return sum(10**r / (1 + (S * 10**tau) ** phi) for r, tau, phi in elements)


def one(z, **options):
    return kramers_kronig([Spectrum(FREQUENCY, z)], KramersKronigSettings(**options))[0]


def noisy(z, level, seed=0):
    rng = np.random.default_rng(seed)
    return z * (1 + level * (rng.standard_normal(z.size) + 1j * rng.standard_normal(z.size)))


@settings(derandomize=True, max_examples=12, deadline=None)
@given(ELEMENTS, st.floats(-9, -6), st.booleans())
def test_passive_circuits_pass(elements, inductance, blocking):
    z = 10 + ladder(elements) + 10**inductance * S + (1e4 / S**0.8 if blocking else 0)
    test = one(z)
    assert test.verdict is Verdict.PASSED
    assert test.left_out.size == 0
    assert test.largest_residual < CHAIN_ERROR


@settings(derandomize=True, max_examples=12, deadline=None)
@given(ELEMENTS)
def test_the_conjugate_of_a_relaxing_circuit_does_not_pass(elements):
    # the resistance in series is small, so that the imaginary part carries weight
    assert one((0.1 + ladder(elements)).conj()).verdict is not Verdict.PASSED


@settings(derandomize=True, max_examples=15, deadline=None)
@given(ELEMENTS, st.sampled_from([-1.0, 1e-3, 1e6]))
def test_scale_and_sign_change_nothing(elements, scale):
    z = noisy(10 + ladder(elements), 3e-3)
    plain, scaled = one(z), one(scale * z)
    assert plain.element_count == scaled.element_count
    assert plain.verdict == scaled.verdict
    np.testing.assert_allclose(scaled.residual, np.sign(scale) * plain.residual, atol=1e-9)
    np.testing.assert_allclose(scaled.z_fit_ohm, scale * plain.z_fit_ohm, rtol=1e-9)


@pytest.mark.parametrize("level", [1e-3, 3e-3, 5e-3])
def test_the_noise_is_found_and_does_not_fail_a_spectrum(level):
    z = 10 + ladder([(1.3, -5, 0.9), (1.2, -0.5, 0.85)])
    tests = [one(noisy(z, level, seed)) for seed in range(20)]
    assert np.median([t.noise for t in tests]) == pytest.approx(level, rel=0.15)
    assert sum(t.verdict is Verdict.PASSED for t in tests) >= 18  # 4 sigma in 158 numbers: 1 % a spectrum


def test_a_wrong_point_is_proposed_and_the_rest_passes():
    z = noisy(10 + ladder([(1.3, -5, 0.9), (1.2, -0.5, 0.85)]), 1e-3)
    for point in (5, 40, 78):
        wrong = z.copy()
        wrong[point] *= 1.2
        spectrum = Spectrum(FREQUENCY, wrong)
        test = kramers_kronig([spectrum])[0]
        assert test.verdict is Verdict.PASSED_IN_PART
        assert point in test.left_out
        assert test.left_out.size <= 2
        assert test.residual.size == len(spectrum) == 79  # proposed, not dropped
        assert kramers_kronig([spectrum.without(test.left_out)])[0].verdict is Verdict.PASSED


def test_drift_during_the_sweep_is_found_at_the_slow_end():
    elapsed = np.cumsum(1 / FREQUENCY)
    growing = 1 + 0.5 * elapsed / elapsed[-1]
    test = one(10 + growing * ladder([(1.3, -5, 0.9), (1.2, -0.5, 0.85)]))
    assert test.verdict is not Verdict.PASSED
    assert set(test.left_out) <= set(range(70, 79))


def test_an_unstable_system_fails():
    assert one(5 - 20 / (1 - S * 1e-3)).verdict is Verdict.FAILED  # pole in the right half-plane


def test_simple_elements_pass():
    for z in (1e-7 * S, 5 + 1 / (S * 1e-6), np.full(S.size, 3 + 0j), 5 + 1 / (1e-3 * S**0.5)):
        assert one(z).verdict is Verdict.PASSED


def test_a_batch_equals_single_tests_in_any_mixture_of_grids():
    z = 10 + ladder([(1.3, -5, 0.9)])
    spectra = [
        Spectrum(FREQUENCY[: 79 - 20 * (k % 2)], noisy(z, 2e-3, k)[: 79 - 20 * (k % 2)]) for k in range(6)
    ]
    together = kramers_kronig(spectra)
    for spectrum, batched in zip(spectra, together, strict=True):
        single = kramers_kronig([spectrum])[0]
        assert single.element_count == batched.element_count
        np.testing.assert_allclose(single.residual, batched.residual, atol=1e-12)


def test_too_few_points_are_indeterminate_not_passed():
    for n in (2, 3, 5):
        test = kramers_kronig([Spectrum(FREQUENCY[:n], 10 + 1 / S[:n])])[0]
        assert test.verdict is Verdict.INDETERMINATE
        assert test.left_out.size == 0
    with pytest.raises(InputError, match="impedance of zero"):
        one(np.zeros(79, dtype=complex))


def test_real_spectra(lab_data):
    spectra = [s for path in sorted((lab_data / "lpscl-blocking").glob("*.mpr")) for s in read_spectra(path)]
    tests = kramers_kronig(spectra)
    assert [t.verdict for t in tests] == [Verdict.PASSED] * 6
    assert max(t.noise for t in tests) < 1e-3
    conjugates = [Spectrum(s.frequency_hz, s.z_ohm.conj()) for s in spectra]
    assert Verdict.PASSED not in [t.verdict for t in kramers_kronig(conjugates)]


@pytest.mark.parametrize("count", [10, 16, 24])
def test_the_chain_is_that_of_impedance_py(count, monkeypatch):
    validation = pytest.importorskip("impedance.validation")
    # under numpy 2 it evaluates a text with numbers written np.float64(…), without knowing np
    monkeypatch.setitem(validation.circuit_elements, "np", np)
    z = noisy(10 + ladder([(1.3, -5, 0.9), (1.2, -0.5, 0.85)]) + 1e-7 * S, 2e-3)
    _, mu, _, real, imaginary = validation.linKK(FREQUENCY, z, c=None, max_M=count, fit_type="complex")
    per_decade = (count - 0.5) / np.log10(FREQUENCY[0] / FREQUENCY[-1])
    test = one(
        z, margin_decades=0.0, capacitance=False, fewest_per_decade=per_decade, most_per_decade=per_decade
    )
    assert test.element_count == count
    assert test.mu == pytest.approx(mu, rel=1e-6)
    np.testing.assert_allclose(test.residual.real, real, atol=1e-9)
    np.testing.assert_allclose(test.residual.imag, imaginary, atol=1e-9)
