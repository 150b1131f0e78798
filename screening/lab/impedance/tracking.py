"""Processes followed through a series: elements found on scouts, linked in ln τ, then fitted everywhere."""

from dataclasses import dataclass
from math import log

import numpy as np
from scipy.optimize import linear_sum_assignment

from screening.lab.impedance import zarc
from screening.lab.impedance.basis import FloatArray
from screening.lab.impedance.selection import Bounds, Selected, select
from screening.lab.impedance.zarc import PER_ELEMENT, Anchor, Fit, Problem

SCOUTS = 9
"""Spectra, evenly spread over the series, whose number of elements BIC chooses at the start."""

EXTRA_SCOUTS = 3
"""Worst-fitted spectra added in each audit, so that a process that comes and goes between scouts is found."""

AUDITS = 2
"""Rounds of audit at most."""

MISFIT = 1.6
"""Reduced χ² over the noise of the scouts above which a spectrum is audited (5 σ for 158 data)."""

GATE = 0.5 * log(10.0)
"""Largest jump in ln τ of one process between scouts: half a decade."""

LN_TAU_SPREAD = 0.15 * log(10.0)
"""Standard deviation allowed around the smooth course of ln τ; only a fading process needs it."""

PHI_SPREAD = 0.05
"""Standard deviation allowed around the smooth course of φ."""

SMOOTHING = 1.0 / 12.0
"""Width of the smoothing of ln τ and φ, as a share of the series."""

DETECTION = 3.0
"""Standard deviations above which a resistance counts as seen."""

SEEN_SHARE = 0.02
"""Share of the spectra (two at least, in a series of six or more) in which a process must be seen."""


@dataclass(frozen=True, eq=False)
class Sighting:
    """One element seen in one spectrum."""

    row: int
    resistance: float
    ln_tau: float
    phi: float
    certainty: float


@dataclass(frozen=True, eq=False)
class Model:
    """A fit of some spectra by the same number of elements.

    Attributes
    ----------
    rows : ndarray of int, shape (r,)
        Spectra.
    fit : Fit
        Their fit.
    tracked : bool
        Whether the order of the elements identifies processes.
    """

    rows: np.ndarray
    fit: Fit
    tracked: bool


def separate(problem: Problem, bounds: Bounds, peaks: list[FloatArray]) -> list[Model]:
    """Fit each spectrum by itself; spectra with the same number of elements are grouped."""
    selected = select(problem, bounds, peaks)
    sizes = np.array([model.theta.size for model in selected])
    models = []
    for size in np.unique(sizes):
        rows = np.flatnonzero(sizes == size)
        theta = np.array([selected[row].theta for row in rows])
        models.append(Model(rows, zarc.at(problem.take(rows), theta), tracked=False))
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
    count = len(problem.z)
    scouts = np.unique(np.linspace(0, count - 1, SCOUTS).round().astype(int))
    selected = _scout(problem, bounds, peaks, scouts)
    for audit in range(AUDITS + 1):
        noise = float(np.median([one.cost / _freedom(problem, row, one) for row, one in selected.items()]))
        fit = _fit_tracks(problem, bounds, _link(selected, problem.n_terms), selected, noise)
        reduced = fit.cost / np.maximum(problem.n_data - fit.theta.shape[1], 1.0)
        poor = [row for row in np.argsort(-reduced) if reduced[row] > MISFIT * noise and row not in selected]
        if not poor or audit == AUDITS:
            break
        selected |= _scout(problem, bounds, peaks, np.array(poor[:EXTRA_SCOUTS]))
    return Model(np.arange(count), fit, tracked=True)


def _scout(
    problem: Problem, bounds: Bounds, peaks: list[FloatArray], rows: np.ndarray
) -> dict[int, Selected]:
    found = select(problem.take(rows), bounds.take(rows), [peaks[row] for row in rows])
    return dict(zip(rows.tolist(), found, strict=True))


def _freedom(problem: Problem, row: int, model: Selected) -> float:
    return max(float(problem.n_data[row]) - model.theta.size, 1.0)


def _link(selected: dict[int, Selected], q: int) -> list[list[Sighting]]:
    """Link the elements of the scouts, in the order of the series, to tracks by nearness in ln τ."""
    tracks: list[list[Sighting]] = []
    for row in sorted(selected):
        elements = selected[row].theta[q:].reshape(-1, PER_ELEMENT)
        seen = [Sighting(row, float(r), float(x), float(phi), float(r) ** 2) for r, x, phi in elements]
        distance = np.array([[abs(track[-1].ln_tau - one.ln_tau) for one in seen] for track in tracks])
        taken: set[int] = set()
        if distance.size:
            for i, j in zip(*linear_sum_assignment(np.minimum(distance, 4.0 * GATE)), strict=True):
                if distance[i, j] < GATE:
                    tracks[i].append(seen[j])
                    taken.add(int(j))
        tracks += [[one] for j, one in enumerate(seen) if j not in taken]
    return sorted(tracks, key=lambda track: np.median([one.ln_tau for one in track]))


