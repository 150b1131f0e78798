"""Elements and compounds whose energies a source has wrong, and phases with unrecognised molecular units.

In the embedded snapshot ytterbium was calculated with a potential of divalent Yb, which the
Materials Project has since withdrawn, and salts of Sm(II) and Eu(III) come out too weak by 0.4 eV per atom.
The table beside this module names each valence with its evidence (``data/distrusted_elements.py``). Salts of
these elements, and everything with ytterbium, carry that error as an uncertainty, are named wherever they
appear, and are left out of queries unless a study asks for them. So are, but for queries, compounds known to
be far from measurement (molecular halides above all; ``off_measured.csv``, ``data/measured_against.py``).
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from screening.files import packaged_rows
from screening.phases.composition import Formula, atomic_number, same_composition
from screening.phases.corrections import ANCHORED, AT_0_K, is_anchored, is_corrected, molecules, shift
from screening.phases.molecular_units import CHAIN, CHARGE_TOL, UNITS, molecular_units
from screening.phases.overbound import overbound_cautions
from screening.phases.schemes import LEGACY
from screening.phases.snapshot import Phases, Snapshot

ANIONS = ("F", "Cl", "Br", "I", "O", "S", "Se", "Te", "N", "H")
"""What makes a salt; compounds of metals alone are as good as others, but for those of `WHOLLY`."""

ACIDS = {"F": 1, "Cl": 1, "Br": 1, "I": 1, "S": 2, "Se": 2}
"""Protons that each atom binds in acids without metals; what holds more is a hydrate, or is not made."""

OFF_EV_PER_ATOM = 0.25
"""A calculated energy further from the measured one is marked: the spread of
most salts is half of it."""

MOST_OFF = 4
"""Compounds off that one line names; the others are counted."""

WHOLLY = ("Yb",)
"""Elements that were calculated with a wrong potential, so that no compound counts."""


@dataclass(frozen=True)
class Distrusted:
    """An element of one valence whose energies are off.

    Attributes
    ----------
    element : str
    valence : int
    off_by_up_to_ev_per_atom : float
        Largest error of a measured formation energy.
    sd_ev_per_atom : float
        Root mean square residual of measured reductions.
    measured : str
        The compounds behind it.
    """

    element: str
    valence: int
    off_by_up_to_ev_per_atom: float
    sd_ev_per_atom: float
    measured: str

    @property
    def sentence(self) -> str:
        """What a result says of it."""
        roman = "I" * self.valence
        name = self.element if self.element in WHOLLY else f"{self.element}({roman})"
        return (
            f"{name}: this source's energies are off by up to {self.off_by_up_to_ev_per_atom:.2g} eV/atom "
            f"(measured: {self.measured.replace(' ', ', ')}); --energies anchored takes what is measured"
        )


@cache
def _table() -> tuple[Distrusted, ...]:
    return tuple(
        Distrusted(
            element=row["element"],
            valence=int(row["valence"]),
            off_by_up_to_ev_per_atom=float(row["off_by_up_to_ev_per_atom"]),
            sd_ev_per_atom=float(row["sd_ev_per_atom"]),
            measured=row["measured"],
        )
        for row in packaged_rows("screening.phases", "distrusted.csv")
    )


def distrusted(energy_scheme: str) -> tuple[Distrusted, ...]:
    """Elements whose energies this scheme has wrong; none but for the scheme that they were found in.

    Anchored energies carry the error as an uncertainty, where they are not measured.
    """
    calculated = energy_scheme.startswith(LEGACY.name) and not energy_scheme.startswith(ANCHORED)
    return _table() if calculated else ()


@dataclass(frozen=True)
class Off:
    """A compound whose calculated energy is far from the measured one, eV/atom (``off_measured.csv``)."""

    calculated_ev_per_atom: float
    measured_ev_per_atom: float
    anchored: bool


@cache
def _off_table() -> dict[str, Off]:
    return {
        row["formula"]: Off(
            float(row["calculated_ev_per_atom"]), float(row["measured_ev_per_atom"]), row["anchored"] == "1"
        )
        for row in packaged_rows("screening.phases", "off_measured.csv")
    }


FAR_OFF, ANCHOR = "far from measurement (eV/atom): ", "--energies anchored takes what is measured"


def _off(energy_scheme: str) -> dict[str, Off]:
    """Compounds that this scheme has far from measurement, by formula."""
    if not energy_scheme.startswith(LEGACY.name):
        return {}
    anchored = energy_scheme.startswith(ANCHORED)
    return {formula: each for formula, each in _off_table().items() if not (anchored and each.anchored)}


def _off_cautions(energy_scheme: str, formulas: Iterable[str]) -> list[str]:
    """One line for all of these formulas whose calculated energy is far from measurement."""
    off = _off(energy_scheme)
    found = sorted(
        set(formulas) & off.keys(),
        key=lambda name: -abs(off[name].calculated_ev_per_atom - off[name].measured_ev_per_atom),
    )
    if not found:
        return []
    told = (
        f"{name} {off[name].calculated_ev_per_atom:.2f} calculated, "
        f"{off[name].measured_ev_per_atom:.2f} measured"
        for name in found[:MOST_OFF]
    )
    more = f"; and {len(found) - MOST_OFF} more" * (len(found) > MOST_OFF)
    remedy = f"; {ANCHOR}" * any(off[each].anchored for each in found)
    return [f"{FAR_OFF}{'; '.join(told)}{more}{remedy}"]


def merged(told: Iterable[str]) -> tuple[str, ...]:
    """Cautions of several reactions, each once, and all that is far from measurement in one line."""
    told = tuple(dict.fromkeys(told))
    far = [line for line in told if line.startswith(FAR_OFF)]
    each = dict.fromkeys(part for line in far for part in line.removeprefix(FAR_OFF).split("; "))
    last = ["and more"] * any(part.startswith("and ") for part in each) + [ANCHOR] * (ANCHOR in each)
    whole = "; ".join([part for part in each if part != ANCHOR and not part.startswith("and ")] + last)
    return tuple(dict.fromkeys(FAR_OFF + whole if line in far else line for line in told))


def formula_cautions(energy_scheme: str, formulas: Iterable[str]) -> tuple[str, ...]:
    """What a reader of a table must know of the elements in these formulas."""
    salt = re.compile(rf"({'|'.join(ANIONS)})(?![a-z])")
    found, formulas = [], tuple(formulas)
    for each in distrusted(energy_scheme):
        element = re.compile(rf"{each.element}(?![a-z])")
        held = (text for text in formulas if element.search(text))
        if any(each.element in WHOLLY or salt.search(text) for text in held):
            found.append(each.sentence)
    return (*found, *_off_cautions(energy_scheme, formulas))


def distrusted_sd(snapshot: Snapshot) -> np.ndarray:
    """Error of distrusted elements in each phase, (n_phases,) float array in eV/atom; 0 for others."""
    phases = snapshot.phases
    salt = _holds(phases, ANIONS)
    sd = np.zeros(len(phases))
    for each in distrusted(snapshot.manifest.energy_scheme):
        counted = (
            _holds(phases, (each.element,)) & (salt | (each.element in WHOLLY)) & (phases.n_elements > 1)
        )
        sd[counted] = np.maximum(sd[counted], each.sd_ev_per_atom)
    return sd


def _far_off(snapshot: Snapshot) -> np.ndarray:
    """What is known to be missing from each phase's energy to the measured one, (n_phases,) eV/atom, or 0."""
    off, phases = _off(snapshot.manifest.energy_scheme), snapshot.phases
    gaps = {name: abs(each.measured_ev_per_atom - each.calculated_ev_per_atom) for name, each in off.items()}
    gap = np.array([gaps.get(name, 0.0) for name in phases.formula.tolist()])
    return np.where(phases.added, 0.0, gap)


