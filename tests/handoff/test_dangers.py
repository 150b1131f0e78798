"""Red lines: states by measured points, burning and explosion by statement or composition."""

import pytest

from screening.handoff.dangers import not_to_be_milled, red_lines
from screening.handoff.recipe import shelf
from screening.phases.composition import parse_formula
from screening.phases.snapshot import Phases
from screening.reactors.sense import explosive, oxidising


@pytest.mark.parametrize(
    ("formula", "word"),
    [
        *(("SnCl4", "LIQUID"), ("SiCl4", "LIQUID"), ("TiCl4", "LIQUID"), ("GeCl4", "LIQUID")),
        *(("BF3", "GAS"), ("SiF4", "GAS"), ("OsO4", "VOLATILE"), ("SnBr4", "LOW MELTING")),
        *(("SbCl3", "LOW MELTING"), ("P", "PYROPHORIC"), ("Cs", "PYROPHORIC")),
        *(("AgN3", "EXPLOSIVE"), ("CuN3", "EXPLOSIVE"), ("AgClO4", "EXPLOSIVE"), ("NCl3", "EXPLOSIVE")),
        *((name, "OXIDISER") for name in ("KMnO4", "KNO3", "NH4NO3", "KO2", "Na2O2", "CrO3", "PbO2")),
        *((name, "WATER-REACTIVE") for name in ("NaH", "LiBH4", "AlH3", "Ca3P2", "CaC2")),
        *(("UH3", "PYROPHORIC"), ("CeH3", "PYROPHORIC"), ("PCl5", "VOLATILE"), ("AlCl3", "VOLATILE")),
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


@pytest.mark.parametrize(
    "formula",
    [
        *("Li2O", "LiOH·H2O", "LiCoO2", "MnO2", "Fe2O3", "MnSO4", "FePO4", "LiMn2O4", "BaFe12O19", "MnMoO4"),
        *(
            "PbWO4",
            "LaMnO3",
            "FeOCl",
            "AgCl",
            "Li2SO4",
            "Li7La3Zr2O12",
            "MgCl2·6H2O",
            "PbO",
            "Bi2O3",
            "Ag2CO3",
        ),
    ],
)
def test_common_oxygen_compounds_are_no_oxidisers(formula: str) -> None:
    assert not oxidising(Phases.of([parse_formula(formula)]))[0]


@pytest.mark.parametrize(
    ("reactor", "electrolyte", "why"),
    [
        *((name, "Li3InCl6", "may explode") for name in ("AgN3", "NaN3", "NI3", "KClO4", "LiClO4", "AgClO4")),
        *((name, "Li3InCl6", "is a liquid") for name in ("TiCl4", "SnCl4", "SiCl4")),
        *(("AsF5", "Li3InCl6", "is a gas"), ("MgI2", "LiClO4", "LiClO4 may explode")),
        *((name, "Li6PS5Cl", "ENERGETIC") for name in ("KMnO4", "KNO3", "NH4NO3", "KO2", "Li2O2")),
        *(("Li3P", "LiNO3", "ENERGETIC"), ("KMnO4", "LiBH4", "ENERGETIC"), ("KMnO4", "Li3InCl6", "")),
        *(("LiAlCl4", "Li6PS5Cl", ""), ("Li10GeP2S12", "Li6PS5Cl", ""), ("Li2SO4", "Li6PS5Cl", "")),
    ],
)
def test_what_must_or_can_not_be_milled(reactor: str, electrolyte: str, why: str) -> None:
    told = not_to_be_milled(reactor, electrolyte)
    assert (why in told) if why else told == ""
