import numpy as np
import pytest
from scipy.optimize import nnls as scipy_nnls

from screening.lab.impedance import nnls


def problems(count, rows, size, seed):
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(count, rows, size))
    target = rng.normal(size=(count, rows))
    return matrix, target


@pytest.mark.parametrize("seed", range(5))
def test_solutions_agree_with_scipy(seed):
    matrix, target = problems(12, 40, 15, seed)
    gram = matrix.transpose(0, 2, 1) @ matrix
    moment = (matrix.transpose(0, 2, 1) @ target[..., None])[..., 0]
    expected = [scipy_nnls(a, b)[0] for a, b in zip(matrix, target, strict=True)]
    assert nnls.solve(gram, moment) == pytest.approx(np.array(expected), abs=1e-9)


def test_any_start_leads_to_the_same_solution():
    matrix, target = problems(6, 40, 15, 7)
    gram = matrix.transpose(0, 2, 1) @ matrix
    moment = (matrix.transpose(0, 2, 1) @ target[..., None])[..., 0]
    start = np.random.default_rng(0).random(moment.shape) > 0.5
    assert nnls.solve(gram, moment, start) == pytest.approx(nnls.solve(gram, moment), abs=1e-10)


def test_the_fallback_solves_what_pivoting_leaves(monkeypatch):
    matrix, target = problems(6, 40, 15, 3)
    gram = matrix.transpose(0, 2, 1) @ matrix
    moment = (matrix.transpose(0, 2, 1) @ target[..., None])[..., 0]
    expected = nnls.solve(gram, moment)
    monkeypatch.setattr(nnls, "MAX_ROUNDS", 1)
    assert nnls.solve(gram, moment) == pytest.approx(expected, abs=1e-9)


def test_nearly_singular_problems_end_and_satisfy_the_optimality_conditions():
    grid = np.linspace(0, 1, 60)
    matrix = np.exp(-((grid[:, None] - grid[None, :]) ** 2) * 20)
    gram = (matrix.T @ matrix + 1e-9 * np.eye(60))[None]
    moment = (matrix.T @ np.sin(9 * grid))[None]
    x = nnls.solve(gram, moment)[0]
    gradient = gram[0] @ x - moment[0]
    assert x.min() >= 0
    assert gradient.min() > -1e-6
    assert abs(gradient @ x) < 1e-6


def test_all_negative_moments_give_zero():
    assert nnls.solve(np.eye(3)[None], -np.ones((1, 3))).tolist() == [[0.0, 0.0, 0.0]]
