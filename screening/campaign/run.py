"""One campaign: chunks of candidates streamed through workers into a store, resumable at any moment."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from joblib import Parallel, delayed, parallel_config
from joblib.externals.loky.process_executor import TerminatedWorkerError

from screening.campaign.candidates import Selection, select
from screening.campaign.rows import Part, Plan, assess
from screening.campaign.store import Identity, Store
from screening.campaign.study import Study
from screening.errors import InputError, UnreachableError
from screening.phases.library import EMBEDDED
from screening.phases.snapshot import Snapshot
from screening.phases.sources import gather
from screening.provenance import Provenance
from screening.reactors.reduction import Surroundings
from screening.reactors.settings import Conditions

CHUNK = 4096
"""Candidates in a part: about a second of work, large against the cost of handing a chunk over (10 ms) and
small enough that an interruption loses seconds."""

WORKER_RETRIES = 3
"""Times that a campaign goes on after its pool of workers broke (a worker was killed)."""


@dataclass(frozen=True)
class Source:
    """Where the phases come from, small enough to send to a worker.

    Attributes
    ----------
    snapshot : str
        Name or path.
    phases : str
        File with the user's own phases; empty if none.
    temperature_k : float or None
        Temperature of the Gibbs energies; None keeps the enthalpies at 0 K.
    """

    snapshot: str = EMBEDDED
    phases: str = ""
    temperature_k: float | None = None

    def load(self) -> Snapshot:
        """Read the snapshot, once per process."""
        return _load(self)


@lru_cache(maxsize=2)
def _load(source: Source) -> Snapshot:
    return gather(source.snapshot, Path(source.phases) if source.phases else None, source.temperature_k)


@lru_cache(maxsize=8)
def _surroundings(source: Source, conditions_json: str) -> Surroundings:
    return Surroundings.of(source.load(), Conditions.model_validate_json(conditions_json))


@dataclass(frozen=True, eq=False)
class Task:
    """One chunk of candidates under one pair of anode and sulfide."""

    name: str
    source: Source
    conditions: Conditions
    plan: Plan
    phase: np.ndarray
    label: np.ndarray


def _work(task: Task) -> tuple[str, Part]:
    """Assess one chunk, in whatever process this is; the snapshot is read once per process."""
    surroundings = _surroundings(task.source, task.conditions.model_dump_json())
    return task.name, assess(surroundings, task.phase, task.label, task.plan)


@dataclass(frozen=True)
class Progress:
    """How far a campaign is, in candidates (times pairs of anode and sulfide)."""

    done: int
    total: int
    failed: int


@dataclass(frozen=True)
class Workers:
    """Who does the work.

    Attributes
    ----------
    jobs : int
        Processes on this machine, or tasks in flight on a cluster; 0 chooses.
    backend : {"processes", "dask"}
    scheduler : str
        Address of a running Dask scheduler.
    """

    jobs: int = 0
    backend: Literal["processes", "dask"] = "processes"
    scheduler: str = ""


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
    report: Callable[[Progress], None] = lambda _: None,
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
    report : callable
        Called with a `Progress` after every part.
    announce : callable
        Called once with the selection, before the work starts.

    Returns
    -------
    Campaign

    Raises
    ------
    InputError
        If candidates, sulfides or results in `out` do not fit.
    UnreachableError
        If the Dask scheduler does not answer, or workers keep dying.
    """
    snapshot = source.load()
    selection = select(snapshot, study.candidates, study.conditions.anodes[0])
    announce(selection)
    identity = Identity(
        study.name,
        study.checksum,
        snapshot.manifest.name,
        snapshot.manifest.checksum,
        snapshot.manifest.energy_scheme,
        len(selection),
        CHUNK,
    )
    for conditions in study.conditions.grid():
        Surroundings.of(snapshot, conditions)
    store = Store.open(out, identity, fresh=fresh)
    provenance = Provenance.now(
        snapshot.manifest.name,
        snapshot.manifest.checksum,
        energy_scheme=snapshot.manifest.energy_scheme,
        study=study.name,
        study_checksum=study.checksum,
    )
    tasks = _tasks(study, source, selection)
    total = sum(len(task.phase) for task in tasks)
    remaining = [task for task in tasks if task.name not in store.done()]
    done, failed = total - sum(len(task.phase) for task in remaining), 0
    sizes = {task.name: len(task.phase) for task in remaining}
    report(Progress(done, total, failed))
    for name, part in _stream(remaining, workers or Workers()):
        store.write(name, part, provenance)
        done, failed = done + sizes[name], failed + len(part.failures)
        report(Progress(done, total, failed))
    return Campaign(study, source, store, selection, provenance)


def _tasks(study: Study, source: Source, selection: Selection) -> list[Task]:
    plan = Plan(study.filters, study.conditions.layers_wt_percent, study.conditions.contacts)
    return [
        Task(
            f"{grid:03d}-{start:07d}",
            source,
            conditions,
            plan,
            selection.phase[start : start + CHUNK],
            selection.label[start : start + CHUNK],
        )
        for grid, conditions in enumerate(study.conditions.grid())
        for start in range(0, len(selection), CHUNK)
    ]


def _stream(tasks: list[Task], workers: Workers) -> Iterator[tuple[str, Part]]:
    """Outcomes of all tasks as they come; a pool that breaks is set up again for what is left."""
    left = {task.name: task for task in tasks}
    for attempt in range(WORKER_RETRIES + 1):
        if not left:
            return
        try:
            with _pool(workers, len(left)):
                outcomes = Parallel(return_as="generator_unordered")(
                    delayed(_work)(t) for t in [*left.values()]
                )
                for name, part in outcomes:
                    del left[name]
                    yield name, part
        except TerminatedWorkerError:
            if attempt == WORKER_RETRIES:
                raise UnreachableError(
                    "workers keep dying", remedy="give each more memory, or use fewer --jobs; then run again"
                ) from None


def _pool(workers: Workers, n_tasks: int) -> AbstractContextManager[Any]:
    if workers.backend == "dask":
        return _dask(workers)
    jobs = min(workers.jobs or -1, n_tasks) if workers.jobs >= 0 else workers.jobs
    if n_tasks == 1:
        jobs = 1
    return (
        parallel_config(backend="loky", n_jobs=jobs, inner_max_num_threads=1) if jobs != 1 else nullcontext()
    )


def _dask(workers: Workers) -> AbstractContextManager[Any]:
    """The Dask back end of joblib over a running cluster."""
    try:
        from distributed import Client
    except ImportError:
        raise InputError(
            "the dask back end is not installed", remedy="pip install 'interphase-screening[dask]'"
        ) from None
    if not workers.scheduler:
        raise InputError("no Dask scheduler given", where="--scheduler", remedy="as tcp://host:8786")
    try:
        client = Client(workers.scheduler, timeout="10s", set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise UnreachableError(
            f"no Dask scheduler answers ({type(error).__name__})", where=workers.scheduler, remedy="start one"
        ) from None
    return parallel_config(backend="dask", client=client, n_jobs=workers.jobs or -1)
