"""What to weigh: the readily bought binaries that make up a compound, and their masses."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from screening.phases.composition import Formula, composition_key, parse_formula, symbol
from screening.phases.snapshot import Snapshot
from screening.phases.trade import Shelf, shelf
from screening.reactors.sense import explosive, peroxide
from screening.thermo.compositions import Compositions
from screening.thermo.lines import assemblages
from screening.thermo.reactions import Term, write_reaction

ANIONS = ("F", "O", "Cl", "N", "Br", "I", "S", "Se", "Te")
"""Elements that count as the anion of a salt."""

BALANCE_TOL = 1e-9
"""Largest error of an element's balance, atoms per atom of compound; amounts are exact to 1e-12."""

ABSENT_TOL = 1e-7
"""Moles per mole of atoms below which the programme's answer leaves a binary out."""

ON_HULL_EV_PER_ATOM = 1e-6
"""A binary this close to the hull is on it."""


@dataclass(frozen=True, kw_only=True)
class Precursor:
    """One powder to weigh.

    Attributes
    ----------
    formula : str
    name, cas : str
        Empty where the binary is not on the list of readily bought ones.
    moles : float
        Per mole of compound as written.
    mass_g : float
    origin : str
        Where its energy comes from, if not from the source: ``estimated``.
    """

    formula: str
    name: str
    cas: str
    moles: float
    mass_g: float
    origin: str


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a compound is bought or made.

    Attributes
    ----------
    formula : str
    batch_g : float
    route : {"bought", "listed binaries", "stable binaries", "none"}
        A binary is bought as such. ``listed binaries`` are stocked by suppliers; ``stable binaries`` are on
        the hull of the snapshot, and whether anyone sells them is to be looked up.
    reaction : str
        Empty unless it is made.
    reaction_energy_ev_per_atom : float or None
        Compound minus precursors; above 0 the precursors are the stabler side by these energies.
    precursors : tuple of Precursor
    """

    formula: str
    batch_g: float
    route: str
    reaction: str = ""
    reaction_energy_ev_per_atom: float | None = None
    precursors: tuple[Precursor, ...] = ()


def recipe(snapshot: Snapshot, compound: Formula, batch_g: float = 1.0) -> Recipe:
    """Precursors and masses for one batch.

    Of all combinations of binary salts that balance the compound, the one of lowest energy is taken: what the
    hull over binaries alone holds at this composition. Salts join one element that is no anion to an anion of
    the compound. Listed binaries come first; where they do not balance it, all binaries on the hull may.

    Returns
    -------
    Recipe
        Of route ``none`` where no combination of binary salts balances.
    """
    phase = snapshot.find(compound)
    if len(compound.atomic_numbers) <= 2:
        bought = _precursor(snapshot, phase, compound, 1.0, batch_g)
        return Recipe(formula=compound.text, batch_g=batch_g, route="bought", precursors=(bought,))
    salts = _salts(snapshot, compound)
    listed = np.array([i for i in salts.tolist() if _stocked(snapshot, i)], dtype=np.int64)
    for route, rows in (("listed binaries", listed), ("stable binaries", _on_hull(snapshot, salts))):
        moles = _lowest_balance(snapshot, compound, rows)
        if moles:
            return _weighed(snapshot, compound, batch_g, route, moles)
    return Recipe(formula=compound.text, batch_g=batch_g, route="none")


def _precursor(
    snapshot: Snapshot, phase: int | None, formula: Formula, moles: float, mass_g: float
) -> Precursor:
    """One powder as it is bought."""
    known = _stocked(snapshot, phase) or Shelf("", "")
    return Precursor(
        formula=formula.text,
        name=known.name,
        cas=known.cas,
        moles=moles,
        mass_g=mass_g,
        origin="" if phase is None else str(snapshot.phases.origin[phase]),
    )


def _stocked(snapshot: Snapshot, phase: int | None) -> Shelf | None:
    """What the list holds of a phase, by composition and not by spelling."""
    if phase is None:
        return None
    return _shelf_by_composition().get(composition_key(snapshot.formula(phase)))


@cache
def _shelf_by_composition() -> dict[tuple[tuple[int, ...], tuple[int, ...]], Shelf]:
    return {composition_key(parse_formula(name)): each for name, each in shelf().items()}


def _salts(snapshot: Snapshot, compound: Formula) -> np.ndarray:
    """Binary phases of one other element with one anion of the compound, (n,) int array.

    No peroxides and azides: what is made of them is none of a mixture of powders.
    """
    phases = snapshot.phases
    within = snapshot.index.within(np.array(compound.atomic_numbers))
    binary = within[phases.n_elements[within] == 2]
    first = phases.row_start[:-1][binary]
    pair = phases.atomic_number[np.column_stack((first, first + 1))]
    anion = np.array([[symbol(int(z)) in ANIONS for z in row] for row in pair]).reshape(-1, 2)
    salts = binary[anion.sum(axis=1) == 1]
    held = phases.take(salts)
    return salts[~(explosive(held) | peroxide(held))]


def _on_hull(snapshot: Snapshot, rows: np.ndarray) -> np.ndarray:
    """Those of these phases that are stable."""
    if not len(rows):
        return rows
    hull = assemblages(snapshot, Compositions.of_phases(snapshot, rows)).energy_ev_per_atom
    above = snapshot.phases.formation_energy_ev_per_atom[rows] - hull
    return rows[above <= ON_HULL_EV_PER_ATOM]


def _lowest_balance(snapshot: Snapshot, compound: Formula, rows: np.ndarray) -> dict[int, float]:
    """Moles of each binary per mole of compound, of lowest energy; empty where none balances."""
    from scipy.optimize import linprog

    if not len(rows):
        return {}
    phases = snapshot.phases
    formulas = [snapshot.formula(i) for i in rows.tolist()]
    content = np.array([[f.amount_of(z) for f in formulas] for z in compound.atomic_numbers])
    target = np.array(compound.amounts) / compound.n_atoms
    energy = phases.formation_energy_ev_per_atom[rows] * phases.atoms[rows]
    found = linprog(energy, A_eq=content, b_eq=target, bounds=(0.0, None), method="highs-ds")
    if not found.success:
        return {}
    used = np.flatnonzero(np.asarray(found.x) > ABSENT_TOL)
    exact, *_ = np.linalg.lstsq(content[:, used], target, rcond=None)
    if np.abs(content[:, used] @ exact - target).max() > BALANCE_TOL:
        return {}
    return dict(zip(rows[used].tolist(), (exact * compound.n_atoms).tolist(), strict=True))


def _weighed(
    snapshot: Snapshot, compound: Formula, batch_g: float, route: str, moles: dict[int, float]
) -> Recipe:
    phases = snapshot.phases
    formulas = {phase: snapshot.formula(phase) for phase in moles}
    grams = {p: batch_g * n * formulas[p].molar_mass_g / compound.molar_mass_g for p, n in moles.items()}
    precursors = [_precursor(snapshot, p, formulas[p], n, grams[p]) for p, n in moles.items()]
    energy = None
    own = snapshot.find(compound)
    if own is not None:
        before = sum(
            amount * float(phases.formation_energy_ev_per_atom[p] * phases.atoms[p])
            for p, amount in moles.items()
        )
        energy = float(phases.formation_energy_ev_per_atom[own]) - before / compound.n_atoms
    terms = [Term(p.formula, p.moles) for p in precursors]
    return Recipe(
        formula=compound.text,
        batch_g=batch_g,
        route=route,
        reaction=write_reaction(terms, [Term(compound.text, 1.0)]),
        reaction_energy_ev_per_atom=energy,
        precursors=tuple(precursors),
    )
