import numpy as np
import pytest
from scipy.stats import multivariate_normal

from screening.lab.impedance.normal import NormalEquations
from screening.lab.impedance.regularisation import Ridge, each, pooled

SIZE, ROWS = 6, 25


def system(seed):
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(ROWS, SIZE + 1))
    matrix[:, 0] = 1.0
    truth = rng.normal(size=SIZE + 1)
    return matrix, matrix @ truth + 0.3 * rng.normal(size=ROWS)


def penalty():
    root = np.random.default_rng(9).normal(size=(SIZE, SIZE))
    return root @ root.T + np.eye(SIZE)


def equations(matrix, target):
    gram = (matrix.T @ matrix)[None]
    return NormalEquations(gram, (matrix.T @ target)[None], np.array([target @ target]), ROWS, 1)


def test_evidence_differs_from_the_written_out_marginal_likelihood_by_a_constant():
    """With the noise level at its best value, and a nearly flat prior on the term without penalty."""
    matrix, target = system(1)
    ridge = Ridge.of(equations(matrix, target), penalty())
    differences = []
    for value in (1e-3, 1e-1, 10.0):
        prior = np.zeros((SIZE + 1, SIZE + 1))
        prior[0, 0] = 1e6
        prior[1:, 1:] = np.linalg.inv(penalty()) / value
        shape = np.eye(ROWS) + matrix @ prior @ matrix.T
        noise = target @ np.linalg.solve(shape, target) / (ROWS - 1)
        # for the best σ² the exponent is constant; N − 1 because the flat term takes one
        log_density = multivariate_normal.logpdf(target, np.zeros(ROWS), noise * shape) + 0.5 * np.log(noise)
        differences.append(log_density + ridge.minus_log_evidence(np.log(value))[0])
    assert np.ptp(differences) < 1e-3


def test_gcv_agrees_with_the_written_out_hat_matrix():
    matrix, target = system(2)
    ridge = Ridge.of(equations(matrix, target), penalty())
    for value in (1e-3, 1.0):
        full = np.zeros((SIZE + 1, SIZE + 1))
        full[1:, 1:] = value * penalty()
        hat = matrix @ np.linalg.solve(matrix.T @ matrix + full, matrix.T)
        residual = target - hat @ target
        expected = np.log(residual @ residual) - 2 * np.log(1 - np.trace(hat) / ROWS)
        assert ridge.log_gcv(np.log(value))[0] == pytest.approx(expected)


def test_pooling_lies_between_the_optima_of_the_members():
    problems = [Ridge.of(equations(*system(seed)), penalty()) for seed in (3, 4, 5)]
    alone = [each(problem, "evidence")[0] for problem in problems]
    assert min(alone) * 0.8 <= pooled(problems, "evidence") <= max(alone) * 1.25
