"""Half-cycles against a slow twin that walks row by row, and the laws that any cutting must obey."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from screening.lab.cycling.halfcycles import half_cycle_rows, half_cycles, rest_threshold_a
from screening.lab.cycling.polarisation import measure
from screening.lab.cycling.table import SourceFile, cycling_data_from_arrays

EXACT = 1e-12
"""Sums of some hundred terms in another order."""


def slow_twin(time, voltage, current):
    """Charge and energy of each half-cycle by a loop over rows; negligible runs are skipped."""
    largest = np.quantile(np.abs(current[current != 0]), 0.999) if np.any(current) else 0.0
    state = [0 if abs(i) <= 1e-3 * largest else int(np.sign(i)) for i in current]
    runs = []  # sign, charge, energy
    for k, sign in enumerate(state):
        if k == 0 or sign != state[k - 1]:
            runs.append([sign, 0.0, 0.0])
            mean = abs(current[k])
        else:
            mean = 0.5 * (abs(current[k]) + abs(current[k - 1]))
        amount = mean * (time[k] - time[k - 1]) if k and sign else 0.0
        runs[-1][1] += amount
        runs[-1][2] += amount * voltage[k]
    charges = sorted(run[1] for run in runs)
    half, reached, typical = sum(charges) / 2, 0.0, 0.0
    for charge in charges:
        reached += charge
        if reached >= half - 1e-9 * half:
            typical = charge
            break
    merged = []
    for sign, charge, energy in runs:
        if sign == 0 or charge <= 1e-3 * typical:
            continue
        if merged and merged[-1][0] == sign:
            merged[-1] = [sign, merged[-1][1] + charge, merged[-1][2] + energy]
        else:
            merged.append([sign, charge, energy])
    return merged


levels = st.sampled_from([-2e-3, -1e-3, 0.0, 1e-3, 2e-3])
segments = st.lists(st.tuples(levels, st.integers(2, 9)), min_size=1, max_size=12)


def record(plan, seed=0):
    rng = np.random.default_rng(seed)
    current = np.concatenate([np.full(n, level) for level, n in plan])
    time = np.cumsum(rng.uniform(1.0, 20.0, len(current)))
    voltage = 3.5 + np.sign(current) * 0.2 + rng.normal(0, 0.01, len(current))
    return cycling_data_from_arrays(time, voltage, current)


@settings(derandomize=True, max_examples=200, deadline=None)
@given(segments, st.integers(0, 5))
def test_agrees_with_a_walk_along_the_rows(plan, seed):
    data = record(plan, seed)
    halves = half_cycles(data)
    twin = slow_twin(data.time_s, data.voltage_v, data.current_a)
    assert halves.sign.tolist() == [sign for sign, _, _ in twin]
    # rows of the other sign inside a half-cycle are too short to count; here every run counts
    np.testing.assert_allclose(halves.charge_ah * 3600, [charge for _, charge, _ in twin], rtol=1e-9)
    np.testing.assert_allclose(halves.energy_wh * 3600, [energy for _, _, energy in twin], rtol=1e-9)


@settings(derandomize=True, max_examples=60, deadline=None)
@given(segments, st.floats(0.1, 10), st.floats(-1e6, 1e6))
def test_laws_of_scale_sign_and_shift(plan, scale, shift):
    data = record(plan)
    halves = half_cycles(data)
    scaled = half_cycles(cycling_data_from_arrays(data.time_s, data.voltage_v, scale * data.current_a))
    np.testing.assert_allclose(scaled.charge_ah, scale * halves.charge_ah, rtol=1e-9)
    mirrored = half_cycles(cycling_data_from_arrays(data.time_s, data.voltage_v, -data.current_a))
    np.testing.assert_array_equal(mirrored.sign, -halves.sign)
    np.testing.assert_allclose(mirrored.charge_ah, halves.charge_ah, rtol=EXACT)
    shifted = half_cycles(cycling_data_from_arrays(data.time_s + shift, data.voltage_v, data.current_a))
    np.testing.assert_array_equal(shifted.start, halves.start)
    np.testing.assert_allclose(shifted.charge_ah, halves.charge_ah, rtol=1e-6)


@settings(derandomize=True, max_examples=60, deadline=None)
@given(segments)
def test_half_cycles_alternate_and_stay_apart(plan):
    halves = half_cycles(record(plan))
    assert np.all(halves.sign[1:] == -halves.sign[:-1])
    assert np.all(halves.start[1:] >= halves.stop[:-1])
    assert np.all(halves.stop > halves.start)
    assert np.all(halves.charge_ah > 0)
    assert len(halves.to_frame()) == len(halves)


@settings(derandomize=True, max_examples=40, deadline=None)
@given(segments)
def test_rows_of_a_half_cycle_sum_to_its_charge(plan):
    data = record(plan)
    halves = half_cycles(data)
    for index in range(len(halves)):
        rows = half_cycle_rows(data, halves, index)
        assert rows.charge_c.sum() / 3600 == pytest.approx(halves.charge_ah[index], rel=1e-9)
        assert np.all(np.sign(data.current_a[rows.row]) == halves.sign[index])


def test_pulses_with_rests_are_one_half_cycle():
    pulses = [(1e-3, 10), (0.0, 30)] * 5
    halves = half_cycles(record([*pulses, (-1e-3, 50)]))
    assert halves.sign.tolist() == [1, -1]
    assert halves.rest_inside_s[0] > 2 * halves.on_time_s[0]
    assert halves.rest_before_s[1] > 0


def test_one_stray_sample_cuts_nothing():
    time = np.arange(1.0, 2001.0)
    current = np.where(time <= 1000, 1e-3, -1e-3)
    current[400] = -1e-3  # one sample with the wrong polarity
    halves = half_cycles(cycling_data_from_arrays(time, np.full(2000, 3.5), current))
    assert halves.sign.tolist() == [1, -1]
    assert halves.charge_ah[0] * 3600 == pytest.approx(0.999, abs=2e-3)


def test_first_sample_with_the_previous_polarity():
    time = np.arange(400.0)
    current = np.where(time < 200, 1e-3, -1e-3)
    voltage = 0.1 * np.sign(current)
    voltage[200] = 0.1  # the current is switched, the voltage not yet
    halves = half_cycles(cycling_data_from_arrays(time, voltage, current))
    assert halves.stale_first.tolist() == [False, True]


def test_noise_at_rest_is_no_current():
    rng = np.random.default_rng(0)
    current = np.concatenate([np.full(500, 1e-3), rng.normal(0, 3e-6, 500), np.full(500, -1e-3)])
    halves = half_cycles(cycling_data_from_arrays(np.arange(1500.0), np.full(1500, 3.5), current))
    assert halves.sign.tolist() == [1, -1]
    np.testing.assert_allclose(halves.charge_ah * 3600, 0.5, rtol=0.01)


def test_constant_voltage_is_found_and_its_charge_told():
    time = np.arange(3000.0)
    taper = 1e-3 * np.exp(-np.arange(1000) / 300)
    current = np.concatenate([np.full(1000, 1e-3), taper, np.full(1000, -1e-3)])
    voltage = np.concatenate([np.linspace(3.0, 4.2, 1000), np.full(1000, 4.2), np.linspace(4.2, 3.0, 1000)])
    halves = half_cycles(cycling_data_from_arrays(time, voltage, current))
    assert abs(int(halves.cv_start[0]) - 1000) < 30  # until the current has fallen by 5 %
    assert halves.cv_start[1] == halves.stop[1]
    assert halves.cv_charge_ah[0] * 3600 == pytest.approx(taper[20:].sum() * 1.0, rel=0.02)
    assert halves.current_a[0] == pytest.approx(1e-3, rel=0.01)


def test_impedance_rows_interrupt_nothing():
    n = 300
    frequency = np.full(n, np.nan)
    current = np.full(n, 1e-3)
    frequency[100:120], current[100:120] = 10.0, -5e-4
    data = cycling_data_from_arrays(np.arange(float(n)), np.full(n, 3.5), current, frequency_hertz=frequency)
    halves = half_cycles(data)
    assert halves.sign.tolist() == [1]
    assert halves.rest_inside_s[0] == pytest.approx(20.0, abs=1.5)


def test_no_charge_flows_between_files():
    data = cycling_data_from_arrays(
        np.append(np.arange(100.0), np.arange(100.0) + 1e6), np.full(200, 3.5), np.full(200, 1e-3)
    )
    sources = (
        SourceFile(name="a", sha256="", format="csv", start=0, stop=100),
        SourceFile(name="b", sha256="", format="csv", start=100, stop=200),
    )
    joined = half_cycles(dataclasses.replace(data, sources=sources))
    assert joined.charge_ah[0] * 3600 == pytest.approx(0.198)
    assert half_cycles(data).charge_ah[0] * 3600 > 900  # as one file, the gap would count


def test_a_derived_current_is_the_mean_of_its_interval():
    time, current = np.array([0.0, 10.0, 30.0]), np.array([0.0, 1e-3, 3e-3])
    data = cycling_data_from_arrays(time, np.full(3, 3.5), current)
    derived = dataclasses.replace(data, current_origin="derived: dq over the time step")
    assert half_cycles(derived).charge_ah[0] * 3600 == pytest.approx(1e-3 * 10 + 3e-3 * 20)
    assert half_cycles(data).charge_ah[0] * 3600 == pytest.approx(1e-3 * 10 + 2e-3 * 20)


@pytest.mark.parametrize("witness", ["step time", "step counter", "counters", "first row"])
@pytest.mark.parametrize("written", ["where a step begins", "at the end of each interval"])
def test_the_file_tells_whose_the_interval_before_a_change_is(witness, written):
    """Half an hour each of charge, rest and discharge at 1 mA, twice, a row a minute."""
    if written == "at the end of each interval":
        time = np.arange(1.0, 181.0) * 60.0
        step, within = np.divmod(time - 60.0, 1800.0)
        within += 60.0
    else:
        time = np.arange(0.0, 181.0) * 60.0
        step, within = np.divmod(time, 1800.0)
        step[-1], within[-1] = 5, 1800.0  # only the last step has a row at its end
    current = np.array([1e-3, 0.0, -1e-3] * 2)[step.astype(int)]
    passed_ah = np.abs(current) * within / 3600.0
    charged = passed_ah * (step % 3 == 0) + 5e-4 * (np.floor((step + 2) / 3))
    columns = {
        "step time": {"step_time_second": within},
        "step counter": {"step_capacity_ah": passed_ah},
        "counters": {
            "charging_capacity_ah": charged,
            "discharging_capacity_ah": passed_ah * (step % 3 == 2) + 5e-4 * np.floor(step / 3),
        },
        "first row": {},
    }[witness]
    data = cycling_data_from_arrays(time, np.full(len(time), 3.5), current, **columns)
    halves = half_cycles(data)
    assert halves.sign.tolist() == [1, -1, 1, -1]
    complete = np.ones(4, bool)
    complete[0] = written == "where a step begins"  # else the first interval of the file is not in it
    np.testing.assert_allclose(halves.charge_ah[complete], 5e-4, rtol=EXACT)
    np.testing.assert_allclose((halves.time_stop_s - halves.time_start_s)[complete], 1800.0)
    np.testing.assert_allclose(halves.rest_before_s[[1, 3]], 1800.0)
    for index in range(4):
        assert half_cycle_rows(data, halves, index).charge_c.sum() == pytest.approx(
            halves.charge_ah[index] * 3600
        )


@pytest.mark.parametrize("n", [0, 1, 5])
def test_no_current_no_half_cycles(n):
    halves = half_cycles(cycling_data_from_arrays(np.arange(float(n)), np.full(n, 3.5), np.zeros(n)))
    assert len(halves) == 0
    assert len(halves.to_frame()) == 0


def test_a_wild_sample_does_not_put_the_record_to_rest():
    current = np.full(10_000, 1e-3)
    current[77] = 50.0
    assert rest_threshold_a(current) == pytest.approx(1e-6)


def four_half_cycles(spectrum_v=None):
    """1 mA for an hour at 50 and -30 mV, twice, a row a minute; or with a spectrum amid the second hour."""
    voltage = np.append(0.0, np.repeat([0.05, -0.03, 0.05, -0.03], 60))
    current, frequency = 1e-3 * np.sign(voltage), np.full(len(voltage), np.nan)
    if spectrum_v is not None:
        rows = slice(85, 95)
        voltage[rows], current[rows], frequency[rows] = spectrum_v, -5e-3, np.geomspace(1e5, 1.0, 10)
    known = {} if spectrum_v is None else {"frequency_hertz": frequency}
    return cycling_data_from_arrays(60.0 * np.arange(len(voltage)), voltage, current, **known)


def test_four_half_cycles_of_a_milliampere_hour():
    halves = half_cycles(four_half_cycles())
    assert halves.sign.tolist() == [1, -1, 1, -1]
    np.testing.assert_allclose(halves.charge_ah, 1e-3)
    np.testing.assert_allclose(halves.energy_wh, [5e-5, -3e-5, 5e-5, -3e-5])
    np.testing.assert_allclose(halves.on_time_s, 3600.0)
    np.testing.assert_allclose(halves.current_a, 1e-3)
    np.testing.assert_allclose(halves.time_stop_s, [3600.0, 7200.0, 10800.0, 14400.0])
    figures = measure(four_half_cycles().of_cell(area_cm2=2.0), halves)
    np.testing.assert_allclose(figures.current_density_ma_per_cm2, 0.5)
    np.testing.assert_allclose(figures.capacity_mah_per_cm2, 0.5)
    np.testing.assert_allclose(figures.asr_ohm_cm2, [100.0, 60.0, 100.0, 60.0])
    np.testing.assert_allclose(figures.start_h, [0.0, 1.0, 2.0, 3.0], atol=1 / 60)
    np.testing.assert_allclose(figures.stop_h, [1.0, 2.0, 3.0, 4.0])


@pytest.mark.parametrize("spectrum_v", [-0.5, 0.5, 0.0])
def test_points_of_a_spectrum_are_neither_charge_nor_polarisation(spectrum_v):
    data = four_half_cycles(spectrum_v)
    halves = half_cycles(data)
    assert halves.sign.tolist() == [1, -1, 1, -1]
    np.testing.assert_allclose(halves.charge_ah[[0, 2, 3]], 1e-3)
    assert 0.8e-3 < halves.charge_ah[1] <= 1e-3  # ten minutes of it were a spectrum
    figures = measure(data.of_cell(area_cm2=2.0), halves)
    np.testing.assert_allclose(figures.asr_ohm_cm2, [100.0, 60.0, 100.0, 60.0])


def test_the_charge_at_held_voltage_is_told_apart():
    # half an hour at 1 mA up to 4.2 V, then half an hour there at half the current
    voltage = np.concatenate([[3.0], np.linspace(3.0, 4.2, 30), np.full(30, 4.2), np.linspace(4.0, 3.0, 60)])
    current = np.concatenate([[0.0], np.full(30, 1e-3), np.full(30, 0.5e-3), np.full(60, -1e-3)])
    halves = half_cycles(cycling_data_from_arrays(60.0 * np.arange(len(voltage)), voltage, current))
    assert halves.charge_ah[0] == pytest.approx(0.75e-3, rel=0.02)
    assert halves.cv_charge_ah[0] == pytest.approx(0.25e-3, rel=0.06)
    assert halves.current_a[0] == pytest.approx(1e-3, rel=0.02)
    assert halves.cv_charge_ah[1] == 0.0


def test_a_step_time_that_runs_on_leaves_the_counter_its_say():
    """BioLogic with absolute time: six seconds at rest close with the first row of the charge."""
    time = np.array([0.0, 6.0, 7.0, 8.0, 9.0])
    current = np.array([0.0, 0.36, 0.36, 0.36, 0.36])
    counter = np.array([0.0, 0.0, 1e-4, 2e-4, 3e-4])
    data = cycling_data_from_arrays(
        time, np.full(5, 4.1), current, step_time_second=time, charging_capacity_ah=counter
    )
    assert half_cycles(data).charge_ah.tolist() == pytest.approx([3e-4])


def tapering(floor_a):
    """1 mA over 1 h, ten hours at 4 V over which it falls to a floor within 30 min, 1 h of rest with an
    offset.
    """
    time = np.arange(0.0, 43_201.0, 30.0)
    hold = (time > 3600.0) & (time <= 39_600.0)
    current = np.where(hold, (1e-3 - floor_a) * np.exp(-(time - 3600.0) / 1800.0) + floor_a, 1e-3)
    voltage = np.minimum(3.0 + time / 3600.0, 4.0)
    rest = time > 39_600.0
    current[rest] = 2e-7
    voltage[rest] = 3.99 - 0.05 * (1 - np.exp(-(time[rest] - 39_600.0) / 600.0))
    return cycling_data_from_arrays(time, voltage, current)


@pytest.mark.parametrize("floor_a", [2e-6, 9e-7, 6e-7])
def test_a_taper_is_counted_to_its_end(floor_a):
    # 1 mA.h, the exponential's 0.5 h x (1 mA - floor), and ten hours of the floor
    charge = 1e-3 + 0.5 * (1e-3 - floor_a) + 10.0 * floor_a
    halves = half_cycles(tapering(floor_a))
    assert len(halves) == 1
    assert halves.charge_ah[0] == pytest.approx(charge, rel=2e-5)  # the trapezoid's error at 30 s
    assert halves.stop[0] == 1321  # the last row of the hold
    assert half_cycle_rows(tapering(floor_a), halves, 0).charge_c.sum() == pytest.approx(
        3600.0 * charge, rel=2e-5
    )


def test_the_offset_of_a_channel_at_rest_is_no_taper():
    # the current is cut off at 0.05 mA; the 0.2 uA of the rest fill 100 h without a charge
    time = np.concatenate([np.arange(0.0, 3601.0, 60.0), 3660.0 + np.arange(0.0, 360_000.0, 60.0)])
    current = np.where(time <= 3600.0, 1e-3 * np.exp(-time / 1200.0), 2e-7)
    halves = half_cycles(cycling_data_from_arrays(time, np.full(len(time), 4.0), current))
    # on a grid that begins with current the last one written fills the interval after it
    charge = 1e-3 / 3 * (1 - np.exp(-3)) + 1e-3 * np.exp(-3) / 60
    assert halves.charge_ah[0] == pytest.approx(charge, rel=3e-4)
