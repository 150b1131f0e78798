"""Shapes of powder lines and of the background under them, as columns of a linear model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from screening.lab.diffraction.pattern import PowderPattern, Reference

LORENTZIAN_SHARE = 0.5
"""Where a search for the shape of lines begins."""

REACH_FWHM = 15.0
"""A line is drawn this many half widths from its position; 1 % of its area lies beyond."""

GAUSSIAN_REACH_FWHM = 3.2
"""From there on the Gaussian is below 1e-12."""

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
        _drawing()(
            pattern.two_theta_deg,
            (centre + displacement_deg * cosine)[drawn],
            width[drawn],
            lorentzian[drawn],
            np.broadcast_to(share * area, centre.shape)[drawn],
            place[drawn],
            columns,
        )


@cache
def _drawing() -> Callable[..., None]:
    """The drawing below, compiled; a pattern that is only read has no need of the compiler."""
    from numba import njit

    compiled: Callable[..., None] = njit(cache=True, nogil=True, fastmath=True)(_draw)
    return compiled


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
        middle, column, narrow = centre[line], place[line], 2.0 / width[line]
        high = 0.5 * narrow * area[line]
        tall = 2.0 * np.sqrt(np.log(2.0) / np.pi) * (1.0 - lorentzian[line]) * high
        flat = 2.0 / np.pi * lorentzian[line] * high
        half = REACH_FWHM * width[line]
        for i in range(np.searchsorted(x, middle - half), np.searchsorted(x, middle + half)):
            columns[i, column] += flat / (1.0 + ((x[i] - middle) * narrow) ** 2)
        half = GAUSSIAN_REACH_FWHM * width[line]
        for i in range(np.searchsorted(x, middle - half), np.searchsorted(x, middle + half)):
            columns[i, column] += tall * np.exp(-np.log(2.0) * ((x[i] - middle) * narrow) ** 2)


def background_columns(pattern: PowderPattern) -> NDArray[np.float64]:
    """Cubic B-splines over the range of a pattern, (n, k): with positive factors a positive, smooth curve."""
    from scipy.interpolate import BSpline

    first, last = pattern.range_deg
    inner = np.linspace(first, last, max(2, round((last - first) / KNOT_SPACING_DEG) + 1))
    knots = np.concatenate(([first] * CUBIC, inner, [last] * CUBIC))
    return BSpline.design_matrix(pattern.two_theta_deg, knots, CUBIC).toarray()
