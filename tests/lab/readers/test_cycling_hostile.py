"""What is wrong with a file is said in one line, or repaired and said in a flag with file and row."""

import gzip
import sys
import zlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from screening.errors import InputError
from screening.lab.cycling.table import CURRENT, TIME, VOLTAGE, FlagKind
from screening.lab.readers.cycling import read_cycling

TEXT_FILES = (
    "landt.csv",
    "landt.csv.gz",
    "neware.csv",
    "layered.csv",
    "arbin.csv",
    "maccor.txt",
    "generic.csv",
)


@pytest.fixture
def write(tmp_path):
    def _write(name, content):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return _write


def kinds(data):
    return {flag.kind for flag in data.flags}


def plain(rows, header="test_time_s,voltage_V,current_A"):
    return "\n".join([header, *rows]) + "\n"


def charge_rows(n=20, current=1e-3, start=0.0):
    return [f"{start + 10 * i},{3 + 0.01 * i},{current}" for i in range(n)]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("empty.csv", b"", "empty"),
        ("noise.csv", bytes(range(256)) * 40, "binary"),
        ("header.csv", b"test_time_s,voltage_V,current_A\n", "no rows"),
        ("prose.csv", b"this is\nno table\nat all\n", "no rows"),
        ("bare.csv", b"1,2,3\n2,3,4\n3,4,5\n4,5,6\n", "no names"),
        ("other.csv", b"apples,pears\n1,2\n2,3\n3,4\n", "none of the columns is known"),
        ("old.xls", b"\xd0\xcf\x11\xe0" + bytes(100), "the workbook cannot be read"),
        ("broken.xlsx", b"PK\x03\x04" + bytes(100), "cannot be read"),
        ("broken.parquet", b"PAR1" + bytes(100), "cannot be read"),
        ("broken.mpr", b"BIO-LOGIC MODULAR FILE\x1a" + bytes(100), "cannot be read"),
        ("broken.ndax", b"PK\x03\x04" + bytes(100), r"cannot be read \(File is not a zip file"),
        ("broken.nda", b"NEWARE" + bytes(100), "cannot be read"),
        ("broken.csv.gz", gzip.compress(b"t,V,I\n" * 1000, mtime=0)[:-30], "cannot be"),
    ],
)
def test_one_line_for_what_cannot_be_read(name, content, told, write):
    with pytest.raises(InputError, match=told) as caught:
        read_cycling(write(name, content))
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_missing_column_is_named(missing, write):
    headers = ["Test Time / s", "Voltage / V", "Current / A"]
    rows = [[10.0 * i, 3.0 + i, 0.1] for i in range(5)]
    lines = [",".join(str(v) for k, v in enumerate(row) if k != missing) for row in [headers, *rows]]
    with pytest.raises(InputError, match=headers[missing].replace("/", "/")):
        read_cycling(write("cell.csv", "\n".join(lines)))


def test_no_files_and_folders(tmp_path):
    with pytest.raises(InputError, match="no files"):
        read_cycling([])
    with pytest.raises(InputError, match="cannot be read"):
        read_cycling(tmp_path)
    with pytest.raises(InputError, match="cannot be read"):
        read_cycling(tmp_path / "absent.csv")


@pytest.mark.parametrize(
    ("module", "name", "extra"), [("fastnda", "a.ndax", "neware"), ("galvani.BioLogic", "a.mpr", "biologic")]
)
def test_a_missing_extra_is_named(module, name, extra, write, monkeypatch, cycling_corpus):
    monkeypatch.setitem(sys.modules, module, None)
    content = cycling_corpus.ndax() if extra == "neware" else cycling_corpus.mpr()
    with pytest.raises(InputError, match=f"extra '{extra}'"):
        read_cycling(write(name, content))


def test_reading_ndax_leaves_zlib_alone(write, cycling_corpus):
    before = zlib.decompress, zlib.decompressobj
    read_cycling(write("new.ndax", cycling_corpus.ndax()))
    assert (zlib.decompress, zlib.decompressobj) == before


