"""Write a snapshot directory: tables and manifest together, whole or not at all."""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from screening.errors import InputError
from screening.phases.checksum import content_checksum
from screening.phases.library import EMBEDDED, snapshot_home
from screening.phases.manifest import MANIFEST_FILE
from screening.phases.snapshot import PHASES_FILE, Snapshot

PHASES_SCHEMA = pa.schema(
    [
        pa.field("formula", pa.string(), nullable=False),
        pa.field("elements", pa.list_(pa.uint8()), nullable=False),
        pa.field("amounts", pa.list_(pa.float32()), nullable=False),
        pa.field("formation_energy_ev_per_atom", pa.float64(), nullable=False),
        pa.field("band_gap_ev", pa.float32()),
        pa.field("band_gap_min_ev", pa.float32()),
        pa.field("band_gap_max_ev", pa.float32()),
        pa.field("band_gap_polymorphs", pa.int16(), nullable=False),
        pa.field("volume_per_atom_a3", pa.float32()),
        pa.field("volume_source", pa.string(), nullable=False),
    ]
)
"""The columns that every snapshot has, in the order of the embedded one; further ones may follow."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_RESERVED = (EMBEDDED, "embedded")


def own_directory(name: str) -> Path:
    """Directory of a snapshot of the user's own; it need not exist.

    Raises
    ------
    InputError
        If the name would not do as the name of a directory, or belongs to the embedded snapshot.
    """
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{name!r} cannot name a snapshot", remedy="use letters, digits, dots, hyphens and underscores"
        )
    if name in _RESERVED:
        raise InputError(f"{name!r} is the embedded snapshot", remedy="choose another name")
    return snapshot_home() / name


def write_snapshot(directory: Path, tables: Mapping[str, pa.Table], manifest: Mapping[str, Any]) -> Snapshot:
    """Write a snapshot, read it back as any reader would, and only then put it in place.

    Parameters
    ----------
    directory : Path
        An existing snapshot there is replaced; it stays untouched unless everything succeeds.
    tables : mapping of file name to table
        ``phases.parquet`` among them.
    manifest : mapping
        Everything but checksums and writer, which are added here.

    Returns
    -------
    Snapshot
        As read from the files that were put in place.

    Raises
    ------
    SnapshotError
        If what was written is not a sound snapshot.
    InputError
        If the directory cannot be written.
    """
    draft = directory.with_name(f".{directory.name}.{os.getpid()}.draft")
    try:
        draft.mkdir(parents=True)
        for name, table in tables.items():
            _write_table(table, draft / name)
        content = {
            **manifest,
            "checksum": content_checksum(tables[PHASES_FILE]),
            "writer": {"pyarrow": pa.__version__},
            "file_sha256": {name: _sha256(draft / name) for name in sorted(tables)},
        }
        text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        (draft / MANIFEST_FILE).write_text(text, "utf-8")
        snapshot = replace(Snapshot.read(draft), directory=directory)
        snapshot.verify(draft)
        _put_in_place(draft, directory)
    except OSError as error:
        raise InputError(
            f"cannot write ({error.strerror})", where=str(directory), remedy="free or change the place"
        ) from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return snapshot


def restore(directory: Path) -> None:
    """Put back a snapshot that a process killed within a replacement had moved aside."""
    aside = _aside(directory)
    if aside.is_dir() and not directory.exists():
        aside.rename(directory)


def _aside(directory: Path) -> Path:
    return directory.with_name(f".{directory.name}.replaced")


def _put_in_place(draft: Path, directory: Path) -> None:
    """Swap directories: two renames, the first undone if the second fails.

    No portable call replaces a directory that is not empty; a process killed between the two leaves the old
    snapshot aside, where `restore` finds it.
    """
    aside = _aside(directory)
    shutil.rmtree(aside, ignore_errors=True)
    if directory.exists():
        directory.rename(aside)
    try:
        draft.rename(directory)
    except OSError:
        restore(directory)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _write_table(table: pa.Table, path: Path) -> None:
    """Write parquet with fixed options, so that one version of the writer gives one sequence of bytes."""
    floats = [field.name for field in table.schema if pa.types.is_floating(field.type)]
    text = [field.name for field in table.schema if pa.types.is_string(field.type)]
    pq.write_table(
        table,
        path,
        compression="zstd",
        compression_level=19,
        row_group_size=max(len(table), 1),
        use_dictionary=text,
        use_byte_stream_split=floats,
        version="2.6",
    )
