"""Autolab FRA .dfr (Eco Chemie): one number a line, nine lines a point."""

from collections.abc import Iterator

import pandas as pd

from screening.lab.readers.source import File, Reader, Table

_MAGIC = "version8.0"
_HEAD_LINES = 3
_NAMES = ("Frequency (Hz)", "Z' (Ohm)", "-Z'' (Ohm)", "E dc (V)", "I dc (A)", "Time (s)")
_LINES_A_POINT = 9


def _read(file: File) -> Iterator[Table]:
    lines = [(i, line.strip()) for i, line in enumerate(file.text.lines(), start=1) if line.strip()]
    count = int(lines[1][1]) if len(lines) > 1 and lines[1][1].isdecimal() else 0
    points = [lines[k : k + _LINES_A_POINT] for k in range(_HEAD_LINES, len(lines), _LINES_A_POINT)][:count]
    if not count or len(points) < count or len(points[-1]) < len(_NAMES):
        raise file.refused(f"{len(points)} points where {count} are announced", "the file may be truncated")
    frame = pd.DataFrame(
        {name: [point[k][1] for point in points] for k, name in enumerate(_NAMES)},
        index=pd.Index([point[0][0] for point in points], name="line"),
    )
    # the layout is known from another open reader, not from the maker: let the data confirm the sign
    yield Table(
        path=file.path,
        format="Autolab .dfr",
        frame=frame,
        metadata={"format": "Autolab .dfr", "encoding": file.text.encoding},
        sign_is_known=False,
    )


READERS = (
    Reader(name="Autolab .dfr", knows=lambda file: file.opening.lower().startswith(_MAGIC), read=_read),
)
