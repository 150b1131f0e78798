"""What has arrived of a fetch: one file a request, until a snapshot is assembled from them."""

import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from screening.errors import InputError, UnreachableError
from screening.files import atomic_write, from_json, output_directory, write_json
from screening.phases.composition import symbol
from screening.phases.entries import ENTRIES_SCHEMA, Entry, entries_of, entries_table
from screening.phases.relaxed import STRUCTURES_SCHEMA, Relaxed, structures_of, structures_table

_SYSTEMS = b"chemical systems"
_STRUCTURES = "structures-"


@dataclass(frozen=True)
class Parts:
    """Entries and structures that have arrived, in a directory of their own.

    Attributes
    ----------
    directory : Path
    identity : dict of str to str
        What parts must have in common to be joined.
    """

    directory: Path
    identity: dict[str, str]

    @classmethod
    def open(cls, directory: Path, identity: dict[str, str]) -> "Parts":
        """Parts of this identity; those of any other are thrown away."""
        parts = cls(directory, identity)
        try:
            same = from_json(parts._label.read_text("utf-8")) == identity
        except (OSError, ValueError):
            same = False
        if not same:
            parts.remove()
        return parts

    def add_entries(self, chemsystems: Sequence[str], entries: Sequence[Entry]) -> None:
        """Keep what one request gave of these systems, or of this page."""
        named = json.dumps(list(chemsystems)).encode()
        self._write(named, "", entries_table(entries).replace_schema_metadata({_SYSTEMS: named}))

    def covered(self) -> set[str]:
        """Systems or pages that the parts hold; a part that cannot be read is thrown away."""
        found: set[str] = set()
        for path in self._entry_paths():
            try:
                found.update(json.loads(pq.read_table(path).schema.metadata[_SYSTEMS]))
            except (OSError, ValueError, KeyError, TypeError):
                path.unlink()
        return found

    def entries(self, chemsystems: Sequence[str] | None = None) -> list[Entry]:
        """Entries of these systems (by default all that have arrived), each once.

        Raises
        ------
        InputError
            If a part is gone or damaged since `covered` was asked.
        """
        wanted = {frozenset(each.split("-")) for each in chemsystems or ()}
        try:
            tables = [pq.read_table(path, schema=ENTRIES_SCHEMA) for path in self._entry_paths()]
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
            if chemsystems is None or frozenset(symbol(z) for z in entry.elements) in wanted
        ]
        return list({(entry.material_id, entry.run_type): entry for entry in found}.values())

    def add_structures(self, structures: Sequence[Relaxed]) -> None:
        """Keep what one request gave of structures."""
        named = json.dumps([(each.material_id, each.run_type) for each in structures]).encode()
        self._write(named, _STRUCTURES, structures_table(structures))

    def structures(self) -> list[Relaxed]:
        """Structures that the parts hold; a part that cannot be read is thrown away."""
        found: list[Relaxed] = []
        for path in sorted(self.directory.glob(f"{_STRUCTURES}*.parquet")):
            try:
                found += structures_of(pq.read_table(path, schema=STRUCTURES_SCHEMA))
            except (OSError, pa.ArrowException):
                path.unlink()
        return found

    @contextmanager
    def useless_if_refused(self) -> Iterator[None]:
        """Remove the parts if the block finds them incomplete or of two versions: nothing to resume from."""
        try:
            yield
        except UnreachableError:
            self.remove()
            raise

    def remove(self) -> None:
        """Throw all of them away."""
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def _label(self) -> Path:
        return self.directory / "query.json"

    def _write(self, what: bytes, prefix: str, table: pa.Table) -> None:
        if not self._label.exists():
            output_directory(self.directory)
            write_json(self._label, self.identity)
        name = f"{prefix}{hashlib.sha256(what).hexdigest()[:16]}.parquet"
        with atomic_write(self.directory / name) as draft:
            pq.write_table(table, draft)

    def _entry_paths(self) -> list[Path]:
        return sorted(self.directory.glob("[0-9a-f]*.parquet"))
