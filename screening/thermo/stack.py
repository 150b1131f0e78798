"""A whole cell, layer by layer: what every contact in it does, at rest, charged, and at the cell's voltages.

Each component of a layer meets each component of the next one, and those of a mixture meet each other. A
contact is closed, or open to the working ion at both ends of the cell's window; a cathode with a default
charged state is met discharged and charged. The first layer is the anode: with the metal of the ion its
contacts are closed, with another one they stand at the voltage at which it begins to take up ions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise, product
from typing import TYPE_CHECKING, Any

from screening.display import Displayed, Table
from screening.errors import InputError, quoted
from screening.phases.cathodes import is_cathode
from screening.phases.composition import (
    Formula,
    Reactant,
    atomic_number,
    parse_reactant,
    same_composition,
    symbol,
)
from screening.phases.distrust import merged
from screening.phases.snapshot import Snapshot
from screening.provenance import Provenance
from screening.thermo.conduction import conduction_degree
from screening.thermo.intervals import NO_ERROR_BARS, ErrorBars, bounds, written
from screening.thermo.lithiation import lithiate
from screening.thermo.marks import marks, stamp
from screening.thermo.reactants import price
from screening.thermo.reservoir import Reservoir, window
from screening.thermo.stack_contact import CHARGED, CLOSED, Contact, View, states

if TYPE_CHECKING:
    import pandas as pd

MOST_LAYERS = 12

ALKALI = (3, 11, 19, 37, 55)
"""Metals that as an anode say which ion works: others alloy with it."""


FALLEN_APART = "†: the hull has let it fall apart already, what it does to a neighbour is understated"


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
    anode : str
        What stands at which voltage where the anode is not the metal of the ion; else empty.
    contacts : tuple of Contact
        Place by place, state by state.
    origins : mapping of str to str
        As of `InterfaceReaction`.
    at_hull, cautions : tuple of str
    error_bars : str
        What intervals are, or why there are none; empty where nobody asked.
    provenance : Provenance
    """

    plotter = "screening.plots.stack:plot_stack"

    layers: tuple[Reactant, ...]
    element: str
    window_v: tuple[float, float]
    anode: str
    contacts: tuple[Contact, ...]
    origins: Mapping[str, str]
    at_hull: tuple[str, ...]
    cautions: tuple[str, ...]
    error_bars: str
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
            *filter(None, [self.anode]),
            *dict.fromkeys(note for layer in self.layers for note in layer.notes),
            *marks(self.origins, self.at_hull),
            *([FALLEN_APART] if self.at_hull else []),
            *self.cautions,
            *filter(None, [self.error_bars]),
        )

    def display(self) -> Table:
        """One row per contact and state."""
        rows = [
            {
                "place": contact.place,
                "contact": contact.pair,
                "state": contact.state,
                "mutual (eV)": written(contact.energy_ev, contact.energy_95_ev, None, 3),
                "alone (eV)": written(contact.alone_ev, contact.alone_95_ev, None, 3),
                "95 % of lower": bounds(contact.lowest_95_ev, None),
                "severity": contact.severity,
                "begins": contact.begins,
                "interphase": contact.interphase,
                "what forms": contact.what_forms,
            }
            for contact in self.contacts
        ]
        return Table(self.name, rows, (*self.notes, self.provenance.line()), wide=("place", "95 % of lower"))

    def to_frame(self) -> "pd.DataFrame":
        """One row per contact and state."""
        import pandas as pd

        return pd.DataFrame([contact.record() for contact in self.contacts])

    def as_dict(self) -> dict[str, Any]:
        """Content for JSON."""
        return {
            "layers": [layer.text for layer in self.layers],
            "element": self.element,
            "window_v": list(self.window_v),
            "anode": self.anode,
            "notes": list(self.notes),
            "contacts": [contact.record() for contact in self.contacts],
            "origins": dict(self.origins),
            "at_hull": list(self.at_hull),
            "cautions": list(self.cautions),
            "error_bars": self.error_bars,
            "provenance": self.provenance.as_dict(),
        }

    def contents(self) -> dict[str, Any]:
        """Table and figure, as the report page takes them."""
        return {"stack.csv": self.to_frame(), "stack.png": self.plot, "stack.json": self.as_dict()}


