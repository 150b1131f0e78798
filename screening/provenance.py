"""The stamp on every output: what computed it, from which data, for which study, when."""

import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from screening import __version__
from screening.errors import InputError

SIMULATED = "simulated"
"""Word that stands in the label, the source and the metadata of all that was not measured."""

DATE_VARIABLE = "SOURCE_DATE_EPOCH"
"""Environment variable that sets the date of every stamp (a convention of reproducible builds)."""


def today() -> str:
    """UTC date as ISO text; ``SOURCE_DATE_EPOCH`` overrides it for reproducible output.

    Raises
    ------
    InputError
        If ``SOURCE_DATE_EPOCH`` is no number of seconds, or one of no calendar.
    """
    epoch = os.environ.get(DATE_VARIABLE)
    try:
        moment = datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
    except (ValueError, OverflowError, OSError):
        raise InputError(
            f"{epoch!r} is no date", where=DATE_VARIABLE, remedy="give whole seconds since 1970, or unset it"
        ) from None
    return moment.date().isoformat()


@dataclass(frozen=True)
class Provenance:
    """Where a number comes from.

    Attributes
    ----------
    package_version : str
        Version of this package.
    date : str
        UTC date of the computation.
    source : str
        Name of the snapshot, or of the measured files.
    source_checksum : str
        Content checksum of the source (sha256, hexadecimal).
    energy_scheme : str
        Energy scheme of the snapshot; empty for measurements.
    study : str
        Name of the study; empty where there is none.
    study_checksum : str
        Checksum of the study; empty where there is none.
    """

    package_version: str
    date: str
    source: str
    source_checksum: str
    energy_scheme: str = ""
    study: str = ""
    study_checksum: str = ""

    @classmethod
    def now(cls, source: str, source_checksum: str, **details: str) -> "Provenance":
        """Stamp for an output made now by this version of the package."""
        return cls(__version__, today(), source, source_checksum, **details)

    def as_dict(self) -> dict[str, str]:
        """Plain mapping for JSON and file metadata."""
        return asdict(self)

    def line(self) -> str:
        """One line for a table column, a caption or a figure's metadata."""
        source = f"{self.source} ({self.energy_scheme})" if self.energy_scheme else self.source
        parts = [
            f"interphase-screening {self.package_version}",
            source,
            f"sha256:{self.source_checksum[:12]}",
        ]
        if self.study:
            parts.append(f"study {self.study} sha256:{self.study_checksum[:12]}")
        return " | ".join([*parts, self.date])
