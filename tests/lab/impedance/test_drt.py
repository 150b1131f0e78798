import numpy as np
import pytest

from screening.errors import InputError
from screening.lab.impedance.drt import DrtOptions, deconvolve
from screening.lab.impedance.normal import Terms
from screening.lab.impedance.refit import fit_zarcs
from screening.lab.impedance.spectrum import Spectrum
from screening.simulate.impedance import Circuit, Zarc, frequencies_hz, measure

FREQUENCY = frequencies_hz()
CELL = Circuit(10.0, 1e-7, (Zarc(20.0, 1e-5, 0.9), Zarc(15.0, 0.3, 0.85)))


def spectra(count=3, noise=0.005, circuit=CELL, seed=0):
    rng = np.random.default_rng(seed)
    return [measure(circuit, FREQUENCY, relative_noise=noise, rng=rng, time_s=60.0 * i) for i in range(count)]


def test_two_arcs_are_found_where_they_are():
    drt = deconvolve(spectra())
    cut = np.log([1e-8, 1e-3, 10.0])
    area = drt.area_ohm(cut[:-1], cut[1:])
    assert area == pytest.approx(np.tile([20.0, 15.0], (3, 1)), rel=0.05)
    # before 1/ω_max a process and R∞ cannot be told apart, only their sum is measured
    assert drt.r_inf_ohm + drt.unresolved_ohm == pytest.approx(np.full(3, 10.0), rel=0.05)
    assert drt.terms[:, 1] == pytest.approx(np.full(3, 1e-7), rel=0.15)
    assert (drt.gamma_ohm >= 0).all()
    assert not drt.poor_fit.any()


def test_the_residual_is_the_noise_and_the_fit_is_the_model():
    drt = deconvolve(spectra())
    assert drt.relative_residual == pytest.approx(np.full(3, 0.005), rel=0.25)
    z = drt.spectra[0].z_ohm
    omega = drt.spectra[0].angular_frequency
    fitted = drt.options.terms.columns(omega) @ drt.terms[0]
    fitted = fitted + drt.basis.kernel(omega) @ drt.coefficients_ohm[0]
    relative = np.abs(fitted - z) / np.abs(z)
    assert np.sqrt((relative**2).mean() / 2) == pytest.approx(drt.relative_residual[0])


def test_one_strength_of_smoothing_serves_the_series_and_is_stored():
    drt = deconvolve(spectra())
    assert np.ptp(drt.regularisation) == 0
    assert drt.regularisation[0] > 0
    own = deconvolve(spectra(), DrtOptions(per_spectrum=True))
    assert np.ptp(own.regularisation) > 0
    assert deconvolve(spectra(), DrtOptions(regularisation=2e-3)).regularisation.tolist() == [2e-3] * 3


@pytest.mark.parametrize("options", [DrtOptions(regularisation="gcv"), DrtOptions(order=2)])
def test_other_settings_find_the_same_resistance(options):
    drt = deconvolve(spectra(), options)
    assert drt.polarisation_ohm + drt.r_inf_ohm == pytest.approx(np.full(3, 45.0), rel=0.03)


def test_unit_weights_suit_noise_of_constant_size():
    rng = np.random.default_rng(4)
    noise = 0.05 * (rng.normal(size=79) + 1j * rng.normal(size=79))
    z = CELL.impedance(2 * np.pi * FREQUENCY) + noise
    drt = deconvolve([Spectrum(FREQUENCY, z)], DrtOptions(weights="unit"))
    assert drt.polarisation_ohm[0] + drt.r_inf_ohm[0] == pytest.approx(45.0, rel=0.03)


def test_the_result_of_a_batch_is_that_of_its_members():
    together = deconvolve(spectra(), DrtOptions(regularisation=1e-3))
    alone = [deconvolve([spectrum], DrtOptions(regularisation=1e-3)) for spectrum in spectra()]
    assert together.gamma_ohm == pytest.approx(np.concatenate([one.gamma_ohm for one in alone]), abs=1e-8)


def test_spectra_on_different_frequencies_share_one_tau_grid():
    mixed = [*spectra(2), spectra(1)[0].without(range(0, 30))]
    drt = deconvolve(mixed)
    assert drt.gamma_ohm.shape == (3, drt.tau_s.size)
    cut = np.log([1e-3, 10.0])
    assert drt.area_ohm(cut[:1], cut[1:])[:, 0] == pytest.approx(np.full(3, 15.0), rel=0.1)


def unclosed_ohm(drt):
    """Area past 1/ω of the lowest frequency."""
    return drt.unclosed_ohm[0]


def test_a_blocking_electrode_needs_its_term():
    blocking = Circuit(50.0, 0.0, (Zarc(20.0, 1e-5, 0.9),))
    omega = 2 * np.pi * FREQUENCY
    z = blocking.impedance(omega) + 1.0 / (1e-5 * (1j * omega) ** 0.8)
    spectrum = Spectrum(FREQUENCY, z)
    plain = deconvolve([spectrum])
    assert unclosed_ohm(plain) > 0.5 * plain.polarisation_ohm[0]
    with_cpe = deconvolve([spectrum], DrtOptions(terms=Terms(cpe_exponent=0.8)))
    assert unclosed_ohm(with_cpe) < 0.01 * with_cpe.polarisation_ohm[0]
    assert with_cpe.terms[0, -1] == pytest.approx(1e5, rel=1e-3)
    assert with_cpe.polarisation_ohm[0] == pytest.approx(20.0, rel=0.05)


