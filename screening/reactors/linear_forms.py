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
from screening.reactors.contacts import RELIEF
from screening.reactors.reduction import CandidatePhases, Reduction, ScreeningContext
from screening.thermo.compositions import Compositions
from screening.thermo.lines import Lines, assemblages
from screening.thermo.staircases import Staircases


def driving_force_form(assessment: Assessment) -> csr_array:
    """Per atom taken up: the state of the layer minus candidate and anode before it."""
    r = assessment.reduction
    atoms, own = r.candidates.atoms, r.lines.kink_start[:-1]
    begin, end, start = (_energy(r.context, r.lines, kinks, atoms) for kinks in (*r.kinks, own))
    uptake = r.uptake_per_formula
    per_uptake = np.divide(1.0, uptake, out=np.zeros_like(uptake), where=uptake > 0.0)
    return scaled(csr_array(scaled(begin, 1.0 - r.share) + scaled(end, r.share) - start), per_uptake)


def cathodic_limit_form(reduction: Reduction) -> csr_array:
    """Voltage of the first plateau of each candidate, (n, n_phases)."""
    some = np.flatnonzero(reduction.stairs.steps.lengths)
    return spread_forms(plateau_form(reduction, reduction.stairs.step_start[some]), some, len(reduction))


def plateau_form(
    reduction: Reduction, steps: np.ndarray | None = None, *, phase: np.ndarray | None = None
) -> csr_array:
    """Voltage of plateaus, (n_steps, n_phases): per electron, products before minus products after.

    Parameters
    ----------
    reduction : Reduction
    steps : (n_steps,) int array, optional
        Which; all unless given.
    phase : (n_candidates,) int array, optional
        Of the candidates: mean voltages from these to the end of each plateau instead.
    """
    lines, stairs, anode = reduction.lines, reduction.stairs, reduction.context.anode
    steps = np.arange(len(stairs.voltage_v)) if steps is None else steps
    owner, n_phases = stairs.steps.owner[steps], len(reduction.phases)
    first, kink, uptake = steps == stairs.step_start[owner], stairs.kink[steps], stairs.uptake_per_formula
    before = np.where(first, lines.kink_start[owner], stairs.kink[steps - 1])
    uptake, earlier = uptake[steps], np.where(first | (phase is not None), 0.0, uptake[steps - 1])
    atoms = reduction.candidates.atoms[owner]
    start = lines.amounts(before, n_phases)
    if phase is not None:
        start = phase_amounts(np.arange(len(owner) + 1), phase[owner], np.ones(len(owner)), n_phases)
    change = scaled(start, atoms + earlier / anode.content)
    change = change - scaled(lines.amounts(kink, n_phases), atoms + uptake / anode.content)
    if anode.content < 1.0:
        ends = lines.amounts(lines.kink_start[owner + 1] - 1, n_phases)
        change = change + scaled(ends, (uptake - earlier) / anode.content)
    return scaled(csr_array(change), 1.0 / ((uptake - earlier) * anode.charge))


def relief_form(assessment: Assessment) -> csr_array:
    """Per atom of electrolyte: attack at the potential of the layer minus attack of the anode."""
    contacts, context = assessment.contacts, assessment.reduction.context
    if RELIEF not in contacts.stages:
        return csr_array((len(assessment), len(assessment.reduction.phases)))
    attack, rows = contacts.attack, contacts.asked
    potential = contacts.potential_v[rows]
    held, lost = (
        _energy(context, attack.lines, attack.kinks(at), np.ones(len(at))) for at in (potential, np.zeros(1))
    )
    charge = attack.uptake_per_atom(potential) * attack.charge
    relief = held - lost[np.zeros(len(rows), dtype=np.int64)]
    return spread_forms(
        csr_array(relief + scaled(_potential(assessment, rows), charge)), rows, len(assessment)
    )


def _potential(assessment: Assessment, rows: np.ndarray) -> csr_array:
    """Potential of the layer of some candidates; without entries where the study fixes it, or it is 0."""
    r, contacts = assessment.reduction, assessment.contacts
    alloys = contacts.alloys
    if r.context.conditions.potential_v is not None:
        return csr_array((len(rows), len(r.phases)))
    own = _plateau(r.context, r.lines, *r.kinks, r.candidates.atoms)[rows]
    starved = r.starved[rows]
    formed = np.flatnonzero(alloys.end >= 0)
    of_alloys = _plateau(
        r.context, alloys.lines, alloys.begin[formed], alloys.end[formed], alloys.atoms[formed]
    )
    by_alloy = spread_forms(of_alloys, formed, len(alloys.phase) + 1)  # the last, empty one: no alloy
    alloy = by_alloy[contacts.alloy_row[rows]]
    return csr_array(scaled(own, starved.astype(float)) + scaled(alloy, 1.0 - starved))


