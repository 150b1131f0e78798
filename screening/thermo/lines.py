"""Many tie lines through one snapshot: for each, the chemical system is selected and its hull walked."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from screening.kernels import Kernel
from screening.phases.chemsys import copied, phases_within, row_masks
from screening.phases.snapshot import Phases, Snapshot
from screening.ragged import Ragged
from screening.thermo.compositions import Compositions
from screening.thermo.hull import NONE_BANNED, Kinks, Lowest, lowest, opened, pure_phases, tie_line
from screening.thermo.simplex import OK

if TYPE_CHECKING:
    from scipy.sparse import csr_array

MOST_INTERPRETED = 2000
"""Subsystems that are searched as plain Python at 0.1 to 0.3 ms each: what loading compiled code takes."""


@dataclass(frozen=True, eq=False)
class ProductRows:
    """Products of several kinks, one row each.

    Attributes
    ----------
    owner : (m,) int64 array
        Position of the kink that a row belongs to, ascending.
    phase : (m,) int64 array
    amount : (m,) float array
        Atomic fractions.
    """

    owner: np.ndarray
    phase: np.ndarray
    amount: np.ndarray


@dataclass(frozen=True, eq=False)
class Lines:
    """Kinks of many tie lines from B (x = 0) to A (x = 1).

    Attributes
    ----------
    kink_start : (n_lines + 1,) int64 array
        Slices of each line into the next two; a line that failed has no kinks.
    x : (n_kinks,) float array
        Atomic fraction of A.
    energy_ev_per_atom : (n_kinks,) float array
        Hull energy (formation energy) of the mixture.
    product_start : (n_kinks + 1,) int64 array
        Slices of each kink into the next two.
    phase : (n_products,) int64 array
        Phase numbers of the snapshot.
    amount : (n_products,) float array
        Atomic fraction of each product in the mixture.
    """

    kink_start: np.ndarray
    x: np.ndarray
    energy_ev_per_atom: np.ndarray
    product_start: np.ndarray
    phase: np.ndarray
    amount: np.ndarray

    def __len__(self) -> int:
        return len(self.kink_start) - 1

    def products_of(self, kinks: np.ndarray) -> "ProductRows":
        """Products of these kinks, (n,) int array, as rows."""
        flat = self.products.entries(kinks)
        owner = np.repeat(np.arange(len(kinks)), self.products.lengths[kinks])
        return ProductRows(owner, self.phase[flat], self.amount[flat])

    def amounts(self, kinks: np.ndarray, n_phases: int) -> "csr_array":
        """Atomic fractions of the products of these kinks, (n, n_phases) csr_array."""
        from scipy.sparse import csr_array

        shape = (len(self.x), n_phases)
        return csr_array((self.amount, self.phase, self.product_start), shape=shape)[kinks]

    def per_formula(self, kinks: np.ndarray, atoms: np.ndarray, n_phases: int) -> "csr_array":
        """The same as atoms per formula of B, which holds `atoms`, (n,); A comes on top."""
        from scipy.sparse import csr_array, diags_array

        return csr_array(diags_array(atoms / (1.0 - self.x[kinks])) @ self.amounts(kinks, n_phases))

    def assemblage(self, kink: int) -> dict[int, float]:
        """What is stable at one kink: atomic fractions by phase number."""
        here = self.products.row(kink)
        return dict(zip(self.phase[here].tolist(), self.amount[here].tolist(), strict=True))

    @cached_property
    def kinks(self) -> Ragged:
        """Kinks of each line in the flat arrays."""
        return Ragged(self.kink_start)

    @cached_property
    def products(self) -> Ragged:
        """Products of each kink in the flat arrays."""
        return Ragged(self.product_start)

    @cached_property
    def mutual_ev_per_atom(self) -> np.ndarray:
        """Reaction energy at each kink from the ends' hull energies, (n_kinks,) float array, ≤ 0."""
        start = self.kinks.spread(self.energy_ev_per_atom[self.kink_start[:-1]])
        end = self.kinks.spread(self.energy_ev_per_atom[self.kink_start[1:] - 1])
        return np.minimum(self.energy_ev_per_atom - (1.0 - self.x) * start - self.x * end, 0.0)

    @property
    def lowest_kink(self) -> np.ndarray:
        """Kink of the lowest mutual energy of each line, (n_lines,) int64 array."""
        lowest = self.kinks.spread(self.kinks.reduced(np.minimum, self.mutual_ev_per_atom))
        kinks = np.flatnonzero(self.mutual_ev_per_atom == lowest)
        return kinks[np.searchsorted(kinks, self.kink_start[:-1])]

    @property
    def excess_kink(self) -> np.ndarray:
        """Last kink before pure A of each line, (n_lines,) int64 array."""
        return self.kink_start[1:] - 2

    @property
    def failed(self) -> np.ndarray:
        """Lines whose walk did not converge, (n_lines,) bool array."""
        return self.kinks.lengths == 0


