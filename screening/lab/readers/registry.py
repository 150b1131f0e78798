"""Every format that is read: a module of ``formats`` each, found by itself."""

import pkgutil
from functools import cache
from importlib import import_module
from pathlib import Path

from screening.errors import InputError
from screening.lab.readers import formats, plain
from screening.lab.readers.source import File, Reader, Table


@cache
def readers() -> tuple[Reader, ...]:
    """All readers; the one of plain tables, which knows any text, comes last."""
    modules = sorted(module.name for module in pkgutil.iter_modules(formats.__path__))
    found = [import_module(f"{formats.__name__}.{name}").READERS for name in modules]
    return (*(reader for each in found for reader in each), plain.READER)


def read_tables(path: Path) -> list[Table]:
    """Tables of a file of any known format, told by its content, or by its suffix where that is silent.

    Raises
    ------
    InputError
        If the file is absent, empty, damaged, or holds no table.
    """
    file = File(path)
    reader = next(reader for reader in readers() if reader.knows(file))
    tables = [table for table in reader.read(file) if len(table.frame)]
    if not tables:
        raise InputError("no measured rows", where=str(path), remedy="export the test again")
    return tables
