"""Make a snapshot of a dump: one scheme, references told, compared with the embedded snapshot."""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from screening.errors import InputError
from screening.files import output_directory
from screening.phases.assemble import counts, phases_table
from screening.phases.composition import symbol
from screening.phases.computed import ENTRY_CLASSES, checked_entries
from screening.phases.corrections import AT_0_K
from screening.phases.dumps import Dump, Row, entries_of_rows, flat, read_rows, recognised
from screening.phases.entries import Entry, Summary, entry_of_energy
from screening.phases.fetch import Progress
from screening.phases.library import locate
from screening.phases.schemes import SCHEMES, ThermoType
from screening.phases.snapshot import PHASES_FILE, Snapshot
from screening.phases.writer import own_directory, restore, write_snapshot
from screening.provenance import today

AT_ZERO_EV_PER_ATOM = 5e-3
"""An element whose lowest entry is further from 0 is no reference of the formation energies
beside it: dumps round to 1 meV/atom."""

FAR_FROM_EMBEDDED_EV_PER_ATOM = 0.3
"""Functionals and corrections differ by some 0.1 eV/atom in the median; more is another quantity."""

ROWS_A_REPORT = 1000

ENOUGH_SHARED = 20
"""Compositions that the embedded snapshot must share before the comparison tells anything."""


def import_snapshot(
    path: str | Path,
    name: str,
    *,
    scheme: str = "",
    energy: str = "",
    licence: str = "",
    cite: Sequence[str] = (),
    force: bool = False,
    report: Callable[[Progress], None] = lambda _: None,
) -> Snapshot:
    """Make a snapshot of a dump: OPTIMADE, pymatgen's entries, or a table of formation energies.

    Formation energies are taken against the file's elements; one without entry stands at 0.

    Parameters
    ----------
    path : str or Path
        As `read_rows` reads it.
    name : str
        Name of the snapshot; one of that name is replaced.
    scheme : str
        Energy scheme where the column does not tell it; for pymatgen's entries a name of `ThermoType`.
    energy : str
        Column of the formation energies (eV/atom), where it is none that is known.
    licence : str
    cite : sequence of str
    force : bool
        Take energies that are far from those of the embedded snapshot.
    report : function, optional

    Returns
    -------
    Snapshot
        As read from the files that were written; its manifest has counts and notes.

    Raises
    ------
    InputError
        If the file cannot be used, its scheme is not told, or its energies are no formation energies.
    """
    path, directory = Path(path), own_directory(name)
    rows: list[Any] = read_rows(path)
    unusable: Counter[str] = Counter()
    if all(row.get("@class") in ENTRY_CLASSES and "e_form" not in (row.get("data") or ()) for row in rows):
        dump, entries = _computed(rows, scheme, path)
    else:
        rows = [flat(row) for row in rows]
        dump = _stated(recognised(rows, energy, path), scheme, path)
        entries, unusable = _usable(rows, dump, path, report)
    notes = [f"{count} rows left out: {reason}" for reason, count in unusable.items()]
    notes += _references(entries, path)
    phases = phases_table(entries)
    notes += _beside_embedded(phases, path, force=force)
    output_directory(directory.parent)
    restore(directory)
    stated = replace(dump, licence=licence or dump.licence or "not stated", cite=tuple(cite) or dump.cite)
    content = {"name": name, **_origin(stated, path), "counts": counts(phases, entries, left_out=0)}
    return write_snapshot(directory, {PHASES_FILE: phases}, {**content, "notes": notes})


def _origin(dump: Dump, path: Path) -> dict[str, Any]:
    """What a manifest says of where the energies come from."""
    return {
        "title": f"{dump.source}, imported from {path.name}",
        "energy_scheme": dump.scheme.removesuffix(AT_0_K) + AT_0_K,
        "database_version": f"{path.name}, sha256 {hashlib.sha256(path.read_bytes()).hexdigest()[:16]}",
        "date": today(),
        "source": dump.source,
        "licence": dump.licence,
        "cite": list(dump.cite),
    }


def _computed(rows: Sequence[dict[str, Any]], asked: str, path: Path) -> tuple[Dump, list[Entry]]:
    """Calculated entries, held to a scheme whose corrections are worked out anew."""
    known = [each.value for each in SCHEMES if each is not ThermoType.MIXED]
    asked = asked or ThermoType.GGA_GGA_U.value
    if asked not in known:
        raise InputError(
            f"entries cannot be checked against {asked!r}",
            where="--scheme",
            remedy=f"use {' or '.join(known)}",
        )
    scheme = SCHEMES[ThermoType(asked)]
    checked = checked_entries(rows, scheme.name + AT_0_K, path)
    entries = [
        entry_of_energy(
            str(row.get("entry_id") or number),
            dict(zip(map(symbol, each.formula.atomic_numbers), each.formula.amounts, strict=True)),
            energy_ev_per_atom=each.energy_ev_per_atom,
            volume_per_atom_a3=each.volume_per_atom_a3,
            summary=Summary(),
            run_type=each.run_type,
        )
        for number, (row, each) in enumerate(zip(rows, checked, strict=True), start=1)
    ]
    lacking = _lacking(entries)
    if lacking:
        raise InputError(
            f"no elemental reference for {', '.join(map(symbol, lacking))}",
            where=str(path),
            remedy="add the entries of the elements, calculated in the same way",
        )
    return Dump(source="calculated entries", energy="energy", scheme=scheme.name, cite=scheme.cite), entries


