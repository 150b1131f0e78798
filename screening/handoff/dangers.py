"""What must stand in red on a sheet: substances that are no powder, fly away, burn or explode."""

from collections.abc import Iterator, Sequence
from functools import cache

from screening.handoff.hazards import hazard
from screening.phases.composition import Formula, composition_key, parse_formula
from screening.phases.melting import state_lines
from screening.phases.snapshot import Phases
from screening.reactors.sense import explosive

EXPLOSIVE_CODES = frozenset({"H200", "H201", "H202", "H203", "H204", "H205", "H240", "H241"})
PYROPHORIC_CODES = frozenset({"H250"})

PYROPHORIC = ("P", "K", "Rb", "Cs", "SiH4", "PH3", "B2H6", "KH", "RbH", "CsH")
"""Ignite, or may ignite, in air: phosphorus in its white form, heavy alkali metals, hydrides."""


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
    if codes & EXPLOSIVE_CODES or explosive(Phases.of([formula]))[0]:
        yield f"EXPLOSIVE: {text} may explode by friction, shock or heat. Do not mill it, nor press it."
    if codes & PYROPHORIC_CODES or composition_key(formula) in _pyrophoric():
        yield f"PYROPHORIC: {text} may ignite in air. Handle it under argon only."


@cache
def _pyrophoric() -> frozenset[tuple[tuple[int, ...], tuple[int, ...]]]:
    return frozenset(composition_key(parse_formula(text)) for text in PYROPHORIC)
