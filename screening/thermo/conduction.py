"""How well a phase conducts electrons: in a word, and as a degree between 0 and 1."""

from enum import IntEnum

import numpy as np

from screening.phases.composition import symbol
from screening.phases.periodic_table import metals, symbols
from screening.phases.snapshot import Phases
from screening.units import BOLTZMANN_EV_PER_K

INSULATING_GAP_EV = 2.0
"""PBE band gap from which a phase is called insulating: 3–4 eV measured, as PBE gives 50–70 % of a gap."""

PBE_SHARE_OF_GAP = 0.6
"""PBE band gap over the measured one, the middle of those 50–70 %.
J. P. Perdew, Int. J. Quantum Chem. 28 (S19), 497 (1985), doi 10.1002/qua.560280846."""

GAPLESS_S_PER_CM = 400.0
"""Intrinsic conductivity as the gap goes to 0, at 25 °C: e·µ·N with N = 2.5e19 cm⁻³ (the density of states of
a free electron) and a mobility of 100 cm²/Vs."""

LEAK_S_PER_CM = 1e-9
"""Electronic conductivity of a good sulfide electrolyte. A phase that conducts no better adds nothing to what
leaks through the layer anyway. F. Han et al., Nat. Energy 4, 187 (2019), doi 10.1038/s41560-018-0312-z."""

NO_CONDUCTION_GAP_EV = float(2.0 * BOLTZMANN_EV_PER_K * 298.15 * np.log(GAPLESS_S_PER_CM / LEAK_S_PER_CM))
"""Measured gap, 1.37 eV, at which the intrinsic conductivity GAPLESS·exp(−E/2kT) has come down to the leak.
The degree of conduction falls linearly to 0 there, as the logarithm of the conductivity does."""

ELEMENT_GAP_EV = {
    **{"B": 1.5, "C": 0.0, "Si": 1.12, "Ge": 0.66, "P": 0.33, "As": 0.0, "Sb": 0.0},
    **{"Se": 1.8, "Te": 0.33, "I": 1.3},
}
"""Measured gaps of nonmetals and metalloids in their stable form at 25 °C: graphite, grey arsenic and
antimony, which are semimetals, black phosphorus, trigonal selenium and tellurium. Other nonmetals, as sulfur,
insulate. O. Madelung, Semiconductors: Data Handbook (2004), doi 10.1007/978-3-642-18865-7; W. H. Strehlow,
E. L. Cook, J. Phys. Chem. Ref. Data 2, 163 (1973), doi 10.1063/1.3253115."""

ZINTL_ANIONS = {"Sn": 4, "Pb": 4, "Bi": 3, "Au": 1, "Pt": 2}
"""Metals that complete their shell with electrons of alkali and alkaline-earth metals: how many they take."""

ZINTL_CATIONS = {
    **dict.fromkeys(("Li", "Na", "K", "Rb", "Cs"), 1),
    **dict.fromkeys(("Mg", "Ca", "Sr", "Ba"), 2),
}


class ElectronicClass(IntEnum):
    """How a phase conducts electrons, in a word."""

    METALLIC = 0
    SEMICONDUCTING = 1
    INSULATING = 2
    AMBIGUOUS = 3
    UNKNOWN = 4

    @property
    def label(self) -> str:
        """Lower-case name."""
        return self.name.lower()


def electronic_class(phases: Phases) -> np.ndarray:
    """Electronic class of each phase, (n,) int array of `ElectronicClass`.

    Phases of metals only are metallic whatever their gap, save for `zintl_phases`. Elements go by the
    measured gap of their stable form, all others by the median PBE gap of their polymorphs. A phase with
    metallic and gapped polymorphs is ambiguous, one without a gap unknown.
    """
    gap = phases.band_gap_ev
    classes = np.full(len(phases), ElectronicClass.SEMICONDUCTING)
    classes[gap >= INSULATING_GAP_EV] = ElectronicClass.INSULATING
    classes[gap == 0.0] = ElectronicClass.METALLIC
    classes[(phases.band_gap_min_ev == 0.0) & (phases.band_gap_max_ev > 0.0)] = ElectronicClass.AMBIGUOUS
    classes[np.isnan(gap)] = ElectronicClass.UNKNOWN
    classes[_metallic(phases)] = ElectronicClass.METALLIC
    element = phases.n_elements == 1
    measured = element_gap_ev()[phases.atomic_number[phases.row_start[:-1]]]
    insulates = np.isinf(measured)
    classes[element] = np.select(
        [measured[element] == 0.0, insulates[element]],
        [ElectronicClass.METALLIC, ElectronicClass.INSULATING],
        ElectronicClass.SEMICONDUCTING,
    )
    return classes


