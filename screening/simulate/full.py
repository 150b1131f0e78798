"""A simulated full cell whose truth is known, to test what the analysis recovers. Never a measurement.

The voltage follows a multi-species, multi-reaction isotherm: each phase reaction *j* of the positive
electrode holds the fraction X_j of the capacity at the potential U_j with the width w_j, and the state of
charge at an equilibrium voltage U is s(U) = Σ X_j / (1 + exp(−(U − U_j)/w_j)). At constant current the cell
shows U(s) ± η between its cut-off voltages, and η grows by a constant per cycle. Capacity falls linearly
with the cycle number; what the charge passes beyond the discharge (first cycle: the first loss) is spread
over the charge. These laws are chosen for their known truth, not fitted to a cell; the default figures are
those that Duan et al. report.

References
----------
M. Verbrugge, D. Baker, B. Koch, X. Xiao, W. Gu, J. Electrochem. Soc. 164 (2017) E3243, doi
10.1149/2.0341708jes; H. Duan et al., Adv. Energy Mater. 13 (2023) 2300815, doi 10.1002/aenm.202300815.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit

from screening.errors import InputError
from screening.lab.cycling.table import CyclingData, Flag, FlagKind, cycling_data_from_arrays


@dataclass(frozen=True)
class PhaseReaction:
    """One term of the isotherm.

    Attributes
    ----------
    fraction : float
        Share X_j of the capacity.
    voltage_v : float
        Potential U_j of its middle, V.
    width_v : float
        Width w_j, V; an ideal plateau tends to 0.
    """

    fraction: float
    voltage_v: float
    width_v: float


@dataclass(frozen=True, kw_only=True)
class FullCellTruth:
    """What a simulated full cell is; the defaults are the founding paper's figures.

    Attributes
    ----------
    active_mass_mg, area_cm2 : float
        LiCoO2 in 10 mg of a 7:3 composite, and a die of 10 mm.
    first_discharge_mah_g, first_efficiency : float
        Of the first cycle.
    steady_efficiency : float
        Coulombic efficiency of all later cycles.
    cycles : int
        Number of cycles.
    final_retention : float
        Discharge capacity of the last cycle over that of the first.
    c_rate_per_h : float
        Current over the first discharge capacity.
    plateau_v : float
        Where the first charge shows its main plateau, polarisation included.
    plateau_fraction, plateau_width_v : float
        Share of the capacity on that plateau, and its width.
    slopes : tuple of PhaseReaction
        The rest of the isotherm (the sloping part above the plateau).
    extra : PhaseReaction or None
        A plateau that should not be there; the others shrink to make room for it.
    overpotential_v, overpotential_growth_v : float
        η in the first cycle, and its growth per cycle.
    lower_v, upper_v : float
        Cut-off voltages.
    interval_s : float
        Time between rows.
    noise_v : float
        Standard deviation of the voltage.
    """

    active_mass_mg: float = 7.0
    area_cm2: float = 0.785
    first_discharge_mah_g: float = 137.5
    first_efficiency: float = 0.96
    steady_efficiency: float = 0.997
    cycles: int = 100
    final_retention: float = 0.71
    c_rate_per_h: float = 0.3
    plateau_v: float = 3.9
    plateau_fraction: float = 0.55
    plateau_width_v: float = 0.010
    slopes: tuple[PhaseReaction, ...] = (PhaseReaction(0.27, 4.04, 0.050), PhaseReaction(0.18, 4.17, 0.050))
    extra: PhaseReaction | None = None
    overpotential_v: float = 0.020
    overpotential_growth_v: float = 0.0005
    lower_v: float = 2.6
    upper_v: float = 4.2
    interval_s: float = 60.0
    noise_v: float = 2e-4

    def reactions(self) -> tuple[PhaseReaction, ...]:
        """All terms of the isotherm, fractions summing to 1; potentials without polarisation."""
        main = PhaseReaction(
            self.plateau_fraction, self.plateau_v - self.overpotential_v, self.plateau_width_v
        )
        terms = (main, *self.slopes)
        room = 1.0 - (self.extra.fraction if self.extra else 0.0)
        scale = room / sum(term.fraction for term in terms)
        scaled = tuple(replace(term, fraction=term.fraction * scale) for term in terms)
        if self.extra is None:
            return scaled
        return (*scaled, replace(self.extra, voltage_v=self.extra.voltage_v - self.overpotential_v))

    def retention(self, cycle: np.ndarray) -> np.ndarray:
        """Discharge capacity of a cycle (from 1) over that of the first, shape of `cycle`."""
        return 1.0 - (1.0 - self.final_retention) * (cycle - 1) / max(self.cycles - 1, 1)


GRID_POINTS = 20_001
REST_ROWS = 5


@dataclass(frozen=True)
class _Isotherm:
    """Equilibrium voltage and state of charge, both rising, shape (n,)."""

    voltage_v: np.ndarray
    state: np.ndarray


@dataclass(frozen=True)
class _Course:
    """Time from the cycle's start, voltage and current, shape (n_rows,)."""

    time_s: np.ndarray
    voltage_v: np.ndarray
    current_a: np.ndarray


