"""Parquet: the Battery Data Format's own, or any other with named columns."""

from collections.abc import Iterator

import pandas as pd

from screening.lab.readers.columns import match
from screening.lab.readers.source import File, Reader, Table, damage_told


def _read(file: File) -> Iterator[Table]:
    """Columns that the dictionary knows; no others are loaded."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with damage_told(file, "parquet file", "it may be damaged; write it again", (pa.ArrowException,)):
        with pq.ParquetFile(file.path) as content:
            columns = [column.header for column in match(content.schema_arrow.names).values()]
            table = content.read(columns=columns)
        frame = table.to_pandas(split_blocks=True, self_destruct=True)
    frame.index = pd.RangeIndex(1, len(frame) + 1, name="record")
    yield Table(
        path=file.path,
        format="Battery Data Format parquet",
        frame=frame,
        metadata={"format": "parquet"},
        sign_is_known=False,
    )


READERS = (
    Reader(
        name="parquet",
        knows=lambda file: file.head.startswith(b"PAR1") or file.suffix == ".parquet",
        read=_read,
    ),
)
