"""Distribution of relaxation times of a series: Tikhonov regularisation on radial basis functions, γ ≥ 0."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from screening.errors import InputError
from screening.lab.impedance import nnls, regularisation
from screening.lab.impedance.basis import Basis, ComplexArray, FloatArray
from screening.lab.impedance.disturbed import trust_of
from screening.lab.impedance.normal import Design, NormalEquations, Terms, magnitude, weights
from screening.lab.impedance.spectrum import Spectrum

RULES = ("evidence", "gcv")

MIN_DRT_POINTS = 10
"""Below this a distribution is not determined by the data at all; a trend or a circuit is."""

POOLED_SPECTRA = 8
"""Spectra, evenly spread over a series, whose evidence is pooled: λ changes by a few percent with more."""

CHUNK = 256
"""Spectra solved at once, which bounds the memory of a long series (20 MB of matrices)."""

POOR_FIT = 0.03
"""Relative residual per component above which γ does not describe the spectrum."""


@dataclass(frozen=True, kw_only=True)
class DrtOptions:
    """Settings of a deconvolution; one set serves a whole series.

    Attributes
    ----------
    regularisation : "evidence", "gcv" or float
        Rule that chooses λ, or λ itself (data scaled to a median |Z| of 1).
    per_spectrum : bool
        Choose λ for each spectrum by itself instead of one for the series.
    order : int
        Derivative of γ that is penalised, 1 or 2.
    weights : str
        "modulus" or "unit".
    terms : Terms
        Series terms beside γ and R∞.
    points_per_decade : int
        Density of the τ grid.
    margin_decades : float
        How far the τ grid reaches past 1/ω at both ends.
    signed : bool
        Let γ, and the resistances of the refit, be negative: an inductive loop at low frequency.
    """

    regularisation: str | float = "evidence"
    per_spectrum: bool = False
    order: int = 1
    weights: str = "modulus"
    terms: Terms = field(default_factory=Terms)
    points_per_decade: int = 8
    margin_decades: float = 1.0
    signed: bool = False

    def __post_init__(self) -> None:
        value = self.regularisation
        if isinstance(value, str) and value not in RULES:
            raise InputError(
                f"unknown rule {value!r}", where="regularisation", remedy="use evidence, gcv or a number"
            )
        if not isinstance(value, str) and not (np.isfinite(value) and value > 0):
            raise InputError(f"λ of {value:g}", where="regularisation", remedy="give a positive number")
        if self.order not in (1, 2):
            raise InputError(f"order {self.order}", where="order", remedy="use 1 or 2")
        if not 4 <= self.points_per_decade <= 40:
            raise InputError(
                f"{self.points_per_decade} points per decade",
                where="points_per_decade",
                remedy="choose 4 to 40",
            )
        if not 0.0 <= self.margin_decades <= 3.0:
            raise InputError(
                f"margin of {self.margin_decades:g} decades", where="margin_decades", remedy="choose 0 to 3"
            )


@dataclass(frozen=True, eq=False, kw_only=True)
class DrtSeries:
    """Distributions of relaxation times of a series of spectra on one τ grid.

    Attributes
    ----------
    spectra : tuple of Spectrum
        The spectra, in the order given; length s.
    options : DrtOptions
        Settings used.
    basis : Basis
        Radial basis; m functions.
    coefficients_ohm : ndarray, shape (s, m)
        Non-negative heights of the basis functions.
    terms : ndarray, shape (s, q)
        Series terms, in the order and units of ``options.terms.names``.
    regularisation : ndarray, shape (s,)
        λ used for each spectrum.
    misfit : tuple of ndarray of complex, each (n,)
        (Z_fit − Z)/|Z| of each spectrum.
    trust : tuple of ndarray, each (n,)
        Factor on the weight of each point: 1, but less for a point that stands out from its neighbours.
    """

    spectra: tuple[Spectrum, ...]
    options: DrtOptions
    basis: Basis
    coefficients_ohm: FloatArray
    terms: FloatArray
    regularisation: FloatArray
    misfit: tuple[ComplexArray, ...]
    trust: tuple[FloatArray, ...]

    @property
    def relative_residual(self) -> FloatArray:
        """Root mean square of ΔZ'/|Z| and ΔZ''/|Z|, shape (s,)."""
        return np.array([np.sqrt((np.abs(one) ** 2).mean() / 2.0) for one in self.misfit])

    @property
    def tau_s(self) -> FloatArray:
        """Relaxation times, shape (m,)."""
        return self.basis.tau_s

    @property
    def gamma_ohm(self) -> FloatArray:
        """γ over ln τ at `tau_s`, shape (s, m): ∫γ d ln τ is a resistance."""
        return self.coefficients_ohm @ self.basis.density(self.basis.ln_tau).T

    @property
    def r_inf_ohm(self) -> FloatArray:
        """Series resistance R∞, shape (s,)."""
        return self.terms[:, 0]

    @property
    def polarisation_ohm(self) -> FloatArray:
        """∫γ d ln τ over all τ, shape (s,)."""
        return self.coefficients_ohm.sum(axis=1) * self.basis.unit_area

    @property
    def measured_tau_s(self) -> FloatArray:
        """1/ω at the highest and at the lowest frequency of each spectrum, shape (s, 2)."""
        return np.array([[1.0 / s.angular_frequency[0], 1.0 / s.angular_frequency[-1]] for s in self.spectra])

    @property
    def poor_fit(self) -> np.ndarray:
        """Whether R∞, the terms and a non-negative γ fail to describe a spectrum, shape (s,)."""
        return self.relative_residual > POOR_FIT

    @property
    def unclosed_ohm(self) -> FloatArray:
        """∫γ d ln τ past 1/ω of the lowest frequency, where the data give a bound only; shape (s,)."""
        return self._area_beyond(np.log(self.measured_tau_s[:, 1]), np.inf)

    @property
    def unresolved_ohm(self) -> FloatArray:
        """∫γ d ln τ before 1/ω of the highest frequency: with R∞, the unresolved part; shape (s,)."""
        return self._area_beyond(-np.inf, np.log(self.measured_tau_s[:, 0]))

    def _area_beyond(self, ln_low: FloatArray | float, ln_high: FloatArray | float) -> FloatArray:
        ones = np.ones(len(self.spectra))
        return (self.coefficients_ohm * self.basis.areas(ln_low * ones, ln_high * ones)).sum(axis=1)

    def fitted_z_ohm(self, index: int) -> ComplexArray:
        """Impedance of the fit at the frequencies of spectrum `index`, shape (n,)."""
        z = self.spectra[index].z_ohm
        return z + self.misfit[index] * np.abs(z)

    def area_ohm(self, ln_low: FloatArray, ln_high: FloatArray) -> FloatArray:
        """∫γ d ln τ between bounds on ln τ, shape (s, k)."""
        return self.coefficients_ohm @ self.basis.areas(ln_low, ln_high).T

    def covariance_ohm2(self, functional: FloatArray) -> FloatArray:
        """Posterior covariance of linear functionals of the terms and coefficients.

        The Gaussian posterior of noise and smoothness prior, without the bound γ ≥ 0 (which would
        only narrow it). It is conditional on λ and on the prior: where the data say nothing, it
        reflects the prior.

        Parameters
        ----------
        functional : ndarray, shape (k, q + m)
            Rows such as ``basis.density(...)`` or ``basis.areas(...)`` after q columns for the terms.

        Returns
        -------
        ndarray, shape (s, k, k)
        """
        found = np.zeros((len(self.spectra), len(functional), len(functional)))
        for rows, covariance in self._posterior():
            found[rows] = functional @ covariance @ functional.T
        return found

    def deviation_ohm(self, functional: FloatArray) -> FloatArray:
        """Posterior standard deviation of functionals of the coefficients, (k, m) to (s, k)."""
        padded = np.pad(functional, ((0, 0), (self.terms.shape[1], 0)))
        return np.sqrt(np.einsum("skk->sk", self.covariance_ohm2(padded)))

    def _posterior(self) -> Iterator[tuple[np.ndarray, FloatArray]]:
        """Rows and their covariances in Ω², terms (scaled columns) first."""
        penalty = self.basis.penalty(self.options.order)
        for batch in _batches(self.spectra, self.basis, self.options, self.trust):
            inverse = np.linalg.inv(batch.equations.penalised(penalty, self.regularisation[batch.rows]))
            scale = batch.noise_variance(self, penalty) * batch.magnitude**2
            yield batch.rows, inverse * scale[:, None, None]

    def gamma_interval_ohm(self, level: float = 0.95) -> FloatArray:
        """Highest-density credible interval of γ at `tau_s` given γ ≥ 0, shape (2, s, m).

        The normal posterior is cut at 0 and normalised again: where γ is near 0 the interval begins at 0 and
        ends below that of the uncut normal. A signed γ has the normal interval.
        """
        gamma = self.gamma_ohm
        deviation = np.maximum(
            self.deviation_ohm(self.basis.density(self.basis.ln_tau)), np.finfo(float).tiny
        )
        if self.options.signed:
            return gamma + ndtri(0.5 + 0.5 * level) * np.stack([-deviation, deviation])
        below = ndtr(-gamma / deviation)  # what the cut takes away
        half = ndtri(0.5 + 0.5 * level * (1.0 - below)) * deviation
        upper = gamma + ndtri(np.minimum(below + level * (1.0 - below), 1.0)) * deviation
        cut = gamma < half
        return np.stack([np.where(cut, 0.0, gamma - half), np.where(cut, upper, gamma + half)])

    def to_frame(self) -> pd.DataFrame:
        """One row per spectrum and τ: γ with its 95 % interval and the λ used."""
        low, high = self.gamma_interval_ohm()
        count = self.tau_s.size
        frame = pd.DataFrame(
            {
                "spectrum": np.repeat(np.arange(len(self.spectra)), count),
                "time_s": np.repeat(times_s(self.spectra), count),
                "tau_s": np.tile(self.tau_s, len(self.spectra)),
                "gamma_ohm": self.gamma_ohm.ravel(),
                "gamma_low_ohm": low.ravel(),
                "gamma_high_ohm": high.ravel(),
            }
        )
        frame["regularisation"] = np.repeat(self.regularisation, count)
        return frame


