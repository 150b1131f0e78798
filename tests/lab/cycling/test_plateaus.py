"""Plateaus of isotherms that are known, and of graphite, which everybody knows."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from screening.errors import InputError
from screening.lab.cycling.charges import half_cycle_charges
from screening.lab.cycling.full import assess_full
from screening.lab.cycling.halfcycles import half_cycles
from screening.lab.cycling.plateaus import THERMAL_V, differential_capacity, find_plateaus
from screening.lab.cycling.profiles import VoltageProfile, voltage_profile
from screening.lab.cycling.table import cycling_data_from_arrays
from screening.lab.readers.cycling import read_cycling
from screening.simulate.full import FullCellTruth, PhaseReaction, simulate_full_cell

ONE_CYCLE = FullCellTruth(cycles=1)


def profile(truth=ONE_CYCLE, seed=0, index=0):
    data = simulate_full_cell(truth, seed)
    return voltage_profile(data, half_cycles(data), index, constant_voltage=False)


def with_extra(voltage_v, fraction=0.02, width_v=0.005, **changes):
    return dataclasses.replace(ONE_CYCLE, extra=PhaseReaction(fraction, voltage_v, width_v), **changes)


def test_thermal_width_is_that_of_room_temperature():
    assert pytest.approx(0.025693, abs=1e-6) == THERMAL_V


def test_the_paper_s_plateau_is_found_alone():
    analysis = find_plateaus(profile())
    assert analysis.main.voltage_v == pytest.approx(3.9, abs=0.005)
    assert analysis.main.fraction == pytest.approx(0.55, abs=0.1)
    assert analysis.extra == ()
    frame = analysis.to_frame()
    assert len(frame) == len(analysis.plateaus)
    assert not frame["extra"].any()


@pytest.mark.parametrize("voltage", [3.1, 3.5, 3.75, 4.05])
def test_an_extra_plateau_is_found_where_it_is(voltage):
    (extra,) = find_plateaus(profile(with_extra(voltage))).extra
    assert extra.voltage_v == pytest.approx(voltage, abs=0.005)
    assert extra.fraction == pytest.approx(0.02, abs=0.006)


def test_on_discharge_it_lies_lower_by_twice_the_overpotential():
    analysis = find_plateaus(profile(with_extra(3.5), index=1))
    assert analysis.sign == -1
    (extra,) = analysis.extra
    assert extra.voltage_v == pytest.approx(3.5 - 2 * ONE_CYCLE.overpotential_v, abs=0.005)


def test_expected_plateaus_are_not_extra():
    analysis = find_plateaus(profile(with_extra(3.5)), expected_v=(3.9, 3.51))
    assert analysis.extra == ()
    assert len(analysis.plateaus) == 2
    missing = find_plateaus(profile(), expected_v=(3.5,))
    assert [item.voltage_v for item in missing.extra] == [pytest.approx(3.9, abs=0.005)]


def test_smaller_shares_can_be_asked_for():
    small = profile(with_extra(3.5, fraction=0.008, width_v=0.003, interval_s=10.0))
    assert find_plateaus(small).extra == ()
    (extra,) = find_plateaus(small, min_fraction=0.004).extra
    assert extra.fraction == pytest.approx(0.008, abs=0.002)


def test_a_slope_is_no_plateau():
    capacity = np.linspace(0, 1e-3, 2000)
    straight = VoltageProfile(capacity, 3.0 + capacity * 1e3, 1, 1)
    assert find_plateaus(straight).plateaus == ()


@settings(derandomize=True, max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.5, 20), st.floats(-2, 2))
def test_scale_and_shift_change_nothing_else(seed, scale, shift):
    base = profile(seed=seed)
    moved = VoltageProfile(scale * base.capacity_ah, base.voltage_v + shift, base.sign, base.half_cycle)
    first, second = differential_capacity(base), differential_capacity(moved)
    np.testing.assert_allclose(second.voltage_v, first.voltage_v + shift, rtol=0, atol=1e-9)
    np.testing.assert_allclose(second.dq_dv_ah_per_v, scale * first.dq_dv_ah_per_v, rtol=1e-5, atol=1e-9)


@settings(derandomize=True, max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0, 1]), st.floats(1e-4, 5e-3))
def test_dqdv_is_never_negative_and_integrates_to_the_charge(seed, index, noise):
    curve_profile = profile(dataclasses.replace(ONE_CYCLE, noise_v=noise), seed, index)
    curve = differential_capacity(curve_profile)
    assert np.all(curve.dq_dv_ah_per_v >= 0)
    assert np.all(np.diff(curve.voltage_v) > 0)
    total = float(np.sum(curve.dq_dv_ah_per_v * np.diff(curve.edge_v)))
    assert total == pytest.approx(curve_profile.capacity_ah[-1] - curve_profile.capacity_ah[0], rel=0.005)


@pytest.mark.parametrize("cut_v", [4.188, 4.192, 4.2])
def test_a_plateau_at_the_end_of_the_charge_holds_what_passed(cut_v):
    terms = ((0.55, 3.9, 0.01), (0.2, 4.06, 0.05), (0.15, 4.14, 0.06), (0.1, 4.19, 0.004))
    voltage = np.linspace(2.6, cut_v, 400_000)
    parts = [fraction / (1 + np.exp(-(voltage - middle) / width)) for fraction, middle, width in terms]
    charge = sum(parts) - sum(part[0] for part in parts)
    rows = np.linspace(0, charge[-1], 2000)
    noise = 2e-4 * np.random.default_rng(1).standard_normal(len(rows))
    profile = VoltageProfile(1e-3 * rows, np.interp(rows, charge, voltage) + noise, 1, 1)
    last = find_plateaus(profile).plateaus[-1]
    assert last.voltage_v == pytest.approx(4.19, abs=0.006)
    assert last.fraction == pytest.approx(parts[-1][-1] / charge[-1], rel=0.2)


def test_the_steep_side_of_a_broad_hump_is_no_plateau(lab_data):
    voltage = np.linspace(3.88, 4.22, 20_001)
    charge = np.cumsum(np.sqrt(np.clip(1 - ((voltage - 4.05) / 0.17) ** 2, 1e-9, None)))
    rows = np.linspace(0, 1, 1200)
    noise = 1e-4 * np.random.default_rng(1).standard_normal(len(rows))
    hump = VoltageProfile(3e-3 * rows, np.interp(rows, charge / charge[-1], voltage) + noise, 1, 1)
    assert find_plateaus(hump).plateaus == ()
    # a discharge of one broad hump at 4.05 V that begins at 4.3 V; the charge has a sharp peak at 4.48 V
    measured = lab_data / "cycling-formats" / "nw_regular_export_ife_example.csv.gz"
    discharge, charge = assess_full(read_cycling(measured)).plateaus
    assert discharge.plateaus == ()
    assert [item.voltage_v for item in charge.plateaus] == [pytest.approx(4.483, abs=0.005)]


def test_too_narrow_a_span_is_told():
    flat = VoltageProfile(np.linspace(0, 1e-3, 100), np.full(100, 3.5), 1, 3)
    with pytest.raises(InputError, match="half-cycle 3"):
        find_plateaus(flat)


def test_noise_alone_raises_no_false_plateau():
    """A sample of what benchmarks/plateaus.py measures at length."""
    for seed in range(8):
        assert find_plateaus(profile(dataclasses.replace(ONE_CYCLE, noise_v=1e-3), seed)).extra == ()


def test_graphite_delithiates_on_its_known_stages(lab_data):
    data = read_cycling(lab_data / "cycling" / "li_graphite_landt.csv.gz")
    halves = half_cycles(data)
    charge = half_cycle_charges(data, halves).charge_ah[1]
    stages = find_plateaus(
        voltage_profile(data, halves, 1, constant_voltage=False, charge_ah=charge)
    ).plateaus
    # about 0.10, 0.14 and 0.22 V against lithium, and the overpotential of C/18
    assert [item.voltage_v for item in stages] == [pytest.approx(v, abs=0.02) for v in (0.10, 0.15, 0.23)]
    assert sum(item.capacity_ah for item in stages) == pytest.approx(charge, rel=0.15)


@pytest.mark.parametrize("interval_s", [10.0, 30.0, 60.0])
@pytest.mark.parametrize("first", ["begins", "ends"])
def test_a_straight_voltage_has_no_plateau_at_its_ends(interval_s, first):
    # an hour up and an hour down, four times; a row where each interval begins, or where it ends
    time = np.arange(0.0, 8 * 3600.0, interval_s) + (interval_s if first == "ends" else 0.0)
    middle = time - (interval_s if first == "ends" else 0.0)
    up, phase = middle % 7200.0 < 3600.0, time % 3600.0 / 3600.0
    phase = np.where((phase == 0) & (first == "ends"), 1.0, phase)
    voltage = 3.4 + 0.6 * np.where(up, phase, 1.0 - phase)
    report = assess_full(cycling_data_from_arrays(time, voltage, np.where(up, 1e-3, -1e-3)))
    assert report.charge_ah[1:7] == pytest.approx([1e-3] * 6, rel=1e-9)
    assert len(report.plateaus) == 2
    assert [analysis.plateaus for analysis in report.plateaus] == [(), ()]
    for analysis in report.plateaus:  # 1 mA.h over 0.6 V
        np.testing.assert_allclose(analysis.curve.dq_dv_ah_per_v, 1e-3 / 0.6, rtol=1e-6)
