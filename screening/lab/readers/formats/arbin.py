"""Arbin's data bases: .res (Access), by the program mdb-export of mdbtools; .h5 is refused."""

import shutil
import subprocess
from collections.abc import Iterator

from screening.lab.readers.plain import table_of
from screening.lab.readers.source import File, Reader, Table, damage_told
from screening.lab.readers.text import decode

_ACCESS = (b"\x00\x01\x00\x00Standard Jet DB", b"\x00\x01\x00\x00Standard ACE DB")
_HDF5 = b"\x89HDF\r\n\x1a\n"
_RECORDS = "Channel_Normal_Table"
_UNITS = {"A": ("Current",), "V": ("Voltage",), "s": ("Test_Time", "Step_Time")}
"""The data base states none; these are Arbin's."""

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
            [program, str(file.path.resolve()), _RECORDS],
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    if done.returncode:
        raise file.refused("mdb-export cannot read the data base; it may be damaged", _EXPORT)
    if not done.stdout.strip():
        raise file.refused(f"no table {_RECORDS}", _EXPORT)
    table = table_of(decode(file.path, done.stdout), "res")
    tests = table.frame["Test_ID"].unique() if "Test_ID" in table.frame else ()
    if len(tests) > 1:
        raise file.refused(f"{len(tests)} tests in one data base", _EXPORT)
    # the order of rows in a data base means nothing
    ordered = table.frame.sort_values("Data_Point") if "Data_Point" in table.frame else table.frame
    named = {name: f"{name}({unit})" for unit, names in _UNITS.items() for name in names}
    frame = ordered.rename(columns=named).rename_axis("record")
    yield Table(path=file.path, format="Arbin .res", frame=frame)


def _refuse_hdf5(file: File) -> Iterator[Table]:
    """HDF5 libraries hang on some damaged files, and no limit of time reaches into them."""
    raise file.refused("an HDF5 file is not read", _EXPORT)


READERS = (
    Reader(name="Arbin .res", knows=lambda file: file.head.startswith(_ACCESS), read=_read_access),
    Reader(name="Arbin .h5", knows=lambda file: file.head.startswith(_HDF5), read=_refuse_hdf5),
)
