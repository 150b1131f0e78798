"""What every half-cycle of a symmetric cell shows: polarisation, resistance, sag, end rise, arcing.

All voltages are taken in the direction of the current (V times the sign of I), so that a healthy
half-cycle is positive whichever way it runs. The first part of a half-cycle (`SKIP_FRACTION` of its time)
carries the charging of the double layer and the nucleation overshoot and counts for none of the figures.
Medians are over samples.

References
----------
Wood et al., ACS Cent. Sci. 2 (2016) 790, doi 10.1021/acscentsci.6b00260 (peaking and arcing of the
half-cycle).
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from functools import partial

import numpy as np

from screening.errors import InputError
from screening.lab.cycling.halfcycles import HalfCycles
from screening.lab.cycling.ragged import median_of_three, piece_minima, piece_quantiles
from screening.lab.cycling.table import CyclingData

SKIP_FRACTION = 0.2
"""Share of a half-cycle's time that is left out at its beginning."""

END_FRACTION = 0.1
"""The last share of a half-cycle's time, whose median is compared with the rest (end rise)."""

SAG_SIGMA = 6.0
"""A fall inside a half-cycle counts only if it exceeds this many times the typical change over its window."""

FLICKER_RATIO = 0.85
"""A single sample below this share of both its neighbours is a flicker: contact shorter than the sampling."""

UPPER_LEVEL = 0.75
"""Quantile of a half-cycle's voltage that a spike upwards must exceed."""

MIN_SAMPLES = 6
"""Fewer samples than this after the skipped part: too few for a sag (two windows of three)."""

WORKERS = 2
"""Threads that share the work; the kernels let go of the interpreter while they sort."""

ROWS_AT_ONCE = 1 << 20
"""Rows worked on together: the temporaries stay near 100 MB however long the record is."""


@dataclass(frozen=True, kw_only=True)
class Polarisation:
    """Figures of every half-cycle; each attribute is an array of shape (n_half_cycles,).

    Attributes
    ----------
    time_h : float64
        Middle of the half-cycle, h of total time.
    start_h, stop_h : float64
        Its limits, h of total time.
    sign : int8
        Direction of the current.
    current_density_ma_per_cm2 : float64
        Median of |I| over the area.
    polarisation_v : float64
        Median of V in the direction of the current; negative only if the voltage opposes the current.
    asr_ohm_cm2 : float64
        Median of V / J: the resistance of the whole cell, both electrodes, times the area.
    capacity_mah_per_cm2 : float64
        Charge passed over the area.
    sag_ratio : float64
        Smallest level after a sudden fall, as a share of the level before; 1 or NaN (too few samples)
        without.
    sag_time_h : float64
        When the deepest fall happened; NaN where there is none.
    flickers : int64
        Number of single samples below `FLICKER_RATIO` of both neighbours, beyond what spikes upwards make
        likely of a poor contact.
    end_rise : float64
        Median of the last tenth over the median of what precedes it (after the skipped part), less 1.
    arcing : float64
        Range from the 5th to the 95th percentile over the median: 0 for a flat half-cycle.
    temperature_c : float64
        Mean recorded temperature; NaN where none is recorded.
    """

    time_h: np.ndarray
    start_h: np.ndarray
    stop_h: np.ndarray
    sign: np.ndarray
    current_density_ma_per_cm2: np.ndarray
    polarisation_v: np.ndarray
    asr_ohm_cm2: np.ndarray
    capacity_mah_per_cm2: np.ndarray
    sag_ratio: np.ndarray
    sag_time_h: np.ndarray
    flickers: np.ndarray
    end_rise: np.ndarray
    arcing: np.ndarray
    temperature_c: np.ndarray

    def __len__(self) -> int:
        return len(self.time_h)


@dataclass(frozen=True, kw_only=True)
class _Pieces:
    """Rows that carry the current of some successive half-cycles, closed up; pieces are [start, stop)."""

    halves: HalfCycles
    time_s: np.ndarray
    voltage_v: np.ndarray  # in the direction of the current
    current_a: np.ndarray  # magnitude
    temperature_c: np.ndarray | None
    start: np.ndarray
    stop: np.ndarray
    pulse: np.ndarray  # first rows of all uninterrupted stretches


