"""One contact of a cell: closed, charged, and open to the working ion at both ends of its window."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from screening.phases.cathodes import charged_state, is_cathode, keeps_host
from screening.phases.composition import Formula, Reactant, atomic_number, same_composition
from screening.phases.snapshot import Snapshot
from screening.thermo.interface import NO_REACTION_EV_PER_ATOM, InterfaceReaction, react
from screening.thermo.intervals import ErrorBars, Interval, with_bounds
from screening.thermo.kinks import Kink
from screening.thermo.lithiation import lithiate
from screening.thermo.open_system import OpenReaction, differ_by, react_open
from screening.thermo.products import interphase
from screening.thermo.reservoir import Reservoir

SEVERITIES = {"none": -NO_REACTION_EV_PER_ATOM, "slight": -0.05, "marked": -0.2, "severe": -np.inf}
"""How bad a reaction is: the lowest energy of each word, eV per atom of what is counted."""

INTERPHASES = ("none", "blocking", "may grow", "growing")
"""What an interphase may do, from the harmless to the worst."""

CLOSED, CHARGED = "closed", "charged"
"""States of a contact that exchanges nothing; further ones are the voltages of the window."""


@dataclass(frozen=True, kw_only=True)
class Contact:
    """One contact of a cell in one state.

    Attributes
    ----------
    place : str
        ``1 | 2`` between two layers, ``in 2`` within a mixture; several as ``in 2, 2 | 3``.
    a, b : str
    state : str
        ``closed``, ``charged`` (the same with the cathode charged), or a voltage as ``4.2 V``.
    energy_ev : float
        Lowest mutual energy over the mixing ratio: per atom, or where open per atom that is not of the ion.
    alone_ev : float
        Where open, what the side that does most does by itself, counted alike and from the hull; an electrode
        that is charged or discharged is not counted.
    energy_95_ev, alone_95_ev : Interval or None
        Where the true energies lie; None without a reaction or an error model.
    per : str
        What energies are per.
    begins : str
        Voltage at which it begins within the window, or at which the anode is taken up; empty where closed.
    reaction, alone : str
        What the contact becomes, and what each side alone, the one that does more first; empty where nothing
        happens.
    interphase : str
        The worst that any of these leaves: ``none``; ``blocking``, of products that do not conduct electrons;
        ``growing``, where those that do fill more than 16 % of its volume; ``may grow`` in between or where a
        gap or volume is unknown.
    conducting : tuple of str
        Products that conduct.
    marked : tuple of str
        Its phases of another origin with ``*``, reactants taken at their hull energy with ``†``.
    """

    place: str
    a: str
    b: str
    state: str
    energy_ev: float
    alone_ev: float
    energy_95_ev: Interval | None
    alone_95_ev: Interval | None
    per: str
    begins: str
    reaction: str
    alone: str
    interphase: str
    conducting: tuple[str, ...]
    marked: tuple[str, ...]

    @property
    def severity(self) -> str:
        """One of `SEVERITIES`."""
        return next(word for word, lowest in SEVERITIES.items() if self.lowest_ev > lowest)

    @property
    def lowest_ev(self) -> float:
        """Lower of both energies."""
        return min(self.energy_ev, self.alone_ev)

    @property
    def lowest_95_ev(self) -> Interval | None:
        """Where the lower of both lies."""
        return self.alone_95_ev if self.alone_ev < self.energy_ev else self.energy_95_ev

    @property
    def places(self) -> tuple[str, ...]:
        """Each place alone."""
        return tuple(self.place.split(", "))

    @property
    def what_forms(self) -> str:
        """Products of the contact, and of each side that does something alone; the lowest energy first."""
        own = [each.partition(" -> ") for each in self.alone.split("; ") if each]
        alone = [f"{left.split(' + ')[-1].split(' ')[-1]} alone: {products}" for left, _, products in own]
        together = [self.reaction.partition(" -> ")[2]] if self.reaction else []
        if together and alone:
            together[0] = f"both: {together[0]}"
        return self._with_marks(
            "; ".join(alone + together if self.alone_ev < self.energy_ev else together + alone)
        )

    @property
    def pair(self) -> str:
        """Both sides, with marks."""
        return self._with_marks(f"{self.a} | {self.b}")

    def _with_marks(self, text: str) -> str:
        """Text with the marks of the phases in it."""
        marks = {each[:-1]: each for each in self.marked}
        return re.sub(r"[^\s;]+", lambda word: marks.get(word[0], word[0]), text)

    def record(self) -> dict[str, Any]:
        """Content for a table."""
        told = {name: " ".join(getattr(self, name)) for name in ("conducting", "marked")}
        content = {**vars(self), "severity": self.severity, **told}
        for name in ("energy", "alone"):
            within = content.pop(f"{name}_95_ev") or (None, None)
            content |= dict(zip((f"{name}_low_ev", f"{name}_high_ev"), within, strict=True))
        return content


@dataclass(frozen=True)
class View:
    """What every contact is looked at with: phases and how they conduct, the working ion, the electrodes."""

    snapshot: Snapshot
    degree: np.ndarray
    element: str
    at_hull: bool
    error_bars: ErrorBars
    anode: tuple[Formula, ...] = ()
    cathode: tuple[Formula, ...] = ()

    @property
    def how(self) -> dict[str, Any]:
        """How reactions are computed."""
        return {"at_hull": self.at_hull, "error_bars": self.error_bars}

    def holds_more(self, formula: Formula) -> bool:
        """Whether a compound holds something besides the working ion."""
        return formula.atomic_numbers != (atomic_number(self.element),)

    def is_electrode(self, unit: Formula, becomes: Mapping[str, float]) -> bool:
        """Whether what a side becomes alone is the charge or discharge of an electrode."""
        if is_cathode(unit) or any(same_composition(unit, each) for each in self.anode):
            return True
        number = atomic_number(self.element)
        empty = not unit.amount_of(number)
        return any(same_composition(unit, each) for each in self.cathode) and (
            empty or keeps_host(unit, becomes, number)
        )


def states(
    view: View, place: str, a: Formula, b: Formula, at: Sequence[Reservoir]
) -> Iterator[tuple[Contact, InterfaceReaction]]:
    """One contact with the reaction it comes from, closed, charged where it has them, and at voltages."""
    closed = react(view.snapshot, Reactant.of(a), Reactant.of(b), **view.how)
    metal = next((f for f in (a, b) if not view.holds_more(f)), None)
    begins = "" if metal is None else _uptake_begins(view, b if metal is a else a)
    yield _contact(view, closed, place, CLOSED, begins), closed
    charged = [charged_state(f) or f for f in (a, b)]
    if charged != [a, b] and not same_composition(*charged):
        full = react(view.snapshot, *map(Reactant.of, charged), **view.how)
        yield _contact(view, full, place, CHARGED, ""), full
    if metal is not None or not at or differ_by((a, b), at[0].number):
        return
    every = react_open(view.snapshot, Reactant.of(a), Reactant.of(b), at, **view.how)
    onset = next((r.reservoir.voltage_v for r in every if r.reacts or _alone(view, r)), None)
    first = every[0].reservoir.voltage_v
    already = " already" if onset == first and len(at) > 1 else ""
    begins = "none" if onset is None else f"at {onset:.2f} V{already}"
    for reaction in dict.fromkeys((0, len(every) - 1)):
        found = every[reaction]
        yield _contact(view, found, place, f"{found.reservoir.voltage_v:g} V", begins), found


def _uptake_begins(view: View, other: Formula) -> str:
    """Voltage from which the anode's metal is taken up."""
    found = lithiate(view.snapshot, Reactant.of(other), view.element, **view.how)
    if found.cathodic_limit_v is None:
        return "none"
    return with_bounds(f"below {found.cathodic_limit_v:.2f} V", found.cathodic_limit_95_v, None)


