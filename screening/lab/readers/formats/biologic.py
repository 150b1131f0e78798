"""BioLogic EC-Lab files: binary .mpr and text .mpt, impedance and cycling alike.

EC-Lab's electrode area and mass are placeholders more often than not; they are not read.
"""

import re
import warnings
from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from screening.errors import InputError
from screening.files import file_name
from screening.lab.cycling.table import CURRENT, FREQUENCY, MEASURED, Flag, FlagKind
from screening.lab.readers.columns import CHARGE_STEP, LOOP, match
from screening.lab.readers.source import File, Reader, Table, damage_told
from screening.lab.readers.text import TableLayout, Text, find_table, parse_table, unique_names

if TYPE_CHECKING:
    from galvani.BioLogic import MPRfile

MPR_MAGIC = b"BIO-LOGIC MODULAR FILE\x1a"
MPT_MAGIC = re.compile(r"(?:EC|BT)-Lab ASCII FILE")
TECHNIQUES = {0x04: "GCPL", 0x1D: "PEIS", 0x1E: "GEIS", 0x7F: "MB"}
TECHNIQUE_NAMES = {
    "Galvanostatic Cycling with Potential Limitation": "GCPL",
    "Potentio Electrochemical Impedance Spectroscopy": "PEIS",
    "Galvano Electrochemical Impedance Spectroscopy": "GEIS",
    "Modulo Bat": "MB",
}
MAX_GUESSED_COLUMNS = 1
"""One unknown column has the width that the row leaves over; the widths of two could be exchanged."""

MONTHS = 12
MIN_HEADER_LINES = 3
"""The name of the format, the number of header lines, the column names."""


def _read_mpr(file: File) -> Iterator[Table]:
    try:
        from galvani.BioLogic import MPRfile
    except ImportError:
        raise InputError(
            "a .mpr file needs the extra 'biologic' (galvani, GPL-3)",
            where=str(file.path),
            remedy="pip install 'interphase-screening[biologic]', or export the file as .mpt",
        ) from None
    told = damage_told(file, ".mpr file", "it may be damaged; export it as .mpt with EC-Lab")
    with told, warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        mpr = MPRfile(BytesIO(file.data))
        frame = _mpr_frame(mpr)
        guessed = [name for name in frame.columns if name.startswith("unknown_colID")]
        if len(guessed) > MAX_GUESSED_COLUMNS:
            raise ValueError(f"{len(guessed)} columns of unknown type, so that the rows cannot be split")
    settings = next(module["data"] for module in mpr.modules if module["shortname"] == b"VMP Set   ")
    technique = TECHNIQUES.get(settings[0], f"technique {settings[0]}") if settings else "unknown"
    notes = tuple(f"{name}: type guessed from the width of the row" for name in guessed)
    yield _table(file, technique, getattr(mpr, "timestamp", None), frame, notes)


def _table(
    file: File, technique: str, started: datetime | None, frame: pd.DataFrame, notes: tuple[str, ...] = ()
) -> Table:
    """Table with what EC-Lab says of it; a technique without any current (open circuit) carries none."""
    name = file_name(file.path)
    flags = [Flag(FlagKind.READER, note, name) for note in notes]
    metadata = {"format": f"BioLogic {file.path.suffix.lower()}", "technique": technique}
    metadata |= {"notes": "; ".join(notes)} if notes else {}
    origin = MEASURED
    if not match(frame.columns, (CURRENT, CHARGE_STEP, "step_capacity_ah", FREQUENCY)):
        origin = "none: open circuit"
        frame = frame.assign(**{"I/mA": 0.0})
        flags.append(Flag(FlagKind.DERIVED, "no current and no charge: taken for open circuit", name))
    return Table(
        path=file.path,
        format=f"BioLogic {file.suffix.removeprefix('.')} {technique}",
        frame=frame,
        metadata=metadata,
        started=started,
        current_origin=origin,
        flags=tuple(flags),
    )


