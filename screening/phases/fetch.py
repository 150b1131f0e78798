"""Fetch a snapshot: in parts that survive an interruption, put in place as a whole."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from screening.errors import InputError, UnreachableError
from screening.files import output_directory, whole_file, write_json
from screening.phases.assemble import counts, describe, phases_table, require_content, usable
from screening.phases.composition import symbol
from screening.phases.entries import ENTRIES_SCHEMA, NON_COMMERCIAL, Entry, entries_of, entries_table
from screening.phases.materials_project import MaterialsProject, client_versions
from screening.phases.schemes import ThermoType
from screening.phases.snapshot import PHASES_FILE, Snapshot
from screening.phases.system_names import chemsys_name, largest, subsystems
from screening.phases.writer import own_directory, restore, write_snapshot

ENTRIES_FILE = "entries.parquet"

LONGEST_REQUEST = 3000
"""Characters of system names in one request: with the rest, its address stays below the 8 kB that web
servers accept."""

MOST_REQUESTS = 1000
"""Largest fetch: about half an hour of a service that is shared."""

FEW_SYSTEMS = 32
"""Up to so many systems, each is asked for on its own; beyond, requests are filled up."""

_COMMA = "%2C"
_SYSTEMS = b"chemical systems"


@dataclass(frozen=True)
class Query:
    """What to fetch, and under which name to keep it.

    Attributes
    ----------
    name : str
    chemsystems : tuple of str
        Canonical, none contained in another; each is fetched with all its subsystems.
    thermo_type : ThermoType
    non_commercial : bool
        Whether entries licensed for non-commercial use only are kept.
    """

    name: str
    chemsystems: tuple[str, ...]
    thermo_type: ThermoType = ThermoType.GGA_GGA_U
    non_commercial: bool = False

    @classmethod
    def of(
        cls,
        name: str,
        chemsystems: Sequence[str],
        thermo_type: ThermoType = ThermoType.GGA_GGA_U,
        *,
        non_commercial: bool = False,
    ) -> "Query":
        """Check what was asked for.

        Raises
        ------
        InputError
            If the name or a system is malformed, there is no system, or the mixed scheme is asked for with
            more than one.
        """
        own_directory(name)
        systems = largest(chemsys_name(each) for each in chemsystems)
        if not systems:
            raise InputError("no chemical system to fetch", remedy="name one, as --chemsys Li-Al-Cl")
        if thermo_type is ThermoType.MIXED and len(systems) > 1:
            raise InputError(
                f"mixing corrections refer to the hull of one system, not to {len(systems)}",
                where=f"--thermo-type {thermo_type.value}",
                remedy=f"name one whole system, or use {ThermoType.GGA_GGA_U.value}",
            )
        query = cls(name, tuple(systems), thermo_type, non_commercial)
        requests = sum(len(each) + len(_COMMA) for each in query.all_systems) // LONGEST_REQUEST
        if requests > MOST_REQUESTS:
            raise InputError(
                f"{len(systems)} chemical systems need about {requests} requests, more than {MOST_REQUESTS}",
                remedy="fetch for a shortlist, or for fewer elements",
            )
        return query

    @property
    def all_systems(self) -> list[str]:
        """The systems and their subsystems, each once."""
        return list(dict.fromkeys(each for system in self.chemsystems for each in subsystems(system)))


@dataclass(frozen=True)
class Progress:
    """How far a fetch has come, in chemical systems; `resumed` of them were there from an earlier one."""

    done: int
    total: int
    resumed: int


def fetch(
    query: Query, project: MaterialsProject, report: Callable[[Progress], None] | None = None
) -> Snapshot:
    """Fetch what is asked for, and replace the snapshot of that name once everything is there.

    Parts that have arrived stay on disk when the fetch is interrupted. The next one uses them if it asks
    the same service for the same scheme in the same version of the database, for whichever systems.

    Parameters
    ----------
    query : Query
    project : MaterialsProject
        As from `connect`.
    report : callable, optional
        Called before the first part and after each.

    Returns
    -------
    Snapshot
        As read from the files that were put in place.

    Raises
    ------
    UnreachableError
        If the service fails or what it gave is incomplete; the old snapshot stays.
    InputError
        If the directory cannot be written.
    """
    directory = own_directory(query.name)
    output_directory(directory.parent)
    restore(directory)
    parts = _Parts.open(directory.with_name(f".{query.name}.parts"), _identity(query, project))
    wanted, covered = query.all_systems, parts.covered()
    done = resumed = sum(each in covered for each in wanted)
    tell = report or _silent
    tell(Progress(done, len(wanted), resumed))
    for batch in _batches(query, covered):
        parts.add(batch, _entries(query, project, batch))
        done += len(batch)
        tell(Progress(done, len(wanted), resumed))
    serving = project.serving_now()
    try:
        if serving != project.database_version:
            raise UnreachableError(
                f"the database changed from version {project.database_version} to {serving} meanwhile",
                where=project.endpoint,
                remedy="fetch again",
            )
        snapshot = _assemble(query, project, parts.entries(wanted), directory)
    except UnreachableError:
        parts.remove()  # they are incomplete or of two versions: nothing to resume from
        raise
    parts.remove()
    return snapshot


def _silent(_: Progress) -> None:
    pass


def _identity(query: Query, project: MaterialsProject) -> dict[str, str]:
    """What parts must have in common to be joined."""
    system = query.chemsystems[0] if query.thermo_type is ThermoType.MIXED else ""
    return {
        "endpoint": project.endpoint,
        "database_version": project.database_version,
        "thermo_type": query.thermo_type.value,
        "anchored_to": system,
    }


def _batches(query: Query, covered: set[str]) -> Iterator[list[str]]:
    """What is still to be asked for, in lists short enough for one request."""
    if query.thermo_type is ThermoType.MIXED:
        whole = [each for each in query.all_systems if each not in covered]
        yield from [whole] if whole else []
        return
    asked = set(covered)
    pooled = len(query.chemsystems) > FEW_SYSTEMS
    batch: list[str] = []
    length = 0
    for chemsys in query.chemsystems:
        for each in subsystems(chemsys):
            if each in asked:
                continue
            asked.add(each)
            if batch and length + len(each) > LONGEST_REQUEST:
                yield batch
                batch, length = [], 0
            batch.append(each)
            length += len(each) + len(_COMMA)
        if batch and not pooled:
            yield batch
            batch, length = [], 0
    if batch:
        yield batch


def _entries(query: Query, project: MaterialsProject, batch: Sequence[str]) -> list[Entry]:
    if query.thermo_type is ThermoType.MIXED:
        return project.mixed_entries(query.chemsystems[0])
    return project.entries(batch, query.thermo_type)


def _assemble(query: Query, project: MaterialsProject, found: list[Entry], directory: Path) -> Snapshot:
    kept = usable(found, non_commercial=query.non_commercial)
    require_content(query.chemsystems, kept)
    phases = phases_table(kept)
    numbers = counts(phases, kept, left_out=len(found) - len(kept))
    manifest: dict[str, Any] = {
        "name": query.name,
        **describe(query.thermo_type, query.chemsystems, project.database_version),
        "source": project.endpoint,
        "licence": _licence(numbers["non_commercial_kept"]),
        "query": {
            "chemical_systems": list(query.chemsystems),
            "thermo_type": query.thermo_type.value,
            "non_commercial": query.non_commercial,
        },
        "counts": numbers,
        "client": client_versions(),
    }
    return write_snapshot(directory, {PHASES_FILE: phases, ENTRIES_FILE: entries_table(kept)}, manifest)


def _licence(non_commercial: int) -> str:
    if not non_commercial:
        return "CC BY 4.0"
    return f"CC BY 4.0; {non_commercial} entries CC BY-NC 4.0 ({NON_COMMERCIAL}): no commercial use"


@dataclass(frozen=True)
class _Parts:
    """Entries that have arrived, one file a request, until they are assembled."""

    directory: Path
    identity: dict[str, str]

    @classmethod
    def open(cls, directory: Path, identity: dict[str, str]) -> "_Parts":
        """Parts of this identity; those of any other are thrown away."""
        parts = cls(directory, identity)
        try:
            same = json.loads(parts._label.read_text("utf-8")) == identity
        except (OSError, ValueError):
            same = False
        if not same:
            parts.remove()
        return parts

    def add(self, chemsystems: Sequence[str], entries: Sequence[Entry]) -> None:
        if not self._label.exists():
            output_directory(self.directory)
            write_json(self._label, self.identity)
        named = json.dumps(list(chemsystems)).encode()
        table = entries_table(entries).replace_schema_metadata({_SYSTEMS: named})
        with whole_file(self.directory / f"{hashlib.sha256(named).hexdigest()[:16]}.parquet") as draft:
            pq.write_table(table, draft)

    def covered(self) -> set[str]:
        """Systems that the parts hold; a part that cannot be read is thrown away."""
        found: set[str] = set()
        for path in self._paths():
            try:
                found.update(json.loads(pq.read_table(path).schema.metadata[_SYSTEMS]))
            except (OSError, ValueError, KeyError, TypeError):
                path.unlink()
        return found

    def entries(self, chemsystems: Sequence[str]) -> list[Entry]:
        """Entries of these systems, each once."""
        wanted = {frozenset(each.split("-")) for each in chemsystems}
        try:
            tables = [pq.read_table(path, schema=ENTRIES_SCHEMA) for path in self._paths()]
        except (OSError, pa.ArrowException) as error:
            raise InputError(
                f"parts cannot be read ({type(error).__name__})",
                where=str(self.directory),
                remedy="let one process at a time fetch a snapshot of that name",
            ) from None
        found = [
            entry
            for table in tables
            for entry in entries_of(table)
            if frozenset(symbol(z) for z in entry.elements) in wanted
        ]
        return list({(entry.material_id, entry.run_type): entry for entry in found}.values())

    def remove(self) -> None:
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def _label(self) -> Path:
        return self.directory / "query.json"

    def _paths(self) -> list[Path]:
        return sorted(self.directory.glob("[0-9a-f]*.parquet"))
