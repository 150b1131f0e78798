"""Fit of a leaky cell to all spectra of a series together, and the length of its description."""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from screening.lab.impedance import zarc
from screening.lab.impedance.basis import FloatArray
from screening.lab.impedance.leaky import SHARED, Causes, Common, Series, State, evaluate, parameters

MOST_STEPS = 40
"""Steps of one fit."""

BASE = 2.0
"""What each point of a free course costs beside its jumps."""

SMALL = 1e-4
"""Relative decrease of χ² at which a fit ends: 0.2 of 2000 data, far below what decides."""


@dataclass(frozen=True, eq=False)
class CourseFit:
    """Fit of a series under some causes.

    Attributes
    ----------
    causes : Causes
    state : State
    chi_squared : float
    local_variance : ndarray, shape (s, k + 3)
        Variance of the local parameters, given the shared ones; 0 where held.
    score : float
        N ln(χ²/N) and the length of the description: BIC with courses coded as shortly as can be.
    """

    causes: Causes
    state: State
    chi_squared: float
    local_variance: FloatArray
    score: float


def fit_courses(series: Series, start: State, causes: Causes) -> CourseFit:
    """Least squares of all spectra under some causes; Marquardt steps, local parameters eliminated."""
    free = _Free.of(series, start, causes)
    start = replace(start, tied=causes.common is Common.WARMING)
    if causes.common is Common.AREA:
        only_first = np.arange(start.pattern.size) == 0
        start = replace(start, pattern=np.where(only_first, start.pattern, 1.0), shift=0.0 * start.shift)
    state = start.moved(start.shared, np.where(free.local, start.local, 0.0))
    here = _Normal.at(series, state)
    damping = 1e-3
    for _ in range(MOST_STEPS):
        step = here.step(free.inside(here), damping)
        with np.errstate(all="ignore"):  # a step too far gives no number, and is rejected
            there = _Normal.at(series, state.moved(state.shared + step[0], state.local + step[1]))
        if there.chi_squared <= here.chi_squared:
            gained = here.chi_squared - there.chi_squared
            state, here, damping = there.state, there, damping * 0.2
            if gained < SMALL * here.chi_squared:
                break
        else:
            damping *= 6.0
            if damping > zarc.STUCK:
                break
    inside = free.inside(here)
    variance = here.local_variance(inside)
    data = series.problem.n_data.sum()
    length = description(series, state.local, here.own_variance(inside), free)
    score = float(data * np.log(here.chi_squared / data) + length)
    return CourseFit(causes, state, here.chi_squared, variance, score)


def description(series: Series, local: FloatArray, variance: FloatArray, free: "_Free") -> float:
    """Length of the description of all free parameters, in units of χ² (twice its logarithm).

    A course is coded by its jumps: ln N for each, or its χ² if less, and `BASE` a spectrum. What the series
    shares, and the onset of a shape, costs the logarithm of all data.
    """
    width = np.sqrt(variance[1:] + variance[:-1])
    jumps = np.diff(local, axis=0) / np.where(width > 0, width, np.inf)
    courses = np.minimum(jumps**2, series.penalty).sum() + BASE * free.local.any(axis=0).sum() * len(local)
    data = float(np.log(series.problem.n_data.sum()))
    return float(courses + (free.shared.sum() - free.scaled + (1 if free.shaped else 0)) * data)


def best_shape(course: FloatArray, variance: FloatArray) -> FloatArray:
    """Step or ramp, from any spectrum on, that describes a course best, shape (s,): 0 at first."""
    shapes = _shapes(course.size)
    weight = 1.0 / np.maximum(variance, np.median(variance))
    away = shapes - (shapes @ weight / weight.sum())[:, None]
    gain = (away * weight) @ course
    return np.asarray(shapes[np.argmax(gain**2 / ((away**2) @ weight))])


@lru_cache(maxsize=32)
def _shapes(count: int) -> FloatArray:
    """Steps and ramps that begin at each spectrum but the first and last, shape (m, count)."""
    row = np.arange(count)
    onset = np.arange(1, count)[:, None]
    return np.concatenate([(row >= onset).astype(float), np.maximum(row - onset + 1.0, 0.0)])


def gains(series: Series, fit: CourseFit) -> dict[int, tuple[float, FloatArray]]:
    """What one more resistance would shorten, by one Gauss-Newton step, and its course; by position."""
    normal, found = _Normal.at(series, fit.state), {}
    base = normal.gain(_Free.of(series, fit.state, fit.causes).inside(normal))[0]
    for index in np.flatnonzero(~fit.causes.single):
        free = _Free.of(series, fit.state, fit.causes.with_single(int(index))).inside(normal)
        gain, course = normal.gain(free)
        variance = normal.own_variance(free)
        one = np.zeros_like(variance, dtype=bool)
        one[:, index] = True
        length = description(series, course, variance, _Free(np.zeros(0, dtype=bool), one))
        found[int(index)] = gain - base - length, np.maximum(course[:, index], -0.99)
    return found


def leak_deviation(series: Series, fit: CourseFit) -> FloatArray:
    """Standard deviation of the leak in each spectrum, all else unknown, shape (s,)."""
    normal = _Normal.at(series, fit.state)
    free = _Free.of(series, fit.state, fit.causes).inside(normal)
    noise = fit.chi_squared / series.problem.n_data.sum()
    return np.sqrt(np.maximum(normal.leak_variance(free) * noise, 0.0) * free.local[:, -1])


