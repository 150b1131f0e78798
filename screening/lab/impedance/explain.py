"""Two explanations of a series of spectra, each in its shortest form: the cell changed, or it leaks too."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from screening.lab.impedance.basis import FloatArray
from screening.lab.impedance.leak import CourseFit, best_shape, fit_courses, gains, leak_deviation
from screening.lab.impedance.leaky import LEAST, Causes, Common, Series, State
from screening.lab.impedance.refit import ZarcSeries
from screening.lab.impedance.seeds import TINY, Tracks, stacked

LEAKS = (*(-0.2, -0.1, -0.05, 0.0), *np.geomspace(0.004, 0.7, 14), *(1.0 - np.geomspace(0.25, 0.003, 8)))
"""Leaks tried at first, as shares of the least admittance of a spectrum; negative ones heal."""

MOST_SPREAD = 12.0
"""χ² a spectrum by which a course may depart from its mean and still be tried as constant."""

AS_GOOD = 1.3
"""χ² per parameter left out, below which a description has lost nothing but noise."""

LEAST_PART = 0.1
"""Share of the largest change of an R below which a common cause does not touch an arc."""

FADED = 0.02
"""Share of a resistance below which its logarithm says nothing of a common cause."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Explanations:
    """The shortest description of a series without a leak and with one.

    Attributes
    ----------
    series : Series
    scale_ohm : float
        What the series is scaled by.
    benign, leaking : CourseFit
    """

    series: Series
    scale_ohm: float
    benign: CourseFit
    leaking: CourseFit

    @property
    def evidence(self) -> float:
        """2 ln of the odds in favour of a leak, by description lengths (BIC)."""
        return self.benign.score - self.leaking.score

    def leak_s(self, found: bool) -> tuple[FloatArray, FloatArray]:
        """Conductance of the leak in each spectrum against the anchor's, and its deviation, S, shape (s,).

        The leak of the leaking description, or the one that the data leave room for beside the benign one.
        """
        fit = self.leaking if found else self.benign
        state, causes = fit.state.unshaped(), replace(fit.causes, leak=True, shaped=False)
        if not found and causes.common is not None and not moves_all(fit):
            state, causes = _apart(state, causes)
        free = fit_courses(self.series, state, causes)
        return free.state.leak / self.scale_ohm, leak_deviation(self.series, free) / self.scale_ohm


def explain(refit: ZarcSeries, rows: np.ndarray) -> Explanations:
    """Find the shortest description of some spectra of a tracked series, without and with a leak.

    The benign description is sought again from wherever the leaking one has won, so that a leak is not
    found only because its rival was not looked for well enough.
    """
    series, tracks, scale = stacked(refit, rows)
    pairs = [_explained(series, each) for each in dict.fromkeys((tracks, tracks.merged()))]
    benign, leaky = (min(fits, key=_score) for fits in zip(*pairs, strict=True))
    return Explanations(series=series, scale_ohm=scale, benign=benign, leaking=leaky)


