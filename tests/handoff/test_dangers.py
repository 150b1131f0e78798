"""Red lines: states by measured points, burning and explosion by statement or composition."""

import pytest

from screening.handoff.dangers import red_lines
from screening.handoff.recipe import shelf
from screening.phases.composition import parse_formula
from screening.phases.snapshot import Phases
from screening.reactors.sense import explosive


@pytest.mark.parametrize(
    ("formula", "word"),
    [
        *(("SnCl4", "LIQUID"), ("SiCl4", "LIQUID"), ("TiCl4", "LIQUID"), ("GeCl4", "LIQUID")),
        *(("BF3", "GAS"), ("SiF4", "GAS"), ("OsO4", "VOLATILE"), ("SnBr4", "LOW MELTING")),
        *(("SbCl3", "LOW MELTING"), ("P", "PYROPHORIC"), ("Cs", "PYROPHORIC")),
        *(("AgN3", "EXPLOSIVE"), ("CuN3", "EXPLOSIVE"), ("AgClO4", "EXPLOSIVE"), ("NCl3", "EXPLOSIVE")),
    ],
)
def test_dangers_are_named(formula: str, word: str) -> None:
    assert [line for line in red_lines([formula]) if line.startswith(word)]


def test_powders_of_the_paper_bear_none() -> None:
    names = (
        "LiAlCl4",
        "MgI2",
        "MgF2",
        "Li3HoCl6",
        "Li3YBr6",
        "Li10GeP2S12",
        "Li6PS5Cl",
        "LiCl",
        "Li3N",
        "Li",
    )
    assert red_lines(names) == ()


def test_nothing_on_the_shelf_is_liquid_or_explodes() -> None:
    assert not [line for line in red_lines(list(shelf())) if line.startswith(("LIQUID", "GAS", "EXPLOSIVE"))]


@pytest.mark.parametrize(
    "formula",
    ["Li3N", "Mg3N2", "TiN", "NaNO3", "LiCN", "CaCO3", "SO2Cl2", "NH4Cl", "Si3N4", "BN", "Cu2O", "Cu3N"],
)
def test_the_rule_spares_what_is_harmless(formula: str) -> None:
    assert not explosive(Phases.of([parse_formula(formula)]))[0]


@pytest.mark.parametrize(
    ("formula", "explodes"),
    [
        *((hydrate, False) for hydrate in ("MgCl2·6H2O", "CaCl2·6H2O", "CaBr2·6H2O", "LiI·3H2O", "LiCl·H2O")),
        *((salt, True) for salt in ("LiClO4·3H2O", "Mg(ClO4)2·6H2O", "NH4ClO4", "KClO3", "Pb(N3)2", "NaN3")),
        *((other, True) for other in ("NI3", "Ag2C2", "Ag3N", "AgCNO", "ClO2", "Cl2O7")),
        *((mild, False) for mild in ("NH4Cl", "NH4NO3", "CaC2", "AgCN", "LaOCl")),
    ],
)
def test_a_sheet_and_a_ranking_say_the_same(formula: str, explodes: bool) -> None:
    """Bretherick's Handbook of Reactive Chemical Hazards; chlorides with water of hydration are harmless."""
    assert any(line.startswith("EXPLOSIVE") for line in red_lines([formula])) == explodes
    assert bool(explosive(Phases.of([parse_formula(formula)]))[0]) == explodes
