import numpy as np
import pytest

from screening.errors import InputError
from screening.lab.impedance import zarc
from screening.lab.impedance.drt import deconvolve
from screening.lab.impedance.processes import assign
from screening.lab.impedance.refit import fit_zarcs
from screening.lab.impedance.windows import Window, Windows
from screening.simulate.impedance import Circuit, Zarc, frequencies_hz, measure

CELL = Circuit(
    10.0, 1e-7, (Zarc(30, 1e-7, 0.9), Zarc(20, 1e-5, 0.9), Zarc(15, 0.3, 0.85), Zarc(8, 1e-3, 0.9))
)


def spectra(count=6, circuit=CELL):
    rng = np.random.default_rng(8)
    return [
        measure(circuit, frequencies_hz(), relative_noise=0.005, rng=rng, time_s=60.0 * i)
        for i in range(count)
    ]


def test_each_process_gets_the_sum_of_its_elements():
    processes = assign(fit_zarcs(deconvolve(spectra())))
    assert processes.method == "refit"
    for name, value in {"tau1": 30.0, "tau2": 20.0, "tau4": 15.0}.items():
        found = np.median(processes.resistance_ohm[:, processes.windows.index(name)])
        assert found == pytest.approx(value, rel=0.05)
    # the process at 1 ms lies in no window, and is not lost
    assert np.median(processes.outside_ohm) == pytest.approx(8.0, rel=0.1)
    assert processes.total_ohm == pytest.approx(np.full(6, CELL.total_ohm), rel=0.02)


def test_each_window_gets_its_area_of_the_true_distribution():
    """A window cuts the tails of an arc: the truth to compare with is the true γ over the same window."""
    processes = assign(deconvolve(spectra()))
    assert processes.method == "area"
    for name in ("tau1", "tau2", "tau4"):
        k = processes.windows.index(name)
        ln_tau = np.linspace(*processes.windows.ln_bounds[:, k], 2001)
        gamma = sum(e.resistance_ohm * zarc.density(ln_tau - np.log(e.tau_s), e.phi) for e in CELL.elements)
        truth = np.trapezoid(gamma, ln_tau)
        assert np.median(processes.resistance_ohm[:, k]) == pytest.approx(truth, rel=0.1)
    assert np.median(processes.total_ohm) == pytest.approx(CELL.total_ohm, rel=0.02)


def test_nothing_is_counted_twice_or_lost_in_the_areas():
    drt = deconvolve(spectra(2))
    everywhere = Windows((Window("low", "", 1e-12, 1e-4), Window("high", "", 1e-4, 1e4)))
    processes = assign(drt, everywhere)
    assert processes.outside_ohm == pytest.approx(np.zeros(2), abs=1e-9)
    assert processes.resistance_ohm.sum(axis=1) == pytest.approx(drt.polarisation_ohm)


def test_a_tracked_process_stays_in_one_window_though_its_tau_scatters_over_a_bound():
    cell = Circuit(10.0, 1e-7, (Zarc(30, 1e-7, 0.9), Zarc(4, 1.75e-5, 0.9)))
    refit = fit_zarcs(deconvolve(spectra(10, cell)))
    processes = assign(refit)
    home = [processes.windows.index(name) for name in ("tau2", "tau3")]
    taken = (processes.resistance_ohm[:, home] > 0).any(axis=0)
    assert taken.sum() == 1
    window = home[int(taken.argmax())]
    assert processes.edge[:, window].any()


def test_the_sum_of_windows_that_cannot_be_told_apart_has_a_small_error():
    """tau2 and tau3 as the paper has them: half a decade apart, each vague, together sure to 2 %."""
    cell = Circuit(10.0, 1e-7, (Zarc(30, 1e-7, 0.9), Zarc(20, 1e-5, 0.9), Zarc(15, 10**-4.5, 0.9)))
    refit = fit_zarcs(deconvolve(spectra(20, cell)), tracked=False)
    processes = assign(refit)
    sums = processes.sums_frame()
    assert sums.windows.unique().tolist() == ["tau2 + tau3"]
    assert sums.resistance_ohm.to_numpy() == pytest.approx(np.full(20, 35.0), abs=2.0)
    held = (sums.resistance_low_ohm <= 35.0) & (sums.resistance_high_ohm >= 35.0)
    assert held.sum() >= 17  # of 20 at 95 %: fewer has a probability below 2 %
    assert np.median(sums.resistance_high_ohm - sums.resistance_low_ohm) < 4.0
    assert np.median(processes.resistance_sd_ohm[:, processes.windows.index("tau3")]) > 3.0


def test_a_process_past_the_lowest_frequency_is_a_bound():
    cell = Circuit(10.0, 1e-7, (Zarc(30, 1e-7, 0.9), Zarc(20, 5.0, 0.9)))
    drt = deconvolve(spectra(2, cell))
    for source in (drt, fit_zarcs(drt)):
        processes = assign(source)
        assert processes.unclosed[:, processes.windows.index("tau5")].all()
        assert not processes.unclosed[:, processes.windows.index("tau1")].any()


def test_area_and_interfaces_enter_the_table_openly():
    from dataclasses import replace

    cells = [replace(s, area_cm2=0.785) for s in spectra(2)]
    frame = assign(deconvolve(cells), interfaces=2).to_frame()
    assert frame.resistance_ohm_cm2.to_numpy() == pytest.approx(frame.resistance_ohm * 0.785 / 2)
    assert set(frame.interfaces) == {2}
    assert assign(deconvolve(spectra(1))).to_frame().resistance_ohm_cm2.isna().all()


def test_intervals_enclose_and_are_not_negative():
    processes = assign(deconvolve(spectra(2)))
    low, high = processes.resistance_interval_ohm
    np.testing.assert_allclose(high - processes.resistance_ohm, 1.959964 * processes.resistance_sd_ohm)
    assert (low >= 0).all()
    assert (low <= processes.resistance_ohm).all()
    assert (processes.resistance_ohm <= high).all()


def test_totals_report_the_series_resistance_with_its_unresolved_part():
    frame = assign(deconvolve(spectra(3))).totals_frame()
    assert (frame.r_inf_and_unresolved_ohm >= frame.r_inf_ohm).all()
    # the arc at 1e-7 s has a tenth of its resistance, 3 Ω, before 1/ω_max: between none and all of it
    assert 9.5 < np.median(frame.r_inf_and_unresolved_ohm) < 13.5


def test_no_interface_is_refused():
    with pytest.raises(InputError, match="0 interfaces"):
        assign(deconvolve(spectra(1)), interfaces=0)
