"""Fit the error model to measured enthalpies: how far a snapshot's Li-reduction energies are off.

A binary compound M_m X_x is reduced by lithium to the metal and the lithium salt,

    M_m X_x + v·x Li -> m M + x Li_v X,

and the measured enthalpy (298 K) minus the calculated energy (0 K) of that reaction is modelled as
v·x·b_X + N·δ with N the atoms of the compound. The means b_X of the anions scatter about a common mean, so
that an anion with few data borrows from the others (empirical Bayes: the common mean, its spread and σ
maximise the marginal likelihood; the means and standard deviations given out are those of the posterior).

The measured values are those that the pymatgen distribution carries for its own fit of corrections; they are
read from the installed package.

References
----------
Measured set: A. Wang et al., Sci. Rep. 11, 15496 (2021), doi 10.1038/s41598-021-94550-5.
Shrinkage: A. Gelman et al., Bayesian Data Analysis, 3rd ed., section 5.4 (2013), doi 10.1201/b16018.
"""

import gzip
import json
from dataclasses import dataclass, fields
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from scipy.stats import median_abs_deviation, norm
from scipy.stats import t as student_t

from screening.errors import InputError
from screening.phases.composition import Formula, atomic_number, parse_formula
from screening.phases.snapshot import Snapshot
from screening.reactors.uncertainty import LITHIUM, AnionBias, ErrorModel

MEASURED_FILE = "exp_compounds.json.gz"

VALENCE = {
    "F": 1,
    "Cl": 1,
    "Br": 1,
    "I": 1,
    "O": 2,
    "S": 2,
    "Se": 2,
    "Te": 2,
    "N": 3,
    "P": 3,
    "As": 3,
    "H": 1,
}
"""Anions of lithium salts with the lithium atoms that one of them binds."""

NO_ALLOY = ("B", "C")
"""Borides and carbides are no alloys: their measured values say nothing on Li–M compounds."""

BALANCE_TOL = 1e-6
"""A reaction from two binaries balances if the anion's charge agrees to this."""


@dataclass(frozen=True, eq=False)
class Measured:
    """Measured formation enthalpies beside the calculated formation energies of one snapshot.

    Attributes
    ----------
    formula : tuple of Formula
    phase : (n,) int64 array
        Phase numbers of the snapshot.
    measured_ev, calculated_ev : (n,) float arrays
        Per formula as written.
    """

    formula: tuple[Formula, ...]
    phase: np.ndarray
    measured_ev: np.ndarray
    calculated_ev: np.ndarray

    @property
    def error_ev(self) -> np.ndarray:
        """Measured minus calculated, (n,) eV per formula as written."""
        return self.measured_ev - self.calculated_ev


@dataclass(frozen=True, eq=False)
class Reductions:
    """Li-reductions of binary compounds as columns.

    Attributes
    ----------
    formula : (n,) object array of str
    cation, anion : (n,) int64 arrays
        Atomic numbers.
    lithium : (n,) float array
        Li atoms per formula.
    metals, atoms : (n,) float arrays
        Cations, and all atoms, per formula of the compound.
    measured_ev, calculated_ev : (n,) float arrays
        Reaction energy per formula.
    """

    formula: np.ndarray
    cation: np.ndarray
    anion: np.ndarray
    lithium: np.ndarray
    metals: np.ndarray
    atoms: np.ndarray
    measured_ev: np.ndarray
    calculated_ev: np.ndarray

    def __len__(self) -> int:
        return len(self.formula)

    @property
    def error_ev(self) -> np.ndarray:
        """Measured minus calculated, (n,) eV per formula."""
        return self.measured_ev - self.calculated_ev

    def take(self, rows: np.ndarray) -> "Reductions":
        """These rows only; an int or bool array."""
        return Reductions(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})


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


@dataclass(frozen=True, eq=False)
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
        return Prediction(mean * reductions.lithium, np.hypot(sd * reductions.lithium, own))


@cache
def _valences() -> dict[int, int]:
    """`VALENCE` by atomic number."""
    return {atomic_number(symbol): v for symbol, v in VALENCE.items()}


def measured_enthalpies(snapshot: Snapshot) -> Measured:
    """Measured formation enthalpies of compounds that the snapshot holds, from the installed pymatgen.

    Raises
    ------
    InputError
        If the installed pymatgen does not carry them.
    """
    import pymatgen

    found = [path for root in pymatgen.__path__ for path in Path(root).rglob(MEASURED_FILE)]
    if not found:
        raise InputError(f"the installed pymatgen lacks {MEASURED_FILE}", remedy="install pymatgen>=2025.10")
    with gzip.open(found[0], "rt", encoding="utf-8") as stream:
        rows = json.load(stream)
    formulas, phases, measured, calculated = [], [], [], []
    for row in rows:
        formula = parse_formula(row["formula"])
        phase = snapshot.find(formula)
        if phase is not None and len(formula.atomic_numbers) > 1:
            formulas.append(formula)
            phases.append(phase)
            measured.append(float(row["exp energy"]))
            energy = snapshot.phases.formation_energy_ev_per_atom[phase]
            calculated.append(float(energy) * formula.n_atoms)
    return Measured(tuple(formulas), np.array(phases), np.array(measured), np.array(calculated))


