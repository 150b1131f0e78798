import dataclasses

import numpy as np
import pytest
from scipy import stats

from screening.errors import InputError
from screening.lab.cycling.compare import GroupedCells, compare_cells, difference
from screening.lab.cycling.fullcell import CycleOrder, full_cell_cycles
from screening.simulate.full import FullCellTruth, simulate_full_cell


def cell(capacity, label, cycles=3):
    truth = FullCellTruth(
        cycles=cycles, first_discharge_mah_g=capacity, final_retention=0.9, interval_s=600.0
    )
    return full_cell_cycles(simulate_full_cell(truth).of_cell(label=label))


@pytest.fixture(scope="module")
def groups():
    plain = GroupedCells("plain", tuple(cell(c, f"p{c}") for c in (100.0, 102.0, 107.0)))
    layered = GroupedCells("layered", tuple(cell(c, f"l{c}") for c in (130.0, 134.0)))
    return plain, layered


def test_means_and_intervals_are_student_s(groups):
    comparison = compare_cells(groups)
    row = comparison.query(
        "cycle == 1 and group == 'plain' and quantity == 'discharge_capacity_mah_per_g'"
    ).iloc[0]
    sample = np.array([100.0, 102.0, 107.0])
    assert (row["n"], row["mean"]) == (3, pytest.approx(sample.mean()))
    assert row["standard_deviation"] == pytest.approx(sample.std(ddof=1))
    low, high = stats.t.interval(0.95, 2, sample.mean(), sample.std(ddof=1) / np.sqrt(3))
    assert (row["low"], row["high"]) == (pytest.approx(low), pytest.approx(high))
    assert set(comparison["group"]) == {"plain", "layered"}


def test_a_single_cell_has_no_spread():
    table = compare_cells([GroupedCells("one", (cell(100.0, "a"),))])
    assert table["standard_deviation"].isna().all()
    assert table["low"].isna().all()
    assert (table["n"] == 1).all()


def test_cells_that_stop_earlier_count_as_long_as_they_last():
    group = GroupedCells("mixed", (cell(100.0, "short", cycles=2), cell(100.0, "long", cycles=4)))
    table = compare_cells([group]).query("quantity == 'discharge_capacity_mah'")
    assert table.set_index("cycle")["n"].to_dict() == {1: 2, 2: 2, 3: 1, 4: 1}


def test_incomplete_cycles_do_not_count():
    whole = simulate_full_cell(FullCellTruth(cycles=3, interval_s=600.0))
    cut = full_cell_cycles(whole.window(0, len(whole) - 12).of_cell(label="cut"))
    table = compare_cells([GroupedCells("g", (cut,))])
    assert table["cycle"].max() == 2


def test_difference_is_welch_s(groups):
    result = difference(*groups, "discharge_capacity_mah_per_g", 1)
    first, second = np.array([100.0, 102.0, 107.0]), np.array([130.0, 134.0])
    expected = stats.ttest_ind(second, first, equal_var=False)
    assert result.difference == pytest.approx(29.0)
    assert result.p_value == pytest.approx(expected.pvalue)
    assert result.low < 29.0 < result.high
    assert (result.n_first, result.n_second) == (3, 2)


def test_no_test_without_replicates(groups):
    with pytest.raises(InputError, match="at least two replicates"):
        difference(groups[0], GroupedCells("one", (cell(100.0, "x"),)), "retention", 2)
    with pytest.raises(InputError, match="at least two replicates"):
        difference(*groups, "discharge_capacity_mah_per_g", 99)
    with pytest.raises(InputError, match="does not vary"):
        difference(*groups, "retention", 1)  # the reference cycle retains all of itself


def test_what_cannot_be_compared(groups):
    with pytest.raises(InputError, match="without cells"):
        compare_cells([])
    with pytest.raises(InputError, match="one label"):
        compare_cells([groups[0], dataclasses.replace(groups[1], label="plain")])
    with pytest.raises(InputError, match="is given twice"):
        compare_cells([groups[0], dataclasses.replace(groups[0], label="again")])
    other = dataclasses.replace(groups[1].cells[0], order=CycleOrder.DISCHARGE_FIRST, cell="other")
    with pytest.raises(InputError, match="one order"):
        compare_cells([groups[0], GroupedCells("other", (other,))])
