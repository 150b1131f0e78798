"""Short circuits of cells that store charge: full cells, by what their charges show.

An electronic path beside the ionic one carries charge past the electrodes. On charge the current that it
takes stores nothing, so the charge passed exceeds what the cell holds; the voltage falls while contact
lasts; and where the path takes all of the current the voltage never reaches the end of the charge. Each of
these alone has other causes (side reactions, a knock, a changed protocol), so it takes two for a verdict:

hard
    Charges run past what the cell holds and end far below the voltage they used to reach, to the end of the
    record.
soft
    The same but not to the end; or charge in excess and sudden falls of the voltage on charge; or many falls
    in two of three successive charges.
healed
    A soft short after which at least three charges are as they were before.
suspected
    Charge in excess alone, or single falls alone, in two of three successive charges.

Excess is counted against the larger of the discharges before and after, so that a discharge that was cut
short makes none, and against the cell's own past, so that a poor but steady efficiency is none.

References
----------
Duan et al., Adv. Energy Mater. 13 (2023) 2300815, doi 10.1002/aenm.202300815 (Figure S11: the cell without
layer); Menkin et al., Faraday Discuss. 248 (2024) 277, doi 10.1039/D3FD00101F.
"""

from dataclasses import dataclass

import numpy as np

from screening.lab.cycling.halfcycles import HalfCycles
from screening.lab.cycling.polarisation import SAG_SIGMA, SKIP_FRACTION
from screening.lab.cycling.ragged import median_of_three
from screening.lab.cycling.short_signals import crowded
from screening.lab.cycling.table import CyclingData
from screening.lab.short import Evidence, Short, ShortVerdict, Signal

FALL_V = 5e-3
"""Smallest sudden fall of the voltage on charge: a contact through a tenth of the current at 50 mV."""

TREND_ROWS = 31
"""Rows of that median: contact of less than half the time leaves it at the level without."""

STEADY_CURRENT = 0.02
"""A fall counts only while the current stays within this share."""

MANY_FALLS = 3
"""Falls in one charge that are no knock."""

EXCESS = 0.03
"""Excess over the cell's past, as a share of the charge held; and six times its own scatter."""

FEWEST_CHARGES = 3
"""Fewer charges with a past: indeterminate."""

PAST = 10
"""Charges of the past that count."""

OVERCHARGE = 1.2
"""A charge beyond this multiple of what the cell holds that ended at a lower voltage has not ended."""

AS_MUCH = 0.9
"""So has one with this share of it whose last voltage is lower by `FAR_SHARE` of the voltage's span."""

NEAR_V = 0.010
FAR_V = 0.050
FAR_SHARE = 0.1


@dataclass(frozen=True)
class Charges:
    """What the charges of a cell show; each attribute is an array of shape (n_charges,).

    Attributes
    ----------
    half_cycle : int64
        Which half-cycle, from 0.
    start_h : float64
        When it began.
    excess : float64
        Charge over the larger discharge beside it, less 1; NaN without one.
    past : float64
        Median of the excess before, at least 0; NaN where too few charges lie behind.
    in_excess, unended : bool
    falls : int64
        Sudden falls of the voltage.
    fall_h : float64
        When the first began; NaN without.
    """

    half_cycle: np.ndarray
    start_h: np.ndarray
    excess: np.ndarray
    past: np.ndarray
    in_excess: np.ndarray
    unended: np.ndarray
    falls: np.ndarray
    fall_h: np.ndarray


def measure_charges(data: CyclingData, halves: HalfCycles, charge_ah: np.ndarray) -> Charges:
    """Measure the charges of a record.

    Parameters
    ----------
    data : CyclingData
    halves : HalfCycles
        Its half-cycles.
    charge_ah : numpy.ndarray, shape (n_half_cycles,)
        Their charges.
    """
    at = np.flatnonzero(halves.sign > 0)
    beside = np.append(np.where(halves.sign < 0, charge_ah, np.nan), np.nan)
    held = np.fmax(np.where(at > 0, beside[at - 1], np.nan), beside[at + 1])
    excess = charge_ah[at] / held - 1.0
    past = np.full(len(at), np.nan)
    in_excess, unended = np.zeros(len(at), dtype=bool), np.zeros(len(at), dtype=bool)
    last_v = halves.voltage_last_v[at]
    span_v = last_v - halves.voltage_first_v[at]
    for index in range(len(at)):
        # the first charge is a formation, or a part of one
        sound = np.flatnonzero(~(in_excess | unended)[1:index] & np.isfinite(excess[1:index]))[-PAST:] + 1
        if len(sound) < FEWEST_CHARGES - 1:
            continue
        past[index] = max(0.0, float(np.median(excess[sound])))
        scatter = 1.4826 * float(np.median(np.abs(excess[sound] - past[index])))
        in_excess[index] = excess[index] > past[index] + max(EXCESS, 6.0 * scatter)
        below_v = float(last_v[sound].min() - last_v[index])
        usual_ah = float(np.median(charge_ah[at[sound]]))
        far_v = max(FAR_V, FAR_SHARE * float(np.median(span_v[sound])))
        unended[index] = (excess[index] > OVERCHARGE - 1.0 and below_v > NEAR_V) or (
            charge_ah[at[index]] > AS_MUCH * usual_ah and below_v > far_v
        )
    falls = [sudden_falls(data, halves, int(half)) for half in at]
    return Charges(
        half_cycle=at,
        start_h=halves.time_start_s[at] / 3600.0,
        excess=excess,
        past=past,
        in_excess=in_excess,
        unended=unended,
        falls=np.array([count for count, _ in falls], dtype=np.int64),
        fall_h=np.array([when for _, when in falls]),
    )


