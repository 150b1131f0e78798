"""How far calculated reaction energies may lie from the truth, and what that does to a ranking.

The error model belongs to one mobile ion A of charge z. The error (true minus calculated, eV) of the
formation energy of one formula unit of a phase is taken as

    Σ_X N_A(X)·b_X + Σ_M N_M·c_M + N·δ,    b_X, c_M ~ N(bias, sd of the bias),    δ ~ N(0, σ) per phase,

with N its atoms, N_A(X) the ions that it binds to anion X and N_M the atoms of another element M that are
bound to anions (`cations_bound`), those that reduction sets free. Compounds of the same metals share one δ:
of their measured errors four fifths of the variance are common to a system. A reaction is a linear form in
the phases it forms and consumes, so that its error is the same form in these errors: a bias counts with the
change in what is bound (the metal A and its alloys bind nothing), and candidates that share an anion, a metal
or a phase share its error. Assemblages stay as the hull found them: a hull drawn anew from scattered energies
is lower on average than the true one.

A form is a row of a sparse array, (n_forms, n_phases): atoms of each phase formed (positive) or consumed
(negative) per unit of the quantity, e.g. per mobile ion for a driving force in eV per ion. Times the
formation energies per atom it gives the quantity itself; forms add, subtract and scale as the energies do.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from pydantic import TypeAdapter

from screening.errors import InputError
from screening.phases.chemsys import ChemsysIndex
from screening.phases.composition import atomic_number
from screening.phases.corrections import AT_0_K, is_anchored
from screening.phases.schemes import LEGACY
from screening.phases.snapshot import Phases, Snapshot
from screening.phases.temperature import SISSO_ERROR_EV_PER_ATOM
from screening.ragged import Ragged
from screening.reactors.phase_errors import PhaseErrors
from screening.thermo.intervals import ErrorBars, Forms

ANION_VALENCE = {
    **dict.fromkeys(("F", "Cl", "Br", "I"), 1),
    **dict.fromkeys(("O", "S", "Se", "Te"), 2),
    **dict.fromkeys(("N", "P", "As"), 3),
    "H": 1,
}
"""Anions of the salts of a mobile ion, with their charge."""

RELEASE_EV_PER_CHARGE = {**dict.fromkeys(("F", "Cl", "O", "S", "N", "H"), 0.0), "Br": -0.51, "I": -0.37} | {
    "Se": -0.29,
    "Te": -0.27,
}
"""Measured minus calculated formation energy of the salts of Li, Na, K and Mg, mean per charge: what their
oxidation to the free anion is off by. The scheme corrects the elements of the first row of anions only."""

RELEASE_SD_EV_PER_CHARGE = 0.06
"""Spread of the 30 salts about these means."""

MODELS_FILE = "error_models.json"
"""Error models by mobile ion, beside this module; written by ``benchmarks/calibration.py --write``."""

GENERAL_ION = "Li"
"""Its model draws the intervals where an ion has none: what anions and other metals are off by stands in it
measured against the salt of Li, which cancels where none forms, and the scatter is that of all compounds."""

WEAK_ANIONS = ("P", "As", "H")
"""Anion formers that count as anions only where no stronger one is present: P is a cation in Li6PS5Cl."""

HEAVIEST = 118
"""Atomic number of the last element."""

SMALLEST_REDUCIBLE_FRACTION = 1e-9
"""Below it a phase consists of salts of the ion only; rounding of atomic fractions is 1e-15."""


@dataclass(frozen=True)
class AnionBias:
    """Error that all reactions forming the salt of one anion share.

    Attributes
    ----------
    symbol : str
    bias_ev_per_ion : float
        True minus calculated energy per mobile ion bound; negative where the calculation is too weak.
    bias_sd_ev_per_ion : float
        Standard deviation of that bias.
    n_measured : int
        Measured reductions behind it; 0 means the mean and the spread over the other anions.
    """

    symbol: str
    bias_ev_per_ion: float
    bias_sd_ev_per_ion: float
    n_measured: int


@dataclass(frozen=True)
class CationBias:
    """Error that all reactions setting free one element share.

    Attributes
    ----------
    symbol : str
    bias_ev_per_atom, bias_sd_ev_per_atom : float
        True minus calculated formation energy of its compounds, per atom bound, and its standard deviation.
    n_measured : int
        Measured reductions behind it; 0 means the mean and the spread over its class.
    """

    symbol: str
    bias_ev_per_atom: float
    bias_sd_ev_per_atom: float
    n_measured: int


@dataclass(frozen=True, kw_only=True)
class ErrorModel:
    """Statistics of calculated energies for one mobile ion.

    Attributes
    ----------
    ion : str
    charge : int
    anions : tuple of AnionBias
    cations : tuple of CationBias
    reduction_sd_ev_per_atom : float
        σ of a phase per atom that is not yet bound as a salt of the ion.
    mixing_sd_ev_per_atom : float
        σ per atom that a phase of three or more elements carries besides, whatever it consists of.
    alloy_sd_ev_per_atom : float
        σ per atom of a compound of the ion's metal without any anion former.
    intermetallic_sd_ev_per_atom : float
        The same of a compound without that metal.
    """

    ion: str
    charge: int
    anions: tuple[AnionBias, ...]
    cations: tuple[CationBias, ...]
    reduction_sd_ev_per_atom: float
    mixing_sd_ev_per_atom: float
    alloy_sd_ev_per_atom: float
    intermetallic_sd_ev_per_atom: float

    def __post_init__(self) -> None:
        spreads = {f"bias_sd_ev_per_ion.{a.symbol}": a.bias_sd_ev_per_ion for a in self.anions} | {
            "reduction_sd_ev_per_atom": self.reduction_sd_ev_per_atom,
            "mixing_sd_ev_per_atom": self.mixing_sd_ev_per_atom,
            "alloy_sd_ev_per_atom": self.alloy_sd_ev_per_atom,
            "intermetallic_sd_ev_per_atom": self.intermetallic_sd_ev_per_atom,
        }
        for name, value in spreads.items():
            if not 0.0 <= value < np.inf:
                raise InputError(f"{value} is no standard deviation", where=name, remedy="give 0 or more")

    def changed(
        self,
        *,
        bias_ev_per_ion: Mapping[str, float] | None = None,
        bias_sd_ev_per_ion: Mapping[str, float] | None = None,
        **spreads: Any,
    ) -> "ErrorModel":
        """The same model with some numbers replaced, as a study's ``[uncertainty]`` table gives them.

        Parameters
        ----------
        bias_ev_per_ion, bias_sd_ev_per_ion : mapping of anion symbol to eV per ion, optional
        **spreads : float
            Any of the other attributes of the model.

        Raises
        ------
        InputError
            If an anion is unknown or a standard deviation is negative.
        """
        means, sds = dict(bias_ev_per_ion or {}), dict(bias_sd_ev_per_ion or {})
        known = {a.symbol for a in self.anions}
        for symbol in (*means, *sds):
            if symbol not in known:
                raise InputError(
                    f"no anion {symbol!r} in the error model",
                    remedy=f"choose from {', '.join(sorted(known))}",
                )
        anions = tuple(
            replace(
                a,
                bias_ev_per_ion=means.get(a.symbol, a.bias_ev_per_ion),
                bias_sd_ev_per_ion=sds.get(a.symbol, a.bias_sd_ev_per_ion),
            )
            for a in self.anions
        )
        return replace(self, anions=anions, **spreads)

    @property
    def of_anchored(self) -> "ErrorModel":
        """The model of energies anchored to measurement: no bias, and each phase brings its own σ."""
        anions = tuple(replace(each, bias_ev_per_ion=0.0, bias_sd_ev_per_ion=0.0) for each in self.anions)
        return replace(
            self,
            anions=anions,
            cations=(),
            reduction_sd_ev_per_atom=0.0,
            mixing_sd_ev_per_atom=0.0,
            alloy_sd_ev_per_atom=0.0,
            intermetallic_sd_ev_per_atom=0.0,
        )

    def of_phases(self, phases: Phases) -> PhaseErrors:
        """Error statistics of every phase.

        A phase that is itself an estimate adds its own standard deviation in quadrature: its uncertainty says
        how far the estimate may lie from the calculation it replaces, and the calculation's distance from the
        truth comes on top.
        """
        bound, charge = ions_bound(phases, self), _anion_charge(phases, self)
        with_anion, left = charge.any(axis=1), 1.0 - _parts(phases, self).salt
        reducible = np.where(left > SMALLEST_REDUCIBLE_FRACTION, left, 0.0)
        metallic = np.where(
            phases.atoms_of([self.ion]) > 0.0, self.alloy_sd_ev_per_atom, self.intermetallic_sd_ev_per_atom
        )
        own = np.where(with_anion, self.reduction_sd_ev_per_atom * reducible, metallic)
        mixing = np.where(with_anion & (phases.n_elements > 2), self.mixing_sd_ev_per_atom, 0.0)
        model = np.where(phases.n_elements == 1, 0.0, np.hypot(own, mixing))
        calculated = (phases.uncertainty_ev_per_atom == 0.0) | (self.alloy_sd_ev_per_atom == 0.0)
        alloy = ~with_anion & (phases.n_elements > 1) & calculated
        index = ChemsysIndex.of(phases.row_start, phases.atomic_number)
        bias, bias_sd = np.zeros((2, HEAVIEST + 1))
        for one in self.cations:
            bias[atomic_number(one.symbol)] = one.bias_ev_per_atom
            bias_sd[atomic_number(one.symbol)] = one.bias_sd_ev_per_atom
        release = [RELEASE_EV_PER_CHARGE.get(a.symbol, 0.0) for a in self.anions]
        return PhaseErrors(
            sd_ev_per_atom=np.hypot(model, phases.uncertainty_ev_per_atom),
            group=np.where(alloy, len(phases) + index.system, np.arange(len(phases))),
            ions_per_atom=bound,
            bias_ev_per_ion=np.array([a.bias_ev_per_ion for a in self.anions]),
            bias_sd_ev_per_ion=np.array([a.bias_sd_ev_per_ion for a in self.anions]),
            cations_per_atom=cations_bound(phases, self),
            cation_bias_ev_per_atom=bias,
            cation_bias_sd_ev_per_atom=bias_sd,
            free_per_atom=_free_anions(phases, self),
            release_ev_per_ion=np.array(release) * self.charge,
            release_sd_ev_per_ion=RELEASE_SD_EV_PER_CHARGE * self.charge,
        )


@cache
def error_models() -> Mapping[str, ErrorModel]:
    """The calibrated error models by mobile ion.

    They are fitted to measured enthalpies for the embedded snapshot (`calibration.calibrate`); another energy
    scheme needs a calibration of its own.
    """
    kind = TypeAdapter(ErrorModel)
    return {ion: kind.validate_python(entry["model"]) for ion, entry in _models_file().items()}


def model_coverage() -> Mapping[str, Mapping[str, float]]:
    """How well each model's intervals hold, by ion: the numbers of `calibration.Coverage`."""
    return {ion: entry["coverage"] for ion, entry in _models_file().items()}


