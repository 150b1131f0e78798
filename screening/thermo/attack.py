"""What a layer at a lithium potential does to an electrolyte: the grand-potential reaction energy."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from screening.phases.snapshot import Snapshot
from screening.thermo.compositions import Compositions
from screening.thermo.lines import Lines, tie_lines
from screening.thermo.staircases import Staircases


@dataclass(frozen=True, eq=False, kw_only=True)
class Attack:
    """One electrolyte in contact with a reservoir of an element at the potential V*.

    Nothing happens above the first plateau. Below, each plateau p hands over n_p atoms of charge z, so that

        E(V*) = −Σ z·n_p·(V_p − V*)   over the plateaus above V*,

    which at 0 V is the reaction energy with an excess of the pure element, and everywhere minus the integral
    of the charge taken up from V* upwards. The electrolyte is set on the hull.

    Attributes
    ----------
    lines : Lines
        One, from the electrolyte (x = 0) to the anode.
    stairs : Staircases
        Its plateaus, per atom of electrolyte.
    charge : int
        z.

    References
    ----------
    Y. Zhu, X. He, Y. Mo, ACS Appl. Mater. Interfaces 7, 23685 (2015), doi 10.1021/acsami.5b07517.
    W. D. Richards et al., Chem. Mater. 28, 266 (2016), doi 10.1021/acs.chemmater.5b04082.
    """

    lines: Lines
    stairs: Staircases
    charge: int

    @classmethod
    def of(
        cls,
        snapshot: Snapshot,
        electrolyte: Compositions,
        anode: Compositions,
        charge: int = 1,
        content: float = 1.0,
    ) -> "Attack":
        """Walk from one electrolyte to an anode, an element or what brings `content` of it along."""
        lines = tie_lines(snapshot, anode, electrolyte)
        return cls(lines=lines, stairs=Staircases.of(lines, np.ones(1), charge, content), charge=charge)

    @cached_property
    def _taken(self) -> np.ndarray:
        """Atoms taken up on each plateau, per atom of electrolyte."""
        return np.diff(self.stairs.uptake_per_formula, prepend=0.0)

    def energy_ev_per_atom(self, potential_v: np.ndarray) -> np.ndarray:
        """E(V*) per atom of electrolyte, ≤ 0; `potential_v` is (n,), NaN stays NaN."""
        above = np.maximum(self.stairs.voltage_v - np.asarray(potential_v)[:, None], 0.0)
        # summed row by row: a matrix product would round by the number of rows
        return -(above * (self.charge * self._taken)).sum(axis=1)

    def plateaus_above(self, potential_v: np.ndarray) -> np.ndarray:
        """Number of plateaus above V*, (n,) int array."""
        return (self.stairs.voltage_v > np.asarray(potential_v)[:, None]).sum(axis=1)

    def uptake_per_atom(self, potential_v: np.ndarray) -> np.ndarray:
        """Atoms taken up above V*, per atom of electrolyte, (n,)."""
        return np.append(0.0, self.stairs.uptake_per_formula)[self.plateaus_above(potential_v)]

    def kinks(self, potential_v: np.ndarray) -> np.ndarray:
        """Kink of `lines` where the electrolyte stands at V*, (n,) int array."""
        return np.append(self.lines.kink_start[0], self.stairs.kink)[self.plateaus_above(potential_v)]
