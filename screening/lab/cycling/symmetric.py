"""Symmetric cells: overpotential per cycle, stabilisation, plated capacity, life, and the verdict on shorts.

Definitions. In the direction of the current every half-cycle has a polarisation p > 0 (`polarisation`).
With V+ and V- the median voltages of the half-cycles of positive and negative current,

* overpotential of a cycle = (V+ - V-) / 2, offset = (V+ + V-) / 2;
* the resistance times area (ASR) is that of the whole cell; for one interface of a symmetric cell it must
  be halved explicitly;
* plated capacity is what one electrode has received (charge of the half-cycles of positive current); the
  throughput counts both directions.

There is no Coulombic efficiency here: with a fixed capacity each way it is 1 by the protocol, whatever the
lithium does.
"""

from dataclasses import dataclass, fields, replace
from enum import StrEnum

import numpy as np
import pandas as pd

from screening.display import hours
from screening.errors import InputError
from screening.lab.cell import Cell
from screening.lab.cycling.halfcycles import half_cycles
from screening.lab.cycling.polarisation import Polarisation, measure
from screening.lab.cycling.shorts import judge_shorts, opposed_share
from screening.lab.cycling.table import VOLTAGE, CyclingData, Flag, FlagKind
from screening.lab.cycling.verdict import ShortSettings
from screening.lab.short import Short, ShortVerdict

STABLE_CHANGE = 0.05
"""Change from cycle to cycle that counts as stable: a wave of 2 K a day changes 3 % per hour at most."""

STABLE_CYCLES = 5
"""For so many successive cycles the change must stay below it."""

TOLD_GAP_H = 0.05
"""Files that follow each other within minutes leave no gap worth telling."""


@dataclass(frozen=True)
class SymmetricCycles:
    """One value per cycle (two half-cycles); each attribute is an array of shape (n_cycles,).

    Attributes
    ----------
    cycle : int64
        From 1, counted by the current's sign.
    time_h : float64
        End of the cycle, h of total time.
    current_density_ma_per_cm2 : float64
        Mean of the two half-cycles.
    overpotential_v, offset_v : float64
        (V+ - V-) / 2 and (V+ + V-) / 2.
    asr_ohm_cm2 : float64
        Mean of the two half-cycles, whole cell.
    plated_mah_per_cm2 : float64
        Charge of the half-cycle of positive current.
    cumulative_plated_mah_per_cm2, throughput_mah_per_cm2 : float64
        Sums so far: of the above, and of both directions.
    """

    cycle: np.ndarray
    time_h: np.ndarray
    current_density_ma_per_cm2: np.ndarray
    overpotential_v: np.ndarray
    offset_v: np.ndarray
    asr_ohm_cm2: np.ndarray
    plated_mah_per_cm2: np.ndarray
    cumulative_plated_mah_per_cm2: np.ndarray
    throughput_mah_per_cm2: np.ndarray

    def __len__(self) -> int:
        return len(self.cycle)

    def to_frame(self) -> pd.DataFrame:
        """One row per cycle."""
        return pd.DataFrame({item.name: getattr(self, item.name) for item in fields(self)})


class LifeEnd(StrEnum):
    """How a cell's life ended."""

    SHORT = "short circuit"
    POLARISATION = "polarisation above the limit"
    RECORD = "record ends without failure"


@dataclass(frozen=True)
class Life:
    """Life to failure, counted from the first current.

    Attributes
    ----------
    hours : float
        Time to the failure, or to the end of the record (then the life is longer than this), without what
        passed between two files.
    elapsed_h : float
        The same by the clock, with what passed between two files.
    throughput_mah_per_cm2 : float
        Charge passed in both directions by then.
    end : LifeEnd
        What ended it.
    """

    hours: float
    elapsed_h: float
    throughput_mah_per_cm2: float
    end: LifeEnd

    def __str__(self) -> str:
        gaps = self.elapsed_h - self.hours
        told = f" ({hours(gaps)} h without records not counted)" if gaps > TOLD_GAP_H else ""
        return f"{hours(self.hours)} h{told}"


