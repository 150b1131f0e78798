"""Values that a cell sheet may hold: strict numbers with the bounds of what a laboratory has, real elements.

Bounds are wide. They catch a wrong unit or a slipped decimal point, and each says which one is likely.
"""

import re
from collections.abc import Callable
from math import isfinite
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

_FORMULA = re.compile(r"[A-Z][A-Za-z0-9.()\[\]]*")
_SYMBOL = re.compile(r"[A-Z][a-z]?")


def _at_most(highest: float, unit: str, reason: str) -> Callable[[float], float]:
    def check(value: float) -> float:
        if value > highest:
            raise ValueError(f"more than {highest:g} {unit}: {reason}")
        return value

    return check


def _finite(value: object) -> object:
    if not isinstance(value, bool | int | float) or not isfinite(value):
        raise ValueError("give a number, or true or false")
    return value


Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
"""A finite number; true, false and text are none."""

Flag = Annotated[bool, Field(strict=True)]
Figure = Annotated[Flag | Number, BeforeValidator(_finite)]
"""A number, or true or false; which of them is for the quantity to say."""

Positive = Annotated[Number, Field(gt=0.0)]
Share = Annotated[Positive, Field(le=1.0)]
Percent = Annotated[Positive, Field(le=100.0)]

Milligrams = Annotated[Positive, AfterValidator(_at_most(1e5, "mg", "no pressed cell weighs 100 g; mg?"))]
Millimetres = Annotated[Positive, AfterValidator(_at_most(300.0, "mm", "no pressing die is so wide; mm?"))]
SquareCentimetres = Annotated[
    Positive, AfterValidator(_at_most(1000.0, "cm²", "larger than a sheet of A4 paper; cm²?"))
]
Megapascals = Annotated[
    Positive, AfterValidator(_at_most(2000.0, "MPa", "dies of hardened steel break below that; MPa, not Pa?"))
]
Hours = Annotated[
    Number, Field(ge=0.0), AfterValidator(_at_most(1e5, "h", "eleven years; hours, not seconds?"))
]
CurrentDensity = Annotated[
    Positive, AfterValidator(_at_most(1000.0, "mA/cm²", "no solid electrolyte carries it; mA, not µA?"))
]
ArealCapacity = Annotated[
    Positive, AfterValidator(_at_most(1000.0, "mAh/cm²", "a layer of lithium 5 mm thick; mAh, not µAh?"))
]
Rate = Annotated[Positive, AfterValidator(_at_most(1000.0, "per hour", "a discharge within 4 seconds"))]
Celsius = Annotated[
    Number,
    Field(gt=-273.15),
    AfterValidator(
        _at_most(150.0, "°C", "close to the melting point of lithium (180.5 °C); °C, not kelvin?")
    ),
]
"""Any temperature in kelvin at which a cell is run (above 150 K) exceeds the bound."""

CellVoltage = Annotated[Number, Field(gt=-7.0, lt=7.0)]
PlateauVoltage = Annotated[Number, Field(gt=0.0, lt=7.0)]
Wavelength = Annotated[Number, Field(gt=0.0, lt=5.0)]


def formula(text: str) -> str:
    """A formula of real elements in amounts above 0, as it was written.

    Raises
    ------
    ValueError
        If it is none.
    """
    from pymatgen.core import Composition, Element

    if not _FORMULA.fullmatch(text):
        raise ValueError("no formula such as LiAlCl4")
    for symbol in _SYMBOL.findall(text):
        if symbol in ("D", "T") or not Element.is_valid_symbol(symbol):
            raise ValueError(f"no formula such as LiAlCl4, for no element is called {symbol}")
    try:
        amounts = Composition(text, strict=True).get_el_amt_dict()
    except (ValueError, KeyError, TypeError, IndexError):
        raise ValueError("no formula such as LiAlCl4") from None
    if not set(_SYMBOL.findall(text)) <= {name for name, amount in amounts.items() if amount > 0.0}:
        raise ValueError("holds an amount of zero")
    return text
