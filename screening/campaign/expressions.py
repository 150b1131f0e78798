"""Conditions on candidates as one SQL expression, by DuckDB in a database that reaches nothing."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import numpy as np
import pyarrow as pa

from screening.errors import InputError

EXAMPLE = "n_elements == 2 and cost_usd_per_kg < 50 and not toxic"


_UNKNOWN = re.compile(r'column "([^"]+)" not found')
"""In DuckDB's message, before the names that come nearest."""


@contextmanager
def closed_database(expression: str, where: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory that reaches no file, network, variable or extension, whatever an expression says.

    Parameters
    ----------
    expression : str
        The user's, for messages.
    where : str
        Where it stands.

    Raises
    ------
    InputError
        For whatever DuckDB finds wrong inside the block.
    """
    connection = duckdb.connect(
        ":memory:",
        config={
            "enable_external_access": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "python_enable_replacements": "false",
            "lock_configuration": "true",
        },
    )
    try:
        yield connection
    except duckdb.Error as error:
        reason, remedy = "cannot be read as a condition", f'write one condition, as "{EXAMPLE}"'
        if unknown := _UNKNOWN.search(str(error)):
            reason = f"unknown column {unknown[1]!r}"
            near = re.findall(r'"([^"]+)"', str(error)[unknown.end() :].partition("Candidate bindings")[2])
            remedy = f"write {' or '.join(near)}" if near else "write one that the results have"
        raise InputError(reason, where=f"{where} {expression!r}", remedy=remedy) from None
    finally:
        connection.close()


def known_or_null(rows: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """The same with NULL for NaN, which SQL would hold for larger than any number."""
    selected = []
    for name, kind in zip(rows.columns, rows.types, strict=True):
        quoted = '"' + name.replace('"', '""') + '"'
        number = kind.id in ("double", "float")
        selected.append(f"if(isnan({quoted}), NULL, {quoted}) AS {quoted}" if number else quoted)
    return rows.project(", ".join(selected))


def holds(table: pa.Table, expression: str, where: str) -> np.ndarray:
    """Rows for which a condition holds, (n,) bool array; what is unknown does not hold.

    Raises
    ------
    InputError
        If the expression is none over these columns.
    """
    with closed_database(expression, where) as connection:
        rows = known_or_null(connection.from_arrow(table))
        found = rows.project(f"coalesce(cast(({expression}\n) AS BOOLEAN), false) AS holds").fetchnumpy()
        return np.asarray(found["holds"], dtype=bool)
