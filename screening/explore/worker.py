"""The other process: it reads uploads within bounds, screens and fetches, and tells by files.

``python -m screening.explore.worker FOLDER PARENT`` does what ``asked.json`` in the folder says.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

from filelock import FileLock

from screening.errors import ScreeningError
from screening.explore import reading
from screening.files import write_json

POLL_S = 0.3
MEMORY_BYTES = 6 * 2**30
"""Address space of a process that reads uploads; a snapshot with its libraries takes 2 GB of it."""

FILE_BYTES = 512 * 2**20
MOST_OF_A_FAULT = 200

Asked = dict[str, Any]
Told = dict[str, Any]


def _bounded() -> None:
    """Bound what a reader of hostile files may take of the machine, where the system can."""
    try:
        import resource
    except ImportError:  # Windows: the time limit of the parent holds all the same
        return
    for limit, most in ((resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_FSIZE, FILE_BYTES)):
        resource.setrlimit(limit, (most, most))


def _watch(folder: Path, parent: int) -> None:
    """End with the server, or when the folder says so; what is written is whole at any moment."""
    while not (folder / "cancel").exists() and (os.name != "posix" or os.getppid() == parent):
        time.sleep(POLL_S)
    if os.name == "posix":
        os.killpg(0, signal.SIGKILL)  # the pool of a campaign goes along
    os._exit(1)


def screen(folder: Path, asked: Asked) -> Told:
    """Run a campaign, or take it up."""
    import screening as scr
    from screening.campaign.run import Progress

    def report(progress: Progress) -> None:
        whole = progress.done == progress.total
        write_json(
            folder / "progress.json",
            {"stage": "ranking" if whole else "screening", "done": progress.done, "total": progress.total},
        )

    ranking = scr.screen(
        asked["candidates"],
        snapshot=asked["snapshot"] or None,
        phases=scr.OwnPhases(**asked["phases"]) if asked["phases"] else None,
        energies=asked["energies"],
        out=asked["out"],
        jobs=max(1, (os.cpu_count() or 2) // 2),
        progress=report,
        **asked["changes"],
    )
    return {"candidates": len(ranking.table), "failed": ranking.results.document.selection.failed}


def fetch(folder: Path, asked: Asked) -> Told:
    """Fetch a snapshot; the key came through a pipe, and stays in the memory of this process."""
    import screening as scr

    os.environ["MP_API_KEY"] = sys.stdin.read().strip()
    held = scr.fetch_snapshot(
        asked["name"],
        chemsys=asked["chemsys"],
        endpoint=asked["endpoint"],
        report=lambda p: write_json(
            folder / "progress.json", {"stage": "fetching", "done": p.done, "total": p.total}
        ),
    )
    return {"name": held.manifest.name, "phases": len(held)}


VERBS: dict[str, Callable[[Path, Asked], Told]] = {
    "screen": screen,
    "fetch": fetch,
    "bench": reading.bench,
    "phases": reading.phases,
    "structures": reading.structures,
    "list": reading.candidates,
    "compare": reading.compare,
}
OF_UPLOADS = ("bench", "phases", "structures", "list", "compare")


def main(folder: Path, parent: int) -> None:
    """Do one task; whatever happens, the folder tells."""
    with FileLock(folder / ".lock", timeout=10):
        Thread(target=_watch, args=(folder, parent), daemon=True).start()
        asked = json.loads((folder / "asked.json").read_text("utf-8"))
        if asked["verb"] in OF_UPLOADS:
            _bounded()
        try:
            told = VERBS[asked["verb"]](folder, asked)
        except ScreeningError as error:
            told = {"fault": reading.plain(error, folder)}
        except MemoryError:
            told = {"fault": "needs more memory than a reading may take"}
        except Exception as error:  # noqa: BLE001 - the net below all readers
            told = {"fault": f"fault in the program ({type(error).__name__}: {str(error)[:MOST_OF_A_FAULT]})"}
        write_json(folder / "told.json", told)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
