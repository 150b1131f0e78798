"""Laws of a layer in one state: budgets and potentials, and what they do to the electrolyte."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from screening.phases.composition import parse_formula, parse_reactant
from screening.phases.library import open_snapshot
from screening.phases.snapshot import Snapshot
from screening.reactors.assessment import Assessment
from screening.reactors.contacts import compute_interfaces
from screening.reactors.criteria import CRITERIA
from screening.reactors.detail import detail
from screening.reactors.reduction import ScreeningContext, budget_per_formula, reduce
from screening.reactors.settings import Conditions
from screening.thermo.interface import react
from screening.thermo.lithiation import lithiate

REACTORS = ("LiAlCl4", "MgF2", "SnF2", "Li10GeP2S12", "BiCl3", "Li3HoCl6", "FeF2")
EXTENSIVE = ("uptake_mah_per_g", "metal_volume_fraction", "volume_change", "driving_force_ev_per_ion")


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return open_snapshot()


def assessed(snapshot: Snapshot, **conditions: object) -> Assessment:
    context = ScreeningContext.of(snapshot, Conditions.model_validate(conditions))
    reduction = reduce(context, np.array([snapshot.find(parse_formula(f)) for f in REACTORS]))
    return Assessment(reduction, compute_interfaces(reduction, np.ones(len(REACTORS), dtype=bool)))


def values(assessment: Assessment) -> dict[str, np.ndarray]:
    return {criterion.name: criterion.compute(assessment) for criterion in CRITERIA}


@pytest.mark.parametrize(
    "electrolyte", ["Li6PS5Cl", "Li3YBr6", "Li7La3Zr2O12", "Li10GeP2S12@50wt+Li3PS4@50wt"]
)
def test_the_attack_is_minus_the_integral_of_the_charge(snapshot: Snapshot, electrolyte: str) -> None:
    """E(V*) = −∫ n(V) dV from V* up, with n(V) of a staircase that is walked on its own."""
    attack = ScreeningContext.of(snapshot, Conditions(electrolyte=electrolyte)).attack
    alone = lithiate(snapshot, parse_reactant(electrolyte))
    atoms = parse_reactant(electrolyte).unit.n_atoms
    ends = [step.voltage_v for step in alone.steps]

    def charge(volt: float) -> float:
        return max((s.uptake_per_formula for s in alone.steps if s.voltage_v > volt), default=0.0) / atoms

    for volt in (0.0, 0.05, 0.4, 1.0, 1.5, 2.0):
        pieces = sorted({volt, *(v for v in ends if v > volt)})
        area = sum(quad(charge, a, b, limit=200)[0] for a, b in pairwise(pieces))
        assert attack.energy_ev_per_atom(np.array([volt]))[0] == pytest.approx(-area, abs=1e-6)


@pytest.mark.parametrize("electrolyte", ["Li6PS5Cl", "Li3YBr6", "Li3PS4"])
def test_at_0_v_it_is_the_reaction_with_an_excess_of_lithium(snapshot: Snapshot, electrolyte: str) -> None:
    attack = ScreeningContext.of(snapshot, Conditions(electrolyte=electrolyte)).attack
    end = react(snapshot, parse_reactant("Li"), parse_reactant(electrolyte)).end_at_excess_a
    expected = end.mutual_ev_per_atom / (1.0 - end.x_atomic)
    assert attack.energy_ev_per_atom(np.zeros(1))[0] == pytest.approx(expected, abs=1e-8)
    assert attack.energy_ev_per_atom(np.array([5.0]))[0] == 0.0


@settings(max_examples=15, deadline=None)
@given(st.floats(1.0, 60.0))
def test_amounts_are_continuous_in_the_budget(snapshot: Snapshot, anode_um: float) -> None:
    """Also across the end of a plateau, where only the potential jumps, and only downwards."""
    less, more = (values(assessed(snapshot, anode_um=anode_um * (1.0 + s * 1e-7))) for s in (-1.0, 1.0))
    for name in EXTENSIVE:
        assert more[name] == pytest.approx(less[name], rel=1e-5, abs=1e-7), name
    assert (more["uptake_mah_per_g"] >= less["uptake_mah_per_g"]).all()
    assert (more["alloy_potential_v"] <= less["alloy_potential_v"] + 1e-12).all()
    assert (more["electrolyte_relief_ev_per_atom"] <= less["electrolyte_relief_ev_per_atom"] + 1e-12).all()


@pytest.mark.parametrize("i", range(len(REACTORS)))
def test_the_end_of_each_plateau_is_met_from_both_sides(snapshot: Snapshot, i: int) -> None:
    excess = assessed(snapshot).reduction
    um_per_atom = 1.0 / budget_per_formula(
        ScreeningContext.of(snapshot, Conditions(anode_um=1.0)), excess.molar_mass_g
    )
    for step in range(excess.stairs.step_start[i], excess.end_step[i] + 1):
        um = excess.stairs.uptake_per_formula[step] * um_per_atom[i]
        below, above = (assessed(snapshot, anode_um=um * (1.0 + s * 1e-9)) for s in (-1.0, 1.0))
        for name in EXTENSIVE:
            assert values(above)[name][i] == pytest.approx(values(below)[name][i], rel=1e-6, abs=1e-8), name
        assert below.contacts.potential_v[i] == pytest.approx(excess.stairs.voltage_v[step])


def test_a_large_budget_is_an_excess(snapshot: Snapshot) -> None:
    excess, large = values(assessed(snapshot)), values(assessed(snapshot, anode_um=1e4))
    for name, expected in excess.items():
        assert np.array_equal(large[name], expected, equal_nan=True), name


def test_a_budget_is_what_it_says(snapshot: Snapshot) -> None:
    """20 µm of lithium hold 20e-4 · 0.534 · 3861.3 mAh/cm²; half of 12.7 mg/cm² is reactor."""
    reduction = assessed(snapshot, anode_um=20.0).reduction
    per_g = 20e-4 * 0.534 * 3861.3 / (12.7e-3 * 0.5)
    assert reduction.uptake_mah_per_g[reduction.starved] == pytest.approx(per_g, rel=1e-4)
    assert reduction.starved.any() and not reduction.starved.all()
    assert (reduction.uptake_mah_per_g[~reduction.starved] <= per_g).all()


def test_relief_of_an_alloy_is_that_of_the_hull_walked_with_it(snapshot: Snapshot) -> None:
    """Attack by an excess of alloy, from a walk alloy | electrolyte, less that by an excess of lithium."""
    found = assessed(snapshot)
    relief = found.contacts.relief_ev_per_atom
    for i, phase in enumerate(found.reduction.alloy):
        if found.contacts.potential_v[i] == 0.0:
            assert relief[i] == 0.0
            continue
        attacks = []
        for attacker in (str(snapshot.phases.formula[phase]), "Li"):
            end = react(snapshot, parse_reactant(attacker), parse_reactant("Li6PS5Cl")).end_at_excess_a
            attacks.append(end.mutual_ev_per_atom / (1.0 - end.x_atomic))
        assert relief[i] == pytest.approx(attacks[0] - attacks[1], abs=1e-8)


def test_metals_that_hold_no_lithium_relieve_nothing_while_lithium_is_left(snapshot: Snapshot) -> None:
    found = assessed(snapshot)
    inert = [REACTORS.index(name) for name in ("Li3HoCl6", "FeF2")]
    assert found.contacts.relief_ev_per_atom[inert].tolist() == [0.0, 0.0]


def test_the_curve_in_the_potential_holds_every_state(snapshot: Snapshot) -> None:
    for name in ("LiAlCl4", "SnF2"):
        context = ScreeningContext.of(snapshot, Conditions())
        phase = snapshot.find(parse_formula(name))
        assert phase is not None
        spelled = detail(context, phase, name, (50.0,)).at_potential
        assert spelled[-1].potential_v == 0.0
        for upper, lower in pairwise(spelled):
            middle = 0.5 * (upper.potential_v + lower.potential_v)
            held = ScreeningContext.of(snapshot, Conditions(potential_v=middle, plateau_floor_v=0.0))
            reduction = reduce(held, np.array([phase]))
            state = Assessment(reduction, compute_interfaces(reduction, np.ones(1, dtype=bool)))
            assert reduction.uptake_per_formula[0] == pytest.approx(upper.uptake_per_formula)
            assert state.reference_layer.metal_fraction[0] == pytest.approx(upper.layer.metal_fraction)
            attack = state.contacts.attack.energy_ev_per_atom(np.array([middle]))[0]
            assert attack == pytest.approx(0.5 * (upper.attack_ev_per_atom + lower.attack_ev_per_atom))
