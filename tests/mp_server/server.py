"""Start and stop the server on a free port."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import mongomock
import uvicorn
from emmet.api.core.api import MAPI
from emmet.api.resource.utils import CollectionWithKey
from emmet.api.routes.materials.summary.resources import summary_resource
from emmet.api.routes.materials.thermo.resources import thermo_resource

from mp_server.documents import DATABASE_VERSION, summary_documents, thermo_documents
from mp_server.gateway import Fault, Gateway, Request


class _Answers:
    """An asynchronous face for the results of a query."""

    def __init__(self, found: Any) -> None:
        self._found = found

    async def to_list(self) -> list[dict[str, Any]]:
        return list(self._found)


class _Collection:
    """The asynchronous calls that the server makes of its database, answered in process."""

    def __init__(self, documents: list[dict[str, Any]]) -> None:
        self._collection = mongomock.MongoClient()["made_up"]["documents"]
        self._collection.insert_many(documents)

    async def count_documents(self, criteria: dict[str, Any], **_: object) -> int:
        return self._collection.count_documents(criteria)

    async def estimated_document_count(self, **_: object) -> int:
        return self._collection.estimated_document_count()

    async def aggregate(self, pipeline: list[dict[str, Any]], **_: object) -> _Answers:
        return _Answers(self._collection.aggregate(pipeline))


@dataclass(frozen=True)
class Service:
    """A running server: where it is, what it was asked, and how to make it fail."""

    url: str
    gateway: Gateway

    @property
    def log(self) -> list[Request]:
        return self.gateway.log

    def fail(self, *faults: Fault) -> None:
        self.gateway.faults[:] = faults

    def reset(self) -> None:
        self.gateway.faults.clear()
        self.gateway.log.clear()


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def _gateway() -> Gateway:
    thermo = thermo_documents()
    resources = [
        summary_resource(CollectionWithKey(_Collection(summary_documents(thermo)))),
        thermo_resource(CollectionWithKey(_Collection(thermo))),
    ]
    heartbeat = {
        "pymatgen": "",
        "db_version": DATABASE_VERSION,
        "suffix": "",
        "access_controlled_batch_ids": [],
    }
    return Gateway(MAPI(resources={"materials": resources}, heartbeat_meta=heartbeat).app)


@contextmanager
def running() -> Iterator[Service]:
    """A server for the time of a test session."""
    gateway, port = _gateway(), free_port()
    server = uvicorn.Server(uvicorn.Config(gateway, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield Service(f"http://127.0.0.1:{port}/", gateway)
    finally:
        server.should_exit = True
        thread.join(10)
