"""Screen: a campaign run in the background, its candidates in a grid, and what other weights do to ranks."""

from pathlib import Path
from typing import Any

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

import screening as scr
from screening.campaign.study import DEFAULT_STUDY, packaged_studies
from screening.errors import InputError, ScreeningError
from screening.explore import held
from screening.explore.disk import Place, Run, digest, received, safe_name
from screening.explore.pages import ranked
from screening.explore.pages.pair import propose
from screening.explore.shown import (
    Fields,
    Query,
    labelled,
    message,
    number,
    progress,
    upload,
)

POLL_MS = 1000
OWN_LIST = "list"
ASKED = ("study", "list", "anode", "electrolyte", "wt_percent", "snapshot", "phases", "energies")

FIELD = Fields("screen")


def layout(query: Query, place: Place) -> list[Component]:
    """What to screen, what runs, and what came out."""
    fields = Fields(FIELD.page, query)
    studies = {name: f"{name}: {each.title}" for name, each in packaged_studies().items()}
    runs = {name: f"{name} ({run.state})" for name, run in place.runs().items()}
    return [
        html.Div(
            [
                fields.chooser(
                    "study",
                    "Study",
                    {OWN_LIST: "my own list", **studies},
                    default=DEFAULT_STUDY,
                    clearable=False,
                ),
                fields.formula("anode", "Anode"),
                fields.formula("electrolyte", "Electrolyte"),
                fields.text("wt_percent", "Reactor (wt%)", inputMode="decimal"),
                html.Div(
                    [
                        html.Span("empty: as the study says", className="label"),
                        html.Button("Screen", id="start"),
                    ],
                    className="field",
                ),
            ],
            className="controls",
        ),
        html.Details(
            [
                html.Summary("My own list"),
                html.Div(
                    [
                        upload("list-files", "A file with a column formula"),
                        labelled("Or one formula a line", dcc.Textarea(id="pasted", value="", rows=4)),
                    ],
                    className="controls",
                ),
                html.Div(id="list-told", role="status"),
            ],
            open=query.get("study") == OWN_LIST,
        ),
        *fields.hidden("list", "snapshot", "phases", "energies"),
        html.H2("Runs"),
        html.Div([fields.chooser("run", "Results of", runs)], className="controls"),
        html.Div(id="run-state", role="status"),
        dcc.Interval(id="poll", interval=POLL_MS),
        html.Div(id="results"),
    ]


def connect(app: Dash, place: Place) -> None:
    """Start, follow, cancel and resume runs; rows, map and sliders of a finished one."""
    propose(app, place, FIELD, "anode", "electrolyte")

    _connect_list(app, place)
    ranked.connect(app, place)

    @app.callback(
        Output(FIELD.id("run"), "value"),
        Output(FIELD.id("run"), "options"),
        Output("run-state", "children"),
        Output("poll", "disabled"),
        Input("start", "n_clicks"),
        Input("poll", "n_intervals"),
        Input({"kind": "run-button", "do": ALL}, "n_clicks"),
        Input(FIELD.id("run"), "value"),
        *(State(FIELD.id(name), "value") for name in ASKED),
    )
    def follow(_n: int, _t: int, _b: list[int], name: str | None, *values: str | None) -> tuple[Any, ...]:
        query = FIELD.state(ASKED, values)
        cause = ctx.triggered_id
        fault: list[Component] = []
        try:
            if cause == "start":
                name = _start(query, place)
            elif (
                isinstance(cause, dict)
                and cause.get("kind") == "run-button"
                and ctx.triggered[0]["value"]
                and name
            ):
                _press(cause["do"], place.run(name))
        except ScreeningError as error:
            fault = [message(str(error))]
        runs = place.runs()
        run = runs.get(name or "")
        options = [{"label": f"{key} ({each.state})", "value": key} for key, each in runs.items()]
        shown = fault + ([] if run is None else _state(run))
        going = run is not None and run.state == "running"
        return name if cause == "start" else no_update, options, shown, not going


