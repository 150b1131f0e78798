"""One campaign: chunks of candidates streamed through workers into a store, resumable at any moment."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from screening import __version__
from screening.campaign.candidates import Selection, require_phase, select
from screening.campaign.rows import Chunk, Part, Plan, assess, nothing
from screening.campaign.store import Identity, Store, locked, nothing_left_unused
from screening.campaign.study import Study
from screening.campaign.workers import BROKEN_POOL, Workers, made, require
from screening.errors import InputError, UnreachableError
from screening.phases.composition import Formula, parse_reactant, symbol
from screening.phases.computed import own_files
from screening.phases.corrections import Energies
from screening.phases.library import EMBEDDED, locate
from screening.phases.manifest import MANIFEST_FILE
from screening.phases.snapshot import Snapshot
from screening.provenance import Provenance
from screening.reactors.anode import find_anode
from screening.reactors.reduction import ScreeningContext
from screening.reactors.settings import Conditions
from screening.thermo.reactants import price
from screening.thermo.sources import OwnPhases, load_snapshot

CHUNK = 4096
"""Candidates in a part: about a second of work, large against the cost of handing a chunk over (10 ms) and
small enough that an interruption loses seconds."""

Report = Callable[["Progress"], None]

WORKER_RETRIES = 3
"""Times in a row that a campaign sets up its pool of workers anew after it broke (a worker was killed)."""


@dataclass(frozen=True)
class Source:
    """Where the phases come from, small enough to send to a worker.

    Attributes
    ----------
    snapshot : str
        Name or path.
    phases : str, Path or OwnPhases
        File with the user's own phases; empty if none.
    temperature_k : float or None
        Temperature of the Gibbs energies; None keeps the enthalpies at 0 K.
    energies : Energies
    at_hull : tuple of str
        Formulas that join at the energy of the hull where the snapshot lacks them.
    """

    snapshot: str = EMBEDDED
    phases: str | Path | OwnPhases = ""
    temperature_k: float | None = None
    energies: Energies = Energies.CORRECTED
    at_hull: tuple[str, ...] = ()

    def load(self) -> Snapshot:
        """Read the snapshot, once per process while its files stay the same."""
        return _load(self, self.written())

    def written(self) -> tuple[int, ...]:
        """When the manifest and the user's phases were last written, ns; a snapshot may be fetched anew."""
        file = self.phases.path if isinstance(self.phases, OwnPhases) else self.phases
        own = own_files(Path(file)) if file else []
        paths = (locate(self.snapshot) / MANIFEST_FILE, *own)
        return tuple(path.stat().st_mtime_ns if path.exists() else 0 for path in paths)


@lru_cache(maxsize=3)
def _load(source: Source, written: tuple[int, ...]) -> Snapshot:
    bare = Source(source.snapshot)
    shared = source != bare and source.energies is not Energies.AS_PUBLISHED
    return load_snapshot(
        bare.load() if shared else source.snapshot,
        source.phases or None,
        source.temperature_k,
        source.energies,
        source.at_hull,
    )


@lru_cache(maxsize=8)
def _context(source: Source, written: tuple[int, ...], conditions_json: str) -> ScreeningContext:
    return ScreeningContext.of(source.load(), Conditions.model_validate_json(conditions_json))


@dataclass(frozen=True, eq=False, kw_only=True)
class Task:
    """One chunk of candidates under one pair of anode and electrolyte."""

    name: str
    identity: Identity
    source: Source
    conditions: Conditions
    plan: Plan
    chunk: Chunk


def _work(task: Task) -> tuple[str, Part]:
    """Assess one chunk, in whatever process this is; the snapshot is read once per process.

    Raises
    ------
    InputError
        If this process has another package or snapshot than the campaign: their numbers are not mixed.
    """
    manifest = task.source.load().manifest
    found = (__version__, manifest.name, manifest.checksum)
    wanted = (task.identity.package_version, task.identity.snapshot, task.identity.snapshot_checksum)
    if found != wanted:
        raise InputError(
            f"a worker has version {found[0]} with {found[1]} ({found[2][:12]}), the campaign "
            f"{wanted[0]} with {wanted[1]} ({wanted[2][:12]})",
            remedy="install the same on every worker",
        )
    context = _context(task.source, task.source.written(), task.conditions.model_dump_json())
    return task.name, assess(context, task.chunk, task.plan)


@dataclass(frozen=True)
class Progress:
    """How far a campaign is, in candidates (times pairs of anode and electrolyte)."""

    done: int
    total: int
    failed: int


@dataclass(frozen=True, eq=False)
class Campaign:
    """A finished campaign: its store, what was selected, and where the numbers come from."""

    study: Study
    source: Source
    store: Store
    selection: Selection
    provenance: Provenance


