"""Many small non-negative least-squares problems at once, by block principal pivoting."""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

FloatArray = NDArray[np.floating]
BoolArray = NDArray[np.bool_]

FULL_EXCHANGES = 3
"""Full exchanges allowed without progress before one variable at a time is moved (Kim & Park use 3)."""

MAX_ROUNDS = 60
"""Rounds before a problem is handed to scipy's active-set solver: block pivoting can cycle when ill-posed."""

FEASIBLE = 1e-10
"""Infeasibility below this share of the largest coefficient (or gradient) is rounding."""


def solve(gram: FloatArray, moment: FloatArray, start: BoolArray | None = None) -> FloatArray:
    """Minimise ½ xᵀ Q x − bᵀ x over x ≥ 0 for a stack of problems.

    Parameters
    ----------
    gram : ndarray, shape (s, p, p)
        Positive definite matrices Q.
    moment : ndarray, shape (s, p)
        Vectors b.
    start : ndarray of bool, shape (s, p), optional
        First guess of the positive coefficients.

    Returns
    -------
    ndarray, shape (s, p)

    References
    ----------
    Kim & Park, SIAM J. Sci. Comput. 33 (2011) 3261, doi:10.1137/110821172
    """
    count, size = moment.shape
    x = np.zeros((count, size))
    passive = (np.linalg.solve(gram, moment[..., None])[..., 0] > 0) if start is None else start.copy()
    fewest, chances = np.full(count, size + 1), np.full(count, FULL_EXCHANGES)
    active = np.arange(count)
    for _ in range(MAX_ROUNDS):
        part = _solve_passive(gram, moment, passive)
        x[active] = part
        gradient = (gram @ part[..., None])[..., 0] - moment
        floor = FEASIBLE * np.abs(part).max(axis=1, keepdims=True)
        slack = FEASIBLE * np.abs(moment).max(axis=1, keepdims=True)
        wrong = np.where(passive, part < -floor, gradient < -slack)
        passive ^= _to_exchange(wrong, fewest, chances)
        left = wrong.any(axis=1)
        if not left.any():
            return np.maximum(x, 0.0)
        if not left.all():
            gram, moment, passive = gram[left], moment[left], passive[left]
            fewest, chances, active = fewest[left], chances[left], active[left]
    for index, row in enumerate(active):
        x[row] = _active_set(gram[index], moment[index])
    return np.maximum(x, 0.0)


def _to_exchange(wrong: BoolArray, fewest: NDArray[np.intp], chances: NDArray[np.intp]) -> BoolArray:
    """Choose whole blocks while the count of infeasible variables falls, else the last variable only.

    `fewest` and `chances` (shape (s,)) are the bookkeeping of each problem and are updated in place.
    """
    number = wrong.sum(axis=1)
    better = number < fewest
    fewest[better] = number[better]
    chances[:] = np.where(better, FULL_EXCHANGES, chances - 1)
    last = wrong.shape[1] - 1 - wrong[:, ::-1].argmax(axis=1)
    single = np.zeros_like(wrong)
    single[np.arange(wrong.shape[0]), last] = wrong.any(axis=1)
    return np.where((chances >= 0)[:, None], wrong, single)


def _solve_passive(gram: FloatArray, moment: FloatArray, passive: BoolArray) -> FloatArray:
    """Solve each problem on its passive set; the sets are packed to the front and padded by identity."""
    rows = np.arange(len(moment))[:, None]
    widest = max(int(passive.sum(axis=1).max()), 1)
    packed = np.argsort(~passive, axis=1, kind="stable")[:, :widest]
    used = passive[rows, packed]
    flat = (rows[:, :, None] * moment.shape[1] + packed[:, :, None]) * moment.shape[1] + packed[:, None, :]
    block = gram.ravel().take(flat)
    block *= used[:, :, None]
    block *= used[:, None, :]
    diagonal = np.arange(widest)
    block[:, diagonal, diagonal] += ~used
    part = np.linalg.solve(block, (moment[rows, packed] * used)[..., None])[..., 0]
    x = np.zeros_like(moment)
    x[rows, packed] = part * used
    return x


def _active_set(gram: FloatArray, moment: FloatArray) -> FloatArray:
    from scipy.optimize import nnls as scipy_nnls

    factor = np.linalg.cholesky(gram)
    target = solve_triangular(factor, moment, lower=True)
    return scipy_nnls(factor.T, target, maxiter=20 * moment.size)[0]
