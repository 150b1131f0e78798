"""Shorts: what must be found, what must not, and laws that any verdict obeys."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from screening.lab.cycling.changepoints import Kind, slow_course
from screening.lab.cycling.halfcycles import half_cycles
from screening.lab.cycling.polarisation import measure, sags
from screening.lab.cycling.short_signals import (
    arrhenius_log_factor,
    baseline,
    extrapolated,
    voltage_exponent,
)
from screening.lab.cycling.shorts import judge_shorts
from screening.lab.cycling.symmetric import LifeEnd, assess_symmetric
from screening.lab.cycling.table import cycling_data_from_arrays
from screening.lab.cycling.verdict import ShortSettings
from screening.lab.short import Evidence, Short, ShortVerdict, Signal, join_verdicts
from screening.simulate.symmetric import BENIGN, Scenario, simulate

SAMPLES = 60
HALF_S = 3600.0


def cell_of(asr_ohm_cm2, *, density=0.5e-3, noise=0.002, seed=0, columns=None, half_s=HALF_S):
    """A square wave whose V / J is given per half-cycle (n,) or per sample (n, SAMPLES)."""
    asr = np.asarray(asr_ohm_cm2, float)
    asr = np.repeat(asr[:, None], SAMPLES, axis=1) if asr.ndim == 1 else asr
    level = np.broadcast_to(np.asarray(density, float), len(asr))[:, None] * np.ones_like(asr)
    sign = np.where(np.arange(len(asr)) % 2 == 0, 1.0, -1.0)[:, None]
    time = (np.arange(asr.size) + 0.5) * half_s / SAMPLES
    factor = 1.0 + noise * np.random.default_rng(seed).standard_normal(asr.size)
    return cycling_data_from_arrays(
        time,
        (sign * level * asr).ravel() * factor,
        (sign * level).ravel(),
        cell="simulated",
        **(columns or {}),
    ).of_cell(area_cm2=1.0)


def judged(data, **options):
    return judge_shorts(measure(data, half_cycles(data)), **options)


def accuses(data, **options):
    return judged(data, **options).verdict


@pytest.mark.parametrize("drop", [0.30, 0.5, 0.9, 0.99, 1.0])
@pytest.mark.parametrize("onset", [20, 21, 20.3, 20.9])
def test_hard_short_is_found_within_a_half_cycle(drop, onset):
    asr = np.full((60, SAMPLES), 200.0)
    asr.reshape(-1)[round(onset * SAMPLES) :] *= 1.0 - drop
    verdict = judged(cell_of(asr))
    assert verdict.verdict is Short.HARD
    assert abs(verdict.time_h - onset * HALF_S / 3600.0) <= 1.0
    assert verdict.evidence[0].signal is Signal.COLLAPSE


def test_short_in_the_last_half_cycle_is_hard():
    asr = np.full(30, 200.0)
    asr[-1] = 60.0
    assert accuses(cell_of(asr)) is Short.HARD


def test_falls_that_recover_are_soft():
    asr = np.full((60, SAMPLES), 200.0)
    asr[30, 30:40] *= 0.6
    asr[32, 20:30] *= 0.6
    verdict = judged(cell_of(asr))
    assert verdict.verdict is Short.SOFT
    assert verdict.half_cycle == 31
    assert verdict.time_h == pytest.approx(30.5, abs=0.1)


def test_one_fall_alone_is_no_verdict():
    asr = np.full((60, SAMPLES), 200.0)
    asr[30, 30:40] *= 0.6
    assert accuses(cell_of(asr)) is Short.NONE


def test_flicker_of_single_samples_is_soft():
    asr = np.full((60, SAMPLES), 200.0)
    asr[30:33, 20:50:5] *= 0.5
    assert accuses(cell_of(asr)) is Short.SOFT


def test_upward_spikes_are_no_fall():
    asr = np.full((60, SAMPLES), 200.0)
    asr[20:40, 30:34] *= 1.4
    assert accuses(cell_of(asr)) is Short.NONE


def test_improvement_is_no_short():
    cycle = np.arange(80) / 2.0
    for tau in (1.0, 3.0, 6.0):
        assert accuses(cell_of(100.0 * (1.0 + 1.5 * np.exp(-cycle / tau)))) is Short.NONE


def test_late_fall_after_a_steady_time_is_suspected():
    hours = np.arange(160.0)
    verdict = judged(cell_of(200.0 * (1.0 - 0.5 * np.clip((hours - 60.0) / 60.0, 0.0, 1.0))))
    assert verdict.verdict is Short.SUSPECTED
    assert verdict.evidence[0].signal is Signal.SLOW
    assert verdict.time_h == pytest.approx(60.0, abs=6.0)


@pytest.mark.parametrize("amplitude_k", [2.0, 3.5, 5.0])
@pytest.mark.parametrize("half_h", [0.5, 1.0, 2.0])
def test_days_that_are_not_recorded_raise_no_alarm(amplitude_k, half_h):
    rng = np.random.default_rng(4)
    hours = (np.arange(int(120.0 / half_h)) + 0.5) * half_h
    for _ in range(6):
        celsius = 25.0 + amplitude_k * np.sin(2.0 * np.pi * (hours / 24.0 + rng.uniform()))
        improving = 1.0 + rng.uniform(0.0, 1.0) * np.exp(-hours / rng.uniform(2.0, 40.0))
        asr = 200.0 * improving * np.exp(arrhenius_log_factor(celsius, 0.44, 25.0))
        assert accuses(cell_of(asr, half_s=3600.0 * half_h)) is Short.NONE


def formation(hours):
    """The founding paper's: 40 % lost over 80 h, and on."""
    return 200.0 * (0.45 + 0.55 * np.exp(-hours / 61.7))


