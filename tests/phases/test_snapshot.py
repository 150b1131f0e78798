"""Snapshots: what is read, what is joined, and what is refused with which words."""

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from screening.errors import SnapshotError
from screening.phases.checksum import content_checksum
from screening.phases.composition import parse_formula
from screening.phases.library import locate, open_snapshot
from screening.phases.manifest import MANIFEST_FILE, Manifest
from screening.phases.snapshot import (
    DILUTE_RATIO,
    ESTIMATED_FILE,
    PHASES_FILE,
    AddedPhase,
    Phases,
    Snapshot,
    read_estimates,
)

ROWS = {"Li": 0.0, "F": 0.0, "Mg": 0.0, "LiF": -3.0, "MgF2": -3.7, "LiMg149": -0.001}
ESTIMATE = """
[[phase]]
formula = "{formula}"
formation_energy_ev_per_atom = {energy}
uncertainty_ev_per_atom = {uncertainty}
method = "a guess"
"""


def columns(rows: dict[str, float]) -> dict[str, Any]:
    formulas = [parse_formula(text) for text in rows]
    n = len(rows)
    return {
        "formula": list(rows),
        "elements": pa.array([f.atomic_numbers for f in formulas], pa.list_(pa.uint8())),
        "amounts": pa.array([f.amounts for f in formulas], pa.list_(pa.float32())),
        "formation_energy_ev_per_atom": list(rows.values()),
        "band_gap_ev": pa.array([None] * n, pa.float32()),
        "band_gap_min_ev": pa.array([None] * n, pa.float32()),
        "band_gap_max_ev": pa.array([None] * n, pa.float32()),
        "band_gap_polymorphs": [0] * n,
        "volume_per_atom_a3": [10.0] * n,
        "volume_source": ["dft"] * n,
    }


def write(directory: Path, table: dict[str, Any] | None = None, **manifest: Any) -> Path:
    """A snapshot directory with a sound manifest, but for what is given; None leaves an entry out."""
    directory.mkdir(exist_ok=True)
    content = pa.table(columns(ROWS) if table is None else table)
    pq.write_table(content, directory / PHASES_FILE)
    files = [path for path in directory.iterdir() if path.name != MANIFEST_FILE]
    entries = {
        "name": "small",
        "energy_scheme": "GGA, 0 K",
        "database_version": "1",
        "date": "2020-01-01",
        "licence": "CC BY 4.0",
        "checksum": manifest.get("checksum", "") or content_checksum(content),
        "file_sha256": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files},
        **manifest,
    }
    kept = {key: value for key, value in entries.items() if value is not None}
    (directory / MANIFEST_FILE).write_text(json.dumps(kept), "utf-8")
    return directory


@pytest.fixture(scope="module")
def mp2019() -> Snapshot:
    return open_snapshot()


def test_the_embedded_snapshot_is_what_its_manifest_says(mp2019: Snapshot) -> None:
    counts = json.loads(mp2019.manifest.details)["counts"]
    calculated = int((~mp2019.phases.estimated).sum())
    assert calculated == counts["elements"] + counts["compounds"] - counts["dilute"]
    assert calculated - counts["elements"] == 84_946
    assert mp2019.n_dilute_left_out == 68
    assert len(mp2019.elements) == 84
    mp2019.verify(locate())


def test_the_dilute_rule_leaves_out_supercells_and_counts_them(mp2019: Snapshot) -> None:
    everything = open_snapshot(keep_dilute=True)
    assert everything.n_dilute_left_out == 0
    assert len(everything) - len(mp2019) == 68
    assert mp2019.phases.coefficient_ratio.max() < DILUTE_RATIO
    left_out = everything.phases.formula[everything.phases.coefficient_ratio >= DILUTE_RATIO]
    assert sum("Mg149" in formula for formula in left_out) == 65


