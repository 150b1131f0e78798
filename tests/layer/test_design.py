"""Designs of a layer against what is done by hand, and against the founding paper's cells."""

import json
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pymatgen.core import Composition

import screening as scr
from screening.errors import InputError
from screening.layer.designs import Around, Designs
from screening.layer.network import Observed, Threshold, tell_most
from screening.reactors.elements import element_table

FARADAY_MAH = 96485.33212 / 3.6
LI_G = 6.94


@pytest.fixture(scope="module")
def paper() -> Designs:
    """The paper's 10, 30 and 50 wt%, 10 mg on a die of 10 mm, beside thin and thick lithium."""
    return scr.design(
        "LiAlCl4",
        wt_percent=[10, 30, 50],
        layer_mg_per_cm2=[12.73],
        anode_um=[10, 200],
        rested=(18, 12.73, 50),
    )


@pytest.fixture(scope="module")
def table(paper: Designs) -> pd.DataFrame:
    return paper.to_frame().set_index(["wt_percent", "anode_um"])


def test_the_paper_s_metal_is_found(table: pd.DataFrame) -> None:
    metal = table.xs(200.0, level="anode_um")["metal_fraction"]
    assert metal.to_list() == pytest.approx([0.032, 0.094, 0.151], abs=6e-4)


def test_lithium_is_balanced(table: pd.DataFrame) -> None:
    """LiAlCl4 takes 5.25 Li to 4 LiCl and Li9Al4: 800.7 mAh/g of its 6.365 mg/cm²."""
    row = table.loc[(50.0, 200.0)]
    taken = 5.25 * FARADAY_MAH / 175.73 * 6.365e-3
    um_per_mah = 1e4 * LI_G / 0.534 / FARADAY_MAH
    assert row["lithium_taken_um"] == pytest.approx(taken * um_per_mah, rel=2e-3)
    assert row["lithium_left_mah_per_cm2"] == pytest.approx(200.0 / um_per_mah - taken, rel=2e-3)
    starved = table.loc[(50.0, 10.0)]
    assert starved["lithium_left_mah_per_cm2"] == 0.0
    assert starved["lithium_taken_um"] == pytest.approx(10.0, rel=1e-6)
    assert starved["metal_fraction"] < row["metal_fraction"]


def test_thickness_is_that_of_the_paper_before_the_reaction(table: pd.DataFrame) -> None:
    """63 µm, reported of the pressed layer; calculated volumes without pores are good to a tenth."""
    row = table.loc[(50.0, 200.0)]
    assert row["layer_um"] / (1.0 + row["volume_change"]) == pytest.approx(63.0, rel=0.1)


def test_energy_is_that_of_the_stack(table: pd.DataFrame) -> None:
    row, around = table.loc[(50.0, 200.0)], Around()
    cathode_mg = 3.0 / 137.5 / 0.7 * 1e3
    lithium_mg = row["lithium_left_mah_per_cm2"] * 1e3 * LI_G / FARADAY_MAH
    layer_mg = 12.73 + row["lithium_taken_um"] * 1e-4 * 0.534 * 1e3
    separator_mg = 30e-4 / 0.53483511 * 1e3
    assert row["wh_per_kg"] == pytest.approx(
        3.0 * 3.9 / (cathode_mg + lithium_mg + layer_mg + separator_mg) * 1e3, rel=1e-3
    )
    lithium_um = row["lithium_left_mah_per_cm2"] * 1e4 * LI_G / 0.534 / FARADAY_MAH
    cathode_um = cathode_mg / 1e3 / around.cathode_g_per_cm3 * 1e4
    height_cm = (lithium_um + row["layer_um"] + 30.0 + cathode_um) * 1e-4
    assert row["wh_per_l"] == pytest.approx(3.0 * 3.9 / height_cm, rel=1e-3)


def test_cost_is_that_of_the_elements_of_both_powders(table: pd.DataFrame) -> None:
    price = element_table().price_usd_per_kg
    reactor, electrolyte = (
        sum(whole.get_wt_fraction(each) * price[each.Z] for each in whole)
        for whole in map(Composition, ("LiAlCl4", "Li6PS5Cl"))
    )
    for wt in (10.0, 30.0, 50.0):  # 12.73 mg/cm² are 0.1273 kg/m²
        expected = 0.1273 * (wt * reactor + (100.0 - wt) * electrolyte) / 100.0
        assert table.loc[(wt, 200.0), "usd_per_m2"] == pytest.approx(expected, rel=1e-3)


def test_ions_and_time(table: pd.DataFrame) -> None:
    """No layer is better than its electrolyte alone; the rest that was told returns."""
    row = table.loc[(50.0, 200.0)]
    dense = row["layer_um"] * 1e-4 / 1e-3 / row["electrolyte_fraction"]
    assert dense < row["asr_low_ohm_cm2"] < row["asr_ohm_cm2"] < row["asr_high_ohm_cm2"]
    assert row["rest_h"] == pytest.approx(18.0)
    assert row["rest_at_least_h"] < 18.0
    assert (table["network_chance"] - table["metal_chance"] * table["electrolyte_chance"]).abs().max() < 1e-12