def times_s(spectra: Sequence[Spectrum]) -> FloatArray:
    """Times of the spectra in seconds, NaN where a spectrum has none; shape (s,)."""
    return np.array([np.nan if s.time_s is None else s.time_s for s in spectra])


@dataclass(frozen=True, eq=False)
class _Batch:
    """Spectra on one frequency grid, scaled to a median |Z| of 1."""

    rows: np.ndarray
    design: Design
    magnitude: FloatArray
    equations: NormalEquations

    def noise_variance(self, series: DrtSeries, penalty: FloatArray) -> FloatArray:
        """Weighted residual sum of squares over its degrees of freedom, shape (s,)."""
        x = np.concatenate([series.terms[self.rows], series.coefficients_ohm[self.rows]], axis=1)
        x = x * self.design.scale / self.magnitude[:, None]
        left = _residual_power(self.equations, x)
        smoothed = np.linalg.solve(
            self.equations.penalised(penalty, series.regularisation[self.rows]), self.equations.gram
        )
        used = np.trace(smoothed, axis1=1, axis2=2)
        return left / np.maximum(self.equations.n_data - used, 1.0)


def deconvolve(spectra: Sequence[Spectrum], options: DrtOptions | None = None) -> DrtSeries:
    """Distribution of relaxation times of each spectrum, on one τ grid and with one set of settings.

    Minimises ‖W(Z − R∞ − terms − ∫γ/(1 + jωτ) d ln τ)‖² + λ∫(γ^(k))² d ln τ with γ, R∞ and terms
    non-negative. Each spectrum is divided by its median |Z| first, so that scaling Z scales γ.

    Parameters
    ----------
    spectra : sequence of Spectrum
        The series; frequency grids may differ.
    options : DrtOptions, optional
        Settings.

    Raises
    ------
    InputError
        If there is no spectrum, one has fewer than ten points, or |Z| is zero somewhere.

    References
    ----------
    Wan et al., Electrochim. Acta 184 (2015) 483, doi:10.1016/j.electacta.2015.09.097;
    Saccoccio et al., Electrochim. Acta 147 (2014) 470, doi:10.1016/j.electacta.2014.09.058
    """
    options = options or DrtOptions()
    spectra = tuple(spectra)
    _check(spectra)
    basis = Basis.covering(
        min(s.angular_frequency[-1] for s in spectra),
        max(s.angular_frequency[0] for s in spectra),
        margin_decades=options.margin_decades,
        points_per_decade=options.points_per_decade,
    )
    found = _deconvolve(spectra, options, basis, tuple(np.ones(len(s)) for s in spectra))
    trust = tuple(trust_of(one) for one in found.misfit)
    if min(one.min() for one in trust) < 1.0:
        found = _deconvolve(spectra, options, basis, trust)
    return found


