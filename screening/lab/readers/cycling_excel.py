"""Spreadsheets (.xlsx) of Arbin, Maccor, Neware or LANDT, by openpyxl."""

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from screening.errors import InputError
from screening.lab.cycling.table import CURRENT, VOLTAGE
from screening.lab.readers.cycling_columns import CHARGE_STEP, WORKING_ELECTRODE, recognise
from screening.lab.readers.cycling_text import format_of
from screening.lab.readers.cycling_tidy import RawRecord
from screening.lab.readers.damage import damage_told, refuse_large_archive

HEADER_ROWS = 60
"""The header of the table stands within the first rows of its sheet."""

MAX_COLUMNS = 512


@dataclass(frozen=True)
class _Sheet:
    title: str
    header_row: int
    headers: tuple[str, ...]
    rows: list[tuple[object, ...]]


def read_cycling_excel(path: Path) -> RawRecord:
    """Read the sheet, or the numbered continuation sheets, that hold time, voltage and current.

    Raises
    ------
    InputError
        If the workbook is damaged, has no such sheet, or has those of several channels.
    """
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    with damage_told(path, "workbook", "it may be damaged; save it again", (InvalidFileException,)):
        refuse_large_archive(path)
        with closing(load_workbook(path, read_only=True, data_only=True)) as book:
            sheets = list(_tables(book))
    if not sheets:
        raise InputError(
            "no sheet has columns of voltage and current",
            where=str(path),
            remedy="export the records of the test",
        )
    stems = {_stem(sheet.title) for sheet in sheets}
    if len(stems) > 1:
        names = ", ".join(sheet.title for sheet in sheets[:4])
        raise InputError(
            f"several channels in one workbook ({names})", where=str(path), remedy="save one per file"
        )
    first = sheets[0]
    parts = [
        pd.DataFrame.from_records(
            sheet.rows,
            columns=list(sheet.headers),
            index=range(sheet.header_row + 1, sheet.header_row + 1 + len(sheet.rows)),
        )
        for sheet in sheets
    ]
    frame = pd.concat(parts).dropna(how="all").infer_objects()
    frame = frame[[match.header for match in recognise(first.headers).values()]]
    return RawRecord(path, format_of(first.headers).replace("csv", "xlsx").replace("text", "xlsx"), frame)


def _stem(title: str) -> str:
    """Title without the number that a continuation sheet adds: Channel_1-008_2 and Record (3), but not
    Channel 2.
    """
    channel = re.match(r"channel[ _]?\d+(-\d+)?", title, re.IGNORECASE)
    return channel[0] if channel else re.sub(r"[ _]\(?\d+\)?$", "", title)


def _tables(book: object) -> Iterator[_Sheet]:
    """Sheets with a row of headers among which voltage and current are known."""
    for sheet in getattr(book, "worksheets", []):
        header: tuple[str, ...] = ()
        header_row, rows = 0, []
        for number, cells in enumerate(sheet.iter_rows(values_only=True, max_col=MAX_COLUMNS), start=1):
            if header:
                rows.append(cells[: len(header)] + (None,) * (len(header) - len(cells)))
            elif number > HEADER_ROWS:
                break
            else:
                names = tuple(
                    str(cell).strip() if cell is not None else f"column {i + 1}"
                    for i, cell in enumerate(cells)
                )
                found = recognise(names)
                if (
                    (VOLTAGE in found or WORKING_ELECTRODE in found)
                    and (CURRENT in found or CHARGE_STEP in found)
                    and len(set(names)) == len(names)
                ):
                    header, header_row = names, number
        if header:
            yield _Sheet(sheet.title, header_row, header, rows)