def test_strong_formation_is_no_short_and_a_slow_leak_on_it_is_suspected():
    hours = np.arange(150.0) + 0.5
    assert formation(np.array([80.0]))[0] / formation(np.zeros(1))[0] == pytest.approx(0.6, abs=0.01)
    assert accuses(cell_of(formation(hours))) is Short.NONE
    leak = 0.7 * np.clip((hours - 50.0) / 50.0, 0.0, 1.0)
    shorted = formation(hours) / (1.0 + leak)
    verdict = judged(cell_of(shorted))
    assert verdict.verdict is Short.SUSPECTED
    assert verdict.evidence[0].signal is Signal.SLOW
    assert verdict.time_h == pytest.approx(50.0, abs=10.0)


@pytest.mark.parametrize("half_h", [0.5, 1.0, 2.0])
def test_a_micro_short_that_heals_is_its_own_verdict_and_ends_no_life(half_h):
    hours = (np.arange(int(120.0 / half_h)) + 0.5) * half_h
    asr = np.where((hours > 55.0) & (hours < 60.0), 60.0, 200.0)
    data = cell_of(asr, half_s=3600.0 * half_h)
    verdict = judged(data)
    assert verdict.verdict is Short.HEALED
    assert verdict.time_h == pytest.approx(55.0, abs=2.0 * half_h)
    assert verdict.evidence[0].signal is Signal.HEALED
    life = assess_symmetric(data).life
    assert life.end is LifeEnd.RECORD
    assert life.hours == pytest.approx(120.0, abs=0.1)


def test_micro_shorts_that_come_again_are_soft():
    asr = np.full(120, 200.0)
    for begin in (40, 46, 52):
        asr[begin : begin + 3] = 60.0
    assert accuses(cell_of(asr)) is Short.SOFT


def test_resistance_that_creeps_back_has_not_healed():
    hours = np.arange(160.0)
    asr = np.where(hours < 40.0, 200.0, 120.0 * (1.0 + 0.6 * np.clip((hours - 40.0) / 110.0, 0.0, 1.0)))
    assert accuses(cell_of(asr)) is Short.HARD


