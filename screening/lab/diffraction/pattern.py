"""A measured powder pattern, and the reference lines that it is compared with."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from screening.errors import InputError
from screening.units import CU_KA1_A, CU_KA2_A, CU_KA_A, CU_KB_A

DOUBLET_TOLERANCE_A = 1e-3
"""A wavelength this close to `CU_KA_A` is the unresolved doublet; Kα1 alone is 1.2e-3 Å away."""

FEWEST_POINTS = 50
"""A pattern of fewer points holds no lines that could be told from a background."""


@dataclass(frozen=True, eq=False)
class PowderPattern:
    """Intensity against 2θ.

    Attributes
    ----------
    two_theta_deg : ndarray
        (n,) ascending.
    intensity : ndarray
        (n,) counts, counts per second or arbitrary; may be below 0 where a background was taken off.
    wavelength_a : float
        Å.
    name : str
    wavelength_from : str
        Where the wavelength comes from; empty where nobody asked.
    k_beta_share : float
        Intensity of Kβ that a filter let pass, over that of Kα.
    not_read : str
        What else the file holds; empty where nothing.
    """

    two_theta_deg: NDArray[np.float64]
    intensity: NDArray[np.float64]
    wavelength_a: float = CU_KA_A
    name: str = ""
    wavelength_from: str = ""
    k_beta_share: float = 0.0
    not_read: str = ""

    def __post_init__(self) -> None:
        x, y = self.two_theta_deg, self.intensity
        if x.ndim != 1 or x.shape != y.shape:
            raise InputError(f"{x.shape} angles and {y.shape} intensities", where=self.name)
        if len(x) < FEWEST_POINTS:
            raise InputError(
                f"{len(x)} points", where=self.name, remedy=f"give a pattern of at least {FEWEST_POINTS}"
            )
        if not (np.isfinite(x).all() and np.isfinite(y).all() and (np.diff(x) > 0.0).all()):
            raise InputError("angles must increase and be finite", where=self.name, remedy="correct the file")
        if not (x[0] > 0.0 and x[-1] < 180.0):
            raise InputError(
                f"2θ from {x[0]:g} to {x[-1]:g}", where=self.name, remedy="give 2θ in degrees, 0 to 180"
            )
        if y.max() <= 0.0:
            raise InputError("no intensity above zero", where=self.name, remedy="measure again")

    @property
    def range_deg(self) -> tuple[float, float]:
        """First and last 2θ."""
        return float(self.two_theta_deg[0]), float(self.two_theta_deg[-1])

    @property
    def emission(self) -> tuple[tuple[float, float], ...]:
        """Wavelengths in Å with their intensity over that of Kα: Cu Kα is its doublet."""
        if not self.is_copper:
            return ((self.wavelength_a, 1.0),)
        doublet = (CU_KA1_A, 2.0 / 3.0), (CU_KA2_A, 1.0 / 3.0)
        return (*doublet, (CU_KB_A, self.k_beta_share)) if self.k_beta_share else doublet

    @property
    def is_copper(self) -> bool:
        """Whether this is Cu Kα with both its lines, so that Kβ may have passed too."""
        return abs(self.wavelength_a - CU_KA_A) < DOUBLET_TOLERANCE_A

    def to_frame(self) -> pd.DataFrame:
        """Columns two_theta_deg, intensity."""
        return pd.DataFrame({"two_theta_deg": self.two_theta_deg, "intensity": self.intensity})


@dataclass(frozen=True, eq=False)
class Reference:
    """Lines of a phase that a pattern may hold.

    Attributes
    ----------
    name : str
        Formula.
    d_a : ndarray
        (m,) lattice spacings in Å.
    intensity : ndarray
        (m,) integrated intensities, the strongest 100.
    strain_limit : float
        How far its lattice may be off, relative: thermal expansion and solid solution for measured cells,
        the error of the functional for calculated ones.
    source : str
        Where the structure comes from.
    """

    name: str
    d_a: NDArray[np.float64]
    intensity: NDArray[np.float64]
    strain_limit: float
    source: str = field(default="")

    def __post_init__(self) -> None:
        if self.d_a.shape != self.intensity.shape or self.d_a.ndim != 1:
            counts = f"{self.d_a.size} spacings and {self.intensity.size} intensities"
            raise InputError(counts, where=self.name, remedy="give one of each per line")
        if len(self.d_a) and not (self.d_a.min() > 0.0 and self.intensity.min() >= 0.0):
            raise InputError("spacings must be positive", where=self.name)

    @property
    def content(self) -> tuple[list[float], list[float], float]:
        """Lines and freedom of the lattice: what a pattern is compared with, whatever the phase is called."""
        return self.d_a.tolist(), self.intensity.tolist(), self.strain_limit

    def two_theta_deg(self, wavelength_a: float, strain: float = 0.0) -> NDArray[np.float64]:
        """Positions of the lines, (m,), NaN where a line is out of reach at this wavelength."""
        sine = wavelength_a / (2.0 * self.d_a * (1.0 + strain))
        return 2.0 * np.degrees(np.arcsin(np.where(sine < 1.0, sine, np.nan)))

    def within(self, range_deg: tuple[float, float], wavelength_a: float) -> "Reference":
        """Only the lines whose positions lie in a range of 2θ."""
        position = self.two_theta_deg(wavelength_a)
        kept = (position >= range_deg[0]) & (position <= range_deg[1])
        return Reference(self.name, self.d_a[kept], self.intensity[kept], self.strain_limit, self.source)
