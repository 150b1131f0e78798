"""An explorer that runs as it is started, over a folder with the six reactors, and a browser to drive it."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("dash", reason="Dash is absent (extra `explore`)")
TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [
    str(TESTS / "explore"),
    str(TESTS / "report"),
    str(TESTS),
]  # their helpers

from mp_server.fixtures import running_service, service  # noqa: E402
from started_explorer import Explorer  # noqa: E402

import screening as scr  # noqa: E402

__all__ = ["running_service", "service"]


@pytest.fixture(scope="session")
def six_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("runs") / "six"
    scr.screen("six-reactors", out=directory, jobs=1)
    return directory


@pytest.fixture(scope="module")
def explorer(six_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Explorer]:
    folder = tmp_path_factory.mktemp("explorer")
    shutil.copytree(six_run, folder / "results" / "six")
    started = Explorer(folder / "results", folder / "cells").start()
    yield started
    started.kill()
