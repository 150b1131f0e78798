"""What changed from one snapshot to another: phases added, gone, and changed in energy."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from screening.phases.composition import SAME_FRACTION, atomic_number
from screening.phases.manifest import Manifest
from screening.phases.snapshot import Snapshot
from screening.phases.system_names import chemsys_name, largest

CHANGED_EV_PER_ATOM = 1e-3
"""Energies that differ by less are the same: below it lie rounding and convergence, not a new result."""


class Change(StrEnum):
    """What happened to a phase."""

    ADDED = "added"
    GONE = "gone"
    CHANGED = "changed"


@dataclass(frozen=True)
class PhaseChange:
    """One composition that is not the same in both snapshots.

    Attributes
    ----------
    formula : str
    change : Change
    before_ev_per_atom, after_ev_per_atom : float or None
        Formation energy of its lowest phase; None where there is none.
    """

    formula: str
    change: Change
    before_ev_per_atom: float | None
    after_ev_per_atom: float | None

    @property
    def difference_ev_per_atom(self) -> float | None:
        """After minus before; None for a phase that one snapshot lacks."""
        if self.before_ev_per_atom is None or self.after_ev_per_atom is None:
            return None
        return self.after_ev_per_atom - self.before_ev_per_atom


@dataclass(frozen=True)
class Difference:
    """Two snapshots compared.

    Attributes
    ----------
    before, after : Manifest
    within : tuple of str
        Chemical systems in which they were compared; empty if in all.
    n_same : int
        Compositions with the same energy in both.
    changes : tuple of PhaseChange
        Added, gone and changed ones, each by formula.
    """

    before: Manifest
    after: Manifest
    within: tuple[str, ...]
    n_same: int
    changes: tuple[PhaseChange, ...]

    @property
    def same_scheme(self) -> bool:
        """Whether energies are comparable at all."""
        return self.before.energy_scheme == self.after.energy_scheme

    def of(self, change: Change) -> tuple[PhaseChange, ...]:
        """The changes of one kind."""
        return tuple(each for each in self.changes if each.change is change)

    def to_frame(self) -> pd.DataFrame:
        """One row a change."""
        rows = [
            (
                each.formula,
                each.change.value,
                each.before_ev_per_atom,
                each.after_ev_per_atom,
                each.difference_ev_per_atom,
            )
            for each in self.changes
        ]
        names = ("formula", "change", "before_ev_per_atom", "after_ev_per_atom", "difference_ev_per_atom")
        return pd.DataFrame(rows, columns=list(names)).astype(dict.fromkeys(names[2:], float))


def compare(before: Snapshot, after: Snapshot, chemsystems: Sequence[str] | None = None) -> Difference:
    """Compare the lowest phase of every composition.

    Parameters
    ----------
    before, after : Snapshot
    chemsystems : sequence of str, optional
        Compare within these systems and their subsystems only; by default, within what both snapshots cover:
        a fetched one covers the systems that were asked for, any other everything.
    """
    within = shared_systems(before.manifest, after.manifest) if chemsystems is None else list(chemsystems)
    old, new = _lowest(before, within), _lowest(after, within)
    changes = []
    for key, (formula, _) in sorted({**old, **new}.items(), key=lambda item: item[1][0]):
        left, right = (side[key][1] if key in side else None for side in (old, new))
        if left is None or right is None:
            changes.append(PhaseChange(formula, Change.ADDED if left is None else Change.GONE, left, right))
        elif abs(left - right) > CHANGED_EV_PER_ATOM:
            changes.append(PhaseChange(formula, Change.CHANGED, left, right))
    n_same = len({**old, **new}) - len(changes)
    order = list(Change)
    changes.sort(key=lambda each: order.index(each.change))
    return Difference(before.manifest, after.manifest, tuple(within or ()), n_same, tuple(changes))


def shared_systems(before: Manifest, after: Manifest) -> list[str] | None:
    """Systems that both snapshots cover; None where both cover everything."""
    left, right = _covered(before), _covered(after)
    if left is None or right is None:
        return left if right is None else right
    common = ({*a.split("-")} & {*b.split("-")} for a in left for b in right)
    return largest("-".join(sorted(each)) for each in common if each)


def _covered(manifest: Manifest) -> list[str] | None:
    query = json.loads(manifest.details).get("query")
    systems = query.get("chemical_systems") if isinstance(query, dict) else None
    if not isinstance(systems, list):
        return None
    return [chemsys_name(str(each), where=f"manifest of {manifest.name}") for each in systems]


def _lowest(snapshot: Snapshot, within: Sequence[str] | None) -> dict[bytes, tuple[str, float]]:
    """Formula and energy of the lowest phase of each composition, by a key of elements and fractions."""
    phases = snapshot.phases
    if within is None:
        rows = np.arange(len(phases))
    else:
        inside = [np.array([atomic_number(e) for e in system.split("-")]) for system in within]
        found = [snapshot.index.within(each) for each in inside]
        rows = np.unique(np.concatenate(found)) if found else np.arange(0)
    steps = np.round(phases.fraction / SAME_FRACTION).astype(np.int64)
    lowest: dict[bytes, tuple[str, float]] = {}
    for row in rows[np.argsort(phases.formation_energy_ev_per_atom[rows], kind="stable")]:
        part = phases.rows.row(row)
        key = phases.atomic_number[part].tobytes() + steps[part].tobytes()
        lowest.setdefault(key, (str(phases.formula[row]), float(phases.formation_energy_ev_per_atom[row])))
    return lowest
