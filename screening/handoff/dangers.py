"""What must stand in red on a sheet, and what must or can not be milled, so that a sheet has no steps."""

from collections.abc import Iterator, Sequence
from functools import cache

from screening.handoff.hazards import hazard
from screening.phases.composition import Formula, composition_key, parse_formula, symbol
from screening.phases.melting import melting_point, state_lines
from screening.phases.snapshot import Phases
from screening.reactors.moisture import moisture_hazard
from screening.reactors.sense import explosive, oxidising

EXPLOSIVE_CODES = frozenset({"H200", "H201", "H202", "H203", "H204", "H205", "H240", "H241"})
PYROPHORIC_CODES = frozenset({"H250"})
OXIDISING_CODES = frozenset({"H270", "H271", "H272"})

PYROPHORIC = ("P", "K", "Rb", "Cs", "SiH4", "PH3", "B2H6", "KH", "RbH", "CsH")
"""Ignite, or may ignite, in air: phosphorus in its white form, heavy alkali metals, hydrides."""

FLAMMABLE_GASES = {"H2", "PH3", "AsH3", "C2H2", "CH4"}
"""What water sets free from hydrides, phosphides, arsenides and carbides, by `moisture_hazard`: H260."""

FUEL_GASES = {"H2S", "H2Se", "H2Te", "PH3", "AsH3", "H2", "C2H2", "CH4"}
"""Compounds that set these free hold a reduced anion: they burn, or explode, with an oxidiser."""

ENERGETIC = (
    "ENERGETIC MIXTURE: {oxidiser} is an oxidiser and {fuel} is oxidised by it: milled or pressed together "
    "they may ignite or explode."
)
"""Bretherick's Handbook of Reactive Chemical Hazards, 8th ed. (2017): oxidants, and metal sulfides."""


def red_lines(formulas: Sequence[str]) -> tuple[str, ...]:
    """A sentence for each danger of the substances handled, in their order; none for harmless powders.

    Notes
    -----
    States are measured (`melting.SOURCE`); dangers of burning and explosion follow from hazard statements,
    else from a rule of composition that leans towards the alarm. No line is no proof of safety.
    """
    return tuple(line for text in formulas for line in _of_one(text, parse_formula(text)))


def not_to_be_milled(reactor: str, electrolyte: str) -> str:
    """Why a layer of both must or can not be milled and pressed; empty where nothing known forbids it.

    What explodes, what is no solid at 25 °C, and an oxidiser beside a sulfide, selenide, telluride,
    phosphide, arsenide, carbide or hydride, whichever of the pair it is.
    """
    pair = (reactor, electrolyte)
    told = [why for text in pair if (why := _alone(text, parse_formula(text)))]
    for oxidiser, fuel in (pair, pair[::-1]):
        if _is_oxidiser(oxidiser) and _freed(parse_formula(fuel)) & FUEL_GASES:
            told.append(ENERGETIC.format(oxidiser=oxidiser, fuel=fuel))
    return " ".join(told)


def _alone(text: str, formula: Formula) -> str:
    """Why one substance is not milled, whatever it is mixed with."""
    if _is_explosive(text, formula):
        return f"{text} may explode."
    known = melting_point(formula)
    return f"{text} is a {known.state}." if known and known.state in ("liquid", "gas") else ""


def _of_one(text: str, formula: Formula) -> Iterator[str]:
    yield from state_lines(text, formula)
    if _is_explosive(text, formula):
        yield f"EXPLOSIVE: {text} may explode by friction, shock or heat. Do not mill it, nor press it."
    elif _is_oxidiser(text):
        yield (
            f"OXIDISER: {text} may ignite or explode with sulfides, phosphides, hydrides, carbon or metal "
            "powders. Do not mill it with any of them."
        )
    if _codes(text) & PYROPHORIC_CODES or composition_key(formula) in _pyrophoric() or _fine_hydride(formula):
        yield f"PYROPHORIC: {text} may ignite in air. Handle it under argon only."
    freed = _freed(formula) & FLAMMABLE_GASES
    if freed and len(formula.atomic_numbers) > 1:
        gases = ", ".join(sorted(freed))
        yield f"WATER-REACTIVE: {text} sets free {gases}, which may ignite, with water or air. Argon only."


def _codes(text: str) -> set[str]:
    return {statement.split()[0] for statement in hazard(text).statements}


def _is_explosive(text: str, formula: Formula) -> bool:
    return bool(_codes(text) & EXPLOSIVE_CODES or explosive(Phases.of([formula]))[0])


def _is_oxidiser(text: str) -> bool:
    return bool(_codes(text) & OXIDISING_CODES or oxidising(Phases.of([parse_formula(text)]))[0])


def _freed(formula: Formula) -> set[str]:
    """Gases that moist air sets free."""
    return set(filter(None, str(moisture_hazard(Phases.of([formula]))[0]).split(", ")))


def _fine_hydride(formula: Formula) -> bool:
    """Hydrides of one f element, whose powders ignite in air (Bretherick, as above: metal hydrides)."""
    from pymatgen.core import Element

    metals = [Element(symbol(z)) for z in formula.atomic_numbers if symbol(z) != "H"]
    of_f = len(metals) == 1 and (metals[0].is_lanthanoid or metals[0].is_actinoid)
    return of_f and len(formula.atomic_numbers) == 2


@cache
def _pyrophoric() -> frozenset[tuple[tuple[int, ...], tuple[int, ...]]]:
    return frozenset(composition_key(parse_formula(text)) for text in PYROPHORIC)
