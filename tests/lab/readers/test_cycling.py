"""Every format tells the same test."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from screening.lab.cycling.halfcycles import half_cycles
from screening.lab.cycling.table import MEASURED, FlagKind
from screening.lab.readers.columns import Column, heading, key, match
from screening.lab.readers.cycling import read_cycling
from screening.lab.readers.cycling_time import accumulated, seconds


def _load_corpus():
    path = Path(__file__).parents[2] / "fuzz" / "cycling_corpus.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


corpus = _load_corpus()
TRUTH = corpus.TRUTH

STEP_JOIN_S = 0.2
"""Step times added up lose the instants between the steps of the corpus (20 ms each)."""

WRITTEN_V = {"old.nda": 5.1e-5}
"""Rounding of the voltage where it exceeds nine digits: tenths of a millivolt."""


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


FILES = [(reader, name) for reader, files in corpus.FILES.items() for name in files]


@pytest.mark.parametrize(("reader", "name"), FILES, ids=[name for _, name in FILES])
def test_every_format_reads_back(reader, name, write):
    data = read_cycling(write(name, corpus.FILES[reader][name]))
    told = any("added up" in flag.message for flag in data.flags) or reader in ("nda", "ndax")
    np.testing.assert_allclose(data.time_s, TRUTH.time_s, rtol=0, atol=STEP_JOIN_S if told else 1e-5)
    np.testing.assert_allclose(data.voltage_v, TRUTH.voltage_v, rtol=0, atol=WRITTEN_V.get(name, 1e-6))
    np.testing.assert_allclose(data.current_a, TRUTH.current_a, rtol=1e-7, atol=1e-12)
    assert np.all(np.diff(data.time_s) >= 0)
    halves = half_cycles(data)
    assert halves.sign.tolist() == [1, -1, 1, -1]
    np.testing.assert_allclose(halves.charge_ah, 39 * corpus.STEP_S * corpus.CURRENT_A / 3600, rtol=1e-4)
    assert not kinds(data) & {
        FlagKind.COUNTER,
        FlagKind.NOT_A_NUMBER,
        FlagKind.TIME_BACKWARDS,
        FlagKind.CLOCK,
    }
    assert data.area_cm2 is None  # headers hold one, and it is a placeholder
    assert data.active_mass_mg is None


def test_formats_are_named_and_stamped(write):
    names = {"landt.csv": "LANDT csv", "neware.csv": "Neware csv", "layered.csv": "Neware csv (layered)"}
    names |= {"arbin.csv": "Arbin csv", "maccor.txt": "Maccor text", "generic.csv": "csv"}
    names |= {"preferred.bdf.csv": "Battery Data Format csv"}
    for name, expected in names.items():
        data = read_cycling(write(name, corpus.FILES["cycling-csv"][name]))
        (source,) = data.sources
        assert source.format == expected
        assert (source.start, source.stop) == (0, len(data))
        assert len(source.sha256) == 64
        assert data.cell == name.split(".")[0]


def test_the_start_on_the_wall_clock_is_kept(write):
    for name in ("landt.csv", "neware.csv", "layered.csv", "arbin.csv"):
        (source,) = read_cycling(write(name, corpus.FILES["cycling-csv"][name])).sources
        assert source.started_unix_s == pytest.approx(corpus.STARTED_UNIX_S, abs=1.0)
    (source,) = read_cycling(write("gcpl.mpr", corpus.mpr())).sources
    assert source.started_unix_s == pytest.approx(corpus.STARTED_UNIX_S, abs=1.0)


@settings(
    derandomize=True,
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    order=st.permutations(range(3)),
    time=st.sampled_from([("s", 1.0), ("min", 60.0), ("h", 3600.0), ("ms", 1e-3)]),
    voltage=st.sampled_from([("V", 1.0), ("mV", 1e-3)]),
    current=st.sampled_from([("A", 1.0), ("mA", 1e-3), ("µA", 1e-6), ("uA", 1e-6)]),
    style=st.sampled_from(["{} ({})", "{}/{}", "{} [{}]", "{}_{}", "{}({})", "{} / {}"]),
    dialect=st.sampled_from([",.", ";,", ";.", "\t,", "\t."]),
    preamble=st.integers(0, 3),
)
def test_any_order_unit_and_dialect(order, time, voltage, current, style, dialect, preamble, tmp_path):
    n = 12
    truth = (np.arange(n) * 36.0, 3.0 + 0.02 * np.arange(n), np.where(np.arange(n) < 6, 2e-3, -2e-3))
    headers = [
        style.format(*pair)
        for pair in zip(("Test Time", "Voltage", "Current"), (time[0], voltage[0], current[0]), strict=True)
    ]
    columns = [values / unit[1] for values, unit in zip(truth, (time, voltage, current), strict=True)]
    delimiter, decimal = dialect
    lines = [f"Comment number {i}" for i in range(preamble)]
    lines += [delimiter.join(headers[k] for k in order)]
    lines += [delimiter.join(f"{columns[k][i]:.9g}".replace(".", decimal) for k in order) for i in range(n)]
    path = tmp_path / "any.csv"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    data = read_cycling(path)
    for values, expected in zip((data.time_s, data.voltage_v, data.current_a), truth, strict=True):
        np.testing.assert_allclose(values, expected, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize(
    ("header", "name", "unit"),
    [
        ("Current(mA)", "current", "mA"),
        ("<I>/mA", "i", "mA"),
        ("Ewe/V", "ewe", "V"),
        ("<Ewe/V>", "ewe", "V"),
        ("voltage_V", "voltage", "V"),
        ("Spannung in mV", "spannung", "mV"),
        ("Vf (V vs. Ref.)", "vf", "V vs. Ref."),
        ("Cap. [Ah]", "cap", "Ah"),
        ("Q charge/discharge/mA.h", "q charge discharge", "mA.h"),
        ("Time(h:min:s.ms)", "time", "h:min:s.ms"),
        ("Total Time (Hours in hh:mm:ss.xxx)", "total time", "Hours in hh:mm:ss.xxx"),
        ("温度(℃)", "温度", "°C"),
        ("Temperature 1", "temperature 1", ""),
        ("Cycle Count / 1", "cycle count", "1"),
        ("SpeCap/mAh/g", "specap mah g", ""),
    ],
)
def test_headers_fall_into_name_and_unit(header, name, unit):
    assert (key(heading(header)[0]), heading(header)[1]) == (key(name), unit)


def test_specific_capacity_is_no_capacity():
    assert "step_capacity_ah" not in match(["Time/s", "SpeCap/mAh/g", "Spec. Cap.(mAh/g)"])
    assert match(["Capacity(mAh)"])["step_capacity_ah"].factor == 1e-3


@pytest.mark.parametrize(
    ("currents", "states", "message"),
    [
        ((1.0, 1.0), ("CC Chg", "CC DChg"), "has no sign"),
        ((-1.0, 1.0), ("C", "D"), "sign is reversed"),
        ((1.0, -1.0), ("charge CC", "discharge CC"), ""),
        ((1.0, 1.0), ("恒流充电", "恒流放电"), "has no sign"),
    ],
)
def test_charge_is_positive_whatever_the_cycler_says(currents, states, message, write):
    rows = [f"{10 * i},3.5,{1e-3 * currents[i >= 10]},{states[i >= 10]}" for i in range(20)]
    data = read_cycling(write("cell.csv", plain(rows, "test_time_s,voltage_V,current_A,Step Type")))
    assert np.sign(data.current_a).tolist() == [1.0] * 10 + [-1.0] * 10
    told = [flag.message for flag in data.flags if flag.kind is FlagKind.DERIVED]
    assert (message in told[0]) if message else not told


def test_counters_tell_the_sign_where_no_state_does(write):
    rows = [f"{10 * i},3.5,{-1e-3 if i < 10 else 1e-3},{min(i, 9)},{max(i - 9, 0)}" for i in range(20)]
    header = "test_time_s,voltage_V,current_A,charge_capacity_mAh,discharge_capacity_mAh"
    data = read_cycling(write("cell.csv", plain(rows, header)))
    assert np.sign(data.current_a).tolist() == [1.0] * 10 + [-1.0] * 10


def test_currents_that_have_signs_keep_them(write):
    """The rows called discharge carry a positive current here; the charges before and after are signed."""
    rows = [
        f"{10 * i},3.5,{-1e-3 if 10 <= i < 20 else 1e-3},{'D' if 30 <= i < 33 else 'C' if i < 10 else 'S'}"
        for i in range(40)
    ]
    data = read_cycling(write("cell.csv", plain(rows, "test_time_s,voltage_V,current_A,Step Type")))
    assert np.sign(data.current_a).tolist() == [1.0] * 10 + [-1.0] * 10 + [1.0] * 20
    assert any("left as they are" in flag.message for flag in data.flags)


def test_an_offset_at_rest_is_no_current(write):
    rows = [f"{10 * i},3.5,{1e-3 if i < 10 else 2e-5},{'Chg' if i < 10 else 'Rest'}" for i in range(20)]
    data = read_cycling(write("cell.csv", plain(rows, "test_time_s,voltage_V,current_A,Step Type")))
    assert not data.current_a[10:].any()
    assert any("rows called rest" in flag.message for flag in data.flags)


def test_a_current_is_made_from_charge_steps(write):
    data = read_cycling(write("gcpl.mpr", corpus.mpr()))
    assert data.current_origin.startswith("derived: dq")
    assert FlagKind.DERIVED in kinds(data)
    with_current = read_cycling(write("with.mpt", corpus.mpt()))
    assert with_current.current_origin == MEASURED
    np.testing.assert_allclose(data.current_a, with_current.current_a, rtol=1e-8, atol=1e-15)


def test_counters_and_sensors(write):
    data = read_cycling(write("landt.csv", corpus.landt()))
    assert "temperature_t1_celsius" not in data.table  # it is 0 throughout: not connected
    assert FlagKind.PLACEHOLDER in kinds(data)
    assert data.table["cycle_count"].dtype == np.int32
    np.testing.assert_array_equal(data.table["step_index"], TRUTH.step)


@pytest.mark.parametrize(
    ("header", "factor"),
    [
        ("Capacity (C)", 1.0 / 3600.0),
        ("Capacity (Ah)", 1.0),
        ("Capacity (uAh)", 1e-6),
        ("Pressure (MPa)", 1e6),
        ("Pressure (kPa)", 1e3),
        ("Pressure (bar)", 1e5),
        ("Time (min)", 60.0),
        ("Time (h)", 3600.0),
        ("Time (d)", 86400.0),
        ("Voltage (mV)", 1e-3),
        ("Current (uA)", 1e-6),
        ("Energy (mWh)", 1e-3),
    ],
)
def test_units_are_those_of_the_international_system(header, factor):
    (column,) = match([header]).values()
    assert column.factor == pytest.approx(factor, rel=1e-12)


def test_step_times_add_up_whole():
    steps = np.array([0.0, 10.0, 20.0, 5.0, 15.0, 2.0, 12.0])
    np.testing.assert_array_equal(accumulated(steps), [0.0, 10.0, 20.0, 25.0, 35.0, 37.0, 47.0])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("101:02:03.5", 363723.5),
        ("1d 02:03:04", 93784.0),
        ("2-00:00:01", 172801.0),
        ("0:05", 300.0),
        ("7", 7.0),
    ],
)
def test_clocks_are_seconds(text, expected):
    column = Column(header="t", quantity="test_time_second")
    assert seconds(column, pd.DataFrame({"t": [text]})).tolist() == [expected]
