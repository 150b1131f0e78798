"""A whole cell, layer by layer; a solid solution against x."""

from collections.abc import Sequence
from functools import partial
from typing import Unpack

from screening.api.interfaces import Source, source_snapshot
from screening.reactors.uncertainty import error_bars
from screening.thermo.reservoir import window as read_window
from screening.thermo.series import DEFAULT_STEPS, ROOM_K, Series, parse_template, scan
from screening.thermo.stack import Stack, parse_stack
from screening.thermo.stack import stack as stack_of


def stack(
    layers: str | Sequence[str],
    window: str | tuple[float, float],
    *,
    element: str = "Li",
    **source: Unpack[Source],
) -> Stack:
    """What every contact of a cell does: closed, charged, and open to the working ion over a window.

    Parameters
    ----------
    layers : str or sequence of str
        From the anode to the cathode, ``"Li | Li6PS5Cl | LiCoO2@70wt+Li3InCl6@30wt"``.
    window : str or (float, float)
        Voltages of the cathode against the metal of the ion (Li/Li+), whatever the anode is, ``"2.6-4.2"``.
    element : str
        The working ion.
    **source
        As of `react`.

    Raises
    ------
    InputError
        If a layer or the window cannot be read, or a compound is lacking.

    Examples
    --------
    >>> stack("Li | Li6PS5Cl | LiCoO2", "2.6-4.2").worst.what_forms
    'Li6PS5Cl alone: 2 SCl + P2S7 + S + 12 Li; both: 3 CoS2 + 2 CoSO4 + 2 SCl + Co3(PO4)2 + 20 Li'
    """
    parsed, volts = parse_stack(layers), read_window(window)
    held, at_hull = source_snapshot(**source), source.get("at_hull", False)
    bars = error_bars(held, element)
    return stack_of(held, parsed, (volts[0], volts[-1]), element, at_hull=at_hull, error_bars=bars)


def series(
    composition: str,
    *,
    x: tuple[float, float] = (0.0, 1.0),
    steps: int = DEFAULT_STEPS,
    mixing_k: float = ROOM_K,
    **source: Unpack[Source],
) -> Series:
    """Windows and energies of a composition with a variable, on the hull between what is known.

    Parameters
    ----------
    composition : str
        As ``"Li{3-x}Y{1-x}Zr{x}Cl6"``.
    x : (float, float)
        Ends of the scan.
    steps : int
        Compositions.
    mixing_k : float
        Temperature of the ideal entropy of mixing; 0 leaves it out.
    **source
        As of `react`.

    Raises
    ------
    InputError
        If the composition or the scan makes no sense.

    Examples
    --------
    >>> [round(p.titration.strict.low_v, 2) for p in series("Li{3-x}Y{1-x}Zr{x}Cl6", steps=2).points]
    [0.66, 1.72]
    """
    template = parse_template(composition)
    held, bars = source_snapshot(**source), partial(error_bars, ion="Li")
    return scan(held, template, low=x[0], high=x[1], steps=steps, mixing_k=mixing_k, error_bars=bars)
