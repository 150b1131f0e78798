"""Our hull against the decomposition energies published with the data, for compounds drawn anew in every run.

Bartel et al. (doi 10.1038/s41524-020-00362-y) give, for the same formation energies, the energy of each
compound against the lowest mixture of all others: negative where it is stable by that much, positive where it
lies above the hull. They keep dilute supercells, so the rule that leaves these out is off here.

Their minimiser sometimes stops short of the minimum: where the numbers differ by more than 1e-6 eV, the
published competitor is always the higher one, for 18 compounds even higher than the unmixed elements. Of all
85,014 compounds 99.39 % agree within 1 meV/atom and all but two within 5 (the worst by 5.4). A general linear
programme settles each case beyond 1 meV: it must give our energy.
"""

import os
import secrets
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy.optimize import linprog

from screening.phases.library import open_snapshot
from screening.phases.snapshot import Snapshot
from screening.thermo.lines import Compositions, assemblages

SEED_VARIABLE = "INTERPHASE_ORACLE_SEED"
SEED = int(os.environ.get(SEED_VARIABLE, "0")) or secrets.randbelow(2**31)
REFERENCE = Path(__file__).parents[2] / "data" / "reference" / "decomposition.parquet"
COMPOUNDS = 2000

SAME_EV = 1e-6
"""Exactness of both; differences beyond it come from competitors that are not the lowest."""

AGREE_EV = 1e-3
WORST_EV = 6e-3
LEAST_AGREEMENT = 0.985
"""Bounds on the raw differences: 99.39 % of all compounds agree within 1 meV/atom, of which a sample of 2,000
keeps 98.5 % with five standard deviations to spare; the largest difference of all is 5.4 meV/atom."""

LINPROG_EV = 1e-7


@pytest.fixture(scope="module")
def everything() -> Snapshot:
    """All calculated phases, dilute supercells among them."""
    snapshot = open_snapshot(keep_dilute=True)
    return replace(snapshot, phases=snapshot.phases.take(np.flatnonzero(~snapshot.phases.estimated)))


@pytest.fixture(scope="module")
def rows(everything: Snapshot) -> np.ndarray:
    compounds = np.flatnonzero(everything.phases.n_elements > 1)
    return np.random.default_rng(SEED).choice(compounds, COMPOUNDS, replace=False)


@pytest.fixture(scope="module")
def published(everything: Snapshot, rows: np.ndarray) -> np.ndarray:
    table = pq.read_table(REFERENCE).to_pydict()
    energies = dict(zip(table["formula"], table["decomposition_energy_ev_per_atom"], strict=True))
    return np.array([energies[formula] for formula in everything.phases.formula[rows]])


def against_all_others(snapshot: Snapshot, rows: np.ndarray) -> np.ndarray:
    """Decomposition energies of these phases, eV per atom."""
    without = assemblages(snapshot, Compositions.of_phases(snapshot, rows), banned=rows)
    return snapshot.phases.formation_energy_ev_per_atom[rows] - without.energy_ev_per_atom


def by_linear_programme(snapshot: Snapshot, row: int) -> float:
    """The same for one phase, by a general solver."""
    elements = snapshot.formula(row).atomic_numbers
    others = np.setdiff1d(snapshot.index.within(np.array(elements)), [row])
    fractions = [
        [f.amount_of(z) / f.n_atoms for z in elements] for f in (snapshot.formula(int(i)) for i in others)
    ]
    energies = snapshot.phases.formation_energy_ev_per_atom
    best = linprog(energies[others], A_eq=np.array(fractions).T, b_eq=snapshot.formula(row).fractions)
    return float(energies[row] - best.fun)


def test_our_competitor_is_never_above_the_published_one(
    everything: Snapshot, rows: np.ndarray, published: np.ndarray
) -> None:
    assert (against_all_others(everything, rows) - published).min() > -SAME_EV, f"{SEED_VARIABLE}={SEED}"


def test_differences_are_few_and_a_general_linear_programme_sides_with_us(
    everything: Snapshot, rows: np.ndarray, published: np.ndarray
) -> None:
    ours = against_all_others(everything, rows)
    difference = np.abs(ours - published)
    assert difference.max() < WORST_EV, f"{SEED_VARIABLE}={SEED}"
    assert (difference < AGREE_EV).mean() > LEAST_AGREEMENT, f"{SEED_VARIABLE}={SEED}"
    for i in np.flatnonzero(difference >= AGREE_EV):
        assert by_linear_programme(everything, int(rows[i])) == pytest.approx(ours[i], abs=LINPROG_EV)


def test_the_comparison_would_see_a_hull_that_keeps_the_compound_itself(
    everything: Snapshot, rows: np.ndarray, published: np.ndarray
) -> None:
    hull = assemblages(everything, Compositions.of_phases(everything, rows)).energy_ev_per_atom
    above = everything.phases.formation_energy_ev_per_atom[rows] - hull
    stable = published < 0.0
    assert (np.abs(above - published)[stable] > AGREE_EV).mean() > 0.9
    assert np.abs(above - published)[~stable].max() < WORST_EV
