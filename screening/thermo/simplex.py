"""The pivots of the tie-line walk, compiled: a revised simplex method on a basis as large as the elements.

The basis inverse is kept explicitly and both right-hand sides, the composition at x = 0 (`base`) and its
change with x (`drift`), are carried through every pivot, so that one pivot costs O(elements²) and one pricing
O(phases × elements). Compositions are stored as `columns`, (n_elements, n_phases), because pricing then runs
along memory over all phases at once. All arrays are changed in place.
"""

import numpy as np

from screening.kernels import Kernel

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


@Kernel
def dot(left: np.ndarray, right: np.ndarray) -> float:
    """Inner product; a call to BLAS costs more than these few terms."""
    total = 0.0
    for k in range(len(left)):
        total += left[k] * right[k]
    return total


@Kernel
def weigh(columns: np.ndarray, weights: np.ndarray, totals: np.ndarray) -> None:
    """Weighted sum over the elements for every phase at once, (n_phases,), in place."""
    d, n = columns.shape
    totals[:] = 0.0
    for k in range(d):
        weight = weights[k]
        for i in range(n):
            totals[i] += weight * columns[k, i]


@Kernel
def value_phases(
    columns: np.ndarray, energies: np.ndarray, basis: np.ndarray, inverse: np.ndarray, values: np.ndarray
) -> None:
    """Value of every phase at the chemical potentials π = e_B B⁻¹ of the basis, (n_phases,), in place."""
    prices = np.zeros(len(basis))
    for r in range(len(basis)):
        for k in range(len(basis)):
            prices[k] += energies[basis[r]] * inverse[r, k]
    weigh(columns, prices, values)


@Kernel
def resolve(phase: int, columns: np.ndarray, inverse: np.ndarray, column: np.ndarray) -> None:
    """Composition of a phase in terms of the basis phases, (n_elements,), in place."""
    for r in range(len(column)):
        column[r] = 0.0
        for k in range(len(column)):
            column[r] += inverse[r, k] * columns[k, phase]


@Kernel
def exchange(
    row: int,
    phase: int,
    column: np.ndarray,
    inverse: np.ndarray,
    base: np.ndarray,
    drift: np.ndarray,
    basis: np.ndarray,
) -> None:
    """Bring `phase`, resolved as `column`, into the basis at `row`; inverse and right-hand sides follow."""
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


@Kernel
def descend(
    columns: np.ndarray,
    energies: np.ndarray,
    basis: np.ndarray,
    inverse: np.ndarray,
    base: np.ndarray,
    drift: np.ndarray,
    values: np.ndarray,
    banned: np.int64,
) -> int:
    """Primal simplex at a fixed composition, from any feasible basis; phase `banned` never enters."""
    d, n = columns.shape
    column = np.empty(d)
    for _ in range(MAX_PIVOTS):
        value_phases(columns, energies, basis, inverse, values)
        entering, best = -1, -COST_TOL_EV
        for i in range(n):
            cost = energies[i] - values[i]
            if cost < best and i != banned:
                entering, best = i, cost
        if entering < 0:
            return OK
        resolve(entering, columns, inverse, column)
        leaving, ratio = -1, np.inf
        for r in range(d):
            if column[r] > PIVOT_TOL and base[r] < ratio * column[r]:
                leaving, ratio = r, base[r] / column[r]
        if leaving < 0:
            return NO_CONVERGENCE
        exchange(leaving, entering, column, inverse, base, drift, basis)
    return NO_CONVERGENCE


@Kernel
def shifted(composition: np.ndarray) -> np.ndarray:
    """Composition plus the shift, weighted by powers of π.

    No rational combination of them vanishes, so that no tie survives.
    """
    moved = composition.copy()
    for k in range(len(moved)):
        moved[k] += SHIFT * (1.0 + np.pi ** (k + 1) % 1.0)
    return moved


@Kernel
def first_to_empty(base: np.ndarray, drift: np.ndarray, x: float) -> tuple[int, float]:
    """Basis row that empties first as x grows, and where; (−1, 1) if none does before x = 1."""
    leaving, x_next = -1, 1.0
    for r in range(len(base)):
        if drift[r] < -PIVOT_TOL:
            x_empty = max(x, -base[r] / drift[r])
            if x_empty < x_next:
                leaving, x_next = r, x_empty
    return leaving, x_next


@Kernel
def cheapest_to_enter(energies: np.ndarray, values: np.ndarray, pivots: np.ndarray) -> int:
    """Phase that replaces an empty basis phase at least cost (dual ratio test); −1 if none can.

    `pivots` (n_phases,) is the row of the empty phase in B⁻¹·columns.
    """
    entering, best, best_pivot = -1, np.inf, 0.0
    for i in range(len(energies)):
        if pivots[i] < -PIVOT_TOL:
            ratio = max(energies[i] - values[i], 0.0) / -pivots[i]
            if ratio < best - COST_TOL_EV or (ratio <= best + COST_TOL_EV and -pivots[i] > best_pivot):
                entering, best, best_pivot = i, min(ratio, best), -pivots[i]
    return entering
