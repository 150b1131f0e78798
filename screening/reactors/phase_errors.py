"""Errors of the phases of one snapshot: what they do to linear forms, exactly and by draws."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from screening.ragged import Ragged
from screening.thermo.intervals import Z_95, Forms, product

if TYPE_CHECKING:
    from scipy.sparse import csr_array


@dataclass(frozen=True, eq=False, kw_only=True)
class PhaseErrors:
    """Error statistics of the phases of one snapshot.

    Attributes
    ----------
    sd_ev_per_atom : (n_phases,) float array
        Standard deviation of the draw that a phase has for itself or its group.
    group : (n_phases,) int array
        Phases of one number share one draw per atom.
    ions_per_atom : (n_phases, n_anions) float array
        Mobile ions bound to each anion, per atom of the phase.
    bias_ev_per_ion, bias_sd_ev_per_ion : (n_anions,) float arrays
    cations_per_atom : Forms
        (n_phases, n_elements). Atoms of other elements that are bound to anions, per atom of the phase.
    cation_bias_ev_per_atom, cation_bias_sd_ev_per_atom : (n_elements,) float arrays
    free_per_atom : (n_phases, n_anions) float array
        Ions that an atom of a free anion (Cl2, S) would bind, 0 for compounds.
    release_ev_per_ion : (n_anions,) float array
        `uncertainty.RELEASE_EV_PER_CHARGE` of the anions.
    release_sd_ev_per_ion : float
    """

    sd_ev_per_atom: np.ndarray
    group: np.ndarray
    ions_per_atom: np.ndarray
    bias_ev_per_ion: np.ndarray
    bias_sd_ev_per_ion: np.ndarray
    cations_per_atom: Forms
    cation_bias_ev_per_atom: np.ndarray
    cation_bias_sd_ev_per_atom: np.ndarray
    free_per_atom: np.ndarray
    release_ev_per_ion: np.ndarray
    release_sd_ev_per_ion: float

    def mean(self, forms: Forms) -> np.ndarray:
        """Expected error (true minus calculated) of each form, (n_forms,) in the unit of the form."""
        (bound, freed), cations = self._ions(forms), product(forms, self.cations_per_atom)
        of_anions: np.ndarray = bound @ self.bias_ev_per_ion - freed @ self.release_ev_per_ion
        return of_anions + _summed(cations, cations.data * self.cation_bias_ev_per_atom[cations.indices])

    def standard_deviation(self, forms: Forms) -> np.ndarray:
        """Standard deviation of the error of each form, (n_forms,)."""
        own, (bound, freed) = product(forms, self._spread), self._ions(forms)
        cations = product(forms, self.cations_per_atom)
        of_anions = bound**2 @ self.bias_sd_ev_per_ion**2
        of_anions += (freed**2).sum(axis=1) * self.release_sd_ev_per_ion**2
        of_cations = (cations.data * self.cation_bias_sd_ev_per_atom[cations.indices]) ** 2
        return np.sqrt(_summed(own, own.data**2) + of_anions + _summed(cations, of_cations))

    def bounds_95(self, forms: Forms) -> np.ndarray:
        """What to add to each form for the bounds of its true value, (n_forms, 2) in the unit of the form."""
        expected, half = self.mean(forms), Z_95 * self.standard_deviation(forms)
        return np.column_stack((expected - half, expected + half))

    def sources(self, forms: Forms) -> "ErrorSources":
        """The independent errors that some forms, (n_forms, n_phases), are made of.

        The biases hold for reductions that keep the anion. What frees an anion (or binds a free one) is
        anchored to the salt of the ion instead: its oxidation is off by `uncertainty.RELEASE_EV_PER_CHARGE`.
        """
        from scipy.sparse import csr_array, hstack

        (bound, freed), tables = self._ions(forms), (self._spread, self.cations_per_atom)
        own, cations = (
            csr_array((each.data, each.indices, each.indptr), shape=each.shape)
            for each in (product(forms, table) for table in tables)
        )
        used, others = np.unique(own.indices), np.unique(cations.indices)
        released = len(self.bias_ev_per_ion) if freed.any() else 0
        mean = (
            self.bias_ev_per_ion,
            -self.release_ev_per_ion[:released],
            self.cation_bias_ev_per_atom[others],
        )
        sd = (
            *(self.bias_sd_ev_per_ion, np.full(released, self.release_sd_ev_per_ion)),
            self.cation_bias_sd_ev_per_atom[others],
        )
        shared = (*map(csr_array, (bound, freed[:, :released])), cations[:, others])
        return ErrorSources(
            csr_array(hstack([own[:, used], *shared])),
            np.concatenate((np.zeros(len(used)), *mean)),
            np.concatenate((np.ones(len(used)), *sd)),
        )

    def _ions(self, forms: Forms) -> tuple[np.ndarray, np.ndarray]:
        """Ions bound to each anion and freed with it, (n_forms, n_anions) each."""
        atoms = forms.data[:, None]
        freed = _summed(forms, atoms * self.free_per_atom[forms.indices])
        return _summed(forms, atoms * self.ions_per_atom[forms.indices]) + freed, freed

    @cached_property
    def _spread(self) -> Forms:
        """The standard deviation of each phase in the column of its group."""
        n = len(self.group)
        shape = (n, int(self.group.max(initial=0)) + 1)
        return Forms(data=self.sd_ev_per_atom, indices=self.group, indptr=np.arange(n + 1), shape=shape)


def _summed(forms: Forms, values: np.ndarray) -> np.ndarray:
    """Sums over the entries of each form."""
    return Ragged(forms.indptr).summed(values)


@dataclass(frozen=True, eq=False)
class ErrorSources:
    """Independent normal errors, one of each phase, anion and cation, and how forms add them up.

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
