"""Energy schemes: which calculations and corrections may share a hull, and whom to cite for them."""

from dataclasses import dataclass
from enum import StrEnum


class ThermoType(StrEnum):
    """Energy schemes by the Materials Project's own names."""

    GGA_GGA_U = "GGA_GGA+U"
    R2SCAN = "R2SCAN"
    MIXED = "GGA_GGA+U_R2SCAN"


class Correction(StrEnum):
    """What is added to calculated energies before they share a hull."""

    LEGACY = "MaterialsProjectCompatibility"
    MP2020 = "MaterialsProject2020Compatibility"
    NONE = "none"
    MIXING = "MaterialsProjectDFTMixingScheme"


@dataclass(frozen=True)
class Scheme:
    """One energy scheme.

    Attributes
    ----------
    name : str
        As a manifest's energy scheme begins; the temperature follows.
    run_types : tuple of str
        Kinds of calculation that belong to it, in capitals.
    correction : Correction
    cite : tuple of str
    """

    name: str
    run_types: tuple[str, ...]
    correction: Correction
    cite: tuple[str, ...]


_GGA_U = "A. Jain et al., Phys. Rev. B 84, 045115 (2011), doi:10.1103/PhysRevB.84.045115"
_MP2020 = "A. Wang et al., Sci. Rep. 11, 15496 (2021), doi:10.1038/s41598-021-94550-5"
_R2SCAN = "R. Kingsbury et al., Phys. Rev. Mater. 6, 013801 (2022), doi:10.1103/PhysRevMaterials.6.013801"
_MIXING = "R. S. Kingsbury et al., npj Comput. Mater. 8, 195 (2022), doi:10.1038/s41524-022-00881-w"

LEGACY = Scheme("GGA/GGA+U, legacy MP corrections", ("GGA", "GGA+U"), Correction.LEGACY, (_GGA_U,))
"""The scheme of the embedded snapshot."""

SCHEMES = {
    ThermoType.GGA_GGA_U: Scheme(
        "GGA/GGA+U, MP2020 corrections", ("GGA", "GGA+U"), Correction.MP2020, (_GGA_U, _MP2020)
    ),
    ThermoType.R2SCAN: Scheme("r2SCAN", ("R2SCAN",), Correction.NONE, (_R2SCAN,)),
    ThermoType.MIXED: Scheme(
        "GGA/GGA+U/r2SCAN mixed",
        ("GGA", "GGA+U", "R2SCAN"),
        Correction.MIXING,
        (_GGA_U, _MP2020, _R2SCAN, _MIXING),
    ),
}
"""The schemes that can be fetched."""


def scheme_named(name: str) -> Scheme | None:
    """The scheme that a manifest names; None for one that is not known here."""
    known = (LEGACY, *SCHEMES.values())
    return next((scheme for scheme in known if name.startswith(scheme.name)), None)
