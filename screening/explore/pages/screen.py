"""Screen: a campaign run in the background, its candidates in a grid, and what other weights do to ranks."""

from pathlib import Path
from typing import Any

import dash_ag_grid as dag
import pandas as pd
from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

import screening as scr
from screening.api.campaigns import Ranking
from screening.campaign.study import DEFAULT_STUDY, packaged_studies
from screening.errors import InputError, ScreeningError
from screening.explore import charts, held
from screening.explore.disk import Place, Run, digest, received, safe_name
from screening.explore.pages.pair import propose
from screening.explore.rows import block, chosen_rows
from screening.explore.shown import (
    FIGURES,
    TABLES,
    Fields,
    Query,
    labelled,
    message,
    saves,
    table,
    to_copy,
    told,
    upload,
)
from screening.files import write_csv, write_xlsx
from screening.reactors.anode import shared_ion
from screening.reactors.criteria import CRITERIA
from screening.report.columns import ranking_columns

POLL_MS = 1000
OWN_LIST = "list"
ASKED = ("study", "list", "anode", "electrolyte", "wt_percent", "snapshot", "phases", "energies")
STEEPEST = 3.0
"""Largest weight of a slider; the study's own are 0 to 2."""

FIRST = 50
"""Ranks of which it is told how many a moved weight exchanges."""


