"""How many ZARC elements a spectrum holds: forward selection by BIC, seeded by the peaks of its DRT."""

from dataclasses import dataclass
from math import log

import numpy as np

from screening.lab.impedance import zarc
from screening.lab.impedance.basis import FloatArray
from screening.lab.impedance.zarc import PER_ELEMENT, Fit, Problem

MAX_ELEMENTS = 8
"""Upper limit of the number of elements: eight arcs need eleven decades of frequency to be told apart."""

BIC_MARGIN = 4.0
"""BIC by which a further element must win. The position of an absent element is free to follow the
noise, so that the plain criterion lets one in a few dozen spurious elements pass; 4 is "positive
evidence" on the scale of Kass & Raftery, doi:10.1080/01621459.1995.10476572."""

PATIENCE = 2
"""Further elements tried without improvement before the search ends."""

SEED_PHI = 0.85
"""Exponent of a seed: the middle of what solid electrolytes show."""

SPLIT = log(3.0)
"""Half distance in ln τ at which an element is tried as two."""

SCAN_PER_DECADE = 3
"""Density of the τ grid on which a further element is looked for."""


@dataclass(frozen=True, eq=False)
class Bounds:
    """Range of ln τ allowed for the elements of each spectrum, shape (s,) each."""

    ln_tau_low: FloatArray
    ln_tau_high: FloatArray

    def take(self, rows: np.ndarray) -> "Bounds":
        """Return the bounds of some of the spectra."""
        return Bounds(self.ln_tau_low[rows], self.ln_tau_high[rows])

    def lower(self, n_terms: int, elements: int) -> FloatArray:
        """Lower bounds of all parameters, shape (s, q + 3k)."""
        return self._stack(0.0, 0.0, self.ln_tau_low, zarc.PHI_BOUNDS[0], n_terms, elements)

    def upper(self, n_terms: int, elements: int) -> FloatArray:
        """Upper bounds of all parameters, shape (s, q + 3k)."""
        return self._stack(np.inf, np.inf, self.ln_tau_high, zarc.PHI_BOUNDS[1], n_terms, elements)

    def _stack(
        self, term: float, resistance: float, ln_tau: FloatArray, phi: float, n_terms: int, elements: int
    ) -> FloatArray:
        bounds = np.empty((ln_tau.size, n_terms + PER_ELEMENT * elements))
        bounds[:, :n_terms] = term
        bounds[:, n_terms::PER_ELEMENT] = resistance
        bounds[:, n_terms + 1 :: PER_ELEMENT] = ln_tau[:, None]
        bounds[:, n_terms + 2 :: PER_ELEMENT] = phi
        return bounds


@dataclass(frozen=True, eq=False)
class Selected:
    """Best model of one spectrum.

    Attributes
    ----------
    theta : ndarray, shape (q + 3k,)
        Parameters, elements by ascending τ.
    cost : float
        Weighted sum of squared residuals.
    bic : ndarray, shape (k_tried + 1,)
        BIC of 0, 1, 2 … elements; infinite where not tried.
    """

    theta: FloatArray
    cost: float
    bic: FloatArray


def bic(cost: FloatArray, n_data: FloatArray, parameters: int) -> FloatArray:
    """Bayesian information criterion with unknown noise, N ln(χ²/N) + p ln N.

    References
    ----------
    Schwarz, Ann. Stat. 6 (1978) 461, doi:10.1214/aos/1176344136
    """
    return n_data * np.log(np.maximum(cost, np.finfo(float).tiny) / n_data) + parameters * np.log(n_data)


def select(
    problem: Problem, bounds: Bounds, peaks: list[FloatArray], *, patience: int = PATIENCE
) -> list[Selected]:
    """Best number of elements, and their parameters, for each spectrum by itself.

    Elements are added one at a time. Each number is tried from several seeds: the largest peaks of the
    DRT, the previous model with a new element where the residual asks for one, and the previous model
    with one element split.

    Parameters
    ----------
    problem : Problem
        s spectra.
    bounds : Bounds
        Ranges of ln τ.
    peaks : list of ndarray, each (k, 2)
        Peaks of each DRT by descending area: ln τ and scaled area.
    patience : int
        Further elements tried without improvement before the search ends.

    Returns
    -------
    list of Selected, one per spectrum
    """
    count, q, n_data = len(problem.z), problem.n_terms, problem.n_data
    current = _fit(problem, np.ones((count, q)), bounds, zarc.FINE)
    scores = np.full((count, MAX_ELEMENTS + 1), np.inf)
    scores[:, 0] = bic(current.cost, n_data, q)
    best = [Selected(current.theta[i], float(current.cost[i]), scores[i]) for i in range(count)]
    best_score, since = scores[:, 0].copy(), np.zeros(count, dtype=int)
    rows = np.arange(count)
    for elements in range(1, MAX_ELEMENTS + 1):
        current = _extend(problem.take(rows), bounds.take(rows), [peaks[i] for i in rows], current, elements)
        score = bic(current.cost, n_data[rows], q + PER_ELEMENT * elements)
        scores[rows, elements] = score
        won = score < best_score[rows] - BIC_MARGIN * (1 + since[rows])
        for i in np.flatnonzero(won):
            best[rows[i]] = Selected(current.theta[i], float(current.cost[i]), scores[rows[i]])
        best_score[rows] = np.where(won, score, best_score[rows])
        since[rows] = np.where(won, 0, since[rows] + 1)
        affordable = n_data[rows] > q + PER_ELEMENT * (elements + 1) + 1
        go_on = (since[rows] < patience) & affordable
        rows = rows[go_on]
        if rows.size == 0:
            break
        current = Fit(current.theta[go_on], current.cost[go_on], current.gram[go_on])
    return [_sorted(model, q) for model in best]


