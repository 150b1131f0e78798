"""Criteria of the six reactors against single calculations of each pair, and their definitions."""

import numpy as np
import pytest

from screening.phases.composition import parse_formula, parse_reactant
from screening.phases.library import open_snapshot
from screening.phases.snapshot import Snapshot
from screening.reactors.assessment import Assessment
from screening.reactors.contacts import RELIEF, compute_interfaces
from screening.reactors.criteria import CRITERIA, criterion_forms
from screening.reactors.reduction import Reduction, ScreeningContext, reduce
from screening.reactors.settings import Conditions
from screening.thermo.interface import react
from screening.thermo.lithiation import lithiate
from screening.units import MAH_PER_MOL_OF_CHARGE

SIX = ("LiAlCl4", "MgI2", "MgF2", "Li3HoCl6", "Li3YBr6", "Li10GeP2S12")
ALLOYS = ("Li9Al4", "LiMg", "LiMg", "Ho", "Y", "Li15Ge4")
CONTROLS = ("LiF", "LiCl", "LiBr", "LiI", "Li2S", "Li3P", "Li2O", "Li3N")
FLOOR_V = 0.02


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return open_snapshot()


@pytest.fixture(scope="module")
def context(snapshot: Snapshot) -> ScreeningContext:
    return ScreeningContext.of(snapshot, Conditions())


def phases(snapshot: Snapshot, formulas: tuple[str, ...]) -> np.ndarray:
    return np.array([snapshot.find(parse_formula(formula)) for formula in formulas])


@pytest.fixture(scope="module")
def six(snapshot: Snapshot, context: ScreeningContext) -> Assessment:
    reduction = reduce(context, phases(snapshot, SIX))
    return Assessment(reduction, compute_interfaces(reduction, np.ones(6, dtype=bool)))


def values(assessment: Assessment) -> dict[str, np.ndarray]:
    return {criterion.name: criterion.compute(assessment) for criterion in CRITERIA}


class TestOfTheSix:
    def test_the_alloys_are_those_of_the_definition(self, snapshot: Snapshot, six: Assessment) -> None:
        assert snapshot.phases.formula[six.reduction.alloy].tolist() == list(ALLOYS)

    @pytest.mark.parametrize("i", range(6))
    def test_uptake_and_driving_force_are_those_of_the_staircase(
        self, snapshot: Snapshot, six: Assessment, i: int
    ) -> None:
        alone = lithiate(snapshot, parse_reactant(SIX[i]))
        above = [step for step in alone.steps if step.voltage_v > FLOOR_V]
        found = values(six)
        assert six.reduction.uptake_per_formula[i] == pytest.approx(above[-1].uptake_per_formula)
        assert found["uptake_mah_per_g"][i] == pytest.approx(above[-1].capacity_mah_per_g, rel=1e-9)
        # energy per Li is the mean voltage of the uptake
        charges = np.diff([0.0, *(step.uptake_per_formula for step in above)])
        mean = float(np.dot(charges, [step.voltage_v for step in above])) / above[-1].uptake_per_formula
        assert found["driving_force_ev_per_ion"][i] == pytest.approx(-mean, abs=1e-9)

    @pytest.mark.parametrize("i", range(6))
    def test_contacts_are_those_of_single_pairs(self, snapshot: Snapshot, six: Assessment, i: int) -> None:
        found = values(six)
        electrolyte, reactor = parse_reactant("Li6PS5Cl"), parse_reactant(SIX[i])
        alloy, anode = parse_reactant(ALLOYS[i]), parse_reactant("Li")
        mixing = react(snapshot, reactor, electrolyte).minimum_mutual.mutual_ev_per_atom
        relay = react(snapshot, alloy, reactor).minimum_mutual.mutual_ev_per_atom
        assert found["mixing_ev_per_atom"][i] == pytest.approx(min(mixing, 0.0), abs=1e-9)
        assert found["relay_ev_per_atom"][i] == pytest.approx(min(relay, 0.0), abs=1e-9)
        if ALLOYS[i] in ("Ho", "Y"):  # they hold no lithium: nothing but lithium itself meets the electrolyte
            assert found["electrolyte_relief_ev_per_atom"][i] == 0.0
            return
        attacks = []
        for attacker in (alloy, anode):
            end = react(snapshot, attacker, electrolyte).end_at_excess_a
            attacks.append(end.mutual_ev_per_atom / (1.0 - end.x_atomic))
        assert found["electrolyte_relief_ev_per_atom"][i] == pytest.approx(attacks[0] - attacks[1], abs=1e-8)

    def test_the_attacks_are_the_published_definition(self, six: Assessment) -> None:
        # science: -12.47 eV with Li and -11.94 with Li9Al4 per mole of Li6PS5Cl
        relief = values(six)["electrolyte_relief_ev_per_atom"] * 13.0
        assert relief[0] == pytest.approx(-11.94 + 12.47, abs=0.01)

    @pytest.mark.parametrize("spelled", ["Li12P2S10Cl2", "ClLi6PS5", "Li3P0.5S2.5Cl0.5"])
    def test_nothing_depends_on_how_the_electrolyte_is_spelled(
        self, snapshot: Snapshot, six: Assessment, spelled: str
    ) -> None:
        context = ScreeningContext.of(snapshot, Conditions(electrolyte=spelled))
        reduction = reduce(context, six.reduction.phase)
        again = Assessment(reduction, compute_interfaces(reduction, np.ones(6, dtype=bool)))
        for name, value in values(again).items():
            assert value == pytest.approx(values(six)[name], abs=1e-12), name
        forms = criterion_forms(again) - criterion_forms(six)
        assert np.abs(forms.toarray()).max() < 1e-12

    def test_the_layer_at_half_by_mass(self, six: Assessment) -> None:
        found = values(six)
        assert found["metal_volume_fraction"][0] == pytest.approx(0.151, abs=0.001)
        layer = six.layer(50.0)
        total = layer.metal_fraction + layer.salt_fraction + layer.electrolyte_fraction
        assert total == pytest.approx(np.ones(6))

    def test_alloying_and_alloy_potential_are_those_of_the_metal(
        self, snapshot: Snapshot, six: Assessment
    ) -> None:
        found = values(six)
        assert found["alloys_with_anode"].tolist() == [1.0, 1.0, 1.0, 0.0, 0.0, 1.0]
        for i, metal in ((0, "Al"), (1, "Mg"), (5, "Ge")):
            steps = lithiate(snapshot, parse_reactant(metal)).steps
            potential = next(s.voltage_v for s in steps if set(s.products) == {ALLOYS[i]})
            assert found["alloy_potential_v"][i] == pytest.approx(potential)
        assert found["alloy_potential_v"][3:5].tolist() == [0.0, 0.0]


