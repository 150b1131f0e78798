"""Growth of a layer: the two limits of Deal and Grove, and constants found again with their intervals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from screening.layer.growth import Front, Slab, extent, fit_front

SLAB = Slab.of(101.9, 50.0, 800.0, fronts=2)


def test_a_slab_counts_half_a_layer_for_each_of_two_fronts() -> None:
    """101.9 mg/cm², half of it reactor: 50.9 mg/cm² and 0.0255 g · 800 mAh/g = 20.4 mAh/cm² a front."""
    assert SLAB.mg_per_cm2 == pytest.approx(50.95)
    assert SLAB.charge_mah_per_cm2 == pytest.approx(20.38)


@settings(deadline=None)
@given(st.floats(0.0, 1.0), st.floats(0.1, 50.0), st.floats(0.01, 2.0))
def test_the_front_is_that_of_deal_and_grove(share: float, completion: float, when: float) -> None:
    """x² + A·x = B·t with A = (1 − s)/s and B = 1/(s·T), in lengths of the slab."""
    f = float(extent(np.array([when * completion]), completion, share)[0])
    if when >= 1.0:
        assert f == pytest.approx(1.0)
    else:
        assert share * f**2 + (1.0 - share) * f == pytest.approx(when, abs=1e-9)


@pytest.mark.parametrize(("share", "times"), [(0.0, 2.0), (1.0, 4.0)])
def test_twice_the_layer_takes_twice_or_four_times_as_long(share: float, times: float) -> None:
    front = Front(
        slab=SLAB, completion_h=np.array([5.0]), diffusion_share=np.array([share]), weight=np.ones(1)
    )
    double = Slab(charge_mah_per_cm2=2 * SLAB.charge_mah_per_cm2, mg_per_cm2=2 * SLAB.mg_per_cm2)
    assert front.time_h(double)[0] == pytest.approx(5.0 * times)


def test_equal_reactor_in_a_thicker_layer() -> None:
    """The paper's 10, 30 and 50 wt% with 40 mg of LiAlCl4 each: up to 5, 1.67 and 1 times as long."""
    front = Front.of_completion(SLAB, 48.0)
    for mg, wt, longest in ((400.0, 10.0, 240.0), (133.4, 30.0, 80.0), (80.0, 50.0, 48.0)):
        slab = Slab.of(mg / (np.pi / 4.0), wt, 800.0, fronts=2)
        times = front.time_h(slab)
        assert times.max() == pytest.approx(longest, rel=2e-3)
        assert times.min() == pytest.approx(48.0, rel=2e-3)


def rest(
    share: float, rng: np.random.Generator, noise: float, until_h: float = 30.0
) -> tuple[np.ndarray, ...]:
    """A resistance that falls from 200 to 80 Ω as a front crosses in 18 h, read off a table of t(x)."""
    times, depth = np.linspace(0.0, until_h, 40), np.linspace(0.0, 1.0, 100_001)
    x = np.interp(times, 18.0 * ((1.0 - share) * depth + share * depth**2), depth)
    return times, 200.0 - 120.0 * x + rng.normal(0.0, noise, len(times))


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_constants_are_found_again(share: float) -> None:
    front = fit_front(*rest(share, np.random.default_rng(5), 0.5), SLAB)
    low, middle, high = front.interval_h(SLAB)
    assert low < 18.0 < high or middle == pytest.approx(18.0, rel=0.01)
    assert front.share_interval[1] == pytest.approx(share, abs=0.06)
    assert high - low < 1.0


def test_intervals_hold() -> None:
    """Of 60 series with noise 95 % intervals hold the completion time in at least 52 (0.95: 57 ± 1.7)."""
    rng = np.random.default_rng(11)
    times, clean = rest(0.5, rng, 0.0)
    held = 0
    for _ in range(60):
        low, _, high = fit_front(times, clean + rng.normal(0.0, 2.0, len(times)), SLAB).interval_h(SLAB)
        held += low <= 18.0 <= high
    assert held >= 52


def test_a_short_series_leaves_the_completion_open() -> None:
    front = fit_front(*rest(0.5, np.random.default_rng(2), 1.0, until_h=4.0), SLAB)
    low, _, high = front.interval_h(SLAB)
    assert low < 18.0 < high and high > 3.0 * low


@pytest.mark.parametrize(
    ("times", "ohm", "word"),
    [
        ([0.0, 1.0, 2.0, 3.0], [4.0, 3.0, 2.0, 1.0], "needs 5"),
        ([0.0, 2.0, 1.0, 3.0, 4.0], [5.0, 4.0, 3.0, 2.0, 1.0], "rising times"),
        ([0.0, 1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0, 5.0], "does not fall"),
    ],
)
def test_what_is_no_front_is_refused(times: list[float], ohm: list[float], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        fit_front(np.array(times), np.array(ohm), SLAB)


def test_a_completion_with_an_error_spreads() -> None:
    low, middle, high = Front.of_completion(SLAB, 18.0, 2.0).interval_h(SLAB)
    assert (low, middle, high) == pytest.approx((14.0, 18.0, 22.0), abs=0.5)
