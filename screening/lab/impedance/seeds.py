"""What a tracked refit gives a joint fit of all spectra to begin with: the arcs that are there."""

from dataclasses import dataclass, replace
from itertools import pairwise
from math import log

import numpy as np

from screening.lab.impedance.basis import FloatArray
from screening.lab.impedance.leaky import LEAST, Series, State
from screening.lab.impedance.normal import magnitude, weights
from screening.lab.impedance.refit import ZarcSeries
from screening.lab.impedance.spectrum import inverse_temperature
from screening.lab.impedance.zarc import Problem

HELD_PART = 0.02
"""Mean share of Z′ below which an element that is never detected is left out."""

APART = 0.5 * log(10.0)
"""Distance in ln τ below which two arcs may be one whose τ moves: spectra give little but their sum."""

TINY = float(np.finfo(float).tiny)
"""What keeps a quotient finite."""


@dataclass(frozen=True, eq=False)
class Tracks:
    """Seeds from a tracked refit: resistances over the scale, R∞ first, (s, k + 1); ln τ and φ, (s, k)."""

    resistance: FloatArray
    ln_tau: FloatArray
    phi: FloatArray
    terms: FloatArray

    def merged(self) -> "Tracks":
        """Neighbours that cannot be told apart as one arc of their sum; itself where there are none.

        An arc whose R and τ fall is followed as one arc, or as two of fixed τ that take turns.
        """
        order = np.argsort(self.middle)
        groups = [[int(index)] for index in order[:1]]
        for before, index in pairwise(order):
            if self.middle[index] - self.middle[before] < APART:
                groups[-1].append(int(index))
            else:
                groups.append([int(index)])
        if len(groups) == order.size:
            return self
        weight = np.abs(self.resistance[:, 1:]) + TINY

        def mean(values: FloatArray) -> FloatArray:
            return np.stack([np.average(values[:, g], weights=weight[:, g], axis=1) for g in groups], axis=1)

        summed = [self.resistance[:, 1:][:, group].sum(axis=1) for group in groups]
        return replace(
            self,
            resistance=np.column_stack([self.resistance[:, 0], *summed]),
            ln_tau=mean(self.ln_tau),
            phi=mean(self.phi),
        )

    @property
    def middle(self) -> FloatArray:
        """Median of ln τ of each element, shape (k,)."""
        return np.asarray(np.median(self.ln_tau, axis=0))

    def state(self, rows: np.ndarray) -> State:
        """Shared parameters from some of the spectra, nothing changing."""
        mine = self.resistance[rows]
        weight = mine[:, 1:] ** 2 + TINY
        ln_tau = np.average(self.ln_tau[rows], weights=weight, axis=0)
        k = ln_tau.size
        return State(
            terms=np.median(self.terms[rows], axis=0),
            ln_r=np.log(np.maximum(mine.mean(axis=0), 10.0 * LEAST)),
            ln_tau=ln_tau,
            phi=np.average(self.phi[rows], weights=weight, axis=0),
            follow=np.full(k, 0.5),
            pattern=np.ones(k + 1),
            shift=np.zeros(k),
            energy=np.zeros(k + 1),
            local=np.zeros((len(self.resistance), k + 3)),
            home=ln_tau,
            height=np.zeros(1),
            shape=np.zeros(len(self.resistance)),
        )


def stacked(refit: ZarcSeries, rows: np.ndarray) -> tuple[Series, Tracks, float]:
    """Spectra of these rows in units of their median size, the seeds, and that size in ohm."""
    drt, names = refit.drt, refit.drt.options.terms.names
    spectra = [drt.spectra[row] for row in rows]
    scale = float(np.median([magnitude(s) for s in spectra]))
    longest = max(len(s) for s in spectra)

    omega, z = np.empty((len(rows), longest)), np.empty((len(rows), longest), dtype=complex)
    for k, one in enumerate(spectra):
        pad = (0, longest - len(one))
        omega[k] = np.pad(one.angular_frequency, pad, mode="edge")
        z[k] = np.pad(one.z_ohm, pad, mode="edge") / scale
    there = np.arange(longest) < np.array([len(s) for s in spectra])[:, None]
    residual = np.maximum(refit.relative_residual[rows], np.median(refit.relative_residual[rows]))
    columns = np.moveaxis(drt.options.terms.columns(omega), -1, 1)
    largest = np.abs(columns).max(axis=(0, 2))
    weight = weights(z, "modulus") * there / np.maximum(residual, TINY)[:, None]
    elements, kept = refit.elements, np.isin(refit.elements.spectrum, rows)

    def by_spectrum(values: FloatArray) -> FloatArray:
        return values[kept].reshape(len(rows), -1)

    resistance, ohmic = by_spectrum(elements.resistance_ohm), refit.terms[rows, 0]
    share = np.abs(resistance).mean(axis=0) / max(float((ohmic + resistance.sum(axis=1)).mean()), TINY)
    # the refit keeps an element for a window that may hold something; here it would only be one more course
    held = by_spectrum(elements.detected).any(axis=0) | (share > HELD_PART)
    held = held if held.any() else ~held
    tracks = Tracks(
        resistance=np.column_stack([ohmic, resistance[:, held]]) / scale,
        ln_tau=by_spectrum(np.log(elements.tau_s))[:, held],
        phi=by_spectrum(elements.phi)[:, held],
        terms=refit.terms[rows, 1:] * largest[1:] / scale,
    )
    anchor = int(np.argmax((np.abs(z) * there).sum(axis=1) / there.sum(axis=1)))
    series = Series(
        problem=Problem(np.log(omega), z, weight, columns / largest[:, None]),
        inductance=names.index("inductance_h") if "inductance_h" in names else None,
        temperature=inverse_temperature(spectra, anchor),
        anchor=anchor,
    )
    return series, tracks, scale
