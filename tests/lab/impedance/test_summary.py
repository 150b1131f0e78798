import numpy as np
import pytest

from screening.errors import InputError
from screening.lab.impedance.pellets import pellet_series
from screening.lab.impedance.spectra import Spectra
from screening.lab.impedance.spectrum import Spectrum

FREQUENCY = np.geomspace(1e6, 1, 40)
S = 2j * np.pi * FREQUENCY
ORDINARY = 5 + 20 / (1 + S * 1e-3)


def test_an_ordinary_spectrum_gives_no_remark():
    assert Spectrum(FREQUENCY, ORDINARY).remarks == ()


def slow_loop():
    """Arc with an inductive loop at the slow end: part of the resistance falls away slowly."""
    return ORDINARY - 8 / (1 + S * 0.3)


@pytest.mark.parametrize(
    ("z", "remark"),
    [
        (ORDINARY - 10, "negative resistance at"),
        (1e-7 * S, "inductive throughout"),
        (slow_loop(), "inductive at the slow end"),
        (np.full(40, 5 + 0j), "the same impedance at every frequency"),
    ],
)
def test_what_is_unusual_is_said(z, remark):
    assert any(text.startswith(remark) for text in Spectrum(FREQUENCY, z).remarks)


def test_noise_about_a_closed_arc_is_no_inductance():
    """At 0.2 % of |Z| the last Z'' of every other spectrum is positive; a loop of 8 Ω stays one."""
    rng, told = np.random.default_rng(4), {"closed": 0, "loop": 0}
    for _ in range(100):
        noise = 1.0 + 2e-3 * (rng.standard_normal(40) + 1j * rng.standard_normal(40))
        for name, z in (("closed", 5.0 + 30.0 / (1.0 + (S * 1e-3) ** 0.9)), ("loop", slow_loop())):
            told[name] += "inductive at the slow end" in Spectrum(FREQUENCY, z * noise).remarks
    assert told["closed"] <= 2
    assert told["loop"] == 100


def test_tables_have_one_row_each():
    spectra = [Spectrum(FREQUENCY, ORDINARY, label="a", time_s=5.0), Spectrum(FREQUENCY[:3], ORDINARY[:3])]
    read = Spectra(tuple(spectra))
    table = read.summary()
    assert list(table["points"]) == [40, 3]
    assert "too few for a DRT" in table["remarks"][1]
    tests = read.kramers_kronig().to_frame()
    assert list(tests["verdict"]) == ["passed", "indeterminate"]


def test_a_series_needs_its_temperatures():
    with pytest.raises(InputError, match="no temperature"):
        pellet_series([Spectrum(FREQUENCY, ORDINARY, label="x")])
