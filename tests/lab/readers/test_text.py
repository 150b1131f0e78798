import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from screening.errors import InputError
from screening.lab.readers.cycling import read_cycling
from screening.lab.readers.diffraction import read_pattern
from screening.lab.readers.impedance import read_spectra
from screening.lab.readers.numbers import is_number, numbers
from screening.lab.readers.text import (
    decode,
    find_table,
    parse_table,
    read_bytes,
)


def read_table(path):
    text = decode(path, read_bytes(path))
    return parse_table(text, find_table(text))


def layout_of(content: str):
    return find_table(decode(Path("x.txt"), content.encode()))


@settings(derandomize=True, max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(*[st.floats(-1e9, 1e9).map(lambda v: float(f"{v:.6g}"))] * 3), min_size=1, max_size=6),
    st.sampled_from(
        [(",", "."), (";", ","), (";", "."), ("\t", ","), ("\t", "."), (" ", "."), ("  ", ","), ("|", ".")]
    ),
    st.booleans(),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
)
def test_any_dialect_reads_back(rows, dialect, header, end, encoding):
    delimiter, decimal = dialect  # one character each
    lines = [delimiter.join(("alpha/µF", "beta", "gamma"))] if header else []
    lines += [delimiter.join(f"{v:.6g}".replace(".", decimal) for v in row) for row in rows]
    text = decode(Path("x.txt"), (end.join(lines) + end).encode(encoding))
    layout = find_table(text)
    frame = parse_table(text, layout)
    assert frame.to_numpy(dtype=float).tolist() == [list(row) for row in rows]
    assert layout.columns[0] == ("alpha/µF" if header else "column 1")
    assert list(frame.index) == list(range(1 + header, 1 + header + len(rows)))


def test_the_header_may_be_long_and_hold_numbers():
    content = "Request Year:,2026\nTest:,25195\n\ntime,freq,z\ns,Hz,ohm\n" + "1,2,3\n" * 5
    layout = layout_of(content)
    assert layout.first_line == 6
    assert layout.columns == ("time (s)", "freq (Hz)", "z (ohm)")


def test_blank_lines_keep_the_line_numbers():
    frame = parse_table(text := decode(Path("x"), b"a,b\n1,2\n\n3,4\n"), find_table(text))
    assert list(frame.index) == [2, 4]


