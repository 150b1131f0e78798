"""The update of the ranking: laws of its likelihood, its calibration by simulation, and its honesty."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from emcee.autocorr import integrated_time
from scipy import stats
from scipy.special import expit, gammaln
from scipy.stats import chi2

from screening.campaign.directory import ResultsDirectory
from screening.errors import InputError
from screening.reactors.criteria import CRITERIA
from screening.reactors.ranking import weighted_geometric_mean, weights
from screening.reactors.settings import Ranking
from screening.validation import next_cells as module
from screening.validation import orders as orders_module
from screening.validation import posterior
from screening.validation.groups import OutcomeGroup
from screening.validation.next_cells import Shopping, next_cells
from screening.validation.orders import Orders, Stratum, log_rates, merits
from screening.validation.posterior import (
    FEWEST_EFFECTIVE,
    FEWEST_TIMES,
    autocorrelation_time,
    bennett_log_ratio,
    sample_posterior,
)
from screening.validation.prior import Prior, WeightSample, draw_prior
from screening.validation.update import Update, has_order, update, valued

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


ALL = np.arange(4)


def test_orders_of_all_reactors_have_probabilities_that_sum_to_one() -> None:
    rate = np.random.default_rng(0).normal(size=(5, 4))
    closed = np.zeros(4, dtype=bool)
    total = sum(
        np.exp(Stratum(ALL, np.array(order, dtype=float), closed).log_likelihood(rate))
        for order in permutations(range(4))
    )
    np.testing.assert_allclose(total, 1.0, rtol=1e-12)


def test_a_survivor_stands_for_all_orders_in_which_it_is_last() -> None:
    rate = np.random.default_rng(1).normal(size=(3, 4))
    closed = np.zeros(4, dtype=bool)
    survivors = np.array([False, False, True, True])
    either = sum(
        np.exp(Stratum(ALL, np.array([0.0, 1.0, *tail]), closed).log_likelihood(rate))
        for tail in ((2.0, 3.0), (3.0, 2.0))
    )
    open_ended = np.exp(Stratum(ALL, np.array([0.0, 1.0, 5.0, 5.0]), survivors).log_likelihood(rate))
    np.testing.assert_allclose(open_ended, either, rtol=1e-12)


def test_the_likelihood_of_an_order_is_the_frequency_of_exponential_clocks() -> None:
    rng = np.random.default_rng(2)
    rate = np.array([[0.5, -0.3, 0.2]])
    times = rng.exponential(np.exp(-rate), size=(40_000, 3))
    seen = (np.diff(times[:, [1, 0, 2]], axis=1) > 0).all(axis=1).mean()
    order = Stratum(np.arange(3), np.array([1.0, 0.0, 2.0]), np.zeros(3, dtype=bool))
    told = np.exp(order.log_likelihood(rate))[0]
    assert seen == pytest.approx(told, abs=4 * np.sqrt(told / 40_000))


def test_the_prior_is_centred_on_the_weights_of_the_study() -> None:
    prior = draw_prior(GIVEN, Prior(), 2)
    share = GIVEN / GIVEN.sum()
    np.testing.assert_allclose(prior.weights.sum(axis=1), 1.0)
    np.testing.assert_allclose(prior.weights.mean(axis=0), share, atol=0.002)
    expected = np.sqrt(share * (1 - share) / (Prior().concentration + 1))
    np.testing.assert_allclose(prior.weights.std(axis=0), expected, rtol=0.05)


def test_a_criterion_without_weight_stays_without() -> None:
    given = GIVEN.copy()
    given[3] = 0.0
    assert not draw_prior(given, QUICK, 0).weights[:, 3].any()


COMPARED = 49
"""Posterior draws that the truth is ranked among: 50 ranks in 5 bins of 10."""

FEW = 2000
"""Draws of the prior that walkers start from; calibration takes many posteriors, not good ones."""

WIDE = Prior(concentration=6.0, sharpness_sd=1.0, deviation_sd=0.5, draws=FEW)
"""A vaguer prior than the default, so that eight cells teach something."""


def _ranks_of_truth(prior: Prior, n: int, n_sets: int) -> np.ndarray:
    """Rank of the truth among posterior draws, (n_sets, 5) int array.

    Of a weight, the sharpness, a deviation, and the differences in merit of two reactors and of those that
    failed first and last: quantities that depend on the data are the most sensitive (Modrák et al.,
    doi:10.1214/23-BA1404).
    """
    rng = np.random.default_rng(1)
    pool = draw_prior(GIVEN, replace(prior, draws=n_sets, seed=1_000_001), n)
    found = np.empty((n_sets, 5), dtype=int)
    for k in range(n_sets):
        desirability = rng.uniform(0.01, 1.0, size=(n, len(CRITERIA)))
        truth = WeightSample(pool.weights[[k]], pool.sharpness[[k]], pool.deviation[[k]])
        merit = merits(truth, desirability)[0]
        times = rng.exponential(np.exp(truth.sharpness * merit))
        end = np.median(times) * rng.uniform(1.0, 4.0)
        order = Stratum(np.arange(n), np.minimum(times, end), times > end)
        learnt, _ = sample_posterior(
            GIVEN, replace(prior, seed=10_000_000 + k), Orders(desirability, (order,))
        )
        drawn = learnt.resampled(COMPARED, rng)
        apart = merits(drawn, desirability)
        found[k, 0] = (drawn.weights[:, 0] < truth.weights[0, 0]).sum()
        found[k, 1] = (drawn.sharpness < truth.sharpness[0]).sum()
        found[k, 2] = (drawn.deviation[:, 0] < truth.deviation[0, 0]).sum()
        ends = int(order.gain.argmin()), int(order.gain.argmax())
        for column, (one, other) in enumerate(((0, 1), ends), start=3):
            found[k, column] = (apart[:, one] - apart[:, other] < merit[one] - merit[other]).sum()
    return found


def _least_p_value(found: np.ndarray) -> float:
    """Least of the chi-square tests that each column is uniform, times their number (Bonferroni)."""
    counts = [np.bincount(column // 10, minlength=5) for column in found.T]
    return len(counts) * min(float(stats.chisquare(count).pvalue) for count in counts)


CALIBRATED = [(WIDE, 8, 250), (Prior(draws=FEW), 12, 150)]
"""Priors, reactors and simulated sets of cells."""


@pytest.fixture
def short_chains(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("STEPS", 16), ("MOST_STEPS", 32), ("WALKERS", 80)):
        monkeypatch.setattr(posterior, name, value)


@pytest.mark.usefixtures("short_chains")
@pytest.mark.parametrize(("prior", "n", "n_sets"), CALIBRATED, ids=["vague prior", "default prior"])
def test_the_posterior_is_calibrated_by_simulation(prior: Prior, n: int, n_sets: int) -> None:
    """Talts et al., arXiv:1804.06788: ranks of the truth among posterior draws are uniform."""
    assert _least_p_value(_ranks_of_truth(prior, n, n_sets)) > 0.01


@pytest.mark.usefixtures("short_chains")
@pytest.mark.parametrize(("prior", "n", "n_sets"), CALIBRATED, ids=["vague prior", "default prior"])
def test_the_calibration_test_notices_a_wrong_likelihood(
    prior: Prior, n: int, n_sets: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders_module, "log_rates", lambda sharpness, merit: -log_rates(sharpness, merit))
    assert _least_p_value(_ranks_of_truth(prior, n, n_sets // 2)) < 1e-4


def test_the_sampler_agrees_with_quadrature() -> None:
    """Two criteria and two reactors without deviations: the posterior is an integral over w and ln β."""
    given = np.zeros(len(CRITERIA))
    given[:2] = 2.0, 1.0
    desirability = np.ones((2, len(CRITERIA)))
    desirability[:, :2] = [[0.9, 0.2], [0.1, 0.6]]
    prior = Prior(concentration=4.0, sharpness_sd=1.5, deviation_sd=1e-9, seed=3)
    order = Stratum(np.arange(2), np.array([2.0, 1.0]), np.zeros(2, dtype=bool))
    sample, evidence = sample_posterior(given, prior, Orders(desirability, (order,)))
    w, log_beta = np.meshgrid(np.linspace(0.0, 1.0, 2001)[1:-1], np.linspace(-9.0, 9.0, 1501), indexing="ij")
    apart = w * np.log(9.0) + (1.0 - w) * np.log(1.0 / 3.0)
    before = stats.beta(8.0 / 3.0, 4.0 / 3.0).pdf(w) * stats.norm(0.0, 1.5).pdf(log_beta)
    joint = before * expit(np.exp(log_beta) * apart)
    joint, marginal = joint / joint.sum(), joint.sum() / before.sum()
    for found, grid in ((sample.weights[:, 0], w), (np.log(sample.sharpness), log_beta)):
        mean = (joint * grid).sum()
        spread = np.sqrt((joint * (grid - mean) ** 2).sum())
        assert found.mean() == pytest.approx(mean, abs=4.0 * spread / np.sqrt(evidence.effective))
        assert found.std() == pytest.approx(spread, rel=4.0 / np.sqrt(evidence.effective))
    assert evidence.log_marginal == pytest.approx(np.log(marginal), abs=0.02)


def test_autocorrelation_times_are_those_of_emcee() -> None:
    rng, chain = np.random.default_rng(0), np.zeros((400, 30, 3))
    for k in range(1, len(chain)):
        chain[k] = np.array([0.0, 0.5, 0.9]) * chain[k - 1] + rng.standard_normal(chain.shape[1:])
    np.testing.assert_allclose(autocorrelation_time(chain), integrated_time(chain, tol=0), rtol=1e-9)


@pytest.mark.parametrize("concentration", [1.0, 30.0, 1e9])
def test_the_coordinates_are_those_of_a_dirichlet_distribution(concentration: float) -> None:
    """A share follows a beta distribution, whether its gamma variate is nearly 0 or hardly varies."""
    share = GIVEN[0] / GIVEN.sum()
    found = draw_prior(GIVEN, Prior(concentration=concentration), 0).weights[:, 0]
    expected = stats.beta(concentration * share, concentration * (1.0 - share))
    assert stats.kstest(found, expected.cdf).pvalue > 0.01


def test_gamma_variates_that_underflow_still_have_shares() -> None:
    """One criterion then takes nearly all of the weight, each as often as it is heavy."""
    found = draw_prior(GIVEN, Prior(concentration=0.01), 0).weights
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
    np.testing.assert_allclose(found.mean(axis=0), GIVEN / GIVEN.sum(), atol=4.0 * 0.4 / np.sqrt(20_000))


@pytest.mark.parametrize("draws", [-1, 0, 7])
def test_a_prior_of_too_few_draws_is_refused_in_one_line(draws: int) -> None:
    with pytest.raises(InputError, match=rf"^draws: {draws}; give 8 or more$"):
        Prior(draws=draws)


def test_the_marginal_likelihood_of_a_shifted_normal() -> None:
    """Likelihood exp(a x) of x ~ N(0, 1): the posterior is N(a, 1), the marginal likelihood exp(a²/2)."""
    rng, a = np.random.default_rng(0), 1.5
    before, after = rng.standard_normal(40_000), rng.normal(a, 1.0, 20_000)
    assert bennett_log_ratio(a * before, a * after) == pytest.approx(a**2 / 2.0, abs=0.03)


def test_the_same_seed_gives_the_same_draws() -> None:
    one, other = (sample_posterior(GIVEN, QUICK, _strict(4)) for _ in range(2))
    np.testing.assert_array_equal(_columns(one[0]), _columns(other[0]))
    assert one[1] == other[1]


def _strict(n: int, sign: float = 1.0, seed: int = 0) -> Orders:
    """Reactors of random desirabilities, which fail in the order of their scores or against it."""
    desirability = np.random.default_rng(seed).uniform(0.01, 1.0, size=(n, len(CRITERIA)))
    score = np.log(desirability) @ GIVEN / GIVEN.sum()
    return Orders(desirability, (Stratum(np.arange(n), sign * score, np.zeros(n, dtype=bool)),))


def _columns(sample: WeightSample) -> np.ndarray:
    """Weights, ln β and deviations side by side, (n_draws, n) float array."""
    return np.column_stack([sample.weights, np.log(sample.sharpness), sample.deviation])


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_sampler_agrees_with_importance_sampling_where_that_holds(sign: float) -> None:
    orders = _strict(6, sign)
    sample, evidence = sample_posterior(GIVEN, Prior(), orders)
    drawn = draw_prior(GIVEN, Prior(draws=200_000, seed=5), 6)
    raised = np.exp(orders.log_likelihood(drawn))
    share, columns = raised / raised.sum(), _columns(drawn)
    mean = share @ columns
    spread = np.sqrt(share @ (columns - mean) ** 2)
    sampling = spread * np.sqrt((share**2).sum() + 1.0 / evidence.effective)
    counted = spread > 0.0
    assert (np.abs(_columns(sample).mean(axis=0) - mean)[counted] < 4.0 * sampling[counted]).all()
    sd = np.hypot(evidence.log_marginal_sd, raised.std() / raised.mean() / np.sqrt(len(raised)))
    assert evidence.log_marginal == pytest.approx(np.log(raised.mean()), abs=5.0 * sd)


def test_the_sampler_treats_ties_survivors_and_strata_as_the_likelihood_does() -> None:
    desirability = np.random.default_rng(3).uniform(0.01, 1.0, size=(6, len(CRITERIA)))
    orders = Orders(
        desirability,
        (
            Stratum(
                np.array([0, 1, 2, 3]), np.array([1.0, 2.0, 2.0, 4.0]), np.array([False, False, False, True])
            ),
            Stratum(np.array([3, 4, 5, 0]), np.array([3.0, 1.0, 2.0, 2.5]), np.zeros(4, dtype=bool)),
        ),
    )
    sample, evidence = sample_posterior(GIVEN, replace(WIDE, draws=20_000), orders)
    drawn = draw_prior(GIVEN, replace(WIDE, draws=200_000, seed=5), 6)
    raised = np.exp(orders.log_likelihood(drawn))
    share = raised / raised.sum()
    spread = np.sqrt(share @ drawn.deviation**2)
    sampling = spread * np.sqrt((share**2).sum() + 1.0 / evidence.effective)
    mean = sample.deviation.mean(axis=0)
    assert (np.abs(mean - share @ drawn.deviation) < 4.0 * sampling).all()
    assert evidence.log_marginal == pytest.approx(np.log(raised.mean()), abs=0.1)


def test_the_result_does_not_depend_on_the_seed() -> None:
    orders, seeds = _strict(12), range(1, 5)
    found = [sample_posterior(GIVEN, Prior(seed=seed), orders) for seed in seeds]
    means = np.array([_columns(sample).mean(axis=0) for sample, _ in found])
    variance = np.mean([_columns(sample).var(axis=0) for sample, _ in found], axis=0)
    weight = np.array([evidence.effective for _, evidence in found])[:, None]
    apart = means - (weight * means).sum(axis=0) / weight.sum()
    spread = (weight * apart**2).sum(axis=0)[variance > 0.0] / variance[variance > 0.0]
    assert (spread < chi2.isf(1e-4 / len(spread), len(seeds) - 1)).all()
    log_marginal, sd = np.array([(e.log_marginal, e.log_marginal_sd) for _, e in found]).T
    assert np.ptp(log_marginal) < 5.0 * np.sqrt(2.0) * sd.max()


def _many(predictions: ResultsDirectory, n: int) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """A ranking of n invented reactors, made from those of the six with other criteria; best first."""
    rng = np.random.default_rng(4)
    first = predictions.table.dropna(subset=["rank"]).iloc[[0] * n].reset_index(drop=True)
    for criterion in CRITERIA:
        known = predictions.table[criterion.name].dropna().to_numpy(dtype=float)
        first[criterion.name] = rng.uniform(known.min(), known.max(), n)
    score = weighted_geometric_mean(valued(first, SETTINGS), GIVEN)
    order = np.argsort(-score)
    names = tuple(f"Li{k}AlCl4" for k in range(1, n + 1))
    table = first.iloc[order].assign(formula=names, score=score[order], passes=True)
    return table.assign(rank=np.arange(1, n + 1)).reset_index(drop=True), names


@pytest.fixture(scope="module", params=[12, 20])
def both_ways(
    predictions: ResultsDirectory, request: pytest.FixtureRequest
) -> tuple[pd.DataFrame, Update, Update]:
    """A ranking, and what its own order and the reverse teach."""
    table, names = _many(predictions, request.param)
    lives = [10.0 * (k + 1) for k in range(len(names))]
    along = update((of(names, lives[::-1]),), table, SETTINGS)
    return table, along, update((of(names, lives),), table, SETTINGS)


def test_an_order_as_predicted_updates_and_sharpens(
    both_ways: tuple[pd.DataFrame, Update, Update],
) -> None:
    table, along, against = both_ways
    assert not along.reason, along.reason
    assert along.evidence is not None
    assert along.evidence.effective >= FEWEST_EFFECTIVE
    assert along.evidence.ratio > 3.0
    assert "more likely" in along.evidence.words
    assert along.evidence.log_chance == pytest.approx(-float(gammaln(len(table) + 1)))
    sharper = np.log(along.posterior.sharpness).mean()
    assert sharper > 0.5 > 0.0 > np.log(against.posterior.sharpness).mean()


def test_the_reverse_order_updates_too_and_moves_ranks_the_other_way(
    both_ways: tuple[pd.DataFrame, Update, Update],
) -> None:
    table, along, against = both_ways
    assert not against.reason, against.reason
    assert against.evidence is not None
    assert against.evidence.ratio < 1.0
    assert "less likely" in against.evidence.words
    top = table["formula"].tolist()[:3]
    gains = []
    for learnt in (along, against):
        frame = learnt.ranking_frame(table, SETTINGS).set_index("formula")
        gains.append(float((frame["score_after"] / frame["score_before"])[top].mean()))
    assert gains[0] > 1.0 > gains[1]


def test_nothing_measured_leaves_everything_as_it_was(predictions: ResultsDirectory) -> None:
    learnt = update((), predictions.table, SETTINGS, prior=QUICK)
    assert learnt.reason
    frame = learnt.ranking_frame(predictions.table, SETTINGS)
    assert (frame["rank_before"] == frame["rank_after"]).all()
    np.testing.assert_allclose(frame["score_before"], frame["score_after"], rtol=1e-9)
    shares = learnt.weights_frame(SETTINGS)
    np.testing.assert_allclose(shares["share_before"], shares["share_after"])


def test_survivors_alone_tell_no_order(predictions: ResultsDirectory) -> None:
    both = of(("LiAlCl4", "MgI2"), [0.92, 0.92], [True, True])
    assert not has_order(both)
    assert not has_order(of(("LiAlCl4",), [20.0]))
    assert has_order(of(("LiAlCl4", "MgI2"), [1500.0, 20.0], [True, False]))
    # the open one ended before the closed one failed: which is better is not known
    assert not has_order(of(("LiAlCl4", "MgI2"), [10.0, 20.0], [True, False]))
    assert update((both,), predictions.table, SETTINGS, prior=QUICK).reason


def test_reactors_that_outlive_their_rank_gain(predictions: ResultsDirectory) -> None:
    ranked = predictions.table.dropna(subset=["rank"]).sort_values("rank")["formula"].tolist()[:6]
    lives = [10.0, 20.0, 40.0, 80.0, 160.0, 320.0]
    against = update((of(tuple(ranked), lives),), predictions.table, SETTINGS, prior=Prior())
    assert not against.reason, against.reason
    frame = against.ranking_frame(predictions.table, SETTINGS).set_index("formula")
    ratio = frame["score_after"] / frame["score_before"]
    assert ratio[ranked[-1]] > 1.0 > ratio[ranked[0]]
    assert frame["own_deviation"][ranked[-1]] > 0.0 > frame["own_deviation"][ranked[0]]
    along = update((of(tuple(ranked), lives[::-1]),), predictions.table, SETTINGS, prior=Prior())
    assert along.posterior.sharpness.mean() > against.posterior.sharpness.mean()


def test_an_order_that_the_prior_excludes_is_learnt_from_and_told(predictions: ResultsDirectory) -> None:
    ranked = predictions.table.dropna(subset=["rank"]).sort_values("rank")["formula"].tolist()[:6]
    against = (of(tuple(ranked), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),)
    firm = Prior(concentration=1e4, sharpness_sd=0.01, deviation_sd=0.01)
    learnt = update(against, predictions.table, SETTINGS, prior=firm)
    assert not learnt.reason
    assert learnt.evidence is not None
    assert learnt.evidence.ratio < 0.5
    assert (learnt.ranking_frame(predictions.table, SETTINGS)["places_gained"] == 0).all()


def test_chains_that_are_too_short_update_nothing_and_say_so(
    predictions: ResultsDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("STEPS", "MOST_STEPS"):
        monkeypatch.setattr(posterior, name, 40)
    ranked = predictions.table.dropna(subset=["rank"]).sort_values("rank")["formula"].tolist()[:6]
    lives = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    learnt = update((of(tuple(ranked), lives),), predictions.table, SETTINGS)
    assert "did not converge" in learnt.reason
    assert learnt.evidence is None
    assert f"{FEWEST_TIMES:.0f} are needed" in learnt.reason
    assert (learnt.ranking_frame(predictions.table, SETTINGS)["places_gained"] == 0).all()


def test_too_few_draws_update_nothing_and_say_so(predictions: ResultsDirectory) -> None:
    ranked = predictions.table.dropna(subset=["rank"]).sort_values("rank")["formula"].tolist()[:6]
    learnt = update(
        (of(tuple(ranked), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),),
        predictions.table,
        SETTINGS,
        prior=Prior(draws=FEWEST_EFFECTIVE - 2),
    )
    assert "independent draws" in learnt.reason
    frame = learnt.ranking_frame(predictions.table, SETTINGS)
    assert (frame["places_gained"] == 0).all()


def test_what_to_measure_next_obeys_cost_and_shelf(predictions: ResultsDirectory) -> None:
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


def test_the_expected_rank_change_scatters_as_its_standard_error_says(
    predictions: ResultsDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = of(("LiAlCl4",), [1500.0])
    learnt = update((), predictions.table, SETTINGS, prior=Prior())
    found = []
    for seed in range(12):
        monkeypatch.setattr(module, "SEED", 100 * seed)
        table = (
            next_cells(learnt, (one,), predictions.table, SETTINGS).table.set_index("formula").sort_index()
        )
        found.append(table[["expected_rank_change", "standard_error"]].to_numpy())
    change, error = np.moveaxis(np.array(found), 2, 0)
    ratio = np.sqrt(change.var(axis=0, ddof=1).mean() / (error**2).mean())
    assert 0.6 < ratio < 1.6


def test_a_candidate_of_open_merit_is_worth_more_than_one_of_settled(predictions: ResultsDirectory) -> None:
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


def test_without_any_cell_the_best_candidate_is_the_reference(predictions: ResultsDirectory) -> None:
    plan = next_cells(update((), predictions.table, SETTINGS, prior=QUICK), (), predictions.table, SETTINGS)
    assert plan.references == ("LiAlCl4",)
    assert plan.quantity == "life_h"
    assert isinstance(plan.table, pd.DataFrame)
    assert len(plan.table) == 5
