"""Errors of the phases of one snapshot: what they do to linear forms, exactly and by draws."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array, hstack

from screening.thermo.intervals import Z_95


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
    free_per_atom : (n_phases, n_anions) csr_array
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
    free_per_atom: csr_array
    release_ev_per_ion: np.ndarray
    release_sd_ev_per_ion: float

    def mean(self, forms: csr_array) -> np.ndarray:
        """Expected error (true minus calculated) of each form, (n_forms,) in the unit of the form."""
        return self.sources(forms).expected

    def standard_deviation(self, forms: csr_array) -> np.ndarray:
        """Standard deviation of the error of each form, (n_forms,)."""
        return self.sources(forms).standard_deviation

    def bounds_95(self, forms: csr_array) -> np.ndarray:
        """What to add to each form for the bounds of its true value, (n_forms, 2) in the unit of the form."""
        sources = self.sources(forms)
        half = Z_95 * sources.standard_deviation
        return np.column_stack((sources.expected - half, sources.expected + half))

    def sources(self, forms: csr_array) -> "ErrorSources":
        """The independent errors that some forms, (n_forms, n_phases) csr_array, are made of.

        The biases hold for reductions that keep the anion. What frees an anion (or binds a free one) is
        anchored to the salt of the ion instead: its oxidation is off by `uncertainty.RELEASE_EV_PER_CHARGE`.
        """
        own, freed = self._own(forms), (forms @ self.free_per_atom).toarray()
        used, n_anions = np.unique(own.indices), len(self.bias_ev_per_ion)
        released = n_anions if freed.any() else 0
        return ErrorSources(
            csr_array(
                hstack(
                    [own[:, used], *map(csr_array, (forms @ self.ions_per_atom + freed, freed[:, :released]))]
                )
            ),
            np.concatenate((np.zeros(len(used)), self.bias_ev_per_ion, -self.release_ev_per_ion[:released])),
            np.concatenate(
                (np.ones(len(used)), self.bias_sd_ev_per_ion, np.full(released, self.release_sd_ev_per_ion))
            ),
        )

    def _own(self, forms: csr_array) -> csr_array:
        """Standard deviation that each draw of a group brings into each form, (n_forms, n_groups), signed."""
        return csr_array(forms @ self._spread)

    @cached_property
    def _spread(self) -> csr_array:
        """The standard deviation of each phase in the column of its group."""
        n = len(self.group)
        shape = (n, self.group.max(initial=0) + 1)
        return csr_array((self.sd_ev_per_atom, self.group, np.arange(n + 1)), shape=shape)


@dataclass(frozen=True, eq=False)
class ErrorSources:
    """Independent normal errors, one of each phase and each anion, and how forms add them up.

    Attributes
    ----------
    weight : (n_forms, n_sources) csr_array
        The error of a form is this row times the errors of the sources.
    mean, sd : (n_sources,) float arrays
    """

    weight: csr_array
    mean: np.ndarray
    sd: np.ndarray

    @property
    def expected(self) -> np.ndarray:
        """Expected error (true minus calculated) of each form, (n_forms,) in the unit of the form."""
        return self.weight @ self.mean

    @property
    def standard_deviation(self) -> np.ndarray:
        """Standard deviation of the error of each form, (n_forms,)."""
        return np.sqrt(self.weight.multiply(self.weight) @ self.sd**2)

    def blocks(self, rng: np.random.Generator, n_draws: int, step: int) -> Iterator[np.ndarray]:
        """Errors of the sources, (k, n_sources) with k up to `step`; the draws do not depend on `step`."""
        for first in range(0, n_draws, step):
            drawn = rng.standard_normal((min(step, n_draws - first), len(self.mean)))
            drawn *= self.sd
            drawn += self.mean
            yield drawn
