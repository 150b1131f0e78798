"""From products to a 3D anode: which of them conduct electrons, and what volume they fill."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from screening.phases.composition import atomic_masses_g, parse_formula, symbol
from screening.phases.snapshot import Phases, Snapshot
from screening.thermo.conduction import ElectronicClass, metal_table
from screening.thermo.lines import ProductRows
from screening.units import A3_PER_ATOM_TO_CM3_PER_MOL, LITHIUM_DENSITY_G_PER_CM3

SCHER_ZALLEN = 0.16
"""Critical volume fraction for percolation of monodisperse spheres in the continuum.
H. Scher, R. Zallen, J. Chem. Phys. 53, 3759 (1970), doi 10.1063/1.1674565."""


LITHIUM = 3


def alloy_former_table() -> np.ndarray:
    """Elements M that count as the alloying metal: metals, and Si, Ge, Sb; (119,) bool array.

    Never an anion former (P, N, chalcogens), whose lithium compounds are salts.
    """
    table = metal_table()
    table[[z for z in range(1, 119) if symbol(z) in ("Si", "Ge", "Sb")]] = True
    return table


@dataclass(frozen=True, eq=False)
class ProductVolumes:
    """Volumes of products, (n,) float arrays in cm³ per mole of reactor formula.

    Attributes
    ----------
    metal_cm3 : array
        What conducts electrons: each product by its degree of conduction.
    salt_cm3 : array
        The rest.
    unsure : (n,) bool array
        Whether a product's electronic class is ambiguous or unknown.
    """

    metal_cm3: np.ndarray
    salt_cm3: np.ndarray
    unsure: np.ndarray


def product_volumes(
    phases: Phases, classes: np.ndarray, degree: np.ndarray, rows: ProductRows, atoms: np.ndarray
) -> ProductVolumes:
    """Volumes of the products of several kinks.

    Parameters
    ----------
    phases : Phases
    classes : (n_phases,) int array
        From `conduction.electronic_class`.
    degree : (n_phases,) float array
        From `conduction.conduction_degree`.
    rows : ProductRows
    atoms : (n,) float array
        Atoms in the mixture per formula of reactor at each kink.
    """
    n = len(atoms)
    volume = (
        rows.amount * atoms[rows.owner] * phases.volume_per_atom_a3[rows.phase] * A3_PER_ATOM_TO_CM3_PER_MOL
    )
    conducts = degree[rows.phase]
    unsure = np.zeros(n, dtype=bool)
    unsure[rows.owner[classes[rows.phase] >= ElectronicClass.AMBIGUOUS]] = True
    return ProductVolumes(
        np.bincount(rows.owner, conducts * volume, minlength=n),
        np.bincount(rows.owner, (1.0 - conducts) * volume, minlength=n),
        unsure,
    )


@dataclass(frozen=True)
class Electrolyte:
    """What the volumes of a layer need to know of the electrolyte mixed into it."""

    molar_mass_g: float
    molar_volume_cm3: float

    @property
    def cm3_per_g(self) -> float:
        """Specific volume."""
        return self.molar_volume_cm3 / self.molar_mass_g


@dataclass(frozen=True, eq=False)
class Layer:
    """A reacted layer of reactor and electrolyte, (n,) float arrays.

    Attributes
    ----------
    metal_fraction, salt_fraction, electrolyte_fraction : arrays
        Volume fractions after the reaction; the electrolyte is taken as untouched.
    volume_change : array
        Volume of the reacted layer over that of the pressed powders, minus 1.
    volume_change_with_anode : array
        The same with the consumed lithium metal counted among the starting solids.
    """

    metal_fraction: np.ndarray
    salt_fraction: np.ndarray
    electrolyte_fraction: np.ndarray
    volume_change: np.ndarray
    volume_change_with_anode: np.ndarray


def layer(
    volumes: ProductVolumes,
    reactor_molar_mass_g: np.ndarray,
    reactor_molar_volume_cm3: np.ndarray,
    metal_consumed_cm3: np.ndarray,
    electrolyte: Electrolyte,
    wt_percent: float,
) -> Layer:
    """Volume fractions and volume change of a layer with `wt_percent` reactor by mass before the reaction.

    Parameters
    ----------
    volumes : ProductVolumes
    reactor_molar_mass_g, reactor_molar_volume_cm3, metal_consumed_cm3 : (n,) float arrays
        Per mole of reactor; the last is the anode metal that the reaction consumes.
    electrolyte : Electrolyte
    wt_percent : float
        Between 0 and 100.
    """
    moles = wt_percent / 100.0 / reactor_molar_mass_g
    electrolyte_cm3 = (1.0 - wt_percent / 100.0) * electrolyte.cm3_per_g
    metal, salt = moles * volumes.metal_cm3, moles * volumes.salt_cm3
    after = metal + salt + electrolyte_cm3
    before = moles * reactor_molar_volume_cm3 + electrolyte_cm3
    return Layer(
        metal / after,
        salt / after,
        electrolyte_cm3 / after,
        after / before - 1.0,
        after / (before + moles * metal_consumed_cm3) - 1.0,
    )


def anode_molar_volume_cm3(phases: Phases, phase: int) -> float:
    """Volume of one mole of atoms of an anode metal, cm³; lithium by its measured density."""
    if phases.atomic_number[phases.row_start[phase]] == LITHIUM:
        return float(atomic_masses_g()[LITHIUM]) / LITHIUM_DENSITY_G_PER_CM3
    return float(phases.volume_per_atom_a3[phase]) * A3_PER_ATOM_TO_CM3_PER_MOL


def interphase(
    snapshot: Snapshot, degree: np.ndarray, products: Mapping[str, float]
) -> tuple[str, tuple[str, ...]]:
    """Whether products block electrons or let an interphase grow, and which of them conduct.

    Parameters
    ----------
    snapshot : Snapshot
    degree : (n_phases,) float array
        From `conduction.conduction_degree`.
    products : mapping of str to float
        Moles by formula.

    Returns
    -------
    (str, tuple of str)
        ``growing`` where conducting products fill more than `SCHER_ZALLEN` of the volume, ``blocking`` where
        none conducts, ``may grow`` in between or where a gap or volume is unknown.
    """
    formulas = [parse_formula(name) for name in products]
    found = [snapshot.find(formula) for formula in formulas]
    rows = np.array([-1 if row is None else row for row in found])
    degrees = np.where(rows < 0, 0.0, degree[rows])
    volume = np.where(rows < 0, np.nan, snapshot.phases.volume_per_atom_a3[rows])
    volume *= [moles * each.n_atoms for moles, each in zip(products.values(), formulas, strict=True)]
    unknown = bool((np.isnan(snapshot.phases.band_gap_ev[rows]) & (degrees == 0.0) | (rows < 0)).any())
    conducting = tuple(name for name, each in zip(products, degrees, strict=True) if each > 0.0)
    if not conducting:
        return ("may grow" if unknown else "blocking"), ()
    share = float((degrees * volume).sum() / volume.sum())  # NaN where a volume is unknown
    return ("growing" if share >= SCHER_ZALLEN and not unknown else "may grow"), conducting
