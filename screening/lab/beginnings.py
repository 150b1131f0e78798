"""Sheets for a folder of raw files: which is a measurement, and of which kind of cell."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import numpy as np

from screening.errors import InputError
from screening.lab.cell import Kind
from screening.lab.cycling.kind import kind_of
from screening.lab.experiments import SUFFIX
from screening.lab.readers.cycling import read_cycling
from screening.lab.readers.diffraction import read_pattern
from screening.lab.readers.impedance import TEMPERATURE, read_spectra, temperature_from_name

PASSED_OVER = (SUFFIX, ".md", ".json", ".png", ".svg", ".pdf", ".html")
"""Endings of files that no instrument writes for its measurements."""

COUNTER = re.compile(r"[-_ .]+(?:cycle|eis|gcpl|peis|rest|part)[-_ .#]*\d+$", flags=re.IGNORECASE)
"""What tells files of one cell apart: a word of the measurement and a number at the end of the name. A bare
number, ``cell01``, or a channel, ``C01``, is how laboratories tell cells apart."""

SPECTRUM = re.compile(r"[-_ .]+#?\d+$")
"""A bare number does tell single spectra of one cell apart."""

STRUCTURE = ".cif"

LEAST_SPAN_DEG = 10.0
"""A table of two columns over less than this is no powder pattern."""


@dataclass
class Found:
    """Raw files that belong to one cell.

    Attributes
    ----------
    kind : Kind or None
        Told from the records; None where they do not tell.
    cycling, impedance : list of Path
    remarks : list of str
    temperatures_c : set of float
        That the names of single spectra state.
    """

    kind: Kind | None = None
    cycling: list[Path] = field(default_factory=list)
    impedance: list[Path] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    temperatures_c: set[float] = field(default_factory=set)


def find_cells(directory: Path) -> tuple[dict[str, Found], list[str]]:
    """Raw files of a folder and its subfolders by cell, and a line on each file that is no measurement.

    Files beside each other and of one kind of measurement belong to one cell where their names differ by a
    word of the measurement with a number, ``_rest3``; single spectra by a bare number, ``_003``, or by a
    temperature, ``_-25C``, several of which make a pellet.

    Raises
    ------
    InputError
        If the directory does not exist.
    """
    if not directory.is_dir():
        raise InputError("no such directory", where=str(directory), remedy="give the folder of the raw files")
    cells: dict[str, Found] = {}
    passed: list[str] = []
    for path in sorted(directory.rglob("*")):
        if not path.is_file() or path.name.startswith(".") or path.suffix.lower() in PASSED_OVER:
            continue
        try:
            kind, technique, remarks = _looked_at(path)
            single = technique == "impedance" and kind is None
        except InputError as fault:
            remedy = f"; {fault.remedy}" if fault.remedy else ""
            passed.append(f"{path.relative_to(directory)}: {fault.message}{remedy}")
            continue
        stem = path.name.partition(".")[0]
        at_c, stem = _temperature(stem) if single else (None, stem)
        counter = SPECTRUM if single and not COUNTER.search(stem) else COUNTER
        name = str(path.parent.relative_to(directory) / (counter.sub("", stem) or stem))
        cell = cells.setdefault(f"{name} {technique}", Found())
        getattr(cell, technique).append(path)
        cell.kind = cell.kind or kind
        cell.remarks += remarks
        cell.temperatures_c |= set() if at_c is None else {at_c}
        if len(cell.temperatures_c) > 1:
            cell.kind = Kind.PELLET
    return cells, passed


def _temperature(stem: str) -> tuple[float | None, str]:
    """Temperature that a name states, in °C, and the name without it."""
    try:
        at_c = temperature_from_name(stem)
    except InputError:
        at_c = None
    return at_c, stem if at_c is None else TEMPERATURE.sub("", stem).rstrip("-_ ")


def _looked_at(path: Path) -> tuple[Kind | None, str, list[str]]:
    """Kind of cell, field of `Found`, and remarks on one raw file."""
    try:
        spectra = read_spectra(path)
    except InputError:
        try:
            data = read_cycling([path])
        except InputError as fault:
            raise _pattern(path) or fault from None
        if not (np.any(data.current_a) or data.spectra):
            raise InputError("a cycler's record in which no current flows") from None
        return kind_of(data), "cycling", [str(flag) for flag in data.flags]
    return (Kind.REST if len(spectra) > 1 else None), "impedance", []


def _pattern(path: Path) -> InputError | None:
    """What to say of a powder pattern; None of anything else, which the reader of cycling knows best."""
    try:
        low, high = read_pattern(path).range_deg
    except InputError as fault:
        return fault if path.suffix.lower() == STRUCTURE else None
    if high - low < LEAST_SPAN_DEG:
        return None
    span = f"{low:g} to {high:g}°"
    return InputError(
        f"a powder pattern, {span}", remedy="name it as diffraction under [files] in the sheet of its cell"
    )


def sheets(directory: Path, cells: dict[str, Found], statements: Sequence[str]) -> Iterator[tuple[Path, str]]:
    """Name and text of a sheet for each cell.

    Parameters
    ----------
    directory : Path
    cells : dict of str to Found
    statements : sequence of str
        Lines of TOML that hold for every cell, as ``diameter_mm = 10.0``.
    """
    taken: set[str] = set()  # in small letters: Windows and macOS tell no others
    for name, found in cells.items():
        stem, _, technique = name.rpartition(" ")
        twins = sum(other.rpartition(" ")[0] == stem for other in cells)
        label = re.sub(r"[\\/]+", "-", stem) + (f"-{technique}" if twins > 1 else "")
        label = next(each for each in _numbered(label) if each.casefold() not in taken)
        taken.add(label.casefold())
        kind = found.kind or (Kind.REST if found.impedance else None)
        lines = [
            'origin = "measured"',
            f'kind = "{kind}"' if kind else 'kind = "symmetric"  # not told by the record',
            *statements,
            '# reactor = "LiAlCl4"     # of a cell with a layer, with the next line',
            "# wt_percent = 50.0",
            "[files]",
        ]
        for technique_name in ("impedance", "cycling"):
            files = [path.relative_to(directory).as_posix() for path in getattr(found, technique_name)]
            if files:
                told = f"  # {len(files)} files taken as one cell by their names" if len(files) > 1 else ""
                lines.append(f"{technique_name} = [{', '.join(map(_quoted, files))}]{told}")
        if kind is Kind.FULL:
            lines += ["[cathode]", 'material = "not stated"']
        yield directory / f"{label}{SUFFIX}", "\n".join(lines) + "\n"


def _numbered(label: str) -> Iterator[str]:
    """A label, then the label with 2, 3 and so on."""
    yield label
    yield from (f"{label}-{k}" for k in count(2))


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
