"""A study and its snapshots: the systems it needs, and what another snapshot does to its ranking."""

import sys
from pathlib import Path

import pytest

from screening.campaign.run import Source
from screening.campaign.snapshots import ranking_changes, study_systems
from screening.campaign.study import Study, find_study, parse_study
from screening.errors import InputError
from screening.phases.library import HOME_VARIABLE

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mp_server.doctored import doctored


@pytest.fixture
def six() -> Study:
    return find_study("six-reactors")


def test_the_systems_of_the_six_reactors_hold_reactor_electrolyte_and_lithium(six: Study) -> None:
    systems = study_systems(six)
    assert "Al-Cl-Li-P-S" in systems
    assert "Br-Cl-Li-P-S-Y" in systems
    assert "Cl-Ge-Li-P-S" in systems
    assert all({"Li", "P", "S", "Cl"} <= set(system.split("-")) for system in systems)


def test_every_anode_and_electrolyte_adds_its_systems() -> None:
    text = """
name = "small"
[candidates]
formulas = ["MgI2"]
[conditions]
anodes = ["Li", "Na"]
electrolytes = ["Li3PS4", "Na3PS4@50wt+NaCl@50wt"]
"""
    systems = study_systems(parse_study(text, where="here"))
    assert systems == ["Cl-I-Li-Mg-Na-P-S"]
    assert study_systems(parse_study(text.replace(', "Na3PS4@50wt+NaCl@50wt"', ""), where="here")) == [
        "I-Li-Mg-Na-P-S"
    ]


def test_a_query_names_its_systems_from_the_embedded_snapshot() -> None:
    text = """
name = "small"
[candidates.query]
anions = ["Br"]
allowed = ["Li", "Y", "Ho", "Br"]
"""
    assert study_systems(parse_study(text, where="here")) == ["Br-Cl-Ho-Li-P-S", "Br-Cl-Li-P-S-Y"]


def test_ranks_move_as_energies_do(six: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    doctored("other", {"LiAlCl4": -0.5, "MgF2": float("nan")})
    changes = {each.formula: each for each in ranking_changes(six, Source(), Source("other"))}
    assert len(changes) == 6
    assert changes["LiAlCl4"].rank_before == 1
    assert changes["LiAlCl4"].score_after < changes["LiAlCl4"].score_before
    assert changes["MgF2"].rank_before is not None
    assert changes["MgF2"].rank_after is changes["MgF2"].score_after is None
    assert changes["Li3YBr6"].score_before == changes["Li3YBr6"].score_after


def test_a_study_without_named_candidates_has_no_ranking_to_compare() -> None:
    study = parse_study('name = "q"\n[candidates.query]\nanions = ["Br"]\n', where="here")
    with pytest.raises(InputError, match="names no candidate"):
        ranking_changes(study, Source(), Source())
