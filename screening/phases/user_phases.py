"""Phases of the user's own: a table of formation energies, or calculated entries of the snapshot's scheme."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from screening.errors import InputError, quoted
from screening.files import from_json, no_pipe
from screening.phases.additions import AddedPhase, Origin
from screening.phases.composition import Formula, composition_key, parse_formula, symbol
from screening.phases.computed import (
    ENTRY_CLASSES,
    TOTAL,
    entry_of_run,
    entry_of_total,
    is_run,
    own_files,
    phases_of_entries,
)
from screening.phases.potentials import estimate
from screening.phases.sheets import RowFault, Sheet, formula_of, number_of, require_sound
from screening.phases.snapshot import Snapshot
from screening.phases.spelling import conventional
from screening.phases.structures import read_cells

REQUIRED = ("formula", "formation_energy_ev_per_atom", "uncertainty_ev_per_atom")
OPTIONAL = ("note", "origin", "replace", "energy_scheme", "volume_per_atom_a3", "band_gap_ev")

ORIGINS = {origin.split()[0]: origin for origin in Origin if origin is not Origin.AT_HULL}
"""What the column ``origin`` may hold; without it a phase is given by the user."""

YES_NO = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False, "": False}
"""What the column ``replace`` may hold."""

FORMATION_ENERGY_RANGE_EV = (-6.0, 5.0)
"""No compound lies outside (eV/atom): a number that does is a total energy, or one per formula."""

_MOST_ROWS = 100_000


def read_phases(path: Path, snapshot: Snapshot) -> list[AddedPhase]:
    """Read phases that are to join a snapshot.

    A table (see `Sheet.read`), or a ``.json`` file with a list of objects, has the columns ``formula``,
    ``formation_energy_ev_per_atom`` (against the elements), ``uncertainty_ev_per_atom`` (one standard
    deviation) and ``note``; ``origin`` (calculated, measured, estimated), ``replace`` (true: even where
    the snapshot's own phase is lower), ``energy_scheme``, ``volume_per_atom_a3`` and ``band_gap_ev`` may be
    added. Where ``energy_scheme`` is given it must be the snapshot's.

    A ``.json`` file may instead hold a list of pymatgen's `ComputedEntry` dictionaries; a table may hold
    ``total_energy_ev_per_atom`` with ``run_type``, ``potcar_symbols`` and, for GGA+U, ``hubbards``; and the
    path may be a ``vasprun.xml``, compressed or not, or a folder with some. Each with every element that
    occurs; see `phases_of_entries`. A ``.cif`` file is relaxed (extra ``mlip``); see `potentials.estimate`.

    Parameters
    ----------
    path : Path
    snapshot : Snapshot

    Returns
    -------
    list of AddedPhase
        Every one with a note, so that it is marked wherever it appears.

    Raises
    ------
    InputError
        If the file or rows cannot be used (all of them are named), or energies are of another scheme.
    """
    if path.suffix.lower() == ".cif" or is_run(path):
        return _sound(_of_structure(path, snapshot), path, snapshot)
    rows: Sequence[tuple[int, Any]]
    record: Callable[[Any], Mapping[str, Any]] = dict
    notes: tuple[str, ...] = ()
    if path.suffix.lower() == ".json":
        items = _items(path)
        entries = [row.get("@class") in ENTRY_CLASSES for row in items]
        if any(entries):
            return _of_entries(items, all(entries), path, snapshot)
        rows, names = list(enumerate(items, start=1)), {str(key) for row in items for key in row}
    else:
        sheet = Sheet.read(path, (*REQUIRED, *OPTIONAL))
        rows, record, names, notes = sheet.rows, sheet.record, set(sheet.header) - {""}, sheet.notes
    if not 0 < len(rows) <= _MOST_ROWS:
        fault = f"more than {_MOST_ROWS} rows" if rows else "no phases"
        raise InputError(fault, where=str(path), remedy=f"give rows of {', '.join(REQUIRED)}")
    if TOTAL in names:
        found = phases_of_entries(
            *([row for _, row in rows], snapshot.manifest.energy_scheme, path),
            names=[f"{path}, row {number}" for number, _ in rows],
            made=lambda row, where: entry_of_total(record(row), where),
        )
        return _sound(found, path, snapshot)
    _require_columns(names, path)
    phases, faults = _phases(rows, record, path.name, snapshot)
    faults = sorted([*faults, *_misfits(phases, snapshot)], key=lambda fault: fault.row)
    require_sound(faults, str(path), "")
    first, *others = phases.values()
    return [replace(first, remarks=(*notes, *first.remarks)), *others]


def _of_structure(path: Path, snapshot: Snapshot) -> list[AddedPhase]:
    """The phase of a CIF file, by machine-learned potentials, or those of VASP's runs."""
    if path.suffix.lower() == ".cif":
        (cell,) = read_cells([path])
        return [estimate(cell.structure, snapshot, path.name)]
    runs = own_files(path)
    scheme, names = snapshot.manifest.energy_scheme, [*map(str, runs)]
    return phases_of_entries(runs, scheme, path, names=names, made=lambda run, _: entry_of_run(run))


def _of_entries(
    items: Sequence[dict[str, Any]], all_are: bool, path: Path, snapshot: Snapshot
) -> list[AddedPhase]:
    """Phases of calculated entries."""
    if not all_are:
        raise InputError(
            "mixes calculated entries with rows of a table", where=str(path), remedy="use two files"
        )
    return _sound(phases_of_entries(items, snapshot.manifest.energy_scheme, path), path, snapshot)


def _sound(phases: list[AddedPhase], path: Path, snapshot: Snapshot) -> list[AddedPhase]:
    """Calculated phases, once each of them can join."""
    require_sound(_misfits(dict(enumerate(phases, start=1)), snapshot), str(path), "leave it out")
    return phases


def _items(path: Path) -> list[dict[str, Any]]:
    """Objects of a JSON file."""
    try:
        content = from_json(no_pipe(path).read_text("utf-8-sig"))
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror})", where=str(path), remedy="give a .csv or .json file"
        ) from None
    except ValueError:
        raise InputError("malformed JSON", where=str(path), remedy="write a list of objects") from None
    if not isinstance(content, list) or not all(isinstance(row, dict) for row in content):
        raise InputError("not a list of objects", where=str(path), remedy="write a list of objects")
    return content


