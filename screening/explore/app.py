"""The explorer: one Dash application, its five pages, what it saves, and its server."""

import logging
import os
import socket
from collections.abc import Callable, Mapping
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl, urlencode

from dash import ALL, Dash, Input, Output, dcc, html
from dash.development.base_component import Component
from flask import Response, abort, request, send_file

from screening.errors import InputError, ScreeningError
from screening.explore.disk import Place
from screening.explore.guard import MOST_BYTES, guard
from screening.explore.pages import bench, candidate, data, pair, screen
from screening.explore.shown import Query, message
from screening.files import output_directory

PAGES: Mapping[str, ModuleType] = {
    "pair": pair,
    "screen": screen,
    "candidate": candidate,
    "bench": bench,
    "data": data,
}
"""Pages by their address: each has `layout`, `connect` and `save`."""

MOST_OF_AN_ADDRESS = 4000
"""Characters of the state that an address may carry."""

THREADS = 4
_drawing = Lock()
"""Figures share the settings of matplotlib: one is drawn at a time."""

TEMPLATE = """<!DOCTYPE html>
<html lang="en"><head>{%metas%}<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Interphase explorer</title>{%favicon%}<style>STYLE</style>{%css%}</head>
<body>{%app_entry%}<footer>{%config%}{%scripts%}{%renderer%}</footer></body></html>"""


def make_app(place: Place, host: str, port: int) -> Dash:
    """The application, guarded.

    Parameters
    ----------
    place : Place
    host, port : str, int
        Where it will listen.
    """
    style = (files("screening.report") / "templates" / "page.css").read_text("utf-8")
    app = Dash(
        __name__,
        assets_folder=str(Path(__file__).with_name("assets")),
        index_string=TEMPLATE.replace("STYLE", style),
        serve_locally=True,
        suppress_callback_exceptions=True,
        use_async=False,
        update_title="",
        title="Interphase explorer",
    )
    links = [dcc.Link(_title(name), href=f"/{name}", id={"kind": "link", "page": name}) for name in PAGES]
    bound: dict[str, Any] = {"data-most-bytes": MOST_BYTES}
    app.layout = html.Div(
        [
            dcc.Location(id="url", refresh=False),
            html.A("To the content", href="#page", className="skip"),
            html.Header([html.B("Interphase"), html.Nav(links, title="Pages")]),
            html.P(id="unanswered", role="alert", className="notice", hidden=True, **bound),
            html.Main(id="page", tabIndex="-1"),
        ]
    )
    app.clientside_callback(
        "dash_clientside.explorer.remember",
        Output({"kind": "link", "page": ALL}, "href"),
        Input({"kind": "field", "name": ALL, "page": ALL}, "value"),
    )

    @app.callback(
        Output("page", "children"),
        Output({"kind": "link", "page": ALL}, "className"),
        Input("url", "pathname"),
        Input("url", "search"),
    )
    def show(path: str | None, search: str | None) -> tuple[list[Component], list[str]]:
        name, query = (path or "/").strip("/") or "pair", state_of(search or "")
        marks = ["here" if each == name else "" for each in PAGES]
        if name not in PAGES:
            return [message("no such page")], marks
        try:
            return [html.H1(_title(name)), *PAGES[name].layout(query, place)], marks
        except ScreeningError as error:
            return [html.H1(_title(name)), message(str(error))], marks

    for page in PAGES.values():
        page.connect(app, place)
    _save(app, place)
    guard(app, host, port)
    return app


def _title(name: str) -> str:
    return name.capitalize()


def state_of(search: str) -> Query:
    """State that an address carries; of a field given twice the last counts."""
    return dict(parse_qsl(search[:MOST_OF_AN_ADDRESS].removeprefix("?"), max_num_fields=60))


def _save(app: Dash, place: Place) -> None:
    """Files of what pages show: ``/save/pair/curve.svg?a=Li&b=LiAlCl4``."""

    @app.server.get("/save/<page>/<name>")
    def save(page: str, name: str) -> Response:
        if page not in PAGES or not set(name) <= set(NAME_LETTERS):
            abort(404)
        query = state_of(urlencode(request.args))
        try:
            with TemporaryDirectory() as folder, _drawing:
                path = PAGES[page].save(name, query, place, Path(folder))
                content = path.read_bytes()
        except ScreeningError as error:
            return Response(f"{error}\n", 400, mimetype="text/plain")
        return send_file(BytesIO(content), download_name=path.name, as_attachment=path.suffix != ".svg")


NAME_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"


def serve(place: Place, host: str, port: int, announce: Callable[[str], None] = lambda _: None) -> None:
    """Serve until interrupted.

    Parameters
    ----------
    place : Place
    host : str
    port : int
        0 takes any that is free.
    announce : callable
        Called with the address once the server listens.

    Raises
    ------
    InputError
        If nothing can listen there.
    """
    from waitress import create_server

    output_directory(place.folder)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # that users wait is no warning
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    if os.name == "posix":
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        raise InputError(
            f"cannot listen there ({error.strerror})", where=f"{host}:{port}", remedy="give another --port"
        ) from None
    port = listening.getsockname()[1]
    server = create_server(
        make_app(place, host, port).server,
        sockets=[listening],
        threads=THREADS,
        max_request_body_size=MOST_BYTES,
        ident="",
    )
    announce(f"http://{host if ':' not in host else f'[{host}]'}:{port}/")
    server.run()
