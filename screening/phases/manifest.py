"""What a snapshot says of itself."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from screening.errors import SnapshotError
from screening.files import from_json

MANIFEST_FILE = "manifest.json"
_REQUIRED = ("name", "energy_scheme", "database_version", "date", "licence", "checksum", "file_sha256")


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """Identity, origin and integrity of a snapshot.

    Attributes
    ----------
    name, title : str
    energy_scheme : str
        Exactly one; energies of different schemes never share a hull.
    database_version, date, source, licence : str
    cite : tuple of str
        What to cite when numbers from this snapshot are published.
    checksum : str
        sha256 over the content of the phase table, independent of the file format.
    file_sha256 : tuple of (file name, sha256)
    details : str
        The whole manifest as JSON text, with what only its builder knows (counts, query, versions).
    """

    name: str
    title: str
    energy_scheme: str
    database_version: str
    date: str
    source: str
    licence: str
    cite: tuple[str, ...]
    checksum: str
    file_sha256: tuple[tuple[str, str], ...]
    details: str

    def headline(self) -> dict[str, Any]:
        """What a list of snapshots says of this one."""
        counts = json.loads(self.details).get("counts")
        found = counts if isinstance(counts, dict) else {}
        phases = [n for n in (found.get("elements"), found.get("compounds")) if isinstance(n, int)]
        return {
            "name": self.name,
            "energy_scheme": self.energy_scheme,
            "database_version": self.database_version,
            "date": self.date,
            "phases": sum(phases) if phases else None,
            "title": self.title,
            "licence": self.licence,
            "checksum": self.checksum,
        }

    @classmethod
    def read(cls, directory: Path) -> "Manifest":
        """Read the manifest of a snapshot directory.

        Raises
        ------
        SnapshotError
            If it is missing, malformed or lacks a required entry.
        """
        path = directory / MANIFEST_FILE
        try:
            content: dict[str, Any] = from_json(path.read_text("utf-8"))
        except OSError as error:
            absent = isinstance(error, FileNotFoundError | NotADirectoryError)
            raise SnapshotError(
                f"{'no snapshot there' if absent else 'cannot be read'} ({error.strerror})",
                where=str(directory),
                remedy="see screening snapshot list",
            ) from None
        except ValueError as error:
            raise SnapshotError(
                f"damaged manifest ({error})", where=str(path), remedy="fetch or rebuild it"
            ) from None
        missing = [key for key in _REQUIRED if not isinstance(content, dict) or not content.get(key)]
        if missing:
            raise SnapshotError(
                f"manifest lacks {', '.join(missing)}", where=str(path), remedy="fetch or rebuild it"
            )
        if not isinstance(content["energy_scheme"], str):
            raise SnapshotError(
                f"mixed energy schemes {content['energy_scheme']!r}",
                where=str(path),
                remedy="keep one scheme per snapshot",
            )
        digests = content["file_sha256"]
        if not (isinstance(digests, dict) and all(isinstance(each, str) for each in digests.values())):
            raise SnapshotError(
                "file_sha256 is not a table of file names and digests",
                where=str(path),
                remedy="fetch or rebuild it",
            )
        cite = content.get("cite", [])
        if not (isinstance(cite, list) and all(isinstance(each, str) for each in cite)):
            raise SnapshotError("cite is not a list of references", where=str(path), remedy='write ["..."]')
        return cls(
            name=str(content["name"]),
            title=str(content.get("title", content["name"])),
            energy_scheme=content["energy_scheme"],
            database_version=str(content["database_version"]),
            date=str(content["date"]),
            source=str(content.get("source", "")),
            licence=str(content["licence"]),
            cite=tuple(cite),
            checksum=str(content["checksum"]),
            file_sha256=tuple(sorted(digests.items())),
            details=json.dumps(content, indent=1, ensure_ascii=False),
        )
