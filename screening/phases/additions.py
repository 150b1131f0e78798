"""Phases that join a snapshot from outside: estimates that lie beside it, and a user's own."""

import tomllib
from dataclasses import KW_ONLY, dataclass
from enum import StrEnum
from math import isfinite
from pathlib import Path

from screening.errors import InputError, SnapshotError
from screening.files import from_toml
from screening.phases.composition import Formula, parse_formula


class Origin(StrEnum):
    """Where the energy of an added phase comes from, as every mark says it."""

    CALCULATED = "calculated by you"
    MEASURED = "measured"
    ESTIMATED = "estimated"
    MACHINE_LEARNED = "machine-learned"
    GIVEN = "given by you"
    AT_HULL = "taken from the hull"


NOT_CALCULATED = (Origin.ESTIMATED, Origin.MACHINE_LEARNED)
"""Origins of phases that neither the source nor the user calculated or measured."""


@dataclass(frozen=True)
class AddedPhase:
    """A phase that joins a snapshot from outside: an estimate, or a user's own.

    Attributes
    ----------
    formula : Formula
    formation_energy_ev_per_atom, uncertainty_ev_per_atom : float
    note : str
        Method and sources; shown wherever the phase appears.
    volume_per_atom_a3, band_gap_ev : float
        NaN where unknown.
    origin : Origin
    as_source : bool
        Whether it is a calculation of the snapshot's own scheme, which is corrected as the snapshot is.
    replaces : bool
        Whether it takes the place of the snapshot's phase even where that is lower.
    remarks : tuple of str
        What was read for something else than its file writes.
    """

    formula: Formula
    formation_energy_ev_per_atom: float
    uncertainty_ev_per_atom: float
    note: str
    _: KW_ONLY
    volume_per_atom_a3: float = float("nan")
    band_gap_ev: float = float("nan")
    origin: Origin = Origin.ESTIMATED
    as_source: bool = False
    replaces: bool = False
    remarks: tuple[str, ...] = ()


def read_estimates(path: Path) -> list[AddedPhase]:
    """Estimated phases of a snapshot; an absent file is an empty list.

    Raises
    ------
    SnapshotError
        If the file is malformed.
    """
    if not path.exists():
        return []
    try:
        rows = from_toml(path.read_text("utf-8")).get("phase", [])
        estimates = [
            AddedPhase(
                parse_formula(row["formula"]),
                float(row["formation_energy_ev_per_atom"]),
                float(row["uncertainty_ev_per_atom"]),
                str(row["method"]),
                volume_per_atom_a3=float(row.get("volume_per_atom_a3", "nan")),
                band_gap_ev=float(row.get("band_gap_ev", "nan")),
                origin=Origin(row.get("origin", Origin.ESTIMATED)),
            )
            for row in rows
        ]
    except (InputError, tomllib.TOMLDecodeError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise SnapshotError(
            f"damaged ({error!r})", where=str(path), remedy="each [[phase]] needs formula, energy and method"
        ) from None
    for each in estimates:
        if not (isfinite(each.formation_energy_ev_per_atom) and each.uncertainty_ev_per_atom > 0.0):
            raise SnapshotError(
                f"{each.formula.text} lacks an energy with an uncertainty above 0",
                where=str(path),
                remedy="correct that phase",
            )
    return estimates
