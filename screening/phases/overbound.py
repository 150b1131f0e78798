"""Kinds of compounds that the embedded snapshot has wrong: named with the size that measured ones show.

* Sulfur beyond the highest common charge of transition and other metals (VS4, TiS3) is bound to sulfur, and
  carries the legacy correction of sulfides: that of a chain (`molecular_units`), or more (FeS2, with
  its metal in a lower state, is 1.1 eV off).
* Molecules of nitrogen, sulfur or selenium with halogens (IN4, NF2).
* Bromides and iodides beside the measured hydrogen halides: the free anion's error stays in the salts.
"""

from collections.abc import Collection
from functools import cache

import numpy as np

from screening.phases.corrections import is_anchored, is_corrected, molecule_rows, molecules, unit_corrections
from screening.phases.molecular_units import CHAIN, CHARGE_TOL, SALT_CHARGE
from screening.phases.periodic_table import N_ELEMENTS, metals, symbol
from screening.phases.snapshot import Phases, Snapshot

HALOGENS = ("F", "Cl", "Br", "I")

MOLECULES_OFF_EV_PER_ATOM = (0.25, 0.64)
"""By how much measured molecular halides (SCl, PCl3, SiCl4) are too stable."""

SALTS_OFF_KJ = {"Br": 52.0, "I": 38.0}
"""By how much salts of groups 1 and 2 lie above measurement, kJ per mole of halide: nine of each in
``anchors.csv``, with a scatter of 6."""


def overbound_cautions(snapshot: Snapshot, numbers: np.ndarray, known: Collection[str]) -> list[str]:
    """What to know of these phases, (n,) int array; formulas of `known` are told with measured values."""
    if not is_corrected(snapshot) or is_anchored(snapshot):
        return []
    taken = snapshot.phases.take(numbers)
    others = ~taken.added & ~np.isin(taken.formula, list(known))
    gap = excess_sulfur(taken) * unit_corrections()[CHAIN].correction_ev / taken.atoms
    told = [
        f"{taken.formula[i]}: holds sulfur bound to sulfur, too stable in this source by about {gap[i]:.2f} "
        "eV/atom or more"
        for i in np.flatnonzero(others & (gap > 0.0))
    ]
    low, high = MOLECULES_OFF_EV_PER_ATOM
    told += [
        f"{taken.formula[i]}: molecule without a measured enthalpy; its kind is {low:g} to {high:g} eV/atom "
        "too stable in this source"
        for i in np.flatnonzero(others & _molecular(taken))
    ]
    return told + _beside_acids(taken)


def excess_sulfur(phases: Phases) -> np.ndarray:
    """Sulfur per formula of metal sulfides beyond their highest common charges, (n_phases,) float array."""
    sulfur = phases.atoms_of(["S"])
    metal = phases.atoms_of(sorted(metals()))
    charge = phases.rows.reduced(np.add, phases.amount * _highest()[phases.atomic_number])
    excess = sulfur - charge / 2.0
    salts = phases.atoms_of(SALT_CHARGE)  # these alone are corrected
    counted = np.isclose(metal + sulfur, phases.atoms) & (metal - salts > 0.0) & (sulfur > 0.0)
    return np.where(counted & (excess > CHARGE_TOL), excess, 0.0)


@cache
def _highest() -> np.ndarray:
    """Highest common charge of each metal, 0 of others, (119,) float array."""
    from pymatgen.core import Element

    common = (Element.from_Z(z).common_oxidation_states for z in range(1, N_ELEMENTS + 1))
    charges = [max(each, default=0) for each in common]
    at = [symbol(z) in metals() for z in range(1, N_ELEMENTS + 1)]
    return np.array([0.0, *np.where(at, charges, 0)])


def _molecular(phases: Phases) -> np.ndarray:
    """Molecules of nitrogen, sulfur or selenium with halogens, (n_phases,) bool array."""
    centre, halogen = phases.atoms_of(("N", "S", "Se")), phases.atoms_of(HALOGENS)
    found = np.isclose(centre + halogen, phases.atoms) & (centre > 0.0) & (halogen > 0.0)
    for molecule, rows in molecule_rows(phases):
        found[rows] &= not molecule.measured
    return np.asarray(found)


def _beside_acids(phases: Phases) -> list[str]:
    """One line for each halide whose salts stand beside a measured hydrogen halide."""
    acids = {f"H{each}" for each in HALOGENS} & {m.formula.text for m in molecules() if m.measured}
    acid = next((name for name in phases.formula if name in acids), None)
    metal = phases.atoms_of(sorted(metals())) > 0.0
    return [
        f"{acid} is measured, salts of {halide} are calculated and lie about {off:.0f} kJ per mole of "
        f"{halide} too high: energies of this reaction are off by as much; --energies anchored takes what is "
        "measured"
        for halide, off in SALTS_OFF_KJ.items()
        if acid and (metal & (phases.atoms_of([halide]) > 0.0)).any()
    ]
