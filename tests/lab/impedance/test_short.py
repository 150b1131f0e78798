"""Leaks are laid over circuits as Z/(1 + Z/R_e), behind the leads' inductance, apart from the package."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.constants import Boltzmann, elementary_charge

from screening.errors import InputError
from screening.lab.impedance.analysis import analyse
from screening.lab.impedance.drt import deconvolve
from screening.lab.impedance.explain import Explanations
from screening.lab.impedance.processes import assign
from screening.lab.impedance.refit import fit_zarcs
from screening.lab.impedance.short import judge, seek_leak
from screening.lab.impedance.spectrum import Spectrum
from screening.lab.short import Short, Signal

FREQUENCY = np.geomspace(7e6, 0.1, 41)
HOURS = np.arange(0.0, 30.0, 1.5)
R_INF, ARCS = 10.0, np.array([30.0, 45.0, 33.0])
TAU, PHI = np.array([1e-7, 1e-5, 0.3]), np.array([0.9, 0.92, 0.88])


def series(
    leak=lambda hour: 0.0, arcs=lambda hour: ARCS, r_inf=lambda hour: R_INF, tau=lambda hour: TAU, **kept
):
    """Spectra every 1.5 h, 0.5 % noise; the leak in S."""
    rng, omega, spectra = np.random.default_rng(7), 2 * np.pi * FREQUENCY, []
    for hour in HOURS:
        power = (1j * omega[:, None] * tau(hour)) ** PHI
        cell = r_inf(hour) + (arcs(hour) / (1 + power)).sum(axis=1)
        z = 1j * omega * 1e-7 + cell / (1 + leak(hour) * cell)
        noise = rng.normal(size=z.size) + 1j * rng.normal(size=z.size)
        temperature = kept["temperature"](hour) if "temperature" in kept else None
        z = z + 0.005 * np.abs(z) * noise
        spectra.append(
            Spectrum(FREQUENCY, z, time_s=3600 * hour, temperature_c=temperature, area_cm2=kept.get("area"))
        )
    return spectra


def reaction(hour):
    return ARCS * np.array([1.0, np.exp(-hour / 8.0), 1.0])


def warmed(hour, low=22.0, high=26.0):
    """Temperature in °C, and exp(Ea/kT) over that at the start, of R∞ and the arcs."""
    celsius = low + (high - low) * hour / HOURS[-1]
    inverse = elementary_charge / Boltzmann * (1 / (celsius + 273.15) - 1 / (low + 273.15))
    return celsius, np.exp(np.array([0.40, 0.40, 0.55, 0.48]) * inverse)


WARMING = {
    "r_inf": lambda hour: R_INF * warmed(hour)[1][0],
    "arcs": lambda hour: ARCS * warmed(hour)[1][1:],
    "tau": lambda hour: TAU * warmed(hour)[1][1:] ** (1 / PHI),
}


def found(spectra, **options):
    return analyse(spectra, **options)


def test_half_of_the_current_through_a_leak_is_a_soft_short_with_its_size_and_time():
    result = found(series(lambda hour: (hour >= 9) / 59.0, area=0.785))  # 118 Ω become 39 Ω
    assert result.short.verdict is Short.SOFT
    assert result.short.time_h == 9.0
    (path,) = (one for one in result.short.evidence if one.signal is Signal.PATH)
    assert path.value == pytest.approx(1e3 / 59.0, rel=0.03)
    assert "mS/cm²" in path.statement
    table = result.tables()["leak"]
    after = table[table.time_s >= 9 * 3600]
    covered = (after.leak_low_ms <= 1e3 / 59.0) & (after.leak_high_ms >= 1e3 / 59.0)
    assert covered.mean() > 0.8
    assert table.leaking.tolist() == (table.time_s >= 9 * 3600).tolist()


def test_no_process_settles_across_a_leak():
    long_before = found(series(lambda hour: (hour >= 18) / 59.0))
    courses = long_before.report.to_frame()
    assert not courses.settled.any()  # twelve spectra before it, and nothing happens in them
    early = found(series(lambda hour: (hour >= 9) / 59.0))
    assert early.report is None


def test_a_dead_short_is_hard_from_when_it_came():
    result = found(series(lambda hour: (hour >= 19) / 0.5, arcs=reaction))
    assert result.short.verdict is Short.HARD
    assert result.short.time_h == 19.5
    assert result.leak.conductance_s[result.leak.leaking] == pytest.approx(2.0, rel=0.01)


def test_a_short_in_every_fifth_spectrum_is_soft():
    result = found(series(lambda hour: (round(hour / 1.5) % 5 == 3) / 80.0, arcs=reaction))
    assert result.short.verdict is Short.SOFT
    assert result.leak.rows[result.leak.leaking].tolist() == [3, 8, 13, 18]
    assert "healed" in result.short.evidence[0].statement


def test_a_leak_that_grows_in_a_reacting_cell_is_found():
    result = found(series(lambda hour: max(0.0, hour - 10.0) / 20.0 / 80.0, arcs=reaction))
    assert result.short.verdict is Short.SOFT
    assert 10.0 <= result.short.time_h <= 14.0
    assert result.leak.conductance_s[-1] == pytest.approx((28.5 - 10.0) / 20.0 / 80.0, rel=0.05)


def test_a_reaction_is_no_short_and_settles():
    result = found(series(arcs=reaction))
    assert result.short.verdict is Short.NONE
    tau2 = result.report.to_frame().set_index("window").loc["tau2"]
    assert tau2.settled


def test_no_short_carries_a_bound_that_a_leak_as_large_would_break():
    quiet = found(series(area=0.785))
    assert quiet.short.verdict is Short.NONE
    assert "mS/cm² (95 %)" in quiet.short.evidence[0].statement
    bound = quiet.leak.bound_s
    assert 0.0 < bound < 1e-3
    assert found(series(lambda hour: (hour >= 15) * 4.0 * bound)).short.verdict is Short.SOFT


def test_warming_that_is_not_recorded_is_named_and_settles_nothing():
    result = found(series(**WARMING))
    assert not result.short.verdict.is_alarm
    courses = result.report.to_frame()
    assert not courses.settled.any()
    assert courses.reason.str.contains("common cause").any()
    assert "warmer" in result.leak.rival


def test_warming_that_is_recorded_is_taken_out():
    result = found(series(temperature=lambda hour: warmed(hour)[0], **WARMING))
    assert result.short.verdict is Short.NONE
    courses = result.report.to_frame().set_index("window")
    assert courses.loc["total", "trend"] == "steady"
    assert not courses.settled.any()


def test_a_single_arc_of_fixed_capacitance_cannot_be_told_from_a_leak():
    # without R∞, R/(1 + gR) with τ shrinking by as much is what a leak and a reaction both do
    fall = {
        "r_inf": lambda hour: 0.0,
        "arcs": lambda hour: np.array([0.0, 45.0 if hour < 15 else 30.0, 0.0]),
        "tau": lambda hour: TAU * (1.0 if hour < 15 else (2 / 3) ** (1 / 0.92)),
    }
    result = found(series(**fall))
    assert result.short.verdict is Short.INDETERMINATE
    assert result.short.evidence[0].statement.startswith("cannot tell")


def test_a_leak_of_which_nothing_is_known_leaves_the_path_open(monkeypatch):
    count = 8
    unknown = np.zeros(count), np.full(count, np.inf)
    monkeypatch.setattr(Explanations, "leak_s", lambda self, found: unknown)
    refit = fit_zarcs(deconvolve(series()[:count]))
    leak = seek_leak(refit, [True] * count)
    assert not leak.leaking.any()
    assert leak.bound_s == np.inf
    verdict = judge(assign(refit), leak, passed_kramers_kronig=[True] * count)
    assert verdict.verdict is Short.INDETERMINATE


def test_less_than_the_electrolyte_itself_is_a_hard_short_in_a_sound_spectrum():
    processes = assign(fit_zarcs(deconvolve(series()[:8])))
    passed = [True] * 8
    level = judge(processes, None, passed_kramers_kronig=passed, electrolyte_ohm=150.0)
    assert level.verdict is Short.HARD
    assert (
        judge(processes, None, passed_kramers_kronig=passed, electrolyte_ohm=110.0).verdict is not Short.HARD
    )
    broken = judge(processes, None, passed_kramers_kronig=[*passed[1:], False], electrolyte_ohm=150.0)
    assert broken.verdict is Short.INDETERMINATE


def test_too_few_sound_spectra_leave_the_path_open():
    refit = fit_zarcs(deconvolve(series()[:8]))
    assert seek_leak(refit, [True] * 3 + [False] * 5) is None
    verdict = judge(assign(refit), None, passed_kramers_kronig=[True] * 8)
    assert verdict.verdict is Short.INDETERMINATE


def test_a_leak_is_sought_beside_areas_under_gamma_too():
    result = found(series(lambda hour: (hour >= 18) / 59.0), refit=False)
    assert result.refit is None
    assert result.short.verdict is Short.SOFT
    assert not result.report.to_frame().settled.any()


def test_nothing_is_settled_where_no_leak_could_be_sought(monkeypatch):
    spectra = series(arcs=reaction)
    assert found(spectra).report.to_frame().settled.any()
    monkeypatch.setattr("screening.lab.impedance.analysis.seek_leak", lambda *_: None)
    courses = found(spectra).report.to_frame()
    assert not courses.settled.any()
    assert courses.reason.str.contains("not excluded").any()


def test_wrong_input_is_refused():
    processes = assign(fit_zarcs(deconvolve(series()[:8])))
    with pytest.raises(InputError, match="2 Kramers-Kronig verdicts for 8 spectra"):
        judge(processes, None, passed_kramers_kronig=[True, True])


def test_a_series_without_times_names_the_spectrum():
    timeless = [replace(one, time_s=None) for one in series(lambda hour: (hour >= 9) / 59.0)]
    result = found(timeless)
    assert result.short.verdict is Short.SOFT
    assert "from spectrum 7 on" in result.short.evidence[0].statement
