"""``screening snapshot``: what it prints, what it refuses, and with which exit status."""

import json
import shutil
from pathlib import Path

import pytest

from screening.cli import main
from screening.phases.library import HOME_VARIABLE, locate


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty place for the user's own snapshots."""
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    return tmp_path / "home"


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["screening", "snapshot", *arguments])
    with pytest.raises(SystemExit) as leaving:
        main()
    return int(leaving.value.code or 0)


def own_copy(home: Path, name: str) -> Path:
    directory = home / name
    shutil.copytree(locate(), directory)
    path = directory / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"name": name}), "utf-8")
    return directory


def test_list_names_the_embedded_snapshot_and_own_ones(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own_copy(home, "mine")
    assert run(monkeypatch, "list", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert [each["name"] for each in listed] == ["mp2019", "mp2019+atlas", "mine"]
    assert run(monkeypatch, "list") == 0
    assert "mine" in capsys.readouterr().out


def test_show_tells_what_to_cite_and_what_is_estimated(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "show") == 0
    shown = capsys.readouterr().out
    assert "10.1063/1.4812323" in shown
    assert "machine-learned Li3HoCl6" in shown
    assert run(monkeypatch, "show", "--json") == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert told["holds"]["estimated"] == 1


def test_verify_passes_the_embedded_snapshot(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "verify") == 0
    assert "sound" in capsys.readouterr().out


def test_verify_refuses_a_flipped_byte(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = own_copy(home, "mine") / "phases.parquet"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert run(monkeypatch, "verify", "mine") == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert "sha256" in captured.err


@pytest.mark.parametrize("verb", ["show", "verify"])
def test_a_content_checksum_that_differs_is_refused(
    verb: str, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = own_copy(home, "mine") / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"checksum": "0" * 64}), "utf-8")
    assert run(monkeypatch, verb, "mine") == 2
    assert "content checksum" in capsys.readouterr().err


def test_unknown_snapshot_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "show", "nowhere") == 2
    assert capsys.readouterr().err == (
        "screening: no snapshot 'nowhere'; see screening snapshot list, or give the path of its directory\n"
    )


def test_text_of_a_manifest_cannot_drive_the_terminal(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = own_copy(home, "mine") / "manifest.json"
    hostile = {"energy_scheme": "GGA\x1b[2J [bold]x[/bold]"}
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | hostile), "utf-8")
    for verb in (("list",), ("show", "mine")):
        assert run(monkeypatch, *verb) == 0
        shown = capsys.readouterr().out
        assert "\x1b" not in shown
        assert "[bold]x[/bold]" in " ".join(shown.split())


def test_without_a_verb_the_help_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch) == 0
    assert "verify" in capsys.readouterr().out


@pytest.mark.parametrize("verb", ["show", "verify"])
def test_a_snapshot_can_be_named_as_with_every_other_verb(
    verb: str, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own_copy(home, "mine")
    for arguments in (("mine",), ("--snapshot", "mine"), ("mine", "--snapshot", "mine")):
        assert run(monkeypatch, verb, *arguments, "--json") == 0
        assert json.loads(capsys.readouterr().out)[0]["name"] == "mine"
    assert run(monkeypatch, verb, "mine", "--snapshot", "mp2019") == 2
    assert "two snapshots, 'mine' and 'mp2019'" in capsys.readouterr().err
