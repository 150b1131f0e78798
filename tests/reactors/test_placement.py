"""Candidates that are no reactors: what is computed of each, who is left out, and published coatings."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

import screening as scr
from screening.campaign.study import find_study
from screening.campaign.tables import in_words
from screening.cli.options import print_table
from screening.errors import InputError
from screening.phases.library import open_snapshot
from screening.reactors.drawn_scores import Preferences, drawn_scores
from screening.reactors.ranking import (
    FAILS,
    PASSES,
    UNDECIDED,
    desirabilities,
    weighted_geometric_mean,
    weights,
)
from screening.reactors.uncertainty import error_models

NAMED = ("Li3PO4", "LiPO3", "LiTi2(PO4)3", "Li3B11O18", "LiZr2(PO4)3")
OTHERS = ("LiNbO3", "LiAlO2", "Al2O3", "LiAl", "LiF")
PLACE = {"role": "coating", "cathode": "LiCoO2", "window_v": (2.6, 4.2), "draws": 0}


@pytest.fixture(scope="module")
def coatings(tmp_path_factory: pytest.TempPathFactory) -> scr.Ranking:
    out = tmp_path_factory.mktemp("coatings")
    return scr.screen([*NAMED, *OTHERS], out=out, figures=True, jobs=1, **PLACE)


def row_of(ranking: scr.Ranking, formula: str) -> pd.Series:
    return ranking.table.set_index("formula").loc[formula]


@pytest.mark.parametrize("formula", NAMED)
def test_each_number_and_its_interval_are_those_of_the_pair(coatings: scr.Ranking, formula: str) -> None:
    row = row_of(coatings, formula)
    contacts = {
        "electrode": ("_ev_per_atom", scr.react("LiCoO2", formula)),
        "electrode_low": ("_ev_per_closed_atom", scr.react("LiCoO2", formula, voltage=2.6)),
        "electrode_high": ("_ev_per_closed_atom", scr.react("LiCoO2", formula, voltage=4.2)),
        "neighbour": ("_ev_per_atom", scr.react("Li6PS5Cl", formula)),
    }
    for name, (unit, pair) in contacts.items():
        lowest = pair.minimum_mutual
        assert row[name + unit] == pytest.approx(lowest.mutual_ev_per_atom, abs=1e-9), name
        if pair.reacts:
            low, high = lowest.mutual_95_ev_per_atom
            found = row[f"{name}_from_95"], row[f"{name}_to_95"]
            assert found == pytest.approx((low, min(high, 0.0)), abs=1e-6), name
    window = scr.titrate(formula).strict
    for limit, volts, within in (
        ("reduction", window.low_v, window.low_95_v),
        ("oxidation", window.high_v, window.high_95_v),
    ):
        assert row[f"{limit}_limit_v"] == pytest.approx(volts, abs=1e-6)
        found = row[f"{limit}_from_95"], row[f"{limit}_to_95"]
        assert found == pytest.approx(tuple(np.clip(within, 0.0, 8.0)), abs=1e-5), limit


def test_names_stand_in_a_terminal_and_digits_follow_the_intervals(
    coatings: scr.Ranking, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    (table,) = coatings.summary()
    print_table(table)
    printed = capsys.readouterr().out
    assert all(formula in printed for formula in (*NAMED, *OTHERS))
    shown = table.frame.set_index("coating")["window (V)"].map(lambda cell: cell.rstrip("*"))
    for formula, cell in shown.items():
        low, high = row_of(coatings, str(formula).rstrip("*†‡"))[["reduction_from_95", "reduction_to_95"]]
        decimals = len(cell.split(" to ")[0].partition(".")[2])
        if high - low > 0.1:
            assert decimals <= 1 or float(cell.split(" to ")[0]) < 1.0, (formula, cell)


def test_who_is_left_out_and_why(coatings: scr.Ranking) -> None:
    table = coatings.table.set_index("formula")
    failing = {"LiNbO3": "stays", "LiAlO2": "stays", "Al2O3": "holds_ion", "LiAl": "blocks_electrons"}
    failing |= {"LiF": "conducts_ion"}
    for formula, name in failing.items():
        assert table.loc[formula, f"filter_{name}"] == 0, formula
        assert not table.loc[formula, "passes"]
    assert set(table.index[table["passes"]]) == {*NAMED}
    assert coatings.explain("LiNbO3").failed_filters == ("stays",)


def test_published_coatings_that_are_calculated_to_stay_do_so_here(coatings: scr.Ranking) -> None:
    """Cheng, Fong, Persson 2022 (doi 10.1039/D2TA06051E): phosphates and borates stay to 4.2 V."""
    assert all(row_of(coatings, name)["passes"] for name in ("Li3B11O18", "LiZr2(PO4)3", "LiPO3"))
    best = row_of(coatings, "Li3PO4")
    assert best["rank"] == 1
    assert best["neighbour_ev_per_atom"] == best["electrode_high_ev_per_closed_atom"] == 0.0


def test_it_is_one_campaign_with_its_files(coatings: scr.Ranking) -> None:
    legend = {line.get_label() for line in coatings.plot().lines}
    assert "named in the study" in legend and "known coating" not in legend
    names = {path.name for path in coatings.directory.iterdir()}
    assert {"ranking.csv", "ranking.parquet", "ranking.json", "results.xlsx", "campaign.png"} <= names
    assert not names & {"products.xlsx", "backtest.json"}
    document = json.loads((coatings.directory / "ranking.json").read_text("utf-8"))
    first = document["reactors"][0]
    assert [(curve["a"], curve["b"]) for curve in first["curves"]] == [
        ("LiCoO2", first["formula"]),
        ("Li6PS5Cl", first["formula"]),
    ]
    again = scr.read_results(coatings.directory)
    assert again.top(1)["formula"].tolist() == ["Li3PO4"]
    told = "\n".join(str(table) for table in again.summary())
    assert "between LiCoO2 and Li6PS5Cl, 2.6 to 4.2 V vs Li" in told
    assert "LiNbO3 does not stay over the window" in told
    shown, *_ = again.summary()
    heads = [*shown.content]
    assert {"coating", "closed", "low V"} <= {*heads} and not any("A(" in head for head in heads)
    written = pd.read_csv(coatings.directory / "ranking.csv")
    assert {"oxidation_from_95", "oxidation_to_95"} <= {*written}  # the table's digits follow them
    assert (written["oxidation_from_95"] <= written["oxidation_to_95"]).any()
    page = again.report().read_text("utf-8")
    assert "ranks first of 5 coatings between LiCoO₂ and Li₆PS₅Cl" in page
    assert "against Li and" not in page


def test_a_map_leaves_out_a_criterion_in_which_all_are_alike(tmp_path: Path) -> None:
    study = find_study("buffers").with_changes(formulas=("Li3N", "LiCl", "LiF", "LiI"), draws=0)
    ranking = scr.screen(study, out=tmp_path / "b", figures=False)
    first, second = (ranking.table[name][ranking.table["passes"]] for name in study.figures.criteria)
    assert first.max() - first.min() < 1e-9 < second.max() - second.min()
    axes = ranking.plot()
    assert "anode" not in axes.get_xlabel() and "buffer" in axes.get_ylabel()


def test_sheets_and_validation_are_for_reactors(coatings: scr.Ranking, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="candidates are coatings"):
        coatings.handoff("Li3PO4", tmp_path)
    with pytest.raises(InputError, match="candidates are coatings"):
        scr.validate(coatings, tmp_path)


def test_beside_lithium_the_salts_of_lithium_come_first() -> None:
    study = find_study("buffers").with_changes(query=None)
    table = scr.screen(study, jobs=1).table
    assert table["formula"].iloc[0] == "LiCl", "LiF, which is as stable, insulates"
    assert table.set_index("formula").loc["LiF", "filter_conducts_ion"] == 0
    assert "electrode_high_ev_per_closed_atom" not in table
    assert table["electrode_ev_per_atom"].dropna().eq(0.0).all(), "each is stable with lithium"
    assert table.set_index("formula").loc["Li3N", "filter_stays"] == 0
    assert table["top_1"].sum() == pytest.approx(1.0)


def test_electrolytes_stand_between_both_electrodes() -> None:
    study = find_study("electrolytes").with_changes(query=None, draws=0)
    ranking = scr.screen(study, jobs=1)
    assert ranking.results.pairs == (("Li", ""),)
    row = row_of(ranking, "Li3PS4")
    assert row["neighbour_ev_per_atom"] == pytest.approx(
        scr.react("Li", "Li3PS4").minimum_mutual.mutual_ev_per_atom
    )
    assert "filter_stays" not in ranking.table
    assert row_of(ranking, "Li7La3Zr2O12")["rank"] < row_of(ranking, "Li3InCl6")["rank"], "beside lithium"
    catholytes = scr.screen(find_study("catholytes").with_changes(query=None, draws=0), jobs=1)
    assert row_of(catholytes, "Li3InCl6")["rank"] == 1


def test_what_insulates_is_left_out_and_what_nobody_measured_does_not_lead(tmp_path: Path) -> None:
    """LiF conducts 1e-12 S/cm (doi 10.1016/0025-5408(81)90099-4); of BaLiF3 nothing is known here."""
    names = ("BaLiF3", "LiF", "Li3InCl6", "Li3YBr6", "Li2S")
    study = find_study("catholytes").with_changes(query=None, formulas=names, draws=400)
    ranking = scr.screen(study, jobs=1, out=tmp_path / "c", figures=False)
    table = ranking.table.set_index("formula")
    assert table["filter_conducts_ion"].to_dict() == {
        **{"BaLiF3": UNDECIDED, "LiF": FAILS, "Li2S": FAILS},
        **{"Li3InCl6": PASSES, "Li3YBr6": PASSES},
    }
    assert table["rank"].dropna().to_dict() == {"Li3InCl6": 1, "Li3YBr6": 2, "BaLiF3": 3}
    assert np.isnan(table.loc["BaLiF3", "ionic_s_per_cm"]), "the worst is a valuation, not a value"
    assert table.loc["BaLiF3", "top_1"] < 0.1, "nor in most draws"
    told = "\n".join(str(each) for each in ranking.summary())
    assert "unknown and counted as the worst: ionic conductivity of BaLiF3" in told
    assert "nobody measured here of 1 of 3 with a rank" in told
    assert "LiF measured to insulate the ion" in told
    (shown, *_) = ranking.summary()
    assert shown.frame["σ ion"].tolist()[:3] == ["1e-03", "2e-03", "unknown"]
    assert "ionic conductivity unknown" in in_words(ranking.table.iloc[2], ranking.results.study)
    again = ranking.reweighed({"ionic": 0.0}).set_index("formula")
    assert again.loc["BaLiF3", "rank"] == 1, "unless conduction is not asked"


@pytest.mark.parametrize("interpreted", [0, 10**9])
def test_drawn_and_plain_scores_value_the_unknown_alike(
    interpreted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plain Python draws few scores, compiled code many: both count an unknown conductivity as none."""
    study = find_study("catholytes").with_changes(query=None, formulas=("Li3InCl6", "BaLiF3"), draws=0)
    rules = study.ranking
    values = np.tile([[-0.01] * len(rules.every)], (2, 1))
    k = rules.every.names.index("ionic_s_per_cm")
    values[:, k] = [0.0, np.nan]
    valued = desirabilities(values, rules)
    assert valued[1] == pytest.approx(valued[0])
    monkeypatch.setattr("screening.reactors.drawn_scores.MOST_INTERPRETED", interpreted)
    phases = open_snapshot().phases
    errors = error_models()["Li"].of_phases(phases)
    nothing = csr_array((len(values) * len([*rules.every.uncertain]), len(phases)))
    people, rng = Preferences.of(rules), np.random.default_rng(1)
    (block,) = drawn_scores(values, valued, rules, errors, nothing, rng, 1, preferences=people)
    assert np.exp(block[0]) == pytest.approx(weighted_geometric_mean(valued, weights(rules)))


