"""Course of ln τ and φ of each process through a series, learnt from all spectra together.

A process that fades leaves no information on its own ln τ and φ; its resistance is then known only if
they are. They are therefore held, N(c, V) with a small V in the end, to a course c that drifts along the
series as a random walk from its prior; the uncertainty of the course, common to neighbouring spectra, is
carried into the intervals.
"""

from dataclasses import dataclass, replace
from math import log

import numpy as np

from screening.lab.impedance.basis import FloatArray
from screening.lab.impedance.prior import Prior, anchored
from screening.lab.impedance.zarc import PER_ELEMENT, Anchor, Fit

DRIFT = (0.1, 0.005)
"""Standard deviation of the drift of ln τ and φ over a whole series, as a random walk. Data that know
better override it. More lets every spectrum look for its own, whose biases, second order in noise, add up."""

WIDEST = (0.15 * log(10.0), 0.05)
"""Standard deviations of ln τ and φ around their course in the first round, and its largest step …"""

NARROWEST = (0.005 * log(10.0), 0.0025)
"""… and in the last. Rounds anneal from one to the other: spectra that may still differ lead the course."""


NEAR = 9.0
"""Part of a series over which a course is averaged at the start, one in so many."""


@dataclass(frozen=True, eq=False)
class Courses:
    """Prior of ln τ and φ of k tracked elements in s spectra.

    Attributes
    ----------
    origin, level : ndarray, shape (2k,)
        Mean and standard deviation of the prior of the level of a course.
    centre : ndarray, shape (s, 2k)
        c: ln τ and φ of each element in turn.
    covariance : ndarray, shape (s, 2k, 2k)
        Uncertainty of the centre.
    drift : ndarray, shape (2k,)
        Standard deviation of the drift of a course over the whole series.
    n_terms : int
        Series terms that stand before the elements in the parameters.
    tightness : float
        0 for the widest V, 1 for the narrowest.
    """

    origin: FloatArray
    level: FloatArray
    centre: FloatArray
    covariance: FloatArray
    drift: FloatArray
    n_terms: int
    tightness: float = 0.0

    @classmethod
    def around(cls, theta: FloatArray, prior: Prior, n_terms: int) -> "Courses":
        """Courses through the mean of parameters, shape (s, q + 3k), led by the nearest and largest R."""
        columns, rows = columns_of(theta.shape[1], n_terms), np.arange(len(theta))
        near = 1.0 / (1.0 + ((rows[:, None] - rows) / (len(rows) / NEAR)) ** 2) ** 2
        certainty = np.repeat(theta[:, n_terms::PER_ELEMENT] ** 2 + np.finfo(float).tiny, 2, axis=1)
        return cls(
            origin=prior.centre[0].ravel(),
            level=prior.sd.ravel(),
            centre=near @ (certainty * theta[:, columns]) / (near @ certainty),
            covariance=np.zeros((len(theta), columns.size, columns.size)),
            drift=np.tile(DRIFT, columns.size // 2),
            n_terms=n_terms,
        )

    def anchor(self, noise: float, scale: float) -> Anchor:
        """Prior in units of the weighted residual, of variance `noise`; `scale` is that of resistances."""
        one = np.ones(len(self.centre))
        centre = self.centre.reshape(len(one), -1, 2)
        return anchored(centre, self._stiffness.reshape(-1, 2), self.n_terms, noise * one, scale * one)

    def take(self, rows: np.ndarray) -> "Courses":
        """Return the courses in some of the spectra."""
        return replace(self, centre=self.centre[rows], covariance=self.covariance[rows])

    def between(self, rows: np.ndarray, count: int) -> "Courses":
        """Return courses known in `rows`, drawn through `count` spectra."""
        every = np.arange(count)
        centre = np.stack([np.interp(every, rows, course) for course in self.centre.T], axis=1)
        nearest = np.abs(every[:, None] - rows).argmin(axis=1)
        return replace(self, centre=centre, covariance=self.covariance[nearest])

    def led(self, element: int, path: FloatArray) -> "Courses":
        """Return the courses with that of an element along a path of its ln τ and φ, shape (s, 2)."""
        mine = slice(2 * element, 2 * element + 2)
        centre, drift = self.centre.copy(), self.drift.copy()
        centre[:, mine] = path
        drift[mine.start] = max(DRIFT[0], float(np.ptp(path[:, 0])))
        return replace(self, centre=centre, drift=drift)

    def kept(self, elements: np.ndarray) -> "Courses":
        """Return the courses of some of the elements (boolean, shape (k,))."""
        mask = np.repeat(elements, 2)
        return replace(
            self,
            origin=self.origin[mask],
            level=self.level[mask],
            centre=self.centre[:, mask],
            covariance=self.covariance[:, mask][:, :, mask],
            drift=self.drift[mask],
        )

    @property
    def slack(self) -> FloatArray:
        """How much more than in the last round ln τ and φ may differ from a course and along it, (2k,)."""
        ratio = (np.array(WIDEST) / np.array(NARROWEST)) ** (1.0 - self.tightness)
        return np.tile(ratio, self.level.size // 2)

    @property
    def _stiffness(self) -> FloatArray:
        """V⁻¹ of `anchor`, shape (2k,)."""
        return 1.0 / (np.tile(NARROWEST, self.level.size // 2) * self.slack) ** 2

    def learnt(self, fit: Fit, noise: float) -> "Courses":
        """Courses after a fit under these ones, by a Newton step up the marginal likelihood.

        In the Gaussian approximation, with C the posterior covariance of a spectrum, its marginal
        information on the centre is J = V⁻¹ − V⁻¹CV⁻¹ and its pull is V⁻¹(θ − c).

        Parameters
        ----------
        fit : Fit
            Fit under `anchor`.
        noise : float
            Variance of a weighted residual.
        """
        columns, held = columns_of(fit.theta.shape[1], self.n_terms), self._stiffness
        posterior = noise * inverse(fit.gram)[:, columns][:, :, columns]
        information = np.diag(held) - held[:, None] * posterior * held
        walk = _walk(information, (fit.theta[:, columns] - self.centre) * held, self)
        largest = np.tile(WIDEST, held.size // 2)
        # all of the step shortened alike: cut one by one, parameters that compensate each other go astray
        step = walk.step / max(float(np.max(np.abs(walk.step) / largest)), 1.0)
        return replace(self, centre=self.centre + step, covariance=walk.covariance)

    def shared_covariance(self, fit: Fit, noise: float) -> FloatArray:
        """Covariance that the uncertainty of the courses adds to the parameters of a fit, shape (s, p, p)."""
        columns = columns_of(fit.theta.shape[1], self.n_terms)
        response = inverse(fit.gram)[:, :, columns] * (noise * self._stiffness)
        return response @ self.covariance @ response.transpose(0, 2, 1)


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


def _walk(information: FloatArray, pull: FloatArray, courses: Courses) -> _Walk:
    """Random walk through Gaussian information: block-tridiagonal elimination (a Kalman smoother)."""
    count = len(pull)
    stiffness = (count - 1) / (courses.drift * courses.slack) ** 2
    level = 1.0 / courses.level**2
    change = np.diff(courses.centre, axis=0) * stiffness
    right = pull.copy()
    right[:-1] += change
    right[1:] -= change
    right[0] += level * (courses.origin - courses.centre[0])
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
