"""Prices of reactants: their own energies, or a refusal that helps."""

import re
from collections.abc import Callable

import pytest

from screening.errors import InputError
from screening.phases.chemsys import MAX_ELEMENTS
from screening.phases.composition import parse_formula, parse_reactant, symbol
from screening.phases.snapshot import Snapshot
from screening.thermo.reactants import hull_energy, price

MakeUp = Callable[[dict[str, float]], Snapshot]
EXACT = 1e-12


def test_a_compound_brings_its_own_energy(made_up: MakeUp) -> None:
    snapshot = made_up({"LiF": -3.0, "Li2F": -1.0})
    priced = price(snapshot, parse_reactant("Li2F"))
    assert priced.energy_ev_per_atom == -1.0
    assert priced.hull_energy_ev_per_atom == pytest.approx(-2.0, abs=EXACT)
    assert priced.energy_above_hull_ev_per_atom == pytest.approx(1.0, abs=EXACT)
    assert not priced.at_hull


def test_a_positive_formation_energy_is_kept(made_up: MakeUp) -> None:
    assert price(made_up({"LiMg": 0.2}), parse_reactant("LiMg")).energy_ev_per_atom == 0.2


def test_a_stable_compound_is_exactly_on_the_hull(mp2019: Snapshot) -> None:
    for text in ("LiCl", "LiAlCl4", "Li2O2", "MgO"):
        assert price(mp2019, parse_reactant(text)).energy_above_hull_ev_per_atom == 0.0


def test_a_missing_composition_is_refused_with_its_neighbours(mp2019: Snapshot) -> None:
    with pytest.raises(InputError, match="has no Li3AlCl6") as refusal:
        price(mp2019, parse_reactant("Li3AlCl6"))
    assert "Al-Cl-Li holds LiAlCl4" in str(refusal.value)
    assert "--at-hull" in str(refusal.value)


def test_a_system_without_compounds_says_so(made_up: MakeUp) -> None:
    with pytest.raises(InputError, match="F-Mg holds no compound of all these elements") as refusal:
        price(made_up({"LiF": -3.0, "MgO": -3.0}), parse_reactant("MgF2"))
    assert "one of these" not in refusal.value.remedy
    assert "--at-hull" in refusal.value.remedy


def test_a_long_list_of_neighbours_is_cut(mp2019: Snapshot) -> None:
    with pytest.raises(InputError, match=r"Fe-Li-O-P holds .* and \d+ more"):
        price(mp2019, parse_reactant("Li99FePO4"))


def test_the_hull_energy_is_taken_only_when_asked_for_and_only_where_needed(mp2019: Snapshot) -> None:
    solid_solution = parse_reactant("Li3.25Ge0.25P0.75S4")
    priced = price(mp2019, solid_solution, at_hull=True)
    assert priced.at_hull
    assert priced.energy_ev_per_atom == pytest.approx(priced.hull_energy_ev_per_atom, abs=EXACT)
    argyrodite = price(mp2019, parse_reactant("Li6PS5Cl"), at_hull=True)
    assert not argyrodite.at_hull
    assert argyrodite.energy_above_hull_ev_per_atom > 0.05


def test_a_mixture_brings_the_energies_of_its_parts(mp2019: Snapshot) -> None:
    mixture = price(mp2019, parse_reactant("LiAlCl4@40wt+Li6PS5Cl@60wt"))
    parts = [(text, parse_formula(text)) for text in ("LiAlCl4", "Li6PS5Cl")]
    masses = [0.4, 0.6]
    atoms = [w / f.molar_mass_g * f.n_atoms for w, (_, f) in zip(masses, parts, strict=True)]
    energies = [price(mp2019, parse_reactant(text)).energy_ev_per_atom for text, _ in parts]
    expected = sum(n * e for n, e in zip(atoms, energies, strict=True)) / sum(atoms)
    assert mixture.energy_ev_per_atom == pytest.approx(expected, abs=EXACT)
    assert mixture.hull_energy_ev_per_atom < mixture.energy_ev_per_atom


def test_a_reactant_says_which_phases_its_energies_add_up_from(mp2019: Snapshot) -> None:
    priced = price(mp2019, parse_reactant("Li6PS5Cl"))
    names = {str(mp2019.phases.formula[i]): share for i, share in priced.hull.items()}
    assert names == pytest.approx({"Li2S": 3 / 13, "LiCl": 2 / 13, "Li3PS4": 8 / 13})
    assert priced.phases == {mp2019.find(parse_formula("Li6PS5Cl")): 1.0}


def test_an_element_outside_the_snapshot_is_refused(mp2019: Snapshot) -> None:
    with pytest.raises(InputError, match="mp2019 has no phase with Rn"):
        price(mp2019, parse_reactant("RnF2"))


def test_too_many_elements_are_refused(mp2019: Snapshot) -> None:
    everything = "".join(symbol(z) for z in sorted(mp2019.elements)[: MAX_ELEMENTS + 1])
    with pytest.raises(InputError, match=re.escape(f"{MAX_ELEMENTS + 1} elements in one system")):
        price(mp2019, parse_reactant(everything), at_hull=True)


def test_the_hull_energy_does_not_depend_on_how_a_formula_is_written(mp2019: Snapshot) -> None:
    one, two = parse_formula("LiAlCl4"), parse_formula("Li2Al2Cl8")
    assert hull_energy(mp2019, one) == pytest.approx(hull_energy(mp2019, two), abs=EXACT)