def _course(rows: np.ndarray, values: FloatArray, certainty: FloatArray, count: int) -> FloatArray:
    """Smooth course through values known with a certainty at some rows, shape (count,)."""
    width = max(SMOOTHING * count, 1.0)
    distance = (np.arange(count)[:, None] - rows[None, :]) / width
    # heavy tails: far from any sighting the nearest ones still decide
    near = certainty / (1.0 + distance**2) ** 2
    return (near @ values) / near.sum(axis=1)


def _fit_tracks(
    problem: Problem,
    bounds: Bounds,
    tracks: list[list[Sighting]],
    selected: dict[int, Selected],
    noise: float,
) -> Fit:
    count, q = len(problem.z), problem.n_terms
    rows = np.arange(count)
    known = np.array(sorted(selected))
    theta = np.empty((count, q + PER_ELEMENT * len(tracks)))
    for term in range(q):
        theta[:, term] = np.interp(rows, known, [selected[row].theta[term] for row in known])
    for k, track in enumerate(tracks):
        where = np.array([one.row for one in track])
        certainty = np.array([one.certainty for one in track])
        present = dict(zip(where.tolist(), [one.resistance for one in track], strict=True))
        first = q + PER_ELEMENT * k
        theta[:, first] = np.interp(rows, known, [present.get(row, 0.0) for row in known.tolist()])
        theta[:, first + 1] = _course(where, np.array([one.ln_tau for one in track]), certainty, count)
        theta[:, first + 2] = _course(where, np.array([one.phi for one in track]), certainty, count)
    fit = _fit_around(problem, bounds, theta, noise, zarc.COARSE)
    kept = _seen(fit, q, noise)
    return _fit_around(problem, bounds, _smoothed(fit, q, noise)[:, kept], noise, zarc.FINE)


def _fit_around(problem: Problem, bounds: Bounds, theta: FloatArray, noise: float, tolerance: float) -> Fit:
    """Fit with ln τ and φ held loosely to the courses given as seeds."""
    q = problem.n_terms
    elements = (theta.shape[1] - q) // PER_ELEMENT
    precision = np.zeros(theta.shape[1])
    precision[q + 1 :: PER_ELEMENT] = noise / LN_TAU_SPREAD**2
    precision[q + 2 :: PER_ELEMENT] = noise / PHI_SPREAD**2
    anchor = Anchor(theta, np.tile(precision, (len(theta), 1)))
    lower, upper = bounds.lower(q, elements), bounds.upper(q, elements)
    return zarc.fit(problem, theta, lower, upper, anchor=anchor, tolerance=tolerance)


def _deviation(fit: Fit, noise: float) -> FloatArray:
    ridge = 1e-12 * np.einsum("spp->s", fit.gram)[:, None, None] * np.eye(fit.theta.shape[1])
    return np.sqrt(noise * np.maximum(np.einsum("spp->sp", np.linalg.inv(fit.gram + ridge)), 0.0))


def _seen(fit: Fit, q: int, noise: float) -> np.ndarray:
    """Columns to keep: all terms, and the elements detected often enough."""
    count = len(fit.theta)
    detected = (fit.theta > DETECTION * _deviation(fit, noise))[:, q::PER_ELEMENT].sum(axis=0)
    enough = detected >= max(SEEN_SHARE * count, min(2, count // 3))
    return np.concatenate([np.ones(q, dtype=bool), np.repeat(enough, PER_ELEMENT)])


def _smoothed(fit: Fit, q: int, noise: float) -> FloatArray:
    """Parameters with ln τ and φ replaced by their courses through the whole series."""
    theta = fit.theta.copy()
    rows, deviation = np.arange(len(theta)), _deviation(fit, noise)
    for first in range(q, theta.shape[1], PER_ELEMENT):
        # significance of the resistance: an absent process says nothing on its τ
        certainty = (theta[:, first] / np.maximum(deviation[:, first], 1e-12)) ** 2 + 1e-6
        for column in (first + 1, first + 2):
            theta[:, column] = _course(rows, fit.theta[:, column], certainty, len(theta))
    return theta
