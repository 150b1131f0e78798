"""Texts to amounts of elements: formulas in every notation of the field, or the reason why not.

Read are groups in any brackets, ``LiAlCl₄``, ``Li_{3}PS_{4}``, ``Li24 P4 S20 I4`` (as CIF files write it),
``LiNi1/3Mn1/3Co1/3O2``, ``MgCl2·6H2O``, ``CaSO4*½H2O``, the mol % of a glass (``75Li2S-25P2S5``), D as
hydrogen, and the field's abbreviations (``abbreviations.csv`` beside this module).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from unicodedata import numeric

from screening.errors import InputError, quoted
from screening.files import packaged_rows
from screening.phases.periodic_table import atomic_number, symbols

MAX_LENGTH = 200
"""Characters of a formula; the longest of the Materials Project has 40."""

MOST_READINGS = 3
"""Formulas that a text in wrong capitals is offered as."""

LEAST_AMOUNT = 1e-6
MOST_AMOUNT = 1e6
"""Atoms of one element per formula; what lies outside is a slip of the pen."""

SHARES_TOL = 0.5
"""Per cent by which shares may miss 100, as 33.3 + 33.3 + 33.3 does, before that is told."""

GLASS_PERCENT = (50.0, 200.0)
"""Coefficients of a glass with such a sum are meant as mol %; those of a smaller one as a ratio, 3 to 1."""

HOW_TO_WRITE = "write it as LiAlCl4 or Li10Ge(PS6)2"

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
)
_SUBSCRIPT = re.compile(r"(\$?)_(?:\{([0-9./]+)\}|([0-9./]+))\1|<sub>([0-9./]+)</sub>|~([0-9./]+)~")
_TEX = re.compile(r"\$?\\(?:mathrm|rm|text|ce)\s*\{(.*)\}\$?")
_FRACTION = re.compile(r"(?<![0-9.])([¼-¾⅐-⅞])|(?<=[·*])\s*([0-9]+)([¼-¾⅐-⅞])|\.([¼-¾⅐-⅞])")
"""``½`` or, behind a joint, ``1½``; ``O4½`` could be 4 O and half of what follows."""
_DEUTERIUM = re.compile(r"D(?![a-z])")
_LIGAND = r"[(\[{]?(?:H2O|NH3)"
_HYDRATE = rf"[0-9]+(?:/[0-9]+)?{_LIGAND}"
_JOINT = re.compile(rf"\s*[·*×]\s*|\.(?=[A-Z(\[{{])|\s*x\s*(?={_HYDRATE})|\s+(?={_HYDRATE}$)")
_DOTTED = re.compile(
    rf"(?:(?<=[A-Za-z)\]}}][1-9])|(?<=[A-Za-z)\]}}][0-9][0-9])|(?<=[)\]}}]))\.(?={_HYDRATE})"
)
"""``MgCl2.6H2O`` is read as its hydrate, since nobody writes 2.6 Cl before water; ``Cl0.5H2O`` is not."""
_AMBIGUOUS_DOT = re.compile(rf"\.[0-9]*\.|(?<![A-Za-z)\]}}]0)\.{_HYDRATE}")
"""``LiCl.5H2O`` could be 0.5 Cl or 5 H2O."""

_TIMES = re.compile(rf"\s+x\s+(?=[0-9]+(?:/[0-9]+)?\s*{_LIGAND})")
"""``MgCl2 x 6 H2O``."""

_MOL_PERCENT = re.compile(r"(?<=[0-9])\s*(?:mol\s*)?%\s*(?=[A-Z(\[{])")
"""``75%Li2S-25%P2S5``."""

MOST_OF_RATIO = 10.0
"""Largest coefficient of a ratio in which a later 1 is left out, as ``3Li2S-P2S5``; 75 would lack its 25."""

_VARIABLE = re.compile(
    r"([A-Z][a-z]?)[xyzδ](?![a-z])|[0-9+-][xyzδ](?![a-z])|(?<=[A-Za-z])\([xyzδ]\)"
    rf"|[·*×.]\s*[nxyzδ]\s*(?={_LIGAND})"
)

MOST_OF_WORD = 4
"""Small letters without a digit that may be a formula in wrong capitals, as ``licl``; ``water`` is a word."""

_STATE = "alpha|beta|gamma|delta|epsilon|cubic|tetragonal|orthorhombic|monoclinic|hexagonal|rhombohedral"
_OTHERWISE: tuple[tuple[re.Pattern[str], str, str], ...] = tuple(
    (re.compile(pattern), message, remedy)
    for pattern, message, remedy in (
        (
            r"(?:mp|mvc|mp-alex|agm)-[0-9a-z]+",
            "{text} is an identifier of the Materials Project, not a formula",
            "write the formula of that entry",
        ),
        (
            r"(?i:icsd|cod|oqmd|csd|pdf)[\s:_-]*[0-9][0-9-]*",
            "{text} is an identifier of a database, not a formula",
            "write the formula of that entry",
        ),
        (
            r"(?P<formula>[A-Z].*\S)\s*\((?:s|l|g|aq|cr|am)\)",
            "{text} names a state; here H2O, CO2 and their like are gases, and all others solids",
            "write {formula}",
        ),
        (
            rf"(?:{_STATE}|[α-ω]|[a-z])['′]*[\s-]+(?P<formula>[A-Z].*)"
            rf"|(?P<formula_>[A-Z].*\S)\s*\((?:{_STATE}|glass|amorphous|[a-z]|[α-ω])[a-z\s-]*\)",
            "{text} names a polymorph; a composition stands for its lowest one",
            "write {formula}",
        ),
        (
            r"(?P<formula>[A-Z].*\S)\s*/\s*(?P<other>[A-Za-z].*)",
            "{text} names a composite of two materials, not a formula",
            "write {formula} alone, or the shares of both, as LiFePO4@95wt+C@5wt",
        ),
        (r".*[0-9],[0-9].*", "a decimal comma in formula {text}", "write {dotted}"),
        (
            r".*(?:[0-9.][eE][0-9]).*",
            "an amount with an exponent in formula {text}",
            "write plain numbers, as Li0.5",
        ),
        (
            r".*(?:[\^⁺⁻⁰¹²³⁴-⁹]|[+-]$|[0-9]\+(?![0-9a-zδ])).*|.*[A-Za-z)\]}]\+.*",
            "{text} is not a formula: it carries a charge or a plus",
            "write a neutral formula; parts of a mixture need shares, as LiCl@50wt+AlCl3@50wt",
        ),
    )
)  # fmt: skip


_MISREAD = (
    (re.compile(r"(?<=[A-Za-z])\((?:I{1,3}|IV|VI{0,2}|V)\)(?![0-9])"), "", "an oxidation state"),
    (re.compile(r"(?:^|(?<=[·*.×(\[{ ])|(?<=[·*.×][0-9]))H20(?=$|[)\]}])"), "H2O", "a zero for the letter O"),
)
"""What would be read as another compound than is meant, and what stands for it."""
_COMPOUND = re.compile(r"(?:[A-Z][a-z]?[0-9.]*){2,}")


@dataclass(frozen=True)
class Reading:
    """What a text says.

    Attributes
    ----------
    text : str
        The formula in plain characters, as written.
    amounts : mapping of str to float
        Atoms by symbol per formula as written; of a glass, per mole of its components together.
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


