"""Files written whole or not at all: nothing is lost, nothing is left half-written."""

import os
from enum import StrEnum
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from screening.errors import InputError
from screening.files import (
    atomic_write,
    check_targets,
    json_ready,
    json_text,
    records,
    write_figure,
    write_json,
)
from screening.provenance import Provenance


class Kind(StrEnum):
    ONE = "one"


def drafts(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob(".*.part*")]


def test_a_file_takes_its_place_whole(tmp_path: Path) -> None:
    write_json(tmp_path / "new.json", {"a": 1})
    write_json(tmp_path / "new.json", {"a": 2})
    assert (tmp_path / "new.json").read_text("utf-8") == '{\n "a": 2\n}\n'
    assert drafts(tmp_path) == []


def test_what_fails_leaves_the_old_file_and_no_draft(tmp_path: Path) -> None:
    write_json(tmp_path / "old.json", 1)
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "old.json", float("nan"))
    assert (tmp_path / "old.json").read_text("utf-8") == "1\n"
    assert drafts(tmp_path) == []


@pytest.mark.parametrize("name", ["", ".", "/"])
def test_an_empty_name_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="is not a file name"):
        write_json(Path(name), 1)
    with pytest.raises(InputError, match="is not a file name"):
        check_targets(Path(name))


def test_a_directory_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "taken.json").mkdir()
    with pytest.raises(InputError, match=r"taken\.json: is a directory, not a file"):
        write_json(tmp_path / "taken.json", 1)
    with pytest.raises(InputError, match="is a directory"):
        write_json(Path(".."), 1)
    assert [path.name for path in tmp_path.iterdir()] == ["taken.json"]


def test_a_pipe_is_refused_and_stays_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="is a device or pipe"):
        write_json(tmp_path / "pipe", 1)
    assert (tmp_path / "pipe").is_fifo()
    (tmp_path / "link").symlink_to(os.devnull)
    with pytest.raises(InputError, match="is a device or pipe"):
        check_targets(tmp_path / "link")


def test_a_link_stays_and_what_it_points_at_is_written(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "link.json").symlink_to(Path("store") / "kept.json")
    for content in (1, 2):
        write_json(tmp_path / "link.json", content)
        assert (tmp_path / "link.json").is_symlink()
        assert (tmp_path / "store" / "kept.json").read_text("utf-8") == f"{content}\n"
    assert drafts(tmp_path) == []


def test_a_figure_has_the_format_of_its_name_behind_a_link_too(tmp_path: Path) -> None:
    from matplotlib.figure import Figure

    (tmp_path / "figure.png").symlink_to("content-0815")
    write_figure(tmp_path / "figure.png", Figure(), Provenance("1", "2026-01-01", "here", "0" * 64))
    assert (tmp_path / "content-0815").read_bytes().startswith(b"\x89PNG")


def test_a_link_to_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(InputError, match="loop: cannot write"):
        write_json(tmp_path / "loop", 1)


@pytest.mark.parametrize("name", ["nowhere/x.json", "file/x.json", "x" * 300])
def test_a_place_that_cannot_be_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    for attempt in (check_targets, lambda path: write_json(path, 1)):
        with pytest.raises(InputError, match="cannot write") as refusal:
            attempt(tmp_path / name)
        assert "\n" not in str(refusal.value)


def test_a_fault_of_the_last_step_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(InputError, match=r"new\.json: cannot write \(Permission denied\)"):
        write_json(tmp_path / "new.json", 1)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot write"), atomic_write(tmp_path / "new.json"):
        raise OSError(28, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_cannot_be_written_is_told_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("screening.files.tempfile.TemporaryFile", refuse)
    with pytest.raises(InputError, match="cannot write"):
        check_targets(tmp_path / "new.json")


def test_one_file_is_not_named_twice(tmp_path: Path) -> None:
    (tmp_path / "link.csv").symlink_to("x.csv")
    check_targets(tmp_path / "x.csv", None, tmp_path / "y.csv", None)
    for again in ("x.csv", "./x.csv", "link.csv"):
        with pytest.raises(InputError, match="named twice"):
            check_targets(tmp_path / "x.csv", tmp_path / "y.csv", tmp_path / again)


def test_content_becomes_ready_for_json():
    content = {
        Kind.ONE: np.float32(0.5),
        2: (np.int64(3), float("nan"), np.inf, pd.NA, pd.NaT, None, True),
        "nested": [{"array": np.array([1.0, np.nan]), "word": Kind.ONE}],
    }
    ready = json_ready(content)
    assert ready == {
        "one": 0.5,
        "2": [3, None, None, None, None, None, True],
        "nested": [{"array": [1.0, None], "word": "one"}],
    }
    assert type(ready["nested"][0]["word"]) is str
    assert json_text(ready)


def test_rows_of_a_table_become_ready_for_json():
    table = pd.DataFrame({"n": [1, 2], "x": [0.5, np.nan], "name": ["a", None]}).astype({"n": "Int64"})
    assert records(table) == [{"n": 1, "x": 0.5, "name": "a"}, {"n": 2, "x": None, "name": None}]
