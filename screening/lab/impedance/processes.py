"""Resistance of each process of a series: what lies in its window of relaxation times."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtri

from screening.errors import InputError
from screening.lab.impedance.basis import FloatArray
from screening.lab.impedance.drt import DrtSeries, times_s
from screening.lab.impedance.refit import ZarcSeries
from screening.lab.impedance.windows import Windows

Z_95 = float(ndtri(0.975))
"""Half width of a 95 % interval in standard deviations."""

CUT_AT_BOUND = 0.5
"""γ at the bound of a window above this share of its largest value inside: a peak is cut by the bound."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ProcessSeries:
    """Resistance of each process against time.

    Attributes
    ----------
    windows : Windows
        The w processes.
    drt : DrtSeries
        The distributions, with the s spectra.
    method : str
        "refit" (sum of the ZARC elements whose τ lies in the window) or "area" (∫γ d ln τ over it).
    resistance_ohm, resistance_sd_ohm : ndarray, shape (s, w)
        Resistance and standard deviation.
    resistance_scatter_ohm : ndarray, shape (s, w)
        The part of the deviation that differs from spectrum to spectrum.
    edge : ndarray of bool, shape (s, w)
        The process touches a bound of its window: part of it may be counted next door.
    unclosed : ndarray of bool, shape (s, w)
        The process lies past 1/ω of the lowest frequency: its resistance is a lower bound.
    outside_ohm : ndarray, shape (s,)
        Polarisation that lies in no window.
    r_inf_ohm, r_inf_sd_ohm : ndarray, shape (s,)
        Series resistance.
    unresolved_ohm : ndarray, shape (s,)
        Polarisation before 1/ω of the highest frequency. It is part of a window or of `outside_ohm`
        too; R∞ + this is what the data give as one number.
    interfaces : int
        Number of equal interfaces in series by which `to_frame` divides the area-normalised values.
    """

    windows: Windows
    drt: DrtSeries
    method: str
    resistance_ohm: FloatArray
    resistance_sd_ohm: FloatArray
    resistance_scatter_ohm: FloatArray
    edge: np.ndarray
    unclosed: np.ndarray
    outside_ohm: FloatArray
    r_inf_ohm: FloatArray
    r_inf_sd_ohm: FloatArray
    unresolved_ohm: FloatArray
    interfaces: int = 1

    @property
    def time_s(self) -> FloatArray:
        """Times of the spectra, shape (s,); NaN where a spectrum has none."""
        return times_s(self.drt.spectra)

    @property
    def total_ohm(self) -> FloatArray:
        """R∞ and all polarisation, in windows or not, shape (s,)."""
        return self.r_inf_ohm + self.resistance_ohm.sum(axis=1) + self.outside_ohm

    @property
    def resistance_interval_ohm(self) -> FloatArray:
        """95 % interval, shape (2, s, w), cut at 0."""
        half = Z_95 * self.resistance_sd_ohm
        return np.maximum(np.stack([self.resistance_ohm - half, self.resistance_ohm + half]), 0.0)

    def to_frame(self) -> pd.DataFrame:
        """One row per spectrum and process; Ω·cm² where the area is known, per interface."""
        spectra, count = self.drt.spectra, len(self.windows)
        low, high = self.resistance_interval_ohm
        area = np.array([np.nan if s.area_cm2 is None else s.area_cm2 for s in spectra])
        factor = np.repeat(area / self.interfaces, count)
        frame = pd.DataFrame(
            {
                "spectrum": np.repeat(np.arange(len(spectra)), count),
                "label": np.repeat([s.label for s in spectra], count),
                "time_s": np.repeat(self.time_s, count),
                "window": np.tile(self.windows.names, len(spectra)),
                "process": np.tile([window.process for window in self.windows], len(spectra)),
                "resistance_ohm": self.resistance_ohm.ravel(),
                "resistance_low_ohm": low.ravel(),
                "resistance_high_ohm": high.ravel(),
                "resistance_ohm_cm2": self.resistance_ohm.ravel() * factor,
                "edge": self.edge.ravel(),
                "unclosed": self.unclosed.ravel(),
            }
        )
        frame["interfaces"] = self.interfaces
        frame["method"] = self.method
        return frame

    def totals_frame(self) -> pd.DataFrame:
        """One row per spectrum: R∞, its unresolved part, what lies outside the windows, and the total."""
        return pd.DataFrame(
            {
                "spectrum": np.arange(len(self.drt.spectra)),
                "label": [s.label for s in self.drt.spectra],
                "time_s": self.time_s,
                "r_inf_ohm": self.r_inf_ohm,
                "r_inf_and_unresolved_ohm": self.r_inf_ohm + self.unresolved_ohm,
                "outside_windows_ohm": self.outside_ohm,
                "total_ohm": self.total_ohm,
                "relative_residual": self.drt.relative_residual,
                "regularisation": self.drt.regularisation,
                "poor_fit": self.drt.poor_fit,
            }
        )


