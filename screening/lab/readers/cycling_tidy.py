"""From a file's own columns to the table's: units, sign, time axis, and what could not be used."""

from dataclasses import dataclass, replace
from datetime import UTC

import numpy as np
import pandas as pd

from screening.errors import InputError
from screening.lab.cycling.table import (
    BDF_LABELS,
    CURRENT,
    EXTRA_COLUMNS,
    FREQUENCY,
    INTEGER_COLUMNS,
    REQUIRED_COLUMNS,
    TIME,
    VOLTAGE,
    Flag,
    FlagKind,
)
from screening.lab.impedance.spectrum import Spectrum
from screening.lab.readers import columns as names
from screening.lab.readers.columns import Column, match
from screening.lab.readers.cycling_axis import time_axis
from screening.lab.readers.cycling_sign import (
    charge_positive,
    rest_rows,
    rests_without_current,
    steps_from_counters,
    steps_from_state,
    without_offset,
)
from screening.lab.readers.cycling_time import repeated_rows, seconds, stray_rows, unix_seconds
from screening.lab.readers.source import Table

MAX_UNUSABLE_SHARE = 0.5
"""A file more than half of whose rows lack a time, a voltage or a current is not a cycling record."""

OVERRANGE = 1e30
"""Instruments write 9.9E37 where they measured nothing (SCPI-99, volume 1, 7.2.1.5)."""

CLOCK_TOLERANCE_S = 60.0
"""Wall clock and test time may drift apart by this much between two rows before it is called a jump."""

SAME_PACE = 0.05
"""And over the whole record by this share."""

SAME_DIFFERENCE_V = 0.01
"""What the whole cell shows and what its electrodes do differ by no more."""

MOST_V = 100.0
"""No cell and no small stack shows more; a cell's millivolts under the name of volts do."""


@dataclass(frozen=True)
class Piece:
    """One file's rows under the table's columns, time as the file counts it.

    Attributes
    ----------
    raw : Table
        Where it comes from (its frame is emptied).
    table : pandas.DataFrame
        Columns as in `CyclingData.table`.
    started_unix_s : float or None
        Wall clock at the file's time zero.
    cell_id : str
        What the file calls the cell; empty where it says nothing.
    current_origin : str
        ``"measured"``, or how the current was derived.
    flags : tuple of Flag
        What was found.
    spectra : tuple of Spectrum
        Impedance spectra among its rows.
    """

    raw: Table
    table: pd.DataFrame
    started_unix_s: float | None
    cell_id: str
    current_origin: str
    flags: tuple[Flag, ...]
    spectra: tuple[Spectrum, ...] = ()


def tidy(raw: Table) -> Piece:
    """Bring a file's columns to the table's names, units and sign; leave out rows that cannot be used.

    Raises
    ------
    InputError
        If time, voltage or current is missing, the file has no rows, holds more than one cell, or cannot be
        put in the order of time.
    """
    if not len(raw.frame):
        raise InputError("no measured rows", where=str(raw.path), remedy="export the test again")
    found = match(raw.frame.columns)
    flags = list(raw.flags)
    cell_id = _one_cell(raw, found)
    time, time_flags = time_axis(raw, found)
    current, origin, current_flags = _current(raw, found, time)
    voltage, voltage_flags = _voltage(raw, found)
    columns = {TIME: time, VOLTAGE: voltage, CURRENT: current}
    flags += _overrange(raw, columns)
    _refuse_millivolts(raw, columns[VOLTAGE])
    flags += [*time_flags, *current_flags, *voltage_flags, *_unit_flags(raw, found)]
    for quantity, column in found.items():
        if quantity not in columns and quantity in (*BDF_LABELS, *EXTRA_COLUMNS):
            in_step = quantity == names.STEP_TIME
            columns[quantity] = seconds(column, raw.frame) if in_step else column.values(raw.frame)
    spectra: tuple[Spectrum, ...] = ()
    if FREQUENCY in columns:
        impedance = columns[FREQUENCY] > 0
        columns[FREQUENCY] = np.where(impedance, columns[FREQUENCY], np.nan)
        columns[CURRENT] = np.where(impedance & np.isnan(current), 0.0, current)
        columns[VOLTAGE] = _carried(columns[VOLTAGE], impedance)
        from screening.lab.readers.eis_table import spectra_among  # brings the test of causality with it

        try:
            spectra = spectra_among(replace(raw, frame=raw.frame.assign(**{TIME: time})), impedance)
        except InputError as fault:
            flags.append(raw.flag(FlagKind.INCOMPLETE, f"impedance not used: {fault}"))
        if not impedance.any():
            del columns[FREQUENCY]
    if names.CLOCK in found and "unix_time_second" not in columns:
        columns["unix_time_second"] = unix_seconds(raw.frame[found[names.CLOCK].header], time)
    if CURRENT in found:
        flags += _rests(raw, columns, raw.frame[found[CURRENT].header].isna().to_numpy())
    keep, keep_flags = _usable(raw, columns)
    flags += keep_flags
    table, dropped = _table(columns, keep)
    flags += [
        raw.flag(FlagKind.PLACEHOLDER, f"{BDF_LABELS.get(name, name)} is 0 throughout; left out")
        for name in dropped
    ]
    started, clock_flags = _clock(raw, table, np.flatnonzero(keep) if keep is not None else None)
    return Piece(
        raw=replace(raw, frame=raw.frame.iloc[:0]),
        table=table,
        started_unix_s=started,
        cell_id=cell_id,
        current_origin=origin,
        flags=(*flags, *clock_flags),
        spectra=spectra,
    )


