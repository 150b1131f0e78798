"""Fit the error model of a mobile ion to measured enthalpies: how far reduction energies are off.

A binary compound M_m X_x is reduced by the metal A (ions of charge z) to its metal and the salt of A,

    M_m X_x + (v·x/z) A -> m M + x A_(v/z)X,

and the measured enthalpy (298 K) minus the calculated energy (0 K) of that reaction is modelled as
(v·x/z)·b_X + N·δ with N the atoms of the compound. The means b_X of the anions scatter about a common mean,
so that an anion with few data borrows from the others (empirical Bayes: the common mean, its spread and σ
maximise the marginal likelihood; the means and standard deviations given out are those of the posterior).

A model is given out where it holds: the salts of at least `FEWEST_SALTS` anions are measured, and intervals
at 95 %, each metal M predicted from all others, hold a share within `COVERAGE_95` of the measured values.

References
----------
Shrinkage: A. Gelman et al., Bayesian Data Analysis, 3rd ed., section 5.4 (2013), doi 10.1201/b16018.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.optimize import minimize
from scipy.stats import median_abs_deviation, norm
from scipy.stats import t as student_t

from screening.errors import InputError
from screening.phases.composition import atomic_number
from screening.phases.snapshot import Snapshot
from screening.reactors.measured import (
    Measured,
    Reductions,
    measured_enthalpies,
    measured_reductions,
    measured_salts,
    valences,
)
from screening.reactors.uncertainty import ANION_VALENCE, AnionBias, ErrorModel
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
class ReductionFit:
    """Posterior of the biases and σ per atom.

    Attributes
    ----------
    anion : (k,) int64 array
        Atomic numbers, ascending.
    bias_ev_per_ion, bias_sd_ev_per_ion : (k,) float arrays
    n_measured : (k,) int64 array
    common_bias_ev_per_ion, common_bias_sd_ev_per_ion : float
        Mean and spread over anions: the prediction for an anion without data.
    sd_ev_per_atom : float
    """

    anion: np.ndarray
    bias_ev_per_ion: np.ndarray
    bias_sd_ev_per_ion: np.ndarray
    n_measured: np.ndarray
    common_bias_ev_per_ion: float
    common_bias_sd_ev_per_ion: float
    sd_ev_per_atom: float

    def predict(self, reductions: Reductions) -> Prediction:
        """Mean and standard deviation of the errors of these reductions."""
        at = np.searchsorted(self.anion, reductions.anion).clip(max=len(self.anion) - 1)
        known = self.anion[at] == reductions.anion
        mean = np.where(known, self.bias_ev_per_ion[at], self.common_bias_ev_per_ion)
        sd = np.where(known, self.bias_sd_ev_per_ion[at], self.common_bias_sd_ev_per_ion)
        own = self.sd_ev_per_atom * reductions.atoms
        return Prediction(mean * reductions.ions, np.hypot(sd * reductions.ions, own))


def fit_reductions(reductions: Reductions) -> ReductionFit:
    """Biases of all anions with their uncertainties, and σ per atom, by empirical Bayes."""
    anion, of = np.unique(reductions.anion, return_inverse=True)
    per_ion, error = reductions.ions / reductions.atoms, reductions.error_ev / reductions.atoms
    a = np.bincount(of, per_ion**2)
    own = np.bincount(of, per_ion * error) / a
    residual = float(((error - per_ion * own[of]) ** 2).sum())

    def common_mean(variance: np.ndarray) -> float:
        return float((own / variance).sum() / (1.0 / variance).sum())

    def cost(log_sd: np.ndarray) -> float:
        sd, spread = np.exp(log_sd)
        variance = sd**2 / a + spread**2
        misfit = (own - common_mean(variance)) ** 2 / variance
        shrink = np.log(variance) - np.log(sd**2 / a)
        return float(len(error) * np.log(sd) + residual / (2.0 * sd**2) + 0.5 * (shrink + misfit).sum())

    start = np.log([error.std(), own.std() + 0.01])
    sd, spread = np.exp(minimize(cost, start, method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-9}).x)
    variance = sd**2 / a + spread**2
    common = common_mean(variance)
    posterior = 1.0 / (a / sd**2 + 1.0 / spread**2)
    return ReductionFit(
        anion=anion,
        bias_ev_per_ion=posterior * (own * a / sd**2 + common / spread**2),
        bias_sd_ev_per_ion=np.sqrt(posterior),
        n_measured=np.bincount(of),
        common_bias_ev_per_ion=common,
        common_bias_sd_ev_per_ion=float(np.sqrt(spread**2 + 1.0 / (1.0 / variance).sum())),
        sd_ev_per_atom=float(sd),
    )


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
        anions=_biases(fit),
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


def _biases(fit: ReductionFit) -> tuple[AnionBias, ...]:
    biases = []
    for symbol in ANION_VALENCE:
        at = np.flatnonzero(fit.anion == atomic_number(symbol))
        if len(at):
            mean, sd, n = fit.bias_ev_per_ion[at[0]], fit.bias_sd_ev_per_ion[at[0]], fit.n_measured[at[0]]
        else:
            mean, sd, n = fit.common_bias_ev_per_ion, fit.common_bias_sd_ev_per_ion, 0
        biases.append(AnionBias(symbol, float(mean), float(sd), int(n)))
    return tuple(biases)