def run(
    study: Study,
    source: Source,
    out: Path,
    *,
    workers: Workers | None = None,
    fresh: bool = False,
    chunk: int = CHUNK,
    report: Report = lambda _: None,
    announce: Callable[[Selection], None] = lambda _: None,
) -> Campaign:
    """Assess all candidates of a study, taking up what an earlier run left.

    Parameters
    ----------
    study : Study
    source : Source
    out : Path
        Directory of the results.
    workers : Workers, optional
    fresh : bool
        Discard results of another study in `out`.
    chunk : int
        Candidates in a part; a campaign is taken up with the size it began with.
    report : callable
        Called with a `Progress` after every part.
    announce : callable
        Called once with the selection, when all is checked and the work starts.

    Raises
    ------
    InputError
        If candidates, electrolytes or results in `out` do not fit, or another campaign is running there.
    IncompleteError
        If parts were removed or changed meanwhile.
    UnreachableError
        If the Dask scheduler does not answer, or workers keep dying.
    """
    source = replace(source, at_hull=study.hull_formulas)
    snapshot, workers = source.load(), workers or Workers()
    require(workers)
    with study.faults():
        _check_grid(snapshot, study)
        first_anode = find_anode(snapshot, study.conditions.anodes[0], study.conditions.anode_charge)
        selection = select(snapshot, study.candidates, symbol(first_anode.mobile), _partners(study))
        _check_conditions(source, study, selection)
    identity = _identity(study, snapshot, len(selection), chunk)
    with nothing_left_unused(out), locked(out):
        store = Store.open(out, identity, fresh=fresh)
        announce(selection)
        campaign = Campaign(study, source, store, selection, identity.stamp())
        _finish(campaign, _tasks(study, source, selection, identity), workers, report)
    return campaign


def _finish(campaign: Campaign, tasks: list[Task], workers: Workers, report: Report) -> None:
    """Assess the chunks that the store does not hold yet."""
    store = campaign.store
    total = sum(len(task.chunk) for task in tasks)
    finished = store.done()
    remaining = [task for task in tasks if task.name not in finished]
    done, failed = total - sum(len(task.chunk) for task in remaining), len(store.failures())
    sizes = {task.name: len(task.chunk) for task in remaining}
    report(Progress(done, total, failed))
    for name, part in _stream(remaining, workers):
        store.write(name, part, campaign.provenance)
        done, failed = done + sizes[name], failed + len(part.failures)
        report(Progress(done, total, failed))
    store.require_whole({task.name: len(task.chunk) for task in tasks})


def _identity(study: Study, snapshot: Snapshot, n_candidates: int, chunk: int) -> Identity:
    manifest = snapshot.manifest
    return Identity(
        study=study.name,
        study_checksum=study.checksum,
        snapshot=manifest.name,
        snapshot_checksum=manifest.checksum,
        energy_scheme=manifest.energy_scheme,
        n_candidates=n_candidates,
        chunk=chunk,
    )


def _check_grid(snapshot: Snapshot, study: Study) -> None:
    """Refuse anodes and electrolytes that the snapshot lacks."""
    met = study.conditions
    for key, names in (
        ("anodes", met.anodes),
        ("electrolytes", met.electrolytes),
        ("cathode", filter(None, [met.cathode])),
    ):
        for name in names:
            for part in parse_reactant(name).parts:
                require_phase(snapshot, part.formula, f"conditions.{key}")


def _partners(study: Study) -> dict[str, list[Formula]]:
    """Anodes and cathodes that candidates meet; an electrolyte may be a candidate, which it does not meet."""
    grid = [*study.conditions.grid()]
    return {part: [each.met[part].unit for each in grid if part in each.met] for part in ("anode", "cathode")}


def _check_conditions(source: Source, study: Study, selection: Selection) -> None:
    """Refuse what cannot meet before any work is done."""
    for conditions in study.conditions.grid():
        context = _context(source, source.written(), conditions.model_dump_json())
        for met in conditions.met.values():
            price(context.snapshot, met)
        nothing(context, selection.chunk, _plan(study))


def _plan(study: Study) -> Plan:
    return Plan(
        *(study.filters, study.conditions.layers_wt_percent, study.conditions.contacts),
        criteria=tuple(study.ranking.known),
        columns=tuple(study.ranking.columns),
    )


def _tasks(study: Study, source: Source, selection: Selection, identity: Identity) -> list[Task]:
    plan, chunk = _plan(study), selection.chunk
    return [
        Task(
            name=f"{grid:03d}-{start:07d}",
            identity=identity,
            source=source,
            conditions=conditions,
            plan=plan,
            chunk=chunk[start : start + identity.chunk],
        )
        for grid, conditions in enumerate(study.conditions.grid())
        for start in range(0, len(selection), identity.chunk)
    ]


def _stream(tasks: list[Task], workers: Workers) -> Iterator[tuple[str, Part]]:
    """Outcomes of all tasks as they come; a pool that breaks is set up again for what is left."""
    left = {task.name: task for task in tasks}
    broken = 0
    while left:
        try:
            for name, part in made(workers, _work, [*left.values()]):
                del left[name]
                broken = 0
                yield name, part
        except BROKEN_POOL as error:
            broken += 1
            if broken > WORKER_RETRIES:
                raise UnreachableError(
                    f"workers keep dying ({type(error).__name__})",
                    remedy="give each more memory, or use fewer --jobs; then run again to resume",
                ) from None
