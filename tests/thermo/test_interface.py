"""Reaction energies of a pair: axes, energies, words."""

import json
from collections.abc import Callable

import pytest
from pymatgen.core import Composition

from screening.errors import InputError
from screening.phases.composition import parse_formula, parse_reactant
from screening.phases.snapshot import Snapshot
from screening.thermo.interface import AXES, NO_REACTION_EV_PER_ATOM, InterfaceReaction, react
from screening.thermo.lithiation import lithiate
from screening.thermo.stability import hull_energy_of
from screening.units import EV_TO_KJ_PER_MOL

MakeUp = Callable[[dict[str, float]], Snapshot]
EXACT = 1e-10


def pair(snapshot: Snapshot, a: str, b: str, *, at_hull: bool = False) -> InterfaceReaction:
    return react(snapshot, parse_reactant(a), parse_reactant(b), at_hull=at_hull)


@pytest.fixture(scope="module")
def lithium_chloroaluminate(mp2019: Snapshot) -> InterfaceReaction:
    return pair(mp2019, "Li", "LiAlCl4")


def test_the_minimum_of_lithium_and_chloroaluminate_on_three_axes(
    lithium_chloroaluminate: InterfaceReaction,
) -> None:
    minimum = lithium_chloroaluminate.minimum
    assert minimum.reaction == "3 Li + LiAlCl4 -> 4 LiCl + Al"
    assert minimum.x_atomic == pytest.approx(3 / 9, abs=EXACT)
    assert minimum.x_molar == pytest.approx(3 / 4, abs=EXACT)
    masses = 3 * Composition("Li").weight, Composition("LiAlCl4").weight
    assert minimum.x_mass == pytest.approx(masses[0] / sum(masses), rel=1e-9)
    assert [minimum.x(axis) for axis in AXES] == [minimum.x_atomic, minimum.x_molar, minimum.x_mass]


def test_excess_lithium_goes_on_to_the_lithium_rich_alloy(lithium_chloroaluminate: InterfaceReaction) -> None:
    end = lithium_chloroaluminate.end_at_excess_a
    assert end.products == pytest.approx({"LiCl": 4.0, "Li9Al4": 0.25})
    assert end.total_ev_per_atom > lithium_chloroaluminate.minimum.total_ev_per_atom


def test_energies_by_hand(made_up: MakeUp) -> None:
    # 2 Li + MgF2 -> 2 LiF + Mg: 4·(-3) - 3·(-3.5) = -1.5 eV per MgF2, over five atoms
    found = pair(made_up({"LiF": -3.0, "MgF2": -3.5}), "Li", "MgF2")
    assert [k.x_atomic for k in found.kinks] == pytest.approx([0.0, 0.4, 1.0], abs=EXACT)
    assert [k.total_ev_per_atom for k in found.kinks] == pytest.approx([0.0, -0.3, 0.0], abs=EXACT)
    assert found.minimum.kj_per_mol_b == pytest.approx(-1.5 * EV_TO_KJ_PER_MOL, rel=1e-12)
    assert found.minimum.reaction == "2 Li + MgF2 -> 2 LiF + Mg"
    assert found.kinks[0].reaction == "MgF2 -> MgF2"
    assert found.kinks[-1].reaction == "Li -> Li"


def test_a_metastable_reactant_counts_in_the_total_and_not_in_the_mutual_energy(made_up: MakeUp) -> None:
    # Li2F decays to LiF + Li, 1 eV/atom below it
    found = pair(made_up({"LiF": -3.0, "Li2F": -1.0, "MgF2": -3.5}), "Li2F", "MgF2")
    first, last = found.kinks[0], found.kinks[-1]
    assert (first.total_ev_per_atom, first.mutual_ev_per_atom) == (0.0, 0.0)
    assert (last.total_ev_per_atom, last.mutual_ev_per_atom) == (pytest.approx(-1.0), 0.0)
    assert found.energy_above_hull_ev_per_atom.a == pytest.approx(1.0)
    assert found.minimum is found.minimum_mutual is found.kinks[1]  # what decays by itself is no minimum
    assert last.kj_per_mol_b is None
    assert last.products == pytest.approx({"LiF": 1.0, "Li": 1.0})


def test_energy_per_mole_follows_the_formula_as_written(mp2019: Snapshot) -> None:
    one, two = pair(mp2019, "Li", "LiAlCl4").minimum, pair(mp2019, "Li", "Li2Al2Cl8").minimum
    assert two.kj_per_mol_b == pytest.approx(2 * one.kj_per_mol_b)
    assert two.products == pytest.approx({name: 2 * n for name, n in one.products.items()})
    assert two.x_atomic == pytest.approx(one.x_atomic)
    assert two.x_molar == pytest.approx(6 / 7)
    assert two.total_ev_per_atom == pytest.approx(one.total_ev_per_atom)


