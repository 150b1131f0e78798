"""Formulas as people write them, and mixtures as they are weighed."""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import combinations
from math import isfinite

import numpy as np

from screening.errors import InputError, quoted
from screening.phases.notation import SHARES_TOL, read_amounts
from screening.phases.periodic_table import atomic_masses_g, atomic_number, symbol

_PART = re.compile(
    r"(?P<formula>[^@+]+)@\s*(?P<share>[0-9]+(?:\.[0-9]+)?|\.[0-9]+)\s*(?P<unit>wt|mol)(?:\.?\s*%)?"
)

MAX_MIXTURE_LENGTH = 1000
"""Characters of a mixture."""

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
        The formula as written, in plain characters.
    atomic_numbers : tuple of int
        Ascending.
    amounts : tuple of float
        Atoms of each element per formula as written.
    notes : tuple of str
        Where something else was read than was written: ``LPSC read as Li6PS5Cl``.
    """

    text: str
    atomic_numbers: tuple[int, ...]
    amounts: tuple[float, ...]
    notes: tuple[str, ...] = field(default=(), compare=False)

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
    return formula.atomic_numbers, tuple(fraction_steps(formula.fractions).tolist())


def fraction_steps(fractions: np.ndarray) -> np.ndarray:
    """Atomic fractions in whole steps, as a `composition_key` counts them."""
    return np.floor(fractions / SAME_FRACTION + 1.0 / np.pi).astype(int)


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
    remarks : tuple of str
        How shares are counted that do not sum to 100.
    """

    text: str
    parts: tuple[Part, ...]
    remarks: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def of(cls, formula: Formula) -> "Reactant":
        """One compound alone."""
        return cls(formula.text, (Part(formula, 1.0),))

    @property
    def unit(self) -> Formula:
        """Composition of one mole of the reactant."""
        amounts: dict[int, float] = {}
        for part in self.parts:
            for z, amount in zip(part.formula.atomic_numbers, part.formula.amounts, strict=True):
                amounts[z] = amounts.get(z, 0.0) + part.mole_fraction * amount
        numbers = tuple(sorted(amounts))
        return Formula(self.text, numbers, tuple(amounts[z] for z in numbers))

    @property
    def notes(self) -> tuple[str, ...]:
        """Where something else was read than was written."""
        of_parts = (note for part in self.parts for note in part.formula.notes)
        return tuple(dict.fromkeys((*of_parts, *self.remarks)))

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


@lru_cache(maxsize=4096)
def parse_formula(text: str) -> Formula:
    """Read one formula, in any notation of the field (see `screening.phases.notation`).

    Raises
    ------
    InputError
        If the text is no formula or too long, holds an unknown element, is of no one composition, or an
        amount is not positive or out of bounds.
    """
    reading = read_amounts(text)
    by_number = {atomic_number(each): amount for each, amount in reading.amounts.items()}
    numbers = tuple(sorted(by_number))
    formula = Formula(reading.text, numbers, tuple(by_number[z] for z in numbers), reading.notes)
    if min(formula.amounts) < LEAST_FRACTION * formula.n_atoms:
        raise InputError(
            f"amounts of formula {quoted(formula.text)} are too far apart",
            remedy=f"leave out elements below {LEAST_FRACTION:g} of the atoms",
        )
    return formula


def parse_reactant(text: str) -> Reactant:
    """Read a compound, or a mixture such as ``LiAlCl4@50wt+Li6PS5Cl@50wt`` (or ``@mol`` for mole shares).

    Shares are relative: they are divided by their sum; where per cent do not sum to 100, that is told.

    Raises
    ------
    InputError
        If a formula or a share cannot be read, there is but one part, units differ, a share is zero, or a
        compound occurs twice.
    """
    if "@" not in text:
        return Reactant.of(parse_formula(text))
    remedy = "write it as LiAlCl4@50wt+Li6PS5Cl@50wt, or with @50mol"
    if len(text) > MAX_MIXTURE_LENGTH:
        raise InputError(
            f"mixture {quoted(text)} has {len(text)} characters", remedy=f"write at most {MAX_MIXTURE_LENGTH}"
        )
    found = _parts(text, remedy)
    formulas = [parse_formula(match["formula"]) for match in found]
    if any(same_composition(one, other) for one, other in combinations(formulas, 2)):
        raise InputError(f"mixture {quoted(text)} names a compound twice", remedy="add its shares")
    shares = [float(match["share"]) for match in found]
    if not isfinite(sum(shares)) or min(shares) < LEAST_FRACTION * sum(shares):
        raise InputError(f"mixture {quoted(text)} holds a share of zero", remedy="leave that part out")
    unit = found[0]["unit"]
    moles = [s / f.molar_mass_g if unit == "wt" else s for s, f in zip(shares, formulas, strict=True)]
    parts = tuple(Part(f, n / sum(moles)) for f, n in zip(formulas, moles, strict=True))
    named = []
    for f, match in zip(formulas, found, strict=True):
        short = match["formula"].strip()  # an abbreviation stays, as NMC811, and is told
        named.append(f"{short if f'{short} read as {f.text}' in f.notes else f.text}@{match['share']}{unit}")
    whole = sum(shares)
    percent = unit == "wt" or "%" in text
    remarks = [f"{f.text} {100.0 * s / whole:.4g} {unit}%" for f, s in zip(formulas, shares, strict=True)]
    told = f"shares of {text} sum to {whole:g}, not 100: read as {', '.join(remarks)}"
    return Reactant(
        (" + " if " + " in text else "+").join(named),
        parts,
        (told,) if percent and abs(whole - 100.0) > SHARES_TOL else (),
    )


def _parts(text: str, remedy: str) -> list[re.Match[str]]:
    if re.search(r"@\s*[A-Za-z]", text):
        raise InputError(
            f"{quoted(text)} names a coated or composite material, not a mixture with shares",
            remedy="write one compound, or the shares of all, as LiCoO2@98wt+LiNbO3@2wt",
        )
    matches = [_PART.fullmatch(piece.strip()) for piece in text.split("+")]
    found = [match for match in matches if match]
    if len(found) < len(matches):
        raise InputError(f"{quoted(text)} is not a mixture", remedy=remedy)
    if len(found) == 1:
        raise InputError(
            f"mixture {quoted(text)} has one part",
            remedy=f"write {quoted(found[0]['formula']).strip(chr(39))} alone, or add the other",
        )
    if len({match["unit"] for match in found}) > 1:
        raise InputError(f"mixture {quoted(text)} mixes wt and mol", remedy=remedy)
    return found
