"""Fits of a series under what is known of its processes: each spectrum by itself, or on common courses."""

from dataclasses import dataclass, replace

import numpy as np

from screening.lab.impedance import nnls, zarc
from screening.lab.impedance.basis import FloatArray
from screening.lab.impedance.courses import Courses, columns_of, inverse
from screening.lab.impedance.prior import UNDECIDED, Prior
from screening.lab.impedance.scan import RIDGE, SCAN_PHI, scan, shaped
from screening.lab.impedance.zarc import PER_ELEMENT, Fit, Problem

MAX_FREE = 4
"""Processes outside the windows, or second ones inside, that the data may ask for."""

BIC_MARGIN = 4.0
"""BIC by which a further element must win. The position of an absent element is free to follow the
noise, so that the plain criterion lets one in a few dozen spurious elements pass; 4 is "positive
evidence" on the scale of Kass & Raftery, doi:10.1080/01621459.1995.10476572."""

ROUNDS = 7
"""Alternations of fitting the spectra and learning the courses, which are held tighter each time …"""

FEWEST_ROUNDS, LAST_ROUNDS = 3, 20
"""… and so often at least and at most, once they are held as tight as they will be, until …"""

CONVERGED = 1.0
"""… χ² of the series falls by less."""

PRIOR_ROUNDS = 3
"""Fits under a prior whose weight and scale are the noise and the resistances of the fit before."""

TOLD_DRIFT, MOST_DRIFT = 0.02, 0.5
"""Shares of the last impedance from which a drift tells the clock of a sweep, and up to which it is one."""

DWELLS_S = (0.0, 0.1, 0.3, 1.0, 3.0, 10.0, np.inf)
"""Times that an instrument may take at each frequency for every period, s; infinite: equal times."""

SUPPORT = 25.0
"""χ² that a track must explain in the series beyond ln N in each spectrum where it explains that much:
BIC decides where it is present, and the rest must pay for its ln τ and φ (as 3 ln N + 10, N = 158)."""

SMALL = 0.1
"""Share of the polarisation that an uncertain element never exceeds if it may be dropped."""

PRICE = 2.5
"""χ² in each spectrum that a small element of which nothing is certain must explain (Akaike's 2)."""

SCOUTS = 32
"""Spectra, evenly spread over a longer series, from which its courses are learnt first."""


@dataclass(frozen=True, eq=False)
class Model:
    """Posterior of some spectra with as many elements.

    Attributes
    ----------
    rows : ndarray of int, shape (r,)
        Spectra.
    problem : Problem
        Their data and the shapes of their elements.
    theta, covariance : ndarray, shapes (r, p) and (r, p, p)
        Most probable parameters, and their covariance.
    scatter : ndarray, shape (r, p, p)
        The part of it that differs between repeated spectra of one cell.
    freedom : ndarray, shape (r,)
        Real data less what the parameters take up.
    """

    rows: np.ndarray
    problem: Problem
    theta: FloatArray
    covariance: FloatArray
    scatter: FloatArray
    freedom: FloatArray

    @property
    def certainty(self) -> FloatArray:
        """R² of each element over its variance, shape (r, k)."""
        first = self.problem.n_terms
        variance = np.einsum("spp->sp", self.covariance)[:, first::PER_ELEMENT]
        found = self.theta[:, first::PER_ELEMENT] ** 2 / np.maximum(variance, np.finfo(float).tiny)
        return np.asarray(found)


