import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from screening.errors import InputError
from screening.lab.cycling.table import FREQUENCY
from screening.lab.readers.columns import TEMPERATURE, Z_IMAGINARY, Z_REAL, heading
from screening.lab.readers.eis_table import find_columns
from screening.lab.readers.impedance import read_series, read_spectra, temperature_from_name

WRITTEN = 2e-6
"""Relative rounding of the coarsest fixture (six decimals, single precision)."""


@pytest.fixture
def write(tmp_path):
    def _write(name, content):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return _write


READERS = ("csv", "mpt", "gamry", "zplot", "ivium", "mpr", "par", "ism", "dfr", "pssession", "spreadsheet")


@pytest.mark.parametrize("reader", READERS)
def test_every_format_reads_back(reader, write, impedance_corpus):
    assert set(READERS) == set(impedance_corpus.FILES)
    for name, content in impedance_corpus.FILES[reader].items():
        spectra = read_spectra(write(name, content))
        for k, spectrum in enumerate(spectra):
            np.testing.assert_allclose(spectrum.frequency_hz, impedance_corpus.FREQUENCY, rtol=WRITTEN)
            np.testing.assert_allclose(spectrum.z_ohm, impedance_corpus.cell(scale=1 + 0.1 * k), rtol=WRITTEN)
            assert spectrum.area_cm2 is None  # headers hold one, and it is a placeholder
            assert "confirms" in spectrum.metadata["imaginary_sign"]
    assert len({s.label for s in spectra}) == len(spectra)


def test_loops_are_separate_spectra_in_time(write, impedance_corpus):
    spectra = read_spectra(write("rest.mpt", impedance_corpus.mpt(loops=4)))
    assert [s.time_s for s in spectra] == [0.0, 3600.0, 7200.0, 10800.0]
    assert [s.label for s in spectra] == ["rest #1", "rest #2", "rest #3", "rest #4"]


@pytest.mark.parametrize(
    ("instrument", "name"),
    [("gamry", "one.dta"), ("zplot", "comments.z"), ("zplot", "plain.z"), ("mpt", "single.mpt")],
)
def test_clean_files_agree_with_impedance_py(instrument, name, write, impedance_corpus):
    preprocessing = pytest.importorskip("impedance.preprocessing")
    content = impedance_corpus.mpt(1) if instrument == "mpt" else impedance_corpus.FILES[instrument][name]
    path = write(name, content)
    frequency, z = preprocessing.readFile(str(path), {"mpt": "biologic"}.get(instrument, instrument))
    (ours,) = read_spectra(path)
    np.testing.assert_array_equal(ours.frequency_hz, frequency)
    np.testing.assert_allclose(ours.z_ohm, z, rtol=1e-15)


@pytest.mark.parametrize(
    ("header", "sign"),
    [
        ("freq/Hz,Re(Z)/Ohm,-Im(Z)/Ohm", -1),
        ("Frequency (Hz),Z' (Ω),-Z'' (Ω)", -1),
        ("frequency_hz,z_real_ohm,z_imag_ohm", 1),
        ("Freq.(Hz),Zreal,Zimag", 1),
        ("Frequency [Hz],Z′,−Z″", -1),
        ("Freq/Hz,Z'/ohm,Z\"/ohm", 1),
        ("freq. /Hz,Z1 /ohm,Z2 /ohm", 1),
        ("f,ReZ,negative ImZ", -1),
    ],
)
def test_headers_in_use_are_understood(header, sign, write, impedance_corpus):
    z = impedance_corpus.cell()
    rows = zip(impedance_corpus.FREQUENCY, z.real, sign * z.imag, strict=True)
    text = header + "\n" + "".join(f"{f:.9g},{a:.9g},{b:.9g}\n" for f, a, b in rows)
    (spectrum,) = read_spectra(write("x.csv", text))
    np.testing.assert_allclose(spectrum.z_ohm, z, rtol=1e-7)
    assert "by the name" in spectrum.metadata["imaginary_sign"]


