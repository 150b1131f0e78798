"""What a campaign leaves on disk: all of it, or a refusal before the first file."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from screening.campaign.results import WRITTEN, write_results
from screening.errors import InputError


@pytest.mark.parametrize("name", WRITTEN)
def test_a_place_that_is_taken_is_refused_before_anything_is_written(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    campaign = SimpleNamespace(store=SimpleNamespace(directory=tmp_path), provenance=None)
    with pytest.raises(InputError, match=f"{name}: is a directory"):
        write_results(campaign, [])
    assert [path.name for path in tmp_path.iterdir()] == [name]
