"""Rows of unequal length in flat arrays."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True, eq=False)
class Ragged:
    """Row i of any flat array is ``array[start[i]:start[i + 1]]``.

    Attributes
    ----------
    start : (n_rows + 1,) int64 array
        Ascending from 0.
    """

    start: np.ndarray

    @classmethod
    def of_lengths(cls, lengths: np.ndarray | Sequence[int]) -> "Ragged":
        """Rows of these lengths, (n_rows,)."""
        return cls(np.append(0, np.cumsum(lengths)).astype(np.int64))

    def __len__(self) -> int:
        return len(self.start) - 1

    @cached_property
    def lengths(self) -> np.ndarray:
        """Length of each row, (n_rows,) int array."""
        return np.diff(self.start)

    @cached_property
    def owner(self) -> np.ndarray:
        """Row of each entry, (n_entries,) int array."""
        return np.repeat(np.arange(len(self)), self.lengths)

    def row(self, i: int) -> slice:
        """Entries of one row."""
        return slice(int(self.start[i]), int(self.start[i + 1]))

    def entries(self, rows: np.ndarray) -> np.ndarray:
        """Positions of the entries of some rows, one row after the other, (m,) int array."""
        lengths = self.lengths[rows]
        before = np.cumsum(lengths) - lengths
        return np.arange(lengths.sum()) + np.repeat(self.start[rows] - before, lengths)

    def spread(self, values: np.ndarray) -> np.ndarray:
        """One value per row as one per entry, (n_entries,)."""
        return np.repeat(values, self.lengths)

    def reduced(self, operation: np.ufunc, values: np.ndarray) -> np.ndarray:
        """Each row's entries by one operation such as `numpy.add`, (n_rows,); no row may be empty."""
        return np.asarray(operation.reduceat(values, self.start[:-1]))

    def summed(self, values: np.ndarray) -> np.ndarray:
        """Sum of each row's entries, (n_rows, ...): those of an (n_entries, ...) array; 0 of an empty row."""
        total, filled = np.zeros((len(self), *values.shape[1:])), self.lengths > 0
        total[filled] = np.add.reduceat(values, self.start[:-1][filled])
        return total
