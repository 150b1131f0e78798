"""Impedance files of any format, read into spectra."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pandas as pd

from screening.errors import InputError
from screening.lab.impedance.spectrum import Spectrum
from screening.lab.readers.columns import LOOP
from screening.lab.readers.eis_table import holds_impedance, spectra_from_table
from screening.lab.readers.eis_witnesses import one_sign, refuse_count_as_frequency
from screening.lab.readers.registry import read_tables
from screening.lab.readers.source import Table
from screening.lab.readers.stamp import is_simulated
from screening.provenance import SIMULATED
from screening.units import KELVIN_AT_0_CELSIUS

DEFAULT_COLUMNS = ("freq/Hz", "Re(Z)/Ohm", "Im(Z)/Ohm")
"""What the first columns of a table without names are taken for."""

TEMPERATURE = re.compile(r"(?<![\d.])(-?)(?<!\d)(\d{1,4}(?:\.\d+)?)\s*(?:°|deg)?\s*([CK])(?![A-Za-z])")
_DOUBTFUL = re.compile(r"[^\W_]-\d+(?:\.\d+)?\s*(?:°|deg)?\s*[CK](?![A-Za-z])")


def read_spectra(path: Path) -> tuple[Spectrum, ...]:
    """Read the impedance spectra of one file, in the file's order.

    Any format of the registry, and any table of text or spreadsheet with a column of frequency and two of
    impedance. What was found (format, delimiter, decimal mark, how the sign of Z'' was settled) stands in the
    metadata of each spectrum. Areas in headers are ignored.

    Raises
    ------
    InputError
        If the file cannot be read as spectra; the message names the line.
    """
    tables = [table if table.names_known else _named(table) for table in read_tables(Path(path))]
    # without any, the first says what is lacking
    held = [table for table in tables if holds_impedance(list(table.frame.columns))] or tables[:1]
    if is_simulated(Path(path)):
        held = [replace(each, metadata={**each.metadata, "origin": SIMULATED}) for each in held]
    if len({tuple(each.frame.columns) for each in held}) > 1:
        read = [(each.metadata.get("sheet", ""), spectra_from_table(each)) for each in held]
        return tuple(
            replace(each, label=f"{each.label} {sheet}".strip())
            for sheet, spectra in read
            for each in spectra
        )
    frames = [each.frame.assign(**{LOOP: k}) for k, each in enumerate(held)]
    return spectra_from_table(replace(held[0], frame=pd.concat(frames)) if len(held) > 1 else held[0])


def _named(table: Table) -> Table:
    """A table without names under those that its first columns are taken for."""
    if len(table.frame.columns) < len(DEFAULT_COLUMNS):
        raise InputError(
            f"{len(table.frame.columns)} column(s) without names",
            where=table.where(0),
            remedy="give frequency, Z' and Z'', and name them",
        )
    refuse_count_as_frequency(table)
    names = (*DEFAULT_COLUMNS, *table.frame.columns[len(DEFAULT_COLUMNS) :])
    told = {"header": "none; the columns are taken for frequency, Z' and Z''"}
    return replace(table, frame=table.frame.set_axis(names, axis=1), metadata={**table.metadata, **told})


def read_files(paths: Sequence[Path]) -> tuple[dict[int, tuple[Spectrum, ...]], tuple[str, ...]]:
    """Read those of several files that hold spectra.

    Returns
    -------
    dict of int to tuple of Spectrum
        What was read, by the place of its file in `paths`.
    tuple of str
        One line on each file that is there and cannot be read: aborted, empty, or of another kind.

    Raises
    ------
    InputError
        If a file is absent, or none can be read: the first fault.
    """
    read, faults = {}, []
    for i, path in enumerate(paths):
        try:
            read[i] = read_spectra(path)
        except InputError as fault:
            if not path.exists():
                raise
            faults.append(fault)
    if faults and not read:
        raise faults[0]
    return read, tuple(f"skipped {fault}" for fault in faults)


def read_series(paths: Sequence[Path]) -> tuple[Spectrum, ...]:
    """Read several files as one series, in order of time where the files tell it (`join_series`).

    Raises
    ------
    InputError
        If a file cannot be read as spectra, or none is given.
    """
    if not paths:
        raise InputError("no files", remedy="give at least one impedance file")
    return join_series([read_spectra(Path(path)) for path in paths])


def join_series(files: Sequence[Sequence[Spectrum]]) -> tuple[Spectrum, ...]:
    """Spectra of several files as one series, in order of time where the files tell it.

    Times count from the first point of the series. Where one of several files does not say when it was
    started, their order is kept and no spectrum has a time: times that count from the start of different
    files would not be those of a series. The metadata then say so.
    """
    spectra = one_sign([spectrum for each in files for spectrum in each])
    starts = [spectrum.metadata.get("started") for spectrum in spectra]
    if len(files) == 1:
        if len(spectra) == 1 and starts == [None]:  # seconds since a start that nobody knows
            return (replace(spectra[0], time_s=None),)
        return spectra
    if None in starts or any(spectrum.time_s is None for spectrum in spectra):
        unknown = {"time": "time not known within the series: a file does not say when it was started"}
        return tuple(replace(s, time_s=None, metadata={**s.metadata, **unknown}) for s in spectra)
    moments = [
        datetime.fromisoformat(start or "").timestamp() + (spectrum.time_s or 0.0)
        for start, spectrum in zip(starts, spectra, strict=True)
    ]
    order = sorted(range(len(spectra)), key=moments.__getitem__)
    return tuple(replace(spectra[i], time_s=moments[i] - moments[order[0]]) for i in order)


def temperature_from_name(name: str) -> float | None:
    """Temperature in °C that a file name gives: ``peis_-25C.mpr``, ``cell 298K.txt``; None if it gives none.

    Raises
    ------
    InputError
        If it gives several, or a hyphen may be a minus or not (``LPSC-25C``).
    """
    found = [
        float(sign + value) - (KELVIN_AT_0_CELSIUS if unit == "K" else 0.0)
        for sign, value, unit in TEMPERATURE.findall(name)
    ]
    if len(found) > 1 or (found and _DOUBTFUL.search(name)):
        raise InputError(
            "the temperature cannot be told from the name", where=name, remedy="give --temperature-c"
        )
    return found[0] if found else None
