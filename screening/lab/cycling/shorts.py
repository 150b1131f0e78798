"""Short circuits of symmetric cells: a verdict with its time, the signals that say so and their thresholds.

A short is an electronic path beside the ionic one, so the resistance that the cell shows falls although
nothing has improved (Counihan 2023, Menkin 2024). A falling resistance alone is therefore no proof. The
rules:

hard
    The resistance collapses within one half-cycle, against the baseline extrapolated from the three
    half-cycles of the same polarity before it, and does not recover.
soft
    Sudden falls with recovery (a sag inside a half-cycle, or a half-cycle that collapses and recovers) in
    two or more of three successive half-cycles.
healed
    The resistance collapses for more than a half-cycle and comes back for good. Three times is soft.
suspected
    The resistance is below the electrolyte's own; or its slow course changes downwards after the formation
    (`changepoints`).
none, indeterminate
    No signal in enough half-cycles; too few half-cycles to tell.

An arc-less (flat) half-cycle and a small |V| are never evidence: healthy cells show both.

References
----------
Counihan et al., "The phantom menace of dynamic soft-shorts in solid-state battery research", Joule (2023).
Menkin et al., Faraday Discuss. 248 (2024) 277, doi 10.1039/D3FD00101F.
"""

from dataclasses import dataclass, replace

import numpy as np

from screening.lab.cycling.changepoints import Kind, SlowCourse, slow_course
from screening.lab.cycling.polarisation import Polarisation
from screening.lab.cycling.short_signals import (
    SAME_CURRENT,
    arrhenius_log_factor,
    baseline,
    crowded,
    healing,
    is_abrupt,
    longest_run,
    stays_low,
    voltage_exponent,
)
from screening.lab.cycling.verdict import ShortSettings
from screening.lab.short import Evidence, Short, ShortVerdict, Signal

SMALLEST_SHARE = 1e-3
"""Resistances below this share of the record's median are not told apart."""


@dataclass(frozen=True)
class _Series:
    """What the rules look at, per half-cycle."""

    polarisation: Polarisation
    log_resistance: np.ndarray  # corrected for a recorded temperature and for the daily wave
    log_current: np.ndarray
    base: np.ndarray
    course: SlowCourse


def judge_shorts(
    polarisation: Polarisation,
    *,
    floor_asr_ohm_cm2: float | None = None,
    settings: ShortSettings | None = None,
) -> ShortVerdict:
    """Judge whether a symmetric cell has shorted.

    Parameters
    ----------
    polarisation : Polarisation
        Figures of its half-cycles.
    floor_asr_ohm_cm2 : float, optional
        The electrolyte's own resistance times the area at the reference temperature; without it that
        signal is silent.
    settings : ShortSettings, optional
        Thresholds.
    """
    limits = settings or ShortSettings()
    opposed = opposed_share(polarisation)
    if opposed > limits.opposed_share:
        doubt = Evidence(
            signal=Signal.COVERAGE,
            verdict=Short.INDETERMINATE,
            value=opposed,
            threshold=limits.opposed_share,
            statement=f"the voltage opposes the current in {opposed:.0%} of the half-cycles: "
            "this is no symmetric cell",
        )
        return ShortVerdict(Short.INDETERMINATE, (doubt,))
    series = _series(polarisation, limits)
    found = _collapse_and_sags(series, limits)
    collapse = next((item.half_cycle - 1 for item in found if item.verdict is Short.HARD), len(polarisation))
    found += _slow(series, collapse, limits)
    if floor_asr_ohm_cm2 is not None:
        found += _floor(series, floor_asr_ohm_cm2, limits)
    order = list(Short)
    found.sort(key=lambda item: (order.index(item.verdict), np.nan_to_num(item.time_h, nan=np.inf)))
    if found:
        return ShortVerdict(found[0].verdict, tuple(found))
    judged = int(np.isfinite(series.base + series.log_resistance).sum())
    enough = judged >= limits.fewest_judged
    coverage = Evidence(
        signal=Signal.COVERAGE,
        verdict=Short.NONE if enough else Short.INDETERMINATE,
        value=float(judged),
        threshold=float(limits.fewest_judged),
        statement=f"{judged} of {len(polarisation)} half-cycles had predecessors of their polarity "
        "to compare with",
    )
    return ShortVerdict(coverage.verdict, (coverage,))