def test_a_wrong_sign_in_the_header_is_found_and_told(write, impedance_corpus):
    z = impedance_corpus.cell()
    rows = list(zip(impedance_corpus.FREQUENCY, z.real, z.imag, strict=True))
    for name, factor in (("Z''/ohm", -1), ("-Z''/ohm", 1)):
        text = f"f/Hz\tZ'/ohm\t{name}\n" + "".join(f"{f}\t{a}\t{factor * b}\n" for f, a, b in rows)
        (spectrum,) = read_spectra(write("x.txt", text))
        np.testing.assert_allclose(spectrum.z_ohm, z, rtol=1e-12)
        assert "against the name" in spectrum.metadata["imaginary_sign"]


def test_units_and_polar_columns(write, impedance_corpus):
    f, z = impedance_corpus.FREQUENCY, impedance_corpus.cell()
    polar = "omega/rad s-1,|Z|/kOhm,-Phase/deg,time/min\n" + "".join(
        f"{2 * np.pi * x!r},{abs(v) / 1000!r},{-float(np.degrees(np.angle(v)))!r},2\n"
        for x, v in zip(f.tolist(), z.tolist(), strict=True)
    )
    (spectrum,) = read_spectra(write("x.csv", polar))
    np.testing.assert_allclose(spectrum.frequency_hz, f, rtol=1e-12)
    np.testing.assert_allclose(spectrum.z_ohm, z, rtol=1e-9)
    assert spectrum.time_s == 120.0
    columns = find_columns(["Freq (MHz)", "Z' (mΩ)", "Z'' (MOhm)", "Temp (K)"], "x")
    assert [columns[r].factor for r in (FREQUENCY, Z_REAL, Z_IMAGINARY)] == [1e6, 1e-3, 1e6]
    assert columns[TEMPERATURE].offset == -273.15
    assert heading("Re(Z)/Ohm") == ("Re(Z)", "Ohm")
    assert TEMPERATURE in find_columns(["KHz", "Frequency/KHz", "Impedance/kOhm", "Phase/deg", "T/°C"], "x")
    assert find_columns(["f/KHz", "|Z|", "phase (rad)", "t"], "x")[FREQUENCY].factor == 1e3
    with pytest.raises(InputError, match="per area"):
        find_columns(["f/Hz", "Z'/Ω·cm²", "Z''/Ω·cm²"], "x")


@settings(
    derandomize=True,
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.randoms(use_true_random=False), st.integers(2, 40))
def test_the_order_of_frequencies_changes_nothing(write, impedance_corpus, random, count):
    z = impedance_corpus.cell()[:count]
    lines = [f"{f},{v.real},{v.imag}" for f, v in zip(impedance_corpus.FREQUENCY, z, strict=False)]
    random.shuffle(lines)
    (spectrum,) = read_spectra(write("x.csv", "\n".join(["f,re,im", *lines])))
    assert np.all(np.diff(spectrum.frequency_hz) < 0)
    np.testing.assert_allclose(spectrum.z_ohm, z, rtol=1e-12)


def test_sweeps_without_a_counter_are_split_where_the_frequency_starts_over(write):
    one = "".join(f"{f},{10 + 1 / f},{-1 / f}\n" for f in (1000.0, 100.0, 10.0, 1.0))
    assert [len(s) for s in read_spectra(write("x.csv", "f,re,im\n" + 3 * one))] == [4, 4, 4]
    broken = read_spectra(write("y.csv", "f,re,im\n" + 2 * one + "1000,10,-0.1\n"))
    assert [len(s) for s in broken] == [4, 4]
    assert "after 1 point" in broken[0].metadata["broken_off"]


