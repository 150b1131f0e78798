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
from screening.phases.manifest import MANIFEST_FILE, Manifest


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


def closed(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let nobody look into a folder, whoever runs the tests."""
    looked = Path.is_file

    def refuse(path: Path) -> bool:
        if folder in path.parents:
            raise PermissionError(13, "Permission denied", str(path))
        return looked(path)

    monkeypatch.setattr(Path, "is_file", refuse)


def test_a_directory_that_may_not_be_searched_is_named(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed(monkeypatch, tmp_path / "locked")
    with pytest.raises(SnapshotError, match=r"locked: directory cannot be read \(Permission denied\)"):
        locate(tmp_path / "locked")


def test_an_own_snapshot_is_found_beside_a_locked_directory_of_its_name(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied(home / "mine", "mine")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    closed(monkeypatch, Path("mine"))
    assert locate("mine") == home / "mine"


def test_a_name_too_long_for_a_file_is_told_in_one_line(home: Path) -> None:
    with pytest.raises(SnapshotError, match="directory cannot be read") as refusal:
        locate("x" * 300)
    assert refusal.value.remedy


@pytest.mark.parametrize("cite", [None, 3, "one reference", [1]])
def test_what_to_cite_is_a_list_of_references(home: Path, cite: object) -> None:
    directory = copied(home / "mine", "mine")
    content = json.loads((directory / MANIFEST_FILE).read_text("utf-8"))
    (directory / MANIFEST_FILE).write_text(json.dumps({**content, "cite": cite}), "utf-8")
    with pytest.raises(SnapshotError, match="cite is not a list of references"):
        Manifest.read(directory)


def test_a_file_that_cannot_be_read_is_not_called_missing(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = copied(home / "mine", "mine")
    read = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path.name == "phases.parquet":
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", refuse)
        with pytest.raises(SnapshotError, match=r"phases\.parquet: cannot be read \(Permission denied\)"):
            open_snapshot(directory)
    (directory / "phases.parquet").unlink()
    with pytest.raises(SnapshotError, match=r"phases\.parquet: missing;"):
        open_snapshot(directory)
