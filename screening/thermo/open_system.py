"""Reactions of two reactants that exchange one element with a reservoir: at a voltage, in a gas.

With element i open, the mixture minimises Φ = E − μ_i·N_i. Compositions, kinks and energies then count the
other elements only: energies are per atom that is not of the open element, and the open element stands on
whichever side of a reaction balances it.

References
----------
W. D. Richards et al., Chem. Mater. 28, 266 (2016), doi 10.1021/acs.chemmater.5b04082.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from screening.errors import InputError
from screening.phases.composition import Formula, Reactant, same_composition
from screening.phases.distrust import cautions
from screening.phases.snapshot import Snapshot
from screening.thermo.interface import (
    InterfaceReaction,
    InterfaceReactions,
    Kink,
    OfBoth,
    rounded,
    stamp,
)
from screening.thermo.lines import Compositions, Lines, tie_lines
from screening.thermo.reactants import (
    PricedReactant,
    phase_name,
    price,
    product_terms,
    reactant_terms,
    require_few_elements,
)
from screening.thermo.reactions import Moles, Term, write_reaction
from screening.thermo.reservoir import Reservoir
from screening.units import EV_TO_KJ_PER_MOL

if TYPE_CHECKING:
    import pandas as pd

NO_EXCHANGE = 1e-9
"""Moles of the open element below which none is exchanged."""


@dataclass(frozen=True)
class OpenKink(Kink):
    """One corner of an open reaction; energies are per atom that is not of the open element.

    Attributes
    ----------
    x_counted : float
        Fraction of A by those atoms, in which energies are linear.
    taken_up : float
        Moles of the open element taken up per mole of B (of A at x = 1); negative where it is given off.
    """

    x_counted: float
    taken_up: float


@dataclass(frozen=True, kw_only=True)
class OpenReaction(InterfaceReaction):
    """All kinks between two reactants with one element open; `Kink` is here `OpenKink`.

    Attributes
    ----------
    reservoir : Reservoir
    """

    plotter = "screening.plots.open_system:plot_open"

    reservoir: Reservoir

    @property
    def title(self) -> str:
        """The pair and its reservoir."""
        return f"{super().title}, {self.reservoir.text}"

    @property
    def per(self) -> str:
        """What energies are divided by."""
        return f"non-{self.reservoir.element} atom"

    @property
    def counted_atoms(self) -> OfBoth:
        """Atoms per formula that are not of the open element."""
        units = self.reactant_a.unit, self.reactant_b.unit
        return OfBoth(*(_closed_atoms(unit, self.reservoir) for unit in units))

    @property
    def x_counted(self) -> np.ndarray:
        """Fraction of A by `counted_atoms` at each kink, (n_kinks,) float array."""
        return np.array([kink.x_counted for kink in self.kinks if isinstance(kink, OpenKink)])

    def to_frame(self) -> "pd.DataFrame":
        """One row per kink, with the reservoir; energies per atom that is not of the open element."""
        frame = super().to_frame().rename(columns=_renamed)
        frame.insert(2, "open_element", self.reservoir.element)
        frame.insert(3, "mu_ev", self.reservoir.mu_ev)
        frame.insert(4, "voltage_v", self.reservoir.voltage_v)
        frame.insert(5, "taken_up", [kink.taken_up for kink in self.kinks if isinstance(kink, OpenKink)])
        return frame

    def as_dict(self) -> dict[str, Any]:
        """Content for JSON."""
        content = super().as_dict()
        content["kinks"] = [_with_new_names(each) for each in content["kinks"]]
        for key in ("minimum", "minimum_mutual"):
            content[key] = _with_new_names(content[key])
        return {**content, "open": {**vars(self.reservoir), "energies_per": self.per}}


def _renamed(name: str) -> str:
    return {
        "total_ev_per_atom": "total_ev_per_closed_atom",
        "mutual_ev_per_atom": "mutual_ev_per_closed_atom",
    }.get(name, name)


def _with_new_names(kink: dict[str, Any]) -> dict[str, Any]:
    return {_renamed(name): value for name, value in kink.items()}


class OpenReactions(InterfaceReactions):
    """Several open reactions: of several voltages curves, of a whole range a map."""

    plotter = "screening.plots.open_system:plot_open"


def react_open(
    snapshot: Snapshot, a: Reactant, b: Reactant, at: Sequence[Reservoir], *, at_hull: bool = False
) -> tuple[OpenReaction, ...]:
    """Reactions of A with B at each of several potentials of one open element.

    Parameters
    ----------
    snapshot : Snapshot
    a, b : Reactant
    at : sequence of Reservoir
        All of one element.
    at_hull : bool
        As of `interface.react`.

    Raises
    ------
    InputError
        If nothing of a reactant is left besides the open element, both are the same without it, or a reactant
        cannot be priced.
    """
    units = a.unit, b.unit
    _require_something_left(snapshot, units, at[0])
    priced = price(snapshot, a, at_hull=at_hull), price(snapshot, b, at_hull=at_hull)
    ends = [Compositions.of([unit]).take(np.zeros(len(at), np.int64)) for unit in units]
    mu = np.array([each.mu_ev for each in at])
    lines = tie_lines(snapshot, *ends, open_element=at[0].number, mu_ev=mu)
    if lines.failed.any():
        raise InputError(
            f"the hull between {a.text} and {b.text} did not converge", remedy="report this pair"
        )
    element = Formula(at[0].element, (at[0].number,), (1.0,))
    return tuple(_reaction(snapshot, priced, each, lines, i, element) for i, each in enumerate(at))


def _require_something_left(snapshot: Snapshot, units: tuple[Formula, Formula], at: Reservoir) -> None:
    if at.number not in snapshot.elements:
        raise InputError(
            f"snapshot {snapshot.manifest.name} has no {at.element}", remedy="open another element"
        )
    for unit in units:
        if _closed_atoms(unit, at) <= 0.0:
            raise InputError(
                f"nothing of {unit.text} is left where {at.element} is open",
                remedy=f"give a reactant that holds something besides {at.element}, or close it",
            )
    rest = [
        Formula(unit.text, *zip(*((z, n) for z, n in _amounts(unit) if z != at.number), strict=True))
        for unit in units
    ]
    if same_composition(*rest):
        raise InputError(
            f"{units[0].text} and {units[1].text} differ by {at.element} alone, which is open",
            remedy="give two different reactants",
        )
    require_few_elements(*units, Formula(at.element, (at.number,), (1.0,)))


def _amounts(unit: Formula) -> zip:
    return zip(unit.atomic_numbers, unit.amounts, strict=True)


def _closed_atoms(unit: Formula, at: Reservoir) -> float:
    """Atoms per formula that are not of the open element; exactly 0 where there are none."""
    return sum(amount for z, amount in _amounts(unit) if z != at.number)


def _reaction(
    snapshot: Snapshot,
    priced: tuple[PricedReactant, PricedReactant],
    at: Reservoir,
    lines: Lines,
    line: int,
    element: Formula,
) -> OpenReaction:
    a, b = priced
    kinks = range(*lines.kink_start[line : line + 2].tolist())
    found = tuple(_kink(snapshot, priced, at, lines, kink, line) for kink in kinks)
    phases = np.unique(lines.phase[lines.product_start[kinks[0]] : lines.product_start[kinks[-1] + 1]])
    spelling = {**b.spelling, **a.spelling}
    named = [phase_name(snapshot, i, spelling) for i in phases[snapshot.phases.estimated[phases]].tolist()]
    return OpenReaction(
        reactant_a=a.reactant,
        reactant_b=b.reactant,
        kinks=found,
        energy_above_hull_ev_per_atom=OfBoth(
            a.energy_above_hull_ev_per_atom, b.energy_above_hull_ev_per_atom
        ),
        at_hull=tuple(p.reactant.text for p in priced if p.at_hull),
        estimated_phases=tuple(dict.fromkeys((*a.estimated, *b.estimated, *named))),
        provenance=stamp(snapshot),
        cautions=cautions(
            snapshot, (a.reactant.unit, b.reactant.unit, element), {*spelling, *phases.tolist()}
        ),
        reservoir=at,
    )


def _kink(
    snapshot: Snapshot,
    priced: tuple[PricedReactant, PricedReactant],
    at: Reservoir,
    lines: Lines,
    kink: int,
    line: int,
) -> OpenKink:
    """One corner; amounts are counted per mole of atoms that are not of the open element."""
    a, b = priced
    unit_a, unit_b = a.reactant.unit, b.reactant.unit
    x, potential = float(lines.x[kink]), float(lines.energy_ev_per_atom[kink])
    moles_a, moles_b = x / _closed_atoms(unit_a, at), (1.0 - x) / _closed_atoms(unit_b, at)
    rows = lines.phase[lines.products.row(kink)]
    held = Compositions.of_phases(snapshot, rows).amount_of(at.number)
    moles = lines.amount[lines.products.row(kink)] / (snapshot.phases.atoms[rows] - held)
    taken = float((moles * held).sum()) - sum(
        n * unit.amount_of(at.number) for n, unit in ((moles_a, unit_a), (moles_b, unit_b))
    )
    taken = 0.0 if abs(taken) < NO_EXCHANGE else taken
    own = sum(
        n * (p.energy_ev_per_atom * p.reactant.unit.n_atoms - at.mu_ev * p.reactant.unit.amount_of(at.number))
        for n, p in ((moles_a, a), (moles_b, b))
    )
    ends = lines.energy_ev_per_atom[lines.kink_start[line : line + 2] - np.array([0, 1])]
    total, mutual = rounded(potential - own), rounded(potential - (1.0 - x) * ends[0] - x * ends[1])
    per = moles_b if moles_b > 0.0 else moles_a
    amounts = dict(zip(rows.tolist(), moles.tolist(), strict=True))
    products = product_terms(snapshot, amounts, per, {**b.spelling, **a.spelling})
    left = [*reactant_terms(a.reactant, moles_a / per), *reactant_terms(b.reactant, moles_b / per)]
    exchanged = _element_term(snapshot, at, abs(taken) / per)
    atoms_a, mass_a = moles_a * unit_a.n_atoms, moles_a * unit_a.molar_mass_g
    return OpenKink(
        atoms_a / (atoms_a + moles_b * unit_b.n_atoms),
        moles_a / (moles_a + moles_b),
        mass_a / (mass_a + moles_b * unit_b.molar_mass_g),
        total,
        min(float(mutual), 0.0),
        total / moles_b * EV_TO_KJ_PER_MOL if moles_b > 0.0 else None,
        write_reaction(
            [exchanged, *left] if taken > 0.0 else left, [*products, exchanged] if taken < 0.0 else products
        ),
        Moles({term.formula: term.moles for term in products}),
        x,
        taken / per,
    )


def _element_term(snapshot: Snapshot, at: Reservoir, moles: float) -> Term:
    """Moles of atoms of the open element as the molecule that a reaction shows."""
    pure = snapshot.find(Formula(at.element, (at.number,), (1.0,)))
    assert pure is not None, "see _require_something_left"
    return Term(str(snapshot.phases.formula[pure]), moles / float(snapshot.phases.atoms[pure]))
