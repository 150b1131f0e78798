"""One bench sheet: everything that the bench needs to know of one candidate, as data."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from screening.campaign.directory import ResultsDirectory
from screening.errors import InputError
from screening.files import json_ready
from screening.handoff.dangers import not_to_be_milled, red_lines
from screening.handoff.hazards import ElementHazard, Hazard, element_hazards, gases, hazard
from screening.handoff.patterns import Pattern, pattern
from screening.handoff.plan import LayerMasses, Plan, layer_masses
from screening.handoff.protocol import Protocol, quoted_protocol
from screening.handoff.recipe import Recipe, recipe
from screening.handoff.standing import Standing, standing
from screening.lab.impedance.windows import Window, Windows
from screening.phases.composition import Formula, parse_formula, parse_reactant, symbol
from screening.phases.melting import MeltingPoint, melting_point
from screening.phases.snapshot import Snapshot
from screening.phases.structures import Cell, literature_cells, snapshot_cells
from screening.provenance import Provenance
from screening.reactors.detail import Plateau, ReactorDetail, detail
from screening.reactors.reduction import ScreeningContext
from screening.reactors.settings import Conditions
from screening.reactors.uncertainty import error_bars
from screening.thermo.intervals import written

KEPT_CONDITIONS = (
    *("plateau_floor_v", "percolation_threshold", "no_reaction_ev_per_atom"),
    *("anode_um", "potential_v"),
)
"""Conditions of a study that a sheet takes over; contents of the layer are the sheet's own."""

OF_THE_LAYER = ("electrolyte", "wt_percent", "layer_mg", "die_mm")
"""What the steps of making a layer name."""

FORMAT_VERSION = 2  # of a sheet as JSON
LAYERS_OF_A_CELL = 2  # a symmetric one


@dataclass(frozen=True, kw_only=True)
class BenchSheet:
    """All of one sheet.

    Attributes
    ----------
    formula : str
    plan : Plan
    conditions : Conditions
    standing : Standing or None
        None where no campaign was given, or it holds nothing of this reactor.
    standing_note : str
        Why there is none, or what to know of it.
    recipe, protocol : Recipe, Protocol
    state : MeltingPoint or None
        Measured melting and boiling point of the reactor; None where none is known here.
    red_lines : tuple of str
        What of the substances handled is liquid, volatile, pyrophoric, oxidising or explosive.
    withheld : str
        Why it must or can not be milled and pressed: then there are no powders to weigh, steps and layer.
    layer : LayerMasses or None
    alloy : str
    plateaus : tuple of Plateau
        In falling voltage, down to the anode's own potential.
    energy_above_hull_ev_per_atom : float
    origins : mapping of str to str
        Phases on the way that are none of the source's own, and where their energies come from.
    cautions : tuple of str
        What is known to be wrong with these energies.
    patterns, windows, element_hazards : tuple of Pattern, Window, ElementHazard
    mobile : str
        Element that the anode gives up.
    hazards, gases : tuple of Hazard
        Of what is handled, and of what moist air sets free.
    provenance : Provenance
    """

    formula: str
    plan: Plan
    conditions: Conditions
    standing: Standing | None
    standing_note: str
    recipe: Recipe
    protocol: Protocol
    state: MeltingPoint | None
    red_lines: tuple[str, ...]
    withheld: str
    layer: LayerMasses | None
    alloy: str
    plateaus: tuple[Plateau, ...]
    energy_above_hull_ev_per_atom: float
    origins: Mapping[str, str]
    cautions: tuple[str, ...]
    patterns: tuple[Pattern, ...]
    mobile: str
    windows: tuple[Window, ...]
    hazards: tuple[Hazard, ...]
    gases: tuple[Hazard, ...]
    element_hazards: tuple[ElementHazard, ...]
    provenance: Provenance

    @property
    def at_excess(self) -> Plateau | None:
        """The last plateau above the floor, None for a compound that takes nothing up."""
        above = [plateau for plateau in self.plateaus if plateau.above_floor]
        return above[-1] if above else None

    @property
    def notes(self) -> tuple[str, ...]:
        """What to tell whoever asks for the sheet."""
        bare = f"no steps, no masses, no programs: {self.withheld}" if self.withheld else ""
        return tuple(filter(None, (self.standing_note, bare)))

    def as_dict(self) -> dict[str, Any]:
        """Content for JSON; what is not known is None."""
        content = asdict(self) | {
            "format_version": FORMAT_VERSION,
            "conditions": self.conditions.model_dump(),
            "provenance": self.provenance.as_dict(),
        }
        return dict(json_ready(content))


