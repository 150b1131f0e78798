"""Who may ask the server what: this machine's browser, from the explorer's own pages, within bounds."""

import ipaddress
import socket

from dash import Dash
from flask import Response, abort, request

MOST_BYTES = 64 * 2**20
"""Largest request: files of about 48 MB, which grow by a third on their way."""

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


def guard(app: Dash, host: str, port: int) -> None:
    """Refuse foreign hosts and origins, bound what is sent, and forbid pages to reach anything else.

    A page of another site that has its name resolved to this machine (DNS rebinding) is told by the host that
    it asks for; one that posts from elsewhere by its origin.

    Parameters
    ----------
    app : Dash
        With all its callbacks.
    host : str
        Address that the server listens at; beyond the loopback any address in numbers is a host, too.
    port : int
    """
    server, own = app.server, {f"{name}:{port}" for name in LOOPBACK}
    server.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
    server.config["MAX_FORM_MEMORY_SIZE"] = MOST_BYTES
    scripts = " ".join(("'self'", *app.csp_hashes()))
    policy = (
        f"default-src 'none'; script-src {scripts}; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
        "img-src 'self' data: blob:; font-src 'self' data:; manifest-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )

    @server.before_request
    def refuse_strangers() -> None:
        asked = request.headers.get("Host", "")
        if not (asked in own or (f"{host}:{port}" not in own and _of_this_machine(asked, host))):
            abort(403, "the host is not that of the explorer")
        site = request.headers.get("Sec-Fetch-Site", "none")
        if request.method in ("GET", "HEAD"):
            followed = request.headers.get("Sec-Fetch-Mode") == "navigate"
            if site not in ("none", "same-origin") and not followed:
                abort(403, "asked for by another site")
        elif request.headers.get("Origin") != f"http://{asked}" or site not in ("none", "same-origin"):
            abort(403, "sent by another site")
        elif request.path == "/_dash-update-component" and not _callback(request.get_json(silent=True)):
            abort(400, "no request of the explorer's pages")

    @server.after_request
    def with_headers(response: Response) -> Response:
        response.headers.update(HEADERS)
        response.headers["Content-Security-Policy"] = policy
        if request.path.startswith(("/save/", "/_dash-update")):
            response.headers["Cache-Control"] = "no-store"
        return response


def _callback(asked: object) -> bool:
    """Whether Dash can look up what is asked for."""
    return isinstance(asked, dict) and isinstance(asked.get("output"), str) and "inputs" in asked


def _of_this_machine(asked: str, host: str) -> bool:
    """Whether a host is an address in numbers, which no name server stands behind, or this machine's name."""
    name = asked.rpartition(":")[0] or asked
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return name in (host, socket.gethostname())
    return True