def _explained(series: Series, tracks: Tracks) -> tuple[CourseFit, CourseFit]:
    """The shortest description by these elements without a leak, and with one."""
    count, size = tracks.resistance.shape
    every, arcs = np.ones(size, dtype=bool), np.arange(size) > 0
    nothing = Causes(~every, thermal=bool(series.temperature.any()))
    mean, first = tracks.state(np.arange(count)), tracks.state(np.array([series.anchor]))
    whole = fit_courses(series, _with(mean, tracks.resistance, 0.0, every), replace(nothing, single=every))
    benign = _simplest(series, whole)
    leaking = replace(nothing, single=arcs, leak=True)
    leak, resistance = _first_leak(series, first)
    fits = [
        fit_courses(series, _with(first, resistance, leak, arcs), leaking),
        fit_courses(series, _with(mean, tracks.resistance, 0.0, arcs), leaking),
        fit_courses(series, whole.state, replace(leaking, single=every)),
    ]
    best = min(fits, key=_score)
    leaky = _shaped(series, _simplest(series, best))
    if leaky.score < benign.score or benign.causes.single[0] or benign.causes.single.sum() > 2:
        starts = [_total_course(series, tracks, mean), _rank_one(series, whole)]
        tried = [fit_courses(series, at, replace(nothing, common=kind)) for kind in Common for at in starts]
        common = _selected(series, min(tried, key=_score))
        benign = min(benign, _shaped(series, _pruned(series, common)), key=_score)
        freed = fit_courses(series, best.state, replace(best.causes, single=every))
        start = _rank_one(series, freed)
        fits = [fit_courses(series, start, replace(nothing, common=kind, leak=True)) for kind in Common]
        fits.append(fit_courses(series, common.state, replace(common.causes, leak=True)))
        leaky = min(leaky, *_best_of(series, fits, 2), key=_score)
        if leaky.score < benign.score:
            rivals = [*_best_of(series, _rivals(series, leaky), 2), *_best_of(series, tried, 2)]
            benign = min(benign, *rivals, key=_score)
    return benign, leaky


def moves_all(fit: CourseFit) -> bool:
    """Whether a common cause moves all arcs the same way, as temperature and area do, not a reaction."""
    sign, touched = np.sign(fit.state.pattern[1:]), _touched(fit.state)[1:]
    return fit.causes.common is not None and bool(touched.all() and (sign == sign[0]).all())


def _touched(state: State) -> np.ndarray:
    """Whether the common cause changes R∞ and each arc, shape (k + 1,); what it ends counts as 1."""
    change = -np.expm1(-np.abs(state.pattern) * np.abs(state.common).max())
    return np.asarray(change > LEAST_PART * change.max())


def _apart(state: State, causes: Causes) -> tuple[State, Causes]:
    """Arcs that share a cause, each with a course of its own: the others then stay as they are."""
    touched = _touched(state)
    local, size = state.local.copy(), state.pattern.size
    grown = (1.0 + local[:, :size]) * np.exp(state.pattern * state.common[:, None]) - 1.0
    local[:, :size] = np.where(touched, grown, local[:, :size])
    shift = state.pattern[1:] / state.phi if state.tied else state.shift
    steep = shift / np.where(touched[1:], state.pattern[1:], 1.0)
    follow = np.where(touched[1:], steep, state.follow)
    return replace(state, local=local, follow=follow), replace(
        causes, single=causes.single | touched, common=None
    )


def _score(fit: CourseFit) -> float:
    return fit.score


def _best_of(series: Series, fits: Iterable[CourseFit], count: int) -> list[CourseFit]:
    """The most promising of some fits, each brought to its shortest form."""
    chosen = sorted(fits, key=_score)[:count]
    return [_shaped(series, _pruned(series, _selected(series, fit))) for fit in chosen]


def _shaped(series: Series, fit: CourseFit) -> CourseFit:
    """Put a step or a ramp in place of the course of the leak (or else of the common cause), if shorter."""
    if not (fit.causes.leak or fit.causes.common) or fit.causes.shaped:
        return fit
    at, local = (-1 if fit.causes.leak else -2), fit.state.local.copy()
    shape = best_shape(local[:, at], fit.local_variance[:, at])
    height = np.polyfit(shape, local[:, at], 1)[:1]
    local[:, at] = 0.0
    state = replace(fit.state, local=local, shape=shape, height=height, shapes_common=not fit.causes.leak)
    shaped = fit_courses(series, state, replace(fit.causes, shaped=True))
    return min(fit, _pruned(series, shaped), key=_score)


