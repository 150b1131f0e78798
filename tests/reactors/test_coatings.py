"""Layers between two neighbours: who may stand there, what is computed of each, and published coatings."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import screening as scr
from screening.errors import InputError
from screening.phases.composition import composition_key, parse_formula
from screening.reactors.coatings import COUNTED, Coatings


@pytest.fixture(scope="module")
def found() -> Coatings:
    return scr.coatings("LiCoO2", "Li6PS5Cl", "2.6-4.2", jobs=1)


def row_of(found: Coatings, formula: str) -> pd.Series:
    key = composition_key(parse_formula(formula))
    here = [composition_key(parse_formula(name)) == key for name in found.table["formula"]]
    return found.table[here].iloc[0]


@pytest.mark.parametrize("formula", ["Li3PO4", "LiPO3", "LiAlO2", "LiF"])
def test_each_number_is_that_of_the_pair(found: Coatings, formula: str) -> None:
    row = row_of(found, formula)
    for side, neighbour in (("a", "LiCoO2"), ("b", "Li6PS5Cl")):
        closed = scr.react(neighbour, formula).minimum_mutual.mutual_ev_per_atom
        low, high = (
            scr.react(neighbour, formula, voltage=v).minimum_mutual.mutual_ev_per_atom for v in (2.6, 4.2)
        )
        expected = [e if e < -1e-3 else 0.0 for e in (closed, low, high)]
        assert [row[f"{state}_{side}"] for state in ("closed", "low", "high")] == pytest.approx(
            expected, abs=1e-9
        )
    window = scr.titrate(formula).strict
    assert row["high_v"] == pytest.approx(window.high_v, abs=1e-6)
    assert row["low_v"] == pytest.approx(window.low_v or 0.0, abs=1e-6)
    assert row["stays"] == ((window.low_v or 0.0) <= 2.6 and window.high_v >= 4.2)


def test_the_order_is_by_staying_and_then_by_the_worst_contact(found: Coatings) -> None:
    table = found.table
    assert (np.diff(table["stays"].astype(int)) <= 0).all()
    staying = table[table["stays"]]
    assert (np.diff(staying["worst_ev"]) <= 0).all()
    assert staying["worst_ev"].to_numpy() == pytest.approx(staying[list(COUNTED)].min(axis=1).to_numpy())
    assert list(table["rank"]) == list(range(1, len(table) + 1))


def test_all_hold_lithium_and_none_conducts(found: Coatings) -> None:
    assert all(3 in parse_formula(name).atomic_numbers for name in found.table["formula"])
    names = set(found.table["formula"])
    assert not names & {"LiCoO2", "LiAl", "Li6PS5Cl"}
    assert (found.table["above_hull_ev_per_atom"] <= 0.005).all()
    assert sum(found.left_out.values()) > 5000


def test_published_coatings_that_are_calculated_to_stay_do_so_here(found: Coatings) -> None:
    """Cheng, Fong, Persson 2022 (doi 10.1039/D2TA06051E): phosphates and borates stay to 4.2 V."""
    assert all(
        row_of(found, name)["stays"]
        for name in ("Li3B11O18", "LiZr2(PO4)3", "LiPO3", "LiTi2(PO4)3", "Li3PO4")
    )
    assert not any(row_of(found, name)["stays"] for name in ("Li2SrSiO4", "Li2CaSiO4", "Li4Ti5O12", "LiAlO2"))
    assert row_of(found, "Li3PO4")["worst_ev"] == 0.0, "stable with the cathode and with the sulfide"


def test_beside_lithium_the_salts_of_lithium_come_first() -> None:
    best = scr.coatings("Li", "Li6PS5Cl", "0-2.5", jobs=1)
    assert {"LiF", "LiCl", "LiBr"} <= set(best.table["formula"].head(4))
    assert best.table["low_a"].isna().all(), "lithium metal is the reservoir itself"


def test_it_is_told_and_drawn(found: Coatings, tmp_path: Path) -> None:
    told = str(found)
    assert re.search(r"190 stay from 2.6 to 4.2 V", told)
    assert "b at a voltage is not counted" in told
    found.save(tmp_path / "f.svg")
    drawn = (tmp_path / "f.svg").read_text("utf-8")
    assert "Worst energy with LiCoO₂ (eV)" in drawn
    assert "whose own window is narrower" in drawn


@pytest.mark.parametrize(
    ("a", "b", "options", "said"),
    [
        ("LiCoO2", "Li2Co2O4", {}, "name two different neighbours"),
        ("LiCoO2", "NMC811", {}, "has no LiNi0.8Mn0.1Co0.1O2"),
        ("LiCoO2", "Li6PS5Cl", {"jobs": 0}, "1 or more"),
        ("LiCoO2", "Li6PS5Cl", {"above_hull_ev_per_atom": -1.0}, "give 0 to 1"),
    ],
)
def test_what_makes_no_sense_is_refused(a: str, b: str, options: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        scr.coatings(a, b, "2.6-4.2", **options)
