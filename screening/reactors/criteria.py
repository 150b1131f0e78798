"""The criteria that a ranking weighs: one function each, on arrays over all candidates.

Every function takes an `Assessment` of n candidates and returns an (n,) float array in the unit that its name
ends with; NaN where the quantity does not exist or was not asked for. `CRITERIA` lists them with their sign.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from screening.phases.composition import parse_reactant
from screening.reactors.contacts import RELIEF, Contacts
from screening.reactors.elements import cost_usd_per_kg as element_cost
from screening.reactors.elements import scarcest_abundance_ppm
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


def driving_force_ev_per_ion(assessment: Assessment) -> np.ndarray:
    """Mutual energy of the whole uptake above the floor, per anode atom taken up; negative drives."""
    r = assessment.reduction
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(r.end_step >= 0, r.reaction_energy_ev_per_formula / r.uptake_per_formula, np.nan)


def uptake_mah_per_g(assessment: Assessment) -> np.ndarray:
    """Charge of anode metal consumed above the floor, per gram of reactor; less is better."""
    return assessment.reduction.uptake_mah_per_g


def electrolyte_relief_ev_per_mol(assessment: Assessment) -> np.ndarray:
    """How much less an excess of alloy attacks the electrolyte than the anode does; positive relieves."""
    contacts = assessment.contacts
    if RELIEF not in contacts.stages:
        return np.full(len(assessment), np.nan)
    return contacts.per_alloy(contacts.alloys.relief_ev_per_mol)


def relay_ev_per_atom(assessment: Assessment) -> np.ndarray:
    """Lowest mutual energy of alloy | reactor; negative: the alloy itself reduces more reactor."""
    return assessment.contacts.relay_ev_per_atom


def mixing_ev_per_atom(assessment: Assessment) -> np.ndarray:
    """Lowest mutual energy of reactor | electrolyte, milled together before they meet an anode; 0 is safe."""
    return assessment.contacts.mixing_ev_per_atom


def metal_volume_fraction(assessment: Assessment) -> np.ndarray:
    """Volume fraction of metallic products in the reacted layer; above the threshold they percolate."""
    return assessment.reference_layer.metal_fraction


def volume_change(assessment: Assessment) -> np.ndarray:
    """Relative volume change of the layer, anode metal not counted; 0 is best."""
    return assessment.reference_layer.volume_change


def alloy_potential_v(assessment: Assessment) -> np.ndarray:
    """Potential against the anode at which the alloy forms from its metal; 0 where that metal forms none."""
    return assessment.contacts.per_alloy(assessment.contacts.alloys.potential_v)


def lithiophilic(assessment: Assessment) -> np.ndarray:
    """1 where the alloy's metal forms a compound with the anode on the hull, 0 where it forms none."""
    return assessment.contacts.per_alloy(assessment.contacts.alloys.lithiophilic.astype(float))


def cost_usd_per_kg(assessment: Assessment) -> np.ndarray:
    """Price of the elements in one kilogram of reactor; not a quotation for the compound."""
    return element_cost(assessment.reduction.candidates)


def abundance_ppm(assessment: Assessment) -> np.ndarray:
    """Crustal abundance by mass of the scarcest element of the reactor."""
    return scarcest_abundance_ppm(assessment.reduction.candidates)


@dataclass(frozen=True)
class Criterion:
    """One criterion as tables, reports and citations show it.

    Attributes
    ----------
    function : callable
        From `Assessment` to an (n,) float array.
    unit : str
    better : str
        ``smaller``, ``larger`` or ``target``.
    source : str
        Where the quantity is defined.
    """

    function: Callable[[Assessment], np.ndarray]
    unit: str
    better: str
    source: str

    @property
    def name(self) -> str:
        """Name in studies, tables and reports."""
        return self.function.__name__

    @property
    def meaning(self) -> str:
        """The first line of the function's documentation."""
        return (self.function.__doc__ or "").split("\n")[0]


_DUAN = "doi:10.1002/aenm.202300815"
_RICHARDS = "doi:10.1021/acs.chemmater.5b04082"
_MENDELEEV = "mendeleev element table (https://github.com/lmmentel/mendeleev)"

CRITERIA: tuple[Criterion, ...] = (
    Criterion(driving_force_ev_per_ion, "eV/Li", "smaller", _DUAN),
    Criterion(uptake_mah_per_g, "mAh/g", "smaller", _DUAN),
    Criterion(electrolyte_relief_ev_per_mol, "eV/mol", "larger", _DUAN),
    Criterion(relay_ev_per_atom, "eV/atom", "smaller", _DUAN),
    Criterion(mixing_ev_per_atom, "eV/atom", "larger", _RICHARDS),
    Criterion(metal_volume_fraction, "1", "larger", "doi:10.1063/1.1674565"),
    Criterion(volume_change, "1", "target", _DUAN),
    Criterion(alloy_potential_v, "V", "target", _DUAN),
    Criterion(lithiophilic, "1", "larger", "doi:10.1038/nenergy.2016.10"),
    Criterion(cost_usd_per_kg, "USD/kg", "smaller", _MENDELEEV),
    Criterion(abundance_ppm, "ppm", "larger", _MENDELEEV),
)
