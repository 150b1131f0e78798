"""VersaStudio .par: text in blocks, each ``<Segment…>`` a table under the names of its ``Definition``."""

import re
from collections.abc import Iterator

from screening.lab.readers.source import File, Reader, Table
from screening.lab.readers.text import TableLayout, Text, parse_table, unique_names

_SEGMENT = re.compile(r"<Segment\d+>")
_DEFINITION = "Definition="


def _read(file: File) -> Iterator[Table]:
    lines, found = file.text.lines(), False
    for start in (i for i, line in enumerate(lines) if _SEGMENT.fullmatch(line.strip())):
        stop = next((i for i in range(start, len(lines)) if lines[i].startswith("</Segment")), len(lines))
        names = next((i for i in range(start, stop) if lines[i].startswith(_DEFINITION)), stop)
        if names + 1 >= stop:
            continue
        found = True
        headers = lines[names].removeprefix(_DEFINITION).split(",")
        columns = unique_names([header.strip() for header in headers])
        block = Text(file.path, "\n".join(lines[names + 1 : stop]) + "\n", file.text.encoding)
        frame = parse_table(block, TableLayout(",", ".", columns, None, 1), first_line=names + 2)
        metadata = {"format": "VersaStudio .par", "encoding": file.text.encoding}
        yield Table(path=file.path, format="VersaStudio .par", frame=frame, metadata=metadata)
    if not found:
        raise file.refused("no segment with measured rows", "give a file of a finished experiment")


READERS = (
    Reader(
        name="VersaStudio .par",
        knows=lambda file: file.opening.startswith("<Application>") and "VersaStudio" in file.opening,
        read=_read,
    ),
)
