"""Powder patterns of any common diffractometer."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from screening.errors import InputError
from screening.files import file_name
from screening.lab.diffraction.pattern import CU_KA_A, PowderPattern
from screening.lab.readers.diffraction_head import (
    beside_the_first,
    head_of,
    refuse_other_content,
    refuse_short_abscissa,
    settled_wavelength_a,
)
from screening.lab.readers.numbers import numbers
from screening.lab.readers.plain import table_of
from screening.lab.readers.text import decode, read_bytes


def read_pattern(path: Path, wavelength_a: float | None = None) -> PowderPattern:
    """Read the first pattern of a file.

    Bruker .raw, .brml and .uxd, Rigaku .ras and .rasx, Panalytical .xrdml, GSAS, powder CIF and text, through
    ``geddes``; text that it cannot read (decimal commas, other delimiters) through the reader of tables here,
    whose first two columns are then taken for 2θ and intensity. The pattern says what else the file holds.

    Parameters
    ----------
    path : Path
    wavelength_a : float, optional
        Å; by default what the file states, else Cu Kα. The pattern says where it comes from.

    Raises
    ------
    InputError
        If the file holds no pattern, or states another wavelength than the one given.
    """
    data = read_bytes(path)
    head = head_of(data)
    refuse_other_content(head, path)
    length, origin = settled_wavelength_a(head, wavelength_a, CU_KA_A, path)
    x, y = _columns(path, data)
    refuse_short_abscissa(head, float(np.nanmax(x, initial=0.0)), path)
    return PowderPattern(x, y, length, file_name(path), origin, not_read=beside_the_first(data, path))


def _columns(path: Path, data: bytes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    import geddes

    try:
        found = geddes.read_bytes(data, path.name)
    except ValueError as error:
        reason = str(error).removeprefix("Parse error: ")
    else:
        return np.asarray(found.x, dtype=float), np.asarray(found.y, dtype=float)
    try:
        text = decode(path, data)
        table = table_of(text).frame
    except InputError:
        raise InputError(
            f"no powder pattern in it ({reason})", where=str(path), remedy="export 2θ and intensity as text"
        ) from None
    if table.shape[1] < 2:
        raise InputError("one column only", where=str(path), remedy="give 2θ and intensity")
    x, y = (numbers(table.iloc[:, k], path) for k in (0, 1))
    return x, y