def widened(snapshot: Snapshot) -> Snapshot:
    """The snapshot with uncertainties of distrusted phases widened and the elements named in its manifest.

    That of a phase known to be far from measurement is at least that distance.
    """
    details = json.loads(snapshot.manifest.details)
    told = distrusted(snapshot.manifest.energy_scheme)
    if details.get("widened") or not told:
        return snapshot
    phases, sd = snapshot.phases, distrusted_sd(snapshot)
    details |= {"distrusted": details.get("distrusted", [vars(each) for each in told]), "widened": True}
    manifest = replace(snapshot.manifest, details=json.dumps(details, indent=1, ensure_ascii=False))
    sds = np.maximum(np.hypot(phases.uncertainty_ev_per_atom, sd), _far_off(snapshot))
    return replace(snapshot, manifest=manifest, phases=replace(phases, uncertainty_ev_per_atom=sds))


def doubtful(snapshot: Snapshot, rows: np.ndarray) -> np.ndarray:
    """Which of these phases (int array) have energies that nobody should build on, (n,) bool array.

    Distrusted elements, what is known to be far from measurement (SCl), molecular units that are not
    recognised, acids with more hydrogen than they bind (H3S, H18SO12, H13ClO6), and in energies as published
    what they hold too stable: sulfur chains beside alkali and alkaline-earth metals (LiS4).
    """
    phases = snapshot.phases.take(rows)
    own = replace(snapshot, phases=phases)
    told = (distrusted_sd(own) > 0.0) | (_far_off(own) > 0.0) | _acids(phases)
    if is_corrected(snapshot):
        return told | (molecular_units(phases).unrecognised & (phases.uncertainty_ev_per_atom > 0.0))
    return told | (_chains(phases) & snapshot.manifest.energy_scheme.startswith(LEGACY.name))


