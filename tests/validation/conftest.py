"""A campaign small enough to compute in a test, and folders of invented cells joined to it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from screening.campaign.directory import ResultsDirectory
from screening.campaign.outcome import rank_campaign
from screening.campaign.results import write_results
from screening.campaign.run import Source, Workers
from screening.campaign.run import run as run_study
from screening.campaign.study import find_study
from screening.lab.analysis import CellAnalysis, analyse_cell
from screening.lab.experiments import read_experiments


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of the shipped study of six reactors."""
    directory = tmp_path_factory.mktemp("results")
    quick = find_study("six-reactors").with_changes(draws=20)
    source = Source(quick.snapshot, "", None)
    campaign = run_study(quick, source, directory, workers=Workers(1, "processes", ""))
    return write_results(campaign, rank_campaign(campaign)).path


@pytest.fixture(scope="session")
def predictions(results: Path) -> ResultsDirectory:
    return ResultsDirectory(results).checked()


Cells = Callable[..., tuple[CellAnalysis, ...]]


@pytest.fixture
def cells(tmp_path: Path) -> Cells:
    """Make cells from bodies of sheets, by name."""

    def make(**bodies: str) -> tuple[CellAnalysis, ...]:
        for name, body in bodies.items():
            (tmp_path / f"{name}.toml").write_text(body, "utf-8")
        return tuple(map(analyse_cell, read_experiments(tmp_path)))

    return make


@pytest.fixture(scope="session")
def sheet() -> Callable[..., str]:
    """Make the body of a sheet; each quoted figure is ``quantity = value`` with further keys after commas."""
    return _sheet


def _sheet(kind: str, reactor: str, wt: float, *quoted: str, more: str = "", origin: str = "measured") -> str:
    head = f'origin = "{origin}"\nkind = "{kind}"\n'
    stated, _, tables = more.partition("\n[")
    layer = f'reactor = "{reactor}"\nwt_percent = {wt}\n' if reactor else ""
    cathode = '\n[cathode]\nmaterial = "LiCoO2"\nplateau_v = 3.93\nplateau_where = "here"\n'
    tables = f"\n[{tables}" if tables else ""
    text = head + layer + stated + "\n" + tables + (cathode if kind == "full" else "")
    for each in quoted:
        quantity, _, rest = each.partition(" = ")
        value, *others = rest.split(", ")
        lines = [f'quantity = "{quantity}"', f"value = {value}", 'where = "here"', *others]
        text += "\n[[quoted]]\n" + "\n".join(lines) + "\n"
    return text
