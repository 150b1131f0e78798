"""The content checksum: blind to the writer, sharp to every value."""

import hashlib
import io
import struct

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from screening.errors import SnapshotError
from screening.phases.checksum import content_checksum

SCHEMA = pa.schema(
    [
        ("name", pa.string()),
        ("amounts", pa.list_(pa.float32())),
        ("energy", pa.float64()),
        ("count", pa.int16()),
    ]
)
LIST = pa.list_(pa.int64())
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
            "amounts": st.none() | st.lists(st.floats(width=32, allow_nan=False), max_size=3),
            "energy": st.none() | st.floats(allow_nan=False),
            "count": st.none() | st.integers(-9, 9),
        }
    ),
    min_size=1,
    max_size=6,
)


def table_of(rows: list[dict]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def test_digest_is_the_documented_stream_of_bytes() -> None:
    table = pa.table({"e": pa.array([1.5, None], pa.float64()), "f": pa.array(["Li", None], pa.string())})
    stream = struct.pack("<2q", 9, 2) + b"e\0double\0" + b"\1\0" + struct.pack("<2d", 1.5, 0.0)
    stream += struct.pack("<2q", 9, 2) + b"f\0string\0" + b"\1\0" + struct.pack("<2q", 2, 0) + b"Li"
    assert content_checksum(table) == hashlib.sha256(stream).hexdigest()


@given(ROWS, st.sampled_from(["zstd", "none", "snappy"]), st.booleans(), st.integers(1, 4))
def test_writer_options_and_row_groups_do_not_matter(
    rows: list[dict], compression: str, dictionary: bool, group: int
) -> None:
    table = table_of(rows)
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression=compression, use_dictionary=dictionary, row_group_size=group)
    assert content_checksum(pq.read_table(buffer)) == content_checksum(table)


@given(ROWS)
def test_chunks_slices_encodings_and_metadata_do_not_matter(rows: list[dict]) -> None:
    table = table_of(rows)
    expected = content_checksum(table)
    middle = len(rows) // 2
    assert content_checksum(pa.concat_tables([table.slice(0, middle), table.slice(middle)])) == expected
    assert content_checksum(pa.concat_tables([table, table]).slice(len(rows))) == expected
    assert content_checksum(table.replace_schema_metadata({"any": "thing"})) == expected
    encoded = table.set_column(0, "name", table["name"].dictionary_encode())
    assert content_checksum(encoded) == expected
    assert content_checksum(table.set_column(0, "name", table["name"].cast(pa.large_string()))) == expected


@given(ROWS, ROWS)
def test_other_values_give_another_digest(one: list[dict], two: list[dict]) -> None:
    same = repr(table_of(one).to_pylist()) == repr(table_of(two).to_pylist())  # tells 0.0 from -0.0
    assert (content_checksum(table_of(one)) == content_checksum(table_of(two))) == same


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ({"a": [0]}, {"b": [0]}),
        ({"a": [0], "b": [1]}, {"b": [1], "a": [0]}),
        ({"a": pa.array([1.0], pa.float32())}, {"a": pa.array([1.0], pa.float64())}),
        ({"a": ["ab", "c"]}, {"a": ["a", "bc"]}),
        ({"a": [[1], [2, 3]]}, {"a": [[1, 2], [3]]}),
        ({"a": pa.array([[]], LIST)}, {"a": pa.array([None], LIST)}),
        ({"a": pa.array([0, 1])}, {"a": pa.array([None, 1])}),
    ],
)
def test_names_order_types_and_boundaries_count(one: dict, two: dict) -> None:
    assert content_checksum(pa.table(one)) != content_checksum(pa.table(two))


def test_a_null_inside_a_list_is_refused() -> None:
    with pytest.raises(SnapshotError, match="column a"):
        content_checksum(pa.table({"a": [[1, None]]}))


def test_a_type_without_checksum_is_refused() -> None:
    with pytest.raises(SnapshotError, match="struct"):
        content_checksum(pa.table({"a": [{"b": 1}]}))
