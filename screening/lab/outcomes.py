"""Quantities of a cell: what its sheet quotes, and what analyses of its raw files are reduced to."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from screening.lab.cycling.critical_current import critical_current
from screening.lab.cycling.full import FullCellReport
from screening.lab.cycling.fullcell import FullCellResult
from screening.lab.cycling.plating import PlatingReport
from screening.lab.cycling.symmetric import LifeEnd, SymmetricReport
from screening.lab.diffraction.identify import Identification, PhaseFinding, Presence
from screening.lab.impedance.analysis import ImpedanceAnalysis
from screening.lab.impedance.completion import Completion
from screening.lab.impedance.series import Course, SeriesReport, Trend
from screening.lab.impedance.windows import Role
from screening.lab.quantities import Quoted
from screening.lab.short import Short

Z_95 = 1.959963984540054
"""Half width of a 95 % interval in standard deviations."""

STEADY_SHARE = 0.5
"""Overpotential and resistance of a symmetric cell are medians over this last share of its healthy cycles."""

RETENTION_CYCLE = 100

FAILED_RETENTION = 0.80
"""A full cell has failed once it gives less than this share of its reference capacity."""

FEWEST_STEADY = 3
"""Cycles after formation that a steady efficiency and capacity are medians of, at least."""

SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True)
class Outcome:
    """One quantity of one cell.

    Attributes
    ----------
    quantity : str
        One of `quantities.QUANTITIES`.
    value : float
        1 is yes, 0 no.
    sd : float or None
        Standard deviation; None where it is not known.
    at_least : bool
        Whether the true value is this or larger.
    where : str
        Where the figure stands, or how it was computed from which files.
    """

    quantity: str
    value: float
    sd: float | None
    at_least: bool
    where: str


@dataclass(frozen=True)
class Reduced:
    """What one kind of measurement yields.

    Attributes
    ----------
    outcomes : tuple of Outcome
    remarks : tuple of str
        What it does not yield, and why.
    """

    outcomes: tuple[Outcome, ...]
    remarks: tuple[str, ...] = ()


def quoted_outcome(quoted: Quoted) -> Outcome:
    """A figure that the sheet quotes."""
    return Outcome(quoted.quantity, float(quoted.value), quoted.sd, quoted.at_least, quoted.where)


def rest_outcomes(result: ImpedanceAnalysis, where: str) -> Reduced:
    """Fading, appearing, completion, resistance and short of a series of spectra at rest."""
    found, remarks = [], []
    if result.short is None or result.short.verdict is Short.INDETERMINATE:
        remarks.append("impedance does not show whether the cell shorted")
    else:
        shorted, bound = float(result.short.verdict.is_alarm), result.short.bound
        told = f"{where} (leak {bound})" if bound else where
        found.append(Outcome("shorts_at_rest", shorted, None, False, told))
    if result.report is None:
        remarks.append("too few spectra (before a leak, if any), or no times: no course of the processes")
        return Reduced(tuple(found), tuple(remarks))
    found += _courses(result.report, where)
    if result.report.total_trend is Trend.OPEN:
        remarks.append("the total is not closed at low frequency: no resistance ratio")
    else:
        found += _resistance(result.report.total, where)
    return Reduced(tuple(found), tuple(remarks))


def _courses(report: SeriesReport, where: str) -> list[Outcome]:
    reacting, found = report.of_role(Role.REACTION), []
    if reacting:
        fades = all(course.trend is Trend.FADES for course in reacting)
        found.append(Outcome("reacting_interface_fades", float(fades), None, False, where))
        if fades and all(course.completion.settled for course in reacting):
            found.append(_last(reacting, where))
    contact = report.of_role(Role.CONTACT)
    if contact:
        appears = any(course.trend in (Trend.APPEARS, Trend.GROWS) for course in contact)
        found.append(Outcome("alloy_contact_appears", float(appears), None, False, where))
    return found


def _last(reacting: Sequence[Course], where: str) -> Outcome:
    """Completion of the slower of the reacting processes."""
    ends = [course.completion for course in reacting]
    end = max(ends, key=lambda completion: completion.time_s or 0.0)
    sd = ((end.high_s or 0.0) - (end.low_s or 0.0)) / (2.0 * Z_95) / SECONDS_PER_HOUR
    return Outcome("completion_h", (end.time_s or 0.0) / SECONDS_PER_HOUR, sd or None, False, where)


def _resistance(total: Completion, where: str) -> list[Outcome]:
    """Final over first resistance of the cell, with the error that a ratio of independent values has."""
    if not (total.first_ohm > 0.0 and total.final_ohm > 0.0):
        return []
    ratio = total.final_ohm / total.first_ohm
    sd = ratio * float(np.hypot(total.first_sd_ohm / total.first_ohm, total.final_sd_ohm / total.final_ohm))
    return [Outcome("resistance_ratio", ratio, sd, False, where)]


def symmetric_outcomes(report: SymmetricReport, short: Short, where: str) -> Reduced:
    """Life, overpotential, resistance, stabilisation and critical current of a symmetric cell.

    `short` is the verdict of all measurements: where impedance alone shows a short, cycling does not say when
    it began, and there is no life.
    """
    life, found, remarks = report.life, [], []
    if life.end is LifeEnd.RECORD and short in (Short.HARD, Short.SOFT):
        remarks.append("impedance shows a short circuit that cycling does not date: no life")
    else:
        words = f"{where} ({life.end})"
        found.append(Outcome("life_h", life.hours, None, life.end is LifeEnd.RECORD, words))
    end_h = life.elapsed_h + (float(report.half_cycles.start_h[0]) if len(report.half_cycles) else 0.0)
    healthy = np.flatnonzero(report.cycles.time_h <= end_h)
    steady = healthy[int(len(healthy) * (1.0 - STEADY_SHARE)) :]
    if len(steady):
        overpotential = float(np.median(report.cycles.overpotential_v[steady]))
        asr = float(np.median(report.cycles.asr_ohm_cm2[steady]))
        found += [
            Outcome("overpotential_mv", 1e3 * overpotential, None, False, where),
            Outcome("asr_ohm_cm2", asr, None, False, where),
        ]
    if report.stabilisation_cycle is not None:
        number = float(report.stabilisation_cycle)
        found.append(Outcome("stabilisation_cycles", number, None, False, where))
    steps = critical_current(report)
    if steps is not None and steps.last_safe is not None:
        density = float(steps.last_safe.current_density_ma_per_cm2)
        found.append(Outcome("critical_current_ma_per_cm2", density, None, steps.first_failed is None, where))
    return Reduced(tuple(found), tuple(remarks))


def plating_outcomes(report: PlatingReport, where: str) -> Reduced:
    """Plating efficiency by either definition."""
    outcomes = [
        Outcome(name, value, None, False, where)
        for name, value in (
            ("plating_efficiency", report.plain_efficiency),
            ("plating_efficiency_aurbach", report.aurbach_efficiency),
        )
        if value is not None
    ]
    return Reduced(tuple(outcomes), () if outcomes else ("a single block: no plating efficiency",))


def full_outcomes(report: FullCellReport, cathode_known: bool, where: str) -> Reduced:
    """Efficiency, capacity, retention, life and plateaus of a full cell."""
    result, frame, remarks = report.result, report.result.to_frame(), []
    firsts = {"first_efficiency": "coulombic_efficiency"}
    if "discharge_capacity_mah_per_g" in frame:
        firsts["first_discharge_mah_per_g"] = "discharge_capacity_mah_per_g"
    first = {name: float(frame[column].iloc[0]) for name, column in firsts.items()}
    # a single half-cycle has no efficiency, and a charge no discharge
    found = [Outcome(name, value, None, False, where) for name, value in first.items() if np.isfinite(value)]
    if len(result.cycles) >= RETENTION_CYCLE:
        kept = float(result.retention[RETENTION_CYCLE - 1])
        if np.isfinite(kept):
            found.append(Outcome("retention_100_cycles", kept, None, False, where))
    else:
        remarks.append(f"{len(result.cycles)} cycles: no retention over {RETENTION_CYCLE}")
    steady, missing = _steady_cycling(result, frame, where)
    found += steady
    remarks += missing
    charge = report.first_charge
    if charge is None or charge.main is None:
        remarks.append("the first charge shows no plateau")
        return Reduced(tuple(found), tuple(remarks))
    found.append(Outcome("first_plateau_v", charge.main.voltage_v, None, False, where))
    if cathode_known:
        found.append(Outcome("extra_plateau", float(bool(charge.extra)), None, False, where))
    else:
        remarks.append("the cathode's own plateaus are not stated: extra ones cannot be identified")
    return Reduced(tuple(found), tuple(remarks))


def _steady_cycling(
    result: FullCellResult, frame: pd.DataFrame, where: str
) -> tuple[list[Outcome], list[str]]:
    """Life of a full cell, and its efficiency and capacity between formation and failure.

    Cycles at the reference's rate count, from the reference on; the first cycle of the record never does. One
    cycle below the limit between others above it is a disturbance, no failure.
    """
    cycles = result.cycles
    usable = cycles.complete & result.same_rate & (cycles.number >= result.reference_cycle)
    number, low = cycles.number[usable], result.retention[usable] < FAILED_RETENTION
    fails = np.flatnonzero(low & np.append(low[1:], True))
    found, last = [], int(number[-1]) if len(number) else 0
    if len(fails) and len(number):
        last = int(number[fails[0]]) - 1
    if len(number):
        words = f"{where} ({'below' if len(fails) else 'never below'} {FAILED_RETENTION:.0%} of cycle "
        words += f"{result.reference_cycle})"
        found.append(Outcome("life_cycles", float(last), None, not len(fails), words))
    steady = np.flatnonzero(usable & (cycles.number > 1) & (cycles.number <= last))
    if len(steady) < FEWEST_STEADY:
        return found, [f"{len(steady)} cycles after formation: no steady efficiency or capacity"]
    efficiency = float(np.median(result.coulombic_efficiency[steady]))
    medians = f"{where} (median of {len(steady)} cycles after formation)"
    found.append(Outcome("coulombic_efficiency", efficiency, None, False, medians))
    if "discharge_capacity_mah_per_g" in frame:
        capacity = float(np.median(frame["discharge_capacity_mah_per_g"].to_numpy()[steady]))
        found.append(Outcome("discharge_mah_per_g", capacity, None, False, medians))
    return found, []


def pattern_outcomes(found: Identification, sought: dict[str, tuple[str, ...]]) -> Reduced:
    """Which phases a powder pattern shows.

    Parameters
    ----------
    found : Identification
    sought : dict of str to tuple of str
        Formulas by the quantity that they answer: ``reactor_lines_gone``, ``salt_lines_present`` or
        ``alloy_lines_present``.
    """
    outcomes, remarks = [], []
    for quantity, names in sought.items():
        findings = [each for each in found.phases if each.name in names]
        answer = _present(findings)
        words = "; ".join(f"{each.name} {each.presence} ({each.reason})" for each in findings)
        if answer is not None:
            value = float(answer != (quantity == "reactor_lines_gone"))
            where = f"diffraction, {found.fit.pattern.name}: {words}"
            outcomes.append(Outcome(quantity, value, None, False, where))
        elif names:
            words = words or f"no structure of {', '.join(names)} at hand"
            remarks.append(f"diffraction does not show {quantity.replace('_', ' ')}: {words}")
    return Reduced(tuple(outcomes), tuple(remarks))


def _present(findings: Sequence[PhaseFinding]) -> bool | None:
    """Whether any of these is there; None where that is open."""
    if any(each.presence is Presence.SEEN for each in findings):
        return True
    if findings and all(each.presence is Presence.ABSENT for each in findings):
        return False
    return None
