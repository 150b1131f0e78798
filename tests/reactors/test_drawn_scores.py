"""The compiled Monte Carlo against the same law in plain arrays."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from screening.phases.composition import parse_formula
from screening.phases.library import open_snapshot
from screening.reactors.assessment import Assessment
from screening.reactors.bound import ANION_VALENCE
from screening.reactors.contacts import compute_interfaces
from screening.reactors.criteria import CRITERIA, criterion_forms
from screening.reactors.drawn_scores import Preferences, drawn_scores
from screening.reactors.ranking import desirabilities, weighted_geometric_mean, weights
from screening.reactors.reduction import ScreeningContext, reduce
from screening.reactors.settings import Conditions, Ranking
from screening.reactors.uncertainty import error_models

DRAWS = 70
FORMULAS = ("LiAlCl4", "MgI2", "MgF2", "Li3HoCl6", "Li3YBr6", "Li10GeP2S12", "ZnCl2", "SnF2", "CuS")


@pytest.fixture(scope="module", params=[("relief", "relay", "mixing"), ("mixing",), ()])
def assessment(request: pytest.FixtureRequest) -> Assessment:
    snapshot = open_snapshot()
    phase = np.array([snapshot.find(parse_formula(formula)) for formula in FORMULAS])
    reduction = reduce(ScreeningContext.of(snapshot, Conditions()), phase)
    return Assessment(
        reduction, compute_interfaces(reduction, np.ones(len(phase), dtype=bool), request.param)
    )


@pytest.mark.parametrize(
    "ranking",
    [
        Ranking(),
        Ranking.model_validate(
            {
                "floor": 0.2,
                "criteria": {
                    "driving_force_ev_per_ion": {"target": True, "worst": 0.0, "best": -1.0, "exponent": 0.5},
                    "relay_ev_per_atom": {"weight": 0.0},
                    "electrolyte_relief_ev_per_atom": {"scale": "log", "worst": 0.1, "best": 10.0},
                },
            }
        ),
    ],
)
@pytest.mark.parametrize("interpreted", [0, 10**9])  # compiled, numpy
def test_scores_are_those_of_the_drawn_criteria(
    assessment: Assessment, ranking: Ranking, interpreted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("screening.reactors.drawn_scores.MOST_INTERPRETED", interpreted)
    values = np.column_stack([criterion.compute(assessment) for criterion in CRITERIA])
    forms = criterion_forms(assessment)
    errors = error_models()["Li"].of_phases(assessment.reduction.phases)
    n, sources = len(values), errors.sources(forms)
    expected = []
    (drawn_errors,) = sources.blocks(np.random.default_rng(4), DRAWS, DRAWS)
    for error in (sources.weight @ drawn_errors.T).T:
        drawn = values.copy()
        for k, criterion in enumerate(CRITERIA.uncertain):
            column = CRITERIA.names.index(criterion.name)
            drawn[:, column] = np.minimum(drawn[:, column] + error[k * n : (k + 1) * n], criterion.ceiling)
        expected.append(np.log(weighted_geometric_mean(desirabilities(drawn, ranking), weights(ranking))))
    for threads in (1, 2):
        blocks = drawn_scores(
            *(values, desirabilities(values, ranking), ranking, errors, forms),
            *(np.random.default_rng(4), DRAWS),
            threads=threads,
        )
        assert np.vstack(list(blocks)) == pytest.approx(np.array(expected), abs=1e-10)


def test_forms_give_the_criteria_themselves(assessment: Assessment) -> None:
    energies = criterion_forms(assessment) @ assessment.reduction.phases.formation_energy_ev_per_atom
    n = len(assessment)
    for k, criterion in enumerate(CRITERIA.uncertain):
        value = criterion.compute(assessment)
        known = ~np.isnan(value)
        reached = np.minimum(energies[k * n : (k + 1) * n], criterion.ceiling)
        assert reached[known] == pytest.approx(value[known], abs=1e-7), criterion.name


def test_a_zero_energy_is_as_sure_as_the_reaction_that_is_missed(assessment: Assessment) -> None:
    """LGPS and CuS do not react with Li6PS5Cl by these energies; what they miss it by carries an error."""
    if "mixing" not in assessment.contacts.stages:
        return
    mixing, n = next(c for c in CRITERIA.uncertain if c.key == "mixing"), len(assessment)
    value, forms = mixing.compute(assessment), criterion_forms(assessment, [mixing])
    idle = value == 0.0
    assert idle.any() and not idle.all()
    missed = forms @ assessment.reduction.phases.formation_energy_ev_per_atom
    errors = error_models()["Li"].of_phases(assessment.reduction.phases)
    assert (missed[idle] >= 0.0).all()
    assert (errors.standard_deviation(forms)[idle] > 0.0).all()
    for i in np.flatnonzero(idle):  # products hold what both hold: the form balances every element
        phases = assessment.reduction.phases
        held = csr_array((phases.fraction, phases.atomic_number, phases.row_start))
        assert np.abs((forms[[i]] @ held).toarray()).max() < 1e-9
    assert forms.shape[0] == n


def test_preferences_scatter_about_those_of_the_study(assessment: Assessment) -> None:
    given = Preferences.of(Ranking())
    drawn = given.drawn(np.random.default_rng(3), 4000)
    share = drawn.weight / drawn.weight.sum(axis=1, keepdims=True)
    assert share.mean(axis=0) == pytest.approx(given.weight[0] / given.weight.sum(), abs=0.005)
    assert ((drawn.best - drawn.worst) / (given.best - given.worst) >= 0.2 - 1e-12).all()
    spread = (drawn.worst - given.worst).std(axis=0) / np.abs(given.best - given.worst)[0]
    assert spread == pytest.approx(np.full(len(CRITERIA), 0.25), abs=0.02)


def test_drawn_preferences_give_the_scores_of_studies_with_them(assessment: Assessment) -> None:
    """One draw of weights and bounds is a study with these; energies without errors."""
    values = np.column_stack([criterion.compute(assessment) for criterion in CRITERIA])
    forms, settings = criterion_forms(assessment), Ranking()
    exact = error_models()["Li"].changed(
        cations=(),
        bias_ev_per_ion=dict.fromkeys(ANION_VALENCE, 0.0),
        bias_sd_ev_per_ion=dict.fromkeys(ANION_VALENCE, 0.0),
        **dict.fromkeys(
            (f"{kind}_sd_ev_per_atom" for kind in ("reduction", "mixing", "alloy", "intermetallic")), 0.0
        ),
    )
    errors = replace(
        exact.of_phases(assessment.reduction.phases),
        sd_ev_per_atom=np.zeros(len(assessment.reduction.phases)),
    )
    people = Preferences.of(settings).drawn(np.random.default_rng(5), 40)
    first, *_ = drawn_scores(
        *(values, desirabilities(values, settings), settings, errors, forms),
        *(np.random.default_rng(4), 40),
        preferences=people,
    )
    for j in (0, 7, 31):
        changed = {
            criterion.name: {
                "weight": float(people.weight[j, k]),
                "worst": float(np.exp(people.worst[j, k]) if rule.scale == "log" else people.worst[j, k]),
                "best": float(np.exp(people.best[j, k]) if rule.scale == "log" else people.best[j, k]),
            }
            for k, criterion in enumerate(CRITERIA)
            for rule in (settings.criteria[criterion.name],)
        }
        study = Ranking.model_validate({"criteria": changed})
        expected = np.log(weighted_geometric_mean(desirabilities(values, study), weights(study)))
        assert first[j] == pytest.approx(expected, abs=1e-9)
