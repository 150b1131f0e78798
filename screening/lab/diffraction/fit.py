"""Lines of several phases on a smooth background, fitted to a powder pattern."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from screening.lab.diffraction.pattern import PowderPattern, Reference
from screening.lab.diffraction.profile import Shape, background_columns, line_columns, phase_columns
from screening.units import CU_KB_A

WIDTHS_DEG = (0.08, 0.14, 0.25, 0.45, 0.8)
"""Full widths tried at 2θ = 0: a good diffractometer's own, up to grains of 10 nm."""

DISPLACEMENTS_DEG = tuple(np.linspace(-0.2, 0.2, 9).tolist())
"""Shifts tried: ±0.2° is a sample 0.4 mm high or low on a circle of 240 mm."""

STRAIN_STEP = 5e-4
"""Of the lattice: 0.02° at 2θ = 40°, a quarter of the narrowest line."""

NARROWEST_DEG, BROADEST_DEG = 0.03, 1.5
"""Bounds of the refined width at 2θ = 0."""

ROUNDS = 2
"""Of a search phase by phase and a refinement of everything together."""

MOST_EVALUATIONS = 12
"""Of a refinement, each with its derivatives; verdicts do not change beyond."""

K_BETA_SD = 5.0
"""Standard deviations at which Kβ is in a pattern, as for a phase."""

K_BETA_MOST = 0.2
"""Intensity of Kβ over Kα that an X-ray tube without a filter emits, about."""

SMOOTHING_POINTS = 9
MEDIAN_OF_CHI2 = 0.454936
"""Median of χ² of one degree of freedom."""

SECOND_DIFFERENCE = 6.0
"""Variance of a second difference, in variances of a point."""

RIDGE = 1e-12


@dataclass(frozen=True, eq=False, kw_only=True)
class Fit:
    """A pattern as background and phases.

    Attributes
    ----------
    pattern : PowderPattern
    references : tuple of Reference
        Of each phase the lines within the range of the pattern.
    shapes : tuple of Shape
    displacement_deg : float
        Shift of 2θ by the height of the sample, at 2θ = 0.
    variance : ndarray
        (n,) of the intensities.
    background : ndarray
        (n, k) columns of the background.
    factors : ndarray
        (k + phases,) of all columns, not negative.
    """

    pattern: PowderPattern
    references: tuple[Reference, ...]
    shapes: tuple[Shape, ...]
    displacement_deg: float
    variance: NDArray[np.float64]
    background: NDArray[np.float64]
    factors: NDArray[np.float64]

    def lines(self, phase: int) -> NDArray[np.float64]:
        """Each line of a phase as a column of unit area, (n, m)."""
        return line_columns(self.pattern, self.references[phase], self.shapes[phase], self.displacement_deg)

    def positions(self, phase: int) -> NDArray[np.float64]:
        """Where the lines of a phase lie with its strain and the displacement, (m,) 2θ."""
        plain = self.references[phase].two_theta_deg(self.pattern.wavelength_a, self.shapes[phase].strain)
        return plain + self.displacement_deg * np.cos(np.radians(plain / 2.0))

    def tried(self, phase: int, shapes: Sequence[Shape]) -> NDArray[np.float64]:
        """All lines of a phase in their reference ratio, one column per shape, (n, shapes)."""
        return phase_columns(self.pattern, self.references[phase], shapes, self.displacement_deg)

    @cached_property
    def columns(self) -> NDArray[np.float64]:
        """Background and phases, (n, k + phases)."""
        phases = [self.tried(k, self.shapes[k : k + 1]) for k in range(len(self.references))]
        return np.column_stack([self.background, *phases])

    @property
    def base(self) -> NDArray[np.float64]:
        """Intensity of the background, (n,)."""
        return self.background @ self.factors[: self.background.shape[1]]

    @property
    def scales(self) -> NDArray[np.float64]:
        """Factor of each phase, (phases,): area of its strongest line over 100."""
        return self.factors[self.background.shape[1] :]

    @property
    def calculated(self) -> NDArray[np.float64]:
        """Intensity of the whole model, (n,)."""
        return self.columns @ self.factors

    @property
    def weighted_profile_residual(self) -> float:
        """R_wp: root of the weighted squared residuals over the weighted squared intensities."""
        residual = self.pattern.intensity - self.calculated
        squares = self.pattern.intensity**2 / self.variance
        return float(np.sqrt((residual**2 / self.variance).sum() / squares.sum()))

    def rearranged(self, order: Sequence[int]) -> "Fit":
        """The same fit with its phases in another order."""
        base, phases = np.split(self.factors, [self.background.shape[1]])
        return replace(
            self,
            references=tuple(self.references[k] for k in order),
            shapes=tuple(self.shapes[k] for k in order),
            factors=np.concatenate([base, phases[list(order)]]),
        )

    def to_frame(self) -> pd.DataFrame:
        """Columns two_theta_deg, intensity, calculated, background, and one per phase."""
        n_base = self.background.shape[1]
        parts = {
            reference.name: self.columns[:, n_base + k] * self.scales[k]
            for k, reference in enumerate(self.references)
        }
        return self.pattern.to_frame().assign(calculated=self.calculated, background=self.base, **parts)


