"""Resistance of each process of a series: what lies in its window of relaxation times."""

from dataclasses import dataclass
from itertools import pairwise

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

VAGUE = 0.1
"""Relative standard deviation above which a resistance is not told apart from its neighbour's …"""

SUM_GAIN = 0.5
"""… if the deviation of their sum is below this share of the smaller of theirs …"""

CERTAIN = 3.0
"""… and the sum exceeds this many of its deviations."""


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
    resistance_ohm : ndarray, shape (s, w)
        Resistances.
    covariance_ohm2 : ndarray, shape (s, w + 2, w + 2)
        Their covariance, then that of R∞ and of the total.
    resistance_scatter_ohm : ndarray, shape (s, w)
        The part of the deviation that differs from spectrum to spectrum.
    detected : ndarray of bool, shape (w,)
        Whether a window holds something certain in some spectrum: an element that is detected by itself.
    edge : ndarray of bool, shape (s, w)
        The process touches a bound of its window: part of it may be counted next door.
    unclosed : ndarray of bool, shape (s, w)
        The process lies past 1/ω of the lowest frequency, or, of elements, before that of the highest: its
        resistance is a bound.
    outside_ohm : ndarray, shape (s,)
        Polarisation that lies in no window.
    r_inf_ohm : ndarray, shape (s,)
        Series resistance.
    unclosed_ohm : ndarray, shape (s,)
        Polarisation past 1/ω of the lowest frequency, in windows or not: a bound, and part of the total.
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
    covariance_ohm2: FloatArray
    resistance_scatter_ohm: FloatArray
    detected: np.ndarray
    edge: np.ndarray
    unclosed: np.ndarray
    outside_ohm: FloatArray
    r_inf_ohm: FloatArray
    unclosed_ohm: FloatArray
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
    def resistance_sd_ohm(self) -> FloatArray:
        """Standard deviations, shape (s, w)."""
        return self._sd_ohm[:, :-2]

    @property
    def r_inf_sd_ohm(self) -> FloatArray:
        """Standard deviation of R∞, shape (s,)."""
        return self._sd_ohm[:, -2]

    @property
    def total_sd_ohm(self) -> FloatArray:
        """Standard deviation of the total, shape (s,)."""
        return self._sd_ohm[:, -1]

    @property
    def _sd_ohm(self) -> FloatArray:
        return np.sqrt(np.maximum(np.einsum("sww->sw", self.covariance_ohm2), 0.0))

    @property
    def resistance_interval_ohm(self) -> FloatArray:
        """95 % interval, shape (2, s, w), cut at 0 unless γ is signed."""
        return self._interval_ohm(self.resistance_ohm, self.resistance_sd_ohm)

    def _interval_ohm(self, value: FloatArray, sd: FloatArray) -> FloatArray:
        ends = np.stack([value - Z_95 * sd, value + Z_95 * sd])
        return ends if self.drt.options.signed else np.maximum(ends, 0.0)

    @property
    def inseparable(self) -> tuple[slice, ...]:
        """Runs of neighbouring windows of which the data give the sum, but not the parts.

        The sum of two is certain, its deviation is below half of either's, and one of them is known to no
        better than a tenth; the medians of the series decide.
        """
        runs = [slice(k, k + 1) for k in range(len(self.windows))]
        k = 0
        while k + 1 < len(runs):
            whole = slice(runs[k].start, runs[k + 1].stop)
            parts = [self._median(run) for run in (runs[k], runs[k + 1])]
            value, sd = self._median(whole)
            vague = any(part > VAGUE * abs(ohm) for ohm, part in parts)
            if value > CERTAIN * sd and sd < SUM_GAIN * min(part for _, part in parts) and vague:
                runs[k : k + 2] = [whole]
            else:
                k += 1
        return tuple(run for run in runs if run.stop - run.start > 1)

    def _median(self, run: slice) -> tuple[float, float]:
        value, sd = self._sum(run)
        return float(np.median(value)), float(np.median(sd))

    def _sum(self, run: slice) -> tuple[FloatArray, FloatArray]:
        variance = self.covariance_ohm2[:, run, run].sum(axis=(1, 2))
        return self.resistance_ohm[:, run].sum(axis=1), np.sqrt(np.maximum(variance, 0.0))

    def sums_frame(self) -> pd.DataFrame:
        """One row per spectrum and run of windows that cannot be told apart: their sum with its interval."""
        count = len(self.drt.spectra)
        parts = []
        for run in self.inseparable:
            value, sd = self._sum(run)
            low, high = self._interval_ohm(value, sd)
            parts.append(
                pd.DataFrame(
                    {
                        "spectrum": np.arange(count),
                        "label": [s.label for s in self.drt.spectra],
                        "time_s": self.time_s,
                        "windows": " + ".join(self.windows.names[run]),
                        "resistance_ohm": value,
                        "resistance_low_ohm": low,
                        "resistance_high_ohm": high,
                    }
                )
            )
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()

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
        """One row per spectrum: R∞, its unresolved part, what lies outside the windows, the total and its
        part that is not closed.
        """
        return pd.DataFrame(
            {
                "spectrum": np.arange(len(self.drt.spectra)),
                "label": [s.label for s in self.drt.spectra],
                "time_s": self.time_s,
                "r_inf_ohm": self.r_inf_ohm,
                "r_inf_and_unresolved_ohm": self.r_inf_ohm + self.unresolved_ohm,
                "outside_windows_ohm": self.outside_ohm,
                "total_ohm": self.total_ohm,
                "total_sd_ohm": self.total_sd_ohm,
                "unclosed_ohm": self.unclosed_ohm,
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
        Processes; by default those of the refit, or of the founding paper.
    interfaces : int
        Equal interfaces in series: 2 for a symmetric cell, if values per interface are wanted.

    Raises
    ------
    InputError
        If `interfaces` is less than 1.
    """
    if interfaces < 1:
        raise InputError(f"{interfaces} interfaces", where="interfaces", remedy="give 1 or more")
    if isinstance(source, ZarcSeries):
        return _from_elements(source, windows or source.windows, interfaces)
    return _from_areas(source, windows or Windows.default(), interfaces)


def _from_areas(drt: DrtSeries, windows: Windows, interfaces: int) -> ProcessSeries:
    low, high = windows.ln_bounds
    resistance = drt.area_ohm(low, high)
    functional = np.zeros((len(windows) + 2, drt.terms.shape[1] + drt.tau_s.size))
    functional[: len(windows), drt.terms.shape[1] :] = drt.basis.areas(low, high)
    functional[-2:, 0] = 1.0
    functional[-1, drt.terms.shape[1] :] = drt.basis.unit_area
    covariance = drt.covariance_ohm2(functional)
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
        covariance_ohm2=covariance,
        resistance_scatter_ohm=np.sqrt(np.einsum("sww->sw", covariance)[:, : len(windows)]),
        detected=(resistance > Z_95 * np.sqrt(np.einsum("sww->sw", covariance)[:, : len(windows)])).any(
            axis=0
        ),
        edge=(largest > 0) & (at_bounds > CUT_AT_BOUND * largest),
        unclosed=(resistance > 0) & (high[None, :] > np.log(drt.measured_tau_s[:, 1:])),
        outside_ohm=drt.polarisation_ohm - resistance.sum(axis=1),
        r_inf_ohm=drt.r_inf_ohm,
        unclosed_ohm=drt.unclosed_ohm,
        unresolved_ohm=drt.unresolved_ohm,
        interfaces=interfaces,
    )


def _homes(refit: ZarcSeries, windows: Windows) -> np.ndarray:
    """Window of each element, −1 for none; the same for all elements of a track.

    Of two tracks in one window, the one whose τ may as well lie in an empty window next door goes there.
    """
    elements = refit.elements
    if not refit.tracked:
        return windows.locate(elements.tau_s)
    place = np.unique(elements.track, return_inverse=True)[1]
    certainty = (elements.resistance_ohm / np.maximum(elements.resistance_sd_ohm, np.finfo(float).tiny)) ** 2
    weight = certainty + np.finfo(float).tiny
    whole = np.bincount(place, weight)
    centre = np.bincount(place, weight * np.log(elements.tau_s)) / whole
    reach = Z_95 * np.bincount(place, weight * elements.ln_tau_sd) / whole
    home = windows.locate(np.exp(centre))
    there = np.flatnonzero(np.bincount(place, elements.resistance_ohm != 0.0) > 0)
    for one, next_ in pairwise(there):  # tracks are in the order of τ
        if home[one] != home[next_] or home[one] < 0:
            continue
        for track, step, end in (
            (next_, 1, centre[next_] + reach[next_]),
            (one, -1, centre[one] - reach[one]),
        ):
            window = home[track] + step
            empty = 0 <= window < len(windows) and window not in home[there]
            if empty and windows.locate(np.exp(end)) == window:
                home[track] = window
                break
    return home[place]


def _from_elements(refit: ZarcSeries, windows: Windows, interfaces: int) -> ProcessSeries:
    elements, drt = refit.elements, refit.drt
    shape = (len(drt.spectra), len(windows))
    home = _homes(refit, windows)
    kept = home >= 0
    place = (elements.spectrum[kept], home[kept])
    resistance, scatter = np.zeros(shape), np.zeros(shape)
    np.add.at(resistance, place, elements.resistance_ohm[kept])
    covariance = np.zeros((shape[0], shape[1] + 2, shape[1] + 2))
    for row in range(shape[0]):
        mine = home[elements.spectrum == row]
        member = np.zeros((shape[1] + 2, 1 + mine.size))
        member[: shape[1], 1:] = np.arange(shape[1])[:, None] == mine
        member[-2:, 0] = member[-1, 1:] = 1.0
        covariance[row] = member @ refit.covariance_ohm2[row] @ member.T
        scatter[row] = np.einsum("wk,kl,wl->w", member, refit.scatter_ohm2[row], member)[: shape[1]]
    low, high = np.exp(windows.ln_bounds)
    tau_low, tau_high = elements.tau_interval_s
    touching = (tau_low[kept] < low[home[kept]]) | (tau_high[kept] >= high[home[kept]])
    edge, unclosed = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    np.logical_or.at(edge, place, touching & elements.detected[kept])
    np.logical_or.at(unclosed, place, refit.open_ended[kept] & elements.detected[kept])
    outside, unresolved, unclosed_ohm = np.zeros((3, shape[0]))
    np.add.at(unclosed_ohm, elements.spectrum, elements.resistance_ohm * refit.unclosed)
    np.add.at(outside, elements.spectrum[~kept], elements.resistance_ohm[~kept])
    np.add.at(unresolved, elements.spectrum, elements.resistance_ohm * refit.unresolved)
    return ProcessSeries(
        windows=windows,
        drt=drt,
        method="refit",
        resistance_ohm=resistance,
        covariance_ohm2=covariance,
        resistance_scatter_ohm=np.sqrt(np.maximum(scatter, 0.0)),
        detected=np.isin(np.arange(shape[1]), windows.locate(elements.tau_s[elements.detected])),
        edge=edge,
        unclosed=unclosed,
        outside_ohm=outside,
        r_inf_ohm=refit.terms[:, 0],
        unclosed_ohm=unclosed_ohm,
        unresolved_ohm=unresolved,
        interfaces=interfaces,
    )