@dataclass(frozen=True, kw_only=True)
class SymmetricReport:
    """Everything about one symmetric cell.

    Attributes
    ----------
    data : CyclingData
        The record as it was read, its area filled in.
    sheet : Cell
        What the user stated.
    half_cycles : Polarisation
        Figures per half-cycle.
    cycles : SymmetricCycles
        Figures per cycle.
    stabilisation_cycle : int or None
        First cycle from which on `STABLE_CYCLES` changes stay below `STABLE_CHANGE`; None if there is none.
    floor_asr_ohm_cm2 : float or None
        The electrolyte's own resistance times area.
    verdict : ShortVerdict
        Is there a short, by the cycling alone?
    settings : ShortSettings
        Thresholds of the verdict.
    life : Life
        How long it lived.
    """

    data: CyclingData
    sheet: Cell
    half_cycles: Polarisation
    cycles: SymmetricCycles
    stabilisation_cycle: int | None
    floor_asr_ohm_cm2: float | None
    verdict: ShortVerdict
    settings: ShortSettings
    life: Life

    @property
    def is_symmetric(self) -> bool:
        """Whether the voltage follows the current, as in a symmetric cell; else no figure means anything."""
        return opposed_share(self.half_cycles) <= self.settings.opposed_share


def pair_cycles(polarisation: Polarisation) -> SymmetricCycles:
    """Join successive half-cycles to cycles; a single last half-cycle belongs to none."""
    count = len(polarisation) // 2
    first, second = slice(0, 2 * count, 2), slice(1, 2 * count, 2)
    begins_positive = polarisation.sign[first] > 0
    level, capacity = polarisation.polarisation_v, polarisation.capacity_mah_per_cm2
    positive = np.where(begins_positive, level[first], level[second])
    negative = -np.where(begins_positive, level[second], level[first])
    plated = np.where(begins_positive, capacity[first], capacity[second])

    def mean(values: np.ndarray) -> np.ndarray:
        return 0.5 * (values[first] + values[second])

    return SymmetricCycles(
        cycle=np.arange(1, count + 1),
        time_h=polarisation.stop_h[second],
        current_density_ma_per_cm2=mean(polarisation.current_density_ma_per_cm2),
        overpotential_v=0.5 * (positive - negative),
        offset_v=0.5 * (positive + negative),
        asr_ohm_cm2=mean(polarisation.asr_ohm_cm2),
        plated_mah_per_cm2=plated,
        cumulative_plated_mah_per_cm2=np.cumsum(plated),
        throughput_mah_per_cm2=np.cumsum(2.0 * mean(capacity)),
    )


def stabilisation_cycle(
    values: np.ndarray, *, change: float = STABLE_CHANGE, cycles: int = STABLE_CYCLES
) -> int | None:
    """First cycle after which the relative change from cycle to cycle stays below a limit.

    Parameters
    ----------
    values : numpy.ndarray, shape (n_cycles,)
        ASR (comparable across currents) or overpotential per cycle.
    change : float
        Largest relative change.
    cycles : int
        For so many successive changes.

    Returns
    -------
    int or None
        Number of the cycle, from 1; None if the record has no such stretch.
    """
    if len(values) <= cycles:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        steady = np.abs(np.diff(values)) < change * np.abs(values[:-1])
    runs = np.lib.stride_tricks.sliding_window_view(steady, cycles).all(axis=1)
    return int(np.argmax(runs)) + 1 if runs.any() else None


