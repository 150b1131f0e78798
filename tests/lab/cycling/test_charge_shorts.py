"""Shorts of full cells: hand-made charges whose verdict is known by construction."""

import numpy as np
import pytest

from screening.lab.cycling.full import assess_full
from screening.lab.cycling.table import cycling_data_from_arrays
from screening.lab.readers.cycling import read_cycling
from screening.lab.short import Short, Signal
from screening.simulate.full import FullCellTruth, simulate_full_cell

CURRENT_A = 1e-3
ROW_S = 30.0


def cell_of(efficiencies, *, dips=(), ends_v=4.2, noise_v=2e-4, spikes=False, held_h=2.0):
    """Charges of `held_h` over the efficiency and discharges of `held_h`, in straight lines of voltage.

    `dips` are the cycles (from 0) whose charge falls by 20 mV in ten spells of four rows (rises for
    `spikes`); `ends_v` is the last voltage of each charge.
    """
    rng = np.random.default_rng(2)
    ends = np.broadcast_to(ends_v, len(efficiencies))
    voltage, current = [], []
    for cycle, (efficiency, end) in enumerate(zip(efficiencies, ends, strict=True)):
        rows = round(3600.0 * held_h / efficiency / ROW_S)
        charge = np.linspace(3.5, end, rows)
        if cycle in dips:
            for begin in np.linspace(0.3 * rows, 0.9 * rows, 10).astype(int):
                charge[begin : begin + 4] += 0.02 if spikes else -0.02
        discharge = np.linspace(4.1, 2.6, round(3600.0 * held_h / ROW_S))
        voltage += [charge, np.full(4, 4.1), discharge, np.full(4, 3.0)]
        current += [np.full(rows, 1.0), np.zeros(4), np.full(len(discharge), -1.0), np.zeros(4)]
    volts, amperes = np.concatenate(voltage), CURRENT_A * np.concatenate(current)
    volts = volts + noise_v * rng.standard_normal(len(volts))
    time = np.arange(1, len(volts) + 1) * ROW_S
    return cycling_data_from_arrays(time, volts, amperes, cell="simulated")


def judged(data):
    return assess_full(data).verdict


SOUND = [0.96, *[0.995] * 15]


def test_a_sound_cell_is_none_and_a_few_cycles_are_indeterminate():
    assert judged(cell_of(SOUND)).verdict is Short.NONE
    assert judged(cell_of(SOUND[:3])).verdict is Short.INDETERMINATE
    assert judged(simulate_full_cell(FullCellTruth(cycles=30))).verdict is Short.NONE


def test_the_control_of_the_paper_fails_with_evidence():
    falling = [*SOUND[:8], *np.linspace(0.99, 0.737, 8)]
    verdict = judged(cell_of(falling, dips=range(9, 16)))
    assert verdict.verdict is Short.SOFT
    by_signal = {item.signal: item for item in verdict.evidence}
    assert set(by_signal) == {Signal.EXCESS, Signal.DROPOUT}
    assert "falls from 99.6%" in by_signal[Signal.EXCESS].statement
    assert by_signal[Signal.EXCESS].value == pytest.approx(1.0 / 0.737 - 1.0, rel=0.01)
    # the first two of them lose less than 3 % beyond the past, so that it begins in cycle 10
    assert by_signal[Signal.EXCESS].half_cycle == 2 * 9 + 1
    assert by_signal[Signal.DROPOUT].half_cycle == 2 * 9 + 1


def test_each_sign_alone_is_suspected():
    fallen = [*SOUND[:8], *[0.9] * 8]
    assert judged(cell_of(fallen)).verdict is Short.SUSPECTED
    single = cell_of(SOUND)
    table = single.table.copy()
    charge = np.flatnonzero(single.current_a > 0)
    for cycle in (9, 10):
        table.loc[charge[240 * cycle + 120] + np.arange(4), "voltage_volt"] -= 0.02
    single = cycling_data_from_arrays(
        single.time_s, table["voltage_volt"].to_numpy(), single.current_a, cell="simulated"
    )
    verdict = judged(single)
    assert verdict.verdict is Short.SUSPECTED
    assert [item.signal for item in verdict.evidence] == [Signal.DROPOUT]


def test_many_falls_alone_are_soft_and_rises_are_a_poor_contact():
    assert judged(cell_of(SOUND, dips=range(8, 12))).verdict is Short.HEALED
    assert judged(cell_of(SOUND, dips=range(8, 16))).verdict is Short.SOFT
    assert judged(cell_of(SOUND, dips=range(8, 16), spikes=True)).verdict is Short.NONE


def test_charges_that_find_no_end_are_hard_unless_they_find_it_again():
    ends = np.where(np.arange(16) < 9, 4.2, 3.9)
    dead = np.where(np.arange(16) < 9, 0.995, 0.66)
    verdict = judged(cell_of(dead, ends_v=ends))
    assert verdict.verdict is Short.HARD
    assert verdict.evidence[0].half_cycle == 2 * 9 + 1
    # limited to the charge of the cell, the end is missed all the same
    assert judged(cell_of(SOUND, ends_v=ends)).verdict is Short.HARD
    ends[11:], dead[11:] = 4.2, 0.995
    assert judged(cell_of(dead, ends_v=ends)).verdict is Short.HEALED


def test_a_poor_steady_efficiency_and_a_discharge_cut_short_are_no_excess():
    assert judged(cell_of([0.85, *[0.93] * 12])).verdict is Short.NONE
    whole = cell_of(SOUND)
    # take the second half of two discharges and of the charges that refill them away
    falls = np.flatnonzero(np.diff(np.sign(whole.current_a)) != 0)
    edges = np.concatenate([[0], falls + 1, [len(whole)]])
    kept = np.ones(len(whole), bool)
    for discharge in (4 * 8 + 2, 4 * 9 + 2):
        for run in (discharge, discharge + 2):
            kept[(edges[run] + edges[run + 1]) // 2 : edges[run + 1]] = False
    cut = cycling_data_from_arrays(
        np.arange(1, kept.sum() + 1) * ROW_S, whole.voltage_v[kept], whole.current_a[kept], cell="simulated"
    )
    assert judged(cut).verdict is Short.NONE


@pytest.mark.parametrize(
    "name",
    ["cycling-formats/nw_regular_export_ife_example.csv.gz", "cycling-formats/neware_uio.csv.gz"],
)
def test_real_full_cells_raise_no_alarm(lab_data, name):
    assert not judged(read_cycling(lab_data / name)).verdict.is_alarm
