from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from screening.errors import InputError
from screening.lab.impedance.analysis import analyse
from screening.lab.impedance.windows import Windows
from screening.plots.drt import drt_figure, drt_map, process_plot, waterfall
from screening.simulate.impedance import rest_study

SPECTRA = rest_study().spectra(0)[::4]
RESULT = analyse(SPECTRA)


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_a_series_has_three_panels_and_each_says_simulated():
    figure = drt_figure(RESULT)
    lettered = {text.get_text(): axes for axes in figure.axes for text in axes.texts}
    panels = [lettered[letter] for letter in "ABC"]
    assert all("simulated" in texts(axes) for axes in panels)


def test_measured_spectra_do_not_say_simulated():
    measured = analyse([replace(spectrum, metadata={}) for spectrum in SPECTRA])
    figure = drt_figure(measured)
    assert not any("simulated" in texts(axes) for axes in figure.axes)


def test_a_single_spectrum_carries_its_credible_band():
    one = analyse(SPECTRA[:1], refit=False)
    figure = drt_figure(one)
    assert [axes.get_xlabel() for axes in figure.axes] == ["τ (s)", "Z′ (Ω)", "Frequency (Hz)"]
    assert len(figure.axes[0].collections) >= 1


def test_the_label_of_the_residual_stays_beside_its_panel():
    figure = drt_figure(analyse(SPECTRA[:1], refit=False))
    figure.canvas.draw()
    panel = figure.axes[2]
    label = panel.yaxis.label.get_window_extent()
    assert label.height < panel.get_window_extent().height


def test_windows_are_named_and_completion_is_marked():
    axes = waterfall(Figure().subplots(), RESULT)
    assert {"τ1", "τ2", "τ3", "τ4", "τ5", "τ6"} <= set(texts(axes))
    axes = process_plot(Figure().subplots(), RESULT)
    labels = axes.get_legend_handles_labels()[1]
    settled = [c for c in RESULT.report.courses if c.completion.settled]
    assert sum("settled at" in label for label in labels) == len(settled) > 0
    assert any("bound" in label for label in labels)


def test_without_times_the_axis_counts_spectra():
    timeless = analyse([replace(spectrum, time_s=None) for spectrum in SPECTRA])
    assert timeless.report is None
    assert process_plot(Figure().subplots(), timeless).get_xlabel() == "Number in the series"


def test_a_series_is_drawn_by_its_elements_and_areas_by_windows():
    axes = process_plot(Figure().subplots(), RESULT)
    labels = axes.get_legend_handles_labels()[1]
    found = RESULT.refit.elements
    tracks = [track for track in np.unique(found.track) if found.detected[found.track == track].any()]
    assert sum(" s (" in label for label in labels) == len(tracks)
    drawn = {line.get_label(): line.get_ydata() for line in axes.get_lines()}
    first = found.resistance_ohm[found.track == tracks[0]]
    np.testing.assert_allclose(drawn[labels[0]], first)
    assert not {"τ1", "τ2"} & set(labels)
    areas = process_plot(Figure().subplots(), analyse(SPECTRA[:3], refit=False))
    assert "τ1" in areas.get_legend_handles_labels()[1]


def test_an_arc_in_no_window_stands_beside_the_processes():
    windows = Windows(tuple(w for w in Windows.default() if w.name == "tau6"))
    narrow = analyse(SPECTRA, windows=windows)
    axes = process_plot(Figure().subplots(), narrow)
    labels = axes.get_legend_handles_labels()[1]
    largest = narrow.refit.elements.resistance_ohm.max()
    assert any("in no window" in label for label in labels)
    assert axes.get_ylim()[1] > largest


def test_the_verdict_on_a_short_stands_above_the_resistances_with_its_bound():
    axes = process_plot(Figure().subplots(), RESULT)
    assert axes.get_title("right") == f"short circuit: none, leak {RESULT.short.bound}"
    assert "leaks" not in axes.get_legend_handles_labels()[1]


def test_spectra_that_leak_are_marked():
    leak = np.where(np.arange(len(SPECTRA)) >= 8, 1.0 / 50.0, 0.0)
    leaky = []
    for spectrum, conductance in zip(SPECTRA, leak, strict=True):
        leads = 1j * spectrum.angular_frequency * rest_study().inductance_h
        cell = spectrum.z_ohm - leads
        leaky.append(replace(spectrum, z_ohm=leads + cell / (1.0 + conductance * cell)))
    axes = process_plot(Figure().subplots(), analyse(leaky))
    assert axes.get_title("right").startswith("short circuit: soft at ")
    marked = [
        line.get_xdata()[0] for line in axes.lines if line.get_linewidth() == 1.5 and len(line.get_xdata())
    ]
    assert marked == pytest.approx([s.time_s / 3600.0 for s in SPECTRA[8:]])


def test_the_map_follows_the_relaxation_time_of_each_element():
    axes = drt_map(Figure().subplots(), RESULT)
    elements = RESULT.refit.elements
    first = (elements.track == 1) & elements.detected
    assert axes.lines[0].get_xdata() == pytest.approx(elements.tau_s[first])
    assert axes.lines[0].get_ydata() == pytest.approx([s.time_s / 3600.0 for s in SPECTRA])


def test_a_series_is_drawn_against_what_is_given():
    charge = [abs(50.0 - 8.0 * k) for k in range(len(SPECTRA))]  # down and up again
    first = RESULT.plot(Figure(), against={"State of charge (%)": charge}, frequency=True)
    labels = {axes.get_ylabel() for axes in first.figure.axes} | {
        axes.get_xlabel() for axes in first.figure.axes
    }
    assert "State of charge (%)" in labels
    assert "Time (h)" not in labels
    assert [child.get_xlabel() for child in first.child_axes] == ["Frequency 1/(2πτ) (Hz)"]
    axes = RESULT.plot(Figure(), kind="processes", against={"State of charge (%)": charge})
    bars = axes.containers[0]
    assert bars[0].get_xdata() == pytest.approx(charge)
    with pytest.raises(InputError, match="one number for each spectrum"):
        RESULT.plot(Figure(), against={"Cycle": [1.0, 2.0]})


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_figures_can_be_drawn(tmp_path, suffix):
    path = tmp_path / f"drt.{suffix}"
    drt_figure(RESULT).savefig(path)
    assert path.stat().st_size > 10_000
