"""Writing a record in the Battery Data Format (csv, parquet), as the standard's own validator accepts it.

The columns are the standard's and nothing else (a further column would be dropped by other readers); what
they do not hold goes beside them: into the schema's metadata of a parquet file, and for csv into
``<name>.metadata.json``.
"""

import json
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path

import pandas as pd

from screening.errors import InputError
from screening.files import atomic_write, write_json
from screening.lab.cycling.table import BDF_LABELS, EXTRA_COLUMNS, CyclingData
from screening.provenance import Provenance


class ColumnNames(StrEnum):
    """The two spellings that the standard has for its columns."""

    MACHINE = "machine-readable"
    PREFERRED = "preferred"


def bdf_frame(data: CyclingData, names: ColumnNames = ColumnNames.PREFERRED) -> pd.DataFrame:
    """Columns of a record under the standard's names.

    Impedance points are left out: without a column for their frequency they would pass for cycling.

    Parameters
    ----------
    data : CyclingData
        The record.
    names : ColumnNames
        ``Test Time / s`` or ``test_time_second``.

    Returns
    -------
    pandas.DataFrame, shape (n_cycling_rows, n_columns)
    """
    table = data.table[[name for name in data.table.columns if name not in EXTRA_COLUMNS]]
    if data.is_impedance is not None:
        table = table[~data.is_impedance].reset_index(drop=True)
    return table.rename(columns=BDF_LABELS) if names is ColumnNames.PREFERRED else table


def write_bdf(
    path: Path, data: CyclingData, provenance: Provenance, names: ColumnNames = ColumnNames.PREFERRED
) -> None:
    """Write a record as Battery Data Format.

    Parameters
    ----------
    path : Path
        Ends in ``.csv`` or ``.parquet`` (customarily ``.bdf.csv``, ``.bdf.parquet``).
    data : CyclingData
        The record.
    provenance : Provenance
        The stamp.
    names : ColumnNames
        Spelling of the columns.

    Raises
    ------
    InputError
        If the suffix is another, or the place cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".parquet"):
        raise InputError(f"unknown suffix {suffix!r}", where=str(path), remedy="use .csv or .parquet")
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    table = pa.Table.from_pandas(bdf_frame(data, names), preserve_index=False)
    notes = _notes(data, provenance)
    if suffix == ".parquet":
        extra = {key.encode(): json.dumps(value).encode() for key, value in notes.items()}
        described = table.replace_schema_metadata({**(table.schema.metadata or {}), **extra})
        with atomic_write(path) as draft:
            pa.parquet.write_table(described, draft, compression="zstd")
        return
    write_json(path.with_name(f"{path.name}.metadata.json"), notes)
    bare = pa.csv.WriteOptions(include_header=False, quoting_style="none")
    with atomic_write(path) as draft, draft.open("wb") as file:
        # the standard's readers look for the bare names; Arrow would quote them
        file.write((",".join(table.column_names) + "\n").encode())
        pa.csv.write_csv(table, file, bare)


def _notes(data: CyclingData, provenance: Provenance) -> dict[str, object]:
    """What the columns do not say."""
    return {
        "provenance": provenance.as_dict(),
        "cell": data.cell,
        "area_cm2": data.area_cm2,
        "active_mass_mg": data.active_mass_mg,
        "current_sign": "positive on charge",
        "current_origin": data.current_origin,
        "impedance_points_left_out": 0 if data.is_impedance is None else int(data.is_impedance.sum()),
        "sources": [asdict(source) for source in data.sources],
        "flags": [{**asdict(flag), "kind": str(flag.kind)} for flag in data.flags],
    }
