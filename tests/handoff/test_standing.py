"""A reactor's place in a campaign, read from where it is spelled out or from the table of all candidates."""

import json
import shutil
from dataclasses import replace
from math import prod
from pathlib import Path

import pandas as pd
import pytest

from screening.campaign.directory import ResultsDirectory
from screening.campaign.outcome import rank_campaign
from screening.campaign.results import write_results
from screening.campaign.run import Source, run
from screening.campaign.study import parse_study
from screening.campaign.workers import Workers
from screening.errors import InputError
from screening.handoff.plan import Plan
from screening.handoff.sheet import bench_sheet
from screening.handoff.standing import Standing, standing

STUDY = """
name = "tiny"
[candidates]
formulas = ["LiAlCl4", "MgF2", "ZnCl2", "BeF2"]
controls = ["LiF"]
[filters]
forbid_toxic = true
[ranking]
floor = 0.02
criteria.lithiophilic.weight = 3.0
[uncertainty]
draws = 0
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of a campaign that spells out all of its candidates."""
    directory = tmp_path_factory.mktemp("tiny")
    campaign = run(parse_study(STUDY, where="tiny.toml"), Source(), directory, workers=Workers(1))
    return write_results(campaign, rank_campaign(campaign)).path


@pytest.fixture
def best_only(finished: Path, tmp_path: Path) -> Path:
    """The same results as a large campaign leaves them: only the best is spelled out."""
    document = json.loads((finished / "ranking.json").read_text("utf-8"))
    document["reactors"] = [each for each in document["reactors"] if each["rank"] == 1]
    (tmp_path / "ranking.json").write_text(json.dumps(document), "utf-8")
    shutil.copy(finished / "ranking.parquet", tmp_path)
    return tmp_path


def place(results: Path, formula: str, anode: str = "Li") -> Standing | None:
    return standing(ResultsDirectory(results), formula, anode, "Li6PS5Cl")


@pytest.mark.parametrize("formula", ["LiAlCl4", "MgF2", "F2Mg", "ZnCl2", "BeF2", "LiF"])
def test_a_candidate_that_is_not_spelled_out_stands_where_it_would(
    finished: Path, best_only: Path, formula: str
) -> None:
    found, expected = place(best_only, formula), place(finished, formula)
    assert expected is not None
    assert found is not None
    assert [part.criterion for part in found.parts] == [part.criterion for part in expected.parts]
    for one, other in zip(found.parts, expected.parts, strict=True):
        assert (one.value, one.unit, one.weight) == (other.value, other.unit, other.weight)
        assert (one.desirability, one.factor) == pytest.approx((other.desirability, other.factor), rel=1e-12)
    assert replace(found, parts=()) == replace(expected, parts=())
    if found.rank is not None:
        assert prod(part.factor for part in found.parts) == pytest.approx(found.score, rel=1e-9)


def test_failed_filters_are_named(best_only: Path) -> None:
    poison, control = place(best_only, "BeF2"), place(best_only, "LiF")
    assert poison is not None
    assert control is not None
    assert (poison.rank, poison.failed_filters) == (None, ("not_toxic",))
    assert (control.rank, "reacts" in control.failed_filters) == (None, True)


def test_what_the_campaign_does_not_hold_has_no_place(best_only: Path) -> None:
    assert place(best_only, "MgI2") is None
    assert place(best_only, "MgF2", anode="Na") is None


def test_the_sheet_carries_the_stamp_of_the_study(best_only: Path) -> None:
    ranked = ResultsDirectory(best_only)
    stamp = bench_sheet(Source().load(), "MgF2", Plan(), ranked).provenance
    assert stamp.study == "tiny"
    assert stamp.study_checksum == parse_study(STUDY, where="tiny.toml").checksum
    assert bench_sheet(Source().load(), "MgF2", Plan()).provenance.study == ""


def test_a_damaged_table_is_told(best_only: Path) -> None:
    table = pd.read_parquet(best_only / "ranking.parquet")
    table.drop(columns="volume_change").to_parquet(best_only / "ranking.parquet")
    with pytest.raises(InputError, match=r"ranking\.parquet: lacks volume_change"):
        place(best_only, "LiF")
    (best_only / "ranking.parquet").write_bytes(b"no table")
    with pytest.raises(InputError, match=r"ranking\.parquet: damaged"):
        place(best_only, "LiF")


def test_a_study_without_its_weights_is_told(best_only: Path) -> None:
    document = json.loads((best_only / "ranking.json").read_text("utf-8"))
    del document["study"]["ranking"]
    (best_only / "ranking.json").write_text(json.dumps(document), "utf-8")
    with pytest.raises(InputError, match=r"ranking\.json: study: lacks ranking"):
        place(best_only, "LiF")
