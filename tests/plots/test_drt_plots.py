from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from screening.lab.impedance.analysis import analyse
from screening.lab.impedance.windows import Windows
from screening.plots.drt import clock_label, drt_figure, process_plot, waterfall
from screening.simulate.impedance import rest_study

SPECTRA = rest_study().spectra(0)[::4]
RESULT = analyse(SPECTRA)


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_a_series_has_three_panels_and_each_says_simulated():
    figure = drt_figure(RESULT.processes, RESULT.report)
    lettered = {text.get_text(): axes for axes in figure.axes for text in axes.texts}
    panels = [lettered[letter] for letter in "ABC"]
    assert all("simulated" in texts(axes) for axes in panels)


def test_measured_spectra_do_not_say_simulated():
    measured = analyse([replace(spectrum, metadata={}) for spectrum in SPECTRA])
    figure = drt_figure(measured.processes, measured.report)
    assert not any("simulated" in texts(axes) for axes in figure.axes)


def test_a_single_spectrum_carries_its_credible_band():
    one = analyse(SPECTRA[:1], refit=False)
    figure = drt_figure(one.processes)
    assert [axes.get_xlabel() for axes in figure.axes] == ["τ (s)", "Z′ (Ω)", "Frequency (Hz)"]
    assert len(figure.axes[0].collections) >= 1


def test_windows_are_named_and_completion_is_marked():
    axes = waterfall(Figure().subplots(), RESULT.drt, RESULT.processes.windows)
    assert {"τ1", "τ2", "τ3", "τ4", "τ5", "τ6"} <= set(texts(axes))
    axes = process_plot(Figure().subplots(), RESULT.processes, RESULT.report)
    labels = axes.get_legend_handles_labels()[1]
    settled = [c for c in RESULT.report.courses if c.completion.settled]
    assert sum("settled at" in label for label in labels) == len(settled) > 0
    assert any("bound" in label for label in labels)


def test_without_times_the_axis_counts_spectra():
    timeless = analyse([replace(spectrum, time_s=None) for spectrum in SPECTRA])
    assert timeless.report is None
    assert clock_label(timeless.drt) == "Number in the series"
    assert process_plot(Figure().subplots(), timeless.processes, None).get_xlabel() == "Number in the series"


def test_a_series_is_drawn_by_its_elements_and_areas_by_windows():
    axes = process_plot(Figure().subplots(), RESULT.processes, RESULT.report, RESULT.refit)
    labels = axes.get_legend_handles_labels()[1]
    found = RESULT.refit.elements
    tracks = [track for track in np.unique(found.track) if found.detected[found.track == track].any()]
    assert sum(" s (" in label for label in labels) == len(tracks)
    drawn = {line.get_label(): line.get_ydata() for line in axes.get_lines()}
    first = found.resistance_ohm[found.track == tracks[0]]
    np.testing.assert_allclose(drawn[labels[0]], first)
    assert not {"τ1", "τ2"} & set(labels)
    areas = process_plot(Figure().subplots(), analyse(SPECTRA[:3], refit=False).processes, None)
    assert "τ1" in areas.get_legend_handles_labels()[1]


def test_an_arc_in_no_window_stands_beside_the_processes():
    windows = Windows(tuple(w for w in Windows.default() if w.name == "tau6"))
    narrow = analyse(SPECTRA, windows=windows)
    axes = process_plot(Figure().subplots(), narrow.processes, None, narrow.refit)
    labels = axes.get_legend_handles_labels()[1]
    largest = narrow.refit.elements.resistance_ohm.max()
    assert any("in no window" in label for label in labels)
    assert axes.get_ylim()[1] > largest


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_figures_can_be_drawn(tmp_path, suffix):
    path = tmp_path / f"drt.{suffix}"
    drt_figure(RESULT.processes, RESULT.report).savefig(path)
    assert path.stat().st_size > 10_000
