"""What is wrong with a cell sheet, one line a fault: file, key, value, remedy."""

from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from screening.errors import InputError
from screening.lab.cell_record import TABLES

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

EXPECTED = {
    "tuple_type": 'give a list, as ["Li", "layer", "Li"]',
    "float_type": "give a number, without quotes",
    "bool_type": "give true or false, without quotes",
    "string_type": "give text, in quotes",
    "dict_type": "give a table of names and numbers",
    "model_type": "give a table: a heading in brackets, and keys below it",
}
"""What a sheet should hold where it holds another kind of value, by pydantic's name of the fault."""

UNION_BRANCHES = frozenset({"bool", "float"})
"""Parts of a fault's place that name no key: the kinds of number that a quoted figure may be."""

KEYS = "see docs/validation.md for the keys"


def sheet_faults(error: "ValidationError", path: Path) -> list[InputError]:
    """All faults that the validation of one sheet found."""
    return [_fault(each, path) for each in error.errors(include_url=False, include_context=False)]


def _fault(fault: "ErrorDetails", path: Path) -> InputError:
    place = [str(part) for part in fault["loc"] if part not in UNION_BRANCHES]
    where = f"{path}: {'.'.join(place)}" if place else str(path)
    if fault["type"] == "extra_forbidden":
        return InputError("unknown key", where=where, remedy=_nearest(place))
    if fault["type"] == "missing":
        return InputError("is missing", where=where, remedy="add it")
    given = fault["input"]
    value = f"{given!r}: " if isinstance(given, bool | int | float | str) else ""
    if fault["type"] in EXPECTED:
        kind = "list" if isinstance(given, list) else "table" if isinstance(given, dict) else "value"
        return InputError(f"{value}the wrong kind of {kind}", where=where, remedy=EXPECTED[fault["type"]])
    message = fault["msg"].removeprefix("Value error, ")
    return InputError(f"{value}{message}", where=where, remedy="correct the value")


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
    return f"did you mean {near[0]}? {KEYS}" if near else KEYS
