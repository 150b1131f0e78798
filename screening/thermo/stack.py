"""A whole cell, layer by layer: what every contact in it does, at rest, charged, and at the cell's voltages.

Each component of a layer meets each component of the next one, and those of a mixture meet each other. A
contact is closed, or open to the working ion at both ends of the cell's window; a cathode with a default
charged state is met discharged and charged. The first layer is the anode, whose contacts are closed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise, product
from typing import TYPE_CHECKING, Any

import numpy as np

from screening.display import Displayed, Table
from screening.errors import InputError, quoted
from screening.phases.cathodes import charged_state
from screening.phases.composition import Formula, Reactant, atomic_number, parse_reactant, same_composition
from screening.phases.snapshot import Snapshot
from screening.provenance import Provenance
from screening.thermo.conduction import conduction_degree
from screening.thermo.interface import NO_REACTION_EV_PER_ATOM, InterfaceReaction, react
from screening.thermo.kinks import Kink
from screening.thermo.lithiation import lithiate
from screening.thermo.marks import marks, stamp
from screening.thermo.open_system import OpenReaction, react_open
from screening.thermo.products import interphase
from screening.thermo.reservoir import Reservoir, window

if TYPE_CHECKING:
    import pandas as pd

SEVERITIES = {"none": -NO_REACTION_EV_PER_ATOM, "slight": -0.05, "marked": -0.2, "severe": -np.inf}
"""How bad a reaction is: the lowest energy of each word, eV per atom of what is counted."""

CLOSED, CHARGED = "closed", "charged"
"""States of a contact that exchanges nothing; further ones are the voltages of the window."""

MOST_LAYERS = 12


@dataclass(frozen=True, kw_only=True)
class Contact:
    """One contact of a cell in one state.

    Attributes
    ----------
    place : str
        ``1 | 2`` between two layers, ``in 2`` within a mixture.
    a, b : str
    state : str
        ``closed``, ``charged`` (the same with the cathode charged), or a voltage as ``4.2 V``.
    energy_ev : float
        Lowest mutual energy over the mixing ratio: per atom, or where open per atom that is not of the ion.
    alone_ev : float
        Where open, what the side that does most does by itself, counted alike and from the hull; the charging
        of a cathode that is known as one is not counted.
    per : str
        What energies are per.
    begins : str
        Voltage at which it begins within the window, or at which the anode is taken up; empty where closed.
    reaction, alone : str
        What the contact and what one side alone becomes; empty where nothing happens.
    interphase : str
        ``none``; ``blocking``, of products that do not conduct electrons; ``growing``, where those that do
        fill more than 16 % of its volume; ``may grow`` in between or where a gap or volume is unknown.
    conducting : tuple of str
        Products that conduct.
    marked : str
        ``*`` rests on a phase of another origin, ``†`` on a reactant taken at its hull energy.
    """

    place: str
    a: str
    b: str
    state: str
    energy_ev: float
    alone_ev: float
    per: str
    begins: str
    reaction: str
    alone: str
    interphase: str
    conducting: tuple[str, ...]
    marked: str

    @property
    def severity(self) -> str:
        """One of `SEVERITIES`."""
        return next(word for word, lowest in SEVERITIES.items() if self.lowest_ev > lowest)

    @property
    def lowest_ev(self) -> float:
        """Lower of both energies."""
        return min(self.energy_ev, self.alone_ev)

    @property
    def what_forms(self) -> str:
        """Products of what lies lower: the contact, or one side alone, which is then named."""
        own, _, products = self.alone.partition(" -> ")
        if self.alone_ev < self.energy_ev:
            return f"{own.split(' + ')[-1].split(' ')[-1]} alone: {products}"
        return self.reaction.partition(" -> ")[2]

    @property
    def pair(self) -> str:
        """Both sides, with marks."""
        return f"{self.a} | {self.b}{self.marked}"


@dataclass(frozen=True, kw_only=True)
class Stack(Displayed):
    """All contacts of a cell.

    Attributes
    ----------
    layers : tuple of Reactant
        From the anode to the cathode.
    element : str
        The working ion.
    window_v : tuple of float
        Lowest and highest voltage of the cell.
    contacts : tuple of Contact
        Place by place, state by state.
    origins : mapping of str to str
        As of `InterfaceReaction`.
    at_hull, cautions : tuple of str
    provenance : Provenance
    """

    plotter = "screening.plots.stack:plot_stack"

    layers: tuple[Reactant, ...]
    element: str
    window_v: tuple[float, float]
    contacts: tuple[Contact, ...]
    origins: Mapping[str, str]
    at_hull: tuple[str, ...]
    cautions: tuple[str, ...]
    provenance: Provenance

    @property
    def name(self) -> str:
        """The layers as written."""
        return " | ".join(layer.text for layer in self.layers)

    @property
    def states(self) -> tuple[str, ...]:
        """States that occur, in order."""
        return tuple(dict.fromkeys((CLOSED, CHARGED, *(contact.state for contact in self.contacts))))

    @property
    def worst(self) -> Contact:
        """The contact and state of the lowest energy."""
        return min(self.contacts, key=lambda contact: contact.lowest_ev)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know below a table or figure."""
        low, high = self.window_v
        return (
            f"lowest mutual energy, and what one side does alone: closed per atom, at {low:g} and {high:g} V "
            f"vs {self.element} per non-{self.element} atom",
            *marks(self.origins, self.at_hull),
            *self.cautions,
        )

    def display(self) -> Table:
        """One row per contact and state."""
        rows = [
            {
                "place": contact.place,
                "contact": contact.pair,
                "state": contact.state,
                "mutual (eV)": f"{contact.energy_ev:.3f}",
                "alone (eV)": f"{contact.alone_ev:.3f}",
                "severity": contact.severity,
                "begins": contact.begins,
                "interphase": contact.interphase,
                "what forms": contact.what_forms,
            }
            for contact in self.contacts
        ]
        return Table(self.name, rows, (*self.notes, self.provenance.line()), wide=("place",))

    def to_frame(self) -> "pd.DataFrame":
        """One row per contact and state."""
        import pandas as pd

        return pd.DataFrame([_record(contact) for contact in self.contacts])

    def as_dict(self) -> dict[str, Any]:
        """Content for JSON."""
        return {
            "layers": [layer.text for layer in self.layers],
            "element": self.element,
            "window_v": list(self.window_v),
            "contacts": [_record(contact) for contact in self.contacts],
            "origins": dict(self.origins),
            "at_hull": list(self.at_hull),
            "cautions": list(self.cautions),
            "provenance": self.provenance.as_dict(),
        }

    def contents(self) -> dict[str, Any]:
        """Table and figure, as the report page takes them."""
        return {"stack.csv": self.to_frame(), "stack.png": self.plot, "stack.json": self.as_dict()}


