"""Critical current density on simulated step protocols whose failing step is known."""

import numpy as np
import pytest

from screening.lab.cell import Cell
from screening.lab.cycling.critical_current import StepOutcome, critical_current
from screening.lab.cycling.symmetric import assess_symmetric
from screening.lab.cycling.table import cycling_data_from_arrays
from screening.simulate.symmetric import Scenario, simulate

LADDER = (0.5, 1.0, 1.5, 2.0, 3.0)  # mA/cm², 1 h each way
SAMPLES = 60


def protocol(asr, *, per_step=2, ladder=LADDER, cut=None):
    """Steps of `per_step` half-cycles; `asr` per half-cycle, ohm cm²; area 1 cm²."""
    level = np.repeat(ladder, per_step) * 1e-3
    sign = np.where(np.arange(len(level)) % 2 == 0, 1.0, -1.0)
    current = np.repeat(sign * level, SAMPLES)
    voltage = current * np.repeat(np.broadcast_to(asr, len(level)), SAMPLES)
    time = (np.arange(len(current)) + 1.0) * 3600.0 / SAMPLES
    keep = slice(0, cut)
    data = cycling_data_from_arrays(time[keep], voltage[keep], current[keep], cell="simulated")
    return assess_symmetric(
        data, Cell(area_cm2=1.0, pressure_mpa=75.0, temperature_c=60.0, voltage_limit_v=0.5)
    )


def test_all_steps_safe():
    result = critical_current(protocol(100.0))
    assert result.first_failed is None
    assert result.last_safe.current_density_ma_per_cm2 == pytest.approx(3.0)
    assert result.last_safe.half_cycle_h == pytest.approx(1.0)
    assert result.last_safe.capacity_mah_per_cm2 == pytest.approx(3.0)
    assert (result.temperature_c, result.pressure_mpa) == (60.0, 75.0)


@pytest.mark.parametrize("failing", [2, 3, 4])
def test_short_in_a_step(failing):
    asr = np.full(10, 100.0)
    asr[2 * failing :] = 20.0
    result = critical_current(protocol(asr))
    assert result.last_safe.current_density_ma_per_cm2 == pytest.approx(LADDER[failing - 1])
    assert result.first_failed.current_density_ma_per_cm2 == pytest.approx(LADDER[failing])
    assert result.first_failed.outcome is StepOutcome.SHORTED
    assert all(step.outcome is StepOutcome.AFTER_FAILURE for step in result.steps[failing + 1 :])


def test_polarisation_limit_fails_a_step():
    result = critical_current(protocol(np.where(np.arange(10) < 8, 100.0, 400.0)))
    assert result.first_failed.outcome is StepOutcome.POLARISED
    assert result.last_safe.current_density_ma_per_cm2 == pytest.approx(2.0)


def test_step_that_was_cut_short_is_neither_safe_nor_failed():
    result = critical_current(protocol(100.0, cut=9 * SAMPLES + 20))
    assert result.first_failed is None
    assert result.steps[-1].outcome is StepOutcome.INCOMPLETE
    assert result.last_safe.current_density_ma_per_cm2 == pytest.approx(2.0)


def test_constant_current_is_no_step_protocol():
    assert critical_current(protocol(100.0, ladder=(1.0,) * 5)) is None


def test_falling_steps_are_left_out():
    result = critical_current(protocol(100.0, ladder=(0.5, 1.0, 2.0, 0.5)))
    assert [step.current_density_ma_per_cm2 for step in result.steps] == pytest.approx([0.5, 1.0, 2.0])


def test_simulated_step_shorts_name_the_right_step():
    named = 0
    for seed in range(12):
        cell = simulate(Scenario.STEP_SHORT, seed)
        report = assess_symmetric(cell.data)
        result = critical_current(report)
        if result.first_failed is None:
            continue
        named += 1
        # a sample that still shows the old current makes the new step begin one sample late
        at = np.searchsorted(cell.data.time_s, cell.onset_s) + 1
        density = abs(cell.data.current_a[at]) * 1e3 / cell.area_cm2
        assert result.first_failed.current_density_ma_per_cm2 == pytest.approx(density, rel=1e-6)
    assert named >= 9


def test_table_has_a_row_per_step():
    frame = critical_current(protocol(100.0)).to_frame()
    assert len(frame) == 5
    assert set(frame["outcome"]) == {"safe"}
    assert (frame["pressure_mpa"] == 75.0).all()
