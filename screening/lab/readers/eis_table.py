"""From an impedance table to spectra: units, sign of the imaginary part, sweeps."""

import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from screening.errors import InputError
from screening.files import file_name
from screening.lab.cycling.table import FREQUENCY, TIME, FlagKind
from screening.lab.impedance.spectrum import MIN_POINTS, Spectrum
from screening.lab.readers.columns import (
    AREAL,
    CYCLE,
    LOOP,
    PHASE,
    TEMPERATURE,
    Z_IMAGINARY,
    Z_MODULUS,
    Z_REAL,
    Column,
    match,
    refuse_twins,
)
from screening.lab.readers.cycling_time import unix_seconds
from screening.lab.readers.eis_sign import POOR, SOME, apart, causal_residual, sign_evidence
from screening.lab.readers.eis_witnesses import UNTOLD, hear_witnesses
from screening.lab.readers.numbers import numbers
from screening.lab.readers.source import Table

RESTART_FACTOR = 1.5
"""A sweep starts over when its first frequency is this near to that of the first sweep."""

SWEEP_POINTS = 3
"""Fewer points between two jumps of the frequency are repeated readings, not a sweep."""

RIGHT_ANGLE_RAD = 1.05 * np.pi / 2.0
"""No passive cell has a phase beyond a right angle, but for the error of the instrument."""

ABSOLUTE_ZERO_C = -273.15
_OTHER_ELECTRODE = re.compile(r"^(?:Re\(|\|)Z(?:we-ce|ce|stack|\d+)(?:\)|\|)", re.IGNORECASE)
_CARTESIAN, _POLAR = (Z_REAL, Z_IMAGINARY), (Z_MODULUS, PHASE)
_WANTED = (FREQUENCY, *_CARTESIAN, *_POLAR, TIME, TEMPERATURE, LOOP, CYCLE)


def holds_impedance(names: Sequence[str]) -> bool:
    """Whether columns of these names hold frequency and impedance."""
    found = match(names, _WANTED)
    return FREQUENCY in found and any(set(part) <= found.keys() for part in (_CARTESIAN, _POLAR))


def find_columns(names: Sequence[str], where: str) -> dict[str, Column]:
    """Recognise the columns of an impedance table; beside Z' and Z'', |Z| and phase are witnesses.

    Raises
    ------
    InputError
        If the frequency or the impedance is missing, or the impedance is given per area.
    """
    if not holds_impedance(names):
        raise InputError(
            f"no columns of frequency and impedance among {', '.join(map(repr, names[:12]))}",
            where=where,
            remedy="name them, for example: freq/Hz, Re(Z)/Ohm, -Im(Z)/Ohm",
        )
    found = match(names, _WANTED)
    for column in found.values():
        if column.unit == AREAL:
            raise InputError(
                f"column {column.header!r} is given per area",
                where=where,
                remedy="export the impedance of the cell in ohm",
            )
    if not set(_CARTESIAN) <= found.keys():
        found = {quantity: column for quantity, column in found.items() if quantity not in _CARTESIAN}
    return found


def spectra_from_table(table: Table) -> tuple[Spectrum, ...]:
    """Spectra of a table, in the order of the file.

    A new spectrum begins where the loop or cycle column changes, and where the frequency starts over.

    Raises
    ------
    InputError
        If a column is missing, or a row cannot belong to a spectrum; the message names its line.
    """
    columns = find_columns(list(table.frame.columns), str(table.path))
    refuse_twins(table.frame, columns.values(), str(table.path))
    frequency, z = _values(table, columns[FREQUENCY]), _impedance(table, columns)
    used = [c.header for c in columns.values() if Z_REAL not in columns or c.quantity not in _POLAR]
    metadata = {**table.metadata, "columns": ", ".join(used)}
    if table.started is not None:
        metadata["started"] = table.started.isoformat(sep=" ")
    metadata |= _taken(table, columns)
    dc = (frequency == 0) & (z == 0)
    if dc.any():  # EC-Lab writes one such row after each sweep
        metadata["left_out"] = f"{np.count_nonzero(dc)} d.c. row(s): frequency and impedance zero"
        table, frequency, z = replace(table, frame=table.frame[~dc]), frequency[~dc], z[~dc]
    _refuse(
        table, frequency <= 0, lambda i: f"frequency of {frequency[i]:g} Hz", "frequencies must be positive"
    )
    _refuse(table, z == 0, lambda i: f"impedance of zero at {frequency[i]:g} Hz", "remove the row")
    if not len(z):
        raise InputError("no points", where=str(table.path), remedy="give a measured spectrum")
    witnesses = hear_witnesses(table, columns, z)
    if witnesses.remarks:
        metadata["contradiction"] = "; ".join(witnesses.remarks)
    sweeps = _sweeps(table, columns, frequency)
    cut = [flag.message for flag in table.flags if flag.kind is FlagKind.TRUNCATED]
    if len(sweeps) > 1 and sweeps[-1].stop - sweeps[-1].start < MIN_POINTS:
        cut.append(f"last sweep, after {sweeps[-1].stop - sweeps[-1].start} point(s); left out")
        sweeps.pop()
    metadata |= {"broken_off": "; ".join(cut)} if cut else {}
    signed = columns.get(Z_IMAGINARY) or columns[PHASE]
    if Z_REAL not in columns:
        z, metadata["phase_unit"] = _with_phase_unit(table, frequency, z, sweeps, columns[PHASE])
    z, metadata["imaginary_sign"] = _with_sign(table, frequency, z, sweeps, signed, witnesses.sign)
    if not table.names_known:
        _refuse_no_impedance(table, [Spectrum(frequency[s], z[s]) for s in sweeps[:SOME]])
    temperature = columns[TEMPERATURE].values(table.frame) if TEMPERATURE in columns else None
    time, told = _time_s(table, columns.get(TIME))
    metadata |= told
    stem, many = file_name(table.path).removesuffix(table.path.suffix), len(sweeps) > 1
    return tuple(
        Spectrum(
            frequency[s],
            z[s],
            time_s=None if time is None else float(time[s.start]),
            temperature_c=None if temperature is None else _mean(temperature[s]),
            label=f"{stem} #{k + 1}" if many else stem,
            source=table.where(s.start) if many else str(table.path),
            metadata=metadata,
        )
        for k, s in enumerate(sweeps)
    )


