"""What is known of the processes before a fit: one in each window, its τ within it, its φ that of an arc.

79 points with 0.5 % noise give two arcs half a decade apart by their sum only: the Cramér-Rao bound of either
is larger than the arc. Which windows there are, and how depressed arcs of solid electrolytes are, is known:
that separates them. Where it does not, intervals are wide and the sum is reported (see `processes`).
"""

from dataclasses import dataclass, replace
from math import log

import numpy as np

from screening.lab.impedance import zarc
from screening.lab.impedance.basis import FloatArray
from screening.lab.impedance.windows import Windows
from screening.lab.impedance.zarc import Anchor, Shape

SHARE = 0.2
"""Standard deviation of ln τ over the width of its window, whose bounds are ±2.5 of them."""

PHI = {Shape.ZARC: (0.88, 0.05), Shape.GERISCHER: (1.0, 0.03), Shape.WARBURG: (1.0, 0.03)}
"""Mean and standard deviation of φ: arcs of pellets and interfaces lie at 0.78 to 0.98, diffusion at 1."""

REACH = 0.35 * log(10.0)
"""How far beyond 1/ω a process may be expected and still to be fitted unasked, in ln τ. Further out it
cannot be told from R∞ or from an open end, and must be asked for by the data."""

TAILS = 4.0
"""Degrees of freedom of the prior of ln τ and φ: what lies far from its expectation is not pulled back."""

MARGIN = log(10.0)
"""How far beyond 1/ω an element may lie, in ln τ; its resistance is then a bound, and flagged."""

FREE = 0.5 * log(10.0)
"""Standard deviation of ln τ of a process that the data asked for, around where they did."""

UNDECIDED = 1.4
"""Factor by which the part of a deviation that rests on the prior is widened. The posterior is not normal
where data do not decide; with it 95 % intervals hold on simulated cells whose τ, φ, R are drawn for each."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Prior:
    """Prior of k elements in s spectra, normal within bounds; the last axis is (ln τ, φ).

    Resistances, positive unless signed, have a normal prior too, around 0 with a scale that the elements of a
    spectrum share and that is learnt from them.

    Attributes
    ----------
    centre : ndarray, shape (s, k, 2)
        Means.
    sd : ndarray, shape (k, 2)
        Standard deviations.
    ln_range : ndarray, shape (2,)
        Bounds of ln τ.
    shapes : tuple of Shape
        Shapes of the elements.
    signed : bool
        Whether resistances may be negative.
    """

    centre: FloatArray
    sd: FloatArray
    ln_range: FloatArray
    shapes: tuple[Shape, ...]
    signed: bool

    @classmethod
    def of(cls, windows: Windows, ln_measured: FloatArray, count: int, *, signed: bool) -> "Prior":
        """One element in each window reached by the measured range of ln τ, shape (2,), in its order."""
        centre = windows.ln_centres
        chosen = (centre > ln_measured[0] - REACH) & (centre < ln_measured[1] + REACH)
        shapes = tuple(window.shape for window, there in zip(windows, chosen, strict=True) if there)
        phi = np.array([PHI[shape] for shape in shapes]).reshape(-1, 2)
        width = np.diff(windows.ln_bounds, axis=0)[0, chosen]
        return cls(
            centre=np.tile(np.stack([centre[chosen], phi[:, 0]], axis=1), (count, 1, 1)),
            sd=np.stack([SHARE * width, phi[:, 1]], axis=1),
            ln_range=ln_measured + MARGIN * np.array([-1.0, 1.0]),
            shapes=shapes,
            signed=signed,
        )

    def take(self, rows: np.ndarray) -> "Prior":
        """Return the prior of some of the spectra."""
        return replace(self, centre=self.centre[rows])

    def with_free(self, ln_tau: FloatArray) -> "Prior":
        """Return the prior with one ZARC more around `ln_tau`, shape (s,)."""
        phi, phi_sd = PHI[Shape.ZARC]
        centre = np.stack([ln_tau, np.full(ln_tau.size, phi)], axis=1)
        return replace(
            self,
            centre=np.concatenate([self.centre, centre[:, None]], axis=1),
            sd=np.vstack([self.sd, [FREE, phi_sd]]),
            shapes=(*self.shapes, Shape.ZARC),
        )

    def kept(self, elements: np.ndarray) -> "Prior":
        """Return the prior of some of the elements (boolean, shape (k,))."""
        shapes = tuple(shape for shape, there in zip(self.shapes, elements, strict=True) if there)
        return replace(self, centre=self.centre[:, elements], sd=self.sd[elements], shapes=shapes)

    def bounds(self, terms: int) -> tuple[FloatArray, FloatArray]:
        """Bounds of all parameters, shape (q + 3k,) each; series terms are not negative."""
        ends = ((-np.inf if self.signed else 0.0, np.inf), self.ln_range, zarc.PHI_BOUNDS)
        least, most = zip(*ends, strict=True)
        return (
            np.concatenate([np.zeros(terms), np.tile(least, len(self.sd))]),
            np.concatenate([np.full(terms, np.inf), np.tile(most, len(self.sd))]),
        )

    def anchor(self, terms: int, noise: FloatArray, scale: FloatArray, theta: FloatArray) -> Anchor:
        """Prior in units of the weighted residual.

        Parameters
        ----------
        terms : int
            Series terms before the elements, which have none.
        noise : ndarray, shape (s,)
            Variance of a weighted residual.
        scale : ndarray, shape (s,)
            Standard deviation of the resistances.
        theta : ndarray, shape (s, q + 3k)
            Where the prior, Student's t, is replaced by the normal of equal slope.
        """
        here = theta[:, terms:].reshape(*self.centre.shape[:2], 3)[:, :, 1:]
        away = ((here - self.centre) / self.sd) ** 2
        precision = (1.0 + TAILS) / (TAILS + away) / self.sd**2
        return anchored(self.centre, precision, terms, noise, scale)


def anchored(
    centre: FloatArray, precision: FloatArray, terms: int, noise: FloatArray, scale: FloatArray
) -> Anchor:
    """Anchor of ln τ and φ at `centre`, shape (s, k, 2), with a precision that broadcasts to it."""
    count = len(centre)
    values = np.insert(centre, 0, 0.0, axis=2)
    weights = np.empty(values.shape)
    weights[:, :, 0], weights[:, :, 1:] = 1.0 / scale[:, None] ** 2, precision
    weights *= noise[:, None, None]
    return Anchor(
        *(np.pad(x.reshape(count, values[0].size), ((0, 0), (terms, 0))) for x in (values, weights))
    )
