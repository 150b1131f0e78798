"""What must stand in red on a sheet: substances that are no powder, fly away, burn or explode."""

from collections.abc import Iterator, Sequence
from functools import cache

from screening.handoff.hazards import hazard
from screening.phases.composition import Formula, composition_key, parse_formula, symbol
from screening.phases.melting import state_lines

EXPLOSIVE_CODES = frozenset({"H200", "H201", "H202", "H203", "H204", "H205", "H240", "H241"})
PYROPHORIC_CODES = frozenset({"H250"})

PYROPHORIC = ("P", "K", "Rb", "Cs", "SiH4", "PH3", "B2H6", "KH", "RbH", "CsH")
"""Ignite, or may ignite, in air: phosphorus in its white form, heavy alkali metals, hydrides."""

OXYHALOGENS, HALOGENS = {"Cl", "Br", "I"}, {"F", "Cl", "Br", "I"}
SHOCK_METALS = {"Ag", "Cu", "Au", "Hg", "Pb", "Tl", "Cd"}
"""Their azides, nitrides and acetylides explode when they are rubbed."""


def red_lines(formulas: Sequence[str]) -> tuple[str, ...]:
    """A sentence for each danger of the substances handled, in their order; none for harmless powders.

    Notes
    -----
    States are measured (`melting.SOURCE`); dangers of burning and explosion follow from hazard statements,
    else from a rule of composition that leans towards the alarm. No line is no proof of safety.
    """
    return tuple(line for text in formulas for line in _of_one(text, parse_formula(text)))


def _of_one(text: str, formula: Formula) -> Iterator[str]:
    yield from state_lines(text, formula)
    codes = {statement.split()[0] for statement in hazard(text).statements}
    if codes & EXPLOSIVE_CODES or explosive(formula):
        yield f"EXPLOSIVE: {text} may explode by friction, shock or heat. Do not mill it, nor press it."
    if codes & PYROPHORIC_CODES or composition_key(formula) in _pyrophoric():
        yield f"PYROPHORIC: {text} may ignite in air. Handle it under argon only."


@cache
def _pyrophoric() -> frozenset[tuple[tuple[int, ...], tuple[int, ...]]]:
    return frozenset(composition_key(parse_formula(text)) for text in PYROPHORIC)


def explosive(formula: Formula) -> bool:
    """Whether a composition is that of azides, perchlorates, nitrogen halides, acetylides or fulminates.

    Examples
    --------
    >>> [explosive(parse_formula(text)) for text in ("AgN3", "AgClO4", "NI3", "Ag2C2", "Li3N", "LiCl")]
    [True, True, True, True, False, False]
    """
    amount = {symbol(z): n for z, n in zip(formula.atomic_numbers, formula.amounts, strict=True)}
    names = set(amount)
    metals = sum(n for name, n in amount.items() if name not in {"N", "O", "C", "H", *HALOGENS})
    nitrogen, carbon, oxygen = (amount.get(name, 0.0) for name in ("N", "C", "O"))
    halogen = sum(amount.get(name, 0.0) for name in OXYHALOGENS)
    azide = nitrogen >= 3.0 * max(metals, 1.0) - 1e-9 and metals > 0.0 and oxygen == carbon == 0.0
    oxyhalogen = 0.0 < 3.0 * halogen <= oxygen and metals <= halogen
    return bool(
        azide
        or oxyhalogen
        or (names <= {"N", *HALOGENS} and nitrogen > 0.0 and len(names) > 1)
        or (len(names) == 2 and names & SHOCK_METALS and names & {"C", "N"})
        or (nitrogen == carbon == oxygen > 0.0 and names & SHOCK_METALS)
    )
