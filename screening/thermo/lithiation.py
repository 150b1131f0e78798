"""What one compound becomes as it takes up lithium (or another element): plateaus, limits, 0 V energies."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from screening.display import Displayed, Group, Table
from screening.errors import InputError
from screening.phases.composition import Formula, Reactant, atomic_number, symbol
from screening.phases.distrust import cautions
from screening.phases.periodic_table import metals
from screening.phases.snapshot import Snapshot
from screening.provenance import Provenance
from screening.thermo.interface import marks, stamp
from screening.thermo.lines import Compositions, Lines, tie_lines
from screening.thermo.reactants import PricedReactant, phase_name, price, product_terms, reactant_terms
from screening.thermo.reactions import Moles, Term, write_reaction
from screening.thermo.staircases import PLATEAU_MERGE_V, Staircases
from screening.units import MAH_PER_MOL_OF_CHARGE

if TYPE_CHECKING:
    import pandas as pd

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
    """

    voltage_v: float
    uptake_per_formula: float
    capacity_mah_per_g: float
    reaction: str
    products: Mapping[str, float]
    element: str

    @property
    def li_per_formula(self) -> float:
        """`uptake_per_formula` of a lithiation; with another element there is no such attribute."""
        _require_lithium(self.element, "uptake_per_formula")
        return self.uptake_per_formula


@dataclass(frozen=True, kw_only=True)
class Lithiation(Displayed):
    """The staircase of one formula.

    Attributes
    ----------
    reactant : Reactant
    element : str
    cathodic_limit_v : float or None
        Highest voltage at which the element is taken up.
    anodic_limit_v : float or None
        Lowest voltage at which it is given off. Both set the compound on the hull.
    energy_above_hull_ev_per_atom : float
    decomposition_energy_0v_ev_per_atom : float
        Total reaction energy with an excess of the element, per atom of the formula (what is taken up is not
        counted), including the energy above hull.
    energy_per_uptake_0v_ev : float or None
        The same per atom taken up.
    steps : tuple of Step
        In falling voltage, above 0 V.
    start_products : mapping of str to float, read-only
        What a phase above the hull decays to before any uptake, moles per mole; empty for a stable one.
    at_hull : bool
        Whether the composition is lacking in the snapshot and was accepted at its hull energy.
    estimated_phases : tuple of str
    provenance : Provenance
    cautions : tuple of str
    """

    plotter = "screening.plots.staircases:plot_staircases"

    reactant: Reactant
    element: str
    cathodic_limit_v: float | None
    anodic_limit_v: float | None
    energy_above_hull_ev_per_atom: float
    decomposition_energy_0v_ev_per_atom: float
    energy_per_uptake_0v_ev: float | None
    steps: tuple[Step, ...]
    start_products: Mapping[str, float]
    at_hull: bool
    estimated_phases: tuple[str, ...]
    provenance: Provenance
    cautions: tuple[str, ...] = ()

    @property
    def formula(self) -> str:
        """The reactant as written."""
        return self.reactant.text

    @property
    def notes(self) -> tuple[str, ...]:
        """Where something else was read than was written: ``LPSC read as Li6PS5Cl``."""
        return self.reactant.notes

    @property
    def energy_per_li_0v_ev(self) -> float | None:
        """`energy_per_uptake_0v_ev` of a lithiation; with another element there is no such attribute."""
        _require_lithium(self.element, "energy_per_uptake_0v_ev")
        return self.energy_per_uptake_0v_ev

    @property
    def estimated(self) -> bool:
        """Whether any phase involved is an estimate."""
        return bool(self.estimated_phases)

    def display(self) -> Table:
        """All plateaus; limits, 0 V energies, marks and the stamp below."""
        import pandas as pd

        rows = [
            {
                f"V vs {self.element}": f"{step.voltage_v:.4f}",
                f"{self.element} per formula": f"{step.uptake_per_formula:.4g}",
                "mAh/g": f"{step.capacity_mah_per_g:.1f}",
                "reaction": step.reaction,
            }
            for step in self.steps
        ]
        return Table(self.formula, pd.DataFrame(rows), (*self._notes(), self.provenance.line()))

    def _notes(self) -> list[str]:
        limits = (self.cathodic_limit_v, self.anodic_limit_v)
        low, high = (_volts(limit) + " V" * (limit is not None) for limit in limits)
        per_uptake = self.energy_per_uptake_0v_ev
        each = "" if per_uptake is None else f", {per_uptake:.4f} eV per {self.element}"
        start = " + ".join(f"{moles:.4g} {name}" for name, moles in self.start_products.items())
        return [
            *([] if self.steps else [f"{self.formula} takes up no {self.element} above 0 V"]),
            f"cathodic limit {low}, anodic limit {high}",
            f"at 0 V {self.decomposition_energy_0v_ev_per_atom:.4f} eV per atom of the formula{each}; "
            f"energy above hull {self.energy_above_hull_ev_per_atom:.4f} eV/atom",
            *([f"decays without {self.element} to {start}"] if start else []),
            *marks(self.estimated_phases, (self.formula,) if self.at_hull else ()),
            *self.cautions,
        ]

    def to_frame(self) -> "pd.DataFrame":
        """One row per plateau; the same columns where there is none."""
        import pandas as pd

        columns = {
            "formula": [self.formula for _ in self.steps],
            "voltage_v": [step.voltage_v for step in self.steps],
            self._key("per_formula"): [step.uptake_per_formula for step in self.steps],
            "capacity_mah_per_g": [step.capacity_mah_per_g for step in self.steps],
            "reaction": [step.reaction for step in self.steps],
            "estimated": [self.estimated for _ in self.steps],
            "at_hull": [self.at_hull for _ in self.steps],
            "cautions": ["; ".join(self.cautions) for _ in self.steps],
        }
        return pd.DataFrame(columns)

    def as_dict(self) -> dict[str, Any]:
        """Content for JSON; keys speak of lithium only where lithium is taken up."""
        steps = [
            {
                "voltage_v": step.voltage_v,
                self._key("per_formula"): step.uptake_per_formula,
                "capacity_mah_per_g": step.capacity_mah_per_g,
                "reaction": step.reaction,
                "products": dict(step.products),
            }
            for step in self.steps
        ]
        content = {
            "formula": self.formula,
            "element": self.element,
            "cathodic_limit_v": self.cathodic_limit_v,
            "anodic_limit_v": self.anodic_limit_v,
            "energy_above_hull_ev_per_atom": self.energy_above_hull_ev_per_atom,
            "decomposition_energy_0v_ev_per_atom": self.decomposition_energy_0v_ev_per_atom,
            f"energy_{self._key('per', last=True)}_0v_ev": self.energy_per_uptake_0v_ev,
            "steps": steps,
            "at_hull": self.at_hull,
            "estimated": self.estimated,
            "estimated_phases": list(self.estimated_phases),
            "notes": list(self.notes),
            "cautions": list(self.cautions),
            "provenance": self.provenance.as_dict(),
        }
        return {**content, "start_products": dict(self.start_products)} if self.start_products else content

    def _key(self, text: str, *, last: bool = False) -> str:
        subject = "li" if self.element == "Li" else "uptake"
        return f"{text}_{subject}" if last else f"{subject}_{text}"


