"""Rows of unequal length: the same as a list of lists."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from screening.ragged import Ragged

LISTS = st.lists(st.lists(st.floats(-9, 9), max_size=4), max_size=6)


@given(LISTS, st.data())
def test_rows_are_those_of_a_list_of_lists(lists: list[list[float]], data: st.DataObject) -> None:
    rows = Ragged.of_lengths([len(each) for each in lists])
    flat = np.array([value for each in lists for value in each])
    assert len(rows) == len(lists)
    assert [flat[rows.row(i)].tolist() for i in range(len(rows))] == lists
    assert rows.owner.tolist() == [i for i, each in enumerate(lists) for _ in each]
    assert rows.spread(np.arange(len(rows))).tolist() == rows.owner.tolist()
    if lists:
        chosen = data.draw(st.lists(st.integers(0, len(lists) - 1)))
        taken = rows.entries(np.array(chosen, dtype=int))
        assert flat[taken].tolist() == [value for i in chosen for value in lists[i]]


@given(st.lists(st.lists(st.floats(-9, 9), min_size=1, max_size=4), min_size=1, max_size=6))
def test_rows_are_reduced_one_by_one(lists: list[list[float]]) -> None:
    rows = Ragged.of_lengths([len(each) for each in lists])
    flat = np.array([value for each in lists for value in each])
    assert rows.reduced(np.add, flat) == pytest.approx([sum(each) for each in lists], abs=1e-12)
    assert rows.reduced(np.minimum, flat).tolist() == [min(each) for each in lists]


@given(st.lists(st.lists(st.floats(-9, 9), max_size=4), max_size=6))
def test_rows_are_summed_one_by_one_and_empty_ones_are_nothing(lists: list[list[float]]) -> None:
    rows = Ragged.of_lengths([len(each) for each in lists])
    flat = np.array([value for each in lists for value in each])
    assert rows.summed(flat) == pytest.approx([sum(each) for each in lists], abs=1e-12)
    both = rows.summed(np.column_stack((flat, -2.0 * flat)))
    assert both == pytest.approx(np.array([[sum(each), -2.0 * sum(each)] for each in lists]).reshape(-1, 2))
