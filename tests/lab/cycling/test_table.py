import dataclasses

import numpy as np
import pandas as pd
import pytest

from screening.errors import InputError
from screening.lab.cycling.table import (
    BDF_LABELS,
    CyclingData,
    Flag,
    FlagKind,
    SourceFile,
    cycling_data_from_arrays,
)


def record(n=10, **columns):
    time = np.arange(n) * 10.0
    return cycling_data_from_arrays(time, 3.0 + 0.01 * time, np.full(n, 1e-3), cell="cell", **columns)


def test_labels_are_those_of_the_standard():
    spec = pytest.importorskip("bdf.normalize").spec
    for name, label in BDF_LABELS.items():
        assert label == spec._label_for(name)
        assert spec.notation_for(name) == name


def test_arrays_are_not_copied():
    time = np.arange(5.0)
    data = cycling_data_from_arrays(time, time, time)
    assert np.shares_memory(data.time_s, time)


@pytest.mark.parametrize(
    ("time", "voltage", "told"),
    [
        ([0.0, 2.0, 1.0], [3.0, 3.0, 3.0], "backwards in row 3"),
        ([0.0, 1.0, 2.0], [3.0, np.nan, 3.0], "Voltage / V is not finite in row 2"),
        ([0.0, 1.0], [3.0, 3.0, 3.0], "different length"),
    ],
)
def test_arrays_that_are_no_record(time, voltage, told):
    with pytest.raises(InputError, match=told):
        cycling_data_from_arrays(np.array(time), np.array(voltage), np.zeros(len(voltage)))


def test_unknown_columns_and_missing_ones():
    with pytest.raises(InputError, match="unknown columns colour"):
        record(colour=np.zeros(10))
    with pytest.raises(InputError, match="Current / A"):
        CyclingData(pd.DataFrame({"test_time_second": [0.0], "voltage_volt": [1.0]}))


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
def test_area_and_mass_are_positive(value):
    with pytest.raises(InputError, match="area"):
        record().of_cell(area_cm2=value)
    with pytest.raises(InputError, match="active mass"):
        record().of_cell(active_mass_mg=value)


def test_a_record_is_not_changed_but_replaced():
    data = record()
    named = data.of_cell(label="other", area_cm2=0.785).with_flags([Flag(FlagKind.GAP, "a gap")])
    assert (data.cell, data.area_cm2, data.flags) == ("cell", None, ())
    assert (named.cell, named.area_cm2, len(named.flags)) == ("other", 0.785, 1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        data.cell = "x"


def test_a_window_keeps_sources_and_origin():
    sources = (
        SourceFile(name="a.csv", sha256="0" * 64, format="csv", start=0, stop=6),
        SourceFile(name="b.csv", sha256="1" * 64, format="csv", start=6, stop=10),
    )
    data = dataclasses.replace(record(), sources=sources)
    part = data.window(4, 8)
    assert [(s.name, s.start, s.stop) for s in part.sources] == [("a.csv", 0, 2), ("b.csv", 2, 4)]
    assert part.breaks.tolist() == [2]
    np.testing.assert_array_equal(part.time_s, data.time_s[4:8])
    assert data.origin(7) == "b.csv, record 2"
    assert data.breaks.tolist() == [6]
    assert len(data.checksum) == 64
    assert data.checksum not in ("0" * 64, "1" * 64)


def test_flags_say_where():
    flag = Flag(FlagKind.NOT_A_NUMBER, "2 rows", "a.csv", 12)
    assert str(flag) == "a.csv:12: not a number: 2 rows"
    frame = record().with_flags([flag, Flag(FlagKind.GAP, "a gap")]).flags_frame()
    assert frame["row"].isna().tolist() == [False, True]
    assert frame.columns.tolist() == ["kind", "file", "row", "message"]


def test_impedance_rows():
    assert record().is_impedance is None
    data = record(frequency_hertz=np.where(np.arange(10) == 3, 1.0, np.nan))
    assert data.is_impedance.tolist() == [i == 3 for i in range(10)]
