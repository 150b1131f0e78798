"""What a study may set, and what it may not."""

import pytest
from pydantic import ValidationError

from screening.errors import InputError
from screening.reactors.criteria import CRITERIA
from screening.reactors.settings import Conditions, Desirability, Filters, Ranking, Uncertainty
from screening.reactors.uncertainty import error_models


def test_every_criterion_has_a_default_that_goes_the_right_way() -> None:
    ranking = Ranking()
    assert set(ranking.criteria) == {criterion.name for criterion in CRITERIA}
    for criterion in CRITERIA:
        rule = ranking.criteria[criterion.name]
        # relief is a function of the potential of the layer: one of the two counts
        assert (rule.weight > 0.0) == (criterion.name != "alloy_potential_v")
        assert rule.target == (criterion.sense == "target")
        if not rule.target:
            assert (rule.best > rule.worst) == (criterion.sense == "larger")


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
