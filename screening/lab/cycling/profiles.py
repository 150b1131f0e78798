"""Voltage against capacity of one half-cycle."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from screening.lab.cycling.halfcycles import HalfCycles, half_cycle_rows
from screening.lab.cycling.table import CyclingData


@dataclass(frozen=True)
class VoltageProfile:
    """One half-cycle's course.

    Attributes
    ----------
    capacity_ah : numpy.ndarray, shape (n_rows,)
        Charge passed since the half-cycle began, at each row.
    voltage_v : numpy.ndarray, shape (n_rows,)
        Voltage at each row.
    sign : int
        +1 charge, -1 discharge.
    half_cycle : int
        Number of the half-cycle in the record, from 1.
    """

    capacity_ah: np.ndarray
    voltage_v: np.ndarray
    sign: int
    half_cycle: int

    def to_frame(self) -> pd.DataFrame:
        """Capacity and voltage as a table."""
        return pd.DataFrame({"capacity_ah": self.capacity_ah, "voltage_v": self.voltage_v})


def voltage_profile(
    data: CyclingData,
    halves: HalfCycles,
    index: int,
    *,
    constant_voltage: bool = True,
    charge_ah: float | None = None,
) -> VoltageProfile:
    """Voltage against capacity of one half-cycle; rows at rest and impedance points left out.

    Parameters
    ----------
    data : CyclingData
        The record.
    halves : HalfCycles
        Its half-cycles.
    index : int
        Which, from 0.
    constant_voltage : bool
        Whether the closing constant-voltage part is included.
    charge_ah : float, optional
        Charge of the whole half-cycle to scale the capacity to, where the current's own integral is too
        coarse.
    """
    rows = half_cycle_rows(data, halves, index)
    passed = np.cumsum(rows.charge_c)
    unit = 3600.0 if charge_ah is None or not passed[-1] > 0 else passed[-1] / charge_ah
    capacity = (passed - rows.after_c) / unit  # what passes after a row has another voltage
    keep = slice(None) if constant_voltage else rows.row < halves.cv_start[index]
    voltage = data.voltage_v[rows.row]
    return VoltageProfile(capacity[keep], voltage[keep], int(halves.sign[index]), index + 1)
