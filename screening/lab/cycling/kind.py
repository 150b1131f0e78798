"""What kind of cell a record is of, told by its voltage alone."""

import numpy as np

from screening.lab.cell import Kind
from screening.lab.cycling.table import CyclingData

CARRYING = 0.05
"""Rows with less than this share of the largest current are at rest."""

SHARE = 0.9
"""So many of the rows of either direction must speak for a kind."""

HIGH_OF_A_FULL_CELL_V = 0.5
"""Two unlike electrodes reach more than this; what keeps its sign below it may be a symmetric cell whose
voltage was written without one."""

HIGH = 95.0
"""Percentile of the voltage that counts as reached."""


def kind_of(data: CyclingData) -> Kind | None:
    """Full where the voltage keeps its sign as the current turns, symmetric where it turns too; else None.

    A half cell against lithium keeps its sign, too: two unlike electrodes. A record of one direction only, or
    of neither pattern, tells nothing.
    """
    current, voltage = data.current_a, data.voltage_v
    carrying = np.abs(current) > CARRYING * np.abs(current).max(initial=0.0)
    up, down = voltage[carrying & (current > 0.0)], voltage[carrying & (current < 0.0)]
    if not (len(up) and len(down)):
        return None
    reached = np.percentile(voltage[carrying], HIGH)
    if min(np.mean(up > 0.0), np.mean(down > 0.0)) > SHARE and reached > HIGH_OF_A_FULL_CELL_V:
        return Kind.FULL
    return Kind.SYMMETRIC if min(np.mean(up > 0.0), np.mean(down < 0.0)) > SHARE else None
