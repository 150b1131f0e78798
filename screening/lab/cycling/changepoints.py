"""Change points in the slow course of a symmetric cell's resistance, told from formation and from the day.

ln R of the cycles is taken as a sum, fitted by least squares with the signs that physics gives:

* a level for each current, and a convex course: formation slows down, and so does every improvement that
  runs out, whatever its law (an exponential, a logarithm, a power), while ageing may speed up;
* the day: a harmonic of 24 h and its overtone, each with a Gaussian prior as wide as the weather may be;
* what the room does besides, as a random process: weather that forgets itself within half a day, and days
  that are not alike, a wave of 24 h whose amplitude wanders;
* changes, one at a time where they explain most of what is left: a step down, a step up, or a kink from which
  ln R falls more steeply than before. A cell without a short has none but those of its surroundings.

References
----------
Forward selection: Chen, Billings, Luo, Int. J. Control 50 (1989) 1873, doi 10.1080/00207178908953472.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

import numpy as np

from screening.lab.cycling.short_signals import SAME_CURRENT

DAY_H = 24.0

DAILY_SD = 0.3
"""Prior of the daily wave of ln R: 5 K at an activation energy of 0.44 eV move it by 0.28."""

OVERTONE_SD = 0.1
"""Prior of its overtone: a day is no sine."""

WEATHER_SD = 0.02
"""Of ln R by a room that wanders a third of a kelvin."""

WEATHER_H = 12.0
"""Within which it does."""

UNLIKE_DAYS = 0.15
"""By which share of the daily wave one day differs from the next."""

KNOTS = 16
"""Places at which the convex course may bend."""

MAX_POINTS = 400
"""Longer records are averaged over neighbouring cycles of one current first."""

MAX_CHANGES = 6

SHORTEST_WEATHER_H = 36.0
"""A record shorter than a day and a half tells no daily wave from a step."""

LEAST_NOISE = 2e-3
"""Standard deviation of ln R, so that a noiseless record has a likelihood."""


class Kind(StrEnum):
    """Shape of a change."""

    DOWN = "step down"
    UP = "step up"
    KINK = "kink"


@dataclass(frozen=True, kw_only=True)
class Change:
    """A change of the course.

    Attributes
    ----------
    kind : Kind
    time_h : float
        The first cycle that shows it, or for a kink the last that does not.
    fall : float
        Largest fall of ln R from there on below what lies before, extrapolated along its slope if that
        falls; >= 0, and 0 for a step up.
    evidence : float
        Logarithm of the likelihood ratio against a course that changes no more from there on.
    """

    kind: Kind
    time_h: float
    fall: float
    evidence: float


@dataclass(frozen=True)
class SlowCourse:
    """The fitted course.

    Attributes
    ----------
    changes : tuple of Change
        In the order of time.
    daily : numpy.ndarray, shape (4,)
        Coefficients of cosine and sine of the day and of its overtone.
    """

    changes: tuple[Change, ...]
    daily: np.ndarray

    def weather(self, time_h: np.ndarray) -> np.ndarray:
        """The daily wave of ln R at any times."""
        return np.asarray(_daily(time_h) @ self.daily)


def _daily(time_h: np.ndarray) -> np.ndarray:
    angle = 2.0 * np.pi * time_h / DAY_H
    return np.column_stack([np.cos(angle), np.sin(angle), np.cos(2.0 * angle), np.sin(2.0 * angle)])


@dataclass(frozen=True)
class _Points:
    """Neighbouring cycles of one current, averaged; each (n_points,)."""

    time_h: np.ndarray
    value: np.ndarray
    level: np.ndarray  # number of the current, from 0
    formed: np.ndarray  # whether a change may begin here
    noise: float
    daily_sd: float = 0.0  # of the wave's wandering amplitude

    @cached_property
    def whitening(self) -> np.ndarray:
        """Matrix that makes the errors independent, of variance one; shape (n_points, n_points)."""
        from scipy.linalg import cholesky, solve_triangular

        apart_h = np.abs(self.time_h[:, None] - self.time_h)
        covariance = WEATHER_SD**2 * np.exp(-apart_h / WEATHER_H)
        covariance += self.daily_sd**2 * np.cos(2.0 * np.pi * apart_h / DAY_H) * np.exp(-apart_h / DAY_H)
        covariance[np.diag_indices_from(covariance)] += self.noise**2
        return np.asarray(
            solve_triangular(cholesky(covariance, lower=True), np.eye(len(apart_h)), lower=True)
        )

    @property
    def span_h(self) -> float:
        return float(self.time_h[-1] - self.time_h[0])


def slow_course(
    time_h: np.ndarray, log_resistance: np.ndarray, log_current: np.ndarray, *, formation: int, least: float
) -> SlowCourse:
    """Fit the course of the resistance and find its changes.

    Parameters
    ----------
    time_h, log_resistance, log_current : numpy.ndarray, shape (n_cycles,)
        Middle of the cycle, ln R and ln |J|; finite.
    formation : int
        Cycles from the first in which no change is looked for.
    least : float
        Evidence that a change needs.
    """
    if len(time_h) < formation + 4 or not time_h[-1] > time_h[0]:
        return SlowCourse((), np.zeros(4))
    points = _points(time_h, log_resistance, log_current, formation)
    for _ in range(2):  # once more with the amplitude that the day has
        fit = _Fit.of(points, ())
        while len(fit.places) < MAX_CHANGES:
            grown = fit.grown()
            if grown is None or fit.evidence(grown) < least:
                break
            fit = grown
        points = replace(points, daily_sd=UNLIKE_DAYS * float(np.linalg.norm(fit.daily)))
    fit = _Fit.of(fit.points, tuple(sorted(fit.places, key=lambda place: place[1])))
    found = (fit.change(index) for index in range(len(fit.places)))
    changes = tuple(item for item in found if item.evidence >= least)
    return SlowCourse(changes, fit.daily if points.span_h >= SHORTEST_WEATHER_H else np.zeros(4))


def _points(time_h: np.ndarray, value: np.ndarray, log_current: np.ndarray, formation: int) -> _Points:
    order = np.argsort(log_current)
    apart = np.concatenate([[0], np.diff(log_current[order]) > SAME_CURRENT])
    level = np.empty(len(time_h), dtype=int)
    level[order] = np.cumsum(apart)
    value = value.copy()
    # the median of three forgives one outlier
    inner = np.flatnonzero((level[1:-1] == level[:-2]) & (level[1:-1] == level[2:])) + 1
    value[inner] = np.median([value[inner - 1], value[inner], value[inner + 1]], axis=0)
    group = np.arange(len(time_h)) // -(-len(time_h) // MAX_POINTS)
    begins = np.flatnonzero((np.diff(group) != 0) | (np.diff(level) != 0)) + 1
    starts = np.concatenate([[0], begins])
    counts = np.diff(np.append(starts, len(time_h)))
    means = [np.add.reduceat(values, starts) / counts for values in (time_h, value)]
    noise = max(LEAST_NOISE, float(np.median(np.abs(np.diff(means[1])))))
    return _Points(means[0], means[1], level[starts], starts >= formation, noise)


@dataclass(frozen=True, kw_only=True)
class _Fit:
    """Least squares with given changes, each a kind and the index of its point."""

    points: _Points
    places: tuple[tuple[Kind, int], ...]
    coefficients: np.ndarray  # of the free columns, then of those >= 0
    residual: np.ndarray

    @classmethod
    def of(cls, points: _Points, places: tuple[tuple[Kind, int], ...]) -> "_Fit":
        from scipy.optimize import nnls

        white = points.whitening
        free, signed = white @ _free(points, points.time_h), white @ _signed(points, places, points.time_h)
        prior = np.zeros((4, free.shape[1]))
        prior[:, -4:] = np.diag(1.0 / np.array([DAILY_SD, DAILY_SD, OVERTONE_SD, OVERTONE_SD]))
        free = np.vstack([free, prior])
        signed = np.vstack([signed, np.zeros((4, signed.shape[1]))])
        value = np.append(white @ points.value, np.zeros(4))
        basis, triangle = np.linalg.qr(free)
        positive = nnls(signed - basis @ (basis.T @ signed), value - basis @ (basis.T @ value))[0]
        rest = value - signed @ positive
        unsigned = np.linalg.lstsq(triangle, basis.T @ rest, rcond=1e-10)[0]
        return cls(
            points=points,
            places=places,
            coefficients=np.concatenate([unsigned, positive]),
            residual=rest - free @ unsigned,
        )

    @property
    def daily(self) -> np.ndarray:
        """Coefficients of the daily wave."""
        count = int(self.points.level.max()) + 1
        return self.coefficients[count + 1 : count + 5]

    @property
    def squares(self) -> float:
        return float(self.residual @ self.residual)

    def evidence(self, richer: "_Fit") -> float:
        """Logarithm of the likelihood ratio of a fit with more changes, the noise being at least as left."""
        variance = max(1.0, richer.squares / len(self.points.time_h))
        return 0.5 * (self.squares - richer.squares) / variance

    def grown(self) -> "_Fit | None":
        """The fit with the change that explains most; None where none explains anything."""
        points = self.points
        white = points.whitening
        free = white @ _free(points, points.time_h)
        active = white @ _signed(points, self.places, points.time_h)
        active = active[:, self.coefficients[free.shape[1] :] > 0.0]
        basis = np.linalg.qr(np.hstack([free, active]))[0]
        at = np.flatnonzero(points.formed[:-1] & (np.arange(len(points.time_h) - 1) > 0))
        trials: list[tuple[float, Kind, int]] = []
        for kind in Kind:
            columns = white @ _changed(points, kind, at, points.time_h)
            apart = columns - basis @ (basis.T @ columns)
            size = (apart**2).sum(axis=0)
            gain = np.maximum(self.residual[:-4] @ apart, 0.0) ** 2 / np.maximum(size, 1e-9)
            gain[size < 1e-6 * (columns**2).sum(axis=0)] = 0.0
            trials += [(float(gain[i]), kind, int(at[i])) for i in np.argsort(gain)[-2:] if gain[i] > 0.0]
        fits = [self.of(points, (*self.places, (kind, index))) for _, kind, index in trials]
        return min(fits, key=lambda fit: fit.squares, default=None)

    def change(self, index: int) -> Change:
        """One of the changes, measured."""
        kind, place = self.places[index]
        points, begin = self.points, float(self.points.time_h[place])
        without = self.of(points, self.places[:index])
        own = _changed(points, kind, np.array([place]), points.time_h)[:, 0]
        count = len(self.coefficients) - len(self.places)
        course = self._course(points.time_h)
        before = course[place] - self.coefficients[count + index] * own[place]
        step = 1e-6 * points.span_h
        steps = [kind is not Kind.KINK for kind, _ in self.places]
        slope = self._course(np.array([begin - step, begin]), np.flatnonzero(steps))
        extrapolated = before + min(0.0, float(np.diff(slope)[0]) / step) * (points.time_h - begin)
        return Change(
            kind=kind,
            time_h=begin,
            fall=0.0 if kind is Kind.UP else max(0.0, float((extrapolated - course)[place:].max())),
            evidence=without.evidence(self),
        )

    def _course(self, time_h: np.ndarray, without: np.ndarray | tuple[int, ...] = ()) -> np.ndarray:
        """Course of ln R without the day and the levels, at any times."""
        positive = self.coefficients[len(self.coefficients) - KNOTS - len(self.places) :].copy()
        positive[KNOTS + np.asarray(without, dtype=int)] = 0.0
        count = int(self.points.level.max()) + 1
        linear = self.coefficients[count] * (time_h - self.points.time_h[0]) / self.points.span_h
        return np.asarray(_signed(self.points, self.places, time_h) @ positive + linear)


def _free(points: _Points, time_h: np.ndarray) -> np.ndarray:
    """Columns of either sign: the levels, the slope, the day."""
    levels = np.arange(points.level.max() + 1) == points.level[:, None]
    linear = (time_h - points.time_h[0]) / points.span_h
    return np.column_stack([levels, linear, _daily(time_h)])


def _signed(points: _Points, places: tuple[tuple[Kind, int], ...], time_h: np.ndarray) -> np.ndarray:
    """Columns of positive sign: bends of the convex course, changes."""
    since = np.maximum((time_h - points.time_h[0]) / points.span_h, 0.0)
    even = np.arange(1, KNOTS // 2 + 1) / (KNOTS // 2 + 1)
    knots = np.concatenate([even, np.geomspace(0.01, 0.08, KNOTS - len(even))])
    changes = [_changed(points, kind, np.array([at]), time_h) for kind, at in places]
    bends = np.maximum(since[:, None] - knots, 0.0)
    return np.hstack([bends, *changes])


def _changed(points: _Points, kind: Kind, at: np.ndarray, time_h: np.ndarray) -> np.ndarray:
    """Columns of changes at some points, shape (n_times, n_changes)."""
    if kind is Kind.KINK:
        return -np.maximum((time_h[:, None] - points.time_h[at]) / points.span_h, 0.0)
    # half-way to the cycle before
    edges = 0.5 * (points.time_h[at] + points.time_h[at - 1])
    return np.where(time_h[:, None] >= edges, -1.0 if kind is Kind.DOWN else 1.0, 0.0)
