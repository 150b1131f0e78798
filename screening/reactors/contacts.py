"""What alloy, reactor and electrolyte do to each other: the dearer half of an assessment, on arrays."""

from dataclasses import dataclass

import numpy as np

from screening.phases.composition import parse_reactant
from screening.phases.snapshot import Snapshot
from screening.reactors.reduction import Reduction, ScreeningContext
from screening.thermo.lines import Compositions, Lines, tie_lines
from screening.thermo.reactants import price
from screening.thermo.staircases import Staircases

RELIEF: str = "relief"
RELAY: str = "relay"
MIXING: str = "mixing"
STAGES: tuple[str, ...] = (RELIEF, RELAY, MIXING)
"""What a study may ask of the contacts: alloy | electrolyte, alloy | reactor, reactor | electrolyte."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Alloys:
    """Each alloy that some candidate forms, once; (n_alloys,) arrays.

    Attributes
    ----------
    phase : int array
        Phase numbers, ascending.
    potential_v : float array
        Plateau on which the alloy forms from its metal and the anode; 0 where it holds no anode metal.
    alloying : bool array
        Whether its metal forms a compound with the anode on the hull.
    attack : Lines or None
        From the electrolyte (x = 0) to each alloy; None where relief is not asked for.
    anode_attack : Lines
        One line from the electrolyte to the anode.
    """

    phase: np.ndarray
    potential_v: np.ndarray
    alloying: np.ndarray
    attack: Lines | None
    anode_attack: Lines

    @property
    def relief_ev_per_atom(self) -> np.ndarray:
        """How much less an excess of alloy attacks the electrolyte than an excess of the anode metal does.

        In eV per atom of electrolyte, however its formula is written; mutual energies, alloy minus anode.
        NaN where it is not asked for.
        """
        if self.attack is None:
            return np.full(len(self.phase), np.nan)
        anode = excess_energy_ev_per_atom(self.anode_attack)[0]
        return excess_energy_ev_per_atom(self.attack) - anode


@dataclass(frozen=True, eq=False, kw_only=True)
class Contacts:
    """Reactions among alloy, reactor and electrolyte; (n,) arrays over the candidates of a reduction.

    Attributes
    ----------
    alloys : Alloys
    alloy_row : int array
        Position of each candidate's alloy in `alloys`, −1 where it has none.
    asked : int array
        Candidates (positions in the reduction) that meet anything, ascending.
    stages : tuple of str
        Which of `STAGES` are asked for.
    mixed, relayed : int arrays
        Those among them that `mixing` and `relay` belong to: the latter have an alloy.
    relay : Lines
        From each of them (x = 0) to its alloy.
    mixing : Lines
        From each of them (x = 0) to the electrolyte.
    """

    alloys: Alloys
    alloy_row: np.ndarray
    asked: np.ndarray
    stages: tuple[str, ...]
    mixed: np.ndarray
    relayed: np.ndarray
    relay: Lines
    mixing: Lines

    @property
    def mixing_ev_per_atom(self) -> np.ndarray:
        """Lowest mutual energy of reactor | electrolyte, NaN for candidates not asked for."""
        values = np.full(len(self.alloy_row), np.nan)
        values[self.mixed] = self.mixing.mutual_ev_per_atom[self.mixing.lowest_kink]
        return values

    @property
    def relay_ev_per_atom(self) -> np.ndarray:
        """Lowest mutual energy of alloy | reactor, NaN for candidates not asked for, 0 without an alloy."""
        if RELAY not in self.stages:
            return np.full(len(self.alloy_row), np.nan)
        values = self.per_alloy(np.zeros(len(self.alloys.phase)))
        values[self.relayed] = self.relay.mutual_ev_per_atom[self.relay.lowest_kink]
        return values

    def per_alloy(self, values: np.ndarray) -> np.ndarray:
        """Spread values of the alloys over the candidates that were asked for, NaN elsewhere.

        A candidate without an alloy leaves the anode metal itself at the electrolyte, which relieves nothing:
        its value is 0.
        """
        spread = np.full(len(self.alloy_row), np.nan)
        spread[self.asked] = np.append(values, 0.0)[self.alloy_row[self.asked]]
        return spread


def excess_energy_ev_per_atom(lines: Lines) -> np.ndarray:
    """Mutual energy with A in excess, per atom of B, (n_lines,) float array."""
    kink = lines.excess_kink
    return lines.mutual_ev_per_atom[kink] / (1.0 - lines.x[kink])


def compute_interfaces(reduction: Reduction, asked: np.ndarray, stages: tuple[str, ...] = STAGES) -> Contacts:
    """Let alloys, reactors and electrolyte meet.

    Parameters
    ----------
    reduction : Reduction
    asked : (n,) bool array
        Candidates for which the reactions among the three are wanted.
    stages : tuple of str
        Which of `STAGES` are computed.

    Returns
    -------
    Contacts

    Raises
    ------
    InputError
        If the snapshot lacks the electrolyte.
    """
    snapshot = reduction.context.snapshot
    electrolyte = electrolyte_composition(reduction.context)
    unique, position = np.unique(reduction.alloy, return_inverse=True)
    none = int(np.searchsorted(unique, 0))
    alloys = _alloys(reduction.context, unique[none:], electrolyte, RELIEF in stages)
    mixed = np.flatnonzero(asked & (MIXING in stages))
    relayed = np.flatnonzero(asked & (RELAY in stages) & (reduction.alloy >= 0))
    mixed_with = Compositions.of_phases(snapshot, reduction.phase[mixed])
    relayed_by = Compositions.of_phases(snapshot, reduction.phase[relayed])
    return Contacts(
        alloys=alloys,
        alloy_row=position - none,
        asked=np.flatnonzero(asked),
        stages=stages,
        mixed=mixed,
        relayed=relayed,
        relay=tie_lines(snapshot, Compositions.of_phases(snapshot, reduction.alloy[relayed]), relayed_by),
        mixing=tie_lines(snapshot, electrolyte, mixed_with),
    )


def electrolyte_composition(context: ScreeningContext) -> Compositions:
    """Composition of the study's electrolyte, which must be in the snapshot."""
    reactant = parse_reactant(context.conditions.electrolyte)
    price(context.snapshot, reactant)
    return Compositions.of([reactant.unit])


