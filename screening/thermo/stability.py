"""Formation and hull energy of single compositions: what is stable there, how far above it a phase lies."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from screening.display import Displayed, Group, Table, fixed
from screening.phases.composition import Formula, Reactant
from screening.phases.distrust import cautions
from screening.phases.snapshot import Snapshot
from screening.provenance import Provenance
from screening.thermo.marks import marks, origins_of, product_terms, stamp, told_origins
from screening.thermo.reactants import price
from screening.thermo.reactions import Moles

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class HullEnergy(Displayed):
    """One composition on the scale of a snapshot.

    Attributes
    ----------
    formula : str
    formation_energy_ev_per_atom, uncertainty_ev_per_atom : float or None
        Of the snapshot's own phase, against the elements, and what correction, estimate or descriptor leave
        unsure of it; None where it has none.
    hull_energy_ev_per_atom : float
    decays_to : mapping of str to float
        Moles of the stable phases per mole of formula.
    origins : mapping of str to str
        As of `InterfaceReaction`.
    provenance : Provenance
    cautions, notes : tuples of str
    """

    formula: str
    formation_energy_ev_per_atom: float | None
    uncertainty_ev_per_atom: float | None
    hull_energy_ev_per_atom: float
    decays_to: Mapping[str, float]
    origins: Mapping[str, str]
    provenance: Provenance
    cautions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def energy_above_hull_ev_per_atom(self) -> float | None:
        """How far the snapshot's phase lies above the hull, ≥ 0."""
        own = self.formation_energy_ev_per_atom
        return None if own is None else max(own - self.hull_energy_ev_per_atom, 0.0)

    @property
    def words(self) -> str:
        """The stable phases, as ``Li2S + LiCl + Li3PS4``, or that the phase itself is."""
        terms = [f"{moles:.4g} {name}".removeprefix("1 ") for name, moles in self.decays_to.items()]
        # one product is the composition itself, whatever the spelling
        return "stable" if len(terms) == 1 else " + ".join(terms)

    def display(self) -> Table:
        """As of `HullEnergies`."""
        return HullEnergies((self,)).display()

    def to_frame(self) -> "pd.DataFrame":
        """One row."""
        import pandas as pd

        content = self.as_dict() | {"decays_to": self.words, "origins": told_origins(self.origins)}
        content |= {name: "; ".join(content[name]) for name in ("cautions", "notes")}
        return pd.DataFrame([content]).drop(columns="provenance")

    def as_dict(self) -> dict[str, Any]:
        """Content for JSON."""
        return {
            **vars(self),
            **{name: dict(getattr(self, name)) for name in ("decays_to", "origins")},
            **{name: list(getattr(self, name)) for name in ("cautions", "notes")},
            "energy_above_hull_ev_per_atom": self.energy_above_hull_ev_per_atom,
            "provenance": self.provenance.as_dict(),
        }


class HullEnergies(Group[HullEnergy]):
    """Several compositions."""

    @property
    def provenance(self) -> Provenance:
        """Of the snapshot, the same for all."""
        return self.items[0].provenance

    @property
    def notes(self) -> tuple[str, ...]:
        """Of all, each once."""
        return tuple(dict.fromkeys(note for each in self.items for note in each.notes))

    def display(self) -> Table:
        """One row per composition."""
        rows = [
            {
                "formula": each.formula + "*" * bool(each.origins),
                "formation energy (eV/atom)": fixed(each.formation_energy_ev_per_atom, 4),
                "± (eV/atom)": fixed(each.uncertainty_ev_per_atom or None, 3),
                "hull (eV/atom)": f"{each.hull_energy_ev_per_atom:.4f}",
                "above hull (eV/atom)": fixed(each.energy_above_hull_ev_per_atom, 4),
                "decays to": each.words,
            }
            for each in self.items
        ]
        origins = {name: origin for each in self.items for name, origin in each.origins.items()}
        told = dict.fromkeys(caution for each in self.items for caution in each.cautions)
        notes = (*marks(origins, ()), *told, self.provenance.line())
        return Table("Formation energies, against the elements", rows, notes)


def hull_energy_of(snapshot: Snapshot, formula: Formula) -> HullEnergy:
    """Formation and hull energy of one composition, which the snapshot need not hold.

    Raises
    ------
    InputError
        If an element is not in the snapshot, or there are too many.
    """
    priced = price(snapshot, Reactant.of(formula), at_hull=True)
    phases, phase = snapshot.phases, snapshot.find(formula)
    moles = {i: share * formula.n_atoms / float(phases.atoms[i]) for i, share in priced.hull.items()}
    terms = product_terms(snapshot, moles, 1.0, priced.spelling)
    involved = {*priced.phases, *priced.hull}
    return HullEnergy(
        formula=formula.text,
        formation_energy_ev_per_atom=None if phase is None else priced.energy_ev_per_atom,
        uncertainty_ev_per_atom=None if phase is None else float(phases.uncertainty_ev_per_atom[phase]),
        hull_energy_ev_per_atom=priced.hull_energy_ev_per_atom,
        decays_to=Moles({term.formula: term.moles for term in terms}),
        origins=origins_of(snapshot, involved, priced.spelling),
        provenance=stamp(snapshot),
        cautions=cautions(snapshot, (formula,), involved),
        notes=tuple(dict.fromkeys((*formula.notes, *snapshot.notes))),
    )
