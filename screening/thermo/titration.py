"""Both sides of one compound: what it becomes as it takes up an element, and as it gives it off."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from screening.display import Displayed, Group, Table
from screening.errors import InputError
from screening.phases.cathodes import are_of_host
from screening.phases.composition import Reactant, atomic_number
from screening.phases.distrust import cautions, merged, wholly_distrusted
from screening.phases.snapshot import Snapshot
from screening.provenance import Provenance
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
from screening.thermo.lithiation import NOT_KNOWN, Lithiation, lithiate
from screening.thermo.marks import origins_of, told_origins
from screening.thermo.reactants import PricedReactant, price
from screening.thermo.releases import AMOUNT_TOL, Side, releases_of
from screening.thermo.uptake import Step, cation_charge

if TYPE_CHECKING:
    import pandas as pd

DEFAULT_SHARE = 0.05
"""Share of the formula's own lithium that may come or go within the useful window."""

HIGHEST_V = 6.0
"""Voltages up to here mean something: fluorine oxidises lithium fluoride at 6.1 V against lithium."""


@dataclass(frozen=True)
class Window:
    """Voltages between which a compound stays what it is.

    Attributes
    ----------
    low_v, high_v : float or None
        None where nothing is taken up, or nothing given off, at any voltage.
    low_95_v, high_95_v : Interval or None
        Where the true bounds lie; None without an error model, or where no plateau sets them.
    """

    low_v: float | None
    high_v: float | None
    low_95_v: Interval | None = None
    high_95_v: Interval | None = None

    def text(self, digits: int | None = None) -> str:
        """As ``1.7 (1.3 to 2.2) to 2.4 (1.7 to 3.0) V``."""
        ends = ((self.low_v or 0.0, self.low_95_v), (self.high_v, self.high_95_v))
        return " to ".join(with_bounds(written(*end, digits, 2), end[1], digits) for end in ends) + " V"

    def as_dict(self) -> dict[str, Any]:
        """Content for JSON."""
        return dict(vars(self))


@dataclass(frozen=True, kw_only=True)
class Titration(Displayed):
    """Plateaus of one formula on both sides of what it is.

    Attributes
    ----------
    lithiation : Lithiation
        The side of uptake, with energies and marks.
    to_v : float
        Highest voltage that is asked for.
    held_per_formula : float
        Atoms of the element in the formula as written.
    releases : tuple of Step
        Plateaus of release in rising voltage up to `to_v`; uptake and capacity are negative.
    strict : Window
        Cathodic and anodic limit: the first atom that comes or goes.
    useful : Window
        Where more than the allowance has been taken up or given off.
    allowance : str
        What the useful window allows, in words.
    """

    plotter = "screening.plots.titration:plot_titrations"

    lithiation: Lithiation
    to_v: float
    held_per_formula: float
    releases: tuple[Step, ...]
    strict: Window
    useful: Window
    allowance: str

    @property
    def formula(self) -> str:
        """The reactant as written."""
        return self.lithiation.formula

    @property
    def element(self) -> str:
        """What comes and goes."""
        return self.lithiation.element

    @property
    def provenance(self) -> Provenance:
        """Of the snapshot."""
        return self.lithiation.provenance

    @property
    def steps(self) -> tuple[Step, ...]:
        """All plateaus in falling voltage."""
        return (*self.releases[::-1], *self.lithiation.steps)

    def to_frame(self) -> "pd.DataFrame":
        """One row per plateau in falling voltage; negative is given off."""
        import pandas as pd

        rows = [
            {
                "formula": self.formula,
                "voltage_v": step.voltage_v,
                "voltage_low_v": (step.voltage_95_v or NOT_KNOWN).low,
                "voltage_high_v": (step.voltage_95_v or NOT_KNOWN).high,
                f"{self.element.lower()}_change_per_formula": step.uptake_per_formula,
                f"{self.element.lower()}_held_per_formula": self._held(step),
                "capacity_mah_per_g": step.capacity_mah_per_g,
                "reaction": step.reaction,
                "estimated": self.lithiation.estimated,
                "origins": told_origins(self.lithiation.origins),
                "at_hull": self.lithiation.at_hull,
                "cautions": "; ".join(self.lithiation.cautions),
            }
            for step in self.steps
        ]
        return pd.DataFrame(rows)

    def _held(self, step: Step) -> float:
        held = self.held_per_formula + step.uptake_per_formula
        return held if abs(held) > AMOUNT_TOL else 0.0

    def display(self, digits: int | None = None) -> Table:
        """All plateaus; both windows, marks and the stamp below. `digits` as of `Lithiation.display`."""
        volts = in_order([(step.voltage_v, step.voltage_95_v) for step in self.steps], digits, 2)
        rows = [
            {
                f"V vs {self.lithiation.couple}": volt,
                "95 %": bounds(step.voltage_95_v, digits),
                f"{self.element} held": f"{self._held(step):.4g}",
                "mAh/g": f"{step.capacity_mah_per_g:.1f}",
                "reaction": step.reaction,
            }
            for volt, step in zip(volts, self.steps, strict=True)
        ]
        notes = (
            f"held at the end of each plateau, away from {self.held_per_formula:.4g} {self.element} "
            f"per formula; negative mAh/g are given off; up to {self.to_v:g} V",
            f"window {self.strict.text(digits)}, useful window {self.useful.text(digits)} ({self.allowance})",
            *(note.removeprefix("no reaction: ") for note in self.lithiation.display(digits).notes),
        )
        if not any(step.voltage_95_v for step in self.steps):
            for row in rows:
                del row["95 %"]
        return Table(self.formula, rows, notes)

    @property
    def notes(self) -> tuple[str, ...]:
        """As of `Lithiation`."""
        return self.lithiation.notes

    def as_dict(self) -> dict[str, Any]:
        """Content of the uptake side for JSON, and beside it releases and windows."""
        key = self.element.lower()
        releases = [
            {
                "voltage_v": step.voltage_v,
                "voltage_95_v": step.voltage_95_v,
                f"{key}_given_off_per_formula": -step.uptake_per_formula,
                f"{key}_held_per_formula": self._held(step),
                "capacity_mah_per_g": -step.capacity_mah_per_g,
                "reaction": step.reaction,
                "products": dict(step.products),
            }
            for step in self.releases
        ]
        return {
            **self.lithiation.as_dict(),
            "to_v": self.to_v,
            "releases": releases,
            "window_v": self.strict.as_dict(),
            "useful_window_v": {**self.useful.as_dict(), "allowance": self.allowance},
        }


