"""How far calculated reaction energies may lie from the truth, and what that does to a ranking.

The error (true minus calculated, eV) of the formation energy of one formula unit of a phase is taken as

    Σ_X N_Li(X)·b_X + N·δ,        b_X ~ N(bias, sd of the bias),    δ ~ N(0, σ) per phase,

with N its atoms and N_Li(X) the lithium it binds to anion X. A reaction is a linear form in the phases it
forms and consumes, so that its error is the same form in these errors: the bias counts with the change in
lithium bound to each anion (lithium metal and alloys bind none), and candidates that share an anion or a
phase share its error. Assemblages stay as the hull found them: a hull drawn anew from scattered energies is
lower on average than the true one.

A form is a row of a sparse array, (n_forms, n_phases): atoms of each phase formed (positive) or consumed
(negative) per unit of the quantity, e.g. per lithium atom for a driving force in eV per Li. Times the
formation energies per atom it gives the quantity itself; forms add, subtract and scale as the energies do.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array, diags_array, hstack

from screening.errors import InputError
from screening.phases.composition import atomic_number
from screening.phases.snapshot import Phases

LITHIUM = 3

WEAK_ANIONS = ("P", "As", "H")
"""Anion formers that count as anions only where no stronger one is present: P is a cation in Li6PS5Cl."""

SMALLEST_REDUCIBLE_FRACTION = 1e-9
"""Below it a phase consists of lithium salts only; rounding of atomic fractions is 1e-15."""

BLOCK_BYTES = 16 * 2**20
"""Memory for one block of draws: a few draws of 85 000 candidates; larger blocks only miss the cache."""


@dataclass(frozen=True)
class AnionBias:
    """Error that all reactions forming one lithium salt share.

    Attributes
    ----------
    symbol : str
    valence : int
        Lithium atoms that one atom of the anion binds.
    bias_ev_per_ion : float
        True minus calculated energy per lithium atom bound; negative where the calculation is too weak.
    bias_sd_ev_per_ion : float
        Standard deviation of that bias.
    n_measured : int
        Measured reductions behind it; 0 means the mean and the spread over the other anions.
    """

    symbol: str
    valence: int
    bias_ev_per_ion: float
    bias_sd_ev_per_ion: float
    n_measured: int


@dataclass(frozen=True)
class ErrorModel:
    """Statistics of calculated energies; the defaults are those of `DEFAULT_ERROR_MODEL`.

    Attributes
    ----------
    anions : tuple of AnionBias
    reduction_sd_ev_per_atom : float
        σ of a phase per atom that is not yet bound as a lithium salt.
    mixing_sd_ev_per_atom : float
        σ per atom that a phase of three or more elements carries besides, whatever it consists of.
    alloy_sd_ev_per_atom : float
        σ per atom of a compound of lithium without any anion former.
    intermetallic_sd_ev_per_atom : float
        The same of a compound without lithium.
    """

    anions: tuple[AnionBias, ...]
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
        **spreads: float,
    ) -> "ErrorModel":
        """The same model with some numbers replaced, as a study's ``[uncertainty]`` table gives them.

        Parameters
        ----------
        bias_ev_per_ion, bias_sd_ev_per_ion : mapping of anion symbol to eV per Li, optional
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

    def of_phases(self, phases: Phases) -> "PhaseErrors":
        """Error statistics of every phase.

        A phase that is itself an estimate adds its own standard deviation in quadrature: its uncertainty says
        how far the estimate may lie from the calculation it replaces, and the calculation's distance from the
        truth comes on top.

        Parameters
        ----------
        phases : Phases

        Returns
        -------
        PhaseErrors
        """
        bound = lithium_bound(phases, self)
        salt = bound @ (1.0 + 1.0 / np.array([a.valence for a in self.anions]))
        with_anion = _anion_charge(phases, self).any(axis=1)
        reducible = np.where(1.0 - salt > SMALLEST_REDUCIBLE_FRACTION, 1.0 - salt, 0.0)
        metallic = np.where(
            _lithium(phases) > 0.0, self.alloy_sd_ev_per_atom, self.intermetallic_sd_ev_per_atom
        )
        own = np.where(with_anion, self.reduction_sd_ev_per_atom * reducible, metallic)
        mixing = np.where(with_anion & (phases.n_elements > 2), self.mixing_sd_ev_per_atom, 0.0)
        model = np.where(phases.n_elements == 1, 0.0, np.hypot(own, mixing))
        return PhaseErrors(
            np.hypot(model, phases.uncertainty_ev_per_atom),
            bound,
            np.array([a.bias_ev_per_ion for a in self.anions]),
            np.array([a.bias_sd_ev_per_ion for a in self.anions]),
        )


