"""Which compounds can be bought, and what state they are in: what tables say, by composition."""

from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np

from screening.files import packaged_rows
from screening.phases.composition import composition_key, fraction_steps, parse_formula
from screening.phases.melting import melting_points
from screening.phases.snapshot import Phases


@dataclass(frozen=True)
class Shelf:
    """One binary that chemical suppliers stock.

    Attributes
    ----------
    name, cas : str
        Name and CAS registry number, by which it is ordered.
    """

    name: str
    cas: str


@cache
def shelf() -> dict[str, Shelf]:
    """Readily bought binaries by formula; anhydrous powders that suppliers list by these CAS numbers."""
    rows = packaged_rows("screening.phases", "shelf.csv")
    return {row["formula"]: Shelf(row["name"], row["cas"]) for row in rows}


def composition_keys(phases: Phases) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """`composition_key` of each phase."""
    numbers, steps = phases.atomic_number.tolist(), fraction_steps(phases.fraction).tolist()
    bounds = phases.row_start.tolist()
    return [(tuple(numbers[a:b]), tuple(steps[a:b])) for a, b in pairwise(bounds)]


def room_state(phases: Phases) -> np.ndarray:
    """``solid``, ``liquid`` or ``gas`` at 25 °C by measured points; empty where no table tells."""
    known = melting_points()
    return np.array([known[k].state if k in known else "" for k in composition_keys(phases)], dtype=object)


def evidence(phases: Phases) -> np.ndarray:
    """Why each compound is taken to be for sale, with its CAS number; empty where no table holds it.

    Returns
    -------
    (n,) object array of str
        ``stocked, 7446-70-0`` for a binary that suppliers stock; ``CRC Handbook, 7446-70-0`` for one whose
        physical constants are tabled, which shows that it was made and not that it is stocked.
    """
    stocked = {composition_key(parse_formula(name)): each.cas for name, each in shelf().items()}
    known = melting_points()
    words = [
        f"stocked, {stocked[key]}"
        if key in stocked
        else f"CRC Handbook, {known[key].cas}"
        if key in known
        else ""
        for key in composition_keys(phases)
    ]
    return np.array(words, dtype=object)


def powders(phases: Phases) -> np.ndarray:
    """Powders to weigh for each: 1 where a table holds it, else the parts that make it up, 2 or more."""
    return np.where(evidence(phases) != "", 1.0, np.maximum(phases.n_elements - 1.0, 2.0))
