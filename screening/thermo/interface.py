"""Reaction energy of two reactants against their mixing ratio: all kinks, on three axes."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from screening.display import Displayed, Group, Table
from screening.errors import InputError
from screening.phases.composition import Reactant, same_composition
from screening.phases.distrust import cautions, merged, wholly_distrusted
from screening.phases.snapshot import Snapshot
from screening.provenance import Provenance
from screening.thermo.compositions import Compositions
from screening.thermo.intervals import NO_ERROR_BARS, ErrorBars, bounds, with_bounds, written
from screening.thermo.kinks import Corner, Kink, kink, outside_of
from screening.thermo.lines import tie_lines
from screening.thermo.marks import (
    estimates,
    marks,
    origins_of,
    stamp,
    starred,
    told_origins,
)
from screening.thermo.reactants import price, require_few_elements

if TYPE_CHECKING:
    import pandas as pd

NO_REACTION_EV_PER_ATOM = 1e-3
"""Mutual reaction energies closer to zero than this are none: far inside any error of the data."""

LOWEST_MUTUAL = "lowest mutual"
"""What the minimum of an open reaction is where a reactant decays by itself: another has a lower total."""

AXES = ("atomic", "molar", "mass")
"""Mixing fractions that a reaction can be shown against."""

QUANTITIES = ("total", "mutual")
"""Energies that can be drawn: from the reactants' own ones, or from their hull energies."""


@dataclass(frozen=True)
class OfBoth:
    """One quantity of each reactant."""

    a: float
    b: float


