"""Reaction energies as linear forms: which phases they form and consume, per unit of the criterion.

Each function takes an `Assessment` of n candidates and returns an (n, n_phases) csr_array: atoms of every
phase that the reaction forms (positive) or consumes (negative), at the assemblages that the hull gave. Times
the formation energies per atom a row is the criterion itself; times their errors it is the criterion's error
(`uncertainty`). A row without entries stands where the criterion does not exist.
"""

import numpy as np
from scipy.sparse import csr_array, diags_array

from screening.ragged import Ragged
from screening.reactors.assessment import Assessment
from screening.reactors.reduction import Reduction
from screening.thermo.lines import Lines


def driving_force_form(assessment: Assessment) -> csr_array:
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


def plateau_form(reduction: Reduction) -> csr_array:
    """Voltage of every plateau, (n_steps, n_phases): per electron, products before minus products after."""
    lines, stairs, anode = reduction.lines, reduction.stairs, reduction.context.anode
    owner, n_phases = stairs.steps.owner, len(reduction.phases)
    first = np.diff(owner, prepend=-1) > 0
    before = np.where(first, lines.kink_start[owner], np.roll(stairs.kink, 1))
    uptake = stairs.uptake_per_formula
    earlier = np.where(first, 0.0, np.roll(uptake, 1))
    atoms = reduction.candidates.atoms[owner]
    change = scaled(_amounts(lines, before, n_phases), atoms + earlier / anode.content)
    change = change - scaled(_amounts(lines, stairs.kink, n_phases), atoms + uptake / anode.content)
    if anode.content < 1.0:
        ends = _amounts(lines, lines.kink_start[owner + 1] - 1, n_phases)
        change = change + scaled(ends, (uptake - earlier) / anode.content)
    return scaled(csr_array(change), 1.0 / ((uptake - earlier) * anode.charge))


def relief_form(assessment: Assessment) -> csr_array:
    """Per atom of electrolyte: attack of the alloy minus attack of the anode metal."""
    contacts = assessment.contacts
    n_phases = len(assessment.reduction.phases)
    alloys, with_alloy = contacts.alloys, contacts.asked[contacts.alloy_row[contacts.asked] >= 0]
    if alloys.attack is None:
        return csr_array((len(assessment), n_phases))
    anode = _excess(alloys.anode_attack, n_phases)
    each = np.zeros(len(alloys.phase), dtype=np.int64)
    relief = csr_array(_excess(alloys.attack, n_phases) - anode[each])
    return _spread(relief[contacts.alloy_row[with_alloy]], with_alloy, len(assessment))


def relay_form(assessment: Assessment) -> csr_array:
    """Per atom of alloy and reactor, at the lowest mutual energy."""
    contacts = assessment.contacts
    return _lowest(contacts.relay, contacts.relayed, assessment)


def mixing_form(assessment: Assessment) -> csr_array:
    """Per atom of reactor and electrolyte, at the lowest mutual energy."""
    contacts = assessment.contacts
    return _lowest(contacts.mixing, contacts.mixed, assessment)


def _lowest(lines: Lines, rows: np.ndarray, assessment: Assessment) -> csr_array:
    """At the lowest mutual energy of each line; `rows` are the candidates that the lines belong to."""
    forms = _mutual(lines, lines.lowest_kink, len(assessment.reduction.phases))
    return _spread(forms, rows, len(assessment))


def _amounts(lines: Lines, kinks: np.ndarray, n_phases: int) -> csr_array:
    return phase_amounts(lines.product_start, lines.phase, lines.amount, n_phases)[kinks]


def _mutual(lines: Lines, kink: np.ndarray, n_phases: int) -> csr_array:
    """Per atom of mixture, at one kink of each line."""
    first, last = lines.kink_start[:-1], lines.kink_start[1:] - 1
    products, a, b = (_amounts(lines, kinks, n_phases) for kinks in (kink, last, first))
    return forms_from_products(products, a, b, lines.x[kink])


def _excess(lines: Lines, n_phases: int) -> csr_array:
    """Per atom of B, with A in excess."""
    kink = lines.excess_kink
    return scaled(_mutual(lines, kink, n_phases), 1.0 / (1.0 - lines.x[kink]))


def _spread(forms: csr_array, rows: np.ndarray, n: int) -> csr_array:
    """Forms of some candidates among n, empty rows for the others."""
    counts = np.zeros(n, dtype=np.int64)
    counts[rows] = np.diff(forms.indptr)
    start = Ragged.of_lengths(counts).start
    return csr_array((forms.data, forms.indices, start), shape=(n, forms.shape[1]))


def phase_amounts(start: np.ndarray, phase: np.ndarray, amount: np.ndarray, n_phases: int) -> csr_array:
    """Assemblages as rows over all phases of a snapshot.

    Parameters
    ----------
    start : (n + 1,) int array
        Slices of each assemblage into the next two, as `product_start` of `Lines` and `Assemblages`.
    phase : (m,) int array
        Phase numbers.
    amount : (m,) float array
        Atomic fractions.
    n_phases : int

    Returns
    -------
    (n, n_phases) csr_array
    """
    return csr_array((amount, phase, start), shape=(len(start) - 1, n_phases))


def forms_from_products(
    products: csr_array, reactant_a: csr_array, reactant_b: csr_array, x_a: np.ndarray
) -> csr_array:
    """Reaction energy per atom of the mixture, Σ y·e − x·e_A − (1 − x)·e_B, as linear forms.

    Parameters
    ----------
    products : (n, n_phases) csr_array
        Atomic fractions of the products.
    reactant_a, reactant_b : (n, n_phases) or (1, n_phases) csr_array
        Atomic fractions of what each reactant consists of: one phase with its own energy,
        the parts of a mixture, or the stable assemblage at its composition (mutual energies).
    x_a : (n,) float array
        Atomic fraction of reactant A.

    Returns
    -------
    (n, n_phases) csr_array
    """
    every = np.zeros(products.shape[0], dtype=np.int64)
    a = reactant_a[every] if reactant_a.shape[0] == 1 else reactant_a
    b = reactant_b[every] if reactant_b.shape[0] == 1 else reactant_b
    return csr_array(products - scaled(a, x_a) - scaled(b, 1.0 - np.asarray(x_a)))


def scaled(forms: csr_array, factor: np.ndarray) -> csr_array:
    """Each form times its own factor ((n,) float array), as from per atom of mixture to per ion."""
    return csr_array(diags_array(np.asarray(factor, dtype=float)) @ forms)
