"""Texts to amounts of elements: formulas in every notation of the field, or the reason why not.

Read are groups in any brackets, ``LiAlCl₄``, ``Li_{3}PS_{4}``, ``Li24 P4 S20 I4`` (as CIF files write it),
``LiNi1/3Mn1/3Co1/3O2``, ``MgCl2·6H2O``, ``CaSO4*½H2O``, the mol % of a glass (``75Li2S-25P2S5``), D as
hydrogen, and the field's abbreviations (``abbreviations.csv`` beside this module).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import accumulate
from unicodedata import numeric

from screening.errors import InputError, quoted
from screening.files import packaged_rows
from screening.phases.misread import HOW_TO_WRITE, LIGAND, explain, letters, other_meaning, require_meant
from screening.phases.periodic_table import atomic_number

MAX_LENGTH = 200
"""Characters of a formula; the longest of the Materials Project has 40."""

LEAST_AMOUNT = 1e-6
MOST_AMOUNT = 1e6
"""Atoms of one element per formula; what lies outside is a slip of the pen."""

SHARES_TOL = 0.5
"""Per cent by which shares may miss 100, as 33.3 + 33.3 + 33.3 does, before that is told."""

GLASS_PERCENT = (50.0, 200.0)
"""Coefficients with such a sum may be meant as mol %: that they count as written is told."""

_NUMBER = r"(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)"
_TOKEN = re.compile(
    rf"(?P<opening>[(\[{{])|(?:(?P<element>[A-Z][a-z]?)|(?P<closing>[)\]}}]))(?P<amount>{_NUMBER}(?:/[0-9]+)?)?"
)
_COMPONENT = re.compile(rf"(?P<coefficient>{_NUMBER}(?:/[0-9]+)?)?\s*(?P<formula>[A-Z(\[{{].*)")
_PAIRS = {"(": ")", "[": "]", "{": "}"}
_PLAIN = str.maketrans(
    dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True))
    | dict.fromkeys("•∙⋅", "·")
    | dict.fromkeys("‐‑–—−", "-")
    | dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad", "")
)
_SUBSCRIPT = re.compile(r"(\$?)_(?:\{([0-9./]+)\}|([0-9./]+))\1|<sub>([0-9./]+)</sub>|~([0-9./]+)~")
_TEX = re.compile(r"\$?\\(?:mathrm|rm|text|ce)\s*\{(.*)\}\$?")
_FRACTION = re.compile(r"(?<![0-9.])([¼-¾⅐-⅞])|(?<=[·*])\s*([0-9]+)([¼-¾⅐-⅞])|\.([¼-¾⅐-⅞])")
"""``½`` or, behind a joint, ``1½``; ``O4½`` could be 4 O and half of what follows."""
_DEUTERIUM = re.compile(r"D(?![a-z])")
_HYDRATE = rf"[0-9]+(?:/[0-9]+)?{LIGAND}"
_JOINT = re.compile(rf"\s*[·*×]\s*|\.(?=[A-Z(\[{{])|\s*x\s*(?={_HYDRATE})|\s+(?={_HYDRATE}$)")
_DOTTED = re.compile(
    rf"(?:(?<=[A-Za-z)\]}}][1-9])|(?<=[A-Za-z)\]}}][0-9][0-9])|(?<=[)\]}}]))\.(?={_HYDRATE})"
)
"""``MgCl2.6H2O`` is read as its hydrate, since nobody writes 2.6 Cl before water; ``Cl0.5H2O`` is not."""
_AMBIGUOUS_DOT = re.compile(rf"\.[0-9]*\.|(?<![A-Za-z)\]}}]0)\.{_HYDRATE}")
"""``LiCl.5H2O`` could be 0.5 Cl or 5 H2O."""

_TIMES = re.compile(rf"\s+x\s+(?=[0-9]+(?:/[0-9]+)?\s*{LIGAND})")
"""``MgCl2 x 6 H2O``."""

_MOL_PERCENT = re.compile(r"(?<=[0-9])\s*(?:mol\s*)?%\s*(?=[A-Z(\[{])")
"""``75%Li2S-25%P2S5``."""

MOST_OF_RATIO = 10.0
"""Largest coefficient of a ratio in which a later 1 is left out, as ``3Li2S-P2S5``; 75 would lack its 25."""


@dataclass(frozen=True)
class Reading:
    """What a text says.

    Attributes
    ----------
    text : str
        The formula in plain characters, as written.
    amounts : mapping of str to float
        Atoms by symbol per formula as written; where shares sum to 100, per mole of components together.
    notes : tuple of str
        Where something else was read than was written: ``LPSC read as Li6PS5Cl``.
    """

    text: str
    amounts: Mapping[str, float]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Abbreviation:
    """What a name of the field stands for: one formula, or several to choose from."""

    name: str
    formulas: tuple[str, ...]


@cache
def abbreviations() -> dict[str, Abbreviation]:
    """The field's abbreviations, by their letters and digits alone."""
    rows = packaged_rows("screening.phases", "abbreviations.csv")
    return {row["name"]: Abbreviation(row["name"], tuple(row["formulas"].split())) for row in rows}


