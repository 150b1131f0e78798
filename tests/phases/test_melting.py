"""Melting points: states that follow, and the library they were taken from."""

import pytest

from screening.phases.composition import parse_formula
from screening.phases.melting import MeltingPoint, melting_point, melting_points


def known(text: str) -> MeltingPoint:
    found = melting_point(parse_formula(text))
    assert found is not None
    return found


def test_states_at_room_temperature() -> None:
    expected = {
        "SnCl4": "liquid",
        "Hg": "liquid",
        "BF3": "gas",
        "N2": "gas",
        "LiCl": "solid",
        "H2O": "liquid",
    }
    assert {name: known(name).state for name in expected} == expected
    assert known("MgF2").melts_c == pytest.approx(1263.0)
    assert known("F2Mg") is known("MgF2") is known("Mg2F4")


def test_what_is_not_measured_is_not_guessed() -> None:
    assert melting_point(parse_formula("Li10GeP2S12")) is None
    bare = MeltingPoint(formula="X", name="", cas="", melts_c=None, boils_c=900.0)
    assert bare.state == ""


def test_the_table_is_that_of_the_library() -> None:
    chemicals = pytest.importorskip("chemicals", reason="the database of the test extra is not installed")
    for one in melting_points().values():
        if one.melts_c is not None:
            assert chemicals.Tm(one.cas, method="CRC_INORG") == pytest.approx(one.melts_c + 273.15, abs=0.06)
        if one.boils_c is not None:
            assert chemicals.Tb(one.cas, method="CRC_INORG") == pytest.approx(one.boils_c + 273.15, abs=0.06)
