"""Where a campaign lands: parquet parts, each written whole or not at all, under one manifest."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from screening import __version__
from screening.campaign.rows import Part
from screening.errors import InputError
from screening.files import output_directory, whole_file, write_json
from screening.provenance import Provenance

MANIFEST = "manifest.json"
PARTS = "parts"


@dataclass(frozen=True)
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
        found = _read_identity(manifest)
        if fresh and found is not None:
            for part in (directory / PARTS).glob("*.parquet"):
                part.unlink()
        elif found not in (None, identity):
            differing = [k for k, v in asdict(identity).items() if getattr(found, k) != v]
            raise InputError(
                f"holds results of another campaign ({', '.join(differing)} differ)",
                where=str(directory),
                remedy="choose another --out, or discard them with --fresh",
            )
        output_directory(directory / PARTS)
        write_json(manifest, asdict(identity))
        return cls(directory, identity)

    def done(self) -> frozenset[str]:
        """Names of the parts that are written."""
        return frozenset(path.stem for path in (self.directory / PARTS).glob("[!.]*.parquet"))

    def write(self, name: str, part: Part, provenance: Provenance) -> None:
        """Write one part whole; failures are rows with a stage and a reason."""
        table = part.table.append_column("failure_stage", pa.nulls(len(part.table), pa.string()))
        table = table.append_column("failure_reason", pa.nulls(len(part.table), pa.string()))
        if part.failures:
            failed = pa.table(
                {
                    "formula": [f.formula for f in part.failures],
                    "failure_stage": [f.stage for f in part.failures],
                    "failure_reason": [f.reason for f in part.failures],
                }
            )
            table = pa.concat_tables([table, failed], promote_options="default")
        stamp = {b"provenance": json.dumps(provenance.as_dict()).encode()}
        with whole_file(self.directory / PARTS / f"{name}.parquet") as draft:
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
            field.name for field in pq.read_schema(paths[0]) if not pa.types.is_list(field.type)
        ]
        return pa.concat_tables([pq.read_table(path, columns=wanted) for path in paths])


def failures(table: pa.Table) -> pa.Table:
    """Rows of a part table that stand for a failure: formula, stage, reason."""
    chosen = table.filter(pc.is_valid(table["failure_reason"]))
    return chosen.select(["formula", "failure_stage", "failure_reason"])


def _read_identity(path: Path) -> Identity | None:
    if not path.exists():
        return None
    try:
        return Identity(**json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        raise InputError(
            "damaged manifest", where=str(path), remedy="choose another --out, or remove that directory"
        ) from None