def conduction_degree(phases: Phases) -> np.ndarray:
    """Degree of electronic conduction of each phase, (n,) float array: 1 as a metal, 0 as an insulator.

    In between it is linear in the gap, as the logarithm of the intrinsic conductivity is. Several polymorphs
    count alike, since the snapshot does not say which of them is meant: their mean is taken from the least,
    the median and the largest gap. A phase without a gap has 0, unless it holds metals only.
    """
    several = np.maximum(phases.band_gap_polymorphs, 2)
    low, median, high = (
        degree_of_gap(gap / PBE_SHARE_OF_GAP)
        for gap in (phases.band_gap_min_ev, phases.band_gap_ev, phases.band_gap_max_ev)
    )
    degree = np.nan_to_num((low + high + (several - 2) * median) / several)
    degree[_metallic(phases)] = 1.0
    element = phases.n_elements == 1
    degree[element] = degree_of_gap(element_gap_ev()[phases.atomic_number[phases.row_start[:-1][element]]])
    return degree


def degree_of_gap(gap_ev: np.ndarray) -> np.ndarray:
    """Degree of conduction by measured gap; NaN for NaN.

    Examples
    --------
    >>> degree_of_gap(np.array([0.0, 0.66, 1.12, 3.0])).round(2)
    array([1.  , 0.52, 0.18, 0.  ])
    """
    return np.clip(1.0 - gap_ev / NO_CONDUCTION_GAP_EV, 0.0, 1.0)


def gap_source(phases: Phases, phase: int) -> str:
    """Where electronic class and degree of conduction of one phase come from, in words."""
    one = phases.take(np.array([phase]))
    if one.n_elements[0] == 1:
        return "measured, stable form of the element"
    if _metallic(one)[0]:
        return "metals only"
    n = int(one.band_gap_polymorphs[0])
    if one.added[0] and n:
        return f"gap given with the phase, {one.origin[0]}"
    if n == 0:
        return "no gap known"
    if n == 1:
        return "PBE gap of the one known polymorph"
    low, high = one.band_gap_min_ev[0], one.band_gap_max_ev[0]
    return f"PBE gaps of {n} polymorphs ({low:.2f} to {high:.2f} eV)"


def zintl_phases(phases: Phases) -> np.ndarray:
    """Phases of metals that are salts by their electrons, (n,) bool array.

    Alkali and alkaline-earth metals give exactly what `ZINTL_ANIONS` take, as in Li3Bi, Mg2Sn and CsAu. Some
    of them are metals none the less (Mg2Pb), and their gap says which.
    """
    charge, known, takes = np.zeros(119), np.zeros(119, dtype=bool), np.zeros(119, dtype=bool)
    for name, electrons in {**ZINTL_CATIONS, **{k: -v for k, v in ZINTL_ANIONS.items()}}.items():
        charge[symbols()[name]], known[symbols()[name]] = electrons, True
        takes[symbols()[name]] = electrons < 0
    z = phases.atomic_number
    balance = phases.rows.reduced(np.add, charge[z] * phases.amount)
    every, some = (phases.rows.reduced(f, t[z]) for f, t in ((np.logical_and, known), (np.logical_or, takes)))
    return every & some & (np.abs(balance) < 1e-6)


def element_gap_ev() -> np.ndarray:
    """Measured gap of each element in its stable form, (119,) float array; infinite where it insulates."""
    gaps = np.where(metal_table(), 0.0, np.inf)
    for name, gap in ELEMENT_GAP_EV.items():
        gaps[symbols()[name]] = gap
    return gaps


def _metallic(phases: Phases) -> np.ndarray:
    """Phases that conduct whatever their gap."""
    return of_metals_only(phases) & ~(zintl_phases(phases) & ~np.isnan(phases.band_gap_ev))


def of_metals_only(phases: Phases) -> np.ndarray:
    """Phases all of whose elements are metals, (n,) bool array."""
    return phases.rows.reduced(np.logical_and, metal_table()[phases.atomic_number])


def metal_table() -> np.ndarray:
    """Which elements are metals (pymatgen's table), (119,) bool array by atomic number."""
    return np.array([False, *(symbol(z) in metals() for z in range(1, 119))])