def noise_variance(pattern: PowderPattern) -> NDArray[np.float64]:
    """Variance of each intensity, (n,): proportional to it, the factor read off second differences.

    Counts have a factor of 1; counts per second, scaled and smoothed patterns have others.
    """
    from scipy.ndimage import uniform_filter1d

    smooth = uniform_filter1d(pattern.intensity, SMOOTHING_POINTS, mode="nearest")
    level = np.maximum(smooth, max(1e-3 * float(smooth.max()), np.finfo(float).tiny))
    second = np.diff(pattern.intensity, 2)
    factor = np.median(second**2 / (SECOND_DIFFERENCE * level[1:-1])) / MEDIAN_OF_CHI2
    floor = 1e-6 * float(pattern.intensity.max())  # of a calculated pattern, which has no noise
    return np.maximum(factor * level, floor**2)


def fit_phases(pattern: PowderPattern, references: Sequence[Reference]) -> Fit:
    """Fit all phases together: scales at least 0, each with a strain and a width of its own.

    The linear part (background and scales) is solved by non-negative least squares for each set of shapes;
    the shapes are searched on grids, phase by phase, within the strain that each reference allows.
    """
    known = tuple(each.within(pattern.range_deg, pattern.wavelength_a) for each in references)
    background, variance = background_columns(pattern), noise_variance(pattern)
    start = Fit(
        pattern=pattern,
        references=known,
        shapes=(Shape(0.0, WIDTHS_DEG[1]),) * len(known),
        displacement_deg=0.0,
        variance=variance,
        background=background,
        factors=np.zeros(0),
    )
    best = min(
        (
            _solved(replace(start, shapes=(Shape(0.0, width),) * len(known), displacement_deg=shift))
            for shift in DISPLACEMENTS_DEG
            for width in WIDTHS_DEG
        ),
        key=_misfit,
    )
    for _ in range(ROUNDS):
        for phase in np.argsort(-best.scales, kind="stable").tolist():
            best = _with_best_shape(best, phase, _grid(known[phase], best.shapes[phase]))
        best = _refined(best)
    return best


def k_beta_share(fit: Fit) -> float:
    """Intensity of Cu Kβ over Kα for which a pattern asks; 0 where it does not, or has no Kα doublet.

    All lines of all phases have their image at Kβ in one proportion, which no further phase has. Phases no
    stronger than an image are left out: it may have been taken for them.
    """
    from scipy.optimize import nnls

    if not fit.pattern.is_copper or not fit.scales.any():
        return 0.0
    beta = replace(fit, pattern=replace(fit.pattern, wavelength_a=CU_KB_A))
    images = [beta.tried(k, fit.shapes[k : k + 1])[:, 0] * scale for k, scale in enumerate(fit.scales)]
    weight = 1.0 / np.sqrt(fit.variance)
    strong = fit.scales > K_BETA_MOST * fit.scales.max()
    kept = fit.columns[:, np.concatenate([np.ones(fit.background.shape[1], dtype=bool), strong])]
    columns = np.column_stack([kept, np.sum(images, axis=0)]) * weight[:, None]
    factors, left = nnls(columns, fit.pattern.intensity * weight)
    used = columns[:, factors > 0.0]
    if factors[-1] == 0.0:
        return 0.0
    chi_squared = max(left**2 / (len(weight) - used.shape[1]), 1.0)
    sd = np.sqrt(chi_squared * np.linalg.pinv(used.T @ used)[-1, -1])
    return float(factors[-1]) if factors[-1] > K_BETA_SD * sd else 0.0


def _grid(reference: Reference, now: Shape) -> list[Shape]:
    steps = round(reference.strain_limit / STRAIN_STEP)
    tried = [Shape(k * STRAIN_STEP, width) for k in range(-steps, steps + 1) for width in WIDTHS_DEG]
    return [now, *tried]


