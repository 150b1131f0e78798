"""Course of ln τ and φ of each process through a series, learnt from all spectra together.

A process that fades leaves no information on its own ln τ and φ; its resistance is then known only if
they are. They are therefore given a Gaussian prior in each spectrum, N(c, V), around a course c that
drifts along the series as a random walk. Course and width are empirical Bayes estimates; the
uncertainty of the course, common to neighbouring spectra, is carried into the intervals.
"""

from dataclasses import dataclass, replace
from math import log

import numpy as np

from screening.lab.impedance.basis import FloatArray
from screening.lab.impedance.zarc import PER_ELEMENT, Anchor, Fit

DRIFT = (0.2 * log(10.0), 0.05)
"""Standard deviation of the drift of ln τ and φ over a whole series, as a random walk; data that know
better override it, and where a process is gone its course is carried on with growing uncertainty."""

ANYWHERE = (0.5 * log(10.0), 0.15)
"""Standard deviations of the prior of the level of a course, around what the scouts saw."""

WIDEST = (0.15 * log(10.0), 0.05)
"""Standard deviations of ln τ and φ around their course: where they start, and at most."""

NARROWEST = (0.02 * log(10.0), 0.01)
"""… and at least: no electrode is constant to better than that."""

WIDTH_STEP = (0.1, 2.0)
"""Factors within which one step may change V."""


