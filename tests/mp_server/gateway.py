"""What stands before the server in production, reduced to what a client notices: keys and failures."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

KEY = "abcdefghijklmnopqrstuvwxyz012345"
NON_COMMERCIAL_KEY = "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
"""Key of a user who accepted the terms for non-commercial data."""

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass
class Fault:
    """A failure of the requests whose path holds `path`, after `passed` good ones and for `times` ones.

    Without a status the request is only delayed.
    """

    path: str
    status: int | None = None
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    passed: int = 0
    times: int = 1_000_000


@dataclass(frozen=True)
class Request:
    """One request as it arrived."""

    path: str
    query: str
    key: str


class Gateway:
    """Checks keys, grants rights, keeps a log, and fails when told to."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.faults: list[Fault] = []
        self.log: list[Request] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        request = Request(scope["path"], scope["query_string"].decode(), headers.get("x-api-key", ""))
        self.log.append(request)
        fault = self._fault(request.path)
        if fault:
            await asyncio.sleep(fault.delay_s)
            if fault.status:
                await _answer(send, fault.status, fault.body, fault.headers)
                return
        if request.path != "/heartbeat" and request.key not in (KEY, NON_COMMERCIAL_KEY):
            await _answer(send, 401, json.dumps({"message": f"Invalid credentials {request.key}"}), {})
            return
        if request.key == NON_COMMERCIAL_KEY:
            groups = (b"x-consumer-groups", b"TERMS:ACCEPT-NC")
            scope = {**scope, "headers": [*scope["headers"], groups]}
        await self._app(scope, receive, send)

    def _fault(self, path: str) -> Fault | None:
        for fault in self.faults:
            if fault.path in path and fault.times > 0:
                if fault.passed > 0:
                    fault.passed -= 1
                    continue
                fault.times -= 1
                return fault
        return None


async def _answer(send: Send, status: int, body: str, headers: Mapping[str, str]) -> None:
    content = body.encode()
    head = {"content-type": "application/json", "content-length": str(len(content)), **headers}
    encoded = [(name.encode(), value.encode()) for name, value in head.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": content})
