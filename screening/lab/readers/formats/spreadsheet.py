"""Spreadsheets (.xlsx, .xlsm, .xlsb, .xls, .ods), by python-calamine: each sheet is a table of text."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta

from screening.errors import InputError
from screening.lab.readers.plain import table_of
from screening.lab.readers.source import File, Reader, Table, damage_told, refuse_large_archive
from screening.lab.readers.text import Text

SUFFIXES = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
_ZIP, _OLD = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_FIRST_DAY = datetime(1899, 12, 30)


def _read(file: File) -> Iterator[Table]:
    """Every sheet with a table; the sheet's title is in its metadata."""
    from python_calamine import CalamineError, load_workbook

    kind = file.suffix.removeprefix(".") or "xlsx"
    refusal: InputError | None = None
    found = False
    with damage_told(file, "workbook", "it may be damaged; save it again", (CalamineError,)):
        if file.head.startswith(_ZIP):
            refuse_large_archive(file)
        book = load_workbook(str(file.path))
        sheets = [(name, _text(file, book.get_sheet_by_name(name).to_python())) for name in book.sheet_names]
    for title, text in sheets:
        try:
            table = table_of(text, kind, "row")
        except InputError as error:  # a sheet of notes
            refusal = refusal or error
            continue
        found = True
        yield Table(**{**vars(table), "metadata": {**table.metadata, "sheet": title}})
    if refusal is not None and not found:
        raise refusal


def _text(file: File, rows: Sequence[Sequence[object]]) -> Text:
    return Text(file.path, "\n".join("\t".join(map(_cell, row)) for row in rows) + "\n", "spreadsheet")


def _cell(value: object) -> str:
    if isinstance(value, datetime) and value.year < 1901:  # durations of a day and more are dates since 1900
        value = value - _FIRST_DAY
    if isinstance(value, timedelta):
        minutes, seconds = divmod(value.total_seconds(), 60.0)
        return f"{minutes // 60:.0f}:{minutes % 60:02.0f}:{seconds:09.6f}"
    if isinstance(value, datetime | date | time):
        return str(value)
    return repr(value) if isinstance(value, float) else " ".join(str(value).split())


READERS = (
    Reader(
        name="spreadsheet",
        knows=lambda file: (
            file.suffix in SUFFIXES
            or (file.suffix != ".ndax" and file.head.startswith(_ZIP))
            or file.head.startswith(_OLD)
        ),
        read=_read,
    ),
)
