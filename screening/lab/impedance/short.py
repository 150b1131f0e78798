"""Short circuit from a series of spectra, with the evidence for it."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from screening.errors import InputError
from screening.lab.impedance.processes import ProcessSeries
from screening.lab.impedance.windows import Role
from screening.lab.short import Evidence, Short, ShortVerdict, Signal

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


def judge(
    processes: ProcessSeries,
    *,
    passed_kramers_kronig: Sequence[bool] | None = None,
    electrolyte_ohm: float | None = None,
) -> ShortVerdict:
    """Judge whether the cell is shorted in the last spectrum of a series.

    A hard short needs a total resistance below 85 % of the electrolyte's own, in a spectrum that passed the
    Kramers-Kronig test. A soft short needs three things together: the plating process has vanished,
    the total resistance has dropped below 70 % of its earlier median, and the spectrum passed the
    test. No short needs the plating process present and no such drop. All else is indeterminate: a
    falling resistance alone is not a short, since a reacting interface improves, and a vanished peak
    alone is weak evidence.

    Parameters
    ----------
    processes : ProcessSeries
        The series, in the order of time. Without exactly one window of the role ``plating``, only a hard
        short can be judged, and the evidence says so.
    passed_kramers_kronig : sequence of bool, optional
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
    if passed_kramers_kronig is not None and len(passed_kramers_kronig) != count:
        raise InputError(
            f"{len(passed_kramers_kronig)} Kramers-Kronig verdicts for {count} spectra",
            where="short",
            remedy="give one per spectrum",
        )
    sound = None if passed_kramers_kronig is None else bool(passed_kramers_kronig[-1])
    floor, drop, vanished = _floor(processes, electrolyte_ohm), _drop(processes), _vanished(processes)
    proven = {Short.HARD} if sound and floor.verdict is Short.HARD else set()
    if sound and drop.verdict is vanished.verdict is Short.SOFT:
        proven |= {Short.SOFT}
    calm = drop.verdict is vanished.verdict is Short.NONE and floor.verdict is not Short.HARD
    without_alarm = Short.NONE if calm else Short.INDETERMINATE
    verdict = next((level for level in (Short.HARD, Short.SOFT) if level in proven), without_alarm)
    found = [
        replace(item, verdict=Short.INDETERMINATE)
        if item.verdict.is_alarm and item.verdict not in proven
        else item
        for item in (floor, drop, vanished, _kramers_kronig(sound))
    ]
    return ShortVerdict(verdict, tuple(sorted(found, key=lambda item: item.verdict is not verdict)))


def _evidence(
    signal: Signal, verdict: Short, statement: str, value: float = np.nan, threshold: float = np.nan
) -> Evidence:
    return Evidence(
        signal=signal,
        source="impedance",
        verdict=verdict,
        statement=statement,
        value=value,
        threshold=threshold,
    )


def _kramers_kronig(sound: bool | None) -> Evidence:
    words = {
        None: "not tested, so that no short can be shown",
        True: "passed",
        False: "failed, so that no short can be shown",
    }
    return _evidence(
        Signal.SOUND, Short.INDETERMINATE, f"Kramers–Kronig test of the last spectrum: {words[sound]}"
    )


def _floor(processes: ProcessSeries, electrolyte_ohm: float | None) -> Evidence:
    """Is the total resistance below what the electrolyte alone must have?"""
    total = float(processes.total_ohm[-1])
    if electrolyte_ohm is None:
        words = "the electrolyte's own resistance is not stated, so that no hard short can be judged"
        return _evidence(Signal.TOTAL, Short.INDETERMINATE, words, total)
    bound = FLOOR_SHARE * electrolyte_ohm
    words = f"total resistance is {total / electrolyte_ohm:.0%} of the electrolyte's own"
    return _evidence(Signal.TOTAL, Short.HARD if total < bound else Short.NONE, words, total, bound)


def _drop(processes: ProcessSeries) -> Evidence:
    """Has the total resistance fallen since the earlier spectra?"""
    total = processes.total_ohm
    last = float(total[-1])
    if total.size <= MIN_EARLIER:
        words = f"fewer than {MIN_EARLIER} earlier spectra, so that no drop can be judged"
        return _evidence(Signal.DROP, Short.INDETERMINATE, words, last)
    earlier = float(np.median(total[:-1]))
    bound = DROP_SHARE * earlier
    words = f"total resistance is {last / earlier:.0%} of the median of the earlier spectra"
    return _evidence(Signal.DROP, Short.SOFT if last < bound else Short.NONE, words, last, bound)


def _vanished(processes: ProcessSeries) -> Evidence:
    """Has the plating process vanished?"""
    windows = processes.windows.of_role(Role.PLATING)
    if len(windows) != 1:
        words = f"{len(windows) or 'no'} windows have the role plating, so that no soft short can be judged"
        return _evidence(Signal.PLATING, Short.INDETERMINATE, words)
    name = processes.windows.names[windows[0]]
    resistance = processes.resistance_ohm[:, windows[0]]
    sd = processes.resistance_sd_ohm[:, windows[0]]
    last = float(resistance[-1])
    if last > VANISHED * sd[-1] and last > 0:
        words = f"the plating process ({name}) is present with {last:.4g} Ω"
        return _evidence(Signal.PLATING, Short.NONE, words, last, VANISHED * float(sd[-1]))
    earlier = float(np.median(resistance[:-1])) if resistance.size > MIN_EARLIER else 0.0
    seen = resistance.size > MIN_EARLIER and earlier > VANISHED * float(np.median(sd[:-1]))
    if not seen:
        words = f"the plating process ({name}) was not resolved before, so that it cannot vanish"
        return _evidence(Signal.PLATING, Short.INDETERMINATE, words, last)
    bound = VANISHED_SHARE * earlier
    gone = last < bound
    words = f"the plating process ({name}) {'has vanished' if gone else 'is uncertain'}: {last:.4g} Ω"
    words += f" after {earlier:.4g} Ω"
    return _evidence(Signal.PLATING, Short.SOFT if gone else Short.INDETERMINATE, words, last, bound)