def _deconvolve(
    spectra: tuple[Spectrum, ...], options: DrtOptions, basis: Basis, trust: tuple[FloatArray, ...]
) -> DrtSeries:
    penalty = basis.penalty(options.order)
    common = None if options.per_spectrum else _common_regularisation(spectra, basis, options, trust)
    count = len(spectra)
    coefficients = np.zeros((count, basis.ln_tau.size))
    terms, strength = np.zeros((count, len(options.terms.names))), np.zeros(count)
    misfit: list[ComplexArray] = [np.empty(0, dtype=complex)] * count
    for batch in _batches(spectra, basis, options, trust):
        equations, rows = batch.equations, batch.rows
        if common is None:
            ridge = regularisation.Ridge.of(equations, penalty)
            strength[rows] = regularisation.each(ridge, str(options.regularisation))
        else:
            strength[rows] = common
        x = _solve(equations.penalised(penalty, strength[rows]), equations.moment, options.signed)
        x_ohm = x / batch.design.scale * batch.magnitude[:, None]
        terms[rows], coefficients[rows] = np.split(x_ohm, [equations.n_terms], axis=1)
        fitted = (x_ohm * batch.design.scale) @ batch.design.columns.T
        for row, z in zip(rows, fitted, strict=True):
            misfit[row] = (z - spectra[row].z_ohm) / np.abs(spectra[row].z_ohm)
    return DrtSeries(
        spectra=spectra,
        options=options,
        basis=basis,
        coefficients_ohm=coefficients,
        terms=terms,
        regularisation=strength,
        misfit=tuple(misfit),
        trust=trust,
    )


