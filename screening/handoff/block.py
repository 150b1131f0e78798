"""Parts that a sheet is set of: sentences and a table under a title."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """Rows of text under headings; columns of numbers by position."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True)
class Block:
    """One part of a sheet: sentences, then a table.

    Attributes
    ----------
    title : str
    sentences : tuple of str
    table : Table or None
    red : tuple of str
        Sentences that stand first, and in red.
    compact : bool
        Whether the table may run on as text where paper is short.
    drawing : str
        ``staircase`` or ``sticks``, below the sentences.
    """

    title: str
    sentences: tuple[str, ...]
    table: Table | None = None
    compact: bool = False
    red: tuple[str, ...] = ()
    drawing: str = ""