def test_gases_are_written_as_molecules(made_up: MakeUp) -> None:
    found = pair(made_up({"Li2O": -2.0, "CO2": -1.0}), "Li", "O2")
    assert "4 Li + O2 -> 2 Li2O" in [kink.reaction for kink in found.kinks]


def test_a_mixture_reacts_with_the_energies_of_its_parts(mp2019: Snapshot) -> None:
    layer = "LiAlCl4@50wt+Li6PS5Cl@50wt"
    found = pair(mp2019, "Li", layer)
    start = found.kinks[0]
    assert "LiAlCl4" in start.reaction.split("->")[0]
    assert "Li6PS5Cl" in start.reaction.split("->")[0]
    assert start.total_ev_per_atom == pytest.approx(-found.energy_above_hull_ev_per_atom.b)
    assert start.mutual_ev_per_atom == 0.0
    # one mole of the mixture is one mole of its formula units together
    moles = {"LiAlCl4": 1 / Composition("LiAlCl4").weight, "Li6PS5Cl": 1 / Composition("Li6PS5Cl").weight}
    aluminium = moles["LiAlCl4"] / sum(moles.values())
    end = found.end_at_excess_a.products
    assert 4 * end["Li9Al4"] == pytest.approx(aluminium, rel=1e-6)


def test_the_hull_energy_is_flagged(mp2019: Snapshot) -> None:
    solid_solution = "Li3.25Ge0.25P0.75S4"
    with pytest.raises(InputError, match="--at-hull"):
        pair(mp2019, "Li", solid_solution)
    found = pair(mp2019, "Li", solid_solution, at_hull=True)
    assert found.at_hull == (solid_solution,)
    assert found.kinks[0].total_ev_per_atom == pytest.approx(0.0, abs=EXACT)
    assert pair(mp2019, "Li", "LiAlCl4", at_hull=True).at_hull == ()


def test_the_mark_estimated_follows_a_phase(mp2019: Snapshot) -> None:
    found = pair(mp2019, "Li", "Li3HoCl6")
    assert found.estimated
    assert found.estimated_phases == ("Li3HoCl6",)
    assert found.to_frame()["estimated"].all()
    as_product = pair(mp2019, "LiCl", "HoCl3")
    assert as_product.estimated == any("Li3HoCl6" in kink.products for kink in as_product.kinks)
    assert not pair(mp2019, "Li", "LiAlCl4").estimated


@pytest.mark.parametrize(
    ("a", "b"), [("LiAlCl4", "LiAlCl4"), ("Li", "Li2"), ("LiCl@1mol+AlCl3@1mol", "LiAlCl4")]
)
def test_one_composition_twice_is_refused(mp2019: Snapshot, a: str, b: str) -> None:
    with pytest.raises(InputError, match="same composition"):
        pair(mp2019, a, b)


def test_columns_and_json_hold_what_they_promise(lithium_chloroaluminate: InterfaceReaction) -> None:
    frame = lithium_chloroaluminate.to_frame()
    assert list(frame.columns) == [
        *("a", "b", "x_atomic", "x_molar", "x_mass", "total_ev_per_atom", "mutual_ev_per_atom"),
        *("kj_per_mol_b", "reaction", "kj_as_written", "total_low_ev_per_atom", "total_high_ev_per_atom"),
        *("mutual_low_ev_per_atom", "mutual_high_ev_per_atom", "kj_as_written_low", "kj_as_written_high"),
        *("kj_per_mol_b_low", "kj_per_mol_b_high", "estimated", "origins", "at_hull", "cautions"),
    ]
    assert len(frame) == len(lithium_chloroaluminate.kinks)
    content = json.loads(json.dumps(lithium_chloroaluminate.as_dict(), allow_nan=False))
    assert {"a", "b", "kinks", "minimum", "minimum_mutual", "estimated", "provenance"} <= set(content)
    assert set(content["energy_above_hull_ev_per_atom"]) == {"a", "b"}
    assert set(content["kinks"][0]) == {
        *("x_atomic", "x_molar", "x_mass", "total_ev_per_atom", "mutual_ev_per_atom"),
        *("kj_per_mol_b", "reaction", "products", "kj_as_written", "kj_as_written_95", "kj_per_mol_b_95"),
        *("total_95_ev_per_atom", "mutual_95_ev_per_atom"),
    }
    assert content["minimum"] in content["kinks"]
    assert content["kinks"][-1]["kj_per_mol_b"] is None
    assert content["provenance"]["energy_scheme"].startswith("GGA/GGA+U")


