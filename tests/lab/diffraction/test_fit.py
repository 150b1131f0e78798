"""The fit against counts whose composition is known, and its parts against analysis."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from screening.lab.diffraction.fit import fit_phases, noise_variance
from screening.lab.diffraction.pattern import PowderPattern, Reference
from screening.lab.diffraction.profile import Shape, background_columns, line_columns, phase_columns
from screening.simulate.diffraction import Content, Scan, simulate_pattern
from screening.units import CU_KA1_A

FINE = np.arange(20.0, 60.0, 0.002)
SINGLE = PowderPattern(FINE, np.ones_like(FINE), CU_KA1_A)


@pytest.mark.parametrize("lorentzian", [0.0, 0.5])
def test_a_line_has_unit_area_and_the_width_asked_for(
    cubic: Callable[..., Reference], lorentzian: float
) -> None:
    shape = Shape(0.0, 0.2, lorentzian)
    line = line_columns(SINGLE, cubic("x", 4.05, 100.0), shape, 0.0)[:, 0]
    centre = FINE[np.argmax(line)]
    broad = FINE[line > line.max() / 2.0]
    assert np.trapezoid(line, FINE) == pytest.approx(1.0, abs=0.025)  # the tails of a Lorentzian are cut
    assert np.ptp(broad) == pytest.approx(0.2 / np.cos(np.radians(centre / 2.0)), rel=0.02)


def test_a_high_sample_shifts_lines_by_the_cosine(cubic: Callable[..., Reference]) -> None:
    reference, shape = cubic("x", 4.05, 100.0), Shape(0.0, 0.1)
    plain, moved = (line_columns(SINGLE, reference, shape, shift)[:, 0] for shift in (0.0, 0.1))
    centre = reference.two_theta_deg(CU_KA1_A)[0]
    shift = FINE[np.argmax(moved)] - FINE[np.argmax(plain)]
    assert shift == pytest.approx(0.1 * np.cos(np.radians(centre / 2.0)), abs=0.003)


def test_a_phase_is_the_sum_of_its_lines(salt: Reference) -> None:
    shape = Shape(0.001, 0.3)
    whole = phase_columns(SINGLE, salt, [shape, Shape(0.0, 0.1)], 0.05)
    assert whole.shape == (len(FINE), 2)
    assert whole[:, 0] == pytest.approx(line_columns(SINGLE, salt, shape, 0.05) @ salt.intensity)


def test_the_background_can_be_level() -> None:
    assert background_columns(SINGLE).sum(axis=1) == pytest.approx(1.0)


@pytest.mark.parametrize("scale", [1.0, 0.02, 50.0])
def test_the_noise_of_counts_is_found_in_any_unit(salt: Reference, scale: float) -> None:
    counts = simulate_pattern([Content(salt, 3000.0)], Scan(), seed=1)
    found = noise_variance(replace(counts, intensity=scale * counts.intensity))
    flat = slice(-300, None)
    assert found[flat].mean() == pytest.approx(scale**2 * counts.intensity[flat].mean(), rel=0.15)


def test_strain_displacement_and_areas_are_recovered(salt: Reference, alloy: Reference) -> None:
    contents = [
        Content(salt, 4000.0, strain=-0.002, grain_nm=80.0, texture=0.0),
        Content(alloy, 2500.0, strain=0.003, grain_nm=30.0, texture=0.0),
    ]
    fit = fit_phases(simulate_pattern(contents, Scan(displacement_deg=0.08), seed=2), (salt, alloy))
    assert fit.displacement_deg == pytest.approx(0.08, abs=0.01)
    assert [shape.strain for shape in fit.shapes] == pytest.approx([-0.002, 0.003], abs=2e-4)
    assert fit.scales[0] / fit.scales[1] == pytest.approx(4000.0 / 2500.0, rel=0.1)
    missed = (fit.pattern.intensity - fit.calculated) ** 2 / fit.variance
    assert missed.mean() < 1.5  # counts alone give 1


def test_the_parts_of_a_fit_add_up(salt: Reference, alloy: Reference) -> None:
    fit = fit_phases(simulate_pattern([Content(salt, 2000.0)], Scan(), seed=3), (salt, alloy))
    table = fit.to_frame()
    parts = table[["background", "salt", "alloy"]].sum(axis=1)
    assert parts.to_numpy() == pytest.approx(table["calculated"].to_numpy())
    assert (fit.factors >= 0.0).all()
