"""Kernels compile where nothing can be kept: no home, and site-packages that are read-only."""

import subprocess
import sys
from pathlib import Path

import pytest

from screening.kernel_cache import VARIABLE, keep_kernels


def unwritable(folder: Path) -> Path:
    """A place that not even root can write to: below a file."""
    (folder / "file").write_text("")
    return folder / "file" / "cache"


def test_a_directory_of_this_process_is_given_and_goes_with_it(tmp_path: Path) -> None:
    code = "import os, sys; from pathlib import Path; from screening.kernel_cache import *\n"
    code += "print(keep_kernels([Path(sys.argv[1])])); print(os.environ[VARIABLE])\n"
    code += "assert os.stat(os.environ[VARIABLE]).st_mode & 0o077 == 0"
    command = [sys.executable, "-c", code, str(unwritable(tmp_path))]
    said, folder = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert VARIABLE in said
    assert not Path(folder).exists()


def test_where_numba_can_keep_them_nothing_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert keep_kernels([unwritable(tmp_path), tmp_path / "cache"]) == ""
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert keep_kernels([unwritable(tmp_path)]) == ""
