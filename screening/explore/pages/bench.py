"""Bench: measured files read and judged, compared with a prediction, and kept as cells of experiments."""

import shutil
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, get_args, get_origin

from dash import ALL, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component
from pydantic import BaseModel

from screening.errors import InputError, ScreeningError
from screening.explore import held, reading
from screening.explore.disk import Place, received, safe_name
from screening.explore.shown import (
    Fields,
    Query,
    dom_id,
    message,
    saves,
    table,
    to_copy,
    told,
    upload,
)
from screening.files import output_directory, write_text
from screening.lab.cell import Cathode, Experiment, Kind, Origin, ProtocolSheet, Separator
from screening.lab.sheets import examine
from screening.report.parts import head

FIELDS = ("files", "reactor", "sought", "electrolyte", "area_cm2", "run", "phases")
NOT_ASKED = frozenset({"files", "quoted", "stack", "masses_mg", "separator", "cathode", "protocol"})
"""Keys of a sheet that the form does not ask for at its top: tables of their own, and files."""

TABLES: dict[str, type[BaseModel]] = {
    "": Experiment,
    "separator": Separator,
    "cathode": Cathode,
    "protocol": ProtocolSheet,
}
FIRST = {"origin": Origin.MEASURED.value, "kind": Kind.REST.value, "electrolyte": "Li6PS5Cl", "anode": "Li"}
"""What the form says before anyone writes into it."""

RAW = "raw"
FIELD = Fields("bench")


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
        dcc.Loading(html.Div(id="bench", className="read", **{"aria-live": "polite"}), type="dot"),
        html.H2("Keep as a cell of the experiments"),
        html.P(
            ["Written into ", html.Code(str(place.experiments)), " with the files above as its raw files."]
        ),
        _form(),
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

    @app.callback(Output("bench", "children"), *(Input(FIELD.id(name), "value") for name in FIELDS))
    @told
    def show(*values: str | None) -> Any:
        query = FIELD.state(FIELDS, values)
        return _read(query, place) if query["files"] else []

    @app.callback(
        Output("kept", "children"),
        Input("keep-cell", "n_clicks"),
        State(FIELD.id("files"), "value"),
        State({"kind": "key", "name": ALL}, "value"),
        State({"kind": "key", "name": ALL}, "id"),
        prevent_initial_call=True,
    )
    @told
    def keep(_: int, files: str | None, values: list[Any], ids: list[dict[str, str]]) -> Any:
        given = {
            each["name"]: value for each, value in zip(ids, values, strict=True) if value not in (None, "")
        }
        path = keep_cell(given, files or "", place)
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


def _asked(query: Query, place: Place) -> dict[str, Any]:
    area = query.get("area_cm2", "").replace(",", ".")
    try:
        area_cm2 = float(area) if area else None
    except ValueError:
        raise InputError(f"{area[:40]!r} is no number", where="area", remedy="give cm²") from None
    return {
        "verb": "bench",
        "files": str(place.files(query.get("files", ""))[0].parent),
        "area_cm2": area_cm2,
        "reactor": query.get("reactor", "").strip(),
        "electrolyte": query.get("electrolyte") or "Li6PS5Cl",
        "sought": [part.strip() for part in query.get("sought", "").split(",") if part.strip()],
        "cif": [str(path) for path in held.structures(query, place)],
    }


def _read(query: Query, place: Place) -> list[Component]:
    asked = _asked(query, place)
    found = place.task(query["files"], asked).answer(asked)
    names = [path.name for path in place.files(query["files"])]
    return [
        html.P(f"{len(names)} files: {', '.join(names[:12])}{' …' if len(names) > 12 else ''}"),
        *_blocks("bench", query, found),
        _copied(names, query),
    ]


