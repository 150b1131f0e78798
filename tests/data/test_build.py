"""The build on a wheel of nine compounds: every rule of the snapshot, no network."""

import json
import tomllib
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from screening.phases.checksum import content_checksum

FILES = (
    "mp2019/phases.parquet",
    "mp2019/estimated_phases.toml",
    "mp2019/manifest.json",
    "reference/decomposition.parquet",
)


@pytest.fixture
def built(builder: ModuleType, wheel: Path, tmp_path: Path) -> pd.DataFrame:
    builder.build(builder.read_sources(wheel), tmp_path / "out")
    return pq.read_table(tmp_path / "out" / FILES[0]).to_pandas().set_index("formula")


def test_elements_come_first_by_atomic_number_then_compounds_by_formula(built: pd.DataFrame) -> None:
    elements = ["Li", "N", "O", "Na", "Mg", "Cl", "Ho", "Er"]
    assert list(built.index[:8]) == elements
    assert list(built.index[8:]) == sorted(built.index[8:])
    assert (built.loc[elements, "formation_energy_ev_per_atom"] == 0).all()
    assert list(built.loc["Li3ErCl6", "elements"]) == [3, 17, 68]
    assert list(built.loc["Li3ErCl6", "amounts"]) == [3, 6, 1]


def test_amounts_are_those_of_the_formula_as_written(built: pd.DataFrame) -> None:
    assert list(built.loc["Li2O2", "amounts"]) == [2, 2]
    assert "LiO" not in built.index


def test_the_lower_of_two_rows_of_one_compound_is_kept(built: pd.DataFrame) -> None:
    assert built.loc["Li2O", "formation_energy_ev_per_atom"] == -2.1


def test_energies_keep_every_digit_of_the_source(built: pd.DataFrame) -> None:
    assert built.loc["LiCl", "formation_energy_ev_per_atom"] == -2.127603149130001


def test_sodium_azide_is_not_read_as_a_missing_value(built: pd.DataFrame) -> None:
    assert built.loc["NaN3", "formation_energy_ev_per_atom"] == -0.4


def test_gap_is_the_median_over_polymorphs_with_its_range(built: pd.DataFrame) -> None:
    columns = ["band_gap_ev", "band_gap_min_ev", "band_gap_max_ev", "band_gap_polymorphs"]
    assert built.loc["Li2O", columns].tolist() == pytest.approx([4.2, 4.0, 5.0, 3])
    assert built.loc["O", columns].tolist() == pytest.approx([1.3, 1.2, 1.6, 3])
    assert built.loc["HoCl3", columns[:3]].isna().all()
    assert built.loc["HoCl3", "band_gap_polymorphs"] == 0


def test_volumes_say_where_they_come_from(built: pd.DataFrame) -> None:
    assert built.loc["Li2O", "volume_source"] == "dft"
    assert built.loc["Li2O", "volume_per_atom_a3"] == pytest.approx(8.12726)
    assert built.loc["Li", "volume_source"] == "element"
    # body-centred cubic lithium: a = 3.51 Å, two atoms a cell
    assert built.loc["Li", "volume_per_atom_a3"] == pytest.approx(3.51**3 / 2, rel=0.01)
    assert built.loc["Li3ErCl6", "volume_source"] == "estimated"
    additive = 0.6 * 16.4085 + 0.4 * 24.3291
    assert built.loc["Li3ErCl6", "volume_per_atom_a3"] == pytest.approx(additive, abs=1e-3)


def test_the_phase_that_the_source_lacks_is_its_salts_and_the_mixing_of_the_atlas(
    built: pd.DataFrame, tmp_path: Path
) -> None:
    (phase,) = tomllib.loads((tmp_path / "out" / FILES[1]).read_text("utf-8"))["phase"]
    atlas = pd.read_parquet(tmp_path / "out" / "mp2019" / "atlas.parquet").set_index("formula")
    row = atlas.loc["Li3HoCl6"]
    # six of ten atoms are those of 3 LiCl
    energy = 0.6 * -2.127603149130001 + 0.4 * -2.6584 + row["mixing_ev_per_atom"]
    assert phase["formation_energy_ev_per_atom"] == pytest.approx(energy, abs=2e-6)
    assert (phase["formula"], phase["origin"]) == ("Li3HoCl6", "machine-learned")
    assert phase["uncertainty_ev_per_atom"] == row["sd_ev_per_atom"] > 0
    assert phase["volume_source"] == "estimated"
    assert all(phase[key] for key in ("method", "band_gap_method", "volume_method", "sources"))


def test_manifest_counts_and_checksums(built: pd.DataFrame, builder: ModuleType, tmp_path: Path) -> None:
    snapshot = tmp_path / "out" / "mp2019"
    content = json.loads((snapshot / "manifest.json").read_text("utf-8"))
    assert content["checksum"] == content_checksum(pq.read_table(snapshot / "phases.parquet"))
    assert content["counts"] == {
        "elements": 8,
        "compounds": 8,
        "with_band_gap": 4,
        "without_band_gap": 4,
        "ambiguous_gap": 1,
        "volume_dft": 4,
        "volume_estimated": 4,
        "volume_unknown": 0,
        "dilute": 1,
    }
    for name in ("phases.parquet", "estimated_phases.toml", "atlas.parquet"):
        builder.require_sha256(snapshot / name, content["file_sha256"][name])


def test_a_second_build_gives_the_same_bytes(builder: ModuleType, wheel: Path, tmp_path: Path) -> None:
    for target in ("one", "two"):
        builder.build(builder.read_sources(wheel), tmp_path / target)
    for name in FILES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_another_wheel_is_refused_before_anything_is_written(
    builder: ModuleType, wheel: Path, tmp_path: Path
) -> None:
    with pytest.raises(SystemExit, match="sha256"):
        builder.main(["--wheel", str(wheel), "--out", str(tmp_path / "out")])
    assert not (tmp_path / "out").exists()


def test_volume_of_a_compound_never_uses_the_compound_itself(volumes: ModuleType) -> None:
    rows = [
        ("Li", [3], [1.0], 0.0, 20.0),
        ("Al", [13], [1.0], 0.0, 17.0),
        ("LiAl", [3, 13], [1.0, 1.0], -0.2, 16.0),
        ("Li3Al", [3, 13], [3.0, 1.0], -0.1, 99.0),
    ]
    columns = ["formula", "elements", "amounts", "formation_energy_ev_per_atom", "volume_per_atom_a3"]
    phases = pd.DataFrame(rows, columns=columns)
    assert volumes.additive_volumes(phases, [2, 3]) == pytest.approx([(2 * 99 + 17) / 3, (16 + 20) / 2])


def test_a_composition_that_nothing_makes_has_no_volume(volumes: ModuleType) -> None:
    columns = ["formula", "elements", "amounts", "formation_energy_ev_per_atom", "volume_per_atom_a3"]
    rows = [
        ("Li", [3], [1.0], 0.0, 20.0),
        ("Pm", [61], [1.0], 0.0, np.nan),
        ("LiPm", [3, 61], [1.0, 1.0], -1.0, np.nan),
    ]
    phases = pd.DataFrame(rows, columns=columns).assign(volume_source=["element", "", ""])
    filled = volumes.with_estimated_volumes(phases)
    assert filled["volume_per_atom_a3"].isna().tolist() == [False, True, True]
    assert filled["volume_source"].tolist() == ["element", "", ""]