@dataclass(frozen=True, eq=False)
class Courses:
    """Prior of ln τ and φ of k tracked elements in s spectra.

    Attributes
    ----------
    origin : ndarray, shape (2k,)
        Level of the courses that the scouts saw.
    centre : ndarray, shape (s, 2k)
        c: ln τ and φ of each element in turn.
    width : ndarray, shape (2k,)
        Standard deviations √V.
    covariance : ndarray, shape (s, 2k, 2k)
        Uncertainty of the centre.
    n_terms : int
        Series terms that stand before the elements in the parameters.
    """

    origin: FloatArray
    centre: FloatArray
    width: FloatArray
    covariance: FloatArray
    n_terms: int

    @classmethod
    def around(cls, theta: FloatArray, n_terms: int) -> "Courses":
        """Widest prior around given parameters, shape (s, q + 3k)."""
        columns = columns_of(theta.shape[1], n_terms)
        certainty = theta[:, n_terms::PER_ELEMENT] ** 2 + np.finfo(float).tiny
        origin = np.average(theta[:, columns], axis=0, weights=np.repeat(certainty, 2, axis=1))
        count = columns.size
        width = np.tile(WIDEST, count // 2)
        return cls(origin, theta[:, columns], width, np.zeros((len(theta), count, count)), n_terms)

    def anchor(self, noise: float) -> Anchor:
        """Prior in units of the weighted residual, whose variance is `noise`."""
        size = self.n_terms + PER_ELEMENT * self.width.size // 2
        columns = columns_of(size, self.n_terms)
        centre, precision = np.zeros((len(self.centre), size)), np.zeros((len(self.centre), size))
        centre[:, columns] = self.centre
        precision[:, columns] = noise / self.width**2
        return Anchor(centre, precision)

    def with_element(self, centre: FloatArray) -> "Courses":
        """Return the courses with one element more, its centre of shape (s, 2), its prior the widest."""
        covariance = np.pad(self.covariance, ((0, 0), (0, 2), (0, 2)))
        return replace(
            self,
            origin=np.concatenate([self.origin, centre.mean(axis=0)]),
            centre=np.concatenate([self.centre, centre], axis=1),
            width=np.concatenate([self.width, WIDEST]),
            covariance=covariance,
        )

    def kept(self, elements: np.ndarray) -> "Courses":
        """Return the courses of some of the elements (boolean, shape (k,))."""
        mask = np.repeat(elements, 2)
        covariance = self.covariance[:, mask][:, :, mask]
        return replace(
            self,
            origin=self.origin[mask],
            centre=self.centre[:, mask],
            width=self.width[mask],
            covariance=covariance,
        )

    def learnt(self, fit: Fit, noise: float) -> "Courses":
        """Courses after a fit under these ones, by two steps up the marginal likelihood.

        In the Gaussian approximation, with C the posterior covariance of a spectrum, its marginal
        information on the centre is J = V⁻¹ − V⁻¹CV⁻¹ and its pull is V⁻¹(θ − c). The centre takes a
        Newton step; the width takes MacKay's fixed-point step, V ← V·Σ(V⁻¹(θ − c))²/ΣJ.

        Parameters
        ----------
        fit : Fit
            Fit under `anchor`.
        noise : float
            Variance of a weighted residual.
        """
        columns = columns_of(fit.theta.shape[1], self.n_terms)
        posterior = noise * inverse(fit.gram)[:, columns][:, :, columns]
        precision = 1.0 / self.width**2
        away = fit.theta[:, columns] - self.centre
        information = np.diag(precision) - precision[:, None] * posterior * precision[None, :]
        widest = np.tile(WIDEST, self.width.size // 2)
        walk = _walk(information, away * precision, self.centre, self.origin)
        step = np.clip(walk.step, -widest, widest)
        known = np.maximum(np.einsum("scc->c", information), np.finfo(float).tiny)
        ratio = np.clip((((away - step) * precision) ** 2).sum(axis=0) / known, *WIDTH_STEP)
        width = np.clip(self.width * np.sqrt(ratio), np.tile(NARROWEST, self.width.size // 2), widest)
        return replace(self, centre=self.centre + step, width=width, covariance=walk.covariance)

    def shared_variance(self, fit: Fit, noise: float) -> FloatArray:
        """Variance that the uncertainty of the courses adds to each parameter of a fit, shape (s, p)."""
        columns = columns_of(fit.theta.shape[1], self.n_terms)
        response = inverse(fit.gram)[:, :, columns] * (noise / self.width**2)
        return np.einsum("spc,scd,spd->sp", response, self.covariance, response)


def columns_of(size: int, n_terms: int) -> np.ndarray:
    """Columns of ln τ and φ among `size` parameters, element by element."""
    first = np.arange(n_terms, size, PER_ELEMENT)
    return np.stack([first + 1, first + 2], axis=1).ravel()


def inverse(gram: FloatArray) -> FloatArray:
    """Inverse of JᵀJ, with a ridge far below any real curvature."""
    trace = np.einsum("spp->s", gram)
    return np.linalg.inv(gram + 1e-13 * trace[:, None, None] * np.eye(gram.shape[1]))


@dataclass(frozen=True, eq=False)
class _Walk:
    """Step of the courses towards their most probable values, (s, 2k), and their covariance, (s, 2k, 2k)."""

    step: FloatArray
    covariance: FloatArray


def _walk(information: FloatArray, pull: FloatArray, centre: FloatArray, origin: FloatArray) -> _Walk:
    """Random walk through Gaussian information: block-tridiagonal elimination (a Kalman smoother)."""
    count, size = pull.shape
    stiffness = (count - 1) / np.tile(DRIFT, size // 2) ** 2
    level = 1.0 / np.tile(ANYWHERE, size // 2) ** 2
    change = np.diff(centre, axis=0) * stiffness
    right = pull.copy()
    right[:-1] += change
    right[1:] -= change
    right[0] += level * (origin - centre[0])
    links = np.full(count, 2.0)
    links[[0, -1]] = 1.0
    diagonal = information + np.einsum("s,ij->sij", links, np.diag(stiffness))
    diagonal[0] += np.diag(level)
    inverses = np.empty_like(information)
    inverses[0] = np.linalg.inv(diagonal[0])
    for s in range(1, count):
        inverses[s] = np.linalg.inv(diagonal[s] - stiffness[:, None] * inverses[s - 1] * stiffness)
        right[s] += stiffness * (inverses[s - 1] @ right[s - 1])
    step, covariance = np.empty_like(pull), inverses.copy()
    step[-1] = inverses[-1] @ right[-1]
    for s in range(count - 2, -1, -1):
        gain = inverses[s] * stiffness
        step[s] = inverses[s] @ right[s] + gain @ step[s + 1]
        covariance[s] += gain @ covariance[s + 1] @ gain.T
    return _Walk(step, covariance)
