"""Uncertain criteria as linear forms in the energies of the phases that react; see `uncertainty`."""

import numpy as np
from scipy.sparse import csr_array, vstack

from screening.reactors.criteria import Assessment
from screening.reactors.uncertainty import forms_from_products, phase_amounts, scaled
from screening.thermo.lines import Lines

UNCERTAIN_CRITERIA = (
    "driving_force_ev_per_ion",
    "electrolyte_relief_ev_per_mol",
    "relay_ev_per_atom",
    "mixing_ev_per_atom",
)
"""Criteria that are reaction energies, in the order of their forms."""


def criterion_forms(assessment: Assessment) -> csr_array:
    """Forms of the uncertain criteria at the assemblages that the hull gave.

    Returns
    -------
    (4·n, n_phases) csr_array
        The n forms of each of `UNCERTAIN_CRITERIA` in turn; a form without entries where a criterion does not
        exist.
    """
    forms = _stacked(assessment)
    # scipy orders a row by what else is in the matrix: sorted rows do not depend on the neighbours
    forms.sort_indices()
    return forms


def _stacked(assessment: Assessment) -> csr_array:
    n, contacts = len(assessment), assessment.contacts
    n_phases = len(assessment.reduction.phases)
    return csr_array(
        vstack(
            [
                _driving_force(assessment),
                _relief(assessment),
                _spread(_lowest(contacts.relay, n_phases), contacts.relayed, n),
                _spread(_lowest(contacts.mixing, n_phases), contacts.mixed, n),
            ]
        )
    )


def _amounts(lines: Lines, kinks: np.ndarray, n_phases: int) -> csr_array:
    return phase_amounts(lines.product_start, lines.phase, lines.amount, n_phases)[kinks]


def _driving_force(assessment: Assessment) -> csr_array:
    """Per atom taken up: products at the end of the uptake minus candidate and anode before it."""
    r = assessment.reduction
    n_phases = len(r.phases)
    uptake = r.uptake_per_formula
    per_uptake = np.divide(1.0, uptake, out=np.zeros_like(uptake), where=uptake > 0.0)
    end = _amounts(r.lines, r.end_kink, n_phases)
    start = _amounts(r.lines, r.lines.kink_start[:-1], n_phases)
    atoms, added = r.candidates.atoms, r.anode_atoms_per_formula
    change = csr_array(scaled(end, (atoms + added) * per_uptake) - scaled(start, atoms * per_uptake))
    if r.context.anode.content == 1.0:
        return change  # a pure element has no error
    anode = _amounts(r.lines, r.lines.kink_start[1:] - 1, n_phases)
    return csr_array(change - scaled(anode, added * per_uptake))


def _lowest(lines: Lines, n_phases: int) -> csr_array:
    """Per atom of mixture, at the kink of the lowest mutual energy."""
    kink = lines.lowest_kink
    first, last = lines.kink_start[:-1], lines.kink_start[1:] - 1
    products, a, b = (_amounts(lines, kinks, n_phases) for kinks in (kink, last, first))
    return forms_from_products(products, a, b, lines.x[kink])


def _excess(lines: Lines, n_phases: int) -> csr_array:
    """Per atom of B, with A in excess."""
    kink = lines.excess_kink
    first, last = lines.kink_start[:-1], lines.kink_start[1:] - 1
    products, a, b = (_amounts(lines, kinks, n_phases) for kinks in (kink, last, first))
    return scaled(forms_from_products(products, a, b, lines.x[kink]), 1.0 / (1.0 - lines.x[kink]))


def _relief(assessment: Assessment) -> csr_array:
    """Per mole of electrolyte: attack of the alloy minus attack of the anode metal."""
    contacts = assessment.contacts
    n_phases = len(assessment.reduction.phases)
    alloys, with_alloy = contacts.alloys, contacts.asked[contacts.alloy_row[contacts.asked] >= 0]
    if alloys.attack is None:
        return csr_array((len(assessment), n_phases))
    anode = _excess(alloys.anode_attack, n_phases)
    each = np.zeros(len(alloys.phase), dtype=np.int64)
    relief = csr_array(_excess(alloys.attack, n_phases) - anode[each])
    per_mole = scaled(relief, np.full(len(alloys.phase), alloys.electrolyte_atoms))
    return _spread(per_mole[contacts.alloy_row[with_alloy]], with_alloy, len(assessment))


def _spread(forms: csr_array, rows: np.ndarray, n: int) -> csr_array:
    """Forms of some candidates among n, empty rows for the others."""
    counts = np.zeros(n, dtype=np.int64)
    counts[rows] = np.diff(forms.indptr)
    start = np.append(0, np.cumsum(counts))
    return csr_array((forms.data, forms.indices, start), shape=(n, forms.shape[1]))
