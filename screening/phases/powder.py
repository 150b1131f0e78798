"""Powder lines of a phase, simulated from its structure."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import asin, degrees, radians, sin
from typing import TYPE_CHECKING, Any

from screening.phases.structures import Cell
from screening.units import CU_KA_A

if TYPE_CHECKING:
    from pymatgen.core import Structure

RANGE_DEG = (10.0, 80.0)
"""Range of 2θ in doi 10.1002/aenm.202300815."""

LEAST_INTENSITY = 5.0
"""Lines weaker than this, in percent of the strongest, drown in the background of a milled powder."""

SAME_PLACE_A = 0.01
"""Atoms of a calculated cell that symmetry would move by less are where symmetry puts them."""


@dataclass(frozen=True)
class Line:
    """One powder line.

    Attributes
    ----------
    two_theta_deg, d_a : float
        Position, and lattice spacing in Å.
    intensity : float
        Percent of the strongest line of the phase.
    hkl : str
    """

    two_theta_deg: float
    d_a: float
    intensity: float
    hkl: str


def powder_lines(
    cell: Cell,
    *,
    wavelength_a: float = CU_KA_A,
    range_deg: tuple[float, float] = RANGE_DEG,
    least_intensity: float = LEAST_INTENSITY,
) -> tuple[Line, ...]:
    """Lines of a phase in order of angle.

    Kinematic intensities of a random powder (pymatgen): no texture, no broadening, no displacement factors.
    A calculated cell is brought to the standard setting of its space group first, since data bases keep
    primitive ones, in whose indices nobody would know a line.

    Parameters
    ----------
    cell : Cell
    wavelength_a : float
        Å.
    range_deg : tuple of float
        Lowest and highest 2θ.
    least_intensity : float
        Percent of the strongest line; weaker lines are left out.
    """
    from pymatgen.analysis.diffraction.xrd import XRDCalculator

    structure = _conventional(cell.structure) if cell.functional else cell.structure
    calculator = XRDCalculator(wavelength=wavelength_a)
    try:
        found = calculator.get_pattern(structure, two_theta_range=range_deg)
    except ValueError:  # pymatgen scales by the strongest line, of none as well
        if any(y > 0 for y in calculator.get_pattern(structure, two_theta_range=None).y):
            return ()
        raise
    return tuple(
        Line(float(x), float(d), float(y), _indices(planes))
        for x, y, d, planes in zip(found.x, found.y, found.d_hkls, found.hkls, strict=True)
        if y >= least_intensity
    )


def shift_deg(two_theta_deg: float, elongation: float) -> float:
    """By how much a line moves where the lattice is longer, in degrees of 2θ: negative, by Bragg's law.

    Parameters
    ----------
    two_theta_deg : float
        Where the line is.
    elongation : float
        Relative, as 0.01.
    """
    sine = sin(radians(two_theta_deg / 2.0)) / (1.0 + elongation)
    return 2.0 * degrees(asin(sine)) - two_theta_deg


def _conventional(structure: "Structure") -> "Structure":
    """The cell in the standard setting of its space group; as it is where no symmetry is found."""
    from pymatgen.symmetry.analyzer import SpacegroupAnalyzer, SymmetryUndeterminedError

    try:
        return SpacegroupAnalyzer(structure, symprec=SAME_PLACE_A).get_refined_structure()
    except SymmetryUndeterminedError:
        return structure


def _indices(planes: Sequence[dict[str, Any]]) -> str:
    """Miller indices of one line."""
    texts = []
    for plane in planes:
        h, k, *middle, last = plane["hkl"]
        if middle:
            h, k, last = _three_of_four(h, k, middle[0], last)
        plain = all(0 <= index < 10 for index in (h, k, last))
        texts.append(("" if plain else " ").join(str(index) for index in (h, k, last)))
    return ", ".join(texts)


def _three_of_four(h: int, k: int, i: int, last: int) -> list[int]:
    """A hexagonal plane by three indices, as tables list it: h and k of one sign, not negative."""
    pairs = ((h, k), (k, i), (i, h))
    first, second = next(pair for pair in pairs if pair[0] * pair[1] >= 0)
    if first < 0 or second < 0:
        first, second, last = -first, -second, -last
    return [max(first, second), min(first, second), abs(last)]
