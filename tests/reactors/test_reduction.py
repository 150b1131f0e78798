"""In which state the layer is, which phase is its alloy, and that a plateau floor cuts where it says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

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


def alloy(snapshot: Snapshot, formula: str, **conditions: object) -> str:
    phase = np.array([snapshot.find(parse_formula(formula))])
    found = reduce(ScreeningContext.of(snapshot, Conditions.model_validate(conditions)), phase)
    return str(snapshot.phases.formula[found.alloy[0]]) if found.alloy[0] >= 0 else ""


@pytest.mark.parametrize(
    ("formula", "at_excess", "at_half_a_volt"),
    [
        ("LiAlCl4", "Li9Al4", "Al"),
        ("MgF2", "LiMg", "Mg"),
        ("Li3YBr6", "Y", "Y"),
        ("Li10GeP2S12", "Li15Ge4", "LiGe"),
        ("FeF2", "Fe", "Fe"),
        ("P2S5", "", ""),
        ("LiF", "", ""),
    ],
)
def test_the_alloy_is_that_of_the_state_of_the_layer(
    snapshot: Snapshot, formula: str, at_excess: str, at_half_a_volt: str
) -> None:
    assert alloy(snapshot, formula) == at_excess
    assert alloy(snapshot, formula, potential_v=0.5) == at_half_a_volt


def test_a_state_is_fixed_once(snapshot: Snapshot) -> None:
    with pytest.raises(ValidationError, match="the one or the other"):
        alloy(snapshot, "LiAlCl4", potential_v=0.5, anode_um=20.0)


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
    relief = contacts.relief_ev_per_atom
    assert relief[0] > 0.01
    assert relief[1] == contacts.relay_ev_per_atom[1] == 0.0
    assert np.isnan(relief[2])
    assert np.isnan(contacts.mixing_ev_per_atom[2])
    assert contacts.mixing_ev_per_atom[1] <= 0.0
