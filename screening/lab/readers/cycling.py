"""Reading cycling files: one verb for every format, one record for every cell."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from screening.errors import InputError
from screening.files import file_name
from screening.lab.cycling.checks import plausibility_flags
from screening.lab.cycling.table import CURRENT, TIME, VOLTAGE, CyclingData, Flag, FlagKind
from screening.lab.readers.columns import CHARGE_STEP, CYCLE, WORKING_ELECTRODE, match, refuse_twins
from screening.lab.readers.cycling_join import join
from screening.lab.readers.cycling_sign import as_the_voltage_says
from screening.lab.readers.cycling_tidy import Piece, tidy
from screening.lab.readers.registry import read_tables
from screening.lab.readers.source import Table
from screening.lab.readers.stamp import is_simulated


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
        If a file cannot be read or understood, lacks time, voltage or current, runs backwards in time, or has
        a current without a sign.
    """
    files = [Path(paths)] if isinstance(paths, str | Path) else [Path(path) for path in paths]
    if not files:
        raise InputError("no files given", where="cycling", remedy="name at least one")
    pieces = [read_piece(path) for path in files]
    data = join(pieces, [_checksum(path) for path in files])
    data = data.of_cell(label=cell or None, area_cm2=area_cm2, active_mass_mg=active_mass_mg)
    data = as_the_voltage_says(data)
    told = [
        Flag(FlagKind.SIMULATED, "the file's own stamp says so", file_name(path))
        for path in files
        if is_simulated(path)
    ]
    return data.with_flags([*plausibility_flags(data), *told])


def read_piece(path: Path) -> Piece:
    """Read one file and bring its columns to the table's names, units and sign.

    Raises
    ------
    InputError
        If it cannot be read, none of its columns is known or has a name, or it holds several channels.
    """
    tables = read_tables(path)
    # without any, the first with known names says what is lacking
    held = [table for table in tables if _is_record(table)]
    held = held or [table for table in tables if match(table.frame.columns)][:1] or tables[:1]
    if _is_of_cycles(held[0]):
        raise InputError(
            "one row per cycle: a table of statistics, not of records",
            where=str(path),
            remedy="export time, voltage and current",
        )
    table = held[0]
    if not table.names_known:
        raise InputError(
            "the columns have no names",
            where=table.where(0),
            remedy="add a header, e.g. 'Test Time / s,Voltage / V,Current / A'",
        )
    known = [column.header for column in match(table.frame.columns).values()]
    if not known:
        raise InputError(
            f"none of the columns is known: {', '.join(map(str, table.frame.columns[:12]))}",
            where=str(path),
            remedy="name them 'Test Time / s', 'Voltage / V', 'Current / A'",
        )
    titles = [each.metadata.get("sheet", "") for each in held]
    if len({_channel(title) for title in titles}) > 1:
        raise InputError(
            f"several channels in one workbook ({', '.join(titles[:4])})",
            where=str(path),
            remedy="save one per file",
        )
    wanted = [name for name in table.frame.columns if name in set(known)]
    frame = pd.concat([each.frame for each in held]) if len(held) > 1 else table.frame
    needed = match(wanted, (TIME, VOLTAGE, WORKING_ELECTRODE, CURRENT, CHARGE_STEP))
    refuse_twins(frame, needed.values(), str(path))
    return tidy(replace(table, frame=frame[wanted]))


def _is_record(table: Table) -> bool:
    found = match(table.frame.columns).keys()
    measured = found & {VOLTAGE, WORKING_ELECTRODE} and found & {CURRENT, CHARGE_STEP}
    return bool(measured) and not _is_of_cycles(table)


def _is_of_cycles(table: Table) -> bool:
    """Whether every row counts one cycle more than the row before."""
    found = match(table.frame.columns, (CYCLE,))
    steps = np.diff(found[CYCLE].values(table.frame)) if CYCLE in found else np.empty(0)
    return len(steps) > 1 and bool((steps == 1).all())


def _channel(title: str) -> str:
    """Title without the number that a continuation sheet adds: Channel_1-008_2 and Record (3), but not
    Channel 2.
    """
    channel = re.match(r"channel[ _]?\d+(-\d+)?", title, re.IGNORECASE)
    return channel[0] if channel else re.sub(r"[ _]\(?\d+\)?$", "", title)


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