def _sorted(model: Selected, q: int) -> Selected:
    elements = model.theta[q:].reshape(-1, PER_ELEMENT)
    ordered = elements[elements[:, 1].argsort()].ravel()
    return Selected(np.concatenate([model.theta[:q], ordered]), model.cost, model.bic)


def _fit(problem: Problem, theta: FloatArray, bounds: Bounds, tolerance: float) -> Fit:
    q = problem.n_terms
    elements = (theta.shape[1] - q) // PER_ELEMENT
    return zarc.fit(problem, theta, bounds.lower(q, elements), bounds.upper(q, elements), tolerance=tolerance)


def _extend(problem: Problem, bounds: Bounds, peaks: list[FloatArray], previous: Fit, elements: int) -> Fit:
    """Best fit with one element more, out of several seeds per spectrum."""
    every = np.arange(len(previous.theta))
    seeds = [(every, _with_new_element(problem, bounds, previous))]
    seeds += [(every, _with_split(previous.theta, problem.n_terms, k)) for k in range(elements - 1)]
    enough = np.array([i for i, found in enumerate(peaks) if len(found) >= elements], dtype=int)
    if enough.size:
        seeds.append((enough, _from_peaks(previous.theta[enough], problem.n_terms, peaks, enough, elements)))
    rows = np.concatenate([row for row, _ in seeds])
    theta = np.concatenate([seed for _, seed in seeds])
    tried = _fit(problem.take(rows), theta, bounds.take(rows), zarc.COARSE)
    order = np.lexsort((tried.cost, rows))
    winner = order[np.unique(rows[order], return_index=True)[1]]
    return _fit(problem, tried.theta[winner], bounds, zarc.FINE)


def _from_peaks(
    theta: FloatArray, q: int, peaks: list[FloatArray], chosen: np.ndarray, elements: int
) -> FloatArray:
    found = np.array([peaks[i][:elements] for i in chosen])
    block = np.stack([found[:, :, 1], found[:, :, 0], np.full(found.shape[:2], SEED_PHI)], axis=-1)
    return np.concatenate([theta[:, :q], block.reshape(len(chosen), -1)], axis=1)


def _with_split(theta: FloatArray, q: int, k: int) -> FloatArray:
    first = q + PER_ELEMENT * k
    part = theta[:, first : first + PER_ELEMENT].copy()
    part[:, 0] /= 2.0
    part[:, 2] = np.maximum(part[:, 2], SEED_PHI)
    twin = part.copy()
    part[:, 1] -= SPLIT
    twin[:, 1] += SPLIT
    return np.concatenate([theta[:, :first], part, theta[:, first + PER_ELEMENT :], twin], axis=1)


def _with_new_element(problem: Problem, bounds: Bounds, previous: Fit) -> FloatArray:
    """Add an element where the score test asks for one."""
    found = scan(problem, bounds, previous)
    best = found.gain.argmax(axis=1)
    every = np.arange(len(best))
    resistance = np.maximum(found.resistance[every, best], 1e-3)
    new = np.stack([resistance, found.ln_tau[best], np.full(len(best), SEED_PHI)], axis=1)
    return np.concatenate([previous.theta, new], axis=1)


@dataclass(frozen=True, eq=False)
class Scan:
    """Score test for one more element on a grid of g relaxation times.

    Attributes
    ----------
    ln_tau : ndarray, shape (g,)
        Grid.
    gain : ndarray, shape (s, g)
        Decrease of χ² that an element of positive resistance would bring, linearised.
    resistance : ndarray, shape (s, g)
        Its scaled resistance.
    """

    ln_tau: FloatArray
    gain: FloatArray
    resistance: FloatArray


def scan(problem: Problem, bounds: Bounds, fit: Fit) -> Scan:
    """Where the residuals of a fit ask for one more element."""
    residual, jacobian = zarc.evaluate(problem, fit.theta)
    low, high = bounds.ln_tau_low.min(), bounds.ln_tau_high.max()
    grid = np.linspace(low, high, int((high - low) / log(10.0) * SCAN_PER_DECADE) + 2)
    growth = np.exp(SEED_PHI * (problem.ln_omega[:, None, :] + grid[None, :, None]))
    turn = complex(np.cos(SEED_PHI * np.pi / 2.0), np.sin(SEED_PHI * np.pi / 2.0))
    trial = (problem.weight[:, None, :] / (1.0 + turn * growth)).view(float)
    overlap = trial @ jacobian.transpose(0, 2, 1)
    ridge = 1e-9 * np.einsum("spp->s", fit.gram)[:, None, None] * np.eye(jacobian.shape[1])
    projected = np.linalg.solve(fit.gram + ridge, overlap.transpose(0, 2, 1))
    power = (trial**2).sum(axis=2)
    left = np.maximum(power - (overlap * projected.transpose(0, 2, 1)).sum(axis=2), 1e-9 * power)
    slope = np.maximum((trial @ residual[..., None])[..., 0], 0.0)
    outside = (grid < bounds.ln_tau_low[:, None]) | (grid > bounds.ln_tau_high[:, None])
    return Scan(grid, np.where(outside, 0.0, slope**2 / left), slope / left)
