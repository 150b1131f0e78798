"""Columns of an impedance table: recognised by name, brought to Hz, Ω, s and °C."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from screening.errors import InputError
from screening.units import KELVIN_AT_0_CELSIUS


class Role(StrEnum):
    """What a column holds."""

    FREQUENCY = "frequency"
    REAL = "Z'"
    IMAGINARY = "Z''"
    MODULUS = "|Z|"
    PHASE = "phase"
    TIME = "time"
    TEMPERATURE = "temperature"
    LOOP = "loop"
    CYCLE = "cycle"


POLAR = (Role.MODULUS, Role.PHASE)


@dataclass(frozen=True)
class Column:
    """One recognised column.

    Attributes
    ----------
    name : str
        Its name in the file.
    role : Role or None
        What it holds; None where the name is not known.
    factor, offset : float
        The value in Hz, Ω, rad, s or °C is ``factor * cell + offset``.
    negated : bool
        Whether the name says that the sign is reversed, as in -Z''.
    log10 : bool
        Whether the cells hold the decadic logarithm.
    """

    name: str
    role: Role | None = None
    factor: float = 1.0
    offset: float = 0.0
    negated: bool = False
    log10: bool = False


_NAMES: dict[Role, frozenset[str]] = {
    role: frozenset(names.split())
    for role, names in {
        Role.FREQUENCY: "f freq frequency frequenz fréquence frecuencia omega ω 频率 周波数",
        Role.REAL: "re(z) z' zreal zre rez real realz real(z) z1 zr z'(a) re realpart realteil 实部 阻抗实部"
        " rs r",
        Role.IMAGINARY: "im(z) z'' zimag zim imz imag imagz imag(z) z2 zi z''(b) im imaginary zimaginary"
        " imagpart imaginarypart zimg imaginärteil 虚部 阻抗虚部 x xs",
        Role.MODULUS: "|z| zmod modz magnitude modulus absz abs(z) zabs z impedance betrag impedanz 模 阻抗模"
        " 阻抗",
        Role.PHASE: "phase(z) zphz phase theta phaseangle phasez zphase θ φ phi arg(z) theta(z)"
        " phasenwinkel 相位 相角",
        Role.TIME: "time t elapsedtime testtime zeit 时间",
        Role.TEMPERATURE: "temperature temp temperatur 温度",
        Role.LOOP: "loop loopindex loopnumber sweep scan spectrum",
        Role.CYCLE: "cycle cyclenumber",
    }.items()
}
"""Names without blanks, dots and underscores, in lower case."""

_PREFIX = {"": 1.0, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "m": 1e-3, "u": 1e-6, "µ": 1e-6, "μ": 1e-6}
_ANGULAR = re.compile(r"rad\s*(?:/|\s|·|\*)\s*s(?:ec)?(?:\^?-1)?$|(?<![a-z])s\^?-1$", re.IGNORECASE)
_UNIT = re.compile(
    r"(?:[kMGmuµμ]?(?:Hz|ohms?|Ω)|rad|°|deg(?:rees?)?|ms|s(?:ec(?:onds?)?)?|min|h|(?:°|deg)? ?C|K)(?:\W.*)?",
    re.IGNORECASE,
)
_LOG_FREQUENCY = re.compile(
    r"(?:log|lg)\s*(?:10)?\s*[(\[]?\s*(?:f|freq|frequency)\b[\s.]*[/(\[]?\s*(?:Hz)?\s*[)\]]*(?:\s*/\s*Hz)?",
    re.IGNORECASE,
)
_PER_AREA = re.compile(r"(?:ohm|Ω)s?\s*[·.*⋅ ]?\s*c?m\s*\^?[2²]", re.IGNORECASE)
_MARKS = str.maketrans(
    {"′": "'", "’": "'", "‘": "'", "´": "'", "`": "'", "−": "-", "–": "-", "—": "-", '"': "''"}
)


def find_columns(names: Sequence[str], where: str) -> dict[Role, Column]:
    """Recognise the columns of an impedance table by their names.

    The first column that fits a role takes it. Beside Cartesian columns, modulus and phase are witnesses.

    Parameters
    ----------
    names : sequence of str
        Column names as in the file.
    where : str
        File, for the error message.

    Raises
    ------
    InputError
        If the frequency or the impedance is missing, or the impedance is given per area.
    """
    found: dict[Role, Column] = {}
    for name in names:
        column = _recognise(name, where)
        if column.role is not None:
            found.setdefault(column.role, column)
    cartesian = {Role.FREQUENCY, Role.REAL, Role.IMAGINARY} <= found.keys()
    if not cartesian and not {Role.FREQUENCY, Role.MODULUS, Role.PHASE} <= found.keys():
        raise InputError(
            f"no columns of frequency and impedance among {', '.join(map(repr, names[:12]))}",
            where=where,
            remedy="name them, for example: freq/Hz, Re(Z)/Ohm, -Im(Z)/Ohm",
        )
    if not cartesian:
        found.pop(Role.REAL, None)
        found.pop(Role.IMAGINARY, None)
    return found


def _recognise(name: str, where: str) -> Column:
    text = unicodedata.normalize("NFKC", name.translate(_MARKS)).translate(_MARKS).strip()
    text = text.removeprefix("Data: ")  # RelaxIS
    if _LOG_FREQUENCY.fullmatch(text):
        return Column(name, Role.FREQUENCY, log10=True)
    base, unit = split_unit(text)
    stem = re.sub(r"[\s_.]+", "", base).casefold()
    negated = stem.startswith("-") or stem.startswith(("neg", "minus"))
    stem = re.sub(r"^(?:-|negative|neg|minus)", "", stem)
    role = next((role for role, stems in _NAMES.items() if stem in stems), None)
    if stem == "t" and unit.strip().endswith(("C", "K")):
        role = Role.TEMPERATURE
    if role in (Role.REAL, Role.IMAGINARY, Role.MODULUS) and _PER_AREA.search(text):
        raise InputError(
            f"column {name!r} is given per area",
            where=where,
            remedy="export the impedance of the cell in ohm",
        )
    factor, offset = _to_base_unit(role, unit)
    return Column(name, role, factor, offset, negated)


IN_UNIT = r"(.+?)\s+in\s+(\S+)"


def split_unit(name: str) -> tuple[str, str]:
    """Part a column name and its unit: ``freq/Hz``, ``Time (s)``, ``z_real_ohm``; the unit may be missing."""
    angular = _ANGULAR.search(name.rstrip(")] "))
    if angular:
        return re.sub(r"[\s/(\[]+$", "", name[: angular.start()]), "rad/s"
    for pattern in (
        r"(.+?)\s*/\s*([^/()]+)",
        r"(.+?)\s*[(\[]\s*([^()\[\]]+?)\s*[)\]]",
        r"(.+)_([A-Za-zΩ]+)",
        IN_UNIT,
    ):
        parts = re.fullmatch(pattern, name)
        if parts and _is_unit(parts[2]):
            return parts[1], parts[2]
    return name, ""


def _is_unit(text: str) -> bool:
    return _UNIT.fullmatch(text) is not None


def _to_base_unit(role: Role | None, unit: str) -> tuple[float, float]:
    """Factor and offset to Hz, Ω, rad, s or °C; a missing unit is taken for that."""
    lower = unit.casefold()
    if role is Role.FREQUENCY and lower == "rad/s":
        return 1.0 / (2.0 * np.pi), 0.0
    if role in (Role.FREQUENCY, Role.REAL, Role.IMAGINARY, Role.MODULUS):
        prefix = re.sub(r"(?:hz|ohms?|ω).*$", "", unit, flags=re.IGNORECASE)
        return _PREFIX.get(prefix, 1.0), 0.0
    if role is Role.PHASE:
        return (1.0 if lower.startswith("rad") else np.pi / 180.0), 0.0
    if role is Role.TIME:
        return {"min": 60.0, "h": 3600.0, "ms": 1e-3}.get(lower, 1.0), 0.0
    if role is Role.TEMPERATURE and unit == "K":
        return 1.0, -KELVIN_AT_0_CELSIUS
    return 1.0, 0.0