def _record(contact: Contact) -> dict[str, Any]:
    return {**vars(contact), "severity": contact.severity, "conducting": " ".join(contact.conducting)}


def parse_stack(text: str | Sequence[str]) -> tuple[Reactant, ...]:
    """Layers from the anode to the cathode, as ``Li | Li6PS5Cl | LiCoO2@70wt+Li3InCl6@30wt``.

    Raises
    ------
    InputError
        If there are fewer than two layers or too many, one cannot be read, or neighbours are the same.
    """
    pieces = text.split("|") if isinstance(text, str) else list(text)
    if not 2 <= len(pieces) <= MOST_LAYERS or not all(piece.strip() for piece in pieces):
        raise InputError(
            f"{quoted(' | '.join(pieces))} is no stack of 2 to {MOST_LAYERS} layers",
            where="stack",
            remedy='write it as "Li | Li6PS5Cl | LiCoO2@70wt+Li3InCl6@30wt"',
        )
    layers = tuple(parse_reactant(piece.strip()) for piece in pieces)
    for number, (one, other) in enumerate(pairwise(layers), 1):
        if one.is_same_as(other):
            raise InputError(
                f"layers {number} and {number + 1} are both {one.text}", where="stack", remedy="write it once"
            )
    return layers


def stack(
    snapshot: Snapshot,
    layers: Sequence[Reactant],
    window_v: tuple[float, float],
    element: str = "Li",
    *,
    at_hull: bool = False,
) -> Stack:
    """Every contact of a cell.

    Parameters
    ----------
    snapshot : Snapshot
    layers : sequence of Reactant
        From the anode to the cathode.
    window_v : tuple of float
        Lowest and highest voltage of the cell against the metal of the element.
    element : str
    at_hull : bool
        Accept compositions that the snapshot lacks at their hull energy.

    Raises
    ------
    InputError
        If a layer cannot be priced, or the window makes no sense.

    References
    ----------
    Interphases that block or grow: Y. Zhu, X. He, Y. Mo, ACS Appl. Mater. Interfaces 7, 23685 (2015),
    doi 10.1021/acsami.5b07517.
    """
    view = _View(snapshot, conduction_degree(snapshot.phases), element, at_hull)
    at = tuple(Reservoir.at_voltage(v, element) for v in window(window_v))
    made, reactions = [], []
    for place, a, b in _meetings(layers):
        for contact, reaction in _states(view, place, a, b, at, with_anode=place.startswith("1 |")):
            made.append(contact)
            reactions.append(reaction)
    return Stack(
        layers=tuple(layers),
        element=element,
        window_v=window_v,
        contacts=tuple(made),
        origins={name: origin for each in reactions for name, origin in each.origins.items()},
        at_hull=tuple(dict.fromkeys(n for each in reactions for n in each.at_hull)),
        cautions=tuple(dict.fromkeys(told for each in reactions for told in each.cautions)),
        provenance=stamp(snapshot),
    )