def test_a_series_capacitance_is_recovered():
    omega = 2 * np.pi * FREQUENCY
    spectrum = Spectrum(FREQUENCY, CELL.impedance(omega) + 1 / (1j * omega * 1e-3))
    drt = deconvolve([spectrum], DrtOptions(terms=Terms(capacitance=True)))
    assert drt.options.terms.names[2] == "inverse_capacitance_per_f"
    assert drt.terms[0, 2] == pytest.approx(1e3, rel=0.01)


def test_most_credible_intervals_hold_the_true_distribution():
    from screening.lab.impedance import zarc

    drt = deconvolve(spectra(8))
    y = drt.basis.ln_tau
    truth = 20 * zarc.density(y - np.log(1e-5), 0.9) + 15 * zarc.density(y - np.log(0.3), 0.85)
    low, high = drt.gamma_interval_ohm()
    assert (low <= drt.gamma_ohm + 1e-12).all()
    near = truth > 0.05 * truth.max()
    inside = ((low <= truth) & (truth <= high))[:, near].mean()
    assert inside > 0.8


def test_the_table_has_one_row_per_spectrum_and_tau():
    drt = deconvolve(spectra(2))
    frame = drt.to_frame()
    assert len(frame) == 2 * drt.tau_s.size
    assert frame.gamma_ohm.to_numpy() == pytest.approx(drt.gamma_ohm.ravel())
    assert frame.time_s.unique().tolist() == [0.0, 60.0]


def test_inductance_alone_gives_no_distribution():
    omega = 2 * np.pi * FREQUENCY
    drt = deconvolve([Spectrum(FREQUENCY, 1e-6j * omega)])
    assert drt.terms[0, 1] == pytest.approx(1e-6, rel=1e-3)
    assert drt.polarisation_ohm[0] < 1e-3 * np.median(np.abs(1e-6 * omega))


def test_a_negative_resistance_is_flagged_not_fitted():
    omega = 2 * np.pi * FREQUENCY
    drt = deconvolve([Spectrum(FREQUENCY, -CELL.impedance(omega))])
    assert drt.poor_fit[0]


@pytest.mark.parametrize(
    ("frequency", "z", "message"),
    [
        (FREQUENCY[:3], np.ones(3), "3 points are too few"),
        (FREQUENCY, np.zeros(79), r"\|Z\| is zero"),
        (FREQUENCY, np.where(np.arange(79) == 5, 0, 1.0), r"\|Z\| is zero at"),
    ],
)
def test_what_holds_no_distribution_is_refused(frequency, z, message):
    with pytest.raises(InputError, match=message):
        deconvolve([Spectrum(frequency, z, source="cell.csv")])


def test_no_spectrum_is_refused():
    with pytest.raises(InputError, match="no spectrum"):
        deconvolve([])


@pytest.mark.parametrize(
    "settings",
    [
        {"regularisation": "magic"},
        {"regularisation": -1.0},
        {"regularisation": float("nan")},
        {"order": 3},
        {"points_per_decade": 1},
        {"margin_decades": -1.0},
    ],
)
def test_impossible_settings_are_refused(settings):
    with pytest.raises(InputError):
        DrtOptions(**settings)


def test_unknown_weights_are_refused():
    with pytest.raises(InputError, match="unknown weights"):
        deconvolve(spectra(1), DrtOptions(weights="none"))


def test_three_points_of_the_mains_move_no_resistance():
    """8 % off at 50, 100 and 150 Hz: without them, and with their weight taken, the same arcs."""
    clean = spectra(6)
    hit = [np.abs(FREQUENCY - f).argmin() for f in (50.0, 100.0, 150.0)]
    disturbed = []
    for spectrum in clean:
        z = spectrum.z_ohm.copy()
        z[hit] *= np.array([1.08, 1.08, 0.92])
        disturbed.append(Spectrum(FREQUENCY, z))
    found = deconvolve(disturbed)
    lost = [np.flatnonzero(trust < 1.0).tolist() for trust in found.trust]
    assert lost == [sorted(hit)] * 6
    cut = np.log([1e-8, 1e-4, 1e-3, 0.03, 10.0])
    areas = [drt.area_ohm(cut[:-1], cut[1:]) for drt in (found, deconvolve(clean))]
    assert areas[0] == pytest.approx(areas[1], abs=0.15)
    elements = [fit_zarcs(drt).elements for drt in (found, deconvolve(clean))]
    strong = [one.resistance_ohm[one.detected] for one in elements]
    assert strong[0] == pytest.approx(strong[1], abs=0.3)


def test_no_point_of_an_undisturbed_spectrum_loses_weight():
    found = deconvolve(spectra(40))
    assert min(trust.min() for trust in found.trust) == 1.0
    blocking = Spectrum(FREQUENCY, 50.0 + 1.0 / (2e-6j * np.pi * FREQUENCY) ** 0.9)
    assert deconvolve([blocking]).trust[0].min() == 1.0
