"""Our hull against the decomposition energies published with the data, for compounds drawn anew in every run.

Bartel et al. (doi 10.1038/s41524-020-00362-y) give, for the same formation energies, the energy of each
compound against the lowest mixture of all others: negative where it is stable by that much, positive where it
lies above the hull. They keep dilute supercells, so the rule that leaves these out is off here.

Their minimiser stops short of the minimum in one compound of eleven: where the numbers differ by more than
1e-6 eV, the published competitor is always the higher one, for 18 compounds even higher than the unmixed
elements. As published, 99.39 % of all compounds agree within 1 meV/atom and all but two within 5. Run on our
phases, that minimiser (`benchmarks/decomposition.py`) stops at the published number: so the differences are
its own, and with them taken out the bounds are held.
"""

import importlib.util
import os
import secrets
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from screening.phases.snapshot import Snapshot
from screening.thermo.compositions import Compositions
from screening.thermo.lines import assemblages

SEED_VARIABLE = "INTERPHASE_ORACLE_SEED"
SEED = int(os.environ.get(SEED_VARIABLE, "0")) or secrets.randbelow(2**31)
SCRIPT = Path(__file__).parents[2] / "benchmarks" / "decomposition.py"
COMPOUNDS = 2000

SAME_EV = 1e-6
"""Exactness of both; differences beyond it come from competitors that are not the lowest."""

AGREE_EV, WORST_EV, LEAST_AGREEMENT = 1e-3, 5e-3, 0.995
"""What is extrapolated: 99.5 % of the compounds within 1 meV/atom, all within 5."""

LINPROG_EV = 1e-7


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The benchmark, whose two solvers of others this test uses."""
    spec = importlib.util.spec_from_file_location("benchmark_decomposition", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def everything(script: ModuleType) -> Snapshot:
    """All calculated phases, dilute supercells among them."""
    return script.calculated_phases()


@pytest.fixture(scope="module")
def rows(everything: Snapshot) -> np.ndarray:
    compounds = np.flatnonzero(everything.phases.n_elements > 1)
    return np.random.default_rng(SEED).choice(compounds, COMPOUNDS, replace=False)


@pytest.fixture(scope="module")
def published(script: ModuleType, everything: Snapshot, rows: np.ndarray) -> np.ndarray:
    return script.published_energies(everything, rows)


@pytest.fixture(scope="module")
def ours(script: ModuleType, everything: Snapshot, rows: np.ndarray) -> np.ndarray:
    return script.against_all_others(everything, rows)


def test_our_competitor_is_never_above_the_published_one(ours: np.ndarray, published: np.ndarray) -> None:
    assert (ours - published).min() > -SAME_EV, f"{SEED_VARIABLE}={SEED}"


def test_agreement_once_the_published_minimiser_is_known(
    script: ModuleType, everything: Snapshot, rows: np.ndarray, ours: np.ndarray, published: np.ndarray
) -> None:
    difference = np.abs(ours - published)
    beyond = np.flatnonzero(difference >= AGREE_EV)
    traced = script.trace(everything, rows[beyond])
    difference[beyond] = np.abs(ours[beyond] - (published[beyond] - traced.stopping_error_ev_per_atom))
    assert (difference < AGREE_EV).mean() >= LEAST_AGREEMENT, f"{SEED_VARIABLE}={SEED}"
    assert difference.max() < WORST_EV, f"{SEED_VARIABLE}={SEED}"
    assert traced.exact_ev_per_atom == pytest.approx(ours[beyond], abs=LINPROG_EV), f"{SEED_VARIABLE}={SEED}"


def test_the_comparison_would_see_a_hull_that_lacks_a_phase(
    script: ModuleType, everything: Snapshot, rows: np.ndarray, published: np.ndarray
) -> None:
    """Without every second stable compound, many competitors are off by more than is extrapolated."""
    stable = script.on_hull(everything)
    fewer = np.setdiff1d(np.arange(len(everything.phases.formula)), stable[stable % 2 == 0])
    elements = np.flatnonzero(everything.phases.n_elements == 1)
    fewer = np.union1d(fewer, elements)
    some = np.intersect1d(rows, fewer)[:200]
    position = {row: i for i, row in enumerate(rows.tolist())}
    own = everything.phases.formation_energy_ev_per_atom[some]
    poorer = own - [script.Rivals.of(everything, int(row), fewer).exact_ev_per_atom() for row in some]
    assert (np.abs(poorer - published[[position[row] for row in some.tolist()]]) > WORST_EV).mean() > 0.1


def test_the_comparison_would_see_a_hull_that_keeps_the_compound_itself(
    everything: Snapshot, rows: np.ndarray, published: np.ndarray
) -> None:
    hull = assemblages(everything, Compositions.of_phases(everything, rows)).energy_ev_per_atom
    above = everything.phases.formation_energy_ev_per_atom[rows] - hull
    stable = published < 0.0
    assert (np.abs(above - published)[stable] > AGREE_EV).mean() > 0.9
    assert np.median(np.abs(above - published)[~stable]) < SAME_EV
