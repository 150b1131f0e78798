"""Symbols, numbers and masses of the elements, by pymatgen's table."""

from functools import cache

import numpy as np

from screening.errors import InputError, quoted

N_ELEMENTS = 118


@cache
def symbol(atomic_number: int) -> str:
    """Chemical symbol of an element."""
    from pymatgen.core import Element

    return Element.from_Z(atomic_number).symbol


@cache
def symbols() -> dict[str, int]:
    """Atomic numbers by symbol."""
    return {symbol(z): z for z in range(1, N_ELEMENTS + 1)}


def atomic_number(text: str, *, where: str = "") -> int:
    """Atomic number of a chemical symbol.

    Raises
    ------
    InputError
        If no element has that symbol.
    """
    number = symbols().get(text)
    if number is None:
        alike = [each for each in symbols() if each[0] == text[:1]]
        remedy = f"{text[0]} begins {', '.join(alike)}" if alike else "write its symbol, as Li or Al"
        raise InputError(f"no element {quoted(text)}", where=where, remedy=remedy)
    return number


@cache
def atomic_masses_g() -> np.ndarray:
    """Standard atomic masses in g/mol, indexed by atomic number, (119,) array."""
    from pymatgen.core import Element

    return np.array([np.nan, *(float(Element.from_Z(z).atomic_mass) for z in range(1, N_ELEMENTS + 1))])


@cache
def metals() -> frozenset[str]:
    """Symbols of all metals, the metalloids not among them."""
    from pymatgen.core import Element

    return frozenset(each for each in symbols() if Element(each).is_metal)
