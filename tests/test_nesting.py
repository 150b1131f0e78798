"""Files from outside whose brackets nest a hundred thousand deep are malformed in one line, wherever read."""

from collections.abc import Callable
from pathlib import Path

import pytest

from screening.campaign.document import Document
from screening.campaign.study import read_study
from screening.errors import ScreeningError
from screening.lab.impedance.windows import Windows
from screening.lab.sheets import read_cell
from screening.phases.manifest import Manifest
from screening.report.comparison import validation_section

DEEP = 100_000


@pytest.mark.parametrize("opening", ["[", '{"a":'])
@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("ranking.json", Document.read),
        ("validation.json", lambda path: validation_section(path.parent)),
        ("manifest.json", lambda path: Manifest.read(path.parent)),
        ("study.toml", read_study),
        ("cell.toml", read_cell),
        ("windows.toml", lambda path: Windows.parse(path.read_text("utf-8"), str(path))),
    ],
)
def test_what_nests_too_deep_is_refused(
    name: str, read: Callable[[Path], object], opening: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    nested = opening * DEEP if path.suffix == ".json" else "a = " + ("[" if opening == "[" else "{a=") * DEEP
    path.write_text(nested, "utf-8")
    with pytest.raises(ScreeningError, match=r"nested too deep|damaged|TOML") as refused:
        read(path)
    assert name in str(refused.value)
    assert len(str(refused.value)) < 400
