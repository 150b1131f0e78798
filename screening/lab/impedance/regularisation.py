"""How strongly to smooth: λ from the marginal likelihood or from cross-validation, pooled or not."""

from dataclasses import dataclass
from math import exp, log

import numpy as np

from screening.lab.impedance.basis import FloatArray
from screening.lab.impedance.normal import NormalEquations

LN_BOUNDS = (log(1e-9), log(1e2))
"""Range of ln λ searched; with data scaled to a median |Z| of 1 the optimum lies well inside."""

GRID_POINTS = 34
"""Coarse grid over the range (three per decade): the criterion can have several minima."""

PLATEAU = 1e-300
"""Keeps logarithms finite where the data are reproduced exactly."""


@dataclass(frozen=True, eq=False)
class Ridge:
    """Penalised problems in the axes that diagonalise them; the explicit terms are eliminated.

    Attributes
    ----------
    eigenvalues : ndarray, shape (s, m)
        Generalised eigenvalues d of the data against the penalty.
    projections : ndarray, shape (s, m)
        Squared projections of the data on these axes.
    remainder : ndarray, shape (s,)
        Sum of squares left by the explicit terms alone.
    n_data, n_terms : int
        Real data and unpenalised coefficients per spectrum.
    """

    eigenvalues: FloatArray
    projections: FloatArray
    remainder: FloatArray
    n_data: int
    n_terms: int

    @classmethod
    def of(cls, equations: NormalEquations, penalty: FloatArray) -> "Ridge":
        """Diagonalise H against P for each spectrum."""
        q = equations.n_terms
        gram, moment = equations.gram, equations.moment
        cross = gram[:, :q, q:]
        eliminated = np.linalg.solve(gram[:, :q, :q], np.concatenate([cross, moment[:, :q, None]], axis=2))
        reduced = gram[:, q:, q:] - cross.transpose(0, 2, 1) @ eliminated[:, :, :-1]
        rest = moment[:, q:] - (cross.transpose(0, 2, 1) @ eliminated[:, :, -1:])[..., 0]
        inverse = np.linalg.inv(np.linalg.cholesky(penalty))
        values, axes = np.linalg.eigh(inverse @ reduced @ inverse.T)
        projected = (axes.transpose(0, 2, 1) @ (rest @ inverse.T)[..., None])[..., 0]
        remainder = equations.power - (moment[:, :q] * eliminated[:, :, -1]).sum(axis=1)
        return cls(np.maximum(values, 0.0), projected**2, remainder, equations.n_data, q)

    def minus_log_evidence(self, ln_lambda: float) -> FloatArray:
        """−ln of the marginal likelihood up to a constant, noise level integrated out; shape (s,)."""
        shifted = self.eigenvalues + exp(ln_lambda)
        misfit = self.remainder - (self.projections / shifted).sum(axis=1)
        occam = 0.5 * (np.log(shifted) - ln_lambda).sum(axis=1)
        return occam + 0.5 * (self.n_data - self.n_terms) * np.log(np.maximum(misfit, PLATEAU))

    def log_gcv(self, ln_lambda: float) -> FloatArray:
        """Logarithm of the generalised cross-validation score; shape (s,)."""
        shifted = self.eigenvalues + exp(ln_lambda)
        gained = (self.projections * (2.0 * shifted - self.eigenvalues) / shifted**2).sum(axis=1)
        used = self.n_terms + (self.eigenvalues / shifted).sum(axis=1)
        left = np.maximum(self.remainder - gained, PLATEAU)
        return np.log(left) - 2.0 * np.log(np.maximum(1.0 - used / self.n_data, 1e-12))

    def scores(self, rule: str, ln_lambda: float) -> FloatArray:
        """Score to be minimised under a rule, "evidence" or "gcv"."""
        return self.minus_log_evidence(ln_lambda) if rule == "evidence" else self.log_gcv(ln_lambda)


def pooled(problems: list[Ridge], rule: str) -> float:
    """λ that is best for all the spectra together (the sum of their scores).

    References
    ----------
    MacKay, Neural Comput. 4 (1992) 415, doi:10.1162/neco.1992.4.3.415 (evidence);
    Golub, Heath & Wahba, Technometrics 21 (1979) 215, doi:10.1080/00401706.1979.10489751 (GCV)
    """
    from scipy.optimize import minimize_scalar

    def total(ln_lambda: float) -> float:
        return float(sum(problem.scores(rule, ln_lambda).sum() for problem in problems))

    grid = np.linspace(*LN_BOUNDS, GRID_POINTS)
    best = int(np.argmin([total(value) for value in grid]))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, GRID_POINTS - 1)]
    return exp(minimize_scalar(total, bounds=(low, high), method="bounded", options={"xatol": 0.01}).x)


def each(problem: Ridge, rule: str) -> FloatArray:
    """λ of each spectrum by itself, shape (s,)."""
    grid = np.linspace(*LN_BOUNDS, 4 * GRID_POINTS)
    scores = np.array([problem.scores(rule, value) for value in grid])
    return np.exp(grid[scores.argmin(axis=0)])