def _blocks(kind: str, query: Query, found: dict[str, Any]) -> Iterator[Component]:
    """What was found: its table, its figure, and the files of both."""
    for title, shown, figures, tables in reading.blocks(found):
        parts: list[Component] = [html.H2(title), table(shown)]
        if figures:
            from urllib.parse import urlencode

            state = urlencode({key: value for key, value in query.items() if value})
            image = next(name for name in figures if name.endswith(".svg"))
            parts.append(html.Figure(html.Img(src=f"/save/bench/{kind}-{image}?{state}", alt=title)))
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
    task = place.errand(f"compare-{run.path.name}{'-simulated' * asked['simulated']}")
    if anew:
        (task.folder / "told.json").unlink(missing_ok=True)
    return task.answer(asked)


def _copied(names: list[str], query: Query) -> Component:
    given = " ".join(names[:3])
    area = query.get("area_cm2")
    option = f", area_cm2={area}" if area else ""
    python = (
        f"spectra = scr.read_eis({names[:3]!r}{option})\nspectra.drt().plot()\n"
        f"# or scr.read_cycling({names[:3]!r}{option}), scr.read_xrd({names[0]!r}).identify('LiCl')"
    )
    return to_copy(["drt", *given.split(), *(["--area-cm2", area] if area else [])], python)


def _copied_comparison(query: Query, place: Place) -> Component:
    run = str(place.run(query["run"]).path)
    return to_copy(
        ["validate", run, str(place.experiments)], f"scr.validate({run!r}, {str(place.experiments)!r})"
    )


# --------------------------------------------------------------------------------------------- the form


def _form() -> Component:
    """Every key that a sheet may hold, with its unit; what is left empty is left out."""
    sections = []
    for heading, model in TABLES.items():
        fields = [
            _key(f"{heading}.{name}" if heading else name, info.annotation)
            for name, info in model.model_fields.items()
            if heading or name not in NOT_ASKED
        ]
        if not heading:
            fields.insert(0, _key("name", str))
            fields.append(_key("stack", str))
            sections.append(html.Div(fields, className="form"))
        else:
            sections.append(
                html.Details([html.Summary(heading.capitalize()), html.Div(fields, className="form")])
            )
    return html.Div(sections)


def _key(name: str, annotation: Any) -> Component:
    """One key of the sheet."""
    identity = {"kind": "key", "name": name}
    options = _words(annotation)
    first = FIRST.get(name, "")
    if options:
        control: Component = dcc.Dropdown(options, first or None, id=identity)
    else:
        control = dcc.Input(id=identity, name=f"key-{name}", value=first, type="text", autoComplete="off")
    hint = {"name": " (of its sheet)", "stack": ", as Li | layer | Li6PS5Cl | Li"}.get(name, "")
    label = html.Label(head(name.rpartition(".")[2]) + hint, htmlFor=dom_id(identity))
    return html.Div([label, control], className="field")


def _leaves(annotation: Any) -> Iterator[Any]:
    """Types that an annotation consists of."""
    if get_origin(annotation) in (Annotated,):
        yield from _leaves(get_args(annotation)[0])
    elif isinstance(annotation, UnionType) or get_args(annotation):
        for each in get_args(annotation):
            yield from _leaves(each)
    else:
        yield annotation


def _words(annotation: Any) -> list[str]:
    """What may be chosen where a key takes one of a few words."""
    return [
        str(w)
        for each in _leaves(annotation)
        if isinstance(each, type) and issubclass(each, StrEnum)
        for w in each
    ]


def _toml(name: str, text: str) -> str:
    """A value as TOML: text stays text unless the key takes numbers only."""
    table_name, _, key = name.rpartition(".")
    kinds = set(_leaves(TABLES[table_name].model_fields[key].annotation))
    if str in kinds or any(isinstance(each, type) and issubclass(each, StrEnum) for each in kinds):
        if not text.isprintable():
            raise InputError(
                "holds a character that cannot be printed", where=name, remedy="write plain text"
            )
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    numbers = (
        [_number(part, name, whole=int in kinds) for part in text.split(",")]
        if "tuple" in str(TABLES[table_name].model_fields[key].annotation)
        else [_number(text.replace(",", "."), name, whole=int in kinds)]
    )
    return (
        f"[{', '.join(numbers)}]"
        if "tuple" in str(TABLES[table_name].model_fields[key].annotation)
        else numbers[0]
    )