def _overrange(raw: Table, columns: dict[str, np.ndarray]) -> list[Flag]:
    """Take out the numbers by which an instrument says that it measured none."""
    flags = []
    for name, values in columns.items():
        over = np.abs(values) >= OVERRANGE
        if over.any():
            columns[name] = np.where(over, np.nan, values)
            row = int(over.argmax())
            told = f"{BDF_LABELS[name]} of {values[row]:.3g} is an overrange, not a value"
            flags.append(raw.flag(FlagKind.NOT_A_NUMBER, told, row))
    return flags


def _refuse_millivolts(raw: Table, voltage: np.ndarray) -> None:
    usual = float(np.nanmedian(np.abs(voltage))) if np.isfinite(voltage).any() else 0.0
    if usual > MOST_V:
        raise InputError(
            f"a voltage of {usual:.5g} V is no cell's",
            where=str(raw.path),
            remedy="state its unit: is it in mV?",
        )


def _needed(raw: Table, found: dict[str, Column], quantity: str) -> Column:
    if quantity not in found:
        raise raw.lacking(quantity)
    return found[quantity]


def _one_cell(raw: Table, found: dict[str, Column]) -> str:
    if names.CHANNEL in found:
        codes, channels = pd.factorize(raw.frame[found[names.CHANNEL].header])
        changes = np.flatnonzero(np.diff(codes)) + 1
        if len(changes) >= len(channels) > 1:  # moved to another channel, it changes once
            raise InputError(
                f"{len(channels)} channels in turns ({', '.join(map(str, channels[:4]))})",
                where=raw.where(int(changes[0])),
                remedy="give one file per channel",
            )
    if names.CELL_ID not in found:
        return ""
    column = raw.frame[found[names.CELL_ID].header]
    cells = column.dropna().astype(str).unique()
    if len(cells) > 1:
        row = int(np.flatnonzero((column.notna() & (column.astype(str) != cells[0])).to_numpy())[0])
        raise InputError(
            f"{len(cells)} cells in one file ({', '.join(cells[:3])})",
            where=raw.where(row),
            remedy="give one file per cell",
        )
    return str(cells[0]) if len(cells) else ""


def _voltage(raw: Table, found: dict[str, Column]) -> tuple[np.ndarray, list[Flag]]:
    """Voltage of the whole cell in V: the file's own, else working less counter electrode, else the working
    electrode alone.

    Raises
    ------
    InputError
        If there is none, or the file's own is not that of its electrodes.
    """
    between, of = None, ""
    if {names.WORKING_ELECTRODE, names.COUNTER_ELECTRODE} <= found.keys():
        working, counter = found[names.WORKING_ELECTRODE], found[names.COUNTER_ELECTRODE]
        between = working.values(raw.frame) - counter.values(raw.frame)
        of = f"{working.header!r} less {counter.header!r}"
    told = "voltage of the whole cell: "
    if VOLTAGE not in found and names.WORKING_ELECTRODE in found:
        if between is None:
            return found[names.WORKING_ELECTRODE].values(raw.frame), []
        return between, [raw.flag(FlagKind.DERIVED, told + of)]
    column = _needed(raw, found, VOLTAGE)
    voltage = column.values(raw.frame)
    if (
        between is not None
        and (apart := float(pd.Series(voltage - between).abs().median())) > SAME_DIFFERENCE_V
    ):
        raise InputError(
            f"{column.header!r} is {apart:.3g} V off {of} of the same row",
            where=str(raw.path),
            remedy="leave out the column that is wrong",
        )
    own = names.key(names.heading(column.header)[0]) == names.BETWEEN_ELECTRODES
    return voltage, [raw.flag(FlagKind.DERIVED, told + repr(column.header))] if own else []


