"""Relaxed structures of the phases of a fetched snapshot, as columns: one row a phase."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from screening.errors import InputError, SnapshotError
from screening.phases.composition import SAME_FRACTION, atomic_number, symbol
from screening.phases.entries import Entry

if TYPE_CHECKING:
    from pymatgen.core import Structure

STRUCTURES_FILE = "structures.parquet"

MOST_ATOMS = 200
"""Atoms of the largest cell that is kept: its thousands of lines lie closer together than a powder pattern
resolves."""

STRUCTURES_SCHEMA = pa.schema(
    [
        pa.field("formula", pa.string(), nullable=False),
        pa.field("material_id", pa.string(), nullable=False),
        pa.field("run_type", pa.string(), nullable=False),
        pa.field("licence", pa.string(), nullable=False),
        pa.field("lattice_a", pa.list_(pa.float64()), nullable=False),
        pa.field("atomic_numbers", pa.list_(pa.uint8()), nullable=False),
        pa.field("fractional_coordinates", pa.list_(pa.float64()), nullable=False),
        pa.field("lack", pa.string(), nullable=False),
    ]
)

_ELEMENT = re.compile("[A-Z][a-z]?")
_LAST_ELEMENT = 118
_LEAST_VOLUME_A3 = 1e-3


class Lack(StrEnum):
    """Why a phase has no structure."""

    MISSING = "missing"
    DISORDERED = "disordered"
    TOO_LARGE = "too large"
    MALFORMED = "malformed"


@dataclass(frozen=True, kw_only=True)
class Relaxed:
    """The structure that belongs to one energy, or the reason why there is none.

    Attributes
    ----------
    formula, material_id, run_type, licence : str
        As of the `Entry` that it belongs to.
    lattice_a : tuple of float
        Lattice vectors in Å, one after the other: 9 numbers, or none.
    atomic_numbers : tuple of int
        (n,)
    fractional_coordinates : tuple of float
        Of one atom after the other: 3n numbers.
    lack : str
        Empty, or a `Lack`.
    """

    formula: str
    material_id: str
    run_type: str
    licence: str
    lattice_a: tuple[float, ...] = ()
    atomic_numbers: tuple[int, ...] = ()
    fractional_coordinates: tuple[float, ...] = ()
    lack: str = ""

    def structure(self) -> "Structure":
        """The structure exactly as it was stored; only for one that lacks nothing."""
        from pymatgen.core import Lattice, Structure

        lattice = Lattice(np.reshape(self.lattice_a, (3, 3)))
        places = np.reshape(self.fractional_coordinates, (-1, 3))
        return Structure(lattice, [symbol(z) for z in self.atomic_numbers], places)


def calculation(document: Mapping[str, Any], run_type: str) -> Any:
    """Structure of one calculation in a document of the thermo route, None where it holds none."""
    value: Any = document
    for key in ("entries", run_type, "structure"):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def relaxed_of(entry: Entry, document: Any) -> Relaxed:
    """Structure of an entry from pymatgen's dictionary of it; no object in that is brought to life.

    Parameters
    ----------
    entry : Entry
    document : mapping or None
        None where the service gave none.

    Returns
    -------
    Relaxed
        With a `Lack` if the dictionary cannot be used.
    """
    bare = Relaxed(
        formula=entry.formula, material_id=entry.material_id, run_type=entry.run_type, licence=entry.licence
    )
    if document is None:
        return replace(bare, lack=Lack.MISSING.value)
    try:
        sites = document["sites"]
        if len(sites) > MOST_ATOMS:
            return replace(bare, lack=Lack.TOO_LARGE.value)
        if any(len(site["species"]) != 1 or site["species"][0]["occu"] != 1 for site in sites):
            return replace(bare, lack=Lack.DISORDERED.value)
        found = replace(
            bare,
            lattice_a=tuple(float(x) for row in document["lattice"]["matrix"] for x in row),
            atomic_numbers=tuple(atomic_number(site["species"][0]["element"]) for site in sites),
            fractional_coordinates=tuple(float(x) for site in sites for x in site["abc"]),
        )
    except (LookupError, TypeError, ValueError, AttributeError, InputError):
        return replace(bare, lack=Lack.MALFORMED.value)
    sound = _whole(found) and _of_composition(found, entry)
    return found if sound else replace(bare, lack=Lack.MALFORMED.value)


def _whole(relaxed: Relaxed) -> bool:
    """Whether the numbers make a structure."""
    atoms, numbers = len(relaxed.atomic_numbers), (*relaxed.lattice_a, *relaxed.fractional_coordinates)
    return (
        len(relaxed.lattice_a) == 9
        and atoms > 0
        and len(relaxed.fractional_coordinates) == 3 * atoms
        and all(map(isfinite, numbers))
        and all(1 <= z <= _LAST_ELEMENT for z in relaxed.atomic_numbers)
        and abs(np.linalg.det(np.reshape(relaxed.lattice_a, (3, 3)))) > _LEAST_VOLUME_A3
    )


def _of_composition(relaxed: Relaxed, entry: Entry) -> bool:
    numbers, atoms = np.unique(relaxed.atomic_numbers, return_counts=True)
    if tuple(numbers.tolist()) != entry.elements:
        return False
    expected = np.array(entry.amounts) / sum(entry.amounts)
    return bool(np.abs(atoms / atoms.sum() - expected).max() <= SAME_FRACTION)


def structures_table(structures: Iterable[Relaxed]) -> pa.Table:
    """Structures as a table; sorted, so that the order in which they came does not matter."""
    ordered = sorted(structures, key=lambda each: (each.formula, each.material_id, each.run_type))
    return pa.Table.from_pylist([asdict(each) for each in ordered], schema=STRUCTURES_SCHEMA)


def structures_of(table: pa.Table) -> list[Relaxed]:
    """Structures from a table as `structures_table` makes it."""
    rows: list[dict[str, Any]] = table.to_pylist()
    return [Relaxed(**{name: _frozen(value) for name, value in row.items()}) for row in rows]


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def read_structures(path: Path, formulas: Sequence[str] | None = None) -> list[Relaxed]:
    """Rows of a structures file, those without a structure left out.

    Parameters
    ----------
    path : Path
    formulas : sequence of str, optional
        Only rows whose formula holds the elements of one of these.

    Raises
    ------
    SnapshotError
        If the file cannot be read, or a row is no structure.
    """
    try:
        table = pq.read_table(path).select(STRUCTURES_SCHEMA.names).cast(STRUCTURES_SCHEMA)
        if formulas is not None:
            wanted = {_symbols(each) for each in formulas}
            names = table.column("formula").to_pylist()
            table = table.take([i for i, name in enumerate(names) if _symbols(name) in wanted])
        found = [each for each in structures_of(table) if not each.lack]
    except (OSError, KeyError, TypeError, pa.ArrowException) as error:
        raise SnapshotError(
            f"holds no structures ({type(error).__name__})", where=str(path), remedy="fetch it again"
        ) from None
    for each in found:
        if not _whole(each):
            raise SnapshotError(
                f"the structure of {each.formula} is none", where=str(path), remedy="fetch it again"
            )
    return found


def _symbols(formula: str) -> frozenset[str]:
    return frozenset(_ELEMENT.findall(formula))