class Titrations(Group[Titration]):
    """Several formulas: `to_frame` holds all plateaus, a notebook shows the windows."""

    plotter = "screening.plots.titration:plot_titrations"

    @property
    def provenance(self) -> Provenance:
        """Of the snapshot, the same for all."""
        return self.items[0].provenance

    def display(self, digits: int | None = None) -> Table:
        """Both windows of each formula."""
        rows = [
            {
                "formula": each.formula + "*" * each.lithiation.estimated + "†" * each.lithiation.at_hull,
                f"window (V vs {each.element})": each.strict.text(digits).removesuffix(" V"),
                f"useful window (V vs {each.element})": each.useful.text(digits).removesuffix(" V"),
                "first given off": each.releases[0].reaction if each.releases else "",
            }
            for each in self.items
        ]
        sides = [each.lithiation for each in self.items]
        told = merged(t for each in sides for t in (*each.cautions, each.error_bars) if t)
        return Table(f"Useful: {self.items[0].allowance}", rows, (*told, self.provenance.line()))


def titrate(
    snapshot: Snapshot,
    reactant: Reactant,
    element: str = "Li",
    *,
    to_v: float = 5.0,
    share: float = DEFAULT_SHARE,
    energy_ev_per_atom: float | None = None,
    charge: int | None = None,
    at_hull: bool = False,
    host: bool = False,
    error_bars: ErrorBars = NO_ERROR_BARS,
) -> Titration:
    """Plateaus of uptake and release of one compound or mixture, with its strict and its useful window.

    Parameters
    ----------
    snapshot, reactant, element, charge, at_hull, error_bars
        As of `lithiate`.
    to_v : float
        Plateaus of release up to this voltage are told; the windows rest on all.
    share : float
        The useful window ends where more than this share of the formula's own element has come or gone.
    energy_ev_per_atom : float, optional
        Instead, where the reaction with the electrode has set free this energy per atom of the formula.
    host : bool
        The snapshot is that of `host_phases`: there is no limit below the last state, where no host is known.

    Raises
    ------
    InputError
        If `to_v`, `share` or the energy is out of range; or see `lithiate`.

    References
    ----------
    Y. Zhu, X. He, Y. Mo, ACS Appl. Mater. Interfaces 7, 23685 (2015), doi 10.1021/acsami.5b07517.
    """
    _require_ranges(to_v, share, energy_ev_per_atom)
    charge, held = cation_charge(element, charge), reactant.unit.amount_of(atomic_number(element))
    lithiation = lithiate(snapshot, reactant, element, charge=charge, at_hull=at_hull, error_bars=error_bars)
    priced = price(snapshot, reactant, at_hull=at_hull)
    bars = error_bars.off_by(wholly_distrusted(snapshot, (reactant.unit,)))
    released, phases = releases_of(Side(snapshot, priced, element, charge, held, bars))
    if host:
        lithiation, released = _of_host(snapshot, priced, lithiation, released)
    sides = (lithiation.steps, released)
    ends = [_end_by_charge(steps, charge * share * held, charge) for steps in sides]
    if energy_ev_per_atom is not None:
        ends = [_end_by_energy(each, energy_ev_per_atom * reactant.unit.n_atoms, charge) for each in sides]
    shown = tuple(step for step in released if step.voltage_v <= to_v)
    return Titration(
        lithiation=_told(snapshot, priced, lithiation, phases, shown),
        to_v=to_v,
        held_per_formula=held,
        releases=shown,
        strict=_strict(lithiation),
        useful=_useful(sides, ends),
        allowance=_allowance(element, share, energy_ev_per_atom),
    )


