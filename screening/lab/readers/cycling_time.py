"""The time axis of a cycling file: clocks and dates read, step times added up, stray values found."""

import re
from collections.abc import Iterable

import numpy as np
import pandas as pd

from screening.errors import InputError
from screening.lab.readers.columns import SHORT_CLOCK_UNIT, Column
from screening.lab.readers.numbers import Array

MAX_STRAY_SHARE = 0.01
"""More rows out of order than this are no stray values: the file is not one test in one piece."""

MIN_STRAY = 10
"""So many stray rows are mended even in a short file."""

_CLOCK = re.compile(
    r"^\s*(?:(?P<days>\d+)\s*(?:d|days?|-)[\s,]*)?(?P<hours>\d+):(?P<minutes>\d+)"
    r"(?::(?P<seconds>\d+(?:[.,]\d*)?)|(?P<fraction>[.,]\d+))?\s*$",
    re.IGNORECASE,
)
_EXCEL_DAYS = (20_000.0, 80_000.0)
_UNIX_SECONDS = (1e8, 1e10)
_EXCEL_EPOCH_UNIX_S = -2_209_161_600.0


def seconds(column: Column, frame: pd.DataFrame) -> Array:
    """Durations in s: numbers in the unit of the column, clocks such as ``101:02:03.5`` or ``1d 02:03:04``;
    else NaN, shape (n_rows,).
    """
    cells = frame[column.header]
    if pd.api.types.is_timedelta64_dtype(cells.dtype):
        return cells.dt.total_seconds().to_numpy(dtype=float)
    values = column.values(frame)
    rest = np.flatnonzero(np.isnan(values))
    if not len(rest):
        return values
    text = cells.iloc[rest].astype(str).str.extract(_CLOCK)
    parts = {name: pd.to_numeric(text[name].str.replace(",", "."), errors="coerce") for name in text}
    clock = parts["hours"] * 3600.0 + parts["minutes"] * 60.0
    if column.unit == SHORT_CLOCK_UNIT:
        clock = clock.where(parts["seconds"].notna(), clock / 60.0)
    elif parts["fraction"].notna().any():  # no minute has decimals beside a number of hours
        clock = clock / 60.0
    clock = (
        clock
        + parts["fraction"].fillna(0.0)
        + parts["seconds"].fillna(0.0)
        + parts["days"].fillna(0.0) * 86400.0
    )
    values = values.copy()
    values[rest] = clock.to_numpy(dtype=float)
    return values


def short_clock(column: Column, frame: pd.DataFrame) -> bool:
    """Whether the cells are clocks of two parts, and no unit says which: ``0:30``."""
    if column.unit or pd.api.types.is_numeric_dtype(frame[column.header].dtype):
        return False
    text = frame[column.header].dropna().astype(str)
    return len(text) > 0 and bool(text.str.fullmatch(r"\s*\d+:\d\d\s*").all())


def unix_seconds(column: pd.Series, elapsed_s: Array) -> Array:
    """Wall clock as seconds since 1970 (the cycler's own clock taken for UTC), NaN where it cannot be read,
    shape (n_rows,).

    Dates stand as text, date objects, spreadsheet days or unix seconds. The time of the test, `elapsed_s`
    (n_rows,), tells day-first from month-first dates: the reading that runs along with it is taken, without
    one that which takes less time, month first where both are alike.
    """
    if pd.api.types.is_numeric_dtype(column.dtype):
        values = column.to_numpy(dtype=float, na_value=np.nan)
        days = (values > _EXCEL_DAYS[0]) & (values < _EXCEL_DAYS[1])
        known = (values > _UNIX_SECONDS[0]) & (values < _UNIX_SECONDS[1])
        return np.where(days, values * 86400.0 + _EXCEL_EPOCH_UNIX_S, np.where(known, values, np.nan))
    readings = [_dates(column, day_first=day_first) for day_first in (False, True)]
    return min(readings, key=lambda reading: _disagreement(reading, elapsed_s))


def _dates(column: pd.Series, *, day_first: bool) -> Array:
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        parsed = column
    else:
        text = column.astype(str).str.strip()
        form = _date_format(
            next((item for item in text.dropna().iloc[:100] if _date_format(item, day_first)), ""), day_first
        )
        parsed = (
            pd.to_datetime(text, format=form, errors="coerce")
            if form
            else pd.Series(pd.NaT, index=column.index)
        )
    values = parsed.astype("datetime64[ms]").astype("int64").to_numpy(dtype=float) / 1e3
    return np.where(parsed.isna().to_numpy(), np.nan, values)


