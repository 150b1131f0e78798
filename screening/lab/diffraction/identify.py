"""Which of the expected phases stand in a powder pattern, which do not, and which cannot be told.

A phase is *seen* if its lines together are significant, at least two of them stand by themselves, and none
of its strong ones is missing; *absent* if its strongest line would have been found at a small share of the
strongest of all; anything else *cannot be told*, and the reason is given. Amorphous products have no lines:
absent means no crystals.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import nan

import numpy as np
from numpy.typing import NDArray

from screening.lab.diffraction.findings import Identification, Peak, PhaseFinding, Presence
from screening.lab.diffraction.fit import Fit, fit_phases, k_beta_share
from screening.lab.diffraction.pattern import PowderPattern, Reference

SEEN_SD, LINE_SD = 5.0, 3.0
"""Standard deviations at which a phase, and a single line, is there."""

FEWEST_LINES = 2
"""Lines that must stand by themselves: one line belongs to too many phases."""

SEEN_SHARE = 0.6
"""Of the strong lines that could be seen, those that must be."""

STRONG = 0.2
"""A line is strong from this share of the phase's strongest."""

LEAST_OF_EXPECTED = 0.25
"""A line weaker than this share of what the others make expect is missing: texture changes intensities by a
factor of two or three, seldom of four."""

ABSENT_SHARE = 0.04
"""A phase is absent if its strongest line lies, with 95 % confidence, below this share of the strongest line
of the pattern: a few percent of a phase is what a laboratory instrument finds in a mixture."""

Z_95_ONE_SIDED = 1.6448536269514722

MERGE_FWHM = 0.8
"""Lines closer than this many half widths are one."""

SHARED_AREA = 0.1
"""A line of another phase, as close as `MERGE_FWHM`, is no neighbour if its area is less than this share."""

UNEXPLAINED_SD = 6.0
UNEXPLAINED_SHARE = 0.02
"""What the fit leaves is a line from so many standard deviations and this share of the strongest."""

BESIDE_FWHM, MISFIT = 2.0, 1.0 / LEAST_OF_EXPECTED - 1.0
"""What the fit leaves this near to a line of a phase that is seen is that line, of other height or shape,
unless it is more than so many times as high."""

DEFAULT_FWHM_DEG = 0.2

WITHIN_FWHM = 0.7609681085504878
"""Share of a Gaussian's area within its full width at half maximum, erf(sqrt(ln 2))."""

LEAST_INFLATION = 1.0
"""Errors are never smaller than those of the counts."""

NEAR_SHARE = 0.05
"""Points where a line has this share of its height are near it."""

SINGULAR = 1e-9
"""Directions of the normal equations below this share of the largest are not determined."""


def identify(pattern: PowderPattern, references: Sequence[Reference]) -> Identification:
    """Look for phases in a pattern.

    All phases that may be there should be named: a line shared with a phase that is not named counts for
    those that are. Neither their order nor their names matter.
    """
    # the search goes phase by phase and may end beside another optimum, so that it takes an order of its own
    order = sorted(range(len(references)), key=lambda k: references[k].content)
    ordered = [references[k] for k in order]
    fit = fit_phases(pattern, ordered)
    if share := k_beta_share(fit):
        fit = fit_phases(replace(pattern, k_beta_share=share), ordered)
    groups = [_Groups.of(fit, k) if len(each.d_a) else None for k, each in enumerate(fit.references)]
    apart = [None if own is None else _Apart.of(fit, k, groups, own) for k, own in enumerate(groups)]
    strongest = max([_area_left(fit), *(each.area for each in apart if each is not None)])
    findings = tuple(
        _finding(fit, k, each, strongest) if each else _out_of_range(fit.references[k])
        for k, each in enumerate(apart)
    )
    findings = _without_absent(fit, groups, findings, strongest)
    asked = np.argsort(order).tolist()
    return Identification(
        fit.rearranged(asked), tuple(findings[k] for k in asked), _unexplained(fit, findings)
    )


