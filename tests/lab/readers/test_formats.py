"""Formats with a reader of their own: what they hold besides the table, and what they are refused for."""

import stat
import sys

import numpy as np
import pytest

from screening.errors import InputError
from screening.lab.readers.cycling import read_cycling
from screening.lab.readers.impedance import read_spectra
from screening.lab.readers.registry import read_tables, readers


@pytest.fixture
def write(tmp_path):
    def _write(name, content):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return _write


def test_the_registry_knows_every_format_by_name():
    names = [reader.name for reader in readers()]
    assert len(set(names)) == len(names) >= 15
    assert names[-1] == "table of text"


def test_points_before_the_turn_of_a_sweep_are_left_out_and_told(write, impedance_corpus):
    (spectrum,) = read_spectra(write("a.ism", impedance_corpus.ism(12)))
    assert len(spectrum) == impedance_corpus.FREQUENCY.size
    assert spectrum.metadata["left_out"] == "12 point(s) before the turn of the sweep"


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("ism", lambda data: data[:1000], "79 points announced in 1000 bytes"),
        ("ism", lambda data: data[:14] + b"\xff" * 8 + data[22:], "no frequencies where they should stand"),
        ("dfr", lambda data: data[:1000], "points where 79 are announced"),
        ("pssession", lambda data: data[:2000], "the session cannot be read"),
        ("par", lambda data: data.replace(b"Definition", b"Defined"), "no segment with measured rows"),
    ],
)
def test_what_breaks_off_is_refused(name, change, message, write, impedance_corpus):
    content = change(getattr(impedance_corpus, name)())
    with pytest.raises(InputError, match=message):
        read_spectra(write(f"x.{name}", content))


def test_the_sheet_of_the_spectrum_is_found(write, impedance_corpus):
    (spectrum,) = read_spectra(write("a.xlsx", impedance_corpus.xlsx()))
    assert spectrum.metadata["sheet"] == "Impedance"
    assert read_tables(write("b.ods", impedance_corpus.ods()))[0].frame.index[0] == 4


def test_a_table_of_cycles_is_no_record(write):
    rows = "".join(f"{k},{3600 * k},3.5,0.001,0.1,0.1\n" for k in range(1, 9))
    head = "Cycle Index,Test Time(s),Voltage(V),Current(A),Charge Capacity(Ah),Discharge Capacity(Ah)\n"
    with pytest.raises(InputError, match="one row per cycle: a table of statistics"):
        read_cycling(write("statistics.csv", (head + rows).encode()))


ACCESS = b"\x00\x01\x00\x00Standard Jet DB\x00" + bytes(200)


def exporter(folder, table):
    """A stand-in for mdb-export: a program that prints a table."""
    program = folder / "mdb-export"
    program.write_text(f"#!{sys.executable}\nprint({table!r})\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return folder


def test_a_data_base_is_read_by_the_program_for_it(write, tmp_path, monkeypatch):
    rows = [f"7,{k},{60.0 * k},3.5,{1e-3 if k < 30 else -1e-3}" for k in range(60)]
    table = "\n".join(["Test_ID,Data_Point,Test_Time,Voltage,Current", *rows[::-1]])
    monkeypatch.setenv("PATH", str(exporter(tmp_path, table)))
    data = read_cycling(write("cell.res", ACCESS))
    np.testing.assert_array_equal(data.time_s, 60.0 * np.arange(60))
    assert (data.current_a > 0).sum() == 30
    assert not data.flags  # units are known
    exporter(tmp_path, table.replace("7,59,", "8,59,"))
    with pytest.raises(InputError, match="2 tests in one data base"):
        read_cycling(write("cell.res", ACCESS))
    exporter(tmp_path, "")
    with pytest.raises(InputError, match="no table Channel_Normal_Table"):
        read_cycling(write("cell.res", ACCESS))
    (tmp_path / "mdb-export").write_text(f"#!{sys.executable}\nraise SystemExit(1)\n")
    with pytest.raises(InputError, match="mdb-export cannot read the data base"):
        read_cycling(write("cell.res", ACCESS))


def test_a_data_base_without_the_program_names_the_export(write, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        InputError, match="needs the program mdb-export; install mdbtools, or export the test"
    ):
        read_cycling(write("cell.res", ACCESS))


def test_a_file_of_hdf5_names_the_export(write):
    with pytest.raises(InputError, match="an HDF5 file is not read; export the test as csv or xlsx"):
        read_cycling(write("cell.h5", b"\x89HDF\r\n\x1a\n" + bytes(100)))


def test_a_gamry_rest_has_no_current(write, cycling_corpus):
    content = cycling_corpus.gamry_charge().partition(b"CURVE\tTABLE\t360")[0]
    content += b"\t1\t2\t3\t3\t0\n"
    data = read_cycling(write("ocv.dta", content))
    assert (data.cell, data.current_origin) == ("ocv", "none: open circuit")
    assert not data.current_a.any()
