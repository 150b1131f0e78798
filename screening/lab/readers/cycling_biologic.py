"""BioLogic .mpr and .mpt as a cycling record."""

from datetime import UTC
from pathlib import Path

from screening.files import file_name
from screening.lab.cycling.table import Flag, FlagKind
from screening.lab.readers.biologic import read_biologic
from screening.lab.readers.cycling_columns import CHARGE_STEP, recognise
from screening.lab.readers.cycling_tidy import RawRecord


def read_cycling_biologic(path: Path) -> RawRecord:
    """Read an EC-Lab file; a technique without any current (open circuit) carries none.

    Raises
    ------
    InputError
        If the file is damaged, or is a .mpr and the extra ``biologic`` is not installed.
    """
    file = read_biologic(path)
    found = recognise(file.frame.columns)
    frame = file.frame[[match.header for match in found.values()]]
    started = None if file.started is None else file.started.replace(tzinfo=UTC).timestamp()
    flags = [Flag(FlagKind.READER, note, file_name(path)) for note in file.notes]
    origin = "measured"
    if "current_ampere" not in found and CHARGE_STEP not in found and "step_capacity_ah" not in found:
        origin = "none: open circuit"
        frame = frame.assign(**{"I/mA": 0.0})
        flags.append(
            Flag(FlagKind.DERIVED, "no current and no charge: taken for open circuit", file_name(path))
        )
    return RawRecord(
        path, f"BioLogic {path.suffix.lower()[1:]} {file.technique}", frame, started, origin, tuple(flags)
    )
