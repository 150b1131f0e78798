"""Formulas as people write them, and mixtures as they are weighed."""

import re
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from math import isfinite

import numpy as np

from screening.errors import InputError

_FORMULA = re.compile(r"[A-Z][A-Za-z0-9.()\[\]]*")
_ZERO_AMOUNT = re.compile(r"[A-Za-z)\]]0+(?:\.0*)?(?![0-9.])")
_ELEMENT = re.compile(r"[A-Z][a-z]?")
_EXPONENT = re.compile(r"[0-9.][eE][0-9]")
_ADDUCT = re.compile(r"[·•∙⋅*]|\.(?=[A-Z(\[])|\.[0-9]*\.|(?<![A-Za-z)\]]0)\.[0-9]*[(\[]?(?:H2O|NH3)")
"""A dot between two formulas. ``Cl4.2H2O`` could be 4.2 Cl as well: it is refused, ``Cl0.5H2O`` is not."""
_PART = re.compile(r"(?P<formula>[^@+]+)@(?P<share>[0-9]+(?:\.[0-9]+)?)(?P<unit>wt|mol)")

LEAST_FRACTION = 1e-6
"""Least atomic fraction of an element: what is below cannot be told from rounding."""

SAME_FRACTION = 1e-6
"""Atomic fractions that differ by less belong to one composition."""


@dataclass(frozen=True)
class Formula:
    """One formula unit, amounts as written.

    Attributes
    ----------
    text : str
        The formula as written.
    atomic_numbers : tuple of int
        Ascending.
    amounts : tuple of float
        Atoms of each element per formula as written.
    """

    text: str
    atomic_numbers: tuple[int, ...]
    amounts: tuple[float, ...]

    @property
    def n_atoms(self) -> float:
        """Atoms per formula as written."""
        return sum(self.amounts)

    @property
    def fractions(self) -> np.ndarray:
        """Atomic fractions, (n_elements,) array in the order of `atomic_numbers`."""
        return np.array(self.amounts) / self.n_atoms

    @property
    def molar_mass_g(self) -> float:
        """Grams per mole of the formula as written."""
        return float(np.dot(self.amounts, atomic_masses_g()[list(self.atomic_numbers)]))

    @property
    def chemsys(self) -> str:
        """Elements joined by hyphens, in alphabetical order."""
        return "-".join(sorted(symbol(z) for z in self.atomic_numbers))

    def amount_of(self, atomic_number: int) -> float:
        """Atoms of one element per formula as written."""
        return dict(zip(self.atomic_numbers, self.amounts, strict=True)).get(atomic_number, 0.0)


def same_composition(left: Formula, right: Formula) -> bool:
    """Whether two formulas hold the same elements in the same ratio, within `SAME_FRACTION`."""
    if left.atomic_numbers != right.atomic_numbers:
        return False
    return bool(np.abs(left.fractions - right.fractions).max() <= SAME_FRACTION)


def composition_key(formula: Formula) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """One key for all spellings of a composition, to look it up among many.

    Atomic fractions are counted in steps of `SAME_FRACTION`, from an offset that no ratio of small integers
    meets, so that rounding never parts two spellings.
    """
    steps = np.floor(formula.fractions / SAME_FRACTION + 1.0 / np.pi).astype(int)
    return formula.atomic_numbers, tuple(steps.tolist())


@dataclass(frozen=True)
class Part:
    """One component of a mixture: a formula and its share of one mole of formula units."""

    formula: Formula
    mole_fraction: float


@dataclass(frozen=True)
class Reactant:
    """What is brought to an interface: one compound, or a powder mixture of several.

    One mole of a mixture is one mole of its formula units together.

    Attributes
    ----------
    text : str
        As written, e.g. ``LiAlCl4`` or ``LiAlCl4@50wt+Li6PS5Cl@50wt``.
    parts : tuple of Part
        Mole fractions sum to 1.
    """

    text: str
    parts: tuple[Part, ...]

    @property
    def unit(self) -> Formula:
        """Composition of one mole of the reactant."""
        amounts: dict[int, float] = {}
        for part in self.parts:
            for z, amount in zip(part.formula.atomic_numbers, part.formula.amounts, strict=True):
                amounts[z] = amounts.get(z, 0.0) + part.mole_fraction * amount
        numbers = tuple(sorted(amounts))
        return Formula(self.text, numbers, tuple(amounts[z] for z in numbers))

    def is_same_as(self, other: "Reactant") -> bool:
        """Whether both are the same compounds in the same shares of their atoms, however written."""
        if len(self.parts) != len(other.parts) or not same_composition(self.unit, other.unit):
            return False
        return all(
            any(
                same_composition(mine.formula, its.formula)
                and abs(self.atom_share(mine) - other.atom_share(its)) <= SAME_FRACTION
                for its in other.parts
            )
            for mine in self.parts
        )

    def atom_share(self, part: Part) -> float:
        """Share of all atoms that one part brings."""
        return part.mole_fraction * part.formula.n_atoms / self.unit.n_atoms


