"""The compiled Monte Carlo against the same law in plain arrays."""

import numpy as np
import pytest

from screening.phases.composition import parse_formula
from screening.phases.library import open_snapshot
from screening.reactors.assessment import Assessment
from screening.reactors.contacts import compute_interfaces
from screening.reactors.criteria import CRITERIA, criterion_forms
from screening.reactors.drawn_scores import drawn_scores
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
def test_scores_are_those_of_the_drawn_criteria(assessment: Assessment, ranking: Ranking) -> None:
    values = np.column_stack([criterion.compute(assessment) for criterion in CRITERIA])
    forms = criterion_forms(assessment)
    errors = error_models()["Li"].of_phases(assessment.reduction.phases)
    n, sources = len(values), errors.sources(forms)
    expected = []
    (drawn_errors,) = sources.blocks(np.random.default_rng(4), DRAWS, DRAWS)
    for error in (sources.weight @ drawn_errors.T).T:
        drawn = values.copy()
        for k, criterion in enumerate(CRITERIA.uncertain):
            drawn[:, CRITERIA.names.index(criterion.name)] += error[k * n : (k + 1) * n]
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
        assert energies[k * n : (k + 1) * n][known] == pytest.approx(value[known], abs=1e-7), criterion.name
