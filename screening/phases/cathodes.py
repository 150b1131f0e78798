"""Cathodes as they are charged: default states by name, and the phases of one host."""

from collections.abc import Iterable
from dataclasses import replace
from functools import cache

import numpy as np

from screening.errors import InputError
from screening.phases.composition import (
    SAME_FRACTION,
    Formula,
    Reactant,
    composition_key,
    parse_formula,
    same_composition,
    symbol,
)
from screening.phases.notation import abbreviations
from screening.phases.snapshot import Snapshot
from screening.phases.spelling import HALIDES

CHARGED = "charged"
"""Beginning of the abbreviations that name charged states: ``charged LCO`` is Li0.5CoO2 (docs/voltage.md)."""


@cache
def charged_states() -> tuple[tuple[Formula, Formula], ...]:
    """Each cathode with a default charged state, and that state."""
    names = [name for name in abbreviations() if name.startswith(CHARGED)]
    pairs = ((parse_formula(name.removeprefix(CHARGED)), parse_formula(name)) for name in names)
    return tuple(pair for pair in pairs if not same_composition(*pair))


def charged_state(cathode: Formula) -> Formula | None:
    """Default charged state of a cathode, by its composition; None where there is none."""
    known = (charged for discharged, charged in charged_states() if same_composition(cathode, discharged))
    return next(known, None)


def is_cathode(formula: Formula) -> bool:
    """Whether it is one of the cathodes with a default charged state, discharged or charged."""
    return any(same_composition(formula, each) for pair in charged_states() for each in pair)


def keeps_host(cathode: Formula, products: Iterable[str], element: int) -> bool:
    """Whether products differ from a cathode by what they hold of one element alone; a halide is no host."""
    host = _bare(cathode, element)
    halide = host is None or all(symbol(z) in HALIDES for z in host.atomic_numbers)
    return not halide and are_of_host(cathode, products, element)


def are_of_host(cathode: Formula, products: Iterable[str], element: int) -> bool:
    """Whether products, or phases, are states of the host of a cathode."""
    host = _bare(cathode, element)
    every = [parse_formula(name) for name in products]
    return host is not None and all(
        {*each.atomic_numbers} - {element} == {*host.atomic_numbers} and _is_of(each, host) for each in every
    )


def _bare(cathode: Formula, element: int) -> Formula | None:
    """What a cathode holds besides one element; None where that is nothing."""
    held = dict(zip(cathode.atomic_numbers, cathode.amounts, strict=True))
    held.pop(element, None)
    return Formula(cathode.text, tuple(held), tuple(held.values())) if held else None


def host_phases(snapshot: Snapshot, reactant: Reactant, element: int = 3) -> Snapshot:
    """The snapshot with the elements and the phases of one host alone, whatever they hold of one element.

    Within it a cathode is titrated along its own states and cannot fall apart into other compounds.

    Raises
    ------
    InputError
        If the host is known with one content only, or nothing is left of it.
    """
    cathode = reactant.unit
    host = _bare(cathode, element)
    if host is None or len(reactant.parts) > 1:
        raise InputError(f"{cathode.text} has no host", where="--host", remedy="give one cathode, as LiCoO2")
    systems = host.atomic_numbers, tuple(sorted((*host.atomic_numbers, element)))
    rows = np.concatenate([snapshot.index.exactly(np.array(numbers)) for numbers in systems])
    rows = rows[[_is_of(snapshot.formula(row), host) for row in rows.tolist()]]
    if len({composition_key(snapshot.formula(row)) for row in rows.tolist()}) < 2:
        raise InputError(
            f"snapshot {snapshot.manifest.name} has no two states of the host of {cathode.text}",
            where="--host",
            remedy="bring them with --phases; at hull energies they would only tell where the host falls "
            "apart: so does --at-hull without --host",
        )
    pure = np.flatnonzero(snapshot.phases.n_elements == 1)
    manifest = replace(snapshot.manifest, name=f"{snapshot.manifest.name}, host of {cathode.text} alone")
    return replace(
        snapshot,
        manifest=manifest,
        phases=snapshot.phases.take(np.union1d(pure, rows)),
    )


def _is_of(phase: Formula, host: Formula) -> bool:
    amounts = np.array([phase.amount_of(z) for z in host.atomic_numbers])
    return bool(np.abs(amounts / amounts.sum() - host.fractions).max() <= SAME_FRACTION)
