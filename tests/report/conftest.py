"""Results that the report's tests share: the six reactors, and the same with hostile words in them."""

import json
import shutil
import sys
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from screening.cli import app

sys.path.insert(0, str(Path(__file__).resolve().parent))  # driven_browser

HOSTILE = """</script><img src=x onerror="hostile=1"><b>"""
"""Ends a script element, starts another, and leaves a mark if anything of it is ever run."""


@pytest.fixture(scope="session")
def six(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("six")
    done = CliRunner().invoke(app, ["run", "--no-figures", "--jobs", "1", "--out", str(directory)])
    assert done.exit_code == 0, done.output
    return directory


@pytest.fixture
def own_six(six: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(six, tmp_path / "six"))


@pytest.fixture(scope="session")
def hostile(six: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The six with hostile words wherever a word from outside can stand, and hostile measurements."""
    directory = tmp_path_factory.mktemp("hostile")
    content = json.loads((six / "ranking.json").read_text("utf-8"))
    content["study"]["title"] = content["study"]["candidates"]["file"] = HOSTILE
    content["selection"]["left_out"] = {HOSTILE: 3}
    content["provenance"]["source"] = HOSTILE
    first = content["reactors"][0]
    first["formula"] = first["alloy"] = HOSTILE
    first["filters"][HOSTILE] = None
    for curve in first["curves"]:
        curve["estimated"], curve["origins"] = True, {HOSTILE: "estimated"}
        for kink in curve["kinks"]:
            kink["reaction"] = HOSTILE
    for plateau in first["plateaus"]:
        plateau["reaction"] = HOSTILE
        for product in plateau["products"]:
            product["formula"] = product["electronic_class"] = product["gap_source"] = HOSTILE
    (directory / "ranking.json").write_text(json.dumps(content), "utf-8")
    table = pd.read_parquet(six / "ranking.parquet")
    for column in ("formula", "alloy", "moisture_hazard"):
        table.loc[0, column] = HOSTILE
    table.to_parquet(directory / "ranking.parquet")
    comparison = {HOSTILE: [{HOSTILE: HOSTILE}], "note": HOSTILE, "remarks": [HOSTILE]}
    (directory / "validation.json").write_text(json.dumps(comparison), "utf-8")
    cell = directory / "experiments" / "<b>cell"
    cell.mkdir(parents=True)
    frame = pd.DataFrame({HOSTILE: [HOSTILE], "provenance": ["interphase-screening 0"]})
    frame.to_csv(cell / "table.csv", index=False)
    return directory