def life_to_failure(
    data: CyclingData,
    polarisation: Polarisation,
    verdict: ShortVerdict,
    voltage_limit_v: float | None = None,
) -> Life:
    """Life until a hard or soft short or the polarisation limit, whichever comes first."""
    if not len(polarisation):
        return Life(0.0, 0.0, 0.0, LifeEnd.RECORD)
    begin, end = polarisation.start_h[0], float(polarisation.stop_h[-1])
    candidates = [(end, LifeEnd.RECORD)]
    if verdict.verdict in (Short.HARD, Short.SOFT):
        failures = [item.time_h for item in verdict.evidence if item.verdict in (Short.HARD, Short.SOFT)]
        candidates.append((min(failures), LifeEnd.SHORT))
    if voltage_limit_v is not None:
        above = np.flatnonzero(polarisation.polarisation_v > voltage_limit_v)
        if len(above):
            candidates.append((float(polarisation.start_h[above[0]]), LifeEnd.POLARISATION))
    # at the same moment a named failure comes before the end of the record
    time_h, cause = min(candidates, key=lambda item: (item[0], item[1] is LifeEnd.RECORD))
    passed = np.concatenate([[0.0], np.cumsum(polarisation.capacity_mah_per_cm2)])
    times = np.concatenate([[begin], polarisation.stop_h])
    after = data.breaks[(data.time_s[data.breaks] > begin * 3600.0) & (data.breaks > 0)]
    ends = np.minimum(data.time_s[after] / 3600.0, time_h)
    between = np.maximum(ends - np.maximum(data.time_s[after - 1] / 3600.0, begin), 0.0).sum()
    elapsed = float(time_h - begin)
    return Life(elapsed - float(between), elapsed, float(np.interp(time_h, times, passed)), cause)


def oriented(data: CyclingData) -> CyclingData:
    """Return the record with V in the direction of the current.

    A symmetric cell takes up energy whichever way the current runs. Where a record says the opposite in both
    directions, one of its two signs follows another convention; the voltage is turned and a flag says so.
    """
    voltage, current = data.voltage_v, data.current_a
    if max(float(voltage @ np.clip(current, 0.0, None)), float(voltage @ np.clip(current, None, 0.0))) >= 0.0:
        return data
    turned = replace(data, table=data.table.assign(**{VOLTAGE: -data.voltage_v}))
    message = "the voltage opposes the current throughout: its sign is reversed where the cell is judged"
    return turned.with_flags([Flag(FlagKind.DERIVED, message)])


def assess_symmetric(
    data: CyclingData,
    sheet: Cell | None = None,
    *,
    settings: ShortSettings | None = None,
) -> SymmetricReport:
    """Assess one symmetric cell.

    Parameters
    ----------
    data : CyclingData
        The record.
    sheet : Cell, optional
        Area, separator, limits; an area in `data` serves where the sheet has none.
    settings : ShortSettings, optional
        Thresholds of the verdict; its activation energy and reference temperature default to the sheet's.

    Raises
    ------
    InputError
        If the area is unknown or no current ever flows.
    """
    stated = sheet or Cell()
    data = data.of_cell(label=stated.label or None, area_cm2=stated.electrode_area_cm2)
    record = oriented(data)
    halves = half_cycles(record)
    if not len(halves):
        remedy = "check the current column" if data.is_impedance is None else "give the test's cycling files"
        raise InputError("no current ever flows", where=record.cell, remedy=remedy)
    polarisation = measure(record, halves)
    separator = stated.separator
    if settings is None:
        settings = ShortSettings(reference_c=stated.temperature_c)
        if separator is not None:
            settings = replace(settings, activation_energy_ev=separator.activation_energy_ev)
    floor = None if separator is None else separator.asr_ohm_cm2
    verdict = judge_shorts(polarisation, floor_asr_ohm_cm2=floor, settings=settings)
    cycles = pair_cycles(polarisation)
    return SymmetricReport(
        data=replace(data, flags=record.flags),
        sheet=stated,
        half_cycles=polarisation,
        cycles=cycles,
        stabilisation_cycle=stabilisation_cycle(cycles.asr_ohm_cm2),
        floor_asr_ohm_cm2=floor,
        verdict=verdict,
        settings=settings,
        life=life_to_failure(record, polarisation, verdict, stated.voltage_limit_v),
    )