def bench_sheet(
    snapshot: Snapshot,
    reactor: str,
    plan: Plan,
    results: ResultsDirectory | None = None,
    cells: Sequence[Cell] = (),
) -> BenchSheet:
    """Compute one sheet.

    Parameters
    ----------
    snapshot : Snapshot
    reactor : str
        A compound of the snapshot.
    plan : Plan
    results : ResultsDirectory, optional
        Where the ranking and its conditions come from.
    cells : sequence of Cell
        Structures that come before those of the literature; calculated ones of the snapshot come last.

    Raises
    ------
    InputError
        If the snapshot lacks the reactor, the anode or the electrolyte, or two of them are one composition.
    """
    compound = parse_formula(reactor)
    _check_distinct(compound, plan)
    phase = _phase(snapshot, compound, "reactor")
    _phase(snapshot, parse_formula(plan.electrolyte), "electrolyte")
    context = ScreeningContext.of(snapshot, conditions := _conditions(plan, results))
    mobile = symbol(context.anode.mobile)
    found = detail(context, phase, compound.text, (plan.wt_percent,), error_bars(snapshot, mobile))
    place = standing(results, compound.text, plan.anode, plan.electrolyte) if results else None
    handled = _handled(made := recipe(snapshot, compound, plan.batch_g), plan)
    withheld = not_to_be_milled(compound.text, plan.electrolyte)
    return BenchSheet(
        formula=compound.text,
        plan=plan,
        conditions=conditions,
        standing=place,
        standing_note=_standing_note(snapshot, results, place),
        recipe=Recipe(formula=made.formula, batch_g=made.batch_g, route="none") if withheld else made,
        protocol=_protocol(compound, plan, withheld),
        state=melting_point(compound),
        red_lines=red_lines(handled),
        withheld=withheld,
        layer=None if withheld else layer_masses(snapshot, compound, plan),
        alloy=found.alloy,
        plateaus=found.plateaus,
        energy_above_hull_ev_per_atom=found.energy_above_hull_ev_per_atom,
        origins=_origins(snapshot, compound, found, made),
        cautions=found.with_anode.cautions,
        patterns=_patterns(snapshot, found, made, plan, cells),
        mobile=mobile,
        windows=tuple(_renamed(window, mobile) for window in Windows.default()),
        hazards=tuple(hazard(name) for name in handled),
        gases=_gases(snapshot, handled),
        element_hazards=element_hazards(handled),
        provenance=_stamp(found.with_anode.provenance, results),
    )


def _protocol(compound: Formula, plan: Plan, withheld: str) -> Protocol:
    """The steps of the layer; none where it is not to be made."""
    quoted = quoted_protocol(compound, **{name: getattr(plan, name) for name in OF_THE_LAYER})
    return replace(quoted, steps=(), route=None) if withheld else quoted


def _gases(snapshot: Snapshot, handled: Sequence[str]) -> tuple[Hazard, ...]:
    """What moist air sets free from any of these, once."""
    freed = dict.fromkeys(gas for name in handled for gas in gases(snapshot, parse_formula(name)))
    return tuple(map(hazard, freed))


def _handled(made: Recipe, plan: Plan) -> list[str]:
    """Every substance that the bench has in its hands, once."""
    powders = (precursor.formula for precursor in made.precursors)
    return list(dict.fromkeys((*powders, made.formula, plan.electrolyte, plan.anode)))


