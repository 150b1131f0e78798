"""Machine-learned phases: what the shipped atlas holds, and how it joins a hull."""

import hashlib
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pymatgen.core import Composition

import screening as scr
from screening.errors import InputError, SnapshotError
from screening.phases.additions import Origin
from screening.phases.atlas import (
    ATLAS_FILE,
    CITE,
    WITH_ATLAS,
    held_out,
    in_atlas,
    read_atlas,
    with_atlas,
    with_intervals,
)
from screening.phases.composition import parse_formula
from screening.phases.library import EMBEDDED, locate, open_snapshot, read_manifest, survey
from screening.phases.snapshot import Snapshot
from screening.report.citing import citation


@pytest.fixture(scope="module")
def atlas() -> pd.DataFrame:
    return read_atlas(locate())


@pytest.fixture(scope="module")
def bare() -> Snapshot:
    return open_snapshot()


@pytest.fixture(scope="module")
def joined() -> Snapshot:
    return open_snapshot(WITH_ATLAS)


def machine_learned(snapshot: Snapshot) -> np.ndarray:
    return np.flatnonzero(snapshot.phases.origin == Origin.MACHINE_LEARNED)


def test_every_phase_is_made_of_its_salts_and_holds_its_charges(atlas: pd.DataFrame) -> None:
    charge = {"Li": 1, "Na": 1, "K": 1, "Rb": 1, "Cs": 1, "Cl": -1, "Br": -1, "I": -1, "S": -2, "Se": -2}
    assert atlas["formula"].is_unique
    for row in atlas.itertuples():
        whole, mixed = Composition(row.formula), Counter[str]()
        for text, share in zip(row.salts, row.shares, strict=True):
            for z, n in Composition(text).fractional_composition.get_el_amt_dict().items():
                mixed[z] += share * n
        for z, n in mixed.items():
            assert n == pytest.approx(whole.get_atomic_fraction(z), abs=1e-5)
        assert len(set(whole.get_el_amt_dict()) - set(charge)) == 1
        valence = {"A3MX6": 3, "AMX4": 3, "A2MX6": 4, "AMX6": 5, "A2MX4": 2, "A6MY5X": 5}[row.family]
        assert sum(n * charge.get(z, valence) for z, n in whole.get_el_amt_dict().items()) == 0


def test_the_energy_of_each_is_that_of_the_salts_and_the_mixing(
    atlas: pd.DataFrame, bare: Snapshot, joined: Snapshot
) -> None:
    table = atlas.set_index("formula")
    rows = machine_learned(joined)
    assert len(rows) == int(atlas["snapshot_ev_per_atom"].isna().sum())
    energy = joined.phases.formation_energy_ev_per_atom
    for i in rows:
        of = table.loc[joined.phases.formula[i]]
        salts = [bare.find(parse_formula(text)) for text in of["salts"]]
        mixture = of["shares"] @ bare.phases.formation_energy_ev_per_atom[salts]
        assert energy[i] == pytest.approx(mixture + of["mixing_ev_per_atom"], abs=2e-6)
        assert joined.phases.uncertainty_ev_per_atom[i] == pytest.approx(of["sd_ev_per_atom"])
        assert "machine-learned" in joined.phases.note[i]


def test_the_snapshots_own_phases_stay_as_they_are(bare: Snapshot, joined: Snapshot) -> None:
    theirs = np.flatnonzero(~bare.phases.added)
    n = len(theirs)
    assert np.array_equal(bare.phases.formula[theirs], joined.phases.formula[:n])
    energy = bare.phases.formation_energy_ev_per_atom[theirs]
    assert np.array_equal(energy, joined.phases.formation_energy_ev_per_atom[:n])
    assert set(joined.phases.origin[n:]) == {Origin.MACHINE_LEARNED}
    assert joined.manifest.name == WITH_ATLAS != bare.manifest.name == EMBEDDED


def test_anchoring_moves_a_phase_as_it_moves_its_measured_salts() -> None:
    as_is, anchored = (scr.load_snapshot(WITH_ATLAS, energies=each) for each in ("as-published", "anchored"))
    for formula, salts, share in (("Li3YCl6", ("LiCl", "YCl3"), 0.6), ("Li2ZrCl6", ("LiCl", "ZrCl4"), 4 / 9)):
        moved = [
            anchored.phases.formation_energy_ev_per_atom[i] - as_is.phases.formation_energy_ev_per_atom[i]
            for i in (as_is.find(parse_formula(text)) for text in (formula, *salts))
        ]
        assert moved[0] == pytest.approx(share * moved[1] + (1 - share) * moved[2], abs=1e-5)
        assert abs(moved[0]) > 0.01


