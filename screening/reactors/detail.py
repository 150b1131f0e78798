"""Everything about one reactor that a report spells out: products, plateaus, layers, figures."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.sparse import csr_array

from screening.phases.composition import Formula, Reactant, parse_formula, parse_reactant
from screening.phases.distrust import wholly_distrusted
from screening.phases.snapshot import Snapshot
from screening.reactors.assessment import electrolyte_of, molar_volume_cm3
from screening.reactors.linear_forms import plateau_form
from screening.reactors.reduction import Reduction, ScreeningContext, reduce
from screening.thermo.conduction import ElectronicClass, gap_source
from screening.thermo.interface import InterfaceReaction
from screening.thermo.intervals import NO_ERROR_BARS, ErrorBars, Interval, with_bounds, written
from screening.thermo.marks import product_terms, reactant_terms
from screening.thermo.products import ProductVolumes, layer
from screening.thermo.reactions import Term, write_reaction
from screening.units import A3_PER_ATOM_TO_CM3_PER_MOL, MAH_PER_MOL_OF_CHARGE

UM_PER_CM = 1e4


@dataclass(frozen=True, kw_only=True)
class ProductPhase:
    """One product phase.

    Attributes
    ----------
    formula : str
    moles : float
        Per mole of reactor.
    electronic_class : str
    band_gap_ev : float or None
    gap_source : str
    volume_cm3 : float or None
        Per mole of reactor.
    volume_source : str
        ``measured``, ``dft``, ``element`` or ``estimated``.
    estimated : bool
        Whether the phase itself is an estimate.
    origin : str
        Where its energy comes from, if not from the source.
    conduction : float or None
        Degree of electronic conduction, 0 to 1; None in results from before it was computed.
    """

    formula: str
    moles: float
    electronic_class: str
    band_gap_ev: float | None
    gap_source: str
    volume_cm3: float | None
    volume_source: str
    estimated: bool
    conduction: float | None = None
    origin: str = ""

    @property
    def electronic_words(self) -> str:
        """Electronic class, with the degree of conduction where that is between 0 and 1."""
        return electronic_words(self.electronic_class, self.conduction)


@dataclass(frozen=True, kw_only=True)
class LayerState:
    """Volumes of a reacted layer at one reactor content.

    Attributes
    ----------
    wt_percent : float
        Reactor before the reaction, by mass.
    metal_fraction, salt_fraction, electrolyte_fraction : float
    metal_percolates, electrolyte_percolates : bool
        Against the threshold of the study.
    volume_change, volume_change_with_anode : float
    anode_consumed_um : float
        Thickness of anode metal that the layer takes up, at the areal mass of the study.
    """

    wt_percent: float
    metal_fraction: float
    salt_fraction: float
    electrolyte_fraction: float
    metal_percolates: bool
    electrolyte_percolates: bool
    volume_change: float
    volume_change_with_anode: float
    anode_consumed_um: float


@dataclass(frozen=True, kw_only=True)
class LayerAt:
    """The layer held at one potential.

    Attributes
    ----------
    potential_v : float
        Against the anode; the layer is that just below it.
    uptake_per_formula : float
    attack_ev_per_atom : float
        Reaction energy of the electrolyte with a reservoir at this potential, per atom of electrolyte.
    layer : LayerState
        At the reactor content of the criteria.
    """

    potential_v: float
    uptake_per_formula: float
    attack_ev_per_atom: float
    layer: LayerState


@dataclass(frozen=True, kw_only=True)
class Plateau:
    """One finished plateau with its products and layers.

    Attributes
    ----------
    voltage_v, uptake_per_formula, capacity_mah_per_g : float
    voltage_95_v : Interval or None
        Where the true voltage lies; None without an error model.
    reaction : str
    above_floor : bool
        Whether the state of the layer enters it, and criteria count it.
    holds_alloy : bool
        Whether a compound of the anode with a metal is among the products, or the metal that is left.
    products : tuple of ProductPhase
    layers : tuple of LayerState
    """

    voltage_v: float
    uptake_per_formula: float
    capacity_mah_per_g: float
    reaction: str
    above_floor: bool
    holds_alloy: bool
    products: tuple[ProductPhase, ...]
    layers: tuple[LayerState, ...]
    voltage_95_v: Interval | None = None

    @property
    def volts(self) -> str:
        """Its voltage with the interval, in the digits that this leaves: ``1.6 (1.3 to 2.2)``."""
        within = self.voltage_95_v
        return with_bounds(written(self.voltage_v, within, None, 2), within, None)


@dataclass(frozen=True, kw_only=True)
class ReactorDetail:
    """One reactor, spelled out.

    Attributes
    ----------
    formula : str
    alloy : str
        Of the state of the layer; empty where no product is a metal or alloy.
    plateaus : tuple of Plateau
        In falling voltage, down to the anode's own potential.
    at_potential : tuple of LayerAt
        At each potential where something changes, falling to 0; between them the state is constant and the
        attack linear.
    energy_above_hull_ev_per_atom : float
    estimated : bool
        Whether the reactor or a product on the way is an estimate.
    with_anode : InterfaceReaction
        Anode | reactor.
    with_alloy : InterfaceReaction or None
        Alloy | reactor.
    electrolyte_with_anode : InterfaceReaction
    electrolyte_with_alloy : InterfaceReaction or None
    """

    formula: str
    alloy: str
    plateaus: tuple[Plateau, ...]
    at_potential: tuple[LayerAt, ...]
    energy_above_hull_ev_per_atom: float
    estimated: bool
    with_anode: InterfaceReaction
    with_alloy: InterfaceReaction | None
    electrolyte_with_anode: InterfaceReaction
    electrolyte_with_alloy: InterfaceReaction | None

    @property
    def origin(self) -> str:
        """Where energies of the reactor and its products come from, if not from the source."""
        return ", ".join(dict.fromkeys(self.with_anode.origins.values()))

    @property
    def at_excess(self) -> Plateau | None:
        """The last plateau that the state of the layer enters, None for a compound that takes nothing up."""
        above = [plateau for plateau in self.plateaus if plateau.above_floor]
        return above[-1] if above else None

    @property
    def curves(self) -> tuple[InterfaceReaction, ...]:
        """All reaction-energy curves of this reactor."""
        every = (self.with_anode, self.with_alloy, self.electrolyte_with_anode, self.electrolyte_with_alloy)
        return tuple(curve for curve in every if curve is not None)


def detail(
    context: ScreeningContext,
    phase: int,
    label: str,
    layers_wt_percent: tuple[float, ...],
    error_bars: ErrorBars = NO_ERROR_BARS,
) -> ReactorDetail:
    """Spell out one reactor.

    Parameters
    ----------
    context : ScreeningContext
    phase : int
        Phase number of the reactor.
    label : str
        Its formula as shown.
    layers_wt_percent : tuple of float
        Reactor contents of the layers.
    error_bars : ErrorBars
        What draws the intervals.
    """
    snapshot, conditions = context.snapshot, context.conditions
    reduction = reduce(context, np.array([phase]))
    alloy = _name(snapshot, int(reduction.alloy[0]))
    reactor, anode, electrolyte = (
        parse_reactant(label),
        *(conditions.met[n] for n in ("anode", "electrolyte")),
    )
    meet = partial(context.react, error_bars=error_bars)
    with_anode = meet(anode, reactor)
    plateaus = _plateaus(
        reduction, phase, reactor, alloy=alloy, layers_wt_percent=layers_wt_percent, error_bars=error_bars
    )
    same = alloy != "" and snapshot.find(parse_formula(alloy)) == phase
    return ReactorDetail(
        formula=label,
        alloy=alloy,
        plateaus=plateaus,
        at_potential=_at_potentials(context, reactor.unit, plateaus),
        energy_above_hull_ev_per_atom=with_anode.energy_above_hull_ev_per_atom.b,
        estimated=with_anode.estimated,
        with_anode=with_anode,
        with_alloy=meet(parse_reactant(alloy), reactor) if alloy and not same else None,
        electrolyte_with_anode=meet(anode, electrolyte),
        electrolyte_with_alloy=meet(parse_reactant(alloy), electrolyte) if alloy else None,
    )


def _name(snapshot: Snapshot, phase: int) -> str:
    return str(snapshot.phases.formula[phase]) if phase >= 0 else ""


def _plateaus(
    reduction: Reduction,
    phase: int,
    reactor: Reactant,
    alloy: str,
    layers_wt_percent: tuple[float, ...],
    error_bars: ErrorBars,
) -> tuple[Plateau, ...]:
    """Plateaus of a reduction of one candidate, per formula as written."""
    context, stairs, lines = reduction.context, reduction.stairs, reduction.lines
    anode, unit = context.anode, reactor.unit
    written = unit.n_atoms / float(reduction.candidates.atoms[0])
    plateaus, volts = [], plateau_form(reduction)
    error_bars = error_bars.off_by(wholly_distrusted(context.snapshot, (unit, anode.formula)))
    limit = _limit_95(reduction, phase, volts, error_bars)
    for step, voltage in enumerate(stairs.voltage_v.tolist()):
        uptake = float(stairs.uptake_per_formula[step]) * written
        rows = lines.products_of(stairs.kink[step : step + 1])
        moles = rows.amount * (unit.n_atoms + uptake / anode.content) / reduction.phases.atoms[rows.phase]
        terms = product_terms(
            context.snapshot, dict(zip(rows.phase.tolist(), moles.tolist(), strict=True)), 1.0
        )
        left = [Term(anode.formula.text, uptake / anode.content / anode.formula.n_atoms)]
        products = tuple(product_phase(context, term.formula, term.moles) for term in terms)
        plateaus.append(
            Plateau(
                voltage_v=voltage,
                uptake_per_formula=uptake,
                capacity_mah_per_g=uptake * anode.charge * MAH_PER_MOL_OF_CHARGE / unit.molar_mass_g,
                reaction=write_reaction([*left, *reactant_terms(reactor, 1.0)], terms),
                above_floor=step <= int(reduction.end_step[0]),
                holds_alloy=bool(context.is_alloy[rows.phase].any()) or alloy in (t.formula for t in terms),
                products=products,
                voltage_95_v=error_bars.around(voltage, volts[[step]]) if step else limit,
                layers=tuple(_layer_state(context, unit, products, uptake, wt) for wt in layers_wt_percent),
            )
        )
    return tuple(plateaus)


def _limit_95(reduction: Reduction, phase: int, volts: csr_array, error_bars: ErrorBars) -> Interval | None:
    """Where the first plateau of one candidate lies, which may be stable though it lies above the hull."""
    if not len(reduction.stairs.voltage_v):
        return None
    within = error_bars.around(float(reduction.stairs.voltage_v[0]), volts[[0]])
    if reduction.energy_above_hull_ev_per_atom[0] <= 0.0:
        return within
    own = plateau_form(reduction, phase=np.array([phase]))
    means = own @ reduction.phases.formation_energy_ev_per_atom
    return error_bars.or_stable(within, [(float(v), own[[k]]) for k, v in enumerate(means)])


def _at_potentials(
    context: ScreeningContext, unit: Formula, plateaus: tuple[Plateau, ...]
) -> tuple[LayerAt, ...]:
    """The layer and its attack on the electrolyte at every potential where one of them turns."""
    attack = context.attack
    volts = np.unique([0.0, *attack.stairs.voltage_v, *(p.voltage_v for p in plateaus)])[::-1]
    before: tuple[tuple[ProductPhase, ...], float] = (product_phase(context, unit.text, 1.0),), 0.0
    states = [before, *((plateau.products, plateau.uptake_per_formula) for plateau in plateaus)]
    wt = context.conditions.wt_percent
    layers = [_layer_state(context, unit, products, uptake, wt) for products, uptake in states]
    done = [sum(plateau.voltage_v >= volt for plateau in plateaus) for volt in volts]
    return tuple(
        LayerAt(potential_v=volt, uptake_per_formula=states[k][1], attack_ev_per_atom=energy, layer=layers[k])
        for volt, energy, k in zip(
            volts.tolist(), attack.energy_ev_per_atom(volts).tolist(), done, strict=True
        )
    )


def product_phase(context: ScreeningContext, formula: str, moles: float) -> ProductPhase:
    """One product with its electronic class and volume."""
    snapshot = context.snapshot
    phase = snapshot.find(parse_formula(formula))
    if phase is None:
        raise LookupError(f"product {formula} is not in the snapshot")
    phases = snapshot.phases
    gap, volume = float(phases.band_gap_ev[phase]), float(phases.volume_per_atom_a3[phase])
    cm3 = moles * float(phases.atoms[phase]) * volume * A3_PER_ATOM_TO_CM3_PER_MOL
    return ProductPhase(
        formula=formula,
        moles=moles,
        electronic_class=ElectronicClass(int(context.classes[phase])).label,
        band_gap_ev=None if np.isnan(gap) else gap,
        gap_source=gap_source(phases, phase),
        volume_cm3=None if np.isnan(volume) else cm3,
        volume_source=str(phases.volume_source[phase]),
        estimated=bool(phases.estimated[phase]),
        conduction=float(context.conduction[phase]),
        origin=str(phases.origin[phase]),
    )


def electronic_words(kind: str, degree: float | None) -> str:
    """Electronic class in words, with the degree of conduction where that is between 0 and 1.

    Examples
    --------
    >>> electronic_words("semiconducting", 0.284), electronic_words("metallic", 1.0)
    ('semiconducting 0.28', 'metallic')
    """
    return kind if degree is None or not 0.0 < degree < 1.0 else f"{kind} {degree:.2f}"


def _layer_state(
    context: ScreeningContext,
    unit: Formula,
    products: tuple[ProductPhase, ...],
    uptake: float,
    wt_percent: float,
) -> LayerState:
    """Volumes of the layer once a plateau is finished."""
    known = [p for p in products if p.volume_cm3 is not None]
    metal = sum((p.volume_cm3 or 0.0) * (p.conduction or 0.0) for p in known)
    salt = sum(p.volume_cm3 or 0.0 for p in known) - metal
    if len(known) < len(products):
        metal = salt = float("nan")
    state = layer(
        ProductVolumes(np.array([metal]), np.array([salt]), np.array([False])),
        np.array([unit.molar_mass_g]),
        np.array([molar_volume_cm3(context.snapshot, unit)]),
        np.array([uptake * context.anode.cm3_per_mol]),
        electrolyte_of(context),
        wt_percent,
    )
    threshold = context.conditions.percolation_threshold
    reactor_g_per_cm2 = context.conditions.layer_mg_per_cm2 / 1000.0 * wt_percent / 100.0
    moles_per_cm2 = reactor_g_per_cm2 / unit.molar_mass_g
    return LayerState(
        wt_percent=wt_percent,
        metal_fraction=float(state.metal_fraction[0]),
        salt_fraction=float(state.salt_fraction[0]),
        electrolyte_fraction=float(state.electrolyte_fraction[0]),
        metal_percolates=bool(state.metal_fraction[0] >= threshold),
        electrolyte_percolates=bool(state.electrolyte_fraction[0] >= threshold),
        volume_change=float(state.volume_change[0]),
        volume_change_with_anode=float(state.volume_change_with_anode[0]),
        anode_consumed_um=moles_per_cm2 * uptake * context.anode.cm3_per_mol * UM_PER_CM,
    )
