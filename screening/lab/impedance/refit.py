"""ZARC refit of a series: resistances and relaxation times with intervals, each process tracked."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from math import log

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from screening.lab.impedance import tracking, zarc
from screening.lab.impedance.basis import FloatArray
from screening.lab.impedance.drt import DrtSeries, times_s
from screening.lab.impedance.normal import magnitude, weights
from screening.lab.impedance.selection import Bounds
from screening.lab.impedance.zarc import PER_ELEMENT, Problem

LEVEL = 0.95
"""Confidence level of every interval of the refit."""

DETECTION = 3.0
"""Standard deviations above which a resistance counts as detected, as in analytical chemistry."""

MARGIN_DECADES = 1.0
"""How far beyond 1/ω an element may lie; its resistance is then a bound, and flagged."""

MAX_LN_TAU_HALF_WIDTH = 50.0
"""Keeps the interval of an undetermined τ finite."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Elements:
    """Fitted ZARC elements, one entry per element and spectrum.

    Attributes
    ----------
    spectrum : ndarray of int, shape (e,)
        Index of the spectrum.
    track : ndarray of int, shape (e,)
        Number of the process: the same through the series when tracked, else the rank in τ.
    resistance_ohm, tau_s, phi : ndarray, shape (e,)
        Parameters.
    resistance_sd_ohm, ln_tau_sd, phi_sd : ndarray, shape (e,)
        Standard deviations; φ at its bound is held there and has 0.
    resistance_scatter_ohm : ndarray, shape (e,)
        The part of the deviation that differs from spectrum to spectrum; the rest, the uncertainty of
        ln τ and φ that a tracked series shares, moves all its resistances together.
    t_factor : ndarray, shape (e,)
        Student's t at the confidence level, for the degrees of freedom of the spectrum.
    """

    spectrum: np.ndarray
    track: np.ndarray
    resistance_ohm: FloatArray
    tau_s: FloatArray
    phi: FloatArray
    resistance_sd_ohm: FloatArray
    resistance_scatter_ohm: FloatArray
    ln_tau_sd: FloatArray
    phi_sd: FloatArray
    t_factor: FloatArray

    @property
    def detected(self) -> np.ndarray:
        """Whether the resistance exceeds three standard deviations, shape (e,)."""
        return self.resistance_ohm > DETECTION * self.resistance_sd_ohm

    @property
    def resistance_interval_ohm(self) -> FloatArray:
        """95 % interval of each resistance, shape (2, e), cut at 0."""
        half = self.t_factor * self.resistance_sd_ohm
        return np.maximum(np.stack([self.resistance_ohm - half, self.resistance_ohm + half]), 0.0)

    @property
    def tau_interval_s(self) -> FloatArray:
        """95 % interval of each relaxation time, symmetric in ln τ, shape (2, e)."""
        half = np.minimum(self.t_factor * self.ln_tau_sd, MAX_LN_TAU_HALF_WIDTH)
        return self.tau_s * np.exp(np.stack([-half, half]))


@dataclass(frozen=True, eq=False, kw_only=True)
class ZarcSeries:
    """ZARC models of a series.

    Attributes
    ----------
    drt : DrtSeries
        The distributions that seeded the refit, with the s spectra.
    elements : Elements
        All elements, ordered by spectrum, then track.
    terms, terms_sd : ndarray, shape (s, q)
        R∞ and the other series terms, in the order and units of ``drt.options.terms.names``.
    relative_residual : ndarray, shape (s,)
        Root mean square of ΔZ'/|Z| and ΔZ''/|Z|.
    tracked : bool
        Whether the elements are tracked through the series.
    """

    drt: DrtSeries
    elements: Elements
    terms: FloatArray
    terms_sd: FloatArray
    relative_residual: FloatArray
    tracked: bool

    @property
    def unclosed(self) -> np.ndarray:
        """Whether τ lies beyond 1/ω of the lowest frequency: the resistance is then a lower bound; (e,)."""
        return self.elements.tau_s > self.drt.measured_tau_s[self.elements.spectrum, 1]

    @property
    def unresolved(self) -> np.ndarray:
        """Whether τ lies below 1/ω of the highest frequency: hardly distinct from R∞; shape (e,)."""
        return self.elements.tau_s < self.drt.measured_tau_s[self.elements.spectrum, 0]

    def to_frame(self) -> pd.DataFrame:
        """One row per element and spectrum."""
        elements = self.elements
        low_r, high_r = elements.resistance_interval_ohm
        low_tau, high_tau = elements.tau_interval_s
        return pd.DataFrame(
            {
                "spectrum": elements.spectrum,
                "time_s": times_s(self.drt.spectra)[elements.spectrum],
                "track": elements.track,
                "resistance_ohm": elements.resistance_ohm,
                "resistance_low_ohm": low_r,
                "resistance_high_ohm": high_r,
                "tau_s": elements.tau_s,
                "tau_low_s": low_tau,
                "tau_high_s": high_tau,
                "phi": elements.phi,
                "phi_sd": elements.phi_sd,
                "detected": elements.detected,
                "unclosed": self.unclosed,
                "unresolved": self.unresolved,
                "r_inf_ohm": self.terms[elements.spectrum, 0],
                "relative_residual": self.relative_residual[elements.spectrum],
            }
        )