def _models_file() -> dict[str, Any]:
    text = files("screening.reactors").joinpath(MODELS_FILE).read_text("utf-8")
    return dict(json.loads(text))


def find_error_model(ion: str) -> ErrorModel | None:
    """The calibrated error model of a mobile ion, None where there is none."""
    return error_models().get(ion)


def why_no_error_model(ion: str) -> str:
    """Why an ion has no error model, in one line."""
    return f"no calibrated error model for {ion}, only for {', '.join(error_models())}"


def descriptor_told() -> str:
    """The error of Gibbs energies, in words."""
    return f"descriptor of Gibbs energies: {SISSO_ERROR_EV_PER_ATOM:g} eV/atom of each compound"


_kept: WeakKeyDictionary[Snapshot, dict[ErrorModel, PhaseErrors]] = WeakKeyDictionary()
"""Error statistics by model, as long as their snapshot is held: they cost more than a pair does."""


def phase_errors(snapshot: Snapshot, ion: str, model: ErrorModel | None = None) -> PhaseErrors:
    """Error statistics of the phases for one mobile ion, by its calibrated model unless another is given.

    An ion without one takes that of `GENERAL_ION`. Anchored energies have no bias, and no error of what
    frees an anion.
    """
    model = model or error_models()[ion if ion in error_models() else GENERAL_ION]
    kept = _kept.setdefault(snapshot, {})
    if model not in kept:
        if is_anchored(snapshot):
            errors = model.of_anchored.of_phases(snapshot.phases)
            nothing = np.zeros_like(errors.release_ev_per_ion)
            kept[model] = replace(errors, release_ev_per_ion=nothing, release_sd_ev_per_ion=0.0)
        else:
            kept[model] = model.of_phases(snapshot.phases)
    return kept[model]


