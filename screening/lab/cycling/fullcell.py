"""Full cells: capacity, efficiencies, retention, fade and hysteresis, cycle by cycle.

Definitions, for cycle *k* of two half-cycles in the stated order:

* Coulombic efficiency = charge of the second half-cycle over that of the first: Q_dis/Q_ch charge first, and
  Q_ch/Q_dis discharge first (a half-cell whose working electrode is filled first). The order is part of the
  result.
* Energy efficiency = Coulombic efficiency times mean discharge over mean charge voltage, of the same cycle.
* Mean voltage = energy over charge of a half-cycle; hysteresis = mean charge minus mean discharge voltage.
* Retention = discharge capacity over that of the *reference cycle*, for cycles of the same rate; by default
  the reference is the first complete cycle at the rate of most cycles, which leaves formation cycles out.
* C-rate = mean current over nominal capacity, 1/h; the nominal capacity is given, or that of the reference
  cycle.
* Specific capacity is per gram of *active* mass (not of the composite), areal capacity per cm² of electrode.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from screening.errors import InputError
from screening.lab.cycling.charges import ChargeSource, HalfCycleCharges, half_cycle_charges
from screening.lab.cycling.halfcycles import HalfCycles, across_gaps, half_cycles
from screening.lab.cycling.order import CycleOrder, impossible_efficiencies, order_of
from screening.lab.cycling.table import CyclingData, Flag, FlagKind
from screening.lab.cycling.trends import Trend, robust_trend

SAME_RATE = 0.10
"""Discharge currents within this of each other are one rate."""

END_VOLTAGE_V = 0.010
"""A last half-cycle that ends further than this from where its like end was broken off."""


@dataclass(frozen=True)
class FullCellCycles:
    """Cycle by cycle; every attribute is an array of shape (n_cycles,).

    Attributes
    ----------
    number : int64
        From 1, in the order of the result.
    first_half, second_half : int64
        Indices (from 0) into the half-cycles; -1 (and NaN below) for the second of a single half-cycle.
    complete : bool
        Whether the second half-cycle ran to its end.
    time_start_s : float64
        Total time at which the cycle begins.
    charge_ah, discharge_ah : float64
        Capacities.
    charge_energy_wh, discharge_energy_wh : float64
        Energies.
    charge_current_a, discharge_current_a : float64
        Mean current before constant voltage.
    charge_voltage_v, discharge_voltage_v : float64
        Mean voltages (energy over charge).
    """

    number: np.ndarray
    first_half: np.ndarray
    second_half: np.ndarray
    complete: np.ndarray
    time_start_s: np.ndarray
    charge_ah: np.ndarray
    discharge_ah: np.ndarray
    charge_energy_wh: np.ndarray
    discharge_energy_wh: np.ndarray
    charge_current_a: np.ndarray
    discharge_current_a: np.ndarray
    charge_voltage_v: np.ndarray
    discharge_voltage_v: np.ndarray

    def __len__(self) -> int:
        return len(self.number)

    @property
    def single(self) -> str:
        """``charge`` or ``discharge`` where the record is that half-cycle alone; else empty."""
        if self.second_half[0] >= 0:
            return ""
        return "charge" if np.isnan(self.discharge_ah[0]) else "discharge"

    @property
    def shown(self) -> np.ndarray:
        """Complete cycles, or all of them where none is; bool, shape (n_cycles,)."""
        return self.complete | ~self.complete.any()

    @property
    def hysteresis_v(self) -> np.ndarray:
        """Mean charge minus mean discharge voltage, V."""
        return self.charge_voltage_v - self.discharge_voltage_v


@dataclass(frozen=True)
class FullCellResult:
    """What a full cell did.

    Attributes
    ----------
    cell : str
        Label.
    order : CycleOrder
        Which half-cycle comes first, and with it what the Coulombic efficiency means.
    cycles : FullCellCycles
        Cycle by cycle.
    active_mass_mg, area_cm2 : float or None
        As given; None where not.
    nominal_capacity_ah : float
        What the C-rates refer to.
    reference_cycle : int
        Number of the cycle that retention refers to.
    charge_source : ChargeSource
        Whether charges are the current's integral or the cycler's counter.
    unpaired : int
        Half-cycles before the first or after the last pair.
    fade_per_cycle, hysteresis_growth_v_per_cycle : Trend or None
        Slopes over the complete cycles at the reference's rate, from the reference on; None for fewer than
        three. The fade counts in retention (a fraction) and is negative where capacity is lost.
    flags : tuple of Flag
        Those of the record, and what was found here.
    """

    cell: str
    order: CycleOrder
    cycles: FullCellCycles
    active_mass_mg: float | None
    area_cm2: float | None
    nominal_capacity_ah: float
    reference_cycle: int
    charge_source: ChargeSource
    unpaired: int
    fade_per_cycle: Trend | None
    hysteresis_growth_v_per_cycle: Trend | None
    flags: tuple[Flag, ...]

    @property
    def coulombic_efficiency(self) -> np.ndarray:
        """Second over first half-cycle, shape (n_cycles,); a fraction."""
        ratio = self.cycles.discharge_ah / self.cycles.charge_ah
        return ratio if self.order is CycleOrder.CHARGE_FIRST else 1.0 / ratio

    @property
    def energy_efficiency(self) -> np.ndarray:
        """Coulombic efficiency times mean discharge over mean charge voltage, shape (n_cycles,); a fraction.

        Charge first, this is the energy given on discharge over that taken on the charge before it.
        """
        return self.coulombic_efficiency * self.cycles.discharge_voltage_v / self.cycles.charge_voltage_v

    @property
    def same_rate(self) -> np.ndarray:
        """Cycles discharged at the reference cycle's rate, shape (n_cycles,)."""
        current = self.cycles.discharge_current_a
        return _one_rate(current, current[self.reference_cycle - 1])

    @property
    def retention(self) -> np.ndarray:
        """Discharge capacity over the reference's, shape (n_cycles,); NaN at other rates or if not whole."""
        cycles, reference = self.cycles, self.reference_cycle
        whole = (cycles.complete & cycles.complete[reference - 1]) | (cycles.number == reference)
        share = cycles.discharge_ah / cycles.discharge_ah[reference - 1]
        return np.where(self.same_rate & whole, share, np.nan)

    def to_frame(self) -> pd.DataFrame:
        """One row per cycle; specific and areal capacities where mass and area are known."""
        cycles = self.cycles
        frame = pd.DataFrame(
            {
                "cycle": cycles.number,
                "complete": cycles.complete,
                "time_start_h": cycles.time_start_s / 3600.0,
                "charge_capacity_mah": 1e3 * cycles.charge_ah,
                "discharge_capacity_mah": 1e3 * cycles.discharge_ah,
                "coulombic_efficiency": self.coulombic_efficiency,
                "energy_efficiency": self.energy_efficiency,
                "retention": self.retention,
                "mean_charge_voltage_v": cycles.charge_voltage_v,
                "mean_discharge_voltage_v": cycles.discharge_voltage_v,
                "hysteresis_v": cycles.hysteresis_v,
                "charge_c_rate_per_h": cycles.charge_current_a / self.nominal_capacity_ah,
                "discharge_c_rate_per_h": cycles.discharge_current_a / self.nominal_capacity_ah,
                "order": str(self.order),
            }
        )
        for name in ("charge", "discharge"):
            capacity = frame[f"{name}_capacity_mah"]
            if self.active_mass_mg is not None:
                frame[f"{name}_capacity_mah_per_g"] = capacity / (1e-3 * self.active_mass_mg)
            if self.area_cm2 is not None:
                frame[f"{name}_capacity_mah_per_cm2"] = capacity / self.area_cm2
        return frame


