"""Several files of one cell on one axis of time."""

import numpy as np
import pytest

from screening.lab.cycling.halfcycles import half_cycles
from screening.lab.cycling.table import FREQUENCY, FlagKind
from screening.lab.readers.cycling import read_cycling


def rows(n, start, voltage=3.0, current=1e-3):
    return [(start + 10.0 * i, voltage + 0.01 * i, current) for i in range(n)]


@pytest.fixture
def write(tmp_path):
    def _write(name, table, clock=None, header="test_time_s,voltage_V,current_A"):
        lines = [header + (",unix_time_second" if clock is not None else "")]
        for row in table:
            cells = [*row, clock + row[0]] if clock is not None else row
            lines.append(",".join(f"{cell:.9g}" if isinstance(cell, float) else cell for cell in cells))
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", "utf-8")
        return path

    return _write


def kinds(data):
    return [flag.kind for flag in data.flags]


def test_a_continued_axis_joins_without_a_word(write):
    whole = read_cycling(write("whole.csv", rows(60, 0.0)))
    parts = [write("a.csv", rows(30, 0.0)), write("b.csv", rows(30, 300.0, 3.3))]
    joined = read_cycling(parts)
    np.testing.assert_array_equal(joined.time_s, whole.time_s)
    np.testing.assert_allclose(joined.voltage_v, whole.voltage_v)
    assert [(s.name, s.start, s.stop) for s in joined.sources] == [("a.csv", 0, 30), ("b.csv", 30, 60)]
    assert FlagKind.GAP not in kinds(joined)
    # one interval is lost at the seam, since nobody measured there
    assert half_cycles(whole).charge_ah[0] - half_cycles(joined).charge_ah[0] == pytest.approx(
        1e-3 * 10 / 3600
    )


def test_a_new_axis_is_appended_and_told(write):
    data = read_cycling([write("a.csv", rows(30, 0.0)), write("b.csv", rows(30, 0.0, 3.3))])
    assert data.time_s[30] == data.time_s[29]
    assert np.all(np.diff(data.time_s) >= 0)
    assert FlagKind.GAP in kinds(data)


def test_the_wall_clock_orders_files_and_measures_gaps(write):
    later = write("later.csv", rows(30, 0.0, 3.3), clock=1_770_010_000.0)
    earlier = write("earlier.csv", rows(30, 0.0), clock=1_770_000_000.0)
    data = read_cycling([later, earlier])
    assert [source.name for source in data.sources] == ["earlier.csv", "later.csv"]
    assert data.time_s[30] == pytest.approx(10_000.0)
    (gap,) = [flag for flag in data.flags if flag.kind is FlagKind.GAP]
    assert "9710 s after the end of earlier.csv" in gap.message
    # no charge flows through the gap
    assert half_cycles(data).charge_ah.sum() == pytest.approx(2 * 290 * 1e-3 / 3600)


def test_rows_exported_twice_count_once(write):
    whole = rows(60, 0.0)
    paths = [write("a.csv", whole[:40], clock=1.77e9), write("b.csv", whole[30:], clock=1.77e9)]
    data = read_cycling(paths)
    np.testing.assert_allclose(data.time_s, [row[0] for row in whole], atol=1e-5)
    (flag,) = [flag for flag in data.flags if flag.kind is FlagKind.OVERLAP]
    assert "the same rows" in flag.message
    assert FlagKind.MIXED not in kinds(data)


def test_other_data_of_the_same_time_is_another_cell(write):
    paths = [
        write("a.csv", rows(60, 0.0), clock=1.77e9),
        write("b.csv", rows(60, 0.0, 3.2, -1e-3), clock=1.77e9 + 100),
    ]
    data = read_cycling(paths)
    assert {FlagKind.OVERLAP, FlagKind.MIXED} <= set(kinds(data))
    assert np.all(np.diff(data.time_s) >= 0)


