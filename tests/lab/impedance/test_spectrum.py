import pickle

import numpy as np
import pytest

from screening.errors import InputError
from screening.lab.impedance.spectrum import Spectrum


def test_points_are_stored_from_high_to_low_frequency():
    spectrum = Spectrum([1.0, 100.0, 10.0], [3 - 3j, 1 - 1j, 2 - 2j])
    assert spectrum.frequency_hz.tolist() == [100.0, 10.0, 1.0]
    assert spectrum.z_ohm.tolist() == [1 - 1j, 2 - 2j, 3 - 3j]


def test_a_spectrum_cannot_be_changed():
    spectrum = Spectrum([1.0, 2.0], [1, 2], metadata={"cell": "A"})
    with pytest.raises(ValueError):
        spectrum.z_ohm[0] = 0
    with pytest.raises(AttributeError):
        spectrum.time_s = 3.0
    with pytest.raises(TypeError):
        spectrum.metadata["cell"] = "B"


def test_the_callers_arrays_are_left_alone():
    frequency = np.array([1.0, 2.0])
    Spectrum(frequency, [1, 2])
    frequency[0] = 5.0
    assert frequency.tolist() == [5.0, 2.0]


@pytest.mark.parametrize(
    ("frequency", "z", "conditions", "message"),
    [
        ([1.0], [1], {}, r"1 point\(s\)"),
        ([1.0, 2.0], [1], {}, "do not match"),
        ([1.0, 0.0], [1, 1], {}, "point 2 has frequency 0 Hz"),
        ([1.0, -2.0], [1, 1], {}, "point 2 has frequency -2 Hz"),
        ([1.0, np.nan], [1, 1], {}, "point 2 is not finite"),
        ([1.0, 2.0], [1, complex(1, np.inf)], {}, "point 2 is not finite"),
        ([1.0, 2.0, 1.0], [1, 1, 1], {}, "1 Hz appears 2 times"),
        ([1.0, 2.0], [1, 1], {"area_cm2": 0.0}, "area of 0"),
        ([1.0, 2.0], [1, 1], {"time_s": np.nan}, "time_s is nan"),
    ],
)
def test_what_cannot_be_a_spectrum_is_refused_in_one_line(frequency, z, conditions, message):
    with pytest.raises(InputError, match=message) as caught:
        Spectrum(frequency, z, source="cell.csv", **conditions)
    assert str(caught.value).startswith("cell.csv: ")
    assert "\n" not in str(caught.value)


def test_points_are_left_out_by_index_and_the_rest_is_kept():
    spectrum = Spectrum([3.0, 2.0, 1.0], [3, 2, 1], time_s=7.0, label="a")
    shorter = spectrum.without([1])
    assert shorter.frequency_hz.tolist() == [3.0, 1.0]
    assert (shorter.time_s, shorter.label, len(shorter)) == (7.0, "a", 2)


def test_pickling_keeps_everything():
    spectrum = Spectrum([3.0, 2.0], [3, 2], time_s=7.0, area_cm2=0.785, metadata={"cell": "A"})
    back = pickle.loads(pickle.dumps(spectrum))
    assert np.array_equal(back.z_ohm, spectrum.z_ohm)
    assert (back.time_s, back.area_cm2, dict(back.metadata)) == (7.0, 0.785, {"cell": "A"})


def test_the_table_has_one_row_per_point():
    frame = Spectrum([3.0, 2.0], [3 - 1j, 2 - 2j], time_s=7.0).to_frame()
    assert frame.z_imag_ohm.tolist() == [-1.0, -2.0]
    assert frame.time_s.tolist() == [7.0, 7.0]
