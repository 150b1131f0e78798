"""What the bench verbs left under a directory: verdicts, stamped tables, and figures beside them."""

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from screening.campaign.directory import RANKING_JSON, ResultsDirectory
from screening.errors import InputError
from screening.files import from_json, no_pipe
from screening.lab.cycling.symmetric import TOLD_GAP_H
from screening.lab.readers.stamp import STAMP_COLUMN, STAMP_START
from screening.report.cells import cell_sections
from screening.report.comparison import VALIDATION_JSON
from screening.report.parts import ROWS_SHOWN, Block, Picture, Section, Table, head, number, word

PICTURE_BYTES = 2_000_000
"""Pictures on one page together; 2 MB leave a page of 8 MB room for its plotting library."""

DECIDING = ("series", "evidence", "critical_current", "plateaus", "phases", "conductivity")
"""Tables that a verdict rests on stand first and open; beside one of them the others are folded."""

SHORT_TABLE = 40
"""A deciding table of at most so many rows stands whole, without a scrolled box."""

OF_A_STUDY = " | study "
"""Stands in the stamp of what a campaign computed: a prediction, wherever the file lies."""

RAW_COLUMNS = (
    frozenset({"loop", "time_s", "frequency_hz", "z_real_ohm", "z_imag_ohm"}),
    frozenset({"two_theta_deg", "intensity"}),
)
"""A table of nothing but these is raw data: figures are drawn from it, its rows are no result."""


@dataclass
class Room:
    """How many characters pictures may still take on the page."""

    left: int = PICTURE_BYTES

    def embed(self, title: str, content: bytes) -> Picture:
        """The picture as text for the page; without its content where the page has no room for it."""
        text = f"data:image/png;base64,{base64.b64encode(content).decode('ascii')}"
        if len(text) > self.left:
            return Picture(title, "")
        self.left -= len(text)
        return Picture(title, text)


def measured_sections(
    directory: Path,
    predictions: ResultsDirectory | None = None,
    progress: Callable[[str], None] | None = None,
) -> tuple[Section, ...]:
    """Cells of a folder of experiments, and what the bench verbs left under it.

    Predictions are left out: directories of a campaign, and tables whose stamp names a study.

    Parameters
    ----------
    directory : Path
        Searched with its subdirectories; files of other origin are passed over.
    predictions : ResultsDirectory, optional
        Say which phases the powder pattern of a cell is searched for.
    progress : callable, optional
        Told which cell is analysed.

    Returns
    -------
    tuple of Section
        Cells, relaxation times, cycling, other measurements; only those that hold something.

    Raises
    ------
    InputError
        If there is no such directory.
    """
    if not directory.is_dir():
        raise InputError("no such directory", where=str(directory), remedy="give --experiments a directory")
    room = Room()
    cells = cell_sections(directory, predictions, room.embed, progress)
    predicted = _campaigns(directory)
    blocks: dict[str, list[Block]] = {"drt": [], "cycling": [], "measured": []}
    for folder in sorted({path.parent for path in directory.rglob("*.csv")}):
        if predicted & {folder, *folder.parents}:
            continue
        tables = tuple(_stamped_tables(folder, cells.raw))
        if not tables:
            continue
        pictures = tuple(
            room.embed(path.name, path.read_bytes())
            for path in sorted(folder.glob("*.png"))
            if path.is_file()
        )
        title = folder.relative_to(directory).as_posix()
        kind = _kind(folder, tables)
        sentences = tuple(word(text) for text in _VERDICTS[kind](_content(folder)))
        blocks[kind].append(Block("" if title == "." else title, sentences, _ordered(tables), pictures))
    titles = {
        "drt": "Distribution of relaxation times",
        "cycling": "Cycling",
        "measured": "Other measurements",
    }
    found = (Section(key, titles[key], tuple(found)) for key, found in blocks.items() if found)
    return (*cells.sections, *found)


def _campaigns(directory: Path) -> set[Path]:
    """Directories that hold a campaign or its comparison."""
    return {path.parent for name in (RANKING_JSON, VALIDATION_JSON) for path in directory.rglob(name)}


def _kind(folder: Path, tables: tuple[Table, ...]) -> str:
    if (folder / "drt.json").is_file():
        return "drt"
    cycles = any("cycle" in table.columns for table in tables)
    return "cycling" if cycles or (folder / "cell.json").is_file() else "measured"


