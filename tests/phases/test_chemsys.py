"""The index by chemical system, against plain sets."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from screening.phases.chemsys import ChemsysIndex, row_masks

ELEMENTS = st.integers(1, 118)
SYSTEMS = st.lists(st.frozensets(ELEMENTS, min_size=1, max_size=6), min_size=1, max_size=40)


def index_of(systems: list[frozenset[int]]) -> ChemsysIndex:
    start = np.append(0, np.cumsum([len(s) for s in systems]))
    return ChemsysIndex.of(start, np.concatenate([sorted(s) for s in systems]))


@settings(deadline=None)  # the first call compiles
@given(SYSTEMS, st.frozensets(ELEMENTS, min_size=1, max_size=9))
def test_selection_is_that_of_sets(systems: list[frozenset[int]], query: frozenset[int]) -> None:
    index = index_of(systems)
    within = [i for i, system in enumerate(systems) if system <= query]
    exactly = [i for i, system in enumerate(systems) if system == query]
    assert index.within(np.array(list(query))).tolist() == within
    assert index.exactly(np.array(sorted(query))).tolist() == exactly


@settings(deadline=None)  # the first call compiles
@given(SYSTEMS)
def test_every_phase_is_in_its_own_system(systems: list[frozenset[int]]) -> None:
    index = index_of(systems)
    for i, system in enumerate(systems):
        assert i in index.exactly(np.array(sorted(system)))
    assert sorted(index.phases) == list(range(len(systems)))


@settings(deadline=None)  # the first call compiles
@given(st.frozensets(ELEMENTS, min_size=1, max_size=40), st.frozensets(ELEMENTS, min_size=1, max_size=40))
def test_masks_tell_any_two_systems_apart(one: frozenset[int], two: frozenset[int]) -> None:
    numbers = np.array([*sorted(one), *sorted(two)])
    low, high = row_masks(np.array([0, len(one), len(numbers)]), numbers)
    assert ((low[0], high[0]) == (low[1], high[1])) == (one == two)
    assert (low >= 0).all()
    assert (high >= 0).all()
