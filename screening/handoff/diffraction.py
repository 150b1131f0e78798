"""Simulated powder lines of phases whose unit cell is at hand."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any
from warnings import catch_warnings, simplefilter

from screening.errors import InputError
from screening.phases.composition import Formula, parse_formula

if TYPE_CHECKING:
    from pymatgen.core import Structure

WAVELENGTH_A = 1.54178
"""Cu Kα, mean of Kα1 and Kα2 by 2:1, as in doi 10.1002/aenm.202300815."""

RANGE_DEG = (10.0, 80.0)
"""Range of 2θ in that work."""

LEAST_INTENSITY = 5.0
"""Lines weaker than this, in percent of the strongest, drown in the background of a milled powder."""

MOST_LINES = 6
"""Lines that a sheet lists of a phase: its strongest."""


HALF = 0.5
THIRD = 1.0 / 3.0

CENTRING = {
    "P": ((0.0, 0.0, 0.0),),
    "C": ((0.0, 0.0, 0.0), (HALF, HALF, 0.0)),
    "I": ((0.0, 0.0, 0.0), (HALF, HALF, HALF)),
    "R": ((0.0, 0.0, 0.0), (2.0 * THIRD, THIRD, THIRD), (THIRD, 2.0 * THIRD, 2.0 * THIRD)),
    "F": ((0.0, 0.0, 0.0), (0.0, HALF, HALF), (HALF, 0.0, HALF), (HALF, HALF, 0.0)),
}
"""Translations of the lattice by the first letter of the space group; R in hexagonal axes, obverse."""


@dataclass(frozen=True)
class Cell:
    """A phase with its structure and where that comes from."""

    formula: Formula
    structure: "Structure"
    source: str


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
    """

    formula: str
    role: str
    source: str
    lines: tuple[Line, ...]


@cache
def literature_cells() -> tuple[Cell, ...]:
    """Cells of ``cells.toml`` beside this module, built by their space groups."""
    content = tomllib.loads(files("screening.handoff").joinpath("cells.toml").read_text("utf-8"))
    return tuple(_literature_cell(entry, content["sources"]) for entry in content["cell"])


def _literature_cell(entry: dict[str, Any], sources: dict[str, str]) -> Cell:
    """One cell from its sites; pymatgen's own space groups would do, but take seconds to build."""
    from pymatgen.core import Lattice, Structure, SymmOp

    a = entry["a"]
    lengths = (a, entry.get("b", a), entry.get("c", a))
    lattice = Lattice.from_parameters(*lengths, 90.0, entry.get("beta", 90.0), entry.get("gamma", 90.0))
    operations = [SymmOp.from_xyz_str(text) for text in entry.get("operations", ["x,y,z"])]
    atoms = [
        (element, operation.operate(place) + shift)
        for element, *place in entry["sites"]
        for operation in operations
        for shift in CENTRING[entry["space_group"][0]]
    ]
    elements, places = [each[0] for each in atoms], [each[1] for each in atoms]
    structure = Structure(lattice, elements, places, to_unit_cell=True)
    return Cell(parse_formula(entry["formula"]), structure, sources[entry["source"]])


def read_cells(paths: Sequence[Path]) -> tuple[Cell, ...]:
    """Structures from the user's CIF files.

    Raises
    ------
    InputError
        If a file cannot be read as a structure.
    """
    return tuple(_read_cell(path) for path in paths)


def _read_cell(path: Path) -> Cell:
    from pymatgen.core import Structure

    try:
        with catch_warnings():
            simplefilter("ignore", UserWarning)  # the parser's remarks; what it cannot use, it raises
            structure = Structure.from_str(path.read_text("utf-8"), fmt="cif")
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror})", where=str(path), remedy="give a CIF file"
        ) from None
    except (ValueError, KeyError, IndexError, AssertionError, UnicodeDecodeError) as error:
        raise InputError(f"no structure in it ({error})", where=str(path), remedy="give a CIF file") from None
    elements = structure.composition.element_composition
    formula = parse_formula(elements.reduced_formula)
    return Cell(formula, structure, f"your file {path.name}")


def pattern(formula: str, role: str, cells: Sequence[Cell]) -> Pattern:
    """Strongest lines of a phase, Cu Kα, 10 to 80° 2θ; the first cell of its composition is taken.

    Kinematic intensities of a random powder (pymatgen): no texture, no broadening, no displacement factors.
    """
    from pymatgen.analysis.diffraction.xrd import XRDCalculator

    wanted = parse_formula(formula)
    for cell in cells:
        if not _same(cell.formula, wanted):
            continue
        found = XRDCalculator(wavelength=WAVELENGTH_A).get_pattern(cell.structure, two_theta_range=RANGE_DEG)
        lines = [
            Line(float(x), float(d), float(y), _indices(planes))
            for x, y, d, planes in zip(found.x, found.y, found.d_hkls, found.hkls, strict=True)
            if y >= LEAST_INTENSITY
        ]
        strongest = sorted(lines, key=lambda line: -line.intensity)[:MOST_LINES]
        ordered = tuple(sorted(strongest, key=lambda line: line.two_theta_deg))
        return Pattern(formula, role, cell.source, ordered)
    return Pattern(formula, role, "", ())


def _same(left: Formula, right: Formula) -> bool:
    import numpy as np

    return left.atomic_numbers == right.atomic_numbers and bool(np.allclose(left.fractions, right.fractions))


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