def _content(folder: Path) -> dict[str, Any]:
    """What a bench verb wrote as JSON; empty where there is nothing sound."""
    for name in ("drt.json", "cell.json"):
        try:
            content = from_json(no_pipe(folder / name).read_text("utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(content, dict):
            return content
    return {}


def _part(content: dict[str, Any], name: str) -> dict[str, Any]:
    value = content.get(name)
    return value if isinstance(value, dict) else {}


def _evidence(short: dict[str, Any]) -> str:
    items = short.get("evidence")
    told = (
        [str(item["statement"]) for item in items if item.get("statement")] if isinstance(items, list) else []
    )
    return f": {'; '.join(told)}" if told else ""


def _drt_verdict(content: dict[str, Any]) -> Iterator[str]:
    """What a series of spectra says: short circuit, and each process that changes."""
    if content.get("simulated"):
        yield "Simulated spectra: no measurement."
    if verdict := _part(content, "short").get("verdict"):
        yield f"Short circuit: {verdict}."
    series = content.get("series")
    for row in series if isinstance(series, list) else ():
        first, final, end = (row.get(name) for name in ("first_ohm", "final_ohm", "completion_h"))
        if row.get("trend") in (None, "absent", "steady") or first is None or final is None:
            continue
        text = (
            f"{row.get('window')} ({row.get('process')}) {row['trend']}: {number(first)} to {number(final)} Ω"
        )
        if row.get("settled") and end is not None:
            text += f", settled at {end:.1f} h"
            if row.get("low_h") is not None and row.get("high_h") is not None:
                text += f" ({row['low_h']:.1f} to {row['high_h']:.1f} h)"
        yield f"{text}."


def _cycling_verdict(content: dict[str, Any]) -> Iterator[str]:
    """What a cell's cycling says: life and short of a symmetric cell, capacity and plateaus of a full one."""
    flags = content.get("flags")
    if any(str(flag.get("kind", "")).startswith("simulated") for flag in flags or ()):
        yield "Simulated, not measured."
    life, short = _part(content, "life"), _part(content, "short")
    if isinstance(life.get("hours"), int | float):
        gaps = float(life.get("elapsed_h", life["hours"])) - float(life["hours"])
        less = f"; {number(gaps)} h without records not counted" if gaps > TOLD_GAP_H else ""
        yield f"Life: {number(float(life['hours']))} h ({life.get('end')}{less})."
    if short.get("verdict"):
        when, half_cycle = short.get("time_h"), short.get("half_cycle")
        name = "none seen" if short["verdict"] == "none" else str(short["verdict"])
        place = f" at {number(float(when))} h, half-cycle {half_cycle}" if when is not None else ""
        yield f"Short circuit: {name}{place}{_evidence(short)}."
    if isinstance(content.get("extra_plateaus"), int):
        yield f"Plateaus of the first cycle that the cathode does not have: {content['extra_plateaus']}."
    cycles = _part(content, "tables").get("cycles")
    if "reference_cycle" in content and cycles:
        first, last = cycles[0], cycles[-1]
        yield f"First Coulombic efficiency: {word(first.get('coulombic_efficiency'))}."
        reference = content["reference_cycle"]
        yield f"Retention in cycle {len(cycles)} against cycle {reference}: {word(last.get('retention'))}."


_VERDICTS: dict[str, Callable[[dict[str, Any]], Iterator[str]]] = {
    "drt": _drt_verdict,
    "cycling": _cycling_verdict,
    "measured": lambda content: iter(()),
}


def _ordered(tables: tuple[Table, ...]) -> tuple[Table, ...]:
    """Deciding tables first; the others wait folded behind them."""
    names = {table.title: Path(table.title).stem for table in tables}
    first = sorted(
        (t for t in tables if names[t.title] in DECIDING and t.rows),
        key=lambda t: DECIDING.index(names[t.title]),
    )
    rest = [table for table in tables if table not in first and table.rows]
    whole = (replace(table, stacked=len(table.rows) <= SHORT_TABLE) for table in first)
    return (*whole, *(replace(table, folded=bool(first)) for table in rest))


def _stamped_tables(folder: Path, raw: frozenset[Path]) -> Iterator[Table]:
    for path in sorted(folder.glob("*.csv")):
        if path.resolve() in raw:
            continue
        try:
            with no_pipe(path).open(encoding="utf-8") as stream:
                if not stream.readline().rstrip().endswith(f",{STAMP_COLUMN}"):
                    continue
            frame = pd.read_csv(path, nrows=ROWS_SHOWN + 1)
        except (OSError, ValueError):
            continue
        stamps = frame[STAMP_COLUMN].astype(str).unique()
        if len(stamps) != 1 or not stamps[0].startswith(STAMP_START) or OF_A_STUDY in stamps[0]:
            continue
        shown = frame.drop(columns=STAMP_COLUMN).head(ROWS_SHOWN)
        if any(known.issuperset(shown.columns) for known in RAW_COLUMNS):
            continue
        rows = tuple(tuple(word(value) for value in row) for row in shown.itertuples(index=False))
        heads = tuple(head(name) for name in shown)
        yield Table(path.name, heads, rows, len(frame) > ROWS_SHOWN, stamps[0])