class Lithiations(Group[Lithiation]):
    """Several formulas: `to_frame` holds all plateaus, a notebook shows the limits of each formula."""

    plotter = "screening.plots.staircases:plot_staircases"

    @property
    def provenance(self) -> Provenance:
        """Of the snapshot, the same for all."""
        return self.items[0].provenance

    def display(self) -> Table:
        """Stability window, capacity and 0 V energies of each formula."""
        import pandas as pd

        rows = [
            {
                "formula": each.formula + "*" * each.estimated + "†" * each.at_hull,
                f"cathodic limit (V vs {each.element})": _volts(each.cathodic_limit_v),
                f"anodic limit (V vs {each.element})": _volts(each.anodic_limit_v),
                "capacity (mAh/g)": f"{each.steps[-1].capacity_mah_per_g:.1f}" if each.steps else "0",
                "at 0 V (eV/atom of formula)": f"{each.decomposition_energy_0v_ev_per_atom:.4f}",
                "energy above hull (eV/atom)": f"{each.energy_above_hull_ev_per_atom:.4f}",
                "at 0 V": each.steps[-1].reaction if each.steps else "",
            }
            for each in self.items
        ]
        estimated = dict.fromkeys(name for each in self.items for name in each.estimated_phases)
        at_hull = tuple(each.formula for each in self.items if each.at_hull)
        cautions = dict.fromkeys(told for each in self.items for told in each.cautions)
        notes = (*marks(tuple(estimated), at_hull), *cautions, self.provenance.line())
        return Table(f"Uptake of {self.items[0].element}", pd.DataFrame(rows), notes)


def _volts(limit: float | None) -> str:
    return "none" if limit is None else f"{limit:.3f}"


def _require_lithium(element: str, name: str) -> None:
    if element != "Li":
        raise AttributeError(f"{element} is taken up, not Li: ask for {name}")