def _without_absent(
    fit: Fit, groups: Sequence["_Groups | None"], findings: tuple[PhaseFinding, ...], strongest: float
) -> tuple[PhaseFinding, ...]:
    """Look once more for what could not be told, lines of phases that are absent no longer free.

    What these may hold then counts for the phase in question: it can be found absent so, never seen.
    """
    left = [
        None if finding.presence is Presence.ABSENT else group
        for group, finding in zip(groups, findings, strict=True)
    ]
    if left == list(groups):
        return findings
    again = {
        k: _finding(fit, k, _Apart.of(fit, k, left, own), strongest)
        for k, own in enumerate(left)
        if own is not None and findings[k].presence is Presence.CANNOT_TELL
    }
    absent = {k: each for k, each in again.items() if each.presence is Presence.ABSENT}
    return tuple(absent.get(k, finding) for k, finding in enumerate(findings))


@dataclass(frozen=True, eq=False)
class _Groups:
    """Lines of one phase, those that the pattern cannot resolve taken together.

    Attributes
    ----------
    expected : ndarray
        (g,) reference intensities.
    columns : ndarray
        (n, g) their curves at a scale of 1.
    centre_deg, fwhm_deg : ndarray
        (g,) where they lie, 2θ, and how broad a line is there.
    """

    expected: NDArray[np.float64]
    columns: NDArray[np.float64]
    centre_deg: NDArray[np.float64]
    fwhm_deg: NDArray[np.float64]

    @classmethod
    def of(cls, fit: Fit, phase: int) -> "_Groups":
        reference, width = fit.references[phase], fit.shapes[phase].fwhm_deg
        position = reference.two_theta_deg(fit.pattern.wavelength_a)
        order = np.argsort(position)
        cosine = np.cos(np.radians(position[order] / 2.0))
        apart = np.diff(position[order]) > MERGE_FWHM * width / cosine[1:]
        group = np.concatenate(([0], np.cumsum(apart)))
        members = np.zeros((len(position), group[-1] + 1))
        members[order, group] = reference.intensity[order]
        expected = members.sum(axis=0)
        centre = fit.positions(phase) @ members / np.maximum(expected, np.finfo(float).tiny)
        return cls(expected, fit.lines(phase) @ members, centre, width / np.cos(np.radians(centre / 2.0)))

    def shared_with(self, other: "_Groups", own_area: float, other_area: float) -> NDArray[np.bool_]:
        """Which groups have one of another phase so close that either may be the other's misfit, (g,)."""
        reach = MERGE_FWHM * np.minimum(self.fwhm_deg[:, None], other.fwhm_deg)
        close = np.abs(self.centre_deg[:, None] - other.centre_deg) < reach
        counts = other_area * other.expected > SHARED_AREA * own_area * self.expected[:, None]
        return np.asarray((close & counts).any(axis=1))


@dataclass(frozen=True, eq=False)
class _Factors:
    """Least-squares factors of columns and their standard deviations, (k,)."""

    value: NDArray[np.float64]
    sd: NDArray[np.float64]


def _least_squares(
    fit: Fit, base: NDArray[np.float64], own: NDArray[np.float64], near: NDArray[np.bool_]
) -> _Factors:
    """Factors of a phase's own columns beside all others.

    Errors are inflated where the model misses the pattern near the lines in question, and near each.
    """
    weight = 1.0 / np.sqrt(fit.variance)
    weighted = np.column_stack([base, own]) * weight[:, None]
    norm = np.sqrt((weighted**2).sum(axis=0))
    norm[norm == 0.0] = 1.0
    unit = weighted / norm
    covariance = np.linalg.pinv(unit.T @ unit, rcond=SINGULAR, hermitian=True)
    factors = covariance @ (unit.T @ (fit.pattern.intensity * weight))
    squared = (fit.pattern.intensity * weight - unit @ factors) ** 2
    inside = own > NEAR_SHARE * np.maximum(own.max(axis=0), np.finfo(float).tiny)
    local = (squared @ inside.astype(float)) / np.maximum(inside.sum(axis=0), 1)
    inflation = np.maximum(max(LEAST_INFLATION, float(squared[near].mean())), local)
    first = base.shape[1]
    variance = np.maximum(np.diag(covariance)[first:], 0.0) * inflation
    return _Factors(factors[first:] / norm[first:], np.sqrt(variance) / norm[first:])


