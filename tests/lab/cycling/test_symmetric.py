"""Figures of symmetric cells against hand-made records; real cells raise no alarm."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from screening.errors import InputError
from screening.lab.cell import Cell, Separator
from screening.lab.cycling.halfcycles import half_cycles
from screening.lab.cycling.polarisation import measure
from screening.lab.cycling.symmetric import LifeEnd, assess_symmetric, pair_cycles, stabilisation_cycle
from screening.lab.cycling.table import FlagKind, SourceFile, cycling_data_from_arrays
from screening.lab.readers.cycling import read_cycling
from screening.lab.sheets import read_cell
from screening.lab.short import Short
from screening.simulate.symmetric import Scenario, simulate

AREA = 0.785
DENSITY = 0.5e-3


def square_wave(up_v, down_v, *, count=10, samples=100, half_s=3600.0, area=AREA):
    """Half-cycles of +up_v and -down_v at 0.5 mA/cm²."""
    sign = np.where(np.arange(count) % 2 == 0, 1.0, -1.0)
    level = np.where(sign > 0, up_v, -down_v)
    time = (np.arange(count * samples) + 1.0) * half_s / samples
    return cycling_data_from_arrays(
        time, np.repeat(level, samples), np.repeat(sign, samples) * DENSITY * area, cell="simulated"
    )


def test_overpotential_offset_resistance_and_capacity():
    report = assess_symmetric(square_wave(0.060, 0.050), Cell(area_cm2=AREA))
    cycles = report.cycles
    np.testing.assert_allclose(cycles.overpotential_v, 0.055)
    np.testing.assert_allclose(cycles.offset_v, 0.005)
    np.testing.assert_allclose(cycles.asr_ohm_cm2, 110.0)
    np.testing.assert_allclose(cycles.current_density_ma_per_cm2, 0.5)
    np.testing.assert_allclose(cycles.plated_mah_per_cm2[1:], 0.5, rtol=1e-9)
    assert cycles.cumulative_plated_mah_per_cm2[-1] == pytest.approx(2.5, rel=0.01)
    assert cycles.throughput_mah_per_cm2[-1] == pytest.approx(5.0, rel=0.01)


def test_first_fifth_counts_for_nothing():
    samples = 100
    data = square_wave(0.05, 0.05, samples=samples)
    voltage = data.voltage_v.copy().reshape(-1, samples)
    voltage[:, :19] *= 3.0
    spiked = cycling_data_from_arrays(data.time_s, voltage.ravel(), data.current_a).of_cell(area_cm2=AREA)
    figures = measure(spiked, half_cycles(spiked))
    np.testing.assert_allclose(figures.polarisation_v, 0.05)
    np.testing.assert_allclose(figures.arcing, 0.0, atol=1e-9)


def test_end_rise_and_arcing():
    samples = 1000
    data = square_wave(0.05, 0.05, samples=samples)
    voltage = data.voltage_v.copy().reshape(-1, samples)
    voltage[:, 900:] *= 1.2
    raised = cycling_data_from_arrays(data.time_s, voltage.ravel(), data.current_a).of_cell(area_cm2=AREA)
    figures = measure(raised, half_cycles(raised))
    np.testing.assert_allclose(figures.end_rise, 0.2)
    np.testing.assert_allclose(figures.arcing, 0.2, atol=1e-9)


def test_first_sample_of_the_other_polarity_changes_nothing():
    data = square_wave(0.06, 0.06)
    voltage = data.voltage_v.copy()
    voltage[100::100] *= -1.0
    stale = cycling_data_from_arrays(data.time_s, voltage, data.current_a)
    clean, dirty = (assess_symmetric(item, Cell(area_cm2=AREA)) for item in (data, stale))
    np.testing.assert_allclose(dirty.cycles.overpotential_v, clean.cycles.overpotential_v)


def test_reversed_sign_of_the_voltage_is_turned_and_told():
    data = square_wave(0.06, 0.05)
    turned = cycling_data_from_arrays(data.time_s, -data.voltage_v, data.current_a)
    report = assess_symmetric(turned, Cell(area_cm2=AREA))
    np.testing.assert_allclose(report.cycles.overpotential_v, 0.055)
    assert [flag.kind for flag in report.data.flags] == [FlagKind.DERIVED]


@given(st.floats(0.01, 100.0))
def test_resistance_times_area_does_not_depend_on_the_area(area):
    data = square_wave(0.06, 0.06, area=area)
    report = assess_symmetric(data, Cell(area_cm2=area))
    np.testing.assert_allclose(report.half_cycles.asr_ohm_cm2, 120.0, rtol=1e-9)


def test_area_is_asked_for():
    with pytest.raises(InputError, match="area"):
        assess_symmetric(square_wave(0.06, 0.06))


def test_rest_only_is_refused():
    rest = cycling_data_from_arrays(np.arange(9.0), np.zeros(9), np.zeros(9), cell="rest")
    with pytest.raises(InputError, match="no current"):
        assess_symmetric(rest, Cell(area_cm2=1.0))


def test_stabilisation_is_the_first_steady_stretch():
    values = np.array([200.0, 150.0, 120.0, 105.0, 100.0, 99.0, 98.5, 98.0, 98.0, 98.0])
    assert stabilisation_cycle(values, change=0.05, cycles=4) == 4
    assert stabilisation_cycle(values[:6], change=0.05, cycles=4) is None
    assert stabilisation_cycle(np.geomspace(1.0, 100.0, 50)) is None


def test_life_ends_with_the_short_and_counts_the_charge():
    cell = simulate(Scenario.HARD, 3)
    report = assess_symmetric(cell.data)
    assert report.life.end is LifeEnd.SHORT
    assert report.life.hours == pytest.approx(cell.onset_s / 3600.0, abs=0.5)
    before = report.half_cycles.stop_h < report.verdict.time_h
    charged = report.half_cycles.capacity_mah_per_cm2[before].sum()
    one = report.half_cycles.capacity_mah_per_cm2.max()
    assert charged <= report.life.throughput_mah_per_cm2 <= charged + one


def test_life_ends_with_the_polarisation_limit():
    level = 0.05 * np.repeat(np.linspace(1.0, 4.0, 40), 100)
    data = square_wave(1.0, 1.0, count=40)
    data = cycling_data_from_arrays(data.time_s, data.voltage_v * level, data.current_a)
    report = assess_symmetric(data, Cell(area_cm2=AREA, voltage_limit_v=0.1))
    assert report.life.end is LifeEnd.POLARISATION
    assert report.life.hours == pytest.approx(13.0, abs=1.0)


def test_what_passed_between_two_files_is_not_lived():
    data = square_wave(0.06, 0.06, count=30)
    first = len(data) // 3
    time = data.time_s + np.where(np.arange(len(data)) < first, 0.0, 100 * 3600.0)
    joined = cycling_data_from_arrays(time, data.voltage_v, data.current_a)
    files = [("a", 0, first), ("b", first, len(data))]
    sources = tuple(SourceFile(name=n, sha256=n, format="csv", start=i, stop=j) for n, i, j in files)
    life = assess_symmetric(dataclasses.replace(joined, sources=sources), Cell(area_cm2=AREA)).life
    assert (life.hours, life.elapsed_h) == pytest.approx((30.0, 130.0), abs=0.1)
    assert "100 h without records not counted" in str(life)
    assert "not counted" not in str(assess_symmetric(data, Cell(area_cm2=AREA)).life)


def test_healthy_life_is_the_whole_record():
    report = assess_symmetric(square_wave(0.06, 0.06, count=30), Cell(area_cm2=AREA))
    assert report.verdict.verdict is Short.NONE
    assert report.life.end is LifeEnd.RECORD
    assert report.life.hours == pytest.approx(30.0, abs=0.1)


def test_odd_half_cycle_belongs_to_no_cycle():
    data = square_wave(0.06, 0.06, count=7).of_cell(area_cm2=AREA)
    assert len(pair_cycles(measure(data, half_cycles(data)))) == 3


def test_floor_of_a_sulphide_pellet():
    separator = Separator(conductivity_s_per_cm=1e-3, thickness_um=620.0)
    assert separator.asr_ohm_cm2 == pytest.approx(62.0)
    # 62 ohm cm2 at 0.5 mA/cm2 are 31 mV
    assert separator.asr_ohm_cm2 * DENSITY == pytest.approx(0.031)
    assert separator.resistance_ohm(0.5) == pytest.approx(124.0)


def test_no_coulombic_efficiency_is_printed():
    report = assess_symmetric(square_wave(0.06, 0.06), Cell(area_cm2=AREA))
    assert not [name for name in report.cycles.to_frame() if "efficiency" in name]


def test_sheet_diameter_gives_the_area(tmp_path):
    path = tmp_path / "cell.toml"
    path.write_text("diameter_mm = 10.0\ncomposite_mass_mg = 10.0\nactive_fraction = 0.7\n")
    sheet = read_cell(path)
    assert sheet.electrode_area_cm2 == pytest.approx(0.7854, abs=1e-4)
    assert sheet.active_material_mg == pytest.approx(7.0)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("area_cm2 = -1.0", "area_cm2"),
        ("area_cm2 = nan", "area_cm2"),
        ("aera_cm2 = 1.0", "unknown key"),
        ("area_cm2 = 1.0\ndiameter_mm = 10.0", "keep one"),
        ("active_fraction = 0.7", "belong together"),
        ("[electrolyte]\nthickness_um = 600.0", "conductivity_s_per_cm"),
        ("area_cm2 = ", "not TOML"),
        ("electrolyte = 3", "electrolyte"),
    ],
)
def test_wrong_sheet_ends_in_one_line(tmp_path, text, told):
    path = tmp_path / "cell.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=told) as caught:
        read_cell(path)
    assert "\n" not in str(caught.value)
    assert "cell.toml" in str(caught.value)


def test_missing_or_binary_sheet_is_told(tmp_path):
    with pytest.raises(InputError, match="cannot read"):
        read_cell(tmp_path / "absent.toml")
    (tmp_path / "cell.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not TOML"):
        read_cell(tmp_path / "cell.toml")


@pytest.mark.parametrize(
    "name", ["lili-liquid/gcpl.mpr", "cycling/li_graphite_landt.csv.gz", "cycling/nda_v8.nda"]
)
def test_real_healthy_cells_raise_no_alarm(lab_data, name):
    report = assess_symmetric(read_cycling(lab_data / name), Cell(diameter_mm=10.0))
    assert not report.verdict.verdict.is_alarm
    assert report.life.end is LifeEnd.RECORD


def test_a_record_of_the_opposite_sign_is_judged_turned_and_kept_as_measured():
    data = square_wave(-0.060, -0.050)
    report = assess_symmetric(data, Cell(area_cm2=AREA))
    np.testing.assert_allclose(report.cycles.overpotential_v, 0.055)
    np.testing.assert_array_equal(report.data.voltage_v, data.voltage_v)
    assert any("sign is reversed where the cell is judged" in flag.message for flag in report.data.flags)
