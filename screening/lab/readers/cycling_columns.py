"""What the columns of cyclers are called: a vocabulary from header to quantity and unit.

The names differ more than the instruments do, so the vocabulary is one table for all of them; only the few
formats that need more than a table (layered csv, binary files) have modules of their own.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from screening.lab.cycling.table import (
    BDF_LABELS,
    CURRENT,
    EXTRA_COLUMNS,
    FREQUENCY,
    HALF_CYCLE,
    TIME,
    VOLTAGE,
)

STEP_TIME, CLOCK, STATE, CELL_ID, CHARGE_STEP = "step_time_second", "clock", "state", "cell_id", "dq_ah"
CURRENT_DENSITY = "current_density"
WORKING_ELECTRODE, COUNTER_ELECTRODE = "working_electrode_volt", "counter_electrode_volt"
"""Quantities that help to build the table and are not kept in it."""

BETWEEN_ELECTRODES = "ewe ece"
"""Working less counter electrode: what a whole cell shows."""

CLOCK_UNIT = "h:m:s"

_UNITS: dict[str, dict[str, float]] = {
    "time": {
        **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
        **dict.fromkeys(("min", "mins", "minute", "minutes"), 60.0),
        **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600.0),
        **dict.fromkeys(("d", "day", "days"), 86400.0),
        "ms": 1e-3,
    },
    "voltage": {"v": 1.0, "volt": 1.0, "volts": 1.0, "mv": 1e-3, "μv": 1e-6, "uv": 1e-6},
    "current density": dict.fromkeys(("ma/cm2", "macm2", "macm^2", "ma/cm²", "macm²", "a/cm2", "acm2"), 1.0),
    "current": {
        "a": 1.0,
        "amp": 1.0,
        "amps": 1.0,
        "ampere": 1.0,
        "ma": 1e-3,
        "μa": 1e-6,
        "ua": 1e-6,
        "na": 1e-9,
    },
    "charge": {"ah": 1.0, "mah": 1e-3, "μah": 1e-6, "uah": 1e-6, "c": 1 / 3600.0},
    "energy": {"wh": 1.0, "mwh": 1e-3, "μwh": 1e-6, "uwh": 1e-6},
    "power": {"w": 1.0, "watt": 1.0, "mw": 1e-3},
    "temperature": dict.fromkeys(("c", "°c", "oc", "degc", "celsius"), 1.0),
    "resistance": {**dict.fromkeys(("ohm", "ohms", "ω"), 1.0), "mohm": 1e-3, "mω": 1e-3},
    "pressure": {"pa": 1.0, "kpa": 1e3, "mpa": 1e6, "bar": 1e5, "psi": 6894.757293168},
    "frequency": {"hz": 1.0, "hertz": 1.0},
    "count": {"1": 1.0},
    "text": {},
}
"""Units in lower case and their factor to the unit of the Battery Data Format."""

_VOCABULARY: dict[str, tuple[str, str]] = {
    TIME: (
        "time",
        "test time | testtime | total time | totaltime | cumulative time | test | elapsed time | run time"
        " | prog time | program duration | testzeit | programmdauer | gesamtzeit | zeit"
        " | 总时间 | 测试时间 | time | t",
    ),
    STEP_TIME: (
        "time",
        "step time | steptime | schrittdauer | schrittzeit | step | relative time | time in step"
        " | 工步时间 | 相对时间 | 时间",
    ),
    VOLTAGE: (
        "voltage",
        "voltage | cell voltage | ecell | ewe ece | volts | volt | vol | battery voltage | u | v"
        " | potential | we potential | working electrode | vf | spannung | zellspannung | e | 电压",
    ),
    WORKING_ELECTRODE: ("voltage", "ewe"),
    COUNTER_ELECTRODE: ("voltage", "ece"),
    CURRENT: (
        "current",
        "current | i | cell current | amps | cur | amperes | we current | im | strom | 电流",
    ),
    CURRENT_DENSITY: ("current density", "j | current density | current | i | stromdichte | 电流密度"),
    CHARGE_STEP: ("charge", "dq"),
    "unix_time_second": ("time", "unix time"),
    CLOCK: (
        "text",
        "date time iso string | date time | datetime | dpt time | dpttime | real time | realtime | systime"
        " | sys time | system time | absolute time | timestamp | time stamp | date"
        " | 绝对时间 | 系统时间 | 日期",
    ),
    "cycle_count": (
        "count",
        "cycle count | cycle index | cycle number | cycle id | cycle no | cycle | cyc | cyc# | cycle c"
        " | cycle p | cycleid | zyklus | 循环号 | 循环序号 | 循环",
    ),
    HALF_CYCLE: ("count", "half cycle"),
    "step_count": ("count", "step count"),
    "step_index": (
        "count",
        "step index | step id | step no | step number | step | ns | stepid | schritt"
        " | 工步号 | 工步序号 | 工步",
    ),
    STATE: (
        "text",
        "step type | step name | steptype | stepname | state | status | md | mode | instruction name"
        " | zustand | 工步类型 | 工步名称 | 状态",
    ),
    "charging_capacity_ah": (
        "charge",
        "charging capacity | charge capacity | chg cap | cap chg | capacity chg | capacitance chg | q charge"
        " | charge cap | 充电容量",
    ),
    "discharging_capacity_ah": (
        "charge",
        "discharging capacity | discharge capacity | dchg cap | cap dchg | capacity dchg | capacitance dchg"
        " | q discharge | discharge cap | 放电容量",
    ),
    "step_capacity_ah": (
        "charge",
        "step capacity | step net capacity | capacity | cap | amp hr | amphr | ah | q charge discharge"
        " | 容量",
    ),
    "charging_energy_wh": ("energy", "charging energy | charge energy | chg eng | engy chg | energy charge"),
    "discharging_energy_wh": (
        "energy",
        "discharging energy | discharge energy | dchg eng | engy dchg | energy discharge",
    ),
    "step_energy_wh": (
        "energy",
        "step energy | step net energy | energy | ener | watt hr | watthr | 能量",
    ),
    "power_watt": ("power", "power | p"),
    "internal_resistance_ohm": ("resistance", "internal resistance | dcir"),
    "ambient_temperature_celsius": (
        "temperature",
        "ambient temperature | environment temperature | chamber temperature | temperature | temp"
        " | temperatur | 温度",
    ),
    "ambient_pressure_pa": ("pressure", "ambient pressure"),
    "applied_pressure_pa": ("pressure", "applied pressure | stack pressure | pressure"),
    **{
        f"temperature_t{n}_celsius": (
            "temperature",
            f"temperature t{n} | surface temperature t{n} | temperature {n} | temp {n} | t{n}"
            f" | aux{n} temperature | aux temperature {n}",
        )
        for n in range(1, 6)
    },
    FREQUENCY: ("frequency", "freq | frequency"),
    CELL_ID: ("text", "cell id | cell name | cell label | barcode"),
}
"""Quantity: its dimension, and the names it goes by (slugs between bars, the most telling first)."""

_BRACKETED = re.compile(r"^(?P<name>[^(\[]*\S)\s*[(\[](?P<unit>[^)\]]*)[)\]]?\s*$")
_CLOCK = re.compile(r"h+:m|h:min|hh:mm|h:m:s", re.IGNORECASE)


@dataclass(frozen=True)
class ColumnMatch:
    """One recognised column.

    Attributes
    ----------
    header : str
        Its name in the file.
    quantity : str
        Key of the table's columns, or one of the helping quantities of this module.
    factor : float
        Multiplies the file's number to give the table's unit.
    unit : str
        Unit as the header states it; empty where it states none.
    """

    header: str
    quantity: str
    factor: float
    unit: str


_MILLI = {"mamps": ("amps", "ma"), "mamp hr": ("amp hr", "mah"), "mwatt hr": ("watt hr", "mwh")}
"""Names of Maccor that are units themselves."""

STATED_BY_NAME = ("amps", "amperes", "volts", "volt", "ah", "amp hr", "amphr", "watt hr", "watthr")


def states_unit(match: ColumnMatch) -> bool:
    """Whether the header says in which unit its numbers are."""
    return bool(match.unit) or split_unit(match.header)[0] in STATED_BY_NAME


def split_unit(header: str) -> tuple[str, str]:
    """Split a header (``Current(mA)``, ``Ewe/V``, ``voltage_V``, ``Cap. [Ah]``) into a slug and its unit.

    Returns
    -------
    tuple of (str, str)
        Name in lower case with single blanks, and the unit in lower case (may be empty).
    """
    text = unicodedata.normalize("NFKC", str(header)).strip()
    text = text.replace("<", "").replace(">", "")  # EC-Lab marks a mean so: <Ewe>/V, <Ewe/V>
    text = re.sub(r"^WE\(\d\)\.", "WE ", text)  # NOVA
    bracketed = _BRACKETED.match(text)
    if bracketed:
        return slug(bracketed["name"]), _unit(bracketed["unit"])
    if slug(text) in _MILLI:
        return _MILLI[slug(text)]
    for separator in ("/", "_", " "):
        name, found, unit = text.rpartition(separator)
        if found and name.strip() and any(_unit(unit) in units for units in _UNITS.values()):
            # a bare trailing number is part of a name ("Temperature 1"), except in the standard's own labels
            if _unit(unit) == "1" and separator != "/":
                continue
            return slug(name), _unit(unit)
    return slug(text), ""


def slug(text: str) -> str:
    """Lower case, letters and digits only (any script), words separated by one blank."""
    text = unicodedata.normalize("NFKC", text).lower()
    return " ".join(re.sub(r"[^\w#]|_", " ", text).split())


def _unit(text: str) -> str:
    if _CLOCK.search(text):
        return CLOCK_UNIT
    return re.sub(r"[\s.*·-]", "", text.lower()).replace("µ", "μ")


def recognise(headers: Iterable[str]) -> dict[str, ColumnMatch]:
    """Find the quantities that a file's columns hold.

    Parameters
    ----------
    headers : iterable of str
        Column names as the file has them.

    Returns
    -------
    dict of str to ColumnMatch
        One column per quantity: the one with the most telling name. A column whose stated unit is of another
        dimension (mAh/g is no capacity) does not count.
    """
    read = [(str(header), *split_unit(header)) for header in headers]
    found: dict[str, ColumnMatch] = {}
    taken: set[str] = set()
    for header, _, _ in read:
        if header in BDF_LABELS or header in EXTRA_COLUMNS:
            found[header] = ColumnMatch(header, header, 1.0, header.rsplit("_", 1)[-1])
            taken.add(header)
    for quantity, (dimension, names) in _VOCABULARY.items():
        if quantity in found:
            continue
        free = [item for item in read if item[0] not in taken]
        match = _best(quantity, dimension, names.split(" | "), free)
        if match is not None:
            found[quantity] = match
            taken.add(match.header)
    return found


def _best(
    quantity: str, dimension: str, names: list[str], read: list[tuple[str, str, str]]
) -> ColumnMatch | None:
    units = _UNITS[dimension]
    for wanted in names:
        for header, name, unit in read:
            if name != wanted:
                continue
            if unit in units:
                return ColumnMatch(header, quantity, units[unit], unit)
            if dimension == "text" or (dimension == "time" and unit == CLOCK_UNIT):
                return ColumnMatch(header, quantity, 1.0, unit)
            if unit == "" and _speaks_for_itself(quantity, wanted):
                return ColumnMatch(header, quantity, 1.0, "")
    return None


def _speaks_for_itself(quantity: str, name: str) -> bool:
    """Whether a name without a unit is enough; "Step" and "Test" alone are mere numbers."""
    if quantity in (TIME, STEP_TIME) and name in ("step", "test"):
        return False
    return len(name) > 1 or quantity in (TIME, VOLTAGE, CURRENT)