def measure(data: CyclingData, halves: HalfCycles) -> Polarisation:
    """Measure every half-cycle of a symmetric cell.

    Parameters
    ----------
    data : CyclingData
        The record, with its area.
    halves : HalfCycles
        Its half-cycles.

    Raises
    ------
    InputError
        If the area is not known.
    """
    if data.area_cm2 is None:
        raise InputError(
            "electrode area unknown",
            where=data.cell,
            remedy="give area_cm2 or diameter_mm in the cell's sheet",
        )
    with ThreadPoolExecutor(WORKERS) as pool:
        parts = list(pool.map(partial(_figures, area_cm2=data.area_cm2), _chunks(data, halves)))
    return Polarisation(
        **{
            item.name: np.concatenate([getattr(part, item.name) for part in parts]) if parts else np.empty(0)
            for item in fields(Polarisation)
        }
    )


def recorded_temperature_c(data: CyclingData) -> np.ndarray | None:
    """Temperature of every row, shape (n_rows,), °C: the cell's own sensor before the chamber's.

    A column that is 0 throughout is an unconnected sensor, not a cell on ice: it counts as absent.
    """
    for name in ("temperature_t1_celsius", "ambient_temperature_celsius"):
        if name in data.table:
            values = data.table[name].to_numpy(float, na_value=np.nan)
            if np.isfinite(values).any() and np.nanmax(np.abs(values)) > 0.0:
                return values
    return None


def _chunks(data: CyclingData, halves: HalfCycles) -> Iterator[_Pieces]:
    """Successive half-cycles, about `ROWS_AT_ONCE` rows at a time."""
    temperature = recorded_temperature_c(data)
    impedance = data.is_impedance
    first = 0
    while first < len(halves):
        limit = halves.start[first] + ROWS_AT_ONCE
        last = max(first + 1, int(np.searchsorted(halves.stop, limit, side="right")))
        rows = slice(int(halves.start[first]), int(halves.stop[last - 1]))
        start, stop = halves.start[first:last] - rows.start, halves.stop[first:last] - rows.start
        bounds = np.zeros(rows.stop - rows.start + 1, dtype=np.int8)
        bounds[start] += halves.sign[first:last]
        bounds[stop] -= halves.sign[first:last]
        direction = np.cumsum(bounds[:-1], dtype=np.int8)
        current = data.current_a[rows] * direction
        own = current > halves.rest_threshold_a[first]
        if impedance is not None:
            own &= ~impedance[rows]
        counts = np.concatenate([[0], np.cumsum(own)])
        begins = own & ~np.concatenate([[False], own[:-1]])
        yield _Pieces(
            halves=halves.part(first, last),
            time_s=data.time_s[rows][own],
            voltage_v=(data.voltage_v[rows] * direction)[own],
            current_a=current[own],
            temperature_c=None if temperature is None else temperature[rows][own],
            start=counts[start],
            stop=counts[stop],
            pulse=np.union1d(counts[:-1][begins], counts[start]),
        )
        first = last


def _figures(pieces: _Pieces, *, area_cm2: float) -> Polarisation:
    halves, time, start, stop = pieces.halves, pieces.time_s, pieces.start, pieces.stop
    began, length = time[start], time[stop - 1] - time[start]
    tail = np.clip(np.searchsorted(time, began + SKIP_FRACTION * length), start, stop - 1)
    end = np.clip(np.searchsorted(time, began + (1.0 - END_FRACTION) * length), tail, stop - 1)
    low, polarisation, high = piece_quantiles(pieces.voltage_v, tail, stop, (0.05, 0.5, 0.95))
    before = piece_quantiles(pieces.voltage_v, tail, np.maximum(end, tail + 1), (0.5,))[0]
    after = piece_quantiles(pieces.voltage_v, end, stop, (0.5,))[0]
    current = piece_quantiles(pieces.current_a, tail, stop, (0.5,))[0]
    resistance = piece_quantiles(pieces.voltage_v / pieces.current_a, tail, stop, (0.5,))[0]
    sag = _deepest(pieces, tail)
    with np.errstate(divide="ignore", invalid="ignore"):
        end_rise, arcing = after / before - 1.0, (high - low) / polarisation
    return Polarisation(
        time_h=(halves.time_start_s + halves.time_stop_s) / 7200.0,
        start_h=halves.time_start_s / 3600.0,
        stop_h=halves.time_stop_s / 3600.0,
        sign=halves.sign,
        current_density_ma_per_cm2=current * 1e3 / area_cm2,
        polarisation_v=polarisation,
        asr_ohm_cm2=resistance * area_cm2,
        capacity_mah_per_cm2=halves.charge_ah * 1e3 / area_cm2,
        sag_ratio=sag.ratio,
        sag_time_h=np.where(sag.row >= 0, time[np.maximum(sag.row, 0)], np.nan) / 3600.0,
        flickers=sag.flickers,
        end_rise=end_rise,
        arcing=arcing,
        temperature_c=_mean_of_known(pieces.temperature_c, start, stop),
    )