@pytest.mark.parametrize("factor", [0.15, 0.5, 2.0, 6.0])
def test_step_of_the_current_is_no_short(factor):
    density = np.where(np.arange(60) < 24, 0.5e-3, 0.5e-3 * factor)
    thermal = 0.103
    linear = 200.0
    tafel = thermal * np.arcsinh(density * linear / thermal) / density
    assert accuses(cell_of(tafel, density=density)) is Short.NONE


def test_short_at_a_step_down_is_still_found():
    density = np.where(np.arange(60) < 24, 1e-3, 0.5e-3)
    assert accuses(cell_of(np.where(np.arange(60) < 24, 200.0, 90.0), density=density)) is Short.HARD


def test_below_the_electrolyte_is_suspected():
    verdict = judged(cell_of(np.full(40, 40.0)), floor_asr_ohm_cm2=62.0)
    assert verdict.verdict is Short.SUSPECTED
    assert verdict.evidence[0].signal is Signal.FLOOR
    assert verdict.evidence[0].value == pytest.approx(40.0 / 62.0, rel=0.01)


def test_small_voltage_and_flat_half_cycles_are_no_evidence():
    data = cell_of(np.full(60, 100.0), density=5e-6, noise=0.0)
    assert np.abs(data.voltage_v).max() < 1e-3
    assert accuses(data) is Short.NONE


def test_recorded_temperature_excuses_what_it_explains():
    celsius = 25.0 + 12.0 * np.clip((np.arange(200.0) - 60.0) / 60.0, 0.0, 1.0)
    asr = 200.0 * np.exp(arrhenius_log_factor(celsius, 0.44, 25.0))
    known = {"ambient_temperature_celsius": np.repeat(celsius, SAMPLES)}
    assert accuses(cell_of(asr)) is Short.SUSPECTED
    assert accuses(cell_of(asr, columns=known)) is Short.NONE


def test_too_few_half_cycles_are_indeterminate():
    assert accuses(cell_of(np.full(4, 100.0))) is Short.INDETERMINATE


def test_full_cell_is_indeterminate():
    data = cell_of(np.full(20, 100.0))
    shifted = replace(data, table=data.table.assign(voltage_volt=data.voltage_v + 3.7))
    assert accuses(shifted) is Short.INDETERMINATE


@pytest.mark.parametrize("level", [Short.HARD, Short.SOFT, Short.SUSPECTED])
def test_an_alarm_of_impedance_decides_over_calm_cycling(level):
    gone = Evidence(
        signal=Signal.PLATING, source="impedance", verdict=level, statement="plating process gone", value=0.4
    )
    cycled = judged(cell_of(np.full(40, 100.0)))
    joint = join_verdicts(cycled, ShortVerdict(level, (gone,)))
    assert joint.verdict is level
    assert joint.evidence == (gone, *cycled.evidence)
    assert np.isnan(joint.time_h)
    assert joint.words == str(level)


def test_the_stronger_alarm_decides_and_a_measurement_that_cannot_tell_takes_nothing_away():
    asr = np.full(60, 200.0)
    asr[30:] = 50.0
    hard, calm = judged(cell_of(asr)), judged(cell_of(np.full(40, 100.0)))
    silent = Evidence(
        signal=Signal.DROP, source="impedance", verdict=Short.INDETERMINATE, statement="too few spectra"
    )
    unknown = ShortVerdict(Short.INDETERMINATE, (silent,))
    soft = ShortVerdict(Short.SOFT, (silent,))
    assert join_verdicts(soft, hard).verdict is Short.HARD
    assert join_verdicts(soft, hard).half_cycle == hard.half_cycle
    assert join_verdicts(calm, unknown).verdict is Short.NONE
    assert join_verdicts(unknown, None).verdict is Short.INDETERMINATE
    assert join_verdicts(None, None) is None


@pytest.mark.parametrize("scenario", BENIGN)
def test_benign_scenarios_raise_no_alarm(scenario):
    for seed in range(4):
        cell = simulate(scenario, seed)
        assert not accuses(cell.data, floor_asr_ohm_cm2=cell.electrolyte_asr_ohm_cm2).is_alarm


