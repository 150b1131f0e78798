"""The criteria that a ranking weighs: one entry each, from which everything that names a criterion is made.

`CRITERIA` is the registry. Default settings, columns, error bars, headings, axes, sheets and the table of the
documentation follow from its entries; a further criterion is one call of `CRITERIA.register`.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, overload

import numpy as np
from scipy.sparse import csr_array, vstack

from screening.errors import InputError, quoted
from screening.names import present_name
from screening.phases.trade import powders
from screening.reactors.conditions import Desirability
from screening.reactors.contacts import MIXING, RELAY, RELIEF, STAGES
from screening.reactors.elements import cost_usd_per_kg, scarcest_abundance_ppm
from screening.reactors.linear_forms import driving_force_form, mixing_form, relay_form, relief_form
from screening.thermo.products import SCHER_ZALLEN

PER_ION = "/ion"
"""End of a unit that counts per mobile ion; where the ion is known its symbol stands there, as in eV/Na."""


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """One criterion: how it is computed, named, valued and shown.

    Attributes
    ----------
    name : str
        In studies, tables and files; ends with the unit.
    key : str
        Short name, accepted wherever a study or a call names a criterion.
    label : str
        On axes, pages and sheets.
    unit : str
        ``1`` for a pure number; `PER_ION` at its end stands for the mobile ion of the anode.
    default : Desirability
        Weight and bounds where a study gives none.
    meaning : str
        The definition in one sentence.
    compute : callable
        From an `Assessment`, or a `Placement`, of n candidates to an (n,) float array, NaN where the quantity
        does not exist or was not asked for.
    linear_form : callable or None
        From the same to an (n, n_phases) csr_array that gives the criterion when multiplied with the
        formation energies per atom; it carries the error bars. None where the criterion is no energy.
    needs : tuple of str
        Stages of `contacts.STAGES` of which at least one must be computed; empty: none.
    source : str
        Where the quantity is defined.
    head : str
        Head of a narrow table; the key unless given.
    yes_no : bool
        Whether it is 1 or 0 for yes or no.
    floor, ceiling : float
        Least and largest value there can be, as 0 of a voltage, and 0 of a lowest reaction energy.
    must_be_known : bool
        Whether an unknown value counts as the worst there is, so that nobody leads by ignorance; else it is
        left out of the score.
    """

    name: str
    key: str
    label: str
    unit: str
    default: Desirability
    meaning: str
    compute: Callable[[Any], np.ndarray]
    source: str
    linear_form: Callable[[Any], csr_array] | None = None
    needs: tuple[str, ...] = ()
    head: str = ""
    yes_no: bool = False
    floor: float = -np.inf
    ceiling: float = np.inf
    must_be_known: bool = False

    @property
    def sense(self) -> str:
        """``smaller``, ``larger`` or ``target``: what is better, by the default."""
        if self.default.target:
            return "target"
        return "larger" if self.default.best > self.default.worst else "smaller"

    def unit_for(self, ion: str) -> str:
        """The unit with the mobile ion in its place, as eV/Na; empty `ion` where there is more than one."""
        return per_ion(self.unit, ion)

    def heading(self, ion: str) -> str:
        """Head of a narrow table."""
        return per_ion(self.head or self.key.replace("_", " "), ion)

    def axis_label(self, ion: str) -> str:
        """Label of an axis, with the unit in brackets."""
        label = self.label[:1].upper() + self.label[1:]
        return label if self.unit == "1" else f"{label} ({self.unit_for(ion)})"

    def computed_with(self, stages: Sequence[str]) -> bool:
        """Whether the criterion has values where these contacts are computed."""
        return not self.needs or not set(self.needs).isdisjoint(stages)


def per_ion(unit: str, ion: str) -> str:
    """A unit per mobile ion with the symbol of that ion.

    Examples
    --------
    >>> per_ion("eV/ion", "Na"), per_ion("eV/atom", "Na")
    ('eV/Na', 'eV/atom')
    """
    return f"{unit.removesuffix(PER_ION)}/{ion}" if ion and unit.endswith(PER_ION) else unit


class Criteria(Sequence[Criterion]):
    """The criteria of one role in the order of columns and arrays, found by name or key.

    Attributes
    ----------
    pareto, axes : tuples of str
        Keys of those that span the Pareto front, and the figure of a campaign, where a study names none.
    """

    def __init__(self, *criteria: Criterion, pareto: tuple[str, ...], axes: tuple[str, str]) -> None:
        self._all, self.pareto, self.axes = list(criteria), pareto, axes

    @overload
    def __getitem__(self, place: int) -> Criterion: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[Criterion, ...]: ...

    def __getitem__(self, place: int | slice) -> Criterion | tuple[Criterion, ...]:
        return tuple(self._all[place]) if isinstance(place, slice) else self._all[place]

    def __len__(self) -> int:
        return len(self._all)

    @property
    def names(self) -> list[str]:
        """Names, in order."""
        return [criterion.name for criterion in self]

    @property
    def uncertain(self) -> tuple[Criterion, ...]:
        """Those that are reaction energies, and carry the errors of the phases."""
        return tuple(criterion for criterion in self if criterion.linear_form is not None)

    def find(self, name: str, *, where: str = "") -> Criterion:
        """A criterion by its name, its key, or a name of version 1; an InputError if there is none."""
        wanted = present_name(name)
        for criterion in self:
            if wanted in (criterion.name, criterion.key):
                return criterion
        choices = ", ".join(criterion.key for criterion in self)
        raise InputError(f"no criterion {quoted(name)}", where=where, remedy=f"choose from {choices}")

    def label(self, name: str) -> str:
        """Label of a criterion; of one that is not registered here, as older results may hold, its words."""
        known = {criterion.name: criterion.label for criterion in self}
        return known.get(name, name.replace("_", " "))

    def register(self, criterion: Criterion) -> ExitStack:
        """Add a criterion, for good or for the length of a ``with`` block.

        Returns
        -------
        ExitStack
            Closing it takes the criterion out again.

        Raises
        ------
        InputError
            If its name or key is taken.
        """
        taken = {word for other in self for word in (other.name, other.key)}
        for word in (criterion.name, criterion.key):
            if word in taken:
                raise InputError(f"there is a criterion {word!r} already", remedy="choose another name")
        self._all.append(criterion)
        undo = ExitStack()
        undo.callback(self._all.remove, criterion)
        return undo


_DUAN = "doi:10.1002/aenm.202300815"
_RICHARDS = "doi:10.1021/acs.chemmater.5b04082"
_MENDELEEV = "mendeleev element table (https://github.com/lmmentel/mendeleev)"

CRITERIA: Criteria = Criteria(
    Criterion(
        name="driving_force_ev_per_ion",
        key="driving_force",
        label="driving force",
        unit="eV/ion",
        head="eV/ion",
        default=Desirability(weight=1.0, worst=0.0, best=-0.5),
        meaning="Mutual energy of the uptake, per anode atom taken up; negative drives.",
        compute=attrgetter("reduction.driving_force_ev_per_ion"),
        linear_form=driving_force_form,
        source=_DUAN,
    ),
    Criterion(
        name="uptake_mah_per_g",
        key="uptake",
        label="uptake",
        unit="mAh/g",
        head="mAh/g",
        default=Desirability(weight=0.5, worst=1500.0, best=0.0),
        meaning="Charge of anode metal consumed, per gram of reactor; less is better.",
        compute=attrgetter("reduction.uptake_mah_per_g"),
        source=_DUAN,
    ),
    Criterion(
        name="electrolyte_relief_ev_per_atom",
        key="relief",
        label="electrolyte relief",
        unit="eV/atom",
        default=Desirability(weight=2.0, worst=-2.0 / 13.0, best=4.0 / 13.0),  # 13 atoms of Li6PS5Cl
        meaning="How much less than the anode the layer at its own potential attacks, per atom "
        "of electrolyte.",
        compute=attrgetter("contacts.relief_ev_per_atom"),
        linear_form=relief_form,
        needs=(RELIEF,),
        source=_DUAN,
    ),
    Criterion(
        name="relay_ev_per_atom",
        key="relay",
        label="relay, alloy | reactor",
        unit="eV/atom",
        default=Desirability(weight=1.0, worst=0.05, best=-0.3),
        meaning="Lowest mutual energy of alloy | reactor; negative: the alloy itself reduces more reactor.",
        compute=attrgetter("contacts.relay_ev_per_atom"),
        linear_form=relay_form,
        ceiling=0.0,
        needs=(RELAY,),
        source=_DUAN,
    ),
    Criterion(
        name="mixing_ev_per_atom",
        key="mixing",
        label="mixing, reactor | electrolyte",
        unit="eV/atom",
        default=Desirability(weight=1.0, worst=-0.3, best=0.0),
        meaning="Lowest mutual energy of reactor | electrolyte, milled together before they "
        "meet an anode; 0 is safe.",
        compute=attrgetter("contacts.mixing_ev_per_atom"),
        linear_form=mixing_form,
        ceiling=0.0,
        needs=(MIXING,),
        source=_RICHARDS,
    ),
    Criterion(
        name="metal_volume_fraction",
        key="metal",
        label="metal volume fraction",
        unit="1",
        default=Desirability(weight=1.0, worst=0.0, best=SCHER_ZALLEN),
        meaning="Volume fraction of metallic products in the reacted layer; above the "
        "threshold they percolate.",
        compute=attrgetter("reference_layer.metal_fraction"),
        source="doi:10.1063/1.1674565",
    ),
    Criterion(
        name="volume_change",
        key="volume",
        label="volume change",
        unit="1",
        default=Desirability(weight=0.5, worst=0.5, best=0.0, target=True),
        meaning="Relative volume change of the layer, anode metal not counted; 0 is best.",
        compute=attrgetter("reference_layer.volume_change"),
        source=_DUAN,
    ),
    Criterion(
        name="alloy_potential_v",
        key="alloy_potential",
        label="potential of the layer",
        unit="V",
        default=Desirability(weight=0.0, worst=1.2, best=0.3, target=True),
        meaning="Potential of the layer, at which its alloy holds the anode metal; 0 without such an alloy.",
        compute=attrgetter("contacts.potential_v"),
        needs=STAGES,
        source=_DUAN,
    ),
    Criterion(
        name="alloys_with_anode",
        key="alloying",
        label="alloys with the anode",
        unit="1",
        default=Desirability(weight=1.0, worst=-0.5, best=1.0),
        meaning="1 where the alloy's metal forms a compound with the anode on the hull "
        "(lithiophilic), 0 where none.",
        compute=attrgetter("contacts.alloys_with_anode"),
        needs=STAGES,
        source="doi:10.1038/nenergy.2016.10",
        yes_no=True,
    ),
    Criterion(
        name="cost_usd_per_kg",
        key="cost",
        label="cost of the elements",
        unit="USD/kg",
        default=Desirability(weight=0.5, worst=3000.0, best=1.0, scale="log"),
        meaning="Price of the elements in one kilogram of candidate; not a quotation for the compound.",
        compute=lambda assessed: cost_usd_per_kg(assessed.candidates),
        source=_MENDELEEV,
    ),
    Criterion(
        name="abundance_ppm",
        key="abundance",
        label="abundance",
        unit="ppm",
        default=Desirability(weight=0.5, worst=0.001, best=1000.0, scale="log"),
        meaning="Crustal abundance by mass of the scarcest element of the candidate.",
        compute=lambda assessed: scarcest_abundance_ppm(assessed.candidates),
        source=_MENDELEEV,
    ),
    Criterion(
        name="powders",
        key="powders",
        label="powders to weigh",
        unit="1",
        default=Desirability(weight=1.0, worst=5.0, best=1.0),
        meaning="Powders to weigh: 1 where a table holds it as for sale, else the parts that "
        "make it up, 2 or more.",
        compute=lambda assessed: powders(assessed.candidates),
        source="CRC Handbook, by the library chemicals (https://github.com/CalebBell/chemicals)",
    ),
    pareto=("driving_force", "relief", "relay", "mixing"),
    axes=("driving_force", "relief"),
)


def criterion(name: str) -> Criterion:
    """A criterion by name or key.

    Examples
    --------
    >>> criterion("relay").name
    'relay_ev_per_atom'
    """
    return CRITERIA.find(name)


def criterion_forms(assessment: Any, criteria: Sequence[Criterion] | None = None) -> csr_array:
    """Linear forms of the uncertain criteria, criterion after criterion.

    Parameters
    ----------
    assessment : Assessment or Placement
        Of n candidates.
    criteria : sequence of Criterion, optional
        `CRITERIA.uncertain` unless given.

    Returns
    -------
    (n_criteria·n, n_phases) csr_array
    """
    forms = [c.linear_form(assessment) for c in criteria or CRITERIA.uncertain if c.linear_form is not None]
    stacked = csr_array(vstack(forms))
    # scipy orders a row by what else is in the matrix: sorted rows do not depend on the neighbours
    stacked.sort_indices()
    return stacked
