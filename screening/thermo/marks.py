"""What is said of the phases in a result: names as the user writes them, marks by origin, the stamp."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from screening.phases.additions import NOT_CALCULATED, Origin
from screening.phases.composition import Formula, Reactant
from screening.phases.snapshot import Snapshot
from screening.provenance import Provenance
from screening.thermo.reactions import Term


def estimates(origins: Mapping[str, str]) -> tuple[str, ...]:
    """Those among marked phases that are estimates or machine-learned."""
    return tuple(name for name, origin in origins.items() if origin in NOT_CALCULATED)


def told_origins(origins: Mapping[str, str], name: Callable[[str], str] = str) -> str:
    """Marked phases by origin: ``estimated: Li3HoCl6; calculated by you: Li3YCl6``."""
    return "; ".join(
        f"{origin}: {', '.join(name(phase) for phase, its in origins.items() if its == origin)}"
        for origin in dict.fromkeys(origins.values())
    )


def marks(
    origins: Mapping[str, str], at_hull: tuple[str, ...], name: Callable[[str], str] = str
) -> list[str]:
    """What a reader must know of phases that are none of the source's own; `name` spells formulas."""
    return [
        *([f"* {told_origins(origins, name)}"] if origins else []),
        *([f"† taken at its hull energy: {', '.join(map(name, at_hull))}"] if at_hull else []),
    ]


def starred(text: str, origins: Mapping[str, str], at_hull: Sequence[str] = ()) -> str:
    """A reaction or a pair with the mark of `marks` at each formula that has one.

    Examples
    --------
    >>> starred("3 Li + Li3HoCl6 -> 6 LiCl + Ho", {"Li3HoCl6": "estimated"})
    '3 Li + Li3HoCl6* -> 6 LiCl + Ho'
    """
    words = ((word, {word, word[1:-1]}) for word in text.split(" "))  # a glass stands in brackets
    return " ".join(
        word + "*" * (not names.isdisjoint(origins)) + "†" * (not names.isdisjoint(at_hull))
        for word, names in words
    )


def origins_of(snapshot: Snapshot, phases: Iterable[int], spelling: Mapping[int, Formula]) -> dict[str, str]:
    """Which of these phases are added ones, as the user spells them, and where their energies come from."""
    numbers = np.unique(np.fromiter(phases, dtype=np.int64))
    of = snapshot.phases
    return {
        phase_name(snapshot, i, spelling): str(of.origin[i])
        for i in numbers[of.added[numbers] & (of.origin[numbers] != Origin.AT_HULL)].tolist()
    }


def stamp(snapshot: Snapshot) -> Provenance:
    """Provenance of a number computed from this snapshot alone."""
    manifest = snapshot.manifest
    return Provenance.now(manifest.name, manifest.checksum, energy_scheme=manifest.energy_scheme)


def reactant_terms(reactant: Reactant, moles: float) -> list[Term]:
    """Terms of a reaction for this many moles of a compound or mixture."""
    return [Term(part.formula.text, moles * part.mole_fraction) for part in reactant.parts]


def phase_name(snapshot: Snapshot, phase: int, spelling: Mapping[int, Formula]) -> str:
    """Formula of a phase: the user's, where `spelling` has it, else the snapshot's."""
    return spelling[phase].text if phase in spelling else str(snapshot.phases.formula[phase])


def product_terms(
    snapshot: Snapshot, moles: dict[int, float], per: float, spelling: Mapping[int, Formula] | None = None
) -> list[Term]:
    """Terms of a reaction for its products, largest first.

    Parameters
    ----------
    snapshot : Snapshot
    moles : dict of int to float
        Moles of the snapshot's formulas by phase number.
    per : float
        What they are divided by.
    spelling : mapping of int to Formula, optional
        Phases that the user writes otherwise; their moles are of the formula as written.
    """
    own = spelling or {}
    terms = []
    for phase, n in moles.items():
        units = float(snapshot.phases.atoms[phase]) / own[phase].n_atoms if phase in own else 1.0
        terms.append(Term(phase_name(snapshot, phase, own), n * units / per))
    return sorted(terms, key=lambda term: (-round(term.moles, 9), term.formula))