def active_mass_mg(composite_mass_mg: float, active_fraction: float) -> float:
    """Mass of active material in a composite electrode.

    Parameters
    ----------
    composite_mass_mg : float
        Mass of the composite, mg.
    active_fraction : float
        Mass fraction of the active material (0.7 for a 7:3 mixture).

    Raises
    ------
    InputError
        If the fraction is not between 0 and 1, or the mass is not positive.
    """
    if not (0.0 < active_fraction <= 1.0 and composite_mass_mg > 0.0):
        raise InputError(
            f"active fraction {active_fraction} of {composite_mass_mg} mg",
            where="cell",
            remedy="give a mass above 0 and a mass fraction above 0 and up to 1 (7:3 is 0.7)",
        )
    return composite_mass_mg * active_fraction


def full_cell_cycles(
    data: CyclingData,
    *,
    halves: HalfCycles | None = None,
    order: CycleOrder | None = None,
    reference_cycle: int | None = None,
    nominal_capacity_ah: float | None = None,
    charge_source: ChargeSource | None = None,
) -> FullCellResult:
    """Pair the half-cycles of a full cell into cycles and measure them.

    Parameters
    ----------
    data : CyclingData
        The record; its area and active mass give areal and specific capacities.
    halves : HalfCycles, optional
        Its half-cycles, where already cut.
    order : CycleOrder, optional
        Which half-cycle begins a cycle; by default as the record begins (`order_of`).
    reference_cycle : int, optional
        Cycle that retention refers to; by default see the module's definitions.
    nominal_capacity_ah : float, optional
        Capacity that C-rates refer to; by default the reference's discharge (or single charge) capacity.
    charge_source : ChargeSource, optional
        Integral or counter; by default the integral, unless the current is written too coarsely for it.

    Raises
    ------
    InputError
        If no current flows, none of several half-cycles pair in this order, the cell discharges at negative
        voltage (a symmetric cell, whose Coulombic efficiency means nothing), or the reference is no
        complete cycle.
    """
    halves = half_cycles(data) if halves is None else halves
    if not len(halves):
        raise InputError("no current flows", where=data.cell, remedy="give the test's cycling files")
    charges = half_cycle_charges(data, halves, charge_source)
    order, told = order_of(halves) if order is None else (order, "")
    cycles = _paired(data, halves, order, charges)
    reference = _reference(cycles, reference_cycle, data.cell)
    capacity = cycles.discharge_ah
    return FullCellResult(
        cell=data.cell,
        order=order,
        cycles=cycles,
        active_mass_mg=data.active_mass_mg,
        area_cm2=data.area_cm2,
        nominal_capacity_ah=_nominal_ah(nominal_capacity_ah, cycles, reference, data.cell),
        reference_cycle=reference,
        charge_source=charges.source,
        unpaired=0 if cycles.single else len(halves) - 2 * len(cycles),
        fade_per_cycle=_trend(cycles, capacity / capacity[reference - 1], reference),
        hysteresis_growth_v_per_cycle=_trend(cycles, cycles.hysteresis_v, reference),
        flags=(*data.flags, *charges.flags, *_broken_off(cycles), *_order_flags(cycles, order, told)),
    )


