"""Radial basis on ln τ: the distribution γ, its impedance, its roughness and its areas, all linear."""

from dataclasses import dataclass
from math import log, pi, sqrt

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.floating]
ComplexArray = NDArray[np.complexfloating]

FWHM_IN_STEPS = 2.0
"""Width of one basis function in grid steps: neighbours overlap enough for γ to be smooth between nodes."""

HERMITE_NODES = 14
"""Gauss-Hermite nodes for the kernel: exact to 1e-9 of R at the default width (checked against 60 nodes)."""


@dataclass(frozen=True, eq=False)
class Basis:
    """Gaussians on a uniform grid of ln τ: γ(ln τ) = Σ_m x_m exp(−μ²(ln τ − ln τ_m)²).

    Attributes
    ----------
    ln_tau : ndarray, shape (m,)
        Centres, ascending, uniform; τ in seconds.
    mu : float
        Inverse width.

    References
    ----------
    Wan et al., Electrochim. Acta 184 (2015) 483, doi:10.1016/j.electacta.2015.09.097
    """

    ln_tau: FloatArray
    mu: float

    @classmethod
    def covering(
        cls, omega_min: float, omega_max: float, *, margin_decades: float, points_per_decade: int
    ) -> "Basis":
        """Grid from `margin_decades` below 1/ω_max to as far above 1/ω_min (ω in rad/s)."""
        low, high = -np.log10(omega_max) - margin_decades, -np.log10(omega_min) + margin_decades
        # a grid shifted by rounding keeps its number of points
        count = int(np.ceil((high - low) * points_per_decade - 1e-6)) + 1
        ln_tau = np.linspace(low, high, count) * log(10.0)
        return cls(ln_tau, 2.0 * sqrt(log(2.0)) / (FWHM_IN_STEPS * float(ln_tau[1] - ln_tau[0])))

    @property
    def tau_s(self) -> FloatArray:
        """Centres in seconds, shape (m,)."""
        return np.exp(self.ln_tau)

    @property
    def unit_area(self) -> float:
        """∫ of one basis function of unit height."""
        return sqrt(pi) / self.mu

    def kernel(self, omega: FloatArray) -> ComplexArray:
        """Impedance of each basis function of unit height, ∫ φ_m/(1 + jωτ) d ln τ.

        Parameters
        ----------
        omega : ndarray, shape (n,)
            Angular frequencies in rad/s.

        Returns
        -------
        ndarray of complex, shape (n, m)
        """
        nodes, weights = np.polynomial.hermite.hermgauss(HERMITE_NODES)
        x = np.log(omega)[:, None, None] + self.ln_tau[None, :, None] + nodes / self.mu
        # 1/(1+jy) written with tanh and sech of ln y, which cannot overflow
        kernel = np.empty(x.shape[:2], dtype=complex)
        kernel.real = 0.5 / self.mu * (1.0 - np.tanh(x)) @ weights
        kernel.imag = -0.5 / self.mu / np.cosh(x) @ weights
        return kernel

    def penalty(self, order: int) -> FloatArray:
        """Gram matrix of the first or second derivatives, ∫ φ_i^(k) φ_j^(k) d ln τ, shape (m, m)."""
        square = (self.mu * (self.ln_tau[:, None] - self.ln_tau[None, :])) ** 2
        overlap = sqrt(pi / 2.0) * np.exp(-square / 2.0)
        if order == 1:
            return self.mu * (1.0 - square) * overlap
        return self.mu**3 * (3.0 - 6.0 * square + square**2) * overlap

    def density(self, ln_tau: FloatArray) -> FloatArray:
        """Height of each basis function at the given ln τ, shape (k, m): γ = density @ x."""
        return np.exp(-((self.mu * (ln_tau[:, None] - self.ln_tau[None, :])) ** 2))

    def areas(self, ln_low: FloatArray, ln_high: FloatArray) -> FloatArray:
        """Integral of each basis function between bounds on ln τ, shape (k, m): ∫γ d ln τ = areas @ x."""
        from scipy.special import erf  # costs more than all else that reads windows or spectra

        upper = erf(self.mu * (ln_high[:, None] - self.ln_tau[None, :]))
        lower = erf(self.mu * (ln_low[:, None] - self.ln_tau[None, :]))
        return 0.5 * self.unit_area * (upper - lower)
