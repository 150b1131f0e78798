"""What each cell of a folder showed: quoted figures, and raw files reduced to the same quantities."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from screening.errors import InputError
from screening.lab.cell_record import Cathode, Kind, Quoted
from screening.lab.cycling.critical_current import critical_current
from screening.lab.cycling.fullcell import FullCellResult, full_cell_cycles
from screening.lab.cycling.halfcycles import half_cycles
from screening.lab.cycling.plateaus import find_plateaus
from screening.lab.cycling.profiles import voltage_profile
from screening.lab.cycling.symmetric import LifeEnd, assess_symmetric
from screening.lab.cycling.table import CyclingData
from screening.lab.experiments import Experiment
from screening.lab.impedance.analysis import ImpedanceAnalysis, analyse
from screening.lab.impedance.completion import Completion
from screening.lab.impedance.series import Course, SeriesReport, Trend
from screening.lab.impedance.short import Verdict
from screening.lab.quantities import QUANTITIES
from screening.lab.readers.cycling import read_cycling
from screening.lab.readers.impedance import read_series

Z_95 = 1.959963984540054
"""Half width of a 95 % interval in standard deviations."""

REACTING = ("tau2", "tau3")
CONTACT = "tau4"
"""Windows of the founding paper that tell whether the layer reacts."""

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
class MeasuredCell:
    """A cell and everything it showed.

    Attributes
    ----------
    experiment : Experiment
    outcomes : dict of str to Outcome
        By quantity.
    remarks : tuple of str
        What the raw files did not yield, and why.
    faults : tuple of InputError
        Of raw files that could not be used at all; remarked upon too.
    """

    experiment: Experiment
    outcomes: dict[str, Outcome]
    remarks: tuple[str, ...] = ()
    faults: tuple[InputError, ...] = ()

    @property
    def name(self) -> str:
        """Name of the cell."""
        return self.experiment.name

    def value(self, quantity: str) -> float | None:
        """Value of a quantity, None where the cell does not tell."""
        outcome = self.outcomes.get(quantity)
        return None if outcome is None else outcome.value

    def joined(
        self,
        outcomes: Sequence[Outcome],
        remarks: Sequence[str] = (),
        faults: Sequence[InputError] = (),
    ) -> "MeasuredCell":
        """The cell with outcomes of its raw files added to those it has.

        Raises
        ------
        InputError
            If it has one of these already: a figure is quoted or computed, never both.
        """
        for outcome in outcomes:
            known = self.outcomes.get(outcome.quantity)
            if known is not None:
                raise InputError(
                    f"quotes {outcome.quantity} = {known.value:g}, and its raw files give {outcome.value:g}",
                    where=str(self.experiment.path),
                    remedy="keep the figure or the files",
                )
        added = {outcome.quantity: outcome for outcome in outcomes}
        return MeasuredCell(
            self.experiment,
            self.outcomes | added,
            (*self.remarks, *remarks),
            (*self.faults, *faults),
        )


def measured_cells(experiments: Sequence[Experiment]) -> tuple[MeasuredCell, ...]:
    """Reduce every cell to its outcomes.

    Raises
    ------
    InputError
        If a cell quotes a figure that its raw files give.
    """
    return tuple(measure_cell(experiment) for experiment in experiments)


def measure_cell(experiment: Experiment) -> MeasuredCell:
    """Outcomes of one cell; raw files that cannot be used are remarked upon.

    Raises
    ------
    InputError
        If a figure is quoted that the raw files give too.
    """
    cell = MeasuredCell(experiment, {q.quantity: _quoted(q) for q in experiment.record.quoted})
    for names, reduce in (
        (experiment.record.files.impedance, _from_impedance),
        (experiment.record.files.cycling, _from_cycling),
    ):
        if names:
            reduced = _reduced(reduce, experiment)
            cell = cell.joined(reduced.outcomes, reduced.remarks, reduced.faults)
    return cell


@dataclass(frozen=True)
class _Reduced:
    outcomes: tuple[Outcome, ...]
    remarks: tuple[str, ...] = ()
    faults: tuple[InputError, ...] = ()


def _reduced(reduce: Callable[[Experiment], _Reduced], experiment: Experiment) -> _Reduced:
    """Outcomes of raw files, or the reason why they give none: a poor record does not hold up the others."""
    try:
        return reduce(experiment)
    except InputError as fault:
        return _Reduced((), (f"raw files give no outcome: {fault}",), (fault,))


def _quoted(quoted: Quoted) -> Outcome:
    return Outcome(quoted.quantity, float(quoted.value), quoted.sd, quoted.at_least, quoted.where)


def _from_impedance(experiment: Experiment) -> _Reduced:
    """Fading, appearing, completion and resistance from a rest series."""
    record, where = experiment.record, f"impedance, {', '.join(experiment.record.files.impedance)}"
    if record.kind is not Kind.REST:
        return _Reduced((), (f"impedance of a cell of kind {record.kind} is not reduced to outcomes",))
    result = analyse(read_series(list(experiment.located("impedance"))))
    if result.report is None:
        return _Reduced((), ("too few spectra, or no times: no course of the processes",))
    found = _courses(result.report, where)
    remarks = []
    if result.short is None or result.short.verdict is Verdict.INDETERMINATE:
        remarks.append("impedance does not tell whether the cell shorted")
    else:
        shorted = result.short.verdict is not Verdict.NONE
        found.append(Outcome("shorts_at_rest", float(shorted), None, False, where))
    found += _resistance(result, result.report.total, where)
    return _Reduced(tuple(found), tuple(remarks))


def _courses(report: SeriesReport, where: str) -> list[Outcome]:
    reacting = [c for c in report.courses if c.window in REACTING and c.trend is not Trend.ABSENT]
    contact = next((c for c in report.courses if c.window == CONTACT), None)
    found = []
    if reacting:
        fades = all(course.trend is Trend.FADES for course in reacting)
        found.append(Outcome("reacting_interface_fades", float(fades), None, False, where))
        if fades and all(course.completion.settled for course in reacting):
            found.append(_last(reacting, where))
    if contact is not None and contact.trend is not Trend.ABSENT:
        appears = contact.trend in (Trend.APPEARS, Trend.GROWS)
        found.append(Outcome("alloy_contact_appears", float(appears), None, False, where))
    return found


def _last(reacting: list[Course], where: str) -> Outcome:
    """Completion of the slower of the reacting processes."""
    ends = [course.completion for course in reacting]
    end = max(ends, key=lambda completion: completion.time_s or 0.0)
    sd = ((end.high_s or 0.0) - (end.low_s or 0.0)) / (2.0 * Z_95) / SECONDS_PER_HOUR
    return Outcome("completion_h", (end.time_s or 0.0) / SECONDS_PER_HOUR, sd or None, False, where)


def _resistance(result: ImpedanceAnalysis, total: Completion, where: str) -> list[Outcome]:
    """Final over first resistance of the cell, with the error that a ratio of independent values has."""
    if not (total.first_ohm > 0.0 and total.final_ohm > 0.0):
        return []
    ratio = total.final_ohm / total.first_ohm
    sd = ratio * float(np.hypot(total.first_sd_ohm / total.first_ohm, total.final_sd_ohm / total.final_ohm))
    return [Outcome("resistance_ratio", ratio, sd, False, where)]


def _from_cycling(experiment: Experiment) -> _Reduced:
    record, where = experiment.record, f"cycling, {', '.join(experiment.record.files.cycling)}"
    sheet = record.cell_sheet(experiment.name)
    data = read_cycling(
        list(experiment.located("cycling")),
        cell=experiment.name,
        area_cm2=sheet.electrode_area_cm2,
        active_mass_mg=sheet.active_material_mg,
    )
    if record.kind is Kind.FULL:
        return _full(full_cell_cycles(data), data, record.cathode, where)
    if record.kind is not Kind.SYMMETRIC:
        return _Reduced((), (f"cycling of a cell of kind {record.kind} is not reduced to outcomes",))
    return _symmetric(data, experiment, where)


def _symmetric(data: CyclingData, experiment: Experiment, where: str) -> _Reduced:
    report = assess_symmetric(data, experiment.record.cell_sheet(experiment.name))
    life = report.life
    found = [Outcome("life_h", life.hours, None, life.end is LifeEnd.RECORD, f"{where} ({life.end})")]
    end_h = life.hours + (float(report.half_cycles.start_h[0]) if len(report.half_cycles) else 0.0)
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
    return _Reduced(tuple(found))


def _full(result: FullCellResult, data: CyclingData, cathode: Cathode | None, where: str) -> _Reduced:
    frame, remarks = result.to_frame(), []
    found = [Outcome("first_efficiency", float(result.coulombic_efficiency[0]), None, False, where)]
    if "discharge_capacity_mah_per_g" in frame:
        first = float(frame["discharge_capacity_mah_per_g"].iloc[0])
        found.append(Outcome("first_discharge_mah_per_g", first, None, False, where))
    if len(result.cycles) >= RETENTION_CYCLE:
        kept = float(result.retention[RETENTION_CYCLE - 1])
        if np.isfinite(kept):
            found.append(Outcome("retention_100_cycles", kept, None, False, where))
    else:
        remarks.append(f"{len(result.cycles)} cycles: no retention over {RETENTION_CYCLE}")
    steady, untold = _steady_cycling(result, frame, where)
    found += steady
    remarks += untold
    halves = half_cycles(data)
    first_charge = int(result.cycles.first_half[0] if halves.sign[0] > 0 else result.cycles.second_half[0])
    profile = voltage_profile(data, halves, first_charge, constant_voltage=False)
    main = find_plateaus(profile).main
    if main is None:
        remarks.append("the first charge shows no plateau")
        return _Reduced(tuple(found), tuple(remarks))
    found.append(Outcome("first_plateau_v", main.voltage_v, None, False, where))
    if cathode is None or cathode.plateau_v is None:
        remarks.append("the cathode's own plateaus are not stated: extra ones cannot be told")
    else:
        # polarisation moves the cell's main plateau away from the cathode's
        expected = (main.voltage_v, cathode.plateau_v, *cathode.other_plateaus_v)
        extra = find_plateaus(profile, expected_v=expected).extra
        found.append(Outcome("extra_plateau", float(bool(extra)), None, False, where))
    return _Reduced(tuple(found), tuple(remarks))


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


def outcomes_frame(cells: Sequence[MeasuredCell]) -> pd.DataFrame:
    """One row per outcome: the cell, its layer and protocol, the quantity, its value and source."""
    columns = (
        *("cell", "origin", "reactor", "wt_percent", "electrolyte", "kind", "protocol", "quantity", "value"),
        *("unit", "standard_deviation", "at_least", "where"),
    )
    rows = [
        (
            *(cell.name, str(record.origin), record.reactor, record.wt_percent, record.electrolyte),
            *(str(record.kind), record.protocol.words, outcome.quantity, outcome.value),
            *(QUANTITIES[outcome.quantity].unit, outcome.sd, outcome.at_least, outcome.where),
        )
        for cell in cells
        for record in (cell.experiment.record,)
        for outcome in cell.outcomes.values()
    ]
    return pd.DataFrame(rows, columns=list(columns))
