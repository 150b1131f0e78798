"""Measured formation enthalpies, and the reductions by the metal of a mobile ion that they add up to.

The values are the anchors of the package (`phases.anchored`): several tables, medians where they disagree,
nothing where they disagree too much.
"""

from dataclasses import dataclass, fields
from functools import cache

import numpy as np

from screening.phases.anchored import Anchors
from screening.phases.composition import Formula, atomic_number, symbol
from screening.phases.distrust import distrusted
from screening.phases.snapshot import Snapshot
from screening.reactors.bound import ANION_VALENCE, WEAK_ANIONS
from screening.thermo.uptake import cation_charge


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
    energy_scheme : str
        Of the calculated ones.
    """

    formula: tuple[Formula, ...]
    phase: np.ndarray
    measured_ev: np.ndarray
    calculated_ev: np.ndarray
    energy_scheme: str

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

    @property
    def set_free(self) -> np.ndarray:
        """Cations per formula, no more than the charge of the anions, (n,)."""
        valence = np.array([valences()[z] for z in self.anion.tolist()])
        return np.minimum(self.metals, (self.atoms - self.metals) * valence)

    def take(self, rows: np.ndarray) -> "Reductions":
        """These rows only; an int or bool array."""
        return Reductions(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})


@cache
def valences() -> dict[int, int]:
    """`ANION_VALENCE` by atomic number."""
    return {atomic_number(symbol): v for symbol, v in ANION_VALENCE.items()}


@cache
def cation_class(z: int) -> str:
    """Kind of the element that reduction sets free."""
    from pymatgen.core import Element

    element = Element.from_Z(z)
    if element.is_alkali or element.is_alkaline:
        return "alkali metals" if element.is_alkali else "alkaline earths"
    if element.is_lanthanoid or element.is_actinoid or element.symbol in ("Sc", "Y"):
        return "rare earths, actinoids"
    if element.symbol in ("Zn", "Cd", "Hg") or element.is_post_transition_metal:
        return "post-transition"
    if element.is_transition_metal:
        return "3d" if element.row == 4 else "4d, 5d"
    return "metalloids, non-metals"


def measured_enthalpies(snapshot: Snapshot) -> Measured:
    """Measured formation enthalpies of the compounds that the snapshot holds."""
    anchors = Anchors.read()
    found = [snapshot.find(formula) for formula in anchors.formula]
    rows = [i for i in np.flatnonzero(anchors.measured).tolist() if found[i] is not None]
    formulas, phases = tuple(anchors.formula[i] for i in rows), np.array([found[i] for i in rows])
    atoms = np.array([formula.n_atoms for formula in formulas])
    return Measured(
        formula=formulas,
        phase=phases,
        measured_ev=anchors.ev_per_atom[rows] * atoms,
        calculated_ev=snapshot.phases.formation_energy_ev_per_atom[phases] * atoms,
        energy_scheme=snapshot.manifest.energy_scheme,
    )


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


def measured_reductions(
    measured: Measured, ion: str = "Li", *, all_signs: bool = False, trusted: bool = True
) -> Reductions:
    """Reductions of the binary compounds whose salt of the ion is measured, too.

    Parameters
    ----------
    measured : Measured
    ion : str
    all_signs : bool
        Also what the metal does not reduce: a measured enthalpy above 0. The model is for reactors; potassium
        chloride and its like are none, and their errors are smaller.
    trusted : bool
        Without valences whose calculated energies are known to be wrong (`phases.distrust`).
    """
    valence, salts = valences(), measured_salts(measured, ion)
    metal, charge = atomic_number(ion), cation_charge(ion)
    rows = []
    for i, formula in enumerate(measured.formula):
        anions = [z for z in formula.atomic_numbers if z in valence]
        anions = [z for z in anions if symbol(z) not in WEAK_ANIONS[:2]] or anions
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
    wrong = {(each.element, each.valence) for each in distrusted(measured.energy_scheme) if trusted}
    of = zip(found.cation.tolist(), (found.ions * charge / found.metals).round().tolist(), strict=True)
    good = np.array([(symbol(z), valence) not in wrong for z, valence in of])
    return found.take(good & (all_signs | (found.measured_ev < 0.0)))
