"""What the anode metal makes of each candidate: the cheap, exact half of an assessment, on arrays."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property, partial

import numpy as np
from scipy.sparse import csr_array, diags_array

from screening.errors import InputError
from screening.phases.snapshot import Phases, Snapshot
from screening.ragged import Ragged
from screening.reactors.anode import Anode, find_anode
from screening.reactors.conditions import Conditions
from screening.reactors.elements import molar_mass_g
from screening.thermo.attack import Attack
from screening.thermo.compositions import Compositions
from screening.thermo.conduction import conduction_degree, electronic_class
from screening.thermo.interface import InterfaceReaction, react
from screening.thermo.lines import Lines, ProductRows, tie_lines
from screening.thermo.products import ProductVolumes, alloy_former_table, product_volumes
from screening.thermo.reactants import price
from screening.thermo.staircases import Staircases
from screening.units import A3_PER_ATOM_TO_CM3_PER_MOL, MAH_PER_MOL_OF_CHARGE

CM_PER_UM = 1e-4


@dataclass(frozen=True, eq=False, kw_only=True)
class ScreeningContext:
    """What every candidate of one study meets: a snapshot with its phases sorted into kinds.

    Attributes
    ----------
    snapshot : Snapshot
    conditions : Conditions
    anode : Anode
    classes : (n_phases,) int array
        Electronic class of each phase.
    conduction : (n_phases,) float array
        Degree of electronic conduction of each phase, 0 to 1.
    is_alloy : (n_phases,) bool array
        Compounds of the anode's mobile element with alloy formers only.
    is_metal_m : (n_phases,) bool array
        Alloy formers alone or among themselves.
    """

    snapshot: Snapshot
    conditions: Conditions
    anode: Anode
    classes: np.ndarray
    conduction: np.ndarray
    is_alloy: np.ndarray
    is_metal_m: np.ndarray

    @classmethod
    def of(cls, snapshot: Snapshot, conditions: Conditions) -> "ScreeningContext":
        """Sort the phases of a snapshot for these conditions.

        Raises
        ------
        InputError
            If there is no such anode.
        """
        phases, anode = snapshot.phases, find_anode(snapshot, conditions.anode, conditions.anode_charge)
        formers = alloy_former_table()
        formers[anode.mobile] = False
        first = phases.row_start[:-1]
        is_anode = phases.atomic_number == anode.mobile
        is_former = formers[phases.atomic_number]
        with_anode = np.logical_or.reduceat(is_anode, first)
        with_former = np.logical_or.reduceat(is_former, first)
        only_these = np.logical_and.reduceat(is_anode | is_former, first)
        return cls(
            snapshot=snapshot,
            conditions=conditions,
            anode=anode,
            classes=electronic_class(phases),
            conduction=conduction_degree(phases),
            is_alloy=only_these & with_anode & with_former,
            is_metal_m=only_these & ~with_anode,
        )

    @cached_property
    def electrolyte(self) -> Compositions:
        """Composition of the study's electrolyte, which must be in the snapshot."""
        reactant = self.conditions.met["electrolyte"]
        price(self.snapshot, reactant)
        return Compositions.of([reactant.unit])

    @cached_property
    def attack(self) -> Attack:
        """What the study's anode, or a layer at a potential against it, does to the study's electrolyte."""
        anode = self.anode
        return Attack.of(self.snapshot, self.electrolyte, anode.composition, anode.charge, anode.content)

    @cached_property
    def react(self) -> Callable[..., InterfaceReaction]:
        """`react` in this snapshot, once for each pair: candidates share those that do not hold them."""
        return cache(partial(react, self.snapshot))


@dataclass(frozen=True, eq=False, kw_only=True)
class CandidatePhases:
    """Candidates of a snapshot, and what all of them meet.

    Attributes
    ----------
    context : ScreeningContext
    phase : (n,) int array
        Phase number of each.
    """

    context: ScreeningContext
    phase: np.ndarray

    def __len__(self) -> int:
        return len(self.phase)

    @property
    def phases(self) -> Phases:
        """All phases of the snapshot."""
        return self.context.snapshot.phases

    @cached_property
    def candidates(self) -> Phases:
        """The candidates as phases, in their order."""
        return self.phases.take(self.phase)


