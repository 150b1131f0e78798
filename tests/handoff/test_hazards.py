"""Hazards: every entry of the table is well formed, and an unknown substance is never called harmless."""

import csv
from importlib.resources import files

import pytest

from screening.handoff.hazards import SDS, SOURCE, SUPPLIER, element_hazards, gases, hazard
from screening.phases.composition import parse_formula
from screening.phases.library import open_snapshot
from screening.phases.snapshot import Snapshot


def _rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((files("screening.handoff") / name).read_text("utf-8").splitlines()))


HARMONISED = [row for row in _rows("hazards.csv") if row["source"] == "annex_vi"]


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return open_snapshot()


@pytest.mark.parametrize("row", HARMONISED, ids=lambda row: row["formula"])
def test_index_numbers_carry_their_check_digit(row: dict[str, str]) -> None:
    # Annex VI, 1.1.1.1: the last character follows the ISBN rule over the eight digits before it.
    *digits, check = row["annex_vi_index"].replace("-", "")
    assert sum(i * int(digit) for i, digit in enumerate(digits, start=1)) % 11 == "0123456789X".index(check)


@pytest.mark.parametrize("row", HARMONISED, ids=lambda row: row["formula"])
def test_index_numbers_belong_to_an_element_of_the_substance(row: dict[str, str]) -> None:
    # the first three digits are the atomic number of the element most typical of the substance
    assert int(row["annex_vi_index"][:3]) in parse_formula(row["formula"]).atomic_numbers


def test_every_statement_has_a_text_and_every_text_is_used() -> None:
    used = {code for row in _rows("hazards.csv") for code in row["statements"].split()}
    assert used == {row["code"] for row in _rows("statements.csv")}


def test_what_is_harmonised_has_a_number_and_what_a_supplier_states_has_none() -> None:
    for row in _rows("hazards.csv"):
        assert row["source"] in {"annex_vi", "supplier"}
        assert bool(row["annex_vi_index"]) == (row["source"] == "annex_vi"), row["formula"]
    formulas = [row["formula"] for row in _rows("hazards.csv")]
    assert len(set(formulas)) == len(formulas)


def test_a_supplier_is_named_as_such() -> None:
    chloride = hazard("LiCl")
    assert (chloride.source, chloride.index_number) == (SUPPLIER, "")
    assert [statement.split()[0] for statement in chloride.statements] == ["H302", "H315", "H319", "H335"]


def test_sodium_sulfide_is_as_the_law_has_it() -> None:
    # Unlike potassium electrolyte, its entry has no EUH031.
    assert "EUH031" not in " ".join(hazard("Na2S").statements)
    assert "EUH031" in " ".join(hazard("K2S").statements)


def test_statements_are_found_by_composition() -> None:
    phosphorus = hazard("P4S10")
    assert phosphorus.formula == "P4S10"
    assert phosphorus.source == SOURCE
    assert [statement.split()[0] for statement in phosphorus.statements] == [
        "H228",
        "H260",
        "H302",
        "H332",
        "H400",
        "EUH029",
    ]


def test_what_the_table_lacks_is_to_be_looked_up() -> None:
    unknown = hazard("LiAlCl4")
    assert (unknown.statements, unknown.source) == ((), SDS)


@pytest.mark.parametrize(
    ("formula", "freed"),
    [
        ("LiAlCl4", ("HCl",)),
        ("Li3YBr6", ("HBr",)),
        ("Li6PS5Cl", ("H2S",)),
        ("Li2S", ("H2S",)),
        ("LiCl", ()),
        ("MgF2", ()),
    ],
)
def test_gases_of_moist_air(snapshot: Snapshot, formula: str, freed: tuple[str, ...]) -> None:
    assert gases(snapshot, parse_formula(formula)) == freed


def test_elements_are_flagged_with_the_substances_that_hold_them() -> None:
    found = element_hazards(("LiCl", "PbI2", "TlCl", "U3O8", "PbO"))
    assert [(each.kind, each.elements, each.formulas) for each in found] == [
        ("toxic", ("Pb", "Tl"), ("PbI2", "TlCl", "PbO")),
        ("radioactive", ("U",), ("U3O8",)),
    ]
    assert element_hazards(("LiAlCl4", "BiF3")) == ()
