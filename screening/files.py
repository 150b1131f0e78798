"""Files that are written whole or not at all, each with its provenance stamp."""

import csv
import errno
import json
import os
import re
import stat
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.resources import files
from io import BytesIO
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from screening.errors import InputError
from screening.provenance import Provenance

if TYPE_CHECKING:
    import pandas as pd
    from jinja2 import Template
    from matplotlib.figure import Figure

DPI, SCREEN_DPI = 300, 110
"""Of figures as pixels."""

FIGURE_SUFFIXES = (".png", ".svg", ".pdf", ".tiff")


def packaged_rows(package: str, name: str) -> list[dict[str, str]]:
    """Rows of a csv that a package carries, without its lines of comment."""
    lines = files(package).joinpath(name).read_text("utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def template(package: str, name: str, **filters: Callable[..., str]) -> "Template":
    """A page among the templates of a package; what fills it is escaped, and none of it may lack."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    pages = Environment(
        loader=PackageLoader(package, "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters |= filters
    return pages.get_template(name)


def output_directory(path: Path) -> Path:
    """Create a directory for results, or say in one line why it cannot be."""
    _require_text(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise InputError(
            f"cannot write there ({error.strerror})", where=str(path), remedy="choose another directory"
        ) from None
    return path


def no_pipe(path: Path) -> Path:
    """A file that is about to be read; one that would wait for its writer for ever cannot be opened.

    Raises
    ------
    OSError
        If it is a named pipe. One that a shell opened, ``<(…)``, has its writer.
    """
    if Path(os.path.realpath(path)).is_fifo():
        raise OSError(errno.ESPIPE, "a named pipe, not a file", str(path))
    return path


def as_name(text: str) -> str:
    """A text as part of a file's name, without what systems refuse there: ``LiNi1/3Mn1/3Co1/3O2``."""
    return "".join("-" if letter in '/\\:*?"<>|' else letter for letter in text)


def file_name(path: Path) -> str:
    """Name of a file as text that every table and file takes, whatever bytes it consists of."""
    return os.fsencode(path.name).decode("utf-8", "replace")


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a temporary neighbour of `path` that takes its place only if the block succeeds.

    A symbolic link stays one: what it points at is replaced. The draft has the suffix of `path`, since some
    writers choose their format by it.

    Raises
    ------
    InputError
        If `path` is no name of a file (see `check_targets`), or cannot be written.
    """
    target = _target(path)
    draft = target.with_name(f".{target.stem}.{os.getpid()}.part{path.suffix}")
    try:
        draft.touch()
        yield draft
        draft.replace(target)
    except OSError as error:
        raise _unwritable(path, error) from None
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def check_targets(*paths: Path | None) -> None:
    """Refuse files that cannot be written, before anything is computed or written; None stands for no file.

    Raises
    ------
    InputError
        If a name is empty, a directory, a device or another thing that is no file; if its directory does not
        exist or cannot be written; or if two names mean one file.
    """
    named: dict[Path, Path] = {}
    for path in paths:
        if path is None:
            continue
        target = _target(path)
        try:
            with tempfile.TemporaryFile(dir=target.parent):
                pass
        except OSError as error:
            raise _unwritable(path, error) from None
        if target in named:
            raise InputError(
                "named twice as an output file", where=str(path), remedy="give each output its own name"
            )
        named[target] = path


def _require_text(path: Path) -> None:
    """Refuse a name that no UTF-8 text is: writers of tables cannot take it."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise InputError("the name is no UTF-8", where=str(path), remedy="choose another") from None


def _target(path: Path) -> Path:
    """The file that a name means, past symbolic links; only an absent or a regular file will do."""
    _require_text(path)
    if not path.name:
        raise InputError(f"{str(path)!r} is not a file name", remedy="give the name of a file to write")
    target = Path(os.path.realpath(path))
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return target
    except OSError as error:
        raise _unwritable(path, error) from None
    if not stat.S_ISREG(mode):
        kind = "a directory" if stat.S_ISDIR(mode) else "a device or pipe"
        raise InputError(f"is {kind}, not a file", where=str(path), remedy="give the name of a file to write")
    return target


def _unwritable(path: Path, error: OSError) -> InputError:
    return InputError(
        f"cannot write ({error.strerror or error})", where=str(path), remedy="choose another place"
    )


DEEPEST = 64
"""Levels of a text from outside: far more than any of ours has, and far fewer than Python follows."""

TOO_DEEP = "nested too deep"


def _is_too_deep(content: Any) -> bool:
    """Whether content has more than `DEEPEST` levels, counted level by level."""
    level = [content]
    for _ in range(DEEPEST):
        nested = [each for each in level if isinstance(each, dict | list)]
        level = [inner for each in nested for inner in (each.values() if isinstance(each, dict) else each)]
    return bool(level)


def from_json(text: str) -> Any:
    """Content of JSON from outside; what nests too deep is malformed, a ValueError, as any other fault."""
    try:
        content = json.loads(text)
    except RecursionError:
        raise ValueError(TOO_DEEP) from None
    if _is_too_deep(content):
        raise ValueError(TOO_DEEP)
    return content


_TOML_PLACE = re.compile(r"at line (?P<line>\d+), column (?P<column>\d+)")


def from_toml(text: str) -> dict[str, Any]:
    """Content of TOML from outside; a `tomllib.TOMLDecodeError` that says where, in our words, else."""
    try:
        content = tomllib.loads(text)
    except RecursionError:
        raise tomllib.TOMLDecodeError(TOO_DEEP) from None
    except tomllib.TOMLDecodeError as error:
        place = _TOML_PLACE.search(str(error))
        where = (
            f"line {place['line']}, column {place['column']}" if place else "its end, something lacks there"
        )
        raise tomllib.TOMLDecodeError(f"at {where}") from None
    if _is_too_deep(content):
        raise tomllib.TOMLDecodeError(TOO_DEEP)
    return content


def json_ready(content: Any) -> Any:
    """Nested content as plain numbers, text, lists and mappings; NaN, infinity and missing values as None."""
    if isinstance(content, Mapping):
        return {str(key): json_ready(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [json_ready(value) for value in content]
    if isinstance(content, str):
        return str(content)  # a member of an enumeration is its text
    if hasattr(content, "tolist"):
        return json_ready(content.tolist())
    missing = type(content).__name__ in ("NAType", "NaTType")  # of pandas, which need not be imported here
    return None if missing or (isinstance(content, float) and not isfinite(content)) else content


def records(table: "pd.DataFrame") -> list[dict[str, Any]]:
    """Rows of a table, ready for JSON."""
    return [json_ready(row) for row in table.to_dict("records")]


def json_text(content: Any) -> str:
    """Text of a JSON file; NaN is refused: see `json_ready`."""
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def write_text(path: Path, text: str) -> None:
    """Write text (UTF-8), whole or not at all."""
    with atomic_write(path) as draft:
        draft.write_text(text, "utf-8")


def write_json(path: Path, content: Any) -> None:
    """Write JSON (UTF-8, NaN refused: see `json_ready`)."""
    write_text(path, json_text(content))


def write_csv(path: Path, frame: "pd.DataFrame", provenance: Provenance) -> None:
    """Write a table as plain csv; the stamp is its last column, so that any reader can open it."""
    with atomic_write(path) as draft:
        frame.assign(provenance=provenance.line()).to_csv(draft, index=False)


XLSX = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
"""How workbooks are written: text from outside stays text."""


def write_xlsx(path: Path, frame: "pd.DataFrame", sheet: str, provenance: Provenance) -> None:
    """Write a table as xlsx; the stamp stands in the file's properties.

    It is packed in memory: a writer of archives that a full disk interrupts tries again as it goes.
    """
    import pandas as pd

    packed = BytesIO()
    with pd.ExcelWriter(packed, engine="xlsxwriter", engine_kwargs={"options": XLSX}) as book:
        frame.to_excel(book, sheet_name=sheet, index=False)
        book.book.set_properties({"comments": provenance.line()})
    with atomic_write(path) as draft:
        draft.write_bytes(packed.getvalue())


def write_parquet(path: Path, frame: "pd.DataFrame", provenance: Provenance) -> None:
    """Write a table as parquet (zstd); the stamp stands in the schema's metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(frame, preserve_index=False)
    stamp = {b"provenance": json.dumps(provenance.as_dict()).encode()}
    with atomic_write(path) as draft:
        pq.write_table(
            table.replace_schema_metadata({**(table.schema.metadata or {}), **stamp}),
            draft,
            compression="zstd",
        )


def check_figure_suffix(path: Path) -> str:
    """The suffix of a figure's file, in lower case.

    Raises
    ------
    InputError
        If it is none of `FIGURE_SUFFIXES`.
    """
    suffix = path.suffix.lower()
    if suffix not in FIGURE_SUFFIXES:
        raise InputError(
            f"unknown figure suffix {suffix!r}",
            where=str(path),
            remedy=f"use one of {', '.join(FIGURE_SUFFIXES)}",
        )
    return suffix


def figure_png(draw: "Callable[[Figure], object]") -> bytes:
    """What a function draws into an empty figure, as png for a screen."""
    from matplotlib.figure import Figure

    draw(figure := Figure())
    figure.savefig(held := BytesIO(), format="png", dpi=SCREEN_DPI)
    return held.getvalue()


def write_figure(path: Path, figure: "Figure", provenance: Provenance, *, trim: bool = True) -> None:
    """Write a figure as png or tiff (300 dpi), svg (text kept as text) or pdf, by its suffix.

    `trim` fits the page to what is drawn, which takes a second drawing; a figure with margins of its own
    needs none.

    Raises
    ------
    InputError
        If the suffix is none of these.
    """
    import matplotlib as mpl

    suffix = check_figure_suffix(path)
    key = "Subject" if suffix == ".pdf" else "Description"
    with atomic_write(path) as draft, mpl.rc_context({"svg.fonttype": "none", "pdf.fonttype": 42}):
        line, tight = provenance.line(), "tight" if trim else None
        if not trim and (layout := figure.get_layout_engine()) is not None:
            figure.set_dpi(DPI)
            layout.execute(figure)
            figure.set_layout_engine(None)  # even "none" would draw all twice
        if suffix == ".tiff":
            pixels = {"description": line.encode("ascii", "replace").decode(), "compression": "tiff_lzw"}
            figure.savefig(draft, dpi=DPI, bbox_inches=tight, pil_kwargs=pixels)
        else:
            figure.savefig(draft, dpi=DPI, bbox_inches=tight, metadata={key: line})
        if suffix == ".svg":  # shown elsewhere, where the fonts of this computer may be missing
            text = draft.read_text("utf-8").replace("'DejaVu Sans'", "'DejaVu Sans', Arial, sans-serif")
            draft.write_text(text, "utf-8")


def write_content(path: Path, content: Any, provenance: Provenance | None, form: str = "") -> None:
    """Write a table (.csv, .parquet, .xlsx), JSON or a figure (.png, .svg, .pdf, .tiff), by its suffix.

    Parameters
    ----------
    path : Path
    content : DataFrame, function or content for JSON
        A function draws into the empty figure that it is given; the stamp is added to JSON under
        ``provenance``.
    provenance : Provenance or None
        None for what was computed from values in memory.
    form : str
        A suffix that counts whatever the file is called.

    Raises
    ------
    InputError
        If the suffix is none of these, or the file cannot be written.
    """
    stamp = provenance or Provenance.now("values in memory", "")
    suffix = form or path.suffix.lower()
    if suffix == ".json":
        write_json(path, {**content, "provenance": stamp.as_dict()})
    elif suffix == ".csv":
        write_csv(path, content, stamp)
    elif suffix == ".parquet":
        write_parquet(path, content, stamp)
    elif suffix == ".xlsx":
        write_xlsx(path, content, "table", stamp)
    else:
        from matplotlib.figure import Figure

        check_figure_suffix(path)
        figure = Figure()
        content(figure)
        write_figure(path, figure, stamp, trim=figure.get_layout_engine() is not None)
