"""Calculations of the user's own, held to the energy scheme of the snapshot they are to join."""

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from screening.errors import InputError
from screening.phases.additions import AddedPhase, Origin
from screening.phases.composition import Formula, parse_formula, symbol
from screening.phases.schemes import Correction, Scheme, scheme_named
from screening.phases.sheets import MOST_FAULTS_TOLD, MOST_OF_FAULTS
from screening.phases.spelling import conventional

Item = TypeVar("Item")
Made = TypeVar("Made")

ENTRY_CLASSES = ("ComputedEntry", "ComputedStructureEntry")

SAME_CORRECTION_EV_PER_ATOM = 1e-3
"""Corrections that differ by more belong to different schemes or versions; the least of any scheme is some
tens of meV/atom, and files round far below 1 meV/atom."""


RUNS = (".xml", ".xml.gz", ".xml.bz2", ".xml.xz")
"""Ends of the names of VASP's own files, ``vasprun.xml`` and its compressed kin."""

PBE = {"PBE": "GGA", "PBE+U": "GGA+U"}
"""What the Materials Project calls the functional that a run names."""

TOTAL = "total_energy_ev_per_atom"
OF_RUN = ("run_type", "potcar_symbols", "hubbards")
"""Columns of a table of total energies that tell how they were calculated; the last for GGA+U alone."""


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


def is_run(path: Path) -> bool:
    """Whether a path is a run of VASP, or a folder of them."""
    return path.is_dir() or path.name.lower().endswith(RUNS)


def own_files(path: Path) -> list[Path]:
    """The file itself, or those of all runs in a folder and its subfolders.

    Raises
    ------
    InputError
        If the folder holds none.
    """
    found = sorted(path.rglob("vasprun*.xml*")) if path.is_dir() else [path]
    if not found:
        raise InputError("no vasprun.xml in this folder", where=str(path), remedy="name that of the runs")
    return found


def entry_of_run(file: Path) -> dict[str, Any]:
    """A finished run as the dictionary of an entry without corrections.

    Raises
    ------
    InputError
        If the file cannot be read, or the run has not converged.
    """
    from pymatgen.io.vasp.outputs import Vasprun

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            run = Vasprun(file, parse_dos=False, parse_eigen=False, parse_potcar_file=False)
            converged, entry = run.converged, run.get_computed_entry(entry_id=file.name).as_dict()
    except Exception as error:  # noqa: BLE001 - the parser raises whatever its parts do
        reason = getattr(error, "strerror", None) or "no vasprun.xml, or one that is cut off"
        raise InputError(
            f"cannot be read ({reason})", where=str(file), remedy="give a finished run"
        ) from None
    if not converged:
        raise InputError("the run has not converged", where=str(file), remedy="finish it, or leave it out")
    run_type = entry["parameters"]["run_type"]
    return {**entry, "parameters": {**entry["parameters"], "run_type": PBE.get(run_type, run_type)}}


def entry_of_total(row: Mapping[str, Any], where: str) -> dict[str, Any]:
    """A row of a table of total energies as the dictionary of an entry without corrections.

    Raises
    ------
    InputError
        Which names every column that lacks.
    """
    plus_u = str(row.get("run_type") or "").upper().endswith("+U")
    needed = ("formula", TOTAL, *(OF_RUN if plus_u else OF_RUN[:2]))
    if lacking := [name for name in needed if row.get(name) in (None, "")]:
        raise InputError(
            f"a total energy without {', '.join(lacking)}",
            where=where,
            remedy="tell how it was calculated: run_type GGA, potcar_symbols Li_sv F, hubbards Fe:5.3 F:0",
        )
    try:
        formula = parse_formula(str(row["formula"]))
        amounts = dict(zip(map(symbol, formula.atomic_numbers), map(float, formula.amounts), strict=True))
        us = (pair.partition(":") for pair in str(row.get("hubbards") or "").split())
        hubbards = {element: float(value) for element, _, value in us}
        energy = float(row[TOTAL]) * float(formula.n_atoms)
    except ValueError:
        raise InputError(f"{TOTAL} or hubbards is no number", where=where, remedy="correct it") from None
    parameters = {
        "run_type": str(row["run_type"]),
        "potcar_symbols": [f"PBE {name}" for name in str(row["potcar_symbols"]).split()],
        "is_hubbard": plus_u,
        "hubbards": hubbards,
    }
    return {"@class": "ComputedEntry", "composition": amounts, "energy": energy, "parameters": parameters}


def _as_it_is(row: Any, _where: str) -> Mapping[str, Any]:
    return row


