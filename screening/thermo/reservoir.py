"""Reservoirs: the chemical potential of one element that a contact exchanges with its surroundings."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np

from screening.errors import InputError, quoted
from screening.phases.composition import atomic_number, parse_formula, symbol
from screening.thermo.lithiation import cation_charge
from screening.thermo.titration import HIGHEST_V
from screening.units import BOLTZMANN_EV_PER_K

LOWEST_MU_EV = -15.0
"""No compound of the data binds an element more strongly."""

MOST_BAR, LEAST_BAR = 1e4, 1e-40

GASES = ("H", "N", "O", "F", "Cl")
"""Elements that are diatomic gases at their standard state."""

STEPS_OF_A_RANGE = 41
"""Voltages of a range such as 2.6-4.2."""

_RANGE = re.compile(r"\s*([0-9.]+)\s*(?:-|–|to|\.\.)\s*([0-9.]+)\s*V?\s*")

_BETWEEN = re.compile(r"\s*[,;]\s*|\s+(?!V)")
"""What stands between voltages: a comma, a semicolon or a blank."""

_DECIMAL_COMMA = re.compile(r"\d+,\d+V?")
"""Two whole numbers, or one number with a decimal comma: which, nobody can tell."""


@dataclass(frozen=True, kw_only=True)
class Reservoir:
    """One open element.

    Attributes
    ----------
    element : str
    mu_ev : float
        Chemical potential per atom against the pure element.
    text : str
        As it was named: ``4.2 V vs Li``, ``mu(Co) = -1 eV``, ``O2 at 0.2 bar and 300 K``.
    voltage_v : float or None
        Where it was given as a voltage.
    """

    element: str
    mu_ev: float
    text: str
    voltage_v: float | None = None

    @property
    def number(self) -> int:
        """Atomic number of the element."""
        return atomic_number(self.element)

    @classmethod
    def at_voltage(cls, voltage_v: float, element: str = "Li") -> "Reservoir":
        """A working ion at a voltage against its metal.

        Raises
        ------
        InputError
            If the voltage is out of range, or the element is no metal with a cation.
        """
        if not 0.0 <= voltage_v <= HIGHEST_V:
            raise InputError(
                f"{voltage_v:g} V is out of range", where="--voltage", remedy=f"give 0 to {HIGHEST_V:g} V"
            )
        mu = -cation_charge(element) * float(voltage_v)
        return cls(
            element=element, mu_ev=mu, text=f"{voltage_v:g} V vs {element}", voltage_v=float(voltage_v)
        )

    @classmethod
    def at_potential(cls, element: str, mu_ev: float) -> "Reservoir":
        """An element at a chemical potential against its pure form.

        Raises
        ------
        InputError
            If it is out of range: above 0 the pure element forms.
        """
        z = atomic_number(element, where="--mu")
        if not LOWEST_MU_EV <= mu_ev <= 0.0:
            raise InputError(
                f"mu({symbol(z)}) = {mu_ev:g} eV is out of range",
                where="--mu",
                remedy=f"give {LOWEST_MU_EV:g} to 0 eV, against the pure element",
            )
        return cls(element=symbol(z), mu_ev=float(mu_ev), text=f"mu({symbol(z)}) = {mu_ev:g} eV")

    @classmethod
    def of_gas(cls, gas: str, pressure_bar: float, temperature_k: float) -> "Reservoir":
        """An elemental gas, ideal, at a pressure: half of kT ln(p/bar) per atom at that temperature.

        Raises
        ------
        InputError
            If it is no gas of one element, or the pressure is out of range.
        """
        formula = parse_formula(gas)
        element = symbol(formula.atomic_numbers[0])
        if len(formula.amounts) > 1 or element not in GASES or formula.n_atoms not in (1.0, 2.0):
            raise InputError(
                f"{gas} is no gas of one element", where="--open", remedy="give H2, N2, O2, F2 or Cl2"
            )
        if not LEAST_BAR <= pressure_bar <= MOST_BAR:
            raise InputError(
                f"{pressure_bar:g} bar is out of range", where="--pressure", remedy="give 1e-40 to 1e4 bar"
            )
        mu = BOLTZMANN_EV_PER_K * temperature_k * log(pressure_bar) / 2.0
        return cls(
            element=element, mu_ev=mu, text=f"{element}2 at {pressure_bar:g} bar and {temperature_k:g} K"
        )


def reservoirs(
    *,
    voltage: float | str | Iterable[float] | None = None,
    mu: str | Mapping[str, float] | None = None,
    open_to: str | None = None,
    pressure_bar: float | None = None,
    temperature_k: float | None = None,
    element: str = "Li",
) -> tuple[Reservoir, ...]:
    """The reservoirs of one element that these words name; none where nothing is open.

    Parameters
    ----------
    voltage : float, str or several floats, optional
        ``4.2``, ``"2.6, 4.2"`` or a range, ``"2.6-4.2"``.
    mu : str or mapping, optional
        One element with its chemical potential, ``"Co=-1"`` or ``{"Co": -1.0}``.
    open_to : str, optional
        An elemental gas; needs a pressure and a temperature.
    pressure_bar, temperature_k : float, optional
    element : str
        What voltages are against.

    Raises
    ------
    InputError
        If more than one element is open, or something is out of range or missing.
    """
    named = [
        name for name, given in (("voltage", voltage), ("mu", mu), ("open", open_to)) if given is not None
    ]
    potentials = None if mu is None else _potentials(mu)
    if len(named) > 1 or (potentials is not None and len(potentials) != 1):
        several = f"{len(potentials or ())} elements"
        what = " and ".join(f"--{name}" for name in named) if len(named) > 1 else several
        raise InputError(f"{what} given", where="open elements", remedy="one element can be open: name one")
    if pressure_bar is not None and open_to is None:
        raise InputError("a pressure of no gas", where="--pressure", remedy="name the gas, as --open O2")
    if voltage is None and element != "Li":
        raise InputError(
            f"{element} is what voltages are against, and none is given",
            where="--element",
            remedy="give --voltage, or leave it out",
        )
    if voltage is not None:
        return tuple(Reservoir.at_voltage(each, element) for each in voltages(voltage))
    if potentials is not None:
        return tuple(Reservoir.at_potential(name, value) for name, value in potentials.items())
    if open_to is None:
        return ()
    if pressure_bar is None or temperature_k is None:
        raise InputError(
            f"{open_to} needs a pressure and a temperature",
            where="--open",
            remedy="add --pressure 0.2 --temperature 300, or give --mu of the element",
        )
    return (Reservoir.of_gas(open_to, pressure_bar, temperature_k),)


def _potentials(given: Any) -> dict[str, float]:
    """Chemical potentials by element, of a mapping or as ``Co=-1`` writes them."""
    try:
        if isinstance(given, str):
            pairs = [(name, value) for name, _, value in (each.partition("=") for each in given.split(","))]
        else:
            pairs = [*given.items()]
        return {str(name).strip(): float(value) for name, value in pairs}
    except (AttributeError, TypeError, ValueError):
        raise InputError(
            quoted(str(given)), where="--mu", remedy='write it as Co=-1, in eV (Python: {"Co": -1.0})'
        ) from None


def voltages(given: float | str | Iterable[float]) -> tuple[float, ...]:
    """One voltage, several, or `STEPS_OF_A_RANGE` of a range.

    Examples
    --------
    >>> voltages("2.6, 4.2"), len(voltages("2.6-4.2"))
    ((2.6, 4.2), 41)
    """
    if isinstance(given, str):
        return _read_voltages(given)
    try:
        every = tuple(float(v) for v in ([given] if isinstance(given, int | float) else given))
    except (TypeError, ValueError):
        raise InputError(
            f"{quoted(str(given))} are no voltages", where="--voltage", remedy="give numbers, as [2.6, 4.2]"
        ) from None
    if not every or len(set(every)) < len(every):
        raise InputError(f"voltages {every}", where="--voltage", remedy="give each once, and at least one")
    return every


def _read_voltages(text: str) -> tuple[float, ...]:
    if _RANGE.fullmatch(text):
        return window(text)
    try:
        if any(_DECIMAL_COMMA.fullmatch(part) for part in re.split(r"[;\s]+", text)):
            raise ValueError("one voltage or two")
        return voltages([float(each.strip().removesuffix("V")) for each in _BETWEEN.split(text.strip())])
    except ValueError:
        raise InputError(
            f"{quoted(text)} is no voltage, or several of them",
            where="--voltage",
            remedy="write 4.2 with a point, several as 2.6; 4.2, a range as 2.6-4.2",
        ) from None


def window(given: str | tuple[float, float]) -> tuple[float, ...]:
    """`STEPS_OF_A_RANGE` voltages from the lower to the higher one of a range, ``"2.6-4.2"``.

    Raises
    ------
    InputError
        If it is none, or its ends are out of range or in the wrong order.
    """
    found = _RANGE.fullmatch(given) if isinstance(given, str) else None
    try:
        low, high = (float(v) for v in (found.groups() if found else given))
    except (TypeError, ValueError):
        raise InputError(
            f"{quoted(str(given))} is no range of voltages", remedy="write it as 2.6-4.2"
        ) from None
    if not 0.0 <= low < high <= HIGHEST_V:
        raise InputError(
            f"{low:g} to {high:g} V is no range of voltages",
            remedy=f"write the lower one first, within 0 to {HIGHEST_V:g} V",
        )
    return tuple(np.linspace(low, high, STEPS_OF_A_RANGE).round(6).tolist())
