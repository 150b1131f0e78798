"""Impedance spectra among the rows of a cycling record: read, placed, and judged with the cycling."""

import json

import numpy as np
import pandas as pd
import pytest

import screening as scr
from screening.lab.analysis import analyse_cell
from screening.lab.briefs import brief
from screening.lab.readers.cycling import read_cycling
from screening.lab.readers.impedance import read_spectra
from screening.lab.sheets import read_cell
from screening.lab.short import Short, Signal

AREA_CM2 = 0.785
R_INF, ARCS = 40.0, np.array([60.0, 50.0])
TAU, PHI = np.array([2e-6, 2e-2]), np.array([0.9, 0.86])
FREQUENCY = np.geomspace(1e6, 0.1, 36)
CYCLES = 16


def impedance(leak_s, rng):
    """Ω, with 0.5 % noise."""
    omega = 2 * np.pi * FREQUENCY
    cell = R_INF + (ARCS / (1 + (1j * omega[:, None] * TAU) ** PHI)).sum(axis=1)
    z = cell / (1 + leak_s * cell)
    return z * (1 + 0.005 * (rng.normal(size=z.size) + 1j * rng.normal(size=z.size)))


def record(path, leak=lambda cycle: 0.0, *, sweeps=1):
    """Li|Li cell, 1 h plating and 1 h stripping, then spectra; its voltage tells nothing of a leak."""
    rng, parts, start = np.random.default_rng(5), [], 0.0
    names = ("time/s", "Ecell/V", "I/mA", "freq/Hz", "Re(Z)/Ohm", "-Im(Z)/Ohm", "cycle number")
    for cycle in range(CYCLES):
        for sign in (1.0, -1.0):
            time = np.linspace(start, start + 3600.0, 60, endpoint=False)
            volts = sign * (0.2 + 0.0004 * rng.normal(size=time.size))
            zeros = np.zeros(time.size)
            parts.append(
                np.column_stack([time, volts, np.full(60, 0.4 * sign), zeros, zeros, zeros, zeros + cycle])
            )
            start += 3600.0
        for _ in range(sweeps):
            z, time = impedance(leak(cycle), rng), start + 5.0 * np.arange(FREQUENCY.size)
            zeros = np.zeros(time.size)
            parts.append(np.column_stack([time, zeros, zeros, FREQUENCY, z.real, -z.imag, zeros + cycle]))
            start += 200.0
    pd.DataFrame(np.concatenate(parts), columns=list(names)).to_csv(path, index=False)
    return path


def test_spectra_keep_their_points_and_their_times(tmp_path):
    data = read_cycling(record(tmp_path / "a.csv", sweeps=2), area_cm2=AREA_CM2)
    assert len(data.spectra) == 2 * CYCLES
    rng = np.random.default_rng(5)
    rng.normal(size=120)
    first = data.spectra[0]
    assert first.frequency_hz == pytest.approx(FREQUENCY)
    assert first.z_ohm == pytest.approx(impedance(0.0, rng))
    assert [s.time_s for s in data.spectra[:3]] == pytest.approx([7200.0, 7400.0, 14800.0])


def test_the_same_rows_give_the_same_spectra_to_either_reader(tmp_path, lab_data):
    path = lab_data / "ssb-fullcell" / "Sample2_PEIS_AtRest.csv"
    among, alone = read_cycling(path).spectra, read_spectra(path)
    assert len(among) == len(alone) == 10
    for one, other in zip(among, alone, strict=True):
        assert (one.z_ohm == other.z_ohm).all()


def test_spectra_of_another_file_take_their_places_in_the_record(lab_data):
    folder = lab_data / "lili-liquid"
    data = read_cycling([folder / f"{name}.mpr" for name in ("prerun_C05", "geis", "gcpl")])
    assert len(data.spectra) == 46
    geis = data.table[data.table["frequency_hertz"].notna()]["test_time_second"].to_numpy()[15:]
    assert [s.time_s for s in data.spectra[1:]] == pytest.approx(geis[::9])


def test_a_leak_that_only_the_spectra_show_is_dated_by_the_record(tmp_path):
    path = record(tmp_path / "leaks.csv", lambda cycle: (cycle >= 9) / 600.0)
    found = scr.read_cycling(path, area_cm2=AREA_CM2)
    assert not found.report.verdict.verdict.is_alarm
    assert found.verdict.verdict is Short.SOFT
    assert found.verdict.evidence[0].signal is Signal.PATH
    assert found.verdict.evidence[0].source == "impedance"
    assert found.verdict.time_h == pytest.approx((10 * 7200.0 + 9 * 200.0) / 3600.0)
    assert found.verdict.evidence[0].value == pytest.approx(1e3 / 600.0, rel=0.1)
    assert "mS/cm²" in found.verdict.evidence[0].statement


def test_no_short_has_its_bound_in_text_json_tables_and_brief(tmp_path):
    path = record(tmp_path / "sound.csv")
    found = scr.read_cycling(path, area_cm2=AREA_CM2)
    assert found.verdict.verdict is Short.NONE
    bound = found.verdict.bound
    assert bound.startswith("< ")
    assert bound.endswith(" mS/cm² (95 %)")
    assert float(bound.split()[1]) < 1e3 / 150.0 / AREA_CM2 / 5.0
    assert bound in str(found)
    found.write(tmp_path / "out")
    content = json.loads((tmp_path / "out" / "cell.json").read_text("utf-8"))
    assert content["short"]["bound"] == bound
    leak = pd.read_csv(tmp_path / "out" / "impedance_leak.csv", comment="#")
    assert len(leak) == CYCLES
    assert not leak.leaking.any()


def test_a_cell_of_a_folder_is_judged_by_its_spectra_too(tmp_path):
    record(tmp_path / "leaks.csv", lambda cycle: (cycle >= 9) / 600.0)
    sheet = tmp_path / "a.toml"
    sheet.write_text(
        'origin = "measured"\nkind = "symmetric"\nelectrolyte = "Li6PS5Cl"\n'
        f'area_cm2 = {AREA_CM2}\n[files]\ncycling = ["leaks.csv"]\n',
        "utf-8",
    )
    cell = analyse_cell(read_cell(sheet))
    assert cell.short.verdict is Short.SOFT
    assert len(cell.between.drt.spectra) == CYCLES
    assert brief(cell).startswith("short (soft) at 20.5 h")


def test_rows_of_impedance_that_are_none_are_told_and_passed_over(tmp_path):
    path = record(tmp_path / "broken.csv")
    frame = pd.read_csv(path)
    swept = frame["freq/Hz"] > 0
    columns = ["Re(Z)/Ohm", "-Im(Z)/Ohm"]
    frame[columns] = frame[columns].astype(object).where(~swept, "n/a")
    frame.to_csv(path, index=False)
    data = read_cycling(path, area_cm2=AREA_CM2)
    assert data.spectra == ()
    assert any("impedance not used" in str(flag) for flag in data.flags)
