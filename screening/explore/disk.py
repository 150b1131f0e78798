"""What the explorer keeps on disk: uploads under names of its own, and tasks of other processes."""

import hashlib
import json
import os
import re
import subprocess
import sys
import time
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

from filelock import FileLock, Timeout

from screening.campaign.directory import RANKING_JSON
from screening.errors import InputError
from screening.files import output_directory, write_json

OWN = ".explorer"
"""Folder within the results that uploads and tasks lie in."""

READING_S = 300.0
"""Longest time that files may take to be read: ten times that of 49 spectra with all figures."""

STARTING_S = 60.0
"""Longest time that a process may take to begin: imports on a busy machine."""

MOST_FILES = 500
DIGEST = 20
_TOKEN = re.compile(rf"[0-9a-f]{{{DIGEST}}}")
_RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_at_once = BoundedSemaphore(2)
"""Readings at the same time: each may take the memory of a snapshot."""


def digest(*parts: bytes | str) -> str:
    """Checksum of several texts, short enough for an address."""
    total = hashlib.sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        total.update(len(content).to_bytes(8, "big") + content)
    return total.hexdigest()[:DIGEST]


def safe_name(given: str) -> str:
    """A file's own name with nothing in it that a path, a shell or a terminal would obey."""
    name = _UNSAFE.sub("_", given.replace("\\", "/").rpartition("/")[2]).lstrip("._-")
    stem, dot, suffix = name.rpartition(".")
    return f"{stem[:80]}.{suffix[:20]}" if dot and stem else (name[:80] or "file")


def received(contents: Sequence[str], names: Sequence[str]) -> dict[str, bytes]:
    """Files of an upload by safe names, which differ from each other.

    Raises
    ------
    InputError
        If there are too many, or one did not arrive whole.
    """
    if len(contents) > MOST_FILES:
        raise InputError(f"{len(contents)} files", remedy=f"give at most {MOST_FILES} at once")
    found: dict[str, bytes] = {}
    for number, (content, given) in enumerate(zip(contents, names, strict=True), start=1):
        name = safe_name(given)
        try:
            data = b64decode(content.partition(",")[2], validate=True)
        except NotBase64:
            raise InputError("did not arrive whole", where=name, remedy="send it again") from None
        found[name if name not in found else f"{number}_{name}"] = data
    return found


CANCELLED = "the reading was cancelled: choose the files again, or change a field"


