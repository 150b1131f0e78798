"""The way of one compound as it takes an element up or gives it off: plateaus, limits, their linear forms."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from screening.errors import InputError
from screening.phases.composition import Formula, symbol
from screening.phases.periodic_table import atomic_number, metals
from screening.phases.snapshot import Snapshot
from screening.thermo.compositions import Compositions
from screening.thermo.intervals import ErrorBars, Forms, Interval, form
from screening.thermo.lines import Lines, tie_lines
from screening.thermo.marks import product_terms, reactant_terms
from screening.thermo.reactants import PricedReactant
from screening.thermo.reactions import Moles, Term, write_reaction
from screening.thermo.staircases import PLATEAU_MERGE_V, Staircases
from screening.units import MAH_PER_MOL_OF_CHARGE

X_LIMIT_TOL = 1e-7
"""Distance along the line (atomic fraction) within which a kink stands at the compound itself."""


@dataclass(frozen=True)
class Step:
    """One finished plateau.

    Attributes
    ----------
    voltage_v : float
        Against the pure element.
    uptake_per_formula : float
        Atoms taken up once the plateau is finished, per formula as written.
    capacity_mah_per_g : float
        The same as charge per gram of the formula.
    reaction : str
        From the pristine formula to the end of the plateau.
    products : mapping of str to float, read-only
        Moles per mole of formula as written; the free element is not among them.
    element : str
        What is taken up.
    voltage_95_v : Interval or None
        Where the true voltage lies; None without an error model.
    """

    voltage_v: float
    uptake_per_formula: float
    capacity_mah_per_g: float
    reaction: str
    products: Mapping[str, float]
    element: str
    voltage_95_v: Interval | None = None

    @property
    def li_per_formula(self) -> float:
        """`uptake_per_formula` of a lithiation; with another element there is no such attribute."""
        require_lithium(self.element, "uptake_per_formula")
        return self.uptake_per_formula


def require_lithium(element: str, name: str) -> None:
    """Refuse lithium's name for a quantity of another element."""
    if element != "Li":
        raise AttributeError(f"{element} is taken up, not Li: ask for {name}")


def cation_charge(element: str, charge: int | None = None, *, where: str = "--element") -> int:
    """Charge of the cation of a metal: the lowest common one, or the one that is given (pymatgen's tables).

    Raises
    ------
    InputError
        If there is no such element, it is no metal, or has no such cation.
    """
    from pymatgen.core import Element

    of = Element.from_Z(atomic_number(element, where=where))
    states = of.common_oxidation_states, of.oxidation_states
    common, known = (sorted({int(c) for c in each if c > 0}) for each in states)
    if element not in metals() or not common:
        raise InputError(f"{element} forms no common cation", where=where, remedy="choose a metal, as Li")
    if charge is not None and charge not in (*common, *known):
        raise InputError(
            f"no cation {element}{charge}+",
            where="--charge" if where == "--element" else where,
            remedy=f"choose from {', '.join(map(str, sorted({*common, *known})))}",
        )
    return charge or common[0]


def anodic_limit(snapshot: Snapshot, unit: Formula, z: int, charge: int = 1) -> float | None:
    """Lowest voltage at which a compound, set on the hull, gives off an element; None if it holds none.

    Parameters
    ----------
    snapshot : Snapshot
    unit : Formula
    z : int
        Atomic number of the element.
    charge : int
        Electrons that one atom takes along.
    """
    leaving = anodic(snapshot, unit, z, charge)
    return None if leaving is None else leaving[0]


def anodic(snapshot: Snapshot, unit: Formula, z: int, charge: int) -> tuple[float, Forms] | None:
    """The anodic limit, and the same as a linear form; None if the compound does not hold the element."""
    held = unit.amount_of(z)
    if held == 0.0:
        return None
    compound = Compositions.of([unit])
    rest = compound.without(z)
    lines = tie_lines(snapshot, Compositions.of([Formula(symbol(z), (z,), (1.0,))]), rest)
    x_here = held / unit.n_atoms
    before = int(np.flatnonzero(lines.x < x_here - X_LIMIT_TOL)[-1])
    x, energy = lines.x[before : before + 2], lines.energy_ev_per_atom[before : before + 2]
    # a straight piece of the hull, continued to the pure element, ends at that element's chemical potential
    along = float((1.0 - x[0]) / (x[1] - x[0]))
    potential = energy[0] + (energy[1] - energy[0]) * along
    shares = [lines.assemblage(kink) for kink in (before, before + 1)]
    energies = form(len(snapshot), ((along - 1.0) / charge, shares[0]), (-along / charge, shares[1]))
    return float(0.0 - potential / charge), energies


