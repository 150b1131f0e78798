"""Which layer to press: each content, mass and thickness of lithium, and what to measure next."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product, starmap

import numpy as np

from screening.errors import InputError
from screening.layer.conduction import effective_medium
from screening.layer.designs import Around, Design, Designs, undominated
from screening.layer.growth import Front, Slab
from screening.layer.network import Grains, Observed, Threshold, tell_most
from screening.phases.composition import atomic_masses_g, parse_formula
from screening.phases.ionic import measured_conduction
from screening.phases.snapshot import Snapshot
from screening.reactors.assessment import Assessment, electrolyte_of
from screening.reactors.conditions import Conditions
from screening.reactors.contacts import compute_interfaces
from screening.reactors.elements import cost_usd_per_kg
from screening.reactors.reduction import Reduction, ScreeningContext, reduce
from screening.thermo.marks import marks, origins_of, stamp
from screening.units import MAH_PER_MOL_OF_CHARGE

UM_PER_CM = 1e4
SALT_S_PER_CM = 1e-10
"""Lithium salts and alloys beside the electrolyte: far less than what counts."""

LEAST_REST = "rest ≥: were it limited by ions; a cell at rest tells the rest (screening validate)"

MOST_PROPOSED = 8
"""Cells of one batch."""


@dataclass(frozen=True, kw_only=True)
class Varied:
    """What is varied, each above 0: every combination is one design.

    Attributes
    ----------
    wt_percent, layer_mg_per_cm2, anode_um : tuples of float
        Reactor in the layer, mass of the layer, lithium that faces it.
    """

    wt_percent: tuple[float, ...]
    layer_mg_per_cm2: tuple[float, ...]
    anode_um: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Known:
    """What cells have told already.

    Attributes
    ----------
    s_per_cm : float or None
        Of the electrolyte; that of the package's table unless given.
    shorted, held : tuples of float
        wt% of cells at rest whose layer, the only separator, reacted through: those that shorted, and those
        that did not. They narrow the threshold of the metal.
    rested : (float, float, float) or None
        Hours that a layer of these materials took to react through from one side, its mg/cm², and its wt%.
    """

    s_per_cm: float | None = None
    shorted: tuple[float, ...] = ()
    held: tuple[float, ...] = ()
    rested: tuple[float, float, float] | None = None


def design(
    snapshot: Snapshot,
    reactor: str,
    conditions: Conditions,
    varied: Varied,
    *,
    known: Known | None = None,
    around: Around | None = None,
    batch: int = 3,
) -> Designs:
    """All combinations of content, mass and lithium, each in the state that its lithium leads to.

    Parameters
    ----------
    snapshot : Snapshot
    reactor : str
    conditions : Conditions
        Anode, electrolyte, plateau floor, threshold of equal grains.
    varied : Varied
    known : Known, optional
    around : Around, optional
    batch : int
        Cells to propose.

    Raises
    ------
    InputError
        If the snapshot lacks the reactor, it does not react, no conductivity is known, or a number makes no
        sense.
    """
    known = known or Known()
    formula = parse_formula(reactor)
    if (phase := snapshot.find(formula)) is None:
        raise InputError(f"the snapshot has no {reactor}", remedy="give it with --phases")
    sigma = _conductivity(conditions.electrolyte, known)
    _require_numbers(varied, known, batch)
    maker = _maker(ScreeningContext.of(snapshot, conditions), phase, sigma, known, around or Around())
    metal, excess = maker.metal, maker.excess
    every = product(varied.wt_percent, varied.layer_mg_per_cm2, varied.anode_um)
    made = tuple(starmap(maker.one, every))
    chosen = tell_most(metal, [_metal(excess, wt) for wt in varied.wt_percent], batch)
    following = tuple(varied.wt_percent[k] for k in chosen)
    return Designs(
        reactor=reactor,
        electrolyte=conditions.electrolyte,
        designs=made,
        undominated=tuple(undominated(made).tolist()),
        next_wt_percent=following,
        notes=(
            f"metal connects from {metal.words} on; electrolyte {sigma:.3g} S/cm",
            LEAST_REST,
            f"next cells at rest, together telling most of the threshold: {_list(following)} wt%",
            *marks(origins_of(snapshot, {phase}, {phase: formula}), ()),
        ),
        provenance=stamp(snapshot),
    )


def _maker(context: ScreeningContext, phase: int, s_per_cm: float, known: Known, around: Around) -> "_Maker":
    if context.anode.content != 1.0:
        raise InputError(f"{context.conditions.anode} is an alloy", where="anode", remedy="give a metal")
    grains, equal = Grains(), context.conditions.percolation_threshold
    excess = _at_excess(context, phase)
    return _Maker(
        context=context,
        phase=phase,
        excess=excess,
        s_per_cm=s_per_cm,
        around=around,
        metal=Threshold.of(grains, equal).given(_observed(excess, known)),
        electrolyte=Threshold.of(grains.of_electrolyte, equal),
        front=_front(excess, known),
    )


def _conductivity(electrolyte: str, known: Known) -> float:
    measured = measured_conduction(parse_formula(electrolyte))
    if known.s_per_cm is not None:
        return known.s_per_cm
    if measured is None:
        raise InputError(
            f"no ionic conductivity of {electrolyte} is known", remedy="give --s-per-cm, in S/cm"
        )
    return measured.s_per_cm


def _require_numbers(varied: Varied, known: Known, batch: int) -> None:
    if not 1 <= batch <= MOST_PROPOSED:
        raise InputError(f"a batch of {batch} cells", remedy=f"give 1 to {MOST_PROPOSED}")
    if not (varied.wt_percent and varied.layer_mg_per_cm2 and varied.anode_um):
        raise InputError("nothing to vary", remedy="give at least one wt%, mass and thickness of lithium")
    rested = known.rested or ()
    for name, values, most in (
        ("wt%", (*varied.wt_percent, *known.shorted, *known.held, *rested[2:]), 100.0),
        ("mg/cm²", (*varied.layer_mg_per_cm2, *rested[1:2]), np.inf),
        ("µm of lithium", varied.anode_um, np.inf),
        ("hours of rest", rested[:1], np.inf),
        ("S/cm", () if known.s_per_cm is None else (known.s_per_cm,), np.inf),
    ):
        if not all(0.0 < value <= most and np.isfinite(value) for value in values):
            remedy = "give finite numbers above 0" + (f", at most {most:g}" if np.isfinite(most) else "")
            raise InputError(f"{_list(values)} {name}: out of range", remedy=remedy)


def _observed(excess: Assessment, known: Known) -> list[Observed]:
    return [
        Observed(metal_fraction=_metal(excess, wt), connected=connected)
        for contents, connected in ((known.shorted, True), (known.held, False))
        for wt in contents
    ]


def _front(excess: Assessment, known: Known) -> Front | None:
    if known.rested is None:
        return None
    hours, mg, wt = known.rested
    return Front.of_completion(Slab.of(mg, wt, float(excess.reduction.uptake_mah_per_g[0])), hours)


def _list(values: Sequence[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)


def _at_excess(context: ScreeningContext, phase: int) -> Assessment:
    """The reactor with more lithium than the layer takes up, as in cells at rest."""
    given = context.conditions.model_copy(update={"anode_um": None, "potential_v": None})
    reduction = reduce(replace(context, conditions=given), np.array([phase]))
    if reduction.end_step[0] < 0:
        raise InputError(f"{context.snapshot.phases.formula[phase]} does not react with {given.anode}")
    return Assessment(reduction, compute_interfaces(reduction, np.zeros(1, dtype=bool), ()))


def _metal(excess: Assessment, wt_percent: float) -> float:
    return float(excess.layer(wt_percent).metal_fraction[0])


@dataclass(frozen=True, eq=False, kw_only=True)
class _Maker:
    """What all designs of one reactor share; `excess` is it with lithium in excess."""

    context: ScreeningContext
    phase: int
    excess: Assessment
    s_per_cm: float
    around: Around
    metal: Threshold
    electrolyte: Threshold
    front: Front | None

    def one(self, wt: float, mg: float, um: float) -> Design:
        """One design."""
        given = self.context.conditions.model_dump() | {
            **{"wt_percent": float(wt), "layer_mg_per_cm2": float(mg), "anode_um": float(um)},
        }
        context = replace(self.context, conditions=Conditions.model_validate(given))
        reduction = reduce(context, np.array([self.phase]))
        contacts = compute_interfaces(reduction, np.ones(1, dtype=bool), ())
        state = Assessment(reduction, contacts).reference_layer
        metal, electrolyte = float(state.metal_fraction[0]), float(state.electrolyte_fraction[0])
        taken = float(reduction.uptake_mah_per_g[0]) * mg / 1e3 * wt / 100.0
        um_per_mah = UM_PER_CM * context.anode.cm3_per_mol / (MAH_PER_MOL_OF_CHARGE * context.anode.charge)
        per_g = electrolyte_of(context).cm3_per_g * (1.0 - wt / 100.0)
        per_g += float(reduction.molar_volume_cm3[0] / reduction.molar_mass_g[0]) * wt / 100.0
        layer_um = UM_PER_CM * mg / 1e3 * per_g * (1.0 + float(state.volume_change[0]))
        asr = self._asr(layer_um, electrolyte)
        left = um / um_per_mah - taken
        left = 0.0 if abs(left) < 1e-9 else left
        lacking = max(float(self.excess.reduction.uptake_mah_per_g[0]) * mg / 1e3 * wt / 100.0 - taken, 0.0)
        rest = (np.nan,) * 3
        if self.front is not None:
            rest = self.front.interval_h(Slab(charge_mah_per_cm2=taken, mg_per_cm2=mg))
        volts = float(reduction.cathodic_limit_v[0])
        chances = self.metal.chance(metal), self.electrolyte.chance(electrolyte)
        return Design(
            wt_percent=wt,
            layer_mg_per_cm2=mg,
            anode_um=um,
            metal_fraction=metal,
            electrolyte_fraction=electrolyte,
            volume_change=float(state.volume_change[0]),
            metal_chance=chances[0],
            electrolyte_chance=chances[1],
            network_chance=chances[0] * chances[1],
            layer_um=layer_um,
            lithium_taken_um=taken * um_per_mah,
            lithium_left_mah_per_cm2=left,
            asr_ohm_cm2=asr[1],
            asr_low_ohm_cm2=asr[0],
            asr_high_ohm_cm2=asr[2],
            rest_at_least_h=taken / 1e3 * asr[1] / (2.0 * volts),
            rest_h=rest[1],
            rest_low_h=rest[0],
            rest_high_h=rest[2],
            usd_per_m2=self._usd_per_m2(reduction, wt, mg),
            **self._energy(layer_um, mg + taken * self._mg_per_mah, left, lacking),
        )

    def _asr(self, layer_um: float, electrolyte: float) -> tuple[float, float, float]:
        """Low, median and high resistance of the layer to ions, over the threshold of the electrolyte."""
        levels = np.array([self.electrolyte.quantile(q) for q in (0.16, 0.5, 0.84)])
        through = effective_medium(electrolyte, self.s_per_cm, SALT_S_PER_CM, levels)
        low, middle, high = layer_um / UM_PER_CM / through
        return float(low), float(middle), float(high)

    @property
    def _mg_per_mah(self) -> float:
        anode = self.context.anode
        return 1e3 * float(atomic_masses_g()[anode.mobile]) / anode.charge / MAH_PER_MOL_OF_CHARGE

    def _usd_per_m2(self, reduction: Reduction, wt: float, mg: float) -> float:
        electrolyte = self.context.snapshot.find(parse_formula(self.context.conditions.electrolyte))
        price = float(cost_usd_per_kg(reduction.candidates)[0]) * wt / 100.0
        if electrolyte is not None:
            of_electrolyte = reduction.phases.take(np.array([electrolyte]))
            price += float(cost_usd_per_kg(of_electrolyte)[0]) * (1.0 - wt / 100.0)
        return price * mg * 1e-2  # mg/cm² are 0.01 kg/m²

    def _energy(self, layer_um: float, layer_mg: float, left: float, lacking: float) -> dict[str, float]:
        """Wh/kg and Wh/L of the stack; what a starved layer lacks it takes from the cathode, for good."""
        around, anode = self.around, self.context.anode
        separator = electrolyte_of(self.context).cm3_per_g
        masses = (
            left * self._mg_per_mah,
            layer_mg,
            around.separator_um / UM_PER_CM / separator * 1e3,
            around.cathode_mg_per_cm2,
        )
        lithium_um = left * UM_PER_CM * anode.cm3_per_mol / (MAH_PER_MOL_OF_CHARGE * anode.charge)
        cathode_um = around.cathode_mg_per_cm2 / 1e3 / around.cathode_g_per_cm3 * UM_PER_CM
        height = lithium_um + layer_um + around.separator_um + cathode_um
        mwh = max(around.cathode_mah_per_cm2 - lacking, 0.0) * around.cathode_v
        return {"wh_per_kg": 1e3 * mwh / sum(masses), "wh_per_l": mwh / (height / UM_PER_CM)}
