"""Balanced reactions as people read them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

MAX_DENOMINATOR = 60
"""Coefficients that are no ratio of numbers up to this are written as decimals."""

MAX_INTEGER = 400
"""Integer coefficients above this read worse than decimals."""

MAX_BESIDE, FEW = 4000, 12
"""Coefficients up to the first are read where the smallest is no more than the second, as beside a glass:
7 (Li2S)75(P2S5)25 + 1900 Li -> 1400 Li2S + 50 Li3P7."""

RATIO_TOL = 1e-6
"""Relative error that a ratio of small integers may have; amounts are exact to 1e-12."""


class Moles(Mapping[str, float]):
    """Moles by formula, in the order given: a mapping that cannot be changed, but copied and pickled."""

    def __init__(self, moles: Mapping[str, float]) -> None:
        self._moles = dict(moles)

    def __getitem__(self, formula: str) -> float:
        return self._moles[formula]

    def __iter__(self) -> Iterator[str]:
        return iter(self._moles)

    def __len__(self) -> int:
        return len(self._moles)

    def __repr__(self) -> str:
        return repr(self._moles)


@dataclass(frozen=True)
class Term:
    """Moles of one formula on one side of a reaction."""

    formula: str
    moles: float


@dataclass(frozen=True)
class Equation:
    """A balanced reaction as text, and how many times the moles of its terms it is written for."""

    text: str
    scale: float


def write_reaction(reactants: Sequence[Term], products: Sequence[Term]) -> str:
    """The text of `equation`."""
    return equation(reactants, products).text


def equation(reactants: Sequence[Term], products: Sequence[Term]) -> Equation:
    """Write ``4 Li + LiAlCl4 -> Al + 4 LiCl`` with the smallest integers, or decimals where there are none.

    Parameters
    ----------
    reactants, products : sequences of Term
        Moles on one common scale; terms of zero moles are left out.

    Returns
    -------
    Equation
        Ratios of moles are kept exactly or to 4 significant digits.
    """
    terms = [t for t in (*reactants, *products) if t.moles > 0.0]
    scale = _integer_scale([t.moles for t in terms])
    left = " + ".join(_write(t, scale) for t in reactants if t.moles > 0.0)
    right = " + ".join(_write(t, scale) for t in products if t.moles > 0.0)
    return Equation(f"{left} -> {right}", 1.0 if scale is None else scale)


def _integer_scale(moles: list[float]) -> float | None:
    """Factor that turns all moles into small integers, None where there is none."""
    smallest = min(moles)
    ratios = [Fraction(m / smallest).limit_denominator(MAX_DENOMINATOR) for m in moles]
    if any(abs(float(r) * smallest - m) > RATIO_TOL * m for r, m in zip(ratios, moles, strict=True)):
        return None
    denominator = lcm(*(r.denominator for r in ratios))
    if max(ratios) * denominator > (MAX_BESIDE if denominator <= FEW else MAX_INTEGER):
        return None
    return denominator / smallest


def _write(term: Term, scale: float | None) -> str:
    coefficient = f"{term.moles:.4g}" if scale is None else str(round(term.moles * scale))
    name = f"({term.formula})" if term.formula[0].isdigit() else term.formula
    return name if coefficient == "1" else f"{coefficient} {name}"
