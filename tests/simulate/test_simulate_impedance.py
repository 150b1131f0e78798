import numpy as np
import pytest
from scipy.integrate import quad

from screening.errors import InputError
from screening.provenance import SIMULATED
from screening.simulate.impedance import (
    Circuit,
    FiniteWarburg,
    Gerischer,
    HavriliakNegami,
    Zarc,
    avrami,
    first_order,
    frequencies_hz,
    linear,
    measure,
    parabolic,
    rest_study,
)

ELEMENTS = [
    Zarc(20.0, 1e-3, 0.9),
    HavriliakNegami(20.0, 1e-3, 0.9, 0.7),
    Gerischer(20.0, 1e-3),
    FiniteWarburg(20.0, 1e-3),
]


@pytest.mark.parametrize("element", ELEMENTS, ids=lambda e: type(e).__name__)
def test_the_limits_are_the_resistance_and_nothing(element):
    slow, fast = element.impedance(np.array([1e-6, 1e14]))
    assert slow == pytest.approx(20.0, rel=1e-3)
    assert abs(fast) < 0.01


@pytest.mark.parametrize("element", ELEMENTS, ids=lambda e: type(e).__name__)
def test_elements_obey_kramers_and_kronig(element):
    """Z'' at one frequency from Z' at all, with the logarithmic kernel."""
    omega = 700.0

    def slope(y):
        step = 1e-4
        z = element.impedance(omega * np.exp(np.array([y - step, y + step]))).real
        return (z[1] - z[0]) / (2 * step) * np.log(1 / np.tanh(abs(y) / 2))

    found = (quad(slope, -30, 0, limit=400)[0] + quad(slope, 0, 30, limit=400)[0]) / np.pi
    assert found == pytest.approx(element.impedance(np.array([omega]))[0].imag, rel=2e-3)


def test_special_cases_fall_together():
    omega = 2 * np.pi * frequencies_hz()
    assert HavriliakNegami(5, 1e-3, 0.8, 1.0).impedance(omega) == pytest.approx(
        Zarc(5, 1e-3, 0.8).impedance(omega)
    )
    assert HavriliakNegami(5, 1e-3, 1.0, 0.5).impedance(omega) == pytest.approx(
        Gerischer(5, 1e-3).impedance(omega)
    )
    assert HavriliakNegami(5, 1e-3, 0.8, 1.0).peak_tau_s == pytest.approx(1e-3, rel=1e-3)


def test_noise_has_the_size_it_says():
    cell = Circuit(10.0, 1e-7, (Zarc(20.0, 1e-5, 0.9),))
    frequency = frequencies_hz(count=4000)
    spectrum = measure(cell, frequency, relative_noise=0.01, rng=np.random.default_rng(0))
    clean = cell.impedance(2 * np.pi * frequency)
    off = (spectrum.z_ohm - clean) / np.abs(clean)
    assert np.std(off.real) == pytest.approx(0.01, rel=0.05)
    assert np.std(off.imag) == pytest.approx(0.01, rel=0.05)


def test_every_simulated_spectrum_says_so():
    for spectrum in rest_study().spectra(0)[:3]:
        assert SIMULATED in spectrum.label
        assert spectrum.source == SIMULATED
        assert spectrum.metadata["origin"] == SIMULATED


@pytest.mark.parametrize("course", [first_order(5.0), avrami(5.0, 1.5), parabolic(9.0), linear(9.0)])
def test_reactions_start_whole_and_only_proceed(course):
    left = course(np.linspace(0, 100, 300))
    assert left[0] == 1.0
    assert (np.diff(left) <= 0).all()
    assert left[-1] == pytest.approx(0.0, abs=1e-6)


def test_the_shipped_study_has_five_per_cent_left_at_18_hours():
    study = rest_study()
    reacting = {p.name: p for p in study.processes if p.kinetics is not None}
    assert set(reacting) == {"tau2", "tau3", "tau4"}
    for process in reacting.values():
        left = (process.resistance_ohm(18 * 3600.0) - process.last_ohm) / (
            process.first_ohm - process.last_ohm
        )
        assert left == pytest.approx(0.05)


def test_the_same_seed_gives_the_same_series():
    study = rest_study()
    assert np.array_equal(study.spectra(3)[5].z_ohm, study.spectra(3)[5].z_ohm)
    assert not np.array_equal(study.spectra(3)[5].z_ohm, study.spectra(4)[5].z_ohm)


def test_impossible_frequencies_are_refused():
    with pytest.raises(InputError):
        frequencies_hz(1.0, 10.0)