def sudden_falls(data: CyclingData, halves: HalfCycles, index: int, share: float = 0.0) -> tuple[int, float]:
    """Number of sudden falls of the voltage at one current, and when the first began (h; NaN without).

    Medians of three samples are compared with those of the next three: at constant current the voltage, in
    its direction, only rises or slowly changes. The return from above a running median is no fall.

    Parameters
    ----------
    data : CyclingData
    halves : HalfCycles
    index : int
        Which half-cycle, from 0; its first part does not count.
    share : float
        A fall must exceed this share of the voltage too.
    """
    start, stop = int(halves.start[index]), int(min(halves.cv_start[index], halves.stop[index]))
    rows = slice(start + int(np.ceil(SKIP_FRACTION * (stop - start))), stop)
    voltage, current = data.voltage_v[rows] * halves.sign[index], np.abs(data.current_a[rows])
    if len(voltage) < 13:
        return 0, np.nan
    level = median_of_three(voltage)
    change = level[3:] - level[:-3]
    # from row to row, by the lower quartile of a normal law: contact that comes and goes moves many rows
    single = np.diff(voltage)
    noise = float(np.quantile(np.abs(single - np.median(single)), 0.25)) / 0.3186
    least = np.maximum(share * level[:-3], max(FALL_V, SAG_SIGMA * noise))
    six = np.lib.stride_tricks.sliding_window_view(current, 6)
    steady = six.max(axis=1) - six.min(axis=1) <= STEADY_CURRENT * six.max(axis=1)
    fallen = steady & (change < -least)
    if fallen.any():
        from scipy.ndimage import median_filter

        flat = level - np.median(change) / 3.0 * np.arange(len(level))
        fallen &= (flat - median_filter(flat, TREND_ROWS))[:-3] < -0.5 * change
    begins = np.flatnonzero(fallen & ~np.concatenate([[False], fallen[:-1]]))
    if not len(begins):
        return 0, np.nan
    return len(begins), float(data.time_s[rows][begins[0] + 3]) / 3600.0


def judge_charges(charges: Charges) -> ShortVerdict:
    """Judge whether a cell that stores charge has shorted, by its charges."""
    count, judged = len(charges.half_cycle), int(np.isfinite(charges.past).sum())
    excess, falls = crowded(charges.in_excess, 3, 2), crowded(charges.falls > 0, 3, 2)
    many = crowded(charges.falls >= MANY_FALLS, 3, 2)
    unended = np.flatnonzero(charges.unended)
    ill = np.flatnonzero(charges.in_excess | charges.unended)
    together = np.flatnonzero((charges.in_excess | charges.unended) & (charges.falls > 0))
    level = Short.SUSPECTED
    if len(unended) or many is not None or (excess is not None and len(together)):
        level = Short.SOFT
        sick = np.flatnonzero(charges.in_excess | charges.unended | (charges.falls > 0))
        if len(unended) and np.all(np.isin(np.arange(unended[0], count), ill)):
            level = Short.HARD
        elif count - 1 - sick[-1] >= FEWEST_CHARGES:
            level = Short.HEALED
    found = []
    if len(unended):
        found.append(_unended(charges, int(unended[0]), level))
    if excess is not None:
        found.append(_excess(charges, excess, level))
    if falls is not None or (len(together) and level is not Short.SUSPECTED):
        first = int(together[0]) if falls is None else falls
        found.append(_fallen(charges, first, level))
    if found:
        return ShortVerdict(level, tuple(sorted(found, key=lambda item: item.time_h)))
    enough = judged >= FEWEST_CHARGES
    coverage = Evidence(
        signal=Signal.COVERAGE,
        verdict=Short.NONE if enough else Short.INDETERMINATE,
        value=float(judged),
        threshold=float(FEWEST_CHARGES),
        statement=f"{judged} of {count} charges had a past to compare with",
    )
    return ShortVerdict(coverage.verdict, (coverage,))


def _evidence(
    charges: Charges,
    index: int,
    signal: Signal,
    level: Short,
    *,
    value: float,
    threshold: float,
    words: str,
) -> Evidence:
    time_h = charges.fall_h[index] if signal is Signal.DROPOUT else charges.start_h[index]
    return Evidence(
        signal=signal,
        verdict=level,
        time_h=float(time_h),
        half_cycle=int(charges.half_cycle[index]) + 1,
        value=value,
        threshold=threshold,
        statement=words,
    )


def _excess(charges: Charges, index: int, level: Short) -> Evidence:
    worst, usual = float(np.nanmax(charges.excess[index:])), float(charges.past[index])
    words = (
        f"charges take up to {worst:.1%} more than the cell holds, {usual:.1%} before: the Coulombic "
        f"efficiency falls from {1.0 / (1.0 + usual):.1%} to {1.0 / (1.0 + worst):.1%}"
    )
    return _evidence(charges, index, Signal.EXCESS, level, value=worst, threshold=usual + EXCESS, words=words)


def _unended(charges: Charges, index: int, level: Short) -> Evidence:
    words = (
        f"half-cycle {charges.half_cycle[index] + 1}: the charge passed {charges.excess[index]:.0%} beyond "
        "what the cell holds, and its voltage did not reach the end it had"
    )
    excess, most = float(charges.excess[index]), OVERCHARGE - 1.0
    return _evidence(charges, index, Signal.UNENDED, level, value=excess, threshold=most, words=words)


def _fallen(charges: Charges, index: int, level: Short) -> Evidence:
    total, in_how_many = int(charges.falls.sum()), int((charges.falls > 0).sum())
    words = f"the voltage falls suddenly {total} times, in {in_how_many} charges at constant current"
    return _evidence(charges, index, Signal.DROPOUT, level, value=float(total), threshold=1.0, words=words)