@cache
def atomic_masses_g() -> np.ndarray:
    """Standard atomic masses in g/mol, indexed by atomic number, (119,) array (pymatgen's table)."""
    from pymatgen.core import Element

    masses = np.full(119, np.nan)
    for z in range(1, 119):
        masses[z] = float(Element.from_Z(z).atomic_mass)
    return masses


@cache
def symbol(atomic_number: int) -> str:
    """Chemical symbol of an element."""
    from pymatgen.core import Element

    return Element.from_Z(atomic_number).symbol


def atomic_number(text: str, *, where: str = "") -> int:
    """Atomic number of a chemical symbol.

    Raises
    ------
    InputError
        If no element has that symbol.
    """
    from pymatgen.core import Element

    if text in ("D", "T") or not Element.is_valid_symbol(text):
        alike = [each for each in map(symbol, range(1, 119)) if each[0] == text[:1]]
        remedy = f"{text[0]} begins {', '.join(alike)}" if alike else "write its symbol, as Li or Al"
        raise InputError(f"no element {text!r}", where=where, remedy=remedy)
    return Element(text).Z


def parse_formula(text: str) -> Formula:
    """Read one formula, by pymatgen's parser.

    Raises
    ------
    InputError
        If the text is no formula, holds an unknown element, a dot between two formulas, an exponent, or an
        amount that is not positive.
    """
    from pymatgen.core import Composition

    written = text.strip()
    remedy = "write it as LiAlCl4 or Li10Ge(PS6)2"
    if "-" in written or "−" in written:
        raise InputError(f"negative amount in formula {written!r}", remedy="amounts must be positive")
    _refuse_other_notations(written)
    if not _FORMULA.fullmatch(written):
        raise InputError(f"{written!r} is not a formula", remedy=remedy)
    numbered = {each: atomic_number(each, where=f"formula {written!r}") for each in _ELEMENT.findall(written)}
    try:
        amounts = Composition(written, strict=True).get_el_amt_dict()
    except (ValueError, KeyError, TypeError, IndexError):
        raise InputError(f"{written!r} is not a formula", remedy=remedy) from None
    by_number = {z: amounts.get(each, 0.0) for each, z in numbered.items()}
    if _ZERO_AMOUNT.search(written):
        raise InputError(f"formula {written!r} holds an amount of zero", remedy="amounts must be positive")
    numbers = tuple(sorted(by_number))
    formula = Formula(written, numbers, tuple(float(by_number[z]) for z in numbers))
    if not (isfinite(formula.n_atoms) and min(formula.amounts) >= LEAST_FRACTION * formula.n_atoms):
        raise InputError(
            f"amounts of formula {written!r} are too far apart",
            remedy=f"leave out elements below {LEAST_FRACTION:g} of the atoms",
        )
    return formula


def _refuse_other_notations(written: str) -> None:
    """Refuse what pymatgen's parser would take for something else than the writer meant."""
    if _ADDUCT.search(written):
        raise InputError(
            f"a dot joins two formulas in {written!r}",
            remedy="write a hydrate as LiCl(H2O)2, or a decimal amount last, as H2OCl4.2",
        )
    if _EXPONENT.search(written):
        raise InputError(
            f"an amount with an exponent in formula {written!r}", remedy="write plain numbers, as Li0.5"
        )


def parse_reactant(text: str) -> Reactant:
    """Read a compound, or a mixture such as ``LiAlCl4@50wt+Li6PS5Cl@50wt`` (or ``@mol`` for mole shares).

    Shares are relative: they are divided by their sum.

    Raises
    ------
    InputError
        If a formula or a share cannot be read, there is but one part, units differ, a share is zero, or a
        compound occurs twice.
    """
    if "@" not in text:
        return Reactant(text.strip(), (Part(parse_formula(text), 1.0),))
    remedy = "write it as LiAlCl4@50wt+Li6PS5Cl@50wt, or with @50mol"
    matches = [_PART.fullmatch(piece.strip()) for piece in text.split("+")]
    if None in matches:
        raise InputError(f"{text!r} is not a mixture", remedy=remedy)
    found = [match for match in matches if match]
    if len(found) == 1:
        raise InputError(
            f"mixture {text!r} has one part", remedy=f"write {found[0]['formula']} alone, or add the other"
        )
    if len({match["unit"] for match in found}) > 1:
        raise InputError(f"mixture {text!r} mixes wt and mol", remedy=remedy)
    formulas = [parse_formula(match["formula"]) for match in found]
    if any(same_composition(one, other) for one, other in combinations(formulas, 2)):
        raise InputError(f"mixture {text!r} names a compound twice", remedy="add its shares")
    shares = [float(match["share"]) for match in found]
    if min(shares) < LEAST_FRACTION * sum(shares):
        raise InputError(f"mixture {text!r} holds a share of zero", remedy="leave that part out")
    by_mass = found[0]["unit"] == "wt"
    moles = [s / f.molar_mass_g if by_mass else s for s, f in zip(shares, formulas, strict=True)]
    parts = tuple(Part(f, n / sum(moles)) for f, n in zip(formulas, moles, strict=True))
    return Reactant(text.strip(), parts)
