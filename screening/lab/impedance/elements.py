"""Elements of a refit in words: each with its relaxation time, its interval, whether it is there and closed.

An element is what the data hold; a window is what the reader calls it. Windows are the second view.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from screening.lab.impedance.basis import FloatArray
from screening.lab.impedance.drt import DrtSeries
from screening.lab.impedance.processes import ProcessSeries
from screening.lab.impedance.refit import DETECTION, ZarcSeries

UNDESCRIBED = 0.2
"""A γ that misses the data by this share of |Z|, root mean square, has no total to speak of."""

BEYOND_MEASURED = 1.1
"""A total above this many times the largest Z' of a spectrum was not measured but extrapolated."""


@dataclass(frozen=True, kw_only=True)
class TrackedElement:
    """One element through a series (through one spectrum where there is no series).

    Attributes
    ----------
    track : int
        Its number, by rising τ.
    tau_s, resistance_ohm, phi : tuple of (float, float)
        In the first and the last spectrum that it is fitted to.
    interval_ohm : tuple of (float, float)
        95 % interval of the resistance in the last.
    detected, fitted : int
        Spectra in which its resistance exceeds three standard deviations, and in which it is fitted.
    closed : bool
        Whether τ lies within the measured range in every spectrum in which it is detected.
    """

    track: int
    tau_s: tuple[float, float]
    resistance_ohm: tuple[float, float]
    phi: tuple[float, float]
    interval_ohm: tuple[float, float]
    detected: int
    fitted: int
    closed: bool

    @property
    def row(self) -> dict[str, str]:
        """The element as it is read."""
        several = self.fitted > 1
        there = f"{self.detected} of {self.fitted}" if several else "yes"
        low, high = self.interval_ohm
        row = {"element": str(self.track), "τ (s)": _course(self.tau_s, several, ".2g")}
        if not self.detected:
            return row | {"R (Ω)": f"at most {high:.3g}", "95 % (Ω)": "", "φ": "", "detected": "no"}
        return row | {
            "R (Ω)": _course(self.resistance_ohm, several, ".4g"),
            "95 % (Ω)": f"{low:.4g} … {high:.4g}",
            "φ": _course(self.phi, several, ".2f"),
            "detected": there + ("" if self.closed else ", not closed: R is a bound"),
        }


def _course(ends: tuple[float, float], several: bool, form: str) -> str:
    return f"{ends[0]:{form}} → {ends[1]:{form}}" if several else f"{ends[0]:{form}}"


def tracked_elements(refit: ZarcSeries) -> tuple[TrackedElement, ...]:
    """Elements of a tracked series, or all elements of spectra that were fitted by themselves."""
    elements = refit.elements
    low, high = elements.resistance_interval_ohm
    closed = ~refit.open_ended
    keys = elements.track if refit.tracked else np.arange(len(elements.track))
    found = []
    for key in np.unique(keys):
        mine = np.flatnonzero(keys == key)
        there = mine[elements.detected[mine]]
        first, last = mine[0], mine[-1]
        found.append(
            TrackedElement(
                track=int(elements.track[first]),
                tau_s=_ends(elements.tau_s, first, last),
                resistance_ohm=_ends(elements.resistance_ohm, first, last),
                phi=_ends(elements.phi, first, last),
                interval_ohm=(float(low[last]), float(high[last])),
                detected=len(there),
                fitted=len(mine),
                closed=bool(closed[there].all()),
            )
        )
    return tuple(found)


def _ends(values: FloatArray, first: np.intp, last: np.intp) -> tuple[float, float]:
    return float(values[first]), float(values[last])


def element_rows(refit: ZarcSeries) -> list[dict[str, str]]:
    """All elements, one row each; those of spectra fitted by themselves beside the spectrum's label."""
    rows = [element.row for element in tracked_elements(refit)]
    if refit.tracked or len(refit.drt.spectra) == 1:
        return rows
    labels = [refit.drt.spectra[index].label for index in refit.elements.spectrum]
    return [{"spectrum": label} | row for label, row in zip(labels, rows, strict=True)]


