import numpy as np
import pytest
from scipy.integrate import quad

from screening.lab.impedance.basis import Basis

BASIS = Basis.covering(1.0, 1e4, margin_decades=1.0, points_per_decade=8)


def bump(m, y):
    return np.exp(-((BASIS.mu * (y - BASIS.ln_tau[m])) ** 2))


def test_the_grid_reaches_past_both_ends():
    assert BASIS.tau_s[0] == pytest.approx(1e-5)
    assert BASIS.tau_s[-1] == pytest.approx(10.0)


@pytest.mark.parametrize("omega", [1.0, 37.0, 1e4])
@pytest.mark.parametrize("m", [0, 17, 40])
def test_kernel_agrees_with_adaptive_quadrature(omega, m):
    centre = BASIS.ln_tau[m]
    expected, _ = quad(
        lambda y: bump(m, y) / (1 + 1j * omega * np.exp(y)),
        centre - 4,
        centre + 4,
        epsabs=1e-13,
        complex_func=True,
    )
    assert BASIS.kernel(np.array([omega]))[0, m] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("order", [1, 2])
def test_penalty_is_the_gram_matrix_of_derivatives(order):
    y = np.linspace(BASIS.ln_tau[0] - 4, BASIS.ln_tau[-1] + 4, 40001)
    step = y[1] - y[0]
    curves = [bump(m, y) for m in (3, 4, 9)]
    for _ in range(order):
        curves = [np.gradient(curve, step) for curve in curves]
    expected = np.array([[np.sum(a * b) * step for b in curves] for a in curves])
    found = BASIS.penalty(order)[np.ix_([3, 4, 9], [3, 4, 9])]
    assert found == pytest.approx(expected, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("order", [1, 2])
def test_penalty_is_positive_definite(order):
    assert np.linalg.eigvalsh(BASIS.penalty(order)).min() > 0


def test_areas_agree_with_quadrature_and_add_up():
    low, high = BASIS.ln_tau[10], BASIS.ln_tau[12] + 0.1
    area = BASIS.areas(np.array([low]), np.array([high]))[0, 11]
    assert area == pytest.approx(quad(lambda y: bump(11, y), low, high)[0], rel=1e-10)
    whole = BASIS.areas(np.array([-100.0]), np.array([100.0]))[0]
    assert whole == pytest.approx(np.full(BASIS.ln_tau.size, BASIS.unit_area))
