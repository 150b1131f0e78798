"""Measured volumes: those of the cells, used where the calculated ones are far off."""

import numpy as np
import pytest

from screening.phases.composition import parse_formula
from screening.phases.library import open_snapshot
from screening.phases.snapshot import Phases
from screening.phases.structures import literature_cells
from screening.phases.volumes import FAR_OFF, measured_volumes, take_measured


@pytest.fixture(scope="module")
def phases() -> Phases:
    return open_snapshot().phases


def test_the_table_is_that_of_the_cells() -> None:
    of_cells = {
        cell.formula.text: cell.structure.volume / cell.structure.composition.num_atoms
        for cell in literature_cells()
        if len(cell.formula.atomic_numbers) > 1
    }
    del of_cells["Li3HoCl6"]  # its lattice is that of Li3YCl6
    assert measured_volumes() == pytest.approx(of_cells, abs=1e-3)


@pytest.mark.parametrize(
    ("formula", "g_per_cm3"),
    # as weighed, CRC Handbook of Chemistry and Physics (the database of `chemicals`)
    [("LiI", 4.06), ("MgI2", 4.43), ("MgBr2", 3.72), ("SnS2", 4.5)],
)
def test_salts_that_were_far_off_have_their_density(formula: str, g_per_cm3: float) -> None:
    from pymatgen.core import Composition

    snapshot = open_snapshot()
    phase = snapshot.find(parse_formula(formula))
    assert phase is not None
    assert snapshot.phases.volume_source[phase] == "measured"
    a3_per_atom = float(snapshot.phases.volume_per_atom_a3[phase])
    composition = Composition(formula)
    density = composition.weight / composition.num_atoms / 0.602214 / a3_per_atom
    assert density == pytest.approx(g_per_cm3, rel=0.05)


def test_what_is_near_stays_calculated(phases: Phases) -> None:
    sources = dict(zip(phases.formula, phases.volume_source, strict=True))
    assert {name: sources[name] for name in ("LiCl", "LiAl", "Li2S")} == dict.fromkeys(
        ("LiCl", "LiAl", "Li2S"), "dft"
    )


def test_an_unknown_volume_is_filled_in() -> None:
    known = measured_volumes()["LiCl"]
    kept = known * (1.0 + 0.9 * FAR_OFF)
    formula = np.array(["LiCl", "LiCl", "LiCl", "LiXe"], dtype=object)
    volume = np.array([np.nan, kept, known * (1.0 - 1.1 * FAR_OFF), 5.0])
    source = np.array(["", "dft", "dft", "dft"], dtype=object)
    take_measured(formula, volume, source)
    assert volume == pytest.approx([known, kept, known, 5.0])
    assert source.tolist() == ["measured", "dft", "measured", "dft"]
