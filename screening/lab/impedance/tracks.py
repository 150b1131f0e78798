"""A series of spectra on common courses: the rounds that learn them, and which elements the series has."""

from dataclasses import dataclass, replace
from itertools import combinations
from math import log

import numpy as np

from screening.lab.impedance import zarc
from screening.lab.impedance.basis import FloatArray
from screening.lab.impedance.courses import Courses
from screening.lab.impedance.posterior import Model, State, fitted, support_of
from screening.lab.impedance.prior import FREE, Prior
from screening.lab.impedance.scan import shaped
from screening.lab.impedance.zarc import PER_ELEMENT, Problem, Shape

ROUNDS = 7
"""Alternations of fitting the spectra and learning the courses, which are held tighter each time …"""

FEWEST_ROUNDS, LAST_ROUNDS = 3, 20
"""… and so often at least and at most, once they are held as tight as they will be, until …"""

CONVERGED = 1.0
"""… χ² of the series falls by less."""

SUPPORT = 25.0
"""χ² that a track must explain in the series beyond ln N in each spectrum where it explains that much:
BIC decides where it is present, and the rest must pay for its ln τ and φ (as 3 ln N + 10, N = 158)."""

SMALL = 0.1
"""Share of the polarisation that an uncertain element never exceeds if it may be dropped."""

PRICE = 2.5
"""χ² in each spectrum that a small element of which nothing is certain must explain (Akaike's 2)."""

HANDED_OVER = 0.75
"""Share of two elements that each of them holds somewhere if one moving process may have been split in two;
nowhere do both hold more than the rest of it a decade apart, and …"""

WANDERS = 1.5
"""… their way in ln τ is no longer than so many times its reach."""


@dataclass(frozen=True, eq=False)
class Tracks:
    """A series on common courses; the noise of a weighted residual, and the scale of the resistances."""

    problem: Problem
    prior: Prior
    courses: Courses
    theta: FloatArray
    noise: float
    scale: float
    chi_squared: float = np.inf

    def take(self, rows: np.ndarray) -> "Tracks":
        """Some of the spectra of the series."""
        return replace(
            self,
            problem=self.problem.take(rows),
            prior=self.prior.take(rows),
            courses=self.courses.take(rows),
            theta=self.theta[rows],
        )

    def step(self, tightness: float) -> "Tracks":
        """Fit the spectra on their courses, and learn the courses from the fit."""
        courses = replace(self.courses, tightness=tightness)
        tolerance = zarc.COARSE if tightness < 1.0 else zarc.FINE
        anchor = courses.anchor(self.noise, self.scale)
        fit = fitted(self.problem, self.prior, self.theta, anchor, tolerance)
        chi_squared = float(fit.cost.sum()) / self.noise
        courses = courses.learnt(fit, self.noise)
        return replace(self, courses=courses, theta=fit.theta, chi_squared=chi_squared)

    def annealed(self) -> "Tracks":
        """Hold the courses tighter each time."""
        tracks = self
        for tightness in np.linspace(0.0, 1.0, ROUNDS).tolist():
            tracks = tracks.step(tightness)
        return tracks.converged()

    def converged(self) -> "Tracks":
        """Hold them tight until χ² falls no more."""
        tracks, before = self, np.inf
        for turn in range(LAST_ROUNDS):
            tracks = tracks.step(1.0)
            if turn >= FEWEST_ROUNDS and before - tracks.chi_squared < CONVERGED:
                break
            before = tracks.chi_squared
        return tracks

    def along(self, everything: "Tracks", rows: np.ndarray) -> Model:
        """Posterior of the whole series, of which these are some rows."""
        if rows.size == len(everything.theta):
            return self.model()
        courses = self.courses.between(rows, len(everything.theta))
        return replace(everything, courses=courses).step(1.0).step(1.0).model()

    def model(self) -> Model:
        """Posterior of the series."""
        anchor = self.courses.anchor(self.noise, self.scale)
        fit = fitted(self.problem, self.prior, self.theta, anchor)
        shared = self.courses.shared_covariance(fit, self.noise)
        state = State.of(self.problem, fit, anchor)
        return state.model(np.arange(len(self.theta)), shaped(self.problem, self.prior), shared)

    def weakest(self) -> int | None:
        """The element that the data speak for least, if they do not speak for it at all."""
        model = self.model()
        resistance = np.abs(model.theta[:, self.problem.n_terms :: PER_ELEMENT])
        support = support_of(model.certainty, self.problem.n_data)
        # one of two that overlap is not certain either, but not small
        share = resistance / np.maximum(resistance.sum(axis=1, keepdims=True), np.finfo(float).tiny)
        support[share.max(axis=0) > SMALL] = np.inf
        return int(support.argmin()) if support.size and support.min() < SUPPORT else None

    def without(self, element: int) -> "Tracks":
        """The series without one element."""
        kept = np.arange(len(self.prior.sd)) != element
        columns = np.pad(np.repeat(kept, PER_ELEMENT), (self.problem.n_terms, 0), constant_values=True)
        return replace(
            self, prior=self.prior.kept(kept), courses=self.courses.kept(kept), theta=self.theta[:, columns]
        )

    def handed_over(self) -> list[tuple[int, int]]:
        """Pairs of elements of which one goes as the other comes, and which may be one that moves.

        A process that moves by more than its prior lets it is taken up by the elements that lie on its way.
        """
        value = self.theta[:, self.problem.n_terms :].reshape(len(self.theta), -1, PER_ELEMENT)
        if self.prior.signed:  # of two signs there are no shares
            return []
        arcs = np.flatnonzero([shape is Shape.ZARC for shape in self.prior.shapes])
        return [pair for pair in combinations(arcs.tolist(), 2) if _hands_over(value[:, pair])]

    def merged(self, first: int, second: int) -> "Tracks":
        """The series with two elements as one, the first, which goes from where one was to the other."""
        count, q = len(self.theta), self.problem.n_terms
        value = self.theta[:, q:].reshape(count, -1, PER_ELEMENT).copy()
        whole, path = _way(value[:, [first, second]])
        value[:, first] = np.column_stack([whole, path])
        expected, sd = self.prior.centre.copy(), self.prior.sd.copy()
        expected[:, first, 0], sd[first, 0] = value[:, first, 1], FREE
        return replace(
            self,
            prior=replace(self.prior, centre=expected, sd=sd),
            courses=self.courses.led(first, value[:, first, 1:]),
            theta=np.hstack([self.theta[:, :q], value.reshape(count, -1)]),
        ).without(second)


