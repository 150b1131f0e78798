"""What kind of cell a record is of, told by its voltage alone."""

import numpy as np

from screening.lab.cell import Kind
from screening.lab.cycling.table import CyclingData

CARRYING = 0.05
"""Rows with less than this share of the largest current of their direction are at rest."""

SHARE = 0.9
"""So many of the rows of either direction must speak for a kind."""

HIGH_OF_A_FULL_CELL_V = 0.5
"""Two unlike electrodes reach more than this; what keeps its sign below it may be a symmetric cell whose
voltage was written without one."""

HIGH = 95.0
"""Percentile of the voltage that counts as reached."""

USUAL_OF_A_FULL_CELL_V = 1.5
"""A record of one direction whose median voltage is above this is of two unlike electrodes: a symmetric cell
polarises so far only where it fails, not for half of the record."""


def kind_of(data: CyclingData) -> Kind | None:
    """Full where the voltage keeps its sign as the current turns, symmetric where it turns too; else None.

    A half cell against lithium keeps its sign, too: two unlike electrodes. A record of one direction is of a
    full cell where its voltage is that of one; else, or with neither pattern, it tells nothing.
    """
    voltage = data.voltage_v
    up, down = (
        voltage[part > CARRYING * part.max(initial=0.0)] for part in (data.current_a, -data.current_a)
    )
    if not (len(up) and len(down)):
        carried = np.concatenate([up, down])
        return Kind.FULL if len(carried) and np.median(carried) > USUAL_OF_A_FULL_CELL_V else None
    reached = np.percentile(np.concatenate([up, down]), HIGH)
    if min(np.mean(up > 0.0), np.mean(down > 0.0)) > SHARE and reached > HIGH_OF_A_FULL_CELL_V:
        return Kind.FULL
    return Kind.SYMMETRIC if min(np.mean(up > 0.0), np.mean(down < 0.0)) > SHARE else None