def fit_zarcs(drt: DrtSeries, *, tracked: bool = True) -> ZarcSeries:
    """Refit each spectrum by R∞, the series terms and ZARC elements, seeded by the peaks of its DRT.

    Complex residuals with the weights of the deconvolution. BIC chooses the number of elements: for each
    spectrum by itself or, when tracked, on spectra spread over the series, whose elements are then
    followed through all of it (see `tracking`). Intervals come from the curvature at the optimum and
    the scatter of the residuals; they know of noise, not of a wrong model.

    Parameters
    ----------
    drt : DrtSeries
        Deconvolved series.
    tracked : bool
        Follow the same processes through the series; a single spectrum has nothing to track.

    References
    ----------
    Boukamp, J. Phys. Energy 2 (2020) 042001, doi:10.1088/2515-7655/aba9e0 (ZARC and its DRT)
    """
    problem, units = _stack(drt)
    bounds, found = _bounds(drt), peaks(drt)
    tracked = tracked and len(drt.spectra) > 1
    if tracked:
        models = [tracking.follow(problem, bounds, found)]
    else:
        models = tracking.separate(problem, bounds, found)
    count = len(drt.spectra)
    terms, terms_sd = np.zeros((count, problem.n_terms)), np.zeros((count, problem.n_terms))
    residual = np.zeros(count)
    parts = []
    for model in models:
        rows, deviation = model.rows, _deviation(model, problem, bounds)
        factor = units.magnitude_ohm[rows, None] / units.column[rows]
        terms[rows] = model.fit.theta[:, : problem.n_terms] * factor
        terms_sd[rows] = deviation.whole[:, : problem.n_terms] * factor
        residual[rows] = _relative_residual(problem.take(rows), model.fit.theta)
        parts.append(_elements(model, deviation, problem, units))
    return ZarcSeries(
        drt=drt,
        elements=_joined(parts),
        terms=terms,
        terms_sd=terms_sd,
        relative_residual=residual,
        tracked=tracked,
    )


def peaks(drt: DrtSeries) -> list[FloatArray]:
    """Local maxima of each distribution.

    Returns
    -------
    list of ndarray, each (k, 2)
        ln τ and area between the neighbouring valleys over the median of |Z|, largest area first.
    """
    ln_tau, gamma = drt.basis.ln_tau, drt.gamma_ohm
    step = float(ln_tau[1] - ln_tau[0])
    found = []
    for spectrum, curve in zip(drt.spectra, gamma, strict=True):
        inner = curve[1:-1]
        top = np.flatnonzero((inner > curve[:-2]) & (inner >= curve[2:])) + 1
        valleys = [low + int(curve[low:high].argmin()) for low, high in pairwise(top)]
        parts = np.split(curve, valleys) if top.size else []
        area = np.array([part.sum() for part in parts]) * step / magnitude(spectrum)
        order = np.argsort(-area)
        found.append(np.column_stack([ln_tau[top], area])[order])
    return found


@dataclass(frozen=True, eq=False)
class _Units:
    """What turns the scaled parameters back into Ω, H, 1/F."""

    magnitude_ohm: FloatArray
    column: FloatArray


def _stack(drt: DrtSeries) -> tuple[Problem, _Units]:
    """Stack the spectra of a series for fitting; shorter ones are padded with weight 0."""
    spectra, longest = drt.spectra, max(len(s) for s in drt.spectra)
    omega = np.array([np.pad(s.angular_frequency, (0, longest - len(s)), mode="edge") for s in spectra])
    scale = np.array([magnitude(s) for s in spectra])
    z = np.array([np.pad(s.z_ohm, (0, longest - len(s)), mode="edge") for s in spectra]) / scale[:, None]
    weight = weights(z, drt.options.weights)
    weight *= np.arange(longest) < np.array([len(s) for s in spectra])[:, None]
    columns = np.moveaxis(drt.options.terms.columns(omega), -1, 1)
    largest = np.abs(columns).max(axis=2)
    return Problem(np.log(omega), z, weight, columns / largest[:, :, None]), _Units(scale, largest)