def _connect_list(app: Dash, place: Place) -> None:
    """A list of one's own, from a file or as text."""

    @app.callback(
        Output("list-told", "children"),
        Output(FIELD.id("list"), "value"),
        Output(FIELD.id("study"), "value"),
        Input("list-files", "contents"),
        Input("pasted", "value"),
        State("list-files", "filename"),
        prevent_initial_call=True,
    )
    def take_list(contents: list[str] | None, pasted: str, names: list[str] | None) -> tuple[Any, Any, Any]:
        try:
            if ctx.triggered_id == "pasted":
                lines = [line.strip().replace('"', '""') for line in (pasted or "").splitlines()]
                if not any(lines):
                    raise PreventUpdate
                files = {"pasted.csv": "\n".join(["formula", *(f'"{line}"' for line in lines)]).encode()}
            else:
                files = received(contents or [], names or [])
            token = place.keep(files)
            found = _list(token, place)
        except ScreeningError as error:
            return message(str(error)), no_update, no_update
        notes = [html.Li(note) for note in found["notes"][:20]]
        words = html.Div([html.P(f"{found['count']} candidates read"), html.Ul(notes, className="notes")])
        return words, token, OWN_LIST


def _list(token: str, place: Place) -> dict[str, Any]:
    asked = {"verb": "list", "paths": [str(place.files(token)[0])]}
    return place.task(token, asked).answer(asked)


def _start(query: Query, place: Place) -> str:
    """Begin a campaign, or take it up; its name."""
    own = query["study"] == OWN_LIST
    if own and not query["list"]:
        raise InputError("no list", where="my own list", remedy="choose a file, or paste formulas")
    candidates = _list(query["list"], place)["path"] if own else query["study"]
    source = held.source(query, place)
    changes: dict[str, Any] = {
        key: [value]
        for key, value in (("electrolytes", query["electrolyte"]), ("anodes", query["anode"]))
        if value
    }
    if content := query["wt_percent"]:
        changes["wt_percent"] = number(content, "wt%", "give 0 to 100")
    changes |= {"skip_bad": True} if own else {}
    study = scr.load_study(candidates).with_changes(**changes)
    own_phases = vars(source.phases) if isinstance(source.phases, scr.OwnPhases) else {}
    which = digest(study.checksum, source.snapshot, str(own_phases), source.energies)[:8]
    name = safe_name(f"{'list' if own else study.name}-{which}")
    run = place.run(name)
    if run.state in ("running", "finished"):
        return name
    run.task.begin(
        {
            "verb": "screen",
            "candidates": candidates,
            "changes": changes,
            "snapshot": source.snapshot,
            "phases": own_phases,
            "energies": str(source.energies),
            "out": str(run.path),
        }
    )
    return name


def _press(button: str, run: Run) -> None:
    if button == "cancel":
        run.task.cancel()
    elif button == "resume" and run.state != "running" and run.task.asked:
        run.task.begin(run.task.asked)


def _state(run: Run) -> list[Component]:
    """How far a run is, and what can be done with it."""
    state, far = run.state, run.task.progress
    done, total = far.get("done", 0), far.get("total", 0)
    if state == "running":
        words = f"{run.path.name}: {far.get('stage', 'starting')}, {done} of {total or 'so many'} candidates"
        bar = progress(done, total, words)
        return [html.P([bar, " ", _button("cancel", "Cancel")]), html.P(words)]
    if state == "failed":
        return [message(str(run.task.told["fault"]))]
    if state == "stopped":
        kept = f"{run.path.name}: stopped at {done} of {total} candidates; what is finished is kept. "
        again = [_button("resume", "Resume")] if run.task.asked else ["Take it up with screening run."]
        return [html.P([kept, *again])]
    return []


def _button(do: str, label: str) -> Component:
    return html.Button(label, id={"kind": "run-button", "do": do})


def save(name: str, query: Query, place: Place, folder: Path) -> Path:
    """Files of a finished run; see `ranked.save`."""
    return ranked.save(name, query, place, folder)
