"""From an impedance table to spectra: units, sign of the imaginary part, sweeps."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from screening.errors import InputError
from screening.files import file_name
from screening.lab.impedance.spectrum import MIN_POINTS, Spectrum
from screening.lab.readers.eis_columns import POLAR, Column, Role, find_columns
from screening.lab.readers.eis_sign import SOME, sign_evidence
from screening.lab.readers.eis_witnesses import AGAINST_NAME, hear_witnesses, values_or_nan
from screening.lab.readers.text import numbers

RESTART_FACTOR = 1.5
"""A sweep starts over when its first frequency is this near to that of the first sweep."""

SWEEP_POINTS = 3
"""Fewer points between two jumps of the frequency are repeated readings, not a sweep."""

ABSOLUTE_ZERO_C = -273.15


@dataclass(frozen=True)
class Origin:
    """Where a table comes from, and how far its words are trusted.

    Attributes
    ----------
    path : Path
        The file.
    metadata : mapping of str to str
        What is known about the file; copied into each spectrum.
    sign_is_known : bool
        Whether the format fixes the sign of the imaginary column; if not, the data may overrule its name.
    """

    path: Path
    metadata: Mapping[str, str]
    sign_is_known: bool = True


def spectra_from_table(frame: pd.DataFrame, origin: Origin) -> tuple[Spectrum, ...]:
    """Spectra of a table, in the order of the file.

    A new spectrum begins where the loop or cycle column changes, and where the frequency starts over.

    Raises
    ------
    InputError
        If a column is missing, or a row cannot belong to a spectrum; the message names its line.
    """
    columns = find_columns(list(frame.columns), str(origin.path))
    frequency = _values(frame, columns[Role.FREQUENCY], origin.path)
    z = _impedance(frame, columns, origin.path)
    used = [c.name for c in columns.values() if Role.REAL not in columns or c.role not in POLAR]
    metadata = {**origin.metadata, "columns": ", ".join(used)}
    dc = (frequency == 0) & (z == 0)
    if dc.any():  # EC-Lab writes one such row after each sweep
        metadata["left_out"] = f"{np.count_nonzero(dc)} d.c. row(s): frequency and impedance zero"
        frame, frequency, z = frame[~dc], frequency[~dc], z[~dc]
    rows = _Rows(frame, origin.path)
    rows.refuse(frequency <= 0, lambda i: f"frequency of {frequency[i]:g} Hz", "frequencies must be positive")
    rows.refuse(z == 0, lambda i: f"impedance of zero at {frequency[i]:g} Hz", "remove the row")
    if not len(frame):
        raise InputError("no points", where=str(origin.path), remedy="give a measured spectrum")
    witnesses = hear_witnesses(frame, columns, z, str(origin.path))
    if witnesses.remarks:
        metadata["contradiction"] = "; ".join(witnesses.remarks)
    sweeps = _sweeps(frame, columns, frequency, rows)
    if len(sweeps) > 1 and sweeps[-1].stop - sweeps[-1].start < MIN_POINTS:
        metadata["broken_off"] = f"last sweep, after {sweeps[-1].stop - sweeps[-1].start} point(s); left out"
        sweeps.pop()
    column = columns.get(Role.IMAGINARY) or columns[Role.PHASE]
    z, metadata["imaginary_sign"] = _with_sign(frequency, z, sweeps, column, witnesses.sign, origin)
    time = _optional(frame, columns.get(Role.TIME))
    if time is not None and not np.isfinite(time).all():
        metadata["time"], time = f"column {columns[Role.TIME].name!r} holds no numbers; not used", None
    temperature = _optional(frame, columns.get(Role.TEMPERATURE))
    stem, many = file_name(origin.path).removesuffix(origin.path.suffix), len(sweeps) > 1
    return tuple(
        Spectrum(
            frequency[s],
            z[s],
            time_s=None if time is None else float(time[s.start]),
            temperature_c=None if temperature is None else _mean(temperature[s]),
            label=f"{stem} #{k + 1}" if many else stem,
            source=rows.where(s.start) if many else str(origin.path),
            metadata=metadata,
        )
        for k, s in enumerate(sweeps)
    )


@dataclass(frozen=True)
class _Rows:
    frame: pd.DataFrame
    path: Path

    def where(self, row: int) -> str:
        return f"{self.path}, {self.frame.index.name or 'line'} {self.frame.index[row]}"

    def refuse(self, bad: NDArray[np.bool_], message: Callable[[int], str], remedy: str) -> None:
        if bad.any():
            row = int(bad.argmax())
            raise InputError(message(row), where=self.where(row), remedy=remedy)


def _values(frame: pd.DataFrame, column: Column, path: Path) -> NDArray[np.float64]:
    values = numbers(frame[column.name], path) * column.factor + column.offset
    if not column.log10:
        return values
    with np.errstate(over="ignore"):
        return np.minimum(10.0**values, np.finfo(float).max)


def _impedance(frame: pd.DataFrame, columns: Mapping[Role, Column], path: Path) -> NDArray[np.complex128]:
    """Impedance with the signs that the column names give."""
    signed = {role: -1.0 if columns[role].negated else 1.0 for role in columns}
    if Role.REAL in columns:
        real = signed[Role.REAL] * _values(frame, columns[Role.REAL], path)
        return real + 1j * signed[Role.IMAGINARY] * _values(frame, columns[Role.IMAGINARY], path)
    phase = signed[Role.PHASE] * _values(frame, columns[Role.PHASE], path)
    return _values(frame, columns[Role.MODULUS], path) * np.exp(1j * phase)


def _sweeps(
    frame: pd.DataFrame, columns: Mapping[Role, Column], frequency: NDArray[np.float64], rows: _Rows
) -> list[slice]:
    """Rows of each sweep: where a counter changes, or else where the frequency starts over."""
    change = np.zeros(len(frame), dtype=bool)
    for role in (Role.LOOP, Role.CYCLE):
        if role in columns:
            codes = pd.factorize(frame[columns[role].name])[0]
            steps = np.flatnonzero(np.diff(codes)) + 1
            if steps.size < len(frame) // MIN_POINTS:  # a counter of points is none of sweeps
                change[steps] = True
    bounds = [0, *np.flatnonzero(change).tolist(), len(frame)]
    sweeps: list[slice] = []
    for start, stop in itertools.pairwise(bounds):
        values = frequency[start:stop]
        if np.unique(values).size == values.size:
            sweeps.append(slice(start, stop))
        else:
            sweeps += _restarts(values, start, rows)
    if len(sweeps) == 1 and len(frame) < MIN_POINTS:
        raise InputError("one point", where=rows.where(0), remedy=f"give at least {MIN_POINTS} frequencies")
    return sweeps


def _restarts(frequency: NDArray[np.float64], offset: int, rows: _Rows) -> list[slice]:
    """Split where the frequency jumps back to where it began; anything else repeated is an error."""
    step = np.sign(np.diff(frequency))
    jumps = np.flatnonzero(step == -np.sign(step.sum())) + 1
    bounds = [0, *jumps.tolist(), frequency.size]
    starts_over = np.abs(np.log(frequency[jumps] / frequency[0])) < np.log(RESTART_FACTOR)
    repeated = np.flatnonzero(pd.Series(frequency).duplicated().to_numpy())[0]
    if (
        not jumps.size
        or (step == 0).any()
        or not starts_over.all()
        or np.diff(bounds)[:-1].min() < SWEEP_POINTS
    ):
        repeated = np.flatnonzero(step == 0)[0] + 1 if (step == 0).any() else repeated
        raise InputError(
            f"frequency {frequency[repeated]:g} Hz appears again",
            where=rows.where(offset + int(repeated)),
            remedy="keep one point per frequency, or add a column 'loop' that counts the spectra",
        )
    return [slice(offset + a, offset + b) for a, b in itertools.pairwise(bounds)]


def _with_sign(
    frequency: NDArray[np.float64],
    z: NDArray[np.complex128],
    sweeps: list[slice],
    column: Column,
    phase_sign: int,
    origin: Origin,
) -> tuple[NDArray[np.complex128], str]:
    """Impedance with the sign of Z'' settled, one for all sweeps of the table, and how it was settled.

    Where the data do not tell, the sign of the column of phase decides: Z'' is often written with its sign
    reversed under the plain name, the phase hardly ever.
    """
    evidence = sign_evidence([Spectrum(frequency[s], z[s]) for s in sweeps[:SOME]])
    part = "phase" if column.role is Role.PHASE else str(Role.IMAGINARY)
    said, opposite = (f"-{part}", part) if column.negated else (part, f"-{part}")
    by = "by the format" if origin.sign_is_known else f"by the name {column.name!r}"
    if evidence.sign > 0:
        return z, f"{said} {by}, as the {evidence.test} test confirms"
    if origin.sign_is_known:
        against = evidence.sign < 0 or phase_sign < 0
        doubt = evidence.told if evidence.sign < 0 else "the sign of the phase"
        return z, f"{said} {by}, " + (
            f"against {doubt}" if against else "which the data neither confirm nor deny"
        )
    if evidence.sign < 0:
        return z.conj(), f"{opposite} by the data ({evidence.told}), {AGAINST_NAME} {column.name!r}"
    if phase_sign < 0:
        return z.conj(), f"{opposite} by the sign of the phase, {AGAINST_NAME} {column.name!r}"
    confirmed = "as the phase confirms" if phase_sign > 0 else "which the data neither confirm nor deny"
    return z, f"{said} {by}, {confirmed}"


def _optional(frame: pd.DataFrame, column: Column | None) -> NDArray[np.float64] | None:
    """Values of a column that a spectrum can do without; NaN where a cell is no number."""
    return None if column is None else values_or_nan(frame, column)


def _mean(temperature_c: NDArray[np.float64]) -> float | None:
    """Mean of the readings; an absent sensor is written as an impossible temperature."""
    possible = temperature_c[temperature_c > ABSOLUTE_ZERO_C]
    return float(possible.mean()) if possible.size else None