def _mpr_frame(mpr: "MPRfile") -> pd.DataFrame:
    count = len(mpr.data)
    if count != int(mpr.npts[0]):
        raise ValueError(f"{count} points where {int(mpr.npts[0])} are announced")
    columns = {
        name: mpr.data[name].astype(mpr.data[name].dtype.newbyteorder("=")) for name in mpr.dtype.names
    }
    if columns.pop("flags", None) is not None:
        columns |= {flag: mpr.get_flag(flag) for flag in mpr.flags_dict}
    starts = mpr.loop_index
    if starts is not None and starts.size:
        if np.any(np.diff(starts.astype(np.int64)) <= 0) or starts[-1] > count:
            raise ValueError("the loops are out of order")
        columns[LOOP] = np.searchsorted(starts, np.arange(count), side="right") - 1 + (starts[0] > 0)
    return pd.DataFrame(columns, index=pd.RangeIndex(1, count + 1, name="point"))


def _read_mpt(file: File) -> Iterator[Table]:
    text = file.text
    lines = text.lines(2)
    announced = re.match(r"Nb header lines\s*:\s*(\d+)", lines[1]) if len(lines) > 1 else None
    if not MPT_MAGIC.match(lines[0]) or announced is None:
        raise InputError("not an EC-Lab file", where=str(text.path), remedy="export it as .mpt with EC-Lab")
    head = text.lines(max(int(announced[1]), MIN_HEADER_LINES))
    rest = text.content.split("\n", len(head))[len(head) :]
    if not rest or not rest[0].strip():
        raise InputError("no data after the header", where=str(text.path), remedy="export it again")
    names = unique_names(head[-1].rstrip().split("\t"))
    decimal = find_table(Text(text.path, rest[0], text.encoding)).decimal
    frame = parse_table(text, TableLayout("\t", decimal, names, len(head), len(head) + 1))
    technique = next((line.strip() for line in head[2:-1] if line.strip()), "unknown")
    technique = TECHNIQUE_NAMES.get(technique, technique)
    yield _table(file, technique, _started(head), _with_loops(frame, head, text))


def _started(head: list[str]) -> datetime | None:
    """Start of the measurement, None where it is not told: EC-Lab writes the month first between slashes, and
    either first between other marks.
    """
    line = next((line for line in head if line.startswith("Acquisition started on")), "")
    found = re.search(r": *(\d+)([/.-])(\d+)\2(\d{4} [\d:]+)", line)
    if found is None:
        return None
    first, mark, second, rest = found.groups()
    day_first = int(first) > MONTHS
    if mark != "/" and first != second and max(int(first), int(second)) <= MONTHS:
        return None
    day, month = (first, second) if day_first else (second, first)
    try:
        return datetime.strptime(f"{day} {month} {rest}", "%d %m %Y %H:%M:%S")
    except ValueError:
        return None


def _with_loops(frame: pd.DataFrame, head: list[str], text: Text) -> pd.DataFrame:
    pattern = re.compile(r"Loop (\d+) from point number (\d+) to (\d+)")
    loops = [tuple(map(int, found.groups())) for line in head if (found := pattern.match(line))]
    if not loops:
        return frame
    numbers = np.full(len(frame), -1)
    for loop, first, last in loops:
        numbers[first : last + 1] = loop
    if (numbers < 0).any():
        raise InputError(
            f"{len(frame)} rows, of which the loops in the header cover {(numbers >= 0).sum()}",
            where=str(text.path),
            remedy="export it again; the file may be truncated",
        )
    return frame.assign(**{LOOP: numbers})


READERS = (
    Reader(
        name="BioLogic .mpr",
        knows=lambda file: file.head.startswith(MPR_MAGIC) or file.suffix == ".mpr",
        read=_read_mpr,
    ),
    Reader(
        name="BioLogic .mpt",
        knows=lambda file: MPT_MAGIC.match(file.opening) is not None,
        read=_read_mpt,
    ),
)