def _paired(
    data: CyclingData, halves: HalfCycles, order: CycleOrder, charges: HalfCycleCharges
) -> FullCellCycles:
    """Pairs of half-cycles in an order, measured."""
    first = 1 if order is CycleOrder.CHARGE_FIRST else -1
    begins = np.flatnonzero((halves.sign[:-1] == first) & (halves.sign[1:] == -first))
    if len(halves) == 1:  # a capacity, though no efficiency
        first, begins = int(halves.sign[0]), np.zeros(1, dtype=np.int64)
    if not len(begins):
        raise InputError(
            f"no {order} pair among {len(halves)} half-cycles",
            where=data.cell,
            remedy="try the other order, or a longer record",
        )
    cycles = _cycles(data, halves, charges.charge_ah, begins, first)
    if np.median(cycles.discharge_voltage_v) < 0:
        raise InputError(
            "the cell discharges at negative voltage, as symmetric cells do",
            where=data.cell,
            remedy="analyse it as a symmetric cell (its Coulombic efficiency means nothing)",
        )
    return cycles


def _nominal_ah(given: float | None, cycles: FullCellCycles, reference: int, where: str) -> float:
    capacity = cycles.charge_ah if cycles.single == "charge" else cycles.discharge_ah
    nominal = float(capacity[reference - 1]) if given is None else given
    if not nominal > 0:
        raise InputError(f"nominal capacity of {nominal} Ah", where=where, remedy="give a positive capacity")
    return nominal


def _order_flags(cycles: FullCellCycles, order: CycleOrder, told: str) -> list[Flag]:
    ratio = cycles.discharge_ah / cycles.charge_ah
    efficiency = np.where(cycles.shown, ratio if order is CycleOrder.CHARGE_FIRST else 1.0 / ratio, np.nan)
    energy = efficiency * cycles.discharge_voltage_v / cycles.charge_voltage_v
    remarks = (
        told,
        impossible_efficiencies(cycles.number, efficiency)
        or impossible_efficiencies(cycles.number, energy, "Energy"),
    )
    return [Flag(FlagKind.ORDER, remark) for remark in remarks if remark]


