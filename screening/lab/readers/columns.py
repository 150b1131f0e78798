"""What the columns of a table hold, told by their headers: one dictionary (``columns.toml``) for impedance
and cycling, in every language and unit that is known.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd

from screening.errors import InputError
from screening.lab.cycling.table import BDF_LABELS, EXTRA_COLUMNS
from screening.lab.readers.numbers import Array, numbers_or_nan
from screening.units import KELVIN_AT_0_CELSIUS

Z_REAL, Z_IMAGINARY, Z_MODULUS, PHASE = "z_real_ohm", "z_imaginary_ohm", "z_modulus_ohm", "phase_radian"
LOOP, TEMPERATURE, CYCLE = "loop", "ambient_temperature_celsius", "cycle_count"
STEP_TIME, CLOCK, STATE, CELL_ID, CHARGE_STEP = "step_time_second", "clock", "state", "cell_id", "dq_ah"
CHANNEL = "channel"
CURRENT_DENSITY = "current_density"
WORKING_ELECTRODE, COUNTER_ELECTRODE = "working_electrode_volt", "counter_electrode_volt"
"""Quantities that help to read a table; those of a cycling record have their names in its table."""

BETWEEN_ELECTRODES = "eweece"
"""Working less counter electrode: what a whole cell shows."""

SAME_NUMBER = 1e-3
"""Numbers of two columns of one name, which may be written with other digits."""

CLOCK_UNIT, SHORT_CLOCK_UNIT = "h:m:s", "m:s"
AREAL = "areal resistance"
_SIGNED = ("resistance", "angle")
_PREFIXES = {"G": 1e9, "M": 1e6, "k": 1e3, "K": 1e3, "m": 1e-3, "μ": 1e-6, "u": 1e-6, "n": 1e-9, "p": 1e-12}
_CLOCK = re.compile(r"h+:m", re.IGNORECASE)
_SHORT_CLOCK = re.compile(r"m+:s+", re.IGNORECASE)
_BRACKETED = re.compile(r"(.*\S)\s*[(\[]([^()\[\]]*)[)\]]?")
_NEGATED = re.compile(r"\s*(?:-|(?:neg(?:ative)?|minus)\b\.?)\s*", re.IGNORECASE)
_LOG_FREQUENCY = re.compile(r"(?:log|lg)(?:10)?[(\[]?(?:f|freq|frequency)(?:hz)?[)\]]?(?:[(\[]?hz[)\]]?)?")
_MARKS = str.maketrans(
    {
        "′": "'",
        "’": "'",
        "‘": "'",
        "´": "'",
        "`": "'",
        "−": "-",
        "–": "-",
        "—": "-",
        '"': "''",
        "<": "",
        ">": "",
    }
)


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column whose header is known.

    Attributes
    ----------
    header : str
        Its name in the file.
    quantity : str
        What it holds: a key of ``columns.toml``.
    unit : str
        Unit that the header states; empty where it states none.
    factor, offset : float
        The value in the unit of the quantity is ``factor * cell + offset``.
    log10 : bool
        Whether the cells hold the decadic logarithm.
    """

    header: str
    quantity: str
    unit: str = ""
    factor: float = 1.0
    offset: float = 0.0
    log10: bool = False

    @property
    def negated(self) -> bool:
        """Whether the header says that the sign is reversed, as in -Z''."""
        return self.factor < 0

    def scaled(self, values: Array) -> Array:
        """Cells as numbers in the unit of the quantity; the same array where nothing changes."""
        if self.log10:
            with np.errstate(over="ignore"):
                return np.minimum(10.0**values, np.finfo(float).max)
        return values if (self.factor, self.offset) == (1.0, 0.0) else values * self.factor + self.offset

    def values(self, frame: pd.DataFrame) -> Array:
        """Numbers of the column in the unit of the quantity, NaN where a cell is none, shape (n_rows,)."""
        return self.scaled(numbers_or_nan(frame[self.header]))


def match(headers: Iterable[str], wanted: Sequence[str] | None = None) -> dict[str, Column]:
    """Find the quantities that the columns of a table hold.

    Parameters
    ----------
    headers : iterable of str
        Column names as the file has them.
    wanted : sequence of str, optional
        Quantities to look for; all by default.

    Returns
    -------
    dict of str to Column
        One column per quantity: the one with the most telling name. A column whose stated unit is of another
        dimension (mAh/g is no capacity) does not count.
    """
    known = list(dict.fromkeys(map(str, headers)))
    found = {
        header: Column(header=header, quantity=header, unit=header.rsplit("_", 1)[-1])
        for header in known
        if header in (*BDF_LABELS, *EXTRA_COLUMNS) and (wanted is None or header in wanted)
    }
    read = {header: list(_readings(header)) for header in known if header not in found}
    for quantity in wanted if wanted is not None else _dictionary()["columns"]:
        if quantity not in found and (column := _best(quantity, read)) is not None:
            found[quantity] = column
            del read[column.header]
    return found


def refuse_twins(frame: pd.DataFrame, columns: Iterable[Column], where: str) -> None:
    """Refuse a table with two columns of one name (`unique_names`) that hold different numbers.

    Raises
    ------
    InputError
        If one of `columns` has such a twin.
    """
    for column in columns:
        twin = f"{column.header} (2)"
        if twin in frame:
            first, second = numbers_or_nan(frame[column.header]), numbers_or_nan(frame[twin])
            if not np.allclose(first, second, rtol=SAME_NUMBER, atol=0.0, equal_nan=True):
                raise InputError(
                    f"two columns named {column.header!r} hold different numbers",
                    where=where,
                    remedy="keep the one that was measured",
                )


