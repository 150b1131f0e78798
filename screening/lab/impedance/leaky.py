"""A cell beside which an electronic path may lie: what its spectra share, and what may change between them.

Each spectrum is the cell's impedance in parallel with a leak g, in series with the leads' inductance:
Z = jωL + Zc/(1 + g·Zc), with Zc = R∞ + terms + Σ Rⱼ/(1 + (jωτⱼ)^φⱼ). From spectrum to spectrum may change:

* single resistances, Rⱼ·(1 + xⱼ), R∞ among them; ln τⱼ follows ln(1 + xⱼ) by a factor of its own;
* one common cause, exp(Eⱼ·u), as temperature or area are, with a pattern Eⱼ and shifts of ln τⱼ of its own;
* the leak g, which has no pattern of its own: all of it follows from Zc.

L, all φⱼ and all patterns are shared by the series.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from math import log
from typing import Any

import numpy as np

from screening.lab.impedance import zarc
from screening.lab.impedance.basis import FloatArray
from screening.lab.impedance.zarc import PER_ELEMENT, Problem

LEAST = 1e-3
"""Least resistance over the scale of the series, so that what is absent can come back."""

FARTHEST_TAU = log(10.0)
"""Largest shift of a shared ln τ from its seed."""

FARTHEST = 1e3
"""Largest growth of a resistance over its shared value."""

FARTHEST_LEAK = 1e6
"""Largest leak over the admittance of the series: one that the data do not bound stays a number."""

FAINT = 0.05
"""Share of a resistance below which its ln τ follows it no further."""

LIMIT = 12.0
"""Largest |ln R| of a scaled resistance, and largest shift of ln τ."""


@dataclass(frozen=True, eq=False)
class Series:
    """Spectra scaled by one resistance, and what is fixed about them.

    Attributes
    ----------
    problem : Problem
        Of s spectra, weights in units of the noise: χ² of a right model is its degrees of freedom.
    inductance : int or None
        Position of the inductance among the terms: it lies outside the leak.
    temperature : ndarray, shape (s,)
        1/k_B T − 1/k_B T₀ in 1/eV; zeros where it is not recorded.
    anchor : int
        Spectrum in which leak and common cause are 0 by definition.
    """

    problem: Problem
    inductance: int | None
    temperature: FloatArray
    anchor: int

    @property
    def penalty(self) -> float:
        """Logarithm of the data of a spectrum: what one more parameter of it costs (BIC)."""
        return float(np.log(np.median(self.problem.n_data)))


@dataclass(frozen=True, eq=False)
class State:
    """Parameters of all spectra. With k elements and q terms, the shared ones in this order.

    Attributes
    ----------
    terms : ndarray, shape (q − 1,)
        Terms other than R∞.
    ln_r : ndarray, shape (k + 1,)
        ln of R∞ and of the elements' resistances.
    ln_tau, phi : ndarray, shape (k,)
    follow : ndarray, shape (k,)
        d ln τ / dx.
    pattern, shift : ndarray, shapes (k + 1,) and (k,)
        Eⱼ of the common cause, and d ln τ / du.
    energy : ndarray, shape (k + 1,)
        Activation energies by a recorded temperature, eV; ln τ follows by Eⱼ/φⱼ.
    local : ndarray, shape (s, k + 3)
        x of R∞ and the elements, u, g.
    home : ndarray, shape (k,)
        ln τ that the elements stay near.
    height : ndarray, shape (1,)
        Size of a leak, or of a common cause, of a given shape.
    shape : ndarray, shape (s,)
        That shape.
    tied : bool
        The common cause shifts ln τ by Eⱼ/φⱼ, whatever `shift` says.
    shapes_common : bool
        The shape is that of the common cause.
    """

    terms: FloatArray
    ln_r: FloatArray
    ln_tau: FloatArray
    phi: FloatArray
    follow: FloatArray
    pattern: FloatArray
    shift: FloatArray
    energy: FloatArray
    local: FloatArray
    home: FloatArray
    height: FloatArray
    shape: FloatArray
    tied: bool = False
    shapes_common: bool = False

    @property
    def leak(self) -> FloatArray:
        """The leak in each spectrum, g, shape (s,)."""
        return self.local[:, -1] + self.height * self.shape * (not self.shapes_common)

    @property
    def common(self) -> FloatArray:
        """Course of the common cause, u, shape (s,)."""
        return self.local[:, -2] + self.height * self.shape * self.shapes_common

    def unshaped(self) -> "State":
        """Return the same with the shape among the courses."""
        local = self.local.copy()
        local[:, -2], local[:, -1] = self.common, self.leak
        return replace(self, local=local, height=0.0 * self.height)

    @property
    def shared(self) -> FloatArray:
        """All shared parameters, shape (m,)."""
        return np.concatenate([getattr(self, name) for name in SHARED])

    def moved(self, shared: FloatArray, local: FloatArray) -> "State":
        """Return the state at other parameters, within bounds."""
        cuts = np.cumsum([getattr(self, name).size for name in SHARED])[:-1]
        parts: dict[str, Any] = dict(zip(SHARED, np.split(shared, cuts), strict=True))
        parts["terms"] = np.maximum(parts["terms"], 0.0)
        parts["phi"] = np.clip(parts["phi"], *zarc.PHI_BOUNDS)
        parts["ln_r"] = np.clip(parts["ln_r"], log(LEAST), -log(LEAST))
        parts["ln_tau"] = self.home + np.clip(parts["ln_tau"] - self.home, -FARTHEST_TAU, FARTHEST_TAU)
        local = local.copy()
        local[:, :-2] = np.clip(local[:, :-2], -1.0, FARTHEST)
        local[:, -1] = np.clip(local[:, -1], -FARTHEST_LEAK, FARTHEST_LEAK)
        return replace(self, **parts, local=local)


SHARED = ("terms", "ln_r", "ln_tau", "phi", "follow", "pattern", "shift", "energy", "height")


class Common(StrEnum):
    """A cause that moves all processes at once, and what it leaves free."""

    WARMING = "temperature"
    """An activation energy of each process; τ follows R, since capacitances stay."""
    AREA = "contact area"
    """One factor for all arcs and another for R∞, a part of which is the leads'; τ stays."""
    OTHER = "one cause"
    """Any pattern in R and in τ."""