@dataclass(frozen=True, eq=False)
class _State:
    """A fit, the prior precision in it, the noise it leaves, and its degrees of freedom, by spectrum."""

    fit: Fit
    precision: FloatArray
    noise: FloatArray
    freedom: FloatArray
    bic: FloatArray

    @classmethod
    def of(cls, problem: Problem, fit: Fit, anchor: zarc.Anchor) -> "_State":
        misfit = fit.cost - (anchor.precision * (anchor.centre - fit.theta) ** 2).sum(axis=1)
        held = np.einsum("spp,sp->s", inverse(fit.gram), anchor.precision)
        size, n_data = fit.theta.shape[1], problem.n_data
        freedom = np.maximum(n_data - size + held, 1.0)
        misfit = np.maximum(misfit, np.finfo(float).eps ** 2)
        # unknown noise: Schwarz, Ann. Stat. 6 (1978) 461, doi:10.1214/aos/1176344136
        bic = n_data * np.log(misfit / n_data) + size * np.log(n_data)
        return cls(fit, anchor.precision, misfit / freedom, freedom, bic)

    def take(self, rows: np.ndarray) -> "_State":
        fit = Fit(self.fit.theta[rows], self.fit.cost[rows], self.fit.gram[rows])
        return _State(fit, self.precision[rows], self.noise[rows], self.freedom[rows], self.bic[rows])

    def model(self, rows: np.ndarray, problem: Problem, shared: FloatArray | float = 0.0) -> Model:
        """With prior precision P and curvature A the covariance is A⁻¹; spectra scatter by A⁻¹JᵀJA⁻¹."""
        covariance, noise = inverse(self.fit.gram), self.noise[:, None, None]
        prior = (covariance * self.precision[:, None, :]) @ covariance
        scatter = noise * (covariance - prior)
        whole = scatter + UNDECIDED**2 * (noise * prior + shared)
        return Model(rows, problem, self.fit.theta, whole, scatter, self.freedom)


def drifting(problem: Problem, prior: Prior, noise: FloatArray) -> np.ndarray:
    """Spectra whose cell changed while they were measured, by BIC; shape (s,).

    A factor that grows along the sweep changes |Z| but not the phase, which no process can do; left out it
    ends as a process beyond the lowest frequency, and Kramers–Kronig residuals stay small.
    """
    still, moving = (
        _settled(one, prior, _start(one, prior), noise) for one in (problem, problem.with_drift())
    )
    small = np.abs(moving.fit.theta[:, problem.n_terms]) < MOST_DRIFT
    return np.asarray((moving.bic < still.bic - BIC_MARGIN) & small)


def timed(problem: Problem, prior: Prior, noise: FloatArray, drifts: np.ndarray) -> Problem:
    """The problem with a column for the drift; where it is large by the clock that suits best."""
    rows = np.flatnonzero(drifts)
    part, known = problem.take(rows), prior.take(rows)
    best, least = 0.0, np.inf
    for dwell_s in DWELLS_S:
        moving = part.with_drift(dwell_s)
        state = _settled(moving, known, _start(moving, known), noise[rows])
        if dwell_s == 0.0 and np.median(np.abs(state.fit.theta[:, problem.n_terms])) < TOLD_DRIFT:
            break
        if state.bic.sum() < least:
            best, least = dwell_s, state.bic.sum()
    return problem.with_drift(best)


def separate(problem: Problem, prior: Prior, noise: FloatArray) -> list[Model]:
    """Fit each spectrum by itself; spectra with the same number of elements are grouped.

    Parameters
    ----------
    problem, prior
        s spectra, and the processes of the windows.
    noise : ndarray, shape (s,)
        First guess of the variance of a weighted residual.
    """
    rows, models = np.arange(len(problem.z)), []
    state = _settled(problem, prior, _start(problem, prior), noise)
    for _ in range(MAX_FREE):
        asked = scan(problem, prior, state.fit)
        every, best = np.arange(rows.size), asked.gain.argmax(axis=1)
        price = PER_ELEMENT * np.log(problem.n_data) + BIC_MARGIN
        # the scan knows neither the best τ nor the best φ: half the price is enough to be tried
        tried = np.flatnonzero(asked.gain[every, best] > 0.5 * price * state.noise)
        if not tried.size:
            break
        ln_tau = asked.ln_tau[best]
        wider = prior.take(tried).with_free(ln_tau[tried])
        theta = _with(state.fit.theta[tried], asked.resistance[every, best][tried], ln_tau[tried])
        trial = _settled(problem.take(tried), wider, theta, state.noise[tried])
        won = trial.bic < state.bic[tried] - BIC_MARGIN
        done = np.setdiff1d(every, tried[won])
        if done.size:
            models.append(state.take(done).model(rows[done], shaped(problem.take(done), prior)))
        rows, problem = rows[tried[won]], problem.take(tried[won])
        prior, state = wider.take(won), trial.take(won)
        if not rows.size:
            return models
    return [*models, state.model(rows, shaped(problem, prior))]


