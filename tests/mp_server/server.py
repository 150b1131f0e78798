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
        self._collection = _stored(documents)
        self._by_material: dict[str, list[dict[str, Any]]] = {}
        for each in documents:
            self._by_material.setdefault(each["material_id"], []).append(each)

    async def count_documents(self, criteria: dict[str, Any], **_: object) -> int:
        return self._collection.count_documents(criteria)

    async def estimated_document_count(self, **_: object) -> int:
        return self._collection.estimated_document_count()

    async def aggregate(self, pipeline: list[dict[str, Any]], **_: object) -> _Answers:
        wanted = pipeline[0].get("$match", {}).get("material_id", {})
        if "$in" not in wanted:
            return _Answers(self._collection.aggregate(pipeline))
        # an index, as the database has one: mongomock would compare every document with every identifier
        held = [each for material in wanted["$in"] for each in self._by_material.get(material, ())]
        return _Answers(_stored(held).aggregate(pipeline))


def _stored(documents: list[dict[str, Any]]) -> Any:
    collection = mongomock.MongoClient()["made_up"]["documents"]
    if documents:
        collection.insert_many([dict(each) for each in documents])
    return collection


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


def _gateway(thermo: list[dict[str, Any]], summary: list[dict[str, Any]]) -> Gateway:
    resources = [
        summary_resource(CollectionWithKey(_Collection(summary))),
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
def running(
    thermo: list[dict[str, Any]] | None = None, summary: list[dict[str, Any]] | None = None
) -> Iterator[Service]:
    """A server of these documents, or of the few that `documents` makes up."""
    held = thermo_documents() if thermo is None else thermo
    gateway, port = _gateway(held, summary_documents(held) if summary is None else summary), free_port()
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