@pytest.mark.parametrize("scenario", [Scenario.HARD, Scenario.HARD_AT_BOUNDARY])
def test_simulated_hard_shorts_are_found_in_time(scenario):
    for seed in range(4):
        cell = simulate(scenario, seed)
        verdict = judged(cell.data, floor_asr_ohm_cm2=cell.electrolyte_asr_ohm_cm2)
        assert verdict.verdict is Short.HARD
        assert abs(verdict.time_h * 3600.0 - cell.onset_s) <= cell.half_cycle_s


def test_thresholds_matter():
    blind = ShortSettings(collapse_ratio=0.01, sag_ratio=0.01, slow_ratio=0.01)
    asr = np.where(np.arange(60) < 30, 200.0, 100.0)
    assert accuses(cell_of(asr)) is Short.HARD
    assert accuses(cell_of(asr), settings=blind) is Short.NONE


@settings(max_examples=20, deadline=None)
@given(
    st.sampled_from([Scenario.HARD, Scenario.INTERMITTENT, Scenario.IMPROVING]),
    st.integers(0, 50),
    st.sampled_from([0.25, 4.0]),
    st.sampled_from([-1.0, 1.0]),
)
def test_verdict_does_not_depend_on_units_of_area_polarity_or_start(scenario, seed, scale, sign):
    data = simulate(scenario, seed).data
    table = data.table.assign(
        voltage_volt=sign * data.voltage_v,
        current_ampere=sign * scale * data.current_a,
        test_time_second=data.time_s + 1e6,
    )
    moved = replace(data, table=table, area_cm2=scale * data.area_cm2)
    before, after = judged(data), judged(moved)
    assert after.verdict is before.verdict
    assert after.half_cycle == before.half_cycle


@given(st.floats(1.0, 1e4), st.floats(1e-6, 1e-2), st.floats(1e-6, 1e-2), st.floats(0.0, 1.0))
def test_promise_never_exceeds_the_resistance_and_is_exact_at_its_own_current(r, j, k, alpha):
    value = extrapolated(np.log(r), np.log(j), np.log(k), alpha)
    assert value <= np.log(r) + 1e-12
    assert extrapolated(np.log(r), np.log(j), np.log(j), alpha) == pytest.approx(np.log(r))
    # |V| does not fall when the current rises
    if k > j:
        assert value + np.log(k) >= np.log(r) + np.log(j) - 1e-9


@given(st.floats(0.1, 2.0), st.floats(1.0, 8.0), st.floats(0.0, 0.1))
def test_convex_improvement_stays_above_its_baseline(gain, tau, asymmetry):
    index = np.arange(60)
    log_r = np.log(1.0 + gain * np.exp(-index / 2.0 / tau)) + asymmetry * (index % 2)
    flat = np.zeros(60)
    base = baseline(log_r, flat, voltage_exponent(log_r, flat))
    known = np.isfinite(base)
    assert known.sum() == 56
    assert (log_r[known] >= base[known] - 1e-9).all()


@settings(max_examples=40, deadline=None)
@given(st.floats(0.0, 2.0), st.floats(1.0, 40.0), st.sampled_from(["exponential", "power", "logarithm"]))
def test_improvement_that_slows_down_has_no_change_downwards(gain, tau, law):
    hours = np.arange(1.0, 200.0, 2.0)
    course = {
        "exponential": np.exp(-hours / tau),
        "power": (1.0 + hours / tau) ** -1.0,
        "logarithm": 1.0 - np.log1p(hours / tau) / np.log1p(200.0 / tau),
    }[law]
    value = np.log(1.5 + gain * course) + 0.003 * np.random.default_rng(1).standard_normal(len(hours))
    found = slow_course(hours, value, np.zeros(len(hours)), formation=8, least=5.0).changes
    assert not [change for change in found if change.kind is not Kind.UP]