def _check_distinct(compound: Formula, plan: Plan) -> None:
    reactor = parse_reactant(compound.text)
    if reactor.is_same_as(parse_reactant(plan.anode)):
        raise InputError(
            f"{compound.text} is the anode itself", where="reactor", remedy="give a compound that it reduces"
        )
    if reactor.is_same_as(parse_reactant(plan.electrolyte)):
        raise InputError(
            f"{plan.electrolyte} is the reactor itself",
            where="electrolyte",
            remedy="give the electrolyte that the reactor is mixed with",
        )


def _renamed(window: Window, mobile: str) -> Window:
    """A window of the founding paper, whose cells plate lithium, for a cell that plates another metal."""
    return replace(window, process=re.sub(r"\bLi\b", mobile, window.process))


def _stamp(stamp: Provenance, results: ResultsDirectory | None) -> Provenance:
    if results is None:
        return stamp
    ranked = results.provenance
    return replace(stamp, study=ranked.study, study_checksum=ranked.study_checksum)


def _conditions(plan: Plan, results: ResultsDirectory | None) -> Conditions:
    """Conditions of the study, with what the sheet sets itself."""
    given = results.study.conditions if results else None
    kept = {name: getattr(given, name) for name in KEPT_CONDITIONS} if given else {}
    return Conditions(
        anode=plan.anode,
        electrolyte=plan.electrolyte,
        wt_percent=plan.wt_percent,
        layer_mg_per_cm2=plan.areal_mg_per_cm2,
        **kept,
    )


def _phase(snapshot: Snapshot, formula: Formula, role: str) -> int:
    """Phase number of a compound that a sheet cannot do without."""
    phase = snapshot.find(formula)
    if phase is None:
        raise InputError(
            f"snapshot {snapshot.manifest.name} has no {formula.text}",
            where=role,
            remedy="add it with --phases, or give a compound that it has",
        )
    return phase


def _standing_note(snapshot: Snapshot, results: ResultsDirectory | None, place: Standing | None) -> str:
    if results is None:
        return ""
    if place is None:
        return "The campaign holds nothing of this reactor with this anode and electrolyte."
    ranked, manifest = results.provenance, snapshot.manifest
    told = (ranked.source_checksum, ranked.energy_scheme, ranked.source.partition(" + ")[2])
    if told != (manifest.checksum, manifest.energy_scheme, manifest.name.partition(" + ")[2]):
        return "The ranking was made on another snapshot, temperature or set of own phases than this sheet."
    return ""


def _origins(snapshot: Snapshot, compound: Formula, found: ReactorDetail, made: Recipe) -> dict[str, str]:
    """Added phases by origin: the reactor, what it turns into, what it is made of."""
    phase = snapshot.find(compound)
    own = {} if phase is None else {compound.text: str(snapshot.phases.origin[phase])}
    own |= {each.formula: each.origin for plateau in found.plateaus for each in plateau.products}
    own |= {each.formula: each.origin for each in made.precursors}
    return {formula: origin for formula, origin in own.items() if origin}


def _patterns(
    snapshot: Snapshot, found: ReactorDetail, made: Recipe, plan: Plan, cells: Sequence[Cell]
) -> tuple[Pattern, ...]:
    """Patterns of what the layer is made of and of what it should become, each phase once."""
    fades = any(plateau.above_floor for plateau in found.plateaus)
    roles = {found.formula: "reactor: should fade" if fades else "takes up nothing: should stay"}
    for precursor in made.precursors:
        roles.setdefault(precursor.formula, "precursor: rest of the synthesis")
    roles.setdefault(plan.electrolyte, "electrolyte: should stay")
    roles.setdefault(plan.anode, "anode")
    for plateau in found.plateaus:
        for product in plateau.products if plateau.above_floor else ():
            if product.formula in roles and roles[product.formula].startswith("precursor"):
                roles[product.formula] = "precursor and product"
            volts = written(plateau.voltage_v, plateau.voltage_95_v, None, 2)
            roles.setdefault(product.formula, f"product from {volts} V")
    in_order = (*cells, *literature_cells(), *snapshot_cells(snapshot, roles))
    return tuple(pattern(name, role, in_order) for name, role in roles.items())
