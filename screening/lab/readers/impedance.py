"""Impedance files of any supported instrument, read into spectra.

The format is told by the content; the suffix decides only where the content leaves it open.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from screening.errors import InputError
from screening.lab.impedance.spectrum import Spectrum
from screening.lab.readers.biologic import MPR_MAGIC, MPT_MAGIC, read_biologic
from screening.lab.readers.eis_columns import find_columns
from screening.lab.readers.eis_instruments import (
    GAMRY_CURVE,
    IVIUM_BLOCK,
    ZPLOT_MAGIC,
    read_gamry,
    read_ivium,
    read_zplot,
)
from screening.lab.readers.eis_table import Origin, spectra_from_table
from screening.lab.readers.eis_witnesses import one_sign, refuse_count_as_frequency
from screening.lab.readers.stamp import is_simulated
from screening.lab.readers.text import TableLayout, Text, decode, find_table, parse_table, read_bytes
from screening.provenance import SIMULATED
from screening.units import KELVIN_AT_0_CELSIUS

_IVIUM_SUFFIXES = (".idf", ".ids")
_HEAD_BYTES = 2**16
DEFAULT_COLUMNS = ("freq/Hz", "Re(Z)/Ohm", "Im(Z)/Ohm")
"""What the first columns of a table without names are taken for."""

_NAMES_STAND = re.compile(r"freq|z''|imag|im\(z", re.IGNORECASE)
_TEMPERATURE = re.compile(r"(?<![\d.])(-?)(?<!\d)(\d{1,4}(?:\.\d+)?)\s*(?:°|deg)?\s*([CK])(?![A-Za-z])")
_DOUBTFUL = re.compile(r"[^\W_]-\d+(?:\.\d+)?\s*(?:°|deg)?\s*[CK](?![A-Za-z])")


def read_spectra(path: Path) -> tuple[Spectrum, ...]:
    """Read the impedance spectra of one file, in the file's order.

    BioLogic .mpr (extra ``biologic``) and .mpt, Gamry .dta, ZPlot .z, Ivium .idf and .ids, and any table of
    text with a column of frequency and two of impedance. What was found (format, delimiter, decimal mark,
    how the sign of Z'' was settled) stands in the metadata of each spectrum. Areas in headers are ignored.

    Raises
    ------
    InputError
        If the file cannot be read as spectra; the message names the line.
    """
    path = Path(path)
    data = read_bytes(path)
    head = data[:_HEAD_BYTES]
    if head.startswith(MPR_MAGIC):
        return _read_ec_lab(path)
    if path.suffix.lower() in _IVIUM_SUFFIXES or IVIUM_BLOCK.encode() in head:
        return read_ivium(path, data)
    text = decode(path, data)
    if MPT_MAGIC.match(text.content):
        return _read_ec_lab(path)
    if text.content.startswith("EXPLAIN") or GAMRY_CURVE.search(text.content[:_HEAD_BYTES]):
        return read_gamry(text)
    if ZPLOT_MAGIC.match(text.content):
        return read_zplot(text)
    return _read_generic(text)


def _read_ec_lab(path: Path) -> tuple[Spectrum, ...]:
    file = read_biologic(path)
    metadata = {"format": f"BioLogic {path.suffix.lower()}", "technique": file.technique}
    if file.started is not None:
        metadata["started"] = file.started.isoformat(sep=" ")
    if file.notes:
        metadata["notes"] = "; ".join(file.notes)
    return spectra_from_table(file.frame, Origin(path, metadata))


def _read_generic(text: Text) -> tuple[Spectrum, ...]:
    layout = find_table(text)
    _refuse_unread_names(text, layout)
    metadata = {
        "format": "text",
        "encoding": text.encoding,
        "delimiter": {"\t": "tab", " ": "blanks"}.get(layout.delimiter, layout.delimiter),
        "decimal": layout.decimal,
    }
    if is_simulated(text.path):
        metadata["origin"] = SIMULATED
    if layout.header_line is None:
        if len(layout.columns) < len(DEFAULT_COLUMNS):
            raise InputError(
                f"{len(layout.columns)} column(s) without names",
                where=text.where(layout.first_line),
                remedy="give frequency, Z' and Z'', and name them",
            )
        layout = replace(layout, columns=(*DEFAULT_COLUMNS, *layout.columns[len(DEFAULT_COLUMNS) :]))
        metadata["header"] = "none; the columns are taken for frequency, Z' and Z''"
    find_columns(layout.columns, str(text.path))  # a table of something else is refused before it is parsed
    frame = parse_table(text, layout)
    if layout.header_line is None:
        refuse_count_as_frequency(frame, text.where(layout.first_line))
    return spectra_from_table(frame, Origin(text.path, metadata, sign_is_known=False))


def _refuse_unread_names(text: Text, layout: TableLayout) -> None:
    """Refuse a table above which names stand that could not be matched to its columns."""
    above = [line for line in text.lines(layout.first_line - 1) if line.strip()][-3:]
    if layout.header_line is None and any(_NAMES_STAND.search(line) for line in above):
        raise InputError(
            f"{len(layout.columns)} columns under names that cannot be told apart as so many",
            where=text.where(layout.first_line - 1),
            remedy="give one name to each column",
        )


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
        return spectra
    if None in starts or any(spectrum.time_s is None for spectrum in spectra):
        unknown = {"time": "not known within the series: a file does not say when it was started"}
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
        for sign, value, unit in _TEMPERATURE.findall(name)
    ]
    if len(found) > 1 or (found and _DOUBTFUL.search(name)):
        raise InputError(
            "the temperature cannot be told from the name", where=name, remedy="give --temperature-c"
        )
    return found[0] if found else None
