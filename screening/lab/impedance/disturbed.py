"""Points of a spectrum that a disturbance moved, as the mains do: how far each is trusted."""

import numpy as np
from scipy.ndimage import median_filter

from screening.lab.impedance.basis import ComplexArray, FloatArray

NEIGHBOURS = 7
"""Points whose median a disturbed one is compared with: three beside each other may be disturbed."""

OUTLIER = 6.0
"""Jump, in standard deviations, above which a point loses weight: none in 100 spectra by chance."""

LEAST_NOISE = 1e-3
"""Relative noise below which no point is called disturbed: what the grid of τ may leave is smaller."""

RAYLEIGH_MEDIAN = float(np.sqrt(2.0 * np.log(2.0)))
"""Median modulus of complex noise of unit deviation in both parts."""


def trust_of(misfit: ComplexArray) -> FloatArray:
    """Factor on the weights of the points of a spectrum, shape (n,).

    A model that does not fit leaves residuals that are smooth along the frequencies; a disturbed point jumps
    far more than they amount to around it. Its influence falls as the inverse cube of the jump.
    """
    smooth = median_filter(misfit.real, NEIGHBOURS, mode="nearest")
    smooth = smooth + 1j * median_filter(misfit.imag, NEIGHBOURS, mode="nearest")
    jump = np.abs(misfit - smooth)
    noise = np.maximum(np.maximum(np.median(jump) / RAYLEIGH_MEDIAN, LEAST_NOISE), np.abs(smooth) / 2.0)
    return np.asarray(np.minimum(OUTLIER * noise / np.maximum(jump, LEAST_NOISE), 1.0) ** 2)
