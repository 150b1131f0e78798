"""Simulated powder patterns, for tests, rehearsals and the example study: never measured data.

They differ from what `fit` assumes on purpose: Voigt lines instead of pseudo-Voigt ones, intensities off by
texture, a dome's hump in the background, lines of nobody's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import voigt_profile

from screening.lab.diffraction.pattern import PowderPattern, Reference
from screening.units import CU_KA_A

INSTRUMENT_FWHM_DEG = 0.08
FWHM_PER_SD = 2.0 * np.sqrt(2.0 * np.log(2.0))
SCHERRER = 0.9
HUMP_DEG, HUMP_WIDTH_DEG = 19.0, 5.0
"""Scattering of the polymer film that keeps air from the sample."""


@dataclass(frozen=True)
class Content:
    """One phase in a simulated sample.

    Attributes
    ----------
    reference : Reference
    strongest_counts : float
        Height that its strongest line would have without broadening by size, counts.
    strain : float
    grain_nm : float
    texture : float
        Standard deviation of the logarithm of its intensities.
    """

    reference: Reference
    strongest_counts: float
    strain: float = 0.0
    grain_nm: float = 60.0
    texture: float = 0.2


@dataclass(frozen=True)
class Scan:
    """How a simulated pattern is taken."""

    first_deg: float = 10.0
    last_deg: float = 80.0
    step_deg: float = 0.02
    background_counts: float = 200.0
    displacement_deg: float = 0.03
    k_beta_share: float = 0.0


def simulate_pattern(
    contents: Sequence[Content], scan: Scan, *, seed: int, name: str = "simulated"
) -> PowderPattern:
    """Counts of a mixture with Poisson noise."""
    rng = np.random.default_rng(seed)
    x = np.arange(scan.first_deg, scan.last_deg + scan.step_deg / 2.0, scan.step_deg)
    counts = scan.background_counts * (
        0.6 + 0.4 * np.exp(-(x - x[0]) / 15.0) + 1.5 * np.exp(-(((x - HUMP_DEG) / HUMP_WIDTH_DEG) ** 2))
    )
    emission = PowderPattern(x, counts, CU_KA_A, k_beta_share=scan.k_beta_share).emission
    for content in contents:
        reference = content.reference
        textured = reference.intensity * np.exp(content.texture * rng.standard_normal(len(reference.d_a)))
        for wavelength, share in emission:
            centres = reference.two_theta_deg(wavelength, content.strain)
            for centre, intensity in zip(centres, textured, strict=True):
                if np.isfinite(centre):
                    counts = counts + share * _line(x, centre, intensity, content, scan)
    return PowderPattern(x, rng.poisson(counts).astype(float), CU_KA_A, name)


def _line(x: np.ndarray, centre: float, intensity: float, content: Content, scan: Scan) -> np.ndarray:
    cosine = np.cos(np.radians(centre / 2.0))
    sigma = INSTRUMENT_FWHM_DEG / FWHM_PER_SD
    size_deg = np.degrees(SCHERRER * CU_KA_A / (10.0 * content.grain_nm * cosine))
    height_to_area = content.strongest_counts * sigma * np.sqrt(2.0 * np.pi)
    shape = voigt_profile(x - centre - scan.displacement_deg * cosine, sigma, size_deg / 2.0)
    return intensity / 100.0 * height_to_area * shape
