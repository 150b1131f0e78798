"""What a campaign leaves on disk: all of it, or a refusal before the first file."""

import json
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

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
