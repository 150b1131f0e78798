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
from screening.reactors.bound import (
    HEAVIEST,
    RELEASE_EV_PER_CHARGE,
    SMALLEST_REDUCIBLE_FRACTION,
    anion_charge,
    cations_bound,
    charge_parts,
    free_anions,
    ions_bound,
)
from screening.reactors.phase_errors import PhaseErrors
from screening.thermo.intervals import ErrorBars

RELEASE_SD_EV_PER_CHARGE = 0.06
"""Spread of the 30 salts about these means."""

MODELS_FILE = "error_models.json"
"""Error models by mobile ion, beside this module; written by ``benchmarks/calibration.py --write``."""

GENERAL_ION = "Li"
"""Its model draws the intervals where an ion has none: what anions and other metals are off by stands in it
measured against the salt of Li, which cancels where none forms, and the scatter is that of all compounds."""


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
        bound, charge = ions_bound(phases, self), anion_charge(phases, self)
        with_anion, left = charge.any(axis=1), 1.0 - charge_parts(phases, self).salt
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
            free_per_atom=free_anions(phases, self),
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
