import numpy as np
import pytest

from screening.errors import InputError
from screening.lab.impedance.completion import Criterion, completion
from screening.simulate.impedance import avrami, first_order, linear, parabolic

HOUR = 3600.0
TIME = np.linspace(0, 36 * HOUR, 45)
KINETICS = {
    "first order": first_order(5 * HOUR),
    "Avrami": avrami(8 * HOUR, 1.5),
    "parabolic": parabolic(15 * HOUR),
    "linear": linear(15 * HOUR),
    "logistic": lambda t: 1 / (1 + np.exp((t - 9 * HOUR) / (1.8 * HOUR))),
}


def truth(course, rule):
    fine = np.linspace(0, TIME[-1], 200001)
    final = course(TIME[(1 - rule.plateau_share) * TIME[-1] <= TIME]).mean()
    return fine[np.flatnonzero(course(fine) > final + rule.share_left * (course(0 * fine)[0] - final))[-1]]


def test_the_interval_holds_the_truth_whatever_the_kinetics():
    rng, rule = np.random.default_rng(0), Criterion()
    held = []
    for course in KINETICS.values():
        expected = truth(course, rule)
        for _ in range(16):
            sd = np.full(TIME.size, 0.3)
            end = completion(TIME, 20 * course(TIME) + sd * rng.normal(size=TIME.size), sd, rule)
            assert end.settled
            held.append(end.low_s <= expected <= end.high_s)
    # 80 intervals at 95 %: fewer than 69 successes has a probability below 1e-3
    assert sum(held) >= 69


def test_more_noise_gives_a_wider_interval():
    rng = np.random.default_rng(1)
    noise = rng.normal(size=TIME.size)
    widths = []
    for sd in (0.05, 0.2, 0.6):
        end = completion(TIME, 20 * KINETICS["first order"](TIME) + sd * noise, np.full(TIME.size, sd))
        widths.append(end.high_s - end.low_s)
    assert widths == sorted(widths)


def test_an_appearing_process_settles_like_a_fading_one():
    rng = np.random.default_rng(2)
    noise, sd = 0.1 * rng.normal(size=TIME.size), np.full(TIME.size, 0.1)
    fading = completion(TIME, 20 * KINETICS["linear"](TIME) + noise, sd)
    appearing = completion(TIME, 20 * (1 - KINETICS["linear"](TIME)) - noise, sd)
    assert appearing.time_s == pytest.approx(fading.time_s, abs=0.05 * HOUR)


def test_units_and_the_start_of_the_clock_do_not_matter():
    rng = np.random.default_rng(3)
    y, sd = 20 * KINETICS["first order"](TIME) + 0.1 * rng.normal(size=TIME.size), np.full(TIME.size, 0.1)
    plain = completion(TIME, y, sd)
    other = completion(TIME + 7 * HOUR, 1000 * y, 1000 * sd)
    assert other.time_s - 7 * HOUR == pytest.approx(plain.time_s)
    assert other.high_s - 7 * HOUR == pytest.approx(plain.high_s)


def test_a_common_error_widens_the_interval():
    sd = np.full(TIME.size, 0.1)
    y = 20 * KINETICS["first order"](TIME) + 0.1 * np.random.default_rng(4).normal(size=TIME.size)
    alone = completion(TIME, y, sd)
    shared = completion(TIME, y, sd, common_sd_ohm=np.full(TIME.size, 0.3))
    assert shared.high_s - shared.low_s > alone.high_s - alone.low_s


def test_what_does_not_change_has_no_completion_time():
    rng = np.random.default_rng(5)
    end = completion(TIME, 10 + 0.3 * rng.normal(size=TIME.size), np.full(TIME.size, 0.3))
    assert not end.settled
    assert end.time_s is None
    assert end.reason == "no significant change"


def test_what_is_still_changing_has_a_lower_bound_only():
    rng = np.random.default_rng(6)
    y = 20 * linear(60 * HOUR)(TIME) + 0.2 * rng.normal(size=TIME.size)
    end = completion(TIME, y, np.full(TIME.size, 0.2))
    assert not end.settled
    assert end.high_s is None
    assert end.low_s > 20 * HOUR
    assert "still changing" in end.reason


def test_an_absent_process_is_said_to_be_absent():
    assert completion(TIME, np.zeros(TIME.size), np.zeros(TIME.size)).reason == "no resistance"


@pytest.mark.parametrize("sd", [0.0, 1e-12])
def test_vanishing_noise_does_not_break_the_arithmetic(sd):
    end = completion(TIME, 20 * KINETICS["first order"](TIME), np.full(TIME.size, sd))
    assert end.settled
    assert end.time_s == pytest.approx(truth(KINETICS["first order"], Criterion()), abs=0.3 * HOUR)


def test_too_few_spectra_and_times_out_of_order_are_refused():
    with pytest.raises(InputError, match="5 spectra"):
        completion(TIME[:5], TIME[:5], TIME[:5])
    with pytest.raises(InputError, match="not increasing"):
        completion(TIME[::-1], TIME, TIME)
    with pytest.raises(InputError, match="missing"):
        completion(np.full(20, np.nan), np.ones(20), np.ones(20))


@pytest.mark.parametrize("settings", [{"share_left": 0.0}, {"share_left": 0.7}, {"plateau_share": 0.9}])
def test_impossible_criteria_are_refused(settings):
    with pytest.raises(InputError):
        Criterion(**settings)
