"""Reading cycling files: one verb for every format, one record for every cell."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from screening.errors import InputError
from screening.files import file_name
from screening.lab.cycling.checks import plausibility_flags
from screening.lab.cycling.table import CyclingData, Flag, FlagKind
from screening.lab.readers.biologic import MPR_MAGIC, MPT_MAGIC
from screening.lab.readers.cycling_biologic import read_cycling_biologic
from screening.lab.readers.cycling_excel import read_cycling_excel
from screening.lab.readers.cycling_join import join
from screening.lab.readers.cycling_neware import NEWARE_SUFFIXES, read_neware
from screening.lab.readers.cycling_parquet import read_cycling_parquet
from screening.lab.readers.cycling_text import read_cycling_text
from screening.lab.readers.cycling_tidy import Piece, RawRecord, tidy
from screening.lab.readers.stamp import is_simulated

_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_HEAD_BYTES = 64


def read_cycling(
    paths: Path | str | Sequence[Path | str],
    *,
    cell: str = "",
    area_cm2: float | None = None,
    active_mass_mg: float | None = None,
) -> CyclingData:
    """Read one cell's cycling test from one or several files.

    The format is told by the content: BioLogic .mpr (extra ``biologic``) and .mpt, Neware .nda and .ndax
    (extra ``neware``) and csv, LANDT, Arbin and Maccor exports (csv, txt, xlsx), Battery Data Format (csv,
    parquet), and any csv whose header names time, voltage and current. Text may be gzipped.

    Parameters
    ----------
    paths : path or sequence of paths
        Files of *one* cell, in the order they were measured.
    cell : str
        Label of the cell; by default what the files say, else the first file's name.
    area_cm2, active_mass_mg : float, optional
        Electrode area and mass of active material; never taken from the files.

    Returns
    -------
    CyclingData
        Current positive on charge, in A; joined by total time. What was repaired, left out, derived or
        assumed is in its flags.

    Raises
    ------
    InputError
        If a file cannot be read or understood, lacks time, voltage or current, or runs backwards in time.
    """
    files = [Path(paths)] if isinstance(paths, str | Path) else [Path(path) for path in paths]
    if not files:
        raise InputError("no files given", where="cycling", remedy="name at least one")
    pieces = [read_piece(path) for path in files]
    data = join(pieces, [_checksum(path) for path in files])
    data = data.of_cell(label=cell or None, area_cm2=area_cm2, active_mass_mg=active_mass_mg)
    told = [
        Flag(FlagKind.SIMULATED, "the file's own stamp says so", file_name(path))
        for path in files
        if is_simulated(path)
    ]
    return data.with_flags([*plausibility_flags(data), *told])


def read_piece(path: Path) -> Piece:
    """Read one file and bring its columns to the table's names, units and sign."""
    return tidy(reader_of(path)(path))


def reader_of(path: Path) -> Callable[[Path], RawRecord]:
    """Reader of a file, by its first bytes (Neware's binary files by their suffix).

    Raises
    ------
    InputError
        If the file is absent, empty, a folder, or a spreadsheet of the old kind.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot be read ({reason})", where=str(path), remedy="check the path") from None
    if not head:
        raise InputError("the file is empty", where=str(path), remedy="export it again")
    if path.suffix.lower() in NEWARE_SUFFIXES:
        return read_neware
    if head.startswith(MPR_MAGIC) or path.suffix.lower() == ".mpr" or MPT_MAGIC.match(head.decode("latin-1")):
        return read_cycling_biologic
    if head.startswith(b"PAR1") or path.suffix.lower() == ".parquet":
        return read_cycling_parquet
    if head.startswith(b"PK\x03\x04") or path.suffix.lower() == ".xlsx":
        return read_cycling_excel
    if head.startswith(_OLD_EXCEL):
        raise InputError(
            "a spreadsheet of the old kind (.xls)", where=str(path), remedy="save it as .xlsx or csv"
        )
    return read_cycling_text


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