def spectra_among(table: Table, points: NDArray[np.bool_]) -> tuple[Spectrum, ...]:
    """Spectra of those rows of a cycling record that are impedance points; each run of rows has its own.

    Runs of fewer than `SWEEP_POINTS` rows are no spectrum. None where the table has no impedance.

    Raises
    ------
    InputError
        As `spectra_from_table`.
    """
    if not holds_impedance(list(table.frame.columns)):
        return ()
    run = np.cumsum(np.diff(points, prepend=False))  # odd where there are points
    whole = points & (np.bincount(run)[run] >= SWEEP_POINTS)
    if not whole.any():
        return ()
    frame = table.frame[whole]
    several = np.ptp(run[whole]) > 0  # the file's own count of loops tells more than a single run
    return spectra_from_table(replace(table, frame=frame.assign(**{LOOP: run[whole]}) if several else frame))


def _refuse(table: Table, bad: NDArray[np.bool_], message: Callable[[int], str], remedy: str) -> None:
    if bad.any():
        row = int(bad.argmax())
        raise InputError(message(row), where=table.where(row), remedy=remedy)


def _values(table: Table, column: Column) -> NDArray[np.float64]:
    return column.scaled(numbers(table.frame[column.header], table.path))


def _impedance(table: Table, columns: Mapping[str, Column]) -> NDArray[np.complex128]:
    """Impedance with the signs that the column names give."""
    first, second = (_values(table, columns[each]) for each in (_CARTESIAN if Z_REAL in columns else _POLAR))
    return first + 1j * second if Z_REAL in columns else first * np.exp(1j * second)


def _sweeps(table: Table, columns: Mapping[str, Column], frequency: NDArray[np.float64]) -> list[slice]:
    """Rows of each sweep: where a counter changes, or else where the frequency starts over."""
    change = np.zeros(len(frequency), dtype=bool)
    for role in (LOOP, CYCLE):
        if role in columns:
            codes = pd.factorize(table.frame[columns[role].header])[0]
            steps = np.flatnonzero(np.diff(codes)) + 1
            if steps.size < len(frequency) // MIN_POINTS:  # a counter of points is none of sweeps
                change[steps] = True
    bounds = [0, *np.flatnonzero(change).tolist(), len(frequency)]
    sweeps: list[slice] = []
    for start, stop in itertools.pairwise(bounds):
        values = frequency[start:stop]
        if np.unique(values).size == values.size:
            sweeps.append(slice(start, stop))
        else:
            sweeps += _restarts(values, start, table)
    if len(sweeps) == 1 and len(frequency) < MIN_POINTS:
        raise InputError("one point", where=table.where(0), remedy=f"give at least {MIN_POINTS} frequencies")
    return sweeps


def _restarts(frequency: NDArray[np.float64], offset: int, table: Table) -> list[slice]:
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
            where=table.where(offset + int(repeated)),
            remedy="keep one point per frequency, or add a column 'loop' that counts the spectra",
        )
    return [slice(offset + a, offset + b) for a, b in itertools.pairwise(bounds)]


