"""The stamp of outputs that were computed from measured files."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from screening.lab.readers.text import read_bytes
from screening.provenance import Provenance

NAMED_FILES = 3
"""More files than this are counted in the stamp instead of named."""


def stamp(paths: Sequence[Path]) -> Provenance:
    """Provenance with the names of the files (without their directories) and a checksum of their contents.

    The checksum is the sha256 of the files' own sha256 digests, in the order given.

    Raises
    ------
    InputError
        If a file cannot be read.
    """
    digest = hashlib.sha256()
    for path in paths:
        digest.update(hashlib.sha256(read_bytes(path)).digest())
    names = [path.name for path in paths]
    source = ", ".join(names) if len(names) <= NAMED_FILES else f"{names[0]} and {len(names) - 1} more files"
    return Provenance.now(source, digest.hexdigest())