def as_one(tracks: "Tracks", everything: "Tracks") -> tuple["Tracks", "Tracks"]:
    """Some spectra and the whole series, with one element for each process that was split on its way."""
    pairs = tracks.handed_over()
    while pairs:
        pair = pairs.pop()
        one = tracks.merged(*pair).annealed()
        one = min(one, one.step(1.0), key=lambda each: each.chi_squared)  # rounds may alternate
        if one.chi_squared - tracks.chi_squared <= PRICE * len(one.theta):
            tracks, everything = one, everything.merged(*pair)
            pairs = tracks.handed_over()
    return tracks, everything


def _way(both: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Resistance of two elements, (s, 2, 3), as one, shape (s,), and its ln τ and φ, shape (s, 2).

    Where neither is there, ln τ and φ are those of the nearest spectra where one is.
    """
    part = np.maximum(both[:, :, :1], np.finfo(float).tiny)
    path = (part * both[:, :, 1:]).sum(axis=1) / part.sum(axis=1)
    whole, every = both[:, :, 0].sum(axis=1), np.arange(len(both))
    there = np.flatnonzero(whole >= SMALL * whole.max())
    return whole, np.stack([np.interp(every, there, course[there]) for course in path.T], axis=1)


def _hands_over(both: FloatArray) -> bool:
    """Whether one of two elements, shape (s, 2, 3), goes as the other comes, on a way without leaps."""
    whole, path = _way(both)
    there = np.flatnonzero(whole > SMALL * whole.max())
    if there.size == 0 or np.ptp(there) >= there.size:
        return False
    share = both[there, 0, 0] / whole[there]
    far = np.abs(both[there, 0, 1] - both[there, 1, 1]) > log(10.0)
    mixed = (share < HANDED_OVER) & (share > 1.0 - HANDED_OVER)
    leaps = np.abs(np.diff(path[there, 0])) > log(10.0)
    turned = share.max() >= HANDED_OVER and share.min() <= 1.0 - HANDED_OVER
    span, length = np.ptp(path[:, 0]), np.abs(np.diff(path[:, 0])).sum()
    ahead = span > FREE and length < WANDERS * span  # two that noise exchanges go to and fro
    return bool(turned and ahead and not (far & mixed).any() and not leaps.any())
