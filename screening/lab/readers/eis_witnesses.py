"""What in an impedance table contradicts what was read: |Z| and phase beside Z' and Z'', a column of counts
where the frequency should be, two signs in one series.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from screening.errors import InputError
from screening.lab.impedance.spectrum import Spectrum
from screening.lab.readers.columns import PHASE, Z_MODULUS, Z_REAL, Column
from screening.lab.readers.eis_sign import sign_evidence
from screening.lab.readers.source import Table

MODULUS_TOLERANCE = 0.02
PHASE_TOLERANCE_RAD = 0.03
"""|Z| and phase are written with three digits and more; beyond this they are of another impedance."""

PRINCIPAL_PHASE_RAD = 0.01
"""Below this phase a point says nothing about the sign of Z''."""

EVEN_STEPS = 1e-3
"""Steps of a count or a clock are equal to this relative deviation; those of a sweep grow with frequency."""

FEWEST_ROWS = 4

AGAINST_NAME = "against the name"
UNTOLD = "which the data neither confirm nor deny"


@dataclass(frozen=True)
class Witnesses:
    """What |Z| and phase say about Z' and Z''.

    Attributes
    ----------
    sign : int
        +1 where the phase has the sign of Z'' as named, -1 where it has the opposite, 0 where it is silent.
    remarks : tuple of str
        Single rows that disagree.
    """

    sign: int = 0
    remarks: tuple[str, ...] = ()


def hear_witnesses(table: Table, columns: Mapping[str, Column], z: NDArray[np.complex128]) -> Witnesses:
    """Compare the columns of |Z| and phase, where there are any, with Z' and Z''.

    Raises
    ------
    InputError
        If most rows disagree: one of the columns is not what its name says.
    """
    if Z_REAL not in columns:
        return Witnesses()
    remarks: list[str] = []
    if Z_MODULUS in columns:
        column = columns[Z_MODULUS]
        modulus = column.values(table.frame)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = modulus / np.abs(z)
        known = np.isfinite(ratio)
        far = known & (np.abs(ratio - 1.0) > MODULUS_TOLERANCE)
        if 2 * far.sum() > known.sum():
            raise InputError(
                f"|Z| in {column.header!r} is {np.median(ratio[known]):.3g} times that of Z' and Z''",
                where=str(table.path),
                remedy="name the columns and their units as they are",
            )
        remarks += _rows_apart(table, far, column)
    sign = 0
    if PHASE in columns:
        column = columns[PHASE]
        phase = column.values(table.frame)
        known = np.isfinite(phase)
        straight, mirrored = (_angle_between(phase, np.angle(each)) for each in (z, z.conj()))
        telling = known & (np.abs(np.angle(z)) > PRINCIPAL_PHASE_RAD)
        as_named = np.count_nonzero(telling & (straight < mirrored))
        far = known & (straight > PHASE_TOLERANCE_RAD)
        if 2 * far.sum() > known.sum():
            if 2 * np.count_nonzero(known & (mirrored > PHASE_TOLERANCE_RAD)) > known.sum():
                raise InputError(
                    f"the phase in {column.header!r} is not that of Z' and Z''",
                    where=str(table.path),
                    remedy="name the columns and their units as they are",
                )
            return Witnesses(-1, tuple(remarks))
        if telling.any():
            sign = 1 if 2 * as_named > telling.sum() else -1
        if sign > 0:
            remarks += _rows_apart(table, far, column)
    return Witnesses(sign, tuple(remarks))


def _angle_between(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    turned: NDArray[np.float64] = np.abs((first - second + np.pi) % (2.0 * np.pi) - np.pi)
    return turned


def _rows_apart(table: Table, far: NDArray[np.bool_], column: Column) -> list[str]:
    if not far.any():
        return []
    place = table.where(int(far.argmax())).removeprefix(f"{table.path}, ")
    return [f"{column.header!r} disagrees with Z' and Z'' in {np.count_nonzero(far)} row(s), first {place}"]


def refuse_count_as_frequency(table: Table) -> None:
    """Refuse a table without names whose first column can be no frequency.

    Raises
    ------
    InputError
        If it steps evenly, as an index or a clock does, or only another column steps as a sweep does.
    """
    first, *others = (
        pd.to_numeric(table.frame.iloc[:, k], errors="coerce").to_numpy(dtype=float) for k in range(3)
    )
    if len(first) < FEWEST_ROWS or not np.isfinite([first, *others]).all():
        return
    steps = np.diff(first)
    even = np.ptp(steps) <= EVEN_STEPS * np.abs(steps).max()
    if even or (any(map(_is_swept, others)) and not _is_swept(first)):
        raise InputError(
            "a table without names, whose first column is an index or a time rather than a frequency",
            where=table.where(0),
            remedy="name the columns, for example: freq/Hz, Re(Z)/Ohm, -Im(Z)/Ohm",
        )


def _is_swept(values: NDArray[np.float64]) -> bool:
    """Whether values run over more than a decade in steps of one ratio, as the frequencies of a sweep do."""
    if (values <= 0).any():
        return False
    steps = np.diff(np.log(values))
    return bool(abs(steps.sum()) > np.log(10.0) and np.ptp(steps) < 0.2 * np.abs(np.median(steps)))


def one_sign(spectra: Sequence[Spectrum]) -> tuple[Spectrum, ...]:
    """Give a series one sign of Z'', where files of the same names were decided differently."""
    groups: dict[str, list[int]] = defaultdict(list)
    for i, spectrum in enumerate(spectra):
        if "the name" in spectrum.metadata.get("imaginary_sign", ""):
            groups[spectrum.metadata.get("columns", "")].append(i)
    result = list(spectra)
    for members in groups.values():
        turned = {i for i in members if AGAINST_NAME in spectra[i].metadata["imaginary_sign"]}
        if not turned or len(turned) == len(members):
            continue
        as_named = {i: _conjugate(spectra[i]) if i in turned else spectra[i] for i in members}
        reverse = sign_evidence(_spread(list(as_named.values()))).sign < 0
        model = next(i for i in members if (i in turned) is reverse)
        series = spectra[model].metadata["imaginary_sign"]
        for i in members:
            spectrum = _conjugate(as_named[i]) if reverse else as_named[i]
            alone = spectra[i].metadata["imaginary_sign"]
            told = f"{series}; one sign for the series"
            if (i in turned) is not reverse and UNTOLD not in alone:
                told = f"that of the other spectra, against its own data (alone: {alone})"
            result[i] = replace(spectrum, metadata={**spectrum.metadata, "imaginary_sign": told})
    return tuple(result)


def _conjugate(spectrum: Spectrum) -> Spectrum:
    return replace(spectrum, z_ohm=spectrum.z_ohm.conj())


def _spread(spectra: list[Spectrum]) -> list[Spectrum]:
    return spectra[:: max(1, len(spectra) // 20)]