def disturbed_lines(drt: DrtSeries) -> list[str]:
    """Points that stand out from their neighbours and count less, one line for each spectrum that has any."""
    lines = []
    for spectrum, trust in zip(drt.spectra, drt.trust, strict=True):
        at = ", ".join(f"{frequency:.4g}" for frequency in spectrum.frequency_hz[trust < 1.0])
        lines += [f"{spectrum.label}: stands out from its neighbours and counts less: {at} Hz"] if at else []
    return lines


def drift_lines(refit: ZarcSeries) -> list[str]:
    """Spectra whose cell changed while they were measured: γ has the change in it, the elements have not."""
    (rows,) = np.nonzero(np.abs(refit.drift) > DETECTION * refit.drift_sd)
    if not len(rows):
        return []
    worst = rows[np.argmax(np.abs(refit.drift[rows]))]
    which = refit.drt.spectra[worst].label
    if len(rows) > 1:
        which = f"{len(rows)} of {len(refit.drift)} spectra, at most {which}"
    change = f"Z changed by {refit.drift[worst]:+.1%} ± {refit.drift_sd[worst]:.1%} within the sweep"
    return [f"{which}: {change}; elements are those at its fast end, γ and areas are distorted"]


def sum_lines(processes: ProcessSeries) -> list[str]:
    """Runs of windows that cannot be told apart, one line each: the sum and its interval."""
    if not processes.inseparable:
        return []
    lines = []
    for names, rows in processes.sums_frame().groupby("windows", sort=False):
        first, last = rows.iloc[0], rows.iloc[-1]
        course = _course((first.resistance_ohm, last.resistance_ohm), len(rows) > 1, ".4g")
        interval = f"{last.resistance_low_ohm:.4g} … {last.resistance_high_ohm:.4g}"
        lines.append(f"{names}: {course} Ω ({interval}); the data give the sum, not the parts")
    return lines


def total_lines(processes: ProcessSeries, refit: ZarcSeries | None) -> Iterable[str]:
    """R∞, what lies outside all windows, and the total, each with the part of it that is not closed."""
    apart = processes.drt.relative_residual
    if (apart > UNDESCRIBED).all():
        yield f"no total: γ misses the data by {apart.min():.0%} and more of |Z|"
        return
    open_ohm = processes.unclosed_ohm
    yield f"R∞ and what lies before 1/ω_max: {_span(processes.r_inf_ohm + processes.unresolved_ohm)} Ω"
    nowhere = False if refit is None else processes.windows.locate(refit.elements.tau_s) < 0
    outside = processes.outside_ohm - _fast_ohm(refit, nowhere)  # those stand with R∞ above
    yield f"outside all windows: {_span(np.maximum(outside, 0.0))} Ω"
    words = f"total: {_span(processes.total_ohm)} Ω"
    ends = {"slow": open_ohm, "fast": _fast_ohm(refit, refit is not None and refit.elements.detected)}
    ends = {end: ohm for end, ohm in ends.items() if (ohm > 0).any()}
    if ends:
        parts = [f"{_span(ohm)} Ω not closed at the {end} end" for end, ohm in ends.items()]
        words += f", of which {' and '.join(parts)}: a bound"
    largest = np.array([spectrum.z_ohm.real.max() for spectrum in processes.drt.spectra])
    beyond = processes.total_ohm > BEYOND_MEASURED * largest
    if beyond.any():
        words += f"; beyond the measured Z' of at most {largest[beyond].max():.3g} Ω"
        words += f" in {np.count_nonzero(beyond)} of {len(beyond)} spectra" if len(beyond) > 1 else ""
    yield words


def _fast_ohm(refit: ZarcSeries | None, counts: np.ndarray | bool) -> FloatArray:
    """Elements before 1/ω of the highest frequency, of those that count, shape (e,); the sums, shape (s,)."""
    if refit is None:
        return np.zeros(1)
    elements = refit.elements
    weights = elements.resistance_ohm * (refit.unresolved & counts)
    return np.bincount(elements.spectrum, weights, minlength=len(refit.drt.spectra)).astype(float)


def _span(values: FloatArray) -> str:
    first, last = f"{values[0]:.4g}", f"{values[-1]:.4g}"
    return first if len(values) == 1 else f"{first} → {last}"
