"""Candidate: why a compound ranks where it does, what it becomes, its layer, its cell, its bench sheet."""

from pathlib import Path
from typing import Any

import pandas as pd
from dash import Dash, Input, Output, html
from dash.development.base_component import Component

import screening as scr
from screening.api.campaigns import Ranking
from screening.api.figure import AUTO
from screening.campaign.document import Reactor
from screening.display import Displayed, Table, formula_text
from screening.errors import InputError, ScreeningError
from screening.explore import charts, held
from screening.explore.disk import Place, safe_name
from screening.explore.shown import (
    FIGURES,
    TABLES,
    Fields,
    Query,
    live,
    message,
    number,
    plotted,
    saves,
    spelled,
    table,
    to_copy,
)
from screening.reactors.anode import mobile_ion
from screening.report.parts import head

FIELDS = ("run", "formula", "anode", "electrolyte", "cathode", "window", "cells", "batch_g", "phases")
SHEET = ("cells", "batch_g")
"""Fields that a bench sheet takes."""
FIELD = Fields("candidate")


def layout(query: Query, place: Place) -> list[Component]:
    """Which candidate of which run; the rest follows."""
    runs = {name: name for name, run in place.runs().items() if run.finished}
    if not runs:
        return [message("no finished run yet: start one on the page Screen", "note")]
    fields = Fields(FIELD.page, {"run": next(iter(runs)), **query})
    return [
        html.Div(
            [
                fields.chooser("run", "Run", runs, clearable=False),
                fields.formula("formula", "Candidate", "LiAlCl4"),
                fields.text("anode", "Anode", hint="where the run has several"),
                fields.text("electrolyte", "Electrolyte", hint="where the run has several"),
                fields.text("cathode", "Cathode of the cell", hint="as LiCoO2; empty: none"),
                fields.text("window", "Voltages of the cell (V)", "2.6-4.2"),
                fields.text("cells", "Cells to make", "5", inputMode="numeric"),
                fields.text("batch_g", "Batch (g)", "1", inputMode="decimal"),
                *fields.hidden("snapshot", "phases", "energies"),
            ],
            className="controls",
        ),
        live("candidate"),
    ]


def connect(app: Dash, place: Place) -> None:
    """Everything follows the fields."""
    FIELD.follow(app, "candidate", FIELDS, lambda query: _results(query, place))

    @app.callback(
        Output(FIELD.completion("formula"), "children"),
        Input(FIELD.id("formula"), "value"),
        Input(FIELD.id("run"), "value"),
    )
    def complete(typed: str | None, run: str | None) -> list[Component]:
        try:
            names = held.ranking(run or "", place).table["formula"]
        except ScreeningError:
            return []
        small = (typed or "").casefold()
        found = names[names.str.casefold().str.startswith(small)].drop_duplicates()
        return [html.Option(value=name) for name in found.head(held.COMPLETIONS)]


def _found(query: Query, place: Place) -> tuple[Ranking, Reactor]:
    found = held.ranking(query.get("run", ""), place)
    of = query.get("formula", ""), query.get("anode", ""), query.get("electrolyte", "")
    reactor = found.results.reactor(*of) if of[0] else None
    if reactor is None:
        raise InputError(f"the run holds no {of[0][:60] or 'such compound'}", remedy="see its grid on Screen")
    return found, reactor


def _figure(found: Ranking, reactor: Reactor) -> scr.FigureOne:
    """Curves and staircase of any candidate, spelled out in the run or not, from the run's own phases."""
    source = held.phases_of(found)
    return scr.figure_1(
        reactor.formula,
        reactor.electrolyte,
        anode=reactor.anode,
        snapshot=source.load(),
        energies=source.energies,
        at_hull=bool(source.at_hull),
        alloy=reactor.alloy or AUTO,
    )


def _stack(query: Query, found: Ranking, reactor: Reactor) -> Displayed:
    """The cell with the layer between anode and electrolyte, and a cathode where one is named."""
    wt = found.results.study.conditions.wt_percent
    layer = (
        f"{reactor.formula}@{wt:g}wt+{reactor.electrolyte}@{100.0 - wt:g}wt"
        if wt < 100.0
        else reactor.formula
    )
    layers = [reactor.anode, layer, reactor.electrolyte, *filter(None, [query.get("cathode", "").strip()])]
    window = query.get("window") or "2.6-4.2"
    source = held.phases_of(found)
    return scr.stack(
        layers,
        window,
        element=mobile_ion(reactor.anode),
        snapshot=source.load(),
        energies=source.energies,
    )


def _intervals(found: Ranking, reactor: Reactor) -> Table:
    """Each criterion with where its true value lies, and what other weights do to the rank."""
    rows = []
    for criterion in found.results.study.ranking.every:
        value = reactor.criteria[criterion.name]
        if value.value is None:
            continue
        within, change = value.within_95, reactor.rank_if_weight.get(criterion.name)
        rows.append(
            {
                "criterion": criterion.label,
                "value": f"{value.value:.4g}",
                "95 %": within and f"{within.low:.3g} to {within.high:.3g}",
                "unit": "" if value.unit == "1" else value.unit,
                "weight": value.weight,
                "rank, ½ weight": change and change.halved,
                "rank, 2 × weight": change and change.doubled,
            }
        )
    frame = pd.DataFrame(rows).dropna(axis="columns", how="all").astype(str).replace("None", "")
    notes = (
        "95 %: where the true value lies by the study's error model; its middle is not the calculated value.",
    )
    return Table("Criteria", frame, notes)