HEAD = "f/Hz,Re(Z)/Ohm,Im(Z)/Ohm\n"
ROWS = "1000,10,-1\n100,11,-2\n10,12,-3\n1,13,-2\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (HEAD + ROWS + "100,11,-2\n", r"x\.csv, line 6: frequency 100 Hz appears again"),
        (HEAD + "1000,10,-1\n1000,10,-1\n" + ROWS, "line 3: frequency 1000 Hz appears again"),
        (HEAD + ROWS + "0.1,nan,-1\n", r"line 6: 'nan' in column 'Re\(Z\)/Ohm'"),
        (HEAD + ROWS + "0,14,-1\n", "line 6: frequency of 0 Hz"),
        (HEAD + ROWS + "-5,14,-1\n", "line 6: frequency of -5 Hz"),
        (HEAD + "1000,10,-1\n", r"line 2: one point; give at least 2"),
        (HEAD + ROWS + "0.5,14\n", "line 6: 'nan' in column 'Im"),
        (HEAD + ROWS + "0.5,14,-1,7\n", "line 6: the row cannot be read"),
        (HEAD + ROWS + "0.5,abc,-1\n", "line 6: 'abc' in column 'Re"),
        (HEAD + "1000,0,0\n100,0,0\n10,0,0\n", "line 2: impedance of zero at 1000 Hz"),
        (HEAD, "no rows of numbers"),
        ("t,U\n1,2\n2,3\n3,4\n", "no columns of frequency and impedance among 't', 'U'"),
        ("1,2\n2,3\n3,4\n", r"2 column\(s\) without names"),
        ("", "empty"),
        (bytes(range(256)) * 9, "binary content"),
        ("EXPLAIN\nTAG\tEISPOT\n", "no ZCURVE table"),
        ("EXPLAIN\nZCURVE\tTABLE\n\tPt\tFreq\n\t#\tHz\n", "line 2: the ZCURVE table has no rows"),
        ("ZPLOT2 ASCII\nEnd Comments\n1\t2\n", "no line that names Freq"),
        ("primary_data\n3\n5\n1 2 3\n", "1 rows where 5 are announced"),
        ("primary_data\n7\n5\n1 2 3\n", "no impedance block"),
    ],
)
def test_what_cannot_be_a_spectrum_is_refused_in_one_line(content, message, write):
    with pytest.raises(InputError, match=message) as caught:
        read_spectra(write("x.csv", content))
    assert "\n" not in str(caught.value)


def test_direct_current_rows_are_left_out_and_told(write):
    (spectrum,) = read_spectra(write("x.csv", HEAD + ROWS + "0,0,0\n"))
    assert len(spectrum) == 4
    assert spectrum.metadata["left_out"] == "1 d.c. row(s): frequency and impedance zero"


def test_a_clock_that_is_no_number_is_not_used_and_that_is_told(write):
    text = "Time,f/Hz,re,im\n10:00:00,100,5,-1\n10:00:01,10,6,-2\n10:00:02,1,7,-1\n"
    (spectrum,) = read_spectra(write("x.csv", text))
    assert spectrum.time_s is None
    assert spectrum.metadata["time"] == "column 'Time' holds no numbers; not used"


def test_dates_tell_when_a_spectrum_was_measured(write):
    rows = "".join(
        f"11/20/2024 1{h}:00:0{k}.500,{10 ** (2 - k)},{5 + k},-1\n" for h in (1, 2) for k in range(3)
    )
    first, second = read_series([write("x.csv", "time/s,freq/Hz,Re(Z)/Ohm,Im(Z)/Ohm\n" + rows)])
    assert (first.time_s, second.time_s) == (0.0, 3600.0)
    assert first.metadata["started"] == "2024-11-20 11:00:00.500000"
    assert not any("not used" in remark for remark in first.remarks)


