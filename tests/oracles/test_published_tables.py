"""Tables of published reactions, row by row: what lithium makes of two glasses of the LiPON system.

Y. Zhu, X. He and Y. Mo 2016 (doi 10.1039/c5ta08574h), supplementary Tables S1a and S1b: lithium taken up per
formula, potential and phases at equilibrium, from the Materials Project of 2015. The data of 2019 hold one
phase more, Li14P2(N2O)3, on the way from LiPN2 to Li7PN4: the published plateau at 0.61 V is the mean of the
two that there are now, and everything else is the same to the last printed digit.
"""

import pytest

from screening.phases.composition import parse_reactant
from screening.phases.library import open_snapshot
from screening.phases.snapshot import Snapshot
from screening.thermo.lithiation import Lithiation, lithiate

TABLES = {
    "Li2.88PO3.73N0.14": [
        (6.88, 0.69, {"Li2PNO2", "Li2O", "Li3P"}),
        (7.44, 0.68, {"LiPN2", "Li2O", "Li3P"}),
        (7.72, 0.61, {"Li7PN4", "Li2O", "Li3P"}),
        (8.00, 0.01, {"Li3N", "Li2O", "Li3P"}),
    ],
    "Li2.98PO3.3N0.46": [
        (4.32, 0.69, {"Li2PNO2", "Li2O", "Li3P"}),
        (6.16, 0.68, {"LiPN2", "Li2O", "Li3P"}),
        (7.08, 0.61, {"Li7PN4", "Li2O", "Li3P"}),
        (8.00, 0.01, {"Li3N", "Li2O", "Li3P"}),
    ],
}
"""Lithium per formula once a plateau is finished, its potential (V), phases; Li2PO2N is written Li2PNO2."""

OXIDATION_V = 1.07
LATER_PHASE = "Li14P2(N2O)3"


@pytest.fixture(scope="module")
def mp2019() -> Snapshot:
    return open_snapshot()


def found_at(found: Lithiation, uptake: float) -> tuple[float, set[str]]:
    """Products at an uptake, and the mean potential since the last row of the table above it."""
    here = next(step for step in found.steps if step.uptake_per_formula == pytest.approx(uptake, abs=0.005))
    return here.voltage_v, set(here.products)


def mean_v(found: Lithiation, start: float, end: float) -> float:
    """Charge-weighted mean potential between two uptakes."""
    taken, before = 0.0, 0.0
    for step in found.steps:
        within = min(step.uptake_per_formula, end) - max(before, start)
        taken += max(within, 0.0) * step.voltage_v
        before = step.uptake_per_formula
    return taken / (end - start)


@pytest.mark.parametrize("glass", TABLES)
def test_uptake_potentials_and_phases_are_the_published_ones(mp2019: Snapshot, glass: str) -> None:
    found = lithiate(mp2019, parse_reactant(glass), at_hull=True)
    before = 0.0
    for uptake, volts, phases in TABLES[glass]:
        assert found_at(found, uptake)[1] == phases
        assert mean_v(found, before, uptake) == pytest.approx(volts, abs=0.005)
        before = uptake
    assert found.anodic_limit_v == pytest.approx(OXIDATION_V, abs=0.005)


@pytest.mark.parametrize("glass", TABLES)
def test_the_one_difference_is_a_phase_that_came_later(mp2019: Snapshot, glass: str) -> None:
    found = lithiate(mp2019, parse_reactant(glass), at_hull=True)
    published = [uptake for uptake, _, _ in TABLES[glass]]
    further = [
        step for step in found.steps if all(abs(step.uptake_per_formula - each) > 0.005 for each in published)
    ]
    assert [LATER_PHASE in step.products for step in further] == [True]
