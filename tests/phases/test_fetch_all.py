"""Fetching the whole database, page by page, from the genuine server over ten thousand invented documents."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from mp_server.documents import MATERIALS, many_documents
from mp_server.fixtures import SHORT
from mp_server.gateway import KEY, Fault
from mp_server.server import Service, running
from pymatgen.core import Composition

from screening.api.snapshots import fetch_snapshot
from screening.errors import InputError, UnreachableError
from screening.phases.composition import symbol
from screening.phases.fetch import Progress, Query, fetch
from screening.phases.library import HOME_VARIABLE, open_snapshot, snapshot_home
from screening.phases.materials_project import MaterialsProject, connect, find_key
from screening.phases.schemes import ThermoType
from screening.phases.snapshot import Snapshot

DOCUMENTS = 10_000
COMMAND = [sys.executable, "-c", "from screening.cli import main; main()", "snapshot", "fetch", "--all"]


def test_ten_thousand_documents_arrive_once_though_the_process_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    thermo, summary = many_documents(DOCUMENTS)
    monkeypatch.setenv("MP_API_KEY", KEY)
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    with running(thermo, summary) as service:
        command = [*COMMAND, "--name", "all", "--timeout", "60", "--endpoint", service.url]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
            while len(held := pages_held()) < 2 and run.poll() is None:
                time.sleep(0.05)
            run.kill()
        assert 2 <= len(held := pages_held()) < 10
        again = subprocess.run(command, capture_output=True, text=True, check=True)
    assert again.stderr.splitlines()[:3] == [
        "fetching 10 pages of 1000 entries",
        f"{len(held)} of 10 pages of 1000 entries are there from an interrupted fetch",
        f"{len(held) + 1} of 10 pages of 1000 entries",
    ]
    assert "all: 10000 phases, GGA/GGA+U, MP2020 corrections" in again.stdout
    assert not list(tmp_path.glob(".all.*"))
    assert_holds(open_snapshot("all"), thermo, summary)


def pages_held() -> list[Path]:
    return list((snapshot_home() / ".all.parts").glob("[0-9a-f]*.parquet"))


def assert_holds(snapshot: Snapshot, thermo: list[dict[str, Any]], summary: list[dict[str, Any]]) -> None:
    """Every document is a phase, with its energy against the elements and its gap."""
    details = json.loads(snapshot.manifest.details)
    assert details["query"]["everything"] is True
    assert details["counts"]["entries"] == len(snapshot) == DOCUMENTS
    phases = snapshot.phases
    found = {
        frozenset(
            zip(map(symbol, phases.atomic_number[part]), phases.fraction[part].round(6), strict=True)
        ): row
        for row in range(len(phases))
        for part in [phases.rows.row(row)]
    }
    for document, other in zip(thermo, summary, strict=True):
        atoms = sum(document["composition"].values())
        row = found[frozenset((name, round(n / atoms, 6)) for name, n in document["composition"].items())]
        told = document["energy_per_atom"] + 2.0  # every element is at -2 eV/atom
        assert phases.formation_energy_ev_per_atom[row] == pytest.approx(told, abs=1e-9)
        assert phases.band_gap_ev[row] == pytest.approx(other["band_gap"])


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("materials_project", "fetch"):
        monkeypatch.setattr(f"screening.phases.{module}.PAGE", 6)


def get_all(service: Service, report: list[Progress] | None = None) -> Snapshot:
    with connect(find_key(), service.url, SHORT) as project:
        return fetch(
            Query.everything("all"), project, report.append if report is not None else lambda _: None
        )


@pytest.mark.usefixtures("small_pages")
def test_pages_that_are_there_are_not_asked_for_again(service: Service) -> None:
    service.fail(Fault("thermo", 503, passed=3))  # the count and two pages
    with pytest.raises(UnreachableError, match="service unavailable"):
        get_all(service)
    service.reset()
    report: list[Progress] = []
    snapshot = get_all(service, report)
    assert [(each.done, each.total, each.resumed) for each in report] == [(2, 4, 2), (3, 4, 2), (4, 4, 2)]
    assert sum("_limit=6" in request.query for request in service.log if "thermo" in request.path) == 2
    whole = "-".join(
        sorted({each for material in MATERIALS for each in Composition(material.formula).as_dict()})
    )
    with connect(find_key(), service.url, SHORT) as project:
        assert fetch(Query.of("named", [whole]), project).manifest.checksum == snapshot.manifest.checksum


@pytest.mark.usefixtures("small_pages")
def test_pages_that_overlap_are_refused_and_not_kept(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = MaterialsProject.page
    monkeypatch.setattr(
        MaterialsProject, "page", lambda self, number, scheme: page(self, max(number, 1), scheme)
    )
    with pytest.raises(UnreachableError, match="16 different entries arrived of 22"):
        get_all(service)
    assert not list(snapshot_home().glob(".all.parts"))


def test_the_mixed_scheme_and_structures_of_everything_are_refused() -> None:
    with pytest.raises(InputError, match="hull of one system, not to all"):
        Query.everything("all", ThermoType.MIXED)
    with pytest.raises(InputError, match="gigabytes"):
        fetch_snapshot("all", everything=True, structures=True)
    with pytest.raises(InputError, match="--study and --all together"):
        fetch_snapshot("all", everything=True, study="everything")


def test_a_study_of_everything_names_the_way_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    with pytest.raises(InputError, match="--all"):
        fetch_snapshot("all", study="everything")
