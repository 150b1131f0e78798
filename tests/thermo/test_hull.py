"""The tie-line walk on small systems whose hull is known, and against a general linear programme."""

import numpy as np
import pytest
from scipy.optimize import linprog

from screening.thermo.hull import TieLine, walk

EXACT = 1e-12
"""The walk is exact up to rounding of O(1) numbers."""

LINPROG_EV = 1e-8
"""HiGHS solves to about this."""


def binary(*phases: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Phases of a binary system A–B from (fraction of B, energy), after the two elements at 0."""
    fraction, energy = np.array([(0.0, 0.0), (1.0, 0.0), *phases]).T
    return np.column_stack((1.0 - fraction, fraction)), energy


def from_a_to_b(*phases: tuple[float, float]) -> TieLine:
    return walk(*binary(*phases), np.array([1.0, 0.0]), np.array([0.0, 1.0]))


def test_elements_that_do_not_react_have_a_straight_line() -> None:
    line = from_a_to_b()
    assert line.x.tolist() == [0.0, 1.0]
    assert line.energy_ev_per_atom.tolist() == [0.0, 0.0]
    assert line.amounts.tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_a_compound_is_a_kink_at_its_composition() -> None:
    line = from_a_to_b((0.25, -1.0))
    assert line.x == pytest.approx([0.0, 0.25, 1.0], abs=EXACT)
    assert line.energy_ev_per_atom == pytest.approx([0.0, -1.0, 0.0], abs=EXACT)
    assert line.amounts == pytest.approx(np.array([[1, 0, 0], [0, 0, 1], [0, 1, 0]]), abs=EXACT)


def test_phases_above_the_hull_never_appear() -> None:
    line = from_a_to_b((0.5, -1.0), (0.25, -0.4), (0.75, 0.3), (0.5, -0.9))
    assert line.x == pytest.approx([0.0, 0.5, 1.0], abs=EXACT)
    assert line.amounts[:, 3:].max() == 0.0


def test_a_line_may_start_and_end_at_compounds_or_between_them() -> None:
    fractions, energies = binary((0.5, -1.0), (0.75, -0.8))
    start, end = np.array([0.6, 0.4]), np.array([0.25, 0.75])
    line = walk(fractions, energies, start, end)
    assert line.x == pytest.approx([0.0, 0.1 / 0.35, 1.0], abs=EXACT)
    assert line.energy_ev_per_atom == pytest.approx([-0.8, -1.0, -0.8], abs=EXACT)
    assert line.amounts[0] == pytest.approx([0.2, 0.0, 0.8, 0.0], abs=EXACT)


def test_a_metastable_end_decays() -> None:
    fractions, energies = binary((0.5, -1.0), (0.25, -0.1))
    line = walk(fractions, energies, fractions[3], np.array([0.0, 1.0]))
    assert line.energy_ev_per_atom[0] == pytest.approx(-0.5, abs=EXACT)
    assert line.amounts[0] == pytest.approx([0.5, 0.0, 0.5, 0.0], abs=EXACT)


def test_an_exact_tie_conserves_the_elements_at_every_kink() -> None:
    # four compounds on one plane below three elements: the line crosses triangles of equal slope
    fractions = np.array(
        [[1, 0, 0], [0, 1, 0], [0, 0, 1], [2, 1, 1], [1, 2, 1], [1, 1, 2], [2, 2, 1], [3, 1, 1]], dtype=float
    )
    fractions /= fractions.sum(axis=1, keepdims=True)
    energies = np.where(np.arange(8) < 3, 0.0, -1.0)
    start, end = np.array([0.9, 0.05, 0.05]), np.array([0.1, 0.45, 0.45])
    line = walk(fractions, energies, start, end)
    mixed = (1.0 - line.x)[:, None] * start + line.x[:, None] * end
    assert line.amounts @ fractions == pytest.approx(mixed, abs=EXACT)
    assert line.amounts @ energies == pytest.approx(line.energy_ev_per_atom, abs=EXACT)


def test_a_compound_on_the_tie_line_of_its_elements_is_no_kink() -> None:
    assert len(from_a_to_b((0.5, 0.0)).x) == 2


@pytest.mark.parametrize("seed", range(40, 80))
def test_ties_and_degenerate_starts_agree_with_a_general_linear_programme(seed: int) -> None:
    rng = np.random.default_rng(seed)
    d = int(rng.integers(2, 6))
    amounts = rng.integers(0, 4, (int(rng.integers(1, 14)), d)).astype(float)
    amounts = amounts[amounts.sum(axis=1) > 0]
    fractions = np.vstack([np.eye(d), amounts / amounts.sum(axis=1, keepdims=True)])
    # energies on a coarse grid, so that planes through more than d phases are common
    energies = np.where(np.arange(len(fractions)) < d, 0.0, -0.5 * rng.integers(0, 3, len(fractions)))
    ends = fractions[rng.integers(0, len(fractions), 2)]
    line = walk(fractions, energies, ends[0], ends[1])
    for x in np.append(line.x, (line.x[1:] + line.x[:-1]) / 2):
        best = linprog(energies, A_eq=fractions.T, b_eq=(1 - x) * ends[0] + x * ends[1])
        assert np.interp(x, line.x, line.energy_ev_per_atom) == pytest.approx(best.fun, abs=LINPROG_EV)
    mixed = (1.0 - line.x)[:, None] * ends[0] + line.x[:, None] * ends[1]
    assert line.amounts @ fractions == pytest.approx(mixed, abs=EXACT)


def test_what_the_walk_cannot_use_is_refused() -> None:
    fractions, energies = binary((0.5, -1.0))
    ends = np.eye(2)
    with pytest.raises(ValueError, match="shapes disagree"):
        walk(fractions, energies[:-1], ends[0], ends[1])
    with pytest.raises(ValueError, match="shapes disagree"):
        walk(fractions, energies, ends[0], np.ones(3) / 3)
    with pytest.raises(ValueError, match="a phase of its own"):
        walk(fractions[1:], energies[1:], ends[0], ends[1])
