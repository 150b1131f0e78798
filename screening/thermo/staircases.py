"""Uptake of one element by many compounds: the staircase of voltage against uptake, on arrays.

The line from a compound F to the pure element A is also a titration: at fraction x, one formula of F has
taken up n = x·N/(1 − x) atoms of A (N atoms per formula), and the slope of the hull energy against n is the
chemical potential of A, hence the voltage of that plateau.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from screening.ragged import Ragged
from screening.thermo.lines import Lines

PLATEAU_MERGE_V = 1e-6
"""Plateaus closer than this are one, and a plateau must lie this far above 0 V to be an uptake."""

DEFAULT_FLOOR_V = 0.02
"""Plateaus below this floor are left out of criteria: near 0 V the hull dissolves metal in lithium almost
without driving force (Mg goes on to Li5Mg at 0.00 V)."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Staircases:
    """Uptake plateaus of many compounds, in falling voltage.

    Attributes
    ----------
    step_start : (n + 1,) int64 array
        Slices of each compound into the next four.
    voltage_v : (n_steps,) float array
        Against the pure element.
    uptake_per_formula : (n_steps,) float array
        Atoms taken up per formula once the plateau is finished.
    energy_ev_per_formula : (n_steps,) float array
        Hull energy of the products there, what A brought along counted 0.
    kink : (n_steps,) int64 array
        Kink of the underlying `Lines`, for the products.
    start_energy_ev_per_formula : (n,) float array
        Hull energy before any uptake.
    """

    step_start: np.ndarray
    voltage_v: np.ndarray
    uptake_per_formula: np.ndarray
    energy_ev_per_formula: np.ndarray
    kink: np.ndarray
    start_energy_ev_per_formula: np.ndarray

    def __len__(self) -> int:
        return len(self.step_start) - 1

    @cached_property
    def steps(self) -> Ragged:
        """Plateaus of each compound in the flat arrays."""
        return Ragged(self.step_start)

    @classmethod
    def of(cls, lines: Lines, atoms: np.ndarray, charge: int = 1, content: float = 1.0) -> "Staircases":
        """Staircases along lines whose A end is the pure element, or an alloy that brings it along.

        Parameters
        ----------
        lines : Lines
            Without failed ones.
        atoms : (n,) float array
            Atoms per formula of each compound.
        charge : int
            Electrons that one atom of the element brings.
        content : float
            Atomic fraction of the element in A; below 1 voltages are against the alloy A.
        """
        last = np.zeros(len(lines.x), dtype=bool)
        last[lines.kink_start[1:] - 1] = True
        kept = np.flatnonzero(~last)
        owner = lines.kinks.owner[kept]
        x, per_formula = lines.x[kept], atoms[owner]
        added = x * per_formula / (1.0 - x)
        uptake = added * content
        energy = lines.energy_ev_per_atom[kept] * (per_formula + added)
        energy -= lines.energy_ev_per_atom[lines.kink_start[1:] - 1][owner] * added
        step = np.flatnonzero(np.diff(owner, prepend=-1) == 0)
        voltage = -(energy[step] - energy[step - 1]) / (uptake[step] - uptake[step - 1]) / charge
        above = voltage > PLATEAU_MERGE_V
        step, voltage = step[above], voltage[above]
        merged = np.zeros(len(step), dtype=bool)
        merged[:-1] = (np.diff(owner[step]) == 0) & (-np.diff(voltage) < PLATEAU_MERGE_V)
        step, voltage = step[~merged], voltage[~merged]
        return cls(
            step_start=Ragged.of_lengths(np.bincount(owner[step], minlength=len(lines))).start,
            voltage_v=voltage,
            uptake_per_formula=uptake[step],
            energy_ev_per_formula=energy[step],
            kink=kept[step],
            start_energy_ev_per_formula=lines.energy_ev_per_atom[lines.kink_start[:-1]] * atoms,
        )

    def last_step(self, floor_v: float = 0.0) -> np.ndarray:
        """Last step of each compound above a floor, (n,) int64 array; −1 where there is none."""
        owner = self.steps.owner[self.voltage_v > floor_v]
        counts = np.bincount(owner, minlength=len(self))
        return np.where(counts > 0, self.step_start[:-1] + counts - 1, -1)

    def reached(self, last: np.ndarray, budget: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """How far a limited number of atoms takes each compound.

        Parameters
        ----------
        last : (n,) int array
            Step beyond which none goes, −1 for one that takes nothing up; see `last_step`.
        budget : (n,) float array
            Atoms for each formula, above 0; may be infinite.

        Returns
        -------
        step : (n,) int array
            Last step that is entered.
        share : (n,) float array
            How much of it is done; 1 for a compound without steps.
        """
        first = self.step_start[:-1]
        done = self.uptake_per_formula <= budget[self.steps.owner]
        finished = np.bincount(self.steps.owner[done], minlength=len(self))
        step = np.minimum(first + finished, last)
        share = np.ones(len(self))
        part = np.flatnonzero((step >= 0) & (first + finished <= last))
        end = self.uptake_per_formula[step[part]]
        begin = np.where(step[part] > first[part], self.uptake_per_formula[step[part] - 1], 0.0)
        share[part] = (budget[part] - begin) / (end - begin)
        # a budget that just finishes a plateau leaves nothing of the next one
        exact = part[share[part] <= 0.0]
        step[exact], share[exact] = step[exact] - 1, 1.0
        return step, share
