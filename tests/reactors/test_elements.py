"""Prices, abundances and hazards come from libraries' tables, read right."""

import numpy as np
import pytest
from mendeleev.fetch import fetch_table
from pymatgen.core import Composition

from screening.phases.composition import parse_formula
from screening.phases.library import open_snapshot
from screening.phases.snapshot import Phases
from screening.reactors.elements import (
    TOXIC,
    cost_usd_per_kg,
    element_table,
    holds,
    molar_mass_g,
    named,
    noble_gas_table,
    radioactive_table,
    scarcest_abundance_ppm,
)

FORMULAS = ("LiAlCl4", "MgF2", "Li10GeP2S12", "MgSO4", "CdCl2", "UF4", "NaCl")


@pytest.fixture(scope="module")
def phases() -> Phases:
    snapshot = open_snapshot()
    return snapshot.phases.take(np.array([snapshot.find(parse_formula(f)) for f in FORMULAS]))


def test_the_table_is_the_one_that_mendeleev_gives() -> None:
    table = fetch_table("elements").set_index("atomic_number")
    for column, ours in (
        ("price_per_kg", element_table().price_usd_per_kg),
        ("abundance_crust", element_table().abundance_ppm),
    ):
        theirs = np.full(119, np.nan)
        theirs[table.index] = table[column].astype(float)
        assert np.array_equal(ours, theirs, equal_nan=True)


def test_cost_and_abundance_are_those_of_the_elements(phases: Phases) -> None:
    price, abundance = element_table().price_usd_per_kg, element_table().abundance_ppm
    for i, formula in enumerate(FORMULAS[:4]):
        composition = Composition(formula)
        mass = {e.Z: n * float(e.atomic_mass) for e, n in composition.items()}
        expected = sum(price[z] * grams for z, grams in mass.items()) / sum(mass.values())
        assert cost_usd_per_kg(phases)[i] == pytest.approx(expected)
        assert scarcest_abundance_ppm(phases)[i] == min(abundance[z] for z in mass)
        assert molar_mass_g(phases)[i] == pytest.approx(composition.weight)


def test_hazards(phases: Phases) -> None:
    assert holds(phases, named(TOXIC)).tolist() == [f == "CdCl2" for f in FORMULAS]
    assert holds(phases, radioactive_table()).tolist() == [f == "UF4" for f in FORMULAS]
    assert not radioactive_table()[83]
    assert np.flatnonzero(noble_gas_table()).tolist() == [2, 10, 18, 36, 54, 86, 118]
