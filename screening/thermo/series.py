"""Solid solutions: a composition with a variable, scanned, on the hull between what is known.

Energies are interpolated along the hull, the least that a solution without heat of mixing has, less the ideal
entropy of mixing of those elements that share a site: cations, or anions, whose amounts vary and add up to a
constant. Lithium and its vacancies are not counted. The solution is a phase at that energy, as its windows
are those of a phase.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from screening.display import Displayed, Table
from screening.errors import InputError, quoted
from screening.phases.additions import AddedPhase, Origin
from screening.phases.composition import Formula, Reactant, atomic_number, parse_formula
from screening.phases.distrust import ANIONS, merged
from screening.phases.snapshot import Snapshot
from screening.phases.spelling import HALIDES
from screening.provenance import Provenance
from screening.thermo.compositions import Compositions
from screening.thermo.intervals import (
    NO_ERROR_BARS,
    ErrorBars,
    Errors,
    Forms,
    Interval,
    product,
    with_bounds,
)
from screening.thermo.lines import assemblages
from screening.thermo.marks import marks, stamp
from screening.thermo.reactants import PricedReactant, price
from screening.thermo.titration import Titration, titrate
from screening.units import BOLTZMANN_EV_PER_K

if TYPE_CHECKING:
    import pandas as pd

DEFAULT_STEPS, MOST_STEPS = 11, 201
"""Compositions of a scan."""

ROOM_K = 300.0

CENTRES = ("P", "As", "Sb", "Si", "Ge", "Sn")
"""Elements that bind four chalcogens as a unit, as PS4 in argyrodites: a halogen takes no place of them."""

CHALCOGENS, CORNERS = ("O", "S", "Se", "Te"), 4.0

_VARYING = re.compile(r"([A-Z][a-z]?)\{([^{}]*)\}")
_LINEAR = re.compile(r"(?:(?P<constant>\d*\.?\d+)(?=[+-]|$))?(?:(?P<sign>[+-]?)(?P<factor>\d*\.?\d*)\*?x)?")


@dataclass(frozen=True)
class Template:
    """A formula some of whose amounts are linear in x, as ``Li{3-x}Y{1-x}Zr{x}Cl6``.

    Attributes
    ----------
    text : str
    varying : tuple of (str, float, float)
        Element, constant and factor of x.
    """

    text: str
    varying: tuple[tuple[str, float, float], ...]

    def at(self, x: float) -> str:
        """The formula at one x; elements of which nothing is left are dropped."""
        amounts = iter(constant + factor * x for _, constant, factor in self.varying)

        def written(found: re.Match[str]) -> str:
            amount = round(next(amounts), 9)
            if amount < 0.0:
                raise InputError(
                    f"{self.text} at x = {x:g} holds {amount:g} {found[1]}", remedy="scan less of x"
                )
            return "" if amount == 0.0 else found[1] if amount == 1.0 else f"{found[1]}{amount:.9g}"

        return _VARYING.sub(written, self.text)

    @property
    def mixing(self) -> tuple[tuple[str, ...], ...]:
        """Elements that share a site: varying cations but lithium, or anions, that add up to a constant."""
        sites = [
            [
                (name, factor)
                for name, _, factor in self.varying
                if name != "Li" and (name in ANIONS) is anions
            ]
            for anions in (False, True)
        ]
        return tuple(
            tuple(name for name, _ in site)
            for site in sites
            if len(site) > 1 and abs(sum(factor for _, factor in site)) < 1e-9
        )

    def mixing_entropy_per_k(self, x: float) -> float:
        """Ideal entropy of mixing per formula in units of Boltzmann's constant, of what x has exchanged.

        At x = 0 there is none: what an element holds there that grows away from it has sites of its own.
        """
        total = 0.0
        for site in self.mixing:
            amounts = np.array([self._exchanged(name, site, x) for name in site])
            present = amounts[amounts > 1e-12]
            total -= float((present * np.log(present / amounts.sum())).sum())
        return total

    def _exchanged(self, name: str, site: Sequence[str], x: float) -> float:
        """What of an element stands on the sites that are shared."""
        constant, factor = next(held[1:] for held in self.varying if held[0] == name)
        if factor * (x or 1.0) > 0.0:
            return factor * x
        return max(constant + factor * x - self._corners(name, site), 0.0)

    def _corners(self, name: str, site: Sequence[str]) -> float:
        """Chalcogens of tetrahedral units among the varying ones, which no halogen replaces."""
        if name not in CHALCOGENS or not {*site} & {*HALIDES}:
            return 0.0
        whole = parse_formula(self.at(0.0))
        centres = sum(whole.amount_of(atomic_number(each)) for each in CENTRES)
        varies = next(constant for its, constant, _ in self.varying if its == name)
        outside = whole.amount_of(atomic_number(name)) - varies
        return max(CORNERS * centres - outside, 0.0)


def parse_template(text: str) -> Template:
    """Read a composition with a variable.

    Raises
    ------
    InputError
        If nothing varies, or an amount is not linear in x.
    """
    varying = []
    for name, written in _VARYING.findall(text):
        found = _LINEAR.fullmatch(written.replace(" ", "").replace("−", "-"))
        if not found or not written.strip() or found["factor"] == ".":
            raise InputError(f"{quoted(written)} in {quoted(text)}", remedy="write amounts as 3-x, x or 1-2x")
        x = "x" in written
        factor = float(found["factor"] or 1.0) * (-1.0 if found["sign"] == "-" else 1.0) if x else 0.0
        varying.append((name, float(found["constant"] or 0.0), factor))
    if not any(factor for _, _, factor in varying):
        raise InputError(f"nothing varies in {quoted(text)}", remedy='write it as "Li{3-x}Y{1-x}Zr{x}Cl6"')
    return Template(text, tuple(varying))


@dataclass(frozen=True, kw_only=True)
class SeriesPoint:
    """One composition of a series.

    Attributes
    ----------
    x : float
    titration : Titration
        Windows, energies and products of the solution, its entropy counted; `at_hull` of its lithiation says
        whether the energy is interpolated.
    mixing_ev_per_atom : float
        −T·S of ideal mixing, ≤ 0.
    above_hull_ev_per_atom : float
        Energy above the hull of all else, with the entropy of mixing; negative is stable.
    on_the_hull : tuple of str
        What the hull holds at this composition.
    """

    x: float
    titration: Titration
    mixing_ev_per_atom: float
    above_hull_ev_per_atom: float
    on_the_hull: tuple[str, ...]

    @property
    def at_0_v_ev_per_atom(self) -> float:
        """Decomposition energy with lithium in excess, per atom of the formula."""
        return self.titration.lithiation.decomposition_energy_0v_ev_per_atom

    @property
    def at_0_v_95_ev_per_atom(self) -> Interval | None:
        """Where the true value of it lies; the entropy is exact."""
        return self.titration.lithiation.decomposition_energy_0v_95_ev_per_atom


@dataclass(frozen=True, kw_only=True)
class Series(Displayed):
    """A scan of x.

    Attributes
    ----------
    template : Template
    points : tuple of SeriesPoint
    mixing_k : float
        Temperature of the entropy of mixing.
    provenance : Provenance
    """

    plotter = "screening.plots.series:plot_series"

    template: Template
    points: tuple[SeriesPoint, ...]
    mixing_k: float
    provenance: Provenance

    @property
    def notes(self) -> tuple[str, ...]:
        """How energies were made, marks and cautions."""
        sites = ", ".join(" and ".join(site) for site in self.template.mixing)
        sides = [point.titration.lithiation for point in self.points]
        interpolated = [each.formula for each in sides if each.at_hull]
        origins = {name: origin for each in sides for name, origin in each.origins.items()}
        entropy = (
            f"ideal mixing of {sites} at {self.mixing_k:g} K" if sites else "no entropy of mixing counted"
        )
        return (
            f"† interpolated along the hull: {len(interpolated)} of {len(sides)} compositions; {entropy}; "
            "no heat of mixing",
            *marks(origins, ()),
            *merged(told for each in sides for told in (*each.cautions, each.error_bars) if told),
        )

    def display(self) -> Table:
        """Windows and energies against x."""
        rows = [
            {
                "x": f"{point.x:.3g}",
                "composition": point.titration.formula + "†" * point.titration.lithiation.at_hull,
                "window (V)": point.titration.strict.text().removesuffix(" V"),
                "useful window (V)": point.titration.useful.text().removesuffix(" V"),
                "above hull (eV/atom)": f"{point.above_hull_ev_per_atom:.4f}",
                "at 0 V (eV/atom of formula)": with_bounds(
                    f"{point.at_0_v_ev_per_atom:.4f}", point.at_0_v_95_ev_per_atom, None
                ),
                "the hull holds": " + ".join(point.on_the_hull),
            }
            for point in self.points
        ]
        return Table(self.template.text, rows, (*self.notes, self.provenance.line()))

    def to_frame(self) -> "pd.DataFrame":
        """One row per composition."""
        import pandas as pd

        return pd.DataFrame([self._record(point) for point in self.points])

    def _record(self, point: SeriesPoint) -> dict[str, Any]:
        strict, useful, side = point.titration.strict, point.titration.useful, point.titration.lithiation
        return {
            "x": point.x,
            "formula": side.formula,
            "window_low_v": strict.low_v,
            "window_high_v": strict.high_v,
            "useful_low_v": useful.low_v,
            "useful_high_v": useful.high_v,
            "mixing_ev_per_atom": point.mixing_ev_per_atom,
            "above_hull_ev_per_atom": point.above_hull_ev_per_atom,
            "at_0_v_ev_per_atom": point.at_0_v_ev_per_atom,
            "on_the_hull": " + ".join(point.on_the_hull),
            "at_hull": side.at_hull,
            "mixing_k": self.mixing_k,
        }

    def as_dict(self) -> dict[str, Any]:
        """Content for JSON."""
        return {
            "template": self.template.text,
            "points": [self._record(point) for point in self.points],
            "notes": list(self.notes),
            "provenance": self.provenance.as_dict(),
        }


def _require_range(low: float, high: float, steps: int, mixing_k: float) -> None:
    """Refuse ends, steps and temperatures that make no sense."""
    if not (isinstance(steps, int) and all(isinstance(each, Real) for each in (low, high, mixing_k))):
        raise InputError(
            f"x from {low!r} to {high!r} in {steps!r} steps at {mixing_k!r} K",
            where="series",
            remedy="give numbers, of steps a whole one",
        )
    if not (low < high and 2 <= steps <= MOST_STEPS and 0.0 <= mixing_k <= 3000.0):
        raise InputError(
            f"x from {low:g} to {high:g} in {steps} steps at {mixing_k:g} K",
            where="series",
            remedy=f"give the lower end first, 2 to {MOST_STEPS} steps and 0 to 3000 K",
        )


def scan(
    snapshot: Snapshot,
    template: Template,
    *,
    low: float = 0.0,
    high: float = 1.0,
    steps: int = DEFAULT_STEPS,
    mixing_k: float = ROOM_K,
    error_bars: Callable[[Snapshot], ErrorBars] = lambda _: NO_ERROR_BARS,
) -> Series:
    """Windows and energies of a solid solution against x.

    Parameters
    ----------
    snapshot : Snapshot
    template : Template
    low, high : float
        Ends of x.
    steps : int
    mixing_k : float
        Temperature of the ideal entropy of mixing; 0 leaves it out.
    error_bars : callable
        Those of a snapshot.

    Raises
    ------
    InputError
        If the range, the steps or the temperature make no sense, or an amount becomes negative.
    """
    _require_range(low, high, steps, mixing_k)
    xs = np.linspace(low, high, steps).round(9).tolist()
    formulas = [parse_formula(template.at(x)) for x in xs]
    # a solution joins at each composition: of its own system only, lest all phases are copied each time
    elements = sorted({3, *(z for formula in formulas for z in formula.atomic_numbers)})
    snapshot = replace(snapshot, phases=snapshot.phases.take(snapshot.index.within(np.array(elements))))
    hull, names = assemblages(snapshot, Compositions.of(formulas)), snapshot.phases.formula
    snapshot = _all_on_the_hull(snapshot, formulas)
    bars_of_all, points = error_bars(snapshot), []
    for i, (x, formula) in enumerate(zip(xs, formulas, strict=True)):
        held = hull.phase[hull.product_start[i] : hull.product_start[i + 1]]
        entropy = template.mixing_entropy_per_k(x) * BOLTZMANN_EV_PER_K * mixing_k / formula.n_atoms
        alone = price(snapshot, Reactant.of(formula), at_hull=True)
        solution, bars = _mixed(snapshot, alone, entropy, mixing_k, bars_of_all)
        points.append(
            SeriesPoint(
                x=x,
                titration=titrate(solution, alone.reactant, at_hull=True, error_bars=bars),
                mixing_ev_per_atom=-entropy,
                above_hull_ev_per_atom=alone.energy_above_hull_ev_per_atom - entropy,
                on_the_hull=tuple(names[held].tolist()),
            )
        )
    return Series(template=template, points=tuple(points), mixing_k=mixing_k, provenance=stamp(snapshot))


@dataclass(frozen=True, eq=False)
class _OfParts:
    """The errors of a solution are those of what its energy is interpolated between."""

    errors: Errors
    parts: Forms

    def bounds_95(self, forms: Forms) -> np.ndarray:
        return self.errors.bounds_95(product(forms, self.parts))


def _mixed(
    snapshot: Snapshot, alone: PricedReactant, entropy_ev_per_atom: float, mixing_k: float, bars: ErrorBars
) -> tuple[Snapshot, ErrorBars]:
    """The snapshot with a solution as a phase at its energy less that of the entropy, and its error bars."""
    if entropy_ev_per_atom == 0.0:
        return snapshot, bars
    formula, energy = alone.reactant.unit, alone.energy_ev_per_atom - entropy_ev_per_atom
    name = f"{snapshot.manifest.name} + {formula.text} mixed at {mixing_k:g} K"
    named = replace(snapshot, manifest=replace(snapshot.manifest, name=name))
    if not alone.at_hull:
        energies = snapshot.phases.formation_energy_ev_per_atom.copy()
        energies[[*alone.phases]] = energy
        return replace(named, phases=replace(snapshot.phases, formation_energy_ev_per_atom=energies)), bars
    phase = AddedPhase(formula, energy, 0.0, "hull energy less ideal mixing", origin=Origin.AT_HULL)
    if bars.errors is not None:
        n, shares = len(snapshot), alone.phases
        parts = Forms(
            data=np.append(np.ones(n), [*shares.values()]),
            indices=np.append(np.arange(n), [*shares]).astype(int),
            indptr=np.append(np.arange(n + 1), n + len(shares)),
            shape=(n + 1, n),
        )
        bars = replace(bars, errors=_OfParts(bars.errors, parts))
    return named.joined([phase]), bars


def _all_on_the_hull(snapshot: Snapshot, formulas: Sequence[Formula]) -> Snapshot:
    """The snapshot without those compositions of a series that lie above its hull, where it lacks any.

    Beside ends at energies of their own, what is interpolated along the hull would look stable.
    """
    found = [snapshot.find(formula) for formula in formulas]
    held = [phase for phase in found if phase is not None]
    if len(held) == len(found):
        return snapshot
    stable = assemblages(snapshot, Compositions.of_phases(snapshot, np.array(held, dtype=int))).phase
    phases = np.setdiff1d(np.arange(len(snapshot)), np.setdiff1d(held, stable))
    return replace(snapshot, phases=snapshot.phases.take(phases))
