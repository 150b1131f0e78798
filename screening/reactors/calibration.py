"""Fit the error model of a mobile ion to measured enthalpies: how far reduction energies are off.

A binary compound M_m X_x is reduced by the metal A (ions of charge z) to its metal and the salt of A,

    M_m X_x + (v·x/z) A -> m M + x A_(v/z)X,

and the measured enthalpy (298 K) minus the calculated energy (0 K) of that reaction is modelled as
(v·x/z)·b_X − m·c_M + N·δ with N the atoms of the compound. The b_X of the anions scatter about a common mean
and the c_M of the metals about the mean of their class, so that what has few data borrows from its like
(crossed random effects, empirical Bayes; means and standard deviations given out are those of the posterior).

A model is given out where it holds: the salts of at least `FEWEST_SALTS` anions are measured, and intervals
at 95 %, each metal M predicted from all others, hold a share within `COVERAGE_95` of the measured values.

References
----------
Shrinkage: A. Gelman et al., Bayesian Data Analysis, 3rd ed., section 5.4 (2013), doi 10.1201/b16018.
"""

from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
from scipy.optimize import minimize
from scipy.stats import median_abs_deviation, norm
from scipy.stats import t as student_t

from screening.errors import InputError
from screening.phases.composition import atomic_number, symbol
from screening.phases.snapshot import Snapshot
from screening.reactors.bound import ANION_VALENCE, HEAVIEST, WEAK_ANIONS
from screening.reactors.measured import (
    Measured,
    Reductions,
    cation_class,
    measured_enthalpies,
    measured_reductions,
    measured_salts,
    valences,
)
from screening.reactors.uncertainty import AnionBias, CationBias, ErrorModel
from screening.thermo.uptake import cation_charge

MOBILE_IONS = ("Li", "Na", "K", "Mg")
"""Ions that the package ships a model for, those of rechargeable batteries."""

FEWEST_SALTS = 6
"""Anions whose salt of the ion must be measured; the other half of twelve borrows from them."""

COVERAGE_95 = (0.92, 0.98)
"""Share of measured reductions inside 95 % that a model must reach: ±3 %, three standard errors of 450."""

FEWEST_ALLOYS = 3
"""Measured alloys of the ion's metal below which they count as intermetallics."""

NO_ALLOY = ("B", "C")
"""Borides and carbides are no alloys: their measured values say nothing on compounds of metals."""

LOG_SD_BOUNDS = (np.log(1e-3), np.log(3.0))
"""Of σ and of the spreads of effects, eV."""

STRONG = frozenset(atomic_number(symbol) for symbol in ANION_VALENCE if symbol not in WEAK_ANIONS)
"""Elements that are never taken for cations."""

BALANCE_TOL = 1e-6
"""A reaction from two binaries balances if the anion's charge agrees to this."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a fit without a cation says about the compounds of that cation.

    Attributes
    ----------
    mean_ev, sd_ev : (n,) float arrays
        Predicted error of the reaction energy, per formula.
    """

    mean_ev: np.ndarray
    sd_ev: np.ndarray

    def scores(self, reductions: Reductions) -> np.ndarray:
        """Errors of these reductions minus the mean, over the standard deviation, (n,)."""
        return (reductions.error_ev - self.mean_ev) / self.sd_ev


@dataclass(frozen=True, eq=False, kw_only=True)
class Effects:
    """Posterior of what all compounds of an element are off by, by atomic number.

    Attributes
    ----------
    mean_ev, sd_ev : (HEAVIEST + 1,) float arrays
        Per ion bound to an anion, or per atom of a cation set free.
    n_measured : (HEAVIEST + 1,) int64 array
    """

    mean_ev: np.ndarray
    sd_ev: np.ndarray
    n_measured: np.ndarray


@dataclass(frozen=True, kw_only=True)
class ReductionFit:
    """Posterior of the effects of anions and of cations, and σ per atom."""

    anions: Effects
    cations: Effects
    sd_ev_per_atom: float

    def predict(self, reductions: Reductions) -> Prediction:
        """Mean and standard deviation of the errors of these reductions."""
        bound, free = (reductions.anion, reductions.ions), (reductions.cation, reductions.set_free)
        parts = [(fit, *of) for fit, of in ((self.anions, bound), (self.cations, free))]
        variance = sum((fit.sd_ev[z] * n) ** 2 for fit, z, n in parts)
        return Prediction(
            np.sum([fit.mean_ev[z] * n for fit, z, n in parts], axis=0),
            np.sqrt(variance + (self.sd_ev_per_atom * reductions.atoms) ** 2),
        )


COMMON_SD_EV = 1.0
"""Of the mean of all anions beforehand: far wider than what it is found to be."""


