"""A small campaign, run once in this process, that the others are compared with."""

import pytest

from screening.campaign.run import Campaign, Source, run
from screening.campaign.study import Study, parse_study
from screening.campaign.workers import Workers
from screening.phases.snapshot import Snapshot

STUDY = """
name = "small"
title = "Binary fluorides and chlorides"

[candidates]
formulas = ["LiAlCl4", "MgF2"]
controls = ["LiF", "LiCl"]

[candidates.query]
anions = ["F", "Cl"]
n_elements = [2, 3]
maximum_energy_above_hull_ev_per_atom = 0.0

[uncertainty]
draws = 200

[figures]
top = 3
"""

CHUNK = 100


@pytest.fixture(scope="session")
def snapshot() -> Snapshot:
    """The embedded snapshot."""
    return Source().load()


@pytest.fixture(scope="session")
def study() -> Study:
    """Some 1,450 candidates."""
    return parse_study(STUDY, where="small.toml")


@pytest.fixture(scope="session")
def local(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    """The campaign, run without interruption in this process."""
    return run(study, Source(), tmp_path_factory.mktemp("local"), workers=Workers(1), chunk=CHUNK)
