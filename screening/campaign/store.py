"""Where a campaign lands: parquet parts, each written whole or not at all, under one manifest."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from time import time

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from screening import __version__
from screening.campaign.document import FORMAT_KEY, FORMAT_VERSION, require_readable
from screening.campaign.rows import Part
from screening.errors import InputError
from screening.files import atomic_write, output_directory, write_json
from screening.provenance import Provenance, today

MANIFEST = "manifest.json"
PARTS = "parts"
DATE = "date"
"""Key of the day on which a campaign began, in its manifest; no part of what it is."""

DRAFT_LIFE_S = 3600.0
FAILURE_COLUMNS = ("formula", "anode", "electrolyte", "failure_stage", "failure_reason")


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
        manifest = directory / MANIFEST
        if fresh and any((directory / PARTS).glob("[!.]*.parquet")):
            manifest.unlink(missing_ok=True)
            for part in (directory / PARTS).glob("*.parquet"):
                part.unlink()
        found = _read_identity(manifest)
        if fresh:
            found = None
        if found is None and any((directory / PARTS).glob("[!.]*.parquet")):
            raise InputError(
                "holds parts of a campaign without its manifest",
                where=str(directory),
                remedy="choose another --out, or discard them with --fresh",
            )
        if found not in (None, identity):
            differing = [k for k, v in asdict(identity).items() if getattr(found, k) != v]
            raise InputError(
                f"holds results of another campaign ({', '.join(differing)} differ)",
                where=str(directory),
                remedy="choose another --out, or discard them with --fresh",
            )
        output_directory(directory / PARTS)
        _remove_old_drafts(directory / PARTS)
        if found is None:
            write_json(manifest, {FORMAT_KEY: FORMAT_VERSION, **asdict(identity), DATE: today()})
        return cls(directory, identity)

    @classmethod
    def look(cls, directory: Path) -> "Store":
        """The campaign that a directory holds, to be read only.

        Raises
        ------
        InputError
            If it holds none, or its manifest is damaged.
        """
        identity = _read_identity(directory / MANIFEST)
        if identity is None:
            raise InputError("holds no campaign", where=str(directory), remedy="run a study with --out first")
        return cls(directory, identity)

    def done(self) -> frozenset[str]:
        """Names of the parts that are written."""
        return frozenset(path.stem for path in (self.directory / PARTS).glob("[!.]*.parquet"))

    def write(self, name: str, part: Part, provenance: Provenance) -> None:
        """Write one part whole; failures are rows with formula, stage and reason, the rest of them empty."""
        table = part.table.append_column("failure_stage", pa.nulls(len(part.table), pa.string()))
        table = table.append_column("failure_reason", pa.nulls(len(part.table), pa.string()))
        if part.failures:
            failed = pa.table(
                {
                    "formula": [f.formula for f in part.failures],
                    "anode": [f.anode for f in part.failures],
                    "electrolyte": [f.electrolyte for f in part.failures],
                    "failure_stage": [f.stage for f in part.failures],
                    "failure_reason": [f.reason for f in part.failures],
                }
            )
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
        paths = sorted((self.directory / PARTS).glob("[!.]*.parquet"))
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
        return pq.read_table(path, columns=columns)
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


def _remove_old_drafts(parts: Path) -> None:
    """Remove what killed runs left half-written; a draft that is an hour old has no writer any more."""
    for draft in parts.glob(".*.part.parquet"):
        with suppress(FileNotFoundError):
            if time() - draft.stat().st_mtime > DRAFT_LIFE_S:
                draft.unlink()


def _read_identity(path: Path) -> Identity | None:
    if not path.exists():
        return None
    try:
        content = json.loads(path.read_text("utf-8"))
        require_readable(content.pop(FORMAT_KEY, 1), path)
        return Identity(**{key: value for key, value in content.items() if key != DATE})
    except (OSError, ValueError, TypeError, AttributeError):
        raise InputError(
            "no manifest of a campaign, or a damaged one", where=str(path), remedy="choose another directory"
        ) from None