@dataclass(frozen=True)
class Task:
    """Work of another process: what it was asked, how far it is, what it told; all of it in a folder.

    Attributes
    ----------
    folder : Path
    """

    folder: Path

    def _read(self, name: str) -> dict[str, Any]:
        try:
            content = json.loads((self.folder / name).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    @property
    def asked(self) -> dict[str, Any]:
        """What it was asked; empty where there is no such task."""
        return self._read("asked.json")

    @property
    def told(self) -> dict[str, Any]:
        """What it told at its end, a ``fault`` in place of a result; empty before."""
        return self._read("told.json")

    @property
    def progress(self) -> dict[str, Any]:
        """How far it is: ``done`` of ``total``, and ``stage``."""
        return self._read("progress.json")

    @property
    def running(self) -> bool:
        """Whether its process is alive: it holds a lock, which a killed one lets go of."""
        if not self.folder.is_dir():
            return False
        try:
            with FileLock(self.folder / ".lock", timeout=0):
                pass
        except Timeout:
            return True
        began = self.progress.get("began", 0.0)
        return not self.told and 0.0 <= time.time() - began < STARTING_S and not self._cancelled

    @property
    def _cancelled(self) -> bool:
        return (self.folder / "cancel").exists()

    def begin(self, asked: Mapping[str, Any], secret: str = "") -> subprocess.Popen[bytes]:
        """Start its process; `secret` reaches it through a pipe and is written nowhere."""
        output_directory(self.folder)
        for name in ("cancel", "told.json"):
            (self.folder / name).unlink(missing_ok=True)
        write_json(self.folder / "asked.json", asked)
        write_json(self.folder / "progress.json", {"stage": "starting", "began": time.time()})
        process = subprocess.Popen(
            [sys.executable, "-m", "screening.explore.worker", str(self.folder), str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        if process.stdin is not None:
            process.stdin.write(secret.encode())
            process.stdin.close()
        return process

    def cancel(self) -> None:
        """Have its process end itself; finished parts stay."""
        (self.folder / "cancel").touch()

    def answer(self, asked: Mapping[str, Any], seconds: float = READING_S) -> dict[str, Any]:
        """What it tells, of an earlier time where it did already.

        Raises
        ------
        InputError
            If it finds a fault of the user's, takes too long, or dies.
        """
        told = self.told
        if not told:
            with _at_once:
                process = self.begin(asked)
                try:
                    process.wait(seconds)
                except subprocess.TimeoutExpired:
                    process.kill()
                    fault = f"reading takes longer than {seconds:g} s, and was ended"
                    raise InputError(fault, remedy="give fewer or smaller files") from None
            died = "the process that read it died; the files may need too much memory"
            told = self.told or {"fault": CANCELLED if self._cancelled else died}
        if "fault" in told:
            raise InputError(str(told["fault"]))
        return told


@dataclass(frozen=True)
class Run:
    """One campaign of the folder.

    Attributes
    ----------
    path : Path
        Its results.
    task : Task
    """

    path: Path
    task: Task

    @property
    def finished(self) -> bool:
        """Whether its ranking is written."""
        return (self.path / RANKING_JSON).is_file() and not self.task.running

    @property
    def state(self) -> str:
        """``running``, ``finished``, ``failed`` or ``stopped``."""
        if self.task.running:
            return "running"
        if "fault" in self.task.told:
            return "failed"
        return "finished" if self.finished else "stopped"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where everything lies.

    Attributes
    ----------
    folder : Path
        Results of campaigns, those of ``screening run`` among them, and what the explorer keeps.
    experiments : Path
        Cell sheets.
    endpoint : str
        Address of the Materials Project unless it is the usual one.
    """

    folder: Path
    experiments: Path
    endpoint: str = ""

    def keep(self, files: Mapping[str, bytes]) -> str:
        """Put files away; the token that stands for them in an address."""
        token = digest(*(part for name in sorted(files) for part in (name, files[name])))
        place = output_directory(self.folder / OWN / "uploads" / token / "files")
        for name, content in files.items():
            (place / name).write_bytes(content)
        return token

    def files(self, token: str) -> tuple[Path, ...]:
        """Files that a token stands for.

        Raises
        ------
        InputError
            If there are none.
        """
        place = self.folder / OWN / "uploads" / token / "files"
        if not _TOKEN.fullmatch(token) or not place.is_dir():
            raise InputError("these files are not kept here", remedy="choose them again")
        return tuple(sorted(place.iterdir()))

    def task(self, token: str, asked: Mapping[str, Any]) -> Task:
        """The task that reads uploaded files in this way."""
        (first, *_) = self.files(token)
        return Task(first.parents[1] / digest(json.dumps(asked, sort_keys=True)))

    def errand(self, name: str) -> Task:
        """A task that belongs to no upload."""
        return Task(self.folder / OWN / "tasks" / safe_name(name))

    def run(self, name: str) -> Run:
        """A campaign by its name, which need not exist.

        Raises
        ------
        InputError
            If the name is none that a campaign could have.
        """
        if not _RUN.fullmatch(name):
            raise InputError("no such run", remedy="choose one")
        return Run(self.folder / name, self.errand(f"run-{name}"))

    def runs(self) -> dict[str, Run]:
        """Campaigns of the folder by name, the latest first."""
        found = [path.parent.name for path in self.folder.glob("*/manifest.json")]
        tasks = (self.folder / OWN / "tasks").glob("run-*/asked.json")
        found += [path.parent.name.removeprefix("run-") for path in tasks]
        runs = [self.run(name) for name in dict.fromkeys(found) if _RUN.fullmatch(name)]
        return {each.path.name: each for each in sorted(runs, key=_age)}


def _age(run: Run) -> float:
    for place in (run.path / "manifest.json", run.task.folder / "asked.json"):
        if place.exists():
            return -place.stat().st_mtime
    return 0.0
