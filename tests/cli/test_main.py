"""The command itself: where its output can go."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from screening import cli

FULL = Path("/dev/full")
"""A device of Linux that is always full."""
COMMAND = [sys.executable, "-c", "from screening.cli import main; main()"]


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_device_ends_in_one_line(unbuffered: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    with FULL.open("w") as full:
        ended = subprocess.run(
            [*COMMAND, "studies"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert ended.returncode == 2
    assert "stdout: cannot write" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_another_fault_is_not_taken_for_one_of_stdout(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "some file")

    monkeypatch.setattr("typer.main.get_command", lambda _: type("Command", (), {"main": staticmethod(fail)}))
    with pytest.raises(PermissionError):
        cli.main()