def _number(text: str, where: str, *, whole: bool) -> str:
    try:
        return repr(int(text) if whole else float(text))
    except ValueError:
        raise InputError(f"{text[:40]!r} is no number", where=where, remedy="give a number") from None


def keep_cell(given: dict[str, Any], token: str, place: Place) -> Path:
    """Write a sheet with its raw files into the folder of experiments; both or nothing.

    Raises
    ------
    InputError
        If it has no name or one that is taken, a key cannot be used, or the sheet is faulty.
    """
    name = safe_name(str(given.pop("name", "")).strip()) if given.get("name") else ""
    if not name:
        raise InputError("has no name", where="cell", remedy="give one, as cell-07")
    target, raw = place.experiments / f"{name}.toml", place.experiments / RAW / name
    if target.exists() or raw.exists():
        raise InputError("a cell of this name is kept already", where=name, remedy="choose another name")
    files = place.files(token) if token else ()
    if not files:
        raise InputError("no raw files", where=name, remedy="choose them above first")
    stack = [part.strip() for part in str(given.pop("stack", "")).split("|") if part.strip()]
    lines = [f"{key} = {_toml(key, str(value))}" for key, value in given.items() if "." not in key]
    lines += [f"stack = [{', '.join(_toml('notes', part) for part in stack)}]"] if stack else []
    for heading in filter(None, TABLES):
        inside = {key: value for key, value in given.items() if key.startswith(f"{heading}.")}
        lines += [f"[{heading}]"] * bool(inside)
        lines += [f"{key.rpartition('.')[2]} = {_toml(key, str(value))}" for key, value in inside.items()]
    lines.append("[files]")
    for technique, paths in _techniques(files).items():
        named = ", ".join(_toml("notes", f"{RAW}/{name}/{path.name}") for path in paths)
        lines += [f"{technique} = [{named}]"] * bool(paths)
    output_directory(raw)
    try:
        for path in files:
            shutil.copyfile(path, raw / path.name)
        write_text(target, "\n".join(lines) + "\n")
        sheet, faults = examine(target, Experiment)
        if sheet is None:
            raise InputError(
                "; ".join(f"{fault.where.rpartition(': ')[2]}: {fault.message}" for fault in faults),
                where=name,
            )
    except BaseException:
        target.unlink(missing_ok=True)
        shutil.rmtree(raw, ignore_errors=True)
        raise
    return target


def _techniques(files: tuple[Path, ...]) -> dict[str, list[Path]]:
    """Which file is of which measurement, as the reading found."""
    from screening.lab.beginnings import find_cells

    found: dict[str, list[Path]] = {"impedance": [], "cycling": [], "diffraction": []}
    cells, _ = find_cells(files[0].parent)
    for each in cells.values():
        found["impedance"] += each.impedance
        found["cycling"] += each.cycling
    used = {*found["impedance"], *found["cycling"]}
    found["diffraction"] = [
        path for path in files if path not in used and path.suffix not in (".toml", ".cif")
    ]
    return found


def save(name: str, query: Query, place: Place, folder: Path) -> Path:
    """A figure or table that the reading wrote."""
    kind, _, file = name.partition("-")
    if kind == "comparison":
        run, simulated = query.get("run", ""), bool(query.get("simulated"))
        found = place.errand(f"compare-{run}{'-simulated' * simulated}").folder / file
    else:
        asked = _asked(query, place)
        place.task(query.get("files", ""), asked).answer(asked)
        found = place.task(query.get("files", ""), asked).folder / file
    if not found.is_file() or found.name not in {
        f"{n:02d}.{s}" for n in range(100) for s in ("svg", "pdf", "png", "csv", "xlsx")
    }:
        raise InputError(f"no file {name!r}", remedy="read the files again")
    return Path(shutil.copyfile(found, folder / name))
