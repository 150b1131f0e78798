"""Questions to the results of a campaign, in SQL expressions, by DuckDB over its parquet parts."""

from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds

from screening.campaign.directory import KEY, RANKING_PARQUET, ResultsDirectory
from screening.campaign.former import per_atom
from screening.campaign.outcome import LIMIT_BOUNDS, RANKED_COLUMNS
from screening.campaign.store import PARTS, Store
from screening.campaign.study import Study
from screening.errors import InputError
from screening.files import records, write_csv, write_json, write_xlsx
from screening.names import RELIEF_PER_MOL, present_name

EXAMPLE = "n_elements == 2 and score > 0.5"


def top(directory: Path, n: int = 20, where: str = "") -> pd.DataFrame:
    """The best candidates of a campaign, running or finished, for which a condition holds.

    Parameters
    ----------
    directory : Path
        Of the campaign.
    n : int
    where : str
        One SQL expression over the columns of the parts and of the ranking, as
        ``driving_force_ev_per_ion < -1 and n_elements == 2``; empty: all. Lists, as ``plateau_v``, can be
        asked about (``len(plateau_v) > 2``) but are not returned.

    Returns
    -------
    DataFrame
        By rank; before the ranking is made, by driving force. Unranked candidates and failures come last.

    Raises
    ------
    InputError
        If there is no campaign in the directory, a part is damaged, or the expression is none.
    """
    Store.look(directory)
    connection = _closed_connection()
    try:
        rows = connection.from_arrow(_rows(directory))
        rows = in_present_units(rows)
        ranking = _ranking(directory)
        if ranking is not None:
            ranked_only = [name for name in ranking.column_names if name not in KEY]
            joined = f"rows.*, {', '.join(f'ranking.{name}' for name in ranked_only)}"
            same = " AND ".join(f"rows.{key} IS NOT DISTINCT FROM ranking.{key}" for key in KEY)
            ranked = connection.from_arrow(ranking).set_alias("ranking")
            rows = rows.set_alias("rows").join(ranked, same, how="left").project(joined)
        if where.strip():
            rows = rows.filter(where)
        drive = "driving_force_ev_per_ion"
        best = f"{drive} NULLS LAST, " if drive in rows.columns else ""
        order = "rank NULLS LAST" if ranking is not None else "passes DESC NULLS LAST"
        scalars = [
            f'"{name}"' for name, kind in zip(rows.columns, rows.types, strict=True) if kind.id != "list"
        ]
        chosen = rows.order(f"{order}, {best}formula").limit(n)
        return chosen.project(", ".join(scalars)).df()
    except duckdb.Error as error:
        reason = " ".join(
            line for line in str(error).split("\n")[:3] if "^" not in line and "LINE" not in line
        )
        raise InputError(
            reason, where=f"--where {where!r}", remedy=f'write one condition, as "{EXAMPLE}"'
        ) from None
    finally:
        connection.close()


def study_of(directory: Path) -> Study | None:
    """The study of a finished campaign, None before its ranking is made."""
    there = (directory / RANKING_PARQUET).exists()
    return ResultsDirectory(directory).study if there else None


def in_present_units(rows: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """Rows of former results by the names and units of today."""
    former = RELIEF_PER_MOL & set(rows.columns)
    of = next((name for name in rows.columns if present_name(name) == "electrolyte"), "")
    met = rows.project(of).distinct().fetchall() if former else ()
    return rows.project(per_atom(rows.columns, [text for (text,) in met]))


def _closed_connection() -> duckdb.DuckDBPyConnection:
    """A database in memory that reaches no file, network or extension, whatever an expression says."""
    return duckdb.connect(
        ":memory:",
        config={
            "enable_external_access": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "lock_configuration": "true",
        },
    )


def _rows(directory: Path) -> ds.Dataset:
    """The parts as one data set, read column by column as the question needs."""
    paths = sorted((directory / PARTS).glob("[!.]*.parquet"))
    if not paths:
        raise InputError("holds no results", where=str(directory), remedy="run the study first")
    try:
        return ds.dataset([str(path) for path in paths], format="parquet")
    except (OSError, pa.ArrowInvalid) as error:
        reason = str(error).split("\n")[0][:120]
        raise InputError(
            f"damaged part ({reason})", where=str(directory / PARTS), remedy="run it again"
        ) from None


def _ranking(directory: Path) -> pa.Table | None:
    """Ranks, scores and bounds, where they belong to these parts; None before the ranking is made."""
    if not (directory / RANKING_PARQUET).exists():
        return None
    table = ResultsDirectory(directory).table
    bounds = [name for name in table.columns if name in LIMIT_BOUNDS or name.endswith("_95")]
    return pa.Table.from_pandas(table[[*KEY, *RANKED_COLUMNS, *bounds]])


def write_top(path: Path, chosen: pd.DataFrame, directory: Path, form: str) -> None:
    """Write chosen candidates as csv, xlsx or json, with the stamp of their campaign.

    Parameters
    ----------
    path : Path
    chosen : DataFrame
        From `top`.
    directory : Path
        Of the campaign.
    form : {"csv", "xlsx", "json"}
    """
    stamp = Store.look(directory).identity.stamp()
    if form == "json":
        write_json(path, {"provenance": stamp.as_dict(), "candidates": records(chosen)})
    elif form == "csv":
        write_csv(path, chosen, stamp)
    else:
        write_xlsx(path, chosen, "top", stamp)
