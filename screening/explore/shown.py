"""What pages are made of: labelled fields, tables, messages, links that save, commands to copy."""

import json
import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any
from urllib.parse import quote, urlencode

import numpy as np
from dash import Dash, Input, Output, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from screening.display import Table, subscripted
from screening.errors import InputError, ScreeningError
from screening.explore import charts

Query = Mapping[str, str]
"""State of a page: the values of its fields, as they stand in its address."""

FIGURES, TABLES = ("svg", "pdf", "png"), ("csv", "xlsx")

ROWS_SHOWN = 200
"""Rows of a table on a page; the file holds all."""

TALL = 15
"""Rows beyond which a table scrolls in itself."""

LONGEST_WORDS = 40
"""Characters of a cell that stay on one line."""

OPTION = re.compile(r"(?<![\w-])--(?=[a-z])")
"""What makes a word an option of the command line."""

NO_VALUE = "–"
MOST_OF_A_FAULT = 200


def dom_id(identity: str | dict[str, Any]) -> str:
    """An identity as the browser has it."""
    if isinstance(identity, str):
        return identity
    return json.dumps(identity, sort_keys=True, separators=(",", ":"))


def labelled(label: str, control: Any, hint: str = "") -> Component:
    """A control below its label."""
    children = [html.Label(label, htmlFor=dom_id(control.id)), control]
    return html.Div([*children, *([html.Small(hint)] if hint else [])], className="field")


@dataclass(frozen=True)
class Fields:
    """Fields of a page; their values are its state, and stand in its address.

    Attributes
    ----------
    page : str
    query : mapping of str to str
        Values that they begin with.
    """

    page: str
    query: Query = field(default_factory=dict)

    def id(self, name: Any) -> dict[str, Any]:
        """Identity of a field."""
        return {"kind": "field", "name": name, "page": self.page}

    def completion(self, name: str) -> dict[str, str]:
        """Identity of the proposals for a field."""
        return {**self.id(name), "kind": "completion"}

    def state(self, names: Sequence[str], values: Sequence[object]) -> dict[str, str]:
        """Values that a callback was given, as the address has them."""
        return {name: str(value or "") for name, value in zip(names, values, strict=True)}

    def follow(
        self, app: Dash, output: str, names: Sequence[str], made: Callable[[Query], Any], **more: Any
    ) -> None:
        """Show at a place what is made of the values of fields, whenever they change."""
        shown = told(lambda *values: made(self.state(names, values)))
        inputs = (Input(self.id(name), "value") for name in names)
        app.callback(Output(output, "children"), *inputs, **more)(shown)

    def text(self, name: str, label: str, default: str = "", hint: str = "", **more: Any) -> Component:
        """A line of text."""
        settings = {"type": "text", "debounce": True, "autoComplete": "off", "spellCheck": False, **more}
        value = self.query.get(name, default)
        return labelled(label, dcc.Input(id=self.id(name), name=name, value=value, **settings), hint)

    def formula(self, name: str, label: str, default: str = "", hint: str = "") -> Component:
        """A line for a formula, with proposals."""
        proposals = dom_id(self.completion(name))
        line = self.text(name, label, default, hint, debounce=0.4, list=proposals)
        return html.Div([line, html.Datalist(id=self.completion(name))], className="formula")

    def choice(self, name: str, label: str, options: Sequence[str]) -> Component:
        """One of a few, all of them in sight; the first unless the state says another."""
        value = self.query.get(name) if self.query.get(name) in options else options[0]
        radio = dcc.RadioItems([*options], value, id=self.id(name), inline=True)
        absent = self._absent(name, options)
        return html.Fieldset([html.Legend(label), radio, *([html.Small(absent)] if absent else [])])

    def chooser(
        self, name: str, label: str, options: Mapping[str, str], default: str = "", **more: Any
    ) -> Component:
        """One of many, in a list that opens."""
        shown = [{"label": words, "value": value} for value, words in options.items()]
        absent = self._absent(name, options)
        value = default if absent else self.query.get(name, default)
        return labelled(label, dcc.Dropdown(shown, value or None, id=self.id(name), **more), absent)

    def _absent(self, name: str, options: Iterable[str]) -> str:
        """What an address asks for in vain, in words; empty where it does not."""
        asked = self.query.get(name, "")
        return (
            f"the link asks for {asked[:40]!r}, which is not here" if asked and asked not in options else ""
        )

    def hidden(self, *names: str) -> list[Component]:
        """State that a page keeps without showing a field for it."""
        return [dcc.Input(id=self.id(name), type="hidden", value=self.query.get(name, "")) for name in names]