def _plateau(
    context: ScreeningContext, lines: Lines, begin: np.ndarray, end: np.ndarray, atoms: np.ndarray
) -> csr_array:
    """Voltage of the plateaus between two kinks each, of compounds of so many atoms per formula."""
    uptake = [context.anode.content * atoms * lines.x[k] / (1.0 - lines.x[k]) for k in (begin, end)]
    charge = context.anode.charge * (uptake[1] - uptake[0])
    per_charge = np.divide(-1.0, charge, out=np.zeros_like(charge), where=charge > 0.0)
    change = _energy(context, lines, end, atoms) - _energy(context, lines, begin, atoms)
    return scaled(csr_array(change), per_charge)


def _energy(context: ScreeningContext, lines: Lines, kinks: np.ndarray, atoms: np.ndarray) -> csr_array:
    """Energy at these kinks per formula of B, of so many atoms, without the anode that it took up."""
    n_phases = len(context.snapshot.phases)
    energy = lines.per_formula(kinks, atoms, n_phases)
    if context.anode.content == 1.0:
        return energy  # a pure element has no error
    last = lines.kink_start[1:] - 1
    anode = lines.amounts(last[lines.kinks.owner[kinks]], n_phases)
    x = lines.x[kinks]
    return csr_array(energy - scaled(anode, atoms * x / (1.0 - x)))


def step_form(
    lines: Lines, stairs: Staircases, atoms: np.ndarray, step: np.ndarray, n_phases: int
) -> csr_array:
    """Energy given off per ion of the pure metal on one plateau each, (n, n_phases).

    Parameters
    ----------
    lines, stairs : Lines, Staircases
    atoms : (n_lines,) float array
        Per formula of the compounds.
    step : (n,) int array
        Plateaus.
    n_phases : int
    """
    owner = stairs.steps.owner[step]
    first = step == stairs.step_start[owner]
    begin = np.where(first, lines.kink_start[owner], stairs.kink[step - 1])
    before, after = (lines.per_formula(k, atoms[owner], n_phases) for k in (begin, stairs.kink[step]))
    uptake = stairs.uptake_per_formula
    return scaled(csr_array(before - after), 1.0 / (uptake[step] - np.where(first, 0.0, uptake[step - 1])))


def relay_form(assessment: Assessment) -> csr_array:
    """Per atom of alloy and reactor, at the lowest mutual energy."""
    contacts = assessment.contacts
    return lowest_form(contacts.relay, contacts.relayed, assessment.reduction)


def mixing_form(assessment: Assessment) -> csr_array:
    """Per atom of reactor and electrolyte, at the lowest mutual energy."""
    contacts = assessment.contacts
    return lowest_form(contacts.mixing, contacts.mixed, assessment.reduction)


def lowest_form(lines: Lines, rows: np.ndarray, candidates: CandidatePhases) -> csr_array:
    """At the lowest mutual energy of each line; `rows` are the candidates that the lines belong to.

    Where nothing reacts, the form is that of the reaction that is missed by least: what an equal mixture, in
    atoms, would become without the reactor. Its energy is above 0, and its error says how sure the 0 is.
    """
    n_phases = len(candidates.context.snapshot.phases)
    forms = mutual_form(lines, lines.lowest_kink, n_phases)
    idle = np.flatnonzero(lines.mutual_ev_per_atom[lines.lowest_kink] == 0.0)
    if len(idle):
        ends = [lines.amounts(k[idle], n_phases) for k in (lines.kink_start[1:] - 1, lines.kink_start[:-1])]
        missed = _missed(candidates.context, ends[0], ends[1], candidates.phase[rows[idle]])
        react = np.ones(len(rows))
        react[idle] = 0.0
        forms = csr_array(scaled(forms, react) + spread_forms(missed, idle, len(rows)))
    return spread_forms(forms, rows, len(candidates.phase))


def _missed(context: ScreeningContext, a: csr_array, b: csr_array, without: np.ndarray) -> csr_array:
    """Form of what equal parts of two assemblages would become without a phase."""
    phases, n = context.snapshot.phases, len(without)
    elements = csr_array((phases.fraction, phases.atomic_number, phases.row_start))
    whole = csr_array(0.5 * (a + b) @ elements)
    whole.sort_indices()
    mixed = Compositions(whole.indptr, whole.indices.astype(np.int64), whole.data, np.ones(n))
    found = assemblages(context.snapshot, mixed, without)
    products = phase_amounts(found.product_start, found.phase, found.amount, len(phases))
    there = ~np.isnan(found.energy_ev_per_atom)
    forms = forms_from_products(products, a, b, np.full(n, 0.5))
    return scaled(forms, there.astype(float))


def mutual_form(lines: Lines, kink: np.ndarray, n_phases: int) -> csr_array:
    """Per atom of mixture, at one kink of each line."""
    first, last = lines.kink_start[:-1], lines.kink_start[1:] - 1
    products, a, b = (lines.amounts(kinks, n_phases) for kinks in (kink, last, first))
    return forms_from_products(products, a, b, lines.x[kink])


def spread_forms(forms: csr_array, rows: np.ndarray, n: int) -> csr_array:
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
