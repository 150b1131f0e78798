"""What a series of spectra says: which processes fade, appear or stay, and when each has settled."""

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import pandas as pd

from screening.lab.cell import LITHIUM_ARGYRODITE_EA_EV
from screening.lab.impedance.completion import SIGNIFICANT, Completion, Criterion, completion
from screening.lab.impedance.processes import ProcessSeries
from screening.lab.impedance.spectrum import inverse_temperature
from screening.lab.impedance.windows import Role

GONE_SHARE = 0.1
"""A process below this share of its largest value, or not significant, is gone (or not there yet)."""

OPEN_SHARE = 0.02
"""A total of which more than this share is not closed is a bound …"""

OPEN_CHANGE = 0.5
"""… and has no course if that part varies by more than this share of the total's change."""

ENERGY_SD_EV = 0.1
"""How well the activation energy of a process is known: those of interfaces are near the electrolyte's."""


class Trend(StrEnum):
    """Course of a process from the first spectrum to the final value."""

    FADES = "fades"
    APPEARS = "appears"
    GROWS = "grows"
    SHRINKS = "shrinks"
    STEADY = "steady"
    ABSENT = "absent"
    OPEN = "not closed"


@dataclass(frozen=True)
class Course:
    """Course of one process.

    Attributes
    ----------
    window : str
        Name of its window.
    process : str
        What the window is read as.
    role : Role or None
        What the process tells about the cell.
    trend : Trend
        Course from the first spectrum to the final value.
    completion : Completion
        When it settled.
    """

    window: str
    process: str
    role: Role | None
    trend: Trend
    completion: Completion


@dataclass(frozen=True)
class SeriesReport:
    """Courses of all processes of a series, and of its total resistance (`Trend.OPEN` if a bound)."""

    courses: tuple[Course, ...]
    total: Completion
    total_trend: Trend
    total_is_bound: bool = False

    def of_role(self, role: Role) -> tuple[Course, ...]:
        """Courses of the processes of a role that are there at all."""
        return tuple(c for c in self.courses if c.role is role and c.trend is not Trend.ABSENT)

    def unsettled(self, reason: str) -> "SeriesReport":
        """Return the report with nothing called settled, for a reason."""
        courses = tuple(replace(c, completion=c.completion.unsettled(reason)) for c in self.courses)
        return replace(self, courses=courses, total=self.total.unsettled(reason))

    def to_frame(self) -> pd.DataFrame:
        """One row per process: trend, first and final resistance, completion time and its interval in h."""
        rows = [
            _row(course.window, course.process, course.trend, course.completion) for course in self.courses
        ]
        whole = "whole cell, part of it a bound" if self.total_is_bound else "whole cell"
        rows.append(_row("total", whole, self.total_trend, self.total))
        return pd.DataFrame(rows)


def _row(window: str, process: str, course: Trend, end: Completion) -> dict[str, object]:
    hours = {
        name: np.nan if value is None else value / 3600.0
        for name, value in (("completion_h", end.time_s), ("low_h", end.low_s), ("high_h", end.high_s))
    }
    return {
        "window": window,
        "process": process,
        "trend": str(course),
        "first_ohm": end.first_ohm,
        "first_sd_ohm": end.first_sd_ohm,
        "final_ohm": end.final_ohm,
        "final_sd_ohm": end.final_sd_ohm,
        "settled": end.settled,
        **hours,
        "criterion": end.criterion.name,
        "reason": end.reason,
    }


def trend(end: Completion) -> Trend:
    """Course of a process from its first and final values and their deviations."""
    largest = max(end.first_ohm, end.final_ohm)
    there_first = end.first_ohm > max(SIGNIFICANT * end.first_sd_ohm, GONE_SHARE * largest)
    there_last = end.final_ohm > max(SIGNIFICANT * end.final_sd_ohm, GONE_SHARE * largest)
    if not (there_first or there_last):
        return Trend.ABSENT
    if not end.changed:
        return Trend.STEADY
    if there_first and there_last:
        return Trend.GROWS if end.final_ohm > end.first_ohm else Trend.SHRINKS
    return Trend.FADES if there_first else Trend.APPEARS


def describe(
    processes: ProcessSeries,
    criterion: Criterion | None = None,
    *,
    count: int | None = None,
    activation_energy_ev: float = LITHIUM_ARGYRODITE_EA_EV,
) -> SeriesReport:
    """Trend and completion time of each process, and of the total resistance.

    Where the temperature is recorded, resistances are those at that of the first spectrum; that activation
    energies are known to 0.1 eV only is part of the intervals.

    Parameters
    ----------
    processes : ProcessSeries
        Eight spectra or more, with rising times.
    criterion : Criterion, optional
        When a process counts as settled.
    count : int, optional
        Look at so many spectra only, from the first on.
    activation_energy_ev : float
        Of all resistances.

    Raises
    ------
    InputError
        If spectra or times do not suffice.
    """
    rule, seen = criterion or Criterion(), slice(count)
    time = processes.time_s[seen]
    warmth = inverse_temperature(processes.drt.spectra)[seen]
    corrected = np.exp(-activation_energy_ev * warmth)
    unsure = ENERGY_SD_EV * np.abs(warmth)
    courses = []
    for k, window in enumerate(processes.windows):
        resistance = processes.resistance_ohm[seen, k] * corrected
        scatter = processes.resistance_scatter_ohm[seen, k] * corrected
        whole = processes.resistance_sd_ohm[seen, k] * corrected
        common = np.sqrt(np.maximum(whole**2 - scatter**2, 0.0) + (unsure * resistance) ** 2)
        scatter = np.hypot(scatter, unsure * resistance)
        end = completion(time, resistance, scatter, rule, common_sd_ohm=common)
        courses.append(Course(window.name, window.process, window.role, trend(end), end))
    # parts of one spectrum share their noise: the scatter between spectra is estimated, this is its scale
    total = processes.total_ohm[seen] * corrected
    total_sd = np.hypot(np.full(time.size, float(np.abs(np.diff(total)).mean()) / 2.0), unsure * total)
    end = completion(time, total, total_sd, rule)
    unclosed = processes.unclosed_ohm[seen]
    bound = bool((unclosed > OPEN_SHARE * processes.total_ohm[seen]).any())
    if bound and np.ptp(unclosed) > OPEN_CHANGE * abs(end.final_ohm - end.first_ohm):
        reason = "part of it is not closed at the slow end: a bound"
        return SeriesReport(tuple(courses), replace(end.unsettled(reason), reason=reason), Trend.OPEN, bound)
    return SeriesReport(tuple(courses), end, trend(end), bound)
