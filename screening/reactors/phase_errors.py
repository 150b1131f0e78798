"""Errors of the phases of one snapshot: what they do to linear forms, exactly and by draws."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from screening.ragged import Ragged
from screening.thermo.intervals import Z_95, Forms

if TYPE_CHECKING:
    from scipy.sparse import csr_array


@dataclass(frozen=True, eq=False)
class PhaseErrors:
    """Error statistics of the phases of one snapshot.

    Attributes
    ----------
    sd_ev_per_atom : (n_phases,) float array
        Standard deviation of the draw that a phase has for itself or its group.
    ions_per_atom : (n_phases, n_anions) float array
        Mobile ions bound to each anion, per atom of the phase.
    bias_ev_per_ion, bias_sd_ev_per_ion : (n_anions,) float arrays
    group : (n_phases,) int array
        Phases of one number share one draw per atom.
    free_per_atom : (n_phases, n_anions) float array
        Ions that an atom of a free anion (Cl2, S) would bind, 0 for compounds.
    release_ev_per_ion : (n_anions,) float array
        `uncertainty.RELEASE_EV_PER_CHARGE` of the anions.
    release_sd_ev_per_ion : float
    """

    sd_ev_per_atom: np.ndarray
    ions_per_atom: np.ndarray
    bias_ev_per_ion: np.ndarray
    bias_sd_ev_per_ion: np.ndarray
    group: np.ndarray
    free_per_atom: np.ndarray
    release_ev_per_ion: np.ndarray
    release_sd_ev_per_ion: float

    def mean(self, forms: Forms) -> np.ndarray:
        """Expected error (true minus calculated) of each form, (n_forms,) in the unit of the form."""
        bound, freed = self._ions(forms)
        expected: np.ndarray = bound @ self.bias_ev_per_ion - freed @ self.release_ev_per_ion
        return expected

    def standard_deviation(self, forms: Forms) -> np.ndarray:
        """Standard deviation of the error of each form, (n_forms,)."""
        (owner, _, own), (bound, freed) = self._own(forms), self._ions(forms)
        of_phases = np.bincount(owner, own**2, minlength=forms.shape[0])
        of_anions = bound**2 @ self.bias_sd_ev_per_ion**2
        return np.sqrt(of_phases + of_anions + (freed**2).sum(axis=1) * self.release_sd_ev_per_ion**2)

    def bounds_95(self, forms: Forms) -> np.ndarray:
        """What to add to each form for the bounds of its true value, (n_forms, 2) in the unit of the form."""
        expected, half = self.mean(forms), Z_95 * self.standard_deviation(forms)
        return np.column_stack((expected - half, expected + half))

    def sources(self, forms: Forms) -> "ErrorSources":
        """The independent errors that some forms, (n_forms, n_phases) csr_array, are made of.

        The biases hold for reductions that keep the anion. What frees an anion (or binds a free one) is
        anchored to the salt of the ion instead: its oxidation is off by `uncertainty.RELEASE_EV_PER_CHARGE`.
        """
        from scipy.sparse import csr_array, hstack

        (owner, group, own), (bound, freed) = self._own(forms), self._ions(forms)
        used, column = np.unique(group, return_inverse=True)
        of_phases = csr_array((own, (owner, column)), shape=(forms.shape[0], len(used)))
        n_anions = len(self.bias_ev_per_ion)
        released = n_anions if freed.any() else 0
        return ErrorSources(
            csr_array(hstack([of_phases, *map(csr_array, (bound, freed[:, :released]))])),
            np.concatenate((np.zeros(len(used)), self.bias_ev_per_ion, -self.release_ev_per_ion[:released])),
            np.concatenate(
                (np.ones(len(used)), self.bias_sd_ev_per_ion, np.full(released, self.release_sd_ev_per_ion))
            ),
        )

    def _ions(self, forms: Forms) -> tuple[np.ndarray, np.ndarray]:
        """Ions bound to each anion and freed with it, (n_forms, n_anions) each."""
        rows, atoms = Ragged(forms.indptr), forms.data[:, None]
        freed = rows.summed(atoms * self.free_per_atom[forms.indices])
        return rows.summed(atoms * self.ions_per_atom[forms.indices]) + freed, freed

    def _own(self, forms: Forms) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Standard deviation, signed, that each draw of a group brings into each form.

        Returns
        -------
        form, group : (m,) int arrays
        sd : (m,) float array
        """
        n_groups = int(self.group.max(initial=0)) + 1
        pair = Ragged(forms.indptr).owner * n_groups + self.group[forms.indices]
        pairs, place = np.unique(pair, return_inverse=True)
        own = np.bincount(place, forms.data * self.sd_ev_per_atom[forms.indices], minlength=len(pairs))
        kept = own != 0.0  # elements bring no error, and draw none
        return pairs[kept] // n_groups, pairs[kept] % n_groups, own[kept]


@dataclass(frozen=True, eq=False)
class ErrorSources:
    """Independent normal errors, one of each phase and each anion, and how forms add them up.

    Attributes
    ----------
    weight : (n_forms, n_sources) csr_array
        The error of a form is this row times the errors of the sources.
    mean, sd : (n_sources,) float arrays
    """

    weight: "csr_array"
    mean: np.ndarray
    sd: np.ndarray

    def blocks(self, rng: np.random.Generator, n_draws: int, step: int) -> Iterator[np.ndarray]:
        """Errors of the sources, (k, n_sources) with k up to `step`; the draws do not depend on `step`."""
        for first in range(0, n_draws, step):
            drawn = rng.standard_normal((min(step, n_draws - first), len(self.mean)))
            drawn *= self.sd
            drawn += self.mean
            yield drawn
