"""What a table of phases must hold before anything is computed from it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from screening.errors import SnapshotError
from screening.phases.checksum import plain_values

COLUMNS = {
    "formula": pa.string(),
    "elements": pa.list_(pa.int64()),
    "amounts": pa.list_(pa.float64()),
    "formation_energy_ev_per_atom": pa.float64(),
    "band_gap_ev": pa.float64(),
    "band_gap_min_ev": pa.float64(),
    "band_gap_max_ev": pa.float64(),
    "band_gap_polymorphs": pa.int64(),
    "volume_per_atom_a3": pa.float64(),
    "volume_source": pa.string(),
}
"""Columns that every snapshot has, with the types they are read as; narrower ones may be stored."""

_NEVER_NULL = ("formula", "elements", "amounts", "band_gap_polymorphs", "volume_source")
_LAST_ELEMENT = 118


def require_sound(table: pa.Table, path: Path) -> pa.Table:
    """The columns of a table of phases, in the types of `COLUMNS`, one chunk each.

    Parameters
    ----------
    table : pyarrow.Table
    path : Path
        For messages.

    Raises
    ------
    SnapshotError
        If columns are lacking or of another kind, or a row is no phase; the message names the first fault.
    """
    for fault in _faults_of_columns(table):
        raise _damaged(fault, path)
    cast = table.select(list(COLUMNS)).cast(pa.schema(list(COLUMNS.items()))).combine_chunks()
    for fault in _faults_of_rows(cast):
        raise _damaged(fault, path)
    return cast


def _damaged(fault: str, path: Path) -> SnapshotError:
    return SnapshotError(fault, where=str(path), remedy="fetch or rebuild it")


def _faults_of_columns(table: pa.Table) -> Iterator[str]:
    missing = [name for name in COLUMNS if name not in table.column_names]
    if missing:
        yield f"columns missing: {', '.join(missing)}"
    for name, kind in COLUMNS.items():
        try:
            table.column(name).cast(kind)
        except pa.ArrowException:
            yield f"column {name} holds {table.column(name).type} instead of {kind}"
        if name in _NEVER_NULL and table.column(name).null_count:
            yield f"column {name} contains nulls"
    if not len(table):
        yield "contains no phases"


def _faults_of_rows(table: pa.Table) -> Iterator[str]:
    formulas = table.column("formula")
    elements, amounts = (table.column(name).chunk(0) for name in ("elements", "amounts"))
    sizes = plain_values(elements.value_lengths())
    for row in np.flatnonzero((sizes != plain_values(amounts.value_lengths())) | (sizes == 0))[:1]:
        yield f"{formulas[row]} has {sizes[row]} elements and {len(amounts[row])} amounts"
    owner = np.repeat(np.arange(len(table)), sizes)
    number = plain_values(elements.flatten())
    amount = plain_values(amounts.flatten())
    falling = np.append(False, (np.diff(number) <= 0) & (np.diff(owner) == 0))
    for flat in np.flatnonzero(falling | ~((number >= 1) & (number <= _LAST_ELEMENT)))[:1]:
        yield f"elements of {formulas[owner[flat]]} are not ascending atomic numbers"
    for flat in np.flatnonzero(~(np.isfinite(amount) & (amount > 0.0)))[:1]:
        yield f"{formulas[owner[flat]]} holds an amount of {amount[flat]}"
    energies = plain_values(table.column("formation_energy_ev_per_atom"))
    for row in np.flatnonzero(~np.isfinite(energies))[:1]:
        yield f"no energy for {formulas[row]}"
