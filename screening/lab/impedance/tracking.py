"""Processes followed through a series: elements found on scouts, linked in ln τ, then fitted everywhere."""

from dataclasses import dataclass
from math import log

import numpy as np
from scipy.optimize import linear_sum_assignment

from screening.lab.impedance import zarc
from screening.lab.impedance.basis import FloatArray
from screening.lab.impedance.courses import Courses, inverse
from screening.lab.impedance.selection import SEED_PHI, Bounds, Selected, scan, select
from screening.lab.impedance.zarc import PER_ELEMENT, Fit, Problem

SCOUTS = 9
"""Spectra, evenly spread over the series, whose number of elements BIC chooses at the start."""

MAX_ADDED = 4
"""Tracks added at most because the residuals of the whole series ask for them."""

GATE = 0.5 * log(10.0)
"""Largest jump in ln τ of one process between scouts: half a decade."""

ROUNDS = 4
"""Alternations of fitting the spectra and learning the courses; a fifth changes nothing visible."""

SUPPORT = 25.0
"""χ² that a track must explain in the series beyond ln N in each spectrum where it explains that much:
BIC decides where it is present, and the rest must pay for its ln τ and φ (as 3 ln N + 10, N = 158)."""


@dataclass(frozen=True, eq=False)
class Sighting:
    """One element seen in one spectrum."""

    row: int
    resistance: float
    ln_tau: float
    phi: float


@dataclass(frozen=True, eq=False)
class Model:
    """A fit of some spectra by the same number of elements.

    Attributes
    ----------
    rows : ndarray of int, shape (r,)
        Spectra.
    fit : Fit
        Their fit.
    shared_variance : ndarray, shape (r, p)
        Variance of each parameter that comes from what the spectra share; 0 for separate fits.
    precision : ndarray, shape (p,)
        Precision of the prior that the fit carries, in its own units; 0 for separate fits.
    """

    rows: np.ndarray
    fit: Fit
    shared_variance: FloatArray
    precision: FloatArray


def separate(problem: Problem, bounds: Bounds, peaks: list[FloatArray]) -> list[Model]:
    """Fit each spectrum by itself; spectra with the same number of elements are grouped."""
    selected = select(problem, bounds, peaks)
    sizes = np.array([model.theta.size for model in selected])
    models = []
    for size in np.unique(sizes):
        rows = np.flatnonzero(sizes == size)
        theta = np.array([selected[row].theta for row in rows])
        models.append(Model(rows, zarc.at(problem.take(rows), theta), np.zeros(theta.shape), np.zeros(size)))
    return models


def follow(problem: Problem, bounds: Bounds, peaks: list[FloatArray]) -> Model:
    """Fit the whole series by one set of processes.

    Parameters
    ----------
    problem : Problem
        s spectra in the order of the series.
    bounds : Bounds
        Ranges of ln τ.
    peaks : list of ndarray, each (k, 2)
        Peaks of each DRT: ln τ and scaled area.

    Returns
    -------
    Model
        All spectra; a process that is absent somewhere has a resistance near 0 there, with its
        uncertainty, while its ln τ and φ follow their smooth course.
    """
    count, q = len(problem.z), problem.n_terms
    scouts = np.unique(np.linspace(0, count - 1, SCOUTS).round().astype(int))
    found = select(problem.take(scouts), bounds.take(scouts), [peaks[row] for row in scouts], patience=1)
    selected = dict(zip(scouts.tolist(), found, strict=True))
    noise = float(np.median([one.cost / _freedom(problem, row, one) for row, one in selected.items()]))
    theta = _seeds(count, q, _link(selected, q), selected)
    state = _settle(problem, bounds, theta, Courses.around(theta, q), noise)
    for _ in range(MAX_ADDED):
        asked = scan(problem, bounds, state.fit)
        support = _support(asked.gain / noise, problem.n_data)
        best = int(support.argmax())
        if support[best] < SUPPORT:
            break
        new = np.stack(
            [asked.resistance[:, best], np.full(count, asked.ln_tau[best]), np.full(count, SEED_PHI)]
        )
        theta = np.concatenate([state.fit.theta, new.T], axis=1)
        tried = _settle(problem, bounds, theta, state.courses.with_element(new[1:].T), noise)
        if tried.fit.theta.shape[1] <= state.fit.theta.shape[1]:
            break
        state = tried
    fit = _fit_around(problem, bounds, state.fit.theta, state.courses, noise, zarc.FINE)
    shared = state.courses.shared_variance(fit, noise)
    order = _by_tau(state.courses, q)
    precision = state.courses.anchor(noise).precision[0, order]
    ordered = Fit(fit.theta[:, order], fit.cost, fit.gram[:, order][:, :, order])
    return Model(np.arange(count), ordered, shared[:, order], precision)


@dataclass(frozen=True, eq=False)
class _State:
    fit: Fit
    courses: Courses


