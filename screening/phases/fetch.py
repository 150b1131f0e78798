"""Fetch a snapshot: in parts that survive an interruption, put in place as a whole."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from screening.errors import InputError, UnreachableError
from screening.files import output_directory
from screening.phases.assemble import (
    counts,
    describe,
    ground_states,
    phases_table,
    require_content,
    usable,
)
from screening.phases.entries import NON_COMMERCIAL, Entry, entries_table
from screening.phases.materials_project import PAGE, MaterialsProject, client_versions
from screening.phases.parts import Parts
from screening.phases.relaxed import STRUCTURES_FILE, Lack, Relaxed, structures_table
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

STRUCTURES_A_REQUEST = 100
"""About 1 MB of answer, most of it structures."""

MOST_SYSTEMS = 5000
"""More systems than one fetch can take; counting their requests alone would take half a minute."""

_ALL = "fetch for a shortlist or for fewer elements, or everything with --all"
_COMMA = "%2C"


@dataclass(frozen=True)
class Query:
    """What to fetch, and under which name to keep it.

    Attributes
    ----------
    name : str
    chemsystems : tuple of str
        Canonical, none contained in another; each is fetched with all its subsystems. None: the whole
        database, page by page.
    thermo_type : ThermoType
    non_commercial : bool
        Whether entries licensed for non-commercial use only are kept.
    structures : bool
        Whether the structure of each phase is fetched too.
    """

    name: str
    chemsystems: tuple[str, ...]
    thermo_type: ThermoType = ThermoType.GGA_GGA_U
    non_commercial: bool = False
    structures: bool = False

    @classmethod
    def of(
        cls,
        name: str,
        chemsystems: Sequence[str],
        thermo_type: ThermoType = ThermoType.GGA_GGA_U,
        *,
        non_commercial: bool = False,
        structures: bool = False,
    ) -> "Query":
        """Check what was asked for; see `everything` for the whole database.

        Raises
        ------
        InputError
            If the name or a system is malformed, there is no system, or the mixed scheme is asked for with
            more than one.
        """
        own_directory(name)
        if len(set(chemsystems)) > MOST_SYSTEMS:
            raise InputError(
                f"{len(set(chemsystems))} chemical systems, more than {MOST_SYSTEMS}", remedy=_ALL
            )
        systems = largest(chemsys_name(each) for each in chemsystems)
        if not systems:
            raise InputError("no chemical system to fetch", remedy="name one, as --chemsys Li-Al-Cl")
        if thermo_type is ThermoType.MIXED and len(systems) > 1:
            raise InputError(
                f"mixing corrections refer to the hull of one system, not to {len(systems)}",
                where=f"--thermo-type {thermo_type.value}",
                remedy=f"name one whole system, or use {ThermoType.GGA_GGA_U.value}",
            )
        query = cls(name, tuple(systems), thermo_type, non_commercial, structures)
        requests = sum(len(each) + len(_COMMA) for each in query.all_systems) // LONGEST_REQUEST
        if requests > MOST_REQUESTS:
            raise InputError(
                f"{len(systems)} chemical systems need about {requests} requests, more than {MOST_REQUESTS}",
                remedy=_ALL,
            )
        return query

    @classmethod
    def everything(
        cls,
        name: str,
        thermo_type: ThermoType = ThermoType.GGA_GGA_U,
        *,
        non_commercial: bool = False,
        structures: bool = False,
    ) -> "Query":
        """The whole database of one scheme.

        Raises
        ------
        InputError
            If the name is malformed, the scheme is the mixed one, or structures are asked for.
        """
        own_directory(name)
        if structures:
            raise InputError(
                "structures of the whole database are gigabytes",
                where="--all --structures",
                remedy="fetch those of a study",
            )
        if thermo_type is ThermoType.MIXED:
            raise InputError(
                "mixing corrections refer to the hull of one system, not to all",
                where=f"--thermo-type {thermo_type.value}",
                remedy=f"use {ThermoType.GGA_GGA_U.value}",
            )
        return cls(name, (), thermo_type, non_commercial)

    @property
    def all_systems(self) -> list[str]:
        """The systems and their subsystems, each once."""
        return list(dict.fromkeys(each for system in self.chemsystems for each in subsystems(system)))


PAGES = f"pages of {PAGE} entries"


@dataclass(frozen=True)
class Progress:
    """How far a fetch has come, in systems, pages or structures; `resumed` were there from an earlier one."""

    done: int
    total: int
    resumed: int
    kind: str = "systems"


def fetch(
    query: Query, project: MaterialsProject, report: Callable[[Progress], None] = lambda _: None
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
    parts = Parts.open(directory.with_name(f".{query.name}.parts"), _identity(query, project))
    found = _all_entries(query, project, parts, report)
    kept = usable(found, non_commercial=query.non_commercial)
    with parts.useless_if_refused():
        require_content(query.chemsystems, kept)
    relaxed = _all_structures(query, project, parts, kept, report) if query.structures else None
    serving = project.serving_now()
    with parts.useless_if_refused():
        if serving != project.database_version:
            raise UnreachableError(
                f"the database changed from version {project.database_version} to {serving} meanwhile",
                where=project.endpoint,
                remedy="fetch again",
            )
        snapshot = _assemble(query, project, kept, len(found) - len(kept), relaxed, directory)
    parts.remove()
    return snapshot


def _identity(query: Query, project: MaterialsProject) -> dict[str, str]:
    """What parts must have in common to be joined."""
    system = query.chemsystems[0] if query.thermo_type is ThermoType.MIXED else ""
    pages = {} if query.chemsystems else {"pages_of": str(PAGE)}
    return {
        **pages,
        "endpoint": project.endpoint,
        "database_version": project.database_version,
        "thermo_type": query.thermo_type.value,
        "anchored_to": system,
    }


def _all_entries(
    query: Query, project: MaterialsProject, parts: Parts, tell: Callable[[Progress], None]
) -> list[Entry]:
    """Entries of all systems: those that are there, then those that are lacking."""
    if not query.chemsystems:
        return _all_pages(query, project, parts, tell)
    wanted, covered = query.all_systems, parts.covered()
    done = resumed = sum(each in covered for each in wanted)
    tell(Progress(done, len(wanted), resumed))
    for batch in _batches(query, covered):
        parts.add_entries(batch, _entries(query, project, batch))
        done += len(batch)
        tell(Progress(done, len(wanted), resumed))
    return parts.entries(wanted)


def _all_pages(
    query: Query, project: MaterialsProject, parts: Parts, tell: Callable[[Progress], None]
) -> list[Entry]:
    """Entries of the whole database, page by page; pages that are there are not asked for again."""
    expected = project.count(query.thermo_type)
    names = [f"page {number}" for number in range(-(-expected // PAGE))]
    covered = parts.covered()
    done = resumed = sum(name in covered for name in names)
    tell(Progress(done, len(names), resumed, PAGES))
    for number, name in enumerate(names):
        if name in covered:
            continue
        parts.add_entries([name], project.page(number, query.thermo_type))
        done += 1
        tell(Progress(done, len(names), resumed, PAGES))
    found = parts.entries()
    with parts.useless_if_refused():
        if len(found) != expected:  # pages overlap where the service orders them anew in between
            raise UnreachableError(
                f"{len(found)} different entries arrived of {expected}",
                where=project.endpoint,
                remedy="fetch again",
            )
    return found


def _all_structures(
    query: Query,
    project: MaterialsProject,
    parts: Parts,
    kept: Sequence[Entry],
    tell: Callable[[Progress], None],
) -> list[Relaxed]:
    """Structures of all ground states: those that are there, then those that are lacking."""
    wanted = ground_states(kept)
    stored = {(each.material_id, each.run_type): each for each in parts.structures()}
    lacking = [each for each in wanted if (each.material_id, each.run_type) not in stored]
    done = resumed = len(wanted) - len(lacking)
    tell(Progress(done, len(wanted), resumed, "structures"))
    mixed = query.thermo_type is ThermoType.MIXED
    step = max(len(lacking), 1) if mixed else STRUCTURES_A_REQUEST
    for first in range(0, len(lacking), step):
        batch = lacking[first : first + step]
        if mixed:
            found = project.mixed_structures(batch, query.chemsystems[0])
        else:
            found = project.structures(batch, query.thermo_type)
        parts.add_structures(found)
        stored |= {(each.material_id, each.run_type): each for each in found}
        done += len(batch)
        tell(Progress(done, len(wanted), resumed, "structures"))
    return [stored[each.material_id, each.run_type] for each in wanted]


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


def _assemble(
    query: Query,
    project: MaterialsProject,
    kept: list[Entry],
    left_out: int,
    relaxed: list[Relaxed] | None,
    directory: Path,
) -> Snapshot:
    phases = phases_table(kept)
    numbers = counts(phases, kept, left_out=left_out)
    manifest: dict[str, Any] = {
        "name": query.name,
        **describe(query.thermo_type, query.chemsystems, project.database_version),
        "source": project.endpoint,
        "licence": _licence(numbers["non_commercial_kept"]),
        "query": {
            **({"chemical_systems": list(query.chemsystems)} if query.chemsystems else {"everything": True}),
            "thermo_type": query.thermo_type.value,
            "non_commercial": query.non_commercial,
        },
        "counts": numbers,
        "client": client_versions(),
    }
    tables = {PHASES_FILE: phases, ENTRIES_FILE: entries_table(kept)}
    if relaxed is not None:
        tables[STRUCTURES_FILE] = structures_table(relaxed)
        manifest["structures"] = _structure_counts(relaxed)
    return write_snapshot(directory, tables, manifest)


def _structure_counts(relaxed: Sequence[Relaxed]) -> dict[str, Any]:
    """How many phases have a structure, and how many have none for which reason."""
    return {
        "held": sum(not each.lack for each in relaxed),
        "lacking": {lack.value: sum(each.lack == lack for each in relaxed) for lack in Lack},
    }


def _licence(non_commercial: int) -> str:
    if not non_commercial:
        return "CC BY 4.0"
    return f"CC BY 4.0; {non_commercial} entries CC BY-NC 4.0 ({NON_COMMERCIAL}): no commercial use"
