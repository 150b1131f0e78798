"""Critical current density from a protocol of rising current steps: the last safe and the first failed step.

The figure means nothing without the time and capacity of a half-cycle, the temperature and the pressure,
so the result carries them. A step in which the record ends early is neither safe nor failed.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from screening.lab.cycling.short_signals import SAME_CURRENT
from screening.lab.cycling.symmetric import SymmetricReport
from screening.lab.short import Short

COMPLETE_SHARE = 0.9
"""A half-cycle shorter than this share of its step's typical one was cut short."""

FEWEST_STEPS = 2

FAILING = (Short.HARD, Short.SOFT, Short.HEALED)
"""Shorts that fail a step: one that heals has gone through all the same."""


class StepOutcome(StrEnum):
    """How a cell came through a step."""

    SAFE = "safe"
    SHORTED = "short circuit"
    POLARISED = "polarisation above the limit"
    INCOMPLETE = "cut short"
    AFTER_FAILURE = "after failure"


@dataclass(frozen=True, kw_only=True)
class CurrentStep:
    """One step of the protocol.

    Attributes
    ----------
    current_density_ma_per_cm2 : float
        Its current.
    half_cycles : int
        How many half-cycles it has.
    half_cycle_h : float
        Typical length of one.
    capacity_mah_per_cm2 : float
        Typical capacity of one.
    start_h : float
        When it began.
    polarisation_v, asr_ohm_cm2 : float
        Medians over its half-cycles.
    outcome : StepOutcome
        How the cell came through.
    """

    current_density_ma_per_cm2: float
    half_cycles: int
    half_cycle_h: float
    capacity_mah_per_cm2: float
    start_h: float
    polarisation_v: float
    asr_ohm_cm2: float
    outcome: StepOutcome


@dataclass(frozen=True)
class CriticalCurrent:
    """Result of a step protocol.

    Attributes
    ----------
    last_safe, first_failed : CurrentStep or None
        The critical current density lies between them; None where there is no such step.
    steps : tuple of CurrentStep
        The rising steps, in order.
    temperature_c : float
        Of the test.
    pressure_mpa : float or None
        Stack pressure as the user states it.
    """

    last_safe: CurrentStep | None
    first_failed: CurrentStep | None
    steps: tuple[CurrentStep, ...]
    temperature_c: float
    pressure_mpa: float | None

    def to_frame(self) -> pd.DataFrame:
        """One row per step."""
        frame = pd.DataFrame([vars(step) for step in self.steps])
        return frame.assign(
            outcome=[str(step.outcome) for step in self.steps],
            temperature_c=self.temperature_c,
            pressure_mpa=np.nan if self.pressure_mpa is None else self.pressure_mpa,
        )


def critical_current(report: SymmetricReport) -> CriticalCurrent | None:
    """Find the critical current density of a symmetric cell cycled in rising steps.

    Parameters
    ----------
    report : SymmetricReport
        The cell; a hard, soft or healed short or the sheet's voltage limit fails a step.

    Returns
    -------
    CriticalCurrent or None
        None if the record holds no two rising steps: then it is no step protocol.
    """
    density = report.half_cycles.current_density_ma_per_cm2
    edges = np.flatnonzero(np.abs(np.diff(np.log(density))) > SAME_CURRENT) + 1
    groups = np.split(np.arange(len(density)), edges)
    levels = np.array([np.median(density[rows]) for rows in groups])
    falling = np.flatnonzero(np.diff(levels) < 0.0)
    rising = groups[: int(falling[0]) + 1] if len(falling) else groups
    if len(rising) < FEWEST_STEPS:
        return None
    steps: list[CurrentStep] = []
    for rows in rising:
        failed = any(step.outcome in (StepOutcome.SHORTED, StepOutcome.POLARISED) for step in steps)
        steps.append(_step(report, rows, StepOutcome.AFTER_FAILURE if failed else _outcome(report, rows)))
    safe = [step for step in steps if step.outcome is StepOutcome.SAFE]
    bad = [step for step in steps if step.outcome in (StepOutcome.SHORTED, StepOutcome.POLARISED)]
    temperature = report.half_cycles.temperature_c
    known = temperature[np.isfinite(temperature)]
    return CriticalCurrent(
        last_safe=safe[-1] if safe else None,
        first_failed=bad[0] if bad else None,
        steps=tuple(steps),
        temperature_c=float(np.mean(known)) if len(known) else report.sheet.temperature_c,
        pressure_mpa=report.sheet.pressure_mpa,
    )


def _outcome(report: SymmetricReport, rows: np.ndarray) -> StepOutcome:
    halves, verdict = report.half_cycles, report.verdict
    shorted = [item.half_cycle - 1 for item in verdict.evidence if item.verdict in FAILING]
    if any(rows[0] <= index <= rows[-1] for index in shorted):
        return StepOutcome.SHORTED
    limit = report.sheet.voltage_limit_v
    if limit is not None and np.any(halves.polarisation_v[rows] > limit):
        return StepOutcome.POLARISED
    length = halves.stop_h[rows] - halves.start_h[rows]
    if len(rows) % 2 or length[-1] < COMPLETE_SHARE * np.median(length):
        return StepOutcome.INCOMPLETE
    return StepOutcome.SAFE


def _step(report: SymmetricReport, rows: np.ndarray, outcome: StepOutcome) -> CurrentStep:
    halves = report.half_cycles
    return CurrentStep(
        current_density_ma_per_cm2=float(np.median(halves.current_density_ma_per_cm2[rows])),
        half_cycles=len(rows),
        half_cycle_h=float(np.median(halves.stop_h[rows] - halves.start_h[rows])),
        capacity_mah_per_cm2=float(np.median(halves.capacity_mah_per_cm2[rows])),
        start_h=float(halves.start_h[rows[0]]),
        polarisation_v=float(np.median(halves.polarisation_v[rows])),
        asr_ohm_cm2=float(np.median(halves.asr_ohm_cm2[rows])),
        outcome=outcome,
    )
