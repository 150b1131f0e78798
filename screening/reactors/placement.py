"""Candidates placed between two neighbours of a cell: coatings, buffers, catholytes and electrolytes.

Each faces an electrode, closed and open to the working ion at both ends of the cell's window, and on its
other side a neighbour. It blocks electrons, so that no potential reaches the neighbour, which is met closed.
The metal of the ion is the reservoir itself: it is met closed, and the candidate's own window tells the rest.
"""

from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from scipy.sparse import csr_array, diags_array

from screening.errors import InputError
from screening.phases.composition import Formula, parse_reactant, symbol
from screening.reactors.detail import LayerAt, Plateau
from screening.reactors.linear_forms import lowest_form, mutual_form, spread_forms, step_form
from screening.reactors.reduction import CandidatePhases, ScreeningContext
from screening.thermo.compositions import Compositions
from screening.thermo.interface import InterfaceReaction
from screening.thermo.intervals import ErrorBars
from screening.thermo.lines import Lines, assemblages, tie_lines
from screening.thermo.reservoir import Reservoir
from screening.thermo.staircases import PLATEAU_MERGE_V, Staircases

CLOSED: str = "electrode"
LOW: str = "electrode_low"
HIGH: str = "electrode_high"
BEHIND: str = "neighbour"
"""Contacts: with the electrode closed, and open at the lower and the higher voltage; with the neighbour."""

SPARE = 1e-6
"""Share of a formula's ions that counts as none: what rounding leaves of the end of a plateau."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Placement(CandidatePhases):
    """Candidates between two neighbours; (n,) arrays unless said otherwise.

    Attributes
    ----------
    energy_above_hull_ev_per_atom : float array
    held : float array
        Ions per reduced formula.
    lines : Lines
        From each candidate without its ions (x = 0) to the metal of the ion: its uptake and its release.
    stairs : Staircases
        The same as plateaus, per reduced formula without the ions.
    rest_atoms : float array
        Atoms of that formula.
    asked : (m,) int array
        Candidates that meet their neighbours, ascending.
    contacts : dict of str to Lines
        From each of these (x = 0) to a neighbour, by name of the contact.
    """

    energy_above_hull_ev_per_atom: np.ndarray
    held: np.ndarray
    lines: Lines
    stairs: Staircases
    rest_atoms: np.ndarray
    asked: np.ndarray
    contacts: dict[str, Lines]

    @cached_property
    def uptake_step(self) -> np.ndarray:
        """First plateau on which more ions are taken up than the formula holds, int array; −1: none."""
        return self._first_beyond(self.held * (1.0 + SPARE))

    @cached_property
    def release_step(self) -> np.ndarray:
        """Plateau whose end is the formula itself, so that ions leave above it, int array; −1: none."""
        return self._first_beyond(self.held * (1.0 - SPARE))

    def _first_beyond(self, amount: np.ndarray) -> np.ndarray:
        stairs = self.stairs
        beyond = np.flatnonzero(stairs.uptake_per_formula > stairs.steps.spread(amount))
        step = np.append(beyond, len(stairs.voltage_v))[np.searchsorted(beyond, stairs.step_start[:-1])]
        return np.where(step < stairs.step_start[1:], step, -1)

    def limit_v(self, step: np.ndarray) -> np.ndarray:
        """Voltage of one plateau of each candidate; 0 where there is none."""
        return np.append(self.stairs.voltage_v, 0.0)[step]

    def limit_form(self, step: np.ndarray) -> csr_array:
        """The same as linear forms."""
        there = np.flatnonzero(step >= 0)
        charge, n_phases = self.context.anode.charge, len(self.phases)
        forms = step_form(self.lines, self.stairs, self.rest_atoms, step[there], n_phases)
        return spread_forms(csr_array(forms / charge), there, len(self))

    @property
    def stays(self) -> np.ndarray:
        """Whether each is neither reduced nor oxidised by itself over the window, bool array."""
        low, high = self.context.conditions.window_v or (0.0, 0.0)
        kept = self.limit_v(self.uptake_step) <= low + PLATEAU_MERGE_V
        return kept & (self.limit_v(self.release_step) >= high - PLATEAU_MERGE_V)

    def lowest_ev(self, contact: str) -> np.ndarray:
        """Lowest mutual energy of a contact, float array; NaN where it is not asked."""
        values = np.full(len(self), np.nan)
        if contact in self.contacts:
            lines = self.contacts[contact]
            values[self.asked] = lines.mutual_ev_per_atom[lines.lowest_kink]
        return values

    def contact_form(self, contact: str) -> csr_array:
        """The same as linear forms; of open contacts without what the reservoir brings, which is exact."""
        if contact not in self.contacts:
            return csr_array((len(self), len(self.phases)))
        lines = self.contacts[contact]
        if contact in (CLOSED, BEHIND):
            return lowest_form(lines, self.asked, self)
        closed = self.phases.atoms - self._ions_of_all
        whole = np.divide(self.phases.atoms, closed, out=np.zeros(len(closed)), where=closed > 0.0)
        forms = mutual_form(lines, lines.lowest_kink, len(whole)) @ diags_array(whole)
        return spread_forms(csr_array(forms), self.asked, len(self))

    @property
    def _ions_of_all(self) -> np.ndarray:
        every = Compositions.of_phases(self.context.snapshot, np.arange(len(self.phases)))
        return every.amount_of(self.context.anode.mobile)


def place(context: ScreeningContext, phase: np.ndarray) -> Placement:
    """Window of each candidate, before it meets a neighbour.

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
    given = Compositions.of_phases(context.snapshot, phase)
    ion = context.anode.mobile
    rest = given.without(ion)
    lines = tie_lines(context.snapshot, Compositions.of([Formula(symbol(ion), (ion,), (1.0,))]), rest)
    _require_converged(context, lines, phase, symbol(ion))
    hull = assemblages(context.snapshot, given).energy_ev_per_atom
    return Placement(
        context=context,
        phase=phase,
        energy_above_hull_ev_per_atom=np.maximum(
            context.snapshot.phases.formation_energy_ev_per_atom[phase] - hull, 0.0
        ),
        held=given.amount_of(ion),
        lines=lines,
        stairs=Staircases.of(lines, rest.atoms, context.anode.charge),
        rest_atoms=rest.atoms,
        asked=np.zeros(0, dtype=np.int64),
        contacts={},
    )