@dataclass(frozen=True, eq=False)
class Assemblages:
    """Stable assemblages at many compositions.

    Attributes
    ----------
    energy_ev_per_atom : (n,) float array
        Hull energy; NaN where the programme did not converge.
    product_start : (n + 1,) int64 array
    phase : (m,) int64 array
    amount : (m,) float array
        Atomic fractions.
    """

    energy_ev_per_atom: np.ndarray
    product_start: np.ndarray
    phase: np.ndarray
    amount: np.ndarray


def tie_lines(
    snapshot: Snapshot,
    end_a: Compositions,
    end_b: Compositions,
    *,
    open_element: int = 0,
    mu_ev: np.ndarray | None = None,
) -> Lines:
    """Walk the hull of a snapshot from each composition of `end_b` to its partner in `end_a`.

    Parameters
    ----------
    snapshot : Snapshot
    end_a, end_b : Compositions
        Of equal length, or `end_a` of length 1 for all.
    open_element : int
        Atomic number of an element in exchange with a reservoir (0: none). All that `Lines` holds is then per
        atom of the other elements, and energies are grand potentials.
    mu_ev : (n,) float array, optional
        Chemical potential of the open element for each line, against the pure element.

    Raises
    ------
    ValueError
        If the lengths disagree.
    """
    potentials = np.zeros(len(end_b)) if mu_ev is None else np.asarray(mu_ev, dtype=float)
    if len(end_a) not in (1, len(end_b)):
        raise ValueError(f"{len(end_a)} end compositions for {len(end_b)} lines")
    if len(potentials) != len(end_b):
        raise ValueError(f"{len(potentials)} potentials for {len(end_b)} lines")
    walk = _tie_lines.for_work(_subsystems(end_a, end_b), MOST_INTERPRETED)
    return Lines(*walk(_Pool.of(snapshot), _Rows.of(end_a), _Rows.of(end_b), open_element, potentials))


def assemblages(
    snapshot: Snapshot, compositions: Compositions, banned: np.ndarray | None = None
) -> Assemblages:
    """Stable assemblage of each composition.

    Parameters
    ----------
    snapshot : Snapshot
    compositions : Compositions
    banned : (n,) int array, optional
        For each composition a phase that the hull must do without (−1: none).
    """
    without = np.full(len(compositions), -1, np.int64) if banned is None else np.asarray(banned, np.int64)
    find = _assemblages.for_work(_subsystems(compositions, compositions), MOST_INTERPRETED)
    return Assemblages(*find(_Pool.of(snapshot), _Rows.of(compositions), without))


def _subsystems(end_a: Compositions, end_b: Compositions) -> int:
    """Subsystems of all lines, by whose number the time of a walk is known within a factor of three."""
    pairs = zip(*(row_masks(each.row_start, each.atomic_number) for each in (end_a, end_b)), strict=True)
    return int((2 ** sum(np.bitwise_count(a | b).astype(int) for a, b in pairs)).sum())


class _Rows(NamedTuple):
    """Compositions as compiled code takes them; see `Compositions`."""

    start: np.ndarray
    number: np.ndarray
    fraction: np.ndarray

    @classmethod
    def of(cls, given: Compositions | Phases) -> "_Rows":
        return cls(given.row_start, given.atomic_number, given.fraction)


class _Pool(NamedTuple):
    """All phases of a snapshot as compiled code takes them, with the index of their chemical systems."""

    low: np.ndarray
    high: np.ndarray
    system_start: np.ndarray
    system_phases: np.ndarray
    phases: _Rows
    energy: np.ndarray

    @classmethod
    def of(cls, snapshot: Snapshot) -> "_Pool":
        i, phases = snapshot.index, snapshot.phases
        return cls(i.low, i.high, i.start, i.phases, _Rows.of(phases), phases.formation_energy_ev_per_atom)


@Kernel
def _over(elements: np.ndarray, rows: np.ndarray, of: _Rows) -> np.ndarray:
    """Atomic fractions of these rows over `elements` (ascending), (n_elements, n_rows)."""
    columns = np.zeros((len(elements), len(rows)))
    for i in range(len(rows)):
        e = 0
        for k in range(of.start[rows[i]], of.start[rows[i] + 1]):
            while elements[e] != of.number[k]:
                e += 1
            columns[e, i] = of.fraction[k]
    return columns


