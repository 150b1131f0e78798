"""Snapshots at the front door: opened, compared; what cannot be fetched is told before anything is asked."""

import pytest

import screening as scr
from screening.errors import InputError, ScreeningError


def test_a_snapshot_compared_with_itself_is_the_same() -> None:
    found = scr.compare_snapshots("mp2019", "mp2019")
    assert found.to_frame().empty
    assert found.difference.n_same > 80_000
    assert "mp2019 -&gt; mp2019" in found._repr_html_()
    assert found.as_dict()["counts"] == {"same": found.difference.n_same, "added": 0, "gone": 0, "changed": 0}


def test_an_unknown_snapshot_is_told() -> None:
    with pytest.raises(scr.ScreeningError, match="no snapshot"):
        scr.load_snapshot("nowhere")
    assert scr.ScreeningError is ScreeningError


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "nothing to fetch"),
        ({"chemsys": ["Li-Cl"], "elements": ["Li"]}, "together"),
        ({"elements": ["Li Cl"], "thermo_type": "HSE"}, "unknown scheme"),
        ({"elements": ["Li Cl"], "timeout_s": 0.0}, "no time to wait"),
        ({"chemsys": ["Li-Xq"]}, "Xq"),
    ],
)
def test_what_cannot_be_fetched_is_told(asked: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        scr.fetch_snapshot("mine", **asked)
