"""Constants and conversions; every other module takes them from here.

Those that define the SI since 2019 are exact (BIPM, The International System of Units, 9th edition).
"""

ELEMENTARY_CHARGE_C = 1.602176634e-19
AVOGADRO_PER_MOL = 6.02214076e23
BOLTZMANN_J_PER_K = 1.380649e-23
KELVIN_AT_0_CELSIUS = 273.15

FARADAY_C_PER_MOL = ELEMENTARY_CHARGE_C * AVOGADRO_PER_MOL
BOLTZMANN_EV_PER_K = BOLTZMANN_J_PER_K / ELEMENTARY_CHARGE_C

EV_TO_KJ_PER_MOL: float = FARADAY_C_PER_MOL / 1000.0
"""One eV per particle in kJ per mole of particles (96.485)."""

MAH_PER_MOL_OF_CHARGE: float = FARADAY_C_PER_MOL / 3.6
"""Charge of one mole of electrons in mAh (26 801)."""

LITHIUM_DENSITY_G_PER_CM3 = 0.534
"""Density of Li metal at 20 °C."""

CU_KA1_A, CU_KA2_A = 1.54059, 1.54443
"""Cu Kα1 and Kα2, Å: G. Hölzer et al., Phys. Rev. A 56, 4554 (1997), doi 10.1103/PhysRevA.56.4554."""

CU_KB_A = 1.39223
"""Cu Kβ1,3, Å: the same source."""

CU_KA_A = 1.54178
"""Cu Kα, Å: mean of Kα1 and Kα2 by 2:1 as rounded in doi 10.1002/aenm.202300815."""

A3_PER_ATOM_TO_CM3_PER_MOL: float = AVOGADRO_PER_MOL * 1e-24
"""Volume per atom in Å³ to molar volume of atoms in cm³/mol."""
