"""Rank correlations against scipy, their intervals against a known truth, and the modesty of few cells."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from screening.reactors.criteria import CRITERIA
from screening.reactors.settings import Ranking
from screening.validation.agreement import (
    EVERY,
    FEWEST_REACTORS,
    TOO_FEW,
    agreements,
    kendall_tau_b,
    oriented,
    spearman_rho,
)
from screening.validation.groups import OutcomeGroup

SAMPLES = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=3, max_size=12)


@given(SAMPLES)
def test_both_correlations_are_those_of_scipy(pairs: list[tuple[int, int]]) -> None:
    x, y = np.array(pairs, dtype=float).T
    if np.ptp(x) == 0.0 or np.ptp(y) == 0.0:
        assert kendall_tau_b(x, y) == spearman_rho(x, y) == 0.0
        return
    assert kendall_tau_b(x, y) == pytest.approx(stats.kendalltau(x, y).statistic, abs=1e-12)
    assert spearman_rho(x, y) == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-12)


def table(n: int, rng: np.random.Generator) -> pd.DataFrame:
    columns = {criterion.name: rng.normal(size=n) for criterion in CRITERIA}
    names = [f"R{k}" for k in range(n)]
    return pd.DataFrame(
        {"formula": names, "anode": "Li", "electrolyte": "S", "score": rng.random(n), **columns}
    )


def group(frame: pd.DataFrame, value: np.ndarray, n_open: int = 0) -> OutcomeGroup:
    n = len(frame)
    is_open = np.arange(n) < n_open
    names = tuple(frame["formula"])
    return OutcomeGroup("life_h", "any", "Li", "S", names, value, is_open, np.ones(n, dtype=int))


def test_a_perfect_predictor_agrees_and_its_reverse_does_not() -> None:
    frame = table(FEWEST_REACTORS, np.random.default_rng(1))
    by_name = {
        one.predictor: one for one in agreements((group(frame, frame["score"].to_numpy()),), frame, Ranking())
    }
    assert by_name["score"].kendall == pytest.approx(1.0)
    assert by_name["score"].spearman == pytest.approx(1.0)
    assert by_name["score"].verdict == "orders the reactors as measured"
    reverse = agreements((group(frame, -frame["score"].to_numpy()),), frame, Ranking())
    assert reverse[0].kendall == pytest.approx(-1.0)
    assert "other way round" in reverse[0].verdict


@pytest.mark.parametrize(("n", "n_open"), [(FEWEST_REACTORS - 1, 0), (FEWEST_REACTORS + 2, 3)])
def test_few_reactors_give_no_number(n: int, n_open: int) -> None:
    frame = table(n, np.random.default_rng(2))
    (one,) = agreements((group(frame, frame["score"].to_numpy(), n_open),), frame, Ranking())
    assert one.predictor == EVERY
    assert one.kendall is one.spearman is one.kendall_low is None
    assert one.verdict.startswith(TOO_FEW)
    assert (one.n_reactors, one.n_open) == (n, n_open)


def test_a_criterion_that_is_unknown_or_the_same_for_all_gives_no_number() -> None:
    frame = table(FEWEST_REACTORS, np.random.default_rng(6)).assign(alloys_with_anode=1.0)
    frame.loc[0, "relay_ev_per_atom"] = np.nan
    found = agreements((group(frame, frame["score"].to_numpy()),), frame, Ranking())
    by_name = {one.predictor: one for one in found}
    assert by_name["alloys_with_anode"].kendall is by_name["relay_ev_per_atom"].kendall is None
    assert "all values are the same" in by_name["alloys_with_anode"].verdict
    assert by_name["score"].kendall is not None


def test_criteria_are_oriented_so_that_larger_is_better() -> None:
    settings = Ranking()
    frame = table(30, np.random.default_rng(3))
    predictors = oriented(frame, settings)
    for criterion in CRITERIA:
        rule = settings.criteria[criterion.name]
        values = pd.DataFrame({c.name: [rule.worst, rule.best] for c in CRITERIA}).assign(score=0.0)
        worse, better = oriented(values, settings)[criterion.name]
        assert better > worse
    assert list(predictors) == ["score", *(criterion.name for criterion in CRITERIA)]


def test_an_outcome_where_smaller_is_better_is_turned() -> None:
    frame = table(10, np.random.default_rng(4))
    fast = OutcomeGroup(
        "completion_h",
        "any",
        "Li",
        "S",
        tuple(frame["formula"]),
        -frame["score"].to_numpy(),
        np.zeros(10, dtype=bool),
        np.ones(10, dtype=int),
    )
    assert agreements((fast,), frame, Ranking())[0].kendall == pytest.approx(1.0)


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    rng, covered, trials, n = np.random.default_rng(5), 0, 60, 20
    rho = 0.6
    truth = 2.0 / np.pi * np.arcsin(rho)  # Kendall's tau of a bivariate normal distribution
    frame = table(n, rng)[["formula", "anode", "electrolyte", "score"]]
    rest = {criterion.name: np.full(n, np.nan) for criterion in CRITERIA}
    for _ in range(trials):
        x, noise = rng.normal(size=(2, n))
        drawn = frame.assign(score=x, **rest)
        (one,) = agreements((group(drawn, rho * x + np.sqrt(1 - rho**2) * noise),), drawn, Ranking())[:1]
        assert one.kendall_low is not None
        assert one.kendall_high is not None
        covered += one.kendall_low <= truth <= one.kendall_high
    assert stats.binomtest(covered, trials, 0.95).pvalue > 0.01
