"""Figures of powder patterns: every phase has a row, and what was found is said."""

import numpy as np
import pytest

from screening.lab.diffraction.identify import Identification, identify
from screening.lab.diffraction.pattern import Reference
from screening.plots.diffraction import diffraction_figure
from screening.simulate.diffraction import Content, Scan, simulate_pattern

SALT = Reference("LiCl", 5.13 / np.sqrt([3.0, 4.0, 8.0, 11.0]), np.array([86.0, 100.0, 63.0, 33.0]), 0.005)
OTHER = Reference("LiF", 4.02 / np.sqrt([3.0, 4.0, 8.0]), np.array([80.0, 100.0, 50.0]), 0.005)


@pytest.fixture(scope="module")
def found() -> Identification:
    return identify(simulate_pattern([Content(SALT, 3000.0)], Scan(), seed=1), (SALT, OTHER))


def test_each_pattern_has_a_panel_and_a_row_per_phase(found: Identification) -> None:
    figure = diffraction_figure([found, found])
    assert len(figure.axes) == 4
    labels = [label.get_text() for label in figure.axes[1].get_yticklabels()]
    assert labels == ["LiCl  seen", "LiF  absent"]
    assert figure.axes[0].get_title(loc="left") == "simulated"


def test_marks_stand_where_the_lines_were_found(found: Identification) -> None:
    drawn = diffraction_figure([found]).axes[1].collections[0].get_segments()
    tallest = found.fit.pattern.two_theta_deg[np.argmax(found.fit.lines(0), axis=0)]
    assert [segment[0][0] for segment in drawn] == pytest.approx(tallest.tolist(), abs=0.05)
    by_bragg = SALT.two_theta_deg(found.fit.pattern.wavelength_a)
    assert [segment[0][0] for segment in drawn] == pytest.approx(by_bragg.tolist(), abs=0.2)
