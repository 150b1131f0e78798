"""What the anode metal makes of each candidate: the cheap, exact half of an assessment, on arrays."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numba import njit

from screening.errors import InputError
from screening.phases.composition import parse_formula
from screening.phases.snapshot import Phases, Snapshot
from screening.reactors.anode import Anode, find_anode
from screening.reactors.conditions import Conditions
from screening.reactors.elements import molar_mass_g
from screening.thermo.conduction import conduction_degree, electronic_class
from screening.thermo.lines import Compositions, Lines, ProductRows, tie_lines
from screening.thermo.products import ProductVolumes, alloy_former_table, product_volumes
from screening.thermo.staircases import Staircases
from screening.units import A3_PER_ATOM_TO_CM3_PER_MOL, MAH_PER_MOL_OF_CHARGE


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


@dataclass(frozen=True, eq=False, kw_only=True)
class Reduction:
    """Candidates reduced by the anode metal; (n,) arrays unless said otherwise.

    Attributes
    ----------
    context : ScreeningContext
    phase : int array
        Phase number of each candidate.
    lines : Lines
        From each candidate (x = 0) to the anode metal.
    stairs : Staircases
    end_step : int array
        Last plateau above the floor, −1 where there is none.
    alloy : int array
        Phase number of "the alloy", −1 where no product is a metal or alloy.
    alloy_step : int array
        Plateau on which it first appears, −1 where there is none.
    richest_alloy : int array
        Phase number of the alloy at the end of the staircase above the floor.
    """

    context: ScreeningContext
    phase: np.ndarray
    lines: Lines
    stairs: Staircases
    end_step: np.ndarray
    alloy: np.ndarray
    alloy_step: np.ndarray
    richest_alloy: np.ndarray

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
        """Atoms of the anode's mobile element taken up above the floor."""
        return np.where(self.end_step >= 0, self._at_end(self.stairs.uptake_per_formula), 0.0)

    @property
    def anode_atoms_per_formula(self) -> np.ndarray:
        """Atoms of anode consumed above the floor; more than the uptake where the anode is an alloy."""
        return self.uptake_per_formula / self.context.anode.content

    @cached_property
    def reaction_energy_ev_per_formula(self) -> np.ndarray:
        """Mutual energy of the whole uptake above the floor, ≤ 0."""
        end = self._at_end(self.stairs.energy_ev_per_formula)
        return np.where(self.end_step >= 0, end - self.stairs.start_energy_ev_per_formula, 0.0)

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
    def end_kink(self) -> np.ndarray:
        """Kink of `lines` at the end of the uptake above the floor; the candidate itself where none."""
        return np.where(self.end_step >= 0, self._at_end(self.stairs.kink), self.lines.kink_start[:-1])

    @cached_property
    def end_products(self) -> ProductRows:
        """Products at the end of the uptake above the floor."""
        return self.lines.products_of(self.end_kink)

    @cached_property
    def end_volumes(self) -> ProductVolumes:
        """Volumes of these products per mole of reduced formula."""
        atoms = self.candidates.atoms + self.anode_atoms_per_formula
        context = self.context
        return product_volumes(self.phases, context.classes, context.conduction, self.end_products, atoms)

    @cached_property
    def uptake_mah_per_g(self) -> np.ndarray:
        """Charge taken up above the floor, per gram of candidate."""
        charge = self.uptake_per_formula * self.context.anode.charge
        return charge * MAH_PER_MOL_OF_CHARGE / self.molar_mass_g

    def forms(self, phases: np.ndarray) -> np.ndarray:
        """Whether one of these phases ((n_phases,) bool array) is a product on a plateau above the floor."""
        start, n_steps = self.stairs.step_start[:-1], self.end_step + 1 - self.stairs.step_start[:-1]
        n_steps = np.where(self.end_step >= 0, n_steps, 0)
        owner = np.repeat(np.arange(len(self)), n_steps)
        first = np.cumsum(n_steps) - n_steps
        step = np.arange(len(owner)) - first[owner] + start[owner]
        rows = self.lines.products_of(self.stairs.kink[step])
        found = np.zeros(len(self), dtype=bool)
        found[owner[rows.owner[phases[rows.phase]]]] = True
        return found

    def _at_end(self, per_step: np.ndarray) -> np.ndarray:
        return self._take(per_step, np.maximum(self.end_step, 0))

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

    Returns
    -------
    Reduction

    Raises
    ------
    InputError
        If a walk fails, or a study names an alloy that the snapshot lacks.
    """
    snapshot, conditions = context.snapshot, context.conditions
    compounds = Compositions.of_phases(snapshot, phase)
    anode = context.anode
    lines = tie_lines(snapshot, anode.composition, compounds)
    if lines.failed.any():
        name = snapshot.phases.formula[phase[np.argmax(lines.failed)]]
        raise InputError(f"the convex hull between {conditions.anode} and {name} did not converge")
    stairs = Staircases.of(lines, compounds.atoms, anode.charge, anode.content)
    end_step = stairs.last_step(conditions.plateau_floor_v)
    alloy, alloy_step, richest = _find_alloys(
        *(stairs.step_start, end_step, stairs.kink, lines.product_start, lines.phase, lines.amount),
        *(context.is_alloy, context.is_metal_m),
    )
    if conditions.alloy == "richest":
        alloy, alloy_step = richest, end_step
    chosen = _chosen_alloys(context, phase, alloy)
    return Reduction(
        context=context,
        phase=phase,
        lines=lines,
        stairs=stairs,
        end_step=end_step,
        alloy=chosen,
        alloy_step=alloy_step,
        richest_alloy=richest,
    )


def _chosen_alloys(context: ScreeningContext, phase: np.ndarray, alloy: np.ndarray) -> np.ndarray:
    """Alloys by rule, save for reactors whose alloy the study names."""
    snapshot = context.snapshot
    chosen = alloy.copy()
    for reactor, name in context.conditions.alloys.items():
        found = snapshot.find(parse_formula(name))
        if found is None:
            raise InputError(f"snapshot {snapshot.manifest.name} has no {name}", where=f"alloys.{reactor}")
        chosen[phase == snapshot.find(parse_formula(reactor))] = found
    return chosen


@njit(cache=True, nogil=True)
def _find_alloys(
    step_start: np.ndarray,
    end_step: np.ndarray,
    kink: np.ndarray,
    product_start: np.ndarray,
    phase: np.ndarray,
    amount: np.ndarray,
    is_alloy: np.ndarray,
    is_metal_m: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First alloy, the step it appears on, and the alloy (or else metal) that ends the staircase."""
    n = len(step_start) - 1
    first, first_step = np.full(n, -1, np.int64), np.full(n, -1, np.int64)
    richest = np.full(n, -1, np.int64)
    for i in range(n):
        most = 0.0
        for step in range(step_start[i], end_step[i] + 1):
            most = 0.0
            last_is_alloy = False
            for p in range(product_start[kink[step]], product_start[kink[step] + 1]):
                counts = is_alloy[phase[p]] or (is_metal_m[phase[p]] and not last_is_alloy)
                if is_alloy[phase[p]] and not last_is_alloy:
                    most = 0.0
                    last_is_alloy = True
                if counts and amount[p] > most:
                    most = amount[p]
                    richest[i] = phase[p]
            if last_is_alloy and first[i] < 0:
                first[i], first_step[i] = richest[i], step
        if first[i] < 0 and richest[i] >= 0:
            first[i], first_step[i] = richest[i], end_step[i]
    return first, first_step, richest