def assign(
    source: DrtSeries | ZarcSeries, windows: Windows | None = None, *, interfaces: int = 1
) -> ProcessSeries:
    """Resistance of each process of a series.

    Parameters
    ----------
    source : DrtSeries or ZarcSeries
        Distributions (areas under γ) or their refit (sums of elements). A tracked process belongs to
        one window throughout, that of its most certain τ, so that it cannot jump between windows.
    windows : Windows, optional
        Processes; by default those of the founding paper.
    interfaces : int
        Equal interfaces in series: 2 for a symmetric cell, if values per interface are wanted.

    Raises
    ------
    InputError
        If `interfaces` is less than 1.
    """
    if interfaces < 1:
        raise InputError(f"{interfaces} interfaces", where="interfaces", remedy="give 1 or more")
    chosen = windows or Windows.default()
    if isinstance(source, ZarcSeries):
        return _from_elements(source, chosen, interfaces)
    return _from_areas(source, chosen, interfaces)


def _from_areas(drt: DrtSeries, windows: Windows, interfaces: int) -> ProcessSeries:
    low, high = windows.ln_bounds
    resistance = drt.area_ohm(low, high)
    deviation = drt.deviation_ohm(drt.basis.areas(low, high))
    gamma = drt.gamma_ohm
    inside = (drt.basis.ln_tau >= low[:, None]) & (drt.basis.ln_tau < high[:, None])
    largest = np.where(inside[None], gamma[:, None, :], 0.0).max(axis=2)
    at_bounds = drt.coefficients_ohm @ drt.basis.density(np.concatenate([low, high])).T
    at_bounds = np.maximum(at_bounds[:, : len(windows)], at_bounds[:, len(windows) :])
    return ProcessSeries(
        windows=windows,
        drt=drt,
        method="area",
        resistance_ohm=resistance,
        resistance_sd_ohm=deviation,
        resistance_scatter_ohm=deviation,
        edge=(largest > 0) & (at_bounds > CUT_AT_BOUND * largest),
        unclosed=(resistance > 0) & (high[None, :] > np.log(drt.measured_tau_s[:, 1:])),
        outside_ohm=drt.polarisation_ohm - resistance.sum(axis=1),
        r_inf_ohm=drt.r_inf_ohm,
        r_inf_sd_ohm=drt.r_inf_sd_ohm,
        unresolved_ohm=drt.unresolved_ohm,
        interfaces=interfaces,
    )


def _homes(refit: ZarcSeries, windows: Windows) -> np.ndarray:
    """Window of each element, −1 for none; the same for all elements of a track."""
    elements = refit.elements
    if not refit.tracked:
        return windows.locate(elements.tau_s)
    ln_tau = np.log(elements.tau_s)
    certainty = (elements.resistance_ohm / np.maximum(elements.resistance_sd_ohm, np.finfo(float).tiny)) ** 2
    home = np.full(elements.track.shape, -1)
    for track in np.unique(elements.track):
        mine = elements.track == track
        centre = np.average(ln_tau[mine], weights=certainty[mine] + np.finfo(float).tiny)
        home[mine] = windows.locate(np.exp(centre))
    return home


def _from_elements(refit: ZarcSeries, windows: Windows, interfaces: int) -> ProcessSeries:
    elements, drt = refit.elements, refit.drt
    shape = (len(drt.spectra), len(windows))
    home = _homes(refit, windows)
    kept = home >= 0
    place = (elements.spectrum[kept], home[kept])
    resistance, variance, scatter = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    np.add.at(resistance, place, elements.resistance_ohm[kept])
    # covariances between elements of one window are negative; without them the interval is wide
    np.add.at(variance, place, elements.resistance_sd_ohm[kept] ** 2)
    np.add.at(scatter, place, elements.resistance_scatter_ohm[kept] ** 2)
    low, high = np.exp(windows.ln_bounds)
    tau_low, tau_high = elements.tau_interval_s
    touching = (tau_low[kept] < low[home[kept]]) | (tau_high[kept] >= high[home[kept]])
    edge, unclosed = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    np.logical_or.at(edge, place, touching & elements.detected[kept])
    np.logical_or.at(unclosed, place, refit.unclosed[kept] & elements.detected[kept])
    outside, unresolved = np.zeros(shape[0]), np.zeros(shape[0])
    np.add.at(outside, elements.spectrum[~kept], elements.resistance_ohm[~kept])
    np.add.at(unresolved, elements.spectrum, elements.resistance_ohm * refit.unresolved)
    return ProcessSeries(
        windows=windows,
        drt=drt,
        method="refit",
        resistance_ohm=resistance,
        resistance_sd_ohm=np.sqrt(variance),
        resistance_scatter_ohm=np.sqrt(scatter),
        edge=edge,
        unclosed=unclosed,
        outside_ohm=outside,
        r_inf_ohm=refit.terms[:, 0],
        r_inf_sd_ohm=refit.terms_sd[:, 0],
        unresolved_ohm=unresolved,
        interfaces=interfaces,
    )