def test_the_front_is_not_dominated(paper: Designs) -> None:
    frame = paper.to_frame()
    columns = [("network_chance", 1), ("asr_ohm_cm2", -1), ("volume_change", -1), ("wh_per_kg", 1)]
    gains = np.column_stack([sign * frame[name] for name, sign in columns] + [-frame["usd_per_m2"]])
    for k, own in enumerate(gains):
        beaten = any((other >= own).all() and (other > own).any() for other in gains)
        assert bool(frame["pareto"][k]) != beaten


def test_cells_move_the_chance() -> None:
    asked = {"wt_percent": [50], "layer_mg_per_cm2": [12.73], "anode_um": [200]}
    alone, shorted, held = (
        scr.design("LiAlCl4", **asked, **told).designs[0].metal_chance
        for told in ({}, {"shorted": [50]}, {"held": [50]})
    )
    assert held < alone < shorted


def test_the_most_telling_cells_are_those_that_part_the_draws() -> None:
    """Four thresholds, sharp against a tenth: two cells between 0.1 and 0.9 tell two bits, others none."""
    threshold = Threshold(fraction=np.array([0.01, 0.04, 0.16, 0.64]), weight=np.full(4, 0.25))
    fractions = [0.002, 0.02, 0.08, 0.32, 0.99]
    assert tell_most(threshold, fractions, 1) == [2]
    assert set(tell_most(threshold, fractions, 3)) == {1, 2, 3}
    assert tell_most(threshold, fractions[:2], 9) == [1, 0]


def test_information_is_the_entropy_of_sharp_outcomes() -> None:
    from screening.layer.network import _information

    threshold = Threshold(fraction=np.array([0.01, 0.04, 0.16, 0.64]), weight=np.full(4, 0.25))
    chances = np.array([threshold.each(f) for f in (0.02, 0.08, 0.32)])
    assert _information(chances[1:2], threshold.weight) == pytest.approx(1.0, abs=1e-6)
    assert _information(chances, threshold.weight) == pytest.approx(2.0, abs=1e-6)
    assert threshold.given([Observed(metal_fraction=0.08, connected=True)]).weight == pytest.approx(
        [0.5, 0.5, 0.0, 0.0], abs=1e-5
    )


def test_json_has_no_holes(paper: Designs) -> None:
    text = json.dumps(scr.design("LiAlCl4", wt_percent=[50], layer_mg_per_cm2=[5], anode_um=[20]).as_dict())
    assert "NaN" not in text
    assert len(paper.as_dict()["designs"]) == 6


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"wt_percent": [0]}, "0 wt%: out of range"),
        ({"wt_percent": [101]}, "at most 100"),
        ({"anode_um": [float("nan")]}, "µm of lithium"),
        ({"s_per_cm": -1.0}, "S/cm"),
        ({"electrolyte": "Li3PS4"}, "no ionic conductivity of Li3PS4"),
        ({"rested": (0.0, 1.0, 50.0)}, "hours of rest"),
    ],
)
def test_what_makes_no_sense_is_refused(changes: dict[str, object], word: str) -> None:
    with pytest.raises(InputError, match=word):
        scr.design("LiAlCl4", **changes)


@pytest.mark.parametrize(("reactor", "word"), [("LiF", "does not react"), ("Xe9F", "the snapshot has no")])
def test_what_is_no_reactor_is_refused(reactor: str, word: str) -> None:
    with pytest.raises(InputError, match=word):
        scr.design(reactor)


def test_every_combination_is_a_design() -> None:
    found = scr.design("MgF2", wt_percent=[20, 40], layer_mg_per_cm2=[2, 4], anode_um=[20, 30]).designs
    told = [(d.wt_percent, d.layer_mg_per_cm2, d.anode_um) for d in found]
    assert told == list(product([20, 40], [2, 4], [20, 30]))


def test_what_a_starved_layer_lacks_is_lost_to_the_cathode() -> None:
    """70 wt% of 12.7 mg/cm² take up 7.1 mAh/cm²; 10 µm of lithium give 2.06, and a cathode of 3 is spent."""
    (starved,) = scr.design("LiAlCl4", wt_percent=[70], layer_mg_per_cm2=[12.7], anode_um=[10]).designs
    assert starved.wh_per_kg == 0.0
    (fed,) = scr.design("LiAlCl4", wt_percent=[70], layer_mg_per_cm2=[12.7], anode_um=[30]).designs
    lacking = 12.7e-3 * 0.7 * 800.7 - 30.0 * 0.2062
    assert fed.lithium_left_mah_per_cm2 == 0.0
    whole = scr.design("LiAlCl4", wt_percent=[70], layer_mg_per_cm2=[12.7], anode_um=[35]).designs[0]
    # per mAh of the cathode: the same stack but for some lithium
    mass = [each.wh_per_kg / usable for each, usable in ((fed, 3.0 - lacking), (whole, 3.0))]
    assert mass[0] == pytest.approx(mass[1], rel=0.03)


@pytest.mark.parametrize("wrong", [{"wt_percent": []}, {"batch": 0}, {"batch": 9}])
def test_nothing_to_vary_and_no_batch_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        scr.design("LiAlCl4", **wrong)


@pytest.mark.parametrize(
    "wrong", [{"separator_um": -30.0}, {"cathode_mah_per_cm2": -1.0}, {"cathode_g_per_cm3": 0.0}]
)
def test_a_stack_of_nothing_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError, match=next(iter(wrong))):
        Around(**wrong)
