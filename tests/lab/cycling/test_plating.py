"""Plating efficiency by both definitions, on records whose charges are set by hand."""

import numpy as np
import pytest

import screening as scr
from screening.errors import InputError
from screening.lab.analysis import analyse_cell
from screening.lab.cell import Cell, Kind
from screening.lab.cycling.plating import assess_plating, looks_like_plating
from screening.lab.cycling.table import cycling_data_from_arrays
from screening.lab.sheets import read_cell
from screening.lab.short import Short, Signal

CURRENT_A = 1e-3
ROW_S = 36.0


def record(plan, *, turned=False, eta_v=0.03, dips=()):
    """Half-cycles (charge in mAh, last voltage): negative plates, positive strips; 100 rows per mAh.

    A stripping whose last voltage is above its polarisation rises to it over its last twentieth.
    """
    voltage, current = [], []
    for number, (charge, end_v) in enumerate(plan):
        rows = round(abs(charge) * 100)
        volts = np.full(rows, eta_v)
        tail = max(2, rows // 20)
        volts[-tail:] = np.linspace(eta_v, end_v, tail)
        if number in dips:
            volts[rows // 2 : rows // 2 + 8] *= 0.4
        voltage.append(np.sign(charge) * volts)
        current.append(np.full(rows, np.sign(charge) * CURRENT_A))
    side = -1.0 if turned else 1.0
    volts = np.concatenate(voltage) + 1e-4 * np.random.default_rng(0).standard_normal(sum(map(len, voltage)))
    # the first row of a file closes no interval: it is at rest
    volts, amperes = np.append(0.0, volts), np.append(0.0, np.concatenate(current))
    return cycling_data_from_arrays(
        np.arange(len(volts)) * ROW_S, side * volts, side * amperes, cell="simulated"
    )


def plain(efficiencies):
    return [half for each in efficiencies for half in ((-1.0, 0.03), (each, 1.0))]


RESERVOIR = [(-5.0, 0.03), (4.5, 1.0), (-5.0, 0.03), *[(1.0, 0.04), (-1.0, 0.03)] * 10, (4.0, 1.0)]


@pytest.mark.parametrize("turned", [False, True])
def test_plain_efficiency_is_the_mean_after_the_first_block(turned):
    report = assess_plating(record(plain([0.80, *[0.97] * 6, *[0.95] * 6]), turned=turned))
    assert report.plain_efficiency == pytest.approx(0.96, abs=1e-3)
    assert report.aurbach_efficiency is None
    assert report.blocks.efficiency[0] == pytest.approx(0.80, abs=1e-3)
    assert len(report.blocks) == 13
    assert report.verdict.verdict is Short.NONE


@pytest.mark.parametrize("eta_v", [0.01, 0.03, 0.3])
def test_reservoir_gives_aurbach_s_efficiency_and_its_conditioning_is_no_part_of_it(eta_v):
    # strippings within the block end a third above the polarisation: no end, however large that is
    plan = [(charge, 1.0 if last == 1.0 else 1.33 * eta_v) for charge, last in RESERVOIR]
    report = assess_plating(record(plan, eta_v=eta_v))
    assert report.blocks.inner_cycles.tolist() == [0, 10]
    # (n Qc + QS) / (n Qc + QT)
    assert report.aurbach_efficiency == pytest.approx((10 * 1.0 + 4.0) / (10 * 1.0 + 5.0), abs=1e-3)
    assert report.plain_efficiency is None
    assert report.verdict.verdict is Short.NONE


def test_a_stripping_without_an_end_has_no_efficiency_and_is_a_hard_short_when_it_passes_too_much():
    unfinished = assess_plating(record([*plain([0.9, 0.95]), (-1.0, 0.03), (0.5, 0.03)]))
    assert np.isnan(unfinished.blocks.efficiency[-1])
    assert "did not take all" in str(unfinished.data.flags[-1])
    assert unfinished.verdict.verdict is Short.NONE
    endless = assess_plating(record([*plain([0.9, 0.95, 0.95]), (-1.0, 0.03), (2.0, 0.03)]))
    assert endless.verdict.verdict is Short.HARD
    assert endless.verdict.evidence[0].signal is Signal.UNENDED
    assert endless.verdict.half_cycle == 8


def test_more_out_than_in_is_suspected_and_falls_are_soft():
    over = assess_plating(record(plain([0.95, 0.95, 1.2, 0.95])))
    assert over.verdict.verdict is Short.SUSPECTED
    assert over.verdict.evidence[0].signal is Signal.EXCESS
    falls = assess_plating(record(plain([0.95] * 6), dips=(6, 8)))
    assert falls.verdict.verdict is Short.SOFT
    assert falls.verdict.half_cycle == 7


def test_charges_set_by_the_protocol_are_refused():
    with pytest.raises(InputError, match="no stripping ever takes all"):
        assess_plating(record([(-1.0, 0.03), (1.0, 0.03)] * 5))
    with pytest.raises(InputError, match="no plating followed by stripping"):
        assess_plating(record([(1.0, 1.0)]))


def test_a_sheet_command_and_validation_know_the_kind(tmp_path):
    data = record(plain([0.80, *[0.96] * 8]))
    data.table.to_csv(tmp_path / "record.csv", index=False)
    (tmp_path / "cell.toml").write_text(
        'origin = "measured"\nkind = "plating"\narea_cm2 = 0.785\nstack = ["Li", "Li6PS5Cl", "Cu"]\n'
        '[files]\ncycling = ["record.csv"]\n'
    )
    found = scr.read_cycling(tmp_path / "record.csv", cell=tmp_path / "cell.toml")
    assert found.summary()["plating_efficiency"] == pytest.approx(0.96, abs=1e-3)
    shown = found.display().frame.set_index("quantity")["value"]
    assert shown["plating efficiency (plain)"].startswith("96.0")
    assert found.plot().get_ylabel() == "Plating efficiency (%)"
    written = {path.name for path in found.write(tmp_path / "out")}
    assert {"blocks.csv", "evidence.csv", "cell.json", "cell.png", "cell.html"} <= written
    assert len(found.to_frame()) == 9
    analysis = analyse_cell(read_cell(tmp_path / "cell.toml"))
    assert analysis.value("plating_efficiency") == pytest.approx(0.96, abs=1e-3)
    assert Cell(kind="plating").kind is Kind.PLATING


def test_a_side_that_is_stripped_to_an_end_is_told_from_a_symmetric_cell():
    assert looks_like_plating(record(plain([0.9, 0.95, 0.96])))
    assert not looks_like_plating(record([(-1.0, 0.03), (1.0, 0.03)] * 4))
    assert not looks_like_plating(record([(-1.0, 1.0), (1.0, 1.0)] * 4))