def _refined(fit: Fit) -> Fit:
    """All shapes and the displacement together, of the phases that the fit holds."""
    from scipy.optimize import least_squares

    present = [k for k in np.flatnonzero(fit.scales).tolist() if len(fit.references[k].d_a)]
    if not present:
        return fit
    weight = 1.0 / np.sqrt(fit.variance)

    @lru_cache(maxsize=2 * len(fit.shapes))  # a derivative moves one phase at a time
    def drawn(phase: int, shape: Shape, shift: float) -> NDArray[np.float64]:
        return replace(fit, displacement_deg=shift).tried(phase, (shape,))

    base, measured = fit.background * weight[:, None], fit.pattern.intensity * weight
    base_gram, base_right, n_base = base.T @ base, base.T @ measured, base.shape[1]

    def moved(free: NDArray[np.float64]) -> Fit:
        shapes, shift = fit.shapes, float(free[0])
        for k, (strain, width, lorentzian) in zip(present, free[1:].reshape(-1, 3), strict=True):
            shapes = _exchanged(shapes, k, Shape(float(strain), float(np.exp(width)), float(lorentzian)))
        return replace(fit, shapes=shapes, displacement_deg=shift)

    def misfit(free: NDArray[np.float64]) -> NDArray[np.float64]:
        now = moved(free)
        lines = np.column_stack([drawn(k, each, now.displacement_deg) for k, each in enumerate(now.shapes)])
        lines *= weight[:, None]
        crossed = base.T @ lines  # the background does not move: its part of the normal equations stays
        gram = np.block([[base_gram, crossed], [crossed.T, lines.T @ lines]])
        factors, _ = _not_negative(gram, np.concatenate([base_right, lines.T @ measured]))
        return measured - base @ factors[:n_base] - lines @ factors[n_base:]

    limits = [fit.references[k].strain_limit for k in present]
    start = [fit.displacement_deg]
    for k in present:
        start += [fit.shapes[k].strain, np.log(fit.shapes[k].fwhm_deg), fit.shapes[k].lorentzian]
    narrow, broad = np.log(NARROWEST_DEG), np.log(BROADEST_DEG)
    low = np.array([DISPLACEMENTS_DEG[0], *(b for limit in limits for b in (-limit, narrow, 0.0))])
    high = np.array([DISPLACEMENTS_DEG[-1], *(b for limit in limits for b in (limit, broad, 1.0))])
    steps = np.array([0.01, *([STRAIN_STEP / 5.0, 0.05, 0.1] * len(present))])
    room = 1e-6 * (high - low)
    found = least_squares(
        misfit,
        np.clip(start, low + room, high - room),
        bounds=(low, high),
        x_scale=steps,
        diff_step=1e-4,
        max_nfev=MOST_EVALUATIONS,
    )
    refined = _solved(moved(found.x))
    return refined if _misfit(refined) < _misfit(fit) else fit


def _solved(fit: Fit) -> Fit:
    """The same shapes with the best factors."""
    weight = 1.0 / np.sqrt(fit.variance)
    model = fit.columns * weight[:, None]
    factors, _ = _not_negative(model.T @ model, model.T @ (fit.pattern.intensity * weight))
    solved = replace(fit, factors=factors)
    vars(solved)["columns"] = fit.columns  # what the cached property would draw again
    return solved


def _misfit(fit: Fit) -> float:
    return float(((fit.pattern.intensity - fit.calculated) ** 2 / fit.variance).sum())


def _with_best_shape(fit: Fit, phase: int, shapes: Sequence[Shape]) -> Fit:
    """The fit with the best of some shapes of one phase.

    Normal equations keep the search cheap: only one row and column of them change from shape to shape.
    """
    if not len(fit.references[phase].d_a):
        return fit
    weight = 1.0 / np.sqrt(fit.variance)
    place = fit.background.shape[1] + phase
    columns = fit.columns * weight[:, None]
    measured = fit.pattern.intensity * weight
    tried = fit.tried(phase, shapes) * weight[:, None]
    gram, right, crossed = columns.T @ columns, columns.T @ measured, columns.T @ tried
    norms, projections = (tried**2).sum(axis=0), tried.T @ measured
    found = [
        _explained(gram, right, place, crossed[:, k], float(norms[k]), float(projections[k]))
        for k in range(len(shapes))
    ]
    return _solved(replace(fit, shapes=_exchanged(fit.shapes, phase, shapes[int(np.argmax(found))])))


def _explained(
    gram: NDArray[np.float64],
    right: NDArray[np.float64],
    place: int,
    crossed: NDArray[np.float64],
    norm: float,
    projection: float,
) -> float:
    """How much of the squared intensity the non-negative solution explains with one column exchanged."""
    gram, right = gram.copy(), right.copy()
    gram[place], gram[:, place], gram[place, place], right[place] = crossed, crossed, norm, projection
    return _not_negative(gram, right)[1]


def _not_negative(gram: NDArray[np.float64], right: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Factors that are not negative, from the normal equations of the model, and what they explain of the
    squared intensity.
    """
    from scipy.optimize import nnls

    scale = np.sqrt(np.maximum(np.diag(gram), np.finfo(float).tiny))
    unit = gram / np.outer(scale, scale) + RIDGE * len(gram) * np.eye(len(gram))
    upper = np.linalg.cholesky(unit).T
    target = np.linalg.solve(upper.T, right / scale)
    factors, residual = nnls(upper, target)
    return factors / scale, float(target @ target - residual**2)


def _exchanged(shapes: tuple[Shape, ...], phase: int, shape: Shape) -> tuple[Shape, ...]:
    return (*shapes[:phase], shape, *shapes[phase + 1 :])