def opposed_share(polarisation: Polarisation) -> float:
    """Share of the half-cycles whose voltage plainly opposes the current."""
    if not len(polarisation):
        return 0.0
    typical = np.median(np.abs(polarisation.polarisation_v))
    return float(np.mean(polarisation.polarisation_v < -0.5 * typical))


def _series(polarisation: Polarisation, limits: ShortSettings) -> _Series:
    temperature = polarisation.temperature_c
    correction = arrhenius_log_factor(temperature, limits.activation_energy_ev, limits.reference_c)
    asr = polarisation.asr_ohm_cm2
    # a dead short may leave nothing but the offset, of either sign: that is "very small", not unknown
    least = SMALLEST_SHARE * np.median(asr[asr > 0.0]) if (asr > 0.0).any() else np.nan
    log_resistance = np.log(np.maximum(asr, least)) - correction
    log_current = np.log(polarisation.current_density_ma_per_cm2)
    first, value = _cycles(log_resistance, log_current)
    course = slow_course(
        polarisation.stop_h[first],
        value,
        log_current[first],
        formation=limits.formation_cycles,
        least=limits.slow_evidence,
    )
    log_resistance = log_resistance - course.weather(polarisation.time_h)
    alpha = voltage_exponent(log_resistance, log_current)
    return _Series(
        polarisation, log_resistance, log_current, baseline(log_resistance, log_current, alpha), course
    )


def _collapse_and_sags(series: _Series, limits: ShortSettings) -> list[Evidence]:
    """Hard shorts (the first that stays), healed ones, and soft ones (falls that come and go)."""
    halves = series.polarisation
    dips = (halves.sag_ratio < limits.sag_ratio) | (halves.flickers >= limits.flickers)
    hard, healed, index = None, [], 0
    while hard is None and (index := _next_collapse(series, index, limits, dips)) < len(halves):
        over = healing(
            halves.time_h, series.log_resistance, series.log_current, series.base, index, *_low(limits)
        )
        if over is None and _stays_low(series, index, limits):
            hard = index
        elif over is not None and over - index > 1:
            healed.append(_collapse(series, index, limits, over))
            # what falls within a short and right before it belongs to it, and is no past to compare with
            dips[max(index - 1, 0) : over] = False
            series = _without(series, index, over)
            index = over
        else:
            index += 1
    if len(healed) >= limits.wide_sag_count:
        dips[[item.half_cycle - 1 for item in healed]] = True
    collapse = [] if hard is None else [_collapse(series, hard, limits)]
    return [*collapse, *_sags(halves, dips, hard, limits), *healed]


def _next_collapse(series: _Series, begin: int, limits: ShortSettings, dips: np.ndarray) -> int:
    """Next half-cycle that has collapsed suddenly, or the number of all; those that recover count as dips."""
    fall = series.log_resistance - series.base
    for index in (np.flatnonzero(fall[begin:] < np.log(limits.collapse_ratio)) + begin).tolist():
        dips[index] |= not _stays_low(series, index, limits)
        if _is_sudden(series, index, limits):
            return int(index)
    return len(fall)


def _without(series: _Series, first: int, stop: int) -> _Series:
    """The series with a stretch at the level it had before."""
    values = series.log_resistance.copy()
    values[first:stop] = series.base[first]
    alpha = voltage_exponent(values, series.log_current)
    return replace(series, log_resistance=values, base=baseline(values, series.log_current, alpha))


def _collapse(series: _Series, index: int, limits: ShortSettings, over: int | None = None) -> Evidence:
    """A collapse that stays, or one that is over."""
    ratio = float(np.exp(series.log_resistance[index] - series.base[index]))
    time_h, half_cycle = _onset(series.polarisation, index, limits)
    end = "did not recover"
    if over is not None:
        end = f"was back after {series.polarisation.start_h[over] - time_h:.3g} h, in half-cycle {over + 1}"
    return Evidence(
        signal=Signal.COLLAPSE if over is None else Signal.HEALED,
        verdict=Short.HARD if over is None else Short.HEALED,
        time_h=time_h,
        half_cycle=half_cycle,
        value=ratio,
        threshold=limits.collapse_ratio,
        statement=f"half-cycle {index + 1}: ASR fell to {ratio:.0%} of the extrapolated baseline and {end}",
    )


def _is_sudden(series: _Series, index: int, limits: ShortSettings) -> bool:
    """Whether a collapse is sudden, unlike an improvement or a warm day."""
    seen = (series.polarisation.sag_ratio[max(index - 1, 0) : index + 1] < limits.sag_ratio).any()
    return bool(seen) or is_abrupt(series.log_resistance, index, limits.abrupt_contrast)