def _stated(dump: Dump, scheme: str, path: Path) -> Dump:
    """The dump with the scheme that the user or its column tells."""
    if not (scheme or dump.scheme):
        raise InputError(
            f"column {dump.energy} does not tell the energy scheme",
            where=str(path),
            remedy='state it, as --scheme "PBEsol"; a file that mixes schemes makes no hull',
        )
    return replace(dump, scheme=scheme or dump.scheme)


def _usable(
    rows: Sequence[Row], dump: Dump, path: Path, report: Callable[[Progress], None]
) -> tuple[list[Entry], Counter[str]]:
    """Entries of the rows, and how many rows cannot be used for which reason."""
    entries: list[Entry] = []
    unusable: Counter[str] = Counter()
    for done, found in enumerate(entries_of_rows(rows, dump)):
        if done % ROWS_A_REPORT == 0:
            report(Progress(done, len(rows), 0, f"rows of {dump.source}"))
        if isinstance(found, Entry):
            entries.append(found)
        else:
            unusable[found] += 1
    report(Progress(len(rows), len(rows), 0, f"rows of {dump.source}"))
    if not entries:
        told = ", ".join(f"{count} {reason}" for reason, count in unusable.items())
        raise InputError(
            f"no usable row: {told}", where=str(path), remedy="give formulas and energies in eV/atom"
        )
    return entries, unusable


def _lacking(entries: Sequence[Entry]) -> list[int]:
    """Elements that occur and have no entry of their own."""
    pure = {entry.elements[0] for entry in entries if len(entry.elements) == 1}
    return sorted({z for entry in entries for z in entry.elements} - pure)


def _references(entries: list[Entry], path: Path) -> list[str]:
    """Complete the elements, and tell what the formation energies refer to.

    Raises
    ------
    InputError
        If elements lack while others are not at 0: then nothing tells what the energies refer to.
    """
    lowest: dict[int, float] = {}
    for entry in entries:
        if len(entry.elements) == 1:
            z = entry.elements[0]
            lowest[z] = min(entry.energy_ev_per_atom, lowest.get(z, np.inf))
    shifted = {z: energy for z, energy in lowest.items() if abs(energy) > AT_ZERO_EV_PER_ATOM}
    lacking = _lacking(entries)
    if shifted and lacking:
        z = max(shifted, key=lambda each: abs(shifted[each]))
        raise InputError(
            f"{symbol(z)} is at {shifted[z]:.3f} eV/atom and {symbol(lacking[0])} has no entry: "
            "these are no formation energies, or not against these elements",
            where=str(path),
            remedy="give formation energies, or add the elements",
        )
    entries += [
        entry_of_energy(
            "reference", symbol(z), energy_ev_per_atom=0.0, volume_per_atom_a3=np.nan, summary=Summary()
        )
        for z in lacking
    ]
    notes = []
    if lacking:
        notes.append(f"{len(lacking)} elements without an entry stand at 0, as formation energies imply")
    if shifted:
        most = max(map(abs, shifted.values()))
        notes.append(
            f"energies are taken anew against the file's elements: {len(shifted)} of them were not at 0 "
            f"(up to {most:.3f} eV/atom)"
        )
    return notes


def _beside_embedded(phases: pa.Table, path: Path, *, force: bool) -> list[str]:
    """How the compounds compare with those of the embedded snapshot.

    Raises
    ------
    InputError
        If they differ so much that they must be another quantity, unless `force`.
    """
    ours, embedded = (_energies(table) for table in (phases, pq.read_table(locate() / PHASES_FILE)))
    shared = np.array([energy - embedded[key] for key, energy in ours.items() if key in embedded])
    if len(shared) < ENOUGH_SHARED:
        return [f"only {len(shared)} compounds are shared with the embedded snapshot: not compared with it"]
    median = float(np.median(shared))
    spread = 1.4826 * float(np.median(np.abs(shared - median)))
    told = (
        f"against the embedded snapshot, {len(shared)} shared compounds: median {median:+.3f}, "
        f"robust spread {spread:.3f} eV/atom"
    )
    if max(abs(median), spread) > FAR_FROM_EMBEDDED_EV_PER_ATOM and not force:
        raise InputError(
            f"{told}: these are hardly formation energies per atom",
            where=str(path),
            remedy="give eV/atom against the elements; --force takes them as they are",
        )
    return [told]


def _energies(table: pa.Table) -> dict[tuple[tuple[int, float], ...], float]:
    """Formation energies of compounds by elements and fractions."""
    columns = ("elements", "amounts", "formation_energy_ev_per_atom")
    rows = zip(*(table.column(name).to_pylist() for name in columns), strict=True)
    return {
        tuple((z, round(n / sum(amounts), 4)) for z, n in zip(elements, amounts, strict=True)): energy
        for elements, amounts, energy in rows
        if len(elements) > 1
    }