def _mean_of_known(values: np.ndarray | None, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """Mean of the finite values of each piece; pieces are not empty and close up, shape (n_pieces,)."""
    if values is None:
        return np.full(len(start), np.nan)
    known = np.isfinite(values)
    counts = np.add.reduceat(known.astype(float), start)
    sums = np.add.reduceat(np.where(known, values, 0.0), start)
    return np.divide(sums, counts, out=np.full(len(start), np.nan), where=counts > 0)


def _deepest(pieces: _Pieces, tail: np.ndarray) -> "Sags":
    """Deepest sag of each half-cycle after the skipped part; a pulse is compared with itself only."""
    if len(pieces.pulse) == len(tail):
        return sags(pieces.voltage_v, pieces.current_a, tail, pieces.stop)
    half = np.searchsorted(pieces.start, pieces.pulse, side="right") - 1
    stop = np.append(pieces.pulse[1:], len(pieces.voltage_v))
    skip = pieces.pulse + np.ceil(SKIP_FRACTION * (stop - pieces.pulse)).astype(int)
    start = np.minimum(np.maximum(skip, tail[half]), stop)
    each = sags(pieces.voltage_v, pieces.current_a, start, stop)
    ratio = np.fmin.reduceat(each.ratio, np.searchsorted(half, np.arange(len(tail))))
    row = np.full(len(tail), -1, dtype=np.int64)
    deepest = np.flatnonzero((each.row >= 0) & (each.ratio == ratio[half]))
    row[half[deepest]] = each.row[deepest]
    return Sags(ratio, row, np.bincount(half, each.flickers, minlength=len(tail)).astype(np.int64))


@dataclass(frozen=True)
class Sags:
    """Sudden falls of each piece, arrays of shape (n_pieces,).

    Attributes
    ----------
    ratio : float64
        Level after the deepest fall over the level before; 1 without a fall, NaN with too few samples.
    row : int64
        Row at which it begins; -1 without.
    flickers : int64
        Single samples that fall and return.
    """

    ratio: np.ndarray
    row: np.ndarray
    flickers: np.ndarray


def sags(voltage_v: np.ndarray, current_a: np.ndarray, start: np.ndarray, stop: np.ndarray) -> Sags:
    """Find the deepest sudden fall of voltage *and* resistance inside each piece.

    The median of three samples is compared with the medians of the three triples before it, the lowest of
    which is the level: the return from a spike of fewer than nine samples is no fall. Since both V and V /
    I must fall, neither a step of the current up (V / I may fall) nor one down (V falls) is one.

    Parameters
    ----------
    voltage_v, current_a : numpy.ndarray, shape (n_rows,)
        Voltage in the direction of the current and its magnitude.
    start, stop : numpy.ndarray of int, shape (n_pieces,)
        The pieces to search, in order and disjoint.

    Returns
    -------
    Sags
        Ratios are 1 where no fall exceeds the noise, NaN where a piece has too few samples.
    """
    if len(voltage_v) < 13:
        ratio = np.where(stop - start < MIN_SAMPLES, np.nan, 1.0)
        empty = np.zeros(len(start), dtype=np.int64)
        return Sags(ratio, empty - 1, empty)
    found = _deepest_falls(voltage_v, current_a, start, stop)
    low, high = (_spikes(voltage_v, current_a, start, stop, found.noise, fall=fall) for fall in (True, False))
    if len(high) and len(voltage_v) - len(low) - len(high) >= 13:  # a poor contact: single rows are no level
        kept = np.ones(len(voltage_v), dtype=bool)
        kept[np.concatenate([low, high])] = False
        at, place = np.flatnonzero(kept), np.concatenate([[0], np.cumsum(kept)])
        without = _deepest_falls(voltage_v[kept], current_a[kept], place[start], place[stop])
        found = replace(without, row=np.where(without.row >= 0, at[without.row], -1))
    counts = [
        np.bincount(np.searchsorted(start, rows, side="right") - 1, minlength=len(start))
        for rows in (low, high)
    ]
    # a contact faster than the sampling lets the voltage fall, a poor one lets it fall and rise
    both_ways = float(counts[1].mean())
    flickers = np.maximum(counts[0] - int(np.ceil(both_ways + 3.0 * both_ways**0.5)), 0)
    return Sags(found.ratio, found.row, flickers)


@dataclass(frozen=True)
class _Falls:
    """As in `Sags`, with the typical change of the level over three rows, V."""

    ratio: np.ndarray
    row: np.ndarray
    noise: np.ndarray


def _deepest_falls(
    voltage_v: np.ndarray, current_a: np.ndarray, start: np.ndarray, stop: np.ndarray
) -> _Falls:
    ratio, row = np.ones(len(start)), np.full(len(start), -1, dtype=np.int64)
    ratio[stop - start < MIN_SAMPLES] = np.nan
    level = median_of_three(voltage_v)
    share = _share_of_level(level)
    np.maximum(share, _share_of_level(median_of_three(voltage_v / current_a)), out=share)
    # the share of row i compares rows i .. i+2 with those before; the last two rows of a piece begin no
    # triple
    first, last = np.maximum(start - _REACH, 0), np.maximum(stop - 2 - _REACH, 0)
    change = np.abs(level[3:] - level[:-3])
    begin, end = np.minimum(start, len(change)), np.clip(stop - 5, 0, len(change))
    noise = 1.4826 * piece_quantiles(change, begin, end, (0.5,))[0]
    deepest = piece_minima(share, first, np.maximum(last, first))
    for index in np.flatnonzero(deepest < 1.0 - _WORTH_A_LOOK):
        at = int(first[index] + np.argmin(share[first[index] : last[index]]))
        fall = level[at + _REACH - 3] - level[at + _REACH]
        if ratio[index] == 1.0 and fall > SAG_SIGMA * noise[index]:
            ratio[index], row[index] = deepest[index], at + _REACH
    return _Falls(ratio, row, noise)


def _spikes(
    voltage_v: np.ndarray,
    current_a: np.ndarray,
    start: np.ndarray,
    stop: np.ndarray,
    noise: np.ndarray,
    *,
    fall: bool,
) -> np.ndarray:
    """Single rows whose voltage and resistance stand out downwards, or upwards and above the upper level."""
    before, middle, after = voltage_v[:-2], voltage_v[1:-1], voltage_v[2:]
    near = np.minimum(before, after) if fall else np.maximum(before, after)
    low, high = (middle, near) if fall else (near, middle)
    rows = np.flatnonzero(low < FLICKER_RATIO * high) + 1
    piece = np.searchsorted(start, rows, side="right") - 1
    kept = (piece >= 0) & (rows > start[piece]) & (rows < stop[piece] - 1)
    rows, piece = rows[kept], piece[kept]
    resistance = voltage_v[rows] / current_a[rows]
    beside = np.sort(
        [voltage_v[rows - 1] / current_a[rows - 1], voltage_v[rows + 1] / current_a[rows + 1]], axis=0
    )
    if fall:
        kept = resistance < FLICKER_RATIO * beside[0]
    else:
        upper = (
            piece_quantiles(voltage_v, start, stop, (UPPER_LEVEL,))[0] if len(rows) else np.zeros(len(start))
        )
        kept = (beside[1] < FLICKER_RATIO * resistance) & (upper[piece] < FLICKER_RATIO * voltage_v[rows])
    kept &= (high - low)[rows - 1] > SAG_SIGMA * noise[piece]
    return np.asarray(rows[kept])


_REACH = 9
_WORTH_A_LOOK = 0.03


def _share_of_level(level: np.ndarray) -> np.ndarray:
    """Each triple over the lowest of the three before it, shape (n - 9,); 1 where that is not positive."""
    before = np.minimum(np.minimum(level[6:-3], level[3:-6]), level[:-9])
    positive = before > 0.0
    return np.divide(level[9:], before, out=np.ones_like(before), where=positive)


def figures_of(polarisation: Polarisation) -> dict[str, np.ndarray]:
    """Columns of the half-cycle table, in order."""
    return {item.name: getattr(polarisation, item.name) for item in fields(polarisation)}
