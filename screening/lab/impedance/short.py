"""Short circuit from a series of spectra: an electronic path divides all of Z, a reaction single arcs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from screening.errors import InputError
from screening.lab.impedance.basis import FloatArray
from screening.lab.impedance.explain import explain, moves_all
from screening.lab.impedance.leak import CourseFit
from screening.lab.impedance.leaky import Causes, Common
from screening.lab.impedance.processes import Z_95, ProcessSeries
from screening.lab.impedance.refit import ZarcSeries
from screening.lab.short import Evidence, Short, ShortVerdict, Signal

FLOOR_SHARE = 0.85
"""Total resistance below this share of the electrolyte's own is impossible without an electronic path."""

DECISIVE = 10.0
"""2 ln of the odds at which evidence is "very strong", Kass & Raftery, doi:10.1080/01621459.1995.10476572."""

FEWEST_SPECTRA = 4
"""Sound spectra from which courses are told."""

DEAD_SHARE = 0.9
"""Share of a small current that the leak carries, above which nothing but the leak is left: a hard short."""

SEEN = 3.0
"""Standard deviations above the leak-free spectra at which a spectrum leaks."""

FAINT_SHARE = 0.05
"""… and above this share of the largest leak: small errors of the model follow it."""

LEAST_SHARE = 0.02
"""A leak that never carries more of a small current is not called one: arcs are not so exactly ZARCs."""

ONE_SIDED = float(ndtri(0.95))
"""Standard deviations of a 95 % upper bound."""

MS_PER_S = 1e3
SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True, eq=False, kw_only=True)
class Leak:
    """An electronic path beside the cell, sought in the sound spectra of a series.

    Attributes
    ----------
    rows : ndarray of int, shape (r,)
        The spectra.
    conductance_s, deviation_s : ndarray, shape (r,)
        1/R_e against the leak-free spectra, and its standard deviation, S.
    leaking : ndarray of bool, shape (r,)
        Spectra that leak; none where no leak was found.
    evidence : float
        2 ln of the odds of a leak against the best other explanation.
    rival : str
        That explanation.
    common : bool
        By it one cause, such as temperature or contact area, has moved all arcs.
    ambiguous : bool
        The data do not decide between it and a leak.
    """

    rows: np.ndarray
    conductance_s: FloatArray
    deviation_s: FloatArray
    leaking: np.ndarray
    evidence: float
    rival: str
    common: bool
    ambiguous: bool

    @property
    def onset(self) -> int | None:
        """First spectrum that leaks; None where none does."""
        return int(self.rows[self.leaking][0]) if self.leaking.any() else None

    @property
    def bound_s(self) -> float:
        """Upper bound (95 %) on a leak in any of the spectra, S."""
        return float((self.conductance_s + ONE_SIDED * self.deviation_s).max())

    def to_frame(self, time_s: FloatArray) -> pd.DataFrame:
        """One row per spectrum: 1/R_e with its 95 % interval, and whether it leaks."""
        half = Z_95 * self.deviation_s
        return pd.DataFrame(
            {
                "spectrum": self.rows,
                "time_s": time_s[self.rows],
                "leak_ms": MS_PER_S * self.conductance_s,
                "leak_low_ms": MS_PER_S * (self.conductance_s - half),
                "leak_high_ms": MS_PER_S * (self.conductance_s + half),
                "leaking": self.leaking,
            }
        )


