"""Rows that a grid asks for, and ranks under other weights."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import screening as scr
from screening.explore.rows import block

FRAME = pd.DataFrame(
    {
        "formula": ["LiAlCl4", "MgF2", "CoO", "CO2"],
        "anode": "Li",
        "electrolyte": "Li6PS5Cl",
        "score": [0.7, np.nan, 0.2, 0.5],
    }
)


def formulas(**asked: object) -> list[str]:
    return [row["formula"] for row in block(FRAME, {"startRow": 0, "endRow": 9, **asked})["rowData"]]


@pytest.mark.parametrize(
    ("name", "condition", "left"),
    [
        ("formula", {"filterType": "text", "type": "contains", "filter": "CO"}, ["CO2"]),
        ("formula", {"filterType": "text", "type": "notContains", "filter": "O"}, ["LiAlCl4", "MgF2"]),
        ("formula", {"filterType": "text", "type": "contains", "filter": ".*"}, []),
        ("score", {"filterType": "number", "type": "greaterThan", "filter": 0.2}, ["LiAlCl4", "CO2"]),
        (
            "score",
            {"filterType": "number", "type": "inRange", "filter": 0.1, "filterTo": 0.5},
            ["CoO", "CO2"],
        ),
        ("score", {"filterType": "number", "type": "blank"}, ["MgF2"]),
        ("score", {"filterType": "number", "type": "equals", "filter": "x"}, []),
        ("score", {"filterType": "number", "type": "drop table", "filter": 1}, []),
        ("nowhere", {"filterType": "number", "type": "equals", "filter": 1}, [*FRAME["formula"]]),
    ],
)
def test_rows_are_filtered(name: str, condition: dict[str, object], left: list[str]) -> None:
    assert formulas(filterModel={name: condition}) == left


def test_rows_are_sorted_and_what_has_no_value_is_last_both_ways() -> None:
    for sort, order in (
        ("asc", ["CoO", "CO2", "LiAlCl4", "MgF2"]),
        ("desc", ["LiAlCl4", "CO2", "CoO", "MgF2"]),
    ):
        assert formulas(sortModel=[{"colId": "score", "sort": sort}]) == order
    found = block(FRAME, {"startRow": 1, "endRow": 3})
    assert found["rowCount"] == 4
    assert [row["score"] for row in found["rowData"]] == [None, 0.2]
    assert found["rowData"][0]["key"] == "MgF2|Li|Li6PS5Cl"


def test_ranks_under_other_weights_are_those_of_a_run_with_them(six_run: Path, tmp_path: Path) -> None:
    found, weights = scr.read_results(six_run), {"driving_force": 3.0, "relief": 0.0}
    same = found.reweighed({})
    assert same["rank"].equals(same["rank_before"].rename("rank"))
    assert same["formula"].tolist() == found.table["formula"].tolist()
    anew = scr.screen("six-reactors", weights=weights, out=tmp_path / "anew", jobs=1, draws=0).table
    moved = found.reweighed(weights)
    assert moved["formula"].tolist() == anew["formula"].tolist()
    assert moved["formula"].tolist() != found.table["formula"].tolist()
    np.testing.assert_allclose(moved["score"], anew["score"], rtol=1e-12)
    assert moved["rank"].dropna().tolist() == anew["rank"].dropna().tolist()
    assert not [name for name in moved if name.startswith(("top_", "accept_"))]
    with pytest.raises(scr.ScreeningError, match="no criterion"):
        found.reweighed({"smell": 1.0})