@settings(max_examples=40, deadline=None)
@given(st.floats(0.0, 0.35), st.floats(0.0, 6.28), st.floats(0.0, 0.3))
def test_the_day_is_estimated_beside_a_step_and_a_formation(amplitude, phase, gain):
    hours = np.arange(0.0, 150.0, 2.0)
    wave = amplitude * np.cos(2.0 * np.pi * hours / 24.0 - phase)
    value = wave + gain * np.exp(-hours / 30.0) - 0.8 * (hours > 90.0)
    course = slow_course(hours, value, np.zeros(len(hours)), formation=8, least=5.0)
    assert np.abs(course.weather(hours) - wave).max() < 0.03 + 0.1 * amplitude
    step = [change for change in course.changes if change.kind is Kind.DOWN]
    assert [change.time_h for change in step] == pytest.approx([92.0])
    assert step[0].fall == pytest.approx(0.8, abs=0.08)


def test_spikes_both_ways_are_a_poor_contact_and_pulses_are_no_falls():
    rng = np.random.default_rng(3)
    asr = np.full((60, SAMPLES), 200.0)
    spiky = asr * np.where(rng.random(asr.shape) < 0.06, rng.choice([0.6, 1.4], asr.shape), 1.0)
    dropped = asr * np.where(rng.random(asr.shape) < 0.1, 0.6, 1.0)
    assert accuses(cell_of(spiky)) is Short.NONE
    assert accuses(cell_of(dropped)) is Short.SOFT
    # ten pulses a half-cycle, each with the charging of a double layer, and rests between
    row = np.arange(SAMPLES) % 12
    charging = np.broadcast_to(1.0 - 0.4 * np.exp(-row / 1.5), asr.shape)
    data = cell_of(asr * charging)
    resting = np.tile(row >= 9, len(asr))
    table = data.table.assign(
        current_ampere=np.where(resting, 0.0, data.current_a),
        voltage_volt=np.where(resting, 0.0, data.voltage_v),
    )
    assert accuses(replace(data, table=table)) is Short.NONE


def test_sag_needs_voltage_and_resistance_to_fall():
    start, stop = np.array([0]), np.array([200])
    voltage, current = np.full(200, 0.1), np.full(200, 1e-3)
    down, up = current.copy(), current.copy()
    down[100:] *= 0.5
    up[100:] *= 2.0
    fallen = np.where(np.arange(200) < 100, 0.1, 0.05)
    assert sags(fallen, current, start, stop).ratio[0] == pytest.approx(0.5)
    assert sags(fallen, current, start, stop).row[0] == pytest.approx(100, abs=2)
    assert sags(fallen, down, start, stop).ratio[0] == 1.0
    assert sags(voltage, up, start, stop).ratio[0] == 1.0


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([1, 2, 5, 13, 40, 400]),
    st.sampled_from([1, 2, 7, 30]),
    st.sampled_from(["zero", "noise", "ohmic", "opposed", "battery", "tiny", "huge"]),
    st.sampled_from([None, np.nan, -400.0, 25.0]),
)
def test_any_finite_record_gets_a_verdict(seed, rows, run, kind, celsius):
    rng = np.random.default_rng(seed)
    time = np.cumsum(rng.choice([0.0, 1.0, 60.0, 1e6], rows))
    current = rng.choice([-1.0, 0.0, 1.0], rows).repeat(run)[:rows] * rng.choice([1e-12, 1e-6, 1e3])
    current[rng.integers(rows)] = 1e-3
    voltage = {
        "zero": np.zeros(rows),
        "noise": rng.standard_normal(rows),
        "ohmic": 100.0 * current,
        "opposed": -100.0 * current,
        "battery": np.full(rows, 3.7),
        "tiny": 1e-300 * current,
        "huge": 1e200 * current,
    }[kind]
    columns = {} if celsius is None else {"temperature_t1_celsius": np.full(rows, celsius)}
    data = cycling_data_from_arrays(time, voltage, current, cell="any", **columns).of_cell(area_cm2=1.0)
    verdict = judged(data, floor_asr_ohm_cm2=62.0)
    assert verdict.verdict in Short
    assert verdict.evidence
    assert verdict.verdict.is_alarm == np.isfinite(verdict.time_h)
