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
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from screening.errors import InputError
from screening.phases.composition import Formula, Reactant, same_composition
from screening.phases.distrust import cautions
from screening.phases.snapshot import Snapshot
from screening.thermo.compositions import Compositions
from screening.thermo.interface import (
    LOWEST_MUTUAL,
    NO_REACTION_EV_PER_ATOM,
    InterfaceReaction,
    InterfaceReactions,
    OfBoth,
)
from screening.thermo.intervals import NO_ERROR_BARS, ErrorBars, Interval, form
from screening.thermo.kinks import Kink, outside_of, rounded
from screening.thermo.lines import Lines, tie_lines
from screening.thermo.marks import origins_of, product_terms, reactant_terms, stamp
from screening.thermo.reactants import PricedReactant, price, require_few_elements
from screening.thermo.reactions import Moles, Term, equation
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

    x_counted: float = float("nan")
    taken_up: float = 0.0


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

    @cached_property
    def minimum(self) -> Kink:
        """As of a closed pair; where a reactant decays by itself, the kink of the lowest mutual energy."""
        return self.minimum_mutual if self._decays else super().minimum

    @property
    def told_minimum(self) -> str:
        """`minimum`, or ``lowest mutual`` where a reactant decays by itself."""
        return LOWEST_MUTUAL if self._decays else "minimum"

    @property
    def _decays(self) -> bool:
        ends = self.kinks[0].total_ev_per_atom, self.kinks[-1].total_ev_per_atom
        return min(ends) <= -NO_REACTION_EV_PER_ATOM

    def to_frame(self) -> "pd.DataFrame":
        """One row per kink, with the reservoir; energies per atom that is not of the open element."""
        frame = super().to_frame().rename(columns=_renamed)
        frame.insert(2, "open_element", self.reservoir.element)
        frame.insert(3, "mu_ev", self.reservoir.mu_ev)
        frame.insert(4, "voltage_v", self.reservoir.voltage_v)
        return frame

    def as_dict(self) -> dict[str, Any]:
        """Content for JSON."""
        content = super().as_dict()
        content["kinks"] = [_with_new_names(each) for each in content["kinks"]]
        for key in ("minimum", "minimum_mutual"):
            content[key] = content[key] and _with_new_names(content[key])
        return {**content, "open": {**vars(self.reservoir), "energies_per": self.per}}


def _renamed(name: str) -> str:
    return (
        name.replace("_ev_per_atom", "_ev_per_closed_atom") if name.startswith(("total", "mutual")) else name
    )


def _with_new_names(kink: dict[str, Any]) -> dict[str, Any]:
    return {_renamed(name): value for name, value in kink.items()}


class OpenReactions(InterfaceReactions):
    """Several open reactions: of several voltages curves, of a whole range a map."""

    plotter = "screening.plots.open_system:plot_open"