def seek_leak(refit: ZarcSeries, sound: Sequence[bool]) -> Leak | None:
    """Seek an electronic path beside the cell in a tracked series; None for fewer than four sound spectra.

    Two descriptions of all spectra compete by their lengths (BIC): the cell's resistances change, one by one
    or by a common cause; or a path of conductance g, of any course, lies in parallel too.

    Parameters
    ----------
    refit : ZarcSeries
        Tracked refit.
    sound : sequence of bool
        Spectra to use.
    """
    rows = np.flatnonzero(sound)
    if rows.size < FEWEST_SPECTRA:
        return None
    found = explain(refit, rows)
    likely = found.evidence > DECISIVE
    conductance, deviation = found.leak_s(likely)
    # the anchor has no error by definition: that of the others is the error of the difference
    deviation = np.maximum(deviation, np.median(deviation))
    clean = conductance - 2.0 * deviation <= (conductance + 2.0 * deviation).min()
    # where nothing is known of the leak the deviation is infinite, and so is the bound
    weight = 1.0 / np.maximum(deviation[clean], 1e-12) ** 2 + np.finfo(float).tiny
    conductance = conductance - float(np.average(conductance[clean], weights=weight))
    leaking = np.zeros(rows.size, dtype=bool)
    least = np.array([np.abs(refit.drt.spectra[row].z_ohm).max() for row in rows])
    if likely and (conductance * least).max() > LEAST_SHARE:
        leaking = conductance > np.maximum(SEEN * deviation, FAINT_SHARE * conductance.max())
        leaking = leaking if leaking.any() else conductance >= 0.5 * conductance.max()
    simpler = _changes(found.leaking.causes) < _changes(found.benign.causes)
    return Leak(
        rows=rows,
        conductance_s=conductance,
        deviation_s=deviation,
        leaking=leaking,
        evidence=found.evidence,
        rival=_words(found.benign),
        common=moves_all(found.benign),
        ambiguous=abs(found.evidence) <= DECISIVE and simpler,
    )


def _changes(causes: Causes) -> int:
    return int(causes.single.sum()) + (causes.common is not None)


def _words(fit: CourseFit) -> str:
    causes, words = fit.causes, []
    if causes.common is not None:
        names = {
            Common.WARMING: "a warmer or colder cell",
            Common.AREA: "a larger or smaller contact area",
            Common.OTHER: "a cause common to all arcs",
        }
        words.append(names[causes.common] if moves_all(fit) else "several arcs that change together")
    if causes.single.any():
        count = int(causes.single[1:].sum())
        parts = ["R∞"] * bool(causes.single[0]) + [f"{count} arc{'s' * (count > 1)}"] * bool(count)
        words.append(f"changes of {' and '.join(parts)}")
    return " and ".join(words) or "nothing"


def judge(
    processes: ProcessSeries,
    leak: Leak | None,
    *,
    passed_kramers_kronig: Sequence[bool],
    electrolyte_ohm: float | None = None,
) -> ShortVerdict:
    """Judge whether a cell has shorted within a series of spectra.

    A leak that was found is a soft short, and a hard one where it carries nine tenths of a small current in
    the last spectrum. A total resistance below 85 % of the electrolyte's own is a hard short. Both need
    spectra that pass the Kramers-Kronig test. "None" needs an upper bound on the leak below the cell's
    own conductance; all else is indeterminate.

    Parameters
    ----------
    processes : ProcessSeries
        The series, in the order of time.
    leak : Leak or None
        What `seek_leak` found; None where it could not be sought.
    passed_kramers_kronig : sequence of bool
        Verdict of the Kramers-Kronig test on each spectrum.
    electrolyte_ohm : float, optional
        Resistance of the electrolyte alone.

    Raises
    ------
    InputError
        If lengths do not match.

    References
    ----------
    Menkin et al., Faraday Discuss. 248 (2024) 277, doi:10.1039/D3FD00101F
    """
    count = len(processes.drt.spectra)
    if len(passed_kramers_kronig) != count:
        raise InputError(
            f"{len(passed_kramers_kronig)} Kramers-Kronig verdicts for {count} spectra",
            where="short",
            remedy="give one per spectrum",
        )
    sound = bool(passed_kramers_kronig[-1])
    path, floor = _path(processes, leak), _floor(processes, electrolyte_ohm)
    if floor.verdict is Short.HARD and not sound:
        floor = replace(floor, verdict=Short.INDETERMINATE)
    hard = next((item for item in (path, floor) if item.verdict is Short.HARD), path)
    found = (path, floor, _kramers_kronig(sound))
    return ShortVerdict(hard.verdict, tuple(sorted(found, key=lambda item: item is not hard)))


def _evidence(
    signal: Signal,
    verdict: Short,
    statement: str,
    value: float = np.nan,
    **more: Any,
) -> Evidence:
    return Evidence(
        signal=signal, source="impedance", verdict=verdict, statement=statement, value=value, **more
    )


def _kramers_kronig(sound: bool) -> Evidence:
    words = "passed" if sound else "failed, so that it shows no short"
    return _evidence(Signal.SOUND, Short.INDETERMINATE, words)