def test_a_small_overlap_of_rough_clocks_is_shifted_past(write):
    paths = [
        write("a.csv", rows(60, 0.0), clock=1.77e9),
        write("b.csv", rows(60, 0.0, 3.6), clock=1.77e9 + 580),
    ]
    data = read_cycling(paths)
    assert len(data) == 120
    assert "shifted past" in next(flag.message for flag in data.flags if flag.kind is FlagKind.OVERLAP)


def test_the_same_file_twice_counts_once(write):
    path = write("a.csv", rows(30, 0.0))
    data = read_cycling([path, path])
    assert len(data) == 30
    assert FlagKind.DUPLICATE_ROWS in kinds(data)


def test_cells_that_do_not_belong_together_are_told(write):
    symmetric = write("symmetric.csv", rows(30, 0.0, 0.01))
    full = write("full.csv", rows(30, 300.0, 3.5))
    assert "another cell?" in next(
        flag.message for flag in read_cycling([symmetric, full]).flags if flag.kind is FlagKind.MIXED
    )
    header = "test_time_s,voltage_V,current_A,Cell ID"
    paths = [
        write(f"{cell}.csv", [(*row, cell) for row in rows(30, start)], header=header)
        for cell, start in (("A1", 0.0), ("B2", 300.0))
    ]
    data = read_cycling(paths)
    assert data.cell == "A1"
    assert "'B2'" in next(flag.message for flag in data.flags if flag.kind is FlagKind.MIXED)


def test_spectra_take_their_place_between_the_steps(write):
    cycling = write("cycling.csv", rows(60, 0.0), clock=1.77e9)
    spectra = write(
        "eis.csv",
        [(205.0 + 0.1 * i, 3.2, 1e-6, 10.0**-i) for i in range(5)],
        clock=1.77e9,
        header="test_time_s,voltage_V,current_A,freq/Hz",
    )
    data = read_cycling([cycling, spectra])
    assert [source.name for source in data.sources] == ["cycling.csv", "eis.csv", "cycling.csv"]
    assert data.is_impedance.sum() == 5
    assert np.all(np.diff(data.time_s) >= 0)
    assert FREQUENCY in data.table
    halves = half_cycles(data)
    assert halves.sign.tolist() == [1]  # the spectrum interrupts nothing
    # only the interval in which the spectrum was taken is not counted
    assert halves.charge_ah[0] == pytest.approx((590 - 10) * 1e-3 / 3600)
    assert FlagKind.OVERLAP not in kinds(data)


def ramp(n, start=0.0, voltage=3.0):
    return [(start + 10.0 * i, voltage + 0.013 * i, 1e-3) for i in range(n)]


def test_one_record_in_two_exports_counts_once(write):
    """The same rows under other names, and an export made while the test still ran."""
    whole = write("whole.csv", ramp(60))
    again = write("again.csv", ramp(60), header="Time / s,Voltage / V,Current / A")
    early = write("early.csv", ramp(35))
    charge = half_cycles(read_cycling(whole)).charge_ah
    for files in ([whole, again], [again, early, whole], [early, whole]):
        joined = read_cycling(files)
        assert joined.time_s[-1] == 590.0
        np.testing.assert_allclose(half_cycles(joined).charge_ah, charge)
        assert kinds(joined).count(FlagKind.DUPLICATE_ROWS) == len(files) - 1
        assert len(joined.sources) == 1


def test_records_that_differ_in_one_row_or_hardly_vary_are_two(write):
    other = ramp(60)
    other[41] = (410.0, 3.6, 1e-3)
    flat = [(10.0 * i, 0.02, 1e-3) for i in range(60)]
    for one, two in ((ramp(60), other), (flat, [(t, v, i) for t, v, i in flat])):
        data = read_cycling([write("one.csv", one), write("two.csv", [*two, (600.0, 0.5, 1e-3)])])
        assert len(data.time_s) == 121
        assert FlagKind.DUPLICATE_ROWS not in kinds(data)
