"""Ranks by energies anchored to measurement beside a campaign's own, and what is told of them."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import screening as scr
from screening.campaign.anchored_ranks import FOLDER, changes_told
from screening.campaign.directory import ResultsDirectory
from screening.campaign.outcome import rank_campaign
from screening.campaign.run import Campaign, Source, run
from screening.campaign.study import Study
from screening.campaign.workers import Workers
from screening.phases.corrections import Energies

PROBABILITIES = [f"{of}_{n}" for of in ("top", "accept") for n in ("1", "1_percent", "5_percent")]
CANDIDATES = ["LiAlCl4", "MgI2", "MgF2", "NaEuCl4", "Na2EuCl5", "LiF"]
"""Eu was calculated with a wrong potential: measured enthalpies put its salts behind the others."""

VALUES = ["driving_force_ev_per_ion", "driving_force_from_95", "driving_force_to_95", "score", "rank"]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> scr.Ranking:
    return scr.screen(CANDIDATES, out=tmp_path_factory.mktemp("both"))


@pytest.fixture(scope="module")
def anchored() -> scr.Ranking:
    return scr.screen(CANDIDATES, energies="anchored")


@pytest.fixture(scope="module")
def plain() -> scr.Ranking:
    return scr.screen(CANDIDATES, uncertainty={"anchored": False})


def by_formula(ranking: scr.Ranking) -> pd.DataFrame:
    return ranking.table.set_index("formula").sort_index()


def test_values_and_ranks_stay_those_of_the_campaigns_own_energies(
    both: scr.Ranking, plain: scr.Ranking
) -> None:
    pd.testing.assert_frame_equal(by_formula(both)[VALUES], by_formula(plain)[VALUES])
    assert "rank_anchored" not in plain.table


def test_the_second_rank_and_all_probabilities_are_those_of_an_anchored_campaign(
    both: scr.Ranking, anchored: scr.Ranking
) -> None:
    mine, theirs = by_formula(both), by_formula(anchored)
    assert mine["rank_anchored"].astype("Int64").equals(theirs["rank"].astype("Int64"))
    np.testing.assert_array_equal(mine["score_anchored"], theirs["score"])
    pd.testing.assert_frame_equal(mine[PROBABILITIES], theirs[PROBABILITIES])
    for one in both.results.document.reactors:
        other = anchored.results.reactor(one.formula)
        assert other is not None
        assert (one.rank_probability, one.rank_anchored) == (other.rank_probability, other.rank)


def test_every_place_tells_both_ranks(both: scr.Ranking, tmp_path: Path) -> None:
    table = by_formula(both)
    moved = table[table["rank"].notna() & (table["rank"] != table["rank_anchored"])]
    assert len(moved)  # or nothing below is tested
    name, row = moved.index[0], moved.iloc[0]
    told = f"{name} {row['rank']} -> {row['rank_anchored']}"
    shown = both.summary()[0]
    assert told in " ".join(shown.notes)
    line = shown.frame.set_index("reactor").loc[lambda rows: rows.index.str.startswith(name)].iloc[0]
    assert (line["rank"], line["anch."]) == (str(row["rank"]), str(row["rank_anchored"]))
    assert told in " ".join(both.display().notes)
    csv = pd.read_csv(both.directory / "ranking.csv").set_index("formula")
    assert csv.loc[name, "rank_anchored"] == row["rank_anchored"]
    document = json.loads((both.directory / "ranking.json").read_text("utf-8"))
    (written,) = (each for each in document["reactors"] if each["formula"] == name)
    assert (written["rank"], written["rank_anchored"]) == (row["rank"], row["rank_anchored"])
    assert both.top(14).set_index("formula").loc[name, "rank_anchored"] == row["rank_anchored"]
    assert f"rank {row['rank_anchored']}," in " ".join(both.explain(name).display().notes)
    assert "rank, anchored" in both.report(tmp_path / "page.html").read_text("utf-8")


def test_a_candidate_without_a_rank_has_none_by_either(both: scr.Ranking) -> None:
    control = by_formula(both).loc["LiF"]
    assert control[["rank", "rank_anchored"]].isna().all()
    assert control["score_anchored"] == 0.0


@pytest.mark.parametrize("energies", ["as-published", "anchored"])
def test_other_energies_leave_one_ranking(energies: str, tmp_path: Path) -> None:
    ranking = scr.screen(["LiAlCl4", "MgF2"], out=tmp_path, draws=0, energies=energies)
    assert "rank_anchored" not in ranking.table
    assert not (tmp_path / FOLDER).exists()


def test_own_phases_and_a_temperature_count_in_both(tmp_path: Path) -> None:
    own = tmp_path / "own.csv"
    head = "formula,formation_energy_ev_per_atom,uncertainty_ev_per_atom,volume_per_atom_a3"
    own.write_text(f"{head}\nLiGaBr4,-1.32,0.03,35\n", "utf-8")
    table = scr.screen(["LiGaBr4", "MgF2"], phases=own, replace=True, temperature_k=298.15, draws=0).table
    assert table.set_index("formula").loc["LiGaBr4", "score_anchored"] > 0.0


def test_an_error_model_of_ones_own_is_drawn_from(tmp_path: Path) -> None:
    study = scr.load_study(["LiAlCl4", "MgF2"]).with_changes(mixing_sd_ev_per_atom=0.02)
    assert "rank_anchored" not in scr.screen(study, out=tmp_path).table


def test_candidates_that_the_anchored_campaign_lacks_have_no_second_rank(
    study: Study, local: Campaign, tmp_path: Path
) -> None:
    candidates = study.candidates.model_copy(update={"query": None})
    few = run(
        study.model_copy(update={"candidates": candidates}),
        Source(energies=Energies.ANCHORED),
        tmp_path,
        workers=Workers(1),
    )
    (outcome,) = rank_campaign(local, anchored=few)
    table = outcome.table.set_index("formula")
    assert table["score_anchored"].notna().sum() == 4
    assert table.loc["LiAlCl4", "rank_anchored"] == 1
    assert table["top_1"].sum() == pytest.approx(1.0)
    assert table["top_1"].isna().sum() == len(table) - 4


def test_a_second_run_takes_up_what_the_first_left(both: scr.Ranking) -> None:
    before, (part,) = by_formula(both), (both.directory / FOLDER / "parts").glob("*.parquet")
    part.unlink()
    again = scr.screen(CANDIDATES, out=both.directory)
    pd.testing.assert_frame_equal(by_formula(again), before)


def test_former_results_have_no_second_rank(plain: scr.Ranking) -> None:
    (reactor, *_) = ResultsDirectory(plain.directory).document.reactors
    assert (reactor.rank_anchored, reactor.score_anchored) == (None, None)
    assert "anchored" not in " ".join(plain.explain("LiAlCl4").chances)


def test_changes_are_told_in_the_order_of_ranks() -> None:
    table = pd.DataFrame(
        {
            "formula": ["A", "B", "C", "D"],
            "rank": pd.array([2, 1, pd.NA, 3], dtype="Int32"),
            "rank_anchored": pd.array([1, 2, 3, pd.NA], dtype="Int32"),
            "score_anchored": [0.9, 0.8, 0.7, 0.0],
        }
    )
    assert changes_told(table).partition(": ")[2] == "B 1 -> 2, A 2 -> 1, D 3 -> no rank, C no rank -> 3"
    same = table.assign(rank_anchored=table["rank"])
    assert changes_told(same) == "energies anchored to measurement change none of these ranks"
    assert changes_told(table.drop(columns=["rank_anchored", "score_anchored"])) == ""
