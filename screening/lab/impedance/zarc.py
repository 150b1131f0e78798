"""ZARC elements R/(1 + (jωτ)^φ): impedance, relaxation times, and fits of many spectra at once."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from math import pi
from typing import cast

import numpy as np

from screening.lab.impedance.basis import ComplexArray, FloatArray

PER_ELEMENT = 3
"""Parameters of one element, in the order R, ln τ, φ."""

PHI_BOUNDS = (0.4, 1.0)
"""Exponents of a depressed arc: 1 is a capacitor in parallel; below 0.4 an arc spans over five decades."""

FINE, COARSE = 1e-6, 1e-4
"""Relative decrease of χ² at which a fit ends: 1.6e-4 and 0.016 of χ² for 158 data, far below 1."""

MAX_STEPS = 80
"""Steps of one fit; a good seed takes 5 to 15."""

STUCK = 1e10
"""Damping above which no step lowers χ² any more."""


class Shape(StrEnum):
    """Impedance of a process per Ω, with s = (jωτ)^φ; φ = 1 is the textbook form of each.

    A depressed arc 1/(1 + s), Gerischer's reaction with diffusion 1/√(1 + s), and diffusion through a layer
    to a reservoir, tanh(√s)/√s.

    References
    ----------
    Boukamp, J. Phys. Energy 2 (2020) 042001, doi:10.1088/2515-7655/aba9e0
    """

    ZARC = "zarc"
    GERISCHER = "gerischer"
    WARBURG = "warburg"


@dataclass(frozen=True, eq=False)
class Problem:
    """Spectra stacked for fitting, each scaled to a median |Z| of 1 (weight 0 pads shorter ones).

    Attributes
    ----------
    ln_omega : ndarray, shape (s, n)
        ln of the angular frequencies.
    z : ndarray of complex, shape (s, n)
        Scaled impedances.
    weight : ndarray, shape (s, n)
        Weights.
    columns : ndarray of complex, shape (s, q, n)
        Explicit series terms, scaled to a largest modulus of 1.
    shapes : tuple of Shape
        Shapes of the elements; ZARCs where there is none.
    drifts : bool
        Whether the last column is that of a drift within the sweep, whose coefficient has a sign.
    """

    ln_omega: FloatArray
    z: ComplexArray
    weight: FloatArray
    columns: ComplexArray
    shapes: tuple[Shape, ...] = ()
    drifts: bool = False

    def take(self, rows: np.ndarray | slice) -> "Problem":
        """Return the problem of some of the spectra (rows may repeat)."""
        return replace(
            self,
            ln_omega=self.ln_omega[rows],
            z=self.z[rows],
            weight=self.weight[rows],
            columns=self.columns[rows],
        )

    def with_drift(self, dwell_s: float = 0.0) -> "Problem":
        """Return the problem with a column for a cell that changes while it is measured.

        Every frequency takes one period and `dwell_s` (or as many of both; infinite: equal times), from the
        highest down or up to it: the change is in proportion to the time between. Its coefficient is the
        change at the lowest frequency, over the impedance there.
        """
        taken = 1.0 if np.isinf(dwell_s) else 2.0 * np.pi * np.exp(-self.ln_omega) + dwell_s
        passed = np.cumsum(taken * (self.weight > 0), axis=1)
        column = self.z * passed / passed[:, -1:]
        return replace(self, columns=np.concatenate([self.columns, column[:, None]], axis=1), drifts=True)

    @property
    def n_terms(self) -> int:
        """Number of explicit series terms, q."""
        return self.columns.shape[1]

    @property
    def n_data(self) -> FloatArray:
        """Real data per spectrum, shape (s,)."""
        return 2.0 * (self.weight > 0).sum(axis=1)


@dataclass(frozen=True, eq=False)
class Anchor:
    """Gaussian prior on the parameters, in units of the weighted residual: Σ precision·(θ − centre)²."""

    centre: FloatArray
    precision: FloatArray

    def take(self, rows: np.ndarray) -> "Anchor":
        """Return the prior of some of the spectra."""
        return Anchor(self.centre[rows], self.precision[rows])


@dataclass(frozen=True, eq=False)
class Fit:
    """Fitted parameters of a stack of problems.

    Attributes
    ----------
    theta : ndarray, shape (s, q + 3k)
        Series terms, then (R, ln τ, φ) of each element.
    cost : ndarray, shape (s,)
        Weighted sum of squared residuals, prior included.
    gram : ndarray, shape (s, q + 3k, q + 3k)
        JᵀJ at the solution, prior included.
    """

    theta: FloatArray
    cost: FloatArray
    gram: FloatArray


def impedance(omega: FloatArray, resistance_ohm: float, tau_s: float, phi: float) -> ComplexArray:
    """Impedance of one element at angular frequencies `omega`, shape (n,)."""
    return resistance_ohm / (1.0 + (1j * omega * tau_s) ** phi)


def density(ln_ratio: FloatArray, phi: FloatArray | float) -> FloatArray:
    """γ of an element per Ω of its resistance, at ln(τ/τ0).

    sin((1−φ)π) / (2π (cosh(φ ln τ/τ0) − cos((1−φ)π))); a capacitor, φ = 1, has a δ there and no density.
    """
    angle = (1.0 - np.asarray(phi)) * pi
    return np.sin(angle) / (2.0 * pi * (np.cosh(phi * ln_ratio) - np.cos(angle)))


def evaluate(problem: Problem, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Weighted residuals (s, 2n) and derivatives of the model (s, p, 2n), real and imaginary interleaved."""
    count, q = len(theta), problem.n_terms
    elements = theta[:, q:].reshape(count, -1, PER_ELEMENT)
    resistance, ln_tau, phi = np.moveaxis(elements, -1, 0)[..., None]
    x = problem.ln_omega[:, None, :] + ln_tau
    growth = np.exp(phi * x)
    real, imag = growth * np.cos(phi * pi / 2.0), growth * np.sin(phi * pi / 2.0)
    norm = 1.0 / (1.0 + 2.0 * real + growth**2)
    share = np.empty(x.shape, dtype=complex)
    share.real, share.imag = (1.0 + real) * norm, -imag * norm
    slope = -share * (1.0 - share)
    for k, shape in enumerate(problem.shapes):
        if shape is not Shape.ZARC:
            share[:, k], slope[:, k] = _diffusion(shape, phi[:, k] * (x[:, k] + 0.5j * pi))
    slope *= resistance
    jacobian = np.empty((count, theta.shape[1], problem.z.shape[1]), dtype=complex)
    jacobian[:, :q] = problem.columns
    jacobian[:, q::PER_ELEMENT] = share
    jacobian[:, q + 1 :: PER_ELEMENT] = slope * phi
    jacobian[:, q + 2 :: PER_ELEMENT] = slope * (x + 0.5j * pi)
    model = (theta[:, None, :q] @ problem.columns)[:, 0] + (resistance * share).sum(axis=1)
    jacobian *= problem.weight[:, None, :]
    residual = problem.weight * (problem.z - model)
    return residual.view(float), jacobian.view(float)


