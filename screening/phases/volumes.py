"""Measured volumes of compounds, which take the place of calculated or estimated ones that are far off."""

import csv
from functools import cache
from importlib.resources import files

import numpy as np

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


def take_measured(formula: np.ndarray, volume_a3: np.ndarray, source: np.ndarray) -> None:
    """Put measured volumes in place of those that are off by more than `FAR_OFF`, or unknown.

    Parameters
    ----------
    formula : ndarray
        (n,) object array of str.
    volume_a3, source : ndarray
        (n,) Å³ per atom, and where each comes from; changed in place.
    """
    known = measured_volumes()
    for row in (i for i, name in enumerate(formula) if name in known):
        measured = known[formula[row]]
        if not abs(volume_a3[row] / measured - 1.0) <= FAR_OFF:
            volume_a3[row], source[row] = measured, MEASURED
