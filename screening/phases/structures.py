"""Crystal structures of phases: unit cells from the literature and from the user's files."""

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

CELLS_FILE = "cells.toml"

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


@cache
def literature_cells() -> tuple[Cell, ...]:
    """Cells of ``cells.toml`` beside this module, built by their space groups."""
    content = tomllib.loads(files("screening.phases").joinpath(CELLS_FILE).read_text("utf-8"))
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


def find_cell(formula: Formula, cells: Sequence[Cell]) -> Cell | None:
    """The first cell of this composition, however its formula is written; None where there is none."""
    import numpy as np

    for cell in cells:
        if cell.formula.atomic_numbers == formula.atomic_numbers and np.allclose(
            cell.formula.fractions, formula.fractions
        ):
            return cell
    return None
