"""The staircase of one compound: plateaus, limits, energies at 0 V."""

import json
import pickle
from collections.abc import Callable

import numpy as np
import pytest
from pymatgen.core import Composition
from scipy.constants import physical_constants

from screening.errors import InputError
from screening.phases.composition import parse_formula, parse_reactant
from screening.phases.snapshot import Snapshot
from screening.thermo.hull import walk
from screening.thermo.lithiation import Lithiation, lithiate
from screening.thermo.uptake import anodic_limit, cation_charge

MakeUp = Callable[[dict[str, float]], Snapshot]
EXACT = 1e-9
CONTROLS = ("LiF", "LiCl", "LiBr", "LiI", "Li2S", "Li3P", "Li2O", "Li3N")


def of(snapshot: Snapshot, text: str, element: str = "Li", *, at_hull: bool = False) -> Lithiation:
    return lithiate(snapshot, parse_reactant(text), element, at_hull=at_hull)


def test_voltages_and_energies_by_hand(made_up: MakeUp) -> None:
    # MgF2 + 2 Li -> 2 LiF + Mg, -1.5 eV; then Mg + Li -> LiMg, -0.4 eV
    found = of(made_up({"LiF": -3.0, "MgF2": -3.5, "LiMg": -0.2}), "MgF2")
    assert [s.voltage_v for s in found.steps] == pytest.approx([0.75, 0.4], abs=EXACT)
    assert [s.li_per_formula for s in found.steps] == pytest.approx([2, 3], abs=EXACT)
    assert found.cathodic_limit_v == found.steps[0].voltage_v
    assert found.anodic_limit_v is None
    assert found.decomposition_energy_0v_ev_per_atom == pytest.approx(-1.9 / 3, abs=EXACT)
    assert found.energy_per_li_0v_ev == pytest.approx(-1.9 / 3, abs=EXACT)
    assert [s.products for s in found.steps] == [{"LiF": 2, "Mg": 1}, {"LiF": 2, "LiMg": 1}]
    assert found.steps[1].reaction == "3 Li + MgF2 -> 2 LiF + LiMg"
    assert found.start_products == {}


def test_a_plateau_below_0_v_is_no_uptake(made_up: MakeUp) -> None:
    assert of(made_up({"LiF": -3.0, "MgF2": -5.0}), "MgF2").steps == ()


def test_plateaus_of_one_voltage_are_one(made_up: MakeUp) -> None:
    # both halves of MgF2 + 2 Li at 0.75 V: a hypothetical LiMgF2 exactly on the line between them
    found = of(made_up({"LiF": -3.0, "MgF2": -3.5, "LiMgF2": -11.25 / 4}), "MgF2")
    assert [s.voltage_v for s in found.steps] == pytest.approx([0.75], abs=EXACT)
    assert found.steps[0].products == pytest.approx({"LiF": 2, "Mg": 1})


def test_capacity_is_charge_per_mass_of_the_formula(mp2019: Snapshot) -> None:
    faraday = physical_constants["Faraday constant"][0]
    for step in of(mp2019, "LiAlCl4").steps:
        expected = step.li_per_formula * faraday / 3.6 / Composition("LiAlCl4").weight
        assert step.capacity_mah_per_g == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("control", CONTROLS)
def test_lithium_salts_take_up_no_lithium(mp2019: Snapshot, control: str) -> None:
    found = of(mp2019, control)
    assert found.steps == ()
    assert found.cathodic_limit_v is None
    assert found.energy_per_li_0v_ev is None
    assert found.anodic_limit_v > 0.0
    assert found.decomposition_energy_0v_ev_per_atom == pytest.approx(-found.energy_above_hull_ev_per_atom)


def test_stable_salts_have_no_energy_at_0_v(mp2019: Snapshot) -> None:
    assert [of(mp2019, c).decomposition_energy_0v_ev_per_atom for c in ("LiF", "LiCl", "Li2O")] == [0, 0, 0]


def test_a_phase_above_the_hull_says_what_it_decays_to(mp2019: Snapshot) -> None:
    found = of(mp2019, "Li6PS5Cl")
    assert found.start_products == pytest.approx({"Li2S": 1, "LiCl": 1, "Li3PS4": 1})
    assert "start_products" in found.as_dict()
    assert "start_products" not in of(mp2019, "LiAlCl4").as_dict()


