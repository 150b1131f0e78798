"""A simulated cell of known truth, and hand-made records whose answer is plain arithmetic."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from screening.api.cells import CyclingResult
from screening.errors import InputError
from screening.lab.cycling.charges import ChargeSource
from screening.lab.cycling.full import assess_full
from screening.lab.cycling.fullcell import CycleOrder, active_mass_mg, full_cell_cycles
from screening.lab.cycling.halfcycles import half_cycles
from screening.lab.cycling.table import FlagKind, SourceFile, cycling_data_from_arrays
from screening.lab.outcomes import full_outcomes
from screening.lab.readers.cycling import read_cycling
from screening.lab.short import Short
from screening.plots.cell_html import cell_page
from screening.plots.fullcell import full_cell_figure
from screening.report.cycling import overview
from screening.simulate.full import FullCellTruth, simulate_full_cell

TRUTH = FullCellTruth()
SAMPLING = 1e-9
"""The simulator ends each half-cycle with a row, so the charges are exact but for rounding."""


@pytest.fixture(scope="module")
def paper():
    return full_cell_cycles(simulate_full_cell(TRUTH))


def steps(plan, interval=10.0):
    """Record of constant-current steps: (current_a, duration_s, voltage_v) each."""
    time, voltage, current, clock = [], [], [], 0.0
    for level, duration, volts in plan:
        elapsed = np.arange(0.0, duration + interval / 2, interval)
        time.append(clock + elapsed)
        voltage.append(np.full(len(elapsed), volts))
        current.append(np.full(len(elapsed), level))
        clock += duration
    return cycling_data_from_arrays(
        np.concatenate(time), np.concatenate(voltage), np.concatenate(current), cell="plain"
    )


def test_the_paper_s_cell_is_recovered(paper):
    frame = paper.to_frame()
    assert len(frame) == 100
    assert frame["discharge_capacity_mah_per_g"][0] == pytest.approx(137.5, rel=SAMPLING)
    assert frame["coulombic_efficiency"][0] == pytest.approx(0.96, rel=SAMPLING)
    assert frame["retention"][99] == pytest.approx(0.71, rel=SAMPLING)
    assert frame["discharge_c_rate_per_h"][0] == pytest.approx(0.3, rel=SAMPLING)
    assert paper.reference_cycle == 1
    assert paper.order is CycleOrder.CHARGE_FIRST
    assert paper.unpaired == 0
    assert frame["complete"].all()


def test_slopes_are_the_truth_s(paper):
    assert paper.fade_per_cycle.slope == pytest.approx(-0.29 / 99, rel=1e-9)
    assert paper.fade_per_cycle.low <= paper.fade_per_cycle.slope <= paper.fade_per_cycle.high
    # charge and discharge each lose the overpotential's growth; the shrinking voltage window adds a little
    assert paper.hysteresis_growth_v_per_cycle.slope == pytest.approx(
        2 * TRUTH.overpotential_growth_v, rel=0.05
    )


def test_a_simulation_says_so(paper):
    assert "simulated" in paper.cell
    assert FlagKind.SIMULATED in {flag.kind for flag in paper.flags}


def test_specific_capacity_is_per_active_mass_not_per_composite():
    assert active_mass_mg(10.0, 0.7) == pytest.approx(7.0)
    data = simulate_full_cell(dataclasses.replace(TRUTH, cycles=1))
    composite = full_cell_cycles(data.of_cell(active_mass_mg=10.0)).to_frame()
    assert composite["discharge_capacity_mah_per_g"][0] == pytest.approx(0.7 * 137.5)
    for fraction in (0.0, 1.5, np.nan):
        with pytest.raises(InputError, match="active fraction"):
            active_mass_mg(10.0, fraction)


def test_columns_appear_with_mass_and_area():
    data = steps([(1e-3, 3600, 3.8), (-1e-3, 1800, 3.6)])
    plain = full_cell_cycles(data).to_frame()
    assert not any("per_g" in name or "per_cm2" in name for name in plain)
    full = full_cell_cycles(data.of_cell(area_cm2=2.0, active_mass_mg=10.0)).to_frame()
    assert full["charge_capacity_mah_per_cm2"][0] == pytest.approx(0.5)
    assert full["charge_capacity_mah_per_g"][0] == pytest.approx(100.0)


@settings(derandomize=True, max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(20, 200), st.integers(20, 200)), min_size=1, max_size=6),
    st.floats(3.0, 4.5),
    st.floats(0.0, 0.4),
)
def test_plain_arithmetic(durations, volts, gap):
    plan = [
        step
        for up, down in durations
        for step in ((1e-3, 10.0 * up, volts), (-1e-3, 10.0 * down, volts - gap))
    ]
    result = full_cell_cycles(steps(plan), order=CycleOrder.CHARGE_FIRST)
    up, down = (np.array(side, dtype=float) for side in zip(*durations, strict=True))
    np.testing.assert_allclose(result.cycles.charge_ah, up * 1e-2 / 3600, rtol=1e-9)
    np.testing.assert_allclose(result.coulombic_efficiency, down / up, rtol=1e-9)
    np.testing.assert_allclose(result.energy_efficiency, down * (volts - gap) / (up * volts), rtol=1e-9)
    np.testing.assert_allclose(result.cycles.hysteresis_v, gap, rtol=0, atol=1e-9)
    np.testing.assert_allclose(result.retention, down / down[result.reference_cycle - 1], rtol=1e-9)


def test_order_decides_what_the_efficiency_means():
    data = steps([(-1e-3, 3600, 0.1), (1e-3, 1800, 0.2), (-1e-3, 2000, 0.1), (1e-3, 1900, 0.2)])
    first_discharge = full_cell_cycles(data, order=CycleOrder.DISCHARGE_FIRST)
    np.testing.assert_allclose(first_discharge.coulombic_efficiency, [0.5, 0.95], rtol=1e-9)
    first_charge = full_cell_cycles(data, order=CycleOrder.CHARGE_FIRST)
    np.testing.assert_allclose(first_charge.coulombic_efficiency, [2000 / 1800], rtol=1e-9)
    assert (first_discharge.unpaired, first_charge.unpaired) == (0, 2)
    assert set(first_charge.to_frame()["order"]) == {"charge-first"}
    assert CycleOrder.DISCHARGE_FIRST.efficiency_definition == "charge over the discharge before it"


@pytest.mark.parametrize(
    ("plan", "efficiency", "told"),
    [
        ([(1e-3, 3600, 3.8), (-1e-3, 3000, 3.7)], [3000 / 3600], ""),
        (
            [(-1e-3, 3600, 0.1), (1e-3, 3000, 0.2), (-1e-3, 3100, 0.1), (1e-3, 3000, 0.2)],
            [3000 / 3600, 3000 / 3100],
            "discharge-first: the record begins with a discharge",
        ),
        (
            [(1e-3, 250, 4.3), (-1e-3, 3600, 4.0), (1e-3, 3550, 4.3)],
            [3550 / 3600],
            "discharge-first: the first whole half-cycle, number 2, is a discharge",
        ),
        (
            [(-1e-3, 1500, 3.0), (1e-3, 3600, 3.8), (-1e-3, 3000, 3.7)],
            [3000 / 3600],
            "charge-first: the first whole half-cycle, number 2, is a charge",
        ),
        (
            [(1e-3, 3000, 3.8), (-1e-3, 3600, 3.7)],
            [1.2],
            "Coulombic efficiency above 105% in 1 cycle(s), up to 120.0% in cycle 1",
        ),
    ],
)
def test_cycles_begin_as_the_record_does(plan, efficiency, told):
    result = full_cell_cycles(steps(plan))
    np.testing.assert_allclose(result.coulombic_efficiency, efficiency, rtol=1e-9)
    said = "; ".join(flag.message for flag in result.flags if flag.kind is FlagKind.ORDER)
    assert told in said if told else not said


def test_retention_refers_to_the_first_cycle_after_formation():
    formation = [(1e-4, 36_000, 3.8), (-1e-4, 36_000, 3.7)] * 2
    cycling = [
        (1e-3, 3600, 3.8),
        (-1e-3, 3000, 3.7),
        (1e-3, 3000, 3.8),
        (-1e-3, 2400, 3.7),
        (1e-3, 2400, 3.8),
        (-1e-3, 2100, 3.7),
    ]
    result = full_cell_cycles(steps(formation + cycling))
    assert result.reference_cycle == 3
    np.testing.assert_allclose(result.retention, [np.nan, np.nan, 1.0, 0.8, 0.7])
    explicit = full_cell_cycles(steps(formation + cycling), reference_cycle=1)
    np.testing.assert_allclose(explicit.retention, [1.0, 1.0, np.nan, np.nan, np.nan])
    with pytest.raises(InputError, match="reference cycle 9"):
        full_cell_cycles(steps(formation + cycling), reference_cycle=9)


def test_a_broken_off_cycle_is_kept_out_of_trends():
    whole = simulate_full_cell(dataclasses.replace(TRUTH, cycles=5, noise_v=0.0))
    cut = whole.window(0, len(whole) - 60)
    result = full_cell_cycles(cut)
    assert result.cycles.complete.tolist() == [True] * 4 + [False]
    assert result.fade_per_cycle.cycles == 4
    assert FlagKind.INCOMPLETE in {flag.kind for flag in result.flags}
    with pytest.raises(InputError, match="reference cycle 5"):
        full_cell_cycles(cut, reference_cycle=5)


def test_c_rate_refers_to_what_is_given():
    data = steps([(1e-3, 3600, 3.8), (-1e-3, 1800, 3.6)])
    assert full_cell_cycles(data).to_frame()["discharge_c_rate_per_h"][0] == pytest.approx(2.0)
    given_ = full_cell_cycles(data, nominal_capacity_ah=2e-3).to_frame()
    assert given_["discharge_c_rate_per_h"][0] == pytest.approx(0.5)
    with pytest.raises(InputError, match="nominal capacity"):
        full_cell_cycles(data, nominal_capacity_ah=0.0)


def test_what_is_no_full_cell():
    with pytest.raises(InputError, match="no current"):
        full_cell_cycles(steps([(0.0, 3600, 3.8)]))
    with pytest.raises(InputError, match="no charge-first pair"):
        full_cell_cycles(steps([(-1e-3, 3600, 3.8), (1e-3, 3600, 3.8)]), order=CycleOrder.CHARGE_FIRST)
    symmetric = steps([(1e-3, 3600, 0.1), (-1e-3, 3600, -0.1)] * 3)
    with pytest.raises(InputError, match="symmetric"):
        full_cell_cycles(symmetric)


def rounded_record():
    """What a cycler writes with four decimals: 0.18 mA becomes 0.2 mA, its counter keeps 0.1 mAh."""
    exact = steps([(1.8e-4, 100_000, 3.8), (0.0, 100, 3.7), (-1.8e-4, 96_000, 3.6)], interval=100.0)
    current = np.round(exact.current_a, 4)
    charge = np.cumsum(np.abs(exact.current_a) * np.diff(exact.time_s, prepend=0.0)) / 3600
    columns = {
        "charging_capacity_ah": np.round(np.where(exact.current_a > 0, charge, 0.0), 4),
        "discharging_capacity_ah": np.round(np.where(exact.current_a < 0, charge - 5e-3, 0.0), 4),
    }
    data = cycling_data_from_arrays(exact.time_s, exact.voltage_v, current, cell="rounded", **columns)
    return dataclasses.replace(
        data, sources=(SourceFile(name="a.csv", sha256="", format="LANDT csv", start=0, stop=len(data)),)
    )


def test_a_rounded_current_gives_way_to_the_counter():
    data = rounded_record()
    result = full_cell_cycles(data)
    assert result.charge_source is ChargeSource.COUNTER
    assert result.cycles.charge_ah[0] == pytest.approx(5.0e-3, abs=1e-4)
    assert result.coulombic_efficiency[0] == pytest.approx(0.96, abs=0.03)
    assert result.cycles.charge_current_a[0] == pytest.approx(1.8e-4, rel=0.02)
    assert any("counter" in flag.message for flag in result.flags)
    integral = full_cell_cycles(data, charge_source=ChargeSource.INTEGRAL)
    assert integral.cycles.charge_ah[0] == pytest.approx(5.55e-3, rel=0.01)
    with pytest.raises(InputError, match="no capacity counter"):
        full_cell_cycles(steps([(1e-3, 3600, 3.8), (-1e-3, 1800, 3.6)]), charge_source=ChargeSource.COUNTER)


@pytest.mark.parametrize(
    ("sign", "name", "missing"), [(1, "charge", "discharge"), (-1, "discharge", "charge")]
)
def test_a_single_half_cycle_gives_its_capacity(sign, name, missing):
    voltage = np.linspace(3.0, 4.2, 361)[::sign]
    data = cycling_data_from_arrays(np.arange(361) * 10.0, voltage, np.full(361, sign * 2e-3), cell="plain")
    report = assess_full(data)
    (row,) = report.result.to_frame().to_dict("records")
    assert row[f"{name}_capacity_mah"] == pytest.approx(2.0)
    absent = (f"{missing}_capacity_mah", "coulombic_efficiency", "energy_efficiency", "hysteresis_v")
    assert all(np.isnan(row[column]) for column in absent)
    assert report.result.nominal_capacity_ah == pytest.approx(2e-3)
    assert report.verdict.verdict is Short.INDETERMINATE
    (flag,) = [flag for flag in report.result.flags if flag.kind is FlagKind.INCOMPLETE]
    assert f"a single {name}" in flag.message and "two half-cycles" in flag.message
    shown = CyclingResult(report=report, verdict=report.verdict).display().frame
    words = dict(zip(shown["quantity"], shown["value"], strict=True))
    assert words["cycles"] == f"a single {name}" and words[f"{name} capacity"] == "2 mAh"
    assert not any("nan" in value for value in words.values())
    found = full_outcomes(report, cathode_known=False, where="file")
    assert all(np.isfinite(outcome.value) for outcome in found.outcomes)
    capacity = full_cell_figure(report).axes[2]
    (points,) = capacity.lines
    assert points.get_ydata().tolist() == [pytest.approx(2.0)]
    assert "nan" not in cell_page(report, overview(report, report.verdict)).split("<script")[0]


@pytest.mark.parametrize("noise_v", [2e-4, 2e-3, 5e-3])
def test_a_noisy_hold_is_at_constant_voltage_and_a_slow_step_is_not(noise_v):
    def noisy(voltage_v, current_a):
        wander = noise_v * np.random.default_rng(3).standard_normal(len(voltage_v))
        return half_cycles(
            cycling_data_from_arrays(
                np.arange(len(voltage_v)) * 60.0, voltage_v + wander, current_a, cell="plain"
            )
        )

    rise, hold = np.linspace(3.0, 4.2, 200), np.arange(30)
    held = np.concatenate([rise, np.full(30, 4.2)])
    halves = noisy(held, np.concatenate([np.full(200, 1e-3), 1e-3 * np.exp(-(hold + 1) / 12)]))
    assert halves.cv_start[0] == 200
    slower = np.concatenate([rise, np.linspace(4.15, 4.2, 30)])
    halves = noisy(slower, np.concatenate([np.full(200, 1e-3), np.full(30, 2e-4)]))
    assert halves.stop[0] - halves.cv_start[0] <= 2


def test_half_cycles_may_be_given():
    data = simulate_full_cell(dataclasses.replace(TRUTH, cycles=2))
    given_ = full_cell_cycles(data, halves=half_cycles(data))
    np.testing.assert_array_equal(given_.retention, full_cell_cycles(data).retention)


def test_a_measured_half_cell(lab_data):
    """A Li | graphite cell that was read as an efficiency of 86, 43, 478 or 234 % by different programs."""
    data = read_cycling(lab_data / "cycling" / "li_graphite_landt.csv.gz")
    result = full_cell_cycles(data, order=CycleOrder.DISCHARGE_FIRST)
    assert result.charge_source is ChargeSource.COUNTER
    assert result.coulombic_efficiency[0] == pytest.approx(3.2 / 6.3, rel=1e-6)
    assert result.unpaired == 1  # the second discharge was broken off
    assert full_cell_cycles(data).order is CycleOrder.DISCHARGE_FIRST  # as the record begins
    charge_first = full_cell_cycles(data, order=CycleOrder.CHARGE_FIRST)
    assert charge_first.cycles.complete.tolist() == [False]


def test_both_efficiencies_are_of_one_pair_in_a_record_that_begins_with_a_discharge():
    data = steps([(-1e-3, 7200.0, 0.2), (1e-3, 3600.0, 0.5), (-1e-3, 7200.0, 0.2)])
    result = full_cell_cycles(data)
    assert result.coulombic_efficiency[0] == pytest.approx(0.5, rel=0.01)
    assert result.energy_efficiency[0] == pytest.approx(0.5 * 0.2 / 0.5, rel=0.01)


@pytest.mark.parametrize(("share", "order"), [(0.56, "discharge-first"), (0.96, "charge-first")])
def test_a_first_charge_that_gives_back_more_than_it_took_was_no_whole_one(share, order):
    hour = 5000.0
    data = steps(
        [(1e-3, share * hour, 3.9), (-1e-3, hour, 3.7), (1e-3, hour, 3.9), (-1e-3, 0.99 * hour, 3.7)]
    )
    result = full_cell_cycles(data)
    assert str(result.order) == order
    expected = [1.0] if order == "discharge-first" else [1.0 / share, 0.99]
    np.testing.assert_allclose(result.coulombic_efficiency, expected, rtol=0.01)


def linear_cycles(count, missing):
    """Cycles of 1 h at ±1 mA between 3.4 and 4 V, a row a minute, without the rows of a range."""
    minute = np.arange(120.0 * count)
    up = minute % 120 < 60
    phase = (minute % 60) / 60
    voltage = 3.4 + 0.6 * np.where(up, phase, 1 - phase)
    kept = np.delete(np.arange(len(minute)), missing)
    time = minute[kept] * 60.0
    gap = np.flatnonzero(np.diff(kept) > 1) + 1
    sources = tuple(
        SourceFile(name="gap.csv", sha256="0" * 64, format="csv", start=int(start), stop=int(stop))
        for start, stop in zip([0, *gap], [*gap, len(kept)], strict=True)
    )
    current = np.where(up, 1e-3, -1e-3)[kept]
    return dataclasses.replace(cycling_data_from_arrays(time, voltage[kept], current), sources=sources)


def test_a_gap_makes_no_other_cycle_broken_off_and_no_retention():
    # from the first discharge into the second charge
    result = full_cell_cycles(linear_cycles(4, slice(100, 140)))
    assert result.cycles.complete.tolist() == [False, False, True, True]
    assert result.reference_cycle == 3
    np.testing.assert_allclose(result.retention, [np.nan, np.nan, 1.0, 1.0], rtol=0.02)


def test_where_no_cycle_is_whole_the_retention_is_not_known():
    report = assess_full(linear_cycles(2, slice(100, 140)))
    assert not report.result.cycles.complete.any()
    np.testing.assert_array_equal(report.result.retention, [1.0, np.nan])  # cycle 1 against itself
    rows = overview(report, report.verdict)
    assert "not known: no cycle is whole" in str(rows)
    assert "150" not in str(rows)
