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
