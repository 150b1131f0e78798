"""Which phase is the alloy, and that a plateau floor cuts where it says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from screening.errors import InputError
from screening.phases.composition import parse_formula
from screening.phases.library import open_snapshot
from screening.phases.snapshot import Snapshot
from screening.reactors.contacts import compute_interfaces
from screening.reactors.reduction import ScreeningContext, reduce
from screening.reactors.settings import Conditions


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return open_snapshot()


def alloys(snapshot: Snapshot, formula: str, **conditions: object) -> tuple[str, str]:
    phase = np.array([snapshot.find(parse_formula(formula))])
    found = reduce(ScreeningContext.of(snapshot, Conditions.model_validate(conditions)), phase)
    names = [
        str(snapshot.phases.formula[p]) if p >= 0 else "" for p in (found.alloy[0], found.richest_alloy[0])
    ]
    return names[0], names[1]


@pytest.mark.parametrize(
    ("formula", "first", "richest"),
    [
        ("LiAlCl4", "LiAl", "Li9Al4"),
        ("MgF2", "LiMg2", "LiMg"),
        ("Li3YBr6", "Y", "Y"),
        ("Li10GeP2S12", "LiGe", "Li15Ge4"),
        ("FeF2", "Fe", "Fe"),
        ("P2S5", "", ""),
        ("LiF", "", ""),
    ],
)
def test_the_alloy_is_the_first_compound_of_lithium_and_a_metal(
    snapshot: Snapshot, formula: str, first: str, richest: str
) -> None:
    assert alloys(snapshot, formula) == (first, richest)


def test_the_alloy_can_be_chosen(snapshot: Snapshot) -> None:
    assert alloys(snapshot, "LiAlCl4", alloy="richest")[0] == "Li9Al4"
    assert alloys(snapshot, "LiAlCl4", alloys={"LiAlCl4": "Li3Al2"})[0] == "Li3Al2"
    with pytest.raises(InputError, match="has no Li7Al2"):
        alloys(snapshot, "LiAlCl4", alloys={"LiAlCl4": "Li7Al2"})


@settings(max_examples=10, deadline=None)
@given(st.floats(0.0, 0.9))
def test_a_higher_floor_never_takes_up_more(snapshot: Snapshot, floor: float) -> None:
    phase = np.array([snapshot.find(parse_formula(f)) for f in ("LiAlCl4", "MgF2", "SnF2", "Li10GeP2S12")])
    low = reduce(ScreeningContext.of(snapshot, Conditions(plateau_floor_v=floor)), phase)
    high = reduce(ScreeningContext.of(snapshot, Conditions(plateau_floor_v=min(floor + 0.05, 0.95))), phase)
    assert np.all(high.uptake_per_formula <= low.uptake_per_formula)
    for i in range(len(phase)):
        inside = slice(low.stairs.step_start[i], low.stairs.step_start[i + 1])
        above = low.stairs.voltage_v[inside] > floor
        uptake = low.stairs.uptake_per_formula[inside][above]
        assert low.uptake_per_formula[i] == (uptake[-1] if len(uptake) else 0.0)


def test_a_walk_that_fails_is_named(snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    from screening.reactors import reduction as module

    class Failed:
        def __init__(self, n: int) -> None:
            self.failed = np.arange(n) == 1

    monkeypatch.setattr(module, "tie_lines", lambda s, a, b: Failed(len(b)))
    phase = np.array([snapshot.find(parse_formula(f)) for f in ("LiAlCl4", "MgF2")])
    with pytest.raises(InputError, match="Li and MgF2 did not converge"):
        reduce(ScreeningContext.of(snapshot, Conditions()), phase)


def test_what_has_no_alloy_relieves_nothing(snapshot: Snapshot) -> None:
    """Contacts of candidates with an alloy, without one, and not asked for."""
    phase = np.array([snapshot.find(parse_formula(f)) for f in ("LiAlCl4", "P2S5", "MgF2")])
    reduction = reduce(ScreeningContext.of(snapshot, Conditions()), phase)
    contacts = compute_interfaces(reduction, np.array([True, True, False]))
    relief = contacts.per_alloy(contacts.alloys.relief_ev_per_atom)
    assert relief[0] > 0.1
    assert relief[1] == contacts.relay_ev_per_atom[1] == 0.0
    assert np.isnan(relief[2])
    assert np.isnan(contacts.mixing_ev_per_atom[2])
    assert contacts.mixing_ev_per_atom[1] <= 0.0