class TestDefinitions:
    def test_negative_controls_take_nothing_up(self, snapshot: Snapshot, context: ScreeningContext) -> None:
        reduction = reduce(context, phases(snapshot, CONTROLS))
        assert (reduction.end_step == -1).all()
        assert (np.abs(reduction.minimum_mutual_ev_per_atom) < 1e-3).all()
        found = values(
            Assessment(reduction, compute_interfaces(reduction, np.zeros(len(CONTROLS), dtype=bool)))
        )
        assert np.isnan(found["driving_force_ev_per_ion"]).all()
        assert (found["uptake_mah_per_g"] == 0.0).all()
        assert np.isnan(found["mixing_ev_per_atom"]).all()

    def test_neighbours_do_not_matter(self, snapshot: Snapshot, six: Assessment) -> None:
        context = six.reduction.context
        rng = np.random.default_rng(5)
        others = rng.choice(np.flatnonzero(snapshot.phases.n_elements > 1), 30, replace=False)
        mixed = np.concatenate((others[:15], six.reduction.phase[::-1], others[15:]))
        reduction = reduce(context, mixed)
        found = values(Assessment(reduction, compute_interfaces(reduction, np.ones(len(mixed), dtype=bool))))
        for name, expected in values(six).items():
            assert np.array_equal(found[name][15:21][::-1], expected, equal_nan=True), name

    def test_stages_left_out_change_no_other(self, six: Assessment) -> None:
        asked = np.ones(6, dtype=bool)
        only = values(Assessment(six.reduction, compute_interfaces(six.reduction, asked, (RELIEF,))))
        whole = values(six)
        assert np.array_equal(only["electrolyte_relief_ev_per_atom"], whole["electrolyte_relief_ev_per_atom"])
        assert np.array_equal(only["alloy_potential_v"], whole["alloy_potential_v"])
        assert np.isnan(only["relay_ev_per_atom"]).all()
        assert np.isnan(only["mixing_ev_per_atom"]).all()

    def test_every_criterion_says_what_it_is(self) -> None:
        for criterion in CRITERIA:
            assert criterion.unit
            assert criterion.meaning.endswith(".") or ";" in criterion.meaning
            assert "doi:10." in criterion.source or "https://" in criterion.source

    def test_capacity_is_charge_over_mass(self, six: Assessment) -> None:
        r: Reduction = six.reduction
        expected = r.uptake_per_formula * MAH_PER_MOL_OF_CHARGE / r.molar_mass_g
        assert values(six)["uptake_mah_per_g"] == pytest.approx(expected)


@pytest.mark.parametrize("metal", ["Au", "Ag", "Zn", "Mg", "Al", "Pt"])
def test_metals_that_dissolve_in_lithium_form_compounds_with_it_too(snapshot: Snapshot, metal: str) -> None:
    # doi 10.1038/nenergy.2016.10 found no nucleation barrier on these, and the hull has compounds of each.
    assert lithiate(snapshot, parse_reactant(metal)).steps


def test_metals_without_a_compound_take_no_lithium(snapshot: Snapshot) -> None:
    assert not any(lithiate(snapshot, parse_reactant(metal)).steps for metal in ("Ho", "Y"))
