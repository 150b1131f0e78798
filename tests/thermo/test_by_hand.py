"""Small hulls done on paper: what a user reads, number by number."""

from collections.abc import Callable

import numpy as np
import pytest
from pymatgen.core import Composition

import screening as scr
from screening.phases.composition import parse_reactant
from screening.phases.snapshot import Snapshot
from screening.thermo.interface import AXES, InterfaceReaction, react
from screening.thermo.lithiation import lithiate

MakeUp = Callable[[dict[str, float]], Snapshot]

KJ_PER_EV = 96.48533212


def pair(snapshot: Snapshot, a: str, b: str) -> InterfaceReaction:
    return react(snapshot, parse_reactant(a), parse_reactant(b))


@pytest.mark.parametrize(("a", "b"), [("Li", "LiAlCl4"), ("Li3YBr6", "Li"), ("LiAl", "Li10GeP2S12")])
def test_fractions_of_every_axis_are_counted_from_whole_formulas(mp2019: Snapshot, a: str, b: str) -> None:
    reaction = pair(mp2019, a, b)
    of_a, of_b = Composition(a), Composition(b)
    sizes = {"atomic": ("num_atoms", "num_atoms"), "mass": ("weight", "weight")}
    for moles_of_a in (0.0, 0.3, 1.0, 4.0):
        x_atomic = moles_of_a * of_a.num_atoms / (moles_of_a * of_a.num_atoms + of_b.num_atoms)
        for axis in AXES:
            one, other = (getattr(c, sizes[axis][0]) if axis in sizes else 1.0 for c in (of_a, of_b))
            expected = moles_of_a * one / (moles_of_a * one + other)
            found = reaction.fraction_of_a(axis, np.array([x_atomic]))
            assert found == pytest.approx([expected], rel=1e-9), axis
    for kink in reaction.kinks:
        for axis in AXES:
            assert reaction.fraction_of_a(axis, np.array([kink.x_atomic])) == pytest.approx([kink.x(axis)])


def test_energy_per_mole_counts_what_a_metastable_reactant_decays_by(made_up: MakeUp) -> None:
    # Mg + 2 Li2F -> MgF2 + 4 Li; Li2F lies 1 eV/atom above LiF + Li. Total at pure Li2F: 3 × -1 eV a formula.
    reaction = pair(made_up({"LiF": -3.0, "Li2F": -1.0, "MgF2": -2.0}), "Mg", "Li2F")
    start = reaction.kinks[0]
    assert start.total_ev_per_atom == pytest.approx(-1.0)
    assert start.mutual_ev_per_atom == 0.0
    assert start.kj_per_mol_b == pytest.approx(-3.0 * KJ_PER_EV)


def test_energy_as_written_is_that_of_all_moles_of_the_equation(made_up: MakeUp) -> None:
    # 2 Li + MgF2 -> 2 LiF + Mg gains 4·(-3) - 3·(-2) = -6 eV: 3 eV to each Li, which is B here
    low = pair(made_up({"LiF": -3.0, "MgF2": -2.0}), "MgF2", "Li").minimum
    assert low.reaction == "MgF2 + 2 Li -> 2 LiF + Mg"
    assert low.kj_per_mol_b == pytest.approx(-3.0 * KJ_PER_EV)
    assert low.kj_as_written == pytest.approx(-6.0 * KJ_PER_EV)
    # Li2F decays to LiF and Li with 3 eV: what the equation sets free is total, not mutual
    start = pair(made_up({"LiF": -3.0, "Li2F": -1.0, "MgF2": -2.0}), "Mg", "Li2F").kinks[0]
    assert start.kj_as_written == pytest.approx(-3.0 * KJ_PER_EV)


def test_the_other_end_gains_what_the_other_reactant_decays_by(made_up: MakeUp) -> None:
    found = pair(made_up({"LiF": -3.0, "Li2F": -1.0, "MgF2": -2.0}), "Mg", "Li2F")
    assert found.energy_above_hull_ev_per_atom.a == 0.0
    assert found.energy_above_hull_ev_per_atom.b == pytest.approx(1.0)
    assert found.kinks[0].total_ev_per_atom == pytest.approx(-1.0)
    assert (found.kinks[-1].total_ev_per_atom, found.kinks[-1].kj_per_mol_b) == (0.0, None)


