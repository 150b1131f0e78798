"""What the head of a diffraction file says: its wavelength, or that it is no powder pattern at all."""

import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

from screening.errors import InputError
from screening.lab.readers.numbers import numbers_or_nan
from screening.lab.readers.stamp import STAMP_COLUMN
from screening.lab.readers.text import decode, find_table, parse_table

HEAD_BYTES = 2**16
MOST_MEMBERS = 32
"""Of a packed file (.brml, .rasx), whose heads are looked at."""

SAME_WAVELENGTH = 3e-3
"""Kα1, Kα2 and their mean differ by 0.25 %, anodes by 8 % and more."""

POSSIBLE_A = (0.1, 3.0)

ANODES_A = {"ag": 0.5608, "mo": 0.7107, "cu": 1.5418, "co": 1.7903, "fe": 1.9373, "cr": 2.2910}
"""Kα of the anodes in use, doublets by intensity, Å: J. A. Bearden, Rev. Mod. Phys. 39, 78 (1967), doi
10.1103/RevModPhys.39.78."""

_STATED = re.compile(
    r"(?:wave[\s_-]?length|lambda|k[\s_-]?alpha|_wl1)[^\d\n]{0,40}?(?:alpha[\s_-]?)?1?[^\d\n]{0,40}?"
    r"(?<![\d.])(\d\.\d{3,8})",
    re.IGNORECASE,
)
_ANODE = re.compile(r"\b(Ag|Mo|Cu|Co|Fe|Cr)\W{0,3}K\W{0,2}(?:alpha|a\d?\b|α)", re.IGNORECASE)
_MOMENTUM = re.compile(r"\b(?:q|s)\s*[\[(/]?\s*(?:1/|(?:Å|A|Angstrom|nm)\s*\^?[-−⁻])", re.IGNORECASE)

LEAST_END_DEG = 5.0
"""Powder patterns go further; what ends before is in radians, or a scattering vector."""

_OTHER_ABSCISSA = re.compile(
    r"^[\s\"'#]*(?:(?P<spacing>d|d[-_ ]?spacing|d[-_ ]?value)|(?P<half>theta|θ)|"
    r"(?P<radians>2[-_ ]?(?:theta|θ)))"
    r"[\s_]*(?P<unit>[\[(/][^,;\t]*)?[\"']?[,;\t][\s\"']*(?:i\b|int|count|cps|y\b)",
    re.IGNORECASE | re.MULTILINE,
)
"""A first column, beside intensities, that is not 2θ in degrees."""


_SCANS = tuple(
    re.compile(each) for each in (rb"<scan[\s>]", rb"\*RAS_DATA_START", rb"(?m)^_(?:2THETA)?(?:COUNTS|CPS)\b")
)
_PACKED_SCAN = re.compile(r"(?:RawData\d+\.xml|Profile\d+\.txt)$", re.IGNORECASE)
_DEVIATION = re.compile(r"sig|err|esd|dev|σ|std|unc", re.IGNORECASE)

EVEN_DEVIATION = 0.05
"""The square of a counted intensity's deviation goes with the intensity, but for so much."""


_UNREADABLE = (OSError, ValueError, RuntimeError, NotImplementedError, EOFError, zipfile.BadZipFile)


def head_of(data: bytes) -> str:
    """Text at the beginning of a file, of each member where it is packed; what is no text says nothing."""
    if not data.startswith(b"PK\x03\x04"):
        return data[:HEAD_BYTES].decode("utf-8", errors="replace")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            heads = []
            for item in archive.infolist()[:MOST_MEMBERS]:
                with archive.open(item) as member:
                    heads.append(member.read(HEAD_BYTES).decode("utf-8", errors="replace"))
    except _UNREADABLE:
        return ""
    return "\n".join(heads)


