"""Phases of the user's own: a table of formation energies, or calculated entries of the snapshot's scheme."""

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from screening.errors import InputError
from screening.files import from_json
from screening.phases.additions import AddedPhase, Origin
from screening.phases.composition import Formula, composition_key, parse_formula, symbol
from screening.phases.computed import ENTRY_CLASSES, phases_of_entries
from screening.phases.snapshot import Snapshot
from screening.phases.spelling import conventional

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

    A ``.csv`` file, or a ``.json`` file with a list of objects, has the columns ``formula``,
    ``formation_energy_ev_per_atom`` (against the elements), ``uncertainty_ev_per_atom`` (one standard
    deviation) and ``note``; ``origin`` (calculated, measured, estimated), ``replace`` (true: even where
    the snapshot's own phase is lower), ``energy_scheme``, ``volume_per_atom_a3`` and ``band_gap_ev`` may be
    added. Where ``energy_scheme`` is given it must be the snapshot's.

    A ``.json`` file may instead hold a list of pymatgen's `ComputedEntry` dictionaries, with an entry for
    every element that occurs; see `phases_of_entries`.

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
        If the file or a row cannot be used, or its energies belong to another scheme.
    """
    rows = _rows(path)
    if not rows:
        raise InputError("no phases", where=str(path), remedy=f"give the columns {', '.join(REQUIRED)}")
    entries = [isinstance(row, Mapping) and row.get("@class") in ENTRY_CLASSES for row in rows]
    if any(entries):
        if not all(entries):
            raise InputError(
                "mixes calculated entries with rows of a table", where=str(path), remedy="use two files"
            )
        phases = phases_of_entries(rows, snapshot.manifest.energy_scheme, path)
    else:
        phases = [_phase(row, f"{path}, row {i}", path.name) for i, row in enumerate(rows, start=1)]
        for i, row in enumerate(rows, start=1):
            _require_scheme(row.get("energy_scheme"), snapshot, f"{path}, row {i}")
    _require_known_elements(phases, snapshot, path)
    _require_distinct(phases, path)
    return phases


def _rows(path: Path) -> list[Any]:
    """Rows of the file, at least mappings by the time they are used."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise InputError(
            f"cannot be read ({reason})", where=str(path), remedy="give a .csv or .json file"
        ) from None
    if path.suffix.lower() == ".csv":
        return _csv_rows(text, path)
    if path.suffix.lower() != ".json":
        raise InputError(
            f"unknown suffix {path.suffix!r}", where=str(path), remedy="give a .csv or .json file"
        )
    try:
        content = from_json(text)
    except ValueError:
        raise InputError("malformed JSON", where=str(path), remedy="write a list of objects") from None
    if not isinstance(content, list) or not all(isinstance(row, dict) for row in content):
        raise InputError("not a list of objects", where=str(path), remedy="write a list of objects")
    return content


def _csv_rows(text: str, path: Path) -> list[Any]:
    reader = csv.DictReader(text.splitlines(), strict=True, skipinitialspace=True)
    try:
        rows = [row for row, _ in zip(reader, range(_MOST_ROWS + 1), strict=False)]
    except csv.Error as error:
        raise InputError(
            f"malformed csv ({error})", where=f"{path}, line {reader.line_num}", remedy="correct that line"
        ) from None
    if len(rows) > _MOST_ROWS:
        raise InputError(f"more than {_MOST_ROWS} rows", where=str(path), remedy="split the file")
    for i, row in enumerate(rows, start=1):
        if None in row:
            raise InputError("more cells than columns", where=f"{path}, row {i}", remedy="quote the commas")
    return rows


