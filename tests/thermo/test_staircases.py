"""Staircases of many compounds at once."""

import numpy as np
import pytest

from screening.phases.composition import parse_formula, parse_reactant
from screening.phases.snapshot import Snapshot
from screening.thermo.compositions import Compositions
from screening.thermo.lines import Lines, tie_lines
from screening.thermo.lithiation import lithiate
from screening.thermo.staircases import DEFAULT_FLOOR_V, PLATEAU_MERGE_V, Staircases

EXACT = 1e-9
TEXTS = ("LiF", "MgF2", "LiAlCl4", "LiCl", "Li6PS5Cl", "MgI2")


@pytest.fixture(scope="module")
def stairs(mp2019: Snapshot) -> Staircases:
    compounds = Compositions.of([parse_formula(t) for t in TEXTS])
    lithium = Compositions.of([parse_formula("Li")])
    return Staircases.of(tie_lines(mp2019, lithium, compounds), compounds.atoms)


def titration(voltages: list[float]) -> Lines:
    """A line of one-atom compounds that take up one lithium on each of these plateaus."""
    uptake = np.arange(len(voltages) + 1)
    energy = -np.append(0.0, np.cumsum(voltages)) / (1 + uptake)
    x = np.append(uptake / (1 + uptake), 1.0)
    n = len(x)
    return Lines(
        np.array([0, n]), x, np.append(energy, 0.0), np.arange(n + 1), np.zeros(n, np.int64), np.ones(n)
    )


def test_each_compound_has_its_own_staircase(stairs: Staircases, mp2019: Snapshot) -> None:
    assert len(stairs) == len(TEXTS)
    for i, text in enumerate(TEXTS):
        steps = lithiate(mp2019, parse_reactant(text)).steps
        here = slice(stairs.step_start[i], stairs.step_start[i + 1])
        assert stairs.voltage_v[here] == pytest.approx([s.voltage_v for s in steps], abs=EXACT)
        assert stairs.uptake_per_formula[here] == pytest.approx([s.li_per_formula for s in steps], abs=EXACT)


def test_voltage_is_the_energy_of_a_step_per_uptake() -> None:
    stairs = Staircases.of(titration([2.0, 1.5, 0.25]), np.ones(1))
    assert stairs.voltage_v == pytest.approx([2.0, 1.5, 0.25], abs=EXACT)
    assert stairs.uptake_per_formula == pytest.approx([1, 2, 3], abs=EXACT)
    assert stairs.energy_ev_per_formula == pytest.approx([-2.0, -3.5, -3.75], abs=EXACT)
    halved = Staircases.of(titration([2.0, 1.5, 0.25]), np.ones(1), charge=2)
    assert halved.voltage_v == pytest.approx([1.0, 0.75, 0.125], abs=EXACT)


def test_plateaus_closer_than_a_microvolt_are_one() -> None:
    apart, together = 1.0 - 3 * PLATEAU_MERGE_V, 1.0 - PLATEAU_MERGE_V / 3
    assert Staircases.of(titration([1.0, apart]), np.ones(1)).uptake_per_formula == pytest.approx([1, 2])
    merged = Staircases.of(titration([1.0, together, 0.5]), np.ones(1))
    assert merged.uptake_per_formula == pytest.approx([2, 3])
    assert merged.energy_ev_per_formula == pytest.approx([-1.0 - together, -1.5 - together])


def test_nothing_at_or_below_0_v_is_an_uptake() -> None:
    assert len(Staircases.of(titration([0.5, PLATEAU_MERGE_V / 2, -0.1]), np.ones(1)).voltage_v) == 1
    assert len(Staircases.of(titration([0.0]), np.ones(1)).voltage_v) == 0


def test_last_step_above_a_floor(stairs: Staircases) -> None:
    assert Staircases.of(titration([1.0, 0.01]), np.ones(1)).last_step(DEFAULT_FLOOR_V).tolist() == [0]
    last = stairs.last_step(DEFAULT_FLOOR_V)
    assert (last[[0, 3]] == -1).all()
    # magnesium fluoride takes three lithium, to LiMg, above the floor
    assert stairs.uptake_per_formula[last[1]] == pytest.approx(3.0)
    assert (stairs.last_step()[[1, 2, 4, 5]] == stairs.step_start[[2, 3, 5, 6]] - 1).all()


def test_energy_before_any_uptake_is_that_of_the_hull(stairs: Staircases, mp2019: Snapshot) -> None:
    row = mp2019.find(parse_formula("MgF2"))
    assert stairs.start_energy_ev_per_formula[1] == pytest.approx(
        3 * mp2019.phases.formation_energy_ev_per_atom[row]
    )