def test_uptake_follows_the_formula_as_written(mp2019: Snapshot) -> None:
    one, two = of(mp2019, "LiAlCl4"), of(mp2019, "Li2Al2Cl8")
    for small, large in zip(one.steps, two.steps, strict=True):
        assert large.voltage_v == pytest.approx(small.voltage_v, abs=EXACT)
        assert large.li_per_formula == pytest.approx(2 * small.li_per_formula)
        assert large.capacity_mah_per_g == pytest.approx(small.capacity_mah_per_g)
    assert two.decomposition_energy_0v_ev_per_atom == pytest.approx(one.decomposition_energy_0v_ev_per_atom)
    assert two.energy_per_li_0v_ev == pytest.approx(one.energy_per_li_0v_ev)


@pytest.mark.parametrize("text", ["Li6PS5Cl", "LiAlCl4", "Li10GeP2S12", "MgI2"])
def test_an_open_system_agrees_between_all_plateaus(mp2019: Snapshot, text: str) -> None:
    formula = parse_formula(text)
    found = of(mp2019, text)
    elements = np.union1d(formula.atomic_numbers, [3])
    rows = mp2019.index.within(elements)
    chosen = mp2019.phases.take(rows)
    fractions = np.zeros((len(rows), len(elements)))
    owner = np.repeat(np.arange(len(rows)), chosen.n_elements)
    fractions[owner, np.searchsorted(elements, chosen.atomic_number)] = chosen.fraction
    lithium = int(np.searchsorted(elements, 3))
    rest_amounts = np.array([formula.amount_of(int(z)) for z in elements if z != 3])
    voltages = [s.voltage_v for s in found.steps]
    uptakes = [s.li_per_formula for s in found.steps]
    middles = [(high + low) / 2 for high, low in zip(voltages, [*voltages[1:], 0.0], strict=True)]
    for voltage, uptake in zip(middles, uptakes, strict=True):
        # the grand potential per atom of the closed elements, of the phases that hold any
        kept = np.flatnonzero(fractions[:, lithium] < 1.0)
        share = fractions[kept, lithium]
        rest = np.delete(fractions, lithium, axis=1)[kept] / (1.0 - share)[:, None]
        potentials = (chosen.formation_energy_ev_per_atom[kept] + voltage * share) / (1.0 - share)
        here = rest_amounts / rest_amounts.sum()
        amounts = walk(rest, potentials, here, np.eye(len(here))[0]).amounts[0] * rest_amounts.sum()
        held = (amounts * share / (1.0 - share)).sum()
        assert held - formula.amount_of(3) == pytest.approx(uptake, abs=1e-6)


def test_anodic_limit_of_a_salt_is_its_formation_voltage(made_up: MakeUp) -> None:
    assert of(made_up({"LiF": -3.0}), "LiF").anodic_limit_v == pytest.approx(6.0, abs=EXACT)


def test_an_alloy_richer_than_the_richest_gives_lithium_off_at_0_v(mp2019: Snapshot) -> None:
    assert anodic_limit(mp2019, parse_formula("Li20Al"), 3) == 0.0


def test_limits_of_a_metastable_phase_are_those_of_its_composition(mp2019: Snapshot) -> None:
    found = of(mp2019, "Li6PS5Cl")
    assert found.cathodic_limit_v < found.anodic_limit_v


def test_another_element_changes_the_words(mp2019: Snapshot) -> None:
    found = of(mp2019, "MgF2", "Na")
    content = found.as_dict()
    assert content["element"] == "Na"
    assert {"energy_per_uptake_0v_ev"} <= set(content)
    assert "energy_per_li_0v_ev" not in content
    assert all("uptake_per_formula" in step and "li_per_formula" not in step for step in content["steps"])
    assert "Na" in found.steps[0].reaction
    for lithium_word in (lambda: found.energy_per_li_0v_ev, lambda: found.steps[0].li_per_formula):
        with pytest.raises(AttributeError, match=r"Na is taken up, not Li: ask for .*uptake"):
            lithium_word()


