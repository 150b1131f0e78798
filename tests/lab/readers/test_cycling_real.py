"""Measured files of public repositories; their peculiarities are the point."""

import numpy as np
import pytest

from screening.errors import InputError
from screening.lab.cycling.counters import compare_counters
from screening.lab.cycling.halfcycles import half_cycles
from screening.lab.cycling.table import FlagKind
from screening.lab.readers.cycling import read_cycling


def kinds(data):
    return {flag.kind for flag in data.flags}


@pytest.fixture
def cycling(lab_data):
    return lab_data / "cycling"


def test_landt_and_its_standard_twin_agree(cycling):
    ours = read_cycling(cycling / "li_graphite_landt.csv.gz")
    twin = read_cycling(cycling / "li_graphite_landt.bdf.csv.gz")
    assert ours.sources[0].format == "LANDT csv"
    assert twin.sources[0].format == "Battery Data Format csv"
    for name in ("time_s", "voltage_v", "current_a"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(twin, name))
    assert ours.cell == "li_graphite_landt"


def test_landt_current_is_rounded_and_said_so(cycling):
    data = read_cycling(cycling / "li_graphite_landt.csv.gz")
    assert {FlagKind.RESOLUTION, FlagKind.COUNTER, FlagKind.PLACEHOLDER} <= kinds(data)
    halves = half_cycles(data)
    assert halves.sign.tolist() == [-1, 1, -1]
    comparison = compare_counters(data, halves)
    np.testing.assert_allclose(comparison.counted_ah, [6.3e-3, 3.2e-3, 1.3e-3], atol=1e-9)
    assert np.all(comparison.relative_difference < -0.1)  # 0.2 mA is written where about 0.18 flow


def test_galvanostatic_mpr_without_a_current(lab_data):
    data = read_cycling(lab_data / "lili-liquid" / "gcpl.mpr")
    halves = half_cycles(data)
    assert halves.sign.tolist() == [1]
    assert halves.current_a[0] == pytest.approx(0.4e-3, rel=2e-3)  # the set current
    charge = data.table["step_capacity_ah"].iloc[-1]
    assert halves.charge_ah[0] == pytest.approx(charge, rel=1e-6)
    assert "dq" in data.current_origin


def test_lili_cell_with_spectra_joins(lab_data):
    folder = lab_data / "lili-liquid"
    data = read_cycling([folder / name for name in ("geis.mpr", "gcpl.mpr", "prerun_C05.mpr")])
    assert [source.name for source in data.sources] == ["prerun_C05.mpr", "gcpl.mpr", "geis.mpr"]
    assert np.all(np.diff(data.time_s) >= 0)
    assert int(data.is_impedance.sum()) == 15 + 405
    assert len(half_cycles(data)) == 1


def test_small_biologic_files(cycling):
    open_circuit = read_cycling(cycling / "MB-0.mpr")
    assert not open_circuit.current_a.any()
    assert "open circuit" in open_circuit.current_origin
    assert read_cycling(cycling / "PEIS-0.mpr").is_impedance.all()
    for name in ("GCPL-0.mpr", "MB-1.mpr"):
        assert len(read_cycling(cycling / name)) in (4, 13)


def test_neware_files_old_and_new(cycling):
    lengths = {
        "21_10_7_85.ndax": 141,
        "Unit27_Example_Data_File.ndax": 301,
        "filetype14-0.ndax": 67,
        "nda_v8.nda": 21,
    }
    for name, expected in lengths.items():
        data = read_cycling(cycling / name)
        assert len(data) == expected
        assert data.sources[0].started_unix_s > 1.4e9
    (half,) = half_cycles(read_cycling(cycling / "nda_v8.nda")).current_a
    assert half == pytest.approx(2.297e-3)


def test_the_corrupt_and_the_empty_file(cycling):
    corrupt = read_cycling(cycling / "Unit27_Example_Corrupt.ndax")
    assert FlagKind.READER in kinds(corrupt)
    assert not any(name.startswith("temperature") for name in corrupt.table)
    with pytest.raises(InputError, match="no measured rows"):
        read_cycling(cycling / "empty.ndax")


def test_generic_csv_with_a_long_head(cycling):
    data = read_cycling(cycling / "cellpy_custom.csv")
    assert len(data) == 19
    assert data.cell == "345626_9356111_33_6"
    np.testing.assert_allclose(data.time_s[:4], [0.002, 1.0, 10.0, 20.0])
    assert not data.current_a.any()  # a microampere of offset in rows called idle
    assert data.table["ambient_temperature_celsius"].between(16, 17).sum() >= 15


def test_landt_and_its_twin_given_together_count_once(cycling):
    names = ("li_graphite_landt.bdf.csv.gz", "li_graphite_landt.csv.gz")
    both = read_cycling([cycling / name for name in names])
    assert len(both.time_s) == 25_162
    assert any(flag.kind is FlagKind.DUPLICATE_ROWS for flag in both.flags)
