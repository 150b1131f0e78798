"""Which compounds conduct ions, as measured: a small table with its sources, by composition."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from screening.files import packaged_rows
from screening.phases.composition import Formula, composition_key, parse_formula
from screening.phases.snapshot import Phases
from screening.phases.trade import composition_keys

INSULATES_BELOW_S_PER_CM = 1e-8
"""A compound that conducts less keeps ions back: 10 nm of it, a thin coating, already take 100 Ω cm²."""


@dataclass(frozen=True, kw_only=True)
class IonicConduction:
    """A measured ionic conductivity.

    Attributes
    ----------
    formula, ion : str
    s_per_cm : float
        At room temperature, of the best conducting preparation in the source.
    activation_energy_ev : float or None
    doi, note : str
    """

    formula: str
    ion: str
    s_per_cm: float
    activation_energy_ev: float | None
    doi: str
    note: str


@cache
def ionic_conduction() -> dict[tuple[tuple[int, ...], tuple[int, ...]], IonicConduction]:
    """The table, by `composition_key`."""
    found = {}
    for row in packaged_rows("screening.phases", "ionic.csv"):
        energy = row["activation_energy_ev"]
        one = IonicConduction(
            formula=row["formula"],
            ion=row["ion"],
            s_per_cm=float(row["s_per_cm"]),
            activation_energy_ev=float(energy) if energy else None,
            doi=row["doi"],
            note=row["note"],
        )
        found[composition_key(parse_formula(one.formula))] = one
    return found


def measured_conduction(formula: Formula) -> IonicConduction | None:
    """What is measured of a compound, by composition and not by spelling; None if it is not in the table."""
    return ionic_conduction().get(composition_key(formula))


def ionic_s_per_cm(phases: Phases, ion: str) -> np.ndarray:
    """Measured conductivity of an ion in each compound, (n,) float array; NaN where the table has none."""
    known = {key: one.s_per_cm for key, one in ionic_conduction().items() if one.ion == ion}
    return np.array([known.get(key, np.nan) for key in composition_keys(phases)])