@dataclass(frozen=True, eq=False, kw_only=True)
class Reduction(CandidatePhases):
    """Candidates reduced by the anode metal; (n,) arrays unless said otherwise.

    Attributes
    ----------
    lines : Lines
        From each candidate (x = 0) to the anode metal.
    stairs : Staircases
    end_step : int array
        Last plateau that the state of the layer has entered, −1 where there is none.
    share : float array
        How much of that plateau is done, above 0 to 1.
    starved : bool array
        Whether the budget of anode metal ends the uptake, not the plateau floor or a potential.
    """

    lines: Lines
    stairs: Staircases
    end_step: np.ndarray
    share: np.ndarray
    starved: np.ndarray

    @cached_property
    def molar_mass_g(self) -> np.ndarray:
        """Per reduced formula."""
        return molar_mass_g(self.candidates)

    @cached_property
    def molar_volume_cm3(self) -> np.ndarray:
        """Per reduced formula; NaN where no volume is known."""
        return self.candidates.volume_per_atom_a3 * self.candidates.atoms * A3_PER_ATOM_TO_CM3_PER_MOL

    @cached_property
    def energy_above_hull_ev_per_atom(self) -> np.ndarray:
        """Own energy above the hull."""
        hull = self.lines.energy_ev_per_atom[self.lines.kink_start[:-1]]
        return np.maximum(self.candidates.formation_energy_ev_per_atom - hull, 0.0)

    @cached_property
    def uptake_per_formula(self) -> np.ndarray:
        """Atoms of the anode's mobile element taken up in the state of the layer."""
        return self._in_state(self.stairs.uptake_per_formula, np.zeros(len(self)))

    @cached_property
    def reaction_energy_ev_per_formula(self) -> np.ndarray:
        """Mutual energy of that uptake, ≤ 0."""
        start = self.stairs.start_energy_ev_per_formula
        return self._in_state(self.stairs.energy_ev_per_formula, start) - start

    @property
    def driving_force_ev_per_ion(self) -> np.ndarray:
        """The same per atom taken up; NaN where there is no uptake."""
        with np.errstate(invalid="ignore", divide="ignore"):
            per_ion = self.reaction_energy_ev_per_formula / self.uptake_per_formula
        return np.where(self.end_step >= 0, per_ion, np.nan)

    @cached_property
    def minimum_mutual_ev_per_atom(self) -> np.ndarray:
        """Lowest mutual energy along the line, per atom of mixture."""
        return self.lines.mutual_ev_per_atom[self.lines.lowest_kink]

    @cached_property
    def cathodic_limit_v(self) -> np.ndarray:
        """Voltage of the first plateau; NaN where there is none."""
        has = np.diff(self.stairs.step_start) > 0
        first = np.minimum(self.stairs.step_start[:-1], max(len(self.stairs.voltage_v) - 1, 0))
        return np.where(has, self._take(self.stairs.voltage_v, first), np.nan)

    @cached_property
    def kinks(self) -> tuple[np.ndarray, np.ndarray]:
        """Kinks of `lines` at the two ends of the plateau of the state; the candidate itself where none."""
        own = self.lines.kink_start[:-1]
        end = np.where(self.end_step >= 0, self._take(self.stairs.kink, np.maximum(self.end_step, 0)), own)
        later = self.end_step > self.stairs.step_start[:-1]
        return np.where(later, self._take(self.stairs.kink, np.maximum(self.end_step - 1, 0)), own), end

    @cached_property
    def state_atoms(self) -> csr_array:
        """Atoms in each phase of the layer's state per reduced formula, (n, n_phases) csr_array."""
        mixed = [
            diags_array(share) @ self.lines.per_formula(kink, self.candidates.atoms, len(self.phases))
            for share, kink in zip((1.0 - self.share, self.share), self.kinks, strict=True)
        ]
        found = csr_array(mixed[0] + mixed[1])
        found.eliminate_zeros()
        found.sort_indices()
        return found

    @cached_property
    def products(self) -> ProductRows:
        """Products in the state of the layer; amounts are atoms per reduced formula."""
        atoms = self.state_atoms
        return ProductRows(Ragged(atoms.indptr).owner, atoms.indices, atoms.data)

    @cached_property
    def volumes(self) -> ProductVolumes:
        """Volumes of these products per mole of reduced formula."""
        context = self.context
        return product_volumes(
            self.phases, context.classes, context.conduction, self.products, np.ones(len(self))
        )

    @cached_property
    def alloy(self) -> np.ndarray:
        """Phase of the most abundant alloy of the state, or else of the most abundant metal; −1: neither."""
        rows, context = self.products, self.context
        alloy, metal = context.is_alloy[rows.phase], context.is_metal_m[rows.phase]
        order = np.lexsort((rows.amount, alloy, alloy | metal, rows.owner))
        last = np.flatnonzero(np.diff(rows.owner[order], append=-1))
        chosen = order[last]
        return np.where((alloy | metal)[chosen] & (self.end_step >= 0), rows.phase[chosen], -1)

    @cached_property
    def uptake_mah_per_g(self) -> np.ndarray:
        """The same as charge per gram of candidate."""
        charge = self.uptake_per_formula * self.context.anode.charge
        return charge * MAH_PER_MOL_OF_CHARGE / self.molar_mass_g

    def forms(self, phases: np.ndarray) -> np.ndarray:
        """Whether a product of the state, or on the way to it, is one of these: (n_phases,) bool array."""
        start, n_steps = self.stairs.step_start[:-1], self.end_step + 1 - self.stairs.step_start[:-1]
        n_steps = np.where(self.end_step >= 0, n_steps, 0)
        owner = np.repeat(np.arange(len(self)), n_steps)
        first = np.cumsum(n_steps) - n_steps
        step = np.arange(len(owner)) - first[owner] + start[owner]
        rows = self.lines.products_of(self.stairs.kink[step])
        found = np.zeros(len(self), dtype=bool)
        found[owner[rows.owner[phases[rows.phase]]]] = True
        return found

    def _in_state(self, per_step: np.ndarray, before: np.ndarray) -> np.ndarray:
        """A quantity that grows linearly along a plateau; `before` any uptake, (n,)."""
        end = self._take(per_step, np.maximum(self.end_step, 0))
        later = self.end_step > self.stairs.step_start[:-1]
        begin = np.where(later, self._take(per_step, np.maximum(self.end_step - 1, 0)), before)
        return np.where(self.end_step >= 0, begin + self.share * (end - begin), before)

    @staticmethod
    def _take(values: np.ndarray, positions: np.ndarray) -> np.ndarray:
        return values[positions] if len(values) else np.zeros(len(positions), dtype=values.dtype)