def _stays_low(series: _Series, index: int, limits: ShortSettings) -> bool:
    return stays_low(series.log_resistance, series.log_current, series.base, index, *_low(limits))


def _low(limits: ShortSettings) -> tuple[int, float]:
    return limits.stays_half_cycles, float(np.log(limits.stays_ratio))


def _onset(polarisation: Polarisation, collapsed: int, limits: ShortSettings) -> tuple[float, int]:
    """Time and half-cycle (from 1) of the fall: in the collapsed half-cycle or late in the one before."""
    for index in (collapsed - 1, collapsed):
        if index >= 0 and polarisation.sag_ratio[index] < limits.sag_ratio:
            return float(polarisation.sag_time_h[index]), index + 1
    return float(polarisation.start_h[collapsed]), collapsed + 1


def _sags(
    polarisation: Polarisation, dips: np.ndarray, hard: int | None, limits: ShortSettings
) -> list[Evidence]:
    """Dips in enough of a window of successive half-cycles, before any hard short."""
    flags = dips.copy()
    if hard is not None:
        # the fall of the hard short itself, which may begin in the half-cycle before, is reported already
        flags[max(hard - 1, 0) :] = False
    windows = ((limits.sag_window, limits.sag_count), (limits.wide_sag_window, limits.wide_sag_count))
    passed = [item for item in (crowded(flags, *window) for window in windows) if item is not None]
    if not passed:
        return []
    first = min(passed)
    count = int(flags.sum())
    time_h = polarisation.sag_time_h[first]
    return [
        Evidence(
            signal=Signal.SAG,
            verdict=Short.SOFT,
            time_h=float(time_h if np.isfinite(time_h) else polarisation.start_h[first]),
            half_cycle=first + 1,
            value=float(count),
            threshold=float(limits.sag_count),
            statement=f"{count} half-cycles, the first number {first + 1}, suddenly lose more than "
            f"{1 - limits.sag_ratio:.0%} of the ASR and recover",
        )
    ]


def _cycles(log_resistance: np.ndarray, log_current: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First half-cycles of the pairs of one current, and the mean ln R of each."""
    first = np.arange(0, len(log_resistance) - 1, 2)
    value = 0.5 * (log_resistance[first] + log_resistance[first + 1])
    equal = np.abs(log_current[first + 1] - log_current[first]) < SAME_CURRENT
    kept = equal & np.isfinite(value)
    return first[kept], value[kept]


def _slow(series: _Series, until: int, limits: ShortSettings) -> list[Evidence]:
    """Changes of the slow course downwards; a collapse that begins at `until` is reported already."""
    halves = series.polarisation
    last_h = halves.start_h[max(until - 2, 0)] if until < len(halves) else np.inf
    found = []
    for change in series.course.changes:
        left = float(np.exp(-change.fall))
        if change.kind is Kind.UP or left > limits.slow_ratio or change.time_h >= last_h:
            continue
        how = "falls ever faster" if change.kind is Kind.KINK else "steps down"
        found.append(
            Evidence(
                signal=Signal.SLOW,
                verdict=Short.SUSPECTED,
                time_h=change.time_h,
                half_cycle=int(np.searchsorted(halves.stop_h, change.time_h)) + 1,
                value=left,
                threshold=limits.slow_ratio,
                statement=f"ASR {how} after the formation, to {left:.0%} of its course, the day apart",
            )
        )
    return found


def _floor(series: _Series, floor_asr_ohm_cm2: float, limits: ShortSettings) -> list[Evidence]:
    """Cycles whose resistance is below that of the electrolyte alone."""
    first, value = _cycles(series.log_resistance, series.log_current)
    ratio = np.exp(value) / floor_asr_ohm_cm2
    run = longest_run(ratio < limits.floor_ratio)
    if run.stop - run.start < limits.floor_cycles:
        return []
    half_cycle = int(first[run.start])
    lowest = float(ratio[run].min())
    return [
        Evidence(
            signal=Signal.FLOOR,
            verdict=Short.SUSPECTED,
            time_h=float(series.polarisation.start_h[half_cycle]),
            half_cycle=half_cycle + 1,
            value=lowest,
            threshold=limits.floor_ratio,
            statement=f"ASR is {lowest:.0%} of that of the electrolyte alone ({floor_asr_ohm_cm2:.3g} Ω cm²)",
        )
    ]