@dataclass(frozen=True, eq=False)
class _Free:
    """Which parameters are free: shared (m,), local (s, k + 3)."""

    shared: np.ndarray
    local: np.ndarray
    scaled: int = 0  # shared ones that only name the unit of u
    shaped: bool = False

    @classmethod
    def of(cls, series: Series, state: State, causes: Causes) -> "_Free":
        k = state.phi.size
        some = {
            "terms": True,
            "ln_r": ~causes.single,
            "ln_tau": True,
            "phi": True,
            "follow": causes.single[1:],
            "pattern": (causes.common is not None)
            & ((causes.common is not Common.AREA) | (np.arange(k + 1) == 0)),
            "shift": causes.common is Common.OTHER,
            "energy": causes.thermal,
            "height": causes.shaped,
        }
        shared = np.concatenate([np.broadcast_to(some[n], getattr(state, n).shape) for n in SHARED])
        common = causes.common is not None and (causes.leak or not causes.shaped)
        freed = [*causes.single, common, causes.leak and not causes.shaped]
        local = np.tile(np.array(freed), (len(state.local), 1))
        local[series.anchor, k + 1 :] = False
        named = causes.common in (Common.WARMING, Common.OTHER)
        return cls(shared, local, int(named), causes.shaped)

    def inside(self, normal: "_Normal") -> "_Free":
        """Hold what stands at its bound and would go on."""
        stuck = (normal.state.local <= -1.0) & (normal.down_local < 0.0)
        stuck[:, -2:] = False
        return replace(self, local=self.local & ~stuck)


@dataclass(frozen=True, eq=False)
class _Normal:
    """Normal equations at a state: shared and local blocks, and the downhill direction."""

    state: State
    chi_squared: float
    shared: FloatArray
    mixed: FloatArray
    local: FloatArray
    down_shared: FloatArray
    down_local: FloatArray

    @classmethod
    def at(cls, series: Series, state: State) -> "_Normal":
        theta, by_shared, by_local = parameters(series, state)
        residual, jacobian = evaluate(series, theta, state.leak)
        gram = jacobian @ jacobian.transpose(0, 2, 1)
        down = (jacobian @ residual[:, :, None])[:, :, 0]
        half = gram @ by_shared
        return cls(
            state=state,
            chi_squared=float((residual**2).sum()),
            shared=np.einsum("spa,spb->ab", by_shared, half, optimize=True),
            mixed=by_local.transpose(0, 2, 1) @ half,
            local=by_local.transpose(0, 2, 1) @ gram @ by_local,
            down_shared=np.einsum("sp,spa->a", down, by_shared),
            down_local=np.einsum("sp,spl->sl", down, by_local),
        )

    def _blocks(self, free: _Free, damping: float) -> tuple[FloatArray, FloatArray, FloatArray]:
        def fixed(matrix: FloatArray, mask: np.ndarray) -> FloatArray:
            held = matrix * (mask[..., :, None] & mask[..., None, :])
            index = np.arange(mask.shape[-1])
            size = np.einsum("...ii->...i", held)
            floor = 1e-10 * size.max(axis=-1, keepdims=True) + np.finfo(float).tiny
            held[..., index, index] += np.where(mask, damping * size + floor, 1.0)
            return held

        mixed = self.mixed * free.local[:, :, None] * free.shared
        return fixed(self.shared, free.shared), mixed, fixed(self.local, free.local)

    def step(self, free: _Free, damping: float) -> tuple[FloatArray, FloatArray]:
        """Damped step of the shared and the local parameters."""
        shared, mixed, local = self._blocks(free, damping)
        down_local, down_shared = self.down_local * free.local, self.down_shared * free.shared
        solved = np.linalg.solve(local, np.concatenate([mixed, down_local[:, :, None]], axis=2))
        reduced = shared - np.einsum("sla,slb->ab", mixed, solved[:, :, :-1], optimize=True)
        right = down_shared - np.einsum("sla,sl->a", mixed, solved[:, :, -1])
        move = np.linalg.solve(reduced, right)
        return move, solved[:, :, -1] - solved[:, :, :-1] @ move

    def gain(self, free: _Free) -> tuple[float, FloatArray]:
        """χ² that an undamped step would gain, and its local part."""
        shared, local = self.step(free, 1e-9)
        gain = (self.down_shared * free.shared) @ shared + (self.down_local * free.local * local).sum()
        return float(gain), local

    def leak_variance(self, free: _Free) -> FloatArray:
        """Variance of g with all else unknown, shape (s,)."""
        shared, mixed, local = self._blocks(free, 0.0)
        inverse = np.linalg.inv(local)
        row = np.einsum("sl,sla->sa", inverse[:, -1], mixed)
        reduced = shared - np.einsum("sla,slm,smb->ab", mixed, inverse, mixed, optimize=True)
        return inverse[:, -1, -1] + np.einsum(
            "sa,ab,sb->s", row, np.linalg.pinv(reduced, hermitian=True), row
        )

    def own_variance(self, free: _Free) -> FloatArray:
        """Variance of each local parameter with all others known, shape (s, k + 3)."""
        curvature = np.einsum("sll->sl", self.local)
        return np.where(free.local, 1.0 / np.maximum(curvature, np.finfo(float).tiny), 0.0)

    def local_variance(self, free: _Free) -> FloatArray:
        inverse = np.linalg.inv(self._blocks(free, 0.0)[2])
        return np.einsum("sll->sl", inverse) * free.local
