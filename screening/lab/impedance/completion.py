"""When a process has settled: the time after which its resistance stays near its final value."""

from dataclasses import dataclass, replace
from math import sqrt

import numpy as np

from screening.errors import InputError
from screening.lab.impedance.basis import FloatArray

MIN_SPECTRA = 8
"""Fewer spectra cannot show both a course and the plateau it ends in."""

SIGNIFICANT = 3.0
"""Standard deviations by which the first and the final value must differ to speak of a change."""

Z_95 = 1.959963984540054
"""Half width of a 95 % interval in standard deviations."""

GRID = 1200
"""Times at which the course is evaluated; the completion time is read to a thousandth of the series."""

FLAT_PRIOR = 30.0
"""Width of the prior of the course's height, in standard deviations of the data: as good as flat."""

VARYING = 0.4
"""Share of a common error that is taken to vary within a series: overlapping arcs trade resistance slowly
to and fro. With less, the interval of a process that appears beside another is too narrow."""

LENGTHS = tuple(np.geomspace(0.05, 3.0, 14))
"""Correlation lengths tried, as shares of the range of √t."""

AMPLITUDES = tuple(np.geomspace(0.3, 10.0, 8))
"""Amplitudes tried, in standard deviations of the data."""

SCATTERS = (1.0, 1.25, 1.6, 2.0, 3.0, 5.0)
"""Factors on the standard deviations given: scatter between spectra can exceed that within one."""


@dataclass(frozen=True)
class Criterion:
    """A process has settled when the change that is left is at most a share of the whole change.

    The final value is the mean over the last part of the series, the whole change the difference
    between the value at the first spectrum and the final value.

    Attributes
    ----------
    share_left : float
        Share of the change that may be left.
    plateau_share : float
        Part of the duration, at its end, that defines the final value.
    """

    share_left: float = 0.05
    plateau_share: float = 0.2

    def __post_init__(self) -> None:
        if not 0.0 < self.share_left < 0.5:
            raise InputError(
                f"share of {self.share_left:g} left", where="criterion", remedy="choose 0 to 0.5"
            )
        if not 0.05 <= self.plateau_share <= 0.5:
            raise InputError(
                f"plateau share of {self.plateau_share:g}", where="criterion", remedy="choose 0.05 to 0.5"
            )

    @property
    def name(self) -> str:
        """The criterion in words, for tables and captions."""
        return (
            f"at most {self.share_left:.0%} of the change left, "
            f"final value over the last {self.plateau_share:.0%} of the series"
        )


@dataclass(frozen=True, kw_only=True)
class Completion:
    """Completion time of a process.

    Attributes
    ----------
    criterion : Criterion
        What settled means.
    first_ohm, first_sd_ohm : float
        Resistance at the first spectrum.
    final_ohm, final_sd_ohm : float
        Final value.
    settled : bool
        Whether the process changed and its whole interval lies before the plateau.
    time_s, low_s, high_s : float or None
        Completion time with its 95 % interval, from the start of the series; None unless settled,
        but for `low_s`, which stays as a lower bound where the process is still on its way.
    reason : str
        Why it is not settled; empty where it is.
    """

    criterion: Criterion
    first_ohm: float = 0.0
    first_sd_ohm: float = 0.0
    final_ohm: float = 0.0
    final_sd_ohm: float = 0.0
    settled: bool = False
    time_s: float | None = None
    low_s: float | None = None
    high_s: float | None = None
    reason: str = ""

    @property
    def changed(self) -> bool:
        """Whether first and final value differ by three standard deviations."""
        noise = sqrt(self.first_sd_ohm**2 + self.final_sd_ohm**2)
        return abs(self.first_ohm - self.final_ohm) > SIGNIFICANT * noise

    def unsettled(self, reason: str) -> "Completion":
        """Return the same change, not called settled for a reason."""
        if not self.changed:
            return self
        return replace(self, settled=False, time_s=None, low_s=None, high_s=None, reason=reason)