def test_a_stable_mixture_has_a_sure_mutual_energy_and_an_unsure_total_one() -> None:
    # a metastable reactant alone: it decays by itself, and nothing meets anything
    start = scr.react("Li", "Li10GeP2S12").kinks[0]
    total, mutual = start.total_95_ev_per_atom, start.mutual_95_ev_per_atom
    assert total is not None
    assert mutual is not None
    assert total.high - total.low > 0.01
    assert (mutual.low, mutual.high) == pytest.approx((0.0, 0.0), abs=1e-12)


def test_json_keeps_the_two_minima_apart(made_up: MakeUp) -> None:
    # Li2F decays by itself, so that what gains most in all has more of it than what gains most from MgF2
    snapshot = made_up({"LiF": -3.0, "Li2F": -1.0, "MgF2": -3.4, "Mg2F": -1.9})
    content = pair(snapshot, "Li2F", "MgF2").as_dict()
    assert content["minimum"]["x_atomic"] == pytest.approx(2 / 3)
    assert content["minimum"]["total_ev_per_atom"] == pytest.approx(-2.6 / 3)
    assert content["minimum_mutual"]["x_atomic"] == pytest.approx(0.6)
    assert content["minimum_mutual"]["mutual_ev_per_atom"] == pytest.approx(-0.22)


def test_energies_at_0_v_count_from_the_energy_of_the_phase_itself(made_up: MakeUp) -> None:
    # MgF + Li -> LiF + Mg gains 2·(-3) - 2·(-1) = -4 eV, of which 3.25 are the decay of MgF to MgF2 and Mg
    found = lithiate(made_up({"LiF": -3.0, "MgF2": -3.5, "MgF": -1.0}), parse_reactant("MgF"))
    assert found.energy_above_hull_ev_per_atom == pytest.approx(10.5 / 4 - 1.0)
    assert found.decomposition_energy_0v_ev_per_atom == pytest.approx(-4.0 / 2)
    assert found.energy_per_uptake_0v_ev == pytest.approx(-4.0)
    assert [step.voltage_v for step in found.steps] == pytest.approx([6.0 - 10.5 / 2])


def test_every_electron_of_a_cation_counts_in_both_limits(made_up: MakeUp) -> None:
    # MgF2 -> Mg + F2 costs 3·3.5 = 10.5 eV, carried by two electrons
    found = lithiate(made_up({"MgF2": -3.5}), parse_reactant("MgF2"), "Mg")
    assert found.anodic_limit_v == pytest.approx(5.25)
    # Mg + MgS2 -> 2 MgS gains 4·(-2) - 3·(-1.5) = -3.5 eV
    found = lithiate(made_up({"MgS": -2.0, "MgS2": -1.5}), parse_reactant("MgS2"), "Mg")
    assert [step.voltage_v for step in found.steps] == pytest.approx([1.75])
    weight = Composition("MgS2").weight
    assert found.steps[0].capacity_mah_per_g == pytest.approx(2 * 26801.4811 / weight, rel=1e-6)


@pytest.mark.parametrize("depth_ev_per_atom", [3e-6, 1e-4])
def test_a_phase_just_below_the_line_of_its_neighbours_is_a_kink(
    made_up: MakeUp, depth_ev_per_atom: float
) -> None:
    # Li2F = LiF + Li: on the line at -2 eV/atom
    snapshot = made_up({"LiF": -3.0, "Li2F": -2.0 - depth_ev_per_atom})
    kinks = pair(snapshot, "Li", "LiF").kinks
    assert [kink.x_atomic for kink in kinks] == pytest.approx([0.0, 1 / 3, 1.0])
    assert kinks[1].total_ev_per_atom == pytest.approx(-depth_ev_per_atom, rel=1e-6)


def test_an_estimate_is_marked_wherever_a_result_is_read(mp2019: Snapshot) -> None:
    reaction = pair(mp2019, "Li", "Li3HoCl6")
    staircase = lithiate(mp2019, parse_reactant("Li3HoCl6"))
    for result in (reaction, staircase):
        assert result.estimated
        assert result.as_dict()["estimated"] is True
        assert result.as_dict()["estimated_phases"] == ["Li3HoCl6"]
        assert result.to_frame()["estimated"].all()
        assert any("machine-learned" in note and "Li3HoCl6" in note for note in result.display().notes)
