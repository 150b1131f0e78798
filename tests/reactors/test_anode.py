"""Counter-anodes: metals, and alloys that are counted per their mobile element."""

import numpy as np
import pytest

from screening.errors import InputError
from screening.phases.composition import parse_formula, parse_reactant
from screening.phases.library import open_snapshot
from screening.phases.snapshot import Snapshot
from screening.reactors.anode import find_anode
from screening.reactors.assessment import Assessment
from screening.reactors.contacts import compute_interfaces
from screening.reactors.criteria import criterion_forms
from screening.reactors.reduction import ScreeningContext, reduce
from screening.reactors.settings import Conditions
from screening.thermo.interface import react
from screening.thermo.lithiation import lithiate


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return open_snapshot()


@pytest.mark.parametrize(
    ("name", "mobile", "charge", "content"),
    [
        ("Li", 3, 1, 1.0),
        ("Mg", 12, 2, 1.0),
        ("LiAl", 3, 1, 0.5),
        ("Li9Al4", 3, 1, 9 / 13),
        ("Mg2Sn", 12, 2, 2 / 3),
    ],
)
def test_what_is_mobile(snapshot: Snapshot, name: str, mobile: int, charge: int, content: float) -> None:
    anode = find_anode(snapshot, name)
    assert (anode.mobile, anode.charge) == (mobile, charge)
    assert anode.content == pytest.approx(content)
    assert anode.cm3_per_mol > 0.0


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("LiCl", "neither a metal nor an alloy"),
        ("Na2K", "no one mobile element"),
        ("FeAl", "no one mobile element"),
        ("Li7Al2", "has no Li7Al2"),
    ],
)
def test_what_is_no_anode(snapshot: Snapshot, name: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        find_anode(snapshot, name)


@pytest.mark.parametrize("metal", ["Na", "K", "Mg", "Ca"])
def test_metals_reduce_as_their_own_staircase(snapshot: Snapshot, metal: str) -> None:
    context = ScreeningContext.of(snapshot, Conditions(anode=metal))
    reduction = reduce(context, np.array([snapshot.find(parse_formula("AlCl3"))]))
    alone = lithiate(snapshot, parse_reactant("AlCl3"), metal)
    assert reduction.stairs.voltage_v == pytest.approx([s.voltage_v for s in alone.steps])
    assert reduction.stairs.uptake_per_formula == pytest.approx([s.uptake_per_formula for s in alone.steps])


class TestAlloys:
    @pytest.fixture
    def assessment(self, snapshot: Snapshot) -> Assessment:
        context = ScreeningContext.of(snapshot, Conditions(anode="LiAl"))
        phase = np.array([snapshot.find(parse_formula(f)) for f in ("MgF2", "ZnCl2", "Li10GeP2S12", "LiF")])
        reduction = reduce(context, phase)
        return Assessment(reduction, compute_interfaces(reduction, np.ones(4, dtype=bool)))

    def test_reacts_as_the_compound_it_is(self, snapshot: Snapshot, assessment: Assessment) -> None:
        reduction = assessment.reduction
        for i, formula in enumerate(("MgF2", "ZnCl2", "Li10GeP2S12")):
            pair = react(snapshot, parse_reactant("LiAl"), parse_reactant(formula))
            assert reduction.minimum_mutual_ev_per_atom[i] == pytest.approx(
                pair.minimum_mutual.mutual_ev_per_atom, abs=1e-9
            )
            end = pair.end_at_excess_a
            lithium = end.x_atomic / (1.0 - end.x_atomic) * reduction.candidates.atoms[i] * 0.5
            if reduction.stairs.voltage_v[reduction.stairs.step_start[i + 1] - 1] > 0.02:
                assert reduction.uptake_per_formula[i] == pytest.approx(lithium, rel=1e-6)
                per_li = end.mutual_ev_per_atom / (0.5 * end.x_atomic)
                assert assessment.reduction.driving_force_ev_per_ion[i] == pytest.approx(per_li, abs=1e-8)

    def test_a_salt_stays(self, assessment: Assessment) -> None:
        assert assessment.reduction.end_step[3] == -1

    def test_its_forms_give_its_energies(self, snapshot: Snapshot, assessment: Assessment) -> None:
        forms = criterion_forms(assessment)
        energies = forms @ snapshot.phases.formation_energy_ev_per_atom
        assert energies[:3] == pytest.approx(assessment.reduction.driving_force_ev_per_ion[:3], abs=1e-8)

    def test_less_lithium_is_less_force_than_lithium_metal(self, snapshot: Snapshot) -> None:
        phase = np.array([snapshot.find(parse_formula("MgF2"))])
        forces = []
        for anode in ("Li", "LiAl"):
            reduction = reduce(ScreeningContext.of(snapshot, Conditions(anode=anode)), phase)
            forces.append(float(reduction.cathodic_limit_v[0]))
        assert forces[1] < forces[0]