DEFAULT_ERROR_MODEL = ErrorModel(
    anions=(
        AnionBias("F", 1, -0.129, 0.029, 59),
        AnionBias("Cl", 1, -0.193, 0.025, 78),
        AnionBias("Br", 1, -0.203, 0.034, 43),
        AnionBias("I", 1, -0.162, 0.034, 41),
        AnionBias("O", 2, -0.121, 0.014, 89),
        AnionBias("S", 2, -0.155, 0.017, 69),
        AnionBias("Se", 2, -0.180, 0.028, 28),
        AnionBias("Te", 2, -0.146, 0.033, 21),
        AnionBias("N", 3, 0.078, 0.041, 7),
        AnionBias("P", 3, -0.128, 0.090, 0),
        AnionBias("As", 3, -0.128, 0.090, 0),
        AnionBias("H", 1, -0.065, 0.054, 14),
    ),
    reduction_sd_ev_per_atom=0.168,
    mixing_sd_ev_per_atom=0.032,
    alloy_sd_ev_per_atom=0.057,
    intermetallic_sd_ev_per_atom=0.086,
)
"""Fitted to measured enthalpies for the embedded snapshot (`calibration.calibrate`, which
benchmarks/calibration.py cross-validates); another energy scheme needs a calibration of its own."""


def _anion_charge(phases: Phases, model: ErrorModel) -> np.ndarray:
    """Valence of each anion per atom of each phase, (n_phases, n_anions); weak anions only by themselves."""
    owner = np.repeat(np.arange(len(phases)), phases.n_elements)
    column = np.full(int(phases.atomic_number.max(initial=0)) + 1, -1)
    for k, anion in enumerate(model.anions):
        z = atomic_number(anion.symbol)
        if z < len(column):
            column[z] = k
    here = np.flatnonzero(column[phases.atomic_number] >= 0)
    anion_of = column[phases.atomic_number[here]]
    valence = np.array([a.valence for a in model.anions])
    charge = np.zeros((len(phases), len(model.anions)))
    charge[owner[here], anion_of] = phases.fraction[here] * valence[anion_of]
    weak = np.array([a.symbol in WEAK_ANIONS for a in model.anions])
    overruled = charge[:, ~weak].any(axis=1)
    charge[np.ix_(overruled, weak)] = 0.0
    return charge


def _lithium(phases: Phases) -> np.ndarray:
    """Atomic fraction of lithium in each phase, (n_phases,)."""
    owner = np.repeat(np.arange(len(phases)), phases.n_elements)
    here = phases.atomic_number == LITHIUM
    lithium = np.zeros(len(phases))
    lithium[owner[here]] = phases.fraction[here]
    return lithium


def lithium_bound(phases: Phases, model: ErrorModel) -> np.ndarray:
    """Lithium that each phase binds to each anion.

    Where a phase holds several anions its lithium is shared out by their valence (Li6PS5Cl: 10/11 to S, 1/11
    to Cl). Lithium beyond the total valence is metallic, as all of it is in an alloy.

    Parameters
    ----------
    phases : Phases
    model : ErrorModel

    Returns
    -------
    (n_phases, n_anions) float array
        Li atoms per atom of the phase.
    """
    lithium = _lithium(phases)
    charge = _anion_charge(phases, model)
    total = charge.sum(axis=1)
    share = np.divide(np.minimum(lithium, total), total, out=np.zeros_like(total), where=total > 0.0)
    return charge * share[:, None]


