"""Patterns and references: what is refused, and Bragg's law."""

from dataclasses import replace

import numpy as np
import pytest

from screening.errors import InputError
from screening.lab.diffraction.pattern import PowderPattern, Reference
from screening.units import CU_KA1_A, CU_KA2_A, CU_KA_A

X = np.linspace(10.0, 80.0, 700)
PATTERN = PowderPattern(X, np.ones_like(X), name="mine.xy")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"two_theta_deg": X[:20], "intensity": X[:20]}, "20 points"),
        ({"two_theta_deg": X[::-1]}, "must increase"),
        ({"intensity": np.full_like(X, np.nan)}, "must increase and be finite"),
        ({"two_theta_deg": X * 3.0}, "0 to 180"),
        ({"intensity": np.zeros_like(X)}, "no intensity above zero"),
        ({"intensity": X[:-1]}, "intensities"),
    ],
)
def test_what_is_no_pattern_is_refused_with_its_name(change: dict[str, np.ndarray], said: str) -> None:
    with pytest.raises(InputError, match=rf"mine\.xy: .*{said}"):
        replace(PATTERN, **change)


def test_a_background_may_have_been_taken_off() -> None:
    intensity = np.sin(X)
    assert replace(PATTERN, intensity=intensity).intensity.min() < 0.0


def test_copper_radiation_is_a_doublet_and_others_are_single() -> None:
    assert PATTERN.emission == ((CU_KA1_A, 2.0 / 3.0), (CU_KA2_A, 1.0 / 3.0))
    assert pytest.approx((2.0 * CU_KA1_A + CU_KA2_A) / 3.0, abs=1e-4) == CU_KA_A
    assert replace(PATTERN, wavelength_a=CU_KA1_A).emission == ((CU_KA1_A, 1.0),)
    assert sum(share for _, share in PATTERN.emission) == pytest.approx(1.0)


def test_positions_follow_braggs_law(salt: Reference) -> None:
    position = salt.two_theta_deg(CU_KA_A)
    assert 2.0 * salt.d_a * np.sin(np.radians(position / 2.0)) == pytest.approx(CU_KA_A)


def test_a_longer_lattice_has_lines_at_lower_angles(salt: Reference) -> None:
    assert (salt.two_theta_deg(CU_KA_A, 0.01) < salt.two_theta_deg(CU_KA_A)).all()


def test_lines_out_of_reach_have_no_position() -> None:
    assert np.isnan(Reference("x", np.array([0.7]), np.array([100.0]), 0.0).two_theta_deg(CU_KA_A)).all()


def test_only_lines_within_a_range_are_kept(salt: Reference) -> None:
    kept = salt.within((30.0, 55.0), CU_KA_A)
    assert len(kept.d_a) == 3
    assert set(kept.d_a) < set(salt.d_a)


@pytest.mark.parametrize(
    ("d_a", "intensity", "said"),
    [([1.0, 2.0], [1.0], "2 spacings and 1 intensities"), ([0.0], [1.0], "positive")],
)
def test_malformed_references_are_refused(d_a: list[float], intensity: list[float], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Reference("x", np.array(d_a), np.array(intensity), 0.0)
