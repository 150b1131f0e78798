"""The tie-line walk: the lower hull along the line between two compositions, on arrays only.

Mixing x of composition `end` with 1 − x of `start` is a linear programme whose right-hand side moves with x:
minimise Σ e_i y_i subject to Σ y_i c_i = (1 − x)·start + x·end, y ≥ 0. The walk solves it at x = 0 by the
primal simplex method and then follows the optimal basis to x = 1 by dual pivots, one per change of the stable
assemblage. No convex hull is ever built, so the cost grows with the number of kinks, not with the dimension.

Degenerate starts (a pure reactant lacks elements of the other), exact ties and reactants that are
themselves phases are met by a right-hand side shifted by `simplex.SHIFT`: the walk then never stalls. What it
visits, and where each basis ends, is computed from the unshifted problem: a kink is where a product is used
up, not where two almost parallel lines cross, and is exact to rounding. Bases that hold at one point only are
corners that the shift has opened, and left out.

References
----------
Parametric right-hand side: T. Gal, Postoptimal Analyses, Parametric Programming, and Related Topics (1995),
doi 10.1515/9783110871203. Convex-hull phase stability: S. P. Ong et al., Chem. Mater. 20, 1798 (2008),
doi 10.1021/cm702327g.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from screening.kernels import Kernel
from screening.ragged import Ragged
from screening.thermo.simplex import (
    MAX_PIVOTS,
    NO_CONVERGENCE,
    OK,
    cheapest_to_enter,
    descend,
    dot,
    exchange,
    first_to_empty,
    resolve,
    shifted,
    value_phases,
    weigh,
)

SLOPE_TOL_EV = 1e-9
"""Lines whose slopes differ by less are one segment: an energy difference that no calculation resolves."""

X_TOL = 1e-8
"""A segment shorter than this in x is a degenerate corner, not a segment: rounding of a kink is below 1e-10,
and the closest kinks of 170 000 real pairs lie 1.4e-6 apart."""

AMOUNT_TOL = 1e-8
"""Products below this atomic fraction are absent."""

NONE_BANNED = np.int64(-1)
"""No phase, of the type that phase numbers have: a plain −1 would have `descend` compiled twice."""


class Kinks(NamedTuple):
    """Kinks with their assemblages as rows of (phase, amount); a tuple because compiled code returns it.

    Attributes
    ----------
    status : int
        `OK` or `NO_CONVERGENCE`.
    x, energy_ev_per_atom : (n_kinks,) float arrays
    first : (n_kinks + 1,) int64 array
        Slices of each kink into the next two.
    phase : (m,) int64 array
    amount : (m,) float array
        Atomic fractions, summing to 1 within each kink.
    """

    status: int
    x: np.ndarray
    energy_ev_per_atom: np.ndarray
    first: np.ndarray
    phase: np.ndarray
    amount: np.ndarray


class Lowest(NamedTuple):
    """The stable assemblage at one composition.

    Attributes
    ----------
    status : int
    energy_ev_per_atom : float
    phases : (n_elements,) int64 array
    amounts : (n_elements,) float array
        Atomic fractions; a phase with amount 0 is no product.
    """

    status: int
    energy_ev_per_atom: float
    phases: np.ndarray
    amounts: np.ndarray


class Visited(NamedTuple):
    """Bases of a walk in the order of x.

    Attributes
    ----------
    status : int
    lines : (m, 2) float array
        Value of each basis's line at x = 0 and 1.
    bases : (m, n_elements) int64 array
    amounts : (m, 2, n_elements) float array
        Amounts of the basis phases at x = 0 and 1; negative outside the basis's own stretch.
    ends : (m,) float array
        Where the first of the basis phases is used up; 1 for the last basis.
    """

    status: int
    lines: np.ndarray
    bases: np.ndarray
    amounts: np.ndarray
    ends: np.ndarray


class Segments(NamedTuple):
    """Straight pieces of a hull in the order of x.

    Attributes
    ----------
    first, last : (n,) int64 arrays
        Bases that hold where the piece begins and where it ends: they differ where several assemblages of one
        energy share it.
    ends : (n,) float array
    """

    first: np.ndarray
    last: np.ndarray
    ends: np.ndarray


@dataclass(frozen=True)
class TieLine:
    """The lower hull along one line.

    Attributes
    ----------
    x : (n_kinks,) float array
        Fraction of the `end` composition at each kink, from 0 to 1.
    energy_ev_per_atom : (n_kinks,) float array
        Hull energy at each kink.
    amounts : (n_kinks, n_phases) float array
        Atomic fraction of each phase in the stable assemblage at each kink; rows sum to 1.
    """

    x: np.ndarray
    energy_ev_per_atom: np.ndarray
    amounts: np.ndarray


def walk(fractions: np.ndarray, energies: np.ndarray, start: np.ndarray, end: np.ndarray) -> TieLine:
    """Walk the lower hull from composition `start` to composition `end`.

    Parameters
    ----------
    fractions : (n_phases, n_elements) float array
        Atomic fractions of each phase; rows sum to 1. Every pure element must be among them.
    energies : (n_phases,) float array
        Energy of each phase in eV per atom, on one scale.
    start, end : (n_elements,) float arrays
        Atomic fractions of the two end compositions.

    Raises
    ------
    ValueError
        If an element of the line has no pure phase, shapes disagree, or the walk does not converge.
    """
    fractions = np.asarray(fractions, dtype=float)
    energies = np.ascontiguousarray(energies, dtype=float)
    start, end = np.ascontiguousarray(start, dtype=float), np.ascontiguousarray(end, dtype=float)
    if fractions.ndim != 2 or fractions.shape != (len(energies), len(start)) or start.shape != end.shape:
        raise ValueError(f"shapes disagree: {fractions.shape}, {energies.shape}, {start.shape}, {end.shape}")
    columns = np.ascontiguousarray(fractions.T)
    pure = pure_phases(columns, energies)
    if (pure < 0).any():
        raise ValueError("every element needs a phase of its own")
    kinks = tie_line(columns, energies, pure, start, end)
    if kinks.status != OK:
        raise ValueError("the tie-line walk did not converge")
    amounts = np.zeros((len(kinks.x), len(energies)))
    amounts[Ragged(kinks.first).owner, kinks.phase] = kinks.amount
    return TieLine(kinks.x, kinks.energy_ev_per_atom, amounts)


@Kernel
def pure_phases(columns: np.ndarray, energies: np.ndarray) -> np.ndarray:
    """Lowest pure phase of each element as (n_elements,) int64, −1 where there is none.

    `columns`, here and below, are atomic fractions as a contiguous (n_elements, n_phases) array.
    """
    d, n = columns.shape
    pure = np.full(d, -1, np.int64)
    for e in range(d):
        for i in range(n):
            if columns[e, i] > 1.0 - AMOUNT_TOL and (pure[e] < 0 or energies[i] < energies[pure[e]]):
                pure[e] = i
    return pure


@Kernel
def lowest(
    columns: np.ndarray, energies: np.ndarray, pure: np.ndarray, composition: np.ndarray, banned: np.int64
) -> Lowest:
    """Lowest energy at one composition without the compound `banned` (−1: none)."""
    d, n = columns.shape
    basis, inverse, amounts = pure.copy(), np.eye(d), np.zeros(d)
    if pure.min() < 0:
        return Lowest(NO_CONVERGENCE, np.nan, basis, amounts)
    base, drift = shifted(composition), np.zeros(d)
    status = descend(
        columns, energies, basis, inverse, base=base, drift=drift, values=np.empty(n), banned=banned
    )
    energy = 0.0
    for r in range(d):
        share = dot(inverse[r], composition)
        energy += share * energies[basis[r]]
        if share > AMOUNT_TOL:
            amounts[r] = share
    return Lowest(status, energy, basis, amounts)


@Kernel
def _visit(
    columns: np.ndarray, energies: np.ndarray, pure: np.ndarray, start: np.ndarray, end: np.ndarray
) -> Visited:
    """Every basis of the shifted walk."""
    d, n = columns.shape
    room, m, x = 32, 0, 0.0
    lines, bases, amounts = np.empty((room, 2)), np.empty((room, d), np.int64), np.empty((room, 2, d))
    ends = np.empty(room)
    basis, inverse, base, drift = pure.copy(), np.eye(d), shifted(start), end - start
    values, pivots, column = np.empty(n), np.empty(n), np.empty(d)
    status = NO_CONVERGENCE
    if pure.min() >= 0:
        status = descend(
            columns, energies, basis, inverse, base=base, drift=drift, values=values, banned=NONE_BANNED
        )
    while status == OK:
        if m == room:
            room *= 2
            lines = np.concatenate((lines, np.empty_like(lines)))
            bases = np.concatenate((bases, np.empty_like(bases)))
            amounts = np.concatenate((amounts, np.empty_like(amounts)))
            ends = np.concatenate((ends, np.empty_like(ends)))
        lines[m, 0] = lines[m, 1] = 0.0
        for r in range(d):
            bases[m, r] = basis[r]
            amounts[m, 0, r], amounts[m, 1, r] = dot(inverse[r], start), dot(inverse[r], end)
            for side in range(2):
                lines[m, side] += energies[basis[r]] * amounts[m, side, r]
        row, x = first_to_empty(base, drift, x)
        ends[m] = amounts[m, 0, row] / (amounts[m, 0, row] - amounts[m, 1, row]) if row >= 0 else 1.0
        m += 1
        if row < 0:
            break
        weigh(columns, inverse[row], pivots)
        phase = cheapest_to_enter(energies, values, pivots)
        if phase < 0 or m > MAX_PIVOTS:
            status = NO_CONVERGENCE
            break
        resolve(phase, columns, inverse, column)
        exchange(row, phase, column, inverse, base, drift, basis)
        value_phases(columns, energies, basis, inverse, values)
    return Visited(status, lines[:m], bases[:m], amounts[:m], ends[:m])


@Kernel
def _segments(lines: np.ndarray, ends: np.ndarray) -> Segments:
    """Straight pieces of a walk: bases of no length are left out, those of one slope are joined."""
    first, last = np.empty(len(ends), np.int64), np.empty(len(ends), np.int64)
    piece_ends = np.empty(len(ends))
    n, x, slope = 0, 0.0, -np.inf
    for k in range(len(ends)):
        if ends[k] < x + X_TOL:
            continue
        rise = lines[k, 1] - lines[k, 0]
        if rise - slope > SLOPE_TOL_EV:
            first[n], slope = k, rise
            n += 1
        x = ends[k]
        last[n - 1], piece_ends[n - 1] = k, x
    if n > 0:
        piece_ends[n - 1] = 1.0
    return Segments(first[:n], last[:n], piece_ends[:n])


@Kernel
def tie_line(
    columns: np.ndarray, energies: np.ndarray, pure: np.ndarray, start: np.ndarray, end: np.ndarray
) -> Kinks:
    """Compiled form of `walk`; the status is not `OK` where an element has no pure phase."""
    d = len(start)
    visited = _visit(columns, energies, pure, start, end)
    lines, bases, amounts = visited.lines, visited.bases, visited.amounts
    segments = _segments(lines, visited.ends)
    n = len(segments.ends) + 1 if visited.status == OK else 0
    x, energy, first = np.empty(n), np.empty(n), np.zeros(n + 1, np.int64)
    phase, amount = np.empty(n * d, np.int64), np.empty(n * d)
    m = 0
    for kink in range(n):
        basis = segments.first[0] if kink == 0 else segments.last[kink - 1]
        x[kink] = 0.0 if kink == 0 else segments.ends[kink - 1]
        energy[kink] = (1.0 - x[kink]) * lines[basis, 0] + x[kink] * lines[basis, 1]
        for r in range(d):
            share = (1.0 - x[kink]) * amounts[basis, 0, r] + x[kink] * amounts[basis, 1, r]
            if share > AMOUNT_TOL:
                phase[m], amount[m] = bases[basis, r], share
                m += 1
        first[kink + 1] = m
    return Kinks(visited.status, x, energy, first, phase[:m], amount[:m])


@Kernel
def opened(
    columns: np.ndarray, energies: np.ndarray, start: np.ndarray, end: np.ndarray, element: int, mu: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The problem with one element open: a hull of grand potentials over the other elements.

    Phases of the open element alone are no products. Energies, fractions and amounts are per atom of the
    other elements, of which both ends must hold some.

    Parameters
    ----------
    columns, energies, start, end
        As of `tie_line`, the open element among them.
    element : int
        Row of the open element.
    mu : float
        Its chemical potential on the scale of the energies, eV.

    Returns
    -------
    kept : (n,) int64 array
        The phases that are left.
    columns, energies, start, end : float arrays
        As of `tie_line`.
    """
    d = len(start)
    kept = np.flatnonzero(columns[element] < 1.0 - AMOUNT_TOL)
    rest, potentials = np.empty((d - 1, len(kept))), np.empty(len(kept))
    first, last = np.empty(d - 1), np.empty(d - 1)
    for e in range(d - 1):
        other = e + (e >= element)
        first[e], last[e] = start[other] / (1.0 - start[element]), end[other] / (1.0 - end[element])
    for i in range(len(kept)):
        held = columns[element, kept[i]]
        potentials[i] = (energies[kept[i]] - mu * held) / (1.0 - held)
        for e in range(d - 1):
            rest[e, i] = columns[e + (e >= element), kept[i]] / (1.0 - held)
    return kept, rest, potentials, first, last