@dataclass(frozen=True, eq=False)
class _Apart:
    """What one phase has of its own: lines of the others are free to take what they share with it.

    Attributes
    ----------
    scale, sd : float
        Of all its lines together, in units of the reference's intensities.
    expected, fitted, error : ndarray
        (g,) reference intensity of each group of lines, and its factor by itself.
    shared : ndarray of bool
        (g,) groups that a line of another phase stands so close to that neither stands by itself.
    """

    scale: float
    sd: float
    expected: NDArray[np.float64]
    fitted: NDArray[np.float64]
    error: NDArray[np.float64]
    shared: NDArray[np.bool_]

    @classmethod
    def of(cls, fit: Fit, phase: int, groups: Sequence[_Groups | None], own: _Groups) -> "_Apart":
        near = (own.columns > NEAR_SHARE * own.columns.max(axis=0)).any(axis=1)
        present = [k for k, each in enumerate(groups) if each and k != phase and fit.scales[k] > 0.0]
        others = [each for k in present if (each := groups[k])]
        base = np.column_stack([fit.background, *(each.columns for each in others)])
        whole = _least_squares(fit, base, own.columns.sum(axis=1)[:, None], near)
        apart = _least_squares(fit, base, own.columns, near)
        scale = max(0.0, float(whole.value[0]))
        shared = np.array(
            [
                own.shared_with(each, scale, float(fit.scales[k]))
                for k, each in zip(present, others, strict=True)
            ]
        )
        return cls(
            scale,
            max(float(whole.sd[0]), np.finfo(float).tiny),
            own.expected,
            apart.value,
            apart.sd,
            np.asarray(shared.reshape(len(others), len(own.expected)).any(axis=0)),
        )

    @property
    def area(self) -> float:
        """Of its strongest line."""
        return self.scale * float(self.expected.max())

    @property
    def strong(self) -> NDArray[np.bool_]:
        """Strong lines that the pattern could show by themselves if the phase is there."""
        could = self.error * LINE_SD < max(self.scale, self.sd * SEEN_SD)
        return (self.expected >= STRONG * self.expected.max()) & could & ~self.shared

    @property
    def seen(self) -> NDArray[np.bool_]:
        """Those that it shows."""
        least = LEAST_OF_EXPECTED * self.scale
        return self.strong & (self.fitted > LINE_SD * self.error) & (self.fitted > least)


def _finding(fit: Fit, phase: int, apart: _Apart, strongest: float) -> PhaseFinding:
    reference, shape = fit.references[phase], fit.shapes[phase]
    unit = float(apart.expected.max()) / max(strongest, np.finfo(float).tiny)
    limit = (apart.scale + Z_95_ONE_SIDED * apart.sd) * unit
    presence, reason = _presence(apart, limit)
    return PhaseFinding(
        name=reference.name,
        presence=presence,
        reason=reason,
        share=apart.scale * unit if presence is Presence.SEEN else nan,
        share_sd=apart.sd * unit if presence is Presence.SEEN else nan,
        share_limit=limit,
        lines_seen=int(apart.seen.sum()),
        lines_expected=int(apart.strong.sum()),
        strain=shape.strain,
        fwhm_deg=shape.fwhm_deg,
        source=reference.source,
    )


