"""What a study may set, and what it may not."""

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from screening.errors import InputError
from screening.reactors.criteria import CRITERIA, criterion
from screening.reactors.elements import TOXIC
from screening.reactors.settings import Conditions, Desirability, Filters, Ranking, Uncertainty
from screening.reactors.uncertainty import error_models


def test_every_criterion_has_a_default_that_goes_the_right_way() -> None:
    ranking = Ranking()
    assert set(ranking.criteria) == set(CRITERIA.names)
    for each in CRITERIA:
        rule = ranking.criteria[each.name]
        # relief is a function of the potential of the layer: one of the two counts
        assert (rule.weight > 0.0) == (each.name != "alloy_potential_v")
        assert rule.target == (each.sense == "target")
        if not rule.target:
            assert (rule.best > rule.worst) == (each.sense == "larger")


def test_single_entries_change_alone() -> None:
    changed = Ranking.model_validate({"criteria": {"relay_ev_per_atom": {"weight": 7.0}}})
    default = Ranking()
    assert changed.criteria["relay_ev_per_atom"].weight == 7.0
    assert changed.criteria["relay_ev_per_atom"].best == default.criteria["relay_ev_per_atom"].best
    assert changed.criteria["mixing_ev_per_atom"] == default.criteria["mixing_ev_per_atom"]


def test_a_criterion_may_be_named_in_short() -> None:
    full = Ranking.model_validate({"criteria": {"relay_ev_per_atom": {"weight": 7.0, "best": -0.4}}})
    short = Ranking.model_validate({"criteria": {"relay": {"weight": 7.0, "best": -0.4}}})
    both = Ranking.model_validate(
        {"criteria": {"relay_ev_per_atom": {"best": -0.4}, "relay": {"weight": 7.0}}}
    )
    assert full == short == both


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        (Conditions, {"plateau_floor_v": -0.1}),
        (Conditions, {"wt_percent": 0.0}),
        (Conditions, {"alloy": "second"}),
        (Conditions, {"anod": "Li"}),
        (Desirability, {"weight": -1.0, "worst": 0.0, "best": 1.0}),
        (Desirability, {"weight": 1.0, "worst": 1.0, "best": 1.0}),
        (Desirability, {"weight": 1.0, "worst": 0.0, "best": 1.0, "scale": "log"}),
        (Desirability, {"weight": 1.0, "worst": 0.0, "best": float("inf")}),
        (Filters, {"maximum_energy_above_hull_ev_per_atom": -0.1}),
        (Ranking, {"floor": 0.0}),
        (Ranking, {"criteria": {name.name: {"weight": 0.0} for name in CRITERIA}}),
        (Ranking, {"criteria": {"cost_usd_per_kg": {"best": 5000.0}}}),
        (Ranking, {"pareto": []}),
        (Uncertainty, {"draws": 10**9}),
        (Uncertainty, {"reduction_sd_ev_per_atom": -0.1}),
    ],
)
def test_what_makes_no_sense_is_refused(kind: type, given: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        kind.model_validate(given)


def test_the_error_model_takes_a_studys_changes() -> None:
    changed = Uncertainty(bias_ev_per_ion={"Cl": -0.5}, reduction_sd_ev_per_atom=0.3).error_model("Li")
    chlorine = next(a for a in changed.anions if a.symbol == "Cl")
    assert chlorine.bias_ev_per_ion == -0.5
    assert changed.reduction_sd_ev_per_atom == 0.3
    assert changed.mixing_sd_ev_per_atom == error_models()["Li"].mixing_sd_ev_per_atom
    with pytest.raises(InputError, match="no anion 'Xx'"):
        Uncertainty(bias_ev_per_ion={"Xx": 0.1}).error_model("Li")


ARGUED = {
    "driving_force": (1.0, 0.0, -0.5, "0.5 eV/Li"),
    "uptake": (0.5, 1500.0, 0.0, "1500 mAh/g"),
    "relief": (2.0, -2 / 13, 4 / 13, "+0.31"),
    "relay": (1.0, 0.05, -0.3, "0.14"),
    "mixing": (1.0, -0.3, 0.0, "−0.3 eV/atom"),
    "metal": (1.0, 0.0, 0.16, "threshold of equal spheres, 0.16"),
    "volume": (0.5, 0.5, 0.0, "of either sign"),
    "alloy_potential": (0.0, 1.2, 0.3, "shown"),
    "alloying": (1.0, -0.5, 1.0, "0.33"),
    "cost": (0.5, 3000.0, 1.0, "platinum-group"),
    "abundance": (0.5, 0.001, 1000.0, "rarest"),
    "powders": (1.0, 5.0, 1.0, "1 for what"),
}
"""Weight, worst and best of each criterion, and what docs/ranking.md argues them with."""


@pytest.mark.parametrize("key", ARGUED)
def test_defaults_are_those_that_the_documents_argue(key: str) -> None:
    weight, worst, best, argument = ARGUED[key]
    rule = Ranking().criteria[criterion(key).name]
    assert (rule.weight, rule.worst, rule.best) == pytest.approx((weight, worst, best))
    page = (Path(__file__).parents[2] / "docs" / "ranking.md").read_text("utf-8")
    (row,) = [
        line for line in page.split("\n") if line.startswith(f"| {criterion(key).label.split(',')[0]} |")
    ]
    assert argument in row


def test_the_arguments_of_the_documents_hold_in_numbers() -> None:
    # 5 mg of reactor on a die of 10 mm at 1500 mAh/g: 7.5 mAh of lithium (3861 mAh/g, 0.534 g/cm³)
    worst = Ranking().criteria["uptake_mah_per_g"].worst
    assert 5e-3 * worst / 3861.0 / 0.534 / (np.pi * 0.5**2) * 1e4 == pytest.approx(46.0, abs=0.5)

    def desirability(key: str, value: float) -> float:
        rule = Ranking().criteria[criterion(key).name]
        return (value - rule.worst) / (rule.best - rule.worst)

    assert desirability("relay", 0.0) == pytest.approx(0.14, abs=0.005)
    assert desirability("alloying", 0.0) == pytest.approx(0.33, abs=0.005)
    assert desirability("relief", 0.0) == pytest.approx(1 / 3)


def test_filters_and_draws_by_default() -> None:
    filters = Filters()
    assert filters.maximum_energy_above_hull_ev_per_atom == 0.05
    assert filters.model_dump(exclude={"maximum_energy_above_hull_ev_per_atom"}) == {
        "require_salt": True,
        "require_solid": True,
        "forbid_molecular_anions": True,
        "forbid_toxic": True,
        "forbid_explosive": True,
        "forbid_moisture_hazard": False,
        "where": "",
    }
    assert Uncertainty().draws == 2000
    ranking, conditions = Ranking(), Conditions()
    assert [criterion(name).key for name in ranking.pareto] == ["driving_force", "relief", "relay", "mixing"]
    assert (conditions.anode, conditions.electrolyte, conditions.wt_percent) == ("Li", "Li6PS5Cl", 50.0)


def test_toxic_elements_are_those_of_the_documents() -> None:
    page = (Path(__file__).parents[2] / "docs" / "ranking.md").read_text("utf-8")
    (row,) = [line for line in page.split("\n") if line.startswith("| `not_toxic` |")]
    assert f"no {', '.join(TOXIC)}, no chromium(VI)" in row
    assert set(TOXIC) == {"Be", "As", "Cd", "Hg", "Tl", "Pb"}
