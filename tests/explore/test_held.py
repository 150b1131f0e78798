"""What the server holds: runs with the phases that they were asked to take, and beginnings of formulas."""

import shutil
from pathlib import Path

import pytest

import screening as scr
from screening.errors import InputError
from screening.explore import held, reading
from screening.explore.disk import Place
from screening.explore.pages import bench
from screening.files import write_json


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(folder=tmp_path / "results", experiments=tmp_path / "cells")


def test_a_run_opens_the_phases_that_it_rests_on(six_run: Path, place: Place) -> None:
    shutil.copytree(six_run, place.folder / "six")
    assert held.phases_of(held.ranking("six", place)).snapshot == "mp2019"
    scr.screen(["MgF2", "LiAlCl4"], energies="anchored", out=place.folder / "anchored", jobs=1, draws=0)
    found = held.ranking("anchored", place)
    assert held.phases_of(found).load().manifest.energy_scheme == found.provenance.energy_scheme
    scr.screen(["MgF2"], temperature_k=400.0, out=place.folder / "hot", jobs=1, draws=0)
    with pytest.raises(InputError, match=r"400 K.* not what opens here"):
        held.phases_of(held.ranking("hot", place))


def test_a_run_with_phases_of_ones_own_opens_them(place: Place) -> None:
    content = b"formula,formation_energy_ev_per_atom,uncertainty_ev_per_atom\nLi7AlCl10,-2.0,0.02\n"
    token = place.keep({"own.csv": content})
    own = held.own_phases({"phases": f"{token}-replace"}, place)
    assert own.replace
    assert not own.force
    scr.screen(["MgF2", "Li7AlCl10"], phases=own, out=place.folder / "own", jobs=1, draws=0)
    with pytest.raises(InputError, match="not what opens here"):
        held.phases_of(held.ranking("own", place))
    asked = {"snapshot": "mp2019", "phases": vars(own), "energies": "corrected"}
    run = place.run("own")
    run.task.folder.mkdir(parents=True)
    write_json(run.task.folder / "asked.json", asked)
    held._ranking.cache_clear()
    assert held.phases_of(held.ranking("own", place)).phases == own


@pytest.mark.parametrize(
    ("typed", "first"),
    [("LiAlCl", "LiAlCl4"), ("lialcl", "LiAlCl4"), ("Li@50wt+MgF", "Li@50wt+MgF2"), ("LPSC", "Li6PS5Cl")],
)
def test_beginnings_are_completed(typed: str, first: str, place: Place) -> None:
    words = held.completions(*held.held({}, place), typed)
    assert first in words
    if "LiAlCl4" in words:
        above = scr.hull_energy("LiAlCl4")[0].energy_above_hull_ev_per_atom
        assert words["LiAlCl4"] == f"{above:.3f} eV/atom above the hull"


def test_nothing_is_proposed_where_nothing_is_typed(place: Place) -> None:
    for typed in ("", "Li@50wt", "LiCl+", "Qq"):
        assert held.completions(*held.held({}, place), typed) == {}


def test_kept_cells_are_compared_with_a_run(six_run: Path, place: Place) -> None:
    """Read in the other process; the same checks as from Python, and no contradiction told as none."""
    shutil.copytree(six_run, place.folder / "six")
    scr.write_example(place.experiments)
    query = {"run": "six", "simulated": "yes"}
    checks, against = (shown for _, shown, _, _ in reading.blocks(bench._comparison(query, place)))
    expected = scr.validate(place.folder / "six", place.experiments, simulated=True)
    assert checks.frame["verdict"].tolist() == expected.to_frame()["verdict"].astype(str).tolist()
    assert len(against.frame) == len(expected.contradictions_frame())
    saved = bench.save("comparison-00.csv", query, place, place.folder)
    assert len(saved.read_text("utf-8").splitlines()) == len(checks.frame) + 1
