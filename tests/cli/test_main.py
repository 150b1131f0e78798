"""The command itself: where its output can go, what never reaches a terminal, and faults nobody foresaw."""

import errno
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from screening import cli
from screening.cli.options import plain, tell, write_json
from screening.simulate.impedance import rest_study

FULL = Path("/dev/full")
"""A device of Linux that is always full."""
STUDY = 'name = "a"\n[candidates]\nformulas = ["LiAlCl4"]\n[uncertainty]\ndraws = 0\n'
COMMAND = [sys.executable, "-c", "from screening.cli import main; main()"]
HOSTILE = "cell\x1b[2J\x9b1m\u202eλ\udcff"
"""A name that clears a screen, turns text around, and is no UTF-8."""


def screening(
    *arguments: str, encoding: str = "utf-8", **options: object
) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    given: dict[str, object] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "env": environment}
    return subprocess.run([*COMMAND, *arguments], check=False, **given | options)  # type: ignore[call-overload]


def words(content: object) -> str:
    """All text of a JSON document."""
    if isinstance(content, dict):
        return " ".join(map(words, content.values()))
    return " ".join(map(words, content)) if isinstance(content, list) else str(content)


@pytest.fixture(scope="module")
def spectrum(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A spectrum whose name drives a terminal."""
    path = Path(f"{tmp_path_factory.mktemp('raw')}/{HOSTILE}.csv")
    one = rest_study().spectra(1)[0]
    table = pd.DataFrame({"freq/Hz": one.frequency_hz, "Re(Z)/Ohm": one.z_ohm.real})
    with path.open("w") as stream:
        table.assign(**{"-Im(Z)/Ohm": -one.z_ohm.imag}).to_csv(stream, index=False)
    return path


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_device_ends_in_one_line(unbuffered: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    with FULL.open("w") as full:
        ended = screening("studies", stdout=full)
    assert ended.returncode == 2
    assert b"stdout: cannot write" in ended.stderr
    assert ended.stderr.count(b"\n") == 1


def test_a_reader_that_has_gone_is_no_fault() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        ended = screening("studies", stdout=pipe)
    assert (ended.returncode, ended.stderr) == (1, b"")


@pytest.mark.parametrize("closed", [(1,), (1, 2)])
@pytest.mark.parametrize(("verb", "status"), [("studies", 0), ("no-such-verb", 2)])
def test_closed_streams_do_no_harm(verb: str, status: int, closed: tuple[int, ...]) -> None:
    ended = screening(verb, preexec_fn=lambda: [os.close(number) for number in closed])
    assert ended.returncode == status
    assert b"Traceback" not in ended.stderr + ended.stdout


@pytest.mark.parametrize(
    ("verb", "encoding"), [("eis", "cp1252"), ("eis", "latin-1"), ("eis", "utf-8"), ("drt", "ascii")]
)
def test_any_encoding_takes_what_is_said(verb: str, encoding: str, spectrum: Path) -> None:
    ended = screening(verb, str(spectrum), encoding=encoding)
    assert (ended.returncode, ended.stderr) == (0, b"")
    shown = ended.stdout.decode(encoding)
    assert shown.replace("\n", "").isprintable()
    assert "cell" in shown
    ended = screening(verb, str(spectrum), "--json", encoding=encoding)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert HOSTILE.replace("\udcff", "\N{REPLACEMENT CHARACTER}") in words(json.loads(ended.stdout))


@pytest.mark.parametrize("verb", [["react", "Li"], ["xrd"], ["run"], ["report"]])
def test_what_is_refused_cannot_drive_the_terminal(verb: list[str]) -> None:
    ended = screening(*verb, "\x1b[2JLiCl\x9b", encoding="latin-1")
    assert ended.returncode == 2
    assert ended.stderr.decode("latin-1").replace("\n", "").isprintable()


def test_titles_of_a_study_cannot_drive_the_terminal(tmp_path: Path) -> None:
    study = tmp_path / "hostile.toml"
    study.write_text('title = "\\u001b[2Jtitle"\n' + STUDY)
    ended = screening("run", str(study), "--no-figures", "--jobs", "1", "--out", str(tmp_path / "out"))
    assert ended.returncode == 0
    assert b"title" in ended.stdout
    assert b"\x1b" not in ended.stdout + ended.stderr


def test_control_characters_are_replaced_and_lines_kept(capsys: pytest.CaptureFixture[str]) -> None:
    tell("one\x1b\ntwo\x9b")
    assert capsys.readouterr().out == "one�\ntwo�\n"
    write_json({"name": "a\x1b\x7f\x9b\u202eλ"})
    told = capsys.readouterr().out
    assert plain(told.replace("\n", "")) == told.replace("\n", "")
    assert json.loads(told) == {"name": "a\x1b\x7f\x9b\u202eλ"}


FAULTS = [PermissionError(errno.EACCES, "denied", "some file"), KeyError("\x1bx"), RecursionError("y" * 9999)]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
@pytest.mark.parametrize("debug", [False, True])
def test_a_fault_that_nobody_foresaw_is_one_line(
    fault: Exception,
    debug: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise fault

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["screening", "studies", *["--debug"] * debug])
    monkeypatch.setattr("screening.campaign.study.packaged_studies", fail)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    printed = capsys.readouterr()
    assert (ended.value.code, printed.out, printed.err.count("\n")) == (1, "", 1)
    assert type(fault).__name__ in printed.err
    assert "report it" in printed.err
    assert len(printed.err) < 500
    assert printed.err.strip().isprintable()
    written = tmp_path / cli.TRACEBACK
    assert written.is_file() == debug
    if debug:
        assert "in fail" in written.read_text("utf-8")
        assert cli.TRACEBACK in printed.err


def test_a_traceback_that_cannot_be_written_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / cli.TRACEBACK).mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["screening", "--debug", "studies"])
    monkeypatch.setattr("screening.campaign.study.packaged_studies", dict.popitem)
    with pytest.raises(SystemExit):
        cli.main()
    assert "no traceback written" in capsys.readouterr().err


def test_a_directory_whose_name_is_no_text_is_refused(spectrum: Path, tmp_path: Path) -> None:
    ended = screening("drt", str(spectrum), "--out", f"{tmp_path}/\udcff", encoding="ascii")
    assert (ended.returncode, ended.stderr.count(b"\n")) == (2, 1)
    assert b"no UTF-8" in ended.stderr


def smallest_disk() -> None:
    """Let no file grow beyond a few bytes, as on a disk that is full."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("campaign")
    study = out.with_suffix(".toml")
    study.write_text(STUDY)
    ended = screening("run", str(study), "--no-figures", "--jobs", "1", "--out", str(out))
    assert ended.returncode == 0, ended.stderr
    return out


@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_full_disk_ends_the_export_in_one_line(form: str, campaign: Path, tmp_path: Path) -> None:
    given = ("top", str(campaign), "--format", form, "--out", str(tmp_path / f"top.{form}"))
    ended = screening(*given, preexec_fn=smallest_disk)
    assert (ended.returncode, ended.stdout) == (2, b"")
    assert ended.stderr.count(b"\n") == 1
    assert f"top.{form}: cannot write".encode() in ended.stderr
    assert not list(tmp_path.iterdir())


def test_a_full_disk_ends_a_spreadsheet_in_one_line(
    campaign: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    given = ["top", str(campaign), "--format", "xlsx", "--out", str(tmp_path / "top.xlsx")]
    monkeypatch.setattr("sys.argv", ["screening", *given])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    printed = capsys.readouterr()
    assert (ended.value.code, printed.out, printed.err.count("\n")) == (2, "", 1)
    assert "top.xlsx: cannot write (No space left on device)" in printed.err
    assert not list(tmp_path.iterdir())