def _bounds(drt: DrtSeries) -> Bounds:
    shortest, longest = np.log(drt.measured_tau_s).T
    return Bounds(shortest - MARGIN_DECADES * log(10.0), longest + MARGIN_DECADES * log(10.0))


def _freedom(model: tracking.Model, problem: Problem) -> FloatArray:
    return np.maximum(problem.n_data[model.rows] - model.fit.theta.shape[1], 1.0)


@dataclass(frozen=True, eq=False)
class _Deviation:
    """Standard deviations of scaled parameters, shape (r, p): in all, and from spectrum to spectrum."""

    whole: FloatArray
    scatter: FloatArray


def _deviation(model: tracking.Model, problem: Problem, bounds: Bounds) -> _Deviation:
    """Deviations of all scaled parameters; ln τ and φ at a bound are held there.

    With a prior of precision P and curvature A = JᵀJ + P, the posterior covariance is A⁻¹, but repeated
    spectra of one cell scatter by A⁻¹JᵀJA⁻¹ only.
    """
    theta, gram, q = model.fit.theta, model.fit.gram, problem.n_terms
    elements = (theta.shape[1] - q) // PER_ELEMENT
    here = bounds.take(model.rows)
    at_bound = (theta <= here.lower(q, elements)) | (theta >= here.upper(q, elements))
    at_bound[:, :q] = False
    at_bound[:, q::PER_ELEMENT] = False
    free = ~at_bound
    matrix = gram * (free[:, :, None] & free[:, None, :])
    diagonal = np.arange(theta.shape[1])
    curvature = np.einsum("spp->sp", gram)
    matrix[:, diagonal, diagonal] += at_bound + 1e-12 * curvature.max(axis=1, keepdims=True)
    covariance = np.linalg.inv(matrix)
    noise = (model.fit.cost / _freedom(model, problem))[:, None]
    variance = np.maximum(np.einsum("spp->sp", covariance), 0.0)
    prior = np.einsum("spk,k->sp", covariance**2, model.precision)
    whole = np.sqrt(variance * noise + model.shared_variance) * free
    return _Deviation(whole, np.sqrt(np.maximum(variance - prior, 0.0) * noise) * free)


def _elements(model: tracking.Model, deviation: _Deviation, problem: Problem, units: _Units) -> Elements:
    rows, q = model.rows, problem.n_terms
    value = model.fit.theta[:, q:].reshape(len(rows), -1, PER_ELEMENT)
    sd = deviation.whole[:, q:].reshape(value.shape)
    scatter = deviation.scatter[:, q::PER_ELEMENT].ravel()
    count = value.shape[1]
    scale = np.repeat(units.magnitude_ohm[rows], count)
    return Elements(
        spectrum=np.repeat(rows, count),
        track=np.tile(np.arange(1, count + 1), len(rows)),
        resistance_ohm=value[:, :, 0].ravel() * scale,
        tau_s=np.exp(value[:, :, 1].ravel()),
        phi=value[:, :, 2].ravel(),
        resistance_sd_ohm=sd[:, :, 0].ravel() * scale,
        resistance_scatter_ohm=scatter * scale,
        ln_tau_sd=sd[:, :, 1].ravel(),
        phi_sd=sd[:, :, 2].ravel(),
        t_factor=np.repeat(stdtrit(_freedom(model, problem), 0.5 + LEVEL / 2.0), count),
    )


def _joined(parts: Sequence[Elements]) -> Elements:
    order = np.argsort(np.concatenate([part.spectrum for part in parts]), kind="stable")
    return Elements(
        **{
            field.name: np.concatenate([getattr(part, field.name) for part in parts])[order]
            for field in fields(Elements)
        }
    )


def _relative_residual(problem: Problem, theta: FloatArray) -> FloatArray:
    residual, _ = zarc.evaluate(problem, theta)
    used = np.where(problem.weight > 0, problem.weight, np.inf)
    unweighted = residual.view(complex) / used
    return np.sqrt((np.abs(unweighted / problem.z) ** 2).sum(axis=1) / problem.n_data)