def follow(problem: Problem, prior: Prior, noise: FloatArray) -> Model:
    """Fit the whole series by one set of processes, whose ln τ and φ follow smooth courses.

    Parameters are those of `separate`, the spectra in the order of the series. A process that is absent
    somewhere has a resistance near 0 there, with its uncertainty.
    """
    alone = _settled(problem, prior, _start(problem, prior), noise)
    for _ in range(MAX_FREE):
        asked = scan(problem, prior, alone.fit)
        support = _support(asked.gain / alone.noise[:, None], problem.n_data)
        best = int(support.argmax())
        if support[best] < SUPPORT + len(problem.z):  # 1 in each: what the prior pulls away
            break
        wider = prior.with_free(np.full(len(problem.z), asked.ln_tau[best]))
        theta = _with(alone.fit.theta, asked.resistance[:, best], wider.centre[:, -1, 0])
        tried = _settled(problem, wider, theta, alone.noise)
        if _support(_explained(tried.fit, problem.n_terms, tried.noise), problem.n_data)[-1] < SUPPORT:
            break
        prior, alone = wider, tried
    level, theta = float(np.median(alone.noise)), alone.fit.theta
    # resistances of neighbouring spectra are no independent draws: the series as a whole has one prior
    scale = float(np.median(_scale(theta, problem.n_terms))) * min(len(theta), SCOUTS) ** 0.5
    courses = Courses.around(theta, prior, problem.n_terms)
    everything = _Tracks(problem, prior, courses, theta, level, scale)
    scouts = np.unique(np.linspace(0, len(theta) - 1, SCOUTS).round().astype(int))
    tracks, kept, found = everything.take(scouts).annealed(), np.arange(len(prior.sd)), []
    while (weakest := tracks.weakest()) is not None:
        fewer = tracks.without(weakest).converged()
        lost = fewer.chi_squared - tracks.chi_squared
        if lost > PRICE * len(scouts):
            break
        with_it = tracks.along(everything, scouts)
        if lost > 0 and with_it.certainty[:, weakest].mean() > 1.0:  # else nothing speaks for it
            found.append((with_it, kept))
        tracks, everything, kept = fewer, everything.without(weakest), np.delete(kept, weakest)
    last = tracks.along(everything, scouts)
    if not found:
        return last
    # where the series cannot tell what is there, what each spectrum says by itself counts too
    single = alone.model(np.arange(len(theta)), shaped(problem, prior))
    return _averaged([*found, (last, kept)], single)


