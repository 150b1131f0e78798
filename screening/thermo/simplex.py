"""The pivots of the tie-line walk, compiled: a revised simplex method on a basis as large as the elements.

The basis inverse is kept explicitly and both right-hand sides, the composition at x = 0 (`base`) and its
change with x (`drift`), are carried through every pivot, so that one pivot costs O(elements²) and one pricing
O(phases × elements). All arrays are changed in place.
"""

import numpy as np
from numba import njit

SHIFT = 1e-9
"""Shift of the right-hand side (atomic fraction) that removes degeneracy: far below any real composition
difference (1e-3) and far above rounding (1e-15)."""

COST_TOL_EV = 1e-11
"""A reduced cost above −COST_TOL_EV per atom is no improvement; rounding of O(10) eV energies is 1e-14."""

PIVOT_TOL = 1e-10
"""Smallest pivot element; composition matrices of real compounds have none smaller than 1e-4."""

MAX_PIVOTS = 2000
"""Pivots allowed per walk; 84 946 real walks need fewer than 100."""

OK, NO_CONVERGENCE = 0, 1


@njit(cache=True, nogil=True, error_model="numpy")
def dot(left: np.ndarray, right: np.ndarray) -> float:
    """Inner product; a call to BLAS costs more than these few terms."""
    total = 0.0
    for k in range(len(left)):
        total += left[k] * right[k]
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def exchange(
    row: int,
    phase: int,
    column: np.ndarray,
    inverse: np.ndarray,
    base: np.ndarray,
    drift: np.ndarray,
    basis: np.ndarray,
) -> None:
    """Bring `phase` into the basis at `row`; update the inverse and both right-hand sides in place."""
    d = len(basis)
    scale = 1.0 / column[row]
    for k in range(d):
        inverse[row, k] *= scale
    base[row] *= scale
    drift[row] *= scale
    for r in range(d):
        if r != row and column[r] != 0.0:
            factor = column[r]
            for k in range(d):
                inverse[r, k] -= factor * inverse[row, k]
            base[r] -= factor * base[row]
            drift[r] -= factor * drift[row]
    basis[row] = phase


@njit(cache=True, nogil=True, error_model="numpy")
def update_prices(energies: np.ndarray, basis: np.ndarray, inverse: np.ndarray, prices: np.ndarray) -> None:
    """Element chemical potentials π = e_B B⁻¹ of the current basis, in place."""
    d = len(basis)
    for k in range(d):
        total = 0.0
        for r in range(d):
            total += energies[basis[r]] * inverse[r, k]
        prices[k] = total


@njit(cache=True, nogil=True, error_model="numpy")
def descend(
    fractions: np.ndarray,
    energies: np.ndarray,
    basis: np.ndarray,
    inverse: np.ndarray,
    base: np.ndarray,
    drift: np.ndarray,
    prices: np.ndarray,
    banned: int,
) -> int:
    """Primal simplex at a fixed composition, from any feasible basis; phase `banned` never enters."""
    n, d = fractions.shape
    column = np.empty(d)
    for _ in range(MAX_PIVOTS):
        update_prices(energies, basis, inverse, prices)
        entering, best = -1, -COST_TOL_EV
        for i in range(n):
            cost = energies[i] - dot(fractions[i], prices)
            if cost < best and i != banned:
                entering, best = i, cost
        if entering < 0:
            return OK
        leaving, ratio = -1, np.inf
        for r in range(d):
            column[r] = dot(inverse[r], fractions[entering])
            if column[r] > PIVOT_TOL and base[r] < ratio * column[r]:
                leaving, ratio = r, base[r] / column[r]
        if leaving < 0:
            return NO_CONVERGENCE
        exchange(leaving, entering, column, inverse, base, drift, basis)
    return NO_CONVERGENCE


@njit(cache=True, nogil=True, error_model="numpy")
def shifted(composition: np.ndarray) -> np.ndarray:
    """Composition plus the shift; weights are irrational and distinct, so that no tie survives."""
    shifted = composition.copy()
    for k in range(len(shifted)):
        shifted[k] += SHIFT * (1.0 + np.sqrt(2.0 + 3.0 * k) % 1.0)
    return shifted


@njit(cache=True, nogil=True, error_model="numpy")
def first_to_empty(base: np.ndarray, drift: np.ndarray, x: float) -> tuple[int, float]:
    """Basis row that empties first as x grows, and where; (−1, 1) if none does before x = 1."""
    leaving, x_next = -1, 1.0
    for r in range(len(base)):
        if drift[r] < -PIVOT_TOL:
            x_empty = max(x, -base[r] / drift[r])
            if x_empty < x_next:
                leaving, x_next = r, x_empty
    return leaving, x_next


@njit(cache=True, nogil=True, error_model="numpy")
def cheapest_to_enter(
    row: int, fractions: np.ndarray, energies: np.ndarray, inverse: np.ndarray, prices: np.ndarray
) -> int:
    """Phase that replaces basis row `row` at least cost (dual ratio test); −1 if none can."""
    entering, best, best_pivot = -1, np.inf, 0.0
    for i in range(len(energies)):
        pivot = dot(inverse[row], fractions[i])
        if pivot < -PIVOT_TOL:
            cost = energies[i] - dot(fractions[i], prices)
            ratio = max(cost, 0.0) / -pivot
            if ratio < best - COST_TOL_EV or (ratio <= best + COST_TOL_EV and -pivot > best_pivot):
                entering, best, best_pivot = i, min(ratio, best), -pivot
    return entering