def _path(processes: ProcessSeries, leak: Leak | None) -> Evidence:
    """Is there an electronic path in parallel to all processes?"""
    if leak is None:
        words = f"an electronic path is sought in {FEWEST_SPECTRA} or more sound spectra"
        return _evidence(Signal.PATH, Short.INDETERMINATE, words)
    area = processes.drt.spectra[int(leak.rows[0])].area_cm2
    measured = 1.0 / np.maximum(processes.total_ohm[leak.rows], 1e-12)
    if leak.onset is None:
        return _no_path(leak, area, float(measured.min()))
    hours, at = processes.time_s / SECONDS_PER_HOUR, leak.rows[leak.leaking]
    peak = int(np.argmax(np.where(leak.leaking, leak.conductance_s, -np.inf)))
    size = _size(leak.conductance_s[peak], leak.deviation_s[peak], area)
    ends = "to the end" if leak.leaking[-1] else "healed in the last"
    since = _when(hours, at[0])
    words = f"an electronic path from {since} on, {ends}, in {at.size} of {leak.rows.size} spectra: "
    words += f"1/R_e up to {size}, R_e {1.0 / leak.conductance_s[peak]:.3g} Ω; "
    words += f"2 ln odds {leak.evidence:.0f} against {leak.rival}"
    dead = leak.leaking[-1] and leak.conductance_s[-1] > DEAD_SHARE * measured[-1]
    level = Short.HARD if dead else Short.SOFT
    value = MS_PER_S * float(leak.conductance_s[peak])
    return _evidence(Signal.PATH, level, words, value, time_h=float(hours[at[0]]))


def _no_path(leak: Leak, area_cm2: float | None, least_s: float) -> Evidence:
    """No leak was found: how large a one the data leave room for."""
    known = np.isfinite(leak.bound_s)
    bound = f"< {_unit(leak.bound_s, area_cm2)} (95 %)" if known else "of any size"
    value = MS_PER_S * leak.bound_s
    if leak.ambiguous:
        words = f"cannot tell: {leak.rival}, or an electronic path ({bound})"
        return _evidence(Signal.PATH, Short.INDETERMINATE, words, value, bound=bound)
    if leak.bound_s > least_s:
        words = f"no electronic path seen, but one as large as the cell's own would not be: {bound}"
        return _evidence(Signal.PATH, Short.INDETERMINATE, words, value, bound=bound)
    words = f"no electronic path came or went: {bound}; what changed: {leak.rival}"
    return _evidence(Signal.PATH, Short.NONE, words, value, bound=bound)


def _unit(conductance_s: float, area_cm2: float | None) -> str:
    if area_cm2 is None:
        return f"{MS_PER_S * conductance_s:.2g} mS"
    return f"{MS_PER_S * conductance_s / area_cm2:.2g} mS/cm²"


def _size(conductance_s: float, deviation_s: float, area_cm2: float | None) -> str:
    scale, unit = (MS_PER_S, "mS") if area_cm2 is None else (MS_PER_S / area_cm2, "mS/cm²")
    low, high = (max(conductance_s + sign * Z_95 * deviation_s, 0.0) for sign in (-1.0, 1.0))
    return f"{scale * conductance_s:.3g} {unit} ({scale * low:.3g} … {scale * high:.3g})"


def _when(hours: FloatArray, row: int) -> str:
    return f"{hours[row]:.4g} h of the series" if np.isfinite(hours[row]) else f"spectrum {row + 1}"


def _floor(processes: ProcessSeries, electrolyte_ohm: float | None) -> Evidence:
    """Is the total resistance below what the electrolyte alone must have?"""
    total = float(processes.total_ohm[-1])
    if electrolyte_ohm is None:
        words = "the electrolyte's own resistance is not stated: a path there from the start stays unseen"
        return _evidence(Signal.TOTAL, Short.INDETERMINATE, words, total)
    bound = FLOOR_SHARE * electrolyte_ohm
    words = f"total resistance is {total / electrolyte_ohm:.0%} of the electrolyte's own"
    level = Short.HARD if total < bound else Short.NONE
    return _evidence(Signal.TOTAL, level, words, total, threshold=bound)
