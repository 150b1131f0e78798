"""Formulas as chemists write them: pymatgen's reduced formula, save where convention differs.

pymatgen orders elements by electronegativity and groups by common divisors, which writes NaHO, H4NCl,
Mg(HO)2, VPO5 and H4(CO)3. Convention differs, and wins, by these rules, first to last:

1. compounds of ``conventional_formulas.txt`` beside this module, as they stand there;
2. hydroxides of metals (as many H as O, and metals only beside them) end in OH: NaOH, Mg(OH)2;
3. hydrates of these with alkali and alkaline-earth metals, and of halides of one metal, end in (H2O)n, and
   hydroxide halides name the hydroxide first: NaOH(H2O)4, MgCl2(H2O)6, Mg(OH)Cl;
   so do hydrates of carbonates, nitrates, phosphates and sulfates, and of halides of several metals, where
   charges balance: Na2CO3(H2O)7, Mg3(PO4)2(H2O)22, LiMgCl3(H2O)7;
4. ammonium salts without metals and carbon (four H to each N) begin with NH4: NH4Cl, (NH4)2SO4;
5. compounds of C and H without metals follow Hill: C, H, then the others in alphabetical order: C3H4O3.

A spelling never changes the formula unit.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files

import numpy as np

from screening.phases.notation import read_amounts
from screening.phases.periodic_table import N_ELEMENTS, metals, symbol
from screening.ragged import Ragged

HALIDES = ("F", "Cl", "Br", "I")

OXYANIONS = {"C": (3, 2), "N": (3, 1), "P": (4, 3), "S": (4, 2)}
"""O and charge of carbonate, nitrate, phosphate and sulfate, by what is in their middle."""

_ELEMENT = re.compile(r"[A-Z][a-z]?")


def conventional(amounts: Mapping[str, float]) -> str:
    """Formula of atoms by symbol, reduced."""
    from pymatgen.core import Composition

    reduced, factor = Composition(amounts).get_reduced_formula_and_factor()
    return _respelled(reduced, {element: n / factor for element, n in amounts.items()})


def respell(
    formula: np.ndarray, row_start: np.ndarray, atomic_number: np.ndarray, amount: np.ndarray
) -> None:
    """Give many phases their conventional spelling, in place.

    Parameters
    ----------
    formula : (n,) object array of str
        pymatgen's reduced formulas.
    row_start : (n + 1,) int array
    atomic_number, amount : (m,) arrays
        Phase i holds rows ``row_start[i]:row_start[i + 1]``.
    """
    rows = Ragged(row_start)
    held = np.unique(rows.owner[atomic_number == 1])  # all rules but the table's are of hydrogen
    n_of, inside = rows.lengths[held], rows.entries(held)
    owner, z, atoms = np.repeat(np.arange(len(held)), n_of), atomic_number[inside], amount[inside]
    metal = np.array([False, *(symbol(each) in metals() for each in range(1, N_ELEMENTS + 1))])

    def atoms_of(number: int) -> np.ndarray:
        return np.bincount(owner, np.where(z == number, atoms, 0.0), len(held))

    hydrogen, carbon, nitrogen, oxygen = map(atoms_of, (1, 6, 7, 8))
    n_metals = np.bincount(owner, metal[z], len(held))
    kinds = (9, 17, 35, 53), (6, 7, 15, 16)
    halide, centre = (np.bincount(owner, np.isin(z, of), len(held)) for of in kinds)
    salts = (oxygen > 0.0) & (n_metals == n_of - 2 - halide - centre)
    hydroxide = salts & ((hydrogen >= oxygen) | (centre == 1))
    molecular = (n_metals == 0) & ((carbon > 0.0) | (hydrogen == 4.0 * nitrogen))
    table = _table()
    for i in held[hydroxide | molecular].tolist():
        row = rows.row(i)
        symbols = map(symbol, atomic_number[row].tolist())
        formula[i] = _respelled(formula[i], dict(zip(symbols, amount[row].tolist(), strict=True)))
    formula[:] = [table.get(each, each) for each in formula]


@cache
def _table() -> dict[str, str]:
    """Conventional spelling by pymatgen's reduced formula."""
    from pymatgen.core import Composition

    lines = files("screening.phases").joinpath("conventional_formulas.txt").read_text("utf-8").split()
    return {Composition(read_amounts(line).amounts).reduced_formula: line for line in lines}