def _diffusion(shape: Shape, ln_s: ComplexArray) -> tuple[ComplexArray, ComplexArray]:
    """Impedance per Ω of a shape that is no ZARC, and its derivative by ln s."""
    if shape is Shape.GERISCHER:
        inner = np.asarray(1.0 / (1.0 + np.exp(ln_s)), dtype=complex)
        return np.sqrt(inner), -0.5 * np.sqrt(inner) * (1.0 - inner)
    root = np.exp(0.5 * ln_s)
    decay: ComplexArray = np.exp(-2.0 * root)  # tanh and sech from what cannot overflow: Re √s > 0
    share: ComplexArray = (1.0 - decay) / ((1.0 + decay) * root)
    return share, 0.5 * (4.0 * decay / (1.0 + decay) ** 2 - share)


def fit(
    problem: Problem,
    theta: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
    *,
    anchor: Anchor | None = None,
    tolerance: float = FINE,
) -> Fit:
    """Bounded Levenberg-Marquardt for a stack of problems, each with its own damping.

    Parameters
    ----------
    problem : Problem
        s spectra.
    theta : ndarray, shape (s, q + 3k)
        Seeds.
    lower, upper : ndarray, broadcastable to theta
        Bounds; parameters at a bound that the gradient pushes outwards stay there.
    anchor : Anchor, optional
        Prior.
    tolerance : float
        Relative decrease of χ² at which a fit ends.

    References
    ----------
    Marquardt, J. SIAM 11 (1963) 431, doi:10.1137/0111030
    """
    lower, upper = (np.broadcast_to(bound, theta.shape) for bound in (lower, upper))
    theta = np.clip(theta, lower, upper)
    state = _State.at(problem, theta, anchor)
    damping = np.full(len(theta), 1e-3)
    running = np.arange(len(theta))
    for _ in range(MAX_STEPS):
        here = state.take(running)
        step = _step(here, lower[running], upper[running], damping[running])
        moved = np.clip(here.theta + step, lower[running], upper[running])
        part = None if anchor is None else anchor.take(running)
        there = _State.at(problem.take(running) if running.size < len(theta) else problem, moved, part)
        better = there.cost <= here.cost
        state.put(running[better], there, better)
        damping[running] *= np.where(better, 0.2, 6.0)
        small = here.cost - there.cost <= tolerance * here.cost
        done = (better & small) | (damping[running] > STUCK)
        running = running[~done]
        if running.size == 0:
            break
    return Fit(state.theta, state.cost, state.gram)


