from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import least_squares

from screening.lab.impedance import zarc
from screening.lab.impedance.zarc import Anchor, Problem, Shape

OMEGA = 2 * np.pi * np.geomspace(1e6, 0.1, 50)
TRUTH = np.array([0.2, 0.05, 0.5, np.log(1e-4), 0.9, 0.3, np.log(0.1), 0.8])
COLUMNS = np.stack([np.ones(50, dtype=complex), 1j * OMEGA / OMEGA[0]])


def model(theta):
    terms = theta[0] + theta[1] * COLUMNS[1]
    first = zarc.impedance(OMEGA, theta[2], np.exp(theta[3]), theta[4])
    return terms + first + zarc.impedance(OMEGA, theta[5], np.exp(theta[6]), theta[7])


def problem(count=3, noise=0.005):
    rng = np.random.default_rng(5)
    clean = model(TRUTH)
    z = clean + noise * abs(clean) * (rng.normal(size=(count, 50)) + 1j * rng.normal(size=(count, 50)))
    return Problem(np.tile(np.log(OMEGA), (count, 1)), z, 1 / abs(z), np.tile(COLUMNS, (count, 1, 1)))


LOWER = np.array([0, 0, 0, -20, 0.4, 0, -20, 0.4])
UPPER = np.array([np.inf, np.inf, np.inf, 5, 1, np.inf, 5, 1])


def test_residual_is_that_of_the_written_out_model():
    stack = problem()
    residual, _ = zarc.evaluate(stack, np.tile(TRUTH, (3, 1)))
    expected = stack.weight * (stack.z - model(TRUTH))
    assert residual.view(complex) == pytest.approx(expected, abs=1e-12)


def test_derivatives_agree_with_central_differences():
    stack = problem(1)
    _, jacobian = zarc.evaluate(stack, TRUTH[None])
    for k in range(TRUTH.size):
        step = np.zeros_like(TRUTH)
        step[k] = 1e-6
        difference = stack.weight[0] * (model(TRUTH + step) - model(TRUTH - step)) / 2e-6
        assert jacobian[0, k].view(complex) == pytest.approx(difference, abs=1e-7)


@pytest.mark.parametrize(
    ("shape", "closed_form"),
    [
        (Shape.GERISCHER, lambda x: 1.0 / np.sqrt(1.0 + x)),
        (Shape.WARBURG, lambda x: np.tanh(np.sqrt(x)) / np.sqrt(x)),
    ],
)
def test_diffusion_has_its_closed_form_and_derivatives(shape, closed_form):
    theta = np.array([0.2, 0.05, 0.5, np.log(1e-2), 1.0, 0.3, np.log(0.1), 0.8])
    stack = replace(problem(1), shapes=(shape,))

    def impedance(values):
        first = values[2] * closed_form((1j * OMEGA * np.exp(values[3])) ** values[4])
        second = zarc.impedance(OMEGA, values[5], np.exp(values[6]), values[7])
        return values[0] + values[1] * COLUMNS[1] + first + second

    residual, jacobian = zarc.evaluate(stack, theta[None])
    assert residual.view(complex)[0] == pytest.approx(stack.weight[0] * (stack.z[0] - impedance(theta)))
    for k in range(theta.size):
        step = np.zeros_like(theta)
        step[k] = 1e-6
        difference = stack.weight[0] * (impedance(theta + step) - impedance(theta - step)) / 2e-6
        assert jacobian[0, k].view(complex) == pytest.approx(difference, abs=1e-6)


def test_fits_agree_with_scipy_least_squares():
    stack = problem()
    seed = TRUTH * 1.0
    seed[[2, 5]] *= 1.3
    seed[[3, 6]] += 0.5
    fitted = zarc.fit(stack, np.tile(seed, (3, 1)), LOWER, UPPER, tolerance=1e-12)
    for row in range(3):
        one = stack.take(np.array([row]))
        oracle = least_squares(
            lambda t, one=one: zarc.evaluate(one, t[None])[0][0], seed, bounds=(LOWER, UPPER)
        )
        assert fitted.cost[row] == pytest.approx(2 * oracle.cost, rel=1e-6)
        assert fitted.theta[row] == pytest.approx(oracle.x, abs=2e-3)


def test_a_bound_is_kept_and_the_others_still_reach_their_optimum():
    stack = problem(1)
    upper = UPPER.copy()
    upper[4] = 0.85
    fitted = zarc.fit(stack, np.clip(TRUTH, LOWER, upper)[None], LOWER, upper, tolerance=1e-12)
    oracle = least_squares(
        lambda t: zarc.evaluate(stack, t[None])[0][0], np.minimum(TRUTH, upper - 1e-3), bounds=(LOWER, upper)
    )
    assert fitted.theta[0, 4] == 0.85
    assert fitted.cost[0] == pytest.approx(2 * oracle.cost, rel=1e-5)


def test_a_strong_anchor_holds_a_parameter():
    stack = problem(1)
    precision = np.zeros((1, 8))
    precision[0, 3] = 1e6
    centre = TRUTH[None] + 0.3
    fitted = zarc.fit(stack, TRUTH[None], LOWER, UPPER, anchor=Anchor(centre, precision))
    assert fitted.theta[0, 3] == pytest.approx(centre[0, 3], abs=1e-3)


@pytest.mark.parametrize("phi", [0.5, 0.8, 0.95])
def test_density_integrates_to_one_and_gives_the_impedance(phi):
    assert quad(lambda y: zarc.density(y, phi), -60, 60, limit=400)[0] == pytest.approx(1.0, abs=1e-6)
    real = quad(lambda y: zarc.density(y, phi) / (1 + (3.0 * np.exp(y)) ** 2), -60, 60, limit=400)[0]
    assert real == pytest.approx(zarc.impedance(np.array([3.0]), 1.0, 1.0, phi)[0].real, abs=1e-6)


def test_padding_with_weight_zero_changes_nothing():
    stack = problem(1)
    padded = Problem(
        np.pad(stack.ln_omega, ((0, 0), (0, 7)), mode="edge"),
        np.pad(stack.z, ((0, 0), (0, 7)), mode="edge"),
        np.pad(stack.weight, ((0, 0), (0, 7))),
        np.pad(stack.columns, ((0, 0), (0, 0), (0, 7)), mode="edge"),
    )
    assert padded.n_data.tolist() == stack.n_data.tolist()
    a, b = (zarc.fit(p, TRUTH[None], LOWER, UPPER) for p in (stack, padded))
    assert a.theta == pytest.approx(b.theta, rel=1e-6)


def test_the_compiled_equations_are_those_of_the_written_out_derivatives():
    stack = problem()
    theta = np.tile(TRUTH * 1.05, (3, 1))
    fitted = zarc.at(stack, theta)
    residual, jacobian = zarc.evaluate(stack, theta)
    assert fitted.cost == pytest.approx((residual**2).sum(axis=1), rel=1e-9)
    expected = jacobian @ jacobian.transpose(0, 2, 1)
    assert fitted.gram == pytest.approx(expected, rel=1e-8, abs=1e-9 * expected.max())
