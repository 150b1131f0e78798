from dataclasses import replace

import numpy as np
import pytest

from screening.errors import InputError
from screening.lab.impedance.drt import deconvolve
from screening.lab.impedance.processes import assign
from screening.lab.impedance.refit import fit_zarcs
from screening.lab.impedance.short import judge
from screening.lab.impedance.windows import Windows
from screening.lab.short import Short, Signal
from screening.simulate.impedance import Circuit, Zarc, frequencies_hz, measure

BULK = Zarc(30, 1e-7, 0.9)
PLATING = Zarc(25, 1.5, 0.9)


CELL = Circuit(10.0, 1e-7, (BULK, PLATING))


def processes(last, count=8):
    rng = np.random.default_rng(3)
    cells = [CELL] * (count - 1) + [last]
    spectra = [
        measure(cell, frequencies_hz(), relative_noise=0.005, rng=rng, time_s=60.0 * i)
        for i, cell in enumerate(cells)
    ]
    return assign(fit_zarcs(deconvolve(spectra)))


HEALTHY = processes(CELL)
VANISHED = processes(Circuit(10.0, 1e-7, (Zarc(20, 1e-7, 0.9),)))
PASSED = [True] * 8


def test_plating_present_and_no_drop_is_no_short():
    assert judge(HEALTHY, passed_kramers_kronig=PASSED).verdict is Short.NONE


def test_plating_gone_total_dropped_and_a_sound_spectrum_is_a_soft_short():
    result = judge(VANISHED, passed_kramers_kronig=PASSED)
    assert result.verdict is Short.SOFT
    assert {one.signal: one.verdict for one in result.evidence} == {
        Signal.DROP: Short.SOFT,
        Signal.PLATING: Short.SOFT,
        Signal.TOTAL: Short.INDETERMINATE,
        Signal.SOUND: Short.INDETERMINATE,
    }
    assert result.evidence[0].verdict is Short.SOFT
    assert any("test of the last spectrum: passed" in one.statement for one in result.evidence)


@pytest.mark.parametrize("passed", [None, [True] * 7 + [False]])
def test_without_a_sound_spectrum_the_same_is_indeterminate(passed):
    result = judge(VANISHED, passed_kramers_kronig=passed)
    assert result.verdict is Short.INDETERMINATE
    assert not any(one.verdict.is_alarm for one in result.evidence)


def test_a_vanished_peak_alone_is_indeterminate():
    # the total stays: the resistance has moved to the bulk arc
    moved = processes(Circuit(10.0, 1e-7, (Zarc(55, 1e-7, 0.9),)))
    assert judge(moved, passed_kramers_kronig=PASSED).verdict is Short.INDETERMINATE


def test_a_falling_resistance_alone_is_not_a_short():
    improving = processes(
        Circuit(10.0, 1e-7, (Zarc(10, 1e-7, 0.9), Zarc(15, 1.5, 0.9))),
    )
    verdict = judge(improving, passed_kramers_kronig=PASSED).verdict
    assert verdict in (Short.NONE, Short.INDETERMINATE)


def test_less_than_the_electrolyte_itself_is_a_short():
    assert judge(VANISHED, passed_kramers_kronig=PASSED, electrolyte_ohm=62.0).verdict is Short.HARD
    assert judge(HEALTHY, passed_kramers_kronig=PASSED, electrolyte_ohm=62.0).verdict is Short.NONE


def test_wrong_input_is_refused():
    with pytest.raises(InputError, match="2 Kramers-Kronig verdicts for 8 spectra"):
        judge(HEALTHY, passed_kramers_kronig=[True, True])


def test_windows_under_other_names_are_judged_by_their_roles():
    renamed = Windows(tuple(replace(each, name=f"my {each.name}") for each in Windows.default()))
    result = judge(replace(VANISHED, windows=renamed), passed_kramers_kronig=PASSED)
    assert result.verdict is Short.SOFT


def test_without_a_role_the_verdict_says_what_it_cannot_judge():
    plain = Windows(tuple(replace(each, role=None) for each in Windows.default()))
    for series in (HEALTHY, VANISHED):
        result = judge(replace(series, windows=plain), passed_kramers_kronig=PASSED)
        assert result.verdict is Short.INDETERMINATE
        assert any("no soft short can be judged" in one.statement for one in result.evidence)
    short = judge(replace(VANISHED, windows=plain), passed_kramers_kronig=PASSED, electrolyte_ohm=62.0)
    assert short.verdict is Short.HARD