def _averaged(found: list[tuple[Model, np.ndarray]], single: Model) -> Model:
    """The last of some models, of ever fewer elements, with what the others say otherwise in its errors.

    Without a small element its neighbours have what it had. Each model comes with the numbers of its
    elements; `single` has them all.
    """
    whole, every = found[0]
    q = whole.problem.n_terms

    def columns(kept: np.ndarray) -> np.ndarray:
        return np.append(np.arange(q), (q + PER_ELEMENT * kept[:, None] + np.arange(PER_ELEMENT)).ravel())

    own = columns(every)
    thetas, covariances = [single.theta[:, own]], [single.covariance[:, own][:, :, own]]
    for model, kept in found:
        own = columns(np.searchsorted(every, kept))
        theta, (covariance, scatter) = whole.theta.copy(), np.zeros((2, *whole.covariance.shape))
        theta[:, q::PER_ELEMENT] = 0.0
        theta[:, own] = model.theta
        block = np.ix_(np.arange(len(theta)), own, own)
        covariance[block], scatter[block] = model.covariance, model.scatter
        thetas.append(theta)
        covariances.append(covariance)
    away = np.array(thetas) - theta
    spread = np.einsum("msp,msq->spq", away, away) / (len(thetas) - 1)  # the last is one of them
    covariance = spread + np.mean(covariances, axis=0)
    return replace(model, problem=whole.problem, theta=theta, covariance=covariance, scatter=scatter)


@dataclass(frozen=True, eq=False)
class _Tracks:
    """A series on common courses; the noise of a weighted residual, and the scale of the resistances."""

    problem: Problem
    prior: Prior
    courses: Courses
    theta: FloatArray
    noise: float
    scale: float
    chi_squared: float = np.inf

    def take(self, rows: np.ndarray) -> "_Tracks":
        """Some of the spectra of the series."""
        return replace(
            self,
            problem=self.problem.take(rows),
            prior=self.prior.take(rows),
            courses=self.courses.take(rows),
            theta=self.theta[rows],
        )

    def step(self, tightness: float) -> "_Tracks":
        """Fit the spectra on their courses, and learn the courses from the fit."""
        courses = replace(self.courses, tightness=tightness)
        tolerance = zarc.COARSE if tightness < 1.0 else zarc.FINE
        anchor = courses.anchor(self.noise, self.scale)
        fit = _fit(self.problem, self.prior, self.theta, anchor, tolerance)
        chi_squared = float(fit.cost.sum()) / self.noise
        courses = courses.learnt(fit, self.noise)
        return replace(self, courses=courses, theta=fit.theta, chi_squared=chi_squared)

    def annealed(self) -> "_Tracks":
        """Hold the courses tighter each time."""
        tracks = self
        for tightness in np.linspace(0.0, 1.0, ROUNDS).tolist():
            tracks = tracks.step(tightness)
        return tracks.converged()

    def converged(self) -> "_Tracks":
        """Hold them tight until χ² falls no more."""
        tracks, before = self, np.inf
        for turn in range(LAST_ROUNDS):
            tracks = tracks.step(1.0)
            if turn >= FEWEST_ROUNDS and before - tracks.chi_squared < CONVERGED:
                break
            before = tracks.chi_squared
        return tracks

    def along(self, everything: "_Tracks", rows: np.ndarray) -> Model:
        """Posterior of the whole series, of which these are some rows."""
        if rows.size == len(everything.theta):
            return self.model()
        courses = self.courses.between(rows, len(everything.theta))
        return replace(everything, courses=courses).step(1.0).step(1.0).model()

    def model(self) -> Model:
        """Posterior of the series."""
        anchor = self.courses.anchor(self.noise, self.scale)
        fit = _fit(self.problem, self.prior, self.theta, anchor)
        shared = self.courses.shared_covariance(fit, self.noise)
        state = _State.of(self.problem, fit, anchor)
        return state.model(np.arange(len(self.theta)), shaped(self.problem, self.prior), shared)

    def weakest(self) -> int | None:
        """The element that the data speak for least, if they do not speak for it at all."""
        model = self.model()
        resistance = np.abs(model.theta[:, self.problem.n_terms :: PER_ELEMENT])
        support = _support(model.certainty, self.problem.n_data)
        # one of two that overlap is not certain either, but not small
        share = resistance / np.maximum(resistance.sum(axis=1, keepdims=True), np.finfo(float).tiny)
        support[share.max(axis=0) > SMALL] = np.inf
        return int(support.argmin()) if support.size and support.min() < SUPPORT else None

    def without(self, element: int) -> "_Tracks":
        """The series without one element."""
        kept = np.arange(len(self.prior.sd)) != element
        columns = np.pad(np.repeat(kept, PER_ELEMENT), (self.problem.n_terms, 0), constant_values=True)
        return replace(
            self, prior=self.prior.kept(kept), courses=self.courses.kept(kept), theta=self.theta[:, columns]
        )


