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
suspected
    The resistance is below the electrolyte's own; or it falls faster and faster after the formation.
none, indeterminate
    No signal in enough half-cycles; too few half-cycles to tell.

An arc-less (flat) half-cycle and a small |V| are never evidence: healthy cells show both.

References
----------
Counihan et al., "The phantom menace of dynamic soft-shorts in solid-state battery research", Joule (2023).
Menkin et al., Faraday Discuss. 248 (2024) 277, doi 10.1039/D3FD00101F.
"""

from dataclasses import dataclass

import numpy as np

from screening.lab.cycling.polarisation import Polarisation
from screening.lab.cycling.short_signals import (
    HOURS_PER_DAY,
    SAME_CURRENT,
    accelerating_fall,
    arrhenius_log_factor,
    baseline,
    fall_beyond_improvement,
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
    log_resistance: np.ndarray  # corrected for a recorded temperature
    log_current: np.ndarray
    base: np.ndarray
    has_temperature: bool


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
    found += [*_creep(series, collapse, limits)]
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
    return _Series(
        polarisation,
        log_resistance,
        log_current,
        baseline(log_resistance, log_current, voltage_exponent(log_resistance, log_current)),
        bool(np.isfinite(temperature).all()),
    )


def _collapse_and_sags(series: _Series, limits: ShortSettings) -> list[Evidence]:
    """Hard shorts (the first that stays) and soft ones (falls that come and go)."""
    fall = series.log_resistance - series.base
    collapsed = np.flatnonzero(fall < np.log(limits.collapse_ratio))
    hard = next((int(index) for index in collapsed if _is_hard(series, int(index), limits)), None)
    found = []
    if hard is not None:
        ratio = float(np.exp(fall[hard]))
        time_h, half_cycle = _onset(series.polarisation, hard, limits)
        found.append(
            Evidence(
                signal=Signal.COLLAPSE,
                verdict=Short.HARD,
                time_h=time_h,
                half_cycle=half_cycle,
                value=ratio,
                threshold=limits.collapse_ratio,
                statement=f"half-cycle {hard + 1}: ASR fell to {ratio:.0%} of the extrapolated baseline "
                "and did not recover",
            )
        )
    dips = (series.polarisation.sag_ratio < limits.sag_ratio) | (
        series.polarisation.flickers >= limits.flickers
    )
    dips[[index for index in collapsed.tolist() if not _stays_low(series, index, limits)]] = True
    found += _sags(series.polarisation, dips, hard, limits)
    return found


def _is_hard(series: _Series, index: int, limits: ShortSettings) -> bool:
    """Whether a collapse is sudden, unlike an improvement or a warm day, and stays."""
    seen = (series.polarisation.sag_ratio[max(index - 1, 0) : index + 1] < limits.sag_ratio).any()
    sudden = seen or is_abrupt(series.log_resistance, index, limits.abrupt_contrast)
    return bool(sudden) and _stays_low(series, index, limits)


def _stays_low(series: _Series, index: int, limits: ShortSettings) -> bool:
    return stays_low(
        series.log_resistance,
        series.log_current,
        series.base,
        index,
        limits.stays_half_cycles,
        float(np.log(limits.stays_ratio)),
    )


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
    passed = [item for item in (_crowded(flags, *window) for window in windows) if item is not None]
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


def _crowded(flags: np.ndarray, window: int, count: int) -> int | None:
    """Index of the first flag of the first window of successive half-cycles that holds enough of them."""
    at = np.flatnonzero(flags)
    close = np.flatnonzero(at[count - 1 :] - at[: max(len(at) - count + 1, 0)] < window)
    return int(at[close[0]]) if len(close) else None


def _cycles(series: _Series) -> tuple[np.ndarray, np.ndarray]:
    """First half-cycles of the pairs of one current, and the mean ln R of each pair."""
    first = np.arange(0, len(series.log_resistance) - 1, 2)
    value = 0.5 * (series.log_resistance[first] + series.log_resistance[first + 1])
    equal = np.abs(series.log_current[first + 1] - series.log_current[first]) < SAME_CURRENT
    kept = equal & np.isfinite(value)
    return first[kept], value[kept]


def _creep(series: _Series, until: int, limits: ShortSettings) -> list[Evidence]:
    """Fall that grows faster after the formation, or goes too far, at one level of the current.

    Only half-cycles before `until` count: a collapse that begins there is reported already.
    """
    first, value = _cycles(series)
    first, value = first[first + 1 < until], value[first + 1 < until]
    if not len(first):
        return []
    time_h = series.polarisation.stop_h[first]
    formed_h = time_h[min(limits.formation_cycles, len(first)) - 1]
    at_once = limits.creep_ratio_corrected if series.has_temperature else limits.creep_ratio_uncorrected
    level_edges = np.flatnonzero(np.abs(np.diff(series.log_current[first])) > SAME_CURRENT) + 1
    for rows in np.split(np.arange(len(first)), level_edges):
        times, values = time_h[rows], value[rows]
        for average_h, ratio in ((0.0, at_once), (HOURS_PER_DAY, limits.creep_ratio)):
            faster = accelerating_fall(
                times, values, start_h=formed_h, average_h=average_h, shortest_h=limits.creep_shortest_h
            )
            further = fall_beyond_improvement(
                times,
                values,
                formation=limits.formation_cycles,
                average_h=average_h,
                allowance=limits.improvement_allowance,
            )
            for fall, words in (
                (faster, "ASR falls ever faster after a steady time, to {:.0%} of its level"),
                (
                    further,
                    "ASR kept falling after the formation, to {:.0%} of the extrapolated level",
                ),
            ):
                passed = np.flatnonzero(fall < np.log(ratio))
                if len(passed):
                    half_cycle = int(first[rows[passed[0]]])
                    lowest = float(np.exp(fall.min()))
                    return [
                        Evidence(
                            signal=Signal.CREEP,
                            verdict=Short.SUSPECTED,
                            time_h=float(series.polarisation.stop_h[half_cycle]),
                            half_cycle=half_cycle + 1,
                            value=lowest,
                            threshold=ratio,
                            statement=words.format(lowest),
                        )
                    ]
    return []


def _floor(series: _Series, floor_asr_ohm_cm2: float, limits: ShortSettings) -> list[Evidence]:
    """Cycles whose resistance is below that of the electrolyte alone."""
    first, value = _cycles(series)
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
