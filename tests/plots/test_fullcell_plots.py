from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from screening.files import write_figure
from screening.lab.cycling.full import assess_full
from screening.lab.cycling.fullcell import full_cell_cycles
from screening.lab.cycling.table import cycling_data_from_arrays
from screening.plots.cell_html import FULL_CELL_POINTS, cell_page, cell_panels
from screening.plots.fullcell import (
    LABEL_SPACING,
    capacity_unit,
    draw_capacity,
    draw_dqdv,
    draw_profiles,
    efficiency_limits,
    full_cell_figure,
    profile_cycles,
    spread,
)
from screening.provenance import Provenance
from screening.report.cycling import overview, write_cycling
from screening.simulate.full import FullCellTruth, PhaseReaction, simulate_full_cell

TRUTH = FullCellTruth(cycles=6, extra=PhaseReaction(0.03, 3.5, 0.005))


@pytest.fixture(scope="module")
def report():
    return assess_full(simulate_full_cell(TRUTH))


@pytest.fixture
def axes():
    return Figure(figsize=(4, 3)).add_subplot()


def test_a_formation_cycle_does_not_hide_the_efficiency_of_the_rest(report, axes):
    percent = np.array([85.0, 99.42, 99.5, 99.47, 99.61, 99.58])
    low, high = efficiency_limits(percent)
    assert 99.61 < high < 99.75  # markers keep clear of the frame
    assert 98.9 < low < 99.42
    charge = report.result.cycles.charge_ah
    cycles = replace(report.result.cycles, discharge_ah=charge * percent / 100.0)
    result = replace(report.result, cycles=cycles)
    draw_capacity(axes, result)
    (twin,) = [other for other in axes.figure.axes if other is not axes]
    assert [text.get_text() for text in twin.texts] == [" 85.0"]
    assert efficiency_limits(np.array([])) == (0.0, 100.0)
    assert efficiency_limits(np.array([80.0, 99.0]))[0] < 80.0


def test_capacity_and_efficiency_are_drawn_as_they_are(report, axes):
    draw_capacity(axes, report.result)
    charge, discharge = axes.lines
    np.testing.assert_allclose(discharge.get_ydata()[0], 137.5)
    np.testing.assert_allclose(charge.get_ydata()[0], 137.5 / 0.96)
    assert axes.get_ylabel() == "Capacity (mAh/g)"
    (twin,) = [other for other in axes.figure.axes if other is not axes]
    assert twin.lines[0].get_ydata()[0] == pytest.approx(96.0)
    assert "discharge/charge" in twin.get_ylabel()


def test_units_follow_what_is_known(report):
    assert capacity_unit(report.result).label == "mAh/g"
    record = simulate_full_cell(FullCellTruth(cycles=1))
    area_only = full_cell_cycles(replace(record, active_mass_mg=None))
    assert capacity_unit(area_only).label == "mAh/cm²"
    assert capacity_unit(full_cell_cycles(replace(record, active_mass_mg=None, area_cm2=None))).label == "mAh"


def test_profiles_start_at_zero_and_end_at_the_capacity(report, axes):
    draw_profiles(axes, report, [1, 6])
    ends = [line.get_xdata()[-1] for line in axes.lines]
    expected = report.result.to_frame().set_index("cycle").loc[[1, 6]]
    per_gram = expected[["charge_capacity_mah_per_g", "discharge_capacity_mah_per_g"]].to_numpy().ravel()
    np.testing.assert_allclose(ends, per_gram)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["cycle 1", "cycle 6"]
    assert profile_cycles(report.result) == [1, 3, 4, 6]


def test_plateaus_are_named_and_extra_ones_called_so(report, axes):
    draw_dqdv(axes, report)
    named = sorted(text.get_text() for text in axes.texts)
    assert named == ["3.46 V extra", "3.50 V extra", "3.86 V", "3.90 V"]
    assert axes.get_xlim()[0] > 3.2  # where nothing happens is left out


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.lists(st.floats(-0.5, 1.5), min_size=1, max_size=12))
def test_labels_keep_their_distance(wanted):
    places = spread(np.sort(wanted), LABEL_SPACING)
    assert np.all(np.diff(places) >= LABEL_SPACING - 1e-12)
    assert places.min() >= 0.5 * LABEL_SPACING - 1e-12
    assert places.max() <= 1.0 - 0.5 * LABEL_SPACING + 1e-12


def test_the_figure_says_that_it_is_simulated_and_carries_its_stamp(report, tmp_path):
    figure = full_cell_figure(report)
    assert "simulated" in figure.axes[0].get_title()
    path = tmp_path / "cell.svg"
    write_figure(path, figure, Provenance.now("simulated", "0" * 64))
    text = path.read_text("utf-8")
    assert "3.50 V extra" in text  # text stays text
    assert "sha256:000000000000" in text


def test_a_narrow_cell_has_no_plateaus_but_a_figure():
    time = np.arange(0.0, 4000.0, 10.0)
    current = np.where(time < 2000, 1e-3, -1e-3)
    flat = assess_full(cycling_data_from_arrays(time, np.full(len(time), 1.5), current, cell="a $flat$ cell"))
    assert flat.plateaus == ()
    assert flat.extra_plateaus == 0
    assert len(flat.plateaus_frame()) == 0
    full_cell_figure(flat).draw_without_rendering()


def test_the_page_is_self_contained_light_and_escaped(report, tmp_path):
    name = "<script>alert(1)</script>"
    labelled = replace(report, data=replace(report.data, cell=name), result=replace(report.result, cell=name))
    *_, path = write_cycling(tmp_path, labelled)
    page = path.read_text("utf-8")
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "src=" not in page.split("</script>")[-1]
    assert len(page) < 8e6
    for word in (
        f"{report.first_charge.main.voltage_v:.3f}",
        "extra",
        "137.5 mAh/g of active material at first",
        "96.00% at first",
        "71.0% in cycle 6 against cycle 1",
        "sha256:",
    ):
        assert word in page


def test_a_long_record_is_thinned_with_its_extremes_kept():
    n = 500_000
    time = np.arange(float(n))
    current = np.where((time // 25_000) % 2 == 0, 1e-3, -1e-3)
    voltage = 3.5 + 0.5 * np.sign(current) + 1e-6 * time
    voltage[123_457] = 2.0  # one spike
    long = assess_full(cycling_data_from_arrays(time, voltage, current, cell="long"))
    drawn = cell_panels(long).data[0]
    assert len(drawn.y) <= FULL_CELL_POINTS
    assert (min(drawn.y), drawn.x[-1]) == (2.0, pytest.approx(time[-1] / 3600, abs=1e-6))
    assert len(cell_page(long, overview(long, long.verdict))) < 7e6