@cache
def _in_any_capitals() -> dict[str, Abbreviation]:
    """The same by small letters, for what is no formula as it stands."""
    return {name.casefold(): each for name, each in abbreviations().items()}


def read_amounts(written: str) -> Reading:
    """Read one formula.

    Raises
    ------
    InputError
        If it is too long, no formula, of no one composition, or an amount is out of bounds.
    """
    if len(written) > MAX_LENGTH:
        raise InputError(
            f"{quoted(written)} is no formula: {len(written)} characters",
            remedy=f"write at most {MAX_LENGTH}",
        )
    plain = _TEX.sub(r"\1", written.strip().translate(_PLAIN))
    text = _FRACTION.sub(_as_ratio, _SUBSCRIPT.sub(r"\2\3\4\5", plain))
    text = _MOL_PERCENT.sub("", _TIMES.sub("·", text))
    known = abbreviations().get(letters(text))
    if known:
        return _spelled_out(text, known)
    if text.startswith("charged"):
        states = ", ".join(f"charged {n[7:]}" for n in abbreviations() if n.startswith("charged"))
        raise InputError(
            f"no default state of {quoted(text)}", remedy=f"write it as Li0.5CoO2, or one of {states}"
        )
    require_meant(text)
    light = _DEUTERIUM.sub("H", text)
    dotless = _DOTTED.sub("·", light)
    notes = [f"{text} read as {light}: deuterium counts as hydrogen"] * (light != text)
    notes += [f"{light} read as {dotless}"] * (dotless != light)
    return _read_plain(dotless, tuple(notes))


def _as_ratio(found: re.Match[str]) -> str:
    """``½`` as 1/2, ``1½`` as 3/2."""
    part = Fraction(numeric(found[1] or found[3] or found[4])).limit_denominator(10)
    whole = int(found[2] or 0) + part
    return "·" * bool(found[4]) + f"{whole.numerator}/{whole.denominator}"


def _spelled_out(text: str, known: Abbreviation) -> Reading:
    if len(known.formulas) != 1:
        choice = ", ".join(known.formulas) or "the formula of the compound"
        raise InputError(f"{text} has no one composition", remedy=f"write the one you mean: {choice}")
    formula = known.formulas[0]
    return _read_plain(formula, (f"{text} read as {formula}",))


def _read_plain(text: str, notes: tuple[str, ...]) -> Reading:
    try:
        read = _joined(text)
    except InputError:
        if known := _in_any_capitals().get(letters(text).casefold()):
            return _spelled_out(text, known)
        explain(text, {name: " ".join(each.formulas) for name, each in _in_any_capitals().items()})
        raise
    if not all(LEAST_AMOUNT <= amount <= MOST_AMOUNT for amount in read.amounts.values()):
        raise InputError(
            f"amounts of formula {quoted(text)} are too far apart or from 1",
            remedy=f"give every element between {LEAST_AMOUNT:g} and {MOST_AMOUNT:g} atoms",
        )
    return Reading(read.text, read.amounts, (*notes, *read.notes, *other_meaning(read.text)))


def _joined(text: str) -> Reading:
    """Formulas that a text joins, in brackets or not, as one: per mole of components if shares sum to 100."""
    parts, joint = _components(_unwrapped(text))
    coefficients = [_amount(part["coefficient"], text) for part in parts]
    spelled = joint.join("".join(part.group().split()) for part in parts)
    whole, shares = sum(coefficients), len(parts) > 1 and all(part["coefficient"] for part in parts)
    percent = shares and abs(whole - 100.0) <= SHARES_TOL
    amounts: dict[str, float] = {}
    notes: list[str] = []
    for part, coefficient in zip(parts, coefficients, strict=True):
        formula = part["formula"]
        if _unwrapped(formula) != formula:
            inner = _joined(formula)
            notes += inner.notes
        else:
            inner = Reading(formula, _count(formula, text))
        for element, amount in inner.amounts.items():
            more = amount * coefficient / (whole if percent else 1.0)
            amounts[element] = amounts.get(element, 0.0) + more
    if percent:
        notes = [f"{spelled}: per mole of mixture (mol %)"]
    elif shares and joint == "-" and GLASS_PERCENT[0] <= whole <= GLASS_PERCENT[1]:
        notes.append(f"shares of {spelled} sum to {whole:g}, not 100: counted as written, not as mol %")
    return Reading(spelled, amounts, tuple(notes))


def _unwrapped(text: str) -> str:
    """A text without the brackets around all of it, if they hold several formulas."""
    whole = re.fullmatch(r"[(\[{](.*)[)\]}]", text)
    around = whole and re.search(r"[-·*×]", text) and all(_depths(text)[1:-1])
    return whole[1] if whole and around else text