def test_a_role_brings_its_own_criteria() -> None:
    study = find_study().with_changes(role="coating", cathode="LiCoO2", window_v=(3.0, 4.0))
    assert "relay_ev_per_atom" not in study.ranking.criteria
    assert study.figures.criteria == ("electrode_ev_per_atom", "neighbour_ev_per_atom")
    heavier = study.with_changes(weights={"neighbour": 3.0}).ranking.criteria
    assert heavier["neighbour_ev_per_atom"].weight == 3.0
    with pytest.raises(InputError, match="no criterion 'relay'"):
        study.with_changes(weights={"relay": 1.0})
    catholyte = study.with_changes(role="catholyte").ranking.criteria
    assert catholyte["oxidation_limit_v"].weight == 2.0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"cathode": ""}, "cathode: give it where the role is coating"),
        ({"window_v": None}, "window_v: give it"),
        ({"window_v": (4.2, 2.6)}, "lower voltage first"),
        ({"window_v": (2.6, 9.0)}, "9 V is out of range"),
        ({"cathode": "Li6PS5Cl"}, "name two different neighbours"),
        ({"role": "buffer"}, "cathode: leave it out where the role is buffer"),
        ({"role": "electrolyte", "electrolyte": "Li6PS5Cl"}, "electrolytes: leave it out where the role"),
        ({"role": "anode"}, "role"),
        ({"cathode": "NMC811"}, "has no LiNi0.8Mn0.1Co0.1O2.* at_hull"),
        ({"cathode": "LiNbO3"}, "LiNbO3 is both a candidate and the cathode"),
    ],
)
def test_what_makes_no_sense_is_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        scr.screen(["LiNbO3", "LiF"], jobs=1, **(PLACE | changes))


