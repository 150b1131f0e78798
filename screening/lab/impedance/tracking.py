"""Fits of a series under what is known of its processes: each spectrum by itself, or on common courses."""

from dataclasses import replace

import numpy as np

from screening.lab.impedance import nnls, zarc
from screening.lab.impedance.basis import FloatArray
from screening.lab.impedance.courses import Courses, columns_of, inverse
from screening.lab.impedance.posterior import Model, State, fitted, support_of
from screening.lab.impedance.prior import Prior
from screening.lab.impedance.scan import RIDGE, SCAN_PHI, scan, shaped
from screening.lab.impedance.tracks import PRICE, SUPPORT, Tracks, as_one
from screening.lab.impedance.zarc import PER_ELEMENT, Fit, Problem

MAX_FREE = 4
"""Processes outside the windows, or second ones inside, that the data may ask for."""

BIC_MARGIN = 4.0
"""BIC by which a further element must win. The position of an absent element is free to follow the
noise, so that the plain criterion lets one in a few dozen spurious elements pass; 4 is "positive
evidence" on the scale of Kass & Raftery, doi:10.1080/01621459.1995.10476572."""

PRIOR_ROUNDS = 3
"""Fits under a prior whose weight and scale are the noise and the resistances of the fit before."""

TOLD_DRIFT, MOST_DRIFT = 0.02, 0.5
"""Shares of the last impedance from which a drift tells the clock of a sweep, and up to which it is one."""

DWELLS_S = (0.0, 0.1, 0.3, 1.0, 3.0, 10.0, np.inf)
"""Times that an instrument may take at each frequency for every period, s; infinite: equal times."""

SCOUTS = 32
"""Spectra, evenly spread over a longer series, from which its courses are learnt first."""


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
        support = support_of(asked.gain / alone.noise[:, None], problem.n_data)
        best = int(support.argmax())
        if support[best] < SUPPORT + len(problem.z):  # 1 in each: what the prior pulls away
            break
        wider = prior.with_free(np.full(len(problem.z), asked.ln_tau[best]))
        theta = _with(alone.fit.theta, asked.resistance[:, best], wider.centre[:, -1, 0])
        tried = _settled(problem, wider, theta, alone.noise)
        if support_of(_explained(tried.fit, problem.n_terms, tried.noise), problem.n_data)[-1] < SUPPORT:
            break
        prior, alone = wider, tried
    level, theta = float(np.median(alone.noise)), alone.fit.theta
    # resistances of neighbouring spectra are no independent draws: the series as a whole has one prior
    scale = float(np.median(_scale(theta, problem.n_terms))) * min(len(theta), SCOUTS) ** 0.5
    courses = Courses.around(theta, prior, problem.n_terms)
    everything = Tracks(problem, prior, courses, theta, noise=level, scale=scale)
    scouts = np.unique(np.linspace(0, len(theta) - 1, SCOUTS).round().astype(int))
    tracks, everything = as_one(everything.take(scouts).annealed(), everything)
    if len(everything.prior.sd) < len(prior.sd):
        prior = everything.prior
        alone = _settled(problem, prior, everything.theta, alone.noise)
    kept, found = np.arange(len(prior.sd)), []
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


def _settled(problem: Problem, prior: Prior, theta: FloatArray, noise: FloatArray) -> State:
    scale = np.full(len(theta), np.inf)
    for left in range(PRIOR_ROUNDS)[::-1]:
        anchor = prior.anchor(problem.n_terms, noise, scale, theta)
        fit = fitted(problem, prior, theta, anchor, zarc.COARSE if left else zarc.FINE)
        state = State.of(problem, fit, anchor)
        theta, noise, scale = state.fit.theta, state.noise, _scale(state.fit.theta, problem.n_terms)
    return state


def _explained(fit: Fit, n_terms: int, noise: FloatArray | float) -> FloatArray:
    """χ² that each element explains: R² over its variance at the present τ and φ, shape (s, k).

    With the shapes free as well, an element at the end of the range, certainly there but of uncertain
    size, would look dispensable.
    """
    linear = np.ones(fit.theta.shape[1], dtype=bool)
    linear[columns_of(linear.size, n_terms)] = False
    variance = np.einsum("spp->sp", inverse(fit.gram[:, linear][:, :, linear]))[:, n_terms:]
    return fit.theta[:, n_terms::PER_ELEMENT] ** 2 / (variance.T * noise).T