def _acids(phases: Phases) -> np.ndarray:
    """Acids, or their hydrates, with more hydrogen than the acid binds, (n_phases,) bool array."""
    amount = {each: phases.atoms_of((each,)) for each in (*ACIDS, "H", "O")}
    protons = sum(amount[each] * n for each, n in ACIDS.items())
    nothing_else = np.isclose(sum(amount.values()), phases.atoms)
    return np.asarray(nothing_else & (protons > 0.0) & (amount["H"] > protons + CHARGE_TOL))


def _molecular_cautions(snapshot: Snapshot, numbers: np.ndarray) -> list[str]:
    """Phases whose molecular units the energies leave wrong, or know roughly only, with the size of it."""
    taken, scheme = snapshot.phases.take(numbers), snapshot.manifest.energy_scheme
    if not len(numbers) or not scheme.startswith(LEGACY.name):
        return []
    if not is_corrected(snapshot):
        gap, counted = shift(taken).energy_ev_per_atom, _acids(taken) | _chains(taken)
        return [
            f"{taken.formula[i]}: too stable in this source by about {gap[i]:.1g} eV/atom; --energies "
            "corrected mends that"
            for i in np.flatnonzero(counted & ~taken.added)
        ]
    sd = taken.uncertainty_ev_per_atom
    calculated = np.zeros(len(taken), bool) if is_anchored(snapshot) else ~taken.added
    unknown = molecular_units(taken).unrecognised & (sd > 0.0) & calculated
    told = {
        "more hydrogen than its acid binds (a hydrate of the acid, or a phase of high pressure)": _acids(
            taken
        ),
        "bonds of C, N, S or O that are corrected by a rough rule only": unknown,
    }
    return [
        f"{taken.formula[i]}: {what}, energy uncertain by {sd[i]:.2f} eV/atom"
        for what, at in told.items()
        for i in np.flatnonzero(at)
    ]


def _chains(phases: Phases) -> np.ndarray:
    return molecular_units(phases).count[:, UNITS.index(CHAIN)] > 0.0


