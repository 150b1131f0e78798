"""Why a text is no formula, or reads as another one than its writer means, and what to write instead."""

import re
from collections.abc import Iterator, Mapping

from screening.errors import InputError, quoted
from screening.phases.periodic_table import symbols

MOST_READINGS = 3
"""Formulas that a text in wrong capitals is offered as."""

HOW_TO_WRITE = "write it as LiAlCl4 or Li10Ge(PS6)2"

LIGAND = r"[(\[{]?(?:H2O|NH3)"

_VARIABLE = re.compile(
    r"([A-Z][a-z]?)[xyzδ](?![a-z])|[0-9+-][xyzδ](?![a-z])|(?<=[A-Za-z])\([xyzδ]\)"
    rf"|[·*×.]\s*[nxyzδ]\s*(?={LIGAND})"
)

MOST_OF_WORD = 4
"""Small letters without a digit that may be a formula in wrong capitals, as ``licl``; ``water`` is a word."""

_STATE = "alpha|beta|gamma|delta|epsilon|cubic|tetragonal|orthorhombic|monoclinic|hexagonal|rhombohedral"
_GROUP = r"[POT][1-3]|[ABCFIPR]-?[1-6][-1-6a-d/_]*(?:m[-1-6a-d/_]*)*|[ABCFIPR]-?[mnabcde][-1-6a-em-n/_]*"
"""A layer stacking, or the symbol of a space group: ``R-3m``, ``P2_1/c``, ``Pnma``."""
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
            rf"(?:{_STATE}|[α-ω]|[a-z]|[POT][1-3])['′]*[\s-]+(?P<formula>[A-Z].*)"
            rf"|(?P<formula_>[A-Z].*\S)\s*\((?:(?:{_STATE}|glass|amorphous|[a-z]|[α-ω])[a-z\s-]*|{_GROUP})\)"
            rf"|(?P<formula__>[A-Z].*[^\s-])[\s-]+(?:{_STATE}|glass|amorphous|[α-ω])['′]*",
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
    (re.compile(r"(?<=O[0-9])\s+\([POT][1-3]\)$"), "", "the label of a polymorph"),
    (re.compile(r"(?:^|(?<=[·*.×(\[{ ])|(?<=[·*.×][0-9]))H20(?=$|[)\]}])"), "H2O", "a zero for the letter O"),
)
"""What would be read as another compound than is meant, and what stands for it."""
_COMPOUND = re.compile(r"(?:[A-Z][a-z]?[0-9.]*){2,}")


NAMES_OF_OTHERS = {
    "PC": ("phosphorus carbide", "propylene carbonate C4H6O3"),
    "VC": ("vanadium carbide", "vinylene carbonate C3H2O3"),
    "SN": ("sulfur nitride", "succinonitrile C4H4N2"),
    "PS": ("phosphorus sulfide", "propane sultone C3H6O3S"),
    "CB": ("boron carbide", "carbon black C"),
    "HC": ("a hydrocarbon", "hard carbon C"),
    "CNF": ("a compound of C, N and F", "carbon nanofibres C"),
}
"""Formulas that are abbreviations of the field as well: as what they are read, and what they may mean."""


def other_meaning(text: str) -> tuple[str, ...]:
    """A note where a formula is the abbreviation of another material as well."""
    if text not in NAMES_OF_OTHERS:
        return ()
    read, meant = NAMES_OF_OTHERS[text]
    name, formula = meant.rsplit(" ", 1)
    return (f"{text} read as {read}; for {name} write {formula}",)


def letters(text: str) -> str:
    """A name without blanks and hyphens."""
    return re.sub(r"[\s-]", "", text)


def require_meant(text: str) -> None:
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


def explain(text: str, names: Mapping[str, str]) -> None:
    """Say what a text is that is no formula, and what to write, where that can be told.

    `names` are formulas (or several, apart by blanks) by the small letters of the field's abbreviations.
    """
    if "@" in text:
        raise InputError(
            f"{quoted(text)} is not a formula, but a mixture or a coating", remedy="write one compound alone"
        ) from None
    spelled = re.sub(
        r"(?<=[·*])([0-9./]*)([A-Z]{2,})(?![a-z0-9])",
        lambda part: part[1] + names.get(part[2].casefold(), part[2]),
        text,
    )
    if spelled != text and " " not in spelled:
        raise InputError(
            f"{quoted(text)} is not a formula: it holds an abbreviation",
            remedy=f"write {quoted(spelled)[1:-1]}",
        ) from None
    if any(match[1] is None or match[1] in symbols() for match in _VARIABLE.finditer(text)):
        raise InputError(
            f"{quoted(text)} is not a formula: it holds a variable",
            remedy="write a number in its place, as Li0.5CoO2 or MgCl2·6H2O",
        ) from None
    doped = re.fullmatch(r"(?P<element>[A-Z][a-z]?)[\s-]+(?:doped[\s-]+)?(?P<name>.+)", text)
    if doped and letters(doped["name"]).casefold() in names:
        raise InputError(
            f"{quoted(text)} names a doped material, of no one composition",
            remedy="write its formula with all amounts, as Li6.25Al0.25La3Zr2O12",
        ) from None
    for pattern, message, remedy in _OTHERWISE:
        match = pattern.fullmatch(text)
        if match:
            groups = match.groupdict().items()
            formula = next((held for name, held in groups if held and name != "other"), "")
            said = {
                "text": quoted(text),
                "formula": quoted(formula)[1:-1],
                "dotted": quoted(re.sub(r"(?<=[0-9]),(?=[0-9])", ".", text))[1:-1],
            }
            raise InputError(message.format(**said), remedy=remedy.format(**said)) from None
    word = text.isalpha() and text.islower() and len(text) > MOST_OF_WORD
    if word:
        raise InputError(f"{quoted(text)} is a word, not a formula", remedy=HOW_TO_WRITE) from None
    one_case = text.isupper() or text.islower() or not re.search(r"[A-Z]{3}", text)
    recased = sorted(_recased(text), key=len)[:MOST_READINGS] if one_case and _unknown(text) else []
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
