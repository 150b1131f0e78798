"""Marks stand at the formulas that they are about, wherever a reaction is told."""

import pytest

import screening as scr
from screening.thermo.marks import starred


def test_a_mark_stands_at_its_own_formula_only() -> None:
    told = starred("2 Li3HoCl6 + Li3HoCl6F -> LiCl", {"Li3HoCl6": "estimated"}, ("LiCl",))
    assert told == "2 Li3HoCl6* + Li3HoCl6F -> LiCl†"


def test_tables_of_reactions_mark_estimates_and_hull_energies() -> None:
    one = str(scr.react("Li", "Li3HoCl6"))
    assert "3 Li + Li3HoCl6* -> 6 LiCl + Ho <- minimum" in one
    assert one.startswith("Li | Li3HoCl6*")
    both = str(scr.react("Li", ["Li3HoCl6", "LiAlCl4"]))
    assert "3 Li + Li3HoCl6* -> 6 LiCl + Ho" in both
    assert "LiAlCl4*" not in both
    assert "3 Li + Li3HoCl6* -> 6 LiCl + Ho" in str(scr.lithiate("Li3HoCl6"))
    hull = str(scr.react("Li", "Li5.5PS4.5Cl1.5", at_hull=True))
    assert "2 Li5.5PS4.5Cl1.5† -> " in hull
    assert "*" not in hull


def test_a_pair_of_figure_1_that_does_not_react_says_so() -> None:
    figure = scr.figure_1("Li3HoCl6")
    assert "Ho | Li3HoCl6*" in (rows := str(figure))
    assert "no reaction" in rows
    assert "Li3HoCl6* -> Li3HoCl6*" not in rows
    summary = figure.sheets()["Summary"]
    idle = summary[summary["Reaction"] == "no reaction"]
    assert idle["Pair"].tolist() == ["Ho | Li3HoCl6*"]
    # what is left is what the compound does by itself
    (alone,) = -idle["Reaction energy (eV/atom)"]
    above = scr.react("Ho", "Li3HoCl6").energy_above_hull_ev_per_atom.b
    assert alone == pytest.approx(above, abs=1e-9)
