"""One small family of errors; each carries the exit status that the command line ends with."""

from collections.abc import Mapping
from typing import Any

MOST_SHOWN = 60
"""Characters of a faulty value that a message repeats."""


MOST_TOLD = 600
"""Characters of what is wrong in a message, lists of names among them."""


def cut(text: str, most: int = MOST_SHOWN) -> str:
    """A text from outside, at most so long."""
    return text if len(text) <= most else f"{text[:most]}…"


def quoted(text: str) -> str:
    """A text from outside as a message shows it: cut, in quotes, control characters escaped."""
    return cut(repr(cut(text)), 2 * MOST_SHOWN)  # an escape takes up to ten characters for one


def printable(text: str) -> str:
    """A text on one line with its control characters escaped, so that none reaches a terminal."""
    line = " ".join(text.split())
    if line.isprintable():
        return line
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)


class ScreeningError(Exception):
    """Anything the user can mend, told in one line: what is wrong, where, and the remedy.

    Parameters
    ----------
    message : str
        What is wrong, with the offending value.
    where : str, optional
        File, row, option or key that holds the value.
    remedy : str, optional
        What to do about it.
    most : int
        Characters of the message.
    """

    exit_status = 2

    def __init__(self, message: str, *, where: str = "", remedy: str = "", most: int = MOST_TOLD) -> None:
        self.message, self.where, self.remedy = cut(message, most), where, remedy
        located = f"{where}: {self.message}" if where else self.message
        line = f"{located}; {remedy}" if remedy else located
        super().__init__(printable(line))

    def __reduce__(self) -> tuple[object, ...]:
        """Survive the journey back from a worker process."""
        return (_rebuild, (type(self), self.message, self.where, self.remedy))


def _rebuild(kind: type[ScreeningError], message: str, where: str, remedy: str) -> ScreeningError:
    return kind(message, where=where, remedy=remedy)


class InputError(ScreeningError):
    """A formula, file, option or study that cannot be used as it stands."""


class SnapshotError(ScreeningError):
    """A snapshot that is damaged, incomplete or mixes energy schemes."""


class UnreachableError(ScreeningError):
    """Data that cannot be reached: no key, no network, a server that refuses."""

    exit_status = 3


class IncompleteError(ScreeningError):
    """Results that changed while they were made: what is there must not be taken for the whole."""

    exit_status = 1


EXPECTED = {
    "tuple_type": 'give a list, as ["Li", "layer", "Li"] or [10.0]',
    "float_type": "give a number, without quotes",
    "int_type": "give a whole number, without quotes",
    "int_from_float": "give a whole number",
    "bool_type": "give true or false, without quotes",
    "string_type": "give text, in quotes",
    "dict_type": "give a table of names and numbers",
    "model_type": "give a table: a heading in brackets, and keys below it",
    "finite_number": "give a finite number",
    "enum": "write {expected}",
    "string_too_short": "give at least {min_length} character",
    "greater_than": "give a number greater than {gt:g}",
    "greater_than_equal": "give {ge:g} or more",
    "less_than": "give less than {lt:g}",
    "less_than_equal": "give {le:g} or less",
    "literal_error": "write {expected}",
    "too_short": "give at least {min_length}",
    "string_pattern_mismatch": "write letters, digits, points and dashes only",
    "missing": "add it",
}
"""What should stand where pydantic finds a fault, by its name of that; its own words reach no user."""

SAME_FAULT = {"float_parsing": "float_type", "int_parsing": "int_type", "bool_parsing": "bool_type"}


def expected(fault: Mapping[str, Any]) -> str:
    """What should stand in place of a fault of pydantic's, or what a check of ours said of it."""
    kind = SAME_FAULT.get(fault["type"], fault["type"])
    if kind == "value_error":
        return str(fault["msg"]).removeprefix("Value error, ")
    return EXPECTED.get(kind, "this value cannot be used").format(**fault.get("ctx") or {})
