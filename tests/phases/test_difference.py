"""What changed between two snapshots."""

import json
from dataclasses import replace

import numpy as np
import pytest

from screening.phases.composition import parse_formula
from screening.phases.difference import CHANGED_EV_PER_ATOM, Change, compare, shared_systems
from screening.phases.library import open_snapshot
from screening.phases.manifest import Manifest
from screening.phases.snapshot import AddedPhase, Snapshot

SYSTEM = ["Al-Cl-Li"]


@pytest.fixture(scope="module")
def embedded() -> Snapshot:
    return open_snapshot()


def shifted(snapshot: Snapshot, formula: str, shift_ev_per_atom: float) -> Snapshot:
    energies = snapshot.phases.formation_energy_ev_per_atom.copy()
    energies[snapshot.find(parse_formula(formula))] += shift_ev_per_atom
    return replace(snapshot, phases=replace(snapshot.phases, formation_energy_ev_per_atom=energies))


def without(snapshot: Snapshot, formula: str) -> Snapshot:
    rows = np.arange(len(snapshot))
    return replace(
        snapshot, phases=snapshot.phases.take(np.delete(rows, snapshot.find(parse_formula(formula))))
    )


def covering(manifest: Manifest, *chemsystems: str) -> Manifest:
    details = {**json.loads(manifest.details), "query": {"chemical_systems": list(chemsystems)}}
    return replace(manifest, details=json.dumps(details))


def test_a_snapshot_does_not_differ_from_itself(embedded: Snapshot) -> None:
    difference = compare(embedded, embedded)
    assert difference.changes == ()
    assert difference.n_same == len(embedded)
    assert difference.within == ()
    assert difference.same_scheme


def test_added_gone_and_changed(embedded: Snapshot) -> None:
    after = without(shifted(embedded, "LiAlCl4", -0.1), "Li2Al")
    after = after.joined([AddedPhase(parse_formula("Li2AlCl5"), -2.0, 0.0, "made up")])
    difference = compare(embedded, after, SYSTEM)
    (added,), (gone,), (changed,) = (difference.of(kind) for kind in Change)
    assert (added.formula, added.before_ev_per_atom, added.after_ev_per_atom) == ("Li2AlCl5", None, -2.0)
    assert (gone.formula, gone.after_ev_per_atom) == ("Li2Al", None)
    assert changed.formula == "LiAlCl4"
    assert changed.difference_ev_per_atom == pytest.approx(-0.1)
    assert [each.change for each in difference.changes] == [Change.ADDED, Change.GONE, Change.CHANGED]


def test_the_other_way_round_everything_is_reversed(embedded: Snapshot) -> None:
    after = without(shifted(embedded, "LiAlCl4", -0.1), "Li2Al")
    there, back = compare(embedded, after, SYSTEM), compare(after, embedded, SYSTEM)
    assert there.n_same == back.n_same
    assert len(there.of(Change.GONE)) == len(back.of(Change.ADDED)) == 1
    forth, reverse = there.of(Change.CHANGED)[0], back.of(Change.CHANGED)[0]
    assert forth.difference_ev_per_atom == -reverse.difference_ev_per_atom


@pytest.mark.parametrize(("factor", "expected"), [(0.9, 0), (1.1, 1)])
def test_only_what_exceeds_the_threshold_has_changed(
    embedded: Snapshot, factor: float, expected: int
) -> None:
    after = shifted(embedded, "LiAlCl4", factor * CHANGED_EV_PER_ATOM)
    assert len(compare(embedded, after, SYSTEM).changes) == expected


def test_a_composition_is_the_same_however_its_formula_is_written(embedded: Snapshot) -> None:
    formula = parse_formula("Cl8Al2Li2")
    energy = embedded.phases.formation_energy_ev_per_atom[embedded.find(formula)]
    doubled = embedded.joined([AddedPhase(formula, float(energy) + 0.2, 0.0, "a higher polymorph, made up")])
    assert compare(embedded, doubled, SYSTEM).changes == ()


def test_snapshots_are_compared_within_what_both_cover(embedded: Snapshot) -> None:
    manifest = embedded.manifest
    assert shared_systems(manifest, manifest) is None
    assert shared_systems(manifest, covering(manifest, "Al-Cl-Li")) == ["Al-Cl-Li"]
    left, right = covering(manifest, "Al-Cl-Li", "I-Li-Mg"), covering(manifest, "Al-Li-P", "Fe-O")
    assert shared_systems(left, right) == ["Al-Li"]
    assert compare(replace(embedded, manifest=left), replace(embedded, manifest=right)).within == ("Al-Li",)


def test_snapshots_that_share_nothing_have_nothing_to_compare(embedded: Snapshot) -> None:
    left = replace(embedded, manifest=covering(embedded.manifest, "Al-Cl"))
    right = replace(embedded, manifest=covering(embedded.manifest, "Fe-O"))
    difference = compare(left, right)
    assert (difference.n_same, difference.changes) == (0, ())


def test_another_scheme_is_noticed(embedded: Snapshot) -> None:
    other = replace(embedded, manifest=replace(embedded.manifest, energy_scheme="r2SCAN, 0 K"))
    assert not compare(embedded, other, SYSTEM).same_scheme


def test_the_table_has_one_row_a_change(embedded: Snapshot) -> None:
    frame = compare(embedded, without(embedded, "Li2Al"), SYSTEM).to_frame()
    assert list(frame["formula"]) == ["Li2Al"]
    assert frame["after_ev_per_atom"].isna().all()
    assert compare(embedded, embedded, SYSTEM).to_frame().empty
