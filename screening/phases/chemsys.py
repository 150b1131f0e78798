"""Chemical systems as bit masks, and an index that finds all phases of a system with its subsystems.

A mask is a pair of signed 64-bit integers: bit ``Z − 1`` of the low word for Z ≤ 62, bit ``Z − 63`` of the
high word above. The index is a sorted list of the systems that occur; a query of k elements looks up its
2**k − 1 subsystems, so that its cost depends on the query and not on the size of the snapshot.
"""

from dataclasses import dataclass

import numpy as np

from screening.kernels import Kernel
from screening.ragged import Ragged

WORD_BITS = 62
"""Bits used of each word; 2 × 62 ≥ 118 elements, and the sign bit stays free."""

MAX_ELEMENTS = 20
"""Largest query: the 2**k subsystems of 20 elements take a tenth of a second, those of 30 take minutes."""


@dataclass(frozen=True)
class ChemsysIndex:
    """Phases grouped by chemical system.

    Attributes
    ----------
    low, high : (n_systems,) int64 arrays
        Masks of the systems that occur, sorted by (high, low).
    start : (n_systems + 1,) int64 array
        Slices into `phases`.
    phases : (n_phases,) int64 array
        Phase numbers, grouped by system, ascending within each.
    """

    low: np.ndarray
    high: np.ndarray
    start: np.ndarray
    phases: np.ndarray

    @property
    def system(self) -> np.ndarray:
        """Number of the chemical system of each phase, (n_phases,) int array."""
        number = np.empty(len(self.phases), dtype=np.int64)
        number[self.phases] = Ragged(self.start).owner
        return number

    @classmethod
    def of(cls, row_start: np.ndarray, atomic_numbers: np.ndarray) -> "ChemsysIndex":
        """Index phases; those of phase i are ``atomic_numbers[row_start[i]:row_start[i + 1]]``."""
        low, high = row_masks(row_start, atomic_numbers)
        order = np.lexsort((low, high))
        low, high = low[order], high[order]
        first = np.ones(len(order), dtype=bool)
        first[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
        start = np.append(np.flatnonzero(first), len(order))
        return cls(low[first], high[first], start, order)

    def within(self, atomic_numbers: np.ndarray) -> np.ndarray:
        """Phases made of these elements only, as a sorted (n,) int64 array."""
        return np.sort(phases_within(np.unique(atomic_numbers), self.low, self.high, self.start, self.phases))

    def exactly(self, atomic_numbers: np.ndarray) -> np.ndarray:
        """Phases made of all of these elements and no other, as a sorted (n,) int64 array."""
        low, high = row_masks(np.array([0, len(atomic_numbers)]), np.asarray(atomic_numbers))
        at = find_system(low[0], high[0], self.low, self.high)
        return self.phases[self.start[at] : self.start[at + 1]] if at >= 0 else self.phases[:0]


def row_masks(row_start: np.ndarray, atomic_numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Masks (low, high), each (n_rows,) int64, of rows of atomic numbers; no row may be empty."""
    z, rows = np.asarray(atomic_numbers, np.int64), Ragged(row_start)
    low = np.where(z <= WORD_BITS, np.int64(1) << np.minimum(z - 1, WORD_BITS), 0)
    high = np.where(z > WORD_BITS, np.int64(1) << np.maximum(z - 1 - WORD_BITS, 0), 0)
    return rows.reduced(np.bitwise_or, low), rows.reduced(np.bitwise_or, high)


@Kernel
def copied(values: np.ndarray, at: int, into: np.ndarray) -> np.ndarray:
    """`into` with `values` from position `at` on; numba takes seconds to compile an assignment of slices."""
    for i in range(len(values)):
        into[at + i] = values[i]
    return into


@Kernel
def find_system(low: np.int64, high: np.int64, all_low: np.ndarray, all_high: np.ndarray) -> int:
    """Position of a mask in the sorted index, −1 where the system does not occur."""
    first, last = 0, len(all_low)
    while first < last:
        middle = (first + last) // 2
        if all_high[middle] < high or (all_high[middle] == high and all_low[middle] < low):
            first = middle + 1
        else:
            last = middle
    if first < len(all_low) and all_high[first] == high and all_low[first] == low:
        return first
    return -1


@Kernel
def phases_within(
    elements: np.ndarray, all_low: np.ndarray, all_high: np.ndarray, start: np.ndarray, phases: np.ndarray
) -> np.ndarray:
    """Phases of every subsystem of `elements` ((k,) distinct atomic numbers), as (n,) int64, unsorted."""
    k = len(elements)
    found = np.empty(256, np.int64)
    n = 0
    for subset in range(1, 1 << k):
        low, high = np.int64(0), np.int64(0)
        for bit in range(k):
            if subset >> bit & 1:
                z = np.int64(elements[bit])
                if z <= WORD_BITS:
                    low |= np.int64(1) << (z - 1)
                else:
                    high |= np.int64(1) << (z - 1 - WORD_BITS)
        at = find_system(low, high, all_low, all_high)
        if at < 0:
            continue
        size = start[at + 1] - start[at]
        if n + size > len(found):
            found = copied(found, 0, np.empty(2 * (n + size), np.int64))
        found = copied(phases[start[at] : start[at + 1]], n, found)
        n += size
    return found[:n]