def test_several_channels_in_one_workbook(tmp_path):
    from openpyxl import Workbook

    book = Workbook()
    for title in ("Channel_1-001", "Channel_1-002"):
        sheet = book.create_sheet(title)
        sheet.append(["Test_Time(s)", "Voltage(V)", "Current(A)"])
        for i in range(5):
            sheet.append([float(i), 3.0, 0.1])
    path = tmp_path / "two.xlsx"
    book.save(path)
    with pytest.raises(InputError, match="several channels"):
        read_cycling(path)


def test_two_cells_in_one_table(write):
    rows = [f"{row},{'A' if i < 10 else 'B'}" for i, row in enumerate(charge_rows())]
    with pytest.raises(InputError, match="2 cells in one file") as caught:
        read_cycling(write("cells.csv", plain(rows, "test_time_s,voltage_V,current_A,Cell ID")))
    assert "line 12" in str(caught.value)


def test_rows_without_numbers_are_left_out_with_their_line(write):
    rows = charge_rows()
    rows[4] = "40,nan,0.001"
    rows[7] = "70,3.07,"
    data = read_cycling(write("cell.csv", plain(rows)))
    assert len(data) == 18
    (flag,) = [flag for flag in data.flags if flag.kind is FlagKind.NOT_A_NUMBER]
    assert (flag.file, flag.row) == ("cell.csv", 6)
    assert "2 rows" in flag.message


def test_a_broken_last_line_is_truncation(write):
    data = read_cycling(write("cell.csv", plain(charge_rows()) + "200,3."))
    assert FlagKind.TRUNCATED in kinds(data)
    assert len(data) == 20


def test_mostly_unusable_rows_are_an_error(write):
    rows = [row if i < 6 else f"{10 * i},,0.001" for i, row in enumerate(charge_rows())]
    with pytest.raises(InputError, match="rows lack"):
        read_cycling(write("cell.csv", plain(rows)))


@pytest.mark.parametrize("value", ["1e10", "0.5"])
def test_a_stray_time_is_left_out_with_its_line(value, write):
    rows = charge_rows()
    rows[9] = f"{value},3.09,0.001"
    data = read_cycling(write("cell.csv", plain(rows)))
    (flag,) = [flag for flag in data.flags if flag.kind is FlagKind.TIME_BACKWARDS]
    assert flag.row == 11
    np.testing.assert_array_equal(data.time_s, [10.0 * i for i in range(20) if i != 9])


def test_a_test_appended_to_another_is_an_error_with_its_line(write):
    with pytest.raises(InputError, match="time runs backwards from 190 to 0") as caught:
        read_cycling(write("cell.csv", plain(charge_rows() + charge_rows())))
    assert "line 22" in str(caught.value)


def test_a_wall_clock_that_jumps_is_told_and_not_used(write):
    lines = [f"{row},2026-02-04 {10 + (i >= 10)}:00:{i:02d}" for i, row in enumerate(charge_rows())]
    data = read_cycling(write("cell.csv", plain(lines, "test_time_s,voltage_V,current_A,date_time")))
    np.testing.assert_array_equal(data.time_s, 10.0 * np.arange(20))
    (flag,) = [flag for flag in data.flags if flag.kind is FlagKind.CLOCK]
    assert flag.row == 12


def test_rows_without_a_date_have_none(write):
    rows = [f"{row},{'2026-02-04 10:00:00' if i == 3 else ''}" for i, row in enumerate(charge_rows())]
    data = read_cycling(write("cell.csv", plain(rows, "test_time_s,voltage_V,current_A,date_time")))
    assert data.table["unix_time_second"].notna().tolist() == [i == 3 for i in range(20)]
    assert data.sources[0].started_unix_s == pd.Timestamp("2026-02-04 09:59:30").timestamp()


def test_day_first_dates_are_told_by_the_time_of_the_test(write):
    # 3 April to 4 April, not 4 March to 4 April: 24 hours pass
    rows = [f"{3600 * i},3.5,0.001,{3 + i // 24:02d}/04/2026 {i % 24:02d}:00:00" for i in range(30)]
    data = read_cycling(write("cell.csv", plain(rows, "test_time_s,voltage_V,current_A,date_time")))
    assert data.sources[0].started_unix_s == pd.Timestamp("2026-04-03").timestamp()
    assert FlagKind.CLOCK not in kinds(data)


