"""Several files of one cell on one time axis, with gaps and overlaps told."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from screening.files import file_name
from screening.lab.cycling.leads import gap_rows
from screening.lab.cycling.table import FREQUENCY, TIME, VOLTAGE, CyclingData, Flag, FlagKind, SourceFile
from screening.lab.impedance.spectrum import Spectrum
from screening.lab.readers.cycling_tidy import Piece

GAP_S = 60.0
"""A pause between files longer than this (and than ten usual intervals) is told; clocks are no finer."""

OTHER_CELL_V = 1.0
"""Files whose voltages lie further apart than this can hardly be of one cell."""

SUFFIXES = (
    *(".gz", ".csv", ".txt", ".bdf", ".parquet", ".xlsx", ".xls", ".ods"),
    *(".mpr", ".mpt", ".nda", ".ndax", ".dta", ".par", ".res"),
)

SAME_TIME_S = 1e-3
SAME_VOLTAGE_V = 1e-5
"""Rows that agree to this much in time and voltage are the same row, exported twice."""

REPEATED_VOLTAGES = 20
"""Different voltages that two files must share, row by row from the first, to be one record: what a coarse
instrument writes of two flat cycles may agree by chance, a slope does not."""


@dataclass(frozen=True)
class _Placed:
    """A piece with its rows on the common time axis."""

    piece: Piece
    sha256: str
    time_s: np.ndarray
    table: pd.DataFrame

    @property
    def spectra(self) -> tuple[Spectrum, ...]:
        """Spectra that begin within its rows, on the common time axis."""
        shift = float(self.time_s[0] - self.table[TIME].iloc[0])
        first, last = self.table[TIME].iloc[[0, -1]]
        return tuple(
            replace(spectrum, time_s=spectrum.time_s + shift)
            for spectrum in self.piece.spectra
            if spectrum.time_s is not None and first <= spectrum.time_s <= last
        )


def join(pieces: list[Piece], checksums: list[str]) -> CyclingData:
    """Put the pieces of one cell's test on one axis of total time.

    Parameters
    ----------
    pieces : list of Piece
        In the order given by the user.
    checksums : list of str
        sha256 of each file.

    Returns
    -------
    CyclingData
        With one `SourceFile` per uninterrupted run of rows of a file: impedance spectra taken between the
        steps of a cycling file take their places in it.

    Notes
    -----
    Where every file knows the wall clock of its start, that decides; else a file that begins after the end
    of the one before continues its axis, and one that begins anew is appended without a gap.
    """
    flags: list[Flag] = [flag for piece in pieces for flag in piece.flags]
    kept: list[tuple[Piece, str]] = []
    for piece, checksum in zip(pieces, checksums, strict=True):
        if any(checksum == other for _, other in kept):
            flags.append(
                Flag(FlagKind.DUPLICATE_ROWS, "the file is given twice; used once", file_name(piece.raw.path))
            )
        else:
            kept.append((piece, checksum))
    kept = _once(kept, flags)
    if len(kept) == 1:
        placed = [_Placed(kept[0][0], kept[0][1], kept[0][0].table[TIME].to_numpy(), kept[0][0].table)]
    else:
        placed = _settle(_place(kept, flags), flags)
    flags += _mixed(placed)
    table, sources, gaps = _merge(placed)
    flags += _told(table, gaps)
    origins = dict.fromkeys(item.piece.current_origin for item in placed)
    cell = next(
        (item.piece.cell_id for item in placed if item.piece.cell_id),
        _label(file_name(placed[0].piece.raw.path)),
    )
    return CyclingData(
        table,
        sources=sources,
        cell=cell,
        current_origin="; ".join(origins),
        flags=tuple(flags),
        spectra=_series(placed),
    )


def _once(kept: list[tuple[Piece, str]], flags: list[Flag]) -> list[tuple[Piece, str]]:
    """Leave out files that hold the first rows of another: one record exported twice, in two formats or twice
    on its way. Where clocks are known they tell, see `_without_overlap`.
    """
    left = list(kept)
    for one in sorted(kept, key=lambda item: len(item[0].table)):
        for other in left:
            if other is not one and _begins(other[0], one[0]):
                before = file_name(other[0].raw.path)
                told = f"the {len(one[0].table)} rows are the first of {before}; used once"
                flags.append(Flag(FlagKind.DUPLICATE_ROWS, told, file_name(one[0].raw.path)))
                left.remove(one)
                break
    return left


def _begins(longer: Piece, shorter: Piece) -> bool:
    """Whether one record begins with all rows of the other."""
    rows = len(shorter.table)
    named = {piece.cell_id for piece in (longer, shorter) if piece.cell_id}
    clocks = None not in (longer.started_unix_s, shorter.started_unix_s)
    if len(longer.table) < rows or clocks or len(named) > 1:
        return False
    ours, theirs = (piece.table.iloc[:rows] for piece in (longer, shorter))
    time, volt = ([each[column].to_numpy() for each in (ours, theirs)] for column in (TIME, VOLTAGE))
    return (
        len(np.unique(volt[1])) >= REPEATED_VOLTAGES
        and bool(np.all(np.abs(volt[0] - volt[1]) <= SAME_VOLTAGE_V))
        and bool(np.all(np.abs(time[0] - time[1]) <= SAME_TIME_S))
    )


def _series(placed: list[_Placed]) -> tuple[Spectrum, ...]:
    """Spectra of all pieces in the order of time, of one sign of Z''."""
    spectra = sorted((s for item in placed for s in item.spectra), key=lambda s: s.time_s or 0.0)
    if not spectra:
        return ()
    from screening.lab.readers.eis_witnesses import one_sign

    return one_sign(spectra)


def _label(name: str) -> str:
    """File name without the suffixes of formats and packing."""
    stem = Path(name)
    while stem.suffix.lower() in SUFFIXES:
        stem = Path(stem.stem)
    return stem.name


def _place(kept: list[tuple[Piece, str]], flags: list[Flag]) -> list[_Placed]:
    starts = [piece.started_unix_s for piece, _ in kept]
    known = [start for start in starts if start is not None]
    if len(known) == len(kept):
        zero = min(known)
        placed = [
            _Placed(piece, checksum, piece.table[TIME].to_numpy() + (start - zero), piece.table)
            for (piece, checksum), start in zip(kept, known, strict=True)
        ]
        return sorted(placed, key=lambda item: float(item.time_s[0]))
    placed, end = [], -np.inf
    for piece, checksum in kept:
        time = piece.table[TIME].to_numpy()
        if time[0] < end:
            told = "the start is not known and the time begins anew; appended without a gap"
            flags.append(Flag(FlagKind.GAP, told, file_name(piece.raw.path)))
            time = time + (end - time[0])
        placed.append(_Placed(piece, checksum, time, piece.table))
        end = float(time[-1])
    return placed


def _only_impedance(table: pd.DataFrame) -> bool:
    return FREQUENCY in table and bool(table[FREQUENCY].notna().all())


def _settle(placed: list[_Placed], flags: list[Flag]) -> list[_Placed]:
    """Resolve overlaps of cycling files in favour of the earlier, and tell gaps and overlaps."""
    settled: list[_Placed] = []
    last: _Placed | None = None
    for item in placed:
        if _only_impedance(item.table):
            settled.append(item)
            continue
        if last is not None:
            lead = float(item.time_s[0] - last.time_s[-1])
            usual = 10.0 * float(np.median(np.diff(last.time_s))) if len(last.time_s) > 1 else 0.0
            if lead < 0:
                item = _without_overlap(last, item, flags)
            elif lead > max(GAP_S, usual):
                told = f"{lead:.0f} s after the end of {file_name(last.piece.raw.path)}"
                flags.append(Flag(FlagKind.GAP, told, file_name(item.piece.raw.path)))
        if len(item.table):
            settled.append(item)
            last = item if last is None or item.time_s[-1] > last.time_s[-1] else last
    return settled


def _without_overlap(last: _Placed, item: _Placed, flags: list[Flag]) -> _Placed:
    """Leave out the rows of a file that lie within the one before; shift past it if clocks are rough."""
    name, before = file_name(item.piece.raw.path), file_name(last.piece.raw.path)
    overlap = float(last.time_s[-1] - item.time_s[0])
    inside = item.time_s <= last.time_s[-1]
    voltage = item.table[VOLTAGE].to_numpy()
    at = np.clip(np.searchsorted(last.time_s, item.time_s[inside] - SAME_TIME_S), 0, len(last.time_s) - 1)
    same = (np.abs(last.time_s[at] - item.time_s[inside]) <= SAME_TIME_S) & (
        np.abs(last.table[VOLTAGE].to_numpy()[at] - voltage[inside]) <= SAME_VOLTAGE_V
    )
    if overlap <= GAP_S and not same.any():
        told = f"begins {overlap:.0f} s before the end of {before}; shifted past it"
        flags.append(Flag(FlagKind.OVERLAP, told, name))
        return _Placed(item.piece, item.sha256, item.time_s + overlap, item.table)
    kind = "the same rows" if same.all() else "other rows"
    told = (
        f"{overlap:.0f} s lie within {before} ({int(inside.sum())} rows, {kind}); those of {before} are kept"
    )
    flags.append(Flag(FlagKind.OVERLAP, told, name))
    if not same.all():
        flags.append(Flag(FlagKind.MIXED, f"measured at the same time as {before}: another cell?", name))
    return _Placed(item.piece, item.sha256, item.time_s[~inside], item.table[~inside])


def _mixed(placed: list[_Placed]) -> list[Flag]:
    """Files whose labels or voltages do not fit one cell."""
    flags: list[Flag] = []
    if len(placed) < 2:
        return flags
    cycling = [item for item in placed if not _only_impedance(item.table)]
    named = [item for item in placed if item.piece.cell_id]
    for item in named[1:]:
        if item.piece.cell_id != named[0].piece.cell_id:
            first = named[0].piece
            told = f"cell {item.piece.cell_id!r} here, {first.cell_id!r} in {file_name(first.raw.path)}"
            flags.append(Flag(FlagKind.MIXED, told, file_name(item.piece.raw.path)))
    ranges = [np.quantile(item.table[VOLTAGE].to_numpy(), (0.01, 0.99)) for item in cycling]
    for item, (low, high) in zip(cycling[1:], ranges[1:], strict=True):
        if low > ranges[0][1] + OTHER_CELL_V or high < ranges[0][0] - OTHER_CELL_V:
            told = (
                f"{low:.3g} to {high:.3g} V here, {ranges[0][0]:.3g} to {ranges[0][1]:.3g} V in "
                f"{file_name(cycling[0].piece.raw.path)}: another cell?"
            )
            flags.append(Flag(FlagKind.MIXED, told, file_name(item.piece.raw.path)))
    return flags


def _told(table: pd.DataFrame, gaps: np.ndarray) -> list[Flag]:
    """Flag on rows that are missing while current flows."""
    if not len(gaps):
        return []
    time = table[TIME].to_numpy()
    length = time[gaps] - time[gaps - 1]
    places = ", ".join(
        f"{s:.6g} s from {t:.6g} s on" for s, t in zip(length[:3], time[gaps - 1], strict=False)
    )
    more = f" and {len(gaps) - 3} more" if len(gaps) > 3 else ""
    told = f"{places}{more}, while current flows; no charge is counted there, and its cycles are not complete"
    return [Flag(FlagKind.MISSING, told)]


def _merge(placed: list[_Placed]) -> tuple[pd.DataFrame, tuple[SourceFile, ...], np.ndarray]:
    """One table, its uninterrupted runs, and the rows before which a file lacks others."""
    if len(placed) == 1:
        table, owner = placed[0].table, np.zeros(len(placed[0].table), dtype=np.int8)
    else:
        time = np.concatenate([item.time_s for item in placed])
        owner = np.repeat(np.arange(len(placed)), [len(item.time_s) for item in placed])
        table = pd.concat([item.table for item in placed], ignore_index=True)
        table[TIME] = time
        if np.any(time[1:] < time[:-1]):
            order = np.argsort(time, kind="stable")
            table, owner = table.take(order).reset_index(drop=True), owner[order]
    joints = np.flatnonzero(owner[1:] != owner[:-1]) + 1
    gaps = np.setdiff1d(gap_rows(table), joints)
    starts = np.concatenate([[0], np.union1d(joints, gaps)]).astype(np.int64)
    stops = np.append(starts[1:], len(owner))
    sources = tuple(
        SourceFile(
            name=file_name(placed[owner[start]].piece.raw.path),
            sha256=placed[owner[start]].sha256,
            format=placed[owner[start]].piece.raw.format,
            start=int(start),
            stop=int(stop),
            started_unix_s=placed[owner[start]].piece.started_unix_s,
        )
        for start, stop in zip(starts, stops, strict=True)
    )
    return table, sources, gaps