def test_a_small_snapshot_is_read(tmp_path: Path) -> None:
    snapshot = Snapshot.read(write(tmp_path / "small"))
    assert snapshot.phases.formula.tolist() == ["Li", "F2", "Mg", "LiF", "MgF2"]
    assert snapshot.n_dilute_left_out == 1
    assert snapshot.phases.atoms.tolist() == [1, 2, 1, 2, 3]
    assert snapshot.phases.fraction[-2:] == pytest.approx([2 / 3, 1 / 3])
    assert not snapshot.phases.estimated.any()
    snapshot.verify(tmp_path / "small")


def test_find_takes_any_multiple_and_the_lowest_of_two(tmp_path: Path) -> None:
    rows = columns({**ROWS, "Li2F2": -3.1})
    snapshot = Snapshot.read(write(tmp_path / "small", rows))
    found = snapshot.find(parse_formula("Li3F3"))
    assert snapshot.phases.formation_energy_ev_per_atom[found] == -3.1
    assert snapshot.find(parse_formula("Li2F")) is None
    assert snapshot.find(parse_formula("LiO")) is None
    assert snapshot.formula(snapshot.find(parse_formula("Mg2F4"))) == parse_formula("MgF2")


def test_taking_and_joining_phases_keeps_every_column(tmp_path: Path) -> None:
    phases = Snapshot.read(write(tmp_path / "small")).phases
    order = np.array([4, 0, 3])
    again = phases.take(order).joined(phases.take(np.array([1])))
    assert again.formula.tolist() == ["MgF2", "Li", "LiF", "F2"]
    assert again.atoms.tolist() == [3, 1, 2, 2]
    for name in Phases.__dataclass_fields__:
        if name not in ("row_start", "atomic_number", "amount"):
            assert getattr(again, name).tolist()[:3] == pytest.approx(
                getattr(phases, name)[order].tolist(), nan_ok=True
            )


def test_estimates_join_only_where_nothing_is_calculated(tmp_path: Path) -> None:
    (tmp_path / "small").mkdir()
    text = ESTIMATE.format(formula="Li2MgF4", energy=-3.4, uncertainty=0.02)
    text += ESTIMATE.format(formula="Li2F2", energy=-9.0, uncertainty=0.02)
    (tmp_path / "small" / ESTIMATED_FILE).write_text(text, "utf-8")
    snapshot = Snapshot.read(write(tmp_path / "small"))
    assert snapshot.phases.formula[snapshot.phases.estimated].tolist() == ["Li2MgF4"]
    estimate = snapshot.find(parse_formula("LiMg0.5F2"))
    assert snapshot.phases.uncertainty_ev_per_atom[estimate] == 0.02
    assert snapshot.phases.note[estimate] == "a guess"
    assert snapshot.phases.formation_energy_ev_per_atom[snapshot.find(parse_formula("LiF"))] == -3.0


def test_added_phases_are_marked_and_the_snapshot_stays_as_it_was(tmp_path: Path) -> None:
    snapshot = Snapshot.read(write(tmp_path / "small"))
    added = snapshot.joined([AddedPhase(parse_formula("Li2MgF4"), -3.5, 0.05, "my own")])
    assert len(added) == len(snapshot) + 1
    assert added.phases.estimated.tolist() == [False] * len(snapshot) + [True]
    assert snapshot.joined([]) is snapshot
    assert added.index.exactly(np.array([3, 9, 12])).tolist() == [len(snapshot)]


def test_a_missing_snapshot_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="no snapshot there"):
        Snapshot.read(tmp_path / "nowhere")


@pytest.mark.parametrize("text", ["", "{", '"text"', "[]", "null", "\x00"])
def test_a_damaged_manifest_is_refused(tmp_path: Path, text: str) -> None:
    write(tmp_path / "small")
    (tmp_path / "small" / MANIFEST_FILE).write_text(text, "utf-8")
    with pytest.raises(SnapshotError, match=r"damaged manifest|manifest lacks"):
        Snapshot.read(tmp_path / "small")


def test_a_manifest_that_is_not_text_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "small")
    (tmp_path / "small" / MANIFEST_FILE).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SnapshotError, match="damaged manifest"):
        Snapshot.read(tmp_path / "small")


