import numpy as np
import pytest

from screening.errors import InputError
from screening.lab.impedance.drt import deconvolve
from screening.lab.impedance.processes import assign
from screening.lab.impedance.refit import fit_zarcs
from screening.lab.impedance.short import Verdict, judge
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
    assert judge(HEALTHY, passed_kramers_kronig=PASSED).verdict is Verdict.NONE


def test_plating_gone_total_dropped_and_a_sound_spectrum_is_a_soft_short():
    result = judge(VANISHED, passed_kramers_kronig=PASSED)
    assert result.verdict is Verdict.SOFT_SHORT
    assert [one.speaks_for_short for one in result.evidence] == [None, True, True, True]


@pytest.mark.parametrize("passed", [None, [True] * 7 + [False]])
def test_without_a_sound_spectrum_the_same_is_indeterminate(passed):
    assert judge(VANISHED, passed_kramers_kronig=passed).verdict is Verdict.INDETERMINATE


def test_a_vanished_peak_alone_is_indeterminate():
    # the total stays: the resistance has moved to the bulk arc
    moved = processes(Circuit(10.0, 1e-7, (Zarc(55, 1e-7, 0.9),)))
    assert judge(moved, passed_kramers_kronig=PASSED).verdict is Verdict.INDETERMINATE


def test_a_falling_resistance_alone_is_not_a_short():
    improving = processes(
        Circuit(10.0, 1e-7, (Zarc(10, 1e-7, 0.9), Zarc(15, 1.5, 0.9))),
    )
    verdict = judge(improving, passed_kramers_kronig=PASSED).verdict
    assert verdict in (Verdict.NONE, Verdict.INDETERMINATE)


def test_less_than_the_electrolyte_itself_is_a_short():
    assert judge(VANISHED, passed_kramers_kronig=PASSED, electrolyte_ohm=62.0).verdict is Verdict.SHORT
    assert judge(HEALTHY, passed_kramers_kronig=PASSED, electrolyte_ohm=62.0).verdict is Verdict.NONE


def test_wrong_input_is_refused():
    with pytest.raises(InputError, match="2 Kramers-Kronig verdicts for 8 spectra"):
        judge(HEALTHY, passed_kramers_kronig=[True, True])
    with pytest.raises(InputError, match="no window"):
        judge(HEALTHY, plating="tau9")
