"""Criteria of candidates that are no reactors, and the registry of each role."""

from dataclasses import replace
from functools import partial

from screening.phases.composition import symbol
from screening.phases.ionic import ionic_s_per_cm
from screening.reactors.conditions import FACES_CATHODE, REACTOR, Desirability, Role
from screening.reactors.criteria import CRITERIA, Criteria, Criterion
from screening.reactors.placement import BEHIND, CLOSED, HIGH, LOW, Placement
from screening.thermo.conduction import PBE_SHARE_OF_GAP

_RICHARDS = "doi:10.1021/acs.chemmater.5b04082"
_ZHU = "doi:10.1021/acsami.5b07517"

MOST_V = 8.0
"""No limit lies higher, in V: LiF gives lithium off at 6.4."""

CONTACTS = {
    CLOSED: (
        "closed",
        "{electrode} | {role}",
        "Lowest mutual energy with the electrode, without exchange of ions; 0 is safe.",
    ),
    LOW: (
        "low V",
        "{electrode} | {role}, lowest voltage",
        "The same open to the ion at the lower end of the window.",
    ),
    HIGH: (
        "high V",
        "{electrode} | {role}, highest voltage",
        "The same open to the ion at the upper end of the window.",
    ),
    BEHIND: (
        "behind",
        "{neighbour} | {role}",
        "Lowest mutual energy with what lies on the other side; 0 is safe.",
    ),
}
"""Head, label and definition of each contact."""

WEIGHTS: dict[Role, dict[str, float]] = {
    "coating": {},
    "buffer": {},
    "catholyte": {"oxidation_limit_v": 2.0, "reduction_limit_v": 0.5, "ionic_s_per_cm": 2.0},
    "electrolyte": {
        **{"oxidation_limit_v": 2.0, "reduction_limit_v": 2.0, "neighbour_ev_per_atom": 2.0},
        "ionic_s_per_cm": 2.0,
    },
}
"""Where a role weighs a criterion in another way: coatings and buffers must stay over the window as it is."""


def _contact(role: Role, contact: str) -> Criterion:
    head, label, meaning = CONTACTS[contact]
    sides = ("cathode", "anode" if role == "electrolyte" else "electrolyte")
    open_to_ion = contact in (LOW, HIGH)
    return Criterion(
        name=f"{contact}_ev_per_{'closed_' if open_to_ion else ''}atom",
        key=contact,
        head=head,
        label=label.format(
            electrode=sides[0] if role in FACES_CATHODE else "anode", neighbour=sides[1], role=role
        ),
        unit="eV/non-ion atom" if open_to_ion else "eV/atom",
        default=Desirability(weight=1.0, worst=-0.2, best=0.0),
        meaning=meaning,
        compute=partial(Placement.lowest_ev, contact=contact),
        linear_form=partial(Placement.contact_form, contact=contact),
        ceiling=0.0,
        source=_RICHARDS,
    )


GENERAL = (
    Criterion(
        name="reduction_limit_v",
        key="reduction",
        label="reduction limit",
        unit="V",
        default=Desirability(weight=0.0, worst=3.0, best=0.0),
        meaning="Voltage below which the candidate, on the hull, takes up ions.",
        compute=lambda placement: placement.limit_v(placement.uptake_step),
        linear_form=lambda placement: placement.limit_form(placement.uptake_step),
        floor=0.0,
        ceiling=MOST_V,
        source=_ZHU,
    ),
    Criterion(
        name="oxidation_limit_v",
        key="oxidation",
        label="oxidation limit",
        unit="V",
        default=Desirability(weight=0.0, worst=2.5, best=4.5),  # sulfides; above the usual cathodes
        meaning="Voltage above which the candidate, on the hull, gives off ions.",
        compute=lambda placement: placement.limit_v(placement.release_step),
        linear_form=lambda placement: placement.limit_form(placement.release_step),
        floor=0.0,
        ceiling=MOST_V,
        source=_ZHU,
    ),
    Criterion(
        name="band_gap_ev",
        key="band_gap",
        label="band gap",
        unit="eV",
        default=Desirability(weight=0.5, worst=0.0, best=5.0),
        meaning="Band gap as it would be measured: the calculated one over 0.6.",
        compute=lambda placement: placement.candidates.band_gap_ev / PBE_SHARE_OF_GAP,
        source="doi:10.1002/qua.560280846",
    ),
    Criterion(
        name="ionic_s_per_cm",
        key="ionic",
        head="σ ion",
        label="ionic conductivity",
        unit="S/cm",
        default=Desirability(weight=0.0, worst=1e-8, best=1e-3, scale="log"),
        meaning="Measured conductivity of the ion at room temperature; unknown counts as none.",
        compute=lambda placement: ionic_s_per_cm(
            placement.candidates, symbol(placement.context.anode.mobile)
        ),
        source="screening/phases/ionic.csv, each value with its DOI",
        must_be_known=True,
    ),
    *(CRITERIA.find(name) for name in ("cost", "abundance")),
)
"""What is asked in every role but that of a reactor."""


def _of(role: Role) -> Criteria:
    met = (CLOSED, LOW, HIGH, BEHIND) if role in FACES_CATHODE else (CLOSED, BEHIND)
    every = (*(_contact(role, contact) for contact in met), *GENERAL)
    weighed = tuple(
        replace(each, default=each.default.model_copy(update={"weight": WEIGHTS[role][each.name]}))
        if each.name in WEIGHTS[role]
        else each
        for each in every
    )
    energies = tuple(each.key for each in weighed if each.ceiling == 0.0)
    return Criteria(*weighed, pareto=energies, axes=(energies[0], energies[-1]))


BY_ROLE: dict[Role, Criteria] = {REACTOR: CRITERIA, **{role: _of(role) for role in WEIGHTS}}
"""The registry of each role."""


def criteria_of(role: object) -> Criteria:
    """Criteria of a role; those of a reactor where there is no such role, which others tell."""
    return next((known for name, known in BY_ROLE.items() if name == role), CRITERIA)
