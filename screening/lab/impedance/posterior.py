"""Posterior of spectra that were fitted by elements under a prior."""

from dataclasses import dataclass

import numpy as np

from screening.lab.impedance import zarc
from screening.lab.impedance.basis import FloatArray
from screening.lab.impedance.courses import inverse
from screening.lab.impedance.prior import UNDECIDED, Prior
from screening.lab.impedance.scan import shaped
from screening.lab.impedance.zarc import PER_ELEMENT, Fit, Problem


@dataclass(frozen=True, eq=False)
class Model:
    """Posterior of some spectra with as many elements.

    Attributes
    ----------
    rows : ndarray of int, shape (r,)
        Spectra.
    problem : Problem
        Their data and the shapes of their elements.
    theta, covariance : ndarray, shapes (r, p) and (r, p, p)
        Most probable parameters, and their covariance.
    scatter : ndarray, shape (r, p, p)
        The part of it that differs between repeated spectra of one cell.
    freedom : ndarray, shape (r,)
        Real data less what the parameters take up.
    """

    rows: np.ndarray
    problem: Problem
    theta: FloatArray
    covariance: FloatArray
    scatter: FloatArray
    freedom: FloatArray

    @property
    def certainty(self) -> FloatArray:
        """R² of each element over its variance, shape (r, k)."""
        first = self.problem.n_terms
        variance = np.einsum("spp->sp", self.covariance)[:, first::PER_ELEMENT]
        found = self.theta[:, first::PER_ELEMENT] ** 2 / np.maximum(variance, np.finfo(float).tiny)
        return np.asarray(found)


@dataclass(frozen=True, eq=False)
class State:
    """A fit, the prior precision in it, the noise it leaves, and its degrees of freedom, by spectrum."""

    fit: Fit
    precision: FloatArray
    noise: FloatArray
    freedom: FloatArray
    bic: FloatArray

    @classmethod
    def of(cls, problem: Problem, fit: Fit, anchor: zarc.Anchor) -> "State":
        """State of a fit under an anchor."""
        misfit = fit.cost - (anchor.precision * (anchor.centre - fit.theta) ** 2).sum(axis=1)
        held = np.einsum("spp,sp->s", inverse(fit.gram), anchor.precision)
        size, n_data = fit.theta.shape[1], problem.n_data
        freedom = np.maximum(n_data - size + held, 1.0)
        misfit = np.maximum(misfit, np.finfo(float).eps ** 2)
        # unknown noise: Schwarz, Ann. Stat. 6 (1978) 461, doi:10.1214/aos/1176344136
        bic = n_data * np.log(misfit / n_data) + size * np.log(n_data)
        return cls(fit, anchor.precision, misfit / freedom, freedom, bic)

    def take(self, rows: np.ndarray) -> "State":
        """Return the state of some of the spectra."""
        fit = Fit(self.fit.theta[rows], self.fit.cost[rows], self.fit.gram[rows])
        return State(fit, self.precision[rows], self.noise[rows], self.freedom[rows], self.bic[rows])

    def model(self, rows: np.ndarray, problem: Problem, shared: FloatArray | float = 0.0) -> Model:
        """With prior precision P and curvature A the covariance is A⁻¹; spectra scatter by A⁻¹JᵀJA⁻¹."""
        covariance, noise = inverse(self.fit.gram), self.noise[:, None, None]
        prior = (covariance * self.precision[:, None, :]) @ covariance
        scatter = noise * (covariance - prior)
        whole = scatter + UNDECIDED**2 * (noise * prior + shared)
        return Model(
            rows=rows,
            problem=problem,
            theta=self.fit.theta,
            covariance=whole,
            scatter=scatter,
            freedom=self.freedom,
        )


def fitted(
    problem: Problem, prior: Prior, theta: FloatArray, anchor: zarc.Anchor, tolerance: float = zarc.FINE
) -> Fit:
    """Fit elements of the expected shapes, from `theta` on; a drift within the sweep may have either sign."""
    lower, upper = prior.bounds(problem.n_terms)
    if problem.drifts:
        lower[problem.n_terms - 1] = -np.inf
    return zarc.fit(shaped(problem, prior), theta, lower, upper, anchor=anchor, tolerance=tolerance)


def support_of(chi_squared: FloatArray, n_data: FloatArray) -> FloatArray:
    """χ² explained beyond ln N in the spectra where it is more than that; (s, k) to (k,)."""
    return np.maximum(chi_squared - np.log(n_data)[:, None], 0.0).sum(axis=0)