def _letters(text: str) -> str:
    """A name without blanks and hyphens."""
    return re.sub(r"[\s-]", "", text)


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
    known = abbreviations().get(_letters(text))
    if known:
        return _spelled_out(text, known)
    if text.startswith("charged"):
        states = ", ".join(f"charged {n[7:]}" for n in abbreviations() if n.startswith("charged"))
        raise InputError(
            f"no default state of {quoted(text)}", remedy=f"write it as Li0.5CoO2, or one of {states}"
        )
    _require_meant(text)
    light = _DEUTERIUM.sub("H", text)
    dotless = _DOTTED.sub("·", light)
    notes = [f"{text} read as {light}: deuterium counts as hydrogen"] * (light != text)
    notes += [f"{light} read as {dotless}"] * (dotless != light)
    return _read_plain(dotless, tuple(notes))


def _require_meant(text: str) -> None:
    """Refuse what reads as another compound than its writer means."""
    for pattern, meant, told in _MISREAD:
        if pattern.search(text):
            remedy = f"write {quoted(pattern.sub(meant, text))[1:-1]}"
            raise InputError(f"{quoted(text)} holds {told}", remedy=remedy)
    words = [word for word in text.split() if _COMPOUND.fullmatch(word)]
    if len(words) > 1 and not re.search(r"[-·*×]", text):
        raise InputError(
            f"{quoted(text)} holds {len(words)} formulas",
            remedy=f"write {'+'.join(f'{word}@50mol' for word in words[:2])} for a mixture, or one formula",
        )


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
        parts, joint = _components(text)
        coefficients = [_amount(part["coefficient"], text) for part in parts]
        whole = sum(coefficients) if joint == "-" else 1.0
        amounts: dict[str, float] = {}
        for part, coefficient in zip(parts, coefficients, strict=True):
            for element, amount in _count(part["formula"], text).items():
                amounts[element] = amounts.get(element, 0.0) + amount * coefficient / whole
    except InputError:
        if known := _in_any_capitals().get(_letters(text).casefold()):
            return _spelled_out(text, known)
        _explain(text)
        raise
    if not all(LEAST_AMOUNT <= amount <= MOST_AMOUNT for amount in amounts.values()):
        raise InputError(
            f"amounts of formula {quoted(text)} are too far apart or from 1",
            remedy=f"give every element between {LEAST_AMOUNT:g} and {MOST_AMOUNT:g} atoms",
        )
    if joint == "-" and GLASS_PERCENT[0] <= whole <= GLASS_PERCENT[1] and abs(whole - 100.0) > SHARES_TOL:
        shares = "-".join(
            f"{100.0 * each / whole:.4g}{part['formula']}"
            for each, part in zip(coefficients, parts, strict=True)
        )
        notes += (f"mol % of {text} sum to {whole:g}, not 100: read as {shares}",)
    return Reading(joint.join("".join(part.group().split()) for part in parts), amounts, notes)


