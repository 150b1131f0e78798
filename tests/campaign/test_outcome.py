"""From parts to ranks, and from ranks to the files that tell them."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from screening.campaign.backtest import (
    auc,
    back_test,
    enrichment,
    known_compounds,
    known_file,
    matched_twins,
    read_back_tests,
    write_back_test,
)
from screening.campaign.figures import campaign_map
from screening.campaign.outcome import Outcome, rank_campaign
from screening.campaign.results import spell_out, with_reasons, write_results
from screening.campaign.run import Campaign
from screening.campaign.store import FAILURE_COLUMNS
from screening.phases.composition import parse_formula
from screening.phases.snapshot import Snapshot
from screening.reactors.criteria import CRITERIA
from screening.reactors.rank_probability import FULL_MATRIX_CANDIDATES


@pytest.fixture(scope="module")
def outcome(local: Campaign) -> Outcome:
    (only,) = rank_campaign(local)
    return only


class TestRanking:
    def test_ranks_follow_scores(self, outcome: Outcome) -> None:
        table = outcome.table[outcome.table["passes"]]
        assert len(table) > FULL_MATRIX_CANDIDATES
        assert table["rank"].tolist() == table["score"].rank(ascending=False, method="min").tolist()
        rest = outcome.table[~outcome.table["passes"]]
        assert (rest["score"] == 0.0).all()
        assert rest["rank"].isna().all()

    def test_large_campaigns_give_chances_to_be_among_the_first(self, outcome: Outcome) -> None:
        table, ranked = outcome.table, int(outcome.table["passes"].sum())
        assert outcome.probabilities is not None
        assert outcome.probabilities.rank is None
        for name, places in (("top_1", 1), ("top_1_percent", ranked // 100), ("top_5_percent", ranked // 20)):
            assert table[name].sum() == pytest.approx(places)
        assert (table["top_1"] <= table["top_1_percent"] + 1e-12).all()
        assert (table["top_1_percent"] <= table["top_5_percent"] + 1e-12).all()
        assert (table.loc[~table["passes"], "top_5_percent"] == 0.0).all()

    def test_threads_change_nothing(self, local: Campaign, outcome: Outcome) -> None:
        (other,) = rank_campaign(local, threads=2)
        assert other.table["top_1_percent"].tolist() == outcome.table["top_1_percent"].tolist()


class TestFiles:
    def test_named_controls_and_the_best_are_spelled_out(self, local: Campaign, outcome: Outcome) -> None:
        positions = [*spell_out(local, outcome)]
        formulas = outcome.table["formula"].iloc[positions].tolist()
        assert {"LiAlCl4", "MgF2", "LiF", "LiCl"} <= set(formulas)
        assert outcome.table["rank"].iloc[positions[:3]].tolist() == [1, 2, 3]
        write_results(local, [outcome])
        written = json.loads((local.store.directory / "ranking.json").read_text("utf-8"))
        assert [one["formula"] for one in written["reactors"]] == formulas
        assert written["reactors"][0]["rank_probability"] == []
        assert set(written["reactors"][0]["top_probability"]) == {"top_1", "top_1_percent", "top_5_percent"}
        assert len(pd.read_parquet(local.store.directory / "ranking.parquet")) == len(outcome.table)
        every = pd.read_csv(local.store.directory / "ranking.csv")
        assert every["formula"].tolist() == outcome.table["formula"].iloc[outcome.order].tolist()
        assert (every["why_no_rank"].isna() == every["rank"].notna()).all()
        assert every.set_index("formula").loc["LiF", "why_no_rank"] == "does not react"

    def test_what_could_not_be_assessed_is_in_the_ranking_too(self, outcome: Outcome) -> None:
        row = ("Li3N", outcome.anode, outcome.electrolyte, "contacts", "ValueError: no hull")
        failures = pa.table({name: [text] for name, text in zip(FAILURE_COLUMNS, row, strict=True)})
        every = with_reasons(outcome.table, failures)
        assert every.num_rows == len(outcome.table) + 1
        last = every.to_pylist()[-1]
        assert (last["formula"], last["why_no_rank"]) == ("Li3N", "contacts: ValueError: no hull")
        assert last["rank"] is None


class TestBackTest:
    def test_the_list_can_be_cited(self, snapshot: Snapshot) -> None:
        known = known_compounds()
        reactors = [one for one in known if one.role == "reactor"]
        founding = [one for one in reactors if one.doi == "10.1002/aenm.202300815"]
        assert len(founding) == 6
        assert len(reactors) - len(founding) >= 12
        assert all(one.doi.startswith("10.") and one.formed for one in reactors)
        assert len({one.formula for one in known}) == len(known)
        assert all(snapshot.find(parse_formula(one.formula)) is not None for one in known)

    def test_the_list_says_what_was_checked(self) -> None:
        rows = pd.read_csv(known_file(), keep_default_na=False)
        others = rows[(rows["role"] == "reactor") & (rows["doi"] != "10.1002/aenm.202300815")]
        assert set(others["checked"]) <= {"abstract", "title", "no"}
        unseen = set(others["formula"][others["checked"] == "no"])
        assert unseen == {"InCl3", "ZnCl2", "BiCl3", "AsCl3", "Cu3N"}
        assert not rows["checked"][rows["role"] == "control"].any()

    def test_places_what_the_campaign_holds(self, local: Campaign, outcome: Outcome) -> None:
        test = back_test(local, outcome, known_compounds())
        assert test is not None
        placed = {one.formula: one for one in test.placings}
        assert placed["LiF"].rank is None
        assert "does not react" in placed["LiF"].why
        row = outcome.table.set_index("formula").loc["LiAlCl4"]
        assert placed["LiAlCl4"].rank == row["rank"]
        assert placed["LiAlCl4"].percentile == pytest.approx(100 * (row["rank"] - 1) / test.n_ranked)
        assert "MoS2" in test.absent
        scores = [one.score for one in test.placings if one.role == "reactor"]
        assert test.auc_controls == pytest.approx(np.mean([1.0 if s > 0 else 0.5 for s in scores]))
        unranked = {
            one.formula: one.why for one in test.placings if one.role == "reactor" and one.rank is None
        }
        assert unranked == {"GeCl4": "not solid at 25 °C"}  # it melts at -51.5 °C
        assert all("metallic_product" not in one.why for one in test.placings if one.role == "reactor")
        score, *singles = test.separations
        assert score.column == "score"
        assert {one.column for one in singles} >= {criterion.name for criterion in CRITERIA}
        assert all(0.0 <= one.low <= one.auc <= one.high <= 1.0 for one in test.separations)
        assert test.enrichment_5_percent is not None
        write_back_test(local, [test])
        written = json.loads((local.store.directory / "backtest.json").read_text("utf-8"))
        assert written["tests"][0]["n_candidates"] == len(outcome.table)
        assert read_back_tests(local.store.directory) == (test,)

    def test_twins_share_anions_and_size(self, snapshot: Snapshot, outcome: Outcome) -> None:
        phase = outcome.table["phase"].to_numpy()
        reactor = np.flatnonzero(outcome.table["formula"] == "MgF2")
        twins = matched_twins(snapshot, phase, reactor, reactor)
        formulas = outcome.table["formula"].iloc[twins]
        assert len(twins) == len(set(twins)) > 10
        for formula in formulas:
            elements = set(parse_formula(formula).chemsys.split("-"))
            assert len(elements) == 2
            assert "F" in elements
            assert not elements & {"Cl", "O", "H", "C", "N", "P", "S"}
        assert "MgF2" not in set(formulas)
        assert matched_twins(snapshot, phase, reactor, reactor).tolist() == twins.tolist()

    def test_figures_of_merit_by_hand(self) -> None:
        assert auc(np.array([3.0, 1.0]), np.array([2.0, 1.0, 0.0])) == pytest.approx((3 + 1.5) / 6)
        assert auc(np.array([]), np.array([1.0])) is None
        order = np.arange(1000)
        assert enrichment(order, np.array([0, 5, 500, 900]), 0.01) == pytest.approx(50.0)
        assert enrichment(order[:100], np.array([0]), 0.01) is None


def test_the_map_places_what_is_known(local: Campaign, outcome: Outcome) -> None:
    results, pair = write_results(local, [outcome]), (outcome.anode, outcome.electrolyte)
    found = campaign_map(results, pair, known_compounds())
    assert found is not None
    assert {"LiAlCl4", "MgF2", "ZnCl2"} <= {one.name for one in found.marked}
    assert {"LiF", "LiCl"} <= set(found.stable)
    assert len(found.x) == int(outcome.table["passes"].sum())
    assert "eV" in found.x_label
    target = campaign_map(results, pair, names=("volume_change", "metal_volume_fraction"))
    assert target is not None
    assert not target.stepped
    assert {criterion.name for criterion in CRITERIA} >= set(local.study.figures.criteria)
