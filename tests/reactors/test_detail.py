"""One reactor spelled out: plateaus, layers and curves agree with what single calculations give."""

import numpy as np
import pytest

from screening.phases.composition import parse_formula, parse_reactant
from screening.phases.library import open_snapshot
from screening.reactors.assessment import Assessment
from screening.reactors.contacts import compute_interfaces
from screening.reactors.detail import ReactorDetail, detail
from screening.reactors.reduction import ScreeningContext, reduce
from screening.reactors.settings import Conditions
from screening.thermo.lithiation import lithiate

WT = (10.0, 50.0)


@pytest.fixture(scope="module")
def context() -> ScreeningContext:
    return ScreeningContext.of(open_snapshot(), Conditions())


def spelled_out(context: ScreeningContext, label: str) -> ReactorDetail:
    phase = context.snapshot.find(parse_formula(label))
    assert phase is not None
    return detail(context, phase, label, WT)


@pytest.mark.parametrize("label", ["LiAlCl4", "Li2Al2Cl8", "MgF2", "Li3HoCl6", "Li10GeP2S12", "LiF"])
def test_plateaus_are_those_of_the_staircase_of_the_formula_as_written(
    context: ScreeningContext, label: str
) -> None:
    found = spelled_out(context, label)
    alone = lithiate(context.snapshot, parse_reactant(label))
    assert [p.reaction for p in found.plateaus] == [s.reaction for s in alone.steps]
    assert [p.capacity_mah_per_g for p in found.plateaus] == pytest.approx(
        [s.capacity_mah_per_g for s in alone.steps]
    )
    for plateau, step in zip(found.plateaus, alone.steps, strict=True):
        assert {p.formula: p.moles for p in plateau.products} == pytest.approx(step.products)
    assert found.estimated == alone.estimated
    assert found.energy_above_hull_ev_per_atom == pytest.approx(alone.energy_above_hull_ev_per_atom)


def test_layers_are_those_of_the_criteria(context: ScreeningContext) -> None:
    found = spelled_out(context, "LiAlCl4")
    phase = np.array([context.snapshot.find(parse_formula("LiAlCl4"))])
    reduction = reduce(context, phase)
    assessment = Assessment(reduction, compute_interfaces(reduction, np.ones(1, dtype=bool)))
    end = found.at_excess
    assert end is not None
    for wt, state in zip(WT, end.layers, strict=True):
        layer = assessment.layer(wt)
        assert state.metal_fraction == pytest.approx(layer.metal_fraction[0])
        assert state.volume_change == pytest.approx(layer.volume_change[0])
        assert state.metal_percolates == (state.metal_fraction >= 0.16)
    # contradiction to print: LiAl at half by mass lies below the textbook threshold
    alloy = next(p for p in found.plateaus if p.holds_alloy)
    assert alloy.layers[1].metal_fraction == pytest.approx(0.098, abs=0.002)
    assert not alloy.layers[1].metal_percolates


def test_what_does_not_react_has_no_alloy_and_no_excess(context: ScreeningContext) -> None:
    found = spelled_out(context, "LiF")
    assert found.alloy == ""
    assert found.at_excess is None
    assert found.with_alloy is None
    assert len(found.curves) == 2


def test_an_alloy_anode_writes_its_own_reactions() -> None:
    context = ScreeningContext.of(open_snapshot(), Conditions(anode="LiAl"))
    found = spelled_out(context, "MgF2")
    assert [p.reaction for p in found.plateaus] == ["2 LiAl + MgF2 -> 2 LiF + MgAl2"]
    assert found.plateaus[0].uptake_per_formula == pytest.approx(2.0)
