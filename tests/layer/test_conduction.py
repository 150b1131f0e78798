"""Effective media against closed forms, and the mixture of the founding paper."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from screening.layer.conduction import bruggeman, effective_medium, hashin_shtrikman, mixture

PAPER = np.array([1e-3, 1.8e-5])
"""Li6PS5Cl and LiAlCl4, S/cm; 1:1 by mass is 51.7 to 48.3 by volume."""
SHARES = np.array([0.517, 0.483])


def test_the_paper_s_mixture() -> None:
    """Measured 1.7e-4 S/cm: within the bounds, below Bruggeman, near the medium that connects at 0.16."""
    found = mixture(SHARES, PAPER)
    assert found.s_per_cm == pytest.approx(3.1e-4, rel=0.01)
    assert (found.low_s_per_cm, found.high_s_per_cm) == pytest.approx((0.70e-4, 4.3e-4), rel=0.01)
    assert found.low_s_per_cm < 1.7e-4 < found.high_s_per_cm
    assert effective_medium(0.517, *PAPER, 0.16) == pytest.approx(2.0e-4, rel=0.01)


def test_two_phases_are_a_quadratic_equation() -> None:
    """Bruggeman: 2σ² − bσ − σ1σ2 = 0 with b = (3φ1 − 1)σ1 + (3φ2 − 1)σ2."""
    for phi in (0.1, 0.33, 0.5, 0.9):
        b = (3.0 * phi - 1.0) * PAPER[0] + (3.0 * (1.0 - phi) - 1.0) * PAPER[1]
        exact = (b + np.sqrt(b**2 + 8.0 * PAPER.prod())) / 4.0
        assert bruggeman(np.array([phi, 1.0 - phi]), PAPER) == pytest.approx(exact, rel=1e-8)


def test_a_third_of_a_conductor_connects() -> None:
    """(3φ − 1)/2 of its conductivity above a third, and nothing below."""
    assert bruggeman(np.array([0.6, 0.4]), np.array([1.0, 0.0])) == pytest.approx(0.4, rel=1e-6)
    assert bruggeman(np.array([0.3, 0.7]), np.array([1.0, 0.0])) < 1e-25


def test_the_general_medium_is_bruggeman_with_its_exponents(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ABOVE", "BELOW"):
        monkeypatch.setattr(f"screening.layer.conduction.{name}", 1.0)
    found = effective_medium(0.517, *PAPER, 1.0 / 3.0)
    assert found == pytest.approx(float(bruggeman(SHARES, PAPER)), rel=1e-8)


def test_percolation_on_both_sides_of_a_threshold() -> None:
    """((φ − φc)/(1 − φc))² of the conductor above it; other/(1 − φ/φc)^0.87 below."""
    assert effective_medium(0.4, 1.0, 0.0, 0.16) == pytest.approx((0.24 / 0.84) ** 2, rel=1e-8)
    assert effective_medium(0.1, 1e20, 1.0, 0.16) == pytest.approx((1.0 - 0.1 / 0.16) ** -0.87, rel=1e-6)


def test_bounds_of_spheres_in_a_matrix() -> None:
    """The Maxwell mixture, which attains a bound: φ = 0.2 of σ = 10 in σ = 1."""
    maxwell = 1.0 + 3.0 * 0.2 * 9.0 / (12.0 - 0.2 * 9.0)
    low, _ = hashin_shtrikman(np.array([0.8, 0.2]), np.array([1.0, 10.0]))
    assert low == pytest.approx(maxwell)


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0.05, 1.0), st.floats(-8.0, 0.0)), min_size=2, max_size=4))
def test_media_lie_within_bounds(phases: list[tuple[float, float]]) -> None:
    share, power = np.array(phases).T
    found = mixture(share / share.sum(), 10.0**power)
    assert found.low_s_per_cm * (1 - 1e-6) <= found.s_per_cm <= found.high_s_per_cm * (1 + 1e-6)


def test_arrays_of_thresholds() -> None:
    found = effective_medium(0.3, 1e-3, 1e-9, np.array([0.1, 0.2, 0.4]))
    assert found.shape == (3,) and (np.diff(found) < 0.0).all()