@dataclass(frozen=True)
class _View:
    """What every contact is looked at with."""

    snapshot: Snapshot
    degree: np.ndarray
    element: str
    at_hull: bool

    def holds_more(self, formula: Formula) -> bool:
        """Whether a compound holds something besides the working ion."""
        return formula.atomic_numbers != (atomic_number(self.element),)


def _meetings(layers: Sequence[Reactant]) -> Iterator[tuple[str, Formula, Formula]]:
    """Compounds that touch, each pair once, from the anode to the cathode."""
    seen: list[tuple[Formula, Formula]] = []
    for number, layer in enumerate(layers, 1):
        own = [part.formula for part in layer.parts]
        near = [part.formula for part in layers[number].parts] if number < len(layers) else []
        within = [(f"in {number}", *pair) for pair in combinations(own, 2)]
        across = [(f"{number} | {number + 1}", *pair) for pair in product(own, near)]
        for place, a, b in (*within, *across):
            if same_composition(a, b) or any(
                (same_composition(a, c) and same_composition(b, d))
                or (same_composition(a, d) and same_composition(b, c))
                for c, d in seen
            ):
                continue
            seen.append((a, b))
            yield place, a, b


def _states(
    view: _View, place: str, a: Formula, b: Formula, at: tuple[Reservoir, ...], *, with_anode: bool
) -> Iterator[tuple[Contact, InterfaceReaction]]:
    """One contact, closed and where it has them charged and open."""
    closed = react(view.snapshot, Reactant.of(a), Reactant.of(b), at_hull=view.at_hull)
    metal = next((f for f in (a, b) if not view.holds_more(f)), None)
    begins = "" if metal is None else _uptake_begins(view, b if metal is a else a)
    yield _contact(view, closed, place, CLOSED, begins), closed
    charged = [charged_state(f) or f for f in (a, b)]
    if charged != [a, b] and not same_composition(*charged):
        full = react(view.snapshot, *map(Reactant.of, charged), at_hull=view.at_hull)
        yield _contact(view, full, place, CHARGED, ""), full
    if metal is not None or with_anode:
        return
    every = react_open(view.snapshot, Reactant.of(a), Reactant.of(b), at, at_hull=view.at_hull)
    onset = next((r.reservoir.voltage_v for r in every if r.reacts or _alone(r)[1] is not None), None)
    first = every[0].reservoir.voltage_v
    begins = "none" if onset is None else f"at {onset:.2f} V{' already' if onset == first else ''}"
    for reaction in (every[0], every[-1]):
        yield _contact(view, reaction, place, f"{reaction.reservoir.voltage_v:g} V", begins), reaction


def _uptake_begins(view: _View, other: Formula) -> str:
    """Voltage from which the anode's metal is taken up."""
    limit = lithiate(view.snapshot, Reactant.of(other), view.element, at_hull=view.at_hull).cathodic_limit_v
    return "none" if limit is None else f"below {limit:.2f} V"


def _alone(reaction: InterfaceReaction) -> tuple[float, Kink | None]:
    """What the side that does most does by itself, from the hull; the charge of a cathode is not counted."""
    if not isinstance(reaction, OpenReaction):
        return 0.0, None
    above, counted = reaction.energy_above_hull_ev_per_atom, reaction.counted_atoms
    sides = (
        (reaction.kinks[-1], reaction.reactant_a.unit, above.a / counted.a),
        (reaction.kinks[0], reaction.reactant_b.unit, above.b / counted.b),
    )
    own = [
        (kink.total_ev_per_atom + per_atom * unit.n_atoms, kink)
        for kink, unit, per_atom in sides
        if charged_state(unit) is None
    ]
    energy, kink = min(own, key=lambda each: each[0], default=(0.0, None))
    return (energy, kink) if energy < -NO_REACTION_EV_PER_ATOM else (0.0, None)


def _contact(view: _View, reaction: InterfaceReaction, place: str, state: str, begins: str) -> Contact:
    kink, (alone_ev, alone) = reaction.minimum_mutual, _alone(reaction)
    forming = alone if alone_ev < kink.mutual_ev_per_atom else kink if reaction.reacts else None
    found = interphase(view.snapshot, view.degree, forming.products) if forming else ("none", ())
    return Contact(
        place=place,
        a=reaction.a,
        b=reaction.b,
        state=state,
        energy_ev=kink.mutual_ev_per_atom if reaction.reacts else 0.0,
        alone_ev=alone_ev,
        per=reaction.per,
        begins=begins,
        reaction=kink.reaction if reaction.reacts else "",
        alone=alone.reaction if alone else "",
        interphase=found[0],
        conducting=found[1],
        marked="*" * bool(reaction.origins) + "†" * bool(reaction.at_hull),
    )
