"""Constants against the numbers that CODATA and the cited measurements print."""

import pytest

from screening import units


@pytest.mark.parametrize(
    ("constant", "printed"),
    [
        ("FARADAY_C_PER_MOL", 96485.33212),
        ("AVOGADRO_PER_MOL", 6.02214076e23),
        ("BOLTZMANN_EV_PER_K", 8.617333262e-5),
        ("KELVIN_AT_0_CELSIUS", 273.15),
        ("EV_TO_KJ_PER_MOL", 96.48533212),
        ("MAH_PER_MOL_OF_CHARGE", 26801.4811),
        ("LITHIUM_DENSITY_G_PER_CM3", 0.534),
        ("CU_KA1_A", 1.54059),
        ("CU_KA2_A", 1.54443),
        ("CU_KA_A", 1.54178),
        ("CU_KB_A", 1.39223),
        ("A3_PER_ATOM_TO_CM3_PER_MOL", 0.602214076),
    ],
)
def test_constants_are_those_of_codata(constant: str, printed: float) -> None:
    assert getattr(units, constant) == pytest.approx(printed, rel=1e-8)


def test_the_mean_wavelength_weighs_the_doublet_two_to_one() -> None:
    assert pytest.approx(units.CU_KA_A, abs=1e-4) == (2.0 * units.CU_KA1_A + units.CU_KA2_A) / 3.0
