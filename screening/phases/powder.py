"""Powder lines of a phase, simulated from its structure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from screening.phases.structures import Cell

CU_KA_A = 1.54178
"""Cu Kα, mean of Kα1 and Kα2 by 2:1, as in doi 10.1002/aenm.202300815."""

RANGE_DEG = (10.0, 80.0)
"""Range of 2θ in that work."""

LEAST_INTENSITY = 5.0
"""Lines weaker than this, in percent of the strongest, drown in the background of a milled powder."""


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

    found = XRDCalculator(wavelength=wavelength_a).get_pattern(cell.structure, two_theta_range=range_deg)
    return tuple(
        Line(float(x), float(d), float(y), _indices(planes))
        for x, y, d, planes in zip(found.x, found.y, found.d_hkls, found.hkls, strict=True)
        if y >= least_intensity
    )


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