@dataclass(frozen=True, eq=False)
class PhaseErrors:
    """Error statistics of the phases of one snapshot.

    Attributes
    ----------
    sd_ev_per_atom : (n_phases,) float array
        Standard deviation of the draw that a phase has for itself.
    li_per_atom : (n_phases, n_anions) float array
        Lithium bound to each anion, per atom of the phase.
    bias_ev_per_ion, bias_sd_ev_per_ion : (n_anions,) float arrays
    """

    sd_ev_per_atom: np.ndarray
    li_per_atom: np.ndarray
    bias_ev_per_ion: np.ndarray
    bias_sd_ev_per_ion: np.ndarray

    def mean(self, forms: csr_array) -> np.ndarray:
        """Expected error (true minus calculated) of each form, (n_forms,) in the unit of the form."""
        return forms @ (self.li_per_atom @ self.bias_ev_per_ion)

    def standard_deviation(self, forms: csr_array) -> np.ndarray:
        """Standard deviation of the error of each form, (n_forms,), exactly."""
        shared = (forms @ self.li_per_atom) ** 2 @ self.bias_sd_ev_per_ion**2
        return np.sqrt(forms.multiply(forms) @ self.sd_ev_per_atom**2 + shared)

    def draws(
        self, forms: csr_array, rng: np.random.Generator, n_draws: int, *, block_bytes: int = BLOCK_BYTES
    ) -> Iterator[np.ndarray]:
        """Errors to add to the calculated values, block by block of draws.

        Within one draw every phase and every anion has one error for all forms. Stack all criteria of all
        candidates into one array of forms (`scipy.sparse.vstack`) to keep that so. The result does not depend
        on the size of the blocks.

        Parameters
        ----------
        forms : (n_forms, n_phases) csr_array
        rng : numpy Generator
        n_draws : int
        block_bytes : int
            Memory allowed for one block.

        Yields
        ------
        (k, n_forms) float array
            The numbers of rows add up to `n_draws`.
        """
        sources = self.sources(forms)
        step = max(1, min(n_draws, block_bytes // (8 * (forms.shape[0] + 2 * len(sources.mean)))))
        for block in sources.blocks(rng, n_draws, step):
            yield (sources.weight @ np.ascontiguousarray(block.T)).T

    def sources(self, forms: csr_array) -> "ErrorSources":
        """The independent errors that some forms, (n_forms, n_phases) csr_array, are made of."""
        used = np.unique(forms.indices)
        return ErrorSources(
            csr_array(hstack([forms[:, used], csr_array(forms @ self.li_per_atom)])),
            np.append(np.zeros(len(used)), self.bias_ev_per_ion),
            np.append(self.sd_ev_per_atom[used], self.bias_sd_ev_per_ion),
        )


@dataclass(frozen=True, eq=False)
class ErrorSources:
    """Independent normal errors, one of each phase and each anion, and how forms add them up.

    Attributes
    ----------
    weight : (n_forms, n_sources) csr_array
        The error of a form is this row times the errors of the sources.
    mean, sd : (n_sources,) float arrays
    """

    weight: csr_array
    mean: np.ndarray
    sd: np.ndarray

    def blocks(self, rng: np.random.Generator, n_draws: int, step: int) -> Iterator[np.ndarray]:
        """Errors of the sources, (k, n_sources) with k up to `step`; the draws do not depend on `step`."""
        for first in range(0, n_draws, step):
            drawn = rng.standard_normal((min(step, n_draws - first), len(self.mean)))
            drawn *= self.sd
            drawn += self.mean
            yield drawn


def phase_amounts(start: np.ndarray, phase: np.ndarray, amount: np.ndarray, n_phases: int) -> csr_array:
    """Assemblages as rows over all phases of a snapshot.

    Parameters
    ----------
    start : (n + 1,) int array
        Slices of each assemblage into the next two, as `product_start` of `Lines` and `Assemblages`.
    phase : (m,) int array
        Phase numbers.
    amount : (m,) float array
        Atomic fractions.
    n_phases : int

    Returns
    -------
    (n, n_phases) csr_array
    """
    return csr_array((amount, phase, start), shape=(len(start) - 1, n_phases))


def single_phases(phase: np.ndarray, n_phases: int) -> csr_array:
    """Rows that are one phase each: a reactant with its own energy, (n, n_phases) csr_array."""
    return phase_amounts(np.arange(len(phase) + 1), phase, np.ones(len(phase)), n_phases)


def forms_from_products(
    products: csr_array, reactant_a: csr_array, reactant_b: csr_array, x_a: np.ndarray
) -> csr_array:
    """Reaction energy per atom of the mixture, Σ y·e − x·e_A − (1 − x)·e_B, as linear forms.

    Parameters
    ----------
    products : (n, n_phases) csr_array
        Atomic fractions of the products.
    reactant_a, reactant_b : (n, n_phases) or (1, n_phases) csr_array
        Atomic fractions of what each reactant consists of: one phase with its own energy (`single_phases`),
        the parts of a mixture, or the stable assemblage at its composition (mutual energies).
    x_a : (n,) float array
        Atomic fraction of reactant A.

    Returns
    -------
    (n, n_phases) csr_array
    """
    every = np.zeros(products.shape[0], dtype=np.int64)
    a = reactant_a[every] if reactant_a.shape[0] == 1 else reactant_a
    b = reactant_b[every] if reactant_b.shape[0] == 1 else reactant_b
    return csr_array(products - scaled(a, x_a) - scaled(b, 1.0 - np.asarray(x_a)))


def scaled(forms: csr_array, factor: np.ndarray) -> csr_array:
    """Each form times its own factor ((n,) float array): from per atom of mixture to per Li, per mole, ..."""
    return csr_array(diags_array(np.asarray(factor, dtype=float)) @ forms)
