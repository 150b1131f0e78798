"""``top`` answers SQL conditions, and nothing else."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from screening.campaign import query
from screening.campaign.outcome import rank_campaign
from screening.campaign.query import top
from screening.campaign.results import write_results
from screening.campaign.run import Campaign
from screening.errors import InputError


@pytest.fixture(scope="module")
def finished(local: Campaign) -> Path:
    """The small campaign with its ranking."""
    return write_results(local, rank_campaign(local)).path


def test_the_best_come_first(finished: Path) -> None:
    table = pd.read_parquet(finished / "ranking.parquet")
    expected = table[table["passes"]].nsmallest(15, "rank")
    found = top(finished, 15)
    assert found["rank"].tolist() == expected["rank"].tolist()
    assert found["score"].tolist() == expected["score"].tolist()


def test_a_condition_selects_as_pandas_does(finished: Path) -> None:
    table = pd.read_parquet(finished / "ranking.parquet")
    condition = "driving_force_ev_per_ion < -1 and n_elements == 2"
    found = top(finished, 5000, condition)
    assert set(found["formula"]) == set(table.query(condition)["formula"])
    assert 0 < len(found) < len(table)


def test_lists_can_be_asked_about_but_are_not_returned(finished: Path) -> None:
    found = top(finished, 10, "len(plateau_v) > 4 and formula like '%Al%'")
    assert len(found)
    assert "plateau_v" not in found.columns
    assert found["formula"].str.contains("Al").all()


def test_a_running_campaign_answers_too(finished: Path, local: Campaign, tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "manifest.json").write_bytes((finished / "manifest.json").read_bytes())
    first = min((finished / "parts").glob("*.parquet"))
    (tmp_path / "parts" / first.name).write_bytes(first.read_bytes())
    found = top(tmp_path, 5)
    assert found["driving_force_ev_per_ion"].is_monotonic_increasing
    assert "rank" not in found.columns


@pytest.mark.parametrize(
    "condition",
    [
        "n_elements ==",
        "1 = 1; drop table rows",
        "1 = 1) union select 1 --",
        "true order by 1",
        "1 = 1 limit 5",
        "nosuch > 1",
        "count(*) > 1",
        "'x'",
        "formula = (select content from read_text('/etc/hostname'))",
        "exists(select 1 from glob('/*'))",
        "formula in (select * from read_csv('/etc/hostname'))",
        "exists(from sniff_csv('/etc/hostname'))",
        "exists(install httpfs)",
    ],
)
def test_anything_but_a_condition_is_refused_in_one_line(finished: Path, condition: str) -> None:
    with pytest.raises(InputError) as fault:
        top(finished, 5, condition)
    assert "\n" not in str(fault.value)
    assert re.search(r"cannot be read as a condition|unknown column 'nosuch'", str(fault.value))
    assert "Error" not in str(fault.value)
    assert fault.value.exit_status == 2


def test_an_unknown_column_names_its_neighbours(finished: Path) -> None:
    with pytest.raises(InputError, match=r"unknown column 'driving_force'; write .*driving_force_ev_per_ion"):
        top(finished, 5, "driving_force < -1")


def test_where_there_is_no_campaign(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no campaign"):
        top(tmp_path)


@pytest.mark.parametrize("form", ["csv", "xlsx", "json"])
def test_written_tables_carry_the_stamp(finished: Path, tmp_path: Path, form: str) -> None:
    chosen = top(finished, 4)
    path = tmp_path / f"top.{form}"
    query.write_top(path, chosen, finished, form)
    if form == "json":
        content = json.loads(path.read_text("utf-8"))
        assert [row["formula"] for row in content["candidates"]] == chosen["formula"].tolist()
        assert content["provenance"]["study"] == "small"
    else:
        table = pd.read_csv(path) if form == "csv" else pd.read_excel(path)
        assert table["formula"].tolist() == chosen["formula"].tolist()