def error_bars(snapshot: Snapshot, ion: str, model: ErrorModel | None = None) -> ErrorBars:
    """What draws intervals for reactions of one mobile ion, by the same `phase_errors`."""
    errors, scheme = phase_errors(snapshot, ion, model), snapshot.manifest.energy_scheme
    of = model.ion if model else ion if ion in error_models() else GENERAL_ION
    told = f"intervals: 95 %, error model of {of}"
    if is_anchored(snapshot):
        told = "intervals: 95 %, uncertainties of anchored energies"
    elif not scheme.startswith(LEGACY.name):
        told += ", which was fitted to another energy scheme"
    if not scheme.endswith(AT_0_K):
        told += f"; {descriptor_told()}, in the intervals"
    told += f"; none for {ion}" * (model is None and of != ion and not is_anchored(snapshot))
    return ErrorBars(errors, told)


def _anion_charge(phases: Phases, model: ErrorModel) -> np.ndarray:
    """Valence of each anion per atom of each phase, (n_phases, n_anions); weak anions only by themselves."""
    column = np.full(int(phases.atomic_number.max(initial=0)) + 1, -1)
    for k, anion in enumerate(model.anions):
        z = atomic_number(anion.symbol)
        if z < len(column):
            column[z] = k
    here = np.flatnonzero(column[phases.atomic_number] >= 0)
    anion_of = column[phases.atomic_number[here]]
    valence = np.array([ANION_VALENCE[a.symbol] for a in model.anions])
    charge = np.zeros((len(phases), len(model.anions)))
    charge[phases.rows.owner[here], anion_of] = phases.fraction[here] * valence[anion_of]
    weak = np.array([a.symbol in WEAK_ANIONS for a in model.anions])
    overruled = charge[:, ~weak].any(axis=1)
    charge[np.ix_(overruled, weak)] = 0.0
    return charge