FIELD, WEIGHED = Fields("screen"), Fields("weighed")
"""Fields of the page, and those that come with a finished run: weights, and axes of the map."""


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
                        upload("list-files", "A file with a column formula", ".csv,.xlsx,.tsv,.txt,.parquet"),
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
                lines = [line.strip() for line in (pasted or "").splitlines() if line.strip()]
                if not lines:
                    raise PreventUpdate
                files = {"pasted.csv": ("formula\n" + "\n".join(f'"{x}"' for x in lines) + "\n").encode()}
            else:
                files = received(contents or [], names or [])
            token = place.keep(files)
            found = _list(token, place)
        except ScreeningError as error:
            return message(str(error)), no_update, no_update
        notes = [html.Li(note) for note in found["notes"][:20]]
        words = html.Div([html.P(f"{found['count']} candidates read"), html.Ul(notes, className="notes")])
        return words, token, OWN_LIST

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

    @app.callback(Output("results", "children"), Input(FIELD.id("run"), "value"), Input("poll", "disabled"))
    @told
    def show(name: str | None, _: bool) -> Any:
        if not name or not place.run(name).finished:
            return []
        return _results(name, place)

    app.clientside_callback(
        "dash_clientside.explorer.reorder",
        Output("reordered", "children"),
        Input(WEIGHED.id(ALL), "value"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output("grid", "getRowsResponse"),
        Input("grid", "getRowsRequest"),
        State(FIELD.id("run"), "value"),
        State(WEIGHED.id(ALL), "value"),
        State(WEIGHED.id(ALL), "id"),
        prevent_initial_call=True,
    )
    def rows(asked: dict[str, Any] | None, name: str, values: list[Any], ids: list[dict[str, str]]) -> Any:
        if not asked:
            raise PreventUpdate
        frame = _weighed(name, _weights(values, ids), place)
        return block(frame, asked)

    @app.callback(
        Output("map", "figure"),
        Output("moved", "children"),
        Output("chosen", "children"),
        Input(WEIGHED.id(ALL), "value"),
        Input("grid", "selectedRows"),
        Input("map", "clickData"),
        State(WEIGHED.id(ALL), "id"),
        State(FIELD.id("run"), "value"),
    )
    def weigh(
        values: list[Any], picked: Any, clicked: Any, ids: list[dict[str, str]], name: str
    ) -> tuple[Any, Any, Any]:
        fields = {each["name"]: value for each, value in zip(ids, values, strict=True)}
        frame = _weighed(name, _weights(values, ids), place)
        row = _picked(frame, picked, clicked)
        x, y = fields.get("x"), fields.get("y")
        ion = shared_ion(frame["anode"].unique())
        chart, count = charts.candidates(frame, x, y, ion, "" if row is None else str(row["formula"]))
        return chart, [*_moved(frame), html.Small(count)], [] if row is None else _link(name, row)


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
    changes = {"wt_percent": _number(query["wt_percent"])} if query["wt_percent"] else {}
    if own:
        changes["skip_bad"] = True
    met = {
        "electrolytes": tuple(filter(None, [query["electrolyte"]])),
        "anodes": tuple(filter(None, [query["anode"]])),
    }
    study = scr.load_study(candidates).with_changes(**{k: v for k, v in met.items() if v}, **changes)
    own_file = "" if not isinstance(source.phases, scr.OwnPhases) else str(source.phases.path)
    which = digest(study.checksum, source.snapshot, own_file, source.energies)[:8]
    name = safe_name(f"{'list' if own else study.name}-{which}")
    run = place.run(name)
    if run.state in ("running", "finished"):
        return name
    run.task.begin(
        {
            "verb": "screen",
            "candidates": candidates,
            "electrolyte": query["electrolyte"],
            "anode": query["anode"],
            "changes": changes,
            "snapshot": source.snapshot,
            "phases": own_file,
            "energies": str(source.energies),
            "out": str(run.path),
        }
    )
    return name


def _number(text: str) -> float:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        raise InputError(f"{text[:40]!r} is no number", where="wt%", remedy="give 0 to 100") from None


def _press(button: str, run: Run) -> None:
    if button == "cancel":
        run.task.cancel()
    elif button == "resume" and run.state != "running" and run.task.asked:
        run.task.begin(run.task.asked)


def _state(run: Run) -> list[Component]:
    """How far a run is, and what can be done with it."""
    state, progress = run.state, run.task.progress
    done, total = progress.get("done", 0), progress.get("total", 0)
    if state == "running":
        words = (
            f"{run.path.name}: {progress.get('stage', 'starting')}, {done} of {total or 'so many'} candidates"
        )
        bar = html.Progress(value=str(done), max=str(total or 1), **{"aria-label": words})
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


# ---------------------------------------------------------------------------------------- a finished run


def _weights(values: list[Any], ids: list[dict[str, str]]) -> tuple[tuple[str, float], ...]:
    """Weights that sliders show."""
    given = {each["name"]: value for each, value in zip(ids, values, strict=True)}
    return tuple(
        (name, float(value)) for name, value in given.items() if name not in ("x", "y") and value is not None
    )


def _weighed(name: str, weights: tuple[tuple[str, float], ...], place: Place) -> pd.DataFrame:
    return held.reweighed(held.ranking(name, place), weights)


def _results(name: str, place: Place) -> list[Component]:
    found = held.ranking(name, place)
    state = {"run": name}
    settings = found.results.study.ranking
    sliders = [
        labelled(
            criterion.label,
            dcc.Input(
                id=WEIGHED.id(criterion.key),
                type="range",
                min=0,
                max=STEEPEST,
                step=0.1,
                value=min(settings.criteria[criterion.name].weight, STEEPEST),
            ),
        )
        for criterion in CRITERIA
    ]
    axes = {
        criterion.name: criterion.label for criterion in CRITERIA if found.table[criterion.name].notna().any()
    }
    x, y = found.results.study.figures.criteria
    summary = found.display()
    return [
        html.H2(found.results.title),
        html.Fieldset([html.Legend("Weights"), html.Div(sliders, className="weights")]),
        html.Div(id="moved", role="status"),
        html.Div(id="reordered", hidden=True),
        html.Div(id="chosen", role="status"),
        _grid(found),
        saves("screen", "ranking", state, TABLES),
        html.Div(
            [
                WEIGHED.chooser("x", "Across", axes, x, clearable=False),
                WEIGHED.chooser("y", "Up", axes, y, clearable=False),
            ],
            className="controls",
        ),
        dcc.Graph(id="map", config=charts.CONFIG, className="chart"),
        saves("screen", "map", state, FIGURES),
        html.Ul([html.Li(note) for note in summary.notes], className="notes"),
        *[table(test.display()) for test in found.back_tests],
        _copied(name, found, place),
    ]


def _grid(found: Ranking) -> Component:
    columns: list[dict[str, Any]] = [
        {"field": "rank_before", "headerName": "was", "filter": "agNumberColumnFilter"}
    ]
    for column in ranking_columns(found.table):
        if column.name.startswith(("top_", "accept_")):
            continue
        text = column.kind == "text"
        columns.append(
            {
                "field": column.name,
                "headerName": f"{column.label} ({column.unit})" if column.unit else column.label,
                "headerTooltip": column.meaning,
                "filter": "agTextColumnFilter" if text else "agNumberColumnFilter",
                **({} if text else {"type": "numericColumn"}),
            }
        )
    first = {"rank": 0, "formula": 1, "rank_before": 2}
    columns.sort(key=lambda column: first.get(column["field"], 3))
    params = {
        "backgroundColor": "var(--paper)",
        "foregroundColor": "var(--ink)",
        "headerBackgroundColor": "var(--surface)",
        "borderColor": "var(--line)",
        "accentColor": "var(--accent)",
        "browserColorScheme": "inherit",
    }
    return dag.AgGrid(
        id="grid",
        rowModelType="infinite",
        columnDefs=columns,
        defaultColDef={
            "sortable": True,
            "resizable": True,
            "width": 130,
            "filterParams": {"maxNumConditions": 1, "buttons": ["reset"]},
        },
        getRowId="params.data.key",
        dashGridOptions={
            "theme": {"function": f"themeQuartz.withParams({params!r})"},
            "rowSelection": {"mode": "singleRow", "enableClickSelection": True, "checkboxes": False},
            "cacheBlockSize": 100,
            "maxBlocksInCache": 10,
        },
        className="grid",
    )


def _moved(frame: pd.DataFrame) -> list[Component]:
    """What the weights as they stand do to the ranks of the study."""
    ranked = frame[frame["passes"]]
    moved = ranked["rank"] != ranked["rank_before"]
    if not moved.any():
        return [html.P("Ranks of the study's own weights.")]
    first = ranked[ranked["rank"] <= FIRST]
    entered = first[first["rank_before"] > FIRST]["formula"].tolist()
    best = ranked.iloc[0]
    words = f"First: {best['formula']} (was {best['rank_before']}). {int(moved.sum())} of {len(ranked)} move"
    if len(ranked) > FIRST:
        words += f"; new among the first {FIRST}: {', '.join(entered[:8]) or 'none'}"
        words += f" and {len(entered) - 8} more" if len(entered) > 8 else ""
    return [html.P(f"{words}.")]


def _picked(frame: pd.DataFrame, picked: Any, clicked: Any) -> pd.Series | None:
    """The row of the grid or the point of the map that was chosen last."""
    formula = anode = electrolyte = None
    if ctx.triggered_id == "map" and clicked:
        formula = clicked["points"][0]["customdata"]
    elif picked:
        row = picked[0]
        formula, anode, electrolyte = row.get("formula"), row.get("anode"), row.get("electrolyte")
    if not isinstance(formula, str):
        return None
    return chosen_rows(frame, formula, anode, electrolyte)


def _link(name: str, row: pd.Series) -> list[Component]:
    from urllib.parse import urlencode

    state = {"run": name, **{key: str(row[key]) for key in ("formula", "anode", "electrolyte")}}
    link = dcc.Link(f"Why {row['formula']} ranks there", href=f"/candidate?{urlencode(state)}")
    return [html.P([f"{row['formula']}: rank {row['rank'] if row['passes'] else 'none'}. ", link])]


def _copied(name: str, found: Ranking, place: Place) -> Component:
    """The same by command and in Python, as far as a command can say it."""
    asked = place.run(name).task.asked or {"candidates": found.results.study.name}
    changes = "".join(f", {key}={value!r}" for key, value in asked.get("changes", {}).items())
    met = "".join(
        f", {key}={asked[key]!r}"
        for key in ("electrolyte", "anode", "snapshot", "energies")
        if asked.get(key)
    )
    given = f"{asked['candidates']!r}{met}{changes}, out={str(found.directory)!r}"
    python = f"ranking = scr.screen({given})\nranking.table"
    return to_copy(["report", str(found.directory)], python)


def save(name: str, query: Query, place: Place, folder: Path) -> Path:
    """Write the whole ``ranking`` or the ``map``; with sliders moved, by the weights of the study."""
    stem, _, suffix = name.partition(".")
    found = held.ranking(query.get("run", ""), place)
    path = folder / f"{safe_name(query.get('run', ''))}-{stem}.{suffix}"
    if stem == "map":
        found.save(path)
    elif suffix == "csv":
        write_csv(path, found.table, found.provenance)
    elif suffix == "xlsx":
        write_xlsx(path, found.table, "ranking", found.provenance)
    else:
        raise InputError(f"no file {name!r}")
    return path