def meet(placement: Placement, asked: np.ndarray) -> dict[str, Lines]:
    """Let candidates, (m,) int array of positions, meet their neighbours: contacts by name.

    Raises
    ------
    InputError
        If a walk fails.
    """
    context, conditions = placement.context, placement.context.conditions
    phase, ion = placement.phase[asked], context.anode.mobile
    given = Compositions.of_phases(context.snapshot, phase)
    electrode, neighbour = (conditions.met[name].unit for name in ("electrode", "neighbour"))
    met = partial(tie_lines, context.snapshot)
    found = {
        CLOSED: met(Compositions.of([electrode]), given),
        BEHIND: met(Compositions.of([neighbour]), given),
    }
    if electrode.atomic_numbers != (ion,) and conditions.cathode:
        for name, volts in zip((LOW, HIGH), conditions.window_v or (), strict=True):
            mu = np.full(len(given), Reservoir.at_voltage(volts, symbol(ion)).mu_ev)
            found[name] = met(Compositions.of([electrode]), given, open_element=ion, mu_ev=mu)
    for name, lines in found.items():
        _require_converged(context, lines, phase, name)
    return found


def _require_converged(context: ScreeningContext, lines: Lines, phase: np.ndarray, other: str) -> None:
    if lines.failed.any():
        name = context.snapshot.phases.formula[phase[np.argmax(lines.failed)]]
        raise InputError(f"the convex hull between {other} and {name} did not converge")


@dataclass(frozen=True, kw_only=True)
class PlacedDetail:
    """One candidate spelled out; it has no plateaus and leaves no alloy, as a reactor has.

    Attributes
    ----------
    formula : str
    curves : tuple of InterfaceReaction
        Closed contacts of the electrode and of the neighbour with it.
    """

    formula: str
    curves: tuple[InterfaceReaction, ...]
    plateaus: tuple[Plateau, ...] = ()
    at_potential: tuple[LayerAt, ...] = ()
    at_excess: Plateau | None = None
    alloy: str = ""

    @property
    def energy_above_hull_ev_per_atom(self) -> float:
        """Own energy above the hull."""
        return self.curves[0].energy_above_hull_ev_per_atom.b

    @property
    def estimated(self) -> bool:
        """Whether it or a product of the electrode is an estimate."""
        return self.curves[0].estimated

    @property
    def origin(self) -> str:
        """Where these energies come from, if not from the source."""
        return ", ".join(dict.fromkeys(self.curves[0].origins.values()))


def placed_detail(context: ScreeningContext, label: str, error_bars: ErrorBars) -> PlacedDetail:
    """Spell out one candidate."""
    candidate, others = parse_reactant(label), (context.conditions.met[n] for n in ("electrode", "neighbour"))
    return PlacedDetail(
        formula=label,
        curves=tuple(
            context.react(other, candidate, error_bars=error_bars)
            for other in others
            if not other.is_same_as(candidate)
        ),
    )