def _free_anions(phases: Phases, model: ErrorModel) -> np.ndarray:
    """Ions that an atom of what holds free anions would bind, (n_phases, n_anions); 0 for all else.

    Elements, compounds of anions alone (SO2, ClF3), and what protons bind (HBr, H2O), which the corrected
    scheme takes from measurement. Hydrogen is both anion and cation: what becomes a hydride was free before,
    and counts as that with the opposite sign.
    """
    charge, parts = _anion_charge(phases, model), _parts(phases, model)
    valence = np.array([ANION_VALENCE[a.symbol] for a in model.anions])
    hydride = np.array([a.symbol == "H" for a in model.anions])
    released = np.array([a.symbol in RELEASE_EV_PER_CHARGE for a in model.anions]) & ~hydride
    alone = np.isclose((charge / valence)[:, released].sum(axis=1), 1.0)
    free = charge * np.where(alone, 1.0, parts.protons)[:, None] * released
    free[:, hydride] = -np.where(phases.n_elements[:, None] > 1, charge[:, hydride], 0.0)
    return free / model.charge


def ions_bound(phases: Phases, model: ErrorModel) -> np.ndarray:
    """Mobile ions that each phase binds to each anion.

    Where a phase holds several anions its ions are shared out by their charge (Li6PS5Cl: 10/11 to S, 1/11 to
    Cl). What exceeds the charge of the anions is metallic, as all of it is in an alloy.

    Returns
    -------
    (n_phases, n_anions) float array
        Ions per atom of the phase.
    """
    return _anion_charge(phases, model) * _parts(phases, model).ions[:, None] / model.charge


