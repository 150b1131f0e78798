"""Volumes of compounds estimated from the phases they would decompose into."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.optimize import linprog

VOLUME_DECIMALS = 3  # of an estimated volume (Å³/atom): far below its error, far above the solver's noise
TIE = 1e-6  # Å³/atom: a value this close below a half is a half that the solver's noise has touched
HELD_OUT = 3000  # compounds with a known volume on which the additive estimate is tried
HELD_OUT_SEED = 2019

MOLECULAR_A3 = {"H": 5.08, "N": 11.8, "O": 11.39, "F": 11.17, "Cl": 25.8}
"""Volume per atom (Å³) of elements of diatomic molecules, as bound in crystals (D. W. M. Hofmann, Acta Cryst.
B 58, 489 (2002), doi:10.1107/S0108768101021814). Where a compound decays with loss of gas, the condensed gas
would be counted two to three times too large: atoms bound in a solid lack the space between molecules."""


class AdditiveVolumes:
    """Volume of a compound as the sum over the competing phases that it would decompose into.

    The competing phases are those of its chemical system with a known volume; their amounts minimise the
    energy at the compound's composition (a linear programme), the compound itself left out. Molecular
    elements enter with the volume that they have in compounds, `MOLECULAR_A3`.
    """

    def __init__(self, phases: pd.DataFrame) -> None:
        known = phases[phases["volume_per_atom_a3"].notna()]
        self._energy = known["formation_energy_ev_per_atom"].to_numpy()
        self._formula = known["formula"].to_numpy()
        bound = known["formula"].map(MOLECULAR_A3)
        self._volume = bound.fillna(known["volume_per_atom_a3"]).to_numpy(float)
        self._fractions = [_fractions(row.elements, row.amounts) for row in known.itertuples()]
        self._by_system: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for index, elements in enumerate(known["elements"]):
            self._by_system[tuple(elements)].append(index)

    def estimate(self, formula: str, elements: Sequence[int], amounts: Sequence[float]) -> float:
        """Volume per atom (Å³); NaN where the known phases cannot make the composition."""
        competing = self._competing(formula, elements)
        if not competing:
            return float("nan")
        row = {z: i for i, z in enumerate(elements)}
        matrix = np.zeros((len(elements), len(competing)))
        for column, index in enumerate(competing):
            for z, fraction in self._fractions[index].items():
                matrix[row[z], column] = fraction
        target = np.asarray(amounts, dtype=float)
        answer = linprog(self._energy[competing], A_eq=matrix, b_eq=target / target.sum(), method="highs")
        return float(answer.x @ self._volume[competing]) if answer.success else float("nan")

    def _competing(self, formula: str, elements: Sequence[int]) -> list[int]:
        systems = (each for size in range(1, len(elements) + 1) for each in combinations(elements, size))
        inside = (index for system in systems for index in self._by_system.get(system, ()))
        return [index for index in inside if self._formula[index] != formula]


def _fractions(elements: Sequence[int], amounts: Sequence[float]) -> dict[int, float]:
    return {z: amount / sum(amounts) for z, amount in zip(elements, amounts, strict=True)}


def additive_volumes(phases: pd.DataFrame, rows: Iterable[int]) -> np.ndarray:
    """Additive estimates for the given rows of `phases` (Å³/atom)."""
    model = AdditiveVolumes(phases)
    chosen = phases.iloc[list(rows)]
    return np.array([model.estimate(row.formula, row.elements, row.amounts) for row in chosen.itertuples()])


def with_estimated_volumes(phases: pd.DataFrame) -> pd.DataFrame:
    """Fill the missing volumes with additive estimates, marked as such."""
    missing = np.flatnonzero(phases["volume_per_atom_a3"].isna())
    volume = phases["volume_per_atom_a3"].to_numpy().copy()
    volume[missing] = np.round(additive_volumes(phases, missing) + TIE, VOLUME_DECIMALS)
    source = phases["volume_source"].to_numpy(object).copy()
    source[missing] = np.where(np.isfinite(volume[missing]), "estimated", "")
    return phases.assign(volume_per_atom_a3=volume, volume_source=source)


def held_out_errors(phases: pd.DataFrame, size: int = HELD_OUT) -> pd.DataFrame:
    """Try the additive estimate on compounds whose volume is known.

    Returns
    -------
    pandas.DataFrame
        One row a compound: `formula`, `n_elements` and `error`, the estimate over the known volume less one.
    """
    known = np.flatnonzero(phases["volume_source"] == "dft")
    rows = np.sort(np.random.default_rng(HELD_OUT_SEED).permutation(known)[:size])
    actual = phases["volume_per_atom_a3"].to_numpy()[rows]
    error = additive_volumes(phases, rows) / actual - 1
    tried = phases.iloc[rows]
    size_of = tried["elements"].map(len).to_numpy()
    return pd.DataFrame({"formula": tried["formula"].to_numpy(), "n_elements": size_of, "error": error})
