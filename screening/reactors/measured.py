"""Measured formation enthalpies, and the reductions by the metal of a mobile ion that they add up to.

The values are those that the pymatgen distribution carries for its own fit of corrections; they are read from
the installed package.

References
----------
A. Wang et al., Sci. Rep. 11, 15496 (2021), doi 10.1038/s41598-021-94550-5.
"""

import gzip
import json
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

import numpy as np

from screening.errors import InputError
from screening.phases.composition import Formula, atomic_number, parse_formula
from screening.phases.snapshot import Snapshot
from screening.reactors.uncertainty import ANION_VALENCE
from screening.thermo.uptake import cation_charge

MEASURED_FILE = "exp_compounds.json.gz"


@dataclass(frozen=True, eq=False)
class Measured:
    """Measured formation enthalpies beside the calculated formation energies of one snapshot.

    Attributes
    ----------
    formula : tuple of Formula
    phase : (n,) int64 array
        Phase numbers of the snapshot.
    measured_ev, calculated_ev : (n,) float arrays
        Per formula as written.
    """

    formula: tuple[Formula, ...]
    phase: np.ndarray
    measured_ev: np.ndarray
    calculated_ev: np.ndarray

    @property
    def error_ev(self) -> np.ndarray:
        """Measured minus calculated, (n,) eV per formula as written."""
        return self.measured_ev - self.calculated_ev


@dataclass(frozen=True, eq=False, kw_only=True)
class Reductions:
    """Reductions of binary compounds by the metal of a mobile ion, as columns.

    Attributes
    ----------
    formula : (n,) object array of str
    cation, anion : (n,) int64 arrays
        Atomic numbers.
    ions : (n,) float array
        Mobile ions taken up per formula.
    metals, atoms : (n,) float arrays
        Cations, and all atoms, per formula of the compound.
    measured_ev, calculated_ev : (n,) float arrays
        Reaction energy per formula.
    """

    formula: np.ndarray
    cation: np.ndarray
    anion: np.ndarray
    ions: np.ndarray
    metals: np.ndarray
    atoms: np.ndarray
    measured_ev: np.ndarray
    calculated_ev: np.ndarray

    def __len__(self) -> int:
        return len(self.formula)

    @property
    def error_ev(self) -> np.ndarray:
        """Measured minus calculated, (n,) eV per formula."""
        return self.measured_ev - self.calculated_ev

    def take(self, rows: np.ndarray) -> "Reductions":
        """These rows only; an int or bool array."""
        return Reductions(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})


@cache
def valences() -> dict[int, int]:
    """`ANION_VALENCE` by atomic number."""
    return {atomic_number(symbol): v for symbol, v in ANION_VALENCE.items()}


def measured_enthalpies(snapshot: Snapshot) -> Measured:
    """Measured formation enthalpies of compounds that the snapshot holds, from the installed pymatgen.

    Raises
    ------
    InputError
        If the installed pymatgen does not carry them.
    """
    import pymatgen

    found = [path for root in pymatgen.__path__ for path in Path(root).rglob(MEASURED_FILE)]
    if not found:
        raise InputError(f"the installed pymatgen lacks {MEASURED_FILE}", remedy="install pymatgen>=2025.10")
    with gzip.open(found[0], "rt", encoding="utf-8") as stream:
        rows = json.load(stream)
    formulas, phases, measured, calculated = [], [], [], []
    for row in rows:
        formula = parse_formula(row["formula"])
        phase = snapshot.find(formula)
        if phase is not None and len(formula.atomic_numbers) > 1:
            formulas.append(formula)
            phases.append(phase)
            measured.append(float(row["exp energy"]))
            energy = snapshot.phases.formation_energy_ev_per_atom[phase]
            calculated.append(float(energy) * formula.n_atoms)
    return Measured(tuple(formulas), np.array(phases), np.array(measured), np.array(calculated))


def measured_salts(measured: Measured, ion: str) -> dict[int, int]:
    """Row of the salt of each anion (by atomic number) whose enthalpy is measured."""
    metal, charge = atomic_number(ion), cation_charge(ion)
    salts = {}
    for i, formula in enumerate(measured.formula):
        for z, v in valences().items():
            saturated = charge * formula.amount_of(metal) == v * formula.amount_of(z)
            if set(formula.atomic_numbers) == {metal, z} and saturated:
                salts[z] = i
    return salts


def measured_reductions(measured: Measured, ion: str = "Li", *, all_signs: bool = False) -> Reductions:
    """Reductions of the binary compounds whose salt of the ion is measured, too.

    Parameters
    ----------
    measured : Measured
    ion : str
    all_signs : bool
        Also what the metal does not reduce: a measured enthalpy above 0. The model is for reactors; potassium
        chloride and its like are none, and their errors are smaller.
    """
    valence, salts = valences(), measured_salts(measured, ion)
    metal, charge = atomic_number(ion), cation_charge(ion)
    rows = []
    for i, formula in enumerate(measured.formula):
        anions = [z for z in formula.atomic_numbers if z in valence]
        if len(formula.atomic_numbers) != 2 or metal in formula.atomic_numbers or len(anions) != 1:
            continue
        x = anions[0]
        if x in salts:
            units = formula.amount_of(x) / measured.formula[salts[x]].amount_of(x)
            rows.append((i, salts[x], x, formula.amount_of(x) * valence[x] / charge, units))
    place, salt, anion, ions, per_salt = (np.array(column) for column in zip(*rows, strict=True))
    formulas = [measured.formula[i] for i in place]
    cation = [next(z for z in f.atomic_numbers if z != x) for f, x in zip(formulas, anion, strict=True)]
    found = Reductions(
        formula=np.array([f.text for f in formulas], dtype=object),
        cation=np.array(cation),
        anion=anion,
        ions=ions,
        metals=np.array([f.amount_of(z) for f, z in zip(formulas, cation, strict=True)]),
        atoms=np.array([f.n_atoms for f in formulas]),
        measured_ev=per_salt * measured.measured_ev[salt] - measured.measured_ev[place],
        calculated_ev=per_salt * measured.calculated_ev[salt] - measured.calculated_ev[place],
    )
    return found if all_signs else found.take(found.measured_ev < 0.0)