def _rivals(series: Series, leaky: CourseFit) -> Iterator[CourseFit]:
    """Benign fits that begin where a leaking one ended: the leak's course becomes that of a common cause."""
    state, causes = leaky.state.unshaped(), replace(leaky.causes, shaped=False)
    leak, local = state.leak, state.local.copy()
    local[:, -1] = 0.0
    yield fit_courses(series, replace(state, local=local), replace(causes, leak=False))
    if causes.common is not None:
        return
    resistance = np.exp(state.ln_r)
    faster = np.cumsum(resistance) - resistance
    pattern = -(2.0 * faster + resistance)  # d ln R/dg of arcs apart; d ln τ/dg is −R/φ
    largest = float(np.abs(pattern).max())
    local[:, -2] = np.log1p(np.maximum(leak * largest, -0.9))
    image = replace(
        state, local=local, pattern=pattern / largest, shift=-resistance[1:] / (largest * state.phi)
    )
    for kind in Common:
        yield fit_courses(series, image, replace(causes, leak=False, common=kind))


def _with(state: State, resistance: FloatArray, leak: FloatArray | float, single: np.ndarray) -> State:
    """State in which some resistances take these values, shape (s, k + 1), beside a leak."""
    local = state.local.copy()
    local[:, : single.size] = np.where(single, np.maximum(resistance, 0.0) / np.exp(state.ln_r) - 1.0, 0.0)
    local[:, -1] = leak
    return replace(state, local=local)


def _total_course(series: Series, tracks: Tracks, mean: State) -> State:
    """The course of the total resistance as that of a common cause."""
    total, local = np.log(tracks.resistance.sum(axis=1) + LEAST), mean.local.copy()
    local[:, -2] = total - total[series.anchor]
    return replace(mean, local=local, ln_r=np.log(np.maximum(tracks.resistance[series.anchor], 10.0 * LEAST)))


def _rank_one(series: Series, fit: CourseFit) -> State:
    """The courses ln R of a fit with all resistances free, as one cause and its pattern (alternating)."""
    state, size = fit.state, fit.state.ln_r.size
    share = np.maximum(1.0 + state.local[:, :size], FADED)
    variance = fit.local_variance[:, :size] / share**2
    weight = np.where(variance > 0, 1.0 / np.maximum(variance, 1e-6), 0.0).clip(max=1e4)
    middle = np.median(np.log(share), axis=0)
    course, pattern = np.log(share) - middle, np.ones(size)
    for _ in range(15):
        common = (weight * pattern * course).sum(axis=1) / ((weight * pattern**2).sum(axis=1) + TINY)
        pattern = (weight * common[:, None] * course).sum(axis=0)
        pattern /= (weight * common[:, None] ** 2).sum(axis=0) + TINY
        largest = float(np.abs(pattern).max()) + TINY
        pattern, common = pattern / largest, common * largest
    local, zero = np.zeros_like(state.local), common[series.anchor]
    local[:, -2], local[:, -1] = common - zero, state.local[:, -1]
    start = state.ln_r + middle + pattern * zero
    return replace(state, local=local, pattern=pattern, shift=state.follow * pattern[1:], ln_r=start)


def _simplest(series: Series, fit: CourseFit) -> CourseFit:
    """The shortest description by the causes of a fit: resistances held one by one, or freed from none."""
    state = fit.state
    for index in np.flatnonzero(fit.causes.single):
        state = _held(state, int(index), fit.local_variance[:, index])
    bare = fit_courses(series, state, replace(fit.causes, single=np.zeros_like(fit.causes.single)))
    freed = _selected(series, bare)
    courses = int(fit.causes.single.sum() - freed.causes.single.sum()) * len(state.local)
    data = series.problem.n_data.sum()
    if data * np.log(freed.chi_squared / fit.chi_squared) < AS_GOOD * courses:
        return freed
    return min(_pruned(series, fit), freed, key=_score)


def _weight(variance: FloatArray) -> FloatArray:
    return np.where(variance > 0, 1.0 / np.maximum(variance, TINY), 0.0) + TINY


