"""Figures of symmetric cells: the right marks at the right places, and thinning that keeps extremes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from screening.lab.cycling.symmetric import assess_symmetric
from screening.lab.readers.cycling import read_cycling
from screening.plots.cell_html import cell_page
from screening.plots.cycling import (
    draw_overpotential,
    draw_resistance,
    draw_voltage,
    symmetric_figure,
    zoom_windows,
)
from screening.plots.thinning import thinned
from screening.report.cycling import overview
from screening.simulate.symmetric import Scenario, simulate


@pytest.fixture(scope="module")
def shorted():
    return assess_symmetric(simulate(Scenario.HARD, 3).data)


@pytest.fixture(scope="module")
def healthy():
    return assess_symmetric(simulate(Scenario.IMPROVING, 5).data)


@given(st.integers(10, 5_000), st.integers(10, 400), st.integers(0, 2**32 - 1))
def test_thinning_keeps_extremes_ends_and_order(count, points, seed):
    values = np.random.default_rng(seed).standard_normal(count)
    kept = thinned(np.arange(count, dtype=float), values, points)
    assert len(kept) <= max(points, 2)
    assert (np.diff(kept) > 0).all()
    assert {0, count - 1, int(values.argmin()), int(values.argmax())} <= set(kept.tolist())


def test_failure_is_marked_where_it_happened(shorted):
    axes = draw_voltage(Figure().subplots(), shorted)
    marked = [line.get_xdata()[0] for line in axes.lines if line.get_linestyle() == "--"]
    assert marked == [shorted.verdict.time_h]
    assert "hard short" in axes.texts[0].get_text()


def test_healthy_cell_has_no_mark(healthy):
    axes = draw_voltage(Figure().subplots(), healthy)
    assert not [line for line in axes.lines if line.get_linestyle() == "--"]
    assert not axes.texts


def test_missing_rows_are_shaded_and_no_marker_is_cut(tmp_path):
    time = np.arange(0, 40 * 3600, 60)
    sign = np.where(time // 3600 % 2 < 1, 1, -1)
    rows = [
        f"{t},{0.05 * s * (1 + 0.1 * np.exp(-t / 2e4)):.6f},{1e-3 * s}"
        for t, s in zip(time, sign, strict=True)
        if not 31_000 < t < 52_000
    ]
    (path := tmp_path / "gap.csv").write_text("\n".join(["Time (s),Voltage (V),Current (A)", *rows]), "utf-8")
    report = assess_symmetric(read_cycling(path, area_cm2=1.0))
    for draw in (draw_voltage, draw_overpotential, draw_resistance):
        axes = draw(Figure().subplots(), report)
        (shade,) = axes.patches
        left, _, width, _ = shade.get_window_extent().transformed(axes.transData.inverted()).bounds
        assert (left, width) == pytest.approx((30_960 / 3600, 21_060 / 3600), rel=1e-6)
        assert [each.get_text() for each in axes.texts].count("rows missing") == 1
        x, y = axes.lines[0].get_data()
        if draw is draw_voltage:
            assert np.isnan(y[x == 52_020 / 3600]).all()  # no line is drawn through the gap
        else:
            assert axes.get_ylim()[1] >= 1.05 * max(line.get_ydata().max() for line in axes.lines[:1])


def test_zoom_holds_the_failure(shorted):
    windows = zoom_windows(shorted)
    assert len(windows) == 3
    low, high = windows[1]
    assert low < shorted.verdict.time_h < high


def test_overpotential_and_resistance_show_the_cycles(shorted):
    axes = draw_overpotential(Figure().subplots(), shorted)
    np.testing.assert_allclose(axes.lines[0].get_ydata(), 1e3 * shorted.cycles.overpotential_v)
    axes = draw_resistance(Figure().subplots(), shorted)
    assert sum(len(line.get_xdata()) for line in axes.lines[:2]) == len(shorted.half_cycles)


def test_whole_figure_draws(shorted, healthy):
    for report in (shorted, healthy):
        figure = symmetric_figure(report)
        figure.canvas.draw()
        assert len(figure.axes) == 6


def test_page_stays_light_on_a_million_rows(healthy):
    small = cell_page(healthy, overview(healthy, healthy.verdict))
    rows = 1_000_000
    time = np.arange(1.0, rows + 1)
    sign = np.where(time // 3600 % 2 == 0, 1.0, -1.0)
    from screening.lab.cycling.table import cycling_data_from_arrays

    data = cycling_data_from_arrays(time, 0.1 * sign, 1e-3 * sign, cell="simulated").of_cell(area_cm2=1.0)
    report = assess_symmetric(data)
    large = cell_page(report, overview(report, report.verdict))
    assert len(large) < len(small) + 2_000_000
