"""Text exports: LANDT, Neware, Arbin, Maccor, Battery Data Format, any csv whose columns have names."""

from pathlib import Path

from screening.errors import InputError
from screening.files import file_name
from screening.lab.cycling.table import BDF_LABELS, Flag, FlagKind
from screening.lab.readers.cycling_columns import recognise, slug
from screening.lab.readers.cycling_neware import is_layered, read_layered
from screening.lab.readers.cycling_tidy import RawRecord
from screening.lab.readers.text import Text, find_table, parse_table, read_text

_SIGNATURES: tuple[tuple[str, frozenset[str]], ...] = (
    ("LANDT csv", frozenset({"channel index", "cycle index", "date time iso string", "test time s"})),
    ("LANDT csv", frozenset({"testtime sec", "steptime sec", "voltage v"})),
    ("Maccor text", frozenset({"rec#", "cyc#", "amps", "volts"})),
    ("Maccor text", frozenset({"rec", "cycle p", "cycle c", "md"})),
    ("Maccor text", frozenset({"cyc#", "step", "dpt time"})),
    ("Arbin csv", frozenset({"data point", "step index", "cycle index", "charge capacity ah"})),
    ("Neware csv", frozenset({"datapoint", "step type", "cycle index"})),
    ("Neware csv", frozenset({"record id", "step id", "voltage v"})),
    ("Neware csv", frozenset({"数据序号", "工步类型"})),
)
"""Headers (as slugs) that only one cycler's export has together."""


def format_of(headers: tuple[str, ...]) -> str:
    """Name of the format whose headers these are; ``csv`` for any other."""
    if sum(header in BDF_LABELS or header in BDF_LABELS.values() for header in headers) >= 3:
        return "Battery Data Format csv"
    slugs = {slug(header) for header in headers}
    return next((name for name, signature in _SIGNATURES if signature <= slugs), "csv")


def read_cycling_text(path: Path) -> RawRecord:
    """Read a text export of a cycler.

    Raises
    ------
    InputError
        If the file is no text, holds no table of numbers, or its columns have no names.
    """
    text = read_text(path)
    if is_layered(text):
        return read_layered(text)
    layout = find_table(text)
    if layout.header_line is None:
        raise InputError(
            "the columns have no names",
            where=text.where(layout.first_line),
            remedy="add a header, e.g. 'Test Time / s,Voltage / V,Current / A'",
        )
    frame = parse_table(text, layout)
    wanted = {match.header for match in recognise(layout.columns).values()}
    record = RawRecord(
        path, format_of(layout.columns), frame[[name for name in frame.columns if name in wanted]]
    )
    return _with_text_flags(record, text, list(layout.columns))


def _with_text_flags(record: RawRecord, text: Text, columns: list[str]) -> RawRecord:
    flags: list[Flag] = []
    if "\ufffd" in text.content:
        line = text.content.count("\n", 0, text.content.index("\ufffd")) + 1
        flags.append(
            Flag(FlagKind.ENCODING, f"bytes that are no {text.encoding} text", file_name(record.path), line)
        )
    if not len(record.frame.columns):
        raise InputError(
            f"none of the columns is known: {', '.join(columns[:12])}",
            where=str(record.path),
            remedy="name them 'Test Time / s', 'Voltage / V', 'Current / A'",
        )
    if not text.content.endswith("\n"):
        last = record.frame.iloc[-1]
        if last.isna().any() and not record.frame.iloc[:-1].tail(5).isna().any(axis=None):
            flags.append(record.flag(FlagKind.TRUNCATED, "the last line breaks off", len(record.frame) - 1))
    return RawRecord(record.path, record.format, record.frame, flags=tuple(flags))