@dataclass(frozen=True, eq=False)
class Along:
    """The line from a compound to the element that it takes up."""

    snapshot: Snapshot
    priced: PricedReactant
    lines: Lines
    element: str
    charge: int
    error_bars: ErrorBars

    @cached_property
    def stairs(self) -> Staircases:
        """Plateaus along the line."""
        return Staircases.of(self.lines, np.array([self._n_atoms]), self.charge)

    @property
    def _n_atoms(self) -> float:
        return self.priced.reactant.unit.n_atoms

    def moles(self, kink: int, uptake: float) -> dict[int, float]:
        """Products at a kink by phase number, per formula that has taken up so many atoms."""
        atoms, of = self._n_atoms + uptake, self.snapshot.phases.atoms
        return {
            phase: share * atoms / float(of[phase]) for phase, share in self.lines.assemblage(kink).items()
        }

    def start_products(self) -> Moles:
        """What a phase above the hull decays to before any uptake; nothing for a stable one."""
        decays = self.priced.energy_above_hull_ev_per_atom > 0.0
        moles = self.moles(0, 0.0) if decays else {}
        terms = product_terms(self.snapshot, moles, 1.0, self.priced.spelling)
        return Moles({t.formula: t.moles for t in terms})

    def _end(self, step: int) -> tuple[float, Mapping[int, float]]:
        """Uptake per formula and assemblage where a plateau ends; −1: before the first."""
        if step < 0:
            return 0.0, self.lines.assemblage(0)
        kink = int(self.stairs.kink[step])
        return float(self.stairs.uptake_per_formula[step]), self.lines.assemblage(kink)

    def steps(self) -> tuple[Step, ...]:
        """All plateaus, in falling voltage."""
        steps = tuple(self._step(number) for number in range(len(self.stairs.voltage_v)))
        if not steps or self.priced.energy_above_hull_ev_per_atom <= 0.0:
            return steps
        own = [self._from_itself(number) for number in range(len(steps))]
        first = replace(steps[0], voltage_95_v=self.error_bars.or_stable(steps[0].voltage_95_v, own))
        return (first, *steps[1:])

    def _from_itself(self, number: int) -> tuple[float, Forms]:
        """Mean voltage from the compound itself to the end of a plateau, and the same as a linear form."""
        uptake, end = self._end(number)
        electrons, energy = uptake * self.charge, float(self.stairs.energy_ev_per_formula[number])
        return (self.priced.energy_ev_per_atom * self._n_atoms - energy) / electrons, form(
            len(self.snapshot),
            (self._n_atoms / electrons, self.priced.phases),
            (-(self._n_atoms + uptake) / electrons, end),
        )

    def _step(self, number: int) -> Step:
        unit, (before, start), (uptake, end) = (
            self.priced.reactant.unit,
            *map(self._end, (number - 1, number)),
        )
        terms = product_terms(
            self.snapshot, self.moles(int(self.stairs.kink[number]), uptake), 1.0, self.priced.spelling
        )
        products = [t for t in terms if t.formula != self.element]
        left = [Term(self.element, uptake), *reactant_terms(self.priced.reactant, 1.0)]
        voltage, electrons = float(self.stairs.voltage_v[number]), (uptake - before) * self.charge
        energy = form(
            len(self.snapshot),
            ((self._n_atoms + before) / electrons, start),
            (-(self._n_atoms + uptake) / electrons, end),
        )
        return Step(
            voltage,
            uptake,
            uptake * self.charge * MAH_PER_MOL_OF_CHARGE / unit.molar_mass_g,
            write_reaction(left, products),
            Moles({t.formula: t.moles for t in products}),
            self.element,
            self.error_bars.around(voltage, energy),
        )

    def at_0v(self) -> tuple[float, Interval | None]:
        """Total reaction energy with the element in excess, eV per atom of formula, and its interval."""
        last = len(self.stairs.voltage_v) - 1
        uptake, end = self._end(last)
        energies = (*self.stairs.start_energy_ev_per_formula, *self.stairs.energy_ev_per_formula)
        difference = float(energies[last + 1]) - self.priced.energy_ev_per_atom * self._n_atoms
        per_atom = difference / self._n_atoms if abs(difference) > PLATEAU_MERGE_V else 0.0
        atoms = (self._n_atoms + uptake) / self._n_atoms
        energy = form(len(self.snapshot), (atoms, end), (-1.0, self.priced.phases))
        return per_atom, self.error_bars.around(per_atom, energy)