def _respelled(reduced: str, amounts: Mapping[str, float]) -> str:
    """Conventional spelling of pymatgen's reduced formula; `amounts` are its atoms by symbol."""
    if reduced in _table():
        return _table()[reduced]
    if "H" not in amounts:
        return reduced
    hydrogen = amounts["H"]
    order = list(dict.fromkeys(_ELEMENT.findall(reduced)))
    without_metals = metals().isdisjoint(amounts)
    if hydrate := _salt_and_water(amounts):
        return hydrate
    partners = amounts.keys() - {"H", "O"}
    if "O" in amounts and partners - set(HALIDES) and partners - set(HALIDES) <= metals():
        return _of_water(amounts, [each for each in order if each not in ("H", "O")]) or reduced
    if without_metals and "C" in amounts:
        return _written(amounts, ["C", "H", *sorted(amounts.keys() - {"C", "H"})])
    if without_metals and hydrogen == 4.0 * amounts.get("N", 0.0) and len(amounts) > 2:
        return _group("NH4", amounts["N"]) + _written(
            amounts, [each for each in order if each not in ("H", "N")]
        )
    return reduced


def _of_water(amounts: Mapping[str, float], order: Sequence[str]) -> str | None:
    """Spelling of a hydroxide or halide, and of its hydrate; None where the charges say that it is none."""
    from pymatgen.core import Element

    salt, metals_of = ([each for each in order if (each in HALIDES) is held] for held in (True, False))
    hydroxide, water = 2.0 * amounts["O"] - amounts["H"], amounts["H"] - amounts["O"]
    metal, one = _written(amounts, metals_of), Element(metals_of[0])
    if not (salt or water):
        return metal + _group("OH", hydroxide)
    charge = (hydroxide + sum(amounts[each] for each in salt)) / amounts[metals_of[0]]
    known = len(metals_of) == 1 and charge in one.oxidation_states
    if not (known and min(hydroxide, water) >= 0.0 and (salt or one.is_alkali or one.is_alkaline)):
        return None
    told = metal + (_times("(OH)", hydroxide) if salt else _group("OH", hydroxide)) * (hydroxide > 0.0)
    return told + _written(amounts, salt) + _times("(H2O)", water) * (water > 0.0)


def _salt_and_water(amounts: Mapping[str, float]) -> str | None:
    """Spelling of a hydrate of a salt whose charges balance, all H being water; None for others."""
    water, centres, cations = amounts["H"] / 2.0, OXYANIONS.keys() & amounts.keys(), amounts.keys() & metals()
    if not cations or len(centres) > 1 or (not centres and len(cations) == 1):
        return None
    if amounts.keys() - {"H", "O"} - centres - cations - set(HALIDES):
        return None
    oxygen = sum(OXYANIONS[each][0] * amounts[each] for each in centres)
    charge = sum(OXYANIONS[each][1] * amounts[each] for each in centres)
    charge += sum(amounts.get(each, 0.0) for each in HALIDES)
    # a metal of several states, or none, has charge nan, which balances nothing
    if amounts.get("O", 0.0) - water != oxygen or sum(_state(z) * amounts[z] for z in cations) != charge:
        return None
    from pymatgen.core import Composition

    salt = {each: n for each, n in {**amounts, "O": oxygen}.items() if n and each != "H"}
    spelled, factor = Composition(salt).get_reduced_formula_and_factor()
    return _table().get(spelled, spelled) + _times("(H2O)", water) if factor == 1.0 else None


@cache
def _state(metal: str) -> float:
    """The one common oxidation state of a metal, nan where there are several or none."""
    from pymatgen.core import Element

    common = Element(metal).common_oxidation_states
    return float(common[0]) if len(common) == 1 else np.nan


def _written(amounts: Mapping[str, float], order: Iterable[str]) -> str:
    return "".join(_times(element, amounts[element]) for element in order)


def _group(group: str, n: float) -> str:
    return group if n == 1.0 else _times(f"({group})", n)


def _times(group: str, n: float) -> str:
    return group if n == 1.0 else f"{group}{n:.12g}"
