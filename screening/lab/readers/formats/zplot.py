"""Scribner ZPlot, ZView and Z60W, with or without a block of comments."""

import re
from collections.abc import Iterator

from screening.errors import InputError
from screening.lab.readers.source import File, Reader, Table
from screening.lab.readers.text import (
    TableLayout,
    Text,
    find_table,
    names_of_width,
    parse_table,
    unique_names,
)

_MAGIC = re.compile(r'\s*"?(?:ZPLOT2? ASCII|ZPlotW? Data File|Z60W? Data File|ZView)', re.IGNORECASE)


def _read(file: File) -> Iterator[Table]:
    text = file.text
    lines = text.lines(2000)
    named = [i for i, line in enumerate(lines) if "freq" in line.casefold() and "z'" in line.casefold()]
    if not named:
        raise file.refused("no line that names Freq(Hz), Z'(a), Z''(b)", "export it again")
    ends = [i for i, line in enumerate(lines) if line.startswith("End Comments") and i > named[-1]]
    first = (ends[0] if ends else named[-1]) + 1
    rest = text.content.split("\n", first)[first:]
    if not rest or not rest[0].strip():
        raise InputError("no data after the header", where=text.where(first), remedy="export it again")
    found = find_table(Text(text.path, rest[0], text.encoding))
    names = names_of_width(lines[named[-1]], len(found.columns))
    if not names:
        raise InputError(
            f"{len(found.columns)} columns under names that cannot be told apart as so many",
            where=text.where(named[-1] + 1),
            remedy="part the names by tabs",
        )
    layout = TableLayout(found.delimiter, found.decimal, unique_names(names), named[-1] + 1, first + 1)
    frame = parse_table(text, layout)
    announced = next((int(line) for line in lines[: named[-1]] if re.fullmatch(r"\s*\d+\s*", line)), None)
    if announced is not None and len(frame) < announced:
        raise file.refused(f"{len(frame)} rows where {announced} are announced", "the file may be truncated")
    metadata = {"format": "ZPlot .z", "encoding": text.encoding, "decimal": found.decimal}
    yield Table(path=file.path, format="ZPlot .z", frame=frame, metadata=metadata)


READERS = (
    Reader(name="ZPlot, ZView, Z60W", knows=lambda file: _MAGIC.match(file.opening) is not None, read=_read),
)
