"""Where snapshots are found."""

import json
import shutil
from pathlib import Path

import pytest

from screening.errors import SnapshotError
from screening.phases.library import (
    EMBEDDED,
    HOME_VARIABLE,
    list_snapshots,
    locate,
    open_snapshot,
    snapshot_home,
)
from screening.phases.manifest import MANIFEST_FILE


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of the user's own snapshots, which does not exist yet."""
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    return tmp_path / "home"


def copied(target: Path, name: str) -> Path:
    shutil.copytree(locate(), target)
    manifest = json.loads((target / MANIFEST_FILE).read_text("utf-8"))
    (target / MANIFEST_FILE).write_text(json.dumps({**manifest, "name": name}), "utf-8")
    return target


def test_the_embedded_snapshot_needs_no_home(home: Path) -> None:
    assert locate() == locate(EMBEDDED) == locate("embedded")
    assert [manifest.name for manifest in list_snapshots()] == [EMBEDDED]
    assert snapshot_home() == home
    assert not home.exists()


def test_a_snapshot_is_found_by_name_and_by_path(home: Path, tmp_path: Path) -> None:
    copied(home / "mine", "mine")
    elsewhere = copied(tmp_path / "elsewhere", "other")
    assert locate("mine") == home / "mine"
    assert locate(elsewhere) == locate(str(elsewhere)) == elsewhere
    assert [manifest.name for manifest in list_snapshots()] == [EMBEDDED, "mine"]
    assert open_snapshot("mine").manifest.name == "mine"


def test_an_unknown_name_says_where_to_look(home: Path) -> None:
    with pytest.raises(SnapshotError, match=r"no snapshot 'nowhere'.*snapshot list"):
        locate("nowhere")


def test_a_directory_without_a_manifest_is_no_snapshot(home: Path, tmp_path: Path) -> None:
    (home / "empty").mkdir(parents=True)
    with pytest.raises(SnapshotError, match="no snapshot"):
        locate(tmp_path)
    assert [manifest.name for manifest in list_snapshots()] == [EMBEDDED]