def at(problem: Problem, theta: FloatArray, anchor: Anchor | None = None) -> Fit:
    """Cost and curvature at given parameters, without fitting."""
    state = _State.at(problem, theta, anchor)
    return Fit(state.theta, state.cost, state.gram)


@cache
def _compiled() -> Callable[..., None]:
    """`_equations` as compiled code; numba is loaded by those who fit."""
    from numba import njit

    return cast("Callable[..., None]", njit(cache=True, fastmath=True)(_equations))


def _equations(ln_omega, z, weight, columns, theta, cost, gram, descent):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Cost, JᵀJ and Jᵀr of a stack of ZARC problems, as `evaluate` has them, one spectrum after the other."""
    count, points = z.shape
    terms, size = columns.shape[1], theta.shape[1]
    rows = np.empty((size, 2 * points))
    for s in range(count):
        left = np.empty(2 * points)
        left[:points], left[points:] = weight[s] * z[s].real, weight[s] * z[s].imag
        for k in range(terms):
            rows[k, :points], rows[k, points:] = (
                weight[s] * columns[s, k].real,
                weight[s] * columns[s, k].imag,
            )
            left -= theta[s, k] * rows[k]
        for k in range(terms, size, 3):
            resistance, ln_tau, phi = theta[s, k], theta[s, k + 1], theta[s, k + 2]
            cosine, sine = np.cos(0.5 * np.pi * phi), np.sin(0.5 * np.pi * phi)
            for n in range(points):
                x, w = ln_omega[s, n] + ln_tau, weight[s, n]
                growth = np.exp(phi * x)
                real, imag = growth * cosine, growth * sine
                norm = 1.0 / (1.0 + 2.0 * real + growth * growth)
                a, b = (1.0 + real) * norm, -imag * norm
                # R · dshare/d ln s = −R share (1 − share)
                c, d = -resistance * w * (a - a * a + b * b), -resistance * w * (b - 2.0 * a * b)
                rows[k, n], rows[k, points + n] = w * a, w * b
                rows[k + 1, n], rows[k + 1, points + n] = phi * c, phi * d
                rows[k + 2, n], rows[k + 2, points + n] = c * x - 0.5 * np.pi * d, d * x + 0.5 * np.pi * c
                left[n] -= resistance * w * a
                left[points + n] -= resistance * w * b
        cost[s] = left @ left
        gram[s] = rows @ rows.T
        descent[s] = rows @ left


@dataclass(frozen=True, eq=False)
class _State:
    theta: FloatArray
    cost: FloatArray
    gram: FloatArray
    descent: FloatArray

    @classmethod
    def at(cls, problem: Problem, theta: FloatArray, anchor: Anchor | None) -> "_State":
        count, size = theta.shape
        cost, descent = np.empty(count), np.empty(theta.shape)
        gram = np.empty((count, size, size))
        if any(shape is not Shape.ZARC for shape in problem.shapes):
            residual, jacobian = evaluate(problem, theta)
            cost[:] = np.einsum("sn,sn->s", residual, residual)
            gram[:] = jacobian @ jacobian.transpose(0, 2, 1)
            descent[:] = (jacobian @ residual[..., None])[..., 0]
        else:
            arrays = (problem.ln_omega, problem.z, problem.weight, problem.columns, theta)
            one, two, three, four, five = (np.ascontiguousarray(array) for array in arrays)
            _compiled()(one, two, three, four, five, cost, gram, descent)
        if anchor is not None:
            away = anchor.centre - theta
            cost += (anchor.precision * away**2).sum(axis=1)
            descent += anchor.precision * away
            diagonal = np.arange(theta.shape[1])
            gram[:, diagonal, diagonal] += anchor.precision
        return cls(theta, cost, gram, descent)

    def take(self, rows: np.ndarray) -> "_State":
        return _State(self.theta[rows], self.cost[rows], self.gram[rows], self.descent[rows])

    def put(self, rows: np.ndarray, other: "_State", chosen: np.ndarray) -> None:
        self.theta[rows] = other.theta[chosen]
        self.cost[rows] = other.cost[chosen]
        self.gram[rows] = other.gram[chosen]
        self.descent[rows] = other.descent[chosen]


def _step(state: _State, lower: FloatArray, upper: FloatArray, damping: FloatArray) -> FloatArray:
    fixed = ((state.theta <= lower) & (state.descent <= 0)) | ((state.theta >= upper) & (state.descent >= 0))
    free = ~fixed
    matrix = state.gram * (free[:, :, None] & free[:, None, :])
    diagonal = np.arange(state.theta.shape[1])
    curvature = np.einsum("spp->sp", state.gram)
    floor = 1e-12 * curvature.max(axis=1, keepdims=True) + np.finfo(float).tiny
    matrix[:, diagonal, diagonal] += np.where(free, damping[:, None] * curvature + floor, 1.0 + curvature)
    return np.linalg.solve(matrix, (state.descent * free)[..., None])[..., 0]
