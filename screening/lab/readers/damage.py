"""Files read by other libraries: whatever a damaged one makes them raise becomes one line."""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree.ElementTree import ParseError

from screening.errors import InputError

MAX_UNPACKED_BYTES = 2**31
"""An archive that unpacks to more (2 GiB) is not opened."""

# the libraries index, assert and unpack without checks of their own
_DAMAGE = (
    *(ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, OSError, ParseError),
    *(RuntimeError, TypeError, ValueError, struct.error, zipfile.BadZipFile, zlib.error),
)


@contextmanager
def damage_told(
    path: Path, kind: str, remedy: str, also: tuple[type[BaseException], ...] = ()
) -> Iterator[None]:
    """Turn what a damaged file of this kind makes a library raise, and `also`, into an `InputError`."""
    raised: tuple[type[BaseException], ...] = (*_DAMAGE, *also)
    try:
        yield
    except raised as error:
        reason = (str(error) or type(error).__name__).split("\n")[0][:160]
        raise InputError(f"the {kind} cannot be read ({reason})", where=str(path), remedy=remedy) from None


def refuse_large_archive(path: Path) -> None:
    """Refuse a zip archive that unpacks to more than `MAX_UNPACKED_BYTES`.

    Raises
    ------
    InputError
        If it does.
    """
    with zipfile.ZipFile(path) as archive:
        size = sum(item.file_size for item in archive.infolist())
    if size > MAX_UNPACKED_BYTES:
        raise InputError(
            f"unpacks to {size / 2**30:.0f} GiB",
            where=str(path),
            remedy="check the file; export the test as csv",
        )