def _held(state: State, index: int, variance: FloatArray) -> State:
    """State in which one resistance keeps the mean of its course."""
    local, ln_r = state.local.copy(), state.ln_r.copy()
    ln_r[index] += np.log1p(max(float(np.average(local[:, index], weights=_weight(variance))), -0.99))
    local[:, index] = 0.0
    return replace(state, local=local, ln_r=ln_r)


def _pruned(series: Series, fit: CourseFit) -> CourseFit:
    """Hold resistances, the steadiest first, as long as that shortens the description."""
    tried: set[int] = set()
    while left := [int(i) for i in np.flatnonzero(fit.causes.single) if i not in tried]:
        spread = {}
        for i in left:
            course, weight = fit.state.local[:, i], _weight(fit.local_variance[:, i])
            spread[i] = float((weight * (course - np.average(course, weights=weight)) ** 2).mean())
        index = min(spread, key=spread.__getitem__)
        if spread[index] > MOST_SPREAD:
            break
        start = _held(fit.state, index, fit.local_variance[:, index])
        held = fit_courses(series, start, fit.causes.with_single(index, there=False))
        if held.score < fit.score:
            fit = held
        else:
            tried.add(index)
    return fit


def _selected(series: Series, fit: CourseFit) -> CourseFit:
    """Free resistances, the most promising first, as long as that shortens the description."""
    while not fit.causes.single.all():
        found = gains(series, fit)
        index = max(found, key=lambda i: found[i][0])
        if found[index][0] <= 0:
            break
        local = fit.state.local.copy()
        local[:, index] = found[index][1]
        freed = fit_courses(series, replace(fit.state, local=local), fit.causes.with_single(index))
        if freed.score >= fit.score:
            break
        fit = freed
    return fit


def _first_leak(series: Series, state: State) -> tuple[FloatArray, FloatArray]:
    """Best of `LEAKS` in each spectrum, all arcs free at the state's R∞, τ and φ; and the resistances.

    With the leak taken out of a spectrum, its resistances follow by linear least squares.
    """
    problem, at = series.problem, series.inductance
    z = problem.z if at is None else problem.z - problem.columns[:, at] * state.terms[at - 1]
    most = (np.abs(z) * (problem.weight > 0)).max(axis=1)
    x = problem.ln_omega[:, None] + state.ln_tau[:, None] + 0.5j * np.pi
    shape = 1.0 / (1.0 + np.exp(state.phi[:, None] * x))
    least, leak = np.full(len(z), np.inf), np.zeros(len(z))
    resistance: FloatArray = np.tile(np.exp(state.ln_r), (len(z), 1))
    for share in LEAKS:
        tried = share / most
        cell = z / (1.0 - tried[:, None] * z)
        weight = problem.weight * np.abs(z / cell) ** 2
        columns = (shape * weight[:, None]).view(float)
        target = ((cell - resistance[:, :1]) * weight).view(float)
        solved = _nonnegative(columns, target)
        cost = ((target - (solved[:, None] @ columns)[:, 0]) ** 2).sum(axis=1)
        better = cost < least
        least[better], leak[better], resistance[better, 1:] = cost[better], tried[better], solved[better]
    return leak - leak[series.anchor], resistance


def _nonnegative(columns: FloatArray, target: FloatArray) -> FloatArray:
    """Least squares with negative solutions set to 0, three times; (s, k, 2n) and (s, 2n) to (s, k)."""
    gram = columns @ columns.transpose(0, 2, 1)
    gram += 1e-9 * np.einsum("skk->s", gram)[:, None, None] * np.eye(gram.shape[1])
    moment = (columns @ target[:, :, None])[:, :, 0]
    solved = np.zeros_like(moment)
    free = np.ones(moment.shape, dtype=bool)
    for _ in range(3):
        matrix = gram * (free[:, :, None] & free[:, None, :]) + np.eye(gram.shape[1]) * ~free[:, None, :]
        solved[:] = np.linalg.solve(matrix, (moment * free)[:, :, None])[:, :, 0]
        free &= solved >= 0
    return np.maximum(solved, 0.0)