def heading(header: str) -> tuple[str, str]:
    """Name and unit of a header as they are written; the unit is empty where none is stated.

    ``Current(mA)``, ``Ewe/V``, ``voltage_V``, ``Cap. [Ah]``, ``f in Hz``, ``Voltage V``.
    """
    text = _plain(header)
    bracketed = _BRACKETED.fullmatch(text)
    if bracketed and _is_unit(bracketed[2]):
        return bracketed[1], bracketed[2]
    for place in [i for i, letter in enumerate(text) if letter == "/"]:
        if text[:place].strip() and _is_unit(text[place + 1 :]):
            return text[:place].strip(), text[place + 1 :].strip()
    for separator in (" in ", "_", " "):
        name, _, unit = text.rpartition(separator)
        if name.strip() and unit != "1" and _is_unit(unit):  # "Temperature 1" is a name
            return name.strip(), unit
    return text, ""


def factor_of(unit: str, dimension: str) -> float | None:
    """Factor from a unit to that of the table; None where it is no unit of the dimension."""
    content = _dictionary()
    units = content["units"][dimension]
    text = re.sub(r"[\s.*·⋅^()-]", "", re.sub(r"\s+vs\b.*", "", unit))
    lower = text.lower()
    if lower in units:
        return float(units[lower])
    if dimension not in content["prefixed"] or lower[1:] not in units or text[0] not in _PREFIXES:
        return None
    # no cycler measures mega-amperes: capitals are then a habit
    prefix = "m" if text[0] == "M" and dimension not in content["mega"] else text[0]
    return float(units[lower[1:]] * _PREFIXES[prefix])


def key(name: str) -> str:
    """A name without regard to case, blanks, dots, dashes and slashes: ``Chg. Cap.`` is ``chgcap``."""
    return re.sub(r"[\s_.,:;/~–-]", "", unicodedata.normalize("NFKC", name).casefold())


@cache
def _dictionary() -> Mapping[str, Any]:
    content = tomllib.loads(files(__package__).joinpath("columns.toml").read_text("utf-8"))
    units = content["units"]
    for dimension, names in units.items():
        units[dimension] = {name: factor for text, factor in names.items() for name in text.split()}
    for entry in content["columns"].values():
        words = [name.strip() for name in entry["names"].split(" | ")]
        parted = [(*word.removesuffix("!").partition("=")[::2], word.endswith("!")) for word in words]
        entry["names"] = [(key(name), unit, bound) for name, unit, bound in parted]
    return content


def _plain(header: str) -> str:
    text = unicodedata.normalize("NFKC", header.translate(_MARKS)).translate(_MARKS).strip()
    text = text.removeprefix("Data: ")  # RelaxIS
    return re.sub(r"^WE\(\d\)\.", "WE ", text)  # NOVA


def _readings(header: str) -> Iterator[tuple[str, str, bool]]:
    """Key, unit and sign of a header: parted from its unit, and whole."""
    for name, unit in dict.fromkeys((heading(header), (_plain(header), ""))):
        sign = _NEGATED.match(name)
        yield key(name[sign.end() :] if sign else name), unit, sign is not None


def _is_unit(text: str) -> bool:
    return bool(_CLOCK.search(text) or _SHORT_CLOCK.fullmatch(text)) or any(
        factor_of(text, each) is not None for each in _dictionary()["units"]
    )


def _best(quantity: str, read: Mapping[str, list[tuple[str, str, bool]]]) -> Column | None:
    entry = _dictionary()["columns"][quantity]
    for wanted, own_unit, bound in entry["names"]:
        for header, readings in read.items():
            for name, unit, negated in readings:
                if name != wanted or (negated and entry["dimension"] not in _SIGNED):
                    if not (entry["dimension"] == "frequency" and _LOG_FREQUENCY.fullmatch(name)):
                        continue
                    return Column(header=header, quantity=quantity, unit="log10", log10=True)
                column = _column(header, quantity, unit or own_unit, negated)
                if column is not None and (column.unit or not bound):
                    return column
    return None


def _column(header: str, quantity: str, unit: str, negated: bool) -> Column | None:
    dimension = _dictionary()["columns"][quantity]["dimension"]
    factor = 1.0 if dimension == "text" else factor_of(unit, dimension)
    if not unit:
        factor = np.pi / 180.0 if dimension == "angle" else 1.0
    elif dimension == "time" and _CLOCK.search(unit):
        unit, factor = CLOCK_UNIT, 1.0
    elif dimension == "time" and _SHORT_CLOCK.fullmatch(unit):
        unit, factor = SHORT_CLOCK_UNIT, 1.0
    if factor is None and dimension == "resistance" and factor_of(unit, AREAL) is not None:
        unit, factor = AREAL, 1.0
    if factor is None:
        return None
    offset = -KELVIN_AT_0_CELSIUS if dimension == "temperature" and unit == "K" else 0.0
    signed = -factor if negated else factor
    return Column(header=header, quantity=quantity, unit=unit, factor=signed, offset=offset)
