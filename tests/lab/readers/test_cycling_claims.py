"""Columns of one file that contradict each other, or that only their own country names."""

import numpy as np
import pytest

from screening.errors import InputError
from screening.lab.cycling.halfcycles import half_cycles
from screening.lab.cycling.table import FlagKind
from screening.lab.readers.cycling import read_cycling

MINUTE = np.arange(360)
UP = MINUTE % 120 < 60
VOLTAGE = 3.4 + np.where(UP, MINUTE % 60, 60 - MINUTE % 60) / 100
CURRENT = np.where(UP, 1e-3, -1e-3)
"""Three cycles of an hour at 1 mA between 3.4 and 4 V, a row a minute."""


@pytest.fixture
def write(tmp_path):
    def _write(header, *columns, separator=","):
        path = tmp_path / "cell.csv"
        rows = (separator.join(map(str, row)) for row in zip(*columns, strict=True))
        path.write_text("\n".join([header, *rows]) + "\n")
        return path

    return _write


@pytest.mark.parametrize("heading", ["Datum", "Datum/Uhrzeit", "Datum Zeit"])
def test_a_german_date_tells_the_time(write, heading):
    date = [f"{5 + m // 1440:02d}.03.2024 {m // 60 % 24:02d}:{m % 60:02d}:00" for m in 8 * 60 + 4 * MINUTE]
    path = write(f"{heading};Spannung(V);Strom(A)", date, VOLTAGE, CURRENT, separator=";")
    data = read_cycling(path)
    np.testing.assert_allclose(data.time_s, 240.0 * MINUTE)  # over midnight, which is no month
    assert half_cycles(data).charge_ah[:5] == pytest.approx([4e-3] * 5, rel=1e-6)


def test_a_difference_that_is_not_that_of_its_electrodes_is_refused(write):
    header = "time/s,Ewe/V,Ece/V,Ewe-Ece/V,I/mA"
    electrodes = 60 * MINUTE, VOLTAGE + 0.2, np.full(360, 0.2)
    agreed = read_cycling(write(header, *electrodes, VOLTAGE + 0.002, 1e3 * CURRENT))
    np.testing.assert_allclose(agreed.voltage_v, VOLTAGE + 0.002, atol=1e-9)
    with pytest.raises(
        InputError, match=r"'Ewe-Ece/V' is 1 V off 'Ewe/V' less 'Ece/V'.*leave out the column"
    ):
        read_cycling(write(header, *electrodes, VOLTAGE + 1.0, 1e3 * CURRENT))


@pytest.mark.parametrize("sign", [1, -1])
def test_names_of_steps_do_not_turn_a_current_that_the_voltage_upholds(write, sign):
    names = np.where(UP, "CC DChg", "CC Chg") if sign > 0 else np.where(UP, "CC Chg", "CC DChg")
    header = "Time(s),Voltage(V),Current(A),Step Type"
    data = read_cycling(write(header, 60 * MINUTE, VOLTAGE, sign * CURRENT, names))
    np.testing.assert_allclose(data.current_a, CURRENT)
    (flag,) = data.flags
    if sign > 0:
        assert flag.kind is FlagKind.COUNTER and "named against the sign of the current" in flag.message
    else:
        assert flag.kind is FlagKind.DERIVED and "counts discharge as positive" in flag.message


@pytest.mark.parametrize("again", [[60], [59], [300], [60, 120, 180], list(range(360))])
def test_rows_written_twice_change_nothing(write, again):
    kept = np.sort(np.concatenate([np.arange(360), again]))
    header = "Time(s),Voltage(V),Current(A)"
    data = read_cycling(write(header, 60 * MINUTE[kept], VOLTAGE[kept], CURRENT[kept]))
    # a row at the beginning of each minute: the last one of the record has no interval
    expected = [1e-3] * 5 + [59e-3 / 60]
    np.testing.assert_allclose(half_cycles(data).charge_ah, expected, rtol=1e-9)
    (flag,) = data.flags
    assert flag.kind is FlagKind.DUPLICATE_ROWS and flag.row == again[0] + 3


def test_a_row_out_of_the_grid_does_not_give_every_interval_to_the_next_step(write):
    minute = np.sort(np.append(MINUTE.astype(float), 120.0 - 1 / 6))  # a row where the first discharge ends
    up = minute % 120 < 60
    phase = minute % 60
    header = "Time(s),Voltage(V),Current(A)"
    voltage = 3.4 + np.where(up, phase, 60 - phase) / 100
    data = read_cycling(write(header, 60 * minute, voltage, np.where(up, 1e-3, -1e-3)))
    expected = [1e-3] * 5 + [59e-3 / 60]
    np.testing.assert_allclose(half_cycles(data).charge_ah, expected, rtol=1e-9)
