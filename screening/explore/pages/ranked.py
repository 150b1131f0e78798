"""What came out of a run: its candidates in a grid and on a map, and what other weights do to their ranks."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import dash_ag_grid as dag
import pandas as pd
from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from screening.api.campaigns import Ranking
from screening.errors import InputError, ScreeningError
from screening.explore import charts, held
from screening.explore.disk import Place, safe_name
from screening.explore.rows import block, first_row
from screening.explore.shown import (
    FIGURES,
    TABLES,
    Fields,
    Query,
    labelled,
    message,
    plotted,
    saves,
    table,
    to_copy,
    told,
)
from screening.files import write_content
from screening.reactors.anode import shared_ion
from screening.report.columns import ranking_columns

PAGE, FIELD = Fields("screen"), Fields("weighed")
"""Fields of the page, and those that come with a finished run: weights, and the axes of the map."""

AXES = ("x", "y")

STEEPEST = 3.0
"""Largest weight of a slider; the study's own are 0 to 2."""

FIRST = 50
"""Ranks of which it is told how many a moved weight exchanges."""


def connect(app: Dash, place: Place) -> None:
    """Grid, map and sliders follow each other."""

    @app.callback(
        Output("results", "children"),
        Input(PAGE.id("run"), "value"),
        Input("poll", "disabled"),
        State("url", "search"),
    )
    @told
    def show(name: str | None, _: bool, search: str | None) -> Any:
        if not name or not place.run(name).finished:
            return []
        query = dict(parse_qsl((search or "").removeprefix("?")))
        return _results(name, place, query if query.get("run") == name else {})

    app.clientside_callback(
        "dash_clientside.explorer.reorder",
        Output("reordered", "children"),
        Input(FIELD.id(ALL), "value"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output("grid", "getRowsResponse"),
        Input("grid", "getRowsRequest"),
        State(PAGE.id("run"), "value"),
        State(FIELD.id(ALL), "value"),
        State(FIELD.id(ALL), "id"),
        prevent_initial_call=True,
    )
    def rows(asked: dict[str, Any] | None, name: str, values: list[Any], ids: list[dict[str, str]]) -> Any:
        if not asked:
            raise PreventUpdate
        try:
            return block(_weighed(name, _state(values, ids), place), asked)
        except ScreeningError:  # the map says why
            return {"rowData": [], "rowCount": 0}

    @app.callback(
        Output("map", "figure"),
        Output("moved", "children"),
        Output("chosen", "children"),
        Output("saved", "children"),
        Output("same", "children"),
        Input(FIELD.id(ALL), "value"),
        Input("grid", "selectedRows"),
        Input("map", "clickData"),
        State(FIELD.id(ALL), "id"),
        State(PAGE.id("run"), "value"),
    )
    def weigh(values: list[Any], picked: Any, clicked: Any, ids: list[dict[str, str]], name: str) -> Any:
        try:
            return _map(name, _state(values, ids), picked, clicked, place)
        except ScreeningError as error:
            return no_update, message(str(error)), [], [], []


def _map(name: str, fields: dict[str, Any], picked: Any, clicked: Any, place: Place) -> tuple[Any, ...]:
    """The map, what moved, what was chosen, and links that save the ranking."""
    frame = _weighed(name, fields, place)
    found = held.ranking(name, place)
    ion, every = shared_ion(frame["anode"].unique()), found.results.study.ranking.every
    if not all(fields[axis] and frame[fields[axis]].notna().any() for axis in AXES):
        anodes = " and ".join(frame["anode"].unique())
        raise InputError(f"{anodes} reacts with none: no criterion to draw", remedy="choose another anode")
    axes = {fields[axis]: every.find(fields[axis]).axis_label(ion) for axis in AXES}
    row = _picked(frame, picked, clicked)
    formula = "" if row is None else str(row["formula"])
    chart, count = charts.candidates(frame, axes, formula)
    state = {"run": name, **{key: str(value) for key, value in fields.items() if key not in AXES}}
    links = saves("screen", "ranking", state, TABLES)
    weights = _other(found, fields)
    moved = [*_moved(frame, weights), html.Small(count)]
    return chart, moved, [] if row is None else _link(name, row), links, _copied(name, found, weights, place)


def _other(found: Ranking, given: Mapping[str, Any]) -> dict[str, float]:
    """Weights, by key, that differ from the study's own."""
    ranking = found.results.study.ranking
    own = {each.key: ranking.rules[each.name].weight for each in ranking.every}
    try:
        return {key: float(given[key]) for key in own if key in given and float(given[key]) != own[key]}
    except (TypeError, ValueError):
        raise InputError("a weight is no number", remedy="move the sliders") from None


def _state(values: list[Any], ids: list[dict[str, str]]) -> dict[str, Any]:
    return {each["name"]: value for each, value in zip(ids, values, strict=True)}


def _weighed(name: str, fields: dict[str, Any], place: Place) -> pd.DataFrame:
    """Candidates of a run by the weights that the sliders show."""
    weights = {key: float(value) for key, value in fields.items() if key not in AXES}
    return held.reweighed(held.ranking(name, place), tuple(weights.items()))


def _results(name: str, place: Place, query: Query) -> list[Component]:
    found = held.ranking(name, place)
    state, fields = {"run": name}, Fields(FIELD.page, query)
    settings = found.results.study.ranking
    sliders = [
        labelled(
            f"{criterion.label} ({settings.rules[criterion.name].weight:g})",
            _slider(fields, criterion.key, settings.rules[criterion.name].weight),
        )
        for criterion in settings.every
    ]
    axes = {
        criterion.name: criterion.label
        for criterion in settings.every
        if found.table[criterion.name].notna().any()
    }
    x, y = found.results.study.figures.criteria
    summary = found.display()
    return [
        html.H2(found.results.title),
        html.Fieldset([html.Legend("Weights, 0 to 3 (the study's)"), html.Div(sliders, className="weights")]),
        html.Div(id="moved", role="status"),
        html.Div(id="reordered", hidden=True),
        html.Div(id="chosen", role="status"),
        _grid(found),
        html.Div(id="saved"),
        html.Div(
            [
                fields.chooser("x", "Across", axes, x, clearable=False),
                fields.chooser("y", "Up", axes, y, clearable=False),
            ],
            className="controls",
        ),
        plotted(identity="map"),
        saves("screen", "map", state, FIGURES),
        html.Ul([html.Li(note) for note in summary.notes], className="notes"),
        *[table(test.display()) for test in found.back_tests],
        html.Div(id="same"),
    ]


def _slider(fields: Fields, key: str, weight: float) -> Component:
    """The weight of one criterion; what an address holds in its place counts only where it is a number."""
    with suppress(ValueError):
        weight = float(fields.query.get(key, weight))
    shown = min(max(weight, 0.0), STEEPEST)
    always: Any = {"always_visible": True, "placement": "bottom"}
    return dcc.Slider(0, STEEPEST, 0.1, None, shown, id=fields.id(key), tooltip=always)


def _grid(found: Ranking) -> Component:
    columns: list[dict[str, Any]] = [
        {"field": "rank_before", "headerName": "was", "filter": "agNumberColumnFilter"}
    ]
    for column in ranking_columns(found.table, found.results.study.ranking):
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
            "wrapHeaderText": True,
            "autoHeaderHeight": True,
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


def _moved(frame: pd.DataFrame, weights: Mapping[str, float]) -> list[Component]:
    """What the weights as they stand do to the ranks of the study."""
    ranked = frame[frame["passes"]]
    moved = ranked["rank"] != ranked["rank_before"]
    if not moved.any():
        words = (
            "Other weights than the study's: no rank moves."
            if weights
            else "Ranks of the study's own weights."
        )
        return [html.P(words)]
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
    return first_row(frame, formula, anode, electrolyte)


def _link(name: str, row: pd.Series) -> list[Component]:
    state = {"run": name, **{key: str(row[key]) for key in ("formula", "anode", "electrolyte")}}
    link = dcc.Link(f"Why {row['formula']} ranks there", href=f"/candidate?{urlencode(state)}")
    return [html.P([f"{row['formula']}: rank {row['rank'] if row['passes'] else 'none'}. ", link])]


def _copied(name: str, found: Ranking, weights: Mapping[str, float], place: Place) -> Component:
    """The same by command and in Python; other weights stand in a study's file, or in Python."""
    asked = place.run(name).task.asked or {"candidates": found.results.study.name}
    changes = "".join(f", {key}={value!r}" for key, value in asked.get("changes", {}).items())
    met = "".join(f", {key}={asked[key]!r}" for key in ("snapshot", "energies") if asked.get(key))
    given = f"{asked['candidates']!r}{met}{changes}, out={str(found.directory)!r}"
    table = f"reweighed({weights!r})" if weights else "table"
    python = f"ranking = scr.screen({given})\nranking.{table}"
    return to_copy(["report", str(found.directory)], python)


def save(name: str, query: Query, place: Place, folder: Path) -> Path:
    """Write the ``ranking``, by the weights of the address, or the ``map``."""
    stem, _, suffix = name.partition(".")
    found = held.ranking(query.get("run", ""), place)
    path = folder / f"{safe_name(query.get('run', ''))}-{stem}.{suffix}"
    if stem == "map":
        found.save(path)
        return path
    if suffix not in TABLES:
        raise InputError(f"no file {name!r}", remedy=f"give one of {', '.join(TABLES)}")
    given, stamp = _other(found, query), found.provenance
    if given:
        moved = found.results.study.with_changes(weights=given)
        told = ", ".join(f"{key} {weight:g}" for key, weight in given.items())
        stamp = replace(stamp, study=f"{moved.name} with weights {told}", study_checksum=moved.checksum)
    write_content(path, found.reweighed(given) if given else found.table, stamp)
    return path
