"""The results document: what is written is what is read, the former format too, and no other."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from screening.campaign.directory import ResultsDirectory
from screening.campaign.document import Document, Reactor
from screening.campaign.outcome import rank_campaign
from screening.campaign.query import top
from screening.campaign.results import write_results
from screening.campaign.run import Campaign
from screening.campaign.store import Store
from screening.cli import app
from screening.errors import InputError
from screening.files import json_text
from screening.handoff.plan import Plan
from screening.handoff.sheet import bench_sheet
from screening.phases.library import open_snapshot
from screening.reactors.criteria import CRITERIA
from screening.report.page import write_report
from screening.validation.validate import validate

FORMER = Path(__file__).parent / "data" / "v1"
"""Results of a study of six candidates, LiAlCl4, MgF2, LiF and the best of them spelled out, as the version
before the document left them."""


@pytest.fixture(scope="module")
def results(local: Campaign) -> ResultsDirectory:
    return write_results(local, rank_campaign(local))


@pytest.fixture
def former(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FORMER, tmp_path / "v1"))


def test_what_is_written_is_what_is_read(results: ResultsDirectory, tmp_path: Path) -> None:
    document = results.document
    document.write(tmp_path / "again.json")
    assert Document.read(tmp_path / "again.json") == document
    assert (tmp_path / "again.json").read_bytes() == (results.path / "ranking.json").read_bytes()
    assert json_text(json.loads(document.model_dump_json())) == (tmp_path / "again.json").read_text("utf-8")


@settings(max_examples=50, deadline=None)
@given(number=st.floats(allow_nan=True, allow_infinity=False), rank=st.none() | st.integers(1, 10**6))
def test_numbers_survive_the_journey(results: ResultsDirectory, number: float, rank: int | None) -> None:
    first = results.document.reactors[0]
    told = first.as_dict() | {"rank": rank, "cathodic_limit_v": number}
    told["criteria"]["volume_change"]["value"] = number
    told["plateaus"][0]["layers"][0]["metal_fraction"] = None if np.isnan(number) else number
    read = Reactor.model_validate(told)
    assert Reactor.model_validate(read.as_dict()).as_dict() == read.as_dict()
    assert (
        read.cathodic_limit_v
        == read.criteria["volume_change"].value
        == (None if np.isnan(number) else number)
    )
    assert read.plateaus[0].layers[0].metal_fraction == pytest.approx(number, rel=0.0, abs=0.0, nan_ok=True)


def test_a_row_tells_what_is_spelled_out(results: ResultsDirectory) -> None:
    """All that both know agrees, so that a reader need not ask which one it got."""
    spelled = results.document.reactors
    assert 0 < len(spelled) < len(results.table)
    for one in spelled:
        row = results.row(one.formula, one.anode, one.electrolyte)
        assert row is not None
        other = Reactor.of_row(row, results.study)
        for name in ("formula", "rank", "score", "pareto", "filters", "flags", "top_probability", "alloy"):
            assert getattr(one, name) == getattr(other, name), name
        for criterion in CRITERIA:
            mine, its = one.criteria[criterion.name], other.criteria[criterion.name]
            assert (mine.value, mine.desirability, mine.weight) == (its.value, its.desirability, its.weight)
        assert one.cathodic_limit_v == pytest.approx(other.cathodic_limit_v, abs=1e-9)


@pytest.mark.parametrize(("formula", "spelled_out"), [("AlLiCl4", True), ("Mg0.5F", True), ("ZnBr2", False)])
def test_a_reactor_is_found_however_it_is_written(
    results: ResultsDirectory, formula: str, spelled_out: bool
) -> None:
    rest = results.table[~results.table["formula"].isin([r.formula for r in results.document.reactors])]
    wanted = formula if spelled_out else str(rest["formula"].iloc[-1])
    found = results.reactor(wanted, "Li", "PLi6S5Cl")
    assert found is not None
    assert bool(found.curves) is spelled_out
    assert results.reactor(wanted, "Na") is None
    assert results.reactor("UF6") is None


def test_names_that_are_no_formula_are_told_where_they_stand(results: ResultsDirectory) -> None:
    for key, arguments in (
        ("reactor", ("Xx",)),
        ("anode", ("MgF2", "Xx")),
        ("electrolyte", ("MgF2", "", "Xx")),
    ):
        with pytest.raises(InputError) as fault:
            results.row(*arguments)
        assert fault.value.where == key


def test_one_of_several_pairs_must_be_named(results: ResultsDirectory, tmp_path: Path) -> None:
    table = pd.concat([results.table, results.table.assign(anode="Na")], ignore_index=True)
    table.to_parquet(tmp_path / "ranking.parquet")
    shutil.copy(results.path / "ranking.json", tmp_path)
    several = ResultsDirectory(tmp_path)
    with pytest.raises(InputError, match="name one pair of Li with Li6PS5Cl; Na with Li6PS5Cl"):
        several.row("MgF2")
    assert several.pair("Na") == ("Na", "Li6PS5Cl")
    with pytest.raises(InputError, match="no such anode"):
        several.pair("K")


@pytest.mark.parametrize("version", [3, 0, "2", None])
def test_another_format_is_refused_in_one_line(former: Path, version: object) -> None:
    for name in ("ranking.json", "manifest.json"):
        content = json.loads((former / name).read_text("utf-8"))
        (former / name).write_text(json.dumps({**content, "format_version": version}), "utf-8")
    for ask in (
        lambda: ResultsDirectory(former).document,
        lambda: ResultsDirectory(former).checked(),
        lambda: write_report(former / "report.html", former),
        lambda: top(former),
    ):
        with pytest.raises(InputError, match="reads formats 1 and 2") as fault:
            ask()
        assert "\n" not in str(fault.value)
        assert fault.value.where.startswith(str(former))
        assert fault.value.remedy
    assert not (former / "report.html").exists()


def test_files_of_different_runs_are_not_mixed(results: ResultsDirectory, former: Path) -> None:
    assert ResultsDirectory(results.path).checked().table.equals(results.table)
    shutil.copy(results.path / "ranking.json", former)
    with pytest.raises(InputError, match="are of different runs"):
        ResultsDirectory(former).checked()


def test_a_study_that_lacks_a_section_is_damage_and_no_default(
    results: ResultsDirectory, tmp_path: Path
) -> None:
    content = json.loads((results.path / "ranking.json").read_text("utf-8"))
    del content["study"]["conditions"]
    (tmp_path / "ranking.json").write_text(json.dumps(content), "utf-8")
    with pytest.raises(InputError, match=r"ranking\.json: study: lacks conditions"):
        ResultsDirectory(tmp_path).checked()


class TestFormer:
    def test_names_are_those_of_today(self, former: Path) -> None:
        assert "sulfide" in (former / "ranking.json").read_text("utf-8")
        results = ResultsDirectory(former).checked()
        assert results.study.conditions.electrolytes == ("Li6PS5Cl",)
        assert set(results.document.reactors[0].criteria) == {criterion.name for criterion in CRITERIA}
        assert "electrolyte_fraction_50wt" in results.table
        assert "sulfide" not in results.document.model_dump_json()
        assert not [name for name in results.table if "sulfide" in name or "per_li" in name]
        reactor = results.reactor("LiAlCl4")
        assert reactor is not None
        relief = reactor.criteria["electrolyte_relief_ev_per_atom"]
        assert relief.value == pytest.approx(2.87 / 13, abs=0.001)  # written per mole of Li6PS5Cl
        assert relief.standard_deviation == pytest.approx(0.9 / 13, abs=0.04)
        assert relief.unit == "eV/atom"
        row = results.table.set_index("formula").loc["LiAlCl4"]
        assert row["electrolyte_relief_ev_per_atom"] == pytest.approx(relief.value, abs=1e-9)
        queried = top(former, 1, "formula = 'LiAlCl4'").iloc[0]
        assert queried["electrolyte_relief_ev_per_atom"] == pytest.approx(relief.value, abs=1e-9)
        rule = results.study.ranking.criteria["electrolyte_relief_ev_per_atom"]
        assert (rule.worst * 13, rule.best * 13) == pytest.approx((-2.0, 4.0))
        assert relief.desirability == pytest.approx((relief.value - rule.worst) / (rule.best - rule.worst))

    def test_it_has_a_report(self, former: Path) -> None:
        write_report(former / "report.html", former)
        assert "Two named, two from a file" in (former / "report.html").read_text("utf-8")

    def test_it_meets_cells(self, former: Path) -> None:
        found = validate(ResultsDirectory(former).checked(), ())
        assert found.plan.table["formula"].tolist()

    @pytest.mark.parametrize("formula", ["LiAlCl4", "I2Mg"])
    def test_it_stands_on_a_bench_sheet(self, former: Path, formula: str) -> None:
        sheet = bench_sheet(open_snapshot(), formula, Plan(), ResultsDirectory(former))
        assert sheet.standing is not None
        assert sheet.standing.rank in (2, 3)
        assert sheet.standing_note == ""

    def test_it_can_be_queried(self, former: Path) -> None:
        found = top(former, 3, "driving_force_ev_per_ion < -0.5 and electrolyte = 'Li6PS5Cl'")
        assert found["formula"].tolist() == ["ZnCl2", "LiAlCl4", "MgI2"]
        done = CliRunner().invoke(app, ["top", str(former), "--n", "2"])
        assert done.exit_code == 0
        assert "ZnCl2" in done.output

    def test_no_run_is_taken_up_in_it(self, former: Path, local: Campaign) -> None:
        with pytest.raises(InputError, match="holds results of another campaign"):
            Store.open(former, local.store.identity)
