"""Data: the snapshot, phases and structures of one's own, and a live fetch whose key stays in memory."""

from pathlib import Path
from typing import Any, Literal

import pandas as pd
from dash import Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from screening.errors import InputError, ScreeningError
from screening.explore import held
from screening.explore.disk import Place, Task, received
from screening.explore.reading import unpacked
from screening.explore.shown import (
    TABLES,
    Fields,
    Query,
    dom_id,
    live,
    message,
    progress,
    saves,
    table,
    to_copy,
    upload,
)
from screening.files import write_content
from screening.phases.corrections import Energies
from screening.phases.fetch import Query as Fetched
from screening.phases.library import EMBEDDED, survey
from screening.phases.materials_project import Key, require_key
from screening.thermo.marks import stamp

FIELDS = ("snapshot", "phases", "energies")
POLL_MS = 1000
FIELD = Fields("data")


def layout(query: Query, place: Place) -> list[Component]:
    """What energies every page works with, and where more come from."""
    fields = Fields(FIELD.page, query)
    return [
        html.Div(
            [
                fields.chooser("snapshot", "Snapshot", held.snapshots(), default=EMBEDDED, clearable=False),
                fields.choice("energies", "Energies", [str(each) for each in Energies]),
                *fields.hidden("phases", "run"),
            ],
            className="controls",
        ),
        live("snapshot-told"),
        html.H2("My own phases and structures"),
        html.Div(
            [
                upload("own-files", "Phases (csv, xlsx, json) or structures (CIF)"),
                dcc.Checklist(
                    [
                        {"label": " replace those of the snapshot", "value": "replace"},
                        {"label": " take implausibly low ones", "value": "force"},
                    ],
                    [],
                    id="wishes",
                ),
                html.Button("Work without them", id="forget"),
            ],
            className="controls",
        ),
        html.Div(id="own-fault", role="status"),
        dcc.Loading(live("own-told"), type="dot"),
        html.H2("Fetch today's Materials Project"),
        html.P(
            "The key is kept in memory only, for this fetch: it is written nowhere and stands in no address."
        ),
        html.Form(
            [
                _plain("fetch-name", "Name of the snapshot", "text"),
                _plain("fetch-systems", "Chemical systems, as Li-Al-Cl, Li-Mg-I", "text"),
                _plain("fetch-key", "Your API key", "password"),
                html.Div(
                    [
                        html.Span("needs a network", className="label"),
                        html.Button("Fetch", id="fetch", type="button"),
                    ],
                    className="field",
                ),
            ],
            className="controls",
        ),
        html.Div(id="fetched", role="status"),
        dcc.Interval(id="fetch-poll", interval=POLL_MS, disabled=not place.errand("fetch").running),
    ]


def _plain(identity: str, label: str, kind: Literal["text", "password"]) -> Component:
    """A field that is no state: it never stands in an address."""
    control = dcc.Input(id=identity, name=identity, type=kind, value="", autoComplete="off")
    return html.Div([html.Label(label, htmlFor=dom_id(identity)), control], className="field wide")


def connect(app: Dash, place: Place) -> None:
    """Snapshots, own phases, the fetch."""

    def show(query: Query) -> list[Component]:
        snapshot, _ = held.held(query, place)
        listed = survey()
        faults = [message(str(fault), "note") for fault in listed.damaged]
        name = query["snapshot"] or EMBEDDED
        python = f"scr.load_snapshot({name!r}, energies={query['energies']!r})"
        return [
            table(listed.display()),
            *faults,
            html.Details([html.Summary("All of this snapshot's manifest"), table(snapshot.display())]),
            to_copy(["snapshot", "show", name], python),
        ]

    FIELD.follow(app, "snapshot-told", FIELDS, show)

    @app.callback(
        Output(FIELD.id("phases"), "value"),
        Output("own-fault", "children"),
        Input("own-files", "contents"),
        Input("wishes", "value"),
        Input("forget", "n_clicks"),
        State("own-files", "filename"),
        State(FIELD.id("phases"), "value"),
        prevent_initial_call=True,
    )
    def take(contents: Any, wishes: list[str], _: int, names: Any, before: str | None) -> tuple[Any, Any]:
        if ctx.triggered_id == "forget":
            return "", []
        try:
            token = (before or "").partition("-")[0]
            if ctx.triggered_id == "own-files" and contents:
                token = place.keep(received(contents, names))
            state = "-".join([token, *sorted(wishes or [])]) if token else ""
            _own({"phases": state, "snapshot": "", "energies": ""}, place)
        except ScreeningError as error:
            return no_update, message(str(error))
        return state, []

    FIELD.follow(app, "own-told", FIELDS, lambda query: _own(query, place))
    _connect_fetch(app, place)