def reduce(context: ScreeningContext, phase: np.ndarray) -> Reduction:
    """React candidates with the anode metal.

    Parameters
    ----------
    context : ScreeningContext
    phase : (n,) int array
        Phase numbers of the candidates.

    Raises
    ------
    InputError
        If a walk fails.
    """
    snapshot, conditions = context.snapshot, context.conditions
    compounds = Compositions.of_phases(snapshot, phase)
    anode = context.anode
    lines = tie_lines(snapshot, anode.composition, compounds)
    if lines.failed.any():
        name = snapshot.phases.formula[phase[np.argmax(lines.failed)]]
        raise InputError(f"the convex hull between {conditions.anode} and {name} did not converge")
    stairs = Staircases.of(lines, compounds.atoms, anode.charge, anode.content)
    last = stairs.last_step(max(conditions.plateau_floor_v, conditions.potential_v or 0.0))
    masses = molar_mass_g(snapshot.phases.take(phase))
    end_step, share = stairs.reached(last, budget_per_formula(context, masses))
    return Reduction(
        context=context,
        phase=phase,
        lines=lines,
        stairs=stairs,
        end_step=end_step,
        share=share,
        starved=(end_step < last) | (share < 1.0),
    )


def budget_per_formula(context: ScreeningContext, molar_mass_g: np.ndarray) -> np.ndarray:
    """Atoms of the mobile element that the study's anode holds for each formula of reactor in the layer.

    Parameters
    ----------
    context : ScreeningContext
    molar_mass_g : (n,) float array
        Of the formulas.

    Returns
    -------
    (n,) float array
        Infinite where the anode is in excess.
    """
    conditions = context.conditions
    if conditions.anode_um is None:
        return np.full(len(molar_mass_g), np.inf)
    anode_mol_per_cm2 = conditions.anode_um * CM_PER_UM / context.anode.cm3_per_mol
    reactor_g_per_cm2 = conditions.layer_mg_per_cm2 / 1000.0 * conditions.wt_percent / 100.0
    return anode_mol_per_cm2 * molar_mass_g / reactor_g_per_cm2
