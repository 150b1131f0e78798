"""What the anions of each phase bind: mobile ions, protons, other cations; and which anions are free."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from screening.phases.composition import atomic_number
from screening.phases.snapshot import Phases
from screening.ragged import Ragged
from screening.thermo.intervals import Forms

ANION_VALENCE = {
    **dict.fromkeys(("F", "Cl", "Br", "I"), 1),
    **dict.fromkeys(("O", "S", "Se", "Te"), 2),
    **dict.fromkeys(("N", "P", "As"), 3),
    "H": 1,
}
"""Anions of the salts of a mobile ion, with their charge."""

RELEASE_EV_PER_CHARGE = {**dict.fromkeys(("F", "Cl", "O", "S", "N", "H"), 0.0), "Br": -0.51, "I": -0.37} | {
    "Se": -0.29,
    "Te": -0.27,
}
"""Measured minus calculated formation energy of the salts of Li, Na, K and Mg, mean per charge: what their
oxidation to the free anion is off by. The scheme corrects the elements of the first row of anions only."""

WEAK_ANIONS = ("P", "As", "H")
"""Anion formers that count as anions only where no stronger one is present: P is a cation in Li6PS5Cl."""

HEAVIEST = 118
"""Atomic number of the last element."""

SMALLEST_REDUCIBLE_FRACTION = 1e-9
"""Below it a phase consists of salts of the ion only; rounding of atomic fractions is 1e-15."""


class Anion(Protocol):
    """An anion by its symbol."""

    @property
    def symbol(self) -> str:
        """Of the element."""
        ...


class Ion(Protocol):
    """A mobile ion with its charge, and the anions that count."""

    @property
    def ion(self) -> str:
        """Symbol of the element."""
        ...

    @property
    def charge(self) -> int:
        """Of the ion."""
        ...

    @property
    def anions(self) -> Sequence[Anion]:
        """Those of `ANION_VALENCE`, in the order of the columns."""
        ...


def anion_charge(phases: Phases, model: Ion) -> np.ndarray:
    """Valence of each anion per atom of each phase, (n_phases, n_anions); weak anions only by themselves."""
    column = np.full(int(phases.atomic_number.max(initial=0)) + 1, -1)
    for k, anion in enumerate(model.anions):
        z = atomic_number(anion.symbol)
        if z < len(column):
            column[z] = k
    here = np.flatnonzero(column[phases.atomic_number] >= 0)
    anion_of = column[phases.atomic_number[here]]
    valence = np.array([ANION_VALENCE[a.symbol] for a in model.anions])
    charge = np.zeros((len(phases), len(model.anions)))
    charge[phases.rows.owner[here], anion_of] = phases.fraction[here] * valence[anion_of]
    weak = np.array([a.symbol in WEAK_ANIONS for a in model.anions])
    overruled = charge[:, ~weak].any(axis=1)
    charge[np.ix_(overruled, weak)] = 0.0
    return charge


def free_anions(phases: Phases, model: Ion) -> np.ndarray:
    """Ions that an atom of what holds free anions would bind, (n_phases, n_anions); 0 for all else.

    Elements, compounds of anions alone (SO2, ClF3), and what protons bind (HBr, H2O), which the corrected
    scheme takes from measurement. Hydrogen is both anion and cation: what becomes a hydride was free before,
    and counts as that with the opposite sign.
    """
    charge, parts = anion_charge(phases, model), charge_parts(phases, model)
    valence = np.array([ANION_VALENCE[a.symbol] for a in model.anions])
    hydride = np.array([a.symbol == "H" for a in model.anions])
    released = np.array([a.symbol in RELEASE_EV_PER_CHARGE for a in model.anions]) & ~hydride
    alone = np.isclose((charge / valence)[:, released].sum(axis=1), 1.0)
    free = charge * np.where(alone, 1.0, parts.protons)[:, None] * released
    free[:, hydride] = -np.where(phases.n_elements[:, None] > 1, charge[:, hydride], 0.0)
    return free / model.charge


def ions_bound(phases: Phases, model: Ion) -> np.ndarray:
    """Mobile ions that each phase binds to each anion.

    Where a phase holds several anions its ions are shared out by their charge (Li6PS5Cl: 10/11 to S, 1/11 to
    Cl). What exceeds the charge of the anions is metallic, as all of it is in an alloy.

    Returns
    -------
    (n_phases, n_anions) float array
        Ions per atom of the phase.
    """
    return anion_charge(phases, model) * charge_parts(phases, model).ions[:, None] / model.charge


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What has the charge of the anions of each phase, (n_phases,) float arrays.

    Attributes
    ----------
    ions, protons : shares of the charge
    salt : share of the atoms that ions, protons and their anions are
    """

    ions: np.ndarray
    protons: np.ndarray
    salt: np.ndarray


def charge_parts(phases: Phases, model: Ion) -> Parts:
    """Who has the charge of the anions of each phase."""
    charge = anion_charge(phases, model)
    total, hydride = charge.sum(axis=1), [a.symbol for a in model.anions].index("H")
    hydrogen = phases.atoms_of(["H"]) / phases.atoms
    held = np.column_stack(
        (
            phases.atoms_of([model.ion]) / phases.atoms * model.charge,
            np.where(charge[:, hydride] > 0.0, 0.0, hydrogen),
        )
    )
    bound = held * np.minimum(1.0, _over(total, held.sum(axis=1)))[:, None]
    ions, protons = (_over(each, total) for each in bound.T)
    anions = (charge / [ANION_VALENCE[a.symbol] for a in model.anions]).sum(axis=1)
    salt = (ions + protons) * anions + bound @ [1.0 / model.charge, 1.0]
    return Parts(ions=ions, protons=protons, salt=salt)


def _over(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Quotients, 0 over nothing."""
    return np.divide(part, whole, out=np.zeros_like(whole), where=whole > 0.0)


def cations_bound(phases: Phases, model: Ion) -> Forms:
    """Atoms of other elements than the ion that are bound to anions, which reduction sets free.

    They have the charge of the anions that the ion leaves, one each at least: both Cl of MgCl2 are left to
    one Mg, none of LiCl or of Li9Al4 to anything else. Hydrogen does not count: its compounds are those of
    `phases.molecules`.

    Returns
    -------
    Forms
        (n_phases, HEAVIEST + 1). Atoms per atom of the phase, by atomic number.
    """
    charge, parts = anion_charge(phases, model), charge_parts(phases, model)
    left = charge.sum(axis=1) * (1.0 - parts.ions - parts.protons)
    anion = np.zeros((len(phases), HEAVIEST + 1), dtype=bool)
    anion[:, [atomic_number(a.symbol) for a in model.anions]] = charge > 0.0
    owner, number = phases.rows.owner, phases.atomic_number
    others = ~anion[owner, number] & (number != atomic_number(model.ion)) & (number != 1)
    atoms = np.bincount(owner, phases.fraction * others, minlength=len(phases))
    share = np.divide(left, atoms, out=np.zeros_like(left), where=atoms > 0.0).clip(0.0, 1.0)
    share[left < SMALLEST_REDUCIBLE_FRACTION] = 0.0
    kept = others & (share[owner] > 0.0)
    return Forms(
        data=(phases.fraction * share[owner])[kept],
        indices=number[kept],
        indptr=Ragged.of_lengths(np.bincount(owner[kept], minlength=len(phases))).start,
        shape=(len(phases), HEAVIEST + 1),
    )