def _phase(row: Mapping[str, Any], where: str, file_name: str) -> AddedPhase:
    unknown = [str(key) for key in row if key not in (*REQUIRED, *OPTIONAL)]
    if unknown:
        raise InputError(
            f"unknown column {unknown[0]!r}", where=where, remedy=f"use {', '.join((*REQUIRED, *OPTIONAL))}"
        )
    for name in REQUIRED:
        if row.get(name) in (None, ""):
            raise InputError(f"no {name}", where=where, remedy=f"give {', '.join(REQUIRED)}")
    formula = _compound(str(row["formula"]), where)
    energy = _number(row, "formation_energy_ev_per_atom", where)
    least, most = FORMATION_ENERGY_RANGE_EV
    if not least <= energy <= most:
        raise InputError(
            f"{energy:g} eV/atom is not a plausible formation energy of {formula.text}",
            where=where,
            remedy="give it per atom and against the elements",
        )
    uncertainty = _number(row, "uncertainty_ev_per_atom", where)
    if uncertainty < 0.0:
        raise InputError(
            f"uncertainty {uncertainty:g} is negative", where=where, remedy="give one standard deviation"
        )
    note = _one_line(row.get("note")) or "given"
    return AddedPhase(
        formula,
        energy,
        uncertainty,
        f"{note} ({_one_line(file_name)})",
        volume_per_atom_a3=_positive(row, "volume_per_atom_a3", where),
        band_gap_ev=_positive(row, "band_gap_ev", where, zero=True),
        origin=_word(row, "origin", ORIGINS, where) or Origin.GIVEN,
        replaces=bool(_word(row, "replace", YES_NO, where)),
    )


def _compound(text: str, where: str) -> Formula:
    """A compound, as written if that is reduced; elements are references and cannot be given."""
    try:
        formula = parse_formula(text)
    except InputError as error:
        raise InputError(error.message, where=where, remedy=error.remedy) from None
    if len(formula.amounts) == 1:
        raise InputError(
            f"{formula.text} is an element, and elements are 0", where=where, remedy="leave it out"
        )
    amounts = zip(map(symbol, formula.atomic_numbers), formula.amounts, strict=True)
    reduced = parse_formula(conventional(dict(amounts)))
    return formula if math.isclose(formula.n_atoms, reduced.n_atoms) else reduced


def _number(row: Mapping[str, Any], name: str, where: str) -> float:
    value = row[name]
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise InputError(f"{name} {str(value)[:40]!r} is not a number", where=where, remedy="correct it")
    return number


def _positive(row: Mapping[str, Any], name: str, where: str, *, zero: bool = False) -> float:
    if row.get(name) in (None, ""):
        return math.nan
    number = _number(row, name, where)
    if number < 0.0 or (number == 0.0 and not zero):
        raise InputError(f"{name} {number:g} is out of range", where=where, remedy="correct that cell")
    return number


def _word(row: Mapping[str, Any], name: str, known: Mapping[str, Any], where: str) -> Any:
    """What a word of a column stands for, None where the cell is empty."""
    word = _one_line("" if row.get(name) is None else row[name]).lower()
    if word and word not in known:
        remedy = f"write one of {', '.join(filter(None, known))}"
        raise InputError(f"{name} {word[:40]!r}", where=where, remedy=remedy)
    return known[word] if word else None


def _one_line(text: object) -> str:
    """Text from outside without line breaks and control characters."""
    printable = "".join(c if c.isprintable() else " " for c in str("" if text is None else text))
    return " ".join(printable.split())


def _require_scheme(given: object, snapshot: Snapshot, where: str) -> None:
    scheme = snapshot.manifest.energy_scheme
    if given not in (None, "") and _one_line(given) != scheme:
        raise InputError(
            f"energy scheme {_one_line(given)!r} is not that of the snapshot, {scheme!r}",
            where=where,
            remedy="never mix schemes in one hull: give energies of the same scheme",
        )


def _require_known_elements(phases: Sequence[AddedPhase], snapshot: Snapshot, path: Path) -> None:
    for phase in phases:
        for z in phase.formula.atomic_numbers:
            if z not in snapshot.elements:
                raise InputError(
                    f"snapshot {snapshot.manifest.name} has no elemental reference for {symbol(z)}",
                    where=f"{path}, {phase.formula.text}",
                    remedy="choose another snapshot, or leave that phase out",
                )


def _require_distinct(phases: Sequence[AddedPhase], path: Path) -> None:
    seen = set()
    for phase in phases:
        composition = composition_key(phase.formula)
        if composition in seen:
            raise InputError(f"{phase.formula.text} twice", where=str(path), remedy="keep the lower one")
        seen.add(composition)
