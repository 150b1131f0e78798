"""Pair: reaction energy of two compounds against their mixing ratio, and the staircase of one."""

from pathlib import Path
from typing import Any

from dash import Dash, Input, Output, html
from dash.development.base_component import Component

import screening as scr
from screening.errors import InputError, ScreeningError
from screening.explore import charts
from screening.explore.disk import Place, safe_name
from screening.explore.held import arguments, completions, held, source
from screening.explore.shown import (
    FIGURES,
    TABLES,
    Fields,
    Query,
    live,
    message,
    plotted,
    saves,
    spelled,
    table,
    to_copy,
)
from screening.phases.composition import parse_formula, symbol
from screening.thermo.interface import AXES, QUANTITIES, InterfaceReactions
from screening.thermo.lithiation import Lithiations

AT_HULL = "take at-hull"
FIELDS = ("a", "b", "axis", "quantity", "lacking", "voltage", "ion", "snapshot", "phases", "energies")
FIELD = Fields("pair")


def layout(query: Query, place: Place) -> list[Component]:
    """Fields above, results below."""
    fields = Fields(FIELD.page, query)
    return [
        html.Div(
            [
                fields.formula("a", "A", "Li"),
                fields.formula("b", "B, or several with commas", "LiAlCl4"),
                fields.text(
                    "voltage", "Voltage (V), if open to the ion", hint="4.2, or 2.6; 4.2, or 2.6-4.2"
                ),
                fields.text("ion", "Ion", "Li", size="4"),
                fields.choice("axis", "Mixing fraction", AXES),
                fields.choice("quantity", "Energy", QUANTITIES),
                fields.choice("lacking", "What the snapshot lacks", ("refuse", AT_HULL)),
                *fields.hidden("snapshot", "phases", "energies", "run"),
            ],
            className="controls",
        ),
        live("pair"),
    ]


def connect(app: Dash, place: Place) -> None:
    """Results follow the fields."""
    FIELD.follow(app, "pair", FIELDS, lambda query: _results(query, place))
    propose(app, place, FIELD, "a", "b")


def propose(app: Dash, place: Place, fields: Fields, *names: str) -> None:
    """Proposals of the snapshot for what is typed into fields for formulas."""

    def complete(typed: str | None) -> list[Component]:
        words = completions(*held({}, place), typed or "")
        return [html.Option(value=value, label=label) for value, label in words.items()]

    for name in names:
        app.callback(Output(fields.completion(name), "children"), Input(fields.id(name), "value"))(complete)


def _reactions(query: Query, place: Place) -> InterfaceReactions:
    """Curves of A with each B."""
    several, a = _several(query), query.get("a", "").strip()
    if not (a and several):
        raise InputError("two compounds are needed", where="A and B", remedy="as Li and LiAlCl4")
    voltage, element = query.get("voltage") or None, query.get("ion") or "Li"
    return scr.react([a], several, voltage=voltage, element=element, **_opened(query, place))


def _staircases(query: Query, place: Place) -> Lithiations:
    """What each B becomes in the metal A, else in the ion's."""
    return scr.lithiate(_several(query), element=_taken_up(query), **_opened(query, place))


def _opened(query: Query, place: Place) -> Any:
    """Where the phases come from, open, and whether what they lack is taken at the hull."""
    snapshot, energies = held(query, place)
    return {"snapshot": snapshot, "energies": energies, "at_hull": query.get("lacking") == AT_HULL}


def _several(query: Query) -> list[str]:
    return [part.strip() for part in query.get("b", "").split(",") if part.strip()]


def _taken_up(query: Query) -> str:
    """The element of the metal A, else the ion."""
    parts = parse_formula(query.get("a", "")).atomic_numbers if "@" not in query.get("a", "") else ()
    return symbol(parts[0]) if len(parts) == 1 else query.get("ion") or "Li"


def _results(query: Query, place: Place) -> list[Component]:
    axis, quantity = query.get("axis") or "atomic", query.get("quantity") or "total"
    found = _reactions(query, place)
    shown = found[0].display(axis) if len(found) == 1 else found.display(axis)
    curve = plotted(charts.reactions(found, axis, quantity))
    try:
        steps = _staircases(query, place)
        chart = plotted(charts.staircases(steps))
        stairs: list[Any] = [chart, saves("pair", "staircase", query, FIGURES)]
        below: list[Any] = [table(steps[0].display() if len(steps) == 1 else steps.display())]
        below.append(saves("pair", "staircase", query, TABLES))
    except ScreeningError as error:
        stairs, below = [message(f"no staircase: {error}", "note")], []
    return [
        html.Div(
            [
                html.Figure(
                    [html.Figcaption("Reaction energy"), curve, saves("pair", "curve", query, FIGURES)]
                ),
                html.Figure([html.Figcaption("Staircase"), *stairs]),
            ],
            className="beside",
        ),
        table(shown),
        saves("pair", "curve", query, TABLES),
        *below,
        _copied(query, place),
    ]


def _copied(query: Query, place: Place) -> Component:
    """The same by command and in Python."""
    a, axis, quantity = query["a"].strip(), query.get("axis") or "atomic", query.get("quantity") or "total"
    several, taken = _several(query), arguments(source(query, place))
    taken |= {"at_hull": True} if query.get("lacking") == AT_HULL else {}
    opened = (
        {"voltage": query["voltage"], "element": query.get("ion") or "Li"} if query.get("voltage") else {}
    )
    command = ["react", a, *several, "--axis", axis]
    for key, value in {**opened, **taken}.items():
        option = f"--{key.replace('_', '-')}"
        command += [option] if value is True else [option, value]
    b = repr(several[0]) if len(several) == 1 else repr(several)
    metal = {"element": element} if (element := _taken_up(query)) != "Li" else {}
    python = (
        f"pair = scr.react({a!r}, {b}{spelled(opened | taken)})\n"
        f"pair.plot(axis={axis!r}, quantity={quantity!r})\n"
        f"scr.lithiate({b}{spelled(metal | taken)}).plot()"
    )
    return to_copy(command, python)


def save(name: str, query: Query, place: Place, folder: Path) -> Path:
    """Write ``curve`` or ``staircase`` in the form that the suffix says."""
    stem, _, suffix = name.partition(".")
    found: Any = _staircases(query, place) if stem == "staircase" else _reactions(query, place)
    stamp = f"{query.get('a', '')}_{query.get('b', '')}_{stem}"
    path = folder / f"{safe_name(stamp)}.{suffix}"
    options = {"axis": query.get("axis") or "atomic", "quantity": query.get("quantity") or "total"}
    drawn = suffix in FIGURES and stem == "curve" and not query.get("voltage")
    found.save(path, **(options if drawn else {}))
    return path
