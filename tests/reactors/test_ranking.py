"""Laws of desirability, score, rank and Pareto front."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from screening.phases.composition import parse_formula
from screening.phases.library import open_snapshot
from screening.reactors.criteria import CRITERIA
from screening.reactors.ranking import (
    FAILS,
    PASSES,
    UNDECIDED,
    apply_filters,
    desirability,
    pareto,
    passes_all,
    rank,
    ranks,
    weights,
)
from screening.reactors.reduction import ScreeningContext, reduce
from screening.reactors.settings import Conditions, Desirability, Filters, Ranking

N = len(CRITERIA)
NAMED = {
    "maximum_energy_above_hull_ev_per_atom": "near_hull",
    "require_salt": "salt",
    "require_solid": "solid",
    "forbid_molecular_anions": "no_molecular_anion",
    "forbid_toxic": "not_toxic",
    "forbid_explosive": "not_explosive",
    "forbid_moisture_hazard": "moisture_safe",
}
OFF = Filters.model_validate(dict.fromkeys(NAMED, False))
TABLE = arrays(float, (9, N), elements=st.floats(-5.0, 2000.0, allow_nan=False) | st.just(float("nan")))
PASSING = arrays(bool, 9)


def scaled(settings_: Ranking, factor: float) -> Ranking:
    changed = {
        name: rule.model_copy(update={"weight": rule.weight * factor})
        for name, rule in settings_.criteria.items()
    }
    return settings_.model_copy(update={"criteria": changed})


class TestScores:
    @settings(max_examples=60, deadline=None)
    @given(TABLE, PASSING)
    def test_lie_between_floor_and_one_and_only_filters_give_zero(
        self, values: np.ndarray, passes: np.ndarray
    ) -> None:
        found = rank(values, passes, Ranking())
        assert np.all(found.score[~passes] == 0.0)
        known = passes & ~np.isnan(values[:, weights(Ranking()) > 0.0]).all(axis=1)
        assert np.all((found.score[known] >= 0.01 - 1e-12) & (found.score[known] <= 1.0 + 1e-12))

    @settings(max_examples=40, deadline=None)
    @given(TABLE, st.floats(0.01, 100.0))
    def test_the_scale_of_the_weights_does_not_matter(self, values: np.ndarray, factor: float) -> None:
        passes = np.ones(9, dtype=bool)
        a, b = rank(values, passes, Ranking()), rank(values, passes, scaled(Ranking(), factor))
        assert b.score == pytest.approx(a.score, rel=1e-9)

    @settings(max_examples=40, deadline=None)
    @given(TABLE, PASSING, st.permutations(range(9)))
    def test_order_does_not_matter(self, values: np.ndarray, passes: np.ndarray, order: list[int]) -> None:
        a, b = rank(values, passes, Ranking()), rank(values[order], passes[order], Ranking())
        assert np.array_equal(b.score, a.score[order])
        assert np.array_equal(b.rank, a.rank[order])
        assert np.array_equal(b.pareto, a.pareto[order])

    def test_a_criterion_without_weight_counts_for_nothing(self) -> None:
        values = np.ones((2, N))
        values[1, 0] = -1.0
        free = Ranking.model_validate({"criteria": {CRITERIA[0].name: {"weight": 0.0}}})
        found = rank(values, np.ones(2, dtype=bool), free)
        assert found.score[0] == found.score[1]

    def test_equal_scores_share_the_better_rank(self) -> None:
        found = ranks(np.array([0.5, 0.9, 0.5, 0.1]), np.array([True, True, True, False]))
        assert found.tolist() == [2, 1, 2, 0]


class TestDesirability:
    @settings(max_examples=60, deadline=None)
    @given(arrays(float, 6, elements=st.floats(-10, 10)), st.floats(0.2, 3.0))
    def test_rises_towards_the_best(self, values: np.ndarray, exponent: float) -> None:
        rule = Desirability(weight=1.0, worst=-1.0, best=2.0, exponent=exponent)
        found = desirability(np.sort(values), rule, 0.01)
        assert np.all(np.diff(found) >= 0.0)
        assert np.all((found >= 0.01) & (found <= 1.0))

    def test_bounds_target_and_scale(self) -> None:
        rule = Desirability(weight=1.0, worst=0.0, best=4.0)
        assert desirability(np.array([-1.0, 0.0, 1.0, 4.0, 9.0]), rule, 0.01).tolist() == [
            0.01,
            0.01,
            0.25,
            1,
            1,
        ]
        target = Desirability(weight=1.0, worst=0.0, best=4.0, target=True)
        assert desirability(np.array([2.0, 4.0, 6.0, 8.0]), target, 0.01).tolist() == [0.5, 1.0, 0.5, 0.01]
        log = Desirability(weight=1.0, worst=1000.0, best=10.0, scale="log")
        assert desirability(np.array([100.0, 10.0, 1.0, 0.0, 1e4]), log, 0.01) == pytest.approx(
            [0.5, 1.0, 1.0, 1.0, 0.01]
        )
        assert np.isnan(desirability(np.array([np.nan]), rule, 0.01))[0]


class TestPareto:
    @settings(max_examples=60, deadline=None)
    @given(arrays(int, (10, 2), elements=st.integers(0, 4)), arrays(bool, 10))
    def test_front_is_what_nobody_dominates_and_ties_stay(
        self, drawn: np.ndarray, passes: np.ndarray
    ) -> None:
        names = [criterion.name for criterion in CRITERIA]
        chosen = Ranking(pareto=("driving_force_ev_per_ion", "electrolyte_relief_ev_per_atom"))
        values = np.ones((10, N))
        values[:, names.index("driving_force_ev_per_ion")] = -drawn[:, 0]
        values[:, names.index("electrolyte_relief_ev_per_atom")] = drawn[:, 1]
        found = pareto(values, chosen, passes)
        for i in range(10):
            dominated = any(
                passes[j] and (drawn[j] >= drawn[i]).all() and (drawn[j] > drawn[i]).any() for j in range(10)
            )
            assert found[i] == (passes[i] and not dominated)

    def test_ignorance_dominates_nobody(self) -> None:
        values = np.ones((2, N))
        values[0] = np.nan
        assert pareto(values, Ranking(), np.ones(2, dtype=bool)).tolist() == [False, True]


@pytest.fixture(scope="module")
def context() -> ScreeningContext:
    return ScreeningContext.of(open_snapshot(), Conditions())


FORMERS = ("BiCl3", "BiF3", "SbF3", "SbCl3", "PbCl2", "AsCl3", "SnF2", "DyCl3", "HoCl3")
"""Reactors that leave a metal, or a Zintl phase after one."""


class TestFilters:
    def outcome(self, context: ScreeningContext, formula: str, filters: Filters) -> dict[str, int]:
        phase = np.array([context.snapshot.find(parse_formula(formula))])
        outcomes = apply_filters(reduce(context, phase), filters)
        return {one.name: int(one.outcome[0]) for one in outcomes}

    @pytest.mark.parametrize(
        ("formula", "name", "expected"),
        [
            ("LiAlCl4", "reacts", PASSES),
            ("LiF", "reacts", FAILS),
            ("UF4", "allowed_elements", FAILS),
            *((known, "metallic_product", PASSES) for known in FORMERS),
            ("S", "metallic_product", FAILS),
            ("LiAlCl4", "metallic_product", PASSES),
            ("CdCl2", "not_toxic", FAILS),
            ("AlCl3", "moisture_safe", FAILS),
            ("MgF2", "moisture_safe", PASSES),
            ("Li10GeP2S12", "near_hull", FAILS),
        ],
    )
    def test_single_outcomes(self, context: ScreeningContext, formula: str, name: str, expected: int) -> None:
        filters = Filters(
            forbid_toxic=True, forbid_moisture_hazard=True, maximum_energy_above_hull_ev_per_atom=0.01
        )
        assert self.outcome(context, formula, filters)[name] == expected

    def test_each_filter_but_three_can_be_switched_off(self, context: ScreeningContext) -> None:
        always = {"reacts", "metallic_product", "allowed_elements"}
        assert set(self.outcome(context, "MgF2", OFF)) == always
        for key, name in NAMED.items():
            on = OFF.model_copy(update={key: 0.05 if key.startswith("maximum") else True})
            assert set(self.outcome(context, "MgF2", on)) == {*always, name}

    @pytest.mark.parametrize(
        ("formula", "name", "expected"),
        [
            ("SnCl4", "solid", FAILS),
            ("SiF4", "solid", FAILS),
            ("MgF2", "solid", PASSES),
            ("Li3YBr6", "solid", UNDECIDED),
            ("FeAl", "salt", FAILS),
            ("LiAlCl4", "salt", PASSES),
            ("OsO4", "not_toxic", FAILS),
            ("RuO4", "not_toxic", FAILS),
            ("CrO3", "not_toxic", FAILS),
            ("K2Cr2O7", "not_toxic", FAILS),
            ("Cr2O3", "not_toxic", PASSES),
            ("NaCrO2", "not_toxic", PASSES),
            ("AgN3", "not_explosive", FAILS),
            ("CuN3", "not_explosive", FAILS),
            ("AgClO4", "not_explosive", FAILS),
            ("Cu3N", "not_explosive", PASSES),
            ("AgCl", "not_explosive", PASSES),
            ("Zn(CN)2", "no_molecular_anion", FAILS),
            ("AgSCN", "no_molecular_anion", FAILS),
            ("Li3N", "no_molecular_anion", PASSES),
            ("Cu3N", "near_hull", FAILS),
        ],
    )
    def test_what_a_chemist_would_not_order(
        self, context: ScreeningContext, formula: str, name: str, expected: int
    ) -> None:
        assert self.outcome(context, formula, Filters())[name] == expected

    def test_undecided_does_not_fail(self, context: ScreeningContext) -> None:
        snapshot = context.snapshot
        some = np.random.default_rng(2).choice(len(snapshot.phases), 4000, replace=False)
        outcomes = apply_filters(reduce(context, some), OFF)
        undecided = outcomes[1].outcome == UNDECIDED
        others = (outcomes[0].outcome == PASSES) & (outcomes[2].outcome == PASSES)
        assert (undecided & others).any()
        assert passes_all(outcomes)[undecided & others].all()
