"""What a page shows to copy, and saves, is what it computed."""

import ast
import shutil
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

import screening as scr
from screening.errors import InputError
from screening.explore import charts
from screening.explore.disk import Place
from screening.explore.pages import bench, pair, ranked
from screening.explore.shown import Fields, message


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(folder=tmp_path / "results", experiments=tmp_path / "cells")


def copied(component: object) -> dict[str, str]:
    """Texts of the blocks to copy by their titles."""
    texts = [part.content for part in component._traverse() if hasattr(part, "content")]  # type: ignore[attr-defined]
    return dict(zip(("command", "python"), texts, strict=True))


def test_a_ranking_under_other_weights_says_so_wherever_it_goes(six_run: Path, place: Place) -> None:
    shutil.copytree(six_run, place.folder / "six")
    query = {"run": "six", "relief": "0"}
    table = pd.read_csv(ranked.save("ranking.csv", query, place, place.folder))
    found = scr.read_results(place.folder / "six")
    assert table["score"].tolist() == pytest.approx(found.reweighed({"relief": 0.0})["score"].tolist())
    checksum = found.results.study.with_changes(weights={"relief": 0.0}).checksum[:12]
    assert set(table["provenance"].str.contains(f"with weights relief 0 sha256:{checksum}")) == {True}
    book = openpyxl.load_workbook(ranked.save("ranking.xlsx", query, place, place.folder))
    assert f"with weights relief 0 sha256:{checksum}" in book.properties.description
    assert "with weights" not in ranked.save("ranking.csv", {"run": "six"}, place, place.folder).read_text()
    weights = ranked._other(found, {"relief": 0.0})
    assert ".reweighed({'relief': 0.0})" in copied(ranked._copied("six", found, weights, place))["python"]


def test_moved_weights_that_move_no_rank_are_still_moved() -> None:
    frame = pd.DataFrame({"passes": [True], "rank": [1], "rank_before": [1]})
    assert ranked._moved(frame, {})[0].children == "Ranks of the study's own weights."
    assert (
        ranked._moved(frame, {"relief": 0.0})[0].children == "Other weights than the study's: no rank moves."
    )


def test_an_anode_that_reacts_with_none_is_one_line(place: Place) -> None:
    scr.screen("six-reactors", anodes=["Cu"], out=place.folder / "cu", jobs=1, draws=0, figures=False)
    for x in (None, "driving_force_ev_per_ion"):
        with pytest.raises(InputError, match="Cu reacts with none"):
            ranked._map("cu", {"x": x, "y": x}, None, None, place)


def test_what_pair_shows_to_copy_takes_the_same_phases(place: Place) -> None:
    content = b"formula,formation_energy_ev_per_atom,uncertainty_ev_per_atom\nLi7AlCl10,-2.0,0.02\n"
    query = {"a": "Li", "b": "Li7AlCl10", "phases": f"{place.keep({'own.csv': content})}-replace"}
    expected = pair._reactions(query, place).to_frame()
    texts = copied(pair._copied(query, place))
    assert "--phases" in texts["command"]
    assert texts["command"].endswith("own.csv --replace")
    first = texts["python"].splitlines()[1]
    shown: dict[str, object] = {}
    exec(first, {"scr": scr}, shown)
    pd.testing.assert_frame_equal(shown["pair"].to_frame(), expected)  # type: ignore[attr-defined]


def test_an_area_with_a_decimal_comma_is_copied_as_a_number() -> None:
    texts = copied(bench._copied(["a.csv"], {"area_cm2": "0,785"}))
    ast.parse(texts["python"])
    assert "area_cm2=0.785" in texts["python"]
    assert texts["command"].endswith("--area-cm2 0.785")


def test_an_axis_names_every_reactant_at_its_end() -> None:
    chart = charts.reactions(scr.react(["Li", "Li9Al4"], ["LiAlCl4"]), "molar", "total")
    assert chart["layout"]["xaxis"]["title"]["text"] == "Molar fraction of Li or Li₉Al₄"


def test_compositions_that_the_snapshot_lacks_can_be_taken_at_the_hull(place: Place) -> None:
    query = {"a": "Li", "b": "Li5.5PS4.5Cl1.5", "lacking": pair.AT_HULL}
    expected = scr.react("Li", "Li5.5PS4.5Cl1.5", at_hull=True)
    assert pair._reactions(query, place)[0].kinks == expected.kinks
    texts = copied(pair._copied(query, place))
    assert texts["command"].endswith("--at-hull")
    assert "at_hull=True" in texts["python"]
    with pytest.raises(InputError, match="--at-hull"):
        pair._reactions({**query, "lacking": "refuse"}, place)
    assert message("voltage: add --at-hull, or a -- b").children == "voltage: add at-hull, or a -- b"


def test_what_a_link_asks_for_in_vain_is_told() -> None:
    fields = Fields("pair", {"axis": "zzz", "run": "nope", "known": "b"})
    for shown, name in (
        (fields.choice("axis", "Mixing fraction", ("atomic", "molar")), "zzz"),
        (fields.chooser("run", "Run", {"six": "six"}, default="six"), "nope"),
    ):
        assert f"the link asks for '{name}', which is not here" in str(shown)
    assert "not here" not in str(fields.chooser("known", "Known", {"b": "b"}))