class _Alone(NamedTuple):
    """What one side does by itself: its energy from the hull, where that lies, and the kink."""

    energy_ev: float
    within: Interval | None
    kink: Kink


def _alone(view: View, reaction: InterfaceReaction) -> list[_Alone]:
    """What each side does by itself, from the hull, the one that does more first; no electrode's charge."""
    if not isinstance(reaction, OpenReaction):
        return []
    above, counted = reaction.energy_above_hull_ev_per_atom, reaction.counted_atoms
    sides = (
        (reaction.kinks[-1], reaction.reactant_a.unit, above.a / counted.a),
        (reaction.kinks[0], reaction.reactant_b.unit, above.b / counted.b),
    )
    own = []
    for kink, unit, per_atom in sides:
        above_hull, within = per_atom * unit.n_atoms, kink.total_95_ev_per_atom
        energy = kink.total_ev_per_atom + above_hull
        if energy < -NO_REACTION_EV_PER_ATOM and not view.is_electrode(unit, kink.products):
            shifted = within and Interval(within.low + above_hull, within.high + above_hull)
            own.append(_Alone(energy, shifted, kink))
    return sorted(own, key=lambda each: each.energy_ev)


def _contact(view: View, reaction: InterfaceReaction, place: str, state: str, begins: str) -> Contact:
    kink, alone = reaction.minimum_mutual, _alone(view, reaction)
    forming = [kink] * reaction.reacts + [each.kink for each in alone]
    found = [interphase(view.snapshot, view.degree, each.products) for each in forming]
    return Contact(
        place=place,
        a=reaction.a,
        b=reaction.b,
        state=state,
        energy_ev=kink.mutual_ev_per_atom if reaction.reacts else 0.0,
        alone_ev=alone[0].energy_ev if alone else 0.0,
        energy_95_ev=kink.mutual_95_ev_per_atom if reaction.reacts else None,
        alone_95_ev=alone[0].within if alone else None,
        per=reaction.per,
        begins=begins,
        reaction=kink.reaction if reaction.reacts else "",
        alone="; ".join(each.kink.reaction for each in alone),
        interphase=max((verdict for verdict, _ in found), key=INTERPHASES.index, default=INTERPHASES[0]),
        conducting=tuple(dict.fromkeys(name for _, names in found for name in names)),
        marked=(*(f"{name}*" for name in reaction.origins), *(f"{name}†" for name in reaction.at_hull)),
    )