@dataclass(frozen=True, kw_only=True)
class InterfaceReaction(Displayed):
    """All kinks between two reactants.

    Attributes
    ----------
    reactant_a, reactant_b : Reactant
        x is the fraction of A.
    kinks : tuple of Kink
        From x = 0 (pure B) to x = 1 (pure A).
    energy_above_hull_ev_per_atom : OfBoth
    at_hull : tuple of str
        Reactants that the snapshot lacks and that were accepted at their hull energy.
    origins : mapping of str to str
        Phases among reactants and products that are none of the source's own, and where their energies
        come from: ``{"Li3HoCl6": "estimated"}``.
    provenance : Provenance
    cautions : tuple of str
        Elements and phases whose energies are known to be wrong or rough, with the size of it.
    notes : tuple of str
        Where something else was read than was written (``LPSC read as Li6PS5Cl``), and own phases that lost
        against the snapshot's.
    error_bars : str
        By which error model the intervals are, or why there are none.
    """

    plotter = "screening.plots.interface:plot_reactions"

    reactant_a: Reactant
    reactant_b: Reactant
    kinks: tuple[Kink, ...]
    energy_above_hull_ev_per_atom: OfBoth
    at_hull: tuple[str, ...]
    origins: Mapping[str, str]
    provenance: Provenance
    cautions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    error_bars: str = ""

    @property
    def a(self) -> str:
        """Reactant A as written."""
        return self.reactant_a.text

    @property
    def b(self) -> str:
        """Reactant B as written."""
        return self.reactant_b.text

    @property
    def title(self) -> str:
        """The pair, as tables and figures name it."""
        return f"{self.a} | {self.b}"

    @property
    def per(self) -> str:
        """What energies are divided by."""
        return "atom"

    @property
    def counted_atoms(self) -> OfBoth:
        """Atoms per formula in which energies are linear between kinks."""
        return OfBoth(self.reactant_a.unit.n_atoms, self.reactant_b.unit.n_atoms)

    @property
    def x_counted(self) -> np.ndarray:
        """Fraction of A by `counted_atoms` at each kink, (n_kinks,) float array."""
        return np.array([kink.x_atomic for kink in self.kinks])

    @property
    def reacts(self) -> bool:
        """Whether A and B react with each other, beyond `NO_REACTION_EV_PER_ATOM`.

        What either decays to alone is none of the interface's reactions.
        """
        return self.minimum_mutual.mutual_ev_per_atom < -NO_REACTION_EV_PER_ATOM

    @property
    def estimated_phases(self) -> tuple[str, ...]:
        """Estimated phases among reactants and products."""
        return estimates(self.origins)

    @property
    def estimated(self) -> bool:
        """Whether any phase of any kink is an estimate."""
        return bool(self.estimated_phases)

    @cached_property
    def minimum(self) -> Kink:
        """Kink of the lowest total energy between the ends, where a reactant at most decays by itself.

        Of two that do not react, the kink of the lowest mutual energy.
        """
        if not self.reacts:
            return self.minimum_mutual
        return min(self.kinks[1:-1], key=lambda kink: kink.total_ev_per_atom)

    @property
    def told_minimum(self) -> str:
        """What `minimum` is, as tables and figures of total energies name it."""
        return "minimum"

    @cached_property
    def minimum_mutual(self) -> Kink:
        """Kink of the lowest mutual energy."""
        return min(self.kinks, key=lambda kink: kink.mutual_ev_per_atom)

    @property
    def end_at_excess_a(self) -> Kink:
        """The last kink before pure A: what B ends as where A is in excess."""
        return self.kinks[-2]

    def fraction_of_a(self, axis: str, x: np.ndarray) -> np.ndarray:
        """Mixing fraction of A on one of `AXES` for fractions of A by `counted_atoms`, (n,) float arrays.

        Energies are linear between kinks in the latter only; on other axes the curve is bent.
        """
        weight = {"atomic": "n_atoms", "mass": "molar_mass_g"}.get(axis)
        units = self.reactant_a.unit, self.reactant_b.unit
        per_a, per_b = (getattr(unit, weight) if weight else 1.0 for unit in units)
        of_a, of_b = x / self.counted_atoms.a * per_a, (1.0 - x) / self.counted_atoms.b * per_b
        return of_a / (of_a + of_b)

    def display(self, axis: str = "atomic", digits: int | None = None) -> Table:
        """All kinks against one of `AXES`, energies above hull, marks and the stamp.

        Numbers have the digits that their intervals leave, or as many decimals as `digits` says.
        """
        shown = [k for k in self.kinks if self.reacts or k.total_ev_per_atom != 0.0]
        rows = [
            {
                "x": f"{kink.x(axis):.4f}",
                **self.energies(kink, digits),
                "kJ (as written)": self._kj(kink, digits),
                "reaction": self.starred(kink.reaction) + self._remark(kink),
            }
            for kink in shown
        ]
        above = self.energy_above_hull_ev_per_atom
        notes = (
            *([] if self.reacts else [f"no reaction between {self.a} and {self.b}"]),
            f"eV per {self.per} of mixture; "
            f"energy above hull: {self.a} {above.a:.4f}, {self.b} {above.b:.4f}",
            *marks(self.origins, self.at_hull),
            *self.cautions,
            *filter(None, [self.error_bars]),
            self.provenance.line(),
        )
        return Table(f"{self.starred(self.title)}   x: {axis} fraction of {self.a}", _filled(rows), notes)

    def starred(self, text: str) -> str:
        """A reaction or pair with the marks of `marks` at its formulas."""
        return starred(text, self.origins, self.at_hull)

    def energies(self, kink: Kink, digits: int | None = None) -> dict[str, str]:
        """Energies of one kink as tables show them, by their heads.

        The mutual one tells its interval where that is not the one of the total energy.
        """
        within, of_mutual = kink.total_95_ev_per_atom, kink.mutual_95_ev_per_atom
        mutual = written(kink.mutual_ev_per_atom, of_mutual, digits, 3)
        same = bounds(of_mutual, digits) == bounds(within, digits)
        return {
            f"total (eV/{self.per})": written(kink.total_ev_per_atom, within, digits, 3),
            "95 %": bounds(within, digits),
            f"mutual (eV/{self.per})": mutual if same else with_bounds(mutual, of_mutual, digits),
        }

    def _remark(self, kink: Kink) -> str:
        if self.reacts and kink is self.minimum:
            return f" <- {self.told_minimum}"
        alone = kink in (self.kinks[0], self.kinks[-1]) and kink.total_ev_per_atom < 0.0
        return " (decays by itself)" * alone

    def _kj(self, kink: Kink, digits: int | None) -> str:
        if not kink.kj_as_written:
            return "" if kink.kj_as_written is None else "0"
        within = kink.kj_as_written_95
        return with_bounds(written(kink.kj_as_written, within, digits, 0), within, digits)

    def to_frame(self) -> "pd.DataFrame":
        """One row per kink, with both reactants and the marks."""
        import pandas as pd

        rows = [
            {
                "a": self.a,
                "b": self.b,
                **kink.columns(),
                "estimated": self.estimated,
                "origins": told_origins(self.origins),
                "at_hull": " ".join(self.at_hull),
                "cautions": "; ".join(self.cautions),
            }
            for kink in self.kinks
        ]
        return pd.DataFrame(rows)

    def as_dict(self) -> dict[str, Any]:
        """Content for JSON."""
        return {
            "a": self.a,
            "b": self.b,
            "kinks": [kink.as_dict() for kink in self.kinks],
            "minimum": self.minimum.as_dict() if self.reacts else None,
            "minimum_mutual": self.minimum_mutual.as_dict() if self.reacts else None,
            "energy_above_hull_ev_per_atom": vars(self.energy_above_hull_ev_per_atom),
            "reacts": self.reacts,
            "at_hull": list(self.at_hull),
            "estimated": self.estimated,
            "estimated_phases": list(self.estimated_phases),
            "origins": dict(self.origins),
            "notes": list(self.notes),
            "cautions": list(self.cautions),
            "error_bars": self.error_bars,
            "provenance": self.provenance.as_dict(),
        }