@dataclass(frozen=True, kw_only=True)
class _Parts:
    """What has the charge of the anions of each phase, (n_phases,) float arrays.

    Attributes
    ----------
    ions, protons : shares of the charge
    salt : share of the atoms that ions, protons and their anions are
    """

    ions: np.ndarray
    protons: np.ndarray
    salt: np.ndarray


def _parts(phases: Phases, model: ErrorModel) -> _Parts:
    charge = _anion_charge(phases, model)
    total, hydride = charge.sum(axis=1), [a.symbol for a in model.anions].index("H")
    hydrogen = phases.atoms_of(["H"]) / phases.atoms
    held = np.column_stack(
        (
            phases.atoms_of([model.ion]) / phases.atoms * model.charge,
            np.where(charge[:, hydride] > 0.0, 0.0, hydrogen),
        )
    )
    bound = held * np.minimum(1.0, _over(total, held.sum(axis=1)))[:, None]
    ions, protons = (_over(each, total) for each in bound.T)
    anions = (charge / [ANION_VALENCE[a.symbol] for a in model.anions]).sum(axis=1)
    salt = (ions + protons) * anions + bound @ [1.0 / model.charge, 1.0]
    return _Parts(ions=ions, protons=protons, salt=salt)


def _over(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Quotients, 0 over nothing."""
    return np.divide(part, whole, out=np.zeros_like(whole), where=whole > 0.0)


def cations_bound(phases: Phases, model: ErrorModel) -> Forms:
    """Atoms of other elements than the ion that are bound to anions, which reduction sets free.

    They have the charge of the anions that the ion leaves, one each at least: both Cl of MgCl2 are left to
    one Mg, none of LiCl or of Li9Al4 to anything else. Hydrogen does not count: its compounds are those of
    `phases.molecules`.

    Returns
    -------
    Forms
        (n_phases, HEAVIEST + 1). Atoms per atom of the phase, by atomic number.
    """
    charge, parts = _anion_charge(phases, model), _parts(phases, model)
    left = charge.sum(axis=1) * (1.0 - parts.ions - parts.protons)
    anion = np.zeros((len(phases), HEAVIEST + 1), dtype=bool)
    anion[:, [atomic_number(a.symbol) for a in model.anions]] = charge > 0.0
    owner, number = phases.rows.owner, phases.atomic_number
    others = ~anion[owner, number] & (number != atomic_number(model.ion)) & (number != 1)
    atoms = np.bincount(owner, phases.fraction * others, minlength=len(phases))
    share = np.divide(left, atoms, out=np.zeros_like(left), where=atoms > 0.0).clip(0.0, 1.0)
    share[left < SMALLEST_REDUCIBLE_FRACTION] = 0.0
    kept = others & (share[owner] > 0.0)
    return Forms(
        data=(phases.fraction * share[owner])[kept],
        indices=number[kept],
        indptr=Ragged.of_lengths(np.bincount(owner[kept], minlength=len(phases))).start,
        shape=(len(phases), HEAVIEST + 1),
    )
