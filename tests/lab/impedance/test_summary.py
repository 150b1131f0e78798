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