def test_a_frame_has_the_same_columns_with_and_without_plateaus(mp2019: Snapshot) -> None:
    full, empty = of(mp2019, "LiAlCl4").to_frame(), of(mp2019, "LiF").to_frame()
    assert len(empty) == 0
    assert list(empty.columns) == list(full.columns)
    assert not full["at_hull"].any()
    accepted = lithiate(mp2019, parse_reactant("Li3.25Ge0.25P0.75S4"), at_hull=True)
    assert accepted.to_frame()["at_hull"].all()


def test_products_cannot_be_changed_but_copied(mp2019: Snapshot) -> None:
    found = of(mp2019, "Li6PS5Cl")
    for moles in (found.steps[0].products, found.start_products):
        with pytest.raises(TypeError):
            moles["LiF"] = 1.0
    again = pickle.loads(pickle.dumps(found))
    assert again == found
    assert again.start_products == dict(found.start_products)
    assert json.loads(json.dumps(found.as_dict()))["start_products"] == found.start_products


def test_charge_of_the_element_divides_the_voltage(made_up: MakeUp) -> None:
    # Mg + 2 LiF -> MgF2 + 2 Li, -0.9 eV a Mg
    found = of(made_up({"LiF": -3.0, "MgF2": -4.3}), "LiF", "Mg")
    assert [s.voltage_v for s in found.steps] == pytest.approx([0.45], abs=EXACT)
    assert found.steps[0].uptake_per_formula == pytest.approx(0.5)
    one_electron_a_fluorine = physical_constants["Faraday constant"][0] / 3.6 / Composition("LiF").weight
    assert found.steps[0].capacity_mah_per_g == pytest.approx(one_electron_a_fluorine)
    assert [cation_charge(e) for e in ("Li", "Na", "Mg", "Al")] == [1, 1, 2, 3]


def test_what_cannot_take_up_is_refused(mp2019: Snapshot) -> None:
    with pytest.raises(InputError, match="Li is all Li"):
        of(mp2019, "Li")
    for element in ("F", "O", "Cl", "S", "Br", "I", "N", "C", "H", "P", "Si"):
        with pytest.raises(InputError, match=f"{element} forms no common cation; choose a metal"):
            of(mp2019, "MgF2", element)
    with pytest.raises(InputError, match="--element"):
        of(mp2019, "MgF2", "Xx")
    with pytest.raises(InputError, match="has no phase with Ra"):
        of(mp2019, "MgF2", "Ra")
    with pytest.raises(InputError, match="--at-hull"):
        of(mp2019, "Li3AlCl6")


def test_the_hull_energy_and_estimates_are_flagged(mp2019: Snapshot) -> None:
    found = of(mp2019, "Li3.25Ge0.25P0.75S4", at_hull=True)
    assert found.at_hull
    assert found.energy_above_hull_ev_per_atom == 0.0
    estimated = of(mp2019, "Li3HoCl6")
    assert estimated.estimated
    assert estimated.to_frame()["estimated"].all()


def test_a_mixture_is_lithiated_part_by_part_where_parts_do_not_meet(mp2019: Snapshot) -> None:
    mixture = of(mp2019, "LiAlCl4@50wt+LiCl@50wt")
    alone = of(mp2019, "LiAlCl4")
    assert [s.voltage_v for s in mixture.steps] == pytest.approx([s.voltage_v for s in alone.steps])
    assert mixture.steps[-1].capacity_mah_per_g == pytest.approx(alone.steps[-1].capacity_mah_per_g / 2)


def test_json_holds_what_it_promises(mp2019: Snapshot) -> None:
    content = json.loads(json.dumps(of(mp2019, "LiAlCl4").as_dict(), allow_nan=False))
    assert {
        *("formula", "cathodic_limit_v", "anodic_limit_v", "energy_above_hull_ev_per_atom"),
        *("decomposition_energy_0v_ev_per_atom", "energy_per_li_0v_ev", "steps", "estimated", "provenance"),
    } <= set(content)
    assert set(content["steps"][0]) == {
        *("voltage_v", "voltage_95_v", "li_per_formula", "capacity_mah_per_g", "reaction", "products"),
    }
    assert "Li" not in content["steps"][-1]["products"]
