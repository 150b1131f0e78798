"""Powder lines against Bragg's law and the tables' way of writing them."""

from math import asin, degrees, sqrt

import pytest

from screening.phases.composition import parse_formula
from screening.phases.powder import RANGE_DEG, Line, powder_lines, shift_deg
from screening.phases.structures import find_cell, literature_cells
from screening.units import CU_KA_A

CUBIC_A = {"LiCl": 5.12954, "LiF": 4.0173, "Al": 4.04958, "LiAl": 6.37, "Li2S": 5.708}
MO_KA_A = 0.71073


def lines_of(formula: str, wavelength_a: float = CU_KA_A, least_intensity: float = 5.0) -> tuple[Line, ...]:
    cell = find_cell(parse_formula(formula), literature_cells())
    assert cell is not None
    return powder_lines(cell, wavelength_a=wavelength_a, least_intensity=least_intensity)


@pytest.mark.parametrize("wavelength_a", [CU_KA_A, MO_KA_A])
@pytest.mark.parametrize("formula", CUBIC_A)
def test_positions_follow_braggs_law(formula: str, wavelength_a: float) -> None:
    found = lines_of(formula, wavelength_a)
    assert max(line.intensity for line in found) == pytest.approx(100.0)
    for line in found:
        h, k, index = map(int, line.hkl.split(",")[0])
        sine = wavelength_a * sqrt(h * h + k * k + index * index) / (2.0 * CUBIC_A[formula])
        assert line.two_theta_deg == pytest.approx(2.0 * degrees(asin(sine)), abs=1e-4)
        assert len({h % 2, k % 2, index % 2}) == 1  # face centred: all even or all odd
        assert RANGE_DEG[0] <= line.two_theta_deg <= RANGE_DEG[1]


def test_the_argyrodite_has_its_three_lines() -> None:
    """At 25.5, 30.0 and 31.4° (Cu Kα), by which papers tell Li6PS5Cl."""
    strongest = sorted(lines_of("Li6PS5Cl"), key=lambda line: -line.intensity)[:3]
    assert sorted(line.two_theta_deg for line in strongest) == pytest.approx([25.5, 30.0, 31.4], abs=0.15)


def test_hexagonal_lines_are_named_as_in_tables() -> None:
    assert [line.hkl for line in lines_of("Mg")][:6] == ["100", "002", "101", "102", "110", "103"]


def test_a_longer_lattice_moves_lines_to_lower_angles() -> None:
    for line in lines_of("LiCl"):
        sine = CU_KA_A / (2.0 * 1.01 * line.d_a)
        moved = line.two_theta_deg + shift_deg(line.two_theta_deg, 0.01)
        assert moved == pytest.approx(2.0 * degrees(asin(sine)), abs=1e-4)
    assert [round(shift_deg(place, 0.01), 2) for place in (30.0, 60.0)] == [-0.3, -0.65]


def test_weak_lines_are_left_out() -> None:
    every, strong = lines_of("LiAlCl4", least_intensity=0.1), lines_of("LiAlCl4", least_intensity=20.0)
    assert set(strong) < set(every)
    assert min(line.intensity for line in strong) >= 20.0


def test_a_range_without_reflections_has_no_lines() -> None:
    cell = find_cell(parse_formula("LiCl"), literature_cells())
    assert cell is not None
    assert powder_lines(cell, range_deg=(1.0, 5.0)) == ()
