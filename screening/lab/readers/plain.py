"""Tables of text under names of their own, or under none: any export that needs no reader of its own."""

import re
from collections.abc import Iterator
from dataclasses import replace

from screening.errors import InputError
from screening.files import file_name
from screening.lab.cycling.table import BDF_LABELS, Flag, FlagKind
from screening.lab.readers.columns import key, match
from screening.lab.readers.source import File, Reader, Table
from screening.lab.readers.text import TableLayout, Text, find_table, parse_table, split_cells

HEADING_LINES = 3
"""Names and units take no more lines."""

LAST_ROWS = 5
WIDTH = 3
"""So many known names in a row are those of columns."""

_NAMES_STAND = re.compile(r"freq|z''|imag|im\(z", re.IGNORECASE)
_SIGNATURES = (
    ("LANDT", "channel index|cycle index|date time iso string|test time (s)"),
    ("LANDT", "testtime/sec|steptime/sec|voltage/v"),
    ("Maccor", "rec#|cyc#|amps|volts"),
    ("Maccor", "rec|cycle p|cycle c|md"),
    ("Maccor", "cyc#|step|dpt time"),
    ("Arbin", "data point|step index|cycle index|charge capacity (ah)"),
    ("Neware", "datapoint|step type|cycle index"),
    ("Neware", "record id|step id|voltage(v)"),
    ("Neware", "数据序号|工步类型"),
)
"""Headers that only one cycler's export has together."""


def format_of(headers: tuple[str, ...], kind: str) -> str:
    """Name of the format whose headers these are; the kind alone for any other."""
    if sum(header in BDF_LABELS or header in BDF_LABELS.values() for header in headers) >= 3:
        return f"Battery Data Format {kind}"
    keys = {_bare(header) for header in headers}
    for name, signature in _SIGNATURES:
        if {_bare(header) for header in signature.split("|")} <= keys:
            return f"{name} {'text' if name == 'Maccor' and kind == 'csv' else kind}"
    return kind


def _bare(header: str) -> str:
    return re.sub(r"[()\[\]]", "", key(header))


def table_of(text: Text, kind: str = "csv", row: str = "line") -> Table:
    """The largest table of a text.

    Raises
    ------
    InputError
        If there is none, a row cannot be read, or names stand above it that do not fit its columns.
    """
    layout = find_table(text)
    _refuse_unread_names(text, layout)
    frame = parse_table(text, layout).rename_axis(row)
    metadata = {
        "format": "text" if kind == "csv" else kind,
        "encoding": text.encoding,
        "delimiter": {"\t": "tab", " ": "blanks"}.get(layout.delimiter, layout.delimiter),
        "decimal": layout.decimal,
    }
    named = layout.header_line is not None
    table = Table(
        path=text.path,
        format=format_of(layout.columns, kind),
        frame=frame,
        metadata=metadata,
        names_known=named,
        sign_is_known=False,
    )
    return replace(table, flags=tuple(_text_flags(table, text)))


def _refuse_unread_names(text: Text, layout: TableLayout) -> None:
    """Refuse a table above which names stand that could not be matched to its columns."""
    if layout.header_line is not None:
        return
    above = [line for line in text.lines(layout.first_line - 1) if line.strip()]
    named = (i for i, line in enumerate(above) if len(match(split_cells(line, layout.delimiter))) >= WIDTH)
    if (first := next(named, None)) is not None and len(above) - first > HEADING_LINES:
        raise InputError(
            f"rows of numbers that cannot be read stand between the names and line {layout.first_line}",
            where=str(text.path),
            remedy="write all rows alike",
        )
    if any(_NAMES_STAND.search(line) for line in above[-HEADING_LINES:]):
        raise InputError(
            f"{len(layout.columns)} columns under names that cannot be told apart as so many",
            where=text.where(layout.first_line - 1),
            remedy="give one name to each column",
        )


def _text_flags(table: Table, text: Text) -> Iterator[Flag]:
    if "\ufffd" in text.content:
        line = text.content.count("\n", 0, text.content.index("\ufffd")) + 1
        yield Flag(FlagKind.ENCODING, f"bytes that are no {text.encoding} text", file_name(text.path), line)
    frame = table.frame
    if text.content.endswith("\n") or not len(frame):
        return
    if frame.tail(1).isna().any(axis=None):
        if not frame.iloc[:-1].tail(LAST_ROWS).isna().any(axis=None):
            yield table.flag(FlagKind.TRUNCATED, "the last line breaks off", len(frame) - 1)
    elif _is_cut_short(text, table.metadata["delimiter"]):
        told = "the last line breaks off: its last number is shorter than those above it"
        yield table.flag(FlagKind.TRUNCATED, told, len(frame) - 1)


def _is_cut_short(text: Text, delimiter: str) -> bool:
    """Whether the last cell has fewer digits, by two and more, than any in the rows above it."""
    mark = {"tab": "\t", "blanks": " "}.get(delimiter, delimiter)
    lines = text.content.rsplit("\n", LAST_ROWS + 1)[-LAST_ROWS - 1 :]
    digits = [sum(map(str.isdigit, split_cells(line, mark)[-1])) for line in lines if line.strip()]
    return len(digits) > LAST_ROWS and digits[-1] + 1 < min(digits[:-1])


def _read(file: File) -> Iterator[Table]:
    yield table_of(file.text)


READER = Reader(name="table of text", knows=lambda _: True, read=_read)
