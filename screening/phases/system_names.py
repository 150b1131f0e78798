"""Chemical systems by name, as the Materials Project writes them: ``Al-Cl-Li``."""

from collections.abc import Iterable
from itertools import combinations

from screening.errors import InputError, quoted
from screening.phases.composition import atomic_number

MAX_FETCH_ELEMENTS = 14
"""Largest system to fetch: beyond it, naming its 2**n − 1 subsystems takes too many requests."""


def chemsys_name(text: str, *, where: str = "--chemsys") -> str:
    """A system in its canonical spelling: distinct symbols in alphabetical order.

    Raises
    ------
    InputError
        If a part is no element, or there are too many.
    """
    symbols = sorted({part.strip() for part in text.split("-")})
    for each in symbols:
        atomic_number(each, where=f"{where} {quoted(text)[1:-1]}")
    if len(symbols) > MAX_FETCH_ELEMENTS:
        raise InputError(
            f"{len(symbols)} elements in one system",
            where=where,
            remedy=f"name systems of at most {MAX_FETCH_ELEMENTS} elements, one for each interface",
        )
    return "-".join(symbols)


def subsystems(chemsys: str) -> list[str]:
    """The system and all its subsystems, smallest first."""
    symbols = chemsys.split("-")
    return ["-".join(chosen) for size in range(1, len(symbols) + 1) for chosen in combinations(symbols, size)]


def largest(chemsystems: Iterable[str]) -> list[str]:
    """Systems that no other one of them contains, in alphabetical order; names must be canonical."""
    contained: set[str] = set()
    kept = []
    for each in sorted(set(chemsystems), key=lambda name: -name.count("-")):
        if each not in contained:
            kept.append(each)
            contained.update(subsystems(each))
    return sorted(kept)