def _alloys(context: ScreeningContext, phase: np.ndarray, electrolyte: Compositions, relief: bool) -> Alloys:
    snapshot = context.snapshot
    compositions = Compositions.of_phases(snapshot, phase)
    repeated = electrolyte.take(np.zeros(len(phase), dtype=np.int64))
    potential, alloying = _alloying(context, snapshot, phase, compositions)
    return Alloys(
        phase=phase,
        potential_v=potential,
        alloying=alloying,
        attack=tie_lines(snapshot, compositions, repeated) if relief else None,
        anode_attack=tie_lines(snapshot, context.anode.composition, electrolyte),
    )


def _alloying(
    context: ScreeningContext, snapshot: Snapshot, phase: np.ndarray, compositions: Compositions
) -> tuple[np.ndarray, np.ndarray]:
    """Potential at which each alloy forms from its metal, and whether that metal alloys at all."""
    anode = context.anode
    metals = compositions.without(anode.mobile)
    lines = tie_lines(snapshot, anode.composition, metals)
    stairs = Staircases.of(lines, metals.atoms, anode.charge, anode.content)
    owner = stairs.steps.owner
    products = lines.products_of(stairs.kink)
    potential = np.zeros(len(phase))
    formed = products.phase == phase[owner[products.owner]]
    steps = products.owner[formed]
    potential[owner[steps]] = stairs.voltage_v[steps]
    return potential, stairs.steps.lengths > 0
