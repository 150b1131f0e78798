"""One corner of a reaction-energy curve: the balanced reaction there, its energies and their intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from screening.phases.composition import Formula
from screening.phases.snapshot import Snapshot
from screening.thermo.intervals import ErrorBars, Interval, form, outside
from screening.thermo.marks import product_terms, reactant_terms
from screening.thermo.reactants import PricedReactant
from screening.thermo.reactions import Moles, equation
from screening.units import EV_TO_KJ_PER_MOL

ENDS = ("_low", "_high")
"""In place of ``_95`` in the names of the columns that hold the bounds."""

ROUNDING_EV = 1e-12
"""Energies smaller than this are rounding of O(1) eV sums and written as 0."""


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
    kj_as_written : float or None
        Total energy in kJ for the moles of `reaction`; None in results from before it was computed.
    total_95_ev_per_atom, mutual_95_ev_per_atom : Interval or None
        Where the true values lie; None without an error model.
    """

    x_atomic: float
    x_molar: float
    x_mass: float
    total_ev_per_atom: float
    mutual_ev_per_atom: float
    kj_per_mol_b: float | None
    reaction: str
    products: Mapping[str, float]
    kj_as_written: float | None = None
    total_95_ev_per_atom: Interval | None = None
    mutual_95_ev_per_atom: Interval | None = None

    def x(self, axis: str) -> float:
        """Fraction of A on one of `AXES`."""
        return float(getattr(self, f"x_{axis}"))

    @property
    def kj_as_written_95(self) -> Interval | None:
        """Where the true `kj_as_written` lies."""
        return self._in_kj(self.kj_as_written)

    @property
    def kj_per_mol_b_95(self) -> Interval | None:
        """Where the true `kj_per_mol_b` lies."""
        return self._in_kj(self.kj_per_mol_b)

    def _in_kj(self, kj: float | None) -> Interval | None:
        within, ev = self.total_95_ev_per_atom, self.total_ev_per_atom
        return None if kj is None or within is None else within.scaled(kj / ev if ev else 0.0)

    def as_dict(self) -> dict[str, Any]:
        """Content for JSON."""
        in_kj = {name: getattr(self, name) for name in ("kj_as_written_95", "kj_per_mol_b_95")}
        return {**vars(self), **in_kj, "products": dict(self.products)}

    def columns(self) -> dict[str, Any]:
        """Content for a table."""
        content = {name: value for name, value in self.as_dict().items() if name != "products"}
        for name in [each for each in content if "_95" in each]:
            within = content.pop(name) or (None, None)
            content |= {name.replace("_95", end): each for end, each in zip(ENDS, within, strict=True)}
        return content


def outside_of(kinks: Sequence[Kink]) -> tuple[str, ...]:
    """What is said where an energy of one of them lies outside its interval."""
    return outside(
        *((each.total_ev_per_atom, each.total_95_ev_per_atom) for each in kinks),
        *((each.mutual_ev_per_atom, each.mutual_95_ev_per_atom) for each in kinks),
    )


class Corner(NamedTuple):
    """One corner of the hull: atomic fraction of A, energy, and atomic fractions of the products."""

    x: float
    energy_ev_per_atom: float
    products: Mapping[int, float]


def kink(
    snapshot: Snapshot, a: PricedReactant, b: PricedReactant, corner: Corner, error_bars: ErrorBars
) -> Kink:
    """The reaction at one corner, with its energies."""
    x, hull, _ = corner
    unit_a, unit_b = a.reactant.unit, b.reactant.unit
    moles_a, moles_b = x / unit_a.n_atoms, (1.0 - x) / unit_b.n_atoms
    total = rounded(hull - x * a.energy_ev_per_atom - (1.0 - x) * b.energy_ev_per_atom)
    mutual = rounded(hull - x * a.hull_energy_ev_per_atom - (1.0 - x) * b.hull_energy_ev_per_atom)
    per = moles_b if moles_b > 0.0 else moles_a
    moles = {phase: share / float(snapshot.phases.atoms[phase]) for phase, share in corner.products.items()}
    products = product_terms(snapshot, moles, per, {**b.spelling, **a.spelling})
    left = [*reactant_terms(a.reactant, moles_a / per), *reactant_terms(b.reactant, moles_b / per)]
    reaction = equation(left, products)
    change = [
        form(len(snapshot), (1.0, corner.products), (-x, of_a), (x - 1.0, of_b))
        for of_a, of_b in ((a.phases, b.phases), (a.hull, b.hull))
    ]
    return Kink(
        x,
        moles_a / (moles_a + moles_b),
        _mass_fraction(unit_a, unit_b, moles_a, moles_b),
        total,
        mutual,
        total / moles_b * EV_TO_KJ_PER_MOL if moles_b > 0.0 else None,
        reaction.text,
        Moles({term.formula: term.moles for term in products}),
        total / per * reaction.scale * EV_TO_KJ_PER_MOL,
        error_bars.around(total, change[0]),
        error_bars.around(mutual, change[1]),
    )


def _mass_fraction(unit_a: Formula, unit_b: Formula, moles_a: float, moles_b: float) -> float:
    mass_a, mass_b = moles_a * unit_a.molar_mass_g, moles_b * unit_b.molar_mass_g
    return mass_a / (mass_a + mass_b)


def rounded(energy_ev: float) -> float:
    """An energy without rounding noise."""
    return 0.0 if abs(energy_ev) < ROUNDING_EV else energy_ev