@Kernel
def _selected(elements: np.ndarray, pool: _Pool) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Phases of `elements` alone, with their atomic fractions and energies; and the pure one of each."""
    rows = phases_within(elements, pool.low, pool.high, pool.system_start, pool.system_phases)
    columns, energy = _over(elements, rows, pool.phases), pool.energy[rows]
    return rows, columns, energy, pure_phases(columns, energy)


@Kernel
def _union(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Sorted union of two ascending arrays of atomic numbers."""
    merged = np.empty(len(left) + len(right), np.int64)
    i, j, n = 0, 0, 0
    while i < len(left) or j < len(right):
        if j == len(right) or (i < len(left) and left[i] <= right[j]):
            if j < len(right) and left[i] == right[j]:
                j += 1
            merged[n] = left[i]
            i += 1
        else:
            merged[n] = right[j]
            j += 1
        n += 1
    return merged[:n]


@Kernel
def _with_room(array: np.ndarray, needed: int) -> np.ndarray:
    """The array itself, or a copy of twice the size where `needed` entries would not fit."""
    if needed <= len(array):
        return array
    return copied(array, 0, np.empty(2 * needed, array.dtype))


@Kernel
def _tie_lines(
    pool: _Pool, end_a: _Rows, end_b: _Rows, open_element: int, mu: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    n_lines, n_a = len(end_b.start) - 1, len(end_a.start) - 1
    kink_start, product_start = np.zeros(n_lines + 1, np.int64), np.zeros(4 * n_lines + 1, np.int64)
    x, line_energy = np.empty(4 * n_lines), np.empty(4 * n_lines)
    phase, amount = np.empty(8 * n_lines, np.int64), np.empty(8 * n_lines)
    elements = rows = pure = np.empty(0, np.int64)
    columns, local_energy = np.empty((0, 0)), np.empty(0)
    kinks, products = 0, 0
    for line in range(n_lines):
        a, b = line % n_a, line
        union = _union(
            end_a.number[end_a.start[a] : end_a.start[a + 1]],
            end_b.number[end_b.start[b] : end_b.start[b + 1]],
        )
        if open_element > 0:
            union = _union(union, np.array([open_element]))
        if not np.array_equal(union, elements):
            elements = union
            rows, columns, local_energy, pure = _selected(elements, pool)
        end = _over(elements, np.array([a]), end_a).ravel()
        start = _over(elements, np.array([b]), end_b).ravel()
        here, system, energies, lowest_pure = rows, columns, local_energy, pure
        if open_element > 0:
            row = 0
            while elements[row] != open_element:
                row += 1
            kept, system, energies, start, end = opened(
                columns, local_energy, start, end, element=row, mu=mu[line]
            )
            here, lowest_pure = rows[kept], pure_phases(system, energies)
        found: Kinks = tie_line(system, energies, lowest_pure, start, end)
        if found.status == OK:
            n, m = len(found.x), len(found.phase)
            x = copied(found.x, kinks, _with_room(x, kinks + n))
            line_energy = copied(found.energy_ev_per_atom, kinks, _with_room(line_energy, kinks + n))
            room = _with_room(product_start, kinks + n + 1)
            product_start = copied(found.first + products, kinks, room)
            phase = copied(here[found.phase], products, _with_room(phase, products + m))
            amount = copied(found.amount, products, _with_room(amount, products + m))
            kinks += n
            products += m
        kink_start[line + 1] = kinks
    return (
        kink_start,
        x[:kinks].copy(),
        line_energy[:kinks].copy(),
        product_start[: kinks + 1].copy(),
        phase[:products].copy(),
        amount[:products].copy(),
    )


@Kernel
def _assemblages(
    pool: _Pool, compositions: _Rows, banned: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    n = len(compositions.start) - 1
    hull_energy, product_start = np.full(n, np.nan), np.zeros(n + 1, np.int64)
    phase, amount = np.empty(len(compositions.number), np.int64), np.empty(len(compositions.number))
    products = 0
    for i in range(n):
        row = slice(compositions.start[i], compositions.start[i + 1])
        elements = compositions.number[row].copy()
        rows, columns, local_energy, pure = _selected(elements, pool)
        excluded = NONE_BANNED
        for k in range(len(rows)):
            if rows[k] == banned[i]:
                excluded = np.int64(k)
        composition = compositions.fraction[row].copy()
        found: Lowest = lowest(columns, local_energy, pure, composition, excluded)
        if found.status == OK:
            hull_energy[i] = found.energy_ev_per_atom
            for k in range(len(elements)):
                if found.amounts[k] > 0.0:
                    phase[products], amount[products] = rows[found.phases[k]], found.amounts[k]
                    products += 1
        product_start[i + 1] = products
    return hull_energy, product_start, phase[:products].copy(), amount[:products].copy()
