"""Parquet: the Battery Data Format's own, or any other with named columns."""

from pathlib import Path

import pandas as pd

from screening.lab.readers.cycling_columns import recognise
from screening.lab.readers.cycling_tidy import RawRecord
from screening.lab.readers.damage import damage_told


def read_cycling_parquet(path: Path) -> RawRecord:
    """Read the columns of a parquet file that the vocabulary knows; no others are loaded.

    Raises
    ------
    InputError
        If the file is damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    with damage_told(path, "parquet file", "it may be damaged; write it again", (pa.ArrowException,)):
        with pq.ParquetFile(path) as file:
            columns = [match.header for match in recognise(file.schema_arrow.names).values()]
            table = file.read(columns=columns)
        frame = table.to_pandas(split_blocks=True, self_destruct=True)
    frame.index = pd.RangeIndex(1, len(frame) + 1, name="record")
    return RawRecord(path, "Battery Data Format parquet", frame)