def test_products_of_a_kink_cannot_be_changed(lithium_chloroaluminate: InterfaceReaction) -> None:
    with pytest.raises(TypeError):
        lithium_chloroaluminate.minimum.products["LiF"] = 1.0
    told = json.loads(json.dumps(lithium_chloroaluminate.as_dict()))
    assert told["minimum"]["products"] == lithium_chloroaluminate.minimum.products


@pytest.mark.parametrize("written", ["VOPO4", "OVPO4", "NaOH", "HONa", "Li2Al2Cl8", "H2SO4", "MgCl2·4H2O"])
def test_a_compound_keeps_the_user_s_spelling_among_the_products(mp2019: Snapshot, written: str) -> None:
    alone = react(mp2019, parse_reactant("Li"), parse_reactant(written)).kinks[0]
    assert alone.reaction == f"{written} -> {written}"
    assert dict(alone.products) == pytest.approx({written: 1.0})


def test_a_product_in_the_user_s_spelling_is_counted_in_the_user_s_formula_units(mp2019: Snapshot) -> None:
    one = react(mp2019, parse_reactant("LiCl"), parse_reactant("AlCl3"))
    two = react(mp2019, parse_reactant("LiCl@1mol+Li2Al2Cl8@1mol"), parse_reactant("AlCl3"))
    assert one.minimum.reaction == "LiCl + AlCl3 -> LiAlCl4"
    assert "Li2Al2Cl8" in two.minimum.products
    assert two.minimum.reaction == "LiCl + Li2Al2Cl8 + AlCl3 -> 1.5 Li2Al2Cl8" or two.minimum.reaction == (
        "2 LiCl + 2 Li2Al2Cl8 + 2 AlCl3 -> 3 Li2Al2Cl8"
    )


def test_what_crystallises_out_of_a_glass_bears_its_own_formula(mp2019: Snapshot) -> None:
    found = react(mp2019, parse_reactant("Li"), parse_reactant("75Li2S-25P2S5"))
    crystal = react(mp2019, parse_reactant("Li"), parse_reactant("Li3PS4"))
    assert [k.total_ev_per_atom for k in found.kinks] == pytest.approx(
        [k.total_ev_per_atom for k in crystal.kinks]
    )
    assert found.minimum.reaction == "8 Li + 2 (75Li2S-25P2S5) -> 4 Li2S + Li3P"
    assert found.notes == ("75Li2S-25P2S5: per mole of mixture (mol %)",)


def test_parts_in_a_ratio_react_as_written(mp2019: Snapshot) -> None:
    found = react(mp2019, parse_reactant("Li"), parse_reactant("2LiCl-GaCl3"), at_hull=True)
    first, second = found.kinks[:2]
    assert first.reaction == "(2LiCl-GaCl3) -> LiCl + LiGaCl4"
    assert second.reaction == "Li + (2LiCl-GaCl3) -> 2 LiCl + LiGaCl3"
    assert "(2LiCl-GaCl3)† -> " in found.starred(first.reaction)


@pytest.mark.parametrize("text", ["75Li2S-25P2S5", "3Li2S-P2S5", "Li3PS4", "P2S8Li6"])
def test_a_composition_of_a_stable_compound_is_stable(mp2019: Snapshot, text: str) -> None:
    assert hull_energy_of(mp2019, parse_formula(text)).words == "stable"
    assert hull_energy_of(mp2019, parse_formula("Li6PS5Cl")).words == "Li2S + Li3PS4 + LiCl"


def test_what_does_not_react_says_so(mp2019: Snapshot) -> None:
    assert react(mp2019, parse_reactant("Li"), parse_reactant("LiAlCl4")).reacts
    unreactive = react(mp2019, parse_reactant("Li"), parse_reactant("LiF"))
    assert not unreactive.reacts
    assert unreactive.as_dict()["minimum"] is unreactive.as_dict()["minimum_mutual"] is None
    # metastable, and decays on its own: nothing between the two
    decays = react(mp2019, parse_reactant("LiF"), parse_reactant("LiAl@1mol+Li3Al2@1mol"))
    assert decays.minimum_mutual.mutual_ev_per_atom >= -NO_REACTION_EV_PER_ATOM
    assert not decays.reacts


def test_what_was_read_for_something_else_is_in_the_results(mp2019: Snapshot) -> None:
    found = react(mp2019, parse_reactant("Li"), parse_reactant("LPSC"))
    assert found.b == "Li6PS5Cl"
    assert found.notes == ("LPSC read as Li6PS5Cl",)
    assert found.as_dict()["notes"] == ["LPSC read as Li6PS5Cl"]
    assert found.as_dict()["reacts"] is True
    lithiated = lithiate(mp2019, parse_reactant("LPSC"))
    assert lithiated.formula == "Li6PS5Cl"
    assert lithiated.as_dict()["notes"] == ["LPSC read as Li6PS5Cl"]
