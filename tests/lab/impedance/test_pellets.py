"""Spectra that no stable cell can have given do not reach an activation energy unasked."""

import numpy as np
import pytest

from screening.errors import InputError
from screening.lab.impedance.pellets import pellet_series
from screening.lab.impedance.spectrum import Spectrum
from screening.units import BOLTZMANN_EV_PER_K, KELVIN_AT_0_CELSIUS

FREQUENCY = np.geomspace(1e6, 1.0, 43)
ENERGY_EV = 0.38


def blocked(temperature_c, *, drifts=False):
    """A pellet between blocking electrodes; one that drifts doubles during the sweep."""
    kelvin = temperature_c + KELVIN_AT_0_CELSIUS
    resistance = 1e-4 * kelvin * np.exp(ENERGY_EV / (BOLTZMANN_EV_PER_K * kelvin))
    s = 2j * np.pi * FREQUENCY
    z = resistance + 1.0 / (1e-6 * s**0.9)
    factor = 1.0 + (np.arange(FREQUENCY.size) // 4 % 2 if drifts else 0.0)
    return Spectrum(FREQUENCY, z * factor, temperature_c=temperature_c, label=f"at {temperature_c:g}")


def test_spectra_that_fail_the_test_are_left_out_and_named():
    sound = [blocked(t) for t in (0.0, 20.0, 40.0)]
    bad = blocked(60.0, drifts=True)
    series = pellet_series([*sound, bad], circuit="R-CPE")
    assert series.spectra == tuple(sound)
    assert series.lines[0].activation_energy_ev.value == pytest.approx(ENERGY_EV, abs=1e-3)
    (line,) = series.left_out
    assert line.startswith("at 60 at 60 °C fails the Kramers-Kronig test (largest residual")
    kept = pellet_series([*sound, bad], circuit="R-CPE", keep=True)
    assert (len(kept.spectra), kept.left_out) == (4, ())


def test_a_spectrum_that_the_circuit_does_not_describe_is_left_out_and_named():
    sound = [blocked(t) for t in (0.0, 20.0, 40.0)]
    s = 2j * np.pi * FREQUENCY
    z = 300.0 / (1.0 + 1e-5 * s) + 3e3 / (1.0 + 1e-2 * s)  # two arcs and no blocking electrode
    other = Spectrum(FREQUENCY, z, temperature_c=60.0, label="other")
    series = pellet_series([*sound, other], circuit="R-CPE")
    assert series.lines[0].activation_energy_ev.value == pytest.approx(ENERGY_EV, abs=1e-3)
    (line,) = series.left_out
    assert line.startswith("other at 60 °C: circuit R-CPE misses it by") and line.endswith("left out")
    kept = pellet_series([*sound, other], circuit="R-CPE", keep=True)
    assert (len(kept.spectra), kept.left_out) == (4, ())
    assert kept.fits[-1].relative_rms > 0.2
    with pytest.raises(InputError, match="misses it by"):
        pellet_series([sound[0], other], circuit="R-CPE")


def test_two_temperatures_leave_no_interval_and_that_is_said():
    said = "\n".join(pellet_series([blocked(0.0), blocked(40.0)], circuit="R-CPE").display().notes)
    assert "2 temperatures give a line and no interval; measure at three or more" in said
    assert "Ea = 0.3800 (no interval) eV" in said
    assert "inf" not in said
    said = "\n".join(pellet_series([blocked(t) for t in (0.0, 20.0, 40.0)], circuit="R-CPE").display().notes)
    assert "no interval" not in said


def test_too_few_that_pass_are_refused():
    with pytest.raises(InputError, match="2 of 3 spectra fail the Kramers-Kronig test, and the others hold"):
        pellet_series([blocked(0.0), blocked(20.0, drifts=True), blocked(40.0, drifts=True)], circuit="R-CPE")


def with_boundaries(temperature_c):
    """A pellet whose grain boundaries show as an arc."""
    grains = blocked(temperature_c)
    resistance = grains.z_ohm.real.min()
    arc = resistance / (1.0 + (2j * np.pi * FREQUENCY * 1e-5) ** 0.9)
    return Spectrum(FREQUENCY, grains.z_ohm + arc, temperature_c=temperature_c, label=grains.label)


def test_a_spectrum_that_cannot_be_fitted_is_left_out_and_named():
    sound = [with_boundaries(t) for t in (0.0, 20.0, 40.0)]
    short = Spectrum(FREQUENCY[:3], blocked(60.0).z_ohm[:3], temperature_c=60.0, label="short")
    series = pellet_series([*sound, short], circuit="R-p(R,CPE)-CPE", keep=True)
    assert [each.label for each in series.spectra] == [each.label for each in sound]
    assert len(series.tests) == 3
    (line,) = series.left_out
    assert line == "short at 60 °C: 3 points for the 6 parameters of R-p(R,CPE)-CPE; left out"
    with pytest.raises(InputError, match="3 points for the 6 parameters"):
        pellet_series([sound[0], short, short], circuit="R-p(R,CPE)-CPE", keep=True)