@pytest.mark.parametrize(
    "key", ["name", "energy_scheme", "database_version", "licence", "checksum", "file_sha256"]
)
@pytest.mark.parametrize("value", [None, ""])
def test_a_manifest_without_one_of_its_entries_is_refused(tmp_path: Path, key: str, value: Any) -> None:
    write(tmp_path / "small", **{key: value})
    with pytest.raises(SnapshotError, match=f"manifest lacks {key}"):
        Snapshot.read(tmp_path / "small")


@pytest.mark.parametrize("scheme", [["GGA", "R2SCAN"], {"GGA": 3, "R2SCAN": 4}])
def test_mixed_schemes_are_refused(tmp_path: Path, scheme: Any) -> None:
    with pytest.raises(SnapshotError, match=r"mixed energy schemes .*R2SCAN.*one scheme per snapshot"):
        Snapshot.read(write(tmp_path / "small", energy_scheme=scheme))


def test_an_element_off_zero_betrays_a_second_scheme(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match=r"has 0\.150 eV/atom .* mixed schemes"):
        Snapshot.read(write(tmp_path / "small", columns({**ROWS, "Mg": -0.15})))


def test_an_element_without_reference_is_refused(tmp_path: Path) -> None:
    rows = {text: energy for text, energy in ROWS.items() if text != "Mg"}
    with pytest.raises(SnapshotError, match="no elemental reference for Mg"):
        Snapshot.read(write(tmp_path / "small", columns(rows)))


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "small") / PHASES_FILE
    path.write_bytes(path.read_bytes().replace(b"MgF2", b"MgF3"))
    with pytest.raises(SnapshotError, match=r"phases\.parquet: damaged: sha256 .* instead of"):
        Snapshot.read(tmp_path / "small")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    (write(tmp_path / "small") / PHASES_FILE).unlink()
    with pytest.raises(SnapshotError, match=r"phases\.parquet: missing"):
        Snapshot.read(tmp_path / "small")


@pytest.mark.parametrize(
    ("digests", "said"),
    [
        ({"other.txt": "0"}, "lacks the digest"),
        (["phases.parquet"], "not a table"),
        ({PHASES_FILE: 7}, "not a table"),
    ],
)
def test_a_manifest_that_does_not_vouch_for_the_table_is_refused(
    tmp_path: Path, digests: Any, said: str
) -> None:
    with pytest.raises(SnapshotError, match=said):
        Snapshot.read(write(tmp_path / "small", file_sha256=digests))


def test_a_table_that_is_no_parquet_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "small")
    (tmp_path / "small" / PHASES_FILE).write_text("formula,energy\nLi,0\n", "utf-8")
    digest = hashlib.sha256((tmp_path / "small" / PHASES_FILE).read_bytes()).hexdigest()
    manifest = json.loads((tmp_path / "small" / MANIFEST_FILE).read_text("utf-8"))
    text = json.dumps({**manifest, "file_sha256": {PHASES_FILE: digest}})
    (tmp_path / "small" / MANIFEST_FILE).write_text(text, "utf-8")
    with pytest.raises(SnapshotError, match="cannot be read"):
        Snapshot.read(tmp_path / "small")


def without_column(table: dict[str, Any]) -> None:
    del table["band_gap_ev"], table["amounts"]


def text_for_energies(table: dict[str, Any]) -> None:
    table["formation_energy_ev_per_atom"] = ["low"] * len(ROWS)


def null_formula(table: dict[str, Any]) -> None:
    table["formula"][3] = None


def null_energy(table: dict[str, Any]) -> None:
    table["formation_energy_ev_per_atom"][3] = None


def infinite_energy(table: dict[str, Any]) -> None:
    table["formation_energy_ev_per_atom"][4] = -math.inf


def fewer_amounts(table: dict[str, Any]) -> None:
    table["amounts"] = pa.array([*table["amounts"].to_pylist()[:-2], [1.0], [1.0, 149.0]])


