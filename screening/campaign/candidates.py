"""Which compounds a study screens: named ones, a file's, or a query's, each counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from screening.campaign.study import Candidates, Query
from screening.errors import InputError
from screening.phases.composition import Formula, parse_formula
from screening.phases.snapshot import Snapshot
from screening.reactors.elements import holds, named, noble_gas_table, radioactive_table
from screening.thermo.lines import Compositions, assemblages
from screening.thermo.products import alloy_former_table
from screening.thermo.reactants import ON_HULL_TOL_EV, lacking_text

ANION_FORMERS = ("F", "Cl", "Br", "I", "O", "S", "Se", "Te", "N", "P", "As", "H", "C", "B")
"""Elements that a query for certain anions keeps out, unless it names them as anions, central atoms or
required."""


@dataclass(frozen=True)
class LeftOut:
    """How many compounds a query left out for one reason; a compound counts under the first that holds."""

    reason: str
    count: int


@dataclass(frozen=True, eq=False)
class Selection:
    """The candidates of a study.

    Attributes
    ----------
    phase : (n,) int array
        Phase numbers in the snapshot: named candidates and controls first, then the rest by chemical system,
        so that neighbours share their hulls.
    label : (n,) object array of str
        Formulas as the study writes them, or the snapshot's.
    n_named, n_controls : int
        How many at the front are named candidates and controls.
    left_out : tuple of LeftOut
    """

    phase: np.ndarray
    label: np.ndarray
    n_named: int
    n_controls: int
    left_out: tuple[LeftOut, ...]

    def __len__(self) -> int:
        return len(self.phase)


def select(snapshot: Snapshot, candidates: Candidates, anode: str = "Li") -> Selection:
    """Find the candidates of a study in a snapshot.

    Parameters
    ----------
    snapshot : Snapshot
    candidates : Candidates
    anode : str
        Element whose simple salts a query may leave out.

    Returns
    -------
    Selection

    Raises
    ------
    InputError
        If a named compound is not in the snapshot or stands twice, a file cannot be used, or nothing is left.
    """
    first = [*candidates.formulas, *candidates.controls]
    front = _find_all(snapshot, candidates.formulas, "candidates.formulas")
    front += _find_all(snapshot, candidates.controls, "candidates.controls")
    repeated = len(front) - len(set(front))
    if repeated:
        twice = next(first[i] for i, phase in enumerate(front) if phase in front[:i])
        raise InputError(
            f"{twice} stands twice among the candidates", where="candidates", remedy="name it once"
        )
    labels = dict(zip(front, first, strict=True))
    further: list[int] = []
    if candidates.file:
        listed = read_formulas(Path(candidates.file))
        found = _find_all(snapshot, listed, candidates.file)
        labels = {**dict(zip(found, listed, strict=True)), **labels}
        further.extend(found)
    left_out: tuple[LeftOut, ...] = ()
    if candidates.query is not None:
        chosen, left_out = query(snapshot, candidates.query, anode)
        further.extend(chosen.tolist())
    rest = np.setdiff1d(np.array(further, dtype=np.int64), np.array(front, dtype=np.int64))
    phase = np.concatenate((np.array(front, dtype=np.int64), rest[_by_system(snapshot, rest)]))
    if not len(phase):
        raise InputError("the query selects no compound", where="candidates", remedy="widen it")
    label = snapshot.phases.formula[phase].copy()
    for i, number in enumerate(phase.tolist()):
        label[i] = labels.get(number, label[i])
    return Selection(phase, label, len(candidates.formulas), len(candidates.controls), left_out)


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
    limit = rule.maximum_energy_above_hull_ev_per_atom
    if limit is not None:
        rows = np.flatnonzero(kept)
        hull = assemblages(snapshot, Compositions.of_phases(snapshot, rows)).energy_ev_per_atom
        far = np.zeros(len(phases), dtype=bool)
        far[rows] = phases.formation_energy_ev_per_atom[rows] - hull > limit + ON_HULL_TOL_EV
        leave_out("too far above the hull", far)
    return np.flatnonzero(kept), tuple(entry for entry in left_out if entry.count)


def read_formulas(path: Path) -> list[str]:
    """Formulas of a csv or parquet file with a column ``formula``.

    Raises
    ------
    InputError
        If the file cannot be read, has no such column, or a row is empty.
    """
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".parquet"):
        raise InputError(f"unknown suffix {suffix!r}", where=str(path), remedy="give a .csv or .parquet file")
    try:
        table = pd.read_csv(path) if suffix == ".csv" else pd.read_parquet(path)
    except (OSError, ValueError, pd.errors.ParserError) as error:
        raise InputError(
            f"cannot be read ({str(error)[:120]})", where=str(path), remedy="mend the file"
        ) from None
    return formulas_of(table, str(path))


def formulas_of(table: pd.DataFrame, where: str) -> list[str]:
    """Formulas of a table with a column ``formula``, each once.

    Raises
    ------
    InputError
        If it has no such column, or a row is empty.
    """
    if "formula" not in table.columns:
        raise InputError("has no column 'formula'", where=where, remedy="add it")
    empty = np.flatnonzero(table["formula"].isna().to_numpy())
    if len(empty):
        raise InputError(
            "empty formula", where=f"{where} row {empty[0] + 2}", remedy="fill or remove the row"
        )
    return list(dict.fromkeys(table["formula"].astype(str)))


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
            remedy="write one of these, or add your own phase with --phases",
        )
    return phase


def _find_all(snapshot: Snapshot, formulas: Sequence[str], where: str) -> list[int]:
    return [require_phase(snapshot, parse_formula(text), where) for text in formulas]


def _by_system(snapshot: Snapshot, rows: np.ndarray) -> np.ndarray:
    """Order of phases by chemical system, (n,) int array."""
    position = np.empty(len(snapshot), dtype=np.int64)
    position[snapshot.index.phases] = np.arange(len(snapshot))
    return np.argsort(position[rows], kind="stable")
