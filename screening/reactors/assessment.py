"""What criteria are computed from: candidates reduced by the anode, and in contact with the electrolyte."""

from dataclasses import dataclass
from functools import cached_property

from screening.phases.composition import Formula
from screening.phases.snapshot import Phases, Snapshot
from screening.reactors.contacts import Contacts
from screening.reactors.reduction import Reduction, ScreeningContext
from screening.thermo.products import Electrolyte, Layer, layer
from screening.units import A3_PER_ATOM_TO_CM3_PER_MOL


@dataclass(frozen=True, eq=False)
class Assessment:
    """Candidates reduced by the anode, and in contact with alloy and electrolyte.

    Attributes
    ----------
    reduction : Reduction
    contacts : Contacts
    """

    reduction: Reduction
    contacts: Contacts

    def __len__(self) -> int:
        return len(self.reduction)

    @property
    def candidates(self) -> Phases:
        """The candidates as phases, in their order."""
        return self.reduction.candidates

    def layer(self, wt_percent: float) -> Layer:
        """The layer that `wt_percent` of each reactor leaves in the state of the layer."""
        r = self.reduction
        consumed = r.uptake_per_formula * r.context.anode.cm3_per_mol
        return layer(
            r.volumes,
            r.molar_mass_g,
            r.molar_volume_cm3,
            consumed,
            electrolyte_of(r.context),
            wt_percent,
        )

    @cached_property
    def reference_layer(self) -> Layer:
        """The layer at the mass fraction that the study's criteria refer to."""
        return self.layer(self.reduction.context.conditions.wt_percent)


def electrolyte_of(context: ScreeningContext) -> Electrolyte:
    """Mass and volume of the study's electrolyte (the volumes of a mixture's parts add)."""
    reactant, snapshot = context.conditions.met["electrolyte"], context.snapshot
    volume = sum(part.mole_fraction * molar_volume_cm3(snapshot, part.formula) for part in reactant.parts)
    return Electrolyte(reactant.unit.molar_mass_g, volume)


def molar_volume_cm3(snapshot: Snapshot, formula: Formula) -> float:
    """Volume of one mole of a formula as written; NaN where the snapshot has none."""
    phase = snapshot.find(formula)
    if phase is None:
        return float("nan")
    return float(snapshot.phases.volume_per_atom_a3[phase]) * formula.n_atoms * A3_PER_ATOM_TO_CM3_PER_MOL