def _isotherm(truth: FullCellTruth, margin_v: float) -> _Isotherm:
    voltage = np.linspace(truth.lower_v - margin_v, truth.upper_v + margin_v, GRID_POINTS)
    state = np.zeros(GRID_POINTS)
    for term in truth.reactions():
        state += term.fraction * expit((voltage - term.voltage_v) / term.width_v)
    return _Isotherm(voltage, state)


def _cycle(truth: FullCellTruth, isotherm: _Isotherm, cycle: int) -> _Course:
    """Charge, rest, discharge, rest of one cycle (from 1)."""
    eta = truth.overpotential_v + truth.overpotential_growth_v * (cycle - 1)
    efficiency = truth.first_efficiency if cycle == 1 else truth.steady_efficiency
    first_discharge_mah = truth.active_mass_mg * 1e-3 * truth.first_discharge_mah_g
    current_a = truth.c_rate_per_h * first_discharge_mah * 1e-3
    capacity = first_discharge_mah * float(truth.retention(np.array(cycle)))
    low, high = np.interp((truth.lower_v + eta, truth.upper_v - eta), isotherm.voltage_v, isotherm.state)
    times, voltages, currents = [], [], []
    clock = 0.0
    for sign, amount in ((1, capacity / efficiency), (-1, capacity)):
        duration = amount * 3.6 / current_a
        elapsed = np.append(np.arange(0.0, duration, truth.interval_s), duration)
        share = elapsed / duration if sign > 0 else 1.0 - elapsed / duration
        equilibrium = np.interp(low + (high - low) * share, isotherm.state, isotherm.voltage_v)
        rest = np.arange(1, REST_ROWS + 1) * truth.interval_s
        times += [clock + elapsed, clock + duration + rest]
        voltages += [equilibrium + sign * eta, np.full(REST_ROWS, equilibrium[-1])]
        currents += [np.full(len(elapsed), sign * current_a), np.zeros(REST_ROWS)]
        clock += duration + float(rest[-1])
    return _Course(np.concatenate(times), np.concatenate(voltages), np.concatenate(currents))


def simulate_full_cell(truth: FullCellTruth, seed: int = 0) -> CyclingData:
    """Simulate a galvanostatic full cell, charge first.

    Parameters
    ----------
    truth : FullCellTruth
        The cell.
    seed : int
        Of the voltage noise.

    Returns
    -------
    CyclingData
        Labelled as simulated in its cell name and by a flag; with area and active mass.

    Raises
    ------
    InputError
        If the truth is no cell: no cycles, or an overpotential that leaves no voltage window.
    """
    last = truth.overpotential_v + truth.overpotential_growth_v * max(truth.cycles - 1, 0)
    if truth.cycles < 1 or truth.lower_v + 2 * last >= truth.upper_v:
        raise InputError(
            f"{truth.cycles} cycles with an overpotential up to {last:.3g} V cannot be simulated",
            where="simulated full cell",
            remedy="give at least one cycle and an overpotential below half the voltage window",
        )
    isotherm = _isotherm(truth, last)
    times, voltages, currents, cycles = [], [], [], []
    clock = 0.0
    for cycle in range(1, truth.cycles + 1):
        course = _cycle(truth, isotherm, cycle)
        times.append(clock + course.time_s)
        voltages.append(course.voltage_v)
        currents.append(course.current_a)
        cycles.append(np.full(len(course.time_s), cycle, dtype=np.int32))
        clock = float(times[-1][-1])
    voltage = np.concatenate(voltages)
    voltage += np.random.default_rng(seed).normal(0.0, truth.noise_v, len(voltage))
    data = cycling_data_from_arrays(
        np.concatenate(times),
        voltage,
        np.concatenate(currents),
        cell=f"simulated full cell, seed {seed}",
        cycle_count=np.concatenate(cycles),
    )
    truth_text = (
        f"truth: {truth.first_discharge_mah_g} mAh/g, efficiency {truth.first_efficiency}, "
        f"plateau {truth.plateau_v} V"
    )
    data = data.of_cell(area_cm2=truth.area_cm2, active_mass_mg=truth.active_mass_mg)
    return data.with_flags([Flag(FlagKind.SIMULATED, truth_text)])