def test_widths_cover_what_they_have_not_seen(atlas: pd.DataFrame) -> None:
    known = held_out(atlas)
    assert len(known) >= 20
    again = with_intervals(atlas)
    assert again["half_width_ev_per_atom"].to_numpy() == pytest.approx(
        atlas["half_width_ev_per_atom"].to_numpy(), abs=2e-6
    )
    inside = known["error_ev_per_atom"].abs() <= known["half_width_ev_per_atom"]
    assert inside.mean() >= 0.88
    assert (atlas["half_width_ev_per_atom"] >= atlas["spread_ev_per_atom"] - 2e-6).all()


def test_a_width_is_the_conformal_quantile_of_the_others() -> None:
    n = 40
    table = pd.DataFrame(
        {
            "family": "A3MX6",
            "mixing_ev_per_atom": np.arange(1.0, n + 1) / 1000.0,
            "snapshot_ev_per_atom": [*np.zeros(n - 1), np.nan],
            "snapshot_above_hull_ev_per_atom": [*np.zeros(n - 1), np.nan],
            "spread_ev_per_atom": 0.0,
        }
    )
    # of 39 errors the ceil(0.95 * 40) = 38th smallest
    assert with_intervals(table)["half_width_ev_per_atom"].iloc[-1] == pytest.approx(0.038)
    table.loc[n - 1, "spread_ev_per_atom"] = 0.1
    assert with_intervals(table)["half_width_ev_per_atom"].iloc[-1] == pytest.approx(0.1)


def test_the_shipped_file_is_that_of_the_manifest() -> None:
    stated = dict(open_snapshot().manifest.file_sha256)
    assert hashlib.sha256((locate() / ATLAS_FILE).read_bytes()).hexdigest() == stated[ATLAS_FILE]


PUBLISHED_V = {"Li3YCl6": 0.62, "Li3HoCl6": 0.64}
"""Cathodic limits as quoted, the first from S. Wang et al. (2019), doi 10.1002/anie.201901938."""


@pytest.mark.parametrize("energies", ["corrected", "anchored"])
@pytest.mark.parametrize("formula", PUBLISHED_V)
def test_intervals_hold_published_limits(formula: str, energies: str) -> None:
    found = scr.lithiate(formula, snapshot=WITH_ATLAS, energies=energies)
    interval = found.cathodic_limit_95_v
    assert interval is not None
    assert interval.low <= PUBLISHED_V[formula] <= interval.high
    off = 0.12 if energies == "corrected" else 0.2  # published from the calculated energies
    assert found.cathodic_limit_v == pytest.approx(PUBLISHED_V[formula], abs=off)
    assert interval.high - interval.low < 1.5  # or holding it says nothing
    assert found.origins == {formula: Origin.MACHINE_LEARNED}


def test_the_potentials_are_cited_where_their_phases_join(joined: Snapshot) -> None:
    cited = citation(scr.lithiate("MgF2", snapshot=joined).provenance).data
    assert set(cited) - set(read_manifest(EMBEDDED).cite) == set(CITE)
    assert set(cited) > set(read_manifest(EMBEDDED).cite)
    assert [each.name for each in survey().sound][:2] == [EMBEDDED, WITH_ATLAS]


def test_a_phase_that_only_the_atlas_has_is_pointed_to(bare: Snapshot) -> None:
    assert in_atlas(bare, parse_formula("Li3YCl6"))
    assert not in_atlas(bare, parse_formula("Li3YCl5"))
    with pytest.raises(InputError, match=r"has no Li3YCl6.*--snapshot mp2019\+atlas"):
        scr.lithiate("Li3YCl6")


def test_a_snapshot_without_an_atlas_says_so(tmp_path: Path, bare: Snapshot) -> None:
    with pytest.raises(SnapshotError, match="no atlas"):
        read_atlas(tmp_path)
    assert len(with_atlas(bare)) > len(bare)


def test_the_paper_s_own_halide_is_that_of_the_atlas_in_both_snapshots(
    bare: Snapshot, joined: Snapshot
) -> None:
    (row,) = np.flatnonzero(bare.phases.added)
    assert (bare.phases.formula[row], bare.phases.origin[row]) == ("Li3HoCl6", Origin.MACHINE_LEARNED)
    assert np.count_nonzero(joined.phases.formula == "Li3HoCl6") == 1
    now = joined.find(parse_formula("Li3HoCl6"))
    for name in ("formation_energy_ev_per_atom", "uncertainty_ev_per_atom", "volume_per_atom_a3"):
        here, there = (getattr(s.phases, name)[i] for s, i in ((bare, row), (joined, now)))
        assert here == pytest.approx(there, abs=1e-3 if name.startswith("volume") else 1e-6)
    assert joined.phases.band_gap_ev[now] == bare.phases.band_gap_ev[row]
    assert joined.phases.note[now] == bare.phases.note[row]