def _current(raw: Table, found: dict[str, Column], time: np.ndarray) -> tuple[np.ndarray, str, list[Flag]]:
    """Current in A, positive on charge, with how it was come by."""
    if CURRENT not in found and names.CHARGE_STEP in found:
        column = found[names.CHARGE_STEP]
        current = _from_charge_steps(column.values(raw.frame) * 3600.0, time)
        origin = f"derived: {column.header} over the time step"
        return current, origin, [raw.flag(FlagKind.DERIVED, f"no current column; {origin}")]
    if CURRENT not in found and names.CURRENT_DENSITY in found:
        raise InputError(
            f"{found[names.CURRENT_DENSITY].header!r} is a current density, not the current of the cell",
            where=str(raw.path),
            remedy="multiply it by the electrode area, or export the current",
        )
    current = _needed(raw, found, CURRENT).values(raw.frame)
    flags = []
    steps = None
    if names.STATE in found:
        state = raw.frame[found[names.STATE].header]
        steps = steps_from_state(state)
        level = without_offset(current, rest_rows(state))
        offset = np.nanmax(np.abs(current - level), initial=0.0)
        if offset > 0:
            flags.append(raw.flag(FlagKind.DERIVED, f"up to {offset:.2g} A in rows called rest; read as 0"))
            current = level
    counters = ("charging_capacity_ah", "discharging_capacity_ah")
    if (steps is None or not (steps < 0).any()) and set(counters) <= found.keys():
        steps = steps_from_counters(*(found[name].values(raw.frame) for name in counters))
    if steps is not None:
        turned, told = charge_positive(current, steps)
        kind = FlagKind.COUNTER if turned is current else FlagKind.DERIVED
        flags += [raw.flag(kind, told)] if told else []
        current = turned
    return current, raw.current_origin, flags


def _from_charge_steps(charge_c: np.ndarray, time: np.ndarray) -> np.ndarray:
    interval = np.diff(time, prepend=time[:1])
    with np.errstate(divide="ignore", invalid="ignore"):
        current = np.where(interval > 0, charge_c / interval, np.nan)
    # a row without an interval carries no charge: it shares the current of the row before
    return (
        pd.Series(current)
        .where(interval > 0)
        .ffill()
        .fillna(0.0)
        .where(np.isfinite(charge_c))
        .to_numpy(dtype=float)
    )


def _carried(voltage: np.ndarray, impedance: np.ndarray) -> np.ndarray:
    """Voltage whose impedance points show that of the row before, where they show none."""
    return np.where(impedance & np.isnan(voltage), pd.Series(voltage).ffill().to_numpy(), voltage)


def _rests(raw: Table, columns: dict[str, np.ndarray], empty: np.ndarray) -> list[Flag]:
    """Read rows without a current as rest where the voltage says that none flowed."""
    time, voltage, current = (columns[name] for name in REQUIRED_COLUMNS)
    read = rests_without_current(time, voltage, current, empty)
    if not read.any():
        return []
    columns[CURRENT] = np.where(read, 0.0, current)
    told = f"{_rows(int(read.sum()))} without a current, whose voltage is that of rest; read as 0"
    return [raw.flag(FlagKind.DERIVED, told, int(read.argmax()))]


def _unit_flags(raw: Table, found: dict[str, Column]) -> list[Flag]:
    """Say which of voltage and current state no unit, and what was assumed."""
    unstated = {
        repr(found[quantity].header): BDF_LABELS[quantity].rsplit(" / ", 1)[1]
        for quantity in (VOLTAGE, CURRENT)
        if quantity in found and not found[quantity].unit
    }
    told = f"{' and '.join(unstated)} read as {' and '.join(unstated.values())}"
    return [raw.flag(FlagKind.UNSTATED, told)] if unstated else []


