"""A campaign of a few compounds: each number is what single calculations or paper give."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pymatgen.core import Composition

from screening.campaign.figures import campaign_map
from screening.campaign.outcome import Outcome, rank_campaign
from screening.campaign.results import write_results
from screening.campaign.run import Campaign, Source, run
from screening.campaign.study import Study, parse_study
from screening.campaign.tables import best_table, in_words, ranking_table
from screening.campaign.workers import Workers
from screening.display import fixed
from screening.phases.composition import parse_formula, parse_reactant
from screening.phases.snapshot import Snapshot
from screening.reactors.criteria import CRITERIA
from screening.reactors.uncertainty import error_models
from screening.thermo.interface import react
from screening.thermo.lithiation import Lithiation, lithiate

REACTORS = ("LiAlCl4", "MgF2", "Li3HoCl6", "HoCl3", "BiI3", "Li3InCl6")
FLOOR_V = 0.02
MAH_PER_MOL = 26801.4811


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    """Six reactors, a toxic compound and a control."""
    named = ", ".join(f'"{each}"' for each in (*REACTORS, "TlCl"))
    study = parse_study(
        f'name = "few"\n[candidates]\nformulas = [{named}]\ncontrols = ["LiF"]\n[uncertainty]\ndraws = 20',
        where="few.toml",
    )
    return run(study, Source(), tmp_path_factory.mktemp("few"), workers=Workers(1))


@pytest.fixture(scope="module")
def rows(campaign: Campaign) -> pd.DataFrame:
    parts = sorted((campaign.store.directory / "parts").glob("*.parquet"))
    return pd.concat(map(pd.read_parquet, parts)).set_index("formula")


@pytest.fixture(scope="module")
def outcome(campaign: Campaign) -> Outcome:
    (only,) = rank_campaign(campaign)
    return only


@pytest.fixture(scope="module")
def document(campaign: Campaign, outcome: Outcome) -> dict[str, dict]:
    """Reactors of ``ranking.json`` by formula."""
    write_results(campaign, [outcome])
    written = json.loads((campaign.store.directory / "ranking.json").read_text("utf-8"))
    return {each["formula"]: each for each in written["reactors"]}


def alone(snapshot: Snapshot, formula: str) -> Lithiation:
    return lithiate(snapshot, parse_reactant(formula))


@pytest.mark.parametrize("formula", REACTORS)
def test_a_row_holds_what_the_compound_does_alone(
    rows: pd.DataFrame, snapshot: Snapshot, formula: str
) -> None:
    row, single = rows.loc[formula], alone(snapshot, formula)
    volts = [step.voltage_v for step in single.steps]
    uptake = [step.uptake_per_formula for step in single.steps]
    assert (row["anode"], row["electrolyte"]) == ("Li", "Li6PS5Cl")
    assert row["cathodic_limit_v"] == pytest.approx(volts[0])
    assert row["plateau_v"].tolist() == pytest.approx(volts)
    assert row["plateau_uptake_per_formula"].tolist() == pytest.approx(uptake)
    above = [amount for amount, volt in zip(uptake, volts, strict=True) if volt > FLOOR_V]
    assert row["uptake_per_formula"] == pytest.approx(above[-1])
    capacity = above[-1] * MAH_PER_MOL / Composition(formula).weight
    assert row["uptake_mah_per_g"] == pytest.approx(capacity, rel=1e-6)
    assert row["energy_above_hull_ev_per_atom"] == pytest.approx(single.energy_above_hull_ev_per_atom)
    reaction = react(snapshot, parse_reactant("Li"), parse_reactant(formula))
    assert row["minimum_mutual_ev_per_atom"] == pytest.approx(reaction.minimum_mutual.mutual_ev_per_atom)
    assert row["kink_x"].tolist() == pytest.approx([kink.x_atomic for kink in reaction.kinks])
    assert row["n_elements"] == len(Composition(formula))
    assert row["estimated"] == single.estimated


def test_a_row_is_estimated_where_a_product_is(rows: pd.DataFrame, tmp_path: Path) -> None:
    assert rows["estimated"].to_dict() == {name: name == "Li3HoCl6" for name in (*REACTORS, "TlCl", "LiF")}
    with_atlas = Source("mp2019+atlas")
    assert not with_atlas.load().phases.estimated[with_atlas.load().find(parse_formula("ZrCl4"))]
    study = Study.of(["ZrCl4", "MgF2"], draws=0)  # on the way to the metal is Li2ZrCl6
    (outcome,) = rank_campaign(run(study, with_atlas, tmp_path, workers=Workers(1)))
    assert outcome.table.set_index("formula")["estimated"].to_dict() == {"ZrCl4": True, "MgF2": False}


def test_flags_are_those_of_the_compound(rows: pd.DataFrame) -> None:
    assert rows.index[rows["toxic"]].tolist() == ["TlCl"]
    assert not rows["explosive"].any()
    assert rows.index[rows["passes"]].tolist() == list(REACTORS)
    assert rows.loc[["LiAlCl4", "MgF2", "Li3HoCl6"], "alloy"].tolist() == ["Li9Al4", "LiMg", "Ho"]


def test_what_does_not_react_keeps_its_volume_beside_the_electrolyte(
    rows: pd.DataFrame, snapshot: Snapshot
) -> None:
    def cm3_per_g(name: str) -> float:
        phase = snapshot.find(parse_formula(name))
        atoms, weight = Composition(name).num_atoms, Composition(name).weight
        return snapshot.phases.volume_per_atom_a3[phase] * atoms * 0.602214076 / weight

    row = rows.loc["LiF"]
    for wt in (10, 30, 50):
        electrolyte, salt = (100 - wt) * cm3_per_g("Li6PS5Cl"), wt * cm3_per_g("LiF")
        assert row[f"electrolyte_fraction_{wt}wt"] == pytest.approx(electrolyte / (electrolyte + salt))
        assert row[f"metal_fraction_{wt}wt"] == 0.0
    metal = rows[[f"metal_fraction_{wt}wt" for wt in (10, 30, 50)]].loc[list(REACTORS)].to_numpy()
    assert np.all(np.diff(metal, axis=1) > 0.0)  # more reactor, more metal
    np.testing.assert_array_equal(metal[:, 2], rows.loc[list(REACTORS), "metal_volume_fraction"])


def test_the_expected_error_is_the_bias_of_the_lithium_that_turns_into_salt(outcome: Outcome) -> None:
    """And of the metal that is set free; docs/uncertainty.md."""
    model = error_models()["Li"]
    salts = {each.symbol: each.bias_ev_per_ion for each in model.anions}
    metals = {each.symbol: each.bias_ev_per_atom for each in model.cations}
    driving = [criterion.name for criterion in CRITERIA.uncertain].index("driving_force_ev_per_ion")
    place = outcome.table["formula"].tolist().index
    for formula, expected in (
        ("LiAlCl4", (3 * salts["Cl"] - metals["Al"]) / 5.25),  # + 5.25 Li -> 4 LiCl + 0.25 Li9Al4
        ("MgF2", (2 * salts["F"] - metals["Mg"]) / 3),  # + 3 Li -> 2 LiF + LiMg
        ("Li3HoCl6", (3 * salts["Cl"] - metals["Ho"]) / 3),
    ):
        assert outcome.expected_error[place(formula), driving] == pytest.approx(expected)


def test_errors_of_a_reactor_are_its_own_whoever_stands_beside_it(outcome: Outcome, tmp_path: Path) -> None:
    study = parse_study(
        'name = "one"\n[candidates]\nformulas = ["MgF2"]\n[uncertainty]\ndraws = 20', where="one.toml"
    )
    (one,) = rank_campaign(run(study, Source(), tmp_path, workers=Workers(1)))
    place = outcome.table["formula"].tolist().index("MgF2")
    np.testing.assert_allclose(outcome.standard_deviation[place], one.standard_deviation[0])
    np.testing.assert_allclose(outcome.expected_error[place], one.expected_error[0])
    assert np.unique(one.standard_deviation[0]).size == len(CRITERIA.uncertain)  # none for another


def test_the_document_tells_errors_weights_and_marks(
    outcome: Outcome, document: dict[str, dict], campaign: Campaign
) -> None:
    place = outcome.table["formula"].tolist().index
    for formula in REACTORS:
        told = document[formula]["criteria"]
        for k, criterion in enumerate(CRITERIA.uncertain):
            each = told[criterion.name]
            assert each["standard_deviation"] == outcome.standard_deviation[place(formula), k]
            assert each["expected_error"] == outcome.expected_error[place(formula), k]
        for criterion in CRITERIA:
            assert told[criterion.name]["weight"] == criterion.default.weight
        assert document[formula]["estimated"] == (formula == "Li3HoCl6")
        assert document[formula]["cathodic_limit_v"] == document[formula]["plateaus"][0]["voltage_v"]
    assert document["LiAlCl4"]["products_li_excess"] == pytest.approx({"LiCl": 4.0, "Li9Al4": 0.25})


@pytest.mark.parametrize(("change", "factor"), [("halved", 0.5), ("doubled", 2.0)])
def test_ranks_with_one_weight_changed_are_those_of_the_weighted_mean(
    document: dict[str, dict], change: str, factor: float
) -> None:
    values = {name: document[name]["criteria"] for name in REACTORS}
    moved = 0
    for changed in CRITERIA.names:
        scores = {}
        for name, criteria in values.items():
            known = {k: c for k, c in criteria.items() if c["desirability"] is not None}
            weights = {k: c["weight"] * (factor if k == changed else 1.0) for k, c in known.items()}
            logs = sum(w * np.log(known[k]["desirability"]) for k, w in weights.items())
            scores[name] = logs / sum(weights.values())
        for name in REACTORS:
            rank = 1 + sum(other > scores[name] + 1e-12 for other in scores.values())
            told = document[name]["rank_if_weight"][changed]
            assert told[change] == rank, (changed, name)
            moved += told["halved"] != told["doubled"]
    assert moved  # or the two could be told for each other


def test_the_map_turns_both_axes_so_that_more_is_better(
    campaign: Campaign, outcome: Outcome, rows: pd.DataFrame
) -> None:
    results = write_results(campaign, [outcome])
    names = ("driving_force_ev_per_ion", "metal_volume_fraction")
    found = campaign_map(results, ("Li", "Li6PS5Cl"), names=names)
    assert found is not None
    places = {one.name: (one.x, one.y) for one in found.marked}
    assert places["LiAlCl4"] == pytest.approx(tuple(rows.loc["LiAlCl4", list(names)]))
    np.testing.assert_array_equal(np.argsort(found.x_gain), np.argsort(-found.x))  # negative drives
    np.testing.assert_array_equal(np.argsort(found.y_gain), np.argsort(found.y))
    assert (found.stable, found.unranked) == (("LiF",), ("TlCl",))
    assert set(found.origins) == {"Li3HoCl6"}


def test_what_is_printed_is_what_was_computed(
    campaign: Campaign, outcome: Outcome, rows: pd.DataFrame
) -> None:
    results = write_results(campaign, [outcome])
    table = (
        ranking_table(results, "Li", "Li6PS5Cl")
        .frame.set_index("reactor")
        .rename(index=lambda name: name.rstrip("‡"))
    )
    row, shown = rows.loc["LiAlCl4"], table.loc["LiAlCl4"]
    assert shown["alloy or failure"] == "Li9Al4"
    assert float(shown["vol%"]) == pytest.approx(100.0 * row["metal_volume_fraction"], abs=0.05)
    decimals = len(shown["eV/Li"].partition(".")[2])  # as many as its interval leaves
    assert decimals >= 1
    assert shown["eV/Li"] == f"{row['driving_force_ev_per_ion']:.{decimals}f}"
    assert float(shown["mAh/g"]) == pytest.approx(row["uptake_mah_per_g"], abs=0.5)
    assert {"Li3HoCl6*", "HoCl3"} <= set(table.index)
    assert "toxic" in table.loc["TlCl", "alloy or failure"]
    words = in_words(results.row("LiAlCl4", "Li", "Li6PS5Cl"), campaign.study)
    assert "leaves Li9Al4" in words
    assert f"driving force {row['driving_force_ev_per_ion']:.{decimals}f} (" in words


def test_rounding_leaves_no_sign_and_no_power_of_ten() -> None:
    frame = pd.DataFrame(
        [{"anode": "Li", "electrolyte": "", "energy_above_hull_ev_per_atom": 4.44e-16, "formula": "A"}]
    )
    assert best_table(frame).content["e_hull"].tolist() == ["0"]
    assert [fixed(each, 3) for each in (-0.0001, -0.0, -0.0006, None)] == ["0.000", "0.000", "-0.001", "-"]
