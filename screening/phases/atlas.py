"""Phases that a snapshot lacks, from machine-learned energies of mixing.

A machine-learned total energy never meets a calculated one in a hull. What joins is the energy of mixing of
a phase from salts that the snapshot has, all relaxed by the same potentials (``data/build_atlas.py``):

    E(phase) = Σ ν·E_snapshot(salt) + [E_model(phase) − Σ ν·E_model(salt)].

The standard deviation is what such energies were off by where the snapshot has the phase.
"""

import math
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from screening.errors import SnapshotError
from screening.phases.additions import AddedPhase, Origin
from screening.phases.composition import Formula, parse_formula, same_composition
from screening.phases.manifest import Manifest
from screening.phases.snapshot import Snapshot

if TYPE_CHECKING:
    import pandas as pd

Z_95 = 1.959964

ATLAS_FILE = "atlas.parquet"

LEAST_HELD_OUT = 19
"""Known phases of a family that a conformal 95 % interval needs; fewer borrow from all."""

NEAR_HULL_EV_PER_ATOM = 0.026
"""kT at room temperature: what the snapshot has further above its hull is another arrangement, such as a
guessed one, that the atlas need not meet."""

CITE = (
    "B. Deng et al., Nat. Mach. Intell. 5, 1031 (2023), doi:10.1038/s42256-023-00716-3",
    "Y. Park et al., J. Chem. Theory Comput. 20, 4857 (2024), doi:10.1021/acs.jctc.4c00190",
)
"""The potentials."""

WITH_ATLAS = "mp2019+atlas"
"""Name of the embedded snapshot with the phases of its atlas."""


def read_atlas(directory: Path) -> "pd.DataFrame":
    """The atlas beside a snapshot, one row a phase (columns: ``data/README.md``).

    Raises
    ------
    SnapshotError
        If there is none.
    """
    import pandas as pd

    path = directory / ATLAS_FILE
    if not path.is_file():
        raise SnapshotError("no atlas beside this snapshot", where=str(directory), remedy="choose mp2019")
    return pd.read_parquet(path)


def with_intervals(table: "pd.DataFrame") -> "pd.DataFrame":
    """Half width of the 95 % interval of each phase and its standard deviation, eV/atom.

    The width is conformal, from the errors of other phases that the snapshot has: of the same family, or of
    all where fewer than `LEAST_HELD_OUT` are known or these are off by more. It is never less than what the
    two potentials differ by.
    """
    known = _known(table)
    error = (table["mixing_ev_per_atom"] - table["snapshot_ev_per_atom"]).to_numpy(float)
    family = table["family"].to_numpy()
    widths = []
    for row in range(len(table)):
        others = known & (np.arange(len(table)) != row)
        own, every = error[others & (family == family[row])], error[others]
        width = _conformal(own)
        widths.append(width if len(own) >= LEAST_HELD_OUT else max(width, _conformal(every)))
    width = np.maximum(widths, table["spread_ev_per_atom"].to_numpy(float))
    return table.assign(half_width_ev_per_atom=width, sd_ev_per_atom=width / Z_95)


def _conformal(errors: np.ndarray) -> float:
    """The k-th smallest error, k = ⌈0.95 (n + 1)⌉; of fewer than 19 the largest; 0 of none."""
    n = len(errors)
    return float(np.sort(np.abs(errors))[min(n, math.ceil(0.95 * (n + 1))) - 1]) if n else 0.0


def _known(table: "pd.DataFrame") -> np.ndarray:
    """Which phases the snapshot has in an arrangement that does not decay; others say nothing of an error."""
    above = table["snapshot_above_hull_ev_per_atom"].to_numpy(float)
    return np.asarray(above <= NEAR_HULL_EV_PER_ATOM)  # NaN where it has none


def held_out(table: "pd.DataFrame") -> "pd.DataFrame":
    """Phases of an atlas that the snapshot has, with errors that their own intervals have not seen."""
    known = table[_known(table)]
    return known.assign(error_ev_per_atom=known["mixing_ev_per_atom"] - known["snapshot_ev_per_atom"])


def with_atlas(snapshot: Snapshot) -> Snapshot:
    """A snapshot with those phases of its atlas that it lacks, from its own energies of their salts.

    An estimate gives way; its band gap stays.
    """
    table = read_atlas(snapshot.directory or Path())
    additions: list[AddedPhase] = []
    gone: list[int] = []
    for row in table.to_dict("records"):
        formula = parse_formula(row["formula"])
        own = snapshot.find(formula)
        of_salts = [snapshot.find(parse_formula(text)) for text in row["salts"]]
        salts = [i for i in of_salts if i is not None]
        if len(salts) < len(of_salts) or (own is not None and not snapshot.phases.estimated[own]):
            continue
        gone += [] if own is None else [own]
        phases = snapshot.phases
        mixture = float(row["shares"] @ phases.formation_energy_ev_per_atom[salts])
        additions.append(
            AddedPhase(
                formula,
                mixture + row["mixing_ev_per_atom"],
                row["sd_ev_per_atom"],
                row["method"],
                volume_per_atom_a3=row["volume_per_atom_a3"],
                band_gap_ev=math.nan if own is None else float(phases.band_gap_ev[own]),
                origin=Origin.MACHINE_LEARNED,
            )
        )
    kept = snapshot.phases.take(np.setdiff1d(np.arange(len(snapshot)), gone))
    bare = replace(snapshot, phases=kept, manifest=atlas_manifest(snapshot.manifest))
    return bare.joined(additions)


def atlas_manifest(manifest: Manifest) -> Manifest:
    """The manifest of a snapshot, once its atlas has joined; its checksum is of both."""
    title = f"{manifest.title}, and machine-learned phases that it lacks"
    both = sha256(f"{manifest.checksum} {dict(manifest.file_sha256)[ATLAS_FILE]}".encode()).hexdigest()
    return replace(manifest, name=WITH_ATLAS, title=title, cite=(*manifest.cite, *CITE), checksum=both)


def in_atlas(snapshot: Snapshot, formula: Formula) -> bool:
    """Whether the atlas beside a snapshot holds a composition."""
    if snapshot.directory is None or not (snapshot.directory / ATLAS_FILE).is_file():
        return False
    texts = read_atlas(snapshot.directory)["formula"]
    return any(same_composition(formula, parse_formula(text)) for text in texts)
