"""Pytest fixtures around the server."""

import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from mp_server.gateway import KEY
from mp_server.phase_diagrams import write_phase_diagrams
from mp_server.server import Service, free_port, running
from screening.phases.library import HOME_VARIABLE
from screening.phases.transport import Patience

SHORT = Patience(timeout_s=1.0, retries=1, backoff_s=0.0)
"""Time-outs of fault tests: a loopback server answers within milliseconds."""


@pytest.fixture(scope="session")
def running_service() -> Iterator[Service]:
    """The Materials Project's own server over made-up documents."""
    with running() as service, pytest.MonkeyPatch.context() as patched:
        _remember_schemas(patched)
        yield service


def _remember_schemas(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the client build the schema of its documents once, not for every field of every request."""
    from emmet.core.summary import SummaryDoc
    from emmet.core.thermo import ThermoDoc

    for model in (ThermoDoc, SummaryDoc):
        monkeypatch.setattr(model, "model_json_schema", partial(dict, model.model_json_schema()))


@pytest.fixture
def service(running_service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Service:
    """The server, in good health; the user has a key and an empty place for snapshots."""
    running_service.reset()
    monkeypatch.setenv("MP_API_KEY", KEY)
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    return running_service


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The bucket of phase diagrams, with one of Al-Cl-Li."""
    write_phase_diagrams(tmp_path / "bucket", "Al-Cl-Li")
    command = [sys.executable, str(Path(__file__).with_name("bucket.py")), str(tmp_path / "bucket")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        port = process.stdout.readline().strip()
        _point_clients_at(port, monkeypatch)
        yield
        process.terminate()


@pytest.fixture
def broken_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    """No bucket at all, where the client looks for it."""
    _point_clients_at(str(free_port()), monkeypatch)


def _point_clients_at(port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from mp_api.client.core.settings import MAPI_CLIENT_SETTINGS

    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    monkeypatch.setattr(MAPI_CLIENT_SETTINGS, "MAX_RETRIES", 0)
