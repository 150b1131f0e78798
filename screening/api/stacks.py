"""A whole cell, layer by layer."""

from collections.abc import Sequence
from pathlib import Path

from screening.phases.corrections import Energies
from screening.phases.library import EMBEDDED
from screening.phases.snapshot import Snapshot
from screening.phases.sources import load_snapshot
from screening.thermo.reservoir import window as read_window
from screening.thermo.stack import Stack, parse_stack
from screening.thermo.stack import stack as stack_of


def stack(
    layers: str | Sequence[str],
    window: str | tuple[float, float],
    *,
    element: str = "Li",
    snapshot: str | Path | Snapshot = EMBEDDED,
    phases: str | Path | None = None,
    temperature_k: float | None = None,
    energies: str = Energies.CORRECTED,
    at_hull: bool = False,
) -> Stack:
    """What every contact of a cell does: closed, charged, and open to the working ion over a window.

    Parameters
    ----------
    layers : str or sequence of str
        From the anode to the cathode, ``"Li | Li6PS5Cl | LiCoO2@70wt+Li3InCl6@30wt"``.
    window : str or (float, float)
        Voltages of the cell, ``"2.6-4.2"``.
    element : str
        The working ion.
    snapshot, phases, temperature_k, energies, at_hull
        As of `react`.

    Returns
    -------
    Stack

    Raises
    ------
    InputError
        If a layer or the window cannot be read, or a compound is lacking.

    Examples
    --------
    >>> stack("Li | Li6PS5Cl | LiCoO2", "2.6-4.2").worst.what_forms
    'Li6PS5Cl alone: 2 SCl + P2S7 + S + 12 Li'
    """
    parsed, volts = parse_stack(layers), read_window(window)
    held = load_snapshot(snapshot, phases, temperature_k, energies)
    return stack_of(held, parsed, (volts[0], volts[-1]), element, at_hull=at_hull)