def _settle(problem: Problem, bounds: Bounds, theta: FloatArray, courses: Courses, noise: float) -> _State:
    """Alternate between fitting all spectra and learning the courses; drop tracks without support."""
    q = problem.n_terms
    for turn in range(ROUNDS):
        fit = _fit_around(problem, bounds, theta, courses, noise, zarc.COARSE)
        courses, theta = courses.learnt(fit, noise), fit.theta
        if turn == ROUNDS - 2:
            kept = _support(_explained(fit, q, noise), problem.n_data) >= SUPPORT
            courses = courses.kept(kept)
            theta = theta[:, np.concatenate([np.ones(q, dtype=bool), np.repeat(kept, PER_ELEMENT)])]
    return _State(_fit_around(problem, bounds, theta, courses, noise, zarc.COARSE), courses)


def _support(chi_squared: FloatArray, n_data: FloatArray) -> FloatArray:
    """χ² explained beyond ln N in the spectra where it is more than that; (s, k) to (k,)."""
    return np.maximum(chi_squared - np.log(n_data)[:, None], 0.0).sum(axis=0)


def _explained(fit: Fit, q: int, noise: float) -> FloatArray:
    """χ² that each element explains: R² over its variance at its own ln τ and φ, shape (s, k).

    With its shape free as well, an element at the end of the range, certainly there but of uncertain
    size, would look dispensable.
    """
    explained = np.empty((len(fit.theta), (fit.theta.shape[1] - q) // PER_ELEMENT))
    for k in range(explained.shape[1]):
        first = q + PER_ELEMENT * k
        others = np.delete(np.arange(fit.theta.shape[1]), [first + 1, first + 2])
        variance = noise * inverse(fit.gram[:, others][:, :, others])[:, first, first]
        explained[:, k] = fit.theta[:, first] ** 2 / np.maximum(variance, np.finfo(float).tiny)
    return explained


def _by_tau(courses: Courses, q: int) -> np.ndarray:
    rank = np.median(courses.centre[:, ::2], axis=0).argsort()
    columns = q + PER_ELEMENT * rank[:, None] + np.arange(PER_ELEMENT)
    return np.concatenate([np.arange(q), columns.ravel()])


def _freedom(problem: Problem, row: int, model: Selected) -> float:
    return max(float(problem.n_data[row]) - model.theta.size, 1.0)


def _link(selected: dict[int, Selected], q: int) -> list[list[Sighting]]:
    """Link the elements of the scouts, in the order of the series, to tracks by nearness in ln τ."""
    tracks: list[list[Sighting]] = []
    for row in sorted(selected):
        elements = selected[row].theta[q:].reshape(-1, PER_ELEMENT)
        seen = [Sighting(row, float(r), float(x), float(phi)) for r, x, phi in elements]
        distance = np.array([[abs(track[-1].ln_tau - one.ln_tau) for one in seen] for track in tracks])
        taken: set[int] = set()
        if distance.size:
            for i, j in zip(*linear_sum_assignment(np.minimum(distance, 4.0 * GATE)), strict=True):
                if distance[i, j] < GATE:
                    tracks[i].append(seen[j])
                    taken.add(int(j))
        tracks += [[one] for j, one in enumerate(seen) if j not in taken]
    return sorted(tracks, key=lambda track: np.median([one.ln_tau for one in track]))


def _seeds(count: int, q: int, tracks: list[list[Sighting]], selected: dict[int, Selected]) -> FloatArray:
    """Terms and resistances interpolated between the scouts; ln τ and φ from the most certain sightings."""
    rows, known = np.arange(count), np.array(sorted(selected))
    theta = np.empty((count, q + PER_ELEMENT * len(tracks)))
    for term in range(q):
        theta[:, term] = np.interp(rows, known, [selected[row].theta[term] for row in known.tolist()])
    for k, track in enumerate(tracks):
        first = q + PER_ELEMENT * k
        present = {one.row: one.resistance for one in track}
        theta[:, first] = np.interp(rows, known, [present.get(row, 0.0) for row in known.tolist()])
        # far from the sightings the nearest still decide; a larger resistance is more certain
        distance = (rows[:, None] - np.array([one.row for one in track])) / max(count / SCOUTS, 1.0)
        near = np.array([one.resistance**2 for one in track]) / (1.0 + distance**2) ** 2
        near /= near.sum(axis=1, keepdims=True)
        theta[:, first + 1] = near @ np.array([one.ln_tau for one in track])
        theta[:, first + 2] = near @ np.array([one.phi for one in track])
    return theta


def _fit_around(
    problem: Problem, bounds: Bounds, theta: FloatArray, courses: Courses, noise: float, tolerance: float
) -> Fit:
    q = problem.n_terms
    elements = (theta.shape[1] - q) // PER_ELEMENT
    lower, upper = bounds.lower(q, elements), bounds.upper(q, elements)
    return zarc.fit(problem, theta, lower, upper, anchor=courses.anchor(noise), tolerance=tolerance)
