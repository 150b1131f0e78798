import sys
from datetime import datetime

import numpy as np
import pytest

from screening.errors import InputError
from screening.lab.readers.columns import LOOP
from screening.lab.readers.formats.biologic import _started
from screening.lab.readers.registry import read_tables


def read_biologic(path):
    (table,) = read_tables(path)
    return table


@pytest.fixture
def write(tmp_path):
    def _write(name, content):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return _write


def test_binary_and_text_of_one_measurement_agree(write, impedance_corpus):
    binary = read_biologic(write("a.mpr", impedance_corpus.mpr()))
    text = read_biologic(write("a.mpt", impedance_corpus.mpt()))
    assert binary.metadata["technique"] == text.metadata["technique"] == "PEIS"
    assert binary.started.date() == text.started.date() == datetime(2026, 2, 4).date()
    for name in ("freq/Hz", "Re(Z)/Ohm", "-Im(Z)/Ohm", LOOP):
        # .mpr columns are single precision
        np.testing.assert_allclose(binary.frame[name], text.frame[name], rtol=2e-7)


def test_decimal_commas_change_nothing(write, impedance_corpus):
    comma = read_biologic(write("a.mpt", impedance_corpus.mpt(2, ","))).frame
    point = read_biologic(write("b.mpt", impedance_corpus.mpt(2, "."))).frame
    assert comma.equals(point)


def test_a_missing_extra_is_named(write, impedance_corpus, monkeypatch):
    monkeypatch.setitem(sys.modules, "galvani.BioLogic", None)
    with pytest.raises(InputError, match=r"extra 'biologic'.*interphase-screening\[biologic\]"):
        read_biologic(write("a.mpr", impedance_corpus.mpr()))


def test_damaged_files_end_in_one_line(write, impedance_corpus):
    whole = impedance_corpus.mpr()
    for length in range(27, whole.index(b"VMP loop") - 7, 997):
        with pytest.raises(InputError, match="cannot be read"):
            read_biologic(write("a.mpr", whole[:length]))
    with pytest.raises(InputError, match="not an EC-Lab file"):
        read_biologic(write("a.mpt", b"EC-Lab ASCII FILE\nno header count\n1\t2\n"))
    with pytest.raises(InputError, match="no data after the header"):
        whole = impedance_corpus.mpt()
        read_biologic(write("a.mpt", whole[: whole.index(b"7.0000000E+06")]))
    with pytest.raises(InputError, match="the loops in the header cover 79"):
        text = impedance_corpus.mpt(2).decode("cp1252")
        read_biologic(write("a.mpt", text.replace("Loop 1 from", "Loop x from").encode("cp1252")))


def test_two_unknown_columns_are_not_guessed(write, impedance_corpus):
    whole = bytearray(impedance_corpus.mpr(1))
    start = whole.index(b"VMP data") + 51
    whole[start + 5 : start + 9] = b"\xe0\x2e\xe1\x2e"  # columns 12000 and 12001
    with pytest.raises(InputError, match="2 columns of unknown type"):
        read_biologic(write("a.mpr", bytes(whole)))
    whole[start + 7 : start + 9] = b"\x25\x00"
    with_one = read_biologic(write("b.mpr", bytes(whole)))
    assert "type guessed" in with_one.metadata["notes"]


def test_real_files(lab_data):
    geis = read_biologic(lab_data / "lili-liquid" / "geis.mpr")
    assert geis.metadata["technique"] == "GEIS"
    assert geis.frame[LOOP].value_counts().eq(9).all()
    assert geis.frame[LOOP].nunique() == 45
    gcpl = read_biologic(lab_data / "lili-liquid" / "gcpl.mpr")
    assert gcpl.metadata["technique"] == "GCPL"
    assert {"Ewe/V", "half cycle", "ox/red", "mode"} <= set(gcpl.frame.columns)
    assert gcpl.started == geis.started
    assert len(list(lab_data.rglob("*.mpr"))) == 15
    for path in lab_data.rglob("*.mpr"):
        assert len(read_biologic(path).frame) > 1


@pytest.mark.parametrize(
    ("written", "date"),
    [
        ("03/04/2024 23:59:00", datetime(2024, 3, 4, 23, 59)),
        ("25/04/2024 23:59:00.123", datetime(2024, 4, 25, 23, 59)),
        ("25.04.2024 23:59:00", datetime(2024, 4, 25, 23, 59)),
        ("04.25.2024 23:59:00", datetime(2024, 4, 25, 23, 59)),
        ("03.04.2024 23:59:00", None),  # written both ways
    ],
)
def test_the_start_is_read_by_its_marks_or_not_at_all(written, date):
    assert _started([f"Acquisition started on : {written}"]) == date
