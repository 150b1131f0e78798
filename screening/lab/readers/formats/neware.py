"""Neware: binary .nda and .ndax (by fastnda, extra ``neware``), and the layered text export."""

import importlib
import importlib.util
import logging
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pandas as pd

from screening.errors import InputError
from screening.files import file_name
from screening.lab.cycling.table import Flag, FlagKind
from screening.lab.readers.columns import STATE, match
from screening.lab.readers.source import File, Reader, Table, damage_told, refuse_large_archive
from screening.lab.readers.text import TableLayout, Text, parse_table, split_cells, unique_names

NEWARE_SUFFIXES = (".nda", ".ndax")
HEAD_LINES = 20

MAX_MESSAGES = 5
"""More messages of the reading library say nothing new."""


class _Messages(logging.Handler):
    """Keeps what a library logs while it reads one file."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


def _read_binary(file: File) -> Iterator[Table]:
    path = file.path
    try:
        import fastnda
    except ImportError:
        raise InputError(
            f"a {path.suffix} file needs the extra 'neware' (fastnda)",
            where=str(path),
            remedy="pip install 'interphase-screening[neware]', or export the test as csv",
        ) from None
    told = damage_told(file, "Neware file", "it may be damaged; export it as csv", _library_errors())
    logger, messages = logging.getLogger("fastnda"), _Messages()
    propagate = logger.propagate
    logger.addHandler(messages)
    logger.propagate = False
    try:
        with told, _zlib_as_it_was(), warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            if path.suffix.lower() == ".ndax":
                refuse_large_archive(file)
            records = fastnda.read(path, cycle_mode="raw")
            frame = pd.DataFrame(
                {name: records[name].to_numpy() for name in records.columns if name != "step_type"}
            )
            frame["step_type"] = records["step_type"].cast(str).to_list()
    finally:
        logger.removeHandler(messages)
        logger.propagate = propagate
    frame.index = pd.RangeIndex(1, len(frame) + 1, name="record")
    texts = [*messages.texts, *(str(warning.message) for warning in warned)]
    unlike = list(dict.fromkeys(text.split("\n")[0][:200] for text in texts))[:MAX_MESSAGES]
    flags = tuple(Flag(FlagKind.READER, text, file_name(path)) for text in unlike)
    yield Table(path=path, format=f"Neware {path.suffix.lower()[1:]}", frame=frame, flags=flags)


@contextmanager
def _zlib_as_it_was() -> Iterator[None]:
    """Undo what fastnda does to the process: reading a .ndax puts isal's functions in place of zlib's."""
    functions = {name: getattr(zlib, name) for name in ("decompress", "decompressobj")}
    try:
        yield
    finally:
        for name, function in functions.items():
            setattr(zlib, name, function)


def _library_errors() -> tuple[type[BaseException], ...]:
    """Errors of the libraries beneath fastnda: isal, where it is installed, has one of its own, and a panic
    in polars is no Exception.
    """
    polars = importlib.import_module("polars.exceptions")
    errors: tuple[type[BaseException], ...] = (polars.PolarsError, polars.PanicException)
    if importlib.util.find_spec("isal") is None:
        return errors
    return (*errors, importlib.import_module("isal.igzip_lib").IsalError)


@dataclass(frozen=True)
class _Layers:
    """Where the three nested headers of the layered export stand, and how they are written."""

    delimiter: str
    line: int
    step_header: list[str]
    record_header: list[str]


def _layers(file: File) -> _Layers | None:
    lines = file.opening.split("\n", HEAD_LINES)[:HEAD_LINES]
    for index in range(len(lines) - 2):
        for delimiter in (",", "\t", ";"):
            step, record = lines[index + 1], lines[index + 2]
            if (
                delimiter in lines[index]
                and not lines[index].startswith(delimiter)
                and step.startswith(delimiter)
                and not step.startswith(2 * delimiter)
                and record.startswith(2 * delimiter)
            ):
                headers = split_cells(record, delimiter)[2:]
                if {"voltage_volt", "current_ampere"} <= match(headers).keys():
                    return _Layers(delimiter, index, split_cells(step, delimiter)[1:], headers)
    return None


def _read_layered(file: File) -> Iterator[Table]:
    """Read a layered export: each record line is completed by the cycle and the step it stands under."""
    text, layers = file.text, _layers(file)
    if layers is None:
        raise file.refused("not a layered Neware export", "export it again")
    delimiter = layers.delimiter
    step_columns = match(layers.step_header)
    places = [
        layers.step_header.index(step_columns[name].header) if name in step_columns else None
        for name in ("step_index", STATE)
    ]
    lines, cycle, step = text.content.split("\n"), "", ["", ""]
    for index, line in enumerate(lines):
        if index < layers.line + 3 or not line.strip():
            lines[index] = ""
        elif line.startswith(2 * delimiter):
            lines[index] = delimiter.join((cycle, *step, line[2:]))
        else:
            cells = split_cells(line, delimiter)
            if cells[0]:
                cycle = cells[0]
            else:
                step = [
                    cells[1 + place] if place is not None and 1 + place < len(cells) else ""
                    for place in places
                ]
            lines[index] = ""
    columns = ("Cycle Index", "Step Index", "Step Type", *unique_names(layers.record_header))
    layout = TableLayout(delimiter, ".", columns, layers.line + 3, layers.line + 4)
    frame = parse_table(Text(text.path, "\n".join(lines), text.encoding), layout)
    wanted = {column.header for column in match(columns).values()}
    frame = frame[[name for name in columns if name in wanted]]
    yield Table(path=text.path, format="Neware csv (layered)", frame=frame)


READERS = (
    Reader(name="Neware .nda, .ndax", knows=lambda file: file.suffix in NEWARE_SUFFIXES, read=_read_binary),
    Reader(name="Neware csv, layered", knows=lambda file: _layers(file) is not None, read=_read_layered),
)