def completion(
    time_s: FloatArray,
    resistance_ohm: FloatArray,
    sd_ohm: FloatArray,
    criterion: Criterion | None = None,
    *,
    common_sd_ohm: FloatArray | None = None,
) -> Completion:
    """Completion time of one process, without assuming its kinetics.

    The course is a Gaussian process in √t (Matérn 3/2, which allows the kink where a reactant is used
    up; its length, amplitude and extra scatter by marginal likelihood). The distance D(t) of the course
    from the level that counts as settled is then Gaussian with known variance, first and final value
    included, and the interval holds the times at which D = 0 is not rejected at 5 % (Fieller's
    construction), around the last crossing.

    Parameters
    ----------
    time_s : ndarray, shape (s,)
        Times, rising.
    resistance_ohm, sd_ohm : ndarray, shape (s,)
        Resistance of the process at each time, and the standard deviation by which it scatters from
        spectrum to spectrum.
    criterion : Criterion, optional
        What settled means.
    common_sd_ohm : ndarray, shape (s,), optional
        Standard deviation that neighbouring spectra share: no smoothing reduces it. It is that of a
        slowly varying factor, so that it moves the distance from the final value in proportion; two
        fifths of it are taken to vary within the series.

    Raises
    ------
    InputError
        If there are fewer than eight spectra, or times are missing or not increasing.

    References
    ----------
    Rasmussen & Williams, Gaussian Processes for Machine Learning, MIT Press 2006, ch. 2 and 4;
    Fieller, J. R. Stat. Soc. B 16 (1954) 175, doi:10.1111/j.2517-6161.1954.tb00159.x
    """
    rule = criterion or Criterion()
    _check_times(time_s)
    if not np.any(resistance_ohm):
        return Completion(criterion=rule, reason="no resistance")
    clock = time_s - time_s[0]
    course = _Course.through(clock, resistance_ohm, sd_ohm, rule)
    (first, first_sd), (final, final_sd) = course.value(course.first), course.value(course.final)
    draft = Completion(
        criterion=rule, first_ohm=first, first_sd_ohm=first_sd, final_ohm=final, final_sd_ohm=final_sd
    )
    if not draft.changed:
        return replace(draft, reason="no significant change")
    settled_from = clock[-1] * (1.0 - rule.plateau_share)
    common = np.zeros(len(clock)) if common_sd_ohm is None else common_sd_ohm
    away = np.clip(np.abs(course.at_grid - final) / np.maximum(np.abs(course.at_grid), 1e-12), VARYING, 1.0)
    shared = np.interp(course.grid, clock, common) * away
    found = course.crossing(np.sign(first - final), rule.share_left, shared)
    start = float(time_s[0])
    return _judged(draft, found, settled_from, start)


def _judged(draft: Completion, found: "_Crossing", settled_from: float, start: float) -> Completion:
    if found.high_s >= settled_from:
        reason = "still changing where the final value is taken"
        return replace(draft, low_s=found.low_s + start, reason=reason)
    return replace(
        draft,
        settled=True,
        time_s=found.time_s + start,
        low_s=found.low_s + start,
        high_s=found.high_s + start,
    )


