"""Gamry .dta: the tables of an experiment, of impedance (ZCURVE) or of cycling and rest (CURVE, OCVCURVE)."""

import re
from collections.abc import Iterator

import pandas as pd

from screening.errors import InputError
from screening.lab.cycling.table import CURRENT, VOLTAGE
from screening.lab.readers.columns import match
from screening.lab.readers.source import File, Reader, Table
from screening.lab.readers.text import TableLayout, Text, find_table, parse_table, unique_names

_TABLE = re.compile(r"(Z|OCV|)CURVE\d*\tTABLE", re.IGNORECASE)


def _read(file: File) -> Iterator[Table]:
    lines = file.text.lines()
    starts: dict[str, list[int]] = {"Z": [], "": [], "OCV": []}
    for i, line in enumerate(lines):
        if found := _TABLE.match(line):
            starts[found[1].upper()].append(i)
    # the rest before an experiment is none of its record
    chosen = next((each for each in starts.values() if each), None)
    if chosen is None:
        raise file.refused("no ZCURVE table, and none of another curve", "give a file of an experiment")
    labels = [line.split("\t") for line in lines[: chosen[0]] if "\tLABEL\t" in line]
    metadata = {"format": "Gamry .dta", "encoding": file.text.encoding}
    kept = {"TITLE": "title", "DATE": "date", "TIME": "clock"}
    metadata |= {kept[row[0]]: row[2] for row in labels if row[0] in kept}
    if any(line.startswith("EXPERIMENTABORTED\tTOGGLE\tT") for line in lines):
        metadata["aborted"] = "yes"
    for start in chosen:
        frame, origin = _curve(lines, start, file.text), "measured"
        if VOLTAGE in match(frame.columns) and CURRENT not in match(frame.columns):
            frame, origin = frame.assign(**{"Im (A)": 0.0}), "none: open circuit"
        yield Table(
            path=file.path, format="Gamry .dta", frame=frame, metadata=metadata, current_origin=origin
        )


def _curve(lines: list[str], start: int, text: Text) -> pd.DataFrame:
    """Rows of one table: names, units, then every line that begins with a tab."""
    stop = start + 3
    while stop < len(lines) and lines[stop].startswith("\t"):
        stop += 1
    if stop == start + 3:
        name = lines[start].split("\t")[0]
        raise InputError(
            f"the {name} table has no rows", where=text.where(start + 1), remedy="export it again"
        )
    names, units = (lines[start + i].strip("\t").split("\t") for i in (1, 2))
    joined = [f"{n} ({u})" if u else n for n, u in zip(names, units + [""] * len(names), strict=False)]
    block = Text(text.path, "\n".join(line[1:] for line in lines[start + 3 : stop]), text.encoding)
    layout = TableLayout("\t", find_table(block).decimal, unique_names(joined), None, 1)
    frame = parse_table(block, layout, first_line=start + 4)
    return frame.drop(columns=[name for name in frame.columns if name.startswith("Pt")])


READERS = (
    Reader(
        name="Gamry .dta",
        knows=lambda file: file.opening.startswith("EXPLAIN") or "ZCURVE\tTABLE" in file.opening,
        read=_read,
    ),
)
