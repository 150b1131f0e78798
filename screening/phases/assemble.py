"""From fetched entries to the phases of a snapshot: ground states, formation energies, counts, manifest."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import median
from typing import Any

import pyarrow as pa

from screening.errors import UnreachableError
from screening.phases.composition import atomic_number, symbol
from screening.phases.entries import NON_COMMERCIAL, Entry
from screening.phases.schemes import SCHEMES, ThermoType
from screening.phases.snapshot import DILUTE_RATIO
from screening.phases.writer import PHASES_SCHEMA
from screening.provenance import today

LIVE_SCHEMA = pa.schema(
    [
        *PHASES_SCHEMA,
        pa.field("material_id", pa.string(), nullable=False),
        pa.field("run_type", pa.string(), nullable=False),
        pa.field("energy_ev_per_atom", pa.float64(), nullable=False),
        pa.field("correction_ev_per_atom", pa.float64(), nullable=False),
        pa.field("theoretical", pa.bool_()),
        pa.field("polymorphs", pa.int16(), nullable=False),
    ]
)
"""Columns of a fetched snapshot; those after the common ones describe the ground state."""

_DATABASE = (
    "A. Jain et al., APL Mater. 1, 011002 (2013), doi:10.1063/1.4812323",
    "S. P. Ong et al., Comput. Mater. Sci. 97, 209 (2015), doi:10.1016/j.commatsci.2014.10.037",
)


@dataclass(frozen=True)
class BandGap:
    """Gap of a phase and how many polymorphs it was taken from."""

    value_ev: float | None
    least_ev: float | None
    largest_ev: float | None
    polymorphs: int


def band_gap(polymorphs: Sequence[Entry]) -> BandGap:
    """Gap of the ground state; where that is unknown, the median over the other polymorphs.

    Parameters
    ----------
    polymorphs : sequence of Entry
        Of one composition, lowest energy first.
    """
    known = [entry.band_gap_ev for entry in polymorphs if entry.band_gap_ev is not None]
    if not known:
        return BandGap(None, None, None, 0)
    ground = polymorphs[0].band_gap_ev
    if ground is not None:
        return BandGap(ground, ground, ground, 1)
    return BandGap(median(known), min(known), max(known), len(known))


def usable(entries: Iterable[Entry], *, non_commercial: bool) -> list[Entry]:
    """Entries whose licence suits: those for non-commercial use only if asked for."""
    return [entry for entry in entries if non_commercial or entry.licence != NON_COMMERCIAL]


def phases_table(entries: Iterable[Entry]) -> pa.Table:
    """One row a composition: elements by atomic number, then compounds by formula.

    The formation energy is that of the lowest polymorph, against the lowest polymorphs of its elements.

    Raises
    ------
    UnreachableError
        If an element that occurs has no entry of its own.
    """
    phases = _by_phase(entries)
    elements = sorted((p for p in phases if len(p[0].elements) == 1), key=lambda p: p[0].elements)
    compounds = [p for p in phases if len(p[0].elements) > 1]
    elemental = {polymorphs[0].elements[0]: polymorphs[0] for polymorphs in elements}
    require_references({z for polymorphs in phases for z in polymorphs[0].elements}, elemental)
    rows = [_row(polymorphs, elemental) for polymorphs in (*elements, *compounds)]
    return pa.Table.from_pylist(rows, schema=LIVE_SCHEMA)


def _by_phase(entries: Iterable[Entry]) -> list[list[Entry]]:
    """Polymorphs of each composition by formula, lowest energy first."""
    ordered = sorted(entries, key=lambda e: (e.formula, e.energy_ev_per_atom, e.material_id))
    return [list(polymorphs) for _, polymorphs in groupby(ordered, key=lambda e: e.formula)]


def ground_states(entries: Iterable[Entry]) -> list[Entry]:
    """The lowest polymorph of each phase, by formula, without what the dilute rule leaves out."""
    lowest = [polymorphs[0] for polymorphs in _by_phase(entries)]
    return [each for each in lowest if max(each.amounts) / min(each.amounts) < DILUTE_RATIO]


def require_references(elements: Iterable[int], references: Iterable[int]) -> None:
    """Refuse elements without an elemental phase: no formation energy could be told.

    Raises
    ------
    UnreachableError
        If there is one.
    """
    lacking = sorted(set(elements) - set(references))
    if lacking:
        raise UnreachableError(
            f"the Materials Project gave no elemental reference for {', '.join(map(symbol, lacking))}",
            remedy="fetch again later, or with another --thermo-type",
        )


def require_content(chemsystems: Iterable[str], entries: Sequence[Entry]) -> None:
    """Refuse a system with nothing in it, or with an element that has no reference.

    Raises
    ------
    UnreachableError
        If there is one.
    """
    references = {entry.elements[0] for entry in entries if len(entry.elements) == 1}
    for chemsys in chemsystems:
        inside = {atomic_number(each) for each in chemsys.split("-")}
        if inside <= references:
            continue
        if not any(inside.issuperset(entry.elements) for entry in entries):
            raise UnreachableError(
                f"the Materials Project gave nothing in {chemsys}",
                remedy="check the system and the key's rights",
            )
        require_references(inside, references)


def describe(thermo_type: ThermoType, chemsystems: Sequence[str], database_version: str) -> dict[str, Any]:
    """What a manifest says of the scheme, the version and the licence."""
    scheme = SCHEMES[thermo_type]
    anchor = f" for {chemsystems[0]}" if thermo_type is ThermoType.MIXED else ""
    version = f"Materials Project v{database_version}"
    extent = f"{len(chemsystems)} chemical system(s)" if chemsystems else "everything"
    return {
        "title": f"{version}, {thermo_type.value}, {extent}",
        "energy_scheme": f"{scheme.name}{anchor}, 0 K",
        "database_version": version,
        "date": today(),
        "cite": [f"{version}, https://materialsproject.org", *_DATABASE, *scheme.cite],
    }


def counts(phases: pa.Table, kept: Sequence[Entry], left_out: int) -> dict[str, int]:
    """The counts that the manifest states; those on band gaps and volumes are of compounds."""
    rows = [row for row in phases.to_pylist() if len(row["elements"]) > 1]
    return {
        "elements": len(phases) - len(rows),
        "compounds": len(rows),
        "entries": len(kept),
        "with_band_gap": sum(row["band_gap_polymorphs"] > 0 for row in rows),
        "without_band_gap": sum(row["band_gap_polymorphs"] == 0 for row in rows),
        "theoretical": sum(row["theoretical"] is True for row in rows),
        "dilute": sum(max(row["amounts"]) / min(row["amounts"]) >= DILUTE_RATIO for row in rows),
        "non_commercial_kept": sum(entry.licence == NON_COMMERCIAL for entry in kept),
        "non_commercial_left_out": left_out,
        "licence_not_stated": sum(not entry.licence for entry in kept),
    }


def _row(polymorphs: list[Entry], elemental: Mapping[int, Entry]) -> dict[str, Any]:
    ground, gap = polymorphs[0], band_gap(polymorphs)
    atoms = sum(ground.amounts)
    parts = zip(ground.elements, ground.amounts, strict=True)
    elements_energy = sum(amount * elemental[z].energy_ev_per_atom for z, amount in parts) / atoms
    is_element = len(ground.elements) == 1
    return {
        "formula": ground.formula,
        "elements": list(ground.elements),
        "amounts": list(ground.amounts),
        "formation_energy_ev_per_atom": 0.0 if is_element else ground.energy_ev_per_atom - elements_energy,
        "band_gap_ev": gap.value_ev,
        "band_gap_min_ev": gap.least_ev,
        "band_gap_max_ev": gap.largest_ev,
        "band_gap_polymorphs": gap.polymorphs,
        "volume_per_atom_a3": ground.volume_per_atom_a3,
        "volume_source": "dft" if ground.volume_per_atom_a3 > 0.0 else "",
        "material_id": ground.material_id,
        "run_type": ground.run_type,
        "energy_ev_per_atom": ground.energy_ev_per_atom,
        "correction_ev_per_atom": ground.correction_ev_per_atom,
        "theoretical": ground.theoretical,
        "polymorphs": len(polymorphs),
    }