def _results(query: Query, place: Place) -> list[Component]:
    found, reactor = _found(query, place)
    state = {**query, "formula": reactor.formula, "anode": reactor.anode, "electrolyte": reactor.electrolyte}
    standing = found.explain(reactor.formula, reactor.anode, reactor.electrolyte)
    parts: list[Component] = [
        html.H2(
            f"{formula_text(reactor.formula)} against {reactor.anode}, in {formula_text(reactor.electrolyte)}"
        ),
        table(standing.display()),
        table(_intervals(found, reactor)),
    ]
    if reactor.rank_probability:
        chart = plotted(charts.chances(reactor.rank_probability))
        parts.append(
            html.Figure([html.Figcaption("Probability of each rank, energies within their errors"), chart])
        )
    else:
        parts += _top_words(reactor)
    try:
        parts += [_curves(_figure(found, reactor)), saves("candidate", "figure", state, (*FIGURES, *TABLES))]
    except ScreeningError as error:
        parts.append(message(str(error), "note"))
    parts += _layers(found, reactor)
    parts += _cell(query, found, reactor, state)
    sheet = {key: state[key] for key in (*SHEET, "run", "formula", "anode", "electrolyte", "phases")}
    parts += [html.H2("Bench sheet"), saves("candidate", "sheet", sheet, ("pdf", "html", "json"))]
    return [*parts, _copied(found, reactor, query)]


def _curves(figure: scr.FigureOne) -> Component:
    panels = [
        ("With the candidate (Figure 1A)", charts.reactions(figure.with_compound, "molar", "total")),
        ("With the electrolyte (Figure 1F)", charts.reactions(figure.with_electrolyte, "molar", "total")),
        ("Staircase", charts.staircases([figure.staircase])),
    ]
    drawn = [html.Figure([html.Figcaption(title), plotted(chart)]) for title, chart in panels]
    return html.Div(drawn, className="beside")


def _top_words(reactor: Reactor) -> list[Component]:
    names = {"top_1": "first", "top_1_percent": "among the first 1 %", "top_5_percent": "among the first 5 %"}
    told_ = [
        f"{words}: {reactor.top_probability[key]:.1%}"
        for key, words in names.items()
        if reactor.top_probability.get(key) is not None
    ]
    return [html.P(f"Probability to be {'; '.join(told_)}.")] if told_ else []


def _layers(found: Ranking, reactor: Reactor) -> list[Component]:
    """Volume fractions of the reacted layer, where the run spells them out."""
    layers = found.layers
    mine = layers[layers["reactor"] == reactor.formula] if len(layers) else layers
    if not len(mine):
        return [
            message("the run ranks it without spelling its layer out: give a larger top, or name it", "note")
        ]
    shown = mine.drop(columns=["reactor"]).drop_duplicates()
    shown.columns = [head(name) for name in shown.columns]
    return [html.H2("Layer"), table(Table("Volume fractions at each plateau", shown, ()))]


def _cell(query: Query, found: Ranking, reactor: Reactor, state: Query) -> list[Component]:
    head = html.H2("Stack")
    try:
        cell = _stack(query, found, reactor)
    except ScreeningError as error:
        return [head, message(f"no stack: {error}", "note")]
    return [head, table(cell.display()), saves("candidate", "stack", state, (*FIGURES, *TABLES))]


def _copied(found: Ranking, reactor: Reactor, query: Query) -> Component:
    where = str(found.directory)
    of = f"{reactor.formula!r}, {reactor.anode!r}, {reactor.electrolyte!r}"
    cells, taken = f"{number(query.get('cells') or '5', 'cells'):g}", spelled(held.arguments(found.source))
    python = (
        f"ranking = scr.read_results({where!r})\nranking.explain({of})\n"
        f"scr.figure_1({reactor.formula!r}, {reactor.electrolyte!r}, anode={reactor.anode!r}{taken}).plot()\n"
        f"ranking.handoff({reactor.formula!r}, 'sheets', cells={cells})"
    )
    return to_copy(
        ["handoff", reactor.formula, "--results", where, "--cells", cells, "--out", "sheets"], python
    )


def save(name: str, query: Query, place: Place, folder: Path) -> Path:
    """Write ``figure``, ``stack`` or the bench ``sheet``."""
    stem, _, suffix = name.partition(".")
    found, reactor = _found(query, place)
    if stem == "sheet":
        held.phases_of(found)
        plan = {key: number(query[key], key) for key in SHEET if query.get(key)}
        if "cells" in plan:
            plan["cells"] = int(plan["cells"])
        written = found.handoff(
            reactor.formula,
            folder,
            cif=held.structures(query, place),
            anode=reactor.anode,
            electrolyte=reactor.electrolyte,
            **plan,
        )
        return next(path for path in written if path.suffix == f".{suffix}")
    shown: Any = _stack(query, found, reactor) if stem == "stack" else _figure(found, reactor)
    path = folder / f"{safe_name(reactor.formula)}_{safe_name(stem)}.{suffix}"
    shown.save(path)
    return path
