"""Refit of a series by elements: resistances and relaxation times with intervals, each process tracked."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from screening.lab.impedance import tracking, zarc
from screening.lab.impedance.basis import FloatArray
from screening.lab.impedance.drt import DrtSeries, times_s
from screening.lab.impedance.normal import magnitude, weights
from screening.lab.impedance.prior import Prior
from screening.lab.impedance.windows import Windows
from screening.lab.impedance.zarc import PER_ELEMENT, Problem

LEVEL = 0.95
"""Confidence level of every interval of the refit."""

DETECTION = 3.0
"""Standard deviations above which a resistance counts as detected, as in analytical chemistry."""

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
        Standard deviations.
    t_factor : ndarray, shape (e,)
        Student's t at the confidence level, for the degrees of freedom of the spectrum.
    """

    spectrum: np.ndarray
    track: np.ndarray
    resistance_ohm: FloatArray
    tau_s: FloatArray
    phi: FloatArray
    resistance_sd_ohm: FloatArray
    ln_tau_sd: FloatArray
    phi_sd: FloatArray
    t_factor: FloatArray

    @property
    def detected(self) -> np.ndarray:
        """Whether the resistance exceeds three standard deviations, shape (e,)."""
        return np.abs(self.resistance_ohm) > DETECTION * self.resistance_sd_ohm

    @property
    def resistance_interval_ohm(self) -> FloatArray:
        """95 % interval of each resistance, shape (2, e); that of a positive one is cut at 0."""
        half = self.t_factor * self.resistance_sd_ohm
        low, high = self.resistance_ohm - half, self.resistance_ohm + half
        return np.stack([np.where(self.resistance_ohm < 0.0, low, np.maximum(low, 0.0)), high])

    @property
    def tau_interval_s(self) -> FloatArray:
        """95 % interval of each relaxation time, symmetric in ln τ, shape (2, e)."""
        half = np.minimum(self.t_factor * self.ln_tau_sd, MAX_LN_TAU_HALF_WIDTH)
        return self.tau_s * np.exp(np.stack([-half, half]))


@dataclass(frozen=True, eq=False, kw_only=True)
class ZarcSeries:
    """Models of a series.

    Attributes
    ----------
    drt : DrtSeries
        The distributions that seeded the refit, with the s spectra.
    elements : Elements
        All elements, ordered by spectrum, then track.
    windows : Windows
        The processes that were looked for.
    terms : ndarray, shape (s, q)
        R∞ and the other series terms, in the order and units of ``drt.options.terms.names``.
    covariance_ohm2 : tuple of ndarray, each (1 + k, 1 + k)
        Covariance of R∞ and the resistances of the k elements of a spectrum, in their order.
    scatter_ohm2 : tuple of ndarray, each (1 + k, 1 + k)
        The part of it that differs from spectrum to spectrum; the rest, the prior and the uncertainty of
        ln τ and φ that a tracked series shares, moves all its resistances together.
    relative_residual : ndarray, shape (s,)
        Root mean square of ΔZ'/|Z| and ΔZ''/|Z|.
    tracked : bool
        Whether the elements are tracked through the series.
    drift, drift_sd : ndarray, shape (s,)
        Change of Z down to the lowest frequency of a sweep, over what it was at the highest; 0 where there is
        no sign of one. All else is what the cell was at the highest.
    """

    drt: DrtSeries
    windows: Windows
    elements: Elements
    terms: FloatArray
    covariance_ohm2: tuple[FloatArray, ...]
    scatter_ohm2: tuple[FloatArray, ...]
    relative_residual: FloatArray
    tracked: bool
    drift: FloatArray
    drift_sd: FloatArray

    @property
    def unclosed(self) -> np.ndarray:
        """Whether τ lies beyond 1/ω of the lowest frequency: the resistance is then a lower bound; (e,)."""
        return self.elements.tau_s > self.drt.measured_tau_s[self.elements.spectrum, 1]

    @property
    def unresolved(self) -> np.ndarray:
        """Whether τ lies below 1/ω of the highest frequency: hardly distinct from R∞; shape (e,)."""
        return self.elements.tau_s < self.drt.measured_tau_s[self.elements.spectrum, 0]

    @property
    def open_ended(self) -> np.ndarray:
        """Whether τ lies past either end of the measured range, shape (e,)."""
        return np.asarray(self.unclosed | self.unresolved)

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