def _connect_fetch(app: Dash, place: Place) -> None:
    """The fetch follows its button, then the clock."""

    @app.callback(
        Output("fetched", "children"),
        Output("fetch-key", "value"),
        Output(FIELD.id("snapshot"), "options"),
        Output("fetch-poll", "disabled"),
        Input("fetch", "n_clicks"),
        Input("fetch-poll", "n_intervals"),
        State("fetch-name", "value"),
        State("fetch-systems", "value"),
        State("fetch-key", "value"),
        prevent_initial_call=True,
    )
    def fetch(_n: int, _t: int, name: str, systems: str, key: str) -> tuple[Any, ...]:
        options = [{"label": words, "value": value} for value, words in held.snapshots().items()]
        task = place.errand("fetch")
        if ctx.triggered_id == "fetch":
            try:
                _fetch(task, place, name or "", systems or "", key or "")
            except ScreeningError as error:
                return message(str(error)), no_update, options, True
            return html.P("asked for"), "", options, False
        return _fetch_state(task), no_update, options, not task.running


def _own(query: Query, place: Place) -> list[Component]:
    """What the files of one's own hold, read in a process of their own."""
    own, cifs = held.own_phases(query, place), held.structures(query, place)
    parts: list[Component] = []
    token = query.get("phases", "").partition("-")[0]
    if own is not None:
        asked = {
            "verb": "phases",
            "paths": [str(own.path)],
            "force": own.force,
            "replace": own.replace,
            "snapshot": query.get("snapshot") or EMBEDDED,
            "energies": query.get("energies") or Energies.CORRECTED.value,
        }
        parts.append(table(unpacked(place.task(token, asked).answer(asked)["table"])))
        parts.append(saves("data", "phases", query, TABLES))
    if cifs:
        asked = {"verb": "structures", "paths": [str(path) for path in cifs]}
        parts.append(table(unpacked(place.task(token, asked).answer(asked)["table"])))
    return parts


def _fetch(task: Task, place: Place, name: str, systems: str, key: str) -> None:
    """Begin a fetch, once everything that was written can be used."""
    if task.running:
        raise InputError("a fetch is running", remedy="wait for it")
    chemsys = systems.replace(",", " ").split()
    Fetched.of(name.strip(), chemsys)
    require_key(Key(key.strip(), "the field of the key"))
    task.begin(
        {"verb": "fetch", "name": name.strip(), "chemsys": chemsys, "endpoint": place.endpoint}, key.strip()
    )


def _fetch_state(task: Task) -> Any:
    found, far = task.told, task.progress
    if task.running:
        done, total = far.get("done", 0), far.get("total", 0)
        words = f"{far.get('stage', 'starting')}: {done} of {total or '…'}"
        return html.P([progress(done, total, words), " ", words])
    if "fault" in found:
        return message(str(found["fault"]))
    return html.P(f"fetched {found['name']}: {found['phases']} phases") if found else []


def save(name: str, query: Query, place: Place, folder: Path) -> Path:
    """Own phases as they are joined."""
    own = held.own_phases(query, place)
    if own is None or not name.startswith("phases."):
        raise InputError(f"no file {name!r}")
    snapshot, _ = held.held(query, place)
    columns = ("formula", "formation_energy_ev_per_atom", "uncertainty_ev_per_atom", "origin", "note")
    added = snapshot.phases.added
    frame = pd.DataFrame({each: getattr(snapshot.phases, each)[added] for each in columns})
    write_content(folder / name, frame, stamp(snapshot))
    return folder / name
