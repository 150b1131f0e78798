"""The phases that a command works on: a snapshot, the user's own phases, a temperature."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from screening.display import Shown, Table
from screening.errors import InputError, SnapshotError
from screening.phases.anchored import anchored, with_anchored
from screening.phases.corrections import Energies, corrected, is_anchored, is_corrected, shifted
from screening.phases.distrust import widened
from screening.phases.library import EMBEDDED, locate, open_snapshot, snapshot_home
from screening.phases.manifest import MANIFEST_FILE, Manifest
from screening.phases.snapshot import Snapshot
from screening.phases.temperature import at_temperature
from screening.phases.user_phases import read_phases


def load_snapshot(
    snapshot: str | Path | Snapshot = EMBEDDED,
    phases: str | Path | None = None,
    temperature_k: float | None = None,
    energies: str = Energies.CORRECTED,
) -> Snapshot:
    """Open a snapshot, correct it, join the user's own phases, and take it to a temperature, in this order.

    Nothing here goes to the network.

    Parameters
    ----------
    snapshot : str, Path or Snapshot
        Name or directory, or one that is open.
    phases : str or Path, optional
        File of further phases; see `read_phases`.
    temperature_k : float, optional
        See `at_temperature`; without it, energies stay those of 0 K.
    energies : str
        ``corrected``: gases measured, and solids with molecular units corrected to match (see `corrections`);
        ``anchored``: measured enthalpies where there are any (see `anchored`); ``as-published``: as the
        source has them.

    Returns
    -------
    Snapshot
        Its manifest's name tells which file was joined, its energy scheme which temperature was taken, so
        that every provenance stamp does.

    Raises
    ------
    SnapshotError
        If there is no such snapshot, or it is damaged.
    InputError
        If the file or the temperature cannot be used.
    """
    chosen = chosen_energies(energies)
    gathered = snapshot if isinstance(snapshot, Snapshot) else open_snapshot(snapshot)
    if chosen is not Energies.AS_PUBLISHED:
        gathered = corrected(gathered)
    elif is_corrected(gathered):
        raise InputError(
            "this snapshot is corrected already",
            where="energies",
            remedy="open it with energies='as-published'",
        )
    gathered = widened(gathered)
    if chosen is Energies.ANCHORED:
        gathered = anchored(gathered)
    if phases is not None:
        gathered = _joined(gathered, Path(phases))
    return gathered if temperature_k is None else at_temperature(gathered, temperature_k)


def chosen_energies(name: str) -> Energies:
    """The choice of this name.

    Raises
    ------
    InputError
        If there is none.
    """
    if name not in list(Energies):
        raise InputError(
            f"no energies {str(name)[:40]!r}", where="energies", remedy=f"choose {', '.join(Energies)}"
        )
    return Energies(name)


def _joined(snapshot: Snapshot, path: Path) -> Snapshot:
    additions = read_phases(path, snapshot)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    name = f"{snapshot.manifest.name} + {path.name} (sha256:{digest[:12]})"
    joined = replace(snapshot.joined(additions), manifest=replace(snapshot.manifest, name=name))
    calculated = np.array(
        [len(snapshot) + i for i, each in enumerate(additions) if each.calculated], dtype=np.int64
    )
    if not (is_corrected(snapshot) and len(calculated)):
        return joined
    joined = replace(joined, phases=shifted(joined.phases, calculated))
    return with_anchored(joined, calculated) if is_anchored(joined) else joined


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
    for directory in (locate(), *own):
        try:
            sound.append(Manifest.read(directory))
        except SnapshotError as error:
            damaged.append(error)
    return Survey(tuple(sound), tuple(damaged))
