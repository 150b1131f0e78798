"""Sections of a report that exist only where something was measured or compared."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from screening.errors import InputError

VALIDATION_JSON = "validation.json"

ROWS_SHOWN = 200
"""Rows of a measured table on the page; the file beside it holds them all."""

PICTURE_BYTES = 2_000_000
"""Pictures on one page together; 2 MB leave a page of 8 MB room for its plotting library."""

STAMP_COLUMN = "provenance"
STAMP_START = "interphase-screening "


@dataclass(frozen=True)
class Table:
    """A table of words.

    Attributes
    ----------
    title : str
    columns : tuple of str
    rows : tuple of tuples of str
    cut : bool
        Whether the file holds more rows.
    stamp : str
        Provenance of the file: which verb of which version, from what, simulated or not.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    cut: bool = False
    stamp: str = ""


@dataclass(frozen=True)
class Picture:
    """A figure, embedded; `uri` is empty where the page has no room for it."""

    title: str
    uri: str


@dataclass(frozen=True)
class Block:
    """What belongs together: one directory of an experiment, or one key of a comparison."""

    title: str
    sentences: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True)
class Section:
    """One section of the page; `key` is its anchor."""

    key: str
    title: str
    blocks: tuple[Block, ...]


def validation_section(directory: Path) -> Section | None:
    """The comparison of prediction and measurement, where ``screening validate`` left one.

    Every key of ``validation.json`` is shown in the file's order: records as a table, plain values as a list,
    texts as sentences. Nothing is computed here.

    Raises
    ------
    InputError
        If the file is there but damaged.
    """
    path = directory / VALIDATION_JSON
    if not path.is_file():
        return None
    remedy = "run screening validate again"
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"damaged ({error})", where=str(path), remedy=remedy) from None
    if not isinstance(content, dict):
        raise InputError("holds no table of keys", where=str(path), remedy=remedy)
    plain = {key: value for key, value in content.items() if not isinstance(value, dict | list)}
    blocks = [_json_block(key, value) for key, value in content.items() if key not in plain]
    if plain:
        blocks.insert(0, Block("", tables=(_pairs("", plain),)))
    return Section("validation", "Prediction against measurement", tuple(blocks))


def _json_block(key: str, value: Any) -> Block:
    title = words(key)
    if isinstance(value, dict):
        if value and all(isinstance(each, dict) for each in value.values()):
            return Block(title, tables=(_records(title, [{"": k, **each} for k, each in value.items()]),))
        return Block(title, tables=(_pairs(title, value),))
    if value and all(isinstance(each, dict) for each in value):
        return Block(title, tables=(_records(title, value),))
    return Block(title, sentences=tuple(_word(each) for each in value) or ("none",))


def _pairs(title: str, content: dict[str, Any]) -> Table:
    return Table(title, ("quantity", "value"), tuple((words(k), _word(v)) for k, v in content.items()))


def _records(title: str, records: list[dict[str, Any]]) -> Table:
    names = tuple(dict.fromkeys(name for record in records for name in record))
    rows = tuple(tuple(_word(record.get(name)) for name in names) for record in records[:ROWS_SHOWN])
    return Table(title, tuple(words(name) for name in names), rows, len(records) > ROWS_SHOWN)


def words(name: object) -> str:
    """A key or column name as a reader sees it."""
    return str(name).replace("_", " ")


def _word(value: Any) -> str:
    if value is None or (isinstance(value, float) and value != value):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}".replace("-", "−")
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def measured_sections(directory: Path) -> tuple[Section, ...]:
    """What the bench verbs left under a directory: tables with this package's stamp, and figures beside them.

    Parameters
    ----------
    directory : Path
        Searched with its subdirectories; files of other origin are passed over.

    Returns
    -------
    tuple of Section
        Relaxation times, cycling, other measurements; only those that hold something.

    Raises
    ------
    InputError
        If there is no such directory.
    """
    if not directory.is_dir():
        raise InputError("no such directory", where=str(directory), remedy="give --experiments a directory")
    room = PICTURE_BYTES
    blocks: dict[str, list[Block]] = {"drt": [], "cycling": [], "measured": []}
    for folder in sorted({path.parent for path in directory.rglob("*.csv")}):
        tables = tuple(_stamped_tables(folder))
        if not tables:
            continue
        pictures = []
        for path in sorted(folder.glob("*.png")):
            uri = _data_uri(path, room)
            room -= len(uri)
            pictures.append(Picture(path.name, uri))
        title = folder.relative_to(directory).as_posix()
        blocks[_kind(folder, tables)].append(
            Block("" if title == "." else title, tables=tables, pictures=tuple(pictures))
        )
    titles = {
        "drt": "Distribution of relaxation times",
        "cycling": "Cycling",
        "measured": "Other measurements",
    }
    return tuple(Section(key, titles[key], tuple(found)) for key, found in blocks.items() if found)


def _kind(folder: Path, tables: tuple[Table, ...]) -> str:
    if (folder / "drt.json").is_file():
        return "drt"
    return "cycling" if any("cycle" in table.columns for table in tables) else "measured"


def _stamped_tables(folder: Path) -> Iterator[Table]:
    for path in sorted(folder.glob("*.csv")):
        try:
            with path.open(encoding="utf-8") as stream:
                if not stream.readline().rstrip().endswith(f",{STAMP_COLUMN}"):
                    continue
            frame = pd.read_csv(path, nrows=ROWS_SHOWN + 1)
        except (OSError, ValueError):
            continue
        stamps = frame[STAMP_COLUMN].astype(str).unique()
        if len(stamps) != 1 or not stamps[0].startswith(STAMP_START):
            continue
        shown = frame.drop(columns=STAMP_COLUMN).head(ROWS_SHOWN)
        rows = tuple(tuple(_word(value) for value in row) for row in shown.itertuples(index=False))
        heads = tuple(words(name) for name in shown)
        yield Table(path.name, heads, rows, len(frame) > ROWS_SHOWN, stamps[0])


def _data_uri(path: Path, room: int) -> str:
    """The picture as text for the page, empty where it would take more than `room` characters."""
    if path.stat().st_size * 4 // 3 + 64 > room:
        return ""
    return f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode('ascii')}"