def _depths(text: str) -> list[int]:
    """Brackets that are open at each character; a closing one counts as outside."""
    steps = ((each in "([{") - (each in ")]}") for each in text)
    return list(accumulate(steps))


def _pieces(text: str) -> tuple[list[str], str]:
    """A text apart at its joints outside brackets, and the joint: a dot or a hyphen."""
    masked = "".join("\0" if depth else each for each, depth in zip(text, _depths(text), strict=True))
    hyphens = "-" in masked
    cuts = [found.span() for found in (re.finditer("-", masked) if hyphens else _JOINT.finditer(text))]
    cuts = [(start, end) for start, end in cuts if hyphens or not _depths(text)[start]]
    edges = [0, *(edge for cut in cuts for edge in cut), len(text)]
    return [text[i:j] for i, j in zip(edges[::2], edges[1::2], strict=True)], "-" if hyphens else "·"


def _components(text: str) -> tuple[list[re.Match[str]], str]:
    """The formulas that a text joins, each with its coefficient, and the joint: a dot or a hyphen."""
    pieces, joint = _pieces(text)
    matches = [_COMPONENT.fullmatch(piece.strip()) for piece in pieces]
    parts = [match for match in matches if match]
    given = [_amount(part["coefficient"], text) for part in parts if part["coefficient"]]
    led = bool(parts and parts[0]["coefficient"])
    ratio = len(given) == len(parts) or (led and max(given) <= MOST_OF_RATIO)
    if joint == "-" and not (len(parts) == len(pieces) and ratio):
        raise InputError(
            f"negative amount, or parts joined without mol %, in formula {quoted(text)}",
            remedy="amounts must be positive; write a compound as LiIn, a glass as 75Li2S-25P2S5",
        )
    if len(parts) < len(pieces):
        raise InputError(f"{quoted(text)} is not a formula", remedy=HOW_TO_WRITE)
    for part in parts:
        if _AMBIGUOUS_DOT.search(part["formula"]) or (
            part["coefficient"] and re.search(r"[^0-9]\.[0-9]", part["formula"])
        ):
            raise InputError(
                f"a dot joins two formulas in {quoted(text)}, or stands in a decimal amount",
                remedy=f"write {_hydrate(text)}; a decimal amount with a zero in front, as Li0.5CoO2",
            )
    if len(parts) == 1 and parts[0]["coefficient"]:
        raise InputError(
            f"{quoted(text)} is not a formula: it begins with a number",
            remedy=f"write {quoted(parts[0]['formula'])[1:-1]}; how much of it reacts is found",
        )
    return parts, joint


def _hydrate(text: str) -> str:
    """The formula with ``*`` for a dot before water or ammonia, else examples of it."""
    starred = re.sub(rf"\.(?=[0-9./]*{LIGAND})", "*", text, count=1)
    return "a hydrate as LiCl*2H2O or LiCl(H2O)2" if starred == text else quoted(starred)[1:-1]


def _count(formula: str, text: str) -> dict[str, float]:
    """Atoms by symbol in one formula without joints; `text` is what messages show."""
    pieces = formula.split()
    if not all(re.match(r"[A-Z(\[{]", piece) for piece in pieces):
        raise InputError(f"{quoted(text)} is not a formula", remedy=HOW_TO_WRITE)
    plain = "".join(pieces)
    levels: list[dict[str, float]] = [{}]
    awaited: list[str] = []
    position = 0
    while position < len(plain):
        token = _TOKEN.match(plain, position)
        if token is None:
            raise InputError(f"{quoted(text)} is not a formula", remedy=HOW_TO_WRITE)
        position = token.end()
        if token["opening"]:
            awaited.append(_PAIRS[token["opening"]])
            levels.append({})
            continue
        amount = _amount(token["amount"], text)
        if token["element"]:
            atomic_number(token["element"], where=f"formula {quoted(text)}")
            held = {token["element"]: 1.0}
        else:
            held = levels.pop()
            if not awaited or awaited.pop() != token["closing"] or not held:
                raise InputError(
                    f"{quoted(text)} is not a formula: its brackets do not match", remedy=HOW_TO_WRITE
                )
        for element, atoms in held.items():
            levels[-1][element] = levels[-1].get(element, 0.0) + atoms * amount
    if awaited:
        raise InputError(f"{quoted(text)} is not a formula: a bracket stays open", remedy=HOW_TO_WRITE)
    return levels[0]


def _amount(number: str | None, text: str) -> float:
    """A written amount, 1 where there is none."""
    if not number:
        return 1.0
    above, _, below = number.partition("/")
    amount, parts = float(above), float(below or 1.0)
    if amount == 0.0 or parts == 0.0:
        raise InputError(f"formula {quoted(text)} holds an amount of zero", remedy="amounts must be positive")
    return amount / parts
