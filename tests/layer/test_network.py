"""Thresholds of networks: limits that are published, packings, and what cells teach."""

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from screening.layer.network import Grains, Observed, Threshold, critical_fraction

BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "percolation.py"


@pytest.fixture(scope="module")
def packings() -> ModuleType:
    """The benchmark, which knows nothing of the formula but its name."""
    spec = importlib.util.spec_from_file_location("percolation", BENCHMARK)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules["percolation"] = module
    spec.loader.exec_module(module)
    return module


def test_equal_spheres_have_the_published_threshold() -> None:
    assert critical_fraction(1.0) == pytest.approx(0.16)
    assert critical_fraction(1.0, equal_spheres=0.2) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("aspect", "published"), [(0.1, 0.1058), (0.5, 0.2629), (2.0, 0.2618), (5.0, 0.1627), (10.0, 0.08703)]
)
def test_shapes_scale_as_overlapping_ellipsoids(aspect: float, published: float) -> None:
    """doi 10.1103/PhysRevE.52.819, Table 1, over the 0.2854 of its spheres."""
    assert critical_fraction(1.0, aspect) == pytest.approx(0.16 * published / 0.2854)


def test_small_grains_between_large_ones_need_as_much_as_covers_them() -> None:
    """A square layer of grains on 0.42 of each large one, shared by two: 1/φc → 4/π/(2 · 0.42) · D/d."""
    ratio = np.array([200.0, 400.0])
    assert np.diff(1.0 / critical_fraction(ratio))[0] == pytest.approx(200 * 4 / np.pi / (2 * 0.42), rel=0.02)


def test_pores_leave_the_threshold_of_all_space() -> None:
    assert critical_fraction(2.0, 1.0, 0.25) * 0.75 == pytest.approx(critical_fraction(2.0))


@settings(deadline=None)
@given(st.floats(0.02, 0.5), st.floats(1.01, 1.5))
def test_more_metal_connects_more_surely(fraction: float, more: float) -> None:
    threshold = Threshold.of()
    assert threshold.chance(fraction) <= threshold.chance(fraction * more)


def test_nothing_and_everything() -> None:
    threshold = Threshold.of()
    assert threshold.chance(0.0) == 0.0
    assert threshold.chance(1.0) == pytest.approx(1.0)
    assert np.isnan(threshold.chance(float("nan")))


def test_the_paper_s_cells_bracket_the_threshold() -> None:
    """15.1 vol% shorted; had the 9.4 vol% of 30 wt% reacted through, the threshold would lie between them."""
    before = Threshold.of()
    shorted = before.given([Observed(metal_fraction=0.151, connected=True)])
    both = shorted.given([Observed(metal_fraction=0.094, connected=False)])
    assert before.quantile(0.1) < 0.094 < 0.151 < before.quantile(0.9)
    assert shorted.quantile(0.95) < 0.18 and shorted.quantile(0.5) < before.quantile(0.5)
    assert 0.094 < both.quantile(0.16) < both.quantile(0.84) < 0.151


def test_cells_count_in_any_order_and_weigh_one() -> None:
    cells = [Observed(metal_fraction=f, connected=c) for f, c in ((0.15, True), (0.09, False), (0.2, True))]
    one, other = Threshold.of().given(cells), Threshold.of().given(cells[::-1])
    assert one.weight == pytest.approx(other.weight)
    assert one.weight.sum() == pytest.approx(1.0)


def test_the_update_is_bayes_rule() -> None:
    """Two thresholds, sharp but for the error of a fraction: odds by the normal distribution."""
    from math import erf, log, sqrt

    prior = Threshold(fraction=np.array([0.1, 0.2]), weight=np.array([0.5, 0.5]))
    after = prior.given([Observed(metal_fraction=0.15, connected=True)])
    likelihood = [0.5 * (1.0 + erf(log(0.15 / c) / 0.1 / sqrt(2.0))) for c in (0.1, 0.2)]
    assert after.weight == pytest.approx(np.array(likelihood) / sum(likelihood))


def test_the_electrolyte_is_the_coarse_part() -> None:
    metal, electrolyte = Threshold.of(), Threshold.of(Grains().of_electrolyte)
    assert electrolyte.quantile(0.5) > metal.quantile(0.5)
    assert Grains(size_ratio=(2.0, 4.0)).of_electrolyte.size_ratio == (0.25, 0.5)


def test_packings_find_what_is_published_and_what_the_formula_says(packings: ModuleType) -> None:
    """Overlapping spheres within 10 %, pressed grains within two of the formula's own errors."""
    rng = np.random.default_rng(3)
    spheres = packings.spheres_case(rng, 16)
    assert spheres.threshold == pytest.approx(packings.OVERLAPPING_SPHERES, rel=0.1)
    grains = packings.grains_case(rng, 3.0, 12)
    assert 1.8 < grains.size_ratio < 3.2
    assert abs(np.log(grains.threshold / grains.formula)) < 0.4
    assert grains.threshold < 0.14  # below that of equal grains


def test_what_connects_is_told_from_what_does_not(packings: ModuleType) -> None:
    wall = np.zeros((8, 8, 8), dtype=bool)
    wall[:, 3] = True
    assert packings.spanned(wall)
    wall[4] = False
    assert not packings.spanned(wall)