def _out_of_range(reference: Reference) -> PhaseFinding:
    reason = "no line within the measured range of 2θ"
    return PhaseFinding(
        name=reference.name, presence=Presence.CANNOT_TELL, reason=reason, source=reference.source
    )


def _presence(apart: _Apart, limit: float) -> tuple[Presence, str]:
    strong, seen = apart.strong, apart.seen
    n_strong, n_seen = int(strong.sum()), int(seen.sum())
    if apart.scale < SEEN_SD * apart.sd:
        if limit < ABSENT_SHARE:
            return Presence.ABSENT, f"its strongest line is below {limit:.1%} of the pattern's (95 %)"
        hidden = f"up to {min(limit, 1.0):.0%} of the strongest line could be hidden by noise or other lines"
        return Presence.CANNOT_TELL, hidden
    if n_seen < FEWEST_LINES:
        alone = f"resolved lines of its own: {n_seen}; one line fits many phases"
        return Presence.CANNOT_TELL, alone
    if not seen[strong][np.argmax(apart.expected[strong])]:
        return Presence.CANNOT_TELL, "its strongest resolved line is missing, though others match"
    if n_seen < SEEN_SHARE * n_strong:
        return Presence.CANNOT_TELL, f"only {n_seen} of {n_strong} strong lines found"
    return Presence.SEEN, f"{n_seen} of {n_strong} strong lines resolved"


@dataclass(frozen=True, eq=False)
class _Residual:
    """What the fit leaves, smoothed over a line's width of so many degrees and points, and its noise."""

    value: NDArray[np.float64]
    noise: NDArray[np.float64]
    width_deg: float
    points: int

    @classmethod
    def of(cls, fit: Fit) -> "_Residual":
        widths = [shape.fwhm_deg for shape, scale in zip(fit.shapes, fit.scales, strict=True) if scale > 0.0]
        width = float(np.median(widths)) if widths else DEFAULT_FWHM_DEG
        points = max(3, round(width / float(np.median(np.diff(fit.pattern.two_theta_deg)))))
        kernel = np.ones(points) / points
        value = np.convolve(fit.pattern.intensity - fit.calculated, kernel, mode="same")
        return cls(value, np.sqrt(np.convolve(fit.variance, kernel, mode="same") / points), width, points)


def _area_left(fit: Fit) -> float:
    """Area of the highest line that no phase explains, in the units of the fit; 0 where noise hides it."""
    left = _Residual.of(fit)
    place = int(left.value.argmax())
    significant = left.value[place] > UNEXPLAINED_SD * left.noise[place]
    return float(left.value[place]) * left.width_deg / WITHIN_FWHM if significant else 0.0


def _unexplained(fit: Fit, phases: Sequence[PhaseFinding]) -> tuple[Peak, ...]:
    """Peaks of what the fit leaves, away from the lines of what is seen."""
    x, left = fit.pattern.two_theta_deg, _Residual.of(fit)
    residual, noise, width, points = left.value, left.noise, left.width_deg, left.points
    tallest = max(float((fit.calculated - fit.base).max()), float(residual.max()), np.finfo(float).tiny)
    high = np.maximum(UNEXPLAINED_SD * noise, UNEXPLAINED_SHARE * tallest)
    from scipy.signal import find_peaks

    places, _ = find_peaks(residual / high, height=1.0, distance=points)
    seen = [k for k, finding in enumerate(phases) if finding.presence is Presence.SEEN]
    position = np.concatenate([[-np.inf], *(fit.positions(k) for k in seen)])
    heights = (fit.lines(k).max(axis=0) * fit.references[k].intensity * fit.scales[k] for k in seen)
    height = np.concatenate([[0.0], *heights])
    found = [
        Peak(float(x[place]), float(residual[place] / tallest))
        for place in places
        if residual[place]
        > MISFIT * height[np.abs(position - x[place]) <= BESIDE_FWHM * width].max(initial=0.0)
    ]
    return tuple(sorted(found, key=lambda peak: -peak.share))
