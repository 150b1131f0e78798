"""Cell sheets read from files: former keys, and whatever is wrong with a sheet in one line a fault."""

import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from screening.errors import EXPECTED, InputError, expected
from screening.files import from_toml, no_pipe
from screening.lab.cell import Cathode, Cell, Files, ProtocolSheet, Separator
from screening.lab.quantities import Quoted
from screening.names import FORMER_NAMES

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

TABLES: dict[str, type[BaseModel]] = {
    "": Cell,
    "separator": Separator,
    "cathode": Cathode,
    "protocol": ProtocolSheet,
    "files": Files,
    "quoted": Quoted,
}
"""Tables of a sheet by the name of their heading; the sheet itself has none."""

FORMER_KEYS = {
    "die_mm": "diameter_mm",
    "sulfide": FORMER_NAMES["sulfide"],
    "composite_mass_mg": "cathode.composite_mg",
    "active_fraction": "cathode.active_fraction",
    "active_mass_mg": "cathode.active_mg",
}
"""What keys of a sheet are called now, and in which table they stand."""

UNION_BRANCHES = frozenset({"bool", "float"})
"""Parts of a fault's place that name no key: the kinds of number that a quoted figure may be."""

Sheet = TypeVar("Sheet", bound=Cell)


def read_cell(path: Path | str, model: type[Sheet] = Cell) -> Sheet:  # type: ignore[assignment]
    """Read and check one sheet; its raw files must exist.

    Parameters
    ----------
    path : Path or str
    model : type
        `Cell`, or `cell.Experiment` for one of a folder of experiments, which says what it is.

    Raises
    ------
    InputError
        One line: file, key, value, remedy; for the first fault.
    """
    cell, faults = examine(Path(path), model)
    if cell is None:
        raise faults[0]
    return cell


def examine(path: Path, model: type[Sheet]) -> tuple[Sheet | None, list[InputError]]:
    """A sheet if it is sound and its raw files exist, else everything that is wrong with it."""
    try:
        content = from_toml(no_pipe(path).read_text("utf-8-sig"))
    except OSError as error:
        reason = f"cannot read ({error.strerror})"
        return None, [InputError(reason, where=str(path), remedy="name an existing file")]
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return None, [InputError(f"not TOML {error}", where=str(path), remedy="correct that line")]
    try:
        former = _rename_keys(content)
        cell = model.model_validate(content)
    except InputError as error:
        return None, [InputError(error.message, where=str(path), remedy=error.remedy)]
    except ValidationError as error:
        found = error.errors(include_url=False)
        return None, [_fault(each, path, former) for each in found]
    cell._path = path
    cell._hints = tuple(f"{old} is now {_in_words(new)}" for new, old in former.items())
    faults = [
        InputError(
            f"no file {name!r}",
            where=f"{path}: files",
            remedy="give its path relative to the sheet, or put it there",
        )
        for name, place in zip(cell.files.all, cell.located("all"), strict=True)
        if not place.is_file()
    ]
    return (None if faults else cell), faults


def hints(cells: Iterable[Cell]) -> tuple[str, ...]:
    """What sheets call by a former name, each once, with the number of sheets."""
    counts = Counter(hint for cell in cells for hint in cell.hints)
    return tuple(f"{hint} ({n} sheet{'s' * (n > 1)} to change)" for hint, n in counts.items())


def _rename_keys(content: dict[str, Any]) -> dict[str, str]:
    """Bring former keys of a sheet to their present names in place; the former ones by the present."""
    found = {}
    if isinstance(content.get("electrolyte"), dict):
        _move(content, "electrolyte", "separator")
        found["separator"] = "[electrolyte]"
    for old, new in FORMER_KEYS.items():
        if old in content:
            _move(content, old, new)
            found[new] = old
    return found


def _move(content: dict[str, Any], old: str, new: str) -> None:
    heading, _, key = new.rpartition(".")
    table = content.setdefault(heading, {}) if heading else content
    if not isinstance(table, dict):
        raise InputError(f"{heading} is no table", remedy=EXPECTED["model_type"])
    if key in table:
        raise InputError(f"{old} and {_in_words(new)} both given", remedy="keep the latter, its present name")
    table[key] = content.pop(old)


def _in_words(key: str) -> str:
    heading, _, name = key.rpartition(".")
    return f"{name} in [{heading}]" if heading else f"[{name}]" if name in TABLES else name


def _fault(fault: "ErrorDetails", path: Path, former: Mapping[str, str]) -> InputError:
    place = [str(part) for part in fault["loc"] if part not in UNION_BRANCHES]
    named = ".".join(place)
    where = f"{path}: {former.get(named, named)}" if place else str(path)
    if fault["type"] == "extra_forbidden":
        return InputError("unknown key", where=where, remedy=_nearest(place))
    if fault["type"] == "missing":
        return InputError("is missing", where=where, remedy="add it")
    given = fault["input"]
    value = f"{given!r}: " if isinstance(given, bool | int | float | str) else ""
    if not fault["type"].endswith("_type"):
        return InputError(f"{value}{expected(fault)}", where=where, remedy="correct the value")
    kind = "list" if isinstance(given, list) else "table" if isinstance(given, dict) else "value"
    return InputError(f"{value}the wrong kind of {kind}", where=where, remedy=expected(fault))


def _nearest(place: list[str]) -> str:
    """Which key an unknown one may have been meant for: of its own table, or the same word in another."""
    *above, key = place
    own = above[0] if above else ""
    elsewhere = [table for table, model in TABLES.items() if table != own and key in model.model_fields]
    if elsewhere:
        heading = f"[{elsewhere[0]}]" if elsewhere[0] else "the sheet itself, above all headings"
        return f"it belongs to {heading}"
    keys = list(TABLES[own].model_fields) if own in TABLES else []
    near = [each for each in keys if each.startswith(key)] or get_close_matches(key, keys, n=1)
    known = f"known there: {', '.join(keys or TABLES)}"
    return f"did you mean {near[0]}? {known}" if near else known