def parse_stack(text: str | Sequence[str]) -> tuple[Reactant, ...]:
    """Layers from the anode to the cathode, as ``Li | Li6PS5Cl | LiCoO2@70wt+Li3InCl6@30wt``.

    Raises
    ------
    InputError
        If there are fewer than two layers or too many, one cannot be read, or neighbours are the same.
    """
    try:
        pieces = [str(each) for each in (text.split("|") if isinstance(text, str) else text)]
    except TypeError:
        pieces = [str(text)]
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
    error_bars: ErrorBars = NO_ERROR_BARS,
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
        Accept compositions that the snapshot lacks at their hull energy; NMC, NCA and the like always are.
    error_bars : ErrorBars
        What draws the intervals.

    Raises
    ------
    InputError
        If a layer cannot be priced, or the window or the order of the layers makes no sense.

    References
    ----------
    Interphases that block or grow: Y. Zhu, X. He, Y. Mo, ACS Appl. Mater. Interfaces 7, 23685 (2015),
    doi 10.1021/acsami.5b07517.
    """
    view = View(snapshot, conduction_degree(snapshot.phases), element, at_hull, error_bars)
    _require_cell(view, layers)
    anode, at_v = _anode(replace(view, at_hull=True), layers)
    view = replace(view, anode=anode, at_hull=True, cathode=tuple(p.formula for p in layers[-1].parts))
    at = [Reservoir.at_voltage(v, element) for v in window(window_v)]
    at_anode = [] if at_v is None else [Reservoir.at_voltage(at_v, element)]
    made, reactions = [], []
    for places, a, b in _meetings(layers):
        volts = at_anode if {*places} <= {"in 1", "1 | 2"} else at
        for contact, reaction in states(view, ", ".join(places), a, b, volts):
            made.append(contact)
            reactions.append(reaction)
    return Stack(
        layers=tuple(layers),
        element=element,
        window_v=window_v,
        anode=_told_anode(anode, at_v, window_v, element),
        contacts=tuple(made),
        origins={name: origin for each in reactions for name, origin in each.origins.items()},
        at_hull=tuple(dict.fromkeys(n for each in reactions for n in each.at_hull)),
        cautions=merged(told for each in reactions for told in each.cautions),
        error_bars=error_bars.note,
        provenance=stamp(snapshot),
    )


def _require_cell(view: View, layers: Sequence[Reactant]) -> None:
    """Refuse layers in the wrong order, of another ion, or unknown to the snapshot but for cathodes."""
    ion, number = view.element, atomic_number(view.element, where="--element")
    alone = [{p.formula.atomic_numbers[0] for p in e.parts if len(p.formula.amounts) == 1} for e in layers]
    cathodes = [any(is_cathode(part.formula) for part in layer.parts) for layer in layers]
    if (number in alone[-1] - alone[0]) or (cathodes[0] and not cathodes[-1]):
        raise InputError(
            f"{layers[0].text} comes first and {layers[-1].text} last",
            where="stack",
            remedy="write the layers from the anode to the cathode",
        )
    other = next((symbol(z) for z in alone[0] if z in ALKALI and z != number), None)
    if other:
        raise InputError(
            f"the anode is {other}, the working ion {ion}", where="stack", remedy=f"give --element {other}"
        )
    if not any(view.holds_more(p.formula) and p.formula.amount_of(number) for e in layers for p in e.parts):
        raise InputError(
            f"no compound of {' | '.join(layer.text for layer in layers)} holds {ion}, the working ion",
            where="stack",
            remedy="give --element, or layers of that ion",
        )
    for part in (part for layer in layers for part in layer.parts if not is_cathode(part.formula)):
        price(view.snapshot, Reactant.of(part.formula), at_hull=view.at_hull)


def _anode(view: View, layers: Sequence[Reactant]) -> tuple[tuple[Formula, ...], float | None]:
    """What the first layer alone holds that takes up ions, at the lowest voltage; none beside the metal."""
    first, *others = ([part.formula for part in layer.parts] for layer in layers)
    if not all(map(view.holds_more, first)):
        return (), None
    own = [f for f in first if not any(same_composition(f, each) for other in others for each in other)]
    found = [(lithiate(view.snapshot, Reactant.of(f), view.element, **view.how), f) for f in own]
    begins = [(round(x.cathodic_limit_v, 2), f) for x, f in found if x.cathodic_limit_v is not None]
    volts, anode = min(begins, key=lambda each: each[0], default=(None, None))
    return ((anode,) if anode else ()), volts


def _told_anode(
    anode: Sequence[Formula], at_v: float | None, window_v: tuple[float, float], element: str
) -> str:
    """Where an anode stands that is not the metal, and what the window, against the metal, is of the cell."""
    if not anode or at_v is None:
        return ""
    low, high = (f"{end - at_v:.3g}" for end in window_v)
    return (
        f"{anode[0].text}, the anode, at {at_v:g} V, where it begins to take up {element}; the window is "
        f"against {element}/{element}+, not against it: {window_v[0]:g} to {window_v[1]:g} V are "
        f"{low} to {high} V of the cell"
    )


def _meetings(layers: Sequence[Reactant]) -> list[tuple[list[str], Formula, Formula]]:
    """Compounds that touch, each pair once with all its places, from the anode to the cathode."""
    met: list[tuple[list[str], Formula, Formula]] = []
    for number, layer in enumerate(layers, 1):
        own = [part.formula for part in layer.parts]
        near = [part.formula for part in layers[number].parts] if number < len(layers) else []
        within = [(f"in {number}", *pair) for pair in combinations(own, 2)]
        across = [(f"{number} | {number + 1}", *pair) for pair in product(own, near)]
        for place, a, b in (*within, *across):
            if same_composition(a, b):
                continue
            places = next((places for places, *pair in met if _same_pair((a, b), pair)), None)
            if places is None:
                met.append(([place], a, b))
            elif place not in places:
                places.append(place)
    return met


def _same_pair(one: Sequence[Formula], other: Sequence[Formula]) -> bool:
    return any(all(map(same_composition, one, each)) for each in (other, other[::-1]))