def _fit(
    problem: Problem, prior: Prior, theta: FloatArray, anchor: zarc.Anchor, tolerance: float = zarc.FINE
) -> Fit:
    lower, upper = prior.bounds(problem.n_terms)
    if problem.drifts:
        lower[problem.n_terms - 1] = -np.inf
    return zarc.fit(shaped(problem, prior), theta, lower, upper, anchor=anchor, tolerance=tolerance)


def _start(problem: Problem, prior: Prior) -> FloatArray:
    """Every element where it is expected, with the resistances that suit best."""
    count, elements = prior.centre.shape[:2]
    values = np.insert(prior.centre, 0, 0.0, axis=2).reshape(count, PER_ELEMENT * elements)
    theta = np.pad(values, ((0, 0), (problem.n_terms, 0)))
    linear = np.setdiff1d(np.arange(theta.shape[1]), columns_of(theta.shape[1], problem.n_terms))
    residual, jacobian = zarc.evaluate(shaped(problem, prior), theta)
    columns = jacobian[:, linear]
    gram = columns @ columns.transpose(0, 2, 1)
    length = np.sqrt(np.einsum("spp->sp", gram))
    scaled = gram / (length[:, :, None] * length[:, None, :]) + RIDGE * np.eye(linear.size)
    theta[:, linear] = nnls.solve(scaled, (columns @ residual[..., None])[..., 0] / length) / length
    return theta


def _scale(theta: FloatArray, n_terms: int) -> FloatArray:
    """Root mean square of the resistances of each spectrum, shape (s,)."""
    resistance = theta[:, n_terms::PER_ELEMENT]
    return np.sqrt((resistance**2).sum(axis=1) / max(resistance.shape[1], 1) + np.finfo(float).eps)


def _with(theta: FloatArray, resistance: FloatArray, ln_tau: FloatArray) -> FloatArray:
    new = np.stack([resistance, ln_tau, np.full(ln_tau.size, SCAN_PHI)], axis=1)
    return np.concatenate([theta, new], axis=1)


def _settled(problem: Problem, prior: Prior, theta: FloatArray, noise: FloatArray) -> _State:
    scale = np.full(len(theta), np.inf)
    for left in range(PRIOR_ROUNDS)[::-1]:
        anchor = prior.anchor(problem.n_terms, noise, scale, theta)
        fit = _fit(problem, prior, theta, anchor, zarc.COARSE if left else zarc.FINE)
        state = _State.of(problem, fit, anchor)
        theta, noise, scale = state.fit.theta, state.noise, _scale(state.fit.theta, problem.n_terms)
    return state


def _support(chi_squared: FloatArray, n_data: FloatArray) -> FloatArray:
    """χ² explained beyond ln N in the spectra where it is more than that; (s, k) to (k,)."""
    return np.maximum(chi_squared - np.log(n_data)[:, None], 0.0).sum(axis=0)


def _explained(fit: Fit, n_terms: int, noise: FloatArray | float) -> FloatArray:
    """χ² that each element explains: R² over its variance at the present τ and φ, shape (s, k).

    With the shapes free as well, an element at the end of the range, certainly there but of uncertain
    size, would look dispensable.
    """
    linear = np.ones(fit.theta.shape[1], dtype=bool)
    linear[columns_of(linear.size, n_terms)] = False
    variance = np.einsum("spp->sp", inverse(fit.gram[:, linear][:, :, linear]))[:, n_terms:]
    return fit.theta[:, n_terms::PER_ELEMENT] ** 2 / (variance.T * noise).T
