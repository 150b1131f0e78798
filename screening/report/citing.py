"""What to cite for the numbers of a campaign."""

from dataclasses import dataclass

from screening import __version__
from screening.errors import SnapshotError
from screening.phases.library import read_manifest
from screening.provenance import Provenance

METHOD = "H. Duan et al., Adv. Energy Mater. 13, 2300815 (2023), doi:10.1002/aenm.202300815"


def package(version: str = __version__) -> str:
    """The package as it is cited."""
    return f"Interphase (interphase-screening {version})"


@dataclass(frozen=True)
class Citation:
    """References for one campaign.

    Attributes
    ----------
    package, method : str
    data : tuple of str
        References of the snapshot; empty where it is not at hand.
    licence : str
        Of the snapshot's data.
    remark : str
        Why there are no references of the data; empty where there are.
    """

    package: str
    method: str
    data: tuple[str, ...]
    licence: str
    remark: str


def citation(provenance: Provenance) -> Citation:
    """References of the package, the method, and the very snapshot that the stamp names.

    A snapshot of the same name with another checksum is not cited: it is other data. Phases that joined it,
    named in the stamp after a plus sign, have no references of their own.
    """
    source = provenance.source.partition(" + ")[0]
    own = package(provenance.package_version)
    try:
        manifest = read_manifest(source)
    except SnapshotError:
        remark = f"The snapshot {source} is not on the machine that wrote this page."
        return Citation(own, METHOD, (), "", remark)
    if manifest.checksum != provenance.source_checksum:
        remark = f"The snapshot {source} on the machine that wrote this page has another checksum."
        return Citation(own, METHOD, (), "", remark)
    return Citation(own, METHOD, manifest.cite, manifest.licence, "")
