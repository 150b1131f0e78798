"""Weighted normal equations of many spectra on one frequency grid, built from one shared matrix."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import median_filter

from screening.errors import InputError
from screening.lab.impedance.basis import Basis, ComplexArray, FloatArray
from screening.lab.impedance.spectrum import Spectrum

WEIGHTS = ("modulus", "unit")

NEIGHBOURS = 7
"""Points whose median a disturbed one is compared with: three beside each other may be disturbed."""

OUTLIER = 6.0
"""Jump, in standard deviations, above which a point loses weight: none in 100 spectra by chance."""

LEAST_NOISE = 1e-3
"""Relative noise below which no point is called disturbed: what the grid of τ may leave is smaller."""

RAYLEIGH_MEDIAN = float(np.sqrt(2.0 * np.log(2.0)))
"""Median modulus of complex noise of unit deviation in both parts."""


@dataclass(frozen=True)
class Terms:
    """Series terms that stand beside γ, each an explicit column of the fit.

    Attributes
    ----------
    inductance : bool
        jωL.
    capacitance : bool
        1/(jωC), for a blocking electrode.
    cpe_exponent : float or None
        α of a constant-phase element 1/(Q(jω)^α); None leaves it out.
    """

    inductance: bool = True
    capacitance: bool = False
    cpe_exponent: float | None = None

    def __post_init__(self) -> None:
        if self.cpe_exponent is not None and not 0.0 < self.cpe_exponent <= 1.0:
            raise InputError(
                f"CPE exponent of {self.cpe_exponent:g}", where="cpe_exponent", remedy="choose one in (0, 1]"
            )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the coefficients in the order of `columns`, units in the names."""
        names = ["r_inf_ohm"]
        if self.inductance:
            names.append("inductance_h")
        if self.capacitance:
            names.append("inverse_capacitance_per_f")
        if self.cpe_exponent is not None:
            names.append("inverse_cpe_q")
        return tuple(names)

    def columns(self, omega: FloatArray) -> ComplexArray:
        """Impedance of each term at unit coefficient, shape (..., n, q)."""
        s = 1j * omega
        columns = [np.ones_like(s)]
        if self.inductance:
            columns.append(s)
        if self.capacitance:
            columns.append(1.0 / s)
        if self.cpe_exponent is not None:
            columns.append(s**-self.cpe_exponent)
        return np.stack(columns, axis=-1)


@dataclass(frozen=True, eq=False)
class NormalEquations:
    """½ xᵀ H x − bᵀ x + ½ y² for each spectrum: x = (terms, basis coefficients), scaled.

    Attributes
    ----------
    gram : ndarray, shape (s, p, p)
        H.
    moment : ndarray, shape (s, p)
        b.
    power : ndarray, shape (s,)
        Weighted sum of squares of the data, y².
    n_data : int
        Real data per spectrum (two per frequency).
    n_terms : int
        Leading coefficients that carry no penalty.
    """

    gram: FloatArray
    moment: FloatArray
    power: FloatArray
    n_data: int
    n_terms: int

    def take(self, rows: np.ndarray) -> "NormalEquations":
        """Return the equations of some of the spectra."""
        return NormalEquations(
            self.gram[rows], self.moment[rows], self.power[rows], self.n_data, self.n_terms
        )

    def penalised(self, penalty: FloatArray, regularisation: FloatArray) -> FloatArray:
        """H + λP, with P on the basis coefficients only; `regularisation` has shape (s,)."""
        gram = self.gram.copy()
        gram[:, self.n_terms :, self.n_terms :] += regularisation[:, None, None] * penalty
        return gram


@dataclass(frozen=True, eq=False)
class Design:
    """What all spectra on one frequency grid share: the columns of the linear model.

    Attributes
    ----------
    columns : ndarray of complex, shape (n, p)
        Terms first, basis functions after, each divided by its scale.
    scale : ndarray, shape (p,)
        Largest modulus of each term's column; 1 for the basis.
    n_terms : int
        Number of explicit terms.
    """

    columns: ComplexArray
    scale: FloatArray
    n_terms: int

    @classmethod
    def of(cls, omega: FloatArray, basis: Basis, terms: Terms) -> "Design":
        """Columns for angular frequencies `omega` in rad/s, shape (n,)."""
        explicit = terms.columns(omega)
        scale = np.abs(explicit).max(axis=0)
        columns = np.concatenate([explicit / scale, basis.kernel(omega)], axis=1)
        return cls(columns, np.concatenate([scale, np.ones(basis.ln_tau.size)]), explicit.shape[1])

    def equations(self, z: ComplexArray, weight: FloatArray) -> NormalEquations:
        """Normal equations of impedances `z` with weights `weight`, both (s, n).

        Every H is one row of a single matrix product: the weights of a spectrum times the outer
        products of the columns, which are the same for all.
        """
        count, size = len(z), self.columns.shape[1]
        row, column = np.triu_indices(size)
        real, imag = self.columns.real, self.columns.imag
        products = real[:, row] * real[:, column] + imag[:, row] * imag[:, column]
        square = weight**2
        packed = square @ products
        gram = np.empty((count, size, size))
        gram[:, row, column] = packed
        gram[:, column, row] = packed
        moment = ((square * z) @ self.columns.conj()).real
        return NormalEquations(
            gram, moment, (square * np.abs(z) ** 2).sum(axis=1), 2 * z.shape[1], self.n_terms
        )


def magnitude(spectrum: Spectrum) -> float:
    """Scale of a spectrum: the median of |Z| in Ω, by which it is divided before any fit.

    Raises
    ------
    InputError
        If |Z| is zero somewhere: a relative weight has no meaning there.
    """
    modulus = np.abs(spectrum.z_ohm)
    if modulus.min() == 0.0:
        raise InputError(
            f"|Z| is zero at {spectrum.frequency_hz[modulus.argmin()]:g} Hz",
            where=spectrum.where,
            remedy="remove these points, or check the columns of the file",
        )
    return float(np.median(modulus))


def weights(z: ComplexArray, choice: str) -> FloatArray:
    """Weight of each point: 1/|Z| ("modulus", constant relative noise) or 1 ("unit", constant noise)."""
    if choice not in WEIGHTS:
        raise InputError(f"unknown weights {choice!r}", where="weights", remedy=f"use {' or '.join(WEIGHTS)}")
    return 1.0 / np.abs(z) if choice == "modulus" else np.ones(z.shape)


def trust(misfit: ComplexArray) -> FloatArray:
    """Factor on the weights of the points of a spectrum, shape (n,).

    A model that does not fit leaves residuals that are smooth along the frequencies; a disturbed point jumps
    far more than they amount to around it.
    Its influence falls as the inverse cube of the jump.
    """
    smooth = median_filter(misfit.real, NEIGHBOURS, mode="nearest")
    smooth = smooth + 1j * median_filter(misfit.imag, NEIGHBOURS, mode="nearest")
    jump = np.abs(misfit - smooth)
    noise = np.maximum(np.maximum(np.median(jump) / RAYLEIGH_MEDIAN, LEAST_NOISE), np.abs(smooth) / 2.0)
    return np.asarray(np.minimum(OUTLIER * noise / np.maximum(jump, LEAST_NOISE), 1.0) ** 2)
