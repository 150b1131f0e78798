"""Bench: measured files read and judged, compared with a prediction, and kept as cells of experiments."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from screening.errors import InputError, ScreeningError
from screening.explore import held, reading
from screening.explore.disk import Place, received
from screening.explore.pages import form
from screening.explore.shown import (
    Fields,
    Query,
    live,
    message,
    number,
    saved_at,
    saves,
    table,
    to_copy,
    told,
    upload,
)

FIELDS = ("files", "reactor", "sought", "electrolyte", "area_cm2", "run", "phases")
FIELD = Fields("bench")

TICK_MS = 1000
"""Time between two looks at how far a reading is."""


def layout(query: Query, place: Place) -> list[Component]:
    """Files above, what they say below, then the form that keeps them."""
    fields = Fields(FIELD.page, query)
    runs = {name: name for name, run in place.runs().items() if run.finished}
    return [
        html.Div(
            [
                upload("bench-files", "Impedance, cycling, powder pattern, cell sheet with its raw files"),
                fields.text("area_cm2", "Electrode area (cm²)", inputMode="decimal"),
                fields.text("reactor", "Reactor, for a pattern"),
                fields.text("electrolyte", "Electrolyte", "Li6PS5Cl"),
                fields.text("sought", "Further phases to look for", hint="as LiCl, LiAl"),
                *fields.hidden("files", "snapshot", "phases", "energies"),
            ],
            className="controls",
        ),
        html.Div(id="bench-fault", role="status"),
        html.Div(
            [html.P(id="bench-far", role="status"), html.Button("Cancel", id="bench-cancel")],
            id="bench-going",
            hidden=True,
        ),
        dcc.Interval(id="bench-tick", interval=TICK_MS, disabled=True),
        dcc.Loading(live("bench", className="read"), type="dot"),
        html.H2("Keep as a cell of the experiments"),
        html.P(
            ["Written into ", html.Code(str(place.experiments)), " with the files above as its raw files."]
        ),
        form.shown(),
        html.P(html.Button("Keep the cell", id="keep-cell")),
        html.Div(id="kept", role="status"),
        html.H2("Compare with a prediction"),
        html.Div(
            [
                fields.chooser("run", "Run", runs),
                html.Div(
                    [html.Span("all cells kept", className="label"), html.Button("Compare", id="compare")],
                    className="field",
                ),
                dcc.Checklist([{"label": " count simulated cells", "value": "yes"}], [], id="simulated"),
            ],
            className="controls",
        ),
        dcc.Loading(html.Div(id="compared", className="read"), type="dot"),
    ]


def connect(app: Dash, place: Place) -> None:
    """Read, keep, compare."""

    @app.callback(
        Output(FIELD.id("files"), "value"),
        Output("bench-fault", "children"),
        Input("bench-files", "contents"),
        State("bench-files", "filename"),
        prevent_initial_call=True,
    )
    def take(contents: list[str] | None, names: list[str] | None) -> tuple[Any, Any]:
        try:
            return place.keep(received(contents or [], names or [])), []
        except ScreeningError as error:
            return no_update, message(str(error))

    _follow(app, place)

    @app.callback(
        Output("kept", "children"),
        Input("keep-cell", "n_clicks"),
        *(State(FIELD.id(name), "value") for name in FIELDS),
        State({"kind": "key", "name": ALL}, "value"),
        State({"kind": "key", "name": ALL}, "id"),
        prevent_initial_call=True,
    )
    @told
    def keep(_: int, *given: Any) -> Any:
        *state, values, ids = given
        keys = {each["name"]: value for each, value in zip(ids, values, strict=True) if value}
        query = FIELD.state(FIELDS, state)
        found = _found(query, place)["techniques"] if query["files"] else {}
        path = form.keep(keys, {name: [*map(Path, paths)] for name, paths in found.items()}, place)
        return html.P(["kept: ", html.Code(str(path))])

    @app.callback(
        Output("compared", "children"),
        Input("compare", "n_clicks"),
        State(FIELD.id("run"), "value"),
        State("simulated", "value"),
        prevent_initial_call=True,
    )
    @told
    def compare(_: int, run: str | None, simulated: list[str] | None) -> Any:
        query = {"run": run or "", "simulated": "yes" if simulated else ""}
        return [
            *_blocks("comparison", query, _comparison(query, place, anew=True)),
            _copied_comparison(query, place),
        ]


def _follow(app: Dash, place: Place) -> None:
    """What the files say; meanwhile how far their reading is, and a way to end it."""
    FIELD.follow(
        app,
        "bench",
        FIELDS,
        lambda query: _read(query, place) if query["files"] else [],
        running=[
            (Output("bench-tick", "disabled"), False, True),
            (Output("bench-going", "hidden"), False, True),
        ],
    )

    @app.callback(
        Output("bench-far", "children"),
        Input("bench-tick", "n_intervals"),
        Input("bench-cancel", "n_clicks"),
        *(State(FIELD.id(name), "value") for name in FIELDS),
        prevent_initial_call=True,
    )
    def far(_: int, __: int, *values: Any) -> str:
        query = FIELD.state(FIELDS, values)
        try:
            task = place.task(query["files"], _asked(query, place))
        except ScreeningError:  # which the reading itself tells
            return ""
        if ctx.triggered_id == "bench-cancel":
            task.cancel()
        found = task.progress
        return (
            f"reading {found['stage']}, file {found['done']} of {found['total']}" if "done" in found else ""
        )


def _area_cm2(query: Query) -> float | None:
    area = query.get("area_cm2")
    return number(area, "area", "give cm²") if area else None


def _asked(query: Query, place: Place) -> dict[str, Any]:
    return {
        "verb": "bench",
        "files": str(place.files(query.get("files", ""))[0].parent),
        "area_cm2": _area_cm2(query),
        "reactor": query.get("reactor", "").strip(),
        "electrolyte": query.get("electrolyte") or "Li6PS5Cl",
        "sought": [part.strip() for part in query.get("sought", "").split(",") if part.strip()],
        "cif": [str(path) for path in held.structures(query, place)],
    }


def _found(query: Query, place: Place) -> dict[str, Any]:
    """What the other process read, now or before."""
    asked = _asked(query, place)
    return place.task(query.get("files", ""), asked).answer(asked)


def _read(query: Query, place: Place) -> list[Component]:
    found = _found(query, place)
    names = [path.name for path in place.files(query["files"])]
    return [
        html.P(f"Read ({len(names)}): {', '.join(names[:12])}{' …' if len(names) > 12 else ''}"),
        *_blocks("bench", query, found),
        _copied(names, query),
    ]


def _blocks(kind: str, query: Query, found: dict[str, Any]) -> Iterator[Component]:
    """What was found: its table, its figure, and the files of both."""
    for title, shown, figures, tables in reading.blocks(found):
        parts: list[Component] = [html.H2(title), table(shown)]
        if figures:
            image = next(name for name in figures if name.endswith(".svg"))
            source = saved_at("bench", f"{kind}-{image}", query)
            parts.append(html.Figure(html.Img(src=source, alt=title)))
        stem = (figures or tables or [""])[0].partition(".")[0]
        forms = [name.partition(".")[2] for name in (*figures, *tables)]
        yield html.Section([*parts, *([saves("bench", f"{kind}-{stem}", query, forms)] if forms else [])])


def _comparison(query: Query, place: Place, *, anew: bool = False) -> dict[str, Any]:
    """All kept cells against a run; cells may have come since the last time."""
    run = place.run(query.get("run", ""))
    asked = {
        "verb": "compare",
        "run": str(run.path),
        "experiments": str(place.experiments),
        "simulated": bool(query.get("simulated")),
    }
    task = place.errand(f"compare-{run.path.name}{'-simulated' if asked['simulated'] else ''}")
    if anew:
        (task.folder / "told.json").unlink(missing_ok=True)
    return task.answer(asked)


def _copied(names: list[str], query: Query) -> Component:
    area = _area_cm2(query)
    option = f", area_cm2={area:g}" if area else ""
    python = (
        f"spectra = scr.read_eis({names[:3]!r}{option})\nspectra.drt().plot()\n"
        f"# or scr.read_cycling({names[:3]!r}{option}), scr.read_xrd({names[0]!r}).identify('LiCl')"
    )
    return to_copy(["drt", *names[:3], *(["--area-cm2", f"{area:g}"] if area else [])], python)


def _copied_comparison(query: Query, place: Place) -> Component:
    run = str(place.run(query["run"]).path)
    return to_copy(
        ["validate", run, str(place.experiments)], f"scr.validate({run!r}, {str(place.experiments)!r})"
    )


def save(name: str, query: Query, place: Place, folder: Path) -> Path:
    """A figure or table that the reading wrote."""
    kind, _, file = name.partition("-")
    if kind == "comparison":
        run, simulated = query.get("run", ""), bool(query.get("simulated"))
        found = place.errand(f"compare-{run}{'-simulated' if simulated else ''}").folder / file
    else:
        asked = _asked(query, place)
        place.task(query.get("files", ""), asked).answer(asked)
        found = place.task(query.get("files", ""), asked).folder / file
    if not found.is_file() or found.name not in {
        f"{n:02d}.{s}" for n in range(100) for s in ("svg", "pdf", "png", "csv", "xlsx")
    }:
        raise InputError(f"no file {name!r}", remedy="read the files again")
    return Path(shutil.copyfile(found, folder / name))
