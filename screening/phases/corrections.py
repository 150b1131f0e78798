"""One energy scheme for molecules and for solids that hold them: measured gases, corrected units.

The legacy corrections of the embedded snapshot leave its gases 0.7 to 2.8 eV per molecule too low, and solids
that hold the same bonds by as much per unit: 0.5 eV per hydroxide, 1.0 eV per water of hydration, 0.9 eV per
carbonate. Here gases take their measured enthalpy of formation, and each unit that `molecular_units`
recognises adds its mean error, fitted to measured enthalpies; what single compounds scatter about it, with
all compounds of the same metal left out of the fit, becomes an uncertainty of the phase. The standard state
of H2O is the gas at 1 bar. Enthalpies of 298 K stand for those of 0 K, as they do in the legacy corrections.
Phases without such units keep their energies to the last bit, and a snapshot of another scheme keeps all.

References
----------
Measured values: A. Wang et al., Sci. Rep. 11, 15496 (2021), doi:10.1038/s41598-021-94550-5, and the CRC
Handbook; hydrates: D. D. Wagman et al., J. Phys. Chem. Ref. Data 11, Suppl. 2 (1982). The fit:
``data/molecular_units.py``.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache

import numpy as np

from screening.errors import InputError
from screening.files import packaged_rows
from screening.phases.composition import SAME_FRACTION, Formula, parse_formula
from screening.phases.molecular_units import OTHER, UNITS, molecular_units
from screening.phases.schemes import LEGACY
from screening.phases.snapshot import Phases, Snapshot
from screening.units import EV_TO_KJ_PER_MOL

CORRECTED = f"{LEGACY.name}, molecular units to measurement"
"""Name of the scheme; the temperature follows."""

ANCHORED = f"{CORRECTED}, anchored to measured enthalpies"
"""Name of the scheme of `screening.phases.anchored`, which starts from this one."""

CITE = "A. Wang et al., Sci. Rep. 11, 15496 (2021), doi:10.1038/s41598-021-94550-5"

AT_0_K = ", 0 K"


class Energies(StrEnum):
    """Which energies of a snapshot count."""

    CORRECTED = "corrected"
    ANCHORED = "anchored"
    AS_PUBLISHED = "as-published"


@dataclass(frozen=True)
class Molecule:
    """A gas at 298.15 K and 1 bar.

    Attributes
    ----------
    formula : Formula
    enthalpy_ev, gibbs_energy_ev : float
        Of formation, per molecule; the latter NaN where it is not tabulated.
    measured : bool
        Whether its enthalpy replaces the calculated one. It does not for halides of B, C, N, Si, P, S and W,
        since salts that hold them (LiPF6, Na2SiF6) keep their calculated energies.
    """

    formula: Formula
    enthalpy_ev: float
    gibbs_energy_ev: float
    measured: bool


@cache
def molecules() -> tuple[Molecule, ...]:
    """The gases of which measured values are known."""
    return tuple(
        Molecule(
            parse_formula(row["formula"]),
            float(row["formation_enthalpy_kj_per_mol"]) / EV_TO_KJ_PER_MOL,
            float(row["gibbs_energy_kj_per_mol"] or "nan") / EV_TO_KJ_PER_MOL,
            row["measured_enthalpy"] == "1",
        )
        for row in packaged_rows("screening.phases", "molecules.csv")
    )


@dataclass(frozen=True)
class UnitCorrection:
    """What one molecular unit adds to an enthalpy, how well that is known, and what to G(298 K), eV."""

    correction_ev: float
    sd_ev: float
    thermal_ev: float


@cache
def unit_corrections() -> dict[str, UnitCorrection]:
    """The correction of each unit, in the order of `UNITS`."""
    rows = {row["unit"]: row for row in packaged_rows("screening.phases", "molecular_units.csv")}
    columns = ("correction_ev", "sd_ev", "thermal_ev")
    return {unit: UnitCorrection(*(float(rows[unit][each]) for each in columns)) for unit in UNITS}


def thermal_ev_per_atom(phases: Phases) -> np.ndarray:
    """What the units of each phase add to the descriptor of Gibbs energies at 298 K, (n_phases,) eV/atom."""
    per_unit = np.array([each.thermal_ev for each in unit_corrections().values()])
    return np.asarray(molecular_units(phases).count @ per_unit / phases.atoms)


def molecule_rows(phases: Phases) -> Iterator[tuple[Molecule, np.ndarray]]:
    """Each gas that the phases hold, with its phase numbers, (k,) int array."""
    for molecule in molecules():
        rows = rows_of(phases, molecule.formula)
        if len(rows):
            yield molecule, rows


def rows_of(phases: Phases, formula: Formula) -> np.ndarray:
    """Phase numbers of a composition, (k,) int array."""
    k = len(formula.atomic_numbers)
    rows = np.flatnonzero(phases.n_elements == k)
    rows = rows[phases.atomic_number[phases.row_start[rows]] == formula.atomic_numbers[0]]
    flat = phases.row_start[rows][:, None] + np.arange(k)
    same = (phases.atomic_number[flat] == formula.atomic_numbers).all(axis=1)
    same &= (np.abs(phases.fraction[flat] - formula.fractions) < SAME_FRACTION).all(axis=1)
    return rows[same]


@dataclass(frozen=True, eq=False)
class Shift:
    """What the scheme changes of each phase, (n_phases,) float arrays in eV/atom; both 0 where nothing."""

    energy_ev_per_atom: np.ndarray
    sd_ev_per_atom: np.ndarray


def shift(phases: Phases) -> Shift:
    """What the scheme adds to the energy of each phase, and the uncertainty that this brings."""
    units, table = molecular_units(phases), unit_corrections().values()
    energy = units.count @ np.array([each.correction_ev for each in table])
    held, others = np.flatnonzero(units.count.any(axis=1)), [UNITS.index(unit) for unit in OTHER]
    sd = np.array([each.sd_ev for each in table]) * units.count[held]
    of_others = sd[:, others].sum(axis=1)
    sd[:, others] = 0.0
    energy, variance = energy / phases.atoms, np.zeros(len(phases))
    variance[held] = ((sd**2).sum(axis=1) + of_others**2) / phases.atoms[held] ** 2
    for molecule, rows in molecule_rows(phases):
        energy[rows] = variance[rows] = 0.0
        if molecule.measured:
            measured = molecule.enthalpy_ev / molecule.formula.n_atoms
            energy[rows] = measured - phases.formation_energy_ev_per_atom[rows]
    return Shift(energy, np.sqrt(variance))


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


def is_corrected(snapshot: Snapshot) -> bool:
    """Whether the energies of a snapshot are those of this scheme."""
    return snapshot.manifest.energy_scheme.startswith(CORRECTED)


def is_anchored(snapshot: Snapshot) -> bool:
    """Whether its energies are anchored to measured enthalpies."""
    return snapshot.manifest.energy_scheme.startswith(ANCHORED)


def scheme_energies(energy_scheme: str) -> Energies:
    """With which energies a snapshot is to be opened for those of this scheme."""
    if energy_scheme.startswith(ANCHORED):
        return Energies.ANCHORED
    published = energy_scheme.startswith(LEGACY.name) and not energy_scheme.startswith(CORRECTED)
    return Energies.AS_PUBLISHED if published else Energies.CORRECTED


def corrected(snapshot: Snapshot) -> Snapshot:
    """The snapshot in this scheme; itself where that is not fitted to its energies, or already done.

    Added phases, which estimate or give a formation energy of their own, keep it.
    """
    manifest = snapshot.manifest
    if manifest.energy_scheme != LEGACY.name + AT_0_K:
        return snapshot
    calculated = np.flatnonzero(~snapshot.phases.added)
    phases = shifted(snapshot.phases, calculated)
    details = json.loads(manifest.details)
    details["molecular_units"] = {
        "phases_changed": int(
            (phases.formation_energy_ev_per_atom != snapshot.phases.formation_energy_ev_per_atom).sum()
        ),
        "gases_measured": sum(each.measured for each in molecules()),
        "corrections_ev": {unit: each.correction_ev for unit, each in unit_corrections().items()},
    }
    stamped = replace(
        manifest,
        energy_scheme=CORRECTED + AT_0_K,
        cite=(*manifest.cite, CITE),
        details=json.dumps(details, indent=1, ensure_ascii=False),
    )
    return replace(snapshot, manifest=stamped, phases=phases)


def shifted(phases: Phases, rows: np.ndarray) -> Phases:
    """The phases with some of them, an int array, taken from the legacy scheme to this one."""
    change = shift(phases.take(rows))
    at = (change.energy_ev_per_atom != 0.0) | (change.sd_ev_per_atom > 0.0)
    energies, sds = phases.formation_energy_ev_per_atom.copy(), phases.uncertainty_ev_per_atom.copy()
    energies[rows[at]] += change.energy_ev_per_atom[at]
    sds[rows[at]] = np.hypot(sds[rows[at]], change.sd_ev_per_atom[at])
    return replace(phases, formation_energy_ev_per_atom=energies, uncertainty_ev_per_atom=sds)
