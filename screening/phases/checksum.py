"""A checksum of a table's content that does not depend on the file format or its writer."""

import hashlib
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from screening.errors import SnapshotError


def content_checksum(table: pa.Table) -> str:
    """SHA-256 of a table's values, the same for every writer, chunking and compression.

    The digest covers, column by column in schema order: the name, the type, the number of rows, one
    validity byte a row, and the values as little-endian bytes. A null counts as zero (text: as empty).
    Text is hashed as UTF-8 after its lengths, a list as its lengths followed by its values.
    The schema's metadata is left out.

    Parameters
    ----------
    table : pyarrow.Table
        Columns of integers, floats, booleans, text, or lists of these without nulls inside.

    Returns
    -------
    str
        64 hexadecimal digits.

    Raises
    ------
    SnapshotError
        If a column has another type, or a list holds a null.
    """
    digest = hashlib.sha256()
    for name, column in zip(table.column_names, table.columns, strict=True):
        for part in _column_bytes(name, column.combine_chunks()):
            digest.update(part)
    return digest.hexdigest()


def plain_values(column: pa.Array | pa.ChunkedArray, null: float = np.nan) -> np.ndarray:
    """Values of a column, (n,): `null` where a number is lacking, text as objects, booleans as bytes.

    Arrow's own `to_numpy` and `fill_null` import pandas, which takes longer than reading a snapshot.
    """
    array = pa.concat_arrays(column.chunks) if isinstance(column, pa.ChunkedArray) else column
    if _is_text(array.type):
        return np.array(array.to_pylist(), dtype=object)
    if pa.types.is_boolean(array.type):
        array = array.cast(pa.uint8())
    kind = np.dtype(array.type.to_pandas_dtype())
    start = array.offset * kind.itemsize
    values = np.frombuffer(array.buffers()[1] or b"", kind, len(array), start)
    if array.null_count:
        lacking = null if np.isnan(null) else kind.type(null)  # integers become floats beside NaN
        values = np.where(plain_values(array.is_null()), lacking, values)
    return values


def _column_bytes(name: str, column: pa.Array | pa.ChunkedArray) -> Iterator[bytes]:
    array = pa.concat_arrays(column.chunks) if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    label = f"{name}\0{_type_name(name, array.type)}\0".encode()
    yield _integers([len(label), len(array)]) + label
    yield plain_values(array.is_valid()).tobytes()
    yield from _value_bytes(name, array)


def _value_bytes(name: str, array: pa.Array) -> Iterator[bytes]:
    if _is_list(array.type):
        yield _integers(plain_values(pc.list_value_length(array), 0))
        values = pc.list_flatten(array)
        if values.null_count:
            raise SnapshotError("a list holds a null", where=f"column {name}", remedy="rebuild the snapshot")
        yield from _value_bytes(name, values)
    elif _is_text(array.type):
        filled = array.fill_null("") if array.null_count else array
        yield _integers(plain_values(pc.binary_length(filled)))
        yield "".join(filled.to_pylist()).encode()
    else:
        numbers = plain_values(array, 0)
        yield numbers.astype(numbers.dtype.newbyteorder("<")).tobytes()


def _type_name(name: str, kind: pa.DataType) -> str:
    """Name of a type by what it holds: the widths of offsets and the names of list fields do not count."""
    if _is_list(kind):
        return f"list<{_type_name(name, kind.value_type)}>"
    if _is_text(kind):
        return "string"
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind):
        return str(kind)
    raise SnapshotError(f"no checksum for type {kind}", where=f"column {name}", remedy="use numbers or text")


def _is_list(kind: pa.DataType) -> bool:
    return pa.types.is_list(kind) or pa.types.is_large_list(kind)


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _integers(values: object) -> bytes:
    return np.asarray(values, dtype="<i8").tobytes()
