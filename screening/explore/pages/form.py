"""The sheet of a cell as a form, which knows every key, and the cell that it keeps."""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from dash import dcc, html
from dash.development.base_component import Component
from pydantic import BaseModel

from screening.errors import InputError
from screening.explore.disk import Place, safe_name
from screening.explore.shown import labelled
from screening.files import output_directory, write_text
from screening.lab.cell import Cathode, Experiment, Kind, Origin, ProtocolSheet, Separator
from screening.lab.sheets import examine
from screening.report.parts import head

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


def shown() -> Component:
    """Every key that a sheet may hold, with its unit; what is left empty is left out."""
    sections: list[Component] = []
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
    return labelled(head(name.rpartition(".")[2]) + hint, control)


def _leaves(annotation: Any) -> Iterator[Any]:
    """Types that an annotation consists of."""
    if get_origin(annotation) is Annotated:
        yield from _leaves(get_args(annotation)[0])
    elif get_args(annotation):
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
    heading, _, key = name.rpartition(".")
    annotation = TABLES[heading].model_fields[key].annotation
    kinds = set(_leaves(annotation))
    if str in kinds or _words(annotation):
        if not text.isprintable():
            raise InputError("holds what cannot be printed", where=name, remedy="write plain text")
        return json.dumps(text, ensure_ascii=False)
    parts = text.split(",") if "tuple" in str(annotation) else [text.replace(",", ".")]
    numbers = [_number(part, name, whole=int in kinds) for part in parts]
    return f"[{', '.join(numbers)}]" if "tuple" in str(annotation) else numbers[0]


def _number(text: str, where: str, *, whole: bool) -> str:
    try:
        return repr(int(text) if whole else float(text))
    except ValueError:
        raise InputError(f"{text[:40]!r} is no number", where=where, remedy="give a number") from None


def keep(given: dict[str, Any], files: Mapping[str, Sequence[Path]], place: Place) -> Path:
    """Write a sheet with its raw files, by technique, into the folder of experiments; both or nothing.

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
    if not any(files.values()):
        raise InputError("no raw files", where=name, remedy="choose them above first")
    stack = [part.strip() for part in str(given.pop("stack", "")).split("|") if part.strip()]
    lines = [f"{key} = {_toml(key, str(value))}" for key, value in given.items() if "." not in key]
    lines += [f"stack = [{', '.join(_toml('notes', part) for part in stack)}]"] if stack else []
    for heading in filter(None, TABLES):
        inside = {key: value for key, value in given.items() if key.startswith(f"{heading}.")}
        lines += [f"[{heading}]"] * bool(inside)
        lines += [f"{key.rpartition('.')[2]} = {_toml(key, str(value))}" for key, value in inside.items()]
    lines.append("[files]")
    for technique, paths in files.items():
        named = ", ".join(_toml("notes", f"{RAW}/{name}/{path.name}") for path in paths)
        lines += [f"{technique} = [{named}]"] * bool(paths)
    output_directory(raw)
    try:
        for path in (path for paths in files.values() for path in paths):
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
