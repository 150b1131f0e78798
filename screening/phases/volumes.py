"""Measured volumes of compounds, which take the place of calculated or estimated ones that are far off."""

import csv
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from screening.phases.snapshot import Phases

VOLUMES_FILE = "measured_volumes.csv"
MEASURED = "measured"

FAR_OFF = 0.05
"""Relative. Calculated volumes scatter by 2 to 4 % about measured ones, and a part of that is common to both
sides of a reaction; what is beyond comes of another structure, of dispersion left out (LiI +19 %, SnS2 +10 %)
or of an additive estimate."""


@cache
def measured_volumes() -> dict[str, float]:
    """Å³ per atom by formula, of the unit cells in ``cells.toml``, which names their sources."""
    text = files("screening.phases").joinpath(VOLUMES_FILE).read_text("utf-8")
    return {row["formula"]: float(row["volume_per_atom_a3"]) for row in csv.DictReader(text.splitlines())}


def with_measured_volumes(phases: "Phases") -> "Phases":
    """The same phases, those off by more than `FAR_OFF` with their measured volume, marked as such."""
    known = measured_volumes()
    rows = np.array([i for i, name in enumerate(phases.formula) if name in known], dtype=int)
    measured = np.array([known[name] for name in phases.formula[rows]])
    far = ~(np.abs(phases.volume_per_atom_a3[rows] / measured - 1.0) <= FAR_OFF)  # an unknown one, too
    volume, source = phases.volume_per_atom_a3.copy(), phases.volume_source.copy()
    volume[rows[far]], source[rows[far]] = measured[far], MEASURED
    return replace(phases, volume_per_atom_a3=volume, volume_source=source)
