"""Short circuit, soft short or none, from a series of spectra, with the evidence for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from screening.errors import InputError
from screening.lab.impedance.processes import ProcessSeries

PLATING = "tau5"
"""Name of the window of Li plating and stripping among the default windows."""

FLOOR_SHARE = 0.85
"""Total resistance below this share of the electrolyte's own is impossible without an electronic path."""

DROP_SHARE = 0.7
"""A fall below this share of the median of the earlier spectra counts as a drop."""

VANISHED = 3.0
"""A process of fewer standard deviations than this has vanished."""

VANISHED_SHARE = 0.1
"""… and of less than this share of its earlier median."""

MIN_EARLIER = 3
"""Earlier spectra needed for a median to compare with."""


class Verdict(StrEnum):
    """Answer to "is the cell shorted?"."""

    SHORT = "short"
    SOFT_SHORT = "soft short"
    NONE = "no short"
    INDETERMINATE = "indeterminate"


@dataclass(frozen=True)
class Evidence:
    """One observation, and whether it speaks for a short.

    Attributes
    ----------
    name : str
        What was looked at.
    value, bound : float or None
        What was found and what it is compared with; None where it could not be looked at.
    speaks_for_short : bool or None
        None where it could not be looked at.
    """

    name: str
    value: float | None
    bound: float | None
    speaks_for_short: bool | None


@dataclass(frozen=True)
class ShortVerdict:
    """Verdict on the last spectrum of a series, with its evidence."""

    verdict: Verdict
    evidence: tuple[Evidence, ...]


def judge(
    processes: ProcessSeries,
    *,
    plating: str = PLATING,
    passed_kramers_kronig: Sequence[bool] | None = None,
    electrolyte_ohm: float | None = None,
) -> ShortVerdict:
    """Judge whether the cell is shorted in the last spectrum of a series.

    A short needs a total resistance below 85 % of the electrolyte's own, in a spectrum that passed the
    Kramers-Kronig test. A soft short needs three things together: the plating process has vanished,
    the total resistance has dropped below 70 % of its earlier median, and the spectrum passed the
    test. No short needs the plating process present and no such drop. All else is indeterminate: a
    falling resistance alone is not a short, since a reacting interface improves, and a vanished peak
    alone is weak evidence.

    Parameters
    ----------
    processes : ProcessSeries
        The series, in the order of time.
    plating : str
        Window of Li plating and stripping.
    passed_kramers_kronig : sequence of bool, optional
        Verdict of the Kramers-Kronig test on each spectrum.
    electrolyte_ohm : float, optional
        Resistance of the electrolyte alone, measured on its own.

    Raises
    ------
    InputError
        If the window does not exist, or lengths do not match.

    References
    ----------
    Menkin et al., Faraday Discuss. 248 (2024) 277, doi:10.1039/D3FD00101F
    """
    count = len(processes.drt.spectra)
    if passed_kramers_kronig is not None and len(passed_kramers_kronig) != count:
        raise InputError(
            f"{len(passed_kramers_kronig)} Kramers-Kronig verdicts for {count} spectra",
            where="short",
            remedy="give one per spectrum",
        )
    drop = _drop(processes)
    vanished = _vanished(processes, processes.windows.index(plating))
    floor = _floor(processes, electrolyte_ohm)
    sound = None if passed_kramers_kronig is None else bool(passed_kramers_kronig[-1])
    test = Evidence("Kramers-Kronig test of the last spectrum passed", None, None, sound)
    evidence = (floor, drop, vanished, test)
    if floor.speaks_for_short and sound:
        return ShortVerdict(Verdict.SHORT, evidence)
    if drop.speaks_for_short and vanished.speaks_for_short and sound:
        return ShortVerdict(Verdict.SOFT_SHORT, evidence)
    calm = drop.speaks_for_short is False and not floor.speaks_for_short
    if calm and vanished.speaks_for_short is False:
        return ShortVerdict(Verdict.NONE, evidence)
    return ShortVerdict(Verdict.INDETERMINATE, evidence)


def _floor(processes: ProcessSeries, electrolyte_ohm: float | None) -> Evidence:
    name = "total resistance against the electrolyte's own, Ω"
    total = float(processes.total_ohm[-1])
    if electrolyte_ohm is None:
        return Evidence(name, total, None, None)
    bound = FLOOR_SHARE * electrolyte_ohm
    return Evidence(name, total, bound, total < bound)


def _drop(processes: ProcessSeries) -> Evidence:
    name = "total resistance against its earlier median, Ω"
    total = processes.total_ohm
    if total.size <= MIN_EARLIER:
        return Evidence(name, float(total[-1]), None, None)
    bound = DROP_SHARE * float(np.median(total[:-1]))
    return Evidence(name, float(total[-1]), bound, bool(total[-1] < bound))


def _vanished(processes: ProcessSeries, window: int) -> Evidence:
    name = f"resistance of {processes.windows.names[window]}, Ω"
    resistance = processes.resistance_ohm[:, window]
    sd = processes.resistance_sd_ohm[:, window]
    last = float(resistance[-1])
    if last > VANISHED * sd[-1] and last > 0:
        return Evidence(name, last, VANISHED * float(sd[-1]), False)
    earlier = float(np.median(resistance[:-1])) if resistance.size > MIN_EARLIER else 0.0
    seen = resistance.size > MIN_EARLIER and earlier > VANISHED * float(np.median(sd[:-1]))
    if not seen:
        return Evidence(name, last, None, None)
    bound = VANISHED_SHARE * earlier
    return Evidence(name, last, bound, True if last < bound else None)
