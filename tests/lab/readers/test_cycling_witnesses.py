"""Total time, step time, wall clock and charge counter of one file must tell the same time."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

import screening as scr
from screening.errors import InputError
from screening.lab.cycling.fullcell import full_cell_cycles
from screening.lab.cycling.halfcycles import half_cycles
from screening.lab.cycling.table import FlagKind
from screening.lab.readers.columns import WORKING_ELECTRODE, match
from screening.lab.readers.cycling import read_cycling

START = datetime(2023, 6, 30, 17, 0, 0)
STEPS, ROWS = 6, 61


def clock(seconds):
    return f"{int(seconds) // 3600:02d}:{int(seconds) // 60 % 60:02d}:{int(seconds) % 60:02d}"


def records():
    """Six steps of an hour at ±1 mA: step, time in the step, total time, current, charge in the step."""
    for step in range(STEPS):
        for k in range(ROWS):
            yield step, 60 * k, 3600 * step + 60 * k, (-1.0) ** step * 1e-3, 1e-3 * k / 60


@pytest.fixture
def read(tmp_path):
    def _read(header, row):
        """Read a file of `row(step, within, total, current, charge)` under `header`."""
        path = tmp_path / "cell.csv"
        path.write_text("\n".join([header, *(row(*record) for record in records())]) + "\n", "utf-8")
        return read_cycling(path)

    return _read


def told(data):
    return "; ".join(str(flag) for flag in data.flags)


def test_a_total_time_of_zero_in_each_first_row_is_filled_in(read):
    data = read(
        "Cycle Index,Step Index,Step Type,Time,Total Time,Current(A),Voltage(V)",
        lambda s, w, t, i, q: f"{s // 2},{s},CC,{clock(w)},{clock(t if w else 0)},{i},3.5",
    )
    assert data.time_s[-1] == 21600
    np.testing.assert_allclose(half_cycles(data).charge_ah, 1e-3, rtol=1e-9)
    assert "'Total Time' is 0 in 5 rows of a time that runs on" in told(data)


@pytest.mark.parametrize(
    ("header", "row", "who"),
    [
        (
            "TestTime,Current (A),Voltage (V),DPT Time",
            lambda s, w, t, i, q: f"{t / 60},{i},3.5,{START + timedelta(seconds=t)}",
            "'DPT Time' speaks",
        ),
        (
            "TestTime,Step Time (s),Current (A),Voltage (V)",
            lambda s, w, t, i, q: f"{t / 60},{w},{i},3.5",
            "'Step Time (s)' speaks",
        ),
        (
            "TestTime,Current (A),Voltage (V),Capacity (Ah)",
            lambda s, w, t, i, q: f"{t / 60},{i},3.5,{q:.9f}",
            "'Capacity (Ah)' speaks",
        ),
        (
            "TestTime,Current (A),Voltage (V),Capacity (Ah),DPT Time",
            lambda s, w, t, i, q: f"{t / 60},{i},3.5,{q:.9f},{START + timedelta(seconds=t)}",
            "'DPT Time' and 'Capacity (Ah)' speak",
        ),
        (
            "Test (Sec),Current (A),Voltage (V),Capacity (Ah),DPT Time",
            lambda s, w, t, i, q: f"{t / 60},{i},3.5,{q:.9f},{START + timedelta(seconds=t)}",
            "is not in the unit it states; read as minutes",
        ),
    ],
)
def test_minutes_are_told_from_seconds_by_any_witness(header, row, who, read):
    data = read(header, row)
    assert data.time_s[-1] == pytest.approx(21600)
    assert who in told(data)


def test_hours_and_milliseconds_too(read):
    for factor in (3600.0, 1e-3):
        data = read(
            "TestTime,Current (A),Voltage (V),DPT Time",
            lambda s, w, t, i, q, factor=factor: f"{t / factor},{i},3.5,{START + timedelta(seconds=t)}",
        )
        assert data.time_s[-1] == pytest.approx(21600)


def test_a_clock_against_the_stated_unit_is_refused_where_nothing_else_speaks(read):
    with pytest.raises(
        InputError, match=r"'Time \(s\)' runs 60 times slower than 'DPT Time'; state its unit"
    ):
        read(
            "Time (s),Current (A),Voltage (V),DPT Time",
            lambda s, w, t, i, q: f"{t / 60},{i},3.5,{START + timedelta(seconds=t)}",
        )


def test_what_upholds_the_seconds_is_believed(read):
    data = read(
        "TestTime,Current (A),Voltage (V),DPT Time",
        lambda s, w, t, i, q: f"{t},{i},3.5,{START + timedelta(seconds=t)}",
    )
    assert data.time_s[-1] == 21600
    assert "unit not stated" not in told(data)


def test_step_times_are_joined_by_the_clock(read):
    """The first row of each step counts from its own beginning; the clock knows the interval before it."""
    data = read(
        "Step ID,Time(h:min:s),Current(A),Voltage(V),Realtime",
        lambda s, w, t, i, q: f"{s},{clock(w)},{i},3.5,{START + timedelta(seconds=t + 60 * s)}",
    )
    assert data.time_s[-1] == 21600 + 5 * 60


def test_step_times_beyond_the_clock_are_refused(read):
    with pytest.raises(
        InputError, match="the step times add up to 21600 s, where 10800 s passed by the clock"
    ):
        read(
            "Step ID,Time(h:min:s),Current(A),Voltage(V),Realtime",
            lambda s, w, t, i, q: f"{s},{clock(w)},{i},3.5,{START + timedelta(seconds=t / 2)}",
        )


def test_a_whole_cell_has_one_voltage_in_binary_and_text(tmp_path, cycling_corpus):
    """Working less counter electrode, whether the file holds the difference (.mpt) or not (.mpr)."""
    files = {"a.mpt": cycling_corpus.mpt(electrodes="Ewe-Ece/V"), "a.mpr": cycling_corpus.mpr(counter=True)}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
        data = read_cycling(tmp_path / name)
        np.testing.assert_allclose(data.voltage_v, cycling_corpus.TRUTH.voltage_v, atol=1e-6)
        assert "voltage of the whole cell: 'Ewe" in told(data)


def test_means_in_angle_brackets_are_potentials():
    for header in ("<Ewe>/V", "<Ewe/V>", "Ewe/V"):
        assert match([header]).keys() == {WORKING_ELECTRODE}


def test_hours_under_the_name_of_seconds_are_refused(read):
    with pytest.raises(InputError, match="is it in hours"):
        read(
            "Test Time (s),Current (A),Voltage (V),Capacity (Ah)",
            lambda s, w, t, i, q: f"{t / 3600:.6f},{i},3.5,{q:.9f}",
        )


def full_cell(tmp_path, current, *, extra="", state=lambda _: ""):
    """Four half-cycles of an hour, 3.0 to 4.2 V and back, `current` (A) per half-cycle."""
    path = tmp_path / "full.csv"
    rows = [f"Test Time (s),Current (A),Voltage (V){extra}"]
    for step in range(4):
        for k in range(ROWS):
            rise = k / (ROWS - 1)
            voltage = 3.0 + 1.2 * (rise if step % 2 == 0 else 1.0 - rise)
            rows.append(f"{3600 * step + 60 * k + step},{current(step)},{voltage:.4f}{state(step)}")
    path.write_text("\n".join(rows) + "\n", "utf-8")
    return path


def test_the_voltage_of_a_full_cell_tells_the_sign_of_its_current(tmp_path):
    right = read_cycling(full_cell(tmp_path, lambda s: 1e-3 * (-1.0) ** s))
    wrong = read_cycling(full_cell(tmp_path, lambda s: -1e-3 * (-1.0) ** s))
    assert half_cycles(right).sign.tolist() == half_cycles(wrong).sign.tolist() == [1, -1, 1, -1]
    assert "the sign of the current is reversed" in told(wrong)
    assert "reversed" not in told(right)


def test_names_of_steps_do_not_overrule_current_and_voltage_together(tmp_path):
    path = full_cell(
        tmp_path,
        lambda s: 1e-3 * (-1.0) ** s,
        extra=",State",
        state=lambda s: ",discharge" if s % 2 == 0 else ",charge",
    )
    assert half_cycles(read_cycling(path)).sign.tolist() == [1, -1, 1, -1]


def test_a_current_without_sign_under_a_voltage_that_turns_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"the current has one sign; the voltage rises by 1\.20 V"):
        read_cycling(full_cell(tmp_path, lambda _: 1e-3))


@pytest.mark.parametrize("form", ["%d.%m.%Y %H:%M:%S", "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S"])
def test_dates_alone_do_not_jump_by_a_month_at_midnight(form, tmp_path):
    path, start = tmp_path / "dates.csv", datetime(2024, 4, 3, 23, 30)
    rows = [f"{start + timedelta(minutes=k):{form}},0.001,{3.5 + k / 1000}" for k in range(60)]
    path.write_text("\n".join(["Date Time,Current (A),Voltage (V)", *rows]) + "\n", "utf-8")
    assert read_cycling(path).time_s[-1] == 59 * 60


@pytest.mark.parametrize(("first", "last"), [(1800, 9000), (5400, 12600)])
def test_missing_rows_are_not_integrated_and_their_cycles_not_whole(tmp_path, first, last):
    rows = [f"{t},{3.5 + 2e-4 * w * (-1) ** s},{i},A" for s, w, t, i, _ in records() if not first < t < last]
    (path := tmp_path / "cell.csv").write_text("\n".join(["Time (s),Voltage (V),Current (A),Cell ID", *rows]))
    data = read_cycling(path)
    assert f"rows missing: {last - first} s from {first} s on" in told(data)
    assert half_cycles(data).charge_ah.max() < 1.05e-3
    cycles = full_cell_cycles(data).cycles
    # half of a charge and half of another are no charge, however well they add up
    assert not cycles.complete[0]
    assert cycles.complete[-1]


def test_a_long_interval_that_the_counter_counted_is_not_missing(tmp_path):
    rows = [f"{t},3.5,{i},{q}" for _, _, t, i, q in records() if not 600 < t < 3000]
    header = "Time (s),Voltage (V),Current (A),Capacity (Ah)"
    (path := tmp_path / "cell.csv").write_text("\n".join([header, *rows]))
    data = read_cycling(path)
    assert "rows missing" not in told(data)
    np.testing.assert_allclose(half_cycles(data).charge_ah, 1e-3, rtol=1e-9)


@pytest.mark.parametrize(
    ("header", "last", "remark"),
    [
        ("Power (W)", lambda t, i: f"{3.5 * i:.6g}", "power is 0.001 times voltage times current"),
        ("Power (mW)", lambda t, i: f"{3.5e6 * i:.6g}", ""),
        (
            "Energy (Wh)",
            lambda t, i: f"{3.5e-3 * min(t % 7200, 7200 - t % 7200) / 3600:.6g}",
            "energy is 0.001 times",
        ),
        ("Energy (mWh)", lambda t, i: f"{3.5e3 * min(t % 7200, 7200 - t % 7200) / 3600:.6g}", ""),
    ],
)
def test_power_and_energy_are_witnesses_of_the_unit_of_the_current(read, header, last, remark):
    data = read(
        f"Time (s),Voltage (V),Current (A),{header}", lambda s, w, t, i, q: f"{t},3.5,{1e3 * i},{last(t, i)}"
    )
    assert ("one unit is wrong" in told(data)) is bool(remark)
    assert remark in told(data)


@pytest.mark.parametrize("header", ["Power (W)", "Pwr (W)"])
@pytest.mark.parametrize(
    ("factor", "remark"), [(1.0, ""), (1.6, "the power is 1.6 times voltage times current")]
)
def test_a_power_of_another_voltage_is_told(read, header, factor, remark):
    data = read(
        f"Time (s),Voltage (V),Current (A),{header}",
        lambda s, w, t, i, q: f"{t},3.5,{i},{factor * 3.5 * i:.6g}",
    )
    assert ("the power is" in told(data)) is bool(remark)
    assert remark in told(data)


def test_a_clock_that_runs_twice_as_fast_is_told(read):
    data = read(
        "Test Time (s),Voltage (V),Current (A),Date Time",
        lambda s, w, t, i, q: f"{t},3.5,{i},{START + timedelta(seconds=2 * t)}",
    )
    assert "43200 s pass, where the time of the test, which is used, tells 21600 s" in told(data)


@pytest.mark.parametrize(
    ("header", "factor", "remark"),
    [("Time", 60.0, "'Time' read as h:mm"), ("Time (mm:ss)", 1.0, ""), ("Time (h:mm)", 60.0, "")],
)
def test_clocks_of_two_parts_are_as_their_unit_says_or_told(read, header, factor, remark):
    data = read(f"{header},Voltage (V),Current (A)", lambda s, w, t, i, q: f"{t // 60}:{t % 60:02d},3.5,{i}")
    assert data.time_s[-1] == factor * 21600
    assert ("h:mm" in told(data)) is bool(remark)
    assert remark in told(data)


def test_a_clock_of_two_parts_is_decided_by_the_wall_clock(read):
    data = read(
        "Time,Voltage (V),Current (A),Date Time",
        lambda s, w, t, i, q: f"{t // 60}:{t % 60:02d},3.5,{i},{START + timedelta(seconds=t)}",
    )
    assert data.time_s[-1] == 21600


def test_an_overrange_is_left_out_and_told(read):
    data = read(
        "Time (s),Voltage (V),Current (mA)",
        lambda s, w, t, i, q: f"{t},3.5,{9.9e37 if t == 600 else 1e3 * i}",
    )
    np.testing.assert_allclose(half_cycles(data).charge_ah, 1e-3, rtol=1e-9)
    assert "is an overrange" in told(data)


def test_channels_in_turns_are_refused_and_one_that_changes_once_is_read(read):
    header = "Time (s),Voltage (V),Current (A),Channel"
    with pytest.raises(InputError, match=r"2 channels in turns \(7, 8\)"):
        read(header, lambda s, w, t, i, q: f"{t},3.5,{i},7\n{t},3.4,{i / 2},8")
    data = read(header, lambda s, w, t, i, q: f"{t},3.5,{i},{7 + (t > 7200)}")
    np.testing.assert_allclose(half_cycles(data).charge_ah, 1e-3, rtol=1e-9)


def test_millivolts_under_the_name_of_volts_are_refused(read):
    with pytest.raises(InputError, match="3680 V is no cell's"):
        read("Time (s),Voltage (V),Current (A)", lambda s, w, t, i, q: f"{t},{3500 + w / 10},{i}")


def test_states_in_german_give_an_unsigned_current_its_sign(read):
    data = read(
        "Zeit (Std),Spannung (V),Strom (mA),Zustand",
        lambda s, w, t, i, q: f"{t / 3600:.9f},{3.5 + w * (-1) ** s * 2e-4},1,{('Laden', 'Entladen')[s % 2]}",
    )
    assert half_cycles(data).sign.tolist() == [1, -1] * 3
    assert data.time_s[-1] == pytest.approx(21600)


def test_a_clock_with_decimals_of_its_second_part_is_of_minutes_and_seconds(read):
    data = read("Time,Voltage (V),Current (A)", lambda s, w, t, i, q: f"{t // 60}:{t % 60:02d}.5,3.5,{i}")
    assert (data.time_s[0], data.time_s[-1]) == (0.5, 21600.5)


def test_a_clock_of_two_parts_is_decided_by_the_charge_counters(read):
    data = read(
        "Time,Voltage (V),Current (A),Charge Capacity (Ah),Discharge Capacity (Ah)",
        lambda s, w, t, i, q: (
            f"{t // 60}:{t % 60:02d},3.5,{i},"
            f"{(s + 1) // 2 * 1e-3 + q * (s % 2 == 0)},{s // 2 * 1e-3 + q * (s % 2)}"
        ),
    )
    assert data.time_s[-1] == 21600
    assert "read as minutes and seconds, for which 'Charge Capacity (Ah)' speaks" in told(data)
    np.testing.assert_allclose(half_cycles(data).charge_ah, 1e-3, rtol=1e-9)


def test_a_counter_in_full_digits_is_not_said_to_step_by_nothing(read):
    data = read(
        "Time (s),Voltage (V),Current (A),Capacity (Ah)",
        lambda s, w, t, i, q: f"{t},{3.5 + (-1) ** s * w / 1e4},{i:.3f},{q * 0.987654321987:.15f}",
    )
    message = "; ".join(map(str, full_cell_cycles(data).flags))
    assert "charges by the cycler's counter, not the current, which is written in steps of 0.001 A" in message
    assert "0 Ah" not in message


def test_a_single_whole_cycle_has_no_retention(tmp_path):
    rows = [f"{t},{3.5 + 2e-4 * (w if s == 0 else 3600 - w)},{i}" for s, w, t, i, _ in records() if s < 2]
    (path := tmp_path / "cell.csv").write_text("\n".join(["Time (s),Voltage (V),Current (A)", *rows]))
    shown = dict(scr.read_cycling(path).display().content.to_numpy().tolist())
    assert shown["Coulombic efficiency"].startswith("100.00% at first")
    assert "retention" not in shown


@pytest.mark.parametrize(
    "heads",
    ["freq/Hz,Re(Z)/Ohm,-Im(Z)/Ohm", "Frequency / Hz,Real Impedance / ohm,Imaginary Impedance / ohm"],
)
def test_spectra_among_rows_stand_under_the_names_of_the_battery_data_format_too(
    tmp_path: Path, heads: str
) -> None:
    sign = 1.0 if "-Im" in heads else -1.0
    rows = [f"{60 * i},0.02,0.001,0,0,0" for i in range(1, 61)]
    for k, hertz in enumerate(np.geomspace(1e5, 1.0, 11)):
        z = 5.0 + 20.0 / (1.0 + 2j * np.pi * hertz * 1e-3)
        rows.append(f"{3600 + 10 * (k + 1)},0.02,0,{hertz},{z.real},{sign * -z.imag}")
    rows += [f"{3800 + 60 * i},0.02,0.001,0,0,0" for i in range(60)]
    path = tmp_path / "record.csv"
    path.write_text("\n".join([f"Test Time / s,Voltage / V,Current / A,{heads}", *rows]), "utf-8")
    (spectrum,) = read_cycling(path).spectra
    assert spectrum.z_ohm[-1] == pytest.approx(5.0 + 20.0 / (1.0 + 2j * np.pi * 1e-3), rel=1e-6)


def swept(tmp_path, *, blank, sweep_v, header="Time (s),Voltage (V),Current (A)"):
    """Four half-hours of ±1 mA in rows a minute apart; 24 others, 5 s apart, after the tenth."""
    rows, t = [], 0
    for sign in (1, -1, 1, -1):
        for k in range(31):
            rows.append(f"{t},{0.05 * sign},{1e-3 * sign}" + ",,,"[: header.count(",") - 2])
            t += 60
            for _ in range(24 if k == 9 else 0):
                rows.append(blank(t, sweep_v(sign)))
                t += 5
        t -= 60
    (path := tmp_path / "swept.csv").write_text("\n".join([header, *rows]) + "\n", "utf-8")
    return read_cycling(path)


def test_a_sweep_without_a_current_counts_for_nothing(tmp_path):
    data = swept(tmp_path, blank=lambda t, v: f"{t},{v},", sweep_v=lambda _: 0.0)
    assert len(data) == 4 * 55
    np.testing.assert_allclose(half_cycles(data).charge_ah, 1e-3 * 29 * 60 / 3600, rtol=0.035)
    assert "96 rows without a current, whose voltage is that of rest; read as 0" in told(data)


def test_rows_without_a_current_in_which_it_flows_on_are_counted_across(tmp_path):
    data = swept(tmp_path, blank=lambda t, v: f"{t},{v},", sweep_v=lambda sign: 0.05 * sign)
    assert len(data) == 4 * 31
    np.testing.assert_allclose(half_cycles(data).charge_ah, 1e-3 * (30 * 60 + 120) / 3600, rtol=0.035)
    assert "96 rows without time, voltage or current; left out" in told(data)


def test_damaged_currents_are_no_rest(tmp_path):
    data = swept(tmp_path, blank=lambda t, v: f"{t},{v},#REF", sweep_v=lambda _: 0.0)
    assert len(data) == 4 * 31
    assert "96 rows without time, voltage or current; left out" in told(data)


def test_a_sweep_without_a_voltage_counts_for_nothing(tmp_path):
    header = "Time (s),Voltage (V),Current (A),freq/Hz,Re(Z)/Ohm,-Im(Z)/Ohm"
    data = swept(
        tmp_path, blank=lambda t, v: f"{t},,,{1000 - t % 120:g},20,5", sweep_v=lambda _: 0.0, header=header
    )
    assert len(data) == 4 * 55
    assert np.count_nonzero(data.is_impedance) == 96
    np.testing.assert_allclose(half_cycles(data).charge_ah, 1e-3 * 29 * 60 / 3600, rtol=0.035)


def test_a_counter_that_is_half_a_percent_off_is_told(tmp_path):
    rows = (
        "".join(f"{60 * k},{3.0 + 0.01 * k:.3f},{0.001},{1.005 * k / 60:.9f},CC Chg\n" for k in range(61))
        + "3660,3.6,0,1.005,Rest\n"
    )
    path = tmp_path / "counted.csv"
    path.write_text("Time(s),Voltage(V),Current(A),Capacity(mAh),Step Type\n" + rows)
    told = [flag.message for flag in read_cycling(path).flags if flag.kind is FlagKind.COUNTER]
    assert len(told) == 1 and "charge of 1 of 1 half-cycles" in told[0]
