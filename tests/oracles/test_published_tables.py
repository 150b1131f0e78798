"""Tables of published reactions, row by row: two glasses of the LiPON system, and nine alloys of lithium.

Y. Zhu, X. He and Y. Mo 2016 (doi 10.1039/c5ta08574h), supplementary Tables S1a and S1b: lithium taken up per
formula, potential and phases at equilibrium, from the Materials Project of 2015. The data of 2019 hold one
phase more, Li14P2(N2O)3, on the way from LiPN2 to Li7PN4: the published plateau at 0.61 V is the mean of the
two that there are now, and everything else is the same to the last printed digit.

R. A. Huggins 2011 (doi 10.1002/9783527637188.ch14), Table 14.1 and Figures 14.2 and 14.16: measured
potentials of lithium alloys by range of composition, as ``data/alloy_potentials.csv`` holds them. Calculated
plateaus are those of 0 K. What differs by more than the stated interval is named.
"""

from pathlib import Path

import pandas as pd
import pytest

from screening.phases.composition import parse_reactant
from screening.phases.library import open_snapshot
from screening.phases.snapshot import Snapshot
from screening.reactors.uncertainty import error_bars
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


ALLOYS = Path(__file__).resolve().parents[2] / "data" / "alloy_potentials.csv"

OUTSIDE = {("Sn", 2.6, 25), ("Sn", 3.5, 25), ("Ga", 1.28, 400), ("In", 1.74, 400)}
"""Plateaus outside their interval: Li7Sn2 and Li17Sn4 come out 0.16 V too weak; Li3Ga2 and Li2In 0.17 and
0.13 V too strong against 400 °C, whose entropy energies at 0 K leave out."""


def test_measured_alloys_lie_within_the_stated_intervals_but_for_four(mp2019: Snapshot) -> None:
    table, bars = pd.read_csv(ALLOYS), error_bars(mp2019, "Li")
    assert len(table) == 31
    outside = set()
    for row in table.itertuples():
        steps = lithiate(mp2019, parse_reactant(row.metal), error_bars=bars).steps
        middle = 0.5 * (row.from_li + row.to_li)
        step = next(each for each in steps if each.uptake_per_formula > middle)
        assert step.voltage_95_v is not None
        assert abs(step.voltage_v - row.potential_v) < 0.2
        if not step.voltage_95_v.low <= row.potential_v <= step.voltage_95_v.high:
            outside.add((row.metal, row.from_li, row.temperature_c))
    assert outside == OUTSIDE


@pytest.mark.parametrize(
    ("metal", "phases"),
    [
        ("Al", ("LiAl",)),
        ("Sn", ("LiSn", "Li13Sn5", "Li7Sn2", "Li17Sn4")),
        ("Si", ("Li12Si7", "Li13Si4", "Li21Si5")),
        ("Sb", ("Li2Sb", "Li3Sb")),
        ("Bi", ("LiBi", "Li3Bi")),
        ("Pb", ("LiPb", "Li8Pb3", "Li7Pb2", "Li17Pb4")),
    ],
)
def test_lithium_makes_the_phases_that_the_ranges_end_at(
    mp2019: Snapshot, metal: str, phases: tuple[str, ...]
) -> None:
    made = [name for step in lithiate(mp2019, parse_reactant(metal)).steps for name in step.products]
    assert [name for name in made if name in phases] == list(phases)