def _solve(gram: FloatArray, moment: FloatArray, signed: bool) -> FloatArray:
    return np.linalg.solve(gram, moment[..., None])[..., 0] if signed else nnls.solve(gram, moment)


def _check(spectra: tuple[Spectrum, ...]) -> None:
    if not spectra:
        raise InputError("no spectrum", where="DRT", remedy="give at least one")
    for spectrum in spectra:
        if len(spectrum) < MIN_DRT_POINTS:
            raise InputError(
                f"{len(spectrum)} points are too few for a distribution of relaxation times",
                where=spectrum.where,
                remedy=f"give at least {MIN_DRT_POINTS}, or fit a circuit",
            )


def _common_regularisation(
    spectra: tuple[Spectrum, ...], basis: Basis, options: DrtOptions, trust: tuple[FloatArray, ...]
) -> float | None:
    if isinstance(options.regularisation, float | int):
        return float(options.regularisation)
    chosen = np.unique(np.linspace(0, len(spectra) - 1, POOLED_SPECTRA).round().astype(int))
    sample, weight = (tuple(each[index] for index in chosen) for each in (spectra, trust))
    penalty = basis.penalty(options.order)
    problems = [
        regularisation.Ridge.of(batch.equations, penalty)
        for batch in _batches(sample, basis, options, weight)
    ]
    return regularisation.pooled(problems, options.regularisation)


def _batches(
    spectra: tuple[Spectrum, ...], basis: Basis, options: DrtOptions, trust: tuple[FloatArray, ...]
) -> Iterator[_Batch]:
    grids: dict[bytes, list[int]] = {}
    for index, spectrum in enumerate(spectra):
        grids.setdefault(spectrum.frequency_hz.tobytes(), []).append(index)
    for members in grids.values():
        design = Design.of(spectra[members[0]].angular_frequency, basis, options.terms)
        for first in range(0, len(members), CHUNK):
            rows = np.array(members[first : first + CHUNK])
            scale = np.array([magnitude(spectra[row]) for row in rows])
            z = np.array([spectra[row].z_ohm for row in rows]) / scale[:, None]
            weight = weights(z, options.weights) * np.array([trust[row] for row in rows])
            yield _Batch(rows, design, scale, design.equations(z, weight))


def _residual_power(equations: NormalEquations, x: FloatArray) -> FloatArray:
    quadratic = ((equations.gram @ x[..., None])[..., 0] * x).sum(axis=1)
    return np.maximum(quadratic - 2.0 * (equations.moment * x).sum(axis=1) + equations.power, 0.0)
