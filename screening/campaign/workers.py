"""Who does the work of a campaign: processes of this machine, or an existing Dask cluster."""

import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, CancelledError
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Literal, TypeVar

from screening.errors import InputError, UnreachableError

_T = TypeVar("_T")
_Made = TypeVar("_Made")

BROKEN_POOL: tuple[type[BaseException], ...] = (BrokenExecutor, CancelledError)
"""What ends a pool whose worker was killed (joblib's own processes), or whose Dask client lost its tasks. A
killed Dask worker alone ends nothing: the scheduler gives its tasks to another one."""

CONNECT_S = 10.0
"""A scheduler answers within milliseconds, a far one within seconds."""

ADDRESS = re.compile(r"(tcp|tls|ws|wss|ucx)://([^\s/:\[\]]+|\[[0-9A-Fa-f:.]+\]):(?P<port>[0-9]{1,5})")
"""Where a scheduler listens: protocol, host or [IPv6 address], port."""


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


def made(workers: Workers, make: Callable[[_T], _Made], tasks: Sequence[_T]) -> Iterator[_Made]:
    """What these workers make of tasks, as it comes.

    Raises
    ------
    UnreachableError
        If no scheduler answers.
    """
    if workers.backend != "dask" and (len(tasks) == 1 or workers.jobs == 1):
        yield from map(make, tasks)
        return
    from joblib import Parallel, delayed

    with _dask(workers) if workers.backend == "dask" else _processes(workers.jobs or -1):
        yield from Parallel(return_as="generator_unordered")(delayed(make)(task) for task in tasks)


def require(workers: Workers) -> None:
    """Refuse workers that cannot be asked, before anything is done.

    Raises
    ------
    InputError
        If the Dask back end is not installed, or no scheduler is given, or one that is no address.
    """
    if workers.backend != "dask":
        return
    if find_spec("distributed") is None:
        raise InputError(
            "the dask back end is not installed", remedy="pip install 'interphase-screening[dask]'"
        )
    remedy = "as tcp://host:8786"
    if not workers.scheduler:
        raise InputError("no Dask scheduler given", where="--scheduler", remedy=remedy)
    # a client that was given no address fails, and once more when it is let go: none is made
    address = ADDRESS.fullmatch(workers.scheduler)
    if address is None or not 0 < int(address["port"]) < 2**16:
        raise InputError(f"{workers.scheduler!r} is no address", where="--scheduler", remedy=remedy)


@contextmanager
def _processes(jobs: int) -> Iterator[None]:
    """Processes of this machine, which end with the work: idle ones would keep a snapshot each."""
    from joblib import parallel_config
    from joblib.externals.loky import get_reusable_executor

    try:
        with parallel_config(backend="loky", n_jobs=jobs, inner_max_num_threads=1):
            yield
    finally:
        get_reusable_executor().shutdown(wait=True)


@contextmanager
def _dask(workers: Workers) -> Iterator[None]:
    """The Dask back end of joblib over a running cluster."""
    import asyncio

    from distributed import Client
    from joblib import parallel_config

    try:
        # a client waits without end for a service that takes its connection and never answers
        asyncio.run(asyncio.wait_for(_identity(workers.scheduler), CONNECT_S))
        client = Client(workers.scheduler, timeout=f"{CONNECT_S:g}s", set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise UnreachableError(
            f"no Dask scheduler answers ({type(error).__name__})", where=workers.scheduler, remedy="start one"
        ) from None
    with client, parallel_config(backend="dask", client=client, n_jobs=workers.jobs or -1):
        yield


async def _identity(address: str) -> Any:
    from distributed.core import rpc

    async with rpc(address) as scheduler:
        return await scheduler.identity()