def fit_zarcs(drt: DrtSeries, windows: Windows | None = None, *, tracked: bool = True) -> ZarcSeries:
    """Refit each spectrum by R∞, the series terms and one element for each window, and more where data ask.

    Complex residuals with the weights of the deconvolution. The prior (see `prior`) says where τ is expected
    and how depressed arcs are; the data decide where they can, and a window that holds nothing ends with a
    resistance near zero and an upper bound. BIC decides on further elements. A series is fitted by the same
    elements throughout (see `tracking`). Intervals are those of the posterior, normal around its maximum, at
    the noise that the fit leaves; they know of noise and prior, not of a wrong model.

    Parameters
    ----------
    drt : DrtSeries
        Deconvolved series.
    windows : Windows, optional
        Processes looked for; by default those of the founding paper.
    tracked : bool
        Follow the same processes through the series; a single spectrum has nothing to track.

    References
    ----------
    Boukamp, J. Phys. Energy 2 (2020) 042001, doi:10.1088/2515-7655/aba9e0 (ZARC and its DRT)
    """
    windows = windows or Windows.default()
    problem, units = _stack(drt)
    count = len(drt.spectra)
    tracked = tracked and count > 1
    models = _models(drt, problem, windows, tracked)
    drift = np.zeros((2, count))
    terms, residual = np.zeros((count, problem.n_terms)), np.zeros(count)
    whole: list[FloatArray] = [np.empty(0)] * count
    scatter = list(whole)
    parts = []
    for model in models:
        rows = model.rows
        factor = units.magnitude_ohm[rows, None] / units.column[rows]
        terms[rows] = model.theta[:, : problem.n_terms] * factor
        if model.problem.drifts:
            last = problem.n_terms
            share, sd = model.theta[:, last], np.sqrt(model.covariance[:, last, last])
            drift[:, rows] = share / (1.0 - share), sd / (1.0 - share) ** 2
        residual[rows] = _relative_residual(model.problem, model.theta)
        elements, columns = _elements(model, units, tracked)
        parts.append(elements)
        for i, row in enumerate(rows):
            pick = np.ix_(columns[i], columns[i])
            whole[row] = model.covariance[i][pick] * units.magnitude_ohm[row] ** 2
            scatter[row] = model.scatter[i][pick] * units.magnitude_ohm[row] ** 2
    return ZarcSeries(
        drt=drt,
        windows=windows,
        elements=_joined(parts),
        terms=terms,
        covariance_ohm2=tuple(whole),
        scatter_ohm2=tuple(scatter),
        relative_residual=residual,
        tracked=tracked,
        drift=drift[0],
        drift_sd=drift[1],
    )


def _models(drt: DrtSeries, problem: Problem, windows: Windows, tracked: bool) -> list[tracking.Model]:
    """Posterior of the series, or of its spectra; those that drift within their sweep have a term for it."""
    measured = np.log([drt.measured_tau_s[:, 0].min(), drt.measured_tau_s[:, 1].max()])
    prior = Prior.of(windows, measured, len(drt.spectra), signed=drt.options.signed)
    weighted = (problem.weight * np.abs(problem.z)) ** 2  # 1 with modulus weights
    noise = drt.relative_residual**2 * 2.0 * weighted.sum(axis=1) / problem.n_data
    noise = np.maximum(noise, np.finfo(float).eps ** 2)
    drifts = tracking.drifting(problem, prior, noise)
    moved = tracking.timed(problem, prior, noise, drifts) if drifts.any() else problem
    if tracked:
        return [tracking.follow(moved, prior, noise)]
    models = []
    for moving in (False, True):
        rows = np.flatnonzero(drifts == moving)
        if rows.size:
            part = (moved if moving else problem).take(rows)
            found = tracking.separate(part, prior.take(rows), noise[rows])
            models += [replace(model, rows=rows[model.rows]) for model in found]
    return models


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
    weight *= np.array([np.pad(one, (0, longest - one.size)) for one in drt.trust])
    columns = np.moveaxis(drt.options.terms.columns(omega), -1, 1)
    largest = np.abs(columns).max(axis=2)
    return Problem(np.log(omega), z, weight, columns / largest[:, :, None]), _Units(scale, largest)


def _elements(model: tracking.Model, units: _Units, tracked: bool) -> tuple[Elements, np.ndarray]:
    """Elements by rising τ, the same order throughout a tracked series; and where R∞ and their R stand."""
    rows, q = model.rows, model.problem.n_terms
    value = model.theta[:, q:].reshape(len(rows), -1, PER_ELEMENT)
    sd = np.sqrt(np.maximum(np.einsum("spp->sp", model.covariance), 0.0))[:, q:].reshape(value.shape)
    ln_tau = np.median(value[:, :, 1], axis=0)[None] if tracked else value[:, :, 1]
    order = np.broadcast_to(ln_tau.argsort(axis=1), value.shape[:2])
    ordered = [np.take_along_axis(x, order[:, :, None], axis=1) for x in (value, sd)]
    values, deviations = (x.reshape(-1, PER_ELEMENT) for x in ordered)
    count = order.shape[1]
    scale = np.repeat(units.magnitude_ohm[rows], count)
    elements = Elements(
        spectrum=np.repeat(rows, count),
        track=np.tile(np.arange(1, count + 1), len(rows)),
        resistance_ohm=values[:, 0] * scale,
        tau_s=np.exp(values[:, 1]),
        phi=values[:, 2],
        resistance_sd_ohm=deviations[:, 0] * scale,
        ln_tau_sd=deviations[:, 1],
        phi_sd=deviations[:, 2],
        t_factor=np.repeat(stdtrit(model.freedom, 0.5 + LEVEL / 2.0), count),
    )
    return elements, np.pad(q + PER_ELEMENT * order, ((0, 0), (1, 0)))


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