def upload(identity: str, label: str) -> Component:
    """A place to drop files on, or to choose them with the keyboard; what is of no use the reader tells."""
    words = html.Span([html.B("Choose files"), " or drop them here"])
    area = dcc.Upload(words, id=identity, multiple=True, className="drop")
    return html.Div([html.Div(label, className="label"), area], className="field wide")


def table(shown: Table) -> Component:
    """A result as it shows itself."""
    frame = shown.frame.iloc[:ROWS_SHOWN]
    heads = [html.Th(str(name), scope="col") for name in frame.columns]
    rows = [html.Tr([_cell(cell) for cell in row]) for row in frame.itertuples(index=False)]
    more = len(shown.frame) - len(frame)
    notes = [*([f"{more} more rows in the file"] if more else []), *shown.notes]
    caption = [html.Caption(subscripted(shown.caption))] if shown.caption else []
    body = html.Table([*caption, html.Thead(html.Tr(heads)), html.Tbody(rows)])
    notes_below = html.Ul([html.Li(subscripted(note)) for note in notes], className="notes")
    return html.Div(
        [html.Div(body, className="scroll tall" if len(rows) > TALL else "scroll", tabIndex="0"), notes_below]
    )


def _cell(cell: Any) -> Component:
    if cell is None or cell != cell:
        return html.Td(NO_VALUE)
    words = ("yes" if cell else "no") if isinstance(cell, bool | np.bool_) else str(cell)
    text = f"{cell:.4g}" if isinstance(cell, float) else subscripted(words)
    return html.Td(text, className="words" if len(text) > LONGEST_WORDS else "")


def saved_at(page: str, name: str, query: Query) -> str:
    """Where the file of a result is to be had."""
    return f"/save/{page}/{quote(name)}?{urlencode({key: value for key, value in query.items() if value})}"


def saves(page: str, name: str, query: Query, forms: Sequence[str]) -> Component:
    """Links that save one result, by the package's own writers."""
    links = [
        html.A(form.upper(), href=saved_at(page, f"{name}.{form}", query), download="") for form in forms
    ]
    return html.P(["Save: ", *(part for link in links for part in (link, " "))], className="saves")


def to_copy(command: Sequence[str], python: str) -> Component:
    """The command line and the Python that give the same."""
    texts = {
        "Command line": shlex.join(["screening", *command]),
        "Python": f"import screening as scr\n{python}",
    }
    blocks: list[Component] = []
    for title, text in texts.items():
        copy = dcc.Clipboard(content=text, title=f"Copy: {title}", className="copy")
        blocks += [html.Div([html.Span(title, className="label"), copy]), html.Pre(html.Code(text))]
    return html.Details([html.Summary("The same from the command line and from Python"), *blocks])


def spelled(arguments: Mapping[str, Any]) -> str:
    """Keyword arguments as they follow others in a call."""
    return "".join(f", {key}={value!r}" for key, value in arguments.items())


def plotted(chart: dict[str, Any] | None = None, identity: str | None = None) -> Component:
    """A chart, of one height everywhere."""
    named: dict[str, Any] = {} if identity is None else {"id": identity}
    shown: dict[str, Any] = {} if chart is None else {"figure": chart}
    style = {"height": f"{charts.HEIGHT_PX}px"}
    return dcc.Graph(config=charts.CONFIG, className="chart", style=style, **shown, **named)


def live(identity: str, **more: Any) -> Component:
    """A place whose content is told when it changes."""
    polite: dict[str, Any] = {"aria-live": "polite"}
    return html.Div(id=identity, **polite, **more)


def progress(done: int, total: int, words: str) -> Component:
    """How far something is."""
    named: dict[str, Any] = {"aria-label": words}
    return html.Progress(value=str(done), max=str(total or 1), **named)


def message(text: str, role: str = "alert") -> Component:
    """One line on what is wrong or going on; fields carry the names of options without their dashes."""
    return html.P(OPTION.sub("", text), role=role, className="notice")


def number(text: str, where: str, remedy: str = "give a number above 0") -> float:
    """A number as it is typed, a decimal comma too."""
    try:
        return float(text.replace(",", "."))
    except ValueError:
        raise InputError(f"{text[:40]!r} is no number", where=where, remedy=remedy) from None


def told(function: Callable[..., Any]) -> Callable[..., Any]:
    """A callback whose errors become a message in place of its result, as a command's become one line."""

    @wraps(function)
    def safely(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except ScreeningError as error:
            return message(str(error))
        except PreventUpdate:
            raise
        except Exception as error:  # noqa: BLE001 - the net below the pages
            words = f"{type(error).__name__}: {str(error)[:MOST_OF_A_FAULT]}"
            return message(f"fault in the program ({words}); report it with this page's address")

    return safely