def lithiate(
    snapshot: Snapshot, reactant: Reactant, element: str = "Li", *, at_hull: bool = False
) -> Lithiation:
    """Uptake staircase, stability window and 0 V energies of one compound or mixture.

    Parameters
    ----------
    snapshot : Snapshot
    reactant : Reactant
    element : str
        The element taken up; voltages are against its metal, with the charge of its most common cation.
    at_hull : bool
        Accept a composition that the snapshot lacks at its hull energy; the result says so.

    Returns
    -------
    Lithiation

    Raises
    ------
    InputError
        If the element is no metal with a cation, or all that the formula holds; or see `price`.

    References
    ----------
    Y. Zhu, X. He, Y. Mo, ACS Appl. Mater. Interfaces 7, 23685 (2015), doi 10.1021/acsami.5b07517.
    """
    z, unit = atomic_number(element, where="--element"), reactant.unit
    charge = cation_charge(element)
    if unit.atomic_numbers == (z,):
        raise InputError(
            f"{reactant.text} is all {element}: it cannot take itself up", remedy="give a compound"
        )
    priced, metal = price(snapshot, reactant, at_hull=at_hull), Formula(element, (z,), (1.0,))
    price(snapshot, Reactant.of(metal))
    compounds, pure = (Compositions.of([each]) for each in (unit, metal))
    lines = tie_lines(snapshot, pure, compounds)
    stairs = Staircases.of(lines, compounds.atoms, charge)
    numbers = range(len(stairs.voltage_v))
    steps = tuple(_step(snapshot, priced, lines, stairs, i, element, charge) for i in numbers)
    start = _moles(snapshot, lines, 0, unit.n_atoms) if priced.energy_above_hull_ev_per_atom > 0.0 else {}
    end = stairs.energy_ev_per_formula[-1] if steps else stairs.start_energy_ev_per_formula[0]
    difference = float(end) - priced.energy_ev_per_atom * unit.n_atoms
    reaction_energy = difference if abs(difference) > PLATEAU_MERGE_V else 0.0
    decayed = product_terms(snapshot, start, 1.0, priced.spelling)
    return Lithiation(
        reactant=reactant,
        element=element,
        cathodic_limit_v=steps[0].voltage_v if steps else None,
        anodic_limit_v=anodic_limit(snapshot, unit, z, charge),
        energy_above_hull_ev_per_atom=priced.energy_above_hull_ev_per_atom,
        decomposition_energy_0v_ev_per_atom=reaction_energy / unit.n_atoms,
        energy_per_uptake_0v_ev=reaction_energy / steps[-1].uptake_per_formula if steps else None,
        steps=steps,
        start_products=Moles({t.formula: t.moles for t in decayed}),
        at_hull=priced.at_hull,
        estimated_phases=_estimated(snapshot, priced, lines),
        provenance=stamp(snapshot),
        cautions=cautions(snapshot, (unit, metal), {*priced.spelling, *lines.phase.tolist()}),
    )


def _estimated(snapshot: Snapshot, priced: PricedReactant, lines: Lines) -> tuple[str, ...]:
    """Estimated phases of a reactant and of the line from it."""
    used = np.unique(lines.phase[snapshot.phases.estimated[lines.phase]]).tolist()
    named = (phase_name(snapshot, phase, priced.spelling) for phase in used)
    return tuple(dict.fromkeys((*priced.estimated, *named)))


def cation_charge(element: str, *, where: str = "--element") -> int:
    """Charge of the most common cation of a metal (pymatgen's table).

    Raises
    ------
    InputError
        If the element is no metal, or has none.
    """
    from pymatgen.core import Element

    charges = [int(c) for c in Element(element).common_oxidation_states if c > 0]
    if element not in metals() or not charges:
        raise InputError(f"{element} forms no common cation", where=where, remedy="choose a metal, as Li")
    return min(charges)


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
    held = unit.amount_of(z)
    if held == 0.0:
        return None
    compound = Compositions.of([unit])
    rest = compound.without(z)
    lines = tie_lines(snapshot, Compositions.of([Formula(symbol(z), (z,), (1.0,))]), rest)
    x_here = held / unit.n_atoms
    before = np.flatnonzero(lines.x < x_here - X_LIMIT_TOL)[-1]
    x, energy = lines.x[before : before + 2], lines.energy_ev_per_atom[before : before + 2]
    # a straight piece of the hull, continued to the pure element, ends at that element's chemical potential
    potential = energy[0] + (energy[1] - energy[0]) / (x[1] - x[0]) * (1.0 - x[0])
    return float(0.0 - potential / charge)


def _moles(snapshot: Snapshot, lines: Lines, kink: int, atoms: float) -> dict[int, float]:
    """Products at a kink by phase number, per formula; `atoms` is what the mixture holds per formula."""
    here = lines.products.row(kink)
    phases = lines.phase[here]
    moles = lines.amount[here] * atoms / snapshot.phases.atoms[phases]
    return dict(zip(phases.tolist(), moles.tolist(), strict=True))


def _step(
    snapshot: Snapshot,
    priced: PricedReactant,
    lines: Lines,
    stairs: Staircases,
    step: int,
    element: str,
    charge: int,
) -> Step:
    unit = priced.reactant.unit
    uptake = float(stairs.uptake_per_formula[step])
    moles = _moles(snapshot, lines, int(stairs.kink[step]), unit.n_atoms + uptake)
    terms = product_terms(snapshot, moles, 1.0, priced.spelling)
    products = [t for t in terms if t.formula != element]
    left = [Term(element, uptake), *reactant_terms(priced.reactant, 1.0)]
    return Step(
        float(stairs.voltage_v[step]),
        uptake,
        uptake * charge * MAH_PER_MOL_OF_CHARGE / unit.molar_mass_g,
        write_reaction(left, products),
        Moles({t.formula: t.moles for t in products}),
        element,
    )
