"""Calculated entries of the user's own, held to the energy scheme of the snapshot they are to join."""

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from screening.errors import InputError
from screening.phases.additions import AddedPhase, Origin
from screening.phases.composition import Formula, parse_formula, symbol
from screening.phases.schemes import Correction, Scheme, scheme_named
from screening.phases.spelling import conventional

ENTRY_CLASSES = ("ComputedEntry", "ComputedStructureEntry")

SAME_CORRECTION_EV_PER_ATOM = 1e-3
"""Corrections that differ by more belong to different schemes or versions; the least of any scheme is some
tens of meV/atom, and files round far below 1 meV/atom."""


@dataclass(frozen=True)
class Computed:
    """One calculated entry.

    Attributes
    ----------
    formula : Formula
    energy_ev_per_atom : float
        With the corrections of the scheme.
    run_type : str
    volume_per_atom_a3 : float
        NaN without a structure.
    """

    formula: Formula
    energy_ev_per_atom: float
    run_type: str
    volume_per_atom_a3: float


def phases_of_entries(rows: Sequence[Mapping[str, Any]], energy_scheme: str, path: Path) -> list[AddedPhase]:
    """Phases from pymatgen's dictionaries of `ComputedEntry` or `ComputedStructureEntry`.

    They must be of the snapshot's scheme in every respect that can be told: the kind of calculation
    (``parameters.run_type``), and the correction, which is worked out anew with pymatgen and must agree.
    Formation energies are taken against the lowest entries of the elements in the same file.

    Parameters
    ----------
    rows : sequence of mappings
    energy_scheme : str
        Of the snapshot.
    path : Path
        For messages and notes.

    Returns
    -------
    list of AddedPhase
        Lowest entry of each composition.

    Raises
    ------
    InputError
        If an entry is malformed or of another scheme, or an element has no entry.
    """
    lowest: dict[str, Computed] = {}
    for entry in sorted(checked_entries(rows, energy_scheme, path), key=lambda e: e.energy_ev_per_atom):
        lowest.setdefault(entry.formula.text, entry)
    elements = {e.formula.atomic_numbers[0]: e for e in lowest.values() if len(e.formula.amounts) == 1}
    compounds = [e for e in lowest.values() if len(e.formula.amounts) > 1]
    return [_added(each, elements, path) for each in compounds]


def checked_entries(rows: Sequence[Mapping[str, Any]], energy_scheme: str, path: Path) -> list[Computed]:
    """The entries, each held to the scheme as `phases_of_entries` says.

    Raises
    ------
    InputError
        If an entry is malformed or of another scheme.
    """
    scheme = _joinable(energy_scheme, path)
    return [_computed(row, scheme, f"{path}, entry {i}") for i, row in enumerate(rows, start=1)]


def _joinable(energy_scheme: str, path: Path) -> Scheme:
    scheme = scheme_named(energy_scheme)
    if scheme is None or scheme.correction is Correction.MIXING:
        reason = "is not one that is known here" if scheme is None else "refers to the hull of one system"
        raise InputError(
            f"calculated entries cannot join: the snapshot's scheme {energy_scheme!r} {reason}",
            where=str(path),
            remedy="give formation energies with their uncertainty, or choose another snapshot",
        )
    return scheme


def _added(entry: Computed, elements: Mapping[int, Computed], path: Path) -> AddedPhase:
    reference = 0.0
    for z, fraction in zip(entry.formula.atomic_numbers, entry.formula.fractions, strict=True):
        if z not in elements:
            raise InputError(
                f"no elemental reference for {symbol(z)}",
                where=f"{path}, {entry.formula.text}",
                remedy="add the entry of the element, calculated in the same way",
            )
        reference += fraction * elements[z].energy_ev_per_atom
    return AddedPhase(
        entry.formula,
        entry.energy_ev_per_atom - float(reference),
        0.0,
        f"calculated, {entry.run_type} ({path.name})",
        volume_per_atom_a3=entry.volume_per_atom_a3,
        origin=Origin.CALCULATED,
        as_source=True,
    )


def _computed(row: Mapping[str, Any], scheme: Scheme, where: str) -> Computed:
    from pymatgen.core import Composition

    try:
        composition = Composition(row["composition"])
        atoms = composition.num_atoms
        energy, correction = float(row["energy"]), float(row.get("correction") or 0.0)
        run_type = str((row.get("parameters") or {}).get("run_type") or "")
        volume = _volume_per_atom(row)
        formula = parse_formula(conventional(composition.get_el_amt_dict()))
    except (InputError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError):
        raise InputError(
            "not an entry as pymatgen writes it", where=where, remedy="write entry.as_dict()"
        ) from None
    if not (math.isfinite(energy) and math.isfinite(correction) and atoms > 0):
        raise InputError("energy is not a number", where=where, remedy="correct that entry")
    if run_type.upper() not in scheme.run_types:
        raise InputError(
            f"{formula.text} is of run type {run_type[:40] or 'unknown'!r}, the scheme takes "
            f"{' and '.join(scheme.run_types)}",
            where=where,
            remedy="give entries of the snapshot's scheme, with parameters.run_type",
        )
    expected = _expected_correction(row, scheme, formula, where)
    if abs(correction - expected) > SAME_CORRECTION_EV_PER_ATOM * atoms:
        raise InputError(
            f"{formula.text} carries a correction of {correction / atoms:.3f} eV/atom, "
            f"the snapshot's scheme gives {expected / atoms:.3f}",
            where=where,
            remedy=f"process the entries with {scheme.correction.value}",
        )
    return Computed(formula, (energy + correction) / atoms, run_type, volume)


def _volume_per_atom(row: Mapping[str, Any]) -> float:
    structure = row.get("structure")
    if not structure:
        return math.nan
    return float(structure["lattice"]["volume"]) / len(structure["sites"])


def _expected_correction(row: Mapping[str, Any], scheme: Scheme, formula: Formula, where: str) -> float:
    """Correction (eV per entry) that the scheme gives this calculation, by pymatgen."""
    from pymatgen.entries.compatibility import (
        CompatibilityError,
        MaterialsProject2020Compatibility,
        MaterialsProjectCompatibility,
    )
    from pymatgen.entries.computed_entries import ComputedEntry

    if scheme.correction is Correction.NONE:
        return 0.0
    uncorrected = ComputedEntry(
        row["composition"],
        float(row["energy"]),
        parameters=dict(row.get("parameters") or {}),
        data=dict(row.get("data") or {}),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if scheme.correction is Correction.LEGACY:
            rules: Any = MaterialsProjectCompatibility()
        else:
            rules = MaterialsProject2020Compatibility(check_potcar=False)
        try:
            corrected = rules.process_entry(uncorrected)
        except (CompatibilityError, ValueError, LookupError, TypeError, AttributeError):
            corrected = None
    if corrected is None:
        raise InputError(
            f"{formula.text} is not compatible with {scheme.correction.value}",
            where=where,
            remedy="give it as entry.as_dict() with all parameters and data",
        )
    return float(corrected.correction)
