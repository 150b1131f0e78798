"""Shapes of powder lines and of the background under them, as columns of a linear model."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.interpolate import BSpline

from screening.lab.diffraction.pattern import PowderPattern, Reference

LORENTZIAN_SHARE = 0.5
"""Where a search for the shape of lines begins."""

REACH_FWHM = 15.0
"""A line is drawn this many half widths from its position; 1 % of its area lies beyond."""

FLAT_BEYOND = 40.0
"""Four times the squared distance in widths from which on the Gaussian is below 1e-12."""

KNOT_SPACING_DEG = 3.0
"""Of the background, which follows humps of 6° and more: a dome's film, amorphous products. A line of a
milled powder is narrower than 2°."""

CUBIC = 3


@dataclass(frozen=True)
class Shape:
    """How the lines of one phase differ from its reference.

    Attributes
    ----------
    strain : float
        Relative elongation of the lattice.
    fwhm_deg : float
        Full width at half maximum at 2θ = 0; it grows with 1/cos θ, as for small grains (Scherrer).
    lorentzian : float
        Share of the pseudo-Voigt that is Lorentzian, as of small grains; the rest is Gaussian.
    """

    strain: float
    fwhm_deg: float
    lorentzian: float = LORENTZIAN_SHARE


def line_columns(
    pattern: PowderPattern, reference: Reference, shape: Shape, displacement_deg: float
) -> NDArray[np.float64]:
    """Each line of a phase as a column of unit area.

    Parameters
    ----------
    pattern : PowderPattern
        Gives the angles and the emission (a doublet for Cu Kα).
    reference : Reference
    shape : Shape
    displacement_deg : float
        Shift of 2θ by a sample out of the focusing circle, at 2θ = 0; it falls with cos θ.

    Returns
    -------
    ndarray
        (n, m) per degree.
    """
    own = np.arange(len(reference.d_a))
    columns = np.zeros((len(pattern.two_theta_deg), len(own)))
    _add(columns, own[None, :], pattern, reference, (shape,), displacement_deg, np.ones(len(own)))
    return columns


def phase_columns(
    pattern: PowderPattern, reference: Reference, shapes: Sequence[Shape], displacement_deg: float
) -> NDArray[np.float64]:
    """All lines of a phase in their reference ratio, one column per shape, (n, shapes)."""
    place = np.repeat(np.arange(len(shapes))[:, None], len(reference.d_a), axis=1)
    columns = np.zeros((len(pattern.two_theta_deg), len(shapes)))
    _add(columns, place, pattern, reference, shapes, displacement_deg, reference.intensity)
    return columns


def _add(
    columns: NDArray[np.float64],
    place: NDArray[np.int64],
    pattern: PowderPattern,
    reference: Reference,
    shapes: Sequence[Shape],
    displacement_deg: float,
    area: NDArray[np.float64],
) -> None:
    """Add the lines of every shape, `area` (m,), to the columns `place` (shapes, m)."""
    for wavelength, share in pattern.emission:
        centre = np.array([reference.two_theta_deg(wavelength, shape.strain) for shape in shapes])
        cosine = np.cos(np.radians(centre / 2.0))
        width = np.array([[shape.fwhm_deg] for shape in shapes]) / cosine
        lorentzian = np.broadcast_to(np.array([[shape.lorentzian] for shape in shapes]), centre.shape)
        drawn = np.isfinite(centre)
        _draw(
            pattern.two_theta_deg,
            (centre + displacement_deg * cosine)[drawn],
            width[drawn],
            lorentzian[drawn],
            np.broadcast_to(share * area, centre.shape)[drawn],
            place[drawn],
            columns,
        )


@njit(cache=True, nogil=True)
def _draw(
    x: NDArray[np.float64],
    centre: NDArray[np.float64],
    width: NDArray[np.float64],
    lorentzian: NDArray[np.float64],
    area: NDArray[np.float64],
    place: NDArray[np.int64],
    columns: NDArray[np.float64],
) -> None:
    """Add pseudo-Voigt lines of these areas to the columns they belong to."""
    for line in range(len(centre)):
        tall = 2.0 * np.sqrt(np.log(2.0) / np.pi) * (1.0 - lorentzian[line])
        flat = 2.0 / np.pi * lorentzian[line]
        half = REACH_FWHM * width[line]
        first = np.searchsorted(x, centre[line] - half)
        last = np.searchsorted(x, centre[line] + half)
        for i in range(first, last):
            squared = 4.0 * ((x[i] - centre[line]) / width[line]) ** 2
            shape = flat / (1.0 + squared)
            if squared < FLAT_BEYOND:
                shape += tall * np.exp(-np.log(2.0) * squared)
            columns[i, place[line]] += area[line] * shape / width[line]


def background_columns(pattern: PowderPattern) -> NDArray[np.float64]:
    """Cubic B-splines over the range of a pattern, (n, k): with positive factors a positive, smooth curve."""
    first, last = pattern.range_deg
    inner = np.linspace(first, last, max(2, round((last - first) / KNOT_SPACING_DEG) + 1))
    knots = np.concatenate(([first] * CUBIC, inner, [last] * CUBIC))
    return BSpline.design_matrix(pattern.two_theta_deg, knots, CUBIC).toarray()