def _check_times(time_s: FloatArray) -> None:
    if len(time_s) < MIN_SPECTRA:
        raise InputError(
            f"{len(time_s)} spectra", where="completion time", remedy=f"give at least {MIN_SPECTRA}"
        )
    if not (np.isfinite(time_s).all() and (np.diff(time_s) > 0).all()):
        raise InputError(
            "times are missing or not increasing",
            where="completion time",
            remedy="give a time to each spectrum",
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class _Course:
    """Gaussian posterior of a resistance at the spectra's times and on a fine grid.

    Attributes
    ----------
    grid : ndarray, shape (g,)
        Fine grid of times since the first spectrum.
    at_spectra, covariance : ndarray, shapes (s,) and (s, s)
        Mean and covariance at the spectra.
    at_grid, variance, cross : ndarray, shapes (g,), (g,) and (g, s)
        Mean and variance on the grid, and its covariance with the values at the spectra.
    first, final : ndarray, shape (s,)
        Weights of the values at the spectra that give the first and the final value.
    """

    grid: FloatArray
    at_spectra: FloatArray
    covariance: FloatArray
    at_grid: FloatArray
    variance: FloatArray
    cross: FloatArray
    first: FloatArray
    final: FloatArray

    @classmethod
    def through(cls, clock: FloatArray, value: FloatArray, sd: FloatArray, rule: Criterion) -> "_Course":
        grid = np.linspace(0.0, clock[-1], GRID)
        root, fine = np.sqrt(clock / clock[-1]), np.sqrt(grid / clock[-1])
        spread = max(float(np.std(value)), float(np.median(sd)), 1e-9 * float(np.abs(value).max()))
        noise = np.maximum(sd, 1e-3 * spread) ** 2
        chosen = _best(root, value, noise, spread)
        power = chosen.amplitude**2
        # a constant of unknown height: a wide prior beside the Matérn covariance
        height = (FLAT_PRIOR * spread) ** 2
        prior = power * _matern(root[:, None] - root[None, :], chosen.length) + height
        to_grid = power * _matern(fine[:, None] - root[None, :], chosen.length) + height
        total = prior + np.diag(chosen.scatter**2 * noise)
        weights = np.linalg.solve(total, np.column_stack([value - value.mean(), prior]))
        late = clock >= clock[-1] * (1.0 - rule.plateau_share)
        first = np.zeros(clock.size)
        first[0] = 1.0
        return cls(
            grid=grid,
            at_spectra=value.mean() + prior @ weights[:, 0],
            covariance=prior - prior @ weights[:, 1:],
            at_grid=value.mean() + to_grid @ weights[:, 0],
            variance=power + height - (to_grid * np.linalg.solve(total, to_grid.T).T).sum(axis=1),
            cross=to_grid - to_grid @ weights[:, 1:],
            first=first,
            final=late / late.sum(),
        )

    def value(self, functional: FloatArray) -> tuple[float, float]:
        """Mean and standard deviation of a linear functional of the values at the spectra."""
        variance = float(functional @ self.covariance @ functional)
        return float(functional @ self.at_spectra), sqrt(max(variance, 0.0))

    def crossing(self, sign: float, share_left: float, shared: FloatArray) -> "_Crossing":
        """Last crossing of the level that counts as settled, and the interval around it."""
        level = share_left * self.first + (1.0 - share_left) * self.final
        distance = sign * (self.at_grid - level @ self.at_spectra)
        variance = self.variance - 2.0 * self.cross @ level + level @ self.covariance @ level + shared**2
        above = np.flatnonzero(distance > 0)
        last = int(above[-1]) if above.size else 0
        compatible = np.abs(distance) <= Z_95 * np.sqrt(np.maximum(variance, 0.0))
        compatible[last] = True
        before = np.flatnonzero(~compatible[: last + 1])
        after = np.flatnonzero(~compatible[last:])
        low = self.grid[before[-1]] if before.size else self.grid[0]
        high = self.grid[last + after[0]] if after.size else self.grid[-1]
        return _Crossing(float(self.grid[last]), float(low), float(high))


@dataclass(frozen=True)
class _Crossing:
    time_s: float
    low_s: float
    high_s: float


def _matern(distance: FloatArray, length: float) -> FloatArray:
    scaled = sqrt(3.0) * np.abs(distance) / length
    return (1.0 + scaled) * np.exp(-scaled)


@dataclass(frozen=True)
class _Settings:
    """Correlation length (share of the range of √t), amplitude in Ω, factor on the deviations."""

    length: float
    amplitude: float
    scatter: float


def _best(root: FloatArray, value: FloatArray, noise: FloatArray, spread: float) -> _Settings:
    """Length, amplitude and scatter of the largest restricted likelihood (constant projected out)."""
    white = 1.0 / np.sqrt(noise)
    # an orthonormal basis of what is orthogonal to a whitened constant
    others = np.linalg.svd(white[None, :])[2][1:]
    target = others @ (white * value)
    variances = (np.array(AMPLITUDES) * spread)[:, None, None] ** 2
    scatters = np.array(SCATTERS)[None, :, None] ** 2
    best, chosen = np.inf, _Settings(LENGTHS[-1], spread, 1.0)
    for length in LENGTHS:
        shape = white[:, None] * _matern(root[:, None] - root[None, :], length) * white[None, :]
        values, axes = np.linalg.eigh(others @ shape @ others.T)
        total = variances * np.maximum(values, 0.0) + scatters
        scores = (np.log(total) + (axes.T @ target) ** 2 / total).sum(axis=2)
        i, j = np.unravel_index(scores.argmin(), scores.shape)
        if scores[i, j] < best:
            best, chosen = float(scores[i, j]), _Settings(length, AMPLITUDES[i] * spread, SCATTERS[j])
    return chosen