def _require_columns(names: Collection[str], path: Path) -> None:
    known = (*REQUIRED, *OPTIONAL)
    for name in sorted(set(names) - set(known)):
        raise InputError(f"unknown column {quoted(name)}", where=str(path), remedy=f"use {', '.join(known)}")
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise InputError(f"has no column {missing[0]!r}", where=str(path), remedy="add it")


def _phases(
    rows: Sequence[tuple[int, Any]],
    record: Callable[[Any], Mapping[str, Any]],
    file_name: str,
    snapshot: Snapshot,
) -> tuple[dict[int, AddedPhase], list[RowFault]]:
    """Phases by row, and the rows that are none."""
    phases: dict[int, AddedPhase] = {}
    faults = []
    for number, row in rows:
        try:
            content = record(row)
            _require_scheme(content.get("energy_scheme"), snapshot)
            phases[number] = _phase(content, file_name)
        except InputError as fault:
            faults.append(RowFault(number, str(fault)))
    return phases, faults


def _phase(row: Mapping[str, Any], file_name: str) -> AddedPhase:
    for name in REQUIRED:
        if row.get(name) in (None, ""):
            raise InputError(f"no {name}", remedy="fill that cell")
    formula = _compound(str(row["formula"]))
    energy = _number(row, "formation_energy_ev_per_atom")
    least, most = FORMATION_ENERGY_RANGE_EV
    if not least <= energy <= most:
        raise InputError(
            f"{energy:g} eV/atom is not a plausible formation energy of {formula.text}",
            remedy="give it per atom and against the elements",
        )
    uncertainty = _number(row, "uncertainty_ev_per_atom")
    if uncertainty < 0.0:
        raise InputError(f"uncertainty {uncertainty:g} is negative", remedy="give one standard deviation")
    note = _one_line(row.get("note")) or "given"
    return AddedPhase(
        formula,
        energy,
        uncertainty,
        f"{note} ({_one_line(file_name)})",
        volume_per_atom_a3=_positive(row, "volume_per_atom_a3"),
        band_gap_ev=_positive(row, "band_gap_ev", zero=True),
        origin=_word(row, "origin", ORIGINS) or Origin.GIVEN,
        replaces=bool(_word(row, "replace", YES_NO)),
        remarks=formula.notes,
    )


def _compound(text: str) -> Formula:
    """A compound, as written if that is reduced; elements are references and cannot be given."""
    formula = formula_of(text)
    if len(formula.amounts) == 1:
        raise InputError(f"{formula.text} is an element, and elements are 0", remedy="leave it out")
    amounts = zip(map(symbol, formula.atomic_numbers), formula.amounts, strict=True)
    reduced = replace(parse_formula(conventional(dict(amounts))), notes=formula.notes)
    return formula if math.isclose(formula.n_atoms, reduced.n_atoms) else reduced


def _number(row: Mapping[str, Any], name: str) -> float:
    number = number_of(row[name])
    if not math.isfinite(number):
        raise InputError(f"{name} {str(row[name])[:40]!r} is not a number", remedy="correct it")
    return number


def _positive(row: Mapping[str, Any], name: str, *, zero: bool = False) -> float:
    if row.get(name) in (None, ""):
        return math.nan
    number = _number(row, name)
    if number < 0.0 or (number == 0.0 and not zero):
        raise InputError(f"{name} {number:g} is out of range", remedy="correct that cell")
    return number


def _word(row: Mapping[str, Any], name: str, known: Mapping[str, Any]) -> Any:
    """What a word of a column stands for, None where the cell is empty."""
    word = _one_line("" if row.get(name) is None else row[name]).lower()
    if word and word not in known:
        remedy = f"write one of {', '.join(filter(None, known))}"
        raise InputError(f"{name} {word[:40]!r}", remedy=remedy)
    return known[word] if word else None


def _one_line(text: object) -> str:
    """Text from outside without line breaks and control characters."""
    printable = "".join(c if c.isprintable() else " " for c in str("" if text is None else text))
    return " ".join(printable.split())


def _require_scheme(given: object, snapshot: Snapshot) -> None:
    scheme = snapshot.manifest.energy_scheme
    if given not in (None, "") and _one_line(given) != scheme:
        raise InputError(
            f"energy scheme {_one_line(given)!r} is not that of the snapshot, {scheme!r}",
            remedy="never mix schemes in one hull: give energies of the same scheme",
        )


def _misfits(phases: Mapping[int, AddedPhase], snapshot: Snapshot) -> list[RowFault]:
    """Phases that hold elements that the snapshot lacks, or occur again."""
    seen: dict[object, int] = {}
    faults = []
    for number, phase in phases.items():
        lacking = [symbol(z) for z in phase.formula.atomic_numbers if z not in snapshot.elements]
        first = seen.setdefault(composition_key(phase.formula), number)
        if lacking:
            told = f"snapshot {snapshot.manifest.name} has no elemental reference for {', '.join(lacking)}"
            faults.append(RowFault(number, f"{phase.formula.text}: {told}"))
        elif first != number:
            faults.append(RowFault(number, f"{phase.formula.text} twice, as in row {first}; keep one"))
    return faults
