"""The embedded snapshot, and small ones made up in memory."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest

from screening.phases.composition import parse_formula
from screening.phases.library import open_snapshot
from screening.phases.snapshot import AddedPhase, Snapshot


@pytest.fixture(scope="session")
def mp2019() -> Snapshot:
    """The embedded snapshot."""
    return open_snapshot()


@pytest.fixture(scope="session")
def made_up(mp2019: Snapshot) -> Callable[[Mapping[str, float]], Snapshot]:
    """Snapshots that hold these compounds (eV per atom), their elements, and nothing else."""

    def make(energies: Mapping[str, float]) -> Snapshot:
        formulas = [parse_formula(text) for text in energies]
        wanted = {z for formula in formulas for z in formula.atomic_numbers}
        pure = [mp2019.index.exactly(np.array([z]))[0] for z in sorted(wanted)]
        compounds = [
            AddedPhase(formula, energies[formula.text], 0.0, "made up")
            for formula in formulas
            if len(formula.amounts) > 1
        ]
        return replace(mp2019, phases=mp2019.phases.take(np.array(pure))).joined(compounds)

    return make
