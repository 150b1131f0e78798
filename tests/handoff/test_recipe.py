"""Precursors: they balance, they weigh what chemists weigh, and nothing cheaper balances."""

from itertools import combinations

import numpy as np
import pytest
from pymatgen.analysis.reaction_calculator import Reaction
from pymatgen.core import Composition

from screening.handoff.recipe import ANIONS, recipe, shelf
from screening.phases.composition import parse_formula
from screening.phases.library import open_snapshot
from screening.phases.snapshot import Snapshot


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return open_snapshot()


# Masses by hand from standard atomic masses: M(part) × coefficient / M(compound).
MASSES_G = {
    "LiAlCl4": {"LiCl": 0.2412, "AlCl3": 0.7588},
    "Li3YBr6": {"LiBr": 0.4422, "YBr3": 0.5578},
    "Li3HoCl6": {"LiCl": 0.3192, "HoCl3": 0.6808},
    "Li10GeP2S12": {"Li2S": 0.3902, "P2S5": 0.3775, "GeS2": 0.2323},
    "Li6PS5Cl": {"Li2S": 0.4280, "P2S5": 0.4141, "LiCl": 0.1580},
}


@pytest.mark.parametrize("formula", MASSES_G)
def test_masses_of_one_gram(snapshot: Snapshot, formula: str) -> None:
    made = recipe(snapshot, parse_formula(formula))
    assert made.route == "listed binaries"
    assert {p.formula: p.mass_g for p in made.precursors} == pytest.approx(MASSES_G[formula], abs=6e-5)


@pytest.mark.parametrize("formula", [*MASSES_G, "Li3InCl6", "Li2ZrCl6", "Na3PS4", "Li7P3S11", "Li3ScF6"])
def test_balance_agrees_with_pymatgen(snapshot: Snapshot, formula: str) -> None:
    made = recipe(snapshot, parse_formula(formula), batch_g=2.5)
    assert sum(p.mass_g for p in made.precursors) == pytest.approx(2.5, rel=1e-9)
    reaction = Reaction([Composition(p.formula) for p in made.precursors], [Composition(formula)])
    reaction.normalize_to(Composition(formula))
    for precursor in made.precursors:
        assert precursor.moles == pytest.approx(-reaction.get_coeff(Composition(precursor.formula)), rel=1e-9)


@pytest.mark.parametrize("formula", ["LiAlCl4", "Li10GeP2S12", "Li7P3S11"])
def test_no_pair_or_triple_of_listed_binaries_is_lower(snapshot: Snapshot, formula: str) -> None:
    compound = parse_formula(formula)
    made = recipe(snapshot, compound)
    phases = snapshot.phases
    listed = [snapshot.find(parse_formula(name)) for name in shelf()]
    within = set(compound.atomic_numbers)
    rows = [i for i in listed if i is not None and within.issuperset(_elements(snapshot, i))]

    def energy(each: int) -> float:
        return float(phases.formation_energy_ev_per_atom[each] * phases.atoms[each])

    lowest = np.inf
    for size in (1, 2, 3, 4):
        for chosen in combinations(rows, size):
            content = [[snapshot.formula(i).amount_of(z) for i in chosen] for z in compound.atomic_numbers]
            moles, *_ = np.linalg.lstsq(np.array(content), np.array(compound.amounts), rcond=None)
            if np.abs(np.array(content) @ moles - compound.amounts).max() < 1e-9 and moles.min() >= -1e-12:
                lowest = min(lowest, sum(m * energy(i) for m, i in zip(moles, chosen, strict=True)))
    found = sum(p.moles * energy(snapshot.find(parse_formula(p.formula))) for p in made.precursors)
    assert found == pytest.approx(lowest, abs=1e-9)


def _elements(snapshot: Snapshot, phase: int) -> tuple[int, ...]:
    return snapshot.formula(phase).atomic_numbers


@pytest.mark.parametrize("formula", ["MgI2", "MgF2", "LiF"])
def test_a_binary_is_bought(snapshot: Snapshot, formula: str) -> None:
    made = recipe(snapshot, parse_formula(formula))
    assert made.route == "bought"
    assert made.precursors[0].cas == shelf()[formula].cas
    assert made.reaction == ""


def test_unlisted_binaries_are_said_to_be_unlisted(snapshot: Snapshot) -> None:
    made = recipe(snapshot, parse_formula("Li3ScF6"))
    assert made.route == "stable binaries"
    assert {p.formula: bool(p.cas) for p in made.precursors} == {"LiF": True, "ScF3": False}


@pytest.mark.parametrize("formula", ["Li2SO4", "LiAlSi"])
def test_no_recipe_where_salts_do_not_balance(snapshot: Snapshot, formula: str) -> None:
    made = recipe(snapshot, parse_formula(formula))
    assert (made.route, made.precursors) == ("none", ())


@pytest.mark.parametrize("formula", shelf())
def test_cas_numbers_carry_their_check_digit(formula: str) -> None:
    digits = shelf()[formula].cas.replace("-", "")
    weighted = sum(i * int(digit) for i, digit in enumerate(reversed(digits[:-1]), start=1))
    assert weighted % 10 == int(digits[-1])


def test_the_shelf_holds_binary_salts_once() -> None:
    reduced = [Composition(name).reduced_formula for name in shelf()]
    assert len(set(reduced)) == len(reduced)
    assert len({each.cas for each in shelf().values()}) == len(reduced)
    for name in shelf():
        elements = [e.symbol for e in Composition(name)]
        assert len(elements) == 2
        assert sum(symbol in ANIONS for symbol in elements) == 1


def test_the_shelf_agrees_with_a_chemical_database() -> None:
    chemicals = pytest.importorskip("chemicals", reason="the database of the test extra is not installed")
    charged = {"Li2O", "Li3N"}  # that database holds these two as protonated ions
    for name, each in shelf().items():
        formula = chemicals.search_chemical(each.cas).formula
        if name not in charged:
            assert Composition(formula).reduced_formula == Composition(name).reduced_formula, name