def _with_phase_unit(
    table: Table,
    frequency: NDArray[np.float64],
    z: NDArray[np.complex128],
    sweeps: list[slice],
    column: Column,
) -> tuple[NDArray[np.complex128], str]:
    """Impedance with the unit of its phase settled, degrees or radians, and how.

    Raises
    ------
    InputError
        If the header states a unit, and only the other makes a causal impedance.
    """
    units = ("rad", "°") if abs(column.factor) == 1.0 else ("°", "rad")
    told = f"phase in {units[0]} " + ("by the name" if column.unit else "assumed: no unit is stated")
    phase = column.values(table.frame) * (np.pi / 180.0 if units[0] == "rad" else 180.0 / np.pi)
    if np.abs(phase).max() > RIGHT_ANGLE_RAD:  # in the other unit it is of no passive cell
        return z, told
    other = np.abs(z) * np.exp(1j * phase)
    named, turned = (
        min(
            causal_residual([Spectrum(frequency[s], signed[s]) for s in sweeps[:SOME]])
            for signed in (each, each.conj())
        )
        for each in (z, other)
    )
    if not apart(named, turned) or named < turned:
        return z, told
    residuals = f"Kramers-Kronig residual {100 * turned:.1g} % against {100 * named:.2g} %"
    if column.unit:
        raise InputError(
            f"the phase in {column.header!r} is rather in {units[1]} ({residuals})",
            where=str(table.path),
            remedy="correct the unit in the header",
        )
    return other, f"phase in {units[1]} by the data ({residuals}): no unit is stated"


def _refuse_no_impedance(table: Table, spectra: Sequence[Spectrum]) -> None:
    """Refuse a table without names whose numbers, in the order assumed, are of no cell.

    Raises
    ------
    InputError
        If Z' is negative throughout, or no causal impedance fits.
    """
    residual = causal_residual(spectra)
    fault = ""
    if all((spectrum.z_ohm.real < 0).all() for spectrum in spectra):
        fault = "Z' is negative throughout"
    elif residual > POOR:
        fault = f"the Kramers-Kronig residual is {100 * residual:.2g} %"
    if fault:
        raise InputError(
            f"a table without names; read as frequency, Z' and Z'', {fault}",
            where=table.where(0),
            remedy="name the columns, for example: freq/Hz, Re(Z)/Ohm, -Im(Z)/Ohm",
        )


def _with_sign(
    table: Table,
    frequency: NDArray[np.float64],
    z: NDArray[np.complex128],
    sweeps: list[slice],
    column: Column,
    phase_sign: int,
) -> tuple[NDArray[np.complex128], str]:
    """Impedance with the sign of Z'' settled, one for all sweeps of the table, and how it was settled.

    Where the data do not tell, the sign of the column of phase decides: Z'' is often written with its sign
    reversed under the plain name, the phase hardly ever.
    """
    evidence = sign_evidence([Spectrum(frequency[s], z[s]) for s in sweeps[:SOME]])
    part = "phase" if column.quantity == PHASE else "Z''"
    said, opposite = (f"-{part}", part) if column.negated else (part, f"-{part}")
    name = f"name {column.header!r}" if table.names_known else "name assumed"
    by = "by the format" if table.sign_is_known else f"by the {name}"
    if evidence.sign > 0:
        fits = f"as the {evidence.test} test confirms"
        if evidence.named > POOR:
            fits = f"which the data fit badly, and the opposite worse ({evidence.told})"
        elif phase_sign < 0:
            fits += ", against the sign of the phase"
        return z, f"{said} {by}, {fits}"
    if table.sign_is_known:
        against = evidence.sign < 0 or phase_sign < 0
        doubt = evidence.told if evidence.sign < 0 else "the sign of the phase"
        return z, f"{said} {by}, " + (f"against {doubt}" if against else UNTOLD)
    if evidence.sign < 0:
        return z.conj(), f"{opposite} by the data ({evidence.told}), against the {name}"
    if phase_sign < 0:
        return z.conj(), f"{opposite} by the sign of the phase, against the {name}"
    confirmed = "as the phase confirms" if phase_sign > 0 else UNTOLD
    return z, f"{said} {by}, {confirmed}"


def _taken(table: Table, columns: Mapping[str, Column]) -> dict[str, str]:
    """What was taken without being stated: a frequency in Hz, one impedance of several."""
    told, frequency = {}, columns[FREQUENCY]
    if table.names_known and not frequency.unit:
        told["frequency_unit"] = f"frequency in {frequency.header!r} taken as Hz: no unit is stated"
    others = [name for name in map(str, table.frame.columns) if _OTHER_ELECTRODE.search(name)]
    if others:
        read = columns.get(Z_REAL) or columns[Z_MODULUS]
        told["electrodes"] = f"several impedances: {read.header!r} is read, {', '.join(others)} not"
    return told


def _time_s(table: Table, column: Column | None) -> tuple[NDArray[np.float64] | None, dict[str, str]]:
    """Time of each row in s, since the first where the rows are dated, if any; and what is told of it."""
    if column is None:
        return None, {}
    time = column.values(table.frame)
    if np.isfinite(time).all():
        return time, {}
    dated = unix_seconds(table.frame[column.header], np.full(len(time), np.nan))
    if not np.isfinite(dated).all():
        return None, {"time": f"column {column.header!r} holds no numbers; not used"}
    started = datetime.fromtimestamp(dated[0], UTC).replace(tzinfo=None)
    return dated - dated[0], {"started": started.isoformat(sep=" ")}


def _mean(temperature_c: NDArray[np.float64]) -> float | None:
    """Mean of the readings; an absent sensor is written as an impossible temperature."""
    possible = temperature_c[temperature_c > ABSOLUTE_ZERO_C]
    return float(possible.mean()) if possible.size else None
