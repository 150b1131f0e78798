"""What alloy, reactor and electrolyte do to each other: the dearer half of an assessment, on arrays."""

from dataclasses import dataclass

import numpy as np

from screening.reactors.reduction import Reduction, ScreeningContext
from screening.thermo.attack import Attack
from screening.thermo.compositions import Compositions
from screening.thermo.lines import Lines, tie_lines
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
    lines : Lines
        From each metal (x = 0) to the anode.
    begin, end : int arrays
        Kinks of `lines` at the two ends of that plateau, −1 where there is none.
    atoms : float array
        Of the metal, per formula of the alloy.
    """

    phase: np.ndarray
    potential_v: np.ndarray
    alloying: np.ndarray
    lines: Lines
    begin: np.ndarray
    end: np.ndarray
    atoms: np.ndarray


@dataclass(frozen=True, eq=False, kw_only=True)
class Contacts:
    """Reactions among alloy, reactor and electrolyte; (n,) arrays over the candidates of a reduction.

    Attributes
    ----------
    attack : Attack
        Of the anode on the electrolyte.
    alloys : Alloys
    potential_v : float array
        Of the layer, against the anode: the study's; that of the plateau on which the anode runs out; or that
        at which its alloy holds the anode metal, 0 without such an alloy. NaN where not asked for.
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

    attack: Attack
    alloys: Alloys
    potential_v: np.ndarray
    alloy_row: np.ndarray
    asked: np.ndarray
    stages: tuple[str, ...]
    mixed: np.ndarray
    relayed: np.ndarray
    relay: Lines
    mixing: Lines

    @property
    def relief_ev_per_atom(self) -> np.ndarray:
        """How much less than the anode the layer attacks, per atom of electrolyte; NaN: not asked for."""
        if RELIEF not in self.stages:
            return np.full(len(self.alloy_row), np.nan)
        energy = self.attack.energy_ev_per_atom
        return energy(self.potential_v) - energy(np.zeros(1))

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

    @property
    def alloys_with_anode(self) -> np.ndarray:
        """1 where the alloy's metal forms a compound with the anode on the hull, 0 where none."""
        return self.per_alloy(self.alloys.alloying.astype(float))

    def per_alloy(self, values: np.ndarray) -> np.ndarray:
        """Spread values of the alloys over the candidates that were asked for, NaN elsewhere.

        A candidate without an alloy leaves the anode metal itself at the electrolyte, which relieves nothing:
        its value is 0.
        """
        spread = np.full(len(self.alloy_row), np.nan)
        spread[self.asked] = np.append(values, 0.0)[self.alloy_row[self.asked]]
        return spread


def compute_interfaces(reduction: Reduction, asked: np.ndarray, stages: tuple[str, ...] = STAGES) -> Contacts:
    """Let alloys, reactors and electrolyte meet.

    Parameters
    ----------
    reduction : Reduction
    asked : (n,) bool array
        Candidates for which the reactions among the three are wanted.
    stages : tuple of str
        Which of `STAGES` are computed.

    Raises
    ------
    InputError
        If the snapshot lacks the electrolyte.
    """
    snapshot = reduction.context.snapshot
    electrolyte = reduction.context.electrolyte
    unique, position = np.unique(reduction.alloy, return_inverse=True)
    none = int(np.searchsorted(unique, 0))
    alloys = _alloys(reduction.context, unique[none:])
    mixed = np.flatnonzero(asked & (MIXING in stages))
    relayed = np.flatnonzero(asked & (RELAY in stages) & (reduction.alloy >= 0))
    mixed_with = Compositions.of_phases(snapshot, reduction.phase[mixed])
    relayed_by = Compositions.of_phases(snapshot, reduction.phase[relayed])
    alloy_row = position - none
    of_alloy = np.append(alloys.potential_v, 0.0)[alloy_row]
    return Contacts(
        attack=reduction.context.attack,
        alloys=alloys,
        potential_v=np.where(asked, _potential_v(reduction, of_alloy), np.nan),
        alloy_row=alloy_row,
        asked=np.flatnonzero(asked),
        stages=stages,
        mixed=mixed,
        relayed=relayed,
        relay=tie_lines(snapshot, Compositions.of_phases(snapshot, reduction.alloy[relayed]), relayed_by),
        mixing=tie_lines(snapshot, electrolyte, mixed_with),
    )


def _potential_v(reduction: Reduction, of_alloy: np.ndarray) -> np.ndarray:
    """Potential of each layer against the anode, from that of its alloy, (n,)."""
    fixed, stairs = reduction.context.conditions.potential_v, reduction.stairs
    if fixed is not None:
        return np.full(len(reduction), fixed)
    running = np.append(stairs.voltage_v, np.nan)[reduction.end_step]
    return np.where(reduction.starved & (reduction.end_step >= 0), running, of_alloy)


def _alloys(context: ScreeningContext, phase: np.ndarray) -> Alloys:
    """At which potential each alloy forms from its metal, and whether that metal alloys at all."""
    snapshot, anode = context.snapshot, context.anode
    metals = Compositions.of_phases(snapshot, phase).without(anode.mobile)
    lines = tie_lines(snapshot, anode.composition, metals)
    stairs = Staircases.of(lines, metals.atoms, anode.charge, anode.content)
    products = lines.products_of(stairs.kink)
    step = products.owner[products.phase == phase[stairs.steps.owner[products.owner]]]
    owner = stairs.steps.owner[step]
    potential, ends = np.zeros(len(phase)), np.full((2, len(phase)), -1)
    potential[owner] = stairs.voltage_v[step]
    first = step == stairs.step_start[owner]
    ends[:, owner] = np.where(first, lines.kink_start[owner], stairs.kink[step - 1]), stairs.kink[step]
    return Alloys(
        phase=phase,
        potential_v=potential,
        alloying=stairs.steps.lengths > 0,
        lines=lines,
        begin=ends[0],
        end=ends[1],
        atoms=metals.atoms,
    )
