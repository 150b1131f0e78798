"""Where snapshots live: the embedded one inside the package, the user's own in their data directory."""

import os
from dataclasses import dataclass
from pathlib import Path

from screening.display import Shown, Table
from screening.errors import SnapshotError
from screening.phases.atlas import WITH_ATLAS, atlas_manifest, with_atlas
from screening.phases.manifest import MANIFEST_FILE, Manifest
from screening.phases.snapshot import Snapshot

EMBEDDED = "mp2019"
"""Name of the snapshot that ships with the package."""

HOME_VARIABLE = "INTERPHASE_HOME"
"""Environment variable that moves the directory of the user's own snapshots."""


def snapshot_home() -> Path:
    """Directory of the user's own snapshots (it need not exist)."""
    from platformdirs import user_data_path

    moved = os.environ.get(HOME_VARIABLE)
    return Path(moved) if moved else user_data_path("interphase-screening") / "snapshots"


def _embedded_directory() -> Path:
    """The embedded snapshot: inside an installed wheel, beside the package in a source checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "data" / EMBEDDED
    return installed if installed.is_dir() else package.parent / "data" / EMBEDDED


def locate(name: str | Path = EMBEDDED) -> Path:
    """Directory of a snapshot given by name or by path.

    Raises
    ------
    SnapshotError
        If there is none, or a directory of that name cannot be looked into.
    """
    if str(name) in (EMBEDDED, "embedded", WITH_ATLAS):
        return _embedded_directory()
    fault: SnapshotError | None = None
    for directory in (Path(name), snapshot_home() / name):
        try:
            if (directory / MANIFEST_FILE).is_file():
                return directory
        except OSError as error:
            fault = fault or SnapshotError(
                f"directory cannot be read ({error.strerror})",
                where=str(directory),
                remedy="see screening snapshot list, or give a directory that you may read",
            )
    raise fault or SnapshotError(
        f"no snapshot {str(name)!r}", remedy="see screening snapshot list, or give the path of its directory"
    )


def open_snapshot(name: str | Path = EMBEDDED, *, keep_dilute: bool = False) -> Snapshot:
    """Read a snapshot by name or path; see `Snapshot.read` for what is refused."""
    found = Snapshot.read(locate(name), keep_dilute=keep_dilute)
    return with_atlas(found) if str(name) == WITH_ATLAS else found


def read_manifest(name: str | Path) -> Manifest:
    """Manifest of a snapshot by name or path; see `Manifest.read` for what is refused."""
    found = Manifest.read(locate(name))
    return atlas_manifest(found) if str(name) == WITH_ATLAS else found


def list_snapshots() -> list[Manifest]:
    """Manifests of the embedded snapshot and of the user's own, by name."""
    home = snapshot_home()
    own = sorted(path.parent for path in home.glob(f"*/{MANIFEST_FILE}")) if home.is_dir() else []
    return [Manifest.read(directory) for directory in (_embedded_directory(), *own)]


@dataclass(frozen=True)
class Survey(Shown):
    """All snapshots there are.

    Attributes
    ----------
    sound : tuple of Manifest
        The embedded one, then the user's own by name.
    damaged : tuple of SnapshotError
        Why others cannot be read.
    """

    sound: tuple[Manifest, ...]
    damaged: tuple[SnapshotError, ...]

    def display(self) -> Table:
        """Name, energy scheme, version, date and size of each."""
        import pandas as pd

        shown = ("name", "energy_scheme", "database_version", "date", "phases")
        rows = [{key.replace("_", " "): each.headline()[key] for key in shown} for each in self.sound]
        return Table("", pd.DataFrame(rows).astype(str))


def survey() -> Survey:
    """Look through the embedded snapshot and the user's own; a damaged one does not hide the others."""
    home = snapshot_home()
    own = sorted(path.parent for path in home.glob(f"[!.]*/{MANIFEST_FILE}")) if home.is_dir() else []
    sound, damaged = [], []
    for directory in (_embedded_directory(), *own):
        try:
            sound.append(Manifest.read(directory))
        except SnapshotError as error:
            damaged.append(error)
        else:
            if directory == _embedded_directory():
                sound.append(atlas_manifest(sound[0]))
    return Survey(tuple(sound), tuple(damaged))