@dataclass(frozen=True, eq=False)
class Causes:
    """What may change: single resistances (k + 1), a common cause, a leak; a temperature is recorded."""

    single: np.ndarray
    common: Common | None = None
    leak: bool = False
    thermal: bool = False
    shaped: bool = False
    """The leak, or without one the common cause, follows a given shape of free height."""

    def with_single(self, index: int, there: bool = True) -> "Causes":
        """Return the causes with one resistance more, or one less."""
        single = self.single.copy()
        single[index] = there
        return replace(self, single=single)


def parameters(series: Series, state: State) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Parameters of each spectrum, (s, q + 3k), and their derivatives by shared and local ones.

    The derivatives have one row more, for g.
    """
    s, k, q = len(state.local), state.phi.size, state.terms.size + 1
    x, u = state.local[:, : k + 1], state.common[:, None]
    t = series.temperature[:, None]
    whole = np.exp(np.clip(state.ln_r + u * state.pattern + t * state.energy, -LIMIT, LIMIT))
    r, share = whole * (1.0 + x), np.maximum(1.0 + x[:, 1:], FAINT)
    bend = np.log(share)
    moved = state.pattern[1:] / state.phi if state.tied else state.shift
    theta = np.empty((s, q + PER_ELEMENT * k))
    theta[:, 0], theta[:, 1:q] = r[:, 0], state.terms
    theta[:, q::PER_ELEMENT] = r[:, 1:]
    ln_tau = state.ln_tau + bend * state.follow + u * moved + t * state.energy[1:] / state.phi
    theta[:, q + 1 :: PER_ELEMENT] = state.home + np.clip(ln_tau - state.home, -LIMIT, LIMIT)
    theta[:, q + 2 :: PER_ELEMENT] = state.phi
    rows_r = np.concatenate([[0], q + PER_ELEMENT * np.arange(k)])
    rows_tau = rows_r[1:] + 1
    place = np.cumsum([0, *(getattr(state, name).size for name in SHARED)])
    terms, ln_r, tau, phi, follow, pattern, shift, energy, height = place[:-1]
    one, i, j = np.ones((s, 1)), np.arange(k), np.arange(k + 1)
    by_shared = np.zeros((s, theta.shape[1] + 1, place[-1]))
    by_shared[:, np.arange(1, q), terms + np.arange(q - 1)] = 1.0
    by_shared[:, rows_tau + 1, phi + i] = 1.0
    for column, factor in ((ln_r, one), (pattern, u), (energy, t)):
        by_shared[:, rows_r, column + j] = r * factor
    for column, factor in ((tau, one), (follow, bend), (shift, u), (energy + 1, t / state.phi)):
        by_shared[:, rows_tau, column + i] = factor
    by_shared[:, -1, height] = state.shape * (not state.shapes_common)
    by_shared[:, rows_tau, phi + i] = -t * state.energy[1:] / state.phi**2
    if state.tied:
        by_shared[:, rows_tau, pattern + j[1:]] = u / state.phi
        by_shared[:, rows_tau, phi + i] -= u * moved / state.phi
    by_local = np.zeros((s, theta.shape[1] + 1, k + 3))
    by_local[:, rows_r, j] = whole
    by_local[:, rows_tau, 1 + i] = np.where(share > FAINT, state.follow / share, 0.0)
    by_local[:, rows_r, k + 1] = r * state.pattern
    by_local[:, rows_tau, k + 1] = moved
    by_local[:, -1, -1] = 1.0
    if state.shapes_common:
        by_shared[:, :, height] = by_local[:, :, k + 1] * state.shape[:, None]
    return theta, by_shared, by_local


def evaluate(series: Series, theta: FloatArray, leak: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Weighted residuals (s, 2n) and derivatives (s, q + 3k + 1, 2n) of cells that leak."""
    problem = series.problem
    plain = replace(problem, weight=np.ones_like(problem.weight))
    residual, jacobian = (part.view(complex) for part in zarc.evaluate(plain, theta))
    cell = problem.z - residual
    at = series.inductance
    lead = np.zeros_like(cell) if at is None else theta[:, at, None] * problem.columns[:, at]
    cell = cell - lead
    share = 1.0 / (1.0 + leak[:, None] * cell)
    whole = np.empty((len(theta), theta.shape[1] + 1, cell.shape[1]), dtype=complex)
    whole[:, :-1] = jacobian * (share**2)[:, None, :]
    if at is not None:
        whole[:, at] = jacobian[:, at]
    whole[:, -1] = -((cell * share) ** 2)
    residual = problem.weight * (problem.z - lead - cell * share)
    return residual.view(float), (whole * problem.weight[:, None, :]).view(float)
