"""The powder lines that a bench sheet lists of each phase."""

from collections.abc import Sequence
from dataclasses import dataclass

from screening.phases.composition import parse_formula
from screening.phases.powder import Line, powder_lines
from screening.phases.structures import Cell, find_cell

MOST_LINES = 6
"""Lines that a sheet lists of a phase: its strongest."""


@dataclass(frozen=True)
class Pattern:
    """The strongest lines of one phase in order of angle; without lines where no structure is at hand.

    Attributes
    ----------
    formula : str
    role : str
        Where the phase is met: reactant, precursor, product, metal.
    source : str
        Citation of the cell; empty where there is none.
    lines : tuple of Line
    functional : str
        Density functional of a calculated cell; empty for any other.
    """

    formula: str
    role: str
    source: str
    lines: tuple[Line, ...]
    functional: str = ""


def pattern(formula: str, role: str, cells: Sequence[Cell]) -> Pattern:
    """Strongest lines of a phase, Cu Kα, 10 to 80° 2θ; the first cell of its composition is taken."""
    cell = find_cell(parse_formula(formula), cells)
    if cell is None:
        return Pattern(formula, role, "", ())
    strongest = sorted(powder_lines(cell), key=lambda line: -line.intensity)[:MOST_LINES]
    lines = tuple(sorted(strongest, key=lambda line: line.two_theta_deg))
    return Pattern(formula, role, cell.source, lines, cell.functional)