def test_milliamperes_called_amperes_are_implausible(write):
    path = write("cell.csv", plain(charge_rows(current=0.5)))
    assert FlagKind.UNIT not in kinds(read_cycling(path))
    told = [flag for flag in read_cycling(path, area_cm2=0.785).flags if flag.kind is FlagKind.UNIT]
    assert "mA/cm²" in told[0].message
    told = [flag for flag in read_cycling(path, active_mass_mg=1e-3).flags if flag.kind is FlagKind.UNIT]
    assert "mAh/g" in told[0].message


def test_a_counter_in_other_units_gives_the_unit_away(write):
    rows = [f"{10 * i},3.5,0.5,{0.5 * 10 * i / 3600 / 1000}" for i in range(200)]
    data = read_cycling(write("cell.csv", plain(rows, "test_time_s,voltage_V,current_A,charge_capacity_Ah")))
    assert any(flag.kind is FlagKind.UNIT and "0.001 times" in flag.message for flag in data.flags)


def test_millivolts_called_volts_and_missing_units(write):
    rows = [f"{10 * i},{35 + i},0.001" for i in range(20)]
    data = read_cycling(write("cell.csv", plain(rows, "t,V,I")))
    unstated = [flag.message for flag in data.flags if flag.kind is FlagKind.UNSTATED]
    assert unstated == ["'t' read as s", "'V' and 'I' read as V and A"]
    assert any("mV" in flag.message for flag in data.flags if flag.kind is FlagKind.UNIT)
    rows = [f"{10 * i},{3500 + i},0.001" for i in range(20)]
    with pytest.raises(InputError, match="no cell's; state its unit: is it in mV"):
        read_cycling(write("cell.csv", plain(rows, "t,V,I")))


@pytest.mark.parametrize(
    ("currents_a", "counted_per_integrated"),
    [(["0.0002", "0.0002", "0.0001"], 1.0), (["0.0002"], 0.9)],
    ids=["single steps", "another charge by the counter"],
)
def test_a_coarsely_written_current_is_told(write, currents_a, counted_per_integrated):
    flowing = [currents_a[i % len(currents_a)] for i in range(30)]
    charge = counted_per_integrated * np.cumsum([float(each) * 10 / 3600 for each in flowing])
    rows = [f"{10 * i},3.5,{flowing[i]},{charge[i]:.6e}" for i in range(30)]
    data = read_cycling(write("cell.csv", plain(rows, "test_time_s,voltage_V,current_A,charge_capacity_Ah")))
    (flag,) = [flag for flag in data.flags if flag.kind is FlagKind.RESOLUTION]
    low, high = (25, 31) if len(currents_a) > 1 else (25, 25)
    assert low <= int(flag.message.split("±")[1].split()[0]) <= high


@pytest.mark.parametrize("current_a", ["0.001", "0.0002", "4e-9"])
def test_a_constant_current_is_not_called_rounded(write, current_a):
    rows = [f"{10 * i},3.5,{current_a},{float(current_a) * i / 360}" for i in range(1, 20)]
    for header, lines in (
        ("test_time_s,voltage_V,current_A,charge_capacity_Ah", rows),
        ("test_time_s,voltage_V,current_A", [row.rpartition(",")[0] for row in rows]),
    ):
        data = read_cycling(write("cell.csv", plain(lines, header)))
        assert FlagKind.RESOLUTION not in kinds(data)


@settings(
    derandomize=True,
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    name=st.sampled_from(TEXT_FILES),
    edits=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=6),
    kept=st.floats(0.3, 1),
)
def test_damage_ends_in_one_line_or_a_usable_record(name, edits, kept, tmp_path, cycling_corpus):
    content = bytearray(cycling_corpus.FILES["cycling-csv"][name])
    for place, value in edits:
        content[int(place * (len(content) - 1))] = value
    path = tmp_path / name
    path.write_bytes(bytes(content[: int(kept * len(content))]))
    try:
        data = read_cycling(path)
    except InputError as error:
        assert "\n" not in str(error)
        return
    values = data.table[[TIME, VOLTAGE, CURRENT]].to_numpy()
    assert np.isfinite(values).all()
    assert np.all(np.diff(data.time_s) >= 0)