@pytest.mark.parametrize(
    ("role", "neighbours"),
    [
        ("coating", {"cathode": "LiCoO2", "electrolyte": "Li6PS5Cl"}),
        ("buffer", {"anode": "Li", "electrolyte": "Li6PS5Cl"}),
        ("catholyte", {"cathode": "LiCoO2", "electrolyte": "Li6PS5Cl"}),
        ("electrolyte", {"cathode": "LiCoO2", "anode": "Li"}),
    ],
)
def test_each_role_takes_its_neighbours_in_one_call(role: str, neighbours: dict[str, str]) -> None:
    made = scr.screen(["Li3PO4"], role=role, window_v=(2.6, 4.2), draws=0, jobs=1, **neighbours)
    behind = row_of(made, "Li3PO4")["neighbour_ev_per_atom"]
    other = "Li" if role == "electrolyte" else "Li6PS5Cl"
    assert behind == pytest.approx(scr.react(other, "Li3PO4").minimum_mutual.mutual_ev_per_atom, abs=1e-6)


def test_a_cathode_that_the_snapshot_lacks_comes_from_the_hull() -> None:
    near = {"role": "catholyte", "cathode": "NMC811", "electrolyte": "Li6PS5Cl", "window_v": (2.6, 4.2)}
    made = scr.screen(["Li3InCl6"], at_hull=True, draws=0, jobs=1, **near)
    assert "LiNi0.8Mn0.1Co0.1O2 taken from the hull" in str(made)
    closed = scr.react("NMC811", "Li3InCl6", at_hull=True).minimum_mutual.mutual_ev_per_atom
    assert row_of(made, "Li3InCl6")["electrode_ev_per_atom"] == pytest.approx(closed, abs=1e-5)
