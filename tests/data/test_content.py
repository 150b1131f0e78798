"""The committed snapshot: whole, consistent, and what its manifest says."""

import hashlib
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from pymatgen.core import Composition

from screening.phases.checksum import content_checksum

DATA = Path(__file__).parents[2] / "data"
SNAPSHOT, REFERENCE = DATA / "mp2019", DATA / "reference" / "decomposition.parquet"


@pytest.fixture(scope="module")
def phases() -> pd.DataFrame:
    return pq.read_table(SNAPSHOT / "phases.parquet").to_pandas()


@pytest.fixture(scope="module")
def manifest() -> dict:
    return json.loads((SNAPSHOT / "manifest.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def sample(phases: pd.DataFrame) -> pd.DataFrame:
    return phases[84:].sample(1500, random_state=np.random.default_rng())


def test_files_are_those_of_the_manifest(manifest: dict) -> None:
    for name, expected in manifest["file_sha256"].items():
        assert hashlib.sha256((SNAPSHOT / name).read_bytes()).hexdigest() == expected
    assert content_checksum(pq.read_table(SNAPSHOT / "phases.parquet")) == manifest["checksum"]


def test_distrusted_elements_are_named_with_their_evidence(manifest: dict, phases: pd.DataFrame) -> None:
    named = {f"{each['element']}{each['valence']}": each for each in manifest["distrusted"]}
    assert set(named) == {"Yb3", "Sm2", "Eu3"}
    energies = phases.set_index("formula")["formation_energy_ev_per_atom"]
    measured = {}
    for each in named.values():
        off = [e["measured_ev_per_atom"] - e["calculated_ev_per_atom"] for e in each["evidence"]]
        assert max(map(abs, off)) == pytest.approx(each["off_by_up_to_ev_per_atom"], abs=0.006)
        for e in each["evidence"]:
            assert e["calculated_ev_per_atom"] == pytest.approx(energies[e["formula"]], abs=6e-4)
            measured[e["formula"]] = e["measured_ev_per_atom"]
    # kJ/mol, CRC Handbook: Yb2O3 -1814.6, YbCl3 -959.8, EuCl3 -936.0, SmCl2 -815.5
    handbook = {"Yb2O3": -1814.6 / 5, "YbCl3": -959.8 / 4, "EuCl3": -936.0 / 4, "SmCl2": -815.5 / 3}
    assert {f: measured[f] * 96.485 for f in handbook} == pytest.approx(handbook, abs=4.0)


def test_written_by_the_pinned_writer(builder: ModuleType, manifest: dict) -> None:
    assert manifest["writer"] == {"pyarrow": builder.PINNED_PYARROW}
    assert pq.read_table(SNAPSHOT / "phases.parquet").schema == builder.PHASES_SCHEMA


def test_counts_are_those_of_the_sources(builder: ModuleType, phases: pd.DataFrame, manifest: dict) -> None:
    assert builder.counts_of(phases) == manifest["counts"]
    counts = manifest["counts"]
    assert (counts["elements"], counts["compounds"], counts["dilute"]) == (84, 85_014, 68)
    assert counts["without_band_gap"] == 12_791
    assert counts["with_band_gap"] + counts["without_band_gap"] == counts["compounds"]
    assert counts["volume_unknown"] == 0
    assert phases["formula"].str.match("[A-Z].*Mg149|Mg149").sum() == 65


def test_every_compound_has_its_decomposition_energy(phases: pd.DataFrame) -> None:
    reference = pq.read_table(REFERENCE).to_pandas()
    assert reference["formula"].tolist() == phases["formula"][84:].tolist()
    assert np.isfinite(reference["decomposition_energy_ev_per_atom"]).all()


def test_formulas_are_unique_sorted_and_elements_first(phases: pd.DataFrame) -> None:
    assert phases["formula"].is_unique
    assert phases["formula"][84:].is_monotonic_increasing
    assert phases["elements"][:84].map(len).eq(1).all()
    assert phases["elements"][84:].map(len).min() == 2
    assert phases["formation_energy_ev_per_atom"][:84].eq(0).all()
    assert np.isfinite(phases["formation_energy_ev_per_atom"]).all()


def test_elements_and_amounts_are_those_of_the_reduced_formula(sample: pd.DataFrame) -> None:
    for row in sample.itertuples():
        composition = Composition(row.formula)
        assert composition.reduced_formula == row.formula
        stored = dict(zip(row.elements, row.amounts, strict=True))
        assert {element.Z: amount for element, amount in composition.items()} == stored
        assert (np.diff(row.elements.astype(int)) > 0).all()


def test_gap_columns_agree_with_each_other(phases: pd.DataFrame) -> None:
    known = phases[phases["band_gap_polymorphs"] > 0]
    assert (known["band_gap_min_ev"] <= known["band_gap_ev"]).all()
    assert (known["band_gap_ev"] <= known["band_gap_max_ev"]).all()
    assert (known["band_gap_min_ev"] >= 0).all()
    gaps = ["band_gap_ev", "band_gap_min_ev", "band_gap_max_ev"]
    assert phases.loc[phases["band_gap_polymorphs"] == 0, gaps].isna().all(axis=None)


@pytest.mark.parametrize(
    ("formula", "a3_per_atom"),
    [
        # atoms a cubic cell: 8 in rock salt and zinc blende, 12 in fluorite and antifluorite
        ("LiCl", 5.130**3 / 8),
        ("LiF", 4.027**3 / 8),
        ("MgO", 4.212**3 / 8),
        ("Li2S", 5.708**3 / 12),
        ("CaF2", 5.463**3 / 12),
        ("GaAs", 5.653**3 / 8),
    ],
)
def test_volumes_agree_with_lattice_parameters(
    phases: pd.DataFrame, formula: str, a3_per_atom: float
) -> None:
    row = phases.set_index("formula").loc[formula]
    assert row["volume_source"] == "dft"
    assert row["volume_per_atom_a3"] == pytest.approx(a3_per_atom, rel=0.06)  # PBE: up to 2 % in length


@pytest.mark.parametrize("formula", ["Li6PS5Cl", "Li10Ge(PS6)2", "Li3YBr6", "Li2Al"])
def test_phases_that_the_screening_needs_have_an_estimated_volume(phases: pd.DataFrame, formula: str) -> None:
    row = phases.set_index("formula").loc[formula]
    assert row["volume_source"] == "estimated"
    assert 10 < row["volume_per_atom_a3"] < 30


def test_volume_of_argyrodite_agrees_with_its_lattice(phases: pd.DataFrame) -> None:
    # Li6PS5Cl: cubic, a = 9.86 Å, four formula units of 13 atoms
    estimated = phases.set_index("formula").loc["Li6PS5Cl", "volume_per_atom_a3"]
    assert estimated == pytest.approx(9.86**3 / 52, rel=0.05)


def test_accuracy_of_the_volume_estimate_is_what_the_readme_says(
    volumes: ModuleType, phases: pd.DataFrame
) -> None:
    known = phases[phases["volume_source"].isin(["dft", "element"])]
    error = volumes.held_out_errors(known, 1200)["error"]
    assert error.abs().median() < 0.05
    assert error.abs().quantile(0.9) < 0.19
    assert abs(error.median()) < 0.03


def test_estimated_phase_follows_from_the_committed_energies(
    builder: ModuleType, phases: pd.DataFrame
) -> None:
    (written,) = tomllib.loads((SNAPSHOT / "estimated_phases.toml").read_text("utf-8"))["phase"]
    atlas = pd.read_parquet(SNAPSHOT / "atlas.parquet")
    assert written == {**vars(builder.from_atlas(phases, atlas)), "sources": written["sources"]}
    assert written["formation_energy_ev_per_atom"] == pytest.approx(-2.3370, abs=5e-5)
    assert written["formula"] not in set(phases["formula"])


def test_readme_states_the_counts_and_checksums(manifest: dict) -> None:
    text = (DATA / "README.md").read_text("utf-8")
    assert list(missing_from(text, manifest)) == []


def missing_from(text: str, manifest: dict) -> Iterator[str]:
    reference = content_checksum(pq.read_table(REFERENCE))
    stated = [manifest["checksum"], reference, manifest["writer"]["pyarrow"]]
    stated += manifest["file_sha256"].values()
    stated += [f"{count:,}" for count in manifest["counts"].values()]
    yield from (value for value in stated if value not in text)
