"""Powder patterns against phases whose structures are known."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from screening.errors import InputError
from screening.lab.diffraction.findings import PhaseFinding, Presence
from screening.lab.diffraction.identify import Identification, identify
from screening.lab.diffraction.pattern import PowderPattern, Reference
from screening.phases.composition import parse_formula
from screening.phases.powder import powder_lines
from screening.phases.structures import Cell, find_cell

LEAST_INTENSITY = 2.0
"""Lines of a reference below this, in percent of its strongest, are left out of a fit."""

MARGIN_DEG = 1.0
"""Lines this far outside a pattern may be moved into it by strain or the height of the sample."""

FOREIGN_SHARE = 0.5
"""Lines of none of the phases, this strong against the strongest of the pattern, are those of a main phase:
one that was asked for and has no structure may then have given its lines to another."""

STRAIN_LIMIT, CALCULATED_STRAIN_LIMIT = 0.005, 0.02
"""How far a lattice may be off its reference: heat, solution and the error of the alignment for a measured
one, the error of the functional for a calculated one."""


@dataclass(frozen=True)
class References:
    """Phases that a pattern is searched for.

    Attributes
    ----------
    known : tuple of Reference
    without_structure : tuple of str
        Formulas of which no unit cell is at hand.
    """

    known: tuple[Reference, ...]
    without_structure: tuple[str, ...]


def references(formulas: Sequence[str], cells: Sequence[Cell], pattern: PowderPattern) -> References:
    """Lines of these phases at the wavelength and in the range of a pattern; the first cell counts."""
    known, missing = [], []
    first, last = pattern.range_deg
    for formula in dict.fromkeys(formulas):
        cell = find_cell(parse_formula(formula), cells)
        if cell is None:
            missing.append(formula)
            continue
        lines = powder_lines(
            cell,
            wavelength_a=pattern.wavelength_a,
            range_deg=(max(first - MARGIN_DEG, 1.0), min(last + MARGIN_DEG, 179.0)),
            least_intensity=LEAST_INTENSITY,
        )
        spacing, intensity = (
            np.array([getattr(line, name) for line in lines]) for name in ("d_a", "intensity")
        )
        limit = CALCULATED_STRAIN_LIMIT if cell.functional else STRAIN_LIMIT
        known.append(Reference(formula, spacing, intensity, limit, cell.source))
    return References(tuple(known), tuple(missing))


def look_for(formulas: Sequence[str], cells: Sequence[Cell], pattern: PowderPattern) -> Identification:
    """Look for phases in a pattern.

    Raises
    ------
    InputError
        If no structure of any of them is at hand.
    """
    found = references(formulas, cells, pattern)
    if not found.known:
        raise InputError(
            f"no structure of {', '.join(found.without_structure)} at hand",
            where=pattern.name,
            remedy="give CIF files with --cif",
        )
    told = identify(pattern, found.known)
    foreign = told.unexplained[0].share if told.unexplained else 0.0
    phases = told.phases
    if found.without_structure and foreign >= FOREIGN_SHARE:
        phases = tuple(_doubted(each, found.without_structure) for each in phases)
    return replace(told, phases=phases, without_structure=found.without_structure)


def _doubted(finding: PhaseFinding, others: tuple[str, ...]) -> PhaseFinding:
    """A phase seen by a part of its lines, where those of phases without a structure stand about."""
    if finding.presence is not Presence.SEEN or finding.lines_seen >= finding.lines_expected:
        return finding
    reason = f"{finding.reason}, which may be of {', '.join(others)}"
    return replace(finding, presence=Presence.CANNOT_TELL, reason=reason)
