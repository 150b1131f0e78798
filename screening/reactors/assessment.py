"""What criteria are computed from: candidates reduced by the anode, and in contact with the electrolyte."""

from dataclasses import dataclass
from functools import cached_property

from screening.phases.composition import parse_reactant
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

    def layer(self, wt_percent: float) -> Layer:
        """The layer that `wt_percent` of each reactor leaves when its uptake above the floor is complete."""
        r = self.reduction
        consumed = r.uptake_per_formula * r.context.anode.cm3_per_mol
        return layer(
            r.end_volumes,
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
    reactant, snapshot = parse_reactant(context.conditions.electrolyte), context.snapshot
    volume = sum(
        part.mole_fraction
        * part.formula.n_atoms
        * float(snapshot.phases.volume_per_atom_a3[snapshot.find(part.formula)])
        for part in reactant.parts
    )
    return Electrolyte(reactant.unit.molar_mass_g, volume * A3_PER_ATOM_TO_CM3_PER_MOL)
