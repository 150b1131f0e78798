import numpy as np
import pytest
from matplotlib.figure import Figure

from screening.lab.impedance.conductivity import Form, arrhenius
from screening.lab.impedance.kramers_kronig import kramers_kronig
from screening.lab.impedance.spectra import KramersKronigTests, Spectra
from screening.lab.impedance.spectrum import Spectrum
from screening.plots.conductivity import draw_arrhenius
from screening.plots.impedance import (
    draw_bode,
    draw_nyquist,
    draw_residuals,
    plot_spectra,
    plot_tests,
)

FREQUENCY = np.geomspace(7e6, 0.1, 79)
S = 2j * np.pi * FREQUENCY


def pellet(scale=1.0, **known):
    z = 10 + scale * 80 / (1 + (S * 1e-7) ** 0.9) + 1 / (3e-7 * S**0.85)
    return Spectrum(FREQUENCY, z, **known)


@pytest.fixture
def axes():
    return Figure(figsize=(5, 5)).add_subplot()


def test_nyquist_has_equal_axes_around_all_points(axes):
    z = 5 + 20 / (1 + S * 3e-5)
    draw_nyquist([Spectrum(FREQUENCY, z)], axes)
    assert axes.get_aspect() == 1.0
    assert axes.get_xlim()[0] <= 5 < 25 <= axes.get_xlim()[1]
    assert axes.get_ylim()[0] <= 0 < 10 <= axes.get_ylim()[1]
    assert axes.get_xlabel() == "Z′ (Ω)"
    assert not axes.child_axes  # nothing is dwarfed
    np.testing.assert_allclose(axes.lines[0].get_ydata(), -z.imag)


def test_a_dwarfed_arc_is_shown_in_an_inset_of_its_own_scale(axes):
    draw_nyquist([pellet()], axes)
    (inset,) = axes.child_axes
    assert axes.get_xlabel() == "Z′ (MΩ)"
    assert np.diff(inset.get_xlim())[0] < 10 < np.diff(axes.get_xlim())[0] * 1e6


def test_areas_normalise_and_are_named(axes):
    draw_nyquist([pellet(area_cm2=0.5)], axes, inset=False)
    assert axes.get_xlabel() == "Z′ (MΩ·cm²)"
    np.testing.assert_allclose(axes.lines[0].get_xdata() * 1e6, 0.5 * pellet().z_ohm.real)


def test_a_series_is_coloured_by_time():
    spectra = [pellet(1 + k, time_s=3600.0 * k, label=f"n{k}") for k in range(49)]
    figure = plot_spectra(spectra, Figure()).figure
    nyquist, colours = figure.axes[0], {line.get_color() for line in figure.axes[0].lines}
    assert len(colours) == len(nyquist.lines) == 6  # a few lines that the eye can follow
    assert nyquist.get_title() == "6 of 49 spectra"
    maps = [axes.collections[0].get_array() for axes in figure.axes if axes.get_ylabel() == "Time (h)"]
    assert [each.shape for each in maps] == [(49, 79)] * 2  # and all of them as a map
    np.testing.assert_allclose(maps[0][-1], np.abs(spectra[-1].z_ohm)[::-1])


def test_bode_shows_modulus_and_phase():
    figure = Figure()
    axes = draw_bode([pellet()], [figure.add_subplot(2, 1, 1), figure.add_subplot(2, 1, 2)])
    np.testing.assert_allclose(axes[0].lines[0].get_ydata(), np.abs(pellet().z_ohm))
    assert 60 < axes[1].lines[0].get_ydata()[-1] < 90


def test_points_proposed_to_be_left_out_are_ringed(axes):
    z = pellet().z_ohm.copy()
    z[40] *= 1.3
    test = kramers_kronig([Spectrum(FREQUENCY, z)])[0]
    draw_residuals(test, axes)
    rings = next(line for line in axes.lines if "leave out" in str(line.get_label()))
    np.testing.assert_array_equal(rings.get_xdata(), FREQUENCY[test.left_out])
    assert "passed in part" in axes.get_title()


def test_arrhenius_names_its_form_and_its_quantity(axes):
    sigma = 1e-3 * np.exp(-0.4 / 8.617e-5 * (1 / (np.arange(0, 61, 20) + 273.15) - 1 / 298.15))
    for form, per_cm, label in ((Form.SIGMA_T, True, "σT (S·K/cm)"), (Form.SIGMA, False, "1/R (S)")):
        draw_arrhenius(arrhenius(np.arange(0, 61, 20), sigma, form), axes, per_cm=per_cm)
        assert axes.get_ylabel() == label
    assert axes.get_yscale() == "log"


def test_labels_from_outside_are_text_not_mathematics(tmp_path):
    spectra = [pellet(label=name) for name in (r"$\frac{1}{$", "_hidden", "<b>&")]
    figure = plot_tests(KramersKronigTests(Spectra(tuple(spectra)), kramers_kronig(spectra)), Figure()).figure
    figure.savefig(tmp_path / "x.svg")
    legend = next(axes.get_legend() for axes in figure.axes if axes.get_legend())
    assert len(legend.get_texts()) == 3
    sigma = np.array([1e-4, 1e-3, 1e-2])
    figure = Figure()
    draw_arrhenius(arrhenius([0, 25, 50], sigma), figure.add_subplot())
    figure.savefig(tmp_path / "y.png")


def test_odd_spectra_are_drawn():
    for z in (np.full(79, 3 + 0j), -pellet().z_ohm, 1e-7 * S, pellet().z_ohm * 1e-9):
        figure = plot_spectra([Spectrum(FREQUENCY, z)], Figure()).figure
        assert np.isfinite(figure.axes[0].get_xlim()).all()
        figure.canvas.draw()