def _components(text: str) -> tuple[list[re.Match[str]], str]:
    """The formulas that a text joins, each with its coefficient, and the joint: a dot or a hyphen."""
    joint = "-" if "-" in text else "·"
    pieces = text.split("-") if joint == "-" else _JOINT.split(text)
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
                remedy=f"write {_hydrate(text)}, or a decimal amount last, as H2OCl4.2",
            )
    if len(parts) == 1 and parts[0]["coefficient"]:
        raise InputError(
            f"{quoted(text)} is not a formula: it begins with a number",
            remedy=f"write {quoted(parts[0]['formula'])[1:-1]}; how much of it reacts is found",
        )
    return parts, joint


def _hydrate(text: str) -> str:
    """The formula with ``*`` for a dot before water or ammonia, else examples of it."""
    starred = re.sub(rf"\.(?=[0-9./]*{_LIGAND})", "*", text, count=1)
    return "a hydrate as LiCl*2H2O or LiCl(H2O)2" if starred == text else quoted(starred)[1:-1]


def _explain(text: str) -> None:
    """Say what a text is that is no formula, and what to write, where that can be told."""
    if any(match[1] is None or match[1] in symbols() for match in _VARIABLE.finditer(text)):
        raise InputError(
            f"{quoted(text)} is not a formula: it holds a variable",
            remedy="write a number in its place, as Li0.5CoO2 or MgCl2·6H2O",
        ) from None
    doped = re.fullmatch(r"(?P<element>[A-Z][a-z]?)[\s-]+(?:doped[\s-]+)?(?P<name>.+)", text)
    if doped and _letters(doped["name"]).casefold() in _in_any_capitals():
        raise InputError(
            f"{quoted(text)} names a doped material, of no one composition",
            remedy="write its formula with all amounts, as Li6.25Al0.25La3Zr2O12",
        ) from None
    for pattern, message, remedy in _OTHERWISE:
        match = pattern.fullmatch(text)
        if match:
            names = match.groupdict()
            said = {
                "text": quoted(text),
                "formula": quoted(names.get("formula") or names.get("formula_") or "")[1:-1],
                "dotted": quoted(re.sub(r"(?<=[0-9]),(?=[0-9])", ".", text))[1:-1],
            }
            raise InputError(message.format(**said), remedy=remedy.format(**said)) from None
    word = text.isalpha() and text.islower() and len(text) > MOST_OF_WORD
    if word:
        raise InputError(f"{quoted(text)} is a word, not a formula", remedy=HOW_TO_WRITE) from None
    recased = sorted(_recased(text), key=len)[:MOST_READINGS] if _unknown(text) else []
    if recased:
        raise InputError(
            f"{quoted(text)} is not a formula: capitals begin elements",
            remedy=f"write {' or '.join(quoted(each)[1:-1] for each in recased)}",
        ) from None


def _unknown(text: str) -> bool:
    """Whether letters stand there that begin no element: ``LI3PS4``, ``li3ps4``."""
    return not all(each in symbols() for each in re.findall(r"[A-Z][a-z]*|[a-z]+", text))


def _recased(text: str, elements: frozenset[str] = frozenset()) -> Iterator[str]:
    """The same text with the capitals of elements, in every way in which no element occurs twice."""
    if not text:
        yield ""
    elif not text[0].isalpha():
        yield from (text[0] + rest for rest in _recased(text[1:], elements))
    for symbol in {text[:n].capitalize() for n in (2, 1) if text[:n].isalpha() and len(text) >= n}:
        if symbol in symbols() and symbol not in elements:
            for rest in _recased(text[len(symbol) :], elements | {symbol}):
                yield symbol + rest


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
