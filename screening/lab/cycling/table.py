"""One cell's cycling record: a tidy table in Battery Data Format columns and what is known of the cell.

Conventions, for every reader and every figure computed from the table:

* ``current_ampere`` > 0 charges the cell (electrons flow into the negative electrode); amperes inside.
* ``test_time_second`` is the total time of the test and never decreases from one kept row to the next.
* The areal current is I / area, the specific capacity is per gram of *active* mass; neither the area nor
  the mass is ever taken from a cycler's header.
* ``cycle_count``, ``step_count`` and the capacity counters are the cycler's own and are carried along only
  to be compared with what the current says.

References
----------
Battery Data Format, Battery Data Alliance,
https://w3id.org/battery-data-alliance/ontology/battery-data-format
"""

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass, field, replace
from enum import StrEnum

import numpy as np
import pandas as pd

from screening.errors import InputError
from screening.lab.impedance.spectrum import Spectrum

TIME, VOLTAGE, CURRENT = "test_time_second", "voltage_volt", "current_ampere"
REQUIRED_COLUMNS = (TIME, VOLTAGE, CURRENT)

BDF_LABELS: dict[str, str] = {
    TIME: "Test Time / s",
    VOLTAGE: "Voltage / V",
    CURRENT: "Current / A",
    "unix_time_second": "Unix Time / s",
    "cycle_count": "Cycle Count / 1",
    "step_count": "Step Count / 1",
    "step_index": "Step Index / 1",
    "ambient_temperature_celsius": "Ambient Temperature / degC",
    "charging_capacity_ah": "Charging Capacity / Ah",
    "discharging_capacity_ah": "Discharging Capacity / Ah",
    "step_capacity_ah": "Step Capacity / Ah",
    "net_capacity_ah": "Net Capacity / Ah",
    "charging_energy_wh": "Charging Energy / Wh",
    "discharging_energy_wh": "Discharging Energy / Wh",
    "step_energy_wh": "Step Energy / Wh",
    "power_watt": "Power / W",
    "internal_resistance_ohm": "Internal Resistance / ohm",
    "ambient_pressure_pa": "Ambient Pressure / Pa",
    "applied_pressure_pa": "Applied Pressure / Pa",
    "temperature_t1_celsius": "Surface Temperature T1 / degC",
    "temperature_t2_celsius": "Surface Temperature T2 / degC",
    "temperature_t3_celsius": "Surface Temperature T3 / degC",
    "temperature_t4_celsius": "Surface Temperature T4 / degC",
    "temperature_t5_celsius": "Surface Temperature T5 / degC",
}
"""Machine-readable names of the Battery Data Format and their preferred labels."""

FREQUENCY = "frequency_hertz"
"""Not of the standard: frequency of an impedance point, NaN on cycling rows; absent where no row is one."""

HALF_CYCLE = "half_cycle_count"
"""Not of the standard: the cycler's count of half-cycles, kept only to be compared."""

STEP_TIME = "step_time_second"
"""Not of the standard: time since the step began; it tells what the first row of a step stands for."""

EXTRA_COLUMNS = (FREQUENCY, HALF_CYCLE, STEP_TIME)

MEASURED = "measured"
"""Origin of a current that the file itself holds; any other origin says how the current was made."""

INTEGER_COLUMNS = ("cycle_count", "step_count", "step_index", HALF_CYCLE)


class FlagKind(StrEnum):
    """What a reader or a check found in a file that could still be used."""

    TIME_BACKWARDS = "time runs backwards"
    NOT_A_NUMBER = "not a number"
    DUPLICATE_ROWS = "rows repeated"
    TRUNCATED = "truncated"
    GAP = "gap between files"
    OVERLAP = "overlap between files"
    CLOCK = "wall clock jumps"
    UNIT = "implausible unit"
    UNSTATED = "unit not stated"
    RESOLUTION = "coarse resolution"
    DERIVED = "derived column"
    ENCODING = "undecodable text"
    PLACEHOLDER = "placeholder value"
    COUNTER = "cycler's counter differs"
    MIXED = "different cells or experiments"
    READER = "message of the reading library"
    INCOMPLETE = "incomplete"
    ORDER = "order of half-cycles"
    SIMULATED = "simulated, not measured"