def react_open(
    snapshot: Snapshot,
    a: Reactant,
    b: Reactant,
    at: Sequence[Reservoir],
    *,
    at_hull: bool = False,
    error_bars: ErrorBars = NO_ERROR_BARS,
) -> tuple[OpenReaction, ...]:
    """Reactions of A with B at each of several potentials of one open element.

    Parameters
    ----------
    snapshot : Snapshot
    a, b : Reactant
    at : sequence of Reservoir
        All of one element.
    at_hull, error_bars
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
    return tuple(_reaction(_Walk(snapshot, priced, each, lines, i, error_bars)) for i, each in enumerate(at))


@dataclass(frozen=True)
class _Walk:
    """One line of the hull between two reactants at one potential of the open element."""

    snapshot: Snapshot
    priced: tuple[PricedReactant, PricedReactant]
    at: Reservoir
    lines: Lines
    line: int
    error_bars: ErrorBars

    @property
    def kinks(self) -> range:
        """Numbers of its kinks."""
        return range(*self.lines.kink_start[self.line : self.line + 2].tolist())


def _require_something_left(snapshot: Snapshot, units: tuple[Formula, Formula], at: Reservoir) -> None:
    if at.number not in snapshot.elements:
        raise InputError(
            f"snapshot {snapshot.manifest.name} has no {at.element}", remedy="open another element"
        )
    for unit in units:
        if _closed_atoms(unit, at) <= 0.0:
            raise InputError(
                f"nothing of {unit.text} is left where {at.element} is open",
                remedy=f"{at.element} is the open element: give what meets the other one, as the cathode",
            )
    if differ_by(units, at.number):
        raise InputError(
            f"{units[0].text} and {units[1].text} differ by {at.element} alone, which is open",
            remedy="give two different reactants",
        )
    require_few_elements(*units, Formula(at.element, (at.number,), (1.0,)))


def differ_by(units: tuple[Formula, Formula], number: int) -> bool:
    """Whether two formulas, each of which holds more than it, are the same but for one element."""
    rest = [
        Formula(unit.text, *zip(*((z, n) for z, n in _amounts(unit) if z != number), strict=True))
        for unit in units
    ]
    return same_composition(*rest)


def _amounts(unit: Formula) -> zip:
    return zip(unit.atomic_numbers, unit.amounts, strict=True)


def _closed_atoms(unit: Formula, at: Reservoir) -> float:
    """Atoms per formula that are not of the open element; exactly 0 where there are none."""
    return sum(amount for z, amount in _amounts(unit) if z != at.number)


def _reaction(walk: _Walk) -> OpenReaction:
    a, b = walk.priced
    lines, snapshot, every = walk.lines, walk.snapshot, walk.kinks
    kinks = tuple(_kink(walk, kink) for kink in every)
    phases = np.unique(lines.phase[lines.product_start[every[0]] : lines.product_start[every[-1] + 1]])
    spelling = {**b.spelling, **a.spelling}
    element = Formula(walk.at.element, (walk.at.number,), (1.0,))
    return OpenReaction(
        reactant_a=a.reactant,
        reactant_b=b.reactant,
        kinks=kinks,
        energy_above_hull_ev_per_atom=OfBoth(
            a.energy_above_hull_ev_per_atom, b.energy_above_hull_ev_per_atom
        ),
        at_hull=tuple(p.reactant.text for p in walk.priced if p.at_hull),
        origins=origins_of(snapshot, {*a.phases, *b.phases, *phases.tolist()}, spelling),
        provenance=stamp(snapshot),
        cautions=(
            *cautions(snapshot, (a.reactant.unit, b.reactant.unit, element), {*spelling, *phases.tolist()}),
            *outside_of(kinks),
            *_brought(walk),
        ),
        notes=tuple(dict.fromkeys((*a.reactant.notes, *b.reactant.notes, *snapshot.notes))),
        error_bars=walk.error_bars.note,
        reservoir=walk.at,
    )


def _brought(walk: _Walk) -> list[str]:
    """What is said of an open element that neither reactant holds."""
    a, b = (priced.reactant for priced in walk.priced)
    if a.unit.amount_of(walk.at.number) or b.unit.amount_of(walk.at.number):
        return []
    return [f"neither {a.text} nor {b.text} holds {walk.at.element}: all of it comes from outside"]


def _kink(walk: _Walk, kink: int) -> OpenKink:
    """One corner; amounts are counted per mole of atoms that are not of the open element."""
    (a, b), at, lines, snapshot = walk.priced, walk.at, walk.lines, walk.snapshot
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
    ends = lines.energy_ev_per_atom[[walk.kinks[0], walk.kinks[-1]]]
    total, mutual = rounded(potential - own), rounded(potential - (1.0 - x) * ends[0] - x * ends[1])
    per = moles_b if moles_b > 0.0 else moles_a
    amounts = dict(zip(rows.tolist(), moles.tolist(), strict=True))
    products = product_terms(snapshot, amounts, per, {**b.spelling, **a.spelling})
    left = [*reactant_terms(a.reactant, moles_a / per), *reactant_terms(b.reactant, moles_b / per)]
    exchanged = _element_term(snapshot, at, abs(taken) / per)
    reaction = equation(
        [exchanged, *left] if taken > 0.0 else left, [*products, exchanged] if taken < 0.0 else products
    )
    atoms_a, mass_a = moles_a * unit_a.n_atoms, moles_a * unit_a.molar_mass_g
    return OpenKink(
        atoms_a / (atoms_a + moles_b * unit_b.n_atoms),
        moles_a / (moles_a + moles_b),
        mass_a / (mass_a + moles_b * unit_b.molar_mass_g),
        total,
        min(float(mutual), 0.0),
        total / moles_b * EV_TO_KJ_PER_MOL if moles_b > 0.0 else None,
        reaction.text,
        Moles({term.formula: term.moles for term in products}),
        total / per * reaction.scale * EV_TO_KJ_PER_MOL,
        *_intervals(walk, kink, (moles_a * unit_a.n_atoms, moles_b * unit_b.n_atoms), (total, mutual)),
        x,
        taken / per,
    )


def _intervals(
    walk: _Walk, kink: int, atoms: tuple[float, float], energies: tuple[float, float]
) -> tuple[Interval | None, Interval | None]:
    """Where the true total and mutual energies lie; the potential of the reservoir is exact.

    `atoms` are those of both reactants per mole of atoms that are not of the open element.
    """
    (a, b), n = walk.priced, len(walk.snapshot)
    here, first, last = (_held(walk, k) for k in (kink, walk.kinks[0], walk.kinks[-1]))
    x = float(walk.lines.x[kink])
    total = form(n, (1.0, here), (-atoms[0], a.phases), (-atoms[1], b.phases))
    mutual = form(n, (1.0, here), (x - 1.0, first), (-x, last))
    return walk.error_bars.around(energies[0], total), walk.error_bars.around(energies[1], mutual)


def _held(walk: _Walk, kink: int) -> dict[int, float]:
    """Atoms in each product at a kink, per atom that is not of the open element, by phase number."""
    row = walk.lines.products.row(kink)
    phases, atoms = walk.lines.phase[row], walk.snapshot.phases.atoms[walk.lines.phase[row]]
    held = Compositions.of_phases(walk.snapshot, phases).amount_of(walk.at.number)
    return dict(zip(phases.tolist(), (walk.lines.amount[row] * atoms / (atoms - held)).tolist(), strict=True))


def _element_term(snapshot: Snapshot, at: Reservoir, moles: float) -> Term:
    """Moles of atoms of the open element as the molecule that a reaction shows."""
    pure = snapshot.find(Formula(at.element, (at.number,), (1.0,)))
    assert pure is not None, "see _require_something_left"
    return Term(str(snapshot.phases.formula[pure]), moles / float(snapshot.phases.atoms[pure]))