def lithium_salts(measured: Measured) -> dict[int, int]:
    """Row of the lithium salt of each anion (by atomic number) whose enthalpy is measured."""
    salts = {}
    for i, formula in enumerate(measured.formula):
        for z, v in _valences().items():
            saturated = formula.amount_of(LITHIUM) == v * formula.amount_of(z)
            if set(formula.atomic_numbers) == {LITHIUM, z} and saturated:
                salts[z] = i
    return salts


def li_reductions(measured: Measured, *, by_lithium_only: bool = True) -> Reductions:
    """Reductions of the binary compounds whose lithium salt is measured, too.

    Parameters
    ----------
    measured : Measured
    by_lithium_only : bool
        Keep only what lithium does reduce: a measured enthalpy below 0. Those are the reactions that the
        model is for; potassium chloride and its like are no reactors, and their errors are smaller.
    """
    valence, salts = _valences(), lithium_salts(measured)
    rows = []
    for i, formula in enumerate(measured.formula):
        anions = [z for z in formula.atomic_numbers if z in valence]
        if len(formula.atomic_numbers) != 2 or LITHIUM in formula.atomic_numbers or len(anions) != 1:
            continue
        x = anions[0]
        if x in salts:
            cation = next(z for z in formula.atomic_numbers if z != x)
            units = formula.amount_of(x) / measured.formula[salts[x]].amount_of(x)
            energies = (units * e[salts[x]] - e[i] for e in (measured.measured_ev, measured.calculated_ev))
            atoms = (formula.amount_of(cation), formula.n_atoms)
            rows.append((formula.text, cation, x, formula.amount_of(x) * valence[x], *atoms, *energies))
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    reductions = Reductions(columns[0].astype(object), *columns[1:])
    return reductions.take(reductions.measured_ev < 0.0) if by_lithium_only else reductions


def fit_reductions(reductions: Reductions) -> ReductionFit:
    """Biases of all anions with their uncertainties, and σ per atom, by empirical Bayes."""
    anion, of = np.unique(reductions.anion, return_inverse=True)
    per_li, error = reductions.lithium / reductions.atoms, reductions.error_ev / reductions.atoms
    a = np.bincount(of, per_li**2)
    own = np.bincount(of, per_li * error) / a
    residual = float(((error - per_li * own[of]) ** 2).sum())

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
        anion,
        posterior * (own * a / sd**2 + common / spread**2),
        np.sqrt(posterior),
        np.bincount(of),
        common,
        float(np.sqrt(spread**2 + 1.0 / (1.0 / variance).sum())),
        float(sd),
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
        anions = [z for z in formula.atomic_numbers if z in _valences()]
        if len(formula.atomic_numbers) == 2 and len(anions) == 1:
            cation = next(z for z in formula.atomic_numbers if z != anions[0])
            binaries.setdefault((cation, anions[0]), []).append(i)
    errors = []
    for i, formula in enumerate(measured.formula):
        if len(formula.atomic_numbers) == 3:
            gains = np.concatenate(
                [_from_binaries(measured, i, x, binaries) for x in formula.atomic_numbers if x in _valences()]
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


def alloy_errors(measured: Measured, *, of_lithium: bool) -> np.ndarray:
    """Errors of compounds without an anion former, boron or carbon, (n,) eV per atom; with or without Li."""
    excluded = {atomic_number(symbol) for symbol in (*VALENCE, *NO_ALLOY)}
    rows = [
        i
        for i, f in enumerate(measured.formula)
        if excluded.isdisjoint(f.atomic_numbers) and (LITHIUM in f.atomic_numbers) == of_lithium
    ]
    atoms = np.array([measured.formula[i].n_atoms for i in rows])
    return measured.error_ev[rows] / atoms


def calibrate(snapshot: Snapshot) -> ErrorModel:
    """Error model of one snapshot from measured enthalpies.

    `DEFAULT_ERROR_MODEL` is that of the embedded snapshot, rounded. Mixing and intermetallics are measured by
    their median absolute deviation: their long tails are wrong structures and difficult calorimetry. Lithium
    alloys are few: their σ is widened so that ±1.96 σ is the 95 % interval of Student's t.
    """
    measured = measured_enthalpies(snapshot)
    fit = fit_reductions(li_reductions(measured))
    alloys = alloy_errors(measured, of_lithium=True)
    return ErrorModel(
        _biases(fit),
        fit.sd_ev_per_atom,
        float(median_abs_deviation(mixing_errors(measured), scale="normal")),
        float(np.sqrt((alloys**2).mean()) * student_t.ppf(0.975, len(alloys)) / norm.ppf(0.975)),
        float(median_abs_deviation(alloy_errors(measured, of_lithium=False), scale="normal")),
    )


def _biases(fit: ReductionFit) -> tuple[AnionBias, ...]:
    biases = []
    for symbol, valence in VALENCE.items():
        at = np.flatnonzero(fit.anion == atomic_number(symbol))
        if len(at):
            mean, sd, n = fit.bias_ev_per_ion[at[0]], fit.bias_sd_ev_per_ion[at[0]], fit.n_measured[at[0]]
        else:
            mean, sd, n = fit.common_bias_ev_per_ion, fit.common_bias_sd_ev_per_ion, 0
        biases.append(AnionBias(symbol, valence, float(mean), float(sd), int(n)))
    return tuple(biases)