def _require_ranges(to_v: float, share: float, energy_ev_per_atom: float | None) -> None:
    _require_range("--to", to_v, HIGHEST_V, "V")
    _require_range("--share", share, 1.0, "of the formula's")
    _require_range("--energy", 1.0 if energy_ev_per_atom is None else energy_ev_per_atom, 10.0, "eV/atom")


def _allowance(element: str, share: float, energy_ev_per_atom: float | None) -> str:
    """What may be spent within the useful window, in words."""
    if energy_ev_per_atom is None:
        return f"{100.0 * share:g} % of the formula's {element} taken up or given off"
    return f"{energy_ev_per_atom:g} eV per atom of the formula set free"


def _of_host(
    snapshot: Snapshot, priced: PricedReactant, side: Lithiation, released: list[Step]
) -> tuple[Lithiation, list[Step]]:
    """Both without what would take the host apart: beyond its last state it is not known.

    Raises
    ------
    InputError
        If the formula itself lies beyond it.
    """
    unit, z = side.reactant.unit, atomic_number(side.element)
    if not are_of_host(unit, snapshot.phases.formula[[*priced.hull]].tolist(), z):
        raise InputError(
            f"{unit.text} lies beyond the known states of its host",
            where="--host",
            remedy="bring it with --phases",
        )
    kept = [step for step in released if are_of_host(unit, step.products, z)]
    if len(kept) == len(released):
        return side, released
    last = next(iter(kept[-1].products)) if kept else unit.text
    told = f"beyond {last}, the last known state of the host, no voltage is known"
    if not kept:
        side = replace(side, anodic_limit_v=None, anodic_limit_95_v=None)
    return replace(side, cautions=(*side.cautions, told)), kept


def _strict(side: Lithiation) -> Window:
    """The window between the first atom that comes and the first that goes."""
    return Window(
        low_v=side.cathodic_limit_v,
        high_v=side.anodic_limit_v,
        low_95_v=side.cathodic_limit_95_v,
        high_95_v=side.anodic_limit_95_v,
    )


def _useful(sides: Sequence[Sequence[Step]], ends: Sequence[float | None]) -> Window:
    """Both ends with the interval of the plateau that sets each; none where an end lies between two."""
    low, high = (
        next((step.voltage_95_v for step in side if step.voltage_v == end), None)
        for side, end in zip(sides, ends, strict=True)
    )
    return Window(ends[0], ends[1], low, high)


def _told(
    snapshot: Snapshot, priced: PricedReactant, side: Lithiation, phases: list[int], released: Sequence[Step]
) -> Lithiation:
    """The side of uptake with the marks and cautions of the other side as well."""
    told = cautions(snapshot, (priced.reactant.unit,), phases)
    told += outside(*((step.voltage_v, step.voltage_95_v) for step in released))
    return replace(
        side,
        origins={**side.origins, **origins_of(snapshot, phases, priced.spelling)},
        cautions=merged((*side.cautions, *told)),
    )


def _require_range(where: str, value: float, most: float, unit: str) -> None:
    if not isinstance(value, Real):
        raise InputError(f"{value!r} is no number", where=where, remedy=f"give up to {most:g} as a number")
    if not 0.0 < value <= most:
        raise InputError(f"{value:g} {unit} is out of range", where=where, remedy=f"give up to {most:g}")


def _end_by_charge(steps: Sequence[Step], allowed: float, charge: int) -> float | None:
    """Voltage of the first plateau at whose end more charge than allowed has passed, per formula."""
    passed = (step.voltage_v for step in steps if charge * abs(step.uptake_per_formula) > allowed)
    return next(passed, None)


def _end_by_energy(steps: Sequence[Step], allowed_ev: float, charge: int) -> float | None:
    """Voltage at which the plateaus passed have set free the allowed energy, per formula."""
    volts = np.array([step.voltage_v for step in steps])
    amounts = charge * np.diff(np.abs([step.uptake_per_formula for step in steps]), prepend=0.0)
    side = 1.0 if len(steps) and steps[0].uptake_per_formula < 0.0 else -1.0
    for k in range(1, len(steps) + 1):
        total = amounts[:k].sum()
        end = float(((amounts * volts)[:k].sum() + side * allowed_ev) / total)
        if k == len(steps) or side * end <= side * volts[k]:
            return end if end > 0.0 else None
    return None