def cautions(snapshot: Snapshot, formulas: Iterable[Formula], phases: Iterable[int] = ()) -> tuple[str, ...]:
    """What a reader must know of energies of these elements and phases.

    Parameters
    ----------
    snapshot : Snapshot
    formulas : iterable of Formula
        Whose elements span the chemical system: a compound that is wrongly missing on its hull matters, too.
    phases : iterable of int
        Phase numbers of reactants and products, for those whose molecular units are not recognised.
    """
    formulas = tuple(formulas)
    system = {z for formula in formulas for z in formula.atomic_numbers}
    salt = not system.isdisjoint(map(atomic_number, ANIONS))
    told = [
        each.sentence
        for each in distrusted(snapshot.manifest.energy_scheme)
        if atomic_number(each.element) in system and (salt or each.element in WHOLLY)
    ]
    told += _gas_cautions(snapshot, formulas)
    numbers = np.array(sorted(set(phases)), dtype=np.int64)
    told += _calculated_after_all(snapshot, numbers)
    calculated = numbers[~snapshot.phases.added[numbers]]
    told += _off_cautions(snapshot.manifest.energy_scheme, snapshot.phases.formula[calculated])
    told += _molecular_cautions(snapshot, numbers)
    told += overbound_cautions(snapshot, numbers, _off(snapshot.manifest.energy_scheme))
    return tuple(told)


def _calculated_after_all(snapshot: Snapshot, numbers: np.ndarray) -> list[str]:
    """What anchored energies still take from calculations of wholly distrusted elements."""
    if not is_anchored(snapshot):
        return []
    taken, told = snapshot.phases.take(numbers), []
    for each in _table():
        names = ", ".join(taken.formula[_wrong(taken, each, anchored=True)])
        if names:
            sentence = each.sentence.partition(";")[0]
            told.append(f"{names} not measured, hence partly calculated. {sentence}")
    return told


def _wrong(phases: Phases, each: Distrusted, *, anchored: bool) -> np.ndarray:
    """Which of the phases hold the element and were calculated, (n,) bool array."""
    wrong = _holds(phases, (each.element,))
    if anchored:
        wrong &= ~phases.added & (phases.uncertainty_ev_per_atom >= each.sd_ev_per_atom)
    return wrong


def wholly_distrusted(snapshot: Snapshot, formulas: Iterable[Formula]) -> float:
    """Error (eV/atom) of reactions of these, if they hold an element of which the source has no energy right.

    0 for others, and for what anchored energies take from measurement.
    """
    formulas, anchored = tuple(formulas), is_anchored(snapshot)
    found = [snapshot.find(formula) for formula in formulas] if anchored else []
    measured = [phase is not None and not _wholly_wrong_sd(snapshot, [phase])[0] for phase in found]
    held = {
        z
        for formula, known in zip(formulas, measured or [False] * len(formulas), strict=True)
        if not known
        for z in formula.atomic_numbers
    }
    told = _wholly(snapshot)
    return max((each.sd_ev_per_atom for each in told if atomic_number(each.element) in held), default=0.0)


def _wholly(snapshot: Snapshot) -> list[Distrusted]:
    """Elements of which the source of these energies has none right."""
    calculated = snapshot.manifest.energy_scheme.startswith(LEGACY.name)
    return [each for each in _table() if calculated and each.element in WHOLLY]


def wholly_distrusted_sd(snapshot: Snapshot) -> np.ndarray:
    """The same of each phase's own elements, (n_phases,) float array."""
    return _wholly_wrong_sd(snapshot, np.arange(len(snapshot.phases)))


def _wholly_wrong_sd(snapshot: Snapshot, numbers: np.ndarray | list[int]) -> np.ndarray:
    phases = snapshot.phases.take(np.asarray(numbers))
    sd = np.zeros(len(phases))
    for each in _wholly(snapshot):
        sd[_wrong(phases, each, anchored=is_anchored(snapshot))] = each.sd_ev_per_atom
    return sd


def _gas_cautions(snapshot: Snapshot, formulas: Iterable[Formula]) -> list[str]:
    """What a reader must know of gases among the reactants: an enthalpy leaves out their entropy."""
    if not is_corrected(snapshot) or not snapshot.manifest.energy_scheme.endswith(AT_0_K):
        return []
    gases = [each for each in molecules() if each.measured]
    return [
        f"{formula.text}: enthalpy of the gas, without entropy; what an excess of it forms is exaggerated, "
        "give a temperature (298.15 K) for Gibbs energies"
        for formula in formulas
        if any(same_composition(formula, gas.formula) for gas in gases)
    ]


def _holds(phases: Phases, symbols: Iterable[str]) -> np.ndarray:
    return phases.atoms_of(symbols) > 0.0
