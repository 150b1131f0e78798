"""What every reader works on and gives back: a file, and the tables that are in it."""

import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from xml.etree.ElementTree import ParseError

import pandas as pd

from screening.errors import InputError
from screening.files import file_name
from screening.lab.cycling.table import BDF_LABELS, MEASURED, Flag, FlagKind
from screening.lab.readers.encodings import decode_bytes, encoding_of
from screening.lab.readers.text import Text, decode, read_bytes, read_head

MAX_UNPACKED_BYTES = 2**31
"""An archive that unpacks to more (2 GiB) is not opened."""

# the libraries index, assert and unpack without checks of their own
_DAMAGE = (
    *(ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, OSError, ParseError),
    *(RuntimeError, TypeError, ValueError, struct.error, zipfile.BadZipFile, zlib.error),
)


@dataclass(frozen=True)
class File:
    """A file of an instrument, read as far as it is looked at."""

    path: Path

    @cached_property
    def head(self) -> bytes:
        """Its first 64 KiB, unpacked."""
        return read_head(self.path)

    @cached_property
    def data(self) -> bytes:
        """All its bytes, unpacked."""
        return read_bytes(self.path)

    @cached_property
    def opening(self) -> str:
        """The lines of its head as text, whatever they hold; nothing is refused."""
        lines = self.head.rpartition(b"\n")[0] or self.head
        encoding = encoding_of(lines)
        content = lines.decode(encoding, errors="replace") if encoding else decode_bytes(lines)[0]
        return content.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")

    @cached_property
    def text(self) -> Text:
        """Its content as text; refused where it is none."""
        return decode(self.path, self.data)

    @property
    def suffix(self) -> str:
        """Ending of its name in lower case, that of packing aside."""
        return Path(self.path.name.removesuffix(".gz")).suffix.lower()

    def refused(self, message: str, remedy: str) -> InputError:
        """Error about the file as a whole."""
        return InputError(message, where=str(self.path), remedy=remedy)


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table of a file, under the file's own headers.

    Attributes
    ----------
    path : Path
        The file.
    format : str
        Name of the format, for people.
    frame : pandas.DataFrame
        The columns; the index is the line (text) or record number, from 1.
    metadata : mapping of str to str
        What else is known: technique, encoding, …
    started : datetime or None
        Wall clock at time zero, where the header says so.
    names_known : bool
        Whether the columns have names of their own.
    sign_is_known : bool
        Whether the format fixes the sign of the imaginary part; if not, the data may overrule its name.
    current_origin : str
        ``"measured"``, or how a reader made the current.
    flags : tuple of Flag
        What the reader already noticed.
    """

    path: Path
    format: str
    frame: pd.DataFrame
    metadata: Mapping[str, str] = field(default_factory=dict)
    started: datetime | None = None
    names_known: bool = True
    sign_is_known: bool = True
    current_origin: str = MEASURED
    flags: tuple[Flag, ...] = ()

    def where(self, row: int) -> str:
        """Name a row, given by its position, for an error message."""
        return f"{self.path}, {self.frame.index.name or 'line'} {self.frame.index[row]}"

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


@dataclass(frozen=True, kw_only=True)
class Reader:
    """A format: how it is known, and how its tables are read.

    Attributes
    ----------
    name : str
        Of the instrument or its export.
    knows : callable
        Whether a file is of this format, from its first bytes or its suffix.
    read : callable
        The tables of such a file, in its order.
    """

    name: str
    knows: Callable[[File], bool]
    read: Callable[[File], Iterable[Table]]


@contextmanager
def damage_told(
    file: File, kind: str, remedy: str, also: tuple[type[BaseException], ...] = ()
) -> Iterator[None]:
    """Turn what a damaged file of this kind makes a library raise, and `also`, into an `InputError`."""
    raised: tuple[type[BaseException], ...] = (*_DAMAGE, *also)
    try:
        yield
    except raised as error:
        reason = (str(error) or type(error).__name__).split("\n")[0][:160]
        raise file.refused(f"the {kind} cannot be read ({reason})", remedy) from None


def refuse_large_archive(file: File) -> None:
    """Refuse a zip archive that unpacks to more than `MAX_UNPACKED_BYTES`.

    Raises
    ------
    InputError
        If it does.
    """
    with zipfile.ZipFile(file.path) as archive:
        size = sum(item.file_size for item in archive.infolist())
    if size > MAX_UNPACKED_BYTES:
        raise file.refused(f"unpacks to {size / 2**30:.0f} GiB", "check the file; export the test as csv")