def test_what_is_taken_unstated_is_told(write):
    (bare,) = read_spectra(write("x.csv", "frequency,Re(Z)/Ohm,Im(Z)/Ohm\n" + ROWS))
    assert "frequency in 'frequency' taken as Hz: no unit is stated" in bare.remarks
    for name in ("freq/Hz", "frequency_hz", "f (kHz)"):
        (stated,) = read_spectra(write("x.csv", f"{name},Re(Z)/Ohm,Im(Z)/Ohm\n" + ROWS))
        assert not any("unit" in remark for remark in stated.remarks)
    wide = "".join(f"{row},9,-9\n" for row in ROWS.split())
    names = "freq/Hz,Re(Z)/Ohm,Im(Z)/Ohm,Re(Zce)/Ohm,-Im(Zce)/Ohm\n"
    (one,) = read_spectra(write("x.csv", names + wide))
    assert "several impedances: 'Re(Z)/Ohm' is read, Re(Zce)/Ohm not" in one.remarks


def test_unusual_but_possible_spectra_are_kept(write):
    negative = "".join(f"{f},{-20 + f / 100},-3\n" for f in (1000, 100, 10))
    assert read_spectra(write("n.csv", HEAD + negative))[0].z_ohm.real.max() < 0
    inductive = "".join(f"{f},1,{f * 1e-3}\n" for f in (1000, 100, 10))
    (spectrum,) = read_spectra(write("l.csv", HEAD + inductive))
    assert np.all(spectrum.z_ohm.imag > 0)


def test_a_series_of_files_is_put_in_order_of_time(write, impedance_corpus):
    late = impedance_corpus.mpt(1).replace(b"10:02:46", b"11:02:46")
    spectra = read_series([write("b.mpt", late), write("a.mpt", impedance_corpus.mpt(1))])
    assert [s.label for s in spectra] == ["a", "b"]
    assert [s.time_s for s in spectra] == [0.0, 3600.0]
    kept = read_series([write("b.csv", impedance_corpus.generic()), write("a.mpt", late)])
    assert [s.label for s in kept] == ["b", "a"]
    assert [s.time_s for s in kept] == [None, None]
    assert "does not say when it was started" in kept[0].metadata["time"]
    with pytest.raises(InputError, match="no files"):
        read_series([])


def test_temperatures_in_file_names():
    cases = {
        "peis_-25C.mpr": -25,
        "peis_25C.mpr": 25,
        "a 298.15K.txt": 25,
        "x (-15 °C).csv": -15,
        "prerun_C05": None,
    }
    for name, value in cases.items():
        assert temperature_from_name(name) == (None if value is None else pytest.approx(value))
    for name in ("LPSC-25C.txt", "25C_35C.txt"):
        with pytest.raises(InputError, match="cannot be told from the name"):
            temperature_from_name(name)


def test_real_files(lab_data):
    counts = {
        "lpscl-blocking/peis_25C.mpr": (1, 79),
        "lili-liquid/geis.mpr": (45, 9),
        "ssb-fullcell/PEIS_SSB.mpr": (1, 89),
        "ssb-fullcell/Sample2_PEIS_AtRest.csv": (10, 89),
        "cycling/PEIS-0.mpr": (1, 60),
    }
    for name, (spectra, points) in counts.items():
        read = read_spectra(lab_data / name)
        assert (len(read), len(read[0])) == (spectra, points)
        assert "confirms" in read[0].metadata["imaginary_sign"]
    with pytest.raises(InputError, match="no columns of frequency and impedance"):
        read_spectra(lab_data / "lili-liquid" / "gcpl.mpr")


@pytest.mark.parametrize(
    ("header", "factor"), [("time/h", 3600.0), ("Time (min)", 60.0), ("time/s", 1.0), ("time/ms", 1e-3)]
)
def test_times_of_spectra_are_seconds_whatever_the_table_counts_in(write, impedance_corpus, header, factor):
    z = impedance_corpus.cell()
    lines = [
        f"{f},{v.real},{v.imag},{loop},{1.5 * loop}"
        for loop in (1, 2)
        for f, v in zip(impedance_corpus.FREQUENCY, z, strict=True)
    ]
    found = read_spectra(write("x.csv", "\n".join([f"f/Hz,re/ohm,im/ohm,loop,{header}", *lines])))
    assert [each.time_s for each in found] == pytest.approx([1.5 * factor, 3.0 * factor])
