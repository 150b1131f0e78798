import numpy as np
import pytest

from screening.lab.impedance.analysis import analyse
from screening.lab.impedance.completion import Completion, Criterion
from screening.lab.impedance.series import Trend, trend
from screening.lab.short import Short
from screening.simulate.impedance import rest_study

STUDY = rest_study()
RESULT = analyse(STUDY.spectra(0))
COURSES = {course.window: course for course in RESULT.report.courses}


def true_completion_s(process):
    """The criterion applied to the resistance without noise."""
    rule, time = Criterion(), np.array(STUDY.time_s)
    fine = np.linspace(0.0, time[-1], 100001)
    left = process.resistance_ohm(fine)
    final = process.resistance_ohm(time[time >= (1 - rule.plateau_share) * time[-1]]).mean()
    distance = (left - final) / (left[0] - final)
    return fine[np.flatnonzero(distance > rule.share_left)[-1]]


def test_the_trends_of_the_rest_series_are_recovered():
    found = {name: course.trend for name, course in COURSES.items()}
    assert found == {
        "tau1": Trend.STEADY,
        "tau6": Trend.ABSENT,
        "tau2": Trend.FADES,
        "tau3": Trend.FADES,
        "tau4": Trend.APPEARS,
        "tau5": Trend.STEADY,
    }


@pytest.mark.parametrize("process", [p for p in STUDY.processes if p.kinetics], ids=lambda p: p.name)
def test_the_completion_time_of_the_rest_series_is_recovered(process):
    end, truth = COURSES[process.name].completion, true_completion_s(process)
    assert truth == pytest.approx(18 * 3600.0, rel=0.01)
    assert end.settled
    assert end.low_s <= truth <= end.high_s
    assert end.high_s - end.low_s < 4 * 3600.0


def test_the_resistances_of_the_rest_series_are_recovered():
    processes = RESULT.processes
    time = np.array(STUDY.time_s)
    for process in STUDY.processes:
        k = processes.windows.index(process.name)
        off = processes.resistance_ohm[:, k] - process.resistance_ohm(time)
        sd = np.maximum(processes.resistance_sd_ohm[:, k], 1e-9)
        assert np.mean(np.abs(off) < 1.96 * sd + 1e-9) > 0.85
        # τ5 lies past the lowest frequency and trades with τ4: 2.5 Ω; all others do better
        assert np.abs(off).max() < 2.5


def test_the_rest_series_is_no_short_and_is_simulated():
    assert RESULT.short.verdict is Short.NONE
    assert RESULT.simulated


def test_the_table_holds_all_processes_and_the_total():
    frame = RESULT.report.to_frame()
    assert frame.window.tolist() == [*RESULT.processes.windows.names, "total"]
    assert frame.set_index("window").loc["tau2", "completion_h"] == pytest.approx(18.0, abs=1.5)


def test_a_short_series_has_processes_but_no_completion_times():
    few = analyse(STUDY.spectra(0)[:3])
    assert few.report is None
    assert few.processes.resistance_ohm.shape[0] == 3


def test_a_single_spectrum_has_no_verdict():
    assert analyse(STUDY.spectra(0)[:1], refit=False).short is None


@pytest.mark.parametrize(
    ("first", "final", "expected"),
    [
        (20.0, 0.1, Trend.FADES),
        (0.1, 20.0, Trend.APPEARS),
        (20.0, 8.0, Trend.SHRINKS),
        (8.0, 20.0, Trend.GROWS),
        (8.0, 8.2, Trend.STEADY),
        (0.1, 0.1, Trend.ABSENT),
    ],
)
def test_trends_follow_from_both_ends(first, final, expected):
    course = Completion(
        criterion=Criterion(), first_ohm=first, first_sd_ohm=0.1, final_ohm=final, final_sd_ohm=0.1
    )
    assert trend(course) is expected
