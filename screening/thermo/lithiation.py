"""What one compound becomes as it takes up lithium (or another element): plateaus, limits, 0 V energies."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from screening.display import Displayed, Group, Table
from screening.errors import InputError
from screening.phases.composition import Formula, Reactant, atomic_number
from screening.phases.distrust import cautions, merged, wholly_distrusted
from screening.phases.snapshot import Snapshot
from screening.provenance import Provenance
from screening.thermo.compositions import Compositions
from screening.thermo.intervals import (
    NO_ERROR_BARS,
    ErrorBars,
    Interval,
    bounds,
    in_order,
    outside,
    with_bounds,
    written,
)
from screening.thermo.lines import tie_lines
from screening.thermo.marks import (
    estimates,
    marks,
    origins_of,
    stamp,
    starred,
    told_origins,
)
from screening.thermo.reactants import price
from screening.thermo.staircases import DEFAULT_FLOOR_V
from screening.thermo.uptake import Along, Step, anodic, cation_charge, require_lithium

if TYPE_CHECKING:
    import pandas as pd

NOT_KNOWN = Interval(float("nan"), float("nan"))
"""In a table, where there is no error model."""


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
    origins : mapping of str to str
        As of `InterfaceReaction`.
    provenance : Provenance
    charge : int
        Of the element's cation.
    anodic_limit_95_v, decomposition_energy_0v_95_ev_per_atom : Interval or None
        Where the true values lie; None without an error model.
    cautions, notes : tuples of str
    error_bars : str
        As of `InterfaceReaction`.
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
    origins: Mapping[str, str]
    provenance: Provenance
    charge: int = 1
    anodic_limit_95_v: Interval | None = None
    decomposition_energy_0v_95_ev_per_atom: Interval | None = None
    cautions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    error_bars: str = ""

    @property
    def formula(self) -> str:
        """The reactant as written."""
        return self.reactant.text

    @property
    def couple(self) -> str:
        """What voltages are against: ``Cu/Cu2+``."""
        return f"{self.element}/{self.element}{self.charge if self.charge > 1 else ''}+"

    @property
    def cathodic_limit_95_v(self) -> Interval | None:
        """Where the true cathodic limit lies."""
        return self.steps[0].voltage_95_v if self.steps else None

    @property
    def outside(self) -> tuple[str, ...]:
        """What is said where one of its values lies outside its interval."""
        at_0v = self.decomposition_energy_0v_ev_per_atom, self.decomposition_energy_0v_95_ev_per_atom
        volts = [(step.voltage_v, step.voltage_95_v) for step in self.steps]
        return outside(at_0v, (self.anodic_limit_v, self.anodic_limit_95_v), *volts)

    @property
    def energy_per_uptake_0v_95_ev(self) -> Interval | None:
        """Where the true energy per atom taken up lies."""
        per_atom = self.decomposition_energy_0v_95_ev_per_atom
        if per_atom is None or not self.steps:
            return None
        return per_atom.scaled(self.reactant.unit.n_atoms / self.steps[-1].uptake_per_formula)

    @property
    def estimated_phases(self) -> tuple[str, ...]:
        """Estimated phases among those involved."""
        return estimates(self.origins)

    @property
    def energy_per_li_0v_ev(self) -> float | None:
        """`energy_per_uptake_0v_ev` of a lithiation; with another element there is no such attribute."""
        require_lithium(self.element, "energy_per_uptake_0v_ev")
        return self.energy_per_uptake_0v_ev

    @property
    def estimated(self) -> bool:
        """Whether any phase involved is an estimate."""
        return bool(self.estimated_phases)

    def display(self, digits: int | None = None) -> Table:
        """All plateaus; limits, 0 V energies, marks and the stamp below.

        Numbers have the digits that their intervals leave, or as many decimals as `digits` says.
        """
        volts = in_order([(step.voltage_v, step.voltage_95_v) for step in self.steps], digits, 2)
        rows = [
            {
                f"V vs {self.couple}": volt,
                "95 %": bounds(step.voltage_95_v, digits),
                f"{self.element} per formula": f"{step.uptake_per_formula:.4g}",
                "mAh/g": f"{step.capacity_mah_per_g:.1f}",
                "reaction": self._starred(step.reaction),
            }
            for volt, step in zip(volts, self.steps, strict=True)
        ]
        if self.cathodic_limit_95_v is None:
            for row in rows:
                del row["95 %"]
        notes = (*self._notes(digits), self.provenance.line())
        return Table(self._starred(self.formula), rows, notes)

    def _starred(self, text: str) -> str:
        return starred(text, self.origins, (self.formula,) if self.at_hull else ())

    def _notes(self, digits: int | None) -> list[str]:
        low = _volts(self.cathodic_limit_v, self.cathodic_limit_95_v, digits)
        high = _volts(self.anodic_limit_v, self.anodic_limit_95_v, digits)
        per_uptake = ""
        if self.energy_per_uptake_0v_ev is not None:
            told = self._at_0v(self.energy_per_uptake_0v_ev, self.energy_per_uptake_0v_95_ev, digits)
            per_uptake = f", {told} eV per {self.element}"
        start = " + ".join(f"{moles:.4g} {name}" for name, moles in self.start_products.items())
        return [
            *([] if self.steps else [f"no reaction: {self.formula} takes up no {self.element} above 0 V"]),
            f"cathodic limit {low}, anodic limit {high}, against {self.couple}",
            f"at 0 V {self.told_at_0v(digits)} eV per atom of the formula{per_uptake}; "
            f"energy above hull {self.energy_above_hull_ev_per_atom:.4f} eV/atom",
            *([f"decays without {self.element} to {start}"] if start else []),
            *([f"{self.told_capacity()}; studies count to {DEFAULT_FLOOR_V:g} V"] * self._goes_on),
            *marks(self.origins, (self.formula,) if self.at_hull else ()),
            *self.cautions,
            *filter(None, [self.error_bars]),
        ]

    @property
    def _goes_on(self) -> bool:
        """Whether plateaus lie below the floor that studies count from."""
        return any(step.voltage_v <= DEFAULT_FLOOR_V for step in self.steps)

    def told_capacity(self) -> str:
        """Charge taken up above the floor of studies, and down to 0 V where that is more."""
        above = [s.capacity_mah_per_g for s in self.steps if s.voltage_v > DEFAULT_FLOOR_V]
        told = f"{above[-1] if above else 0.0:.1f} mAh/g"
        return f"{told}, {self.steps[-1].capacity_mah_per_g:.1f} down to 0 V" if self._goes_on else told

    def told_at_0v(self, digits: int | None) -> str:
        """The energy at 0 V per atom of the formula, with its interval."""
        within = self.decomposition_energy_0v_95_ev_per_atom
        return self._at_0v(self.decomposition_energy_0v_ev_per_atom, within, digits)

    @staticmethod
    def _at_0v(value: float, within: Interval | None, digits: int | None) -> str:
        return with_bounds(written(value, within, digits, 3), within, digits)

    def to_frame(self) -> "pd.DataFrame":
        """One row per plateau; the same columns where there is none."""
        import pandas as pd

        columns = {
            "formula": [self.formula for _ in self.steps],
            "voltage_v": [step.voltage_v for step in self.steps],
            "voltage_low_v": [(step.voltage_95_v or NOT_KNOWN).low for step in self.steps],
            "voltage_high_v": [(step.voltage_95_v or NOT_KNOWN).high for step in self.steps],
            self._key("per_formula"): [step.uptake_per_formula for step in self.steps],
            "capacity_mah_per_g": [step.capacity_mah_per_g for step in self.steps],
            "reaction": [step.reaction for step in self.steps],
            "estimated": [self.estimated for _ in self.steps],
            "origins": [told_origins(self.origins) for _ in self.steps],
            "at_hull": [self.at_hull for _ in self.steps],
            "cautions": ["; ".join(self.cautions) for _ in self.steps],
        }
        return pd.DataFrame(columns)

    def as_dict(self) -> dict[str, Any]:
        """Content for JSON; keys speak of lithium only where lithium is taken up."""
        steps = [
            {
                "voltage_v": step.voltage_v,
                "voltage_95_v": step.voltage_95_v,
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
            "charge": self.charge,
            "cathodic_limit_v": self.cathodic_limit_v,
            "cathodic_limit_95_v": self.cathodic_limit_95_v,
            "anodic_limit_v": self.anodic_limit_v,
            "anodic_limit_95_v": self.anodic_limit_95_v,
            "energy_above_hull_ev_per_atom": self.energy_above_hull_ev_per_atom,
            "decomposition_energy_0v_ev_per_atom": self.decomposition_energy_0v_ev_per_atom,
            "decomposition_energy_0v_95_ev_per_atom": self.decomposition_energy_0v_95_ev_per_atom,
            f"energy_{self._key('per', last=True)}_0v_ev": self.energy_per_uptake_0v_ev,
            f"energy_{self._key('per', last=True)}_0v_95_ev": self.energy_per_uptake_0v_95_ev,
            "steps": steps,
            "at_hull": self.at_hull,
            "estimated": self.estimated,
            "estimated_phases": list(self.estimated_phases),
            "origins": dict(self.origins),
            "notes": list(self.notes),
            "cautions": list(self.cautions),
            "error_bars": self.error_bars,
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

    def display(self, digits: int | None = None) -> Table:
        """Stability window, capacity and 0 V energies of each formula; digits as of `Lithiation.display`."""
        couple = self.items[0].couple
        rows = [
            {
                "formula": each.formula + "*" * bool(each.origins) + "†" * each.at_hull,
                f"cathodic limit (V vs {couple})": _limit(
                    each.cathodic_limit_v, each.cathodic_limit_95_v, digits
                ),
                f"anodic limit (V vs {couple})": _limit(each.anodic_limit_v, each.anodic_limit_95_v, digits),
                "capacity": each.told_capacity(),
                "at 0 V (eV/atom of formula)": each.told_at_0v(digits),
                "energy above hull (eV/atom)": f"{each.energy_above_hull_ev_per_atom:.4f}",
                "at 0 V": each._starred(each.steps[-1].reaction) if each.steps else "no reaction",
            }
            for each in self.items
        ]
        origins = {name: origin for each in self.items for name, origin in each.origins.items()}
        at_hull = tuple(each.formula for each in self.items if each.at_hull)
        told = merged(t for each in self.items for t in (*each.cautions, each.error_bars) if t)
        notes = (*marks(origins, at_hull), *told, self.provenance.line())
        return Table(f"Uptake of {self.items[0].element}", rows, notes)


def _limit(limit: float | None, within: Interval | None, digits: int | None) -> str:
    return with_bounds(written(limit, within, digits, 2), within, digits)


def _volts(limit: float | None, within: Interval | None, digits: int | None) -> str:
    told = written(limit, within, digits, 2) + " V" * (limit is not None)
    return with_bounds(told, within, digits)


def lithiate(
    snapshot: Snapshot,
    reactant: Reactant,
    element: str = "Li",
    *,
    charge: int | None = None,
    at_hull: bool = False,
    error_bars: ErrorBars = NO_ERROR_BARS,
) -> Lithiation:
    """Uptake staircase, stability window and 0 V energies of one compound or mixture.

    Parameters
    ----------
    snapshot : Snapshot
    reactant : Reactant
    element : str
        The element taken up; voltages are against its metal.
    charge : int, optional
        Of its cation; that of the most common one unless given.
    at_hull : bool
        Accept a composition that the snapshot lacks at its hull energy.
    error_bars : ErrorBars

    Raises
    ------
    InputError
        If the element is no metal with such a cation, or all that the formula holds; or see `price`.

    References
    ----------
    Y. Zhu, X. He, Y. Mo, ACS Appl. Mater. Interfaces 7, 23685 (2015), doi 10.1021/acsami.5b07517.
    """
    unit, metal, charge = reactant.unit, _metal(snapshot, reactant, element), cation_charge(element, charge)
    priced = price(snapshot, reactant, at_hull=at_hull)
    lines = tie_lines(snapshot, Compositions.of([metal]), Compositions.of([unit]))
    error_bars = error_bars.off_by(wholly_distrusted(snapshot, (unit, metal)))
    along = Along(snapshot, priced, lines, element, charge, error_bars)
    steps, (at_0v, at_0v_95) = along.steps(), along.at_0v()
    leaving = anodic(snapshot, unit, metal.atomic_numbers[0], charge)
    found = Lithiation(
        reactant=reactant,
        element=element,
        cathodic_limit_v=steps[0].voltage_v if steps else None,
        anodic_limit_v=leaving and leaving[0],
        energy_above_hull_ev_per_atom=priced.energy_above_hull_ev_per_atom,
        decomposition_energy_0v_ev_per_atom=at_0v,
        energy_per_uptake_0v_ev=at_0v * unit.n_atoms / steps[-1].uptake_per_formula if steps else None,
        steps=steps,
        start_products=along.start_products(),
        at_hull=priced.at_hull,
        origins=origins_of(snapshot, {*priced.phases, *lines.phase.tolist()}, priced.spelling),
        provenance=stamp(snapshot),
        charge=charge,
        anodic_limit_95_v=leaving and error_bars.around(*leaving),
        decomposition_energy_0v_95_ev_per_atom=at_0v_95,
        cautions=cautions(snapshot, (unit, metal), {*priced.spelling, *lines.phase.tolist()}),
        notes=tuple(dict.fromkeys((*reactant.notes, *snapshot.notes))),
        error_bars=error_bars.note,
    )
    return replace(found, cautions=found.cautions + found.outside)


def _metal(snapshot: Snapshot, reactant: Reactant, element: str) -> Formula:
    """The pure element, which the snapshot must hold and the reactant must not be."""
    metal = Formula(element, (atomic_number(element, where="--element"),), (1.0,))
    if reactant.unit.atomic_numbers == metal.atomic_numbers:
        fault = f"{reactant.text} is all {element}: it cannot take itself up"
        raise InputError(fault, remedy="give a compound")
    price(snapshot, Reactant.of(metal))
    return metal
