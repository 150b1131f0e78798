"""What a sheet lists of a phase."""

from screening.handoff.patterns import MOST_LINES, pattern
from screening.phases.structures import literature_cells


def test_the_strongest_lines_in_order_of_angle() -> None:
    found = pattern("Mg", "product", literature_cells())
    assert [line.hkl for line in found.lines] == ["100", "002", "101", "110", "103", "112"]
    assert len(found.lines) == MOST_LINES


def test_a_phase_without_a_cell_has_no_lines() -> None:
    found = pattern("Li3YI6", "test", literature_cells())
    assert (found.lines, found.source) == ((), "")