def fit_reductions(reductions: Reductions) -> ReductionFit:
    """Effects of all anions and cations with their uncertainties, and σ per atom, by empirical Bayes.

    The effect of an anion is a mean of all anions and its own; that of a cation the mean of its class
    (`measured.cation_class`) and its own. Their spreads and σ maximise the marginal likelihood.
    """
    of_anion, of_cation, kind = _unknowns()
    per_atom = 1.0 / reductions.atoms[:, None]
    design = per_atom * reductions.ions[:, None] * of_anion[reductions.anion]
    design += per_atom * reductions.set_free[:, None] * of_cation[reductions.cation]
    error = reductions.error_ev / reductions.atoms
    squares, products, total = design.T @ design, design.T @ error, float(error @ error)

    def beforehand(log_sd: np.ndarray) -> np.ndarray:
        """Precision of each unknown before anything is measured."""
        return np.append(COMMON_SD_EV**-2, np.exp(-2.0 * log_sd[1:]))[kind]

    def cost(log_sd: np.ndarray) -> float:
        prior, weight = beforehand(log_sd), np.exp(-2.0 * log_sd[0])
        precision = weight * squares + np.diag(prior)
        misfit = weight * total - weight**2 * products @ np.linalg.solve(precision, products)
        volume = np.linalg.slogdet(precision)[1] - np.log(prior).sum()
        return float(len(error) * log_sd[0] + 0.5 * (misfit + volume))

    start = np.full(4, np.log(0.5 * error.std()))
    found = minimize(cost, start, method="L-BFGS-B", bounds=[LOG_SD_BOUNDS] * 4).x
    weight = np.exp(-2.0 * found[0])
    covariance = np.linalg.inv(weight * squares + np.diag(beforehand(found)))
    mean = weight * covariance @ products

    def effects(of: np.ndarray, measured: np.ndarray) -> Effects:
        sd = np.sqrt(np.einsum("ij,jk,ik->i", of, covariance, of))
        number = np.bincount(measured, minlength=HEAVIEST + 1)
        return Effects(mean_ev=of @ mean, sd_ev=sd, n_measured=number)

    return ReductionFit(
        anions=effects(of_anion, reductions.anion),
        cations=effects(of_cation, reductions.cation),
        sd_ev_per_atom=float(np.exp(found[0])),
    )


@cache
def _unknowns() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which unknowns the effects of anions and of cations are sums of, by atomic number; what kind each is.

    The kinds are 0 the mean of all anions, 1 an anion's own, 2 the mean of a class, 3 a cation's own.
    """
    anions, cations = [*valences()], [z for z in range(2, HEAVIEST + 1) if z not in STRONG]
    classes = [*dict.fromkeys(map(cation_class, cations))]
    numbers = (1, len(anions), len(classes), len(cations))
    _, own, of_class, of_one = np.cumsum((0, *numbers))[:-1]
    of_anion, of_cation = np.zeros((2, HEAVIEST + 1, sum(numbers)))
    of_anion[anions, 0] = of_anion[anions, own + np.arange(len(anions))] = 1.0
    of_cation[cations, of_class + np.array([classes.index(cation_class(z)) for z in cations])] = 1.0
    of_cation[cations, of_one + np.arange(len(cations))] = 1.0
    return of_anion, of_cation, np.repeat(np.arange(4), numbers)


def leave_one_cation_out(reductions: Reductions) -> Prediction:
    """Predict every reduction from a fit to the compounds of all other cations."""
    mean, sd = np.empty(len(reductions)), np.empty(len(reductions))
    for cation in np.unique(reductions.cation):
        held_out = reductions.cation == cation
        found = fit_reductions(reductions.take(~held_out)).predict(reductions.take(held_out))
        mean[held_out], sd[held_out] = found.mean_ev, found.sd_ev
    return Prediction(mean, sd)


def mixing_errors(measured: Measured) -> np.ndarray:
    """Errors of forming ternary salts from two binary ones, (n,) eV per atom of the ternary.

    Of several pairs that balance with unchanged anion valence the most stable one counts.
    """
    binaries: dict[tuple[int, int], list[int]] = {}
    for i, formula in enumerate(measured.formula):
        anions = [z for z in formula.atomic_numbers if z in valences()]
        if len(formula.atomic_numbers) == 2 and len(anions) == 1:
            cation = next(z for z in formula.atomic_numbers if z != anions[0])
            binaries.setdefault((cation, anions[0]), []).append(i)
    errors = []
    for i, formula in enumerate(measured.formula):
        if len(formula.atomic_numbers) == 3:
            gains = np.concatenate(
                [_from_binaries(measured, i, x, binaries) for x in formula.atomic_numbers if x in valences()]
                or [np.empty((0, 2))]
            )
            if len(gains):
                errors.append(gains[gains[:, 0].argmax(), 1] / formula.n_atoms)
    return np.array(errors)


def _from_binaries(
    measured: Measured, ternary: int, anion: int, binaries: dict[tuple[int, int], list[int]]
) -> np.ndarray:
    """Measured energy and its error (columns, eV per ternary formula) of each balanced formation."""
    whole = measured.formula[ternary]
    left, right = (z for z in whole.atomic_numbers if z != anion)
    gains = []
    for p, q in product(binaries.get((left, anion), []), binaries.get((right, anion), [])):
        m = whole.amount_of(left) / measured.formula[p].amount_of(left)
        n = whole.amount_of(right) / measured.formula[q].amount_of(right)
        anions = m * measured.formula[p].amount_of(anion) + n * measured.formula[q].amount_of(anion)
        if abs(anions - whole.amount_of(anion)) < BALANCE_TOL:
            gains.append(
                [e[ternary] - m * e[p] - n * e[q] for e in (measured.measured_ev, measured.error_ev)]
            )
    return np.array(gains).reshape(-1, 2)


def alloy_errors(measured: Measured, ion: str, *, of_ion: bool) -> np.ndarray:
    """Errors of compounds without anion former, B or C, (n,) eV per atom; with the ion's metal or without."""
    excluded = {atomic_number(symbol) for symbol in (*ANION_VALENCE, *NO_ALLOY)}
    metal = atomic_number(ion)
    rows = [
        i
        for i, f in enumerate(measured.formula)
        if excluded.isdisjoint(f.atomic_numbers) and (metal in f.atomic_numbers) == of_ion
    ]
    atoms = np.array([measured.formula[i].n_atoms for i in rows])
    return measured.error_ev[rows] / atoms


