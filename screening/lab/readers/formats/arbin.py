"""Arbin's data bases: .res (Access, by mdb-export of mdbtools) and .h5 (by h5py, extra ``hdf5``)."""

import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pandas as pd

from screening.errors import InputError
from screening.lab.readers.plain import table_of
from screening.lab.readers.source import File, Reader, Table, damage_told
from screening.lab.readers.text import decode

_ACCESS = (b"\x00\x01\x00\x00Standard Jet DB", b"\x00\x01\x00\x00Standard ACE DB")
_HDF5 = b"\x89HDF\r\n\x1a\n"
_RECORDS = "Channel_Normal_Table"
_TIMEOUT_S = 300.0
_EXPORT = "export the test as csv or xlsx with Arbin's software"


def _read_access(file: File) -> Iterator[Table]:
    program = shutil.which("mdb-export")
    if program is None:
        raise file.refused(
            "an Access data base needs the program mdb-export", f"install mdbtools, or {_EXPORT}"
        )
    with damage_told(file, "data base", _EXPORT, (subprocess.SubprocessError,)):
        done = subprocess.run(
            [program, str(file.path), _RECORDS], capture_output=True, timeout=_TIMEOUT_S, check=True
        )
    if not done.stdout.strip():
        raise file.refused(f"no table {_RECORDS}", _EXPORT)
    table = table_of(decode(file.path, done.stdout), "res")
    tests = table.frame["Test_ID"].unique() if "Test_ID" in table.frame else ()
    if len(tests) > 1:
        raise file.refused(f"{len(tests)} tests in one data base", _EXPORT)
    # the order of rows in a data base means nothing
    ordered = table.frame.sort_values("Data_Point") if "Data_Point" in table.frame else table.frame
    yield Table(path=file.path, format="Arbin .res", frame=ordered.rename_axis("record"))


def _read_hdf5(file: File) -> Iterator[Table]:
    """Every group whose columns stand in it, one array each, or in blocks as pandas writes them."""
    try:
        import h5py
    except ImportError:
        raise InputError(
            "a .h5 file needs the extra 'hdf5' (h5py)",
            where=str(file.path),
            remedy=f"pip install 'interphase-screening[hdf5]', or {_EXPORT}",
        ) from None
    frames: list[pd.DataFrame] = []
    with damage_told(file, "HDF5 file", _EXPORT), h5py.File(file.path, "r") as content:
        groups: list[Any] = [content]
        content.visititems(lambda _, item: groups.append(item) if isinstance(item, h5py.Group) else None)
        for group in groups:
            columns = _columns({name: each for name, each in group.items() if isinstance(each, h5py.Dataset)})
            if columns:
                frames.append(pd.DataFrame(columns).rename_axis("record"))
    if not frames:
        raise file.refused("no group of columns in the HDF5 file", _EXPORT)
    for frame in frames:
        frame.index += 1
        yield Table(path=file.path, format="Arbin .h5", frame=frame)


def _columns(arrays: dict[str, Any]) -> dict[str, Any]:
    """Columns of numbers by name; those that pandas pickled are left where they are."""
    found: dict[str, Any] = {}
    for name, array in arrays.items():
        items = arrays.get(f"{name.removesuffix('_values')}_items")
        if name.endswith("_values") and items is not None and array.ndim == 2 and array.dtype.kind in "fiu":
            names = [item.decode("utf-8") if isinstance(item, bytes) else str(item) for item in items[:]]
            found |= dict(zip(names, array[:].T, strict=True))
        elif array.ndim == 1 and array.dtype.kind in "fiu" and not name.startswith(("axis", "block")):
            found[name] = array[:]
    return found if len({len(column) for column in found.values()}) == 1 else {}


READERS = (
    Reader(name="Arbin .res", knows=lambda file: file.head.startswith(_ACCESS), read=_read_access),
    Reader(name="Arbin .h5", knows=lambda file: file.head.startswith(_HDF5), read=_read_hdf5),
)
