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
from screening.files import whole_file, write_json
from screening.lab.cycling.table import BDF_LABELS, EXTRA_COLUMNS, CyclingData
from screening.provenance import Provenance

CSV_ROWS_AT_ONCE = 200_000


class ColumnNames(StrEnum):
    """The two spellings that the standard has for its columns."""

    MACHINE = "machine-readable"
    PREFERRED = "preferred"


def bdf_frame(data: CyclingData, names: ColumnNames = ColumnNames.PREFERRED) -> pd.DataFrame:
    """Columns of a record under the standard's names; impedance points are rows like any other.

    Parameters
    ----------
    data : CyclingData
        The record.
    names : ColumnNames
        ``Test Time / s`` or ``test_time_second``.

    Returns
    -------
    pandas.DataFrame, shape (n_rows, n_columns)
    """
    table = data.table[[name for name in data.table.columns if name not in EXTRA_COLUMNS]]
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
    frame, notes = bdf_frame(data, names), _notes(data, provenance)
    if suffix == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pa.Table.from_pandas(frame, preserve_index=False)
        extra = {key.encode(): json.dumps(value).encode() for key, value in notes.items()}
        with whole_file(path) as draft:
            schema_notes = {**(table.schema.metadata or {}), **extra}
            pq.write_table(table.replace_schema_metadata(schema_notes), draft, compression="zstd")
    elif suffix == ".csv":
        write_json(path.with_name(f"{path.name}.metadata.json"), notes)
        with whole_file(path) as draft:
            frame.to_csv(draft, index=False, chunksize=CSV_ROWS_AT_ONCE)
    else:
        raise InputError(f"unknown suffix {suffix!r}", where=str(path), remedy="use .csv or .parquet")


def _notes(data: CyclingData, provenance: Provenance) -> dict[str, object]:
    """What the columns do not say."""
    return {
        "provenance": provenance.as_dict(),
        "cell": data.cell,
        "area_cm2": data.area_cm2,
        "active_mass_mg": data.active_mass_mg,
        "current_sign": "positive on charge",
        "current_origin": data.current_origin,
        "sources": [asdict(source) for source in data.sources],
        "flags": [{**asdict(flag), "kind": str(flag.kind)} for flag in data.flags],
    }
