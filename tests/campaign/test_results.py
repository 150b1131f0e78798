"""What a campaign leaves on disk: all of it, or a refusal before the first file."""

import json
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

import screening as scr
from screening.campaign.outcome import rank_campaign
from screening.campaign.results import WRITTEN, write_results
from screening.campaign.run import Campaign
from screening.errors import InputError


@pytest.mark.parametrize("name", WRITTEN)
def test_a_place_that_is_taken_is_refused_before_anything_is_written(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    campaign = SimpleNamespace(store=SimpleNamespace(directory=tmp_path), provenance=None)
    with pytest.raises(InputError, match=f"{name}: is a directory"):
        write_results(campaign, [])
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_data_package_describes_every_column_and_file(local: Campaign) -> None:
    folder = write_results(local, rank_campaign(local)).path
    package = json.loads((folder / "datapackage.json").read_text("utf-8"))
    table, *others = package["resources"]
    read = pd.read_csv(folder / table["path"])
    fields = {field["name"]: field for field in table["schema"]["fields"]}
    assert [*fields] == [*read.columns]
    assert all((folder / each["path"]).exists() for each in others)
    kinds = {name: field["type"] for name, field in fields.items()}
    assert (kinds["formula"], kinds["rank"], kinds["score"], kinds["toxic"]) == (
        *("string", "integer", "number", "boolean"),
    )
    assert fields["driving_force_ev_per_ion"]["title"] == "driving force (eV/Li)"
    assert package["licenses"][0]["name"] == "CC-BY-4.0"
    assert read["toxic"].dropna().isin([True, False]).all()


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """``ranking.csv`` of a list with rows that cannot be used, which ``skip_bad`` leaves out."""
    place = tmp_path_factory.mktemp("listed")
    (place / "mine.csv").write_text(
        'formula\nLiAlCl4\nLI3PS4\nMgI2\nYbCl3\nLiF\n""\nLi9Mg9Cl99\n'.replace('""', " , "), "utf-8"
    )
    (place / "study.toml").write_text(
        'name = "listed"\n[candidates]\nfile = "mine.csv"\nskip_bad = true\n[uncertainty]\ndraws = 0\n',
        "utf-8",
    )
    scr.screen(place / "study.toml", out=place / "out", jobs=1)
    return pd.read_csv(place / "out" / "ranking.csv")


def test_every_row_of_a_list_stands_in_the_ranking_with_its_reason(listed: pd.DataFrame) -> None:
    why = listed.set_index(listed["formula"].fillna("empty"))["why_no_rank"].fillna("")
    assert why["LiAlCl4"] == why["MgI2"] == ""
    assert why["LiF"] == "does not react"
    assert why["LI3PS4"].startswith("row 3: ") and why["LI3PS4"].endswith("write Li3PS4")
    assert why["Li9Mg9Cl99"].startswith("row 8: snapshot mp2019 has no Li9Mg9Cl99")
    assert len(listed) == 7


def test_the_cathodic_limit_carries_its_interval(listed: pd.DataFrame) -> None:
    rows = listed.set_index("formula")
    for formula in ("LiAlCl4", "MgI2"):
        alone = scr.lithiate(formula).cathodic_limit_95_v
        assert alone is not None
        bounds = rows.loc[formula, ["cathodic_limit_low_v", "cathodic_limit_high_v"]].tolist()
        assert bounds == pytest.approx(list(alone), abs=1e-6)
    # 0.92 V by the enthalpies of MgI2 and LiI (CRC Handbook)
    assert rows["cathodic_limit_low_v"]["MgI2"] < 0.92 < rows["cathodic_limit_high_v"]["MgI2"]
    # nothing of ytterbium is right in this source; measured are 2.57 V
    low, high = rows.loc["YbCl3", ["cathodic_limit_low_v", "cathodic_limit_high_v"]].astype(float)
    assert low < 2.57 < 4.26 < high and high - low > 5.0


def test_a_formula_with_a_slash_names_its_figures(tmp_path: Path) -> None:
    scr.screen(["LiNi1/3Mn1/3Co1/3O2"], out=tmp_path, figures=True, jobs=1, draws=0)
    assert (tmp_path / "figure_1a_LiNi1-3Mn1-3Co1-3O2.png").is_file()
    assert [row["formula"] for row in scr.read_results(tmp_path).table.to_dict("records")] == [
        "LiNi1/3Mn1/3Co1/3O2"
    ]