def beside_the_first(data: bytes, path: Path) -> str:
    """What a file holds besides its first pattern: further scans, columns that are no deviation."""
    if data.startswith(b"PK\x03\x04"):
        try:
            members = zipfile.ZipFile(io.BytesIO(data)).namelist()
        except _UNREADABLE:
            return ""
        scans = sum(_PACKED_SCAN.search(name) is not None for name in members)
    else:
        scans = max(len(mark.findall(data)) for mark in _SCANS)
    if scans:
        return f"{scans - 1} more {'scan' if scans == 2 else 'scans'} after the first" if scans > 1 else ""
    try:
        text = decode(path, data[: data.rfind(b"\n", 0, HEAD_BYTES) + 1] or data)
        layout = find_table(text)
        names = [name for name in layout.columns[2:] if name != STAMP_COLUMN]
        named = ".xye" in path.name.lower() or _DEVIATION.search(" ".join(names))
        if len(names) == 1 and (named or _goes_as_root(parse_table(text, layout))):
            return ""
    except InputError:
        return ""
    return f"{'column' if len(names) == 1 else 'columns'} {', '.join(map(repr, names))}" if names else ""


def _goes_as_root(table: pd.DataFrame) -> bool:
    """Whether the third column goes with the square root of the second, as the deviation of counts does."""
    counts, deviation = (numbers_or_nan(table.iloc[:, k]) for k in (1, 2))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = deviation**2 / counts
    ratio = ratio[np.isfinite(ratio)]
    return ratio.size > 0 and bool(ratio.std() <= EVEN_DEVIATION * ratio.mean())


def stated_wavelengths_a(head: str) -> tuple[float, ...]:
    """Wavelengths that a head states, as numbers or as the line of an anode, in Å."""
    stated = [float(number) for number in _STATED.findall(head)]
    stated += [ANODES_A[name.lower()] for name in _ANODE.findall(head)]
    return tuple(dict.fromkeys(each for each in stated if POSSIBLE_A[0] < each < POSSIBLE_A[1]))


def settled_wavelength_a(head: str, given_a: float | None, assumed_a: float, path: Path) -> tuple[float, str]:
    """Wavelength of a pattern in Å, and where it comes from.

    `head` is as of `head_of`; `given_a` is the user's, or None; `assumed_a` holds where neither the file nor
    the user states one.

    Raises
    ------
    InputError
        If the file states another than the user.
    """
    stated = stated_wavelengths_a(head)
    if given_a is not None:
        if stated and not any(_same(each, given_a) for each in stated):
            raise InputError(
                f"the file states a wavelength of {stated[0]:g} Å, not {given_a:.5g} Å",
                where=str(path),
                remedy="give the one that was used, or correct the file",
            )
        return given_a, "as given"
    if not stated:
        return assumed_a, "assumed: the file states none"
    # what is stated of an unresolved doublet is its first line or its mean
    if not _same(stated[0], assumed_a) or f"{stated[0]:.5g}" == f"{assumed_a:.5g}":
        return stated[0], "as the file states"
    return assumed_a, f"for the {stated[0]:g} Å that the file states of the doublet"


def _same(first: float, second: float) -> bool:
    return abs(first / second - 1.0) < SAME_WAVELENGTH


def refuse_other_content(head: str, path: Path) -> None:
    """Refuse what geddes would read as columns and is no pattern over 2θ.

    Raises
    ------
    InputError
        If it is a crystal structure, or an intensity over anything but 2θ in degrees.
    """
    if "_atom_site_" in head and "_pd_" not in head:
        raise InputError(
            "a crystal structure, no powder pattern", where=str(path), remedy="give it with --cif"
        )
    if _MOMENTUM.search("\n".join(line for line in head.split("\n")[:50])):
        raise InputError(
            "its angles are a scattering vector q",
            where=str(path),
            remedy="convert it to 2θ (sin θ = q λ / 4π)",
        )
    found = _OTHER_ABSCISSA.search(head)
    if found and (found["radians"] is None or "rad" in (found["unit"] or "").lower()):
        what = "lattice spacings" if found["spacing"] else "θ, not 2θ" if found["half"] else "in radians"
        raise InputError(f"its angles are {what}", where=str(path), remedy="convert them to 2θ in degrees")


def refuse_short_abscissa(head: str, last: float, path: Path) -> None:
    """Refuse a first column without a name that ends where no pattern over degrees does.

    Raises
    ------
    InputError
        If it is rather in radians or a scattering vector.
    """
    if last < LEAST_END_DEG and not re.search(r"theta|θ|deg|°", head[:2000], re.IGNORECASE):
        raise InputError(
            f"its first column ends at {last:g}: a scattering vector or radians rather than 2θ in degrees",
            where=str(path),
            remedy="convert it to 2θ in degrees, or name it 2theta (deg)",
        )
