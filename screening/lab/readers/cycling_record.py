"""A cycling file as its format gives it, before its columns are brought to the table's."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from screening.errors import InputError
from screening.files import file_name
from screening.lab.cycling.table import BDF_LABELS, Flag, FlagKind


@dataclass(frozen=True)
class RawRecord:
    """A file as its format gives it.

    Attributes
    ----------
    path : Path
        The file.
    format : str
        Name of the format, for people.
    frame : pandas.DataFrame
        The file's columns under the file's names; the index is the line (text) or record number, from 1.
    started_unix_s : float or None
        Wall clock at time zero, where the file's header says so.
    current_origin : str
        ``"measured"``, or how a reader made the current.
    flags : tuple of Flag
        What the reader already noticed.
    """

    path: Path
    format: str
    frame: pd.DataFrame
    started_unix_s: float | None = None
    current_origin: str = "measured"
    flags: tuple[Flag, ...] = ()

    def lacking(self, quantity: str) -> InputError:
        """Error that none of the columns holds a quantity that is needed."""
        have = ", ".join(str(name) for name in list(self.frame.columns)[:12])
        label = BDF_LABELS[quantity]
        return InputError(
            f"no column for {label} among: {have}", where=str(self.path), remedy=f"name it, e.g. {label!r}"
        )

    def flag(self, kind: FlagKind, message: str, row: int | None = None) -> Flag:
        """Flag about this file; `row` is a position in the frame."""
        return Flag(kind, message, file_name(self.path), None if row is None else int(self.frame.index[row]))