def _broken_off(cycles: FullCellCycles) -> list[Flag]:
    if cycles.single:
        words = f"a single {cycles.single}: its capacity, and no efficiency, which needs two half-cycles"
        return [Flag(FlagKind.INCOMPLETE, words)]
    told = (f"cycle {number} is not whole; kept out of trends" for number in cycles.number[~cycles.complete])
    return [Flag(FlagKind.INCOMPLETE, words) for words in told]


def _cycles(
    data: CyclingData, halves: HalfCycles, charge_ah: np.ndarray, begins: np.ndarray, first: int
) -> FullCellCycles:
    seconds = begins + 1 if len(halves) > 1 else np.full(1, -1)
    up, down = (begins, seconds) if first > 0 else (seconds, begins)
    # the same number as the mean current where the charge is its integral, and right where it is not
    current = halves.current_a * charge_ah / halves.charge_ah
    charge_ah, current, voltage = (
        np.append(each, np.nan) for each in (charge_ah, current, halves.voltage_mean_v)
    )
    energy = voltage * charge_ah
    complete = np.full(len(begins), len(halves) > 1)
    cut = across_gaps(data, halves)
    if seconds[-1] == len(halves) - 1:
        complete[-1] &= _ran_to_its_end(data, halves)
    complete &= ~np.isin(begins, cut) & ~np.isin(seconds, cut)
    return FullCellCycles(
        number=np.arange(1, len(begins) + 1),
        first_half=begins,
        second_half=seconds,
        complete=complete,
        time_start_s=halves.time_start_s[begins],
        charge_ah=charge_ah[up],
        discharge_ah=charge_ah[down],
        charge_energy_wh=energy[up],
        discharge_energy_wh=energy[down],
        charge_current_a=current[up],
        discharge_current_a=current[down],
        charge_voltage_v=voltage[up],
        discharge_voltage_v=voltage[down],
    )


def _ran_to_its_end(data: CyclingData, halves: HalfCycles) -> bool:
    """Whether the last half-cycle ended like the others of its sign (but before gaps), or at rest."""
    alike = (halves.sign[:-1] == halves.sign[-1]) & ~np.isin(halves.stop[:-1], data.gaps)
    if alike.any():
        usual = float(np.median(halves.voltage_last_v[:-1][alike]))
        return abs(float(halves.voltage_last_v[-1]) - usual) <= END_VOLTAGE_V
    return int(halves.stop[-1]) < len(data)


def _one_rate(current_a: np.ndarray, reference_a: float) -> np.ndarray:
    return np.abs(current_a / reference_a - 1.0) <= SAME_RATE


def _reference(cycles: FullCellCycles, wanted: int | None, where: str) -> int:
    """Number of the reference cycle."""
    if wanted is not None:
        if not 1 <= wanted <= len(cycles) or not cycles.complete[wanted - 1]:
            raise InputError(
                f"reference cycle {wanted} is not among the {int(cycles.complete.sum())} complete cycles",
                where=where,
                remedy="choose one of them",
            )
        return wanted
    usable = np.flatnonzero(cycles.shown)
    current = cycles.discharge_current_a
    # in logarithms, so that a window of fixed width holds one rate
    log_current = np.log(np.maximum(current[usable], np.finfo(float).tiny))
    ordered = np.sort(log_current)
    members = np.searchsorted(ordered, log_current + np.log1p(SAME_RATE), "right") - np.searchsorted(
        ordered, log_current + np.log1p(-SAME_RATE), "left"
    )
    main = current[usable[int(np.argmax(members))]]
    return int(usable[np.argmax(_one_rate(current[usable], main))]) + 1


def _trend(cycles: FullCellCycles, values: np.ndarray, reference: int) -> Trend | None:
    """Slope from the reference cycle on, over complete cycles at its rate."""
    current = cycles.discharge_current_a
    chosen = cycles.complete & _one_rate(current, current[reference - 1]) & (cycles.number >= reference)
    return robust_trend(cycles.number[chosen], values[chosen])