def _usable(raw: Table, columns: dict[str, np.ndarray]) -> tuple[np.ndarray | None, list[Flag]]:
    """Rows with a finite time, voltage and current, in the order of time; None where all are."""
    keep: np.ndarray | None = None
    flags = []
    finite = np.isfinite(columns[TIME])
    for name in (VOLTAGE, CURRENT):
        finite &= np.isfinite(columns[name])
    if not finite.all():
        lost = np.flatnonzero(~finite)
        if len(lost) > MAX_UNUSABLE_SHARE * len(finite):
            raise InputError(
                f"{len(lost)} of {len(finite)} rows lack a time, a voltage or a current",
                where=raw.where(lost[0]),
                remedy="check the columns and their numbers",
            )
        at_end = len(lost) == 1 and lost[0] == len(finite) - 1
        kind = FlagKind.TRUNCATED if at_end else FlagKind.NOT_A_NUMBER
        unusable = f"{_rows(len(lost))} without time, voltage or current"
        what = "the last row is incomplete" if at_end else unusable
        flags.append(raw.flag(kind, f"{what}; left out", int(lost[0])))
        keep = finite
    rows = np.flatnonzero(keep) if keep is not None else None
    time = columns[TIME] if rows is None else columns[TIME][rows]
    line = raw.frame.index if rows is None else raw.frame.index[rows]
    stray = stray_rows(time, str(raw.path), line)
    if len(stray):
        stray = stray if rows is None else rows[stray]
        keep = np.ones(len(finite), dtype=bool) if keep is None else keep
        keep[stray] = False
        told = f"{_rows(len(stray))} out of the order of time; left out"
        flags.append(raw.flag(FlagKind.TIME_BACKWARDS, told, int(stray[0])))
    if len(again := repeated_rows(columns[TIME], columns.values())):
        keep = np.ones(len(finite), dtype=bool) if keep is None else keep
        keep[again] = False
        flags.append(
            raw.flag(FlagKind.DUPLICATE_ROWS, f"{_rows(len(again))} twice; used once", int(again[0]))
        )
    return keep, flags


def _rows(count: int) -> str:
    return f"{count} row" if count == 1 else f"{count} rows"


def _table(columns: dict[str, np.ndarray], keep: np.ndarray | None) -> tuple[pd.DataFrame, list[str]]:
    """Keep the usable rows; counters become integers, sensors that only ever say 0 are left out."""
    table, dropped = {}, []
    for name, values in columns.items():
        kept = values if keep is None else values[keep]
        if ("temperature" in name or "pressure" in name) and not np.any(kept):
            dropped.append(name)
            continue
        if name not in REQUIRED_COLUMNS and np.isnan(kept).all():
            continue
        whole = name in INTEGER_COLUMNS and np.isfinite(kept).all() and np.abs(kept).max(initial=0) < 2**31
        table[name] = kept.astype(np.int32) if whole else kept
    return pd.DataFrame(table, copy=False), dropped


def _clock(raw: Table, table: pd.DataFrame, rows: np.ndarray | None) -> tuple[float | None, list[Flag]]:
    """Wall clock at time zero, and where the wall clock does not run along with the test."""
    if "unix_time_second" not in table or not len(table):
        return _started(raw), []
    time, clock = table[TIME].to_numpy(), table["unix_time_second"].to_numpy()
    known = np.flatnonzero(np.isfinite(clock))
    if not len(known):
        return _started(raw), []
    slip = np.diff(clock[known] - time[known])
    jumps = known[1:][np.abs(slip) > CLOCK_TOLERANCE_S]
    started = _started(raw)
    if started is None:
        started = float(clock[known[0]] - time[known[0]])
    if not len(jumps):
        passed, counted = (float(each[known[-1]] - each[known[0]]) for each in (clock, time))
        if abs(passed - counted) <= CLOCK_TOLERANCE_S + SAME_PACE * counted:
            return started, []
        told = f"{passed:.6g} s pass, where the time of the test, which is used, tells {counted:.6g} s"
        return started, [raw.flag(FlagKind.CLOCK, told)]
    largest = slip[np.argmax(np.abs(slip))]
    row = int(jumps[0] if rows is None else rows[jumps[0]])
    told = f"{len(jumps)} times, by up to {largest:.0f} s against the time of the test, which is used"
    return started, [raw.flag(FlagKind.CLOCK, told, row)]


def _started(raw: Table) -> float | None:
    return None if raw.started is None else raw.started.replace(tzinfo=UTC).timestamp()