def test_a_damaged_row_is_reported_with_its_line(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("f,z,y\nx,y,1\n1,2,3\n4,5,6\n7,8,9\n")
    frame = read_table(path)
    with pytest.raises(InputError, match=r"line 2: 'x' in column 'f'"):
        numbers(frame["f"], path)
    path.write_text("f,z,y\n1,2,3\n4,5,6\n7,8,9\n1,2\n")
    with pytest.raises(InputError, match="line 5"):
        numbers(read_table(path)["y"], path)
    path.write_text("f,z,y\n1,2,3\n4,5,6\n7,8,9\n1,2,3,4\n")
    with pytest.raises(InputError, match="line 5"):
        read_table(path)
    path.write_text('f,z,y\n1,2,3\n4,5,6\n7,8,9\n1,"2,3\n')
    with pytest.raises(InputError, match="line 5"):
        read_table(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (bytes(range(256)) * 20, "binary"),
        (b"1,2,3\n" + b"1," * 200_000, "longer than"),
        (b"only words here\nand here\n", "no rows of numbers"),
        (b"1," * 600 + b"1\n", "601 columns"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, content, reason):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=reason):
        read_table(path)
    path.with_suffix(".gz").write_bytes(gzip.compress(content))
    with pytest.raises(InputError, match=reason):
        read_table(path.with_suffix(".gz"))


def test_absent_and_damaged_files_are_named(tmp_path):
    with pytest.raises(InputError, match=r"absent\.csv: cannot be read"):
        read_bytes(tmp_path / "absent.csv")
    with pytest.raises(InputError, match="cannot be read"):
        read_bytes(tmp_path)
    path = tmp_path / "cut.csv.gz"
    path.write_bytes(gzip.compress(b"1,2,3\n" * 1000)[:-20])
    with pytest.raises(InputError, match="cannot be read"):
        read_bytes(path)


def test_a_large_file_is_read_whole(tmp_path):
    rows = 200_000
    path = tmp_path / "large.csv"
    path.write_text("f,z,y\n" + "1234.5678,1.0e-3,-17.25\n" * rows)
    frame = read_table(path)
    assert len(frame) == rows
    assert np.all(frame.to_numpy(dtype=float) == [1234.5678, 1.0e-3, -17.25])


def test_numbers_are_told_from_words():
    assert all(map(is_number, ["1", "-1.5e-3", "1,5", ".5", "5.", "NaN", "+7E+6"]))
    assert not any(map(is_number, ["", "1a", "e5", "1.2.3", "--1", "12:30", "2024-01-01"]))


@pytest.mark.parametrize(
    ("cells", "delimiter", "expected"),
    [
        (("960", "1.020", "1.080,5", "12.345.678,25"), ";", [960, 1020, 1080.5, 12345678.25]),
        (("1.020", "960", "2000", "0,5"), ";", None),  # an unmarked number reaches a thousand
        (("0.500", "1.020", "0.020", "0,5"), ";", None),  # no mark of thousands stands behind a nought
        (("735.948m", "1.2k", "3M", "-20u"), ",", [0.735948, 1200, 3e6, -2e-5]),
        (("735.948m", "1.2k", "3x", "-20u"), ",", None),
    ],
)
def test_thousands_and_prefixes_are_undone_where_all_cells_agree(cells, delimiter, expected):
    comma = "," if delimiter == ";" else "."
    rows = [delimiter.join((cell, f"3{comma}5", f"{k}{comma}0")) for k, cell in enumerate(cells)]
    text = decode(Path("x.csv"), "\n".join([delimiter.join("abc"), *rows, ""]).encode())
    column = parse_table(text, find_table(text))["a"]
    if expected is None:
        assert column.tolist() == list(cells)
    else:
        np.testing.assert_allclose(column, expected, rtol=1e-12)


@pytest.mark.parametrize("mark", ["'", "’", "\xa0", "\u202f"])
def test_thousands_parted_by_marks_that_part_nothing_else_are_read(mark, tmp_path):
    parted = ("999.5", "1'584.893", "12'345'678.25", "-4'970.87", "0.1234'5", "1'23")
    cells = [cell.replace("'", mark) for cell in parted[:4]]
    text = decode(Path("x.csv"), "\n".join(["a;b", *(f"{cell};1" for cell in cells), ""]).encode())
    column = parse_table(text, find_table(text))["a"]
    np.testing.assert_array_equal(column, [999.5, 1584.893, 12345678.25, -4970.87])
    left = "\n".join(
        [cell.replace("'", mark) for cell in parted[4:]]
    )  # groups of thousands have three digits
    assert decode(Path("x.csv"), left.encode()).content == left


@pytest.mark.parametrize("empty", ["", ",", ",,"])
@pytest.mark.parametrize("lead", [0, 1, 2, 5, 20, 59, 60])
def test_no_row_is_lost_to_empty_cells_at_its_end(tmp_path, lead, empty):
    rows = [f"{k},{k / 2},{-k}" + (empty if k < lead else ",25.0,") for k in range(60)]
    path = tmp_path / "lead.csv"
    path.write_text("\n".join(["time,voltage,current,temperature,remark", *rows]) + "\n")
    frame = read_table(path)
    assert list(frame.columns[:3]) == ["time", "voltage", "current"]
    np.testing.assert_array_equal(frame["time"], np.arange(60))


@pytest.mark.parametrize("content", ["nan", "nannan", "\ufeffnan", "f", "1,2,3"])
def test_a_file_of_one_line_is_refused_in_one_line(tmp_path, content):
    path = tmp_path / "one.txt"
    path.write_text(content, "utf-8")
    for read in (read_spectra, read_cycling, read_pattern):
        with pytest.raises(InputError) as refused:
            read(path)
        assert "\n" not in str(refused.value)
