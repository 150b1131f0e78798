"""Powder patterns of cells against the phases that the campaign predicts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from screening.errors import InputError
from screening.lab.diffraction.identify import Identification, PhaseFinding, Presence, identify
from screening.lab.diffraction.pattern import PowderPattern, Reference
from screening.lab.outcomes import MeasuredCell, Outcome
from screening.lab.readers.diffraction import read_pattern
from screening.phases.composition import parse_formula
from screening.phases.powder import powder_lines
from screening.phases.structures import Cell, find_cell
from screening.validation.predictions import Prediction

LEAST_INTENSITY = 2.0
"""Lines of a reference below this, in percent of its strongest, are left out of a fit."""

MARGIN_DEG = 1.0
"""Lines this far outside a pattern may be moved into it by strain or the height of the sample."""

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
    return replace(identify(pattern, found.known), without_structure=found.without_structure)


def with_diffraction(cell: MeasuredCell, prediction: Prediction, cells: Sequence[Cell]) -> MeasuredCell:
    """The cell with what its powder pattern says of reactor, salt and alloy.

    Raises
    ------
    InputError
        If the sheet quotes what the pattern tells.
    """
    files = cell.experiment.record.files
    if not files.diffraction:
        return cell
    try:
        pattern = read_pattern(cell.experiment.located("diffraction")[0], files.wavelength_a)
        groups = {
            "reactor_lines_gone": (prediction.reactor,),
            "salt_lines_present": prediction.salts,
            "alloy_lines_present": prediction.metals,
        }
        record = cell.experiment.record
        every = [name for names in groups.values() for name in names]
        found = look_for([*every, record.electrolyte, record.anode], cells, pattern)
    except InputError as fault:
        return cell.joined((), (f"raw files give no outcome: {fault}",))
    outcomes, remarks = [], []
    for quantity, names in groups.items():
        findings = [each for each in found.phases if each.name in names]
        answer = _answer(findings)
        words = "; ".join(f"{each.name} {each.presence} ({each.reason})" for each in findings)
        if answer is not None:
            value = float(answer != (quantity == "reactor_lines_gone"))
            outcomes.append(Outcome(quantity, value, None, False, f"diffraction, {pattern.name}: {words}"))
        elif names:
            words = words or f"no structure of {', '.join(names)} at hand"
            remarks.append(f"diffraction does not tell {quantity.replace('_', ' ')}: {words}")
    return cell.joined(outcomes, remarks)


def _answer(findings: Sequence[PhaseFinding]) -> bool | None:
    """Whether any of these is there; None where that cannot be told."""
    if any(each.presence is Presence.SEEN for each in findings):
        return True
    if findings and all(each.presence is Presence.ABSENT for each in findings):
        return False
    return None
