"""Which compounds a study screens: named ones, a file's, or a query's, each counted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd

from screening.campaign.candidate_files import MEND, CandidateList, read_candidates
from screening.campaign.rows import Chunk
from screening.campaign.sections import Candidates, Query
from screening.errors import InputError
from screening.phases.composition import Formula, parse_formula, same_composition
from screening.phases.distrust import distrusted_sd
from screening.phases.sheets import RowFault, require_sound
from screening.phases.snapshot import Snapshot
from screening.reactors.elements import holds, named, noble_gas_table, radioactive_table
from screening.thermo.compositions import Compositions
from screening.thermo.lines import assemblages
from screening.thermo.products import alloy_former_table
from screening.thermo.reactants import ON_HULL_TOL_EV, lacking_text

ANION_FORMERS = ("F", "Cl", "Br", "I", "O", "S", "Se", "Te", "N", "P", "As", "H", "C", "B")
"""Elements that a query for certain anions keeps out, unless it names them as anions, central atoms or
required."""

NONE_MET: Mapping[str, Sequence[Formula]] = MappingProxyType({})

DISTRUSTED = "element of distrusted energies"
"""Why a query leaves a phase out that others may want."""


@dataclass(frozen=True)
class LeftOut:
    """How many compounds were left out for one reason; a compound counts under the first that holds.

    A row of a file that cannot be used is a reason of its own.
    """

    reason: str
    count: int


@dataclass(frozen=True, eq=False, kw_only=True)
class Selection:
    """The candidates of a study.

    Attributes
    ----------
    chunk : Chunk
        All of them: named candidates and controls first, then the rest by chemical system, so that neighbours
        share their hulls; labelled as the study writes them, else as the snapshot does.
    n_named, n_controls : int
        How many at the front are named candidates and controls.
    left_out : tuple of LeftOut
    notes : tuple of str
        What was read for something else than was written, and compounds that a file repeats.
    unusable : tuple of RowFault
        Rows of the file that ``skip_bad`` leaves out.
    """

    chunk: Chunk
    n_named: int
    n_controls: int
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...] = ()
    unusable: tuple[RowFault, ...] = ()

    def __len__(self) -> int:
        return len(self.chunk)

    @property
    def phase(self) -> np.ndarray:
        """Phase numbers in the snapshot, (n,) int array."""
        return self.chunk.phase

    @property
    def label(self) -> np.ndarray:
        """Formulas, (n,) object array of str."""
        return self.chunk.label


def select(
    snapshot: Snapshot,
    candidates: Candidates,
    anode: str = "Li",
    partners: Mapping[str, Sequence[Formula]] = NONE_MET,
) -> Selection:
    """Find the candidates of a study in a snapshot.

    Parameters
    ----------
    snapshot : Snapshot
    candidates : Candidates
    anode : str
        Element whose simple salts a query may leave out.
    partners : mapping of str to sequence of Formula
        What no candidate may be, as the anodes, by what it is in the study.

    Raises
    ------
    InputError
        If (unless ``skip_bad``) a named compound or a row of the file cannot be used, is not in the snapshot,
        stands twice or is one of the partners, a file cannot be read, or nothing is left.
    """
    labels, notes, by_key = _named(snapshot, candidates, partners)
    faults = [fault for of_key in by_key.values() for fault in of_key]
    notes += snapshot.notes
    n_controls = len(candidates.controls) - len(by_key["controls"])
    front, further = list(labels), []
    left_out = [LeftOut(str(fault), 1) for fault in faults]
    columns = pd.DataFrame()
    listed = _listed(snapshot, read_candidates(Path(candidates.file)), partners) if candidates.file else None
    unusable = (*faults, *(listed.faults if listed else ()))
    if not candidates.skip_bad:
        _require_usable(by_key, listed)
    if listed:
        name = Path(candidates.file).name
        left_out += [LeftOut(f"{name} {fault}", 1) for fault in listed.faults]
        notes += [f"{name}, {note}" for note in listed.notes]
        for formula in listed.formulas.values():
            further.append(require_phase(snapshot, formula, candidates.file))
            labels.setdefault(further[-1], formula.text)
        columns = listed.columns.loc[[*listed.formulas]].set_axis(further)
    if candidates.query is not None:
        chosen, of_query = query(snapshot, candidates.query, anode)
        left_out += of_query
        further.extend(chosen.tolist())
    rest = np.setdiff1d(np.array(further, dtype=np.int64), np.array(front, dtype=np.int64))
    phase = np.concatenate((np.array(front, dtype=np.int64), rest[_by_system(snapshot, rest)]))
    if not len(phase):
        raise _nothing(left_out)
    spelled = zip(phase.tolist(), snapshot.phases.formula[phase], strict=True)
    label = np.array([labels.get(number, own) for number, own in spelled], dtype=object)
    return Selection(
        chunk=Chunk(phase, label, columns.reindex(phase).reset_index(drop=True)),
        n_named=len(front) - n_controls,
        n_controls=n_controls,
        left_out=tuple(left_out),
        notes=tuple(notes),
        unusable=unusable,
    )


def _nothing(left_out: Iterable[LeftOut]) -> InputError:
    """What is said of a selection without a compound."""
    n = sum(entry.count for entry in left_out if entry.reason == DISTRUSTED)
    told = f"; {n} of distrusted energies are left out" * (n > 0)
    asked = "set distrusted = true to let them in, " * (n > 0)
    return InputError(
        f"selects no compound{told}", where="candidates", remedy=f"{asked}widen the query, or mend the file"
    )


def query(snapshot: Snapshot, rule: Query, anode: str = "Li") -> tuple[np.ndarray, tuple[LeftOut, ...]]:
    """Phases that a query selects, (n,) int array, and why the others were left out."""
    phases = snapshot.phases
    formers = alloy_former_table() & ~named((anode,))
    kept = phases.n_elements > 1
    left_out = [LeftOut("dilute supercell", snapshot.n_dilute_left_out)]

    def leave_out(reason: str, out: np.ndarray) -> None:
        left_out.append(LeftOut(reason, int((kept & out).sum())))
        kept[out] = False

    if not rule.radioactive:
        leave_out("radioactive element", holds(phases, radioactive_table()))
    if not rule.noble_gases:
        leave_out("noble gas", holds(phases, noble_gas_table()))
    fewest, most = rule.n_elements
    leave_out("number of elements", (phases.n_elements < fewest) | (phases.n_elements > most))
    if rule.anions:
        let_in = {*rule.anions, *rule.central_atoms, *rule.required}
        others = tuple(symbol for symbol in ANION_FORMERS if symbol not in let_in)
        leave_out("anion", ~holds(phases, named(rule.anions)) | holds(phases, named(others)))
    for symbol in rule.required:
        leave_out(f"no {symbol}", ~holds(phases, named((symbol,))))
    if rule.allowed:
        leave_out("element not allowed", holds(phases, ~named(rule.allowed)))
    if rule.forbidden:
        leave_out("forbidden element", holds(phases, named(rule.forbidden)))
    if not rule.non_reactors:
        salt = (phases.n_elements == 2) & holds(phases, named((anode,))) & ~holds(phases, formers)
        leave_out(f"simple salt of {anode}", salt)
    if rule.needs_metal:
        leave_out(f"no metal besides {anode}", ~holds(phases, formers))
    if not rule.distrusted:
        leave_out(DISTRUSTED, distrusted_sd(snapshot) > 0.0)
    limit = rule.maximum_energy_above_hull_ev_per_atom
    if limit is not None:
        rows = np.flatnonzero(kept)
        hull = assemblages(snapshot, Compositions.of_phases(snapshot, rows)).energy_ev_per_atom
        far = np.zeros(len(phases), dtype=bool)
        far[rows] = phases.formation_energy_ev_per_atom[rows] - hull > limit + ON_HULL_TOL_EV
        leave_out("too far above the hull", far)
    return np.flatnonzero(kept), tuple(entry for entry in left_out if entry.count)


def require_phase(snapshot: Snapshot, formula: Formula, where: str) -> int:
    """Number of the phase of a composition.

    Raises
    ------
    InputError
        If the snapshot has none; names what it has of these elements.
    """
    phase = snapshot.find(formula)
    if phase is None:
        raise InputError(
            lacking_text(snapshot, formula),
            where=where,
            remedy="write one of these, add your own phase with --phases, or let the study take it at_hull",
        )
    return phase


def _named(
    snapshot: Snapshot, candidates: Candidates, partners: Mapping[str, Sequence[Formula]]
) -> tuple[dict[int, str], list[str], dict[str, list[RowFault]]]:
    """Labels of named candidates and controls by phase number, how they were read, what is wrong by key."""
    labels: dict[int, str] = {}
    notes: list[str] = []
    faults: dict[str, list[RowFault]] = {"formulas": [], "controls": []}
    named = ((key, text) for key in faults for text in getattr(candidates, key))
    for key, text in named:
        try:
            formula = parse_formula(text)
        except InputError as fault:
            faults[key].append(RowFault(0, str(fault), text))
            continue
        phase, told = snapshot.find(formula), _unfit(snapshot, formula, partners)
        if phase in labels:
            told = f"{formula.text} stands twice among the candidates"
        if phase is None or told:
            faults[key].append(RowFault(0, told, formula.text))
            continue
        labels[phase] = formula.text
        notes.extend(formula.notes)
    return labels, notes, faults


def _listed(
    snapshot: Snapshot, given: CandidateList, partners: Mapping[str, Sequence[Formula]]
) -> CandidateList:
    """A list without what the snapshot lacks or what is met, which joins its faults."""
    reasons = {row: _unfit(snapshot, formula, partners) for row, formula in given.formulas.items()}
    told = [RowFault(row, why, given.formulas[row].text) for row, why in reasons.items() if why]
    return replace(
        given,
        formulas={row: formula for row, formula in given.formulas.items() if not reasons[row]},
        faults=tuple(sorted((*given.faults, *told), key=lambda fault: fault.row)),
    )


def _require_usable(by_key: Mapping[str, Sequence[RowFault]], listed: CandidateList | None) -> None:
    """Refuse named candidates and rows of a file that cannot be used, all at once."""
    places = {f"candidates.{key}": faults for key, faults in by_key.items()}
    places |= {listed.source: listed.faults} if listed else {}
    faults = [fault for found in places.values() for fault in found]
    require_sound(faults, ", ".join(place for place, found in places.items() if found), MEND)


def _unfit(snapshot: Snapshot, formula: Formula, partners: Mapping[str, Sequence[Formula]]) -> str:
    """Why a compound cannot be a candidate; empty where it can."""
    if snapshot.find(formula) is None:
        return lacking_text(snapshot, formula)
    met = [role for role, them in partners.items() if any(same_composition(formula, each) for each in them)]
    return f"{formula.text} is both a candidate and the {met[0]}" if met else ""


def _by_system(snapshot: Snapshot, rows: np.ndarray) -> np.ndarray:
    """Order of phases by chemical system, (n,) int array."""
    position = np.empty(len(snapshot), dtype=np.int64)
    position[snapshot.index.phases] = np.arange(len(snapshot))
    return np.argsort(position[rows], kind="stable")
