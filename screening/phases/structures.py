"""Crystal structures of phases: from the literature, the user's files, a fetched snapshot."""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any
from warnings import catch_warnings, simplefilter

import numpy as np
from numpy.typing import NDArray

from screening.errors import InputError
from screening.files import no_pipe
from screening.phases.composition import Formula, parse_formula, same_composition
from screening.phases.entries import NON_COMMERCIAL
from screening.phases.relaxed import STRUCTURES_FILE, Relaxed, read_structures
from screening.phases.snapshot import Snapshot

if TYPE_CHECKING:
    from pymatgen.core import Structure

CELLS_FILE = "cells.toml"

SAME_SITE = 1e-3
"""Fractional coordinates of one place differ by rounding (0.3333) at most."""

SETTINGS = 530
"""Of the 230 space groups, by the numbers of their Hall symbols."""

FUNCTIONALS = {"GGA": "PBE", "GGA+U": "PBE+U", "R2SCAN": "r2SCAN"}
"""Density functionals by the Materials Project's kinds of calculation, in capitals."""


@dataclass(frozen=True)
class Cell:
    """A phase with its structure and where that comes from.

    Attributes
    ----------
    formula : Formula
    structure : pymatgen Structure
    source : str
    functional : str
        Density functional of a calculated cell, as ``PBE``; empty for any other.
    """

    formula: Formula
    structure: "Structure"
    source: str
    functional: str = ""


@cache
def literature_cells() -> tuple[Cell, ...]:
    """Cells of ``cells.toml`` beside this module, built by their space groups."""
    content = tomllib.loads(files("screening.phases").joinpath(CELLS_FILE).read_text("utf-8"))
    return tuple(_literature_cell(entry, content["sources"]) for entry in content["cell"])


def _literature_cell(entry: dict[str, Any], sources: dict[str, str]) -> Cell:
    """One cell from one site of each orbit; a site may be shared, as ``Ge0.515P0.485``."""
    from pymatgen.core import Composition, Lattice, Structure

    a = entry["a"]
    lengths = (a, entry.get("b", a), entry.get("c", a))
    lattice = Lattice.from_parameters(*lengths, 90.0, entry.get("beta", 90.0), entry.get("gamma", 90.0))
    group = entry["space_group"]
    orbits = [(Composition(species), _orbit(group, place)) for species, *place in entry["sites"]]
    atoms = [species for species, places in orbits for _ in places]
    structure = Structure(lattice, atoms, [place for _, places in orbits for place in places])
    return Cell(parse_formula(entry["formula"]), structure, sources[entry["source"]])


def _orbit(space_group: str, place: Sequence[float]) -> list[NDArray[np.float64]]:
    """All places that a space group makes of one, in fractional coordinates."""
    rotations, translations = _operations(space_group)
    places: list[NDArray[np.float64]] = []
    for other in (rotations @ np.asarray(place) + translations) % 1.0:
        if all((np.abs((other - each + 0.5) % 1.0 - 0.5) > SAME_SITE).any() for each in places):
            places.append(other)
    return places


@cache
def _operations(space_group: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rotations, (n, 3, 3), and translations, (n, 3), of a space group, those of its lattice among them.

    spglib's table; pymatgen's own takes seconds to build.
    """
    import spglib

    found = spglib.get_symmetry_from_database(_hall_numbers()[space_group])
    assert found is not None  # the table holds every setting
    return found["rotations"].astype(float), found["translations"]


@cache
def _hall_numbers() -> dict[str, int]:
    """Of the first setting of each space group: b unique, origin choice 1, hexagonal axes."""
    import spglib

    types = {number: spglib.get_spacegroup_type(number) for number in reversed(range(1, SETTINGS + 1))}
    return {each.international_short: number for number, each in types.items() if each is not None}


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
            structure = Structure.from_str(no_pipe(path).read_text("utf-8"), fmt="cif")
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror})", where=str(path), remedy="give a CIF file"
        ) from None
    except (ValueError, KeyError, IndexError, AssertionError, UnicodeDecodeError) as error:
        raise InputError(f"no structure in it ({error})", where=str(path), remedy="give a CIF file") from None
    elements = structure.composition.element_composition
    formula = parse_formula(elements.reduced_formula)
    return Cell(formula, structure, f"your file {path.name}")


def snapshot_cells(snapshot: Snapshot, formulas: Iterable[str]) -> tuple[Cell, ...]:
    """Calculated cells of these phases, read from the snapshot's directory.

    Parameters
    ----------
    snapshot : Snapshot
        One fetched without structures has none; so does the embedded one.
    formulas : iterable of str
        Phases to look for; others of the same elements may come along.

    Returns
    -------
    tuple of Cell
        Structures exactly as the Materials Project gave them, at 0 K and in its choice of cell.

    Raises
    ------
    SnapshotError
        If the file of structures is damaged.
    """
    if snapshot.directory is None or STRUCTURES_FILE not in dict(snapshot.manifest.file_sha256):
        return ()
    relaxed = read_structures(snapshot.directory / STRUCTURES_FILE, tuple(formulas))
    version = snapshot.manifest.database_version.rpartition(" v")[2]
    return tuple(_calculated_cell(each, version) for each in relaxed)


def _calculated_cell(relaxed: Relaxed, version: str) -> Cell:
    functional = FUNCTIONALS.get(relaxed.run_type.upper(), relaxed.run_type)
    limited = "; not for commercial use" if relaxed.licence == NON_COMMERCIAL else ""
    source = f"Materials Project {relaxed.material_id} ({functional}, version {version}{limited})"
    return Cell(parse_formula(relaxed.formula), relaxed.structure(), source, functional)


def find_cell(formula: Formula, cells: Sequence[Cell]) -> Cell | None:
    """The first cell of this composition, however its formula is written; None where there is none."""
    return next((cell for cell in cells if same_composition(cell.formula, formula)), None)