@dataclass(frozen=True)
class Flag:
    """One warning about the data: they were used, and this is what to know.

    Attributes
    ----------
    kind : FlagKind
        Class of the warning.
    message : str
        One sentence with the offending value.
    file : str
        Name of the file (no directory); empty when it concerns the joined table.
    row : int or None
        First row concerned: the line of a text file (first line = 1), the record of a binary or columnar
        file (first record = 1).
    """

    kind: FlagKind
    message: str
    file: str = ""
    row: int | None = None

    @property
    def where(self) -> str:
        """File and row as one would write them in a message."""
        return self.file if self.row is None else f"{self.file}:{self.row}"

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.kind}: {self.message}"


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """One file that went into the table.

    Attributes
    ----------
    name : str
        File name without its directory.
    sha256 : str
        Checksum of the bytes.
    format : str
        What the reader recognised, e.g. ``"LANDT csv"``.
    start, stop : int
        The table's rows ``[start, stop)`` come from this file.
    started_unix_s : float or None
        Wall-clock start of the file's time axis (seconds since 1970, the cycler's own clock).
    """

    name: str
    sha256: str
    format: str
    start: int
    stop: int
    started_unix_s: float | None = None


@dataclass(frozen=True)
class CyclingData:
    """The record of one cell.

    Attributes
    ----------
    table : pandas.DataFrame, shape (n_rows, n_columns)
        Columns named by the keys of `BDF_LABELS` (and `EXTRA_COLUMNS` where the files have them).
        `REQUIRED_COLUMNS` are float64 and finite, time does not decrease. Treat it as read-only.
    sources : tuple of SourceFile
        Where the rows come from, in the order of the table.
    cell : str
        Label of the cell.
    area_cm2 : float or None
        Electrode area as the user states it.
    active_mass_mg : float or None
        Mass of the *active* material (not of the composite) as the user states it.
    current_origin : str
        ``"measured"``, or how the current was derived.
    flags : tuple of Flag
        Everything found on the way that a reader of the results should know.
    spectra : tuple of Spectrum
        Impedance spectra among the rows, at the record's total time.
    """

    table: pd.DataFrame
    _: KW_ONLY
    sources: tuple[SourceFile, ...] = ()
    cell: str = ""
    area_cm2: float | None = None
    active_mass_mg: float | None = None
    current_origin: str = MEASURED
    flags: tuple[Flag, ...] = field(default=())
    spectra: tuple[Spectrum, ...] = ()

    def __post_init__(self) -> None:
        missing = [name for name in REQUIRED_COLUMNS if name not in self.table]
        if missing:
            raise InputError(
                f"no column for {', '.join(BDF_LABELS[name] for name in missing)}",
                where=self.cell,
                remedy="name the columns as the Battery Data Format does",
            )
        for name, value, unit in (("area", self.area_cm2, "cm²"), ("active mass", self.active_mass_mg, "mg")):
            if value is not None and not (np.isfinite(value) and value > 0):
                raise InputError(
                    f"{name} of {value} {unit} is not a positive number",
                    where=self.cell,
                    remedy="correct the cell's sheet",
                )

    def __len__(self) -> int:
        return len(self.table)

    @property
    def time_s(self) -> np.ndarray:
        """Total test time, shape (n_rows,), s."""
        return self.table[TIME].to_numpy()

    @property
    def voltage_v(self) -> np.ndarray:
        """Cell voltage, shape (n_rows,), V."""
        return self.table[VOLTAGE].to_numpy()

    @property
    def current_a(self) -> np.ndarray:
        """Current, > 0 on charge, shape (n_rows,), A."""
        return self.table[CURRENT].to_numpy()

    @property
    def is_impedance(self) -> np.ndarray | None:
        """Rows that are points of an impedance spectrum, shape (n_rows,), or None where there are none.

        A lone row between points, or between them and an end of the record, closes or opens a sweep.
        """
        if FREQUENCY not in self.table:
            return None
        around = np.pad(self.table[FREQUENCY].notna().to_numpy(), 1, constant_values=True)
        return around[1:-1] | (around[:-2] & around[2:])

    @property
    def breaks(self) -> np.ndarray:
        """First row of every file but the first: no charge is counted in the interval that leads there."""
        return np.array([source.start for source in self.sources[1:]], dtype=np.int64)

    @property
    def checksum(self) -> str:
        """One sha256 for all sources (that of the only file where there is one)."""
        if len(self.sources) == 1:
            return self.sources[0].sha256
        import hashlib

        return hashlib.sha256("".join(source.sha256 for source in self.sources).encode()).hexdigest()

    def window(self, start: int, stop: int) -> "CyclingData":
        """Rows ``[start, stop)`` as a record of their own, without copying them; the flags stay behind."""
        sources = tuple(
            replace(source, start=max(source.start, start) - start, stop=min(source.stop, stop) - start)
            for source in self.sources
            if source.start < stop and source.stop > start
        )
        return replace(self, table=self.table.iloc[start:stop], sources=sources, flags=())

    def origin(self, row: int) -> str:
        """File of a row of the table, and the row counted from the file's first kept record (= 1)."""
        for source in self.sources:
            if source.start <= row < source.stop:
                return f"{source.name}, record {row - source.start + 1}"
        return f"row {row + 1}"

    def of_cell(
        self, *, label: str | None = None, area_cm2: float | None = None, active_mass_mg: float | None = None
    ) -> "CyclingData":
        """Return the same record with the cell's label, area and active mass filled in."""
        return replace(
            self,
            cell=self.cell if label is None else label,
            area_cm2=self.area_cm2 if area_cm2 is None else area_cm2,
            active_mass_mg=self.active_mass_mg if active_mass_mg is None else active_mass_mg,
        )

    def with_flags(self, flags: Iterable[Flag]) -> "CyclingData":
        """Return the same record with more flags."""
        return replace(self, flags=self.flags + tuple(flags))

    def flags_frame(self) -> pd.DataFrame:
        """Flags as a table: kind, file, row, message."""
        rows = [(str(flag.kind), flag.file, flag.row, flag.message) for flag in self.flags]
        frame = pd.DataFrame(rows, columns=["kind", "file", "row", "message"])
        return frame.astype({"row": "Int64"})