def no_elements(table: dict[str, Any]) -> None:
    table["elements"] = pa.array([*table["elements"].to_pylist()[:-1], []])
    table["amounts"] = pa.array([*table["amounts"].to_pylist()[:-1], []])


def swapped_elements(table: dict[str, Any]) -> None:
    table["elements"] = pa.array([*table["elements"].to_pylist()[:3], [9, 3], [9, 12], [3, 12]])


def unknown_element(table: dict[str, Any]) -> None:
    table["elements"] = pa.array([*table["elements"].to_pylist()[:3], [3, 119], [9, 12], [3, 12]])


def null_element(table: dict[str, Any]) -> None:
    table["elements"] = pa.array([*table["elements"].to_pylist()[:3], [3, None], [9, 12], [3, 12]])


def zero_amount(table: dict[str, Any]) -> None:
    table["amounts"] = pa.array([*table["amounts"].to_pylist()[:3], [1.0, 0.0], [2.0, 1.0], [1.0, 149.0]])


def empty(table: dict[str, Any]) -> None:
    table.update({name: column[:0] for name, column in table.items()})


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (without_column, "columns missing: amounts, band_gap_ev"),
        (text_for_energies, "column formation_energy_ev_per_atom holds string"),
        (null_formula, "column formula contains nulls"),
        (null_energy, "no energy for LiF"),
        (infinite_energy, "no energy for MgF2"),
        (fewer_amounts, "MgF2 has 2 elements and 1 amounts"),
        (no_elements, "LiMg149 has 0 elements"),
        (swapped_elements, "elements of LiF are not ascending atomic numbers"),
        (unknown_element, "elements of LiF are not ascending atomic numbers"),
        (null_element, "elements of LiF are not ascending atomic numbers"),
        (zero_amount, "LiF holds an amount of 0"),
        (empty, "contains no phases"),
    ],
)
def test_rows_that_are_no_phases_are_refused(
    tmp_path: Path, damage: Callable[[dict[str, Any]], None], said: str
) -> None:
    table = columns(ROWS)
    damage(table)
    with pytest.raises(SnapshotError, match=rf"phases\.parquet: {said}.*fetch or rebuild") as refusal:
        Snapshot.read(write(tmp_path / "small", table, checksum="0" * 64))
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[phase]", "damaged"),
        ("[[phase]]\nformula = 'LiF'", "damaged"),
        ("phase = 'LiF'", "damaged"),
        (ESTIMATE.format(formula="LiXx", energy=-1.0, uncertainty=0.1), "damaged.*LiXx"),
        (ESTIMATE.format(formula="LiF", energy="'low'", uncertainty=0.1), "damaged"),
        (ESTIMATE.format(formula="LiF", energy="nan", uncertainty=0.1), "LiF lacks an energy"),
        (ESTIMATE.format(formula="LiF", energy=-1.0, uncertainty=0.0), "uncertainty above 0"),
    ],
)
def test_damaged_estimates_are_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / ESTIMATED_FILE
    path.write_text(text, "utf-8")
    with pytest.raises(SnapshotError, match=said):
        read_estimates(path)


def test_verify_compares_the_content_with_the_manifest(tmp_path: Path) -> None:
    directory = write(tmp_path / "small")
    snapshot = Snapshot.read(directory)
    other = replace(snapshot, manifest=replace(snapshot.manifest, checksum="0" * 64))
    with pytest.raises(SnapshotError, match=r"content checksum .* instead of 000000000000"):
        other.verify(directory)


def test_the_manifest_keeps_what_only_its_builder_knows(tmp_path: Path) -> None:
    manifest = Manifest.read(write(tmp_path / "small", query={"chemsys": "F-Li-Mg"}, cite=["one", "two"]))
    assert json.loads(manifest.details)["query"] == {"chemsys": "F-Li-Mg"}
    assert manifest.cite == ("one", "two")
    assert manifest.title == "small"