def phases_of_entries(
    rows: Sequence[Any],
    energy_scheme: str,
    path: Path,
    *,
    names: Sequence[str] = (),
    made: Callable[[Any, str], Mapping[str, Any]] = _as_it_is,
) -> list[AddedPhase]:
    """Phases from pymatgen's dictionaries of `ComputedEntry` or `ComputedStructureEntry`.

    They must be of the snapshot's scheme in every respect that can be told: the kind of calculation
    (``parameters.run_type``), and the correction, which is worked out anew with pymatgen and must agree.
    Formation energies are taken against the lowest entries of the elements in the same file.

    Parameters
    ----------
    rows : sequence
        Mappings, or what `made` makes them of.
    energy_scheme : str
        Of the snapshot.
    path : Path
        For messages and notes.
    names : sequence of str
        Of runs or rows that are taken as they were calculated, and given the scheme's correction here;
        without them entries are held to the correction that they carry.
    made : callable
        Makes the mapping of a row and its name, as `entry_of_total` does.

    Returns
    -------
    list of AddedPhase
        Lowest entry of each composition.

    Raises
    ------
    InputError
        If entries are malformed or of another scheme, or elements have no entry; it names all of them.
    """
    lowest: dict[str, Computed] = {}
    checked = checked_entries(rows, energy_scheme, path, names=names, made=made)
    for entry in sorted(checked, key=lambda e: e.energy_ev_per_atom):
        lowest.setdefault(entry.formula.text, entry)
    elements = {e.formula.atomic_numbers[0]: e for e in lowest.values() if len(e.formula.amounts) == 1}
    compounds = [e for e in lowest.values() if len(e.formula.amounts) > 1]
    return _gathered(lambda each: _added(each, elements, path), compounds, path)


def checked_entries(
    rows: Sequence[Any],
    energy_scheme: str,
    path: Path,
    *,
    names: Sequence[str] = (),
    made: Callable[[Any, str], Mapping[str, Any]] = _as_it_is,
) -> list[Computed]:
    """The entries, each held to the scheme as `phases_of_entries` says.

    Raises
    ------
    InputError
        If entries are malformed or of another scheme; it names all of them.
    """
    scheme = _joinable(energy_scheme, path)
    wheres = names or [f"{path}, entry {i}" for i in range(1, len(rows) + 1)]

    def computed(item: tuple[Any, str]) -> Computed:
        row, where = item
        try:
            return _computed(made(row, where), scheme, where, raw=bool(names))
        except InputError as fault:
            raise InputError(fault.message, where=fault.where or where, remedy=fault.remedy) from None

    return _gathered(computed, [*zip(rows, wheres, strict=True)], path)


def _gathered(make: Callable[[Item], Made], items: Sequence[Item], path: Path) -> list[Made]:
    """What is made of every item.

    Raises
    ------
    InputError
        The fault if it is one; else one that names all, equal ones together.
    """
    made: list[Made] = []
    faults: list[InputError] = []
    for item in items:
        try:
            made.append(make(item))
        except InputError as fault:
            faults.append(fault)
    if len(faults) == 1:
        raise faults[0]
    alike: dict[str, list[str]] = {}
    for each in faults:
        reason = f"{each.message}; {each.remedy}" if each.remedy else each.message
        alike.setdefault(reason, []).append(each.where.removeprefix(f"{path}, "))
    if alike:
        told = [f"{', '.join(places)}: {reason}" for reason, places in alike.items()]
        more = len(told) - MOST_FAULTS_TOLD
        raise InputError(
            f"{len(faults)} entries cannot be used: {'; '.join(told[:MOST_FAULTS_TOLD])}"
            + (f"; and {more} more reasons" if more > 0 else ""),
            where=str(path),
            most=MOST_OF_FAULTS,
        )
    return made


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


def _computed(row: Mapping[str, Any], scheme: Scheme, where: str, *, raw: bool) -> Computed:
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
    correction = expected if raw else correction
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
        reason, corrected = "", None
        try:
            for part in getattr(rules, "corrections", ()):  # which would be passed over in silence
                part.get_correction(uncorrected)
            corrected = rules.process_entry(uncorrected)
        except (CompatibilityError, ValueError, LookupError, TypeError, AttributeError) as error:
            reason = f": {error}"
    if corrected is None:
        raise InputError(
            f"{formula.text} is not compatible with {scheme.correction.value}{reason}",
            where=where,
            remedy="calculate it with that scheme's settings, and give all parameters",
        )
    return float(corrected.correction)
