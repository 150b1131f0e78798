"""Where the residuals of a fit ask for one more element."""

from dataclasses import dataclass, replace
from math import log

import numpy as np

from screening.lab.impedance import zarc
from screening.lab.impedance.basis import FloatArray
from screening.lab.impedance.prior import PHI, Prior
from screening.lab.impedance.zarc import Fit, Problem, Shape

RIDGE = 1e-9
"""Share of the whole curvature that keeps columns apart which the data do not."""

SCAN_PER_DECADE = 3
"""Density of the τ grid on which a further element is looked for."""

SCAN_PHI = PHI[Shape.ZARC][0]
"""Its exponent."""


@dataclass(frozen=True, eq=False)
class Scan:
    """Score test for one more element on a grid of g relaxation times.

    Attributes
    ----------
    ln_tau : ndarray, shape (g,)
        Grid.
    gain : ndarray, shape (s, g)
        Decrease of χ² that an element of allowed resistance would bring, linearised.
    resistance : ndarray, shape (s, g)
        Its scaled resistance.
    """

    ln_tau: FloatArray
    gain: FloatArray
    resistance: FloatArray


def scan(problem: Problem, prior: Prior, fit: Fit) -> Scan:
    """Where the residuals of a fit ask for one more element."""
    residual, jacobian = zarc.evaluate(shaped(problem, prior), fit.theta)
    low, high = prior.ln_range
    grid = np.linspace(low, high, int((high - low) / log(10.0) * SCAN_PER_DECADE) + 2)
    growth = np.exp(SCAN_PHI * (problem.ln_omega[:, None, :] + grid[None, :, None]))
    turn = complex(np.cos(SCAN_PHI * np.pi / 2.0), np.sin(SCAN_PHI * np.pi / 2.0))
    trial = (problem.weight[:, None, :] / (1.0 + turn * growth)).view(float)
    overlap = trial @ jacobian.transpose(0, 2, 1)
    ridge = RIDGE * np.einsum("spp->s", fit.gram)[:, None, None] * np.eye(jacobian.shape[1])
    projected = np.linalg.solve(fit.gram + ridge, overlap.transpose(0, 2, 1))
    power = (trial**2).sum(axis=2)
    left = np.maximum(power - (overlap * projected.transpose(0, 2, 1)).sum(axis=2), 1e-9 * power)
    slope = (trial @ residual[..., None])[..., 0]
    if not prior.signed:
        slope = np.maximum(slope, 0.0)
    return Scan(grid, slope**2 / left, slope / left)


def shaped(problem: Problem, prior: Prior) -> Problem:
    """The problem with elements of the shapes that are expected."""
    return replace(problem, shapes=prior.shapes)
