"""What is printed of a refit: every element, whether it is there, and which part of a total is a bound."""

import numpy as np
import pytest

from screening.lab.impedance.analysis import analyse
from screening.lab.impedance.elements import element_rows, total_lines, tracked_elements
from screening.lab.impedance.spectrum import Spectrum
from screening.lab.outcomes import rest_outcomes
from screening.lab.readers.impedance import read_spectra

FREQUENCY = np.geomspace(1e6, 1.0, 61)


def spectrum(*elements, noise=2e-3, seed=0, time_s=None):
    """R∞ = 10 Ω and ZARC elements (R/Ω, τ/s, φ)."""
    s = 2j * np.pi * FREQUENCY
    z = 10.0 + sum(r / (1.0 + (s * tau) ** phi) for r, tau, phi in elements)
    random = np.random.default_rng(seed).normal(size=(2, FREQUENCY.size))
    z = z + noise * np.abs(z) * (random[0] + 1j * random[1])
    return Spectrum(FREQUENCY, z, label="cell", time_s=time_s)


@pytest.fixture(scope="module")
def open_ended():
    """An arc inside the measured range and one beyond it, in no window."""
    return analyse([spectrum((40.0, 1e-3, 0.9), (200.0, 1.0, 0.9))])


def test_every_element_is_listed_with_its_standing(open_ended):
    elements = tracked_elements(open_ended.refit)
    arc = min(elements, key=lambda e: abs(np.log(e.tau_s[0] / 1e-3)))
    assert (arc.detected, arc.closed) == (1, True)
    assert arc.interval_ohm[0] < 40.0 < arc.interval_ohm[1]
    slow = max((e for e in elements if e.detected), key=lambda e: e.tau_s[0])
    assert not slow.closed
    rows = element_rows(open_ended.refit)
    assert len(rows) == len(elements)
    assert any("not closed: R is a bound" in row["detected"] for row in rows)


def test_totals_name_what_is_not_closed_and_what_was_never_measured(open_ended):
    *_, total = total_lines(open_ended.processes, open_ended.refit)
    assert "Ω not closed at the slow end: a bound" in total
    assert "beyond the measured Z' of at most" in total
    closed = analyse([spectrum((40.0, 1e-3, 0.9))])
    *_, total = total_lines(closed.processes, closed.refit)
    assert "beyond the measured" not in total


def test_the_largest_measured_is_that_of_the_whole_series():
    slow = (200.0, 1.0, 0.9)
    found = analyse(
        [spectrum((r, 1e-3, 0.9), slow, seed=k, time_s=60.0 * k) for k, r in enumerate((40.0, 60.0, 50.0))]
    )
    *_, total = total_lines(found.processes, found.refit)
    largest = max(one.z_ohm.real.max() for one in found.drt.spectra)
    assert total.endswith(f"beyond the measured Z' of at most {largest:.3g} Ω in 3 of 3 spectra")


def test_an_element_that_is_not_there_has_no_name(open_ended):
    elements = tracked_elements(open_ended.refit)
    for row, element in zip(element_rows(open_ended.refit), elements, strict=True):
        assert (row["detected"] == "no") == (not element.detected)
        assert row["R (Ω)"].startswith("at most") == (not element.detected)
    there = open_ended.processes.detected
    window = open_ended.processes.windows.locate(open_ended.refit.elements.tau_s)
    for k in np.flatnonzero(there):
        assert open_ended.refit.elements.detected[window == k].any()


def test_an_element_that_slows_is_one_through_a_series():
    taus = np.geomspace(1e-4, 1e-3, 9)
    series = [spectrum((40.0, tau, 0.9), seed=k, time_s=3600.0 * k) for k, tau in enumerate(taus)]
    found = [e for e in tracked_elements(analyse(series).refit) if e.detected == len(series)]
    (arc,) = [e for e in found if max(e.resistance_ohm) > 30.0]
    assert arc.tau_s == pytest.approx((1e-4, 1e-3), rel=0.2)
    assert arc.resistance_ohm == pytest.approx((40.0, 40.0), rel=0.05)


