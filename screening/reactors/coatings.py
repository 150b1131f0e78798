"""Layers between two named neighbours: compounds that hold the working ion, block electrons, and stay.

A coating on a cathode, a buffer on lithium and a catholyte beside a cathode are asked the same: does the
compound keep its lithium over the cell's window, and does it react with its neighbours? The first neighbour
is the electrode, whose potential reaches the contact: it is met closed, and open to the ion at both ends of
the window. The compound blocks electrons, so that the second one, behind it, is met closed; what the two
would do at the same potential is told, and not counted.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from screening.display import Displayed, Table
from screening.errors import InputError
from screening.phases.composition import Formula, Reactant
from screening.phases.distrust import distrusted_sd
from screening.phases.snapshot import Snapshot
from screening.provenance import Provenance
from screening.ragged import Ragged
from screening.reactors.elements import holds, noble_gas_table, radioactive_table
from screening.thermo.compositions import Compositions
from screening.thermo.conduction import (
    PBE_SHARE_OF_GAP,
    ElectronicClass,
    degree_of_gap,
    electronic_class,
)
from screening.thermo.interface import NO_REACTION_EV_PER_ATOM, stamp
from screening.thermo.lines import Lines, assemblages, tie_lines
from screening.thermo.lithiation import cation_charge
from screening.thermo.reactants import ON_HULL_TOL_EV, price
from screening.thermo.reservoir import Reservoir, window
from screening.thermo.staircases import PLATEAU_MERGE_V, Staircases

if TYPE_CHECKING:
    import pandas as pd

DEFAULT_ABOVE_HULL = 0.005
"""Energy above the hull up to which a compound counts as one that can be made, eV/atom."""

SHOWN = 20

ENERGIES = ("closed_a", "closed_b", "low_a", "low_b", "high_a", "high_b")
"""Contacts: with each neighbour closed (eV per atom), and at the lower and the higher voltage (per atom that
is not of the ion)."""

COUNTED = ("closed_a", "closed_b", "low_a", "high_a")
"""Those that the potential of the first neighbour, the electrode, reaches, and the closed ones."""


@dataclass(frozen=True, kw_only=True)
class Coatings(Displayed):
    """All compounds that may stand between two neighbours, best first.

    Attributes
    ----------
    a, b : str
    element : str
    window_v : tuple of float
    table : DataFrame
        One row per compound: its energy above hull, window, and lowest mutual energy in each of `ENERGIES`;
        ``conducting_polymorph`` where the median gap insulates and the least one is 0; ``stays`` where its
        own window spans the cell's; ``worst_ev`` the lowest of `COUNTED`.
    left_out : mapping of str to int
        Compounds that hold the ion and were left out, by the first reason.
    provenance : Provenance
    """

    plotter = "screening.plots.coatings:plot_coatings"

    a: str
    b: str
    element: str
    window_v: tuple[float, float]
    table: "pd.DataFrame"
    left_out: dict[str, int]
    provenance: Provenance

    def to_frame(self) -> "pd.DataFrame":
        """All of them."""
        return self.table

    @property
    def notes(self) -> tuple[str, ...]:
        """What was counted, and what the columns are."""
        low, high = self.window_v
        left = ", ".join(f"{count} {reason}" for reason, count in self.left_out.items())
        return (
            f"{len(self.table)} compounds, {int(self.table['stays'].sum())} stay from {low:g} to {high:g} V; "
            f"left out: {left}",
            f"lowest mutual energies (eV) with a: {self.a} and b: {self.b}; closed per atom, open per "
            f"non-{self.element} atom; b at a voltage is not counted; ‡ a polymorph of it conducts",
        )

    def display(self) -> Table:
        """The first `SHOWN` of those that stay over the window."""
        import pandas as pd

        low, high = self.window_v
        heads = {"closed_a": "a closed", "low_a": f"a {low:g} V", "high_a": f"a {high:g} V"}
        heads |= {"closed_b": "b closed", "low_b": f"b {low:g} V", "high_b": f"b {high:g} V"}
        rows = [
            {
                "rank": str(row["rank"]),
                "formula": row["formula"] + "‡" * row["conducting_polymorph"],
                "window (V)": f"{row['low_v']:.2f} to {row['high_v']:.2f}",
                **{head: "" if np.isnan(row[name]) else f"{row[name]:.3f}" for name, head in heads.items()},
                "worst": f"{row['worst_ev']:.3f}",
            }
            for row in self.table[self.table["stays"]].head(SHOWN).to_dict("records")
        ]
        name = f"Between {self.a} and {self.b}"
        return Table(name, pd.DataFrame(rows), (*self.notes, self.provenance.line()))


def coatings(
    snapshot: Snapshot,
    neighbours: tuple[Reactant, Reactant],
    window_v: tuple[float, float],
    element: str = "Li",
    *,
    above_hull_ev_per_atom: float = DEFAULT_ABOVE_HULL,
    jobs: int = 2,
) -> Coatings:
    """Rank every compound of the snapshot that may stand between two neighbours.

    Parameters
    ----------
    snapshot : Snapshot
    neighbours : (Reactant, Reactant)
        The electrode and what lies behind the layer, as a cathode and an electrolyte. Of the metal of the ion
        only the closed contact is asked.
    window_v : (float, float)
    element : str
        The working ion: what does not hold it is left out as an insulator of ions.
    above_hull_ev_per_atom : float
    jobs : int
        Threads.

    Raises
    ------
    InputError
        If a neighbour is not in the snapshot, or the window makes no sense.
    """
    if not (0.0 <= above_hull_ev_per_atom <= 1.0 and jobs >= 1):
        raise InputError(
            f"{above_hull_ev_per_atom:g} eV/atom, {jobs} jobs",
            where="coatings",
            remedy="give 0 to 1, and 1 or more",
        )
    volts = window(window_v)
    at = [Reservoir.at_voltage(v, element) for v in (volts[0], volts[-1])]
    if neighbours[0].is_same_as(neighbours[1]):
        raise InputError(
            f"{neighbours[0].text} twice", where="coatings", remedy="name two different neighbours"
        )
    for neighbour in neighbours:
        price(snapshot, neighbour)
    rows, above, left_out = _candidates(snapshot, at[0].number, above_hull_ev_per_atom)
    given = Compositions.of_phases(snapshot, rows)
    tasks: list[Callable[[], np.ndarray]] = [partial(_limits, snapshot, given, at[-1])]
    for each in (None, *at):
        tasks += [partial(_lowest, snapshot, neighbour.unit, given, each) for neighbour in neighbours]
    with ThreadPoolExecutor(jobs) as pool:
        limits, *energies = pool.map(lambda task: task(), tasks)
    table = _table(snapshot, rows, above, limits, energies, (volts[0], volts[-1]))
    return Coatings(
        a=neighbours[0].text,
        b=neighbours[1].text,
        element=element,
        window_v=(volts[0], volts[-1]),
        table=table,
        left_out=left_out,
        provenance=stamp(snapshot),
    )


def _candidates(
    snapshot: Snapshot, ion: int, most_above: float
) -> tuple[np.ndarray, np.ndarray, dict[str, int]]:
    """Phase numbers by chemical system, their energy above hull, and what was left out why."""
    phases = snapshot.phases
    only = np.zeros(119, dtype=bool)
    only[ion] = True
    kept = holds(phases, only) & (phases.n_elements > 1)
    classes, gap = electronic_class(phases), phases.band_gap_ev / PBE_SHARE_OF_GAP
    rules = {
        "with radioactive elements or noble gases": holds(phases, radioactive_table() | noble_gas_table()),
        "with elements whose energies are wrong": distrusted_sd(snapshot) > 0.0,
        "that conduct electrons": (classes == ElectronicClass.METALLIC) | (degree_of_gap(gap) > 0.0),
        "without a known gap": classes == ElectronicClass.UNKNOWN,
    }
    left_out = {}
    for reason, rule in rules.items():
        left_out[reason] = int((kept & rule).sum())
        kept &= ~rule
    rows = np.flatnonzero(kept)
    energy = phases.formation_energy_ev_per_atom[rows]
    above = energy - assemblages(snapshot, Compositions.of_phases(snapshot, rows)).energy_ev_per_atom
    near = above <= most_above
    left_out[f"more than {1e3 * most_above:g} meV/atom above the hull"] = int((~near).sum())
    rows, above = rows[near], np.where(above[near] > ON_HULL_TOL_EV, above[near], 0.0)
    systems = [tuple(phases.atomic_number[phases.rows.row(row)].tolist()) for row in rows.tolist()]
    order = np.array(sorted(range(len(rows)), key=lambda i: systems[i]), dtype=np.int64)
    return rows[order], above[order], left_out


def _lowest(snapshot: Snapshot, neighbour: Formula, given: Compositions, at: Reservoir | None) -> np.ndarray:
    """Lowest mutual energy of each compound with a neighbour, (n,) float array; NaN where it is not asked."""
    if at is None:
        lines = tie_lines(snapshot, Compositions.of([neighbour]), given)
    elif neighbour.atomic_numbers == (at.number,):
        return np.full(len(given), np.nan)
    else:
        lines = tie_lines(
            snapshot,
            Compositions.of([neighbour]),
            given,
            open_element=at.number,
            mu_ev=np.full(len(given), at.mu_ev),
        )
    return _minima(lines)


def _minima(lines: Lines) -> np.ndarray:
    """Lowest mutual energy of each line, NaN of those whose walk did not converge."""
    found = np.full(len(lines), np.nan)
    sound = np.flatnonzero(~lines.failed)
    whole = Lines(
        Ragged.of_lengths(lines.kinks.lengths[sound]).start,
        lines.x,
        lines.energy_ev_per_atom,
        lines.product_start,
        lines.phase,
        lines.amount,
    )
    found[sound] = whole.kinks.reduced(np.minimum, whole.mutual_ev_per_atom)
    return np.where(found > -NO_REACTION_EV_PER_ATOM, 0.0, found)


def _limits(snapshot: Snapshot, given: Compositions, at: Reservoir) -> np.ndarray:
    """Cathodic (0: none) and anodic limit of each compound set on the hull, (n, 2) float array."""
    held = given.amount_of(at.number)
    rest = given.without(at.number)
    lines = tie_lines(snapshot, Compositions.of([Formula(at.element, (at.number,), (1.0,))]), rest)
    if lines.failed.any():
        raise InputError(
            f"{int(lines.failed.sum())} windows did not converge", where="coatings", remedy="report it"
        )
    stairs = Staircases.of(lines, rest.atoms, cation_charge(at.element))
    limits = np.zeros((len(given), 2))
    for i in range(len(given)):
        row = stairs.steps.row(i)
        ends, volts = stairs.uptake_per_formula[row], stairs.voltage_v[row]
        tolerance = 1e-6 * held[i]
        limits[i] = (
            next((v for end, v in zip(ends, volts, strict=True) if end > held[i] + tolerance), 0.0),
            next((v for end, v in zip(ends, volts, strict=True) if end > held[i] - tolerance), 0.0),
        )
    return limits


def _table(
    snapshot: Snapshot,
    rows: np.ndarray,
    above: np.ndarray,
    limits: np.ndarray,
    energies: Sequence[np.ndarray],
    window_v: tuple[float, float],
) -> "pd.DataFrame":
    """All compounds, those that stay over the window first, then by their worst contact."""
    import pandas as pd

    table = pd.DataFrame(
        {
            "formula": snapshot.phases.formula[rows],
            "above_hull_ev_per_atom": above,
            "low_v": limits[:, 0],
            "high_v": limits[:, 1],
            "conducting_polymorph": snapshot.phases.band_gap_min_ev[rows] == 0.0,
            **dict(zip(ENERGIES, energies, strict=True)),
        }
    )
    low, high = window_v
    table["stays"] = (table["low_v"] <= low + PLATEAU_MERGE_V) & (table["high_v"] >= high - PLATEAU_MERGE_V)
    table["worst_ev"] = table[list(COUNTED)].min(axis=1)
    table = table.sort_values(
        ["stays", "worst_ev", "above_hull_ev_per_atom", "formula"], ascending=[False, False, True, True]
    )
    table.insert(0, "rank", np.arange(1, len(table) + 1))
    return table.reset_index(drop=True)
