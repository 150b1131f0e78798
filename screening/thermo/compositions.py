"""Compositions as columns, as the hull walk takes them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from screening.phases.composition import Formula
from screening.phases.snapshot import Snapshot
from screening.ragged import Ragged


@dataclass(frozen=True, eq=False)
class Compositions:
    """Compositions as columns; composition i has the elements ``row_start[i]:row_start[i + 1]``.

    Attributes
    ----------
    row_start : (n + 1,) int64 array
    atomic_number : (m,) int64 array
        Ascending within a composition.
    fraction : (m,) float array
        Atomic fractions.
    atoms : (n,) float array
        Atoms per formula as written.
    """

    row_start: np.ndarray
    atomic_number: np.ndarray
    fraction: np.ndarray
    atoms: np.ndarray

    def __len__(self) -> int:
        return len(self.atoms)

    @classmethod
    def of(cls, formulas: Sequence[Formula]) -> "Compositions":
        """Columns of these formulas, in their order."""
        return cls(
            Ragged.of_lengths([len(f.atomic_numbers) for f in formulas]).start,
            np.array([z for f in formulas for z in f.atomic_numbers], dtype=np.int64),
            np.array([x for f in formulas for x in f.fractions], dtype=float),
            np.array([f.n_atoms for f in formulas], dtype=float),
        )

    @classmethod
    def of_phases(cls, snapshot: Snapshot, rows: np.ndarray) -> "Compositions":
        """Columns of these phases of a snapshot, (n,) int array."""
        chosen = snapshot.phases.take(rows)
        return cls(chosen.row_start, chosen.atomic_number, chosen.fraction, chosen.atoms)

    def take(self, rows: np.ndarray) -> "Compositions":
        """These compositions in this order, as often as they are named; `rows` is an int array."""
        of = Ragged(self.row_start)
        flat = of.entries(rows)
        start = Ragged.of_lengths(of.lengths[rows]).start
        return Compositions(start, self.atomic_number[flat], self.fraction[flat], self.atoms[rows])

    def amount_of(self, atomic_number: int) -> np.ndarray:
        """Atoms of one element per formula as written, (n,) float array."""
        here = self.atomic_number == atomic_number
        fraction = np.bincount(Ragged(self.row_start).owner[here], self.fraction[here], minlength=len(self))
        return fraction * self.atoms

    def without(self, atomic_number: int) -> "Compositions":
        """The same formulas without one element; each must hold something besides it."""
        keep = self.atomic_number != atomic_number
        owner = Ragged(self.row_start).owner[keep]
        rest = np.bincount(owner, self.fraction[keep], minlength=len(self))
        return Compositions(
            Ragged.of_lengths(np.bincount(owner, minlength=len(self))).start,
            self.atomic_number[keep],
            self.fraction[keep] / rest[owner],
            self.atoms * rest,
        )