class InterfaceReactions(Group[InterfaceReaction]):
    """Several pairs: `to_frame` holds all kinks, a notebook shows the minimum of each pair."""

    plotter = "screening.plots.interface:plot_reactions"

    @property
    def provenance(self) -> Provenance:
        """Of the snapshot, the same for all."""
        return self.items[0].provenance

    def display(self, axis: str = "atomic", digits: int | None = None) -> Table:
        """The minimum of each pair, with its products; digits as of `InterfaceReaction.display`."""
        rows = []
        for each in self.items:
            low, mark = each.minimum, "*" * bool(each.origins) + "†" * bool(each.at_hull)
            named = each.starred(each.title)
            row = {"pair": named if named != each.title else f"{each.title}{mark}"}
            if each.reacts:
                row |= {f"x at minimum ({axis})": f"{low.x(axis):.4f}"}
                row |= each.energies(low, digits)
                # no room for its interval, which is that of the total energy in other units
                row |= {"kJ (as written)": each._kj(low, digits).partition(" (")[0]}
            rows.append({**row, "reaction": each.starred(low.reaction) if each.reacts else "no reaction"})
        origins = {name: origin for each in self.items for name, origin in each.origins.items()}
        at_hull = dict.fromkeys(name for each in self.items for name in each.at_hull)
        told = merged(t for each in self.items for t in (*each.cautions, each.error_bars) if t)
        notes = (*marks(origins, tuple(at_hull)), *told, self.provenance.line())
        if any(each.reacts and each.told_minimum == LOWEST_MUTUAL for each in self.items):
            notes = (f"minimum: {LOWEST_MUTUAL} energy where a reactant decays by itself", *notes)
        return Table("Reaction energy at the minimum", _filled(rows), notes)


def _filled(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Rows of text without columns in which nothing stands; the reaction last."""
    heads = dict.fromkeys(head for row in rows for head in row if head != "reaction")
    kept = [head for head in heads if any(row.get(head) for row in rows)]
    return [{head: row.get(head, "") for head in (*kept, "reaction")} for row in rows]


def react(
    snapshot: Snapshot,
    a: Reactant,
    b: Reactant,
    *,
    at_hull: bool = False,
    error_bars: ErrorBars = NO_ERROR_BARS,
) -> InterfaceReaction:
    """Reaction energy of A with B against mixing ratio.

    Parameters
    ----------
    snapshot : Snapshot
    a, b : Reactant
        Compounds, or mixtures that react with their parts' own energies.
    at_hull : bool
        Accept compositions that the snapshot lacks at their hull energy.
    error_bars : ErrorBars

    Raises
    ------
    InputError
        If both are the same composition, they hold too many elements, or see `price`.

    References
    ----------
    W. D. Richards et al., Chem. Mater. 28, 266 (2016), doi 10.1021/acs.chemmater.5b04082.
    """
    unit_a, unit_b = a.unit, b.unit
    if same_composition(unit_a, unit_b):
        raise InputError(f"{a.text} and {b.text} are the same composition", remedy="give two reactants")
    require_few_elements(unit_a, unit_b)
    priced_a, priced_b = price(snapshot, a, at_hull=at_hull), price(snapshot, b, at_hull=at_hull)
    lines = tie_lines(snapshot, Compositions.of([unit_a]), Compositions.of([unit_b]))
    if lines.failed[0]:
        raise InputError(
            f"the convex hull between {a.text} and {b.text} did not converge", remedy="report this pair"
        )
    error_bars = error_bars.off_by(wholly_distrusted(snapshot, (unit_a, unit_b)))
    corners = zip(lines.x.tolist(), lines.energy_ev_per_atom.tolist(), range(len(lines.x)), strict=True)
    spelling = {**priced_b.spelling, **priced_a.spelling}
    kinks = tuple(
        kink(snapshot, priced_a, priced_b, Corner(x, energy, lines.assemblage(k)), error_bars)
        for x, energy, k in corners
    )
    told = cautions(snapshot, (unit_a, unit_b), {*spelling, *lines.phase.tolist()}) + outside_of(kinks)
    return InterfaceReaction(
        reactant_a=a,
        reactant_b=b,
        kinks=kinks,
        energy_above_hull_ev_per_atom=OfBoth(
            priced_a.energy_above_hull_ev_per_atom, priced_b.energy_above_hull_ev_per_atom
        ),
        at_hull=tuple(p.reactant.text for p in (priced_a, priced_b) if p.at_hull),
        origins=origins_of(snapshot, {*priced_a.phases, *priced_b.phases, *lines.phase.tolist()}, spelling),
        provenance=stamp(snapshot),
        cautions=told,
        notes=tuple(dict.fromkeys((*a.notes, *b.notes, *snapshot.notes))),
        error_bars=error_bars.note,
    )
