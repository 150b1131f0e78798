"""The update of the ranking: laws of its likelihood, its calibration by simulation, and its honesty."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from screening.reactors.criteria import CRITERIA
from screening.reactors.ranking import weights
from screening.reactors.settings import Ranking
from screening.validation.groups import OutcomeGroup
from screening.validation.next_cells import Shopping, next_cells
from screening.validation.predictions import Predictions
from screening.validation.update import (
    Belief,
    Prior,
    draw_prior,
    merits,
    order_log_likelihood,
    tells_order,
    update,
)

SETTINGS = Ranking()
GIVEN = weights(SETTINGS)
QUICK = Prior(draws=4000)


def of(reactors: tuple[str, ...], value: list[float], is_open: list[bool] | None = None) -> OutcomeGroup:
    n = len(value)
    return OutcomeGroup(
        "life_h",
        "any",
        "Li",
        "Li6PS5Cl",
        reactors,
        np.array(value),
        np.array(is_open or [False] * n),
        np.ones(n, dtype=int),
    )


def test_orders_of_all_reactors_have_probabilities_that_sum_to_one() -> None:
    rate = np.random.default_rng(0).normal(size=(5, 4))
    closed = np.zeros(4, dtype=bool)
    total = sum(
        np.exp(order_log_likelihood(rate, np.array(order, dtype=float), closed))
        for order in permutations(range(4))
    )
    np.testing.assert_allclose(total, 1.0, rtol=1e-12)


def test_a_survivor_stands_for_all_orders_in_which_it_is_last() -> None:
    rate = np.random.default_rng(1).normal(size=(3, 4))
    closed = np.zeros(4, dtype=bool)
    survivors = np.array([False, False, True, True])
    either = sum(
        np.exp(order_log_likelihood(rate, np.array([0.0, 1.0, *tail]), closed))
        for tail in ((2.0, 3.0), (3.0, 2.0))
    )
    open_ended = np.exp(order_log_likelihood(rate, np.array([0.0, 1.0, 5.0, 5.0]), survivors))
    np.testing.assert_allclose(open_ended, either, rtol=1e-12)


def test_the_likelihood_of_an_order_is_the_frequency_of_exponential_clocks() -> None:
    rng = np.random.default_rng(2)
    rate = np.array([[0.5, -0.3, 0.2]])
    times = rng.exponential(np.exp(-rate), size=(40_000, 3))
    seen = (np.diff(times[:, [1, 0, 2]], axis=1) > 0).all(axis=1).mean()
    told = np.exp(order_log_likelihood(rate, np.array([1.0, 0.0, 2.0]), np.zeros(3, dtype=bool)))[0]
    assert seen == pytest.approx(told, abs=4 * np.sqrt(told / 40_000))


def test_the_prior_is_centred_on_the_weights_of_the_study() -> None:
    prior = draw_prior(GIVEN, Prior(), 2)
    share = GIVEN / GIVEN.sum()
    np.testing.assert_allclose(prior.weights.sum(axis=1), 1.0)
    np.testing.assert_allclose(prior.mean, share, atol=0.002)
    expected = np.sqrt(share * (1 - share) / (Prior().concentration + 1))
    np.testing.assert_allclose(prior.standard_deviation, expected, rtol=0.05)


def test_a_criterion_without_weight_stays_without() -> None:
    given = GIVEN.copy()
    given[3] = 0.0
    assert not draw_prior(given, QUICK, 0).weights[:, 3].any()


SIMULATED_SETS, COMPARED = 400, 49
"""Sets of cells, and posterior draws that the truth is ranked among: 50 ranks in 5 bins of 10."""

WIDE = Prior(concentration=6.0, sharpness_sd=1.0, deviation_sd=0.5, draws=2000)
"""A vaguer prior than the default, so that six cells teach something."""


def _ranks_of_truth(likelihood_sign: float) -> np.ndarray:
    """Rank of the truth among posterior draws, (n_sets, 4) int array.

    Of a weight, the sharpness, a deviation, and the difference in merit of two reactors.
    """
    rng, n = np.random.default_rng(1), 8
    pool = draw_prior(GIVEN, replace(WIDE, draws=SIMULATED_SETS, seed=1_000_001), n)
    found = np.empty((SIMULATED_SETS, 4), dtype=int)
    for k in range(SIMULATED_SETS):
        belief = draw_prior(GIVEN, replace(WIDE, seed=10_000_000 + k), n)
        desirability = rng.uniform(0.01, 1.0, size=(n, len(CRITERIA)))
        truth = Belief(pool.weights[[k]], pool.sharpness[[k]], pool.deviation[[k]], np.ones(1))
        merit = merits(truth, desirability, truth.deviation)[0]
        times = rng.exponential(np.exp(truth.sharpness * merit))
        end = np.median(times) * rng.uniform(1.0, 4.0)
        rate = -belief.sharpness[:, None] * merits(belief, desirability, belief.deviation)
        told = order_log_likelihood(likelihood_sign * rate, np.minimum(times, end), times > end)
        drawn = belief.given(told).resampled(COMPARED, rng)
        apart = merits(drawn, desirability, drawn.deviation)
        found[k, 0] = (drawn.weights[:, 0] < truth.weights[0, 0]).sum()
        found[k, 1] = (drawn.sharpness < truth.sharpness[0]).sum()
        found[k, 2] = (drawn.deviation[:, 0] < truth.deviation[0, 0]).sum()
        found[k, 3] = (apart[:, 0] - apart[:, 1] < merit[0] - merit[1]).sum()
    return found


def _least_p_value(found: np.ndarray) -> float:
    """Least of the chi-square tests that each column is uniform, times their number (Bonferroni)."""
    counts = [np.bincount(column // 10, minlength=5) for column in found.T]
    return len(counts) * min(float(stats.chisquare(count).pvalue) for count in counts)


def test_the_posterior_is_calibrated_by_simulation() -> None:
    """Talts et al., arXiv:1804.06788: ranks of the truth among posterior draws are uniform."""
    assert _least_p_value(_ranks_of_truth(1.0)) > 0.01


def test_the_calibration_test_notices_a_wrong_likelihood() -> None:
    assert _least_p_value(_ranks_of_truth(-1.0)) < 1e-4


def test_nothing_measured_leaves_everything_as_it_was(predictions: Predictions) -> None:
    learnt = update((), predictions.table, SETTINGS, prior=QUICK)
    assert learnt.reason
    frame = learnt.ranking_frame(predictions.table, SETTINGS)
    assert (frame["rank_before"] == frame["rank_after"]).all()
    np.testing.assert_allclose(frame["score_before"], frame["score_after"], rtol=1e-9)
    shares = learnt.weights_frame(SETTINGS)
    np.testing.assert_allclose(shares["share_before"], shares["share_after"])


def test_survivors_alone_tell_no_order(predictions: Predictions) -> None:
    both = of(("LiAlCl4", "MgI2"), [0.92, 0.92], [True, True])
    assert not tells_order(both)
    assert not tells_order(of(("LiAlCl4",), [20.0]))
    assert tells_order(of(("LiAlCl4", "MgI2"), [1500.0, 20.0], [True, False]))
    # the open one ended before the closed one failed: which is better is not known
    assert not tells_order(of(("LiAlCl4", "MgI2"), [10.0, 20.0], [True, False]))
    assert update((both,), predictions.table, SETTINGS, prior=QUICK).reason


def test_reactors_that_outlive_their_rank_gain(predictions: Predictions) -> None:
    ranked = predictions.table.dropna(subset=["rank"]).sort_values("rank")["formula"].tolist()[:6]
    lives = [10.0, 20.0, 40.0, 80.0, 160.0, 320.0]
    against = update((of(tuple(ranked), lives),), predictions.table, SETTINGS, prior=Prior())
    assert not against.reason, against.reason
    frame = against.ranking_frame(predictions.table, SETTINGS).set_index("formula")
    ratio = frame["score_after"] / frame["score_before"]
    assert ratio[ranked[-1]] > 1.0 > ratio[ranked[0]]
    assert frame["own_deviation"][ranked[-1]] > 0.0 > frame["own_deviation"][ranked[0]]
    along = update((of(tuple(ranked), lives[::-1]),), predictions.table, SETTINGS, prior=Prior())
    np.testing.assert_array_less(against.posterior.effective, along.prior.effective)
    sharper = along.posterior.probability @ along.posterior.sharpness
    assert sharper > against.posterior.probability @ against.posterior.sharpness


def test_an_order_that_the_prior_excludes_is_refused_with_a_reason(predictions: Predictions) -> None:
    ranked = predictions.table.dropna(subset=["rank"]).sort_values("rank")["formula"].tolist()[:6]
    firm = Prior(concentration=1e4, sharpness_sd=0.01, deviation_sd=0.01, draws=150)
    learnt = update(
        (of(tuple(ranked), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),), predictions.table, SETTINGS, prior=firm
    )
    assert "not updated" in learnt.reason
    frame = learnt.ranking_frame(predictions.table, SETTINGS)
    assert (frame["places_gained"] == 0).all()


def test_what_to_measure_next_obeys_cost_and_shelf(predictions: Predictions) -> None:
    learnt = update((), predictions.table, SETTINGS, prior=QUICK)
    one = of(("LiAlCl4",), [1500.0], [True])
    free = next_cells(learnt, (one,), predictions.table, SETTINGS)
    assert set(free.table["formula"]) == {"MgI2", "MgF2", "Li3HoCl6", "Li3YBr6", "Li10GeP2S12"}
    assert free.references == ("LiAlCl4",)
    assert (free.table["expected_rank_change"] > 0.0).all()
    assert free.table["expected_rank_change"].is_monotonic_decreasing
    limits = Shopping(max_cost_usd_per_kg=50.0, shelf={"MgF2", "Li10GeP2S12"})
    assert next_cells(learnt, (one,), predictions.table, SETTINGS, limits).table["formula"].tolist() == [
        "MgF2"
    ]
    none = next_cells(learnt, (one,), predictions.table, SETTINGS, Shopping(shelf=()))
    assert none.table.empty


def test_a_candidate_of_open_merit_is_worth_more_than_one_of_settled(predictions: Predictions) -> None:
    """With weights and deviations all but fixed, no measurement can move anything."""
    firm = Prior(concentration=1e9, sharpness_sd=1.0, deviation_sd=1e-9, draws=4000)
    one = of(("LiAlCl4",), [1500.0])
    settled = next_cells(
        update((), predictions.table, SETTINGS, prior=firm),
        (one,),
        predictions.table,
        SETTINGS,
        deviation_sd=1e-9,
    )
    assert settled.table["expected_rank_change"].max() < 1e-6
    vague = next_cells(
        update((), predictions.table, SETTINGS, prior=QUICK), (one,), predictions.table, SETTINGS
    )
    assert vague.table["expected_rank_change"].max() > 0.01


def test_without_any_cell_the_best_candidate_is_the_reference(predictions: Predictions) -> None:
    plan = next_cells(update((), predictions.table, SETTINGS, prior=QUICK), (), predictions.table, SETTINGS)
    assert plan.references == ("LiAlCl4",)
    assert plan.quantity == "life_h"
    assert isinstance(plan.table, pd.DataFrame)
    assert len(plan.table) == 5