_DATE = re.compile(
    r"^(?:(?P<year>\d{4})(?P<iso>[-/.])\d{1,2}(?P=iso)\d{1,2}|\d{1,2}(?P<mark>[-/.])\d{1,2}(?P=mark)(?P<century>\d\d)?\d\d)"
    r"(?P<gap>[ T])\s*(?P<clock>\d{1,2}:\d\d(?P<secs>:\d\d)?(?P<fraction>[.:]\d{1,6})?)(?P<half> [AP]M)?$",
    re.IGNORECASE,
)


def _date_format(text: str, day_first: bool) -> str:
    """Format of one date for the parser; empty where it is none."""
    found = _DATE.match(text)
    if found is None:
        return ""
    year = "%Y" if found["year"] or found["century"] else "%y"
    if found["year"]:
        day = found["iso"].join(("%Y", "%m", "%d"))
    else:
        day = found["mark"].join(("%d", "%m", year) if day_first else ("%m", "%d", year))
    clock = ("%I" if found["half"] else "%H") + ":%M" + (":%S" if found["secs"] else "")
    fraction = found["fraction"][0] + "%f" if found["fraction"] else ""
    return day + found["gap"] + clock + fraction + (" %p" if found["half"] else "")


def _disagreement(reading: Array, elapsed_s: Array) -> tuple[int, float]:
    dated = reading[np.isfinite(reading)]
    known = np.flatnonzero(np.isfinite(reading) & np.isfinite(elapsed_s))
    if len(known) < 2:  # the wrong reading jumps by a month at midnight
        return len(reading) - len(dated), float(np.abs(np.diff(dated)).sum())
    first, last = known[0], known[-1]
    return len(reading) - len(known), abs(
        (reading[last] - reading[first]) - (elapsed_s[last] - elapsed_s[first])
    )


def accumulated(step_time_s: Array) -> Array:
    """Total time from a time that starts anew with each step, shape (n_rows,), s; rows without a time keep
    none.
    """
    total = np.full(len(step_time_s), np.nan)
    known = np.isfinite(step_time_s)
    time = step_time_s[known]
    increments = np.diff(time, prepend=time[:1])
    resets = increments < 0
    increments[resets] = time[resets]
    total[known] = np.cumsum(increments)
    return total


def resets_with(time_s: Array, step: Array | None) -> bool:
    """Whether the time falls back to near zero again and again, and where the step changes: a step time."""
    back = np.flatnonzero(time_s[1:] < time_s[:-1]) + 1
    if len(back) < 1 or step is None:
        return False
    changed = step[back] != step[back - 1]
    # a new step begins below the shortest time reached by the steps before
    small = time_s[back] <= 0.5 * time_s[back - 1]
    return bool(np.mean(changed & small) >= 0.9)


def stray_rows(time_s: Array, where: str, line: pd.Index) -> np.ndarray:
    """Rows whose time is out of order in a series that otherwise runs on, shape (n_stray,).

    Raises
    ------
    InputError
        If time falls back and stays back, or more rows are out of order than single damaged values explain.
    """
    back = np.flatnonzero(time_s[1:] < time_s[:-1])
    if not len(back):
        return back
    stray: list[int] = []
    many = len(back) > max(MIN_STRAY, MAX_STRAY_SHARE * len(time_s))
    for before in back if not many else back[:1]:
        after = before + 1
        if not many and (before == 0 or time_s[after] >= time_s[before - 1]):
            stray.append(before)
        elif not many and (after + 1 == len(time_s) or time_s[after + 1] >= time_s[before]):
            stray.append(after)
        else:
            raise InputError(
                f"time runs backwards from {time_s[before]:.6g} to {time_s[after]:.6g} s",
                where=f"{where}, line {line[after]}",
                remedy="split the file where a new test begins and give the parts in order",
            )
    kept = np.delete(time_s, stray)
    if np.any(kept[1:] < kept[:-1]):
        raise InputError(
            "time runs backwards in neighbouring rows",
            where=f"{where}, line {line[stray[0]]}",
            remedy="remove the damaged rows",
        )
    return np.array(stray, dtype=np.int64)


def repeated_rows(time_s: Array, columns: Iterable[Array]) -> np.ndarray:
    """Rows that say in every column what the row before says, shape (n_repeated,)."""
    again = np.flatnonzero(np.diff(time_s) == 0) + 1
    for values in columns:
        same = values[again] == values[again - 1]
        again = again[same | (np.isnan(values[again]) & np.isnan(values[again - 1]))]
    return again
