"""Where a campaign lands: parquet parts, each written whole or not at all, one manifest, one lock."""

import json
import os
import re
import shutil
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from screening import __version__
from screening.campaign.document import FORMAT_KEY, FORMAT_VERSION, require_readable
from screening.campaign.rows import Failure, Part
from screening.errors import IncompleteError, InputError
from screening.files import atomic_write, from_json, output_directory, write_json
from screening.provenance import Provenance, today

MANIFEST = "manifest.json"
PARTS = "parts"
DATE = "date"
"""Key of the day on which a campaign began, in its manifest; no part of what it is."""

FILES = "files"
"""Key of the files beside the parts that a campaign wrote, in its manifest: what a fresh start may remove."""

LOCK, HOLDER = ".lock", ".holder.json"
FAILURE_COLUMNS = tuple(field.name for field in fields(Failure))
_PART_NAME = re.compile(r"\d{3}-(\d{7})")


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What a campaign is; parts of different identities never share a directory.

    Attributes
    ----------
    study, study_checksum : str
    snapshot, snapshot_checksum, energy_scheme : str
        The name tells of phases that the user added, the scheme of a temperature.
    package_version : str
    n_candidates, chunk : int
        Candidates of the study, and how many make a part.
    """

    study: str
    study_checksum: str
    snapshot: str
    snapshot_checksum: str
    energy_scheme: str
    n_candidates: int
    chunk: int
    package_version: str = __version__

    def stamp(self) -> Provenance:
        """Provenance of what is computed from these parts now."""
        return Provenance.now(
            self.snapshot,
            self.snapshot_checksum,
            energy_scheme=self.energy_scheme,
            study=self.study,
            study_checksum=self.study_checksum,
        )

    def names_part(self, stem: str) -> bool:
        """Whether a part of this campaign is called so: number of the conditions, first candidate."""
        found = _PART_NAME.fullmatch(stem)
        start = int(found.group(1)) if found else -1
        return 0 <= start < max(self.n_candidates, 1) and start % self.chunk == 0


@dataclass(frozen=True)
class Store:
    """Parts of one campaign in a directory.

    Attributes
    ----------
    directory : Path
    identity : Identity
    """

    directory: Path
    identity: Identity

    @classmethod
    def open(cls, directory: Path, identity: Identity, *, fresh: bool = False) -> "Store":
        """Start a campaign in a directory, or take it up where it was left.

        Raises
        ------
        InputError
            If the directory cannot be written, or holds a campaign of another identity and `fresh` is False.
        """
        output_directory(directory)
        content = _read_manifest(directory / MANIFEST)
        found = None if content is None else _identity(content, directory / MANIFEST)
        if found is not None and fresh:
            _discard(directory, found, content or {})
            found = None
        store = cls(directory, identity)
        if found is None and store.done():
            raise InputError(
                "holds parts of a campaign without its manifest",
                where=str(directory),
                remedy="choose another --out, or move them away",
            )
        if found not in (None, identity):
            unlike = (k for k, v in asdict(identity).items() if getattr(found, k) != v)
            differing = [name.replace("checksum", "content").replace("_", " ") for name in unlike]
            raise InputError(
                f"holds results of another campaign ({', '.join(differing)} differ)",
                where=str(directory),
                remedy="choose another --out, or discard them with --fresh",
            )
        output_directory(directory / PARTS)
        for draft in (directory / PARTS).glob(".*.part.parquet"):  # the lock is ours: no writer is left
            if identity.names_part(draft.name.split(".")[1]):
                draft.unlink(missing_ok=True)
        if found is None:
            content = {FORMAT_KEY: FORMAT_VERSION, **asdict(identity), DATE: today(), FILES: []}
            write_json(directory / MANIFEST, content)
        return store

    @classmethod
    def look(cls, directory: Path) -> "Store":
        """The campaign that a directory holds, to be read only.

        Raises
        ------
        InputError
            If it holds none, or its manifest is damaged.
        """
        content = _read_manifest(directory / MANIFEST)
        if content is None:
            raise InputError("holds no campaign", where=str(directory), remedy="run a study with --out first")
        return cls(directory, _identity(content, directory / MANIFEST))

    @property
    def _paths(self) -> list[Path]:
        """The parts that are written, in their order; files of other names are not ours."""
        found = (self.directory / PARTS).glob("[!.]*.parquet")
        return sorted(path for path in found if self.identity.names_part(path.stem))

    def done(self) -> frozenset[str]:
        """Names of the parts that are written."""
        return frozenset(path.stem for path in self._paths)

    def own(self, names: Sequence[str]) -> None:
        """Enter files that are about to be written beside the parts; a fresh start removes them.

        Raises
        ------
        InputError
            If one is there that no campaign of this directory wrote: it is not written over.
        """
        path = self.directory / MANIFEST
        content = _read_manifest(path) or {}
        entered = content.get(FILES, names)  # a manifest of before files were entered
        others = [name for name in names if name not in entered and (self.directory / name).exists()]
        if others:
            raise InputError(
                f"holds {', '.join(others[:3])} of another origin",
                where=str(self.directory),
                remedy="move that away and run the study again, or choose another --out",
            )
        known = dict.fromkeys((*content.get(FILES, ()), *names))
        write_json(path, {**content, FILES: list(known)})

    def remove(self, name: str) -> None:
        """Remove a file beside the parts if the campaign wrote it (an earlier run may have left it)."""
        path = self.directory / MANIFEST
        content = _read_manifest(path) or {}
        if name in (known := content.get(FILES, ())):
            (self.directory / name).unlink(missing_ok=True)
            write_json(path, {**content, FILES: [each for each in known if each != name]})

    def require_whole(self, n_rows: dict[str, int]) -> None:
        """Count before results are drawn from the parts: every candidate stands in exactly one row.

        Parameters
        ----------
        n_rows : dict of str to int
            Candidates of each part, by its name.

        Raises
        ------
        IncompleteError
            If a part is missing, or holds another number of rows, with which ones.
        """
        found = {path.stem: pq.read_metadata(path).num_rows for path in self._paths}
        wrong = [name for name in {**n_rows, **found} if n_rows.get(name) != found.get(name)]
        if wrong:
            there, due = sum(found.values()), sum(n_rows.values())
            raise IncompleteError(
                f"{there} of {due} candidates are there; part {', '.join(sorted(wrong)[:3])} "
                "was removed or changed while the campaign ran",
                where=str(self.directory),
                remedy="run the study again: it takes up what is missing",
            )

    def write(self, name: str, part: Part, provenance: Provenance) -> None:
        """Write one part whole; failures are rows with formula, stage and reason, the rest of them empty."""
        table = part.table.append_column("failure_stage", pa.nulls(len(part.table), pa.string()))
        table = table.append_column("failure_reason", pa.nulls(len(part.table), pa.string()))
        if part.failures:
            failed = pa.Table.from_pylist([asdict(failure) for failure in part.failures])
            table = pa.concat_tables([table, failed], promote_options="default")
        stamp = {b"provenance": json.dumps(provenance.as_dict()).encode()}
        with atomic_write(self.directory / PARTS / f"{name}.parquet") as draft:
            pq.write_table(table.replace_schema_metadata(stamp), draft, compression="zstd")

    def read(self, columns: list[str] | None = None) -> pa.Table:
        """All parts in their order; rows of failures included.

        Parameters
        ----------
        columns : list of str, optional
            Only these; default all scalar columns, without the lists of kinks, plateaus and forms.
        """
        paths = self._paths
        if not paths:
            raise InputError("holds no results", where=str(self.directory), remedy="run the study first")
        wanted = columns or [
            field.name for field in _read_schema(paths[0]) if not pa.types.is_list(field.type)
        ]
        return pa.concat_tables([_read_part(path, wanted) for path in paths])

    def failures(self) -> pa.Table:
        """Candidates that could not be assessed, with `FAILURE_COLUMNS`."""
        if not self.done():
            return pa.table({name: pa.array([], pa.string()) for name in FAILURE_COLUMNS})
        table = self.read([*FAILURE_COLUMNS])
        return table.filter(pc.is_valid(table["failure_reason"]))


@contextmanager
def nothing_left_unused(directory: Path) -> Iterator[None]:
    """Remove what `Store.open` made in a directory if the block fails before a part is written.

    Folders that were there before stay, and so does everything in them.
    """
    made = [folder for folder in (directory, *directory.parents) if not folder.exists()]
    parts, manifest = directory / PARTS, directory / MANIFEST
    own = [] if manifest.exists() else [manifest]
    folders = [*([] if parts.exists() else [parts]), *made]
    try:
        yield
    except BaseException:
        if own and not any(parts.glob("*.parquet")):
            with suppress(OSError):
                manifest.unlink(missing_ok=True)
                for folder in folders:
                    folder.rmdir()
        raise


def _read_part(path: Path, columns: list[str]) -> pa.Table:
    try:
        table = pq.read_table(path, columns=columns)
        if len(table.column_names) == len(columns):
            return table
        raise InputError(
            "part of another version of the package", where=str(path), remedy="run the study with --fresh"
        )
    except (OSError, pa.ArrowInvalid) as error:
        raise _damaged(path, error) from None


def _read_schema(path: Path) -> pa.Schema:
    try:
        return pq.read_schema(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise _damaged(path, error) from None


def _damaged(path: Path, error: Exception) -> InputError:
    reason = str(error).split("\n")[0][:120]
    return InputError(
        f"damaged part ({reason})", where=str(path), remedy="remove that file and run the study again"
    )


def _read_manifest(path: Path) -> dict[str, Any] | None:
    """Content of a manifest; None where there is none."""
    if not os.path.lexists(path):
        return None
    try:
        if path.is_file():  # a pipe would wait for its writer
            content = from_json(path.read_text("utf-8"))
            if isinstance(content, dict):
                return content
    except (OSError, ValueError):
        pass
    raise _foreign(path)


def _identity(content: dict[str, Any], path: Path) -> Identity:
    require_readable(content.get(FORMAT_KEY, 1), path)
    try:
        return Identity(**{k: v for k, v in content.items() if k not in (FORMAT_KEY, DATE, FILES)})
    except TypeError:
        raise _foreign(path) from None


def _foreign(path: Path) -> InputError:
    return InputError(
        "no manifest of a campaign, or a damaged one", where=str(path), remedy="choose another directory"
    )


def _discard(directory: Path, identity: Identity, content: dict[str, Any]) -> None:
    """Remove what the manifest names, all of it or nothing: moved aside first, then deleted."""
    parts = [p for p in (directory / PARTS).glob("*.parquet") if identity.names_part(p.stem.lstrip("."))]
    named = [directory / name for name in content.get(FILES, ()) if Path(name).name == name]
    files = [*parts, *(path for path in named if path.is_file()), directory / MANIFEST]
    aside = directory / f".discarded-{os.getpid()}"
    moved: list[tuple[Path, Path]] = []
    try:
        aside.mkdir()
        for number, path in enumerate(files):
            place = aside / str(number)
            path.rename(place)
            moved.append((path, place))
    except OSError as error:
        for path, place in reversed(moved):
            place.rename(path)
        with suppress(OSError):
            aside.rmdir()
        raise InputError(
            f"an earlier campaign's files cannot be removed ({error.strerror})",
            where=str(directory),
            remedy="choose another --out; nothing was removed",
        ) from None
    shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Hold a results directory while a campaign writes to it; a killed process lets go of it.

    Within one process the lock may be taken again inside the block.

    Raises
    ------
    InputError
        If another process holds it; the message names which.
    """
    output_directory(directory)
    there = (directory / LOCK).exists()
    lock = FileLock(directory / LOCK, timeout=0, thread_local=False, is_singleton=True)
    try:
        lock.acquire()
    except Timeout:
        raise InputError(
            f"another campaign is running there ({_holder(directory)})",
            where=str(directory),
            remedy="wait for it, or choose another --out",
        ) from None
    try:
        write_json(directory / HOLDER, {"process": os.getpid(), "host": socket.gethostname()})
        yield
    except BaseException:
        if not there:  # a directory that got nothing keeps nothing
            (directory / LOCK).unlink(missing_ok=True)
        raise
    finally:
        if lock.lock_counter == 1:
            (directory / HOLDER).unlink(missing_ok=True)
        lock.release()


def _holder(directory: Path) -> str:
    try:
        content = from_json((directory / HOLDER).read_text("utf-8"))
        return f"process {int(content['process'])} on {str(content['host'])[:64]}"
    except (OSError, ValueError, TypeError, KeyError):
        return "its process is not known"