@dataclass(frozen=True)
class Coverage:
    """How many measured reductions the cross-validated intervals hold.

    Attributes
    ----------
    n_salts, n_reductions : int
    within_95, within_68 : float
        Shares of the reductions, each metal predicted from all others.
    """

    n_salts: int
    n_reductions: int
    within_95: float
    within_68: float


@dataclass(frozen=True)
class Calibration:
    """The error model of one ion, and how well its intervals hold."""

    model: ErrorModel
    coverage: Coverage


def calibrate(snapshot: Snapshot, ion: str = "Li") -> Calibration:
    """Error model of one mobile ion from measured enthalpies, for one snapshot.

    The models of `uncertainty.error_models` are those of the embedded snapshot, rounded. Mixing and
    intermetallics are measured by their median absolute deviation: their long tails are wrong structures and
    difficult calorimetry. Alloys of the ion are few: their σ is widened so that ±1.96 σ is the 95 % interval
    of Student's t; fewer than `FEWEST_ALLOYS` count as intermetallics.

    Raises
    ------
    InputError
        If no model holds: too few measured salts, or a share inside 95 % out of `COVERAGE_95`.
    """
    measured = measured_enthalpies(snapshot)
    n_salts = len(measured_salts(measured, ion))
    if n_salts < FEWEST_SALTS:
        raise InputError(f"no error model for {ion}: {n_salts} measured salts, {FEWEST_SALTS} needed")
    taken = measured_reductions(measured, ion)
    score = leave_one_cation_out(taken).scores(taken)
    inside = [float((np.abs(score) < norm.ppf(0.5 + share / 2.0)).mean()) for share in (0.95, 0.6827)]
    low, high = COVERAGE_95
    if not low <= inside[0] <= high:
        raise InputError(f"no error model for {ion}: {inside[0]:.0%} of the measured values inside 95 %")
    fit = fit_reductions(taken)
    intermetallic = float(median_abs_deviation(alloy_errors(measured, ion, of_ion=False), scale="normal"))
    model = ErrorModel(
        ion=ion,
        charge=cation_charge(ion),
        anions=_biases(fit.anions),
        cations=_cations(fit.cations),
        reduction_sd_ev_per_atom=fit.sd_ev_per_atom,
        mixing_sd_ev_per_atom=float(median_abs_deviation(mixing_errors(measured), scale="normal")),
        alloy_sd_ev_per_atom=_widened_sd(alloy_errors(measured, ion, of_ion=True)) or intermetallic,
        intermetallic_sd_ev_per_atom=intermetallic,
    )
    return Calibration(model, Coverage(n_salts, len(taken), *inside))


def _widened_sd(errors: np.ndarray) -> float | None:
    """σ whose ±1.96 σ is the 95 % interval of Student's t for these few errors; None for too few."""
    if len(errors) < FEWEST_ALLOYS:
        return None
    return float(np.sqrt((errors**2).mean()) * student_t.ppf(0.975, len(errors)) / norm.ppf(0.975))


def _biases(fit: Effects) -> tuple[AnionBias, ...]:
    of = {symbol: atomic_number(symbol) for symbol in ANION_VALENCE}
    return tuple(
        AnionBias(symbol, float(fit.mean_ev[z]), float(fit.sd_ev[z]), int(fit.n_measured[z]))
        for symbol, z in of.items()
    )


def _cations(fit: Effects) -> tuple[CationBias, ...]:
    """What bound atoms are off by is the opposite of what setting them free is off by."""
    return tuple(
        CationBias(symbol(z), -float(fit.mean_ev[z]), float(fit.sd_ev[z]), int(fit.n_measured[z]))
        for z in np.flatnonzero(fit.sd_ev).tolist()
    )