def test_the_band_of_gamma_honours_that_gamma_is_not_negative(open_ended):
    drt = open_ended.drt
    low, high = drt.gamma_interval_ohm()
    assert (low >= 0.0).all()
    assert (low <= drt.gamma_ohm).all() and (drt.gamma_ohm <= high).all()
    deviation = drt.deviation_ohm(drt.basis.density(drt.basis.ln_tau))
    at_zero = drt.gamma_ohm < 1e-9 * drt.gamma_ohm.max()
    # half a normal distribution: the same 1.96 standard deviations hold 95 % of it
    np.testing.assert_allclose(high[at_zero], 1.959964 * deviation[at_zero], rtol=1e-3)


def test_a_sum_that_alone_is_certain_has_its_line():
    found = analyse([spectrum((20.0, 1e-5, 0.9), (15.0, 10**-4.5, 0.9), noise=5e-3)])
    (line,) = [note for note in found.display().notes if "the data give the sum" in note]
    assert line.startswith("tau2 + tau3: 3")
    assert found.tables()["sums"].windows.tolist() == ["tau2 + tau3"]


def test_a_drift_within_the_sweep_has_its_line():
    still = spectrum((40.0, 1e-3, 0.9), noise=5e-3)
    passed = np.cumsum(1.0 / FREQUENCY) / np.sum(1.0 / FREQUENCY)
    moved = Spectrum(FREQUENCY, still.z_ohm * (1.0 - 0.08 * passed), label="cell")
    (line,) = [note for note in analyse([moved]).display().notes if "within the sweep" in note]
    assert -9.0 < float(line.removeprefix("cell: Z changed by ").split("%")[0]) < -7.0
    assert not [note for note in analyse([still]).display().notes if "within the sweep" in note]


def test_what_is_not_closed_or_not_resolved_has_no_course_and_no_name(lab_data):
    found = analyse(read_spectra(lab_data / "ssb-fullcell" / "Sample2_PEIS_AtRest.csv"))
    notes = found.display().notes
    (total,) = [note for note in notes if note.startswith("total: not closed")]
    assert "a bound" in total
    assert not found.report.total.settled
    (tau6,) = [note for note in notes if note.startswith("window tau6: ")]
    assert tau6.startswith("window tau6: not resolved, ")
    assert tau6.endswith("no element of it is detected by itself")
    assert (found.tables()["spectra"]["unclosed_ohm"] > 50.0).all()
    remarks = rest_outcomes(found, "here").remarks
    assert any("no resistance ratio" in remark for remark in remarks)


def test_what_is_not_closed_is_said_of_its_window_and_of_the_total():
    """An arc at 1.2e-7 s, measured to 1 MHz: its window and the total have 40 Ω that were not closed."""
    found = analyse([spectrum((40.0, 1.2e-7, 0.95), (600.0, 1e-3, 0.9), noise=1e-3)])
    notes = found.display().notes
    (window,) = [note for note in notes if ", window tau1: " in note]
    assert window.endswith("unclosed")
    (total,) = [note for note in notes if note.startswith("total: ")]
    ohm, open_ohm, *_ = (float(part.split()[-1]) for part in total.split(" Ω")[:2])
    assert ohm == pytest.approx(650.0, abs=5.0)
    assert open_ohm == pytest.approx(40.0, abs=6.0)
    assert total.endswith("not closed at the fast end: a bound")


def test_what_lies_before_the_highest_frequency_is_counted_once():
    """An arc at 5e-9 s, measured to 1 MHz, in no window: it stands with R∞, not outside as well."""
    found = analyse([spectrum((600.0, 5e-9, 0.9))])
    with_r_inf, outside, total = total_lines(found.processes, found.refit)
    assert float(with_r_inf.split(": ")[1].split()[0]) == pytest.approx(610.0, rel=0.01)
    assert float(outside.split(": ")[1].split()[0]) < 5.0
    assert float(total.split(": ")[1].split()[0]) == pytest.approx(610.0, rel=0.01)


def test_what_the_fit_does_not_describe_has_no_total():
    z = spectrum((40.0, 1e-3, 0.9)).z_ohm
    exchanged = Spectrum(FREQUENCY, -z.imag - 1j * z.real, label="exchanged")
    found = analyse([exchanged])
    (line,) = total_lines(found.processes, found.refit)
    assert line.startswith("no total: γ misses the data by")