def cycling_data_from_arrays(
    time_s: np.ndarray, voltage_v: np.ndarray, current_a: np.ndarray, *, cell: str = "", **columns: np.ndarray
) -> CyclingData:
    """Wrap arrays (a simulation, another program's data) as a record, without copying float64 arrays.

    Parameters
    ----------
    time_s, voltage_v, current_a : array_like, shape (n_rows,)
        Total time in s (not decreasing), voltage in V, current in A (> 0 on charge); finite.
    cell : str
        Label; call a simulated cell so here.
    **columns : array_like, shape (n_rows,)
        Further columns by their machine-readable Battery Data Format name, or one of `EXTRA_COLUMNS`.

    Raises
    ------
    InputError
        If the lengths differ, a value is not finite, time decreases, or a column name is unknown.
    """
    unknown = [name for name in columns if name not in BDF_LABELS and name not in EXTRA_COLUMNS]
    if unknown:
        raise InputError(
            f"unknown columns {', '.join(unknown)}", where=cell, remedy="use names of the Battery Data Format"
        )
    named = {TIME: time_s, VOLTAGE: voltage_v, CURRENT: current_a}
    arrays = {name: np.asarray(values, dtype=float) for name, values in named.items()}
    if {len(np.asarray(values)) for values in [*arrays.values(), *columns.values()]} != {len(arrays[TIME])}:
        raise InputError("columns of different length", where=cell, remedy="give one value of each per row")
    for name, values in arrays.items():
        if not np.isfinite(values).all():
            row = int(np.flatnonzero(~np.isfinite(values))[0])
            raise InputError(
                f"{BDF_LABELS[name]} is not finite in row {row + 1}", where=cell, remedy="remove the row"
            )
    if len(arrays[TIME]) and np.any(arrays[TIME][1:] < arrays[TIME][:-1]):
        row = int(np.flatnonzero(arrays[TIME][1:] < arrays[TIME][:-1])[0]) + 1
        raise InputError(
            f"time runs backwards in row {row + 1}", where=cell, remedy="sort the rows or split the files"
        )
    return CyclingData(pd.DataFrame({**arrays, **columns}, copy=False), cell=cell)
