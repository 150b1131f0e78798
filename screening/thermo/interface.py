"""Reaction energy of two reactants against their mixing ratio: all kinks, on three axes."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from screening.display import Displayed, Group, Table
from screening.errors import InputError
from screening.phases.composition import Formula, Reactant, same_composition
from screening.phases.distrust import cautions
from screening.phases.snapshot import Snapshot
from screening.provenance import Provenance
from screening.thermo.lines import Compositions, tie_lines
from screening.thermo.reactants import (
    PricedReactant,
    phase_name,
    price,
    product_terms,
    reactant_terms,
    require_few_elements,
)
from screening.thermo.reactions import Moles, write_reaction
from screening.units import EV_TO_KJ_PER_MOL

if TYPE_CHECKING:
    import pandas as pd

ROUNDING_EV = 1e-12
"""Energies smaller than this are rounding of O(1) eV sums and written as 0."""

NO_REACTION_EV_PER_ATOM = 1e-3
"""Mutual reaction energies closer to zero than this are none: far inside any error of the data."""

AXES = ("atomic", "molar", "mass")
"""Mixing fractions that a reaction can be shown against."""

QUANTITIES = ("total", "mutual")
"""Energies that can be drawn: from the reactants' own ones, or from their hull energies."""


@dataclass(frozen=True)
class Kink:
    """One corner of the reaction-energy curve, with the reaction that happens there.

    Attributes
    ----------
    x_atomic, x_molar, x_mass : float
        Fraction of A in the mixture: by atoms, by moles of the formulas as written, by mass.
    total_ev_per_atom : float
        Reaction energy per atom of the mixture, from the reactants' own energies.
    mutual_ev_per_atom : float
        The same from the reactants' hull energies: what the interface itself adds.
    kj_per_mol_b : float or None
        Total energy in kJ per mole of B as written; None at x = 1.
    reaction : str
    products : mapping of str to float, read-only
        Moles of each product per mole of B (per mole of A at x = 1).
    """

    x_atomic: float
    x_molar: float
    x_mass: float
    total_ev_per_atom: float
    mutual_ev_per_atom: float
    kj_per_mol_b: float | None
    reaction: str
    products: Mapping[str, float]

    def x(self, axis: str) -> float:
        """Fraction of A on one of `AXES`."""
        return float(getattr(self, f"x_{axis}"))

    def as_dict(self) -> dict[str, Any]:
        """Content for JSON."""
        return {**vars(self), "products": dict(self.products)}


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
    estimated_phases : tuple of str
        Estimated phases among reactants and products.
    provenance : Provenance
    cautions : tuple of str
        Elements and phases whose energies are known to be wrong or rough, with the size of it.
    """

    plotter = "screening.plots.interface:plot_reactions"

    reactant_a: Reactant
    reactant_b: Reactant
    kinks: tuple[Kink, ...]
    energy_above_hull_ev_per_atom: OfBoth
    at_hull: tuple[str, ...]
    estimated_phases: tuple[str, ...]
    provenance: Provenance
    cautions: tuple[str, ...] = ()

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
    def notes(self) -> tuple[str, ...]:
        """Where something else was read than was written: ``LPSC read as Li6PS5Cl``."""
        return tuple(dict.fromkeys((*self.reactant_a.notes, *self.reactant_b.notes)))

    @property
    def reacts(self) -> bool:
        """Whether A and B react with each other, beyond `NO_REACTION_EV_PER_ATOM`.

        What either decays to alone is none of the interface's reactions.
        """
        return self.minimum_mutual.mutual_ev_per_atom < -NO_REACTION_EV_PER_ATOM

    @property
    def estimated(self) -> bool:
        """Whether any phase of any kink is an estimate."""
        return bool(self.estimated_phases)

    @cached_property
    def minimum(self) -> Kink:
        """Kink of the lowest total energy; may be an end point."""
        return min(self.kinks, key=lambda kink: kink.total_ev_per_atom)

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

    @property
    def x_counted(self) -> np.ndarray:
        """Fraction of A by `counted_atoms` at each kink, (n_kinks,) float array."""
        return np.array([kink.x_atomic for kink in self.kinks])

    def display(self, axis: str = "atomic") -> Table:
        """All kinks against one of `AXES`, energies above hull, marks and the stamp."""
        import pandas as pd

        rows = [
            {
                "x": f"{kink.x(axis):.4f}",
                f"total (eV/{self.per})": f"{kink.total_ev_per_atom:.4f}",
                f"mutual (eV/{self.per})": f"{kink.mutual_ev_per_atom:.4f}",
                "kJ/mol B": "" if kink.kj_per_mol_b is None else f"{kink.kj_per_mol_b:.1f}",
                "reaction": kink.reaction + " <- minimum" * (kink is self.minimum),
            }
            for kink in self.kinks
        ]
        above = self.energy_above_hull_ev_per_atom
        notes = (
            f"eV per {self.per} of mixture; "
            f"energy above hull: {self.a} {above.a:.4f}, {self.b} {above.b:.4f}",
            *marks(self.estimated_phases, self.at_hull),
            *self.cautions,
            self.provenance.line(),
        )
        return Table(f"{self.title}   x: {axis} fraction of {self.a}", pd.DataFrame(rows), notes)

    def to_frame(self) -> "pd.DataFrame":
        """One row per kink, with both reactants and the estimated mark."""
        import pandas as pd

        rows = [
            {
                "a": self.a,
                "b": self.b,
                **{name: getattr(k, name) for name in Kink.__dataclass_fields__ if name != "products"},
                "estimated": self.estimated,
                "at_hull": " ".join(self.at_hull),
                "cautions": "; ".join(self.cautions),
            }
            for k in self.kinks
        ]
        return pd.DataFrame(rows)

    def as_dict(self) -> dict[str, Any]:
        """Content for JSON."""
        return {
            "a": self.a,
            "b": self.b,
            "kinks": [kink.as_dict() for kink in self.kinks],
            "minimum": self.minimum.as_dict(),
            "minimum_mutual": self.minimum_mutual.as_dict(),
            "energy_above_hull_ev_per_atom": vars(self.energy_above_hull_ev_per_atom),
            "reacts": self.reacts,
            "at_hull": list(self.at_hull),
            "estimated": self.estimated,
            "estimated_phases": list(self.estimated_phases),
            "notes": list(self.notes),
            "cautions": list(self.cautions),
            "provenance": self.provenance.as_dict(),
        }


class InterfaceReactions(Group[InterfaceReaction]):
    """Several pairs: `to_frame` holds all kinks, a notebook shows the minimum of each pair."""

    plotter = "screening.plots.interface:plot_reactions"

    @property
    def provenance(self) -> Provenance:
        """Of the snapshot, the same for all."""
        return self.items[0].provenance

    def display(self, axis: str = "atomic") -> Table:
        """The minimum of each pair, with its products."""
        import pandas as pd

        rows = [
            {
                "pair": each.title + "*" * each.estimated + "†" * bool(each.at_hull),
                f"x at minimum ({axis})": f"{each.minimum.x(axis):.4f}",
                f"total (eV/{each.per})": f"{each.minimum.total_ev_per_atom:.4f}",
                f"mutual (eV/{each.per})": f"{each.minimum.mutual_ev_per_atom:.4f}",
                "kJ/mol B": "" if each.minimum.kj_per_mol_b is None else f"{each.minimum.kj_per_mol_b:.1f}",
                "reaction": each.minimum.reaction,
            }
            for each in self.items
        ]
        estimated = dict.fromkeys(name for each in self.items for name in each.estimated_phases)
        at_hull = dict.fromkeys(name for each in self.items for name in each.at_hull)
        cautions = dict.fromkeys(told for each in self.items for told in each.cautions)
        notes = (*marks(tuple(estimated), tuple(at_hull)), *cautions, self.provenance.line())
        return Table("Reaction energy at the minimum", pd.DataFrame(rows), notes)


def marks(estimated: tuple[str, ...], at_hull: tuple[str, ...]) -> list[str]:
    """What a reader must know of phases that were not calculated."""
    return [
        *([f"* estimated, not calculated: {', '.join(estimated)}"] if estimated else []),
        *([f"† taken at its hull energy: {', '.join(at_hull)}"] if at_hull else []),
    ]


def stamp(snapshot: Snapshot) -> Provenance:
    """Provenance of a number computed from this snapshot alone."""
    manifest = snapshot.manifest
    return Provenance.now(manifest.name, manifest.checksum, energy_scheme=manifest.energy_scheme)


def react(snapshot: Snapshot, a: Reactant, b: Reactant, *, at_hull: bool = False) -> InterfaceReaction:
    """Reaction energy of A with B against mixing ratio.

    Parameters
    ----------
    snapshot : Snapshot
    a, b : Reactant
        Compounds, or mixtures that react with their parts' own energies.
    at_hull : bool
        Accept compositions that the snapshot lacks at their hull energy; the result says so.

    Returns
    -------
    InterfaceReaction

    Raises
    ------
    InputError
        If both are the same composition, they hold too many elements, or a reactant cannot be priced (see
        `price`).

    References
    ----------
    W. D. Richards et al., Chem. Mater. 28, 266 (2016), doi 10.1021/acs.chemmater.5b04082.
    """
    unit_a, unit_b = a.unit, b.unit
    if same_composition(unit_a, unit_b):
        raise InputError(
            f"{a.text} and {b.text} are the same composition", remedy="give two different reactants"
        )
    require_few_elements(unit_a, unit_b)
    priced_a, priced_b = price(snapshot, a, at_hull=at_hull), price(snapshot, b, at_hull=at_hull)
    lines = tie_lines(snapshot, Compositions.of([unit_a]), Compositions.of([unit_b]))
    if lines.failed[0]:
        raise InputError(
            f"the convex hull between {a.text} and {b.text} did not converge", remedy="report this pair"
        )
    kinks, used = [], set()
    for k in range(len(lines.x)):
        phases, amounts = (column[lines.products.row(k)] for column in (lines.phase, lines.amount))
        used.update(phases[snapshot.phases.estimated[phases]].tolist())
        moles = dict(zip(phases.tolist(), (amounts / snapshot.phases.atoms[phases]).tolist(), strict=True))
        kinks.append(
            _kink(snapshot, priced_a, priced_b, float(lines.x[k]), float(lines.energy_ev_per_atom[k]), moles)
        )
    spelling = {**priced_b.spelling, **priced_a.spelling}
    named = [phase_name(snapshot, i, spelling) for i in sorted(used)]
    return InterfaceReaction(
        reactant_a=a,
        reactant_b=b,
        kinks=tuple(kinks),
        energy_above_hull_ev_per_atom=OfBoth(
            priced_a.energy_above_hull_ev_per_atom, priced_b.energy_above_hull_ev_per_atom
        ),
        at_hull=tuple(p.reactant.text for p in (priced_a, priced_b) if p.at_hull),
        estimated_phases=tuple(dict.fromkeys((*priced_a.estimated, *priced_b.estimated, *named))),
        provenance=stamp(snapshot),
        cautions=cautions(snapshot, (unit_a, unit_b), {*spelling, *lines.phase.tolist()}),
    )


def _kink(
    snapshot: Snapshot, a: PricedReactant, b: PricedReactant, x: float, hull: float, moles: dict[int, float]
) -> Kink:
    """One corner at atomic fraction x; `moles` are products by phase number per mole of atoms."""
    unit_a, unit_b = a.reactant.unit, b.reactant.unit
    moles_a, moles_b = x / unit_a.n_atoms, (1.0 - x) / unit_b.n_atoms
    total = rounded(hull - x * a.energy_ev_per_atom - (1.0 - x) * b.energy_ev_per_atom)
    mutual = rounded(hull - x * a.hull_energy_ev_per_atom - (1.0 - x) * b.hull_energy_ev_per_atom)
    per = moles_b if moles_b > 0.0 else moles_a
    products = product_terms(snapshot, moles, per, {**b.spelling, **a.spelling})
    left = [*reactant_terms(a.reactant, moles_a / per), *reactant_terms(b.reactant, moles_b / per)]
    return Kink(
        x,
        moles_a / (moles_a + moles_b),
        _mass_fraction(unit_a, unit_b, moles_a, moles_b),
        total,
        mutual,
        total / moles_b * EV_TO_KJ_PER_MOL if moles_b > 0.0 else None,
        write_reaction(left, products),
        Moles({term.formula: term.moles for term in products}),
    )


def _mass_fraction(unit_a: Formula, unit_b: Formula, moles_a: float, moles_b: float) -> float:
    mass_a, mass_b = moles_a * unit_a.molar_mass_g, moles_b * unit_b.molar_mass_g
    return mass_a / (mass_a + mass_b)


def rounded(energy_ev: float) -> float:
    """An energy without rounding noise."""
    return 0.0 if abs(energy_ev) < ROUNDING_EV else energy_ev
