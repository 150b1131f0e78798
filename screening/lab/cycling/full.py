"""All that is asked of a full cell in one call: its cycles, and the plateaus of its first cycle."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from screening.errors import InputError
from screening.lab.cell import Cell
from screening.lab.cycling.charge_shorts import judge_charges, measure_charges
from screening.lab.cycling.charges import half_cycle_charges
from screening.lab.cycling.fullcell import FullCellResult, full_cell_cycles
from screening.lab.cycling.halfcycles import HalfCycles, half_cycles
from screening.lab.cycling.plateaus import (
    DifferentialCapacity,
    PlateauAnalysis,
    differential_capacity,
    find_plateaus,
)
from screening.lab.cycling.profiles import VoltageProfile, voltage_profile
from screening.lab.cycling.table import CyclingData
from screening.lab.short import ShortVerdict


@dataclass(frozen=True)
class FullCellReport:
    """A full cell, assessed.

    Attributes
    ----------
    data : CyclingData
        The record.
    half_cycles : HalfCycles
        Its half-cycles.
    charge_ah : numpy.ndarray, shape (n_half_cycles,)
        Their charges, from the source that the result names.
    result : FullCellResult
        Its cycles.
    plateaus : tuple of PlateauAnalysis
        Of the first cycle's half-cycles, where their voltage spans enough for plateaus.
    verdict : ShortVerdict
        Is there a short, by the cycling alone?
    """

    data: CyclingData
    half_cycles: HalfCycles
    charge_ah: np.ndarray
    result: FullCellResult
    plateaus: tuple[PlateauAnalysis, ...]
    verdict: ShortVerdict

    @property
    def extra_plateaus(self) -> int:
        """Plateaus of the first cycle that are not expected."""
        return sum(len(analysis.extra) for analysis in self.plateaus)

    @property
    def first_charge(self) -> PlateauAnalysis | None:
        """Plateaus of the first cycle's charge, where its voltage spans enough."""
        return next((analysis for analysis in self.plateaus if analysis.sign > 0), None)

    def plateaus_frame(self) -> pd.DataFrame:
        """One row per plateau of the first cycle; capacity per gram where the active mass is known."""
        columns = ["voltage_v", "capacity_ah", "fraction", "full_width_v", "extra", "half_cycle"]
        parts = [analysis.to_frame().assign(sign=analysis.sign) for analysis in self.plateaus]
        frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[*columns, "sign"])
        if self.data.active_mass_mg is not None:
            per_gram = frame["capacity_ah"].astype(float) * 1e6 / self.data.active_mass_mg
            frame = frame.assign(capacity_mah_per_g=per_gram)
        return frame

    def profiles(self, cycle: int) -> tuple[VoltageProfile, ...]:
        """Voltage against capacity of the half-cycles of a cycle (numbered from 1), in their order.

        Raises
        ------
        InputError
            If there is no such cycle.
        """
        return tuple(self._profile(index, constant_voltage=True) for index in self._halves_of(cycle))

    def differential_capacities(self, cycle: int) -> tuple[DifferentialCapacity, ...]:
        """Binned dQ/dV of the half-cycles of a cycle (numbered from 1) whose voltage spans enough.

        Raises
        ------
        InputError
            If there is no such cycle.
        """
        curves = []
        for index in self._halves_of(cycle):
            try:
                curves.append(differential_capacity(self._profile(index, constant_voltage=False)))
            except InputError:  # too narrow a span has no dQ/dV; the other half-cycle may
                continue
        return tuple(curves)

    def _halves_of(self, cycle: int) -> tuple[int, ...]:
        if not 1 <= cycle <= len(self.result.cycles):
            raise InputError(
                f"no cycle {cycle}", where=self.data.cell, remedy=f"choose 1 to {len(self.result.cycles)}"
            )
        cycles = self.result.cycles
        both = int(cycles.first_half[cycle - 1]), int(cycles.second_half[cycle - 1])
        return tuple(half for half in both if half >= 0)

    def _profile(self, index: int, *, constant_voltage: bool) -> VoltageProfile:
        charge = float(self.charge_ah[index])
        return voltage_profile(
            self.data, self.half_cycles, index, constant_voltage=constant_voltage, charge_ah=charge
        )


def assess_full(
    data: CyclingData,
    sheet: Cell | None = None,
    *,
    expected_plateaus_v: tuple[float, ...] | None = None,
) -> FullCellReport:
    """Assess a full cell.

    Parameters
    ----------
    data : CyclingData
        The record.
    sheet : Cell, optional
        Order of the half-cycles, reference cycle, nominal capacity, the cathode's own plateaus.
    expected_plateaus_v : tuple of float, optional
        Voltages at which plateaus belong; by default those of the sheet's cathode and that of the largest
        plateau, which polarisation moves away from the cathode's.

    Raises
    ------
    InputError
        As `full_cell_cycles`.
    """
    stated = sheet or Cell()
    halves = half_cycles(data)
    nominal = stated.nominal_capacity_mah
    result = full_cell_cycles(
        data,
        halves=halves,
        order=stated.cycle_order,
        reference_cycle=stated.reference_cycle,
        nominal_capacity_ah=None if nominal is None else nominal / 1e3,
    )
    charge_ah = half_cycle_charges(data, halves, result.charge_source).charge_ah
    verdict = judge_charges(measure_charges(data, halves, charge_ah))
    report = FullCellReport(data, halves, charge_ah, result, (), verdict)
    plateaus = []
    for index in report._halves_of(1):
        try:
            profile = report._profile(index, constant_voltage=False)
            found = find_plateaus(profile, expected_v=expected_plateaus_v)
        except InputError:  # too narrow a span has no plateaus; the other half-cycle may
            continue
        if expected_plateaus_v is None and stated.cathode is not None and stated.cathode.plateaus_v:
            found = found.expecting((*found.expected_v, *stated.cathode.plateaus_v))
        plateaus.append(found)
    return replace(report, plateaus=tuple(plateaus))
